"""Institutions, what they supply and who acts for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from members.choices import Element, InstitutionKind, InstitutionState, RegistryScheme, Scale, StaffRole, SubKind

if TYPE_CHECKING:
    from datetime import date, datetime
    from typing import Self


class InstitutionQuerySet(TenantQuerySet["Institution"]):
    """Institutions of an alliance."""

    def active(self) -> Self:
        """Members in good standing."""
        return self.filter(state=InstitutionState.ACTIVE)


class Institution(TenantModel):
    """A member institution, one row in each alliance it belongs to.

    The same real institution in two alliances is two rows, joined by its registry identifier (blueprint section 3).
    """

    code = models.SlugField(_("code"), max_length=40, db_index=False)
    kind = models.CharField(_("kind"), max_length=24, choices=InstitutionKind.choices)
    subkind = models.CharField(_("finer kind"), max_length=16, choices=SubKind.choices, blank=True, default="")
    name_en = models.CharField(_("name in English"), max_length=300, blank=True, default="")
    name_zh = models.CharField(_("name in Chinese"), max_length=300, blank=True, default="")
    short_en = models.CharField(_("short name in English"), max_length=80, blank=True, default="")
    short_zh = models.CharField(_("short name in Chinese"), max_length=80, blank=True, default="")
    state = models.CharField(_("state"), max_length=16, choices=InstitutionState.choices, default=InstitutionState.ACTIVE)
    country_code = models.CharField(_("country"), max_length=2, default="CN")
    region_code = models.CharField(_("region (GB/T 2260)"), max_length=6, blank=True, default="")
    registry_scheme = models.CharField(
        _("register"), max_length=8, choices=RegistryScheme.choices, default=RegistryScheme.NONE
    )
    registry_code = models.CharField(_("registry code"), max_length=40, blank=True, default="")
    web = models.URLField(_("web site"), blank=True, default="")
    contact_email = models.EmailField(_("contact e-mail"), blank=True, default="")
    joined_on = models.DateField(_("member since"), null=True, blank=True)
    source = models.CharField(_("source of the entry"), max_length=120, blank=True, default="")
    merged_into = TenantForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged_entries")
    """The entry that stays, when this one turned out to be a duplicate of it."""
    name_key = models.CharField(max_length=300, editable=False)
    """The name folded for comparison: see ``members.selectors.names.fold_name``."""
    sort_key = models.CharField(max_length=300, editable=False)
    """Latin letters or pinyin, lower case; the database has no Chinese collation."""
    sort_key_zh = models.CharField(max_length=300, editable=False, default="")
    """The same by the Chinese name where there is one: the order of lists read in Chinese."""
    created_at = models.DateTimeField(auto_now_add=True)

    objects = InstitutionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="institution_code_once"),
            models.UniqueConstraint(
                fields=["alliance", "registry_scheme", "registry_code"],
                condition=~Q(registry_code=""),
                name="institution_registry_code_once",
            ),
            models.UniqueConstraint(
                fields=["alliance", "name_key", "country_code", "region_code"], name="institution_name_once_per_place"
            ),
            models.CheckConstraint(condition=Q(kind__in=InstitutionKind.values), name="institution_kind_known"),
            models.CheckConstraint(condition=Q(subkind__in=SubKind.values), name="institution_subkind_known"),
            models.CheckConstraint(condition=Q(state__in=InstitutionState.values), name="institution_state_known"),
            models.CheckConstraint(
                condition=Q(state=InstitutionState.MERGED, merged_into__isnull=False)
                | (~Q(state=InstitutionState.MERGED) & Q(merged_into__isnull=True)),
                name="institution_merged_into_matches_state",
            ),
            models.CheckConstraint(
                condition=Q(registry_scheme__in=RegistryScheme.values), name="institution_registry_scheme_known"
            ),
            models.CheckConstraint(condition=~Q(name_en="") | ~Q(name_zh=""), name="institution_has_a_name"),
        ]
        indexes = [
            models.Index(fields=["alliance", "sort_key", "id"], name="institution_by_name"),
            models.Index(fields=["alliance", "sort_key_zh", "id"], name="institution_by_chinese_name"),
            models.Index(fields=["alliance", "-created_at", "-id"], name="institution_newest"),
            models.Index(fields=["alliance", "kind", "sort_key", "id"], name="institution_by_kind"),
            models.Index(fields=["alliance", "region_code", "sort_key", "id"], name="institution_by_region"),
        ]

    def __str__(self) -> str:
        return self.name_en or self.name_zh

    @property
    def name(self) -> str:
        """Name in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.name_zh or self.name_en
        return self.name_en or self.name_zh

    @property
    def short_name(self) -> str:
        """Short name in the active language, else the name."""
        chinese = (get_language() or "").startswith("zh")
        return (self.short_zh if chinese else self.short_en) or self.name


class InstitutionCounter(TenantModel):
    """The last number given to an institution's code; locked while codes are given, so that no two are equal."""

    last_number = models.PositiveIntegerField(default=0)

    objects = TenantQuerySet["InstitutionCounter"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance"], name="institution_counter_once")]

    def __str__(self) -> str:
        return str(self.last_number)


class ElementSupplyQuerySet(TenantQuerySet["ElementSupply"]):
    """Elements supplied."""

    def valid_on(self, day: date) -> Self:
        """Supplies valid on a day, both ends included."""
        return self.filter(Q(valid_from__lte=day) & (Q(valid_to__isnull=True) | Q(valid_to__gte=day)))


class ElementSupply(TenantModel):
    """What an institution brings: an element, its scale, its strength with the evidence for it, and until when."""

    institution = TenantForeignKey(Institution, on_delete=models.CASCADE, related_name="supplies")
    element = models.CharField(_("element"), max_length=28, choices=Element.choices)
    scale = models.CharField(_("scale"), max_length=8, choices=Scale.choices)
    strength = models.DecimalField(_("strength"), max_digits=3, decimal_places=2, null=True, blank=True)
    """0 to 1; empty while nobody has assessed it."""
    evidence_en = models.CharField(_("evidence in English"), max_length=300, blank=True, default="")
    evidence_zh = models.CharField(_("evidence in Chinese"), max_length=300, blank=True, default="")
    evidence_file = TenantForeignKey(
        "alliance.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)

    objects = ElementSupplyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "institution", "element", "valid_from"], name="element_supply_once"),
            models.CheckConstraint(condition=Q(element__in=Element.values), name="element_supply_element_known"),
            models.CheckConstraint(condition=Q(scale__in=Scale.values), name="element_supply_scale_known"),
            models.CheckConstraint(condition=Q(strength__gte=0, strength__lte=1), name="element_supply_strength_0_to_1"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="element_supply_period_forward",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "element", "institution"], name="element_supply_by_element"),
            models.Index(fields=["alliance", "valid_to"], condition=Q(valid_to__isnull=False), name="element_supply_ending"),
        ]

    def __str__(self) -> str:
        return f"{self.institution_id} {self.element}"


class InstitutionStaffQuerySet(TenantQuerySet["InstitutionStaff"]):
    """People of institutions."""

    def at(self, moment: datetime) -> Self:
        """Roles held at a moment."""
        return self.filter(Q(starts_at__lte=moment) & (Q(ends_at__isnull=True) | Q(ends_at__gt=moment)))


class InstitutionStaff(TenantModel):
    """One person's role in an institution for a period."""

    institution = TenantForeignKey(Institution, on_delete=models.CASCADE, related_name="staff")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(_("role"), max_length=16, choices=StaffRole.choices)
    deputy = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """Who takes over this person's open tasks on leaving."""
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = InstitutionStaffQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=StaffRole.values), name="institution_staff_role_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")),
                name="institution_staff_period_forward",
            ),
        ]
        indexes = [models.Index(fields=["alliance", "user"], name="institution_staff_user")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.institution_id}"
