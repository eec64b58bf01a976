"""Applications for membership and the evidence that comes with them (S1; charter, article 6)."""

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
from members.choices import ApplicationState, EvidenceKind, InstitutionKind, LetterKind, RegistryScheme, SubKind

if TYPE_CHECKING:
    from typing import Self


class ApplicationQuerySet(TenantQuerySet["Application"]):
    """Applications of an alliance."""

    def open(self) -> Self:
        """Applications the office or the committee still has to deal with."""
        return self.filter(
            state__in=[
                ApplicationState.SUBMITTED,
                ApplicationState.SCREENING,
                ApplicationState.RETURNED,
                ApplicationState.COMPLETE,
                ApplicationState.VOTING,
            ]
        )


class Application(TenantModel):
    """An institution's request to be admitted, from the public form to the committee's decision.

    The applicant has no account: a private link, of which only the digest is kept, leads back to the file.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.SlugField(_("code"), max_length=40, db_index=False)
    state = models.CharField(
        _("state"), max_length=12, choices=ApplicationState.choices, default=ApplicationState.UNCONFIRMED
    )
    kind = models.CharField(_("kind"), max_length=24, choices=InstitutionKind.choices)
    subkind = models.CharField(_("finer kind"), max_length=16, choices=SubKind.choices, blank=True, default="")
    name_en = models.CharField(_("name in English"), max_length=300, blank=True, default="")
    name_zh = models.CharField(_("name in Chinese"), max_length=300, blank=True, default="")
    name_key = models.CharField(max_length=300, editable=False)
    """The name folded for comparison, as on the institution."""
    country_code = models.CharField(_("country"), max_length=2, default="CN")
    region_code = models.CharField(_("region (GB/T 2260)"), max_length=6, blank=True, default="")
    registry_scheme = models.CharField(
        _("register"), max_length=8, choices=RegistryScheme.choices, default=RegistryScheme.NONE
    )
    registry_code = models.CharField(_("registry code"), max_length=40, blank=True, default="")
    web = models.URLField(_("web site"), blank=True, default="")
    contact_name = models.CharField(_("contact person"), max_length=120)
    contact_email = models.EmailField(_("contact e-mail"))
    contact_phone = models.CharField(_("contact telephone"), max_length=40, blank=True, default="")
    representative_name = models.CharField(_("representative"), max_length=120, blank=True, default="")
    representative_email = models.EmailField(_("e-mail of the representative"), blank=True, default="")
    """Who will represent the institution; empty: the contact person. Gets the invitation after admission."""
    language = models.CharField(_("language of letters"), max_length=10)
    """``en`` or ``zh-hans``: the language the form was filled in; letters go out in it."""
    elements = models.JSONField(_("elements offered"), default=list)
    """[{"element", "scale", "statement"}]."""
    answers = models.JSONField(default=dict)
    """Answers to the questions asked of this kind: question key -> text."""
    returned_points = models.JSONField(default=list)
    """What was missing when it was last sent back: [{"field", "words"}]; ``words`` are the office's."""
    access_digest = models.CharField(max_length=64, editable=False)
    """SHA-256 of the private link's token, in hex."""
    screened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decision_reference = models.CharField(_("decision"), max_length=40, blank=True, default="")
    """Code of the motion that decided."""
    decision_reason = models.TextField(_("reason of the decision"), blank=True, default="")
    institution = TenantForeignKey(
        "members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="applications"
    )
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    """Until when the office must have checked it, or, sent back, until when the applicant may complete it."""
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="application_code_once"),
            models.UniqueConstraint(fields=["alliance", "access_digest"], name="application_link_once"),
            models.CheckConstraint(condition=Q(state__in=ApplicationState.values), name="application_state_known"),
            models.CheckConstraint(condition=Q(kind__in=InstitutionKind.values), name="application_kind_known"),
            models.CheckConstraint(condition=Q(subkind__in=SubKind.values), name="application_subkind_known"),
            models.CheckConstraint(
                condition=Q(registry_scheme__in=RegistryScheme.values), name="application_registry_scheme_known"
            ),
            models.CheckConstraint(condition=~Q(name_en="") | ~Q(name_zh=""), name="application_has_a_name"),
            models.CheckConstraint(
                condition=~Q(state=ApplicationState.ACCEPTED) | Q(institution__isnull=False),
                name="application_accepted_has_institution",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[ApplicationState.ACCEPTED, ApplicationState.REJECTED]) | Q(decided_at__isnull=False),
                name="application_decided_has_a_date",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "-created_at", "-id"], name="application_newest"),
            models.Index(fields=["alliance", "state", "-created_at", "-id"], name="application_by_state"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def name(self) -> str:
        """Name in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.name_zh or self.name_en
        return self.name_en or self.name_zh

    @property
    def matter(self) -> str:
        """What conflicts of interest and motions call it."""
        return f"application:{self.code}"


class ApplicationEvidence(TenantModel):
    """A file that proves something an application says."""

    application = TenantForeignKey(Application, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(_("evidence"), max_length=20, choices=EvidenceKind.choices)
    file = TenantForeignKey("alliance.StoredFile", on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    objects = TenantQuerySet["ApplicationEvidence"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EvidenceKind.values), name="application_evidence_kind_known"),
            models.UniqueConstraint(fields=["alliance", "application", "file"], name="application_evidence_file_once"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.kind}"


class ApplicationLetter(TenantModel):
    """A letter to an applicant, as it was written; the private link is added when it is mailed and never stored."""

    application = TenantForeignKey(Application, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(_("letter"), max_length=12, choices=LetterKind.choices)
    key = models.CharField(max_length=60)
    """The occasion; one letter for each."""
    subject = models.CharField(_("subject"), max_length=300)
    body = models.TextField(_("text"))
    has_link = models.BooleanField(default=True)
    """Whether the private link goes with it."""
    created_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ApplicationLetter"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "application", "key"], name="application_letter_once"),
            models.CheckConstraint(condition=Q(kind__in=LetterKind.values), name="application_letter_kind_known"),
        ]
        indexes = [
            models.Index(
                fields=["alliance", "created_at"], condition=Q(mailed_at__isnull=True), name="application_letter_unmailed"
            )
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.kind}"
