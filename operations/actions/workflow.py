"""The pilot workflow: opens a round, reminds, closes it at its deadline, sums the answers up, decides by the plan's rule.

:func:`advance_pilot` takes one step that is due, in one transaction with all its effects and the note that it was taken
(PilotStep, unique per round and key). A worker that dies leaves either the whole step or none of it, and a second worker
finds the step taken. Locks are taken in one order: product, then round.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext, override

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.choices import AllianceRole
from alliance.kernel import faults
from alliance.kernel.events import emit
from operations.actions.announce import ask, day_params, move, tell
from operations.actions.pilot import ask_for_feedback, note_extension
from operations.choices import DefectSeverity, ParticipantState, PilotState, ProductState
from operations.models import Defect, ImprovementTask, Pilot, PilotFeedback, PilotStep, Product
from operations.selectors.people import staff_of
from operations.selectors.results import make_record
from operations.signals import PILOT_DECIDED, PILOT_OPENED
from operations.transitions import (
    CLOSE_PILOT,
    END_PILOT_WITHOUT_RESULT,
    FAIL_PILOT,
    IMPROVE,
    OPEN_PILOT,
    PASS_PILOT,
    PROPOSE_RELEASE,
)

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

Step = Callable[[Pilot, "datetime"], None]

OUTCOMES = {
    PilotState.PASSED: PASS_PILOT,
    PilotState.FAILED: FAIL_PILOT,
    PilotState.INCONCLUSIVE: END_PILOT_WITHOUT_RESULT,
}


@transaction.atomic
def advance_pilot(alliance: Alliance, pilot_id: int, *, at: datetime) -> str:
    """Take the step of a round that is due, if there is one.

    Args:
        alliance: The tenant.
        pilot_id: The round.
        at: Now; answers count up to and including the deadline, so a round closes only after it.

    Returns:
        Key of the step taken, empty when nothing is due.
    """
    found = Pilot.objects.of(alliance).filter(pk=pilot_id).values_list("product_id", flat=True).first()
    if found is None:
        return ""
    product = Product.objects.of(alliance).select_for_update(of=("self",)).get(pk=found)
    pilot = Pilot.objects.of(alliance).select_for_update(of=("self",)).get(pk=pilot_id)
    pilot.product = product
    due = _due_step(pilot, at)
    if due is None:
        return ""
    key, step = due
    name = key.partition(":")[0]
    faults.point(f"pilot.{name}.begin")
    _note_step(pilot, key, at)
    step(pilot, at)
    faults.point(f"pilot.{name}.end")
    return key


def _note_step(pilot: Pilot, key: str, at: datetime) -> None:
    """Note a step; a step that was taken before breaks the unique constraint and undoes this transaction."""
    PilotStep.objects.create(alliance_id=pilot.alliance_id, pilot=pilot, key=key, at=at)


def _taken(pilot: Pilot, key: str) -> bool:
    return pilot.steps.filter(key=key).exists()


def _due_step(pilot: Pilot, at: datetime) -> tuple[str, Step] | None:
    """The one step that is due now, with its key."""
    if pilot.state == PilotState.PLANNED:
        return ("open", _open) if at >= pilot.starts_at else None
    if pilot.state in {PilotState.OPEN, PilotState.EXTENDED}:
        stamp = pilot.deadline.isoformat()
        if at > pilot.deadline and not pilot.closes_itself:
            return None if _taken(pilot, f"overdue:{stamp}") else (f"overdue:{stamp}", _ask_to_close)
        if at > pilot.deadline:
            return (f"extend:{stamp}", _extend) if _must_extend(pilot) else ("close", _close)
        reminder = pilot.deadline - timedelta(days=pilot.remind_days_before)
        if pilot.remind_days_before and at >= reminder and not _taken(pilot, f"remind:{stamp}"):
            return (f"remind:{stamp}", _remind)
        return None
    if pilot.state == PilotState.AGGREGATING:
        return ("decide", _decide) if _taken(pilot, "aggregate") else ("aggregate", _aggregate)
    return None


def _must_extend(pilot: Pilot) -> bool:
    """Whether the plan's rule extends the round: too few answers, and it was not extended before."""
    return pilot.extension_days > 0 and pilot.extensions == 0 and count_answers(pilot) < pilot.minimum_answers


def count_answers(pilot: Pilot) -> int:
    """Answers of a round; one query."""
    return PilotFeedback.objects.filter(alliance_id=pilot.alliance_id, participant__pilot=pilot).count()


def _record(pilot: Pilot, verb: str, before: str, *, actor: User | None, at: datetime, **after: Any) -> None:
    record_audit(
        pilot.product,
        actor=actor,
        verb=verb,
        before={"pilot": before},
        after={"pilot": pilot.state, "round": pilot.round, **after},
        at=at,
    )


def _open(pilot: Pilot, at: datetime) -> None:
    OPEN_PILOT.check(pilot.state)
    before = pilot.state
    pilot.state, pilot.opened_at = OPEN_PILOT.target, at
    pilot.save(update_fields=["state", "opened_at"])
    _record(pilot, OPEN_PILOT.name, before, actor=None, at=at)
    firms: list[int] = []
    for participant in pilot.participants.filter(state=ParticipantState.INVITED):
        ask_for_feedback(pilot, participant, at=at)
        firms.append(participant.institution_id)
    faults.point("pilot.open.middle")
    tell(
        pilot.product,
        staff_of(pilot.alliance, firms, at=at),
        "pilot_opened",
        f"pilot_opened:{pilot.product.code}:{pilot.round}",
        at=at,
        url_name="pilot_answer",
        **day_params("due", pilot.deadline),
    )
    emit(pilot.alliance, PILOT_OPENED, {"product": pilot.product.code, "round": pilot.round})


def _remind(pilot: Pilot, at: datetime) -> None:
    silent = list(pilot.participants.filter(state=ParticipantState.INVITED))
    for participant in silent:
        participant.reminded_at = at
        participant.save(update_fields=["reminded_at"])
        ask_for_feedback(pilot, participant, at=at)
    faults.point("pilot.remind.middle")
    tell(
        pilot.product,
        staff_of(pilot.alliance, [participant.institution_id for participant in silent], at=at),
        "pilot_reminder",
        f"pilot_reminder:{pilot.product.code}:{pilot.round}:{pilot.deadline.isoformat()}",
        at=at,
        url_name="pilot_answer",
        **day_params("due", pilot.deadline),
    )


def _extend(pilot: Pilot, at: datetime) -> None:
    later = max(pilot.deadline, at) + timedelta(days=pilot.extension_days)
    note_extension(pilot, later, actor=None, at=at)
    ask(
        pilot.product,
        "pilot_few_answers",
        f"pilot-few:{pilot.pk}",
        inbox.office(),
        at=at,
        due_at=later,
        count=count_answers(pilot),
        needed=pilot.minimum_answers,
    )


def _ask_to_close(pilot: Pilot, at: datetime) -> None:
    """The plan leaves closing to the secretariat: ask it."""
    inbox.settle_all(pilot.alliance, f"pilot-feedback:{pilot.pk}:", by=None, at=at)
    ask(
        pilot.product,
        "pilot_overdue",
        f"pilot-overdue:{pilot.pk}:{pilot.deadline.isoformat()}",
        inbox.office(),
        at=at,
        due_at=pilot.deadline,
        count=count_answers(pilot),
        **day_params("due", pilot.deadline),
    )


def _close(pilot: Pilot, at: datetime) -> None:
    close_round(pilot, actor=None, at=at)


def close_round(pilot: Pilot, *, actor: User | None, at: datetime) -> None:
    """Take no more answers; the caller holds the round's lock, so every accepted answer is in."""
    CLOSE_PILOT.check(pilot.state)
    before = pilot.state
    pilot.state, pilot.closed_at, pilot.answers = CLOSE_PILOT.target, at, count_answers(pilot)
    pilot.save(update_fields=["state", "closed_at", "answers"])
    _record(pilot, CLOSE_PILOT.name, before, actor=actor, at=at, answers=pilot.answers)
    inbox.settle_all(pilot.alliance, f"pilot-feedback:{pilot.pk}:", by=actor, at=at)
    inbox.settle(pilot.alliance, f"pilot-few:{pilot.pk}", by=actor, at=at)
    inbox.settle_all(pilot.alliance, f"pilot-overdue:{pilot.pk}:", by=actor, at=at)


def _aggregate(pilot: Pilot, at: datetime) -> None:
    record = make_record(pilot, at=at)
    score = record["figures"]["mean_score"]["value"]
    pilot.result = record
    pilot.answers = record["figures"]["answers"]
    pilot.mean_score = None if score is None else Decimal(str(round(score, 2)))
    faults.point("pilot.aggregate.middle")
    pilot.save(update_fields=["result", "answers", "mean_score"])
    record_audit(
        pilot.product,
        actor=None,
        verb="aggregate_pilot",
        after={
            "round": pilot.round,
            "method": record["method"],
            "method_version": record["version"],
            "answers": pilot.answers,
            "mean_score": pilot.mean_score,
        },
        at=at,
    )


def _decide(pilot: Pilot, at: datetime) -> None:
    outcome = PilotState(pilot.result["figures"]["outcome"])
    step = OUTCOMES[outcome]
    step.check(pilot.state)
    before = pilot.state
    pilot.state, pilot.decided_at = step.target, at
    pilot.save(update_fields=["state", "decided_at"])
    _record(pilot, step.name, before, actor=None, at=at, reasons=pilot.result["figures"]["reasons"])
    faults.point("pilot.decide.middle")
    if pilot.product.state == ProductState.PILOTING:
        if outcome == PilotState.PASSED:
            _propose_release(pilot, at)
        else:
            _send_to_improvement(pilot, at)
    emit(
        pilot.alliance,
        PILOT_DECIDED,
        {"product": pilot.product.code, "round": pilot.round, "outcome": outcome.value},
    )


def _propose_release(pilot: Pilot, at: datetime) -> None:
    product = pilot.product
    product.release_proposed_at = at
    move(
        product,
        PROPOSE_RELEASE,
        actor=None,
        at=at,
        fields=["release_proposed_at"],
        after={"round": pilot.round, "mean_score": pilot.mean_score},
    )
    for role in (AllianceRole.COMMITTEE, AllianceRole.SECRETARIAT):
        ask(product, "release_proposed", f"release:{product.code}:{role}", inbox.office(role), at=at)


def _send_to_improvement(pilot: Pilot, at: datetime) -> None:
    product = pilot.product
    ImprovementTask.objects.bulk_create(_tasks_of(pilot), ignore_conflicts=True)
    move(product, IMPROVE, actor=None, at=at, after={"round": pilot.round, "outcome": pilot.state})
    ask(
        product,
        "product_improve",
        f"improve:{product.code}:{pilot.round}",
        inbox.institution(product.author_id),
        at=at,
    )
    makers = [product.author_id, *([product.adapter_id] if product.adapter_id else [])]
    tell(
        product,
        staff_of(pilot.alliance, makers, at=at),
        "pilot_not_passed",
        f"pilot_not_passed:{product.code}:{pilot.round}",
        at=at,
    )


def _tasks_of(pilot: Pilot) -> list[ImprovementTask]:
    """One task per criterion under its pass mark and per blocking or major defect, in both languages."""
    tasks: list[ImprovementTask] = []
    for criterion in pilot.result["figures"]["criteria"]:
        if criterion["passed"] or criterion["value"] is None:
            continue
        words: dict[str, str] = {}
        for language, own, other in (("en", "name_en", "name_zh"), ("zh-hans", "name_zh", "name_en")):
            with override(language):
                words[language] = gettext("Raise “%(criterion)s”: %(mean).2f, pass mark %(mark).2f") % {
                    "criterion": criterion[own] or criterion[other],
                    "mean": criterion["value"],
                    "mark": criterion["pass_mark"],
                }
        tasks.append(
            ImprovementTask(
                alliance_id=pilot.alliance_id,
                pilot=pilot,
                key=f"criterion:{criterion['id']}",
                text_en=words["en"][:300],
                text_zh=words["zh-hans"][:300],
            )
        )
    counted = [answer["answer"] for answer in pilot.result["inputs"]["answers"]]
    grave = Defect.objects.filter(
        alliance_id=pilot.alliance_id,
        feedback_id__in=counted,
        severity__in=[DefectSeverity.BLOCKING, DefectSeverity.MAJOR],
    ).order_by("id")
    # A pilot firm writes in one language; the same words stand in both columns rather than none in one.
    tasks.extend(
        ImprovementTask(
            alliance_id=pilot.alliance_id,
            pilot=pilot,
            key=f"defect:{defect.pk}",
            text_en=defect.description[:300],
            text_zh=defect.description[:300],
        )
        for defect in grave
    )
    return tasks
