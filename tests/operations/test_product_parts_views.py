"""Pages of kinds, versions, files, contributions and references: forms that lose nothing, the same rules as the actions."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from alliance.choices import AllianceRole
from operations.actions.kind import change_kind_form
from operations.actions.product import submit_product
from operations.choices import ProductKind, ProductState
from operations.kinds import KindField
from operations.models import Contribution, KindForm, Product, ProductFile, ProductReference
from operations.selectors.kind import form_in_force
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.operations import (
    Cast,
    give_evidence,
    make_institution,
    make_officer,
    make_product,
    make_staff,
)

AT = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def page(client: Client, cast: Cast, name: str, **kwargs: Any) -> Any:
    return client.get(address(cast.alliance, name, **kwargs))


def post(client: Client, cast: Cast, name: str, data: dict[str, Any], **kwargs: Any) -> Any:
    return client.post(address(cast.alliance, name, **kwargs), data)


def faults(answer: Any) -> list[str]:
    """What a form refused, for the message of a test that expected it to be taken."""
    return re.findall(r'<a href="#[^"]*">[^<]*</a>|<p class="error"[^>]*>[^<]*', answer.content.decode())


def inputs(html: str) -> dict[str, str]:
    """Values of the inputs, text areas and selects of a page, as a browser would send them."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", html):
        name = re.search(r'name="([^"]+)"', tag)
        kind = re.search(r'type="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and (kind is None or kind[1] not in {"checkbox", "radio", "submit", "file"} or " checked" in tag):
            found[name[1]] = value[1] if value else "on" if " checked" in tag else ""
    for name, text in re.findall(r'<textarea name="([^"]+)"[^>]*>(.*?)</textarea>', html, flags=re.DOTALL):
        found[name] = text.removeprefix("\n")
    for name, body in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', html, flags=re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body) or re.search(r'value="([^"]*)"', body)
        found[name] = chosen[1] if chosen else ""
    return found


# --------------------------------------------------------------------------------------------------------------- drafts


def test_a_draft_shows_and_saves_the_fields_of_its_kind(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.writer)
    html = client.get(address(cast.alliance, "product_draft") + "?kind=course").content.decode()
    data = inputs(html)
    assert {"details_learners_en", "details_learners_zh", "details_hours", "details_form"} <= set(data)
    data |= {"institution": str(cast.author.pk), "title_en": "Sampling", "details_hours": "16", "details_form": "online"}
    answer = post(client, cast, "product_draft", data)
    assert answer.status_code == 302, faults(answer)
    product = Product.objects.of(cast.alliance).get()
    assert (product.kind, product.details) == ("course", {"hours": "16", "form": "online"})
    html = client.get(address(cast.alliance, "product_detail", code=product.code)).content.decode()
    assert "Length, hours" in html


def test_another_kind_shows_its_fields_first_and_keeps_what_was_written(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.writer)
    data = inputs(client.get(address(cast.alliance, "product_draft") + "?kind=course").content.decode())
    data |= {
        "institution": str(cast.author.pk),
        "title_en": "Sampling",
        "details_assessment_en": "A test piece",
        "kind": "guide",
    }
    answer = post(client, cast, "product_draft", data)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert not Product.objects.of(cast.alliance).exists()
    assert 'name="details_scope_en"' in html
    again = inputs(html)
    assert again["title_en"] == "Sampling"
    back = post(client, cast, "product_draft", {**again, "kind": "course", "show": "1"}).content.decode()
    assert inputs(back)["details_assessment_en"] == "A test piece"


def test_a_bad_value_is_shown_at_its_field_and_nothing_is_lost(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast)
    client = client_for(cast.writer)
    data = inputs(page(client, cast, "product_edit", code=product.code).content.decode())
    data |= {"details_hours": "soon", "details_scope_en": "Mills that dye"}
    answer = post(client, cast, "product_edit", data, code=product.code)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#id_details_hours"' in html
    assert "Mills that dye" in html
    product.refresh_from_db()
    assert "hours" not in product.details


def test_what_is_missing_is_said_where_it_can_be_given(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.writer)
    empty = make_product(cast, details={})
    answer = post(client, cast, "product_submit", {}, code=empty.code)
    assert answer["Location"].endswith(f"/pilots/{empty.code}/edit/")
    assert "Where it applies" in client.get(answer["Location"]).content.decode()
    unproved = make_product(cast, kind=ProductKind.RESEARCH_REPORT)
    answer = post(client, cast, "product_submit", {}, code=unproved.code)
    assert answer["Location"].endswith(f"/pilots/{unproved.code}/files/")
    unproved.refresh_from_db()
    assert unproved.state == ProductState.DRAFT


def test_a_draft_offers_the_newest_form_and_is_taken_over(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast)
    change_kind_form(
        cast.alliance,
        "guide",
        fields=[*form_in_force(cast.alliance, "guide").fields, KindField("noise", "Noise level", "噪声", "number")],
        evidence=[],
        note="",
        base=0,
        actor=make_officer(cast.alliance, AllianceRole.OFFICE_ADMIN),
        at=AT,
    )
    client = client_for(cast.writer)
    html = page(client, cast, "product_edit", code=product.code).content.decode()
    assert "There is a newer form" in html
    assert "Noise level" not in html
    answer = post(client, cast, "form_newest", {"revision": "1"}, code=product.code)
    assert answer.status_code == 302
    html = page(client, cast, "product_edit", code=product.code).content.decode()
    assert "Noise level" in html
    assert "There is a newer form" not in html


# ---------------------------------------------------------------------------------------------------------------- kinds


def test_an_administrator_changes_a_kind_without_writing_code(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(make_officer(cast.alliance, AllianceRole.OFFICE_ADMIN))
    html = page(client, cast, "kind_edit", kind="guide").content.decode()
    data = inputs(html)
    fields = form_in_force(cast.alliance, "guide").fields
    new = len(fields)
    data |= {
        f"fields-{new}-label_en": "Noise level",
        f"fields-{new}-label_zh": "噪声",
        f"fields-{new}-type": "choice",
        f"fields-{new}-required": "on",
        f"fields-{new}-choices": "Loud / 响\nQuiet / 静",
        f"fields-{new}-ORDER": "1",
        "fields-0-label_en": "Range",
        "fields-0-ORDER": "2",
        "fields-1-DELETE": "on",
        "evidence-0-label_en": "Photos of the trial",
        "evidence-0-gate": "begin_pilot",
        "note": "Firms asked for it",
    }
    answer = post(client, cast, "kind_edit", data, kind="guide")
    assert answer.status_code == 302, faults(answer)
    form = form_in_force(cast.alliance, "guide")
    assert [one.key for one in form.fields] == ["noise_level", "scope", "hours", "safety"]
    assert [choice.label_en for choice in form.fields[0].choices] == ["Loud", "Quiet"]
    assert [(one.key, one.gate) for one in form.evidence] == [("photos_of_the_trial", "begin_pilot")]
    html = page(client, cast, "kind_detail", kind="guide").content.decode()
    for words in ("Firms asked for it", "Noise level", "Equipment and materials", "was called"):
        assert words in html


def test_more_rows_keep_what_was_typed(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(make_officer(cast.alliance, AllianceRole.OFFICE_ADMIN))
    data = inputs(page(client, cast, "kind_edit", kind="guide").content.decode())
    before = int(data["fields-TOTAL_FORMS"])
    answer = post(client, cast, "kind_edit", {**data, "fields-0-label_en": "Range", "more": "fields"}, kind="guide")
    again = inputs(answer.content.decode())
    assert answer.status_code == 200
    assert int(again["fields-TOTAL_FORMS"]) == before + 2
    assert again["fields-0-label_en"] == "Range"
    assert not KindForm.objects.of(cast.alliance).exists()


def test_a_form_that_cannot_be_filled_in_is_shown_at_its_row(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(make_officer(cast.alliance, AllianceRole.OFFICE_ADMIN))
    data = inputs(page(client, cast, "kind_edit", kind="guide").content.decode())
    data |= {"fields-0-type": "choice", "fields-0-choices": "Only one"}
    answer = post(client, cast, "kind_edit", data, kind="guide")
    assert answer.status_code == 422
    assert "Give 2 to 30 answers" in answer.content.decode()


def test_the_secretariat_reads_kinds_and_does_not_change_them(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.secretary)
    assert page(client, cast, "kind_list").status_code == 200
    html = page(client, cast, "kind_detail", kind="dataset").content.decode()
    assert "Description of the fields" in html
    assert page(client, cast, "kind_edit", kind="dataset").status_code == 403
    assert page(client, cast, "kind_detail", kind="poem").status_code == 404
    assert page(client_for(cast.writer), cast, "kind_list").status_code == 403


# ------------------------------------------------------------------------------------------------- versions and the next


def test_versions_are_listed_read_and_compared_with_marks_in_the_text(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, body_en="Boil at 80 degrees.", body_zh="水温八十度。")
    submit_product(cast.alliance, product.code, actor=cast.writer, at=AT)
    client = client_for(cast.writer)
    assert "no other version" in page(client, cast, "version_compare", code=product.code).content.decode()
    Product.objects.filter(pk=product.pk).update(
        state=ProductState.DRAFT, body_en="Boil at 72 degrees.", body_zh="水温七十度。"
    )
    submit_product(cast.alliance, product.code, actor=cast.writer, at=AT)
    assert page(client, cast, "version_list", code=product.code).status_code == 200
    html = page(client, cast, "version_detail", code=product.code, serial=1).content.decode()
    assert "Boil at 80 degrees." in html
    url = address(cast.alliance, "version_compare", code=product.code)
    html = client.get(f"{url}?old=2&new=1").content.decode()
    assert "[−" in html
    assert ">80<" in re.sub(r"<span[^>]*>[^<]*</span>", "", html)
    assert page(client, cast, "version_detail", code=product.code, serial=9).status_code == 404
    for query in ("old=9&new=1", "old=x", "old=1&new=²"):
        assert client.get(f"{url}?{query}").status_code == 404


def test_the_next_version_begins_on_the_page_of_the_released_one(cast: Cast, client_for: ClientFor) -> None:
    earlier = make_product(cast, ProductState.RELEASED)
    client = client_for(cast.writer)
    assert "Begin the next version" in page(client, cast, "product_detail", code=earlier.code).content.decode()
    assert page(client, cast, "next_version", code=earlier.code).status_code == 200
    answer = post(client, cast, "next_version", {}, code=earlier.code)
    successor = Product.objects.of(cast.alliance).get(predecessor=earlier)
    assert answer["Location"].endswith(f"/pilots/{successor.code}/")
    assert page(client, cast, "product_detail", code=successor.code).status_code == 200
    assert page(client_for(cast.testers[0]), cast, "next_version", code=earlier.code).status_code == 403


# ---------------------------------------------------------------------------------------------------------------- files


def test_a_file_goes_in_and_comes_out_by_the_page(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, kind=ProductKind.RESEARCH_REPORT)
    client = client_for(cast.writer)
    assert "Table of the data" in page(client, cast, "product_files", code=product.code).content.decode()
    data = {
        "file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n"),
        "evidence": "data_table",
        "title_en": "Rows",
        "is_public": "on",
    }
    answer = post(client, cast, "product_files", data, code=product.code)
    assert answer.status_code == 302, faults(answer)
    row = ProductFile.objects.of(cast.alliance).get()
    assert (row.evidence, row.title_en, row.is_public) == ("data_table", "Rows", True)
    assert page(client, cast, "file_download", uuid=row.file.uuid).status_code == 200
    assert page(client, cast, "product_file_remove", code=product.code, uuid=row.file.uuid).status_code == 200
    post(client, cast, "product_file_publish", {"is_public": "0"}, code=product.code, uuid=row.file.uuid)
    post(client, cast, "product_file_remove", {}, code=product.code, uuid=row.file.uuid)
    row.refresh_from_db()
    assert (row.is_public, row.removed_at is None) == (False, False)
    assert page(client_for(cast.editor), cast, "product_files", code=product.code).status_code == 404


def test_a_harmful_file_is_refused_at_its_field(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast)
    data = {"file": SimpleUploadedFile("a.png", b"<svg onload=alert(1)>"), "title_en": "Kept words"}
    answer = post(client_for(cast.writer), cast, "product_files", data, code=product.code)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Kept words" in html
    assert 'href="#id_file"' in html


def test_anybody_downloads_a_public_file_of_a_released_product(cast: Cast, client_for: ClientFor, client: Client) -> None:
    product = make_product(cast)
    data = {"file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n"), "is_public": "on"}
    post(client_for(cast.writer), cast, "product_files", data, code=product.code)
    uuid = ProductFile.objects.of(cast.alliance).get().file.uuid
    url = address(cast.alliance, "product_public_file", code=product.code, uuid=uuid)
    assert client.get(url).status_code == 404
    Product.objects.filter(pk=product.pk).update(state=ProductState.RELEASED, released_at=AT)
    answer = client.get(url)
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == b"a,b\n1,2\n"  # type: ignore[attr-defined]
    assert answer["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer["Content-Security-Policy"]
    private = give_evidence(product, "")
    assert page(client, cast, "product_public_file", code=product.code, uuid=private.file.uuid).status_code == 404


# ------------------------------------------------------------------------------------------- contributions and references


def test_parts_are_named_and_answered_on_their_pages(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast)
    other = make_institution(cast.alliance)
    client = client_for(cast.writer)
    data = inputs(page(client, cast, "contribution_edit", code=product.code).content.decode())
    data |= {"parts-0-share": "60", "parts-1-institution": str(other.pk), "parts-1-role": "data", "parts-1-share": "30"}
    answer = post(client, cast, "contribution_edit", data, code=product.code)
    assert answer.status_code == 422
    assert "add up to 90" in answer.content.decode()
    answer = post(client, cast, "contribution_edit", {**data, "parts-1-share": "40"}, code=product.code)
    assert answer.status_code == 302, faults(answer)
    theirs = client_for(make_staff(cast.alliance, other))
    assert page(theirs, cast, "contribution_answer", code=product.code).status_code == 200
    answer = post(theirs, cast, "contribution_answer", {"answer": "contest", "reason": ""}, code=product.code)
    assert answer.status_code == 422
    answer = post(theirs, cast, "contribution_answer", {"answer": "confirm"}, code=product.code)
    assert answer.status_code == 302
    assert Contribution.objects.of(cast.alliance).get(institution=other).confirmed_at is not None
    assert "confirmed" in page(client, cast, "product_detail", code=product.code).content.decode().lower()
    assert page(client, cast, "contribution_edit", code=product.code).status_code == 200
    assert page(theirs, cast, "contribution_edit", code=product.code).status_code == 403


def test_who_has_no_part_has_nothing_to_answer(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast)
    assert page(client_for(cast.writer), cast, "contribution_answer", code=product.code).status_code == 404
    assert page(client_for(cast.testers[0]), cast, "contribution_answer", code=product.code).status_code == 404


def test_references_are_added_and_taken_out_on_their_page(cast: Cast, client_for: ClientFor) -> None:
    product, base = make_product(cast), make_product(cast, ProductState.RELEASED, title_en="The base")
    client = client_for(cast.writer)
    data = {"kind": "product", "to": base.code, "words": "Its factors", "url": ""}
    answer = post(client, cast, "reference_add", {**data, "to": "P-404"}, code=product.code)
    assert answer.status_code == 422
    assert 'href="#id_to"' in answer.content.decode()
    assert post(client, cast, "reference_add", data, code=product.code).status_code == 302
    assert "The base" in page(client, cast, "product_detail", code=product.code).content.decode()
    assert product.code in page(client, cast, "product_detail", code=base.code).content.decode()
    row = ProductReference.objects.of(cast.alliance).get()
    assert post(client, cast, "reference_remove", {}, code=product.code, number=row.pk).status_code == 302
    assert not ProductReference.objects.of(cast.alliance).exists()


# ------------------------------------------------------------------------------------------------------------------ api


def test_the_api_lists_what_a_product_is_made_of_by_the_same_rights(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.RELEASED)
    give_evidence(product, "", is_public=True, name="part.txt")
    give_evidence(product, "rights", name="rights.txt")
    product.contributions.create(
        alliance=cast.alliance, institution=cast.author, role="author", share=100, named_at=AT, confirmed_at=AT
    )
    product.references.create(alliance=cast.alliance, kind="external", words="GB/T 32610", added_at=AT)
    draft = make_product(cast)

    def read(who: Any, name: str, code: str = product.code) -> Any:
        return client_for(who).get(address(cast.alliance, name, code=code))

    files = read(cast.writer, "api_product_file_list").json()["results"]
    assert [one["file"]["name"] for one in files] == ["part.txt", "rights.txt"]
    files = read(cast.testers[0], "api_product_file_list").json()["results"]
    assert [one["file"]["name"] for one in files] == ["part.txt"]
    shares = read(cast.testers[0], "api_contribution_list").json()["results"]
    assert [(one["institution"]["code"], one["share"]) for one in shares] == [(cast.author.code, "100.00")]
    assert read(cast.writer, "api_product_reference_list").json()["results"][0]["words"] == "GB/T 32610"
    submit_product(cast.alliance, draft.code, actor=cast.writer, at=AT)
    versions = read(cast.writer, "api_product_version_list", draft.code).json()["results"]
    assert [(one["serial"], one["occasion"]) for one in versions] == [(1, "submitted")]
    assert versions[0]["details"] == draft.details
    for name in (
        "api_product_file_list",
        "api_contribution_list",
        "api_product_reference_list",
        "api_product_version_list",
    ):
        assert read(cast.testers[0], name, draft.code).status_code == 404
        assert read(cast.writer, name, "P-404").status_code == 404


@pytest.mark.parametrize(
    "details", [{"hours": "soon"}, {"colour": "red"}, {"scope": [1]}, "text", {"scope": {"en": "a\x00"}}]
)
def test_the_api_refuses_values_that_do_not_fit(cast: Cast, client_for: ClientFor, details: Any) -> None:
    body = {"institution": cast.author.code, "kind": "guide", "title_en": "Guide", "details": details}
    answer = client_for(cast.writer).post(address(cast.alliance, "api_product_list"), body, content_type="application/json")
    assert answer.status_code == 422, answer.content
    assert not Product.objects.of(cast.alliance).exists()
