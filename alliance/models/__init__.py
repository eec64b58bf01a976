"""Models of the kernel: the tenant, its people, the record of what happened, background work."""

from alliance.models.alliance import Alliance
from alliance.models.audit import AuditEntry, AuditLeaf, AuditPending, AuditPersonal, TreeHead
from alliance.models.exchange import ApiClient, CalendarFeed, IdempotencyKey, Invitation, RateCount, StoredFile
from alliance.models.saved_view import SavedView
from alliance.models.tenant import TenantModel, TenantQuerySet
from alliance.models.user import RoleAssignment, User, UserManager
from alliance.models.work import ConsumedEvent, InboxItem, Job, Notification, OutboxEvent, PeriodicRun

__all__ = [
    "Alliance",
    "ApiClient",
    "AuditEntry",
    "AuditLeaf",
    "AuditPending",
    "AuditPersonal",
    "CalendarFeed",
    "ConsumedEvent",
    "IdempotencyKey",
    "InboxItem",
    "Invitation",
    "Job",
    "Notification",
    "OutboxEvent",
    "PeriodicRun",
    "RateCount",
    "RoleAssignment",
    "SavedView",
    "StoredFile",
    "TenantModel",
    "TenantQuerySet",
    "TreeHead",
    "User",
    "UserManager",
]
