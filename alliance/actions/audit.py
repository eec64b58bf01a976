"""Writes the audit log (security.md section 4(a))."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import models
from django.utils import timezone

from alliance.kernel import context
from alliance.kernel.identifiers import uuid7
from alliance.models import AuditEntry, AuditPending, AuditPersonal

if TYPE_CHECKING:
    from alliance.models import Alliance, User

FORMAT_VERSION = 1
HASH_NAME = "sha256"


def canonical(value: Any) -> str:
    """Canonical JSON: keys sorted, no blanks, no raw newline, UTF-8, numbers with a fraction as strings."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def plain(value: Any) -> Any:
    """A value in the forms that canonical JSON allows; floats and decimals become strings."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [plain(item) for item in value]
        return sorted(items, key=str) if isinstance(value, set | frozenset) else items
    return str(value)


def commitment(salt: bytes, value: str) -> str:
    """HMAC-SHA256 of the NFC form of a personal value, in hex."""
    return hmac.new(salt, unicodedata.normalize("NFC", value).encode(), hashlib.sha256).hexdigest()


def record_audit(
    record: models.Model,
    *,
    actor: User | None,
    verb: str,
    before: Any = None,
    after: Any = None,
    personal: Mapping[str, str] | None = None,
    reason_code: str = "",
    at: datetime | None = None,
    alliance: Alliance | None = None,
) -> AuditEntry:
    """Append one entry for an act, in the act's own transaction.

    Args:
        record: What was acted on; its alliance keeps the entry.
        actor: Who acted; None for the system.
        verb: Name of the act, as the transition or action has it.
        before: State or changed fields before; ids, codes, dates, amounts and states only.
        after: The same after.
        personal: Free texts, names, addresses, file names by field path; only commitments to them enter the record.
        reason_code: Code of a stated reason.
        at: Moment of the act; now when None.
        alliance: Only where the record itself is the alliance or a platform row.

    Returns:
        The stored entry.
    """
    tenant = alliance or record.alliance  # type: ignore[attr-defined]
    moment = at or timezone.now()
    act = context.current.get()
    entry_id = uuid7()
    commitments: dict[str, str] = {}
    kept: list[AuditPersonal] = []
    for path, value in (personal or {}).items():
        salt = secrets.token_bytes(32)
        commitments[path] = commitment(salt, value)
        kept.append(AuditPersonal(alliance=tenant, entry_id=entry_id, path=path, salt=salt, value=value))
    identifier = str(getattr(record, "uuid", None) or record.pk)
    object_type = record._meta.label_lower
    text = canonical(
        {
            "v": FORMAT_VERSION,
            "h": HASH_NAME,
            "log": tenant.slug,
            "id": entry_id,
            "at": moment,
            "actor": actor.uuid if actor else None,
            "for": act.institution_uuid or None,
            "via": act.via,
            "verb": verb,
            "object": [object_type, identifier],
            "before": before,
            "after": after,
            "personal": commitments,
            "request": act.request_id or None,
            "reason_code": reason_code or None,
        }
    )
    entry = AuditEntry.objects.create(
        id=entry_id,
        alliance=tenant,
        at=moment,
        actor_id=actor.uuid if actor else None,
        via=act.via,
        verb=verb,
        object_type=object_type,
        object_id=identifier,
        record=text,
    )
    if kept:
        AuditPersonal.objects.bulk_create(kept)
    AuditPending.objects.create(alliance=tenant, entry_id=entry_id)
    return entry
