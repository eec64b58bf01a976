"""Experts and seats from tables, workbooks in and out, and what is exported coming back as the same records."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from alliance.kernel import jobs, tenancy
from alliance.kernel.errors import InvalidInputError, PermissionRefusedError
from alliance.kernel.spreadsheets import write_xlsx, xlsx_to_csv
from alliance.kernel.tables import read_csv, write_csv
from alliance.kernel.uploads import UploadRefusedError
from alliance.models import AuditEntry
from groups.actions.group import join_group
from groups.models import GroupMembership
from members.actions.institution_import import map_table, start_check, start_import, upload_table
from members.choices import ConsentLevel, ImportPolicy, ImportState
from members.models import Expert, ExpertConsent, Institution, InstitutionImport
from members.selectors.import_subjects import row_subjects
from members.selectors.institution_import import export_institutions, list_screen_faults
from tests.factories.groups import make_group
from tests.factories.members import make_institution

if TYPE_CHECKING:
    from alliance.models import Alliance, User

pytestmark = pytest.mark.django_db

EXPERTS = ["institution", "name_en", "skills_en", "orcid", "consent"]
SEATS = ["institution", "group", "role", "starts_at", "ends_at"]


def workbook(rows: Any) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv_of(rows: list[list[Any]]) -> bytes:
    return write_csv(rows[0], rows[1:])


def take_in(
    alliance: Alliance,
    actor: User,
    content: bytes,
    subject: str,
    name: str = "table.csv",
    policy: str = ImportPolicy.GOOD_ROWS,
) -> InstitutionImport:
    """Upload, map as proposed, try out, import; the finished import."""
    record = upload_table(alliance, SimpleUploadedFile(name, content), actor=actor, at=timezone.now(), subject=subject)
    record = map_table(
        alliance,
        record.uuid,
        columns=record.columns,
        kinds=dict(record.kinds),
        defaults={"country": "CN", "kind": ""},
        source="",
        actor=actor,
    )
    for begin in (
        lambda: start_check(alliance, record.uuid, actor=actor),
        lambda: start_import(alliance, record.uuid, policy=policy, actor=actor),
    ):
        started = begin()  # type: ignore[no-untyped-call]
        jobs.run_job(alliance.pk, started.job_id)  # type: ignore[arg-type]
    return InstitutionImport.objects.select_related("error_file").get(pk=record.pk)


@pytest.mark.parametrize("make", [csv_of, workbook])
def test_experts_come_from_csv_and_xlsx_and_a_second_run_adds_none(act: Alliance, secretary: User, make: Any) -> None:
    make_institution(act, code="I-1", name_en="Loom Academy")
    rows = [
        EXPERTS,
        ["I-1", "Ada Weaver", "dyeing; looms", "0000-0002-1825-0097", "public"],
        ["Loom Academy", "Ben Spinner", "fibres", "", ""],
        ["I-404", "Cy", "x", "", "public"],
        ["I-1", "Dee", "x", "0000-0002-1825-0098", "public"],
        ["I-1", "Eve", "x", "", "perhaps"],
        ["I-1", "Gil Warper", "", "", ""],
        ["I-1", "Ada Weaver", "again", "0000-0002-1825-0097", ""],
    ]
    name = "experts.xlsx" if make is workbook else "experts.csv"

    done = take_in(act, secretary, make(rows), "experts", name)

    assert (done.state, done.counts["added"], done.counts["faulty"], done.counts["duplicate"]) == (
        ImportState.FINISHED,
        2,
        4,
        1,
    )
    ada, ben = Expert.objects.order_by("name_en")
    assert (ada.consent, ada.orcid, [skill.name_en for skill in ada.skills.all()]) == (
        ConsentLevel.PUBLIC,
        "0000-0002-1825-0097",
        ["dyeing", "looms"],
    )
    assert ben.consent == ConsentLevel.NONE, "without stated consent nobody outside sees the entry"
    assert set(ExpertConsent.objects.values_list("level", flat=True)) == {ConsentLevel.PUBLIC, ConsentLevel.NONE}
    reasons = {fault["row"]: fault["reason"] for fault in list_screen_faults(done)}
    assert "I-404" in reasons[4]
    assert "ORCID" in reasons[5]
    assert "Consent is one of" in reasons[6]
    assert "skill" in reasons[7]
    assert "row 2" in reasons[8]
    with translation.override("zh-hans"):
        assert list_screen_faults(done)[0]["reason"]

    again = take_in(act, secretary, make(rows), "experts", name)
    assert (again.counts["added"], again.counts["known"]) == (0, 2)
    assert Expert.objects.count() == 2


def test_seats_keep_the_rules_of_joining(act: Alliance, secretary: User) -> None:
    for kind in ("policy_group", "leading_enterprise_group"):
        make_group(act, kind)
    make_institution(act, code="I-1", kind="industry_think_tank")
    make_institution(act, code="I-2", kind="industry_think_tank", state="suspended")
    rows = [
        SEATS,
        ["I-1", "Policy group", "convenor", "2026-01-01", "2026-06-01"],
        ["I-1", "政策组", "", "2026-06-01", ""],
        ["I-1", "policy_group", "member", "2026-05-01", ""],
        ["I-1", "leading_enterprise_group", "member", "2026-01-01", ""],
        ["I-2", "policy_group", "member", "2026-01-01", ""],
        ["I-1", "Knitting circle", "member", "2026-01-01", ""],
        ["I-1", "policy_group", "boss", "2025-01-01", "2025-02-01"],
        ["I-1", "policy_group", "member", "first of May", ""],
    ]

    done = take_in(act, secretary, csv_of(rows), "seats")

    assert [
        (seat.role, timezone.localtime(seat.starts_at).date().isoformat()) for seat in GroupMembership.objects.order_by("id")
    ] == [
        ("convenor", "2026-01-01"),
        ("member", "2026-06-01"),
    ]
    reasons = {fault["row"]: fault["reason"] for fault in list_screen_faults(done)}
    assert set(reasons) == {4, 5, 6, 7, 8, 9}
    assert "already" in reasons[4]
    assert "may not sit" in reasons[5]
    assert "not an active member" in reasons[6]
    assert "none of the six groups" in reasons[7]
    again = take_in(act, secretary, csv_of(rows), "seats")
    assert (again.counts["added"], again.counts["known"]) == (0, 2)


def test_all_or_none_adds_nothing_when_two_good_rows_collide(act: Alliance, secretary: User) -> None:
    make_group(act, "policy_group")
    make_institution(act, code="I-1")
    rows = [SEATS, ["I-1", "policy_group", "", "2026-01-01", ""], ["I-1", "policy_group", "", "2026-02-01", ""]]

    take_in(act, secretary, csv_of(rows), "seats", policy=ImportPolicy.ALL_OR_NONE)

    assert not GroupMembership.objects.exists()
    assert InstitutionImport.objects.get().state == ImportState.FAILED


def test_the_dry_run_adds_nothing_and_counts_what_would_be(act: Alliance, secretary: User) -> None:
    make_institution(act, code="I-1")
    record = upload_table(
        act,
        SimpleUploadedFile("e.csv", csv_of([EXPERTS, ["I-1", "Ada", "looms", "", "public"]])),
        actor=secretary,
        at=timezone.now(),
        subject="experts",
    )
    map_table(act, record.uuid, columns=record.columns, kinds={}, defaults={}, source="", actor=secretary)
    started = start_check(act, record.uuid, actor=secretary)
    jobs.run_job(act.pk, started.job_id)  # type: ignore[arg-type]

    record.refresh_from_db()
    assert (record.state, record.counts["good"]) == (ImportState.CHECKED, 1)
    assert not Expert.objects.exists()
    assert not AuditEntry.objects.of(act).filter(verb="add_expert").exists()


def test_a_mapping_without_what_the_subject_needs_is_refused_at_the_field(act: Alliance, secretary: User) -> None:
    record = upload_table(
        act,
        SimpleUploadedFile("e.csv", csv_of([["a", "b"], ["1", "2"]])),
        actor=secretary,
        at=timezone.now(),
        subject="experts",
    )

    with pytest.raises(InvalidInputError) as refusal:
        map_table(act, record.uuid, columns={"name_en": 0}, kinds={}, defaults={}, source="", actor=secretary)
    assert set(refusal.value.fields) == {"institution", "skills_en"}
    with pytest.raises(InvalidInputError):
        upload_table(act, SimpleUploadedFile("e.csv", b"a,b\n1,2\n"), actor=secretary, at=timezone.now(), subject="wishes")


def test_institutions_come_from_a_workbook_too(act: Alliance, secretary: User) -> None:
    rows = [
        ["name_en", "name_zh", "kind", "country", "registry_code", "web"],
        ["Loom Academy", "织机学院", "industry_think_tank", "CN", None, "loom.edu.cn"],
        [None, None, None, None, None, None],
        ["", "", "industry_think_tank", "CN", "", ""],
        ["'=HYPERLINK(1)", "", "industry_think_tank", "CN", "", ""],
    ]

    done = take_in(act, secretary, workbook(rows), "institutions", "members.xlsx")

    assert done.counts["added"] == 2
    assert set(Institution.objects.values_list("name_en", flat=True)) == {"Loom Academy", "=HYPERLINK(1)"}
    assert [fault["row"] for fault in done.faults] == [4], "rows are numbered as the spreadsheet numbers them"


def test_only_the_office_imports(act: Alliance, committee_member: User, stranger: User) -> None:
    for person in (committee_member, stranger):
        with pytest.raises(PermissionRefusedError):
            upload_table(act, SimpleUploadedFile("e.csv", b"a,b\n1,2\n"), actor=person, at=timezone.now(), subject="seats")


# ------------------------------------------------------------------------------------------------------------ there and back


TEXTS = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Cf", "Co", "Cn"), blacklist_characters="\ufffd"), max_size=30
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(TEXTS, min_size=3, max_size=3), min_size=1, max_size=6))
def test_texts_survive_a_workbook(rows: list[list[str]]) -> None:
    header = ["a", "b", "c"]
    out = io.BytesIO()

    xlsx_to_csv(io.BytesIO(write_xlsx(header, rows)), out)

    assert read_csv(out.getvalue())[0] == header
    assert read_csv(out.getvalue())[1:] == rows


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_is_exported_comes_back_as_the_same_records(
    alliance: Alliance, other_alliance: Alliance, secretary: User, stranger: User, form: str
) -> None:
    """Out of one alliance, into another: the exports of both are then equal."""

    def export(of: Alliance, subject: str) -> tuple[list[str], list[list[Any]]]:
        if subject == "institutions":
            return export_institutions(of)
        found = row_subjects.get(subject)
        return list(found.names), found.export(of, secretary)

    with tenancy.acting_in(alliance):
        make_institution(
            alliance,
            code="I-0002",
            name_en="-Loom Academy",
            name_zh="织机学院",
            country_code="CN",
            region_code="330000",
            registry_scheme="uscc",
            registry_code="91310000MA1FL0T272",
            web="https://loom.edu.cn",
            contact_email="a@loom.edu.cn",
        )
        make_institution(
            alliance, code="I-0001", name_en='=Dye; "Works", Ltd', kind="leading_enterprise", subkind="intra_industry"
        )
        make_group(alliance, "policy_group")
        join_group(
            alliance,
            "policy_group",
            "I-0002",
            role="convenor",
            starts_at=datetime(2026, 1, 1, 3, 4, 5, 6, tzinfo=UTC),
            ends_at=datetime(2027, 1, 1, tzinfo=UTC),
            actor=secretary,
            at=timezone.now(),
        )
        rows = [
            [
                "institution",
                "name_en",
                "name_zh",
                "skills_en",
                "skills_zh",
                "orcid",
                "languages",
                "days_per_month",
                "consent",
                "outputs_en",
            ],
            [
                "I-0001",
                "Ada",
                "艾达",
                "looms; dyes",
                "织机; 染料",
                "0000-0002-1825-0097",
                "zh; en",
                "2.5",
                "members_only",
                "One; Two",
            ],
            ["I-0002", "Ben", "", "", "纤维", "", "", "", "", ""],
        ]
        take_in(alliance, secretary, csv_of(rows), "experts")
        tables = {subject: export(alliance, subject) for subject in ("institutions", "experts", "seats")}
        files = {
            subject: write_xlsx(header, lines) if form == "xlsx" else write_csv(header, lines)
            for subject, (header, lines) in tables.items()
        }
    assert all(len(lines) for _header, lines in tables.values())

    with tenancy.acting_in(other_alliance):
        make_group(other_alliance, "policy_group")
        for subject, content in files.items():
            done = take_in(other_alliance, stranger, content, subject, f"{subject}.{form}")
            assert done.counts["faulty"] == 0, list_screen_faults(done)
        back = {subject: export(other_alliance, subject) for subject in tables}
    assert back == tables


def test_text_in_a_workbook_is_typed_as_text_and_guarded() -> None:
    book = load_workbook(io.BytesIO(write_xlsx(["name", "n"], [["=1+1", 3], ["@x", 4]])))

    cells = [[(cell.value, cell.data_type) for cell in row] for row in book.active.iter_rows(min_row=2)]
    assert cells == [[("'=1+1", "s"), (3, "n")], [("'@x", "s"), (4, "n")]]


# ------------------------------------------------------------------------------------------------------------ hostile files


def repacked(content: bytes, name: str, change: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            data = source.read(entry)
            target.writestr(entry.filename, change(data) if entry.filename.endswith(name) else data)
    return out.getvalue()


HOSTILE: dict[str, Any] = {
    "bomb": lambda good: repacked(good, "sheet1.xml", lambda data: data + b" " * 260 * 1024 * 1024),
    "entities": lambda good: repacked(
        good, "sheet1.xml", lambda data: b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + data[data.index(b"<worksheet") :]
    ),
    "utf-16 entities": lambda good: repacked(
        good, "sheet1.xml", lambda data: '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><x/>'.encode("utf-16")
    ),
    "broken": lambda good: repacked(good, "sheet1.xml", lambda data: data[: len(data) // 2]),
    "no zip": lambda good: b"PK\x03\x04" + b"\0" * 100,
    "text": lambda good: b"name,kind\nA,B\n",
    "no sheet": lambda good: repacked(good, "workbook.xml", lambda data: b"<workbook/>"),
    "cut": lambda good: good[: len(good) // 2],
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_workbooks_are_refused_and_nothing_is_kept(act: Alliance, secretary: User, case: str) -> None:
    content = HOSTILE[case](workbook([["name", "kind"], ["A", "B"]]))

    with pytest.raises(InvalidInputError) as refusal:
        upload_table(act, SimpleUploadedFile("t.xlsx", content), actor=secretary, at=timezone.now())

    assert isinstance(refusal.value, UploadRefusedError)
    assert str(refusal.value.reason)
    assert not InstitutionImport.objects.exists()


# -------------------------------------------------------------------------------------------------------------------- pages


def test_the_pages_lead_from_a_workbook_of_experts_to_the_result(
    alliance: Alliance, secretary: User, client_for: Any
) -> None:
    client = client_for(secretary)

    def at(name: str, **kwargs: Any) -> str:
        return f"/a/{alliance.slug}{reverse(name, urlconf='alliance.urls_tenant', kwargs=kwargs)}"

    with tenancy.acting_in(alliance):
        make_institution(alliance, code="I-1")
    content = workbook([["institution", "name_en", "skills_en"], ["I-1", "Ada", "looms"], ["I-2", "Ben", "looms"]])
    sent = client.post(
        at("institution_import_upload"), {"file": SimpleUploadedFile("e.xlsx", content), "subject": "experts"}
    )
    assert sent.status_code == 302, sent.content.decode()
    with tenancy.acting_in(alliance):
        record = InstitutionImport.objects.get()
    page = client.get(at("institution_import_mapping", uuid=record.uuid)).content.decode()
    assert "Skills in English" in page
    assert "Country of rows" not in page
    client.post(
        at("institution_import_mapping", uuid=record.uuid),
        {"column_institution": "0", "column_name_en": "1", "column_skills_en": "2"},
    )
    with tenancy.acting_in(alliance):
        record.refresh_from_db()
    assert record.state == ImportState.CHECKING
    jobs.run_job(alliance.pk, record.job_id)  # type: ignore[arg-type]
    checked = client.get(at("institution_import_detail", uuid=record.uuid)).content.decode()
    assert "Import 1 record" in checked
    assert "has no institution" in checked
    client.post(at("institution_import_start", uuid=record.uuid), {"policy": "good_rows"})
    with tenancy.acting_in(alliance):
        record.refresh_from_db()
    jobs.run_job(alliance.pk, record.job_id)  # type: ignore[arg-type]
    assert "1 record was added" in client.get(at("institution_import_detail", uuid=record.uuid)).content.decode()


@pytest.mark.parametrize("subject", ["institutions", "experts", "seats"])
def test_exports_are_for_the_office_and_on_record(
    alliance: Alliance, secretary: User, committee_member: User, client_for: Any, subject: str
) -> None:
    for form, kind in (("csv", "text/csv"), ("xlsx", "spreadsheetml")):
        address = f"/a/{alliance.slug}{reverse(f'table_export_{form}', urlconf='alliance.urls_tenant', kwargs={'subject': subject})}"
        answer = client_for(secretary).get(address)
        assert kind in answer["Content-Type"]
        assert client_for(committee_member).get(address).status_code == 403
    with tenancy.acting_in(alliance):
        entries = AuditEntry.objects.of(alliance).filter(verb="export_table")
        assert [json.loads(entry.record)["after"]["subject"] for entry in entries] == [subject, subject]
