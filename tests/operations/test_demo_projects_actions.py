"""The invented projects: people of several institutions, a late milestone, deliverables that became products."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from django.db.models import Sum
from django.utils import timezone

from alliance.actions.demo import make_accounts
from alliance.kernel import demo, tenancy
from alliance.kernel.demo import HORIZON, WEAVING, in_order
from alliance.models import InboxItem, OutboxEvent
from members.actions.demo_people import give_staff_role
from operations.actions.demo_projects import load
from operations.models import Project, ProjectTask, TaskLink, WorkHours
from operations.signals import MILESTONE_LATE
from tests.factories.alliance import make_alliance

DATA = Path(__file__).resolve().parents[2] / "data"


def test_two_projects_stand_with_a_late_milestone_and_products_linked_both_ways(db: None) -> None:
    alliance, now = make_alliance("weaving", is_demonstration=True), timezone.now()
    with tenancy.acting_in(alliance):
        users = make_accounts(alliance, WEAVING, password="not-a-secret-1", renew=False, at=now)
        for name, loader in in_order():
            if name in {"members", "groups", "operations"}:
                loader(alliance, flavour=WEAVING, data_dir=DATA, at=now)
            if name == "members":
                for account, user in users.items():
                    if account.acts_for_institution:
                        give_staff_role(alliance, user, account, at=now)
        for _time in range(2):
            load(alliance, flavour=WEAVING, data_dir=DATA, at=now)

        projects = {row.code: row for row in Project.objects.of(alliance)}
        assert {code: len(row.institution_ids) for code, row in projects.items()} == {"PR-001": 4, "PR-002": 3}
        late = OutboxEvent.objects.of(alliance).filter(kind=MILESTONE_LATE).values_list("payload__project", flat=True)
        assert list(late) == ["PR-001"]
        assert InboxItem.objects.of(alliance).filter(kind="milestone_late", done_at__isnull=True).count() == 1
        owed = projects["PR-001"].deliverables.exclude(product=None).get()
        assert owed.product is not None
        assert owed.product.code == "P-029"
        assert list(owed.product.references.filter(kind="project").values_list("code", flat=True)) == ["PR-001"]
        assert ProjectTask.objects.of(alliance).count() == 14
        assert TaskLink.objects.of(alliance).count() == 9
        counted = WorkHours.objects.of(alliance).filter(confirmed_at__isnull=False).aggregate(total=Sum("hours"))
        assert counted["total"] > Decimal(70)


def test_nothing_is_invented_about_real_institutions(db: None) -> None:
    real = make_alliance("horizon", is_demonstration=True)
    with tenancy.acting_in(real):
        load(real, flavour=HORIZON, data_dir=DATA, at=timezone.now())
        assert not Project.objects.of(real).exists()
    assert "operations.projects" in dict(demo.loaders.items())
