"""Virtual groups and the seats in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from groups.choices import GroupKind, SeatRole

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self


class VirtualGroup(TenantModel):
    """One of the six groups in which institutions that bring the same element meet."""

    kind = models.CharField(_("group"), max_length=28, choices=GroupKind.choices)
    remit_en = models.TextField(_("remit in English"), blank=True, default="")
    remit_zh = models.TextField(_("remit in Chinese"), blank=True, default="")

    objects = TenantQuerySet["VirtualGroup"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "kind"], name="virtual_group_kind_once"),
            models.CheckConstraint(condition=Q(kind__in=GroupKind.values), name="virtual_group_kind_known"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class TsTzRange(Func):
    """``tstzrange(from, until, bounds)``."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class GroupMembershipQuerySet(TenantQuerySet["GroupMembership"]):
    """Seats."""

    def at(self, moment: datetime) -> Self:
        """Seats held at a moment: from the start on, until before the end."""
        return self.filter(Q(starts_at__lte=moment) & (Q(ends_at__isnull=True) | Q(ends_at__gt=moment)))


class GroupMembership(TenantModel):
    """An institution's seat in a group for a period; two periods of one institution in one group never overlap."""

    group = TenantForeignKey(VirtualGroup, on_delete=models.PROTECT, related_name="memberships")
    institution = TenantForeignKey("members.Institution", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=SeatRole.choices)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    exception_resolution = models.CharField(
        _("committee resolution that allows the exception"), max_length=40, blank=True, default=""
    )

    objects = GroupMembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=SeatRole.values), name="group_membership_role_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")),
                name="group_membership_period_forward",
            ),
            ExclusionConstraint(
                name="group_membership_periods_apart",
                expressions=[
                    ("alliance", RangeOperators.EQUAL),
                    ("group", RangeOperators.EQUAL),
                    ("institution", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["alliance", "institution"], name="group_membership_of")]

    def __str__(self) -> str:
        return f"{self.institution_id} in {self.group_id}"
