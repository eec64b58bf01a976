"""Resources that members open to others, and bookings that never overlap."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.kernel import tenancy
from alliance.kernel.errors import InvalidInputError, PermissionRefusedError, TransitionRefusedError
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, User
from members.actions.resource import (
    ResourceValues,
    add_resource,
    book_resource,
    cancel_booking,
    change_resource,
    confirm_booking,
    decline_booking,
)
from members.choices import (
    BLOCKING_BOOKINGS,
    BookingState,
    InstitutionState,
    ResourceAudience,
    ResourceKind,
    ResourceState,
)
from members.models import Institution, Resource, ResourceBooking
from members.selectors.resource import booking_duties, visible_resources
from tests.factories.alliance import make_user
from tests.factories.members import make_institution, make_staff

NOW = timezone.now()
DAY = timedelta(days=1)


@pytest.fixture
def owner(alliance: Alliance) -> User:
    with tenancy.acting_in(alliance):
        return make_staff(make_institution(alliance, code="OWNER")).user


@pytest.fixture
def guest(alliance: Alliance) -> User:
    with tenancy.acting_in(alliance):
        return make_staff(make_institution(alliance, code="GUEST")).user


def values(**fields: Any) -> ResourceValues:
    return ResourceValues(**{"kind": ResourceKind.LABORATORY, "name_en": "Dyeing laboratory", **fields})


def add(alliance: Alliance, owner: User, **fields: Any) -> Resource:
    return add_resource(alliance, "OWNER", values(**fields), actor=owner, at=NOW)


def book(alliance: Alliance, guest: User, *, start: float = 1, end: float = 2, **fields: Any) -> ResourceBooking:
    given: dict[str, Any] = {"purpose": "pilot samples", "actor": guest, "at": NOW, **fields}
    return book_resource(
        alliance, "RS-001", given.pop("who", "GUEST"), starts_at=NOW + start * DAY, ends_at=NOW + end * DAY, **given
    )


def test_a_booking_waits_for_the_owner_and_is_confirmed(alliance: Alliance, owner: User, guest: User) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, owner)

        booking = book(alliance, guest)

        assert booking.state == BookingState.REQUESTED
        assert InboxItem.objects.of(alliance).filter(key=f"booking:{booking.uuid}", done_at__isnull=True).exists()
        confirm_booking(alliance, booking.uuid, actor=owner, at=NOW)
        booking.refresh_from_db()
        assert booking.state == BookingState.CONFIRMED
        assert not InboxItem.objects.of(alliance).filter(key=f"booking:{booking.uuid}", done_at__isnull=True).exists()
        assert Notification.objects.of(alliance).filter(user=guest, kind="booking_confirmed").count() == 1
        verbs = AuditEntry.objects.of(alliance).filter(object_type="members.resource").values_list("verb", flat=True)
        assert set(verbs) == {"add_resource", "book_resource", "confirm_booking"}


def test_no_approval_or_the_own_resource_confirms_at_once(alliance: Alliance, owner: User, guest: User) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, owner)
        assert book(alliance, owner, who="OWNER", start=5, end=6).state == BookingState.CONFIRMED
        change_resource(alliance, "RS-001", values(needs_approval=False), state=ResourceState.OPEN, actor=owner, at=NOW)

        assert book(alliance, guest).state == BookingState.CONFIRMED


@pytest.mark.parametrize(("start", "end"), [(1, 2), (1.5, 1.6), (0.5, 1.01), (1.99, 3), (0.5, 4)])
def test_a_time_that_is_taken_is_refused_and_named(
    alliance: Alliance, owner: User, guest: User, start: float, end: float
) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, owner)
        book(alliance, guest)

        with pytest.raises(InvalidInputError) as refusal:
            book(alliance, guest, start=start, end=end)

        assert refusal.value.code == "time_taken"
        assert ResourceBooking.objects.of(alliance).count() == 1


def test_times_that_touch_stand_beside_each_other(alliance: Alliance, owner: User, guest: User) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, owner)
        book(alliance, guest, start=1, end=2)

        book(alliance, guest, start=2, end=3)

        assert ResourceBooking.objects.of(alliance).count() == 2


def test_a_cancelled_or_declined_time_is_free_again(alliance: Alliance, owner: User, guest: User) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, owner)
        cancel_booking(alliance, book(alliance, guest).uuid, actor=guest, at=NOW)
        decline_booking(alliance, book(alliance, guest).uuid, actor=owner, at=NOW, answer="under repair")

        assert book(alliance, guest).state == BookingState.REQUESTED


def test_the_database_itself_refuses_an_overlap(alliance: Alliance, owner: User, guest: User) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, owner)
        booking = book(alliance, guest)
        booking.pk, booking.uuid = None, None  # type: ignore[assignment]
        twin = ResourceBooking(
            **{
                field.attname: getattr(booking, field.attname)
                for field in ResourceBooking._meta.local_fields
                if field.attname not in {"id", "uuid"}
            }
        )

        with pytest.raises(IntegrityError), transaction.atomic():
            twin.save(force_insert=True)


@pytest.mark.parametrize(
    ("fields", "at_field"),
    [
        ({"start": -1}, "starts_at"),
        ({"start": 400, "end": 401}, "starts_at"),
        ({"end": 0.5}, "ends_at"),
        ({"end": 40}, "ends_at"),
        ({"purpose": "  "}, "purpose"),
    ],
)
def test_a_faulty_booking_is_refused_at_its_field(
    alliance: Alliance, owner: User, guest: User, fields: dict[str, Any], at_field: str
) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, owner)

        with pytest.raises(InvalidInputError) as refusal:
            book(alliance, guest, **fields)

        assert at_field in refusal.value.fields
        assert not ResourceBooking.objects.of(alliance).exists()


def test_only_open_bookable_resources_of_active_members_are_booked(alliance: Alliance, owner: User, guest: User) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, owner)
        for changed, state in ((values(is_bookable=False), ResourceState.OPEN), (values(), ResourceState.PAUSED)):
            change_resource(alliance, "RS-001", changed, state=state, actor=owner, at=NOW)
            with pytest.raises(InvalidInputError) as refusal:
                book(alliance, guest)
            assert refusal.value.code == "resource_closed"
        change_resource(alliance, "RS-001", values(), state=ResourceState.OPEN, actor=owner, at=NOW)
        Institution.objects.of(alliance).filter(code="OWNER").update(state=InstitutionState.SUSPENDED)
        with pytest.raises(InvalidInputError) as refusal:
            book(alliance, guest)
        assert refusal.value.code == "institution_not_active"


def test_who_sees_and_books_a_resource_follows_its_audience(alliance: Alliance, owner: User, guest: User) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, owner)
        third = make_staff(make_institution(alliance, code="THIRD")).user

        def seen() -> list[bool]:
            return [visible_resources(alliance, who).exists() for who in (owner, guest, third, make_user())]

        for audience, named, expected in (
            (ResourceAudience.OWN, (), [True, False, False, False]),
            (ResourceAudience.NAMED, ("GUEST",), [True, True, False, False]),
            (ResourceAudience.MEMBERS, (), [True, True, True, False]),
        ):
            change_resource(
                alliance, "RS-001", values(audience=audience, named=named), state=ResourceState.OPEN, actor=owner, at=NOW
            )
            assert seen() == expected
            if not expected[1]:
                with pytest.raises(Resource.DoesNotExist):
                    book(alliance, guest)


def test_the_owner_answers_and_the_guest_cancels_not_the_other_way_round(
    alliance: Alliance, owner: User, guest: User
) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, owner)
        uuid = book(alliance, guest).uuid

        with pytest.raises(PermissionRefusedError):
            confirm_booking(alliance, uuid, actor=guest, at=NOW)
        with pytest.raises(PermissionRefusedError):
            cancel_booking(alliance, uuid, actor=owner, at=NOW)
        with pytest.raises(InvalidInputError):
            decline_booking(alliance, uuid, actor=owner, at=NOW, answer=" ")
        with pytest.raises(InvalidInputError):
            confirm_booking(alliance, uuid, actor=owner, at=NOW + 2 * DAY)
        cancel_booking(alliance, uuid, actor=guest, at=NOW)
        with pytest.raises(TransitionRefusedError):
            confirm_booking(alliance, uuid, actor=owner, at=NOW)


def test_strangers_neither_offer_nor_book_for_others(alliance: Alliance, owner: User, guest: User) -> None:
    with tenancy.acting_in(alliance):
        with pytest.raises(PermissionRefusedError):
            add(alliance, guest)
        add(alliance, owner)
        with pytest.raises(PermissionRefusedError):
            book(alliance, guest, who="OWNER")


def test_a_resource_of_another_alliance_does_not_exist_here(
    alliance: Alliance, other_alliance: Alliance, owner: User
) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, owner)

    with tenancy.acting_in(other_alliance), pytest.raises(Resource.DoesNotExist):
        change_resource(other_alliance, "RS-001", values(), state=ResourceState.OPEN, actor=owner, at=NOW)


@pytest.mark.parametrize(
    ("fields", "at_field"),
    [
        ({"name_en": ""}, "name_en"),
        ({"kind": "castle"}, "kind"),
        ({"audience": "friends"}, "audience"),
        ({"audience": ResourceAudience.NAMED}, "named"),
        ({"audience": ResourceAudience.NAMED, "named": ["NOBODY"]}, "named"),
        ({"audience": ResourceAudience.NAMED, "named": ["OWNER"]}, "named"),
    ],
)
def test_a_faulty_resource_is_refused_at_its_field(
    alliance: Alliance, owner: User, fields: dict[str, Any], at_field: str
) -> None:
    with tenancy.acting_in(alliance):
        with pytest.raises(InvalidInputError) as refusal:
            add(alliance, owner, **fields)

        assert at_field in refusal.value.fields
        assert not Resource.objects.of(alliance).exists()


def test_bookings_to_come_stand_in_the_way_of_an_exit(alliance: Alliance, owner: User, guest: User) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, owner)
        book(alliance, guest)
        for code in ("OWNER", "GUEST"):
            institution = Institution.objects.of(alliance).get(code=code)
            assert len(booking_duties(alliance, institution, NOW)) == 1
            assert not booking_duties(alliance, institution, NOW + 3 * DAY)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 12)), min_size=2, max_size=8))
def test_whatever_is_asked_for_no_two_standing_bookings_overlap(
    alliance: Alliance, owner: User, guest: User, wishes: list[tuple[int, int]]
) -> None:
    with tenancy.acting_in(alliance):
        ResourceBooking.objects.of(alliance).delete()
        if not Resource.objects.of(alliance).exists():
            add(alliance, owner)
        for start, length in wishes:
            with suppress(InvalidInputError):
                book(alliance, guest, start=start / 4, end=(start + length) / 4)
        rows = list(
            ResourceBooking.objects.of(alliance)
            .filter(state__in=BLOCKING_BOOKINGS)
            .order_by("starts_at")
            .values_list("starts_at", "ends_at")
        )
        assert rows
        assert all(ends <= starts for (_s, ends), (starts, _e) in pairwise(rows))
