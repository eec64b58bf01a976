"""Yearly declarations of interests and waivers of conflicts (S7; charter, articles 21 and 22)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from groups.choices import DeclarationState, HoldingDirection, WaiverState
from members.choices import InterestKind


class InterestDeclaration(TenantModel):
    """An institution's declaration for one year; submitted even when there is nothing to declare."""

    institution = TenantForeignKey("members.Institution", on_delete=models.CASCADE, related_name="declarations")
    year = models.PositiveSmallIntegerField(_("year"))
    state = models.CharField(_("state"), max_length=10, choices=DeclarationState.choices, default=DeclarationState.ASKED)
    due_on = models.DateField(_("due"))
    interest_count = models.PositiveIntegerField(_("interests declared"), null=True, blank=True)
    """How many interests stood when it was submitted; 0: nothing to declare."""
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = TenantQuerySet["InterestDeclaration"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "institution", "year"], name="interest_declaration_once_a_year"),
            models.CheckConstraint(condition=Q(state__in=DeclarationState.values), name="interest_declaration_state_known"),
        ]
        indexes = [models.Index(fields=["alliance", "year", "state", "id"], name="interest_declaration_by_year")]

    def __str__(self) -> str:
        return f"{self.institution_id} {self.year}"


class Interest(TenantModel):
    """One interest an institution declares, with a member or an outside party."""

    institution = TenantForeignKey("members.Institution", on_delete=models.CASCADE, related_name="interests")
    kind = models.CharField(_("interest"), max_length=14, choices=InterestKind.choices)
    counterparty = TenantForeignKey("members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    outside_party = models.CharField(_("party outside the alliance"), max_length=200, blank=True, default="")
    outside_key = models.CharField(max_length=200, blank=True, default="", editable=False)
    """The outside party's name folded for comparison: see ``members.selectors.names.fold_name``."""
    direction = models.CharField(_("who holds"), max_length=6, choices=HoldingDirection.choices, blank=True, default="")
    """For shares: who holds whose; empty for other interests."""
    person = models.CharField(_("person concerned"), max_length=120, blank=True, default="")
    words = models.TextField(_("particulars"), blank=True, default="")
    share_percent = models.DecimalField(_("share in per cent"), max_digits=5, decimal_places=2, null=True, blank=True)
    starts_on = models.DateField(_("from"), null=True, blank=True)
    ends_on = models.DateField(_("until"), null=True, blank=True)
    declared_at = models.DateTimeField()
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["Interest"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=InterestKind.values), name="interest_kind_known"),
            models.CheckConstraint(
                condition=Q(counterparty__isnull=False) | ~Q(outside_party=""), name="interest_names_a_party"
            ),
            models.CheckConstraint(
                condition=Q(share_percent__isnull=True) | Q(share_percent__gt=0, share_percent__lte=100),
                name="interest_share_a_percentage",
            ),
            models.CheckConstraint(
                condition=(Q(kind=InterestKind.HOLDING) & Q(direction__in=HoldingDirection.values))
                | (~Q(kind=InterestKind.HOLDING) & Q(direction="")),
                name="interest_direction_of_holdings",
            ),
            models.CheckConstraint(
                condition=Q(counterparty__isnull=True) | ~Q(counterparty=models.F("institution")),
                name="interest_in_another",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(starts_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="interest_period_forward",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "institution"], name="interest_of"),
            models.Index(fields=["alliance", "counterparty"], name="interest_with"),
            models.Index(fields=["alliance", "outside_key"], name="interest_outside"),
        ]

    def __str__(self) -> str:
        return f"{self.institution_id} {self.kind}"


class ConflictWaiver(TenantModel):
    """Leave to act in spite of a conflict: reasoned by one person, granted by a second."""

    conflict = TenantForeignKey("groups.ConflictOfInterest", on_delete=models.PROTECT, related_name="waivers")
    state = models.CharField(_("state"), max_length=10, choices=WaiverState.choices, default=WaiverState.PROPOSED)
    reason = models.TextField(_("reason"))
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ConflictWaiver"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=WaiverState.values), name="conflict_waiver_state_known"),
            models.CheckConstraint(
                condition=Q(settled_by__isnull=True) | ~Q(settled_by=models.F("proposed_by")),
                name="conflict_waiver_second_person",
            ),
            models.UniqueConstraint(
                fields=["alliance", "conflict"],
                condition=Q(state=WaiverState.PROPOSED),
                name="conflict_waiver_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conflict_id} {self.state}"
