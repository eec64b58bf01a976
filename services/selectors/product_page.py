"""What the public page of a product tells: who made it, how it was tried, what changed, what was made of it.

Only what is open to everybody is read here: institutions, people whose consent says so, pilot sites that agreed to be named,
files marked public, and the points of feedback that a release names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch

from groups.selectors.conflict import list_recused
from members.choices import ConsentLevel, ExpertState
from operations.choices import ContributionRole, ParticipantState, PilotState, PointSource
from operations.models import Contribution, FeedbackPoint, Pilot, PilotParticipant
from operations.selectors.comparison import Figure, figure_of
from operations.selectors.piece import public_pieces_of
from operations.selectors.point import points_answered
from operations.selectors.product_file import FileView, list_public_files
from operations.selectors.results import CriterionView, read_criteria

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance
    from members.models import Expert, Institution
    from operations.models import Piece, Product
    from services.models import Rating

DECIDED = (PilotState.PASSED, PilotState.FAILED, PilotState.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Maker:
    """An institution and its part in a product.

    Attributes:
        institution: The institution.
        role: Its part, in words.
        words: What it did, as a record with ``words_en`` and ``words_zh``; None where it said nothing.
        expert: The person it names, only with a consent for everybody.
    """

    institution: Institution
    role: StrOrPromise
    words: Contribution | None = None
    expert: Expert | None = None


def list_makers(product: Product) -> list[Maker]:
    """Who made a product, by part: confirmed contributions, else its author; its adapter too; one query."""
    rows = list(
        Contribution.objects.filter(
            alliance_id=product.alliance_id, product=product, confirmed_at__isnull=False
        ).select_related("institution", "expert")
    )
    order = {role: place for place, role in enumerate(ContributionRole.values)}
    makers = [
        Maker(
            row.institution,
            row.get_role_display(),
            row if row.words_en or row.words_zh else None,
            row.expert if row.expert and _may_name(row.expert) else None,
        )
        for row in sorted(rows, key=lambda row: (order[row.role], -row.share, row.pk))
    ]
    named = {row.institution_id for row in rows}
    if product.author_id not in named:
        makers.insert(0, Maker(product.author, ContributionRole.AUTHOR.label))
    if product.adapter is not None and product.adapter_id not in named:
        makers.append(Maker(product.adapter, ContributionRole.ADAPTATION.label))
    return makers


def _may_name(expert: Expert) -> bool:
    return expert.consent == ConsentLevel.PUBLIC and expert.state == ExpertState.ACTIVE


MEASURED_AT_LEAST = 2
"""Sites whose values a public figure needs: over one site it would be that enterprise's own figure."""


@dataclass(frozen=True, slots=True)
class ChangeView:
    """What a round changed in one measure, over its sites.

    Attributes:
        name_en: The measure, in English.
        name_zh: The same in Chinese.
        unit: Its unit.
        less_is_better: Which direction is better.
        sites: How many sites measured before and after.
        change: Change for the better in percent of the mean before, with its interval; None with fewer sites than may be shown.
        needed: Change the plan asked for, percent; None: it asked for none.
        passed: Whether it was reached; None: not asked.
    """

    name_en: str
    name_zh: str
    unit: str
    less_is_better: bool
    sites: int
    change: Figure | None
    needed: float | None
    passed: bool | None


def read_changes(figures: Mapping[str, Any]) -> list[ChangeView]:
    """The measures of a stored record as everybody may read them; sites' own values are never among them."""
    return [
        ChangeView(
            entry["name_en"],
            entry["name_zh"],
            entry["unit"],
            entry["direction"] < 0,
            entry["change"]["sites"],
            figure_of(entry["change"], "percent") if entry["change"]["sites"] >= MEASURED_AT_LEAST else None,
            entry["minimum_change"],
            entry["passed"],
        )
        for entry in figures.get("measures", ())
    ]


@dataclass(frozen=True, slots=True)
class Trial:
    """One decided round as everybody may read it.

    Attributes:
        pilot: The round.
        criteria: Figures per criterion, from the stored record.
        figures: All figures of the record, as stored.
        changes: What was measured before and after, over the sites.
        named: Sites that agreed to be named.
        unnamed: How many more answered.
    """

    pilot: Pilot
    criteria: list[CriterionView]
    figures: Mapping[str, Any]
    changes: list[ChangeView]
    named: list[PilotParticipant]
    unnamed: int

    @property
    def firms(self) -> int:
        """Sites that answered."""
        return len(self.named) + self.unnamed

    @property
    def mean(self) -> Mapping[str, Any] | None:
        """Mean score from 0 to 100 with its interval; None where nothing was summed up."""
        found = self.figures.get("mean_score")
        return found if found and found.get("value") is not None else None


def list_trials(product: Product) -> list[Trial]:
    """The decided rounds of a product, the latest first; three queries.

    Sites of institutions that stand aside are left out, as their answers were when the round was summed up.
    """
    recused = list_recused(product.alliance, product.matter)
    answered = PilotParticipant.objects.filter(state=ParticipantState.ANSWERED).exclude(institution_id__in=recused)
    rounds = (
        Pilot.objects.filter(alliance_id=product.alliance_id, product=product, state__in=DECIDED)
        .prefetch_related(Prefetch("participants", answered.select_related("institution"), to_attr="answered_sites"))
        .order_by("-round")
    )
    trials = []
    for pilot in rounds:
        sites: list[PilotParticipant] = pilot.answered_sites  # type: ignore[attr-defined]
        named = sorted((site for site in sites if site.is_public), key=lambda site: site.institution.sort_key)
        record = pilot.result or {}
        figures = record.get("figures") or {}
        trials.append(Trial(pilot, read_criteria(record), figures, read_changes(figures), named, len(sites) - len(named)))
    return trials


@dataclass(frozen=True, slots=True)
class ProductStory:
    """Everything the public page adds to the product's own text."""

    makers: list[Maker]
    trials: list[Trial]
    changes: list[FeedbackPoint]
    files: list[FileView]
    pieces: list[Piece]


def get_product_story(alliance: Alliance, product: Product) -> ProductStory:
    """Makers, trials, answered feedback, public files and pieces of a product; nine queries at most."""
    return ProductStory(
        makers=list_makers(product),
        trials=list_trials(product),
        changes=points_answered(product),
        files=list_public_files(product),
        pieces=public_pieces_of(alliance, product),
    )


def point_key(rating: Rating) -> str:
    """Key of the point of feedback that a client's comment becomes."""
    return f"rating:{rating.uuid}"


def fates_of(alliance: Alliance, ratings: Iterable[Rating]) -> dict[Any, FeedbackPoint]:
    """What became of clients' comments that were taken up, by the rating's uuid; one query."""
    keys = {point_key(rating): rating.uuid for rating in ratings}
    points = FeedbackPoint.objects.of(alliance).filter(key__in=list(keys), source=PointSource.PUBLIC)
    return {keys[point.key]: point for point in points}
