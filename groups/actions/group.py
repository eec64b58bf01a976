"""Establishes the six groups; gives, changes and ends seats in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel import faults, jobs, tenancy
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from groups.choices import ELIGIBLE_KINDS, OPEN_GROUPS, GroupKind, MotionState, SeatRole
from groups.models import GroupMembership, Motion, Position, SeatAlternate, VirtualGroup
from groups.permissions import CHANGE_SEATS, ESTABLISH_GROUPS
from groups.signals import MEMBERSHIP_ENDED, MEMBERSHIP_STARTED
from members.choices import KIND_ELEMENTS, InstitutionState, Scale
from members.models import Institution

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.kernel.jobs import Progress
    from alliance.models import Alliance, Job, User

JOIN_JOB = "groups.join_eligible"
EXCEPTION_EFFECT = "group_exception"
"""Effect of the committee's motions that allow a seat to a kind not foreseen for the group (charter, article 14)."""


@transaction.atomic
def establish_groups(alliance: Alliance, *, actor: User | None, at: datetime) -> list[VirtualGroup]:
    """Make the groups that the alliance does not have yet; a second call makes none.

    Args:
        alliance: The tenant.
        actor: Needs ``groups.establish_groups``; None for the system itself (a new alliance, an import).
        at: Now.

    Returns:
        The groups that were made.
    """
    if actor is not None:
        require(actor, ESTABLISH_GROUPS, alliance)
    there = set(VirtualGroup.objects.of(alliance).values_list("kind", flat=True))
    made = []
    for kind in GroupKind.values:
        if kind in there:
            continue
        group, created = VirtualGroup.objects.get_or_create(alliance=alliance, kind=kind)
        if created:
            record_audit(group, actor=actor, verb="establish_group", after={"kind": kind}, at=at)
            made.append(group)
    return made


def is_eligible(group_kind: str, institution_kind: str) -> bool:
    """Whether institutions of a kind may sit in a group without a resolution (Zheng2018, section 4)."""
    return institution_kind in ELIGIBLE_KINDS[group_kind]


def _refuse_overlap(institution: Institution, group: VirtualGroup, other: GroupMembership | None = None) -> None:
    since = f" ({timezone.localtime(other.starts_at):%Y-%m-%d})" if other is not None else ""
    words = _("%(institution)s has a seat in this group in that period already%(since)s.") % {
        "institution": institution.name,
        "since": since,
    }
    raise InvalidInputError(
        words,
        code="seat_overlaps",
        remedy=_("Let the other seat end first, or change its role."),
        fields={"institution": words},
    )


@transaction.atomic
def join_group(
    alliance: Alliance,
    group_kind: str,
    institution_code: str,
    *,
    role: str,
    starts_at: datetime,
    ends_at: datetime | None = None,
    exception_motion: str = "",
    exception_resolution: str = "",
    imported: bool = False,
    actor: User,
    at: datetime,
) -> GroupMembership:
    """Give an institution a seat in a group for a period.

    Source: Zheng2018, section 4: who may sit where follows from the institution's kind; an exception needs a decision of the
    management committee (charter, article 14), here a passed motion with the effect ``group_exception`` for this group and
    institution. The number of a resolution taken elsewhere is kept with imported history only.

    Args:
        alliance: The tenant.
        group_kind: The group.
        institution_code: The institution; active.
        role: convenor, member or observer.
        starts_at: From when on; timezone-aware.
        ends_at: Until before when; None: open.
        exception_motion: Code of the passed motion that allows an exception.
        exception_resolution: Number of a resolution; with ``imported`` only.
        imported: The seat comes from earlier records.
        actor: Needs ``groups.change_seats``.
        at: Now.

    Raises:
        VirtualGroup.DoesNotExist: The group is not established.
        Institution.DoesNotExist: The alliance has no institution of that code.
        InvalidInputError: Kind not eligible and no such motion passed, not active, period backwards, or overlapping with
            another seat in the group.
    """
    group = VirtualGroup.objects.of(alliance).get(kind=group_kind)
    require(actor, CHANGE_SEATS, group)
    institution = Institution.objects.of(alliance).select_for_update().get(code=institution_code)
    motion = None
    if exception_motion.strip():
        motion = _passed_exception(alliance, exception_motion.strip(), group, institution)
    elif exception_resolution.strip() and not imported:
        words = _("Name the committee's motion that allows it; a number alone stands for earlier records only.")
        raise InvalidInputError(words, code="exception_needs_motion", fields={"exception_motion": words})
    return give_seat(
        alliance,
        group,
        institution,
        role=role,
        starts_at=starts_at,
        ends_at=ends_at,
        motion=motion,
        resolution=exception_resolution.strip(),
        actor=actor,
        at=at,
    )


def give_seat(
    alliance: Alliance,
    group: VirtualGroup,
    institution: Institution,
    *,
    role: str,
    starts_at: datetime,
    ends_at: datetime | None = None,
    motion: Motion | None = None,
    resolution: str = "",
    actor: User | None,
    at: datetime,
) -> GroupMembership:
    """Give a seat without asking who acts: for actions that have asked, and for what a decided motion does by itself.

    The caller has locked the institution.

    Raises:
        InvalidInputError: As :func:`join_group`.
    """
    _check_seat(group, institution, role, starts_at, ends_at, is_exception_allowed=motion is not None or bool(resolution))
    overlapping = (
        GroupMembership.objects.of(alliance)
        .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=starts_at), group=group, institution=institution)
        .order_by("starts_at")
    )
    if ends_at is not None:
        overlapping = overlapping.filter(starts_at__lt=ends_at)
    if (other := overlapping.first()) is not None:
        _refuse_overlap(institution, group, other)
    seat = _take_seat(
        GroupMembership(
            alliance=alliance,
            group=group,
            institution=institution,
            role=role,
            starts_at=starts_at,
            ends_at=ends_at,
            exception_motion=motion,
            exception_resolution=resolution,
        )
    )
    record_audit(
        institution,
        actor=actor,
        verb="join_group",
        after={
            "group": group.kind,
            "role": role,
            "from": starts_at,
            "until": ends_at,
            "resolution": motion.code if motion is not None else None,
        },
        personal={"resolution": resolution} if resolution and motion is None else None,
        at=at,
    )
    emit(alliance, MEMBERSHIP_STARTED, {"group": group.kind, "institution": institution.code, "role": role})
    return seat


def _passed_exception(alliance: Alliance, code: str, group: VirtualGroup, institution: Institution) -> Motion:
    """The committee's passed motion that allows this institution a seat in this group.

    Raises:
        InvalidInputError: There is none of that code.
    """
    motion = (
        Motion.objects.of(alliance)
        .filter(
            code=code,
            group__kind=GroupKind.COMMITTEE,
            effect=EXCEPTION_EFFECT,
            state=MotionState.PASSED,
            effect_params__group=group.kind,
            effect_params__institution=institution.code,
        )
        .first()
    )
    if motion is None:
        words = _("No passed motion %(code)s of the management committee allows %(institution)s a seat in this group.") % {
            "code": code,
            "institution": institution.name,
        }
        raise InvalidInputError(
            words,
            code="exception_not_decided",
            remedy=_("Put a motion for the exception to the committee; when it passes, the seat is given by itself."),
            who=[_("the management committee, by resolution")],
            fields={"exception_motion": words},
        )
    return motion


def _check_seat(
    group: VirtualGroup,
    institution: Institution,
    role: str,
    starts_at: datetime,
    ends_at: datetime | None,
    *,
    is_exception_allowed: bool,
) -> None:
    words: StrOrPromise
    if role not in SeatRole.values:
        words = _("Choose convenor, member or observer.")
        raise InvalidInputError(words, code="role_unknown", fields={"role": words})
    if institution.state != InstitutionState.ACTIVE:
        words = _("%(institution)s is not an active member (%(state)s).") % {
            "institution": institution.name,
            "state": institution.get_state_display(),
        }
        raise InvalidInputError(words, code="institution_not_active", fields={"institution": words})
    if ends_at is not None and ends_at <= starts_at:
        words = _("The end lies before the start.")
        raise InvalidInputError(words, code="period_backwards", fields={"ends_at": words})
    if not is_eligible(group.kind, institution.kind) and not is_exception_allowed:
        words = _("%(kind)s may not sit in the %(group)s.") % {
            "kind": institution.get_kind_display(),
            "group": group.get_kind_display(),
        }
        raise InvalidInputError(
            words,
            code="kind_not_eligible",
            remedy=_("The management committee can allow an exception by a motion; name its code."),
            who=[_("the management committee, by resolution")],
            fields={"exception_motion": words},
        )


def _take_seat(seat: GroupMembership) -> GroupMembership:
    """Save a seat; the database refuses an overlap that two requests make at once."""
    try:
        with transaction.atomic():
            seat.save(force_insert=True)
    except IntegrityError as error:
        if "group_membership_periods_apart" in str(error):
            _refuse_overlap(seat.institution, seat.group)
        raise
    return seat


def _current_seat(alliance: Alliance, group_kind: str, institution_code: str, at: datetime) -> GroupMembership:
    """The seat held now, locked together with its institution.

    Raises:
        InvalidInputError: There is none.
    """
    institution = Institution.objects.of(alliance).select_for_update().get(code=institution_code)
    seat = (
        GroupMembership.objects.of(alliance)
        .at(at)
        .select_for_update(of=("self",))
        .select_related("group", "institution")
        .filter(group__kind=group_kind, institution=institution)
        .first()
    )
    if seat is None:
        words = _("%(institution)s has no seat in this group now.") % {"institution": institution.name}
        raise InvalidInputError(words, code="no_seat", fields={"institution": words})
    return seat


@transaction.atomic
def leave_group(
    alliance: Alliance, group_kind: str, institution_code: str, *, actor: User, at: datetime, ends_at: datetime | None = None
) -> GroupMembership:
    """Let an institution's present seat in a group end; the seat stays in the history.

    Args:
        alliance: The tenant.
        group_kind: The group.
        institution_code: The institution.
        actor: Needs ``groups.change_seats``.
        at: Now.
        ends_at: When it ends; now when None.

    Raises:
        InvalidInputError: The institution has no seat there now, or the end lies in the past.
    """
    seat = _current_seat(alliance, group_kind, institution_code, at)
    require(actor, CHANGE_SEATS, seat)
    end = ends_at or at
    if end < at or end <= seat.starts_at:
        words = _("Give an end that is not in the past.")
        raise InvalidInputError(words, code="period_backwards", fields={"ends_at": words})
    following = (
        GroupMembership.objects.of(alliance)
        .filter(group=seat.group, institution=seat.institution, starts_at__gt=seat.starts_at, starts_at__lt=end)
        .exists()
    )
    if following:
        _refuse_overlap(seat.institution, seat.group)
    before = seat.ends_at
    seat.ends_at = end
    seat.save(update_fields=["ends_at"])
    _end_with_seat(seat, end)
    record_audit(
        seat.institution,
        actor=actor,
        verb="leave_group",
        before={"group": group_kind, "until": before},
        after={"group": group_kind, "until": end},
        at=at,
    )
    emit(alliance, MEMBERSHIP_ENDED, {"group": group_kind, "institution": institution_code}, at=end if end > at else None)
    return seat


@transaction.atomic
def change_role(
    alliance: Alliance, group_kind: str, institution_code: str, *, role: str, actor: User, at: datetime
) -> GroupMembership:
    """Give the present seat another role from now on: the old period ends, a new one begins, both stay on record.

    Raises:
        InvalidInputError: No seat now, no such role, the same role, or the seat began this very moment.
    """
    seat = _current_seat(alliance, group_kind, institution_code, at)
    require(actor, CHANGE_SEATS, seat)
    if role not in SeatRole.values or role == seat.role:
        words = _("Choose another role than the present one.")
        raise InvalidInputError(words, code="role_unknown", fields={"role": words})
    if seat.starts_at >= at:
        raise InvalidInputError(_("This seat has only just begun; try again in a minute."), code="period_backwards")
    before, ends_at = seat.role, seat.ends_at
    seat.ends_at = at
    seat.save(update_fields=["ends_at"])
    following = _take_seat(
        GroupMembership(
            alliance=alliance,
            group=seat.group,
            institution=seat.institution,
            role=role,
            starts_at=at,
            ends_at=ends_at,
            exception_motion=seat.exception_motion,
            exception_resolution=seat.exception_resolution,
        )
    )
    _move_alternates(seat, following, at)
    if role == SeatRole.OBSERVER:
        _end_positions(seat, at)
    record_audit(
        seat.institution,
        actor=actor,
        verb="change_seat_role",
        before={"group": group_kind, "role": before},
        after={"group": group_kind, "role": role},
        at=at,
    )
    emit(alliance, MEMBERSHIP_STARTED, {"group": group_kind, "institution": institution_code, "role": role})
    return following


def _end_with_seat(seat: GroupMembership, end: datetime) -> None:
    """What hangs on a seat ends with it: its alternates, and the positions the institution holds in the group."""
    alternates = SeatAlternate.objects.of(seat.alliance).filter(membership=seat).after(end)
    alternates.filter(starts_at__gte=end).delete()
    alternates.update(ends_at=end)
    _end_positions(seat, end)


def _end_positions(seat: GroupMembership, end: datetime) -> None:
    positions = (
        Position.objects.of(seat.alliance).filter(group_id=seat.group_id, institution_id=seat.institution_id).after(end)
    )
    positions.filter(starts_at__gte=end).delete()
    positions.update(ends_at=end)


def _move_alternates(seat: GroupMembership, following: GroupMembership, at: datetime) -> None:
    """Alternates go over to the seat's next period; the old rows stay as history."""
    alternates = SeatAlternate.objects.of(seat.alliance).filter(membership=seat).after(at)
    for alternate in alternates.select_for_update(of=("self",)):
        if alternate.starts_at >= at:
            alternate.membership = following
            alternate.save(update_fields=["membership"])
            continue
        SeatAlternate.objects.create(
            alliance=seat.alliance, membership=following, user=alternate.user, starts_at=at, ends_at=alternate.ends_at
        )
        alternate.ends_at = at
        alternate.save(update_fields=["ends_at"])


def hand_over_seat(
    alliance: Alliance, group_kind: str, institution_code: str, to: Institution | None, *, actor: User, at: datetime
) -> None:
    """Settle a seat within an institution's exit: end it, and give it to another institution where one is named.

    Seats that are still to come are dropped: they were never held.

    Raises:
        PermissionRefusedError: The actor may not change seats; nothing is dropped then.
        InvalidInputError: The other institution may not sit there, or sits there already.
    """
    require(actor, CHANGE_SEATS, VirtualGroup.objects.of(alliance).get(kind=group_kind))
    coming = GroupMembership.objects.of(alliance).filter(
        group__kind=group_kind, institution__code=institution_code, starts_at__gt=at
    )
    coming.delete()
    seat = (
        GroupMembership.objects.of(alliance)
        .at(at)
        .select_related("group")
        .filter(group__kind=group_kind, institution__code=institution_code)
        .first()
    )
    if seat is None:
        return
    role, until, group = seat.role, seat.ends_at, seat.group
    leave_group(alliance, group_kind, institution_code, actor=actor, at=at)
    if to is not None:
        give_seat(alliance, group, to, role=role, starts_at=at, ends_at=until, actor=actor, at=at)


@transaction.atomic
def change_composition(
    alliance: Alliance,
    group_kind: str,
    *,
    size_rule: int | None,
    enterprise_limit: int | None,
    rule_source: str,
    actor: User,
    at: datetime,
) -> VirtualGroup:
    """State how a group shall be composed; its page warns where it is not. Empty values: as the shipped charter says.

    Args:
        alliance: The tenant.
        group_kind: The group.
        size_rule: Institutions that shall sit in it.
        enterprise_limit: Leading enterprises among them at most.
        rule_source: Where the rule stands.
        actor: Needs ``groups.change_seats``.
        at: Now.

    Raises:
        InvalidInputError: A number without its source, or more enterprises than members.
    """
    group = VirtualGroup.objects.of(alliance).select_for_update().get(kind=group_kind)
    require(actor, CHANGE_SEATS, group)
    if (size_rule is not None or enterprise_limit is not None) and not rule_source.strip():
        words = _("Say where the rule stands, such as the article of the charter.")
        raise InvalidInputError(words, code="rule_without_source", fields={"rule_source": words})
    if size_rule is not None and enterprise_limit is not None and enterprise_limit > size_rule:
        words = _("There cannot be more leading enterprises than members.")
        raise InvalidInputError(words, code="rule_contradicts", fields={"enterprise_limit": words})
    before = {"size": group.size_rule, "enterprises": group.enterprise_limit}
    source = group.rule_source
    group.size_rule, group.enterprise_limit = size_rule, enterprise_limit
    group.rule_source = rule_source.strip()
    group.save(update_fields=["size_rule", "enterprise_limit", "rule_source"])
    record_audit(
        group,
        actor=actor,
        verb="change_composition",
        before=before,
        after={"size": size_rule, "enterprises": enterprise_limit},
        personal={path: text for path, text in (("before.source", source), ("after.source", group.rule_source)) if text}
        or None,
        at=at,
    )
    return group


# ----------------------------------------------------------------------------------------------------- all that may join

_JOIN = """
WITH seated AS (
INSERT INTO groups_groupmembership (alliance_id, group_id, institution_id, role, starts_at, ends_at, exception_resolution)
SELECT i.alliance_id, %(group)s, i.id, 'member', %(at)s, NULL, ''
  FROM members_institution i
 WHERE i.alliance_id = %(alliance)s AND i.state = 'active' AND i.kind = ANY(%(kinds)s)
   AND NOT EXISTS (SELECT 1 FROM groups_groupmembership m
                    WHERE m.alliance_id = i.alliance_id AND m.institution_id = i.id AND m.group_id = %(group)s
                      AND (m.ends_at IS NULL OR m.ends_at > %(at)s))
 ORDER BY i.id
ON CONFLICT ON CONSTRAINT group_membership_periods_apart DO NOTHING RETURNING 1)
SELECT count(*) FROM seated
"""
_NOTE_ELEMENTS = """
INSERT INTO members_elementsupply
       (alliance_id, institution_id, element, scale, strength, evidence_en, evidence_zh, valid_from, valid_to)
SELECT i.alliance_id, i.id, e.element, %(scale)s, NULL, '', '', %(day)s, NULL
  FROM members_institution i JOIN unnest(%(kinds)s, %(elements)s) AS e(kind, element) ON e.kind = i.kind
 WHERE i.alliance_id = %(alliance)s AND i.state = 'active'
   AND EXISTS (SELECT 1 FROM groups_groupmembership m
                WHERE m.alliance_id = i.alliance_id AND m.institution_id = i.id AND m.group_id = %(group)s
                  AND m.starts_at <= %(at)s AND (m.ends_at IS NULL OR m.ends_at > %(at)s))
   AND NOT EXISTS (SELECT 1 FROM members_elementsupply s
                    WHERE s.alliance_id = i.alliance_id AND s.institution_id = i.id AND s.element = e.element)
ON CONFLICT DO NOTHING
"""


@transaction.atomic
def start_join_eligible(
    alliance: Alliance, kinds: list[str], *, note_elements: bool = False, actor: User, at: datetime
) -> Job:
    """Let every active institution that may join some groups without a resolution take a seat there, as a job.

    Args:
        alliance: The tenant.
        kinds: Groups; only those whose members follow from the kind of institution.
        note_elements: Whether to note what each kind usually brings, as not assessed, where nothing is noted yet.
        actor: Needs ``groups.change_seats``.
        at: Now.

    Raises:
        InvalidInputError: No group, or one that is composed by hand (foundation, management committee).
    """
    require(actor, CHANGE_SEATS, alliance)
    chosen = [kind for kind in GroupKind.values if kind in set(kinds)]
    if not chosen or set(kinds) - set(OPEN_GROUPS):
        words = _("Choose at least one of the four groups whose members follow from the kind of institution.")
        raise InvalidInputError(words, code="groups_unfit", fields={"groups": words})
    establish_groups(alliance, actor=actor, at=at)
    return jobs.start(alliance, JOIN_JOB, actor=actor, params={"groups": chosen, "note_elements": note_elements})


def join_eligible(
    alliance: Alliance, group_kind: str, *, note_elements: bool, actor: User | None, at: datetime
) -> tuple[int, int]:
    """Seat every eligible active institution without a seat in a group; one transaction, safe to run again.

    Returns:
        Seats taken, elements noted.
    """
    with transaction.atomic():
        group = VirtualGroup.objects.of(alliance).select_for_update().get(kind=group_kind)
        values: dict[str, Any] = {"alliance": alliance.pk, "group": group.pk, "at": at}
        with connection.cursor() as cursor:
            cursor.execute(_JOIN, {**values, "kinds": sorted(ELIGIBLE_KINDS[group_kind])})
            seats = int(cursor.fetchone()[0])
            noted = 0
            if note_elements:
                pairs = [(kind, element) for kind, elements in KIND_ELEMENTS.items() for element in elements]
                cursor.execute(
                    _NOTE_ELEMENTS,
                    {
                        **values,
                        "scale": Scale.MESO.value,
                        "day": timezone.localtime(at).date(),
                        "kinds": [str(kind) for kind, _element in pairs],
                        "elements": [str(element) for _kind, element in pairs],
                    },
                )
                noted = cursor.rowcount
        if seats or noted:
            record_audit(group, actor=actor, verb="join_eligible", after={"seats": seats, "elements": noted}, at=at)
        if seats:
            emit(alliance, MEMBERSHIP_STARTED, {"group": group_kind, "institutions": seats})
    return seats, noted


def run_join_eligible(alliance: Alliance, job: Job, progress: Progress) -> dict[str, Any]:
    """The job: one transaction per group; a new run after a death or a stop adds only what is missing."""
    kinds: list[str] = job.params["groups"]
    seats = noted = 0
    for place, kind in enumerate(kinds):
        progress.step(kind, place, len(kinds))
        with tenancy.acting_in(alliance):
            more, elements = join_eligible(
                alliance, kind, note_elements=bool(job.params.get("note_elements")), actor=job.actor, at=timezone.now()
            )
        seats, noted = seats + more, noted + elements
        faults.point("groups.join.group")
    progress.step(kinds[-1], len(kinds), len(kinds))
    return {"seats": seats, "elements": noted}


jobs.kinds.register(
    JOIN_JOB,
    jobs.JobKind(
        JOIN_JOB,
        _("Institutions join their groups"),
        run_join_eligible,
        {kind: label for kind, label in GroupKind.choices},  # noqa: C416 - lazy labels stay lazy
        url_name="group_job",
    ),
)
