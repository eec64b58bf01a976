"""The pipeline at ten times the rows: board, filtered board, calendar and list, 1,000 products and 200 pilots."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from benchmarks.harness import Result, alternate, at_most, clean

SIZES = {"small": 100, "large": 1_000}
STATES = (
    "draft",
    "in_review",
    "transforming",
    "improving",
    "piloting",
    "released",
    "draft",
    "piloting",
    "released",
    "draft",
)
"""Two in ten are in pilot, so that 1,000 products have 200 rounds under way."""
FIRMS = 5
TEXT = "Salt, water and heat by shift, with the figures of each mill. " * 120
PATHS = {
    "board": ("console/pilots/", 4.0),
    "board_late": ("console/pilots/?show=late", 4.0),
    "calendar": ("console/pilots/calendar/", 4.0),
    "list": ("console/pilots/list/", 1.3),
}
"""Page and bar: the board shows at most fifty cards of a stage, so it may grow until its stages are full."""


def run(addresses: dict[str, str]) -> list[Result]:
    """Pages of a signed-in secretary, whole requests in this process, 1,000 products against 100."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    for size, rows in SIZES.items():
        _fill(size, rows)
    clean(addresses)
    client = Client()
    client.force_login(_secretary(), backend="alliance.kernel.permissions.RoleBackend")

    def get(size: str, path: str) -> None:
        answer = client.get(f"/a/pipeline-{size}/{path}", secure=True)
        if answer.status_code != 200:
            message = f"{path}: {answer.status_code}"
            raise RuntimeError(message)

    results = []
    for name, (path, bar) in PATHS.items():
        counts = {}
        for size in SIZES:
            get(size, path)
            with CaptureQueriesContext(connection) as captured:
                get(size, path)
            counts[size] = len(captured)
        medians = alternate({size: partial(get, size, path) for size in SIZES}, times=5, rounds=3)
        note = f"{counts['large']} queries, {counts['small']} with a tenth of the rows"
        results.append(at_most(f"pipeline_{name}", medians["large"], medians["small"], bar, note=note))
        if counts["large"] != counts["small"]:
            message = f"{path}: {note}"
            raise RuntimeError(message)
    return results


def _fill(size: str, rows: int) -> None:
    """An alliance with products in every state, a running round for each in pilot, and its firms."""
    from django.utils import timezone

    from alliance.models import Alliance
    from members.models import Institution
    from operations.models import Pilot, PilotParticipant, Product, ProductVersion

    now = timezone.now()
    alliance = Alliance.objects.using("platform").create(
        slug=f"pipeline-{size}", name_en=f"Pipeline {size}", name_zh="流程", level="regional", seal_character="测"
    )
    institutions = [
        Institution.objects.using("platform").create(
            alliance=alliance,
            code=f"I-{number}",
            kind="leading_enterprise",
            name_en=f"Mill {number}",
            name_zh=f"厂{number}",
            name_key=f"mill {number}",
            sort_key=f"mill {number:03d}",
            sort_key_zh=f"chang {number:03d}",
        )
        for number in range(FIRMS + 2)
    ]
    author, adapter, *firms = institutions
    products = Product.objects.using("platform").bulk_create(
        Product(
            alliance=alliance,
            code=f"P-{number:04d}",
            kind=("guide", "tool", "course")[number % 3],
            state=STATES[number % len(STATES)],
            title_en=f"Guide {number}",
            title_zh=f"指南{number}",
            body_en=TEXT,
            author=author,
            adapter=adapter,
            adapted_at=now,
            due_on=(now + timedelta(days=number % 60 - 20)).date(),
            state_since=now - timedelta(days=number % 40),
            released_at=now - timedelta(days=number) if STATES[number % len(STATES)] == "released" else None,
        )
        for number in range(rows)
    )
    piloted = [product for product in products if product.state == "piloting"]
    versions = ProductVersion.objects.using("platform").bulk_create(
        ProductVersion(
            alliance=alliance,
            product=product,
            serial=1,
            number=1,
            occasion="pilot",
            kind=product.kind,
            title_en=product.title_en,
            digest="0" * 64,
            made_at=now,
        )
        for product in piloted
    )
    pilots = Pilot.objects.using("platform").bulk_create(
        Pilot(
            alliance=alliance,
            product=version.product,
            round=1,
            version=1,
            tested=version,
            state="open",
            starts_at=now - timedelta(days=20),
            deadline=now + timedelta(days=place % 30 - 3),
            opened_at=now - timedelta(days=20),
        )
        for place, version in enumerate(versions)
    )
    PilotParticipant.objects.using("platform").bulk_create(
        PilotParticipant(alliance=alliance, pilot=pilot, institution=firm, state="accepted")
        for pilot in pilots
        for firm in firms
    )


def _secretary() -> Any:
    """An account with the secretariat's role in both alliances and a second factor."""
    from allauth.mfa.models import Authenticator
    from django.utils import timezone

    from alliance.models import Alliance, RoleAssignment, User

    user = User.objects.using("platform").create(email="pipeline@example.org", name_en="Bench", name_zh="测速")
    for alliance in Alliance.objects.using("platform").filter(slug__startswith="pipeline-"):
        RoleAssignment.objects.using("platform").create(
            alliance=alliance, user=user, role="secretariat", starts_at=timezone.now()
        )
    Authenticator.objects.create(user_id=user.pk, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return User.objects.get(pk=user.pk)
