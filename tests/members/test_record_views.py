"""Pages about facts, elements and people; acts on many and saved views from the list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.models import Alliance, Invitation, SavedView, User
from groups.models import GroupMembership, VirtualGroup
from members.choices import InstitutionKind, StaffRole
from members.models import BulkAct, ElementSupply, FactMark, Institution, InstitutionStaff
from tests.conftest import ClientFor
from tests.factories.alliance import address, make_user
from tests.factories.members import make_institution, make_staff, make_supply


@pytest.fixture
def institution(alliance: Alliance) -> Institution:
    with tenancy.acting_in(alliance):
        return make_institution(alliance, name_en="Loom Works", region_code="440600")


@pytest.fixture
def representative(alliance: Alliance, institution: Institution) -> User:
    with tenancy.acting_in(alliance):
        return make_staff(institution).user


def test_the_office_verifies_and_the_institution_confirms_what_it_sees(
    alliance: Alliance, institution: Institution, secretary: User, representative: User, client_for: ClientFor
) -> None:
    office, member = client_for(secretary), client_for(representative)
    url = address(alliance, "institution_facts", code=institution.code)

    refused = office.post(url, {"fact": ["name"], "act": "verify"})
    assert refused.status_code == 422
    assert b"Say what the facts were compared with" in refused.content
    assert b'value="name" checked' in refused.content, "what was chosen is kept"
    file = SimpleUploadedFile("register.txt", b"entry of today", content_type="text/plain")
    done = office.post(url, {"fact": ["name", "kind"], "act": "verify", "note": "", "evidence": file})
    assert done.status_code == 302

    own = address(alliance, "portal_facts", code=institution.code)
    page = member.get(own).content.decode()
    assert "Verified" in page
    with tenancy.acting_in(alliance):
        mark = FactMark.objects.of(alliance).get(fact="name")
    assert member.post(own, {"only": "name", "digest_name": "old"}).status_code == 422
    assert member.post(own, {"only": "name", "digest_name": mark.value_digest}).status_code == 302
    with tenancy.acting_in(alliance):
        assert FactMark.objects.of(alliance).get(fact="name").confirmed_by == representative
    assert office.post(url, {"fact": ["name"], "act": "withdraw", "note": "misread"}).status_code == 302


def test_elements_are_managed_in_the_portal_with_a_file(
    alliance: Alliance, institution: Institution, representative: User, client_for: ClientFor
) -> None:
    member = client_for(representative)
    file = SimpleUploadedFile("list.txt", b"three laboratories", content_type="text/plain")
    values = {
        "element": "technology",
        "scale": "macro",
        "strength": "0.8",
        "evidence_en": "3 laboratories",
        "valid_from": timezone.localdate().isoformat(),
    }

    answer = member.post(address(alliance, "portal_supply_add", code=institution.code), {**values, "evidence_file": file})
    assert answer.status_code == 302
    with tenancy.acting_in(alliance):
        supply = ElementSupply.objects.of(alliance).select_related("evidence_file").get(institution=institution)
    assert supply.evidence_file is not None
    edit = address(alliance, "portal_supply_edit", code=institution.code, supply=supply.pk)
    assert member.post(edit, {"scale": "macro", "strength": "0.9"}).status_code == 422, "a figure needs evidence"
    assert member.post(edit, {"scale": "meso", "strength": "0.9", "evidence_en": "4 laboratories"}).status_code == 302
    page = member.get(address(alliance, "portal_elements", code=institution.code)).content.decode()
    assert "0.90" in page
    assert str(supply.evidence_file.uuid) in page
    end = address(alliance, "portal_supply_end", code=institution.code, supply=supply.pk)
    assert member.post(end).status_code == 302
    assert member.post(end).status_code == 302, "a second time changes nothing and says so"


def test_people_are_invited_given_deputies_and_ended_by_the_institution(
    alliance: Alliance,
    institution: Institution,
    representative: User,
    client_for: ClientFor,
    django_capture_on_commit_callbacks: Any,
) -> None:
    member = client_for(representative)
    url = address(alliance, "portal_people", code=institution.code)
    with tenancy.acting_in(alliance):
        staff = make_staff(institution, role=StaffRole.STAFF)

    with django_capture_on_commit_callbacks(execute=True):
        answer = member.post(url, {"email": "new@example.org", "role": "signatory", "language": "en"})
    assert answer.status_code == 302
    assert [message.to for message in mail.outbox] == [["new@example.org"]]
    assert b"new@example.org" in member.get(url).content
    with tenancy.acting_in(alliance):
        invitation = Invitation.objects.of(alliance).get()
    withdraw = address(alliance, "portal_staff_invitation_withdraw", code=institution.code, uuid=invitation.uuid)
    assert member.post(withdraw).status_code == 302
    assert member.post(withdraw).status_code == 404
    deputy = address(alliance, "portal_staff_deputy", code=institution.code, staff=staff.pk)
    assert member.post(deputy, {"deputy": str(representative.uuid)}).status_code == 302
    end = address(alliance, "portal_staff_end", code=institution.code, staff=staff.pk)
    assert b"Open tasks pass to" in member.get(end).content
    assert member.post(end).status_code == 302
    with tenancy.acting_in(alliance):
        row = InstitutionStaff.objects.of(alliance).get(pk=staff.pk)
        own = InstitutionStaff.objects.of(alliance).get(user=representative)
    assert row.deputy == representative
    assert row.ends_at is not None
    last = member.post(address(alliance, "portal_staff_end", code=institution.code, staff=own.pk))
    assert last.status_code == 422
    assert b"last representative" in last.content


def test_officers_see_people_but_do_not_manage_them(
    alliance: Alliance, institution: Institution, client_for: ClientFor
) -> None:
    with tenancy.acting_in(alliance):
        officer = make_staff(institution, role=StaffRole.STAFF).user
    client = client_for(officer)
    url = address(alliance, "portal_people", code=institution.code)

    assert b"Invite somebody" not in client.get(url).content
    assert client.post(url, {"email": "x@example.org", "role": "staff", "language": "en"}).status_code == 403


def test_a_selection_is_given_seats_and_it_is_undone(alliance: Alliance, secretary: User, client_for: ClientFor) -> None:
    with tenancy.acting_in(alliance):
        VirtualGroup.objects.get_or_create(alliance=alliance, kind="wisdom_group")
        chosen = [make_institution(alliance, kind=InstitutionKind.UNIVERSITY_THINK_TANK).code for _number in range(2)]
        make_institution(alliance, kind=InstitutionKind.UNIVERSITY_THINK_TANK)
    client = client_for(secretary)
    url = address(alliance, "institution_act")

    asked = client.post(url, {"act": "add_to_group", "chosen": chosen, "query": "kind=university_think_tank"})
    assert asked.status_code == 200
    assert asked.context["total"] == 2
    values = {"act": "add_to_group", "chosen": chosen, "query": "kind=university_think_tank", "confirmed": "1"}
    assert client.post(url, {**values, "group": "circus", "role": "member"}).status_code == 422
    done = client.post(url, {**values, "group": "wisdom_group", "role": "member"})
    assert "kind=university_think_tank&done=" in done["Location"]
    page = client.get(done["Location"]).content.decode()
    assert "Done for 2 institutions" in page
    with tenancy.acting_in(alliance):
        record = BulkAct.objects.of(alliance).get()
        BulkAct.objects.of(alliance).update(finished_at=timezone.now() - timedelta(seconds=5))
        GroupMembership.objects.of(alliance).update(starts_at=timezone.now() - timedelta(seconds=5))
    assert client.post(address(alliance, "institution_act_undo", uuid=record.uuid)).status_code == 302
    with tenancy.acting_in(alliance):
        assert not GroupMembership.objects.of(alliance).filter(ends_at__isnull=True).exists()


def test_all_results_of_a_filtered_list_can_be_chosen_and_exported(
    alliance: Alliance, secretary: User, client_for: ClientFor
) -> None:
    with tenancy.acting_in(alliance):
        for number in range(3):
            make_institution(alliance, name_en=f"Mill {number}", kind=InstitutionKind.LEADING_ENTERPRISE)
        make_institution(alliance, name_en="Other")
    client = client_for(secretary)
    url = address(alliance, "institution_act")

    answer = client.post(url, {"act": "csv", "select_all_results": "1", "query": "kind=leading_enterprise&sort=-name"})
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == ["Mill 2", "Mill 1", "Mill 0"]
    nothing = client.post(url, {"act": "message", "query": "q=none"})
    assert nothing.status_code == 302
    assert nothing["Location"].endswith("?q=none")


def test_views_are_kept_shown_shared_and_deleted_by_their_owner(
    alliance: Alliance, secretary: User, office_admin: User, client_for: ClientFor
) -> None:
    with tenancy.acting_in(alliance):
        make_institution(alliance)
    client, colleague = client_for(secretary), client_for(office_admin)
    save = address(alliance, "institution_view_save")
    listed = address(alliance, "institution_list")

    client.post(save, {"name": "My mills", "query": "kind=leading_enterprise&after=x&sort=newest"})
    client.post(save, {"name": "Ours", "query": "state=active", "is_shared": "1"})
    client.post(save, {"name": " ", "query": "state=active"})

    with tenancy.acting_in(alliance):
        views = dict(SavedView.objects.of(alliance).values_list("name", "query"))
        shared = SavedView.objects.of(alliance).get(name="Ours")
    assert views == {"My mills": "kind=leading_enterprise&sort=newest", "Ours": "state=active"}
    assert b"My mills" in client.get(listed).content
    page = colleague.get(listed).content
    assert b"My mills" not in page
    assert b"Ours" in page
    drop = address(alliance, "institution_view_drop", uuid=shared.uuid)
    assert colleague.post(drop).status_code == 404
    assert colleague.post(address(alliance, "institution_view_drop", uuid=uuid4())).status_code == 404
    assert client.post(drop).status_code == 302


def test_search_finds_parts_of_names_codes_and_contacts_in_the_own_alliance_only(
    alliance: Alliance, other_alliance: Alliance, secretary: User, client_for: ClientFor
) -> None:
    with tenancy.acting_in(other_alliance):
        make_institution(other_alliance, name_en="Guangfu Foreign")
    with tenancy.acting_in(alliance):
        make_institution(
            alliance, name_en="Guangfu Textile", name_zh="广富纺织研究院", code="G-77", contact_email="he.min@example.org"
        )
        make_institution(alliance, name_en="100% Cotton_Works")
    client = client_for(secretary)
    for words, found in (
        ("guangfu", ["Guangfu Textile"]),
        ("GUANGFU text", ["Guangfu Textile"]),
        ("纺织", ["Guangfu Textile"]),
        ("g-77", ["Guangfu Textile"]),
        ("he.min@", ["Guangfu Textile"]),
        ("0% c", ["100% Cotton_Works"]),
        ("n_w", ["100% Cotton_Works"]),
        ("n%w", []),
        ("gu%fu", []),
    ):
        page = client.get(address(alliance, "institution_list"), {"q": words})
        assert [row["institution"].name_en for row in page.context["rows"]] == found, words


def test_the_whole_entry_is_given_as_a_file(
    alliance: Alliance, institution: Institution, representative: User, client_for: ClientFor
) -> None:
    with tenancy.acting_in(alliance):
        make_supply(institution)
    url = address(alliance, "portal_institution_file", code=institution.code)

    text = client_for(representative).get(url).content.decode("utf-8-sig")

    assert "Loom Works" in text
    assert "as noted" in text
    assert client_for(make_user()).get(url).status_code in {403, 404}


def test_the_finer_kind_is_kept_where_the_kind_has_one(alliance: Alliance, secretary: User, client_for: ClientFor) -> None:
    client = client_for(secretary)
    url = address(alliance, "institution_add")
    values = {"name_en": "Mill", "kind": "leading_enterprise", "country": "CN"}

    refused = client.post(url, {**values, "subkind": "single_field"})
    assert refused.status_code == 422
    assert b"no finer kind of this kind" in refused.content
    assert client.post(url, {**values, "subkind": "inter_industry"}).status_code == 302
    with tenancy.acting_in(alliance):
        assert Institution.objects.of(alliance).get(name_en="Mill").subkind == "inter_industry"
