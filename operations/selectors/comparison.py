"""What a pilot changed, and what improved from round to round (S13).

Everything here is read from the stored records of decided rounds (``operations.selectors.results``), so the page shows the same
figures to the last digit as the record from which they can be computed again. A round that still runs shows its means so far,
without intervals: who looks at intervals before the end is tempted to stop when they please.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

from alliance.kernel import charts, statistics
from alliance.kernel.charts import Chart, Estimate, Series
from alliance.kernel.formats import format_number
from alliance.kernel.statistics import RELIABLE, TENTATIVE
from groups.selectors.conflict import list_recused
from members.models import Institution
from operations.choices import PilotState, PointState, ReadingPhase
from operations.models import Reading
from operations.selectors.point import points_of
from operations.selectors.results import improvement

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from operations.models import Pilot, Product

DECIDED: Final = (PilotState.PASSED, PilotState.FAILED, PilotState.INCONCLUSIVE)
NOTICES: Final[dict[str, StrOrPromise]] = {
    "too_few": gettext_lazy("too few values for an interval"),
    "all_equal": gettext_lazy("all values are equal"),
    "no_answers": gettext_lazy("no answers"),
    "no_baseline": gettext_lazy("not measured before the trial"),
    "not_measured": gettext_lazy("not measured after the trial"),
    "baseline_is_nought": gettext_lazy("no percentage of a value of nought"),
    "undefined": gettext_lazy("no interval: in part of the resamples the change has no percentage"),
    "running": gettext_lazy("so far; the round is still under way"),
}
"""What a figure lacks, in words: an interval of too few values is not shown at all (methods.md 4.3)."""


def _own(entry: Mapping[str, Any]) -> str:
    """Name in the active language, else the other one."""
    zh, en = str(entry["name_zh"]), str(entry["name_en"])
    return (zh or en) if (get_language() or "").startswith("zh") else (en or zh)


def _same(entry: Mapping[str, Any]) -> tuple[str, str]:
    """What makes two rows of different rounds the same criterion or measure: their names."""
    return " ".join(entry["name_en"].casefold().split()), "".join(entry["name_zh"].split())


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its interval, or the reason why it has none.

    Attributes:
        value: The value; None where it is undefined.
        low: Lower end; None without an interval.
        high: Upper end.
        notice: Code of NOTICES, or empty.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    notice: str = ""

    @property
    def words(self) -> StrOrPromise:
        """What it lacks, in words."""
        return NOTICES.get(self.notice, "")


def figure_of(entry: Mapping[str, Any], name: str) -> Figure:
    """A figure of a stored record; ends of an interval of too few values are left out."""
    shown = entry["notice"] != "too_few"
    return Figure(
        entry[name], entry["low"] if shown else None, entry["high"] if shown else None, str(entry.get("notice") or "")
    )


# ------------------------------------------------------------------------------------------------------ before and after


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One measure at one site, before and after.

    Attributes:
        code: The institution's code.
        name: Its name, where the reader may know it.
        before: Mean before the trial.
        after: Mean during or after it.
        before_count: Values before.
        after_count: Values after.
        difference: After less before, in the measure's unit.
        change: Change for the better in percent of the mean before, whichever direction is better.
    """

    code: str
    name: str
    before: float | None
    after: float | None
    before_count: int
    after_count: int
    difference: float | None
    change: Figure


@dataclass(frozen=True, slots=True)
class MeasureView:
    """One measure of a round, ready to show.

    Attributes:
        name: Its name.
        name_en: In English.
        name_zh: In Chinese.
        unit: What it is counted in.
        direction: 1 when more is better, -1 when less is.
        needed: Change for the better the plan asks for, in percent; None: reported only.
        passed: Whether it got there; None where nothing is asked or the round is not decided.
        sites: Rows by site.
        change: Mean change over the sites, each weighing the same.
        site_count: Sites with a change.
    """

    name: str
    name_en: str
    name_zh: str
    unit: str
    direction: int
    needed: float | None
    passed: bool | None
    sites: tuple[SiteRow, ...]
    change: Figure
    site_count: int


def view_measures(
    figures: Sequence[Mapping[str, Any]], names: Mapping[str, str], only: Collection[str] | None = None
) -> list[MeasureView]:
    """Measures of a record ready to show; pure.

    Args:
        figures: ``measures`` of a record's figures.
        names: Names of institutions by code; an institution without one is shown by its code.
        only: Codes of the institutions whose rows are shown; None: all.
    """
    return [
        MeasureView(
            name=_own(entry),
            name_en=entry["name_en"],
            name_zh=entry["name_zh"],
            unit=entry["unit"],
            direction=entry["direction"],
            needed=entry["minimum_change"],
            passed=entry["passed"],
            sites=tuple(
                SiteRow(
                    code=row["institution"],
                    name=names.get(row["institution"], row["institution"]),
                    before=row["before"],
                    after=row["after"],
                    before_count=row["before_count"],
                    after_count=row["after_count"],
                    difference=row["difference"],
                    change=figure_of(row, "percent"),
                )
                for row in entry["sites"]
                if only is None or row["institution"] in only
            ),
            change=figure_of(entry["change"], "percent"),
            site_count=entry["change"]["sites"],
        )
        for entry in figures
    ]


def means_so_far(measures: Sequence[Mapping[str, Any]], readings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Means and changes of a round that still runs, in the shape of a record's ``measures``, without intervals; pure.

    Args:
        measures: ``position``, names, ``unit``, ``direction``, ``minimum_change`` of each.
        readings: ``institution``, ``measure`` (position), ``phase`` and ``value`` of each that stands.
    """
    by_place: defaultdict[tuple[int, str, str], list[float]] = defaultdict(list)
    for row in readings:
        by_place[row["measure"], row["institution"], row["phase"]].append(float(row["value"]))
    found: list[dict[str, Any]] = []
    for measure in measures:
        sites: list[dict[str, Any]] = []
        for code in sorted({site for place, site, _phase in by_place if place == measure["position"]}):
            before = by_place.get((measure["position"], code, ReadingPhase.BASELINE.value), [])
            after = by_place.get((measure["position"], code, ReadingPhase.AFTER.value), [])
            whole = bool(before and after)
            percent = improvement(before, after, measure["direction"]) if whole else None
            sites.append(
                {
                    "institution": code,
                    "before": statistics.mean(before) if before else None,
                    "after": statistics.mean(after) if after else None,
                    "before_count": len(before),
                    "after_count": len(after),
                    "difference": statistics.mean(after) - statistics.mean(before) if whole else None,
                    "percent": percent,
                    "low": None,
                    "high": None,
                    "notice": _why_none(before, after, percent) or "running",
                }
            )
        changes = [site["percent"] for site in sites if site["percent"] is not None]
        found.append(
            {
                **measure,
                "sites": sites,
                "change": {
                    "percent": statistics.mean(changes) if changes else None,
                    "low": None,
                    "high": None,
                    "notice": "running" if changes else "not_measured",
                    "sites": len(changes),
                },
                "passed": None,
            }
        )
    return found


def _why_none(before: Sequence[float], after: Sequence[float], percent: float | None) -> str:
    if not before:
        return "no_baseline"
    if not after:
        return "not_measured"
    return "baseline_is_nought" if percent is None else ""


# -------------------------------------------------------------------------------------------------- from round to round


@dataclass(frozen=True, slots=True)
class Step:
    """What one criterion or measure did from a round to the next one.

    Attributes:
        kind: ``criterion`` or ``measure``.
        name: Its name.
        name_en: In English.
        name_zh: In Chinese.
        before: In the round before.
        after: In the later round.
        change: After less before: points of the scale, or percentage points of the change for the better.
        clear: Whether the two intervals stand apart; None where one of them is missing.
    """

    kind: str
    name: str
    name_en: str
    name_zh: str
    before: Figure
    after: Figure
    change: float
    clear: bool | None

    @property
    def verdict(self) -> str:
        """``better``, ``worse``, ``same`` or ``unclear`` (within the uncertainty of the two rounds)."""
        if self.clear is False:
            return "unclear"
        if abs(self.change) < 1e-9:
            return "same"
        return "better" if self.change > 0 else "worse"


def stand_apart(first: Figure, second: Figure) -> bool | None:
    """Whether two intervals have no value in common; None where one of them is missing."""
    if None in (first.low, first.high, second.low, second.high):
        return None
    return bool(first.high < second.low or second.high < first.low)  # type: ignore[operator]


def compare_rounds(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> list[Step]:
    """What improved from one decided round to the next, per criterion and measure of the same name; pure.

    Criteria with unequal scales in the two rounds are compared as shares of their scales, from 0 to 100.

    Args:
        earlier: Figures of the earlier round's record.
        later: Figures of the later round's record.
    """
    steps: list[Step] = []
    known = {_same(entry): entry for entry in earlier["criteria"]}
    for entry in later["criteria"]:
        other = known.get(_same(entry))
        if other is None or other["value"] is None or entry["value"] is None:
            continue
        scales = {(one["scale_low"], one["scale_high"]) for one in (other, entry)}
        before, after = figure_of(other, "value"), figure_of(entry, "value")
        if len(scales) > 1:
            before, after = _on_hundred(before, other), _on_hundred(after, entry)
        steps.append(_step("criterion", entry, before, after))
    measured = {_same(entry): entry for entry in earlier.get("measures", ())}
    for entry in later.get("measures", ()):
        other = measured.get(_same(entry))
        if other is None or other["change"]["percent"] is None or entry["change"]["percent"] is None:
            continue
        steps.append(_step("measure", entry, figure_of(other["change"], "percent"), figure_of(entry["change"], "percent")))
    return steps


def _step(kind: str, entry: Mapping[str, Any], before: Figure, after: Figure) -> Step:
    return Step(
        kind=kind,
        name=_own(entry),
        name_en=entry["name_en"],
        name_zh=entry["name_zh"],
        before=before,
        after=after,
        change=(after.value or 0.0) - (before.value or 0.0),
        clear=stand_apart(before, after),
    )


def share_of_scale(value: float, criterion: Mapping[str, Any]) -> float:
    """A score as a share of its scale, from 0 to 100."""
    return float(100 * (value - criterion["scale_low"]) / (criterion["scale_high"] - criterion["scale_low"]))


def _on_hundred(figure: Figure, criterion: Mapping[str, Any]) -> Figure:
    ends = [None if end is None else share_of_scale(end, criterion) for end in (figure.value, figure.low, figure.high)]
    return Figure(ends[0], ends[1], ends[2], figure.notice)


# ------------------------------------------------------------------------------------------------------------- agreement


@dataclass(frozen=True, slots=True)
class AgreementView:
    """How far those who answered agree, with what it means.

    Attributes:
        alpha: Krippendorff's alpha for ordered scores; None where it is undefined.
        kendall_w: Kendall's W; None where it is undefined.
        reading: What the figure allows, in words.
        tone: Look of the reading.
        label: The reading in one word.
    """

    alpha: float | None
    kendall_w: float | None
    reading: StrOrPromise
    tone: str
    label: StrOrPromise


def view_agreement(figures: Mapping[str, Any]) -> AgreementView | None:
    """The agreement of a record; None for records made before it was computed."""
    found = figures.get("agreement")
    if not found:
        return None
    alpha = found["alpha_ordinal"]
    if alpha is None:
        reasons: dict[str, StrOrPromise] = {
            "all_equal": gettext_lazy("All scores are equal, so agreement cannot be told from chance."),
            "too_few": gettext_lazy("Too few answers or criteria to judge agreement."),
        }
        words, tone = reasons.get(found["alpha_ordinal_reason"], reasons["too_few"]), "neutral"
        label: StrOrPromise = gettext_lazy("not to be judged")
    elif alpha >= RELIABLE:
        label, words, tone = pgettext_lazy("agreement", "reliable"), gettext_lazy("The answers agree."), "ok"
    elif alpha >= TENTATIVE:
        label, words, tone = pgettext_lazy("agreement", "tentative"), gettext_lazy("Draw only cautious conclusions."), "warn"
    else:
        label, tone = pgettext_lazy("agreement", "not reliable"), "bad"
        words = gettext_lazy("The answers differ: look at each site before you rely on a mean.")
    return AgreementView(alpha, found["kendall_w"], words, tone, label)


# ------------------------------------------------------------------------------------------------------------ whole page


@dataclass(frozen=True, slots=True)
class RoundView:
    """One round on the page.

    Attributes:
        pilot: The round.
        decided: Whether its figures are those of its record.
        answers: Answers counted.
        mean_score: Mean score from 0 to 100 with its interval.
        measures: Before and after.
        agreement: How far the answers agree.
        steps: What improved since the decided round before; empty for the first one.
        since: Number of that round, 0 for none.
    """

    pilot: Pilot
    decided: bool
    answers: int
    mean_score: Figure
    measures: tuple[MeasureView, ...]
    agreement: AgreementView | None
    steps: tuple[Step, ...]
    since: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The page.

    Attributes:
        rounds: Newest first.
        radar: Profile over the criteria; None under three of them or without a decided round.
        points: Points by version and state, newest version first; empty where the reader may not know.
    """

    rounds: tuple[RoundView, ...]
    radar: Chart | None
    points: tuple[tuple[int, Mapping[str, int]], ...]


def get_comparison(
    product: Product, pilots: Sequence[Pilot], *, only: Collection[str] | None = None, csv_url: str = ""
) -> Comparison:
    """Everything the page shows; six queries, whatever the number of rounds, sites and values.

    Args:
        product: The product.
        pilots: Its rounds, newest first.
        only: Codes of the institutions whose rows the reader may see, who then sees decided rounds only; None: all.
        csv_url: Where the figures can be had as CSV.
    """
    running = [pilot for pilot in pilots if pilot.state not in DECIDED and pilot.state != PilotState.CANCELLED]
    live = _read_running(product, running) if running and only is None else {}
    records = {pilot.pk: pilot.result["figures"] for pilot in pilots if pilot.state in DECIDED and pilot.result}
    codes = {
        row["institution"]
        for measures in (*(figures.get("measures", ()) for figures in records.values()), *live.values())
        for measure in measures
        for row in measure["sites"]
    }
    names = {
        institution.code: institution.name
        for institution in Institution.objects.of(product.alliance).filter(code__in=codes).order_by("pk")
    }
    rounds: list[RoundView] = []
    for place, pilot in enumerate(pilots):
        if pilot.pk in records:
            figures = records[pilot.pk]
            earlier = next((other for other in pilots[place + 1 :] if other.pk in records), None)
            rounds.append(
                RoundView(
                    pilot=pilot,
                    decided=True,
                    answers=figures["answers"],
                    mean_score=figure_of(figures["mean_score"], "value"),
                    measures=tuple(view_measures(figures.get("measures", ()), names, only)),
                    agreement=view_agreement(figures),
                    steps=tuple(compare_rounds(records[earlier.pk], figures)) if earlier else (),
                    since=earlier.round if earlier else 0,
                )
            )
        elif pilot.pk in live:
            rounds.append(
                RoundView(
                    pilot=pilot,
                    decided=False,
                    answers=getattr(pilot, "answer_count", pilot.answers),
                    mean_score=Figure(None, notice="running"),
                    measures=tuple(view_measures(live[pilot.pk], names)),
                    agreement=None,
                    steps=(),
                    since=0,
                )
            )
    with_figures = [(pilot, records[pilot.pk]) for pilot in pilots if pilot.pk in records]
    return Comparison(
        tuple(rounds), draw_radar(with_figures, csv_url), tuple(count_by_version(product)) if only is None else ()
    )


def _read_running(product: Product, pilots: Sequence[Pilot]) -> dict[int, list[dict[str, Any]]]:
    """Means so far of rounds that still run, by round; three queries."""
    recused = list_recused(product.alliance, product.matter)
    readings: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = (
        Reading.objects.of(product.alliance)
        .filter(measure__pilot__in=pilots, struck_at__isnull=True)
        .exclude(participant__institution_id__in=recused)
        .order_by("id")
        .values_list("measure__pilot_id", "participant__institution__code", "measure__position", "phase", "value")
    )
    for pilot_id, code, position, phase, value in rows:
        readings[pilot_id].append({"institution": code, "measure": position, "phase": phase, "value": value})
    measures: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for pilot in pilots:
        for measure in pilot.measures.order_by("position"):
            measures[pilot.pk].append(
                {
                    "position": measure.position,
                    "name_en": measure.name_en,
                    "name_zh": measure.name_zh,
                    "unit": measure.unit,
                    "direction": measure.direction,
                    "minimum_change": None if measure.minimum_change is None else float(measure.minimum_change),
                }
            )
    return {pilot.pk: means_so_far(measures[pilot.pk], readings[pilot.pk]) for pilot in pilots}


def count_by_version(product: Product) -> list[tuple[int, Mapping[str, int]]]:
    """Points by the version they were said of and by state, newest version first; one or two queries."""
    counts: defaultdict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(PointState.values, 0))
    rows = points_of(product).order_by().values_list("version", "state").annotate(number=Count("pk"))
    for version, state, number in rows:
        counts[version][state] = number
    return sorted(counts.items(), reverse=True)


def draw_radar(rounds: Sequence[tuple[Pilot, Mapping[str, Any]]], csv_url: str = "") -> Chart | None:
    """The criteria of the latest decided round, of the one before it and their pass marks, as shares of their scales.

    Args:
        rounds: Decided rounds with their figures, newest first.
        csv_url: Where the figures can be had as CSV.
    """
    if not rounds:
        return None
    pilot, figures = rounds[0]
    criteria = [entry for entry in figures["criteria"] if entry["value"] is not None]
    if len(criteria) < 3:
        return None
    series = [Series(_round_name(pilot), [share_of_scale(entry["value"], entry) for entry in criteria])]
    marks = Series(_("Pass mark"), [share_of_scale(entry["pass_mark"], entry) for entry in criteria])
    if len(rounds) > 1:
        other, before = rounds[1]
        known = {_same(entry): entry for entry in before["criteria"] if entry["value"] is not None}
        values = [
            share_of_scale(known[_same(entry)]["value"], known[_same(entry)]) if _same(entry) in known else None
            for entry in criteria
        ]
        if any(value is not None for value in values):
            series.append(Series(_round_name(other), values))
    weakest = min(
        criteria, key=lambda entry: share_of_scale(entry["value"] - entry["pass_mark"] + entry["scale_low"], entry)
    )
    reached = sum(1 for entry in criteria if entry["passed"])
    template = (
        _(
            "%(reached)s of %(total)s criteria reach their pass mark in round %(round)s; “%(criterion)s” is nearest to its own."
        )
        if weakest["passed"]
        else _(
            "%(reached)s of %(total)s criteria reach their pass mark in round %(round)s; “%(criterion)s” lies furthest below."
        )
    )
    finding = template % {"reached": reached, "total": len(criteria), "round": pilot.round, "criterion": _own(weakest)}
    return charts.draw(
        charts.Radar(finding=finding, axes=[_own(entry) for entry in criteria], series=[*series, marks]), csv_url
    )


def _round_name(pilot: Pilot) -> str:
    return _("Round %(round)s, version %(version)s") % {"round": pilot.round, "version": pilot.version}


def draw_changes(measure: MeasureView, csv_url: str = "") -> Chart | None:
    """The change for the better at each site with an interval, and over the sites; None where no site has one."""
    rows = [
        Estimate(site.name, site.change.value, site.change.low, site.change.high, site.before_count + site.after_count)
        for site in measure.sites
        if _is_whole(site.change)
    ]
    if not rows:
        return None
    if _is_whole(measure.change):
        rows.append(
            Estimate(_("All sites"), measure.change.value, measure.change.low, measure.change.high, measure.site_count)
        )
    ends = [end for row in rows for end in (row.low, row.high) if end is not None]
    step = charts.nice_step(max(max(ends), 0.0) - min(min(ends), 0.0) or 1.0, 4)
    low, high = step * (min(min(ends), 0.0) // step), step * -(-max(max(ends), 0.0) // step)
    return charts.draw(
        charts.IntervalDots(
            finding=_("%(measure)s: change for the better at each site, in percent of the value before")
            % {"measure": measure.name},
            rows=rows,
            low=low,
            high=high if high > low else low + step,
            value_label=_("Change, %%") % {},
            row_label=_("Site"),
            write=lambda value: format_number(value, 1),
            write_count=lambda number: ngettext("%(n)s value", "%(n)s values", number) % {"n": format_number(number)},
            count_label=_("Values"),
        ),
        csv_url,
    )


def _is_whole(figure: Figure) -> bool:
    """Whether a value lies inside an interval that can be drawn."""
    return (
        figure.value is not None
        and figure.low is not None
        and figure.high is not None
        and figure.low <= figure.value <= figure.high
    )


# -------------------------------------------------------------------------------------------------------------------- csv


def comparison_header() -> list[str]:
    """Headings of the CSV file."""
    return [
        _("part"),
        _("round"),
        _("version"),
        _("in English"),
        _("in Chinese"),
        _("unit"),
        _("institution"),
        _("before"),
        _("after"),
        _("values before"),
        _("values after"),
        _("difference"),
        _("value or change for the better"),
        _("interval from"),
        _("interval to"),
        _("note"),
    ]


def comparison_rows(comparison: Comparison) -> list[list[Any]]:
    """Everything the page shows as rows of one table, unrounded; pure."""
    rows: list[list[Any]] = []
    for view in comparison.rounds:
        place = [view.pilot.round, view.pilot.version]
        score = view.mean_score
        rows.append(["mean_score", *place, "", "", "", "", None, None, None, view.answers, None, *_ends(score)])
        if view.decided:
            rows.extend(
                [
                    "criterion",
                    *place,
                    entry["name_en"],
                    entry["name_zh"],
                    f"{entry['scale_low']}-{entry['scale_high']}",
                    "",
                    None,
                    None,
                    None,
                    view.answers,
                    None,
                    *_ends(figure_of(entry, "value")),
                ]
                for entry in view.pilot.result["figures"]["criteria"]
            )
        for measure in view.measures:
            head = [*place, measure.name_en, measure.name_zh, measure.unit]
            rows.extend(
                [
                    "measure",
                    *head,
                    site.code,
                    site.before,
                    site.after,
                    site.before_count,
                    site.after_count,
                    site.difference,
                    *_ends(site.change),
                ]
                for site in measure.sites
            )
            rows.append(["measure_all_sites", *head, "", None, None, None, measure.site_count, None, *_ends(measure.change)])
        rows.extend(
            [
                f"{step.kind}_since_round_{view.since}",
                *place,
                step.name_en,
                step.name_zh,
                "",
                "",
                step.before.value,
                step.after.value,
                None,
                None,
                step.change,
                None,
                None,
                None,
                step.verdict,
            ]
            for step in view.steps
        )
        if view.agreement is not None:
            for name, value in (("krippendorff_alpha", view.agreement.alpha), ("kendall_w", view.agreement.kendall_w)):
                rows.append([name, *place, "", "", "", "", None, None, None, view.answers, None, value, None, None, ""])
    for version, counts in comparison.points:
        rows.extend(
            [f"points_{state}", None, version, "", "", "", "", None, None, None, None, None, number, None, None, ""]
            for state, number in counts.items()
        )
    return rows


def _ends(figure: Figure) -> list[Any]:
    return [figure.value, figure.low, figure.high, figure.notice]
