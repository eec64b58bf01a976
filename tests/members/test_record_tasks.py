"""Periodic work about facts and people, through the tasks themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from alliance.actions.inbox import ask
from alliance.actions.inbox import institution as audience
from alliance.kernel import tenancy
from alliance.models import Alliance, InboxItem, User
from members.actions.fact import verify_facts
from members.choices import StaffRole
from members.tasks import remind_members, settle_ended_staff_of
from tests.factories.alliance import make_user
from tests.factories.members import make_institution, make_staff


def test_members_are_reminded_of_facts_that_fall_due(alliance: Alliance, secretary: User) -> None:
    now = timezone.now()
    with tenancy.acting_in(alliance):
        institution = make_institution(alliance)
        make_staff(institution)
        verify_facts(alliance, institution.code, ["name"], actor=secretary, at=now - timedelta(days=350), note="register")

    remind_members(alliance.pk)
    remind_members(alliance.pk)

    with tenancy.acting_in(alliance):
        assert InboxItem.objects.of(alliance).filter(kind="members.confirm_facts").count() == 1


def test_tasks_pass_on_when_a_planned_end_has_come(alliance: Alliance) -> None:
    now = timezone.now()
    with tenancy.acting_in(alliance):
        institution = make_institution(alliance)
        deputy = make_staff(institution, make_user(), role=StaffRole.STAFF).user
        leaving = make_staff(
            institution,
            make_user(),
            role=StaffRole.STAFF,
            deputy=deputy,
            starts_at=now - timedelta(days=9),
            ends_at=now - timedelta(minutes=3),
        ).user
        ask(alliance, "members.confirm_facts", "facts:X", audience(institution.pk), params={}, url_name="inbox", at=now)
        InboxItem.objects.of(alliance).update(handed_to=leaving)

    assert settle_ended_staff_of(alliance.pk) == 1

    with tenancy.acting_in(alliance):
        assert InboxItem.objects.of(alliance).get().handed_to == deputy


def test_the_periodic_work_is_scheduled() -> None:
    from alliance.celery import app

    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}

    assert {"members.remind_all_members", "members.settle_all_ended_staff"} <= scheduled


@pytest.mark.parametrize("task", [remind_members, settle_ended_staff_of])
def test_a_removed_alliance_is_left_alone(db: None, task: Any) -> None:
    assert task(987_654_321) is None
