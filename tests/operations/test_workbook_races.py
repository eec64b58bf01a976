"""Entries that arrive at the same moment, and entries against a round that closes, on connections of their own."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from alliance.kernel import tenancy
from operations.actions.workbook import Entry, PilotClosedError, strike_entry, write_entry
from operations.actions.workflow import advance_pilot
from operations.choices import ProductState
from operations.models import FeedbackPoint, Pilot, PilotFeedback, WorkbookEntry
from tests.factories.alliance import make_alliance
from tests.factories.operations import Cast, make_answer, make_cast, make_pilot, make_product
from tests.factories.workbook import entry_of, scores_of
from tests.operations.test_pilot_workflow_tasks import Elsewhere


@pytest.fixture
def shared(transactional_db: None) -> tuple[Cast, Pilot]:
    """A running round whose rows other connections see."""
    alliance = make_alliance("races")
    with tenancy.acting_in(alliance):
        cast = make_cast(alliance)
        return cast, make_pilot(make_product(cast, ProductState.PILOTING), cast.firms, minimum_answers=1)


def writing(cast: Cast, pilot: Pilot, entry: Entry, hold: threading.Event | None = None) -> Elsewhere:
    return Elsewhere(
        cast.alliance,
        lambda: write_entry(
            cast.alliance,
            pilot.product.code,
            institution_id=cast.firms[0].pk,
            entry=entry,
            actor=cast.testers[0],
            at=timezone.now(),
        )[1],
        hold,
    )


def finish(*threads: Elsewhere) -> None:
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


@pytest.mark.parametrize("kind", ["defect", "scores", "photo"])
def test_the_same_entry_from_many_tabs_at_once_is_one_entry(shared: tuple[Cast, Pilot], kind: str) -> None:
    cast, pilot = shared
    key = entry_of("note").key
    tabs = [writing(cast, pilot, entry_of(kind, key=key)) for _turn in range(5)]

    for tab in tabs:
        tab.start()
    finish(*tabs)

    assert [tab.error for tab in tabs] == [None] * 5
    assert sorted(tab.result for tab in tabs) == [False] * 4 + [True]
    with tenancy.acting_in(cast.alliance):
        assert WorkbookEntry.objects.count() == 1
        assert FeedbackPoint.objects.count() == (kind == "defect")
        assert PilotFeedback.objects.count() == (kind == "scores")


def test_scores_from_two_devices_at_once_leave_the_newest(shared: tuple[Cast, Pilot]) -> None:
    cast, pilot = shared
    now = timezone.now()
    devices = [
        writing(cast, pilot, entry_of("scores", body=scores_of(place, place), noted_at=now - timedelta(minutes=9 - place)))
        for place in (5, 1, 3, 2, 4)
    ]

    for device in devices:
        device.start()
    finish(*devices)

    assert [device.error for device in devices] == [None] * 5
    with tenancy.acting_in(cast.alliance):
        assert list(PilotFeedback.objects.get().scores.values_list("score", flat=True)) == [5, 5]


def test_a_round_that_closes_waits_for_a_defect_under_way_and_neither_waits_for_the_other_for_ever(
    shared: tuple[Cast, Pilot],
) -> None:
    cast, pilot = shared
    with tenancy.acting_in(cast.alliance):
        make_answer(pilot, cast.firms[1], [4, 4])
    hold = threading.Event()
    late = pilot.deadline + timedelta(seconds=1)
    first = writing(cast, pilot, entry_of("defect"), hold)
    first.start()
    assert first.done.wait(20)
    closing = Elsewhere(cast.alliance, lambda: advance_pilot(cast.alliance, pilot.pk, at=late))
    closing.start()
    waits = not closing.done.wait(0.7)
    second = writing(cast, pilot, entry_of("defect"))
    second.start()

    hold.set()
    finish(first, closing, second)

    assert waits
    assert (first.error, closing.error) == (None, None)
    with tenancy.acting_in(cast.alliance):
        taken = 1 + (second.error is None)
        assert isinstance(second.error, PilotClosedError) or second.error is None
        assert FeedbackPoint.objects.filter(source="defect").count() == WorkbookEntry.objects.count() == taken
        assert not Pilot.objects.get(pk=pilot.pk).is_running


def test_an_entry_is_struck_once_however_many_ask(shared: tuple[Cast, Pilot]) -> None:
    cast, pilot = shared
    entry = entry_of("defect")
    first = writing(cast, pilot, entry)
    first.start()
    finish(first)
    striking = [
        Elsewhere(
            cast.alliance,
            lambda: strike_entry(
                cast.alliance,
                pilot.product.code,
                entry.key,
                institution_id=cast.firms[0].pk,
                reason="Wrong loom",
                actor=cast.testers[0],
                at=timezone.now(),
            ),
        )
        for _turn in range(3)
    ]

    for thread in striking:
        thread.start()
    finish(*striking)

    assert sorted(getattr(thread.error, "code", "") for thread in striking) == ["", "entry_struck", "entry_struck"]
