"""Supply and demand listings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from members.choices import Element
from services.choices import ListingSide, ListingState, ServiceCategory

if TYPE_CHECKING:
    from datetime import date
    from typing import Self


class ListingQuerySet(TenantQuerySet["Listing"]):
    """Listings."""

    def public(self, on: date) -> Self:
        """Verified and not past their last day."""
        return self.filter(state=ListingState.PUBLISHED).filter(Q(expires_on__isnull=True) | Q(expires_on__gte=on))


class Listing(TenantModel):
    """What somebody needs or offers. Listings taken from an outside source name it and have no institution."""

    code = models.CharField(_("code"), max_length=60)
    side = models.CharField(_("side"), max_length=8, choices=ListingSide.choices)
    institution = TenantForeignKey(
        "members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="listings"
    )
    state = models.CharField(_("state"), max_length=12, choices=ListingState.choices, default=ListingState.DRAFT)
    category = models.CharField(_("category"), max_length=24, choices=ServiceCategory.choices)
    elements = ArrayField(models.CharField(max_length=28, choices=Element.choices), default=list, blank=True)
    region_code = models.CharField(max_length=6, blank=True, default="")
    title_en = models.CharField(_("title in English"), max_length=300, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=300, blank=True, default="")
    body_en = models.TextField(_("text in English"), blank=True, default="")
    body_zh = models.TextField(_("text in Chinese"), blank=True, default="")
    source = models.CharField(_("source"), max_length=200, blank=True, default="")
    published_at = models.DateTimeField(null=True, blank=True)
    expires_on = models.DateField(_("open until"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ListingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="listing_code_once"),
            models.CheckConstraint(condition=Q(side__in=ListingSide.values), name="listing_side_known"),
            models.CheckConstraint(condition=Q(state__in=ListingState.values), name="listing_state_known"),
            models.CheckConstraint(condition=Q(category__in=ServiceCategory.values), name="listing_category_known"),
            models.CheckConstraint(condition=Q(elements__contained_by=list(Element.values)), name="listing_elements_known"),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="listing_has_a_title"),
        ]
        indexes = [models.Index(fields=["alliance", "side", "-published_at", "-id"], name="listing_newest")]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.title_zh or self.title_en
        return self.title_en or self.title_zh
