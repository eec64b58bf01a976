"""Gives and ends roles in the alliance itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.choices import AllianceRole
from alliance.kernel.errors import DomainError, InvalidInputError, SeparationOfDutiesError
from alliance.kernel.invitations import acceptors
from alliance.kernel.permissions import SECRETARIAT, InAlliance, declare, forget_grants, require
from alliance.kernel.registry import Registry
from alliance.kernel.texts import Text, texts
from alliance.models import Alliance, RoleAssignment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.kernel.invitations import GrantOffer
    from alliance.models import User

MANAGE_PEOPLE = "alliance.manage_people"
VIEW_PEOPLE = declare(
    "alliance.view_people",
    gettext_lazy("see who acts in this alliance"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
)

position_enders: Registry[Callable[..., Any]] = Registry("way to end a position")
"""By the scope of a position (see ``alliance.selectors.people``): ``end(alliance, id, actor=, at=)``."""

#: Roles that one person may not hold together (MLPS level 3: who runs, secures and audits are three).
INCOMPATIBLE: dict[str, frozenset[str]] = {
    AllianceRole.AUDITOR: frozenset({AllianceRole.OFFICE_ADMIN, AllianceRole.SECRETARIAT}),
    AllianceRole.OFFICE_ADMIN: frozenset({AllianceRole.AUDITOR}),
    AllianceRole.SECRETARIAT: frozenset({AllianceRole.AUDITOR}),
}

ROLE_GIVEN = "alliance.role_given"
texts.register(
    ROLE_GIVEN,
    Text(
        title=gettext_lazy("You now hold a role in the alliance: %(role)s"),
        body=gettext_lazy("If you did not expect this, tell the secretariat."),
        icon="user-check",
    ),
)


@transaction.atomic
def give_role(
    alliance: Alliance,
    user: User,
    role: str,
    *,
    actor: User,
    at: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> RoleAssignment:
    """Give a person a role in the alliance for a period.

    Args:
        alliance: The tenant.
        user: Who gets the role.
        role: One of AllianceRole.
        actor: Who gives it; needs ``alliance.manage_people``; never the same person.
        at: Now.
        starts_at: Start of the period; now when None.
        ends_at: End, not included; open when None.

    Raises:
        PermissionRefusedError: The actor does not manage people.
        SeparationOfDutiesError: The actor is the same person, or the role may not be held together with another one.
        InvalidInputError: Unknown role, period that ends before it starts, closed account, or role held already.
    """
    require(actor, MANAGE_PEOPLE, alliance)
    if actor.pk == user.pk:
        raise SeparationOfDutiesError(
            _("Nobody gives a role to themselves."),
            code="own_role",
            who=[_("another office administrator")],
        )
    return assign_role(alliance, user, role, actor=actor, at=at, starts_at=starts_at, ends_at=ends_at)


@transaction.atomic
def assign_role(
    alliance: Alliance,
    user: User,
    role: str,
    *,
    actor: User,
    at: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> RoleAssignment:
    """The rules and the writing of :func:`give_role`, for callers that asked permission themselves (invitations)."""
    if role not in AllianceRole.values:
        raise InvalidInputError(_("There is no such role."), code="role_unknown")
    start = starts_at or at
    if ends_at is not None and ends_at <= start:
        raise InvalidInputError(
            _("The last day is before the first."),
            code="period_backwards",
            fields={"ends_at": _("Give a day after the first day of the role, or leave it empty.")},
        )
    if not user.is_active:
        raise InvalidInputError(_("This account is closed. Give the role to another account."), code="account_closed")
    if user.is_demonstration and not alliance.is_demonstration:
        raise InvalidInputError(
            _("A demonstration account holds roles in demonstration alliances only."), code="demonstration_apart"
        )
    lock_roles(alliance)
    overlapping = (
        RoleAssignment.objects.of(alliance).filter(user=user).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=start))
    )
    if ends_at is not None:
        overlapping = overlapping.filter(starts_at__lt=ends_at)
    held = set(overlapping.values_list("role", flat=True))
    if role in held:
        raise InvalidInputError(_("This person holds the role in that time already."), code="role_held")
    if against := held & INCOMPATIBLE.get(role, frozenset()):
        labels = {"role": AllianceRole(role).label, "held": AllianceRole(sorted(against)[0]).label}
        raise SeparationOfDutiesError(
            _("One person may not be %(role)s and %(held)s at the same time.") % labels,
            code="roles_incompatible",
            remedy=_("Give one of the two roles to another person, or end the first one before."),
        )
    assignment = RoleAssignment.objects.create(alliance=alliance, user=user, role=role, starts_at=start, ends_at=ends_at)
    forget_grants(user)
    record_audit(
        assignment,
        actor=actor,
        verb="give_role",
        after={"user": user.uuid, "role": role, "starts_at": start, "ends_at": ends_at},
        at=at,
    )
    _tell(alliance, assignment, at=at)
    return assignment


@transaction.atomic
def end_role(alliance: Alliance, assignment_id: int, *, actor: User, at: datetime) -> RoleAssignment:
    """End a role now (or take back one that has not begun).

    Rights follow at once. The last office administrator stays, because nobody else could appoint another.

    Raises:
        RoleAssignment.DoesNotExist: No such role here.
        PermissionRefusedError: The actor does not manage people.
        DomainError: The role is over already, or is the last office administrator's.
    """
    lock_roles(alliance)
    assignment = (
        RoleAssignment.objects.of(alliance).select_for_update(of=("self",)).select_related("user").get(pk=assignment_id)
    )
    require(actor, MANAGE_PEOPLE, assignment)
    if assignment.ends_at is not None and assignment.ends_at <= at:
        raise DomainError(_("This role has ended already."), code="role_over")
    if assignment.role == AllianceRole.OFFICE_ADMIN and not has_other_administrator(alliance, assignment, at=at):
        raise DomainError(
            _("This is the last office administrator. Nobody could give roles any more."),
            code="last_office_admin",
            remedy=_("Make another person office administrator first, then end this role."),
            who=[InAlliance(AllianceRole.OFFICE_ADMIN).describe()],
        )
    before = {"starts_at": assignment.starts_at, "ends_at": assignment.ends_at}
    user = assignment.user
    if assignment.starts_at >= at:
        record_audit(
            assignment,
            actor=actor,
            verb="withdraw_role",
            before={"user": user.uuid, "role": assignment.role, **before},
            at=at,
        )
        assignment.delete()
    else:
        assignment.ends_at = at
        assignment.save(update_fields=["ends_at"])
        record_audit(
            assignment,
            actor=actor,
            verb="end_role",
            before={"user": user.uuid, "role": assignment.role, **before},
            after={"ends_at": at},
            at=at,
        )
    forget_grants(user)
    return assignment


def lock_roles(alliance: Alliance) -> None:
    """Let one change of roles in an alliance wait for another, so that the rules see what they check."""
    Alliance.objects.select_for_update(no_key=True).get(pk=alliance.pk)


def has_other_administrator(alliance: Alliance, assignment: RoleAssignment, *, at: datetime) -> bool:
    """Whether an active account other than this one is office administrator now, with no end in sight."""
    return (
        RoleAssignment.objects.of(alliance)
        .at(at)
        .filter(role=AllianceRole.OFFICE_ADMIN, ends_at__isnull=True, user__is_active=True)
        .exclude(user_id=assignment.user_id)
        .exists()
    )


def _tell(alliance: Alliance, assignment: RoleAssignment, *, at: datetime) -> None:
    label = AllianceRole(assignment.role).label
    params = {"role": str(label), "role_code": assignment.role, **_bilingual("role", label)}
    notify(alliance, [assignment.user], ROLE_GIVEN, f"role_given:{assignment.pk}", params=params, at=at)


def _bilingual(name: str, label: StrOrPromise) -> dict[str, str]:
    from django.utils import translation  # noqa: PLC0415 - only here

    found: dict[str, str] = {}
    for suffix, language in (("en", "en"), ("zh", "zh-hans")):
        with translation.override(language):
            found[f"{name}_{suffix}"] = str(label)
    return found


class AllianceRoleAcceptor:
    """Roles in the alliance itself, as an invitation gives them."""

    takes_institution = False

    def roles(self) -> Sequence[tuple[str, StrOrPromise]]:
        """The alliance's roles."""
        return AllianceRole.choices

    def check(self, alliance: Alliance, offer: GrantOffer, *, actor: User, at: datetime) -> GrantOffer:  # noqa: ARG002 - protocol
        """Office administrators may offer any role; a platform operator the first administrator's."""
        role = str(offer.get("role", ""))
        if role not in AllianceRole.values:
            raise InvalidInputError(_("There is no such role."), code="role_unknown")
        require(actor, MANAGE_PEOPLE, alliance)
        return {"scope": "alliance", "role": role}

    def describe(self, alliance: Alliance, offer: GrantOffer) -> str:  # noqa: ARG002 - protocol
        """The role's name."""
        return str(AllianceRole(offer["role"]).label)

    def accept(self, alliance: Alliance, offer: GrantOffer, *, user: User, inviter: User, at: datetime) -> None:
        """Give the role unless it is held."""
        held: Any = RoleAssignment.objects.of(alliance).at(at).filter(user=user, role=offer["role"])
        if not held.exists():
            assign_role(alliance, user, offer["role"], actor=inviter, at=at)


acceptors.register("alliance", AllianceRoleAcceptor())
position_enders.register("alliance", end_role)
