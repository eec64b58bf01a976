"""The audit log: append-only rows, personal values apart as salted commitments, heads of a Merkle tree.

Design: security.md section 4(a). Sealing (leaves and heads) is done by a later part of the product; the tables and the
pending rows exist from the first day so that nothing written before it is lost to it.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alliance.choices import AuditVia
from alliance.models.tenant import TenantModel, TenantQuerySet


class AuditEntryQuerySet(TenantQuerySet["AuditEntry"]):
    """Audit entries."""


class AuditEntry(TenantModel):
    """Who did what to which record, before and after.

    ``record`` is the canonical JSON text that is hashed as stored; the other columns repeat parts of it for look-up.
    """

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    via = models.CharField(max_length=8, choices=AuditVia.choices)
    verb = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    record = models.TextField()

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(via__in=AuditVia.values), name="audit_entry_via_known")]
        indexes = [
            models.Index(fields=["alliance", "object_type", "object_id", "-id"], name="audit_entry_object"),
            models.Index(fields=["alliance", "-at"], name="audit_entry_at"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_type} {self.object_id}"


class AuditPending(TenantModel):
    """An entry that waits for the next seal."""

    entry_id = models.UUIDField()
    objects = TenantQuerySet["AuditPending"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "entry_id"], name="audit_pending_once")]


class AuditPersonal(TenantModel):
    """A personal value named in an entry; the entry holds only HMAC-SHA256(salt, value)."""

    entry_id = models.UUIDField()
    path = models.CharField(max_length=120)
    salt = models.BinaryField(max_length=32)
    value = models.TextField()
    objects = TenantQuerySet["AuditPersonal"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "entry_id", "path"], name="audit_personal_once")]


class AuditLeaf(TenantModel):
    """A sealed entry's place in the alliance's tree (RFC 6962)."""

    seq = models.BigIntegerField()
    entry_id = models.UUIDField()
    hash = models.BinaryField(max_length=32)
    objects = TenantQuerySet["AuditLeaf"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "seq"], name="audit_leaf_place_once"),
            models.UniqueConstraint(fields=["alliance", "entry_id"], name="audit_leaf_entry_once"),
        ]


class TreeHead(TenantModel):
    """A signed head of the alliance's audit tree."""

    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    frontier = models.BinaryField()
    at = models.DateTimeField()
    note = models.TextField()
    objects = TenantQuerySet["TreeHead"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "size"], name="tree_head_size_once")]
