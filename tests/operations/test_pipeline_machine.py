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

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError
from alliance.kernel.transitions import Transition
from alliance.models import Alliance, AuditEntry, User
from groups.choices import ConflictState
from groups.models import ConflictOfInterest
from members.models import Institution
from operations.actions import pilot as pilot_actions
from operations.actions.feedback import submit_feedback
from operations.actions.loop_back import loop_back, withdraw_product
from operations.actions.next_version import begin_next_version
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
from operations.actions.reopening import reopen_round
from operations.actions.rules import admit_over_limit, set_rules
from operations.actions.workflow import advance_pilot
from operations.choices import PilotState, ProductState, ReleaseRule
from operations.gates import GATES, Gate
from operations.models import FeedbackPoint, Pilot, PilotFeedback, Product
from operations.selectors import results
from operations.selectors.pilot import ACTIVE_STATES
from operations.selectors.point import unfinished_points
from operations.transitions import (
    BEGIN_PILOT,
    LOOP_BACKS,
    PRODUCT_TRANSITIONS,
    READAPT,
    REDRAFT,
    RELEASE,
    STOP_PILOT,
    SUBMIT,
    WITHDRAW,
)
from tests.factories.alliance import make_alliance
from tests.factories.operations import (
    Cast,
    make_cast,
    make_institution,
    make_officer,
    make_product,
    make_ready,
    make_staff,
    usual_plan,
)

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
        self.limited = False
        self.admitted = False
        self.aside = {"reviewer": False, "decider": False}
        self.predecessor: Product | None = None
        self.other = make_product(self.cast, ProductState.PILOTING)
        """Another product, which fills the stage of the pilots while a limit of one stands."""
        type(self).shut = False

    shut: bool = False
    """Whether the gate of the test is shut; it stands at three steps."""
    admin: User
    decider_institution: Institution

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

    def moved(self, state: str) -> None:
        """The product changed its state: what let it into a full stage is used up."""
        if state != self.state:
            self.state, self.admitted = state, False

    @property
    def has_room(self) -> bool:
        """Whether a person may move it into the stage of the pilots."""
        return not self.limited or self.admitted

    @property
    def open_tasks(self) -> int:
        return unfinished_points(self.product).count()

    # ------------------------------------------------------------------------------------------------------------ steps

    @initialize(
        to=st.sampled_from(["draft", "open", "decided", "decided", "out"]),
        score=st.sampled_from([2, 5]),
    )
    def draft(self, to: str, score: int) -> None:
        """A walk begins with a draft and some way behind it, so that every stage is left in many ways."""
        values = {"kind": "guide", "title_en": "A", "summary_en": "s", "body_en": "b", "details": {"scope": {"en": "c"}}}
        self.product = draft_product(
            self.alliance, actor=self.cast.writer, institution_id=self.cast.author.pk, values=values, at=self.now
        )
        self.code = self.product.code
        self.accepted.append("draft_product")
        self.forward(to, score)

    @rule()
    def submit(self) -> None:
        allowed = self.state == ProductState.DRAFT and not self.shut
        if self.attempt(
            allowed,
            "submit_product",
            lambda: submit_product(self.alliance, self.code, actor=self.cast.writer, at=self.later(seconds=1)),
        ):
            self.moved(ProductState.IN_REVIEW.value)

    @precondition(lambda self: self.state in {ProductState.IN_REVIEW, ProductState.TRANSFORMING})
    @rule(verdict=st.sampled_from(["approve", "return", "return"]), by_author=st.booleans())
    def review(self, verdict: str, by_author: bool) -> None:
        actor = self.cast.writer if by_author else self.cast.reviewer
        institution = self.cast.author if by_author else self.cast.reviewer_institution
        if self.attempt(
            self.state == ProductState.IN_REVIEW and not by_author and not self.aside["reviewer"],
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
            self.moved(ProductState.TRANSFORMING.value if verdict == "approve" else ProductState.DRAFT.value)
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
        if self.attempt(
            self.state == ProductState.TRANSFORMING,
            "send_back_product",
            lambda: send_back_product(
                self.alliance, self.code, actor=self.cast.secretary, reason="why", at=self.later(seconds=1)
            ),
        ):
            self.adapted = False
            self.moved(ProductState.DRAFT.value)

    @precondition(lambda self: self.state in {ProductState.PILOTING, ProductState.IMPROVING} or not self.rounds)
    @rule(step=st.sampled_from(LOOP_BACKS), by_adapter=st.booleans())
    def back(self, step: Transition, by_adapter: bool) -> None:
        """To improvement, to be adapted or drafted anew; a round under way is called off."""
        actor = self.cast.editor if by_adapter else self.cast.secretary
        possible = self.state in step.sources and not self.proposed
        may = not by_adapter or (self.state == ProductState.IMPROVING and step is not STOP_PILOT)
        running = self.pilot in ACTIVE_STATES
        if self.attempt(
            possible and may,
            step.name,
            lambda: loop_back(self.alliance, self.code, step.name, actor=actor, reason="why", at=self.later(seconds=1)),
        ):
            self._called_off(running)
            self.adapted = self.adapted and step is STOP_PILOT
            self.moved(step.target)

    @rule(by_tester=st.booleans(), luck=st.integers(0, 5))
    def withdraw(self, by_tester: bool, luck: int) -> None:
        if luck and not by_tester:  # seldom for real: a withdrawn product ends the walk
            return
        running = self.pilot in ACTIVE_STATES
        if self.attempt(
            self.state in WITHDRAW.sources and not by_tester,
            "withdraw_product",
            lambda: withdraw_product(
                self.alliance,
                self.code,
                actor=self.cast.testers[0] if by_tester else self.cast.writer,
                reason="why",
                at=self.later(seconds=1),
            ),
        ):
            self._called_off(running)
            self.proposed = False
            self.moved(ProductState.WITHDRAWN.value)

    def _called_off(self, running: bool) -> None:
        if running:
            self.pilot = PilotState.CANCELLED.value
            self.accepted.append("cancel_pilot")

    @precondition(lambda self: self.pilot not in {None, *ACTIVE_STATES})
    @rule()
    def reopen(self) -> None:
        """A decided round is taken up again."""
        resumes = self.state == ProductState.IMPROVING
        at = self.later(seconds=1)
        if self.attempt(
            self.pilot in {PilotState.PASSED, PilotState.FAILED, PilotState.INCONCLUSIVE}
            and (self.state == ProductState.PILOTING or (resumes and self.has_room)),
            "reopen_pilot",
            lambda: reopen_round(
                self.alliance,
                self.code,
                reason="a late form",
                deadline=at + timedelta(days=7),
                actor=self.cast.secretary,
                at=at,
            ),
        ):
            self.pilot, self.deadline, self.proposed = PilotState.EXTENDED.value, at + timedelta(days=7), False
            if resumes:
                self.accepted.append("resume_pilot")
                REACHED.add("resume_pilot")
            self.moved(ProductState.PILOTING.value)

    @rule()
    def turn_limit(self) -> None:
        """The office administrator sets a limit of one for the stage of the pilots, or lifts it."""
        self.limited = not self.limited
        set_rules(
            self.alliance,
            actor=self.admin,
            release_rule=ReleaseRule.COMMITTEE,
            limits={"piloting": 1} if self.limited else {},
            at=self.later(seconds=1),
        )

    @rule()
    def let_in(self) -> None:
        """The secretariat lets the product into the full stage."""
        if self.attempt(
            self.limited and self.state in {ProductState.TRANSFORMING, ProductState.IMPROVING},
            "admit_over_limit",
            lambda: admit_over_limit(
                self.alliance, self.code, "piloting", actor=self.cast.secretary, reason="why", at=self.later(seconds=1)
            ),
        ):
            self.admitted = True

    @rule()
    def turn_gate(self) -> None:
        """Evidence that three steps ask for appears or goes."""
        type(self).shut = not self.shut

    @rule(who=st.sampled_from(["reviewer", "decider"]))
    def turn_conflict(self, who: str) -> None:
        """An institution comes to stand aside from the product, or may act again."""
        institution = self.cast.reviewer_institution if who == "reviewer" else self.decider_institution
        self.aside[who] = not self.aside[who]
        if self.aside[who]:
            ConflictOfInterest.objects.create(
                alliance=self.alliance,
                institution=institution,
                matter=self.product.matter,
                state=ConflictState.RECUSED,
                reason="competitor",
                declared_at=self.now,
            )
        else:
            ConflictOfInterest.objects.filter(institution=institution, ended_at__isnull=True).update(ended_at=self.now)

    @precondition(lambda self: self.state in {ProductState.RELEASED, ProductState.DRAFT})
    @rule()
    def next_version(self) -> None:
        """The walk goes on with the next version of what was released."""
        allowed = self.state == ProductState.RELEASED
        refusal = refusal_of(
            lambda: begin_next_version(self.alliance, self.code, actor=self.cast.writer, at=self.later(seconds=1))
        )
        assert allowed == (refusal is None), f"next version in {self.state}: {refusal or 'accepted'}"
        if not allowed:
            return
        self.predecessor = self.product
        self.product = Product.objects.get(predecessor=self.predecessor)
        self.code, self.version = self.product.code, self.version + 1
        self.state, self.adapted, self.has_adapter = ProductState.DRAFT.value, False, False
        self.proposed, self.admitted, self.pilot, self.answers = False, False, None, {}
        self.used_versions, self.rounds, self.rounds_before_draft = set(), 0, 0
        self.accepted = ["begin_next_version"]
        self.aside = {"reviewer": False, "decider": False}
        ConflictOfInterest.objects.filter(ended_at__isnull=True).update(ended_at=self.now)
        REACHED.add("begin_next_version")

    @rule()
    def plan(self) -> None:
        first = self.state == ProductState.TRANSFORMING and self.adapted
        next_round = (
            self.state == ProductState.IMPROVING and not self.open_tasks and self.rounds - self.rounds_before_draft < 3
        )
        at = self.later(seconds=1)
        if self.attempt(
            (first or next_round) and not self.shut and self.has_room,
            "begin_pilot",
            lambda: pilot_actions.plan_pilot(
                self.alliance, self.code, actor=self.cast.secretary, plan=usual_plan(self.cast.firms, at), at=at
            ),
        ):
            if self.state == ProductState.IMPROVING or self.version in self.used_versions:
                self.version += 1
            self.used_versions.add(self.version)
            self.rounds += 1
            self.pilot, self.answers, self.proposed = PilotState.PLANNED.value, {}, False
            self.moved(ProductState.PILOTING.value)
            self.deadline = at + timedelta(days=28)
            make_ready(Pilot.objects.get(product=self.product, round=self.rounds))

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
            self.moved(ProductState.IMPROVING.value)
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
            self.state == ProductState.PILOTING
            and self.proposed
            and not by_tester
            and not self.shut
            and not self.aside["decider"],
            "release_product",
            lambda: release_product(self.alliance, self.code, actor=actor, at=self.later(seconds=1)),
        ):
            self.moved(ProductState.RELEASED.value)

    @precondition(lambda self: self.proposed)
    @rule()
    def decline(self) -> None:
        if self.attempt(
            self.state == ProductState.PILOTING and self.proposed and not self.aside["decider"],
            "decline_release",
            lambda: decline_release(
                self.alliance, self.code, actor=self.cast.committee, reason="not yet", at=self.later(seconds=1)
            ),
        ):
            self.proposed = False
            self.moved(ProductState.IMPROVING.value)

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
            self.moved(ProductState.RETIRED.value)

    @rule(to=st.sampled_from(["in_review", "piloting", "open", "decided", "decided", "out"]), score=st.sampled_from([2, 5]))
    def forward(self, to: str, score: int) -> None:
        """Straight on to some place, so that walks get far; the other rules wander off and try what is forbidden."""
        self._clear_the_way()
        for _step in range(14):
            if self._is_at(to):
                break
            self._step_on(score)
            self.database_equals_model()
            self.record_holds_the_accepted_steps()

    def _is_at(self, place: str) -> bool:
        if self.state in {ProductState.RELEASED, ProductState.RETIRED, ProductState.WITHDRAWN}:
            return True
        if place == "decided":
            return self.proposed or self.state == ProductState.IMPROVING
        return place == self.state or (place == "open" and self.pilot == PilotState.OPEN)

    def _clear_the_way(self) -> None:
        """Nothing but the steps themselves is in question."""
        type(self).shut = False
        if self.limited:
            self.turn_limit()
        for who, is_aside in self.aside.items():
            if is_aside:
                self.turn_conflict(who=who)

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
        assert row.admitted_to == ("piloting" if self.admitted else "")
        assert (row.withdrawn_at is not None) == (row.state == ProductState.WITHDRAWN) == bool(row.withdrawn_from)
        if self.predecessor is not None:
            before = Product.objects.get(pk=self.predecessor.pk).state
            out = {ProductState.RELEASED, ProductState.RETIRED}
            assert before == (ProductState.RETIRED if self.state in out else ProductState.RELEASED)
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


def _set_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """One alliance with its people, and a gate of the test at three steps."""
    alliance = make_alliance("walks")
    with tenancy.acting_in(alliance):
        cast = make_cast(alliance)
        Pipeline.admin = make_officer(alliance, AllianceRole.OFFICE_ADMIN)
        Pipeline.decider_institution = make_institution(alliance)
        make_staff(alliance, Pipeline.decider_institution, user=cast.committee)
    proof = Gate("proof", "Proof", lambda _product: ["the proof"] if Pipeline.shut else [], ("whoever",))
    for step in (SUBMIT, BEGIN_PILOT, RELEASE):
        monkeypatch.setitem(GATES, step.name, (*GATES.get(step.name, ()), proof))
    # The walk is about states; a full bootstrap at each decision would only make it slow.
    monkeypatch.setattr(results, "bootstrap_ci", lambda values, *_args, **_options: _no_interval(values))
    Pipeline.alliance, Pipeline.cast = alliance, cast


def test_one_walk_takes_every_step_of_the_table(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same model as the random walks, led to each step at least once."""
    _set_the_stage(monkeypatch)
    REACHED.clear()
    walk = Pipeline()
    acts: list[Callable[[], Any]] = [
        lambda: walk.draft("in_review", 5),
        lambda: walk.review("return", by_author=False),
        lambda: walk.forward("in_review", 5),
        lambda: walk.review("approve", by_author=True),
        lambda: walk.turn_conflict("reviewer"),
        lambda: walk.review("approve", by_author=False),
        lambda: walk.turn_conflict("reviewer"),
        lambda: walk.review("approve", by_author=False),
        walk.send_back,
        lambda: walk.forward("decided", 2),
        walk.reopen,
        *(lambda place=place: walk.answer(place, 5) for place in range(3)),  # type: ignore[misc]
        lambda: walk.work(30),
        walk.turn_gate,
        lambda: walk.release(by_tester=False),
        walk.turn_gate,
        lambda: walk.turn_conflict("decider"),
        walk.decline,
        lambda: walk.turn_conflict("decider"),
        walk.decline,
        lambda: walk.back(READAPT, by_adapter=True),
        lambda: walk.adapt(ready=True),
        walk.turn_limit,
        walk.plan,
        walk.let_in,
        walk.plan,
        lambda: walk.back(READAPT, by_adapter=True),
        lambda: walk.back(STOP_PILOT, by_adapter=False),
        walk.plan,
        lambda: walk.back(REDRAFT, by_adapter=False),
        lambda: walk.forward("decided", 5),
        lambda: walk.release(by_tester=True),
        lambda: walk.withdraw(by_tester=True, luck=0),
        lambda: walk.release(by_tester=False),
        walk.next_version,
        lambda: walk.forward("out", 5),
        lambda: walk.withdraw(by_tester=False, luck=0),
        walk.retire,
        walk.next_version,
    ]
    for act in acts:
        act()
        walk.database_equals_model()
        walk.record_holds_the_accepted_steps()
    walk.teardown()
    other = Pipeline()
    other.draft("open", 5)
    other.withdraw(by_tester=False, luck=0)
    other.database_equals_model()
    other.record_holds_the_accepted_steps()
    other.teardown()

    assert {step.name for step in PRODUCT_TRANSITIONS if step.permission} <= REACHED
    assert {"begin_next_version", "admit_over_limit", "reopen_pilot"} <= REACHED


def test_random_walks_through_the_pipeline_keep_database_model_and_record_equal(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set_the_stage(monkeypatch)
    REACHED.clear()

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
