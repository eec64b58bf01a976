"""Milestones of a contract in force: how far each is, by when what is due, who must act. The one place that says it.

The page, the API, the tasks and the closing of a contract all ask :func:`milestones_of`; nothing of it is kept in a column, so
that it never contradicts what was handed over, accepted and paid.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from alliance.kernel.errors import NotFoundError
from alliance.kernel.formats import format_money
from alliance.kernel.gantt import Bar, Gantt
from alliance.kernel.working_days import add_working_days, end_of, is_working_day
from services.choices import ContractState, MilestoneState, NoticeState, PartyRole, PaymentState, SubmissionState
from services.models import (
    Contract,
    ContractNotice,
    ContractPause,
    ContractTerms,
    MilestonePayment,
    MilestoneSubmission,
    SubmissionFile,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alliance.models import Alliance
    from services.contract_text import Draft

WORKING_STATES: Final = (ContractState.IN_FORCE, ContractState.AMENDING)
"""States of a contract in which something is handed over, accepted or sent back."""
PAYING_STATES: Final = (*WORKING_STATES, ContractState.SUSPENDED, ContractState.TERMINATED)
"""States in which payments are recorded and answered: accepted work is paid also after an early end."""
SHOWN_STATES: Final = (*PAYING_STATES, ContractState.COMPLETED)
"""States in which the page of a contract shows its work."""
STANDING: Final = (PaymentState.RECORDED, PaymentState.CONFIRMED)
"""States of a payment that counts against the amount of its milestone."""
MOST_REWORK: Final = 2
"""Rounds of rework the clause gives."""
SILENCE_DAYS: Final = 5
"""Working days after the reminder of the witness until silence counts as acceptance."""
WARN_DAYS: Final = 7
"""Days before its day on which the supply side is reminded of a milestone."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A time of rest; ``ends_on`` is the first day of work again, None while it lasts."""

    begins_on: date
    ends_on: date | None


def moved(day: date, since: date, pauses: Sequence[Pause], today: date, *, working: bool = False) -> date:
    """A day that moves by the pauses between the moment it was set and itself.

    A pause that begins on or before the day pushes it by its own length, so that a later pause may reach it then; one that
    lasts has the length it has today. A pause that was over before the day was set is part of it already.

    Args:
        day: As it was set.
        since: When it was set.
        pauses: Of the contract, oldest first; they never overlap.
        today: For a pause that lasts.
        working: The day is the last of a number of working days and stays one.

    Returns:
        The day, never an earlier one.
    """
    for pause in pauses:
        end = pause.ends_on if pause.ends_on is not None else max(today, pause.begins_on)
        begin = max(pause.begins_on, since)
        if begin <= day and end > begin:
            day += end - begin
            while working and not is_working_day(day):
                day += timedelta(days=1)
    return day


@dataclass(slots=True)
class MilestoneView:
    """One milestone as it stands today.

    Attributes:
        planned_on: Its day as the parties signed it.
        due_on: That day moved by pauses.
        attempts: What was handed over, oldest first, without what was taken back.
        all_attempts: The same with what was taken back.
        accept_by: Last day for the demand side to answer what lies before it, moved by pauses.
        silent_after: After this day silence counts as acceptance.
        rework_by: Day until which the supply side mends.
        pay_by: Last day to pay after the acceptance.
        rests: Whether the work is suspended, so that no day passes.
    """

    number: int
    title_en: str
    title_zh: str
    deliverable_en: str
    deliverable_zh: str
    test_en: str
    test_zh: str
    amount: Decimal
    planned_on: date
    due_on: date
    today: date
    all_attempts: list[MilestoneSubmission] = field(default_factory=list)
    payments: list[MilestonePayment] = field(default_factory=list)
    accept_by: date | None = None
    silent_after: date | None = None
    rework_by: date | None = None
    pay_by: date | None = None
    rests: bool = False

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        first, second = (self.title_zh, self.title_en) if _is_chinese() else (self.title_en, self.title_zh)
        return first or second

    @property
    def attempts(self) -> list[MilestoneSubmission]:
        """What was handed over and not taken back, oldest first."""
        return [one for one in self.all_attempts if one.state != SubmissionState.TAKEN_BACK]

    @property
    def newest(self) -> MilestoneSubmission | None:
        """The attempt that counts: the newest that was not taken back."""
        return self.attempts[-1] if self.attempts else None

    @property
    def accepted(self) -> MilestoneSubmission | None:
        """The accepted attempt."""
        newest = self.newest
        return newest if newest is not None and newest.state == SubmissionState.ACCEPTED else None

    @property
    def handed(self) -> MilestoneSubmission | None:
        """The attempt that waits for the demand side."""
        newest = self.newest
        return newest if newest is not None and newest.state == SubmissionState.HANDED else None

    @property
    def rounds(self) -> int:
        """Rounds of rework so far."""
        return sum(one.state == SubmissionState.RETURNED for one in self.all_attempts)

    @property
    def recorded(self) -> Decimal:
        """Sum of the payments that stand, confirmed or not."""
        return sum((one.amount for one in self.payments if one.state in STANDING), Decimal(0))

    @property
    def confirmed(self) -> Decimal:
        """Sum of the payments the supply side confirmed."""
        return sum((one.amount for one in self.payments if one.state == PaymentState.CONFIRMED), Decimal(0))

    @property
    def left(self) -> Decimal:
        """What may still be recorded as paid; not below 0 where an amendment lowered the amount."""
        return max(self.amount - self.recorded, Decimal(0))

    @property
    def state(self) -> MilestoneState:
        """How far it is."""
        newest = self.newest
        if newest is None:
            return MilestoneState.OPEN
        if newest.state == SubmissionState.HANDED:
            return MilestoneState.HANDED
        if newest.state == SubmissionState.RETURNED:
            return MilestoneState.REWORK
        return MilestoneState.PAID if self.confirmed >= self.amount else MilestoneState.ACCEPTED

    @property
    def is_paid(self) -> bool:
        """Whether it is accepted, paid in full and confirmed."""
        return self.state == MilestoneState.PAID

    @property
    def next_on(self) -> date | None:
        """By when the next step is due; None once it is paid."""
        return {
            MilestoneState.OPEN: self.due_on,
            MilestoneState.REWORK: self.rework_by or self.due_on,
            MilestoneState.HANDED: self.accept_by,
            MilestoneState.ACCEPTED: self.pay_by if self.left else None,
        }.get(self.state)

    @property
    def waits_for(self) -> PartyRole | None:
        """The party that must act next; None once it is paid."""
        if self.state == MilestoneState.PAID:
            return None
        if self.state == MilestoneState.HANDED or (self.state == MilestoneState.ACCEPTED and self.left):
            return PartyRole.DEMAND
        return PartyRole.SUPPLY

    @property
    def days_late(self) -> int:
        """Days since the next step was due; 0 in time, and while the work is suspended."""
        if self.next_on is None or (self.rests and self.state != MilestoneState.ACCEPTED):
            return 0
        return max((self.today - self.next_on).days, 0)

    @property
    def is_late(self) -> bool:
        """Whether the next step is overdue."""
        return self.days_late > 0

    @property
    def handed_late(self) -> int:
        """Days by which the accepted attempt came after the milestone's day; 0 in time or not accepted yet."""
        if self.accepted is None:
            return 0
        return max((timezone.localdate(self.accepted.handed_at) - self.due_on).days, 0)


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def terms_in_effect(contract: Contract) -> ContractTerms | None:
    """The version that binds today; None before the seal. One query unless it was fetched with the contract."""
    found: ContractTerms | None = contract.in_effect
    return found


def milestones_of(contract: Contract, *, at: datetime | None = None) -> list[MilestoneView]:
    """Every milestone of the terms in effect, in order; none before the contract is in force.

    Five queries, whatever their number: the terms (unless fetched with the contract), pauses, submissions, files, payments.
    """
    return milestones_by_contract(contract.alliance, [contract], at=at)[contract.pk]


def milestones_by_contract(
    alliance: Alliance, contracts: Sequence[Contract], *, at: datetime | None = None
) -> dict[int, list[MilestoneView]]:
    """The milestones of each contract by its id; as many queries as for one, when their terms in effect were fetched with them."""
    today = timezone.localdate(at or timezone.now())
    bound = {contract.pk: terms for contract in contracts if (terms := terms_in_effect(contract)) is not None}
    pauses: dict[int, list[Pause]] = {}
    attempts: dict[tuple[int, int], list[MilestoneSubmission]] = {}
    payments: dict[tuple[int, int], list[MilestonePayment]] = {}
    if bound:
        for contract_id, begins_on, ends_on in (
            ContractPause.objects.of(alliance)
            .filter(contract__in=bound)
            .order_by("begins_on")
            .values_list("contract", "begins_on", "ends_on")
        ):
            pauses.setdefault(contract_id, []).append(Pause(begins_on, ends_on))
        for row in (
            MilestoneSubmission.objects.of(alliance)
            .filter(contract__in=bound)
            .select_related("handed_by", "decided_by")
            .prefetch_related(Prefetch("files", SubmissionFile.objects.select_related("file").order_by("id")))
            .order_by("milestone", "number")
        ):
            attempts.setdefault((row.contract_id, row.milestone), []).append(row)
        for paid in (
            MilestonePayment.objects.of(alliance)
            .filter(contract__in=bound)
            .select_related("recorded_by", "answered_by")
            .order_by("number")
        ):
            payments.setdefault((paid.contract_id, paid.milestone), []).append(paid)
    views: dict[int, list[MilestoneView]] = {contract.pk: [] for contract in contracts}
    for contract in contracts:
        if (terms := bound.get(contract.pk)) is not None:
            for one in terms.content["milestones"]:
                key = (contract.pk, one["number"])
                rests = pauses.get(contract.pk, [])
                views[contract.pk].append(
                    _view(one, terms, rests, attempts.get(key, []), payments.get(key, []), today, contract)
                )
    return views


def next_milestone(views: Iterable[MilestoneView]) -> MilestoneView | None:
    """The one that waits for somebody: the first that is late, else the first that is not paid."""
    waiting = [view for view in views if not view.is_paid]
    return next((view for view in waiting if view.is_late), waiting[0] if waiting else None)


def _view(
    row: dict[str, Any],
    terms: ContractTerms,
    pauses: Sequence[Pause],
    attempts: list[MilestoneSubmission],
    payments: list[MilestonePayment],
    today: date,
    contract: Contract,
) -> MilestoneView:
    planned = date.fromisoformat(row["due_on"])
    view = MilestoneView(
        number=row["number"],
        title_en=row["title_en"],
        title_zh=row["title_zh"],
        deliverable_en=row["deliverable_en"],
        deliverable_zh=row["deliverable_zh"],
        test_en=row["test_en"],
        test_zh=row["test_zh"],
        amount=Decimal(row["amount"]),
        planned_on=planned,
        due_on=planned,
        today=today,
        all_attempts=attempts,
        payments=payments,
        rests=contract.state == ContractState.SUSPENDED,
    )
    # A milestone that was handed over and accepted is not moved by a rest that came later; the days of a version that
    # was proposed after a rest were set with the rest in mind.
    done_on = timezone.localdate(view.accepted.handed_at) if view.accepted is not None else None
    counted = [one for one in pauses if done_on is None or one.begins_on <= done_on]
    view.due_on = moved(planned, timezone.localdate(terms.proposed_at), counted, today)
    content, newest = terms.content, view.newest
    if newest is None:
        return view
    if newest.state == SubmissionState.HANDED:
        view.accept_by = moved(newest.accept_by, timezone.localdate(newest.handed_at), pauses, today, working=True)
        if newest.silent_after is not None and newest.reminded_at is not None:
            since = timezone.localdate(newest.reminded_at)
            view.silent_after = moved(newest.silent_after, since, pauses, today, working=True)
    elif newest.decided_at is not None and newest.state == SubmissionState.RETURNED and newest.rework_by is not None:
        view.rework_by = moved(newest.rework_by, timezone.localdate(newest.decided_at), pauses, today)
    elif newest.decided_at is not None:
        # Payment of accepted work does not rest with the work.
        view.pay_by = timezone.localdate(add_working_days(newest.decided_at, int(content["pay_days"])))
    return view


def milestone_of(contract: Contract, number: int, *, at: datetime | None = None) -> MilestoneView:
    """One milestone.

    Raises:
        NotFoundError: The terms in effect have none with this number, or there are none.
    """
    for view in milestones_of(contract, at=at):
        if view.number == number:
            return view
    raise NotFoundError


def due_moment(day: date) -> datetime:
    """The end of a day as a moment, for items with a due date."""
    return end_of(day)


# ------------------------------------------------------------------------------------------------------------------ closing


def with_moved_days(contract: Contract, draft: Draft, *, at: datetime) -> Draft:
    """Terms with the days as rests of the work moved them; an amendment writes them down, for it is not moved by what was before.

    Args:
        contract: In force, with the terms that the draft repeats.
        draft: Those terms.
        at: Now.
    """
    days = {view.number: view.due_on for view in milestones_of(contract, at=at)}
    milestones = tuple(
        replace(one, due_on=days.get(number, one.due_on)) for number, one in enumerate(draft.milestones, start=1)
    )
    return replace(draft, milestones=milestones, ends_on=max(draft.ends_on, *(one.due_on for one in milestones)))


def open_notice(contract: Contract) -> ContractNotice | None:
    """The notice to suspend, take up or end that waits for an answer; one query."""
    return ContractNotice.objects.of(contract.alliance).filter(contract=contract, state=NoticeState.OPEN).first()


def missing_to_close(contract: Contract, views: Iterable[MilestoneView], notice: ContractNotice | None) -> list[str]:
    """What keeps a contract from being closed, in words; empty when nothing does."""
    missing = []
    if contract.state == ContractState.AMENDING:
        missing.append(_("An amendment is under way."))
    if contract.state == ContractState.SUSPENDED:
        missing.append(_("The work is suspended."))
    if notice is not None:
        missing.append(_("A notice waits for an answer: %(kind)s.") % {"kind": notice.get_kind_display()})
    for view in views:
        if view.accepted is None:
            missing.append(_("Milestone %(number)s is not accepted.") % {"number": view.number})
        elif not view.is_paid:
            words = (
                _("Milestone %(number)s: a payment is not confirmed as received.")
                if not view.left
                else _("Milestone %(number)s is not paid in full.")
            )
            missing.append(words % {"number": view.number})
    return missing


# -------------------------------------------------------------------------------------------------------------------- chart


def work_chart(contract: Contract, views: Sequence[MilestoneView]) -> Gantt:
    """The milestones as bars, coloured by how far they are; the words stand in legend and table."""
    terms = terms_in_effect(contract)
    if terms is None:
        message = "A contract without terms in effect has no work to draw."
        raise ValueError(message)
    starts, ends = date.fromisoformat(terms.content["starts_on"]), date.fromisoformat(terms.content["ends_on"])
    ends = max([ends, *(view.due_on for view in views)])
    starts = min([starts, *(view.due_on for view in views)])
    today = views[0].today if views else None
    bars, begin, is_first = [], starts, True
    for view in views:
        if view.accepted is not None:
            colour, words = "g2", _("done")
        elif view.is_late:
            colour, words = "accent", _("late")
        elif is_first or view.state in (MilestoneState.HANDED, MilestoneState.REWORK):
            colour, words = "g4", _("running")
        else:
            colour, words = "neutral", _("later")
        is_first = is_first and view.accepted is not None
        sums = [format_money(view.amount, "CNY", get_language(), exact=exact) for exact in (True, False)]
        bars.append(Bar(view.number, view.title, min(begin, view.due_on), view.due_on, colour, words, *sums))
        begin = min(max(begin, view.due_on + timedelta(days=1)), ends)
    done = sum(view.accepted is not None for view in views)
    finding = ngettext("%(done)s of %(n)s milestone accepted", "%(done)s of %(n)s milestones accepted", len(views)) % {
        "done": done,
        "n": len(views),
    }
    shown = today if today and starts <= today <= ends else None
    return Gantt(finding, starts, ends, bars, today=shown, owner_heading=_("Payment"))


# -------------------------------------------------------------------------------------------------------------------- tasks


def list_with_work(alliance: Alliance) -> list[str]:
    """Codes of contracts whose milestones are looked after; one query. Amendments have no work of their own."""
    return list(
        Contract.objects.of(alliance)
        .filter(state__in=PAYING_STATES, amends__isnull=True, in_effect__isnull=False)
        .order_by("pk")
        .values_list("code", flat=True)
    )
