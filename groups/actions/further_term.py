"""A position held for a third term in a row: only by a passed motion of the management committee (charter, article 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import require
from groups.actions.motion import draft_motion
from groups.actions.position import FURTHER_TERM_EFFECT, group_names
from groups.choices import GroupKind, MotionState, PositionKind
from groups.models import Motion, VirtualGroup
from groups.permissions import CHANGE_POSITIONS
from groups.selectors.motion_effects import Effect, effects
from members.choices import InstitutionState
from members.models import Institution

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User


@transaction.atomic
def put_further_term(
    alliance: Alliance,
    group_kind: str,
    position: str,
    institution_code: str,
    *,
    reason: str,
    actor: User,
    at: datetime,
) -> Motion:
    """Put a motion to the management committee that lets an institution hold a position for one more term.

    Args:
        alliance: The tenant.
        group_kind: The body.
        position: One of PositionKind.
        institution_code: The institution; active.
        reason: Why; becomes the text of the motion.
        actor: Needs ``groups.change_positions`` and what putting a motion needs.
        at: Now.

    Returns:
        The motion, a draft: open it on its own page; when it has passed, name it where the position is filled.

    Raises:
        Institution.DoesNotExist: No such institution here.
        InvalidInputError: Unknown position, not active, no reason, or such a motion is under way.
    """
    group = VirtualGroup.objects.of(alliance).select_for_update().get(kind=group_kind)
    require(actor, CHANGE_POSITIONS, group)
    institution = Institution.objects.of(alliance).get(code=institution_code)
    words: StrOrPromise
    if position not in PositionKind.values:
        words = _("Choose a position from the list.")
        raise InvalidInputError(words, code="position_unknown", fields={"position": words})
    if not reason.strip():
        words = _("Say why the committee should allow it.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    if missing := _missing_for(institution):
        raise InvalidInputError(missing[0], code="institution_not_active", fields={"institution": missing[0]})
    params = {"group": group_kind, "position": position, "institution": institution.code}
    under_way = Motion.objects.of(alliance).filter(
        effect=FURTHER_TERM_EFFECT, effect_params=params, state__in=[MotionState.DRAFT, MotionState.OPEN]
    )
    if (other := under_way.first()) is not None:
        words = _("Motion %(code)s asks for this already.") % {"code": other.code}
        raise InvalidInputError(words, code="further_term_asked", fields={"institution": words})
    names, titles = group_names(group_kind), {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            titles[language] = str(PositionKind(position).label)
    return draft_motion(
        alliance,
        group_kind=GroupKind.COMMITTEE,
        title_en=f"A further term of {institution.name_en or institution.name_zh} as {titles['en']}: {names['body_en']}",
        title_zh=f"{institution.name_zh or institution.name_en}续任{names['body_zh']}{titles['zh-hans']}",
        text_en=reason.strip(),
        effect=FURTHER_TERM_EFFECT,
        effect_params=params,
        matter=f"institution:{institution.code}",
        actor=actor,
        at=at,
    )


def _missing_for(institution: Institution) -> list[StrOrPromise]:
    if institution.state == InstitutionState.ACTIVE:
        return []
    return [
        _("%(institution)s is not an active member (%(state)s).")
        % {"institution": institution.name, "state": institution.get_state_display()}
    ]


def _missing(alliance: Alliance, motion: Motion) -> list[StrOrPromise]:
    """What stands in the way of opening the motion."""
    if motion.group is None or motion.group.kind != GroupKind.COMMITTEE:
        return [_("Only the management committee allows an exception.")]
    params = motion.effect_params
    group = VirtualGroup.objects.of(alliance).filter(kind=params.get("group", "")).first()
    institution = Institution.objects.of(alliance).filter(code=params.get("institution", "")).first()
    if group is None or institution is None or params.get("position") not in PositionKind.values:
        return [_("Name the group, the position and the institution.")]
    return _missing_for(institution)


def _apply(alliance: Alliance, motion: Motion, at: datetime) -> None:
    """Nothing by itself: the office names the motion where it fills the position, with person and period."""


effects.register(
    FURTHER_TERM_EFFECT,
    Effect(FURTHER_TERM_EFFECT, _("lets an institution hold a position for a further term"), _missing, _apply),
)
