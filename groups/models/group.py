"""Virtual groups and the seats in them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from groups.choices import SINGLE_POSITIONS, GroupKind, InvitationState, PositionKind, SeatRole
from members.choices import Element
from members.models import TsTzRange

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self


class VirtualGroup(TenantModel):
    """One of the six groups in which institutions that bring the same element meet."""

    kind = models.CharField(_("group"), max_length=28, choices=GroupKind.choices)
    remit_en = models.TextField(_("remit in English"), blank=True, default="")
    remit_zh = models.TextField(_("remit in Chinese"), blank=True, default="")
    size_rule = models.PositiveSmallIntegerField(_("number of members"), null=True, blank=True)
    """How many institutions shall sit in it; empty: as ``COMPOSITION`` says for its kind."""
    enterprise_limit = models.PositiveSmallIntegerField(_("leading enterprises at most"), null=True, blank=True)
    rule_source = models.CharField(_("source of the rule"), max_length=120, blank=True, default="")

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


class PeriodQuerySet(TenantQuerySet[Any]):
    """Rows with a start and perhaps an end."""

    def at(self, moment: datetime) -> Self:
        """Rows valid at a moment: from the start on, until before the end."""
        return self.filter(Q(starts_at__lte=moment) & (Q(ends_at__isnull=True) | Q(ends_at__gt=moment)))

    def after(self, moment: datetime) -> Self:
        """Rows that are valid at a moment or will be later."""
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=moment))


class SeatAlternate(TenantModel):
    """A named person who stands in for the representative in one seat, for a period."""

    membership = TenantForeignKey(GroupMembership, on_delete=models.CASCADE, related_name="alternates")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = PeriodQuerySet.as_manager()

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

    objects = PeriodQuerySet.as_manager()

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
    exception_motion = TenantForeignKey("groups.Motion", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The committee's passed motion that allows a term beyond the two in a row."""
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = PeriodQuerySet.as_manager()

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


class SeatInvitation(TenantModel):
    """The office asks an eligible institution to take a seat, mostly to close a gap; it accepts or declines."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    group = TenantForeignKey(VirtualGroup, on_delete=models.PROTECT, related_name="invitations")
    institution = TenantForeignKey("members.Institution", on_delete=models.CASCADE, related_name="seat_invitations")
    role = models.CharField(_("role"), max_length=10, choices=SeatRole.choices, default=SeatRole.MEMBER)
    element = models.CharField(
        _("element it would bring"), max_length=28, choices=[("", "-"), *Element.choices], blank=True, default=""
    )
    state = models.CharField(_("state"), max_length=9, choices=InvitationState.choices, default=InvitationState.OPEN)
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    """Why the institution declined, in its words."""
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(_("invited"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    objects = TenantQuerySet["SeatInvitation"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=InvitationState.values), name="seat_invitation_state_known"),
            models.CheckConstraint(condition=Q(role__in=SeatRole.values), name="seat_invitation_role_known"),
            models.CheckConstraint(condition=Q(element__in=["", *Element.values]), name="seat_invitation_element_known"),
            models.UniqueConstraint(
                fields=["alliance", "group", "institution"],
                condition=Q(state=InvitationState.OPEN),
                name="seat_invitation_open_once",
            ),
        ]
        indexes = [models.Index(fields=["alliance", "institution", "state"], name="seat_invitation_of")]

    def __str__(self) -> str:
        return f"{self.institution_id} to {self.group_id}"
