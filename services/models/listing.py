"""Supply and demand listings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey, TenantOneToOneField
from alliance.models import TenantModel, TenantQuerySet
from members.choices import Element
from services.choices import ListingAudience, ListingSide, ListingState, Pricing, ServiceCategory, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from typing import Self

OPEN_LISTINGS = (ListingState.PUBLISHED, ListingState.IN_TALKS)
"""States in which a listing is verified and stands."""


class ListingQuerySet(TenantQuerySet["Listing"]):
    """Listings."""

    def open(self, on: date) -> Self:
        """Verified and not past their last day, whoever may read them."""
        return self.filter(state__in=OPEN_LISTINGS).filter(Q(expires_on__isnull=True) | Q(expires_on__gte=on))

    def public(self, on: date) -> Self:
        """Verified, not past their last day, and open to everybody."""
        return self.filter(state=ListingState.PUBLISHED, audience=ListingAudience.PUBLIC).filter(
            Q(expires_on__isnull=True) | Q(expires_on__gte=on)
        )

    def readable(self, on: date, institutions: Collection[int]) -> Self:
        """What a member that acts for these institutions may read: its own, and open ones addressed to it."""
        own = Q(institution__in=institutions)
        addressed = Q(audience__in=[ListingAudience.PUBLIC, ListingAudience.MEMBERS]) | Q(
            pk__in=ListingParty.objects.filter(institution__in=institutions).values("listing")
        )
        unexpired = Q(expires_on__isnull=True) | Q(expires_on__gte=on)
        return self.filter(own | (Q(state__in=OPEN_LISTINGS) & unexpired & addressed))


class Listing(TenantModel):
    """What somebody needs or offers. Listings taken from an outside source name it and have no institution.

    The address (``code``) stays through every revision and renewal. Its texts change only while it is a draft or was sent back;
    to change a published one it is taken back to a draft, and is verified again.
    """

    code = models.CharField(_("code"), max_length=60)
    side = models.CharField(_("side"), max_length=8, choices=ListingSide.choices)
    institution = TenantForeignKey(
        "members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="listings"
    )
    state = models.CharField(_("state"), max_length=12, choices=ListingState.choices, default=ListingState.DRAFT)
    revision = models.PositiveSmallIntegerField(_("revision"), default=1)
    """Rises each time it is sent in; the verifications belong to one revision."""
    category = models.CharField(_("category"), max_length=24, choices=ServiceCategory.choices)
    elements = ArrayField(models.CharField(max_length=28, choices=Element.choices), default=list, blank=True)
    industry_code = models.CharField(_("industry (GB/T 4754)"), max_length=6, blank=True, default="")
    disciplines = ArrayField(
        models.CharField(max_length=3), verbose_name=_("disciplines (GB/T 13745)"), default=list, blank=True
    )
    labels = ArrayField(models.CharField(max_length=160), verbose_name=_("key words"), default=list, blank=True)
    region_code = models.CharField(_("region"), max_length=6, blank=True, default="")
    title_en = models.CharField(_("title in English"), max_length=300, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=300, blank=True, default="")
    body_en = models.TextField(_("text in English"), blank=True, default="")
    body_zh = models.TextField(_("text in Chinese"), blank=True, default="")
    pricing = models.CharField(_("price"), max_length=10, choices=Pricing.choices, default=Pricing.TO_AGREE)
    money_min = models.DecimalField(_("from"), max_digits=14, decimal_places=2, null=True, blank=True)
    money_max = models.DecimalField(_("up to"), max_digits=14, decimal_places=2, null=True, blank=True)
    """In yuan renminbi."""
    starts_on = models.DateField(_("can begin on"), null=True, blank=True)
    ends_on = models.DateField(_("done by"), null=True, blank=True)
    duration_weeks = models.PositiveSmallIntegerField(_("weeks it takes"), null=True, blank=True)
    audience = models.CharField(
        _("who may read it"), max_length=8, choices=ListingAudience.choices, default=ListingAudience.PUBLIC
    )
    source = models.CharField(_("source"), max_length=200, blank=True, default="")
    submitted_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    expires_on = models.DateField(_("open until"), null=True, blank=True)
    renewals = models.PositiveSmallIntegerField(default=0)
    """Renewals since the text was last verified."""
    edition = models.PositiveIntegerField(default=1)
    """Rises with every saved change of the text, so that two who edit at once do not overwrite each other."""
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(null=True, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    is_veiled = False
    """Set on a row whose text was taken out, because it is shown to somebody who may not read it."""

    objects = ListingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="listing_code_once"),
            models.CheckConstraint(condition=Q(side__in=ListingSide.values), name="listing_side_known"),
            models.CheckConstraint(condition=Q(state__in=ListingState.values), name="listing_state_known"),
            models.CheckConstraint(condition=Q(category__in=ServiceCategory.values), name="listing_category_known"),
            models.CheckConstraint(condition=Q(audience__in=ListingAudience.values), name="listing_audience_known"),
            models.CheckConstraint(condition=Q(pricing__in=Pricing.values), name="listing_pricing_known"),
            models.CheckConstraint(condition=Q(elements__contained_by=list(Element.values)), name="listing_elements_known"),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="listing_has_a_title"),
            models.CheckConstraint(
                condition=Q(money_min__isnull=True) | Q(money_min__gte=0), name="listing_money_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(money_min__isnull=True) | Q(money_max__isnull=True) | Q(money_max__gte=F("money_min")),
                name="listing_money_rises",
            ),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="listing_ends_after_start",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "side", "-published_at", "-id"], name="listing_newest"),
            models.Index(fields=["alliance", "state", "-id"], name="listing_in_state"),
            models.Index(fields=["alliance", "institution", "-id"], name="listing_of_institution"),
            models.Index(
                fields=["alliance", "expires_on"],
                condition=Q(state__in=["published", "in_talks"]),
                name="listing_to_expire",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    def is_open(self, on: date) -> bool:
        """Whether it can be answered on a day; as ``ListingQuerySet.open``."""
        return self.state in OPEN_LISTINGS and (self.expires_on is None or self.expires_on >= on)

    @property
    def matter(self) -> str:
        """Its name in conflicts of interest."""
        return f"listing:{self.code}"

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.title_zh or self.title_en
        return self.title_en or self.title_zh

    @property
    def body(self) -> str:
        """Text in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.body_zh or self.body_en
        return self.body_en or self.body_zh


class ListingParty(TenantModel):
    """An institution that may read a listing addressed to named ones only."""

    listing = TenantForeignKey(Listing, on_delete=models.CASCADE, related_name="parties")
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="+")

    objects = TenantQuerySet["ListingParty"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "listing", "institution"], name="listing_party_once")]
        indexes = [models.Index(fields=["alliance", "institution"], name="listing_party_of")]

    def __str__(self) -> str:
        return f"{self.listing_id} {self.institution_id}"


class ListingCheck(TenantModel):
    """What one of the two who verify a listing said; never changed.

    ``institution`` is the one the person acts for; nobody of the office has one, so that the office counts as one unit.
    """

    listing = TenantForeignKey(Listing, on_delete=models.CASCADE, related_name="checks")
    revision = models.PositiveSmallIntegerField()
    step = models.PositiveSmallIntegerField()
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    points: Any = models.JSONField(default=list)
    """Rows ``{"field": name of a field of the form or "", "words"}`` of what is to be done before it comes back."""
    institution = TenantForeignKey("members.Institution", null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = TenantQuerySet["ListingCheck"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(step__in=[1, 2]), name="listing_check_step_known"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="listing_check_verdict_known"),
            models.UniqueConstraint(fields=["alliance", "listing", "revision", "step"], name="listing_check_step_once"),
            models.UniqueConstraint(
                fields=["alliance", "listing", "revision", "by"],
                condition=Q(verdict="passed"),
                name="listing_check_two_people",
            ),
            models.UniqueConstraint(
                fields=["alliance", "listing", "revision", "institution"],
                condition=Q(verdict="passed"),
                nulls_distinct=False,
                name="listing_check_two_institutions",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.listing_id} {self.revision}.{self.step} {self.verdict}"


class ListingFile(TenantModel):
    """A file that belongs to a listing; read by those who may read the listing."""

    listing = TenantForeignKey(Listing, on_delete=models.CASCADE, related_name="files")
    file = TenantOneToOneField("alliance.StoredFile", on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    objects = TenantQuerySet["ListingFile"].as_manager()

    def __str__(self) -> str:
        return f"{self.listing_id} {self.file_id}"
