"""The pilot workflow step by step, at its clock's edges, and against a second connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError, InvalidInputError, PermissionRefusedError
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent
from operations.actions.feedback import DefectNote, submit_feedback
from operations.actions.loop_back import withdraw_product
from operations.actions.pilot import close_pilot_early, extend_pilot, plan_pilot
from operations.actions.product import release_product
from operations.actions.workbook import PilotClosedError
from operations.actions.workflow import advance_pilot
from operations.choices import PilotState, ProductState
from operations.models import Pilot, PilotFeedback, PilotStep, Product
from operations.selectors.results import recompute
from operations.signals import PILOT_DECIDED, PILOT_OPENED
from operations.tasks import advance_pilots
from tests.factories.alliance import make_alliance
from tests.factories.operations import (
    Cast,
    finish_round,
    make_answer,
    make_cast,
    make_officer,
    make_pilot,
    make_product,
    make_ready,
    run_round,
    usual_plan,
)

AT = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def steps(pilot: Pilot) -> list[str]:
    return [key.partition(":")[0] for key in pilot.steps.order_by("id").values_list("key", flat=True)]


def answer(cast: Cast, product: Product, place: int, at: datetime, scores: tuple[int, int] = (4, 4)) -> PilotFeedback:
    return submit_feedback(
        cast.alliance,
        product.code,
        actor=cast.testers[place],
        institution_id=cast.firms[place].pk,
        scores={1: scores[0], 2: scores[1]},
        at=at,
    )


@pytest.fixture
def planned(cast: Cast) -> Pilot:
    """A round that begins at AT plus a day and ends four weeks later."""
    product = make_product(cast, ProductState.TRANSFORMING)
    plan = usual_plan(cast.firms, AT + timedelta(days=1), deadline=AT + timedelta(days=28))
    pilot = plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=plan, at=AT)
    make_ready(pilot)
    return pilot


def test_a_round_opens_at_its_start_and_asks_and_tells_each_firm(cast: Cast, planned: Pilot) -> None:
    early = advance_pilot(cast.alliance, planned.pk, at=planned.starts_at - timedelta(microseconds=1))
    opened = advance_pilot(cast.alliance, planned.pk, at=planned.starts_at)
    again = advance_pilot(cast.alliance, planned.pk, at=planned.starts_at)

    assert (early, opened, again) == ("", "open", "")
    keys = {f"pilot-feedback:{planned.pk}:{firm.pk}" for firm in cast.firms}
    assert keys == set(InboxItem.objects.of(cast.alliance).filter(done_at__isnull=True).values_list("key", flat=True))
    told = Notification.objects.of(cast.alliance).filter(kind="pilot_opened")
    assert set(told.values_list("user_id", flat=True)) == {tester.pk for tester in cast.testers}
    assert OutboxEvent.objects.of(cast.alliance).filter(kind=PILOT_OPENED).count() == 1


def test_only_firms_that_have_not_answered_are_reminded_and_only_once(cast: Cast, planned: Pilot) -> None:
    advance_pilot(cast.alliance, planned.pk, at=planned.starts_at)
    answer(cast, planned.product, 0, planned.starts_at)
    moment = planned.deadline - timedelta(days=planned.remind_days_before)

    before = advance_pilot(cast.alliance, planned.pk, at=moment - timedelta(microseconds=1))
    reminded = advance_pilot(cast.alliance, planned.pk, at=moment)
    again = advance_pilot(cast.alliance, planned.pk, at=moment + timedelta(hours=5))

    assert (before, reminded.partition(":")[0], again) == ("", "remind", "")
    told = Notification.objects.of(cast.alliance).filter(kind="pilot_reminder").values_list("user_id", flat=True)
    assert set(told) == {tester.pk for tester in cast.testers[1:]}


def test_an_answer_at_the_deadline_counts_and_one_a_microsecond_later_is_refused(cast: Cast, planned: Pilot) -> None:
    advance_pilot(cast.alliance, planned.pk, at=planned.starts_at)

    answer(cast, planned.product, 0, planned.deadline)
    with pytest.raises(PilotClosedError) as refusal:
        answer(cast, planned.product, 1, planned.deadline + timedelta(microseconds=1))

    assert "not counted" in str(refusal.value.reason)
    assert PilotFeedback.objects.of(cast.alliance).count() == 1


def test_a_round_is_still_open_at_the_deadline_itself(cast: Cast, planned: Pilot) -> None:
    advance_pilot(cast.alliance, planned.pk, at=planned.starts_at)
    for place in range(3):
        answer(cast, planned.product, place, planned.starts_at)
    while advance_pilot(
        cast.alliance, planned.pk, at=planned.deadline
    ):  # the reminder, which is due as well, and its sequel
        pass

    at_deadline = advance_pilot(cast.alliance, planned.pk, at=planned.deadline)
    after = advance_pilot(cast.alliance, planned.pk, at=planned.deadline + timedelta(microseconds=1))

    assert (at_deadline, after) == ("", "close")


def test_before_the_start_an_answer_is_refused(cast: Cast, planned: Pilot) -> None:
    with pytest.raises(PilotClosedError, match="pilot_not_open"):
        answer(cast, planned.product, 0, planned.starts_at - timedelta(seconds=1))


def test_too_few_answers_extend_the_round_once_and_then_end_it_without_a_result(cast: Cast, planned: Pilot) -> None:
    advance_pilot(cast.alliance, planned.pk, at=planned.starts_at)
    answer(cast, planned.product, 0, planned.starts_at)
    advance_pilot(cast.alliance, planned.pk, at=planned.deadline)
    first = planned.deadline

    extended = advance_pilot(cast.alliance, planned.pk, at=first + timedelta(seconds=1))
    planned.refresh_from_db()
    second = planned.deadline
    finish_round(planned)

    planned.product.refresh_from_db()
    assert extended.partition(":")[0] == "extend"
    assert second == first + timedelta(seconds=1) + timedelta(days=14)
    assert planned.state == PilotState.INCONCLUSIVE
    assert planned.result["figures"]["reasons"] == ["too_few_answers"]
    assert planned.product.state == ProductState.IMPROVING


def test_a_round_that_does_not_close_itself_asks_the_secretariat_and_takes_no_answers(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, deadline=timezone.now() - timedelta(days=1), closes_itself=False)
    make_answer(pilot, cast.firms[0], [4, 4])

    key = advance_pilot(cast.alliance, pilot.pk, at=timezone.now())
    again = advance_pilot(cast.alliance, pilot.pk, at=timezone.now())

    assert (key.partition(":")[0], again) == ("overdue", "")
    item = InboxItem.objects.of(cast.alliance).get(done_at__isnull=True)
    assert (item.kind, item.params["count"]) == ("pilot_overdue", 1)
    with pytest.raises(PilotClosedError):
        answer(cast, product, 1, timezone.now())


def test_a_passed_round_proposes_the_release_to_committee_and_secretariat(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    pilot = run_round(cast, product, [(5, 4), (4, 5), (5, 5)], timezone.now())

    product.refresh_from_db()
    assert steps(pilot) == ["open", "close", "aggregate", "decide"]
    assert (pilot.state, product.state) == (PilotState.PASSED, ProductState.PILOTING)
    assert product.release_proposed_at is not None
    waiting = InboxItem.objects.of(cast.alliance).filter(done_at__isnull=True).values_list("key", flat=True)
    assert set(waiting) == {f"release:{product.code}:committee", f"release:{product.code}:secretariat"}
    decided = OutboxEvent.objects.of(cast.alliance).get(kind=PILOT_DECIDED)
    assert decided.payload == {"product": product.code, "round": 1, "outcome": "passed"}


def test_a_failed_round_makes_one_point_per_weak_criterion_beside_its_defects(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms)
    make_answer(pilot, cast.firms[0], [5, 2], major=1)
    make_answer(pilot, cast.firms[1], [4, 3], blocking=1)
    make_answer(pilot, cast.firms[2], [5, 2])
    finish_round(pilot)

    product.refresh_from_db()
    assert (pilot.state, product.state) == (PilotState.FAILED, ProductState.IMPROVING)
    assert pilot.result["figures"]["reasons"] == ["criterion:2", "blocking_defects"]
    points = {point.source: point for point in pilot.points.all()}
    assert pilot.points.count() == 3
    assert points["criterion"].text_en == "Raise “Criterion 2”: 2.33, pass mark 3.50"
    assert "标准2" in points["criterion"].text_zh
    assert points["criterion"].state == "open"


def test_allowed_blocking_defects_do_not_fail_a_round(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, blocking_defects_allowed=1)
    for firm in cast.firms:
        make_answer(pilot, firm, [5, 5], blocking=int(firm == cast.firms[0]))
    finish_round(pilot)

    assert pilot.state == PilotState.PASSED


def test_the_result_is_computed_again_from_its_record_to_the_same_figures(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms)
    for place, firm in enumerate(cast.firms):
        make_answer(pilot, firm, [5 - place, 3 + place])
    finish_round(pilot)

    stored = Pilot.objects.get(pk=pilot.pk).result

    assert recompute(stored) == stored["figures"]
    assert {"method", "version", "parameters", "inputs", "figures", "libraries"} <= set(stored)
    assert isinstance(stored["parameters"]["seed"], int)
    tampered = {**stored, "inputs": {**stored["inputs"], "answers": stored["inputs"]["answers"][1:]}}
    assert recompute(tampered) != stored["figures"]


def test_the_mean_score_is_the_trimmed_mean_of_the_answers_shares_of_the_scales(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, trim_proportion=Decimal("0.34"))
    make_answer(pilot, cast.firms[0], [5, 5])  # 100
    make_answer(pilot, cast.firms[1], [4, 4])  # 75
    make_answer(pilot, cast.firms[2], [1, 1])  # 0
    finish_round(pilot)

    assert pilot.mean_score == Decimal("75.00")


def test_answers_of_a_firm_that_stands_aside_are_left_out_and_counted_as_such(cast: Cast) -> None:
    from groups.choices import ConflictState
    from groups.models import ConflictOfInterest

    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, minimum_answers=2)
    for firm, score in zip(cast.firms, (5, 5, 1), strict=True):
        make_answer(pilot, firm, [score, score])
    ConflictOfInterest.objects.create(
        alliance=cast.alliance,
        institution=cast.firms[2],
        matter=product.matter,
        state=ConflictState.RECUSED,
        reason="shares",
        declared_by=cast.secretary,
        declared_at=AT,
    )
    finish_round(pilot)

    figures = pilot.result["figures"]
    assert (figures["answers"], figures["removed_for_conflict"], pilot.state) == (2, 1, PilotState.PASSED)


@pytest.mark.parametrize(
    ("scores", "field"),
    [({1: 4}, "score_2"), ({1: 4, 2: 6}, "score_2"), ({1: 4, 2: 5, 9: 1}, "score_9"), ({1: True, 2: 5}, "score_1")],
)
def test_scores_off_the_scale_or_missing_name_the_criterion(cast: Cast, scores: dict[int, Any], field: str) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)

    with pytest.raises(InvalidInputError) as refusal:
        submit_feedback(
            cast.alliance,
            product.code,
            actor=cast.testers[0],
            institution_id=cast.firms[0].pk,
            scores=scores,
            at=timezone.now(),
        )

    assert field in refusal.value.fields


def test_a_defect_needs_words(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)

    with pytest.raises(InvalidInputError) as refusal:
        submit_feedback(
            cast.alliance,
            product.code,
            actor=cast.testers[0],
            institution_id=cast.firms[0].pk,
            scores={1: 4, 2: 4},
            defects=[DefectNote("major", "Torn"), DefectNote("minor", " ")],
            at=timezone.now(),
        )

    assert list(refusal.value.fields) == ["defects-1-description"]


def test_only_people_of_the_pilot_firms_answer_and_only_for_their_own(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms[:2])

    for actor, firm in ((cast.writer, cast.firms[0]), (cast.testers[2], cast.firms[2]), (cast.testers[0], cast.firms[1])):
        with pytest.raises(PermissionRefusedError):
            submit_feedback(
                cast.alliance,
                product.code,
                actor=actor,
                institution_id=firm.pk,
                scores={1: 4, 2: 4},
                at=timezone.now(),
            )


def test_an_extension_must_be_later_and_is_told(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms)

    with pytest.raises(InvalidInputError, match="deadline_not_later"):
        extend_pilot(cast.alliance, product.code, actor=cast.secretary, deadline=pilot.deadline, at=timezone.now())
    with pytest.raises(PermissionRefusedError):
        extend_pilot(
            cast.alliance,
            product.code,
            actor=cast.writer,
            deadline=pilot.deadline + timedelta(days=1),
            at=timezone.now(),
        )
    extended = extend_pilot(
        cast.alliance,
        product.code,
        actor=cast.secretary,
        deadline=pilot.deadline + timedelta(days=1),
        at=timezone.now(),
    )

    assert extended.state == PilotState.EXTENDED
    assert Notification.objects.of(cast.alliance).filter(kind="pilot_extended").count() == len(cast.firms)


def test_a_round_without_answers_is_not_closed_early(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms)

    with pytest.raises(DomainError, match="no_answers"):
        close_pilot_early(cast.alliance, product.code, actor=cast.secretary, at=timezone.now())

    make_answer(pilot, cast.firms[0], [4, 4])
    closed = close_pilot_early(cast.alliance, product.code, actor=cast.secretary, at=timezone.now())
    assert (closed.state, closed.answers) == (PilotState.AGGREGATING, 1)


def test_the_task_takes_every_step_and_a_second_run_takes_none(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, deadline=timezone.now() - timedelta(minutes=1))
    for firm in cast.firms:
        make_answer(pilot, firm, [5, 5])

    first, second = advance_pilots(cast.alliance.pk), advance_pilots(cast.alliance.pk)

    assert (first, second) == (3, 0)
    assert steps(pilot) == ["close", "aggregate", "decide"]


def test_a_task_for_a_removed_alliance_ends_quietly(cast: Cast) -> None:
    assert advance_pilots(987_654_321) == 0


# ------------------------------------------------------------------------------------------------------- two connections


class Elsewhere(threading.Thread):
    """Runs something on a connection of its own and keeps what it answered."""

    def __init__(self, alliance: Alliance, work: Callable[[], Any], hold: threading.Event | None = None) -> None:
        super().__init__(daemon=True)
        self.alliance, self.work, self.hold = alliance, work, hold
        self.done = threading.Event()
        self.result: Any = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            with tenancy.acting_in(self.alliance):
                self.result = self.work()
                self.done.set()
                if self.hold is not None:
                    self.hold.wait(20)
        except Exception as error:
            self.error = error
        finally:
            self.done.set()
            connections.close_all()


@pytest.fixture
def committed(transactional_db: None) -> tuple[Cast, Product, Pilot]:
    """A running round whose rows other connections see."""
    alliance = make_alliance("locks")
    with tenancy.acting_in(alliance):
        cast = make_cast(alliance)
        product = make_product(cast, ProductState.PILOTING)
        pilot = make_pilot(product, cast.firms, minimum_answers=1)
    return cast, product, pilot


def test_a_round_that_closes_waits_for_an_answer_under_way_and_counts_it(
    committed: tuple[Cast, Product, Pilot],
) -> None:
    cast, product, pilot = committed
    hold = threading.Event()
    answering = Elsewhere(cast.alliance, lambda: answer(cast, product, 0, timezone.now()), hold)
    answering.start()
    assert answering.done.wait(20)
    late = pilot.deadline + timedelta(seconds=1)
    closing = Elsewhere(cast.alliance, lambda: advance_pilot(cast.alliance, pilot.pk, at=late))
    closing.start()

    waits = not closing.done.wait(0.7)
    hold.set()
    answering.join(20)
    closing.join(20)

    assert waits, "the round closed over an answer that was not committed yet"
    assert (answering.error, closing.error, closing.result) == (None, None, "close")
    with tenancy.acting_in(cast.alliance):
        assert Pilot.objects.get(pk=pilot.pk).answers == 1


def test_an_answer_that_waits_for_a_closing_round_is_refused(committed: tuple[Cast, Product, Pilot]) -> None:
    cast, product, pilot = committed
    with tenancy.acting_in(cast.alliance):
        make_answer(pilot, cast.firms[1], [4, 4])
    hold = threading.Event()
    late = pilot.deadline + timedelta(seconds=1)
    closing = Elsewhere(cast.alliance, lambda: advance_pilot(cast.alliance, pilot.pk, at=late), hold)
    closing.start()
    assert closing.done.wait(20)
    answering = Elsewhere(cast.alliance, lambda: answer(cast, product, 0, pilot.deadline))
    answering.start()

    waits = not answering.done.wait(0.7)
    hold.set()
    closing.join(20)
    answering.join(20)

    assert waits
    assert isinstance(answering.error, PilotClosedError)
    with tenancy.acting_in(cast.alliance):
        assert Pilot.objects.get(pk=pilot.pk).answers == 1
        assert PilotFeedback.objects.count() == 1


def test_many_answers_against_one_closing_every_accepted_one_is_counted(
    committed: tuple[Cast, Product, Pilot],
) -> None:
    cast, product, pilot = committed
    from tests.factories.operations import make_staff

    with tenancy.acting_in(cast.alliance):
        people = [(make_staff(cast.alliance, firm), firm) for firm in cast.firms for _turn in range(4)]

    def one(user: Any, firm: Any) -> Callable[[], Any]:
        return lambda: submit_feedback(
            cast.alliance,
            product.code,
            actor=user,
            institution_id=firm.pk,
            scores={1: 4, 2: 4},
            at=timezone.now(),
        )

    threads = [Elsewhere(cast.alliance, one(user, firm)) for user, firm in people]
    late = pilot.deadline + timedelta(seconds=1)
    closing = Elsewhere(cast.alliance, lambda: advance_pilot(cast.alliance, pilot.pk, at=late))
    for place, thread in enumerate(threads):
        thread.start()
        if place == len(threads) // 2:
            closing.start()
    for thread in [*threads, closing]:
        thread.join(40)
    with tenancy.acting_in(cast.alliance):  # a round with no answer yet was extended instead: close it now
        while advance_pilot(cast.alliance, pilot.pk, at=late + timedelta(days=30)):
            pass

    accepted = sum(thread.error is None for thread in threads)
    with tenancy.acting_in(cast.alliance):
        assert Pilot.objects.get(pk=pilot.pk).answers == accepted
    assert all(thread.error is None or isinstance(thread.error, PilotClosedError) for thread in threads)


def test_of_two_people_who_release_at_once_exactly_one_succeeds(committed: tuple[Cast, Product, Pilot]) -> None:
    cast, product, pilot = committed
    with tenancy.acting_in(cast.alliance):
        make_answer(pilot, cast.firms[0], [5, 5])
        finish_round(pilot)
        second = make_officer(cast.alliance, AllianceRole.COMMITTEE)
    threads = [
        Elsewhere(
            cast.alliance,
            partial(release_product, cast.alliance, product.code, actor=user, at=timezone.now()),
        )
        for user in (cast.committee, second)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    errors = [thread.error for thread in threads if thread.error is not None]
    assert len(errors) == 1
    assert isinstance(errors[0], DomainError)
    assert errors[0].code == "already_released"
    with tenancy.acting_in(cast.alliance):
        assert AuditEntry.objects.filter(verb="release_product").count() == 1


def test_of_a_release_and_a_withdrawal_at_once_exactly_one_succeeds(committed: tuple[Cast, Product, Pilot]) -> None:
    cast, product, pilot = committed
    with tenancy.acting_in(cast.alliance):
        make_answer(pilot, cast.firms[0], [5, 5])
        finish_round(pilot)
    now = timezone.now()
    threads = [
        Elsewhere(cast.alliance, partial(release_product, cast.alliance, product.code, actor=cast.committee, at=now)),
        Elsewhere(
            cast.alliance,
            partial(withdraw_product, cast.alliance, product.code, actor=cast.writer, reason="why", at=now),
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    (error,) = [thread.error for thread in threads if thread.error is not None]
    assert isinstance(error, DomainError)
    assert error.code == "transition_refused"
    with tenancy.acting_in(cast.alliance):
        verbs = AuditEntry.objects.filter(verb__in=["release_product", "withdraw_product"])
        (verb,) = verbs.values_list("verb", flat=True)
        product.refresh_from_db()
        assert product.state == ("released" if verb == "release_product" else "withdrawn")
        assert (product.released_at is None) != (product.withdrawn_at is None)


def test_two_workers_take_each_step_once(committed: tuple[Cast, Product, Pilot]) -> None:
    cast, _product, pilot = committed
    with tenancy.acting_in(cast.alliance):
        make_answer(pilot, cast.firms[0], [5, 5])
    late = pilot.deadline + timedelta(seconds=1)

    def all_steps() -> int:
        taken = 0
        while advance_pilot(cast.alliance, pilot.pk, at=late):
            taken += 1
        return taken

    threads = [Elsewhere(cast.alliance, all_steps) for _worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)

    assert [thread.error for thread in threads] == [None, None]
    assert sum(thread.result for thread in threads) == 3
    with tenancy.acting_in(cast.alliance):
        assert PilotStep.objects.count() == 3
        assert InboxItem.objects.filter(done_at__isnull=True).count() == 2
