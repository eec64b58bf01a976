"""Random walks through the pipeline: after each step the database equals a small model, and the record holds what was accepted."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError
from alliance.models import Alliance, AuditEntry
from operations.actions import pilot as pilot_actions
from operations.actions.feedback import submit_feedback
from operations.actions.point import answer_point
from operations.actions.product import (
    adapt_product,
    decline_release,
    draft_product,
    release_product,
    retire_product,
    review_product,
    send_back_product,
    submit_product,
)
from operations.actions.workflow import advance_pilot
from operations.choices import PilotState, ProductState
from operations.models import FeedbackPoint, Pilot, PilotFeedback, Product
from operations.selectors import results
from operations.selectors.point import unfinished_points
from tests.factories.alliance import make_alliance
from tests.factories.operations import Cast, make_cast, usual_plan

EXAMPLES = int(os.environ.get("PIPELINE_EXAMPLES", "30"))


REACHED: set[str] = set()
"""Steps that some walk took; a machine whose walks never get past the draft proves nothing."""


DECIDED: set[str] = set()
"""Outcomes that some walk saw."""


def refusal_of(act: Callable[[], Any]) -> DomainError | None:
    """The refusal of an act, or None when it was accepted."""
    try:
        act()
    except DomainError as refusal:
        return refusal
    return None


class Pipeline(RuleBasedStateMachine):
    """One product in one alliance; the model is a handful of plain values."""

    alliance: Alliance
    cast: Cast

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.acting = tenancy.acting_in(self.alliance)
        self.acting.__enter__()
        self.now: datetime = timezone.now()
        self.state = ProductState.DRAFT.value
        self.version = 1
        self.adapted = False
        self.has_adapter = False
        self.proposed = False
        self.pilot: str | None = None
        self.answers: dict[int, int] = {}
        self.accepted: list[str] = []
        self.deadline: datetime | None = None
        self.used_versions: set[int] = set()
        self.rounds = 0
        self.rounds_before_draft = 0

    def teardown(self) -> None:
        self.acting.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    # ---------------------------------------------------------------------------------------------------------- helpers

    def attempt(self, allowed: bool, verb: str, act: Callable[[], Any]) -> bool:
        """Take a step that the model allows or forbids; the database must agree."""
        refusal = refusal_of(act)
        assert allowed == (refusal is None), f"{verb} in {self.state}: {refusal or 'accepted'}"
        if allowed:
            self.accepted.append(verb)
            REACHED.add(verb)
        return allowed

    def later(self, **span: int) -> datetime:
        self.now += timedelta(**span)
        return self.now

    @property
    def open_tasks(self) -> int:
        return unfinished_points(self.product).count()

    # ------------------------------------------------------------------------------------------------------------ steps

    @initialize()
    def draft(self) -> None:
        values = {"kind": "guide", "title_en": "A", "summary_en": "s", "body_en": "b"}
        self.product = draft_product(
            self.alliance, actor=self.cast.writer, institution_id=self.cast.author.pk, values=values, at=self.now
        )
        self.code = self.product.code
        self.accepted.append("draft_product")

    @rule()
    def submit(self) -> None:
        allowed = self.state == ProductState.DRAFT
        if self.attempt(
            allowed,
            "submit_product",
            lambda: submit_product(self.alliance, self.code, actor=self.cast.writer, at=self.later(seconds=1)),
        ):
            self.state = ProductState.IN_REVIEW.value

    @rule(verdict=st.sampled_from(["approve", "approve", "return"]), by_author=st.booleans())
    def review(self, verdict: str, by_author: bool) -> None:
        actor = self.cast.writer if by_author else self.cast.reviewer
        institution = self.cast.author if by_author else self.cast.reviewer_institution
        if self.attempt(
            self.state == ProductState.IN_REVIEW and not by_author,
            "approve_product" if verdict == "approve" else "return_product",
            lambda: review_product(
                self.alliance,
                self.code,
                actor=actor,
                institution_id=institution.pk,
                verdict=verdict,
                comment="why",
                at=self.later(seconds=1),
            ),
        ):
            self.state = ProductState.TRANSFORMING.value if verdict == "approve" else ProductState.DRAFT.value
            if verdict == "approve":
                self.rounds_before_draft = self.rounds

    @rule(ready=st.booleans())
    def adapt(self, ready: bool) -> None:
        revision = Product.objects.get(pk=self.product.pk).revision
        if self.attempt(
            self.state in {ProductState.TRANSFORMING, ProductState.IMPROVING},
            "adapt_product",
            lambda: adapt_product(
                self.alliance,
                self.code,
                actor=self.cast.editor,
                institution_id=self.cast.media.pk,
                values={"body_en": f"text {self.now.isoformat()}"},
                revision=revision,
                ready=ready,
                at=self.later(seconds=1),
            ),
        ):
            self.has_adapter = True
            if self.state == ProductState.TRANSFORMING:
                self.adapted = ready

    @rule()
    def send_back(self) -> None:
        verb = "redraft_product" if self.state == ProductState.IMPROVING else "send_back_product"
        if self.attempt(
            self.state in {ProductState.TRANSFORMING, ProductState.IMPROVING},
            verb,
            lambda: send_back_product(
                self.alliance, self.code, actor=self.cast.secretary, reason="why", at=self.later(seconds=1)
            ),
        ):
            self.state, self.adapted = ProductState.DRAFT.value, False

    @rule()
    def plan(self) -> None:
        first = self.state == ProductState.TRANSFORMING and self.adapted
        next_round = (
            self.state == ProductState.IMPROVING and not self.open_tasks and self.rounds - self.rounds_before_draft < 3
        )
        at = self.later(seconds=1)
        if self.attempt(
            first or next_round,
            "begin_pilot",
            lambda: pilot_actions.plan_pilot(
                self.alliance, self.code, actor=self.cast.secretary, plan=usual_plan(self.cast.firms, at), at=at
            ),
        ):
            if self.state == ProductState.IMPROVING or self.version in self.used_versions:
                self.version += 1
            self.used_versions.add(self.version)
            self.rounds += 1
            self.state, self.pilot, self.answers = ProductState.PILOTING.value, PilotState.PLANNED.value, {}
            self.proposed = False
            self.deadline = at + timedelta(days=28)

    @precondition(lambda self: self.pilot is not None)
    @rule(place=st.integers(0, 2), score=st.sampled_from([1, 3, 4, 5, 5]))
    def answer(self, place: int, score: int) -> None:
        at = self.later(seconds=1)
        running = self.pilot in {PilotState.OPEN, PilotState.EXTENDED}
        allowed = running and self.deadline is not None and at <= self.deadline
        refusal = refusal_of(
            lambda: submit_feedback(
                self.alliance,
                self.code,
                actor=self.cast.testers[place],
                institution_id=self.cast.firms[place].pk,
                scores={1: score, 2: score},
                at=at,
            )
        )
        assert allowed == (refusal is None), f"answer at {at}: {refusal or 'accepted'}"
        if allowed:
            self.answers[place] = score

    @precondition(lambda self: self.pilot is not None)
    @rule(days=st.sampled_from([0, 0, 30]))
    def work(self, days: int) -> None:
        """Time passes and a worker comes by until nothing is due."""
        at = self.later(days=days, seconds=1)
        pilot = Pilot.objects.filter(product=self.product).latest("round")
        while key := advance_pilot(self.alliance, pilot.pk, at=at):
            self._took(key.partition(":")[0], at)

    def _took(self, step: str, at: datetime) -> None:
        assert self.deadline is not None
        if step == "open":
            assert self.pilot == PilotState.PLANNED
            self.pilot = PilotState.OPEN.value
            self.accepted.append("open_pilot")
        elif step == "extend":
            assert len(self.answers) < 3
            self.pilot, self.deadline = PilotState.EXTENDED.value, at + timedelta(days=14)
            self.accepted.append("extend_pilot")
        elif step == "close":
            assert at > self.deadline
            self.pilot = PilotState.AGGREGATING.value
            self.accepted.append("close_pilot")
        elif step == "aggregate":
            self.accepted.append("aggregate_pilot")
        elif step == "decide":
            self._decided()

    def _decided(self) -> None:
        scores = list(self.answers.values())
        if len(scores) < 3:
            self.pilot, verb = PilotState.INCONCLUSIVE.value, "end_pilot_without_result"
        elif sum(scores) / len(scores) >= 3.5 - 1e-9:
            self.pilot, verb = PilotState.PASSED.value, "pass_pilot"
        else:
            self.pilot, verb = PilotState.FAILED.value, "fail_pilot"
        self.accepted.append(verb)
        DECIDED.add(verb)
        if self.pilot == PilotState.PASSED:
            self.proposed = True
            self.accepted.append("propose_release")
        else:
            self.state = ProductState.IMPROVING.value
            self.accepted.append("improve_product")

    @precondition(lambda self: self.pilot is not None)
    @rule()
    def settle(self) -> None:
        """The author answers every open point."""
        allowed = self.state not in {ProductState.RETIRED, ProductState.WITHDRAWN}
        for point in list(FeedbackPoint.objects.filter(product=self.product, state="open")):
            self.attempt(
                allowed,
                "answer_point",
                lambda point=point: answer_point(  # type: ignore[misc]
                    self.alliance,
                    self.code,
                    point.key,
                    actor=self.cast.writer,
                    state="done",
                    answer="",
                    at=self.later(seconds=1),
                ),
            )

    @rule(by_tester=st.booleans())
    def release(self, by_tester: bool) -> None:
        actor = self.cast.testers[0] if by_tester else self.cast.committee
        if self.attempt(
            self.state == ProductState.PILOTING and self.proposed and not by_tester,
            "release_product",
            lambda: release_product(self.alliance, self.code, actor=actor, at=self.later(seconds=1)),
        ):
            self.state = ProductState.RELEASED.value

    @precondition(lambda self: self.proposed)
    @rule()
    def decline(self) -> None:
        if self.attempt(
            self.state == ProductState.PILOTING and self.proposed,
            "decline_release",
            lambda: decline_release(
                self.alliance, self.code, actor=self.cast.committee, reason="not yet", at=self.later(seconds=1)
            ),
        ):
            self.state, self.proposed = ProductState.IMPROVING.value, False

    @precondition(lambda self: self.state in {ProductState.RELEASED, ProductState.RETIRED, ProductState.DRAFT})
    @rule()
    def retire(self) -> None:
        if self.attempt(
            self.state == ProductState.RELEASED,
            "retire_product",
            lambda: retire_product(
                self.alliance, self.code, actor=self.cast.secretary, reason="old", at=self.later(seconds=1)
            ),
        ):
            self.state = ProductState.RETIRED.value

    @rule(steps=st.integers(1, 9), score=st.sampled_from([2, 5]))
    def forward(self, steps: int, score: int) -> None:
        """Several steps straight on, so that walks get far; the other rules wander off and try what is forbidden."""
        for _step in range(steps):
            self._step_on(score)
            self.database_equals_model()
            self.record_holds_the_accepted_steps()

    def _step_on(self, score: int) -> None:
        if self.state == ProductState.DRAFT:
            self.submit()
        elif self.state == ProductState.IN_REVIEW:
            self.review(verdict="approve", by_author=False)
        elif self.state == ProductState.TRANSFORMING:
            if self.adapted:
                self.plan()
            else:
                self.adapt(ready=True)
        elif self.state == ProductState.IMPROVING:
            if self.open_tasks:
                self.settle()
            else:
                self.plan()
        elif self.state == ProductState.PILOTING:
            if self.proposed:
                self.release(by_tester=False)
            elif self.pilot == PilotState.PLANNED:
                self.work(days=0)
            elif len(self.answers) < 3:
                self.answer(place=len(self.answers), score=score)
            else:
                self.work(days=30)

    # -------------------------------------------------------------------------------------------------------- invariants

    @invariant()
    def database_equals_model(self) -> None:
        if not hasattr(self, "product"):
            return
        row = Product.objects.get(pk=self.product.pk)
        assert (row.state, row.version, row.release_proposed_at is not None) == (self.state, self.version, self.proposed)
        assert (row.adapter_id is not None, row.adapted_at is not None) == (self.has_adapter, self.adapted)
        assert (row.released_at is not None) == (self.state in {ProductState.RELEASED, ProductState.RETIRED})
        pilot = Pilot.objects.filter(product=row).order_by("-round").first()
        assert (pilot.state if pilot else None) == self.pilot
        if pilot is not None:
            assert PilotFeedback.objects.filter(participant__pilot=pilot).count() == len(self.answers)
            assert pilot.version in self.used_versions

    @invariant()
    def record_holds_the_accepted_steps(self) -> None:
        if not hasattr(self, "product"):
            return
        rows = AuditEntry.objects.filter(object_type="operations.product", object_id=str(self.product.pk))
        assert sorted(rows.values_list("verb", flat=True)) == sorted(self.accepted)


def test_random_walks_through_the_pipeline_keep_database_model_and_record_equal(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    alliance = make_alliance("walks")
    with tenancy.acting_in(alliance):
        cast = make_cast(alliance)
    # The walk is about states; a full bootstrap at each decision would only make it slow.
    monkeypatch.setattr(results, "bootstrap_ci", lambda values, *_args, **_options: _no_interval(values))
    Pipeline.alliance, Pipeline.cast = alliance, cast

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Pipeline,
        settings=settings(
            max_examples=EXAMPLES,
            derandomize=EXAMPLES < 100,  # the ordinary run repeats itself; the deep one explores
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )

    assert {"submit_product", "approve_product", "adapt_product", "begin_pilot", "release_product"} <= REACHED
    assert {"pass_pilot", "fail_pilot"} <= DECIDED


def _no_interval(values: Any) -> Any:
    from alliance.kernel.statistics import Interval

    return Interval(float(min(values)), float(max(values)), "percentile", 0.95)


@pytest.mark.deep
def test_many_more_random_walks(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.operations.test_pipeline_machine.EXAMPLES", 1000)
    test_random_walks_through_the_pipeline_keep_database_model_and_record_equal(None, monkeypatch)
