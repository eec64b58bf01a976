"""A seat for a kind not foreseen for the group: only by a passed motion of the management committee (charter, article 14)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import require
from alliance.kernel.texts import Text, texts
from groups.actions.group import EXCEPTION_EFFECT, give_seat, is_eligible
from groups.actions.motion import draft_motion
from groups.actions.position import group_names
from groups.choices import GroupKind, MotionState, SeatRole
from groups.models import GroupMembership, VirtualGroup
from groups.permissions import CHANGE_SEATS
from groups.selectors.group import day_end
from groups.selectors.motion_effects import Effect, effects
from members.choices import InstitutionState
from members.models import Institution

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User
    from groups.models import Motion


@transaction.atomic
def put_exception(
    alliance: Alliance,
    group_kind: str,
    institution_code: str,
    *,
    role: str,
    ends_on: date | None,
    reason: str,
    actor: User,
    at: datetime,
) -> Motion:
    """Put a motion to the management committee that lets an institution of another kind sit in a group.

    Args:
        alliance: The tenant.
        group_kind: The group.
        institution_code: The institution; active, of a kind that may not sit there by itself, without a seat there.
        role: Role of the seat.
        ends_on: Last day of the seat; None: open.
        reason: Why; becomes the text of the motion.
        actor: Needs ``groups.change_seats`` and what putting a motion needs.
        at: Now.

    Returns:
        The motion, a draft: open it on its own page.

    Raises:
        Institution.DoesNotExist: No such institution here.
        InvalidInputError: Not active, eligible without an exception, seated already, no reason, or no committee.
    """
    group = VirtualGroup.objects.of(alliance).get(kind=group_kind)
    require(actor, CHANGE_SEATS, group)
    institution = Institution.objects.of(alliance).get(code=institution_code)
    words: StrOrPromise
    if is_eligible(group_kind, institution.kind):
        words = _("%(institution)s may sit in this group without an exception.") % {"institution": institution.name}
        raise InvalidInputError(words, code="exception_not_needed", fields={"institution": words})
    if not reason.strip():
        words = _("Say why the committee should allow it.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    if role not in SeatRole.values:
        words = _("Choose convenor, member or observer.")
        raise InvalidInputError(words, code="role_unknown", fields={"role": words})
    missing = _missing_for(alliance, group, institution)
    if missing:
        raise InvalidInputError(missing[0], code="exception_not_possible", fields={"institution": missing[0]})
    names = group_names(group_kind)
    return draft_motion(
        alliance,
        group_kind=GroupKind.COMMITTEE,
        title_en=f"Seat of {institution.name_en or institution.name_zh} in the {names['body_en']}",
        title_zh=f"{institution.name_zh or institution.name_en}参加{names['body_zh']}",
        text_en=reason.strip(),
        text_zh="",
        effect=EXCEPTION_EFFECT,
        effect_params={
            "group": group_kind,
            "institution": institution.code,
            "role": role,
            "ends_on": ends_on.isoformat() if ends_on else None,
        },
        matter=f"seat:{institution.code}:{group_kind}"[:80],
        actor=actor,
        at=at,
    )


def _missing_for(alliance: Alliance, group: VirtualGroup, institution: Institution) -> list[StrOrPromise]:
    if institution.state != InstitutionState.ACTIVE:
        return [
            _("%(institution)s is not an active member (%(state)s).")
            % {"institution": institution.name, "state": institution.get_state_display()}
        ]
    held = GroupMembership.objects.of(alliance).filter(group=group, institution=institution, ends_at__isnull=True)
    if held.exists():
        return [_("%(name)s has a seat there already.") % {"name": institution.name}]
    return []


def _missing(alliance: Alliance, motion: Motion) -> list[StrOrPromise]:
    """What stands in the way of opening the motion."""
    params = motion.effect_params
    if motion.group is None or motion.group.kind != GroupKind.COMMITTEE:
        return [_("Only the management committee allows an exception.")]
    group = VirtualGroup.objects.of(alliance).filter(kind=params.get("group", "")).first()
    institution = Institution.objects.of(alliance).filter(code=params.get("institution", "")).first()
    if group is None or institution is None:
        return [_("Name the group and the institution.")]
    return _missing_for(alliance, group, institution)


def _apply(alliance: Alliance, motion: Motion, at: datetime) -> None:
    """Passed: give the seat; where that is not possible any more, the secretariat is told."""
    if motion.state != MotionState.PASSED:
        return
    params = motion.effect_params
    group = VirtualGroup.objects.of(alliance).get(kind=params["group"])
    institution = Institution.objects.of(alliance).select_for_update().get(code=params["institution"])
    ends_on = params.get("ends_on")
    try:
        with transaction.atomic():
            give_seat(
                alliance,
                group,
                institution,
                role=params.get("role", SeatRole.MEMBER),
                starts_at=at,
                ends_at=day_end(date.fromisoformat(ends_on)) if ends_on else None,
                motion=motion,
                actor=None,
                at=at,
            )
    except InvalidInputError:
        inbox.ask(
            alliance,
            EXCEPTION_NOT_TAKEN,
            f"group-exception:{motion.code}",
            inbox.office(),
            params={
                **group_names(group.kind),
                "institution_en": institution.name_en,
                "institution_zh": institution.name_zh,
                "motion": motion.code,
            },
            url_name="group_detail",
            url_kwargs={"kind": group.kind},
            at=at,
        )


effects.register(
    EXCEPTION_EFFECT,
    Effect(EXCEPTION_EFFECT, _("lets an institution of another kind sit in a group"), _missing, _apply),
)
EXCEPTION_NOT_TAKEN = "groups.exception_not_taken"
texts.register(
    EXCEPTION_NOT_TAKEN,
    Text(
        title=_("The seat of %(institution)s in the %(body)s could not be given"),
        body=_("Motion %(motion)s allows it, but the institution is not active or sits there already."),
        verb=_("Open"),
        icon="armchair",
        can_dismiss=True,
    ),
)
