"""Minutes in stages: draft, circulated for comment, approved (frozen and sealed), published; a change is a new version.

What the minutes tell of attendance, quorum, recusals and votes is not typed: it is collected from the records, shown while the
minutes are drafted, and frozen with the texts at approval. The digest of the whole stands in the audit log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.actions.sealing import seal_soon
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, SeparationOfDutiesError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.texts import Text, texts
from groups.actions.meeting import lock_meeting, people_of
from groups.actions.motion import publish_decision
from groups.choices import DECIDED_MOTIONS, MeetingState, MinutesState, MotionState
from groups.models import AgendaItem, Meeting, Minutes, MinutesComment
from groups.permissions import APPROVE_MINUTES, PUBLISH_DECISION, RECORD_MEETING, REMARK_ON_MINUTES
from groups.selectors.meeting import reader_ids
from groups.selectors.minutes import collect_facts, digest_of_minutes, has_written, same_facts
from groups.signals import MINUTES_APPROVED, MINUTES_CIRCULATED, MINUTES_PUBLISHED
from groups.transitions import APPROVE_MINUTES as APPROVE
from groups.transitions import CIRCULATE_MINUTES, PUBLISH_MINUTES

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

MOST_TEXT = 100_000
MOST_REMARK = 4_000


def _words_of(minutes: Minutes) -> dict[str, Any]:
    meeting = minutes.meeting
    return {
        "title_en": meeting.title_en,
        "title_zh": meeting.title_zh,
        "meeting": meeting.code,
        "version": minutes.version,
    }


def _skeleton(meeting: Meeting) -> tuple[str, str]:
    """A heading per item of the agenda in both languages, to be filled in."""
    texts_by_language = []
    items = list(AgendaItem.objects.of(meeting.alliance).filter(meeting=meeting).order_by("number"))
    for language, chinese in (("en", False), ("zh-hans", True)):
        with translation.override(language):
            lines = []
            for item in items:
                title = (item.title_zh or item.title_en) if chinese else (item.title_en or item.title_zh)
                lines += [f"## {item.number}. {title}", "", gettext("Nothing noted yet."), ""]
            texts_by_language.append("\n".join(lines))
    return texts_by_language[0], texts_by_language[1]


def lock_minutes(alliance: Alliance, code: str, version: int) -> Minutes:
    """A version of a meeting's minutes, locked with the meeting.

    Raises:
        NotFoundError: No such meeting or version here.
    """
    meeting = lock_meeting(alliance, code)
    minutes = (
        Minutes.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("written_by", "approved_by")
        .filter(meeting=meeting, version=version)
        .first()
    )
    if minutes is None:
        raise NotFoundError
    minutes.meeting = meeting
    return minutes


@transaction.atomic
def draft_minutes(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Minutes:
    """Begin the minutes of a meeting that is under way or held; a second call gives the draft that is there.

    Raises:
        NotFoundError: No such meeting here.
        DomainError: It has not begun, was cancelled, or approved minutes are there already.
    """
    meeting = lock_meeting(alliance, code)
    require(actor, RECORD_MEETING, meeting)
    if meeting.state not in (MeetingState.UNDER_WAY, MeetingState.HELD):
        raise DomainError(
            _("Minutes begin with the meeting; it is in the state “%(state)s”.") % {"state": meeting.get_state_display()},
            code="meeting_not_open",
        )
    there = Minutes.objects.of(alliance).filter(meeting=meeting).order_by("-version").first()
    if there is not None:
        if there.state in (MinutesState.DRAFT, MinutesState.CIRCULATED):
            return there
        raise DomainError(
            _("The minutes of this meeting are approved."),
            code="minutes_approved",
            remedy=_("Begin a new version with a reason."),
        )
    body_en, body_zh = _skeleton(meeting)
    minutes = Minutes(alliance=alliance, meeting=meeting, version=1, body_en=body_en, body_zh=body_zh, written_by=actor)
    minutes.facts = collect_facts(meeting)
    minutes.save(force_insert=True)
    record_audit(minutes, actor=actor, verb="draft_minutes", after={"meeting": meeting.code, "version": 1}, at=at)
    return minutes


@transaction.atomic
def edit_minutes(
    alliance: Alliance, code: str, version: int, *, body_en: str, body_zh: str, actor: User, at: datetime
) -> Minutes:
    """Change the texts until approval; circulated ones go back to draft, so that nobody approves what nobody was sent.

    Raises:
        NotFoundError: No such version here.
        DomainError: It is approved.
        InvalidInputError: A text is too long.
    """
    minutes = lock_minutes(alliance, code, version)
    require(actor, RECORD_MEETING, minutes.meeting)
    if minutes.state not in (MinutesState.DRAFT, MinutesState.CIRCULATED):
        raise DomainError(
            _("These minutes are approved; they are read-only."),
            code="minutes_approved",
            remedy=_("Begin a new version with a reason."),
        )
    for name, value in (("body_en", body_en), ("body_zh", body_zh)):
        if len(value) > MOST_TEXT:
            words = _("This is longer than %(count)s characters.") % {"count": MOST_TEXT}
            raise InvalidInputError(words, fields={name: words})
    before = minutes.state
    changed = (minutes.body_en, minutes.body_zh) != (body_en.strip(), body_zh.strip())
    minutes.body_en, minutes.body_zh = body_en.strip(), body_zh.strip()
    minutes.facts = collect_facts(minutes.meeting)
    if changed and minutes.state == MinutesState.CIRCULATED:
        minutes.state, minutes.circulated_at = MinutesState.DRAFT, None
        inbox.settle_all(alliance, f"minutes-approve:{minutes.meeting.uuid}", by=actor, at=at)
    minutes.save(update_fields=["body_en", "body_zh", "facts", "state", "circulated_at"])
    if changed:
        record_audit(
            minutes,
            actor=actor,
            verb="edit_minutes",
            before={"state": before},
            after={"meeting": code, "version": version, "state": minutes.state},
            personal={name: value for name, value in (("body_en", minutes.body_en), ("body_zh", minutes.body_zh)) if value},
            at=at,
        )
    return minutes


def _require_finished(minutes: Minutes) -> None:
    """Minutes tell how a meeting went: it must be over and its motions decided.

    Raises:
        DomainError: It is under way, or a motion of its agenda is still to be decided.
    """
    meeting = minutes.meeting
    if meeting.state != MeetingState.HELD:
        raise DomainError(_("Close the meeting first."), code="meeting_not_held")
    undecided = list(
        AgendaItem.objects.of(meeting.alliance)
        .filter(meeting=meeting, motion__state__in=[MotionState.OPEN])
        .values_list("motion__code", flat=True)
    )
    if undecided:
        raise DomainError(
            _("These motions of the agenda are still open for voting: %(codes)s.") % {"codes": ", ".join(undecided)},
            code="motions_open",
            remedy=_("Wait for their close; the results are filled in then."),
        )
    if not minutes.body_en.strip() and not minutes.body_zh.strip():
        words = _("Write the minutes in one of the two languages first.")
        raise InvalidInputError(words, code="text_missing", fields={"body_en": words})


@transaction.atomic
def circulate_minutes(alliance: Alliance, code: str, version: int, *, actor: User, at: datetime) -> Minutes:
    """Send the draft to everybody who was invited, for their remarks.

    Raises:
        NotFoundError: No such version here.
        TransitionRefusedError: It is no draft.
        DomainError: The meeting is not closed, or a motion of its agenda is still open.
        InvalidInputError: There is no text.
    """
    minutes = lock_minutes(alliance, code, version)
    require(actor, RECORD_MEETING, minutes.meeting)
    CIRCULATE_MINUTES.check(minutes.state)
    _require_finished(minutes)
    minutes.facts = collect_facts(minutes.meeting)
    minutes.state, minutes.circulated_at = CIRCULATE_MINUTES.target, at
    minutes.save(update_fields=["facts", "state", "circulated_at"])
    inbox.settle(alliance, f"minutes-write:{minutes.meeting.uuid}", by=actor, at=at)
    record_audit(
        minutes,
        actor=actor,
        verb=CIRCULATE_MINUTES.name,
        before={"state": MinutesState.DRAFT},
        after={"meeting": code, "version": version, "state": minutes.state},
        at=at,
    )
    inbox.ask(
        alliance,
        MINUTES_TO_APPROVE,
        f"minutes-approve:{minutes.meeting.uuid}",
        inbox.office("committee"),
        params=_words_of(minutes),
        url_name="minutes_detail",
        url_kwargs={"code": code, "version": version},
        at=at,
    )
    emit(alliance, MINUTES_CIRCULATED, {"meeting": code, "version": version})
    return minutes


@transaction.atomic
def send_minutes_round(alliance: Alliance, code: str, version: int, *, at: datetime) -> int:
    """Tell everybody who was invited that the minutes wait for remarks, for the worker; may run twice without harm."""
    minutes = Minutes.objects.of(alliance).select_related("meeting").filter(meeting__code=code, version=version).first()
    if minutes is None or minutes.state != MinutesState.CIRCULATED or minutes.circulated_at is None:
        return 0
    return notify(
        alliance,
        people_of(alliance, reader_ids(minutes.meeting), at),
        MINUTES_SENT,
        f"minutes_sent:{minutes.pk}:{minutes.circulated_at.isoformat()}",
        params=_words_of(minutes),
        at=at,
        url_name="portal_meeting_detail",
        url_kwargs={"code": code},
    )


@transaction.atomic
def remark_on_minutes(
    alliance: Alliance, code: str, version: int, *, text: str, institution_id: int | None, actor: User, at: datetime
) -> MinutesComment:
    """Make a remark on circulated minutes; remarks stay, they are not changed.

    Args:
        alliance: The tenant.
        code: The meeting.
        version: The version that is circulated.
        text: The remark.
        institution_id: The institution it is made for; None: by the office or the committee.
        actor: Needs ``groups.remark_on_minutes``.
        at: Now.

    Raises:
        NotFoundError: No such version here, or the institution was not invited.
        DomainError: It is not circulated.
        InvalidInputError: Nothing said, or too long.
    """
    minutes = lock_minutes(alliance, code, version)
    minutes.meeting.reader_ids = reader_ids(minutes.meeting)  # type: ignore[attr-defined]  # asked by the permission
    require(actor, REMARK_ON_MINUTES, minutes.meeting)
    if institution_id is not None and institution_id not in minutes.meeting.reader_ids:  # type: ignore[attr-defined]
        raise NotFoundError
    if minutes.state != MinutesState.CIRCULATED:
        raise DomainError(
            _("Remarks are taken while the minutes are circulated; they are in the state “%(state)s”.")
            % {"state": minutes.get_state_display()},
            code="minutes_not_circulated",
        )
    words: StrOrPromise
    if not text.strip():
        words = _("Write the remark first.")
        raise InvalidInputError(words, code="text_missing", fields={"text": words})
    if len(text) > MOST_REMARK:
        words = _("This is longer than %(count)s characters.") % {"count": MOST_REMARK}
        raise InvalidInputError(words, fields={"text": words})
    remark = MinutesComment.objects.create(
        alliance=alliance, minutes=minutes, institution_id=institution_id, user=actor, text=text.strip(), made_at=at
    )
    record_audit(
        remark,
        actor=actor,
        verb="remark_on_minutes",
        after={"meeting": code, "version": version},
        personal={"text": remark.text},
        at=at,
    )
    inbox.ask(
        alliance,
        REMARK_MADE,
        f"minutes-remark:{minutes.meeting.uuid}",
        inbox.office(),
        params=_words_of(minutes),
        url_name="minutes_edit",
        url_kwargs={"code": code},
        at=at,
    )
    return remark


@transaction.atomic
def approve_minutes(alliance: Alliance, code: str, version: int, *, actor: User, at: datetime) -> Minutes:
    """Approve circulated minutes: texts and facts are frozen, their digest is sealed, an older version is replaced.

    From now on the database itself refuses any change. What is frozen is what was circulated: if the records changed since
    then, the minutes must be circulated again.

    Args:
        alliance: The tenant.
        code: The meeting.
        version: The version.
        actor: Needs ``groups.approve_minutes``; never whoever wrote or changed them.
        at: Now.

    Raises:
        NotFoundError: No such version here.
        TransitionRefusedError: They are not circulated.
        SeparationOfDutiesError: The actor wrote them.
        DomainError: The records changed since they were circulated, or a motion is still open.
    """
    minutes = lock_minutes(alliance, code, version)
    require(actor, APPROVE_MINUTES, minutes.meeting)
    APPROVE.check(minutes.state)
    if has_written(minutes, actor):
        raise SeparationOfDutiesError(
            _("You wrote these minutes; somebody else approves them."),
            code="own_minutes",
            who=[_("another person of the secretariat"), _("member of the management committee")],
        )
    _require_finished(minutes)
    facts = collect_facts(minutes.meeting)
    if not same_facts(facts, minutes.facts):
        raise DomainError(
            _("Attendance, actions or results changed since the minutes were circulated."),
            code="facts_changed",
            remedy=_("Save the minutes and circulate them again, so that everybody sees what is approved."),
        )
    previous = (
        Minutes.objects.of(alliance)
        .select_for_update(of=("self",))
        .filter(meeting=minutes.meeting, state__in=[MinutesState.APPROVED, MinutesState.PUBLISHED])
    )
    for older in previous:
        before = older.state
        older.state = MinutesState.SUPERSEDED
        older.save(update_fields=["state"])
        record_audit(
            older,
            actor=actor,
            verb="supersede_minutes",
            before={"state": before},
            after={"meeting": code, "version": older.version, "by": version},
            at=at,
        )
    minutes.facts = facts
    minutes.state, minutes.approved_at, minutes.approved_by = APPROVE.target, at, actor
    minutes.digest = digest_of_minutes(minutes)
    minutes.save(update_fields=["facts", "state", "approved_at", "approved_by", "digest"])
    inbox.settle(alliance, f"minutes-approve:{minutes.meeting.uuid}", by=actor, at=at)
    inbox.settle(alliance, f"minutes-remark:{minutes.meeting.uuid}", by=actor, at=at)
    record_audit(
        minutes,
        actor=actor,
        verb=APPROVE.name,
        before={"state": MinutesState.CIRCULATED},
        after={"meeting": code, "version": version, "state": minutes.state, "digest": minutes.digest},
        at=at,
    )
    emit(alliance, MINUTES_APPROVED, {"meeting": code, "version": version, "digest": minutes.digest})
    seal_soon(alliance)
    return minutes


@transaction.atomic
def publish_minutes(
    alliance: Alliance, code: str, version: int, *, decisions: Collection[str], actor: User, at: datetime
) -> Minutes:
    """Show approved minutes on the public site, and put decided motions of the meeting into the public register.

    Args:
        alliance: The tenant.
        code: The meeting.
        version: The version.
        decisions: Codes of the decided motions of the agenda that become public with the minutes.
        actor: Needs ``groups.publish_decision``.
        at: Now.

    Raises:
        NotFoundError: No such version here.
        TransitionRefusedError: They are not approved, or published already.
        InvalidInputError: A code is no decided motion of this meeting.
    """
    minutes = lock_minutes(alliance, code, version)
    require(actor, PUBLISH_DECISION, minutes.meeting)
    PUBLISH_MINUTES.check(minutes.state)
    decided = set(
        AgendaItem.objects.of(alliance)
        .filter(meeting=minutes.meeting, motion__state__in=DECIDED_MOTIONS)
        .values_list("motion__code", flat=True)
    )
    if unknown := sorted(set(decisions) - decided):
        words = _("%(code)s is no decided motion of this meeting.") % {"code": unknown[0]}
        raise InvalidInputError(words, code="motion_unknown", fields={"decisions": words})
    for motion in sorted(decisions):
        publish_decision(alliance, motion, is_public=True, actor=actor, at=at)
    minutes.state, minutes.published_at = PUBLISH_MINUTES.target, at
    minutes.save(update_fields=["state", "published_at"])
    record_audit(
        minutes,
        actor=actor,
        verb=PUBLISH_MINUTES.name,
        before={"state": MinutesState.APPROVED},
        after={"meeting": code, "version": version, "state": minutes.state, "decisions": sorted(decisions)},
        at=at,
    )
    emit(alliance, MINUTES_PUBLISHED, {"meeting": code, "version": version, "decisions": sorted(decisions)})
    seal_soon(alliance)
    return minutes


@transaction.atomic
def amend_minutes(alliance: Alliance, code: str, *, reason: str, actor: User, at: datetime) -> Minutes:
    """Begin a new version of approved minutes, with the reason; the old one counts until the new one is approved.

    Raises:
        NotFoundError: No such meeting here.
        DomainError: Nothing is approved yet, or a new version is in work already.
        InvalidInputError: No reason.
    """
    meeting = lock_meeting(alliance, code)
    require(actor, RECORD_MEETING, meeting)
    last = Minutes.objects.of(alliance).filter(meeting=meeting).order_by("-version").first()
    if last is None or last.approved_at is None:
        raise DomainError(_("The minutes are not approved yet: change the draft itself."), code="minutes_not_approved")
    if not reason.strip():
        words = _("Say why a new version is needed, in one sentence.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    minutes = Minutes(
        alliance=alliance,
        meeting=meeting,
        version=last.version + 1,
        body_en=last.body_en,
        body_zh=last.body_zh,
        reason=reason.strip()[:300],
        written_by=actor,
    )
    minutes.facts = collect_facts(meeting)
    minutes.save(force_insert=True)
    record_audit(
        minutes,
        actor=actor,
        verb="amend_minutes",
        before={"version": last.version, "digest": last.digest},
        after={"meeting": code, "version": minutes.version},
        personal={"reason": minutes.reason},
        at=at,
    )
    return minutes


MINUTES_SENT = "groups.minutes_sent"
MINUTES_TO_APPROVE = "groups.minutes_to_approve"
REMARK_MADE = "groups.minutes_remark"
texts.register(
    MINUTES_SENT,
    Text(
        title=_("Minutes for your remarks: %(title)s"),
        body=_("Read them and say what is wrong or missing, before they are approved."),
        verb=_("Read"),
        icon="scroll-text",
    ),
)
texts.register(
    MINUTES_TO_APPROVE,
    Text(
        title=_("Approve the minutes: %(title)s"),
        body=_("They are circulated for remarks. Whoever wrote them cannot approve them."),
        verb=_("Read"),
        icon="scroll-text",
    ),
)
texts.register(
    REMARK_MADE,
    Text(
        title=_("Remarks on the minutes: %(title)s"),
        body=_("Take them up in the text, or approve without."),
        verb=_("Open"),
        icon="message-square",
    ),
)
