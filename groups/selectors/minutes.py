"""What minutes tell without being typed: attendance, quorum, who stood aside, results and proxies, actions; and its digest."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from alliance.models import AuditEntry
from alliance.selectors.audit import latest_head
from groups.choices import DECIDED_MOTIONS, MinutesState
from groups.models import Minutes, MinutesComment, MotionElector, Participation
from groups.selectors.meeting import get_meeting_page, list_actions
from groups.selectors.motion import canonical, told

if TYPE_CHECKING:
    from alliance.models import Alliance
    from groups.models import Meeting, Motion
    from groups.selectors.meeting import Quorum
    from members.models import Institution

FORMAT = "alliance-minutes-1"


def _name(institution: Institution) -> dict[str, str]:
    return {"code": institution.code, "name_en": institution.name_en, "name_zh": institution.name_zh}


def _quorum(quorum: Quorum) -> dict[str, Any]:
    return {
        "entitled": quorum.entitled,
        "present": quorum.present,
        "needed": quorum.needed,
        "met": quorum.is_met,
    }


def collect_facts(meeting: Meeting) -> dict[str, Any]:
    """Everything the minutes tell from the records, as plain JSON values; eight queries at most whatever its size.

    People's names are not among them: institutions act, and names can be erased. Totals of a secret ballot stand there only
    as far as the ballot's own rule lets members see them.
    """
    alliance = meeting.alliance
    page = get_meeting_page(meeting)
    decided = [line.item.motion for line in page.agenda if line.item.motion is not None]
    decided = [motion for motion in decided if motion.state in DECIDED_MOTIONS]
    recused = _recused_at_close(alliance, decided)
    proxies = _proxies_used(alliance, decided)
    head = latest_head(alliance)
    items = []
    for line in page.agenda:
        motion = line.item.motion
        aside = recused.get(motion.pk, []) if motion in decided and motion is not None else line.aside
        items.append(
            {
                "number": line.item.number,
                "title_en": line.item.title_en,
                "title_zh": line.item.title_zh,
                "presenter": _name(line.item.presenter) if line.item.presenter else None,
                "matter": line.matter,
                "recused": [_name(institution) for institution in aside],
                "quorum": _quorum(line.quorum),
                "motion": _motion(motion, proxies) if motion is not None else None,
            }
        )
    return {
        "format": FORMAT,
        "meeting": {
            "code": meeting.code,
            "body": meeting.group.kind if meeting.group else "",
            "title_en": meeting.title_en,
            "title_zh": meeting.title_zh,
            "starts_at": _moment(meeting.began_at or meeting.starts_at),
            "ends_at": _moment(meeting.closed_at or meeting.ends_at),
            "place": meeting.place,
            "by_link": bool(meeting.link),
        },
        "attendance": [{**_name(row.institution), "state": str(row.state), "vote": row.has_vote} for row in page.attendance],
        "quorum": {
            **_quorum(page.quorum),
            "fraction": [meeting.quorum_numerator, meeting.quorum_denominator],
        },
        "items": items,
        "actions": [
            {
                "text_en": action.text_en,
                "text_zh": action.text_zh,
                "institution": _name(action.institution) if action.institution else None,
                "item": action.item.number if action.item else None,
                "due": action.due_on.isoformat(),
            }
            for action in list_actions(alliance, meeting=meeting)
        ],
        "log": {"size": head.size, "root": bytes(head.root).hex()} if head is not None else None,
    }


def _moment(value: Any) -> str:
    return timezone.localtime(value).isoformat(timespec="minutes")


def _motion(motion: Motion, proxies: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    result = told(motion)
    return {
        "code": motion.code,
        "title_en": motion.title_en,
        "title_zh": motion.title_zh,
        "state": str(motion.state),
        "ballot": str(motion.ballot),
        "threshold": str(motion.threshold),
        "result": {
            name: result[name]
            for name in ("yes", "no", "abstain", "needed", "base", "taking_part", "entitled", "quorum")
            if name in result
        },
        "proxies": proxies.get(motion.pk, []),
        "digest": motion.result_digest,
    }


def _recused_at_close(alliance: Alliance, motions: list[Motion]) -> dict[int, list[Institution]]:
    """Who was left out of each motion's count for standing aside; one query."""
    found: dict[int, list[Institution]] = {}
    rows = (
        MotionElector.objects.of(alliance)
        .filter(motion__in=motions, excluded="recused")
        .select_related("institution")
        .order_by("institution__sort_key", "institution_id")
    )
    for row in rows:
        found.setdefault(row.motion_id, []).append(row.institution)
    return found


def _proxies_used(alliance: Alliance, motions: list[Motion]) -> dict[int, list[dict[str, Any]]]:
    """Who voted for whom at each motion, of open and secret ballots alike: that it voted, never how; one query."""
    found: dict[int, list[dict[str, Any]]] = {}
    rows = (
        Participation.objects.of(alliance)
        .filter(motion__in=motions, holder__isnull=False)
        .select_related("institution", "holder")
        .order_by("institution__sort_key", "institution_id")
    )
    for row in rows:
        if row.holder is not None:
            found.setdefault(row.motion_id, []).append({"for": _name(row.institution), "by": _name(row.holder)})
    return found


def same_facts(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether two collections tell the same; the head of the log, which grows every minute, aside."""
    return {**first, "log": None} == {**second, "log": None}


def digest_of_minutes(minutes: Minutes) -> str:
    """SHA-256 of the canonical form of texts and facts, in hex.

    Keys sorted, no blanks, UTF-8: whoever has the text and the facts can work it out again.
    """
    document = {
        "format": FORMAT,
        "log": minutes.alliance.slug,
        "meeting": minutes.facts["meeting"]["code"],
        "version": minutes.version,
        "reason": minutes.reason,
        "body_en": minutes.body_en,
        "body_zh": minutes.body_zh,
        "facts": minutes.facts,
    }
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def has_written(minutes: Minutes, user: Any) -> bool:
    """Whether a person began a version or changed its text, by the audit log; one query."""
    if minutes.written_by_id == user.pk:
        return True
    entries = AuditEntry.objects.of(minutes.alliance).filter(
        object_type=minutes._meta.label_lower, object_id=str(minutes.pk)
    )
    return entries.filter(verb="edit_minutes", actor_id=user.uuid).exists()


def list_remarks(minutes: Minutes) -> list[MinutesComment]:
    """Remarks on a version, oldest first, with who made them; one query."""
    return list(
        MinutesComment.objects.of(minutes.alliance)
        .filter(minutes=minutes)
        .select_related("institution", "user")
        .order_by("made_at", "id")
    )


def get_public_minutes(alliance: Alliance, code: str) -> Minutes | None:
    """The newest published version of a meeting's minutes, replaced since then or not; one query."""
    return (
        Minutes.objects.of(alliance)
        .select_related("meeting__group")
        .filter(meeting__code=code, published_at__isnull=False)
        .order_by("-version")
        .first()
    )


def list_public_minutes(alliance: Alliance) -> Any:
    """Published minutes, the newest version of each meeting, newest meeting first; one query."""
    newer = Minutes.objects.filter(
        alliance=OuterRef("alliance"),
        meeting=OuterRef("meeting"),
        published_at__isnull=False,
        version__gt=OuterRef("version"),
    )
    return (
        Minutes.objects.of(alliance)
        .filter(~Exists(newer), published_at__isnull=False)
        .select_related("meeting__group")
        .order_by("-published_at", "-id")
    )


def is_replaced(minutes: Minutes) -> bool:
    """Whether a newer version was approved since."""
    return minutes.state == MinutesState.SUPERSEDED
