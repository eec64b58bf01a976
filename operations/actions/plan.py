"""The plan of a pilot round: what it consists of, what makes one valid, and its versions kept whole (S12).

A pilot is an experiment: what it asks, what is measured before and after, on whom, and by which rule it goes on or not, are
written down before it begins. What was agreed is kept as :class:`~operations.models.PilotPlanVersion`; an amendment is the
next version, with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.kernel.errors import InvalidInputError
from operations.actions.announce import ask, day_params, tell
from operations.models import PilotCriterion, PilotMeasure, PilotPlanVersion
from operations.selectors.people import staff_of
from operations.selectors.site import TAKING_PART

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import User
    from operations.models import Pilot, PilotParticipant

MAX_CRITERIA: Final = 12
MAX_MEASURES: Final = 12
MAX_SITES: Final = 200
WIDEST_SCALE: Final = 100
LOWEST_SCORE: Final = -1000
HIGHEST_SCORE: Final = 999
MOST_REMINDER_DAYS: Final = 60
LARGEST_CHANGE: Final = Decimal("9999.99")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing participants score.

    Attributes:
        name_en: In English; one of the two names is needed.
        name_zh: In Chinese.
        pass_mark: Trimmed mean that must be reached; on the scale.
        scale_low: Lowest score.
        scale_high: Highest score.
    """

    name_en: str
    name_zh: str
    pass_mark: Decimal
    scale_low: int = 1
    scale_high: int = 5


@dataclass(frozen=True, slots=True)
class Measure:
    """Something counted or weighed before and after the trial.

    Attributes:
        name_en: In English; one of the two names is needed.
        name_zh: In Chinese.
        unit: What it is counted in, e.g. ``kWh/t``.
        direction: 1 when more is better, -1 when less is.
        minimum_change: Change for the better that the rule asks for, in percent of the baseline; None: reported only.
    """

    name_en: str
    name_zh: str
    unit: str
    direction: int = 1
    minimum_change: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PilotPlan:
    """Plan and rule of a round.

    Attributes:
        criteria: What is scored, in order.
        participant_ids: Leading enterprises that are asked to try the product.
        starts_at: From when answers are taken.
        deadline: Until when, that moment included.
        measures: What is measured before and after, in order; at least one, for without a baseline nothing is compared.
        question_en: What the round shall find out, in English.
        question_zh: The same in Chinese.
        sample_en: Who or what is tried at each site, in English.
        sample_zh: The same in Chinese.
        sample_size: Answers hoped for at each site.
        minimum_sites: Sites needed to begin.
        accept_by: Until when invited sites answer; None: until the start.
        minimum_answers: Answers needed for a result.
        trim_proportion: Share of answers cut at each end of every mean, 0 or more and under one half.
        blocking_defects_allowed: Blocking defects with which it still passes.
        maximum_rounds: Rounds until it has to be drafted anew.
        remind_days_before: Days before the last day to accept, and before the deadline; 0 for no reminder.
        escalate_days: Days of silence after which the group's convenor is told; 0 for never.
        extension_days: Days added once when answers are too few at the deadline; 0 for none.
        closes_itself: Whether the workflow closes it at the deadline; otherwise the secretariat is asked to.
    """

    criteria: Sequence[Criterion]
    participant_ids: Sequence[int]
    starts_at: datetime
    deadline: datetime
    measures: Sequence[Measure] = ()
    question_en: str = ""
    question_zh: str = ""
    sample_en: str = ""
    sample_zh: str = ""
    sample_size: int = 1
    minimum_sites: int = 1
    accept_by: datetime | None = None
    minimum_answers: int = 3
    trim_proportion: Decimal = Decimal("0.10")
    blocking_defects_allowed: int = 0
    maximum_rounds: int = 3
    remind_days_before: int = 3
    escalate_days: int = 2
    extension_days: int = 14
    closes_itself: bool = True


PLAIN: Final = (
    "starts_at", "deadline", "accept_by", "question_en", "question_zh", "sample_en", "sample_zh", "sample_size", "minimum_sites",
    "minimum_answers", "trim_proportion", "blocking_defects_allowed", "maximum_rounds", "remind_days_before", "escalate_days",
    "extension_days", "closes_itself",
)  # fmt: skip
"""Fields of a plan that are columns of the round."""
CHANGEABLE: Final = frozenset(
    {
        "deadline",
        "accept_by",
        "participant_ids",
        "sample_en",
        "sample_zh",
        "sample_size",
        "remind_days_before",
        "escalate_days",
    }
)
"""What may still be amended once the round is open: dates, sites, sample, reminders."""


def column_values(plan: PilotPlan) -> dict[str, Any]:
    """The plan's plain fields as the round's columns take them."""
    return {name: _stripped(getattr(plan, name)) for name in PLAIN}


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def current_plan(pilot: Pilot) -> PilotPlan:
    """The plan of a round as it stands in its rows; three queries."""
    return PilotPlan(
        criteria=[
            Criterion(row.name_en, row.name_zh, row.pass_mark, row.scale_low, row.scale_high)
            for row in pilot.criteria.order_by("position")
        ],
        measures=[
            Measure(row.name_en, row.name_zh, row.unit, row.direction, row.minimum_change)
            for row in pilot.measures.order_by("position")
        ],
        participant_ids=list(
            pilot.participants.filter(state__in=TAKING_PART).order_by("id").values_list("institution_id", flat=True)
        ),
        # A row that was just made still holds the model's default as it is written there.
        **{name: getattr(pilot, name) for name in PLAIN} | {"trim_proportion": Decimal(pilot.trim_proportion)},
    )


def check_plan(plan: PilotPlan, *, allowed: set[int], at: datetime) -> None:
    """Refuse a plan that breaks a rule.

    Args:
        plan: The plan.
        allowed: Institutions that may take part.
        at: Now.

    Raises:
        InvalidInputError: ``plan_invalid``; ``fields`` says where.
    """
    problems = {
        **_criterion_problems(plan),
        **_measure_problems(plan),
        **_site_problems(plan, allowed),
        **_date_problems(plan, at),
        **_number_problems(plan),
    }
    if problems:
        raise InvalidInputError(_("The plan of the pilot cannot stand as it is."), code="plan_invalid", fields=problems)


def _criterion_problems(plan: PilotPlan) -> dict[str, Any]:
    problems: dict[str, Any] = {}
    if not plan.criteria:
        problems["criteria"] = _("Give at least one criterion.")
    if len(plan.criteria) > MAX_CRITERIA:
        problems["criteria"] = _("Give at most %(count)s criteria; long forms are not answered.") % {"count": MAX_CRITERIA}
    for place, criterion in enumerate(plan.criteria):
        if not criterion.name_en.strip() and not criterion.name_zh.strip():
            problems[f"criteria-{place}-name_en"] = _("Name the criterion in English or in Chinese.")
        if not LOWEST_SCORE <= criterion.scale_low <= HIGHEST_SCORE:
            problems[f"criteria-{place}-scale_low"] = _("Give a whole number between -1000 and 999.")
        elif criterion.scale_high <= criterion.scale_low:
            problems[f"criteria-{place}-scale_high"] = _("The highest score must lie above the lowest.")
        elif criterion.scale_high - criterion.scale_low > WIDEST_SCALE:
            problems[f"criteria-{place}-scale_high"] = _("A scale is at most %(count)s wide.") % {"count": WIDEST_SCALE}
        elif not criterion.scale_low <= criterion.pass_mark <= criterion.scale_high:
            problems[f"criteria-{place}-pass_mark"] = _("The pass mark must lie on the scale.")
    return problems


def _measure_problems(plan: PilotPlan) -> dict[str, Any]:
    problems: dict[str, Any] = {}
    if not plan.measures:
        problems["measures"] = _(
            "Name at least one thing that is measured before and after: without a baseline nothing compares."
        )
    if len(plan.measures) > MAX_MEASURES:
        problems["measures"] = _("Give at most %(count)s measures; each has to be taken twice at every site.") % {
            "count": MAX_MEASURES
        }
    for place, measure in enumerate(plan.measures):
        if not measure.name_en.strip() and not measure.name_zh.strip():
            problems[f"measures-{place}-name_en"] = _("Name the measure in English or in Chinese.")
        if not measure.unit.strip():
            problems[f"measures-{place}-unit"] = _("Say in which unit it is measured.")
        if measure.direction not in {1, -1}:
            problems[f"measures-{place}-direction"] = _("Say whether more or less is better.")
        if measure.minimum_change is not None and not 0 <= measure.minimum_change <= LARGEST_CHANGE:
            problems[f"measures-{place}-minimum_change"] = _("Give a percentage from 0 to 9999.99.")
    return problems


def _site_problems(plan: PilotPlan, allowed: set[int]) -> dict[str, Any]:
    sites = set(plan.participant_ids)
    if not sites:
        return {"participants": _("Choose at least one pilot firm.")}
    if sites - allowed:
        return {
            "participants": _(
                "Pilot firms sit in the leading-enterprise group, did not make the product, and do not stand aside."
            )
        }
    if len(sites) > MAX_SITES:
        return {"participants": _("Choose at most %(count)s pilot firms.") % {"count": MAX_SITES}}
    if not 1 <= plan.minimum_sites <= len(sites):
        return {
            "minimum_sites": _("Give a number from 1 to the %(count)s sites that are asked.") % {"count": len(sites)},
        }
    return {}


def _date_problems(plan: PilotPlan, at: datetime) -> dict[str, Any]:
    problems: dict[str, Any] = {}
    if plan.deadline <= plan.starts_at:
        problems["deadline"] = _("The deadline must lie after the start.")
    elif plan.deadline <= at:
        problems["deadline"] = _("The date lies in the past. Give a later one.")
    if plan.accept_by is not None and plan.accept_by >= plan.deadline:
        problems["accept_by"] = _("Sites must answer the invitation before the deadline.")
    return problems


def _number_problems(plan: PilotPlan) -> dict[str, Any]:
    problems: dict[str, Any] = {}
    if not Decimal(0) <= plan.trim_proportion < Decimal("0.5"):
        problems["trim_proportion"] = _("Give a share from 0 to under 0.5.")
    if plan.minimum_answers < 1:
        problems["minimum_answers"] = _("At least one answer is needed.")
    if plan.maximum_rounds < 1:
        problems["maximum_rounds"] = _("At least one round is needed.")
    if plan.sample_size < 1:
        problems["sample_size"] = _("At least one answer is hoped for at each site.")
    for name in ("remind_days_before", "escalate_days"):
        if not 0 <= getattr(plan, name) <= MOST_REMINDER_DAYS:
            problems[name] = _("Give a number of days from 0 to %(count)s.") % {"count": MOST_REMINDER_DAYS}
    return problems


def write_criteria(pilot: Pilot, criteria: Sequence[Criterion]) -> None:
    """Make the round's criteria those of the plan, place by place; only before the round is open."""
    pilot.criteria.filter(position__gt=len(criteria)).delete()
    for place, criterion in enumerate(criteria, start=1):
        PilotCriterion.objects.update_or_create(
            alliance_id=pilot.alliance_id,
            pilot=pilot,
            position=place,
            defaults={field.name: _stripped(getattr(criterion, field.name)) for field in fields(criterion)},
        )


def write_measures(pilot: Pilot, measures: Sequence[Measure]) -> None:
    """Make the round's measures those of the plan; one of which values were taken keeps what was measured.

    Raises:
        InvalidInputError: ``measure_has_values``: name, unit or direction of a measure would change under values taken already.
    """
    taken = set(pilot.measures.filter(readings__isnull=False).values_list("position", flat=True))
    rows = {row.position: row for row in pilot.measures.all()}
    for place in sorted(taken):
        row = rows[place]
        wanted = measures[place - 1] if place <= len(measures) else None
        if wanted is None or any(
            getattr(row, name) != _stripped(getattr(wanted, name)) for name in ("name_en", "name_zh", "unit", "direction")
        ):
            words = _(
                "“%(measure)s” was measured already: it stays as it is, in its place. Add another measure after it."
            ) % {"measure": row.name}
            raise InvalidInputError(words, code="measure_has_values", fields={f"measures-{place - 1}-name_en": words})
    pilot.measures.filter(position__gt=len(measures)).delete()
    for place, measure in enumerate(measures, start=1):
        PilotMeasure.objects.update_or_create(
            alliance_id=pilot.alliance_id,
            pilot=pilot,
            position=place,
            defaults={field.name: _stripped(getattr(measure, field.name)) for field in fields(measure)},
        )


def plan_document(pilot: Pilot) -> dict[str, Any]:
    """The whole plan as plain values, for keeping; four queries."""
    plan = current_plan(pilot)
    tested = pilot.tested
    return {
        "tested": {"version": tested.number, "serial": tested.serial, "digest": tested.digest},
        **{name: _plain(getattr(plan, name)) for name in PLAIN},
        "criteria": [{field.name: _plain(getattr(row, field.name)) for field in fields(row)} for row in plan.criteria],
        "measures": [{field.name: _plain(getattr(row, field.name)) for field in fields(row)} for row in plan.measures],
        "sites": list(
            pilot.participants.filter(state__in=TAKING_PART)
            .order_by("institution__code")
            .values_list("institution__code", flat=True)
        ),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if hasattr(value, "isoformat") else value


def keep_plan(pilot: Pilot, *, reason: str, actor: User | None, at: datetime) -> PilotPlanVersion | None:
    """Keep the plan as it stands as the round's next version; None when nothing differs. The caller holds the round's lock."""
    document = plan_document(pilot)
    last = pilot.plans.order_by("-number").first()
    if last is not None and last.plan == document:
        return None
    number = (last.number if last else 0) + 1
    if pilot.plan_version != number:
        pilot.plan_version = number
        pilot.save(update_fields=["plan_version"])
    return PilotPlanVersion.objects.create(
        alliance_id=pilot.alliance_id, pilot=pilot, number=number, plan=document, reason=reason, made_by=actor, made_at=at
    )


def invitation_key(pilot: Pilot, institution_id: int) -> str:
    """Key of the inbox item that asks an institution whether it takes part."""
    return f"pilot-invitation:{pilot.pk}:{institution_id}"


def ask_to_join(pilot: Pilot, participant: PilotParticipant, *, at: datetime) -> None:
    """Put the invitation in the inbox of an enterprise's people, or renew its date there."""
    day = pilot.accept_by or pilot.starts_at
    ask(
        pilot.product,
        "pilot_invitation",
        invitation_key(pilot, participant.institution_id),
        inbox.institution(participant.institution_id),
        at=at,
        due_at=day,
        url_name="pilot_site",
        **day_params("due", day),
    )


def invite(pilot: Pilot, participant: PilotParticipant, *, at: datetime) -> None:
    """Ask a site whether it takes part, in its people's inbox and by mail; the caller holds the round's lock."""
    ask_to_join(pilot, participant, at=at)
    tell(
        pilot.product,
        staff_of(pilot.alliance, [participant.institution_id], at=at),
        "pilot_invited",
        f"pilot_invited:{pilot.product.code}:{pilot.round}:{participant.institution_id}:{at.isoformat()}",
        at=at,
        url_name="pilot_site",
        **day_params("due", pilot.accept_by or pilot.starts_at),
        **day_params("starts", pilot.starts_at),
    )
