"""The risk register: likelihood x impact, an owner, reviews, and triggers that open a risk once."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from operations.choices import RiskCategory, RiskState

_GRADE = [MinValueValidator(1), MaxValueValidator(5)]


class Risk(TenantModel):
    """Something that may go wrong (AllianceCase2013: want of risk control)."""

    code = models.SlugField(_("code"), max_length=40)
    category = models.CharField(_("category"), max_length=8, choices=RiskCategory.choices)
    state = models.CharField(_("state"), max_length=8, choices=RiskState.choices, default=RiskState.OPEN)
    title_en = models.CharField(_("risk in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("risk in Chinese"), max_length=200, blank=True, default="")
    words_en = models.TextField(_("cause and effect in English"), blank=True, default="")
    words_zh = models.TextField(_("cause and effect in Chinese"), blank=True, default="")
    likelihood = models.PositiveSmallIntegerField(_("likelihood, 1 to 5"), validators=_GRADE)
    impact = models.PositiveSmallIntegerField(_("impact, 1 to 5"), validators=_GRADE)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    review_on = models.DateField(_("next review"))
    trigger = models.CharField(max_length=120, blank=True, default="")
    """What opened it, such as ``milestone_late:12``; empty: a person did. One trigger opens one risk, ever."""
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    close_reason = models.CharField(_("why it was closed or accepted"), max_length=300, blank=True, default="")

    objects = TenantQuerySet["Risk"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="risk_code_once"),
            models.UniqueConstraint(fields=["alliance", "trigger"], condition=~Q(trigger=""), name="risk_trigger_once"),
            models.CheckConstraint(condition=Q(category__in=RiskCategory.values), name="risk_category_known"),
            models.CheckConstraint(condition=Q(state__in=RiskState.values), name="risk_state_known"),
            models.CheckConstraint(
                condition=Q(likelihood__gte=1, likelihood__lte=5, impact__gte=1, impact__lte=5), name="risk_grades_1_to_5"
            ),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="risk_has_a_title"),
            models.CheckConstraint(condition=Q(state=RiskState.OPEN) | ~Q(close_reason=""), name="risk_settled_with_reason"),
        ]
        indexes = [
            models.Index(fields=["alliance", "state", "-opened_at", "-id"], name="risk_by_state"),
            models.Index(fields=["alliance", "review_on"], name="risk_review_due"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.title_zh or self.title_en
        return self.title_en or self.title_zh


class RiskReview(TenantModel):
    """A look at a risk: the grades it was given then, and what was said."""

    risk = TenantForeignKey(Risk, on_delete=models.CASCADE, related_name="reviews")
    likelihood = models.PositiveSmallIntegerField(_("likelihood, 1 to 5"), validators=_GRADE)
    impact = models.PositiveSmallIntegerField(_("impact, 1 to 5"), validators=_GRADE)
    words = models.TextField(_("what was found"), blank=True, default="")
    next_on = models.DateField(_("next review"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = TenantQuerySet["RiskReview"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(likelihood__gte=1, likelihood__lte=5, impact__gte=1, impact__lte=5),
                name="risk_review_grades_1_to_5",
            ),
        ]
        indexes = [models.Index(fields=["alliance", "risk", "-at"], name="risk_review_of")]

    def __str__(self) -> str:
        return f"{self.risk_id} {self.at:%Y-%m-%d}"


class RiskMeasure(TenantModel):
    """What is done against a risk, by whom, by when."""

    risk = TenantForeignKey(Risk, on_delete=models.CASCADE, related_name="measures")
    words = models.CharField(_("what is done"), max_length=300)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField(_("due"))
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = TenantQuerySet["RiskMeasure"].as_manager()

    class Meta:
        indexes = [models.Index(fields=["alliance", "due_on"], name="risk_measure_due")]

    def __str__(self) -> str:
        return self.words
