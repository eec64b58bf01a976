"""Workbooks of pilot sites: what was measured and noted on the shop floor, each entry once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from operations.choices import DefectSeverity, EntryKind, PersonRole, PointSource, PointState, ReadingPhase
from operations.models.pilot import Pilot, PilotFeedback, PilotParticipant


class PilotMeasure(TenantModel):
    """Something counted or weighed before and after, with its unit and the direction that is better."""

    pilot = TenantForeignKey(Pilot, on_delete=models.CASCADE, related_name="measures")
    position = models.PositiveSmallIntegerField()
    name_en = models.CharField(_("measure in English"), max_length=120, blank=True, default="")
    name_zh = models.CharField(_("measure in Chinese"), max_length=120, blank=True, default="")
    unit = models.CharField(_("unit"), max_length=40, blank=True, default="")
    direction = models.SmallIntegerField(_("what is better"), choices=[(1, _("more")), (-1, _("less"))], default=1)
    minimum_change = models.DecimalField(
        _("change for the better needed, percent of the baseline"), max_digits=6, decimal_places=2, null=True, blank=True
    )
    """None: reported, but the rule does not ask for it."""

    objects = TenantQuerySet["PilotMeasure"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "pilot", "position"], name="pilot_measure_place_once"),
            models.CheckConstraint(condition=Q(direction__in=[1, -1]), name="pilot_measure_direction_known"),
            models.CheckConstraint(condition=~Q(name_en="") | ~Q(name_zh=""), name="pilot_measure_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Name in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.name_zh or self.name_en
        return self.name_en or self.name_zh


class PilotPerson(TenantModel):
    """A named person at a site, for a time; handing over ends one row and begins another."""

    participant = TenantForeignKey(PilotParticipant, on_delete=models.CASCADE, related_name="people")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(_("part"), max_length=6, choices=PersonRole.choices)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    note = models.CharField(_("what was handed over"), max_length=300, blank=True, default="")

    objects = TenantQuerySet["PilotPerson"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alliance", "participant"],
                condition=Q(role=PersonRole.LEAD, until__isnull=True),
                name="pilot_person_one_lead",
            ),
            models.UniqueConstraint(
                fields=["alliance", "participant", "user"], condition=Q(until__isnull=True), name="pilot_person_once"
            ),
            models.CheckConstraint(condition=Q(role__in=PersonRole.values), name="pilot_person_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.participant_id} {self.role}"


class PilotPlanVersion(TenantModel):
    """The plan of a round as it was agreed, whole; an amendment is the next version, with its reason."""

    pilot = TenantForeignKey(Pilot, on_delete=models.CASCADE, related_name="plans")
    number = models.PositiveSmallIntegerField()
    plan: Any = models.JSONField()
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = TenantQuerySet["PilotPlanVersion"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "pilot", "number"], name="pilot_plan_version_once")]

    def __str__(self) -> str:
        return f"{self.pilot_id} plan {self.number}"


class PilotReopening(TenantModel):
    """A closed round taken up again: why, by whom, and the result it had until then."""

    pilot = TenantForeignKey(Pilot, on_delete=models.CASCADE, related_name="reopenings")
    turn = models.PositiveSmallIntegerField()
    """The round's turn that begins with it; the first reopening begins turn 1."""
    reason = models.CharField(_("reason"), max_length=300)
    state_before = models.CharField(max_length=14)
    result_before: Any = models.JSONField(default=dict)
    deadline = models.DateTimeField(_("new deadline"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = TenantQuerySet["PilotReopening"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "pilot", "turn"], name="pilot_reopening_once")]

    def __str__(self) -> str:
        return f"{self.pilot_id} turn {self.turn}"


class WorkbookEntry(TenantModel):
    """One entry as a site sent it; the key made in the browser is what lets it arrive once and only once."""

    participant = TenantForeignKey(PilotParticipant, on_delete=models.CASCADE, related_name="entries")
    key = models.UUIDField()
    kind = models.CharField(_("kind"), max_length=10, choices=EntryKind.choices)
    body: Any = models.JSONField(default=dict)
    file = TenantForeignKey("alliance.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    """SHA-256 in hex of what was sent: the same key with other content is refused."""
    noted_at = models.DateTimeField(_("noted at"))
    """The writer's clock."""
    received_at = models.DateTimeField(_("received at"))
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    struck_at = models.DateTimeField(null=True, blank=True)
    struck_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    struck_reason = models.CharField(_("why it is struck out"), max_length=300, blank=True, default="")

    objects = TenantQuerySet["WorkbookEntry"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "participant", "key"], name="workbook_entry_once"),
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="workbook_entry_kind_known"),
        ]
        indexes = [models.Index(fields=["alliance", "participant", "-noted_at", "-id"], name="workbook_entry_newest")]

    def __str__(self) -> str:
        return f"{self.participant_id} {self.kind}"


class Reading(TenantModel):
    """A value of a measure at a site, before or after; a wrong one is struck out, never edited."""

    participant = TenantForeignKey(PilotParticipant, on_delete=models.CASCADE, related_name="readings")
    measure = TenantForeignKey(PilotMeasure, on_delete=models.PROTECT, related_name="readings")
    phase = models.CharField(_("when"), max_length=8, choices=ReadingPhase.choices)
    value = models.DecimalField(_("value"), max_digits=18, decimal_places=6)
    taken_on = models.DateField(_("measured on"))
    key = models.UUIDField()
    """Key of the workbook entry it came with."""
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    struck_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["Reading"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "participant", "key"], name="reading_once"),
            models.CheckConstraint(condition=Q(phase__in=ReadingPhase.values), name="reading_phase_known"),
        ]
        indexes = [models.Index(fields=["alliance", "measure", "phase"], name="reading_of_measure")]

    def __str__(self) -> str:
        return f"{self.measure_id} {self.phase} {self.value}"


class FeedbackPoint(TenantModel):
    """One thing that somebody said about one version of a product, and the makers' answer to it.

    Open until the makers answer; accepted points are the changes agreed; each ends as declined with a reason or as done in
    a version (blueprint section 6). The release names the points it answers.
    """

    product = TenantForeignKey("operations.Product", on_delete=models.CASCADE, related_name="points")
    version = models.PositiveSmallIntegerField(_("version"))
    """The version it was said of."""
    key = models.CharField(max_length=80)
    """What it comes from, unique in the product: ``defect:<uuid>``, ``criterion:<pilot>:<id>``, ``rating:<id>`` ..."""
    source = models.CharField(_("from"), max_length=10, choices=PointSource.choices)
    severity = models.CharField(_("severity"), max_length=8, choices=DefectSeverity.choices, blank=True, default="")
    text_en = models.TextField(_("in English"), blank=True, default="")
    text_zh = models.TextField(_("in Chinese"), blank=True, default="")
    """A site writes in one language: the other stays empty."""
    pilot = TenantForeignKey(Pilot, null=True, blank=True, on_delete=models.CASCADE, related_name="points")
    participant = TenantForeignKey(PilotParticipant, null=True, blank=True, on_delete=models.CASCADE, related_name="points")
    feedback = TenantForeignKey(PilotFeedback, null=True, blank=True, on_delete=models.CASCADE, related_name="points")
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    raised_at = models.DateTimeField(_("said at"))
    state = models.CharField(_("state"), max_length=8, choices=PointState.choices, default=PointState.OPEN)
    answer = models.CharField(_("what was done, or why not"), max_length=500, blank=True, default="")
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    done_in = models.PositiveSmallIntegerField(_("done in version"), null=True, blank=True)
    named_in = models.PositiveSmallIntegerField(_("named by the release of version"), null=True, blank=True)
    """Set once, by the release that names it; from then on the answer stands."""

    objects = TenantQuerySet["FeedbackPoint"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "product", "key"], name="feedback_point_once"),
            models.CheckConstraint(condition=Q(source__in=PointSource.values), name="feedback_point_source_known"),
            models.CheckConstraint(condition=Q(state__in=PointState.values), name="feedback_point_state_known"),
            models.CheckConstraint(
                condition=Q(severity="") | Q(severity__in=DefectSeverity.values), name="feedback_point_severity_known"
            ),
            models.CheckConstraint(condition=~Q(text_en="") | ~Q(text_zh=""), name="feedback_point_says_something"),
            models.CheckConstraint(
                condition=~Q(state=PointState.DECLINED) | ~Q(answer=""), name="feedback_point_declined_with_reason"
            ),
            models.CheckConstraint(
                condition=Q(state=PointState.DONE, done_in__isnull=False)
                | (~Q(state=PointState.DONE) & Q(done_in__isnull=True)),
                name="feedback_point_done_in_a_version",
            ),
            models.CheckConstraint(
                condition=Q(named_in__isnull=True) | Q(state=PointState.DONE, done_in__lte=models.F("named_in")),
                name="feedback_point_named_when_done",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "product", "state"], name="feedback_point_of_product"),
            models.Index(fields=["alliance", "product", "-raised_at", "-id"], name="feedback_point_newest"),
            models.Index(fields=["alliance", "-raised_at", "-id"], name="feedback_point_all_newest"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def text(self) -> str:
        """What was said, in the active language, else in the other one."""
        if (get_language() or "").startswith("zh"):
            return self.text_zh or self.text_en
        return self.text_en or self.text_zh
