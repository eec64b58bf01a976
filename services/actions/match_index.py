"""Keeps the index that listings are matched by.

Indexing takes turns in an alliance: document frequencies, number and length of the texts and the postings change together, in
one transaction, so that a process that dies leaves the index as it was. It reads listings without locking them and is called
after the act (by the consumer of ``services.listing_changed``) or at the end of a bulk import, never in between.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from celery import current_app
from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.choices import JobState
from alliance.kernel import faults, jobs, tenancy
from alliance.kernel.permissions import require
from alliance.kernel.turns import take_turns
from alliance.models import Job
from services import vectors
from services.analysis import analyse
from services.models import Listing, ListingText, MatchStatistics, MatchTerm, Posting
from services.permissions import REBUILD_MATCH_INDEX
from services.selectors.match_text import digest_of, indexed_texts, is_counted, own_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.kernel.jobs import Progress
    from alliance.models import Alliance, User

logger = logging.getLogger(__name__)

BATCH: Final = 500
"""Listings analysed and written at once."""
REBUILT_AT_ONCE: Final = 200
VECTORS_AT_ONCE: Final = 64
"""Some seconds of computing."""
DRIFT: Final = 0.05
"""The weights are computed again when the true mean length is farther than this from the one they were computed with."""
SMALL: Final = 200
"""Up to so many texts the weights are computed again at once; in larger indexes the periodic task does it."""
MANY: Final = 100
"""So many changed texts at once, and the planner counts the tables: what it knew of them may lead it far astray."""
MOST: Final = 32_767
"""Width of the column."""

REBUILD_JOB: Final = "services.rebuild_match_index"
STEPS: Final[dict[str, StrOrPromise]] = {
    "texts": _("Indexing the listings"),
    "count": _("Counting words and texts"),
    "vectors": _("Computing vectors"),
}

COUNTED_TABLES: Final = ("services_listing", "services_listingtext", "services_matchterm", "services_posting")

INSERT_POSTINGS: Final = """
INSERT INTO services_posting (alliance_id, term_id, text_id, count, weight)
SELECT %s, n.term_id, n.text_id, n.count, n.count * 2.2::float8 / (n.count + 1.2::float8 * (0.25::float8 + 0.75::float8 *
    CASE WHEN m.mean > 0 THEN n.length / m.mean ELSE 1 END))
FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::int[]) AS n(term_id, text_id, count, length),
    (SELECT %s::float8 AS mean) m
"""
WEIGH_POSTINGS: Final = """
UPDATE services_posting p
SET weight = p.count * 2.2::float8 / (p.count + 1.2::float8 * (0.25::float8 + 0.75::float8 *
    CASE WHEN m.mean > 0 THEN x.length / m.mean ELSE 1 END))
FROM services_listingtext x, (SELECT %s::float8 AS mean) m
WHERE x.alliance_id = %s AND x.side = %s AND x.language = %s AND p.alliance_id = %s AND p.text_id = x.id
"""
"""Weights as :class:`services.models.Posting` says; a first text that is not counted has no mean to be compared with."""


@dataclass(slots=True)
class _Change:
    """What one batch does to the figures of one side and language."""

    texts: int = 0
    tokens: int = 0
    leave: list[int] = field(default_factory=list)
    """Counted texts whose words no longer count."""
    enter: list[int] = field(default_factory=list)
    """Texts whose words stand already and count from now on."""
    rows: list[tuple[int, bool, Counter[str], int]] = field(default_factory=list)
    """New words: id of the text, whether it counts, words, length."""


@transaction.atomic
def index_listings(
    alliance: Alliance, ids: Iterable[int], *, at: datetime, labels: bool = True, force: bool = False, wake: bool = True
) -> int:
    """Make the index say what these listings say; what is not open, or gone, leaves it.

    The same text twice does nothing. The statistics are right afterwards; the weights follow at once in a small index or after
    a bulk, else with the periodic task (:func:`refresh_weights`).

    Args:
        alliance: The tenant.
        ids: Listings, open or not.
        at: Moment that decides what is open.
        labels: Whether the names of labels belong to the text; only measurements leave them out.
        force: Whether texts that did not change are cut into words again.
        wake: Whether a worker is asked for the vectors; who makes them itself needs none.

    Returns:
        How many texts were written or taken out.
    """
    wanted_ids = sorted(set(ids))
    take_turns(alliance, "matching")
    changed = 0
    written: list[int] = []
    for start in range(0, len(wanted_ids), BATCH):
        changed += _index_batch(alliance, wanted_ids[start : start + BATCH], at, written, labels=labels, force=force)
    if changed:
        _refresh(alliance, at=at, largest=None if len(wanted_ids) >= BATCH else SMALL)
    if changed >= MANY:
        count_for_planner(changed)
    if written and wake:
        _wake(alliance, written)
    return changed


def count_for_planner(changed: int) -> None:
    """Have PostgreSQL count the tables of the index now, its own rows of this transaction included, when they grew by a tenth.

    Autovacuum does so within minutes; until then the planner would look for a word by reading all postings of an alliance.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'services_listingtext'::regclass")
        (known,) = cursor.fetchone()
        if changed * 10 < known:
            return
        for table in COUNTED_TABLES:
            cursor.execute("SELECT has_table_privilege(%s, 'MAINTAIN')", [table])
            if cursor.fetchone() == (True,):
                cursor.execute(f"ANALYZE {table}")


def _wake(alliance: Alliance, ids: Sequence[int]) -> None:
    """Have vectors made once this is committed; the periodic task makes a lost call good."""
    if vectors.installed_model() is None:
        return

    def wake() -> None:
        try:
            # By name: actions know no tasks; the receivers import them, so every process knows the name.
            # A few go before whatever else is missing; of many the task finds out itself.
            few = list(ids) if len(ids) <= VECTORS_AT_ONCE else None
            current_app.tasks["services.embed_listings"].delay(alliance.pk, few)
        except Exception:  # the broker may be away: the texts stand without a vector until the next round
            logger.exception("vectors not asked for", extra={"alliance_id": alliance.pk})

    transaction.on_commit(wake)


def _index_batch(
    alliance: Alliance, ids: Sequence[int], at: datetime, written: list[int], *, labels: bool, force: bool
) -> int:
    open_listings = {one.pk: one for one in Listing.objects.of(alliance).open(timezone.localdate(at)).filter(pk__in=ids)}
    standing = {(row.listing_id, row.language): row for row in ListingText.objects.of(alliance).filter(listing__in=ids)}
    changes: dict[tuple[str, str], _Change] = {}
    outdated: list[int] = []  # postings go
    gone: list[int] = []  # texts go as well
    fresh: list[ListingText] = []
    renewed: list[ListingText] = []
    words: dict[tuple[int, str], Counter[str]] = {}
    flipped: list[ListingText] = []
    for listing in open_listings.values():
        counted = is_counted(listing)
        for language, text in indexed_texts(listing, labels=labels).items():
            digest = digest_of(text)
            row = standing.pop((listing.pk, language), None)
            if row is not None and row.digest == digest and row.side == listing.side and not force:
                if row.is_counted != counted:
                    change = changes.setdefault((row.side, language), _Change())
                    change.texts += 1 if counted else -1
                    change.tokens += row.length if counted else -row.length
                    (change.enter if counted else change.leave).append(row.pk)
                    row.is_counted = counted
                    flipped.append(row)
                continue
            if row is not None:
                _forget(changes, row)
                outdated.append(row.pk)
                if row.digest != digest:
                    row.vector, row.vector_model = None, ""
                renewed.append(row)
            else:
                row = ListingText(alliance=alliance, listing=listing, language=language)
                fresh.append(row)
            terms = analyse(text)
            row.side, row.is_counted, row.digest, row.length, row.indexed_at = listing.side, counted, digest, len(terms), at
            words[listing.pk, language] = Counter(terms)
            change = changes.setdefault((listing.side, language), _Change())
            if counted:
                change.texts += 1
                change.tokens += len(terms)
    for row in standing.values():
        _forget(changes, row)
        outdated.append(row.pk)
        gone.append(row.pk)

    for (side, language), change in sorted(changes.items()):
        _count(alliance, side, language, change.leave, -1)
        _count(alliance, side, language, change.enter, 1)
    Posting.objects.of(alliance).filter(text__in=outdated)._raw_delete("default")
    ListingText.objects.of(alliance).filter(pk__in=gone)._raw_delete("default")
    ListingText.objects.bulk_create(fresh)
    ListingText.objects.bulk_update(
        renewed, ["side", "is_counted", "digest", "length", "indexed_at", "vector", "vector_model"], batch_size=100
    )
    ListingText.objects.bulk_update(flipped, ["is_counted"], batch_size=100)
    for row in (*fresh, *renewed):
        changes[row.side, row.language].rows.append(
            (row.pk, row.is_counted, words[row.listing_id, row.language], row.length)
        )
    for (side, language), change in sorted(changes.items()):
        _write(alliance, side, language, change, at)
    faults.point("match_index.written")
    written += sorted({row.listing_id for row in (*fresh, *renewed) if row.vector is None})
    return len(fresh) + len(renewed) + len(flipped) + len(gone)


def _forget(changes: dict[tuple[str, str], _Change], row: ListingText) -> None:
    """A standing text no longer counts, as it stands."""
    change = changes.setdefault((row.side, row.language), _Change())
    if row.is_counted:
        change.texts -= 1
        change.tokens -= row.length
        change.leave.append(row.pk)


def _count(alliance: Alliance, side: str, language: str, texts: Sequence[int], sign: int) -> None:
    """Add standing texts to, or take them from, the document frequencies of their words."""
    if not texts:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE services_matchterm t SET texts = t.texts + %s * d.n FROM ("
            " SELECT p.term_id, count(*) AS n FROM services_posting p"
            " WHERE p.alliance_id = %s AND p.text_id = ANY(%s::bigint[]) GROUP BY p.term_id) d"
            " WHERE t.id = d.term_id AND t.alliance_id = %s AND t.side = %s AND t.language = %s",
            [sign, alliance.pk, _array(texts), alliance.pk, side, language],
        )


def _write(alliance: Alliance, side: str, language: str, change: _Change, at: datetime) -> None:
    """Renew the statistics of one side and language and write the new postings."""
    noted, _made = MatchStatistics.objects.of(alliance).get_or_create(
        alliance=alliance, side=side, language=language, defaults={"refreshed_at": at}
    )
    noted.texts += change.texts
    noted.tokens += change.tokens
    if not noted.mean_length and noted.texts:
        noted.mean_length, noted.refreshed_at = noted.tokens / noted.texts, at
        # Texts that are not counted may stand already, with weights that knew no mean.
        _weigh(alliance, side, language, noted.mean_length)
    noted.save(update_fields=["texts", "tokens", "mean_length", "refreshed_at"])
    if not change.rows:
        return
    frequencies: Counter[str] = Counter()
    for _pk, counted, words, _length in change.rows:
        for word in words:
            frequencies[word] += counted
    terms = sorted(frequencies)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO services_matchterm AS t (alliance_id, side, language, text, texts)"
            " SELECT %s, %s, %s, n.text, n.texts FROM unnest(%s::text[], %s::int[]) AS n(text, texts)"
            " ON CONFLICT (alliance_id, side, language, text) DO UPDATE SET texts = t.texts + EXCLUDED.texts"
            " RETURNING t.text, t.id",
            [alliance.pk, side, language, _array(terms), _array([frequencies[term] for term in terms])],
        )
        known: dict[str, int] = dict(cursor.fetchall())
        postings = [
            (known[word], pk, min(count, MOST), length)
            for pk, _counted, words, length in change.rows
            for word, count in words.items()
        ]
        columns = [_array(column) for column in zip(*postings, strict=True)] or ["{}"] * 4
        cursor.execute(INSERT_POSTINGS, [alliance.pk, *columns, noted.mean_length])


def _array(values: Iterable[int] | Iterable[str]) -> str:
    """PostgreSQL's literal of an array; words are letters and digits only, and quoted all the same."""
    return "{" + ",".join(_quoted(value) if isinstance(value, str) else str(value) for value in values) + "}"


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _weigh(alliance: Alliance, side: str, language: str, mean: float) -> int:
    """Compute every weight of one side and language with this mean length."""
    with connection.cursor() as cursor:
        cursor.execute(WEIGH_POSTINGS, [mean, alliance.pk, side, language, alliance.pk])
        return int(cursor.rowcount)


def _refresh(alliance: Alliance, *, at: datetime, largest: int | None = None, force: bool = False) -> int:
    weighed = 0
    for noted in MatchStatistics.objects.of(alliance).order_by("side", "language"):
        if not noted.texts or (largest is not None and noted.texts > largest):
            continue
        true = noted.tokens / noted.texts
        if force or abs(true - noted.mean_length) > DRIFT * noted.mean_length:
            weighed += _weigh(alliance, noted.side, noted.language, true)
            noted.mean_length, noted.refreshed_at = true, at
            noted.save(update_fields=["mean_length", "refreshed_at"])
    return weighed


@transaction.atomic
def refresh_weights(alliance: Alliance, *, at: datetime, force: bool = False) -> int:
    """Compute the weights again where the true mean length has drifted by more than 5 %, or everywhere.

    Returns:
        How many postings got a weight.
    """
    take_turns(alliance, "matching")
    return _refresh(alliance, at=at, force=force)


@transaction.atomic
def recount(alliance: Alliance, *, at: datetime) -> int:
    """Count words and texts afresh from the postings, forget words that stand nowhere, and weigh everything.

    What indexing adds and takes away step by step is so checked against what really stands there.

    Returns:
        How many figures had been wrong.
    """
    take_turns(alliance, "matching")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE services_matchterm t SET texts = coalesce(d.n, 0) FROM services_matchterm o"
            " LEFT JOIN (SELECT p.term_id, count(*) AS n FROM services_posting p"
            "  JOIN services_listingtext x ON x.alliance_id = %s AND x.id = p.text_id AND x.is_counted"
            "  WHERE p.alliance_id = %s GROUP BY p.term_id) d ON d.term_id = o.id"
            " WHERE t.id = o.id AND o.alliance_id = %s AND t.alliance_id = %s AND t.texts <> coalesce(d.n, 0)",
            [alliance.pk] * 4,
        )
        wrong = int(cursor.rowcount)
        cursor.execute(
            "DELETE FROM services_matchterm t WHERE t.alliance_id = %s AND NOT EXISTS ("
            " SELECT 1 FROM services_posting p WHERE p.alliance_id = %s AND p.term_id = t.id)",
            [alliance.pk] * 2,
        )
    true = {
        (row["side"], row["language"]): (row["texts"], row["tokens"])
        for row in ListingText.objects.of(alliance)
        .filter(is_counted=True)
        .values("side", "language")
        .annotate(texts=Count("pk"), tokens=Sum("length"))
    }
    for noted in MatchStatistics.objects.of(alliance):
        texts, tokens = true.get((noted.side, noted.language), (0, 0))
        if (noted.texts, noted.tokens) != (texts, tokens):
            wrong += 1
            noted.texts, noted.tokens = texts, tokens
            noted.save(update_fields=["texts", "tokens"])
    _refresh(alliance, at=at, force=True)
    return wrong


def embed_listings(alliance: Alliance, ids: Iterable[int] | None = None, *, most: int = 2_000) -> int:
    """Make the vectors that are missing or of another model; nothing without a model.

    A text that changes meanwhile keeps none: the write asks for the text it was made of. A vector is of title and text alone.

    Args:
        alliance: The tenant.
        ids: Listings; None: all.
        most: Texts at most; the others are left to the next round.

    Returns:
        How many were made.
    """
    model = vectors.installed_model()
    if model is None:
        return 0
    texts = ListingText.objects.of(alliance).filter(~Q(vector_model=model.name)).select_related("listing")
    if ids is not None:
        texts = texts.filter(listing__in=list(ids))
    waiting = list(texts.defer("vector").order_by("pk")[:most])
    made = 0
    for start in range(0, len(waiting), VECTORS_AT_ONCE):
        some = waiting[start : start + VECTORS_AT_ONCE]
        rows = model.encode([own_text(row.listing, row.language) for row in some])
        for row, vector in zip(some, rows, strict=True):
            made += (
                ListingText.objects.of(alliance)
                .filter(pk=row.pk, digest=row.digest)
                .update(vector=vectors.pack(vector), vector_model=model.name)
            )
    return made


def stale_ids(alliance: Alliance, *, at: datetime, most: int = BATCH) -> list[int]:
    """Listings that stand in the index and are not open any more, and open ones that do not stand there."""
    listings = Listing.objects.of(alliance)
    is_open = listings.open(timezone.localdate(at))
    indexed = ListingText.objects.of(alliance).values("listing")
    ended = listings.filter(pk__in=indexed).exclude(pk__in=is_open.values("pk")).order_by("pk").values_list("pk", flat=True)
    missing = is_open.exclude(pk__in=indexed).order_by("pk").values_list("pk", flat=True)
    return [*ended[:most], *missing[:most]]


@transaction.atomic
def start_rebuild(alliance: Alliance, *, actor: User | None, at: datetime) -> Job:
    """Index every listing afresh as a job; one that is under way is given back instead of a second one."""
    if actor is not None:
        require(actor, REBUILD_MATCH_INDEX, alliance)
    take_turns(alliance, "matching rebuild")
    running = (
        Job.objects.of(alliance)
        .filter(kind=REBUILD_JOB, state__in=[JobState.QUEUED, JobState.RUNNING])
        .order_by("-id")
        .first()
    )
    if running is not None:
        return running
    job = jobs.start(alliance, REBUILD_JOB, actor=actor, params={})
    record_audit(job, actor=actor, verb="rebuild_match_index", after={"job": str(job.uuid)}, at=at)
    return job


def run_rebuild(alliance: Alliance, job: Job, progress: Progress) -> dict[str, Any]:  # noqa: ARG001 - the job's signature
    """The rebuild, in short transactions; while it runs the index answers. It begins afresh after a death."""
    return rebuild(alliance, tell=progress.step)


def rebuild(alliance: Alliance, *, tell: Callable[[str, int, int], None]) -> dict[str, int]:
    """Index every listing afresh, count everything, make missing vectors; opens transactions of its own."""
    with tenancy.acting_in(alliance):
        indexed = set(ListingText.objects.of(alliance).values_list("listing_id", flat=True))
        is_open = set(Listing.objects.of(alliance).open(timezone.localdate()).values_list("pk", flat=True))
    ids = sorted(indexed | is_open)
    tell("texts", 0, len(ids))
    for start in range(0, len(ids), REBUILT_AT_ONCE):
        with tenancy.acting_in(alliance):
            index_listings(alliance, ids[start : start + REBUILT_AT_ONCE], at=timezone.now(), force=True, wake=False)
        faults.point("match_index.rebuilt_some")
        tell("texts", min(start + REBUILT_AT_ONCE, len(ids)), len(ids))
    tell("count", 0, 1)
    with tenancy.acting_in(alliance):
        corrected = recount(alliance, at=timezone.now())
    tell("count", 1, 1)
    made = 0
    for start in range(0, len(ids), VECTORS_AT_ONCE):
        with tenancy.acting_in(alliance):
            made += embed_listings(alliance, ids[start : start + VECTORS_AT_ONCE])
        tell("vectors", min(start + VECTORS_AT_ONCE, len(ids)), len(ids))
    with tenancy.acting_in(alliance):
        texts = ListingText.objects.of(alliance).count()
        terms = MatchTerm.objects.of(alliance).count()
    return {"listings": len(ids), "texts": texts, "words": terms, "corrected": corrected, "vectors": made}
