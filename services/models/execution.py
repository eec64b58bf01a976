"""The work under a contract: what is handed over and accepted, what is paid, notices, follow-ups (Liu2023 section 4.4).

A milestone is named by its number in the terms in effect. What was handed over, accepted or paid is never changed; a mistake is
put right by a further row. A payment refers to the submission that was accepted for its milestone, and a trigger of the database
refuses one that was not: nothing is paid before acceptance.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey, TenantOneToOneField
from alliance.models import TenantModel, TenantQuerySet
from services.choices import (
    FollowUpState,
    NoticeKind,
    NoticeReason,
    NoticeState,
    PartyRole,
    PaymentState,
    Progress,
    SubmissionState,
)
from services.models.contract import Contract, ContractTerms


class MilestoneSubmission(TenantModel):
    """What the supply side hands over for a milestone, and what the demand side says to it."""

    contract = TenantForeignKey(Contract, on_delete=models.CASCADE, related_name="submissions")
    terms = TenantForeignKey(ContractTerms, on_delete=models.PROTECT, related_name="+")
    """The version under which it was handed over."""
    milestone = models.PositiveSmallIntegerField(_("milestone"))
    number = models.PositiveSmallIntegerField(_("attempt"))
    """1 is the first; each round of rework brings the next."""
    words = models.TextField(_("what is handed over"))
    state = models.CharField(max_length=10, choices=SubmissionState.choices, default=SubmissionState.HANDED)
    handed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    handed_at = models.DateTimeField()
    accept_by = models.DateField(_("to be accepted by"))
    """Last of the working days that the terms give the demand side."""
    reminded_at = models.DateTimeField(null=True, blank=True)
    """When the witness reminded the demand side in writing."""
    silent_after = models.DateField(null=True, blank=True)
    """After this day without an answer it is taken to be accepted: five working days after the reminder."""
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    """Nobody where it was taken to be accepted."""
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_words = models.TextField(_("what is to be mended"), blank=True, default="")
    rework_by = models.DateField(_("to be mended by"), null=True, blank=True)

    objects = TenantQuerySet["MilestoneSubmission"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "contract", "milestone", "number"], name="submission_attempt_once"),
            models.UniqueConstraint(
                fields=["alliance", "contract", "milestone"],
                condition=Q(state__in=["handed", "accepted"]),
                name="submission_one_at_a_time",
            ),
            models.CheckConstraint(condition=Q(state__in=SubmissionState.values), name="submission_state_known"),
            models.CheckConstraint(condition=Q(milestone__gte=1, number__gte=1), name="submission_counts_from_1"),
            models.CheckConstraint(
                condition=Q(state="handed", decided_at__isnull=True) | (~Q(state="handed") & Q(decided_at__isnull=False)),
                name="submission_decided_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="returned") | (~Q(decision_words="") & Q(rework_by__isnull=False)),
                name="submission_rework_is_named",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "returned"])
                | Q(decided_by__isnull=True)
                | Q(handed_by__isnull=True)
                | ~Q(decided_by=F("handed_by")),
                name="submission_two_people",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "accept_by"], condition=Q(state="handed"), name="submission_to_accept"),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.milestone}.{self.number}"


class SubmissionFile(TenantModel):
    """A file that was handed over; read by whoever may read the contract."""

    submission = TenantForeignKey(MilestoneSubmission, on_delete=models.CASCADE, related_name="files")
    file = TenantOneToOneField("alliance.StoredFile", on_delete=models.PROTECT, related_name="+")

    objects = TenantQuerySet["SubmissionFile"].as_manager()

    def __str__(self) -> str:
        return f"{self.submission_id} {self.file_id}"


class MilestonePayment(TenantModel):
    """A payment as a recorded fact: stated by the demand side or the alliance that holds the money, confirmed by the supply side.

    Amounts in yuan renminbi. A row that was wrong is taken out of the record with a reason, never changed.
    """

    contract = TenantForeignKey(Contract, on_delete=models.CASCADE, related_name="payments")
    submission = TenantForeignKey(MilestoneSubmission, on_delete=models.PROTECT, related_name="payments")
    """The accepted one."""
    milestone = models.PositiveSmallIntegerField(_("milestone"))
    number = models.PositiveSmallIntegerField(_("number"))
    """Counts the payments of the contract from 1."""
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    paid_on = models.DateField(_("paid on"))
    reference = models.CharField(_("reference of the transfer"), max_length=80)
    state = models.CharField(max_length=12, choices=PaymentState.choices, default=PaymentState.RECORDED)
    role = models.CharField(max_length=8, choices=PartyRole.choices)
    """For which party it was recorded."""
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    answer_words = models.CharField(max_length=500, blank=True, default="")

    objects = TenantQuerySet["MilestonePayment"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "contract", "number"], name="payment_number_once"),
            models.UniqueConstraint(
                fields=["alliance", "contract", "reference"],
                condition=~Q(state="reversed"),
                name="payment_reference_once",
            ),
            models.CheckConstraint(condition=Q(state__in=PaymentState.values), name="payment_state_known"),
            models.CheckConstraint(condition=Q(role__in=["demand", "witness"]), name="payment_recorded_by_payer"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_above_0"),
            models.CheckConstraint(condition=~Q(reference=""), name="payment_has_a_reference"),
            models.CheckConstraint(
                condition=Q(state="recorded", answered_at__isnull=True)
                | (~Q(state="recorded") & Q(answered_at__isnull=False)),
                name="payment_answered_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["contradicted", "reversed"]) | ~Q(answer_words=""), name="payment_doubt_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.number}"


class ContractNotice(TenantModel):
    """A party wants the work suspended, taken up again, or ended early; the other side agrees, or the witness decides."""

    contract = TenantForeignKey(Contract, on_delete=models.CASCADE, related_name="notices")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=NoticeKind.choices)
    role = models.CharField(max_length=8, choices=PartyRole.choices)
    """The party that wants it."""
    reason = models.CharField(_("reason"), max_length=14, choices=NoticeReason.choices)
    words = models.TextField(_("in words"))
    state = models.CharField(max_length=10, choices=NoticeState.choices, default=NoticeState.OPEN)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    answer_role = models.CharField(max_length=8, choices=PartyRole.choices, blank=True, default="")
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    answer_words = models.TextField(blank=True, default="")

    objects = TenantQuerySet["ContractNotice"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "contract", "number"], name="contract_notice_number_once"),
            models.UniqueConstraint(
                fields=["alliance", "contract"], condition=Q(state="open"), name="contract_notice_one_open"
            ),
            models.CheckConstraint(condition=Q(kind__in=NoticeKind.values), name="contract_notice_kind_known"),
            models.CheckConstraint(condition=Q(state__in=NoticeState.values), name="contract_notice_state_known"),
            models.CheckConstraint(condition=Q(reason__in=NoticeReason.values), name="contract_notice_reason_known"),
            models.CheckConstraint(condition=Q(role__in=PartyRole.values), name="contract_notice_role_known"),
            models.CheckConstraint(
                condition=Q(answer_role__in=["", *PartyRole.values]), name="contract_notice_answer_role_known"
            ),
            models.CheckConstraint(
                condition=Q(state="open", answered_at__isnull=True) | (~Q(state="open") & Q(answered_at__isnull=False)),
                name="contract_notice_answered_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.number}"


class ContractPause(TenantModel):
    """A time in which the work rests; the days that are still open move by its length. Pauses of a contract never overlap."""

    contract = TenantForeignKey(Contract, on_delete=models.CASCADE, related_name="pauses")
    begins_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    """First day of work again."""
    begun = TenantOneToOneField(ContractNotice, on_delete=models.PROTECT, related_name="+")
    ended = TenantOneToOneField(ContractNotice, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = TenantQuerySet["ContractPause"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alliance", "contract"], condition=Q(ends_on__isnull=True), name="contract_pause_one_open"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("begins_on")), name="contract_pause_ends_after"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.begins_on}"


class ContractFollowUp(TenantModel):
    """A short question to one side of how the work goes; read by that side and the desk alone."""

    contract = TenantForeignKey(Contract, on_delete=models.CASCADE, related_name="follow_ups")
    role = models.CharField(max_length=8, choices=PartyRole.choices)
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=FollowUpState.choices, default=FollowUpState.ASKED)
    asked_at = models.DateTimeField()
    answer_by = models.DateField()
    progress = models.CharField(_("how the work goes"), max_length=10, choices=Progress.choices, blank=True, default="")
    cooperation = models.PositiveSmallIntegerField(_("working together"), null=True, blank=True)
    """1 very poor to 5 very good."""
    wants_help = models.BooleanField(_("the desk shall call"), default=False)
    words = models.TextField(_("in words"), blank=True, default="")
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    is_signal = models.BooleanField(default=False)
    """Whether something goes wrong, so that the desk looks after it."""
    handled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    handled_at = models.DateTimeField(null=True, blank=True)
    handled_words = models.TextField(_("what was done"), blank=True, default="")

    objects = TenantQuerySet["ContractFollowUp"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "contract", "role", "number"], name="follow_up_number_once"),
            models.CheckConstraint(condition=Q(role__in=["demand", "supply"]), name="follow_up_of_a_side"),
            models.CheckConstraint(condition=Q(state__in=FollowUpState.values), name="follow_up_state_known"),
            models.CheckConstraint(condition=Q(progress__in=["", *Progress.values]), name="follow_up_progress_known"),
            models.CheckConstraint(
                condition=Q(cooperation__isnull=True) | Q(cooperation__gte=1, cooperation__lte=5),
                name="follow_up_cooperation_1_to_5",
            ),
            models.CheckConstraint(
                condition=Q(state="answered", answered_at__isnull=False, cooperation__isnull=False)
                | (~Q(state="answered") & Q(answered_at__isnull=True)),
                name="follow_up_answered_when",
            ),
            models.CheckConstraint(
                condition=Q(handled_at__isnull=True) | Q(is_signal=True), name="follow_up_handled_signal"
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "answer_by"], condition=Q(state="asked"), name="follow_up_to_answer"),
            models.Index(fields=["alliance", "-asked_at", "-id"], name="follow_up_newest"),
            models.Index(
                fields=["alliance", "-asked_at", "-id"],
                condition=Q(is_signal=True, handled_at__isnull=True),
                name="follow_up_signals",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.role} {self.number}"
