from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from alliance.actions.jobs import stop_job
from alliance.actions.notifications import list_unmailed, mail_notification, mark_read, notify
from alliance.actions.outbox import MAX_ATTEMPTS, deliver_next, retry_dead
from alliance.celery import LONG_TASKS, app
from alliance.choices import JobState
from alliance.kernel import events, jobs, tenancy
from alliance.kernel.errors import InvalidInputError, PermissionRefusedError
from alliance.kernel.queues import LONG, PROMPT
from alliance.kernel.texts import Text, texts
from alliance.models import Alliance, AuditEntry, ConsumedEvent, Job, Notification, OutboxEvent, PeriodicRun, User
from alliance.selectors.jobs import list_periodic
from alliance.tasks import relay_outbox
from tests.factories.alliance import NOON, address, make_alliance, make_job

KIND = "tests.background"
effects: list[str] = []


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_items", dict(texts._items))
    monkeypatch.setattr(jobs.kinds, "_items", dict(jobs.kinds._items))
    monkeypatch.setattr(events, "_consumers", {**events._consumers})
    texts.register(KIND, Text(title="News of %(title)s", body="Read it.", mails=True))
    effects.clear()

    @events.consumer(KIND, "first")
    def first(event: events.Event) -> None:
        effects.append(f"first:{event.payload['n']}")
        if event.payload.get("fails"):
            raise RuntimeError("no")

    @events.consumer(KIND, "second")
    def second(event: events.Event) -> None:
        effects.append(f"second:{event.payload['n']}")


# ---------------------------------------------------------------------------------------------------------------- outbox


def test_every_consumer_takes_an_event_in_once(act: Alliance) -> None:
    events.emit(act, KIND, {"n": 1})

    assert deliver_next(act)
    assert not deliver_next(act)

    assert effects == ["first:1", "second:1"]
    assert ConsumedEvent.objects.of(act).count() == 2
    assert not OutboxEvent.objects.of(act).exists()


def test_an_event_that_comes_again_has_no_second_effect(act: Alliance) -> None:
    event_id = events.emit(act, KIND, {"n": 1})
    deliver_next(act)

    OutboxEvent.objects.create(id=event_id, alliance=act, kind=KIND, payload={"n": 1}, next_at=timezone.now())
    deliver_next(act)

    assert effects == ["first:1", "second:1"]


def test_a_failing_consumer_waits_and_comes_again_while_the_others_go_on(act: Alliance) -> None:
    events.emit(act, KIND, {"n": 1, "fails": True})

    deliver_next(act)

    event = OutboxEvent.objects.of(act).get()
    assert (event.attempts, event.dead_at) == (1, None)
    assert event.next_at > timezone.now()
    assert "RuntimeError" in event.last_error
    assert event.last_error.startswith("first: ")
    assert [row.consumer for row in ConsumedEvent.objects.of(act)] == ["second"]
    assert not deliver_next(act)

    OutboxEvent.objects.of(act).update(payload={"n": 1}, next_at=timezone.now() - timedelta(seconds=1))
    deliver_next(act)

    assert effects == ["first:1", "second:1", "first:1"]
    assert not OutboxEvent.objects.of(act).exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_that_the_database_refuses_at_the_commit_waits_and_lets_the_next_one_by() -> None:
    alliance = make_alliance("under-test")

    @events.consumer(KIND, "third")
    def point_nowhere(event: events.Event) -> None:
        if event.payload["n"] == 1:
            Notification.objects.create(
                alliance=event.alliance, user_id=0, kind=KIND, key="nobody", created_at=NOON, url_name="inbox"
            )

    with tenancy.acting_in(alliance):
        refused = events.emit(alliance, KIND, {"n": 1})
        events.emit(alliance, KIND, {"n": 2})

    relay_outbox(alliance.pk)  # as the commit's wake-up did

    with tenancy.acting_in(alliance):
        event = OutboxEvent.objects.of(alliance).get()
        taken_in = set(ConsumedEvent.objects.of(alliance).values_list("consumer", "event_id"))
    assert (event.pk, event.attempts, event.dead_at) == (refused, 1, None)
    assert "IntegrityError" in event.last_error
    assert event.next_at > timezone.now()
    assert {consumer for consumer, _event in taken_in} == {"first", "second", "third"}
    assert refused not in {event_id for _consumer, event_id in taken_in}


def test_after_ten_tries_an_event_is_set_aside_and_can_be_tried_again_by_the_office(
    act: Alliance, secretary: User, committee_member: User
) -> None:
    events.emit(act, KIND, {"n": 1, "fails": True})
    for _round in range(MAX_ATTEMPTS):
        OutboxEvent.objects.of(act).update(next_at=timezone.now() - timedelta(seconds=1))
        deliver_next(act)
    assert OutboxEvent.objects.of(act).get().dead_at is not None
    assert not deliver_next(act)

    with pytest.raises(PermissionRefusedError):
        retry_dead(act, actor=committee_member, at=timezone.now())
    assert retry_dead(act, actor=secretary, at=timezone.now()) == 1

    event = OutboxEvent.objects.of(act).get()
    assert (event.dead_at, event.attempts) == (None, 0)
    assert AuditEntry.objects.of(act).filter(verb="retry_event").count() == 1


def test_an_event_owed_for_later_is_not_delivered_before(act: Alliance) -> None:
    events.emit(act, KIND, {"n": 1}, at=timezone.now() + timedelta(hours=1))

    assert not deliver_next(act)


def test_the_health_page_shows_dead_events_and_tries_them_again(act: Alliance, secretary: User, client_for: Any) -> None:
    OutboxEvent.objects.create(
        id=uuid.uuid4(), alliance=act, kind=KIND, payload={}, next_at=NOON, dead_at=NOON, attempts=10, last_error="Boom"
    )
    client = client_for(secretary)

    assert "Boom" in client.get(address(act, "health_page")).content.decode()
    client.post(address(act, "health_retry"), {"all": "1"})
    assert OutboxEvent.objects.of(act).get().dead_at is None


# ------------------------------------------------------------------------------------------------------------------ jobs


def register_job(run: Any) -> None:
    jobs.kinds.register(KIND, jobs.JobKind(KIND, "Background", run, {"count": "Counting"}))


def run_now(alliance: Alliance, actor: User | None = None) -> Job:
    job = jobs.start(alliance, KIND, actor=actor, params={"x": 1})
    jobs.run_job(alliance.pk, job.pk)
    job.refresh_from_db()
    return job


def test_a_job_tells_how_far_it_is_and_keeps_its_result(act: Alliance, secretary: User) -> None:
    def run(alliance: Alliance, job: Job, progress: jobs.Progress) -> dict[str, Any]:
        progress.step("count", 3, 4)
        row = Job.objects.get(pk=job.pk)
        assert (row.percent, row.step) == (75, "count")
        progress.keep(halfway=True)
        return {"end": True}

    register_job(run)

    job = run_now(act, secretary)

    assert (job.state, job.result, job.percent) == (JobState.SUCCEEDED, {"halfway": True, "end": True}, 100)
    assert Notification.objects.of(act).filter(user=secretary, kind=jobs.FINISHED).count() == 1


def test_a_job_that_was_asked_to_stop_stops_at_its_next_step(act: Alliance, secretary: User) -> None:
    def run(alliance: Alliance, job: Job, progress: jobs.Progress) -> dict[str, Any]:
        progress.step("count", 1, 4)
        stop_job(alliance, job.uuid, actor=secretary, at=NOON)
        progress.step("count", 2, 4)
        pytest.fail("it went on")

    register_job(run)

    assert run_now(act, secretary).state == JobState.STOPPED


def test_a_job_that_fails_says_why_without_taking_the_worker_down(act: Alliance, secretary: User) -> None:
    def run(alliance: Alliance, job: Job, progress: jobs.Progress) -> dict[str, Any]:
        raise InvalidInputError("The table has no names.")

    register_job(run)

    job = run_now(act, secretary)

    assert (job.state, job.error) == (JobState.FAILED, "The table has no names.")
    assert Notification.objects.of(act).filter(kind=jobs.FAILED).count() == 1


def test_a_job_that_another_process_is_at_is_left_alone(act: Alliance) -> None:
    register_job(lambda *_args: pytest.fail("it ran twice"))
    job = make_job(act, KIND, state=JobState.RUNNING, started_at=timezone.now(), beat_at=timezone.now())

    jobs.run_job(act.pk, job.pk)

    job.refresh_from_db()
    assert job.state == JobState.RUNNING


def test_a_job_whose_process_died_is_queued_again(act: Alliance, django_capture_on_commit_callbacks: Any) -> None:
    register_job(lambda *_args: {"again": True})
    old = timezone.now() - timedelta(minutes=10)
    dead = make_job(act, KIND, state=JobState.RUNNING, started_at=old, beat_at=old)
    alive = make_job(act, KIND, state=JobState.RUNNING, started_at=old, beat_at=timezone.now())

    with django_capture_on_commit_callbacks(execute=True):
        assert jobs.revive(act) == 1

    dead.refresh_from_db()
    alive.refresh_from_db()
    assert (dead.state, alive.state) == (JobState.SUCCEEDED, JobState.RUNNING)


def test_a_job_can_be_stopped_by_whoever_started_it_and_by_the_office(
    act: Alliance, secretary: User, committee_member: User, auditor: User
) -> None:
    own = make_job(act, KIND, committee_member)

    with pytest.raises(PermissionRefusedError):
        stop_job(act, own.uuid, actor=auditor, at=NOON)
    assert stop_job(act, own.uuid, actor=committee_member, at=NOON).state == JobState.STOPPED
    assert stop_job(act, make_job(act, KIND, committee_member).uuid, actor=secretary, at=NOON).stop_requested


def test_a_job_of_another_alliance_does_not_exist_here(act: Alliance, other_alliance: Alliance, secretary: User) -> None:
    foreign = make_job(other_alliance, KIND)

    with pytest.raises(Job.DoesNotExist):
        stop_job(act, foreign.uuid, actor=secretary, at=NOON)


def test_the_page_of_a_running_job_asks_for_news_and_stops_asking_when_it_is_over(
    act: Alliance, secretary: User, client_for: Any
) -> None:
    register_job(lambda *_args: {})
    job = make_job(act, KIND, secretary, state=JobState.RUNNING, started_at=NOON, done=1, total=4)
    client, url = client_for(secretary), address(act, "job_detail", uuid=job.uuid)

    running = client.get(url, headers={"hx-request": "true"}).content.decode()
    Job.objects.filter(pk=job.pk).update(state=JobState.SUCCEEDED)
    over = client.get(url, headers={"hx-request": "true"}).content.decode()

    assert "hx-get" in running
    assert "25%" in running
    assert "<html" not in running
    assert "hx-get" not in over


def test_periodic_jobs_show_their_last_run_and_when_they_are_late(db: None) -> None:
    now = timezone.now()
    PeriodicRun.objects.create(name="alliance.catch_up", started_at=now, finished_at=now, duration_ms=12, runs=3)
    PeriodicRun.objects.create(name="alliance.keep_house", started_at=now - timedelta(days=1), error="ValueError: x", runs=1)

    rows = {row.name: row for row in list_periodic(now)}

    assert not rows["alliance.catch_up"].is_late
    assert rows["alliance.keep_house"].is_late
    assert rows["alliance.relay_all_outboxes"].run is None


# --------------------------------------------------------------------------------------------------------- notifications


def tell(alliance: Alliance, user: User, key: str = "k") -> int:
    return notify(alliance, [user], KIND, key, params={"title_en": "Guide", "title_zh": "指南"}, at=timezone.now())


def test_a_person_is_told_once_per_occasion(act: Alliance, secretary: User) -> None:
    assert tell(act, secretary) == 1
    assert tell(act, secretary) == 0
    assert Notification.objects.of(act).count() == 1


def test_the_mail_is_in_the_readers_language_and_goes_out_once(act: Alliance, secretary: User) -> None:
    secretary.language = "zh-hans"
    secretary.save()
    tell(act, secretary)
    notification = Notification.objects.of(act).get()

    assert mail_notification(act.pk, notification.pk)
    assert not mail_notification(act.pk, notification.pk)

    (sent,) = mail.outbox
    assert sent.subject == "News of 指南"
    assert sent.extra_headers["Message-ID"] == f"<{act.slug}.notification.{notification.pk}@alliance.invalid>"


def test_a_mail_whose_message_was_lost_is_found_after_a_minute(act: Alliance, secretary: User) -> None:
    tell(act, secretary)
    notification = Notification.objects.of(act).get()

    assert list_unmailed(act, at=timezone.now()) == []
    assert list_unmailed(act, at=timezone.now() + timedelta(minutes=2)) == [notification.pk]
    assert list_unmailed(act, at=timezone.now() + timedelta(days=3)) == []


def test_nobody_marks_the_notices_of_others_as_read(act: Alliance, secretary: User, auditor: User) -> None:
    tell(act, secretary)
    number = Notification.objects.of(act).get().pk

    assert mark_read(act, reader=auditor, at=NOON, ids=[number]) == 0
    assert mark_read(act, reader=secretary, at=NOON, ids=[number]) == 1


def test_the_page_lists_own_notices_and_marks_them(act: Alliance, secretary: User, auditor: User, client_for: Any) -> None:
    tell(act, secretary)
    client = client_for(secretary)

    assert "News of Guide" in client.get(address(act, "notification_list")).content.decode()
    assert "News of Guide" not in client_for(auditor).get(address(act, "notification_list")).content.decode()
    client.post(address(act, "notification_read"), {"all": "1"})
    assert "News of Guide" not in client.get(address(act, "notification_list") + "?view=unread").content.decode()


def test_every_task_named_as_long_exists() -> None:
    app.loader.import_default_modules()

    assert set(LONG_TASKS) <= set(app.tasks)
    assert all(app.amqp.router.route({}, name)["queue"].name == LONG for name in LONG_TASKS)
    assert app.amqp.router.route({}, "alliance.relay_outbox")["queue"].name == PROMPT
