"""Plans, convenes, opens, closes and cancels meetings; agenda, papers, answers and attendance (S22; charter, articles 12, 17)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.files import delete_stored, store_upload
from alliance.actions.notifications import notify
from alliance.kernel.codes import next_code
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.formats import format_day
from alliance.kernel.permissions import require
from alliance.kernel.texts import Text, texts
from alliance.models import User
from groups.actions.position import group_names
from groups.choices import DECIDED_MOTIONS, AttendanceState, MeetingState, MotionState
from groups.models import AgendaItem, Attendance, GroupMembership, Meeting, MeetingPaper, Motion, VirtualGroup
from groups.permissions import ANSWER_INVITATION, OPEN_PAPER, PLAN_MEETING, RECORD_MEETING
from groups.selectors.charter import charter_in_force
from groups.selectors.electors import list_electors
from groups.selectors.matters import is_matter_name
from groups.selectors.meeting import is_short_notice, reader_ids
from groups.signals import MEETING_CANCELLED, MEETING_CONVENED, MEETING_HELD
from groups.transitions import CANCEL_MEETING, CLOSE_MEETING, CONVENE, START_MEETING
from members.models import Institution, InstitutionStaff

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

PAPER_PURPOSE: Final = "meeting_paper"
MOST_ITEMS: Final = 200
OPEN_AGENDA: Final = (MeetingState.PLANNED, MeetingState.CONVENED, MeetingState.UNDER_WAY)
CLOSED_BEFORE: Final = (MeetingState.PLANNED, MeetingState.CONVENED)


def _refuse(words: StrOrPromise, code: str, field: str = "", *, remedy: StrOrPromise = "") -> None:
    raise InvalidInputError(words, code=code, remedy=remedy, fields={field: words} if field else {})


def lock_meeting(alliance: Alliance, code: str) -> Meeting:
    """A meeting, locked until the end of the transaction.

    Raises:
        NotFoundError: No such meeting here.
    """
    meeting = (
        Meeting.objects.of(alliance)
        .select_for_update(of=("self",), no_key=True)
        .select_related("group")
        .filter(code=code)
        .first()
    )
    if meeting is None:
        raise NotFoundError
    return meeting


def _require_state(meeting: Meeting, states: Iterable[str]) -> None:
    if meeting.state not in states:
        raise DomainError(
            _("The meeting is in the state “%(state)s”; this cannot be changed any more.")
            % {"state": meeting.get_state_display()},
            code="meeting_not_open",
        )


@dataclass(frozen=True, slots=True)
class MeetingFacts:
    """What a meeting is.

    Attributes:
        title_en: Title in English.
        title_zh: Title in Chinese; one of the two is needed.
        starts_at: Begin.
        ends_at: End.
        place: Where it is.
        link: Address for taking part from afar; https.
    """

    title_en: str
    title_zh: str
    starts_at: datetime
    ends_at: datetime
    place: str = ""
    link: str = ""

    def check(self) -> None:
        """Refuse what makes no meeting.

        Raises:
            InvalidInputError: No title, no place, ends before it begins, or a link that is no web address.
        """
        if not self.title_en.strip() and not self.title_zh.strip():
            _refuse(_("Give a title in one of the two languages."), "title_missing", "title_en")
        if self.ends_at <= self.starts_at:
            _refuse(_("The end lies before the begin."), "period_backwards", "ends_time")
        if not self.place.strip() and not self.link.strip():
            _refuse(_("Say where it is: a place, a link, or both."), "place_missing", "place")
        if self.link.strip() and not self.link.strip().startswith("https://"):
            _refuse(_("Give the link as an address that begins with https://."), "link_invalid", "link")


@transaction.atomic
def plan_meeting(
    alliance: Alliance, *, group_kind: str | None, facts: MeetingFacts, actor: User | None, at: datetime, code: str = ""
) -> Meeting:
    """Plan a meeting of a group or, without one, of the assembly; nobody is told before it is convened.

    Args:
        alliance: The tenant.
        group_kind: The body; None for the assembly.
        facts: What the meeting is.
        actor: Needs ``groups.plan_meeting``; None for a loader.
        at: Now.
        code: Code to use, for loaders; the next number when empty.

    Raises:
        InvalidInputError: The facts make no meeting, or the group is not established.
    """
    if actor is not None:
        require(actor, PLAN_MEETING, alliance)
    group = None
    if group_kind:
        group = VirtualGroup.objects.of(alliance).filter(kind=group_kind).first()
        if group is None:
            _refuse(_("This group is not established yet."), "group_unknown", "group")
    facts.check()
    meeting = Meeting(
        alliance=alliance,
        group=group,
        code=code or next_code(Meeting, alliance, f"MT-{timezone.localtime(facts.starts_at).year}", 3),
        title_en=facts.title_en.strip(),
        title_zh=facts.title_zh.strip(),
        starts_at=facts.starts_at,
        ends_at=facts.ends_at,
        place=facts.place.strip(),
        link=facts.link.strip(),
        created_at=at,
    )
    charter = charter_in_force(alliance)
    if charter is not None:
        meeting.quorum_numerator, meeting.quorum_denominator = charter.quorum_numerator, charter.quorum_denominator
    meeting.save(force_insert=True)
    record_audit(
        meeting,
        actor=actor,
        verb="plan_meeting",
        after={
            "code": meeting.code,
            "body": group.kind if group else "assembly",
            "starts_at": meeting.starts_at,
            "ends_at": meeting.ends_at,
            "quorum": [meeting.quorum_numerator, meeting.quorum_denominator],
        },
        personal=_personal(meeting),
        at=at,
    )
    return meeting


def _personal(meeting: Meeting) -> dict[str, str]:
    named = (
        ("title_en", meeting.title_en),
        ("title_zh", meeting.title_zh),
        ("place", meeting.place),
        ("link", meeting.link),
    )
    return {name: value for name, value in named if value}


@transaction.atomic
def change_meeting(alliance: Alliance, code: str, *, facts: MeetingFacts, actor: User, at: datetime) -> Meeting:
    """Change title, time or place until the meeting begins; those invited are told of another time or place.

    Raises:
        NotFoundError: No such meeting here.
        DomainError: It has begun, was held or cancelled.
        InvalidInputError: The facts make no meeting.
    """
    meeting = lock_meeting(alliance, code)
    require(actor, PLAN_MEETING, meeting)
    _require_state(meeting, CLOSED_BEFORE)
    facts.check()
    before = {name: getattr(meeting, name) for name in ("starts_at", "ends_at")}
    moved = (meeting.starts_at, meeting.place, meeting.link) != (facts.starts_at, facts.place.strip(), facts.link.strip())
    meeting.title_en, meeting.title_zh = facts.title_en.strip(), facts.title_zh.strip()
    meeting.starts_at, meeting.ends_at = facts.starts_at, facts.ends_at
    meeting.place, meeting.link = facts.place.strip(), facts.link.strip()
    meeting.save(update_fields=["title_en", "title_zh", "starts_at", "ends_at", "place", "link"])
    record_audit(
        meeting,
        actor=actor,
        verb="change_meeting",
        before=before,
        after={"starts_at": meeting.starts_at, "ends_at": meeting.ends_at},
        personal=_personal(meeting),
        at=at,
    )
    if moved and meeting.state == MeetingState.CONVENED:
        tell_invited(alliance, meeting, MEETING_MOVED, f"meeting_moved:{meeting.code}:{at.isoformat()}", at=at)
        for row in Attendance.objects.of(alliance).filter(meeting=meeting, state=AttendanceState.INVITED):
            _ask_for_answer(alliance, meeting, row.institution_id, at)
    return meeting


# ---------------------------------------------------------------------------------------------------------------- agenda


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What an item of an agenda is.

    Attributes:
        title_en: Title in English.
        title_zh: Title in Chinese; empty both: the motion's titles.
        presenter_code: The institution that presents it; empty: the chair or the secretariat.
        motion_code: A motion of the same body to be decided there.
        matter: What conflicts of interest are about, e.g. ``product:P-029``; empty: the motion, if any.
        minutes_of_time: Minutes planned for it.
    """

    title_en: str = ""
    title_zh: str = ""
    presenter_code: str = ""
    motion_code: str = ""
    matter: str = ""
    minutes_of_time: int | None = None


def _fill_item(item: AgendaItem, meeting: Meeting, facts: ItemFacts) -> None:
    alliance = meeting.alliance
    presenter = motion = None
    if facts.presenter_code.strip():
        presenter = Institution.objects.of(alliance).active().filter(code=facts.presenter_code.strip()).first()
        if presenter is None:
            _refuse(_("No active member of this alliance has that code."), "institution_unknown", "presenter")
    if facts.motion_code.strip():
        motion = Motion.objects.of(alliance).filter(code=facts.motion_code.strip()).first()
        if motion is None:
            _refuse(_("There is no motion of that code."), "motion_unknown", "motion")
        elif motion.group_id != meeting.group_id:
            _refuse(_("This motion is put to another body than the one that meets."), "motion_elsewhere", "motion")
        elif motion.state in DECIDED_MOTIONS and motion != item.motion:
            _refuse(_("This motion is decided already."), "motion_decided", "motion")
    title_en, title_zh = facts.title_en.strip(), facts.title_zh.strip()
    if not title_en and not title_zh and motion is not None:
        title_en, title_zh = motion.title_en, motion.title_zh
    if not title_en and not title_zh:
        _refuse(_("Give a title in one of the two languages, or name a motion."), "title_missing", "title_en")
    matter = facts.matter.strip()
    if matter and not is_matter_name(matter):
        _refuse(_("Name the matter, e.g. product:P-029."), "matter_unknown", "matter")
    if item.motion is not None and item.motion != motion:
        _release_motion(item.motion, meeting)
    if motion is not None and motion.state == MotionState.DRAFT and motion.meeting_id is None:
        # Put on an agenda, a draft is decided in the meeting: its vote need not stay open as one by circulation must.
        motion.meeting = meeting
        motion.save(update_fields=["meeting"])
    item.title_en, item.title_zh, item.matter = title_en[:300], title_zh[:300], matter
    item.presenter, item.motion, item.minutes_of_time = presenter, motion, facts.minutes_of_time


def _release_motion(motion: Motion, meeting: Meeting) -> None:
    """A draft that leaves the agenda is decided by circulation again."""
    if motion.state == MotionState.DRAFT and motion.meeting_id == meeting.pk:
        motion.meeting = None
        motion.save(update_fields=["meeting"])


def _item_audit(item: AgendaItem) -> dict[str, Any]:
    return {
        "meeting": item.meeting.code,
        "number": item.number,
        "presenter": item.presenter.code if item.presenter else None,
        "motion": item.motion.code if item.motion else None,
        "matter": item.matter or None,
    }


@transaction.atomic
def add_agenda_item(alliance: Alliance, code: str, *, facts: ItemFacts, actor: User | None, at: datetime) -> AgendaItem:
    """Put an item at the end of the agenda, until the meeting is closed.

    Raises:
        NotFoundError: No such meeting here.
        DomainError: The meeting is over or cancelled.
        InvalidInputError: No title, unknown presenter, or a motion that is unknown, of another body, or decided.
    """
    meeting = lock_meeting(alliance, code)
    if actor is not None:
        require(actor, PLAN_MEETING, meeting)
    _require_state(meeting, OPEN_AGENDA)
    last = AgendaItem.objects.of(alliance).filter(meeting=meeting).aggregate(last=Max("number"))["last"] or 0
    if last >= MOST_ITEMS:
        _refuse(_("An agenda takes at most %(most)s items.") % {"most": MOST_ITEMS}, "agenda_full", "title_en")
    item = AgendaItem(alliance=alliance, meeting=meeting, number=last + 1)
    _fill_item(item, meeting, facts)
    item.save(force_insert=True)
    record_audit(item, actor=actor, verb="add_agenda_item", after=_item_audit(item), personal=_item_words(item), at=at)
    return item


def _item_words(item: AgendaItem) -> dict[str, str]:
    return {name: value for name, value in (("title_en", item.title_en), ("title_zh", item.title_zh)) if value}


def _lock_item(alliance: Alliance, code: str, number: int, states: Iterable[str], actor: User) -> AgendaItem:
    meeting = lock_meeting(alliance, code)
    require(actor, PLAN_MEETING, meeting)
    _require_state(meeting, states)
    item = (
        AgendaItem.objects.of(alliance).select_related("presenter", "motion").filter(meeting=meeting, number=number).first()
    )
    if item is None:
        raise NotFoundError
    item.meeting = meeting
    return item


@transaction.atomic
def change_agenda_item(
    alliance: Alliance, code: str, number: int, *, facts: ItemFacts, actor: User, at: datetime
) -> AgendaItem:
    """Change an item until the meeting is closed.

    Raises:
        NotFoundError: No such item.
        DomainError: The meeting is over or cancelled.
        InvalidInputError: As :func:`add_agenda_item`.
    """
    item = _lock_item(alliance, code, number, OPEN_AGENDA, actor)
    before = _item_audit(item)
    _fill_item(item, item.meeting, facts)
    item.save()
    record_audit(
        item,
        actor=actor,
        verb="change_agenda_item",
        before=before,
        after=_item_audit(item),
        personal=_item_words(item),
        at=at,
    )
    return item


@transaction.atomic
def move_agenda_item(alliance: Alliance, code: str, number: int, *, to: int, actor: User, at: datetime) -> AgendaItem:
    """Give an item another place on the agenda; the others close up. Possible until the meeting begins.

    Raises:
        NotFoundError: No such item.
        DomainError: The meeting has begun.
        InvalidInputError: There is no such place.
    """
    item = _lock_item(alliance, code, number, CLOSED_BEFORE, actor)
    items = list(AgendaItem.objects.of(alliance).filter(meeting=item.meeting).order_by("number"))
    if not 1 <= to <= len(items):
        _refuse(_("The agenda has the places 1 to %(last)s.") % {"last": len(items)}, "place_unknown")
    items.insert(to - 1, items.pop(next(place for place, row in enumerate(items) if row.pk == item.pk)))
    _renumber(alliance, items)
    record_audit(
        item,
        actor=actor,
        verb="move_agenda_item",
        before={"number": number},
        after={"meeting": item.meeting.code, "number": to},
        at=at,
    )
    item.number = to
    return item


def _renumber(alliance: Alliance, items: list[AgendaItem]) -> None:
    """Number items from 1 on; by way of high numbers, for no number may be there twice even for a moment."""
    for offset in (10_000, 0):
        for place, row in enumerate(items, start=1):
            AgendaItem.objects.of(alliance).filter(pk=row.pk).update(number=offset + place)


@transaction.atomic
def remove_agenda_item(alliance: Alliance, code: str, number: int, *, actor: User, at: datetime) -> None:
    """Take an item off the agenda before the meeting begins; its papers must be removed first.

    Raises:
        NotFoundError: No such item.
        DomainError: The meeting has begun.
        InvalidInputError: It has papers.
    """
    item = _lock_item(alliance, code, number, CLOSED_BEFORE, actor)
    if item.papers.exists():
        _refuse(_("Remove its papers first."), "item_has_papers")
    record_audit(item, actor=actor, verb="remove_agenda_item", before=_item_audit(item), personal=_item_words(item), at=at)
    meeting = item.meeting
    if item.motion is not None:
        _release_motion(item.motion, meeting)
    item.delete()
    _renumber(alliance, list(AgendaItem.objects.of(alliance).filter(meeting=meeting).order_by("number")))


@transaction.atomic
def add_paper(
    alliance: Alliance,
    code: str,
    number: int,
    *,
    file: Any,
    title: str,
    is_confidential: bool,
    actor: User,
    at: datetime,
) -> MeetingPaper:
    """Add a paper to an item until the meeting is closed; those invited may open it, unless they stand aside.

    Args:
        alliance: The tenant.
        code: The meeting.
        number: The item.
        file: An uploaded file.
        title: What it is; empty: the file's name.
        is_confidential: Whether who stands aside on the item's matter must not open it.
        actor: Needs ``groups.plan_meeting``.
        at: Now.

    Raises:
        NotFoundError: No such item.
        DomainError: The meeting is over or cancelled.
        UploadRefusedError: The file is not of a kind taken here.
    """
    item = _lock_item(alliance, code, number, OPEN_AGENDA, actor)
    if file is None:
        _refuse(_("Choose a file."), "file_missing", "file")
    stored = store_upload(alliance, file, PAPER_PURPOSE, actor=actor, permission=OPEN_PAPER)
    paper = MeetingPaper.objects.create(
        alliance=alliance,
        item=item,
        file=stored,
        title=(title.strip() or stored.name)[:200],
        is_confidential=is_confidential,
        added_at=at,
    )
    record_audit(
        paper,
        actor=actor,
        verb="add_meeting_paper",
        after={"meeting": code, "item": number, "file": stored.uuid, "confidential": is_confidential},
        personal={"title": paper.title},
        at=at,
    )
    return paper


@transaction.atomic
def remove_paper(alliance: Alliance, code: str, paper_id: int, *, actor: User, at: datetime) -> None:
    """Remove a paper, until the meeting begins.

    Raises:
        NotFoundError: No such paper.
        DomainError: The meeting has begun.
    """
    meeting = lock_meeting(alliance, code)
    require(actor, PLAN_MEETING, meeting)
    _require_state(meeting, CLOSED_BEFORE)
    paper = (
        MeetingPaper.objects.of(alliance).select_related("file", "item").filter(pk=paper_id, item__meeting=meeting).first()
    )
    if paper is None:
        raise NotFoundError
    record_audit(
        paper,
        actor=actor,
        verb="remove_meeting_paper",
        before={"meeting": code, "item": paper.item.number, "file": paper.file.uuid},
        at=at,
    )
    stored = paper.file
    paper.delete()
    if stored.purpose == PAPER_PURPOSE:  # a file that came another way belongs to somebody else
        delete_stored(stored, actor=actor)


# ------------------------------------------------------------------------------------------------- convening, cancelling


@transaction.atomic
def convene_meeting(alliance: Alliance, code: str, *, actor: User | None, at: datetime) -> Meeting:
    """Invite every institution that is entitled to take part, and those that may listen.

    With a vote: who has a voting seat in the body when the meeting begins, or every active member for the assembly, but not who
    has lost the vote for want of accepting the charter. Without: observers, and those others. Their people are told by a
    worker right after; the invitation stands from this moment on. A notice shorter than the charter's is allowed - the page
    warns - and stands in the audit log.

    Raises:
        NotFoundError: No such meeting here.
        TransitionRefusedError: It is convened, over or cancelled.
        InvalidInputError: It lies in the past, has no agenda, or nobody is entitled to come.
    """
    meeting = lock_meeting(alliance, code)
    if actor is not None:
        require(actor, PLAN_MEETING, meeting)
    CONVENE.check(meeting.state)
    if actor is not None and meeting.starts_at <= at:
        _refuse(_("The meeting lies in the past."), "meeting_past", remedy=_("Change its time, then send the invitation."))
    if not meeting.agenda.exists():
        _refuse(_("Put at least one item on the agenda first."), "agenda_empty")
    invited = invite_entitled(alliance, meeting)
    if not invited:
        _refuse(
            _("Nobody is entitled to take part at that time."),
            "nobody_entitled",
            remedy=_("Give institutions seats in the group first."),
        )
    meeting.state, meeting.convened_at = CONVENE.target, at
    meeting.save(update_fields=["state", "convened_at"])
    record_audit(
        meeting,
        actor=actor,
        verb=CONVENE.name,
        before={"state": MeetingState.PLANNED},
        after={"state": meeting.state, "invited": invited, "short_notice": is_short_notice(meeting, at)},
        at=at,
    )
    emit(alliance, MEETING_CONVENED, {"meeting": meeting.code})
    return meeting


def invite_entitled(alliance: Alliance, meeting: Meeting) -> int:
    """Make attendance agree with who is entitled when the meeting begins; returns how many are invited.

    Rows of institutions that took part or answered stay; those that lost their seat lose the vote with it.
    """
    voting = set(list_electors(alliance, meeting.group, meeting.starts_at).values_list("pk", flat=True))
    if meeting.group is None:
        listening = set(Institution.objects.of(alliance).active().values_list("pk", flat=True)) - voting
    else:
        seats = GroupMembership.objects.of(alliance).at(meeting.starts_at).filter(group=meeting.group)
        listening = set(
            Institution.objects.of(alliance).active().filter(pk__in=seats.values("institution")).values_list("pk", flat=True)
        )
        listening -= voting
    there = dict(Attendance.objects.of(alliance).filter(meeting=meeting).values_list("institution_id", "pk"))
    Attendance.objects.bulk_create(
        [
            Attendance(alliance=alliance, meeting=meeting, institution_id=pk, has_vote=pk in voting)
            for pk in sorted((voting | listening) - set(there))
        ],
        batch_size=1000,
    )
    rows = Attendance.objects.of(alliance).filter(meeting=meeting)
    rows.filter(institution__in=voting, has_vote=False).update(has_vote=True)
    rows.exclude(institution__in=voting).filter(has_vote=True).update(has_vote=False)
    gone = set(there) - voting - listening
    rows.filter(institution__in=gone, state=AttendanceState.INVITED).delete()
    return len(voting | listening)


def _words_of(meeting: Meeting) -> dict[str, Any]:
    return {
        "title_en": meeting.title_en,
        "title_zh": meeting.title_zh,
        "day_en": format_day(timezone.localtime(meeting.starts_at).date(), "en"),
        "day_zh": format_day(timezone.localtime(meeting.starts_at).date(), "zh-hans"),
        "time": f"{timezone.localtime(meeting.starts_at):%H:%M}",
        "place": meeting.place or meeting.link,
        **{name: capfirst(words) for name, words in group_names(meeting.group.kind if meeting.group else "").items()},
    }


def answer_key(meeting: Meeting, institution_id: int) -> str:
    """Key of the inbox item that asks an institution whether it comes."""
    return f"meeting-answer:{meeting.uuid}:{institution_id}"


def _ask_for_answer(alliance: Alliance, meeting: Meeting, institution_id: int, at: datetime) -> None:
    inbox.ask(
        alliance,
        MEETING_INVITED,
        answer_key(meeting, institution_id),
        inbox.institution(institution_id),
        params=_words_of(meeting),
        url_name="portal_meeting_detail",
        url_kwargs={"code": meeting.code},
        at=at,
        due_at=meeting.starts_at,
    )


def people_of(alliance: Alliance, institution_ids: Iterable[int], at: datetime) -> list[User]:
    """Everybody who acts for some institutions now, each once; one query."""
    staff = InstitutionStaff.objects.of(alliance).at(at).filter(institution__in=list(institution_ids))
    return list(User.objects.filter(pk__in=staff.values("user"), is_active=True))


def tell_invited(alliance: Alliance, meeting: Meeting, kind: str, key: str, *, at: datetime) -> int:
    """Tell the people of every invited institution; returns how many were told."""
    return notify(
        alliance,
        people_of(alliance, reader_ids(meeting), at),
        kind,
        key,
        params=_words_of(meeting) | {"reason": meeting.cancel_reason},
        at=at,
        url_name="portal_meeting_detail",
        url_kwargs={"code": meeting.code},
    )


@transaction.atomic
def send_invitations(alliance: Alliance, code: str, *, at: datetime) -> int:
    """Ask every invited institution for its answer and tell its people, for the worker; may run twice without harm.

    Returns:
        How many institutions are asked.
    """
    meeting = Meeting.objects.of(alliance).select_related("group").filter(code=code).first()
    if meeting is None or meeting.state != MeetingState.CONVENED:
        return 0
    waiting = list(
        Attendance.objects.of(alliance)
        .filter(meeting=meeting, state=AttendanceState.INVITED)
        .values_list("institution_id", flat=True)
    )
    for institution_id in waiting:
        _ask_for_answer(alliance, meeting, institution_id, at)
    tell_invited(alliance, meeting, MEETING_INVITED, f"meeting_invited:{meeting.uuid}", at=at)
    return len(waiting)


@transaction.atomic
def cancel_meeting(alliance: Alliance, code: str, *, reason: str, actor: User, at: datetime) -> Meeting:
    """Cancel a meeting that has not begun, with the reason; those invited are told.

    Raises:
        NotFoundError: No such meeting here.
        TransitionRefusedError: It has begun, was held or cancelled.
        InvalidInputError: No reason.
    """
    meeting = lock_meeting(alliance, code)
    require(actor, PLAN_MEETING, meeting)
    CANCEL_MEETING.check(meeting.state)
    if not reason.strip():
        _refuse(_("Say why, in one sentence."), "reason_missing", "reason")
    before = meeting.state
    meeting.state, meeting.cancel_reason = CANCEL_MEETING.target, reason.strip()[:300]
    meeting.save(update_fields=["state", "cancel_reason"])
    inbox.settle_all(alliance, f"meeting-answer:{meeting.uuid}:", by=actor, at=at)
    record_audit(
        meeting,
        actor=actor,
        verb=CANCEL_MEETING.name,
        before={"state": before},
        after={"state": meeting.state},
        personal={"reason": meeting.cancel_reason},
        at=at,
    )
    if before == MeetingState.CONVENED:
        tell_invited(alliance, meeting, MEETING_OFF, f"meeting_cancelled:{meeting.uuid}", at=at)
    emit(alliance, MEETING_CANCELLED, {"meeting": meeting.code})
    return meeting


# ------------------------------------------------------------------------------------------------- answers and attendance


@transaction.atomic
def answer_invitation(
    alliance: Alliance,
    code: str,
    institution_code: str,
    *,
    coming: bool,
    person: User | None = None,
    note: str = "",
    actor: User,
    at: datetime,
) -> Attendance:
    """Say for an invited institution whether it comes and who; it may be changed until the meeting begins.

    Args:
        alliance: The tenant.
        code: The meeting; convened.
        institution_code: The institution.
        coming: Whether somebody comes; else it is excused.
        person: Who comes; must act for the institution when the meeting begins. None: not said yet.
        note: A word to the secretariat, e.g. why it is excused.
        actor: Needs ``groups.answer_invitation``.
        at: Now.

    Raises:
        NotFoundError: No such meeting, or the institution is not invited.
        DomainError: The meeting is not convened any more.
        InvalidInputError: The person does not act for the institution.
    """
    meeting = lock_meeting(alliance, code)
    row = (
        Attendance.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("institution")
        .filter(meeting=meeting, institution__code=institution_code)
        .first()
    )
    if row is None:
        raise NotFoundError
    require(actor, ANSWER_INVITATION, row)
    if meeting.state != MeetingState.CONVENED:
        raise DomainError(
            _("The meeting is in the state “%(state)s”; answers are not taken any more.")
            % {"state": meeting.get_state_display()},
            code="meeting_not_open",
            remedy=_("Tell the secretariat directly."),
        )
    if person is not None and not _acts_for(alliance, row.institution, person, meeting.starts_at):
        _refuse(
            _("%(person)s does not act for %(institution)s at that time.")
            % {"person": person.get_full_name(), "institution": row.institution.name},
            "not_its_person",
            "person",
        )
    before = row.state
    row.state = AttendanceState.COMING if coming else AttendanceState.EXCUSED
    row.user = person if coming else None
    row.note, row.answered_at = note.strip()[:200], at
    row.save(update_fields=["state", "user", "note", "answered_at"])
    inbox.settle(alliance, answer_key(meeting, row.institution_id), by=actor, at=at)
    record_audit(
        row,
        actor=actor,
        verb="answer_invitation",
        before={"state": before},
        after={
            "meeting": meeting.code,
            "institution": row.institution.code,
            "state": row.state,
            "person": person.uuid if coming and person else None,
        },
        personal={"note": row.note} if row.note else None,
        at=at,
    )
    return row


def _acts_for(alliance: Alliance, institution: Institution, person: User, moment: datetime) -> bool:
    return InstitutionStaff.objects.of(alliance).at(moment).filter(institution=institution, user=person).exists()


@transaction.atomic
def start_meeting(alliance: Alliance, code: str, *, actor: User | None, at: datetime) -> Meeting:
    """Open the meeting: who is entitled is settled for this moment, answers are closed, attendance can be noted.

    It may be opened without a quorum - the page says so; motions then lapse by their own count.

    Raises:
        NotFoundError: No such meeting here.
        TransitionRefusedError: It is not convened, or under way already.
    """
    meeting = lock_meeting(alliance, code)
    if actor is not None:
        require(actor, RECORD_MEETING, meeting)
    START_MEETING.check(meeting.state)
    invited = invite_entitled(alliance, meeting)
    meeting.state, meeting.began_at = START_MEETING.target, at
    meeting.save(update_fields=["state", "began_at"])
    inbox.settle_all(alliance, f"meeting-answer:{meeting.uuid}:", by=actor, at=at)
    record_audit(
        meeting,
        actor=actor,
        verb=START_MEETING.name,
        before={"state": MeetingState.CONVENED},
        after={"state": meeting.state, "invited": invited},
        at=at,
    )
    return meeting


@dataclass(frozen=True, slots=True)
class Presence:
    """What is noted of an institution at a meeting.

    Attributes:
        state: One of AttendanceState.
        person: Who came; must act for the institution.
    """

    state: str
    person: User | None = None


@transaction.atomic
def note_attendance(
    alliance: Alliance, code: str, presence: Mapping[str, Presence], *, actor: User | None, at: datetime
) -> int:
    """Note who is there while the meeting is under way; also afterwards, until its minutes are approved.

    Args:
        alliance: The tenant.
        code: The meeting.
        presence: What is noted, by code of the institution; those not named stay as they are.
        actor: Needs ``groups.record_meeting``.
        at: Now.

    Returns:
        How many rows changed.

    Raises:
        NotFoundError: No such meeting here, or an institution that is not invited.
        DomainError: It is not under way or held, or its minutes are approved.
        InvalidInputError: Unknown state, or a person who does not act for the institution.
    """
    meeting = lock_meeting(alliance, code)
    if actor is not None:
        require(actor, RECORD_MEETING, meeting)
    _require_state(meeting, (MeetingState.UNDER_WAY, MeetingState.HELD))
    refuse_after_approval(meeting)
    rows = {
        row.institution.code: row
        for row in Attendance.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("institution")
        .filter(meeting=meeting, institution__code__in=list(presence))
    }
    if set(presence) - set(rows):
        raise NotFoundError
    moment = meeting.began_at or meeting.starts_at
    people = {note.person.pk for note in presence.values() if note.person is not None}
    acting = set(
        InstitutionStaff.objects.of(alliance).at(moment).filter(user__in=people).values_list("institution_id", "user_id")
    )
    changed: dict[str, dict[str, Any]] = {}
    for institution_code, note in presence.items():
        row = rows[institution_code]
        if note.state not in AttendanceState.values:
            _refuse(_("Choose a state from the list."), "state_unknown", f"state-{row.institution_id}")
        if note.person is not None and (row.institution_id, note.person.pk) not in acting:
            _refuse(
                _("%(person)s does not act for %(institution)s at that time.")
                % {"person": note.person.get_full_name(), "institution": row.institution.name},
                "not_its_person",
                f"person-{row.institution_id}",
            )
        person_id = note.person.pk if note.person is not None else None
        if (row.state, row.user_id) == (note.state, person_id):
            continue
        changed[institution_code] = {"state": note.state, "person": note.person.uuid if note.person else None}
        row.state, row.user = note.state, note.person
        row.save(update_fields=["state", "user"])
    if changed:
        record_audit(meeting, actor=actor, verb="note_attendance", after=changed, at=at)
    return len(changed)


def refuse_after_approval(meeting: Meeting) -> None:
    """What the minutes tell stays as it is once they are approved.

    Raises:
        DomainError: The minutes of the meeting are approved.
    """
    if meeting.minutes.filter(approved_at__isnull=False).exists():
        raise DomainError(
            _("The minutes of this meeting are approved; what they tell cannot be changed."),
            code="minutes_approved",
            remedy=_("Begin a new version of the minutes with a reason, and say there what was wrong."),
        )


@transaction.atomic
def close_meeting(alliance: Alliance, code: str, *, actor: User | None, at: datetime) -> Meeting:
    """Close the meeting; whoever was not noted as there or excused was absent.

    Raises:
        NotFoundError: No such meeting here.
        TransitionRefusedError: It is not under way.
    """
    meeting = lock_meeting(alliance, code)
    if actor is not None:
        require(actor, RECORD_MEETING, meeting)
    CLOSE_MEETING.check(meeting.state)
    absent = (
        Attendance.objects.of(alliance)
        .filter(meeting=meeting, state__in=[AttendanceState.INVITED, AttendanceState.COMING])
        .update(state=AttendanceState.ABSENT, user=None)
    )
    meeting.state, meeting.closed_at = CLOSE_MEETING.target, at
    meeting.save(update_fields=["state", "closed_at"])
    record_audit(
        meeting,
        actor=actor,
        verb=CLOSE_MEETING.name,
        before={"state": MeetingState.UNDER_WAY},
        after={"state": meeting.state, "absent": absent},
        at=at,
    )
    emit(alliance, MEETING_HELD, {"meeting": meeting.code})
    inbox.ask(
        alliance,
        MINUTES_TO_WRITE,
        f"minutes-write:{meeting.uuid}",
        inbox.office(),
        params=_words_of(meeting),
        url_name="minutes_edit",
        url_kwargs={"code": meeting.code},
        at=at,
    )
    return meeting


# ----------------------------------------------------------------------------------------------------------------- texts

MEETING_INVITED = "groups.meeting_invited"
MEETING_MOVED = "groups.meeting_moved"
MEETING_OFF = "groups.meeting_off"
MINUTES_TO_WRITE = "groups.minutes_to_write"
texts.register(
    MEETING_INVITED,
    Text(
        title=_("Meeting on %(day)s: %(title)s"),
        body=_("%(body)s, %(time)s, %(place)s. Say whether your institution comes, and who."),
        verb=_("Answer"),
        icon="calendar-clock",
    ),
)
texts.register(
    MEETING_MOVED,
    Text(
        title=_("Changed: meeting on %(day)s: %(title)s"),
        body=_("It begins at %(time)s, %(place)s."),
        verb=_("Open"),
        icon="calendar-clock",
    ),
)
texts.register(
    MEETING_OFF,
    Text(
        title=_("Cancelled: meeting on %(day)s: %(title)s"),
        body=_("The reason: %(reason)s"),
        verb=_("Open"),
        icon="calendar-x",
    ),
)
texts.register(
    MINUTES_TO_WRITE,
    Text(
        title=_("Write the minutes: %(title)s"),
        body=_("The meeting of %(day)s is closed. Attendance, quorum and results are filled in already."),
        verb=_("Write"),
        icon="scroll-text",
    ),
)
