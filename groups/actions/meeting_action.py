"""What a meeting asks somebody to do: noted, waits in the inbox with its due date, done or dropped with the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.texts import Text, texts
from groups.actions.meeting import lock_meeting, refuse_after_approval
from groups.choices import ActionState, MeetingState
from groups.models import AgendaItem, Meeting, MeetingAction
from groups.permissions import RECORD_MEETING, SETTLE_ACTION
from groups.selectors.group import day_end
from groups.signals import ACTION_SETTLED
from groups.transitions import COMPLETE_ACTION, DROP_ACTION
from members.models import Institution

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

ACTION_ASSIGNED: Final = "groups.meeting_action"
ACTION_REMINDER: Final = "groups.meeting_action_reminder"


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """What is to be done.

    Attributes:
        text_en: In English.
        text_zh: In Chinese; one of the two is needed.
        due_on: Last day.
        institution_code: Who does it; empty: the secretariat.
        item_number: Item of the agenda it comes from; None: none.
        is_public: Whether it is told in the public register of decisions, with the decision of its item.
    """

    text_en: str
    text_zh: str
    due_on: date
    institution_code: str = ""
    item_number: int | None = None
    is_public: bool = False


def _fill(action: MeetingAction, meeting: Meeting, facts: ActionFacts) -> None:
    alliance = meeting.alliance
    words: StrOrPromise
    if not facts.text_en.strip() and not facts.text_zh.strip():
        words = _("Say what is to be done, in one of the two languages.")
        raise InvalidInputError(words, code="text_missing", fields={"text_en": words})
    begun = timezone.localtime(meeting.began_at or meeting.starts_at).date()
    if facts.due_on < begun:
        words = _("It cannot be due before the meeting.")
        raise InvalidInputError(words, code="due_too_early", fields={"due_on": words})
    institution = item = None
    if facts.institution_code.strip():
        institution = Institution.objects.of(alliance).active().filter(code=facts.institution_code.strip()).first()
        if institution is None:
            words = _("No active member of this alliance has that code.")
            raise InvalidInputError(words, code="institution_unknown", fields={"institution": words})
    if facts.item_number is not None:
        item = (
            AgendaItem.objects.of(alliance)
            .select_related("motion")
            .filter(meeting=meeting, number=facts.item_number)
            .first()
        )
        if item is None:
            words = _("The agenda has no item %(number)s.") % {"number": facts.item_number}
            raise InvalidInputError(words, code="item_unknown", fields={"item": words})
    action.text_en, action.text_zh = facts.text_en.strip()[:300], facts.text_zh.strip()[:300]
    action.due_on, action.institution, action.item = facts.due_on, institution, item
    action.motion = item.motion if item is not None else None
    action.is_public = facts.is_public


def _audit(action: MeetingAction) -> dict[str, Any]:
    return {
        "meeting": action.meeting.code,
        "item": action.item.number if action.item else None,
        "institution": action.institution.code if action.institution else None,
        "due": action.due_on,
        "public": action.is_public,
    }


def _words(action: MeetingAction) -> dict[str, str]:
    return {name: value for name, value in (("text_en", action.text_en), ("text_zh", action.text_zh)) if value}


def action_key(action: MeetingAction) -> str:
    """Key of the inbox item."""
    return f"meeting-action:{action.uuid}"


def ask_for_action(action: MeetingAction, at: datetime) -> None:
    """Put it into the inbox of the institution's people or of the office."""
    own = action.institution_id is not None
    inbox.ask(
        action.alliance,
        ACTION_ASSIGNED,
        action_key(action),
        inbox.institution(action.institution_id) if action.institution_id is not None else inbox.office(),
        params={"text_en": action.text_en, "text_zh": action.text_zh, "meeting": action.meeting.code},
        url_name="portal_action_detail" if own else "action_detail",
        url_kwargs={"uuid": str(action.uuid)},
        at=at,
        due_at=day_end(action.due_on),
    )


@transaction.atomic
def add_action(alliance: Alliance, code: str, *, facts: ActionFacts, actor: User | None, at: datetime) -> MeetingAction:
    """Note what a meeting asks for; it waits at once in the inbox of whoever does it.

    Args:
        alliance: The tenant.
        code: The meeting; under way or held, minutes not approved.
        facts: What is to be done.
        actor: Needs ``groups.record_meeting``.
        at: Now.

    Raises:
        NotFoundError: No such meeting here.
        DomainError: It has not begun, was cancelled, or its minutes are approved.
        InvalidInputError: Nothing said, due before the meeting, or unknown institution or item.
    """
    meeting = lock_meeting(alliance, code)
    if actor is not None:
        require(actor, RECORD_MEETING, meeting)
    _require_recording(meeting)
    action = MeetingAction(alliance=alliance, meeting=meeting, created_at=at)
    _fill(action, meeting, facts)
    action.save(force_insert=True)
    ask_for_action(action, at)
    record_audit(action, actor=actor, verb="add_action", after=_audit(action), personal=_words(action), at=at)
    return action


def _require_recording(meeting: Meeting) -> None:
    if meeting.state not in (MeetingState.UNDER_WAY, MeetingState.HELD):
        raise DomainError(
            _("Actions are noted while a meeting is under way and afterwards; it is in the state “%(state)s”.")
            % {"state": meeting.get_state_display()},
            code="meeting_not_open",
        )
    refuse_after_approval(meeting)


def _lock(alliance: Alliance, uuid: UUID) -> MeetingAction:
    action = (
        MeetingAction.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("meeting", "institution", "item", "motion")
        .filter(uuid=uuid)
        .first()
    )
    if action is None:
        raise NotFoundError
    return action


@transaction.atomic
def change_action(alliance: Alliance, uuid: UUID, *, facts: ActionFacts, actor: User, at: datetime) -> MeetingAction:
    """Change an open action until the minutes are approved; the inbox item follows.

    Raises:
        NotFoundError: No such action here.
        DomainError: It is settled, or the minutes are approved.
        InvalidInputError: As :func:`add_action`.
    """
    action = _lock(alliance, uuid)
    require(actor, RECORD_MEETING, action.meeting)
    _require_recording(action.meeting)
    COMPLETE_ACTION.check(action.state)
    before = _audit(action)
    _fill(action, action.meeting, facts)
    action.save()
    inbox.settle(alliance, action_key(action), by=actor, at=at)
    ask_for_action(action, at)
    record_audit(
        action,
        actor=actor,
        verb="change_action",
        before=before,
        after=_audit(action),
        personal=_words(action),
        at=at,
    )
    return action


@transaction.atomic
def settle_action(alliance: Alliance, uuid: UUID, *, done: bool, outcome: str, actor: User, at: datetime) -> MeetingAction:
    """Note what became of an action: done by its institution or the office, or dropped by the office with the reason.

    Args:
        alliance: The tenant.
        uuid: The action.
        done: Whether it is done; else it is dropped.
        outcome: What became of it; told in the register where the action is public.
        actor: Needs ``groups.settle_action``; to drop it ``groups.record_meeting``.
        at: Now.

    Raises:
        NotFoundError: No such action here.
        TransitionRefusedError: It is settled already.
        InvalidInputError: No outcome.
    """
    action = _lock(alliance, uuid)
    step = COMPLETE_ACTION if done else DROP_ACTION
    require(actor, SETTLE_ACTION if done else RECORD_MEETING, action if done else action.meeting)
    step.check(action.state)
    if not outcome.strip():
        words = _("Say what became of it, in one sentence.")
        raise InvalidInputError(words, code="outcome_missing", fields={"outcome": words})
    action.state, action.outcome, action.done_at = step.target, outcome.strip()[:300], at
    action.save(update_fields=["state", "outcome", "done_at"])
    inbox.settle(alliance, action_key(action), by=actor, at=at)
    record_audit(
        action,
        actor=actor,
        verb=step.name,
        before={"state": ActionState.OPEN},
        after={"state": action.state, "meeting": action.meeting.code},
        personal={"outcome": action.outcome},
        at=at,
    )
    emit(
        alliance,
        ACTION_SETTLED,
        {"meeting": action.meeting.code, "action": str(action.uuid), "state": action.state},
    )
    return action


@transaction.atomic
def hand_over_action(action: MeetingAction, to: Institution | None, *, actor: User, at: datetime) -> None:
    """Settle an open action within an institution's exit: give it to another institution, or drop it."""
    if to is None:
        settle_action(
            action.alliance,
            action.uuid,
            done=False,
            outcome=str(_("Dropped: the institution left the alliance.")),
            actor=actor,
            at=at,
        )
        return
    row = _lock(action.alliance, action.uuid)
    require(actor, RECORD_MEETING, row.meeting)
    COMPLETE_ACTION.check(row.state)
    before = _audit(row)
    row.institution = to
    row.save(update_fields=["institution"])
    inbox.settle(row.alliance, action_key(row), by=actor, at=at)
    ask_for_action(row, at)
    record_audit(row, actor=actor, verb="change_action", before=before, after=_audit(row), at=at)


texts.register(
    ACTION_ASSIGNED,
    Text(title=_("%(text)s"), body=_("Noted in the meeting %(meeting)s."), verb=_("Report"), icon="list-checks"),
)
texts.register(
    ACTION_REMINDER,
    Text(
        title=_("Due on %(due)s: %(text)s"),
        body=_("Noted in the meeting %(meeting)s; nobody has said yet that it is done."),
        verb=_("Report"),
        icon="clock",
    ),
)
