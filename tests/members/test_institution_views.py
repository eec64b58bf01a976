"""Pages about institutions and imports."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.models import Alliance, User
from members.choices import Element, InstitutionKind, InstitutionState
from members.models import Institution, InstitutionImport
from tests.conftest import ClientFor
from tests.factories.alliance import address, make_user
from tests.factories.groups import make_seat
from tests.factories.members import make_institution, make_staff, make_supply

TABLE = b"name,country_code,type\r\nAlpha University,CN,Education\r\nBeta,CN,Circus\r\n,CN,Education\r\n"


def test_the_list_filters_by_facets_and_words_and_keeps_them_in_the_address(
    alliance: Alliance, secretary: User, client_for: ClientFor
) -> None:
    with tenancy.acting_in(alliance):
        make_institution(alliance, name_en="Guangfu Textile", kind=InstitutionKind.INDUSTRY_THINK_TANK)
        mill = make_institution(alliance, name_en="South Mill", kind=InstitutionKind.LEADING_ENTERPRISE)
        make_supply(mill, Element.CAPITAL)
        make_seat(mill, "leading_enterprise_group")
    client = client_for(secretary)
    url = address(alliance, "institution_list")

    for query, shown, hidden in (
        ("?kind=leading_enterprise", "South Mill", "Guangfu"),
        ("?q=guangfu", "Guangfu", "South Mill"),
        ("?element=capital", "South Mill", "Guangfu"),
        ("?group=leading_enterprise_group", "South Mill", "Guangfu"),
    ):
        page = client.get(url + query).content.decode()
        assert shown in page
        assert hidden not in page.split("<tbody>", 1)[1]


def test_the_list_says_which_filter_hides_most(alliance: Alliance, secretary: User, client_for: ClientFor) -> None:
    with tenancy.acting_in(alliance):
        make_institution(alliance)

    page = client_for(secretary).get(address(alliance, "institution_list") + "?kind=media_think_tank")

    assert page.context["hides_most"]["count"] == 1
    assert b"No institution fits" in page.content


def test_the_list_costs_the_same_number_of_queries_whatever_its_length(
    alliance: Alliance, secretary: User, client_for: ClientFor, django_assert_max_num_queries: Any
) -> None:
    client = client_for(secretary)
    url = address(alliance, "institution_list")
    used = []
    for _round in range(2):
        with tenancy.acting_in(alliance):
            for _number in range(10):
                institution = make_institution(alliance, region_code="440600")
                make_supply(institution)
                make_seat(institution)
        client.get(url)
        with django_assert_max_num_queries(60) as captured:
            client.get(url)
        used.append(len(captured))

    assert used[0] == used[1]


def test_the_csv_holds_what_the_list_shows_and_guards_formulas(
    alliance: Alliance, secretary: User, client_for: ClientFor
) -> None:
    with tenancy.acting_in(alliance):
        make_institution(alliance, name_en="=1+1", kind=InstitutionKind.LEADING_ENTERPRISE)
        make_institution(alliance, name_en="Other kind")

    answer = client_for(secretary).get(address(alliance, "institution_list") + "?format=csv&kind=leading_enterprise")

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert len(rows) == 2
    assert rows[1][1] == "'=1+1"


def test_script_in_a_name_is_shown_as_text(alliance: Alliance, secretary: User, client_for: ClientFor) -> None:
    with tenancy.acting_in(alliance):
        institution = make_institution(alliance, name_en="<script>alert(1)</script>")
    client = client_for(secretary)

    for url in (
        address(alliance, "institution_list"),
        address(alliance, "institution_detail", code=institution.code),
        address(alliance, "institution_step", code=institution.code, step="suspend"),
    ):
        page = client.get(url).content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_an_institution_of_another_alliance_is_not_found(
    alliance: Alliance, other_alliance: Alliance, secretary: User, client_for: ClientFor
) -> None:
    with tenancy.acting_in(other_alliance):
        theirs = make_institution(other_alliance, code="X-1")
    client = client_for(secretary)

    for name, more in (("institution_detail", {}), ("institution_edit", {}), ("institution_step", {"step": "suspend"})):
        foreign = client.get(address(alliance, name, code=theirs.code, **more))
        missing = client.get(address(alliance, name, code="X-none", **more))
        assert foreign.status_code == missing.status_code == 404


def test_the_detail_shows_elements_seats_people_and_the_record(
    alliance: Alliance, secretary: User, client_for: ClientFor
) -> None:
    with tenancy.acting_in(alliance):
        institution = make_institution(alliance, name_en="Guangfu", name_zh="广富")
        make_supply(institution, Element.TECHNOLOGY)
        make_seat(institution)
        make_staff(institution, make_user(name_en="He Min"))
    client = client_for(secretary)
    client.post(
        address(alliance, "institution_step", code=institution.code, step="suspend"), {"reason": "Fees are not paid."}
    )

    page = client.get(address(alliance, "institution_detail", code=institution.code)).content.decode()

    for words in ("Guangfu", "广富", "technology", "Policy group", "He Min", "Suspended", "Fees are not paid."):
        assert words in page


def test_an_institution_is_added_changed_and_refused_when_it_is_there_already(
    alliance: Alliance, secretary: User, client_for: ClientFor
) -> None:
    client = client_for(secretary)
    values = {"name_en": "Guangfu", "kind": "industry_think_tank", "country": "cn", "region": "佛山市"}

    assert client.post(address(alliance, "institution_add"), values).status_code == 302
    again = client.post(address(alliance, "institution_add"), {**values, "name_en": "GUANGFU "})
    changed = client.post(address(alliance, "institution_edit", code="I-0001"), {**values, "short_en": "GF"})

    assert again.status_code == 422
    assert b"I-0001" in again.content
    assert changed.status_code == 302
    with tenancy.acting_in(alliance):
        institution = Institution.objects.get(code="I-0001")
        assert (institution.short_en, institution.region_code, institution.country_code) == ("GF", "440600", "CN")


def test_elements_are_noted_and_ended_by_page(alliance: Alliance, secretary: User, client_for: ClientFor) -> None:
    with tenancy.acting_in(alliance):
        institution = make_institution(alliance)
    client = client_for(secretary)
    url = address(alliance, "supply_add", code=institution.code)
    values = {"element": "policy", "scale": "macro", "strength": "0.6", "valid_from": "2026-01-01"}

    without_evidence = client.post(url, values)
    noted = client.post(url, {**values, "evidence_en": "5 briefs"})
    twice = client.post(url, {**values, "evidence_en": "5 briefs"})

    assert (without_evidence.status_code, noted.status_code, twice.status_code) == (422, 302, 422)
    with tenancy.acting_in(alliance):
        supply = institution.supplies.get()
    assert client.post(address(alliance, "supply_end", code=institution.code, supply=supply.pk)).status_code == 302
    with tenancy.acting_in(alliance):
        assert institution.supplies.get().valid_to == timezone.localdate()


def test_the_whole_import_runs_through_its_pages(
    alliance: Alliance, secretary: User, client_for: ClientFor, django_capture_on_commit_callbacks: Any
) -> None:
    client = client_for(secretary)

    answer = client.post(
        address(alliance, "institution_import_upload"), {"file": SimpleUploadedFile("t.csv", TABLE, "text/csv")}
    )
    assert answer.status_code == 302
    with tenancy.acting_in(alliance):
        record = InstitutionImport.objects.get()
    mapping = address(alliance, "institution_import_mapping", uuid=record.uuid)
    page = client.get(mapping).content.decode()
    assert "Circus" in page
    assert "Alpha University" in page
    values = {"column_name": "0", "column_country": "1", "column_kind": "2", "default_country": "CN"}
    values |= {"kind_0": "university_think_tank", "kind_1": ""}
    assert client.post(mapping, values).status_code == 422
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(mapping, {**values, "kind_1": "-"}).status_code == 302
    detail = address(alliance, "institution_import_detail", uuid=record.uuid)
    page = client.get(detail).content.decode()
    assert "Result of the dry run" in page
    assert "The name is missing." in page
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address(alliance, "institution_import_start", uuid=record.uuid), {"policy": "good_rows"})
    page = client.get(detail).content.decode()
    assert "1 institution was added." in page
    answer = client.get(address(alliance, "institution_import_faults", uuid=record.uuid), HTTP_ACCEPT_LANGUAGE="en")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert "The name is missing." in text
    assert client.get(address(alliance, "institution_import_list")).status_code == 200
    with tenancy.acting_in(alliance):
        assert Institution.objects.get().name_en == "Alpha University"
        job = InstitutionImport.objects.select_related("job").get().job
    assert job is not None
    assert client.get(address(alliance, "institution_import_of_job", uuid=job.uuid)).status_code == 302
    fragment = client.get(address(alliance, "institution_import_progress", uuid=record.uuid), headers={"HX-Request": "true"})
    assert b"<html" not in fragment.content


def test_choosing_another_type_column_shows_its_values_before_going_on(
    alliance: Alliance, secretary: User, client_for: ClientFor
) -> None:
    client = client_for(secretary)
    content = b"name,country,sort\r\nAlpha,CN,Education\r\n"
    client.post(address(alliance, "institution_import_upload"), {"file": SimpleUploadedFile("t.csv", content, "text/csv")})
    with tenancy.acting_in(alliance):
        record = InstitutionImport.objects.get()

    page = client.post(
        address(alliance, "institution_import_mapping", uuid=record.uuid),
        {"column_name": "0", "column_country": "1", "column_kind": "2", "default_country": "CN"},
    )

    assert page.status_code == 200
    assert b"Education" in page.content
    with tenancy.acting_in(alliance):
        assert InstitutionImport.objects.get().job_id is None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.xlsx", b"PK\x03\x04", ".xlsx"),
        ("t.csv", b"", "empty"),
        ("t.csv", b"\x00\x01\x02" * 50, "text"),
        ("t.csv", b"only a header\r\n", "no rows"),
    ],
)
def test_a_file_that_is_no_table_gets_a_clear_message_on_the_page(
    alliance: Alliance, secretary: User, client_for: ClientFor, name: str, content: bytes, words: str
) -> None:
    answer = client_for(secretary).post(
        address(alliance, "institution_import_upload"), {"file": SimpleUploadedFile(name, content, "text/csv")}
    )

    assert answer.status_code == 422
    assert words in answer.content.decode()
    with tenancy.acting_in(alliance):
        assert not InstitutionImport.objects.exists()


def test_a_file_over_the_limit_is_refused_without_being_kept(
    alliance: Alliance, secretary: User, client_for: ClientFor, settings: Any
) -> None:
    settings.IMPORT_MAX_BYTES = 1024 * 1024

    answer = client_for(secretary).post(
        address(alliance, "institution_import_upload"),
        {"file": SimpleUploadedFile("t.csv", b"name\r\n" + b"x" * 2_000_000, "text/csv")},
    )

    assert answer.status_code == 422
    assert "larger than 1 MB" in answer.content.decode()


def test_the_upload_still_needs_its_token(alliance: Alliance, secretary: User, client_for: ClientFor) -> None:
    client = client_for(secretary, enforce_csrf_checks=True)

    answer = client.post(
        address(alliance, "institution_import_upload"), {"file": SimpleUploadedFile("t.csv", TABLE, "text/csv")}
    )

    assert answer.status_code == 403


def test_the_portal_shows_ones_own_institution_and_no_other(alliance: Alliance, client_for: ClientFor) -> None:
    with tenancy.acting_in(alliance):
        mine = make_institution(alliance, name_en="Mine")
        other = make_institution(alliance, name_en="Other")
        user = make_user()
        make_staff(mine, user)
        make_supply(mine)
    client = client_for(user)

    assert client.get(address(alliance, "portal_institution")).status_code == 302
    page = client.get(address(alliance, "portal_institution_detail", code=mine.code))
    assert b"Mine" in page.content
    assert client.get(address(alliance, "portal_institution_detail", code=other.code)).status_code == 404
    assert client.get(address(alliance, "institution_list")).status_code == 403
    edit = address(alliance, "portal_institution_edit", code=mine.code)
    assert client.post(edit, {"short_en": "M", "web": "not a site", "contact_email": ""}).status_code == 422
    assert client.post(edit, {"short_en": "M", "web": "mine.example.org", "contact_email": ""}).status_code == 302
    with tenancy.acting_in(alliance):
        assert Institution.objects.get(pk=mine.pk).web == "https://mine.example.org"


@pytest.mark.parametrize("state", [InstitutionState.EXPELLED, InstitutionState.WITHDRAWN, InstitutionState.LAPSED])
def test_nobody_acts_for_an_institution_that_is_gone(alliance: Alliance, client_for: ClientFor, state: str) -> None:
    with tenancy.acting_in(alliance):
        institution = make_institution(alliance, state=state)
        user = make_user()
        make_staff(institution, user)

    assert client_for(user).get(address(alliance, "portal_institution_detail", code=institution.code)).status_code == 404


def test_a_role_ends_to_the_minute(alliance: Alliance, client_for: ClientFor) -> None:
    with tenancy.acting_in(alliance):
        institution = make_institution(alliance)
        user = make_user()
        make_staff(institution, user, ends_at=timezone.now() - timedelta(minutes=1))

    assert client_for(user).get(address(alliance, "portal_institution_detail", code=institution.code)).status_code == 404
