"""The evaluation of a contract: each party evaluates the other two, hidden until all are in or the time is out.

Sheets are never changed: a second thought before the reveal is the next version, and all versions are kept. What was given is
committed to in the audit log by a digest with a secret number, which is opened with the reveal: nobody can change a mark unseen,
and nobody can read it from the log before.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey, TenantOneToOneField
from alliance.models import TenantModel, TenantQuerySet
from services.choices import AppealState, PartyRole, ReviewState
from services.models.contract import Contract


class ContractReview(TenantModel):
    """The evaluation of one contract that was completed or ended."""

    contract = TenantOneToOneField(Contract, on_delete=models.CASCADE, related_name="review")
    state = models.CharField(max_length=8, choices=ReviewState.choices, default=ReviewState.OPEN)
    opened_at = models.DateTimeField()
    give_until = models.DateField(_("marks are given until"))
    """Last day, in the time zone of the platform: twenty working days (clause “evaluation”)."""
    revealed_at = models.DateTimeField(null=True, blank=True)
    appeal_until = models.DateField(_("replies and appeals until"), null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ContractReview"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ReviewState.values), name="contract_review_state_known"),
            models.CheckConstraint(
                condition=Q(state="open", revealed_at__isnull=True)
                | (~Q(state="open") & Q(revealed_at__isnull=False, appeal_until__isnull=False)),
                name="contract_review_revealed_when",
            ),
            models.CheckConstraint(
                condition=Q(state="settled", settled_at__isnull=False) | (~Q(state="settled") & Q(settled_at__isnull=True)),
                name="contract_review_settled_when",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "give_until"], condition=Q(state="open"), name="contract_review_to_reveal"),
            models.Index(
                fields=["alliance", "appeal_until"], condition=Q(state="revealed"), name="contract_review_to_settle"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.state}"


class ReviewSheet(TenantModel):
    """One party's marks for another; the newest version before the reveal counts."""

    review = TenantForeignKey(ContractReview, on_delete=models.CASCADE, related_name="sheets")
    by_role = models.CharField(max_length=8, choices=PartyRole.choices)
    of_role = models.CharField(max_length=8, choices=PartyRole.choices)
    version = models.PositiveSmallIntegerField()
    marks: Any = models.JSONField()
    """Criterion -> 1 to 5, whole numbers; a criterion that could not be judged is left out, one at least is there."""
    words = models.TextField(_("in words"), blank=True, default="")
    nonce = models.CharField(max_length=64)
    """Secret until the reveal; ``sha256(nonce + canonical JSON)`` is the digest in the audit log."""
    digest = models.CharField(max_length=64)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()

    objects = TenantQuerySet["ReviewSheet"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alliance", "review", "by_role", "of_role", "version"], name="review_sheet_once"
            ),
            models.CheckConstraint(condition=Q(by_role__in=PartyRole.values), name="review_sheet_by_known"),
            models.CheckConstraint(condition=Q(of_role__in=PartyRole.values), name="review_sheet_of_known"),
            models.CheckConstraint(condition=~Q(by_role=F("of_role")), name="review_sheet_not_of_oneself"),
            models.CheckConstraint(condition=Q(digest__regex="^[0-9a-f]{64}$"), name="review_sheet_digest_form"),
        ]

    def __str__(self) -> str:
        return f"{self.review_id} {self.by_role} {self.of_role} {self.version}"


class ReviewReply(TenantModel):
    """What the evaluated party says to a sheet after the reveal; once."""

    sheet = TenantOneToOneField(ReviewSheet, on_delete=models.CASCADE, related_name="reply")
    words = models.TextField(_("reply"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = TenantQuerySet["ReviewReply"].as_manager()

    def __str__(self) -> str:
        return f"{self.sheet_id}"


class ReviewAppeal(TenantModel):
    """The evaluated party holds that marks are wrong; nothing changes until somebody of no party decided."""

    sheet = TenantOneToOneField(ReviewSheet, on_delete=models.CASCADE, related_name="appeal")
    criteria: Any = models.JSONField(default=list)
    """The criteria whose marks are contested; one at least."""
    grounds = models.TextField(_("grounds"))
    state = models.CharField(max_length=10, choices=AppealState.choices, default=AppealState.OPEN)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    struck: Any = models.JSONField(default=list)
    """Criteria whose marks do not count, as decided; part of ``criteria``."""
    decision_words = models.TextField(_("reasons of the decision"), blank=True, default="")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ReviewAppeal"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=AppealState.values), name="review_appeal_state_known"),
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True) | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="review_appeal_decided_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["upheld", "dismissed"]) | ~Q(decision_words=""), name="review_appeal_says_why"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(made_by__isnull=True)
                | Q(state="withdrawn")
                | ~Q(decided_by=F("made_by")),
                name="review_appeal_two_people",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "made_at"], condition=Q(state="open"), name="review_appeal_to_decide"),
        ]

    def __str__(self) -> str:
        return f"{self.sheet_id} {self.state}"


class PartyScore(TenantModel):
    """The result for one evaluated party, kept when the evaluation is final: the record that matching and evaluation read."""

    review = TenantForeignKey(ContractReview, on_delete=models.CASCADE, related_name="scores")
    role = models.CharField(max_length=8, choices=PartyRole.choices)
    institution = TenantForeignKey(
        "members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="contract_scores"
    )
    score = models.DecimalField(max_digits=9, decimal_places=6)
    """1 to 5: mean of the marks that count, first of each criterion over the evaluators, then over the criteria."""
    parts: Any = models.JSONField()
    """Criterion -> its part of the score, as decimal text; the parts add up to the score to 1e-6."""
    sheets = models.PositiveSmallIntegerField()
    """From how many parties: 1 or 2."""
    at = models.DateTimeField()

    objects = TenantQuerySet["PartyScore"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "review", "role"], name="party_score_once"),
            models.CheckConstraint(condition=Q(role__in=PartyRole.values), name="party_score_role_known"),
            models.CheckConstraint(condition=Q(score__gte=1, score__lte=5), name="party_score_1_to_5"),
            models.CheckConstraint(condition=Q(sheets__gte=1, sheets__lte=2), name="party_score_from_1_or_2"),
        ]
        indexes = [models.Index(fields=["alliance", "institution", "-at"], name="party_score_of")]

    def __str__(self) -> str:
        return f"{self.review_id} {self.role}"
