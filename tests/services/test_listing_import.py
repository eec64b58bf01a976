"""Listings from tables and JSON Lines by the office: dry run, import, twice adds none, faults come back."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from alliance.kernel import jobs
from alliance.kernel.errors import InvalidInputError, PermissionRefusedError
from alliance.kernel.json_lines import json_lines_to_csv
from alliance.kernel.permissions import forget_grants
from alliance.kernel.tables import write_csv
from alliance.kernel.uploads import UploadRefusedError
from alliance.models import Alliance, AuditEntry, InboxItem, OutboxEvent, User
from members.actions.institution_import import map_table, start_check, start_import, upload_table
from members.choices import ImportPolicy, ImportState
from members.models import InstitutionImport
from members.selectors.import_subjects import row_subjects
from members.selectors.institution_import import list_screen_faults
from services.actions.listing_import import import_listing, listing_code
from services.choices import ListingState
from services.models import Listing
from services.signals import LISTING_CHANGED
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.groups import stand_aside
from tests.factories.listings import make_drafted, make_listing_cast, make_verified
from tests.factories.members import make_staff
from tests.factories.services import make_house

pytestmark = pytest.mark.django_db
CORDIS: list[dict[str, Any]] = [
    {"id": "HORIZON-EIE-2021-01", "lang": "en", "text": "European Partnership on Innovative SMEs"},
    {
        "id": "HORIZON-CL5/02",
        "lang": "en",
        "title": "Ship building",
        "text": "Computational tools.",
        "fields": ["ships", "tools"],
    },
    {"id": "3", "text": "面向中小企业的节能诊断服务"},
]


def lines(rows: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def take_in(
    alliance: Alliance, actor: User, content: bytes, name: str = "demand.jsonl", **constants: str
) -> InstitutionImport:
    """Upload, map as proposed, try out, import."""
    record = upload_table(alliance, SimpleUploadedFile(name, content), actor=actor, at=timezone.now(), subject="listings")
    given = {"side": "demand", "source": "CORDIS (CC BY 4.0)", **constants}
    record = map_table(alliance, record.uuid, columns=record.columns, kinds={}, defaults=given, source="", actor=actor)
    for begin in (
        lambda: start_check(alliance, record.uuid, actor=actor),
        lambda: start_import(alliance, record.uuid, policy=ImportPolicy.GOOD_ROWS, actor=actor),
    ):
        started = begin()  # type: ignore[no-untyped-call]
        jobs.run_job(alliance.pk, started.job_id)  # type: ignore[arg-type]
    return InstitutionImport.objects.get(pk=record.pk)


def test_json_lines_come_in_and_a_second_run_adds_none(act: Alliance, secretary: User) -> None:
    done = take_in(act, secretary, lines(CORDIS))
    assert (done.state, done.counts["added"], done.counts["faulty"]) == (ImportState.FINISHED, 3, 0)
    first, second, third = (
        Listing.objects.get(title_en="European Partnership on Innovative SMEs"),
        Listing.objects.get(title_en="Ship building"),
        Listing.objects.get(title_en=""),
    )
    assert (first.code, first.body_en, first.source) == ("HORIZON-EIE-2021-01", "", "CORDIS (CC BY 4.0)")
    assert (second.body_en, second.labels, second.code[:2]) == ("Computational tools.", ["ships", "tools"], "X-")
    assert third.title_zh == "面向中小企业的节能诊断服务"
    assert {row.state for row in (first, second, third)} == {ListingState.PENDING}
    assert not Listing.objects.public(timezone.localdate()).exists()
    assert not InboxItem.objects.filter(key__startswith="listing-check:").exists(), (
        "nobody gets an item for each of thousands"
    )
    assert AuditEntry.objects.filter(verb="import_listing").count() == 3

    again = take_in(act, secretary, lines(CORDIS))
    assert (again.counts["added"], again.counts["known"]) == (0, 3)
    assert Listing.objects.count() == 3


def test_the_office_publishes_at_once_only_with_a_source_and_without_a_member(act: Alliance, secretary: User) -> None:
    house = make_house(act)
    rows = [*CORDIS[:1], {"id": "M-1", "text": "A member's need in 10 words", "institution": house.code}]
    done = take_in(act, secretary, lines(rows), state="published")
    assert (done.counts["added"], done.counts["faulty"]) == (1, 1)
    listing = Listing.objects.get()
    assert (listing.state, listing.institution) == (ListingState.PUBLISHED, None)
    assert listing.expires_on is not None
    assert Listing.objects.public(timezone.localdate()).get() == listing
    assert "two verifications" in list_screen_faults(done)[0]["reason"]
    with pytest.raises(InvalidInputError) as refusal:
        import_listing(act, {"side": "demand", "title": "No source", "state": "published"}, secretary, timezone.now())
    assert set(refusal.value.fields) == {"source"}


def test_our_own_columns_with_faults_that_come_back(act: Alliance, secretary: User, client_for: ClientFor) -> None:
    house = make_house(act)
    header = ["code", "side", "title_en", "institution", "money_max", "expires_on", "category", "elements", "region"]
    rows = [
        ["N-1", "supply", "Audits", house.code, "9000", "", "information", "technology; talent", "佛山市"],
        ["N-2", "supply", "", "", "", "", "", "", ""],
        ["N-3", "perhaps", "Side", "", "", "", "", "", ""],
        ["N-4", "demand", "Sum", "", "much", "", "", "", ""],
        ["N-5", "demand", "Past", "", "", "2020-01-01", "", "", ""],
        ["N-6", "demand", "Element", "", "", "", "", "gold", ""],
        ["N-1", "supply", "Audits twice", "", "", "", "", "", ""],
    ]
    done = take_in(act, secretary, write_csv(header, rows), "listings.csv")
    assert (done.counts["added"], done.counts["faulty"], done.counts["duplicate"]) == (1, 5, 1)
    audits = Listing.objects.get()
    assert (audits.institution, audits.elements, audits.region_code, audits.pricing) == (
        house,
        ["technology", "talent"],
        "440600",
        "fixed",
    )
    faults = client_for(secretary).get(address(act, "institution_import_faults", uuid=done.uuid))
    text = b"".join(faults.streaming_content).decode()  # type: ignore[attr-defined]
    assert "“much” is no sum" in text
    assert "Say whether it is a demand or a supply" in text
    assert "This day has passed" in text


def test_a_code_of_another_source_is_not_taken(act: Alliance, secretary: User) -> None:
    take_in(act, secretary, lines(CORDIS[:1]))
    done = take_in(act, secretary, lines(CORDIS[:1]), source="Another register")
    assert done.counts["faulty"] == 1
    assert "belongs to another listing" in list_screen_faults(done)[0]["reason"]


def test_an_import_needs_a_side_and_a_source(act: Alliance, secretary: User) -> None:
    record = upload_table(
        act, SimpleUploadedFile("d.jsonl", lines(CORDIS)), actor=secretary, at=timezone.now(), subject="listings"
    )
    with pytest.raises(InvalidInputError) as refusal:
        map_table(act, record.uuid, columns=record.columns, kinds={}, defaults={}, source="", actor=secretary)
    assert set(refusal.value.fields) == {"side", "source"}


def test_only_the_office_imports(act: Alliance, secretary: User, committee_member: User) -> None:
    with pytest.raises(PermissionRefusedError):
        upload_table(
            act, SimpleUploadedFile("d.jsonl", b"{}"), actor=committee_member, at=timezone.now(), subject="listings"
        )
    with pytest.raises(PermissionRefusedError):
        import_listing(act, {"side": "demand", "title": "T", "source": "S"}, committee_member, timezone.now())


@pytest.mark.parametrize("content", [b"[1, 2]", b'{"a": 1}\nnot json', b"\xff\xfe\xff{}", b'{"a":'])
def test_what_is_no_json_lines_is_refused_with_its_line(content: bytes) -> None:
    with pytest.raises(UploadRefusedError) as refusal:
        json_lines_to_csv(io.BytesIO(content), io.BytesIO())
    assert "Line " in str(refusal.value.reason)


def test_json_lines_become_a_table() -> None:
    out = io.BytesIO()
    rows = json_lines_to_csv(
        io.BytesIO('{"a": 1, "b": ["x", "y"]}\n\n{"c": null, "a": true, "b": {"k": "值"}}'.encode()), out
    )
    assert rows == 2
    assert out.getvalue().decode().splitlines() == ["a,b,c", "1,x; y,", 'true,"{""k"": ""值""}",']


def test_codes_that_mean_something_else_in_an_address_are_not_used() -> None:
    for own in ("new", "feed.xml", "a/b", "x y", "-a", ""):
        assert listing_code({"code": own, "title": "T"}).startswith("X-")
    assert listing_code({"code": "D-12.a_b"}) == "D-12.a_b"


def test_the_export_leaves_out_what_is_confidential(act: Alliance) -> None:
    cast = make_listing_cast(act)
    make_verified(cast, audience="named", parties=(cast.reader_house.code,))
    open_one = make_verified(cast)
    subject = row_subjects.get("listings")
    rows = subject.export(act, cast.office)
    assert [row[0] for row in rows] == [open_one.code]
    draft = make_drafted(cast, title_en="Not sent yet")
    assert draft.code in [row[0] for row in subject.export(act, cast.office)]
    make_staff(cast.reader_house, cast.office)
    stand_aside(act, cast.reader_house.code, draft.matter)
    forget_grants(cast.office)
    assert draft.code not in [row[0] for row in subject.export(act, cast.office)], "nor what the person stands aside from"
    assert all(len(row) == len(subject.fields) for row in rows)


@pytest.mark.parametrize("sum_of_money", ["1e30", "1e999999", "NaN", "-Infinity", "9" * 40])
def test_a_sum_that_is_none_is_a_fault_of_its_row_and_stops_no_other(
    act: Alliance, secretary: User, sum_of_money: str
) -> None:
    rows = [{"id": "B", "text": "x", "money_max": sum_of_money}, *CORDIS[:1]]
    done = take_in(act, secretary, lines(rows))
    assert (done.state, done.counts["added"], done.counts["faulty"]) == (ImportState.FINISHED, 1, 1)
    (fault,) = list_screen_faults(done)
    assert fault["row"] == 2
    assert fault["reason"].startswith("Up to, in yuan: ")


def test_a_fault_names_its_row_and_its_column(act: Alliance, secretary: User) -> None:
    rows = [*CORDIS[:1], {"id": "B", "text": "x", "expires_on": "2026-13-45", "region_code": "Atlantis"}]
    (fault,) = list_screen_faults(take_in(act, secretary, lines(rows)))
    assert (fault["row"], fault["reason"]) == (3, "Open until: “2026-13-45” is no day; write it as 2026-11-30.")
    rows[1].pop("expires_on")
    (fault,) = list_screen_faults(take_in(act, secretary, lines(rows)))
    assert fault["reason"].startswith("Region: ")


def test_rows_that_an_open_quotation_mark_swallows_are_no_part_of_a_listing(act: Alliance, secretary: User) -> None:
    table = b'code,side,title_en\nA,demand,"Whole"\nB,demand,"Never closed\nC,demand,Swallowed\n'
    done = take_in(act, secretary, table, "table.csv")
    assert (done.counts["added"], done.counts["faulty"]) == (1, 1)
    assert Listing.objects.get().title_en == "Whole"
    assert "never closed" in list_screen_faults(done)[0]["reason"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"id": "B", "text": "one", "text": "two"}', "names “text” twice"),
        ('{"id": "B", "text": "half \\ud800 of it"}', "no JSON object"),
    ],
)
def test_a_line_of_which_something_would_be_lost_is_named(act: Alliance, secretary: User, line: str, words: str) -> None:
    with pytest.raises(UploadRefusedError, match=f"Line 2 of the file.*{words}"):
        take_in(act, secretary, lines(CORDIS[:1]) + b"\n" + line.encode())
    assert not Listing.objects.exists()


def test_an_import_is_told_to_the_index(act: Alliance, secretary: User) -> None:
    listing = import_listing(act, {"side": "supply", "title": "Looms", "source": "S"}, secretary, timezone.now())
    payloads = OutboxEvent.objects.filter(kind=LISTING_CHANGED).values_list("payload", flat=True)
    assert {"id": listing.pk, "code": listing.code, "state": "pending"} in list(payloads)
