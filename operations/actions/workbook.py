"""The workbook of a pilot site: every measurement, score, defect, suggestion, note and photo comes in here, once (S12, I11).

A phone on the shop floor loses its network: it keeps entries and sends them when it can, perhaps twice, out of order, or after
its page was closed. The key made in the browser is what makes an entry arrive once and only once: the same key with the same
content answers with the entry that is there already, with other content it is refused. The answer form of the pilot and the
API write through the same function.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.files import store_upload
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, PermissionRefusedError
from alliance.kernel.events import emit
from alliance.kernel.faults import point as fault_point
from alliance.kernel.permissions import permissions, require
from alliance.kernel.turns import take_turns
from groups.actions.conflict import require_no_conflict
from operations.actions.pilot import ask_for_feedback, require_joined, wake_workflow
from operations.actions.point import raise_point, said, take_back_point
from operations.choices import DefectSeverity, EntryKind, ParticipantState, PilotState, PointSource, ReadingPhase
from operations.models import (
    CriterionScore,
    FeedbackPoint,
    Pilot,
    PilotFeedback,
    PilotMeasure,
    PilotParticipant,
    Product,
    Reading,
    WorkbookEntry,
)
from operations.permissions import ANSWER_PILOT, DOWNLOAD_EVIDENCE, own_institutions
from operations.signals import WORKBOOK_ENTRY_STRUCK, WORKBOOK_ENTRY_WRITTEN

if TYPE_CHECKING:
    from uuid import UUID

    from alliance.models import Alliance, StoredFile, User

EVIDENCE_PURPOSE: Final = "pilot_evidence"
MAX_TEXT: Final = 4000
MAX_CAPTION: Final = 300
MAX_REASON: Final = 300
DIGITS_BEFORE: Final = 12
DIGITS_AFTER: Final = 6
LEFT: Final = (ParticipantState.WITHDRAWN, ParticipantState.DECLINED)
"""States of a site that writes nothing any more."""
POINTS: Final = {EntryKind.DEFECT.value: PointSource.DEFECT, EntryKind.SUGGESTION.value: PointSource.SUGGESTION}
"""Kinds of entry that are points for the makers to answer."""
_FIELDS: Final[dict[str, frozenset[str]]] = {
    EntryKind.READING.value: frozenset({"measure", "phase", "value", "taken_on"}),
    EntryKind.SCORES.value: frozenset({"scores"}),
    EntryKind.DEFECT.value: frozenset({"severity", "text"}),
    EntryKind.SUGGESTION.value: frozenset({"text"}),
    EntryKind.NOTE.value: frozenset({"text"}),
    EntryKind.PHOTO.value: frozenset({"caption"}),
}


class PilotClosedError(DomainError):
    """The round does not take this now; it was not counted."""

    code = "pilot_closed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it was sent.

    Attributes:
        key: Made by whoever writes, new for each entry; sent again with it when it is unknown whether it arrived.
        kind: One of EntryKind.
        body: What the kind asks for. reading: ``measure`` (position), ``phase``, ``value``, ``taken_on``; scores: ``scores``
            (score by the criterion's position); defect: ``severity``, ``text``; suggestion and note: ``text``;
            photo: ``caption``.
        noted_at: The writer's clock; None: the moment of arrival. It orders a person's scores: the newest count.
        file: An uploaded file, for a photo.
        round: Round the writer had before the eyes, so that what waited on a phone never enters a later round.
    """

    key: UUID
    kind: str
    body: Mapping[str, Any] = field(default_factory=dict)
    noted_at: datetime | None = None
    file: Any = None
    round: int | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """Where an entry is written: the latest round, locked against closing, and the place of the site in it.

    Attributes:
        product: The product.
        pilot: Its latest round.
        participant: The site.
        actor: Who writes.
    """

    product: Product
    pilot: Pilot
    participant: PilotParticipant
    actor: User


# -------------------------------------------------------------------------------------------------------------- writing


@transaction.atomic
def write_entry(
    alliance: Alliance, code: str, *, institution_id: int, entry: Entry, actor: User, at: datetime
) -> tuple[WorkbookEntry, bool]:
    """Write one entry of a site, once; the same entry sent again gives the one that is there.

    Baseline measurements are taken until the trial begins, everything else while the round is open. What arrives after the
    close is refused whenever it was noted, until the round is taken up again by a recorded reopening.

    Args:
        alliance: The tenant.
        code: The product's code.
        institution_id: The site's institution.
        entry: What was noted.
        actor: A person of the site.
        at: Moment of arrival.

    Returns:
        The entry, and whether it is new.

    Raises:
        NotFoundError: No such product or round, or the institution takes no part in it.
        PermissionRefusedError: The actor does not act for the institution.
        ConflictOfInterestError: The institution stands aside from this product.
        PilotClosedError: The round does not take this kind of entry at that moment.
        DomainError: ``entry_key_reused`` (the key stands for other content), ``answered_elsewhere``.
        InvalidInputError: The content breaks a rule; ``fields`` says where.
        UploadRefusedError: The file is not of a kind taken here.
    """
    site = open_site(alliance, code, institution_id=institution_id, actor=actor)
    take_turns(alliance, f"workbook:{site.product.pk}:{institution_id}:{entry.key}")
    content = digest_of(entry)
    known = (
        WorkbookEntry.objects.of(alliance)
        .select_related("participant__pilot")
        .filter(key=entry.key, participant__institution_id=institution_id, participant__pilot__product=site.product)
        .first()
    )
    if known is not None:
        if known.digest != content:
            raise DomainError(
                _("Another entry was sent under this key already; this one was not taken."),
                code="entry_key_reused",
                remedy=_("Send it again as a new entry."),
            )
        return known, False
    return put_entry(site, entry, content=content, at=at), True


def open_site(alliance: Alliance, code: str, *, institution_id: int, actor: User) -> Site:
    """The site's place in the latest round; the round cannot close until the transaction ends.

    Raises:
        NotFoundError: See :func:`write_entry`.
        PermissionRefusedError: See :func:`write_entry`.
    """
    product = _hold_product(alliance, code)
    pilot = _hold_round(alliance, product) if product is not None else None
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
        .exclude(state__in=LEFT)
        .first()
    )
    if participant is None:
        raise NotFoundError
    participant.pilot = pilot
    return Site(product, pilot, participant, actor)


def _hold_product(alliance: Alliance, code: str) -> Product | None:
    """The product, held as a new row that points at it holds it.

    Whoever closes a round locks the product first and then the round. A point of feedback holds its product too, so it has to
    be held before the round here as well, or the two would wait for each other.
    """
    if "\x00" in code:
        return None
    rows = Product.objects.raw(
        "SELECT * FROM operations_product WHERE alliance_id = %s AND code = %s FOR KEY SHARE", [alliance.pk, code]
    )
    return next(iter(rows), None)


def _hold_round(alliance: Alliance, product: Product) -> Pilot | None:
    """The latest round, locked against closing but not against other entries, as it stands now.

    ``FOR SHARE``: entries go on side by side; whoever closes the round (``FOR UPDATE``) waits for them, and whoever writes
    after that finds it closed. Django has no such lock, hence the SQL.
    """
    rows = Pilot.objects.raw(
        "SELECT * FROM operations_pilot WHERE alliance_id = %s AND product_id = %s ORDER BY round DESC LIMIT 1 FOR SHARE",
        [alliance.pk, product.pk],
    )
    return next(iter(rows), None)


def put_entry(
    site: Site,
    entry: Entry,
    *,
    content: str,
    at: datetime,
    recorded: bool = True,
    feedback: PilotFeedback | None = None,
) -> WorkbookEntry:
    """Check, keep and carry out an entry that is not there yet; part of an act that opened the site.

    Args:
        site: From :func:`open_site`, in the same transaction.
        entry: What was noted.
        content: From :func:`digest_of`.
        at: Moment of arrival.
        recorded: False where the caller's own act is recorded in one entry of the audit log.
        feedback: The answer it is part of, where it came with the answer form.
    """
    alliance, product, pilot, participant, actor = (
        site.product.alliance,
        site.product,
        site.pilot,
        site.participant,
        site.actor,
    )
    check_may_write(site)
    _check_round(pilot, entry)
    check_taken(pilot, entry.kind, str(entry.body.get("phase", "")), at=at)
    body = _check_body(pilot, entry, at=at)
    if entry.kind == EntryKind.SCORES:
        _check_one_answer(site)
    stored: StoredFile | None = None
    if entry.kind == EntryKind.PHOTO:
        stored = store_upload(alliance, entry.file, EVIDENCE_PURPOSE, actor=actor, permission=DOWNLOAD_EVIDENCE)
    kept = WorkbookEntry.objects.create(
        alliance=alliance,
        participant=participant,
        key=entry.key,
        kind=entry.kind,
        body=body,
        file=stored,
        digest=content,
        # A clock that runs ahead would make its entry the newest for ever.
        noted_at=min(entry.noted_at or at, at),
        received_at=at,
        entered_by=actor,
    )
    fault_point("workbook_entry_kept")
    if entry.kind == EntryKind.READING:
        _take_reading(site, kept)
    elif entry.kind == EntryKind.SCORES:
        _count_scores(site, at=at)
    elif entry.kind in POINTS:
        raise_point(
            product,
            key=point_key(kept),
            source=POINTS[entry.kind],
            severity=body.get("severity", ""),
            pilot=pilot,
            participant=participant,
            feedback=feedback,
            raised_by=actor,
            at=at,
            **said(body["text"]),
        )
    if recorded:
        words = {name: str(body[name]) for name in ("text", "caption") if body.get(name)}
        record_audit(
            kept,
            actor=actor,
            verb="write_entry",
            after={
                "product": product.code,
                "round": pilot.round,
                "institution": participant.institution.code,
                "kind": entry.kind,
                "key": str(entry.key),
                "file": stored.uuid if stored else None,
                **{name: value for name, value in body.items() if name not in words},
            },
            personal=words or None,
            at=at,
        )
    _emit(WORKBOOK_ENTRY_WRITTEN, site, kept)
    return kept


def _emit(event: str, site: Site, entry: WorkbookEntry) -> None:
    emit(
        site.product.alliance,
        event,
        {
            "product": site.product.code,
            "round": site.pilot.round,
            "institution": site.participant.institution.code,
            "kind": entry.kind,
            "key": str(entry.key),
        },
    )


def digest_of(entry: Entry) -> str:
    """SHA-256 in hex of an entry's content as it was sent; leaves its file at its start."""
    digest = hashlib.sha256()
    content = {
        "kind": entry.kind,
        "body": dict(entry.body),
        "noted_at": entry.noted_at.isoformat() if entry.noted_at else None,
        "round": entry.round,
        "file": str(getattr(entry.file, "name", "") or ""),
    }
    digest.update(json.dumps(content, sort_keys=True, default=str, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if entry.file is not None:
        entry.file.seek(0)
        while chunk := entry.file.read(256 * 1024):
            digest.update(chunk)
        entry.file.seek(0)
    return digest.hexdigest()


def point_key(entry: WorkbookEntry) -> str:
    """Key of the point of feedback that an entry raises."""
    return f"{entry.kind}:{entry.key}"


# --------------------------------------------------------------------------------------------------------------- checks


def _moment(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


def check_may_write(site: Site) -> None:
    """Refuse a site that stands aside from the product or has not accepted its invitation.

    Raises:
        ConflictOfInterestError: It stands aside.
        DomainError: ``not_accepted``.
    """
    require_no_conflict(site.product.alliance, site.participant.institution_id, site.product.matter)
    require_joined(site.participant)


def _check_round(pilot: Pilot, entry: Entry) -> None:
    if entry.round is not None and entry.round != pilot.round:
        raise PilotClosedError(
            _("This was written for round %(round)s, which is over. It was not counted.") % {"round": entry.round},
            remedy=_("If it holds for round %(round)s too, write it again there.") % {"round": pilot.round},
        )


def check_taken(pilot: Pilot, kind: str, phase: str, *, at: datetime) -> None:
    """Refuse what the round does not take at this moment.

    Raises:
        PilotClosedError: It has not begun (``pilot_not_open``), it is over, or the trial has begun and a baseline is one no more.
    """
    is_baseline = kind == EntryKind.READING and phase == ReadingPhase.BASELINE
    before_start = pilot.state == PilotState.PLANNED or (pilot.is_running and at < pilot.starts_at)
    if is_baseline and before_start:
        return
    if before_start:
        raise PilotClosedError(
            _("This pilot has not begun yet; it opens on %(day)s.") % {"day": _moment(pilot.starts_at)},
            code="pilot_not_open",
            remedy=_("Until then the workbook takes measurements from before the trial."),
        )
    if not pilot.is_running or at > pilot.deadline:
        raise PilotClosedError(
            _("This pilot closed on %(day)s. Your answer was not counted; what you wrote is kept.")
            % {"day": _moment(min(pilot.closed_at or pilot.deadline, pilot.deadline))},
            remedy=_("Ask the secretariat whether the pilot is extended or taken up again."),
        )
    if is_baseline:
        raise PilotClosedError(
            _("The trial began on %(day)s; measurements from before it are taken until then.")
            % {"day": _moment(pilot.starts_at)},
            code="baseline_over",
            remedy=_("Write it as a note, and tell the secretariat."),
        )


def _check_one_answer(site: Site) -> None:
    others = PilotFeedback.objects.of(site.product.alliance).filter(
        participant__pilot=site.pilot, respondent_key=str(site.actor.uuid)
    )
    if others.exclude(participant=site.participant).exists():
        raise DomainError(
            _("You have answered for another pilot firm already; one person gives one answer."),
            code="answered_elsewhere",
        )


def _check_body(pilot: Pilot, entry: Entry, *, at: datetime) -> dict[str, Any]:
    """What is kept of an entry's content.

    Raises:
        InvalidInputError: An unknown kind or field, or a value that breaks a rule.
    """
    if entry.kind not in EntryKind.values:
        words = _("Choose what you want to enter.")
        raise InvalidInputError(words, fields={"kind": words})
    unknown = set(entry.body) - _FIELDS[entry.kind]
    if unknown:
        words = _("This field is not known here.")
        raise InvalidInputError(words, fields=dict.fromkeys(sorted(map(str, unknown)), words))
    if entry.kind == EntryKind.READING:
        return _check_reading(pilot, entry.body, at=at)
    if entry.kind == EntryKind.SCORES:
        given = entry.body.get("scores")
        checked = check_scores(pilot, given if isinstance(given, Mapping) else {})
        return {"scores": {str(position): score for position, score in checked.items()}}
    if entry.kind == EntryKind.PHOTO:
        if not entry.file:
            words = _("Choose a photo or a file.")
            raise InvalidInputError(words, fields={"file": words})
        return {"caption": _check_text(entry.body.get("caption", ""), "caption", most=MAX_CAPTION, needed=False)}
    body = {"text": _check_text(entry.body.get("text", ""), "text", most=MAX_TEXT)}
    if entry.kind == EntryKind.DEFECT:
        severity = str(entry.body.get("severity", ""))
        if severity not in DefectSeverity.values:
            words = _("Choose how grave the defect is.")
            raise InvalidInputError(words, fields={"severity": words})
        body["severity"] = severity
    return body


def _check_text(value: Any, name: str, *, most: int, needed: bool = True) -> str:
    text = str(value).replace("\r\n", "\n").replace("\x00", "").strip()
    if needed and not text:
        words = _("Write what you noticed.")
        raise InvalidInputError(words, fields={name: words})
    if len(text) > most:
        longer = _("This is longer than %(count)s characters.") % {"count": most}
        raise InvalidInputError(longer, fields={name: longer})
    return text


def check_scores(pilot: Pilot, scores: Mapping[Any, Any]) -> dict[int, int]:
    """Scores by the criterion's position; every criterion exactly once, on its scale.

    Raises:
        InvalidInputError: ``scores_invalid``; ``fields`` names each that is missing, unknown or off its scale.
    """
    problems: dict[str, Any] = {}
    checked: dict[int, int] = {}
    criteria = list(pilot.criteria.order_by("position"))
    given = {str(position): score for position, score in scores.items()}
    for position in given.keys() - {str(criterion.position) for criterion in criteria}:
        problems[f"score_{position}"] = _("This pilot has no criterion of that number.")
    for criterion in criteria:
        score = given.get(str(criterion.position))
        name = f"score_{criterion.position}"
        if score is None:
            problems[name] = _("Choose a score for “%(criterion)s”.") % {"criterion": criterion.name}
        elif isinstance(score, bool) or not isinstance(score, int):
            problems[name] = _("Give a whole number.")
        elif not criterion.scale_low <= score <= criterion.scale_high:
            problems[name] = _("Give a number from %(low)s to %(high)s.") % {
                "low": criterion.scale_low,
                "high": criterion.scale_high,
            }
        else:
            checked[criterion.position] = score
    if problems:
        raise InvalidInputError(_("The answer is not complete."), code="scores_invalid", fields=problems)
    return checked


def _check_reading(pilot: Pilot, body: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    problems: dict[str, Any] = {}
    position = body.get("measure")
    known = {measure.position for measure in pilot.measures.all()}
    if isinstance(position, bool) or not isinstance(position, int) or position not in known:
        problems["measure"] = _("Choose what was measured.")
    phase = str(body.get("phase", ""))
    if phase not in ReadingPhase.values:
        problems["phase"] = _("Say whether it was measured before the trial, or during or after it.")
    value = _decimal(body.get("value"))
    if value is None:
        problems["value"] = _("Give a number, for example 12.5, with at most %(after)s digits after the point.") % {
            "after": DIGITS_AFTER
        }
    taken_on = _day(body.get("taken_on"))
    today, start = timezone.localtime(at).date(), timezone.localtime(pilot.starts_at).date()
    if taken_on is None:
        problems["taken_on"] = _("Give the day of the measurement.")
    elif taken_on > today:
        problems["taken_on"] = _("This day lies in the future.")
    elif phase == ReadingPhase.AFTER and taken_on < start:
        problems["taken_on"] = _("The trial began on %(day)s; this day lies before it.") % {"day": start.isoformat()}
    if problems or value is None or taken_on is None:
        raise InvalidInputError(_("The measurement is not complete."), code="reading_invalid", fields=problems)
    return {"measure": position, "phase": phase, "value": format(value, "f"), "taken_on": taken_on.isoformat()}


def _decimal(value: Any) -> Decimal | None:
    """A finite number that the column holds without rounding; binary fractions are refused, they are rounded already."""
    if isinstance(value, bool | float) or value is None:
        return None
    try:
        number = Decimal(str(value).strip().replace("−", "-"))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= Decimal(10) ** DIGITS_BEFORE:
        return None
    exact = number.normalize()
    exponent = exact.as_tuple().exponent
    return exact if isinstance(exponent, int) and -exponent <= DIGITS_AFTER else None


def _day(value: Any) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


# -------------------------------------------------------------------------------------------------------------- effects


def _take_reading(site: Site, entry: WorkbookEntry) -> None:
    measure = PilotMeasure.objects.of(site.product.alliance).get(pilot=site.pilot, position=entry.body["measure"])
    Reading.objects.create(
        alliance=site.product.alliance,
        participant=site.participant,
        measure=measure,
        phase=entry.body["phase"],
        value=Decimal(entry.body["value"]),
        taken_on=date.fromisoformat(entry.body["taken_on"]),
        key=entry.key,
        entered_by=site.actor,
        received_at=entry.received_at,
    )
    if entry.body["phase"] == ReadingPhase.BASELINE:
        _settle_baseline(site, at=entry.received_at)


def _settle_baseline(site: Site, *, at: datetime) -> None:
    """Nobody waits for a site any more that has measured everything before the trial; the round may begin."""
    measured = Reading.objects.filter(
        alliance_id=site.product.alliance_id,
        participant=site.participant,
        phase=ReadingPhase.BASELINE,
        struck_at__isnull=True,
    ).values("measure_id")
    if not site.pilot.measures.exclude(pk__in=measured).exists():
        key = f"pilot-baseline:{site.pilot.pk}:{site.participant.institution_id}"
        inbox.settle(site.product.alliance, key, by=site.actor, at=at)
        wake_workflow(site.product.alliance)


def _count_scores(site: Site, *, at: datetime, person: User | None = None) -> PilotFeedback | None:
    """Let a person's newest scores that stand be the person's answer, whatever order they arrived in.

    Args:
        site: Where.
        at: Now.
        person: Whose; the one who acts when None.

    Returns:
        The answer, or None when no scores stand any more.
    """
    alliance, participant = site.product.alliance, site.participant
    whose = person or site.actor
    # Two devices of one person at once: the second looks again once the first is done.
    take_turns(alliance, f"workbook-scores:{participant.pk}:{whose.pk}")
    newest = (
        WorkbookEntry.objects.of(alliance)
        .filter(participant=participant, kind=EntryKind.SCORES, entered_by=whose, struck_at__isnull=True)
        .order_by("-noted_at", "-key")
        .first()
    )
    answers = PilotFeedback.objects.select_for_update().filter(
        alliance=alliance, participant=participant, respondent_key=str(whose.uuid)
    )
    if newest is None:
        # What was said in that answer besides its scores stands for itself.
        FeedbackPoint.objects.of(alliance).filter(feedback__in=answers.values("pk")).update(feedback=None)
        for answer in answers:
            answer.delete()
        if not participant.feedback.exists():
            PilotParticipant.objects.filter(pk=participant.pk, state=ParticipantState.ANSWERED).update(
                state=ParticipantState.ACCEPTED
            )
            ask_for_feedback(site.pilot, participant, at=at)
        return None
    feedback, _is_new = answers.get_or_create(
        alliance=alliance,
        participant=participant,
        respondent_key=str(whose.uuid),
        defaults={"respondent": whose, "submitted_at": newest.received_at},
    )
    if feedback.submitted_at != newest.received_at:
        feedback.submitted_at = newest.received_at
        feedback.save(update_fields=["submitted_at"])
    ids = {criterion.position: criterion.pk for criterion in site.pilot.criteria.all()}
    feedback.scores.all().delete()
    CriterionScore.objects.bulk_create(
        CriterionScore(alliance=alliance, feedback=feedback, criterion_id=ids[int(position)], score=score)
        for position, score in newest.body["scores"].items()
    )
    if participant.state == ParticipantState.ACCEPTED:
        PilotParticipant.objects.filter(pk=participant.pk).update(state=ParticipantState.ANSWERED)
        inbox.settle(alliance, f"pilot-feedback:{site.pilot.pk}:{participant.institution_id}", by=whose, at=at)
    return feedback


# ------------------------------------------------------------------------------------------------------------- striking


@transaction.atomic
def strike_entry(
    alliance: Alliance, code: str, key: UUID, *, institution_id: int, reason: str, actor: User, at: datetime
) -> WorkbookEntry:
    """Strike out an entry of one's own site: it stays readable with the reason, and counts no more.

    Possible as long as an entry of its kind could be written; afterwards the result stands on it.

    Raises:
        NotFoundError: The latest round has no such entry of this site.
        PermissionRefusedError: The actor does not act for the institution.
        PilotClosedError: The round does not take such entries any more.
        DomainError: ``entry_struck`` (struck out before), ``point_answered`` (the makers have answered it).
        InvalidInputError: The reason is missing or too long.
    """
    site = open_site(alliance, code, institution_id=institution_id, actor=actor)
    take_turns(alliance, f"workbook:{site.product.pk}:{institution_id}:{key}")
    entry = WorkbookEntry.objects.of(alliance).filter(participant=site.participant, key=key).first()
    if entry is None:
        raise NotFoundError
    require_no_conflict(alliance, institution_id, site.product.matter)
    if entry.struck_at is not None:
        raise DomainError(_("This entry was struck out before."), code="entry_struck")
    check_taken(site.pilot, entry.kind, str(entry.body.get("phase", "")), at=at)
    words = reason.strip()
    if not words or len(words) > MAX_REASON:
        wrong = _("Say in up to %(count)s characters why it is struck out.") % {"count": MAX_REASON}
        raise InvalidInputError(wrong, code="reason_missing", fields={"reason": wrong})
    if not undo_entry(site, entry, reason=words, at=at):
        raise DomainError(
            _("The makers of the product have answered this already; it stays."),
            code="point_answered",
            remedy=_("Add a note that says what is different."),
        )
    record_audit(
        entry,
        actor=actor,
        verb="strike_entry",
        before={"struck": False},
        after={
            "struck": True,
            "product": site.product.code,
            "round": site.pilot.round,
            "institution": site.participant.institution.code,
            "kind": entry.kind,
            "key": str(entry.key),
        },
        personal={"reason": words},
        at=at,
    )
    return entry


def undo_entry(site: Site, entry: WorkbookEntry, *, reason: str, at: datetime) -> bool:
    """Strike an entry out and undo its effect; part of an act that opened the site.

    Returns:
        False when the makers have answered the point it raised: the entry then stays as it is.
    """
    alliance = site.product.alliance
    if entry.kind in POINTS:
        there = FeedbackPoint.objects.of(alliance).filter(product=site.product, key=point_key(entry))
        if there.exists() and not take_back_point(site.product, key=point_key(entry)):
            return False
    entry.struck_at, entry.struck_by, entry.struck_reason = at, site.actor, reason
    entry.save(update_fields=["struck_at", "struck_by", "struck_reason"])
    if entry.kind == EntryKind.READING:
        Reading.objects.of(alliance).filter(participant=site.participant, key=entry.key).update(struck_at=at)
    elif entry.kind == EntryKind.SCORES:
        _count_scores(site, at=at, person=entry.entered_by)
    _emit(WORKBOOK_ENTRY_STRUCK, site, entry)
    return True
