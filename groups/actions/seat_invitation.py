"""Invites an institution to take a seat, mostly to close a gap of the coverage matrix; it accepts or declines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.choices import AllianceRole
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.texts import Text, texts
from alliance.models import RoleAssignment, User
from groups.actions.group import give_seat, is_eligible
from groups.actions.position import group_names
from groups.choices import InvitationState, SeatRole
from groups.models import GroupMembership, SeatInvitation, VirtualGroup
from groups.permissions import ANSWER_SEAT_INVITATION, CHANGE_SEATS
from groups.signals import SEAT_INVITED
from groups.transitions import ACCEPT_SEAT, DECLINE_SEAT, WITHDRAW_SEAT_INVITATION
from members.choices import Element, InstitutionState, StaffRole
from members.models import Institution

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from alliance.models import Alliance


@transaction.atomic
def invite_to_group(
    alliance: Alliance,
    group_kind: str,
    institution_code: str,
    *,
    element: str = "",
    role: str = SeatRole.MEMBER,
    actor: User,
    at: datetime,
) -> SeatInvitation:
    """Offer an eligible active institution a seat; its representative finds the offer in the inbox.

    Args:
        alliance: The tenant.
        group_kind: The group.
        institution_code: The institution; its kind may sit there without an exception.
        element: What it would bring; told to it.
        role: Role offered.
        actor: Needs ``groups.change_seats``.
        at: Now.

    Raises:
        VirtualGroup.DoesNotExist: The group is not established.
        Institution.DoesNotExist: No such institution here.
        InvalidInputError: Not active, not eligible, seated or invited already, or nonsense for role or element.
    """
    group = VirtualGroup.objects.of(alliance).get(kind=group_kind)
    require(actor, CHANGE_SEATS, group)
    institution = Institution.objects.of(alliance).select_for_update().get(code=institution_code)
    if role not in SeatRole.values or element not in ("", *Element.values):
        raise InvalidInputError(_("Choose a role and an element from the lists."), code="role_unknown")
    if institution.state != InstitutionState.ACTIVE:
        raise InvalidInputError(
            _("%(institution)s is not an active member (%(state)s).")
            % {"institution": institution.name, "state": institution.get_state_display()},
            code="institution_not_active",
        )
    if not is_eligible(group_kind, institution.kind):
        raise InvalidInputError(
            _("%(kind)s may not sit in the %(group)s.")
            % {"kind": institution.get_kind_display(), "group": group.get_kind_display()},
            code="kind_not_eligible",
            remedy=_("Put a motion for the exception to the committee; when it passes, the seat is given by itself."),
        )
    seated = GroupMembership.objects.of(alliance).filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=at), group=group, institution=institution
    )
    if seated.exists():
        raise InvalidInputError(_("%(name)s has a seat there already.") % {"name": institution.name}, code="seat_overlaps")
    if SeatInvitation.objects.of(alliance).filter(group=group, institution=institution, state=InvitationState.OPEN).exists():
        raise InvalidInputError(
            _("%(name)s is invited already and has not answered yet.") % {"name": institution.name}, code="seat_invited"
        )
    invitation = SeatInvitation.objects.create(
        alliance=alliance,
        group=group,
        institution=institution,
        role=role,
        element=element,
        invited_by=actor,
        invited_at=at,
    )
    inbox.ask(
        alliance,
        SEAT_OFFERED,
        f"seat-offer:{invitation.uuid}",
        inbox.institution(institution.pk, StaffRole.REPRESENTATIVE),
        params=group_names(group_kind),
        url_name="portal_seat_list",
        at=at,
    )
    record_audit(
        invitation,
        actor=actor,
        verb="invite_to_group",
        after={"group": group_kind, "institution": institution.code, "element": element or None, "role": role},
        at=at,
    )
    emit(alliance, SEAT_INVITED, {"group": group_kind, "institution": institution.code, "element": element})
    return invitation


def _lock(alliance: Alliance, uuid: UUID) -> SeatInvitation:
    invitation = (
        SeatInvitation.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("group", "institution")
        .filter(uuid=uuid)
        .first()
    )
    if invitation is None:
        raise NotFoundError
    return invitation


@transaction.atomic
def answer_seat_invitation(
    alliance: Alliance, uuid: UUID, *, accepted: bool, reason: str = "", actor: User, at: datetime
) -> SeatInvitation:
    """Take the seat that was offered, from now on, or decline it with a reason.

    Raises:
        NotFoundError: No such invitation here.
        PermissionRefusedError: Not the institution's representative.
        TransitionRefusedError: It is answered or withdrawn.
        InvalidInputError: Declined without a reason, or the seat cannot be given any more.
    """
    invitation = _lock(alliance, uuid)
    step = ACCEPT_SEAT if accepted else DECLINE_SEAT
    require(actor, ANSWER_SEAT_INVITATION, invitation)
    step.check(invitation.state)
    reason = reason.strip()
    if not accepted and not reason:
        words = _("Say why, in one sentence.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    if accepted:
        institution = Institution.objects.of(alliance).select_for_update().get(pk=invitation.institution_id)
        give_seat(alliance, invitation.group, institution, role=invitation.role, starts_at=at, actor=actor, at=at)
    invitation.state, invitation.reason, invitation.answered_at = step.target, reason[:300], at
    invitation.save(update_fields=["state", "reason", "answered_at"])
    inbox.settle(alliance, f"seat-offer:{invitation.uuid}", by=actor, at=at)
    record_audit(
        invitation,
        actor=actor,
        verb=step.name,
        before={"state": InvitationState.OPEN},
        after={"state": invitation.state, "group": invitation.group.kind, "institution": invitation.institution.code},
        personal={"reason": reason} if reason else None,
        at=at,
    )
    office = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.SECRETARIAT).values("user")
    notify(
        alliance,
        User.objects.filter(pk__in=office, is_active=True),
        SEAT_ANSWERED if accepted else SEAT_DECLINED,
        f"seat-answer:{invitation.uuid}",
        params={
            **group_names(invitation.group.kind),
            "institution_en": invitation.institution.name_en,
            "institution_zh": invitation.institution.name_zh,
            "reason": invitation.reason,
        },
        at=at,
        url_name="group_detail",
        url_kwargs={"kind": invitation.group.kind},
    )
    return invitation


@transaction.atomic
def withdraw_seat_invitation(alliance: Alliance, uuid: UUID, *, actor: User, at: datetime) -> SeatInvitation:
    """Take an unanswered offer back.

    Raises:
        NotFoundError: No such invitation here.
        TransitionRefusedError: It is answered or withdrawn.
    """
    invitation = _lock(alliance, uuid)
    require(actor, CHANGE_SEATS, invitation.group)
    WITHDRAW_SEAT_INVITATION.check(invitation.state)
    invitation.state, invitation.answered_at = WITHDRAW_SEAT_INVITATION.target, at
    invitation.save(update_fields=["state", "answered_at"])
    inbox.settle(alliance, f"seat-offer:{invitation.uuid}", by=actor, at=at)
    record_audit(
        invitation,
        actor=actor,
        verb=WITHDRAW_SEAT_INVITATION.name,
        before={"state": InvitationState.OPEN},
        after={"state": invitation.state, "group": invitation.group.kind, "institution": invitation.institution.code},
        at=at,
    )
    return invitation


SEAT_OFFERED = "groups.seat_offered"
SEAT_ANSWERED = "groups.seat_answered"
SEAT_DECLINED = "groups.seat_declined"
texts.register(
    SEAT_OFFERED,
    Text(
        title=_("A seat in the %(body)s is offered to your institution"),
        body=_("Take it or decline it; the secretariat waits for the answer."),
        verb=_("Answer"),
        icon="armchair",
    ),
)
texts.register(
    SEAT_ANSWERED,
    Text(title=_("%(institution)s takes the seat in the %(body)s"), verb=_("Open"), icon="check", mails=False),
)
texts.register(
    SEAT_DECLINED,
    Text(
        title=_("%(institution)s declines the seat in the %(body)s"),
        body=_("The reason: %(reason)s"),
        verb=_("Open"),
        icon="undo-2",
        mails=False,
    ),
)
