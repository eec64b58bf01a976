"""The life of votes as a state machine on the real database, against a model of dictionaries (security.md section 2, item 5)."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError
from alliance.models import Alliance, AuditEntry, User
from groups.actions.conflict import clear_conflict, declare_conflict
from groups.actions.group import join_group, leave_group
from groups.actions.motion import close_motion, withdraw_motion
from groups.actions.proxy import give_proxy, revoke_proxy
from groups.choices import ConflictState
from groups.models import BallotEnvelope, BallotPaper, ConflictOfInterest, Motion, Participation, Proxy, Vote
from groups.selectors.tally import Rule, count
from members.choices import InstitutionState
from members.models import Institution
from tests.factories.alliance import make_alliance, make_member
from tests.factories.motions import COMMITTEE, Voter, make_open, make_voters, vote

VOTERS = 6
WHO = st.integers(0, VOTERS - 1)
CHOICES = st.sampled_from(["yes", "no", "abstain"])
_numbers = itertools.count(1)


class MotionMachine(RuleBasedStateMachine):
    """One motion of six members: votes, again, by proxy, conflicts, seats, suspension, close; refused steps change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.scope: Any = transaction.atomic()
        self.scope.__enter__()
        self.alliance: Alliance = make_alliance(f"machine-{next(_numbers)}")
        self.acting: Any = tenancy.acting_in(self.alliance)
        self.acting.__enter__()
        self.secretary: User = make_member(self.alliance)
        self.voters: list[Voter] = make_voters(self.alliance, VOTERS)
        self.votes: dict[int, tuple[str, int]] = {}
        self.proxies: dict[int, int] = {}
        self.aside: set[int] = set()
        self.unseated: set[int] = set()
        self.suspended: set[int] = set()
        self.accepted = 0
        self.state = "open"
        self.secret = False

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.acting.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.scope.__exit__(None, None, None)

    @initialize(secret=st.booleans())
    def begin(self, secret: bool) -> None:
        self.secret = secret
        self.opened: datetime = timezone.now()
        self.motion = make_open(self.alliance, at=self.opened, ballot="secret" if secret else "open", matter="product:P-1")

    @property
    def now(self) -> datetime:
        return timezone.now()

    def attempt(self, step: Any) -> bool:
        try:
            with transaction.atomic():
                step()
        except DomainError:
            return False
        return True

    def may(self, who: int) -> bool:
        return self.state == "open" and not {who} & (self.aside | self.unseated | self.suspended)

    @rule(who=WHO, choice=CHOICES)
    def cast(self, who: int, choice: str) -> None:
        done = self.attempt(lambda: vote(self.motion, self.voters[who], choice))
        assert done == self.may(who)
        if done:
            self.votes[who] = (choice, who)
            self.accepted += 1

    @rule(giver=WHO, holder=WHO, choice=CHOICES)
    def cast_by_proxy(self, giver: int, holder: int, choice: str) -> None:
        if giver == holder:
            return
        done = self.attempt(
            lambda: vote(
                self.motion,
                self.voters[holder],
                choice,
                institution_code=self.voters[giver].code,
                by=self.voters[holder].code,
            )
        )
        own = giver in self.votes and self.votes[giver][1] == giver
        held = self.proxies.get(giver) == holder
        others = sum(by == holder and who not in {holder, giver} for who, (_c, by) in self.votes.items())
        assert done == (self.may(giver) and self.may(holder) and held and not own and others < 2)
        if done:
            self.votes[giver] = (choice, holder)
            self.accepted += 1

    @rule(giver=WHO, holder=WHO)
    def give(self, giver: int, holder: int) -> None:
        before = dict(self.proxies)
        done = self.attempt(
            lambda: give_proxy(
                self.alliance,
                giver_code=self.voters[giver].code,
                holder_code=self.voters[holder].code,
                motion_code=self.motion.code,
                actor=self.voters[giver].user,
                at=self.now,
            )
        )
        wanted = {**before, giver: holder}
        chained = any(one in wanted for one in wanted.values())
        crowded = any(list(wanted.values()).count(one) > 2 for one in wanted.values())
        fine = giver != holder and self.state == "open" and not {giver, holder} & self.aside and not chained and not crowded
        # Somebody who acts for an institution that is suspended keeps the right to give; it has no effect on the count.
        assert done == fine
        if done:
            self._take_back(giver, before.get(giver))
            self.proxies = wanted

    def _take_back(self, giver: int, holder: int | None) -> None:
        if holder is not None and self.votes.get(giver, ("", -1))[1] == holder and self.state == "open":
            del self.votes[giver]

    @precondition(lambda self: self.proxies)
    @rule(data=st.data())
    def revoke(self, data: st.DataObject) -> None:
        giver = data.draw(st.sampled_from(sorted(self.proxies)))
        proxy = Proxy.objects.of(self.alliance).get(giver=self.voters[giver].institution, revoked_at__isnull=True)
        assert self.attempt(lambda: revoke_proxy(self.alliance, proxy.uuid, actor=self.voters[giver].user, at=self.now))
        self._take_back(giver, self.proxies.pop(giver))

    @rule(who=WHO)
    def declare(self, who: int) -> None:
        done = self.attempt(
            lambda: declare_conflict(
                self.alliance,
                self.voters[who].code,
                "product:P-1",
                reason="Shares.",
                actor=self.voters[who].user,
                at=self.now,
            )
        )
        assert done == (who not in self.aside)
        self.aside.add(who)

    @precondition(lambda self: self.aside)
    @rule(data=st.data())
    def clear(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.aside)))
        conflict = ConflictOfInterest.objects.of(self.alliance).get(
            institution=self.voters[who].institution, state=ConflictState.DECLARED
        )
        assert self.attempt(lambda: clear_conflict(self.alliance, conflict.pk, actor=self.secretary, at=self.now))
        self.aside.discard(who)

    @rule(who=WHO)
    def leave_or_join(self, who: int) -> None:
        code = self.voters[who].code
        if who in self.unseated:
            if who in self.suspended:
                return
            assert self.attempt(
                lambda: join_group(
                    self.alliance, COMMITTEE, code, role="member", starts_at=self.now, actor=self.secretary, at=self.now
                )
            )
            self.unseated.discard(who)
        else:
            assert self.attempt(lambda: leave_group(self.alliance, COMMITTEE, code, actor=self.secretary, at=self.now))
            self.unseated.add(who)

    @rule(who=WHO)
    def suspend_or_readmit(self, who: int) -> None:
        state = InstitutionState.ACTIVE if who in self.suspended else InstitutionState.SUSPENDED
        Institution.objects.filter(pk=self.voters[who].institution.pk).update(state=state)
        self.suspended ^= {who}

    @rule(early=st.booleans())
    def close(self, early: bool) -> None:
        assert self.motion.closes_at is not None
        moment = self.now if early else self.motion.closes_at
        kept = set(range(VOTERS)) - self.aside - self.unseated - self.suspended
        counted = {who: cast for who, cast in self.votes.items() if who in kept and cast[1] in kept}
        done = self.attempt(lambda: close_motion(self.alliance, self.motion.code, at=moment))
        all_voted = bool(kept) and kept <= set(self.votes)
        assert done == (self.state == "open" and (not early or all_voted))
        if done:
            expected = count(Rule(), [1] * len(kept), [(1, choice) for choice, _by in counted.values()])
            self.state = expected.outcome
            closed = Motion.objects.of(self.alliance).get()
            assert {name: closed.result[name] for name in expected.plain()} == expected.plain()
            took_part = set(Participation.objects.of(self.alliance).values_list("institution_id", flat=True))
            assert took_part == {self.voters[who].institution.pk for who in counted}
            self.votes = counted

    @precondition(lambda self: self.accepted > 4)
    @rule()
    def withdraw(self) -> None:
        done = self.attempt(
            lambda: withdraw_motion(self.alliance, self.motion.code, reason="Anew.", actor=self.secretary, at=self.now)
        )
        assert done == (self.state == "open")
        if done:
            self.state, self.votes = "withdrawn", {}

    @invariant()
    def database_says_what_the_model_says(self) -> None:
        if not hasattr(self, "motion"):
            return
        assert Motion.objects.of(self.alliance).get().state == self.state
        model: Any = BallotEnvelope if self.secret else Vote
        if self.secret and self.state != "open":
            assert not BallotEnvelope.objects.of(self.alliance).exists()
            papers = sorted(BallotPaper.objects.of(self.alliance).values_list("choice", flat=True))
            assert papers == sorted(choice for choice, _by in self.votes.values())
        else:
            rows = set(model.objects.of(self.alliance).values_list("institution_id", "holder_id"))
            ids = [voter.institution.pk for voter in self.voters]
            assert rows == {(ids[who], None if by == who else ids[by]) for who, (_choice, by) in self.votes.items()}
        assert AuditEntry.objects.of(self.alliance).filter(verb="cast_vote").count() == self.accepted


@pytest.mark.django_db
@pytest.mark.parametrize("examples", [6, pytest.param(300, marks=pytest.mark.deep)], ids=["a few", "many"])
def test_no_sequence_of_steps_leads_where_the_model_does_not(examples: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        MotionMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
