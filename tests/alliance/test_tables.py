from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.kernel.tables import BYTE_ORDER_MARK, csv_response, guard, read_csv, unguard, write_csv

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\0=1",
    "＝1",
    "＋1",
    "－1",
    "＠A",
    "  =1",
    "\u3000=1",
    "\u3000＝1",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(text: str) -> None:
    assert guard(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Guangfu", "织造", "a=b", "1-2", "3 + 4", "'quoted'", "\u3000广府"])
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert guard(text) == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_guarded_text_comes_back_as_it_went_in(text: str) -> None:
    assert unguard(guard(text)) == text


@given(st.lists(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2), max_size=5))
def test_a_table_comes_back_as_it_went_out(rows: list[list[str]]) -> None:
    header = ["name", "=note"]

    assert read_csv(write_csv(header, rows)) == [header, *rows]


def test_numbers_and_moments_are_not_texts() -> None:
    moment = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)

    data = write_csv(["a"], [[-5], [Decimal("-0.50")], [moment], [None], [True]], mark=False)

    assert data.decode().split("\r\n")[1:6] == ["-5", "-0.50", "2026-11-21T12:30:00Z", '""', "true"]


def test_the_answer_is_saved_under_its_name_in_any_script() -> None:
    response = csv_response("机构", ["name"], [["广府"]])

    assert response.content.decode().startswith(BYTE_ORDER_MARK)
    assert "filename*=UTF-8''%E6%9C%BA%E6%9E%84.csv" in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"
