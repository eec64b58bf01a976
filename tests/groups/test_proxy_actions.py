"""Proxies: given, used, taken back; the own vote wins; no chain, no loop."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
)
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, User
from groups.actions.motion import close_motion
from groups.actions.proxy import give_proxy, revoke_proxy
from groups.models import BallotEnvelope, Motion, Participation, Proxy, Vote
from groups.selectors.proxy import CHAIN, TOO_MANY, broken_rule, proxies_for
from members.choices import InstitutionState
from members.models import Institution
from tests.factories.groups import stand_aside
from tests.factories.motions import COMMITTEE, Voter, make_open, make_voters, vote


def give(giver: Voter, holder: Voter, motion: Motion | None = None, **fields: Any) -> Proxy:
    values: dict[str, Any] = {"actor": giver.user, "at": timezone.now(), **fields}
    if motion is None:
        values.setdefault("body", COMMITTEE)
    else:
        values["motion_code"] = motion.code
    return give_proxy(giver.institution.alliance, giver_code=giver.code, holder_code=holder.code, **values)


def by_proxy(motion: Motion, giver: Voter, holder: Voter, choice: str = "yes", **fields: Any) -> Any:
    return vote(motion, holder, choice, institution_code=giver.code, by=holder.code, **fields)


def test_a_holder_votes_for_the_giver_and_the_result_says_so(act: Alliance) -> None:
    giver, holder, third = make_voters(act, 3)
    motion = make_open(act)
    proxy = give(giver, holder, motion, instruction="no")
    vote(motion, holder, "yes")
    with pytest.raises(InvalidInputError) as refusal:
        by_proxy(motion, giver, holder, "yes")
    by_proxy(motion, giver, holder, "no")
    vote(motion, third, "yes")

    assert motion.closes_at is not None
    closed = close_motion(act, motion.code, at=motion.closes_at)

    assert refusal.value.code == "against_instruction"
    assert (closed.result["yes"], closed.result["no"], closed.result["by_proxy"]) == (2, 1, 1)
    assert Participation.objects.of(act).get(institution=giver.institution).holder == holder.institution
    document = json.loads(closed.result["document"])
    line = next(row for row in document["roll"] if row["institution"] == giver.code)
    assert line["proxy"] == holder.code
    assert Notification.objects.of(act).filter(user=holder.user, kind="proxy_given").count() == 1
    assert AuditEntry.objects.of(act).filter(verb="give_proxy", object_id=str(proxy.uuid)).count() == 1


def test_the_own_vote_wins_before_and_after(act: Alliance) -> None:
    giver, holder = make_voters(act, 2)
    motion = make_open(act)
    give(giver, holder, motion)
    by_proxy(motion, giver, holder, "yes")
    vote(motion, giver, "no")

    with pytest.raises(DomainError) as refusal:
        by_proxy(motion, giver, holder, "yes")

    assert refusal.value.code == "own_vote_wins"
    kept = Vote.objects.of(act).get(institution=giver.institution)
    assert (kept.choice, kept.holder) == ("no", None)


def test_nobody_votes_for_another_without_a_proxy_or_with_one_that_is_over(act: Alliance) -> None:
    giver, holder, third = make_voters(act, 3)
    motion = make_open(act)
    with pytest.raises(DomainError) as refusal:
        by_proxy(motion, giver, holder)
    assert refusal.value.code == "no_proxy"
    give(giver, holder, valid_until=timezone.now() + timedelta(hours=1))
    with pytest.raises(DomainError):
        by_proxy(motion, giver, third)
    with pytest.raises(DomainError):
        by_proxy(motion, giver, holder, at=timezone.now() + timedelta(hours=1))
    with pytest.raises(PermissionRefusedError):
        by_proxy(motion, giver, holder, actor=third.user)
    assert by_proxy(motion, giver, holder)


def test_a_proxy_for_the_motion_goes_before_a_standing_one(act: Alliance) -> None:
    giver, standing, single = make_voters(act, 3)
    motion = make_open(act)
    give(giver, standing)
    give(giver, single, motion)

    with pytest.raises(DomainError):
        by_proxy(motion, giver, standing)
    assert by_proxy(motion, giver, single).holder == single.institution


@pytest.mark.parametrize("ballot", ["open", "secret"])
def test_revoking_takes_back_the_vote_cast_with_it(act: Alliance, ballot: str) -> None:
    giver, holder, *_rest = make_voters(act, 6)
    motion = make_open(act, ballot=ballot)
    proxy = give(giver, holder, motion)
    by_proxy(motion, giver, holder)
    with pytest.raises(PermissionRefusedError):
        revoke_proxy(act, proxy.uuid, actor=holder.user, at=timezone.now())

    revoke_proxy(act, proxy.uuid, actor=giver.user, at=timezone.now())

    assert not Vote.objects.of(act).exists()
    assert not BallotEnvelope.objects.of(act).exists()
    assert InboxItem.objects.of(act).filter(key=f"vote:{motion.code}:{giver.code}", done_at__isnull=True).exists()
    with pytest.raises(InvalidInputError):
        revoke_proxy(act, proxy.uuid, actor=giver.user, at=timezone.now())
    with pytest.raises(DomainError):
        by_proxy(motion, giver, holder)


def test_a_new_proxy_replaces_the_old_one_with_the_vote_cast_by_it(act: Alliance) -> None:
    giver, one, two = make_voters(act, 3)
    motion = make_open(act)
    give(giver, one, motion)
    by_proxy(motion, giver, one)
    give(giver, two, motion)

    assert not Vote.objects.of(act).exists()
    assert Proxy.objects.of(act).filter(revoked_at__isnull=True).get().holder == two.institution


def test_the_rules_of_the_charter_are_kept(act: Alliance, secretary: User) -> None:
    voters = make_voters(act, 6)
    outsider = make_voters(act, 1, kind=None)[0]
    motion = make_open(act)
    secret = make_open(act, ballot="secret")

    def refused(*arguments: Any, **fields: Any) -> str:
        with pytest.raises(DomainError) as refusal:
            give(*arguments, **fields)
        return refusal.value.code

    assert refused(voters[0], voters[0], motion) == "proxy_to_itself"
    assert refused(voters[0], outsider, motion) == "not_on_roll"
    assert refused(voters[0], outsider) == "no_vote_now"
    assert refused(voters[0], voters[1], secret, instruction="yes") == "instruction_secret"
    assert refused(voters[0], voters[1], instruction="yes") == "instruction_standing"
    assert refused(voters[0], voters[1], body="court") == "body_unknown"
    assert refused(voters[0], voters[1], valid_until=timezone.now()) == "period_backwards"
    assert refused(voters[0], voters[1], motion, actor=secretary) == "permission_refused"
    give(voters[0], voters[5], motion)
    give(voters[1], voters[5], motion)
    assert refused(voters[2], voters[5], motion) == "too_many_proxies"
    assert refused(voters[5], voters[3], motion) == "proxy_chain"
    assert refused(voters[3], voters[0], motion) == "proxy_chain"
    assert refused(voters[5], voters[0], motion) == "proxy_chain"
    assert refused(voters[2], voters[5]) == "too_many_proxies"  # standing ones count in every open vote
    close_motion(act, motion.code, at=motion.closes_at or timezone.now())
    assert refused(voters[2], voters[3], motion) == "vote_not_open"


def test_who_stands_aside_neither_gives_nor_holds(act: Alliance, secretary: User) -> None:
    aside, other, third = make_voters(act, 3)
    motion = make_open(act, matter="product:P-1")
    give(third, aside, motion)
    by_proxy(motion, third, aside)
    stand_aside(act, aside.code, "product:P-1")
    for pair in ((aside, other), (other, aside)):
        with pytest.raises(ConflictOfInterestError):
            give(*pair, motion)
    with pytest.raises(ConflictOfInterestError):
        by_proxy(motion, third, aside)
    vote(motion, other)

    closed = close_motion(act, motion.code, at=motion.closes_at or timezone.now())

    assert (closed.result["yes"], closed.result["entitled"], closed.result["taking_part"]) == (1, 2, 1)


def test_a_holder_that_lost_its_standing_votes_for_nobody(act: Alliance) -> None:
    giver, holder, third = make_voters(act, 3)
    motion = make_open(act)
    give(giver, holder, motion)
    by_proxy(motion, giver, holder)
    vote(motion, third)
    Institution.objects.filter(pk=holder.institution.pk).update(state=InstitutionState.SUSPENDED)

    closed = close_motion(act, motion.code, at=motion.closes_at or timezone.now())

    assert (closed.result["entitled"], closed.result["taking_part"]) == (2, 1)


def test_proxies_of_another_alliance_do_not_exist_here(act: Alliance, other_alliance: Alliance) -> None:
    giver, holder = make_voters(act, 2)
    proxy = give(giver, holder)
    with pytest.raises(NotFoundError):
        revoke_proxy(other_alliance, proxy.uuid, actor=giver.user, at=timezone.now())


def test_proxies_for_a_motion_are_read_in_one_query(act: Alliance, django_assert_num_queries: Any) -> None:
    giver, holder, third = make_voters(act, 3)
    motion = make_open(act)
    give(giver, holder)
    give(third, holder, motion)
    with django_assert_num_queries(1):
        found = proxies_for(act, motion, timezone.now())
    assert {row.holder_id for row in found.values()} == {holder.institution.pk}


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.integers(1, 6), st.integers(1, 6), max_size=6), st.integers(0, 3))
def test_rules_exclude_chains_loops_and_too_many(pairs: dict[int, int], limit: int) -> None:
    broken = broken_rule(pairs.items(), limit)
    chained = any(holder in pairs for holder in pairs.values())
    crowded = any(sum(one == holder for one in pairs.values()) > limit for holder in pairs.values())

    assert broken == (CHAIN if chained else TOO_MANY if crowded else "")
