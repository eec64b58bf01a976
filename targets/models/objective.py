"""Objectives, their indicators and what was measured."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from targets.choices import Direction, MeasurementSource, ObjectiveTier


class Objective(TenantModel):
    """What the alliance wants to reach, with one indicator.

    The indicator is either a named, documented query over the platform's own records (``provider``, looked up in the
    kernel's registry, with ``params``) or reported with evidence (``provider`` empty).
    """

    code = models.CharField(_("code"), max_length=20)
    tier = models.CharField(_("tier"), max_length=10, choices=ObjectiveTier.choices)
    parent = TenantForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    owner = TenantForeignKey("members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    title_en = models.CharField(_("title in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, default="")
    indicator_en = models.CharField(_("indicator in English"), max_length=200, blank=True, default="")
    indicator_zh = models.CharField(_("indicator in Chinese"), max_length=200, blank=True, default="")
    provider = models.CharField(_("measured by"), max_length=80, blank=True, default="")
    params = models.JSONField(default=dict, blank=True)
    unit = models.CharField(_("unit"), max_length=20, blank=True, default="")
    unit_zh = models.CharField(_("unit in Chinese"), max_length=20, blank=True, default="")
    direction = models.CharField(_("direction"), max_length=4, choices=Direction.choices, default=Direction.UP)
    baseline_on = models.DateField(_("baseline of"), null=True, blank=True)
    """Day of the baseline; progress is expected to grow evenly from it to ``target_on``."""
    baseline = models.DecimalField(_("baseline"), max_digits=14, decimal_places=4, null=True, blank=True)
    target_value = models.DecimalField(_("target"), max_digits=14, decimal_places=4)
    target_on = models.DateField(_("by"))

    objects = TenantQuerySet["Objective"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="objective_code_once"),
            models.CheckConstraint(condition=Q(tier__in=ObjectiveTier.values), name="objective_tier_known"),
            models.CheckConstraint(condition=Q(direction__in=Direction.values), name="objective_direction_known"),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="objective_has_a_title"),
            models.CheckConstraint(
                condition=Q(baseline_on__isnull=True) | Q(baseline_on__lt=F("target_on")),
                name="objective_baseline_before_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.title_zh or self.title_en
        return self.title_en or self.title_zh

    @property
    def unit_label(self) -> str:
        """The unit in the active language."""
        return (self.unit_zh if (get_language() or "").startswith("zh") else "") or self.unit

    @property
    def indicator(self) -> str:
        """The indicator's words in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.indicator_zh or self.indicator_en
        return self.indicator_en or self.indicator_zh


class Measurement(TenantModel):
    """A value of an objective's indicator at a moment; never edited: a correction is a new row that names the old one."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    objective = TenantForeignKey(Objective, on_delete=models.CASCADE, related_name="measurements")
    at = models.DateTimeField()
    value = models.DecimalField(max_digits=14, decimal_places=4)
    source = models.CharField(max_length=10, choices=MeasurementSource.choices)
    inputs = models.JSONField(default=dict)
    """Provider, its version, parameters and the codes of the records counted."""
    evidence = models.TextField(blank=True, default="")
    replaces = TenantForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = TenantQuerySet["Measurement"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(source__in=MeasurementSource.values), name="measurement_source_known"),
        ]
        indexes = [models.Index(fields=["alliance", "objective", "-at", "-id"], name="measurement_newest")]

    def __str__(self) -> str:
        return f"{self.objective_id} {self.value}"

    @property
    def number(self) -> str:
        """The value without superfluous noughts."""
        return f"{self.value.normalize():f}"
