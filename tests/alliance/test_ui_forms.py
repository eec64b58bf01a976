"""Forms: one template gives labels, hints, errors and their links to assistive technology."""

from __future__ import annotations

import re

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from alliance.kernel.forms import AllianceForm
from alliance.views.gallery import GalleryForm


class CodeForm(AllianceForm):
    code = forms.CharField(label="Code", max_length=4, help_text="Four letters.")
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    token = forms.CharField(widget=forms.HiddenInput, initial="t")

    def clean(self) -> dict[str, object]:
        if self.cleaned_data.get("code") == "none":
            raise forms.ValidationError("No such institution in this alliance.")
        return self.cleaned_data


def test_a_field_has_label_hint_and_description() -> None:
    html = str(CodeForm()["code"].as_field_group())

    assert '<label for="id_code">Code</label>' in html
    assert '<div class="hint" id="id_code_helptext">Four letters.</div>' in html
    assert 'aria-describedby="id_code_helptext"' in html
    assert "aria-invalid" not in html
    assert 'class="input width-4"' in html


def test_an_error_stands_between_hint_and_control_and_is_described() -> None:
    html = str(CodeForm({"code": ""})["code"].as_field_group())

    assert html.index("id_code_helptext") < html.index('class="field-error"') < html.index("<input")
    assert 'aria-describedby="id_code_helptext id_code_error"' in html
    assert 'aria-invalid="true"' in html
    assert "field invalid" in html
    assert "Fill in “Code”" in html


def test_optional_fields_say_so_and_required_ones_carry_no_mark() -> None:
    html = str(CodeForm())

    assert re.search(r"Note <span class=\"optional\">\(optional\)</span>", html)
    assert "*" not in html
    assert " required" not in html


def test_the_summary_comes_first_and_leads_to_the_controls() -> None:
    html = str(GalleryForm({"need": "x", "needed_by": "2020-01-01"}))

    assert html.lstrip().startswith('<div class="error-summary" role="alert"')
    assert '<a href="#id_needed_by">The date must be after today</a>' in html
    assert '<a href="#id_channel_0">' in html
    assert 'id="id_channel_0"' in html
    assert '<a href="#id_consent">' in html


def test_an_error_of_the_whole_form_is_in_the_summary_without_a_link() -> None:
    html = str(CodeForm({"code": "none", "token": "t"}))

    assert "<li>No such institution in this alliance.</li>" in html
    assert html.count("No such institution") == 1


def test_a_form_without_errors_shows_no_summary() -> None:
    assert "error-summary" not in str(CodeForm())
    assert "error-summary" not in str(CodeForm({"code": "ABCD", "token": "t"}))


def test_what_was_typed_is_escaped_and_kept() -> None:
    html = str(CodeForm({"code": '"><script>', "token": "t"}))

    assert "<script>" not in html
    assert "&quot;&gt;&lt;script&gt;" in html


def test_choices_form_a_named_group_described_by_hint_and_error() -> None:
    html = str(GalleryForm({"need": "x"})["channel"].as_field_group())

    assert '<fieldset aria-describedby="id_channel_helptext id_channel_error">' in html
    assert "<legend>How shall the answer reach you?" in html
    assert html.count('<label class="choice"') == 2


def test_hidden_fields_are_drawn_and_take_no_room() -> None:
    html = str(CodeForm())

    assert '<input type="hidden" name="token" value="t" id="id_token">' in html


def test_a_form_with_a_file_is_sent_in_parts() -> None:
    request = RequestFactory().get("/")
    template = Template('{% load ui %}{% component "form" form=form submit="Send" %}{% endcomponent %}')

    html = template.render(Context({"form": GalleryForm(), "request": request, "csrf_token": "t"}))

    assert 'enctype="multipart/form-data"' in html
    assert "novalidate" in html
    assert 'name="csrfmiddlewaretoken" value="t"' in html
    assert "multipart" not in template.render(Context({"form": CodeForm(), "request": request, "csrf_token": "t"}))


def test_a_valid_form_gives_its_data() -> None:
    with translation.override("en"):
        form = GalleryForm(
            {"need": "Steam", "needed_by": "2999-01-31", "category": "information", "channel": "mail", "consent": "on"},
            {"evidence": SimpleUploadedFile("a.pdf", b"%PDF-")},
        )

        assert form.is_valid(), form.errors
    assert form.cleaned_data["needed_by"].isoformat() == "2999-01-31"


def test_dates_are_asked_for_by_the_browsers_own_control() -> None:
    html = str(GalleryForm(initial={"needed_by": "2026-12-01"})["needed_by"].as_field_group())

    assert 'type="date"' in html
    assert 'value="2026-12-01"' in html


class FiguresForm(AllianceForm):
    title = forms.CharField(label="Title", max_length=5)
    count = forms.IntegerField(label="Count", min_value=1, max_value=9)
    sum = forms.DecimalField(label="Sum", max_digits=5, decimal_places=2, min_value=0)
    day = forms.DateField(label="Day")
    own = forms.CharField(label="Own", max_length=2, error_messages={"max_length": "Two letters."})
    file = forms.FileField(label="File", max_length=5)


def test_errors_say_what_to_write() -> None:
    """Django's own words speak of "this value"."""
    said = {
        ("title", "sixsix"): "Shorten it to 5 characters; it has 6.",
        ("count", "0"): "Write a number from 1 on.",
        ("count", "10"): "Write a number up to 9.",
        ("count", "ten"): "Write a number in digits, such as 12.",
        ("sum", "-1"): "Write a number from 0 on.",
        ("sum", "1.234"): "Write at most 2 places after the point.",
        ("sum", "123456"): "Write a number with at most 5 digits.",
        ("sum", "1234"): "Write a number with at most 3 digits before the point.",
        ("day", "tomorrow"): "Write the day as year-month-day, such as 2026-11-21.",
        ("own", "abc"): "Two letters.",
    }
    for (name, typed), words in said.items():
        assert words in FiguresForm({name: typed}).errors[name], (name, typed)
    files = {"file": SimpleUploadedFile("a-long-name.txt", b"x")}
    assert "at most 5" in FiguresForm({}, files).errors["file"][0]
