"""``manage.py matching_quality FOLDER``: how well demands find their supplies, measured on labelled pairs."""

from __future__ import annotations

import csv
import json
import logging
import math
import os
import statistics
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import bm25s
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone

from alliance.actions.alliances import create_alliance
from alliance.choices import AllianceLevel
from alliance.kernel import tenancy
from alliance.models import Alliance
from services import vectors
from services.actions.match_index import embed_listings, index_listings, refresh_weights
from services.analysis import NAME, VERSION, analyse, language_of
from services.choices import ListingAudience, ListingSide, ListingState, ServiceCategory, TextLanguage
from services.models import Listing
from services.selectors.match_text import indexed_texts
from services.selectors.matching import MatchQuery, search

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from services.selectors.matching import Method

FIRST: Final = 10
FOUND: Final = 100
TITLE: Final = 300


@dataclass(frozen=True, slots=True)
class _Folder:
    """Labelled pairs: demands, supplies, and which belong together."""

    demands: list[dict[str, Any]]
    supplies: list[dict[str, Any]]
    relevant: dict[str, dict[str, float]]


class Command(BaseCommand):
    """Index and query are those of the pages, in an alliance that is gone when the command ends."""

    help = (
        "Measure matching on a folder with demand.jsonl (id, lang, text), supply.jsonl (id, lang, title, text, optional fields) "
        "and labels.tsv (demand_id, supply_id, relevance), and print one JSON object. Nothing stays in the database."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--method", choices=["bm25", "fused"], default="fused", help="default: fused")
        parser.add_argument(
            "--labels",
            action="store_true",
            default=False,
            help="index the category labels of the supplies (their fields, and what every listing is labelled with)",
        )
        parser.add_argument("--no-labels", dest="labels", action="store_false", help="index title and text alone (default)")

    def handle(self, **options: Any) -> None:
        logging.getLogger("bm25s").setLevel(logging.WARNING)
        folder = _read(options["folder"])
        _require_tables()
        with transaction.atomic():
            try:
                result = _measure(folder, method=options["method"], labels=options["labels"])
            finally:
                transaction.set_rollback(True)
        self.stdout.write(json.dumps({"folder": options["folder"].resolve().name, **result}, ensure_ascii=False))


def _require_tables() -> None:
    """Make the schema where there is none, as in a data folder that was never started: a measurement needs no data of anybody.

    Migrations run as the owner of the tables, which this process is not; hence a process of its own.
    """
    if Alliance._meta.db_table in connection.introspection.table_names():
        return
    answer = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "migrate", "--no-input", "--verbosity", "0"],
        env={**os.environ, "ALLIANCE_DB_ROLE": "owner"},
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if answer.returncode != 0:
        message = f"The database has no tables and they could not be made; run manage.py migrate. {answer.stderr[-500:]}"
        raise CommandError(message)


def _read(path: Path) -> _Folder:
    """The three files, refused with the line that is wrong."""
    demands = _rows(path / "demand.jsonl")
    supplies = _rows(path / "supply.jsonl")
    known = {row["id"] for row in supplies}
    asked = {row["id"] for row in demands}
    relevant: dict[str, dict[str, float]] = {}
    table = csv.DictReader(_lines(path / "labels.tsv"), delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        if not {"demand_id", "supply_id"} <= set(table.fieldnames or ()):
            message = "labels.tsv, line 1: the columns demand_id, supply_id, relevance are needed."
            raise CommandError(message)
        for row in table:
            try:
                demand, supply, relevance = row["demand_id"], row["supply_id"], float(row.get("relevance") or 1)
            except ValueError as error:
                message = f"labels.tsv, line {table.line_num}: the relevance is no number."
                raise CommandError(message) from error
            if not math.isfinite(relevance):
                message = f"labels.tsv, line {table.line_num}: the relevance is no number."
                raise CommandError(message)
            if demand not in asked or supply not in known:
                message = f"labels.tsv, line {table.line_num}: {demand} or {supply} stands in no other file."
                raise CommandError(message)
            if relevance > 0:
                relevant.setdefault(demand, {})[supply] = relevance
    except csv.Error as error:
        message = f"labels.tsv, line {table.line_num + 1}: {error}."
        raise CommandError(message) from error
    if not relevant:
        message = "labels.tsv names no pair: nothing can be measured."
        raise CommandError(message)
    return _Folder(demands, supplies, relevant)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise CommandError(message) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = f"{path.name}, line {line}: this is not UTF-8 ({error.reason}). Save the file as UTF-8."
        raise CommandError(message) from error


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = []
    seen: dict[str, int] = {}
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            message = f"{path.name}, line {number}: this is not JSON ({error})."
            raise CommandError(message) from error
        if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not isinstance(row.get("text"), str):
            message = f"{path.name}, line {number}: an object with the texts id and text is needed."
            raise CommandError(message)
        if not isinstance(row.get("fields") or [], list):
            message = f"{path.name}, line {number}: the fields are a list of texts."
            raise CommandError(message)
        if (first := seen.setdefault(row["id"], number)) != number:
            message = f"{path.name}, line {number}: the id {row['id']} stands in line {first} already."
            raise CommandError(message)
        row["text"], row["title"] = _storable(row["text"]), _storable(str(row.get("title") or ""))
        rows.append(row)
    return rows


def _storable(text: str) -> str:
    """The text without what no database keeps: NUL, and halves of surrogate pairs."""
    return text.replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")


def _language(row: Mapping[str, Any]) -> str:
    """The language a row names, else the one its text is in."""
    named = str(row.get("lang") or "").lower()
    if not named:
        return language_of(f"{row['title']} {row['text']}")
    return TextLanguage.CHINESE.value if named.startswith("zh") else TextLanguage.ENGLISH.value


def _measure(folder: _Folder, *, method: Method, labels: bool) -> dict[str, Any]:
    """Build the scratch alliance, ask every labelled demand, and ask bm25s the same."""
    alliance = create_alliance(
        f"quality-{uuid.uuid4().hex[:24]}",
        name_en="Scratch alliance of a measurement",
        name_zh="测量用临时联盟",
        level=AllianceLevel.REGIONAL,
    )
    with tenancy.acting_in(alliance):
        at = timezone.now()
        listings = _fill(alliance, folder.supplies)
        started = time.perf_counter()
        index_listings(alliance, [one.pk for one in listings], at=at, labels=labels)
        refresh_weights(alliance, at=at, force=True)
        indexed = time.perf_counter() - started
        started = time.perf_counter()
        made = embed_listings(alliance, most=len(listings)) if method == "fused" else 0
        embedded = time.perf_counter() - started
        allowed = Listing.objects.of(alliance).public(timezone.localdate(at))
        code_of = {one.pk: row["id"] for one, row in zip(listings, folder.supplies, strict=True)}
        done: set[str] = set()
        basis: dict[str, Any] = {}

        def ask(demand: Mapping[str, Any]) -> list[str]:
            answer = search(
                alliance,
                MatchQuery({_language(demand): demand["text"]}),
                allowed=allowed,
                side=ListingSide.SUPPLY,
                method=method,
                limit=FOUND,
            )
            done.add(answer.method)
            for one in answer.basis:
                basis[f"{one.query_language}-{one.language}"] = {
                    "texts": one.texts,
                    "mean_length": round(one.mean_length, 2),
                    "model": one.model,
                }
            return [code_of[one.listing_id] for one in answer.candidates]

        demands = [row for row in folder.demands if row["id"] in folder.relevant]
        ask(demands[0])  # the first question loads what the others find loaded
        found = _judge(demands, folder.relevant, ask)
        texts = [_reference_text(one, labels=False) for one in listings]
        reference = _judge(demands, folder.relevant, _bm25s(texts, folder.supplies))
        with_labels = (
            _judge(
                demands, folder.relevant, _bm25s([_reference_text(one, labels=True) for one in listings], folder.supplies)
            )
            if labels
            else None
        )
    model = vectors.installed_model()
    return {
        "method": method,
        "labels": labels,
        **found,
        "bm25s": reference,
        **({"bm25s_with_labels": with_labels} if with_labels else {}),
        "demands": len(demands),
        "supplies": len(listings),
        "done": sorted(done),
        "model": model.name if model and method == "fused" else None,
        "analyser": f"{NAME} {VERSION}",
        "statistics": basis,
        "index_ms_per_listing": round(1000 * indexed / len(listings), 3),
        "vector_ms_per_listing": round(1000 * embedded / made, 3) if made else None,
    }


def _fill(alliance: Alliance, supplies: Sequence[Mapping[str, Any]]) -> list[Listing]:
    listings = []
    for place, row in enumerate(supplies):
        language = _language(row)
        title = row["title"].strip()
        # Every listing has a title; a dash is no word, so that an empty text counts as one of length nought.
        fields = {f"title_{language}": title or row["text"][:TITLE] or "—", f"body_{language}": row["text"] if title else ""}
        if not title and len(row["text"]) > TITLE:  # the model asks for a title; no character may count twice
            fields = {f"title_{language}": row["text"][:TITLE], f"body_{language}": row["text"][TITLE:]}
        elif len(title) > TITLE:
            fields = {f"title_{language}": title[:TITLE], f"body_{language}": f"{title[TITLE:]}\n{row['text']}"}
        listings.append(
            Listing(
                alliance=alliance,
                code=f"Q-{place + 1}",
                side=ListingSide.SUPPLY,
                state=ListingState.PUBLISHED,
                audience=ListingAudience.PUBLIC,
                category=ServiceCategory.PROJECT_RESEARCH,
                labels=[_storable(str(label))[:160] for label in row.get("fields") or []],
                published_at=timezone.now(),
                **fields,
            )
        )
    return Listing.objects.bulk_create(listings, batch_size=500)


def _reference_text(listing: Listing, *, labels: bool) -> str:
    return "\n".join(indexed_texts(listing, labels=labels).values())


def _bm25s(texts: Sequence[str], supplies: Sequence[Mapping[str, Any]]) -> Callable[[Mapping[str, Any]], list[str]]:
    """The reference: bm25s on the words of our analyser, with the same constants."""
    cut = [analyse(text) for text in texts]
    if not any(cut):  # bm25s knows no empty vocabulary
        return lambda _demand: []
    retriever = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    retriever.index(cut, show_progress=False)
    most = min(FOUND, len(texts))

    def ask(demand: Mapping[str, Any]) -> list[str]:
        words = [word for word in analyse(demand["text"]) if word in retriever.vocab_dict]
        if not words:
            return []
        places, scores = retriever.retrieve([words], k=most, show_progress=False)
        return [supplies[int(place)]["id"] for place, score in zip(places[0], scores[0], strict=True) if float(score) > 0]

    return ask


def _judge(
    demands: Sequence[Mapping[str, Any]],
    relevant: Mapping[str, Mapping[str, float]],
    ask: Callable[[Mapping[str, Any]], list[str]],
) -> dict[str, float]:
    """The nDCG of the first 10 (Järvelin and Kekäläinen, ACM TOIS 20(4), 2002), recall of the first 100, and the median time."""
    gains, recalls, times = [], [], []
    for demand in demands:
        wanted = relevant[demand["id"]]
        started = time.perf_counter()
        found = ask(demand)
        times.append(time.perf_counter() - started)
        ideal = _gain(sorted(wanted.values(), reverse=True)[:FIRST])
        gains.append(_gain([wanted.get(code, 0.0) for code in found[:FIRST]]) / ideal)
        recalls.append(sum(1 for code in found[:FOUND] if code in wanted) / len(wanted))
    return {
        f"ndcg@{FIRST}": round(statistics.fmean(gains), 4),
        f"recall@{FOUND}": round(statistics.fmean(recalls), 4),
        "ms_per_query": round(1000 * statistics.median(times), 3),
    }


def _gain(relevances: Sequence[float]) -> float:
    return sum(relevance / math.log2(rank + 2) for rank, relevance in enumerate(relevances))
