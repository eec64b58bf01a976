"""Shape of the input about pieces; rules stay in the actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel.forms import AllianceForm
from operations.choices import PieceAudience, PieceChannel, PieceKind, ReviewVerdict

VERDICTS = (
    (ReviewVerdict.APPROVE.value, _("It is correct")),
    (ReviewVerdict.RETURN.value, _("It is not correct: send it back")),
)


class PieceForm(AllianceForm):
    """A piece, new or to be changed."""

    institution = forms.TypedChoiceField(label=pgettext_lazy("a piece", "Made by"), coerce=int, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=PieceKind.choices)
    audience = forms.ChoiceField(label=_("For whom"), choices=PieceAudience.choices)
    audience_words = forms.CharField(
        label=_("For whom exactly"),
        help_text=_("For example: shift leaders of dyehouses with up to 200 people."),
        max_length=200,
        required=False,
    )
    channel = forms.ChoiceField(label=_("Where it goes out"), choices=PieceChannel.choices)
    title_en = forms.CharField(label=_("Title in English"), max_length=200, required=False)
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=200, required=False)
    body_en = forms.CharField(
        label=_("Text in English"),
        help_text=_("Headings, lists and tables as Markdown."),
        widget=forms.Textarea(attrs={"rows": 14}),
        required=False,
        max_length=100_000,
    )
    body_zh = forms.CharField(
        label=_("Text in Chinese"), widget=forms.Textarea(attrs={"rows": 14}), required=False, max_length=100_000
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def __init__(self, *args: Any, institutions: Sequence[tuple[int, str]] = (), **kwargs: Any) -> None:
        """Offer the institutions in whose name the person may make it, where there are several."""
        super().__init__(*args, **kwargs)
        if len(institutions) > 1:
            self.fields["institution"].choices = list(institutions)  # type: ignore[attr-defined]
            self.fields["institution"].required = True
        else:
            del self.fields["institution"]


class PieceCheckForm(AllianceForm):
    """An author's word on a piece."""

    institution = forms.TypedChoiceField(label=_("You check for"), coerce=int, required=False)
    verdict = forms.ChoiceField(label=_("Is what it says correct?"), choices=VERDICTS, widget=forms.RadioSelect)
    comment = forms.CharField(
        label=_("Reasons"),
        help_text=_("The maker reads them. Needed to send it back: say which sentence is wrong, and what is right."),
        widget=forms.Textarea(attrs={"rows": 5}),
        required=False,
        max_length=4000,
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def __init__(self, *args: Any, institutions: Sequence[tuple[int, str]] = (), **kwargs: Any) -> None:
        """Offer the institutions the person may check for, where there are several."""
        super().__init__(*args, **kwargs)
        if len(institutions) > 1:
            self.fields["institution"].choices = list(institutions)  # type: ignore[attr-defined]
            self.fields["institution"].required = True
        else:
            del self.fields["institution"]


class PublishForm(AllianceForm):
    """Where else a piece went out."""

    link = forms.CharField(
        label=_("Where it went out"),
        help_text=_(
            "Its address, if it stands elsewhere too: the article in WeChat, the video. The public page links to it."
        ),
        max_length=500,
        required=False,
        widget=forms.URLInput,
    )
