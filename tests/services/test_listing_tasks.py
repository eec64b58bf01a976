"""Listings expire and their owners are told, task by task and alliance by alliance."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from alliance.celery import SCHEDULE
from alliance.kernel import tenancy
from alliance.models import Alliance, Notification
from services import tasks
from services.actions.listing_life import expire_listing
from services.choices import ListingState
from services.models import Listing
from tests.factories.listings import make_listing_cast, make_verified

pytestmark = pytest.mark.django_db


def past(listing: Listing, days: int = 1) -> Listing:
    Listing.objects.filter(pk=listing.pk).update(expires_on=timezone.localdate() - timedelta(days=days))
    return listing


def test_the_task_expires_what_is_past_and_nothing_else(act: Alliance) -> None:
    cast = make_listing_cast(act)
    gone, open_one = past(make_verified(cast)), make_verified(cast, expires_on=timezone.localdate())
    assert tasks.expire_listings(act.pk) == 1
    assert tasks.expire_listings(act.pk) == 0
    states = dict(Listing.objects.values_list("pk", "state"))
    assert states == {gone.pk: ListingState.EXPIRED, open_one.pk: ListingState.PUBLISHED}


def test_one_that_fails_does_not_hold_up_the_others(act: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = make_listing_cast(act)
    first, second = past(make_verified(cast), 2), past(make_verified(cast))

    def sometimes(alliance: Alliance, listing_id: int, **values: object) -> bool:
        if listing_id == first.pk:
            message = "broken"
            raise RuntimeError(message)
        return expire_listing(alliance, listing_id, **values)  # type: ignore[arg-type]

    monkeypatch.setattr("services.tasks.expire_listing", sometimes)
    assert tasks.expire_listings(act.pk) == 1
    assert Listing.objects.get(pk=second.pk).state == ListingState.EXPIRED
    assert Listing.objects.get(pk=first.pk).state == ListingState.PUBLISHED


def test_a_listing_of_another_alliance_is_left_alone(act: Alliance, other_alliance: Alliance) -> None:
    listing = past(make_verified(make_listing_cast(act)))
    assert tasks.expire_listings(other_alliance.pk) == 0
    assert tasks.expire_listings(987_654_321) == 0
    with tenancy.acting_in(act):
        assert Listing.objects.get(pk=listing.pk).state == ListingState.PUBLISHED


def test_the_owner_gets_a_mail_two_weeks_before_and_only_one(
    act: Alliance, django_capture_on_commit_callbacks: object
) -> None:
    cast = make_listing_cast(act)
    make_verified(cast, expires_on=timezone.localdate() + timedelta(days=14))
    make_verified(cast, expires_on=timezone.localdate() + timedelta(days=15))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        tasks.remind_of_listings(act.pk)
        tasks.remind_of_listings(act.pk)
    told = Notification.objects.filter(kind="services.listing_expires_soon")
    assert told.count() == 1
    letters = [letter for letter in mail.outbox if "open until" in letter.subject]
    assert [letter.to for letter in letters] == [[cast.officer.email]]


def test_the_clock_asks_several_times_a_minute() -> None:
    schedule = {entry["task"]: entry["schedule"] for entry in SCHEDULE.values()}
    assert schedule["services.expire_all_listings"] <= 30
    assert "services.remind_all_of_listings" in schedule
