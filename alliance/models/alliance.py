"""The tenant itself."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceLevel


class Alliance(models.Model):
    """An industrial think tank alliance: the tenant that every business row belongs to.

    Source: Zheng2018, section 3; levels as in blueprint section 3.
    """

    slug = models.SlugField(_("address"), max_length=40, unique=True)
    host = models.CharField(_("host name"), max_length=253, blank=True, default="")
    name_en = models.CharField(_("name in English"), max_length=160)
    name_zh = models.CharField(_("name in Chinese"), max_length=160)
    standfirst_en = models.TextField(_("introduction in English"), blank=True, default="")
    standfirst_zh = models.TextField(_("introduction in Chinese"), blank=True, default="")
    level = models.CharField(_("level"), max_length=16, choices=AllianceLevel.choices)
    parent = models.ForeignKey(
        "self", verbose_name=_("parent alliance"), null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    industry_code = models.CharField(_("industry (GB/T 4754)"), max_length=8, blank=True, default="")
    region_code = models.CharField(_("region (GB/T 2260)"), max_length=6, blank=True, default="")
    seal_character = models.CharField(_("seal character"), max_length=2, default="智")
    primary_colour = models.CharField(
        _("primary colour"), max_length=7, blank=True, default="", validators=[RegexValidator(r"^#[0-9A-Fa-f]{6}$")]
    )
    contact_email = models.EmailField(_("contact e-mail"), blank=True, default="")
    is_demonstration = models.BooleanField(_("demonstration"), default=False)
    content_version = models.BigIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(level__in=AllianceLevel.values), name="alliance_level_known"),
            models.UniqueConstraint(fields=["host"], condition=~Q(host=""), name="alliance_host_once"),
            models.CheckConstraint(
                condition=Q(level=AllianceLevel.NATIONAL, parent__isnull=True) | ~Q(level=AllianceLevel.NATIONAL),
                name="alliance_national_has_no_parent",
            ),
        ]

    def __str__(self) -> str:
        return self.name_en

    @property
    def name(self) -> str:
        """Name in the active language."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en

    @property
    def standfirst(self) -> str:
        """Introduction in the active language."""
        return self.standfirst_zh if (get_language() or "").startswith("zh") else self.standfirst_en
