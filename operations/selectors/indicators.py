"""What objectives may measure in the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from alliance.kernel.indicators import Indicator, Param, Reading, RecordRef
from operations.choices import PilotState, ProductState
from operations.models import Pilot, Product

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance


def measure_released_with_mean_score(alliance: Alliance, params: Mapping[str, Decimal], at: datetime) -> Reading:
    """Released products whose released version passed its pilot with at least the score; one query."""
    least = params["minimum_score"]
    passed = Pilot.objects.of(alliance).filter(product=OuterRef("pk"), version=OuterRef("version"), state=PilotState.PASSED)
    products = (
        Product.objects.of(alliance)
        .filter(state=ProductState.RELEASED, released_at__lte=at)
        .annotate(
            score=Subquery(passed.order_by("-round").values("mean_score")[:1]),
            scored_round=Subquery(passed.order_by("-round").values("round")[:1]),
        )
        .filter(score__gte=least)
        .order_by("-score", "code")
    )
    found: list[Any] = list(products)
    return Reading(
        value=Decimal(len(found)),
        records=[
            RecordRef(product.title_en, product.title_zh, "product_detail", {"code": product.code}, f"{product.score:.2f}")
            for product in found
        ],
        inputs={
            "method": "operations.released_products_with_mean_score",
            "version": 1,
            "minimum_score": str(least),
            "products": [
                {
                    "code": product.code,
                    "version": product.version,
                    "round": product.scored_round,
                    "mean_score": str(product.score),
                    "released_at": product.released_at.isoformat() if product.released_at else None,
                }
                for product in found
            ],
        },
    )


def measure_in_pilot(alliance: Alliance, params: Mapping[str, Decimal], at: datetime) -> Reading:  # noqa: ARG001 - the form of all
    """Products in pilot now; one query."""
    found = list(Product.objects.of(alliance).filter(state=ProductState.PILOTING).order_by("state_since", "code"))
    return Reading(
        value=Decimal(len(found)),
        records=[
            RecordRef(
                product.title_en,
                product.title_zh,
                "product_detail",
                {"code": product.code},
                f"{product.state_since:%Y-%m-%d}",
            )
            for product in found
        ],
        inputs={
            "method": "operations.products_in_pilot",
            "version": 1,
            "products": [{"code": product.code, "version": product.version} for product in found],
        },
    )


RELEASED_WITH_MEAN_SCORE = Indicator(
    name="operations.released_products_with_mean_score",
    title=_("Released products with mean pilot score of %(minimum_score)s or more"),
    description=_(
        "Counts released products whose released version passed its pilot with at least this mean score (0 to 100): "
        "the trimmed mean over the answers of each answer's mean share of the scales."
    ),
    params_schema=(Param("minimum_score", _("Least mean pilot score, 0 to 100"), Decimal(0), Decimal(100), Decimal(70)),),
    measure=measure_released_with_mean_score,
)
IN_PILOT = Indicator(
    name="operations.products_in_pilot",
    title=_("Products in pilot"),
    description=_("Counts products that leading enterprises are trying at the moment of measurement."),
    params_schema=(),
    measure=measure_in_pilot,
)
