"""Structured answers of pilot firms."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.files import store_upload
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, PermissionRefusedError
from alliance.kernel.permissions import permissions, require
from groups.actions.conflict import require_no_conflict
from operations.actions.point import raise_point, said, take_back_point
from operations.choices import DefectSeverity, ParticipantState, PilotState, PointSource, PointState
from operations.models import CriterionScore, FeedbackPoint, Pilot, PilotFeedback, PilotParticipant, Product
from operations.permissions import ANSWER_PILOT, DOWNLOAD_EVIDENCE, own_institutions

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

EVIDENCE_PURPOSE: Final = "pilot_evidence"
MAX_DEFECTS: Final = 20
MAX_TEXT: Final = 4000


class PilotClosedError(DomainError):
    """The round takes no answers any more; the answer was not counted."""

    code = "pilot_closed"


@dataclass(frozen=True, slots=True)
class DefectNote:
    """A defect as a person reports it.

    Attributes:
        severity: One of DefectSeverity.
        description: What happens.
    """

    severity: str
    description: str


def _share_lock(alliance: Alliance, product: Product) -> Pilot | None:
    """The latest round, locked against closing but not against other answers, as it stands now.

    ``FOR SHARE``: answers go on side by side; whoever closes the round (``FOR UPDATE``) waits for them, and whoever answers
    after that finds it closed. Django has no such lock, hence the SQL.
    """
    rows = Pilot.objects.raw(
        "SELECT * FROM operations_pilot WHERE alliance_id = %s AND product_id = %s ORDER BY round DESC LIMIT 1 FOR SHARE",
        [alliance.pk, product.pk],
    )
    return next(iter(rows), None)


def _check_scores(pilot: Pilot, scores: Mapping[int, Any]) -> dict[int, int]:
    """Scores by criterion id; every criterion exactly once, on its scale."""
    problems: dict[str, Any] = {}
    checked: dict[int, int] = {}
    criteria = list(pilot.criteria.order_by("position"))
    known = {criterion.position for criterion in criteria}
    for position in scores:
        if position not in known:
            problems[f"score_{position}"] = _("This pilot has no criterion of that number.")
    for criterion in criteria:
        given = scores.get(criterion.position)
        name = f"score_{criterion.position}"
        if given is None:
            problems[name] = _("Choose a score for “%(criterion)s”.") % {"criterion": criterion.name}
        elif isinstance(given, bool) or not isinstance(given, int):
            problems[name] = _("Give a whole number.")
        elif not criterion.scale_low <= given <= criterion.scale_high:
            problems[name] = _("Give a number from %(low)s to %(high)s.") % {
                "low": criterion.scale_low,
                "high": criterion.scale_high,
            }
        else:
            checked[criterion.pk] = given
    if problems:
        raise InvalidInputError(_("The answer is not complete."), code="scores_invalid", fields=problems)
    return checked


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
    keeps what was typed. Every accepted answer is counted.

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
    product = Product.objects.of(alliance).filter(code=code).first()
    pilot = _share_lock(alliance, product) if product is not None else None
    if product is None or pilot is None:
        raise NotFoundError
    pilot.product = product
    require(actor, ANSWER_PILOT, pilot)
    if institution_id not in own_institutions(actor, alliance, at=timezone.now()):
        declared = permissions.get(ANSWER_PILOT)
        raise PermissionRefusedError(declared.act, permission=ANSWER_PILOT, who=declared.describe_holders())
    participant = (
        pilot.participants.select_related("institution")
        .filter(institution_id=institution_id)
        .exclude(state=ParticipantState.WITHDRAWN)
        .first()
    )
    if participant is None:
        raise NotFoundError
    require_no_conflict(alliance, institution_id, product.matter)
    _check_open(pilot, at)
    key = str(actor.uuid)
    others = PilotFeedback.objects.of(alliance).filter(participant__pilot=pilot, respondent_key=key)
    if others.exclude(participant=participant).exists():
        raise DomainError(
            _("You have answered for another pilot firm already; one person gives one answer."),
            code="answered_elsewhere",
        )
    text = suggestion.strip()
    if len(text) > MAX_TEXT:
        words = _("This is longer than %(count)s characters.") % {"count": MAX_TEXT}
        raise InvalidInputError(words, fields={"suggestion": words})
    by_criterion, noted = _check_scores(pilot, scores), _check_defects(defects)
    stored = (
        store_upload(alliance, evidence, EVIDENCE_PURPOSE, actor=actor, permission=DOWNLOAD_EVIDENCE) if evidence else None
    )
    feedback, is_new = PilotFeedback.objects.select_for_update().get_or_create(
        alliance=alliance,
        participant=participant,
        respondent_key=key,
        defaults={"respondent": actor, "submitted_at": at},
    )
    feedback.submitted_at = at
    if stored is not None:
        feedback.evidence = stored
    feedback.save(update_fields=["submitted_at", "evidence"])
    before = {score.criterion_id: score.score for score in feedback.scores.all()}
    feedback.scores.all().delete()
    CriterionScore.objects.bulk_create(
        CriterionScore(alliance=alliance, feedback=feedback, criterion_id=criterion_id, score=score)
        for criterion_id, score in by_criterion.items()
    )
    _write_points(product, pilot, feedback, noted, text, actor=actor, at=at)
    if participant.state == ParticipantState.INVITED:
        PilotParticipant.objects.filter(pk=participant.pk).update(state=ParticipantState.ANSWERED)
        inbox.settle(alliance, f"pilot-feedback:{pilot.pk}:{institution_id}", by=actor, at=at)
    record_audit(
        feedback,
        actor=actor,
        verb="submit_feedback" if is_new else "change_feedback",
        before={"scores": before} if before else None,
        after={
            "product": product.code,
            "round": pilot.round,
            "institution": participant.institution.code,
            "scores": by_criterion,
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


def form_points(feedback: PilotFeedback) -> list[FeedbackPoint]:
    """The points that the form of an answer wrote, oldest first: its defects, then its suggestion; one query."""
    rows = FeedbackPoint.objects.filter(
        alliance_id=feedback.alliance_id, feedback=feedback, key__startswith=f"answer:{feedback.pk}:"
    )
    return sorted(rows, key=lambda point: (point.source != PointSource.DEFECT, point.pk))


def _write_points(
    product: Product,
    pilot: Pilot,
    feedback: PilotFeedback,
    defects: Sequence[DefectNote],
    suggestion: str,
    *,
    actor: User,
    at: datetime,
) -> None:
    """Make the points of an answer say what its form says now.

    A point that stands with the same words stays as it is; one that is gone from the form is taken back while nobody has
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
            take_back_point(product, key=point.key)
    for source, severity, words in wanted:
        raise_point(
            product,
            key=f"answer:{feedback.pk}:{uuid.uuid4()}",
            source=source,
            severity=severity,
            pilot=pilot,
            participant=feedback.participant,
            feedback=feedback,
            raised_by=actor,
            at=at,
            **said(words),
        )


def _check_open(pilot: Pilot, at: datetime) -> None:
    if pilot.state == PilotState.PLANNED or at < pilot.starts_at:
        raise PilotClosedError(
            _("This pilot has not begun yet; it opens on %(day)s.")
            % {"day": f"{timezone.localtime(pilot.starts_at):%Y-%m-%d %H:%M}"},
            code="pilot_not_open",
        )
    if not pilot.is_running or at > pilot.deadline:
        raise PilotClosedError(
            _("This pilot closed on %(day)s. Your answer was not counted; what you wrote stands below.")
            % {"day": f"{timezone.localtime(min(pilot.closed_at or pilot.deadline, pilot.deadline)):%Y-%m-%d %H:%M}"},
            remedy=_("Ask the secretariat whether the pilot is extended."),
        )
