"""Brings a demand and a supply together: accept, decline, introduce, first contact, agreement, end.

A pair has one match at most. Acts on a pair take turns by a lock of the database, so that two sides who accept at the same
moment meet in one match, introduced once. Nobody is told anything before a person's first act.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel.codes import next_code
from alliance.kernel.errors import ConflictOfInterestError, DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import can, require
from alliance.kernel.turns import take_turns
from groups.actions.conflict import require_no_conflict
from operations.permissions import own_institutions
from services.actions.match_event import note_act
from services.choices import DeclineReason, ListingSide, MatchEventKind, MatchOrigin, MatchState
from services.models import Listing, Match, MatchAnswer
from services.permissions import ANSWER_MATCH, CARRY_MATCH, DESK_MATCH
from services.selectors.match import desk_ties, last_answers, listing_of, may_show, people_of, readable_to, tied_to
from services.selectors.suggestion import keep, other_side, suggest, suggestible, too_close
from services.signals import (
    MATCH_AGREED,
    MATCH_CONTACTED,
    MATCH_DECLINED,
    MATCH_ENDED,
    MATCH_INTRODUCED,
    MATCH_INVITED,
)
from services.transitions import (
    ACCEPT_MATCH,
    AGREE_MATCH,
    DECLINE_MATCH,
    END_MATCH,
    INTRODUCE_MATCH,
    NOTE_CONTACT,
    PROPOSE_MATCH,
)

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance, User

LONGEST: Final = 2000
"""Characters of what somebody says to a match."""


def _clean_words(words: str) -> str:
    text = words.replace("\x00", "").strip()
    if len(text) > LONGEST:
        said = _("This is longer than %(most)s characters.") % {"most": LONGEST}
        raise InvalidInputError(said, code="words_too_long", fields={"words": said})
    return text


def _clean_reason(reason: str, words: str) -> str:
    if reason not in DeclineReason.values:
        said = _("Choose why. The suggestions learn from it.")
        raise InvalidInputError(said, code="reason_missing", fields={"reason": said})
    if reason == DeclineReason.OTHER and not words:
        said = _("Say in a few words what the reason is.")
        raise InvalidInputError(said, code="reason_missing", fields={"words": said})
    return reason


def _read(alliance: Alliance, code: str) -> Listing:
    row = (
        Listing.objects.of(alliance).select_related("institution").filter(code=code).first() if "\x00" not in code else None
    )
    if row is None:
        raise NotFoundError
    return row


def _find_pair(
    alliance: Alliance, code: str, other_code: str, *, actor: User, at: datetime, desk: bool
) -> tuple[Listing, Listing]:
    """Both listings, where the actor may act for the first one and the first one may read the second.

    Raises:
        NotFoundError: One of them is not there, or not open to this actor: the same answer for both.
        PermissionRefusedError: The actor may not answer for the first one.
    """
    own = _read(alliance, code)
    today = timezone.localdate(at)
    if desk:
        require(actor, DESK_MATCH, alliance)
    else:
        if not can(actor, ANSWER_MATCH, own):
            mine = own_institutions(actor, alliance, at=at)
            if not Listing.objects.of(alliance).readable(today, mine).filter(pk=own.pk).exists():
                raise NotFoundError
        require(actor, ANSWER_MATCH, own)
    house = [] if own.institution_id is None else [own.institution_id]
    rows = Listing.objects.of(alliance).readable(today, house)
    if desk:
        readable = readable_to(alliance, actor, at=at)
        if not readable.filter(pk=own.pk).exists():
            raise NotFoundError
        rows = rows.filter(pk__in=readable.values("pk"))
    other = rows.select_related("institution").filter(code=other_code).first() if "\x00" not in other_code else None
    if other is None:
        raise NotFoundError
    if other.side == own.side:
        raise DomainError(
            _("Both are on the same side: a demand is brought together with a supply."),
            code="sides_equal",
            remedy=_("Choose a listing of the other side."),
        )
    return own, other


def _require_open(listing: Listing, *, at: datetime) -> None:
    if not listing.is_open(timezone.localdate(at)):
        raise DomainError(
            _("The listing %(code)s is not open.") % {"code": listing.code},
            code="listing_not_open",
            remedy=_("Only verified listings that have not expired are brought together; it can be renewed by its owner."),
        )


def _require_apart(alliance: Alliance, one: Listing, other: Listing, *, at: datetime) -> None:
    close = too_close(alliance, one.institution_id, at)
    if other.institution_id is not None and other.institution_id in close:
        raise DomainError(
            _("Both listings belong to one institution, or to institutions bound up by ownership, people or family."),
            code="too_close",
            remedy=_("Such listings are not brought together here."),
        )


def _require_readable_to_each_other(alliance: Alliance, one: Listing, other: Listing, *, at: datetime) -> None:
    """A confidential listing is never shown to somebody it does not name, by no match either."""
    today = timezone.localdate(at)
    for reader, read in ((one, other), (other, one)):
        rows = suggestible(alliance, reader.institution_id, read.side, close=(), on=today)
        if not rows.filter(pk=read.pk).exists():
            raise DomainError(
                _("The listing %(code)s is addressed to named institutions, and the other side is none of them.")
                % {"code": read.code},
                code="not_addressed",
                remedy=_("Its owner can name the other institution first."),
            )


def _require_impartial(
    alliance: Alliance, actor: User, one: Listing, other: Listing, match: Match | None, *, at: datetime
) -> None:
    """People of the desk do not rule on matches of institutions they are tied to."""
    ties = desk_ties(alliance, at=at, only=actor)
    if tied_to(ties, [one.institution_id, other.institution_id]):
        raise ConflictOfInterestError(
            _("You are tied to one of the two institutions, so you cannot rule on this match."),
            remedy=_("Somebody else of the office or the committee does it; both sides can answer by themselves."),
            details={"demand": one.code, "supply": other.code},
        )
    mine = own_institutions(actor, alliance, at=at)
    for matter in sorted([one.matter, other.matter, *([f"match:{match.code}"] if match is not None else [])]):
        require_no_conflict(alliance, mine, matter)


def _lock_listings(alliance: Alliance, demand: int, supply: int) -> tuple[Listing, Listing]:
    """Both listings of a pair; other acts on the pair wait, and neither listing is taken back or expires meanwhile.

    Their rows are locked in the order of their keys, as wherever several listings are.
    """
    take_turns(alliance, f"match-pair:{demand}:{supply}")
    rows = Listing.objects.of(alliance).select_related("alliance", "institution").filter(pk__in=[demand, supply])
    found = {row.pk: row for row in rows.order_by("pk").select_for_update(of=("self",), no_key=True)}
    return found[demand], found[supply]


def _lock_pair(alliance: Alliance, one: Listing, other: Listing) -> tuple[Listing, Listing, Match | None]:
    """Demand, supply and their match, locked until the transaction ends, as they stand now."""
    demand, supply = (one, other) if one.side == ListingSide.DEMAND else (other, one)
    demand, supply = _lock_listings(alliance, demand.pk, supply.pk)
    match = (
        Match.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("demand__institution", "supply__institution")
        .filter(demand=demand, supply=supply)
        .first()
    )
    return demand, supply, match


def lock_match(alliance: Alliance, code: str) -> Match:
    """The match, locked until the transaction ends; acts on its pair wait.

    Raises:
        NotFoundError: No match of this alliance has the code.
    """
    if "\x00" in code:
        raise NotFoundError
    found = Match.objects.of(alliance).filter(code=code).values_list("demand_id", "supply_id").first()
    if found is None:
        raise NotFoundError
    _lock_listings(alliance, *found)
    return (
        Match.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("demand__institution", "supply__institution")
        .get(code=code)
    )


def _create(
    alliance: Alliance,
    demand: Listing,
    supply: Listing,
    *,
    state: str,
    origin: str,
    kept: tuple[Any, dict[str, Any]],
    words: str,
    actor: User,
    at: datetime,
) -> Match:
    return Match.objects.create(
        alliance=alliance,
        code=next_code(Match, alliance, "M", 4),
        demand=demand,
        supply=supply,
        origin=origin,
        state=state,
        fit=kept[0],
        reasons=kept[1],
        words=words,
        made_by=actor,
        made_at=at,
    )


def _as_suggested(
    alliance: Alliance, own: Listing, other: Listing, *, at: datetime
) -> tuple[Any, dict[str, Any], int | None]:
    """Fit, reasons and place of a pair as it stands in the own list now; nothing where the engine does not find it."""
    found = suggest(alliance, own, at=at)
    suggestion = found.find(other.code)
    if suggestion is None:
        return None, {}, None
    return suggestion.fit.total, keep(suggestion, found), suggestion.rank


def pair_params(match: Match, **more: Any) -> dict[str, Any]:
    """Placeholders every text about a match may use; a code in place of a title that the other side may not be told."""
    found: dict[str, Any] = {"code": match.code}
    for name, one, other in (("demand", match.demand, match.supply), ("supply", match.supply, match.demand)):
        shown = may_show(one, [other.institution_id] if other.institution_id is not None else [])
        found[f"{name}_en"] = (one.title_en or one.title_zh) if shown else one.code
        found[f"{name}_zh"] = (one.title_zh or one.title_en) if shown else one.code
    return {**found, **more}


def _payload(match: Match, **more: Any) -> dict[str, Any]:
    return {"match": match.code, "demand": match.demand.code, "supply": match.supply.code, **more}


def _record(
    match: Match,
    step: Transition,
    before: str,
    *,
    actor: User | None,
    at: datetime,
    verb: str = "",
    side: str = "",
    reason: str = "",
    words: str = "",
) -> None:
    record_audit(
        match,
        actor=actor,
        verb=verb or step.name,
        before={"state": before} if before else None,
        after={"state": match.state, "demand": match.demand.code, "supply": match.supply.code, "side": side},
        personal={"words": words} if words else None,
        reason_code=reason,
        at=at,
    )


def answer_key(match: Match, side: str) -> str:
    """Key of the inbox item that asks a side."""
    return f"match-answer:{match.code}:{side}"


def contact_key(match: Match) -> str:
    """Key of the inbox item that asks for the first contact."""
    return f"match-contact:{match.code}"


def _audience(listing: Listing) -> inbox.Audience:
    return inbox.office() if listing.institution_id is None else inbox.institution(listing.institution_id)


def _ask_side(match: Match, side: str, kind: str, *, at: datetime) -> None:
    inbox.ask(
        match.alliance,
        kind,
        answer_key(match, side),
        _audience(listing_of(match, side)),
        params=pair_params(match),
        url_name="match_detail",
        url_kwargs={"code": match.code},
        at=at,
    )


def _tell(match: Match, sides: tuple[str, ...], kind: str, *, actor: User, at: datetime, **params: Any) -> None:
    """Tell the people of sides, but not whoever did it."""
    for side in sides:
        users = [user for user in people_of(match.alliance, listing_of(match, side).institution_id, at=at) if user != actor]
        notify(
            match.alliance,
            users,
            kind,
            f"{kind}:{match.code}:{side}:{at.isoformat()}",
            params=pair_params(match, **params),
            at=at,
            url_name="match_detail",
            url_kwargs={"code": match.code},
        )


@transaction.atomic
def keep_questions(alliance: Alliance, listing_id: int, *, at: datetime) -> None:
    """Ask for answers while both listings of a match are open, and for none while one is not.

    Called by the event of a changed listing, any number of times: an expired, withdrawn or revised listing takes its questions
    out of the inboxes, and one that is opened again brings back those that nobody answered meanwhile.
    """
    today = timezone.localdate(at)
    rows = Match.objects.of(alliance).filter(
        Q(demand=listing_id) | Q(supply=listing_id), state__in=(MatchState.SUGGESTED, MatchState.INVITED)
    )
    for code in rows.order_by("pk").values_list("code", flat=True):
        match = lock_match(alliance, code)
        if match.state not in {MatchState.SUGGESTED, MatchState.INVITED}:
            continue
        if not (match.demand.is_open(today) and match.supply.is_open(today)):
            inbox.settle_all(alliance, f"match-answer:{code}:", by=None, at=at)
            continue
        kind = "services.match_proposed" if match.origin == MatchOrigin.DESK else "services.match_asked"
        answers = last_answers(match)
        for side in ListingSide.values:
            if side not in answers or not answers[side].accepted:
                _ask_side(match, side, kind, at=at)


# ------------------------------------------------------------------------------------------------------------------- answers


@transaction.atomic
def accept_suggestion(
    alliance: Alliance,
    listing_code: str,
    other_code: str,
    *,
    actor: User,
    at: datetime,
    words: str = "",
    origin: str = MatchOrigin.ENGINE,
) -> Match:
    """Accept what is suggested for a listing, or express interest in another one: its side is asked.

    Args:
        alliance: The tenant.
        listing_code: The listing the actor answers for.
        other_code: The listing of the other side.
        actor: Representative or handling officer of the first one's institution; for listings from outside, the secretariat.
        at: Now.
        words: What to tell the other side.
        origin: ``engine`` for a suggestion, ``interest`` from a listing's page.

    Returns:
        The match: in the state invited, or introduced where the other side had accepted before. Accepting twice changes nothing.

    Raises:
        NotFoundError: A listing is not there, or not open to the actor.
        PermissionRefusedError: The actor may not answer for the listing.
        DomainError: ``sides_equal``, ``listing_not_open``, ``too_close``, ``not_addressed``, ``other_side_declined``.
        TransitionRefusedError: The match was agreed on or ended already.
    """
    own, other = _find_pair(alliance, listing_code, other_code, actor=actor, at=at, desk=False)
    text = _clean_words(words)
    _require_open(own, at=at)
    _require_open(other, at=at)
    _require_apart(alliance, own, other, at=at)
    _require_readable_to_each_other(alliance, own, other, at=at)
    kept = _as_suggested(alliance, own, other, at=at)
    demand, supply, match = _lock_pair(alliance, own, other)
    if match is None:
        _require_open(demand, at=at)
        _require_open(supply, at=at)
        match = _create(
            alliance,
            demand,
            supply,
            state=MatchState.SUGGESTED,
            origin=MatchOrigin.INTEREST if origin == MatchOrigin.INTEREST else MatchOrigin.ENGINE,
            kept=kept[:2],
            words=text,
            actor=actor,
            at=at,
        )
    return _accept(match, own.side, words=text, rank=kept[2], actor=actor, at=at)


@transaction.atomic
def accept_match(alliance: Alliance, code: str, side: str, *, actor: User, at: datetime, words: str = "") -> Match:
    """Accept a match for one side.

    Args:
        alliance: The tenant.
        code: The match's code.
        side: The side answered for.
        actor: Representative or handling officer of that side's institution; for listings from outside, the secretariat.
        at: Now.
        words: What to tell the other side.

    Raises:
        NotFoundError: No such match.
        PermissionRefusedError: The actor may not answer for that side.
        DomainError: ``listing_not_open``, ``other_side_declined``.
        TransitionRefusedError: Not possible in its state.
    """
    match = lock_match(alliance, code)
    own = listing_of(match, _side(side))
    require(actor, ANSWER_MATCH, own)
    text = _clean_words(words)
    return _accept(match, side, words=text, rank=None, actor=actor, at=at)


def _side(side: str) -> str:
    if side not in ListingSide.values:
        said = _("Choose the side you answer for.")
        raise InvalidInputError(said, code="side_missing", fields={"side": said})
    return side


def _accept(match: Match, side: str, *, words: str, rank: int | None, actor: User, at: datetime) -> Match:
    """The locked match's acceptance by a side; permissions were asked."""
    theirs = other_side(side)
    answers = last_answers(match)
    mine, other = answers.get(side), answers.get(theirs)
    if mine is not None and mine.accepted and match.state not in {MatchState.DECLINED, MatchState.SUGGESTED}:
        return match  # said before
    if match.state == MatchState.DECLINED and other is not None and not other.accepted:
        raise DomainError(
            _("The other side declined this match."),
            code="other_side_declined",
            remedy=_("It can take it up again; you are told when it does."),
        )
    _require_open(match.demand, at=at)
    _require_open(match.supply, at=at)
    both = other is not None and other.accepted
    step = INTRODUCE_MATCH if both else ACCEPT_MATCH
    step.check(match.state)
    before, match.state = match.state, step.target
    fields = ["state"]
    if both:
        match.introduced_at = at
        fields.append("introduced_at")
    match.save(update_fields=fields)
    MatchAnswer.objects.create(alliance=match.alliance, match=match, side=side, accepted=True, words=words, by=actor, at=at)
    _record(match, step, before, actor=actor, at=at, side=side, words=words)
    own = listing_of(match, side)
    note_act(match, MatchEventKind.ACCEPTED, side, reader=own.institution_id, rank=rank, at=at)
    inbox.settle(match.alliance, answer_key(match, side), by=actor, at=at)
    if both:
        _introduce(match, actor=actor, at=at)
    else:
        emit(match.alliance, MATCH_INVITED, _payload(match))
        _ask_side(match, theirs, "services.match_asked", at=at)
    return match


def _introduce(match: Match, *, actor: User, at: datetime) -> None:
    alliance = match.alliance
    inbox.settle_all(alliance, f"match-answer:{match.code}:", by=actor, at=at)
    note_act(match, MatchEventKind.INTRODUCED, ListingSide.DEMAND, reader=None, at=at)
    emit(alliance, MATCH_INTRODUCED, _payload(match))
    _tell(match, (ListingSide.DEMAND, ListingSide.SUPPLY), "services.match_introduced", actor=actor, at=at)
    inbox.ask(
        alliance,
        "services.match_contact",
        contact_key(match),
        _audience(match.demand),
        params=pair_params(match),
        url_name="match_detail",
        url_kwargs={"code": match.code},
        at=at,
    )


@transaction.atomic
def decline_suggestion(
    alliance: Alliance, listing_code: str, other_code: str, *, reason: str, words: str = "", actor: User, at: datetime
) -> Match:
    """Decline what is suggested for a listing; the suggestions learn from the reason. Nobody is told.

    Args:
        alliance: The tenant.
        listing_code: The listing the actor answers for.
        other_code: The listing of the other side.
        reason: A DeclineReason.
        words: More, in own words; needed for another reason.
        actor: Representative or handling officer of the first one's institution; for listings from outside, the secretariat.
        at: Now.

    Raises:
        NotFoundError: A listing is not there, or not open to the actor.
        PermissionRefusedError: The actor may not answer for the listing.
        InvalidInputError: ``reason_missing``, ``words_too_long``.
        TransitionRefusedError: Both sides were introduced already.
    """
    own, other = _find_pair(alliance, listing_code, other_code, actor=actor, at=at, desk=False)
    text = _clean_words(words)
    kept_reason = _clean_reason(reason, text)
    demand, supply, match = _lock_pair(alliance, own, other)
    rank = None
    if match is None:
        kept = _as_suggested(alliance, own, other, at=at)
        rank = kept[2]
        match = _create(
            alliance,
            demand,
            supply,
            state=MatchState.SUGGESTED,
            origin=MatchOrigin.ENGINE,
            kept=kept[:2],
            words="",
            actor=actor,
            at=at,
        )
    return _decline(match, own.side, reason=kept_reason, words=text, rank=rank, actor=actor, at=at)


@transaction.atomic
def decline_match(
    alliance: Alliance, code: str, side: str, *, reason: str, words: str = "", actor: User, at: datetime
) -> Match:
    """Decline a match for one side, with a coded reason; a side that had accepted is told.

    Args:
        alliance: The tenant.
        code: The match's code.
        side: The side answered for.
        reason: A DeclineReason.
        words: More, in own words; needed for another reason. The other side reads them.
        actor: Representative or handling officer of that side's institution; for listings from outside, the secretariat.
        at: Now.

    Raises:
        NotFoundError: No such match.
        PermissionRefusedError: The actor may not answer for that side.
        InvalidInputError: ``reason_missing``, ``words_too_long``.
        TransitionRefusedError: Both sides were introduced already.
    """
    match = lock_match(alliance, code)
    require(actor, ANSWER_MATCH, listing_of(match, _side(side)))
    text = _clean_words(words)
    return _decline(match, side, reason=_clean_reason(reason, text), words=text, rank=None, actor=actor, at=at)


def _decline(match: Match, side: str, *, reason: str, words: str, rank: int | None, actor: User, at: datetime) -> Match:
    answers = last_answers(match)
    mine, other = answers.get(side), answers.get(other_side(side))
    if match.state == MatchState.DECLINED and mine is not None and not mine.accepted and mine.reason == reason:
        return match  # said before
    DECLINE_MATCH.check(match.state)
    before, match.state = match.state, DECLINE_MATCH.target
    match.save(update_fields=["state"])
    MatchAnswer.objects.create(
        alliance=match.alliance, match=match, side=side, accepted=False, reason=reason, words=words, by=actor, at=at
    )
    _record(match, DECLINE_MATCH, before, actor=actor, at=at, side=side, reason=reason, words=words)
    own = listing_of(match, side)
    note_act(match, MatchEventKind.DECLINED, side, reader=own.institution_id, rank=rank, reason=reason, at=at)
    inbox.settle_all(match.alliance, f"match-answer:{match.code}:", by=actor, at=at)
    emit(match.alliance, MATCH_DECLINED, _payload(match, reason=reason))
    if other is not None and other.accepted:
        label = DeclineReason(reason).label
        params = {}
        for language, code in (("en", "en"), ("zh", "zh-hans")):
            with translation.override(code):
                params[f"reason_{language}"] = str(label)
        _tell(match, (other_side(side),), "services.match_declined", actor=actor, at=at, **params)
    return match


# ---------------------------------------------------------------------------------------------------------------------- desk


@transaction.atomic
def propose_match(
    alliance: Alliance, listing_code: str, other_code: str, *, words: str = "", actor: User, at: datetime
) -> Match:
    """Propose a match for the alliance's desk: both sides are asked.

    Args:
        alliance: The tenant.
        listing_code: One listing.
        other_code: The listing of the other side.
        words: Why; both sides read it.
        actor: Of the secretariat or the management committee, tied to neither institution.
        at: Now.

    Returns:
        The match; one that stands already is returned as it is.

    Raises:
        NotFoundError: A listing is not there, or not open to the actor.
        PermissionRefusedError: The actor is not of the desk.
        ConflictOfInterestError: The actor is tied to one of the institutions.
        DomainError: ``sides_equal``, ``listing_not_open``, ``too_close``, ``not_addressed``, ``declined_before``.
    """
    own, other = _find_pair(alliance, listing_code, other_code, actor=actor, at=at, desk=True)
    text = _clean_words(words)
    _require_open(own, at=at)
    _require_open(other, at=at)
    _require_apart(alliance, own, other, at=at)
    _require_readable_to_each_other(alliance, own, other, at=at)
    kept = _as_suggested(alliance, own, other, at=at)
    demand, supply, match = _lock_pair(alliance, own, other)
    _require_impartial(alliance, actor, own, other, match, at=at)
    if match is not None:
        if match.state == MatchState.DECLINED:
            raise DomainError(
                _("This pair was declined."),
                code="declined_before",
                remedy=_("Whoever declined it can take it up again on the page of the match."),
            )
        return match
    _require_open(demand, at=at)
    _require_open(supply, at=at)
    PROPOSE_MATCH.check("")
    match = _create(
        alliance,
        demand,
        supply,
        state=PROPOSE_MATCH.target,
        origin=MatchOrigin.DESK,
        kept=kept[:2],
        words=text,
        actor=actor,
        at=at,
    )
    _record(match, PROPOSE_MATCH, "", actor=actor, at=at, words=text)
    emit(alliance, MATCH_INVITED, _payload(match))
    for side in ListingSide.values:
        _ask_side(match, side, "services.match_proposed", at=at)
    return match


@transaction.atomic
def decline_for_desk(
    alliance: Alliance, listing_code: str, other_code: str, *, reason: str, words: str = "", actor: User, at: datetime
) -> Match:
    """Leave a suggestion aside for the desk, with a coded reason the suggestions of the listing learn from. Nobody is told.

    Either side can still take the match up by itself.

    Args:
        alliance: The tenant.
        listing_code: The listing whose suggestions were looked at.
        other_code: The listing suggested.
        reason: A DeclineReason.
        words: More, in own words; needed for another reason.
        actor: Of the secretariat or the management committee, tied to neither institution.
        at: Now.

    Raises:
        NotFoundError: A listing is not there, or not open to the actor.
        PermissionRefusedError: The actor is not of the desk.
        ConflictOfInterestError: The actor is tied to one of the institutions.
        InvalidInputError: ``reason_missing``, ``words_too_long``.
        DomainError: ``answered_already``: a side has spoken, and answers for itself.
    """
    own, other = _find_pair(alliance, listing_code, other_code, actor=actor, at=at, desk=True)
    text = _clean_words(words)
    kept_reason = _clean_reason(reason, text)
    demand, supply, match = _lock_pair(alliance, own, other)
    _require_impartial(alliance, actor, own, other, match, at=at)
    if match is not None:
        if match.state == MatchState.DECLINED:
            return match
        if match.state != MatchState.SUGGESTED or last_answers(match):
            raise DomainError(
                _("A side has answered already, so the two sides decide."),
                code="answered_already",
                remedy=_("Write to them if there is something they should know."),
            )
    rank = None
    if match is None:
        kept = _as_suggested(alliance, own, other, at=at)
        rank = kept[2]
        match = _create(
            alliance,
            demand,
            supply,
            state=MatchState.SUGGESTED,
            origin=MatchOrigin.DESK,
            kept=kept[:2],
            words=text,
            actor=actor,
            at=at,
        )
    DECLINE_MATCH.check(match.state)
    before, match.state = match.state, DECLINE_MATCH.target
    match.save(update_fields=["state"])
    _record(match, DECLINE_MATCH, before, actor=actor, at=at, verb="decline_match_for_desk", reason=kept_reason, words=text)
    note_act(match, MatchEventKind.DECLINED, own.side, reader=None, rank=rank, reason=kept_reason, at=at)
    inbox.settle_all(alliance, f"match-answer:{match.code}:", by=actor, at=at)
    emit(alliance, MATCH_DECLINED, _payload(match, reason=kept_reason))
    return match


# --------------------------------------------------------------------------------------------------------- after introduction


def _enter(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Match:
    """The locked match; people of the desk who act for neither side must not be tied to one."""
    match = lock_match(alliance, code)
    require(actor, CARRY_MATCH, match)
    mine = own_institutions(actor, alliance, at=at)
    if not mine & {match.demand.institution_id, match.supply.institution_id}:
        _require_impartial(alliance, actor, match.demand, match.supply, match, at=at)
    return match


def _own_sides(match: Match, actor: User, *, at: datetime) -> set[str]:
    mine = own_institutions(actor, match.alliance, at=at)
    return {side for side in ListingSide.values if listing_of(match, side).institution_id in mine}


@transaction.atomic
def note_contact(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Match:
    """Note that the two sides are in touch.

    Raises:
        NotFoundError: No such match.
        PermissionRefusedError: The actor is of neither side nor of the secretariat.
        ConflictOfInterestError: The actor is of the desk and tied to a side.
        TransitionRefusedError: They were not introduced, or are in talks already.
    """
    match = _enter(alliance, code, actor=actor, at=at)
    NOTE_CONTACT.check(match.state)
    before, match.state, match.contacted_at = match.state, NOTE_CONTACT.target, at
    match.save(update_fields=["state", "contacted_at"])
    _record(match, NOTE_CONTACT, before, actor=actor, at=at)
    _note_contact(match, actor=actor, at=at)
    return match


def _note_contact(match: Match, *, actor: User | None, at: datetime) -> None:
    note_act(match, MatchEventKind.CONTACTED, ListingSide.DEMAND, reader=None, at=at)
    inbox.settle(match.alliance, contact_key(match), by=actor, at=at)
    emit(match.alliance, MATCH_CONTACTED, _payload(match))


@transaction.atomic
def agree_match(alliance: Alliance, code: str, *, outcome: str = "", actor: User, at: datetime) -> Match:
    """Note that the two sides agreed; a contract may follow from it.

    Args:
        alliance: The tenant.
        code: The match's code.
        outcome: On what, in a few words; both sides and the desk read it.
        actor: Of a side, or of the secretariat.
        at: Now.

    Raises:
        NotFoundError: No such match.
        PermissionRefusedError: The actor is of neither side nor of the secretariat.
        ConflictOfInterestError: The actor is of the desk and tied to a side.
        TransitionRefusedError: They were not introduced, or it is over.
    """
    return _finish(alliance, code, AGREE_MATCH, outcome=outcome, actor=actor, at=at)


@transaction.atomic
def end_match(alliance: Alliance, code: str, *, outcome: str, actor: User, at: datetime) -> Match:
    """Note that nothing came of it, and why.

    Args:
        alliance: The tenant.
        code: The match's code.
        outcome: Why; both sides and the desk read it.
        actor: Of a side, or of the secretariat.
        at: Now.

    Raises:
        NotFoundError: No such match.
        PermissionRefusedError: The actor is of neither side nor of the secretariat.
        ConflictOfInterestError: The actor is of the desk and tied to a side.
        InvalidInputError: ``outcome_missing``, ``words_too_long``.
        TransitionRefusedError: They were not introduced, or it is over.
    """
    if not outcome.strip():
        said = _("Say in a few words why nothing came of it.")
        raise InvalidInputError(said, code="outcome_missing", fields={"outcome": said})
    return _finish(alliance, code, END_MATCH, outcome=outcome, actor=actor, at=at)


def _finish(alliance: Alliance, code: str, step: Transition, *, outcome: str, actor: User, at: datetime) -> Match:
    match = _enter(alliance, code, actor=actor, at=at)
    step.check(match.state)
    text = outcome.replace("\x00", "").strip()
    if len(text) > LONGEST:
        said = _("This is longer than %(most)s characters.") % {"most": LONGEST}
        raise InvalidInputError(said, code="words_too_long", fields={"outcome": said})
    _close(match, step, text, actor=actor, at=at)
    others = tuple(side for side in ListingSide.values if side not in _own_sides(match, actor, at=at))
    _tell(match, others, "services.match_agreed" if step is AGREE_MATCH else "services.match_ended", actor=actor, at=at)
    return match


def _close(match: Match, step: Transition, text: str, *, actor: User | None, at: datetime) -> None:
    was_silent = match.state == MatchState.INTRODUCED and step is AGREE_MATCH
    before, match.state, match.ended_at, match.outcome = match.state, step.target, at, text
    fields = ["state", "ended_at", "outcome"]
    if was_silent:  # who agrees has talked
        match.contacted_at = at
        fields.append("contacted_at")
    match.save(update_fields=fields)
    _record(match, step, before, actor=actor, at=at, words=text)
    if was_silent:
        _note_contact(match, actor=actor, at=at)
    agreed = step is AGREE_MATCH
    note_act(match, MatchEventKind.AGREED if agreed else MatchEventKind.ENDED, ListingSide.DEMAND, reader=None, at=at)
    inbox.settle(match.alliance, contact_key(match), by=actor, at=at)
    emit(match.alliance, MATCH_AGREED if agreed else MATCH_ENDED, _payload(match))


@transaction.atomic
def agree_by_contract(alliance: Alliance, code: str, *, at: datetime) -> bool:
    """Note the agreement of a match whose contract is in force: who signed has agreed, whether or not anybody noted it.

    Called by the event of the seal, any number of times.

    Returns:
        Whether it was noted now.
    """
    match = lock_match(alliance, code)
    if match.state not in AGREE_MATCH.sources:
        return False
    _close(match, AGREE_MATCH, "", actor=None, at=at)
    return True
