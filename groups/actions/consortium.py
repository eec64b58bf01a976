"""Technology consortia: founded on written terms, filed with the committee, left at once (charter, article 16; I22)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.files import store_upload
from alliance.actions.notifications import notify
from alliance.choices import AllianceRole
from alliance.kernel.codes import next_code
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import can, require
from alliance.models import User
from groups.choices import ConsortiumRole, ConsortiumState
from groups.models import Consortium, ConsortiumFile, ConsortiumMembership, Motion
from groups.permissions import (
    ANSWER_CONSORTIUM,
    CHANGE_CONSORTIUM,
    FOUND_CONSORTIUM,
    OPEN_CONSORTIUM_FILE,
    SETTLE_RESPONSIBILITY,
    SHARE_CONSORTIUM_FILE,
)
from groups.selectors.consortium import composition_of, what_is_missing
from groups.signals import CONSORTIUM_FILED, CONSORTIUM_LEFT
from groups.transitions import CLOSE_CONSORTIUM, FILE_CONSORTIUM
from members.choices import InstitutionState, StaffRole
from members.models import Institution, InstitutionStaff

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance
    from groups.selectors.consortium import Composition

FILE_PURPOSE: Final = "consortium_file"
NAMES: Final = ("name_en", "name_zh", "technology_en", "technology_zh")
TEXTS: Final = ("plan_en", "plan_zh", "terms_en", "terms_zh")
TERMS: Final = ("terms_en", "terms_zh")
MOST_TEXT: Final = 40_000


def _locked(alliance: Alliance, code: str) -> Consortium:
    found = Consortium.objects.of(alliance).select_for_update(of=("self",)).filter(code=code).first()
    if found is None:
        raise NotFoundError
    return found


def _words(consortium: Consortium) -> dict[str, Any]:
    return {"code": consortium.code, "name_en": consortium.name_en, "name_zh": consortium.name_zh}


def _people_of(alliance: Alliance, institution_ids: Iterable[int], at: datetime) -> list[User]:
    staff = InstitutionStaff.objects.of(alliance).at(at).filter(institution_id__in=list(institution_ids))
    return list(User.objects.filter(pk__in=staff.values("user"), is_active=True))


def _check_values(values: dict[str, str]) -> dict[str, str]:
    kept = {name: values.get(name, "").strip() for name in (*NAMES, *TEXTS)}
    faults: dict[str, StrOrPromise] = {}
    if not kept["name_en"] and not kept["name_zh"]:
        faults["name_en"] = _("Give the consortium a name in at least one language.")
    if not kept["technology_en"] and not kept["technology_zh"]:
        faults["technology_en"] = _("Name the technology in at least one language.")
    for name in NAMES:
        if len(kept[name]) > 200:
            faults[name] = _("At most 200 characters.")
    for name in TEXTS:
        if len(kept[name]) > MOST_TEXT:
            faults[name] = _("This is longer than %(count)s characters.") % {"count": MOST_TEXT}
    if faults:
        raise InvalidInputError(_("The consortium was not saved."), code="consortium_invalid", fields=faults)
    return kept


def _active(alliance: Alliance, code: str, at_field: str = "institution") -> Institution:
    institution = Institution.objects.of(alliance).select_for_update(of=("self",)).filter(code=code).first()
    words: StrOrPromise
    if institution is None:
        words = _("No institution of this alliance has that code.")
        raise InvalidInputError(words, code="institution_unknown", fields={at_field: words})
    if institution.state != InstitutionState.ACTIVE:
        words = _("%(institution)s is not an active member (%(state)s).") % {
            "institution": institution.name,
            "state": institution.get_state_display(),
        }
        raise InvalidInputError(words, code="institution_not_active", fields={at_field: words})
    return institution


# ---------------------------------------------------------------------------------------------------- founding, terms


@transaction.atomic
def found_consortium(alliance: Alliance, institution_code: str, *, actor: User, at: datetime, **values: str) -> Consortium:
    """Found a consortium; the institution becomes its lead unit.

    Args:
        alliance: The tenant.
        institution_code: The founder, an active member.
        actor: Its representative.
        at: Now.
        values: Names, technology, research plan and terms in both languages.

    Raises:
        InvalidInputError: A name or the technology is missing, or the founder is not active.
    """
    institution = _active(alliance, institution_code)
    lead = ConsortiumMembership(
        alliance=alliance, institution=institution, role=ConsortiumRole.LEAD, starts_at=at, accepted_at=at
    )
    require(actor, FOUND_CONSORTIUM, lead)
    kept = _check_values(values)
    consortium = Consortium(alliance=alliance, code=next_code(Consortium, alliance, "K", 2), created_at=at, **kept)
    try:
        with transaction.atomic():
            consortium.save(force_insert=True)
    except IntegrityError as error:
        raise InvalidInputError(
            _("Somebody else founded a consortium a moment ago; send yours again."), code="code_taken"
        ) from error
    lead.consortium = consortium
    lead.save(force_insert=True)
    record_audit(
        consortium,
        actor=actor,
        verb="found_consortium",
        after={"code": consortium.code, "lead": institution.code},
        personal={f"after.{name}": kept[name] for name in ("name_en", "name_zh") if kept[name]},
        at=at,
    )
    return consortium


@transaction.atomic
def change_consortium(alliance: Alliance, code: str, *, actor: User, at: datetime, **values: str) -> Consortium:
    """Change names, technology, plan and terms.

    The terms bind whoever accepted them: while the consortium is being formed, new terms ask every other member to accept
    them again; once it is filed, its terms stay as they are.

    Raises:
        InvalidInputError: A value is missing or too long, or the terms of a filed consortium would change.
        DomainError: It is closed.
    """
    consortium = _locked(alliance, code)
    require(actor, CHANGE_CONSORTIUM, consortium)
    _refuse_closed(consortium)
    kept = _check_values(values)
    changed = [name for name, value in kept.items() if getattr(consortium, name) != value]
    if not changed:
        return consortium
    new_terms = any(name in TERMS for name in changed)
    if new_terms and consortium.state != ConsortiumState.FORMING:
        words = _("The terms were filed with the committee and accepted by every member; they stay as they are.")
        raise InvalidInputError(
            words,
            code="terms_filed",
            remedy=_("Agree on new terms in a new consortium, or keep the old wording here."),
            fields={next(name for name in changed if name in TERMS): words},
        )
    for name in changed:
        setattr(consortium, name, kept[name])
    consortium.save(update_fields=changed)
    record_audit(consortium, actor=actor, verb="change_consortium", after={"code": code, "changed": sorted(changed)}, at=at)
    if new_terms:
        _ask_again(alliance, consortium, actor=actor, at=at)
    return consortium


def _ask_again(alliance: Alliance, consortium: Consortium, *, actor: User, at: datetime) -> None:
    for part in composition_of(consortium, at).present:
        if part.role == ConsortiumRole.LEAD:
            continue
        part.accepted_at = None
        part.save(update_fields=["accepted_at"])
        record_audit(
            consortium,
            actor=actor,
            verb="invite_to_consortium",
            before={"institution": part.institution.code, "accepted": True},
            after={"institution": part.institution.code, "accepted": False},
            at=at,
        )
        _ask(alliance, consortium, part, at=at)


def _ask(alliance: Alliance, consortium: Consortium, part: ConsortiumMembership, *, at: datetime) -> None:
    inbox.ask(
        alliance,
        "consortium_invitation",
        f"consortium:{consortium.code}:{part.institution_id}",
        inbox.institution(part.institution_id, StaffRole.REPRESENTATIVE),
        params=_words(consortium),
        url_name="portal_consortium",
        url_kwargs={"code": consortium.code},
        at=at,
    )


def _refuse_closed(consortium: Consortium) -> None:
    if consortium.state == ConsortiumState.CLOSED:
        raise DomainError(_("%(code)s is closed.") % {"code": consortium.code}, code="consortium_closed")


@transaction.atomic
def invite_to_consortium(
    alliance: Alliance,
    code: str,
    institution_code: str,
    *,
    role: str = ConsortiumRole.MEMBER,
    contribution_en: str = "",
    contribution_zh: str = "",
    actor: User,
    at: datetime,
) -> ConsortiumMembership:
    """Invite an institution; it has no access to files until its representative accepts the terms.

    Raises:
        InvalidInputError: No such role or active institution, or it is in already or invited.
    """
    consortium = _locked(alliance, code)
    require(actor, CHANGE_CONSORTIUM, consortium)
    _refuse_closed(consortium)
    words: StrOrPromise
    if role not in ConsortiumRole.values:
        words = _("Choose lead unit or member.")
        raise InvalidInputError(words, code="role_unknown", fields={"role": words})
    for name, value in (("contribution_en", contribution_en), ("contribution_zh", contribution_zh)):
        if len(value) > 300:
            words = _("At most 300 characters.")
            raise InvalidInputError(words, code="contribution_long", fields={name: words})
    institution = _active(alliance, institution_code)
    part = ConsortiumMembership(
        alliance=alliance,
        consortium=consortium,
        institution=institution,
        role=role,
        contribution_en=contribution_en.strip(),
        contribution_zh=contribution_zh.strip(),
        starts_at=at,
    )
    try:
        with transaction.atomic():
            part.save(force_insert=True)
    except IntegrityError as error:
        if "consortium_membership_periods_apart" not in str(error):
            raise
        words = _("%(institution)s is in this consortium already, or invited to it.") % {"institution": institution.name}
        raise InvalidInputError(words, code="member_already", fields={"institution": words}) from error
    record_audit(
        consortium,
        actor=actor,
        verb="invite_to_consortium",
        after={"code": code, "institution": institution.code, "role": role},
        at=at,
    )
    _ask(alliance, consortium, part, at=at)
    return part


def _part(consortium: Consortium, institution_code: str, at: datetime, *, accepted: bool) -> ConsortiumMembership:
    part = (
        ConsortiumMembership.objects.of(consortium.alliance)
        .at(at)
        .select_for_update(of=("self",))
        .select_related("institution")
        .filter(consortium=consortium, institution__code=institution_code, accepted_at__isnull=not accepted)
        .first()
    )
    if part is None:
        raise NotFoundError
    return part


def _end(part: ConsortiumMembership, at: datetime) -> None:
    part.ends_at = max(at, part.starts_at + timedelta(microseconds=1))
    part.save(update_fields=["ends_at"])


@transaction.atomic
def accept_terms(alliance: Alliance, code: str, institution_code: str, *, actor: User, at: datetime) -> ConsortiumMembership:
    """Accept the written terms for an invited institution; it is a member from now on.

    Raises:
        NotFoundError: It is not invited.
        InvalidInputError: It is no active member of the alliance, or there are no terms yet.
    """
    consortium = _locked(alliance, code)
    part = _part(consortium, institution_code, at, accepted=False)
    require(actor, ANSWER_CONSORTIUM, part)
    _refuse_closed(consortium)
    _active(alliance, institution_code)
    if not (consortium.terms_en or consortium.terms_zh):
        raise InvalidInputError(
            _("There are no written terms yet that you could accept."),
            code="terms_missing",
            who=[_("the lead unit, which writes them")],
        )
    part.accepted_at = at
    part.starts_at = max(part.starts_at, at)
    part.save(update_fields=["accepted_at", "starts_at"])
    record_audit(
        consortium,
        actor=actor,
        verb="join_consortium",
        after={"code": code, "institution": institution_code, "role": part.role},
        at=at,
    )
    inbox.settle(alliance, f"consortium:{code}:{part.institution_id}", by=actor, at=at)
    _tell(alliance, consortium, "consortium_joined", part, at=at)
    return part


@transaction.atomic
def decline_terms(
    alliance: Alliance, code: str, institution_code: str, *, actor: User, at: datetime
) -> ConsortiumMembership:
    """Decline an invitation for the institution, or take it back as lead unit."""
    consortium = _locked(alliance, code)
    part = _part(consortium, institution_code, at, accepted=False)
    takes_back = can(actor, CHANGE_CONSORTIUM, consortium)
    if not takes_back:
        require(actor, ANSWER_CONSORTIUM, part)
    _end(part, at)
    record_audit(
        consortium,
        actor=actor,
        verb="withdraw_consortium_invitation" if takes_back else "decline_consortium",
        after={"code": code, "institution": institution_code},
        at=at,
    )
    inbox.settle(alliance, f"consortium:{code}:{part.institution_id}", by=actor, at=at)
    if not takes_back:
        _tell(alliance, consortium, "consortium_declined", part, at=at)
    return part


def _tell(alliance: Alliance, consortium: Consortium, kind: str, part: ConsortiumMembership, *, at: datetime) -> None:
    """Tell the people of the lead units what an institution did."""
    institution = part.institution
    others = consortium.lead_ids() - {institution.pk}
    notify(
        alliance,
        _people_of(alliance, others, at),
        kind,
        f"{kind}:{consortium.code}:{institution.pk}:{at.isoformat()}",
        params={
            **_words(consortium),
            "institution_en": institution.name_en or institution.name_zh,
            "institution_zh": institution.name_zh or institution.name_en,
        },
        at=at,
        url_name="portal_consortium",
        url_kwargs={"code": consortium.code},
    )


@transaction.atomic
def file_consortium(alliance: Alliance, code: str, *, motion_code: str = "", actor: User, at: datetime) -> Consortium:
    """File a consortium with the committee: it is active from now on and its terms are fixed.

    Args:
        alliance: The tenant.
        code: The consortium.
        motion_code: Motion by which the committee took note, where there is one.
        actor: The representative of a lead unit.
        at: Now.

    Raises:
        InvalidInputError: Too few members or kinds, no terms, no plan, or no such motion.
    """
    consortium = _locked(alliance, code)
    require(actor, CHANGE_CONSORTIUM, consortium)
    FILE_CONSORTIUM.check(consortium.state)
    if missing := what_is_missing(consortium, composition_of(consortium, at)):
        raise InvalidInputError(
            _("The consortium cannot be filed yet."),
            code="consortium_incomplete",
            remedy=" ".join(str(words) for words in missing),
        )
    motion = None
    if motion_code.strip():
        motion = Motion.objects.of(alliance).filter(code=motion_code.strip()).first()
        if motion is None:
            words = _("There is no motion of that code.")
            raise InvalidInputError(words, code="motion_unknown", fields={"motion": words})
    before = consortium.state
    consortium.state, consortium.motion = FILE_CONSORTIUM.target, motion
    consortium.filed_on = timezone.localtime(at).date()
    consortium.save(update_fields=["state", "motion", "filed_on"])
    record_audit(
        consortium,
        actor=actor,
        verb=FILE_CONSORTIUM.name,
        before={"state": before},
        after={"state": consortium.state, "code": code, "motion": motion.code if motion else None},
        at=at,
    )
    inbox.ask(
        alliance,
        "consortium_filed",
        f"consortium-filed:{code}",
        inbox.office(AllianceRole.COMMITTEE),
        params=_words(consortium),
        url_name="consortium_detail",
        url_kwargs={"code": code},
        at=at,
    )
    emit(alliance, CONSORTIUM_FILED, {"consortium": code})
    return consortium


# --------------------------------------------------------------------------------------------- leaving, lead, closing


def _refuse_orphan(parts: Composition, part: ConsortiumMembership) -> None:
    """A consortium whose only lead unit leaves while others stay would have nobody to run it."""
    others = [one for one in parts.present if one.pk != part.pk]
    if part.role == ConsortiumRole.LEAD and others and len(parts.leads) == 1:
        raise DomainError(
            _("%(institution)s is the only lead unit; hand over the lead first.") % {"institution": part.institution.name},
            code="lead_needed",
            remedy=_("Choose another member as lead unit, or close the consortium."),
        )


@transaction.atomic
def leave_consortium(
    alliance: Alliance, code: str, institution_code: str, *, actor: User, at: datetime
) -> ConsortiumMembership:
    """Leave a consortium; the institution's people lose access to its files with this very moment.

    The last one to leave closes it, and with it the invitations.

    Raises:
        NotFoundError: The institution is no present member.
        DomainError: It is the only lead unit and others stay.
    """
    consortium = _locked(alliance, code)
    part = _part(consortium, institution_code, at, accepted=True)
    require(actor, ANSWER_CONSORTIUM, part)
    _refuse_orphan(composition_of(consortium, at), part)
    return _leave(consortium, part, actor=actor, at=at)


def _leave(consortium: Consortium, part: ConsortiumMembership, *, actor: User | None, at: datetime) -> ConsortiumMembership:
    alliance = consortium.alliance
    _end(part, at)
    record_audit(
        consortium,
        actor=actor,
        verb="leave_consortium",
        before={"institution": part.institution.code, "role": part.role},
        after={"code": consortium.code, "institution": part.institution.code, "until": part.ends_at},
        at=at,
    )
    emit(alliance, CONSORTIUM_LEFT, {"consortium": consortium.code, "institution": part.institution.code})
    _tell(alliance, consortium, "consortium_left", part, at=at)
    if not composition_of(consortium, at).present and consortium.state != ConsortiumState.CLOSED:
        _close(consortium, actor=actor, at=at)  # nobody is left who could lead those invited
    return part


@transaction.atomic
def hand_over_lead(
    alliance: Alliance, code: str, institution_code: str, to_code: str, *, actor: User, at: datetime
) -> ConsortiumMembership:
    """Make another present member the lead unit in one's own place; both periods stay on record.

    Args:
        alliance: The tenant.
        code: The consortium.
        institution_code: The lead unit that hands over; it stays as a member.
        to_code: The member that takes over.
        actor: The representative of the lead unit that hands over.
        at: Now.

    Raises:
        InvalidInputError: The other one is no present member, or leads already.
    """
    consortium = _locked(alliance, code)
    part = _part(consortium, institution_code, at, accepted=True)
    require(actor, ANSWER_CONSORTIUM, part)
    require(actor, CHANGE_CONSORTIUM, consortium)
    _refuse_closed(consortium)
    return _hand_over_lead(consortium, part, to_code, actor=actor, at=at)


def _hand_over_lead(
    consortium: Consortium, part: ConsortiumMembership, to_code: str, *, actor: User, at: datetime, stays: bool = True
) -> ConsortiumMembership:
    following = next(
        (
            one
            for one in composition_of(consortium, at).present
            if one.institution.code == to_code and one.role == ConsortiumRole.MEMBER and one.pk != part.pk
        ),
        None,
    )
    if part.role != ConsortiumRole.LEAD or following is None:
        words = _("Choose a present member that is no lead unit yet.")
        raise InvalidInputError(words, code="no_member", fields={"institution": words})
    _change_role(following, ConsortiumRole.LEAD, at)
    if stays:
        _change_role(part, ConsortiumRole.MEMBER, at)
    record_audit(
        consortium,
        actor=actor,
        verb="hand_over_lead",
        before={"code": consortium.code, "lead": part.institution.code},
        after={"code": consortium.code, "lead": to_code},
        at=at,
    )
    _tell_all(consortium, "consortium_lead", at=at)
    return following


def _change_role(part: ConsortiumMembership, role: str, at: datetime) -> None:
    """End the period and begin another one with the new role; a period of no length would be none."""
    if part.starts_at >= at:
        part.role = role
        part.save(update_fields=["role"])
        return
    part.ends_at = at
    part.save(update_fields=["ends_at"])
    ConsortiumMembership.objects.create(
        alliance=part.alliance,
        consortium_id=part.consortium_id,
        institution_id=part.institution_id,
        role=role,
        contribution_en=part.contribution_en,
        contribution_zh=part.contribution_zh,
        accepted_at=part.accepted_at,
        starts_at=at,
    )


def _tell_all(consortium: Consortium, kind: str, *, at: datetime) -> None:
    ids = [part.institution_id for part in composition_of(consortium, at).present]
    notify(
        consortium.alliance,
        _people_of(consortium.alliance, ids, at),
        kind,
        f"{kind}:{consortium.code}:{at.isoformat()}",
        params=_words(consortium),
        at=at,
        url_name="portal_consortium",
        url_kwargs={"code": consortium.code},
    )


@transaction.atomic
def settle_part(
    alliance: Alliance, code: str, institution: Institution, to: Institution | None, *, actor: User, at: datetime
) -> None:
    """Settle a leaving member's part in a consortium: hand over the lead where it has it, then end the part.

    Args:
        alliance: The tenant.
        code: The consortium.
        institution: Who leaves the alliance.
        to: Who takes the lead over; must be a present member. None where another lead unit stays or nobody does.
        actor: Of the office.
        at: Now.

    Raises:
        DomainError: It is the only lead unit, others stay, and nobody takes over.
    """
    consortium = _locked(alliance, code)
    require(actor, SETTLE_RESPONSIBILITY, consortium)
    part = _part(consortium, institution.code, at, accepted=True)
    if to is not None:
        _hand_over_lead(consortium, part, to.code, actor=actor, at=at, stays=False)
    _refuse_orphan(composition_of(consortium, at), part)
    _leave(consortium, part, actor=actor, at=at)


@transaction.atomic
def end_parts_of(alliance: Alliance, institution_code: str, *, at: datetime) -> int:
    """End every part and invitation of an institution that has no rights in the alliance any more.

    Its people lost access with their roles already; this keeps the consortia's own records right.

    Returns:
        How many ended.
    """
    rows = (
        ConsortiumMembership.objects.of(alliance)
        .at(at)
        .select_for_update(of=("self",))
        .select_related("institution", "consortium")
        .filter(institution__code=institution_code)
    )
    ended = 0
    for part in rows:
        part.consortium.alliance = alliance
        inbox.settle(alliance, f"consortium:{part.consortium.code}:{part.institution_id}", by=None, at=at)
        _leave(part.consortium, part, actor=None, at=at)
        ended += 1
    return ended


@transaction.atomic
def close_consortium(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Consortium:
    """Close a consortium: every part and invitation ends with this moment, and with them the access to files."""
    consortium = _locked(alliance, code)
    require(actor, CHANGE_CONSORTIUM, consortium)
    CLOSE_CONSORTIUM.check(consortium.state)
    return _close(consortium, actor=actor, at=at)


def _close(consortium: Consortium, *, actor: User | None, at: datetime) -> Consortium:
    _tell_all(consortium, "consortium_closed", at=at)
    parts = composition_of(consortium, at)
    for part in (*parts.present, *parts.invited):
        _end(part, at)
        inbox.settle(consortium.alliance, f"consortium:{consortium.code}:{part.institution_id}", by=actor, at=at)
    before = consortium.state
    consortium.state, consortium.closed_on = CLOSE_CONSORTIUM.target, timezone.localtime(at).date()
    consortium.save(update_fields=["state", "closed_on"])
    record_audit(
        consortium,
        actor=actor,
        verb=CLOSE_CONSORTIUM.name,
        before={"state": before},
        after={"state": consortium.state, "code": consortium.code},
        at=at,
    )
    return consortium


# ------------------------------------------------------------------------------------------------------------- files


@transaction.atomic
def share_consortium_file(
    alliance: Alliance, code: str, institution_code: str, *, title: str, file: Any, actor: User, at: datetime
) -> ConsortiumFile:
    """Share a file with the present members of a consortium.

    Args:
        alliance: The tenant.
        code: The consortium.
        institution_code: For which member; the person acts for it.
        title: What it is.
        file: The upload.
        actor: A person of a present member.
        at: Now.

    Raises:
        InvalidInputError: No title or no file.
        UploadRefusedError: The file is not of a kind taken here.
    """
    consortium = _locked(alliance, code)
    require(actor, SHARE_CONSORTIUM_FILE, consortium)
    _refuse_closed(consortium)
    part = _part(consortium, institution_code, at, accepted=True)
    faults: dict[str, StrOrPromise] = {}
    if not title.strip() or len(title) > 200:
        faults["title"] = _("Say what the file is, in at most 200 characters.")
    if not file:
        faults["file"] = _("Choose a file.")
    if faults:
        raise InvalidInputError(_("The file was not shared."), code="file_incomplete", fields=faults)
    stored = store_upload(alliance, file, FILE_PURPOSE, actor=actor, permission=OPEN_CONSORTIUM_FILE)
    shared = ConsortiumFile.objects.create(
        alliance=alliance,
        consortium=consortium,
        file=stored,
        title=title.strip(),
        institution=part.institution,
        added_by=actor,
        added_at=at,
    )
    record_audit(
        shared,
        actor=actor,
        verb="share_consortium_file",
        after={"consortium": code, "institution": institution_code, "sha256": stored.sha256},
        personal={"title": shared.title},
        at=at,
    )
    return shared


@transaction.atomic
def withdraw_consortium_file(alliance: Alliance, code: str, file_uuid: UUID, *, actor: User, at: datetime) -> None:
    """Take a shared file back: by the person who shared it, or by a lead unit. Nobody can open it any more.

    Raises:
        NotFoundError: There is no such file here, or it is not the actor's to take back.
    """
    consortium = _locked(alliance, code)
    require(actor, SHARE_CONSORTIUM_FILE, consortium)
    shared = consortium.files.select_for_update().filter(uuid=file_uuid, withdrawn_at__isnull=True).first()
    if shared is None or not (shared.added_by_id == actor.pk or can(actor, CHANGE_CONSORTIUM, consortium)):
        raise NotFoundError
    shared.withdrawn_at = at
    shared.save(update_fields=["withdrawn_at"])
    record_audit(shared, actor=actor, verb="withdraw_consortium_file", after={"consortium": code}, at=at)
