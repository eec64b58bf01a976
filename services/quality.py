"""How good the suggestions are, computed from the raw events of docking and nothing else: pure functions.

Definitions. A *list* is a listing whose suggestions were looked at. A suggestion is *shown at* the best place it had in the
period. It is *judged* when the listing's side accepted or declined it before the end of the period; its *grade* is

====== ================================================================
 0      declined by the listing's side, and nothing better came of it
 1      accepted by the listing's side
 2      both introduced
 3      in contact
 4      agreed
====== ================================================================

*Precision at 10*: of the judged suggestions among the first ten places, the share with grade 1 or better, over all lists.
*nDCG at 10*: mean over the lists with a judged suggestion of grade 1 or better, gain ``2^grade - 1``, discount
``1 / log2(place + 1)``; suggestions that were not judged are left out and the others move up (condensed lists: Sakai,
Alternatives to Bpref, SIGIR 2007), for a list that nobody looked through says nothing against its suggestions.
*Time to first contact*: from the first acceptance of a pair to its first contact, for contacts in the period; median.
*Acceptance rate*: accepted of accepted and declined in the period. *Exposure*: shares of the kinds of institutions among what
was shown at the first ten places in the period.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import log2
from statistics import median
from typing import Final

from services.choices import MatchEventKind

FIRST: Final = 10
OUTCOMES: Final[dict[str, int]] = {
    MatchEventKind.INTRODUCED.value: 2,
    MatchEventKind.CONTACTED.value: 3,
    MatchEventKind.AGREED.value: 4,
}
"""Grades of what both sides made of a pair."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One raw event; listings and readers by any key that tells them apart."""

    kind: str
    listing: str
    other: str
    at: datetime
    rank: int | None = None
    institution_kind: str = ""


@dataclass(frozen=True, slots=True)
class Exposure:
    """How much of what was shown came from one kind of institution."""

    kind: str
    shown: int
    share: float


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures of one period; None where nothing happened that they could be computed from."""

    lists: int = 0
    shown: int = 0
    judged: int = 0
    precision: float | None = None
    ndcg: float | None = None
    graded_lists: int = 0
    contacts: int = 0
    hours_to_contact: float | None = None
    accepted: int = 0
    declined: int = 0
    acceptance: float | None = None
    exposure: tuple[Exposure, ...] = field(default=())


def measure(rows: Iterable[EventRow], since: datetime, until: datetime) -> Quality:
    """The figures of the period from ``since`` to before ``until``.

    Args:
        rows: Every event up to the end of the period, in any order; later ones are left aside.
        since: First moment.
        until: First moment after the period.
    """
    events = sorted((row for row in rows if row.at < until), key=lambda row: row.at)
    within = [row for row in events if row.at >= since]
    grades = _grades(events)
    shown: dict[str, dict[str, int]] = defaultdict(dict)
    exposed: Counter[str] = Counter()
    for row in within:
        if row.kind == MatchEventKind.SHOWN and row.rank is not None:
            best = shown[row.listing].get(row.other)
            shown[row.listing][row.other] = row.rank if best is None else min(best, row.rank)
            if row.rank <= FIRST:
                exposed[row.institution_kind] += 1
    judged: list[int] = []
    gains: list[float] = []
    for listing, places in shown.items():
        order = sorted((place, other) for other, place in places.items() if place <= FIRST)
        found = [grades[listing, other] for _place, other in order if (listing, other) in grades]
        judged += found
        if any(found):
            gains.append(ndcg(found))
    hours = _hours_to_contact(events, since)
    accepted = sum(row.kind == MatchEventKind.ACCEPTED for row in within)
    declined = sum(row.kind == MatchEventKind.DECLINED for row in within)
    whole = exposed.total()
    return Quality(
        lists=len(shown),
        shown=sum(len(places) for places in shown.values()),
        judged=len(judged),
        precision=sum(grade > 0 for grade in judged) / len(judged) if judged else None,
        ndcg=sum(gains) / len(gains) if gains else None,
        graded_lists=len(gains),
        contacts=len(hours),
        hours_to_contact=median(hours) if hours else None,
        accepted=accepted,
        declined=declined,
        acceptance=accepted / (accepted + declined) if accepted + declined else None,
        exposure=tuple(Exposure(kind, count, count / whole) for kind, count in sorted(exposed.items(), key=_most_first)),
    )


def ndcg(grades: Sequence[int], first: int = FIRST) -> float:
    """Normalised discounted cumulated gain of grades in the order shown (Järvelin and Kekäläinen, 2002; gain 2^g - 1)."""
    best = _gain(sorted(grades, reverse=True)[:first])
    return _gain(grades[:first]) / best if best else 0.0


def _gain(grades: Sequence[int]) -> float:
    return sum((2.0**grade - 1) / log2(place + 1) for place, grade in enumerate(grades, start=1))


def _grades(events: Sequence[EventRow]) -> dict[tuple[str, str], int]:
    """Grade of each judged suggestion, by list and suggested listing."""
    said: dict[tuple[str, str], int] = {}
    outcome: dict[frozenset[str], int] = {}
    for row in events:
        pair = frozenset({row.listing, row.other})
        if row.kind == MatchEventKind.ACCEPTED:
            said[row.listing, row.other] = 1
        elif row.kind == MatchEventKind.DECLINED:
            said[row.listing, row.other] = 0
        elif row.kind in OUTCOMES:
            outcome[pair] = max(outcome.get(pair, 0), OUTCOMES[row.kind])
    return {key: max(grade, outcome.get(frozenset(key), 0)) for key, grade in said.items()}


def _hours_to_contact(events: Sequence[EventRow], since: datetime) -> list[float]:
    accepted: dict[frozenset[str], datetime] = {}
    hours = []
    met: set[frozenset[str]] = set()
    for row in events:
        pair = frozenset({row.listing, row.other})
        if row.kind == MatchEventKind.ACCEPTED:
            accepted.setdefault(pair, row.at)
        elif row.kind == MatchEventKind.CONTACTED and pair not in met:
            met.add(pair)
            if pair in accepted and row.at >= since:
                hours.append((row.at - accepted[pair]) / timedelta(hours=1))
    return hours


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
