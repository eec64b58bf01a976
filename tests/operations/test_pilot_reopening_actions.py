"""Taking a closed round up again, large rounds, measures in the decision, and clocks that misbehave."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    TransitionRefusedError,
)
from alliance.models import AuditEntry, InboxItem, Job, OutboxEvent
from operations import tasks
from operations.actions import aggregation
from operations.actions.feedback import submit_feedback
from operations.actions.plan import Measure
from operations.actions.reopening import reopen_round
from operations.actions.workbook import PilotClosedError
from operations.actions.workflow import advance_pilot
from operations.choices import ParticipantState, PilotState, PointSource, ProductState
from operations.models import CriterionScore, FeedbackPoint, Pilot, PilotFeedback, Product
from operations.selectors.results import gather_inputs, recompute
from operations.signals import PILOT_REOPENED
from tests.factories.alliance import make_alliance
from tests.factories.operations import (
    Cast,
    finish_round,
    give_baseline,
    give_reading,
    make_answer,
    make_pilot,
    make_product,
    make_ready,
    run_round,
)

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def failed(cast: Cast) -> Pilot:
    product = make_product(cast, ProductState.TRANSFORMING)
    pilot = run_round(cast, product, [(2, 5), (2, 5), (3, 4)], AT)
    pilot.refresh_from_db()
    assert pilot.state == PilotState.FAILED
    return pilot


def reopen(cast: Cast, pilot: Pilot, **more: Any) -> Pilot:
    values: dict[str, Any] = {
        "reason": "A late parcel",
        "deadline": pilot.deadline + 10 * DAY,
        "actor": cast.secretary,
        "at": pilot.deadline + DAY,
        **more,
    }
    return reopen_round(cast.alliance, pilot.product.code, **values)


def test_a_reopened_round_takes_late_answers_keeps_its_old_result_and_decides_anew(cast: Cast, failed: Pilot) -> None:
    old = failed.result
    late = failed.deadline + 2 * DAY

    def answer() -> PilotFeedback:
        return submit_feedback(
            cast.alliance, failed.product.code, actor=cast.testers[0], institution_id=cast.firms[0].pk,
            scores={1: 5, 2: 5}, at=late,
        )  # fmt: skip

    with pytest.raises(PilotClosedError):
        answer()
    reopen(cast, failed)
    answer()
    failed.refresh_from_db()
    failed.product.refresh_from_db()

    kept = failed.reopenings.get()
    assert (kept.turn, kept.state_before, kept.result_before) == (1, PilotState.FAILED, old)
    assert (failed.state, failed.turn, failed.result, failed.decided_at) == (PilotState.EXTENDED, 1, {}, None)
    assert failed.product.state == ProductState.PILOTING
    assert not FeedbackPoint.objects.of(cast.alliance).filter(source=PointSource.CRITERION).exists()
    assert OutboxEvent.objects.of(cast.alliance).filter(kind=PILOT_REOPENED).count() == 1
    assert AuditEntry.objects.of(cast.alliance).filter(verb__in=["reopen_pilot", "resume_pilot"]).count() == 2
    assert failed.plans.order_by("-number").first().reason == "A late parcel"  # type: ignore[union-attr]

    finish_round(failed)
    failed.refresh_from_db()
    steps = [key for key in failed.steps.order_by("id").values_list("key", flat=True) if not key.startswith("remind")]
    assert steps == ["open", "close", "aggregate", "decide", "close:1", "aggregate:1", "decide:1"]
    assert failed.state == PilotState.FAILED
    assert failed.result["figures"]["answers"] == 4
    assert recompute(failed.result) == failed.result["figures"]


def test_what_makers_answered_already_stays_when_a_round_is_taken_up_again(cast: Cast, failed: Pilot) -> None:
    points = FeedbackPoint.objects.of(cast.alliance).filter(source=PointSource.CRITERION)
    assert points.count() == 1
    points.update(state="declined", answer="Not now")

    reopen(cast, failed)

    assert points.count() == 1


def test_a_proposal_of_release_is_taken_back_by_a_reopening(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    pilot = run_round(cast, product, [(5, 5), (5, 5), (4, 5)], AT)

    reopen(cast, pilot)

    product.refresh_from_db()
    assert product.release_proposed_at is None
    assert not InboxItem.objects.of(cast.alliance).filter(kind="release_proposed", done_at__isnull=True).exists()


@pytest.mark.parametrize("state", [ProductState.DRAFT, ProductState.TRANSFORMING])
def test_a_round_of_a_product_that_has_gone_on_stays_closed(cast: Cast, failed: Pilot, state: str) -> None:
    Product.objects.filter(pk=failed.product_id).update(state=state)

    with pytest.raises(DomainError, match="too_late"):
        reopen(cast, failed)


def test_an_earlier_round_is_not_taken_up_again(cast: Cast, failed: Pilot) -> None:
    make_pilot(failed.product, cast.firms, state=PilotState.OPEN)

    with pytest.raises(TransitionRefusedError):
        reopen(cast, failed)


def test_a_reopening_needs_a_reason_a_later_date_and_the_right(cast: Cast, failed: Pilot) -> None:
    with pytest.raises(InvalidInputError, match="reason_missing"):
        reopen(cast, failed, reason="")
    with pytest.raises(InvalidInputError, match="deadline_not_later"):
        reopen(cast, failed, deadline=failed.deadline)
    with pytest.raises(PermissionRefusedError):
        reopen(cast, failed, actor=cast.writer)
    failed.participants.update(state=ParticipantState.WITHDRAWN)
    with pytest.raises(DomainError, match="no_sites"):
        reopen(cast, failed)
    assert not failed.reopenings.exists()


def test_a_round_of_another_alliance_is_not_found(cast: Cast, failed: Pilot) -> None:
    other, code = make_alliance("elsewhere"), failed.product.code
    with tenancy.acting_in(other), pytest.raises(NotFoundError):
        reopen_round(other, code, reason="x", deadline=AT + 90 * DAY, actor=cast.secretary, at=AT + 60 * DAY)


# ------------------------------------------------------------------------------------------------------------ measures


def measured_round(cast: Cast, before: list[int], after: list[int], needed: str | None) -> Pilot:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, starts_at=AT - 30 * DAY, deadline=AT - DAY)
    pilot.measures.update(minimum_change=needed)
    for firm, first, second in zip(cast.firms, before, after, strict=True):
        make_answer(pilot, firm, [5, 5])
        give_reading(pilot, firm, first)
        give_reading(pilot, firm, second, phase="after")
    finish_round(pilot)
    pilot.refresh_from_db()
    return pilot


def test_a_measure_must_change_for_the_better_by_what_the_plan_asks(cast: Cast) -> None:
    enough = measured_round(cast, [100, 200, 50], [90, 170, 46], "10")

    figures = enough.result["figures"]["measures"][0]
    assert enough.state == PilotState.PASSED
    assert [round(site["percent"], 9) for site in figures["sites"]] == [10, 15, 8]
    assert figures["change"]["percent"] == pytest.approx(11)
    assert figures["change"]["low"] <= 11 <= figures["change"]["high"]


def test_a_measure_that_changed_too_little_fails_the_round_and_becomes_a_point(cast: Cast) -> None:
    short = measured_round(cast, [100, 100, 100], [95, 96, 100], "10")

    assert short.state == PilotState.FAILED
    assert short.result["figures"]["reasons"] == ["measure:1"]
    point = FeedbackPoint.objects.of(cast.alliance).get()
    assert "+3.0%" in point.text_en
    assert point.text_zh


def test_a_measure_without_a_goal_is_reported_only(cast: Cast) -> None:
    worse = measured_round(cast, [100, 100, 100], [150, 150, 150], None)

    assert worse.state == PilotState.PASSED
    assert worse.result["figures"]["measures"][0]["change"]["percent"] == -50


def test_a_goal_that_nobody_measured_again_is_not_reached(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, starts_at=AT - 30 * DAY, deadline=AT - DAY)
    pilot.measures.update(minimum_change=1)
    give_baseline(pilot)
    for firm in cast.firms:
        make_answer(pilot, firm, [5, 5])

    finish_round(pilot)

    pilot.refresh_from_db()
    assert pilot.result["figures"]["reasons"] == ["measure:1:unmeasured"]
    assert {site["notice"] for site in pilot.result["figures"]["measures"][0]["sites"]} == {"not_measured"}


def test_agreement_of_those_who_answered_stands_in_the_result(cast: Cast) -> None:
    pilot = measured_round(cast, [1, 1, 1], [1, 1, 1], None)

    agreement = pilot.result["figures"]["agreement"]
    assert (agreement["alpha_ordinal"], agreement["alpha_ordinal_reason"]) == (None, "all_equal")
    assert (agreement["kendall_w"], agreement["kendall_w_reason"]) == (None, "too_few")


# -------------------------------------------------------------------------------------------------------- large rounds


def test_a_large_round_is_summed_up_by_a_job_with_progress_to_the_same_figures(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    monkeypatch.setattr(aggregation, "LARGE", 2)
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, starts_at=AT - 30 * DAY, deadline=AT - DAY)
    for firm in cast.firms:
        make_answer(pilot, firm, [4, 5])

    assert advance_pilot(cast.alliance, pilot.pk, at=AT) == "close"
    assert advance_pilot(cast.alliance, pilot.pk, at=AT) == "hand_on:0"
    assert advance_pilot(cast.alliance, pilot.pk, at=AT) == ""
    job = Job.objects.get(kind=aggregation.AGGREGATE_JOB)
    told: list[tuple[str, int, int]] = []

    class Progress:
        def step(self, name: str, done: int, total: int) -> None:
            told.append((name, done, total))

    done = aggregation.run_aggregation(cast.alliance, job, Progress())  # type: ignore[arg-type]
    twice = aggregation.run_aggregation(cast.alliance, job, Progress())  # type: ignore[arg-type]

    pilot.refresh_from_db()
    assert (done["done"], twice) == (True, {"done": False})
    assert told[:3] == [("read", 0, 1), ("compute", 0, 4), ("compute", 1, 4)]
    assert ("compute", 4, 4) in told
    assert recompute(pilot.result) == pilot.result["figures"]
    assert advance_pilot(cast.alliance, pilot.pk, at=AT) == "decide"
    assert AuditEntry.objects.of(cast.alliance).filter(verb="aggregate_pilot").count() == 1


def test_when_jobs_fail_again_and_again_the_workflow_sums_up_itself(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregation, "LARGE", 2)
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, starts_at=AT - 30 * DAY, deadline=AT - DAY)
    for firm in cast.firms:
        make_answer(pilot, firm, [4, 5])

    steps = []
    for _turn in range(6):
        steps.append(advance_pilot(cast.alliance, pilot.pk, at=AT))
        Job.objects.filter(kind=aggregation.AGGREGATE_JOB).update(state="failed")

    assert steps == ["close", "hand_on:0", "hand_on:1", "hand_on:2", "aggregate", "decide"]


def test_ten_thousand_answers_are_gathered_in_a_handful_of_queries(
    cast: Cast, django_assert_num_queries: Callable[..., Any]
) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, starts_at=AT - 30 * DAY, deadline=AT - DAY, criteria=1)
    sites = list(pilot.participants.order_by("id"))
    dice = random.Random(7)  # noqa: S311 - the same answers each time
    rows = PilotFeedback.objects.bulk_create(
        [
            PilotFeedback(
                alliance=cast.alliance,
                participant=sites[number % 3],
                respondent_key=f"form:{number}",
                submitted_at=AT - 2 * DAY,
            )
            for number in range(10_000)
        ],
        batch_size=2500,
    )
    criterion = pilot.criteria.get()
    CriterionScore.objects.bulk_create(
        [
            CriterionScore(alliance=cast.alliance, feedback=row, criterion=criterion, score=dice.randint(2, 5))
            for row in rows
        ],
        batch_size=2500,
    )
    pilot = Pilot.objects.select_related("alliance", "product").get(pk=pilot.pk)

    with django_assert_num_queries(8):
        inputs = gather_inputs(pilot)

    assert len(inputs["answers"]) == 10_000


def test_the_command_finds_a_result_that_was_changed_behind_the_programs_back(
    cast: Cast, failed: Pilot, capsys: Any
) -> None:
    call_command("recompute_pilots", cast.alliance.slug)
    assert "1 result" in capsys.readouterr().out

    failed.result["figures"]["mean_score"]["value"] += 1
    failed.save(update_fields=["result"])

    with pytest.raises(CommandError, match=failed.product.code):
        call_command("recompute_pilots", cast.alliance.slug)


# ------------------------------------------------------------------------------------------------------------- clocks


def test_a_clock_that_is_set_back_takes_no_step_twice(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, state=PilotState.PLANNED, starts_at=AT, deadline=AT + 20 * DAY)
    make_ready(pilot)
    moments = [AT, AT - 300 * DAY, AT + 17 * DAY, AT, AT + 19 * DAY, AT - DAY, AT + 17 * DAY, AT + 20 * DAY]

    steps = [key.partition(":")[0] for at in moments if (key := advance_pilot(cast.alliance, pilot.pk, at=at))]

    assert steps == ["open", "remind", "escalate"]


def test_after_the_day_has_passed_a_clock_set_back_reminds_nobody_of_it(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, starts_at=AT - 20 * DAY, deadline=AT, closes_itself=False)

    steps = [advance_pilot(cast.alliance, pilot.pk, at=at).partition(":")[0] for at in (AT + HOUR, AT - DAY, AT + HOUR)]

    assert steps == ["overdue", "", ""]


def test_no_step_is_taken_while_the_clocks_of_worker_and_database_disagree(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = make_product(cast, ProductState.PILOTING)
    now = timezone.now()
    pilot = make_pilot(product, cast.firms, starts_at=now - DAY, deadline=now + DAY)
    for firm in cast.firms:
        make_answer(pilot, firm, [5, 5])
    real = timezone.now
    monkeypatch.setattr("operations.tasks.timezone.now", lambda: real() + 400 * DAY)

    taken = tasks.advance_pilots(cast.alliance.pk)

    pilot.refresh_from_db()
    assert (taken, pilot.state) == (0, PilotState.OPEN)


def test_a_minimum_change_of_a_plan_reaches_the_round(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    pilot = run_round(cast, product, [(5, 5)] * 3, AT, measures=[Measure("Water", "用水", "m³", -1, Decimal(5))])

    pilot.refresh_from_db()
    assert pilot.result["inputs"]["measures"][0]["minimum_change"] == 5.0
