"""Reads of an institution's standing over time, of its exit, and of what preceded a decision on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone

from members.choices import InstitutionState, StandingNoteKind
from members.models import ExitHandover, InstitutionExit, InstitutionStanding, StandingNote
from members.selectors.duties import Duty, list_open_duties

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

    from alliance.models import Alliance
    from members.models import Institution

NOTICE_DAYS = 30
"""Days of written notice before an exit is completed (charter, article 11)."""
REMINDER_DAYS = 30
"""Days a member has to put things right after a written reminder (charter, article 10)."""


def list_standings(institution: Institution) -> QuerySet[InstitutionStanding]:
    """Periods of standing, newest first; one query."""
    return InstitutionStanding.objects.of(institution.alliance).filter(institution=institution).order_by("-starts_at", "-id")


def list_standing_notes(institution: Institution) -> QuerySet[StandingNote]:
    """Reminders and hearings, newest first; one query."""
    return (
        StandingNote.objects.of(institution.alliance)
        .filter(institution=institution)
        .select_related("noted_by")
        .order_by("-on", "-id")
    )


def get_open_exit(institution: Institution) -> InstitutionExit | None:
    """The exit under way; one query."""
    return (
        InstitutionExit.objects.of(institution.alliance)
        .filter(institution=institution, completed_at__isnull=True, called_off_at__isnull=True)
        .first()
    )


def notice_ends_on(found: InstitutionExit) -> date:
    """The day on which the notice has run: thirty days after it was given, or the day to which the committee shortened it."""
    return found.notice_shortened_to or timezone.localtime(found.notice_at).date() + timedelta(days=NOTICE_DAYS)


def list_handovers(found: InstitutionExit) -> QuerySet[ExitHandover]:
    """What became of the duties settled so far, oldest first; one query."""
    return (
        ExitHandover.objects.of(found.alliance)
        .filter(exit=found)
        .select_related("handed_to", "settled_by")
        .order_by("settled_at", "id")
    )


@dataclass(frozen=True, slots=True)
class ExitSheet:
    """All of an exit that a page shows.

    Attributes:
        record: The exit; the last one when none is under way, None when there never was one.
        is_open: Whether it is under way.
        duties: Open duties.
        handovers: Settled ones.
        notice_ends_on: The day on which the notice has run.
        is_notice_over: Whether that day has come.
        days_left: Days until it must be completed; negative when late.
    """

    record: InstitutionExit | None
    is_open: bool
    duties: list[Duty]
    handovers: list[ExitHandover]
    notice_ends_on: date | None
    is_notice_over: bool
    days_left: int


def exit_sheet(alliance: Alliance, institution: Institution, at: datetime) -> ExitSheet:
    """The exit of an institution with its open and settled duties; two queries and those of the duty providers."""
    record = (
        InstitutionExit.objects.of(alliance)
        .filter(institution=institution)
        .select_related("shortened_by")
        .order_by("-notice_at", "-id")
        .first()
    )
    is_open = record is not None and record.completed_at is None and record.called_off_at is None
    today = timezone.localtime(at).date()
    ends_on = notice_ends_on(record) if record is not None else None
    return ExitSheet(
        record=record,
        is_open=is_open,
        duties=list_open_duties(alliance, institution, at)
        if is_open or institution.state in {InstitutionState.ACTIVE, InstitutionState.SUSPENDED}
        else [],
        handovers=list(list_handovers(record)) if record else [],
        notice_ends_on=ends_on,
        is_notice_over=ends_on is not None and ends_on <= today,
        days_left=(record.due_on - today).days if record else 0,
    )


def what_precedes_suspension(alliance: Alliance, institution: Institution, on: date) -> bool:
    """Whether a written reminder is thirty days old or more, within the last year; one query."""
    return (
        StandingNote.objects.of(alliance)
        .filter(
            institution=institution,
            kind=StandingNoteKind.REMINDER,
            on__lte=on - timedelta(days=REMINDER_DAYS),
            on__gte=on - timedelta(days=365),
        )
        .exists()
    )


def kinds_of_hearing(alliance: Alliance, institution: Institution, on: date) -> set[str]:
    """In which ways the member was heard within the last year; one query."""
    return set(
        StandingNote.objects.of(alliance)
        .filter(
            Q(kind=StandingNoteKind.HEARD_WRITTEN) | Q(kind=StandingNoteKind.HEARD_PERSON),
            institution=institution,
            on__lte=on,
            on__gte=on - timedelta(days=365),
        )
        .values_list("kind", flat=True)
    )


def standing_panel(alliance: Alliance, institution: Institution, at: datetime) -> dict[str, Any]:  # noqa: ARG001 - the interface
    """Values of the card "Standing" on an institution's page; three queries."""
    return {
        "institution": institution,
        "standings": list(list_standings(institution)[:12]),
        "notes": list(list_standing_notes(institution)[:12]),
        "open_exit": get_open_exit(institution),
    }
