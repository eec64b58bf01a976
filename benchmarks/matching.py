"""Ranking of listings in SQL against bm25s in memory and against ts_rank, in alliances of several sizes.

The texts are windows of the shipped CORDIS rows, put together anew: real words with their real frequencies. All three methods
answer the same demands; bm25s holds the listings of all alliances, as one process for all would, and is told by a mask which
ones count. ``--small`` leaves out the largest alliance and most of the filling.
"""

from __future__ import annotations

import json
import os
import random
import time
from typing import TYPE_CHECKING, Any, Final

from benchmarks.harness import Result, alternate, at_most, clean, report

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance.models import Alliance

SIZES: Final = (1_000, 10_000, 50_000)
ALL: Final = 100_000
SMALL_SIZES: Final = (1_000, 10_000)
SMALL_ALL: Final = 12_000
WINDOW: Final = 28
"""Words taken in a row; three windows make a text with about 60 different words."""
DEMANDS: Final = 12
LENGTHS: Final = (84, 300)
"""Characters of a demand."""
VECTORS: Final = 512
TS_RANK_FROM: Final = 10_000
"""In smaller alliances both take a few milliseconds, most of them the same for one listing as for a thousand."""


def run(addresses: dict[str, str]) -> list[Result]:
    """Fill, then compare; the bars are those of the research before this was built, held at 100,000 listings."""
    small = bool(os.environ.get("BENCHMARKS_SMALL"))
    sizes, whole = (SMALL_SIZES, SMALL_ALL) if small else (SIZES, ALL)
    started = time.perf_counter()
    alliances, texts, owners = _fill(sizes, whole)
    indexed = time.perf_counter() - started
    _ts_table(addresses)
    clean(addresses)
    results = [
        report(
            Result(
                "matching_index_ms_per_listing",
                1000 * indexed / len(texts),
                1000 * indexed / len(texts),
                1.0,
                "told",
                ok=True,
                note=f"{len(texts)} listings made and indexed",
            )
        )
    ]
    reference = _bm25s(texts)
    dice = random.Random(5)  # noqa: S311 - made data
    for size in sizes:
        for length in LENGTHS:
            demands = [_demand(dice, length) for _turn in range(DEMANDS)]
            results += _compare(alliances[size], size, length, demands, reference, owners, full=not small)
    results += _with_vectors(alliances[10_000])
    return results


def _rows() -> list[list[str]]:
    from django.conf import settings

    rows = []
    for name in ("supply", "demand"):
        for line in (settings.SHIPPED_DATA_DIR / "horizon" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows.append(f"{row.get('title') or ''} {row['text']}".split())
    return rows


_words: list[list[str]] = []


def _window(dice: random.Random, words: int) -> str:
    if not _words:
        _words.extend(_rows())
    row = dice.choice(_words)
    start = dice.randrange(max(1, len(row) - words))
    return " ".join(row[start : start + words])


def _demand(dice: random.Random, length: int) -> str:
    text = ""
    while len(text) < length:
        text += _window(dice, 14) + " "
    return text[:length]


def _fill(sizes: tuple[int, ...], whole: int) -> tuple[dict[int, Alliance], list[str], list[int]]:
    """Alliances of these sizes and one more with the rest; all texts in order, and the alliance of each."""
    from django.utils import timezone

    from alliance.kernel import tenancy
    from alliance.models import Alliance
    from services.actions.match_index import index_listings
    from services.models import Listing

    dice = random.Random(11)  # noqa: S311 - made data
    alliances: dict[int, Alliance] = {}
    texts: list[str] = []
    owners: list[int] = []
    for number, size in enumerate((*sizes, whole - sum(sizes))):
        alliance = Alliance.objects.using("platform").create(
            slug=f"matching-{number}", name_en=f"{size} listings", name_zh="测速", level="regional", seal_character="测"
        )
        alliances.setdefault(size, alliance)  # the last one only fills
        for start in range(0, size, 500):
            some = [" ".join(_window(dice, WINDOW) for _turn in range(3)) for _turn in range(min(500, size - start))]
            with tenancy.acting_in(alliance):
                now = timezone.now()
                listings = Listing.objects.bulk_create(
                    [
                        Listing(
                            alliance=alliance,
                            code=f"B-{start + place}",
                            side="supply",
                            state="published",
                            category="project_research",
                            title_en=text[:80],
                            body_en=text[80:],
                            published_at=now,
                        )
                        for place, text in enumerate(some)
                    ]
                )
                index_listings(alliance, [one.pk for one in listings], at=now, labels=False, wake=False)
            texts += some
            owners += [alliance.pk] * len(some)
    return alliances, texts, owners


def _ts_table(addresses: dict[str, str]) -> None:
    """What PostgreSQL's own ranking needs: a column of tsvector with its index, outside the product's tables."""
    import psycopg2

    connection = psycopg2.connect(addresses["DATABASE_OWNER_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_ts (listing_id bigint, alliance_id bigint, body tsvector)")
        cursor.execute("SELECT id FROM alliance_alliance")
        for (alliance,) in cursor.fetchall():
            cursor.execute("SELECT set_config('app.alliance_id', %s, true)", [str(alliance)])
            cursor.execute(
                "INSERT INTO bench_ts SELECT id, alliance_id, to_tsvector('english', title_en || ' ' || body_en)"
                " FROM services_listing WHERE alliance_id = %s",
                [alliance],
            )
        cursor.execute("CREATE INDEX bench_ts_body ON bench_ts USING gin (body)")
        cursor.execute("CREATE INDEX bench_ts_alliance ON bench_ts (alliance_id)")
        cursor.execute("GRANT SELECT ON bench_ts TO app_rw")
    connection.close()


def _bm25s(texts: list[str]) -> Any:
    import logging

    import bm25s

    from services.analysis import analyse

    logging.getLogger("bm25s").setLevel(logging.WARNING)
    reference = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    reference.index([analyse(text) for text in texts], show_progress=False)
    return reference


def _compare(
    alliance: Alliance, size: int, length: int, demands: list[str], reference: Any, owners: list[int], *, full: bool
) -> list[Result]:
    import numpy as np
    from django.db import connection
    from django.utils import timezone

    from alliance.kernel import tenancy
    from services.analysis import analyse
    from services.models import Listing, MatchStatistics
    from services.selectors.matching import LIMIT, MatchQuery, _Pair, search

    mask = (np.array(owners) == alliance.pk).astype(np.float32)
    turns = dict.fromkeys(("sql", "search", "bm25s", "ts_rank"), 0)

    def next_demand(name: str) -> str:
        turns[name] += 1
        return demands[turns[name] % len(demands)]

    allowed = Listing.objects.of(alliance).public(timezone.localdate())
    with tenancy.acting_in(alliance):
        statistics = MatchStatistics.objects.of(alliance).get(side="supply", language="en")
    pair = _Pair(alliance, "supply", "en", "en", statistics, ("en",), None, allowed)

    def by_sql() -> Any:
        """The two statements of the ranking alone, as the others are: words are cut and looked up, permitted texts ranked."""
        terms, _bound = pair._terms(next_demand("sql"))
        return pair._by_words(terms, LIMIT)

    def by_search() -> Any:
        """As a page asks: explained, with statistics and the permission composed anew."""
        allowed = Listing.objects.of(alliance).public(timezone.localdate())
        return search(alliance, MatchQuery({"en": next_demand("search")}), allowed=allowed, side="supply", method="bm25")

    def by_bm25s() -> Any:
        words = [word for word in analyse(next_demand("bm25s")) if word in reference.vocab_dict]
        return reference.retrieve([words], k=LIMIT, weight_mask=mask, show_progress=False)

    def by_ts_rank() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT listing_id, ts_rank(body, q) AS score FROM bench_ts,"
                " (SELECT replace(plainto_tsquery('english', %s)::text, '&', '|')::tsquery AS q) asked"
                " WHERE alliance_id = %s AND body @@ q ORDER BY score DESC LIMIT %s",
                [next_demand("ts_rank"), alliance.pk, LIMIT],
            )
            return cursor.fetchall()

    calls: dict[str, Callable[[], Any]] = {"sql": by_sql, "search": by_search, "bm25s": by_bm25s, "ts_rank": by_ts_rank}
    with tenancy.acting_in(alliance):
        medians = alternate(calls, times=8, rounds=3)
    note = (
        f"{size} of {len(owners)} listings, demands of {length} characters; ms: ranking {medians['sql']:.1f}, "
        f"whole answer {medians['search']:.1f}, bm25s {medians['bm25s']:.1f}, ts_rank {medians['ts_rank']:.1f}"
    )
    results = [
        at_most(f"matching_sql_to_ts_rank_{size}_{length}", medians["sql"], medians["ts_rank"], 0.5, note=note)
        if size >= TS_RANK_FROM
        else _told(f"matching_sql_to_ts_rank_{size}_{length}", medians["sql"], medians["ts_rank"], note)
    ]
    bar = {1_000: 1.0, 10_000: 3.0}.get(size) if length == 300 and full else None
    name = f"matching_sql_to_bm25s_{size}_{length}"
    if bar is not None:
        results.append(at_most(name, medians["sql"], medians["bm25s"], bar, note=note))
    else:
        results.append(_told(name, medians["sql"], medians["bm25s"], note))
    return results


def _told(name: str, value: float, baseline: float, note: str) -> Result:
    """A figure that has no bar."""
    return report(Result(name, value, baseline, value / baseline, "told", ok=True, note=note))


def _with_vectors(alliance: Alliance) -> list[Result]:
    """What the exact comparison of 10,000 vectors adds to the words; the vectors are drawn by lot, which costs the same."""
    import numpy as np
    from django.db import connection
    from django.utils import timezone

    from alliance.kernel import tenancy
    from services import vectors
    from services.actions.match_index import index_listings
    from services.models import Listing, ListingText
    from services.selectors.matching import query_of_listing, search

    lots = np.random.default_rng(3)
    with tenancy.acting_in(alliance):
        demand = Listing.objects.create(
            alliance=alliance,
            code="B-asks",
            side="demand",
            state="published",
            category="project_research",
            title_en=_demand(random.Random(2), 300),  # noqa: S311 - made data
        )
        index_listings(alliance, [demand.pk], at=timezone.now(), labels=False, wake=False)
        ids = list(ListingText.objects.of(alliance).values_list("pk", flat=True))
        rows = lots.normal(size=(len(ids), VECTORS)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        with connection.cursor() as cursor:
            for pk, row in zip(ids, rows, strict=True):
                cursor.execute(
                    "UPDATE services_listingtext SET vector = %s, vector_model = 'by lot' WHERE id = %s",
                    [vectors.pack(row), pk],
                )
        allowed = Listing.objects.of(alliance).public(timezone.localdate())
        query = query_of_listing(demand)
        medians = alternate(
            {
                "fused": lambda: search(alliance, query, allowed=allowed, side="supply"),
                "bm25": lambda: search(alliance, query, allowed=allowed, side="supply", method="bm25"),
            },
            times=5,
            rounds=2,
        )
    return [
        report(
            Result(
                "matching_vectors_10000",
                medians["fused"],
                medians["bm25"],
                medians["fused"] / medians["bm25"],
                "told",
                ok=True,
                note=f"{len(ids)} vectors compared exactly",
            )
        )
    ]
