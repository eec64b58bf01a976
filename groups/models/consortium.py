"""Technology consortia: a sub-alliance on one technology with lead units and a research plan (I22)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from groups.choices import ConsortiumRole, ConsortiumState
from members.models import TsTzRange

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self


class Consortium(TenantModel):
    """Members that develop one technology together, on written terms filed with the committee (charter, article 16)."""

    code = models.SlugField(_("code"), max_length=40, db_index=False)
    state = models.CharField(_("state"), max_length=8, choices=ConsortiumState.choices, default=ConsortiumState.FORMING)
    name_en = models.CharField(_("name in English"), max_length=200, blank=True, default="")
    name_zh = models.CharField(_("name in Chinese"), max_length=200, blank=True, default="")
    technology_en = models.CharField(_("technology in English"), max_length=200, blank=True, default="")
    technology_zh = models.CharField(_("technology in Chinese"), max_length=200, blank=True, default="")
    plan_en = models.TextField(_("research plan in English"), blank=True, default="")
    plan_zh = models.TextField(_("research plan in Chinese"), blank=True, default="")
    terms_en = models.TextField(_("inputs, ownership, sharing and exit, in English"), blank=True, default="")
    terms_zh = models.TextField(_("inputs, ownership, sharing and exit, in Chinese"), blank=True, default="")
    motion = TenantForeignKey("groups.Motion", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    filed_on = models.DateField(_("filed with the committee"), null=True, blank=True)
    closed_on = models.DateField(_("closed"), null=True, blank=True)
    created_at = models.DateTimeField()

    objects = TenantQuerySet["Consortium"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="consortium_code_once"),
            models.CheckConstraint(condition=Q(state__in=ConsortiumState.values), name="consortium_state_known"),
            models.CheckConstraint(condition=~Q(name_en="") | ~Q(name_zh=""), name="consortium_has_a_name"),
        ]
        indexes = [models.Index(fields=["alliance", "-created_at", "-id"], name="consortium_newest")]

    def __str__(self) -> str:
        return self.code

    def present_member_ids(self) -> frozenset[int]:
        """Ids of the members whose part has begun and not ended at this very moment; one query.

        Asked anew each time and never kept: an exit ends access with the next request.
        """
        from members.choices import InstitutionState  # noqa: PLC0415 - only here

        return frozenset(
            self.memberships.filter(alliance_id=self.alliance_id, accepted_at__isnull=False)
            .at(timezone.now())
            .filter(institution__state__in=[InstitutionState.ACTIVE, InstitutionState.LEAVING])
            .values_list("institution_id", flat=True)
        )

    def lead_ids(self) -> frozenset[int]:
        """Ids of the present lead units; one query."""
        return frozenset(
            self.memberships.filter(alliance_id=self.alliance_id, accepted_at__isnull=False, role=ConsortiumRole.LEAD)
            .at(timezone.now())
            .values_list("institution_id", flat=True)
        )

    def invited_ids(self) -> frozenset[int]:
        """Ids of the institutions whose answer to the terms is awaited; one query."""
        return frozenset(
            self.memberships.filter(alliance_id=self.alliance_id, accepted_at__isnull=True)
            .at(timezone.now())
            .values_list("institution_id", flat=True)
        )


class ConsortiumMembershipQuerySet(TenantQuerySet["ConsortiumMembership"]):
    """Memberships in consortia."""

    def at(self, moment: datetime) -> Self:
        """Memberships at a moment: from the start on, until before the end."""
        return self.filter(Q(starts_at__lte=moment) & (Q(ends_at__isnull=True) | Q(ends_at__gt=moment)))


class ConsortiumMembership(TenantModel):
    """An institution's part in a consortium for a period; its access to files ends with it, at once."""

    consortium = TenantForeignKey(Consortium, on_delete=models.PROTECT, related_name="memberships")
    institution = TenantForeignKey("members.Institution", on_delete=models.CASCADE, related_name="consortium_memberships")
    role = models.CharField(_("role"), max_length=8, choices=ConsortiumRole.choices)
    contribution_en = models.CharField(_("input in English"), max_length=300, blank=True, default="")
    contribution_zh = models.CharField(_("input in Chinese"), max_length=300, blank=True, default="")
    accepted_at = models.DateTimeField(_("terms accepted"), null=True, blank=True)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = ConsortiumMembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=ConsortiumRole.values), name="consortium_membership_role_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")),
                name="consortium_membership_period_forward",
            ),
            ExclusionConstraint(
                name="consortium_membership_periods_apart",
                expressions=[
                    ("alliance", RangeOperators.EQUAL),
                    ("consortium", RangeOperators.EQUAL),
                    ("institution", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["alliance", "institution"], name="consortium_membership_of")]

    def __str__(self) -> str:
        return f"{self.institution_id} in {self.consortium_id}"


class ConsortiumFile(TenantModel):
    """A file shared inside a consortium."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    consortium = TenantForeignKey(Consortium, on_delete=models.PROTECT, related_name="files")
    file = TenantForeignKey("alliance.StoredFile", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("title"), max_length=200)
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ConsortiumFile"].as_manager()

    class Meta:
        indexes = [models.Index(fields=["alliance", "consortium", "-added_at"], name="consortium_file_newest")]

    def __str__(self) -> str:
        return self.title
