"""Contribution points from verified acts, by a tariff the committee approves, and the yearly honours list."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from operations.choices import ContributionAct, TariffState


class Tariff(TenantModel):
    """Points per unit of each act; proposed by one person and approved by another of the committee, then never edited."""

    version = models.PositiveSmallIntegerField(_("version"))
    state = models.CharField(_("state"), max_length=10, choices=TariffState.choices, default=TariffState.PROPOSED)
    points: Any = models.JSONField(_("points by act"))
    """Decimal numbers as text by ContributionAct; an act that is missing earns nothing."""
    half_life_days = models.PositiveIntegerField(_("half-life of a point, days"), null=True, blank=True)
    """None: points do not fade (methods.md 5.4)."""
    valid_from = models.DateField(_("valid from"))
    note = models.CharField(_("what changed"), max_length=300, blank=True, default="")
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["Tariff"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "version"], name="tariff_version_once"),
            models.UniqueConstraint(
                fields=["alliance"], condition=Q(state=TariffState.PROPOSED), name="tariff_one_proposed"
            ),
            models.UniqueConstraint(
                fields=["alliance"], condition=Q(state=TariffState.APPROVED), name="tariff_one_in_force"
            ),
            models.CheckConstraint(condition=Q(state__in=TariffState.values), name="tariff_state_known"),
            models.CheckConstraint(
                condition=Q(settled_by__isnull=True) | ~Q(settled_by=F("proposed_by")), name="tariff_second_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}"


class ContributionPoints(TenantModel):
    """Points of one institution for one act; they trace to one record and go with it (features S32)."""

    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="contribution_points")
    act = models.CharField(_("act"), max_length=20, choices=ContributionAct.choices)
    record = models.CharField(_("record"), max_length=120)
    """Name and key of the verified record, such as ``operations.product:P-029:2``."""
    units = models.DecimalField(_("units"), max_digits=9, decimal_places=2, default=1)
    quality = models.DecimalField(_("quality, 0 to 2"), max_digits=3, decimal_places=2, default=1)
    points = models.DecimalField(_("points"), max_digits=11, decimal_places=4)
    """``units * tariff * quality``; fading with age is counted when the points are read."""
    tariff = TenantForeignKey(Tariff, on_delete=models.PROTECT, related_name="awards")
    at = models.DateTimeField(_("day of the act"))
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(_("why they were taken back"), max_length=300, blank=True, default="")

    objects = TenantQuerySet["ContributionPoints"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alliance", "institution", "act", "record"],
                condition=Q(cancelled_at__isnull=True),
                name="contribution_points_once",
            ),
            models.CheckConstraint(condition=Q(act__in=ContributionAct.values), name="contribution_points_act_known"),
            models.CheckConstraint(condition=Q(units__gt=0), name="contribution_points_units_positive"),
            models.CheckConstraint(condition=Q(quality__gte=0, quality__lte=2), name="contribution_points_quality_range"),
        ]
        indexes = [models.Index(fields=["alliance", "institution", "-at", "-id"], name="contribution_points_of")]

    def __str__(self) -> str:
        return f"{self.institution_id} {self.act} {self.points}"


class HonoursList(TenantModel):
    """The institutions honoured for one year, as they were computed and published; kept as it was."""

    year = models.PositiveSmallIntegerField(_("year"))
    rows: Any = models.JSONField()
    """Method, version, inputs and rows: enough to compute it again."""
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField()

    objects = TenantQuerySet["HonoursList"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "year"], name="honours_list_once")]

    def __str__(self) -> str:
        return str(self.year)
