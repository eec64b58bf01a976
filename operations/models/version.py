"""What a product is made of: its kind's form, its texts as they stood, files, contributions, and what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from operations.choices import ContributionRole, ProductKind, ReferenceKind, ReleaseRule, SnapshotOccasion

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class KindForm(TenantModel):
    """One version of what a kind of product asks for: its own fields and the evidence it needs.

    A version is never edited: a change is the next one. An alliance without a row uses the standard form of the program
    (``operations.kinds``), which is version 0.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=ProductKind.choices)
    version = models.PositiveSmallIntegerField(_("version"))
    fields: Any = models.JSONField(default=list)
    """Rows ``{"key", "label_en", "label_zh", "type", "required", "choices"}`` in the order they stand on the page."""
    evidence: Any = models.JSONField(default=list)
    """Rows ``{"key", "label_en", "label_zh", "gate"}``; gate: name of the transition that asks for the file."""
    note = models.CharField(_("what changed"), max_length=300, blank=True, default="")
    is_current = models.BooleanField(default=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = TenantQuerySet["KindForm"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "kind", "version"], name="kind_form_version_once"),
            models.UniqueConstraint(fields=["alliance", "kind"], condition=Q(is_current=True), name="kind_form_one_current"),
            models.CheckConstraint(condition=Q(kind__in=ProductKind.values), name="kind_form_kind_known"),
            models.CheckConstraint(condition=Q(version__gte=1), name="kind_form_version_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


class PipelineRules(TenantModel):
    """One version of an alliance's rules of the pipeline: who releases, and how many products a stage holds.

    Never edited: a change is the next version. Without a row: the committee releases, and no stage has a limit.
    """

    version = models.PositiveSmallIntegerField(_("version"))
    release_rule = models.CharField(
        _("who decides on a release"), max_length=10, choices=ReleaseRule.choices, default=ReleaseRule.COMMITTEE
    )
    limits: Any = models.JSONField(_("products a stage holds"), default=dict)
    """Whole numbers from 1 by ProductState; a stage that is missing has no limit."""
    note = models.CharField(_("what changed"), max_length=300, blank=True, default="")
    is_current = models.BooleanField(default=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = TenantQuerySet["PipelineRules"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "version"], name="pipeline_rules_version_once"),
            models.UniqueConstraint(fields=["alliance"], condition=Q(is_current=True), name="pipeline_rules_one_current"),
            models.CheckConstraint(condition=Q(release_rule__in=ReleaseRule.values), name="pipeline_rules_release_known"),
        ]

    def __str__(self) -> str:
        return f"{self.version}"


class ProductVersion(TenantModel):
    """The texts of a product as they stood at one hand-over; never changed (``operations/migrations/0002_guards``).

    ``number`` is the version people speak of, ``serial`` the place in the product's history: a version handed in, sent back
    and handed in again has two rows with one number. A pilot round tries exactly one row.
    """

    product = TenantForeignKey("operations.Product", on_delete=models.CASCADE, related_name="versions")
    serial = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField(_("version"))
    occasion = models.CharField(_("occasion"), max_length=10, choices=SnapshotOccasion.choices)
    kind = models.CharField(_("kind"), max_length=20, choices=ProductKind.choices)
    form_version = models.PositiveSmallIntegerField(default=0)
    """Version of the kind's form; 0: the standard one."""
    title_en = models.CharField(max_length=200, blank=True, default="")
    title_zh = models.CharField(max_length=200, blank=True, default="")
    summary_en = models.TextField(blank=True, default="")
    summary_zh = models.TextField(blank=True, default="")
    body_en = models.TextField(blank=True, default="")
    body_zh = models.TextField(blank=True, default="")
    client_en = models.CharField(max_length=200, blank=True, default="")
    client_zh = models.CharField(max_length=200, blank=True, default="")
    details: Any = models.JSONField(default=dict)
    files: Any = models.JSONField(default=list)
    """Rows ``{"file": uuid, "sha256", "evidence"}`` of the files that belonged to it then."""
    digest = models.CharField(max_length=64)
    """SHA-256 in hex of the canonical JSON of the texts, details and files."""
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = TenantQuerySet["ProductVersion"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "product", "serial"], name="product_version_serial_once"),
            models.CheckConstraint(condition=Q(occasion__in=SnapshotOccasion.values), name="product_version_occasion_known"),
            models.CheckConstraint(condition=Q(kind__in=ProductKind.values), name="product_version_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.number} ({self.serial})"

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.title_zh or self.title_en
        return self.title_en or self.title_zh


class ProductFile(TenantModel):
    """A file of a product: part of it, or the evidence its kind asks for."""

    product = TenantForeignKey("operations.Product", on_delete=models.CASCADE, related_name="files")
    file = TenantForeignKey("alliance.StoredFile", on_delete=models.PROTECT, related_name="+")
    evidence = models.CharField(_("evidence"), max_length=40, blank=True, default="")
    """Key of the evidence it gives, as the kind's form names it; empty: part of the product."""
    title_en = models.CharField(_("title in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, default="")
    is_public = models.BooleanField(_("anybody may download it after the release"), default=False)
    version = models.PositiveSmallIntegerField(_("since version"), default=1)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)
    """A file that is taken out stays on record, since earlier versions had it."""

    objects = TenantQuerySet["ProductFile"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "product", "file"], name="product_file_once")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.evidence}"


class Contribution(TenantModel):
    """An institution's part in a product, in percent of the whole; confirmed by the institution itself.

    Benefit sharing builds on it (Zheng2018, section 5.2).
    """

    product = TenantForeignKey("operations.Product", on_delete=models.CASCADE, related_name="contributions")
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="contributions")
    expert = TenantForeignKey("members.Expert", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    role = models.CharField(_("part"), max_length=12, choices=ContributionRole.choices)
    share = models.DecimalField(_("share, percent"), max_digits=5, decimal_places=2)
    words_en = models.CharField(_("what it did, in English"), max_length=300, blank=True, default="")
    words_zh = models.CharField(_("what it did, in Chinese"), max_length=300, blank=True, default="")
    named_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    named_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    contested_at = models.DateTimeField(null=True, blank=True)
    contest_reason = models.CharField(_("why it is contested"), max_length=300, blank=True, default="")

    objects = TenantQuerySet["Contribution"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "product", "institution"], name="contribution_once"),
            models.CheckConstraint(condition=Q(role__in=ContributionRole.values), name="contribution_role_known"),
            models.CheckConstraint(condition=Q(share__gt=0, share__lte=100), name="contribution_share_in_percent"),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True) | Q(contested_at__isnull=True), name="contribution_one_answer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.institution_id} {self.share}"


class ProductReference(TenantModel):
    """What a product answers or rests on: a need, a listing, a project, another product, an outside source."""

    product = TenantForeignKey("operations.Product", on_delete=models.CASCADE, related_name="references")
    kind = models.CharField(_("kind"), max_length=10, choices=ReferenceKind.choices)
    code = models.CharField(_("code"), max_length=80, blank=True, default="")
    """Code of the record inside the alliance; upper layers answer for theirs by name."""
    words = models.CharField(_("title or words"), max_length=300, blank=True, default="")
    url = models.URLField(_("address"), max_length=500, blank=True, default="")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    objects = TenantQuerySet["ProductReference"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alliance", "product", "kind", "code", "words", "url"], name="product_reference_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=ReferenceKind.values), name="product_reference_kind_known"),
            models.CheckConstraint(condition=~Q(code="", words="", url=""), name="product_reference_says_something"),
        ]
        indexes = [models.Index(fields=["alliance", "kind", "code"], name="product_reference_to")]

    def __str__(self) -> str:
        return f"{self.kind} {self.code or self.words}"

    def label(self) -> StrOrPromise:
        """Its words, or its code."""
        return self.words or self.code or self.url
