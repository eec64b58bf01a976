"""The demonstration's motions."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from alliance.actions.demo import seed
from alliance.kernel import tenancy
from alliance.models import Alliance
from groups.models import BallotEnvelope, Motion, Proxy, Vote

pytestmark = pytest.mark.django_db
DATA = Path(__file__).resolve().parents[2] / "data"


def test_the_invented_alliance_has_decided_and_open_motions_and_a_second_run_adds_none() -> None:
    for _ in range(2):
        seed(("weaving",), password="correct horse", renew=False, data_dir=DATA, at=timezone.now(), say=lambda _line: None)

    alliance = Alliance.objects.get(slug="weaving")
    with tenancy.acting_in(alliance):
        states = dict(Motion.objects.of(alliance).values_list("code", "state"))
        assert states == {
            "M-0001": "passed",
            "M-0002": "rejected",
            "M-0003": "passed",
            "M-0004": "open",
            "M-0005": "open",
            **{code: state for code, state in states.items() if code > "M-0005"},
        }
        assert Motion.objects.of(alliance).filter(state="draft", proposer__code="I-001").count() == 1
        assert Proxy.objects.of(alliance).filter(revoked_at__isnull=True).count() == 1
        assert Motion.objects.of(alliance).get(code="M-0003").result["yes"] == 3
        assert Vote.objects.of(alliance).filter(motion__code="M-0004").count() == 2
        assert BallotEnvelope.objects.of(alliance).count() == 3
        closes = Motion.objects.of(alliance).get(code="M-0005").closes_at
        assert closes is not None
        assert closes > timezone.now() + timedelta(days=8)
