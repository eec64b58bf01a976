"""The demonstration's follow-ups and evaluations: loaded once, one evaluation of each stage, nothing about real institutions."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel.demo import HORIZON, WEAVING
from services.actions.demo_contracts import CONTRACTS, load_contracts
from services.actions.demo_reviews import EVALUATED, load_reviews
from services.choices import AppealState, ReviewState
from services.models import ContractFollowUp, ContractReview, PartyScore, ReviewAppeal, ReviewReply
from tests.factories.alliance import give_role, make_user
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from alliance.models import Alliance


@pytest.fixture(autouse=True)
def _keys(tmp_path: Path, settings: Any) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def shown(act: Alliance) -> Alliance:
    long_ago = timezone.now() - timedelta(days=400)
    give_role(make_user(), act, AllianceRole.SECRETARIAT, since=long_ago)
    give_role(make_user(), act, AllianceRole.COMMITTEE, since=long_ago)
    contents = [*CONTRACTS, *(one.content for one in EVALUATED)]
    for code in sorted({one.demand for one in contents} | {one.supply for one in contents}):
        make_staff(make_institution(act, code=code), make_user(), starts_at=long_ago)
    return act


def test_one_evaluation_of_each_stage_and_one_signal_are_loaded_once(shown: Alliance) -> None:
    now = timezone.now()
    for _turn in range(2):
        load_contracts(shown, flavour=WEAVING, data_dir=Path(), at=now)
        load_reviews(shown, flavour=WEAVING, data_dir=Path(), at=now)
    assert sorted(ContractReview.objects.of(shown).values_list("state", flat=True)) == [
        ReviewState.OPEN,
        ReviewState.REVEALED,
        ReviewState.SETTLED,
    ]
    assert sorted(ReviewAppeal.objects.of(shown).values_list("state", flat=True)) == [AppealState.OPEN, AppealState.UPHELD]
    assert ReviewReply.objects.of(shown).count() == 1
    supply = PartyScore.objects.of(shown).get(role="supply")
    assert sum(Decimal(part) for part in supply.parts.values()) == supply.score
    assert list(ContractFollowUp.objects.of(shown).order_by("role").values_list("role", "is_signal")) == [
        ("demand", False),
        ("supply", True),
    ]


def test_nothing_is_invented_about_real_institutions(shown: Alliance) -> None:
    load_reviews(shown, flavour=HORIZON, data_dir=Path(), at=timezone.now())
    assert not ContractReview.objects.of(shown).exists()
