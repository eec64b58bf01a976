"""Reads of pilot plans: every version of a round's plan, and what changed from one to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from alliance.kernel.formats import format_day
from members.models import Institution

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from operations.models import Pilot, PilotPlanVersion

LABELS: Final[dict[str, StrOrPromise]] = {
    "tested": gettext_lazy("Version that is tried"),
    "question": gettext_lazy("Question"),
    "sample": gettext_lazy("Who or what is tried"),
    "sample_size": gettext_lazy("Answers hoped for at each site"),
    "starts_at": gettext_lazy("Begins on"),
    "deadline": gettext_lazy("Answers until"),
    "accept_by": gettext_lazy("Firms answer the invitation by"),
    "minimum_sites": gettext_lazy("Sites needed to begin"),
    "sites": gettext_lazy("Sites"),
    "minimum_answers": gettext_lazy("Answers needed"),
    "trim_proportion": gettext_lazy("Share of the highest and of the lowest answers left out of a mean, per cent"),
    "blocking_defects_allowed": gettext_lazy("Blocking defects allowed"),
    "maximum_rounds": gettext_lazy("Most rounds"),
    "remind_days_before": gettext_lazy("Days before the end on which to remind"),
    "escalate_days": gettext_lazy("Days of silence after which the group’s convenor is told"),
    "extension_days": gettext_lazy("Days to extend by, once, when answers are too few"),
    "closes_itself": gettext_lazy("Close by itself at the deadline"),
}
"""What the pages call each part of a plan, in the order they stand."""
BILINGUAL: Final = frozenset({"question", "sample"})


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One part of a plan, as the version says it and as the one before it said it.

    Attributes:
        label: What it is.
        now: In this version; empty when it is not in it.
        before: In the version before; None when nothing changed, or when it is the first.
    """

    label: StrOrPromise
    now: str
    before: str | None


@dataclass(frozen=True, slots=True)
class PlanView:
    """A version of a plan, ready to show.

    Attributes:
        row: The version.
        lines: The whole plan.
        changes: Lines that differ from the version before.
    """

    row: PilotPlanVersion
    lines: Sequence[PlanLine]
    changes: Sequence[PlanLine]


def list_plan_versions(pilot: Pilot) -> list[PlanView]:
    """Every version of a round's plan, the newest first; two queries."""
    rows = list(pilot.plans.select_related("made_by").order_by("number"))
    codes = {code for row in rows for code in row.plan["sites"]}
    names = {
        institution.code: institution.name
        for institution in Institution.objects.filter(alliance_id=pilot.alliance_id, code__in=codes)
    }
    views: list[PlanView] = []
    previous: Mapping[str, str] | None = None
    for row in rows:
        texts = _texts(row.plan, names)
        keys = [*texts, *(key for key in (previous or {}) if key not in texts)]
        lines = [
            PlanLine(
                _label(key),
                texts.get(key, ""),
                previous.get(key, "") if previous is not None and previous.get(key, "") != texts.get(key, "") else None,
            )
            for key in keys
        ]
        views.append(PlanView(row, lines, [line for line in lines if line.before is not None]))
        previous = texts
    return views[::-1]


def _label(key: str) -> StrOrPromise:
    kind, _sign, number = key.partition(":")
    if kind == "criterion":
        return _("Criterion %(number)s") % {"number": number}
    if kind == "measure":
        return _("Measure %(number)s") % {"number": number}
    return LABELS[key]


def _texts(plan: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """A kept plan as readable lines by key."""
    texts: dict[str, str] = {}
    for key in LABELS:
        if key in BILINGUAL:
            texts[key] = _pick(plan, key)
        elif key == "tested":
            texts[key] = str(plan["tested"]["version"])
        elif key == "sites":
            texts[key] = " · ".join(sorted(names.get(code, code) for code in plan["sites"]))
        elif key == "trim_proportion":
            texts[key] = f"{float(plan[key]) * 100:g}"
        elif key == "closes_itself":
            texts[key] = _("yes") if plan[key] else _("no")
        elif key in {"starts_at", "deadline", "accept_by"}:
            texts[key] = _day(plan[key])
        else:
            texts[key] = str(plan[key])
    for number, row in enumerate(plan["criteria"], start=1):
        texts[f"criterion:{number}"] = _("%(name)s: %(low)s to %(high)s, pass mark %(mark)s") % {
            "name": _pick(row, "name"),
            "low": row["scale_low"],
            "high": row["scale_high"],
            "mark": row["pass_mark"],
        }
    for number, row in enumerate(plan["measures"], start=1):
        name = _pick(row, "name")
        measured = _("%(name)s in %(unit)s") % {"name": name, "unit": row["unit"]} if row["unit"] else name
        wanted = _("more is better") if row["direction"] > 0 else _("less is better")
        text = f"{measured} · {wanted}"
        if row["minimum_change"] is not None:
            asked = _("at least %(percent)s%% better") % {"percent": row["minimum_change"]}
            text = f"{text} · {asked}"
        texts[f"measure:{number}"] = text
    return texts


def _day(moment: str | None) -> str:
    return format_day(timezone.localtime(datetime.fromisoformat(moment)).date(), get_language()) if moment else "—"


def _pick(row: Mapping[str, Any], name: str) -> str:
    first, second = str(row[f"{name}_en"]), str(row[f"{name}_zh"])
    if (get_language() or "").startswith("zh"):
        first, second = second, first
    return first or second
