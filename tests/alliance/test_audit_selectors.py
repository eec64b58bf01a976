from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from alliance.actions.audit import canonical, record_audit
from alliance.models import Alliance, AuditEntry, AuditPending, AuditPersonal, User
from alliance.selectors.audit import describe, history_of, list_entries
from tests.factories.alliance import NOON, address, make_job


def test_an_entry_is_canonical_text_with_personal_values_only_as_commitments(act: Alliance, secretary: User) -> None:
    job = make_job(act, "tests.kind")

    entry = record_audit(
        job,
        actor=secretary,
        verb="test",
        before={"state": "queued"},
        after={"state": "running"},
        personal={"name": "林慧"},
        at=NOON,
    )

    record = json.loads(entry.record)
    kept = AuditPersonal.objects.of(act).get(entry_id=entry.pk)
    assert entry.record == canonical(record)
    assert "林慧" not in entry.record
    assert record["actor"] == str(secretary.uuid)
    assert record["at"] == "2026-11-21T04:00:00.000000Z"
    assert record["personal"]["name"] == hmac.new(bytes(kept.salt), "林慧".encode(), hashlib.sha256).hexdigest()
    assert AuditPending.objects.of(act).filter(entry_id=entry.pk).exists()


def test_the_history_of_a_record_tells_who_did_what_in_words(
    act: Alliance, secretary: User, django_assert_num_queries: Any
) -> None:
    job = make_job(act, "tests.kind")
    for number in range(3):
        record_audit(
            job,
            actor=secretary,
            verb="stop_job",
            before={"done": number},
            after={"done": number + 1, "user": secretary.uuid},
            personal={"reason": "ill"},
            at=NOON + timedelta(minutes=number),
        )
    record_audit(make_job(act, "other"), actor=None, verb="test")

    with django_assert_num_queries(3):
        entries = history_of(act, job, with_personal=True)

    assert [entry.changes[0].after for entry in entries] == ["3", "2", "1"]
    assert {str(entry.by) for entry in entries} == {"Lin Hui"}
    assert str(entries[0].act) == "stop the job"
    assert {change.after for change in entries[0].changes} == {"3", "Lin Hui", "ill"}


def test_an_erased_value_is_shown_as_erased(act: Alliance, secretary: User) -> None:
    job = make_job(act, "tests.kind")
    record_audit(job, actor=secretary, verb="test", personal={"reason": "ill"})
    AuditPersonal.objects.of(act).delete()

    (entry,) = history_of(act, job, with_personal=True)

    assert [(str(change.label), change.after) for change in entry.changes] == [("reason", "erased")]


def test_without_the_right_to_the_log_values_are_left_out(act: Alliance, secretary: User) -> None:
    job = make_job(act, "tests.kind")
    record_audit(job, actor=secretary, verb="test", after={"state": "running"}, personal={"reason": "ill"})

    (entry,) = history_of(act, job, with_values=False)

    assert entry.changes == []


def test_filters_by_day_follow_the_readers_days(act: Alliance) -> None:
    job = make_job(act, "tests.kind")
    record_audit(job, actor=None, verb="early", at=NOON)
    record_audit(job, actor=None, verb="late", at=NOON + timedelta(hours=13))  # the next day in Shanghai

    day = timezone.localtime(NOON).date()

    assert [entry.verb for entry in list_entries(act, since=day, until=day)] == ["early"]


def test_a_damaged_record_does_not_hide_the_others(act: Alliance) -> None:
    AuditEntry.objects.create(
        id="00000000-0000-7000-8000-000000000001",
        alliance=act,
        at=NOON,
        via="page",
        verb="broken",
        object_type="alliance.job",
        object_id="x",
        record="not json",
    )

    (entry,) = describe(act, list_entries(act))

    assert str(entry.act) == "broken"


def test_the_page_shows_the_log_filters_it_and_gives_it_out(act: Alliance, secretary: User, client_for: Any) -> None:
    job = make_job(act, "tests.kind")
    record_audit(job, actor=secretary, verb="stop_job", after={"state": "stopped"})
    record_audit(job, actor=None, verb="=cmd", after={"state": "running"})
    client, url = client_for(secretary), address(act, "audit_list")

    everything = client.get(url).content.decode()
    filtered = client.get(f"{url}?verb=stop_job").content.decode()
    table = client.get(f"{url}?format=csv").content.decode()

    assert "Stop the job" in everything
    assert "=cmd" in everything
    assert '<th scope="row">=cmd' not in filtered
    assert "'=cmd" in table
    assert client.get(f"{url}?since=2026-02-01&until=2026-01-01").status_code == 422


@pytest.mark.parametrize("page", ["audit_list"])
def test_what_happened_elsewhere_is_not_in_this_log(
    act: Alliance, other_alliance: Alliance, secretary: User, client_for: Any, page: str
) -> None:
    from alliance.kernel import tenancy

    job = make_job(other_alliance, "tests.kind")
    with tenancy.acting_in(other_alliance):
        record_audit(job, actor=None, verb="marker_elsewhere")

    assert "marker elsewhere" not in client_for(secretary).get(address(act, page)).content.decode()
