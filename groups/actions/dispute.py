"""Disputes between members and their mediation (charter, article 28): filed, mediated, settled or passed on; sealed at the end.

Nothing here is told to anybody but the parties, the mediator, and members of the committee without a link. The audit log says
that something happened in the dispute of a code, and never between whom or about what.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.files import store_upload
from alliance.actions.notifications import notify
from alliance.actions.sealing import seal_soon
from alliance.kernel.codes import next_code
from alliance.kernel.errors import ConflictOfInterestError, DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import can, grants_of, require
from alliance.models import User
from groups.actions.conflict import screen_matter
from groups.choices import (
    MEDIATION_WORKING_DAYS,
    NAMING_WORKING_DAYS,
    OPEN_DISPUTES,
    DisputeState,
    DisputeStepKind,
)
from groups.models import Dispute, DisputeStep
from groups.permissions import (
    ESCALATE_DISPUTE,
    FILE_DISPUTE,
    MEDIATE_DISPUTE,
    NAME_MEDIATOR,
    SPEAK_IN_DISPUTE,
    VIEW_DISPUTE,
)
from groups.selectors.dispute import (
    agreed_ids,
    dispute_digest,
    has_proposal,
    list_mediators,
    list_steps,
)
from groups.selectors.matters import is_matter_name
from groups.selectors.report_days import add_working_days, day_words
from groups.signals import DISPUTE_MOVED
from groups.transitions import ESCALATE_DISPUTE as ESCALATE
from groups.transitions import NAME_MEDIATOR as NAME
from groups.transitions import SETTLE_DISPUTE, WITHDRAW_DISPUTE
from members.choices import InstitutionState, StaffRole
from members.models import Institution, InstitutionStaff

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django_stubs_ext import StrOrPromise

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance

FILE_PURPOSE: Final = "dispute_file"
MOST_TEXT: Final = 20_000
REMIND_WORKING_DAYS: Final = 3
"""So many working days before the deadline of a mediation everybody concerned is reminded."""


def _locked(alliance: Alliance, code: str) -> Dispute:
    found = (
        Dispute.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("alliance", "claimant", "respondent")
        .filter(code=code)
        .first()
    )
    if found is None:
        raise NotFoundError
    return found


def _open_for(dispute: Dispute, permission: str, actor: User) -> None:
    """Ask the permission; for somebody who may not even see the dispute there is none.

    Raises:
        NotFoundError: The actor may not know of it.
        PermissionRefusedError: The actor sees it but may not do this.
        DomainError: It is over.
    """
    if not can(actor, VIEW_DISPUTE, dispute):
        raise NotFoundError
    require(actor, permission, dispute)
    if dispute.state not in OPEN_DISPUTES:
        raise DomainError(
            _("This dispute is over (%(state)s); nothing is added to its record.") % {"state": dispute.get_state_display()},
            code="dispute_over",
        )


def _party(dispute: Dispute, institution_code: str, actor: User) -> Institution:
    """The party that a person speaks for.

    Raises:
        InvalidInputError: It is no party, or the person is not its representative.
    """
    parties: tuple[Institution, Institution] = (dispute.claimant, dispute.respondent)
    for party in parties:
        if party.code == institution_code and any(
            grant.scope == "institution" and grant.role == StaffRole.REPRESENTATIVE and grant.institution_id == party.pk
            for grant in grants_of(actor, dispute.alliance)
        ):
            return party
    words = _("Choose the party you represent.")
    raise InvalidInputError(words, code="no_party", fields={"institution": words})


def _text(value: str, *, needed: bool = True) -> str:
    text = value.strip()
    words: StrOrPromise
    if needed and not text:
        words = _("Write at least one sentence.")
        raise InvalidInputError(words, code="text_missing", fields={"text": words})
    if len(text) > MOST_TEXT:
        words = _("This is longer than %(count)s characters.") % {"count": MOST_TEXT}
        raise InvalidInputError(words, code="text_long", fields={"text": words})
    return text


def _representatives(alliance: Alliance, institution_ids: Iterable[int], at: datetime) -> list[User]:
    staff = InstitutionStaff.objects.of(alliance).at(at)
    staff = staff.filter(institution_id__in=list(institution_ids), role=StaffRole.REPRESENTATIVE)
    return list(User.objects.filter(pk__in=staff.values("user"), is_active=True))


def _tell(dispute: Dispute, users: Iterable[User], kind: str, occasion: str, *, at: datetime) -> None:
    notify(
        dispute.alliance,
        {user.pk: user for user in users}.values(),
        kind,
        f"{kind}:{dispute.code}:{occasion}",
        params={"code": dispute.code, **day_words("due", dispute.due_on)},
        at=at,
        url_name="dispute_detail",
        url_kwargs={"code": dispute.code},
    )


def _concerned(dispute: Dispute, at: datetime, *, but: User | None = None) -> list[User]:
    people = _representatives(dispute.alliance, dispute.party_ids, at)
    if dispute.mediator is not None:
        people.append(dispute.mediator)
    return [user for user in people if but is None or user.pk != but.pk]


def _add_step(
    dispute: Dispute,
    kind: str,
    *,
    institution: Institution | None,
    text: str,
    file: Any = None,
    actor: User,
    at: datetime,
) -> DisputeStep:
    stored = store_upload(dispute.alliance, file, FILE_PURPOSE, actor=actor, permission=VIEW_DISPUTE) if file else None
    step = DisputeStep.objects.create(
        alliance=dispute.alliance,
        dispute=dispute,
        kind=kind,
        institution=institution,
        user=actor,
        text=text,
        file=stored,
        made_at=at,
    )
    record_audit(
        dispute,
        actor=actor,
        verb="add_dispute_step",
        after={"code": dispute.code, "step": step.uuid, "kind": kind, "file": stored.sha256 if stored else None},
        at=at,
    )
    return step


# ------------------------------------------------------------------------------------------------------------ filing


@transaction.atomic
def file_dispute(
    alliance: Alliance,
    claimant_code: str,
    respondent_code: str,
    *,
    subject: str,
    statement: str,
    matter: str = "",
    file: Any = None,
    actor: User,
    at: datetime,
) -> Dispute:
    """File a dispute against another member; the committee is asked to name a mediator.

    Args:
        alliance: The tenant.
        claimant_code: Who files it; an active member.
        respondent_code: Against whom.
        subject: What it is about, in one line.
        statement: What happened and what is wanted; the first entry of the record.
        matter: What it belongs to, such as ``product:P-029``; whoever stands aside from that does so here too.
        file: An uploaded file, or None.
        actor: The claimant's representative.
        at: Now.

    Raises:
        InvalidInputError: Something is missing, the other institution is unknown or the same.
    """
    institutions = {
        institution.code: institution
        for institution in Institution.objects.of(alliance).filter(code__in=[claimant_code, respondent_code])
    }
    claimant = institutions.get(claimant_code)
    if claimant is None:
        raise NotFoundError
    dispute = Dispute(alliance=alliance, claimant=claimant, subject=subject.strip(), matter=matter.strip(), filed_at=at)
    require(actor, FILE_DISPUTE, dispute)
    faults: dict[str, StrOrPromise] = {}
    respondent = institutions.get(respondent_code)
    if respondent is None or respondent.state not in {
        InstitutionState.ACTIVE,
        InstitutionState.SUSPENDED,
        InstitutionState.LEAVING,
    }:
        faults["respondent"] = _("No member of this alliance has that code.")
    elif respondent.pk == claimant.pk:
        faults["respondent"] = _("An institution has no dispute with itself; choose the other party.")
    if claimant.state not in {InstitutionState.ACTIVE, InstitutionState.SUSPENDED, InstitutionState.LEAVING}:
        faults["institution"] = _("Only members file disputes.")
    if not dispute.subject or len(dispute.subject) > 200:
        faults["subject"] = _("Say in one line what it is about, in at most 200 characters.")
    if dispute.matter and not is_matter_name(dispute.matter):
        faults["matter"] = _("Name the matter, e.g. product:P-029.")
    if not statement.strip():
        faults["statement"] = _("Say what happened and what you want.")
    elif len(statement) > MOST_TEXT:
        faults["statement"] = _("This is longer than %(count)s characters.") % {"count": MOST_TEXT}
    if faults or respondent is None:
        raise InvalidInputError(_("The dispute was not filed."), code="dispute_incomplete", fields=faults)
    dispute.respondent = respondent
    dispute.code = next_code(Dispute, alliance, "D", 2)
    dispute.due_on = add_working_days(timezone.localtime(at).date(), NAMING_WORKING_DAYS)
    try:
        with transaction.atomic():
            dispute.save(force_insert=True)
    except IntegrityError as error:
        raise InvalidInputError(
            _("Somebody else filed a dispute a moment ago; send yours again."), code="code_taken"
        ) from error
    record_audit(dispute, actor=actor, verb="file_dispute", after={"code": dispute.code, "state": dispute.state}, at=at)
    _add_step(
        dispute,
        DisputeStepKind.STATEMENT,
        institution=claimant,
        text=statement.strip(),
        file=file,
        actor=actor,
        at=at,
    )
    screen_matter(alliance, dispute.own_matter, at=at)
    _ask_committee(dispute, at=at)
    _tell(dispute, _representatives(alliance, [respondent.pk], at), "dispute_filed", "filed", at=at)
    emit(alliance, DISPUTE_MOVED, {"dispute": dispute.code, "state": dispute.state})
    return dispute


def _ask_committee(dispute: Dispute, *, at: datetime) -> None:
    """Ask every member of the committee without a link, each by an item of its own, so that nobody else reads of it."""
    for candidate in list_mediators(dispute, at):
        inbox.ask(
            dispute.alliance,
            "dispute_mediator",
            f"dispute-mediator:{dispute.code}:{candidate.user.pk}",
            inbox.person(candidate.user),
            params={"code": dispute.code},
            url_name="dispute_detail",
            url_kwargs={"code": dispute.code},
            at=at,
            due_at=_end(dispute),
        )


def _end(dispute: Dispute) -> datetime:
    return timezone.make_aware(datetime.combine(dispute.due_on, time(23, 59, 59, 999_999)))


# --------------------------------------------------------------------------------------------------------- mediation


@transaction.atomic
def name_mediator(alliance: Alliance, code: str, mediator_uuid: str, *, actor: User, at: datetime) -> Dispute:
    """Name the mediator, or another one: a member of the committee without a link to either party.

    Links are looked for anew, so that one that came up since the filing counts.

    Args:
        alliance: The tenant.
        code: The dispute.
        mediator_uuid: The person.
        actor: A member of the committee without a link.
        at: Now.

    Raises:
        ConflictOfInterestError: The person has a link to a party, or is no member of the committee.
    """
    dispute = _locked(alliance, code)
    _open_for(dispute, NAME_MEDIATOR, actor)
    NAME.check(dispute.state)
    screen_matter(alliance, dispute.own_matter, at=at)
    require(actor, NAME_MEDIATOR, dispute)
    chosen = next((one for one in list_mediators(dispute, at) if str(one.user.uuid) == str(mediator_uuid)), None)
    if chosen is None:
        raise ConflictOfInterestError(
            _("This person cannot mediate: the person has a link to a party, or is no member of the committee."),
            who=[_("members of the management committee without a link to the parties")],
        )
    before = dispute.state
    dispute.state = NAME.target
    dispute.mediator, dispute.mediator_institution = chosen.user, chosen.institution
    dispute.mediation_began_at = at
    dispute.due_on = add_working_days(timezone.localtime(at).date(), MEDIATION_WORKING_DAYS)
    dispute.save(update_fields=["state", "mediator", "mediator_institution", "mediation_began_at", "due_on"])
    _add_step(
        dispute,
        DisputeStepKind.MEDIATOR_NAMED,
        institution=None,
        text=f"{chosen.user.name_en} {chosen.user.name_zh}".strip() or chosen.user.email,
        actor=actor,
        at=at,
    )
    _moved(dispute, NAME, before, actor=actor, at=at)
    inbox.settle_all(alliance, f"dispute-mediator:{code}:", by=actor, at=at)
    inbox.settle_all(alliance, f"dispute-mediation:{code}:", by=actor, at=at)
    inbox.ask(
        alliance,
        "dispute_mediation",
        f"dispute-mediation:{code}:{chosen.user.pk}",
        inbox.person(chosen.user),
        params={"code": code},
        url_name="dispute_detail",
        url_kwargs={"code": code},
        at=at,
        due_at=_end(dispute),
    )
    _tell(dispute, _concerned(dispute, at), "dispute_mediator_named", at.isoformat(), at=at)
    return dispute


def _moved(dispute: Dispute, step: Transition, before: str, *, actor: User, at: datetime) -> None:
    record_audit(
        dispute,
        actor=actor,
        verb=step.name,
        before={"state": before},
        after={
            "state": dispute.state,
            "code": dispute.code,
            "due_on": dispute.due_on,
            "digest": dispute.digest or None,
        },
        at=at,
    )
    emit(dispute.alliance, DISPUTE_MOVED, {"dispute": dispute.code, "state": dispute.state})


@transaction.atomic
def add_statement(
    alliance: Alliance, code: str, institution_code: str, *, text: str, file: Any = None, actor: User, at: datetime
) -> DisputeStep:
    """Add a statement of a party to the record."""
    dispute = _locked(alliance, code)
    _open_for(dispute, SPEAK_IN_DISPUTE, actor)
    party = _party(dispute, institution_code, actor)
    step = _add_step(dispute, DisputeStepKind.STATEMENT, institution=party, text=_text(text), file=file, actor=actor, at=at)
    _tell(dispute, _concerned(dispute, at, but=actor), "dispute_step", str(step.uuid), at=at)
    return step


@transaction.atomic
def note_session(alliance: Alliance, code: str, *, text: str, file: Any = None, actor: User, at: datetime) -> DisputeStep:
    """Note a mediation session: when, with whom, what came of it; by the mediator."""
    return _mediate(alliance, code, DisputeStepKind.SESSION, text=text, file=file, actor=actor, at=at)


@transaction.atomic
def make_proposal(alliance: Alliance, code: str, *, text: str, file: Any = None, actor: User, at: datetime) -> DisputeStep:
    """Make a proposal; it replaces an earlier one, to which nobody's agreement counts any more."""
    return _mediate(alliance, code, DisputeStepKind.PROPOSAL, text=text, file=file, actor=actor, at=at)


def _mediate(alliance: Alliance, code: str, kind: str, *, text: str, file: Any, actor: User, at: datetime) -> DisputeStep:
    dispute = _locked(alliance, code)
    _open_for(dispute, MEDIATE_DISPUTE, actor)
    step = _add_step(dispute, kind, institution=None, text=_text(text), file=file, actor=actor, at=at)
    _tell(dispute, _concerned(dispute, at, but=actor), "dispute_step", str(step.uuid), at=at)
    return step


@transaction.atomic
def agree_to_proposal(
    alliance: Alliance, code: str, institution_code: str, *, proposal_uuid: str, actor: User, at: datetime
) -> Dispute:
    """Agree to the mediator's latest proposal for a party; when both have, the dispute is settled and sealed.

    Args:
        alliance: The tenant.
        code: The dispute.
        institution_code: The party.
        proposal_uuid: The proposal that the person has read.
        actor: The party's representative.
        at: Now.

    Raises:
        DomainError: There is no proposal, the mediator made another one meanwhile, or the party has agreed already.
    """
    dispute = _locked(alliance, code)
    _open_for(dispute, SPEAK_IN_DISPUTE, actor)
    party = _party(dispute, institution_code, actor)
    SETTLE_DISPUTE.check(dispute.state)
    steps = list(list_steps(dispute))
    if not has_proposal(steps):
        raise DomainError(_("The mediator has made no proposal yet."), code="no_proposal")
    latest = [step for step in steps if step.kind == DisputeStepKind.PROPOSAL][-1]
    if str(latest.uuid) != str(proposal_uuid):
        raise DomainError(
            _("The mediator has made another proposal meanwhile."),
            code="proposal_replaced",
            remedy=_("Reload the page, read the new proposal and decide on that."),
        )
    if party.pk in agreed_ids(dispute, steps):
        raise DomainError(_("Your institution has agreed to this proposal already."), code="agreed_already")
    step = _add_step(dispute, DisputeStepKind.AGREEMENT, institution=party, text=str(latest.uuid), actor=actor, at=at)
    steps.append(step)
    if agreed_ids(dispute, steps) == dispute.party_ids:
        _close(dispute, SETTLE_DISPUTE, text="", institution=None, actor=actor, at=at)
    else:
        _tell(dispute, _concerned(dispute, at, but=actor), "dispute_step", str(step.uuid), at=at)
    return dispute


# ------------------------------------------------------------------------------------------------------------ closing


@transaction.atomic
def escalate_dispute(
    alliance: Alliance, code: str, *, reason: str, institution_code: str = "", actor: User, at: datetime
) -> Dispute:
    """End without a settlement; the parties may go to arbitration or court as their contract says.

    The mediator may do so at any time; a party or the committee only when the time for the next step is over.

    Args:
        alliance: The tenant.
        code: The dispute.
        reason: Why; stands on the record.
        institution_code: The party that ends it; empty for the mediator and the committee.
        actor: The mediator, a party's representative, or a member of the committee without a link.
        at: Now.

    Raises:
        DomainError: The time is not over yet.
    """
    dispute = _locked(alliance, code)
    _open_for(dispute, ESCALATE_DISPUTE, actor)
    ESCALATE.check(dispute.state)
    text = _text(reason)
    mediates = dispute.mediator_id == actor.pk
    party = _party(dispute, institution_code, actor) if institution_code and not mediates else None
    today = timezone.localtime(at).date()
    if not mediates and today <= dispute.due_on:
        raise DomainError(
            _("The time for the next step runs until %(day)s, that day included.") % {"day": dispute.due_on.isoformat()},
            code="deadline_open",
            who=[_("the mediator of this dispute")],
        )
    _close(dispute, ESCALATE, text=text, institution=party, actor=actor, at=at)
    return dispute


@transaction.atomic
def withdraw_dispute(
    alliance: Alliance, code: str, institution_code: str, *, reason: str = "", actor: User, at: datetime
) -> Dispute:
    """Withdraw a dispute, by the party that filed it.

    Raises:
        InvalidInputError: The person does not represent the claimant.
    """
    dispute = _locked(alliance, code)
    _open_for(dispute, SPEAK_IN_DISPUTE, actor)
    party = _party(dispute, institution_code, actor)
    if party.pk != dispute.claimant_id:
        words = _("Only the party that filed the dispute can withdraw it.")
        raise InvalidInputError(words, code="not_claimant", fields={"institution": words})
    WITHDRAW_DISPUTE.check(dispute.state)
    text = _text(reason, needed=False)
    _close(dispute, WITHDRAW_DISPUTE, text=text, institution=party, actor=actor, at=at)
    return dispute


def _close(
    dispute: Dispute, step: Transition, *, text: str, institution: Institution | None, actor: User, at: datetime
) -> None:
    """The last entry, the digest over all of them, and the seal."""
    step.check(dispute.state)
    _add_step(dispute, DisputeStepKind.CLOSURE, institution=institution, text=text, actor=actor, at=at)
    before = dispute.state
    dispute.state, dispute.closed_at = step.target, at
    dispute.digest = dispute_digest(dispute, list_steps(dispute))
    dispute.save(update_fields=["state", "closed_at", "digest"])
    _moved(dispute, step, before, actor=actor, at=at)
    inbox.settle_all(dispute.alliance, f"dispute-mediator:{dispute.code}:", by=actor, at=at)
    inbox.settle_all(dispute.alliance, f"dispute-mediation:{dispute.code}:", by=actor, at=at)
    _tell(dispute, _concerned(dispute, at), "dispute_closed", "closed", at=at)
    seal_soon(dispute.alliance)


@transaction.atomic
def remind_of_disputes(alliance: Alliance, *, at: datetime) -> int:
    """Remind before and after the day of the next step; each reminder goes out once.

    Returns:
        How many disputes are overdue.
    """
    today = timezone.localtime(at).date()
    overdue = 0
    rows = (
        Dispute.objects.of(alliance)
        .filter(state__in=OPEN_DISPUTES, due_on__lte=add_working_days(today, REMIND_WORKING_DAYS))
        .select_related("alliance", "mediator")
    )
    for dispute in rows:
        late = dispute.due_on < today
        overdue += late
        people = (
            [candidate.user for candidate in list_mediators(dispute, at)]
            if dispute.state == DisputeState.FILED
            else _concerned(dispute, at)
        )
        _tell(
            dispute,
            people,
            "dispute_late" if late else "dispute_soon",
            f"{dispute.due_on}:{'late' if late else 'soon'}",
            at=at,
        )
    return overdue
