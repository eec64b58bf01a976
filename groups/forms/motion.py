"""Shape of the input about motions, votes and proxies."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from groups.choices import AbstentionRule, BallotForm, Choice, GroupKind, Threshold, VoteBase, Weighting
from members.choices import InstitutionKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_stubs_ext import StrOrPromise

ASSEMBLY = "assembly"


def _options(choices: Sequence[tuple[str, StrOrPromise]]) -> list[tuple[str, StrOrPromise]]:
    return [(value, capfirst(label)) for value, label in choices]


BODIES: list[tuple[str, StrOrPromise]] = [(ASSEMBLY, _("Assembly of all members")), *_options(GroupKind.choices)]


class MotionTextForm(AllianceForm):
    """What is moved; a member that puts a motion fills in no more than this."""

    title_en = forms.CharField(label=_("Title in English"), max_length=300, required=False)
    title_zh = forms.CharField(
        label=_("Title in Chinese"), help_text=_("One of the two is needed."), max_length=300, required=False
    )
    text_en = forms.CharField(label=_("What is moved, in English"), widget=forms.Textarea, max_length=20_000, required=False)
    text_zh = forms.CharField(label=_("What is moved, in Chinese"), widget=forms.Textarea, max_length=20_000, required=False)


class MemberMotionForm(MotionTextForm):
    """A motion that a member puts."""

    body = forms.ChoiceField(label=_("Put to"), choices=BODIES)
    field_order = ("body", "title_en", "title_zh", "text_en", "text_zh")


class MotionRuleForm(MotionTextForm):
    """Texts and rule of a draft."""

    threshold = forms.ChoiceField(
        label=_("Majority"),
        choices=_options(Threshold.choices),
        help_text=_(
            "The charter asks for two-thirds of all members to change it, to expel a member, to merge or to dissolve."
        ),
    )
    base = forms.ChoiceField(label=_("Counted"), choices=_options(VoteBase.choices))
    abstention = forms.ChoiceField(label=_("An abstention"), choices=_options(AbstentionRule.choices))
    ballot = forms.ChoiceField(
        label=_("Ballot"),
        choices=_options(BallotForm.choices),
        help_text=_("Secret for elections, expulsions and personal matters; five electors or more."),
    )
    publish_box = forms.BooleanField(
        label=_("Members may see codes with choices after the close"),
        help_text=_("Then anybody can recount a secret ballot, and votes are easier to sell."),
        required=False,
    )
    weighting = forms.ChoiceField(label=_("Votes"), choices=_options(Weighting.choices))
    is_public = forms.BooleanField(label=_("Show the decision in the public register"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        weights = self.initial.get("weights") or {}
        for kind, label in InstitutionKind.choices:
            self.fields[f"weight_{kind}"] = forms.IntegerField(
                label=_("Weight: %(kind)s") % {"kind": label},
                min_value=1,
                max_value=20,
                required=False,
                initial=weights.get(kind),
            )

    def values(self) -> dict[str, Any]:
        """Texts and rule by the names of the action."""
        cleaned = dict(self.cleaned_data)
        weights = {
            kind: weight for kind in InstitutionKind.values if (weight := cleaned.pop(f"weight_{kind}", None)) is not None
        }
        return {**cleaned, "weights": weights if cleaned["weighting"] == Weighting.BY_CLASS else {}}


class MotionForm(MotionRuleForm):
    """A new motion of the secretariat or the committee."""

    body = forms.ChoiceField(label=_("Put to"), choices=BODIES, initial=GroupKind.COMMITTEE)
    proposer = forms.CharField(
        label=_("Member that puts it"),
        help_text=_("Its code, such as I-0001. Leave it empty if the secretariat or the committee puts it."),
        max_length=40,
        required=False,
    )
    matter = forms.CharField(
        label=_("Matter"),
        help_text=_("What conflicts of interest are declared on, such as product:P-029. Empty: the motion itself."),
        max_length=80,
        required=False,
    )
    field_order = ("body", "proposer", "title_en", "title_zh", "text_en", "text_zh", "matter")

    def values(self) -> dict[str, Any]:
        """Everything by the names of the action."""
        values = super().values()
        body = values.pop("body")
        proposer = values.pop("proposer").strip()
        return {**values, "group_kind": None if body == ASSEMBLY else body, "proposer_code": proposer}


class OpenForm(AllianceForm):
    """When a vote closes."""

    closes_on = forms.DateField(label=_("Closes on"))
    closes_time = forms.TimeField(label=_("At"), help_text=_("Hours and minutes, such as 18:00."), initial=time(18, 0))

    def moment(self) -> datetime:
        """The moment of the close, in the time zone of the platform."""
        values = self.cleaned_data
        return datetime.combine(values["closes_on"], values["closes_time"], tzinfo=timezone.get_current_timezone())


class ReasonForm(AllianceForm):
    """Why an open vote is withdrawn."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea, max_length=2000, required=False)


class TellerForm(AllianceForm):
    """Whose representatives watch the count."""

    institution = forms.CharField(label=_("Institution"), help_text=_("Its code, such as I-0001."), max_length=40)


class VoteForm(AllianceForm):
    """A ballot. The receipt code is made by the browser; without script it stays empty and the server makes one."""

    choice = forms.ChoiceField(
        label=_("Your vote"),
        choices=_options(Choice.choices),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose yes, no or abstain."), "invalid_choice": _("Choose yes, no or abstain.")},
    )
    receipt_code = forms.CharField(widget=forms.HiddenInput(attrs={"data-ballot-code": ""}), max_length=60, required=False)

    def __init__(self, *args: Any, secret: bool = False, instruction: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not secret:
            del self.fields["receipt_code"]
        if instruction:
            field = self.fields["choice"]
            field.choices = [(value, label) for value, label in _options(Choice.choices) if value == instruction]  # type: ignore[attr-defined]
            field.initial = instruction
            field.help_text = _("The proxy says how to vote.")


class ReceiptForm(AllianceForm):
    """The code of a receipt."""

    code = forms.CharField(
        label=_("Receipt code"),
        help_text=_("32 characters; capitals, blanks and hyphens do not matter."),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class ProxyForm(AllianceForm):
    """A proxy to give."""

    subject = forms.ChoiceField(
        label=_("For"), help_text=_("One open vote, or every vote of a body until you revoke the proxy.")
    )
    holder = forms.CharField(
        label=_("Who votes for you"),
        help_text=_("The member's code, such as I-0001; it votes in the same body."),
        max_length=40,
    )
    instruction = forms.ChoiceField(
        label=_("How"),
        choices=[("", _("As the holder sees fit")), *_options(Choice.choices)],
        help_text=_("For a single open ballot only. In a secret one tell the holder yourself."),
        required=False,
    )
    valid_until = forms.DateField(
        label=_("Until"),
        help_text=_("That day included. Only for every vote of a body; empty: until revoked."),
        required=False,
    )

    def __init__(self, *args: Any, subjects: list[tuple[str, StrOrPromise]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subject"].choices = subjects  # type: ignore[attr-defined]
