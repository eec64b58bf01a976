"""Shape of the input about courses, sessions, certificates and learning paths; rules stay in the actions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from operations.choices import LearningForm
from operations.forms.project import Choices, offer


class CourseForm(AllianceForm):
    """A course."""

    host = forms.TypedChoiceField(label=_("Held by"), coerce=int)
    form = forms.ChoiceField(label=_("Form"), choices=LearningForm.choices)
    title_en = forms.CharField(label=_("Title in English"), max_length=200, required=False)
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=200, required=False)
    aim_en = forms.CharField(
        label=_("What is learnt, in English"), widget=forms.Textarea(attrs={"rows": 4}), max_length=8000, required=False
    )
    aim_zh = forms.CharField(
        label=_("What is learnt, in Chinese"), widget=forms.Textarea(attrs={"rows": 4}), max_length=8000, required=False
    )
    credits = forms.DecimalField(
        label=_("Learning credits"),
        max_digits=5,
        decimal_places=2,
        help_text=_("Earned by whoever passes, for example 1.5."),
    )
    is_assessed = forms.BooleanField(
        label=_("Credits only after an assessment"),
        required=False,
        help_text=_("Otherwise whoever was present for the whole session earns them."),
    )
    valid_months = forms.IntegerField(
        label=_("Certificate valid for months"),
        required=False,
        min_value=1,
        max_value=240,
        help_text=_("Leave it empty for a certificate that does not lapse."),
    )
    product = forms.CharField(
        label=_("Made from the product"), max_length=40, required=False, help_text=_("Code of a released product.")
    )
    is_offered = forms.BooleanField(label=_("Offered"), required=False, initial=True)

    def __init__(self, *args: Any, institutions: Choices = (), **kwargs: Any) -> None:
        """Offer the active members as hosts."""
        super().__init__(*args, **kwargs)
        offer(self, "host", institutions)


class SessionForm(AllianceForm):
    """A session of a course."""

    starts_at = forms.DateTimeField(
        label=_("Start"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    ends_at = forms.DateTimeField(
        label=_("End"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    place = forms.CharField(
        label=_("Place"), max_length=200, required=False, help_text=_("A room, or the address of a video room.")
    )
    teacher = forms.CharField(label=_("Taught by"), max_length=200, required=False)
    places = forms.IntegerField(label=_("Places"), required=False, min_value=1, help_text=_("Leave it empty for no limit."))


class PathForm(AllianceForm):
    """A learning path."""

    title_en = forms.CharField(label=_("Title in English"), max_length=200, required=False)
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=200, required=False)
    aim_en = forms.CharField(
        label=_("What it makes fit for, in English"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=8000,
        required=False,
    )
    aim_zh = forms.CharField(
        label=_("What it makes fit for, in Chinese"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=8000,
        required=False,
    )
    courses = forms.MultipleChoiceField(label=_("Courses"), widget=forms.CheckboxSelectMultiple)
    required = forms.MultipleChoiceField(
        label=_("Of these required"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Without a valid certificate of each of them the path is not reached."),
    )
    credits_needed = forms.DecimalField(label=_("Learning credits needed"), max_digits=6, decimal_places=2)
    is_offered = forms.BooleanField(label=_("Offered"), required=False, initial=True)

    def __init__(self, *args: Any, courses: Choices = (), **kwargs: Any) -> None:
        """Offer the courses."""
        super().__init__(*args, **kwargs)
        offer(self, "courses", courses)
        offer(self, "required", courses)


class LearnerForm(AllianceForm):
    """For which institution a person learns."""

    institution = forms.TypedChoiceField(label=_("For"), coerce=int, help_text=_("The institution for which you learn."))

    def __init__(self, *args: Any, institutions: Choices = (), **kwargs: Any) -> None:
        """Offer the institutions the person acts for."""
        super().__init__(*args, **kwargs)
        offer(self, "institution", institutions)


class NamingForm(AllianceForm):
    """Whether the public page names the person."""

    is_named = forms.BooleanField(label=_("The public page names me"), required=False)
