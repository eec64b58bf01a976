"""What objectives measure in the pipeline, and the records behind the figures."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.indicators import indicators, record_ref
from operations.choices import PilotState, ProductState
from tests.factories.alliance import make_alliance
from tests.factories.operations import Cast, make_cast, make_pilot, make_product

NAME = "operations.released_products_with_mean_score"


def released(cast: Cast, score: str, **fields: Any) -> Any:
    product = make_product(cast, ProductState.RELEASED, **fields)
    make_pilot(product, cast.firms, state=PilotState.PASSED, mean_score=Decimal(score))
    return product


def test_released_products_count_from_the_score_on_with_their_records(cast: Cast) -> None:
    low, exact, high = released(cast, "69.99"), released(cast, "70.00"), released(cast, "88.5")
    make_pilot(make_product(cast, ProductState.PILOTING), cast.firms, state=PilotState.PASSED, mean_score=Decimal(99))

    reading = indicators.get(NAME).read(cast.alliance, {"minimum_score": 70}, at=timezone.now())

    assert reading.value == 2
    assert [record.url_kwargs["code"] for record in reading.records] == [high.code, exact.code]
    assert [record.detail for record in reading.records] == ["88.50", "70.00"]
    assert low.code not in str(reading.inputs)
    assert reverse(reading.records[0].url_name, kwargs=dict(reading.records[0].url_kwargs), urlconf="alliance.urls_tenant")
    assert record_ref(reading.records[0].as_json()) == reading.records[0]


def test_only_the_pilot_of_the_released_version_counts(cast: Cast) -> None:
    product = released(cast, "90", version=1)
    product.version = 2
    product.save()

    assert indicators.get(NAME).read(cast.alliance, {}, at=timezone.now()).value == 0


def test_a_later_release_is_not_in_an_earlier_reading(cast: Cast) -> None:
    released(cast, "90")

    assert indicators.get(NAME).read(cast.alliance, {}, at=timezone.now() - timedelta(days=1)).value == 0


def test_products_in_pilot_are_those_of_this_alliance(cast: Cast) -> None:
    make_product(cast, ProductState.PILOTING)
    elsewhere = make_alliance()
    with tenancy.acting_in(elsewhere):
        make_product(make_cast(elsewhere), ProductState.PILOTING)

    assert indicators.get("operations.products_in_pilot").read(cast.alliance, {}, at=timezone.now()).value == 1


@pytest.mark.parametrize("params", [{"minimum_score": 101}, {"minimum_score": "many"}, {"score": 3}])
def test_parameters_that_do_not_fit_are_named(cast: Cast, params: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        indicators.get(NAME).read(cast.alliance, params, at=timezone.now())

    assert set(refusal.value.fields) == set(params)
