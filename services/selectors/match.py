"""Matches as pages and the API show them; who is tied to a side; whom each side meets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import SECRETARIAT, InAlliance, can, grants_of, institutions_acted_for
from alliance.models import RoleAssignment, User
from groups.selectors.conflict import list_matters_aside
from groups.selectors.links import find_links, holds_on
from members.choices import RIGHTS_ENDED, ExpertState, StaffRole
from members.models import Expert, ExpertInterest, InstitutionStaff
from services.choices import ListingAudience, ListingSide, ListingState, MatchState
from services.models import Listing, Match, MatchAnswer
from services.permissions import ANSWER_MATCH, VIEW_MATCHES, VIEW_SUGGESTIONS
from services.selectors.listing import readable_by

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from alliance.models import Alliance

ORDER: Final = ("-made_at", "-id")
OPEN_STATES: Final = (MatchState.SUGGESTED, MatchState.INVITED, MatchState.INTRODUCED, MatchState.IN_TALKS)
MET: Final = (MatchState.INTRODUCED, MatchState.IN_TALKS, MatchState.AGREED, MatchState.ENDED)
"""States in which both sides know each other's contacts."""
DESK_READERS: Final = (*SECRETARIAT, InAlliance(AllianceRole.AUDITOR))
"""Who reads of all matches."""
DESK_ROLES: Final = (AllianceRole.SECRETARIAT, AllianceRole.OFFICE_ADMIN, AllianceRole.COMMITTEE)


VERIFIED_TEXTS: Final = (ListingState.PUBLISHED, ListingState.IN_TALKS, ListingState.EXPIRED, ListingState.FULFILLED)
"""States in which the text of a listing is the one that was verified."""


def readable_to(alliance: Alliance, reader: Any, *, at: datetime) -> QuerySet[Listing]:
    """Listings a person who sees matches may read: as everywhere, and for whoever of the desk acts for nobody what members read."""
    today = timezone.localdate(at)
    mine = institutions_acted_for(grants_of(reader, alliance, at))
    rows = Listing.objects.of(alliance)
    return rows.filter(
        Q(pk__in=readable_by(alliance, reader, today).values("pk")) | Q(pk__in=rows.readable(today, mine).values("pk"))
    )


def get_listing(alliance: Alliance, code: str, reader: Any, *, at: datetime) -> Listing:
    """A listing whose suggestions the person may see: one of the own institution, or any the desk may read.

    Raises:
        NotFoundError: It does not exist here, or is not open to the person: the same answer for both.
    """
    row = (
        Listing.objects.of(alliance).select_related("institution").filter(code=code).first() if "\x00" not in code else None
    )
    if row is None or not can(reader, VIEW_SUGGESTIONS, row):
        raise NotFoundError
    if not readable_to(alliance, reader, at=at).filter(pk=row.pk).exists():
        raise NotFoundError
    return row


def visible_matches(alliance: Alliance, reader: Any, *, at: datetime) -> QuerySet[Match]:
    """Matches a person may see: those of the own institutions; for the desk all, for the committee those not confidential.

    Who acts for an institution that stands aside from a confidential listing does not see its matches in any role.
    """
    rows = Match.objects.of(alliance)
    grants = grants_of(reader, alliance, at)
    mine = institutions_acted_for(grants)
    own = Q(demand__institution__in=mine) | Q(supply__institution__in=mine)
    if not can(reader, VIEW_MATCHES, alliance):
        return rows.filter(own)
    named = Q(demand__audience=ListingAudience.NAMED) | Q(supply__audience=ListingAudience.NAMED)
    if not any(holder.holds(grants, alliance) for holder in DESK_READERS):
        return rows.filter(own | ~named)
    codes = (
        {matter.partition(":")[2] for matter in list_matters_aside(alliance, frozenset(mine), "listing")} if mine else set()
    )
    if not codes:
        return rows
    kept = Listing.objects.of(alliance).filter(code__in=codes)
    kept = kept.exclude(pk__in=Listing.objects.of(alliance).readable(timezone.localdate(at), mine).values("pk"))
    return rows.filter(own | ~(Q(demand__in=kept) | Q(supply__in=kept)))


def may_show(listing: Listing, institutions: Collection[int]) -> bool:
    """Whether people of other institutions, whom a match shows this listing, may be told its text.

    Only a verified text is told, and one addressed to named institutions only to these. One query for such a listing, else none.
    """
    if listing.institution_id in institutions:
        return True
    if listing.state not in VERIFIED_TEXTS:
        return False
    return listing.audience != ListingAudience.NAMED or listing.parties.filter(institution__in=institutions).exists()


def veil_matches(matches: Iterable[Match], alliance: Alliance, reader: Any, *, at: datetime) -> None:
    """Take from listings of matches, to be shown to a person, the text which that person may not read now.

    A match outlives what brought it about: its listings are taken back, rewritten, addressed to others. What is left of such a
    listing is its code and whose it is. Two queries besides the person's roles, one more for each text addressed by name.
    """
    shown = [listing for match in matches for listing in (match.demand, match.supply)]
    readable = set(
        readable_to(alliance, reader, at=at).filter(pk__in=[one.pk for one in shown]).values_list("pk", flat=True)
    )
    mine = institutions_acted_for(grants_of(reader, alliance, at))
    for listing in shown:
        if listing.pk not in readable and not may_show(listing, mine):
            listing.title_en = listing.title_zh = listing.code
            listing.body_en = listing.body_zh = ""
            listing.is_veiled = True


def list_matches(
    alliance: Alliance, reader: Any, *, at: datetime, state: str = "", own_only: bool = False
) -> QuerySet[Match]:
    """Matches with both listings and institutions, newest first.

    Args:
        alliance: The tenant.
        reader: Who looks.
        at: Now.
        state: A MatchState, ``open`` for those still under way, or empty for all.
        own_only: Those of the reader's institutions only.
    """
    rows = visible_matches(alliance, reader, at=at)
    if own_only:
        mine = institutions_acted_for(grants_of(reader, alliance, at))
        rows = rows.filter(Q(demand__institution__in=mine) | Q(supply__institution__in=mine))
    if state == "open":
        rows = rows.filter(state__in=OPEN_STATES)
    elif state:
        rows = rows.filter(state=state)
    return rows.select_related("demand__institution", "supply__institution").order_by(*ORDER)


def get_match(alliance: Alliance, code: str, reader: Any, *, at: datetime) -> Match:
    """A match the person may see, with its answers.

    Raises:
        NotFoundError: It does not exist here, or is not open to the person.
    """
    if "\x00" in code:
        raise NotFoundError
    row = (
        visible_matches(alliance, reader, at=at)
        .select_related("demand__institution", "supply__institution", "made_by")
        .filter(code=code)
        .first()
    )
    if row is None:
        raise NotFoundError
    return row


def listing_of(match: Match, side: str) -> Listing:
    """The listing of a side."""
    found: Listing = match.demand if side == ListingSide.DEMAND else match.supply
    return found


def last_answers(match: Match) -> dict[str, MatchAnswer]:
    """The last answer of each side; one query."""
    rows = MatchAnswer.objects.of(match.alliance).filter(match=match).select_related("by").order_by("id")
    return {row.side: row for row in rows}


def sides_for(match: Match, reader: Any) -> list[str]:
    """Sides the person may answer for, the one that has not accepted first."""
    return [side for side in ListingSide.values if can(reader, ANSWER_MATCH, listing_of(match, side))]


# -------------------------------------------------------------------------------------------------------------------- contacts


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody of a side."""

    name_en: str
    name_zh: str
    email: str
    role: str

    @property
    def role_label(self) -> str:
        """The role in words."""
        return str(StaffRole(self.role).label)


def contacts_of(match: Match, *, at: datetime) -> dict[str, list[Contact]]:
    """People of both sides who may act, by side; empty until both were introduced. One query."""
    if match.state not in MET:
        return {}
    houses = {match.demand.institution_id: ListingSide.DEMAND.value, match.supply.institution_id: ListingSide.SUPPLY.value}
    found: dict[str, list[Contact]] = {side: [] for side in ListingSide.values}
    rows = (
        InstitutionStaff.objects.of(match.alliance)
        .at(at)
        .filter(
            institution__in=[pk for pk in houses if pk is not None], role__in=[StaffRole.REPRESENTATIVE, StaffRole.STAFF]
        )
        .exclude(institution__state__in=RIGHTS_ENDED)
        .select_related("user")
        .order_by("role", "user__email")
    )
    seen = set()
    for row in rows:
        side = houses[row.institution_id]
        if (side, row.user_id) not in seen and row.user.is_active:
            seen.add((side, row.user_id))
            found[side].append(Contact(row.user.name_en, row.user.name_zh, row.user.email, row.role))
    return found


def people_of(alliance: Alliance, institution_id: int | None, *, at: datetime) -> list[User]:
    """Who is told something about a side: those who may act for it, else the office. Two queries."""
    if institution_id is None:
        rows: QuerySet[Any, Any] = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.SECRETARIAT)
    else:
        rows = (
            InstitutionStaff.objects.of(alliance)
            .at(at)
            .filter(institution=institution_id, role__in=[StaffRole.REPRESENTATIVE, StaffRole.STAFF])
        )
    ids = list(rows.values_list("user_id", flat=True))
    return list(User.objects.filter(pk__in=ids, is_active=True).order_by("pk"))


# ------------------------------------------------------------------------------------------------------------------------ ties


@dataclass(frozen=True, slots=True)
class Tie:
    """A person of the desk and the institutions that person is tied to.

    Attributes:
        user: The person.
        own: Institutions acted for, or that the person is an expert of or advises.
        linked: Institutions these are linked with (charter, article 21).
    """

    user: User
    own: frozenset[int]
    linked: frozenset[int]

    @property
    def all(self) -> frozenset[int]:
        """Both."""
        return self.own | self.linked


def desk_ties(alliance: Alliance, *, at: datetime, only: User | None = None) -> list[Tie]:
    """People of the office and the committee who are tied to institutions; as many queries as links ask, and four."""
    holders = RoleAssignment.objects.of(alliance).at(at).filter(role__in=DESK_ROLES)
    people = User.objects.filter(pk__in=holders.values("user"), is_active=True)
    users = {user.pk: user for user in (people.filter(pk=only.pk) if only else people).order_by("pk")}
    own: dict[int, set[int]] = defaultdict(set)
    staff = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(user__in=list(users))
        .exclude(institution__state__in=RIGHTS_ENDED)
    )
    for user_id, institution_id in staff.values_list("user_id", "institution_id"):
        own[user_id].add(institution_id)
    by_mail = {user.email.lower(): pk for pk, user in users.items()}
    experts = Expert.objects.of(alliance).filter(
        Q(user__in=list(users)) | Q(email__in=list(by_mail)), state=ExpertState.ACTIVE
    )
    known: dict[int, int] = {}
    for pk, user_id, email, institution_id in experts.values_list("pk", "user_id", "email", "institution_id"):
        person = user_id if user_id in users else by_mail.get((email or "").lower())
        if person is None:
            continue
        known[pk] = person
        if institution_id is not None:
            own[person].add(institution_id)
    interests = ExpertInterest.objects.of(alliance).filter(
        holds_on(timezone.localdate(at)), expert__in=list(known), counterparty__isnull=False, declared_at__lte=at
    )
    for expert_id, institution_id in interests.values_list("expert_id", "counterparty_id"):
        own[known[expert_id]].add(institution_id)
    every = {institution for houses in own.values() for institution in houses}
    linked: dict[int, set[int]] = defaultdict(set)
    for link in find_links(alliance, every, at):
        linked[link.first].add(link.second)
        linked[link.second].add(link.first)
    return [
        Tie(
            users[pk],
            frozenset(houses),
            frozenset(other for house in houses for other in linked[house]) - frozenset(houses),
        )
        for pk, houses in sorted(own.items())
        if houses
    ]


def is_tied_in_person(alliance: Alliance, person: User, institution_ids: Collection[int | None], *, at: datetime) -> bool:
    """Whether somebody of the desk acts for one of these institutions, is an expert of it, or advises it.

    What links institutions with each other is screened by matter, where it can be waived.
    """
    wanted = {pk for pk in institution_ids if pk is not None}
    return bool(wanted) and any(tie.own & wanted for tie in desk_ties(alliance, at=at, only=person))


def tied_to(ties: Collection[Tie], institution_ids: Collection[int | None]) -> list[Tie]:
    """Those of the desk who cannot rule on a match of these institutions."""
    wanted = {pk for pk in institution_ids if pk is not None}
    return [tie for tie in ties if tie.all & wanted]
