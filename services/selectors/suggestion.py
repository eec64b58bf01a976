"""Suggestions: what fits a listing or an institution, why, and how well.

Who may read what is decided inside the query: a listing is suggested only where the institution the search is for may read it,
it is open, it belongs neither to that institution nor to one it is bound up with, and it passes the owner's criteria. What does
not pass takes no place, adds to no count and moves no score.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Avg, Count, DateField, ExpressionWrapper, F, IntegerField, Q, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone, translation

from groups.choices import LinkKind
from groups.selectors.links import find_links
from members.choices import Element
from members.models import ElementSupply, Institution
from members.selectors.regions import province_of
from operations.models import Product
from services import fit
from services.choices import (
    DeclineReason,
    ListingSide,
    MatchEventKind,
    MatchState,
    Pricing,
    RatingState,
)
from services.models import (
    Listing,
    ListingText,
    Match,
    MatchCriteria,
    MatchEvent,
    MatchRule,
    MatchStatistics,
    Posting,
    Rating,
)
from services.selectors.matching import Candidate, MatchQuery, SearchAnswer, inverse_frequency, query_of_listing, search
from services.selectors.review import track_records

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from alliance.models import Alliance

LIMIT: Final = 100
"""Candidates the engine hands over; the fit is computed for each."""
TOO_CLOSE: Final = frozenset({LinkKind.OWNERSHIP, LinkKind.SAME_PERSON, LinkKind.FAMILY, LinkKind.OTHER})
"""Links that keep two institutions from being suggested to each other. A former contract or a common work does not: it is
experience, and the reason to work together again."""
REMEMBERED: Final = 40
"""So many of the latest declines for each reason teach."""
FAR_TEXTS: Final = 0.07
CLOSE_TEXTS: Final = 0.13
"""Texts whose weighted words have a cosine up to the first are on other matters, from the second on on the same matter. Of the
projects in data/horizon, nine of ten pairs from different clusters lie below 0.065; pairs of one cluster reach 0.14."""
EXPOSURE_DAYS: Final = 90


# ---------------------------------------------------------------------------------------------------------------------- rule


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule in force.

    Attributes:
        version: 0: the program's own weights.
        weights: Whole per cents by part.
        balance: 0 to 1.
        made_at: Since when; None for version 0.
        is_own: Whether the listing's owner set other weights.
    """

    version: int
    weights: Mapping[str, int]
    balance: Decimal
    made_at: datetime | None = None
    is_own: bool = False


def rule_in_force(alliance: Alliance) -> Rule:
    """The alliance's rule; one query."""
    row = MatchRule.objects.of(alliance).filter(is_current=True).first()
    if row is None or not fit.check_weights(row.weights):
        return Rule(0, fit.STANDARD, Decimal(0))
    return Rule(row.version, row.weights, row.balance, row.made_at)


def criteria_of(alliance: Alliance, listing: Listing) -> MatchCriteria | None:
    """What the owner set; one query."""
    return MatchCriteria.objects.of(alliance).filter(listing=listing).first()


# --------------------------------------------------------------------------------------------------------- who may see what


def other_side(side: str) -> str:
    """The side a side looks for."""
    return ListingSide.SUPPLY.value if side == ListingSide.DEMAND else ListingSide.DEMAND.value


def too_close(alliance: Alliance, institution_id: int | None, at: datetime) -> set[int]:
    """The institution itself and those it is bound up with by ownership, people or family; as many queries as links ask."""
    if institution_id is None:
        return set()
    links = find_links(alliance, [institution_id], at)
    return {institution_id} | {one.other_than(institution_id) for one in links if one.kind in TOO_CLOSE}


def suggestible(
    alliance: Alliance, institution_id: int | None, side: str, *, close: Collection[int], on: date
) -> QuerySet[Listing]:
    """Open listings of a side that may be suggested to an institution (None: a listing from an outside source)."""
    readers = [] if institution_id is None else [institution_id]
    rows = Listing.objects.of(alliance).open(on).readable(on, readers).filter(side=side)
    return rows.exclude(institution__in=list(close)) if close else rows


def apply_criteria(
    rows: QuerySet[Listing], criteria: MatchCriteria | None, one: fit.Facts, *, on: date
) -> QuerySet[Listing]:
    """Only what passes the owner's criteria; conditions of the query, so that the limit comes after them."""
    if criteria is None:
        return rows
    if criteria.regions:
        wanted = Q()
        for code in criteria.regions:
            start = code[:2]
            wanted |= Q(region_code__startswith=start) | Q(region_code="", institution__region_code__startswith=start)
        rows = rows.filter(wanted)
    if criteria.kinds:
        rows = rows.filter(institution__kind__in=criteria.kinds)
    if criteria.in_budget_only and one.money is not None and one.pricing not in {Pricing.TO_AGREE, Pricing.FREE}:
        rows = rows.filter(_in_budget(one))
    if criteria.in_time_only:
        rows = _in_time(rows, one, on)
    return rows


def _in_budget(one: fit.Facts) -> Q:
    if one.is_demand:
        cheap = Q(money_min__lte=one.money) | Q(money_min__isnull=True, money_max__lte=one.money)
        unsaid = Q(money_min__isnull=True, money_max__isnull=True)
    else:
        cheap = Q(money_max__gte=one.money) | Q(money_max__isnull=True, money_min__gte=one.money)
        unsaid = Q(money_min__isnull=True, money_max__isnull=True)
    return (
        Q(pricing=Pricing.TO_AGREE)
        | (cheap | unsaid) & ~Q(pricing=Pricing.FREE)
        | (Q(pricing=Pricing.FREE) if one.is_demand else Q(pk__in=[]))
    )


def _in_time(rows: QuerySet[Listing], one: fit.Facts, on: date) -> QuerySet[Listing]:
    """Done by the wanted day, as :func:`services.fit.finish` reckons it; unknown dates pass."""
    earliest = max(day for day in (on, one.starts_on) if day is not None)
    if one.is_demand:
        rows = rows.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=Greatest(Coalesce("starts_on", Value(earliest)), Value(earliest)))
        )
        if one.ends_on is None:
            return rows
        weeks: Any = Coalesce("duration_weeks", Value(one.weeks or 0), output_field=IntegerField())
        unsaid = Q(duration_weeks__isnull=True, starts_on__isnull=True) if one.weeks is None else Q(pk__in=[])
        deadline: Any = Value(one.ends_on)
    else:
        if one.ends_on is not None:
            rows = rows.filter(Q(starts_on__isnull=True) | Q(starts_on__lte=one.ends_on))
            if one.ends_on < on:
                return rows.none()
        weeks = (
            Value(one.weeks, output_field=IntegerField())
            if one.weeks is not None
            else Coalesce("duration_weeks", Value(0), output_field=IntegerField())
        )
        unsaid = Q(ends_on__isnull=True)
        if one.weeks is None and one.starts_on is None:
            unsaid |= Q(duration_weeks__isnull=True)
        deadline = F("ends_on")
    begin = Greatest(Coalesce("starts_on", Value(earliest)), Value(earliest), output_field=DateField())
    done = ExpressionWrapper(begin + weeks * 7, output_field=DateField())  # type: ignore[operator]
    return rows.alias(done=done).filter(unsaid | Q(done__lte=deadline))


# ----------------------------------------------------------------------------------------------------------------- the facts


def facts_of(listing: Listing) -> fit.Facts:
    """What the formulas read; the institution must be loaded."""
    is_demand = listing.side == ListingSide.DEMAND
    low, high = listing.money_min, listing.money_max
    money = (high if high is not None else low) if is_demand else (low if low is not None else high)
    region = listing.region_code or (listing.institution.region_code if listing.institution else "")
    return fit.Facts(
        key=listing.pk or 0,
        is_demand=is_demand,
        category=listing.category,
        elements=frozenset(listing.elements),
        industry=listing.industry_code,
        disciplines=frozenset(listing.disciplines),
        region=region,
        pricing=listing.pricing,
        money=money,
        starts_on=listing.starts_on,
        ends_on=listing.ends_on,
        weeks=listing.duration_weeks,
        institution=listing.institution_id,
    )


def records_of(alliance: Alliance, institution_ids: Collection[int]) -> dict[int, fit.Record]:
    """What institutions have done, as far as it stands here; five queries.

    Agreements and introductions that came to nothing on either side, released products, confirmed ratings of the services
    made of them, and final evaluations of contracts by the other parties.
    """
    ids = sorted(institution_ids)
    agreed: Counter[int] = Counter()
    ended: Counter[int] = Counter()
    for path in ("demand__institution", "supply__institution"):
        rows = (
            Match.objects.of(alliance)
            .filter(**{f"{path}__in": ids}, state__in=[MatchState.AGREED, MatchState.ENDED])
            .values_list(path, "state")
            .annotate(count=Count("pk"))
        )
        for institution, state, count in rows:
            (agreed if state == MatchState.AGREED else ended)[institution] += count
    released = dict(
        Product.objects.of(alliance).released().filter(author__in=ids).values_list("author").annotate(count=Count("pk"))
    )
    ratings = {
        institution: (count, Decimal(str(mean)))
        for institution, count, mean in Rating.objects.of(alliance)
        .filter(entry__product__author__in=ids, state=RatingState.CONFIRMED)
        .values_list("entry__product__author")
        .annotate(count=Count("pk"), mean=Avg("score"))
    }
    evaluated = track_records(alliance, ids)
    return {
        pk: fit.Record(
            agreed=agreed[pk],
            ended=ended[pk],
            released=released.get(pk, 0),
            ratings=ratings.get(pk, (0, None))[0],
            mean=ratings.get(pk, (0, None))[1],
            contracts=evaluated[pk].contracts if pk in evaluated else 0,
            contract_mean=evaluated[pk].mean if pk in evaluated else None,
        )
        for pk in ids
    }


# --------------------------------------------------------------------------------------------------------------- learning


def declines_of(alliance: Alliance, listing: Listing | None, institution_id: int | None) -> list[fit.Decline]:
    """What declines of the same institution teach (of the same listing, where it has none); one query."""
    rows = MatchEvent.objects.of(alliance).filter(kind=MatchEventKind.DECLINED).exclude(reason__in=["", DeclineReason.OTHER])
    if institution_id is not None:
        rows = rows.filter(listing__institution=institution_id)
    elif listing is not None and listing.pk:
        rows = rows.filter(listing=listing)
    else:
        return []
    kept: Counter[str] = Counter()
    found = []
    for row in rows.select_related("other__institution").order_by("-at", "-id")[: REMEMBERED * len(DeclineReason.values)]:
        kept[row.reason] += 1
        if kept[row.reason] <= REMEMBERED:
            found.append(fit.Decline(row.listing_id, facts_of(row.other), row.reason, row.at))
    return found


def closeness(alliance: Alliance, declined: Collection[int], candidates: Collection[int]) -> dict[int, dict[int, Decimal]]:
    """By candidate and declined listing: how close their texts are, 0 to 1; three queries, none where nothing was declined.

    The cosine of the BM25 weights times the inverse document frequencies of the words, in the language where it is largest,
    stretched from :data:`FAR_TEXTS` (0) to :data:`CLOSE_TEXTS` (1).
    """
    if not declined or not candidates:
        return {}
    texts = {
        pk: (listing, side, language)
        for pk, listing, side, language in ListingText.objects.of(alliance)
        .filter(listing__in={*declined, *candidates})
        .values_list("pk", "listing_id", "side", "language")
    }
    totals = {
        (side, language): count
        for side, language, count in MatchStatistics.objects.of(alliance).values_list("side", "language", "texts")
    }
    vectors: dict[int, dict[int, float]] = defaultdict(dict)
    for text, term, weight, frequency in (
        Posting.objects.of(alliance).filter(text__in=list(texts)).values_list("text_id", "term_id", "weight", "term__texts")
    ):
        _listing, side, language = texts[text]
        whole = max(totals.get((side, language), 0), frequency, 1)
        vectors[text][term] = weight * inverse_frequency(whole, frequency)
    norms = {text: sqrt(sum(value * value for value in vector.values())) or 1.0 for text, vector in vectors.items()}
    by_language: dict[str, list[int]] = defaultdict(list)
    for text in vectors:
        if texts[text][0] in declined:
            by_language[texts[text][2]].append(text)
    found: dict[int, dict[int, Decimal]] = defaultdict(dict)
    for text, vector in vectors.items():
        listing, _side, language = texts[text]
        if listing not in candidates:
            continue
        for other in by_language[language]:
            theirs = vectors[other]
            small, large = (vector, theirs) if len(vector) < len(theirs) else (theirs, vector)
            dot = sum(value * large[term] for term, value in small.items() if term in large)
            cosine = dot / (norms[text] * norms[other])
            if cosine > FAR_TEXTS:
                close = Decimal(repr(min(1.0, (cosine - FAR_TEXTS) / (CLOSE_TEXTS - FAR_TEXTS))))
                key = texts[other][0]
                found[listing][key] = max(found[listing].get(key, Decimal(0)), close)
    return found


def exposure_by_kind(alliance: Alliance, at: datetime) -> dict[str, Decimal]:
    """How often each kind of institution was among the first ten lately, as a share of the most shown kind; one query."""
    rows = (
        MatchEvent.objects.of(alliance)
        .filter(kind=MatchEventKind.SHOWN, rank__lte=10, at__gte=at - timedelta(days=EXPOSURE_DAYS))
        .values_list("institution_kind")
        .annotate(count=Count("pk"))
    )
    counts = dict(rows)
    most = max(counts.values(), default=0)
    return {kind: Decimal(count) / most for kind, count in counts.items()} if most else {}


# ------------------------------------------------------------------------------------------------------------ suggestions


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A listing suggested.

    Attributes:
        listing: It, with its institution.
        fit: How well it fits, and why.
        candidate: What the engine says.
        rank: Place in the whole list, from 1.
    """

    listing: Listing
    fit: fit.Fit
    candidate: Candidate
    rank: int


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What was found for a listing or an institution.

    Attributes:
        same: Suggestions with a text in a language of the listing, best first.
        other: Those in another language only.
        passing: Listings that pass the criteria.
        readable: Listings of the other side that may be suggested at all.
        rule: The rule that was applied.
        criteria: The owner's criteria.
        answer: What the engine says of its figures.
    """

    same: tuple[Suggestion, ...]
    other: tuple[Suggestion, ...]
    passing: int
    readable: int
    rule: Rule
    criteria: MatchCriteria | None
    answer: SearchAnswer | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def all(self) -> tuple[Suggestion, ...]:
        """Both groups."""
        return self.same + self.other

    def find(self, code: str) -> Suggestion | None:
        """The suggestion of a listing."""
        return next((one for one in self.all if one.listing.code == code), None)


def brought_together(alliance: Alliance, listing: Listing) -> QuerySet[Match]:
    """Matches of a listing, whatever became of them."""
    return Match.objects.of(alliance).filter(Q(demand=listing) | Q(supply=listing))


def suggest(
    alliance: Alliance,
    listing: Listing,
    *,
    at: datetime,
    among: QuerySet[Listing] | None = None,
    with_matched: bool = False,
) -> Suggestions:
    """What fits a listing; a fixed number of queries.

    Args:
        alliance: The tenant.
        listing: The listing, saved, with its institution.
        at: Now.
        among: Listings the person who looks may read, where that is not somebody of the listing's institution. None: the
            person may see what that institution may.
        with_matched: Also pairs that were brought together already, to explain them.
    """
    today = timezone.localdate(at)
    side = other_side(listing.side)
    close = too_close(alliance, listing.institution_id, at)
    rows = suggestible(alliance, listing.institution_id, side, close=close, on=today)
    if among is not None:
        rows = rows.filter(pk__in=among.values("pk"))
    one = facts_of(listing)
    criteria = criteria_of(alliance, listing)
    passing = apply_criteria(rows, criteria, one, on=today)
    if not with_matched:
        column = "supply" if listing.side == ListingSide.DEMAND else "demand"
        passing = passing.exclude(pk__in=brought_together(alliance, listing).values(column))
    rule = rule_in_force(alliance)
    if criteria is not None and fit.check_weights(criteria.weights):
        rule = replace(rule, weights=criteria.weights, is_own=True)
    answer = search(alliance, query_of_listing(listing), allowed=passing, side=side, limit=LIMIT)
    declines = declines_of(alliance, listing, listing.institution_id)
    return _weigh(
        alliance, one, answer, rule, declines, at=at, criteria=criteria, passing=passing.count(), readable=rows.count()
    )


def suggest_to_institution(alliance: Alliance, institution: Institution, side: str, *, at: datetime) -> Suggestions | None:
    """What fits an institution by its elements, its released products and its own listings; None where nothing is known of it."""
    today = timezone.localdate(at)
    profile, texts = profile_of(alliance, institution, other_side(side), on=today)
    if not texts:
        return None
    close = too_close(alliance, institution.pk, at)
    rows = suggestible(alliance, institution.pk, side, close=close, on=today)
    own = Listing.objects.of(alliance).filter(institution=institution)
    matched = Match.objects.of(alliance)
    passing = rows.exclude(pk__in=matched.filter(demand__in=own).values("supply")).exclude(
        pk__in=matched.filter(supply__in=own).values("demand")
    )
    answer = search(alliance, MatchQuery(texts), allowed=passing, side=side, limit=LIMIT)
    declines = declines_of(alliance, None, institution.pk)
    return _weigh(
        alliance,
        profile,
        answer,
        rule_in_force(alliance),
        declines,
        at=at,
        criteria=None,
        passing=passing.count(),
        readable=rows.count(),
    )


def profile_of(alliance: Alliance, institution: Institution, side: str, *, on: date) -> tuple[fit.Facts, dict[str, str]]:
    """An institution as if it were a listing of a side: its facts and its texts by language; three queries."""
    listings = list(
        Listing.objects.of(alliance)
        .filter(institution=institution)
        .order_by("-published_at", "-id")
        .only("side", "title_en", "title_zh", "body_en", "body_zh", "elements", "disciplines", "industry_code")[:20]
    )
    products = list(
        Product.objects.of(alliance)
        .released()
        .filter(author=institution)
        .order_by("-released_at")
        .only("title_en", "title_zh", "summary_en", "summary_zh")[:10]
    )
    elements = sorted(
        set(
            ElementSupply.objects.of(alliance).valid_on(on).filter(institution=institution).values_list("element", flat=True)
        )
    )
    texts: dict[str, str] = {}
    same_side = [row for row in listings if row.side == side] or listings
    for language, code in (("en", "en"), ("zh", "zh-hans")):
        pieces = [getattr(row, f"title_{language}") for row in same_side]
        pieces += [getattr(row, f"body_{language}")[:600] for row in same_side[:5]]
        pieces += [f"{getattr(row, f'title_{language}')} {getattr(row, f'summary_{language}')[:300]}" for row in products]
        with translation.override(code):
            pieces += [str(Element(element).label) for element in elements]
        text = "\n".join(piece for piece in pieces if piece.strip())
        if text:
            texts[language] = text
    facts = fit.Facts(
        key=0,
        is_demand=side == ListingSide.DEMAND,
        elements=frozenset(elements),
        disciplines=frozenset(code for row in same_side for code in row.disciplines),
        region=institution.region_code,
        institution=institution.pk,
    )
    return facts, texts


def _weigh(
    alliance: Alliance,
    one: fit.Facts,
    answer: SearchAnswer,
    rule: Rule,
    declines: Sequence[fit.Decline],
    *,
    at: datetime,
    criteria: MatchCriteria | None,
    passing: int,
    readable: int,
) -> Suggestions:
    """The fit of each candidate, in order."""
    ids = [candidate.listing_id for candidate in answer.candidates]
    listings = {row.pk: row for row in Listing.objects.of(alliance).select_related("institution").filter(pk__in=ids)}
    houses = {row.institution_id for row in listings.values() if row.institution_id is not None}
    records = records_of(alliance, houses)
    fields = {decline.other.key for decline in declines if decline.reason == DeclineReason.NOT_OUR_FIELD}
    close = closeness(alliance, fields, set(ids))
    exposure = exposure_by_kind(alliance, at) if rule.balance else {}
    groups: dict[str, list[tuple[Decimal, Candidate, fit.Fit]]] = {"same": [], "other": []}
    best = {group: max((c.score for c in answer.candidates if c.group == group), default=0.0) for group in groups}
    for candidate in answer.candidates:
        listing = listings.get(candidate.listing_id)
        if listing is None:
            continue
        other = facts_of(listing)
        weighed = fit.compute(
            rule.weights,
            one,
            other,
            text=fit.Text(
                candidate.score,
                best[candidate.group],
                words_of(candidate),
                max(0.0, candidate.cosine_score),
            ),
            record=records.get(listing.institution_id) if listing.institution_id else None,
            today=timezone.localdate(at),
            taught=fit.lessons(one.key, other, declines, close.get(listing.pk, {}), at),
        )
        kind = listing.institution.kind if listing.institution else ""
        order = fit.steered(weighed.total, rule.balance, exposure.get(kind, Decimal(0))) if rule.balance else weighed.total
        groups[candidate.group].append((order, candidate, weighed))
    found: dict[str, list[Suggestion]] = {"same": [], "other": []}
    rank = 0
    for group in ("same", "other"):
        for _order, candidate, weighed in sorted(groups[group], key=lambda row: (-row[0], -row[1].score, row[1].listing_id)):
            rank += 1
            found[group].append(Suggestion(listings[candidate.listing_id], weighed, candidate, rank))
    return Suggestions(tuple(found["same"]), tuple(found["other"]), passing, readable, rule, criteria, answer)


def words_of(candidate: Candidate) -> tuple[tuple[str, float], ...]:
    """Words that agreed with their shares; those the query writes alike are added up."""
    found: dict[str, float] = {}
    for share in candidate.terms:
        found[share.word or share.term] = found.get(share.word or share.term, 0.0) + share.score
    return tuple(sorted(found.items(), key=lambda row: (-row[1], row[0])))


# ------------------------------------------------------------------------------------------------------ what is kept of it


def keep(suggestion: Suggestion, found: Suggestions) -> dict[str, Any]:
    """A suggestion as JSON, enough to explain the figure later."""
    answer, candidate = found.answer, suggestion.candidate
    return {
        "rule": found.rule.version,
        "own_weights": found.rule.is_own,
        "weights": dict(found.rule.weights),
        "group": candidate.group,
        "score": repr(candidate.score),
        "cosine": None if candidate.cosine is None else f"{candidate.cosine:.6f}",
        "method": answer.method if answer else "",
        "analyser": answer.analyser if answer else "",
        "basis": [
            {
                "query_language": basis.query_language,
                "language": basis.language,
                "texts": basis.texts,
                "mean_length": round(basis.mean_length, 3),
                "refreshed_at": basis.refreshed_at.isoformat() if basis.refreshed_at else None,
                "model": basis.model,
            }
            for basis in (answer.basis if answer else ())
        ],
        "parts": keep_parts(suggestion.fit),
        "reasons": keep_reasons(suggestion.fit),
    }


def keep_parts(weighed: fit.Fit) -> list[dict[str, Any]]:
    """Parts with their summands as JSON."""
    return [
        {
            "name": part.name,
            "weight": part.weight,
            "points": str(part.points),
            "items": [{"kind": item.kind, "key": item.key, "points": str(item.points)} for item in part.items],
        }
        for part in weighed.parts
    ]


def keep_reasons(weighed: fit.Fit) -> list[dict[str, Any]]:
    """Reasons as JSON."""
    return [{"code": reason.code, "tone": reason.tone, "values": dict(reason.values)} for reason in weighed.reasons]


def regions_offered(codes: Iterable[str]) -> list[str]:
    """Provinces among region codes, each once."""
    return sorted({province_of(code) for code in codes if code})
