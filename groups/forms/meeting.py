"""Shape of the input about meetings, minutes, actions, positions and seats."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from groups.choices import GroupKind, PositionKind, SeatRole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from groups.models import AgendaItem, Meeting, MeetingAction

ASSEMBLY = ("", _("Assembly of all members"))


class ClockInput(forms.TimeInput):
    """A time of day, to the minute."""

    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        """Hours and minutes."""
        super().__init__(attrs, format="%H:%M")


class MeetingForm(AllianceForm):
    """A meeting to plan or change."""

    group = forms.ChoiceField(
        label=_("Body"),
        choices=[ASSEMBLY, *((kind, capfirst(label)) for kind, label in GroupKind.choices)],
        required=False,
    )
    title_en = forms.CharField(label=_("Title in English"), max_length=200, required=False)
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=200, required=False)
    day = forms.DateField(label=_("Day"))
    starts_time = forms.TimeField(label=_("Begins at"), widget=ClockInput())
    ends_time = forms.TimeField(label=_("Ends at"), help_text=_("Before the begin means the next day."), widget=ClockInput())
    place = forms.CharField(label=_("Place"), max_length=200, required=False)
    link = forms.CharField(
        label=_("Link for taking part from afar"), help_text=_("It begins with https://."), max_length=200, required=False
    )

    def __init__(self, *args: Any, fixed_body: bool = False, **kwargs: Any) -> None:
        """With ``fixed_body`` the body is not asked for."""
        super().__init__(*args, **kwargs)
        if fixed_body:
            del self.fields["group"]

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """Begin and end in the platform's time zone."""
        values, zone = self.cleaned_data, timezone.get_current_timezone()
        starts_at = datetime.combine(values["day"], values["starts_time"], tzinfo=zone)
        ends_at = datetime.combine(values["day"], values["ends_time"], tzinfo=zone)
        if values["ends_time"] < values["starts_time"]:
            ends_at += timedelta(days=1)
        return starts_at, ends_at


def meeting_initial(meeting: Meeting) -> dict[str, Any]:
    """A meeting as the form shows it."""
    starts_at, ends_at = timezone.localtime(meeting.starts_at), timezone.localtime(meeting.ends_at)
    return {
        "title_en": meeting.title_en,
        "title_zh": meeting.title_zh,
        "day": starts_at.date(),
        "starts_time": starts_at.time(),
        "ends_time": ends_at.time(),
        "place": meeting.place,
        "link": meeting.link,
    }


class ItemForm(AllianceForm):
    """An item of an agenda."""

    title_en = forms.CharField(
        label=_("Title in English"), help_text=_("Left empty, the motion's title is taken."), max_length=300, required=False
    )
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=300, required=False)
    presenter = forms.CharField(
        label=_("Presented by"), help_text=_("Code of the institution, such as I-0001."), max_length=40, required=False
    )
    motion = forms.CharField(
        label=_("Motion to decide"), help_text=_("Code of a motion put to this body."), max_length=40, required=False
    )
    matter = forms.CharField(
        label=_("Matter"),
        help_text=_("What conflicts of interest are about, such as product:P-029. Left empty, it is the motion."),
        max_length=80,
        required=False,
    )
    minutes_of_time = forms.IntegerField(label=_("Minutes planned"), min_value=1, max_value=600, required=False)


def item_initial(item: AgendaItem) -> dict[str, Any]:
    """An item as the form shows it."""
    return {
        "title_en": item.title_en,
        "title_zh": item.title_zh,
        "presenter": item.presenter.code if item.presenter else "",
        "motion": item.motion.code if item.motion else "",
        "matter": item.matter,
        "minutes_of_time": item.minutes_of_time,
    }


class PaperForm(AllianceForm):
    """A paper to add."""

    file = forms.FileField(label=_("File"), help_text=_("PDF, Word, Excel, PowerPoint, CSV, text or a picture."))
    title = forms.CharField(label=_("Title"), help_text=_("Left empty, the file's name."), max_length=200, required=False)
    is_confidential = forms.BooleanField(
        label=_("Confidential"),
        help_text=_("Institutions that stand aside on the item's matter cannot open it."),
        required=False,
        initial=True,
    )


class AnswerForm(AllianceForm):
    """Whether an institution comes to a meeting."""

    coming = forms.ChoiceField(
        label=_("Your answer"),
        choices=[("yes", _("We come")), ("no", _("We are excused"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose an answer.")},
    )
    person = forms.ChoiceField(label=_("Who comes"), required=False)
    note = forms.CharField(label=_("A word to the secretariat"), max_length=200, required=False)

    def __init__(self, *args: Any, people: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        """With the people of the institution to choose from."""
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices = [("", _("Not settled yet")), *people]


class ConfirmForm(AllianceForm):
    """A step that needs nothing but the decision; it is always sent, so it is always bound to something."""

    confirmed = forms.CharField(widget=forms.HiddenInput, initial="1", required=False)


class ReasonForm(AllianceForm):
    """A step that needs its reason."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


class MinutesForm(AllianceForm):
    """The texts of minutes."""

    body_en = forms.CharField(
        label=_("Text in English"),
        help_text=_("Markdown: ## for a heading, - for a list. Attendance, quorum and results are added by themselves."),
        widget=forms.Textarea(attrs={"rows": 18}),
        max_length=100_000,
        required=False,
    )
    body_zh = forms.CharField(
        label=_("Text in Chinese"), widget=forms.Textarea(attrs={"rows": 18}), max_length=100_000, required=False
    )


class RemarkForm(AllianceForm):
    """A remark on circulated minutes."""

    text = forms.CharField(label=_("Your remark"), widget=forms.Textarea, max_length=4000)


class PublishForm(AllianceForm):
    """What becomes public with minutes."""

    decisions = forms.MultipleChoiceField(
        label=_("Decisions that come into the public register"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, *args: Any, decided: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        """With the decided motions to choose from, all of them chosen."""
        super().__init__(*args, **kwargs)
        field = self.fields["decisions"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - tells the type checker
        field.choices = list(decided)
        if not decided:
            del self.fields["decisions"]


class ActionForm(AllianceForm):
    """An action noted in a meeting."""

    text_en = forms.CharField(label=_("What is to be done, in English"), max_length=300, required=False)
    text_zh = forms.CharField(label=_("The same in Chinese"), max_length=300, required=False)
    institution = forms.CharField(
        label=_("Who does it"),
        help_text=_("Code of an institution; left empty, the secretariat."),
        max_length=40,
        required=False,
    )
    due_on = forms.DateField(label=_("Due on"))
    item = forms.ChoiceField(label=_("Item of the agenda"), required=False)
    is_public = forms.BooleanField(label=_("Told in the public register of decisions"), required=False)

    def __init__(self, *args: Any, items: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        """With the items of the agenda to choose from."""
        super().__init__(*args, **kwargs)
        field = self.fields["item"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices = [("", _("None")), *items]


def action_initial(action: MeetingAction) -> dict[str, Any]:
    """An action as the form shows it."""
    return {
        "text_en": action.text_en,
        "text_zh": action.text_zh,
        "institution": action.institution.code if action.institution else "",
        "due_on": action.due_on,
        "item": str(action.item.number) if action.item else "",
        "is_public": action.is_public,
    }


class OutcomeForm(AllianceForm):
    """What became of an action."""

    outcome = forms.CharField(label=_("What became of it"), max_length=300)


# ------------------------------------------------------------------------------------------------------ terms, positions


def start_of(day: date) -> datetime:
    """The first moment of a day in the platform's time zone."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


def since(day: date, now: datetime) -> datetime:
    """From when on something counts that begins on a day: at once for today."""
    return now if day == timezone.localtime(now).date() else start_of(day)


def until(day: date | None) -> datetime | None:
    """Until when something counts whose last day is given."""
    return start_of(day + timedelta(days=1)) if day is not None else None


class TermForm(AllianceForm):
    """A term of office."""

    number = forms.IntegerField(label=_("Term number"), min_value=1, max_value=999)
    starts_on = forms.DateField(label=_("From"))
    ends_on = forms.DateField(label=_("Until"), help_text=_("That day included."))


class PositionForm(AllianceForm):
    """A position to fill."""

    position = forms.ChoiceField(
        label=_("Position"), choices=[(value, capfirst(label)) for value, label in PositionKind.choices]
    )
    holder = forms.ChoiceField(label=_("Held by"), help_text=_("Institutions with a working seat, and their people."))
    term = forms.ChoiceField(label=_("Term"), required=False)
    starts_on = forms.DateField(label=_("From"))
    ends_on = forms.DateField(
        label=_("Until"), help_text=_("That day included; left empty, the end of the term."), required=False
    )
    exception_motion = forms.CharField(
        label=_("Motion of the committee that allows a further term"),
        help_text=_("Only after two terms in a row: code of the passed motion."),
        max_length=40,
        required=False,
    )

    def __init__(
        self,
        *args: Any,
        holders: Sequence[tuple[str, str]] = (),
        terms: Sequence[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        """With the holders and terms to choose from."""
        super().__init__(*args, **kwargs)
        for name, choices in (("holder", holders), ("term", [("", _("Outside a term")), *terms])):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
            field.choices = list(choices)


class CompositionForm(AllianceForm):
    """How a group shall be composed."""

    size_rule = forms.IntegerField(
        label=_("Number of members"), help_text=_("Left empty: any."), min_value=1, max_value=999, required=False
    )
    enterprise_limit = forms.IntegerField(
        label=_("Leading enterprises at most"), help_text=_("Left empty: any."), min_value=0, max_value=999, required=False
    )
    rule_source = forms.CharField(
        label=_("Where the rule stands"), help_text=_("Such as: charter, article 13."), max_length=120, required=False
    )


class ExceptionForm(AllianceForm):
    """An exception to put to the committee."""

    institution = forms.CharField(label=_("Institution"), help_text=_("Its code, such as I-0001."), max_length=40)
    role = forms.ChoiceField(
        label=_("Role"), choices=[(value, capfirst(label)) for value, label in SeatRole.choices], initial=SeatRole.MEMBER
    )
    ends_on = forms.DateField(label=_("Until"), help_text=_("That day included; left empty, open."), required=False)
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea, max_length=2000)


class FurtherTermForm(AllianceForm):
    """A third term in a row to put to the committee."""

    position = forms.ChoiceField(
        label=_("Position"), choices=[(value, capfirst(label)) for value, label in PositionKind.choices]
    )
    institution = forms.CharField(label=_("Institution"), help_text=_("Its code, such as I-0001."), max_length=40)
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea, max_length=2000)


class AlternateForm(AllianceForm):
    """Who stands in for the representative in a seat."""

    person = forms.ChoiceField(label=_("Person"), help_text=_("Somebody who acts for the institution."))
    starts_on = forms.DateField(label=_("From"))
    ends_on = forms.DateField(
        label=_("Until"), help_text=_("That day included; left empty, as long as the seat."), required=False
    )

    def __init__(self, *args: Any, people: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        """With the people of the institution to choose from."""
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices = list(people)


class OfferForm(AllianceForm):
    """The answer to an offered seat."""

    reason = forms.CharField(label=_("Reason, if you decline"), widget=forms.Textarea, max_length=300, required=False)
