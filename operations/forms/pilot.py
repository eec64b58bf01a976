"""Shape of the input about pilots; rules stay in the actions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.forms.utils import ErrorDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel.forms import AllianceForm, dress
from operations.actions.feedback import MAX_DEFECTS, DefectNote, form_points
from operations.actions.plan import MAX_CRITERIA, MAX_MEASURES, MAX_SITES, Criterion, Measure, PilotPlan
from operations.actions.workbook import MAX_TEXT
from operations.choices import DefectSeverity, PersonRole, PointSource

if TYPE_CHECKING:
    from operations.models import PilotCriterion, PilotFeedback

SPARE_DEFECTS: Final = 3
RADIO_SCALE: Final = 11
"""Scales of up to this many scores are drawn as choices, longer ones as a number to type."""

USUAL_CRITERIA: Final = (
    ("Clear instructions", "说明清楚"),
    ("Fits our machines and people", "适合本厂的设备和人员"),
    ("Does what it says", "达到说明的效果"),
    ("Worth the time and money", "所花的时间和费用可以接受"),
)
"""Offered in an empty plan, in both languages because the plan keeps both."""
COPIED: Final = (
    "question_en", "question_zh", "sample_en", "sample_zh", "sample_size", "minimum_sites", "minimum_answers",
    "blocking_defects_allowed", "maximum_rounds", "remind_days_before", "escalate_days", "extension_days", "closes_itself",
)  # fmt: skip
"""Fields that form and plan have under one name."""


def end_of(day: dt.date) -> dt.datetime:
    """The last moment of a day in the platform's time zone: a deadline includes its day."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time(23, 59, 59, 999_999)))


def start_of(day: dt.date, *, at: dt.datetime) -> dt.datetime:
    """The first moment of a day; today begins now."""
    first = timezone.make_aware(dt.datetime.combine(day, dt.time.min))
    return max(first, at) if day == timezone.localtime(at).date() else first


class PlanForm(AllianceForm):
    """Plan and rule of a round.

    Rows for criteria and measures grow without a script: there is always one empty row more than was sent or kept, and the
    buttons "Another criterion" and "Another measure" send the form for a further one without planning anything.
    """

    question_en = forms.CharField(
        label=_("What shall the pilot find out? In English"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    question_zh = forms.CharField(
        label=_("What shall the pilot find out? In Chinese"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    sample_en = forms.CharField(
        label=_("Who or what is tried at each site? In English"),
        help_text=_("For example: two dyeing lines, the people of both shifts."),
        max_length=300,
        required=False,
    )
    sample_zh = forms.CharField(label=_("Who or what is tried at each site? In Chinese"), max_length=300, required=False)
    sample_size = forms.IntegerField(label=_("Answers hoped for at each site"), min_value=1, max_value=10_000, initial=1)
    participants = forms.TypedMultipleChoiceField(
        label=_("Pilot firms"),
        help_text=_("Leading enterprises that did not make it and do not stand aside. Each is invited and may decline."),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    minimum_sites = forms.IntegerField(
        label=_("Sites needed to begin"), min_value=1, max_value=MAX_SITES, initial=1, help_text=_("Fewer: the round waits.")
    )
    accept_by_on = forms.DateField(
        label=_("Firms answer the invitation by"),
        help_text=_("That day is included. Empty: until the round begins."),
        widget=forms.DateInput(),
        required=False,
    )
    starts_on = forms.DateField(label=_("Begins on"), widget=forms.DateInput())
    deadline_on = forms.DateField(label=_("Answers until"), help_text=_("That day is included."), widget=forms.DateInput())
    minimum_answers = forms.IntegerField(label=_("Answers needed"), min_value=1, max_value=1000, initial=3)
    trim_percent = forms.IntegerField(
        label=_("Share of the highest and of the lowest answers left out of a mean, per cent"),
        help_text=_("Guards against a single extreme answer. 10 is usual."),
        min_value=0,
        max_value=49,
        initial=10,
    )
    blocking_defects_allowed = forms.IntegerField(label=_("Blocking defects allowed"), min_value=0, max_value=100, initial=0)
    remind_days_before = forms.IntegerField(
        label=_("Days before the end on which to remind"),
        help_text=_("Also before the last day to accept. 0 for no reminder."),
        min_value=0,
        max_value=60,
        initial=3,
    )
    escalate_days = forms.IntegerField(
        label=_("Days of silence after which the group’s convenor is told"),
        help_text=_("Days after a reminder, or after the last day to accept. 0 for never."),
        min_value=0,
        max_value=60,
        initial=2,
    )
    extension_days = forms.IntegerField(
        label=_("Days to extend by, once, when answers are too few"),
        help_text=_("0: do not extend; the product then goes to improvement."),
        min_value=0,
        max_value=180,
        initial=14,
    )
    closes_itself = forms.BooleanField(
        label=_("Close by itself at the deadline"),
        help_text=_("Otherwise the secretariat is asked to extend or close it."),
        required=False,
        initial=True,
    )
    maximum_rounds = forms.IntegerField(label=_("Most rounds"), min_value=1, max_value=20, initial=3)

    def __init__(
        self,
        *args: Any,
        firms: Sequence[tuple[int, str]],
        plan: PilotPlan | None = None,
        amends: bool = False,
        **kwargs: Any,
    ) -> None:
        """Offer the firms that may take part, and rows for criteria and measures.

        Args:
            args: As for every form.
            firms: Identifier and name of each enterprise that may be chosen.
            plan: Plan to begin with, for a next round or an amendment.
            amends: Whether an agreed plan is changed, which needs a reason.
            kwargs: As for every form.
        """
        if plan is not None:
            kwargs["initial"] = {**initial_of(plan), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.fields["participants"].choices = list(firms)  # type: ignore[attr-defined]
        criteria = list(plan.criteria) if plan else [Criterion(en, zh, Decimal("3.5")) for en, zh in USUAL_CRITERIA]
        measures = list(plan.measures) if plan else []
        self.criterion_slots = self._count("criteria", len(criteria), MAX_CRITERIA)
        self.measure_slots = self._count("measures", len(measures), MAX_MEASURES)
        for slot in range(self.criterion_slots):
            self._add_criterion(slot, criteria[slot] if slot < len(criteria) else None)
        for slot in range(self.measure_slots):
            self._add_measure(slot, measures[slot] if slot < len(measures) else None)
        self.amends = amends
        if amends:
            reason = forms.CharField(
                label=_("Reason for the change"), help_text=_("The sites read it."), max_length=300, strip=True
            )
            dress(reason)
            self.fields["reason"] = reason

    def _count(self, prefix: str, known: int, most: int) -> int:
        """Rows to draw: those sent or known, and one more; at least three."""
        slots = [
            int(number)
            for name in self.data
            if name.startswith(f"{prefix}_") and (number := name.removeprefix(f"{prefix}_").partition("_")[0]).isdecimal()
        ]
        sent = min(most, max(slots, default=-1) + 1)
        wanted = sent + (1 if f"more_{prefix}" in self.data else 0) if self.is_bound else known + 1
        return min(most, max(3, wanted))

    def _add_fields(self, prefix: str, fields: dict[str, forms.Field]) -> None:
        for name, field in fields.items():
            dress(field)
            field.one_of_several = True  # type: ignore[attr-defined]
            self.fields[f"{prefix}_{name}"] = field

    def _add_criterion(self, slot: int, known: Criterion | None) -> None:
        number = {"number": slot + 1}
        self._add_fields(
            f"criteria_{slot}",
            {
                "name_en": forms.CharField(
                    label=_("Criterion %(number)s in English") % number,
                    max_length=120,
                    required=False,
                    initial=known.name_en if known else "",
                ),
                "name_zh": forms.CharField(
                    label=_("Criterion %(number)s in Chinese") % number,
                    max_length=120,
                    required=False,
                    initial=known.name_zh if known else "",
                ),
                "pass_mark": forms.DecimalField(
                    label=_("Pass mark"),
                    max_digits=5,
                    decimal_places=2,
                    required=False,
                    initial=known.pass_mark if known else Decimal("3.5"),
                ),
                "scale_low": forms.IntegerField(
                    label=_("Lowest score"), required=False, initial=known.scale_low if known else 1
                ),
                "scale_high": forms.IntegerField(
                    label=_("Highest score"), required=False, initial=known.scale_high if known else 5
                ),
            },
        )

    def _add_measure(self, slot: int, known: Measure | None) -> None:
        number = {"number": slot + 1}
        self._add_fields(
            f"measures_{slot}",
            {
                "name_en": forms.CharField(
                    label=_("Measure %(number)s in English") % number,
                    max_length=120,
                    required=False,
                    initial=known.name_en if known else "",
                ),
                "name_zh": forms.CharField(
                    label=_("Measure %(number)s in Chinese") % number,
                    max_length=120,
                    required=False,
                    initial=known.name_zh if known else "",
                ),
                "unit": forms.CharField(label=_("Unit"), max_length=40, required=False, initial=known.unit if known else ""),
                "direction": forms.TypedChoiceField(
                    label=_("Better is"),
                    choices=[(-1, _("less")), (1, _("more"))],
                    coerce=int,
                    required=False,
                    initial=known.direction if known else -1,
                ),
                "minimum_change": forms.DecimalField(
                    label=_("Change for the better needed, per cent"),
                    help_text=_("Empty: reported only."),
                    max_digits=6,
                    decimal_places=2,
                    required=False,
                    initial=known.minimum_change if known else None,
                ),
            },
        )

    @property
    def wants_more(self) -> bool:
        """Whether the form was sent for another row only."""
        return self.is_bound and ("more_criteria" in self.data or "more_measures" in self.data)

    def judge_nothing(self) -> None:
        """Show what was sent without an error: another row was asked for."""
        self._errors = ErrorDict()

    def criterion_rows(self) -> list[list[forms.BoundField]]:
        """The fields of each criterion, for the template."""
        names = ("name_en", "name_zh", "pass_mark", "scale_low", "scale_high")
        return [[self[f"criteria_{slot}_{name}"] for name in names] for slot in range(self.criterion_slots)]

    def measure_rows(self) -> list[list[forms.BoundField]]:
        """The fields of each measure, for the template."""
        names = ("name_en", "name_zh", "unit", "direction", "minimum_change")
        return [[self[f"measures_{slot}_{name}"] for name in names] for slot in range(self.measure_slots)]

    def part(self, *names: str) -> list[forms.BoundField]:
        """Some fields of the plan, for the template."""
        return [self[name] for name in names if name in self.fields]

    def question_fields(self) -> list[forms.BoundField]:
        """What is asked, and of whom."""
        return self.part("question_en", "question_zh", "sample_en", "sample_zh", "sample_size")

    def rule_fields(self) -> list[forms.BoundField]:
        """What decides beside the pass marks."""
        return self.part("minimum_answers", "trim_percent", "blocking_defects_allowed", "maximum_rounds")

    def site_fields(self) -> list[forms.BoundField]:
        """Who tries it."""
        return self.part("participants", "minimum_sites", "accept_by_on")

    def day_fields(self) -> list[forms.BoundField]:
        """When it runs, and what happens by itself."""
        return self.part(
            "starts_on", "deadline_on", "remind_days_before", "escalate_days", "closes_itself", "extension_days", "reason"
        )

    def _used(self, prefix: str, slots: int, names: Sequence[str]) -> list[int]:
        data = self.cleaned_data
        return [slot for slot in range(slots) if any(data.get(f"{prefix}_{slot}_{name}") for name in names)]

    def used_slots(self) -> list[int]:
        """Slots in which a criterion is named."""
        return self._used("criteria", self.criterion_slots, ("name_en", "name_zh"))

    def used_measures(self) -> list[int]:
        """Slots in which a measure is named, or given a unit."""
        return self._used("measures", self.measure_slots, ("name_en", "name_zh", "unit"))

    def plan(self, *, at: dt.datetime, starts_at: dt.datetime | None = None) -> PilotPlan:
        """The plan as the action takes it; call after ``is_valid``.

        Args:
            at: Now.
            starts_at: Start agreed before; it stays to the second when its day stays.
        """
        data = self.cleaned_data
        criteria = []
        for slot in self.used_slots():
            low, high = data[f"criteria_{slot}_scale_low"], data[f"criteria_{slot}_scale_high"]
            mark = data[f"criteria_{slot}_pass_mark"]
            criteria.append(
                Criterion(
                    name_en=data[f"criteria_{slot}_name_en"],
                    name_zh=data[f"criteria_{slot}_name_zh"],
                    pass_mark=Decimal(0) if mark is None else mark,
                    scale_low=1 if low is None else low,
                    scale_high=5 if high is None else high,
                )
            )
        measures = [
            Measure(
                name_en=data[f"measures_{slot}_name_en"],
                name_zh=data[f"measures_{slot}_name_zh"],
                unit=data[f"measures_{slot}_unit"],
                direction=int(data[f"measures_{slot}_direction"] or -1),
                minimum_change=data[f"measures_{slot}_minimum_change"],
            )
            for slot in self.used_measures()
        ]
        same_day = starts_at is not None and timezone.localtime(starts_at).date() == data["starts_on"]
        return PilotPlan(
            criteria=criteria,
            measures=measures,
            participant_ids=data["participants"],
            starts_at=starts_at if same_day and starts_at else start_of(data["starts_on"], at=at),
            deadline=end_of(data["deadline_on"]),
            accept_by=end_of(data["accept_by_on"]) if data["accept_by_on"] else None,
            trim_proportion=Decimal(data["trim_percent"]) / 100,
            **{name: data[name] for name in COPIED},
        )

    def names_of_refusal(self) -> dict[str, str]:
        """How the action's field names map to this form's."""
        names = {
            "deadline": "deadline_on",
            "starts_at": "starts_on",
            "accept_by": "accept_by_on",
            "trim_proportion": "trim_percent",
            "criteria": "criteria_0_name_en",
            "measures": "measures_0_name_en",
        }
        parts = {
            "criteria": ("name_en", "pass_mark", "scale_low", "scale_high"),
            "measures": ("name_en", "unit", "direction", "minimum_change"),
        }
        for prefix, used in (("criteria", self.used_slots()), ("measures", self.used_measures())):
            for place, slot in enumerate(used):
                for part in parts[prefix]:
                    names[f"{prefix}-{place}-{part}"] = f"{prefix}_{slot}_{part}"
        return names


def initial_of(plan: PilotPlan) -> dict[str, Any]:
    """A plan's plain values as the form shows them."""
    return {
        "participants": list(plan.participant_ids),
        "trim_percent": int(plan.trim_proportion * 100),
        "starts_on": timezone.localtime(plan.starts_at).date(),
        "deadline_on": timezone.localtime(plan.deadline).date(),
        "accept_by_on": timezone.localtime(plan.accept_by).date() if plan.accept_by else None,
        **{name: getattr(plan, name) for name in COPIED},
    }


class AmendOpenForm(AllianceForm):
    """What can still be amended once a round is open: dates, sites, sample and reminders."""

    participants = forms.TypedMultipleChoiceField(
        label=_("Pilot firms"),
        help_text=_("A firm that is taken out keeps what it answered; one that is added is invited."),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    deadline_on = forms.DateField(label=_("Answers until"), help_text=_("That day is included."), widget=forms.DateInput())
    accept_by_on = forms.DateField(label=_("Firms answer the invitation by"), widget=forms.DateInput(), required=False)
    sample_en = forms.CharField(label=_("Who or what is tried at each site? In English"), max_length=300, required=False)
    sample_zh = forms.CharField(label=_("Who or what is tried at each site? In Chinese"), max_length=300, required=False)
    sample_size = forms.IntegerField(label=_("Answers hoped for at each site"), min_value=1, max_value=10_000)
    remind_days_before = forms.IntegerField(label=_("Days before the end on which to remind"), min_value=0, max_value=60)
    escalate_days = forms.IntegerField(
        label=_("Days of silence after which the group’s convenor is told"), min_value=0, max_value=60
    )
    reason = forms.CharField(label=_("Reason for the change"), help_text=_("The sites read it."), max_length=300)

    def __init__(self, *args: Any, firms: Sequence[tuple[int, str]], plan: PilotPlan, **kwargs: Any) -> None:
        """Begin with the plan as it stands."""
        super().__init__(*args, initial=initial_of(plan), **kwargs)
        self.fields["participants"].choices = list(firms)  # type: ignore[attr-defined]
        self.before = plan

    def plan(self) -> PilotPlan:
        """The whole plan as it shall stand; call after ``is_valid``. A date whose day stays, stays to the second."""
        data, before = self.cleaned_data, self.before

        def moment(day: dt.date | None, present: dt.datetime | None) -> dt.datetime | None:
            if present is not None and day == timezone.localtime(present).date():
                return present
            return end_of(day) if day else None

        deadline = moment(data["deadline_on"], before.deadline)
        names = ("sample_en", "sample_zh", "sample_size", "remind_days_before", "escalate_days")
        return replace(
            before,
            participant_ids=data["participants"],
            deadline=deadline or before.deadline,
            accept_by=moment(data["accept_by_on"], before.accept_by),
            **{name: data[name] for name in names},
        )


class JoinForm(AllianceForm):
    """A site's answer to the invitation."""

    site_en = forms.CharField(
        label=_("Plant or department, in English"),
        help_text=_("Empty: the whole enterprise."),
        max_length=120,
        required=False,
    )
    site_zh = forms.CharField(label=_("Plant or department, in Chinese"), max_length=120, required=False)
    lead = forms.TypedChoiceField(label=_("Who answers for the site"), coerce=int, required=False)
    is_public = forms.BooleanField(
        label=_("The public page may name us as a pilot firm"),
        required=False,
        help_text=_("You can change this at any time."),
    )

    def __init__(self, *args: Any, people: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        """Offer the people of the enterprise."""
        super().__init__(*args, **kwargs)
        self.fields["lead"].choices = list(people)  # type: ignore[attr-defined]


class SitePersonForm(AllianceForm):
    """A person at a site."""

    user = forms.TypedChoiceField(label=_("Person"), coerce=int)
    role = forms.ChoiceField(
        label=pgettext_lazy("of a person", "Part"), choices=PersonRole.choices, initial=PersonRole.TRIER
    )

    def __init__(self, *args: Any, people: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        """Offer the people of the enterprise."""
        super().__init__(*args, **kwargs)
        self.fields["user"].choices = list(people)  # type: ignore[attr-defined]


class HandOverForm(AllianceForm):
    """One person's part goes to another."""

    giver = forms.TypedChoiceField(label=_("From whom"), coerce=int)
    taker = forms.TypedChoiceField(label=_("To whom"), coerce=int)
    note = forms.CharField(
        label=_("What is handed over"), widget=forms.Textarea(attrs={"rows": 3}), max_length=300, required=False
    )

    def __init__(
        self, *args: Any, present: Sequence[tuple[int, str]], people: Sequence[tuple[int, str]], **kwargs: Any
    ) -> None:
        """Offer those who have a part, and the people of the enterprise."""
        super().__init__(*args, **kwargs)
        self.fields["giver"].choices = list(present)  # type: ignore[attr-defined]
        self.fields["taker"].choices = list(people)  # type: ignore[attr-defined]
        others = [key for key, _name in people if not present or key != present[0][0]]
        self.fields["taker"].initial = others[0] if others else None


class EndForm(AllianceForm):
    """Why a site declines, leaves, or is taken out."""

    reason = forms.CharField(
        label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=300, help_text=_("The others read it.")
    )


class ReopenForm(AllianceForm):
    """A closed round taken up again."""

    deadline_on = forms.DateField(label=_("Answers until"), help_text=_("That day is included."), widget=forms.DateInput())
    reason = forms.CharField(
        label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=300, help_text=_("The sites read it.")
    )


class ExtendForm(AllianceForm):
    """A later deadline."""

    deadline_on = forms.DateField(label=_("Answers until"), help_text=_("That day is included."), widget=forms.DateInput())
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)


class AnswerForm(AllianceForm):
    """One person's answer for a pilot firm; usable on a phone."""

    institution = forms.TypedChoiceField(label=_("You answer for"), coerce=int, required=False)

    def __init__(
        self,
        *args: Any,
        criteria: Iterable[PilotCriterion],
        institutions: Sequence[tuple[int, str]],
        answer: PilotFeedback | None = None,
        **kwargs: Any,
    ) -> None:
        """One field per criterion, room for defects, a suggestion and a file."""
        super().__init__(*args, **kwargs)
        self.criteria = list(criteria)
        if len(institutions) > 1:
            self.fields["institution"].choices = list(institutions)  # type: ignore[attr-defined]
            self.fields["institution"].required = True
        else:
            del self.fields["institution"]
        scores = {score.criterion_id: score.score for score in answer.scores.all()} if answer else {}
        points = form_points(answer) if answer else []
        defects = [point for point in points if point.source == PointSource.DEFECT]
        suggestion = next((point.text for point in points if point.source == PointSource.SUGGESTION), "")
        for criterion in self.criteria:
            self._add(f"score_{criterion.position}", _score_field(criterion, scores.get(criterion.pk)))
        posted = len([name for name in self.data if name.startswith("defects_") and name.endswith("_severity")])
        self.defect_slots = min(MAX_DEFECTS, max(len(defects) + SPARE_DEFECTS, posted))
        for slot in range(self.defect_slots):
            known = defects[slot] if slot < len(defects) else None
            self._add(
                f"defects_{slot}_severity",
                forms.ChoiceField(
                    label=_("How grave is defect %(number)s?") % {"number": slot + 1},
                    choices=[("", _("no defect")), *DefectSeverity.choices],
                    required=False,
                    initial=known.severity if known else "",
                ),
            )
            self._add(
                f"defects_{slot}_description",
                forms.CharField(
                    label=_("What happens?"),
                    widget=forms.Textarea(attrs={"rows": 2}),
                    required=False,
                    max_length=MAX_TEXT,
                    initial=known.text if known else "",
                ),
            )
        self._add(
            "suggestion",
            forms.CharField(
                label=_("What should be different?"),
                help_text=_("Say what you measured, before and after, if you did."),
                widget=forms.Textarea(attrs={"rows": 4}),
                required=False,
                max_length=MAX_TEXT,
                initial=suggestion,
            ),
        )
        self._add(
            "evidence",
            forms.FileField(
                label=_("Photo or file"),
                help_text=_("PDF, picture, Word, Excel or CSV, up to 25 MB."),
                required=False,
                max_length=200,
            ),
        )

    def _add(self, name: str, field: forms.Field) -> None:
        dress(field)
        self.fields[name] = field

    def score_fields(self) -> list[forms.BoundField]:
        """The criteria."""
        return [self[f"score_{criterion.position}"] for criterion in self.criteria]

    def defect_rows(self) -> list[list[forms.BoundField]]:
        """Gravity and description of each defect."""
        return [[self[f"defects_{slot}_severity"], self[f"defects_{slot}_description"]] for slot in range(self.defect_slots)]

    def scores(self) -> dict[int, int]:
        """Score by the criterion's position; call after ``is_valid``."""
        return {
            criterion.position: int(value)
            for criterion in self.criteria
            if (value := self.cleaned_data.get(f"score_{criterion.position}")) not in (None, "")
        }

    def used_defects(self) -> list[int]:
        """Slots in which a defect is reported."""
        data = self.cleaned_data
        return [
            slot
            for slot in range(self.defect_slots)
            if data.get(f"defects_{slot}_severity") or data.get(f"defects_{slot}_description")
        ]

    def defects(self) -> list[DefectNote]:
        """The defects reported; call after ``is_valid``."""
        data = self.cleaned_data
        return [
            DefectNote(data[f"defects_{slot}_severity"], data[f"defects_{slot}_description"]) for slot in self.used_defects()
        ]

    def names_of_refusal(self) -> dict[str, str]:
        """How the action's field names map to this form's."""
        return {
            f"defects-{place}-{part}": f"defects_{slot}_{part}"
            for place, slot in enumerate(self.used_defects())
            for part in ("severity", "description")
        }


def _score_field(criterion: PilotCriterion, initial: int | None) -> forms.Field:
    low, high = criterion.scale_low, criterion.scale_high
    hint = _("%(low)s is worst, %(high)s is best.") % {"low": low, "high": high}
    if high - low < RADIO_SCALE:
        return forms.TypedChoiceField(
            label=criterion.name,
            help_text=hint,
            choices=[(score, str(score)) for score in range(low, high + 1)],
            coerce=int,
            widget=forms.RadioSelect(attrs={"class": "scale"}),
            initial=initial,
            error_messages={"required": _("Choose a score for “%(criterion)s”.") % {"criterion": criterion.name}},
        )
    return forms.IntegerField(label=criterion.name, help_text=hint, min_value=low, max_value=high, initial=initial)
