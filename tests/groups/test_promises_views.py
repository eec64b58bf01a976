"""Pages and API of charter, responsibilities, consortia and disputes: what readers see, do and are refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.models import Alliance, User
from groups.choices import CharterState, ConsortiumState, DisputeState, ReportState, ResponsibilityState
from groups.models import (
    CharterAcceptance,
    CharterVersion,
    Consortium,
    Dispute,
    Responsibility,
    ResponsibilityReport,
)
from groups.tasks import keep_all_promises
from members.choices import InstitutionKind
from members.models import Institution
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.api import bearer
from tests.factories.charter import accept, add_part, make_charter, make_consortium, make_dispute, make_responsibility
from tests.factories.groups import make_seat
from tests.factories.members import make_institution, make_staff


@pytest.fixture
def institution(act: Alliance) -> Institution:
    found = make_institution(act)
    make_seat(found)
    return found


@pytest.fixture
def representative(institution: Institution) -> User:
    return make_staff(institution).user


def text(answer: Any) -> str:
    return str(answer.content.decode())


# ----------------------------------------------------------------------------------------------------------- charter


def test_the_office_drafts_changes_and_puts_a_version_to_the_vote(
    act: Alliance, secretary: User, client_for: ClientFor
) -> None:
    client = client_for(secretary)
    old = make_charter(act)

    client.post(address(act, "charter_list"))
    client.post(
        address(act, "charter_article", number=2, article=1),
        {"title_en": "Name", "title_zh": "名称", "body_en": "Another name.", "body_zh": "另一个名称。"},
    )
    difference = text(client.get(address(act, "charter_difference", number=2)))
    refused = client.post(address(act, "charter_write", number=2), {"text": "### nothing"})
    proposed = client.post(address(act, "charter_propose", number=2))

    assert "<del>" in difference
    assert "[−" in difference
    assert refused.status_code == 422
    assert "### nothing" in text(refused)  # nothing typed is lost
    assert proposed.status_code == 302
    version = CharterVersion.objects.of(act).select_related("motion").get(number=2)
    assert version.motion is not None
    assert old.number == 1


def test_a_member_reads_and_accepts_the_charter_in_the_portal(
    act: Alliance, institution: Institution, representative: User, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alliance.kernel.accounts.is_authentication_fresh", lambda _request: True)
    version = make_charter(act, in_force_on=timezone.localdate() - timedelta(days=60))
    client = client_for(representative)

    page = text(client.get(address(act, "portal_charter")))
    assert "Your institution has no vote." in page
    assert version.digest[:32] in page
    form = client.get(address(act, "portal_charter_accept"))
    assert version.digest in text(form)
    refused = client.post(address(act, "portal_charter_accept"), {"digest": version.digest})
    assert refused.status_code == 422
    done = client.post(address(act, "portal_charter_accept"), {"digest": version.digest, "agreed": "on"})

    assert done.status_code == 302
    assert CharterAcceptance.objects.of(act).filter(institution=institution, user=representative).count() == 1
    assert "Your institution has accepted this version." in text(client.get(address(act, "portal_charter")))


def test_accepting_asks_again_who_is_there(
    act: Alliance, institution: Institution, representative: User, client_for: ClientFor
) -> None:
    version = make_charter(act)

    answer = client_for(representative).post(
        address(act, "portal_charter_accept"), {"digest": version.digest, "agreed": "on"}
    )

    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"]
    assert not CharterAcceptance.objects.of(act).filter(institution=institution).exists()


def test_the_public_reads_every_adopted_version_and_no_draft(act: Alliance, client: Any) -> None:
    make_charter(act, 1, state=CharterState.SUPERSEDED)
    make_charter(act, 2)
    make_charter(act, 3, state=CharterState.DRAFT)

    page = client.get(address(act, "charter_text"))

    assert page.status_code == 200
    assert "第1条的正文，第2版。" in text(page)
    assert "Text of article 1, version 2." in text(page)
    assert client.get(address(act, "charter_version", number=1)).status_code == 200
    assert client.get(address(act, "charter_changes", number=2)).status_code == 200
    assert client.get(address(act, "charter_version", number=3)).status_code == 404


def test_the_office_sees_who_has_no_vote_and_notes_a_paper(
    act: Alliance, institution: Institution, secretary: User, client_for: ClientFor
) -> None:
    version = make_charter(act, in_force_on=timezone.localdate() - timedelta(days=60))
    accept(version, make_institution(act))
    client = client_for(secretary)
    url = address(act, "charter_acceptances", number=1)

    assert "No vote" in text(client.get(url))
    paper = SimpleUploadedFile("signed.pdf", b"%PDF-1.4\ntrailer<<>>\n%%EOF\n")
    values = {"institution": institution.code, "signed_on": "2026-04-20", "paper": paper}
    assert client.post(url, values).status_code == 302
    assert "No vote" not in text(client.get(url))
    table = client.get(f"{url}?format=csv")
    assert institution.code in table.content.decode("utf-8-sig")


# -------------------------------------------------------------------------------------------------- responsibilities


def test_a_responsibility_goes_from_proposal_to_an_accepted_report(
    act: Alliance, institution: Institution, representative: User, secretary: User, client_for: ClientFor
) -> None:
    office, portal = client_for(secretary), client_for(representative)
    values = {
        "institution": institution.code,
        "group": "policy_group",
        "duty_en": "Keep the register",
        "measure_en": "updated monthly",
        "period": "monthly",
        "starts_on": timezone.localdate().isoformat(),
    }
    refused = office.post(address(act, "responsibility_new"), {**values, "group": "wisdom_group"})
    assert refused.status_code == 422
    assert "no working seat" in text(refused)
    assert "Keep the register" in text(refused)
    office.post(address(act, "responsibility_new"), values)
    found = Responsibility.objects.of(act).get()

    assert "Acknowledge" in text(portal.get(address(act, "portal_duty", code=found.code)))
    portal.post(address(act, "portal_duty", code=found.code), {"act": "acknowledge"})
    report = ResponsibilityReport.objects.of(act).first() or ResponsibilityReport.objects.create(
        alliance=act, responsibility=found, due_on=timezone.localdate()
    )
    url = address(act, "portal_duty_report", code=found.code, report=report.pk)
    assert portal.post(url, {"text": "", "measure_met": "yes"}).status_code == 422
    assert portal.post(url, {"text": "Kept.", "measure_met": "yes", "figure": "12.5"}).status_code == 302
    office.post(
        address(act, "responsibility_report", code=found.code, report=report.pk), {"verdict": "accept", "remark": ""}
    )

    report.refresh_from_db()
    assert report.state == ReportState.ACCEPTED
    page = text(office.get(address(act, "responsibility_list")))
    assert "Keep the register" in page
    assert found.code in office.get(address(act, "responsibility_list") + "?format=csv").content.decode("utf-8-sig")


def test_the_console_list_costs_the_same_queries_whatever_its_length(
    act: Alliance, institution: Institution, secretary: User, client_for: ClientFor, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = client_for(secretary)
    url = address(act, "responsibility_list")
    counts = []
    for _round in range(2):
        for _number in range(4):
            make_responsibility(institution)
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(url)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_another_member_s_responsibility_is_not_there(
    act: Alliance, institution: Institution, client_for: ClientFor
) -> None:
    neighbour = make_staff(make_institution(act)).user
    found = make_responsibility(institution)

    assert client_for(neighbour).get(address(act, "portal_duty", code=found.code)).status_code == 404


# --------------------------------------------------------------------------------------------------------- consortia


def test_a_consortium_is_founded_joined_filed_and_left_in_the_portal(
    act: Alliance, institution: Institution, representative: User, client_for: ClientFor, client: Any
) -> None:
    mill = make_institution(act, kind=InstitutionKind.LEADING_ENTERPRISE)
    lead, other = client_for(make_staff(mill).user), client_for(representative)
    values = {"name_en": "Low-salt dyeing", "technology_en": "dyeing", "terms_en": "Terms.", "plan_en": "Plan."}

    lead.post(address(act, "portal_consortium_new"), values)
    code = Consortium.objects.of(act).get().code
    lead.post(address(act, "portal_consortium_invite", code=code), {"institution": institution.code, "role": "member"})
    assert "Your institution is invited" in text(other.get(address(act, "portal_consortium", code=code)))
    assert "Shared files" not in text(other.get(address(act, "portal_consortium", code=code)))
    other.post(address(act, "portal_consortium_step", code=code, step="accept"))
    lead.post(address(act, "portal_consortium_step", code=code, step="file"), {"motion": ""})
    assert Consortium.objects.of(act).get().state == ConsortiumState.ACTIVE
    upload = {"title": "Recipes", "file": SimpleUploadedFile("recipes.csv", b"a,b\n1,2\n")}
    lead.post(address(act, "portal_consortium_file", code=code), upload)
    assert "Recipes" in text(other.get(address(act, "portal_consortium", code=code)))

    assert "Low-salt dyeing" in text(client.get(address(act, "consortium_public_list")))
    other.post(address(act, "portal_consortium_step", code=code, step="leave"))
    assert other.get(address(act, "portal_consortium", code=code)).status_code == 404


def test_the_office_reads_what_was_filed_and_sees_no_files(
    act: Alliance, institution: Institution, secretary: User, client_for: ClientFor
) -> None:
    consortium = make_consortium(act, institution)

    page = text(client_for(secretary).get(address(act, "consortium_detail", code=consortium.code)))

    assert "Inputs, ownership, sharing, exit." in page
    assert "the office and the committee cannot" in page


# ---------------------------------------------------------------------------------------------------------- disputes


def test_a_dispute_runs_from_filing_to_settlement_on_its_pages(
    act: Alliance, institution: Institution, representative: User, committee_member: User, client_for: ClientFor
) -> None:
    other = make_institution(act)
    one, two, chair = client_for(representative), client_for(make_staff(other).user), client_for(committee_member)
    form = {"respondent": other.code, "subject": "Machine hours", "statement": "Eight were agreed."}

    assert one.post(address(act, "portal_dispute_new"), {**form, "respondent": "NOBODY"}).status_code == 422
    one.post(address(act, "portal_dispute_new"), form)
    code = Dispute.objects.of(act).get().code

    def step(name: str) -> str:
        return address(act, "dispute_step", code=code, step=name)

    chair.post(step("mediator"), {"mediator": str(committee_member.uuid)})
    chair.post(step("proposal"), {"text": "Six hours."})
    assert "Six hours." in text(two.get(address(act, "dispute_detail", code=code)))
    agree = two.get(step("agree"))
    proposal = agree.context["form"].initial["proposal"]
    for reader in (one, two):
        assert reader.post(step("agree"), {"proposal": str(proposal)}).status_code == 302

    found = Dispute.objects.of(act).get()
    assert found.state == DisputeState.SETTLED
    assert found.digest[:32] in text(one.get(address(act, "dispute_detail", code=code)))


def test_for_everybody_else_there_is_no_dispute(
    act: Alliance, institution: Institution, secretary: User, office_admin: User, auditor: User, client_for: ClientFor
) -> None:
    dispute = make_dispute(institution, make_institution(act))
    neighbour = make_staff(make_institution(act)).user

    for person in (secretary, office_admin, auditor, neighbour):
        client = client_for(person)
        assert client.get(address(act, "dispute_detail", code=dispute.code)).status_code == 404
        assert client.get(address(act, "api_dispute_detail", code=dispute.code)).status_code == 404
        assert dispute.code not in text(client.get(address(act, "api_dispute_list")))
    assert client_for(secretary).get(address(act, "dispute_list")).status_code == 403


# --------------------------------------------------------------------------------------------------------------- API


def test_parties_read_their_disputes_by_the_api_and_machines_never(
    act: Alliance, institution: Institution, representative: User, client_for: ClientFor, client: Any
) -> None:
    dispute = make_dispute(institution, make_institution(act))
    person = client_for(representative)

    assert [row["code"] for row in person.get(address(act, "api_dispute_list")).json()["results"]] == [dispute.code]
    assert person.get(address(act, "api_dispute_detail", code=dispute.code)).json()["steps"] == []
    headers = bearer(client, act)
    assert client.get(address(act, "api_dispute_list"), headers=headers).status_code == 403


def test_drafts_and_unfiled_consortia_are_not_given_out(
    act: Alliance, institution: Institution, representative: User, client_for: ClientFor, client: Any
) -> None:
    make_charter(act, 1, state=CharterState.DRAFT)
    consortium = make_consortium(act, make_institution(act), state=ConsortiumState.FORMING, filed_on=None)
    headers = bearer(client, act)

    for route in ("api_charter_list", "api_consortium_list"):
        assert client.get(address(act, route), headers=headers).json()["results"] == []
    assert client.get(address(act, "api_charter_detail", code="1"), headers=headers).status_code == 404
    assert client.get(address(act, "api_charter_detail", code="99999"), headers=headers).status_code == 404
    assert client.get(address(act, "api_charter_detail", code="x"), headers=headers).status_code == 404
    person = client_for(representative)
    assert person.get(address(act, "api_consortium_list")).json()["results"] == []
    add_part(consortium, institution, accepted_at=None)
    assert len(client_for(representative).get(address(act, "api_consortium_list")).json()["results"]) == 1


def test_a_responsibility_is_answered_and_reported_on_by_the_api(
    act: Alliance, institution: Institution, representative: User, client_for: ClientFor
) -> None:
    found = make_responsibility(institution, state=ResponsibilityState.PROPOSED)
    client = client_for(representative)

    answer = client.post(
        address(act, "api_responsibility_answer", code=found.code),
        {"acknowledged": True},
        content_type="application/json",
    )
    assert answer.json() == {"code": found.code, "state": "acknowledged"}
    ResponsibilityReport.objects.get_or_create(alliance=act, responsibility=found, due_on="2026-10-31")
    report = client.post(
        address(act, "api_responsibility_report", code=found.code),
        {"due_on": "2026-10-31", "text": "Done.", "measure_met": True, "figure": "3.00"},
        content_type="application/json",
    )
    assert report.json()["state"] == "submitted"
    unknown = client.post(
        address(act, "api_responsibility_report", code=found.code),
        {"due_on": "2025-10-31", "text": "Done.", "measure_met": True},
        content_type="application/json",
    )
    assert unknown.status_code == 404


# ------------------------------------------------------------------------------------------------------------- tasks


def test_the_periodic_task_puts_charters_in_force_and_asks_members(
    act: Alliance, institution: Institution, representative: User
) -> None:
    make_charter(act, state=CharterState.ADOPTED, in_force_on=timezone.localdate())
    make_responsibility(institution, acknowledged_at=timezone.now() - timedelta(days=60))

    keep_all_promises()

    with tenancy.acting_in(act):
        assert CharterVersion.objects.of(act).get().state == CharterState.IN_FORCE
        assert ResponsibilityReport.objects.of(act).exists()
