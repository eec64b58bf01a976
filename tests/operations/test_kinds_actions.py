"""What each kind of product asks for: standard forms, versions of an alliance's own, values of drafts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, PermissionRefusedError
from alliance.models import AuditEntry, OutboxEvent
from operations.actions.kind import change_kind_form, use_newest_form
from operations.actions.product import EditConflictError, draft_product, submit_product, update_product
from operations.choices import KindFieldType, ProductKind, ProductState
from operations.gates import open_points
from operations.kinds import (
    GATES,
    STANDARD_FORMS,
    Choice,
    EvidenceNeed,
    KindField,
    KindFormView,
    carry_over,
    check_form,
    clean_details,
    is_empty,
    new_key,
    read_choices,
    read_form,
    show_details,
    write_choices,
    write_evidence,
    write_fields,
)
from operations.models import KindForm
from operations.selectors.evidence import missing_details, missing_evidence
from operations.selectors.kind import compare_forms, form_in_force, form_of, list_forms
from operations.signals import KIND_FORM_CHANGED
from operations.transitions import SUBMIT
from tests.factories.alliance import make_alliance
from tests.factories.operations import Cast, fill_details, give_evidence, make_cast, make_officer, make_product

AT = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
GUIDE = STANDARD_FORMS[ProductKind.GUIDE]
TEXTS: dict[str, Any] = {"kind": "guide", "title_en": "Dyeing", "summary_en": "Half.", "body_en": "Text."}


def change_guide(
    cast: Cast, *more: KindField, drop: str = "", base: int = 0, evidence: Any = (), note: str = ""
) -> KindForm:
    """The next version of the guide's form: its fields without one, with more."""
    fields = [one for one in form_in_force(cast.alliance, "guide").fields if one.key != drop]
    return change_kind_form(
        cast.alliance,
        "guide",
        fields=[*fields, *more],
        evidence=evidence,
        note=note,
        base=base,
        actor=make_officer(cast.alliance, AllianceRole.OFFICE_ADMIN),
        at=AT,
    )


EXTRA = KindField("noise", "Noise, dB(A)", "噪声", KindFieldType.NUMBER.value, required=True)


# ------------------------------------------------------------------------------------------------------ standard forms


@pytest.mark.parametrize("kind", ProductKind.values)
def test_every_kind_has_a_standard_form_in_both_languages_that_can_be_filled_in(kind: str) -> None:
    form = STANDARD_FORMS[kind]
    check_form(form.fields, form.evidence)
    assert form.version == 0
    assert form.fields
    assert all(one.label_en and one.label_zh for one in form.fields)
    assert all(one.label_en and one.label_zh for one in form.evidence)
    assert all(choice.label_en and choice.label_zh for one in form.fields for choice in one.choices)
    assert any(one.required for one in form.fields)
    assert clean_details(form, fill_details(form)) == fill_details(form)


@pytest.mark.parametrize("kind", ProductKind.values)
def test_a_form_survives_being_written_down(kind: str) -> None:
    form = STANDARD_FORMS[kind]
    assert read_form(kind, 0, write_fields(form.fields), write_evidence(form.evidence)) == form


# --------------------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("type_", "value", "kept"),
    [
        ("text", "  one line ", "one line"),
        ("number", "12.50", "12.50"),
        ("number", "1e3", "1000"),
        ("date", "2026-11-22", "2026-11-22"),
        ("choice", "a", "a"),
        ("url", "https://example.org/x", "https://example.org/x"),
        ("bilingual", {"en": "a ", "zh": ""}, {"en": "a"}),
        ("bilingual", "只有中文", {"zh": "只有中文"}),
    ],
)
def test_values_are_kept_in_one_form(type_: str, value: Any, kept: Any) -> None:
    form = KindFormView("guide", 1, (KindField("x", "X", "", type_, choices=(Choice("a", "A"), Choice("b", "B"))),))
    assert clean_details(form, {"x": value}) == {"x": kept}


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("text", "two\nlines"),
        ("text", "x" * 301),
        ("number", "twelve"),
        ("number", "NaN"),
        ("number", "1e400"),
        ("date", "22.11.2026"),
        ("date", "2026-02-30"),
        ("choice", "c"),
        ("url", "javascript:alert(1)"),
        ("url", "example"),
        ("bilingual", {"en": "a", "fr": "b"}),
        ("bilingual", {"zh": "长" * 4001}),
    ],
)
def test_a_value_that_does_not_fit_is_named_at_its_field(type_: str, value: Any) -> None:
    form = KindFormView("guide", 1, (KindField("x", "X", "", type_, choices=(Choice("a", "A"), Choice("b", "B"))),))
    with pytest.raises(InvalidInputError) as refused:
        clean_details(form, {"x": value}, {"x": "before"})
    assert list(refused.value.fields) == ["details_x_en" if type_ == "bilingual" else "details_x"]


def test_an_unknown_field_is_refused_not_ignored() -> None:
    with pytest.raises(InvalidInputError) as refused:
        clean_details(GUIDE, {"colour": "red"})
    assert "details_colour" in refused.value.fields


def test_an_empty_value_takes_the_old_one_out_and_others_stay() -> None:
    kept = clean_details(GUIDE, {"hours": ""}, {"hours": "4", "scope": {"en": "a"}, "former": "kept"})
    assert kept == {"scope": {"en": "a"}, "former": "kept"}


VALUES = st.one_of(
    st.none(), st.text(max_size=30), st.integers(), st.dictionaries(st.sampled_from(["en", "zh"]), st.text(max_size=20))
)


@given(values=st.dictionaries(st.sampled_from([one.key for one in GUIDE.fields]), VALUES))
def test_what_was_kept_is_kept_again_unchanged(values: dict[str, Any]) -> None:
    try:
        kept = clean_details(GUIDE, values)
    except InvalidInputError:
        return
    assert clean_details(GUIDE, kept) == kept
    assert not any(is_empty(value) for value in kept.values())


@given(
    values=st.dictionaries(
        st.sampled_from(["scope", "hours", "form", "other"]), VALUES.filter(lambda one: not is_empty(one))
    )
)
def test_no_value_is_lost_when_a_draft_takes_another_form(values: dict[str, Any]) -> None:
    for form in STANDARD_FORMS.values():
        carried = carry_over(form, values)
        assert len(carried) == len(values)
        for key, value in carried.items():
            if form.find(key) is not None:
                assert clean_details(form, {key: value}) == {key: value}


def test_values_of_an_earlier_form_are_shown_after_those_of_the_form() -> None:
    shown = show_details(GUIDE, {"former": "x", "scope": {"zh": "小厂"}, "hours": "4"})
    assert [one.key for one in shown] == ["scope", "hours", "former"]
    assert shown[0].language == "zh-Hans"


# ------------------------------------------------------------------------------------------------------------- versions


def test_a_new_version_is_in_force_for_its_alliance_only_and_leaves_a_record(cast: Cast) -> None:
    row = change_guide(cast, EXTRA, note="Noise matters")
    assert (row.version, row.is_current) == (1, True)
    assert form_in_force(cast.alliance, "guide").fields[-1] == EXTRA
    assert list_forms(cast.alliance)["guide"].version == 1
    assert list_forms(cast.alliance)["tool"].version == 0
    entry = AuditEntry.objects.of(cast.alliance).get(verb="change_kind_form")
    assert json.loads(entry.record)["after"]["version"] == 1
    assert "Noise matters" not in entry.record
    event = OutboxEvent.objects.of(cast.alliance).get(kind=KIND_FORM_CHANGED)
    assert event.payload == {"kind": "guide", "version": 1}
    elsewhere = make_alliance()
    with tenancy.acting_in(elsewhere):
        assert form_in_force(elsewhere, "guide").version == 0


def test_versions_follow_each_other_and_only_the_last_is_in_force(cast: Cast) -> None:
    change_guide(cast, EXTRA)
    change_guide(cast, drop="hours", base=1)
    rows = KindForm.objects.of(cast.alliance).filter(kind="guide").order_by("version")
    assert [(row.version, row.is_current) for row in rows] == [(1, False), (2, True)]


def test_who_started_from_an_older_version_is_told_and_nothing_is_saved(cast: Cast) -> None:
    change_guide(cast, EXTRA)
    with pytest.raises(DomainError) as refused:
        change_guide(cast, drop="hours", base=0)
    assert refused.value.code == "edit_conflict"
    assert KindForm.objects.of(cast.alliance).count() == 1


def test_a_form_without_a_change_makes_no_version(cast: Cast) -> None:
    with pytest.raises(InvalidInputError):
        change_guide(cast)


@pytest.mark.parametrize("role", [AllianceRole.SECRETARIAT, AllianceRole.COMMITTEE, AllianceRole.AUDITOR])
def test_only_an_administrator_changes_a_form(cast: Cast, role: str) -> None:
    with pytest.raises(PermissionRefusedError):
        change_kind_form(
            cast.alliance,
            "guide",
            fields=[EXTRA],
            evidence=(),
            note="",
            base=0,
            actor=make_officer(cast.alliance, role),
            at=AT,
        )


def test_a_kind_that_is_none_is_not_found(cast: Cast) -> None:
    with pytest.raises(NotFoundError):
        change_kind_form(cast.alliance, "poem", fields=[], evidence=(), note="", base=0, actor=cast.secretary, at=AT)


@pytest.mark.parametrize(
    ("field", "evidence", "place"),
    [
        (KindField("x", "", "", "text"), None, "fields-0"),
        (KindField("x", "X", "", "poem"), None, "fields-0"),
        (KindField("x", "X", "", "choice", choices=(Choice("a", "A"),)), None, "fields-0"),
        (KindField("x", "X" * 121, "", "text"), None, "fields-0"),
        (KindField("X!", "X", "", "text"), None, "fields-0"),
        (None, EvidenceNeed("x", "X", "", "open_pilot"), "evidence-0"),
        (None, EvidenceNeed("x", "", "", GATES[0]), "evidence-0"),
    ],
)
def test_a_form_that_could_not_be_filled_in_is_refused(field: Any, evidence: Any, place: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_form([field] if field else [], [evidence] if evidence else [])
    assert place in refused.value.fields


def test_the_difference_between_two_versions_is_told_in_words() -> None:
    fields = (
        KindField("scope", "Range", "范围", "bilingual"),
        *(one for one in GUIDE.fields if one.key not in {"scope", "safety"}),
        EXTRA,
    )
    changes = compare_forms(GUIDE, KindFormView("guide", 1, fields))
    assert [(change.kind, change.what) for change in changes] == [
        ("added", "Noise, dB(A)"),
        ("removed", "Safety"),
        ("changed", "Range"),
    ]
    assert "no longer required" in changes[2].note


def test_answers_keep_their_keys_when_one_of_their_names_stays() -> None:
    before = (Choice("high", "High", "高"), Choice("low", "Low", "低"))
    assert read_choices(write_choices(before), before) == before
    after = read_choices("Highest / 高\nMiddle / 中", before)
    assert [one.key for one in after] == ["high", "middle"]


def test_new_entries_get_keys_of_their_own() -> None:
    assert new_key("Noise, dB(A)", "", set()) == "noise_db_a"
    assert new_key("Noise", "", {"noise"}) == "noise_2"
    assert new_key("", "噪声", set()) == "entry"


# --------------------------------------------------------------------------------------------------------------- drafts


def test_a_draft_keeps_its_form_until_it_is_taken_over_and_loses_nothing(cast: Cast) -> None:
    values = {**TEXTS, "details": {"scope": {"en": "Small"}, "hours": "4"}}
    product = draft_product(cast.alliance, actor=cast.writer, institution_id=cast.author.pk, values=values, at=AT)
    change_guide(cast, EXTRA, drop="hours")
    product.refresh_from_db()
    assert (product.form_version, form_of(product).version) == (0, 0)
    assert missing_details(product) == []
    taken = use_newest_form(cast.alliance, product.code, revision=product.revision, actor=cast.writer, at=AT)
    assert (taken.form_version, taken.details) == (1, {"scope": {"en": "Small"}, "hours": "4"})
    assert missing_details(taken) == ["Noise, dB(A)"]
    with pytest.raises(DomainError) as again:
        use_newest_form(cast.alliance, product.code, revision=taken.revision, actor=cast.writer, at=AT)
    assert again.value.code == "form_is_newest"


def test_a_draft_is_taken_over_by_its_author_upon_the_text_as_it_stands(cast: Cast) -> None:
    product = make_product(cast)
    change_guide(cast, EXTRA)
    with pytest.raises(PermissionRefusedError):
        use_newest_form(cast.alliance, product.code, revision=1, actor=cast.editor, at=AT)
    with pytest.raises(EditConflictError):
        use_newest_form(cast.alliance, product.code, revision=7, actor=cast.writer, at=AT)
    tried = make_product(cast, ProductState.PILOTING)
    with pytest.raises(DomainError) as refused:
        use_newest_form(cast.alliance, tried.code, revision=1, actor=cast.writer, at=AT)
    assert refused.value.code == "not_editable"


def test_values_change_one_by_one_and_stand_in_the_personal_part_of_the_record(cast: Cast) -> None:
    product = make_product(cast, details={"scope": {"en": "Small"}, "hours": "4"})
    update_product(cast.alliance, product.code, actor=cast.writer, values={"details": {"hours": "5"}}, revision=1, at=AT)
    product.refresh_from_db()
    assert product.details == {"scope": {"en": "Small"}, "hours": "5"}
    entry = AuditEntry.objects.of(cast.alliance).get(verb="update_product")
    assert json.loads(entry.record)["after"]["fields"] == ["details"]
    assert "Small" not in entry.record


def test_another_kind_takes_over_what_fits_it(cast: Cast) -> None:
    product = make_product(cast, details={"scope": {"en": "Small"}, "hours": "4"})
    update_product(cast.alliance, product.code, actor=cast.writer, values={"kind": "course"}, revision=1, at=AT)
    product.refresh_from_db()
    assert product.kind == "course"
    assert product.details == {"scope": {"en": "Small"}, "hours": "4"}
    assert missing_details(product) == ["Who learns", "What they can do afterwards", "Form of teaching"]


def test_a_bad_value_saves_nothing_at_all(cast: Cast) -> None:
    product = make_product(cast)
    with pytest.raises(InvalidInputError):
        update_product(
            cast.alliance,
            product.code,
            actor=cast.writer,
            values={"title_en": "New", "details": {"hours": "soon"}},
            revision=1,
            at=AT,
        )
    product.refresh_from_db()
    assert product.title_en != "New"


def test_a_draft_without_what_its_kind_asks_for_is_not_submitted(cast: Cast) -> None:
    product = make_product(cast, details={})
    with pytest.raises(DomainError):
        submit_product(cast.alliance, product.code, actor=cast.writer, at=AT)
    shut = {view.key: list(view.missing) for view in open_points(product, SUBMIT) if not view.done}
    assert shut == {"details": ["Where it applies, and where not"]}


def test_evidence_is_asked_for_from_its_step_on(cast: Cast) -> None:
    product = make_product(cast, kind=ProductKind.RESEARCH_REPORT)
    assert missing_evidence(product, "submit_product") == ["Table of the data the findings rest on"]
    assert missing_evidence(product, "release_product") == [
        "Table of the data the findings rest on",
        "Full report as a document",
    ]
    give_evidence(product, "data_table")
    assert missing_evidence(product, "submit_product") == []
    assert missing_evidence(product, "retire_product") == []


def test_reading_the_forms_takes_one_query(cast: Cast, django_assert_num_queries: Any) -> None:
    change_guide(cast, EXTRA)
    with django_assert_num_queries(1):
        list_forms(cast.alliance)


@pytest.mark.django_db
def test_two_alliances_never_see_each_others_forms() -> None:
    first, second = make_alliance(), make_alliance()
    with tenancy.acting_in(first):
        change_guide(make_cast(first), EXTRA)
    with tenancy.acting_in(second):
        assert form_in_force(second, "guide").version == 0
        assert not KindForm.objects.filter(kind="guide").exists()
