"""Shape of the input about projects; rules stay in the actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel.forms import AllianceForm
from operations.choices import ProductKind, ProjectRole

Choices = Sequence[tuple[Any, str]]


def offer(form: forms.Form, name: str, choices: Choices, *, empty: Any = None) -> None:
    """Fill a field's choices; with ``empty``, begin with none of them."""
    first = [("", empty)] if empty is not None else []
    form.fields[name].choices = [*first, *choices]  # type: ignore[attr-defined]


class ProjectForm(AllianceForm):
    """A project as a whole."""

    institution = forms.TypedChoiceField(label=_("Led by"), coerce=int, required=False)
    title_en = forms.CharField(label=_("Title in English"), max_length=200, required=False)
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=200, required=False)
    aim_en = forms.CharField(
        label=_("Aim in English"),
        help_text=_("What will be different when it is done, and for whom."),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=8000,
        required=False,
    )
    aim_zh = forms.CharField(
        label=_("Aim in Chinese"), widget=forms.Textarea(attrs={"rows": 4}), max_length=8000, required=False
    )
    starts_on = forms.DateField(label=_("First day"), widget=forms.DateInput())
    ends_on = forms.DateField(label=_("Last day"), widget=forms.DateInput())
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def __init__(self, *args: Any, institutions: Choices = (), **kwargs: Any) -> None:
        """Offer the institutions in whose name the person may plan, where there are several."""
        super().__init__(*args, **kwargs)
        if len(institutions) > 1:
            offer(self, "institution", institutions)
            self.fields["institution"].required = True
        else:
            del self.fields["institution"]


class ProjectPersonForm(AllianceForm):
    """A person of an institution, to be named in a project."""

    person = forms.TypedChoiceField(label=_("Person"), coerce=int)
    role = forms.ChoiceField(label=pgettext_lazy("of a person", "Part"), choices=ProjectRole.choices)
    words = forms.CharField(label=_("What they do"), max_length=200, required=False)

    def __init__(self, *args: Any, people: Choices = (), **kwargs: Any) -> None:
        """Offer the people who act for the institution."""
        super().__init__(*args, **kwargs)
        offer(self, "person", people)


class NamedForm(AllianceForm):
    """A name in both languages."""

    name_en = forms.CharField(label=_("Name in English"), max_length=200, required=False)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=200, required=False)


class MilestoneForm(NamedForm):
    """A milestone."""

    due_on = forms.DateField(label=_("Due"), widget=forms.DateInput())


class ReachForm(AllianceForm):
    """The day on which a milestone was reached."""

    reached_on = forms.DateField(label=_("Reached on"), widget=forms.DateInput())


class ProjectTaskForm(NamedForm):
    """A task."""

    starts_on = forms.DateField(label=_("First day"), widget=forms.DateInput())
    ends_on = forms.DateField(label=_("Last day"), widget=forms.DateInput())
    owner = forms.TypedChoiceField(label=_("Answers for it"), coerce=int, required=False, empty_value=None)
    milestone = forms.TypedChoiceField(label=_("Leads to the milestone"), coerce=int, required=False, empty_value=None)
    planned_hours = forms.DecimalField(label=_("Planned hours"), max_digits=7, decimal_places=2, required=False, min_value=0)
    waits_for = forms.TypedMultipleChoiceField(
        label=_("Waits for"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tasks that must be done before this one begins."),
    )

    def __init__(
        self, *args: Any, people: Choices = (), milestones: Choices = (), tasks: Choices = (), **kwargs: Any
    ) -> None:
        """Offer the people, milestones and other tasks of the project."""
        super().__init__(*args, **kwargs)
        offer(self, "owner", people, empty=_("nobody yet"))
        offer(self, "milestone", milestones, empty=pgettext_lazy("a milestone", "none"))
        if tasks:
            offer(self, "waits_for", tasks)
        else:
            del self.fields["waits_for"]


class DeliverableForm(NamedForm):
    """Something a project owes."""

    kind = forms.ChoiceField(label=_("Kind"), choices=ProductKind.choices)
    due_on = forms.DateField(label=_("Due"), widget=forms.DateInput())
    milestone = forms.TypedChoiceField(label=_("Belongs to the milestone"), coerce=int, required=False, empty_value=None)

    def __init__(self, *args: Any, milestones: Choices = (), **kwargs: Any) -> None:
        """Offer the project's milestones."""
        super().__init__(*args, **kwargs)
        offer(self, "milestone", milestones, empty=pgettext_lazy("a milestone", "none"))


class AuthorForm(AllianceForm):
    """In whose name a draft is made."""

    institution = forms.TypedChoiceField(
        label=_("Drafted by"),
        coerce=int,
        help_text=_("An institution of the project with a seat in the wisdom group, for which you act."),
    )

    def __init__(self, *args: Any, institutions: Choices = (), **kwargs: Any) -> None:
        """Offer the institutions."""
        super().__init__(*args, **kwargs)
        offer(self, "institution", institutions)


class HoursForm(AllianceForm):
    """Hours of a day."""

    day = forms.DateField(label=_("Day"), widget=forms.DateInput())
    hours = forms.DecimalField(
        label=_("Hours"), max_digits=4, decimal_places=2, help_text=_("For example 7.5; a day has 24 over all projects.")
    )
    task = forms.TypedChoiceField(label=_("Task"), coerce=int, required=False, empty_value=None)
    words = forms.CharField(label=_("What was done"), max_length=300, required=False)

    def __init__(self, *args: Any, tasks: Choices = (), **kwargs: Any) -> None:
        """Offer the project's tasks."""
        super().__init__(*args, **kwargs)
        offer(self, "task", tasks, empty=pgettext_lazy("a task", "none in particular"))
