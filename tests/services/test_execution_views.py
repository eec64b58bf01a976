"""Pages of the work under a contract: from handing over to the closing in the portal; who sees what; words, not only colours."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.models import AuditEntry
from services.actions.execution import hand_over_milestone, return_milestone
from services.choices import ContractState, PaymentState, SubmissionState
from services.models import Contract, MilestonePayment, MilestoneSubmission, SubmissionFile
from tests.factories.alliance import address, make_member, make_user
from tests.factories.contracts import D, S, W, World, make_world, put_in_force
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from alliance.models import Alliance, User

REPORT = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture
def world(alliance: Alliance, secretary: User) -> World:
    """A contract in force since yesterday."""
    with tenancy.acting_in(alliance):
        made = make_world(alliance, secretary=secretary)
        put_in_force(made, at=timezone.now() - timedelta(days=1))
        return made


def page_of(world: World, number: int = 1) -> str:
    return address(world.alliance, "contract_milestone", code=world.code, number=number)


def payment(**more: str) -> dict[str, str]:
    today = timezone.localdate().isoformat()
    return {"act": "record", "role": D, "amount": "40000", "paid_on": today, "reference": "T-1", **more}


def test_a_milestone_goes_from_handing_over_to_the_closing_on_the_pages(world: World, client_for: Any) -> None:
    supply, demand, office = (client_for(world.people[role]) for role in (S, D, W))
    for number, amount in ((1, "40000"), (2, "60000")):
        url = page_of(world, number)
        handed = supply.post(
            url,
            {"act": "hand_over", "words": "Report <b>1</b>", "attachments": [SimpleUploadedFile("report.pdf", REPORT)]},
        )
        assert handed.status_code == 302
        page = demand.get(url).content.decode()
        assert "Report &lt;b&gt;1&lt;/b&gt;" in page
        assert "report.pdf" in page
        assert "Accept the milestone" in page
        assert "Accept the milestone" not in supply.get(url).content.decode()
        assert demand.post(url, {"act": "accept"}).status_code == 302
        assert demand.post(url, payment(amount=amount, reference=f"T-{number}")).status_code == 302
        page = supply.get(url).content.decode()
        assert f"Payment {number} arrived" in page
        assert supply.post(url, {"act": "confirm", "payment": str(number)}).status_code == 302
    page = office.get(address(world.alliance, "contract_detail", code=world.code)).content.decode()
    assert "Close the contract" in page
    assert "Hand a milestone over" in page, "the record says it in words"
    assert "Milestone 2 · Attempt 1" in page
    closing = address(world.alliance, "contract_complete", code=world.code)
    assert "nothing is handed over or recorded any more" in office.get(closing).content.decode()
    assert office.post(closing).status_code == 302
    with tenancy.acting_in(world.alliance):
        assert world.fresh().state == ContractState.COMPLETED
        file = SubmissionFile.objects.of(world.alliance).select_related("file").first()
        assert file is not None
    assert demand.get(address(world.alliance, "file_download", uuid=file.file.uuid)).status_code == 200
    assert office.get(page_of(world)).status_code == 200, "what was done stays readable"
    assert office.get(closing).status_code == 302


def test_what_was_typed_is_kept_and_the_reason_stands_at_the_field(world: World, client_for: Any) -> None:
    supply, demand = client_for(world.people[S]), client_for(world.people[D])
    url = page_of(world)
    empty = supply.post(url, {"act": "hand_over", "words": ""})
    assert empty.status_code == 422
    refused = supply.post(
        url, {"act": "hand_over", "words": "Kept words", "attachments": [SimpleUploadedFile("virus.exe", b"MZ")]}
    )
    assert refused.status_code == 422
    assert "Kept words" in refused.content.decode()
    assert "are not taken here" in refused.content.decode()
    supply.post(url, {"act": "hand_over", "words": "The report"})
    past = demand.post(url, {"act": "return", "words": "Mend it", "rework_by": timezone.localdate().isoformat()})
    assert past.status_code == 422
    assert "Mend it" in past.content.decode()
    assert "Give a day after today." in past.content.decode()
    demand.post(url, {"act": "accept"})
    above = demand.post(url, payment(amount="40000.01"))
    assert above.status_code == 422
    assert "At most 40,000.00 yuan are left" in above.content.decode()
    assert demand.post(url, payment(role=W)).status_code == 422, "not a party the reader acts for"
    demand.post(url, payment())
    silent = supply.post(url, {"act": "contradict", "payment": "1", "words": ""})
    assert silent.status_code == 422
    assert supply.post(url, {"act": "contradict", "payment": "1", "words": "Nothing came."}).status_code == 302
    assert "Nothing came." in demand.get(url).content.decode()
    assert demand.post(url, {"act": "reverse", "payment": "1", "words": "Wrong account."}).status_code == 302
    assert demand.post(url, {"act": "confirm", "payment": "7"}).status_code == 404
    assert demand.post(url, {"act": "fly"}).status_code == 404
    with tenancy.acting_in(world.alliance):
        assert MilestonePayment.objects.of(world.alliance).get().state == PaymentState.REVERSED


def test_after_two_rounds_of_rework_the_page_names_the_article_on_breach(world: World, client_for: Any) -> None:
    now = timezone.now()
    with tenancy.acting_in(world.alliance):
        for _turn in range(2):
            hand_over_milestone(world.alliance, world.code, 1, words="Try.", actor=world.people[S], at=now)
            return_milestone(
                world.alliance,
                world.code,
                1,
                words="Not yet.",
                rework_by=timezone.localdate(now) + timedelta(days=3),
                actor=world.people[D],
                at=now,
            )
        hand_over_milestone(world.alliance, world.code, 1, words="Last try.", actor=world.people[S], at=now)
    demand = client_for(world.people[D])
    page = demand.get(page_of(world)).content.decode()
    assert "article on breach applies" in page
    assert 'id="return"' not in page
    forced = demand.post(
        page_of(world),
        {"act": "return", "words": "No.", "rework_by": (timezone.localdate() + timedelta(days=3)).isoformat()},
    )
    assert forced.status_code == 409
    assert "act by the article on breach" in forced.content.decode()


def test_late_milestones_are_said_in_words_and_the_witness_reminds(world: World, client_for: Any) -> None:
    long_ago = timezone.now() - timedelta(days=40)
    with tenancy.acting_in(world.alliance):
        hand_over_milestone(world.alliance, world.code, 1, words="Here.", actor=world.people[S], at=long_ago)
    office = client_for(world.secretary)
    page = office.get(address(world.alliance, "contract_detail", code=world.code)).content.decode()
    assert "days late" in page
    assert "the witness reminds it" in page
    assert office.post(page_of(world), {"act": "remind"}).status_code == 302
    again = office.post(page_of(world), {"act": "remind"})
    assert again.status_code == 409
    assert "was reminded already" in again.content.decode()
    assert "counts as accepted" in office.get(page_of(world)).content.decode()


def test_strangers_other_alliances_and_other_parties_act_nowhere(
    world: World, client_for: Any, other_alliance: Alliance
) -> None:
    with tenancy.acting_in(world.alliance):
        stranger = make_user()
        make_staff(make_institution(world.alliance), stranger)
        hand_over_milestone(world.alliance, world.code, 1, words="Here.", actor=world.people[S], at=timezone.now())
    client = client_for(stranger)
    complete = address(world.alliance, "contract_complete", code=world.code)
    for url in (page_of(world), complete):
        assert client.get(url).status_code == 404
        assert client.post(url, {"act": "accept"}).status_code == 404
    assert client_for(world.people[D]).get(page_of(world, 9)).status_code == 404
    assert client_for(world.people[D]).get(complete).status_code == 403
    office = client_for(world.secretary)
    assert office.post(page_of(world), {"act": "accept"}).status_code == 403
    assert "demand side" in office.post(page_of(world), {"act": "accept"}).content.decode()
    with tenancy.acting_in(other_alliance):
        other = make_member(other_alliance, AllianceRole.SECRETARIAT)
    theirs = address(other_alliance, "contract_milestone", code=world.code, number=1)
    assert client_for(other).get(theirs).status_code == 404
    with tenancy.acting_in(world.alliance):
        assert MilestoneSubmission.objects.of(world.alliance).get().state == SubmissionState.HANDED


def test_before_it_is_in_force_there_is_no_page_of_a_milestone(alliance: Alliance, secretary: User, client_for: Any) -> None:
    with tenancy.acting_in(alliance):
        world = make_world(alliance, secretary=secretary)
        world.propose()
    client = client_for(secretary)
    assert client.get(page_of(world)).status_code == 302
    assert client.get(address(alliance, "contract_complete", code=world.code)).status_code == 302
    assert client.get(address(alliance, "contract_detail", code=world.code)).status_code == 200


def test_what_is_missing_is_listed_before_the_closing(world: World, client_for: Any) -> None:
    office = client_for(world.secretary)
    closing = address(world.alliance, "contract_complete", code=world.code)
    assert "Milestone 1 is not accepted." in office.get(closing).content.decode()
    refused = office.post(closing)
    assert refused.status_code == 409
    assert "cannot be closed yet" in refused.content.decode()


@pytest.mark.parametrize("state", [ContractState.SUSPENDED, ContractState.TERMINATED])
def test_a_rest_and_an_early_end_are_said_and_offer_no_handing_over(world: World, client_for: Any, state: str) -> None:
    with tenancy.acting_in(world.alliance):
        Contract.objects.of(world.alliance).filter(pk=world.contract.pk).update(state=state)
    client = client_for(world.people[S])
    page = client.get(page_of(world)).content.decode()
    assert 'id="hand-over"' not in page
    assert ("suspended" if state == ContractState.SUSPENDED else "ended early") in page
    assert client.post(page_of(world), {"act": "hand_over", "words": "Here."}).status_code == 409


def test_the_page_of_a_contract_takes_the_same_queries_whatever_was_done(
    world: World, client_for: Any, django_assert_max_num_queries: Any
) -> None:
    office = client_for(world.secretary)
    url = address(world.alliance, "contract_detail", code=world.code)
    office.get(url)
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    with CaptureQueriesContext(connection) as few:
        office.get(url)
    now = timezone.now()
    with tenancy.acting_in(world.alliance):
        for number in (1, 2):
            hand_over_milestone(world.alliance, world.code, number, words="Try.", actor=world.people[S], at=now)
    with django_assert_max_num_queries(len(few) + 2):  # files of submissions; a person more in the record
        office.get(url)


def test_the_record_tells_party_version_and_sum_with_a_tone_for_the_kind_of_act(world: World, client_for: Any) -> None:
    now = timezone.now()
    with tenancy.acting_in(world.alliance):
        hand_over_milestone(world.alliance, world.code, 1, words="Try.", actor=world.people[S], at=now)
        return_milestone(
            world.alliance,
            world.code,
            1,
            words="Mend it.",
            rework_by=timezone.localdate() + timedelta(days=9),
            actor=world.people[D],
            at=now,
        )
    page = client_for(world.secretary).get(address(world.alliance, "contract_record", code=world.code)).content.decode()
    rows = re.findall(r'<li(?: class="(\w*)")?><b>([^<]*)</b>(?:<div[^>]*>([^<]*)</div>)?', page)
    by_title = {title: (tone, detail) for tone, title, detail in rows}
    assert by_title["Send a milestone back for rework"] == ("warn", "Milestone 1 · Attempt 1")
    assert by_title["Hand a milestone over"][0] == "info"
    assert by_title["Complete the signing"][0] == "ok"
    assert {tone for tone, title, _detail in rows if title == "Sign"} == {"ok"}
    assert {detail for _tone, title, detail in rows if title == "Sign"} == {
        f"{side} · Version 1" for side in ("Demand side", "Supply side", "Witness")
    }


def test_the_whole_record_is_read_in_pages_and_the_contract_shows_its_newest_acts(
    world: World, client_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.views.execution.RECORD_PAGE", 4)
    monkeypatch.setattr("services.views.execution.RECORD_SHOWN", 3)
    office = client_for(world.secretary)
    url = address(world.alliance, "contract_record", code=world.code)
    contract = office.get(address(world.alliance, "contract_detail", code=world.code)).content.decode()
    assert contract.count('<span class="by">') == 3
    assert f'href="{url}"' in contract
    found, query, pages = 0, "", 0
    while True:
        answer = office.get(url + query)
        found += len(answer.context["rows"])
        pages += 1
        assert len(answer.context["rows"]) <= 4
        if not (query := answer.context["page"].next_url):
            break
    with tenancy.acting_in(world.alliance):
        assert found == AuditEntry.objects.of(world.alliance).filter(object_id=str(world.contract.pk)).count() > 8
    assert pages == -(-found // 4)
    stranger = client_for(make_user())
    assert stranger.get(url).status_code == 404


def test_the_contract_says_what_is_next_and_that_it_is_late(world: World, client_for: Any) -> None:
    url = address(world.alliance, "contract_detail", code=world.code)
    page = client_for(world.secretary).get(url).content.decode()
    assert "<b>Next step:</b>" in page
    assert "The supply side hands over by" in page.split("<b>Next step:</b>")[1][:300]


def test_while_the_work_rests_nobody_is_next(world: World, client_for: Any) -> None:
    with tenancy.acting_in(world.alliance):
        Contract.objects.of(world.alliance).filter(pk=world.contract.pk).update(state=ContractState.SUSPENDED)
    page = client_for(world.secretary).get(address(world.alliance, "contract_detail", code=world.code))
    assert page.status_code == 200
    assert "<b>Next step:</b>" not in page.content.decode()
