"""Shape of the input about pilots; rules stay in the actions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm, dress
from operations.actions.feedback import MAX_DEFECTS, DefectNote, form_points
from operations.actions.plan import Criterion, PilotPlan
from operations.actions.workbook import MAX_TEXT
from operations.choices import DefectSeverity, PointSource

if TYPE_CHECKING:
    from operations.models import PilotCriterion, PilotFeedback

CRITERION_SLOTS: Final = 8
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


def end_of(day: dt.date) -> dt.datetime:
    """The last moment of a day in the platform's time zone: a deadline includes its day."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time(23, 59, 59, 999_999)))


def start_of(day: dt.date, *, at: dt.datetime) -> dt.datetime:
    """The first moment of a day; today begins now."""
    first = timezone.make_aware(dt.datetime.combine(day, dt.time.min))
    return max(first, at) if day == timezone.localtime(at).date() else first


class PlanForm(AllianceForm):
    """Plan and rule of a round."""

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
    participants = forms.TypedMultipleChoiceField(
        label=_("Pilot firms"),
        help_text=_("Leading enterprises that neither wrote nor adapted it and do not stand aside."),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    starts_on = forms.DateField(label=_("Begins on"), widget=forms.DateInput())
    deadline_on = forms.DateField(label=_("Answers until"), help_text=_("That day is included."), widget=forms.DateInput())
    minimum_answers = forms.IntegerField(label=_("Answers needed"), min_value=1, max_value=1000, initial=3)
    trim_percent = forms.IntegerField(
        label=_("Answers cut at each end of a mean, per cent"),
        help_text=_("Guards against a single extreme answer. 10 is usual."),
        min_value=0,
        max_value=49,
        initial=10,
    )
    blocking_defects_allowed = forms.IntegerField(label=_("Blocking defects allowed"), min_value=0, max_value=100, initial=0)
    remind_days_before = forms.IntegerField(
        label=_("Remind, days before the end"), help_text=_("0 for no reminder."), min_value=0, max_value=60, initial=3
    )
    extension_days = forms.IntegerField(
        label=_("With too few answers, extend once by days"),
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
    maximum_rounds = forms.IntegerField(label=_("Rounds at most"), min_value=1, max_value=20, initial=3)

    def __init__(self, *args: Any, firms: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        """Offer the firms that may take part, and room for criteria."""
        super().__init__(*args, **kwargs)
        self.fields["participants"].choices = list(firms)  # type: ignore[attr-defined]
        for slot in range(CRITERION_SLOTS):
            usual = USUAL_CRITERIA[slot] if slot < len(USUAL_CRITERIA) and not self.is_bound else ("", "")
            fields: dict[str, forms.Field] = {
                "name_en": forms.CharField(
                    label=_("Criterion %(number)s in English") % {"number": slot + 1},
                    max_length=120,
                    required=False,
                    initial=usual[0],
                ),
                "name_zh": forms.CharField(
                    label=_("Criterion %(number)s in Chinese") % {"number": slot + 1},
                    max_length=120,
                    required=False,
                    initial=usual[1],
                ),
                "pass_mark": forms.DecimalField(
                    label=_("Pass mark"), max_digits=5, decimal_places=2, required=False, initial=Decimal("3.5")
                ),
                "scale_low": forms.IntegerField(label=_("Lowest score"), required=False, initial=1),
                "scale_high": forms.IntegerField(label=_("Highest score"), required=False, initial=5),
            }
            for name, field in fields.items():
                dress(field)
                self.fields[f"criteria_{slot}_{name}"] = field

    def criterion_rows(self) -> list[list[forms.BoundField]]:
        """The fields of each criterion, for the template."""
        names = ("name_en", "name_zh", "pass_mark", "scale_low", "scale_high")
        return [[self[f"criteria_{slot}_{name}"] for name in names] for slot in range(CRITERION_SLOTS)]

    def plain_fields(self) -> list[forms.BoundField]:
        """The fields that are not about criteria."""
        return [self[name] for name in self.fields if not name.startswith("criteria_")]

    def used_slots(self) -> list[int]:
        """Slots in which a criterion is named."""
        data = self.cleaned_data
        return [
            slot
            for slot in range(CRITERION_SLOTS)
            if data.get(f"criteria_{slot}_name_en") or data.get(f"criteria_{slot}_name_zh")
        ]

    def plan(self, *, at: dt.datetime) -> PilotPlan:
        """The plan as the action takes it; call after ``is_valid``."""
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
        return PilotPlan(
            criteria=criteria,
            participant_ids=data["participants"],
            starts_at=start_of(data["starts_on"], at=at),
            deadline=end_of(data["deadline_on"]),
            question_en=data["question_en"],
            question_zh=data["question_zh"],
            minimum_answers=data["minimum_answers"],
            trim_proportion=Decimal(data["trim_percent"]) / 100,
            blocking_defects_allowed=data["blocking_defects_allowed"],
            maximum_rounds=data["maximum_rounds"],
            remind_days_before=data["remind_days_before"],
            extension_days=data["extension_days"],
            closes_itself=data["closes_itself"],
        )

    def names_of_refusal(self) -> dict[str, str]:
        """How the action's field names map to this form's."""
        names = {"deadline": "deadline_on", "starts_at": "starts_on", "trim_proportion": "trim_percent"}
        names["criteria"] = "criteria_0_name_en"
        for place, slot in enumerate(self.used_slots()):
            for part in ("name_en", "pass_mark", "scale_high"):
                names[f"criteria-{place}-{part}"] = f"criteria_{slot}_{part}"
        return names


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
