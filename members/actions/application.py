"""Admission: from the public form over the check and the committee's decision to the admitted institution (S1).

Source: charter, article 6: the secretariat checks within ten working days and lists everything missing at once; the
management committee decides by two-thirds of those present and gives its reasons in writing; membership begins when the
applicant accepts the charter. Applicants have no account: a private link opens their file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.files import delete_stored, store_upload
from alliance.actions.invitations import invite_by_decision
from alliance.actions.notifications import notify
from alliance.choices import AllianceRole
from alliance.kernel import uploads
from alliance.kernel.codes import next_code
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.texts import Text, texts
from alliance.kernel.working_days import add_working_days, end_of
from alliance.models import RoleAssignment, User
from members.actions import application_letter as letters
from members.actions.institution import next_institution_code, take_step
from members.actions.standing import set_standing
from members.choices import (
    RIGHTS_ENDED,
    ApplicationState,
    Element,
    EvidenceKind,
    InstitutionState,
    Scale,
    StaffRole,
)
from members.models import Application, ApplicationEvidence, ElementSupply, Institution
from members.permissions import SCREEN_APPLICATION, VIEW_APPLICATION
from members.selectors.admission import (
    ANSWER_MAX_LENGTH,
    ELEMENT_ROWS,
    REQUIREMENTS,
    STATEMENT_MAX_LENGTH,
    field_labels,
    missing_points,
)
from members.selectors.application import evidence_kinds, find_members_like, find_present_member
from members.selectors.institution_values import Fault, check_entry, fault_text, has_control_characters
from members.signals import APPLICATION_DECIDED, APPLICATION_SUBMITTED, APPLICATION_WITHDRAWN
from members.transitions import (
    ACCEPT_APPLICATION,
    COMPLETE_APPLICATION,
    EXPIRE_APPLICATION,
    PUT_TO_VOTE,
    READMIT_FORMER,
    REJECT_APPLICATION,
    REOPEN_SCREENING,
    RESUBMIT_APPLICATION,
    RETURN_APPLICATION,
    START_SCREENING,
    SUBMIT_APPLICATION,
    UNDECIDED_APPLICATION,
    WITHDRAW_APPLICATION,
)

if TYPE_CHECKING:
    from alliance.models import Alliance
    from members.selectors.institution_values import Entry

SCREENING_WORKING_DAYS = 10
"""Time of the secretariat to check (charter, article 6)."""
CONFIRM_WITHIN = timedelta(days=14)
"""How long an application waits for its applicant to send it."""
COMPLETE_WITHIN = timedelta(days=30)
"""How long a file that was sent back waits for completion."""
REMIND_BEFORE = timedelta(days=7)
WARN_BEFORE = timedelta(days=2)
EVIDENCE_LIMIT = 20
MEGABYTE = 1024 * 1024
EVIDENCE_TOTAL_BYTES = 100 * MEGABYTE
"""All files of one application together: five of the largest size taken."""
EDITABLE = frozenset({ApplicationState.UNCONFIRMED, ApplicationState.SUBMITTED, ApplicationState.RETURNED})
"""States in which the applicant may change the file."""
PURPOSE = "members.application_evidence"


def _owning_application(stored: Any) -> Application | None:
    row = ApplicationEvidence.objects.of(stored.alliance).select_related("application").filter(file=stored).first()
    return row.application if row else None


uploads.purposes.register(
    PURPOSE,
    uploads.Purpose(
        PURPOSE,
        gettext_lazy("evidence of an application"),
        frozenset({"pdf", "png", "jpeg", "docx", "xlsx"}),
        max_bytes=20 * 1024 * 1024,
        owner=_owning_application,
    ),
)
TO_SCREEN, TO_DECIDE, TO_REASON, SCREENING_LATE = (
    "members.application_to_screen",
    "members.application_to_decide",
    "members.application_to_reason",
    "members.application_screening_late",
)
texts.register(
    TO_SCREEN,
    Text(
        title=gettext_lazy("Check the application of %(name)s"),
        body=gettext_lazy("%(code)s: check within ten working days; list everything missing at once."),
        verb=gettext_lazy("Check"),
        icon="file-search",
        mails=False,
    ),
)
texts.register(
    TO_DECIDE,
    Text(
        title=gettext_lazy("Put the application of %(name)s to the committee"),
        body=gettext_lazy("%(code)s is complete; the committee decides by two-thirds of those present."),
        verb=gettext_lazy("Put to the committee"),
        icon="gavel",
        mails=False,
    ),
)
texts.register(
    TO_REASON,
    Text(
        title=gettext_lazy("Write the reasons for not admitting %(name)s"),
        body=gettext_lazy("The committee decided on %(code)s; the applicant is told with the reasons."),
        verb=gettext_lazy("Write the reasons"),
        icon="pencil",
        mails=False,
    ),
)
texts.register(
    SCREENING_LATE,
    Text(
        title=gettext_lazy("The check of %(name)s is due"),
        body=gettext_lazy("%(code)s: the ten working days end soon, or are over."),
        icon="alarm-clock",
    ),
)


# --------------------------------------------------------------------------------------------------- helpers


def _by_token(alliance: Alliance, token: str) -> Application:
    """The application of a private link, locked.

    Raises:
        NotFoundError: No such link here.
    """
    application = Application.objects.of(alliance).select_for_update().filter(access_digest=letters.digest_of(token)).first()
    if application is None:
        raise NotFoundError
    return application


def _by_code(alliance: Alliance, code: str) -> Application:
    application = Application.objects.of(alliance).select_for_update().filter(code=code).first()
    if application is None:
        raise NotFoundError
    return application


def _refuse(words: Any, code: str, field: str = "", **more: Any) -> InvalidInputError:
    return InvalidInputError(words, code=code, fields={field: words} if field else {}, **more)


FIELD_OF = {"country_code": "country", "region_code": "region"}


def _checked_entry(kind: str, values: Mapping[str, Any]) -> Entry:
    given = {
        name: str(values.get(name, ""))
        for name in ("name_en", "name_zh", "country", "region", "registry_code", "web", "contact_email", "subkind")
    }
    if kind not in REQUIREMENTS:
        raise _refuse(_("Choose one of the seven kinds."), "kind_missing", "kind")
    everything = "".join([*given.values(), *map(str, values.get("answers", {}).values()), str(values.get("elements", ""))])
    entry: Entry | Fault
    entry = Fault("control", {}) if has_control_characters(everything) else check_entry(kind=kind, **given)
    if isinstance(entry, Fault):
        from members.selectors.institution_values import FAULT_FIELDS  # noqa: PLC0415 - beside its use

        field = FAULT_FIELDS.get(entry.code, "")
        words = fault_text(entry.code, entry.params)
        raise _refuse(words, f"entry_{entry.code}", FIELD_OF.get(field, field))
    if not entry.contact_email:
        raise _refuse(
            _("Give an e-mail address: the link to the application goes there."), "contact_missing", "contact_email"
        )
    return entry


def _checked_elements(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    seen: set[str] = set()
    checked = []
    for place, row in enumerate(rows[:ELEMENT_ROWS], 1):
        element, scale = row.get("element", ""), row.get("scale", "") or Scale.MESO
        statement = row.get("statement", "").strip()
        if not element:
            if statement:
                raise _refuse(_("Choose the element that this statement is about."), "element_missing", f"element_{place}")
            continue
        if element not in Element.values or scale not in Scale.values:
            raise _refuse(_("Choose an element and a scale from the list."), "element_unknown", f"element_{place}")
        if element in seen:
            raise _refuse(_("This element stands in a row above already."), "element_twice", f"element_{place}")
        if len(statement) > STATEMENT_MAX_LENGTH:
            raise _refuse(
                _("At most %(most)s characters.") % {"most": STATEMENT_MAX_LENGTH}, "too_long", f"statement_{place}"
            )
        seen.add(element)
        checked.append({"element": str(element), "scale": str(scale), "statement": statement})
    if not checked:
        raise _refuse(_("Name at least one element that you bring."), "element_missing", "element_1")
    return checked


def _checked_answers(kind: str, answers: Mapping[str, str]) -> dict[str, str]:
    kept = {}
    for question in REQUIREMENTS[kind].questions:
        text = str(answers.get(question.key, "")).strip()
        if len(text) > ANSWER_MAX_LENGTH:
            raise _refuse(
                _("At most %(most)s characters.") % {"most": ANSWER_MAX_LENGTH}, "too_long", f"answer_{question.key}"
            )
        if text:
            kept[question.key] = text
    return kept


def _fill(application: Application, values: Mapping[str, Any]) -> None:
    entry = _checked_entry(application.kind, values)
    application.subkind = entry.subkind
    application.name_en, application.name_zh, application.name_key = entry.name_en, entry.name_zh, entry.name_key
    application.country_code, application.region_code = entry.country_code, entry.region_code
    application.registry_scheme, application.registry_code = entry.registry_scheme, entry.registry_code
    application.web, application.contact_email = entry.web, entry.contact_email
    application.contact_name = str(values.get("contact_name", "")).strip()[:120]
    application.contact_phone = str(values.get("contact_phone", "")).strip()[:40]
    application.representative_name = str(values.get("representative_name", "")).strip()[:120]
    application.representative_email = str(values.get("representative_email", "")).strip()[:254]
    if not application.contact_name:
        raise _refuse(_("Name a person whom the secretariat can ask."), "contact_missing", "contact_name")
    application.elements = _checked_elements(values.get("elements", []))
    application.answers = _checked_answers(application.kind, values.get("answers", {}))


def _personal(application: Application) -> dict[str, str]:
    names = (
        "name_en",
        "name_zh",
        "contact_name",
        "contact_email",
        "contact_phone",
        "representative_name",
        "representative_email",
    )
    return {name: getattr(application, name) for name in names if getattr(application, name)}


def _clear(application: Application) -> dict[str, Any]:
    return {
        "code": application.code,
        "kind": application.kind,
        "country_code": application.country_code,
        "region_code": application.region_code,
        "registry_code": application.registry_code,
        "elements": [row["element"] for row in application.elements],
        "answered": sorted(application.answers),
    }


def _move(application: Application, step: Any, *, actor: User | None, at: datetime, **also: Any) -> None:
    """Write a checked step: state, other fields, audit."""
    before = application.state
    application.state = step.target
    for name, value in also.items():
        setattr(application, name, value)
    application.save(update_fields=["state", *also])
    record_audit(
        application,
        actor=actor,
        verb=step.name,
        before={"state": before},
        after={"state": application.state, **({"due_at": application.due_at} if "due_at" in also else {})},
        at=at,
    )


def _words(application: Application) -> dict[str, str]:
    return {
        "code": application.code,
        "name_en": application.name_en or application.name_zh,
        "name_zh": application.name_zh or application.name_en,
    }


def _ask_office(application: Application, kind: str, at: datetime, due_at: datetime | None = None) -> None:
    inbox.ask(
        application.alliance,
        kind,
        f"{kind.partition('.')[2]}:{application.code}",
        inbox.office(),
        params=_words(application),
        url_name="application_detail",
        url_kwargs={"code": application.code},
        at=at,
        due_at=due_at,
    )


def _settle_office(application: Application, kind: str, by: User | None, at: datetime) -> None:
    inbox.settle(application.alliance, f"{kind.partition('.')[2]}:{application.code}", by=by, at=at)


def _end_of_day(moment: datetime) -> datetime:
    """The end of a moment's day."""
    return end_of(timezone.localtime(moment).date())


# --------------------------------------------------------------------------------------------------- the applicant


@transaction.atomic
def start_application(
    alliance: Alliance,
    kind: str,
    *,
    values: Mapping[str, Any],
    language: str,
    duplicate_confirmed: bool = False,
    at: datetime,
) -> Application:
    """Keep what an applicant filled in and mail the private link; nobody in the alliance is told yet.

    Args:
        alliance: The tenant.
        kind: One of the seven kinds.
        values: ``name_en``, ``name_zh``, ``subkind``, ``country``, ``region``, ``registry_code``, ``web``, ``contact_name``,
            ``contact_email``, ``contact_phone``, ``representative_name``, ``representative_email``, ``elements``
            (``[{"element", "scale", "statement"}]``) and ``answers`` (question key -> text).
        language: ``en`` or ``zh-hans``; letters are written in it.
        duplicate_confirmed: The applicant was told that a member looks the same, and applies all the same.
        at: Now.

    Raises:
        InvalidInputError: A value breaks a rule, with the form's field; or a public member looks the same.
    """
    if language not in dict(settings.LANGUAGES):
        raise _refuse(_("There is no such language."), "language_unknown")
    application = Application(
        alliance=alliance,
        uuid=uuid4(),
        kind=kind,
        language=language,
        state=ApplicationState.UNCONFIRMED,
        created_at=at,
        due_at=_end_of_day(at + CONFIRM_WITHIN),
    )
    _fill(application, values)
    if not duplicate_confirmed:
        _warn_of_members(application)
    application.code = next_code(Application, alliance, "A", 4)
    application.access_digest = letters.digest_of(letters.make_link_token(application.uuid, application.created_at))
    application.save(force_insert=True)
    record_audit(
        application,
        actor=None,
        verb="start_application",
        after=_clear(application),
        personal=_personal(application),
        at=at,
    )
    letters.write_link(application, application.due_at or at, at=at)
    return application


def _warn_of_members(application: Application) -> None:
    """Tell of a member in good standing that looks the same; others are nobody's business outside the office."""
    twin = find_members_like(application).filter(state=InstitutionState.ACTIVE).first()
    if twin is not None:
        raise InvalidInputError(
            _("An institution with this name or registry code is a member already: %(name)s.") % {"name": twin.name},
            code="institution_known",
            fields={
                "duplicate_confirmed": _(
                    "%(name)s is a member already. If you work for it, ask its representative for access. "
                    "If yours is another institution, tick this box and send again."
                )
                % {"name": twin.name}
            },
        )


@transaction.atomic
def change_application(alliance: Alliance, token: str, *, values: Mapping[str, Any], at: datetime) -> Application:
    """Change what the form holds, as long as nobody checks it.

    Raises:
        NotFoundError: No such link.
        DomainError: The file is being checked, before the committee, or closed.
        InvalidInputError: A value breaks a rule, with the form's field.
    """
    application = _by_token(alliance, token)
    _require_editable(application)
    before = _clear(application)
    address = application.contact_email
    _fill(application, {**values, "contact_email": address})  # another address would have to be confirmed anew
    application.save()
    record_audit(
        application,
        actor=None,
        verb="change_application",
        before=before,
        after=_clear(application),
        personal=_personal(application),
        at=at,
    )
    return application


def _require_editable(application: Application) -> None:
    if application.state not in EDITABLE:
        raise DomainError(
            _("The application cannot be changed now: it is “%(state)s”.") % {"state": application.get_state_display()},
            code="application_closed",
            remedy=_("The secretariat sends it back to you if something is to be completed."),
        )


@transaction.atomic
def add_evidence(alliance: Alliance, token: str, *, kind: str, file: Any, at: datetime) -> ApplicationEvidence:
    """Add a file that proves something.

    Raises:
        NotFoundError: No such link.
        DomainError: The file is closed to changes.
        UploadRefusedError: Not a type that is taken, too large, not what it says, or found harmful.
        InvalidInputError: No such kind of evidence, too many files, or too much together.
    """
    application = _by_token(alliance, token)
    _require_editable(application)
    if kind not in EvidenceKind.values:
        raise _refuse(_("Choose what the file proves."), "evidence_unknown", "kind")
    if ApplicationEvidence.objects.of(alliance).filter(application=application).count() >= EVIDENCE_LIMIT:
        raise _refuse(
            _("An application holds at most %(most)s files. Remove one first, or join several in one PDF.")
            % {"most": EVIDENCE_LIMIT},
            "too_many_files",
            "file",
        )
    rows = ApplicationEvidence.objects.of(alliance).filter(application=application)
    held = rows.aggregate(total=Sum("file__size_bytes"))["total"] or 0
    if held + (file.size or 0) > EVIDENCE_TOTAL_BYTES:
        raise _refuse(
            _("The files of one application have at most %(most)s MB together; %(held)s MB are here already.")
            % {"most": EVIDENCE_TOTAL_BYTES // MEGABYTE, "held": -(-held // MEGABYTE)},
            "too_much_together",
            "file",
            remedy=_("Remove a file first, or send this one in a smaller form."),
        )
    stored = store_upload(alliance, file, PURPOSE, actor=None, permission=VIEW_APPLICATION)
    evidence = ApplicationEvidence.objects.create(
        alliance=alliance, application=application, kind=kind, file=stored, added_at=at
    )
    record_audit(
        application,
        actor=None,
        verb="add_evidence",
        after={"kind": kind, "file": stored.uuid, "sha256": stored.sha256},
        at=at,
    )
    return evidence


@transaction.atomic
def remove_evidence(alliance: Alliance, token: str, evidence_id: int, *, at: datetime) -> None:
    """Take a file back.

    Raises:
        NotFoundError: No such link, or no such file in this application.
        DomainError: The file is closed to changes.
    """
    application = _by_token(alliance, token)
    _require_editable(application)
    evidence = (
        ApplicationEvidence.objects.of(alliance)
        .select_related("file")
        .filter(application=application, pk=evidence_id)
        .first()
    )
    if evidence is None:
        raise NotFoundError
    stored = evidence.file
    record_audit(
        application, actor=None, verb="remove_evidence", before={"kind": evidence.kind, "sha256": stored.sha256}, at=at
    )
    evidence.delete()
    delete_stored(stored, actor=None)


@transaction.atomic
def submit_application(alliance: Alliance, token: str, *, at: datetime) -> Application:
    """Send the application to the secretariat, the first time or completed; the private link proves the mail address.

    Missing points do not stop it: the secretariat lists them. They stop the committee's vote.

    Raises:
        NotFoundError: No such link.
        TransitionRefusedError: It was sent already, or is closed.
    """
    application = _by_token(alliance, token)
    again = application.state == ApplicationState.RETURNED
    step = RESUBMIT_APPLICATION if again else SUBMIT_APPLICATION
    step.check(application.state)
    due_at = add_working_days(at, SCREENING_WORKING_DAYS)
    _move(application, step, actor=None, at=at, submitted_at=at, due_at=due_at)
    _ask_office(application, TO_SCREEN, at, due_at)
    letters.write_received(application, due_at, key=f"received:{at:%Y-%m-%dT%H:%M:%S.%f}", at=at)
    emit(alliance, APPLICATION_SUBMITTED, {"application": application.code, "kind": application.kind})
    return application


@transaction.atomic
def withdraw_application(alliance: Alliance, token: str, *, at: datetime) -> Application:
    """Withdraw the application; a vote that is under way has no object then.

    Raises:
        NotFoundError: No such link.
        TransitionRefusedError: It is decided, expired or withdrawn.
    """
    application = _by_token(alliance, token)
    WITHDRAW_APPLICATION.check(application.state)
    was_told = application.state != ApplicationState.UNCONFIRMED
    _move(application, WITHDRAW_APPLICATION, actor=None, at=at, due_at=None)
    _settle_all(application, None, at)
    if was_told:
        with translation.override(application.language):
            words = _("You have withdrawn the application of %(name)s.")
        letters.write_closed(application, words, key="withdrawn", at=at)
        emit(
            alliance,
            APPLICATION_WITHDRAWN,
            {"application": application.code, "decision": application.decision_reference},
        )
    return application


def _settle_all(application: Application, by: User | None, at: datetime) -> None:
    for kind in (TO_SCREEN, TO_DECIDE, TO_REASON):
        _settle_office(application, kind, by, at)


# --------------------------------------------------------------------------------------------------- the office


@transaction.atomic
def start_screening(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Application:
    """Take an application into screening.

    Raises:
        NotFoundError: No such application.
        PermissionRefusedError: Not of the secretariat, or an own institution stands aside.
        TransitionRefusedError: It is not waiting to be checked.
    """
    application = _by_code(alliance, code)
    require(actor, SCREEN_APPLICATION, application)
    START_SCREENING.check(application.state)
    _move(application, START_SCREENING, actor=actor, at=at, screened_by=actor)
    return application


@transaction.atomic
def return_application(
    alliance: Alliance, code: str, *, points: Mapping[str, str], actor: User, at: datetime
) -> Application:
    """Send an application back with everything that is missing, each point beside its field; the applicant gets a letter.

    Args:
        alliance: The tenant.
        code: The application.
        points: Field -> what is missing, in words for the applicant; fields as ``field_labels`` names them.
        actor: Needs ``members.screen_application``.
        at: Now.

    Raises:
        InvalidInputError: No point, or a field that the form does not have.
        TransitionRefusedError: It is not being checked.
    """
    application = _by_code(alliance, code)
    require(actor, SCREEN_APPLICATION, application)
    RETURN_APPLICATION.check(application.state)
    with translation.override(application.language):
        labels = {field: str(label) for field, label in field_labels(application.kind).items()}
    if unknown := set(points) - set(labels):
        raise _refuse(_("The form has no field “%(field)s”.") % {"field": sorted(unknown)[0]}, "field_unknown")
    kept = [{"field": field, "words": points[field].strip()[:500]} for field in labels if points.get(field, "").strip()]
    if not kept:
        raise _refuse(_("Say of at least one point what is missing."), "points_missing")
    due_at = _end_of_day(at + COMPLETE_WITHIN)
    _move(application, RETURN_APPLICATION, actor=actor, at=at, returned_points=kept, due_at=due_at, screened_by=actor)
    _settle_office(application, TO_SCREEN, actor, at)
    letters.write_returned(
        application,
        [(labels[point["field"]], point["words"]) for point in kept],
        due_at,
        key=f"returned:{at:%Y-%m-%dT%H:%M:%S.%f}",
        at=at,
    )
    return application


@transaction.atomic
def complete_application(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Application:
    """Mark an application as complete; refused while a point is missing.

    Raises:
        InvalidInputError: The points that are missing, by name.
        TransitionRefusedError: It is not being checked.
    """
    application = _by_code(alliance, code)
    require(actor, SCREEN_APPLICATION, application)
    COMPLETE_APPLICATION.check(application.state)
    require_complete(application)
    refuse_members_double(application)
    _move(application, COMPLETE_APPLICATION, actor=actor, at=at, returned_points=[], due_at=None, screened_by=actor)
    _settle_office(application, TO_SCREEN, actor, at)
    _ask_office(application, TO_DECIDE, at)
    letters.write_complete(application, key=f"complete:{at:%Y-%m-%dT%H:%M:%S.%f}", at=at)
    return application


def refuse_members_double(application: Application) -> None:
    """Refuse an application that carries the name or the registry code of a present member.

    Admitting it would make whoever sent it the representative of that member.

    Raises:
        DomainError: Such a member is there.
    """
    member = find_present_member(application)
    if member is not None:
        raise DomainError(
            _("%(name)s (%(code)s) is a member already, with this name or registry code.")
            % {"name": member.name, "code": member.code},
            code="institution_known",
            remedy=_("Send the application back: its applicant corrects the name, or asks the member for access."),
            who=[AllianceRole.SECRETARIAT.label],
        )


def require_complete(application: Application) -> None:
    """Refuse unless every point of a complete file is there.

    Raises:
        InvalidInputError: Names each missing point.
    """
    missing = missing_points(application, evidence_kinds(application))
    if missing:
        raise InvalidInputError(
            _("The file is incomplete: %(points)s") % {"points": " ".join(point.words for point in missing)},
            code="application_incomplete",
            remedy=_("Send it back to the applicant with these points."),
            who=[AllianceRole.SECRETARIAT.label],
            details={"missing": [point.field for point in missing]},
        )


@transaction.atomic
def reopen_screening(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Application:
    """Check a complete file once more, before it is put to the committee.

    Raises:
        TransitionRefusedError: It is not complete, or before the committee already.
    """
    application = _by_code(alliance, code)
    require(actor, SCREEN_APPLICATION, application)
    REOPEN_SCREENING.check(application.state)
    due_at = add_working_days(at, SCREENING_WORKING_DAYS)
    _move(application, REOPEN_SCREENING, actor=actor, at=at, due_at=due_at, screened_by=actor)
    _settle_office(application, TO_DECIDE, actor, at)
    _ask_office(application, TO_SCREEN, at, due_at)
    return application


# --------------------------------------------------------------------------------------------------- the committee


@transaction.atomic
def begin_vote(alliance: Alliance, code: str, *, decision_reference: str, actor: User, at: datetime) -> Application:
    """Note that an application is before the committee; the layer of motions opens the vote in the same transaction.

    Raises:
        InvalidInputError: The file is incomplete: it cannot be put to a vote.
        TransitionRefusedError: It was not marked as complete.
    """
    application = _by_code(alliance, code)
    require(actor, SCREEN_APPLICATION, application)
    PUT_TO_VOTE.check(application.state)
    require_complete(application)
    refuse_members_double(application)
    _move(application, PUT_TO_VOTE, actor=actor, at=at, decision_reference=decision_reference)
    _settle_office(application, TO_DECIDE, actor, at)
    return application


@transaction.atomic
def note_no_decision(alliance: Alliance, code: str, *, decision_reference: str, at: datetime) -> Application | None:
    """Take an application back from a vote that decided nothing: no quorum, withdrawn or void; it may be put again.

    Returns:
        The application, or None when this vote is not its matter any more.
    """
    application = _by_code(alliance, code)
    if application.state != ApplicationState.VOTING or application.decision_reference != decision_reference:
        return None
    _move(application, UNDECIDED_APPLICATION, actor=None, at=at)
    _ask_office(application, TO_DECIDE, at)
    return application


@transaction.atomic
def decide_application(
    alliance: Alliance, code: str, *, accepted: bool, decision_reference: str, reason: str, at: datetime
) -> Application | None:
    """Do what the committee decided: admit the institution, or close the file.

    Called by the effect of the motion; the motion is the permission. An admitted institution waits for its acceptance of the
    charter; its representative is invited. A refused applicant gets the letter with the reasons, as soon as there are any.

    Args:
        alliance: The tenant.
        code: The application.
        accepted: The outcome.
        decision_reference: Code of the motion.
        reason: Reasons in words; empty when the office writes them afterwards (:func:`give_reasons`).
        at: Now.

    Returns:
        The application, or None when this motion is not its decision any more (withdrawn meanwhile).
    """
    application = _by_code(alliance, code)
    if application.state != ApplicationState.VOTING or application.decision_reference != decision_reference:
        return None
    if accepted and find_present_member(application) is not None:  # became a member while the vote was open
        return note_no_decision(alliance, code, decision_reference=decision_reference, at=at)
    also: dict[str, Any] = {"decided_at": at, "due_at": None, "decision_reason": reason.strip()}
    if accepted:
        _move(application, ACCEPT_APPLICATION, actor=None, at=at, institution=_admit(application, at), **also)
        _invite(application, at)
    else:
        _move(application, REJECT_APPLICATION, actor=None, at=at, **also)
        if application.decision_reason:
            letters.write_rejected(application, at=at)
        else:
            _ask_office(application, TO_REASON, at, add_working_days(at, 5))
    emit(
        alliance,
        APPLICATION_DECIDED,
        {
            "application": application.code,
            "accepted": accepted,
            "institution": application.institution.code if application.institution else "",
            "decision": decision_reference,
        },
    )
    return application


def _admit(application: Application, at: datetime) -> Institution:
    """The institution that the application becomes: a new entry, or that of a former member with its history."""
    alliance = application.alliance
    known = find_members_like(application).select_for_update().order_by("id").first()
    while known is not None and known.merged_into_id is not None:  # a duplicate: the entry that stays is meant
        known = Institution.objects.of(alliance).select_for_update().get(pk=known.merged_into_id)
    if known is not None:
        if known.state in RIGHTS_ENDED:
            take_step(known, READMIT_FORMER, actor=None, at=at, decision_reference=application.decision_reference)
        return known
    entry = check_entry(
        kind=application.kind,
        subkind=application.subkind,
        name_en=application.name_en,
        name_zh=application.name_zh,
        country=application.country_code,
        region=application.region_code,
        registry_code=application.registry_code,
        web=application.web,
        contact_email=application.contact_email,
    )
    if isinstance(entry, Fault):  # the same rules were kept when the form was filled in
        raise InvalidInputError(fault_text(entry.code, entry.params), code=f"entry_{entry.code}")
    institution = Institution(
        alliance=alliance,
        code=next_institution_code(alliance),
        state=InstitutionState.CHARTER_PENDING,
        source=f"application {application.code}",
        **entry._asdict(),
    )
    institution.save(force_insert=True)
    set_standing(institution, InstitutionState.CHARTER_PENDING, at=at, decision_reference=application.decision_reference)
    record_audit(
        institution,
        actor=None,
        verb="add_institution",
        after={"code": institution.code, "application": application.code, "state": institution.state},
        at=at,
    )
    in_chinese = application.language.startswith("zh")
    ElementSupply.objects.bulk_create(
        [
            ElementSupply(
                alliance=alliance,
                institution=institution,
                element=row["element"],
                scale=row["scale"],
                evidence_zh=row["statement"][:300] if in_chinese else "",
                evidence_en="" if in_chinese else row["statement"][:300],
                valid_from=timezone.localtime(at).date(),
            )
            for row in application.elements
        ]
    )
    return institution


def _invite(application: Application, at: datetime) -> None:
    """The letter of admission, and the representative's invitation."""
    address = application.representative_email or application.contact_email
    if application.institution is None or application.screened_by is None:
        return
    offer = {
        "scope": "institution",
        "role": str(StaffRole.REPRESENTATIVE),
        "institution": application.institution.code,
    }
    invite_by_decision(
        application.alliance, address, [offer], language=application.language, inviter=application.screened_by, at=at
    )
    letters.write_accepted(application, invited=address, at=at)


@transaction.atomic
def give_reasons(alliance: Alliance, code: str, *, reason: str, actor: User, at: datetime) -> Application:
    """Write down the committee's reasons for not admitting an applicant, once; the letter goes out with them.

    Raises:
        InvalidInputError: No words.
        DomainError: It was not refused, or the reasons were given already.
    """
    application = _by_code(alliance, code)
    require(actor, SCREEN_APPLICATION, application)
    if application.state != ApplicationState.REJECTED or application.decision_reason:
        raise DomainError(
            _("Reasons are written once, for an application that the committee did not admit."), code="reasons_given"
        )
    if not reason.strip():
        raise _refuse(_("Write the committee's reasons; the applicant reads them."), "reason_missing", "reason")
    application.decision_reason = reason.strip()[:4000]
    application.save(update_fields=["decision_reason"])
    record_audit(application, actor=actor, verb="give_reasons", personal={"reason": application.decision_reason}, at=at)
    _settle_office(application, TO_REASON, actor, at)
    letters.write_rejected(application, at=at)
    return application


# --------------------------------------------------------------------------------------------------- time


@transaction.atomic
def expire_applications(alliance: Alliance, *, at: datetime) -> int:
    """Close the files whose applicant let the deadline pass; files never sent lose their evidence.

    Returns:
        How many were closed.
    """
    due = (
        Application.objects.of(alliance)
        .select_for_update(skip_locked=True)
        .filter(state__in=EXPIRE_APPLICATION.sources, due_at__lte=at)
        .order_by("id")[:200]
    )
    closed = 0
    for application in due:
        never_sent = application.state == ApplicationState.UNCONFIRMED
        if never_sent:
            _forget(application)
        _move(application, EXPIRE_APPLICATION, actor=None, at=at, due_at=None)
        if not never_sent:
            with translation.override(application.language):
                words = _("The application of %(name)s was not completed in time and has expired.")
            letters.write_closed(application, words, key="expired", at=at)
        closed += 1
    return closed


def _forget(application: Application) -> None:
    """Delete what an applicant who never proved the address left: files, answers, names of people."""
    for evidence in (
        ApplicationEvidence.objects.of(application.alliance).filter(application=application).select_related("file")
    ):
        stored = evidence.file
        evidence.delete()
        delete_stored(stored, actor=None)
    application.letters.all().delete()
    application.answers, application.elements = {}, []
    application.contact_name = application.contact_phone = ""
    application.representative_name = application.representative_email = ""
    application.contact_email = ""
    application.save()


@transaction.atomic
def remind_of_applications(alliance: Alliance, *, at: datetime) -> int:
    """Remind applicants a week before their file expires, and the office two days before a check is due and when it is late.

    Returns:
        How many reminders went out for the first time.
    """
    sent = 0
    waiting = Application.objects.of(alliance).filter(
        state=ApplicationState.RETURNED, due_at__gt=at, due_at__lte=at + REMIND_BEFORE
    )
    for application in waiting:
        key = f"reminder:{application.due_at:%Y-%m-%d}"
        if not application.letters.filter(key=key).exists():
            letters.write_reminder(application, application.due_at or at, at=at)
            sent += 1
    checks = Application.objects.of(alliance).filter(
        state__in=[ApplicationState.SUBMITTED, ApplicationState.SCREENING], due_at__lte=at + WARN_BEFORE
    )
    for application in checks:
        late = application.due_at is not None and application.due_at <= at
        held = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.SECRETARIAT).values("user")
        sent += notify(
            alliance,
            User.objects.filter(Q(pk__in=held) | Q(pk=application.screened_by_id or 0), is_active=True),
            SCREENING_LATE,
            f"screening-{'late' if late else 'due'}:{application.code}:{application.due_at:%Y-%m-%d}",
            params=_words(application),
            at=at,
            url_name="application_detail",
            url_kwargs={"code": application.code},
        )
    return sent
