"""Pilots: leading enterprises try a product and say how it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from operations.choices import ParticipantState, PilotState

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self


class PilotQuerySet(TenantQuerySet["Pilot"]):
    """Pilots."""

    def running(self) -> Self:
        """Rounds that take answers."""
        return self.filter(state__in=[PilotState.OPEN, PilotState.EXTENDED])

    def late(self, at: datetime) -> Self:
        """Rounds past their deadline that still take answers."""
        return self.running().filter(deadline__lt=at)


class Pilot(TenantModel):
    """One round of trying one version of a product.

    The plan's rule: with at least ``minimum_answers`` answers, every criterion's trimmed mean must reach its pass mark and
    at most ``blocking_defects_allowed`` blocking defects may stand; then release is proposed, otherwise points to answer
    are made and a next round may follow, up to ``maximum_rounds``. A measure with a minimum change must have improved by it. With fewer answers at the deadline the round is extended once
    by ``extension_days``; still too few, it ends without a result.
    """

    product = TenantForeignKey("operations.Product", on_delete=models.PROTECT, related_name="pilots")
    round = models.PositiveSmallIntegerField(_("round"))
    version = models.PositiveSmallIntegerField(_("version of the product"))
    tested = TenantForeignKey("operations.ProductVersion", on_delete=models.PROTECT, related_name="pilots")
    """The texts that are tried, as they stood when the round was planned: feedback belongs to exactly one version."""
    plan_version = models.PositiveSmallIntegerField(_("version of the plan"), default=1)
    turn = models.PositiveSmallIntegerField(default=0)
    """How often it was taken up again after it was closed."""
    state = models.CharField(_("state"), max_length=14, choices=PilotState.choices, default=PilotState.PLANNED)
    question_en = models.TextField(_("question in English"), blank=True, default="")
    question_zh = models.TextField(_("question in Chinese"), blank=True, default="")
    sample_en = models.CharField(_("who or what is tried, in English"), max_length=300, blank=True, default="")
    sample_zh = models.CharField(_("who or what is tried, in Chinese"), max_length=300, blank=True, default="")
    sample_size = models.PositiveIntegerField(_("answers hoped for at each site"), default=1)
    accept_by = models.DateTimeField(_("sites accept by"), null=True, blank=True)
    escalate_days = models.PositiveSmallIntegerField(_("tell the convenor after days of silence"), default=2)
    """Days after a reminder, or after the last day to accept, on which a silent site is told to the group's convenor; 0: never."""
    minimum_sites = models.PositiveSmallIntegerField(_("sites needed to begin"), default=1)
    starts_at = models.DateTimeField(_("start"))
    deadline = models.DateTimeField(_("deadline"))
    remind_days_before = models.PositiveSmallIntegerField(_("remind, days before the deadline"), default=3)
    minimum_answers = models.PositiveSmallIntegerField(_("answers needed"), default=3)
    trim_proportion = models.DecimalField(_("share cut at each end"), max_digits=3, decimal_places=2, default="0.10")
    blocking_defects_allowed = models.PositiveSmallIntegerField(_("blocking defects allowed"), default=0)
    maximum_rounds = models.PositiveSmallIntegerField(_("rounds at most"), default=3)
    extension_days = models.PositiveSmallIntegerField(_("with too few answers, extend once by days"), default=14)
    """0: do not extend; the round then ends without a result and the product goes to improvement."""
    extensions = models.PositiveSmallIntegerField(default=0)
    closes_itself = models.BooleanField(_("close by itself at the deadline"), default=True)
    """Otherwise the round stands late after its deadline until the secretariat extends or closes it; it takes no answers."""
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    answers = models.PositiveIntegerField(default=0)
    mean_score = models.DecimalField(_("mean score, 0 to 100"), max_digits=5, decimal_places=2, null=True, blank=True)
    result = models.JSONField(default=dict)
    """Method, version, parameters, inputs and figures per criterion: enough to compute it again."""
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PilotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "product", "round"], name="pilot_round_once"),
            models.CheckConstraint(condition=Q(state__in=PilotState.values), name="pilot_state_known"),
            models.CheckConstraint(condition=Q(deadline__gt=F("starts_at")), name="pilot_deadline_after_start"),
            models.CheckConstraint(
                condition=Q(trim_proportion__gte=0, trim_proportion__lt=0.5), name="pilot_trim_proportion_under_half"
            ),
            models.UniqueConstraint(
                fields=["alliance", "product"],
                condition=Q(state__in=["planned", "open", "extended", "aggregating"]),
                name="pilot_one_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["alliance", "state", "deadline"], name="pilot_due")]

    def __str__(self) -> str:
        return f"{self.product_id} round {self.round}"

    @property
    def is_running(self) -> bool:
        """Whether it takes answers, up to and including the deadline."""
        return self.state in {PilotState.OPEN, PilotState.EXTENDED}

    @property
    def question(self) -> str:
        """What the round shall find out, in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.question_zh or self.question_en
        return self.question_en or self.question_zh

    @property
    def participant_ids(self) -> frozenset[int]:
        """Institutions that take part; uses prefetched ``participants`` where a list has them."""
        return frozenset(
            participant.institution_id
            for participant in self.participants.all()
            if participant.state not in {ParticipantState.WITHDRAWN, ParticipantState.DECLINED}
        )


class PilotCriterion(TenantModel):
    """One thing participants score, with its scale and pass mark."""

    pilot = TenantForeignKey(Pilot, on_delete=models.CASCADE, related_name="criteria")
    position = models.PositiveSmallIntegerField()
    name_en = models.CharField(_("criterion in English"), max_length=120, blank=True, default="")
    name_zh = models.CharField(_("criterion in Chinese"), max_length=120, blank=True, default="")
    scale_low = models.SmallIntegerField(_("lowest score"), default=1)
    scale_high = models.SmallIntegerField(_("highest score"), default=5)
    pass_mark = models.DecimalField(_("pass mark"), max_digits=5, decimal_places=2)

    objects = TenantQuerySet["PilotCriterion"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "pilot", "position"], name="pilot_criterion_place_once"),
            models.CheckConstraint(condition=Q(scale_high__gt=F("scale_low")), name="pilot_criterion_scale_rises"),
            models.CheckConstraint(
                condition=Q(pass_mark__gte=F("scale_low"), pass_mark__lte=F("scale_high")),
                name="pilot_criterion_pass_mark_on_scale",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Name in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.name_zh or self.name_en
        return self.name_en or self.name_zh


class PilotParticipant(TenantModel):
    """A leading enterprise that tries the product."""

    pilot = TenantForeignKey(Pilot, on_delete=models.CASCADE, related_name="participants")
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="pilot_seats")
    state = models.CharField(_("state"), max_length=10, choices=ParticipantState.choices, default=ParticipantState.INVITED)
    site_en = models.CharField(_("site in English"), max_length=120, blank=True, default="")
    site_zh = models.CharField(_("site in Chinese"), max_length=120, blank=True, default="")
    """Plant or department; empty: the whole enterprise."""
    is_public = models.BooleanField(_("the public page may name it"), default=False)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(_("why it left"), max_length=300, blank=True, default="")
    reminded_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["PilotParticipant"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "pilot", "institution"], name="pilot_participant_once"),
            models.CheckConstraint(condition=Q(state__in=ParticipantState.values), name="pilot_participant_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.pilot_id} {self.institution_id}"


class PilotFeedback(TenantModel):
    """One person's structured answer for a participating enterprise; it can be changed until the round closes.

    What it says in words, defects and suggestions, are points of feedback (FeedbackPoint), which the makers answer.
    """

    participant = TenantForeignKey(PilotParticipant, on_delete=models.CASCADE, related_name="feedback")
    respondent = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    respondent_key = models.CharField(max_length=60)
    """Tells answers of one enterprise apart: the account's uuid, or the number of a paper form."""
    submitted_at = models.DateTimeField()
    evidence = TenantForeignKey("alliance.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = TenantQuerySet["PilotFeedback"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alliance", "participant", "respondent_key"], name="pilot_feedback_once_per_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant_id} {self.submitted_at:%Y-%m-%d}"


class CriterionScore(TenantModel):
    """A score on one criterion."""

    feedback = TenantForeignKey(PilotFeedback, on_delete=models.CASCADE, related_name="scores")
    criterion = TenantForeignKey(PilotCriterion, on_delete=models.PROTECT, related_name="scores")
    score = models.SmallIntegerField()

    objects = TenantQuerySet["CriterionScore"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "feedback", "criterion"], name="criterion_score_once")]

    def __str__(self) -> str:
        return str(self.score)


class PilotStep(TenantModel):
    """A step of the workflow that was taken; its key is unique, so a step runs once whoever asks for it twice."""

    pilot = TenantForeignKey(Pilot, on_delete=models.CASCADE, related_name="steps")
    key = models.CharField(max_length=80)
    at = models.DateTimeField()

    objects = TenantQuerySet["PilotStep"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "pilot", "key"], name="pilot_step_once")]

    def __str__(self) -> str:
        return self.key
