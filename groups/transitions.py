"""Which step may follow which in a declared conflict of interest."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from alliance.kernel.transitions import Transition, name_states
from groups.choices import (
    ActionState,
    CharterState,
    ConflictState,
    ConsortiumState,
    DeliveryState,
    DirectiveState,
    DisputeState,
    InvitationState,
    MeetingState,
    MinutesState,
    MotionState,
    ReportState,
    ResponsibilityState,
    WaiverState,
)

RECUSE = Transition(
    name="recuse",
    label=_("Rule that it stands aside"),
    sources=frozenset({ConflictState.CLAIMED, ConflictState.DECLARED}),
    target=ConflictState.RECUSED,
    permission="groups.rule_conflict",
)
CLEAR_CONFLICT = Transition(
    name="clear_conflict",
    label=_("Rule that there is no conflict"),
    sources=frozenset({ConflictState.CLAIMED, ConflictState.DECLARED, ConflictState.RECUSED}),
    target=ConflictState.CLEARED,
    permission="groups.rule_conflict",
)
END_CONFLICT = Transition(
    name="end_conflict",
    label=_("Note that it is over"),
    sources=frozenset({ConflictState.CLAIMED, ConflictState.DECLARED, ConflictState.RECUSED}),
    target=ConflictState.ENDED,
    permission="groups.rule_conflict",
)
AGREE_CONFLICT = Transition(
    name="agree_conflict",
    label=_("Agree that we stand aside"),
    sources=frozenset({ConflictState.CLAIMED}),
    target=ConflictState.DECLARED,
    permission="groups.agree_conflict",
)
CONFIRM_CLAIM = Transition(
    name="confirm_claim",
    label=_("Find by rule what was claimed"),
    sources=frozenset({ConflictState.CLAIMED}),
    target=ConflictState.DECLARED,
)

# Waivers of conflicts of interest
GRANT_WAIVER = Transition(
    name="grant_waiver",
    label=_("Grant the waiver"),
    sources=frozenset({WaiverState.PROPOSED}),
    target=WaiverState.GRANTED,
    permission="groups.rule_conflict",
)
REFUSE_WAIVER = Transition(
    name="refuse_waiver",
    label=_("Refuse the waiver"),
    sources=frozenset({WaiverState.PROPOSED}),
    target=WaiverState.REFUSED,
    permission="groups.rule_conflict",
)

# Directives between levels
SEND = Transition(
    name="send_directive",
    label=_("Send"),
    sources=frozenset({DirectiveState.DRAFT}),
    target=DirectiveState.SENT,
    permission="groups.send_directive",
)
CLOSE_DIRECTIVE = Transition(
    name="close_directive",
    label=_("Close"),
    sources=frozenset({DirectiveState.SENT}),
    target=DirectiveState.CLOSED,
    permission="groups.send_directive",
)
ACKNOWLEDGE_DIRECTIVE = Transition(
    name="acknowledge_directive",
    label=_("Acknowledge"),
    sources=frozenset({DeliveryState.DELIVERED}),
    target=DeliveryState.ACKNOWLEDGED,
    permission="groups.answer_directive",
)
REPORT_DIRECTIVE = Transition(
    name="report_directive",
    label=_("Answer"),
    sources=frozenset({DeliveryState.DELIVERED, DeliveryState.ACKNOWLEDGED, DeliveryState.REPORTED}),
    target=DeliveryState.REPORTED,
    permission="groups.answer_directive",
)

name_states(list(ConflictState.choices))
name_states(list(DirectiveState.choices))
name_states(list(DeliveryState.choices))
name_states(list(WaiverState.choices))

# ------------------------------------------------------------------------------------------------------- motions
OPEN_MOTION = Transition(
    name="open_motion",
    label=_("Open the vote"),
    sources=frozenset({MotionState.DRAFT}),
    target=MotionState.OPEN,
    permission="groups.run_motion",
)
WITHDRAW_MOTION = Transition(
    name="withdraw_motion",
    label=_("Withdraw the motion"),
    sources=frozenset({MotionState.DRAFT, MotionState.OPEN}),
    target=MotionState.WITHDRAWN,
    permission="groups.run_motion",
)
CLOSE_PASSED = Transition(
    name="pass_motion",
    label=_("Close: passed"),
    sources=frozenset({MotionState.OPEN}),
    target=MotionState.PASSED,
)
CLOSE_REJECTED = Transition(
    name="reject_motion",
    label=_("Close: rejected"),
    sources=frozenset({MotionState.OPEN}),
    target=MotionState.REJECTED,
)
CLOSE_LAPSED = Transition(
    name="lapse_motion",
    label=_("Close: lapsed, no quorum"),
    sources=frozenset({MotionState.OPEN}),
    target=MotionState.LAPSED,
)
VOID_MOTION = Transition(
    name="void_motion",
    label=_("Declare the vote void"),
    sources=frozenset({MotionState.OPEN}),
    target=MotionState.VOID,
)
CLOSE_MOTION = {step.target: step for step in (CLOSE_PASSED, CLOSE_REJECTED, CLOSE_LAPSED)}
"""The step of the close, by outcome."""

name_states(list(MotionState.choices))

# ------------------------------------------------------------------------------------------- seats, meetings, minutes

ACCEPT_SEAT = Transition(
    name="accept_seat",
    label=_("Take the seat"),
    sources=frozenset({InvitationState.OPEN}),
    target=InvitationState.ACCEPTED,
    permission="groups.answer_seat_invitation",
)
DECLINE_SEAT = Transition(
    name="decline_seat",
    label=_("Decline the seat"),
    sources=frozenset({InvitationState.OPEN}),
    target=InvitationState.DECLINED,
    permission="groups.answer_seat_invitation",
)
WITHDRAW_SEAT_INVITATION = Transition(
    name="withdraw_seat_invitation",
    label=_("Withdraw the invitation"),
    sources=frozenset({InvitationState.OPEN}),
    target=InvitationState.WITHDRAWN,
    permission="groups.change_seats",
)
CONVENE = Transition(
    name="convene_meeting",
    label=_("Send the invitation"),
    sources=frozenset({MeetingState.PLANNED}),
    target=MeetingState.CONVENED,
    permission="groups.plan_meeting",
)
START_MEETING = Transition(
    name="start_meeting",
    label=_("Open the meeting"),
    sources=frozenset({MeetingState.CONVENED}),
    target=MeetingState.UNDER_WAY,
    permission="groups.record_meeting",
)
CLOSE_MEETING = Transition(
    name="close_meeting",
    label=_("Close the meeting"),
    sources=frozenset({MeetingState.UNDER_WAY}),
    target=MeetingState.HELD,
    permission="groups.record_meeting",
)
CANCEL_MEETING = Transition(
    name="cancel_meeting",
    label=_("Cancel the meeting"),
    sources=frozenset({MeetingState.PLANNED, MeetingState.CONVENED}),
    target=MeetingState.CANCELLED,
    permission="groups.plan_meeting",
)
CIRCULATE_MINUTES = Transition(
    name="circulate_minutes",
    label=_("Circulate for comment"),
    sources=frozenset({MinutesState.DRAFT}),
    target=MinutesState.CIRCULATED,
    permission="groups.record_meeting",
)
APPROVE_MINUTES = Transition(
    name="approve_minutes",
    label=_("Approve the minutes"),
    sources=frozenset({MinutesState.CIRCULATED}),
    target=MinutesState.APPROVED,
    permission="groups.approve_minutes",
)
PUBLISH_MINUTES = Transition(
    name="publish_minutes",
    label=_("Publish the minutes"),
    sources=frozenset({MinutesState.APPROVED}),
    target=MinutesState.PUBLISHED,
    permission="groups.publish_decision",
)
COMPLETE_ACTION = Transition(
    name="complete_action",
    label=_("Note as done"),
    sources=frozenset({ActionState.OPEN}),
    target=ActionState.DONE,
    permission="groups.settle_action",
)
DROP_ACTION = Transition(
    name="drop_action",
    label=_("Drop the action"),
    sources=frozenset({ActionState.OPEN}),
    target=ActionState.DROPPED,
    permission="groups.record_meeting",
)

name_states(list(MeetingState.choices))
name_states(list(MinutesState.choices))
name_states(list(ActionState.choices))

# --------------------------------------------------------------------------- charter, responsibilities, consortia, disputes

ADOPT_CHARTER = Transition(
    name="adopt_charter",
    label=_("Adopt the charter"),
    sources=frozenset({CharterState.DRAFT}),
    target=CharterState.ADOPTED,
)
PUT_CHARTER_IN_FORCE = Transition(
    name="put_charter_in_force",
    label=_("Put the charter in force"),
    sources=frozenset({CharterState.ADOPTED}),
    target=CharterState.IN_FORCE,
)
SUPERSEDE_CHARTER = Transition(
    name="supersede_charter",
    label=_("Replace the charter"),
    sources=frozenset({CharterState.IN_FORCE, CharterState.ADOPTED}),
    target=CharterState.SUPERSEDED,
)
ACKNOWLEDGE_RESPONSIBILITY = Transition(
    name="acknowledge_responsibility",
    label=_("Acknowledge"),
    sources=frozenset({ResponsibilityState.PROPOSED}),
    target=ResponsibilityState.ACKNOWLEDGED,
    permission="groups.answer_responsibility",
)
DECLINE_RESPONSIBILITY = Transition(
    name="decline_responsibility",
    label=_("Decline"),
    sources=frozenset({ResponsibilityState.PROPOSED}),
    target=ResponsibilityState.DECLINED,
    permission="groups.answer_responsibility",
)
COMPLETE_RESPONSIBILITY = Transition(
    name="complete_responsibility",
    label=_("Note as done"),
    sources=frozenset({ResponsibilityState.ACKNOWLEDGED}),
    target=ResponsibilityState.DONE,
    permission="groups.settle_responsibility",
)
END_RESPONSIBILITY = Transition(
    name="end_responsibility",
    label=_("End"),
    sources=frozenset({ResponsibilityState.PROPOSED, ResponsibilityState.ACKNOWLEDGED, ResponsibilityState.DECLINED}),
    target=ResponsibilityState.ENDED,
    permission="groups.settle_responsibility",
)
SUBMIT_REPORT = Transition(
    name="submit_report",
    label=_("Send the report"),
    sources=frozenset({ReportState.DUE, ReportState.RETURNED}),
    target=ReportState.SUBMITTED,
    permission="groups.report_responsibility",
)
ACCEPT_REPORT = Transition(
    name="accept_report",
    label=_("Accept the report"),
    sources=frozenset({ReportState.SUBMITTED}),
    target=ReportState.ACCEPTED,
    permission="groups.settle_responsibility",
)
RETURN_REPORT = Transition(
    name="return_report",
    label=_("Send back"),
    sources=frozenset({ReportState.SUBMITTED}),
    target=ReportState.RETURNED,
    permission="groups.settle_responsibility",
)
FILE_CONSORTIUM = Transition(
    name="file_consortium",
    label=_("File with the committee"),
    sources=frozenset({ConsortiumState.FORMING}),
    target=ConsortiumState.ACTIVE,
    permission="groups.change_consortium",
)
CLOSE_CONSORTIUM = Transition(
    name="close_consortium",
    label=_("Close the consortium"),
    sources=frozenset({ConsortiumState.FORMING, ConsortiumState.ACTIVE}),
    target=ConsortiumState.CLOSED,
    permission="groups.change_consortium",
)
NAME_MEDIATOR = Transition(
    name="name_mediator",
    label=_("Name the mediator"),
    sources=frozenset({DisputeState.FILED, DisputeState.MEDIATION}),
    target=DisputeState.MEDIATION,
    permission="groups.name_mediator",
)
SETTLE_DISPUTE = Transition(
    name="settle_dispute",
    label=_("Settle the dispute"),
    sources=frozenset({DisputeState.MEDIATION}),
    target=DisputeState.SETTLED,
    permission="groups.speak_in_dispute",
)
ESCALATE_DISPUTE = Transition(
    name="escalate_dispute",
    label=_("End without a settlement"),
    sources=frozenset({DisputeState.FILED, DisputeState.MEDIATION}),
    target=DisputeState.ESCALATED,
    permission="groups.escalate_dispute",
)
WITHDRAW_DISPUTE = Transition(
    name="withdraw_dispute",
    label=_("Withdraw the dispute"),
    sources=frozenset({DisputeState.FILED, DisputeState.MEDIATION}),
    target=DisputeState.WITHDRAWN,
    permission="groups.speak_in_dispute",
)

name_states(list(CharterState.choices))
name_states(list(ResponsibilityState.choices))
name_states(list(ReportState.choices))
name_states(list(ConsortiumState.choices))
name_states(list(DisputeState.choices))
