"""Background work and what it owes to people: outbox, jobs, inbox, notifications, periodic runs."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.choices import AudienceScope, JobState
from alliance.models.tenant import TenantModel, TenantQuerySet


class OutboxEvent(TenantModel):
    """An effect owed, written in the transaction of the act that owes it (security.md section 4(d))."""

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=80)
    payload = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    dead_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    objects = TenantQuerySet["OutboxEvent"].as_manager()

    class Meta:
        indexes = [models.Index(fields=["alliance", "next_at"], condition=Q(dead_at__isnull=True), name="outbox_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class ConsumedEvent(TenantModel):
    """Notes that a consumer has taken an event in, in the transaction of its effect: the effect happens once."""

    consumer = models.CharField(max_length=120)
    event_id = models.UUIDField()
    at = models.DateTimeField(auto_now_add=True)
    objects = TenantQuerySet["ConsumedEvent"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "consumer", "event_id"], name="event_consumed_once")]


class Job(TenantModel):
    """Work of more than a second, with progress a person can watch, leave and stop."""

    uuid = models.UUIDField(unique=True)
    kind = models.CharField(max_length=60)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=12, choices=JobState.choices, default=JobState.QUEUED)
    step = models.CharField(max_length=120, blank=True, default="")
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    params = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True, default="")
    stop_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    beat_at = models.DateTimeField(null=True, blank=True)
    objects = TenantQuerySet["Job"].as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_known")]
        indexes = [models.Index(fields=["alliance", "-created_at", "-id"], name="job_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def percent(self) -> int:
        """Whole per cent done, 0 to 100."""
        if self.state == JobState.SUCCEEDED:
            return 100
        return min(100, int(100 * self.done / self.total)) if self.total else 0

    @property
    def is_over(self) -> bool:
        """Nothing more will happen."""
        return self.state in {JobState.SUCCEEDED, JobState.FAILED, JobState.STOPPED}

    @property
    def seconds_left(self) -> int | None:
        """Estimated seconds to the end from the pace so far; None until a tenth part or five seconds are done."""
        if not self.started_at or not self.beat_at or not self.total or not self.done or self.is_over:
            return None
        spent = (self.beat_at - self.started_at).total_seconds()
        if spent < 1:
            return None
        return round(spent * (self.total - self.done) / self.done)


class InboxItem(TenantModel):
    """Something that waits for a person: a step of some module, with its due date.

    ``kind`` names the text template; ``key`` makes the item unique while open, so that doing it twice adds none.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=160)
    scope = models.CharField(max_length=12, choices=AudienceScope.choices)
    role = models.CharField(max_length=30, blank=True, default="")
    group = models.CharField(max_length=30, blank=True, default="")
    institution_id = models.BigIntegerField(null=True, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    handed_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """The colleague who took it over; it still belongs to the whole audience, who can take it back."""
    params = models.JSONField(default=dict)
    url_name = models.CharField(max_length=80)
    url_kwargs = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    objects = TenantQuerySet["InboxItem"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=AudienceScope.values), name="inbox_item_scope_known"),
            models.UniqueConstraint(
                fields=["alliance", "key"], condition=Q(done_at__isnull=True), name="inbox_item_open_once"
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "due_at", "id"], condition=Q(done_at__isnull=True), name="inbox_item_open_due")
        ]

    def __str__(self) -> str:
        return self.key


class Notification(TenantModel):
    """Something a person is told; in-app always, by e-mail where the kind asks for it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=160)
    params = models.JSONField(default=dict)
    url_name = models.CharField(max_length=80, blank=True, default="")
    url_kwargs = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    objects = TenantQuerySet["Notification"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "user", "key"], name="notification_once")]
        indexes = [models.Index(fields=["alliance", "user", "-created_at", "-id"], name="notification_newest")]

    def __str__(self) -> str:
        return self.key


class PeriodicRun(models.Model):
    """Last run of each periodic job, for the health screen; of the platform, not of an alliance."""

    name = models.CharField(max_length=120, primary_key=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    runs = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name
