"""The record of what happened to an institution, from the audit log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.kernel.transitions import key_label, state_label, verb_label
from alliance.models import AuditEntry, AuditPersonal, User

if TYPE_CHECKING:
    from datetime import datetime

    from django.db import models
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

VERBS: dict[str, StrOrPromise] = {
    "add_institution": _("Institution added"),
    "change_institution": _("Entry changed"),
    "accept_charter": _("Charter accepted"),
    "suspend": _("Suspended"),
    "readmit": _("Readmitted"),
    "start_leaving": _("Exit begun"),
    "complete_exit": _("Exit completed"),
    "shorten_notice": _("Notice shortened"),
    "lapse": _("Membership lapsed"),
    "expel": _("Expelled"),
    "add_supply": _("Element noted"),
    "assess_supply": _("Element assessed"),
    "verify_facts": _("Facts verified"),
    "confirm_facts": _("Facts confirmed by the institution"),
    "withdraw_marks": _("Marks taken off facts"),
    "ask_for_confirmation": _("Asked to confirm the facts"),
    "withdraw_request": _("Request to confirm taken back"),
    "message_institution": _("Message sent"),
    "end_supply": _("Element ended"),
    "join_group": _("Seat taken"),
    "leave_group": _("Seat given up"),
    "change_seat_role": _("Role in the group changed"),
    "claim_conflict": _("Conflict of interest claimed"),
    "agree_conflict": _("Agreed to stand aside"),
    "declare_conflict": _("Conflict of interest declared"),
    "recuse": _("Stands aside"),
    "clear_conflict": _("No conflict found"),
    "end_conflict": _("Conflict of interest over"),
}
TONES = {
    "verify_facts": "ok",
    "confirm_facts": "ok",
    "withdraw_marks": "warn",
    "suspend": "warn",
    "lapse": "bad",
    "expel": "bad",
    "add_institution": "ok",
    "accept_charter": "ok",
    "readmit": "ok",
}


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One act, ready to draw."""

    title: StrOrPromise
    detail: str
    at: datetime
    by: str
    tone: str = ""


def list_history(alliance: Alliance, record: models.Model, *, limit: int = 20) -> list[HistoryEntry]:
    """The newest acts on a record; three queries."""
    identifier = str(getattr(record, "uuid", None) or record.pk)
    entries = list(
        AuditEntry.objects.of(alliance)
        .filter(object_type=record._meta.label_lower, object_id=identifier)
        .order_by("-id")[:limit]
    )
    people = {user.uuid: user for user in User.objects.filter(uuid__in={entry.actor_id for entry in entries})}
    reasons = dict(
        AuditPersonal.objects.of(alliance)
        .filter(entry_id__in=[entry.pk for entry in entries], path="reason")
        .values_list("entry_id", "value")
    )
    return [
        HistoryEntry(
            title=VERBS.get(entry.verb) or capfirst(verb_label(entry.verb)),
            detail=reasons.get(entry.pk, "") or _changes(json.loads(entry.record)),
            at=entry.at,
            by=people[entry.actor_id].get_full_name() if entry.actor_id in people else "",
            tone=TONES.get(entry.verb, ""),
        )
        for entry in entries
    ]


def _changes(record: dict[str, Any]) -> str:
    """What changed, from the clear values of a record: field: before → after."""
    before, after = record.get("before"), record.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ""
    changes = [(name, before[name], after.get(name)) for name in sorted(before) if name in after]
    if len(changes) == 1 and changes[0][0] == "state":
        return f"{state_label(str(changes[0][1]))} → {state_label(str(changes[0][2]))}"
    return "; ".join(f"{key_label(name)}: {old or '—'} → {new or '—'}" for name, old, new in changes)
