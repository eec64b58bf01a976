"""Search of listings by text: BM25 over the postings of one alliance, joined by vectors where a model is installed."""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Q
from django.db.models.expressions import RawSQL

from services import vectors
from services.analysis import NAME, VERSION, analyse_with_forms, language_of
from services.choices import TextLanguage
from services.models import Listing, ListingText, MatchStatistics
from services.selectors.match_text import indexed_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet
    from numpy.typing import NDArray

    from alliance.models import Alliance

Method = Literal["fused", "bm25"]
Group = Literal["same", "other"]

LIMIT: Final = 100
"""Candidates taken from each ranking."""
TERMS: Final = 24
"""Rarest words of a query that are looked up; fewer lose quality, more cost time only."""
FIRST: Final = 2
"""So many times the wanted number of texts are sorted first; where too few of them may be read, all are."""
WHOLE: Final = 1_000_000
"""Parts of a point in which scores are summed: whole numbers add up to the same in every order."""
LARGEST_WEIGHT: Final = 2.2
"""k1 + 1, which the weight of a word in a text never reaches."""
WORDS_SHARE: Final = 0.8
"""Part of BM25 in the score within one language; the cosine has the rest."""
WORDS_SHARE_ACROSS: Final = 0.5
"""The same across languages, where few words agree."""
MOST_VECTORS: Final = 10_000
"""Vectors compared exactly; above it those of the newest listings and of what the words found."""


@dataclass(frozen=True, slots=True)
class MatchQuery:
    """What is looked for.

    Attributes:
        texts: Text by language (``en``, ``zh``); at least one, none of them blank.
        listing_id: The listing whose texts these are; its stored vectors are used, and it never answers itself.
    """

    texts: Mapping[str, str]
    listing_id: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What one word brings.

    Attributes:
        term: The word as the index knows it, e.g. ``recycl``.
        word: The word as the query writes it, e.g. ``recycling``.
        score: Its part of the candidate's score.
    """

    term: str
    word: str
    score: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A listing that answers; ``score`` is the sum of the shares of its terms and of ``cosine_score``.

    Attributes:
        listing_id: The listing.
        language: Language of its text that agreed best.
        group: Whether that is a language of the query.
        score: 0 to 1 within its group; scores of the two groups are on different scales.
        bm25: Unscaled BM25.
        terms: Shares of the words, largest first.
        cosine: Cosine of the vectors; None without a model or while a vector is not there yet.
        cosine_score: Part of the score that the cosine makes.
    """

    listing_id: int
    language: str
    group: Group
    score: float
    bm25: float
    terms: tuple[Share, ...] = ()
    cosine: float | None = None
    cosine_score: float = 0.0


@dataclass(frozen=True, slots=True)
class Basis:
    """Figures an answer was computed with, one per language pair that was compared.

    Attributes:
        query_language: Language of the query's text.
        language: Language of the listings' texts.
        texts: Texts counted (N).
        mean_length: Mean length the weights were computed with.
        refreshed_at: When they were; None: nothing is indexed.
        model: Name and version of the vector model; empty: words only.
        vectors: How many vectors were compared.
        all_vectors: Whether these were all the viewer may see.
    """

    query_language: str
    language: str
    texts: int
    mean_length: float
    refreshed_at: datetime | None
    model: str = ""
    vectors: int = 0
    all_vectors: bool = True


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """What was found, best first, and what it was computed with.

    Attributes:
        candidates: Both groups in one order.
        basis: Statistics and model, by language pair.
        method: What was really done: ``bm25`` also where ``fused`` was asked for and no vector was there.
        analyser: Name and version of what cut the texts into words.
    """

    candidates: tuple[Candidate, ...]
    basis: tuple[Basis, ...]
    method: Method
    analyser: str = field(default="")

    @property
    def same(self) -> tuple[Candidate, ...]:
        """Listings with a text in a language of the query."""
        return tuple(one for one in self.candidates if one.group == "same")

    @property
    def other(self) -> tuple[Candidate, ...]:
        """Listings in another language only."""
        return tuple(one for one in self.candidates if one.group == "other")


@dataclass(frozen=True, slots=True)
class Part:
    """One line of an explanation.

    Attributes:
        kind: ``term`` or ``cosine``.
        word: The word as the query writes it; empty for the cosine.
        percent: Share of the candidate's score, 0 to 100.
        score: The same in the unit of the score.
    """

    kind: Literal["term", "cosine"]
    word: str
    percent: float
    score: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a candidate is where it is; the parts add up to its score.

    Attributes:
        parts: Largest first.
        words: What both texts say, as the query writes it.
    """

    parts: tuple[Part, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What is indexed of one side and language, for the console."""

    side: str
    language: str
    texts: int
    mean_length: float
    true_mean: float
    refreshed_at: datetime
    vectors: int
    listings: int


def query_of_listing(listing: Listing) -> MatchQuery:
    """Everything a listing says, as it would be indexed, whether it is open or not."""
    return MatchQuery(indexed_texts(listing), listing.pk)


def query_of_text(text: str, language: str = "") -> MatchQuery:
    """Words somebody typed; the language follows from the script where none is given."""
    stripped = text.strip()
    return MatchQuery({language or language_of(stripped): stripped} if stripped else {})


def search(
    alliance: Alliance,
    query: MatchQuery,
    *,
    allowed: QuerySet[Listing],
    side: str,
    limit: int = LIMIT,
    method: Method = "fused",
) -> SearchAnswer:
    """Find listings of one side by text.

    Within a language of the query the score is ``0.8 * BM25 / best BM25 + 0.2 * cosine``, the cosine between the lowest and
    highest of the candidates; without a vector it is ``BM25 / best BM25``. A listing in several of them has the score of its
    best text. Listings in the other language only are a group of their own, with ``0.5 * BM25 / U + 0.5 * cosine``, where U is
    what the query could reach at most: there a number or a name in both texts would win by chance if it were divided by the
    best of the list. The order of both groups together is described at :func:`merge`.

    Args:
        alliance: The tenant, acted in.
        query: What is looked for.
        allowed: Listings the reader may be shown; compiled into the statements, before the limit.
        side: Side of the listings looked for.
        limit: Candidates at most, in each of the two groups.
        method: ``bm25`` leaves the vectors out.
    """
    written = {language: text for language, text in query.texts.items() if text.strip() and language in TextLanguage.values}
    statistics = {row.language: row for row in MatchStatistics.objects.of(alliance).filter(side=side)}
    own = _own_vectors(alliance, query, written) if method == "fused" and statistics else {}
    same: dict[int, Candidate] = {}
    other: dict[int, Candidate] = {}
    bases: list[Basis] = []
    for language in TextLanguage.values:
        if language not in statistics:
            continue
        pairs = [language] if language in written else list(written)
        for asked in pairs:
            pair = _Pair(alliance, side, asked, language, statistics[language], tuple(written), query.listing_id, allowed)
            found, basis = pair.find(written[asked], own.get(asked), max(limit, LIMIT))
            bases.append(basis)
            group = same if asked == language else other
            for one in found:
                if one.listing_id not in group or group[one.listing_id].score < one.score:
                    group[one.listing_id] = one
    candidates = merge(_ranked(same.values())[:limit], _ranked(other.values())[:limit])
    done: Method = "fused" if any(basis.vectors for basis in bases) else "bm25"
    return SearchAnswer(candidates, tuple(bases), done, f"{NAME} {VERSION}")


def merge(same: Sequence[Candidate], other: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Both groups in one order: taken in turns, the query's own language first.

    The scores of the two groups cannot be compared. Where no candidate of the other language has a cosine, only chance words
    brought them, and they come last.
    """
    if not any(one.cosine is not None for one in other):
        return (*same, *other)
    shorter = min(len(same), len(other))
    turns = [one for both in zip(same, other, strict=False) for one in both]
    return (*turns, *same[shorter:], *other[shorter:])


def explain(candidate: Candidate) -> Explanation:
    """The parts of a candidate's score, in per cent of it; they add up to 100, and the scores to its score."""
    parts = [Part("term", share.word, _percent(share.score, candidate.score), share.score) for share in candidate.terms]
    if candidate.cosine is not None:
        parts.append(Part("cosine", "", _percent(candidate.cosine_score, candidate.score), candidate.cosine_score))
    parts.sort(key=lambda part: (-part.score, part.word))
    return Explanation(tuple(parts), tuple(dict.fromkeys(share.word for share in candidate.terms)))


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0.0


def index_status(alliance: Alliance) -> list[IndexStatus]:
    """What is indexed, by side and language; two queries."""
    model = vectors.installed_model()
    held = {
        (row["side"], row["language"]): row
        for row in ListingText.objects.of(alliance)
        .values("side", "language")
        .annotate(
            vectors=Count("pk", filter=Q(vector_model=model.name if model else "-")),
            listings=Count("listing", distinct=True),
        )
    }
    nothing = {"vectors": 0, "listings": 0}
    return [
        IndexStatus(
            row.side,
            row.language,
            row.texts,
            row.mean_length,
            row.tokens / row.texts if row.texts else 0.0,
            row.refreshed_at,
            held.get((row.side, row.language), nothing)["vectors"],
            held.get((row.side, row.language), nothing)["listings"],
        )
        for row in MatchStatistics.objects.of(alliance).order_by("side", "language")
    ]


def inverse_frequency(texts: int, frequency: int) -> float:
    """Weight of a word by how rare it is: ``ln(1 + (N - df + 0.5) / (df + 0.5))``, never negative."""
    return math.log1p((texts - frequency + 0.5) / (frequency + 0.5))


def _ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda one: (-one.score, one.listing_id))


def _own_vectors(
    alliance: Alliance, query: MatchQuery, written: Mapping[str, str]
) -> dict[str, tuple[str, NDArray[np.float32]]]:
    """Model and vector of the query by language: the listing's stored ones, else made now."""
    found: dict[str, tuple[str, NDArray[np.float32]]] = {}
    if query.listing_id is not None:
        rows = ListingText.objects.of(alliance).filter(listing=query.listing_id, vector__isnull=False)
        for language, name, vector in rows.values_list("language", "vector_model", "vector"):
            if language in written and vector is not None:
                found[language] = name, vectors.unpack([vector])[0]
        if found:
            return found
    model = vectors.installed_model()
    if model is None or not written:
        return found
    languages = list(written)
    made = model.encode([written[language] for language in languages])
    return {language: (model.name, row) for language, row in zip(languages, made, strict=True)}


@dataclass(frozen=True, slots=True)
class _Term:
    """A word of the query."""

    text: str
    word: str
    weight: float
    """How often it was asked for, times its inverse frequency, in parts of a point."""
    pk: int


@dataclass(frozen=True, slots=True)
class _Pair:
    """One language of the query against one language of the listings."""

    alliance: Alliance
    side: str
    asked: str
    language: str
    statistics: MatchStatistics
    written: tuple[str, ...]
    excluded: int | None
    allowed: QuerySet[Listing]

    def find(self, text: str, own: tuple[str, NDArray[np.float32]] | None, limit: int) -> tuple[list[Candidate], Basis]:
        """The best of this pair, and what they were computed with."""
        terms, bound = self._terms(text)
        found = self._by_words(terms, limit)  # text -> listing
        model, compared, is_all = "", 0, True
        cosines: dict[int, float] = {}
        if own is not None:
            model = own[0]
            near, cosines, compared, is_all = self._by_vectors(own, found, limit)
            found |= near
        shares = self._shares(terms, list(found))
        basis = Basis(
            self.asked,
            self.language,
            self.statistics.texts,
            self.statistics.mean_length,
            self.statistics.refreshed_at,
            model if compared else "",
            compared,
            is_all,
        )
        return self._scored(found, terms, shares, cosines, bound), basis

    def _terms(self, text: str) -> tuple[list[_Term], float]:
        """The rarest known words with their weights, and the most a text could reach.

        Words that stand in no counted text are looked up besides: a listing addressed to named institutions may have them, and
        must not push out a word that others are found by.
        """
        counts: Counter[str] = Counter()
        forms: dict[str, str] = {}
        for term, form in analyse_with_forms(text):
            counts[term] += 1
            forms.setdefault(term, form)
        with connection.cursor() as cursor:
            cursor.execute(KNOWN, [self.alliance.pk, self.side, self.language, list(counts)])
            known: dict[str, tuple[int, int]] = {term: (pk, frequency) for pk, term, frequency in cursor.fetchall()}
        texts = self.statistics.texts
        bound = sum(
            count * inverse_frequency(texts, known[term][1] if term in known else 0) * LARGEST_WEIGHT
            for term, count in sorted(counts.items())
        )
        by_rarity = sorted(known, key=lambda term: (known[term][1], term))
        counted = [term for term in by_rarity if known[term][1]][:TERMS]
        uncounted = [term for term in by_rarity if not known[term][1]][:TERMS]
        return [
            _Term(term, forms[term], counts[term] * inverse_frequency(texts, known[term][1]) * WHOLE, known[term][0])
            for term in (*counted, *uncounted)
        ], bound

    def _permitted(self) -> QuerySet[Listing]:
        permitted = self.allowed.order_by()
        if self.excluded is not None:
            permitted = permitted.exclude(pk=self.excluded)
        if self.asked != self.language:  # what also speaks the query's language is found by that
            spoken = ListingText.objects.of(self.alliance).filter(language__in=self.written)
            permitted = permitted.exclude(pk__in=spoken.values("listing"))
        return permitted

    def _by_words(self, terms: Sequence[_Term], limit: int) -> dict[int, int]:
        """The best by BM25: text and its listing. The permission is asked for each text in the order of the scores.

        Sorting the first texts alone is much faster than sorting all; where too few of the first may be read, all are sorted.
        """
        if not terms:
            return {}
        try:
            condition, parameters = (
                self._permitted().filter(pk=RawSQL("x.listing_id", ())).values("pk").query.sql_with_params()
            )
        except EmptyResultSet:
            return {}
        statement = TOP.format(condition=condition)
        found: list[tuple[int, int, int]] = []
        with connection.cursor() as cursor:
            for first in (FIRST * limit, None):
                cursor.execute(
                    statement,
                    [
                        [term.pk for term in terms],
                        [term.weight for term in terms],
                        self.alliance.pk,
                        first,
                        self.alliance.pk,
                        *parameters,
                        limit,
                    ],
                )
                found = cursor.fetchall()
                if len(found) >= limit or (found and first and found[0][2] < first):
                    break
        return {text: listing for text, listing, _scored in found}

    def _shares(self, terms: Sequence[_Term], texts: Sequence[int]) -> dict[int, dict[int, int]]:
        """What each word brings to each of these texts: text, place of the word, parts of a point."""
        found: dict[int, dict[int, int]] = {text: {} for text in texts}
        if not terms or not texts:
            return found
        with connection.cursor() as cursor:
            cursor.execute(
                SHARES,
                [[term.pk for term in terms], [term.weight for term in terms], self.alliance.pk, list(texts)],
            )
            for text, place, share in cursor.fetchall():
                found[text][place - 1] = share
        return found

    def _by_vectors(
        self, own: tuple[str, NDArray[np.float32]], found: Mapping[int, int], limit: int
    ) -> tuple[dict[int, int], dict[int, float], int, bool]:
        """The nearest texts with their listings, the cosines of these and of what the words found, how many were compared."""
        name, vector = own
        texts = ListingText.objects.of(self.alliance).filter(
            side=self.side, language=self.language, vector_model=name, vector__isnull=False
        )
        try:
            rows = _read_vectors(
                texts.filter(listing__in=self._permitted().values("pk")).order_by("-listing_id")[: MOST_VECTORS + 1],
                len(vector),
            )
        except EmptyResultSet:
            return {}, {}, 0, True
        is_all = len(rows) <= MOST_VECTORS
        if not is_all:
            rows = rows[:MOST_VECTORS]
            missing = sorted(found.keys() - set(rows["text"].tolist()))
            if missing:
                rows = np.concatenate(
                    [rows, _read_vectors(texts.filter(pk__in=missing).order_by("-listing_id"), len(vector))]
                )
        if not len(rows):
            return {}, {}, 0, is_all
        cosines = rows["vector"] @ vector
        nearest = np.argsort(-cosines, kind="stable")[:limit]  # rows are in the order of the listings, newest first
        near = dict(zip(rows["text"][nearest].tolist(), rows["listing"][nearest].tolist(), strict=True))
        wanted = np.nonzero(np.isin(rows["text"], list(near.keys() | found.keys())))[0]
        values = dict(zip(rows["text"][wanted].tolist(), cosines[wanted].tolist(), strict=True))
        return near, values, len(rows), is_all

    def _scored(
        self,
        found: Mapping[int, int],
        terms_of: Sequence[_Term],
        shares: Mapping[int, Mapping[int, int]],
        cosines: Mapping[int, float],
        bound: float,
    ) -> list[Candidate]:
        sums = {text: sum(shares[text].values()) / WHOLE for text in found}
        crosses = self.asked != self.language
        whole = bound if crosses else max(sums.values(), default=0.0)
        low, high = min(cosines.values(), default=0.0), max(cosines.values(), default=0.0)
        candidates = []
        for text, listing in found.items():
            cosine = cosines.get(text)
            part, near = 1.0, 0.0
            if cosines and (crosses or cosine is not None):
                part = WORDS_SHARE_ACROSS if crosses else WORDS_SHARE
            if cosine is not None:
                near = max(cosine, 0.0) if crosses else (cosine - low) / (high - low) if high > low else 1.0
            scale = part / whole / WHOLE if whole else 0.0
            terms = sorted(
                (Share(terms_of[place].text, terms_of[place].word, share * scale) for place, share in shares[text].items()),
                key=lambda share: (-share.score, share.term),
            )
            cosine_score = (1 - part) * near
            score = math.fsum([*(share.score for share in terms), cosine_score])
            candidates.append(
                Candidate(
                    listing,
                    self.language,
                    "other" if crosses else "same",
                    score,
                    sums[text],
                    tuple(terms),
                    cosine,
                    cosine_score,
                )
            )
        return candidates


def _read_vectors(texts: QuerySet[ListingText], size: int) -> NDArray[np.void]:
    """Text, listing and vector of each row, by a binary COPY: as text the vectors of 10,000 listings take four times as long.

    Every row has the same width, because vectors of one model have: a header of 19 bytes, the rows, a trailer of 2.
    """
    sql, parameters = texts.values_list("pk", "listing_id", "vector").query.sql_with_params()
    rows = io.BytesIO()
    with connection.cursor() as cursor:
        statement = cursor.mogrify(sql, parameters).decode()
        cursor.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT BINARY)", rows)
    record = np.dtype(
        [
            ("fields", ">i2"),
            ("text_size", ">i4"),
            ("text", ">i8"),
            ("listing_size", ">i4"),
            ("listing", ">i8"),
            ("vector_size", ">i4"),
            ("vector", "<f4", (size,)),
        ]
    )
    return np.frombuffer(rows.getbuffer()[19:-2], dtype=record)


KNOWN: Final = """
SELECT id, text, texts FROM services_matchterm
WHERE alliance_id = %s AND side = %s AND language = %s AND text = ANY(%s::varchar[])
"""

TOP: Final = """
WITH h AS MATERIALIZED (
    SELECT p.text_id, sum(round(t.weight * p.weight)) AS score
    FROM unnest(%s::bigint[], %s::float8[]) AS t(term_id, weight)
    CROSS JOIN LATERAL (
        SELECT p.text_id, p.weight FROM services_posting p WHERE p.alliance_id = %s AND p.term_id = t.term_id OFFSET 0
    ) p
    GROUP BY p.text_id
    ORDER BY score DESC, p.text_id
    LIMIT %s
)
SELECT h.text_id, x.listing_id, (SELECT count(*) FROM h)
FROM h
CROSS JOIN LATERAL (
    SELECT x.listing_id FROM services_listingtext x
    WHERE x.alliance_id = %s AND x.id = h.text_id AND EXISTS ({condition}) OFFSET 0
) x
ORDER BY h.score DESC, h.text_id
LIMIT %s
"""
"""Scores of the first texts, or of all (no limit), best first; from there they are gone through until enough are permitted, and
how many there were. OFFSET 0 keeps this order. The parts of a point are whole numbers far below 2^53, which floats add up exactly."""

SHARES: Final = """
SELECT p.text_id, t.place, round(t.weight * p.weight)::bigint
FROM unnest(%s::bigint[], %s::float8[]) WITH ORDINALITY AS t(term_id, weight, place)
CROSS JOIN LATERAL (
    SELECT p.text_id, p.weight FROM services_posting p
    WHERE p.alliance_id = %s AND p.term_id = t.term_id AND p.text_id = ANY(%s::bigint[]) OFFSET 0
) p
"""
