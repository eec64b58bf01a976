"""Pilot sites: invited, joining or refusing, their people, handing over, leaving.

Locks are taken as everywhere in pilots: product, round, site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, SeparationOfDutiesError
from alliance.kernel.permissions import require
from groups.actions.conflict import require_no_conflict
from operations.actions.announce import ask, day_params, tell, title_params
from operations.actions.pilot import ask_for_feedback, lock_running_pilot, wake_workflow
from operations.actions.plan import invitation_key
from operations.choices import ParticipantState, PersonRole, PilotState
from operations.models import PilotParticipant, PilotPerson
from operations.permissions import JOIN_PILOT, MANAGE_PILOT, acts_for_office, own_institutions
from operations.selectors.people import maker_institutions, office_people, staff_of
from operations.selectors.site import WORKING, takes_changes

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User
    from operations.models import Pilot

MOST_TEXT: Final = 300
MOST_SITE: Final = 120


def _lock_site(alliance: Alliance, code: str, institution_id: int) -> PilotParticipant:
    """The institution's row in the latest round, with the round and the product, all locked."""
    pilot = lock_running_pilot(alliance, code)
    participant = (
        pilot.participants.select_for_update(of=("self",))
        .select_related("institution")
        .filter(institution_id=institution_id)
        .first()
    )
    if participant is None:
        raise NotFoundError
    participant.pilot = pilot
    return participant


def checked_reason(reason: str) -> str:
    """A reason that is there and not too long."""
    words = reason.strip()
    if not words:
        said = _("Give the reason; the others who take part will ask.")
        raise InvalidInputError(said, code="reason_missing", fields={"reason": said})
    if len(words) > MOST_TEXT:
        longer = _("This is longer than %(count)s characters.") % {"count": MOST_TEXT}
        raise InvalidInputError(longer, fields={"reason": longer})
    return words


def _check_site_name(values: dict[str, str]) -> dict[str, str]:
    for name, value in values.items():
        if len(value) > MOST_SITE:
            said = _("This is longer than %(count)s characters.") % {"count": MOST_SITE}
            raise InvalidInputError(said, fields={name: said})
    return {name: value.strip() for name, value in values.items()}


def _record(participant: PilotParticipant, verb: str, *, actor: User, at: datetime, before: str, **more: Any) -> None:
    pilot = participant.pilot
    personal = {name: value for name, value in more.pop("personal", {}).items() if value}
    record_audit(
        pilot.product,
        actor=actor,
        verb=verb,
        before={"site": before},
        after={
            "site": participant.state,
            "round": pilot.round,
            "institution": participant.institution.code,
            **more,
        },
        personal=personal or None,
        at=at,
    )


def _tell_office(participant: PilotParticipant, kind: str, *, at: datetime, **params: Any) -> None:
    pilot, firm = participant.pilot, participant.institution
    tell(
        pilot.product,
        office_people(pilot.alliance, at=at),
        kind,
        f"{kind}:{pilot.product.code}:{pilot.round}:{firm.code}:{at.isoformat()}",
        at=at,
        firm_en=firm.name_en or firm.name_zh,
        firm_zh=firm.name_zh or firm.name_en,
        **params,
    )


@transaction.atomic
def accept_invitation(
    alliance: Alliance,
    code: str,
    *,
    institution_id: int,
    actor: User,
    at: datetime,
    site_en: str = "",
    site_zh: str = "",
    is_public: bool = False,
    lead: User | None = None,
) -> PilotParticipant:
    """Take part in the latest round; a site that declined may think again while it is planned.

    Args:
        alliance: The tenant.
        code: The product's code.
        institution_id: The invited enterprise.
        actor: One of its people.
        at: Now.
        site_en: Plant or department that tries it, in English; empty: the whole enterprise.
        site_zh: The same in Chinese.
        is_public: Whether the public page may name the enterprise.
        lead: Who answers for the site; None: the actor.

    Raises:
        NotFoundError: The enterprise is not invited.
        DomainError: ``round_over`` (the round takes no sites any more), ``not_invited`` (it accepted before, or left).
    """
    participant = _lock_site(alliance, code, institution_id)
    pilot = participant.pilot
    require(actor, JOIN_PILOT, participant)
    _check_may_take_part(pilot, institution_id)
    _check_joins(pilot, at)
    if participant.state not in {ParticipantState.INVITED, ParticipantState.DECLINED}:
        raise DomainError(
            _("This invitation was answered before, or the site has left the round."),
            code="not_invited",
            remedy=_("The secretariat can invite the enterprise again by changing the plan."),
        )
    names = _check_site_name({"site_en": site_en, "site_zh": site_zh})
    before = participant.state
    participant.site_en, participant.site_zh = names["site_en"], names["site_zh"]
    participant.state, participant.is_public = ParticipantState.ACCEPTED, is_public
    participant.accepted_at, participant.accepted_by = at, actor
    participant.ended_at, participant.end_reason = None, ""
    participant.save()
    _add_person(participant, lead or actor, PersonRole.LEAD, at=at)
    _record(
        participant,
        "accept_pilot",
        actor=actor,
        at=at,
        before=before,
        is_public=is_public,
        personal={"site_en": names["site_en"], "site_zh": names["site_zh"]},
    )
    inbox.settle(alliance, invitation_key(pilot, institution_id), by=actor, at=at)
    _tell_office(participant, "pilot_accepted", at=at)
    if pilot.state == PilotState.PLANNED:
        ask(
            pilot.product,
            "pilot_baseline",
            f"pilot-baseline:{pilot.pk}:{institution_id}",
            inbox.institution(institution_id),
            at=at,
            due_at=pilot.starts_at,
            url_name="pilot_site",
            **day_params("due", pilot.starts_at),
        )
    else:
        ask_for_feedback(pilot, participant, at=at)
    wake_workflow(alliance)
    return participant


def _check_joins(pilot: Pilot, at: datetime) -> None:
    if not takes_changes(pilot, at):
        raise DomainError(
            _("This round takes no sites any more."),
            code="round_over",
            remedy=_("Ask the secretariat whether the pilot is extended or another round is planned."),
        )


def _check_may_take_part(pilot: Pilot, institution_id: int) -> None:
    """Makers never try their own product, and who stands aside takes no part."""
    if institution_id in maker_institutions(pilot.product):
        raise SeparationOfDutiesError(
            _("Whoever made a product does not try it."),
            code="own_product",
            remedy=_("Another leading enterprise tries it."),
        )
    require_no_conflict(pilot.alliance, institution_id, pilot.product.matter)


@transaction.atomic
def decline_invitation(
    alliance: Alliance, code: str, *, institution_id: int, reason: str, actor: User, at: datetime
) -> PilotParticipant:
    """Refuse the invitation, with the reason.

    Raises:
        DomainError: ``not_invited``: the site accepted before (then it leaves), or has left.
        InvalidInputError: The reason is missing or too long.
    """
    participant = _lock_site(alliance, code, institution_id)
    pilot = participant.pilot
    require(actor, JOIN_PILOT, participant)
    if participant.state != ParticipantState.INVITED:
        raise DomainError(
            _("This invitation was answered before, or the site has left the round."),
            code="not_invited",
            remedy=_("A site that takes part leaves the round instead."),
        )
    words = checked_reason(reason)
    end_site(participant, ParticipantState.DECLINED, words, actor=actor, at=at, verb="decline_pilot")
    _tell_office(participant, "pilot_declined", at=at, reason=words)
    wake_workflow(pilot.alliance)
    return participant


def end_site(participant: PilotParticipant, state: str, reason: str, *, actor: User, at: datetime, verb: str) -> None:
    """End a site's part with its reason; the caller holds the locks and has checked the step."""
    before = participant.state
    participant.state, participant.ended_at, participant.end_reason = state, at, reason
    participant.save(update_fields=["state", "ended_at", "end_reason"])
    participant.people.filter(until__isnull=True).update(until=at)
    _record(participant, verb, actor=actor, at=at, before=before, personal={"reason": reason})
    pilot, institution_id = participant.pilot, participant.institution_id
    for name in ("invitation", "baseline", "feedback"):
        inbox.settle(pilot.alliance, f"pilot-{name}:{pilot.pk}:{institution_id}", by=actor, at=at)


@transaction.atomic
def leave_pilot(
    alliance: Alliance, code: str, *, institution_id: int, reason: str, actor: User, at: datetime
) -> PilotParticipant:
    """Leave a round that is planned or open; what the site answered stays and is marked.

    Raises:
        DomainError: ``not_taking_part`` (the site does not take part), ``round_over``.
        InvalidInputError: The reason is missing or too long.
    """
    participant = _lock_site(alliance, code, institution_id)
    pilot = participant.pilot
    require(actor, JOIN_PILOT, participant)
    _check_leaves(participant)
    words = checked_reason(reason)
    end_site(participant, ParticipantState.WITHDRAWN, words, actor=actor, at=at, verb="leave_pilot")
    _tell_office(participant, "pilot_site_left", at=at, reason=words)
    wake_workflow(pilot.alliance)
    return participant


def _check_leaves(participant: PilotParticipant) -> None:
    if participant.state not in WORKING:
        raise DomainError(_("This site does not take part in the round."), code="not_taking_part")
    if participant.pilot.state != PilotState.PLANNED and not participant.pilot.is_running:
        raise DomainError(
            _("The round is closed; what the site answered is part of its result."),
            code="round_over",
        )


def refuse_own_round(pilot: Pilot, actor: User, *, at: datetime) -> None:
    """A convenor whose own enterprise made the product or tries it leaves the round's steps to the secretariat.

    Raises:
        SeparationOfDutiesError: The actor acts for such an institution and not for the secretariat.
    """
    if acts_for_office(actor, pilot.alliance, at=at):
        return
    parties = maker_institutions(pilot.product) | {
        row.institution_id for row in pilot.participants.filter(state__in=[ParticipantState.INVITED, *WORKING])
    }
    if own_institutions(actor, pilot.alliance, at=at) & parties:
        raise SeparationOfDutiesError(
            _("People of an institution that made the product or tries it do not decide about its round."),
            code="own_product",
            remedy=_("The secretariat does it."),
        )


@transaction.atomic
def remove_site(
    alliance: Alliance, code: str, *, institution_id: int, reason: str, actor: User, at: datetime
) -> PilotParticipant:
    """Take a site out of a round that is planned or open, so that the others need not wait for it.

    Raises:
        DomainError: ``not_taking_part``, ``round_over``.
        InvalidInputError: The reason is missing or too long.
        SeparationOfDutiesError: The actor belongs to a maker or a site of the round.
    """
    participant = _lock_site(alliance, code, institution_id)
    pilot = participant.pilot
    require(actor, MANAGE_PILOT, pilot.product)
    refuse_own_round(pilot, actor, at=at)
    if participant.state != ParticipantState.INVITED:
        _check_leaves(participant)
    words = checked_reason(reason)
    end_site(participant, ParticipantState.WITHDRAWN, words, actor=actor, at=at, verb="remove_pilot_site")
    # The people of a site that was taken out may not read the product any more: the notice leads to their list of pilots.
    notify(
        alliance,
        staff_of(alliance, [institution_id], at=at),
        "pilot_site_removed",
        f"pilot_site_removed:{code}:{pilot.round}:{institution_id}:{at.isoformat()}",
        params=title_params(pilot.product, reason=words),
        at=at,
        url_name="portal_pilots",
    )
    wake_workflow(alliance)
    return participant


def _person_of(participant: PilotParticipant, user: User, *, at: datetime) -> User:
    """A person who acts for the site's enterprise.

    Raises:
        InvalidInputError: The person does not act for the enterprise now.
    """
    if user.pk not in {person.pk for person in staff_of(participant.pilot.alliance, [participant.institution_id], at=at)}:
        said = _("Name a person who acts for this enterprise.")
        raise InvalidInputError(said, code="not_of_the_site", fields={"user": said})
    return user


def _add_person(participant: PilotParticipant, user: User, role: str, *, at: datetime, note: str = "") -> PilotPerson:
    """Begin a person's part; a lead before ends, and becomes one who tries it only when named so again."""
    _person_of(participant, user, at=at)
    here = participant.people.filter(until__isnull=True)
    if role == PersonRole.LEAD:
        here.filter(role=PersonRole.LEAD).exclude(user=user).update(until=at)
    present = here.filter(user=user).first()
    if present is not None and present.role == role:
        return present
    if present is not None:
        present.until = at
        present.save(update_fields=["until"])
    return PilotPerson.objects.create(
        alliance_id=participant.alliance_id, participant=participant, user=user, role=role, since=at, note=note
    )


@transaction.atomic
def name_person(
    alliance: Alliance, code: str, *, institution_id: int, user: User, role: str, actor: User, at: datetime
) -> PilotPerson:
    """Name who answers for a site, or who tries the product there.

    Raises:
        DomainError: ``not_taking_part``, ``round_over``, ``lead_missing`` (the only lead would become somebody who tries it).
        InvalidInputError: The person does not act for the enterprise, or the role is unknown.
    """
    participant = _lock_site(alliance, code, institution_id)
    require(actor, JOIN_PILOT, participant)
    _check_leaves(participant)
    if role not in PersonRole.values:
        said = _("Choose what the person does.")
        raise InvalidInputError(said, fields={"role": said})
    leads = participant.people.filter(until__isnull=True, role=PersonRole.LEAD)
    if role == PersonRole.TRIER and leads.filter(user=user).exists():
        raise DomainError(
            _("Somebody has to answer for the site."),
            code="lead_missing",
            remedy=_("Hand over to somebody else instead."),
        )
    person = _add_person(participant, user, role, at=at)
    _record(participant, "name_pilot_person", actor=actor, at=at, before=participant.state, person=str(user.uuid), role=role)
    return person


@transaction.atomic
def hand_over(
    alliance: Alliance,
    code: str,
    *,
    institution_id: int,
    giver: User,
    taker: User,
    note: str,
    actor: User,
    at: datetime,
) -> PilotPerson:
    """End a person's part at a site and begin another's, with what was handed over.

    Raises:
        DomainError: ``not_taking_part``, ``round_over``.
        InvalidInputError: The giver has no part, the taker does not act for the enterprise, or the note is too long.
    """
    participant = _lock_site(alliance, code, institution_id)
    require(actor, JOIN_PILOT, participant)
    _check_leaves(participant)
    words = note.strip()
    if len(words) > MOST_TEXT:
        longer = _("This is longer than %(count)s characters.") % {"count": MOST_TEXT}
        raise InvalidInputError(longer, fields={"note": longer})
    if giver.pk == taker.pk:
        said = _("Choose somebody else to take over.")
        raise InvalidInputError(said, fields={"taker": said})
    row = participant.people.filter(until__isnull=True, user=giver).first()
    if row is None:
        said = _("This person has no part at the site now.")
        raise InvalidInputError(said, fields={"giver": said})
    _person_of(participant, taker, at=at)
    row.until = at
    row.save(update_fields=["until"])
    person = _add_person(participant, taker, row.role, at=at, note=words)
    _record(
        participant,
        "hand_over_pilot",
        actor=actor,
        at=at,
        before=participant.state,
        giver=str(giver.uuid),
        taker=str(taker.uuid),
        role=row.role,
        personal={"note": words},
    )
    tell(
        participant.pilot.product,
        [taker],
        "pilot_handed_over",
        f"pilot_handed_over:{person.pk}",
        at=at,
        url_name="pilot_site",
        note=words,
    )
    return person


@transaction.atomic
def set_consent(
    alliance: Alliance, code: str, *, institution_id: int, is_public: bool, actor: User, at: datetime
) -> PilotParticipant:
    """Say whether the public page may name the enterprise; it may be taken back at any time."""
    participant = _lock_site(alliance, code, institution_id)
    require(actor, JOIN_PILOT, participant)
    before = participant.is_public
    if before != is_public:
        participant.is_public = is_public
        participant.save(update_fields=["is_public"])
        record_audit(
            participant.pilot.product,
            actor=actor,
            verb="consent_to_be_named",
            before={"is_public": before},
            after={"is_public": is_public, "institution": participant.institution.code, "round": participant.pilot.round},
            at=at,
        )
    return participant
