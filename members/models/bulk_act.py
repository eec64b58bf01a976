"""Acts on many institutions at once, with what is needed to take them back."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet


class BulkAct(TenantModel):
    """One act on a selection of institutions: whom it was for, what it did with each, and whether it was taken back."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    act = models.CharField(max_length=40)
    """Name of the registered kind of act."""
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    params = models.JSONField(default=dict)
    institution_ids = models.JSONField(default=list)
    """Primary keys in the order of the list the selection was made in."""
    done = models.JSONField(default=list)
    """[[institution id, what the act needs to be taken back]]."""
    refused = models.JSONField(default=list)
    """[[institution id, reason]]."""
    job = TenantForeignKey("alliance.Job", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["BulkAct"].as_manager()

    class Meta:
        indexes = [models.Index(fields=["alliance", "actor", "-created_at"], name="bulk_act_newest")]

    def __str__(self) -> str:
        return f"{self.act} {self.created_at:%Y-%m-%d %H:%M}"
