"""Documents tell the truth about what can be looked up: tests, files, commands and settings they name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LARGEST_PICTURE = 300_000


def names(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_every_test_named_for_a_requirement_exists() -> None:
    claimed = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", (ROOT / "docs/asvs.md").read_text(encoding="utf-8"))
    known: dict[str, set[str]] = {}
    missing = []
    for file, test in claimed:
        if file not in known:
            path = ROOT / file
            tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
            known[file] = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        if test not in known[file]:
            missing.append(f"{file}::{test}")

    assert len(claimed) > 40
    assert missing == []


def test_every_requirement_names_a_test() -> None:
    rows = [line for line in (ROOT / "docs/asvs.md").read_text(encoding="utf-8").splitlines() if re.match(r"\| \d", line)]

    assert [row for row in rows if "::test_" not in row] == []


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    broken = [target for target in targets if "://" not in target and not (page.parent / target).exists()]

    assert broken == []


def test_pictures_are_small() -> None:
    sizes = {picture.name: picture.stat().st_size for picture in (ROOT / "docs/images").glob("*.png")}

    assert sizes
    assert {name: size for name, size in sizes.items() if size >= LARGEST_PICTURE} == {}


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_management_commands_that_are_named_exist(page: Path) -> None:
    named = set(re.findall(r"manage\.py ([a-z][a-z_]+)", page.read_text(encoding="utf-8")))

    assert named <= {*get_commands(), "help", "command"}


def test_every_document_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"\]\(([\w./-]+)\)", index))
    there = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")} - {"README.md"}

    assert there - listed == set()
