"""Reads of points of feedback: who sees which, what is left to do, what a release answered.

Points of an institution that stands aside from the product are read by itself and by the office only: they count for nothing,
like its answers to a pilot (methods.md 4.3).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from alliance.kernel.permissions import can
from groups.selectors.conflict import list_recused
from members.models import Institution
from operations.choices import DefectSeverity, PointSource, PointState
from operations.models import FeedbackPoint
from operations.permissions import VIEW_ANSWERS, acts_for_office, own_institutions

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from operations.models import Pilot, Product

GRAVE: Final = (DefectSeverity.BLOCKING, DefectSeverity.MAJOR)
WEIGHED: Final = (PointSource.CRITERION, PointSource.DECISION)
GRAVE_OPEN: Final = Q(state=PointState.OPEN, severity__in=GRAVE)
MUST_ANSWER: Final = GRAVE_OPEN | Q(state=PointState.OPEN, source__in=WEIGHED)
"""Points that have to be answered before a next round."""
UNFINISHED: Final = MUST_ANSWER | Q(state=PointState.ACCEPTED)
"""Points that stand between a product being improved and its next round."""
FROM_SITES: Final = (PointSource.DEFECT, PointSource.SUGGESTION)


def points_of(product: Product) -> QuerySet[FeedbackPoint]:
    """Every point of a product that counts: not those of institutions that stand aside."""
    recused = list_recused(product.alliance, product.matter)
    points = FeedbackPoint.objects.filter(alliance_id=product.alliance_id, product=product)
    return points.exclude(participant__institution_id__in=recused) if recused else points


def list_points(
    product: Product,
    *,
    institution_ids: Iterable[int] | None = None,
    or_named: bool = False,
    with_recused: bool = False,
    states: Iterable[str] = (),
    sources: Iterable[str] = (),
    severities: Iterable[str] = (),
    versions: Iterable[int] = (),
    sites: Iterable[int] = (),
) -> QuerySet[FeedbackPoint]:
    """Points of a product with their site, round and people; one query, two where institutions stand aside.

    Args:
        product: The product.
        institution_ids: Only what these institutions said, whether or not they stand aside; None: of everybody.
        or_named: And what a release names.
        with_recused: Whether points of institutions that stand aside are listed too; for the office.
        states: Only these states.
        sources: Only from these sources.
        severities: Only of these severities.
        versions: Only of these versions.
        sites: Only of these institutions.
    """
    every: QuerySet[FeedbackPoint] = FeedbackPoint.objects.filter(alliance_id=product.alliance_id, product=product)
    found = every if institution_ids is not None or with_recused else points_of(product)
    if institution_ids is not None:
        mine = Q(participant__institution_id__in=list(institution_ids))
        found = found.filter(mine | Q(named_in__isnull=False) if or_named else mine)
    for name, wanted in (
        ("state__in", states),
        ("source__in", sources),
        ("severity__in", severities),
        ("version__in", versions),
        ("participant__institution_id__in", sites),
    ):
        chosen = list(wanted)
        if chosen:
            found = found.filter(**{name: chosen})
    return found.select_related("participant__institution", "pilot", "feedback__evidence", "answered_by", "raised_by")


@dataclass(frozen=True, slots=True)
class Reach:
    """What a person may read of a product's points.

    Attributes:
        sees_all: Every point that counts.
        names_sites: Who said it, too.
        filters: Arguments of :func:`list_points`.
        tried: Whether an institution of theirs tries or tried the product.
    """

    sees_all: bool
    names_sites: bool
    filters: dict[str, Any]
    tried: bool = False


def points_open_to(product: Product, user: Any, *, at: datetime) -> Reach:
    """What a person who may read the product may read of its points.

    Makers, office, committee and auditors: everything that counts, the office also what does not. A site: what it said
    itself. Everybody else: what a release names, without who said it. Who stands aside from the product, like everybody else.
    """
    mine = own_institutions(user, product.alliance, at=at)
    if mine & list_recused(product.alliance, product.matter):
        return Reach(False, False, {"institution_ids": (), "or_named": True})
    if can(user, VIEW_ANSWERS, product):
        return Reach(True, True, {"with_recused": acts_for_office(user, product.alliance, at=at)})
    filters = {"institution_ids": tuple(sorted(mine)), "or_named": True}
    return Reach(False, False, filters, tried=bool(mine & product.pilot_institution_ids))


def agreed_points(product: Product) -> list[FeedbackPoint]:
    """Changes agreed, done or not, in the order they were agreed on; one query."""
    rows = points_of(product).filter(state__in=[PointState.ACCEPTED, PointState.DONE])
    return list(rows.order_by("raised_at", "id"))


def list_sites(points: QuerySet[FeedbackPoint]) -> list[Institution]:
    """Institutions that said the points, by name; one query."""
    ids = points.order_by().values("participant__institution_id")
    return list(Institution.objects.filter(pk__in=ids).order_by("sort_key", "id"))


def list_versions(points: QuerySet[FeedbackPoint]) -> list[int]:
    """Versions the points were said of, newest first; one query."""
    return list(points.order_by("-version").values_list("version", flat=True).distinct())


def unfinished_points(product: Product) -> QuerySet[FeedbackPoint]:
    """What has to be done or answered before the next round."""
    return points_of(product).filter(UNFINISHED)


def points_answered(product: Product) -> list[FeedbackPoint]:
    """The points that the releases of a product name as done, by version, oldest first; one query.

    What anybody may read of them is the text, the answer and the version; who said it is for those who may read the
    answers, and a site that consented to be named (``participant.is_public``).
    """
    return list(
        FeedbackPoint.objects.filter(alliance_id=product.alliance_id, product=product, named_in__isnull=False)
        .select_related("participant__institution")
        .order_by("named_in", "raised_at", "id")
    )


@dataclass(frozen=True, slots=True)
class PointCounts:
    """How many points stand in which state.

    Attributes:
        open: Without an answer.
        accepted: Changes agreed and not done yet.
        declined: Declined with a reason.
        done: Done in a version.
    """

    open: int = 0
    accepted: int = 0
    declined: int = 0
    done: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.open + self.accepted + self.declined + self.done


def count_points(product: Product, points: QuerySet[FeedbackPoint] | None = None) -> PointCounts:
    """Points by state; one query, two where institutions stand aside."""
    rows = (points_of(product) if points is None else points).order_by().values_list("state").annotate(number=Count("pk"))
    return PointCounts(**dict(rows))


def comments_of(pilot: Pilot) -> QuerySet[FeedbackPoint]:
    """What the sites of a round said in words."""
    return points_of(pilot.product).filter(pilot=pilot, source__in=FROM_SITES)


# ------------------------------------------------------------------------------------------------------------------ gates


def grave_points_missing(product: Product) -> list[StrOrPromise]:
    """What the release still needs: an answer to every blocking or major point."""
    left = points_of(product).filter(GRAVE_OPEN).count()
    return [_answers_to(left)] if left else []


def unfinished_points_missing(product: Product) -> list[StrOrPromise]:
    """What the next round still needs: agreed changes done, and grave points, criteria and decisions answered."""
    counts: dict[str, Any] = points_of(product).aggregate(
        agreed=Count("pk", filter=Q(state=PointState.ACCEPTED)), waiting=Count("pk", filter=MUST_ANSWER)
    )
    missing: list[StrOrPromise] = []
    if counts["waiting"]:
        missing.append(_answers_to(counts["waiting"]))
    if counts["agreed"]:
        missing.append(
            ngettext_lazy(
                "%(count)s agreed change, done or declined", "%(count)s agreed changes, done or declined", counts["agreed"]
            )
            % {"count": counts["agreed"]}
        )
    return missing


def _answers_to(count: int) -> StrOrPromise:
    return ngettext_lazy("an answer to %(count)s point of feedback", "answers to %(count)s points of feedback", count) % {
        "count": count
    }


RELEASE_GATE_LABEL: Final = _("Every blocking and major point of feedback is answered")
NEXT_ROUND_GATE_LABEL: Final = _("Every agreed change is done or declined, and every grave point is answered")
MAKERS: Final = (
    _("people of the institution that drafts it"),
    _("people of the media think tank that adapts it"),
)
