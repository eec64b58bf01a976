"""Lists as somebody wants to find them again."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from alliance.models.tenant import TenantModel, TenantQuerySet


class SavedView(TenantModel):
    """The filters and the order of a list under a name; one person's own, or shown to the whole office."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=60)
    """Name of the list's route."""
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=1500, blank=True, default="")
    """Query string without cursor."""
    is_shared = models.BooleanField(_("shared with the office"), default=False)
    created_at = models.DateTimeField()

    objects = TenantQuerySet["SavedView"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "user", "page", "name"], name="saved_view_once")]
        indexes = [models.Index(fields=["alliance", "page", "name"], name="saved_view_of_page")]

    def __str__(self) -> str:
        return self.name
