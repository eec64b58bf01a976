"""Pages of contracts: who sees them, the way from terms to signature in the portal, verification in public."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from alliance.actions.files import open_content
from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from services.actions.contract_sealing import seal_contract
from services.choices import ContractState
from services.models import ContractSeal, ContractSignature, ContractTerms
from tests.factories.alliance import address, make_member, make_user
from tests.factories.api import bearer
from tests.factories.contracts import D, S, W, World, make_world
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

    from alliance.models import Alliance, User

PROPOSAL: dict[str, Any] = {
    "base": "0",
    "role": "supply",
    "title_en": "Heat recovery",
    "title_zh": "余热回收",
    "scope_en": "Survey <script>alert(1)</script>",
    "aims_en": "15% less",
    "starts_on": "2026-12-01",
    "ends_on": "2027-05-31",
    "pay_days": "15",
    "accept_days": "10",
    "owner": "joint",
    "nda_years": "3",
    "basis_en": "net income",
    "share_demand": "20",
    "share_supply": "70",
    "share_witness": "10",
    "share_years": "3",
    "penalty_demand": "0.05",
    "penalty_supply": "0.10",
    "milestones-TOTAL_FORMS": "2",
    "milestones-INITIAL_FORMS": "0",
    "milestones-0-title_en": "Survey",
    "milestones-0-deliverable_en": "Report",
    "milestones-0-test_en": "Signed",
    "milestones-0-due_on": "2027-01-31",
    "milestones-0-amount": "40000",
}


@pytest.fixture(autouse=True)
def _keys(tmp_path: Path, settings: Any) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def world(alliance: Alliance, secretary: User) -> World:
    with tenancy.acting_in(alliance):
        return make_world(alliance, secretary=secretary)


def proved(client: Client, *, seconds_ago: int = 0) -> Client:
    """A client whose person proved who it is."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time() - seconds_ago}]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = session["_auth_user_id"]
    session.save()
    return client


def seal_now(world: World) -> ContractSeal:
    with tenancy.acting_in(world.alliance):
        now = timezone.now()
        world.open(at=now)
        for role in (D, S, W):
            world.sign(world.people[role], at=now)
        seal_contract(world.alliance, world.contract.pk, at=now)
        return ContractSeal.objects.of(world.alliance).select_related("file").get()


def test_a_contract_goes_from_terms_to_signatures_in_the_portal(world: World, client_for: Any) -> None:
    alliance, code = world.alliance, world.code
    supply, demand, office = (client_for(world.people[role]) for role in (S, D, W))
    made = supply.post(address(alliance, "contract_propose", code=code), PROPOSAL)
    assert made.status_code == 302
    page = demand.get(address(alliance, "contract_terms", code=code, number=1)).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
    said = demand.post(
        address(alliance, "contract_comment", code=code, number=1), {"section": "milestone-1", "words": "Sooner?", "role": D}
    )
    assert said["Location"].endswith("#milestone-1")
    with tenancy.acting_in(alliance):
        sha256 = ContractTerms.objects.of(alliance).get().sha256
    for client, role in ((supply, S), (demand, D), (office, W)):
        agreed = client.post(address(alliance, "contract_agree", code=code, number=1), {"sha256": sha256, "role": role})
        assert agreed.status_code == 302
    sign = address(alliance, "contract_sign", code=code)
    early = proved(supply).post(sign, {"sha256": sha256, "confirmed": "on"})
    assert early.status_code == 422
    assert "signs first" in early.content.decode()
    unread = proved(demand).post(sign, {"sha256": sha256})
    assert unread.status_code == 422
    for client in (demand, supply, office):
        assert sha256 in proved(client).get(sign).content.decode()
        answer = proved(client).post(sign, {"sha256": sha256, "confirmed": "on"})
        said = client.get(answer["Location"]).content.decode()
        assert ("Yours was the last signature" in said) == (client is office)
        assert ("Everybody who must sign next is told" in said) == (client is not office)
    with tenancy.acting_in(alliance):
        assert world.fresh().state == ContractState.SEALING
        assert set(ContractSignature.objects.of(alliance).values_list("methods", flat=True)) == {"password"}


def test_signing_asks_who_is_there_when_the_last_proof_is_old(world: World, client_for: Any) -> None:
    with tenancy.acting_in(world.alliance):
        world.open(at=timezone.now())
    client = proved(client_for(world.people[D]), seconds_ago=400)
    for method in (client.get, client.post):
        page = method(address(world.alliance, "contract_sign", code=world.code))
        assert page.status_code == 302
        assert "reauthenticate" in page["Location"]
    with tenancy.acting_in(world.alliance):
        assert not ContractSignature.objects.of(world.alliance).exists()


def test_terms_that_are_refused_keep_what_was_typed_and_say_where(world: World, client_for: Any) -> None:
    client = client_for(world.people[S])
    answer = client.post(
        address(world.alliance, "contract_propose", code=world.code),
        {**PROPOSAL, "share_demand": "25", "milestones-0-due_on": "2028-01-01", "aims_en": "Kept words"},
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Kept words" in page
    assert "must add up to 100" in page
    assert "outside the term" in page


def test_strangers_and_other_alliances_get_the_same_answer_everywhere(
    world: World, client_for: Any, other_alliance: Alliance
) -> None:
    alliance, code = world.alliance, world.code
    with tenancy.acting_in(alliance):
        world.propose()
        stranger = make_user()
        make_staff(make_institution(alliance), stranger)
    client = client_for(stranger)
    for name, more in (
        ("contract_detail", {}),
        ("contract_terms", {"number": 1}),
        ("contract_compare", {"number": 1}),
        ("contract_propose", {}),
        ("contract_sign", {}),
        ("contract_decline", {}),
        ("contract_signatories", {}),
        ("contract_arrange", {}),
    ):
        theirs = proved(client).get(address(alliance, name, code=code, **more))
        nothing = proved(client).get(address(alliance, name, code="C-9999", **more))
        assert theirs.status_code == nothing.status_code == 404, name
    with tenancy.acting_in(other_alliance):
        other = make_member(other_alliance, AllianceRole.SECRETARIAT)
    assert client_for(other).get(address(other_alliance, "contract_detail", code=code)).status_code == 404
    assert world.code not in client.get(address(alliance, "portal_contract_list")).content.decode()
    assert client.get(address(alliance, "contract_list")).status_code == 403


def test_lists_take_the_same_number_of_queries_for_many_contracts(
    world: World, client_for: Any, django_assert_max_num_queries: Any
) -> None:
    alliance = world.alliance
    with tenancy.acting_in(alliance):
        for _turn in range(4):
            make_world(alliance, secretary=world.secretary)
    client = client_for(world.secretary)
    client.get(address(alliance, "contract_list"))
    with django_assert_max_num_queries(30):
        page = client.get(address(alliance, "contract_list")).content.decode()
    assert page.count("row-link") == 5


def test_the_desk_arranges_reminds_and_cancels(world: World, client_for: Any) -> None:
    alliance, code = world.alliance, world.code
    office = client_for(world.secretary)
    places = {"place_demand": "2", "place_supply": "1", "place_witness": "3"}
    needed = {"needed_demand": "1", "needed_supply": "2", "needed_witness": "1"}
    assert (
        office.post(address(alliance, "contract_arrange", code=code), {"act": "arrange", **places, **needed}).status_code
        == 302
    )
    wrong = office.post(
        address(alliance, "contract_arrange", code=code), {"act": "arrange", **places, **needed, "place_supply": "2"}
    )
    assert wrong.status_code == 422
    with tenancy.acting_in(alliance):
        world.open(at=timezone.now())
    assert office.post(address(alliance, "contract_remind", code=code)).status_code == 302
    page = office.get(address(alliance, "contract_detail", code=code)).content.decode()
    assert "1 reminder was sent" in page
    assert office.post(address(alliance, "contract_cancel", code=code), {"reason": ""}).status_code == 422
    assert office.post(address(alliance, "contract_cancel", code=code), {"reason": "timing"}).status_code == 302


def test_the_representative_names_who_signs(world: World, client_for: Any) -> None:
    alliance = world.alliance
    client = client_for(world.people[D])
    url = address(alliance, "contract_signatories", code=world.code)
    assert client.post(url, {"act": "withdraw", "user": str(world.second[D].pk), "role": D}).status_code == 302
    assert client.post(url, {"act": "name", "user": str(world.second[D].pk), "role": D}).status_code == 302
    assert client.post(url, {"act": "name", "user": "999999", "role": D}).status_code == 422


def test_the_sealed_file_is_for_the_parties_and_the_page_of_verification_for_everybody(
    world: World, client_for: Any, client: Client
) -> None:
    alliance = world.alliance
    seal = seal_now(world)
    with tenancy.acting_in(alliance):
        verify_code = world.fresh().verify_code
        document = open_content(seal.file).read()
        stranger = make_user()
        make_staff(make_institution(alliance), stranger)
    url = address(alliance, "file_download", uuid=seal.file.uuid)
    assert b"".join(client_for(world.people[D]).get(url)) == document
    assert client_for(stranger).get(url).status_code == 404
    page = address(alliance, "contract_verify", verify_code=verify_code)
    shown = client.get(page).content.decode()
    assert seal.sha256 in shown
    assert world.demand.name_en not in shown
    assert client.get(address(alliance, "contract_verify", verify_code="0" * 20)).status_code == 404
    for content, word in (
        (document, "Equal."),
        (document[:-2] + b"x\n", "Changed."),
        (b"%PDF-1.7 other", "Another document."),
    ):
        answer = client.post(page, {"file": SimpleUploadedFile("c.pdf", content)})
        assert word in answer.content.decode()


def test_the_code_on_the_paper_leads_to_the_page_of_verification_however_it_is_typed(world: World, client: Client) -> None:
    alliance = world.alliance
    code = world.contract.verify_code
    url = address(alliance, "contract_find")
    typed = f" {code[:4].upper()}-{code[4:12]} {code[12:]} "

    assert client.get(url, {"code": typed}).headers["Location"] == address(alliance, "contract_verify", verify_code=code)
    wrong = client.get(url, {"code": "<b>no</b>"})
    assert wrong.status_code == 200
    assert "20 characters" in wrong.content.decode()
    assert "&lt;b&gt;no" in wrong.content.decode()
    unknown = client.get(url, {"code": "0" * 20}, follow=True)
    assert unknown.status_code == 404
    assert 'name="code"' in unknown.content.decode()


def test_pages_of_a_sealed_contract_and_of_the_library_are_drawn(world: World, client_for: Any) -> None:
    alliance = world.alliance
    seal_now(world)
    office = client_for(world.secretary)
    page = office.get(address(alliance, "contract_detail", code=world.code)).content.decode()
    assert "PDF" in page
    assert "¥" in page
    for name, more in (
        ("contract_list", {}),
        ("contract_new", {}),
        ("clause_list", {}),
        ("clause_new", {}),
        ("clause_detail", {"key": "notices"}),
        ("clause_edit", {"key": "notices"}),
        ("contract_template_detail", {"key": "technology-service"}),
        ("contract_template_edit", {"key": "technology-service"}),
        ("contract_terms", {"code": world.code, "number": 1}),
        ("contract_compare", {"code": world.code, "number": 1}),
        ("contract_arrange", {"code": world.code}),
        ("contract_signatories", {"code": world.code}),
    ):
        assert office.get(address(alliance, name, **more)).status_code == 200, name


def test_a_clause_is_proposed_and_decided_on_its_page(world: World, client_for: Any, office_admin: User) -> None:
    alliance = world.alliance
    first, second = client_for(world.secretary), client_for(office_admin)
    fields = {
        "title_en": "Notices",
        "title_zh": "通知",
        "body_en": "By post.",
        "body_zh": "邮寄。",
        "note": "n",
        "base": "0",
    }
    assert first.post(address(alliance, "clause_edit", key="notices"), fields).status_code == 302
    assert "Proposed version" in second.get(address(alliance, "clause_detail", key="notices")).content.decode()
    decide = address(alliance, "clause_decide", key="notices", version=1)
    assert first.post(decide, {"verdict": "accept"}).status_code == 403
    assert second.post(decide, {"verdict": "accept"}).status_code == 302
    articles = (
        "# Term | 期限\nterm\nmilestones\n# General | 其他\nno-payment-before-acceptance\nelectronic-signature\neffect"
    )
    template = {"title_en": "T", "title_zh": "模", "articles": articles, "note": "n", "base": "0"}
    edit = address(alliance, "contract_template_edit", key="technology-service")
    assert first.post(edit, {**template, "articles": "term"}).status_code == 422
    assert first.post(edit, template).status_code == 302
    decided = second.post(
        address(alliance, "contract_template_decide", key="technology-service", version=1), {"verdict": "accept"}
    )
    assert decided.status_code == 302


def test_the_api_shows_contracts_to_parties_and_office_and_to_no_machine(
    world: World, client_for: Any, client: Client
) -> None:
    alliance = world.alliance
    with tenancy.acting_in(alliance):
        world.open(at=timezone.now())
        stranger = make_user()
        make_staff(make_institution(alliance), stranger)
        headers = bearer(client, alliance, ["projects:read"])
    listed, detail = address(alliance, "api_contract_list"), address(alliance, "api_contract_detail", code=world.code)
    for role in (D, W):
        reader = client_for(world.people[role])
        found = reader.get(detail).json()
        assert (found["state"], found["frozen"]["number"], found["seal"]) == ("signing", 1, None)
        assert [row["role"] for row in found["parties"]] == [D, S, W]
        assert found["parties"][2]["institution"] is None
        assert str(world.people[S].uuid) not in str(found)
        assert [row["code"] for row in reader.get(listed).json()["results"]] == [world.code]
        assert reader.get(f"{listed}?state=draft").json()["results"] == []
        assert reader.post(detail, {}, content_type="application/json").status_code == 405
    outside = client_for(stranger)
    assert outside.get(listed).json()["results"] == []
    assert outside.get(detail).status_code == 404
    assert client.get(listed, headers=headers).status_code == 403
    with tenancy.acting_in(alliance):
        world.sign(world.people[D], at=timezone.now())
    assert client_for(world.people[D]).get(detail).json()["parties"][0]["signed"] == 1


def test_the_page_names_who_must_agree_next_and_writes_days_in_words(world: World, client_for: Any) -> None:
    alliance, code = world.alliance, world.code
    with tenancy.acting_in(alliance):
        world.propose()
        world.agree(D)
    office = client_for(world.secretary)
    url = address(alliance, "contract_detail", code=code)
    page = office.get(url).content.decode()
    assert "version 1 waits for the agreement of: supply side, witness." in page
    assert address(alliance, "contract_arrange", code=code) in page
    plain = re.sub(r"<[^>]*>", "", page)
    terms = re.sub(r"<[^>]*>", "", office.get(address(alliance, "contract_terms", code=code, number=1)).content.decode())
    for name, shown in (("contract", plain), ("terms", terms)):
        assert not re.findall(r"\b20\d\d-\d\d-\d\d\b", shown), name


def test_a_wrong_milestone_is_named_on_top_of_the_long_form(world: World, client_for: Any) -> None:
    with tenancy.acting_in(world.alliance):
        world.propose()
    office = client_for(world.secretary)
    url = address(world.alliance, "contract_propose", code=world.code)
    page = office.get(url)
    data = {**page.context["form"].initial, "note": "Less.", "base": "1", "role": W}
    data = {name: value for name, value in data.items() if value is not None}
    data |= {"milestones-TOTAL_FORMS": "2", "milestones-INITIAL_FORMS": "2"}
    for number, row in enumerate(page.context["rows"].initial):
        data |= {f"milestones-{number}-{name}": value for name, value in row.items()}
    answer = office.post(url, {**data, "milestones-1-amount": "-5"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert text.index('href="#milestone-2"') < text.index('id="terms"') < text.index('id="milestone-2"')
    assert 'href="#milestone-1"' not in text
    assert "Write a number from 0 on." in text
    assert 'value="-5"' in text
