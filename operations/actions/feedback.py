"""Structured answers of pilot firms: the form that asks everything at once, written through the workbook."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import InvalidInputError
from operations.actions.point import take_back_point
from operations.actions.workbook import (
    MAX_TEXT,
    Entry,
    Site,
    check_may_write,
    check_taken,
    digest_of,
    open_site,
    put_entry,
    undo_entry,
)
from operations.choices import DefectSeverity, EntryKind, PointSource, PointState
from operations.models import FeedbackPoint, PilotFeedback, WorkbookEntry

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

MAX_DEFECTS: Final = 20
REPLACED: Final = "Replaced by a changed answer"
"""Why an entry is struck out that the person took out of the answer form; kept in the record as it is."""


@dataclass(frozen=True, slots=True)
class DefectNote:
    """A defect as a person reports it.

    Attributes:
        severity: One of DefectSeverity.
        description: What happens.
    """

    severity: str
    description: str


def _check_defects(defects: Sequence[DefectNote]) -> list[DefectNote]:
    if len(defects) > MAX_DEFECTS:
        raise InvalidInputError(
            _("Name at most %(count)s defects; put the rest in the suggestion.") % {"count": MAX_DEFECTS},
            code="too_many_defects",
            fields={"defects": _("Too many defects.")},
        )
    kept: list[DefectNote] = []
    for place, defect in enumerate(defects):
        text = defect.description.strip()
        if not text:
            words = _("Describe the defect, or remove it.")
            raise InvalidInputError(words, fields={f"defects-{place}-description": words})
        if len(text) > MAX_TEXT:
            longer = _("This is longer than %(count)s characters.") % {"count": MAX_TEXT}
            raise InvalidInputError(longer, fields={f"defects-{place}-description": longer})
        if defect.severity not in DefectSeverity.values:
            words = _("Choose how grave the defect is.")
            raise InvalidInputError(words, fields={f"defects-{place}-severity": words})
        kept.append(DefectNote(defect.severity, text))
    return kept


@transaction.atomic
def submit_feedback(
    alliance: Alliance,
    code: str,
    *,
    actor: User,
    institution_id: int,
    scores: Mapping[int, Any],
    defects: Sequence[DefectNote] = (),
    suggestion: str = "",
    evidence: Any = None,
    at: datetime,
) -> PilotFeedback:
    """Answer for a pilot firm, or change one's own answer, until the round closes.

    An answer that arrives at the deadline itself counts; one that arrives a microsecond later is refused, and the person
    keeps what was typed. Every accepted answer is counted. Its parts are entries of the site's workbook.

    Args:
        alliance: The tenant.
        code: The product's code.
        actor: A person of the pilot firm; each person has one answer per round.
        institution_id: The pilot firm.
        scores: Score by the criterion's position; every criterion of the round.
        defects: Defects found; they replace those of an earlier answer.
        suggestion: What should be different.
        evidence: An uploaded file, or None to keep the present one.
        at: Moment the answer arrived.

    Raises:
        NotFoundError: No such product or round, or the institution takes no part in it.
        PermissionRefusedError: The actor does not act for the institution.
        ConflictOfInterestError: The institution stands aside from this product.
        PilotClosedError: The round is not open at that moment.
        InvalidInputError: A score is missing or off its scale, a defect is not described, the text is too long.
        UploadRefusedError: The file is not of a kind taken here.
    """
    site = open_site(alliance, code, institution_id=institution_id, actor=actor)
    product, pilot, participant = site.product, site.pilot, site.participant
    check_may_write(site)
    check_taken(pilot, EntryKind.SCORES, "", at=at)
    text = suggestion.strip()
    if len(text) > MAX_TEXT:
        words = _("This is longer than %(count)s characters.") % {"count": MAX_TEXT}
        raise InvalidInputError(words, fields={"suggestion": words})
    noted = _check_defects(defects)
    answers = PilotFeedback.objects.select_for_update().filter(
        alliance=alliance, participant=participant, respondent_key=str(actor.uuid)
    )
    present = answers.first()
    before = {score.criterion_id: score.score for score in present.scores.all()} if present else {}
    _put(site, EntryKind.SCORES, {"scores": {str(position): score for position, score in scores.items()}}, at=at)
    feedback = answers.get()
    stored = _put(site, EntryKind.PHOTO, {}, at=at, file=evidence).file if evidence else None
    if stored is not None:
        feedback.evidence = stored
        feedback.save(update_fields=["evidence"])
    _write_points(site, feedback, noted, text, at=at)
    record_audit(
        feedback,
        actor=actor,
        verb="change_feedback" if present else "submit_feedback",
        before={"scores": before} if before else None,
        after={
            "product": product.code,
            "round": pilot.round,
            "institution": participant.institution.code,
            "scores": {score.criterion_id: score.score for score in feedback.scores.all()},
            "defects": [defect.severity for defect in noted],
            "evidence": stored.uuid if stored else None,
        },
        personal={
            name: value
            for name, value in (
                ("suggestion", text),
                *((f"defects.{place}", defect.description) for place, defect in enumerate(noted)),
            )
            if value
        },
        at=at,
    )
    return feedback


def _put(
    site: Site,
    kind: str,
    body: Mapping[str, Any],
    *,
    at: datetime,
    file: Any = None,
    feedback: PilotFeedback | None = None,
) -> WorkbookEntry:
    entry = Entry(key=uuid.uuid4(), kind=kind, body=body, file=file)
    return put_entry(site, entry, content=digest_of(entry), at=at, recorded=False, feedback=feedback)


def form_points(feedback: PilotFeedback) -> list[FeedbackPoint]:
    """The points that the form of an answer wrote, oldest first: its defects, then its suggestion; one query."""
    rows = FeedbackPoint.objects.filter(alliance_id=feedback.alliance_id, feedback=feedback)
    return sorted(rows, key=lambda point: (point.source != PointSource.DEFECT, point.pk))


def _write_points(
    site: Site, feedback: PilotFeedback, defects: Sequence[DefectNote], suggestion: str, *, at: datetime
) -> None:
    """Make the points of an answer say what its form says now.

    A point that stands with the same words stays as it is; one that is gone from the form is struck out while nobody has
    answered it; an answered one stays, because it was answered.
    """
    wanted = [(PointSource.DEFECT.value, defect.severity, defect.description) for defect in defects]
    if suggestion:
        wanted.append((PointSource.SUGGESTION.value, "", suggestion))
    for point in form_points(feedback):
        stands = (point.source, point.severity, point.text_en or point.text_zh)
        if stands in wanted:
            wanted.remove(stands)
        elif point.state == PointState.OPEN:
            _take_back(site, point, at=at)
    for source, severity, words in wanted:
        if source == PointSource.DEFECT:
            _put(site, EntryKind.DEFECT, {"severity": severity, "text": words}, at=at, feedback=feedback)
        else:
            _put(site, EntryKind.SUGGESTION, {"text": words}, at=at, feedback=feedback)


def _take_back(site: Site, point: FeedbackPoint, *, at: datetime) -> None:
    kind, _colon, key = point.key.partition(":")
    entry: WorkbookEntry | None = None
    if kind in EntryKind.values:
        entry = WorkbookEntry.objects.filter(
            alliance_id=point.alliance_id, participant=site.participant, kind=kind, key=key, struck_at__isnull=True
        ).first()
    if entry is not None:
        undo_entry(site, entry, reason=REPLACED, at=at)
    else:
        take_back_point(site.product, key=point.key)  # of a paper form, which is no entry of the workbook
