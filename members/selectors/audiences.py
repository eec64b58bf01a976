"""Whom inbox items of an institution wait for, and the institutions of the jump box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.urls import reverse

from alliance.kernel.jump import LIMIT, Hit
from alliance.kernel.permissions import can
from alliance.models import User
from members.choices import RIGHTS_ENDED, StaffRole
from members.models import Institution, InstitutionStaff

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, InboxItem


class InstitutionAudience:
    """People of one institution, in one role or any."""

    def people(self, alliance: Alliance, item: InboxItem, at: datetime) -> Iterable[User]:
        """Everybody who acts for the institution in that role now; one query."""
        staff = InstitutionStaff.objects.of(alliance).at(at).filter(institution=item.institution_id or 0)
        if item.role:
            staff = staff.filter(role=item.role)
        return User.objects.filter(pk__in=staff.values("user"), is_active=True)

    def names(self, alliance: Alliance, items: list[InboxItem]) -> dict[int, StrOrPromise]:
        """The institution's short name; one query."""
        institutions = Institution.objects.of(alliance).in_bulk({item.institution_id for item in items})
        return {
            item.pk: institutions[item.institution_id].short_name for item in items if item.institution_id in institutions
        }


def list_representatives(alliance: Alliance, at: datetime) -> Iterable[User]:
    """Representatives of the institutions that have rights in the alliance now; one query."""
    staff = InstitutionStaff.objects.of(alliance).at(at).filter(role=StaffRole.REPRESENTATIVE)
    staff = staff.exclude(institution__state__in=RIGHTS_ENDED)
    return User.objects.filter(pk__in=staff.values("user"), is_active=True)


def find_institutions(alliance: Alliance, user: Any, query: str) -> list[Hit]:
    """Institutions whose code, name or short name fits; for people of the console only; one query."""
    if not can(user, "alliance.view_console", alliance):
        return []
    fitting = (
        Q(code__iexact=query)
        | Q(name_en__icontains=query)
        | Q(name_zh__icontains=query)
        | Q(short_en__icontains=query)
        | Q(short_zh__icontains=query)
        | Q(registry_code__iexact=query)
    )
    found = Institution.objects.of(alliance).filter(fitting).order_by("sort_key", "id")[:LIMIT]
    return [
        Hit(
            institution.name,
            f"{institution.code} · {institution.get_kind_display()}",
            reverse("institution_detail", kwargs={"code": institution.code}),
            is_exact=institution.code.casefold() == query.casefold(),
        )
        for institution in found
    ]
