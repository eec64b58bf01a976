"""What row-level security costs, against the same queries with the ORM's filter only."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from benchmarks.harness import Result, alternate, at_most, clean


def run(addresses: dict[str, str]) -> list[Result]:
    """List, detail and create: as ``app_rw`` under the policies, and as a role that bypasses them."""
    from django.db import connections

    from alliance.kernel import tenancy
    from alliance.models import Alliance
    from members.models import Institution
    from operations.models import Product

    alliance = Alliance.objects.get(slug="bench-2")
    author = {}
    for alias in ("default", "platform"):
        with tenancy.acting_in(alliance, using=alias):
            author[alias] = Institution.objects.using(alias).of(alliance).order_by("pk").first()
    code = "P-100"

    def listing(alias: str) -> Any:
        with tenancy.acting_in(alliance, using=alias):
            return list(
                Product.objects.using(alias).of(alliance).select_related("author").order_by("-created_at", "-id")[:50]
            )

    def detail(alias: str) -> Any:
        with tenancy.acting_in(alliance, using=alias):
            return Product.objects.using(alias).of(alliance).select_related("author").get(code=code)

    def create(alias: str) -> Any:
        with tenancy.acting_in(alliance, using=alias):
            owner = author[alias]
            assert owner is not None
            return Product.objects.using(alias).create(
                alliance=alliance,
                code=f"N-{uuid.uuid4().hex[:20]}",
                kind="guide",
                title_en="New",
                author_id=owner.pk,
                state_since=alliance.created_at,
            )

    results = []
    for name, call, times, bar in (
        ("isolation_list", listing, 60, 1.25),
        ("isolation_detail", detail, 150, 1.30),
        ("isolation_create", create, 100, 1.5),
    ):
        medians = alternate({"forced": partial(call, "default"), "filter": partial(call, "platform")}, times=times)
        results.append(
            at_most(name, medians["forced"], medians["filter"], bar, note="both inside one announced transaction")
        )
    with connections["platform"].cursor() as cursor:  # what was created would stand in the way of the next benchmark
        cursor.execute("DELETE FROM operations_product WHERE code LIKE 'N-%'")
    clean(addresses)
    return results
