"""The import's engine, its jobs and their refusals."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone, translation
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from alliance.choices import JobState
from alliance.kernel import jobs, tenancy
from alliance.kernel.errors import InvalidInputError, PermissionRefusedError, TransitionRefusedError
from alliance.kernel.uploads import UploadRefusedError
from alliance.models import Alliance, AuditEntry, Job, Notification, OutboxEvent, User
from members.actions import institution_import as imports
from members.actions.institution_import import (
    Plan,
    Tally,
    import_rows,
    map_table,
    start_check,
    start_import,
    stop_import,
    upload_table,
)
from members.choices import ImportPolicy, ImportState, InstitutionKind
from members.models import Institution, InstitutionImport
from members.selectors.institution_import import phase_of, write_faults
from members.signals import INSTITUTIONS_IMPORTED
from tests.factories.alliance import make_member
from tests.factories.members import make_institution

UNIVERSITY = InstitutionKind.UNIVERSITY_THINK_TANK
PLAN = Plan(columns={"name": 0, "country": 1, "kind": 2}, kinds={"Education": UNIVERSITY, "Other": ""}, width=3)


def table(rows: list[list[str]], header: list[str] | None = None) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header or ["name", "country", "type"], *rows])
    return text.getvalue().encode()


def upload(alliance: Alliance, actor: User, content: bytes, name: str = "table.csv", **options: Any) -> InstitutionImport:
    return upload_table(alliance, SimpleUploadedFile(name, content, "text/csv"), actor=actor, at=timezone.now(), **options)


def five_thousand() -> bytes:
    rows = [[f"University {number}", "CN", "Education"] for number in range(4950)]
    for number in range(50):
        rows.insert(number * 99, ["", "CN", "Education"] if number % 2 else [f"Bad {number}", "Nowhere", "Education"])
    return table(rows)


def run(alliance: Alliance, record: InstitutionImport) -> InstitutionImport:
    """Run the import's newest job here and now."""
    assert record.job_id is not None
    jobs.run_job(alliance.pk, record.job_id)
    return InstitutionImport.objects.select_related("job", "file", "error_file", "actor").get(pk=record.pk)


def checked(alliance: Alliance, actor: User, content: bytes) -> InstitutionImport:
    record = upload(alliance, actor, content)
    record = map_table(
        alliance,
        record.uuid,
        columns=record.columns,
        kinds=dict.fromkeys(record.kind_counts, UNIVERSITY),
        defaults=record.defaults,
        source="test data",
        actor=actor,
    )
    return run(alliance, start_check(alliance, record.uuid, actor=actor))


def imported(alliance: Alliance, actor: User, content: bytes, policy: str = ImportPolicy.GOOD_ROWS) -> InstitutionImport:
    record = checked(alliance, actor, content)
    return run(alliance, start_import(alliance, record.uuid, policy=policy, actor=actor))


def test_5000_rows_with_50_faulty_ones_add_4950_and_return_50_with_a_reason_each(act: Alliance, secretary: User) -> None:
    record = imported(act, secretary, five_thousand())

    assert record.state == ImportState.FINISHED
    assert record.counts["added"] == Institution.objects.of(act).count() == 4950
    assert record.counts["faulty"] == 50
    out = io.BytesIO()
    with translation.override("en"):
        write_faults(record, out)
    returned = list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="")))
    assert len(returned) == 51
    assert all(row[-1] for row in returned[1:])


def test_the_same_table_imports_nothing_when_all_or_none_is_asked_for(act: Alliance, secretary: User) -> None:
    record = imported(act, secretary, five_thousand(), ImportPolicy.ALL_OR_NONE)

    assert record.state == ImportState.FINISHED
    assert not Institution.objects.of(act).exists()
    assert record.counts["held_back"] == 4950
    assert record.counts["faulty"] == 50


def test_all_or_none_adds_every_row_of_a_good_table(act: Alliance, secretary: User) -> None:
    record = imported(act, secretary, table([["A", "CN", "Education"], ["B", "CN", "Education"]]), ImportPolicy.ALL_OR_NONE)

    assert record.counts["added"] == Institution.objects.of(act).count() == 2


def test_a_second_run_adds_none(act: Alliance, secretary: User) -> None:
    content = table([["Fudan University", "CN", "Education"], ["复旦大学", "CN", "Education"]])
    imported(act, secretary, content)

    record = imported(act, secretary, content)

    assert record.counts["added"] == 0
    assert record.counts["known"] == 2
    assert Institution.objects.of(act).count() == 2


def test_the_dry_run_adds_nothing_and_says_what_the_import_would(act: Alliance, secretary: User) -> None:
    record = checked(act, secretary, table([["A", "CN", "Education"], ["a", "CN", "Education"], ["", "CN", "Education"]]))

    assert not Institution.objects.of(act).exists()
    assert record.counts["good"] == 1
    assert record.counts["duplicate"] == 1
    assert record.counts["faulty"] == 1
    assert {fault["code"] for fault in record.faults} == {"duplicate", "name_missing"}


def test_the_result_is_audited_announced_and_told_to_the_starter_once(act: Alliance, secretary: User) -> None:
    record = imported(act, secretary, table([["A", "CN", "Education"]]))
    Job.objects.filter(pk=record.job_id or 0).update(state=JobState.RUNNING)

    record = run(act, record)

    assert record.job is not None
    assert AuditEntry.objects.of(act).filter(verb="import_institutions").count() == 1
    assert OutboxEvent.objects.of(act).filter(kind=INSTITUTIONS_IMPORTED).count() == 1
    assert (
        Notification.objects.of(act).filter(user=secretary, url_name="job_detail", key=f"job:{record.job.uuid}").count() == 1
    )


def test_real_institutions_of_six_countries_import_by_the_usual_mapping(act: Alliance, secretary: User) -> None:
    path = settings.SHIPPED_DATA_DIR / "institutions" / "research_organisations_ror_2021.csv"
    record = upload(act, secretary, path.read_bytes(), "ror.csv")

    assert record.rows == 6476
    assert record.columns == {"name": 0, "kind": 2, "country": 1}
    assert record.kinds["Education"] == UNIVERSITY
    assert record.kinds["Company"] == InstitutionKind.LEADING_ENTERPRISE
    assert record.kinds["Nonprofit"] == InstitutionKind.INDUSTRY_ASSOCIATION
    assert record.kinds["Facility"] == InstitutionKind.SPECIALISED_THINK_TANK
    assert record.kinds["Archive"] == InstitutionKind.LIBRARY_INFORMATION
    assert record.kinds["Healthcare"] == record.kinds["Government"] == record.kinds["Other"] == ""

    record = run(act, start_check(act, record.uuid, actor=secretary))

    counts = record.counts
    assert counts["rows"] == counts["good"] + counts["known"] + counts["duplicate"] + counts["left_out"] + counts["faulty"]
    assert counts["good"] > 4000


def test_codes_go_on_from_the_highest_and_never_repeat(act: Alliance) -> None:
    make_institution(act, code="I-0041")
    import_rows(act, io.BytesIO(table([["A", "CN", "Education"]])), PLAN, at=timezone.now())
    make_institution(act, code="I-0043", name_en="Made by another road")

    tally = import_rows(
        act, io.BytesIO(table([["B", "CN", "Education"], ["C", "CN", "Education"]])), PLAN, at=timezone.now()
    )

    codes = set(Institution.objects.of(act).values_list("code", flat=True))
    assert tally.good == 2
    assert len(codes) == 5
    assert "I-0042" in codes


def test_the_same_institution_in_another_alliance_is_not_known_here(act: Alliance, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        import_rows(other_alliance, io.BytesIO(table([["A", "CN", "Education"]])), PLAN, at=timezone.now())

    tally = import_rows(act, io.BytesIO(table([["A", "CN", "Education"]])), PLAN, at=timezone.now())

    assert tally.good == 1
    assert tally.known == 0


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (["", "CN", "Education"], "name_missing"),
        (["x" * 301, "CN", "Education"], "name_too_long"),
        (["A", "China", "Education"], "country_unknown"),
        (["A", "CN", ""], "kind_missing"),
        (["A", "CN", "Circus"], "kind_unknown"),
        (["A", "CN"], "columns"),
        (["A", "CN", "Education", "more"], "columns"),
        (["A\x01", "CN", "Education"], "control"),
        (["A\ufffd", "CN", "Education"], "unreadable"),
    ],
)
def test_each_kind_of_faulty_row_is_refused_with_its_reason(act: Alliance, row: list[str], code: str) -> None:
    faults: list[Any] = []

    tally = import_rows(act, io.BytesIO(table([row])), PLAN, at=timezone.now(), on_fault=lambda *fault: faults.append(fault))

    assert tally.faulty == 1
    assert [fault[1] for fault in faults] == [code]
    assert faults[0][0] == 2


def test_values_beside_the_name_are_checked_and_brought_into_normal_form(act: Alliance) -> None:
    plan = Plan(
        columns={"name_en": 0, "name_zh": 1, "region": 2, "registry_code": 3, "web": 4, "contact_email": 5},
        kind=UNIVERSITY,
        width=6,
    )
    rows = [
        ["Guangfu", "广富", "佛山市", "52449900DEM000014X", "guangfu.example.org", "a@example.org"],
        ["B", "", "Atlantis", "", "", ""],
        ["C", "", "", "52449900DEM0000140", "", ""],
        ["D", "", "", "", "not a site", ""],
        ["E", "", "", "", "", "no address"],
        ["F", "", "", "https://ror.org/013q1eq08", "", ""],
    ]
    codes: list[str] = []

    import_rows(
        act,
        io.BytesIO(table(rows, ["a", "b", "c", "d", "e", "f"])),
        plan,
        at=timezone.now(),
        on_fault=lambda _row, code, _params, _cells: codes.append(code),
    )

    assert codes == ["region_unknown", "registry_code_invalid", "web_invalid", "email_invalid"]
    first = Institution.objects.of(act).get(name_en="Guangfu")
    assert (first.region_code, first.registry_scheme, first.web) == ("440600", "uscc", "https://guangfu.example.org")
    assert Institution.objects.of(act).get(name_en="F").registry_code == "013q1eq08"


def test_script_and_formulas_in_a_name_are_text_and_come_back_from_the_fault_file_unchanged(
    act: Alliance, secretary: User
) -> None:
    hostile = '=cmd|"/c calc"!A1'
    record = imported(
        act, secretary, table([["<script>alert(1)</script>", "CN", "Education"], [hostile, "Nowhere", "Education"]])
    )

    assert Institution.objects.of(act).get().name_en == "<script>alert(1)</script>"
    out = io.BytesIO()
    write_faults(record, out)
    line = out.getvalue().decode("utf-8-sig").splitlines()[1]
    assert line.startswith("\"'=cmd")
    again = out.getvalue().replace(b"Nowhere", b"CN")
    record = imported(act, secretary, again)
    assert record.counts["added"] == 1
    assert Institution.objects.of(act).filter(name_en=hostile).exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_are_recognised(act: Alliance, secretary: User, encoding: str) -> None:
    content = "机构名称;国家;类型\r\n织造研究院;CN;高校\r\n纱线大学;CN;高校\r\n".encode(encoding)

    record = upload(act, secretary, content)

    assert record.delimiter == ";"
    assert record.header == ["机构名称", "国家", "类型"]
    assert record.columns == {"name": 0, "kind": 2, "country": 1}
    assert record.kinds == {"高校": UNIVERSITY}
    record = run(act, start_check(act, record.uuid, actor=secretary))
    run(act, start_import(act, record.uuid, policy=ImportPolicy.GOOD_ROWS, actor=secretary))
    found = Institution.objects.of(act).get(name_zh="织造研究院")
    assert found.name_en == ""
    assert found.sort_key.startswith("zhi zao yan jiu yuan")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("sheet.xlsx", b"PK\x03\x04rest"),
        ("sheet.csv", b"PK\x03\x04" + bytes(range(256)) * 4),
        ("page.csv", b"<!doctype html><html><body>no table</body></html>"),
        ("noise.csv", bytes(range(256)) * 10),
    ],
)
def test_what_is_no_text_is_refused_and_nothing_stays(act: Alliance, secretary: User, name: str, content: bytes) -> None:
    with pytest.raises(UploadRefusedError) as refusal:
        upload(act, secretary, content, name)

    assert str(refusal.value.reason)
    assert not InstitutionImport.objects.of(act).exists()


@pytest.mark.parametrize("content", [b"name,country,type\r\n", b"one\r\ntwo,three\r\nfour,five\r\nsix,seven\r\n"])
def test_text_that_is_no_table_is_refused(act: Alliance, secretary: User, content: bytes) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        upload(act, secretary, content)

    assert refusal.value.code.startswith("table_")


def test_an_undecided_value_stops_the_dry_run(act: Alliance, secretary: User) -> None:
    record = upload(act, secretary, table([["A", "CN", "Circus"]]))

    with pytest.raises(InvalidInputError) as refusal:
        start_check(act, record.uuid, actor=secretary)

    assert refusal.value.code == "kinds_undecided"


def test_nothing_is_imported_before_a_dry_run_and_a_second_press_starts_nothing(act: Alliance, secretary: User) -> None:
    record = upload(act, secretary, table([["A", "CN", "Education"]]))
    with pytest.raises(TransitionRefusedError):
        start_import(act, record.uuid, policy=ImportPolicy.GOOD_ROWS, actor=secretary)
    run(act, start_check(act, record.uuid, actor=secretary))
    start_import(act, record.uuid, policy=ImportPolicy.GOOD_ROWS, actor=secretary)

    with pytest.raises(TransitionRefusedError):
        start_import(act, record.uuid, policy=ImportPolicy.GOOD_ROWS, actor=secretary)

    assert Job.objects.of(act).filter(kind=imports.IMPORT_JOB).count() == 1


def test_only_the_secretariat_imports(act: Alliance, secretary: User, committee_member: User, stranger: User) -> None:
    record = upload(act, secretary, table([["A", "CN", "Education"]]))

    for person in (committee_member, stranger, make_member(act, "auditor")):
        with pytest.raises(PermissionRefusedError):
            upload(act, person, table([["A", "CN", "Education"]]))
        with pytest.raises(PermissionRefusedError):
            start_check(act, record.uuid, actor=person)


def test_an_import_of_another_alliance_does_not_exist_here(act: Alliance, secretary: User, other_alliance: Alliance) -> None:
    record = upload(act, secretary, table([["A", "CN", "Education"]]))

    with tenancy.acting_in(other_alliance), pytest.raises(InstitutionImport.DoesNotExist):
        start_check(other_alliance, record.uuid, actor=secretary)


def test_a_stop_keeps_whole_batches_and_a_new_start_adds_the_rest(
    act: Alliance, secretary: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = checked(act, secretary, table([[f"University {n}", "CN", "Education"] for n in range(1000)]))
    record = start_import(act, record.uuid, policy=ImportPolicy.GOOD_ROWS, actor=secretary)
    real = imports.add_batch

    def add_and_stop(*args: Any, **kwargs: Any) -> int:
        stop_import(act, record.uuid, actor=secretary)
        return real(*args, **kwargs)

    monkeypatch.setattr(imports, "add_batch", add_and_stop)
    record = run(act, record)
    monkeypatch.undo()

    assert phase_of(record) == "stopped"
    assert record.counts["added"] == Institution.objects.of(act).count() == 250

    record = run(act, start_import(act, record.uuid, policy=ImportPolicy.GOOD_ROWS, actor=secretary))

    assert record.state == ImportState.FINISHED
    assert record.counts["added"] == Institution.objects.of(act).count() == 1000
    assert record.counts["known"] == 0


def test_a_new_run_after_a_death_between_batches_doubles_nothing_and_counts_right(
    act: Alliance, secretary: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = checked(act, secretary, table([[f"University {n}", "CN", "Education"] for n in range(600)]))
    record = start_import(act, record.uuid, policy=ImportPolicy.GOOD_ROWS, actor=secretary)
    died = [False]

    def die_once(name: str) -> None:
        if name == "members.import.finish" and not died[0]:
            died[0] = True
            raise KeyboardInterrupt

    monkeypatch.setattr("alliance.kernel.faults.point", die_once)
    with pytest.raises(KeyboardInterrupt):
        run(act, record)
    InstitutionImport.objects.filter(pk=record.pk).update(state=ImportState.RUNNING)  # a killed process writes nothing

    record = run(act, record)

    assert record.counts["added"] == Institution.objects.of(act).count() == 600
    assert record.counts["known"] == 0


CELLS = st.sampled_from(["", "A", "a", "Ａ", "B", "织造", "织造 ", "x" * 301, "C\x07"])
ROWS = st.lists(
    st.one_of(
        st.tuples(CELLS, st.sampled_from(["CN", "cn", "ZZ", ""]), st.sampled_from(["Education", "Other", "Circus", ""])),
        st.tuples(CELLS, st.just("CN")),
    ).map(list),
    max_size=25,
)


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=ROWS, again=st.booleans())
def test_counts_add_up_and_a_second_run_adds_none_for_any_table(
    act: Alliance, rows: list[list[str]], *, again: bool
) -> None:
    Institution.objects.of(act).delete()
    # A row that is empty throughout is no row.
    expected = sum(any(row) for row in rows)
    content = table(rows)
    size = 3 if again else 5000

    first = import_rows(act, io.BytesIO(content), PLAN, at=timezone.now(), batch_size=size)
    there = Institution.objects.of(act).count()
    second = import_rows(act, io.BytesIO(content), PLAN, at=timezone.now())

    for tally in (first, second):
        assert isinstance(tally, Tally)
        assert tally.rows == expected
        assert tally.rows == tally.good + tally.known + tally.duplicate + tally.left_out + tally.faulty
    assert first.good == there
    assert first.known == 0
    assert second.good == 0
    assert second.known == first.good
    assert (second.duplicate, second.faulty, second.left_out) == (first.duplicate, first.faulty, first.left_out)
