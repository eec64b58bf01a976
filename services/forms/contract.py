"""Forms of contracts: begin, arrange, negotiate, sign, decline; clauses and templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from alliance.kernel.errors import DomainError
from alliance.kernel.forms import AllianceForm
from services.choices import ContractDecline, PartyRole, ResultsOwner
from services.contract_standard import OPTIONAL
from services.contract_text import LONGEST, MOST_MILESTONES, Draft, Milestone

NEW_MILESTONES: Final = 2


def place_refusal(form: forms.Form, refusal: DomainError, rows: BaseFormSet[Any] | None = None) -> None:
    """Put a refusal at the fields it names, in the form or in a row of milestones; else above the form."""
    placed = False
    form.is_valid()
    for name, words in refusal.fields.items():
        head, _hyphen, rest = name.partition("-")
        if head == "milestones" and rows is not None and rest:
            index, _hyphen, field = rest.partition("-")
            used = [row for row in rows.forms if row.cleaned_data and not row.cleaned_data.get("DELETE")]
            if int(index) < len(used) and field in used[int(index)].fields:
                used[int(index)].add_error(field, str(words))
                placed = True
        elif name in form.fields:
            form.add_error(name, str(words))
            placed = True
        elif refusal.fields:
            form.add_error(None, str(words))
            placed = True
    if not placed:
        form.add_error(None, " ".join(str(part) for part in (refusal.reason, refusal.remedy) if part))


class StartForm(AllianceForm):
    """Begin a contract; without a match the desk names both sides."""

    title_en = forms.CharField(label=gettext_lazy("Title in English"), max_length=200, required=False)
    title_zh = forms.CharField(label=gettext_lazy("Title in Chinese"), max_length=200, required=False)
    demand = forms.ChoiceField(label=gettext_lazy("Demand side"))
    supply = forms.ChoiceField(label=gettext_lazy("Supply side"))
    witness = forms.ChoiceField(
        label=gettext_lazy("Witness"),
        help_text=gettext_lazy("The alliance itself, or a member that has no link with either side, such as a public body."),
        required=False,
    )
    template = forms.ChoiceField(label=gettext_lazy("Template"))

    def __init__(
        self,
        *args: Any,
        institutions: Sequence[tuple[str, StrOrPromise]],
        templates: Sequence[tuple[str, StrOrPromise]],
        from_match: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name in ("demand", "supply"):
            if from_match:
                del self.fields[name]
            else:
                self.fields[name].choices = [("", ""), *institutions]  # type: ignore[attr-defined]
        self.fields["witness"].choices = [("", gettext_lazy("the alliance itself")), *institutions]  # type: ignore[attr-defined]
        self.fields["template"].choices = list(templates)  # type: ignore[attr-defined]


class ArrangeForm(AllianceForm):
    """In which order the parties sign, and how many people of each."""

    def __init__(self, *args: Any, parties: Iterable[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for party in parties:
            label = str(party.get_role_display())
            self.fields[f"place_{party.role}"] = forms.TypedChoiceField(
                label=_("Place in the order: %(party)s") % {"party": label},
                choices=[(place, str(place)) for place in (1, 2, 3)],
                coerce=int,
                initial=party.place,
            )
            self.fields[f"needed_{party.role}"] = forms.IntegerField(
                label=_("Signatures needed: %(party)s") % {"party": label}, min_value=1, max_value=9, initial=party.needed
            )
        from alliance.kernel.forms import dress, explain  # noqa: PLC0415 - fields were added after the form was dressed

        for name, field in self.fields.items():
            dress(field)
            explain(field, str(self[name].label))

    def order(self) -> tuple[dict[str, int], dict[str, int]]:
        """Places and numbers by role."""
        data = self.cleaned_data
        return (
            {role: data[f"place_{role}"] for role in PartyRole.values},
            {role: data[f"needed_{role}"] for role in PartyRole.values},
        )


class WitnessForm(AllianceForm):
    """Choose the witness."""

    witness = forms.ChoiceField(label=gettext_lazy("Witness"), required=False)

    def __init__(self, *args: Any, institutions: Sequence[tuple[str, StrOrPromise]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["witness"].choices = [("", gettext_lazy("the alliance itself")), *institutions]  # type: ignore[attr-defined]


class OpenForm(AllianceForm):
    """Open the signing."""

    until = forms.DateField(
        label=gettext_lazy("To be signed by"),
        help_text=gettext_lazy("The last day. With the day after it the contract lapses if a signature is missing."),
        widget=forms.DateInput(),
    )


class SignatoryForm(AllianceForm):
    """Name a person who signs."""

    user = forms.TypedChoiceField(label=gettext_lazy("Person"), coerce=int)

    def __init__(self, *args: Any, people: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].choices = [("", ""), *people]  # type: ignore[attr-defined]


class EndForm(AllianceForm):
    """Decline a contract or call it off."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=[("", ""), *ContractDecline.choices],
        help_text=gettext_lazy("All parties read it."),
    )
    words = forms.CharField(
        label=gettext_lazy("In your words"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class SignForm(AllianceForm):
    """Sign: the text was read."""

    confirmed = forms.BooleanField(
        label=gettext_lazy("I have read the text above and sign it for this party."),
        error_messages={"required": gettext_lazy("Tick this box to sign; without it nothing is signed.")},
    )
    sha256 = forms.CharField(widget=forms.HiddenInput(), max_length=64)


class CommentForm(AllianceForm):
    """Comment on a section."""

    section = forms.ChoiceField(label=gettext_lazy("Section"))
    words = forms.CharField(label=gettext_lazy("Comment"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, sections: Sequence[tuple[str, StrOrPromise]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["section"].choices = list(sections)  # type: ignore[attr-defined]


def _text(label: StrOrPromise, *, rows: int = 3, required: bool = False, hint: StrOrPromise = "") -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": rows}), help_text=hint
    )


class TermsForm(AllianceForm):
    """The terms but the milestones, which stand in rows of their own."""

    title_en = forms.CharField(label=gettext_lazy("Title in English"), max_length=200, required=False)
    title_zh = forms.CharField(label=gettext_lazy("Title in Chinese"), max_length=200, required=False)
    scope_en = _text(gettext_lazy("Services, in English"), hint=gettext_lazy("Write in one language at least."))
    scope_zh = _text(gettext_lazy("Services, in Chinese"))
    aims_en = _text(
        gettext_lazy("Aims that can be checked, in English"),
        hint=gettext_lazy("With the base value and how it is measured."),
    )
    aims_zh = _text(gettext_lazy("Aims that can be checked, in Chinese"))
    excluded_en = _text(gettext_lazy("Not included, in English"), rows=2)
    excluded_zh = _text(gettext_lazy("Not included, in Chinese"), rows=2)
    starts_on = forms.DateField(label=gettext_lazy("First day"), widget=forms.DateInput())
    ends_on = forms.DateField(label=gettext_lazy("Last day"), widget=forms.DateInput())
    brings_demand_en = forms.CharField(
        label=gettext_lazy("The demand side brings, in English"), max_length=500, required=False
    )
    brings_demand_zh = forms.CharField(
        label=gettext_lazy("The demand side brings, in Chinese"), max_length=500, required=False
    )
    brings_supply_en = forms.CharField(
        label=gettext_lazy("The supply side brings, in English"), max_length=500, required=False
    )
    brings_supply_zh = forms.CharField(
        label=gettext_lazy("The supply side brings, in Chinese"), max_length=500, required=False
    )
    brings_witness_en = forms.CharField(label=gettext_lazy("The witness brings, in English"), max_length=500, required=False)
    brings_witness_zh = forms.CharField(label=gettext_lazy("The witness brings, in Chinese"), max_length=500, required=False)
    pay_days = forms.IntegerField(
        label=gettext_lazy("Working days to pay after acceptance"), initial=15, min_value=1, max_value=120
    )
    accept_days = forms.IntegerField(
        label=gettext_lazy("Working days to accept a deliverable"), initial=10, min_value=1, max_value=120
    )
    owner = forms.ChoiceField(
        label=gettext_lazy("Results belong to"),
        choices=ResultsOwner.choices,
        initial=ResultsOwner.JOINT,
        widget=forms.RadioSelect(),
    )
    nda_years = forms.IntegerField(
        label=gettext_lazy("Years of confidentiality after the end"), initial=3, min_value=0, max_value=50
    )
    basis_en = _text(
        gettext_lazy("What is shared, in English"),
        rows=2,
        hint=gettext_lazy("Such as net income from licences of the results."),
    )
    basis_zh = _text(gettext_lazy("What is shared, in Chinese"), rows=2)
    share_demand = forms.DecimalField(
        label=gettext_lazy("Share of the demand side (%)"), max_digits=5, decimal_places=2, initial=20
    )
    share_supply = forms.DecimalField(
        label=gettext_lazy("Share of the supply side (%)"), max_digits=5, decimal_places=2, initial=70
    )
    share_witness = forms.DecimalField(
        label=gettext_lazy("Share of the alliance fund (%)"),
        max_digits=5,
        decimal_places=2,
        initial=10,
        help_text=gettext_lazy("The three shares add up to 100."),
    )
    share_years = forms.IntegerField(label=gettext_lazy("Years of sharing"), initial=3, min_value=0, max_value=30)
    risk_en = _text(gettext_lazy("Who bears which risk, in English"), rows=2)
    risk_zh = _text(gettext_lazy("Who bears which risk, in Chinese"), rows=2)
    penalty_demand = forms.DecimalField(
        label=gettext_lazy("Penalty of the demand side for each day a payment is late (%)"),
        max_digits=4,
        decimal_places=2,
        initial=Decimal("0.05"),
    )
    penalty_supply = forms.DecimalField(
        label=gettext_lazy("Penalty of the supply side for each day a deliverable is late (%)"),
        max_digits=4,
        decimal_places=2,
        initial=Decimal("0.10"),
    )
    refund_en = _text(gettext_lazy("If an aim is missed, in English"), rows=2)
    refund_zh = _text(gettext_lazy("If an aim is missed, in Chinese"), rows=2)
    forum_en = forms.CharField(
        label=gettext_lazy("Where disputes are decided in the end, in English"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Empty: the people’s court at the seat of the demand side."),
    )
    forum_zh = forms.CharField(
        label=gettext_lazy("Where disputes are decided in the end, in Chinese"), max_length=300, required=False
    )
    left_out = forms.MultipleChoiceField(
        label=gettext_lazy("Clauses left out"),
        required=False,
        widget=forms.CheckboxSelectMultiple(),
        help_text=gettext_lazy("Every other clause of the template stands in every contract."),
    )
    note = forms.CharField(
        label=gettext_lazy("What you changed and why"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("The other parties read it beside the comparison. Not needed for the first version."),
    )

    def __init__(self, *args: Any, clauses: Mapping[str, StrOrPromise], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["left_out"].choices = [(key, title) for key, title in clauses.items() if key in OPTIONAL]  # type: ignore[attr-defined]
        for name in ("title_en", "title_zh", "scope_en", "scope_zh", "aims_en", "aims_zh", "basis_en", "basis_zh"):
            self.fields[name].one_of_several = True  # type: ignore[attr-defined]

    def draft(self, milestones: tuple[Milestone, ...]) -> Draft:
        """The terms as the action takes them."""
        data = self.cleaned_data
        plain = {
            name: data[name]
            for name in data
            if name in Draft.__dataclass_fields__ and name not in {"left_out", "milestones", "shares"}
        }
        return Draft(
            **plain,
            milestones=milestones,
            shares={role: data[f"share_{role}"] for role in PartyRole.values},
            brings={role: (data[f"brings_{role}_en"], data[f"brings_{role}_zh"]) for role in PartyRole.values},
            left_out=frozenset(data["left_out"]),
        )


def initial_of(draft: Draft) -> dict[str, Any]:
    """The terms of a version as first values of the form."""
    values = {name: getattr(draft, name) for name in Draft.__dataclass_fields__ if name in TermsForm.base_fields}
    values["left_out"] = sorted(draft.left_out)
    for role in PartyRole.values:
        values[f"share_{role}"] = draft.shares.get(role)
        values[f"brings_{role}_en"], values[f"brings_{role}_zh"] = draft.brings.get(role, ("", ""))
    return values


class MilestoneForm(AllianceForm):
    """One milestone; a row left empty is none."""

    title_en = forms.CharField(label=gettext_lazy("Milestone, in English"), max_length=300, required=False)
    title_zh = forms.CharField(label=gettext_lazy("Milestone, in Chinese"), max_length=300, required=False)
    deliverable_en = forms.CharField(label=gettext_lazy("Deliverable, in English"), max_length=1000, required=False)
    deliverable_zh = forms.CharField(label=gettext_lazy("Deliverable, in Chinese"), max_length=1000, required=False)
    test_en = forms.CharField(label=gettext_lazy("Acceptance criterion, in English"), max_length=1000, required=False)
    test_zh = forms.CharField(label=gettext_lazy("Acceptance criterion, in Chinese"), max_length=1000, required=False)
    due_on = forms.DateField(label=gettext_lazy("Due"), widget=forms.DateInput())
    amount = forms.DecimalField(
        label=gettext_lazy("Payment after acceptance (CNY)"), max_digits=14, decimal_places=2, min_value=Decimal(0)
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("title_en", "title_zh", "deliverable_en", "deliverable_zh", "test_en", "test_zh"):
            self.fields[name].one_of_several = True  # type: ignore[attr-defined]


class MilestoneSet(BaseFormSet):  # type: ignore[type-arg]  # the class takes no parameter when it runs
    """Rows of milestones."""

    def milestones(self) -> tuple[Milestone, ...]:
        """The rows that are filled and not taken out."""
        names = Milestone.__dataclass_fields__
        return tuple(
            Milestone(**{name: row.cleaned_data[name] for name in names})
            for row in self.forms
            if row.cleaned_data and not row.cleaned_data.get("DELETE")
        )


MilestoneRows = formset_factory(
    MilestoneForm, formset=MilestoneSet, extra=NEW_MILESTONES, can_delete=True, max_num=MOST_MILESTONES
)


class ClauseForm(AllianceForm):
    """The next version of a clause."""

    key = forms.CharField(
        label=gettext_lazy("Key"),
        max_length=40,
        help_text=gettext_lazy("Small letters, digits and hyphens; it never changes."),
    )
    title_en = forms.CharField(label=gettext_lazy("Title in English"), max_length=200)
    title_zh = forms.CharField(label=gettext_lazy("Title in Chinese"), max_length=200)
    body_en = forms.CharField(
        label=gettext_lazy("Text in English"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 5})
    )
    body_zh = forms.CharField(
        label=gettext_lazy("Text in Chinese"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 5})
    )
    note = forms.CharField(label=gettext_lazy("What you changed and why"), max_length=300, required=False)
    base = forms.IntegerField(widget=forms.HiddenInput())

    def __init__(self, *args: Any, fixed_key: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fixed_key:
            del self.fields["key"]


def write_articles(articles: Iterable[tuple[str, str, Sequence[str]]]) -> str:
    """Articles as lines: ``# heading | 标题``, then a clause's key per line."""
    return "\n".join(f"# {english} | {chinese}\n" + "\n".join(keys) for english, chinese, keys in articles)


class TemplateForm(AllianceForm):
    """The next version of a template."""

    title_en = forms.CharField(label=gettext_lazy("Title in English"), max_length=200)
    title_zh = forms.CharField(label=gettext_lazy("Title in Chinese"), max_length=200)
    articles = forms.CharField(
        label=gettext_lazy("Articles and clauses"),
        help_text=gettext_lazy(
            "A line “# English heading | Chinese heading” begins an article; below it the key of one clause a line."
        ),
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 24}),
    )
    note = forms.CharField(label=gettext_lazy("What you changed and why"), max_length=300, required=False)
    base = forms.IntegerField(widget=forms.HiddenInput())

    def clean_articles(self) -> list[tuple[str, str, list[str]]]:
        """The lines, read."""
        found: list[tuple[str, str, list[str]]] = []
        for number, raw in enumerate(self.cleaned_data["articles"].splitlines(), start=1):
            line = raw.strip()
            if not line:
                continue
            if line.startswith("#"):
                english, bar, chinese = line.lstrip("#").partition("|")
                if not bar:
                    raise ValidationError(
                        _("Line %(number)s: write both headings with “|” between them."), params={"number": number}
                    )
                found.append((english.strip(), chinese.strip(), []))
            elif not found:
                raise ValidationError(
                    _("Line %(number)s: begin with a line “# English heading | Chinese heading”."), params={"number": number}
                )
            else:
                found[-1][2].append(line)
        return found


class CompareFileForm(AllianceForm):
    """A document to compare; it is read and not kept."""

    file = forms.FileField(label=gettext_lazy("Document to compare"))
