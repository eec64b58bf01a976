"""Reads the audit log in words: who, what, before and after."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.choices import AuditVia
from alliance.kernel import formats
from alliance.kernel.transitions import key_label, record_label, state_label, verb_label
from alliance.models import AuditEntry, AuditPersonal, TreeHead, User

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from django.db.models import Model, QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

ORDER = ("-at", "-id")
VIEW = "alliance.view_audit"
_UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")

SYSTEM: StrOrPromise = _("the platform")
FORGOTTEN: StrOrPromise = _("somebody whose account is gone")


@dataclass(frozen=True, slots=True)
class Change:
    """One value before and after; either may be empty.

    Attributes:
        label: What changed.
        before: Value before, in words.
        after: Value after, in words.
        is_personal: The value is personal and can be erased.
    """

    label: StrOrPromise
    before: str
    after: str
    is_personal: bool = False


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One audit entry in words."""

    id: UUID
    at: datetime
    by: StrOrPromise
    act: StrOrPromise
    object_label: StrOrPromise
    object_name: str
    object_id: str
    via: StrOrPromise
    changes: list[Change] = field(default_factory=list)
    reason: str = ""
    object_type: str = ""
    verb: str = ""

    @property
    def title(self) -> StrOrPromise:
        """For timelines."""
        return self.act

    @property
    def detail(self) -> str:
        """The changes in one line, for timelines."""
        parts = []
        for change in self.changes:
            value = f"{change.before} → {change.after}" if change.before and change.after else change.after or change.before
            parts.append(f"{change.label}: {value}" if change.label else value)
        return "; ".join(parts)


def identifier_of(record: Model) -> str:
    """The identifier under which a record stands in the log."""
    return str(getattr(record, "uuid", None) or record.pk)


def list_entries(
    alliance: Alliance,
    *,
    object_type: str = "",
    object_id: str = "",
    verb: str = "",
    via: str = "",
    actor: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[AuditEntry]:
    """Entries of one alliance, filtered; days are those of the active time zone, both included.

    Args:
        alliance: The tenant.
        object_type: Such as ``operations.product``.
        object_id: The record's identifier.
        verb: The act.
        via: Road of the act.
        actor: E-mail address of who acted.
        since: First day.
        until: Last day.
    """
    entries = AuditEntry.objects.of(alliance)
    exact = {"object_type": object_type, "object_id": object_id, "verb": verb, "via": via}
    entries = entries.filter(**{name: value for name, value in exact.items() if value})
    if actor:
        uuids = list(User.objects.filter(email__iexact=actor.strip()).values_list("uuid", flat=True))
        entries = entries.filter(actor_id__in=uuids)
    if since:
        entries = entries.filter(at__gte=timezone.make_aware(datetime.combine(since, time.min)))
    if until:
        entries = entries.filter(at__lte=timezone.make_aware(datetime.combine(until, time.max)))
    return entries


def latest_head(alliance: Alliance) -> TreeHead | None:
    """The last signed head of the alliance's log (size, root, note); None before the first seal. One query."""
    return TreeHead.objects.of(alliance).order_by("-size").first()


def list_object_types(alliance: Alliance) -> list[tuple[str, StrOrPromise]]:
    """Types of records that stand in the log, with their names; one query."""
    found = AuditEntry.objects.of(alliance).order_by("object_type").values_list("object_type", flat=True).distinct()
    return [(name, type_label(name)) for name in found]


def list_verbs(alliance: Alliance) -> list[tuple[str, StrOrPromise]]:
    """Acts that stand in the log, in words; one query."""
    found = AuditEntry.objects.of(alliance).order_by("verb").values_list("verb", flat=True).distinct()
    return [(verb, verb_label(verb)) for verb in found]


def history_of(
    alliance: Alliance, *records: Model, with_values: bool = True, with_personal: bool = False, limit: int = 30
) -> list[HistoryEntry]:
    """What happened to one record, or to several that belong together, newest first.

    Queries: the entries, the people, and (with them) the personal values.
    """
    entries = entries_about(alliance, *records).order_by(*ORDER)[:limit]
    return describe(alliance, entries, with_values=with_values, with_personal=with_personal, with_names=False)


def entries_about(alliance: Alliance, *records: Model) -> QuerySet[AuditEntry]:
    """Entries about one record, or about several that belong together."""
    wanted = [Q(object_type=one._meta.label_lower, object_id=identifier_of(one)) for one in records]
    return list_entries(alliance).filter(reduce(or_, wanted))


def describe(
    alliance: Alliance,
    entries: Iterable[AuditEntry],
    *,
    with_values: bool = True,
    with_personal: bool = False,
    with_names: bool = True,
) -> list[HistoryEntry]:
    """Entries in words.

    Args:
        alliance: The tenant.
        entries: Entries of it.
        with_values: Whether values before and after are told.
        with_personal: Whether personal values are told too.
        with_names: Whether the records are named as they stand now (one query per type of record).
    """
    listed = list(entries)
    people = _names_of_people(listed)
    personal = _personal_values(alliance, listed) if with_personal else {}
    names = _names_of_records(alliance, listed) if with_names else {}
    found = []
    for entry in listed:
        record = _parse(entry.record)
        changes = _changes(entry.object_type, record.get("before"), record.get("after"), people) if with_values else []
        if with_personal:
            for path in sorted(record.get("personal") or {}):
                value = personal.get((entry.pk, path), "")
                label = field_label(entry.object_type, path)
                changes.append(Change(label, "", value or str(_("erased")), is_personal=True))
        found.append(
            HistoryEntry(
                id=entry.pk,
                at=entry.at,
                by=SYSTEM if entry.actor_id is None else people.get(str(entry.actor_id), FORGOTTEN),
                act=verb_label(entry.verb),
                object_label=type_label(entry.object_type),
                object_name=names.get((entry.object_type, entry.object_id), ""),
                object_id=entry.object_id,
                via=AuditVia(entry.via).label if entry.via in AuditVia.values else entry.via,
                changes=changes,
                reason=str(record.get("reason_code") or ""),
                object_type=entry.object_type,
                verb=entry.verb,
            )
        )
    return found


def _parse(text: str) -> dict[str, Any]:
    """The stored record; a damaged one is shown without values, for the page must open then most of all."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def type_label(object_type: str) -> StrOrPromise:
    """The name of a type of record."""
    try:
        return record_label(object_type, apps.get_model(object_type)._meta.verbose_name or object_type)
    except (LookupError, ValueError):
        return object_type


def field_label(object_type: str, name: str) -> StrOrPromise:
    """The name of a field, or the key without underscores where it is no field."""
    try:
        found = apps.get_model(object_type)._meta.get_field(name)
    except Exception:  # noqa: BLE001 - any key that is no field of a model stands for itself
        return key_label(name)
    own = getattr(found, "verbose_name", name)
    taught: StrOrPromise = own if isinstance(own, Promise) else key_label(name)  # type: ignore[assignment]
    return taught


def _changes(object_type: str, before: Any, after: Any, people: dict[str, str]) -> list[Change]:
    if not isinstance(before, dict) and not isinstance(after, dict):
        if before is None and after is None:
            return []
        return [Change(pgettext_lazy("audit", "state"), _words(before, people), _words(after, people))]
    old: dict[str, Any] = before if isinstance(before, dict) else {"": before} if before is not None else {}
    new: dict[str, Any] = after if isinstance(after, dict) else {"": after} if after is not None else {}
    changes = []
    for key in [*old, *(key for key in new if key not in old)]:
        if key in old and key in new and old[key] == new[key]:
            continue
        label = field_label(object_type, key) if key else pgettext_lazy("audit", "state")
        changes.append(Change(label, _words(old.get(key), people), _words(new.get(key), people)))
    return changes


def _words(value: Any, people: dict[str, str]) -> str:
    """A stored value in words."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(_("yes")) if value else str(_("no"))
    if isinstance(value, list):
        return ", ".join(_words(item, people) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_words(item, people)}" for key, item in value.items())
    text = str(value)
    if _UUID.match(text):
        return people.get(text, text[:8])
    if _MOMENT.match(text) and (moment := parse_datetime(text)):
        return formats.format_moment(timezone.localtime(moment), _language())
    return str(state_label(text))


def _language() -> str | None:
    from django.utils.translation import get_language  # noqa: PLC0415 - only where a date is written

    return get_language()


def _names_of_people(entries: Sequence[AuditEntry]) -> dict[str, str]:
    """Names of everybody who acted or is mentioned by identifier; one query."""
    wanted = {str(entry.actor_id) for entry in entries if entry.actor_id}
    for entry in entries:
        wanted.update(re.findall(r'"(?:user|handed_to|person|actor)":"([0-9a-f-]{36})"', entry.record))
    if not wanted:
        return {}
    return {str(user.uuid): user.get_full_name() for user in User.objects.filter(uuid__in=wanted)}


def _personal_values(alliance: Alliance, entries: Sequence[AuditEntry]) -> dict[tuple[UUID, str], str]:
    rows = AuditPersonal.objects.of(alliance).filter(entry_id__in=[entry.pk for entry in entries])
    return {(row.entry_id, row.path): row.value for row in rows}


def _names_of_records(alliance: Alliance, entries: Sequence[AuditEntry]) -> dict[tuple[str, str], str]:
    """Present names of the records, by type and identifier; one query per type."""
    wanted: dict[str, set[str]] = {}
    for entry in entries:
        wanted.setdefault(entry.object_type, set()).add(entry.object_id)
    names: dict[tuple[str, str], str] = {}
    for object_type, identifiers in wanted.items():
        try:
            model = apps.get_model(object_type)
        except (LookupError, ValueError):
            continue
        by_uuid = any(found.name == "uuid" for found in model._meta.local_fields)
        key = "uuid" if by_uuid else "pk"
        fitting = [value for value in identifiers if not by_uuid or _UUID.match(value)]
        rows = model._default_manager.filter(**{f"{key}__in": fitting})
        if any(found.column == "alliance_id" for found in model._meta.local_fields):
            rows = rows.filter(alliance_id=alliance.pk)
        for record in rows:
            names[object_type, identifier_of(record)] = str(record)
    return names
