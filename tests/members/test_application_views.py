"""Pages of admission: the public form and its guards, the private file, the office's list and file, exits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alliance.kernel import limits, tenancy
from alliance.models import Alliance, InboxItem, User
from groups.choices import GroupKind
from members.actions import application as acts
from members.actions.application_letter import write_closed
from members.actions.exit import give_notice
from members.choices import ApplicationState, InstitutionState
from members.forms.application import ApplicationForm
from members.models import Application, ApplicationEvidence, ExitHandover, StandingNote
from members.selectors.exit import exit_sheet
from members.tasks import follow_admission
from tests.conftest import ClientFor
from tests.factories.admission import PDF, application_values, make_application, make_complete, token_of
from tests.factories.alliance import address, make_member, make_user
from tests.factories.groups import make_conflict, make_seat
from tests.factories.members import make_institution, make_staff

pytestmark = pytest.mark.django_db

KIND = "industry_think_tank"
NOW = timezone.now()


@pytest.fixture(autouse=True)
def _no_limit(alliance: Alliance) -> None:
    limits.forget("public_form_network", alliance.pk, "application", limits.network_of("127.0.0.1"))
    limits.forget("public_form", alliance.pk, "application")


def opened(subject: str = KIND, seconds: int = 30) -> str:
    """The signed moment of a form opened some seconds ago."""
    signer = signing.TimestampSigner(salt=ApplicationForm.salt)
    ago = timezone.now() - timedelta(seconds=seconds)
    value = f"{subject}:{signing.b62_encode(int(ago.timestamp()))}"
    return f"{value}:{signer.signature(value)}"


def posted(**changes: Any) -> dict[str, Any]:
    """The form of an industry think tank as a browser sends it."""
    values = application_values()
    row = values["elements"][0]
    data = {
        **{name: value for name, value in values.items() if isinstance(value, str) and name != "subkind"},
        "element_1": row["element"],
        "scale_1": row["scale"],
        "statement_1": row["statement"],
        **{f"answer_{key}": text for key, text in values["answers"].items()},
        "consent": "on",
        "started": opened(),
    }
    return {**data, **changes}


def apply(client: Client, alliance: Alliance, **changes: Any) -> Any:
    """Send the form."""
    return client.post(address(alliance, "application_create", kind=KIND), posted(**changes))


def count(alliance: Alliance) -> int:
    """Applications on record."""
    with tenancy.acting_in(alliance):
        return Application.objects.of(alliance).count()


def test_the_form_keeps_the_application_and_says_where_to_look(client: Client, alliance: Alliance) -> None:
    answer = apply(client, alliance)

    assert (answer.status_code, answer["Location"]) == (302, address(alliance, "application_sent"))
    assert count(alliance) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"homepage": "https://spam.example"},
        {"started": ""},
        {"started": "too soon"},
        {"started": opened("media_think_tank")},
        {"started": opened(seconds=25 * 3600)},
        {"consent": ""},
        {"contact_email": "nobody"},
        {"answer_fields": ""},
        {"region": "Atlantis"},
    ],
)
def test_what_no_person_sends_or_what_breaks_a_rule_is_refused_and_nothing_typed_is_lost(
    client: Client, alliance: Alliance, changes: dict[str, str]
) -> None:
    if changes.get("started") == "too soon":
        changes = {"started": opened(seconds=1)}
    answer = apply(client, alliance, **changes)

    assert answer.status_code == 422
    assert count(alliance) == 0
    page = answer.content.decode()
    assert "Twelve people and what they know." in page
    assert "Zhou Min" in page


def test_the_sixth_form_of_a_network_within_an_hour_waits_and_keeps_what_was_typed(
    client: Client, alliance: Alliance
) -> None:
    for _ in range(5):
        assert apply(client, alliance).status_code == 302

    answer = apply(client, alliance)

    assert answer.status_code == 429
    assert answer["Retry-After"]
    assert "Twelve people" in answer.content.decode()
    assert count(alliance) == 5


def test_a_likely_member_is_warned_of_and_can_go_on(client: Client, alliance: Alliance) -> None:
    data = posted()
    with tenancy.acting_in(alliance):
        make_institution(alliance, registry_scheme="uscc", registry_code=data["registry_code"], name_en="Old Hand")
    url = address(alliance, "application_create", kind=KIND)

    warned = client.post(url, data)
    again = client.post(url, {**data, "duplicate_confirmed": "on"})

    assert warned.status_code == 422
    assert "duplicate_confirmed" in warned.content.decode()
    assert "Old Hand" in warned.content.decode()
    assert again.status_code == 302


def test_through_the_private_link_a_file_is_completed_and_sent(client: Client, alliance: Alliance, secretary: User) -> None:
    with tenancy.acting_in(alliance):
        application = make_application(alliance, evidence=False, sent=False, language="en")
    token = token_of(application)
    upload = {"kind": "legal_status", "file": SimpleUploadedFile("licence.pdf", PDF)}

    page = client.get(address(alliance, "application_file", token=token))
    refused = client.post(
        address(alliance, "application_evidence_add", token=token),
        {"kind": "legal_status", "file": SimpleUploadedFile("licence.exe", b"MZ")},
    )
    added = client.post(address(alliance, "application_evidence_add", token=token), upload)
    sent = client.post(address(alliance, "application_submit", token=token))

    assert page["Referrer-Policy"] == "same-origin"
    assert "no-store" in page["Cache-Control"]
    assert refused.status_code == 422
    assert (added.status_code, sent.status_code) == (302, 302)
    with tenancy.acting_in(alliance):
        assert ApplicationEvidence.objects.of(alliance).count() == 1
        application.refresh_from_db()
        assert application.state == ApplicationState.SUBMITTED
        assert InboxItem.objects.of(alliance).filter(done_at=None).count() == 1


@pytest.mark.parametrize("rule", ["public_upload", "public_upload_network"])
def test_uploads_are_counted_by_link_and_by_network_and_nothing_is_lost(
    alliance: Alliance, client: Client, settings: Any, rule: str
) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, rule: "1 per hour"}
    with tenancy.acting_in(alliance):
        applications = [make_application(alliance, evidence=False, sent=False, language="en") for _number in range(2)]
    limits.forget("public_upload_network", alliance.pk, "evidence", limits.network_of("127.0.0.1"))
    urls = [address(alliance, "application_evidence_add", token=token_of(one)) for one in applications]

    def upload(url: str) -> Any:
        return client.post(url, {"kind": "other", "file": SimpleUploadedFile("a.pdf", PDF)})

    assert upload(urls[0]).status_code == 302
    again, elsewhere = upload(urls[0]), upload(urls[1])

    assert again.status_code == 429
    assert "What you sent before is kept" in again.content.decode()
    assert elsewhere.status_code == (302 if rule == "public_upload" else 429)
    with tenancy.acting_in(alliance):
        assert ApplicationEvidence.objects.of(alliance).filter(application=applications[0]).count() == 1
    limits.forget("public_upload_network", alliance.pk, "evidence", limits.network_of("127.0.0.1"))


def test_the_files_of_one_application_have_a_size_together(
    alliance: Alliance, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "EVIDENCE_TOTAL_BYTES", len(PDF) + 10)
    with tenancy.acting_in(alliance):
        application = make_application(alliance, evidence=False, sent=False, language="en")
    url = address(alliance, "application_evidence_add", token=token_of(application))

    first = client.post(url, {"kind": "other", "file": SimpleUploadedFile("a.pdf", PDF)})
    second = client.post(url, {"kind": "other", "file": SimpleUploadedFile("b.pdf", PDF)})

    assert (first.status_code, second.status_code) == (302, 422)
    page = second.content.decode()
    assert "MB together" in page
    assert "Remove a file first" in page
    with tenancy.acting_in(alliance):
        assert ApplicationEvidence.objects.of(alliance).count() == 1


def test_a_file_sent_back_shows_each_point_beside_its_field(client: Client, alliance: Alliance, secretary: User) -> None:
    with tenancy.acting_in(alliance):
        application = make_application(alliance, language="en")
        acts.start_screening(alliance, application.code, actor=secretary, at=NOW)
        acts.return_application(
            alliance, application.code, points={"answer_studies": "Add the years."}, actor=secretary, at=NOW
        )
    page = client.get(address(alliance, "application_edit", token=token_of(application))).content.decode()

    label = page.index("Which studies of the last three years")
    assert 0 < label - page.index("Add the years.") < 600


def test_the_links_of_other_alliances_open_nothing(client: Client, alliance: Alliance, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        token = token_of(make_application(other_alliance))

    assert client.get(address(alliance, "application_file", token=token)).status_code == 404


def test_the_office_takes_checks_sends_back_and_completes(
    client_for: ClientFor, alliance: Alliance, secretary: User
) -> None:
    with tenancy.acting_in(alliance):
        application = make_application(alliance, evidence=False)
    office = client_for(secretary)

    def post(step: str, **data: Any) -> Any:
        return office.post(address(alliance, f"application_{step}", code=application.code), data)

    assert application.name_en in office.get(address(alliance, "application_list")).content.decode()
    assert post("screen").status_code == 302
    assert post("complete").status_code == 302  # with a message: refused
    page = office.get(address(alliance, "application_return", code=application.code)).content.decode()
    assert "point_evidence_legal_status" in page
    assert post("return").status_code == 200
    assert post("return", point_web="Not reachable.").status_code == 302
    with tenancy.acting_in(alliance):
        application.refresh_from_db()
    assert application.state == ApplicationState.RETURNED


def test_the_list_and_the_file_cost_the_same_queries_whatever_their_length(
    client_for: ClientFor, alliance: Alliance, secretary: User
) -> None:
    office = client_for(secretary)
    with tenancy.acting_in(alliance):
        first = make_complete(alliance, secretary)

    def cost(url: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert office.get(url).status_code == 200
        return len(queries)

    urls = [address(alliance, "application_list"), address(alliance, "application_detail", code=first.code)]
    before = [cost(url) for url in urls for _ in (1, 2)][1::2]
    with tenancy.acting_in(alliance):
        for _ in range(6):
            make_application(alliance)
        for number in range(4):
            write_closed(first, "%(name)s", key=f"more-{number}", at=NOW)

    assert [cost(url) for url in urls] == before


def test_the_exit_page_settles_duties_and_completes(client_for: ClientFor, alliance: Alliance, secretary: User) -> None:
    office = client_for(secretary)
    with tenancy.acting_in(alliance):
        institution, successor = make_institution(alliance), make_institution(alliance)
        make_seat(institution, GroupKind.POLICY, starts_at=NOW - timedelta(days=90))
        give_notice(alliance, institution.code, actor=secretary, at=NOW - timedelta(days=1))
        key = exit_sheet(alliance, institution, NOW).duties[0].key

    def post(route: str, **data: Any) -> Any:
        return office.post(address(alliance, route, code=institution.code), data)

    early = post("institution_exit_complete")
    wrong = post("institution_exit_settle", duty=key, handed_to="nobody")
    right = post("institution_exit_settle", duty=key, handed_to=successor.code)
    running = office.get(address(alliance, "institution_exit", code=institution.code)).content.decode()
    assert "The notice runs until" in running
    assert address(alliance, "institution_exit_complete", code=institution.code) not in running
    with tenancy.acting_in(alliance):
        judge = make_member(alliance, "committee")
    shorten, committee = address(alliance, "institution_exit_shorten", code=institution.code), client_for(judge)
    assert office.post(shorten, {"ends_on": timezone.localdate(), "reason": "x"}).status_code == 403
    assert committee.post(shorten, {"ends_on": timezone.localdate(), "reason": ""}).status_code == 422
    late = committee.post(shorten, {"ends_on": "2199-01-01", "reason": "They move."})
    assert late.status_code == 422
    assert "They move." in late.content.decode()
    assert committee.post(shorten, {"ends_on": timezone.localdate(), "reason": "They move."}).status_code == 302
    assert "They move." in office.get(address(alliance, "institution_exit", code=institution.code)).content.decode()
    done = post("institution_exit_complete")

    assert early["Location"] == address(alliance, "institution_exit", code=institution.code)
    assert wrong.status_code == 422
    assert "nobody" in wrong.content.decode()
    assert (right.status_code, done.status_code) == (302, 302)
    with tenancy.acting_in(alliance):
        institution.refresh_from_db()
        assert institution.state == InstitutionState.WITHDRAWN
        assert ExitHandover.objects.of(alliance).get().handed_to_id == successor.pk


def test_a_representative_gives_notice_and_takes_it_back_in_the_portal(client_for: ClientFor, alliance: Alliance) -> None:
    user = make_user()
    with tenancy.acting_in(alliance):
        institution = make_institution(alliance)
        make_staff(institution, user)
    portal = client_for(user)

    unsure = portal.post(address(alliance, "portal_membership_notice"), {"reason": "We merge."})
    given = portal.post(address(alliance, "portal_membership_notice"), {"reason": "We merge.", "sure": "on"})
    page = portal.get(address(alliance, "portal_membership"))
    with tenancy.acting_in(alliance):
        institution.refresh_from_db()
    leaving = institution.state
    portal.post(address(alliance, "portal_membership_stay"))
    with tenancy.acting_in(alliance):
        institution.refresh_from_db()

    assert unsure.status_code == 422
    assert "We merge." in unsure.content.decode()
    assert given.status_code == 302
    assert page.status_code == 200
    assert (leaving, institution.state) == (InstitutionState.LEAVING, InstitutionState.ACTIVE)


def test_a_hearing_is_noted_on_a_page_of_its_own(client_for: ClientFor, alliance: Alliance, secretary: User) -> None:
    with tenancy.acting_in(alliance):
        institution = make_institution(alliance)
    url = address(alliance, "standing_note_add", code=institution.code)
    office = client_for(secretary)

    ahead = office.post(url, {"kind": "reminder", "on": "2099-01-01", "words": "Later."})
    noted = office.post(url, {"kind": "reminder", "on": "2026-01-05", "words": "Reminded by letter."})

    assert ahead.status_code == 422
    assert noted.status_code == 302
    with tenancy.acting_in(alliance):
        assert StandingNote.objects.of(alliance).get().words == "Reminded by letter."


def test_the_task_lets_overdue_applications_expire_and_may_run_twice(alliance: Alliance) -> None:
    with tenancy.acting_in(alliance):
        application = make_application(alliance, sent=False, at=timezone.now() - timedelta(days=20))

    follow_admission(alliance.pk)
    follow_admission(alliance.pk)

    with tenancy.acting_in(alliance):
        application.refresh_from_db()
    assert application.state == ApplicationState.EXPIRED


def test_lists_and_api_tell_nothing_of_an_application_the_reader_stands_aside_from(
    client_for: ClientFor, alliance: Alliance
) -> None:
    linked, free = make_member(alliance, "committee"), make_member(alliance, "committee")
    with tenancy.acting_in(alliance):
        institution = make_institution(alliance)
        make_staff(institution, linked)
        make_staff(make_institution(alliance), free)
        application = make_application(alliance, language="en")
        make_conflict(institution, application.matter)
        name, code = application.name_en, application.code
    page, api = address(alliance, "application_list"), address(alliance, "api_application_list")

    seen, hidden = client_for(free), client_for(linked)

    assert name in seen.get(page).content.decode()
    assert [row["code"] for row in seen.get(api).json()["results"]] == [code]
    for url in (page, f"{page}?q={name}"):
        told = hidden.get(url).content.decode()
        assert code not in told
        assert f"application_detail/{code}" not in told
        assert "is not shown: your institution stands aside" in told
    assert name not in hidden.get(page).content.decode()
    assert hidden.get(api).json()["results"] == []
    assert hidden.get(address(alliance, "api_application_detail", code=code)).status_code == 404
