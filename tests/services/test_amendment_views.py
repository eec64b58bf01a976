"""Amendments and notices on the pages and in the API: the way through, who sees them, what is refused, the verification."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from services import seals
from services.actions import contract_sealing
from services.actions.contract import name_signatory
from services.actions.contract_notice import answer_notice, give_notice
from services.actions.contract_sealing import seal_contract
from services.choices import ContractState, NoticeKind, NoticeState
from services.models import Contract, ContractNotice
from tests.factories.alliance import address, make_member, make_user
from tests.factories.contracts import D, S, W, World, amend, bring_in_force, make_world
from tests.factories.members import make_institution, make_staff
from tests.services.test_amendment_actions import LONGER
from tests.services.test_contract_views import PROPOSAL

if TYPE_CHECKING:
    from django.test import Client

    from alliance.models import Alliance, User


@pytest.fixture(autouse=True)
def _quick_seals(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, settings: Any) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    monkeypatch.setattr(contract_sealing, "compose", lambda _content, evidence: evidence.code.encode())
    monkeypatch.setattr(seals, "apply", lambda document, *_args, **_more: b"%PDF-" + document)


@pytest.fixture
def world(alliance: Alliance, secretary: User) -> World:
    with tenancy.acting_in(alliance):
        made = make_world(alliance, secretary=secretary)
        bring_in_force(made, at=timezone.now())
    return made


def page(client: Client, world: World, name: str = "contract_detail", **parts: Any) -> str:
    answer = client.get(address(world.alliance, name, **{"code": world.code, **parts}))
    assert answer.status_code == 200, (name, answer.status_code)
    return answer.content.decode()


def sealed(world: World, **fields: Any) -> World:
    with tenancy.acting_in(world.alliance):
        now = timezone.now()
        amendment = amend(world, at=now)
        values: dict[str, Any] = {"milestones": LONGER, "at": now, **fields}
        amendment.propose(**values)
        amendment.agree(D, S, W, at=now)
        for role in (D, S, W):
            amendment.sign(world.people[role], at=now)
        seal_contract(world.alliance, amendment.contract.pk, at=now)
    return amendment


def test_an_amendment_goes_from_the_contract_to_a_version_that_is_compared_and_agreed_to(
    world: World, client_for: Any
) -> None:
    supply, demand = client_for(world.people[S]), client_for(world.people[D])
    assert address(world.alliance, "contract_amend", code=world.code) in page(supply, world)
    assert "Begin the amendment" in page(supply, world, "contract_amend")
    url = address(world.alliance, "contract_amend", code=world.code)
    empty = supply.post(url, {"words": "", "role": S})
    assert empty.status_code == 422
    begun = supply.post(url, {"words": "The fit-out costs more.", "role": S})
    assert begun.status_code == 302
    assert begun["Location"].endswith("/contracts/C-0001-A1/propose/")
    shown = page(demand, world)
    assert "Being amended." in shown
    assert "C-0001-A1" in shown
    amendment = page(demand, world, code="C-0001-A1")
    assert "Amendment 1 to contract C-0001." in amendment
    assert "Version 1 is the text in effect" in amendment
    assert "Read and agree" not in amendment
    assert "Agree for the" not in page(demand, world, "contract_terms", code="C-0001-A1", number=1)
    form = page(supply, world, "contract_propose", code="C-0001-A1")
    assert "60000.00" in form
    proposed = supply.post(
        address(world.alliance, "contract_propose", code="C-0001-A1"),
        {**PROPOSAL, "base": "1", "note": "Dearer", "milestones-0-amount": "41000", "milestones-TOTAL_FORMS": "1"},
    )
    assert proposed.status_code == 302
    compared = page(demand, world, "contract_compare", code="C-0001-A1", number=2)
    assert "Version 2 against version 1" in compared
    assert "Milestone 1" in compared
    assert "Milestone 2" in compared, "it was left out"
    assert "Agree for the" in page(demand, world, "contract_terms", code="C-0001-A1", number=2)
    question = page(demand, world, "contract_decline", code="C-0001-A1")
    assert "goes on under the terms in effect" in question
    again = demand.get(url)
    assert again.status_code == 302, "a contract that is being amended is not amended twice"


def test_the_terms_of_a_sealed_amendment_stand_on_the_page_of_the_contract(world: World, client_for: Any) -> None:
    sealed(world)
    shown = page(client_for(world.people[D]), world)
    assert "75,000.00" in shown
    assert address(world.alliance, "contract_terms", code="C-0001-A1", number=2) in shown
    assert "in effect" in shown
    theirs = page(client_for(world.secretary), world, code="C-0001-A1")
    assert "Its terms are in effect." in theirs
    assert address(world.alliance, "contract_detail", code="C-0001") in theirs
    sealed(world, share_years=5)
    assert "A later amendment replaced its terms." in page(client_for(world.secretary), world, code="C-0001-A1")
    assert "replaced by a later one" in page(client_for(world.secretary), world)


def test_the_record_of_a_contract_holds_the_acts_on_its_amendments(world: World, client_for: Any) -> None:
    amendment = sealed(world)
    shown = page(client_for(world.secretary), world)
    record = shown[shown.index('id="record"') :]
    # Begun, proposed, agreed by three, signed by three, sealed: each with the code of the amendment.
    assert record.count(amendment.code) >= 9
    assert amendment.code not in page(client_for(world.secretary), amendment).split('id="record"')[1]


def test_lists_hold_no_amendments_and_pages_take_a_fixed_number_of_queries(
    world: World, client_for: Any, django_assert_max_num_queries: Any
) -> None:
    amendment = sealed(world)
    with tenancy.acting_in(world.alliance):
        now = timezone.now()
        for _turn in range(4):
            notice = give_notice(
                world.alliance,
                world.code,
                role=D,
                kind=NoticeKind.SUSPEND,
                reason="means",
                words="x",
                actor=world.people[D],
                at=now,
            )
            answer_notice(
                world.alliance,
                world.code,
                number=notice.number,
                role=S,
                agrees=False,
                words="no",
                actor=world.people[S],
                at=now,
            )
    for reader, name in ((world.secretary, "contract_list"), (world.people[D], "portal_contract_list")):
        listed = client_for(reader).get(address(world.alliance, name)).content.decode()
        assert world.code in listed
        assert amendment.code not in listed
    client = client_for(world.secretary)
    page(client, world)
    with django_assert_max_num_queries(31):
        assert page(client, world).count("Demand side: refused") == 4


def test_a_notice_is_given_answered_and_shown(world: World, client_for: Any) -> None:
    supply, demand, office = (client_for(world.people[role]) for role in (S, D, W))
    new = address(world.alliance, "contract_notice_new", code=world.code)
    assert "Suspend the work" in page(demand, world, "contract_notice_new")
    wrong = demand.post(new, {"kind": "suspend", "reason": "cause_gone", "words": "Kept words", "role": D})
    assert wrong.status_code == 422
    assert "Kept words" in wrong.content.decode()
    given = demand.post(new, {"kind": "suspend", "reason": "standstill", "words": "Maintenance <b>", "role": D})
    assert given.status_code == 302
    assert "A notice waits for an answer." in page(office, world)
    detail = address(world.alliance, "contract_notice_detail", code=world.code, number=1)
    shown = page(supply, world, "contract_notice_detail", number=1)
    assert "Maintenance &lt;b&gt;" in shown
    assert 'value="agree"' in shown
    assert 'value="agree"' not in page(demand, world, "contract_notice_detail", number=1)
    assert 'value="withdraw"' in page(demand, world, "contract_notice_detail", number=1)
    assert demand.get(new).status_code == 302, "nothing more can be wanted while one waits"
    refused = supply.post(detail, {"act": "refuse", "words": ""})
    assert refused.status_code == 422
    assert "Say why you refuse." in refused.content.decode()
    assert supply.post(detail, {"act": "nothing"}).status_code == 422
    assert demand.post(detail, {"act": "agree", "words": ""}).status_code == 403
    assert supply.post(detail, {"act": "agree", "words": ""}).status_code == 302
    assert "The work is suspended." in page(demand, world)
    resume = {"kind": "resume", "reason": "cause_gone", "words": "Done.", "role": W}
    assert office.post(new, resume).status_code == 302
    with tenancy.acting_in(world.alliance):
        assert world.fresh().state == ContractState.IN_FORCE


def test_the_witness_decides_on_an_early_end_on_the_page(world: World, client_for: Any) -> None:
    supply, demand, office = (client_for(world.people[role]) for role in (S, D, W))
    new = address(world.alliance, "contract_notice_new", code=world.code)
    assert "End the contract early" not in page(office, world, "contract_notice_new")
    body = {"kind": "terminate", "reason": "breach", "words": "Nothing came.", "role": D}
    assert demand.post(new, body).status_code == 302
    detail = address(world.alliance, "contract_notice_detail", code=world.code, number=1)
    assert 'value="order"' not in page(office, world, "contract_notice_detail", number=1)
    early = office.post(detail, {"act": "order", "reason": "breach", "order_words": "x"})
    assert early.status_code == 409
    assert "did not answer for fifteen days" in early.content.decode()
    assert supply.post(detail, {"act": "refuse", "words": "It came."}).status_code == 302
    assert 'value="order"' in page(office, world, "contract_notice_detail", number=1)
    assert office.post(detail, {"act": "order", "reason": "breach", "order_words": ""}).status_code == 422
    assert office.post(detail, {"act": "order", "reason": "breach", "order_words": "Twice warned."}).status_code == 302
    shown = page(demand, world)
    assert "Ended early." in shown
    assert "Accepted work is paid" in shown
    assert address(world.alliance, "contract_notice_detail", code=world.code, number=2) in shown
    with tenancy.acting_in(world.alliance):
        assert set(ContractNotice.objects.of(world.alliance).values_list("state", flat=True)) == {"refused", "ordered"}


def test_a_notice_is_withdrawn_on_its_page(world: World, client_for: Any) -> None:
    demand = client_for(world.people[D])
    body = {"kind": "suspend", "reason": "means", "words": "No people.", "role": D}
    demand.post(address(world.alliance, "contract_notice_new", code=world.code), body)
    detail = address(world.alliance, "contract_notice_detail", code=world.code, number=1)
    assert demand.post(detail, {"act": "withdraw"}).status_code == 302
    with tenancy.acting_in(world.alliance):
        assert ContractNotice.objects.of(world.alliance).get().state == NoticeState.WITHDRAWN
    assert "withdrawn" in page(demand, world)


def test_strangers_and_other_alliances_get_the_same_answer_everywhere(
    world: World, client_for: Any, other_alliance: Alliance
) -> None:
    amendment = sealed(world)
    with tenancy.acting_in(world.alliance):
        give_notice(
            world.alliance,
            world.code,
            role=D,
            kind=NoticeKind.SUSPEND,
            reason="means",
            words="x",
            actor=world.people[D],
            at=timezone.now(),
        )
        stranger = make_user()
        make_staff(make_institution(world.alliance), stranger)
    with tenancy.acting_in(other_alliance):
        other = make_member(other_alliance, AllianceRole.SECRETARIAT)
    names: tuple[tuple[str, dict[str, Any]], ...] = (
        ("contract_amend", {}),
        ("contract_notice_new", {}),
        ("contract_notice_detail", {"number": 1}),
    )
    for name, more in (*names, ("contract_detail", {})):
        for method in ("get", "post") if name != "contract_detail" else ("get",):
            for code in (world.code, amendment.code, "C-9999"):
                theirs = getattr(client_for(stranger), method)(address(world.alliance, name, code=code, **more))
                assert theirs.status_code == 404, (name, code)
            foreign = getattr(client_for(other), method)(address(other_alliance, name, code=world.code, **more))
            assert foreign.status_code == 404, name
    office = client_for(world.secretary)
    for name, more in names[1:]:
        assert office.get(address(world.alliance, name, code=amendment.code, **more)).status_code in {302, 404}, name
    assert office.post(
        address(world.alliance, "contract_notice_new", code=amendment.code),
        {"kind": "suspend", "reason": "means", "words": "x", "role": W},
    ).status_code in {404, 422}


def test_the_page_of_verification_names_amendments_and_no_party(world: World, client: Client) -> None:
    amendment = sealed(world)
    with tenancy.acting_in(world.alliance):
        main, made = world.fresh(), amendment.fresh()
    shown = client.get(address(world.alliance, "contract_verify", verify_code=main.verify_code)).content.decode()
    assert "C-0001-A1, sealed on" in shown
    assert "the terms of its newest amendment bind" in shown
    theirs = client.get(address(world.alliance, "contract_verify", verify_code=made.verify_code)).content.decode()
    assert "Changes contract" in theirs
    assert "C-0001: in force" in theirs
    for text in (shown, theirs):
        assert world.demand.name_en not in text


def test_the_api_tells_amendments_notices_and_pauses_with_their_contract(world: World, client_for: Any) -> None:
    amendment = sealed(world)
    with tenancy.acting_in(world.alliance):
        now = timezone.now()
        notice = give_notice(
            world.alliance,
            world.code,
            role=D,
            kind=NoticeKind.SUSPEND,
            reason="means",
            words="No people.",
            actor=world.people[D],
            at=now,
        )
        answer_notice(
            world.alliance,
            world.code,
            number=notice.number,
            role=S,
            agrees=True,
            words="Yes.",
            actor=world.people[S],
            at=now + timedelta(hours=1),
        )
        stranger = make_user()
        make_staff(make_institution(world.alliance), stranger)
    reader = client_for(world.people[D])
    listed = reader.get(address(world.alliance, "api_contract_list")).json()["results"]
    assert [row["code"] for row in listed] == [world.code]
    found = reader.get(address(world.alliance, "api_contract_detail", code=world.code)).json()
    assert found["amends"] is None
    assert [one["code"] for one in found["amendments"]] == [amendment.code]
    assert found["in_effect"]["content"]["milestones"][1]["amount"] == "75000.00"
    assert [(one["kind"], one["state"], one["answer_words"]) for one in found["notices"]] == [("suspend", "agreed", "Yes.")]
    assert [one["ends_on"] for one in found["pauses"]] == [None]
    assert str(world.people[S].uuid) not in str(found)
    theirs = address(world.alliance, "api_contract_detail", code=amendment.code)
    assert reader.get(theirs).json()["amends"] == {"code": world.code}
    assert client_for(stranger).get(theirs).status_code == 404


def test_who_signs_the_amendment_alone_reads_it_and_its_contract(world: World, client_for: Any) -> None:
    with tenancy.acting_in(world.alliance):
        amendment = amend(world, at=timezone.now())
        member = world.second[W]
        name_signatory(world.alliance, amendment.code, role=W, user=member, actor=world.secretary, at=timezone.now())
        assert Contract.objects.of(world.alliance).count() == 2
    reader = client_for(member)
    for code in (world.code, amendment.code):
        assert reader.get(address(world.alliance, "contract_detail", code=code)).status_code == 200
        assert reader.get(address(world.alliance, "api_contract_detail", code=code)).json()["code"] == code
