"""Whatever people do in whatever order: public means two passed checks of the present text by two people of two institutions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from alliance.kernel.errors import DomainError
from alliance.models import Alliance
from services.actions.listing import submit_listing, update_listing
from services.actions.listing_check import check_listing
from services.actions.listing_life import (
    begin_talks,
    end_talks,
    expire_listing,
    fulfil_listing,
    renew_listing,
    revise_listing,
    withdraw_listing,
)
from services.choices import ListingState, Verdict
from services.models import Listing, ListingCheck
from tests.factories.listings import ListingCast, make_drafted, make_listing_cast

pytestmark = pytest.mark.django_db
PEOPLE = ("office", "second_office", "committee", "second_committee", "officer", "reader")
VERIFIED_TEXT = (ListingState.PUBLISHED, ListingState.IN_TALKS)


class Taken(Exception):  # noqa: N818 - ends a run's savepoint, no error
    """Takes back what a run did."""


def machine_for(cast: ListingCast) -> type[RuleBasedStateMachine]:
    """A machine over one listing of this cast; each run begins with a new draft."""

    class Life(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.now: datetime = timezone.now()
            self.code = make_drafted(cast, at=self.now).code
            self.verified_text = ""

        @property
        def listing(self) -> Listing:
            return Listing.objects.get(code=self.code)

        def attempt(self, act: Any, **values: Any) -> None:
            try:
                with transaction.atomic():
                    act(cast.alliance, self.code, at=self.now, **values)
            except DomainError:
                return
            after = self.listing
            if act is check_listing and after.state == ListingState.PUBLISHED:
                self.verified_text = after.title_en

        @rule(days=st.integers(0, 60))
        def wait(self, days: int) -> None:
            self.now += timedelta(days=days)

        @rule(title=st.sampled_from(["One title for it", "Another title for it"]))
        def edit(self, title: str) -> None:
            self.attempt(update_listing, actor=cast.officer, values={"title_en": title}, edition=self.listing.edition)

        @rule(person=st.sampled_from(PEOPLE))
        def submit(self, person: str) -> None:
            self.attempt(submit_listing, actor=getattr(cast, person))

        @rule(
            person=st.sampled_from(PEOPLE),
            house=st.sampled_from(["", "owner", "committee_house", "second_house", "reader_house"]),
            verdict=st.sampled_from([Verdict.PASSED, Verdict.PASSED, Verdict.PASSED, Verdict.RETURNED]),
            behind=st.sampled_from([0, 0, 0, 1]),
        )
        def check(self, person: str, house: str, verdict: str, behind: int) -> None:
            self.attempt(
                check_listing,
                actor=getattr(cast, person),
                institution_id=getattr(cast, house).pk if house else None,
                verdict=verdict,
                points=[{"field": "", "words": "More."}],
                revision=self.listing.revision - behind,
            )

        @rule()
        def publish(self) -> None:
            """The road that chance seldom finds by itself."""
            self.submit("officer")
            self.check("office", "", Verdict.PASSED, 0)
            self.check("committee", "committee_house", Verdict.PASSED, 0)

        @rule(person=st.sampled_from(["officer", "reader"]))
        def revise(self, person: str) -> None:
            self.attempt(revise_listing, actor=getattr(cast, person))

        @rule(person=st.sampled_from(["officer", "office", "reader"]))
        def withdraw(self, person: str) -> None:
            self.attempt(withdraw_listing, actor=getattr(cast, person), reason="Over.")

        @rule(days=st.one_of(st.none(), st.integers(1, 400)))
        def renew(self, days: int | None) -> None:
            until = None if days is None else timezone.localtime(self.now).date() + timedelta(days=days)
            self.attempt(renew_listing, actor=cast.officer, until=until)

        @rule()
        def expire(self) -> None:
            expire_listing(cast.alliance, self.listing.pk, at=self.now)

        @rule()
        def talk(self) -> None:
            self.attempt(begin_talks, actor=None)

        @rule()
        def stop_talking(self) -> None:
            self.attempt(end_talks, actor=None)

        @rule(person=st.sampled_from(["reader"]))
        def fulfil(self, person: str) -> None:
            self.attempt(fulfil_listing, actor=getattr(cast, person))

        @invariant()
        def public_means_two_of_two(self) -> None:
            listing = self.listing
            if listing.state not in VERIFIED_TEXT:
                return
            checks = ListingCheck.objects.filter(listing=listing, revision=listing.revision, verdict=Verdict.PASSED)
            assert {check.step for check in checks} == {1, 2}
            assert len({check.by_id for check in checks}) == 2
            assert len({check.institution_id for check in checks}) == 2
            assert cast.owner.pk not in {check.institution_id for check in checks}
            assert listing.title_en == self.verified_text, "the text that is out is the text that was verified"

        @invariant()
        def expired_is_never_public(self) -> None:
            today = timezone.localtime(self.now).date()
            for found in Listing.objects.public(today):
                assert found.expires_on is not None
                assert today <= found.expires_on <= today + timedelta(days=365)
            listing = self.listing
            if listing.expires_on is not None and listing.expires_on < today:
                assert listing not in Listing.objects.readable(today, [cast.reader_house.pk])

        def teardown(self) -> None:
            ListingCheck.objects.filter(listing__code=self.code).delete()
            Listing.objects.filter(code=self.code).delete()

    return Life


def test_every_history_keeps_the_rules(act: Alliance) -> None:
    machine = machine_for(make_listing_cast(act))
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=24,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_machine_gets_as_far_as_a_renewal(act: Alliance) -> None:
    """The rules of the machine reach what its invariants are about."""
    life: Any = machine_for(make_listing_cast(act))()
    life.submit("officer")
    life.check("office", "", Verdict.PASSED, 0)
    life.check("committee", "committee_house", Verdict.PASSED, 0)
    life.public_means_two_of_two()
    assert life.listing.state == ListingState.PUBLISHED
    life.wait(130)
    life.expired_is_never_public()
    life.expire()
    assert life.listing.state == ListingState.EXPIRED
    life.renew(None)
    life.public_means_two_of_two()
    assert life.listing.state == ListingState.PUBLISHED
