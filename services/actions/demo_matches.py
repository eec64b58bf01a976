"""Docking of the invented alliance, by the real acts: suggestions looked at, accepted, declined, and what came of them.

The alliance on open data gets its listings indexed and nothing else: nobody there accepted or declined anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction

from alliance.choices import AllianceRole
from alliance.kernel.demo import WEAVING
from alliance.kernel.errors import DomainError
from alliance.models import RoleAssignment
from members.choices import StaffRole
from members.models import InstitutionStaff
from services.actions.match import (
    accept_match,
    accept_suggestion,
    agree_match,
    decline_suggestion,
    end_match,
    note_contact,
    propose_match,
)
from services.actions.match_event import note_shown
from services.actions.match_index import index_listings
from services.choices import ListingState, MatchOrigin
from services.models import Listing, Match
from services.selectors.match import desk_ties, tied_to
from services.selectors.suggestion import suggest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from alliance.models import Alliance, User


@dataclass(frozen=True, slots=True)
class Story:
    """What became of a pair.

    Attributes:
        demand: Code of the demand.
        supply: Code of the supply.
        days: Days before today the first side acted.
        until: ``invited``, ``introduced``, ``in_talks``, ``agreed``, ``ended``, ``declined`` or ``proposed``.
        words: What was said.
        origin: Who found it.
        reason: DeclineReason.
    """

    demand: str
    supply: str
    days: int
    until: str
    words: str = ""
    origin: str = MatchOrigin.ENGINE
    reason: str = ""


STORIES: Final = (
    Story("D-0402", "S-0233", 12, "agreed", "Four recipes on our own machines, in January. / 一月在我厂机台上试四个配方。"),
    Story("D-0403", "S-0267", 10, "in_talks", "Could you look at 24 looms first? / 能否先看24台织机？"),
    Story(
        "D-0405", "S-0270", 9, "ended", "The yellowing needs a laboratory, not a plant. / 泛黄问题需要实验室，而非试验车间。"
    ),
    Story(
        "D-0401", "S-0270", 6, "introduced", "Our stenter has the same exhaust. / 我厂定型机排风相同。", MatchOrigin.INTEREST
    ),
    Story("D-0405", "S-0233", 4, "invited", "Samples are ready to be sent. / 样品可随时寄出。"),
    Story("D-0401", "S-0232", 3, "invited", "A survey before the new-year stop would be best. / 最好在春节停机前勘测。"),
    Story("D-0430", "S-0260", 2, "proposed", "The rules need words that mills read. / 规则对照需要企业读得懂的文字。"),
    Story("D-0401", "S-0231", 1, "proposed", "They surveyed a plant of the same size. / 曾勘测过同等规模的工厂。"),
    Story("D-0401", "S-0253", 5, "declined", reason="not_our_field"),
    Story("D-0402", "S-0241", 7, "declined", reason="region"),
    Story("D-0405", "S-0266", 8, "declined", reason="price"),
)
"""Between institutions whose people the demonstration has; where one has none, the other side waits for its answer."""


def load_matches(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - a loader's signature
    """Load; running it again adds nothing."""
    open_ids = Listing.objects.of(alliance).filter(state__in=[ListingState.PUBLISHED, ListingState.IN_TALKS])
    index_listings(alliance, list(open_ids.values_list("pk", flat=True)), at=at)
    if flavour != WEAVING or Match.objects.of(alliance).exists():
        return
    codes = {code for story in STORIES for code in (story.demand, story.supply)}
    listings = {row.code: row for row in Listing.objects.of(alliance).filter(code__in=codes)}
    for story in sorted(STORIES, key=lambda one: -one.days):
        demand, supply = listings.get(story.demand), listings.get(story.supply)
        if demand is None or supply is None:
            continue
        try:
            with transaction.atomic():
                _tell(alliance, story, demand, supply, at=at - timedelta(days=story.days))
        except DomainError:  # the content of other layers may bind the two institutions up with each other
            continue


def _person(listing: Listing, *, at: datetime) -> User | None:
    rows = InstitutionStaff.objects.of(listing.alliance).at(at).filter(institution=listing.institution_id)
    row = rows.filter(role__in=[StaffRole.REPRESENTATIVE, StaffRole.STAFF]).select_related("user").order_by("id").first()
    return row.user if row else None


def _officer(alliance: Alliance, demand: Listing, supply: Listing, *, at: datetime) -> User | None:
    rows = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.SECRETARIAT).select_related("user")
    tied = {tie.user.pk for tie in tied_to(desk_ties(alliance, at=at), [demand.institution_id, supply.institution_id])}
    return next((row.user for row in rows.order_by("id") if row.user_id not in tied), None)


def _tell(alliance: Alliance, story: Story, demand: Listing, supply: Listing, *, at: datetime) -> None:
    """One pair, hour by hour."""
    buyer, seller = _person(demand, at=at), _person(supply, at=at)
    note_shown(alliance, demand, suggest(alliance, demand, at=at).all[:10], reader=demand.institution_id, at=at)
    moment = at + timedelta(minutes=20)
    if story.until == "proposed":
        officer = _officer(alliance, demand, supply, at=at)
        if officer is not None:
            propose_match(alliance, demand.code, supply.code, words=story.words, actor=officer, at=moment)
        return
    if buyer is None or (seller is None and story.until not in {"invited", "declined"}):
        return
    if story.until == "declined":
        decline_suggestion(alliance, demand.code, supply.code, reason=story.reason, actor=buyer, at=moment)
        return
    first, second, side = (supply, demand, "demand") if story.origin == MatchOrigin.INTEREST else (demand, supply, "supply")
    actor, answering = (buyer, seller) if side == "supply" or seller is None else (seller, buyer)
    words = "" if story.until == "ended" else story.words
    match = accept_suggestion(alliance, first.code, second.code, actor=actor, words=words, origin=story.origin, at=moment)
    steps: list[tuple[int, Callable[[datetime], object]]] = []
    if story.until != "invited" and answering is not None:
        steps.append((20, lambda when: accept_match(alliance, match.code, side, actor=answering, at=when)))
    if story.until in {"in_talks", "agreed", "ended"}:
        steps.append((27, lambda when: note_contact(alliance, match.code, actor=buyer, at=when)))
    if story.until == "agreed":
        steps.append((120, lambda when: agree_match(alliance, match.code, outcome=story.words, actor=buyer, at=when)))
    if story.until == "ended" and seller is not None:
        steps.append((90, lambda when: end_match(alliance, match.code, outcome=story.words, actor=seller, at=when)))
    for hours, act in steps:
        act(moment + timedelta(hours=hours))
