"""Virtual groups and the seats in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from groups.choices import SINGLE_POSITIONS, GroupKind, PositionKind, SeatRole
from members.models import TsTzRange

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

    exception_motion = TenantForeignKey("groups.Motion", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The passed motion that allows the exception, where it was decided here."""

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


class SeatAlternate(TenantModel):
    """A named person who stands in for the representative in one seat, for a period."""

    membership = TenantForeignKey(GroupMembership, on_delete=models.CASCADE, related_name="alternates")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = TenantQuerySet["SeatAlternate"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")),
                name="seat_alternate_period_forward",
            ),
            ExclusionConstraint(
                name="seat_alternate_periods_apart",
                expressions=[
                    ("alliance", RangeOperators.EQUAL),
                    ("membership", RangeOperators.EQUAL),
                    ("user", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} for {self.membership_id}"


class Term(TenantModel):
    """A term of office of a body; terms of one body follow each other."""

    group = TenantForeignKey(VirtualGroup, on_delete=models.PROTECT, related_name="terms")
    number = models.PositiveSmallIntegerField(_("term"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))

    objects = TenantQuerySet["Term"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "group", "number"], name="term_number_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="term_forward"),
            ExclusionConstraint(
                name="term_periods_apart",
                expressions=[
                    ("alliance", RangeOperators.EQUAL),
                    ("group", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group_id} {self.number}"


class Position(TenantModel):
    """A person of an institution that holds an office of a body for a period."""

    group = TenantForeignKey(VirtualGroup, on_delete=models.PROTECT, related_name="positions")
    kind = models.CharField(_("position"), max_length=12, choices=PositionKind.choices)
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="positions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    term = TenantForeignKey(Term, null=True, blank=True, on_delete=models.PROTECT, related_name="positions")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = TenantQuerySet["Position"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=PositionKind.values), name="position_kind_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")), name="position_period_forward"
            ),
            ExclusionConstraint(
                name="position_held_by_one",
                expressions=[
                    ("alliance", RangeOperators.EQUAL),
                    ("group", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(kind__in=SINGLE_POSITIONS),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.group_id}"
