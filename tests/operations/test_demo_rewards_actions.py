"""Risks and points of the invented alliance: they follow from its records, and nothing is said of real institutions."""

from __future__ import annotations

from pathlib import Path

from django.utils import timezone

from alliance.actions.demo import make_accounts
from alliance.kernel import tenancy
from alliance.kernel.demo import HORIZON, WEAVING, in_order
from members.actions.demo_people import give_staff_role
from operations.actions.demo_rewards import load_points, load_risks
from operations.choices import RiskState
from operations.models import ContributionPoints, HonoursList, Risk, Tariff
from operations.selectors.incentive import compare, recompute_honours
from tests.factories.alliance import make_alliance

DATA = Path(__file__).resolve().parents[2] / "data"


def test_the_invented_alliance_has_risks_of_people_and_of_data_and_points_that_follow_from_records(db: None) -> None:
    alliance, now = make_alliance("weaving", is_demonstration=True), timezone.now()
    with tenancy.acting_in(alliance):
        users = make_accounts(alliance, WEAVING, password="not-a-secret-1", renew=False, at=now)
        for name, loader in in_order():
            if name in {"members", "groups", "operations", "operations.projects", "operations.pieces"}:
                loader(alliance, flavour=WEAVING, data_dir=DATA, at=now)
            if name == "members":
                for account, user in users.items():
                    if account.acts_for_institution:
                        give_staff_role(alliance, user, account, at=now)
        for _time in range(2):
            load_risks(alliance, flavour=WEAVING, data_dir=DATA, at=now)
            load_points(alliance, flavour=WEAVING, data_dir=DATA, at=now)

        risks = list(Risk.objects.of(alliance))
        assert sum(not risk.trigger for risk in risks) == 4
        assert any(risk.trigger.startswith("milestone_late:") for risk in risks)
        assert {risk.state for risk in risks} == set(RiskState.values)
        assert Tariff.objects.of(alliance).get().settled_by is not None
        acts = set(ContributionPoints.objects.of(alliance).values_list("act", flat=True))
        assert {"product_released", "milestone_reached", "hours_worked"} <= acts
        assert compare(alliance) == []
        kept = HonoursList.objects.of(alliance).get()
        assert recompute_honours(kept.rows) == kept.rows["rows"]
        assert kept.rows["rows"]


def test_nothing_is_invented_about_real_institutions(db: None) -> None:
    real = make_alliance("horizon", is_demonstration=True)
    with tenancy.acting_in(real):
        make_accounts(real, HORIZON, password="not-a-secret-1", renew=False, at=timezone.now())
        for load in (load_risks, load_points):
            load(real, flavour=HORIZON, data_dir=DATA, at=timezone.now())
        assert not Risk.objects.of(real).exists()
        assert not Tariff.objects.of(real).exists()
        assert not ContributionPoints.objects.of(real).exists()
