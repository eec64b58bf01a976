"""What the bodies decide about membership: admission, suspension, expulsion (charter, articles 6 and 10).

The management committee admits by two-thirds of those present and suspends; the assembly expels by two-thirds of all
members, in a secret ballot, after the member was heard in writing and in person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.texts import Text, texts
from groups.actions.motion import draft_motion, open_motion
from groups.choices import AbstentionRule, BallotForm, GroupKind, MotionState, Threshold, VoteBase
from groups.models import GroupMembership, Motion
from groups.selectors.motion_effects import Effect, effects
from groups.signals import MEMBERSHIP_ENDED
from members.actions.application import begin_vote, decide_application, note_no_decision, require_complete
from members.actions.institution import expel_by_decision, suspend_by_decision
from members.choices import ApplicationState, StandingNoteKind
from members.models import Application, Institution
from members.permissions import EXPEL_INSTITUTION, MOVE_INSTITUTION, SCREEN_APPLICATION
from members.selectors.exit import REMINDER_DAYS, kinds_of_hearing, what_precedes_suspension
from members.transitions import EXPEL, PUT_TO_VOTE, SUSPEND

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User
    from groups.models import Meeting

ADMISSION, SUSPENSION, EXPULSION = "admission", "suspension", "expulsion"
STANDING_EFFECTS = (SUSPENSION, EXPULSION)
WITHDRAW_VOTE = "groups.vote_without_object"
texts.register(
    WITHDRAW_VOTE,
    Text(
        title=gettext_lazy("The vote %(code)s has lost its object"),
        body=gettext_lazy("The applicant has withdrawn. Withdraw the vote, or let it close: it has no effect."),
        verb=gettext_lazy("Open the vote"),
        icon="gavel",
        mails=False,
        can_dismiss=True,
    ),
)


@transaction.atomic
def put_to_committee(
    alliance: Alliance,
    code: str,
    *,
    closes_at: datetime,
    meeting: Meeting | None = None,
    recommendation: str = "",
    actor: User,
    at: datetime,
) -> Motion:
    """Put a complete application to the management committee and open the vote.

    Args:
        alliance: The tenant.
        code: The application.
        closes_at: When the vote closes; by circulation not before the working days of the charter.
        meeting: The committee's meeting in which it is decided; None: by circulation.
        recommendation: The secretariat's, in words.
        actor: Needs ``members.screen_application`` and ``groups.run_motion``.
        at: Now.

    Raises:
        NotFoundError: No such application.
        InvalidInputError: The file is incomplete, or the vote cannot be opened so.
        TransitionRefusedError: It was not marked as complete.
    """
    application = Application.objects.of(alliance).select_for_update().filter(code=code).first()
    if application is None:
        raise NotFoundError
    require(actor, SCREEN_APPLICATION, application)
    if application.state == ApplicationState.VOTING and _is_without_decision(alliance, application.decision_reference):
        # The last vote was withdrawn or void, which leaves no outcome to follow: put it again.
        note_no_decision(alliance, code, decision_reference=application.decision_reference, at=at)
        application.refresh_from_db()
    PUT_TO_VOTE.check(application.state)
    require_complete(application)
    names = {"en": application.name_en or application.name_zh, "zh": application.name_zh or application.name_en}
    motion = draft_motion(
        alliance,
        group_kind=GroupKind.COMMITTEE,
        title_en=f"Admission of {names['en']} ({application.code})"[:300],
        title_zh=f"接纳{names['zh']}加入联盟（{application.code}）"[:300],
        text_en=recommendation.strip() or f"The committee admits {names['en']} as a member, once it accepts the charter.",
        text_zh=recommendation.strip() or f"接纳{names['zh']}为成员单位，自其签署章程之日起生效。",
        effect=ADMISSION,
        effect_params={"application": application.code},
        matter=application.matter,
        threshold=Threshold.TWO_THIRDS,
        base=VoteBase.PRESENT,
        abstention=AbstentionRule.COUNTS,
        ballot=BallotForm.OPEN,
        meeting=meeting,
        actor=actor,
        at=at,
    )
    open_motion(alliance, motion.code, closes_at=closes_at, actor=actor, at=at)
    begin_vote(alliance, code, decision_reference=motion.code, actor=actor, at=at)
    motion.refresh_from_db()
    return motion


def _is_without_decision(alliance: Alliance, motion_code: str) -> bool:
    states = {MotionState.WITHDRAWN, MotionState.VOID}
    return Motion.objects.of(alliance).filter(code=motion_code, state__in=states).exists()


@transaction.atomic
def draft_standing_motion(alliance: Alliance, code: str, effect: str, *, reason: str, actor: User, at: datetime) -> Motion:
    """Draft the motion to suspend a member (committee) or to expel it (assembly, secret); its vote is opened separately.

    Args:
        alliance: The tenant.
        code: The member.
        effect: ``suspension`` or ``expulsion``.
        reason: What it is charged with, in words; stands in the motion.
        actor: Needs the permission of the step, and ``groups.put_motion``.
        at: Now.

    Raises:
        InvalidInputError: No such decision, or no reason.
        TransitionRefusedError: Not possible in the member's present state.
        DomainError: Such a motion is under way.
    """
    institution = Institution.objects.of(alliance).select_for_update(no_key=True).filter(code=code).first()
    if institution is None:
        raise NotFoundError
    if effect not in STANDING_EFFECTS:
        raise InvalidInputError(_("There is no such step."), code="step_unknown")
    require(actor, EXPEL_INSTITUTION if effect == EXPULSION else MOVE_INSTITUTION, institution)
    (EXPEL if effect == EXPULSION else SUSPEND).check(institution.state)
    if not reason.strip():
        words = _("Say why, in one or two sentences; the institution reads it.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    under_way = Motion.objects.of(alliance).filter(
        effect=effect, effect_params__institution=code, state__in=[MotionState.DRAFT, MotionState.OPEN]
    )
    if (other := under_way.first()) is not None:
        raise DomainError(
            _("The motion %(code)s on this is under way already.") % {"code": other.code}, code="motion_under_way"
        )
    name_en, name_zh = institution.name_en or institution.name_zh, institution.name_zh or institution.name_en
    expels = effect == EXPULSION
    return draft_motion(
        alliance,
        group_kind=None if expels else GroupKind.COMMITTEE,
        title_en=(f"Expulsion of {name_en}" if expels else f"Suspension of {name_en}")[:300],
        title_zh=(f"除名：{name_zh}" if expels else f"暂停成员资格：{name_zh}")[:300],
        text_en=reason.strip(),
        text_zh=reason.strip(),
        effect=effect,
        effect_params={"institution": code, "reason": reason.strip()},
        matter=f"standing:{code}",
        threshold=Threshold.TWO_THIRDS if expels else Threshold.SIMPLE,
        base=VoteBase.ENTITLED if expels else VoteBase.PRESENT,
        abstention=AbstentionRule.COUNTS,
        ballot=BallotForm.SECRET if expels else BallotForm.OPEN,
        actor=actor,
        at=at,
    )


# --------------------------------------------------------------------------------------------------- the effects


def _application_of(motion: Motion) -> str:
    return str(motion.effect_params.get("application", ""))


def missing_for_admission(alliance: Alliance, motion: Motion) -> list[StrOrPromise]:
    """An incomplete file cannot be put to a vote."""
    application = Application.objects.of(alliance).filter(code=_application_of(motion)).first()
    if application is None:
        return [_("The application that this motion is about does not exist.")]
    if application.state not in {ApplicationState.COMPLETE, ApplicationState.VOTING}:
        return [_("The application was not marked as complete.")]
    try:
        require_complete(application)
    except InvalidInputError as refusal:
        return [refusal.reason]
    if motion.threshold != Threshold.TWO_THIRDS or motion.base != VoteBase.PRESENT:
        return [_("On admission the committee decides by two-thirds of those taking part.")]
    return []


def apply_admission(alliance: Alliance, motion: Motion, at: datetime) -> None:
    """Admit, refuse, or put back to the office where there was no quorum."""
    code = _application_of(motion)
    if motion.state == MotionState.LAPSED:
        note_no_decision(alliance, code, decision_reference=motion.code, at=at)
    else:
        decide_application(
            alliance,
            code,
            accepted=motion.state == MotionState.PASSED,
            decision_reference=motion.code,
            reason="",
            at=at,
        )


def _member_of(alliance: Alliance, motion: Motion) -> Institution | None:
    return Institution.objects.of(alliance).filter(code=str(motion.effect_params.get("institution", ""))).first()


def missing_for_suspension(alliance: Alliance, motion: Motion) -> list[StrOrPromise]:
    """The committee may suspend a member that has not put things right within thirty days of a written reminder."""
    institution = _member_of(alliance, motion)
    if institution is None or institution.state not in SUSPEND.sources:
        return [_("The member that this motion is about is not active.")]
    if not what_precedes_suspension(alliance, institution, timezone.localdate()):
        return [_("A written reminder of %(days)s days ago or more is not noted for this member.") % {"days": REMINDER_DAYS}]
    return []


def missing_for_expulsion(alliance: Alliance, motion: Motion) -> list[StrOrPromise]:
    """The member is heard in writing and in person first; two-thirds of all members, in a secret ballot."""
    institution = _member_of(alliance, motion)
    if institution is None or institution.state not in EXPEL.sources:
        return [_("The member that this motion is about is not a member any more.")]
    missing: list[StrOrPromise] = []
    heard = kinds_of_hearing(alliance, institution, timezone.localdate())
    if StandingNoteKind.HEARD_WRITTEN not in heard:
        missing.append(_("It is not noted that the member was heard in writing."))
    if StandingNoteKind.HEARD_PERSON not in heard:
        missing.append(_("It is not noted that the member was heard in person."))
    rule = (motion.group_id, motion.threshold, motion.base, motion.ballot)
    if rule != (None, Threshold.TWO_THIRDS, VoteBase.ENTITLED, BallotForm.SECRET):
        missing.append(_("On expulsion the assembly decides by two-thirds of all members, in a secret ballot."))
    return missing


def apply_suspension(alliance: Alliance, motion: Motion, at: datetime) -> None:
    """Suspend, where the motion was passed."""
    _apply(alliance, motion, suspend_by_decision, at)


def apply_expulsion(alliance: Alliance, motion: Motion, at: datetime) -> None:
    """Expel, where the motion was passed."""
    _apply(alliance, motion, expel_by_decision, at)


def _apply(alliance: Alliance, motion: Motion, act: Callable[..., Any], at: datetime) -> None:
    if motion.state == MotionState.PASSED:
        act(
            alliance,
            str(motion.effect_params["institution"]),
            decision_reference=motion.code,
            reason=str(motion.effect_params.get("reason", "")),
            at=at,
        )


effects.register(
    ADMISSION, Effect(ADMISSION, gettext_lazy("admission of an applicant"), missing_for_admission, apply_admission)
)
effects.register(
    SUSPENSION, Effect(SUSPENSION, gettext_lazy("suspension of a member"), missing_for_suspension, apply_suspension)
)
effects.register(EXPULSION, Effect(EXPULSION, gettext_lazy("expulsion of a member"), missing_for_expulsion, apply_expulsion))


def tell_of_withdrawal(alliance: Alliance, motion_code: str, *, at: datetime) -> bool:
    """Tell the office that the applicant of an open vote has withdrawn; returns whether such a vote is open."""
    motion = Motion.objects.of(alliance).filter(code=motion_code, state=MotionState.OPEN).first()
    if motion is None:
        return False
    inbox.ask(
        alliance,
        WITHDRAW_VOTE,
        f"vote-without-object:{motion.code}",
        inbox.office(),
        params={"code": motion.code},
        url_name="motion_detail",
        url_kwargs={"code": motion.code},
        at=at,
        due_at=motion.closes_at,
    )
    return True


# --------------------------------------------------------------------------------------------------- after a membership


@transaction.atomic
def end_seats_of(alliance: Alliance, code: str, *, at: datetime) -> int:
    """End the seats of an institution whose rights have ended; seats that had not begun are taken back.

    An exit settles every seat before; an expulsion or a lapse does not, so they end here.

    Returns:
        How many seats ended.
    """
    institution = Institution.objects.of(alliance).select_for_update(no_key=True).get(code=code)
    seats = (
        GroupMembership.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("group")
        .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), institution=institution)
        .order_by("id")
    )
    ended = 0
    for seat in seats:
        before = seat.ends_at
        if seat.starts_at >= at:
            seat.delete()
        else:
            seat.ends_at = at
            seat.save(update_fields=["ends_at"])
            emit(alliance, MEMBERSHIP_ENDED, {"group": seat.group.kind, "institution": code})
        record_audit(
            institution,
            actor=None,
            verb="leave_group",
            before={"group": seat.group.kind, "until": before},
            after={"group": seat.group.kind, "until": at},
            at=at,
        )
        ended += 1
    return ended
