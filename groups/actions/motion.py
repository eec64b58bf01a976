"""Puts motions, opens and closes votes on them, and casts votes (security.md section 4(b); model charter, articles 17 to 20).

Casting locks the motion FOR SHARE and closing FOR UPDATE, so a vote that was accepted is counted and none comes after the count.
Nothing written while a vote is open says how anybody voted: not the audit log, not an event, not an inbox item. The close is one
transaction; the key of a secret ballot is destroyed after it is committed.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.actions.sealing import seal_soon
from alliance.kernel import faults
from alliance.kernel.codes import next_code
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
)
from alliance.kernel.events import emit
from alliance.kernel.formats import format_moment
from alliance.kernel.permissions import grants_of, institutions_acted_for, permissions, require
from groups.actions import ballot_keys
from groups.actions.conflict import lock_matter, require_no_conflict, screen_matter
from groups.choices import (
    DECIDED_MOTIONS,
    MIN_SECRET_VOTERS,
    MIN_WEIGHTED_SECRET_VOTERS,
    AbstentionRule,
    BallotForm,
    Choice,
    MotionState,
    ResultLevel,
    Threshold,
    VoteBase,
    Weighting,
)
from groups.models import (
    BallotEnvelope,
    BallotPaper,
    Meeting,
    Motion,
    MotionElector,
    Participation,
    Teller,
    VirtualGroup,
    Vote,
)
from groups.permissions import CAST_VOTE, PUT_MOTION, RUN_MOTION
from groups.selectors import ballot_box, disclosure, tally
from groups.selectors.charter import charter_in_force
from groups.selectors.conflict import list_recused
from groups.selectors.electors import list_electors
from groups.selectors.matters import is_matter_name
from groups.selectors.motion import DOCUMENT_FORMAT, canonical, digest_of, matter_of, voter_ids, voters_of
from groups.selectors.motion_effects import effects
from groups.selectors.proxy import proxies_for, proxies_per_holder
from groups.signals import MOTION_DECIDED, MOTION_OPENED
from groups.transitions import CLOSE_MOTION, OPEN_MOTION, VOID_MOTION, WITHDRAW_MOTION
from members.choices import InstitutionKind
from members.models import Institution

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

logger = logging.getLogger(__name__)

CIRCULATION_DAYS: Final = 5
"""Working days of a vote by circulation where no charter is in force (model charter, article 19)."""
AGAIN_AFTER: Final = timedelta(days=7)
"""A motion that lapsed may be put again after it (model charter, article 17)."""
MOST_WEIGHT: Final = 20
"""Heaviest vote; security.md knows the risk of disclosure up to it."""

TEXT_FIELDS: Final = ("title_en", "title_zh", "text_en", "text_zh")
RULE_FIELDS: Final = ("threshold", "base", "abstention", "ballot", "weighting", "weights", "publish_box", "is_public")
_CHOICES: Final[Mapping[str, Collection[str]]] = {
    "threshold": Threshold.values,
    "base": VoteBase.values,
    "abstention": AbstentionRule.values,
    "ballot": BallotForm.values,
    "weighting": Weighting.values,
}


class VoteRefusedError(DomainError):
    """This vote cannot be cast."""

    code = "vote_refused"


@dataclass(frozen=True, slots=True)
class Cast:
    """A vote that was recorded.

    Attributes:
        motion: The motion.
        institution: For whom.
        holder: Who voted for it by proxy; None: its own vote.
        again: Whether it replaces an earlier one.
        envelope: SHA-256 of the sealed envelope, in hex, as the audit log has it; empty in an open ballot.
        code: Receipt code of a secret ballot; it is not stored anywhere.
    """

    motion: Motion
    institution: Institution
    holder: Institution | None
    again: bool
    envelope: str = ""
    code: str = field(default="", repr=False)


# ------------------------------------------------------------------------------------------------------ helpers


def add_working_days(day: datetime, number: int) -> datetime:
    """A moment so many working days later; Saturdays and Sundays do not count, public holidays do."""
    moved = day
    while number:
        moved += timedelta(days=1)
        if timezone.localtime(moved).isoweekday() < 6:
            number -= 1
    return moved


def earliest_close(alliance: Alliance, at: datetime) -> datetime:
    """The first moment at which a vote by circulation opened now may close; one query."""
    charter = charter_in_force(alliance)
    return add_working_days(at, charter.circulation_days if charter is not None else CIRCULATION_DAYS)


def _lock(alliance: Alliance, code: str, *, shared: bool = False) -> Motion:
    """A motion locked until the end of the transaction: FOR SHARE beside other votes, else FOR UPDATE.

    Raises:
        NotFoundError: There is none.
    """
    mode = "FOR SHARE" if shared else "FOR UPDATE"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM groups_motion WHERE alliance_id = %s AND code = %s {mode}",  # noqa: S608 - constants
            [alliance.pk, code],
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFoundError
    return Motion.objects.of(alliance).select_related("group", "meeting", "proposer").get(pk=row[0])


def _require_to_run(alliance: Alliance, motion: Motion, actor: User, permission: str = RUN_MOTION) -> None:
    """Ask the permission, and that no institution the person acts for stands aside from the matter.

    A member may always change or withdraw the draft it has put itself.

    Raises:
        PermissionRefusedError: The actor may not.
        ConflictOfInterestError: One of the actor's institutions stands aside.
    """
    require(actor, permission, motion)
    own = institutions_acted_for(grants_of(actor, alliance))
    if own and not (motion.state == MotionState.DRAFT and motion.proposer_id in own):
        require_no_conflict(alliance, own, matter_of(motion))


def _moment(value: datetime) -> str:
    return format_moment(timezone.localtime(value), get_language())


def _refuse(words: StrOrPromise, code: str, name: str = "", *, remedy: StrOrPromise = "") -> NoReturn:
    raise InvalidInputError(words, code=code, remedy=remedy, fields={name: words} if name else None)


def _check_texts(motion: Motion) -> None:
    for name in TEXT_FIELDS:
        setattr(motion, name, getattr(motion, name).strip())
    if not motion.title_en and not motion.title_zh:
        _refuse(_("Give the motion a title in at least one language."), "title_missing", "title_en")
    for name in ("title_en", "title_zh"):
        if len(getattr(motion, name)) > 300:
            _refuse(_("A title has 300 characters at most."), "title_long", name)


def _check_rule(motion: Motion) -> None:
    for name, allowed in _CHOICES.items():
        if getattr(motion, name) not in allowed:
            _refuse(_("Choose one of the values in the list."), "choice_unknown", name)
    if motion.weighting == Weighting.EQUAL:
        motion.weights = {}
        return
    weights = motion.weights or {}
    if not isinstance(weights, Mapping) or set(weights) - set(InstitutionKind.values) or not weights:
        _refuse(_("Give a weight for each kind of member."), "weights_unknown", "weights")
    for weight in weights.values():
        if isinstance(weight, bool) or not isinstance(weight, int) or not 1 <= weight <= MOST_WEIGHT:
            _refuse(
                _("A weight is a whole number from 1 to %(most)s.") % {"most": MOST_WEIGHT}, "weight_out_of_range", "weights"
            )
    motion.weights = {str(kind): weight for kind, weight in weights.items()}


def _words_of(motion: Motion) -> dict[str, Any]:
    """Placeholders of the texts about a motion."""
    params: dict[str, Any] = {"code": motion.code, "title_en": motion.title_en, "title_zh": motion.title_zh}
    if motion.closes_at is not None:
        params |= {
            "closes_en": format_moment(timezone.localtime(motion.closes_at), "en"),
            "closes_zh": format_moment(timezone.localtime(motion.closes_at), "zh-hans"),
        }
    return params


def _inbox_key(motion: Motion, institution: Institution | None = None) -> str:
    return f"vote:{motion.code}:{institution.code if institution else ''}"


# ---------------------------------------------------------------------------------------------- draft and change


@transaction.atomic
def draft_motion(
    alliance: Alliance,
    *,
    group_kind: str | None,
    title_en: str = "",
    title_zh: str = "",
    text_en: str = "",
    text_zh: str = "",
    effect: str = "",
    effect_params: Mapping[str, Any] | None = None,
    matter: str = "",
    threshold: str = Threshold.SIMPLE,
    base: str = VoteBase.PRESENT,
    abstention: str = AbstentionRule.COUNTS,
    ballot: str = BallotForm.OPEN,
    weighting: str = Weighting.EQUAL,
    weights: Mapping[str, int] | None = None,
    publish_box: bool = False,
    is_public: bool = False,
    meeting: Meeting | None = None,
    proposer_code: str = "",
    code: str = "",
    actor: User | None,
    at: datetime,
) -> Motion:
    """Put a motion to a body; it can be changed until its vote opens.

    Args:
        alliance: The tenant.
        group_kind: The body; None for the assembly.
        title_en: Title in English.
        title_zh: Title in Chinese; one of the two is needed.
        text_en: What is moved, in English.
        text_zh: The same in Chinese.
        effect: Name of a registered effect; empty for none.
        effect_params: What the effect needs.
        matter: What it is about, as conflicts name it; empty: the motion itself.
        threshold: Majority.
        base: Of those taking part or of all entitled.
        abstention: What an abstention does to the base.
        ballot: Open or secret.
        weighting: Equal or by class.
        weights: Kind of institution -> weight; by class only.
        publish_box: Secret ballots: whether members may see codes with choices after the close.
        is_public: Whether it comes into the public register once it is decided.
        meeting: The meeting it is decided in; None: by circulation.
        proposer_code: The member that puts it; empty: the secretariat.
        code: Code to use, for loaders; the next number when empty.
        actor: Needs ``groups.put_motion``; None for the system itself.
        at: Now.

    Raises:
        InvalidInputError: No title, unknown value, group not established, or unknown proposer.
    """
    group = None
    if group_kind:
        group = VirtualGroup.objects.of(alliance).filter(kind=group_kind).first()
        if group is None:
            _refuse(_("This group is not established yet."), "group_unknown", "group")
    proposer = None
    if proposer_code:
        proposer = Institution.objects.of(alliance).active().filter(code=proposer_code).first()
        if proposer is None:
            _refuse(_("No active member of this alliance has that code."), "institution_unknown", "proposer")
    motion = Motion(
        alliance=alliance,
        group=group,
        meeting=meeting,
        title_en=title_en,
        title_zh=title_zh,
        text_en=text_en,
        text_zh=text_zh,
        proposer=proposer,
        proposed_by=actor,
        matter=matter.strip(),
        effect=effect,
        effect_params=dict(effect_params or {}),
        threshold=threshold,
        base=base,
        abstention=abstention,
        ballot=ballot,
        weighting=weighting,
        weights=dict(weights or {}),
        publish_box=publish_box,
        is_public=is_public,
        created_at=at,
    )
    if actor is not None:
        require(actor, PUT_MOTION, motion)
    if effect and effect not in effects:
        _refuse(_("Nothing is known to happen under this name."), "effect_unknown", "effect")
    if motion.matter and not is_matter_name(motion.matter):
        _refuse(_("Name the matter, e.g. product:P-029."), "matter_unknown", "matter")
    _check_texts(motion)
    _check_rule(motion)
    charter = charter_in_force(alliance)
    if charter is not None:
        motion.quorum_numerator, motion.quorum_denominator = charter.quorum_numerator, charter.quorum_denominator
    motion.code = code or next_code(Motion, alliance, "M", 4)
    motion.save(force_insert=True)
    record_audit(
        motion,
        actor=actor,
        verb="draft_motion",
        after={
            "code": motion.code,
            "body": group.kind if group else "assembly",
            "proposer": proposer.code if proposer else None,
            "matter": matter_of(motion),
            "effect": effect or None,
            **tally.Rule.of(motion).plain(),
            "ballot": motion.ballot,
            "weights": motion.weights,
        },
        personal={name: getattr(motion, name) for name in TEXT_FIELDS if getattr(motion, name)},
        at=at,
    )
    return motion


@transaction.atomic
def change_motion(alliance: Alliance, code: str, *, values: Mapping[str, Any], actor: User, at: datetime) -> Motion:
    """Change texts or rule of a motion whose vote is not open yet.

    Args:
        alliance: The tenant.
        code: The motion.
        values: By name, of TEXT_FIELDS and RULE_FIELDS.
        actor: Needs ``groups.put_motion``.
        at: Now.

    Raises:
        InvalidInputError: An unknown field or value, or no title.
        TransitionRefusedError: The vote is open or over.
    """
    motion = _lock(alliance, code)
    _require_to_run(alliance, motion, actor, PUT_MOTION)
    OPEN_MOTION.check(motion.state)
    if unknown := sorted(set(values) - {*TEXT_FIELDS, *RULE_FIELDS}):
        _refuse(_("These fields cannot be changed here: %(names)s.") % {"names": ", ".join(unknown)}, "unknown_fields")
    before = {name: getattr(motion, name) for name in values}
    for name, value in values.items():
        setattr(motion, name, value)
    _check_texts(motion)
    _check_rule(motion)
    changed = {name for name in values if getattr(motion, name) != before[name]}
    if not changed:
        return motion
    motion.save(update_fields=[*changed, "weights"])
    record_audit(
        motion,
        actor=actor,
        verb="change_motion",
        before={name: before[name] for name in sorted(changed - set(TEXT_FIELDS))},
        after={name: getattr(motion, name) for name in sorted(changed - set(TEXT_FIELDS))},
        personal={name: getattr(motion, name) for name in sorted(changed & set(TEXT_FIELDS)) if getattr(motion, name)},
        at=at,
    )
    return motion


@transaction.atomic
def put_again(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Motion:
    """Draft a motion anew that lapsed for want of a quorum, was withdrawn, or whose vote was void.

    Raises:
        InvalidInputError: It was decided, or lapsed less than seven days ago.
    """
    old = _lock(alliance, code, shared=True)
    require(actor, PUT_MOTION, old)
    if old.state not in {MotionState.LAPSED, MotionState.VOID, MotionState.WITHDRAWN}:
        _refuse(_("Only a motion that lapsed, was withdrawn or whose vote was void can be put again."), "not_to_put_again")
    if old.state == MotionState.LAPSED and old.closed_at is not None and at < old.closed_at + AGAIN_AFTER:
        _refuse(_("A motion that lapsed may be put again after seven days."), "put_again_early")
    return draft_motion(
        alliance,
        group_kind=old.group.kind if old.group else None,
        effect=old.effect,
        effect_params=old.effect_params,
        matter="" if not old.matter else old.matter,
        threshold=old.threshold,
        base=old.base,
        abstention=old.abstention,
        ballot=old.ballot,
        weighting=old.weighting,
        weights=old.weights,
        publish_box=old.publish_box,
        is_public=old.is_public,
        proposer_code=old.proposer.code if old.proposer else "",
        actor=actor,
        at=at,
        **{name: getattr(old, name) for name in TEXT_FIELDS},
    )


@transaction.atomic
def name_teller(alliance: Alliance, code: str, *, institution_code: str, actor: User, at: datetime) -> list[Teller]:
    """Make the representatives of a member the tellers of a secret ballot: they may recount it where others may not.

    Args:
        alliance: The tenant.
        code: A secret motion that is not decided.
        institution_code: The member; it does not stand aside from the matter.
        actor: Needs ``groups.run_motion``.
        at: Now.

    Raises:
        InvalidInputError: Not a secret ballot, decided already, unknown member, nobody represents it, or it stands aside.
    """
    motion = _lock(alliance, code)
    _require_to_run(alliance, motion, actor)
    if motion.ballot != BallotForm.SECRET or motion.state not in {MotionState.DRAFT, MotionState.OPEN}:
        _refuse(_("Tellers are named for a secret ballot, before its close."), "no_tellers", "institution")
    institution = Institution.objects.of(alliance).active().filter(code=institution_code).first()
    if institution is None:
        _refuse(_("No active member of this alliance has that code."), "institution_unknown", "institution")
    if institution.pk in list_recused(alliance, matter_of(motion)):
        _refuse(_("A member that stands aside from the matter is no teller."), "conflict_of_interest", "institution")
    named = [
        Teller.objects.get_or_create(
            alliance=alliance, motion=motion, user=staff.user, defaults={"institution": institution}
        )[0]
        for staff in voters_of(alliance, [institution.pk], at)
    ]
    if not named:
        _refuse(_("Nobody represents this member now."), "no_representative", "institution")
    record_audit(motion, actor=actor, verb="name_teller", after={"institution": institution.code}, at=at)
    return named


# ---------------------------------------------------------------------------------------------------------- open


@transaction.atomic
def open_motion(alliance: Alliance, code: str, *, closes_at: datetime, actor: User | None, at: datetime) -> Motion:
    """Open the vote: the roll with its weights is frozen, the electors are told.

    Args:
        alliance: The tenant.
        code: A draft.
        closes_at: When the result is sealed. A vote by circulation is open for the working days that the charter states.
        actor: Needs ``groups.run_motion``; None for the system itself.
        at: Now.

    Raises:
        InvalidInputError: Closes too early, nobody may vote, too few for a secret ballot, a weight is missing, or what the
            motion does is not prepared.
        ConflictOfInterestError: One of the actor's institutions stands aside, found by rule just now perhaps.
        TransitionRefusedError: Not a draft.
    """
    motion = _lock(alliance, code)
    if actor is not None:
        require(actor, RUN_MOTION, motion)
    OPEN_MOTION.check(motion.state)
    screen_matter(alliance, matter_of(motion), at=at)  # before anybody is on the roll: who is linked never holds a vote
    if actor is not None:
        _require_to_run(alliance, motion, actor)
    if closes_at <= at:
        _refuse(_("The vote must close later than now."), "closes_early", "closes_at")
    if motion.meeting_id is None and closes_at < (earliest := earliest_close(alliance, at)):
        _refuse(
            _("A vote by circulation cannot close before %(moment)s: the charter asks for more working days.")
            % {"moment": _moment(earliest)},
            "circulation_short",
            "closes_at",
        )
    if motion.effect and (missing := effects.get(motion.effect).missing(alliance, motion)):
        _refuse(" ".join(str(words) for words in missing), "motion_not_ready")
    lock_matter(alliance, matter_of(motion), shared=True)
    recused = list_recused(alliance, matter_of(motion))
    electors = list(list_electors(alliance, motion.group, at))
    weights = {one.pk: _weight_of(motion, one) for one in electors}
    voting = [one for one in electors if one.pk not in recused]
    if not voting:
        _refuse(_("Nobody could vote: the body has no members with a vote, or all stand aside."), "no_electors")
    if motion.ballot == BallotForm.SECRET:
        _check_secret(len(voting), {weights[one.pk] for one in voting})
        motion.ballot_public_key = ballot_keys.make_key(alliance.pk, motion.uuid).hex()
        faults.point("motion.key_made")
    motion.state, motion.opened_at, motion.closes_at = OPEN_MOTION.target, at, closes_at
    motion.save(update_fields=["state", "opened_at", "closes_at", "ballot_public_key"])
    MotionElector.objects.bulk_create(
        [
            MotionElector(
                alliance=alliance,
                motion=motion,
                institution=one,
                weight=weights[one.pk],
                recused_at=at if one.pk in recused else None,
            )
            for one in electors
        ]
    )
    record_audit(
        motion,
        actor=actor,
        verb=OPEN_MOTION.name,
        before={"state": MotionState.DRAFT},
        after={
            "state": motion.state,
            "closes_at": closes_at,
            **tally.Rule.of(motion).plain(),
            "ballot": motion.ballot,
            "public_key": motion.ballot_public_key or None,
            "roll": {one.code: weights[one.pk] for one in electors},
        },
        at=at,
    )
    _call_to_vote(alliance, motion, voting, at)
    emit(alliance, MOTION_OPENED, {"motion": motion.code})
    seal_soon(alliance)
    return motion


def _weight_of(motion: Motion, institution: Institution) -> int:
    if motion.weighting == Weighting.EQUAL:
        return 1
    weight: int | None = motion.weights.get(institution.kind)
    if weight is None:
        _refuse(
            _("No weight is given for this kind of member: %(kind)s.") % {"kind": institution.get_kind_display()},
            "weights_unknown",
        )
    return weight


def _check_secret(voting: int, weights: set[int]) -> None:
    if voting < MIN_SECRET_VOTERS:
        _refuse(
            _("A secret ballot needs %(least)s electors; here %(number)s could vote, and the totals would give them away.")
            % {"least": MIN_SECRET_VOTERS, "number": voting},
            "secret_too_few",
            remedy=_("Vote openly, or put the motion to a larger body."),
        )
    if len(weights) > 1 and voting < MIN_WEIGHTED_SECRET_VOTERS:
        _refuse(
            _("A secret ballot with unlike weights needs %(least)s electors; here %(number)s could vote.")
            % {"least": MIN_WEIGHTED_SECRET_VOTERS, "number": voting},
            "secret_weights_too_few",
            remedy=_("Let every vote weigh the same, or vote openly."),
        )


def _call_to_vote(alliance: Alliance, motion: Motion, voting: Sequence[Institution], at: datetime) -> None:
    """Tell the electors: an inbox item for each institution, a mail to each representative."""
    params = _words_of(motion)
    for one in voting:
        inbox.ask(
            alliance,
            "motion_vote",
            _inbox_key(motion, one),
            inbox.institution(one.pk, "representative"),
            params=params,
            url_name="portal_motion_vote",
            url_kwargs={"code": motion.code},
            at=at,
            due_at=motion.closes_at,
        )
    people = {staff.user_id: staff.user for staff in voters_of(alliance, [one.pk for one in voting], at)}
    notify(
        alliance,
        people.values(),
        "motion_opened",
        f"motion_opened:{motion.code}",
        params=params,
        at=at,
        url_name="portal_motion_vote",
        url_kwargs={"code": motion.code},
    )


@transaction.atomic
def remind_electors(alliance: Alliance, code: str, *, at: datetime) -> int:
    """Remind, once, those who have not voted and do not stand aside; returns how many people were told.

    Args:
        alliance: The tenant.
        code: A motion; nothing happens if it is not open.
        at: Now.
    """
    motion = _lock(alliance, code, shared=True)
    if motion.state != MotionState.OPEN:
        return 0
    silent = _silent(alliance, motion)
    people = {staff.user_id: staff.user for staff in voters_of(alliance, silent, at)}
    return notify(
        alliance,
        people.values(),
        "motion_reminder",
        f"motion_reminder:{motion.code}",
        params=_words_of(motion),
        at=at,
        url_name="portal_motion_vote",
        url_kwargs={"code": motion.code},
    )


def _silent(alliance: Alliance, motion: Motion) -> set[int]:
    roll = set(MotionElector.objects.of(alliance).filter(motion=motion).values_list("institution_id", flat=True))
    model = BallotEnvelope if motion.ballot == BallotForm.SECRET else Vote
    voted = set(model.objects.of(alliance).filter(motion=motion).values_list("institution_id", flat=True))
    return roll - voted - list_recused(alliance, matter_of(motion))


# ---------------------------------------------------------------------------------------------------------- cast


@transaction.atomic
def cast_vote(
    alliance: Alliance,
    code: str,
    *,
    institution_code: str,
    choice: str,
    by: str = "",
    receipt_code: str = "",
    actor: User,
    at: datetime,
) -> Cast:
    """Vote, for the own institution or by proxy; voting again replaces the vote until the close.

    Args:
        alliance: The tenant.
        code: An open motion.
        institution_code: Whose vote it is.
        choice: yes, no or abstain.
        by: The institution the actor votes as: its own, or the holder of a proxy; empty: whose vote it is.
        receipt_code: Secret ballots: the code made in the voter's browser, 32 hexadecimal digits; empty: made here.
        actor: The representative of the institution voted as, or the alternate named for its seat.
        at: Now.

    Raises:
        VoteRefusedError: Not open, over, not on the roll, no seat any more, no proxy, or the own vote was cast already.
        ConflictOfInterestError: One of the institutions stands aside.
        InvalidInputError: Not a choice, not a code, or not as the proxy says.
        PermissionRefusedError: The actor may not vote for the institution.
    """
    motion = _lock(alliance, code, shared=True)
    electors = {
        row.institution.code: row
        for row in MotionElector.objects.of(alliance)
        .select_for_update(of=("self",))
        .filter(motion=motion, institution__code__in={institution_code, by or institution_code})
        .select_related("institution", "motion")
        .order_by("id")
    }
    elector, voter = electors.get(institution_code), electors.get(by or institution_code)
    if elector is None or voter is None:
        raise VoteRefusedError(
            _("This institution is not on the roll of this vote."),
            code="not_on_roll",
            remedy=_("The roll was frozen when the vote was opened."),
            status=403,
        )
    _require_voter(alliance, motion, voter, actor, at)
    _require_open(motion, at)
    ids = {elector.institution_id, voter.institution_id}
    if set(list_electors(alliance, motion.group, at).filter(pk__in=ids).values_list("pk", flat=True)) != ids:
        raise VoteRefusedError(
            _("This institution has no vote here any more: its seat has ended, or it is not in good standing."),
            code="no_vote_now",
            remedy=_("The secretariat can tell you more."),
            status=403,
        )
    lock_matter(alliance, matter_of(motion), shared=True)
    if ids & list_recused(alliance, matter_of(motion)):
        raise ConflictOfInterestError(
            _("You cannot vote on this matter: the institution stands aside from it."),
            remedy=_("The secretariat can tell you more."),
            details={"matter": matter_of(motion)},
        )
    if choice not in Choice.values:
        _refuse(_("Choose yes, no or abstain."), "choice_unknown", "choice")
    holder = voter.institution if voter is not elector else None
    if holder is not None:
        _require_proxy(alliance, motion, elector, voter, choice, at)
    faults.point("vote.checked")
    if motion.ballot == BallotForm.SECRET:
        cast = _seal_vote(alliance, motion, elector.institution, holder, choice, receipt_code)
    else:
        cast = _write_vote(alliance, motion, elector.institution, holder, choice, actor, at)
    record_audit(
        motion,
        actor=actor,
        verb="cast_vote",
        after={
            "motion": motion.code,
            "institution": elector.institution.code,
            "proxy": holder.code if holder else None,
            "envelope": cast.envelope or None,
        },
        at=at,
    )
    inbox.settle(alliance, _inbox_key(motion, elector.institution), by=actor, at=at)
    seal_soon(alliance)
    return cast


def _require_voter(alliance: Alliance, motion: Motion, voter: MotionElector, actor: User, at: datetime) -> None:
    if voter.institution_id not in voter_ids(alliance, motion, actor, at):
        declared = permissions.get(CAST_VOTE)
        raise PermissionRefusedError(
            declared.act,
            permission=CAST_VOTE,
            who=[*declared.describe_holders(), _("the alternate named for its seat")],
        )


def _require_open(motion: Motion, at: datetime) -> None:
    if motion.state != MotionState.OPEN:
        raise VoteRefusedError(
            _("This vote is not open: the motion is in the state “%(state)s”.") % {"state": motion.get_state_display()},
            code="vote_not_open",
        )
    if motion.closes_at is not None and at >= motion.closes_at:
        raise VoteRefusedError(
            _("The time to vote ended at %(moment)s; the result is being sealed.") % {"moment": _moment(motion.closes_at)},
            code="vote_over",
        )


def _require_proxy(
    alliance: Alliance, motion: Motion, elector: MotionElector, voter: MotionElector, choice: str, at: datetime
) -> None:
    proxies = proxies_for(alliance, motion, at)
    proxy = proxies.get(elector.institution_id)
    if proxy is None or proxy.holder_id != voter.institution_id or voter.institution_id in proxies:
        raise VoteRefusedError(
            _("%(name)s has given you no proxy for this vote.") % {"name": elector.institution.name},
            code="no_proxy",
            status=403,
        )
    if proxy.instruction and proxy.instruction != choice:
        _refuse(
            _("The proxy says how to vote: %(choice)s.") % {"choice": proxy.get_instruction_display()},
            "against_instruction",
            "choice",
        )
    model = BallotEnvelope if motion.ballot == BallotForm.SECRET else Vote
    votes = model.objects.of(alliance).filter(motion=motion)
    if votes.filter(institution=elector.institution, holder__isnull=True).exists():
        raise VoteRefusedError(
            _("%(name)s has voted itself; its own vote counts.") % {"name": elector.institution.name}, code="own_vote_wins"
        )
    others = votes.filter(holder=voter.institution).exclude(institution=elector.institution).count()
    if others >= (limit := proxies_per_holder(alliance)):
        raise VoteRefusedError(
            _("One member may vote for %(limit)s others at most.") % {"limit": limit}, code="too_many_proxies"
        )


def _write_vote(
    alliance: Alliance,
    motion: Motion,
    institution: Institution,
    holder: Institution | None,
    choice: str,
    actor: User,
    at: datetime,
) -> Cast:
    values = {"choice": choice, "holder": holder, "cast_by": actor, "cast_at": at}
    _vote, created = Vote.objects.update_or_create(
        alliance=alliance, motion=motion, institution=institution, defaults=values
    )
    return Cast(motion, institution, holder, again=not created)


def _seal_vote(
    alliance: Alliance, motion: Motion, institution: Institution, holder: Institution | None, choice: str, written: str
) -> Cast:
    code = ballot_box.read_code(written) if written else ballot_box.new_code()
    if code is None:
        _refuse(_("A receipt code has 32 characters, 0 to 9 and a to f."), "code_invalid", "receipt_code")
    info = ballot_box.info_of(alliance.slug, str(motion.uuid), institution.code)
    sealed = ballot_box.seal(bytes.fromhex(motion.ballot_public_key), info, ballot_box.Ballot(choice, code))
    _envelope, created = BallotEnvelope.objects.update_or_create(
        alliance=alliance, motion=motion, institution=institution, defaults={"sealed": sealed, "holder": holder}
    )
    return Cast(motion, institution, holder, again=not created, envelope=hashlib.sha256(sealed).hexdigest(), code=code)


# --------------------------------------------------------------------------------------------------------- close


@dataclass(slots=True)
class _Counted:
    """A vote at the close: who, for whom, and - in memory only - what."""

    elector: MotionElector
    holder: Institution | None
    choice: str
    ballot: ballot_box.Ballot | None = field(default=None, repr=False)


@transaction.atomic
def close_motion(alliance: Alliance, code: str, *, at: datetime, actor: User | None = None) -> Motion:
    """Count, seal and announce; exactly once, for a second close finds the motion decided.

    Who stands aside by now, has no seat any more or is not in good standing is dropped with its vote, and the quorum is taken
    of the others.

    Args:
        alliance: The tenant.
        code: An open motion.
        at: Now.
        actor: Needs ``groups.run_motion``; None for the worker.

    Raises:
        TransitionRefusedError: Not open, decided already included.
        VoteRefusedError: Its time is not over and somebody has not voted.
    """
    motion = _lock(alliance, code)
    if actor is not None:
        _require_to_run(alliance, motion, actor)
    VOID_MOTION.check(motion.state)
    roll = _drop(alliance, motion, at)
    kept = {row.institution_id: row for row in roll if not row.excluded}
    model = BallotEnvelope if motion.ballot == BallotForm.SECRET else Vote
    if motion.closes_at is not None and at < motion.closes_at:
        voted = set(model.objects.of(alliance).filter(motion=motion).values_list("institution_id", flat=True))
        if set(kept) - voted or not kept:
            raise VoteRefusedError(
                _("The vote can be closed before its time only when everybody on the roll has voted."),
                code="not_all_voted",
                remedy=_("It closes by itself at %(moment)s.") % {"moment": _moment(motion.closes_at)},
            )
    votes, spoilt = _open_votes(alliance, motion, kept)
    if votes is None:
        return _void(alliance, motion, actor=actor, at=at)
    faults.point("close.counted")
    result = tally.count(
        tally.Rule.of(motion),
        [row.weight for row in kept.values()],
        [(vote.elector.weight, vote.choice) for vote in votes],
    )
    motion.result = {
        **result.plain(),
        "recused": sum(row.excluded == "recused" for row in roll),
        "dropped": sum(bool(row.excluded) and row.excluded != "recused" for row in roll),
        "spoilt": spoilt,
        "by_proxy": sum(vote.holder is not None for vote in votes),
        "weighted": any(row.weight != 1 for row in roll),
    }
    if motion.ballot == BallotForm.SECRET:
        _fill_box(alliance, motion, votes)
    else:
        Vote.objects.of(alliance).filter(motion=motion).exclude(
            institution_id__in=[vote.elector.institution_id for vote in votes]
        ).delete()
    Participation.objects.bulk_create(
        [
            Participation(
                alliance=alliance,
                motion=motion,
                institution=vote.elector.institution,
                holder=vote.holder,
                weight=vote.elector.weight,
            )
            for vote in sorted(votes, key=lambda vote: vote.elector.institution_id)
        ]
    )
    faults.point("close.participation_written")
    return _seal_result(alliance, motion, roll, votes, outcome=result.outcome, actor=actor, at=at)


def _drop(alliance: Alliance, motion: Motion, at: datetime) -> list[MotionElector]:
    """The roll, with the reason written at those that do not count any more."""
    moment = min(at, motion.closes_at or at)
    lock_matter(alliance, matter_of(motion), shared=True)
    recused = list_recused(alliance, matter_of(motion))
    roll = list(
        MotionElector.objects.of(alliance)
        .select_for_update(of=("self",))
        .filter(motion=motion)
        .select_related("institution")
        .order_by("id")
    )
    ids = [row.institution_id for row in roll]
    entitled = set(list_electors(alliance, motion.group, moment).filter(pk__in=ids).values_list("pk", flat=True))
    active = set(Institution.objects.of(alliance).active().filter(pk__in=ids).values_list("pk", flat=True))
    for row in roll:
        if row.institution_id in recused:
            row.excluded, row.recused_at = "recused", row.recused_at or at
        elif row.institution_id not in active:
            row.excluded, row.recused_at = "not_active", None
        elif row.institution_id not in entitled:
            row.excluded, row.recused_at = "seat_ended", None
        else:
            row.excluded, row.recused_at = "", None
    MotionElector.objects.bulk_update(roll, ["excluded", "recused_at"])
    return roll


def _open_votes(alliance: Alliance, motion: Motion, kept: Mapping[int, MotionElector]) -> tuple[list[_Counted] | None, int]:
    """The votes that count and how many envelopes could not be opened; no list when the key to them is lost."""
    if motion.ballot == BallotForm.OPEN:
        rows = Vote.objects.of(alliance).filter(motion=motion).select_related("institution", "holder")
        return [
            _Counted(kept[row.institution_id], row.holder, row.choice)
            for row in rows
            if row.institution_id in kept and (row.holder_id is None or row.holder_id in kept)
        ], 0
    envelopes = list(
        BallotEnvelope.objects.of(alliance).filter(motion=motion).select_related("institution", "holder").order_by("id")
    )
    key = ballot_keys.read_key(alliance.pk, motion.uuid, motion.ballot_public_key)
    if key is None:
        return (None if envelopes else []), 0
    found: list[_Counted] = []
    spoilt = 0
    for envelope in envelopes:
        if envelope.institution_id not in kept or (envelope.holder_id is not None and envelope.holder_id not in kept):
            continue
        info = ballot_box.info_of(alliance.slug, str(motion.uuid), envelope.institution.code)
        try:
            ballot = ballot_box.unseal(key, info, bytes(envelope.sealed))
        except ballot_box.EnvelopeError:
            logger.exception("an envelope does not open", extra={"motion": motion.code, "alliance_id": alliance.pk})
            spoilt += 1
            continue
        found.append(_Counted(kept[envelope.institution_id], envelope.holder, ballot.choice, ballot))
    return found, spoilt


def _fill_box(alliance: Alliance, motion: Motion, votes: Sequence[_Counted]) -> None:
    """Write the box sorted by code, and delete the envelopes."""
    rows = ballot_box.fill_box(
        [(vote.elector.weight, vote.ballot) for vote in votes if vote.ballot is not None],
        weighted=motion.result["weighted"],
    )
    BallotPaper.objects.bulk_create(
        [BallotPaper(alliance=alliance, motion=motion, code=row.code, choice=row.choice, salt=row.salt) for row in rows]
    )
    faults.point("close.box_written")
    motion.box_root = ballot_box.root_of(rows)
    motion.result_level = disclosure.level_of(
        [disclosure.Known((vote.holder or vote.elector.institution).pk, vote.elector.weight, vote.choice) for vote in votes]
    )
    # Few totals are possible: without it the published digest would tell them to whoever tries them all.
    motion.result["blind"] = secrets.token_hex(16)
    BallotEnvelope.objects.of(alliance).filter(motion=motion).delete()
    faults.point("close.envelopes_deleted")


def _document(
    alliance: Alliance, motion: Motion, roll: Sequence[MotionElector], votes: Sequence[_Counted]
) -> dict[str, Any]:
    """What is hashed: rule, roll, who took part, result; the choices of an open ballot."""
    cast = {vote.elector.institution_id: vote for vote in votes}
    lines = []
    for row in sorted(roll, key=lambda row: row.institution.code):
        vote = cast.get(row.institution_id)
        line: dict[str, Any] = {
            "institution": row.institution.code,
            "weight": row.weight,
            "excluded": row.excluded,
            "voted": vote is not None,
            "proxy": vote.holder.code if vote is not None and vote.holder is not None else "",
        }
        if motion.ballot == BallotForm.OPEN:
            line["choice"] = vote.choice if vote is not None else ""
        lines.append(line)
    return {
        "format": DOCUMENT_FORMAT,
        "log": alliance.slug,
        "motion": motion.code,
        "uuid": str(motion.uuid),
        "ballot": str(motion.ballot),
        "public_key": motion.ballot_public_key,
        "rule": tally.Rule.of(motion).plain(),
        "roll": lines,
        "result": motion.result,
        "root": motion.box_root,
    }


def _seal_result(
    alliance: Alliance,
    motion: Motion,
    roll: Sequence[MotionElector],
    votes: Sequence[_Counted],
    *,
    outcome: str,
    actor: User | None,
    at: datetime,
) -> Motion:
    """Write the result with its digest, into the log too, and tell everybody."""
    step = CLOSE_MOTION[MotionState(outcome)]
    step.check(motion.state)
    text = canonical(_document(alliance, motion, roll, votes))
    motion.result_digest = digest_of(text)
    motion.result = {**motion.result, "document": text}
    motion.state, motion.closed_at = step.target, at
    motion.save(update_fields=["state", "closed_at", "result", "result_level", "result_digest", "box_root"])
    told = motion.result if motion.result_level == ResultLevel.TOTALS else {}
    record_audit(
        motion,
        actor=actor,
        verb=step.name,
        before={"state": MotionState.OPEN},
        after={
            "state": motion.state,
            "digest": motion.result_digest,
            "root": motion.box_root or None,
            "taking_part": [
                vote.elector.institution.code for vote in sorted(votes, key=lambda v: v.elector.institution.code)
            ],
            "excluded": {row.institution.code: row.excluded for row in roll if row.excluded},
            "entitled": motion.result["entitled"],
            "quorum": motion.result["quorum"],
            "spoilt": motion.result["spoilt"],
            "totals": {name: told[name] for name in ("yes", "no", "abstain")} if told else None,
        },
        at=at,
    )
    faults.point("close.sealed")
    inbox.settle_all(alliance, _inbox_key(motion), by=actor, at=at)
    _tell_outcome(alliance, motion, roll, at)
    emit(alliance, MOTION_DECIDED, {"motion": motion.code, "outcome": motion.state})
    _forget_soon(alliance, motion)
    seal_soon(alliance)
    return motion


def _tell_outcome(alliance: Alliance, motion: Motion, roll: Sequence[MotionElector], at: datetime) -> None:
    people = {staff.user_id: staff.user for staff in voters_of(alliance, [row.institution_id for row in roll], at)}
    notify(
        alliance,
        people.values(),
        f"motion_{motion.state}",
        f"motion_decided:{motion.code}",
        params=_words_of(motion),
        at=at,
        url_name="portal_motion_detail",
        url_kwargs={"code": motion.code},
    )


def _void(alliance: Alliance, motion: Motion, *, actor: User | None, at: datetime) -> Motion:
    """The key is lost: nobody's vote can be known any more, and the motion must be put again."""
    VOID_MOTION.check(motion.state)
    gone, _models = BallotEnvelope.objects.of(alliance).filter(motion=motion).delete()
    motion.state, motion.closed_at = VOID_MOTION.target, at
    motion.save(update_fields=["state", "closed_at"])
    record_audit(
        motion,
        actor=actor,
        verb=VOID_MOTION.name,
        before={"state": MotionState.OPEN},
        after={"state": motion.state, "envelopes": gone},
        reason_code="ballot_key_lost",
        at=at,
    )
    roll = list(MotionElector.objects.of(alliance).filter(motion=motion))
    inbox.settle_all(alliance, _inbox_key(motion), by=actor, at=at)
    _tell_outcome(alliance, motion, roll, at)
    inbox.ask(
        alliance,
        "motion_void_office",
        f"motion_void:{motion.code}",
        inbox.office(),
        params=_words_of(motion),
        url_name="motion_detail",
        url_kwargs={"code": motion.code},
        at=at,
    )
    seal_soon(alliance)
    return motion


def _forget_soon(alliance: Alliance, motion: Motion) -> None:
    """Destroy the key once the close is committed; a process that dies before is made good by the sweeper."""
    if motion.ballot == BallotForm.SECRET and motion.ballot_public_key:
        transaction.on_commit(partial(_forget, alliance.pk, motion.uuid), robust=True)


def _forget(alliance_id: int, motion: UUID) -> None:
    faults.point("close.committed")
    ballot_keys.destroy_key(alliance_id, motion)
    faults.point("close.key_destroyed")


def sweep_keys(alliance: Alliance) -> int:
    """Destroy keys of votes that are not open: left over from a process that died; returns how many."""
    keys = ballot_keys.list_keys(alliance.pk)
    if not keys:
        return 0
    known = {
        str(uuid): state
        for uuid, state in Motion.objects.of(alliance)
        .filter(uuid__in=[uuid for uuid, _young in keys])
        .values_list("uuid", "state")
    }
    gone = 0
    for uuid, young in keys:
        state = known.get(uuid)
        if state == MotionState.OPEN or (young and state in {None, MotionState.DRAFT}):
            continue
        gone += ballot_keys.destroy_key(alliance.pk, UUID(uuid))
    return gone


# ---------------------------------------------------------------------------------------------- withdraw, effect


@transaction.atomic
def withdraw_motion(alliance: Alliance, code: str, *, reason: str, actor: User, at: datetime) -> Motion:
    """Withdraw a motion before it is decided; votes given so far are deleted unread.

    Args:
        alliance: The tenant.
        code: The motion.
        reason: Why; asked of an open vote.
        actor: Needs ``groups.run_motion``; a draft may be withdrawn by the member that put it.
        at: Now.

    Raises:
        InvalidInputError: No reason for withdrawing an open vote.
        TransitionRefusedError: Decided already.
    """
    motion = _lock(alliance, code)
    _require_to_run(alliance, motion, actor, PUT_MOTION if motion.state == MotionState.DRAFT else RUN_MOTION)
    WITHDRAW_MOTION.check(motion.state)
    words = reason.strip()
    was_open = motion.state == MotionState.OPEN
    if was_open and not words:
        _refuse(_("Say why, in one or two sentences."), "reason_missing", "reason")
    before = motion.state
    motion.state, motion.closed_at = WITHDRAW_MOTION.target, at
    motion.save(update_fields=["state", "closed_at"])
    Vote.objects.of(alliance).filter(motion=motion).delete()
    BallotEnvelope.objects.of(alliance).filter(motion=motion).delete()
    record_audit(
        motion,
        actor=actor,
        verb=WITHDRAW_MOTION.name,
        before={"state": before},
        after={"state": motion.state},
        personal={"reason": words} if words else None,
        at=at,
    )
    if was_open:
        inbox.settle_all(alliance, _inbox_key(motion), by=actor, at=at)
        _tell_outcome(alliance, motion, list(MotionElector.objects.of(alliance).filter(motion=motion)), at)
        _forget_soon(alliance, motion)
        seal_soon(alliance)
    return motion


@transaction.atomic
def publish_decision(alliance: Alliance, code: str, *, is_public: bool, actor: User, at: datetime) -> Motion:
    """Put a motion into the public register of decisions, or take it out.

    Raises:
        PermissionRefusedError: Neither secretariat nor committee.
    """
    motion = _lock(alliance, code)
    _require_to_run(alliance, motion, actor)
    if motion.is_public != is_public:
        motion.is_public = is_public
        motion.save(update_fields=["is_public"])
        record_audit(motion, actor=actor, verb="publish_decision", after={"is_public": is_public}, at=at)
    return motion


@transaction.atomic
def apply_effect(alliance: Alliance, code: str, *, at: datetime) -> bool:
    """Do what a decided motion says, exactly once; returns whether it was done now.

    Called by the consumer of the event, in the transaction that takes the event in.
    """
    motion = _lock(alliance, code)
    if motion.effect_done_at is not None or motion.state not in DECIDED_MOTIONS:
        return False
    if motion.effect:
        if motion.effect not in effects:
            message = f"no effect {motion.effect!r} for motion {motion.code}"
            raise LookupError(message)  # the relay tries again, and shows it on the jobs screen
        effects.get(motion.effect).apply(alliance, motion, at)
    motion.effect_done_at = at
    motion.save(update_fields=["effect_done_at"])
    return True
