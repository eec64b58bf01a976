"""Admission: what an applicant and the office do to a file, what is refused, what people are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.utils import timezone

from alliance.actions.files import open_for_reader
from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    TransitionRefusedError,
)
from alliance.kernel.permissions import can
from alliance.kernel.uploads import UploadRefusedError
from alliance.kernel.working_days import add_working_days
from alliance.models import (
    Alliance,
    AuditEntry,
    AuditPersonal,
    InboxItem,
    Invitation,
    Notification,
    OutboxEvent,
    StoredFile,
    User,
)
from groups.choices import GroupKind
from members.actions import application as acts
from members.actions.application_letter import digest_of, link_of, list_unmailed_letters, mail_letter
from members.choices import KIND_SUBKINDS, ApplicationState, InstitutionKind, InstitutionState
from members.models import (
    Application,
    ApplicationEvidence,
    ApplicationLetter,
    ElementSupply,
    Institution,
    InstitutionStanding,
)
from members.permissions import SCREEN_APPLICATION, VIEW_APPLICATION
from members.selectors.admission import REQUIREMENTS, check_completeness, field_labels, missing_points
from members.signals import APPLICATION_DECIDED, APPLICATION_SUBMITTED
from tests.factories.admission import (
    PDF,
    application_values,
    make_application,
    make_complete,
    make_uscc,
    token_of,
)
from tests.factories.alliance import make_member, make_user
from tests.factories.groups import make_conflict, make_seat
from tests.factories.members import make_institution, make_staff

NOW = timezone.now()
THINK_TANK = InstitutionKind.INDUSTRY_THINK_TANK


def verbs(record: Any) -> list[str]:
    """Acts on record, oldest first."""
    return list(
        AuditEntry.objects.filter(object_type=record._meta.label_lower, object_id=str(getattr(record, "uuid", record.pk)))
        .order_by("id")
        .values_list("verb", flat=True)
    )


# ------------------------------------------------------------------------------------------------ requirements


def test_each_of_the_seven_kinds_has_questions_of_its_own_and_its_evidence() -> None:
    assert set(REQUIREMENTS) == set(InstitutionKind.values)
    for needs in REQUIREMENTS.values():
        assert {"legal_status", "element_statement", "authorisation"} <= set(needs.evidence)
        assert len(needs.evidence) >= 4
        assert len({question.key for question in needs.questions}) == len(needs.questions) >= 3
    assert len({frozenset(q.key for q in needs.questions) for needs in REQUIREMENTS.values()}) == 7


@pytest.mark.parametrize("kind", InstitutionKind.values)
def test_a_file_that_holds_everything_is_complete_and_each_point_missing_is_named(act: Alliance, kind: str) -> None:
    application = make_application(act, kind, evidence=False, sent=False)
    everything = set(REQUIREMENTS[kind].evidence)

    assert missing_points(application, everything) == []
    for point in check_completeness(application, everything):
        assert point.met
        assert point.field in {*field_labels(kind), "contact_name"}
    for evidence in everything:
        assert [point.field for point in missing_points(application, everything - {evidence})] == [f"evidence_{evidence}"]
    for question in REQUIREMENTS[kind].questions:
        kept = application.answers.pop(question.key)
        expected = [f"answer_{question.key}"] if question.required else []
        assert [point.field for point in missing_points(application, everything)] == expected
        application.answers[question.key] = kept
    application.elements[0]["statement"] = " "
    assert [point.field for point in missing_points(application, everything)] == ["element_1"]


# ------------------------------------------------------------------------------------------------ the applicant


def test_nobody_is_told_of_an_application_before_its_applicant_sends_it(
    act: Alliance, secretary: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        application = make_application(act, sent=False)

    assert application.state == ApplicationState.UNCONFIRMED
    assert not InboxItem.objects.of(act).exists()
    assert not Notification.objects.of(act).exists()
    assert not OutboxEvent.objects.of(act).exists()
    assert [message.to for message in mail.outbox] == [[application.contact_email]]
    assert link_of(act, application) in mail.outbox[0].body


def test_the_database_keeps_the_digest_of_the_link_and_no_letter_holds_it(act: Alliance) -> None:
    application = make_application(act, sent=False)
    token = token_of(application)

    assert application.access_digest == digest_of(token)
    assert token not in "".join(ApplicationLetter.objects.of(act).values_list("body", flat=True))
    assert token not in "".join(AuditEntry.objects.values_list("record", flat=True))


def test_personal_data_stand_beside_the_audit_log_not_in_it(act: Alliance) -> None:
    application = make_application(act, sent=False)

    entry = AuditEntry.objects.get(object_id=str(application.uuid), verb="start_application")
    assert "Zhou Min" not in entry.record
    assert application.contact_email not in entry.record
    assert {"contact_name", "contact_email"} <= set(
        AuditPersonal.objects.filter(entry_id=entry.pk).values_list("path", flat=True)
    )


def test_a_letter_goes_out_once_in_the_applicants_language_even_when_its_message_was_lost(act: Alliance) -> None:
    make_application(act, sent=False, language="zh-hans")
    letter = ApplicationLetter.objects.of(act).get()

    assert list_unmailed_letters(act, at=timezone.now() + timedelta(minutes=2)) == [letter.pk]
    assert mail_letter(act.pk, letter.pk)
    assert not mail_letter(act.pk, letter.pk)

    assert len(mail.outbox) == 1
    assert list_unmailed_letters(act, at=timezone.now() + timedelta(minutes=2)) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name_en": "", "name_zh": ""}, "name_en"),
        ({"region": "Atlantis"}, "region"),
        ({"country": "XX"}, "country"),
        ({"registry_code": "91310000MA1K000001"}, "registry_code"),
        ({"web": "not a site"}, "web"),
        ({"contact_email": "nobody"}, "contact_email"),
        ({"contact_email": ""}, "contact_email"),
        ({"contact_name": " "}, "contact_name"),
        ({"elements": []}, "element_1"),
        ({"elements": [{"element": "gold", "scale": "meso", "statement": "x"}]}, "element_1"),
        ({"elements": [{"element": "policy", "statement": "x"}, {"element": "policy", "statement": "y"}]}, "element_2"),
        ({"elements": [{"element": "", "statement": "x"}]}, "element_1"),
        ({"elements": [{"element": "policy", "statement": "x" * 601}]}, "statement_1"),
        ({"answers": {"fields": "x" * 2001}}, "answer_fields"),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused_at_its_field(act: Alliance, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        acts.start_application(act, THINK_TANK, values=application_values(**changes), language="en", at=NOW)

    assert list(refusal.value.fields) == [field]
    assert not Application.objects.of(act).exists()


def test_an_applicant_that_looks_like_a_member_is_asked_once_more(act: Alliance) -> None:
    code = make_uscc(77)
    make_institution(act, registry_scheme="uscc", registry_code=code)
    values = application_values(registry_code=code)

    with pytest.raises(InvalidInputError) as refusal:
        acts.start_application(act, THINK_TANK, values=values, language="en", at=NOW)
    kept = acts.start_application(act, THINK_TANK, values=values, language="en", duplicate_confirmed=True, at=NOW)

    assert refusal.value.code == "institution_known"
    assert list(refusal.value.fields) == ["duplicate_confirmed"]
    assert kept.pk


def test_the_public_is_not_told_of_members_that_were_expelled(act: Alliance) -> None:
    make_institution(act, registry_scheme="uscc", registry_code=make_uscc(78), state=InstitutionState.EXPELLED)

    assert make_application(act, sent=False, registry_code=make_uscc(78)).pk


def test_sending_starts_ten_working_days_for_the_office(act: Alliance, secretary: User) -> None:
    application = make_application(act)

    assert application.state == ApplicationState.SUBMITTED
    item = InboxItem.objects.of(act).get(done_at=None)
    assert item.due_at == application.due_at == add_working_days(application.submitted_at or NOW, 10)
    assert OutboxEvent.objects.of(act).filter(kind=APPLICATION_SUBMITTED).count() == 1
    assert verbs(application)[-1] == "submit_application"
    with pytest.raises(TransitionRefusedError):
        acts.submit_application(act, token_of(application), at=NOW)


def test_a_wrong_link_and_that_of_another_alliance_open_nothing(act: Alliance, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        foreign = make_application(other_alliance, sent=False)
    for token in ("wrong", token_of(foreign)):
        with pytest.raises(NotFoundError):
            acts.submit_application(act, token, at=NOW)
        with pytest.raises(NotFoundError):
            acts.change_application(act, token, values=application_values(), at=NOW)
        with pytest.raises(NotFoundError):
            acts.withdraw_application(act, token, at=NOW)
        with pytest.raises(NotFoundError):
            acts.add_evidence(act, token, kind="other", file=ContentFile(PDF, name="a.pdf"), at=NOW)
    with tenancy.acting_in(other_alliance):
        assert Application.objects.get(pk=foreign.pk).state == ApplicationState.UNCONFIRMED


def test_evidence_can_be_added_and_taken_back_until_the_check_begins(act: Alliance, secretary: User) -> None:
    application = make_application(act, evidence=False)
    token = token_of(application)
    kept = acts.add_evidence(act, token, kind="other", file=ContentFile(PDF, name="brief.pdf"), at=NOW)
    gone = acts.add_evidence(act, token, kind="other", file=ContentFile(PDF, name="other.pdf"), at=NOW)

    acts.remove_evidence(act, token, gone.pk, at=NOW)

    assert list(ApplicationEvidence.objects.of(act).values_list("pk", flat=True)) == [kept.pk]
    assert StoredFile.objects.of(act).count() == 1
    acts.start_screening(act, application.code, actor=secretary, at=NOW)
    with pytest.raises(DomainError) as refusal:
        acts.remove_evidence(act, token, kept.pk, at=NOW)
    assert refusal.value.code == "application_closed"
    with pytest.raises(DomainError):
        acts.change_application(act, token, values=application_values(), at=NOW)


def test_a_file_of_a_type_that_is_not_taken_or_one_too_many_is_refused(act: Alliance) -> None:
    token = token_of(make_application(act, evidence=False, sent=False))
    with pytest.raises(UploadRefusedError):
        acts.add_evidence(act, token, kind="other", file=ContentFile(b"<html></html>", name="a.html"), at=NOW)
    with pytest.raises(UploadRefusedError):
        acts.add_evidence(act, token, kind="other", file=ContentFile(b"MZ\x90\x00", name="a.pdf"), at=NOW)
    with pytest.raises(InvalidInputError):
        acts.add_evidence(act, token, kind="gold", file=ContentFile(PDF, name="a.pdf"), at=NOW)
    for number in range(acts.EVIDENCE_LIMIT):
        acts.add_evidence(act, token, kind="other", file=ContentFile(PDF, name=f"{number}.pdf"), at=NOW)
    with pytest.raises(InvalidInputError) as refusal:
        acts.add_evidence(act, token, kind="other", file=ContentFile(PDF, name="more.pdf"), at=NOW)
    assert refusal.value.code == "too_many_files"


def test_withdrawing_closes_the_file_and_the_offices_task(act: Alliance, secretary: User) -> None:
    application = make_application(act)

    acts.withdraw_application(act, token_of(application), at=NOW)

    application.refresh_from_db()
    assert application.state == ApplicationState.WITHDRAWN
    assert not InboxItem.objects.of(act).filter(done_at=None).exists()
    with pytest.raises(TransitionRefusedError):
        acts.withdraw_application(act, token_of(application), at=NOW)
    with pytest.raises(TransitionRefusedError):
        acts.start_screening(act, application.code, actor=secretary, at=NOW)


# ------------------------------------------------------------------------------------------------ the office


def test_the_office_sends_back_everything_at_once_in_the_applicants_language(
    act: Alliance, secretary: User, django_capture_on_commit_callbacks: Any
) -> None:
    application = make_application(act, evidence=False, language="en")
    acts.start_screening(act, application.code, actor=secretary, at=NOW)
    points = {"evidence_legal_status": "The certificate is missing.", "answer_studies": "Add the years."}

    with django_capture_on_commit_callbacks(execute=True):
        acts.return_application(act, application.code, points=points, actor=secretary, at=NOW)

    application.refresh_from_db()
    assert application.state == ApplicationState.RETURNED
    assert [point["field"] for point in application.returned_points] == ["answer_studies", "evidence_legal_status"]
    body = str(mail.outbox[-1].body)
    assert "The certificate is missing." in body
    assert "Add the years." in body
    assert not InboxItem.objects.of(act).filter(done_at=None).exists()
    again = acts.submit_application(act, token_of(application), at=NOW)
    assert again.state == ApplicationState.SCREENING
    assert InboxItem.objects.of(act).filter(done_at=None).count() == 1


def test_nothing_or_an_unknown_field_cannot_be_sent_back(act: Alliance, secretary: User) -> None:
    application = make_application(act)
    acts.start_screening(act, application.code, actor=secretary, at=NOW)
    for points in ({}, {"answer_studies": "  "}, {"answer_reach": "not asked of this kind"}):
        with pytest.raises(InvalidInputError):
            acts.return_application(act, application.code, points=points, actor=secretary, at=NOW)


def test_an_incomplete_file_is_neither_marked_complete_nor_put_to_a_vote(act: Alliance, secretary: User) -> None:
    application = make_application(act, evidence=False)
    acts.start_screening(act, application.code, actor=secretary, at=NOW)

    with pytest.raises(InvalidInputError) as refusal:
        acts.complete_application(act, application.code, actor=secretary, at=NOW)
    Application.objects.filter(pk=application.pk).update(state=ApplicationState.COMPLETE)
    with pytest.raises(InvalidInputError) as vote:
        acts.begin_vote(act, application.code, decision_reference="M-0001", actor=secretary, at=NOW)

    assert set(refusal.value.details["missing"]) == {f"evidence_{kind}" for kind in REQUIREMENTS[THINK_TANK].evidence}
    assert refusal.value.who
    assert vote.value.code == "application_incomplete"


@pytest.mark.parametrize("role", [AllianceRole.AUDITOR, AllianceRole.COMMITTEE, AllianceRole.EDITOR])
def test_only_the_secretariat_checks_applications(act: Alliance, role: str) -> None:
    application = make_application(act)
    actor = make_member(act, role)
    calls: tuple[Callable[[], object], ...] = (
        lambda: acts.start_screening(act, application.code, actor=actor, at=NOW),
        lambda: acts.return_application(act, application.code, points={"web": "x"}, actor=actor, at=NOW),
        lambda: acts.complete_application(act, application.code, actor=actor, at=NOW),
        lambda: acts.reopen_screening(act, application.code, actor=actor, at=NOW),
        lambda: acts.begin_vote(act, application.code, decision_reference="M-1", actor=actor, at=NOW),
        lambda: acts.give_reasons(act, application.code, reason="x", actor=actor, at=NOW),
    )
    for call in calls:
        with pytest.raises(PermissionRefusedError) as refusal:
            call()
        assert refusal.value.who
    application.refresh_from_db()
    assert application.state == ApplicationState.SUBMITTED


def test_the_secretary_of_another_alliance_meets_nothing(act: Alliance, stranger: User) -> None:
    application = make_application(act)

    with pytest.raises(PermissionRefusedError):
        acts.start_screening(act, application.code, actor=stranger, at=NOW)


def test_who_stands_aside_from_an_application_neither_reads_it_nor_its_evidence(act: Alliance) -> None:
    application = make_application(act)
    file = ApplicationEvidence.objects.of(act).select_related("file").first()
    assert file is not None
    member = make_member(act, AllianceRole.COMMITTEE)
    institution = make_institution(act)
    make_staff(institution, member)
    make_seat(institution, GroupKind.COMMITTEE)
    assert can(member, VIEW_APPLICATION, application)
    open_for_reader(act, file.file.uuid, reader=member)[1].close()

    make_conflict(institution, f"application:{application.code}")

    assert not can(member, VIEW_APPLICATION, application)
    assert not can(member, SCREEN_APPLICATION, application)
    with pytest.raises(NotFoundError):
        open_for_reader(act, file.file.uuid, reader=member)
    with pytest.raises(NotFoundError):
        open_for_reader(act, file.file.uuid, reader=make_user())


# ------------------------------------------------------------------------------------------------ the decision


def decided(act: Alliance, secretary: User, *, accepted: bool, reason: str = "", **more: Any) -> Application:
    """An application decided by motion M-0007."""
    application = make_complete(act, secretary, **more)
    acts.begin_vote(act, application.code, decision_reference="M-0007", actor=secretary, at=NOW)
    found = acts.decide_application(
        act, application.code, accepted=accepted, decision_reference="M-0007", reason=reason, at=NOW
    )
    assert found is not None
    return found


@pytest.mark.parametrize("kind", InstitutionKind.values)
def test_an_admitted_applicant_of_each_kind_waits_for_the_charter_with_what_it_offered(
    act: Alliance, secretary: User, kind: str
) -> None:
    application = decided(act, secretary, accepted=True, kind=kind)

    institution = application.institution
    assert institution is not None
    assert institution.state == InstitutionState.CHARTER_PENDING
    assert institution.kind == kind
    assert institution.subkind == (KIND_SUBKINDS[kind][0] if kind in KIND_SUBKINDS else "")
    period = InstitutionStanding.objects.of(act).get(institution=institution)
    assert (period.state, period.ends_at, period.decision_reference) == (InstitutionState.CHARTER_PENDING, None, "M-0007")
    supply = ElementSupply.objects.of(act).get(institution=institution)
    assert supply.strength is None
    assert supply.evidence_zh.startswith("Twelve")


def test_the_representative_is_invited_and_the_letter_of_admission_goes_out(act: Alliance, secretary: User) -> None:
    application = decided(act, secretary, accepted=True, representative_email="head@example.org", language="en")

    invitation = Invitation.objects.of(act).get()
    assert invitation.email == "head@example.org"
    assert invitation.language == "en"
    assert invitation.grants == [
        {"scope": "institution", "role": "representative", "institution": application.institution.code}  # type: ignore[union-attr]
    ]
    letter = ApplicationLetter.objects.of(act).get(kind="accepted")
    assert "head@example.org" in letter.body
    assert "M-0007" in letter.body
    assert OutboxEvent.objects.of(act).get(kind=APPLICATION_DECIDED).payload["accepted"] is True


def test_a_refusal_is_told_only_with_its_reasons(act: Alliance, secretary: User) -> None:
    application = decided(act, secretary, accepted=False)
    assert application.state == ApplicationState.REJECTED
    assert not ApplicationLetter.objects.of(act).filter(kind="rejected").exists()
    assert InboxItem.objects.of(act).filter(done_at=None, kind=acts.TO_REASON).count() == 1
    with pytest.raises(InvalidInputError):
        acts.give_reasons(act, application.code, reason=" ", actor=secretary, at=NOW)

    acts.give_reasons(act, application.code, reason="The field is outside the industry.", actor=secretary, at=NOW)

    assert "outside the industry" in ApplicationLetter.objects.of(act).get(kind="rejected").body
    assert not InboxItem.objects.of(act).filter(done_at=None).exists()
    with pytest.raises(DomainError):
        acts.give_reasons(act, application.code, reason="Another.", actor=secretary, at=NOW)


def test_a_decision_comes_once_and_only_by_the_motion_it_was_put_to(act: Alliance, secretary: User) -> None:
    application = make_complete(act, secretary)
    acts.begin_vote(act, application.code, decision_reference="M-0007", actor=secretary, at=NOW)

    def decide(reference: str) -> Application | None:
        return acts.decide_application(act, application.code, accepted=True, decision_reference=reference, reason="", at=NOW)

    assert decide("M-0001") is None
    assert decide("M-0007") is not None
    assert decide("M-0007") is None
    assert Institution.objects.of(act).count() == 1


def test_a_vote_without_quorum_puts_the_application_back(act: Alliance, secretary: User) -> None:
    application = make_complete(act, secretary)
    acts.begin_vote(act, application.code, decision_reference="M-0007", actor=secretary, at=NOW)

    acts.note_no_decision(act, application.code, decision_reference="M-0007", at=NOW)

    application.refresh_from_db()
    assert application.state == ApplicationState.COMPLETE
    assert InboxItem.objects.of(act).filter(done_at=None, kind=acts.TO_DECIDE).count() == 1


def test_an_application_withdrawn_during_the_vote_is_not_decided(act: Alliance, secretary: User) -> None:
    application = make_complete(act, secretary)
    acts.begin_vote(act, application.code, decision_reference="M-0007", actor=secretary, at=NOW)
    acts.withdraw_application(act, token_of(application), at=NOW)

    found = acts.decide_application(act, application.code, accepted=True, decision_reference="M-0007", reason="", at=NOW)

    assert found is None
    assert not Institution.objects.of(act).exists()


def test_a_former_member_comes_back_to_its_old_entry_with_its_history(act: Alliance, secretary: User) -> None:
    code = make_uscc(79)
    former = make_institution(
        act, code="I-0900", registry_scheme="uscc", registry_code=code, state=InstitutionState.WITHDRAWN
    )

    application = decided(act, secretary, accepted=True, registry_code=code)

    former.refresh_from_db()
    assert application.institution_id == former.pk
    assert former.state == InstitutionState.CHARTER_PENDING
    assert Institution.objects.of(act).count() == 1


def test_an_applicant_that_looks_like_a_merged_entry_becomes_the_entry_that_stays(act: Alliance, secretary: User) -> None:
    code = make_uscc(80)
    kept = make_institution(act, state=InstitutionState.LAPSED)
    make_institution(act, registry_scheme="uscc", registry_code=code, state=InstitutionState.MERGED, merged_into=kept)

    application = decided(act, secretary, accepted=True, registry_code=code)

    kept.refresh_from_db()
    assert application.institution_id == kept.pk
    assert kept.state == InstitutionState.CHARTER_PENDING


# ------------------------------------------------------------------------------------------------ time


def test_an_application_never_sent_expires_and_leaves_no_file_and_no_name(act: Alliance) -> None:
    application = make_application(act, sent=False)
    names = [stored.storage_name for stored in StoredFile.objects.of(act)]

    assert acts.expire_applications(act, at=(application.due_at or NOW) - timedelta(seconds=1)) == 0
    assert acts.expire_applications(act, at=application.due_at or NOW) == 1

    application.refresh_from_db()
    assert application.state == ApplicationState.EXPIRED
    assert (application.contact_name, application.contact_email, application.answers) == ("", "", {})
    assert not ApplicationEvidence.objects.of(act).exists()
    assert not StoredFile.objects.of(act).exists()
    assert names


def test_a_file_sent_back_is_reminded_of_once_and_then_expires_with_a_letter(act: Alliance, secretary: User) -> None:
    application = make_application(act)
    acts.start_screening(act, application.code, actor=secretary, at=NOW)
    application = acts.return_application(act, application.code, points={"web": "Missing."}, actor=secretary, at=NOW)
    due = application.due_at or NOW

    assert acts.remind_of_applications(act, at=due - timedelta(days=8)) == 0
    assert acts.remind_of_applications(act, at=due - timedelta(days=6)) == 1
    assert acts.remind_of_applications(act, at=due - timedelta(days=5)) == 0
    assert acts.expire_applications(act, at=due) == 1
    assert acts.expire_applications(act, at=due) == 0

    assert {"reminder", "closed"} <= set(ApplicationLetter.objects.of(act).values_list("kind", flat=True))
    assert ApplicationEvidence.objects.of(act).exists()


def test_the_office_is_reminded_before_the_ten_working_days_end_and_when_they_are_over(
    act: Alliance, secretary: User
) -> None:
    due = make_application(act).due_at or NOW

    assert acts.remind_of_applications(act, at=due - timedelta(days=3)) == 0
    assert acts.remind_of_applications(act, at=due - timedelta(days=1)) == 1
    assert acts.remind_of_applications(act, at=due - timedelta(hours=1)) == 0
    assert acts.remind_of_applications(act, at=due + timedelta(hours=1)) == 1


@pytest.mark.django_db
def test_working_days_leave_out_the_weekend() -> None:
    friday = timezone.make_aware(timezone.datetime(2026, 11, 20, 16, 0))  # type: ignore[attr-defined]

    assert timezone.localtime(add_working_days(friday, 0)).day == 20
    assert timezone.localtime(add_working_days(friday, 1)).strftime("%m-%d %H:%M") == "11-23 23:59"  # Monday to its end
    assert timezone.localtime(add_working_days(friday, 10)).strftime("%m-%d") == "12-04"
