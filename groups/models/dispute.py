"""Disputes between members and their mediation (charter, article 28)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from groups.choices import DisputeState, DisputeStepKind


class Dispute(TenantModel):
    """A dispute of two members, mediated by a committee member without a link to either."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.SlugField(_("code"), max_length=40, db_index=False)
    claimant = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="disputes_filed")
    respondent = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="disputes_answered")
    subject = models.CharField(_("subject"), max_length=200)
    matter = models.CharField(_("matter"), max_length=80, blank=True, default="")
    state = models.CharField(_("state"), max_length=10, choices=DisputeState.choices, default=DisputeState.FILED)
    mediator = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    mediator_institution = TenantForeignKey(
        "members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    filed_at = models.DateTimeField()
    due_on = models.DateField(_("next step by"))
    """Until a mediator is named: by when one must be; then the last day of the mediation."""
    closed_at = models.DateTimeField(null=True, blank=True)
    mediation_began_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True, default="")
    """SHA-256 of the canonical form of all steps at the close, in hex."""

    objects = TenantQuerySet["Dispute"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="dispute_code_once"),
            models.CheckConstraint(condition=Q(state__in=DisputeState.values), name="dispute_state_known"),
            models.CheckConstraint(condition=~Q(claimant=models.F("respondent")), name="dispute_between_two"),
        ]
        indexes = [
            models.Index(fields=["alliance", "-filed_at", "-id"], name="dispute_newest"),
            models.Index(fields=["alliance", "state", "due_on"], name="dispute_due"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def party_ids(self) -> frozenset[int]:
        """Ids of both parties."""
        return frozenset({self.claimant_id, self.respondent_id})

    @property
    def own_matter(self) -> str:
        """Name under which institutions stand aside from the mediation itself."""
        return f"dispute:{self.code}"


class DisputeStep(TenantModel):
    """One step on record; nothing said in mediation is edited or removed."""

    dispute = TenantForeignKey(Dispute, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(_("step"), max_length=16, choices=DisputeStepKind.choices)
    institution = TenantForeignKey("members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    text = models.TextField(_("text"), blank=True, default="")
    file = TenantForeignKey("alliance.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = TenantQuerySet["DisputeStep"].as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(kind__in=DisputeStepKind.values), name="dispute_step_kind_known")]
        indexes = [models.Index(fields=["alliance", "dispute", "id"], name="dispute_step_order")]

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.kind}"
