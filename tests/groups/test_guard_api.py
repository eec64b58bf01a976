"""The API of conflicts, declarations and directives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from alliance.actions.outbox import deliver_next
from alliance.kernel import tenancy
from groups.models import ConflictOfInterest, DirectiveDelivery, InterestDeclaration, ReceivedDirective
from tests.factories.alliance import address, make_alliance, make_member, make_user
from tests.factories.api import bearer
from tests.factories.groups import make_conflict
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from alliance.models import Alliance, User
    from tests.conftest import ClientFor

pytestmark = pytest.mark.django_db
MARKER = "MARKERWORD"


def relay(*alliances: Alliance) -> None:
    for alliance in (*alliances, *alliances):
        with tenancy.acting_in(alliance):
            while deliver_next(alliance):
                pass


def body(**more: Any) -> dict[str, Any]:
    due = f"{timezone.localdate().year + 1}-01-31"
    values = {"kind": "work", "title_en": "Count", "text_en": "Please.", "measure": "mills", "due_on": due}
    return {**values, "recipients": ["child"], **more}


def test_a_directive_goes_down_and_comes_back_by_machine_clients(alliance: Alliance, client_for: ClientFor) -> None:
    child = make_alliance("child", parent=alliance, level="provincial")
    client = client_for(None)
    above = bearer(client, alliance, ["directives:read", "directives:write"])
    below = bearer(client, child, ["directives:read", "directives:write"])

    made = client.post(address(alliance, "api_directive_list"), body(), content_type="application/json", headers=above)
    assert made.status_code == 201, made.content
    relay(alliance, child)
    received = address(child, "api_received_directive_detail", code="RD-0001")
    assert client.get(received, headers=below).json()["origin_code"] == made.json()["code"]
    note = address(child, "api_directive_acknowledgement", code="RD-0001")
    assert client.post(note, {"state": "acknowledged"}, content_type="application/json", headers=below).status_code == 200
    report = address(child, "api_directive_report", code="RD-0001")
    bad = client.post(report, {"text_en": "x"}, content_type="application/json", headers=below)
    assert bad.status_code == 422
    assert "figure" in bad.content.decode()
    good = client.post(report, {"text_en": "x", "figure": "12.5"}, content_type="application/json", headers=below)
    assert good.status_code == 200, good.content
    relay(child, alliance)

    found = client.get(address(alliance, "api_directive_detail", code=made.json()["code"]), headers=above).json()
    assert [(row["state"], row["figure"]) for row in found["deliveries"]] == [("reported", "12.5000")]
    with tenancy.acting_in(alliance):
        assert DirectiveDelivery.objects.of(alliance).filter(state="reported").count() == len(found["deliveries"])


def test_scopes_and_roles_keep_directives(
    alliance: Alliance, secretary: User, committee_member: User, client_for: ClientFor
) -> None:
    make_alliance("child", parent=alliance, level="provincial")
    client = client_for(None)
    reading = bearer(client, alliance, ["directives:read"])
    url = address(alliance, "api_directive_list")

    assert client.post(url, body(), content_type="application/json", headers=reading).status_code == 403
    assert client_for(committee_member).get(url).status_code == 200
    assert client_for(committee_member).post(url, body(), content_type="application/json").status_code == 403
    refused = client_for(secretary).post(url, body(recipients=["other"]), content_type="application/json")
    assert refused.status_code == 422
    assert refused.json()["code"] == "directive_incomplete"
    unknown = client_for(secretary).post(url, body(state="closed"), content_type="application/json")
    assert unknown.status_code == 422
    assert client_for(secretary).get(url).json()["results"] == []


def test_no_client_of_one_alliance_reads_or_answers_what_another_received(
    alliance: Alliance, other_alliance: Alliance, client_for: ClientFor
) -> None:
    child = make_alliance("child", parent=alliance, level="provincial")
    client = client_for(make_member(alliance))
    client.post(address(alliance, "api_directive_list"), body(title_en=MARKER), content_type="application/json")
    relay(alliance, child)
    anyone = client_for(None)
    headers = bearer(anyone, other_alliance, ["directives:read", "directives:write"])

    for tenant, name, code in (
        (other_alliance, "api_directive_detail", "DR-0001"),
        (other_alliance, "api_received_directive_detail", "RD-0001"),
        (child, "api_received_directive_detail", "RD-0001"),
    ):
        answer = anyone.get(address(tenant, name, code=code), headers=headers)
        assert answer.status_code in {401, 403, 404}
        assert MARKER not in answer.content.decode()
    report = address(other_alliance, "api_directive_report", code="RD-0001")
    assert anyone.post(report, {"text_en": "x"}, content_type="application/json", headers=headers).status_code == 404
    with tenancy.acting_in(child):
        assert ReceivedDirective.objects.of(child).get().state == "delivered"


def test_who_stands_aside_is_told_to_the_own_people_the_office_and_the_committee_and_never_why(
    alliance: Alliance, secretary: User, committee_member: User, auditor: User, client_for: ClientFor
) -> None:
    own, peer = make_user(), make_user()
    with tenancy.acting_in(alliance):
        institution = make_institution(alliance)
        make_staff(institution, own)
        make_staff(make_institution(alliance), peer)
        make_conflict(institution, "product:P-1", reason=MARKER)
        InterestDeclaration.objects.create(alliance=alliance, institution=institution, year=2026, due_on="2026-01-31")
    conflicts, declarations = address(alliance, "api_conflict_list"), address(alliance, "api_declaration_list")

    for reader in (secretary, committee_member, own):
        answer = client_for(reader).get(conflicts)
        assert [row["institution"]["code"] for row in answer.json()["results"]] == [institution.code]
        assert MARKER not in answer.content.decode()
        assert len(client_for(reader).get(declarations).json()["results"]) == 1
    for reader in (peer, auditor):
        assert client_for(reader).get(conflicts).json()["results"] == []
        assert client_for(reader).get(declarations).json()["results"] == []
        assert client_for(reader).get(conflicts + "?matter=product:P-1").json()["results"] == []


def test_a_conflict_is_declared_by_the_institutions_representative(alliance: Alliance, client_for: ClientFor) -> None:
    own, peer = make_user(), make_user()
    with tenancy.acting_in(alliance):
        institution = make_institution(alliance)
        make_staff(institution, own)
        make_staff(make_institution(alliance), peer)
    url = address(alliance, "api_conflict_list")
    given = {"institution": institution.code, "matter": "product:P-1", "reason": "Shares."}

    assert client_for(peer).post(url, given, content_type="application/json").status_code == 403
    assert client_for(own).post(url, given, content_type="application/json").status_code == 201
    again = client_for(own).post(url, given, content_type="application/json")

    assert (again.status_code, again.json()["code"]) == (422, "conflict_declared")
    with tenancy.acting_in(alliance):
        assert ConflictOfInterest.objects.of(alliance).count() == 1
