"""Counts of the list, of the coverage matrix and of the directory; what a large alliance remembers."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from alliance.models import Alliance
from groups.selectors.coverage import get_coverage
from members.choices import Element, InstitutionKind, InstitutionState
from members.selectors import remembered
from members.selectors.directory import DirectoryQuery, count_directory
from members.selectors.institution import InstitutionQuery, count_all, list_facets, narrow
from tests.factories.groups import make_seat
from tests.factories.members import make_institution, make_supply

TODAY = timezone.localdate()


@pytest.fixture
def mixed(act: Alliance) -> Alliance:
    for number in range(12):
        institution = make_institution(
            act,
            name_en=f"Mill {number}" if number % 3 else f"Archive {number}",
            kind=InstitutionKind.LEADING_ENTERPRISE if number % 2 else InstitutionKind.LIBRARY_INFORMATION,
            state=InstitutionState.SUSPENDED if number == 5 else InstitutionState.ACTIVE,
            region_code="440600" if number < 8 else "310000",
        )
        make_supply(institution, Element.CAPITAL if number % 4 else Element.RESOURCES)
        if number % 2:
            make_seat(institution, "leading_enterprise_group")
    return act


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"kind": ["leading_enterprise"]},
        {"kind": ["leading_enterprise"], "region": ["310000"]},
        {"state": ["suspended"], "region": ["440600", "310000"], "element": ["capital"]},
        {"group": ["leading_enterprise_group"], "kind": ["library_information"]},
    ],
)
@pytest.mark.parametrize("words", ["", "mill"])
def test_each_option_shows_what_choosing_it_alone_would_find(
    mixed: Alliance, filters: dict[str, list[str]], words: str
) -> None:
    query = InstitutionQuery(words, filters)

    counts = count_all(mixed, query, TODAY)

    assert counts.everything == 12
    assert counts.total == narrow(mixed, query, TODAY).count()
    for facet in list_facets(query, counts):
        for option in facet.options:
            alone = InstitutionQuery(words, {**filters, facet.name: [option.value]})
            assert option.count == narrow(mixed, alone, TODAY).count(), (facet.name, option.value)


def test_the_counts_cost_four_queries_whatever_is_chosen(mixed: Alliance, django_assert_num_queries: Any) -> None:
    for filters in ({}, {"kind": ["leading_enterprise"], "state": ["active"], "region": ["310000"]}):
        with django_assert_num_queries(3):
            count_all(mixed, InstitutionQuery("", filters), TODAY)
    with django_assert_num_queries(5):  # the index is asked once, the whole is counted apart
        count_all(mixed, InstitutionQuery("mill"), TODAY)


def test_the_counts_of_the_directory_are_one_query_over_members_and_one_over_elements(
    mixed: Alliance, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        counts = count_directory(mixed, DirectoryQuery(province="440000"), TODAY)

    assert counts.total == 11
    assert counts.shown == 7
    assert counts.places == {"440000": 7, "310000": 4}
    assert counts.kinds == {"leading_enterprise": 3, "library_information": 4}


def test_a_large_alliance_remembers_its_figures_until_the_content_changes(
    mixed: Alliance, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    cache.clear()
    monkeypatch.setattr(remembered, "LARGE", 5)
    query = InstitutionQuery("", {"kind": ["leading_enterprise"]})
    before = count_all(mixed, query, TODAY)
    matrix = get_coverage(mixed, TODAY)
    make_institution(mixed, kind=InstitutionKind.LEADING_ENTERPRISE)

    with django_assert_num_queries(0):
        assert count_all(mixed, query, TODAY) == before
        assert get_coverage(mixed, TODAY).suppliers == matrix.suppliers
    mixed.content_version += 1  # as the database's trigger does with every commit

    assert count_all(mixed, query, TODAY).total == before.total + 1


def test_a_small_alliance_counts_each_time(mixed: Alliance) -> None:
    before = count_all(mixed, InstitutionQuery(), TODAY).total
    make_institution(mixed)

    assert count_all(mixed, InstitutionQuery(), TODAY).total == before + 1


def test_without_the_cache_figures_are_counted(mixed: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any, **_kwargs: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(cache, "get", away, raising=False)

    assert count_all(mixed, InstitutionQuery(), TODAY).total == 12
