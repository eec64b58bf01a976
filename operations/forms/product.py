"""Shape of the input about products; rules stay in the actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.kernel.errors import DomainError
from alliance.kernel.forms import AllianceForm
from operations.choices import ProductKind, ReviewVerdict
from operations.forms.kind import DetailsMixin

if TYPE_CHECKING:
    from operations.kinds import KindFormView


def show_refusal(form: forms.Form, refusal: DomainError, fields: dict[str, str] | None = None) -> None:
    """Put a refusal where it belongs: at its fields, else above the form; nothing typed is lost.

    Args:
        form: The bound form.
        refusal: What the action refused.
        fields: Names of the form's fields where they differ from the action's.
    """
    names = fields or {}
    placed = False
    form.is_valid()
    for name, words in refusal.fields.items():
        field = names.get(name, name).replace("-", "_")
        if field in form.fields:
            form.add_error(field, str(words))
            placed = True
    if not placed:
        form.add_error(None, " ".join(str(part) for part in (refusal.reason, refusal.remedy) if part))


class TextsForm(AllianceForm):
    """Titles, summaries and texts in both languages."""

    title_en = forms.CharField(
        label=_("Title in English"),
        help_text=_("One of the two languages is enough to begin."),
        max_length=200,
        required=False,
    )
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=200, required=False)
    summary_en = forms.CharField(
        label=_("Summary in English"),
        help_text=_("Two sentences: for whom, and what it changes."),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        max_length=2000,
    )
    summary_zh = forms.CharField(
        label=_("Summary in Chinese"), widget=forms.Textarea(attrs={"rows": 3}), required=False, max_length=2000
    )
    body_en = forms.CharField(
        label=_("Text in English"),
        help_text=_("Headings, lists and tables as Markdown."),
        widget=forms.Textarea(attrs={"rows": 14}),
        required=False,
        max_length=200_000,
    )
    body_zh = forms.CharField(
        label=_("Text in Chinese"), widget=forms.Textarea(attrs={"rows": 14}), required=False, max_length=200_000
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing of "optional": one of the two languages is needed, at the latest before the review."""
        super().__init__(*args, **kwargs)
        for name in ("title_en", "title_zh", "summary_en", "summary_zh", "body_en", "body_zh"):
            self.fields[name].one_of_several = True  # type: ignore[attr-defined]


class DraftForm(DetailsMixin, TextsForm):
    """A draft, new or to be changed, with the fields of its kind."""

    institution = forms.TypedChoiceField(label=_("Drafted by"), coerce=int, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=ProductKind.choices)
    client_en = forms.CharField(label=_("Made for, in English"), max_length=200, required=False)
    client_zh = forms.CharField(label=_("Made for, in Chinese"), max_length=200, required=False)
    due_on = forms.DateField(label=_("Draft due"), widget=forms.DateInput(), required=False)
    form_kind = forms.CharField(widget=forms.HiddenInput, required=False, max_length=20)
    """The kind whose fields were drawn: another one chosen since asks for other fields."""

    field_order = (
        "institution",
        "kind",
        "title_en",
        "title_zh",
        "client_en",
        "client_zh",
        "due_on",
        "summary_en",
        "summary_zh",
        "body_en",
        "body_zh",
        "revision",
        "form_kind",
    )

    def __init__(
        self,
        *args: Any,
        institutions: Sequence[tuple[int, str]] = (),
        kind_form: KindFormView | None = None,
        **kwargs: Any,
    ) -> None:
        """Offer the institutions in whose name the person may draft; none: the author stands already."""
        super().__init__(*args, **kwargs)
        if kind_form is not None:
            self.initial["form_kind"] = kind_form.kind
            self.add_details(kind_form, before="summary_en")
        if institutions:
            field = self.fields["institution"]
            field.choices = list(institutions)  # type: ignore[attr-defined]
            field.required = True
        else:
            del self.fields["institution"]

    def clean(self) -> dict[str, Any]:
        """Gather the values of the kind's fields."""
        cleaned = super().clean() or self.cleaned_data
        cleaned["details"] = self.read_details()
        return cleaned


class AdaptForm(TextsForm):
    """What the media think tank turns the draft into."""

    institution = forms.TypedChoiceField(label=_("Adapted by"), coerce=int, required=False)
    ready = forms.BooleanField(
        label=_("The text is ready for the pilot firms"),
        required=False,
        help_text=_("The secretariat is asked to plan the pilot."),
    )

    field_order = (
        "institution",
        "title_en",
        "title_zh",
        "summary_en",
        "summary_zh",
        "body_en",
        "body_zh",
        "ready",
        "revision",
    )

    def __init__(self, *args: Any, institutions: Sequence[tuple[int, str]] = (), with_ready: bool, **kwargs: Any) -> None:
        """Offer the media think tanks the person acts for, where there are several."""
        super().__init__(*args, **kwargs)
        if len(institutions) > 1:
            self.fields["institution"].choices = list(institutions)  # type: ignore[attr-defined]
            self.fields["institution"].required = True
        else:
            del self.fields["institution"]
        if not with_ready:
            del self.fields["ready"]


class ReviewForm(AllianceForm):
    """An institution's word on a draft."""

    institution = forms.TypedChoiceField(label=_("You review for"), coerce=int, required=False)
    verdict = forms.ChoiceField(
        label=_("What shall happen with the draft?"), choices=ReviewVerdict.choices, widget=forms.RadioSelect
    )
    comment = forms.CharField(
        label=_("Reasons"),
        help_text=_("The author reads them. Needed to send it back."),
        widget=forms.Textarea(attrs={"rows": 5}),
        required=False,
        max_length=4000,
    )

    def __init__(self, *args: Any, institutions: Sequence[tuple[int, str]] = (), **kwargs: Any) -> None:
        """Offer the institutions the person may review for, where there are several."""
        super().__init__(*args, **kwargs)
        if len(institutions) > 1:
            self.fields["institution"].choices = list(institutions)  # type: ignore[attr-defined]
            self.fields["institution"].required = True
        else:
            del self.fields["institution"]


class ReasonForm(AllianceForm):
    """A step that needs a reason."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Those concerned read it."),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
    )


class OptionalReasonForm(AllianceForm):
    """A decision on a release: a reason only where it is not released yet."""

    reason = forms.CharField(
        label=_("Why not yet?"),
        help_text=_("Only where it is not released. It becomes a change to make."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=300,
        required=False,
    )


class ShareForm(AllianceForm):
    """Whom to let read a product before its release."""

    email = forms.EmailField(label=_("E-mail of the reader"), max_length=254)
