"""Reads of the risk register: list, one risk with its grades over time, heat map, what is due, whom a trigger concerns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alliance.choices import AllianceRole
from alliance.kernel.errors import NotFoundError
from alliance.models import RoleAssignment, User
from groups.choices import GroupKind
from groups.selectors.matters import MatterKind, Parties
from members.choices import Element
from members.models import Institution
from operations.choices import RiskState
from operations.models import Milestone, Pilot, Risk, RiskMeasure, RiskReview

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

ORDER: Final = ("-opened_at", "-id")
LIVE: Final = (RiskState.OPEN, RiskState.ACCEPTED)
"""States in which a risk is still reviewed."""
GRADES: Final = range(1, 6)
HIGH: Final = 15
"""Likelihood x impact from which a risk is called high; a house rule, told in the handbook."""
MEDIUM: Final = 6
"""Likelihood x impact from which a risk is called medium."""

MILESTONE_LATE: Final = "milestone_late"
PILOT_LOW: Final = "pilot_low"
SINGLE_SUPPLIER: Final = "single_supplier"
DECLARATION_LAPSED: Final = "declaration_lapsed"
TRIGGERS: Final[dict[str, StrOrPromise]] = {
    MILESTONE_LATE: gettext_lazy("late milestone"),
    PILOT_LOW: gettext_lazy("pilot under its pass mark"),
    SINGLE_SUPPLIER: gettext_lazy("single supplier"),
    DECLARATION_LAPSED: gettext_lazy("declaration of interests overdue"),
}


def level_of(likelihood: int, impact: int) -> str:
    """``high``, ``medium`` or ``low``, by the product of the grades."""
    product = likelihood * impact
    return "high" if product >= HIGH else "medium" if product >= MEDIUM else "low"


def level_words(level: str) -> StrOrPromise:
    """The level in words."""
    return {"high": _("high risk"), "medium": _("medium risk"), "low": _("low risk")}[level]


LEVEL_TONES: Final = {"high": "bad", "medium": "warn", "low": "ok"}


@dataclass(frozen=True, slots=True)
class Level:
    """A product of grades with its words and tone."""

    product: int
    level: str
    words: StrOrPromise
    tone: str


def level(row: Risk | RiskReview) -> Level:
    """The level of a risk, or of a look at one."""
    name = level_of(row.likelihood, row.impact)
    return Level(row.likelihood * row.impact, name, level_words(name), LEVEL_TONES[name])


def list_risks(
    alliance: Alliance,
    *,
    state: str = "",
    category: str = "",
    show: str = "",
    likelihood: int | None = None,
    impact: int | None = None,
    owner: User | None = None,
    q: str = "",
    at: datetime,
) -> QuerySet[Risk]:
    """Risks for a list, with the number of measures that are not done; one query.

    Args:
        alliance: The tenant.
        state: A RiskState, ``live`` for those that are still reviewed, or empty for all.
        category: A RiskCategory, or empty for all.
        show: ``due`` for those whose review is due, ``late`` for those with a measure past its day; empty for all.
        likelihood: Only this grade.
        impact: Only this grade.
        owner: Only those this person answers for.
        q: Words of a title, or a code.
        at: Now.
    """
    today = timezone.localtime(at).date()
    found = Risk.objects.of(alliance).select_related("owner")
    if state == "live":
        found = found.filter(state__in=LIVE)
    elif state:
        found = found.filter(state=state)
    if category:
        found = found.filter(category=category)
    if show == "due":
        found = found.filter(state__in=LIVE, review_on__lte=today)
    elif show == "late":
        late = RiskMeasure.objects.of(alliance).filter(risk=OuterRef("pk"), done_at__isnull=True, due_on__lt=today)
        found = found.filter(Exists(late), state__in=LIVE)
    if likelihood is not None:
        found = found.filter(likelihood=likelihood)
    if impact is not None:
        found = found.filter(impact=impact)
    if owner is not None:
        found = found.filter(owner=owner)
    if q:
        found = found.filter(Q(title_en__icontains=q) | Q(title_zh__icontains=q) | Q(code__iexact=q))
    return found.annotate(open_measures=Count("measures", filter=Q(measures__done_at__isnull=True)))


def get_risk(alliance: Alliance, code: str) -> Risk:
    """One risk with its reviews and measures; three queries.

    Raises:
        NotFoundError: No risk of this alliance has the code.
    """
    found = (
        Risk.objects.of(alliance)
        .select_related("alliance", "owner", "opened_by")
        .prefetch_related(
            Prefetch("reviews", RiskReview.objects.of(alliance).select_related("by").order_by("-at", "-id")),
            Prefetch(
                "measures", RiskMeasure.objects.of(alliance).select_related("owner", "done_by").order_by("due_on", "id")
            ),
        )
        .filter(code=code)
        .first()
    )
    if found is None:
        raise NotFoundError
    return found


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One field of the heat map.

    Attributes:
        likelihood: Grade.
        impact: Grade.
        count: Risks that are still reviewed.
        level: ``high``, ``medium`` or ``low``.
        words: The level in words.
    """

    likelihood: int
    impact: int
    count: int
    level: str
    words: StrOrPromise


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One likelihood, with its fields by impact."""

    likelihood: int
    cells: list[HeatCell]


def heat_map(alliance: Alliance) -> list[HeatRow]:
    """Risks that are still reviewed by their grades, the likeliest first; one query."""
    counted = {
        (likelihood, impact): number
        for likelihood, impact, number in Risk.objects.of(alliance)
        .filter(state__in=LIVE)
        .order_by()
        .values_list("likelihood", "impact")
        .annotate(number=Count("pk"))
    }
    return [
        HeatRow(
            likelihood,
            [
                HeatCell(
                    likelihood,
                    impact,
                    counted.get((likelihood, impact), 0),
                    level_of(likelihood, impact),
                    level_words(level_of(likelihood, impact)),
                )
                for impact in GRADES
            ],
        )
        for likelihood in reversed(GRADES)
    ]


def high_risks(alliance: Alliance, user: Any) -> QuerySet[Risk]:  # noqa: ARG001 - a counter of the navigation gets the reader
    """Open risks that are high."""
    return (
        Risk.objects.of(alliance)
        .annotate(product=F("likelihood") * F("impact"))
        .filter(state=RiskState.OPEN, product__gte=HIGH)
    )


def people_for_risks(alliance: Alliance, *, at: datetime) -> list[User]:
    """People who may answer for a risk or a measure: those who keep the register; two queries."""
    roles = [AllianceRole.SECRETARIAT, AllianceRole.OFFICE_ADMIN, AllianceRole.COMMITTEE]
    ids = RoleAssignment.objects.of(alliance).at(at).filter(role__in=roles).values_list("user_id", flat=True)
    return list(User.objects.filter(pk__in=set(ids), is_active=True).order_by("name_en", "pk"))


def list_due_ids(alliance: Alliance, today: date) -> list[int]:
    """Risks whose review is due, or with a measure whose day has come; one query."""
    waiting = RiskMeasure.objects.of(alliance).filter(risk=OuterRef("pk"), done_at__isnull=True, due_on__lte=today)
    found = Risk.objects.of(alliance).filter(Q(review_on__lte=today) | Exists(waiting), state__in=LIVE)
    return list(found.order_by("pk").values_list("pk", flat=True))


# --------------------------------------------------------------------------------------------------------------- triggers


@dataclass(frozen=True, slots=True)
class Cause:
    """What opened a risk.

    Attributes:
        kind: The kind of trigger in words; empty: a person opened it.
        url_name: Route of the record behind it, or empty.
        url_kwargs: Arguments of the route.
        label: The record in words.
        institution_ids: Institutions it concerns: their people neither accept nor close the risk.
    """

    kind: StrOrPromise
    url_name: str = ""
    url_kwargs: dict[str, Any] | None = None
    label: str = ""
    institution_ids: frozenset[int] = frozenset()


def cause_of(risk: Risk) -> Cause:
    """What opened a risk, and whom it concerns; at most one query."""
    kind, _colon, rest = risk.trigger.partition(":")
    parts = rest.split(":")
    if kind == MILESTONE_LATE and parts[0].isdecimal():
        found = Milestone.objects.of(risk.alliance).select_related("project").filter(pk=int(parts[0])).first()
        if found is not None:
            return Cause(
                TRIGGERS[kind],
                "project_detail",
                {"code": found.project.code},
                f"{found.project.code}, {found.name}",
                frozenset({found.project.lead_id}),
            )
    elif kind == PILOT_LOW and parts[0].isdecimal():
        pilot = Pilot.objects.of(risk.alliance).select_related("product").filter(pk=int(parts[0])).first()
        if pilot is not None:
            makers = {pilot.product.author_id, pilot.product.adapter_id} - {None}
            return Cause(
                TRIGGERS[kind],
                "product_detail",
                {"code": pilot.product.code},
                pilot.product.code,
                frozenset(pk for pk in makers if pk is not None),
            )
    elif kind in {SINGLE_SUPPLIER, DECLARATION_LAPSED}:
        code = parts[-1] if kind == SINGLE_SUPPLIER else parts[0]
        institution = Institution.objects.of(risk.alliance).filter(code=code).first()
        if institution is not None:
            return Cause(
                TRIGGERS[kind],
                "institution_detail",
                {"code": institution.code},
                institution.name,
                frozenset({institution.pk}),
            )
    return Cause(TRIGGERS.get(kind, "") if kind else "")


def risk_matter(code: str) -> str:
    """Name under which conflicts of interest with a risk are declared."""
    return f"risk:{code}"


def _parties(alliance: Alliance, code: str) -> Parties | None:
    risk = Risk.objects.of(alliance).select_related("alliance").filter(code=code).first()
    return None if risk is None else Parties(cause_of(risk).institution_ids)


def _none_open(alliance: Alliance) -> dict[str, Parties]:  # noqa: ARG001 - the shape is the registry's
    """No screening by rule: whoever a trigger concerns is refused by the acts themselves, with nobody to ask."""
    return {}


RISK_MATTER: Final = MatterKind(gettext_lazy("Risk"), _parties, _none_open, "risk_detail")


def element_words(group: str, element: str) -> str:
    """A cell of the coverage matrix in words."""
    return capfirst(f"{GroupKind(group).label}, {Element(element).label}")


def opened_triggers(alliance: Alliance, prefixes: Iterable[str]) -> set[str]:
    """Triggers with one of the prefixes that opened a risk before, or have one that is still looked after; one query."""
    condition = Q(pk__in=[])
    for prefix in prefixes:
        condition |= Q(trigger__startswith=prefix)
    return set(Risk.objects.of(alliance).filter(condition).values_list("trigger", flat=True))
