"""Points of feedback: what somebody said about one version of a product, and the makers' answer to it (S12, S13).

Every path by which feedback comes in calls :func:`raise_point`; every answer goes through :func:`answer_point`. A point is never
deleted by those it is about: it ends as declined with a reason or as done in a version, and the release of that version
names it (:func:`name_points_of_release`), after which the answer stands.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Final, TypedDict

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from groups.actions.conflict import require_no_conflict
from operations.actions.announce import ask, tell
from operations.actions.product import lock_product
from operations.choices import DefectSeverity, PointSource, PointState, ProductState
from operations.models import FeedbackPoint, Pilot, PilotFeedback, PilotParticipant, Product
from operations.permissions import ANSWER_POINT, own_institutions
from operations.selectors.people import staff_of
from operations.selectors.point import unfinished_points
from operations.signals import POINT_ANSWERED

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

MAX_CHANGE: Final = 300
MAX_ANSWER: Final = 500
KEY: Final = re.compile(r"[a-z0-9][a-z0-9:._-]{0,79}")
ANSWERS: Final = (PointState.ACCEPTED, PointState.DECLINED, PointState.DONE)
"""States a maker may choose; nobody makes a point unanswered again."""
CLOSED_STATES: Final = frozenset({ProductState.RETIRED, ProductState.WITHDRAWN})
"""Products whose points stand as they are."""


class Words(TypedDict, total=False):
    """What was said, by language."""

    text_en: str
    text_zh: str


def said(words: str) -> Words:
    """Words of one language as the column they belong in: people do not say which language they write."""
    return {"text_zh": words} if any("\u4e00" <= sign <= "\u9fff" for sign in words) else {"text_en": words}


def raise_point(
    product: Product,
    *,
    key: str,
    source: str,
    text_en: str = "",
    text_zh: str = "",
    severity: str = "",
    pilot: Pilot | None = None,
    participant: PilotParticipant | None = None,
    feedback: PilotFeedback | None = None,
    raised_by: User | None = None,
    at: datetime,
) -> FeedbackPoint:
    """Note what somebody said of a product; the same key again renews the words while nobody has answered.

    The caller runs in a transaction, has asked permission, and records its own act (the answer to a pilot, the entry of a
    workbook, the comment, the decision) in the audit log: a point has no act of its own.

    Args:
        product: What it is said of.
        key: What it comes from, unique in the product: lower-case letters, digits and ``: . _ -``.
        source: One of PointSource.
        text_en: The words, in English.
        text_zh: The words, in Chinese; a site writes in one language and the other stays empty.
        severity: One of DefectSeverity, for defects.
        pilot: The round in which it was said; the point is then of the version that round tries.
        participant: The site that said it.
        feedback: The answer it was part of.
        raised_by: The person, where one is known.
        at: When it was said.

    Returns:
        The point; one that was answered already is left as it is.
    """
    if not KEY.fullmatch(key) or source not in PointSource.values or (severity and severity not in DefectSeverity.values):
        message = f"a point of feedback cannot be noted: {key!r} {source!r} {severity!r}"
        raise ValueError(message)
    point, is_new = FeedbackPoint.objects.select_for_update(of=("self",)).get_or_create(
        alliance_id=product.alliance_id,
        product=product,
        key=key,
        defaults={
            "version": pilot.version if pilot is not None else product.version,
            "source": source,
            "severity": severity,
            "text_en": text_en,
            "text_zh": text_zh,
            "pilot": pilot,
            "participant": participant,
            "feedback": feedback,
            "raised_by": raised_by,
            "raised_at": at,
        },
    )
    if not is_new and point.state == PointState.OPEN:
        point.severity, point.text_en, point.text_zh, point.raised_at = severity, text_en, text_zh, at
        point.save(update_fields=["severity", "text_en", "text_zh", "raised_at"])
    return point


def take_back_point(product: Product, *, key: str) -> bool:
    """Let those who said it take it back, for example a site that strikes an entry; an answered point stays.

    Like :func:`raise_point` this is part of the caller's act. Returns whether it went.
    """
    rows = FeedbackPoint.objects.filter(
        alliance_id=product.alliance_id, product=product, key=key, state=PointState.OPEN
    ).delete()
    return rows[0] > 0


def _check_answerable(product: Product) -> None:
    if product.state in CLOSED_STATES:
        raise DomainError(
            _("Points of a product in the state “%(state)s” are not answered any more.")
            % {"state": product.get_state_display()},
            code="not_changeable",
        )


def _check_actor(product: Product, actor: User, *, at: datetime) -> None:
    require(actor, ANSWER_POINT, product)
    require_no_conflict(product.alliance, own_institutions(actor, product.alliance, at=at), product.matter)


@transaction.atomic
def agree_change(alliance: Alliance, code: str, *, actor: User, text: str, at: datetime, text_zh: str = "") -> FeedbackPoint:
    """Agree on a change that no single piece of feedback asked for.

    Args:
        alliance: The tenant.
        code: The product's code.
        actor: A person of the author or the adapter, or the secretariat.
        text: The change, in one sentence.
        at: Now.
        text_zh: The same in Chinese, where both are known.

    Raises:
        DomainError: ``not_changeable``: the product is neither in pilot nor being improved.
        InvalidInputError: The text is empty or longer than 300 characters.
    """
    product = lock_product(alliance, code)
    _check_actor(product, actor, at=at)
    if product.state not in {ProductState.PILOTING, ProductState.IMPROVING}:
        raise DomainError(
            _("Changes are agreed while a product is in pilot or being improved."),
            code="not_changeable",
            remedy=_("In any other state, answer what was said of it."),
        )
    words, words_zh = text.strip(), text_zh.strip()
    if not words or max(len(words), len(words_zh)) > MAX_CHANGE:
        reason = _("Say in one sentence what shall change, in up to 300 characters.")
        raise InvalidInputError(reason, fields={"text": reason})
    pilot = product.pilots.order_by("-round").first()
    if pilot is None:
        raise NotFoundError
    point = raise_point(
        product,
        key=f"change:{uuid.uuid4()}",
        source=PointSource.MEMBER,
        pilot=pilot,
        raised_by=actor,
        at=at,
        **(Words(text_en=words, text_zh=words_zh) if words_zh else said(words)),
    )
    point.state, point.answered_by, point.answered_at = PointState.ACCEPTED, actor, at
    point.save(update_fields=["state", "answered_by", "answered_at"])
    record_audit(
        product,
        actor=actor,
        verb="agree_change",
        after={"point": point.pk, "round": pilot.round, "version": point.version},
        personal={"text": words},
        at=at,
    )
    inbox.settle_all(alliance, f"next-round:{code}:", by=actor, at=at)
    return point


@transaction.atomic
def answer_point(
    alliance: Alliance,
    code: str,
    key: str,
    *,
    state: str,
    answer: str,
    actor: User,
    at: datetime,
    done_in: int | None = None,
) -> FeedbackPoint:
    """Answer a point: accept it as a change to make, decline it with the reason, or say in which version it is done.

    An answer may be changed until a release has named the point. The site that said it is told. When nothing is left to do
    and the product is being improved, the secretariat is asked to plan the next round.

    Args:
        alliance: The tenant.
        code: The product's code.
        key: The point's key.
        state: ``accepted``, ``declined`` or ``done``.
        answer: What was or will be done, or why not; required to decline.
        actor: A person of the author or the adapter, or the secretariat.
        at: Now.
        done_in: For ``done``: the version that has it; None: the next one.

    Raises:
        NotFoundError: The product has no such point.
        DomainError: ``not_changeable`` (retired or withdrawn), ``named_by_release``.
        InvalidInputError: An unknown state, no reason, an answer that is too long, or a version that cannot have it.
        ConflictOfInterestError: The actor's institution stands aside from this product.
    """
    product = lock_product(alliance, code)
    _check_actor(product, actor, at=at)
    _check_answerable(product)
    point = (
        FeedbackPoint.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("pilot", "participant", "raised_by")
        .filter(product=product, key=key)
        .first()
    )
    if point is None:
        raise NotFoundError
    if point.named_in is not None:
        raise DomainError(
            _("The release of version %(version)s names this point as answered; the answer stands.")
            % {"version": point.named_in},
            code="named_by_release",
            remedy=_("What is still missing is said of the released version, as a new point."),
        )
    words = answer.strip()
    version = _checked_answer(product, point, state, words, done_in)
    before = {"point": point.pk, "state": point.state, "done_in": point.done_in}
    point.state, point.answer, point.done_in = state, words, version
    point.answered_by, point.answered_at = actor, at
    point.save(update_fields=["state", "answer", "done_in", "answered_by", "answered_at"])
    record_audit(
        product,
        actor=actor,
        verb="answer_point",
        before=before,
        after={"point": point.pk, "key": key, "state": state, "done_in": version},
        personal={"answer": words} if words else None,
        at=at,
    )
    emit(
        alliance,
        POINT_ANSWERED,
        {"product": code, "key": key, "version": point.version, "state": state, "done_in": version},
    )
    _tell_giver(product, point, actor=actor, at=at)
    _ask_for_next_round(product, actor=actor, at=at)
    return point


def _checked_answer(product: Product, point: FeedbackPoint, state: str, words: str, done_in: int | None) -> int | None:
    """The version an answer names; None for one that names none."""
    if state not in ANSWERS:
        reason = _("Choose whether the point is accepted, declined or done.")
        raise InvalidInputError(reason, fields={"state": reason})
    if len(words) > MAX_ANSWER:
        longer = _("This is longer than %(count)s characters.") % {"count": MAX_ANSWER}
        raise InvalidInputError(longer, fields={"answer": longer})
    if state == PointState.DECLINED and not words:
        reason = _("Say why it is declined; those who said it read the reason.")
        raise InvalidInputError(reason, code="reason_missing", fields={"answer": reason})
    if state != PointState.DONE:
        return None
    following = product.version + 1
    version = following if done_in is None else done_in
    if isinstance(version, bool) or not isinstance(version, int) or not point.version <= version <= following:
        wrong = _("Give a version from %(first)s, of which it was said, to %(last)s, the next one.") % {
            "first": point.version,
            "last": following,
        }
        raise InvalidInputError(wrong, code="version_impossible", fields={"done_in": wrong})
    return version


def _tell_giver(product: Product, point: FeedbackPoint, *, actor: User, at: datetime) -> None:
    """Tell the site, or the member, what became of what it said."""
    people: list[User] = []
    if point.participant is not None:
        people = staff_of(product.alliance, [point.participant.institution_id], at=at)
    elif point.raised_by is not None and point.source == PointSource.MEMBER and point.raised_by_id != actor.pk:
        people = [point.raised_by]
    if people:
        tell(
            product,
            people,
            f"point_{point.state}",
            f"point:{point.pk}:{at.isoformat()}",
            at=at,
            url_name="point_list",
            answer=point.answer,
            version=point.done_in or point.version,
        )


def _ask_for_next_round(product: Product, *, actor: User, at: datetime) -> None:
    """Ask the secretariat to plan once nothing is left to do, and take the question back when something is again."""
    alliance, code = product.alliance, product.code
    waiting = f"next-round:{code}:{product.version}"
    if product.state != ProductState.IMPROVING or unfinished_points(product).exists():
        inbox.settle_all(alliance, f"next-round:{code}:", by=actor, at=at)
        return
    inbox.settle_all(alliance, f"improve:{code}:", by=actor, at=at)
    ask(product, "pilot_next_round", waiting, inbox.office(), at=at)


def name_points_of_release(product: Product) -> list[str]:
    """Let the release of the present version name the points done in it; part of the release's act.

    Returns:
        Keys of the points it names, oldest first; the caller records them.
    """
    rows = FeedbackPoint.objects.filter(
        alliance_id=product.alliance_id,
        product=product,
        state=PointState.DONE,
        done_in__lte=product.version,
        named_in__isnull=True,
    )
    keys = list(rows.order_by("raised_at", "id").values_list("key", flat=True))
    rows.update(named_in=product.version)
    return keys
