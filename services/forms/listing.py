"""Shape of what is typed about a listing: the owner's guided form, the verifier's word, renewal and withdrawal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel.forms import AllianceForm
from members.choices import Element
from members.models import Institution
from members.selectors.regions import region_name
from services.actions.listing import (
    FILE_PURPOSE,
    LISTING_FIELDS,
    LONGEST_BODY,
    LONGEST_TITLE,
    split_labels,
)
from services.choices import ListingAudience, ListingSide, Pricing, ServiceCategory, Verdict
from services.selectors.codes import disciplines, industries

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance
    from services.models import Listing

SECTIONS: Final[tuple[tuple[StrOrPromise, StrOrPromise, tuple[str, ...]], ...]] = (
    (
        _("1. What is it?"),
        _("A need is something you look for; an offer is something others can have from you."),
        ("institution", "side", "category", "title_en", "title_zh"),
    ),
    (
        _("2. Describe it"),
        _("One language is enough, both are better. Say how things stand, what is wanted in figures, and what was tried."),
        ("body_en", "body_zh"),
    ),
    (
        _("3. Let it be found"),
        _("Readers filter by these, and the matching uses them."),
        ("elements", "industry_code", "disciplines", "labels", "region_code"),
    ),
    (
        _("4. Money and time"),
        _("A rough figure is better than none."),
        ("pricing", "money_min", "money_max", "starts_on", "ends_on", "duration_weeks"),
    ),
    (
        _("5. Who may read it, and how long?"),
        _("Before that, two people of two other institutions verify it."),
        ("audience", "parties", "expires_on"),
    ),
)
"""The steps of the form, each with the fields it asks."""


@dataclass(frozen=True, slots=True)
class Row:
    """A field with what those who sent the listing back say about it."""

    field: forms.BoundField
    points: list[str]


@dataclass(frozen=True, slots=True)
class Section:
    """A step of the form."""

    title: StrOrPromise
    hint: StrOrPromise
    rows: list[Row]


def _capitals(choices: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(value, capfirst(label)) for value, label in choices]


def industry_choices() -> list[Any]:
    """Sections of GB/T 4754, each with its divisions."""
    found: list[Any] = [("", _("Not said"))]
    sections = [one for one in industries().values() if not one.parent]
    for section in sections:
        inside = [(one.code, f"{one.code} {one.title}") for one in industries().values() if one.parent == section.code]
        found.append(
            (
                f"{section.code} {section.title}",
                [(section.code, _("%(title)s, all of it") % {"title": section.title}), *inside],
            )
        )
    return found


def discipline_choices() -> list[tuple[str, str]]:
    """The disciplines of the first level."""
    return [(one.code, f"{one.code} {one.title}") for one in disciplines().values()]


def party_choices(alliance: Alliance, named: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Members that can be named, by name, and those named before even if they left meanwhile; one query."""
    rows = Institution.objects.of(alliance)
    rows = (rows.active() | rows.filter(code__in=named)).order_by("sort_key", "id")
    return [(one.code, f"{one.name} ({one.code})") for one in rows]


class ListingForm(AllianceForm):
    """A listing, new or to be changed; one page in five steps."""

    institution = forms.TypedChoiceField(label=_("Whose need or offer is it?"), coerce=int, required=False)
    side = forms.ChoiceField(
        label=_("Need or offer"),
        choices=[(ListingSide.DEMAND, _("We need something")), (ListingSide.SUPPLY, _("We offer something"))],
        widget=forms.RadioSelect,
    )
    category = forms.ChoiceField(label=_("Category"), choices=_capitals(ServiceCategory.choices))
    title_en = forms.CharField(
        label=_("Title in English"),
        help_text=_("One sentence with the figure that matters. Others see it in the list."),
        max_length=LONGEST_TITLE,
        required=False,
    )
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=LONGEST_TITLE, required=False)
    body_en = forms.CharField(
        label=_("Text in English"),
        help_text=_("Headings and lists as Markdown."),
        widget=forms.Textarea(attrs={"rows": 9}),
        max_length=LONGEST_BODY,
        required=False,
    )
    body_zh = forms.CharField(
        label=_("Text in Chinese"), widget=forms.Textarea(attrs={"rows": 9}), max_length=LONGEST_BODY, required=False
    )
    elements = forms.MultipleChoiceField(
        label=_("Elements"),
        help_text=_("What it takes, or what you bring."),
        choices=_capitals(Element.choices),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    industry_code = forms.ChoiceField(label=_("Industry (GB/T 4754)"), required=False)
    disciplines = forms.MultipleChoiceField(
        label=_("Disciplines (GB/T 13745)"),
        help_text=_("Hold Ctrl (or Command) to choose several."),
        widget=forms.SelectMultiple(attrs={"size": 7}),
        required=False,
    )
    labels = forms.CharField(
        label=_("Key words"), help_text=_("Three or more, separated by semicolons."), max_length=2000, required=False
    )
    region_code = forms.CharField(
        label=_("Region"), help_text=_("Province or prefecture, by its name or code."), max_length=60, required=False
    )
    pricing = forms.ChoiceField(
        label=_("Price"), choices=_capitals(Pricing.choices), widget=forms.RadioSelect, initial=Pricing.TO_AGREE
    )
    money_min = forms.DecimalField(label=_("From, in yuan"), max_digits=14, decimal_places=2, min_value=0, required=False)
    money_max = forms.DecimalField(
        label=_("Up to, in yuan"),
        help_text=_("For a fixed price, fill in this one."),
        max_digits=14,
        decimal_places=2,
        min_value=0,
        required=False,
    )
    starts_on = forms.DateField(label=_("Can begin on"), widget=forms.DateInput, required=False)
    ends_on = forms.DateField(label=_("Done by"), widget=forms.DateInput, required=False)
    duration_weeks = forms.IntegerField(label=_("Weeks it takes"), min_value=1, max_value=520, required=False)
    audience = forms.ChoiceField(
        label=_("Who may read it"),
        choices=_capitals(ListingAudience.choices),
        widget=forms.RadioSelect,
        initial=ListingAudience.PUBLIC,
    )
    parties = forms.MultipleChoiceField(
        label=_("The institutions named"),
        help_text=_(
            "Needed only if named institutions alone may read it. Hold Ctrl (or Command) to choose several; typing a name jumps to it."
        ),
        widget=forms.SelectMultiple(attrs={"size": 7}),
        error_messages={"invalid_choice": _("An institution you chose is no member any more; choose again.")},
        required=False,
    )
    expires_on = forms.DateField(
        label=_("Open until"),
        help_text=_("Empty: 120 days from its publication. A year at most; you are told two weeks before."),
        widget=forms.DateInput,
        required=False,
    )
    edition = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def __init__(
        self,
        *args: Any,
        alliance: Alliance,
        institutions: Sequence[tuple[int, str]] = (),
        is_new: bool = True,
        points: Mapping[str, list[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        """Offer the institutions in whose name the person may list, where there are several.

        Args:
            args: As Django's forms take them.
            alliance: Whose members can be named.
            institutions: Choices of ``institution``.
            is_new: Whether the side can still be chosen.
            points: What is to be completed, by field.
            kwargs: As Django's forms take them.
        """
        super().__init__(*args, **kwargs)
        self.points = dict(points or {})
        named = [code for code in (self.initial.get("parties") or ()) if isinstance(code, str)]
        self.fields["parties"].choices = party_choices(alliance, named)  # type: ignore[attr-defined]
        self.fields["industry_code"].choices = industry_choices()  # type: ignore[attr-defined]
        self.fields["disciplines"].choices = discipline_choices()  # type: ignore[attr-defined]
        for language in ("en", "zh"):
            self.fields[f"title_{language}"].one_of_several = True  # type: ignore[attr-defined]
            self.fields[f"body_{language}"].one_of_several = True  # type: ignore[attr-defined]
        if is_new and len(institutions) > 1:
            self.fields["institution"].choices = list(institutions)  # type: ignore[attr-defined]
            self.fields["institution"].required = True
        else:
            del self.fields["institution"]
        if not is_new:
            del self.fields["side"]

    def values(self) -> dict[str, Any]:
        """What was typed, as the action takes it."""
        found: dict[str, Any] = {name: self.cleaned_data[name] for name in LISTING_FIELDS if name in self.cleaned_data}
        found["labels"] = split_labels(found.get("labels", "").replace("；", ";").replace("\n", ";").split(";"))
        return found

    @property
    def sections(self) -> list[Section]:
        """The steps with their fields."""
        return [
            Section(
                title,
                hint,
                [Row(self[name], self.points.get(name, [])) for name in names if name in self.fields],
            )
            for title, hint, names in SECTIONS
        ]

    @property
    def general_points(self) -> list[str]:
        """What is to be completed about the whole, its files or its side."""
        placed = {name for _title, _hint, names in SECTIONS for name in names if name in self.fields}
        return [words for name, said in self.points.items() if name not in placed for words in said]


def initial_of(listing: Listing, parties: Sequence[str]) -> dict[str, Any]:
    """What the form shows of a listing that is being changed."""
    return {
        **{name: getattr(listing, name) for name in LISTING_FIELDS},
        "labels": "; ".join(listing.labels),
        "region_code": region_name(listing.region_code) if listing.region_code else "",
        "parties": list(parties),
        "edition": listing.edition,
    }


class ListingFileForm(AllianceForm):
    """A file to attach."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("PDF, pictures, Office documents, CSV or text. Whoever may read the listing may open it."),
        error_messages={"required": _("Choose a file."), "empty": _("This file is empty.")},
    )
    purpose = FILE_PURPOSE


class RenewForm(AllianceForm):
    """How long it stays open."""

    until = forms.DateField(
        label=_("Open until"),
        help_text=_("Empty: 120 days from today. A year at most."),
        widget=forms.DateInput,
        required=False,
    )


class WithdrawForm(AllianceForm):
    """Why it is taken back."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000, required=False)


class ListingCheckForm(AllianceForm):
    """The word of one who verifies: passed, or points beside the fields they are about."""

    institution = forms.ChoiceField(label=_("You verify for"), required=False)
    verdict = forms.ChoiceField(
        label=_("Your word"),
        choices=[
            (Verdict.PASSED, _("It is in order: verified")),
            (Verdict.RETURNED, _("Something is to be completed: send it back")),
        ],
        widget=forms.RadioSelect,
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(
        self,
        *args: Any,
        units: Sequence[tuple[str, StrOrPromise]],
        fields_of: Sequence[tuple[str, StrOrPromise]],
        **kwargs: Any,
    ) -> None:
        """Offer the units the person may verify for, and a line of words for each field of the owner's form."""
        super().__init__(*args, **kwargs)
        if len(units) > 1:
            self.fields["institution"].choices = list(units)  # type: ignore[attr-defined]
            self.fields["institution"].required = True
        else:
            del self.fields["institution"]
        self.point_names = []
        for name, label in fields_of:
            key = f"point_{name or 'whole'}"
            self.point_names.append((key, name))
            self.fields[key] = forms.CharField(
                label=label, max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
            )
        from alliance.kernel.forms import dress  # noqa: PLC0415 - for the fields made here

        for field in self.fields.values():
            dress(field)

    @property
    def point_rows(self) -> list[forms.BoundField]:
        """The lines for points."""
        return [self[key] for key, _name in self.point_names]

    def points(self) -> list[dict[str, str]]:
        """What was written, by field."""
        return [
            {"field": name, "words": words}
            for key, name in self.point_names
            if (words := (self.cleaned_data.get(key) or "").strip())
        ]


POINT_LABELS: Final[tuple[tuple[str, StrOrPromise], ...]] = (
    ("", pgettext_lazy("what a point is about", "The listing as a whole")),
    ("category", _("Category")),
    ("title_en", _("Title in English")),
    ("title_zh", _("Title in Chinese")),
    ("body_en", _("Text in English")),
    ("body_zh", _("Text in Chinese")),
    ("elements", _("Elements")),
    ("industry_code", _("Industry (GB/T 4754)")),
    ("disciplines", _("Disciplines (GB/T 13745)")),
    ("labels", _("Key words")),
    ("region_code", _("Region")),
    ("money_max", _("Price")),
    ("ends_on", pgettext_lazy("time frame of a listing", "Time")),
    ("audience", _("Who may read it")),
    ("expires_on", _("Open until")),
    ("files", _("Files")),
)
"""What a verifier can say something about."""
