"""Shape of the input about charter, responsibilities, consortia and disputes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from groups.choices import ConsortiumRole, GroupKind, ReportPeriod

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django_stubs_ext import StrOrPromise

_CODE = _("Its code, such as I-0001.")


def _long(label: StrOrPromise, help_text: StrOrPromise = "", *, rows: int = 6, required: bool = False) -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, widget=forms.Textarea(attrs={"rows": rows}), required=required)


def _short(label: StrOrPromise, most: int = 300, help_text: StrOrPromise = "") -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, max_length=most, required=False)


# ----------------------------------------------------------------------------------------------------------- charter


class CharterTextForm(AllianceForm):
    """The whole text of a draft."""

    text = _long(
        _("Text of the charter"),
        _(
            "“## 第一章 … · Chapter I …” begins a chapter, “### 第一条 … · Article 1 …” an article. Under it the Chinese and the "
            "English text, each on lines of its own."
        ),
        rows=24,
        required=True,
    )


class ArticleForm(AllianceForm):
    """One article."""

    chapter_zh = _short(_("Chapter in Chinese"), 120)
    chapter_en = _short(_("Chapter in English"), 120)
    title_zh = _short(_("Title in Chinese"), 200)
    title_en = _short(_("Title in English"), 200)
    body_zh = _long(_("Text in Chinese"))
    body_en = _long(_("Text in English"))


class CharterRulesForm(AllianceForm):
    """What the platform takes from a version."""

    in_force_on = forms.DateField(
        label=_("In force from"), help_text=_("Left empty: the day after the adoption."), required=False
    )
    grace_days = forms.IntegerField(
        label=_("Days for acceptance"),
        help_text=_("Members who have not accepted it when these days are over have no vote until they do."),
    )
    quorum_numerator = forms.IntegerField(label=_("Quorum: of so many parts"), help_text=_("2 of 3 for two-thirds."))
    quorum_denominator = forms.IntegerField(label=_("Quorum: parts in all"))
    proxies_per_holder = forms.IntegerField(label=_("Proxies one member may hold"))
    circulation_days = forms.IntegerField(label=_("Working days of a vote by circulation"))


class AcceptForm(AllianceForm):
    """The word of acceptance."""

    agreed = forms.BooleanField(
        label=_("I have read the charter and accept it for my institution"),
        error_messages={"required": _("Tick the box to accept the charter.")},
    )
    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)


class PaperForm(AllianceForm):
    """An acceptance noted from a signed paper."""

    institution = forms.CharField(label=_("Institution"), help_text=_CODE, max_length=40)
    signed_on = forms.DateField(label=_("Signed on"))
    paper = forms.FileField(label=_("Scan of the signed paper"), help_text=_("PDF, PNG or JPEG; it is kept."))


# -------------------------------------------------------------------------------------------------- responsibilities


class ResponsibilityForm(AllianceForm):
    """A responsibility to propose."""

    institution = forms.CharField(label=_("Institution"), help_text=_CODE, max_length=40)
    group = forms.ChoiceField(
        label=_("Group"),
        help_text=_("The institution must work in it as member or convenor."),
        choices=[(kind, capfirst(label)) for kind, label in GroupKind.choices],
    )
    duty_zh = _short(_("What is to be done, in Chinese"))
    duty_en = _short(_("What is to be done, in English"))
    measure_zh = _short(_("Measured by, in Chinese"))
    measure_en = _short(_("Measured by, in English"))
    period = forms.ChoiceField(
        label=_("Reported on"), choices=[(value, capfirst(label)) for value, label in ReportPeriod.choices]
    )
    starts_on = forms.DateField(label=_("From"))
    due_on = forms.DateField(
        label=_("To be done by"), help_text=_("That day included. Left empty for a standing duty."), required=False
    )


class DeclineForm(AllianceForm):
    """Why something is declined."""

    reason = forms.CharField(
        label=_("Reason"), help_text=_("Those concerned read it."), widget=forms.Textarea(attrs={"rows": 3}), max_length=300
    )


class ReportForm(AllianceForm):
    """A report on a responsibility."""

    text = _long(_("What was done in this period"), rows=6, required=True)
    figure = forms.DecimalField(
        label=_("Figure"),
        help_text=_("The measured value, where there is one."),
        max_digits=14,
        decimal_places=2,
        required=False,
    )
    measure_met = forms.TypedChoiceField(
        label=_("Was the measure met?"),
        choices=[("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    file = forms.FileField(
        label=_("File"), help_text=_("Word, Excel, PowerPoint, PDF, CSV, text or a picture."), required=False
    )


class RemarkForm(AllianceForm):
    """The office's word on a report."""

    verdict = forms.ChoiceField(
        label=_("Your word"),
        choices=[("accept", _("Accept the report")), ("return", _("Send it back"))],
        widget=forms.RadioSelect,
    )
    remark = forms.CharField(
        label=_("Remark"),
        help_text=_("Needed to send it back; the institution reads it."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=300,
        required=False,
    )


class HandOverForm(AllianceForm):
    """Who goes on with something."""

    institution = forms.CharField(label=_("To which institution"), help_text=_CODE, max_length=40)


class ConfirmForm(AllianceForm):
    """A step that needs no more than the word to do it."""


# --------------------------------------------------------------------------------------------------------- consortia


class ConsortiumForm(AllianceForm):
    """A consortium's names, technology, plan and terms."""

    name_zh = _short(_("Name in Chinese"), 200)
    name_en = _short(_("Name in English"), 200)
    technology_zh = _short(_("Technology in Chinese"), 200)
    technology_en = _short(_("Technology in English"), 200)
    plan_zh = _long(_("Research plan in Chinese"))
    plan_en = _long(_("Research plan in English"))
    terms_zh = _long(_("Terms in Chinese"), _("Inputs, ownership of results, sharing and exit."))
    terms_en = _long(_("Terms in English"), _("Inputs, ownership of results, sharing and exit."))


class InviteForm(AllianceForm):
    """Whom to invite to a consortium."""

    institution = forms.CharField(label=_("Institution"), help_text=_CODE, max_length=40)
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[(value, capfirst(label)) for value, label in ConsortiumRole.choices],
        initial=ConsortiumRole.MEMBER,
    )
    contribution_zh = _short(_("What it puts in, in Chinese"))
    contribution_en = _short(_("What it puts in, in English"))


class ShareForm(AllianceForm):
    """A file to share."""

    title = forms.CharField(label=_("What is it?"), max_length=200)
    file = forms.FileField(label=_("File"))


class FileConsortiumForm(AllianceForm):
    """Filing with the committee."""

    motion = forms.CharField(
        label=_("Motion of the committee"),
        help_text=_("Its code, where the committee has taken note by a motion."),
        max_length=40,
        required=False,
    )


# ---------------------------------------------------------------------------------------------------------- disputes


class DisputeForm(AllianceForm):
    """A dispute to file."""

    respondent = forms.CharField(label=_("Against which member"), help_text=_CODE, max_length=40)
    subject = forms.CharField(label=_("What is it about?"), help_text=_("In one line."), max_length=200)
    statement = _long(_("What happened, and what do you want?"), rows=8, required=True)
    matter = forms.CharField(
        label=_("What it belongs to"),
        help_text=_("Where there is something on the platform: for a product, product: and its code."),
        max_length=80,
        required=False,
    )
    file = forms.FileField(label=_("File"), required=False)


class SayForm(AllianceForm):
    """Something for the record."""

    text = _long(_("Text"), rows=8, required=True)
    file = forms.FileField(label=_("File"), required=False)


class AgreeForm(AllianceForm):
    """Agreement to the proposal that the person has read."""

    proposal = forms.UUIDField(widget=forms.HiddenInput)


class EndForm(AllianceForm):
    """Why a mediation ends, or a dispute is withdrawn."""

    text = _long(_("Why"), rows=4)


class MediatorForm(AllianceForm):
    """Who mediates."""

    mediator = forms.ChoiceField(label=_("Mediator"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, candidates: Iterable[tuple[str, StrOrPromise]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mediator"].choices = list(candidates)  # type: ignore[attr-defined]
