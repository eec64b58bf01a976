"""Shape of the input about directives between levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from groups.choices import DirectiveKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alliance.models import Alliance


class DirectiveForm(AllianceForm):
    """What a directive says."""

    kind = forms.ChoiceField(
        label=_("What is it?"),
        choices=[(value, capfirst(label)) for value, label in DirectiveKind.choices],
        widget=forms.RadioSelect,
        initial=DirectiveKind.WORK,
    )
    title_en = forms.CharField(label=_("Title in English"), max_length=200, required=False)
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=200, required=False)
    text_en = forms.CharField(label=_("Text in English"), widget=forms.Textarea, max_length=20_000, required=False)
    text_zh = forms.CharField(label=_("Text in Chinese"), widget=forms.Textarea, max_length=20_000, required=False)
    measure = forms.CharField(
        label=_("Figure asked for"),
        help_text=_("With its unit, such as: mills that tried the guide. Leave it empty if no figure is needed."),
        max_length=120,
        required=False,
    )
    due_on = forms.DateField(label=_("Answer by"))


class RecipientsForm(AllianceForm):
    """Which alliances below get it."""

    recipients = forms.MultipleChoiceField(
        label=_("Send to"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one alliance.")},
    )

    def __init__(self, *args: Any, children: Iterable[Alliance], **kwargs: Any) -> None:
        """Offer the alliances below, all of them ticked."""
        super().__init__(*args, **kwargs)
        offered = [(child.slug, f"{child.name} · {child.get_level_display()}") for child in children]
        field = self.fields["recipients"]
        field.choices = offered  # type: ignore[attr-defined]
        field.initial = [slug for slug, _name in offered]


class ReportForm(AllianceForm):
    """The answer to a directive."""

    text_en = forms.CharField(label=_("Answer in English"), widget=forms.Textarea, max_length=20_000, required=False)
    text_zh = forms.CharField(label=_("Answer in Chinese"), widget=forms.Textarea, max_length=20_000, required=False)
    figure = forms.DecimalField(label=_("Figure"), max_digits=18, decimal_places=4, required=False)

    def __init__(self, *args: Any, measure: str, **kwargs: Any) -> None:
        """Ask for the figure only where one is wanted, in its own words."""
        self.base_fields = {  # type: ignore[misc]  # this form's own copy
            name: field for name, field in self.base_fields.items() if name != "figure" or measure
        }
        if measure:
            self.base_fields["figure"] = forms.DecimalField(label=measure, max_digits=18, decimal_places=4)
        super().__init__(*args, **kwargs)
