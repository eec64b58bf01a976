"""Disputes: who may know of them, who mediates, how they end, and that their record stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.utils import timezone

from alliance.actions.files import open_for_reader
from alliance.kernel import tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
)
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent, User
from groups.actions.dispute import (
    add_statement,
    agree_to_proposal,
    escalate_dispute,
    file_dispute,
    make_proposal,
    name_mediator,
    note_session,
    remind_of_disputes,
    withdraw_dispute,
)
from groups.choices import DisputeState, DisputeStepKind
from groups.models import Dispute, DisputeStep
from groups.selectors.dispute import (
    dispute_digest,
    find_dispute,
    list_committee_disputes,
    list_mediators,
    list_steps,
    list_visible_disputes,
)
from groups.selectors.report_days import add_working_days
from members.choices import StaffRole
from members.models import Institution
from members.selectors.duties import list_open_duties
from tests.factories.alliance import NOON, give_role, make_user
from tests.factories.charter import make_dispute, seat_in_committee
from tests.factories.groups import stand_aside
from tests.factories.members import make_institution, make_staff

Member = tuple[Institution, User]


def member(alliance: Alliance) -> Member:
    institution = make_institution(alliance)
    return institution, make_staff(institution).user


@pytest.fixture
def claimant(act: Alliance) -> Member:
    return member(act)


@pytest.fixture
def respondent(act: Alliance) -> Member:
    return member(act)


def file(alliance: Alliance, claimant: Member, respondent: Member, **values: Any) -> Dispute:
    options: dict[str, Any] = {
        "subject": "Machine hours",
        "statement": "Eight hours were agreed.",
        "actor": claimant[1],
        "at": timezone.now(),
        **values,
    }
    return file_dispute(alliance, claimant[0].code, respondent[0].code, **options)


def mediated(alliance: Alliance, claimant: Member, respondent: Member, mediator: User) -> Dispute:
    dispute = file(alliance, claimant, respondent)
    return name_mediator(alliance, dispute.code, str(mediator.uuid), actor=mediator, at=timezone.now())


def sees(dispute: Dispute, person: User) -> bool:
    reader = User.objects.get(pk=person.pk)
    found = find_dispute(dispute.alliance, dispute.code, reader) is not None
    assert (dispute in list(list_visible_disputes(dispute.alliance, reader))) is found
    return found


# ----------------------------------------------------------------------------------------------- filing, visibility


def test_a_dispute_is_filed_and_the_committee_asked(
    act: Alliance, claimant: Member, respondent: Member, committee_member: User
) -> None:
    dispute = file(act, claimant, respondent)

    assert dispute.state == DisputeState.FILED
    assert [step.kind for step in list_steps(dispute)] == [DisputeStepKind.STATEMENT]
    item = InboxItem.objects.of(act).get(kind="dispute_mediator")
    assert item.user == committee_member
    assert Notification.objects.of(act).filter(user=respondent[1], kind="dispute_filed").exists()
    assert AuditEntry.objects.of(act).filter(verb="file_dispute").exists()


def test_log_and_events_do_not_tell_between_whom_or_about_what(
    act: Alliance, claimant: Member, respondent: Member, committee_member: User
) -> None:
    dispute = mediated(act, claimant, respondent, committee_member)
    add_statement(act, dispute.code, respondent[0].code, text="A secret word.", actor=respondent[1], at=timezone.now())

    written = "".join(AuditEntry.objects.of(act).filter(object_type="groups.dispute").values_list("record", flat=True))
    written += "".join(str(event.payload) for event in OutboxEvent.objects.of(act).filter(kind="groups.dispute_moved"))
    for marker in (claimant[0].code, respondent[0].code, "Machine hours", "Eight hours", "secret word"):
        assert marker not in written


def test_only_parties_mediator_and_unconflicted_committee_know_of_it(
    act: Alliance,
    claimant: Member,
    respondent: Member,
    committee_member: User,
    secretary: User,
    office_admin: User,
    auditor: User,
    stranger: User,
) -> None:
    third = member(act)
    seated = member(act)
    seat_in_committee(seated[0], seated[1])
    seat_in_committee(respondent[0], make_user())
    clerk = make_staff(claimant[0], role=StaffRole.STAFF).user
    signatory = make_staff(respondent[0], role=StaffRole.SIGNATORY).user
    conflicted = make_staff(claimant[0], role=StaffRole.STAFF).user
    give_role(conflicted, act, "committee")
    dispute = file(act, claimant, respondent)

    for person in (claimant[1], respondent[1], signatory, committee_member, seated[1]):
        assert sees(dispute, person)
    for person in (third[1], clerk, secretary, office_admin, auditor, stranger, conflicted):
        assert not sees(dispute, person)


def test_a_committee_member_who_stands_aside_no_longer_sees_it(
    act: Alliance, claimant: Member, respondent: Member, secretary: User
) -> None:
    seated = member(act)
    seat_in_committee(seated[0], seated[1])
    dispute = file(act, claimant, respondent)
    assert sees(dispute, seated[1])

    stand_aside(act, seated[0].code, dispute.own_matter)

    assert not sees(dispute, seated[1])
    reader = User.objects.get(pk=seated[1].pk)
    assert dispute not in list(list_committee_disputes(act, reader))
    assert seated[1] not in [candidate.user for candidate in list_mediators(dispute, timezone.now())]
    with pytest.raises(NotFoundError):
        name_mediator(act, dispute.code, str(seated[1].uuid), actor=reader, at=timezone.now())


@pytest.mark.parametrize(
    ("values", "field"), [({"subject": " "}, "subject"), ({"statement": ""}, "statement"), ({"matter": "loom"}, "matter")]
)
def test_an_incomplete_dispute_is_refused(
    act: Alliance, claimant: Member, respondent: Member, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        file(act, claimant, respondent, **values)

    assert set(refusal.value.fields) == {field}


def test_nobody_files_against_itself_for_others_or_across_alliances(
    act: Alliance, claimant: Member, respondent: Member, secretary: User, other_alliance: Alliance
) -> None:
    with tenancy.acting_in(other_alliance):
        foreign = make_institution(other_alliance, code="FOREIGN")
    for against in (claimant, (foreign, claimant[1])):
        with pytest.raises(InvalidInputError) as refusal:
            file(act, claimant, against)
        assert "respondent" in refusal.value.fields
    for person in (respondent[1], secretary):
        with pytest.raises(PermissionRefusedError):
            file(act, claimant, respondent, actor=person)


# --------------------------------------------------------------------------------------------------------- mediation


def test_the_mediator_has_twenty_working_days(
    act: Alliance, claimant: Member, respondent: Member, committee_member: User
) -> None:
    dispute = mediated(act, claimant, respondent, committee_member)

    today = timezone.localdate()
    assert dispute.due_on == add_working_days(today, 20)
    assert dispute.due_on - today == timedelta(days=28) or today.weekday() >= 5
    assert (dispute.state, dispute.mediator) == (DisputeState.MEDIATION, committee_member)
    assert InboxItem.objects.of(act).filter(kind="dispute_mediation", user=committee_member, done_at__isnull=True).exists()
    assert not InboxItem.objects.of(act).filter(kind="dispute_mediator", done_at__isnull=True).exists()


def test_nobody_with_a_link_or_from_outside_the_committee_mediates(
    act: Alliance, claimant: Member, respondent: Member, committee_member: User, secretary: User
) -> None:
    linked = member(act)
    seat_in_committee(linked[0], linked[1])
    make_staff(respondent[0], linked[1], role=StaffRole.STAFF)  # works for a party too
    dispute = file(act, claimant, respondent)

    for person in (linked[1], claimant[1], secretary, make_user()):
        with pytest.raises(ConflictOfInterestError):
            name_mediator(act, dispute.code, str(person.uuid), actor=committee_member, at=timezone.now())
    for person in (claimant[1], respondent[1]):
        with pytest.raises(PermissionRefusedError):
            name_mediator(act, dispute.code, str(committee_member.uuid), actor=person, at=timezone.now())


def test_a_link_found_by_rule_keeps_a_member_of_the_committee_away(
    act: Alliance, claimant: Member, respondent: Member, committee_member: User
) -> None:
    seated = member(act)
    seat_in_committee(seated[0], seated[1])
    shared = make_user()
    make_staff(seated[0], shared)
    make_staff(respondent[0], shared)  # the same person acts for both

    dispute = file(act, claimant, respondent)

    assert [candidate.user for candidate in list_mediators(dispute, timezone.now())] == [committee_member]
    assert not sees(dispute, seated[1])


def test_sessions_and_proposals_are_the_mediator_s_and_both_parties_settle_it(
    act: Alliance, claimant: Member, respondent: Member, committee_member: User
) -> None:
    dispute = mediated(act, claimant, respondent, committee_member)
    now = timezone.now()
    for person in (claimant[1], respondent[1]):
        with pytest.raises(PermissionRefusedError):
            make_proposal(act, dispute.code, text="Mine.", actor=person, at=now)
    note_session(act, dispute.code, text="One hour.", actor=committee_member, at=now)
    first = make_proposal(act, dispute.code, text="Five hours.", actor=committee_member, at=now)
    agree_to_proposal(act, dispute.code, claimant[0].code, proposal_uuid=str(first.uuid), actor=claimant[1], at=now)
    second = make_proposal(act, dispute.code, text="Six hours.", actor=committee_member, at=now)

    with pytest.raises(DomainError) as refusal:
        agree_to_proposal(act, dispute.code, respondent[0].code, proposal_uuid=str(first.uuid), actor=respondent[1], at=now)
    assert refusal.value.code == "proposal_replaced"
    agree_to_proposal(act, dispute.code, respondent[0].code, proposal_uuid=str(second.uuid), actor=respondent[1], at=now)
    dispute.refresh_from_db()
    assert dispute.state == DisputeState.MEDIATION  # the claimant agreed to the first proposal, not to this one
    settled = agree_to_proposal(
        act, dispute.code, claimant[0].code, proposal_uuid=str(second.uuid), actor=claimant[1], at=now
    )

    assert settled.state == DisputeState.SETTLED
    assert settled.digest == dispute_digest(settled, list_steps(settled)) != ""
    assert settled.digest in AuditEntry.objects.of(act).get(verb="settle_dispute").record
    with pytest.raises(DomainError) as refusal:
        add_statement(act, dispute.code, claimant[0].code, text="One more.", actor=claimant[1], at=now)
    assert refusal.value.code == "dispute_over"


def test_nobody_speaks_for_the_other_party(
    act: Alliance, claimant: Member, respondent: Member, committee_member: User
) -> None:
    dispute = mediated(act, claimant, respondent, committee_member)

    with pytest.raises(InvalidInputError):
        add_statement(act, dispute.code, respondent[0].code, text="I agree.", actor=claimant[1], at=timezone.now())
    third = member(act)
    with pytest.raises(NotFoundError):
        add_statement(act, dispute.code, third[0].code, text="Me too.", actor=third[1], at=timezone.now())


def test_the_record_stays_as_it_is(act: Alliance, claimant: Member, respondent: Member) -> None:
    dispute = file(act, claimant, respondent)
    step = dispute.steps.get()

    for attempt in (
        lambda: DisputeStep.objects.filter(pk=step.pk).update(text="Other words."),
        lambda: DisputeStep.objects.filter(pk=step.pk).delete(),
        lambda: Dispute.objects.filter(pk=dispute.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            attempt()


def test_a_file_of_the_record_is_open_to_the_same_people_only(
    act: Alliance, claimant: Member, respondent: Member, committee_member: User, secretary: User
) -> None:
    dispute = file(act, claimant, respondent, file=SimpleUploadedFile("hours.csv", b"day,hours\n1,3\n"))
    stored = dispute.steps.get().file
    assert stored is not None

    for reader in (claimant[1], respondent[1], committee_member):
        _stored, content = open_for_reader(act, stored.uuid, reader=reader)
        content.close()
    for reader in (secretary, member(act)[1]):
        with pytest.raises(NotFoundError):
            open_for_reader(act, stored.uuid, reader=reader)


# ------------------------------------------------------------------------------------------------------------- ends


def test_a_party_ends_it_only_when_the_time_is_over(
    act: Alliance, claimant: Member, respondent: Member, committee_member: User
) -> None:
    dispute = mediated(act, claimant, respondent, committee_member)
    options: dict[str, Any] = {"reason": "No way.", "institution_code": claimant[0].code, "actor": claimant[1]}

    with pytest.raises(DomainError) as refusal:
        escalate_dispute(act, dispute.code, at=timezone.now(), **options)
    assert refusal.value.code == "deadline_open"
    ended = escalate_dispute(act, dispute.code, at=timezone.now() + timedelta(days=29), **options)

    assert ended.state == DisputeState.ESCALATED
    assert ended.digest


def test_the_mediator_ends_it_at_any_time_with_the_reason(
    act: Alliance, claimant: Member, respondent: Member, committee_member: User
) -> None:
    dispute = mediated(act, claimant, respondent, committee_member)

    with pytest.raises(InvalidInputError):
        escalate_dispute(act, dispute.code, reason=" ", actor=committee_member, at=timezone.now())
    ended = escalate_dispute(act, dispute.code, reason="No settlement.", actor=committee_member, at=timezone.now())

    assert ended.state == DisputeState.ESCALATED


def test_only_the_claimant_withdraws(act: Alliance, claimant: Member, respondent: Member) -> None:
    dispute = file(act, claimant, respondent)

    with pytest.raises(InvalidInputError):
        withdraw_dispute(act, dispute.code, respondent[0].code, actor=respondent[1], at=timezone.now())
    ended = withdraw_dispute(act, dispute.code, claimant[0].code, actor=claimant[1], at=timezone.now())

    assert ended.state == DisputeState.WITHDRAWN


def test_deadlines_are_reminded_of_once_before_and_once_after(
    act: Alliance, claimant: Member, respondent: Member, committee_member: User
) -> None:
    dispute = mediated(act, claimant, respondent, committee_member)
    due = timezone.now() + timedelta(days=(dispute.due_on - timezone.localdate()).days)

    for at in (due, due, due + timedelta(days=2)):
        remind_of_disputes(act, at=at)

    kinds = list(
        Notification.objects.of(act)
        .filter(user=claimant[1], kind__in=["dispute_soon", "dispute_late"])
        .order_by("id")
        .values_list("kind", flat=True)
    )
    assert kinds == ["dispute_soon", "dispute_late"]


def test_an_open_dispute_stands_in_the_way_of_an_exit_by_its_code_alone(
    act: Alliance, claimant: Member, respondent: Member
) -> None:
    dispute = make_dispute(claimant[0], respondent[0])

    (duty,) = [duty for duty in list_open_duties(act, claimant[0], NOON) if duty.key.startswith("dispute:")]

    assert duty.key == f"dispute:{dispute.code}"
    assert duty.hand_over is None
    assert respondent[0].name not in str(duty.label)


def test_lists_cost_a_fixed_number_of_queries(
    act: Alliance, claimant: Member, respondent: Member, committee_member: User, django_assert_num_queries: Any
) -> None:
    for _number in range(4):
        make_dispute(claimant[0], respondent[0])
    reader = User.objects.get(pk=committee_member.pk)
    list(list_committee_disputes(act, reader))

    with django_assert_num_queries(1):
        rows = list(list_committee_disputes(act, reader))

    assert len(rows) == 4
    assert {row.claimant.code for row in rows} == {claimant[0].code}
