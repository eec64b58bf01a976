"""A page deep in a long list against its first page."""

from __future__ import annotations

from typing import Any

from benchmarks.harness import Result, alternate, at_most


def run(addresses: dict[str, str]) -> list[Result]:
    """Keyset page behind about 100,000 rows of one alliance; ten times the rows; offset for comparison in the note."""
    del addresses
    from django.db.models import Q

    from alliance.kernel import tenancy
    from alliance.models import Alliance
    from operations.models import Product

    big, small = Alliance.objects.get(slug="bench-1"), Alliance.objects.get(slug="bench-2")
    with tenancy.acting_in(big):
        deep = Product.objects.of(big).order_by("-created_at", "-id")[99_000]

    def first(alliance: Alliance) -> Any:
        with tenancy.acting_in(alliance):
            return list(Product.objects.of(alliance).order_by("-created_at", "-id")[:51])

    def behind() -> Any:
        condition = Q(created_at__lt=deep.created_at) | Q(created_at=deep.created_at, id__lt=deep.pk)
        with tenancy.acting_in(big):
            rows = Product.objects.of(big).filter(created_at__lte=deep.created_at).filter(condition)
            return list(rows.order_by("-created_at", "-id")[:51])

    def by_offset() -> Any:
        with tenancy.acting_in(big):
            return list(Product.objects.of(big).order_by("-created_at", "-id")[99_000:99_051])

    medians = alternate(
        {"first": lambda: first(big), "behind": behind, "small": lambda: first(small), "offset": by_offset}, times=15
    )
    note = f"the same page by offset: {medians['offset']:.1f} ms"
    return [
        at_most("keyset_depth_99000", medians["behind"], medians["first"], 3.0, note=note),
        at_most("growth_list_19x_rows", medians["first"], medians["small"], 1.2, note="100,000 rows against 5,263"),
    ]
