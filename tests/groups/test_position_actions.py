"""Terms, positions, alternates, invitations, exceptions by motion, composition, reminders; rights to the minute."""

from __future__ import annotations

import contextlib
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from alliance.kernel import tenancy
from alliance.kernel.errors import InvalidInputError, NotFoundError, PermissionRefusedError, TransitionRefusedError
from alliance.kernel.permissions import Grant, grants_of
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent, User
from groups.actions.further_term import put_further_term
from groups.actions.group import change_composition, change_role, hand_over_seat, leave_group
from groups.actions.group_exception import put_exception
from groups.actions.handover import list_position_duties, list_seat_duties
from groups.actions.motion import apply_effect
from groups.actions.position import (
    end_alternate,
    end_position,
    fill_position,
    hand_over_position,
    name_alternate,
    set_term,
)
from groups.actions.reminders import send_reminders
from groups.actions.seat_invitation import answer_seat_invitation, invite_to_group, withdraw_seat_invitation
from groups.choices import GroupKind, InvitationState, MotionState, SeatRole
from groups.models import GroupMembership, Motion, Position, SeatAlternate, VirtualGroup
from groups.permissions import group_grants
from groups.selectors.calendar_file import LINE, calendar_text, fold
from groups.selectors.coverage import get_coverage
from groups.selectors.group import composition_of
from groups.selectors.suggestion import list_weaknesses, suggest_suppliers
from groups.signals import POSITION_FILLED, SEAT_INVITED
from members.choices import Element, InstitutionKind, InstitutionState
from tests.factories.alliance import NOON, make_user
from tests.factories.groups import make_group, make_seat
from tests.factories.meetings import make_body
from tests.factories.members import make_institution, make_staff, make_supply

COMMITTEE = GroupKind.COMMITTEE
DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
"""The start of 1 December in Shanghai."""


# ------------------------------------------------------------------------------------------------------ terms, positions


def test_terms_follow_each_other_and_overlap_is_refused(act: Alliance, secretary: User) -> None:
    make_group(act, COMMITTEE)
    common: dict[str, Any] = {"actor": secretary, "at": NOON}

    set_term(act, COMMITTEE, number=1, starts_at=NOON, ends_at=NOON + 730 * DAY, **common)
    set_term(act, COMMITTEE, number=2, starts_at=NOON + 730 * DAY, ends_at=NOON + 1460 * DAY, **common)

    for number, start, end, code in (
        (3, NOON + 10 * DAY, NOON + 20 * DAY, "term_overlaps"),
        (2, NOON + 2000 * DAY, NOON + 2001 * DAY, "term_exists"),
        (4, NOON, NOON, "period_backwards"),
    ):
        with pytest.raises(InvalidInputError, match=code):
            set_term(act, COMMITTEE, number=number, starts_at=start, ends_at=end, **common)
    assert "set_term" in AuditEntry.objects.of(act).values_list("verb", flat=True)


def test_one_chair_at_a_time_but_several_vice_chairs(act: Alliance) -> None:
    body = make_body(act, 3)
    common: dict[str, Any] = {"actor": body.secretary, "at": NOON, "starts_at": NOON}
    first, second, third = (institution.code for institution in body.institutions)

    fill_position(act, COMMITTEE, "chair", first, holder=body.people[0], **common)
    fill_position(act, COMMITTEE, "vice_chair", first, **common)
    fill_position(act, COMMITTEE, "vice_chair", second, **common)

    with pytest.raises(InvalidInputError, match="position_held"):
        fill_position(act, COMMITTEE, "chair", third, **common)
    row = Position.objects.of(act).get(kind="chair")
    with pytest.raises(IntegrityError, match="position_held_by_one"), transaction.atomic():
        Position.objects.create(
            alliance=act, group=row.group, kind="chair", institution=body.institutions[1], starts_at=NOON + DAY
        )
    end_position(act, row.pk, actor=body.secretary, at=NOON + DAY)
    fill_position(act, COMMITTEE, "chair", third, actor=body.secretary, at=NOON, starts_at=NOON + DAY)
    assert OutboxEvent.objects.of(act).filter(kind=POSITION_FILLED).count() == 4


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"position": "emperor"}, "position_unknown"),
        ({"term_number": 9}, "term_unknown"),
        ({"starts_at": NOON - 300 * DAY}, "no_seat"),
        ({"ends_at": NOON - DAY}, "period_backwards"),
    ],
)
def test_positions_that_make_no_sense_are_refused(act: Alliance, values: dict[str, Any], code: str) -> None:
    body = make_body(act, 1)
    options: dict[str, Any] = {"position": "chair", "starts_at": NOON, "actor": body.secretary, "at": NOON, **values}

    with pytest.raises(InvalidInputError, match=code):
        fill_position(act, COMMITTEE, options.pop("position"), body.institutions[0].code, **options)


def test_a_position_stays_inside_its_term_and_its_seat_and_needs_a_person_of_the_institution(act: Alliance) -> None:
    body = make_body(act, 2)
    own = body.institutions[0]
    common: dict[str, Any] = {"actor": body.secretary, "at": NOON}
    set_term(act, COMMITTEE, number=1, starts_at=NOON, ends_at=NOON + 100 * DAY, **common)

    with pytest.raises(InvalidInputError, match="outside_term"):
        fill_position(act, COMMITTEE, "chair", own.code, term_number=1, starts_at=NOON, ends_at=NOON + 101 * DAY, **common)
    with pytest.raises(InvalidInputError, match="not_its_person"):
        fill_position(act, COMMITTEE, "chair", own.code, holder=body.people[1], starts_at=NOON, **common)
    row = fill_position(act, COMMITTEE, "chair", own.code, term_number=1, starts_at=NOON, **common)
    assert row.ends_at == NOON + 100 * DAY
    leave_group(act, COMMITTEE, own.code, actor=body.secretary, at=NOON + DAY)
    row.refresh_from_db()
    assert row.ends_at == NOON + DAY
    for person in (body.people[0],):
        with pytest.raises(PermissionRefusedError):
            set_term(act, COMMITTEE, number=5, starts_at=NOON + 900 * DAY, ends_at=NOON + 901 * DAY, actor=person, at=NOON)


# ------------------------------------------------------------------------------------------------- rights follow the dates


@pytest.fixture
def terms(act: Alliance, secretary: User) -> datetime:
    """Four terms of the committee of two years each; when the first begins."""
    make_group(act, COMMITTEE)
    begin = NOON - 1460 * DAY
    for number in range(1, 5):
        start = begin + (number - 1) * 730 * DAY
        set_term(act, COMMITTEE, number=number, starts_at=start, ends_at=start + 730 * DAY, actor=secretary, at=NOON)
    return begin


def hold(act: Alliance, secretary: User, institution: Any, number: int, begin: datetime, **more: Any) -> Position:
    return fill_position(
        act,
        COMMITTEE,
        more.pop("position", "chair"),
        institution.code,
        term_number=number,
        starts_at=begin + (number - 1) * 730 * DAY,
        actor=secretary,
        at=NOON,
        **more,
    )


def test_a_third_term_in_a_row_is_refused_and_a_pause_begins_anew(act: Alliance, secretary: User, terms: datetime) -> None:
    institution, other = make_institution(act), make_institution(act)
    for each in (institution, other):
        make_seat(each, COMMITTEE, starts_at=terms)
    hold(act, secretary, institution, 1, terms)
    hold(act, secretary, institution, 2, terms)

    with pytest.raises(InvalidInputError) as refusal:
        hold(act, secretary, institution, 3, terms)

    assert refusal.value.code == "further_term"
    assert "committee" in str(refusal.value.remedy)
    hold(act, secretary, institution, 3, terms, position="treasurer")  # another position
    hold(act, secretary, other, 3, terms)
    hold(act, secretary, institution, 4, terms)


def test_a_period_that_names_no_term_counts_all_the_same(act: Alliance, secretary: User, terms: datetime) -> None:
    institution = make_institution(act)
    make_seat(institution, COMMITTEE, starts_at=terms)
    hold(act, secretary, institution, 1, terms)

    with pytest.raises(InvalidInputError, match="further_term"):
        fill_position(act, COMMITTEE, "chair", institution.code, starts_at=terms + 800 * DAY, actor=secretary, at=NOON)
    fill_position(
        act,
        COMMITTEE,
        "chair",
        institution.code,
        starts_at=terms + 800 * DAY,
        ends_at=terms + 1400 * DAY,
        actor=secretary,
        at=NOON,
    )


def test_the_committee_allows_a_further_term_by_a_motion_that_counts_once(
    act: Alliance, secretary: User, terms: datetime
) -> None:
    institution = make_institution(act)
    make_seat(institution, COMMITTEE, starts_at=terms)
    for number in (1, 2):
        hold(act, secretary, institution, number, terms)
    asked: dict[str, Any] = {"actor": secretary, "at": NOON}
    with pytest.raises(InvalidInputError, match="reason_missing"):
        put_further_term(act, COMMITTEE, "chair", institution.code, reason=" ", **asked)
    motion = put_further_term(act, COMMITTEE, "chair", institution.code, reason="Nobody else is ready.", **asked)
    with pytest.raises(InvalidInputError, match="further_term_asked"):
        put_further_term(act, COMMITTEE, "chair", institution.code, reason="Again.", **asked)
    with pytest.raises(InvalidInputError, match="further_term"):
        hold(act, secretary, institution, 3, terms, exception_motion=motion.code)  # not decided yet
    Motion.objects.filter(pk=motion.pk).update(
        state=MotionState.PASSED, opened_at=NOON, closes_at=NOON + DAY, closed_at=NOON + DAY, result_digest="0" * 64
    )
    assert apply_effect(act, motion.code, at=NOON)

    row = hold(act, secretary, institution, 3, terms, exception_motion=motion.code)

    assert row.exception_motion == motion
    assert f'"resolution": "{motion.code}"' in json.dumps(
        json.loads(AuditEntry.objects.of(act).filter(verb="fill_position").latest("id").record)
    )
    with pytest.raises(InvalidInputError, match="further_term"):
        hold(act, secretary, institution, 4, terms, exception_motion=motion.code)


@pytest.mark.parametrize("holds", list(itertools.product([False, True], repeat=4)))
def test_no_order_of_filling_leaves_three_terms_in_a_row(
    act: Alliance, secretary: User, terms: datetime, holds: tuple[bool, ...]
) -> None:
    institution = make_institution(act)
    make_seat(institution, COMMITTEE, starts_at=terms)
    for number in (4, 1, 3, 2):
        if holds[number - 1]:
            with contextlib.suppress(InvalidInputError):
                hold(act, secretary, institution, number, terms)

    held = {row.term.number for row in Position.objects.of(act).select_related("term") if row.term}
    assert not any({first, first + 1, first + 2} <= held for first in (1, 2))


def seat_grants(user: User, alliance: Alliance, moment: datetime) -> set[Grant]:
    return {grant for grant in grants_of(user, alliance, moment) if grant.scope == "group"}


@pytest.mark.parametrize(
    ("moment", "held"),
    [
        (MIDNIGHT - timedelta(seconds=1), False),
        (MIDNIGHT, True),
        (MIDNIGHT + 31 * DAY - timedelta(seconds=1), True),
        (MIDNIGHT + 31 * DAY, False),
    ],
)
def test_rights_of_a_seat_begin_and_end_with_the_second(act: Alliance, moment: datetime, held: bool) -> None:
    """A seat from 1 to 31 December: 23:59:59 of the day before no, 00:00:00 yes; 23:59:59 of the last day yes, 00:00:00 no."""
    institution = make_institution(act)
    person = make_user()
    make_staff(institution, person, starts_at=NOON - 900 * DAY)
    make_seat(institution, COMMITTEE, starts_at=MIDNIGHT, ends_at=MIDNIGHT + 31 * DAY)

    assert bool(seat_grants(person, act, moment)) is held


@pytest.mark.parametrize(
    ("moment", "as_representative"),
    [
        (MIDNIGHT - timedelta(seconds=1), False),
        (MIDNIGHT, True),
        (MIDNIGHT + 7 * DAY - timedelta(seconds=1), True),
        (MIDNIGHT + 7 * DAY, False),
    ],
)
def test_an_alternate_has_the_rights_of_the_seat_from_the_first_to_the_last_second(
    act: Alliance, moment: datetime, as_representative: bool
) -> None:
    body = make_body(act, 1)
    own, clerk = body.institutions[0], make_user()
    make_staff(own, clerk, role="staff", starts_at=NOON - 900 * DAY)
    name_alternate(
        act,
        COMMITTEE,
        own.code,
        clerk,
        starts_at=MIDNIGHT,
        ends_at=MIDNIGHT + 7 * DAY,
        actor=body.people[0],
        at=NOON,
    )

    roles = {grant.person_role for grant in seat_grants(clerk, act, moment)}

    assert roles == ({"staff", "representative"} if as_representative else {"staff"})


def test_grants_of_seats_and_alternates_take_one_query(act: Alliance, django_assert_num_queries: Any) -> None:
    body = make_body(act, 1)
    own = body.institutions[0]
    make_seat(own, GroupKind.POLICY, starts_at=NOON - DAY)
    name_alternate(act, COMMITTEE, own.code, body.people[0], starts_at=NOON, actor=body.secretary, at=NOON)

    with django_assert_num_queries(1):
        list(group_grants(body.people[0], act, NOON))


def test_the_right_of_an_alternate_ends_with_the_role_in_the_institution_and_with_the_seat(act: Alliance) -> None:
    body = make_body(act, 1)
    own, clerk = body.institutions[0], make_user()
    staff = make_staff(own, clerk, role="staff", starts_at=NOON - DAY)
    row = name_alternate(act, COMMITTEE, own.code, clerk, starts_at=NOON, actor=body.people[0], at=NOON)

    leave_group(act, COMMITTEE, own.code, actor=body.secretary, at=NOON + DAY)

    row.refresh_from_db()
    assert row.ends_at == NOON + DAY
    staff.ends_at = NOON + timedelta(hours=1)
    staff.save()
    assert seat_grants(clerk, act, NOON + timedelta(hours=2)) == set()


def test_alternates_are_named_by_the_representative_for_people_of_the_institution_only(act: Alliance) -> None:
    body = make_body(act, 2)
    own, clerk = body.institutions[0], make_user()
    make_staff(own, clerk, role="staff", starts_at=NOON - DAY)
    common: dict[str, Any] = {"starts_at": NOON, "at": NOON}

    for person in (clerk, body.people[1]):
        with pytest.raises(PermissionRefusedError):
            name_alternate(act, COMMITTEE, own.code, clerk, actor=person, **common)
    with pytest.raises(InvalidInputError, match="not_its_person"):
        name_alternate(act, COMMITTEE, own.code, body.people[1], actor=body.people[0], **common)
    with pytest.raises(InvalidInputError, match="no_seat"):
        name_alternate(act, GroupKind.POLICY, own.code, clerk, actor=body.people[0], **common)
    row = name_alternate(act, COMMITTEE, own.code, clerk, actor=body.people[0], **common)
    with pytest.raises(InvalidInputError, match="alternate_named"):
        name_alternate(act, COMMITTEE, own.code, clerk, actor=body.people[0], **common)
    assert Notification.objects.of(act).filter(user=clerk).count() == 1
    end_alternate(act, row.pk, actor=body.people[0], at=NOON + DAY)
    with pytest.raises(InvalidInputError, match="alternate_ended"):
        end_alternate(act, row.pk, actor=body.people[0], at=NOON + 2 * DAY)


def test_alternates_go_over_to_the_next_period_of_the_seat(act: Alliance) -> None:
    body = make_body(act, 1)
    own = body.institutions[0]
    name_alternate(act, COMMITTEE, own.code, body.people[0], starts_at=NOON, actor=body.secretary, at=NOON)

    change_role(act, COMMITTEE, own.code, role=SeatRole.CONVENOR, actor=body.secretary, at=NOON + DAY)

    rows = list(SeatAlternate.objects.of(act).order_by("starts_at").values_list("membership__role", "starts_at", "ends_at"))
    assert rows == [("member", NOON, NOON + DAY), ("convenor", NOON + DAY, None)]


# ------------------------------------------------------------------------------------------------ invitations, exceptions


def test_a_seat_offered_is_taken_or_declined_once_by_the_representative(act: Alliance, secretary: User) -> None:
    make_group(act)
    institution = make_institution(act)
    person = make_staff(institution).user
    offer = invite_to_group(act, GroupKind.POLICY, institution.code, element=Element.POLICY, actor=secretary, at=NOON)
    assert InboxItem.objects.of(act).get(key=f"seat-offer:{offer.uuid}").role == "representative"
    assert OutboxEvent.objects.of(act).filter(kind=SEAT_INVITED).exists()
    with pytest.raises(InvalidInputError, match="seat_invited"):
        invite_to_group(act, GroupKind.POLICY, institution.code, actor=secretary, at=NOON)
    with pytest.raises(PermissionRefusedError):
        answer_seat_invitation(act, offer.uuid, accepted=True, actor=secretary, at=NOON)
    with pytest.raises(InvalidInputError, match="reason_missing"):
        answer_seat_invitation(act, offer.uuid, accepted=False, actor=person, at=NOON)

    answer_seat_invitation(act, offer.uuid, accepted=True, actor=person, at=NOON)

    assert GroupMembership.objects.of(act).get().institution == institution
    assert Notification.objects.of(act).filter(user=secretary).exists()
    with pytest.raises(TransitionRefusedError):
        answer_seat_invitation(act, offer.uuid, accepted=False, reason="x", actor=person, at=NOON)
    with pytest.raises(TransitionRefusedError):
        withdraw_seat_invitation(act, offer.uuid, actor=secretary, at=NOON)


def test_nobody_is_invited_who_may_not_sit_there(act: Alliance, secretary: User, other_alliance: Alliance) -> None:
    make_group(act)
    mill = make_institution(act, kind=InstitutionKind.LEADING_ENTERPRISE)
    gone = make_institution(act, state=InstitutionState.SUSPENDED)
    fine = make_institution(act)

    with pytest.raises(InvalidInputError, match="kind_not_eligible"):
        invite_to_group(act, GroupKind.POLICY, mill.code, actor=secretary, at=NOON)
    with pytest.raises(InvalidInputError, match="institution_not_active"):
        invite_to_group(act, GroupKind.POLICY, gone.code, actor=secretary, at=NOON)
    offer = invite_to_group(act, GroupKind.POLICY, fine.code, actor=secretary, at=NOON)
    withdraw_seat_invitation(act, offer.uuid, actor=secretary, at=NOON)
    offer.refresh_from_db()
    assert offer.state == InvitationState.WITHDRAWN
    with tenancy.acting_in(other_alliance), pytest.raises(NotFoundError):
        withdraw_seat_invitation(other_alliance, offer.uuid, actor=secretary, at=NOON)


def exception(act: Alliance, secretary: User, state: str) -> tuple[Motion, Any]:
    make_group(act)
    make_group(act, COMMITTEE)
    mill = make_institution(act, kind=InstitutionKind.LEADING_ENTERPRISE)
    motion = put_exception(
        act, GroupKind.POLICY, mill.code, role="member", ends_on=None, reason="It knows.", actor=secretary, at=NOON
    )
    Motion.objects.filter(pk=motion.pk).update(
        state=state, opened_at=NOON, closes_at=NOON, closed_at=NOON, result_digest="x"
    )
    return motion, mill


def test_a_passed_exception_gives_the_seat_exactly_once_and_names_the_motion(act: Alliance, secretary: User) -> None:
    motion, mill = exception(act, secretary, MotionState.PASSED)

    assert apply_effect(act, motion.code, at=NOON)
    assert not apply_effect(act, motion.code, at=NOON)

    seat = GroupMembership.objects.of(act).get(institution=mill)
    assert (seat.exception_motion, seat.group.kind) == (motion, GroupKind.POLICY)


def test_a_rejected_exception_gives_nothing_and_a_passed_one_that_fails_is_told(act: Alliance, secretary: User) -> None:
    rejected, mill = exception(act, secretary, MotionState.REJECTED)
    apply_effect(act, rejected.code, at=NOON)
    assert not GroupMembership.objects.of(act).exists()

    passed, other = exception(act, secretary, MotionState.PASSED)
    other.state = InstitutionState.SUSPENDED
    other.save()
    apply_effect(act, passed.code, at=NOON)

    assert not GroupMembership.objects.of(act).filter(institution__in=[mill, other]).exists()
    assert InboxItem.objects.of(act).filter(key=f"group-exception:{passed.code}").exists()


def test_an_exception_is_put_only_where_one_is_needed(act: Alliance, secretary: User) -> None:
    make_group(act)
    make_group(act, COMMITTEE)
    fine = make_institution(act)
    mill = make_institution(act, kind=InstitutionKind.LEADING_ENTERPRISE)
    common: dict[str, Any] = {"role": "member", "ends_on": None, "actor": secretary, "at": NOON}

    with pytest.raises(InvalidInputError, match="exception_not_needed"):
        put_exception(act, GroupKind.POLICY, fine.code, reason="x", **common)
    with pytest.raises(InvalidInputError, match="reason_missing"):
        put_exception(act, GroupKind.POLICY, mill.code, reason=" ", **common)


# ------------------------------------------------------------------------------------ composition, suggestions, reminders


def test_the_committee_is_measured_against_the_charter_and_a_group_against_its_own_rule(
    act: Alliance, secretary: User, django_assert_num_queries: Any
) -> None:
    group = make_group(act, COMMITTEE)
    for _turn in range(4):
        make_seat(make_institution(act, kind=InstitutionKind.LEADING_ENTERPRISE), COMMITTEE, starts_at=NOON - DAY)

    with django_assert_num_queries(1):
        finding = composition_of(group, NOON)

    assert finding is not None
    assert (finding.missing, finding.enterprises_too_many, finding.is_kept) == (5, 1, False)
    change_composition(act, COMMITTEE, size_rule=4, enterprise_limit=4, rule_source="own rule", actor=secretary, at=NOON)
    group = VirtualGroup.objects.of(act).get(kind=COMMITTEE)
    own = composition_of(group, NOON)
    assert own is not None
    assert own.is_kept
    assert composition_of(make_group(act), NOON) is None
    with pytest.raises(InvalidInputError, match="rule_without_source"):
        change_composition(act, COMMITTEE, size_rule=4, enterprise_limit=None, rule_source="", actor=secretary, at=NOON)
    with pytest.raises(InvalidInputError, match="rule_contradicts"):
        change_composition(act, COMMITTEE, size_rule=2, enterprise_limit=3, rule_source="x", actor=secretary, at=NOON)


def test_suggestions_rank_suppliers_by_strength_then_by_few_seats_then_those_that_only_might(
    act: Alliance, django_assert_num_queries: Any
) -> None:
    make_group(act)
    day = NOON.date()
    strong, weak, busy, might = (make_institution(act) for _turn in range(4))
    make_supply(strong, Element.POLICY, strength="0.90")
    make_supply(weak, Element.POLICY, strength="0.40")
    make_supply(busy, Element.POLICY, strength="0.40")
    make_seat(busy, GroupKind.WISDOM, starts_at=NOON - DAY)
    mill = make_institution(act, kind=InstitutionKind.LEADING_ENTERPRISE)
    make_supply(mill, Element.POLICY, strength="1.00")  # its kind may not sit there

    with django_assert_num_queries(2):
        found = suggest_suppliers(act, day, [(GroupKind.POLICY, Element.POLICY)], most=10)

    assert [one.code for one in found] == [strong.code, weak.code, busy.code, might.code]
    assert "0.90" in found[0].reason
    assert "usually bring" in found[-1].reason


def test_weaknesses_take_the_same_queries_whatever_there_is(act: Alliance, django_assert_num_queries: Any) -> None:
    for kind in GroupKind.values:
        make_group(act, kind)
    coverage = get_coverage(act, NOON.date())
    with django_assert_num_queries(3):
        assert len(list_weaknesses(act, coverage)) == len(coverage.gaps) + len(coverage.without_convenor)
    for _turn in range(5):
        institution = make_institution(act)
        make_supply(institution, Element.POLICY)
        make_seat(institution, starts_at=NOON - DAY)
    coverage = get_coverage(act, NOON.date())
    with django_assert_num_queries(3):
        list_weaknesses(act, coverage)


def test_what_ends_is_told_once_and_the_item_leaves_when_the_end_is_moved(act: Alliance, secretary: User) -> None:
    institution = make_institution(act)
    person = make_staff(institution, starts_at=NOON - 100 * DAY).user
    seat = make_seat(institution, starts_at=NOON - 100 * DAY, ends_at=NOON + 20 * DAY)

    assert send_reminders(act, at=NOON) == 1
    assert send_reminders(act, at=NOON + timedelta(hours=1)) == 0
    assert Notification.objects.of(act).filter(user=person).count() == 1
    assert InboxItem.objects.of(act).filter(key__startswith="groups-ending:seat", done_at__isnull=True).count() == 1
    seat.ends_at = NOON + 400 * DAY
    seat.save()
    send_reminders(act, at=NOON + DAY)
    assert not InboxItem.objects.of(act).filter(key__startswith="groups-ending:", done_at__isnull=True).exists()


def test_nobody_without_the_right_drops_a_coming_seat_or_position(act: Alliance, secretary: User) -> None:
    institution, stranger = make_institution(act), make_user()
    make_seat(institution, COMMITTEE, starts_at=NOON + DAY)
    row = fill_position(act, COMMITTEE, "chair", institution.code, starts_at=NOON + 2 * DAY, actor=secretary, at=NOON)

    with pytest.raises(PermissionRefusedError):
        hand_over_seat(act, COMMITTEE, institution.code, None, actor=stranger, at=NOON)
    with pytest.raises(PermissionRefusedError):
        hand_over_position(row, None, actor=stranger, at=NOON)

    assert GroupMembership.objects.of(act).filter(institution=institution).exists()
    assert Position.objects.of(act).filter(pk=row.pk).exists()


def test_the_duties_of_an_exit_end_seats_and_hand_over_positions(act: Alliance) -> None:
    body = make_body(act, 2)
    leaving, staying = body.institutions
    fill_position(act, COMMITTEE, "chair", leaving.code, starts_at=NOON, actor=body.secretary, at=NOON)

    position = list_position_duties(act, leaving, NOON)[0]
    assert position.hand_over is not None
    position.hand_over(staying, actor=body.secretary, at=NOON + DAY)
    seat = list_seat_duties(act, leaving, NOON)[0]
    assert (seat.key, seat.hand_over is not None) == (f"seat:{COMMITTEE}", True)
    assert seat.hand_over is not None
    seat.hand_over(None, actor=body.secretary, at=NOON + DAY)

    assert list_seat_duties(act, leaving, NOON + 2 * DAY) == list_position_duties(act, leaving, NOON + 2 * DAY) == []
    assert Position.objects.of(act).get(institution=staying).starts_at == NOON + DAY


# ----------------------------------------------------------------------------------------------------------- calendar file


@given(st.text(min_size=1, max_size=300).filter(lambda text: "\r" not in text and "\n" not in text))
def test_a_folded_line_is_short_enough_and_unfolds_to_itself(text: str) -> None:
    pieces = list(fold(text))

    assert all(len(piece.encode("utf-8", "surrogatepass")) <= LINE for piece in pieces)
    assert pieces[0] + "".join(piece[1:] for piece in pieces[1:]) == text


def test_a_calendar_file_says_when_where_and_what_and_lets_nothing_be_smuggled_in() -> None:
    text = calendar_text(
        uid="x@y",
        made_at=NOON,
        starts_at=NOON,
        ends_at=NOON + timedelta(hours=2),
        summary="Committee; first, and\nSTATUS:CANCELLED 委员会",
        location="Room 1",
    )

    lines = text.split("\r\n")
    assert "DTSTART:20261121T040000Z" in lines
    assert "DTEND:20261121T060000Z" in lines
    assert "SUMMARY:Committee\\; first\\, and\\nSTATUS:CANCELLED 委员会" in lines
    assert "STATUS:CONFIRMED" in lines
    assert lines[-1] == ""
