"""Codes of records: the next number of a prefix, one at a time."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from alliance.kernel import tenancy
from alliance.kernel.codes import next_code
from alliance.models import Alliance
from members.models import Institution
from tests.factories.members import make_institution

pytestmark = pytest.mark.django_db


def test_the_first_code_of_a_prefix_is_number_one(act: Alliance) -> None:
    assert next_code(Institution, act, "T", 3) == "T-001"


def test_the_next_code_follows_the_highest_number_and_not_the_longest_gap(act: Alliance) -> None:
    make_institution(act, code="T-002")
    make_institution(act, code="T-0107")

    assert next_code(Institution, act, "T", 3) == "T-108"


def test_codes_of_other_forms_and_prefixes_do_not_count(act: Alliance) -> None:
    for code in ("X-900", "T-9a", "AT-800", "T-700-1"):
        make_institution(act, code=code)

    assert next_code(Institution, act, "T", 3) == "T-001"


def test_codes_of_another_alliance_do_not_count(alliance: Alliance, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        make_institution(other_alliance, code="T-050")

    with tenancy.acting_in(alliance):
        assert next_code(Institution, alliance, "T", 3) == "T-001"


@pytest.mark.django_db(transaction=True)
def test_two_that_ask_at_the_same_moment_get_two_codes(alliance: Alliance) -> None:
    given: list[str] = []
    start = threading.Barrier(2)

    def add() -> None:
        try:
            start.wait(10)
            with tenancy.acting_in(alliance), transaction.atomic():
                given.append(next_code(Institution, alliance, "T", 3))
                make_institution(alliance, code=given[-1])
        finally:
            connection.close()

    threads = [threading.Thread(target=add) for _turn in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(given) == ["T-001", "T-002"]
