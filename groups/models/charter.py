"""The charter in versions, its acceptance by each member, and responsibilities in writing."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from groups.choices import CharterState, ReportPeriod, ReportState, ResponsibilityState


class CharterVersion(TenantModel):
    """One version of the charter; at most one is in force."""

    number = models.PositiveSmallIntegerField(_("version"))
    state = models.CharField(_("state"), max_length=10, choices=CharterState.choices, default=CharterState.DRAFT)
    motion = TenantForeignKey("groups.Motion", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The motion that adopted it."""
    adopted_on = models.DateField(_("adopted"), null=True, blank=True)
    in_force_on = models.DateField(_("in force from"), null=True, blank=True)
    grace_days = models.PositiveSmallIntegerField(_("days for acceptance"), default=30)
    """Members who have not accepted it so many days after it came into force may not vote until they do."""
    quorum_numerator = models.PositiveSmallIntegerField(_("quorum"), default=2)
    quorum_denominator = models.PositiveSmallIntegerField(default=3)
    proxies_per_holder = models.PositiveSmallIntegerField(_("proxies one member may hold"), default=2)
    circulation_days = models.PositiveSmallIntegerField(_("working days of a vote by circulation"), default=5)
    digest = models.CharField(max_length=64, blank=True, default="")
    """SHA-256 of the canonical form of all articles at adoption, in hex; acceptances name it."""

    objects = TenantQuerySet["CharterVersion"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "number"], name="charter_version_number_once"),
            models.CheckConstraint(condition=Q(state__in=CharterState.values), name="charter_version_state_known"),
            models.UniqueConstraint(
                fields=["alliance"], condition=Q(state=CharterState.IN_FORCE), name="charter_version_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(state=CharterState.DRAFT) | (Q(adopted_on__isnull=False) & ~Q(digest="")),
                name="charter_version_adopted_is_sealed",
            ),
        ]

    def __str__(self) -> str:
        return str(self.number)


class CharterArticle(TenantModel):
    """One article in both languages."""

    version = TenantForeignKey(CharterVersion, on_delete=models.CASCADE, related_name="articles")
    number = models.PositiveSmallIntegerField(_("article"))
    chapter_en = models.CharField(_("chapter in English"), max_length=120, blank=True, default="")
    chapter_zh = models.CharField(_("chapter in Chinese"), max_length=120, blank=True, default="")
    title_en = models.CharField(_("title in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, default="")
    body_en = models.TextField(_("text in English"), blank=True, default="")
    body_zh = models.TextField(_("text in Chinese"), blank=True, default="")

    objects = TenantQuerySet["CharterArticle"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "version", "number"], name="charter_article_number_once")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.number}"


class CharterAcceptance(TenantModel):
    """A member's acceptance of one version, signed by its signatory or representative."""

    version = TenantForeignKey(CharterVersion, on_delete=models.PROTECT, related_name="acceptances")
    institution = TenantForeignKey("members.Institution", on_delete=models.CASCADE, related_name="charter_acceptances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField(_("accepted"))
    digest = models.CharField(max_length=64)
    """Digest of the text that was accepted."""
    noted_from_paper = models.BooleanField(_("noted by the office from a signed paper"), default=False)
    file = TenantForeignKey("alliance.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The signed paper, where there is one."""

    objects = TenantQuerySet["CharterAcceptance"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "version", "institution"], name="charter_acceptance_once")
        ]
        indexes = [models.Index(fields=["alliance", "institution", "-accepted_at"], name="charter_acceptance_of")]

    def __str__(self) -> str:
        return f"{self.institution_id} {self.version_id}"


class Responsibility(TenantModel):
    """Who, in which group, does what by when, measured how; in writing and acknowledged."""

    code = models.SlugField(_("code"), max_length=40, db_index=False)
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="responsibilities")
    group = TenantForeignKey("groups.VirtualGroup", on_delete=models.PROTECT, related_name="responsibilities")
    state = models.CharField(
        _("state"), max_length=12, choices=ResponsibilityState.choices, default=ResponsibilityState.PROPOSED
    )
    duty_en = models.CharField(_("duty in English"), max_length=300, blank=True, default="")
    duty_zh = models.CharField(_("duty in Chinese"), max_length=300, blank=True, default="")
    measure_en = models.CharField(_("measured by, in English"), max_length=300, blank=True, default="")
    measure_zh = models.CharField(_("measured by, in Chinese"), max_length=300, blank=True, default="")
    period = models.CharField(_("report"), max_length=10, choices=ReportPeriod.choices, default=ReportPeriod.QUARTERLY)
    starts_on = models.DateField(_("from"))
    due_on = models.DateField(_("to be done by"), null=True, blank=True)
    """Last day; empty for a standing duty."""
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decline_reason = models.CharField(_("why it was declined"), max_length=300, blank=True, default="")
    previous = TenantForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="following")
    """The responsibility of another member that this one goes on with, after a hand-over."""
    ended_at = models.DateTimeField(_("done or ended"), null=True, blank=True)
    created_at = models.DateTimeField()

    objects = TenantQuerySet["Responsibility"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="responsibility_code_once"),
            models.CheckConstraint(condition=Q(state__in=ResponsibilityState.values), name="responsibility_state_known"),
            models.CheckConstraint(condition=Q(period__in=ReportPeriod.values), name="responsibility_period_known"),
            models.CheckConstraint(condition=~Q(duty_en="") | ~Q(duty_zh=""), name="responsibility_says_what"),
        ]
        indexes = [
            models.Index(fields=["alliance", "state", "due_on", "id"], name="responsibility_due"),
            models.Index(fields=["alliance", "institution", "id"], name="responsibility_of"),
            models.Index(fields=["alliance", "-created_at", "-id"], name="responsibility_newest"),
        ]

    def __str__(self) -> str:
        return self.code


class ResponsibilityReport(TenantModel):
    """What an institution reports on a responsibility for one period."""

    responsibility = TenantForeignKey(Responsibility, on_delete=models.CASCADE, related_name="reports")
    due_on = models.DateField(_("due"))
    state = models.CharField(_("state"), max_length=10, choices=ReportState.choices, default=ReportState.DUE)
    text = models.TextField(_("report"), blank=True, default="")
    figure = models.DecimalField(_("figure"), max_digits=14, decimal_places=2, null=True, blank=True)
    """The measured value, in the unit that the measure names."""
    measure_met = models.BooleanField(_("measure met"), null=True, blank=True)
    file = TenantForeignKey("alliance.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    remark = models.CharField(_("the office's remark"), max_length=300, blank=True, default="")
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ResponsibilityReport"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "responsibility", "due_on"], name="responsibility_report_once"),
            models.CheckConstraint(condition=Q(state__in=ReportState.values), name="responsibility_report_state_known"),
        ]
        indexes = [models.Index(fields=["alliance", "state", "due_on", "id"], name="responsibility_report_due")]

    def __str__(self) -> str:
        return f"{self.responsibility_id} {self.due_on}"
