"""Responsibilities in writing: who, in which group, does what by when, measured how (charter, article 8).

Proposed by the office or the committee, acknowledged by the institution, reported on in its periods; handed over when the
institution leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.files import store_upload
from alliance.actions.notifications import notify
from alliance.kernel.codes import next_code
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.models import Notification, User
from groups.choices import GroupKind, ReportPeriod, ReportState, ResponsibilityState
from groups.models import Responsibility, ResponsibilityReport, VirtualGroup
from groups.permissions import (
    ANSWER_RESPONSIBILITY,
    OPEN_DUTY_REPORT,
    PROPOSE_RESPONSIBILITY,
    REPORT_RESPONSIBILITY,
    SETTLE_RESPONSIBILITY,
)
from groups.selectors.report_days import day_words, report_days
from groups.selectors.responsibility import OPEN_REPORTS, has_working_seat
from groups.signals import RESPONSIBILITY_ACKNOWLEDGED, RESPONSIBILITY_PROPOSED, RESPONSIBILITY_REPORTED
from groups.transitions import (
    ACCEPT_REPORT,
    ACKNOWLEDGE_RESPONSIBILITY,
    COMPLETE_RESPONSIBILITY,
    DECLINE_RESPONSIBILITY,
    END_RESPONSIBILITY,
    RETURN_REPORT,
    SUBMIT_REPORT,
)
from members.choices import InstitutionState, StaffRole
from members.models import Institution, InstitutionStaff

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance

REPORT_PURPOSE: Final = "duty_report"
ASK_DAYS: Final = 14
"""So many days before its day a report is asked for."""
REMIND_DAYS: Final = 3
"""So many days before its day a report still missing is reminded of."""
MOST_TEXT: Final = 8000


@dataclass(frozen=True, slots=True)
class Wording:
    """What a responsibility says.

    Attributes:
        duty_en: What is done, in English.
        duty_zh: The same in Chinese; one of the two is enough.
        measure_en: How it is measured, in English.
        measure_zh: The same in Chinese.
        period: How often it is reported on.
        starts_on: First day.
        due_on: Last day; None for a standing duty.
    """

    duty_en: str
    duty_zh: str
    measure_en: str
    measure_zh: str
    period: str
    starts_on: date
    due_on: date | None


def _end_of(day: date) -> datetime:
    """The last moment of a day of the platform's time zone."""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59, 999_999)))


def _words(responsibility: Responsibility) -> dict[str, Any]:
    return {
        "code": responsibility.code,
        "duty_en": responsibility.duty_en,
        "duty_zh": responsibility.duty_zh,
        "group": responsibility.group.kind,
    }


def _representatives(alliance: Alliance, institution_id: int, at: datetime) -> list[User]:
    staff = InstitutionStaff.objects.of(alliance).at(at).filter(institution_id=institution_id)
    staff = staff.filter(role__in=[StaffRole.REPRESENTATIVE, StaffRole.STAFF])
    return list(User.objects.filter(pk__in=staff.values("user"), is_active=True))


# ---------------------------------------------------------------------------------------------- proposing, answering


@transaction.atomic
def propose_responsibility(
    alliance: Alliance, institution_code: str, group_kind: str, wording: Wording, *, actor: User, at: datetime
) -> Responsibility:
    """Propose a responsibility to an institution that works in a group.

    Args:
        alliance: The tenant.
        institution_code: Who shall do it; an active member with a working seat in the group.
        group_kind: In which group.
        wording: What, by when, measured how.
        actor: Needs ``groups.propose_responsibility``.
        at: Now.

    Raises:
        InvalidInputError: No such institution or group, no working seat, nothing said, or days that cannot be.
    """
    require(actor, PROPOSE_RESPONSIBILITY, alliance)
    return _propose(alliance, institution_code, group_kind, wording, previous=None, actor=actor, at=at)


def _propose(
    alliance: Alliance,
    institution_code: str,
    group_kind: str,
    wording: Wording,
    *,
    previous: Responsibility | None,
    actor: User,
    at: datetime,
) -> Responsibility:
    institution = Institution.objects.of(alliance).select_for_update(of=("self",)).filter(code=institution_code).first()
    words: StrOrPromise
    if institution is None:
        words = _("No institution of this alliance has that code.")
        raise InvalidInputError(words, code="institution_unknown", fields={"institution": words})
    if institution.state != InstitutionState.ACTIVE:
        words = _("%(institution)s is not an active member (%(state)s).") % {
            "institution": institution.name,
            "state": institution.get_state_display(),
        }
        raise InvalidInputError(words, code="institution_not_active", fields={"institution": words})
    group = VirtualGroup.objects.of(alliance).filter(kind=group_kind).first()
    if group is None or not has_working_seat(alliance, institution.pk, group_kind, at):
        name = GroupKind(group_kind).label if group_kind in GroupKind.values else group_kind
        words = _("%(institution)s has no working seat in the %(group)s.") % {"institution": institution.name, "group": name}
        raise InvalidInputError(
            words,
            code="no_seat",
            remedy=_("Give it a seat as member or convenor first, or choose a group it works in."),
            fields={"group": words},
        )
    _check_wording(wording)
    responsibility = Responsibility(
        alliance=alliance,
        code=next_code(Responsibility, alliance, "R", 2),
        institution=institution,
        group=group,
        duty_en=wording.duty_en.strip(),
        duty_zh=wording.duty_zh.strip(),
        measure_en=wording.measure_en.strip(),
        measure_zh=wording.measure_zh.strip(),
        period=wording.period,
        starts_on=wording.starts_on,
        due_on=wording.due_on,
        previous=previous,
        created_at=at,
    )
    try:
        with transaction.atomic():
            responsibility.save(force_insert=True)
    except IntegrityError as error:
        raise InvalidInputError(
            _("Somebody else proposed a responsibility a moment ago; send yours again."), code="code_taken"
        ) from error
    record_audit(
        responsibility,
        actor=actor,
        verb="propose_responsibility",
        after={
            "code": responsibility.code,
            "institution": institution.code,
            "group": group.kind,
            "period": responsibility.period,
            "starts_on": responsibility.starts_on,
            "due_on": responsibility.due_on,
            "follows": previous.code if previous else None,
        },
        personal={
            f"after.{name}": getattr(responsibility, name)
            for name in ("duty_en", "duty_zh")
            if getattr(responsibility, name)
        },
        at=at,
    )
    inbox.ask(
        alliance,
        "responsibility_proposed",
        f"responsibility:{responsibility.code}",
        inbox.institution(institution.pk, StaffRole.REPRESENTATIVE),
        params=_words(responsibility),
        url_name="portal_duty",
        url_kwargs={"code": responsibility.code},
        at=at,
    )
    emit(
        alliance,
        RESPONSIBILITY_PROPOSED,
        {"responsibility": responsibility.code, "institution": institution.code, "group": group.kind},
    )
    return responsibility


def _check_wording(wording: Wording) -> None:
    faults: dict[str, StrOrPromise] = {}
    if not wording.duty_en.strip() and not wording.duty_zh.strip():
        faults["duty_en"] = _("Say what is to be done, in at least one language.")
    if not wording.measure_en.strip() and not wording.measure_zh.strip():
        faults["measure_en"] = _("Say how it is measured, in at least one language.")
    for name in ("duty_en", "duty_zh", "measure_en", "measure_zh"):
        if len(getattr(wording, name)) > 300:
            faults[name] = _("At most 300 characters.")
    if wording.period not in ReportPeriod.values:
        faults["period"] = _("Choose how often it is reported on.")
    if wording.due_on is not None and wording.due_on < wording.starts_on:
        faults["due_on"] = _("The last day lies before the first.")
    if wording.period == ReportPeriod.ONCE and wording.due_on is None:
        faults["due_on"] = _("A report that is given once needs a day.")
    if faults:
        raise InvalidInputError(_("The responsibility was not proposed."), code="wording_invalid", fields=faults)


def _locked(alliance: Alliance, code: str) -> Responsibility:
    found = (
        Responsibility.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("institution", "group")
        .filter(code=code)
        .first()
    )
    if found is None:
        raise NotFoundError
    return found


@transaction.atomic
def acknowledge_responsibility(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Responsibility:
    """Acknowledge a responsibility for the institution: it binds from now on.

    Raises:
        TransitionRefusedError: It does not wait for an answer.
        InvalidInputError: The institution has lost its seat in the group meanwhile.
    """
    found = _locked(alliance, code)
    require(actor, ANSWER_RESPONSIBILITY, found)
    ACKNOWLEDGE_RESPONSIBILITY.check(found.state)
    if not has_working_seat(alliance, found.institution_id, found.group.kind, at):
        raise InvalidInputError(
            _("%(institution)s has no working seat in the %(group)s.")
            % {"institution": found.institution.name, "group": found.group.get_kind_display()},
            code="no_seat",
            remedy=_("The secretariat can give it a seat or end this proposal."),
        )
    found.state = ACKNOWLEDGE_RESPONSIBILITY.target
    found.acknowledged_at, found.acknowledged_by = at, actor
    found.save(update_fields=["state", "acknowledged_at", "acknowledged_by"])
    _note(found, ACKNOWLEDGE_RESPONSIBILITY, ResponsibilityState.PROPOSED, actor=actor, at=at)
    inbox.settle(alliance, f"responsibility:{code}", by=actor, at=at)
    emit(alliance, RESPONSIBILITY_ACKNOWLEDGED, {"responsibility": code, "institution": found.institution.code})
    ask_reports_of(alliance, found, at=at)
    return found


@transaction.atomic
def decline_responsibility(alliance: Alliance, code: str, *, reason: str, actor: User, at: datetime) -> Responsibility:
    """Decline a responsibility for the institution, with the reason; the office is asked to deal with it.

    Raises:
        InvalidInputError: No reason.
        TransitionRefusedError: It does not wait for an answer.
    """
    found = _locked(alliance, code)
    require(actor, ANSWER_RESPONSIBILITY, found)
    DECLINE_RESPONSIBILITY.check(found.state)
    text = reason.strip()
    if not text or len(text) > 300:
        words = _("Say why, in at most 300 characters; the office and the committee read it.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    found.state, found.decline_reason = DECLINE_RESPONSIBILITY.target, text
    found.save(update_fields=["state", "decline_reason"])
    _note(found, DECLINE_RESPONSIBILITY, ResponsibilityState.PROPOSED, actor=actor, at=at, personal={"reason": text})
    inbox.settle(alliance, f"responsibility:{code}", by=actor, at=at)
    inbox.ask(
        alliance,
        "responsibility_declined",
        f"responsibility-declined:{code}",
        inbox.office(),
        params=_words(found),
        url_name="responsibility_detail",
        url_kwargs={"code": code},
        at=at,
    )
    return found


def _note(
    found: Responsibility,
    step: Transition,
    before: str,
    *,
    actor: User | None,
    at: datetime,
    personal: dict[str, str] | None = None,
) -> None:
    record_audit(
        found,
        actor=actor,
        verb=step.name,
        before={"state": before},
        after={"state": found.state, "code": found.code, "institution": found.institution.code},
        personal=personal,
        at=at,
    )


# ----------------------------------------------------------------------------------------------- ending, handing over


@transaction.atomic
def complete_responsibility(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Responsibility:
    """Note that what was promised is done; no further report is asked for.

    Raises:
        DomainError: A report waits for the office's word.
    """
    found = _locked(alliance, code)
    require(actor, SETTLE_RESPONSIBILITY, found)
    COMPLETE_RESPONSIBILITY.check(found.state)
    if found.reports.filter(state=ReportState.SUBMITTED).exists():
        raise DomainError(
            _("A report on %(code)s still waits for your word.") % {"code": code},
            code="report_waits",
            remedy=_("Accept it or send it back first."),
        )
    return _finish(found, COMPLETE_RESPONSIBILITY, actor=actor, at=at)


@transaction.atomic
def end_responsibility(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Responsibility:
    """End a responsibility without a successor; reports not yet handed in are no longer asked for."""
    found = _locked(alliance, code)
    require(actor, SETTLE_RESPONSIBILITY, found)
    END_RESPONSIBILITY.check(found.state)
    return _finish(found, END_RESPONSIBILITY, actor=actor, at=at)


def _finish(found: Responsibility, step: Transition, *, actor: User | None, at: datetime) -> Responsibility:
    before = found.state
    found.state, found.ended_at = step.target, at
    found.save(update_fields=["state", "ended_at"])
    _note(found, step, before, actor=actor, at=at)
    inbox.settle(found.alliance, f"responsibility:{found.code}", by=actor, at=at)
    inbox.settle(found.alliance, f"responsibility-declined:{found.code}", by=actor, at=at)
    inbox.settle_all(found.alliance, f"duty-report:{found.code}:", by=actor, at=at)
    return found


@transaction.atomic
def hand_over_responsibility(
    alliance: Alliance, code: str, to: Institution | None, *, actor: User, at: datetime
) -> Responsibility | None:
    """Give a responsibility to another member of the group, who is asked to acknowledge it; None ends it.

    The old one is ended and stays on record with its reports; the new one names it as the one it goes on with.

    Args:
        alliance: The tenant.
        code: The responsibility.
        to: Who goes on with it.
        actor: Needs ``groups.settle_responsibility``.
        at: Now.

    Returns:
        The new responsibility, or None.

    Raises:
        InvalidInputError: The other institution does not work in the group, or is the same.
    """
    found = _locked(alliance, code)
    require(actor, SETTLE_RESPONSIBILITY, found)
    END_RESPONSIBILITY.check(found.state)
    if to is None:
        _finish(found, END_RESPONSIBILITY, actor=actor, at=at)
        return None
    if to.pk == found.institution_id:
        words = _("It is the responsibility of %(institution)s already.") % {"institution": to.name}
        raise InvalidInputError(words, code="same_institution", fields={"institution": words})
    today = timezone.localtime(at).date()
    wording = Wording(
        found.duty_en,
        found.duty_zh,
        found.measure_en,
        found.measure_zh,
        found.period,
        max(today, found.starts_on),
        found.due_on if found.due_on is None or found.due_on >= today else today,
    )
    following = _propose(alliance, to.code, found.group.kind, wording, previous=found, actor=actor, at=at)
    _finish(found, END_RESPONSIBILITY, actor=actor, at=at)
    record_audit(
        found,
        actor=actor,
        verb="hand_over_responsibility",
        before={"code": code, "institution": found.institution.code},
        after={"code": following.code, "institution": to.code},
        at=at,
    )
    return following


# -------------------------------------------------------------------------------------------------------------- reports


def ask_reports_of(alliance: Alliance, responsibility: Responsibility, *, at: datetime) -> int:
    """Ask for every report of a responsibility whose day is at most ``ASK_DAYS`` away and that is not asked for yet.

    Reports due before the acknowledgement are not asked for.

    Returns:
        How many were added.
    """
    if responsibility.state != ResponsibilityState.ACKNOWLEDGED or responsibility.acknowledged_at is None:
        return 0
    today = timezone.localtime(at).date()
    since = timezone.localtime(responsibility.acknowledged_at).date()
    days = [
        day
        for day in report_days(
            responsibility.period, responsibility.starts_on, responsibility.due_on, today + timedelta(days=ASK_DAYS)
        )
        if day >= since
    ]
    there = set(responsibility.reports.values_list("due_on", flat=True))
    added = 0
    for day in days:
        if day in there:
            continue
        report, made = ResponsibilityReport.objects.get_or_create(
            alliance=alliance, responsibility=responsibility, due_on=day
        )
        if made:
            added += 1
            ask_for_report(alliance, responsibility, report, "duty_report", at=at)
    return added


def ask_for_report(
    alliance: Alliance, found: Responsibility, report: ResponsibilityReport, kind: str, *, at: datetime
) -> None:
    """Put a report into the inbox of the institution that owes it."""
    inbox.ask(
        alliance,
        kind,
        f"duty-report:{found.code}:{report.due_on}",
        inbox.institution(found.institution_id),
        params={**_words(found), **day_words("due", report.due_on)},
        url_name="portal_duty_report",
        url_kwargs={"code": found.code, "report": report.pk},
        at=at,
        due_at=_end_of(report.due_on),
    )


@transaction.atomic
def ask_reports(alliance: Alliance, *, at: datetime) -> int:
    """Ask for all reports that fall due soon, and remind of those missing; safe to run as often as one likes.

    Returns:
        How many reports were added.
    """
    today = timezone.localtime(at).date()
    open_ones = Responsibility.objects.of(alliance).filter(state=ResponsibilityState.ACKNOWLEDGED)
    open_ones = open_ones.exclude(period=ReportPeriod.PER_PILOT).select_related("institution", "group")
    added = sum(ask_reports_of(alliance, one, at=at) for one in open_ones)
    soon = (
        ResponsibilityReport.objects.of(alliance)
        .filter(
            state__in=OPEN_REPORTS,
            due_on__lte=today + timedelta(days=REMIND_DAYS),
            responsibility__state=ResponsibilityState.ACKNOWLEDGED,
        )
        .select_related("responsibility", "responsibility__group")
    )
    reports = list(soon)
    told = set(
        Notification.objects.of(alliance)
        .filter(key__startswith="duty-report:")
        .filter(key__in=[f"{_key(report)}:{occasion}" for report in reports for occasion in ("soon", "late")])
        .values_list("key", flat=True)
    )
    for report in reports:
        late = report.due_on < today
        key = f"{_key(report)}:{'late' if late else 'soon'}"
        if key in told:
            continue
        notify(
            alliance,
            _representatives(alliance, report.responsibility.institution_id, at),
            "duty_report_late" if late else "duty_report_soon",
            key,
            params={**_words(report.responsibility), **day_words("due", report.due_on)},
            at=at,
            url_name="portal_duty_report",
            url_kwargs={"code": report.responsibility.code, "report": report.pk},
        )
    return added


def _key(report: ResponsibilityReport) -> str:
    return f"duty-report:{report.responsibility.code}:{report.due_on}"


@transaction.atomic
def open_report(alliance: Alliance, code: str, *, actor: User, at: datetime) -> ResponsibilityReport:
    """Open a report of today on a responsibility that is reported on after each pilot.

    Raises:
        InvalidInputError: It is reported on by the calendar.
        TransitionRefusedError: It is not acknowledged.
    """
    found = _locked(alliance, code)
    require(actor, REPORT_RESPONSIBILITY, found)
    COMPLETE_RESPONSIBILITY.check(found.state)
    if found.period != ReportPeriod.PER_PILOT:
        raise InvalidInputError(
            _("Reports on %(code)s are asked for by the calendar.") % {"code": code}, code="report_by_calendar"
        )
    today = timezone.localtime(at).date()
    report, made = ResponsibilityReport.objects.get_or_create(alliance=alliance, responsibility=found, due_on=today)
    if made:
        record_audit(found, actor=actor, verb="ask_report", after={"code": code, "due_on": today}, at=at)
    return report


def _locked_report(alliance: Alliance, code: str, report_id: int) -> tuple[Responsibility, ResponsibilityReport]:
    found = _locked(alliance, code)
    report = found.reports.select_for_update().filter(pk=report_id, alliance=alliance).first()
    if report is None:
        raise NotFoundError
    return found, report


@transaction.atomic
def submit_report(
    alliance: Alliance,
    code: str,
    report_id: int,
    *,
    text: str,
    figure: Decimal | None,
    measure_met: bool | None,
    file: Any = None,
    actor: User,
    at: datetime,
) -> ResponsibilityReport:
    """Hand a report in for the institution, late ones too.

    Args:
        alliance: The tenant.
        code: The responsibility.
        report_id: The report.
        text: What was done.
        figure: The measured value, where there is one.
        measure_met: Whether the measure was met.
        file: An uploaded file, or None to keep the present one.
        actor: A person of the institution.
        at: Now.

    Raises:
        InvalidInputError: No text, or no word on the measure.
        TransitionRefusedError: It was handed in already.
        UploadRefusedError: The file is not of a kind taken here.
    """
    found, report = _locked_report(alliance, code, report_id)
    require(actor, REPORT_RESPONSIBILITY, found)
    SUBMIT_REPORT.check(report.state)
    if found.state != ResponsibilityState.ACKNOWLEDGED:
        raise DomainError(_("%(code)s is over; nothing is reported on it any more.") % {"code": code}, code="duty_over")
    faults: dict[str, StrOrPromise] = {}
    if not text.strip():
        faults["text"] = _("Say what was done in this period.")
    if len(text) > MOST_TEXT:
        faults["text"] = _("This is longer than %(count)s characters.") % {"count": MOST_TEXT}
    if measure_met is None:
        faults["measure_met"] = _("Say whether the measure was met.")
    if figure is not None and abs(figure) >= Decimal("1e12"):
        faults["figure"] = _("This figure is too large.")
    if faults:
        raise InvalidInputError(_("The report was not sent."), code="duty_report_incomplete", fields=faults)
    if file:
        report.file = store_upload(alliance, file, REPORT_PURPOSE, actor=actor, permission=OPEN_DUTY_REPORT)
    before = report.state
    report.state = SUBMIT_REPORT.target
    report.text, report.figure, report.measure_met = text.strip(), figure, measure_met
    report.submitted_at, report.submitted_by = at, actor
    report.save()
    record_audit(
        report,
        actor=actor,
        verb=SUBMIT_REPORT.name,
        before={"state": before},
        after={
            "state": report.state,
            "responsibility": code,
            "due_on": report.due_on,
            "figure": figure,
            "measure_met": measure_met,
            "file": report.file.sha256 if report.file else None,
        },
        personal={"text": report.text},
        at=at,
    )
    inbox.settle(alliance, f"duty-report:{code}:{report.due_on}", by=actor, at=at)
    inbox.ask(
        alliance,
        "duty_report_check",
        f"duty-report-check:{code}:{report.due_on}",
        inbox.office(),
        params={**_words(found), **day_words("due", report.due_on)},
        url_name="responsibility_detail",
        url_kwargs={"code": code},
        at=at,
    )
    emit(alliance, RESPONSIBILITY_REPORTED, {"responsibility": code, "due_on": report.due_on.isoformat()})
    return report


@transaction.atomic
def accept_report(
    alliance: Alliance, code: str, report_id: int, *, remark: str = "", actor: User, at: datetime
) -> ResponsibilityReport:
    """Accept a report; a responsibility that is reported on once is done by it."""
    found, report = _settle(alliance, code, report_id, ACCEPT_REPORT, remark=remark, actor=actor, at=at)
    if found.period == ReportPeriod.ONCE and found.state == ResponsibilityState.ACKNOWLEDGED:
        _finish(found, COMPLETE_RESPONSIBILITY, actor=actor, at=at)
    return report


@transaction.atomic
def return_report(
    alliance: Alliance, code: str, report_id: int, *, remark: str, actor: User, at: datetime
) -> ResponsibilityReport:
    """Send a report back with a remark; the institution is asked for it again, its day stays.

    Raises:
        InvalidInputError: No remark.
    """
    if not remark.strip():
        words = _("Say what is missing or wrong.")
        raise InvalidInputError(words, code="remark_missing", fields={"remark": words})
    found, report = _settle(alliance, code, report_id, RETURN_REPORT, remark=remark, actor=actor, at=at)
    ask_for_report(alliance, found, report, "duty_report_returned", at=at)
    return report


def _settle(
    alliance: Alliance, code: str, report_id: int, step: Transition, *, remark: str, actor: User, at: datetime
) -> tuple[Responsibility, ResponsibilityReport]:
    found, report = _locked_report(alliance, code, report_id)
    require(actor, SETTLE_RESPONSIBILITY, found)
    step.check(report.state)
    if len(remark) > 300:
        words = _("At most 300 characters.")
        raise InvalidInputError(words, code="remark_long", fields={"remark": words})
    before = report.state
    report.state, report.remark, report.settled_at = step.target, remark.strip(), at
    report.save(update_fields=["state", "remark", "settled_at"])
    record_audit(
        report,
        actor=actor,
        verb=step.name,
        before={"state": before},
        after={"state": report.state, "responsibility": code, "due_on": report.due_on},
        personal={"remark": report.remark} if report.remark else None,
        at=at,
    )
    inbox.settle(alliance, f"duty-report-check:{code}:{report.due_on}", by=actor, at=at)
    return found, report
