"""What comes in from outside: files, idempotency keys, invitations, API clients and their tokens."""

from __future__ import annotations

import ipaddress
import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication

from alliance.choices import FileState
from alliance.kernel.fields import AllianceKey
from alliance.models.tenant import TenantModel, TenantQuerySet

if TYPE_CHECKING:
    from datetime import datetime


class StoredFile(TenantModel):
    """An uploaded or produced file; its name is data, its place is ``<alliance>/<uuid>`` outside any web root."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    purpose = models.CharField(max_length=40)
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=120)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=FileState.choices, default=FileState.QUARANTINED)
    permission = models.CharField(max_length=80)
    """Permission asked of a reader, with this row as the record."""
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    objects = TenantQuerySet["StoredFile"].as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(state__in=FileState.values), name="stored_file_state_known")]

    def __str__(self) -> str:
        return self.name

    @property
    def storage_name(self) -> str:
        """Path inside the storage."""
        return f"{self.alliance_id}/{self.uuid}"


class IdempotencyKey(TenantModel):
    """An answer kept so that the same request, sent twice, acts once (security.md section 4(c))."""

    client = models.CharField(max_length=80)
    key = models.CharField(max_length=128)
    route = models.CharField(max_length=160)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    objects = TenantQuerySet["IdempotencyKey"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "client", "key"], name="idempotency_key_once")]


class Invitation(TenantModel):
    """An offer to act in this alliance, sent by e-mail; only the hash of its token is kept."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("e-mail"))
    language = models.CharField(max_length=10, choices=settings.LANGUAGES, default="en")
    token_hash = models.CharField(max_length=64, unique=True)
    grants = models.JSONField(default=list)
    """Roles given on acceptance: list of {"scope", "role", "institution"?}."""
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    objects = TenantQuerySet["Invitation"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(language__in=["en", "zh-hans"]), name="invitation_language_known"),
        ]

    def __str__(self) -> str:
        return self.email


class CalendarFeed(TenantModel):
    """A person's private calendar address in one alliance; only the hash of its secret part is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    objects = TenantQuerySet["CalendarFeed"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alliance", "user"], condition=Q(revoked_at__isnull=True), name="calendar_feed_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}"


class ApiClient(AbstractApplication):
    """A machine that reads or writes one alliance; client credentials only.

    Its secrets are hashed. The tokens' text never reaches their table: a trigger keeps the checksum only. During a rotation
    the secret before the current one stays valid until ``previous_secret_until``.
    """

    alliance = AllianceKey(on_delete=models.CASCADE)
    organisation = models.CharField(_("organisation"), max_length=160)
    purpose = models.CharField(_("purpose"), max_length=300)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    networks = ArrayField(models.CharField(max_length=43), default=list, blank=True)
    """Networks it may call from, in CIDR form; none means any."""
    previous_secret = models.CharField(max_length=255, blank=True, default="", editable=False)
    previous_secret_until = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_network = models.CharField(max_length=64, blank=True, default="")
    uses = models.PositiveBigIntegerField(default=0)

    class Meta(AbstractApplication.Meta):
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"
        indexes = [models.Index(fields=["alliance", "id"], name="api_client_of_alliance")]

    def is_open(self, at: datetime) -> bool:
        """Neither revoked nor expired at a moment."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at)

    def admits(self, address: str) -> bool:
        """Whether calls may come from an address; an unreadable address only where any network may call."""
        if not self.networks:
            return True
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in ipaddress.ip_network(network, strict=False) for network in self.networks)


class RateCount(models.Model):
    """Calls counted under a rule while Valkey is away; of the platform: ``name`` holds only hashes (kernel/limits.py)."""

    name = models.CharField(max_length=100)
    slot = models.BigIntegerField()
    """Start of the window, in seconds since 1970."""
    hits = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "slot"], name="rate_count_once_per_window")]

    def __str__(self) -> str:
        return f"{self.name} {self.slot}"
