"""The close of a secret vote killed at each of its steps: the vote is counted once, the key goes in the end, nobody's vote leaks."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.models import AuditEntry, OutboxEvent
from groups.actions import ballot_keys
from groups.models import BallotEnvelope, BallotPaper, Motion, Participation
from groups.signals import MOTION_DECIDED
from tests.factories.alliance import make_alliance
from tests.factories.motions import make_open, make_voters, vote
from tests.fault.nursery import Nursery, nursery

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]
BEFORE = ("close.counted", "close.box_written", "close.envelopes_deleted", "close.participation_written", "close.sealed")
AFTER = ("close.committed", "close.key_destroyed")


@pytest.fixture(scope="module")
def children(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with nursery(tmp_path_factory.mktemp("nursery") / "log") as started:
        yield started


def test_a_close_killed_at_each_step_counts_once_and_destroys_the_key(children: Nursery, tmp_path: Path) -> None:
    alliance = make_alliance("killed-close")
    with tenancy.acting_in(alliance):
        voters = make_voters(alliance, 6)
    for point in (*BEFORE, *AFTER):
        with tenancy.acting_in(alliance):
            motion = make_open(alliance, ballot="secret", at=timezone.now() - timedelta(days=10))
            for voter, choice in zip(voters, ("yes", "yes", "no", "no", "yes", "abstain"), strict=True):
                vote(motion, voter, choice, at=timezone.now() - timedelta(days=9))

        killed = children.run("groups.tasks.close_motions", alliance.pk, fault=point, marker=tmp_path / point)

        with tenancy.acting_in(alliance):
            committed = point in AFTER
            assert killed == -signal.SIGKILL
            assert BallotEnvelope.objects.of(alliance).filter(motion=motion).count() == (0 if committed else 6), point
            assert BallotPaper.objects.of(alliance).filter(motion=motion).count() == (6 if committed else 0), point
            there = ballot_keys.read_key(alliance.pk, motion.uuid, motion.ballot_public_key) is not None
            assert there == (point != "close.key_destroyed"), point

        assert children.run("groups.tasks.close_motions", alliance.pk) == 0

        with tenancy.acting_in(alliance):
            done = Motion.objects.of(alliance).get(pk=motion.pk)
            assert (done.result["yes"], done.result["no"], done.result["abstain"]) == (3, 2, 1), point
            assert not BallotEnvelope.objects.of(alliance).filter(motion=motion).exists()
            assert BallotPaper.objects.of(alliance).filter(motion=motion).count() == 6
            assert Participation.objects.of(alliance).filter(motion=motion).count() == 6
            assert AuditEntry.objects.of(alliance).filter(object_id=str(done.uuid), verb="reject_motion").count() == 1
            assert OutboxEvent.objects.of(alliance).filter(kind=MOTION_DECIDED, payload__motion=done.code).count() <= 1
            assert ballot_keys.list_keys(alliance.pk) == [], point
    assert not list((Path(settings.KEYS_DIR) / ballot_keys.FOLDER / str(alliance.pk)).glob("*"))
