"""The catalogue of services and what clients think of them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey, TenantOneToOneField
from alliance.models import TenantModel, TenantQuerySet
from services.choices import Access, ClientKind, CommentState, RatingState, ServiceCategory

if TYPE_CHECKING:
    from typing import Self


class CatalogueEntryQuerySet(TenantQuerySet["CatalogueEntry"]):
    """Catalogue entries."""

    def public(self) -> Self:
        """Entries open to the public."""
        return self.filter(withdrawn_at__isnull=True)


class CatalogueEntry(TenantModel):
    """A service on offer; made by itself when a product is released."""

    code = models.SlugField(_("code"), max_length=40)
    category = models.CharField(_("category"), max_length=24, choices=ServiceCategory.choices)
    access = models.CharField(_("access"), max_length=10, choices=Access.choices, default=Access.FREE)
    clients = ArrayField(
        models.CharField(max_length=12, choices=ClientKind.choices), verbose_name=_("clients"), default=list
    )
    product = TenantOneToOneField("operations.Product", on_delete=models.PROTECT, related_name="catalogue_entry")
    title_en = models.CharField(_("title in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, default="")
    summary_en = models.TextField(_("summary in English"), blank=True, default="")
    summary_zh = models.TextField(_("summary in Chinese"), blank=True, default="")
    published_at = models.DateTimeField(_("published at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    objects = CatalogueEntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="catalogue_entry_code_once"),
            models.CheckConstraint(condition=Q(category__in=ServiceCategory.values), name="catalogue_entry_category_known"),
            models.CheckConstraint(condition=Q(access__in=Access.values), name="catalogue_entry_access_known"),
            models.CheckConstraint(
                condition=Q(clients__contained_by=list(ClientKind.values)), name="catalogue_entry_clients_known"
            ),
        ]
        indexes = [models.Index(fields=["alliance", "-published_at", "-id"], name="catalogue_entry_newest")]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.title_zh or self.title_en
        return self.title_en or self.title_zh


class RatingQuerySet(TenantQuerySet["Rating"]):
    """Ratings."""

    def counted(self) -> Self:
        """Ratings that count: confirmed by their author."""
        return self.filter(state=RatingState.CONFIRMED)


class Rating(TenantModel):
    """A client's mark for a service, 1 to 5; confirmed through the author's e-mail, of which only a keyed hash is kept."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    entry = TenantForeignKey(CatalogueEntry, on_delete=models.CASCADE, related_name="ratings")
    score = models.PositiveSmallIntegerField(_("mark"))
    client_kind = models.CharField(_("you are"), max_length=12, choices=ClientKind.choices)
    comment = models.TextField(_("comment"), blank=True, default="")
    language = models.CharField(max_length=10, default="en")
    state = models.CharField(_("state"), max_length=12, choices=RatingState.choices, default=RatingState.UNCONFIRMED)
    comment_state = models.CharField(max_length=8, choices=CommentState.choices, default=CommentState.PENDING)
    author_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)

    objects = RatingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(score__gte=1, score__lte=5), name="rating_score_1_to_5"),
            models.CheckConstraint(condition=Q(client_kind__in=ClientKind.values), name="rating_client_kind_known"),
            models.CheckConstraint(condition=Q(state__in=RatingState.values), name="rating_state_known"),
            models.CheckConstraint(condition=Q(comment_state__in=CommentState.values), name="rating_comment_state_known"),
            models.UniqueConstraint(
                fields=["alliance", "entry", "author_hash"],
                condition=Q(state="confirmed"),
                name="rating_counts_once_per_author",
            ),
        ]
        indexes = [models.Index(fields=["alliance", "entry", "-created_at"], name="rating_of_entry")]

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.score}"
