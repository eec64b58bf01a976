"""Pieces: what the media group makes of a product for named audiences and channels."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from operations.choices import (
    ContributionRole,
    PieceAudience,
    PieceChannel,
    PieceKind,
    PieceState,
    ReviewVerdict,
)

CONTENT_ROLES: Final = frozenset({ContributionRole.AUTHOR, ContributionRole.METHOD, ContributionRole.DATA})
"""Parts in a product whose institutions answer for its content, and may therefore check what is told of it."""


class Piece(TenantModel):
    """A text for one audience and one channel, made from one version of a product.

    The authors check it for correctness before the product goes into a pilot (Zheng2018, section 4.3: the media group
    transforms, the wisdom group answers for the content). It is public once it is published and its product released.
    """

    code = models.SlugField(_("code"), max_length=40)
    product = TenantForeignKey("operations.Product", on_delete=models.CASCADE, related_name="pieces")
    version = TenantForeignKey("operations.ProductVersion", on_delete=models.PROTECT, related_name="pieces")
    kind = models.CharField(_("kind"), max_length=14, choices=PieceKind.choices)
    audience = models.CharField(_("for whom"), max_length=10, choices=PieceAudience.choices)
    audience_words = models.CharField(_("for whom exactly"), max_length=200, blank=True, default="")
    channel = models.CharField(_("channel"), max_length=16, choices=PieceChannel.choices)
    title_en = models.CharField(_("title in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, default="")
    body_en = models.TextField(_("text in English"), blank=True, default="")
    body_zh = models.TextField(_("text in Chinese"), blank=True, default="")
    link = models.URLField(_("where it went out"), max_length=500, blank=True, default="")
    state = models.CharField(_("state"), max_length=10, choices=PieceState.choices, default=PieceState.DRAFT)
    maker = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="pieces")
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    state_since = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["Piece"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="piece_code_once"),
            models.CheckConstraint(condition=Q(kind__in=PieceKind.values), name="piece_kind_known"),
            models.CheckConstraint(condition=Q(audience__in=PieceAudience.values), name="piece_audience_known"),
            models.CheckConstraint(condition=Q(channel__in=PieceChannel.values), name="piece_channel_known"),
            models.CheckConstraint(condition=Q(state__in=PieceState.values), name="piece_state_known"),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="piece_has_a_title"),
            models.CheckConstraint(
                condition=~Q(state=PieceState.PUBLISHED) | Q(published_at__isnull=False), name="piece_published_at_known"
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "product", "-created_at", "-id"], name="piece_of_product"),
            models.Index(fields=["alliance", "state", "-created_at", "-id"], name="piece_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.title_zh or self.title_en
        return self.title_en or self.title_zh

    @property
    def checking_institution_ids(self) -> frozenset[int]:
        """Institutions that answer for the content: the product's author, and those that confirmed a part in it.

        Never the maker itself: nobody finds the own piece correct. Uses prefetched ``product__contributions`` where a list
        has them.
        """
        contributing = {
            row.institution_id
            for row in self.product.contributions.all()
            if row.role in CONTENT_ROLES and row.confirmed_at is not None
        }
        return frozenset({self.product.author_id, *contributing} - {self.maker_id})

    @property
    def is_outdated(self) -> bool:
        """Whether its product has gone on to a later version than the one it rests on."""
        return bool(self.version.number < self.product.version)


class PieceCheck(TenantModel):
    """The authors' word on a piece: correct, or what is wrong."""

    piece = TenantForeignKey(Piece, on_delete=models.CASCADE, related_name="checks")
    revision = models.PositiveIntegerField()
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="+")
    checker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(_("verdict"), max_length=8, choices=ReviewVerdict.choices)
    comment = models.TextField(_("reasons"), blank=True, default="")
    at = models.DateTimeField()

    objects = TenantQuerySet["PieceCheck"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=ReviewVerdict.values), name="piece_check_verdict_known"),
        ]
        indexes = [models.Index(fields=["alliance", "piece", "-at"], name="piece_check_of")]

    def __str__(self) -> str:
        return f"{self.piece_id} {self.verdict}"
