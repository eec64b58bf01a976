"""Lets demonstration accounts act for institutions of the demonstration."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from alliance.actions.audit import record_audit
from members.models import Institution, InstitutionStaff

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.kernel.demo import Account
    from alliance.models import Alliance, User


def give_staff_role(alliance: Alliance, user: User, account: Account, *, at: datetime) -> bool:
    """Give a demonstration account its role in an institution, unless it is held.

    Args:
        alliance: A demonstration alliance.
        user: The account's user.
        account: Names the institution by code, or the kind of which the first active one is taken.
        at: Now.

    Returns:
        Whether the institution exists.
    """
    if InstitutionStaff.objects.of(alliance).filter(user=user).exists():
        return True
    institutions = Institution.objects.of(alliance).active().order_by("sort_key", "id")
    if account.institution:
        institution = institutions.filter(code=account.institution).first()
    else:
        institution = institutions.filter(kind=account.kind).first()
    if institution is None:
        return False
    staff = InstitutionStaff.objects.create(
        alliance=alliance, institution=institution, user=user, role=account.staff_role, starts_at=at - timedelta(days=400)
    )
    record_audit(staff, actor=None, verb="give_staff_role", after={"user": user.uuid, "role": account.staff_role}, at=at)
    return True
