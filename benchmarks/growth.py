"""The member register at ten times the rows: list, facets, search, coverage matrix, directory, one institution."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.harness import Result, alternate, at_most, clean, copy_rows

SIZES = {"small": 5_000, "large": 50_000}
KINDS = (
    "(ARRAY['industry_think_tank','industry_association','specialised_think_tank','media_think_tank',"
    "'leading_enterprise','library_information','university_think_tank'])[1 + n %% 7]"
)
ELEMENTS = (
    "(ARRAY['policy','talent','technology','dissemination','product_transformation','pilot_feedback','capital',"
    "'resources','coordination_supervision'])[1 + n %% 9]"
)
REGIONS = "(ARRAY['440600','440100','310000','110000','320500','330100','420100','510100','610100','350500'])[1 + n %% 10]"
GROUPS = (
    "policy_group",
    "wisdom_group",
    "media_group",
    "leading_enterprise_group",
    "foundation",
    "management_committee",
)


def run(addresses: dict[str, str]) -> list[Result]:
    """Pages of a signed-in secretary and of a visitor, whole requests in this process, 50,000 institutions against 5,000."""
    from django.core.cache import cache
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    for alliance, rows in SIZES.items():
        _fill(alliance, rows)
    clean(addresses)
    user = _secretary()
    office, visitor = Client(), Client()
    office.force_login(user, backend="alliance.kernel.permissions.RoleBackend")
    results = []
    limits = {
        "list": 1.2,
        "later_page": 1.2,
        "detail": 1.2,
        "search": 1.5,
        "search_common": 1.5,
        "search_zh": 1.5,
        "coverage": 1.2,
        "directory": 1.2,
    }
    paths = {
        "list": "console/institutions/",
        "later_page": "console/institutions/?sort=newest&kind=leading_enterprise",
        "detail": "console/institutions/I-77/",
        "search": "console/institutions/?q=Loom%204711",
        "search_common": "console/institutions/?q=Loom",
        "search_zh": "console/institutions/?q=%E7%BA%BA%E7%BB%87",
        "coverage": "console/groups/",
        "directory": "members/?province=440000",
    }

    def get(client: Client, size: str, path: str, *, forget: bool) -> None:
        if forget:
            cache.clear()
        answer = client.get(f"/a/growth-{size}/{path}", secure=True)
        if answer.status_code != 200:
            message = f"{path}: {answer.status_code}"
            raise RuntimeError(message)

    for name, path in paths.items():
        client = visitor if name == "directory" else office
        counts = {}
        for size in SIZES:
            get(client, size, path, forget=True)
            with CaptureQueriesContext(connection) as captured:
                get(client, size, path, forget=name == "directory")
            counts[size] = len(captured)
        for forget in (False, True):
            if name == "directory" and not forget:
                continue  # a kept page costs the same whatever is in it
            calls: dict[str, Callable[[], Any]] = {size: partial(get, client, size, path, forget=forget) for size in SIZES}
            medians = alternate(calls, times=5, rounds=1 if forget else 3)
            note = f"{counts['large']} queries, {counts['small']} with a tenth of the rows"
            if forget:
                note += "; nothing remembered: every figure counted anew"
            results.append(
                at_most(
                    f"growth_{name}{'_cold' if forget else ''}",
                    medians["large"],
                    medians["small"],
                    10.0 if forget else limits[name],
                    note=note,
                )
            )
    return results


def _fill(name: str, size: int) -> None:
    """An alliance with institutions, two elements and one seat each, made by SQL from one row of each kind."""
    from datetime import date

    from django.db import connections
    from django.utils import timezone

    from alliance.models import Alliance
    from groups.models import GroupMembership, VirtualGroup
    from members.models import ElementSupply, FactMark, Institution

    now = timezone.now()
    alliance = Alliance.objects.using("platform").create(
        slug=f"growth-{name}", name_en=f"Growth {name}", name_zh="增长", level="regional", seal_character="测"
    )
    pattern = Institution.objects.using("platform").create(
        alliance=alliance,
        code="I-0",
        kind="industry_think_tank",
        name_en="Loom 0",
        name_zh="机构0",
        name_key="loom 0",
        sort_key="loom 000000",
        sort_key_zh="ji gou 000000",
        region_code="440600",
        joined_on=date(2026, 1, 5),
    )
    supply = ElementSupply.objects.using("platform").create(
        alliance=alliance, institution=pattern, element="policy", scale="meso", valid_from=date(2026, 1, 1)
    )
    groups = [VirtualGroup.objects.using("platform").create(alliance=alliance, kind=kind) for kind in GROUPS]
    seat = GroupMembership.objects.using("platform").create(
        alliance=alliance, group=groups[0], institution=pattern, role="member", starts_at=now
    )
    mark = FactMark.objects.using("platform").create(
        alliance=alliance, institution=pattern, fact="name", value_digest="0" * 64
    )
    with connections["platform"].cursor() as cursor:
        copy_rows(
            cursor,
            pattern,
            size,
            {
                "code": "'I-' || n",
                "kind": KINDS,
                "region_code": REGIONS,
                "name_en": "'Loom ' || n",
                "name_zh": "CASE WHEN n %% 25 = 0 THEN '纺织所' ELSE '机构' END || n",
                "name_key": "'loom ' || n",
                "sort_key": "'loom ' || lpad(n::text, 6, '0')",
                "sort_key_zh": "'ji gou ' || lpad(n::text, 6, '0')",
                "created_at": "t.created_at - n * interval '1 minute'",
            },
        )
        cursor.execute("SELECT min(id) FROM members_institution WHERE alliance_id = %s AND code <> 'I-0'", [alliance.pk])
        (first,) = cursor.fetchone()
        of_each = {"institution_id": f"{first} - 1 + n"}
        copy_rows(cursor, supply, size, {**of_each, "element": ELEMENTS})
        copy_rows(
            cursor,
            supply,
            size,
            {**of_each, "element": ELEMENTS.replace("n %% 9", "(n / 9 + n + 4) %% 9"), "valid_from": "t.valid_from + 1"},
        )
        ids = ",".join(str(group.pk) for group in groups)
        copy_rows(cursor, seat, size, {**of_each, "group_id": f"(ARRAY[{ids}])[1 + n %% 6]"})
        copy_rows(cursor, mark, size, of_each)


def _secretary() -> Any:
    """An account with the secretariat's role in both alliances and a second factor."""
    from allauth.mfa.models import Authenticator
    from django.utils import timezone

    from alliance.models import Alliance, RoleAssignment, User

    user = User.objects.using("platform").create(email="bench@example.org", name_en="Bench", name_zh="测速")
    for alliance in Alliance.objects.using("platform").filter(slug__startswith="growth-"):
        RoleAssignment.objects.using("platform").create(
            alliance=alliance, user=user, role="secretariat", starts_at=timezone.now()
        )
    Authenticator.objects.create(user_id=user.pk, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return User.objects.get(pk=user.pk)
