"""The measurement says what the pages would find, and leaves nothing behind."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from alliance.models import Alliance
from services import vectors
from tests.services.matching_helpers import Subjects

HORIZON = Path(settings.SHIPPED_DATA_DIR) / "horizon"


def measure(folder: Path, *arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("matching_quality", str(folder), *arguments, stdout=out)
    result: dict[str, Any] = json.loads(out.getvalue())
    return result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows: dict[str, list[dict[str, Any]]] = {
        "demand.jsonl": [
            {"id": "d1", "lang": "en", "text": "battery recycling"},
            {"id": "d2", "lang": "zh", "text": "染料"},
            {"id": "d3", "lang": "en", "text": "not labelled"},
        ],
        "supply.jsonl": [
            {"id": "s1", "lang": "en", "title": "Battery", "text": "Recycling of packs", "fields": ["circular economy"]},
            {"id": "s2", "lang": "en", "title": "", "text": "Dye recovery"},
            {"id": "s3", "lang": "en", "title": "Looms " * 60, "text": "Weaving"},
        ],
    }
    for name, lines in rows.items():
        (tmp_path / name).write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    (tmp_path / "labels.tsv").write_text("demand_id\tsupply_id\trelevance\nd1\ts1\t1\nd2\ts2\t1\n", encoding="utf-8")
    return tmp_path


@pytest.mark.django_db
def test_on_the_shipped_calls_it_ranks_as_bm25s_does_and_better_with_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "installed_model", lambda: None)

    text, labels = measure(HORIZON, "--method", "bm25"), measure(HORIZON, "--method", "bm25", "--labels")

    for figure in ("ndcg@10", "recall@100"):
        assert text[figure] >= 0.99 * text["bm25s"][figure] > 0.3
        assert labels[figure] >= 0.99 * labels["bm25s_with_labels"][figure]
    assert labels["ndcg@10"] >= 1.04 * labels["bm25s"]["ndcg@10"]
    assert labels["recall@100"] >= 1.06 * labels["bm25s"]["recall@100"]
    assert labels["bm25s"]["ndcg@10"] == text["bm25s"]["ndcg@10"]


@pytest.mark.django_db
def test_the_other_language_is_measured_by_vectors_and_nothing_remains(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "installed_model", Subjects)
    before = Alliance.objects.count()

    fused, words = measure(folder), measure(folder, "--method", "bm25", "--no-labels")

    assert (fused["method"], fused["ndcg@10"], fused["recall@100"], fused["model"]) == ("fused", 1, 1, "subjects 1")
    assert (words["method"], words["ndcg@10"], words["done"]) == ("bm25", 0.5, ["bm25"])
    assert {"folder", "method", "ndcg@10", "recall@100", "ms_per_query", "bm25s"} <= fused.keys()
    assert set(fused["bm25s"]) == {"ndcg@10", "recall@100", "ms_per_query"}
    assert Alliance.objects.count() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("demand.jsonl", '{"id": "d1", "text": "x"}\n{oops', "demand.jsonl, line 2"),
        ("supply.jsonl", '{"id": 7, "text": "x"}', "supply.jsonl, line 1"),
        ("labels.tsv", "demand_id\tsupply_id\trelevance\nd1\tnone\t1", "line 2: d1 or none"),
        ("labels.tsv", "demand_id\tsupply_id\trelevance\nd1\ts1\thigh", "line 2"),
        ("labels.tsv", "demand_id\tsupply_id\trelevance\n", "no pair"),
        ("labels.tsv", "d1\ts1\t1\n", "line 1: the columns"),
        ("labels.tsv", "demand_id\tsupply_id\trelevance\n\nd1\ts1\tnan", "line 3: the relevance"),
        ("labels.tsv", "demand_id\tsupply_id\trelevance\n" + "d" * 200_000, "line 2: field larger"),
        ("supply.jsonl", '{"id": "s1", "text": "x"}\n{"id": "s1", "text": "y"}', "line 2: the id s1 stands in line 1"),
        ("supply.jsonl", '{"id": "s1", "text": "x", "fields": 5}', "line 1: the fields"),
        ("demand.jsonl", "[" * 100_000, "demand.jsonl, line 1: this is not JSON"),
    ],
)
def test_what_cannot_be_measured_is_named_with_its_line(folder: Path, name: str, content: str, message: str) -> None:
    (folder / name).write_text(content, encoding="utf-8")

    with pytest.raises(CommandError, match=message):
        measure(folder)


@pytest.mark.django_db
def test_a_file_in_another_encoding_is_named_with_its_line(folder: Path) -> None:
    with (folder / "supply.jsonl").open("ab") as supplies:
        supplies.write('\n{"id": "s9", "text": "é"}'.encode("latin-1"))

    with pytest.raises(CommandError, match=r"supply\.jsonl, line 4: this is not UTF-8"):
        measure(folder)


@pytest.mark.django_db
def test_odd_texts_are_measured_as_what_they_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks of order and line ends of other systems, empty texts, characters no database keeps, no language."""
    monkeypatch.setattr(vectors, "installed_model", lambda: None)
    demands = [{"id": "d1", "text": "电池\x00回收"}, {"id": "d2", "lang": "en", "text": ""}, {"id": "d3", "text": "dyes"}]
    supplies = [
        {"id": "s1", "text": "动力电池回收利用"},
        {"id": "s2", "lang": "en", "title": None, "text": ""},
        {"id": "s3", "lang": "en", "title": "a\x00b", "text": "dye \ud800 dye", "fields": None},
        {"id": "s4", "lang": "en", "text": "recycle " * 40_000},
    ]
    for name, rows in (("demand.jsonl", demands), ("supply.jsonl", supplies)):
        lines = "\r\n\r\n".join(json.dumps(row) for row in rows)
        (folder / name).write_text(lines, encoding="utf-8-sig")
    (folder / "labels.tsv").write_text("demand_id\tsupply_id\r\nd1\ts1\r\nd2\ts2\r\nd3\ts3", encoding="utf-8-sig")

    found = measure(folder, "--method", "bm25")

    assert found["ndcg@10"] == found["bm25s"]["ndcg@10"] == round(2 / 3, 4)
    assert found["statistics"]["zh-zh"]["texts"] == 1, "the language is that of the text where none is named"
    assert found["statistics"]["en-en"]["texts"] == 3, "an empty text counts, as it does in bm25s"


@pytest.mark.django_db
def test_texts_without_a_word_find_nothing_and_fail_nowhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "installed_model", lambda: None)
    lines = "\n".join(json.dumps({"id": f"s{number}", "text": "the of"}) for number in (1, 2))
    (folder / "supply.jsonl").write_text(lines, encoding="utf-8")

    found = measure(folder)

    assert (found["ndcg@10"], found["bm25s"]["ndcg@10"], found["recall@100"]) == (0, 0, 0)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"demand\.jsonl cannot be read"):
        measure(tmp_path)
