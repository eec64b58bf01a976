"""Risks that data open: each fact once, whoever notices it and however often.

The trigger names the fact (``milestone_late:12:2026-06-30``); the table lets one trigger stand once, so two workers that see
the same fact open one risk. While a risk about the same thing is still looked after, a further fact about it opens none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language, gettext, override

from alliance.kernel.formats import format_day, format_number
from alliance.kernel.turns import take_turns
from groups.choices import DeclarationState
from groups.models import InterestDeclaration
from groups.selectors.coverage import get_coverage, list_cell_institutions
from members.models import Institution
from operations.actions.risk import FIRST_REVIEW, write_risk
from operations.choices import PilotState, RiskCategory
from operations.models import Milestone, Pilot, Risk
from operations.selectors.risk import (
    DECLARATION_LAPSED,
    LIVE,
    MILESTONE_LATE,
    PILOT_LOW,
    SINGLE_SUPPLIER,
    element_words,
)

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance

GRADES: Final[dict[str, tuple[str, int, int]]] = {
    MILESTONE_LATE: (RiskCategory.SCHEDULE.value, 4, 3),
    PILOT_LOW: (RiskCategory.QUALITY.value, 4, 3),
    SINGLE_SUPPLIER: (RiskCategory.SUPPLY.value, 3, 4),
    DECLARATION_LAPSED: (RiskCategory.TRUST.value, 3, 3),
}
"""Category, likelihood and impact a trigger begins with; a house rule: the first review sets the grades."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something the data say.

    Attributes:
        kind: One of the triggers.
        subject: What it is about, such as a milestone; one risk about it is looked after at a time.
        detail: Tells this fact from an earlier one about the same thing, such as the promised day.
        title: The risk in one line, in the language that is active when it is called.
        words: Cause and effect, likewise.
    """

    kind: str
    subject: str
    detail: str
    title: Callable[[], str]
    words: Callable[[], str]

    @property
    def family(self) -> str:
        """Kind and subject."""
        return f"{self.kind}:{self.subject}"

    @property
    def trigger(self) -> str:
        """Name of the fact; stands once in an alliance."""
        return f"{self.family}:{self.detail}"


@transaction.atomic
def open_by_fact(alliance: Alliance, fact: Fact, *, at: datetime) -> Risk | None:
    """Open the risk a fact speaks of, once; the system's own act.

    Returns:
        The risk, or None where the fact opened one before, or one about the same thing is still looked after.
    """
    take_turns(alliance, f"risk-trigger:{fact.family}")
    earlier = Risk.objects.of(alliance).filter(trigger__startswith=f"{fact.family}:").values_list("trigger", "state")
    if any(trigger == fact.trigger or state in LIVE for trigger, state in earlier):
        return None
    texts: dict[str, str] = {}
    for language, suffix in (("en", "en"), ("zh-hans", "zh")):
        with override(language):
            texts[f"title_{suffix}"] = fact.title()[:200]
            texts[f"words_{suffix}"] = fact.words()
    category, likelihood, impact = GRADES[fact.kind]
    return write_risk(
        alliance,
        category=category,
        texts=texts,
        likelihood=likelihood,
        impact=impact,
        review_on=timezone.localtime(at).date() + FIRST_REVIEW,
        owner=None,
        actor=None,
        at=at,
        trigger=fact.trigger,
    )


def note_late_milestone(alliance: Alliance, milestone_id: int, due_on: str, *, at: datetime) -> Risk | None:
    """A promised day of a milestone passed without it."""
    milestone = Milestone.objects.of(alliance).select_related("project").filter(pk=milestone_id).first()
    if milestone is None or milestone.reached_on is not None:
        return None
    due = date.fromisoformat(due_on)
    return open_by_fact(
        alliance,
        Fact(
            MILESTONE_LATE,
            str(milestone.pk),
            due_on,
            lambda: (
                gettext("Late milestone “%(milestone)s” of %(project)s")
                % {"milestone": milestone.name, "project": milestone.project.code}
            ),
            lambda: (
                gettext("It was due on %(due)s. What waits for it in “%(title)s” begins later, too.")
                % {"due": format_day(due, get_language()), "title": milestone.project.title}
            ),
        ),
        at=at,
    )


def note_low_pilot(alliance: Alliance, product_code: str, number: int, *, at: datetime) -> Risk | None:
    """A round closed under its pass mark."""
    pilot = (
        Pilot.objects.of(alliance)
        .select_related("product")
        .filter(product__code=product_code, round=number, state=PilotState.FAILED)
        .first()
    )
    if pilot is None:
        return None

    def words() -> str:
        if pilot.mean_score is None:
            return gettext("The round did not meet its rule. A release is not possible before the next one passes.")
        return gettext(
            "The mean score was %(score)s of 100. A release is not possible before the next round passes; firms that "
            "tried it may lose patience."
        ) % {"score": format_number(pilot.mean_score, 1)}

    return open_by_fact(
        alliance,
        Fact(
            PILOT_LOW,
            str(pilot.pk),
            str(pilot.turn),
            lambda: (
                gettext("Pilot not passed: round %(round)s of %(product)s")
                % {"round": pilot.round, "product": f"{product_code} {pilot.product.title}"}
            ),
            words,
        ),
        at=at,
    )


def scan_suppliers(alliance: Alliance, *, at: datetime) -> int:
    """Cells of the coverage matrix that a group needs and one institution alone fills; returns how many risks were opened."""
    today = timezone.localtime(at).date()
    opened = 0
    single = [cell for row in get_coverage(alliance, today).rows for cell in row.cells if cell.expected and cell.count == 1]
    for cell in single:
        supply = list_cell_institutions(alliance, today, cell.group, cell.element).first()
        if supply is None:  # it ended between the two reads
            continue
        opened += _note_single(alliance, cell.group, cell.element, supply.institution, at=at) is not None
    return opened


def _note_single(alliance: Alliance, group: str, element: str, institution: Institution, *, at: datetime) -> Risk | None:
    return open_by_fact(
        alliance,
        Fact(
            SINGLE_SUPPLIER,
            f"{group}:{element}",
            institution.code,
            lambda: gettext("Single supplier: %(cell)s") % {"cell": element_words(group, element)},
            lambda: (
                gettext(
                    "Only %(institution)s brings this element to the group. If it leaves or is busy, the group cannot do its part."
                )
                % {"institution": institution.name}
            ),
        ),
        at=at,
    )


def scan_declarations(alliance: Alliance, *, at: datetime) -> int:
    """Active members whose newest declaration of interests is overdue; returns how many risks were opened."""
    today = timezone.localtime(at).date()
    newest = (
        InterestDeclaration.objects.of(alliance)
        .filter(institution__in=Institution.objects.of(alliance).active())
        .select_related("institution")
        .order_by("institution_id", "-year")
        .distinct("institution_id")
    )
    opened = 0
    for declaration in newest:
        if declaration.state == DeclarationState.ASKED and declaration.due_on < today:
            opened += _note_lapsed(alliance, declaration, at=at) is not None
    return opened


def _note_lapsed(alliance: Alliance, declaration: InterestDeclaration, *, at: datetime) -> Risk | None:
    return open_by_fact(
        alliance,
        Fact(
            DECLARATION_LAPSED,
            declaration.institution.code,
            str(declaration.year),
            lambda: (
                gettext("Declaration of interests overdue: %(institution)s") % {"institution": declaration.institution.name}
            ),
            lambda: (
                gettext(
                    "The declaration for %(year)s was due on %(due)s. Until it comes, a conflict of interest may go unseen."
                )
                % {"year": declaration.year, "due": format_day(declaration.due_on, get_language())}
            ),
        ),
        at=at,
    )


def scan_facts(alliance: Alliance, *, at: datetime) -> int:
    """Look for what no event tells: single suppliers and overdue declarations; returns how many risks were opened."""
    return scan_suppliers(alliance, at=at) + scan_declarations(alliance, at=at)
