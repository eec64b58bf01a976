"""The talent pool: experts, their skills, consent and interests (I13)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from members.choices import ConsentLevel, ExpertState, InterestKind

if TYPE_CHECKING:
    from typing import Self


class ExpertQuerySet(TenantQuerySet["Expert"]):
    """Experts of an alliance."""

    def public(self) -> Self:
        """Experts whose personal data everybody may see, by consent on record."""
        return self.filter(state=ExpertState.ACTIVE, consent=ConsentLevel.PUBLIC)


class Expert(TenantModel):
    """A person an institution brings into the talent pool.

    ``consent`` repeats the level of the newest :class:`ExpertConsent` that was not withdrawn, for the lists.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.SlugField(_("code"), max_length=40, db_index=False)
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="experts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The expert's own account, where there is one."""
    state = models.CharField(_("state"), max_length=8, choices=ExpertState.choices, default=ExpertState.ACTIVE)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True, default="")
    name_zh = models.CharField(_("name in Chinese"), max_length=120, blank=True, default="")
    title_en = models.CharField(_("title in English"), max_length=160, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=160, blank=True, default="")
    email = models.EmailField(_("e-mail"), blank=True, default="")
    orcid = models.CharField(_("ORCID iD"), max_length=19, blank=True, default="")
    """Sixteen characters in four groups with hyphens, the last one a check character (ISO 7064 mod 11-2)."""
    languages = models.JSONField(_("languages"), default=list)
    """BCP 47 codes."""
    days_per_month = models.DecimalField(_("days a month"), max_digits=4, decimal_places=1, null=True, blank=True)
    available_from = models.DateField(_("available from"), null=True, blank=True)
    available_until = models.DateField(_("available until"), null=True, blank=True)
    outputs_en = models.TextField(_("outputs in English"), blank=True, default="")
    outputs_zh = models.TextField(_("outputs in Chinese"), blank=True, default="")
    consent = models.CharField(_("who may see"), max_length=12, choices=ConsentLevel.choices, default=ConsentLevel.NONE)
    sort_key = models.CharField(max_length=300, editable=False)
    search_text = models.TextField(editable=False, default="")
    """Skills in both languages, folded, for trigram search; holds no personal data."""
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ExpertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="expert_code_once"),
            models.UniqueConstraint(fields=["alliance", "orcid"], condition=~Q(orcid=""), name="expert_orcid_once"),
            models.CheckConstraint(condition=Q(state__in=ExpertState.values), name="expert_state_known"),
            models.CheckConstraint(condition=Q(consent__in=ConsentLevel.values), name="expert_consent_known"),
            models.CheckConstraint(condition=~Q(name_en="") | ~Q(name_zh=""), name="expert_has_a_name"),
            models.CheckConstraint(
                condition=Q(days_per_month__isnull=True) | Q(days_per_month__gte=0, days_per_month__lte=31),
                name="expert_days_of_a_month",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "sort_key", "id"], name="expert_by_name"),
            models.Index(fields=["alliance", "institution", "sort_key", "id"], name="expert_of_institution"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def name(self) -> str:
        """Name in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.name_zh or self.name_en
        return self.name_en or self.name_zh


class ExpertSkill(TenantModel):
    """One skill, in one or both languages."""

    expert = TenantForeignKey(Expert, on_delete=models.CASCADE, related_name="skills")
    position = models.PositiveSmallIntegerField(default=0)
    name_en = models.CharField(_("skill in English"), max_length=120, blank=True, default="")
    name_zh = models.CharField(_("skill in Chinese"), max_length=120, blank=True, default="")

    objects = TenantQuerySet["ExpertSkill"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "expert", "position"], name="expert_skill_place_once"),
            models.CheckConstraint(condition=~Q(name_en="") | ~Q(name_zh=""), name="expert_skill_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name_en or self.name_zh


class ExpertConsent(TenantModel):
    """An expert's consent, as given: level, wording, when, on whose word; withdrawn, never overwritten."""

    expert = TenantForeignKey(Expert, on_delete=models.CASCADE, related_name="consents")
    level = models.CharField(_("who may see"), max_length=12, choices=ConsentLevel.choices)
    wording_version = models.CharField(max_length=20)
    given_at = models.DateTimeField(_("given"))
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects = TenantQuerySet["ExpertConsent"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(level__in=ConsentLevel.values), name="expert_consent_level_known"),
            models.UniqueConstraint(
                fields=["alliance", "expert"], condition=Q(withdrawn_at__isnull=True), name="expert_consent_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.expert_id} {self.level}"


class ExpertInterest(TenantModel):
    """An interest an expert declares; it feeds the conflict guard."""

    expert = TenantForeignKey(Expert, on_delete=models.CASCADE, related_name="interests")
    kind = models.CharField(_("interest"), max_length=14, choices=InterestKind.choices)
    counterparty = TenantForeignKey("members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The member concerned; empty for an outside party, named in the words."""
    words_en = models.CharField(_("in English"), max_length=300, blank=True, default="")
    words_zh = models.CharField(_("in Chinese"), max_length=300, blank=True, default="")
    starts_on = models.DateField(_("from"), null=True, blank=True)
    ends_on = models.DateField(_("until"), null=True, blank=True)
    declared_at = models.DateTimeField()

    objects = TenantQuerySet["ExpertInterest"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=InterestKind.values), name="expert_interest_kind_known"),
            models.CheckConstraint(
                condition=Q(counterparty__isnull=False) | ~Q(words_en="") | ~Q(words_zh=""),
                name="expert_interest_says_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.expert_id} {self.kind}"
