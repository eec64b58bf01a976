"""Shape of the input about what a product is made of: files, contributions, references."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel import uploads
from alliance.kernel.forms import AllianceForm
from operations.actions.contribution import MOST_PARTS
from operations.actions.product_file import PURPOSE
from operations.choices import ContributionRole, ReferenceKind

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from operations.kinds import EvidenceNeed


class FileForm(AllianceForm):
    """A file to add to a product."""

    file = forms.FileField(label=_("File"), allow_empty_file=True)
    evidence = forms.ChoiceField(
        label=_("What the file is"), required=False, help_text=_("A part of the product, or evidence that a step asks for.")
    )
    title_en = forms.CharField(label=_("Title in English"), max_length=200, required=False)
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=200, required=False)
    is_public = forms.BooleanField(label=_("Anybody may download it once the product is released"), required=False)

    def __init__(self, *args: Any, needs: Sequence[EvidenceNeed], parts: bool, **kwargs: Any) -> None:
        """Offer what the file may be; ``parts``: whether the product itself may change now."""
        super().__init__(*args, **kwargs)
        offered: list[tuple[str, StrOrPromise]] = [("", _("Part of the product"))] if parts else []
        offered += [(one.key, one.label) for one in needs]
        self.fields["evidence"].choices = offered  # type: ignore[attr-defined]
        self.fields["evidence"].required = not parts
        purpose = uploads.purposes.get(PURPOSE)
        self.fields["file"].widget.attrs["accept"] = ",".join(purpose.extensions)
        self.fields["file"].help_text = _("%(types)s; up to %(most)s MB.") % {
            "types": ", ".join(sorted(purpose.extensions)),
            "most": purpose.limit // (1024 * 1024),
        }


class PartForm(AllianceForm):
    """An institution's part."""

    institution = forms.TypedChoiceField(label=_("Institution"), coerce=int, required=False, empty_value=None)
    role = forms.ChoiceField(
        label=pgettext_lazy("of a person", "Part"), choices=ContributionRole.choices, initial=ContributionRole.METHOD.value
    )
    share = forms.DecimalField(
        label=_("Share, percent"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(100),
        decimal_places=2,
        max_digits=5,
    )
    words_en = forms.CharField(label=_("What it did, in English"), max_length=300, required=False)
    words_zh = forms.CharField(label=_("What it did, in Chinese"), max_length=300, required=False)

    def __init__(self, *args: Any, institutions: Sequence[tuple[int, str]] = (), **kwargs: Any) -> None:
        """Offer the institutions of the alliance."""
        super().__init__(*args, **kwargs)
        self.fields["institution"].choices = [("", _("No institution")), *institutions]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A row without an institution is not used; one with an institution needs a share."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("institution") and cleaned.get("share") is None and "share" not in self.errors:
            self.add_error("share", _("Give a share above 0 and up to 100 percent, with at most two places."))
        return cleaned


class PartSet(BaseFormSet):  # type: ignore[type-arg]
    """The parts of a product."""


NEW_PARTS: Final = 3
PartRows = formset_factory(PartForm, formset=PartSet, extra=NEW_PARTS, max_num=MOST_PARTS)


class AnswerPartForm(AllianceForm):
    """Whether an institution agrees with its part."""

    answer = forms.ChoiceField(
        label=_("Is this right?"),
        choices=[("confirm", _("Yes, this is our part")), ("contest", _("No, it has to change"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("What has to change"),
        help_text=_("The author reads it. Needed only when it is not right."),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        max_length=300,
    )


class ReferenceForm(AllianceForm):
    """Something that a product answers or rests on."""

    kind = forms.ChoiceField(label=_("Kind"), choices=ReferenceKind.choices)
    to = forms.CharField(
        label=_("Code"),
        required=False,
        max_length=80,
        help_text=_("Of a record of the alliance, such as P-014. Not for outside sources."),
    )
    words = forms.CharField(
        label=_("Title or words"), required=False, max_length=300, help_text=_("Needed for outside sources.")
    )
    url = forms.URLField(
        label=_("Web address"),
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text=_("Only of outside sources."),
    )
