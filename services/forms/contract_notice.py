"""Forms of amendments and of notices to suspend, take up or end the work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from alliance.kernel.forms import AllianceForm
from services.choices import NoticeKind, NoticeReason


class AmendForm(AllianceForm):
    """Begin an amendment."""

    words = forms.CharField(
        label=gettext_lazy("What shall change, and why?"),
        help_text=gettext_lazy("All parties read it. The terms as they shall read are proposed in the next step."),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class NoticeForm(AllianceForm):
    """Give a notice, or order as the witness."""

    kind = forms.ChoiceField(label=gettext_lazy("What do you want?"), widget=forms.RadioSelect)
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy(
            "“The cause is gone” is for taking the work up again; the other reasons are for stopping it."
        ),
    )
    words = forms.CharField(
        label=gettext_lazy("In your words"),
        help_text=gettext_lazy("All parties read it: what happened, since when, what follows from it."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, *args: Any, kinds: Sequence[NoticeKind], reasons: Sequence[NoticeReason], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.value, capfirst(kind.label)) for kind in kinds]  # type: ignore[attr-defined]
        self.fields["reason"].choices = [("", ""), *((one.value, capfirst(one.label)) for one in reasons)]  # type: ignore[attr-defined]


class AnswerForm(AllianceForm):
    """Answer a notice; words are needed to refuse."""

    words = forms.CharField(
        label=gettext_lazy("Your answer in words"),
        help_text=gettext_lazy("Needed to refuse. All parties read it."),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class OrderForm(AllianceForm):
    """Decide as the witness on an early end."""

    reason = forms.ChoiceField(label=gettext_lazy("Reason"))
    order_words = forms.CharField(
        label=gettext_lazy("Reasons of the witness"),
        help_text=gettext_lazy("All parties read them: which duty was not kept, which warning was given, why it ends."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, *args: Any, reasons: Sequence[NoticeReason], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = [("", ""), *((one.value, capfirst(one.label)) for one in reasons)]  # type: ignore[attr-defined]
