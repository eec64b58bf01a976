"""Votes cast while the close runs: every accepted vote is counted, and none comes after the count (security.md section 2, item 6)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError
from alliance.models import Alliance, AuditEntry, OutboxEvent
from groups.actions.motion import close_motion
from groups.actions.proxy import give_proxy
from groups.models import Motion, Participation, Proxy
from groups.signals import MOTION_DECIDED
from tests.factories.alliance import make_alliance
from tests.factories.motions import Voter, make_open, make_voters, vote

pytestmark = pytest.mark.django_db(transaction=True)


def race(jobs: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()


def race_round(alliance: Alliance, voters: list[Voter], ballot: str) -> None:
    """Everybody votes while two workers close."""
    then = timezone.now() - timedelta(days=10)
    with tenancy.acting_in(alliance):
        motion = make_open(alliance, ballot=ballot, at=then)
    accepted: set[int] = set()
    closed: list[str] = []
    refused: list[str] = []
    start = threading.Barrier(len(voters) + 2)

    def cast(voter: Voter) -> None:
        try:
            start.wait()
            with tenancy.acting_in(alliance):
                vote(motion, voter, "yes", at=then + timedelta(hours=1))
            accepted.add(voter.institution.pk)
        except DomainError as refusal:
            refused.append(refusal.code)
        finally:
            connection.close()

    def close() -> None:
        try:
            start.wait()
            with tenancy.acting_in(alliance):
                closed.append(close_motion(alliance, motion.code, at=timezone.now()).state)
        except DomainError as refusal:
            refused.append(f"close: {refusal.code}")
        finally:
            connection.close()

    race([*[partial(cast, voter) for voter in voters], close, close])

    with tenancy.acting_in(alliance):
        done = Motion.objects.of(alliance).get(pk=motion.pk)
        took_part = set(Participation.objects.of(alliance).filter(motion=done).values_list("institution_id", flat=True))
        assert took_part == accepted
        assert done.result["yes"] == len(accepted)
        assert len(closed) == 1
        assert refused.count("close: transition_refused") == 1
        assert set(refused) <= {"close: transition_refused", "vote_not_open"}
        recorded = AuditEntry.objects.of(alliance).filter(verb="cast_vote", object_id=str(done.uuid)).count()
        assert recorded == len(accepted)
        decided = OutboxEvent.objects.of(alliance).filter(kind=MOTION_DECIDED, payload__motion=done.code)
        assert decided.count() <= 1


@pytest.mark.parametrize("ballot", ["open", "secret"])
def test_every_vote_that_was_accepted_is_counted(ballot: str) -> None:
    alliance = make_alliance("racing")
    with tenancy.acting_in(alliance):
        voters = make_voters(alliance, 16)
    for _round in range(2):
        race_round(alliance, voters, ballot)


def test_proxies_given_at_the_same_moment_make_no_chain_and_keep_the_limit() -> None:
    alliance: Alliance = make_alliance("racing-proxies")
    with tenancy.acting_in(alliance):
        voters = make_voters(alliance, 6)
        motion = make_open(alliance)
    start = threading.Barrier(len(voters))

    def give(giver: Voter, holder: Voter) -> None:
        try:
            start.wait()
            with tenancy.acting_in(alliance):
                give_proxy(
                    alliance,
                    giver_code=giver.code,
                    holder_code=holder.code,
                    motion_code=motion.code,
                    actor=giver.user,
                    at=timezone.now(),
                )
        except DomainError:
            pass
        finally:
            connection.close()

    race([partial(give, voters[place], voters[(place + 1) % len(voters)]) for place in range(len(voters))])

    with tenancy.acting_in(alliance):
        pairs = list(Proxy.objects.of(alliance).filter(revoked_at__isnull=True).values_list("giver_id", "holder_id"))
    assert pairs
    assert not {giver for giver, _ in pairs} & {holder for _, holder in pairs}
