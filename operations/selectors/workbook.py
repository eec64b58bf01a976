"""Reads of a site's workbook: what may be entered now, and what was entered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from alliance.kernel.errors import NotFoundError
from alliance.kernel.formats import format_day, format_number
from operations.choices import DefectSeverity, EntryKind, ParticipantState, PilotState, ReadingPhase
from operations.models import Pilot, PilotCriterion, PilotMeasure, PilotParticipant, Product, WorkbookEntry

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

LONGEST_SUMMARY: Final = 200


@dataclass(frozen=True, slots=True)
class Workbook:
    """A site's workbook in the latest round.

    Attributes:
        product: The product that is tried.
        pilot: Its latest round.
        participant: The site.
        criteria: What is scored.
        measures: What is measured.
        takes_baseline: Whether measurements from before the trial are taken now.
        takes_entries: Whether everything else is taken now.
    """

    product: Product
    pilot: Pilot
    participant: PilotParticipant
    criteria: tuple[PilotCriterion, ...]
    measures: tuple[PilotMeasure, ...]
    takes_baseline: bool
    takes_entries: bool

    @property
    def takes_anything(self) -> bool:
        """Whether any entry is taken now."""
        return self.takes_baseline or self.takes_entries

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of entry taken now, the most frequent first."""
        kinds: list[str] = []
        if self.measures and self.takes_anything:
            kinds.append(EntryKind.READING)
        if self.takes_entries:
            kinds += [EntryKind.DEFECT, EntryKind.SUGGESTION, EntryKind.PHOTO, EntryKind.SCORES, EntryKind.NOTE]
        return tuple(kinds)

    @property
    def phases(self) -> tuple[str, ...]:
        """When a measurement may have been taken."""
        return (ReadingPhase.BASELINE,) if self.takes_baseline else (ReadingPhase.AFTER,)


def get_workbook(alliance: Alliance, product: Product, institution_id: int, *, at: datetime) -> Workbook:
    """The workbook of an institution for the latest round of a product; four queries.

    The caller has asked whether the reader may write for the institution.

    Raises:
        NotFoundError: There is no round, or the institution takes no part in it.
    """
    pilot = Pilot.objects.of(alliance).filter(product=product).order_by("-round").first()
    if pilot is None:
        raise NotFoundError
    pilot.product = product
    participant = (
        PilotParticipant.objects.of(alliance)
        .select_related("institution")
        .filter(pilot=pilot, institution_id=institution_id)
        .exclude(state__in=[ParticipantState.WITHDRAWN, ParticipantState.DECLINED])
        .first()
    )
    if participant is None:
        raise NotFoundError
    participant.pilot = pilot
    before_start = pilot.state == PilotState.PLANNED or (pilot.is_running and at < pilot.starts_at)
    return Workbook(
        product=product,
        pilot=pilot,
        participant=participant,
        criteria=tuple(pilot.criteria.order_by("position")),
        measures=tuple(pilot.measures.order_by("position")),
        takes_baseline=before_start,
        takes_entries=not before_start and pilot.is_running and at <= pilot.deadline,
    )


def list_entries(workbook: Workbook) -> QuerySet[WorkbookEntry]:
    """Entries of the site in this round with file and writer; page by ``-noted_at``, ``-id``."""
    return (
        WorkbookEntry.objects.filter(alliance_id=workbook.product.alliance_id, participant=workbook.participant)
        .select_related("file", "entered_by")
        .order_by("-noted_at", "-id")
    )


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the list shows it.

    Attributes:
        entry: The row.
        label: Its kind.
        summary: Its content in one line.
        may_strike: Whether its kind can be struck out now.
        is_today: Whether it was noted on the reader's today.
    """

    entry: WorkbookEntry
    label: StrOrPromise
    summary: str
    may_strike: bool
    is_today: bool


def read_lines(workbook: Workbook, entries: Any, *, at: datetime) -> list[Line]:
    """Entries in words; no further query."""
    today = timezone.localtime(at).date()
    return [
        Line(
            entry=entry,
            label=EntryKind(entry.kind).label,
            summary=describe_entry(workbook, entry),
            may_strike=entry.struck_at is None and _is_taken(workbook, entry),
            is_today=timezone.localtime(entry.noted_at).date() == today,
        )
        for entry in entries
    ]


def _is_taken(workbook: Workbook, entry: WorkbookEntry) -> bool:
    if entry.kind == EntryKind.READING and entry.body.get("phase") == ReadingPhase.BASELINE:
        return workbook.takes_baseline
    return workbook.takes_entries


def describe_entry(workbook: Workbook, entry: WorkbookEntry) -> str:
    """What an entry says, in one line."""
    body = entry.body
    if entry.kind == EntryKind.READING and "value" in body:
        measure = next((known for known in workbook.measures if known.position == body["measure"]), None)
        value = Decimal(body["value"])
        places = max(0, -int(value.as_tuple().exponent))
        return _("%(measure)s: %(value)s %(unit)s, %(phase)s, %(day)s") % {
            "measure": measure.name if measure else body["measure"],
            "value": format_number(value, places),
            "unit": measure.unit if measure else "",
            "phase": ReadingPhase(body["phase"]).label,
            "day": format_day(date.fromisoformat(body["taken_on"]), get_language()),
        }
    if entry.kind == EntryKind.SCORES and "scores" in body:
        names = {str(criterion.position): criterion.name for criterion in workbook.criteria}
        return " · ".join(f"{names.get(position, position)} {score}" for position, score in body["scores"].items())
    text = str(body.get("text") or body.get("caption") or (entry.file.name if entry.file else ""))
    if entry.kind == EntryKind.DEFECT:
        text = f"{capfirst(str(DefectSeverity(body['severity']).label))}: {text}" if "severity" in body else text
    return text if len(text) <= LONGEST_SUMMARY else f"{text[: LONGEST_SUMMARY - 1]}…"
