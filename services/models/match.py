"""Docking: demands and supplies brought together, and what both sides made of it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from services.choices import (
    DeclineReason,
    ListingSide,
    MatchEventKind,
    MatchOrigin,
    MatchState,
    RuleProposalState,
)


class MatchRule(TenantModel):
    """One version of how the fit of two listings is computed; never edited: a change is the next version.

    Without a row the standard weights of the program hold, which are version 0.
    """

    version = models.PositiveSmallIntegerField(_("version"))
    weights: Any = models.JSONField(default=dict)
    """Whole per cents by part (``services.fit``); they add up to 100."""
    balance = models.DecimalField(_("balance between kinds of institutions"), max_digits=3, decimal_places=2, default=0)
    """0: the order is the fit's alone; 1: kinds that were shown least come first among listings of about the same fit."""
    note = models.CharField(_("what changed"), max_length=300, blank=True, default="")
    is_current = models.BooleanField(default=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = TenantQuerySet["MatchRule"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "version"], name="match_rule_version_once"),
            models.UniqueConstraint(fields=["alliance"], condition=Q(is_current=True), name="match_rule_one_current"),
            models.CheckConstraint(condition=Q(balance__gte=0, balance__lte=1), name="match_rule_balance_0_to_1"),
        ]

    def __str__(self) -> str:
        return f"{self.version}"


class MatchRuleProposal(TenantModel):
    """A change of the rule that one person proposes; it becomes the next version when another one approves it."""

    weights: Any = models.JSONField(default=dict)
    """As in :class:`MatchRule`."""
    balance = models.DecimalField(_("balance between kinds of institutions"), max_digits=3, decimal_places=2, default=0)
    note = models.CharField(_("what changes"), max_length=300, blank=True, default="")
    state = models.CharField(
        _("state"), max_length=10, choices=RuleProposalState.choices, default=RuleProposalState.PROPOSED
    )
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    rule = TenantForeignKey(MatchRule, null=True, on_delete=models.PROTECT, related_name="proposals")
    """The version it became."""

    objects = TenantQuerySet["MatchRuleProposal"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RuleProposalState.values), name="match_rule_proposal_state_known"),
            models.CheckConstraint(condition=Q(balance__gte=0, balance__lte=1), name="match_rule_proposal_balance_0_to_1"),
            models.UniqueConstraint(fields=["alliance"], condition=Q(state="proposed"), name="match_rule_proposal_one_open"),
            models.CheckConstraint(
                condition=Q(settled_by__isnull=True) | ~Q(settled_by=F("proposed_by")),
                name="match_rule_proposal_second_person",
            ),
        ]
        indexes = [models.Index(fields=["alliance", "-id"], name="match_rule_proposal_newest")]

    def __str__(self) -> str:
        return f"{self.state}"


class MatchCriteria(TenantModel):
    """What one listing's owner wants of its suggestions; the alliance's rule holds where it says nothing."""

    listing = TenantForeignKey("services.Listing", on_delete=models.CASCADE, related_name="criteria")
    weights: Any = models.JSONField(default=dict)
    """Whole per cents by part, adding up to 100; empty: as the alliance's rule."""
    regions: Any = models.JSONField(default=list)
    """Codes of provinces; empty: all."""
    kinds: Any = models.JSONField(default=list)
    """InstitutionKind values; empty: all."""
    in_budget_only = models.BooleanField(default=False)
    in_time_only = models.BooleanField(default=False)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    objects = TenantQuerySet["MatchCriteria"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "listing"], name="match_criteria_once")]

    def __str__(self) -> str:
        return f"{self.listing_id}"


class Match(TenantModel):
    """A demand and a supply brought together, from the first act of a person on.

    Suggestions nobody acted on have no row; what was shown stands in :class:`MatchEvent`.
    """

    code = models.CharField(_("code"), max_length=20)
    demand = TenantForeignKey("services.Listing", on_delete=models.PROTECT, related_name="matches_as_demand")
    supply = TenantForeignKey("services.Listing", on_delete=models.PROTECT, related_name="matches_as_supply")
    origin = models.CharField(_("brought together by"), max_length=10, choices=MatchOrigin.choices)
    state = models.CharField(_("state"), max_length=12, choices=MatchState.choices, default=MatchState.SUGGESTED)
    fit = models.DecimalField(_("fit"), max_digits=9, decimal_places=6, null=True, blank=True)
    """0 to 100, as shown to whoever acted first."""
    reasons: Any = models.JSONField(default=dict)
    """Parts of the fit, rule, statistics and model as they stood then; enough to explain the figure later."""
    words = models.TextField(_("why"), blank=True, default="")
    """Why the desk proposes it, or what the interested member wrote."""
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    introduced_at = models.DateTimeField(null=True, blank=True)
    contacted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.TextField(_("outcome"), blank=True, default="")

    objects = TenantQuerySet["Match"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="match_code_once"),
            models.UniqueConstraint(fields=["alliance", "demand", "supply"], name="match_pair_once"),
            models.CheckConstraint(condition=Q(state__in=MatchState.values), name="match_state_known"),
            models.CheckConstraint(condition=Q(origin__in=MatchOrigin.values), name="match_origin_known"),
            models.CheckConstraint(condition=Q(fit__isnull=True) | Q(fit__gte=0, fit__lte=100), name="match_fit_0_to_100"),
        ]
        indexes = [
            models.Index(fields=["alliance", "-made_at", "-id"], name="match_newest"),
            models.Index(fields=["alliance", "state", "-id"], name="match_in_state"),
        ]

    def __str__(self) -> str:
        return self.code


class MatchAnswer(TenantModel):
    """What one side said to a match; a later answer of the same side is another row, the last one counts."""

    match = TenantForeignKey(Match, on_delete=models.CASCADE, related_name="answers")
    side = models.CharField(max_length=8, choices=ListingSide.choices)
    accepted = models.BooleanField()
    reason = models.CharField(_("reason"), max_length=16, choices=DeclineReason.choices, blank=True, default="")
    words = models.TextField(_("in your words"), blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = TenantQuerySet["MatchAnswer"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(side__in=ListingSide.values), name="match_answer_side_known"),
            models.CheckConstraint(condition=Q(reason__in=["", *DeclineReason.values]), name="match_answer_reason_known"),
            models.CheckConstraint(condition=Q(accepted=True) ^ ~Q(reason=""), name="match_answer_decline_has_a_reason"),
        ]
        indexes = [models.Index(fields=["alliance", "match", "-id"], name="match_answer_newest")]

    def __str__(self) -> str:
        return f"{self.match_id} {self.side} {self.accepted}"


class MatchEvent(TenantModel):
    """One raw fact of docking; the quality panel is computed from these rows alone. Never changed."""

    kind = models.CharField(max_length=12, choices=MatchEventKind.choices)
    listing = TenantForeignKey("services.Listing", on_delete=models.CASCADE, related_name="+")
    """The listing whose suggestions were looked at."""
    other = TenantForeignKey("services.Listing", on_delete=models.CASCADE, related_name="+")
    """The listing that was suggested."""
    reader = TenantForeignKey("members.Institution", null=True, on_delete=models.CASCADE, related_name="+")
    """The institution that looked or acted; None: the alliance's desk."""
    day = models.DateField()
    """Local day of ``at``: what is shown or opened counts once a day for each reader."""
    rank = models.PositiveSmallIntegerField(null=True)
    """Place in the list, from 1."""
    fit = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    institution_kind = models.CharField(max_length=32, blank=True, default="")
    """Kind of the institution that was suggested, as it was then; empty: from an outside source."""
    reason = models.CharField(max_length=16, blank=True, default="")
    at = models.DateTimeField()

    objects = TenantQuerySet["MatchEvent"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=MatchEventKind.values), name="match_event_kind_known"),
            models.UniqueConstraint(
                fields=["alliance", "kind", "listing", "other", "reader", "day"],
                condition=Q(kind__in=["shown", "opened"]),
                nulls_distinct=False,
                name="match_event_seen_once_a_day",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "at", "id"], name="match_event_in_time"),
            models.Index(fields=["alliance", "listing", "kind", "-id"], name="match_event_of_listing"),
            models.Index(fields=["alliance", "kind", "at"], name="match_event_of_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.listing_id} {self.other_id}"
