"""Seats, conflicts and the coverage matrix."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from alliance.kernel import jobs, tenancy
from alliance.kernel.errors import ConflictOfInterestError, InvalidInputError, PermissionRefusedError, TransitionRefusedError
from alliance.kernel.permissions import Grant, grants_of
from alliance.models import Alliance, AuditEntry, OutboxEvent, User
from alliance.templatetags.ui import until
from groups.actions.conflict import clear_conflict, declare_conflict, end_conflict, recuse, require_no_conflict
from groups.actions.group import (
    change_role,
    establish_groups,
    join_eligible,
    join_group,
    leave_group,
    start_join_eligible,
)
from groups.choices import GroupKind, SeatRole
from groups.models import GroupMembership, VirtualGroup
from groups.selectors.conflict import is_recused
from groups.selectors.coverage import get_coverage
from groups.signals import MEMBERSHIP_STARTED
from members.choices import Element, InstitutionKind, InstitutionState
from members.models import Institution
from tests.conftest import ClientFor
from tests.factories.alliance import NOON, address, give_role, make_alliance, make_member, make_user
from tests.factories.groups import make_group, make_seat, stand_aside
from tests.factories.members import make_institution, make_staff, make_supply

POLICY = GroupKind.POLICY


def join(alliance: Alliance, institution: Institution, actor: User, **values: Any) -> GroupMembership:
    options: dict[str, Any] = {"role": SeatRole.MEMBER, "starts_at": NOON, "at": NOON, **values}
    return join_group(alliance, options.pop("kind", POLICY), institution.code, actor=actor, **options)


def test_six_groups_are_established_once(act: Alliance, secretary: User) -> None:
    assert len(establish_groups(act, actor=secretary, at=NOON)) == 6
    assert establish_groups(act, actor=secretary, at=NOON) == []
    assert VirtualGroup.objects.of(act).count() == 6


def test_an_eligible_institution_takes_a_seat_and_it_is_recorded_and_announced(act: Alliance, secretary: User) -> None:
    make_group(act)
    institution = make_institution(act)

    seat = join(act, institution, secretary, role=SeatRole.CONVENOR)

    assert seat.role == SeatRole.CONVENOR
    assert AuditEntry.objects.of(act).filter(verb="join_group", object_id=str(institution.pk)).exists()
    event = OutboxEvent.objects.of(act).get(kind=MEMBERSHIP_STARTED)
    assert event.payload == {"group": POLICY, "institution": institution.code, "role": "convenor"}


def test_an_ineligible_kind_needs_a_passed_motion_of_the_committee(act: Alliance, secretary: User) -> None:
    make_group(act)
    mill = make_institution(act, kind=InstitutionKind.LEADING_ENTERPRISE)

    with pytest.raises(InvalidInputError) as refusal:
        join(act, mill, secretary)
    with pytest.raises(InvalidInputError) as by_number:
        join(act, mill, secretary, exception_resolution="R-2026-07")
    with pytest.raises(InvalidInputError) as undecided:
        join(act, mill, secretary, exception_motion="M-0001")
    seat = join(act, mill, secretary, exception_resolution="R-2026-07", imported=True)

    assert refusal.value.code == "kind_not_eligible"
    assert refusal.value.who
    assert by_number.value.code == "exception_needs_motion"
    assert undecided.value.code == "exception_not_decided"
    assert seat.exception_resolution == "R-2026-07"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"role": "emperor"}, "role_unknown"),
        ({"ends_at": NOON - timedelta(days=1)}, "period_backwards"),
    ],
)
def test_input_that_makes_no_seat_is_refused(act: Alliance, secretary: User, values: dict[str, Any], code: str) -> None:
    make_group(act)

    with pytest.raises(InvalidInputError) as refusal:
        join(act, make_institution(act), secretary, **values)

    assert refusal.value.code == code


def test_a_suspended_institution_takes_no_seat(act: Alliance, secretary: User) -> None:
    make_group(act)

    with pytest.raises(InvalidInputError) as refusal:
        join(act, make_institution(act, state=InstitutionState.SUSPENDED), secretary)

    assert refusal.value.code == "institution_not_active"


def test_overlapping_seats_are_refused_by_the_action_and_by_the_database(act: Alliance, secretary: User) -> None:
    institution = make_institution(act)
    make_seat(institution, starts_at=NOON, ends_at=NOON + timedelta(days=10))

    for start in (NOON - timedelta(days=1), NOON, NOON + timedelta(days=9)):
        with pytest.raises(InvalidInputError) as refusal:
            join(act, institution, secretary, starts_at=start)
        assert refusal.value.code == "seat_overlaps"
    with pytest.raises(IntegrityError, match="group_membership_periods_apart"), transaction.atomic():
        make_seat(institution, starts_at=NOON + timedelta(days=5))
    join(act, institution, secretary, starts_at=NOON + timedelta(days=10))
    assert GroupMembership.objects.of(act).count() == 2


def test_only_the_secretariat_gives_seats(act: Alliance, committee_member: User, stranger: User) -> None:
    make_group(act)
    institution = make_institution(act)

    for person in (committee_member, stranger):
        with pytest.raises(PermissionRefusedError):
            join(act, institution, person)


def test_an_institution_of_another_alliance_does_not_exist_here(
    act: Alliance, secretary: User, other_alliance: Alliance
) -> None:
    make_group(act)
    with tenancy.acting_in(other_alliance):
        theirs = make_institution(other_alliance)

    with pytest.raises(Institution.DoesNotExist):
        join(act, theirs, secretary)


def test_a_seat_ends_and_a_role_changes_with_both_periods_on_record(act: Alliance, secretary: User) -> None:
    institution = make_institution(act)
    make_seat(institution, starts_at=NOON - timedelta(days=9))

    change_role(act, POLICY, institution.code, role=SeatRole.CONVENOR, actor=secretary, at=NOON)
    leave_group(act, POLICY, institution.code, actor=secretary, at=NOON + timedelta(days=1))

    seats = list(GroupMembership.objects.of(act).order_by("starts_at").values_list("role", "starts_at", "ends_at"))
    assert [seat[0] for seat in seats] == [SeatRole.MEMBER, SeatRole.CONVENOR]
    assert seats[0][2] == seats[1][1] == NOON
    assert seats[1][2] == NOON + timedelta(days=1)
    with pytest.raises(InvalidInputError) as refusal:
        leave_group(act, POLICY, institution.code, actor=secretary, at=NOON + timedelta(days=2))
    assert refusal.value.code == "no_seat"


def test_rights_of_seats_follow_dates_and_the_institutions_standing(act: Alliance) -> None:
    institution = make_institution(act)
    user = make_user()
    make_staff(institution, user, starts_at=NOON - timedelta(days=9))
    make_seat(institution, role=SeatRole.CONVENOR, starts_at=NOON, ends_at=NOON + timedelta(hours=1))
    seat = Grant("group", "convenor", institution.pk, POLICY, "representative")

    assert seat not in grants_of(user, act, NOON - timedelta(minutes=1))
    assert seat in grants_of(user, act, NOON)
    assert seat not in grants_of(user, act, NOON + timedelta(hours=1))
    Institution.objects.filter(pk=institution.pk).update(state=InstitutionState.SUSPENDED)
    grants = grants_of(user, act, NOON)
    assert seat not in grants
    assert Grant("institution", "representative", institution.pk) in grants
    Institution.objects.filter(pk=institution.pk).update(state=InstitutionState.EXPELLED)
    assert grants_of(user, act, NOON) == frozenset()


def test_all_eligible_institutions_join_by_a_job_and_a_second_run_adds_none(act: Alliance, secretary: User) -> None:
    for kind in InstitutionKind.values:
        make_institution(act, kind=kind)
    make_institution(act, state=InstitutionState.SUSPENDED)
    job = start_join_eligible(act, [GroupKind.POLICY, GroupKind.WISDOM], actor=secretary, at=timezone.now())

    jobs.run_job(act.pk, job.pk)

    counts = {kind: GroupMembership.objects.of(act).filter(group__kind=kind).count() for kind in GroupKind.values}
    assert counts[GroupKind.POLICY] == 2
    assert counts[GroupKind.WISDOM] == 5
    assert sum(counts.values()) == 7
    assert join_eligible(act, GroupKind.POLICY, note_elements=False, actor=secretary, at=timezone.now()) == (0, 0)


def test_usual_elements_are_noted_only_on_request_and_as_not_assessed(act: Alliance, secretary: User) -> None:
    mill = make_institution(act, kind=InstitutionKind.LEADING_ENTERPRISE)
    make_group(act, GroupKind.LEADING_ENTERPRISE)

    join_eligible(act, GroupKind.LEADING_ENTERPRISE, note_elements=False, actor=secretary, at=timezone.now())
    assert not mill.supplies.exists()
    join_eligible(act, GroupKind.LEADING_ENTERPRISE, note_elements=True, actor=secretary, at=timezone.now())

    supply = mill.supplies.get()
    assert (supply.element, supply.strength) == (Element.PILOT_FEEDBACK, None)


def test_the_groups_composed_by_hand_are_not_joined_by_all(act: Alliance, secretary: User) -> None:
    with pytest.raises(InvalidInputError):
        start_join_eligible(act, [GroupKind.FOUNDATION], actor=secretary, at=NOON)


# -------------------------------------------------------------------------------------------------------------- coverage


def test_the_matrix_counts_active_working_seats_and_finds_what_is_missing(
    act: Alliance, django_assert_num_queries: Any
) -> None:
    first, second, observer, suspended = (make_institution(act) for _number in range(4))
    make_seat(first, role=SeatRole.CONVENOR)
    make_seat(second)
    make_seat(observer, role=SeatRole.OBSERVER)
    make_seat(suspended)
    for institution in (first, second, observer, suspended):
        make_supply(institution, Element.POLICY)
    make_supply(second, Element.TALENT)
    make_supply(second, Element.CAPITAL, valid_to=timezone.localdate() - timedelta(days=1))
    Institution.objects.filter(pk=suspended.pk).update(state=InstitutionState.SUSPENDED)

    with django_assert_num_queries(3):
        coverage = get_coverage(act, timezone.localdate())

    row = coverage.rows[0]
    cells = {cell.element: cell for cell in row.cells}
    assert (row.kind, row.seats, row.has_convenor) == (POLICY, 2, True)
    assert (cells["policy"].count, cells["talent"].count, cells["capital"].count) == (2, 1, 0)
    assert not cells["policy"].is_gap
    assert coverage.single_sources == [Element.TALENT]
    assert Element.CAPITAL in coverage.without_supplier
    assert POLICY not in coverage.without_convenor
    assert len(coverage.gaps) == 8
    assert coverage.covered == 1


def test_the_matrix_of_one_alliance_knows_nothing_of_another(act: Alliance, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        theirs = make_institution(other_alliance)
        make_seat(theirs)
        make_supply(theirs)

    coverage = get_coverage(act, timezone.localdate())

    assert coverage.seats == 0
    assert not any(coverage.suppliers.values())


# ------------------------------------------------------------------------------------------------------------- conflicts


def test_a_declared_conflict_keeps_the_institution_aside_until_it_is_ruled_out(act: Alliance, secretary: User) -> None:
    institution = make_institution(act)
    require_no_conflict(act, institution.pk, "product:P-029")

    conflict = stand_aside(act, institution.code, "product:P-029", at=NOON)
    with pytest.raises(ConflictOfInterestError):
        require_no_conflict(act, [institution.pk, None], "product:P-029")
    require_no_conflict(act, institution.pk, "product:P-030")
    recuse(act, conflict.pk, actor=secretary, at=NOON)
    assert is_recused(act, institution.pk, "product:P-029")
    clear_conflict(act, conflict.pk, actor=secretary, at=NOON)

    require_no_conflict(act, institution.pk, "product:P-029")
    with pytest.raises(TransitionRefusedError):
        end_conflict(act, conflict.pk, actor=secretary, at=NOON)


def test_a_conflict_is_declared_once_by_those_who_may_and_with_a_reason(act: Alliance, secretary: User) -> None:
    institution = make_institution(act)
    representative = make_user()
    make_staff(institution, representative)
    other = make_user()
    make_staff(make_institution(act), other)

    with pytest.raises(PermissionRefusedError):
        declare_conflict(act, institution.code, "product:P-1", reason="x", actor=other, at=NOON)
    with pytest.raises(InvalidInputError):
        declare_conflict(act, institution.code, "product:P-1", reason=" ", actor=secretary, at=NOON)
    declare_conflict(act, institution.code, "product:P-1", reason="x", actor=representative, at=NOON)
    with pytest.raises(InvalidInputError) as refusal:
        declare_conflict(act, institution.code, "product:P-1", reason="x", actor=secretary, at=NOON)

    assert refusal.value.code == "conflict_declared"


def test_nobody_rules_on_a_conflict_of_the_own_institution(act: Alliance) -> None:
    institution = make_institution(act)
    judge = make_member(act, "committee")
    make_staff(institution, judge)
    conflict = declare_conflict(act, institution.code, "product:P-1", reason="x", actor=judge, at=NOON)

    with pytest.raises(ConflictOfInterestError):
        clear_conflict(act, conflict.pk, actor=judge, at=NOON)


# ------------------------------------------------------------------------------------------------------------ properties

HOURS = st.integers(min_value=0, max_value=12)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=st.lists(st.tuples(HOURS, st.one_of(st.none(), HOURS)), max_size=8))
def test_seats_never_overlap_whatever_is_asked_for(
    act: Alliance, secretary: User, wishes: list[tuple[int, int | None]]
) -> None:
    GroupMembership.objects.of(act).delete()
    make_group(act)
    institution = make_institution(act)
    model: list[tuple[datetime, datetime | None]] = []

    for start, end in wishes:
        starts_at = NOON + timedelta(hours=start)
        ends_at = None if end is None else NOON + timedelta(hours=end)
        fits = (ends_at is None or ends_at > starts_at) and not any(
            (other_end is None or starts_at < other_end) and (ends_at is None or other_start < ends_at)
            for other_start, other_end in model
        )
        try:
            join(act, institution, secretary, starts_at=starts_at, ends_at=ends_at)
        except InvalidInputError:
            assert not fits
        else:
            assert fits
            model.append((starts_at, ends_at))

    assert sorted(GroupMembership.objects.of(act).values_list("starts_at", flat=True)) == sorted(s for s, _e in model)


@pytest.mark.django_db(transaction=True)
def test_two_requests_for_the_same_seat_leave_one_seat_and_one_clear_refusal() -> None:
    alliance = make_alliance("race")
    user = make_user()
    give_role(user, alliance, "secretariat")
    with tenancy.acting_in(alliance):
        make_group(alliance)
        institution = make_institution(alliance)
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def ask() -> None:
        try:
            with tenancy.acting_in(alliance):
                start.wait(10)
                join(alliance, institution, User.objects.get(pk=user.pk))
            outcomes.append("seat")
        except InvalidInputError as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(outcomes) == ["seat", "seat_overlaps"]


# ----------------------------------------------------------------------------------------------------------------- pages


def test_the_pages_of_groups_open_and_work(
    alliance: Alliance, secretary: User, client_for: ClientFor, django_capture_on_commit_callbacks: Any
) -> None:
    client = client_for(secretary)
    assert client.post(address(alliance, "group_establish")).status_code == 302
    with tenancy.acting_in(alliance):
        institution = make_institution(alliance, name_en="Guangfu")
        make_supply(institution, Element.POLICY)
    assert client.get(address(alliance, "group_list")).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(address(alliance, "group_list"), {"groups": ["policy_group"]})
    assert client.get(answer["Location"]).status_code == 200
    assert "Guangfu" in client.get(address(alliance, "group_detail", kind="policy_group")).content.decode()
    assert (
        "Guangfu" in client.get(address(alliance, "coverage_cell", kind="policy_group", element="policy")).content.decode()
    )
    assert client.get(address(alliance, "coverage_cell", kind="policy_group", element="nothing")).status_code == 404
    matrix = client.get(address(alliance, "coverage_detail"))
    assert "of 9 required cells" in matrix.content.decode()
    assert client.get(address(alliance, "coverage_detail") + "?format=csv").status_code == 200
    role = address(alliance, "seat_role", kind="policy_group", code=institution.code)
    assert client.post(role, {"role": "convenor"}).status_code == 302
    assert client.post(address(alliance, "seat_leave", kind="policy_group", code=institution.code)).status_code == 302
    refused = client.post(
        address(alliance, "group_detail", kind="media_group"),
        {"institution": institution.code, "role": "member", "starts_on": "2026-11-22"},
    )
    assert refused.status_code == 422
    assert "may not sit in" in refused.content.decode()
    declared = client.post(
        address(alliance, "conflict_list"), {"institution": institution.code, "matter": "product:P-1", "reason": "Shares"}
    )
    assert declared.status_code == 302
    assert "product:P-1" in client.get(address(alliance, "conflict_list")).content.decode()


def test_the_pages_of_groups_are_closed_to_members_and_strangers(
    alliance: Alliance, stranger: User, client_for: ClientFor
) -> None:
    with tenancy.acting_in(alliance):
        member = make_user()
        make_staff(make_institution(alliance), member)
        make_group(alliance)

    for person in (member, stranger):
        client = client_for(person)
        for name, kwargs in (("group_list", {}), ("group_detail", {"kind": "policy_group"}), ("coverage_detail", {})):
            assert client.get(address(alliance, name, **kwargs)).status_code == 403


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "31 Dec 2026"),  # midnight in Shanghai
        (datetime(2026, 12, 31, 2, 30, tzinfo=UTC), "31 Dec 2026, 10:30"),
    ],
)
def test_a_period_that_ends_at_midnight_is_shown_with_its_last_day(end: datetime, shown: str) -> None:
    with timezone.override("Asia/Shanghai"), translation.override("en"):
        assert f">{shown}<" in str(until(end))
