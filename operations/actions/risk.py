"""The risk register: opening, changing, reviewing and settling a risk, and what is done against it (features S33).

Grades change only by a review, which is kept: the register shows what was thought of a risk at each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.choices import AudienceScope
from alliance.kernel.codes import next_code
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, SeparationOfDutiesError
from alliance.kernel.events import emit
from alliance.kernel.formats import format_day
from alliance.kernel.permissions import permissions, require
from alliance.models import InboxItem
from groups.actions.conflict import require_no_conflict
from operations.choices import RiskCategory, RiskState
from operations.models import Risk, RiskMeasure, RiskReview
from operations.permissions import ACCEPT_RISK_PERMISSION, MANAGE_RISKS, own_institutions
from operations.selectors.risk import LIVE, cause_of, people_for_risks, risk_matter
from operations.signals import RISK_OPENED, RISK_REVIEWED, RISK_STATE_CHANGED
from operations.transitions import ACCEPT_RISK, CLOSE_RISK, REOPEN_RISK

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance, User

TEXTS: Final[dict[str, int]] = {"title_en": 200, "title_zh": 200, "words_en": 4000, "words_zh": 4000}
"""What is written about a risk, and how long it may be."""
LONGEST_WAIT: Final = 366
"""Days until the next review at most: a risk that nobody looks at for longer is not watched."""
MOST_MEASURES: Final = 50


def lock_risk(alliance: Alliance, code: str) -> Risk:
    """The risk, locked until the transaction ends.

    Raises:
        NotFoundError: No risk of this alliance has the code.
    """
    risk = Risk.objects.of(alliance).select_for_update(of=("self",)).select_related("owner").filter(code=code).first()
    if risk is None:
        raise NotFoundError
    return risk


def refuse_field(name: str, words: StrOrPromise, code: str = "invalid_input") -> InvalidInputError:
    """A refusal that stands at one field."""
    return InvalidInputError(words, code=code, fields={name: words})


def title_params(risk: Risk, **more: Any) -> dict[str, Any]:
    """Placeholders every text about a risk may use."""
    return {"title_en": risk.title_en, "title_zh": risk.title_zh, "code": risk.code, **more}


def require_impartial(risk: Risk, actor: User, *, at: datetime) -> None:
    """Refuse whoever acts for an institution that the risk concerns, or that stands aside from it.

    Asked after the row is locked, so that a declaration that was accepted before this act counts.

    Raises:
        SeparationOfDutiesError: The fact that opened the risk is one of the actor's institution.
        ConflictOfInterestError: The actor's institution stands aside.
    """
    mine = own_institutions(actor, risk.alliance, at=at)
    if mine & cause_of(risk).institution_ids:
        raise SeparationOfDutiesError(
            _("This risk concerns your own institution, so somebody of another institution judges it."),
            who=permissions.get(MANAGE_RISKS).describe_holders(),
        )
    require_no_conflict(risk.alliance, mine, risk_matter(risk.code))


def _clean_texts(values: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: str(values.get(name) or "").strip() for name in TEXTS}
    wrong: dict[str, StrOrPromise] = {
        name: _("This is longer than %(most)s characters.") % {"most": most}
        for name, most in TEXTS.items()
        if len(texts[name]) > most
    }
    if not texts["title_en"] and not texts["title_zh"]:
        wrong["title_en"] = _("Say in English or in Chinese what may go wrong.")
    if values.get("category") not in RiskCategory.values:
        wrong["category"] = _("Choose one from the list.")
    if wrong:
        raise InvalidInputError(
            _("The risk was not saved: %(what)s") % {"what": " ".join(str(words) for words in wrong.values())},
            code="risk_invalid",
            fields=wrong,
        )
    return texts


def _clean_grades(values: Mapping[str, Any], day_field: str, *, at: datetime) -> tuple[int, int, date]:
    wrong: dict[str, StrOrPromise] = {}
    grades = []
    for name in ("likelihood", "impact"):
        value = values.get(name)
        if not isinstance(value, int) or not 1 <= value <= 5:
            wrong[name] = _("Choose a grade from 1 to 5.")
            value = 1
        grades.append(value)
    today = timezone.localtime(at).date()
    day = values.get(day_field)
    if not isinstance(day, date):
        wrong[day_field] = _("Give the day of the next review.")
        day = today
    elif day <= today:
        wrong[day_field] = _("The next review lies after today.")
    elif (day - today).days > LONGEST_WAIT:
        wrong[day_field] = _("Look at a risk again within a year.")
    if wrong:
        raise InvalidInputError(
            _("The risk was not saved: %(what)s") % {"what": " ".join(str(words) for words in wrong.values())},
            code="risk_invalid",
            fields=wrong,
        )
    return grades[0], grades[1], day


def _check_person(alliance: Alliance, name: str, person: User | None, *, at: datetime) -> None:
    if person is not None and person.pk not in {one.pk for one in people_for_risks(alliance, at=at)}:
        raise refuse_field(
            name,
            _("Only people of the secretariat and the management committee see the register; choose one of them."),
            "owner_cannot_see",
        )


@transaction.atomic
def open_risk(
    alliance: Alliance, *, values: Mapping[str, Any], owner: User | None = None, actor: User, at: datetime, code: str = ""
) -> Risk:
    """Note a risk.

    Args:
        alliance: The tenant.
        values: ``category``, ``title_en``, ``title_zh``, ``words_en``, ``words_zh``, ``likelihood``, ``impact`` (1 to 5) and
            ``review_on``.
        owner: Who answers for it; None: the secretariat is asked to name somebody.
        actor: Somebody of the secretariat or the committee.
        at: Now.
        code: Code to use, for loaders; the next number when empty.

    Raises:
        PermissionRefusedError: The actor may not keep the register.
        InvalidInputError: ``risk_invalid`` with every fault by field, or ``owner_cannot_see``.
    """
    require(actor, MANAGE_RISKS, alliance)
    texts = _clean_texts(values)
    likelihood, impact, review_on = _clean_grades(values, "review_on", at=at)
    _check_person(alliance, "owner", owner, at=at)
    return write_risk(
        alliance,
        category=str(values["category"]),
        texts=texts,
        likelihood=likelihood,
        impact=impact,
        review_on=review_on,
        owner=owner,
        actor=actor,
        at=at,
        code=code,
    )


def write_risk(
    alliance: Alliance,
    *,
    category: str,
    texts: Mapping[str, str],
    likelihood: int,
    impact: int,
    review_on: date,
    owner: User | None,
    actor: User | None,
    at: datetime,
    trigger: str = "",
    code: str = "",
) -> Risk:
    """Write a risk that was checked, with its record, event and inbox item; the caller runs in a transaction."""
    risk = Risk.objects.create(
        alliance=alliance,
        code=code or next_code(Risk, alliance, "R", 3),
        category=category,
        likelihood=likelihood,
        impact=impact,
        review_on=review_on,
        owner=owner,
        trigger=trigger,
        opened_by=actor,
        opened_at=at,
        **texts,
    )
    RiskReview.objects.create(  # the first look: what was thought of it when it was opened
        alliance=alliance, risk=risk, likelihood=likelihood, impact=impact, next_on=review_on, by=actor, at=at
    )
    record_audit(
        risk,
        actor=actor,
        verb="open_risk",
        after={
            "code": risk.code,
            "category": category,
            "likelihood": likelihood,
            "impact": impact,
            "review_on": review_on,
            "owner": str(owner.uuid) if owner else None,
            "trigger": trigger,
        },
        personal={name: text for name, text in texts.items() if text},
        at=at,
    )
    emit(alliance, RISK_OPENED, {"risk": risk.code, "category": category, "trigger": trigger})
    _ask_owner(risk, actor=actor, at=at)
    return risk


def _ask_owner(risk: Risk, *, actor: User | None, at: datetime) -> None:
    """Ask the owner to take the risk up, or the secretariat to name one."""
    if risk.owner is None:
        inbox.settle(risk.alliance, f"risk-take-up:{risk.code}", by=actor, at=at)
        inbox.ask(
            risk.alliance,
            "risk_owner",
            f"risk-owner:{risk.code}",
            inbox.office(),
            params=title_params(risk),
            url_name="risk_detail",
            url_kwargs={"code": risk.code},
            at=at,
        )
        return
    inbox.settle(risk.alliance, f"risk-owner:{risk.code}", by=actor, at=at)
    inbox.settle(risk.alliance, f"risk-take-up:{risk.code}", by=actor, at=at)
    if actor is not None and risk.owner_id == actor.pk:
        return
    inbox.ask(
        risk.alliance,
        "risk_take_up",
        f"risk-take-up:{risk.code}",
        inbox.person(risk.owner),
        params=title_params(risk),
        url_name="risk_detail",
        url_kwargs={"code": risk.code},
        at=at,
    )


def _require_live(risk: Risk) -> None:
    if risk.state not in LIVE:
        raise DomainError(
            _("The risk is closed; it stands as it is."),
            code="risk_closed",
            remedy=_("Open it again, with the reason, when it is back."),
        )


@transaction.atomic
def change_risk(
    alliance: Alliance, code: str, *, values: Mapping[str, Any], owner: User | None, actor: User, at: datetime
) -> Risk:
    """Change what is written about a risk and who answers for it; grades change by a review.

    Args:
        alliance: The tenant.
        code: The risk's code.
        values: ``category`` and the texts.
        owner: Who answers for it; None: the secretariat is asked to name somebody.
        actor: Somebody of the secretariat or the committee.
        at: Now.

    Raises:
        PermissionRefusedError: The actor may not keep the register.
        SeparationOfDutiesError: The risk concerns the actor's institution.
        ConflictOfInterestError: The actor's institution stands aside.
        InvalidInputError: With every fault by field.
        DomainError: ``risk_closed``.
    """
    risk = lock_risk(alliance, code)
    require(actor, MANAGE_RISKS, risk)
    require_impartial(risk, actor, at=at)
    _require_live(risk)
    texts = _clean_texts(values)
    if owner is None or owner.pk != risk.owner_id:
        _check_person(alliance, "owner", owner, at=at)
    wanted = {**texts, "category": str(values["category"])}
    changed = {name: value for name, value in wanted.items() if getattr(risk, name) != value}
    new_owner = (owner.pk if owner else None) != risk.owner_id
    if not changed and not new_owner:
        return risk
    before = {"category": risk.category, "owner": str(risk.owner.uuid) if risk.owner else None}
    for name, value in changed.items():
        setattr(risk, name, value)
    risk.owner = owner
    risk.save(update_fields=[*changed, "owner"])
    record_audit(
        risk,
        actor=actor,
        verb="change_risk",
        before=before,
        after={
            "category": risk.category,
            "owner": str(owner.uuid) if owner else None,
            "fields": sorted(set(changed) & set(TEXTS)),
        },
        personal={name: value for name, value in changed.items() if name in TEXTS} or None,
        at=at,
    )
    if new_owner:
        _ask_owner(risk, actor=actor, at=at)
        _pass_on(risk)
    return risk


def _pass_on(risk: Risk) -> None:
    """What waits for the former owner waits for the new one: the items stay, as the marks of what was asked."""
    waiting = InboxItem.objects.of(risk.alliance).filter(key__startswith=f"risk-review:{risk.code}:", done_at__isnull=True)
    if risk.owner is None:
        waiting.update(scope=AudienceScope.ALLIANCE, role="secretariat", user=None)
    else:
        waiting.update(scope=AudienceScope.USER, role="", user=risk.owner)


@transaction.atomic
def review_risk(alliance: Alliance, code: str, *, values: Mapping[str, Any], actor: User, at: datetime) -> RiskReview:
    """Look at a risk again: new grades, what was found, the next day. The review is kept.

    Args:
        alliance: The tenant.
        code: The risk's code.
        values: ``likelihood``, ``impact``, ``words``, ``next_on``.
        actor: Somebody of the secretariat or the committee.
        at: Now.

    Raises:
        PermissionRefusedError: The actor may not keep the register.
        SeparationOfDutiesError: The risk concerns the actor's institution.
        ConflictOfInterestError: The actor's institution stands aside.
        InvalidInputError: A grade or the day is missing or out of range, or the words are too long.
        DomainError: ``risk_closed``.
    """
    risk = lock_risk(alliance, code)
    require(actor, MANAGE_RISKS, risk)
    require_impartial(risk, actor, at=at)
    _require_live(risk)
    likelihood, impact, next_on = _clean_grades(values, "next_on", at=at)
    words = str(values.get("words") or "").strip()
    if len(words) > 4000:
        raise refuse_field("words", _("This is longer than %(most)s characters.") % {"most": 4000})
    if (likelihood, impact) != (risk.likelihood, risk.impact) and not words:
        raise refuse_field("words", _("Say what was found, so that others see why the grades changed."), "reason_missing")
    review = RiskReview.objects.create(
        alliance=alliance, risk=risk, likelihood=likelihood, impact=impact, words=words, next_on=next_on, by=actor, at=at
    )
    before = {"likelihood": risk.likelihood, "impact": risk.impact, "review_on": risk.review_on}
    risk.likelihood, risk.impact, risk.review_on = likelihood, impact, next_on
    risk.save(update_fields=["likelihood", "impact", "review_on"])
    record_audit(
        risk,
        actor=actor,
        verb="review_risk",
        before=before,
        after={"likelihood": likelihood, "impact": impact, "review_on": next_on, "review": review.pk},
        personal={"words": words} if words else None,
        at=at,
    )
    emit(
        alliance,
        RISK_REVIEWED,
        {"risk": code, "likelihood": likelihood, "impact": impact, "next_on": next_on.isoformat()},
    )
    inbox.settle_all(alliance, f"risk-review:{code}:", by=actor, at=at)
    inbox.settle(alliance, f"risk-take-up:{code}", by=actor, at=at)
    return review


# ------------------------------------------------------------------------------------------------------------------ steps


def _clean_reason(reason: str) -> str:
    words = reason.strip()
    if not words:
        raise refuse_field("reason", _("Say why; others read it in the register."), "reason_missing")
    if len(words) > 300:
        raise refuse_field("reason", _("This is longer than %(most)s characters.") % {"most": 300})
    return words


def _move(risk: Risk, step: Transition, reason: str, *, actor: User, at: datetime) -> None:
    before = risk.state
    risk.state = step.target
    risk.close_reason = "" if step is REOPEN_RISK else reason
    risk.closed_at = at if step is CLOSE_RISK else None
    risk.save(update_fields=["state", "close_reason", "closed_at", "review_on"])
    record_audit(
        risk,
        actor=actor,
        verb=step.name,
        before={"state": before},
        after={"state": risk.state, "code": risk.code},
        personal={"reason": reason},
        at=at,
    )
    emit(risk.alliance, RISK_STATE_CHANGED, {"risk": risk.code, "before": before, "after": risk.state})
    inbox.settle(risk.alliance, f"risk-take-up:{risk.code}", by=actor, at=at)
    if step is CLOSE_RISK:
        inbox.settle(risk.alliance, f"risk-owner:{risk.code}", by=actor, at=at)
        inbox.settle_all(risk.alliance, f"risk-review:{risk.code}:", by=actor, at=at)
    if risk.owner is not None and risk.owner_id != actor.pk:
        notify(
            risk.alliance,
            [risk.owner],
            {ACCEPT_RISK: "risk_accepted", CLOSE_RISK: "risk_closed", REOPEN_RISK: "risk_reopened"}[step],
            f"risk-state:{risk.code}:{risk.state}:{at.isoformat()}",
            params=title_params(risk, reason=reason),
            at=at,
            url_name="risk_detail",
            url_kwargs={"code": risk.code},
        )


@transaction.atomic
def accept_risk(alliance: Alliance, code: str, *, reason: str, actor: User, at: datetime) -> Risk:
    """Live with a risk, with the reason: it is reviewed as before. The committee's word, and not that of its owner.

    Raises:
        PermissionRefusedError: The actor is none of the management committee.
        SeparationOfDutiesError: The actor answers for the risk, or it concerns the actor's institution.
        ConflictOfInterestError: The actor's institution stands aside.
        TransitionRefusedError: It is not open.
        InvalidInputError: The reason is missing or too long.
    """
    risk = lock_risk(alliance, code)
    require(actor, ACCEPT_RISK_PERMISSION, risk)
    ACCEPT_RISK.check(risk.state)
    if risk.owner_id == actor.pk:
        raise SeparationOfDutiesError(
            _("You answer for this risk; another member of the management committee accepts it."),
            who=permissions.get(ACCEPT_RISK_PERMISSION).describe_holders(),
        )
    require_impartial(risk, actor, at=at)
    _move(risk, ACCEPT_RISK, _clean_reason(reason), actor=actor, at=at)
    return risk


@transaction.atomic
def close_risk(alliance: Alliance, code: str, *, reason: str, actor: User, at: datetime) -> Risk:
    """Close a risk that is over, with the reason.

    Raises:
        PermissionRefusedError: The actor may not keep the register.
        SeparationOfDutiesError: It concerns the actor's institution.
        ConflictOfInterestError: The actor's institution stands aside.
        TransitionRefusedError: It is closed already.
        InvalidInputError: The reason is missing or too long.
        DomainError: ``measures_open``: what was to be done against it is not done.
    """
    risk = lock_risk(alliance, code)
    require(actor, MANAGE_RISKS, risk)
    CLOSE_RISK.check(risk.state)
    require_impartial(risk, actor, at=at)
    words = _clean_reason(reason)
    waiting = risk.measures.filter(done_at__isnull=True).count()
    if waiting:
        raise DomainError(
            ngettext("%(count)s measure is not done.", "%(count)s measures are not done.", waiting) % {"count": waiting},
            code="measures_open",
            remedy=_("Complete it or take it out of the plan first."),
        )
    _move(risk, CLOSE_RISK, words, actor=actor, at=at)
    return risk


@transaction.atomic
def reopen_risk(alliance: Alliance, code: str, *, reason: str, actor: User, at: datetime) -> Risk:
    """Open an accepted or closed risk again, with the reason; its next review is due within two weeks.

    Raises:
        PermissionRefusedError: The actor may not keep the register.
        SeparationOfDutiesError: It concerns the actor's institution.
        ConflictOfInterestError: The actor's institution stands aside.
        TransitionRefusedError: It is open.
        InvalidInputError: The reason is missing or too long.
    """
    risk = lock_risk(alliance, code)
    require(actor, MANAGE_RISKS, risk)
    REOPEN_RISK.check(risk.state)
    require_impartial(risk, actor, at=at)
    words = _clean_reason(reason)
    soon = timezone.localtime(at).date() + FIRST_REVIEW
    if risk.state == RiskState.CLOSED:
        risk.review_on = soon
    _move(risk, REOPEN_RISK, words, actor=actor, at=at)
    if risk.owner is None:
        _ask_owner(risk, actor=actor, at=at)
    return risk


FIRST_REVIEW: Final = timedelta(days=14)
"""A risk that a trigger opened, or that came back, is looked at within two weeks."""


# --------------------------------------------------------------------------------------------------------------- measures


def _measure(risk: Risk, measure_id: int) -> RiskMeasure:
    measure = risk.measures.select_related("owner").filter(pk=measure_id).first()
    if measure is None:
        raise NotFoundError
    return measure


def _require_undone(measure: RiskMeasure) -> None:
    if measure.done_at is not None:
        raise DomainError(_("The measure is done; it stays as it is."), code="measure_done")


@transaction.atomic
def save_measure(
    alliance: Alliance,
    code: str,
    measure_id: int | None = None,
    *,
    words: str,
    owner: User | None,
    due_on: date | None,
    actor: User,
    at: datetime,
) -> RiskMeasure:
    """Add what is done against a risk (no key), or change one that is not done.

    Args:
        alliance: The tenant.
        code: The risk's code.
        measure_id: Key of the measure; None for a new one.
        words: What is done.
        owner: Who does it; None: the risk's owner.
        due_on: By when.
        actor: Somebody of the secretariat or the committee.
        at: Now.

    Raises:
        NotFoundError: No such measure.
        InvalidInputError: The words or the day are missing, or the owner cannot see the register.
        DomainError: ``risk_closed``, ``measure_done``.
    """
    risk = lock_risk(alliance, code)
    require(actor, MANAGE_RISKS, risk)
    require_no_conflict(alliance, own_institutions(actor, alliance, at=at), risk_matter(code))
    _require_live(risk)
    said = words.strip()
    if not said:
        raise refuse_field("words", _("Say what is done."))
    if len(said) > 300:
        raise refuse_field("words", _("This is longer than %(most)s characters.") % {"most": 300})
    if due_on is None:
        raise refuse_field("due_on", _("Give the day by which it is done."))
    if measure_id is None:
        if risk.measures.count() >= MOST_MEASURES:
            raise InvalidInputError(_("A risk has at most %(most)s measures.") % {"most": MOST_MEASURES}, code="too_many")
        if due_on < timezone.localtime(at).date():
            raise refuse_field("due_on", _("This day has passed."))
        measure, before, verb = RiskMeasure(alliance=alliance, risk=risk), None, "add_risk_measure"
    else:
        measure, verb = _measure(risk, measure_id), "change_risk_measure"
        _require_undone(measure)
        before = {"due_on": measure.due_on, "owner": str(measure.owner.uuid) if measure.owner else None}
    if owner is None or owner.pk != measure.owner_id:
        _check_person(alliance, "owner", owner, at=at)
    new_owner = owner is not None and owner.pk != measure.owner_id
    moved = measure.due_on != due_on
    measure.words, measure.owner, measure.due_on = said, owner, due_on
    measure.save()
    record_audit(
        risk,
        actor=actor,
        verb=verb,
        before=before,
        after={"measure": measure.pk, "due_on": due_on, "owner": str(owner.uuid) if owner else None},
        personal={"words": said},
        at=at,
    )
    inbox.settle(alliance, f"risk-take-up:{code}", by=actor, at=at)
    if moved or new_owner:
        inbox.settle_all(alliance, f"risk-measure:{measure.pk}:", by=actor, at=at)
    if owner is not None and new_owner and owner.pk != actor.pk:
        notify(
            alliance,
            [owner],
            "risk_measure_given",
            f"risk-measure-given:{measure.pk}:{owner.pk}",
            params=title_params(risk, what=said, **_days("due", due_on)),
            at=at,
            url_name="risk_detail",
            url_kwargs={"code": code},
        )
    return measure


def _days(name: str, day: date) -> dict[str, str]:
    return {f"{name}_en": format_day(day, "en"), f"{name}_zh": format_day(day, "zh-hans")}


@transaction.atomic
def complete_measure(alliance: Alliance, code: str, measure_id: int, *, actor: User, at: datetime) -> RiskMeasure:
    """Say that a measure is done.

    Raises:
        NotFoundError: No such measure.
        DomainError: ``measure_done``: it was done before. ``risk_closed``.
    """
    risk = lock_risk(alliance, code)
    require(actor, MANAGE_RISKS, risk)
    require_no_conflict(alliance, own_institutions(actor, alliance, at=at), risk_matter(code))
    _require_live(risk)
    measure = _measure(risk, measure_id)
    _require_undone(measure)
    measure.done_at, measure.done_by = at, actor
    measure.save(update_fields=["done_at", "done_by"])
    record_audit(risk, actor=actor, verb="complete_risk_measure", after={"measure": measure.pk}, at=at)
    inbox.settle_all(alliance, f"risk-measure:{measure.pk}:", by=actor, at=at)
    return measure


@transaction.atomic
def remove_measure(alliance: Alliance, code: str, measure_id: int, *, actor: User, at: datetime) -> None:
    """Take a measure that is not done out of the plan; the log keeps it.

    Raises:
        NotFoundError: No such measure.
        DomainError: ``measure_done``, ``risk_closed``.
    """
    risk = lock_risk(alliance, code)
    require(actor, MANAGE_RISKS, risk)
    require_impartial(risk, actor, at=at)
    _require_live(risk)
    measure = _measure(risk, measure_id)
    _require_undone(measure)
    record_audit(
        risk,
        actor=actor,
        verb="remove_risk_measure",
        before={"measure": measure.pk, "due_on": measure.due_on},
        personal={"words": measure.words},
        at=at,
    )
    inbox.settle_all(alliance, f"risk-measure:{measure.pk}:", by=actor, at=at)
    measure.delete()


# -------------------------------------------------------------------------------------------------------------- reminders


@transaction.atomic
def remind_of_risk(alliance: Alliance, risk_id: int, *, at: datetime) -> int:
    """Ask for a review whose day has come, and for measures; the system's own act.

    The item in the inbox, open or done, is the mark that one day was asked for: running this again, or twice at the same
    time, asks nothing twice. Where the owner has left the office and the committee, the secretariat is asked.

    Returns:
        How many questions were put now.
    """
    risk = (
        Risk.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("owner")
        .filter(pk=risk_id, state__in=LIVE)
        .first()
    )
    if risk is None:
        return 0
    today = timezone.localtime(at).date()
    known = {person.pk: person for person in people_for_risks(alliance, at=at)}
    owner = known.get(risk.owner_id) if risk.owner_id else None
    asked = 0
    if risk.review_on <= today:
        asked += _ask_once(
            risk, "risk_review", f"risk-review:{risk.code}:{risk.review_on.isoformat()}", owner, risk.review_on, at=at
        )
    for measure in risk.measures.filter(done_at__isnull=True, due_on__lte=today).order_by("pk"):
        asked += _ask_once(
            risk,
            "risk_measure",
            f"risk-measure:{measure.pk}:{measure.due_on.isoformat()}",
            (known.get(measure.owner_id) if measure.owner_id else None) or owner,
            measure.due_on,
            at=at,
            what=measure.words,
        )
    return asked


def _ask_once(risk: Risk, kind: str, key: str, person: User | None, day: date, *, at: datetime, **more: Any) -> int:
    if InboxItem.objects.of(risk.alliance).filter(key=key).exists():
        return 0
    inbox.ask(
        risk.alliance,
        kind,
        key,
        inbox.person(person) if person is not None else inbox.office(),
        params=title_params(risk, **more, **_days("due", day)),
        url_name="risk_detail",
        url_kwargs={"code": risk.code},
        at=at,
        due_at=at,
    )
    record_audit(risk, actor=None, verb=f"{kind}_due", after={"code": risk.code, "due_on": day}, at=at)
    return 1
