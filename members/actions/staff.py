"""Who acts for an institution: managed by its representative, or by the office (I2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alliance.actions.audit import record_audit
from alliance.actions.roles import position_enders
from alliance.choices import AllianceRole
from alliance.kernel.errors import DomainError, InvalidInputError, SeparationOfDutiesError
from alliance.kernel.invitations import acceptors
from alliance.kernel.permissions import InAlliance, InInstitution, declare, forget_grants, require
from alliance.selectors.people import InstitutionLabel, Position, institution_directories, position_sources
from members.choices import StaffRole
from members.models import Institution, InstitutionStaff

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.kernel.invitations import GrantOffer
    from alliance.models import Alliance, User

MANAGE_STAFF = declare(
    "members.manage_staff",
    gettext_lazy("manage who acts for this institution"),
    InInstitution("pk", frozenset({StaffRole.REPRESENTATIVE}), gettext_lazy("representative of the institution")),
    InAlliance(AllianceRole.OFFICE_ADMIN),
)


@transaction.atomic
def add_staff(
    alliance: Alliance,
    code: str,
    user: User,
    role: str,
    *,
    actor: User,
    at: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> InstitutionStaff:
    """Let a person act for an institution for a period.

    Args:
        alliance: The tenant.
        code: The institution's code.
        user: Who will act.
        role: One of StaffRole.
        actor: Who decides; needs ``members.manage_staff``; never the same person.
        at: Now.
        starts_at: Start; now when None.
        ends_at: End, not included; open when None.

    Raises:
        Institution.DoesNotExist: No such institution here.
        PermissionRefusedError: The actor neither represents the institution nor runs the office.
        SeparationOfDutiesError: The actor is the same person.
        InvalidInputError: Unknown role, backward period, closed account, or role held already.
    """
    institution = Institution.objects.of(alliance).select_for_update(no_key=True).get(code=code)
    require(actor, MANAGE_STAFF, institution)
    if actor.pk == user.pk:
        raise SeparationOfDutiesError(
            _("Nobody gives a role to themselves."),
            code="own_role",
            who=[_("another representative of the institution"), _("office administrator")],
        )
    return _assign(alliance, institution, user, role, actor=actor, at=at, starts_at=starts_at, ends_at=ends_at)


def _assign(
    alliance: Alliance,
    institution: Institution,
    user: User,
    role: str,
    *,
    actor: User,
    at: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> InstitutionStaff:
    if role not in StaffRole.values:
        raise InvalidInputError(_("There is no such role."), code="role_unknown")
    start = starts_at or at
    if ends_at is not None and ends_at <= start:
        raise InvalidInputError(_("The last day is before the first."), code="period_backwards")
    if not user.is_active:
        raise InvalidInputError(_("This account is closed. Give the role to another account."), code="account_closed")
    if user.is_demonstration and not alliance.is_demonstration:
        raise InvalidInputError(
            _("A demonstration account holds roles in demonstration alliances only."), code="demonstration_apart"
        )
    overlapping = (
        InstitutionStaff.objects.of(alliance)
        .filter(institution=institution, user=user, role=role)
        .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=start))
    )
    if ends_at is not None:
        overlapping = overlapping.filter(starts_at__lt=ends_at)
    if overlapping.exists():
        raise InvalidInputError(_("This person holds the role in that time already."), code="role_held")
    staff = InstitutionStaff.objects.create(
        alliance=alliance, institution=institution, user=user, role=role, starts_at=start, ends_at=ends_at
    )
    forget_grants(user)
    record_audit(
        staff,
        actor=actor,
        verb="add_staff",
        after={
            "user": user.uuid,
            "institution": institution.code,
            "role": role,
            "starts_at": start,
            "ends_at": ends_at,
        },
        at=at,
    )
    return staff


@transaction.atomic
def end_staff(alliance: Alliance, staff_id: int, *, actor: User, at: datetime) -> InstitutionStaff:
    """End a person's role in an institution now; rights follow in the same minute.

    Raises:
        InstitutionStaff.DoesNotExist: No such role here.
        PermissionRefusedError: The actor neither represents the institution nor runs the office.
        DomainError: The role is over already.
    """
    staff = (
        InstitutionStaff.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("institution", "user")
        .get(pk=staff_id)
    )
    require(actor, MANAGE_STAFF, staff.institution)
    if staff.ends_at is not None and staff.ends_at <= at:
        raise DomainError(_("This role has ended already."), code="role_over")
    before = {
        "user": staff.user.uuid,
        "institution": staff.institution.code,
        "role": staff.role,
        "starts_at": staff.starts_at,
        "ends_at": staff.ends_at,
    }
    if staff.starts_at >= at:
        record_audit(staff, actor=actor, verb="withdraw_staff", before=before, at=at)
        staff.delete()
    else:
        staff.ends_at = at
        staff.save(update_fields=["ends_at"])
        record_audit(staff, actor=actor, verb="end_staff", before=before, after={"ends_at": at}, at=at)
    forget_grants(staff.user)
    return staff


class StaffAcceptor:
    """Roles in an institution, as an invitation gives them."""

    takes_institution = True

    def roles(self) -> Sequence[tuple[str, StrOrPromise]]:
        """The roles in institutions."""
        return StaffRole.choices

    def check(self, alliance: Alliance, offer: GrantOffer, *, actor: User, at: datetime) -> GrantOffer:  # noqa: ARG002 - protocol
        """The institution's representative and the office may offer them."""
        role, code = str(offer.get("role", "")), str(offer.get("institution", ""))
        if role not in StaffRole.values:
            raise InvalidInputError(_("There is no such role."), code="role_unknown")
        institution = Institution.objects.of(alliance).filter(code=code).first()
        if institution is None:
            words = _("No institution of this alliance has this code.")
            raise InvalidInputError(words, code="institution_unknown", fields={"institution": words})
        require(actor, MANAGE_STAFF, institution)
        return {"scope": "institution", "role": role, "institution": institution.code}

    def describe(self, alliance: Alliance, offer: GrantOffer) -> str:
        """Role and institution."""
        institution = Institution.objects.of(alliance).filter(code=offer["institution"]).first()
        values = {"role": StaffRole(offer["role"]).label, "institution": institution.name if institution else ""}
        return _("%(role)s, %(institution)s") % values

    def accept(self, alliance: Alliance, offer: GrantOffer, *, user: User, inviter: User, at: datetime) -> None:
        """Give the role unless it is held."""
        institution = (
            Institution.objects.of(alliance).select_for_update(no_key=True).filter(code=offer["institution"]).first()
        )
        if institution is None:
            raise DomainError(_("The institution is no longer in this alliance."), code="institution_gone")
        held = InstitutionStaff.objects.of(alliance).at(at).filter(institution=institution, user=user, role=offer["role"])
        if not held.exists():
            _assign(alliance, institution, user, offer["role"], actor=inviter, at=at)


class StaffPositions:
    """Roles in institutions, as the people page shows them."""

    def roles(self) -> Sequence[tuple[str, StrOrPromise]]:
        """The roles in institutions."""
        return StaffRole.choices

    def user_ids(self, alliance: Alliance, at: datetime | None, roles: Collection[str] = ()) -> QuerySet[Any, Any]:
        """Holders."""
        rows = InstitutionStaff.objects.of(alliance)
        if at is not None:
            rows = rows.at(at)
        if roles:
            rows = rows.filter(role__in=roles)
        return rows.values("user_id")

    def positions(self, alliance: Alliance, user_ids: Collection[int]) -> list[Position]:
        """Positions by start."""
        rows = (
            InstitutionStaff.objects.of(alliance)
            .filter(user_id__in=user_ids)
            .select_related("institution")
            .order_by("-starts_at", "-id")
        )
        return [
            Position(
                "institution",
                row.pk,
                row.user_id,
                row.role,
                StaffRole(row.role).label,
                row.institution.name,
                row.starts_at,
                row.ends_at,
            )
            for row in rows
        ]


def label_institutions(alliance: Alliance, ids: Collection[int]) -> list[InstitutionLabel]:
    """Institutions by id, by name; one query."""
    rows = Institution.objects.of(alliance).filter(pk__in=ids).order_by("sort_key", "id")
    return [InstitutionLabel(row.pk, row.code, row.name) for row in rows]


acceptors.register("institution", StaffAcceptor())
position_sources.register("institution", StaffPositions())
position_enders.register("institution", end_staff)
institution_directories.register("members", label_institutions)
