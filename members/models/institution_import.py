"""An import of institutions from a table, from upload to result."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from members.choices import ImportPolicy, ImportPurpose, ImportState, ImportSubject


class InstitutionImport(TenantModel):
    """One uploaded table, how its columns and kinds map, what the dry run found and what the import did."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subject = models.CharField(_("rows"), max_length=12, choices=ImportSubject.choices, default=ImportSubject.INSTITUTIONS)
    file = TenantForeignKey("alliance.StoredFile", on_delete=models.PROTECT, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=ImportState.choices, default=ImportState.UPLOADED)
    encoding = models.CharField(_("text encoding"), max_length=20)
    delimiter = models.CharField(_("separator"), max_length=1, default=",")
    header = models.JSONField(default=list)
    sample = models.JSONField(default=list)
    columns = models.JSONField(default=dict)
    """Field name -> column index."""
    kinds = models.JSONField(default=dict)
    """Value in the kind column -> institution kind, or empty for "leave these rows out"."""
    kind_counts = models.JSONField(default=dict)
    """Value in the kind column -> number of rows."""
    defaults = models.JSONField(default=dict)
    """Country and kind of rows that name none: {"country", "kind"}."""
    rows = models.BigIntegerField(default=0)
    policy = models.CharField(max_length=12, choices=ImportPolicy.choices, default=ImportPolicy.GOOD_ROWS)
    source = models.CharField(_("source of the data"), max_length=120, blank=True, default="")
    counts = models.JSONField(default=dict)
    """rows, good (dry run) or added (import), known, duplicate, left_out, faulty, and reasons by code."""
    faults = models.JSONField(default=list)
    """The first faulty rows for the screen: [{"row", "code", "params", "cells"}]; all are in the fault file."""
    error_file = TenantForeignKey("alliance.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=6, choices=ImportPurpose.choices, blank=True, default="")
    """What the newest job does."""
    job = TenantForeignKey("alliance.Job", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet["InstitutionImport"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(subject__in=ImportSubject.values), name="institution_import_subject_known"),
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="institution_import_state_known"),
            models.CheckConstraint(condition=Q(policy__in=ImportPolicy.values), name="institution_import_policy_known"),
            models.CheckConstraint(
                condition=Q(purpose__in=["", *ImportPurpose.values]), name="institution_import_purpose_known"
            ),
        ]
        indexes = [models.Index(fields=["alliance", "-created_at", "-id"], name="institution_import_newest")]

    def __str__(self) -> str:
        return str(self.uuid)
