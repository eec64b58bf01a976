"""The pilot workflow under every fault at every step: the matrix of ``tests.fault.matrix`` run once, each line compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fault.conftest import OUTCOMES
from tests.fault.matrix import SCENES, Cell, table, write_document
from tests.fault.nursery import CHECKOUT

pytestmark = pytest.mark.fault
PATIENCE = 580


def test_a_worker_that_dies_at_any_point_leaves_each_effect_once(tmp_path: Path) -> None:
    outcomes = tmp_path / "outcomes.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.fault.matrix", "--json", str(outcomes)],
        cwd=CHECKOUT,
        env={name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "REDIS_", "PYTEST_"))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert outcomes.exists(), done.stderr[-4000:]
    cells = [Cell(*row) for row in json.loads(outcomes.read_text(encoding="utf-8"))]
    OUTCOMES.extend((f"pilot {cell.step} ({cell.scene})", cell.fault, cell.outcome) for cell in cells)
    shown = {step for scene in SCENES for step in scene.steps}
    assert {cell.step for cell in cells} == shown
    assert len({cell.fault for cell in cells}) == 9
    assert [cell for cell in cells if not cell.same] == [], done.stderr[-4000:]
    assert done.returncode == 0


def test_a_cell_that_differs_stands_out_in_the_table_and_only_the_table_of_a_document_is_replaced(tmp_path: Path) -> None:
    cells = [
        Cell("open", "fails", "kill", "each effect once", same=True),
        Cell("open", "fails", "clock", "differs: inbox", same=False),
        Cell("close", "fails", "kill", "the fault never struck", same=False),
    ]
    document = tmp_path / "faults.md"
    document.write_text("Before\n<!-- table: begin -->\nold\n<!-- table: end -->\nAfter\n", encoding="utf-8")

    write_document(document, table(cells, 3))

    text = document.read_text(encoding="utf-8")
    assert "| open | fails | once | **differs: inbox** |" in text
    assert "| close | fails | **the fault never struck** | – |" in text
    assert "1 of 3 disturbed runs ended exactly as the undisturbed one" in text
    assert "old" not in text
    assert text.startswith("Before\n")
    assert text.endswith("After\n")
