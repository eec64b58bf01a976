"""The figures of the quality panel from raw events: each by hand, and the same from any order of the rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import log2

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.choices import MatchEventKind
from services.quality import EventRow, Quality, measure, ndcg

START = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 11, 22, tzinfo=UTC)


def event(kind: str, listing: str, other: str, hours: float = 1, rank: int | None = None, house: str = "") -> EventRow:
    """A raw event."""
    return EventRow(kind, listing, other, START + timedelta(hours=hours), rank, house)


def measured(*rows: EventRow) -> Quality:
    """The figures of the period."""
    return measure(rows, START, END)


def test_nothing_happened() -> None:
    """No figure is made up."""
    assert measured() == Quality()


def test_precision_counts_what_was_judged_among_the_first_ten() -> None:
    """One of two; what was not judged, and what stood in place eleven, is left out."""
    found = measured(
        *(event("shown", "D", f"S{place}", 1, place, "leading_enterprise") for place in range(1, 13)),
        event("accepted", "D", "S2", 2),
        event("declined", "D", "S5", 3),
        event("accepted", "D", "S11", 3),
    )
    assert (found.judged, found.precision) == (2, 0.5)
    assert (found.lists, found.shown) == (1, 12)
    assert (found.accepted, found.declined, found.acceptance) == (2, 1, 2 / 3)


def test_a_decline_of_the_other_side_is_not_one_of_this_side() -> None:
    """The suggestion was good enough for its reader."""
    found = measured(
        event("shown", "D", "S", 1, 1),
        event("accepted", "D", "S", 2),
        event("declined", "S", "D", 3),
    )
    assert found.precision == 1


def test_ndcg_is_higher_the_earlier_the_better_ones_stand() -> None:
    """Grades: declined 0, accepted 1, introduced 2, in contact 3, agreed 4."""
    rows = [event("shown", "D", f"S{place}", 1, place) for place in range(1, 5)]
    rows += [event("declined", "D", "S1", 2), event("accepted", "D", "S3", 2)]
    rows += [event("introduced", "D", "S3", 3), event("contacted", "D", "S3", 4), event("agreed", "S3", "D", 5)]
    found = measured(*rows)
    assert found.ndcg == pytest.approx((15 / log2(3)) / 15)  # S2 was not judged, so S3 moves up to place 2
    assert found.graded_lists == 1
    assert ndcg([4, 0]) == 1
    assert ndcg([0, 4]) < 1
    assert ndcg([0, 0]) == 0


def test_the_time_to_first_contact_is_the_median_from_the_first_acceptance() -> None:
    """Of contacts in the period; the acceptance may lie before it."""
    rows = [event("accepted", "D1", "S1", -10), event("contacted", "D1", "S1", 14), event("contacted", "D1", "S1", 90)]
    rows += [event("accepted", "S2", "D2", 1), event("accepted", "D2", "S2", 5), event("contacted", "D2", "S2", 11)]
    rows += [event("accepted", "D3", "S3", -90), event("contacted", "D3", "S3", -1)]
    found = measured(*rows)
    assert (found.contacts, found.hours_to_contact) == (2, 17)


def test_exposure_is_shared_by_kind() -> None:
    """The first ten places only."""
    rows = [
        event("shown", "D", f"S{place}", place, place, "leading_enterprise" if place % 2 else "media_think_tank")
        for place in range(1, 20)
    ]
    found = measured(*rows)
    assert [(row.kind, row.shown, row.share) for row in found.exposure] == [
        ("leading_enterprise", 5, 0.5),
        ("media_think_tank", 5, 0.5),
    ]


def test_what_lies_after_the_period_counts_for_nothing() -> None:
    """Nor does what was shown before it."""
    rows = [event("shown", "D", "S", -5, 1), event("accepted", "D", "S", 24 * 40)]
    assert measured(*rows) == Quality()


rows = st.lists(
    st.builds(
        event,
        st.sampled_from(MatchEventKind.values),
        st.sampled_from("DEF"),
        st.sampled_from("STU"),
        st.integers(-100, 700),
        st.none() | st.integers(1, 20),
        st.sampled_from(["leading_enterprise", "media_think_tank", ""]),
    ),
    max_size=40,
    unique_by=lambda row: row.at,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(rows)
def test_the_figures_do_not_depend_on_the_order_of_the_rows(events: list[EventRow]) -> None:
    """And lie where shares lie."""
    found = measured(*events)
    assert measured(*reversed(events)) == found
    assert measured(*sorted(events, key=lambda row: (row.listing, row.kind, row.at))) == found
    for share in (found.precision, found.ndcg, found.acceptance):
        assert share is None or 0 <= share <= 1.000001
    if found.exposure:
        assert sum(row.share for row in found.exposure) == pytest.approx(1)
