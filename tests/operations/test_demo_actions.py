"""The invented products stand as in the mocks, and loading them twice adds nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from django.db.models import Count
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.demo import HORIZON, WEAVING, in_order
from alliance.models import Alliance, OutboxEvent
from operations.actions.demo import load
from operations.choices import PilotState, PointSource, PointState, ProductState
from operations.models import FeedbackPoint, Pilot, PilotFeedback, Product
from operations.selectors.board import get_board
from operations.selectors.comparison import get_comparison
from operations.selectors.pilot import count_scores
from operations.selectors.point import FROM_SITES, points_answered
from operations.selectors.product import get_product
from operations.selectors.results import recompute
from operations.signals import PRODUCT_RELEASED
from tests.factories.alliance import make_alliance, make_member

DATA = Path(__file__).resolve().parents[2] / "data"


def seeded() -> tuple[Alliance, object]:
    alliance = make_alliance("weaving", is_demonstration=True)
    officer = make_member(alliance, AllianceRole.SECRETARIAT)
    with tenancy.acting_in(alliance):
        for name, loader in in_order():
            if name in {"members", "groups", "operations"}:
                loader(alliance, flavour=WEAVING, data_dir=DATA, at=timezone.now())
    return alliance, officer


def test_the_board_and_the_late_pilot_stand_as_in_the_mock(db: None) -> None:
    alliance, officer = seeded()
    now = timezone.now()

    with tenancy.acting_in(alliance):
        board = get_board(alliance, officer, show="all", group="", at=now, movable=False)
        cards = {card.code: card for column in board.columns for card in column.cards}
        late = Pilot.objects.get(product__code="P-029")
        opinions = [entry.opinion() for entry in count_scores(late)]
        tasks = Counter(FeedbackPoint.objects.filter(pilot=late, source=PointSource.MEMBER).values_list("state", flat=True))
        assert [len(column.cards) for column in board.columns] == [3, 2, 4, 2, 1]
        assert cards["P-029"].facts == ["3 firms · 41 answers"]
        assert (cards["P-029"].late, cards["P-029"].due) == (True, "3 days late")
        assert cards["P-026"].facts == ["5 changes left"]
        assert cards["P-027"].facts == ["1 change left"]
        assert opinions == [[2, 3, 6, 18, 12], [5, 9, 11, 11, 5], [1, 4, 9, 16, 11], [2, 4, 7, 15, 13]]
        assert tasks == {PointState.DONE: 4, PointState.ACCEPTED: 5}


def test_states_come_from_the_real_workflow_and_can_be_computed_again(db: None) -> None:
    alliance, _officer = seeded()

    with tenancy.acting_in(alliance):
        states = Counter(Product.objects.values_list("state", flat=True))
        decided = dict(Pilot.objects.exclude(decided_at=None).order_by("round").values_list("product__code", "state"))
        tried = list(Pilot.objects.filter(product__code="P-021").order_by("round").values_list("tested__body_en", flat=True))
        assert tried[0] != tried[1] == Product.objects.get(code="P-021").body_en
        assert sum(states.values()) == 13
        assert states[ProductState.RETIRED] == 1
        assert decided == {
            "P-021": PilotState.PASSED,
            "P-014": PilotState.PASSED,
            "P-026": PilotState.FAILED,
            "P-027": PilotState.FAILED,
        }
        for pilot in Pilot.objects.exclude(decided_at=None):
            assert recompute(pilot.result) == pilot.result["figures"]
        released = OutboxEvent.objects.filter(kind=PRODUCT_RELEASED).values_list("payload__product", flat=True)
        assert set(released) == {"P-021", "P-014"}


def test_loading_twice_adds_nothing_and_real_institutions_get_no_products(db: None) -> None:
    alliance, _officer = seeded()
    real = make_alliance("horizon", is_demonstration=True)

    with tenancy.acting_in(alliance):
        before = PilotFeedback.objects.aggregate(number=Count("pk"))
        load(alliance, flavour=WEAVING, data_dir=DATA, at=timezone.now())
        assert PilotFeedback.objects.aggregate(number=Count("pk")) == before
        assert Product.objects.count() == 13
    with tenancy.acting_in(real):
        load(real, flavour=HORIZON, data_dir=DATA, at=timezone.now())
        assert Product.objects.count() == 0


def test_there_is_something_to_compare_and_feedback_in_every_state_with_answers_in_both_languages(db: None) -> None:
    alliance, officer = seeded()

    with tenancy.acting_in(alliance):
        late, atlas = (get_product(alliance, code, reader=officer) for code in ("P-029", "P-021"))
        rounds = get_comparison(atlas, list(atlas.pilots.all())).rounds
        points = list(FeedbackPoint.objects.filter(product=atlas))
        said = [point for point in FeedbackPoint.objects.filter(product=late) if point.source in FROM_SITES]
        assert [(view.pilot.round, view.pilot.state) for view in rounds] == [(2, "passed"), (1, "failed")]
        assert {step.verdict for step in rounds[0].steps} >= {"better"}
        assert all(len(view.measures) == 2 for view in rounds)
        assert any(site.change.low is not None for site in rounds[0].measures[0].sites)
        assert any(str(site.change.words) for site in rounds[0].measures[0].sites)
        assert {point.state for point in points} == set(PointState.values)
        assert {point.named_in for point in points_answered(atlas)} == {2}
        answers = " ".join(point.answer for point in points)
        assert "照片" in answers
        assert "Prices differ" in answers
        assert len(said) == 17
        assert {point.state for point in said} == {"open", "declined"}
