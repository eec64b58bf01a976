"""Pages of interests, conflicts, waivers and directives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from alliance.actions.outbox import deliver_next
from alliance.kernel import tenancy
from alliance.models import AuditEntry
from groups.models import ConflictOfInterest, ConflictWaiver, Directive, Interest, InterestDeclaration, ReceivedDirective
from tests.factories.alliance import address, make_alliance, make_member, make_user
from tests.factories.groups import make_conflict, make_interest
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from alliance.models import Alliance, User
    from members.models import Institution
    from tests.conftest import ClientFor

MARKER = "MARKERWORD"


@pytest.fixture
def member(alliance: Alliance) -> Institution:
    with tenancy.acting_in(alliance):
        return make_institution(alliance, name_en="Guangfu")


@pytest.fixture
def representative(alliance: Alliance, member: Institution) -> User:
    user = make_user()
    with tenancy.acting_in(alliance):
        make_staff(member, user)
    return user


def test_a_representative_declares_confirms_and_withdraws(
    alliance: Alliance, member: Institution, representative: User, client_for: ClientFor
) -> None:
    client = client_for(representative)
    page = client.get(address(alliance, "portal_interest_list")).content.decode()
    assert "We have nothing to declare" in page
    assert client.post(address(alliance, "portal_interest_list"), {"confirm": "on"}).status_code == 302
    with tenancy.acting_in(alliance):
        assert InterestDeclaration.objects.of(alliance).get().interest_count == 0
    bad = client.post(address(alliance, "portal_interest_new"), {"kind": "family", "outside_party": "Xibu Mill"})
    assert bad.status_code == 422
    assert "Say in a sentence" in bad.content.decode()
    assert "Xibu Mill" in bad.content.decode()
    good = {"kind": "holding", "outside_party": "Xibu Mill", "direction": "ours", "share_percent": "2.5"}
    assert client.post(address(alliance, "portal_interest_new"), good).status_code == 302
    page = client.get(address(alliance, "portal_interest_list")).content.decode()
    assert "Xibu Mill" in page
    with tenancy.acting_in(alliance):
        interest = Interest.objects.of(alliance).get()
    withdraw = address(alliance, "portal_interest_withdraw", interest=interest.pk)
    assert client.get(withdraw).status_code == 200
    assert client.post(withdraw).status_code == 302
    assert client.get(withdraw).status_code == 404
    assert "Xibu Mill" not in client.get(address(alliance, "portal_interest_list")).content.decode()


def test_a_representative_stands_aside_from_a_matter_named_by_its_page(
    alliance: Alliance, member: Institution, representative: User, client_for: ClientFor
) -> None:
    client = client_for(representative)
    url = address(alliance, "portal_conflict_new")
    assert "product:P-029" in client.get(url + "?matter=product:P-029").content.decode()
    assert client.post(url, {"matter": "nonsense", "reason": "x"}).status_code == 422

    assert client.post(url, {"matter": "product:P-029", "reason": "Shares."}).status_code == 302

    with tenancy.acting_in(alliance):
        assert ConflictOfInterest.objects.of(alliance).get().institution == member
    assert "P-029" in client.get(address(alliance, "portal_interest_list")).content.decode()


def test_particulars_are_read_by_the_own_people_the_office_and_the_committee_only(
    alliance: Alliance, member: Institution, secretary: User, committee_member: User, auditor: User, client_for: ClientFor
) -> None:
    peer = make_user()
    with tenancy.acting_in(alliance):
        make_staff(make_institution(alliance), peer)
        make_interest(member, f"{MARKER} Mill", "family", words="A sister.")
        conflict = make_conflict(member, "product:P-1", reason=f"{MARKER} shares")
    detail = address(alliance, "declaration_detail", code=member.code)

    for reader in (secretary, committee_member):
        assert MARKER in client_for(reader).get(detail).content.decode()
    assert client_for(auditor).get(detail).status_code == 403
    client = client_for(peer)
    assert client.get(detail).status_code == 403
    for page in (
        address(alliance, "portal_interest_list"),
        address(alliance, "portal_home"),
        address(alliance, "conflict_list"),
        address(alliance, "conflict_detail", conflict=conflict.pk),
        address(alliance, "conflict_matter", matter="product:P-1"),
        address(alliance, "declaration_list"),
    ):
        assert MARKER not in client.get(page).content.decode()


def test_a_waiver_by_its_pages_needs_two_people(
    alliance: Alliance, member: Institution, secretary: User, committee_member: User, client_for: ClientFor
) -> None:
    with tenancy.acting_in(alliance):
        conflict = make_conflict(member, "product:P-1")
    office, committee = client_for(secretary), client_for(committee_member)
    page = address(alliance, "conflict_detail", conflict=conflict.pk)

    assert office.post(page, {"reason": ""}).status_code == 422
    assert office.post(page, {"reason": "Nobody else knows."}).status_code == 302
    with tenancy.acting_in(alliance):
        waiver = ConflictWaiver.objects.of(alliance).get()
    grant = address(alliance, "conflict_waiver_settle", waiver=waiver.pk, answer="grant")
    assert "Nobody else knows." in committee.get(page).content.decode()
    assert office.post(grant).status_code == 403
    assert committee.post(grant).status_code == 302

    with tenancy.acting_in(alliance):
        conflict.refresh_from_db()
        assert conflict.state == "waived"
    record = committee.get(address(alliance, "conflict_matter", matter="product:P-1")).content.decode()
    assert "Nobody stands aside" in record
    missing = address(alliance, "conflict_waiver_settle", waiver=10**9, answer="grant")
    assert committee.post(missing).status_code == 404
    assert committee.post(address(alliance, "conflict_waiver_settle", waiver=waiver.pk, answer="eat")).status_code == 404


def test_the_office_asks_and_sees_who_has_not_answered(
    alliance: Alliance, member: Institution, secretary: User, auditor: User, client_for: ClientFor
) -> None:
    client = client_for(secretary)
    url = address(alliance, "declaration_list")
    assert client.post(url, {"due_on": "2020-01-01"}).status_code == 422

    assert client.post(url, {"due_on": f"{timezone.localdate().year + 1}-01-31"}).status_code == 302

    assert "Guangfu" in client.get(url + "?missing=1").content.decode()
    assert client_for(auditor).get(url).status_code == 200
    assert client_for(auditor).post(url, {"due_on": "2031-01-31"}).status_code == 403
    assert client.get(url + "?year=x").status_code == 200


def test_a_directive_by_its_pages_from_draft_to_roll_up(alliance: Alliance, secretary: User, client_for: ClientFor) -> None:
    child = make_alliance("child", parent=alliance, level="provincial")
    below = client_for(make_member(child))
    client = client_for(secretary)
    due = f"{timezone.localdate().year + 1}-01-31"
    new = address(alliance, "directive_new")
    assert client.post(new, {"kind": "work", "due_on": due}).status_code == 422
    values = {"kind": "work", "title_en": "Count mills", "text_en": "Please.", "measure": "mills", "due_on": due}
    answer = client.post(new, values)
    assert answer.status_code == 302
    detail = answer["Location"]
    assert "Alliance child" in client.get(detail).content.decode()
    assert client.post(detail, {}).status_code == 422
    assert client.post(detail, {"recipients": ["child"]}).status_code == 302
    for tenant in (alliance, child):
        with tenancy.acting_in(tenant):
            while deliver_next(tenant):
                pass
    received = address(child, "received_directive_detail", code="RD-0001")
    assert "Count mills" in below.get(address(child, "received_directive_list")).content.decode()
    assert "Count mills" in below.get(received).content.decode()
    assert below.post(address(child, "received_directive_acknowledge", code="RD-0001")).status_code == 302
    assert below.post(received, {"text_en": "", "figure": "3"}).status_code == 422
    assert below.post(received, {"text_en": f"{MARKER} done", "figure": "3"}).status_code == 302
    assert MARKER not in client.get(detail).content.decode()
    for tenant in (child, alliance):
        with tenancy.acting_in(tenant):
            while deliver_next(tenant):
                pass

    page = client.get(detail).content.decode()
    assert MARKER in page
    assert client.get(address(alliance, "directive_list")).status_code == 200
    close = address(alliance, "directive_close", code="DR-0001")
    assert client.get(close).status_code == 200
    assert client.post(close).status_code == 302
    with tenancy.acting_in(alliance):
        assert Directive.objects.of(alliance).get().state == "closed"
        assert AuditEntry.objects.of(alliance).filter(verb="close_directive").exists()
    with tenancy.acting_in(child):
        assert ReceivedDirective.objects.of(child).count() == 1


def test_pages_of_levels_know_nothing_of_other_alliances(
    alliance: Alliance, secretary: User, stranger: User, other_alliance: Alliance, client_for: ClientFor
) -> None:
    make_alliance("child", parent=alliance, level="provincial")
    client = client_for(secretary)
    due = f"{timezone.localdate().year + 1}-01-31"
    client.post(address(alliance, "directive_new"), {"kind": "work", "title_en": MARKER, "text_en": MARKER, "due_on": due})
    theirs = client_for(stranger)

    for name in ("directive_detail", "directive_edit", "directive_close"):
        real = theirs.get(address(other_alliance, name, code="DR-0001"))
        random = theirs.get(address(other_alliance, name, code="DR-0009"))
        assert real.status_code == random.status_code == 404
        assert MARKER not in real.content.decode()
    assert MARKER not in theirs.get(address(other_alliance, "directive_list")).content.decode()
    assert theirs.get(address(alliance, "directive_list")).status_code in {302, 403, 404}


def test_a_claim_is_shown_and_agreed_to_in_the_portal(
    alliance: Alliance, member: Institution, representative: User, secretary: User, client_for: ClientFor
) -> None:
    office, own = client_for(secretary), client_for(representative)
    values = {"institution": member.code, "matter": "product:P-029", "reason": "It sells it."}
    noted = office.post(address(alliance, "conflict_list"), values, follow=True).content.decode()
    with tenancy.acting_in(alliance):
        claim = ConflictOfInterest.objects.of(alliance).get()
    agree = address(alliance, "portal_conflict_agree", conflict=claim.pk)

    page = own.get(address(alliance, "portal_interest_list")).content.decode()

    assert "Noted as a claim" in noted
    assert "It sells it." in page
    assert agree in page
    assert office.post(agree).status_code == 403
    assert own.post(address(alliance, "portal_conflict_agree", conflict=claim.pk + 999)).status_code == 404
    assert own.post(agree).status_code == 302
    assert agree not in own.get(address(alliance, "portal_interest_list")).content.decode()
    with tenancy.acting_in(alliance):
        assert ConflictOfInterest.objects.of(alliance).get().state == "declared"
