"""Reminders of learning: told once, whether the task dies on the way or runs twice at the same time; the demonstration."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from alliance.actions.demo import make_accounts
from alliance.kernel import demo, faults, tenancy
from alliance.kernel.demo import HORIZON, WEAVING, in_order
from alliance.models import Alliance, InboxItem
from members.actions.demo_people import give_staff_role
from operations.actions.demo_learning import load
from operations.models import Certificate, Course, CourseSession, Enrolment, LearningPath
from operations.tasks import keep_learning
from tests.factories.alliance import make_alliance
from tests.factories.learning import make_certificate, make_course, make_learning_cast, make_session

DATA = Path(__file__).resolve().parents[2] / "data"


def make_due(alliance: Alliance) -> None:
    """Two certificates that lapse soon, one that lapses late, and a session whose end has passed."""
    cast = make_learning_cast(alliance)
    course = make_course(cast, valid_months=1)
    for user in (cast.learner, cast.second):
        make_certificate(cast, user, course=course)
    make_certificate(cast, cast.third)
    make_session(cast, course, start=timezone.now() - timedelta(days=1))


def kinds(alliance: Alliance) -> list[str]:
    """Kinds of the items in the inboxes, sorted."""
    with tenancy.acting_in(alliance):
        wanted = ["certificate_expiring", "session_hold"]
        return sorted(InboxItem.objects.of(alliance).filter(kind__in=wanted).values_list("kind", flat=True))


DUE = ["certificate_expiring", "certificate_expiring", "session_hold"]


def test_what_is_due_is_told_once_however_often_it_is_looked_at(act: Alliance) -> None:
    make_due(act)

    assert keep_learning(act.pk) == 3
    assert keep_learning(act.pk) == 0
    assert kinds(act) == DUE
    assert keep_learning(987_654_321) == 0


@pytest.mark.django_db(transaction=True)
def test_a_run_that_dies_on_the_way_leaves_what_it_told_and_the_next_tells_the_rest(
    alliance: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenancy.acting_in(alliance):
        make_due(alliance)

    def die(name: str) -> None:
        if name == "learning.told":
            raise SystemExit

    monkeypatch.setattr(faults, "point", die)
    with pytest.raises(SystemExit):
        keep_learning(alliance.pk)
    assert len(kinds(alliance)) == 1
    monkeypatch.undo()

    assert keep_learning(alliance.pk) == 2
    assert kinds(alliance) == DUE


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_the_same_time_tell_nothing_twice(alliance: Alliance) -> None:
    with tenancy.acting_in(alliance):
        make_due(alliance)
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(keep_learning(alliance.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _place in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(found) == 3
    assert kinds(alliance) == DUE


def test_the_demonstration_holds_courses_in_every_state_and_loads_once(db: None) -> None:
    alliance, now = make_alliance("weaving", is_demonstration=True), timezone.now()
    with tenancy.acting_in(alliance):
        users = make_accounts(alliance, WEAVING, password="not-a-secret-1", renew=False, at=now)
        for name, loader in in_order():
            if name == "members":
                loader(alliance, flavour=WEAVING, data_dir=DATA, at=now)
                for account, user in users.items():
                    if account.acts_for_institution:
                        give_staff_role(alliance, user, account, at=now)
        for _time in range(2):
            load(alliance, flavour=WEAVING, data_dir=DATA, at=now)

        assert Course.objects.of(alliance).count() == 4
        states = CourseSession.objects.of(alliance).values_list("state", flat=True)
        assert set(states) == {"planned", "open", "held", "cancelled"}
        assert Enrolment.objects.of(alliance).filter(state="waiting").count() == 1
        certificates = Certificate.objects.of(alliance)
        assert certificates.count() == 8
        assert certificates.filter(is_named=True).count() == 2
        assert LearningPath.objects.of(alliance).count() == 2
        open_kinds = set(InboxItem.objects.of(alliance).filter(done_at__isnull=True).values_list("kind", flat=True))
        assert {"certificate_expiring", "session_hold", "session_assess"} <= open_kinds


def test_nothing_is_invented_about_real_institutions(db: None) -> None:
    real = make_alliance("horizon", is_demonstration=True)
    with tenancy.acting_in(real):
        load(real, flavour=HORIZON, data_dir=DATA, at=timezone.now())
        assert not Course.objects.of(real).exists()
    assert "operations.learning" in dict(demo.loaders.items())
