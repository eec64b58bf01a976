"""Imports that die or meet each other: nothing doubles, nothing is lost."""

from __future__ import annotations

import io
import threading
import unittest.mock
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.models import Alliance, AuditEntry, Job, User
from members.actions.institution_import import Plan, import_rows, map_table, start_check, start_import, upload_table
from members.choices import ImportState, InstitutionKind
from members.models import Institution, InstitutionImport
from tests.factories.alliance import give_role, make_alliance, make_user
from tests.fault.nursery import Nursery, nursery

UNIVERSITY = InstitutionKind.UNIVERSITY_THINK_TANK
ROWS = 1000


def content() -> bytes:
    return b"name,type\n" + b"".join(b"University %d,Education\n" % number for number in range(ROWS))


@pytest.fixture(scope="module")
def children(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Processes that live for one job."""
    with nursery(tmp_path_factory.mktemp("nursery") / "log") as started:
        yield started


def run_in_a_process_of_its_own(children: Nursery, alliance_id: int, job_id: int, **fault: Any) -> int:
    """Run a job as a worker would, with the rights of the application's role; its exit code."""
    return children.run("alliance.kernel.jobs.run_job", alliance_id, job_id, **fault)


def prepare(children: Nursery, alliance: Alliance, actor: User) -> tuple[InstitutionImport, int]:
    with tenancy.acting_in(alliance):
        record = upload_table(alliance, SimpleUploadedFile("t.csv", content(), "text/csv"), actor=actor, at=timezone.now())
        map_table(
            alliance,
            record.uuid,
            columns={"name": 0, "kind": 1},
            kinds={"Education": UNIVERSITY},
            defaults={"country": "CN", "kind": ""},
            source="",
            actor=actor,
        )
        record = start_check(alliance, record.uuid, actor=actor)
        assert record.job is not None
        check = record.job.pk
    assert run_in_a_process_of_its_own(children, alliance.pk, check) == 0
    with tenancy.acting_in(alliance):
        record = start_import(alliance, record.uuid, policy="good_rows", actor=actor)
        assert record.job is not None
        return record, record.job.pk


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("place", ["members.import.batch", "members.import.finish"])
def test_an_import_killed_at_any_step_is_finished_by_the_next_run_without_doubles(
    children: Nursery, place: str, tmp_path: Path, settings: object
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False  # type: ignore[attr-defined]
    alliance = make_alliance("killed")
    user = make_user()
    give_role(user, alliance, "secretariat")
    with unittest.mock.patch("alliance.kernel.jobs.run_job.delay"):
        record, job = prepare(children, alliance, user)

    died = run_in_a_process_of_its_own(children, alliance.pk, job, fault=place, marker=tmp_path / "died")
    with tenancy.acting_in(alliance):
        between = Institution.objects.count()
        Job.objects.filter(pk=job).update(beat_at=timezone.now() - timedelta(hours=1))  # as time would
    finished = run_in_a_process_of_its_own(children, alliance.pk, job)

    assert (died, finished) == (-9, 0)
    assert between == (0 if place.endswith("batch") else ROWS)
    with tenancy.acting_in(alliance):
        record = InstitutionImport.objects.get(pk=record.pk)
        assert record.state == ImportState.FINISHED
        assert Institution.objects.count() == ROWS
        assert record.counts["added"] == ROWS
        assert record.counts["known"] == 0
        assert AuditEntry.objects.filter(verb="import_institutions").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_the_same_table_at_once_add_each_institution_once() -> None:
    alliance = make_alliance("twice")
    start = threading.Barrier(2)
    added: list[int] = []
    plan = Plan(columns={"name": 0, "kind": 1}, kinds={"Education": UNIVERSITY})

    def work() -> None:
        try:
            start.wait(10)
            added.append(import_rows(alliance, io.BytesIO(content()), plan, at=timezone.now(), batch_size=50).good)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert len(added) == 2
    assert sum(added) == ROWS
    with tenancy.acting_in(alliance):
        assert Institution.objects.count() == ROWS
        assert Institution.objects.values("code").distinct().count() == ROWS
