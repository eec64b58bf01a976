"""The pilot workflow: invites, opens a round, reminds, escalates, closes it, sums the answers up, decides by the plan's rule.

:func:`advance_pilot` takes one step that is due, in one transaction with all its effects and the note that it was taken
(PilotStep, unique per round and key). A worker that dies leaves either the whole step or none of it, and a second worker
finds the step taken. Locks are taken in one order: product, then round.

Nothing depends on how often or how regularly it is called. A clock that is set back finds the steps taken; one that leaps takes
what is due now, each step once, and never two deadlines in one go, because every deadline is part of the key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext, override

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.choices import AllianceRole
from alliance.kernel import faults, jobs
from alliance.kernel.events import emit
from alliance.kernel.formats import format_list
from operations.actions import aggregation
from operations.actions.aggregation import aggregate_key, store_result
from operations.actions.announce import ask, day_params, move, tell
from operations.actions.pilot import ask_for_feedback, note_extension, settle_round
from operations.actions.plan import ask_to_join, keep_plan
from operations.actions.point import raise_point
from operations.choices import ParticipantState, PilotState, PointSource, ProductState
from operations.models import Pilot, PilotFeedback, PilotParticipant, PilotStep, Product
from operations.selectors.people import staff_of
from operations.selectors.results import gather_inputs, make_record, parameters_of
from operations.selectors.site import convening_ids, opening_of, people_of_sites
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


def _key(pilot: Pilot, name: str, moment: datetime | None = None) -> str:
    """A step's key: its name, the date it hangs on, and the round's turn once it was taken up again."""
    parts = [name]
    if moment is not None:
        parts.append(moment.isoformat())
    if pilot.turn:
        parts.append(str(pilot.turn))
    return ":".join(parts)


def _first(pilot: Pilot, *candidates: tuple[bool, str, Step]) -> tuple[str, Step] | None:
    """The first candidate whose time has come and that was not taken."""
    for due, key, step in candidates:
        if due and not _taken(pilot, key):
            return key, step
    return None


def _due_step(pilot: Pilot, at: datetime) -> tuple[str, Step] | None:
    """The one step that is due now, with its key."""
    if pilot.state == PilotState.PLANNED:
        return _due_before_opening(pilot, at)
    if pilot.state in {PilotState.OPEN, PilotState.EXTENDED}:
        return _due_while_open(pilot, at)
    if pilot.state == PilotState.AGGREGATING:
        if _taken(pilot, aggregate_key(pilot)):
            return _key(pilot, "decide"), _decide
        return _due_aggregation(pilot)
    return None


def _due_before_opening(pilot: Pilot, at: datetime) -> tuple[str, Step] | None:
    accept_by = pilot.accept_by or pilot.starts_at
    reminder = accept_by - timedelta(days=pilot.remind_days_before)
    silence = timedelta(days=pilot.escalate_days)
    early = pilot.remind_days_before > 0 and reminder <= at < accept_by
    patience_over = pilot.escalate_days > 0 and at >= accept_by + silence
    if not early and not patience_over and at < pilot.starts_at:
        return None
    opening = opening_of(pilot)
    silent = bool(opening.silent)
    # Whoever was invited within the days of the reminder has the invitation before the eyes.
    planned = pilot.plans.order_by("-number").values_list("made_at", flat=True).first()
    step = _first(
        pilot,
        (
            early and silent and (planned is None or planned < reminder),
            _key(pilot, "remind_sites", accept_by),
            _remind_sites,
        ),
        (patience_over and silent, _key(pilot, "escalate_sites", accept_by), _escalate_sites),
    )
    if step is not None or at < pilot.starts_at:
        return step
    if opening.can_open and (at >= accept_by or not silent):
        return _key(pilot, "open"), _open
    late = pilot.escalate_days > 0 and at >= pilot.starts_at + silence and bool(opening.without_baseline)
    return _first(
        pilot,
        (True, _key(pilot, "wait", pilot.starts_at), _ask_what_is_missing),
        (late, _key(pilot, "escalate_baseline", pilot.starts_at), _escalate_baseline),
    )


def _due_while_open(pilot: Pilot, at: datetime) -> tuple[str, Step] | None:
    deadline, silence = pilot.deadline, timedelta(days=pilot.escalate_days)
    if at > deadline and not pilot.closes_itself:
        return _first(
            pilot,
            (True, _key(pilot, "overdue", deadline), _ask_to_close),
            (pilot.escalate_days > 0 and at >= deadline + silence, _key(pilot, "escalate_late", deadline), _escalate),
        )
    if at > deadline:
        if _must_extend(pilot):
            return _key(pilot, "extend", deadline), _extend
        return _key(pilot, "close"), _close
    if not pilot.closes_itself and _taken(pilot, _key(pilot, "overdue", deadline)):
        return None  # the clock was set back: whoever was told that the day has passed is not reminded of it
    reminder = deadline - timedelta(days=pilot.remind_days_before)
    reminds = pilot.remind_days_before > 0 and at >= reminder
    return _first(
        pilot,
        (reminds, _key(pilot, "remind", deadline), _remind),
        (
            reminds and pilot.escalate_days > 0 and at >= reminder + silence,
            _key(pilot, "escalate", deadline),
            _escalate,
        ),
    )


def _due_aggregation(pilot: Pilot) -> tuple[str, Step] | None:
    """A small round is summed up here, a large one by a job; when jobs fail again and again, here after all."""
    if not aggregation.is_large(pilot):
        return aggregate_key(pilot), _aggregate
    begun = aggregation.jobs_of(pilot)
    if begun and not begun[0].is_over:
        return None
    if len(begun) >= aggregation.ATTEMPTS:
        return aggregate_key(pilot), _aggregate
    return _key(pilot, f"hand_on:{len(begun)}"), _hand_on


def _must_extend(pilot: Pilot) -> bool:
    """Whether the plan's rule extends the round: too few answers, and it was neither extended nor taken up again before."""
    return (
        pilot.extension_days > 0
        and pilot.extensions == 0
        and pilot.turn == 0
        and count_answers(pilot) < pilot.minimum_answers
    )


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


def _silent(pilot: Pilot) -> list[PilotParticipant]:
    """Sites that take part and have not answered."""
    rows = pilot.participants.filter(state=ParticipantState.ACCEPTED).select_related("institution").order_by("id")
    return list(rows)


def _names(sites: Sequence[PilotParticipant]) -> dict[str, Any]:
    """The names of sites as a placeholder in both languages."""
    firms = [site.institution for site in sites]
    return {
        "firms_en": format_list((firm.name_en or firm.name_zh for firm in firms), "en"),
        "firms_zh": format_list((firm.name_zh or firm.name_en for firm in firms), "zh-hans"),
    }


def _remind_sites(pilot: Pilot, at: datetime) -> None:
    """Remind the invited that have not said whether they take part."""
    accept_by = pilot.accept_by or pilot.starts_at
    silent = opening_of(pilot).silent
    for participant in silent:
        participant.reminded_at = at
        participant.save(update_fields=["reminded_at"])
        ask_to_join(pilot, participant, at=at)
    faults.point("pilot.remind_sites.middle")
    tell(
        pilot.product,
        staff_of(pilot.alliance, [participant.institution_id for participant in silent], at=at),
        "pilot_invitation_reminder",
        f"pilot_invitation_reminder:{pilot.product.code}:{pilot.round}:{accept_by.isoformat()}",
        at=at,
        url_name="pilot_site",
        **day_params("due", accept_by),
    )


def _tell_convenor(pilot: Pilot, kind: str, sites: Sequence[PilotParticipant], key: str, at: datetime) -> None:
    """Tell the convenor of the leading-enterprise group which sites are silent; without one, or if it is silent itself, the office."""
    for participant in sites:
        participant.escalated_at = at
        participant.save(update_fields=["escalated_at"])
    silent = {participant.institution_id for participant in sites}
    convenors = [number for number in convening_ids(pilot.alliance, at=at) if number not in silent]
    audiences = [inbox.institution(number) for number in convenors] or [inbox.office()]
    for place, audience in enumerate(audiences):
        ask(pilot.product, kind, f"pilot-silent:{pilot.pk}:{key}:{place}", audience, at=at, **_names(sites))
    faults.point(f"pilot.{key.partition(':')[0]}.middle")
    tell(
        pilot.product,
        staff_of(pilot.alliance, convenors, at=at),
        kind,
        f"{kind}:{pilot.product.code}:{pilot.round}:{key}",
        at=at,
        **_names(sites),
    )


def _escalate_sites(pilot: Pilot, at: datetime) -> None:
    key = _key(pilot, "escalate_sites", pilot.accept_by or pilot.starts_at)
    _tell_convenor(pilot, "pilot_sites_silent", opening_of(pilot).silent, key, at)


def _escalate_baseline(pilot: Pilot, at: datetime) -> None:
    sites = [entry.participant for entry in opening_of(pilot).without_baseline]
    _tell_convenor(pilot, "pilot_baseline_missing", sites, _key(pilot, "escalate_baseline", pilot.starts_at), at)


def _escalate(pilot: Pilot, at: datetime) -> None:
    name = "escalate_late" if at > pilot.deadline else "escalate"
    silent = _silent(pilot)
    if silent:
        _tell_convenor(pilot, "pilot_sites_silent", silent, _key(pilot, name, pilot.deadline), at)
    else:
        faults.point(f"pilot.{name}.middle")


def _ask_what_is_missing(pilot: Pilot, at: datetime) -> None:
    """The start has come and the round cannot open: ask the office, which may take a silent site out."""
    opening = opening_of(pilot)
    waiting = [*opening.silent, *(entry.participant for entry in opening.without_baseline)]
    faults.point("pilot.wait.middle")
    ask(
        pilot.product,
        "pilot_waiting",
        f"pilot-waiting:{pilot.pk}:{pilot.starts_at.isoformat()}",
        inbox.office(),
        at=at,
        due_at=pilot.starts_at,
        accepted=opening.accepted,
        needed=opening.needed,
        **_names(waiting),
    )


def _open(pilot: Pilot, at: datetime) -> None:
    OPEN_PILOT.check(pilot.state)
    before = pilot.state
    pilot.state, pilot.opened_at = OPEN_PILOT.target, at
    pilot.save(update_fields=["state", "opened_at"])
    _record(pilot, OPEN_PILOT.name, before, actor=None, at=at)
    settle_round(pilot, actor=None, at=at)
    for participant in pilot.participants.filter(state=ParticipantState.INVITED):
        ask_to_join(pilot, participant, at=at)  # an invited site may still join while answers are taken
    sites = _silent(pilot)
    for participant in sites:
        ask_for_feedback(pilot, participant, at=at)
    faults.point("pilot.open.middle")
    tell(
        pilot.product,
        people_of_sites(pilot, sites, at=at),
        "pilot_opened",
        f"pilot_opened:{pilot.product.code}:{pilot.round}",
        at=at,
        url_name="pilot_answer",
        **day_params("due", pilot.deadline),
    )
    emit(pilot.alliance, PILOT_OPENED, {"product": pilot.product.code, "round": pilot.round})


def _remind(pilot: Pilot, at: datetime) -> None:
    silent = _silent(pilot)
    for participant in silent:
        participant.reminded_at = at
        participant.save(update_fields=["reminded_at"])
        ask_for_feedback(pilot, participant, at=at)
    faults.point("pilot.remind.middle")
    tell(
        pilot.product,
        people_of_sites(pilot, silent, at=at),
        "pilot_reminder",
        f"pilot_reminder:{pilot.product.code}:{pilot.round}:{_key(pilot, 'remind', pilot.deadline)}",
        at=at,
        url_name="pilot_answer",
        **day_params("due", pilot.deadline),
    )


def _extend(pilot: Pilot, at: datetime) -> None:
    later = max(pilot.deadline, at) + timedelta(days=pilot.extension_days)
    note_extension(pilot, later, actor=None, at=at)
    faults.point("pilot.extend.middle")
    with override("en"):
        reason = gettext("Too few answers at the deadline: the plan extends the round once.")
    keep_plan(pilot, reason=reason, actor=None, at=at)
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
    """The plan leaves closing to the secretariat: ask it, and tell the sites whose answer is missing."""
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
    faults.point("pilot.overdue.middle")
    tell(
        pilot.product,
        people_of_sites(pilot, _silent(pilot), at=at),
        "pilot_late",
        f"pilot_late:{pilot.product.code}:{pilot.round}:{_key(pilot, 'overdue', pilot.deadline)}",
        at=at,
        url_name="pilot_site",
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
    faults.point("pilot.close.middle")
    _record(pilot, CLOSE_PILOT.name, before, actor=actor, at=at, answers=pilot.answers)
    settle_round(pilot, actor=actor, at=at)


def _hand_on(pilot: Pilot, at: datetime) -> None:  # noqa: ARG001 - the job notes its own moment
    """Let a job sum a large round up."""
    jobs.start(
        pilot.alliance,
        aggregation.AGGREGATE_JOB,
        actor=None,
        params={"pilot": pilot.pk, "turn": pilot.turn},
    )
    faults.point("pilot.hand_on.middle")


def _aggregate(pilot: Pilot, at: datetime) -> None:
    store_result(pilot, make_record(gather_inputs(pilot), parameters_of(pilot), at=at), at=at)


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
    faults.point("pilot.propose.begin")
    product.release_proposed_at = at
    move(
        product,
        PROPOSE_RELEASE,
        actor=None,
        at=at,
        fields=["release_proposed_at"],
        after={"round": pilot.round, "mean_score": pilot.mean_score},
    )
    faults.point("pilot.propose.middle")
    for role in (AllianceRole.COMMITTEE, AllianceRole.SECRETARIAT):
        ask(product, "release_proposed", f"release:{product.code}:{role}", inbox.office(role), at=at)
    faults.point("pilot.propose.end")


def _send_to_improvement(pilot: Pilot, at: datetime) -> None:
    product = pilot.product
    faults.point("pilot.raise.begin")
    raise_weak_criteria(pilot, at)
    raise_weak_measures(pilot, at)
    faults.point("pilot.raise.middle")
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
        _key(pilot, f"pilot_not_passed:{product.code}:{pilot.round}"),
        at=at,
    )
    faults.point("pilot.raise.end")


def raise_weak_criteria(pilot: Pilot, at: datetime) -> None:
    """One point per criterion under its pass mark, in both languages; grave defects are points already."""
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
        raise_point(
            pilot.product,
            key=f"criterion:{pilot.pk}:{criterion['id']}",
            source=PointSource.CRITERION,
            text_en=words["en"],
            text_zh=words["zh-hans"],
            pilot=pilot,
            at=at,
        )


def raise_weak_measures(pilot: Pilot, at: datetime) -> None:
    """One point per measure that did not change for the better as far as the plan asks, in both languages."""
    for measure in pilot.result["figures"]["measures"]:
        if measure["passed"] is not False:
            continue
        percent = measure["change"]["percent"]
        words: dict[str, str] = {}
        for language, own, other in (("en", "name_en", "name_zh"), ("zh-hans", "name_zh", "name_en")):
            with override(language):
                if percent is None:
                    template = gettext("Measure “%(measure)s” after the trial as well; %(needed).1f%% better is asked for")
                else:
                    template = gettext("Improve “%(measure)s”: %(percent)+.1f%%, %(needed).1f%% better is asked for")
                words[language] = template % {
                    "measure": measure[own] or measure[other],
                    "percent": percent or 0.0,
                    "needed": measure["minimum_change"],
                }
        raise_point(
            pilot.product,
            key=f"measure:{pilot.pk}:{measure['id']}",
            source=PointSource.CRITERION,
            text_en=words["en"],
            text_zh=words["zh-hans"],
            pilot=pilot,
            at=at,
        )
