"""Popular-science pieces for the public."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self


class ArticleQuerySet(TenantQuerySet["Article"]):
    """Articles."""

    def public(self, at: datetime) -> Self:
        """Pieces whose moment of publication has come."""
        return self.filter(published_at__lte=at)


class Article(TenantModel):
    """A piece in one or both languages; the text is Markdown, shown through the safe renderer."""

    slug = models.SlugField(_("address"), max_length=80)
    kicker_en = models.CharField(max_length=40, blank=True, default="")
    kicker_zh = models.CharField(max_length=40, blank=True, default="")
    title_en = models.CharField(_("title in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, default="")
    standfirst_en = models.TextField(blank=True, default="")
    standfirst_zh = models.TextField(blank=True, default="")
    body_en = models.TextField(blank=True, default="")
    body_zh = models.TextField(blank=True, default="")
    byline_en = models.CharField(max_length=200, blank=True, default="")
    byline_zh = models.CharField(max_length=200, blank=True, default="")
    in_short_en = ArrayField(
        models.CharField(max_length=300), verbose_name=_("in short, in English"), default=list, blank=True
    )
    in_short_zh = ArrayField(
        models.CharField(max_length=300), verbose_name=_("in short, in Chinese"), default=list, blank=True
    )
    product = TenantForeignKey(
        "operations.Product", null=True, blank=True, on_delete=models.SET_NULL, related_name="articles"
    )
    published_at = models.DateTimeField(null=True, blank=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "slug"], name="article_slug_once"),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="article_has_a_title"),
        ]
        indexes = [models.Index(fields=["alliance", "-published_at", "-id"], name="article_newest")]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.title_zh or self.title_en
        return self.title_en or self.title_zh
