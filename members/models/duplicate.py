"""Institutions entered twice: pairs found, merges, and what a merge moved (S23)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from members.choices import DuplicateState, MergeOutcome


class DuplicatePair(TenantModel):
    """Two entries that may be one institution, with the reasons; the one with the smaller id is ``first``."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    first = TenantForeignKey("members.Institution", on_delete=models.CASCADE, related_name="+")
    second = TenantForeignKey("members.Institution", on_delete=models.CASCADE, related_name="+")
    score = models.DecimalField(_("likeness"), max_digits=4, decimal_places=3)
    """0 to 1."""
    reasons = models.JSONField(default=list)
    """[{"code", "params"}]: registry, name_en, name_zh, pinyin, domain."""
    state = models.CharField(_("state"), max_length=10, choices=DuplicateState.choices, default=DuplicateState.OPEN)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = TenantQuerySet["DuplicatePair"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "first", "second"], name="duplicate_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=models.F("second")), name="duplicate_pair_in_order"),
            models.CheckConstraint(condition=Q(state__in=DuplicateState.values), name="duplicate_pair_state_known"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="duplicate_pair_score_0_to_1"),
        ]
        indexes = [models.Index(fields=["alliance", "state", "-score", "-id"], name="duplicate_pair_likest")]

    def __str__(self) -> str:
        return f"{self.first_id} {self.second_id}"


class InstitutionMerge(TenantModel):
    """A merge of two entries, which can be undone for 30 days."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kept = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="+")
    absorbed = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="+")
    absorbed_state = models.CharField(max_length=16)
    """State of the absorbed entry before."""
    filled = models.JSONField(default=dict)
    """Fields of the kept entry that were empty and were filled: name -> value before."""
    merged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    merged_at = models.DateTimeField()
    undo_until = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = TenantQuerySet["InstitutionMerge"].as_manager()

    class Meta:
        indexes = [models.Index(fields=["alliance", "-merged_at", "-id"], name="institution_merge_newest")]

    def __str__(self) -> str:
        return str(self.uuid)


class MergeStep(TenantModel):
    """What a merge did with one linked record; the list of columns comes from the schema."""

    merge = TenantForeignKey(InstitutionMerge, on_delete=models.CASCADE, related_name="steps")
    table = models.CharField(max_length=80)
    column = models.CharField(max_length=80)
    row_id = models.BigIntegerField()
    outcome = models.CharField(_("what happened"), max_length=8, choices=MergeOutcome.choices)

    objects = TenantQuerySet["MergeStep"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=MergeOutcome.values), name="merge_step_outcome_known"),
            models.UniqueConstraint(fields=["alliance", "merge", "table", "column", "row_id"], name="merge_step_once"),
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"
