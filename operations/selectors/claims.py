"""What the records say has been earned: for each verified act the institutions, units and quality that follow from its record.

Nothing here knows of points: a tariff turns units into points (``operations.actions.incentive``). A record that is withdrawn,
struck out or open again earns nothing, and its points go with it (features S32).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from operations.choices import (
    ContributionAct,
    ParticipantState,
    PieceState,
    PilotState,
    PointSource,
    PointState,
    ProductState,
    SessionState,
)
from operations.models import (
    Certificate,
    CourseSession,
    Enrolment,
    FeedbackPoint,
    Milestone,
    Piece,
    Pilot,
    PilotFeedback,
    PilotParticipant,
    Product,
    ProductReview,
    WorkHours,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

ONE: Final = Decimal(1)
MOST_QUALITY: Final = Decimal(2)
MIDDLE_SCORE: Final = Decimal(50)
"""Mean score of a pilot, of 100, that counts as quality 1: methods.md 5.4 lets quality run from 0 to 2."""
DECIDED: Final = (PilotState.PASSED, PilotState.FAILED, PilotState.INCONCLUSIVE)
"""A round that was decided: its answers were used, whatever they said."""
SAID_BY_SITES: Final = (PointSource.DEFECT, PointSource.SUGGESTION)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one institution earns by one record.

    Attributes:
        institution_id: Who earns it.
        units: How much of the act.
        quality: 0 to 2.
        at: When the act was done.
        stands: Whoever earned it keeps it as it was noted, while the record stands: a project that changes hands later, or a
            course whose credits change, alters no past act.
    """

    institution_id: int
    units: Decimal
    at: datetime
    quality: Decimal = ONE
    stands: bool = False


Claims = dict[str, list[Claim]]
"""By record; an empty list: the record is known and earns nothing now."""


def _noon(day: date) -> datetime:
    """Noon of a day in the platform's time zone: the day stays the same in every neighbouring zone."""
    return timezone.make_aware(datetime.combine(day, time(12)))


def quality_of(mean_score: Decimal | None) -> Decimal:
    """Quality of a released product: mean score of the pilot it passed, of 100, where 50 counts as 1; without a score 1."""
    if mean_score is None:
        return ONE
    return min(MOST_QUALITY, max(Decimal(0), mean_score / MIDDLE_SCORE)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def released(alliance: Alliance, subject: str = "") -> Claims:
    """Released products: their makers by confirmed shares, one unit for each percent; three queries.

    A product taken out of use without a successor is withdrawn, and so are its points; one that its own next version
    replaced keeps them.
    """
    rows = Product.objects.of(alliance).prefetch_related("contributions", "successors")
    rows = rows.filter(code=subject) if subject else rows.filter(state__in=[ProductState.RELEASED, ProductState.RETIRED])
    products = list(rows)
    scores = dict(
        Pilot.objects.of(alliance)
        .filter(product__in=products, state=PilotState.PASSED)
        .order_by("round")
        .values_list("product_id", "mean_score")
    )
    found: Claims = {}
    for product in products:
        claims = found[f"operations.product:{product.code}:{product.version}"] = []
        replaced = any(row.released_at is not None for row in product.successors.all())
        if product.released_at is None or (product.state == ProductState.RETIRED and not replaced):
            continue
        parts = list(product.contributions.all())
        quality = quality_of(scores.get(product.pk))
        shares = (
            [(part.institution_id, part.share) for part in parts if part.confirmed_at is not None]
            if parts
            else [(product.author_id, Decimal(100))]
        )
        claims += [Claim(pk, share, product.released_at, quality) for pk, share in shares]
    return found


def adapted(alliance: Alliance, subject: str = "") -> Claims:
    """Products that the media group handed over and that went into a pilot: the adapter; one query.

    Handing over is the adapter's own word; that the text is fit is said by whoever plans the pilot.
    """
    tried = Pilot.objects.of(alliance).filter(product=OuterRef("pk")).exclude(state=PilotState.CANCELLED)
    rows: QuerySet[Any] = Product.objects.of(alliance).annotate(tried=Exists(tried)).filter(adapter__isnull=False)
    rows = rows.filter(code=subject) if subject else rows.filter(adapted_at__isnull=False, tried=True)
    return {
        f"operations.product:{row.code}": [Claim(row.adapter_id, ONE, row.adapted_at)]
        if row.adapter_id is not None and row.adapted_at is not None and row.tried and row.state != ProductState.WITHDRAWN
        else []
        for row in rows
    }


def reviewed(alliance: Alliance, subject: str = "") -> Claims:
    """Reviews of drafts: the reviewing institution, once for each version of a product; one query."""
    rows = ProductReview.objects.of(alliance)
    if subject:
        rows = rows.filter(product__code=subject)
    first = rows.order_by("product_id", "version", "institution_id", "at", "id").distinct(
        "product_id", "version", "institution_id"
    )
    return {f"operations.productreview:{row.pk}": [Claim(row.institution_id, ONE, row.at)] for row in first}


def published(alliance: Alliance, subject: str = "") -> Claims:
    """Published pieces: their maker; one query."""
    rows = Piece.objects.of(alliance)
    rows = rows.filter(code=subject) if subject else rows.filter(state=PieceState.PUBLISHED)
    return {
        f"operations.piece:{row.code}": [Claim(row.maker_id, ONE, row.published_at)]
        if row.state == PieceState.PUBLISHED and row.published_at is not None
        else []
        for row in rows
    }


def answered(alliance: Alliance, subject: str = "") -> Claims:
    """Sites that answered a round that was decided; one query. A round taken up again earns nothing until it is decided."""
    answers = PilotFeedback.objects.of(alliance).filter(participant=OuterRef("pk"))
    rows = PilotParticipant.objects.of(alliance).select_related("pilot").annotate(said=Exists(answers))
    rows = rows.filter(pilot__product__code=subject) if subject else rows.filter(said=True, pilot__state__in=DECIDED)
    gone = {ParticipantState.WITHDRAWN, ParticipantState.DECLINED}
    return {
        f"operations.pilotparticipant:{row.pk}": [Claim(row.institution_id, ONE, row.pilot.decided_at)]
        if row.said and row.state not in gone and row.pilot.state in DECIDED and row.pilot.decided_at is not None
        else []
        for row in rows
    }


def points_done(alliance: Alliance, subject: str = "") -> Claims:
    """Points of feedback that the makers took up and settled: the site that said it; one query."""
    rows = FeedbackPoint.objects.of(alliance).select_related("participant")
    rows = rows.filter(participant__isnull=False, source__in=SAID_BY_SITES)
    rows = rows.filter(product__code=subject) if subject else rows.filter(state=PointState.DONE)
    return {
        f"operations.feedbackpoint:{row.pk}": [Claim(row.participant.institution_id, ONE, row.answered_at, stands=True)]
        if row.state == PointState.DONE and row.answered_at is not None and row.participant is not None
        else []
        for row in rows
    }


def milestones(alliance: Alliance, subject: str = "") -> Claims:
    """Milestones that were reached: the institution that led the project then; one query."""
    rows = Milestone.objects.of(alliance).select_related("project")
    rows = rows.filter(pk=_number(subject)) if subject else rows.filter(reached_on__isnull=False)
    return {
        f"operations.milestone:{row.pk}": [Claim(row.project.lead_id, ONE, _noon(row.reached_on), stands=True)]
        if row.reached_on is not None
        else []
        for row in rows
    }


def hours(alliance: Alliance, subject: str = "") -> Claims:
    """Confirmed hours: the institution they were worked for, one unit an hour; one query."""
    rows = WorkHours.objects.of(alliance).select_related("person")
    counting = Q(confirmed_at__isnull=False, struck_at__isnull=True)
    rows = rows.filter(pk=_number(subject)) if subject else rows.filter(counting)
    return {
        f"operations.workhours:{row.pk}": [Claim(row.person.institution_id, row.hours, _noon(row.day))]
        if row.confirmed_at is not None and row.struck_at is None
        else []
        for row in rows
    }


def sessions(alliance: Alliance, subject: str = "") -> Claims:
    """Courses that were held: the host, one unit for each credit of the course; one query.

    Args:
        alliance: The tenant.
        subject: ``<code of the course>:<number of the session>``, or empty for all.
    """
    rows = CourseSession.objects.of(alliance).select_related("course")
    if subject:
        code, _colon, number = subject.rpartition(":")
        rows = rows.filter(course__code=code, number=_number(number))
    else:
        rows = rows.filter(state=SessionState.HELD)
    return {
        f"operations.coursesession:{row.pk}": [
            Claim(row.course.host_id, row.course.credits, row.held_at or row.ends_at, stands=True)
        ]
        if row.state == SessionState.HELD
        else []
        for row in rows
    }


def courses(alliance: Alliance, subject: str = "") -> Claims:
    """Credits that were earned: the institution for which the person learnt, one unit a credit; one query.

    A revoked certificate takes the credits back.
    """
    revoked = Certificate.objects.of(alliance).filter(enrolment=OuterRef("pk"), revoked_at__isnull=False)
    rows = Enrolment.objects.of(alliance).annotate(revoked=Exists(revoked))
    rows = rows.filter(pk=_number(subject)) if subject else rows.filter(credits__gt=0)
    return {
        f"operations.enrolment:{row.pk}": [Claim(row.institution_id, row.credits, row.assessed_at)]
        if row.credits > 0 and row.assessed_at is not None and not row.revoked
        else []
        for row in rows
    }


def _number(text: str) -> int:
    """The number a subject names; one that is none fits no record."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


Finder = Callable[["Alliance", str], Claims]
FINDERS: Final[dict[str, Finder]] = {
    ContributionAct.PRODUCT_RELEASED.value: released,
    ContributionAct.PRODUCT_ADAPTED.value: adapted,
    ContributionAct.DRAFT_REVIEWED.value: reviewed,
    ContributionAct.PIECE_PUBLISHED.value: published,
    ContributionAct.PILOT_ANSWERED.value: answered,
    ContributionAct.POINT_DONE.value: points_done,
    ContributionAct.MILESTONE_REACHED.value: milestones,
    ContributionAct.HOURS_WORKED.value: hours,
    ContributionAct.SESSION_HELD.value: sessions,
    ContributionAct.COURSE_PASSED.value: courses,
}
"""For each act: claims of one subject, or with an empty one of every record that earns something."""

UNITS: Final[dict[str, StrOrPromise]] = {
    ContributionAct.PRODUCT_RELEASED.value: _("for each percent of the share in it"),
    ContributionAct.PRODUCT_ADAPTED.value: _("for each product that went into a pilot"),
    ContributionAct.DRAFT_REVIEWED.value: _("for each version reviewed"),
    ContributionAct.PIECE_PUBLISHED.value: _("for each piece"),
    ContributionAct.PILOT_ANSWERED.value: _("for each round answered"),
    ContributionAct.POINT_DONE.value: _("for each defect or suggestion that was taken up"),
    ContributionAct.MILESTONE_REACHED.value: _("for each milestone"),
    ContributionAct.HOURS_WORKED.value: _("for each confirmed hour"),
    ContributionAct.SESSION_HELD.value: _("for each credit of the course"),
    ContributionAct.COURSE_PASSED.value: _("for each credit earned"),
}
"""What one unit of an act is."""
