"""Reads of contribution points: tariffs, the ledger with its fading, the comparison with the records, honours lists.

The formula is that of methods.md 5.4: a point is worth ``units * tariff * quality * 0.5^(age in days / half-life)``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import TYPE_CHECKING, Any, Final

from django.db.models import (
    Case,
    Count,
    DateField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Max,
    OuterRef,
    Q,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Round, TruncDate
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.errors import NotFoundError
from members.models import Institution
from operations.choices import ContributionAct, TariffState
from operations.models import (
    ContributionPoints,
    CourseSession,
    Enrolment,
    FeedbackPoint,
    HonoursList,
    Milestone,
    PilotParticipant,
    ProductReview,
    Tariff,
    WorkHours,
)
from operations.selectors.claims import FINDERS, Claim

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.db.models.expressions import Combinable
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

PLACES: Final = Decimal("0.0001")
ORDER: Final = ("-at", "-id")
IN_USE: Final = (TariffState.APPROVED, TariffState.SUPERSEDED)
"""Tariffs that were approved: each is valid from its day until that of a later version."""

WITHDRAWN: Final = "withdrawn"
CHANGED: Final = "changed"
REASONS: Final[dict[str, StrOrPromise]] = {
    WITHDRAWN: _("the record was withdrawn, struck out or opened again"),
    CHANGED: _("the record was put right"),
}
"""Why points were taken back, by what the ledger notes."""


# ----------------------------------------------------------------------------------------------------------------- tariffs


@dataclass(frozen=True, slots=True)
class Rate:
    """One approved tariff, ready to reckon with.

    Attributes:
        tariff_id: Key of the row.
        version: Its version.
        valid_from: First day.
        points: Points for one unit by act.
    """

    tariff_id: int
    version: int
    valid_from: date
    points: Mapping[str, Decimal]


Rates = Sequence[Rate]
"""Newest version first."""


def get_rates(alliance: Alliance) -> Rates:
    """Every tariff that was approved, newest version first; one query."""
    rows = Tariff.objects.of(alliance).filter(state__in=IN_USE).order_by("-version")
    return [
        Rate(row.pk, row.version, row.valid_from, {act: Decimal(text) for act, text in row.points.items()}) for row in rows
    ]


def rate_on(rates: Rates, day: date) -> Rate | None:
    """The tariff valid on a day: the newest version whose first day has come."""
    return next((rate for rate in rates if rate.valid_from <= day), None)


@dataclass(frozen=True, slots=True)
class Award:
    """Points that follow from a claim by the tariff of its day."""

    institution_id: int
    units: Decimal
    quality: Decimal
    points: Decimal
    tariff_id: int
    version: int
    at: datetime


def award_for(rates: Rates, act: str, claim: Claim) -> Award | None:
    """What a claim earns: units * tariff * quality (methods.md 5.4); None where that is nothing."""
    rate = rate_on(rates, timezone.localtime(claim.at).date())
    if rate is None or not rate.points.get(act):
        return None
    points = (claim.units * rate.points[act] * claim.quality).quantize(PLACES, ROUND_HALF_UP)
    if not points:
        return None
    return Award(claim.institution_id, claim.units, claim.quality, points, rate.tariff_id, rate.version, claim.at)


def keeps(row: ContributionPoints, award: Award) -> bool:
    """Whether a row of the ledger says what the record says now."""
    return (row.units, row.quality, row.points, row.tariff_id) == (
        award.units,
        award.quality,
        award.points,
        award.tariff_id,
    )


def list_tariffs(alliance: Alliance) -> QuerySet[Tariff]:
    """Tariffs, newest version first, with the people; one query."""
    return Tariff.objects.of(alliance).select_related("proposed_by", "settled_by").order_by("-version")


def get_tariff(alliance: Alliance, version: int) -> Tariff:
    """One tariff.

    Raises:
        NotFoundError: No such version.
    """
    found = list_tariffs(alliance).filter(version=version).first()
    if found is None:
        raise NotFoundError
    return found


# ------------------------------------------------------------------------------------------------------------------ fading


def fade(points: Decimal, age_days: int, half_life_days: int | None) -> Decimal:
    """What points are worth after some days: half of them after each half-life; to four places.

    Args:
        points: As they were awarded.
        age_days: Whole days since the act; a day in the future counts as none.
        half_life_days: None: points do not fade.
    """
    if half_life_days is None:
        return points.quantize(PLACES, ROUND_HALF_UP)
    with localcontext() as context:
        context.prec = 40
        worth = points * Decimal("0.5") ** (Decimal(max(0, age_days)) / Decimal(half_life_days))
        return worth.quantize(PLACES, ROUND_HALF_UP)


def worth_on(day: date, prefix: str = "") -> Combinable:
    """:func:`fade` as an expression of the database, for sums over many rows.

    Args:
        day: The day on which the points are read.
        prefix: Path from the queried model to the ledger, such as ``contribution_points__``.
    """
    number = DecimalField(max_digits=40, decimal_places=20)
    age = Func(
        Value(day, output_field=DateField()),
        TruncDate(f"{prefix}at"),
        template="greatest(%(expressions)s, 0)",
        arg_joiner=" - ",
        output_field=IntegerField(),
    )
    lives = ExpressionWrapper(Cast(age, number) / F(f"{prefix}tariff__half_life_days"), output_field=number)
    left = Func(Value(Decimal("0.5")), lives, function="power", output_field=number)
    points = DecimalField(max_digits=24, decimal_places=4)
    return Case(
        When(Q(**{f"{prefix}tariff__half_life_days__isnull": True}), then=F(f"{prefix}points")),
        default=Round(ExpressionWrapper(F(f"{prefix}points") * left, output_field=number), 4),
        output_field=points,
    )


# ------------------------------------------------------------------------------------------------------------------ ledger


def list_rows(
    alliance: Alliance, institution_ids: Iterable[int], *, act: str = "", cancelled: bool = True, on: date
) -> QuerySet[ContributionPoints]:
    """Rows of the ledger of some institutions, with what each is worth on a day; one query."""
    rows = ContributionPoints.objects.of(alliance).filter(institution_id__in=list(institution_ids))
    if act:
        rows = rows.filter(act=act)
    if not cancelled:
        rows = rows.filter(cancelled_at__isnull=True)
    return rows.select_related("institution", "tariff").annotate(worth=worth_on(on))


def total_of(alliance: Alliance, institution_id: int, *, on: date) -> Decimal:
    """What an institution's points are worth on a day: the sum of its rows that were not taken back; one query."""
    rows = list_rows(alliance, [institution_id], cancelled=False, on=on)
    return rows.aggregate(total=Sum("worth"))["total"] or Decimal(0)


def list_standings(alliance: Alliance, *, on: date, q: str = "") -> QuerySet[Institution]:
    """Institutions with points, each with ``worth`` (on the day), ``earned`` (as awarded), ``rows`` and ``latest``; one query."""
    live = Q(contribution_points__cancelled_at__isnull=True)
    any_row = ContributionPoints.objects.of(alliance).filter(institution=OuterRef("pk"))
    zero = Value(Decimal(0), output_field=DecimalField(max_digits=24, decimal_places=4))
    found = Institution.objects.of(alliance).filter(Exists(any_row))
    if q:
        found = found.filter(Q(name_en__icontains=q) | Q(name_zh__icontains=q) | Q(code__iexact=q))
    return found.annotate(
        worth=Sum(worth_on(on, "contribution_points__"), filter=live, default=zero),
        earned=Sum("contribution_points__points", filter=live, default=zero),
        rows=Count("contribution_points", filter=live),
        latest=Max("contribution_points__at", filter=live),
    )


@dataclass(frozen=True, slots=True)
class ActSum:
    """What one act brought an institution.

    Attributes:
        act: A ContributionAct.
        label: The act in words.
        rows: How many records.
        earned: Points as awarded.
        worth: What they are worth on the day.
    """

    act: str
    label: StrOrPromise
    rows: int
    earned: Decimal
    worth: Decimal


def sums_by_act(alliance: Alliance, institution_ids: Iterable[int], *, on: date) -> list[ActSum]:
    """What each act brought some institutions, in the order of the acts; one query."""
    rows = (
        list_rows(alliance, institution_ids, cancelled=False, on=on)
        .order_by()
        .values("act")
        .annotate(number=Count("pk"), earned=Sum("points"), now=Sum("worth"))
    )
    found = {row["act"]: row for row in rows}
    return [
        ActSum(act, label, found[act]["number"], found[act]["earned"], found[act]["now"])
        for act, label in ContributionAct.choices
        if act in found
    ]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the record behind a row of the ledger stands.

    Attributes:
        label: The record in words.
        url: Its page.
    """

    label: str
    url: str


def sources_of(alliance: Alliance, rows: Iterable[ContributionPoints]) -> dict[str, Source]:
    """The records behind rows of the ledger, by name; one query for each type among them, eight at most."""
    keys: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        kind, _colon, key = row.record.partition(":")
        keys[kind].add(key)
    found: dict[str, Source] = {}
    for key in keys["operations.product"]:
        code = key.partition(":")[0]
        found[f"operations.product:{key}"] = Source(code, reverse("product_detail", kwargs={"code": code}))
    for code in keys["operations.piece"]:
        found[f"operations.piece:{code}"] = Source(code, reverse("piece_detail", kwargs={"code": code}))
    for kind, (model, path, url_name) in _BEHIND.items():
        ids = [int(key) for key in keys[kind] if key.isdecimal()]
        if not ids:
            continue
        pairs = model._default_manager.filter(alliance=alliance, pk__in=ids).values_list("pk", path)
        for pk, code in pairs:
            found[f"{kind}:{pk}"] = Source(code, _page(url_name, code))
    return found


def _page(url_name: str, code: str) -> str:
    """Address of a record's page; empty where this version of the program has none."""
    try:
        return reverse(url_name, kwargs={"code": code})
    except NoReverseMatch:
        return ""


_BEHIND: Final[dict[str, tuple[Any, str, str]]] = {
    "operations.productreview": (ProductReview, "product__code", "product_detail"),
    "operations.pilotparticipant": (PilotParticipant, "pilot__product__code", "product_detail"),
    "operations.feedbackpoint": (FeedbackPoint, "product__code", "product_detail"),
    "operations.milestone": (Milestone, "project__code", "project_detail"),
    "operations.workhours": (WorkHours, "person__project__code", "project_detail"),
    "operations.coursesession": (CourseSession, "course__code", "course_detail"),
    "operations.enrolment": (Enrolment, "session__course__code", "course_detail"),
}
"""Type of the record: its model, the path to the code people know it by, and the page that takes it."""


# -------------------------------------------------------------------------------------------------------------- comparison


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the ledger does not say what a record says.

    Attributes:
        act: A ContributionAct.
        record: The record.
        institution_id: Whose points.
        noted: Points in the ledger, or None.
        due: Points that follow from the record, or None.
    """

    act: str
    record: str
    institution_id: int
    noted: Decimal | None
    due: Decimal | None


def compare(alliance: Alliance) -> list[Difference]:
    """Every place where the ledger does not say what the records say; a fixed number of queries, nothing is changed."""
    rates = get_rates(alliance)
    live: dict[tuple[str, str], dict[int, ContributionPoints]] = defaultdict(dict)
    for row in ContributionPoints.objects.of(alliance).filter(cancelled_at__isnull=True).order_by("pk"):
        live[row.act, row.record][row.institution_id] = row
    found: list[Difference] = []
    for act, find in FINDERS.items():
        claims = find(alliance, "")
        for record in sorted({*claims, *(name for of_act, name in live if of_act == act)}):
            present = live.get((act, record), {})
            wanted = {
                claim.institution_id: award
                for claim in claims.get(record, [])
                if (award := award_for(rates, act, claim)) is not None
            }
            if present and wanted and any(claim.stands for claim in claims[record]):
                continue
            for institution_id in sorted({*present, *wanted}):
                noted, award = present.get(institution_id), wanted.get(institution_id)
                if noted is not None and award is not None and keeps(noted, award):
                    continue
                found.append(
                    Difference(act, record, institution_id, noted.points if noted else None, award.points if award else None)
                )
    return found


# ----------------------------------------------------------------------------------------------------------------- honours

HONOURS_METHOD: Final = "sum of the points of the acts of the year, as awarded; equal sums share a rank"
HONOURS_VERSION: Final = 1


def honours_inputs(alliance: Alliance, year: int) -> list[list[str]]:
    """Rows of the ledger for acts of a year: institution, act, record and points of each; one query."""
    rows = (
        ContributionPoints.objects.of(alliance)
        .filter(at__year=year, cancelled_at__isnull=True)
        .order_by("institution__code", "act", "record")
        .values_list("institution__code", "act", "record", "points")
    )
    return [[code, act, record, str(points)] for code, act, record, points in rows]


def rank_honours(inputs: Iterable[Sequence[str]], names: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Institutions by the points of a year, most first; equal sums share a rank and are named in the order of their codes.

    Args:
        inputs: As from :func:`honours_inputs`.
        names: ``name_en`` and ``name_zh`` by code.
    """
    sums: dict[str, Decimal] = defaultdict(Decimal)
    acts: dict[str, dict[str, list[Any]]] = defaultdict(dict)
    for code, act, _record, points in inputs:
        sums[code] += Decimal(points)
        line = acts[code].setdefault(act, [0, Decimal(0)])
        line[0] += 1
        line[1] += Decimal(points)
    rows: list[dict[str, Any]] = []
    for place, code in enumerate(sorted(sums, key=lambda one: (-sums[one], one)), start=1):
        shared = rows[-1]["rank"] if rows and Decimal(rows[-1]["points"]) == sums[code] else place
        rows.append(
            {
                "rank": shared,
                "code": code,
                "name_en": names[code]["name_en"],
                "name_zh": names[code]["name_zh"],
                "points": str(sums[code]),
                "acts": {act: {"records": line[0], "points": str(line[1])} for act, line in sorted(acts[code].items())},
            }
        )
    return rows


def compute_honours(alliance: Alliance, year: int) -> dict[str, Any]:
    """The honours list of a year as the ledger gives it now, with all that is needed to compute it again; two queries."""
    inputs = honours_inputs(alliance, year)
    names: dict[str, Mapping[str, str]] = {
        row["code"]: {"name_en": row["name_en"], "name_zh": row["name_zh"]}
        for row in Institution.objects.of(alliance)
        .filter(code__in={row[0] for row in inputs})
        .values("code", "name_en", "name_zh")
    }
    return {
        "method": HONOURS_METHOD,
        "version": HONOURS_VERSION,
        "year": year,
        "inputs": inputs,
        "rows": rank_honours(inputs, names),
    }


def recompute_honours(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a published list, computed again from its inputs."""
    return rank_honours(record["inputs"], {row["code"]: row for row in record["rows"]})


def list_honours(alliance: Alliance) -> QuerySet[HonoursList]:
    """Published lists, newest year first; one query."""
    return HonoursList.objects.of(alliance).select_related("published_by").order_by("-year")


def honours_years(alliance: Alliance) -> list[int]:
    """Years with a published list, newest first; one query."""
    return list(HonoursList.objects.of(alliance).order_by("-year").values_list("year", flat=True)[:100])


def get_honours(alliance: Alliance, year: int) -> HonoursList:
    """The list of a year.

    Raises:
        NotFoundError: None was published for this year.
    """
    found = list_honours(alliance).filter(year=year).first()
    if found is None:
        raise NotFoundError
    return found


@dataclass(frozen=True, slots=True)
class HonoursRow:
    """A line of an honours list as a page shows it."""

    rank: int
    code: str
    name_en: str
    name_zh: str
    points: Decimal
    acts: list[tuple[StrOrPromise, int, Decimal]]

    @property
    def name(self) -> str:
        """Name in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.name_zh or self.name_en
        return self.name_en or self.name_zh


def honours_rows(record: Mapping[str, Any]) -> list[HonoursRow]:
    """The lines of a list, published or not."""
    labels = dict(ContributionAct.choices)
    return [
        HonoursRow(
            row["rank"],
            row["code"],
            row["name_en"],
            row["name_zh"],
            Decimal(row["points"]),
            [(labels.get(act, act), line["records"], Decimal(line["points"])) for act, line in row["acts"].items()],
        )
        for row in record["rows"]
    ]


def years_with_points(alliance: Alliance) -> list[int]:
    """Years in which something was earned, newest first; one query."""
    return [
        moment.year
        for moment in ContributionPoints.objects.of(alliance)
        .filter(cancelled_at__isnull=True)
        .datetimes("at", "year", order="DESC")
    ]
