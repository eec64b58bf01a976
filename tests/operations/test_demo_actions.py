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
from operations.selectors.pilot import count_scores
from operations.selectors.product import get_board
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
        decided = dict(Pilot.objects.exclude(decided_at=None).values_list("product__code", "state"))
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
