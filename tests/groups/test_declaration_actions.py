"""Yearly declarations of interests: asked, reminded, listed, submitted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction

from alliance.kernel import tenancy
from alliance.kernel.errors import InvalidInputError, PermissionRefusedError
from alliance.models import AuditEntry, InboxItem, Notification, OutboxEvent, User
from groups.actions.declaration import (
    NewInterest,
    ask_declarations,
    declare_interest,
    follow_declarations,
    submit_declaration,
    withdraw_interest,
)
from groups.models import Interest, InterestDeclaration
from groups.selectors.declaration import count_declarations, list_declarations
from groups.signals import INTERESTS_CHANGED
from tests.factories.alliance import NOON, make_user
from tests.factories.groups import make_interest
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from alliance.models import Alliance
    from members.models import Institution

JANUARY = datetime(2027, 1, 4, 4, 0, tzinfo=UTC)
MARKER = "MARKERWORD"


@pytest.fixture
def member(act: Alliance) -> Institution:
    return make_institution(act)


@pytest.fixture
def representative(member: Institution) -> User:
    user = make_user()
    make_staff(member, user, starts_at=NOON - timedelta(days=100))
    return user


def test_every_active_member_is_asked_in_january_once(act: Alliance, member: Institution, representative: User) -> None:
    make_institution(act, state="suspended")

    assert follow_declarations(act, at=JANUARY) == 1
    assert follow_declarations(act, at=JANUARY + timedelta(days=1)) == 0

    declaration = InterestDeclaration.objects.of(act).get()
    assert (declaration.institution, declaration.year, declaration.due_on) == (member, 2027, date(2027, 1, 31))
    item = InboxItem.objects.of(act).get()
    assert (item.institution_id, item.role) == (member.pk, "representative")


def test_outside_january_only_those_who_joined_this_year_are_asked(act: Alliance) -> None:
    make_institution(act, joined_on=date(2025, 5, 5))
    make_institution(act, joined_on=None)
    joiner = make_institution(act, joined_on=date(2026, 11, 1))

    follow_declarations(act, at=NOON)

    assert [row.institution for row in InterestDeclaration.objects.of(act)] == [joiner]


def test_the_missing_are_reminded_before_and_after_the_day_and_then_listed_for_the_office(
    act: Alliance, member: Institution, representative: User
) -> None:
    follow_declarations(act, at=JANUARY)
    follow_declarations(act, at=JANUARY + timedelta(days=15))
    assert not Notification.objects.of(act).exists()

    for day in (22, 23, 28, 29, 40):
        follow_declarations(act, at=JANUARY + timedelta(days=day))

    assert Notification.objects.of(act).filter(user=representative).count() == 2
    assert InboxItem.objects.of(act).filter(kind="groups.declarations_missing", done_at__isnull=True).count() == 1
    assert [row.institution for row in list_declarations(act, 2027, only_missing=True)] == [member]
    assert count_declarations(act, 2027, date(2027, 2, 9)).late == 1


def test_a_submitted_declaration_settles_what_waited(act: Alliance, member: Institution, representative: User) -> None:
    follow_declarations(act, at=JANUARY)
    follow_declarations(act, at=JANUARY + timedelta(days=40))
    later = JANUARY + timedelta(days=41)

    declaration = submit_declaration(act, member.code, year=2027, nothing=True, actor=representative, at=later)

    assert (declaration.state, declaration.interest_count) == ("submitted", 0)
    assert not InboxItem.objects.of(act).filter(done_at__isnull=True).exists()
    assert AuditEntry.objects.of(act).filter(verb="submit_declaration").count() == 1
    assert count_declarations(act, 2027, date(2027, 2, 20)).late == 0


def test_the_confirmation_must_agree_with_what_is_declared(act: Alliance, member: Institution, representative: User) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        submit_declaration(act, member.code, year=2026, nothing=False, actor=representative, at=NOON)
    assert refusal.value.code == "nothing_declared"
    make_interest(member, "A mill")
    with pytest.raises(InvalidInputError) as refusal:
        submit_declaration(act, member.code, year=2026, nothing=True, actor=representative, at=NOON)
    assert refusal.value.code == "interests_declared"
    with pytest.raises(InvalidInputError):
        submit_declaration(act, member.code, year=2025, nothing=False, actor=representative, at=NOON)
    assert submit_declaration(act, member.code, year=2026, nothing=False, actor=representative, at=NOON).interest_count == 1


def test_only_the_representative_or_the_office_declares(act: Alliance, member: Institution, secretary: User) -> None:
    staff, outsider = make_user(), make_user()
    make_staff(member, staff, role="staff")
    make_staff(make_institution(act), outsider)
    new = NewInterest("contract", outside_party="A mill")

    for person in (staff, outsider):
        with pytest.raises(PermissionRefusedError):
            declare_interest(act, member.code, new, actor=person, at=NOON)
        with pytest.raises(PermissionRefusedError):
            submit_declaration(act, member.code, year=2026, nothing=True, actor=person, at=NOON)
    with pytest.raises(PermissionRefusedError):
        ask_declarations(act, year=2026, due_on=date(2026, 12, 1), at=NOON, actor=outsider)
    declare_interest(act, member.code, new, actor=secretary, at=NOON)


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewInterest("bribe", outside_party="x"), "kind"),
        (NewInterest("contract"), "member"),
        (NewInterest("contract", member="T-1", outside_party="x"), "member"),
        (NewInterest("contract", member="no-such"), "member"),
        (NewInterest("holding", outside_party="x"), "direction"),
        (NewInterest("holding", outside_party="x", direction="ours", share_percent=Decimal(0)), "share_percent"),
        (NewInterest("holding", outside_party="x", direction="ours", share_percent=Decimal(101)), "share_percent"),
        (NewInterest("contract", outside_party="x", starts_on=date(2026, 2, 2), ends_on=date(2026, 2, 1)), "ends_on"),
        (NewInterest("family", outside_party="x"), "words"),
    ],
)
def test_an_interest_that_says_too_little_or_nonsense_is_refused_at_its_field(
    act: Alliance, member: Institution, secretary: User, new: NewInterest, field: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        declare_interest(act, member.code, new, actor=secretary, at=NOON)

    assert field in refusal.value.fields
    assert not Interest.objects.of(act).exists()


def test_an_institution_declares_no_interest_in_itself(act: Alliance, member: Institution, secretary: User) -> None:
    with pytest.raises(InvalidInputError):
        declare_interest(act, member.code, NewInterest("contract", member=member.code), actor=secretary, at=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_interest(member, member)


def test_particulars_stand_in_the_log_only_as_commitments(act: Alliance, member: Institution, representative: User) -> None:
    interest = declare_interest(
        act,
        member.code,
        NewInterest("family", outside_party=f"{MARKER} Mill", person=f"{MARKER} Chen", words=f"{MARKER} sister"),
        actor=representative,
        at=NOON,
    )
    withdraw_interest(act, member.code, interest.pk, actor=representative, at=NOON)

    for entry in AuditEntry.objects.of(act):
        assert MARKER not in entry.record
    for event in OutboxEvent.objects.of(act).filter(kind=INTERESTS_CHANGED):
        assert event.payload == {"institution": member.code}
    with pytest.raises(InvalidInputError):
        withdraw_interest(act, member.code, interest.pk, actor=representative, at=NOON)


def test_interests_of_another_institution_or_alliance_do_not_exist(
    act: Alliance, member: Institution, secretary: User, other_alliance: Alliance
) -> None:
    with tenancy.acting_in(other_alliance):
        theirs = make_interest(make_institution(other_alliance), "A mill")
    of_another = make_interest(make_institution(act), "A mill")

    for interest in (theirs, of_another):
        with pytest.raises(Interest.DoesNotExist):
            withdraw_interest(act, member.code, interest.pk, actor=secretary, at=NOON)


def test_asking_by_hand_reaches_those_not_asked_and_wants_a_day_to_come(
    act: Alliance, member: Institution, secretary: User, django_assert_max_num_queries: Any
) -> None:
    with pytest.raises(InvalidInputError):
        ask_declarations(act, year=2026, due_on=date(2026, 1, 1), at=NOON, actor=secretary)
    assert ask_declarations(act, year=2026, due_on=date(2026, 12, 1), at=NOON, actor=secretary) == 1
    with django_assert_max_num_queries(10):
        assert ask_declarations(act, year=2026, due_on=date(2026, 12, 1), at=NOON, actor=secretary) == 0
