"""User feedback: figures with their uncertainty, computed once per rating, and again to the same value."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from alliance.actions.outbox import deliver_next
from alliance.kernel import tenancy
from alliance.kernel.events import emit
from alliance.kernel.indicators import indicators
from alliance.models import Alliance, AuditEntry, OutboxEvent
from evaluation.actions.feedback import compute_feedback
from evaluation.models import FeedbackResult
from evaluation.selectors.feedback import recompute
from evaluation.signals import FEEDBACK_COMPUTED
from services.actions.rating import confirm_rating, make_token
from services.models import CatalogueEntry
from services.signals import RATING_CONFIRMED
from tests.factories.evaluation import make_result
from tests.factories.services import make_entry, make_rating


def deliver_everything(alliance: Alliance) -> None:
    while deliver_next(alliance):
        pass


def test_the_figures_are_those_of_the_methods_page(act: Alliance) -> None:
    result = make_result(act, [5, 5, 4])

    assert (result.responses, result.satisfied) == (3, 3)
    assert result.csat == Decimal("1.000000")
    # Wilson at 3 of 3: lower end 3 / (3 + 1.959964^2)
    assert result.csat_lower == Decimal("0.438503")
    assert result.csat_upper == Decimal("1.000000")
    assert result.mean == Decimal("4.6667")
    assert result.adjusted_mean == Decimal("4.6667")  # the only service: its mean is the mean of all


def test_few_marks_are_drawn_towards_the_mean_of_all_services(act: Alliance) -> None:
    make_result(act, [3] * 20)

    result = make_result(act, [5, 5])

    prior = Decimal(20 * 3 + 10) / 22
    assert result.mean == Decimal("5.0000")
    assert abs(result.adjusted_mean - (10 * prior + 10) / 12) < Decimal("0.0001")  # type: ignore[operator]


def test_a_service_without_ratings_has_no_figures_rather_than_noughts(act: Alliance) -> None:
    result = compute_feedback(act, make_entry(act).code, at=timezone.now())

    assert result.responses == 0
    assert (result.csat, result.csat_lower, result.mean, result.adjusted_mean) == (None, None, None, None)


def test_a_confirmed_rating_reaches_evaluation_and_the_newest_result_is_flagged(act: Alliance) -> None:
    entry = make_entry(act)
    for score in (5, 2):
        confirm_rating(act, make_token(make_rating(entry, score, confirmed=False)), at=timezone.now())
        deliver_everything(act)

    results = list(FeedbackResult.objects.of(act).filter(entry=entry).order_by("id"))
    assert [(result.responses, result.is_latest) for result in results] == [(1, False), (2, True)]
    assert results[-1].mean == Decimal("3.5000")
    assert AuditEntry.objects.of(act).filter(verb="compute").count() == 2


def test_the_same_event_delivered_twice_computes_once(act: Alliance) -> None:
    entry = make_entry(act)
    rating = make_rating(entry)
    for _turn in range(2):
        emit(act, RATING_CONFIRMED, {"entry": entry.code, "rating": str(rating.uuid)})

    deliver_everything(act)

    assert FeedbackResult.objects.of(act).filter(entry=entry).count() == 1


def test_a_new_result_is_announced(act: Alliance) -> None:
    result = make_result(act, [4])

    event = OutboxEvent.objects.of(act).get(kind=FEEDBACK_COMPUTED)
    assert event.payload == {"entry": result.entry.code}


def test_every_stored_figure_can_be_computed_again_from_its_inputs(act: Alliance) -> None:
    for marks in ([5, 4, 3, 2, 1], [1], [4] * 30, [5, 1]):
        make_result(act, marks)

    for result in FeedbackResult.objects.of(act):
        again = recompute(result)
        for name in ("responses", "satisfied", "csat", "csat_lower", "csat_upper", "mean", "adjusted_mean"):
            assert getattr(again, name) == getattr(result, name), (result.pk, name)


def test_ratings_of_another_alliance_count_for_nothing_here(alliance: Alliance, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        code = make_result(other_alliance, [1] * 10).entry.code

    with tenancy.acting_in(alliance):
        assert make_result(alliance, [5]).adjusted_mean == Decimal("5.0000")
        with pytest.raises(CatalogueEntry.DoesNotExist):
            compute_feedback(alliance, code, at=timezone.now())


def test_the_database_keeps_one_latest_result_per_service(act: Alliance) -> None:
    result = make_result(act, [4])

    with pytest.raises(IntegrityError), transaction.atomic():
        FeedbackResult.objects.create(
            alliance=act, entry=result.entry, responses=0, satisfied=0, computed_at=timezone.now(), is_latest=True
        )


def test_the_indicator_is_the_mean_of_all_marks_with_its_records(act: Alliance) -> None:
    make_result(act, [5, 5, 5])
    make_result(act, [1])
    compute_feedback(act, make_entry(act).code, at=timezone.now())

    reading = indicators.get("evaluation.mean_feedback").read(act, {}, at=timezone.now())

    assert reading.value == Decimal("4.0000")
    assert len(reading.records) == 2
    rows = reading.inputs["rows"]
    assert Decimal(sum(row["sum"] for row in rows)) / sum(row["responses"] for row in rows) == reading.value


def test_without_ratings_the_indicator_is_undefined_and_says_why(act: Alliance) -> None:
    reading = indicators.get("evaluation.mean_feedback").read(act, {}, at=timezone.now())

    assert reading.value is None
    assert reading.inputs["reason"]


@pytest.mark.django_db(transaction=True)
def test_two_ratings_confirmed_at_once_end_in_one_latest_result_with_both(alliance: Alliance) -> None:
    with tenancy.acting_in(alliance):
        entry = make_entry(alliance)
        make_rating(entry, 5)
        make_rating(entry, 3)
    start = threading.Barrier(2)
    problems: list[Exception] = []

    def compute() -> None:
        try:
            start.wait(10)
            with tenancy.acting_in(alliance):
                compute_feedback(alliance, entry.code, at=timezone.now())
        except Exception as error:  # noqa: BLE001 - told to the test's own thread
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=compute) for _turn in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert problems == []
    with tenancy.acting_in(alliance):
        assert [(r.responses, r.is_latest) for r in FeedbackResult.objects.of(alliance)] == [(2, True)]
