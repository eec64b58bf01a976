from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.utils import timezone

import verify_log
from alliance.actions.audit import record_audit
from alliance.actions.audit_export import EXPORT_LIFE, PURPOSE, drop_old_exports, export_log
from alliance.actions.log_heads import send_head
from alliance.actions.sealing import seal_batch
from alliance.choices import JobState
from alliance.kernel import jobs, signing, tenancy
from alliance.kernel.errors import PermissionRefusedError
from alliance.models import Alliance, AuditEntry, AuditPending, Job, Notification, StoredFile, User
from alliance.selectors.audit import latest_head
from alliance.selectors.audit_log import seal_state, verifier_of
from members.choices import StaffRole
from tests.factories.alliance import NOON, address, make_alliance, make_job, make_member
from tests.factories.members import make_institution, make_staff


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "keys"
    monkeypatch.setattr(settings, "KEYS_DIR", folder)
    return folder


def write_and_seal(alliance: Alliance, count: int = 3) -> None:
    job = make_job(alliance, "tests.kind")
    for number in range(count):
        record_audit(job, actor=None, verb=f"test_{number}", personal={"name": "林慧"}, at=NOON)
    seal_batch(alliance, at=NOON)


@pytest.fixture
def representative(act: Alliance) -> User:
    return make_staff(make_institution(act), role=StaffRole.REPRESENTATIVE).user


def test_the_head_is_public_as_text_as_page_and_by_the_api(act: Alliance, client: Any) -> None:
    assert client.get(address(act, "log_head")).status_code == 404
    assert "no head yet" in client.get(address(act, "log_page")).content.decode()
    assert client.get(address(act, "api_log_head")).status_code == 404
    write_and_seal(act)
    head = latest_head(act)
    assert head is not None

    text = client.get(address(act, "log_head"))
    page = client.get(address(act, "log_page")).content.decode()
    data = client.get(address(act, "api_log_head")).json()

    assert text.content.decode() == head.note == data["note"]
    assert text["Content-Type"] == "text/plain; charset=utf-8"
    assert data["size"] == 3
    assert data["key"] == verifier_of(head)
    assert verifier_of(head) in page.replace("&#x2B;", "+")
    assert "api/v1/log/consistency" not in page  # a visitor may not ask for proofs


def test_the_program_that_checks_is_handed_out_as_it_is(act: Alliance, client: Any) -> None:
    answer = client.get(address(act, "log_checker"))

    assert answer.content == Path(verify_log.__file__).read_bytes()
    assert "attachment" in answer["Content-Disposition"]


def test_the_console_tells_how_far_the_log_is_sealed(act: Alliance, secretary: User, client_for: Any) -> None:
    write_and_seal(act)
    record_audit(make_job(act, "tests.kind"), actor=None, verb="later")
    client = client_for(secretary)

    listed = client.get(address(act, "audit_list")).content.decode()
    page = client.get(address(act, "audit_sealing")).content.decode()

    assert "Sealed: 3 entries" in listed
    assert "1 wait for the next seal" in listed
    assert "Make an export" in page
    assert str(verifier_of(latest_head(act))) in page.replace("&#x2B;", "+")


def test_a_lost_entry_and_a_late_seal_are_told(act: Alliance, secretary: User, client_for: Any) -> None:
    record_audit(make_job(act, "tests.kind"), actor=None, verb="old", at=timezone.now() - timedelta(minutes=9))
    AuditPending.objects.create(alliance=act, entry_id="00000000-0000-7000-8000-000000000009")

    page = client_for(secretary).get(address(act, "audit_sealing")).content.decode()

    assert "Entries are missing." in page
    assert "Sealing is late." in page


def test_a_head_signed_by_an_unknown_key_is_told(act: Alliance, secretary: User, client_for: Any, keys: Path) -> None:
    write_and_seal(act)
    for name in (signing.PRIVATE_FILE, signing.PUBLIC_FILE):
        (keys / name).unlink()

    assert seal_state(act).signed_by == ""
    assert "does not know" in client_for(secretary).get(address(act, "audit_sealing")).content.decode()


def test_the_state_takes_two_queries(act: Alliance, django_assert_num_queries: Any) -> None:
    write_and_seal(act)
    with django_assert_num_queries(2):
        seal_state(act)


@pytest.mark.parametrize("route", ["audit_sealing", "audit_export"])
def test_only_office_and_auditor_see_the_sealing_and_export(
    act: Alliance, committee_member: User, representative: User, client_for: Any, route: str
) -> None:
    for person in (committee_member, representative):
        client = client_for(person)
        answer = client.post(address(act, route)) if route == "audit_export" else client.get(address(act, route))
        assert answer.status_code == 403
    with pytest.raises(PermissionRefusedError):
        export_log(act, with_personal=False, actor=representative, at=NOON)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("with_personal", [True, False])
def test_an_export_is_made_as_a_job_and_verifies(tmp_path: Path, client_for: Any, with_personal: bool) -> None:
    alliance = make_alliance("under-test")
    from alliance.choices import AllianceRole

    auditor = make_member(alliance, AllianceRole.AUDITOR, email="auditor@example.org")
    with tenancy.acting_in(alliance):
        write_and_seal(alliance)
        record_audit(make_job(alliance, "tests.kind"), actor=None, verb="waits", at=NOON)
    client = client_for(auditor)

    answer = client.post(address(alliance, "audit_export"), {"with_personal": "on"} if with_personal else {})

    with tenancy.acting_in(alliance):
        job = Job.objects.of(alliance).get(kind="alliance.export_audit_log")
        assert job.state == JobState.SUCCEEDED, job.result
        key = verifier_of(latest_head(alliance))
        assert AuditEntry.objects.of(alliance).filter(verb="export_audit_log").count() == 1
    assert answer["Location"].endswith(f"/jobs/{job.uuid}/")
    where = client.get(address(alliance, "audit_export_file", uuid=job.uuid))["Location"]
    file = tmp_path / "log.jsonl.gz"
    file.write_bytes(b"".join(client.get(where).streaming_content))
    text = gzip.decompress(file.read_bytes()).decode()
    assert verify_log.main([str(file), "--key", key]) == 0
    assert ("林慧" in text) is with_personal
    assert '"verb":"waits"' in text  # what waited was sealed first
    stranger = client_for(make_member(make_alliance("next-door"), AllianceRole.AUDITOR, email="next@example.org"))
    assert stranger.get(address(alliance, "audit_export_file", uuid=job.uuid)).status_code in {403, 404}
    assert stranger.get(where).status_code in {403, 404}


def test_exports_are_deleted_after_their_term(act: Alliance, auditor: User) -> None:
    from alliance.actions.files import store_produced

    kept = store_produced(
        act, b"x", name="log.jsonl.gz", media_type="application/gzip", purpose=PURPOSE, actor=auditor, permission="alliance.export_audit"
    )  # fmt: skip

    assert drop_old_exports(act, at=timezone.now()) == 0
    assert drop_old_exports(act, at=timezone.now() + EXPORT_LIFE + timedelta(minutes=1)) == 1
    assert not StoredFile.objects.of(act).filter(pk=kept.pk).exists()


def test_a_representative_gets_the_proof_of_consistency_but_not_of_an_entry(
    act: Alliance, representative: User, tmp_path: Path, client_for: Any
) -> None:
    write_and_seal(act, 3)
    kept = latest_head(act)
    assert kept is not None
    size = kept.size
    write_and_seal(act, 4)
    client = client_for(representative)

    answer = client.get(address(act, "api_log_consistency"), {"from": size})
    path = tmp_path / "proof.json"
    path.write_bytes(answer.content)

    assert verify_log.main([str(path), "--key", verifier_of(kept), "--head", kept.note]) == 0
    entry = AuditEntry.objects.of(act).first()
    assert entry is not None
    assert client.get(address(act, "api_log_inclusion", entry=entry.pk)).status_code == 403
    assert "log/consistency" in client.get(address(act, "log_page")).content.decode()


@pytest.mark.parametrize("asked", ["", "x", "0", "-1", "999", "1.5", "٣", "9" * 40])
def test_a_size_the_log_never_had_is_refused_with_words(act: Alliance, auditor: User, client_for: Any, asked: str) -> None:
    write_and_seal(act)

    answer = client_for(auditor).get(address(act, "api_log_consistency"), {"from": asked})

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_parameter"


def test_the_auditor_gets_the_proof_of_an_entry_of_this_alliance_only(
    act: Alliance, other_alliance: Alliance, auditor: User, tmp_path: Path, client_for: Any
) -> None:
    write_and_seal(act)
    with tenancy.acting_in(other_alliance):
        write_and_seal(other_alliance)
        foreign = AuditEntry.objects.of(other_alliance).first()
    own = AuditEntry.objects.of(act).first()
    assert own is not None
    assert foreign is not None
    client = client_for(auditor)

    answer = client.get(address(act, "api_log_inclusion", entry=own.pk))
    path = tmp_path / "proof.json"
    path.write_bytes(answer.content)

    assert json.loads(answer.content)["record"] == own.record
    assert verify_log.main([str(path), "--key", verifier_of(latest_head(act))]) == 0
    assert client.get(address(act, "api_log_inclusion", entry=foreign.pk)).status_code == 404


def test_each_representative_gets_the_head_once_a_week(
    act: Alliance, representative: User, secretary: User, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    assert send_head(act, at=NOON) == 0  # no head yet
    write_and_seal(act)
    head = latest_head(act)
    assert head is not None

    with django_capture_on_commit_callbacks() as callbacks:
        told = [send_head(act, at=NOON + timedelta(days=days)) for days in (0, 1, 7)]

    assert told == [1, 0, 1]
    assert {note.user_id for note in Notification.objects.of(act).filter(kind="alliance.log_head")} == {representative.pk}
    assert len(callbacks) == 2
    from alliance.kernel.texts import texts

    body = (
        texts.get("alliance.log_head").render(Notification.objects.of(act).filter(kind="alliance.log_head")[0].params).body
    )
    note = body.partition("\n\n")[2].rpartition("\nKey:")[0]
    assert verify_log.Head(note).root == bytes(head.root)
    assert not mail.outbox


def test_the_operator_retires_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    first = signing.signing_key(make=True).public_key().public_bytes_raw()

    call_command("rotate_audit_key")

    assert signing.retired_keys() == [first]
    assert signing.public_key() != first
    assert "retired:" in capsys.readouterr().out


def test_a_log_whose_head_cannot_be_read_still_has_its_pages(act: Alliance, secretary: User, client_for: Any) -> None:
    from alliance.models import TreeHead

    TreeHead.objects.create(alliance=act, size=5, root=b"\x01" * 32, frontier=b"\x01" * 64, at=NOON, note="row-1")

    client = client_for(secretary)
    for route in ("audit_sealing", "audit_list", "log_page", "log_head", "api_log_head"):
        assert client.get(address(act, route)).status_code == 200
    assert jobs.kinds.get("alliance.export_audit_log").url_name == "audit_export_file"
