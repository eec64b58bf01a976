"""Adds institutions, changes their entries, and moves them through their membership."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.events import emit
from alliance.kernel.formats import format_day
from alliance.kernel.permissions import require
from members.actions.fact import void_marks
from members.actions.standing import set_standing
from members.choices import InstitutionKind, InstitutionState
from members.models import Institution, InstitutionCounter, InstitutionExit, InstitutionStaff
from members.permissions import ACTIVATE_INSTITUTION, ADD_INSTITUTION, CHANGE_INSTITUTION, CHANGE_PROFILE
from members.selectors.duties import list_open_duties
from members.selectors.exit import get_open_exit, notice_ends_on
from members.selectors.fact import facts_of_fields
from members.selectors.institution_values import FAULT_FIELDS, Entry, Fault, check_entry, fault_text, has_control_characters
from members.signals import INSTITUTION_STATE_CHANGED
from members.transitions import (
    ACCEPT_CHARTER,
    COMPLETE_EXIT,
    EXPEL,
    LAPSE,
    MEMBERSHIP_STEPS,
    READMIT,
    START_LEAVING,
    SUSPEND,
)

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance, User

EXIT_WITHIN = timedelta(days=90)
"""Longest time an exit may take (charter, article 11)."""
NEEDS_REASON = frozenset({SUSPEND.name, EXPEL.name, LAPSE.name})
"""Steps against an institution's will, which must say why."""


def lock_counter(alliance: Alliance) -> InstitutionCounter:
    """The counter of codes, locked until the end of the transaction."""
    counter = InstitutionCounter.objects.of(alliance).select_for_update().first()
    if counter is None:
        InstitutionCounter.objects.bulk_create(
            [InstitutionCounter(alliance=alliance, last_number=highest_code_number(alliance))], ignore_conflicts=True
        )
        counter = InstitutionCounter.objects.of(alliance).select_for_update().get()
    return counter


def highest_code_number(alliance: Alliance) -> int:
    """The highest number in codes of the form I-0001."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(substring(code FROM '^I-([0-9]{1,8})$')::int), 0) FROM members_institution"
            " WHERE alliance_id = %s",
            [alliance.pk],
        )
        (number,) = cursor.fetchone()
    return int(number)


def next_institution_code(alliance: Alliance) -> str:
    """A code that no institution of the alliance has: I-0001, I-0002 ..."""
    counter = lock_counter(alliance)
    number = counter.last_number + 1
    if Institution.objects.of(alliance).filter(code=f"I-{number:04d}").exists():
        number = highest_code_number(alliance) + 1
    counter.last_number = number
    counter.save(update_fields=["last_number"])
    return f"I-{number:04d}"


def _checked(values: dict[str, str]) -> Entry:
    """The values in normal form.

    Raises:
        InvalidInputError: With the fault at its field.
    """
    joined = "".join(values.values())
    entry: Entry | Fault
    if has_control_characters(joined):
        entry = Fault("control", {})
    elif values.get("kind") not in InstitutionKind.values:
        entry = Fault("kind_missing", {})
    else:
        entry = check_entry(**values)
    if isinstance(entry, Fault):
        words = fault_text(entry.code, entry.params)
        raise InvalidInputError(words, code=f"entry_{entry.code}", fields={FAULT_FIELDS.get(entry.code, "name_en"): words})
    return entry


def _refuse_known(alliance: Alliance, entry: Entry, *, but: int | None = None) -> None:
    others = Institution.objects.of(alliance)
    if but is not None:
        others = others.exclude(pk=but)
    place = {"country_code": entry.country_code, "region_code": entry.region_code}
    twin = others.filter(name_key=entry.name_key, **place).first()
    if twin is None and entry.name_zh:
        twin = others.filter(name_zh=entry.name_zh, **place).first()
    at_field = "name_en"
    if twin is None and entry.registry_code:
        twin = others.filter(registry_scheme=entry.registry_scheme, registry_code=entry.registry_code).first()
        at_field = "registry_code"
    if twin is not None:
        words = _("This institution is in the alliance already: %(code)s, %(name)s.") % {
            "code": twin.code,
            "name": twin.name,
        }
        raise InvalidInputError(words, code="institution_known", fields={at_field: words})


@transaction.atomic
def add_institution(
    alliance: Alliance,
    *,
    actor: User,
    at: datetime,
    code: str = "",
    short_en: str = "",
    short_zh: str = "",
    source: str = "",
    **values: str,
) -> Institution:
    """Add one institution as an active member.

    Args:
        alliance: The tenant.
        actor: Needs ``members.add_institution``.
        at: Now.
        code: Its code; the next free one when empty.
        short_en: Short English name.
        short_zh: Short Chinese name.
        source: Where the entry comes from.
        values: As :func:`members.selectors.institution_values.check_entry` takes them.

    Raises:
        InvalidInputError: A value breaks a rule, or the institution is there already.
    """
    require(actor, ADD_INSTITUTION, alliance)
    entry = _checked(values)
    _refuse_known(alliance, entry)
    institution = Institution(
        alliance=alliance,
        code=code or next_institution_code(alliance),
        short_en=short_en,
        short_zh=short_zh,
        source=source,
        joined_on=timezone.localtime(at).date(),
        **entry._asdict(),
    )
    try:
        with transaction.atomic():
            institution.save(force_insert=True)
            set_standing(institution, institution.state, at=at)
    except IntegrityError as error:
        words = _("Someone else added this institution, or took its code, a moment ago.")
        raise InvalidInputError(words, code="institution_known", fields={"name_en": words}) from error
    record_audit(
        institution,
        actor=actor,
        verb="add_institution",
        after=_clear(institution),
        personal={f"after.{name}": getattr(institution, name) for name in sorted(PERSONAL) if getattr(institution, name)},
        at=at,
    )
    return institution


CHANGEABLE = (
    "kind",
    "subkind",
    "name_en",
    "name_zh",
    "short_en",
    "short_zh",
    "country_code",
    "region_code",
    "registry_scheme",
    "registry_code",
    "web",
    "contact_email",
)
PERSONAL = frozenset({"name_en", "name_zh", "short_en", "short_zh", "web", "contact_email"})
KEYS = frozenset({"name_key", "sort_key", "sort_key_zh"})
"""Columns derived from the names."""


def _clear(institution: Institution) -> dict[str, Any]:
    """The values an audit entry may hold in clear."""
    return {name: getattr(institution, name) for name in ("code", *CHANGEABLE) if name not in PERSONAL}


@transaction.atomic
def change_institution(
    alliance: Alliance, code: str, *, actor: User, at: datetime, short_en: str = "", short_zh: str = "", **values: str
) -> Institution:
    """Change an institution's entry; what was there before stays in the record.

    Raises:
        InvalidInputError: A value breaks a rule, or makes it equal to another institution.
    """
    institution = Institution.objects.of(alliance).select_for_update().get(code=code)
    require(actor, CHANGE_INSTITUTION, institution)
    entry = _checked(values)
    _refuse_known(alliance, entry, but=institution.pk)
    return _save_changes(institution, {**entry._asdict(), "short_en": short_en, "short_zh": short_zh}, actor=actor, at=at)


@transaction.atomic
def change_profile(
    alliance: Alliance,
    code: str,
    *,
    actor: User,
    at: datetime,
    short_en: str,
    short_zh: str,
    web: str,
    contact_email: str,
) -> Institution:
    """Change what an institution's representative may: short names, web site, contact.

    Raises:
        InvalidInputError: A value breaks a rule.
    """
    institution = Institution.objects.of(alliance).select_for_update().get(code=code)
    require(actor, CHANGE_PROFILE, institution)
    entry = _checked(
        {
            "kind": institution.kind,
            "name_en": institution.name_en,
            "name_zh": institution.name_zh,
            "country": institution.country_code,
            "web": web,
            "contact_email": contact_email,
        }
    )
    changes = {"web": entry.web, "contact_email": entry.contact_email, "short_en": short_en, "short_zh": short_zh}
    return _save_changes(institution, changes, actor=actor, at=at)


def _save_changes(institution: Institution, values: dict[str, str], *, actor: User, at: datetime) -> Institution:
    changed = {name: value for name, value in values.items() if getattr(institution, name) != value}
    if not changed:
        return institution
    before = {name: getattr(institution, name) for name in changed}
    for name, value in changed.items():
        setattr(institution, name, value)
    institution.save(update_fields=sorted(changed))
    void_marks(institution, facts_of_fields(changed), at=at)
    open_names = [name for name in changed if name not in PERSONAL and name not in KEYS]
    record_audit(
        institution,
        actor=actor,
        verb="change_institution",
        before={name: before[name] for name in open_names},
        after={name: changed[name] for name in open_names},
        personal={
            f"{when}.{name}": values[name]
            for when, values in (("before", before), ("after", changed))
            for name in changed
            if name in PERSONAL and values[name]
        }
        or None,
        at=at,
    )
    return institution


@transaction.atomic
def move_institution(
    alliance: Alliance, code: str, step_name: str, *, actor: User, at: datetime, reason: str = ""
) -> Institution:
    """Take one step in an institution's membership: suspend, readmit, begin or complete the exit, lapse.

    Rights follow at once: people of a suspended institution keep their access to it and lose those of its seats; nobody
    acts for one that left, was expelled or lapsed. Expulsion is the assembly's (charter, article 10): it follows from a
    motion, see :func:`expel_by_decision`.

    Args:
        alliance: The tenant.
        code: The institution.
        step_name: Name of the step, see ``members.transitions``.
        actor: Needs the step's permission.
        at: Now.
        reason: Why; asked for where the step is against the institution's will. Kept as a personal value.

    Raises:
        TransitionRefusedError: The step is not open in the present state.
        InvalidInputError: No such step, the reason is missing, or duties are still open at the end of the exit.
        DomainError: The step is an expulsion.
    """
    step = MEMBERSHIP_STEPS.get(step_name)
    if step is None:
        raise InvalidInputError(_("There is no such step."), code="step_unknown")
    institution = Institution.objects.of(alliance).select_for_update().get(code=code)
    require(actor, step.permission, institution)
    step.check(institution.state)
    if step is EXPEL:
        raise DomainError(
            _("Nobody expels a member alone: the assembly decides, by two-thirds of all members."),
            code="needs_assembly",
            remedy=_("Put a motion to expel it; it takes effect when the motion is passed."),
            who=[_("the assembly, by motion")],
        )
    if step.name in NEEDS_REASON and not reason.strip():
        words = _("Say why, in one or two sentences; the institution reads it.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    if step is COMPLETE_EXIT:
        _require_notice_over(institution, at)
    if step is COMPLETE_EXIT and (duties := list_open_duties(alliance, institution, at)):
        raise InvalidInputError(
            _("The exit cannot be completed: %(count)s duties are still open.") % {"count": len(duties)},
            code="duties_open",
            remedy=_("Hand them over first: %(duties)s.") % {"duties": "; ".join(str(duty.label) for duty in duties[:10])},
        )
    return take_step(institution, step, actor=actor, at=at, reason=reason)


def _require_notice_over(institution: Institution, at: datetime) -> None:
    """An exit is not completed before its notice has run (charter, article 11)."""
    found = get_open_exit(institution)
    if found is None:  # an entry that came as leaving from earlier records
        return
    ends_on = notice_ends_on(found)
    if timezone.localtime(at).date() < ends_on:
        raise InvalidInputError(
            _("The exit cannot be completed yet: the notice runs until %(day)s.")
            % {"day": format_day(ends_on, get_language() or "en")},
            code="notice_runs",
            remedy=_("A member of the management committee who does not act for the institution can shorten it."),
            who=[_("the management committee")],
        )


def take_step(
    institution: Institution,
    step: Transition,
    *,
    actor: User | None,
    at: datetime,
    reason: str = "",
    decision_reference: str = "",
) -> Institution:
    """Write a checked step of an institution's membership: state, period, exit, people, audit, event.

    For actions of this layer, which have locked the institution and asked for permission.

    Args:
        institution: Locked row.
        step: Its source was checked.
        actor: Who takes it; None where a decision of a body does.
        at: Now.
        reason: Why; kept as a personal value.
        decision_reference: Code of the motion that decided.
    """
    alliance = institution.alliance
    before = institution.state
    set_standing(institution, step.target, at=at, decision_reference=decision_reference)
    if step.target == InstitutionState.ACTIVE and institution.joined_on is None:
        institution.joined_on = timezone.localtime(at).date()
        institution.save(update_fields=["joined_on"])
    _follow_exit(institution, step, at)
    if step.target in {InstitutionState.WITHDRAWN, InstitutionState.EXPELLED}:
        InstitutionStaff.objects.of(alliance).filter(institution=institution, starts_at__gte=at).delete()
        InstitutionStaff.objects.of(alliance).filter(institution=institution).filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=at)
        ).update(ends_at=at)
    record_audit(
        institution,
        actor=actor,
        verb=step.name,
        before={"state": before},
        after={"state": institution.state, **({"decision": decision_reference} if decision_reference else {})},
        personal={"reason": reason.strip()} if reason.strip() else None,
        at=at,
    )
    emit(
        alliance,
        INSTITUTION_STATE_CHANGED,
        {"institution": institution.code, "before": before, "after": institution.state},
    )
    return institution


def _follow_exit(institution: Institution, step: Transition, at: datetime) -> None:
    """Open, complete or call off the exit that goes with a step."""
    exits = InstitutionExit.objects.of(institution.alliance)
    if step is START_LEAVING:
        exits.create(
            alliance=institution.alliance,
            institution=institution,
            notice_at=at,
            due_on=timezone.localtime(at).date() + EXIT_WITHIN,
        )
        return
    open_exit = exits.filter(institution=institution, completed_at__isnull=True, called_off_at__isnull=True).first()
    if open_exit is None:
        return
    if step is READMIT:
        open_exit.called_off_at = at
        open_exit.save(update_fields=["called_off_at"])
    elif step.target in {InstitutionState.WITHDRAWN, InstitutionState.EXPELLED}:
        open_exit.completed_at = at
        open_exit.save(update_fields=["completed_at"])


@transaction.atomic
def activate_after_charter(
    alliance: Alliance, code: str, *, actor: User, at: datetime, decision_reference: str = ""
) -> Institution:
    """Make an admitted institution a member, because it has accepted the charter (charter, article 6).

    Nothing happens to an institution that is a member already, so that acceptance of a new version may call it too.

    Args:
        alliance: The tenant.
        code: The institution.
        actor: Who accepted for it; needs ``members.activate_institution``.
        at: Now.
        decision_reference: Code of the motion that admitted it, where the caller knows it.

    Raises:
        Institution.DoesNotExist: No such institution here.
        PermissionRefusedError: The actor neither represents it, signs for it nor works in the office.
    """
    institution = Institution.objects.of(alliance).select_for_update().get(code=code)
    require(actor, ACTIVATE_INSTITUTION, institution)
    if institution.state != InstitutionState.CHARTER_PENDING:
        return institution
    return take_step(institution, ACCEPT_CHARTER, actor=actor, at=at, decision_reference=decision_reference)


@transaction.atomic
def suspend_by_decision(
    alliance: Alliance, code: str, *, decision_reference: str, reason: str, at: datetime
) -> Institution | None:
    """Suspend an institution because the management committee decided it (charter, article 10).

    Returns:
        The institution, or None when it is not active any more: the decision then has no object.
    """
    return _by_decision(alliance, code, SUSPEND, decision_reference=decision_reference, reason=reason, at=at)


@transaction.atomic
def expel_by_decision(
    alliance: Alliance, code: str, *, decision_reference: str, reason: str, at: datetime
) -> Institution | None:
    """Expel an institution because the assembly decided it by two-thirds of all members (charter, article 10).

    Returns:
        The institution, or None when it has left meanwhile: the decision then has no object.
    """
    return _by_decision(alliance, code, EXPEL, decision_reference=decision_reference, reason=reason, at=at)


def _by_decision(
    alliance: Alliance, code: str, step: Transition, *, decision_reference: str, reason: str, at: datetime
) -> Institution | None:
    institution = Institution.objects.of(alliance).select_for_update().get(code=code)
    if institution.state not in step.sources:
        return None
    return take_step(institution, step, actor=None, at=at, reason=reason, decision_reference=decision_reference)
