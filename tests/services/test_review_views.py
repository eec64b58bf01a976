"""Pages of follow-ups and of the evaluation: the way through, what is shown to whom, and by how many queries."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from services.actions.follow_up import ask_follow_ups
from services.actions.review import settle_review
from services.models import ContractFollowUp, ContractReview, PartyScore, ReviewAppeal, ReviewSheet
from services.selectors.review import PAIRS
from tests.factories.alliance import address, make_member, make_user
from tests.factories.contracts import D, S, W, World, make_world
from tests.factories.members import make_institution, make_staff
from tests.factories.reviews import give_all, make_over, put_in_force

if TYPE_CHECKING:
    from alliance.models import Alliance, User


@pytest.fixture
def world(alliance: Alliance, secretary: User) -> World:
    with tenancy.acting_in(alliance):
        return make_over(alliance, secretary=secretary, at=timezone.now())[0]


@pytest.fixture
def working(alliance: Alliance, secretary: User) -> World:
    """A contract in force whose sides were asked the first question."""
    begun = timezone.now() - timedelta(days=31)
    with tenancy.acting_in(alliance):
        made = put_in_force(make_world(alliance, secretary=secretary), at=begun)
        ask_follow_ups(alliance, made.code, at=timezone.now())
    return made


def queries(client: Any, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_an_evaluation_goes_from_marks_to_scores_on_the_pages(world: World, client_for: Any) -> None:
    alliance, code = world.alliance, world.code
    url = address(alliance, "contract_evaluation", code=code)
    clients: dict[str, Any] = {role: client_for(world.people[role]) for role in (D, S, W)}
    assert clients[D].get(url).content.decode().count('name="act" value="give"') == 2
    empty = clients[D].post(url, {"act": "give", "role": D, "of": S, f"{S}-words": "Kept <b>words</b>"})
    assert empty.status_code == 422
    assert "Give at least one mark" in empty.content.decode()
    assert "Kept &lt;b&gt;words" in empty.content.decode()
    for by, of in PAIRS:
        marks = {f"{of}-quality": "4", f"{of}-terms": "2" if (by, of) == (D, S) else "5"}
        done = clients[by].post(url, {"act": "give", "role": by, "of": of, f"{of}-words": f"From {by}", **marks})
        assert done.status_code == 302, done.content.decode()
    page = clients[S].get(url).content.decode()
    assert "From demand" in page
    assert page.count("Appeal against the marks of") == 2
    pair = f"{D}-{S}"
    assert clients[S].post(url, {"act": "reply", "pair": pair, f"reply-{pair}-words": ""}).status_code == 422
    assert clients[S].post(url, {"act": "reply", "pair": pair, f"reply-{pair}-words": "So it was"}).status_code == 302
    appeal = {"act": "appeal", "pair": pair, f"appeal-{pair}-criteria": ["terms"], f"appeal-{pair}-grounds": "Not late"}
    assert clients[S].post(url, appeal).status_code == 302
    page = clients[D].get(url).content.decode()
    assert "So it was" in page
    assert "1 appeal waits for a decision" in page

    with tenancy.acting_in(alliance):
        judge = make_member(alliance, AllianceRole.COMMITTEE)
    committee = client_for(judge)
    listed = committee.get(address(alliance, "review_appeal_list")).content.decode()
    decision_url = address(alliance, "review_appeal", code=code, pair=pair)
    assert decision_url in listed
    assert "Not late" in committee.get(decision_url).content.decode()
    assert committee.post(decision_url, {"verdict": "uphold", "words": "x"}).status_code == 422
    decided = committee.post(decision_url, {"verdict": "uphold", "struck": ["terms"], "words": "Shown by the record"})
    assert decided.status_code == 302
    assert decision_url not in committee.get(address(alliance, "review_appeal_list")).content.decode()
    assert decision_url in committee.get(address(alliance, "review_appeal_list") + "?tab=all").content.decode()
    page = clients[S].get(url).content.decode()
    assert "Shown by the record" in page
    assert "struck" in page

    with tenancy.acting_in(alliance):
        assert ReviewAppeal.objects.of(alliance).get().struck == ["terms"]
        assert settle_review(alliance, code, at=timezone.now() + timedelta(days=40))
        assert PartyScore.objects.of(alliance).count() == 3
    assert "Score 4.50 of 5" in clients[D].get(url).content.decode()
    card = clients[W].get(address(alliance, "institution_detail", code=world.supply.code)).content.decode()
    assert "Evaluated contracts" in card
    assert "4.50 of 5" in card
    own = clients[S].get(address(alliance, "portal_institution_detail", code=world.supply.code)).content.decode()
    assert "4.50 of 5" in own
    public = client_for(None).get(address(alliance, "public_member", code=world.supply.code))
    assert "4.50" not in public.content.decode()


def test_the_appeal_page_is_closed_to_parties_and_to_whoever_acts_for_one(world: World, client_for: Any) -> None:
    with tenancy.acting_in(world.alliance):
        give_all(world, at=timezone.now())
        of_side = make_member(world.alliance, AllianceRole.COMMITTEE)
        make_staff(world.demand, of_side)
    client_for(world.people[S]).post(
        address(world.alliance, "contract_evaluation", code=world.code),
        {"act": "appeal", "pair": f"{D}-{S}", f"appeal-{D}-{S}-criteria": ["terms"], f"appeal-{D}-{S}-grounds": "x"},
    )
    url = address(world.alliance, "review_appeal", code=world.code, pair=f"{D}-{S}")
    for reader in (world.people[D], world.people[S], world.secretary, of_side):
        assert client_for(reader).get(url).status_code == 404
    listed = client_for(of_side).get(address(world.alliance, "review_appeal_list")).content.decode()
    assert world.code not in listed


def test_strangers_find_no_evaluation_and_no_follow_up(world: World, working: World, client_for: Any) -> None:
    with tenancy.acting_in(world.alliance):
        stranger = make_user()
        make_staff(make_institution(world.alliance), stranger)
    client = client_for(stranger)
    for name, kwargs in (
        ("contract_evaluation", {"code": world.code}),
        ("contract_follow_ups", {"code": working.code}),
        ("follow_up_answer", {"code": working.code, "role": D, "number": 1}),
        ("follow_up_handle", {"code": working.code, "role": D, "number": 1}),
    ):
        assert client.get(address(world.alliance, name, **kwargs)).status_code == 404


def test_a_side_answers_and_the_desk_sees_to_it(working: World, client_for: Any) -> None:
    alliance, code = working.alliance, working.code
    url = address(alliance, "follow_up_answer", code=code, role=D, number=1)
    demand, supply, desk = (client_for(working.people[role]) for role in (D, S, W))
    assert url in demand.get(address(alliance, "contract_detail", code=code)).content.decode()
    assert supply.get(url).status_code == 404
    assert supply.post(url, {"progress": "off_track", "cooperation": "1"}).status_code == 404
    assert demand.post(url, {"progress": "off_track"}).status_code == 422
    sent = demand.post(url, {"progress": "off_track", "cooperation": "2", "wants_help": "on", "words": "Zqxwords"})
    assert sent.status_code == 302
    with tenancy.acting_in(alliance):
        assert ContractFollowUp.objects.of(alliance).get(role=D).is_signal
    for name, kwargs in (
        ("contract_detail", {"code": code}),
        ("contract_follow_ups", {"code": code}),
        ("inbox", {}),
        ("api_contract_detail", {"code": code}),
    ):
        page = supply.get(address(alliance, name, **kwargs)).content.decode()
        assert "Zqxwords" not in page
        assert "Wants a call" not in page
        assert "Not as agreed" not in page
    assert supply.get(address(alliance, "api_contract_follow_up_list")).status_code == 403
    found = desk.get(address(alliance, "api_contract_follow_up_list") + "?signals=true").json()["results"]
    assert [(one["contract"]["code"], one["role"], one["words"]) for one in found] == [(code, D, "Zqxwords")]
    handle = address(alliance, "follow_up_handle", code=code, role=D, number=1)
    assert handle in desk.get(address(alliance, "follow_up_list")).content.decode()
    assert handle in desk.get(address(alliance, "contract_detail", code=code)).content.decode()
    assert "Zqxwords" in desk.get(handle).content.decode()
    assert desk.post(handle, {"words": ""}).status_code == 422
    assert desk.post(handle, {"words": "Called the plant"}).status_code == 302
    assert handle not in desk.get(address(alliance, "follow_up_list")).content.decode()
    assert "Called the plant" in demand.get(url).content.decode()
    assert supply.get(handle).status_code == 403


def test_pages_take_a_fixed_number_of_queries(world: World, client_for: Any) -> None:
    alliance = world.alliance
    url = address(alliance, "contract_evaluation", code=world.code)
    client = client_for(world.people[D])
    before = queries(client, url)
    with tenancy.acting_in(alliance):
        give_all(world, besides=[(W, S)], at=timezone.now())
    assert queries(client, url) <= before + 2  # the giver's name
    with tenancy.acting_in(alliance):
        give_all(world, besides=[pair for pair in PAIRS if pair != (W, S)], at=timezone.now())
        assert ContractReview.objects.of(alliance).get().state == "revealed"
        assert ReviewSheet.objects.of(alliance).count() == 6
    assert queries(client, url) <= before + 2
    assert before < 40
