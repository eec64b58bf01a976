"""Terms, positions and alternates: who holds an office of a body, and who stands in for a seat's representative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.texts import Text, texts
from groups.choices import SINGLE_POSITIONS, GroupKind, MotionState, PositionKind, SeatRole
from groups.models import GroupMembership, Motion, Position, SeatAlternate, Term, VirtualGroup
from groups.permissions import CHANGE_POSITIONS, NAME_ALTERNATE
from groups.signals import POSITION_FILLED
from members.models import Institution, InstitutionStaff

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User


TERMS_IN_A_ROW: Final = 2
"""Terms in a row in which an institution holds the same position of a body at most (charter, article 13)."""
FURTHER_TERM_EFFECT: Final = "further_term"
"""Effect of a motion that lets an institution hold a position for a term more."""


def _backwards(starts_at: datetime, ends_at: datetime | None) -> None:
    if ends_at is not None and ends_at <= starts_at:
        words = _("The end lies before the start.")
        raise InvalidInputError(words, code="period_backwards", fields={"ends_at": words})


def _day(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d}"


@transaction.atomic
def set_term(
    alliance: Alliance, group_kind: str, *, number: int, starts_at: datetime, ends_at: datetime, actor: User, at: datetime
) -> Term:
    """Set a term of office of a body; terms of one body do not overlap.

    Args:
        alliance: The tenant.
        group_kind: The body.
        number: Which term it is, from 1 on.
        starts_at: First moment.
        ends_at: Moment from which the next one may begin.
        actor: Needs ``groups.change_positions``.
        at: Now.

    Raises:
        InvalidInputError: Backwards, a number given already, or overlapping another term.
    """
    group = VirtualGroup.objects.of(alliance).select_for_update().get(kind=group_kind)
    require(actor, CHANGE_POSITIONS, group)
    _backwards(starts_at, ends_at)
    if Term.objects.of(alliance).filter(group=group, number=number).exists():
        words = _("Term %(number)s of this group is set already.") % {"number": number}
        raise InvalidInputError(words, code="term_exists", fields={"number": words})
    other = Term.objects.of(alliance).filter(group=group, starts_at__lt=ends_at, ends_at__gt=starts_at).first()
    if other is not None:
        words = _("Term %(number)s covers a part of this period (%(start)s to %(end)s).") % {
            "number": other.number,
            "start": _day(other.starts_at),
            "end": _day(other.ends_at),
        }
        raise InvalidInputError(words, code="term_overlaps", fields={"starts_at": words})
    term = Term.objects.create(alliance=alliance, group=group, number=number, starts_at=starts_at, ends_at=ends_at)
    record_audit(
        term,
        actor=actor,
        verb="set_term",
        after={"group": group_kind, "number": number, "from": starts_at, "until": ends_at},
        at=at,
    )
    return term


@transaction.atomic
def fill_position(
    alliance: Alliance,
    group_kind: str,
    position: str,
    institution_code: str,
    *,
    holder: User | None = None,
    term_number: int | None = None,
    starts_at: datetime,
    ends_at: datetime | None = None,
    exception_motion: str = "",
    actor: User,
    at: datetime,
) -> Position:
    """Let a person of an institution hold an office of a body for a period; chair, secretary and treasurer one at a time.

    Args:
        alliance: The tenant.
        group_kind: The body.
        position: One of PositionKind.
        institution_code: An institution with a working seat there when the period begins.
        holder: Who holds it for the institution; must act for it. None: whoever represents it.
        term_number: The term it belongs to; without ``ends_at`` it ends with the term.
        starts_at: From when on.
        ends_at: Until before when; None: the end of the term, else open.
        exception_motion: Code of the committee's passed motion that allows a term beyond the two in a row; each motion
            allows it once.
        actor: Needs ``groups.change_positions``.
        at: Now.

    Raises:
        Institution.DoesNotExist: No such institution here.
        InvalidInputError: Unknown position or term, no working seat, not a person of the institution, held by somebody else,
            outside the term, or a third term in a row without such a motion.
    """
    group = VirtualGroup.objects.of(alliance).select_for_update().get(kind=group_kind)
    require(actor, CHANGE_POSITIONS, group)
    words: StrOrPromise
    if position not in PositionKind.values:
        words = _("Choose a position from the list.")
        raise InvalidInputError(words, code="position_unknown", fields={"position": words})
    institution = Institution.objects.of(alliance).get(code=institution_code)
    term = None
    if term_number is not None:
        term = Term.objects.of(alliance).filter(group=group, number=term_number).first()
        if term is None:
            words = _("This group has no term %(number)s.") % {"number": term_number}
            raise InvalidInputError(words, code="term_unknown", fields={"term": words})
        ends_at = ends_at or term.ends_at
        if starts_at < term.starts_at or ends_at > term.ends_at:
            words = _("Term %(number)s runs from %(start)s to %(end)s; the period lies outside it.") % {
                "number": term.number,
                "start": _day(term.starts_at),
                "end": _day(term.ends_at),
            }
            raise InvalidInputError(words, code="outside_term", fields={"starts_at": words})
    _backwards(starts_at, ends_at)
    seat = (
        GroupMembership.objects.of(alliance)
        .at(starts_at)
        .filter(group=group, institution=institution)
        .exclude(role=SeatRole.OBSERVER)
        .first()
    )
    if seat is None:
        words = _("%(institution)s has no working seat in this group when the period begins.") % {
            "institution": institution.name
        }
        raise InvalidInputError(words, code="no_seat", remedy=_("Give it a seat first."), fields={"institution": words})
    if seat.ends_at is not None and (ends_at is None or ends_at > seat.ends_at):
        ends_at = seat.ends_at
    if holder is not None:
        _require_person(alliance, institution, holder, starts_at)
    _refuse_second_holder(alliance, group, position, starts_at, ends_at)
    motion = None
    if is_further_term(group, position, institution, starts_at, ends_at):
        motion = _allowed_by(group, position, institution, exception_motion.strip())
    row = Position(
        alliance=alliance,
        group=group,
        kind=position,
        institution=institution,
        user=holder,
        term=term,
        exception_motion=motion,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if "position_held_by_one" in str(error):
            _refuse_second_holder(alliance, group, position, starts_at, ends_at)
        raise
    record_audit(
        row,
        actor=actor,
        verb="fill_position",
        after={
            "group": group_kind,
            "position": position,
            "institution": institution.code,
            "holder": holder.uuid if holder else None,
            "from": starts_at,
            "until": ends_at,
            **({"resolution": motion.code} if motion is not None else {}),
        },
        at=at,
    )
    emit(alliance, POSITION_FILLED, {"group": group_kind, "position": position, "institution": institution.code})
    return row


def is_further_term(
    group: VirtualGroup, position: str, institution: Institution, starts_at: datetime, ends_at: datetime | None
) -> bool:
    """Whether an institution would hold a position in more terms in a row than the charter allows; two queries.

    A term counts when the position was held in any part of it, whether or not the entry names the term.
    """
    terms = list(Term.objects.of(group.alliance).filter(group=group).order_by("starts_at"))
    if len(terms) <= TERMS_IN_A_ROW:
        return False
    held = list(
        Position.objects.of(group.alliance)
        .filter(group=group, kind=position, institution=institution)
        .values_list("starts_at", "ends_at")
    )

    def touches(term: Term, start: datetime, end: datetime | None) -> bool:
        return start < term.ends_at and (end is None or end > term.starts_at)

    row: list[bool] = []  # the present row of terms held: True for those of the new period
    for term in terms:
        new = touches(term, starts_at, ends_at)
        row = [*row, new] if new or any(touches(term, *period) for period in held) else []
        if len(row) > TERMS_IN_A_ROW and any(row):
            return True
    return False


def _allowed_by(group: VirtualGroup, position: str, institution: Institution, code: str) -> Motion:
    """The committee's passed motion that allows a further term; each allows one.

    Raises:
        InvalidInputError: None was named, or none of that code allows it.
    """
    words: StrOrPromise
    if not code:
        words = _(
            "%(institution)s has held this position for two terms in a row; the charter (article 13) allows no further one."
        ) % {"institution": institution.name}
    else:
        motion = (
            Motion.objects.of(group.alliance)
            .filter(
                code=code,
                group__kind=GroupKind.COMMITTEE,
                effect=FURTHER_TERM_EFFECT,
                state=MotionState.PASSED,
                effect_params__group=group.kind,
                effect_params__position=position,
                effect_params__institution=institution.code,
            )
            .first()
        )
        if motion is not None and not Position.objects.of(group.alliance).filter(exception_motion=motion).exists():
            return motion
        words = _("No passed motion %(code)s of the management committee allows %(institution)s a further term here.") % {
            "code": code,
            "institution": institution.name,
        }
    raise InvalidInputError(
        words,
        code="further_term",
        remedy=_(
            "Propose another institution, or put an exception to the committee and name its motion when it has passed."
        ),
        who=[_("the management committee, by resolution")],
        fields={"exception_motion": words},
    )


def _require_person(alliance: Alliance, institution: Institution, person: User, moment: datetime) -> None:
    if not InstitutionStaff.objects.of(alliance).at(moment).filter(institution=institution, user=person).exists():
        words = _("%(person)s does not act for %(institution)s at that time.") % {
            "person": person.get_full_name(),
            "institution": institution.name,
        }
        raise InvalidInputError(
            words,
            code="not_its_person",
            remedy=_("The institution's representative adds people under “People”."),
            fields={"person": words},
        )


def _refuse_second_holder(
    alliance: Alliance, group: VirtualGroup, position: str, starts_at: datetime, ends_at: datetime | None
) -> None:
    if position not in SINGLE_POSITIONS:
        return
    held = Position.objects.of(alliance).filter(group=group, kind=position).after(starts_at).select_related("institution")
    if ends_at is not None:
        held = held.filter(starts_at__lt=ends_at)
    other = held.order_by("starts_at").first()
    if other is not None:
        words = _("%(institution)s holds this position in that period (since %(start)s).") % {
            "institution": other.institution.name,
            "start": _day(other.starts_at),
        }
        raise InvalidInputError(
            words,
            code="position_held",
            remedy=_("End that period first, or begin later."),
            fields={"position": words},
        )


@transaction.atomic
def end_position(
    alliance: Alliance, position_id: int, *, actor: User, at: datetime, ends_at: datetime | None = None
) -> Position:
    """Let a position end, now or later; it stays in the history.

    Raises:
        Position.DoesNotExist: No such position here.
        InvalidInputError: It has ended, or the end lies before its start or now.
    """
    row: Position = (
        Position.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("group", "institution")
        .get(pk=position_id)
    )
    require(actor, CHANGE_POSITIONS, row)
    end = ends_at or at
    if end < at or end <= row.starts_at or (row.ends_at is not None and row.ends_at <= at):
        words = _("Give an end that is not in the past.")
        raise InvalidInputError(words, code="period_backwards", fields={"ends_at": words})
    before = row.ends_at
    row.ends_at = end
    row.save(update_fields=["ends_at"])
    record_audit(
        row,
        actor=actor,
        verb="end_position",
        before={"until": before},
        after={"group": row.group.kind, "position": row.kind, "institution": row.institution.code, "until": end},
        at=at,
    )
    return row


def hand_over_position(position: Position, to: Institution | None, *, actor: User, at: datetime) -> None:
    """Settle a position within an institution's exit: end it, and give it to another institution where one is named.

    Raises:
        PermissionRefusedError: The actor may not change positions; nothing is dropped then.
        InvalidInputError: The other institution has no working seat in the body.
    """
    row = (
        Position.objects.of(position.alliance)
        .select_for_update(of=("self",))
        .select_related("group", "term")
        .get(pk=position.pk)
    )
    require(actor, CHANGE_POSITIONS, row)
    if row.ends_at is not None and row.ends_at <= at:
        return
    until, number = row.ends_at, row.term.number if row.term is not None else None
    if row.starts_at >= at:
        row.delete()
    else:
        end_position(row.alliance, row.pk, actor=actor, at=at)
    if to is not None:
        fill_position(
            row.alliance,
            row.group.kind,
            row.kind,
            to.code,
            term_number=number,
            starts_at=max(at, row.starts_at),
            ends_at=until,
            actor=actor,
            at=at,
        )


# ------------------------------------------------------------------------------------------------------------ alternates


@transaction.atomic
def name_alternate(
    alliance: Alliance,
    group_kind: str,
    institution_code: str,
    person: User,
    *,
    starts_at: datetime,
    ends_at: datetime | None = None,
    actor: User,
    at: datetime,
) -> SeatAlternate:
    """Name who stands in for the representative in one seat: the alternate has the seat's rights for the period.

    Args:
        alliance: The tenant.
        group_kind: The group.
        institution_code: The institution that holds the seat when the period begins.
        person: A person who acts for the institution.
        starts_at: From when on, to the minute.
        ends_at: Until before when; None: as long as the seat.
        actor: Needs ``groups.name_alternate``: the institution's representative, or the office.
        at: Now.

    Raises:
        Institution.DoesNotExist: No such institution here.
        InvalidInputError: No seat then, not a person of the institution, backwards, or named for that time already.
    """
    institution = Institution.objects.of(alliance).select_for_update(no_key=True).get(code=institution_code)
    seat = (
        GroupMembership.objects.of(alliance)
        .at(starts_at)
        .select_related("group", "institution")
        .filter(group__kind=group_kind, institution=institution)
        .first()
    )
    words: StrOrPromise
    if seat is None:
        require(actor, NAME_ALTERNATE, GroupMembership(alliance=alliance, institution=institution))
        words = _("%(institution)s has no seat in this group when the period begins.") % {"institution": institution.name}
        raise InvalidInputError(words, code="no_seat", fields={"starts_at": words})
    require(actor, NAME_ALTERNATE, seat)
    _backwards(starts_at, ends_at)
    if ends_at is not None and ends_at <= at:
        words = _("Give an end that is not in the past.")
        raise InvalidInputError(words, code="period_backwards", fields={"ends_at": words})
    if seat.ends_at is not None and (ends_at is None or ends_at > seat.ends_at):
        ends_at = seat.ends_at
    _require_person(alliance, institution, person, starts_at)
    row = SeatAlternate(alliance=alliance, membership=seat, user=person, starts_at=starts_at, ends_at=ends_at)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if "seat_alternate_periods_apart" not in str(error):
            raise
        words = _("%(person)s is named as alternate for a part of that time already.") % {"person": person.get_full_name()}
        raise InvalidInputError(words, code="alternate_named", fields={"person": words}) from None
    record_audit(
        row,
        actor=actor,
        verb="name_alternate",
        after={
            "group": group_kind,
            "institution": institution.code,
            "person": person.uuid,
            "from": starts_at,
            "until": ends_at,
        },
        at=at,
    )
    notify(
        alliance,
        [person],
        NAMED_ALTERNATE,
        f"named_alternate:{row.pk}",
        params={
            "group": seat.group.kind,
            **group_names(seat.group.kind),
            "institution_en": institution.name_en,
            "institution_zh": institution.name_zh,
            "from": _day(starts_at),
        },
        at=at,
        url_name="portal_seat_list",
    )
    return row


@transaction.atomic
def end_alternate(alliance: Alliance, alternate_id: int, *, actor: User, at: datetime) -> SeatAlternate:
    """End an alternate's standing in now; one that has not begun is removed.

    Raises:
        SeatAlternate.DoesNotExist: No such alternate here.
        InvalidInputError: It has ended.
    """
    row: SeatAlternate = (
        SeatAlternate.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("membership__institution", "membership__group", "user")
        .get(pk=alternate_id)
    )
    require(actor, NAME_ALTERNATE, row.membership)
    if row.ends_at is not None and row.ends_at <= at:
        raise InvalidInputError(_("This has ended already."), code="alternate_ended")
    record_audit(
        row,
        actor=actor,
        verb="end_alternate",
        before={"until": row.ends_at},
        after={"group": row.membership.group.kind, "institution": row.membership.institution.code, "until": at},
        at=at,
    )
    if row.starts_at >= at:
        row.delete()
    else:
        row.ends_at = at
        row.save(update_fields=["ends_at"])
    return row


def group_names(kind: str) -> dict[str, str]:
    """The name of a body in both languages, as parameters of texts; an empty kind is the assembly."""
    from django.utils import translation  # noqa: PLC0415 - only here

    names = {}
    for key, language in (("body_en", "en"), ("body_zh", "zh-hans")):
        with translation.override(language):
            names[key] = str(GroupKind(kind).label) if kind else str(_("assembly of all members"))
    return names


NAMED_ALTERNATE = "groups.named_alternate"
texts.register(
    NAMED_ALTERNATE,
    Text(
        title=_("You stand in for %(institution)s in the %(body)s from %(from)s"),
        body=_("You have the rights of the seat as long as you are named."),
        verb=_("Open"),
        icon="user-plus",
    ),
)
