"""Motions and the votes on them, open and secret (S5, S6; security.md section 4(b)).

A body is a virtual group or, with ``group`` empty, the assembly of all members.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from groups.choices import (
    DECIDED_MOTIONS,
    AbstentionRule,
    BallotForm,
    Choice,
    MotionState,
    ResultLevel,
    Threshold,
    VoteBase,
    Weighting,
)

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self


class MotionQuerySet(TenantQuerySet["Motion"]):
    """Motions of an alliance."""

    def due_at(self, moment: datetime) -> Self:
        """Open motions whose time is over."""
        return self.filter(state=MotionState.OPEN, closes_at__lte=moment)


class Motion(TenantModel):
    """A proposal put to a body, the rule it is decided by, and - after the close - the sealed result."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.SlugField(_("code"), max_length=40, db_index=False)
    group = TenantForeignKey("groups.VirtualGroup", null=True, blank=True, on_delete=models.PROTECT, related_name="motions")
    """The body that decides; empty: the assembly."""
    meeting = TenantForeignKey("groups.Meeting", null=True, blank=True, on_delete=models.PROTECT, related_name="motions")
    """The meeting it is decided in; empty: voted by circulation."""
    state = models.CharField(_("state"), max_length=10, choices=MotionState.choices, default=MotionState.DRAFT)
    title_en = models.CharField(_("title in English"), max_length=300, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=300, blank=True, default="")
    text_en = models.TextField(_("text in English"), blank=True, default="")
    text_zh = models.TextField(_("text in Chinese"), blank=True, default="")
    proposer = TenantForeignKey(
        "members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="motions"
    )
    """The institution that puts it; empty: the secretariat."""
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    matter = models.CharField(_("matter"), max_length=80, blank=True, default="")
    """What it is about, as conflicts of interest name it: e.g. ``application:A-0003``; empty: ``motion:<code>``."""
    effect = models.CharField(max_length=40, blank=True, default="")
    """Name in the registry of effects: what happens when it is decided."""
    effect_params = models.JSONField(default=dict)
    effect_done_at = models.DateTimeField(null=True, blank=True)
    threshold = models.CharField(_("majority"), max_length=10, choices=Threshold.choices, default=Threshold.SIMPLE)
    base = models.CharField(_("counted"), max_length=8, choices=VoteBase.choices, default=VoteBase.PRESENT)
    abstention = models.CharField(
        _("an abstention"), max_length=8, choices=AbstentionRule.choices, default=AbstentionRule.COUNTS
    )
    quorum_numerator = models.PositiveSmallIntegerField(_("quorum"), default=2)
    quorum_denominator = models.PositiveSmallIntegerField(default=3)
    ballot = models.CharField(_("ballot"), max_length=6, choices=BallotForm.choices, default=BallotForm.OPEN)
    weighting = models.CharField(_("votes"), max_length=8, choices=Weighting.choices, default=Weighting.EQUAL)
    weights = models.JSONField(default=dict)
    """Institution kind -> whole weight, where votes weigh by class."""
    publish_box = models.BooleanField(_("members may see codes with choices"), default=False)
    created_at = models.DateTimeField()
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    ballot_public_key = models.CharField(max_length=64, blank=True, default="")
    """X25519 public key of the ballot box, in hex; the private one is never in the database."""
    box_root = models.CharField(max_length=64, blank=True, default="")
    """Merkle root of the sealed box, in hex."""
    result = models.JSONField(default=dict)
    """Sealed at the close: yes, no, abstain, taking_part, entitled, quorum, outcome ... Told as ``result_level`` allows."""
    result_level = models.CharField(max_length=8, choices=ResultLevel.choices, default=ResultLevel.TOTALS)
    result_digest = models.CharField(max_length=64, blank=True, default="")
    """SHA-256 of the canonical form of rule, roll and result, in hex; stands in the audit log."""
    is_public = models.BooleanField(_("in the public register of decisions"), default=False)

    objects = MotionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="motion_code_once"),
            models.CheckConstraint(condition=Q(state__in=MotionState.values), name="motion_state_known"),
            models.CheckConstraint(condition=Q(threshold__in=Threshold.values), name="motion_threshold_known"),
            models.CheckConstraint(condition=Q(base__in=VoteBase.values), name="motion_base_known"),
            models.CheckConstraint(condition=Q(abstention__in=AbstentionRule.values), name="motion_abstention_known"),
            models.CheckConstraint(condition=Q(ballot__in=BallotForm.values), name="motion_ballot_known"),
            models.CheckConstraint(condition=Q(weighting__in=Weighting.values), name="motion_weighting_known"),
            models.CheckConstraint(condition=Q(result_level__in=ResultLevel.values), name="motion_result_level_known"),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="motion_has_a_title"),
            models.CheckConstraint(
                condition=Q(quorum_denominator__gte=1, quorum_numerator__lte=models.F("quorum_denominator")),
                name="motion_quorum_a_fraction",
            ),
            models.CheckConstraint(
                condition=Q(state=MotionState.DRAFT)
                | Q(state=MotionState.WITHDRAWN)
                | Q(opened_at__isnull=False, closes_at__isnull=False),
                name="motion_open_has_dates",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=DECIDED_MOTIONS) | (Q(closed_at__isnull=False) & ~Q(result_digest="")),
                name="motion_decided_is_sealed",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "-created_at", "-id"], name="motion_newest"),
            models.Index(fields=["alliance", "state", "closes_at"], name="motion_due"),
        ]

    def __str__(self) -> str:
        return self.code


class MotionElector(TenantModel):
    """An institution on the roll of a motion: who may vote and with what weight, frozen when the motion was opened."""

    motion = TenantForeignKey(Motion, on_delete=models.CASCADE, related_name="electors")
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="+")
    weight = models.PositiveSmallIntegerField(default=1)
    recused_at = models.DateTimeField(null=True, blank=True)
    """Since when it stands aside; it is then left out of quorum and count."""
    excluded = models.CharField(max_length=20, blank=True, default="")
    """Why it was dropped at the close: ``recused``, ``seat_ended``, ``not_active``; empty: it counts."""

    objects = TenantQuerySet["MotionElector"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "motion", "institution"], name="motion_elector_once"),
            models.CheckConstraint(condition=Q(weight__gte=1), name="motion_elector_weight_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.motion_id} {self.institution_id}"


class Vote(TenantModel):
    """A vote in an open ballot; voting again replaces it until the close."""

    motion = TenantForeignKey(Motion, on_delete=models.CASCADE, related_name="votes")
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(_("vote"), max_length=8, choices=Choice.choices)
    holder = TenantForeignKey("members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The institution that voted by proxy; empty: its own vote."""
    cast_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    cast_at = models.DateTimeField()

    objects = TenantQuerySet["Vote"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "motion", "institution"], name="vote_once"),
            models.CheckConstraint(condition=Q(choice__in=Choice.values), name="vote_choice_known"),
        ]

    def __str__(self) -> str:
        return f"{self.motion_id} {self.institution_id}"


class BallotEnvelope(TenantModel):
    """A sealed ballot while a secret vote is open; deleted at the close. It holds no time, for order would tell."""

    motion = TenantForeignKey(Motion, on_delete=models.CASCADE, related_name="envelopes")
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="+")
    holder = TenantForeignKey("members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sealed = models.BinaryField()
    """HPKE of choice and receipt code, padded to one length."""

    objects = TenantQuerySet["BallotEnvelope"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "motion", "institution"], name="ballot_envelope_once")]

    def __str__(self) -> str:
        return f"{self.motion_id} {self.institution_id}"


class Participation(TenantModel):
    """Who took part in a decided motion, and through whom; written at the close."""

    motion = TenantForeignKey(Motion, on_delete=models.CASCADE, related_name="participations")
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="+")
    holder = TenantForeignKey("members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    weight = models.PositiveSmallIntegerField(default=1)

    objects = TenantQuerySet["Participation"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "motion", "institution"], name="participation_once")]

    def __str__(self) -> str:
        return f"{self.motion_id} {self.institution_id}"


class BallotPaper(TenantModel):
    """One opened ballot in the box of a decided secret motion, written sorted by code; linked to nobody."""

    motion = TenantForeignKey(Motion, on_delete=models.CASCADE, related_name="papers")
    code = models.CharField(max_length=64)
    choice = models.CharField(max_length=8, choices=Choice.choices)
    salt = models.CharField(max_length=64)

    objects = TenantQuerySet["BallotPaper"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "motion", "code"], name="ballot_paper_code_once"),
            models.CheckConstraint(condition=Q(choice__in=Choice.values), name="ballot_paper_choice_known"),
        ]

    def __str__(self) -> str:
        return self.code


class Teller(TenantModel):
    """A person who watches a secret ballot: may see totals and download the box where others may not."""

    motion = TenantForeignKey(Motion, on_delete=models.CASCADE, related_name="tellers")
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = TenantQuerySet["Teller"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "motion", "user"], name="teller_once")]

    def __str__(self) -> str:
        return f"{self.motion_id} {self.user_id}"


class Proxy(TenantModel):
    """One institution's authority to vote for another: for one motion, or standing for a body; the own vote always wins."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    giver = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="proxies_given")
    holder = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="proxies_held")
    motion = TenantForeignKey(Motion, null=True, blank=True, on_delete=models.PROTECT, related_name="proxies")
    """The motion it is for; empty: standing, for every motion of the body while it is valid."""
    group = TenantForeignKey("groups.VirtualGroup", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """Body of a standing proxy; empty with ``motion`` empty: the assembly."""
    instruction = models.CharField(
        _("vote as told"), max_length=8, choices=[("", _("as it sees fit")), *Choice.choices], blank=True, default=""
    )
    valid_from = models.DateTimeField(_("from"))
    valid_until = models.DateTimeField(_("until"), null=True, blank=True)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = TenantQuerySet["Proxy"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(giver=models.F("holder")), name="proxy_to_another"),
            models.CheckConstraint(condition=Q(instruction__in=["", *Choice.values]), name="proxy_instruction_known"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=models.F("valid_from")),
                name="proxy_period_forward",
            ),
            models.UniqueConstraint(
                fields=["alliance", "giver", "motion"],
                condition=Q(revoked_at__isnull=True, motion__isnull=False),
                name="proxy_once_per_motion",
            ),
            models.UniqueConstraint(
                fields=["alliance", "giver", "group"],
                condition=Q(revoked_at__isnull=True, motion__isnull=True),
                nulls_distinct=False,
                name="proxy_standing_once_per_body",
            ),
        ]
        indexes = [models.Index(fields=["alliance", "holder"], name="proxy_held")]

    def __str__(self) -> str:
        return f"{self.giver_id} by {self.holder_id}"
