"""Sends directives to the alliances below, carries them and their answers across, and rolls answers up (S4, G13).

Nothing is read across alliances in a request. An act leaves an event in its own alliance; a worker that takes it in reads
one row there, enters the other alliance and writes one row there, under the delivery's name, so that arriving twice changes
nothing. What the other side must know of it goes back the same way, by an event of that side, in a transaction of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel import faults, tenancy
from alliance.kernel.codes import next_code
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.texts import Text, texts
from alliance.models import Alliance
from groups.actions.declaration import end_of
from groups.choices import DeliveryState, DirectiveKind, DirectiveState
from groups.models import Directive, DirectiveDelivery, ReceivedDirective
from groups.permissions import SEND_DIRECTIVE
from groups.selectors.directive import answered_states, list_children, roll_up
from groups.signals import DIRECTIVE_ANSWERED, DIRECTIVE_ARRIVED, DIRECTIVE_CLOSED, DIRECTIVE_SENT
from groups.transitions import ACKNOWLEDGE_DIRECTIVE, CLOSE_DIRECTIVE, REPORT_DIRECTIVE, SEND

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from alliance.models import User

ACKNOWLEDGE_WANTED = "groups.directive_acknowledge"
REPORT_WANTED = "groups.directive_report"
LATE_BELOW = "groups.directive_late"
ALL_ANSWERED = "groups.directive_answered"
texts.register(
    ACKNOWLEDGE_WANTED,
    Text(
        title=_("Acknowledge the directive: %(title)s"),
        body=_("From %(origin)s."),
        verb=_("Acknowledge"),
        icon="network",
    ),
)
texts.register(
    REPORT_WANTED,
    Text(title=_("Answer the directive: %(title)s"), body=_("From %(origin)s."), verb=_("Answer"), icon="network"),
)
texts.register(
    LATE_BELOW,
    Text(
        title=_("Answers are late: %(title)s"),
        body=_("The page lists the alliances below that have not answered."),
        verb=_("See who"),
        icon="network",
    ),
)
texts.register(
    ALL_ANSWERED,
    Text(title=_("Every alliance below has answered: %(title)s"), icon="network", mails=False),
)


@dataclass(frozen=True, slots=True)
class DirectiveText:
    """What a directive says.

    Attributes:
        kind: One of DirectiveKind.
        title_en: Title; at least one of the two.
        title_zh: Title in Chinese.
        text_en: Text; at least one of the two before it is sent.
        text_zh: Text in Chinese.
        measure: Words of the figure each answer gives, with its unit; empty: none.
        due_on: Last day for the answer.
    """

    kind: str
    title_en: str
    title_zh: str
    text_en: str
    text_zh: str
    measure: str
    due_on: date


def _require(actor: User | None, permission: str, record: Any) -> None:
    """Ask for a person's right; None is a registered client, whose scope the endpoint has asked for."""
    if actor is not None:
        require(actor, permission, record)


def _clean(text: DirectiveText, at: datetime) -> dict[str, Any]:
    wrong: dict[str, Any] = {}
    if text.kind not in DirectiveKind.values:
        wrong["kind"] = _("Choose what it is.")
    if not text.title_en.strip() and not text.title_zh.strip():
        wrong["title_en"] = _("Give it a title in English or in Chinese.")
    if text.due_on < timezone.localdate(at):
        wrong["due_on"] = _("Choose a day to come.")
    if wrong:
        raise InvalidInputError(_("The directive was not noted."), code="directive_incomplete", fields=wrong)
    return {
        "kind": text.kind,
        "title_en": text.title_en.strip(),
        "title_zh": text.title_zh.strip(),
        "text_en": text.text_en.strip(),
        "text_zh": text.text_zh.strip(),
        "measure": "" if text.kind == DirectiveKind.NOTICE else text.measure.strip(),
        "due_on": text.due_on,
    }


@transaction.atomic
def draft_directive(
    alliance: Alliance, text: DirectiveText, *, actor: User | None, at: datetime, passed_on_from: str = ""
) -> Directive:
    """Draft a directive to the alliances below.

    Args:
        alliance: The sender.
        text: What it says.
        actor: Needs ``groups.send_directive``; None: a client with the scope ``directives:write``.
        at: Now.
        passed_on_from: Code of a received directive that it passes on, one level further down; answers roll up into that.

    Raises:
        InvalidInputError: No title, or the day is past.
        ReceivedDirective.DoesNotExist: No such directive arrived here.
        DomainError: ``no_alliance_below``; ``passed_on_already``; ``directive_closed``.
    """
    _require(actor, SEND_DIRECTIVE, alliance)
    values = _clean(text, at)
    if not list_children(alliance).exists():
        raise DomainError(
            _("There is no alliance below this one to send it to."),
            code="no_alliance_below",
            remedy=_("The platform operator sets which alliance stands above which."),
        )
    received = None
    if passed_on_from:
        received = ReceivedDirective.objects.of(alliance).select_for_update().get(code=passed_on_from)
        if received.closed_at is not None:
            raise _closed()
        if received.passed_on.exists():
            raise DomainError(_("This directive is passed on already."), code="passed_on_already")
    directive = Directive.objects.create(
        alliance=alliance,
        code=next_code(Directive, alliance, "DR", 4),
        passed_on_from=received,
        created_by=actor,
        created_at=at,
        **values,
    )
    record_audit(
        directive,
        actor=actor,
        verb="draft_directive",
        after={
            "code": directive.code,
            "kind": directive.kind,
            "due_on": directive.due_on,
            "passed_on_from": received.code if received else None,
        },
        personal={"title_en": directive.title_en, "title_zh": directive.title_zh},
        at=at,
    )
    return directive


@transaction.atomic
def change_directive(alliance: Alliance, code: str, text: DirectiveText, *, actor: User, at: datetime) -> Directive:
    """Change a draft; what was sent stays as it was sent.

    Raises:
        DomainError: ``directive_sent``.
        InvalidInputError: As :func:`draft_directive`.
    """
    directive = Directive.objects.of(alliance).select_for_update().get(code=code)
    _require(actor, SEND_DIRECTIVE, directive)
    if directive.state != DirectiveState.DRAFT:
        raise DomainError(
            _("This directive was sent and cannot be changed."),
            code="directive_sent",
            remedy=_("Close it and send a new one."),
        )
    values = _clean(text, at)
    changed = sorted(name for name, value in values.items() if getattr(directive, name) != value)
    for name in changed:
        setattr(directive, name, values[name])
    directive.save(update_fields=changed)
    record_audit(directive, actor=actor, verb="change_directive", after={"fields": changed}, at=at)
    return directive


@transaction.atomic
def send_directive(
    alliance: Alliance, code: str, *, recipients: Collection[str], actor: User | None, at: datetime
) -> Directive:
    """Send a draft to chosen alliances below; workers carry it there.

    Args:
        alliance: The sender.
        code: A draft.
        recipients: Addresses (slugs) of alliances one level below.
        actor: Needs ``groups.send_directive``; None: a client with the scope ``directives:write``.
        at: Now.

    Raises:
        TransitionRefusedError: It is no draft any more.
        InvalidInputError: Nobody chosen, somebody who does not stand below, no text, or the day is past.
    """
    directive = Directive.objects.of(alliance).select_for_update(of=("self",)).get(code=code)
    _require(actor, SEND.permission, directive)
    SEND.check(directive.state)
    wanted = set(recipients)
    chosen = [child for child in list_children(alliance) if child.slug in wanted]
    wrong: dict[str, Any] = {}
    if not wanted:
        wrong["recipients"] = _("Choose at least one alliance.")
    elif len(chosen) != len(wanted):
        wrong["recipients"] = _("Choose alliances that stand directly below this one.")
    if not directive.text_en and not directive.text_zh:
        wrong["text_en"] = _("Write the text in English or in Chinese.")
    if directive.due_on < timezone.localdate(at):
        wrong["due_on"] = _("Choose a day to come.")
    if wrong:
        raise InvalidInputError(
            _("It was not sent: %(what)s") % {"what": " ".join(str(words) for words in wrong.values())},
            code="directive_incomplete",
            fields=wrong,
        )
    directive.state, directive.sent_at = SEND.target, at
    directive.save(update_fields=["state", "sent_at"])
    deliveries = [
        DirectiveDelivery(
            alliance=alliance,
            directive=directive,
            recipient_slug=child.slug,
            recipient_en=child.name_en,
            recipient_zh=child.name_zh,
            recipient_level=child.level,
        )
        for child in chosen
    ]
    DirectiveDelivery.objects.bulk_create(deliveries)
    record_audit(
        directive,
        actor=actor,
        verb=SEND.name,
        before={"state": DirectiveState.DRAFT},
        after={"state": directive.state, "recipients": sorted(wanted)},
        at=at,
    )
    for delivery in deliveries:
        emit(alliance, DIRECTIVE_SENT, {"delivery": str(delivery.uuid)})
    if directive.passed_on_from is not None:
        emit(alliance, DIRECTIVE_ANSWERED, {"delivery": str(directive.passed_on_from.uuid)})
    return directive


@transaction.atomic
def close_directive(alliance: Alliance, code: str, *, actor: User | None, at: datetime) -> Directive:
    """Close a directive: no answer is taken any more, nobody is late.

    Raises:
        TransitionRefusedError: It was not sent, or is closed.
    """
    directive = Directive.objects.of(alliance).select_for_update(of=("self",)).get(code=code)
    _require(actor, CLOSE_DIRECTIVE.permission, directive)
    CLOSE_DIRECTIVE.check(directive.state)
    directive.state, directive.closed_at = CLOSE_DIRECTIVE.target, at
    directive.save(update_fields=["state", "closed_at"])
    record_audit(
        directive,
        actor=actor,
        verb=CLOSE_DIRECTIVE.name,
        before={"state": DirectiveState.SENT},
        after={"state": directive.state},
        at=at,
    )
    inbox.settle(alliance, f"directive-late:{directive.uuid}", by=actor, at=at)
    for delivery in directive.deliveries.all():
        emit(alliance, DIRECTIVE_CLOSED, {"delivery": str(delivery.uuid)})
    if directive.passed_on_from is not None:
        emit(alliance, DIRECTIVE_ANSWERED, {"delivery": str(directive.passed_on_from.uuid)})
    return directive


def _closed() -> DomainError:
    return DomainError(
        _("The alliance above has closed this directive: no answer is taken any more."), code="directive_closed"
    )


@transaction.atomic
def acknowledge_directive(alliance: Alliance, code: str, *, actor: User | None, at: datetime) -> ReceivedDirective:
    """Acknowledge a directive from above; the sender is told by a worker.

    Raises:
        TransitionRefusedError: It is acknowledged already.
        DomainError: ``directive_closed``.
    """
    received = ReceivedDirective.objects.of(alliance).select_for_update().get(code=code)
    _require(actor, ACKNOWLEDGE_DIRECTIVE.permission, received)
    ACKNOWLEDGE_DIRECTIVE.check(received.state)
    if received.closed_at is not None:
        raise _closed()
    received.state = ACKNOWLEDGE_DIRECTIVE.target
    received.acknowledged_at, received.acknowledged_by = at, actor
    received.save(update_fields=["state", "acknowledged_at", "acknowledged_by"])
    record_audit(
        received,
        actor=actor,
        verb=ACKNOWLEDGE_DIRECTIVE.name,
        before={"state": DeliveryState.DELIVERED},
        after={"state": received.state},
        at=at,
    )
    inbox.settle(alliance, f"directive-acknowledge:{received.uuid}", by=actor, at=at)
    if received.kind != DirectiveKind.NOTICE:
        _ask(alliance, received, REPORT_WANTED, f"directive-report:{received.uuid}", at=at)
    emit(alliance, DIRECTIVE_ANSWERED, {"delivery": str(received.uuid)})
    return received


@transaction.atomic
def report_directive(
    alliance: Alliance,
    code: str,
    *,
    text_en: str,
    text_zh: str,
    figure: Decimal | None,
    actor: User | None,
    at: datetime,
) -> ReceivedDirective:
    """Answer a directive from above, or renew the answer while it is open; answering acknowledges it.

    Args:
        alliance: The recipient.
        code: The directive's code here.
        text_en: The answer; at least one of the two.
        text_zh: The answer in Chinese.
        figure: The figure asked for; needed exactly where one is.
        actor: Needs ``groups.answer_directive``; None: a client with the scope ``directives:write``.
        at: Now.

    Raises:
        InvalidInputError: No text, or the figure is missing or was not asked for.
        DomainError: ``directive_closed``; ``notice_needs_no_answer``.
    """
    received = ReceivedDirective.objects.of(alliance).select_for_update().get(code=code)
    _require(actor, REPORT_DIRECTIVE.permission, received)
    if received.kind == DirectiveKind.NOTICE:
        raise DomainError(_("A notice asks for no answer."), code="notice_needs_no_answer", remedy=_("Acknowledge it."))
    REPORT_DIRECTIVE.check(received.state)
    if received.closed_at is not None:
        raise _closed()
    wrong: dict[str, Any] = {}
    if not text_en.strip() and not text_zh.strip():
        wrong["text_en"] = _("Write the answer in English or in Chinese.")
    if received.measure and figure is None:
        wrong["figure"] = _("Give the figure that is asked for: %(measure)s.") % {"measure": received.measure}
    if figure is not None and not received.measure:
        wrong["figure"] = _("No figure is asked for.")
    if figure is not None and (not figure.is_finite() or abs(figure) >= Decimal(10) ** 14):
        wrong["figure"] = _("Give a number of fourteen digits at most.")
    if wrong:
        raise InvalidInputError(_("The answer was not noted."), code="report_incomplete", fields=wrong)
    before = received.state
    received.state = REPORT_DIRECTIVE.target
    if received.acknowledged_at is None:
        received.acknowledged_at, received.acknowledged_by = at, actor
    received.reported_at, received.reported_by = at, actor
    received.report_en, received.report_zh, received.figure = text_en.strip(), text_zh.strip(), figure
    received.save()
    record_audit(
        received,
        actor=actor,
        verb=REPORT_DIRECTIVE.name,
        before={"state": before},
        after={"state": received.state, "figure": figure},
        personal={"report_en": received.report_en, "report_zh": received.report_zh},
        at=at,
    )
    for step in ("acknowledge", "report"):
        inbox.settle(alliance, f"directive-{step}:{received.uuid}", by=actor, at=at)
    emit(alliance, DIRECTIVE_ANSWERED, {"delivery": str(received.uuid)})
    return received


def _ask(alliance: Alliance, received: ReceivedDirective, kind: str, key: str, *, at: datetime) -> None:
    inbox.ask(
        alliance,
        kind,
        key,
        inbox.office(),
        params={
            "title_en": received.title_en,
            "title_zh": received.title_zh,
            "origin_en": received.origin_en,
            "origin_zh": received.origin_zh,
        },
        url_name="received_directive_detail",
        url_kwargs={"code": received.code},
        at=at,
        due_at=end_of(received.due_on),
    )


# ------------------------------------------------------------------------------------------- carried by workers only


def carry_directive(alliance: Alliance, delivery_uuid: UUID, *, at: datetime) -> bool:
    """Carry one delivery into the alliance below; called by the relay, never by a request.

    The recipient's row carries the delivery's name, so a second run adds none. The sender's own row is not touched here:
    it learns of the arrival by :func:`tell_sender`, in a transaction of its own.

    Returns:
        Whether it arrived now.
    """
    delivery = DirectiveDelivery.objects.of(alliance).select_related("directive").filter(uuid=delivery_uuid).first()
    child = list_children(alliance).filter(slug=delivery.recipient_slug).first() if delivery is not None else None
    if delivery is None or child is None or delivery.directive.state == DirectiveState.CLOSED:
        return False
    directive = delivery.directive
    carried = {
        "directive_uuid": directive.uuid,
        "origin_slug": alliance.slug,
        "origin_en": alliance.name_en,
        "origin_zh": alliance.name_zh,
        "origin_code": directive.code,
        **{
            name: getattr(directive, name)
            for name in ("kind", "title_en", "title_zh", "text_en", "text_zh", "measure", "due_on")
        },
    }
    with tenancy.acting_in(child):
        if ReceivedDirective.objects.of(child).filter(uuid=delivery_uuid).exists():
            return False
        received = ReceivedDirective.objects.create(
            alliance=child,
            uuid=delivery_uuid,
            code=next_code(ReceivedDirective, child, "RD", 4),
            delivered_at=at,
            **carried,
        )
        faults.point("directive.arrived")
        record_audit(
            received,
            actor=None,
            verb="receive_directive",
            after={"code": received.code, "origin": received.origin_slug, "origin_code": received.origin_code},
            at=at,
        )
        _ask(child, received, ACKNOWLEDGE_WANTED, f"directive-acknowledge:{received.uuid}", at=at)
        emit(child, DIRECTIVE_ARRIVED, {"delivery": str(delivery_uuid)})
    return True


def tell_sender(alliance: Alliance, delivery_uuid: UUID, *, at: datetime) -> bool:
    """Carry the present state of a received directive back to its sender; called by the relay, never by a request.

    Reading under a lock and writing the whole state makes it the same however often and in whichever order it runs.

    Returns:
        Whether the sender's row was written.
    """
    received = ReceivedDirective.objects.of(alliance).select_for_update().filter(uuid=delivery_uuid).first()
    sender = Alliance.objects.filter(slug=received.origin_slug).first() if received is not None else None
    if received is None or sender is None:
        return False
    told = {
        "state": received.state,
        "delivered_at": received.delivered_at,
        "acknowledged_at": received.acknowledged_at,
        "reported_at": received.reported_at,
        "report_en": received.report_en,
        "report_zh": received.report_zh,
        "figure": received.figure,
        "below": roll_up(alliance, received),
    }
    with tenancy.acting_in(sender):
        delivery = (
            DirectiveDelivery.objects.of(sender)
            .select_for_update(of=("self",))
            .filter(uuid=delivery_uuid, recipient_slug=alliance.slug)
            .first()
        )
        if delivery is None:
            return False
        before = delivery.state
        for name, value in told.items():
            setattr(delivery, name, value)
        delivery.save(update_fields=list(told))
        faults.point("directive.told")
        directive = (
            Directive.objects.of(sender)
            .select_for_update(of=("self",))
            .select_related("passed_on_from", "created_by")
            .get(pk=delivery.directive_id)
        )
        if before != delivery.state:
            record_audit(
                directive,
                actor=None,
                verb="note_delivery",
                before={"recipient": alliance.slug, "state": before},
                after={"recipient": alliance.slug, "state": delivery.state, "figure": delivery.figure},
                at=at,
            )
        _note_answers(sender, directive, at=at)
        if directive.passed_on_from is not None:
            emit(sender, DIRECTIVE_ANSWERED, {"delivery": str(directive.passed_on_from.uuid)})
    return True


def carry_closing(alliance: Alliance, delivery_uuid: UUID, *, at: datetime) -> bool:
    """Tell one recipient that a directive is closed; called by the relay, never by a request.

    Returns:
        Whether it was told now.
    """
    delivery = DirectiveDelivery.objects.of(alliance).filter(uuid=delivery_uuid).first()
    child = Alliance.objects.filter(slug=delivery.recipient_slug).first() if delivery is not None else None
    if child is None:
        return False
    with tenancy.acting_in(child):
        received = (
            ReceivedDirective.objects.of(child)
            .select_for_update()
            .filter(uuid=delivery_uuid, origin_slug=alliance.slug, closed_at__isnull=True)
            .first()
        )
        if received is None:
            return False
        received.closed_at = at
        received.save(update_fields=["closed_at"])
        record_audit(received, actor=None, verb="close_received_directive", after={"code": received.code}, at=at)
        for step in ("acknowledge", "report"):
            inbox.settle(child, f"directive-{step}:{received.uuid}", by=None, at=at)
    return True


def _note_answers(alliance: Alliance, directive: Directive, *, at: datetime) -> None:
    """Tell whoever sent it when everybody below has answered."""
    if directive.deliveries.exclude(state__in=answered_states(directive.kind)).exists():
        return
    inbox.settle(alliance, f"directive-late:{directive.uuid}", by=None, at=at)
    if directive.created_by is not None:
        notify(
            alliance,
            [directive.created_by],
            ALL_ANSWERED,
            f"directive_answered:{directive.uuid}",
            params={"title_en": directive.title_en, "title_zh": directive.title_zh},
            at=at,
            url_name="directive_detail",
            url_kwargs={"code": directive.code},
        )


@transaction.atomic
def follow_directives(alliance: Alliance, *, at: datetime) -> int:
    """The daily step: tell the office of directives whose day is past and that have not been answered by all.

    Returns:
        How many directives that concerns.
    """
    late = Directive.objects.of(alliance).filter(state=DirectiveState.SENT, due_on__lt=timezone.localdate(at))
    found = 0
    for directive in late.order_by("id"):
        if directive.deliveries.exclude(state__in=answered_states(directive.kind)).exists():
            found += 1
            inbox.ask(
                alliance,
                LATE_BELOW,
                f"directive-late:{directive.uuid}",
                inbox.office(),
                params={"title_en": directive.title_en, "title_zh": directive.title_zh},
                url_name="directive_detail",
                url_kwargs={"code": directive.code},
                at=at,
            )
    return found
