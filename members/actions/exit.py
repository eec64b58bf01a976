"""A member's exit: notice, every open duty handed over or ended, then out (charter, article 11)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.choices import AllianceRole
from alliance.kernel.errors import ConflictOfInterestError, DomainError, InvalidInputError, NotFoundError
from alliance.kernel.formats import format_day
from alliance.kernel.permissions import grants_of, institutions_acted_for, require
from alliance.kernel.texts import Text, texts
from alliance.models import RoleAssignment, User
from members.actions.institution import EXIT_WITHIN, take_step
from members.choices import InstitutionState, StaffRole, StandingNoteKind
from members.models import ExitHandover, Institution, InstitutionExit, InstitutionStaff, StandingNote
from members.permissions import GIVE_NOTICE, MANAGE_EXIT, NOTE_HEARING, SHORTEN_NOTICE
from members.selectors.duties import list_open_duties
from members.selectors.exit import get_open_exit, notice_ends_on
from members.transitions import READMIT, START_LEAVING

if TYPE_CHECKING:
    from datetime import date, datetime

    from alliance.models import Alliance

REMIND_DAYS = (30, 7, 1)
"""Days before the end of the exit on which office and representative are reminded; afterwards once a week."""
SETTLE_EXIT, EXIT_DUE, NOTICE_SHORTENED = "members.settle_exit", "members.exit_due", "members.notice_shortened"
texts.register(
    SETTLE_EXIT,
    Text(
        title=gettext_lazy("Settle the duties of %(name)s, which leaves"),
        body=gettext_lazy("Hand over or end each open duty, then complete the exit."),
        verb=gettext_lazy("Settle"),
        icon="log-out",
        mails=False,
    ),
)
texts.register(
    EXIT_DUE,
    Text(
        title=gettext_lazy("The exit of %(name)s: %(count)s duties are still open"),
        body=gettext_lazy("The exit must be completed by %(day)s."),
        icon="log-out",
    ),
)
texts.register(
    NOTICE_SHORTENED,
    Text(
        title=gettext_lazy("The notice of %(name)s was shortened to %(day)s"),
        body=gettext_lazy("The management committee shortened it; the exit may be completed from that day on."),
        icon="log-out",
    ),
)


@transaction.atomic
def give_notice(alliance: Alliance, code: str, *, actor: User, at: datetime, reason: str = "") -> Institution:
    """Give notice that an institution leaves; its open duties are listed and must be settled within ninety days.

    Args:
        alliance: The tenant.
        code: The institution.
        actor: Its representative, or the office that got the notice in writing.
        at: Now.
        reason: In words, if the institution gives any.

    Raises:
        Institution.DoesNotExist: No such institution here.
        PermissionRefusedError: Neither its representative nor the secretariat.
        TransitionRefusedError: It is not a member, or leaves already.
    """
    institution = Institution.objects.of(alliance).select_for_update().get(code=code)
    require(actor, GIVE_NOTICE, institution)
    START_LEAVING.check(institution.state)
    return take_step(institution, START_LEAVING, actor=actor, at=at, reason=reason)


@transaction.atomic
def take_back_notice(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Institution:
    """Stay after all: the exit is called off; duties handed over by then stay where they are.

    Raises:
        PermissionRefusedError: Neither its representative nor the secretariat.
        TransitionRefusedError: It does not leave.
    """
    institution = Institution.objects.of(alliance).select_for_update().get(code=code)
    require(actor, GIVE_NOTICE, institution)
    if institution.state != InstitutionState.LEAVING:
        START_LEAVING.check(institution.state)
        raise DomainError(_("There is no exit under way."), code="no_exit")
    return take_step(institution, READMIT, actor=actor, at=at)


@transaction.atomic
def shorten_notice(
    alliance: Alliance, code: str, *, ends_on: date, reason: str, actor: User, at: datetime
) -> InstitutionExit:
    """Let the notice of a leaving institution end earlier than after the thirty days of the charter.

    Args:
        alliance: The tenant.
        code: The leaving institution.
        ends_on: The day from which the exit may be completed; from today on, and before the day that holds now.
        reason: Why; the institution and the office read it.
        actor: Needs ``members.shorten_notice`` and does not act for the institution.
        at: Now.

    Raises:
        NotFoundError: No such institution, or no exit under way.
        PermissionRefusedError: Not of the management committee.
        ConflictOfInterestError: The actor acts for the institution that leaves.
        InvalidInputError: No reason, or a day that is past or not earlier.
    """
    institution = Institution.objects.of(alliance).select_for_update().filter(code=code).first()
    if institution is None:
        raise NotFoundError
    require(actor, SHORTEN_NOTICE, institution)
    if institution.pk in institutions_acted_for(grants_of(actor, alliance)):
        raise ConflictOfInterestError(
            gettext_lazy("You cannot shorten this notice: you act for the institution that leaves."),
            who=[gettext_lazy("another member of the management committee")],
        )
    found = get_open_exit(institution)
    if found is None:
        raise NotFoundError
    words: Any
    text = reason.strip()
    if not text:
        words = _("Say why, in one or two sentences; the institution reads it.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    present = notice_ends_on(found)
    if not timezone.localtime(at).date() <= ends_on < present:
        words = _("Give a day from today on and before %(day)s, on which the notice ends now.") % {
            "day": format_day(present, translation.get_language() or "en")
        }
        raise InvalidInputError(words, code="day_not_earlier", fields={"ends_on": words})
    found.notice_shortened_to, found.shortened_because, found.shortened_by = ends_on, text, actor
    found.save(update_fields=["notice_shortened_to", "shortened_because", "shortened_by"])
    record_audit(
        institution,
        actor=actor,
        verb="shorten_notice",
        before={"until": present},
        after={"until": ends_on},
        personal={"reason": text},
        at=at,
    )
    representatives = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(institution=institution, role=StaffRole.REPRESENTATIVE)
        .values("user")
    )
    office = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.SECRETARIAT).values("user")
    told_where: tuple[tuple[Any, str, dict[str, Any]], ...] = (
        (office, "institution_exit", {"code": institution.code}),
        (representatives, "portal_membership", {}),
    )
    for people, url_name, url_kwargs in told_where:
        notify(
            alliance,
            User.objects.filter(pk__in=people, is_active=True),
            NOTICE_SHORTENED,
            f"notice_shortened:{found.pk}:{ends_on}",
            params={**_names(institution), "day": f"{ends_on:%Y-%m-%d}"},
            at=at,
            url_name=url_name,
            url_kwargs=url_kwargs,
        )
    return found


def follow_state(alliance: Alliance, code: str, before: str, after: str, *, at: datetime) -> None:
    """Keep the office's task in step with an institution's state; called for each change of it."""
    key = f"exit:{code}"
    if after == InstitutionState.LEAVING:
        institution = Institution.objects.of(alliance).get(code=code)
        open_exit = get_open_exit(institution)
        if open_exit is None:
            return
        inbox.ask(
            alliance,
            SETTLE_EXIT,
            key,
            inbox.office(),
            params=_names(institution),
            url_name="institution_exit",
            url_kwargs={"code": code},
            at=at,
            due_at=open_exit.notice_at + EXIT_WITHIN,
        )
    elif before == InstitutionState.LEAVING:
        inbox.settle(alliance, key, by=None, at=at)


def _names(institution: Institution) -> dict[str, Any]:
    return {
        "name_en": institution.name_en or institution.name_zh,
        "name_zh": institution.name_zh or institution.name_en,
    }


@transaction.atomic
def settle_duty(
    alliance: Alliance, code: str, duty_key: str, *, handed_to: str = "", actor: User, at: datetime
) -> ExitHandover:
    """Hand one open duty of a leaving institution over to another, or end it; what became of it stays on record.

    Args:
        alliance: The tenant.
        code: The leaving institution.
        duty_key: The duty, as its provider names it.
        handed_to: Code of the institution that goes on with it; empty: it ends.
        actor: Needs ``members.manage_exit``.
        at: Now.

    Raises:
        NotFoundError: No such open duty, or no exit under way.
        InvalidInputError: Unknown or inactive successor; or the duty cannot be settled in this way.
        DomainError: The layer that knows the duty refuses.
    """
    institution = Institution.objects.of(alliance).select_for_update().filter(code=code).first()
    if institution is None:
        raise NotFoundError
    require(actor, MANAGE_EXIT, institution)
    open_exit = get_open_exit(institution)
    labels = {}
    duty = None
    for language in ("en", "zh-hans"):
        with translation.override(language):
            duty = next((each for each in list_open_duties(alliance, institution, at) if each.key == duty_key), None)
            labels[language] = str(duty.label) if duty else ""
    if open_exit is None or duty is None:
        raise NotFoundError
    successor = None
    words: Any
    if handed_to.strip():
        successor = (
            Institution.objects.of(alliance).active().exclude(pk=institution.pk).filter(code=handed_to.strip()).first()
        )
        if successor is None:
            words = _("No other active member has the code “%(code)s”.") % {"code": handed_to.strip()[:40]}
            raise InvalidInputError(words, code="successor_unknown", fields={"handed_to": words})
    if duty.hand_over is None:
        raise InvalidInputError(
            _("This duty is settled on its own page: %(duty)s.") % {"duty": duty.label}, code="duty_elsewhere"
        )
    if successor is None and duty.needs_successor:
        words = _("This duty cannot end; name the institution that goes on with it.")
        raise InvalidInputError(words, code="successor_missing", fields={"handed_to": words})
    if successor is not None and duty.cannot_move:
        words = _("This duty cannot be handed over; it can only be ended.")
        raise InvalidInputError(words, code="duty_stays", fields={"handed_to": words})
    duty.hand_over(successor, actor=actor, at=at)
    handover, _created = ExitHandover.objects.get_or_create(
        alliance=alliance,
        exit=open_exit,
        duty_key=duty_key[:120],
        defaults={
            "label_en": labels["en"][:300],
            "label_zh": labels["zh-hans"][:300],
            "handed_to": successor,
            "settled_by": actor,
            "settled_at": at,
        },
    )
    record_audit(
        institution,
        actor=actor,
        verb="settle_duty",
        after={"duty": duty_key, "handed_to": successor.code if successor else None},
        at=at,
    )
    return handover


@transaction.atomic
def remind_of_exits(alliance: Alliance, *, at: datetime) -> int:
    """Remind office and representative of exits that come to their end; returns how many were told for the first time."""
    today = timezone.localtime(at).date()
    told = 0
    exits = (
        InstitutionExit.objects.of(alliance)
        .filter(
            completed_at__isnull=True,
            called_off_at__isnull=True,
            due_on__lte=today + timedelta(days=REMIND_DAYS[0]),
        )
        .select_related("institution")
    )
    for open_exit in exits:
        left = (open_exit.due_on - today).days
        step = next((days for days in reversed(REMIND_DAYS) if 0 <= left <= days), None)
        occasion = f"before-{step}" if step is not None else f"late-{-left // 7}"
        institution = open_exit.institution
        duties = list_open_duties(alliance, institution, at)
        office = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.SECRETARIAT).values("user")
        own = (
            InstitutionStaff.objects.of(alliance)
            .at(at)
            .filter(institution=institution, role=StaffRole.REPRESENTATIVE)
            .values("user")
        )
        told_where: tuple[tuple[Any, str, dict[str, Any]], ...] = (
            (office, "institution_exit", {"code": institution.code}),
            (own, "portal_membership", {}),
        )
        for people, url_name, url_kwargs in told_where:
            told += notify(
                alliance,
                User.objects.filter(pk__in=people, is_active=True),
                EXIT_DUE,
                f"exit:{open_exit.pk}:{occasion}",
                params={**_names(institution), "count": len(duties), "day": f"{open_exit.due_on:%Y-%m-%d}"},
                at=at,
                url_name=url_name,
                url_kwargs=url_kwargs,
            )
    return told


# --------------------------------------------------------------------------------------- before a decision on standing


@transaction.atomic
def note_standing_step(
    alliance: Alliance, code: str, *, kind: str, on: date, words: str, actor: User, at: datetime
) -> StandingNote:
    """Note that a member was reminded in writing, or heard, before a body decides on its standing (charter, article 10).

    Args:
        alliance: The tenant.
        code: The member.
        kind: One of StandingNoteKind.
        on: The day it happened; not in the future.
        words: What was said, or where the paper is.
        actor: Needs ``members.note_hearing``.
        at: Now.

    Raises:
        Institution.DoesNotExist: No such institution here.
        InvalidInputError: Unknown kind, a day to come, or no words.
    """
    institution = Institution.objects.of(alliance).select_for_update(no_key=True).get(code=code)
    require(actor, NOTE_HEARING, institution)
    refusal: Any
    if kind not in StandingNoteKind.values:
        refusal = _("Choose what happened.")
        raise InvalidInputError(refusal, code="kind_unknown", fields={"kind": refusal})
    if on > timezone.localtime(at).date():
        refusal = _("Give the day on which it happened; it cannot lie ahead.")
        raise InvalidInputError(refusal, code="day_ahead", fields={"on": refusal})
    if not words.strip():
        refusal = _("Say in a sentence or two what was said, or where the paper is kept.")
        raise InvalidInputError(refusal, code="words_missing", fields={"words": refusal})
    note = StandingNote.objects.create(
        alliance=alliance, institution=institution, kind=kind, on=on, words=words.strip(), noted_by=actor, noted_at=at
    )
    record_audit(
        institution,
        actor=actor,
        verb="note_standing_step",
        after={"kind": kind, "on": on},
        personal={"words": note.words},
        at=at,
    )
    return note
