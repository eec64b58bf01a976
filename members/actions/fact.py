"""Verifies the facts of an institution's entry, and lets the institution confirm them each year (I12)."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from alliance.actions.audit import record_audit
from alliance.actions.files import store_upload
from alliance.actions.inbox import ask, institution, settle
from alliance.actions.notifications import notify
from alliance.kernel.errors import InvalidInputError, SeparationOfDutiesError
from alliance.kernel.formats import format_list
from alliance.kernel.permissions import grants_of, institutions_acted_for, require
from alliance.kernel.texts import Text, texts
from alliance.models import User
from members.choices import Element, FactState, StaffRole
from members.models import FactMark, Institution, InstitutionStaff
from members.permissions import CONFIRM_FACTS, VERIFY_FACTS, VIEW_EVIDENCE
from members.selectors.evidence import EVIDENCE
from members.selectors.fact import (
    MARK_LIFE,
    REMIND_BEFORE,
    Fact,
    list_due_institutions,
    list_ending_supplies,
    list_facts,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from alliance.models import Alliance

CONFIRM_FACTS_TEXT = "members.confirm_facts"
FACTS_EXPIRED_TEXT = "members.facts_expired"
SUPPLY_ENDS_TEXT = "members.supply_ends"


def inbox_key(code: str) -> str:
    """Name of the inbox item that asks an institution to confirm its facts."""
    return f"facts:{code}"


def void_marks(record: Institution, facts: Iterable[str], *, at: datetime) -> int:
    """Take the marks off facts whose value was changed; part of the act that changes it, and told by its audit entry.

    The row keeps the digest it was given for, so that the page can say that the fact was verified before.

    Returns:
        How many marks were taken off.
    """
    del at  # the audit entry of the change says when
    return (
        FactMark.objects.of(record.alliance)
        .filter(institution=record, fact__in=list(facts), valid_until__isnull=False)
        .update(valid_until=None)
    )


def _lock(alliance: Alliance, code: str) -> Institution:
    return Institution.objects.of(alliance).select_for_update().get(code=code)


def _chosen(facts: list[Fact], wanted: Iterable[str]) -> list[Fact]:
    """The facts that are meant.

    Raises:
        InvalidInputError: None, an unknown one, or one without a value.
    """
    by_kind = {fact.kind: fact for fact in facts}
    names = list(dict.fromkeys(wanted))
    if not names or any(name not in by_kind for name in names):
        words = _("Choose at least one fact.")
        raise InvalidInputError(words, code="fact_unknown", fields={"facts": words})
    empty = [by_kind[name].label for name in names if not by_kind[name].can_be_verified]
    if empty:
        words = _("Nothing is given for: %(facts)s. Fill it in first.") % {"facts": format_list(empty, get_language())}
        raise InvalidInputError(words, code="fact_empty", fields={"facts": words})
    return [by_kind[name] for name in names]


@transaction.atomic
def verify_facts(
    alliance: Alliance,
    code: str,
    facts: Iterable[str],
    *,
    actor: User,
    at: datetime,
    evidence: Any = None,
    note: str = "",
) -> list[FactMark]:
    """The office has checked facts against evidence; each gets a mark for its present value, good for a year.

    Args:
        alliance: The tenant.
        code: The institution.
        facts: Which of its facts, see FactKind.
        actor: Needs ``members.verify_facts``; nobody who acts for the institution.
        at: Now.
        evidence: Uploaded file that was looked at, kept with the marks; or None.
        note: What was compared with what; kept as a personal value of the record.

    Raises:
        Institution.DoesNotExist: No such institution here.
        SeparationOfDutiesError: The actor acts for the institution.
        InvalidInputError: No fact, an unknown one, one without a value, or neither evidence nor note.
    """
    record = _lock(alliance, code)
    require(actor, VERIFY_FACTS, record)
    if record.pk in institutions_acted_for(grants_of(actor, alliance)):
        raise SeparationOfDutiesError(
            _("Nobody verifies the facts of an institution they act for."),
            code="own_institution",
            who=[_("another member of the secretariat")],
        )
    chosen = _chosen(list_facts(record, timezone.localdate(at)), facts)
    if not evidence and not note.strip():
        words = _("Say what the facts were compared with, or attach it.")
        raise InvalidInputError(words, code="evidence_missing", fields={"note": words})
    stored = store_upload(alliance, evidence, EVIDENCE, actor=actor, permission=VIEW_EVIDENCE) if evidence else None
    until = timezone.localdate(at + MARK_LIFE)
    marks = []
    for fact in chosen:
        mark = fact.mark or FactMark(alliance=alliance, institution=record, fact=fact.kind)
        if mark.value_digest != fact.digest:
            mark.confirmed_by = mark.confirmed_at = None
        mark.value_digest = fact.digest
        mark.verified_by, mark.verified_at, mark.valid_until = actor, at, until
        if stored is not None:
            mark.evidence_file = stored
        mark.save()
        marks.append(mark)
    record_audit(
        record,
        actor=actor,
        verb="verify_facts",
        after={
            "facts": [fact.kind for fact in chosen],
            "until": until,
            "evidence": stored.sha256 if stored else None,
        },
        personal={"reason": note.strip()} if note.strip() else None,
        at=at,
    )
    _settle_if_done(alliance, record, actor=actor, at=at)
    return marks


@transaction.atomic
def withdraw_marks(
    alliance: Alliance, code: str, facts: Iterable[str], *, actor: User, at: datetime, reason: str
) -> list[str]:
    """Take marks off facts that turned out to be wrong.

    Raises:
        InvalidInputError: No reason, or none of the facts has a mark.
    """
    record = _lock(alliance, code)
    require(actor, VERIFY_FACTS, record)
    if not reason.strip():
        words = _("Say why, in one or two sentences; the institution reads it.")
        raise InvalidInputError(words, code="reason_missing", fields={"note": words})
    marks = FactMark.objects.of(alliance).filter(institution=record, fact__in=list(facts), verified_at__isnull=False)
    names = sorted(mark.fact for mark in marks)
    if not names:
        raise InvalidInputError(_("None of these facts is verified."), code="fact_not_verified")
    marks.update(verified_by=None, verified_at=None, valid_until=None, evidence_file=None)
    record_audit(
        record,
        actor=actor,
        verb="withdraw_marks",
        before={"facts": names},
        personal={"reason": reason.strip()},
        at=at,
    )
    return names


@transaction.atomic
def confirm_facts(alliance: Alliance, code: str, digests: Mapping[str, str], *, actor: User, at: datetime) -> list[FactMark]:
    """The institution says that facts of its entry still hold; a verified one counts for another year.

    Args:
        alliance: The tenant.
        code: The institution.
        digests: Fact -> digest of the value that was shown, so that nobody confirms what they have not seen.
        actor: The institution's representative.
        at: Now.

    Raises:
        InvalidInputError: No fact, one without a value, or one that was changed since it was shown.
    """
    record = _lock(alliance, code)
    require(actor, CONFIRM_FACTS, record)
    chosen = _chosen(list_facts(record, timezone.localdate(at)), digests)
    stale = [fact.label for fact in chosen if digests[fact.kind] != fact.digest]
    if stale:
        words = _("Changed since you opened the page: %(facts)s. Look at it again, then confirm.") % {
            "facts": format_list(stale, get_language())
        }
        raise InvalidInputError(words, code="fact_changed", fields={"facts": words})
    marks = []
    for fact in chosen:
        mark = fact.mark or FactMark(alliance=alliance, institution=record, fact=fact.kind)
        if mark.value_digest != fact.digest:
            mark.value_digest = fact.digest
            mark.verified_by = mark.verified_at = mark.valid_until = mark.evidence_file = None
        mark.confirmed_by, mark.confirmed_at = actor, at
        if mark.verified_at is not None:
            mark.valid_until = timezone.localdate(at + MARK_LIFE)
        mark.save()
        marks.append(mark)
    record_audit(record, actor=actor, verb="confirm_facts", after={"facts": [fact.kind for fact in chosen]}, at=at)
    _settle_if_done(alliance, record, actor=actor, at=at)
    return marks


def _settle_if_done(alliance: Alliance, record: Institution, *, actor: User, at: datetime) -> None:
    """Take the request out of the inbox once nothing of it is left to confirm."""
    on = timezone.localdate(at)
    left = [fact for fact in list_facts(record, on) if fact.can_be_verified and not _is_fresh(fact, on)]
    if not left:
        settle(alliance, inbox_key(record.code), by=actor, at=at)


def _is_fresh(fact: Fact, on: date) -> bool:
    """Whether a fact need not be confirmed now: verified for longer than a month, or confirmed within the last year."""
    mark = fact.mark
    if mark is None or mark.value_digest != fact.digest:
        return False
    if fact.is_verified and mark.valid_until is not None:
        return mark.valid_until > on + REMIND_BEFORE
    if fact.state == FactState.CONFIRMED and mark.confirmed_at is not None:
        return timezone.localdate(mark.confirmed_at + MARK_LIFE) > on + REMIND_BEFORE
    return False


def _names(record: Institution) -> dict[str, str]:
    return {"title_en": record.name_en or record.name_zh, "title_zh": record.name_zh or record.name_en}


def _element_names(element: str) -> dict[str, str]:
    names = {}
    for ending, language in (("en", "en"), ("zh", "zh-hans")):
        with translation.override(language):
            names[f"element_{ending}"] = str(capfirst(Element(element).label))
    return names


def representatives(alliance: Alliance, record: Institution, at: datetime) -> list[User]:
    """Representatives of an institution now; one query."""
    staff = InstitutionStaff.objects.of(alliance).at(at).filter(institution=record, role=StaffRole.REPRESENTATIVE)
    return list(User.objects.filter(pk__in=staff.values("user"), is_active=True))


@transaction.atomic
def ask_for_confirmation(
    alliance: Alliance, code: str, *, actor: User | None, at: datetime, due_on: date | None = None
) -> None:
    """Ask an institution to confirm its facts: an inbox item for its representatives, and a mail.

    Args:
        alliance: The tenant.
        code: The institution.
        actor: Needs ``members.verify_facts``; None for the yearly reminder itself.
        at: Now.
        due_on: Until when; thirty days from now when None.

    Raises:
        InvalidInputError: The day lies behind, or nobody represents the institution.
    """
    record = _lock(alliance, code)
    if actor is not None:
        require(actor, VERIFY_FACTS, record)
    today = timezone.localdate(at)
    day = due_on or today + REMIND_BEFORE
    if actor is not None and day < today:
        words = _("The day lies behind us.")
        raise InvalidInputError(words, code="due_past", fields={"due_on": words})
    people = representatives(alliance, record, at)
    if actor is not None and not people:
        raise InvalidInputError(
            _("%(name)s has no representative who could answer.") % {"name": record.name},
            code="no_representative",
            remedy=_("Invite one on the institution's page."),
        )
    due_at = datetime.combine(day, time(23, 59), tzinfo=timezone.get_current_timezone())
    ask(
        alliance,
        CONFIRM_FACTS_TEXT,
        inbox_key(record.code),
        institution(record.pk, StaffRole.REPRESENTATIVE),
        params=_names(record),
        url_name="portal_facts",
        url_kwargs={"code": record.code},
        at=at,
        due_at=due_at,
    )
    notify(
        alliance,
        people,
        CONFIRM_FACTS_TEXT,
        f"facts:{record.code}:{day.isoformat()}",
        params=_names(record),
        at=at,
        url_name="portal_facts",
        url_kwargs={"code": record.code},
    )
    if actor is not None:
        record_audit(record, actor=actor, verb="ask_for_confirmation", after={"due_on": day}, at=at)


def withdraw_request(alliance: Alliance, code: str, *, actor: User, at: datetime) -> None:
    """Take a request back that nobody has answered; the mail has gone out."""
    record = _lock(alliance, code)
    require(actor, VERIFY_FACTS, record)
    if settle(alliance, inbox_key(code), by=actor, at=at):
        record_audit(record, actor=actor, verb="withdraw_request", at=at)


def remind_of_facts(alliance: Alliance, *, at: datetime) -> int:
    """Ask institutions whose verified facts fall due within a month, and tell of marks and elements that ran out.

    Each reminder goes out once: its name holds the day it is about.

    Returns:
        How many institutions were asked or told.
    """
    on = timezone.localdate(at)
    told = 0
    for record, due_on in list_due_institutions(alliance, on):
        if due_on >= on:
            ask_for_confirmation(alliance, record.code, actor=None, at=at, due_on=due_on)
        else:
            ask_for_confirmation(alliance, record.code, actor=None, at=at, due_on=due_on)
            notify(
                alliance,
                representatives(alliance, record, at),
                FACTS_EXPIRED_TEXT,
                f"facts_expired:{record.code}:{due_on.isoformat()}",
                params=_names(record),
                at=at,
                url_name="portal_facts",
                url_kwargs={"code": record.code},
            )
        told += 1
    for supply in list_ending_supplies(alliance, on):
        record = supply.institution
        names = {**_names(record), **_element_names(supply.element)}
        ask(
            alliance,
            SUPPLY_ENDS_TEXT,
            f"supply_ends:{supply.pk}",
            institution(record.pk, StaffRole.REPRESENTATIVE),
            params=names,
            url_name="portal_elements",
            url_kwargs={"code": record.code},
            at=at,
            due_at=datetime.combine(supply.valid_to or on, time(23, 59), tzinfo=timezone.get_current_timezone()),
        )
        notify(
            alliance,
            representatives(alliance, record, at),
            SUPPLY_ENDS_TEXT,
            f"supply_ends:{supply.pk}:{supply.valid_to}",
            params=names,
            at=at,
            url_name="portal_elements",
            url_kwargs={"code": record.code},
        )
        told += 1
    return told


texts.register(
    CONFIRM_FACTS_TEXT,
    Text(
        title=gettext_lazy("Confirm the facts about %(title)s"),
        body=gettext_lazy(
            "Once a year each member confirms what its entry says. What is not confirmed is no longer shown as verified."
        ),
        verb=gettext_lazy("Look at the facts"),
        icon="badge-check",
    ),
)
texts.register(
    FACTS_EXPIRED_TEXT,
    Text(
        title=gettext_lazy("Facts about %(title)s are no longer shown as verified"),
        body=gettext_lazy("They were not confirmed for over a year. Confirm them, and they count again."),
        icon="badge-alert",
    ),
)
texts.register(
    SUPPLY_ENDS_TEXT,
    Text(
        title=gettext_lazy("%(element)s: the element of %(title)s ends soon"),
        body=gettext_lazy("After that day it no longer counts in groups and in the directory. Extend it, or let it end."),
        verb=gettext_lazy("Look at the elements"),
        icon="calendar-clock",
        can_dismiss=True,
    ),
)
