"""What clients' ratings say, with the uncertainty."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from evaluation.choices import Mechanism


class FeedbackResult(TenantModel):
    """User feedback on one catalogue entry as computed from the ratings that count; one row per computation, newest wins.

    ``inputs`` holds the method, its version, its parameters and every mark, so that the figures can be computed again.
    """

    mechanism = models.CharField(max_length=14, choices=Mechanism.choices, default=Mechanism.USER_FEEDBACK)
    entry = TenantForeignKey("services.CatalogueEntry", on_delete=models.CASCADE, related_name="feedback_results")
    responses = models.PositiveIntegerField(_("answers"))
    satisfied = models.PositiveIntegerField(_("satisfied (4 or 5)"))
    csat = models.DecimalField(_("share satisfied"), max_digits=7, decimal_places=6, null=True)
    csat_lower = models.DecimalField(max_digits=7, decimal_places=6, null=True)
    csat_upper = models.DecimalField(max_digits=7, decimal_places=6, null=True)
    mean = models.DecimalField(_("mean mark, 1 to 5"), max_digits=6, decimal_places=4, null=True)
    adjusted_mean = models.DecimalField(max_digits=6, decimal_places=4, null=True)
    inputs = models.JSONField(default=dict)
    computed_at = models.DateTimeField()
    is_latest = models.BooleanField(default=True)

    objects = TenantQuerySet["FeedbackResult"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(mechanism__in=Mechanism.values), name="feedback_result_mechanism_known"),
            models.UniqueConstraint(
                fields=["alliance", "entry"], condition=Q(is_latest=True), name="feedback_result_one_latest"
            ),
        ]
        indexes = [models.Index(fields=["alliance", "entry", "-computed_at"], name="feedback_result_newest")]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.mean}"
