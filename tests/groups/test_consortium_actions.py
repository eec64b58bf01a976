"""Consortia: founded on terms, joined, files shared among present members only, left at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.actions.files import open_for_reader
from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, PermissionRefusedError
from alliance.models import Alliance, AuditEntry, InboxItem, OutboxEvent, User
from groups.actions import consortium as actions
from groups.actions.consortium import (
    accept_terms,
    change_consortium,
    close_consortium,
    decline_terms,
    end_parts_of,
    file_consortium,
    found_consortium,
    hand_over_lead,
    invite_to_consortium,
    leave_consortium,
    share_consortium_file,
    withdraw_consortium_file,
)
from groups.choices import ConsortiumRole, ConsortiumState
from groups.models import Consortium, ConsortiumFile, ConsortiumMembership
from groups.selectors.consortium import composition_of, list_consortia
from groups.signals import CONSORTIUM_LEFT
from members.choices import InstitutionKind, InstitutionState, StaffRole
from members.models import Institution
from members.selectors.duties import list_open_duties
from tests.factories.alliance import NOON, make_user
from tests.factories.charter import add_part, make_consortium
from tests.factories.members import make_institution, make_staff

VALUES = {
    "name_en": "Low-salt dyeing",
    "technology_en": "reactive dyeing",
    "terms_en": "Inputs, ownership, sharing, exit.",
    "plan_en": "Three trials.",
}
Member = tuple[Institution, User]


def member(alliance: Alliance, kind: str = InstitutionKind.UNIVERSITY_THINK_TANK, **fields: Any) -> Member:
    institution = make_institution(alliance, kind=kind, **fields)
    return institution, make_staff(institution, starts_at=NOON - timedelta(days=400)).user


@pytest.fixture
def mill(act: Alliance) -> Member:
    return member(act, InstitutionKind.LEADING_ENTERPRISE)


@pytest.fixture
def school(act: Alliance) -> Member:
    return member(act)


def found(alliance: Alliance, mill: Member, at: datetime = NOON, **values: str) -> Consortium:
    return found_consortium(alliance, mill[0].code, actor=mill[1], at=at, **{**VALUES, **values})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The moment that the permission on files takes for now; set it by ``clock[0] = ...``."""
    moment = [timezone.now()]
    from groups.models import consortium as models

    class Frozen:
        now = staticmethod(lambda: moment[0])

    monkeypatch.setattr(models, "timezone", Frozen)
    return moment


# --------------------------------------------------------------------------------------------------------- founding


def test_a_consortium_is_founded_joined_and_filed(act: Alliance, mill: Member, school: Member) -> None:
    consortium = found(act, mill, timezone.now() - timedelta(minutes=3))
    code = consortium.code
    now = timezone.now()

    with pytest.raises(InvalidInputError) as refusal:
        file_consortium(act, code, actor=mill[1], at=now)
    assert refusal.value.code == "consortium_incomplete"
    invite_to_consortium(act, code, school[0].code, actor=mill[1], at=now - timedelta(minutes=2))
    assert InboxItem.objects.of(act).filter(kind="consortium_invitation", done_at__isnull=True).count() == 1
    accept_terms(act, code, school[0].code, actor=school[1], at=now - timedelta(minutes=1))
    filed = file_consortium(act, code, actor=mill[1], at=now)

    assert filed.state == ConsortiumState.ACTIVE
    assert filed.filed_on == timezone.localdate(now)
    assert {"found_consortium", "invite_to_consortium", "join_consortium", "file_consortium"} <= set(
        AuditEntry.objects.of(act).values_list("verb", flat=True)
    )
    assert InboxItem.objects.of(act).filter(kind="consortium_filed", done_at__isnull=True).exists()
    assert not InboxItem.objects.of(act).filter(kind="consortium_invitation", done_at__isnull=True).exists()


def test_members_of_one_kind_alone_make_no_consortium(act: Alliance, mill: Member) -> None:
    other = member(act, InstitutionKind.LEADING_ENTERPRISE)
    consortium = make_consortium(act, mill[0], other[0], state=ConsortiumState.FORMING, filed_on=None)

    with pytest.raises(InvalidInputError) as refusal:
        file_consortium(act, consortium.code, actor=mill[1], at=timezone.now())

    assert "2 kinds" in str(refusal.value.remedy)


@pytest.mark.parametrize("lacking", ["name_en", "technology_en"])
def test_a_nameless_consortium_is_refused(act: Alliance, mill: Member, lacking: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        found(act, mill, NOON, **{lacking: " "})

    assert lacking in refusal.value.fields


def test_only_representatives_of_active_members_found(act: Alliance, mill: Member, stranger: User, secretary: User) -> None:
    clerk = make_staff(mill[0], role=StaffRole.STAFF).user
    for person in (clerk, stranger, secretary):
        with pytest.raises(PermissionRefusedError):
            found_consortium(act, mill[0].code, actor=person, at=NOON, **VALUES)
    paused = member(act, state=InstitutionState.SUSPENDED)
    with pytest.raises(InvalidInputError) as refusal:
        found(act, paused)
    assert refusal.value.code == "institution_not_active"


def test_new_terms_ask_every_other_member_again_and_filed_terms_stay(act: Alliance, mill: Member, school: Member) -> None:
    forming = make_consortium(act, mill[0], school[0], state=ConsortiumState.FORMING, filed_on=None)
    values = {name: getattr(forming, name) for name in (*actions.NAMES, *actions.TEXTS)}
    now = timezone.now()

    change_consortium(act, forming.code, actor=mill[1], at=now, **(values | {"plan_en": "Four trials."}))
    assert composition_of(forming, now).is_sufficient
    change_consortium(act, forming.code, actor=mill[1], at=now, **(values | {"terms_en": "Other terms."}))
    parts = composition_of(forming, now)
    assert [part.institution for part in parts.invited] == [school[0]]
    assert [part.institution for part in parts.present] == [mill[0]]

    active = make_consortium(act, mill[0], school[0])
    with pytest.raises(InvalidInputError) as refusal:
        change_consortium(act, active.code, actor=mill[1], at=now, **(values | {"terms_en": "Slipped in."}))
    assert refusal.value.code == "terms_filed"


def test_an_institution_is_invited_once_at_a_time(act: Alliance, mill: Member, school: Member) -> None:
    consortium = make_consortium(act, mill[0], school[0])
    now = timezone.now()

    for other in (school[0], mill[0]):
        with pytest.raises(InvalidInputError) as refusal:
            invite_to_consortium(act, consortium.code, other.code, actor=mill[1], at=now)
        assert refusal.value.code == "member_already"
    with pytest.raises(PermissionRefusedError):
        invite_to_consortium(act, consortium.code, school[0].code, actor=school[1], at=now)


def test_an_invitation_can_be_declined_or_taken_back_and_given_again(act: Alliance, mill: Member, school: Member) -> None:
    consortium = make_consortium(act, mill[0])
    now = timezone.now()
    _other, neighbour = member(act)

    for offset, actor in ((0, school[1]), (2, mill[1])):
        invite_to_consortium(act, consortium.code, school[0].code, actor=mill[1], at=now + timedelta(seconds=offset))
        with pytest.raises(PermissionRefusedError):
            decline_terms(act, consortium.code, school[0].code, actor=neighbour, at=now + timedelta(seconds=offset + 1))
        decline_terms(act, consortium.code, school[0].code, actor=actor, at=now + timedelta(seconds=offset + 1))

    assert not consortium.memberships.filter(accepted_at__isnull=False, institution=school[0]).exists()


def test_consortia_of_another_alliance_do_not_exist_here(act: Alliance, mill: Member, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        theirs = make_consortium(other_alliance, make_institution(other_alliance))

    for do in (close_consortium, file_consortium):
        with pytest.raises(NotFoundError):
            do(act, theirs.code, actor=mill[1], at=NOON)


# ------------------------------------------------------------------------------------------------------------ files


def share(alliance: Alliance, consortium: Consortium, who: Member, **values: Any) -> ConsortiumFile:
    options: dict[str, Any] = {
        "title": "Recipes",
        "file": SimpleUploadedFile("recipes.csv", b"batch,salt\n1,53\n"),
        "at": timezone.now(),
        **values,
    }
    return share_consortium_file(alliance, consortium.code, who[0].code, actor=who[1], **options)


def can_open(alliance: Alliance, shared: ConsortiumFile, reader: User) -> bool:
    try:
        _stored, content = open_for_reader(alliance, shared.file.uuid, reader=User.objects.get(pk=reader.pk))
    except NotFoundError:
        return False
    content.close()
    return True


def test_files_are_open_to_the_people_of_present_members_and_to_nobody_else(
    act: Alliance, mill: Member, school: Member, secretary: User, committee_member: User, stranger: User, auditor: User
) -> None:
    consortium = make_consortium(act, mill[0], school[0])
    invited = member(act)
    add_part(consortium, invited[0], accepted_at=None)
    clerk = make_staff(school[0], role=StaffRole.STAFF).user
    shared = share(act, consortium, mill)

    assert can_open(act, shared, mill[1])
    assert can_open(act, shared, school[1])
    assert can_open(act, shared, clerk)
    for outsider in (invited[1], secretary, committee_member, stranger, auditor, make_user()):
        assert not can_open(act, shared, outsider)


def test_leaving_ends_access_to_the_microsecond(act: Alliance, mill: Member, school: Member, clock: list[datetime]) -> None:
    consortium = make_consortium(act, mill[0], school[0])
    shared = share(act, consortium, mill)
    exit_at = timezone.now() + timedelta(seconds=1)

    leave_consortium(act, consortium.code, school[0].code, actor=school[1], at=exit_at)

    clock[0] = exit_at - timedelta(microseconds=1)
    assert can_open(act, shared, school[1])
    clock[0] = exit_at
    assert not can_open(act, shared, school[1])
    assert can_open(act, shared, mill[1])
    assert OutboxEvent.objects.of(act).filter(kind=CONSORTIUM_LEFT).count() == 1


def test_closing_and_suspension_end_access_too(act: Alliance, mill: Member, school: Member) -> None:
    first, second = make_consortium(act, mill[0], school[0]), make_consortium(act, mill[0], school[0])
    one, other = share(act, first, mill), share(act, second, mill)

    close_consortium(act, first.code, actor=mill[1], at=timezone.now())
    assert not can_open(act, one, school[1])
    assert not can_open(act, one, mill[1])
    Institution.objects.filter(pk=school[0].pk).update(state=InstitutionState.SUSPENDED)
    assert not can_open(act, other, school[1])


def test_a_file_taken_back_is_open_to_nobody(act: Alliance, mill: Member, school: Member) -> None:
    consortium = make_consortium(act, mill[0], school[0])
    shared = share(act, consortium, school)
    other = member(act)
    add_part(consortium, other[0])

    with pytest.raises(NotFoundError):
        withdraw_consortium_file(act, consortium.code, shared.uuid, actor=other[1], at=timezone.now())
    withdraw_consortium_file(act, consortium.code, shared.uuid, actor=mill[1], at=timezone.now())

    assert not can_open(act, shared, school[1])


def test_nobody_shares_from_outside_or_without_a_title(act: Alliance, mill: Member, school: Member) -> None:
    consortium = make_consortium(act, mill[0])

    with pytest.raises(PermissionRefusedError):
        share(act, consortium, school)
    with pytest.raises(InvalidInputError) as refusal:
        share(act, consortium, mill, title=" ", file=None)
    assert set(refusal.value.fields) == {"title", "file"}


# ---------------------------------------------------------------------------------------------------- leaving, lead


def test_the_only_lead_unit_hands_over_before_it_leaves(act: Alliance, mill: Member, school: Member) -> None:
    consortium = make_consortium(act, mill[0], school[0])
    now = timezone.now()

    with pytest.raises(DomainError) as refusal:
        leave_consortium(act, consortium.code, mill[0].code, actor=mill[1], at=now)
    assert refusal.value.code == "lead_needed"
    with pytest.raises(InvalidInputError):
        hand_over_lead(act, consortium.code, mill[0].code, "NOBODY", actor=mill[1], at=now)
    hand_over_lead(act, consortium.code, mill[0].code, school[0].code, actor=mill[1], at=now)
    leave_consortium(act, consortium.code, mill[0].code, actor=mill[1], at=now + timedelta(seconds=1))

    parts = composition_of(consortium, now + timedelta(seconds=1))
    assert [(part.institution, part.role) for part in parts.present] == [(school[0], ConsortiumRole.LEAD)]


def test_the_last_one_to_leave_closes_the_consortium_and_its_invitations(
    act: Alliance, mill: Member, school: Member
) -> None:
    now = timezone.now() - timedelta(minutes=1)
    consortium = found_consortium(act, mill[0].code, actor=mill[1], at=now, **VALUES)
    invite_to_consortium(act, consortium.code, school[0].code, actor=mill[1], at=now)

    leave_consortium(act, consortium.code, mill[0].code, actor=mill[1], at=now + timedelta(seconds=1))

    consortium.refresh_from_db()
    assert consortium.state == ConsortiumState.CLOSED
    with pytest.raises(NotFoundError):
        accept_terms(act, consortium.code, school[0].code, actor=school[1], at=now + timedelta(seconds=2))
    assert AuditEntry.objects.filter(alliance=act, verb="close_consortium").count() == 1


def test_a_leaving_member_s_part_is_a_duty_of_its_exit(act: Alliance, mill: Member, school: Member, secretary: User) -> None:
    consortium = make_consortium(act, mill[0], school[0])
    now = timezone.now()

    duty = next(duty for duty in list_open_duties(act, mill[0], now) if duty.key == f"consortium:{consortium.code}")
    assert duty.hand_over is not None
    with pytest.raises(DomainError) as refusal:
        duty.hand_over(None, actor=secretary, at=now)
    assert refusal.value.code == "lead_needed"
    duty.hand_over(school[0], actor=secretary, at=now)

    assert not [one for one in list_open_duties(act, mill[0], now) if one.key.startswith("consortium:")]
    assert consortium.lead_ids() == {school[0].pk}


def test_the_parts_of_an_expelled_member_end(act: Alliance, mill: Member, school: Member) -> None:
    consortium = make_consortium(act, mill[0], school[0])
    now = timezone.now()

    assert end_parts_of(act, school[0].code, at=now) == 1
    assert [part.institution for part in composition_of(consortium, now).present] == [mill[0]]
    assert end_parts_of(act, school[0].code, at=now) == 0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["invite", "accept", "decline", "leave", "lead"]), st.integers(0, 2), st.integers(0, 2)),
        max_size=25,
    )
)
def test_whatever_the_order_periods_stay_apart_and_somebody_leads(act: Alliance, steps: list[tuple[str, int, int]]) -> None:
    """Against a model: a set of invited and a dict of present members with their roles."""
    point = transaction.savepoint()
    try:
        lead = member(act, InstitutionKind.LEADING_ENTERPRISE)
        others = [member(act) for _number in range(2)]
        crew = [lead, *others]
        start = timezone.now() - timedelta(hours=1)
        consortium = found_consortium(act, lead[0].code, actor=lead[1], at=start, **VALUES)
        present: dict[int, str] = {0: ConsortiumRole.LEAD}
        invited: set[int] = set()
        for place, (step, one, two) in enumerate(steps, start=1):
            at = start + timedelta(seconds=place)
            institution, person = crew[one]
            leader = next((number for number, role in present.items() if role == ConsortiumRole.LEAD), None)
            try:
                if step == "invite" and leader is not None:
                    invite_to_consortium(act, consortium.code, institution.code, actor=crew[leader][1], at=at)
                    invited.add(one)
                elif step == "accept":
                    accept_terms(act, consortium.code, institution.code, actor=person, at=at)
                    invited.remove(one)
                    present[one] = ConsortiumRole.MEMBER
                elif step == "decline":
                    decline_terms(act, consortium.code, institution.code, actor=person, at=at)
                    invited.remove(one)
                elif step == "leave":
                    leave_consortium(act, consortium.code, institution.code, actor=person, at=at)
                    del present[one]
                    if not present:
                        invited.clear()  # the last one to leave closes it
                elif step == "lead":
                    hand_over_lead(act, consortium.code, institution.code, crew[two][0].code, actor=person, at=at)
                    present[one], present[two] = ConsortiumRole.MEMBER, ConsortiumRole.LEAD
            except DomainError:
                pass
            parts = composition_of(consortium, at)
            assert {part.institution_id: part.role for part in parts.present} == {
                crew[number][0].pk: role for number, role in present.items()
            }
            assert {part.institution_id for part in parts.invited} == {crew[number][0].pk for number in invited}
            assert not parts.present or parts.leads
        rows = list(ConsortiumMembership.objects.of(act).filter(consortium=consortium).order_by("starts_at"))
        for row in rows:
            for other in rows:
                if row.pk < other.pk and row.institution_id == other.institution_id:
                    assert (row.ends_at and row.ends_at <= other.starts_at) or (
                        other.ends_at and other.ends_at <= row.starts_at
                    )
    finally:
        transaction.savepoint_rollback(point)


def test_the_list_costs_two_queries_whatever_its_length(
    act: Alliance, mill: Member, school: Member, django_assert_num_queries: Any
) -> None:
    for _number in range(5):
        make_consortium(act, mill[0], school[0])

    with django_assert_num_queries(2):
        rows = list(list_consortia(act, at=timezone.now()))

    assert [len(row.parts) for row in rows] == [2] * 5  # type: ignore[attr-defined]
