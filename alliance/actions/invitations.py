"""Invites people by e-mail; the only way to an account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from alliance.actions.audit import record_audit
from alliance.choices import AllianceRole
from alliance.kernel.addresses import absolute_url
from alliance.kernel.errors import DomainError, InvalidInputError, PermissionRefusedError
from alliance.kernel.formats import format_day
from alliance.kernel.invitations import GrantOffer, acceptor_of, hash_token, make_token
from alliance.kernel.permissions import forget_grants, require
from alliance.models import Invitation, RoleAssignment, User

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance

LIFE = timedelta(days=7)
MANAGE_PEOPLE = "alliance.manage_people"


class InvitationRefusedError(DomainError):
    """An invitation opens nothing any more; the page says the same for a wrong, used, withdrawn or old one."""

    code = "invitation_invalid"
    status = 404

    def __init__(self) -> None:
        super().__init__(
            _("This invitation is not valid: it was used, withdrawn, replaced by a newer one, or is older than 7 days."),
            remedy=_("Ask the person who invited you to send it again. If you have an account already, sign in."),
        )


@transaction.atomic
def invite_person(
    alliance: Alliance, email: str, offers: Sequence[GrantOffer], *, language: str, actor: User, at: datetime
) -> Invitation:
    """Invite somebody by e-mail to act in this alliance with the given roles.

    Each role is checked by the layer that knows it, so the office administrator may offer roles in the alliance, and an
    institution's representative roles in the own institution. A second invitation to the same address replaces the first.

    Args:
        alliance: The tenant.
        email: Where the invitation goes; the account will have this address.
        offers: Roles, see :mod:`alliance.kernel.invitations`; at least one.
        language: Language of the mail, ``en`` or ``zh-hans``.
        actor: Who invites.
        at: Now; the invitation ends seven days later.

    Raises:
        PermissionRefusedError: The actor may not give one of the roles.
        InvalidInputError: No role, unknown role, institution or language, or the actor's own address.
    """
    address = email.strip().lower()
    if not offers:
        raise InvalidInputError(
            _("Choose at least one role."), code="no_role", fields={"roles": _("Choose at least one role.")}
        )
    if address == actor.email:
        raise InvalidInputError(_("This is your own address. Another person must give you roles."), code="own_role")
    checked = [acceptor_of(offer).check(alliance, offer, actor=actor, at=at) for offer in offers]
    return _store(alliance, address, checked, language=language, actor=actor, at=at)


@transaction.atomic
def invite_by_decision(
    alliance: Alliance, email: str, offers: Sequence[GrantOffer], *, language: str, inviter: User, at: datetime
) -> Invitation:
    """Invite somebody to roles that follow from the decision of a body, such as the representative of an admitted member.

    The decision is the permission, so the person named as inviter is not asked for one; that person prepared the matter and
    is whom the invited one can turn to.

    Args:
        alliance: The tenant.
        email: Where the invitation goes.
        offers: Roles in their stored form, see :mod:`alliance.kernel.invitations`; at least one.
        language: Language of the mail.
        inviter: Who prepared the decision.
        at: Now.

    Raises:
        InvalidInputError: No role, or no such language.
    """
    if not offers:
        raise InvalidInputError(
            _("Choose at least one role."), code="no_role", fields={"roles": _("Choose at least one role.")}
        )
    return _store(alliance, email.strip().lower(), list(offers), language=language, actor=inviter, at=at)


@transaction.atomic
def invite_first_administrator(alliance: Alliance, email: str, *, language: str, operator: User, at: datetime) -> Invitation:
    """Invite the first office administrator of a new alliance; the only thing an operator may do inside one.

    Raises:
        PermissionRefusedError: The account is no platform operator.
        DomainError: The alliance has an office administrator, who invites from then on.
    """
    if not operator.is_platform_operator or not operator.is_active:
        raise PermissionRefusedError(
            _("invite the first office administrator"), permission=MANAGE_PEOPLE, who=[_("platform operator")]
        )
    administrators = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.OFFICE_ADMIN, user__is_active=True)
    if administrators.exists():
        raise DomainError(
            _("This alliance has an office administrator, who invites everybody else."), code="administrator_exists"
        )
    offer: GrantOffer = {"scope": "alliance", "role": str(AllianceRole.OFFICE_ADMIN)}
    return _store(alliance, email.strip().lower(), [offer], language=language, actor=operator, at=at)


def _store(
    alliance: Alliance, address: str, offers: list[GrantOffer], *, language: str, actor: User, at: datetime
) -> Invitation:
    if language not in dict(settings.LANGUAGES):
        raise InvalidInputError(_("There is no such language."), code="language_unknown")
    for older in open_invitations(alliance, at).select_for_update().filter(email=address):
        older.revoked_at = at
        older.save(update_fields=["revoked_at"])
        record_audit(older, actor=actor, verb="replace_invitation", at=at)
    invitation = Invitation(
        alliance=alliance,
        email=address,
        language=language,
        grants=offers,
        invited_by=actor,
        created_at=at,
        expires_at=at + LIFE,
    )
    invitation.token_hash = hash_token(make_token(invitation.uuid, invitation.expires_at))
    invitation.save()
    record_audit(
        invitation,
        actor=actor,
        verb="invite_person",
        after={"grants": offers, "expires_at": invitation.expires_at},
        personal={"email": address},
        at=at,
    )
    _post(invitation)
    return invitation


def open_invitations(alliance: Alliance, at: datetime) -> InvitationQuery:
    """Invitations that can still be accepted."""
    return Invitation.objects.of(alliance).filter(accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=at)


if TYPE_CHECKING:
    from alliance.models import TenantQuerySet

    InvitationQuery = TenantQuerySet[Invitation]


@transaction.atomic
def resend_invitation(alliance: Alliance, uuid: str, *, actor: User, at: datetime) -> Invitation:
    """Send an invitation again with a new link and seven more days; the old link stops working.

    Raises:
        Invitation.DoesNotExist: No such invitation here.
        PermissionRefusedError: The actor did not invite and does not manage people.
        DomainError: It was accepted or withdrawn.
    """
    invitation = _locked(alliance, uuid, actor=actor)
    invitation.expires_at = at + LIFE
    invitation.token_hash = hash_token(make_token(invitation.uuid, invitation.expires_at))
    invitation.save(update_fields=["expires_at", "token_hash"])
    record_audit(invitation, actor=actor, verb="resend_invitation", after={"expires_at": invitation.expires_at}, at=at)
    _post(invitation)
    return invitation


@transaction.atomic
def revoke_invitation(alliance: Alliance, uuid: str, *, actor: User, at: datetime) -> Invitation:
    """Withdraw an invitation; its link stops working at once.

    Raises:
        Invitation.DoesNotExist: No such invitation here.
        PermissionRefusedError: The actor did not invite and does not manage people.
        DomainError: It was accepted or withdrawn.
    """
    invitation = _locked(alliance, uuid, actor=actor)
    invitation.revoked_at = at
    invitation.save(update_fields=["revoked_at"])
    record_audit(invitation, actor=actor, verb="revoke_invitation", at=at)
    return invitation


def _locked(alliance: Alliance, uuid: str, *, actor: User) -> Invitation:
    invitation = Invitation.objects.of(alliance).select_for_update().get(uuid=uuid)
    if invitation.invited_by_id != actor.pk:
        require(actor, MANAGE_PEOPLE, invitation)
    if invitation.accepted_at is not None:
        raise DomainError(_("This invitation was accepted already."), code="invitation_accepted")
    if invitation.revoked_at is not None:
        raise DomainError(_("This invitation was withdrawn already."), code="invitation_revoked")
    return invitation


def find_invitation(alliance: Alliance, token: str, *, at: datetime, lock: bool = False) -> Invitation:
    """The invitation that a link opens.

    Raises:
        InvitationRefusedError: None, or not any more; nothing tells which.
    """
    invitations = open_invitations(alliance, at)
    if lock:
        invitations = invitations.select_for_update(of=("self",))
    invitation = invitations.select_related("invited_by").filter(token_hash=hash_token(token)).first()
    if invitation is None:
        raise InvitationRefusedError
    return invitation


@transaction.atomic
def accept_with_new_account(
    alliance: Alliance, token: str, *, password: str, name_en: str, name_zh: str, language: str, at: datetime
) -> User:
    """Make the invited person's account and give it the roles.

    The password's rules are the form's (they are about its shape); everything else is here.

    Args:
        alliance: The tenant.
        token: From the invitation's link; works once.
        password: Chosen by the person.
        name_en: Name in Latin letters; this or ``name_zh`` must be given.
        name_zh: Name in Chinese.
        language: Language of the account.
        at: Now.

    Raises:
        InvitationRefusedError: The link is not valid.
        DomainError: The address has an account: sign in instead. Or a rule stands against one of the roles.
    """
    invitation = find_invitation(alliance, token, at=at, lock=True)
    if User.objects.filter(email=invitation.email).exists():
        raise DomainError(
            _("There is an account with this address. Sign in to accept the invitation."), code="account_exists"
        )
    if not name_en.strip() and not name_zh.strip():
        raise InvalidInputError(_("Give your name in at least one script."), fields={"name_en": _("Give your name.")})
    user = User.objects.create_user(
        invitation.email, password, name_en=name_en.strip(), name_zh=name_zh.strip(), language=language
    )
    # The link came by mail to this address, so the address is the person's.
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    _give(alliance, invitation, user, at=at)
    return user


@transaction.atomic
def accept_with_account(alliance: Alliance, token: str, *, user: User, at: datetime) -> None:
    """Give the invited roles to the account that is signed in; its address must be the invited one.

    Raises:
        InvitationRefusedError: The link is not valid.
        DomainError: Another account is signed in. Or a rule stands against one of the roles.
    """
    invitation = find_invitation(alliance, token, at=at, lock=True)
    if user.email != invitation.email:
        raise DomainError(
            _("This invitation is for another address than the account you are signed in with."),
            code="invitation_other_account",
            remedy=_("Sign out, then open the link of the invitation again."),
            status=403,
        )
    _give(alliance, invitation, user, at=at)


def _give(alliance: Alliance, invitation: Invitation, user: User, *, at: datetime) -> None:
    for offer in invitation.grants:
        acceptor_of(offer).accept(alliance, offer, user=user, inviter=invitation.invited_by, at=at)
    invitation.accepted_at = at
    invitation.accepted_by = user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    forget_grants(user)
    record_audit(
        invitation,
        actor=user,
        verb="accept_invitation",
        after={"user": user.uuid, "grants": invitation.grants},
        personal={"email": invitation.email},
        at=at,
    )


def describe_offers(alliance: Alliance, offers: Sequence[GrantOffer]) -> list[str]:
    """The roles of an invitation in words, in the active language."""
    return [acceptor_of(offer).describe(alliance, offer) for offer in offers]


def invitation_url(alliance: Alliance, invitation: Invitation) -> str:
    """The link of an invitation, or an empty text when the server's key changed since: then send it again."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = make_token(invitation.uuid, invitation.expires_at, secret)
        if hash_token(token) == invitation.token_hash:
            return absolute_url(alliance, "invitation_accept", {"token": token})
    return ""


def _post(invitation: Invitation) -> None:
    transaction.on_commit(partial(_queue, invitation.alliance_id, invitation.pk))


def _queue(alliance_id: int, invitation_id: int) -> None:
    from alliance.tasks import send_invitation_mail  # noqa: PLC0415 - tasks import actions

    send_invitation_mail.delay(alliance_id, invitation_id)


def mail_invitation(alliance: Alliance, invitation_id: int, *, at: datetime) -> bool:
    """Mail an invitation in its language; the link is computed here, so that no queue and no table holds it.

    Returns:
        Whether a mail was sent (False: accepted, withdrawn, expired, or the server's key changed).
    """
    invitation = open_invitations(alliance, at).select_related("invited_by").filter(pk=invitation_id).first()
    if invitation is None:
        return False
    link = invitation_url(alliance, invitation)
    if not link:
        return False
    with translation.override(invitation.language):
        values = {
            "alliance": alliance.name,
            "person": invitation.invited_by.get_full_name(),
            "roles": _("; ").join(describe_offers(alliance, invitation.grants)),
            "day": format_day(timezone.localdate(invitation.expires_at), invitation.language),
        }
        lines = [
            _("%(person)s invites you to act in %(alliance)s.") % values,
            _("Your part: %(roles)s") % values,
            _("Open this link to accept. It works once, until %(day)s:") % values,
            link,
            _(
                "You will set a password and a second factor: a passkey, or an app that shows codes. It takes about 3 minutes."
            ),
            _("If you did not expect this mail, ignore it: nothing happens without you."),
            f"-- \n{alliance.name}",
        ]
        message = EmailMessage(
            subject=_("Invitation to %(alliance)s") % values,
            body="\n\n".join(lines),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[invitation.email],
            headers={
                "Message-ID": f"<{alliance.slug}.invitation.{invitation.uuid}.{int(invitation.expires_at.timestamp())}@alliance.invalid>"
            },
        )
        message.send()
    return True
