from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict

from alliance.kernel.errors import InvalidInputError
from alliance.kernel.identifiers import uuid7
from alliance.models import Alliance, InboxItem, OutboxEvent
from alliance.selectors.paging import Page, paginate
from tests.factories.alliance import NOON

ORDER = ("due_at", "id")


def make_items(alliance: Alliance, dues: list[int | None]) -> list[int]:
    """Items due so many days after noon (None: no date); returns their ids in the list's order."""
    rows = [
        InboxItem(
            alliance=alliance,
            kind="test",
            key=f"k{number}",
            scope="alliance",
            url_name="inbox",
            created_at=NOON,
            due_at=None if days is None else NOON + timedelta(days=days),
        )
        for number, days in enumerate(dues)
    ]
    InboxItem.objects.bulk_create(rows)
    return list(InboxItem.objects.of(alliance).order_by(*ORDER).values_list("pk", flat=True))


def walk(alliance: Alliance, order: tuple[str, ...], size: int) -> tuple[list[list[int]], Page[InboxItem]]:
    pages: list[list[int]] = []
    query = QueryDict(f"page_size={size}&kind=test")
    while True:
        page = paginate(InboxItem.objects.of(alliance), query, order)
        pages.append([item.pk for item in page.items])
        if not page.next_url:
            return pages, page
        query = QueryDict(page.next_url[1:])


@pytest.mark.parametrize("order", [("due_at", "id"), ("-due_at", "-id"), ("due_at", "-id"), ("-due_at", "id")])
def test_every_row_is_on_exactly_one_page_also_without_a_date(act: Alliance, order: tuple[str, ...]) -> None:
    make_items(act, [3, 1, None, 1, 2, None, 1, 5, 4, None, 2])
    expected = list(InboxItem.objects.of(act).order_by(*order).values_list("pk", flat=True))

    pages, _last = walk(act, order, 3)

    assert [pk for page in pages for pk in page] == expected
    assert [len(page) for page in pages] == [3, 3, 3, 2]


@pytest.mark.parametrize("order", [("due_at", "id"), ("-due_at", "-id"), ("due_at", "-id")])
def test_the_way_back_shows_the_same_pages(act: Alliance, order: tuple[str, ...]) -> None:
    make_items(act, [3, 1, None, 1, 2, None, 1, 5, 4])
    pages, page = walk(act, order, 3)
    back = [[item.pk for item in page.items]]

    while page.previous_url:
        page = paginate(InboxItem.objects.of(act), QueryDict(page.previous_url[1:]), order)
        back.insert(0, [item.pk for item in page.items])

    assert back == pages
    assert page.next_url


def test_the_neighbours_keep_the_filters_and_drop_the_old_cursor(act: Alliance) -> None:
    make_items(act, list(range(5)))
    first = paginate(InboxItem.objects.of(act), QueryDict("kind=test&kind=b&page_size=2"), ORDER)

    second = paginate(InboxItem.objects.of(act), QueryDict(first.next_url[1:]), ORDER)

    query = QueryDict(second.next_url[1:])
    assert query.getlist("kind") == ["test", "b"]
    assert len(query.getlist("after")) == 1
    assert "before" not in query


def test_a_page_is_one_query(act: Alliance, django_assert_num_queries: Any) -> None:
    make_items(act, list(range(5)))

    with django_assert_num_queries(1):
        paginate(InboxItem.objects.of(act), QueryDict("page_size=2"), ORDER)


@pytest.mark.parametrize("cursor", ["x", "W10:abc", "a" * 5000, "é"])
def test_a_cursor_that_is_not_ours_is_refused(act: Alliance, cursor: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        paginate(InboxItem.objects.of(act), {"after": cursor}, ORDER)

    assert refused.value.code == "cursor_invalid"


def test_a_cursor_of_another_order_is_refused(act: Alliance) -> None:
    make_items(act, list(range(5)))
    page = paginate(InboxItem.objects.of(act), {"page_size": "2"}, ORDER)

    with pytest.raises(InvalidInputError):
        paginate(InboxItem.objects.of(act), QueryDict(page.next_url[1:]), ("-created_at", "id"))


def test_a_page_holds_a_hundred_rows_at_most(act: Alliance) -> None:
    make_items(act, list(range(120)))

    assert len(paginate(InboxItem.objects.of(act), {"page_size": "5000"}, ORDER)) == 100
    with pytest.raises(InvalidInputError):
        paginate(InboxItem.objects.of(act), {"page_size": "many"}, ORDER)


def test_keys_of_every_type_go_through_a_cursor(act: Alliance) -> None:
    for number in range(3):
        OutboxEvent.objects.create(id=uuid7(), alliance=act, kind=f"k{number}", next_at=NOON)

    page = paginate(OutboxEvent.objects.of(act), {"page_size": "1"}, ("next_at", "id"))
    second = paginate(OutboxEvent.objects.of(act), QueryDict(page.next_url[1:]), ("next_at", "id"))

    assert [event.kind for event in second.items] == ["k1"]
