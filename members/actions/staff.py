"""Who acts for an institution: managed by its representative, or by the office (I2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from allauth.usersessions.models import UserSession
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.actions.roles import position_enders
from alliance.choices import AllianceRole, AudienceScope
from alliance.kernel.errors import DomainError, InvalidInputError, SeparationOfDutiesError
from alliance.kernel.invitations import acceptors
from alliance.kernel.permissions import InAlliance, InInstitution, can, declare, forget_grants, grants_of, require
from alliance.kernel.texts import Text, texts
from alliance.models import InboxItem, User
from alliance.selectors.people import InstitutionLabel, Position, institution_directories, position_sources
from members.choices import StaffRole
from members.models import Institution, InstitutionStaff

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.kernel.invitations import GrantOffer
    from alliance.models import Alliance

MANAGE_STAFF = declare(
    "members.manage_staff",
    gettext_lazy("manage who acts for this institution"),
    InInstitution("pk", frozenset({StaffRole.REPRESENTATIVE}), gettext_lazy("representative of the institution")),
    InAlliance(AllianceRole.OFFICE_ADMIN),
)
RUN_OFFICE = "alliance.manage_people"
TASKS_PASSED = "members.tasks_passed"
texts.register(
    TASKS_PASSED,
    Text(
        title=gettext_lazy("You take over from %(name)s"),
        body=gettext_lazy("Open tasks that passed to you as deputy: %(count)s. You find them in your inbox."),
        icon="forward",
    ),
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
        DomainError: The role is over already, or it is the last representative's and the office does not end it.
    """
    staff = _lock_staff(alliance, staff_id)
    require(actor, MANAGE_STAFF, staff.institution)
    if staff.ends_at is not None and staff.ends_at <= at:
        raise DomainError(_("This role has ended already."), code="role_over")
    _keep_one_representative(alliance, staff, actor=actor, at=at)
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
    settle_leaving(alliance, staff, actor=actor, at=at)
    return staff


def _lock_staff(alliance: Alliance, staff_id: int) -> InstitutionStaff:
    return (
        InstitutionStaff.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("institution", "user", "deputy")
        .get(pk=staff_id)
    )


def _keep_one_representative(alliance: Alliance, staff: InstitutionStaff, *, actor: User, at: datetime) -> None:
    """An institution does not shut itself out: only the office ends the role of its last representative.

    Raises:
        DomainError: It is the last one, and the actor does not run the office.
    """
    if staff.role != StaffRole.REPRESENTATIVE or staff.starts_at > at:
        return
    # Locked, so that two representatives cannot end each other's role at the same time.
    Institution.objects.of(alliance).select_for_update(no_key=True).get(pk=staff.institution_id)
    others = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(institution_id=staff.institution_id, role=StaffRole.REPRESENTATIVE, user__is_active=True)
        .exclude(pk=staff.pk)
    )
    if not others.exists() and not can(actor, RUN_OFFICE, alliance):
        raise DomainError(
            _("This is the institution's last representative."),
            code="last_representative",
            remedy=_("Invite another representative first; the role can be ended once that person has accepted."),
            who=[_("office administrator")],
        )


def settle_leaving(alliance: Alliance, staff: InstitutionStaff, *, actor: User | None, at: datetime) -> int:
    """What follows when a role has ended: open tasks pass to the deputy, and sessions end where no role is left.

    Tasks that colleagues had handed to the person pass to the named deputy while the deputy acts for the institution;
    otherwise they go back to everybody they wait for. A person who acts for nobody any more, in no alliance, is signed
    out everywhere.

    Returns:
        How many tasks passed on.
    """
    still = InstitutionStaff.objects.of(alliance).at(at).filter(institution_id=staff.institution_id)
    if still.filter(user=staff.user).exists():
        return 0
    deputy = staff.deputy
    if deputy is not None and not (deputy.is_active and still.filter(user=deputy).exists()):
        deputy = None
    items = InboxItem.objects.of(alliance).filter(
        Q(institution_id=staff.institution_id) | Q(scope=AudienceScope.GROUP), handed_to=staff.user, done_at__isnull=True
    )
    passed = 0
    for item in items.select_for_update(of=("self",)):
        item.handed_to = deputy
        item.save(update_fields=["handed_to"])
        passed += 1
    if passed:
        record_audit(
            staff,
            actor=actor,
            verb="pass_tasks",
            after={"items": passed, "to": deputy.uuid if deputy is not None else None},
            at=at,
        )
        if deputy is not None:
            notify(
                alliance,
                [deputy],
                TASKS_PASSED,
                f"tasks_passed:{staff.pk}:{at.isoformat()}",
                params={
                    "name_en": staff.user.name_en or staff.user.name_zh,
                    "name_zh": staff.user.name_zh or staff.user.name_en,
                    "count": passed,
                },
                at=at,
                url_name="inbox",
            )
    if not staff.user.is_platform_operator and not _acts_anywhere(alliance, staff.user, at):
        transaction.on_commit(partial(end_sessions, staff.user.pk), robust=True)
    return passed


def _acts_anywhere(alliance: Alliance, user: User, at: datetime) -> bool:
    """Whether a person holds a role in this alliance or, as far as the platform can tell, in any other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT alliance_id FROM app.alliances_of_user(%s)", [user.pk])
        elsewhere = {row[0] for row in cursor.fetchall()} - {alliance.pk}
    return bool(elsewhere) or bool(grants_of(user, alliance, at))


def end_sessions(user_id: int) -> int:
    """Sign a person out everywhere."""
    ended = 0
    for session in UserSession.objects.filter(user_id=user_id):
        session.end()
        ended += 1
    return ended


@transaction.atomic
def name_deputy(alliance: Alliance, staff_id: int, deputy_uuid: str, *, actor: User, at: datetime) -> InstitutionStaff:
    """Name who takes over a person's open tasks on leaving; an empty name takes the deputy away.

    Args:
        alliance: The tenant.
        staff_id: A role held now.
        deputy_uuid: Somebody else who acts for the same institution, by the account's uuid.
        actor: Needs ``members.manage_staff``.
        at: Now.

    Raises:
        InvalidInputError: Not somebody else of the institution, or the role has ended.
    """
    staff = _lock_staff(alliance, staff_id)
    require(actor, MANAGE_STAFF, staff.institution)
    if staff.ends_at is not None and staff.ends_at <= at:
        raise DomainError(_("This role has ended already."), code="role_over")
    deputy = None
    if deputy_uuid:
        people = InstitutionStaff.objects.of(alliance).at(at).filter(institution_id=staff.institution_id)
        deputy = (
            User.objects.filter(pk__in=people.values("user"), is_active=True)
            .exclude(pk=staff.user_id)
            .filter(uuid=deputy_uuid)
            .first()
        )
        if deputy is None:
            words = _("Choose somebody else who acts for this institution.")
            raise InvalidInputError(words, code="deputy_unfit", fields={"deputy": words})
    if staff.deputy != deputy:
        before = staff.deputy
        staff.deputy = deputy
        staff.save(update_fields=["deputy"])
        record_audit(
            staff,
            actor=actor,
            verb="name_deputy",
            before={"deputy": before.uuid if before else None},
            after={"deputy": deputy.uuid if deputy else None},
            at=at,
        )
    return staff


def settle_ended_staff(alliance: Alliance, *, at: datetime, since: datetime) -> int:
    """What follows for roles whose planned end came since the last look; returns how many tasks passed on."""
    ended = (
        InstitutionStaff.objects.of(alliance)
        .filter(ends_at__gt=since, ends_at__lte=at)
        .select_related("institution", "user", "deputy")
        .order_by("id")
    )
    return sum(settle_leaving(alliance, staff, actor=None, at=at) for staff in ended)


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
