"""The pipeline as data: draft, transform, pilot, improve, release (Zheng2018, operational layer)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from alliance.kernel.transitions import Transition, name_states
from operations.choices import (
    PieceState,
    PilotState,
    ProductState,
    ProjectState,
    RiskState,
    SessionState,
    TariffState,
    TaskState,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SUBMIT: Final = Transition(
    name="submit_product",
    label=_("Submit for review"),
    sources=frozenset({ProductState.DRAFT}),
    target=ProductState.IN_REVIEW,
    permission="operations.submit_product",
)
RETURN: Final = Transition(
    name="return_product",
    label=_("Send back"),
    sources=frozenset({ProductState.IN_REVIEW}),
    target=ProductState.DRAFT,
    permission="operations.review_product",
)
APPROVE: Final = Transition(
    name="approve_product",
    label=_("Approve"),
    sources=frozenset({ProductState.IN_REVIEW}),
    target=ProductState.TRANSFORMING,
    permission="operations.review_product",
)
SEND_BACK: Final = Transition(
    name="send_back_product",
    label=_("Send back to the author"),
    sources=frozenset({ProductState.TRANSFORMING}),
    target=ProductState.DRAFT,
    permission="operations.send_back_product",
)
BEGIN_PILOT: Final = Transition(
    name="begin_pilot",
    label=_("Plan the pilot"),
    sources=frozenset({ProductState.TRANSFORMING, ProductState.IMPROVING}),
    target=ProductState.PILOTING,
    permission="operations.plan_pilot",
)
IMPROVE: Final = Transition(
    name="improve_product",
    label=_("Improve"),
    sources=frozenset({ProductState.PILOTING}),
    target=ProductState.IMPROVING,
)
PROPOSE_RELEASE: Final = Transition(
    name="propose_release",
    label=_("Propose the release"),
    sources=frozenset({ProductState.PILOTING}),
    target=ProductState.PILOTING,
)
DECLINE_RELEASE: Final = Transition(
    name="decline_release",
    label=_("Do not release yet"),
    sources=frozenset({ProductState.PILOTING}),
    target=ProductState.IMPROVING,
    permission="operations.release_product",
)
STOP_PILOT: Final = Transition(
    name="stop_pilot",
    label=_("Stop the pilot and improve"),
    sources=frozenset({ProductState.PILOTING}),
    target=ProductState.IMPROVING,
    permission="operations.stop_pilot",
)
READAPT: Final = Transition(
    name="readapt_product",
    label=_("Adapt anew"),
    sources=frozenset({ProductState.PILOTING, ProductState.IMPROVING}),
    target=ProductState.TRANSFORMING,
    permission="operations.loop_back",
)
REDRAFT: Final = Transition(
    name="redraft_product",
    label=_("Draft anew"),
    sources=frozenset({ProductState.PILOTING, ProductState.IMPROVING}),
    target=ProductState.DRAFT,
    permission="operations.loop_back",
)
RESUME_PILOT: Final = Transition(
    name="resume_pilot",
    label=_("Take the pilot up again"),
    sources=frozenset({ProductState.IMPROVING}),
    target=ProductState.PILOTING,
    permission="operations.manage_pilot",
)
WITHDRAW: Final = Transition(
    name="withdraw_product",
    label=_("Withdraw"),
    sources=frozenset(
        {
            ProductState.DRAFT,
            ProductState.IN_REVIEW,
            ProductState.TRANSFORMING,
            ProductState.PILOTING,
            ProductState.IMPROVING,
        }
    ),
    target=ProductState.WITHDRAWN,
    permission="operations.withdraw_product",
)
RELEASE: Final = Transition(
    name="release_product",
    label=_("Release"),
    sources=frozenset({ProductState.PILOTING}),
    target=ProductState.RELEASED,
    permission="operations.release_product",
)
RETIRE: Final = Transition(
    name="retire_product",
    label=_("Retire"),
    sources=frozenset({ProductState.RELEASED}),
    target=ProductState.RETIRED,
    permission="operations.retire_product",
)
PRODUCT_TRANSITIONS: Final = (
    SUBMIT,
    RETURN,
    APPROVE,
    SEND_BACK,
    BEGIN_PILOT,
    IMPROVE,
    PROPOSE_RELEASE,
    DECLINE_RELEASE,
    STOP_PILOT,
    READAPT,
    REDRAFT,
    RESUME_PILOT,
    RELEASE,
    RETIRE,
    WITHDRAW,
)
NEXT_STEP: Final[dict[str, Transition]] = {
    ProductState.DRAFT: SUBMIT,
    ProductState.IN_REVIEW: APPROVE,
    ProductState.TRANSFORMING: BEGIN_PILOT,
    ProductState.PILOTING: RELEASE,
    ProductState.IMPROVING: BEGIN_PILOT,
}
"""The step forward from each state: its gates are the checklist on the product's page."""
LOOP_BACKS: Final = (STOP_PILOT, READAPT, REDRAFT)
"""Steps back from a later stage; each takes a reason, and stops the round that is under way."""

STARTS: Final[dict[str, StrOrPromise]] = {
    SUBMIT.name: _("Institutions of the wisdom and the policy group are asked for a review."),
    RETURN.name: _("The author gets the reasons and is asked to change the draft."),
    APPROVE.name: _("The media group is asked to adapt it."),
    SEND_BACK.name: _("The author gets the reason and is asked to change the draft."),
    BEGIN_PILOT.name: _("The workflow opens the round at its start and asks the pilot firms."),
    IMPROVE.name: _("What did not pass becomes a list of changes; the author is asked to settle them."),
    PROPOSE_RELEASE.name: _("Whoever decides by the alliance's rule is asked for the decision."),
    DECLINE_RELEASE.name: _("The reason becomes a change to make; the author is asked to settle it."),
    STOP_PILOT.name: _("The round is called off, its firms are told; the reason becomes a change to make."),
    READAPT.name: _("A round under way is called off; the media think tank is asked to adapt it anew."),
    REDRAFT.name: _("A round under way is called off; the author is asked to draft anew, and review follows again."),
    RESUME_PILOT.name: _("The closed round takes answers again until its new deadline."),
    RELEASE.name: _("It enters the catalogue, the public pages and the API; makers and pilot firms are told."),
    RETIRE.name: _("It leaves the catalogue; pieces made from it say so."),
    WITHDRAW.name: _("A round under way is called off; makers and pilot firms are told, and pieces made from it say so."),
}
"""What a step of a product sets going, in words, for the pages and the handbook."""

OPEN_PILOT: Final = Transition(
    name="open_pilot",
    label=_("Open the pilot"),
    sources=frozenset({PilotState.PLANNED}),
    target=PilotState.OPEN,
)
EXTEND_PILOT: Final = Transition(
    name="extend_pilot",
    label=_("Extend"),
    sources=frozenset({PilotState.OPEN, PilotState.EXTENDED}),
    target=PilotState.EXTENDED,
    permission="operations.manage_pilot",
)
CLOSE_PILOT: Final = Transition(
    name="close_pilot",
    label=_("Close the pilot"),
    sources=frozenset({PilotState.OPEN, PilotState.EXTENDED}),
    target=PilotState.AGGREGATING,
    permission="operations.manage_pilot",
)
PASS_PILOT: Final = Transition(
    name="pass_pilot",
    label=_("Pilot passed"),
    sources=frozenset({PilotState.AGGREGATING}),
    target=PilotState.PASSED,
)
FAIL_PILOT: Final = Transition(
    name="fail_pilot",
    label=_("Pilot not passed"),
    sources=frozenset({PilotState.AGGREGATING}),
    target=PilotState.FAILED,
)
END_PILOT_WITHOUT_RESULT: Final = Transition(
    name="end_pilot_without_result",
    label=_("Not enough answers"),
    sources=frozenset({PilotState.AGGREGATING}),
    target=PilotState.INCONCLUSIVE,
)
CANCEL_PILOT: Final = Transition(
    name="cancel_pilot",
    label=_("Call the round off"),
    sources=frozenset({PilotState.PLANNED, PilotState.OPEN, PilotState.EXTENDED, PilotState.AGGREGATING}),
    target=PilotState.CANCELLED,
)
REOPEN_PILOT: Final = Transition(
    name="reopen_pilot",
    label=_("Take the round up again"),
    sources=frozenset({PilotState.PASSED, PilotState.FAILED, PilotState.INCONCLUSIVE}),
    target=PilotState.EXTENDED,
    permission="operations.manage_pilot",
)
PILOT_TRANSITIONS: Final = (
    OPEN_PILOT,
    EXTEND_PILOT,
    CLOSE_PILOT,
    PASS_PILOT,
    FAIL_PILOT,
    END_PILOT_WITHOUT_RESULT,
    CANCEL_PILOT,
    REOPEN_PILOT,
)

name_states(list(ProductState.choices))
name_states(list(PilotState.choices))

SUBMIT_PIECE: Final = Transition(
    name="submit_piece",
    label=_("Hand in for the check"),
    sources=frozenset({PieceState.DRAFT}),
    target=PieceState.IN_CHECK,
    permission="operations.change_piece",
)
RETURN_PIECE: Final = Transition(
    name="return_piece",
    label=_("Send the piece back"),
    sources=frozenset({PieceState.IN_CHECK}),
    target=PieceState.DRAFT,
    permission="operations.check_piece",
)
APPROVE_PIECE: Final = Transition(
    name="approve_piece",
    label=_("Find the piece correct"),
    sources=frozenset({PieceState.IN_CHECK}),
    target=PieceState.APPROVED,
    permission="operations.check_piece",
)
REOPEN_PIECE: Final = Transition(
    name="reopen_piece",
    label=_("Change a checked piece"),
    sources=frozenset({PieceState.APPROVED}),
    target=PieceState.DRAFT,
    permission="operations.change_piece",
)
RENEW_PIECE: Final = Transition(
    name="renew_piece",
    label=_("Take up the present version"),
    sources=frozenset({PieceState.DRAFT, PieceState.APPROVED}),
    target=PieceState.DRAFT,
    permission="operations.change_piece",
)
PUBLISH_PIECE: Final = Transition(
    name="publish_piece",
    label=_("Publish the piece"),
    sources=frozenset({PieceState.APPROVED}),
    target=PieceState.PUBLISHED,
    permission="operations.publish_piece",
)
WITHDRAW_PIECE: Final = Transition(
    name="withdraw_piece",
    label=_("Withdraw the piece"),
    sources=frozenset({PieceState.DRAFT, PieceState.IN_CHECK, PieceState.APPROVED, PieceState.PUBLISHED}),
    target=PieceState.WITHDRAWN,
    permission="operations.withdraw_piece",
)
PIECE_TRANSITIONS: Final = (
    SUBMIT_PIECE,
    RETURN_PIECE,
    APPROVE_PIECE,
    REOPEN_PIECE,
    RENEW_PIECE,
    PUBLISH_PIECE,
    WITHDRAW_PIECE,
)

name_states([(PieceState.IN_CHECK.value, PieceState.IN_CHECK.label)])  # its other states have the names of other records'

# --------------------------------------------------------------------------------------------------------------- projects

START_PROJECT: Final = Transition(
    name="start_project",
    label=_("Start the project"),
    sources=frozenset({ProjectState.PLANNED}),
    target=ProjectState.RUNNING,
    permission="operations.change_project",
)
FINISH_PROJECT: Final = Transition(
    name="finish_project",
    label=_("Finish the project"),
    sources=frozenset({ProjectState.RUNNING}),
    target=ProjectState.FINISHED,
    permission="operations.change_project",
)
STOP_PROJECT: Final = Transition(
    name="stop_project",
    label=_("Stop the project"),
    sources=frozenset({ProjectState.PLANNED, ProjectState.RUNNING}),
    target=ProjectState.STOPPED,
    permission="operations.stop_project",
)
PROJECT_TRANSITIONS: Final = (START_PROJECT, FINISH_PROJECT, STOP_PROJECT)
BEGIN_TASK: Final = Transition(
    name="begin_project_task",
    label=_("Begin the task"),
    sources=frozenset({TaskState.TO_DO, TaskState.DONE, TaskState.DROPPED}),
    target=TaskState.DOING,
    permission="operations.work_on_task",
)
COMPLETE_TASK: Final = Transition(
    name="complete_project_task",
    label=_("Complete the task"),
    sources=frozenset({TaskState.TO_DO, TaskState.DOING}),
    target=TaskState.DONE,
    permission="operations.work_on_task",
)
RESET_TASK: Final = Transition(
    name="reset_project_task",
    label=_("Put the task back"),
    sources=frozenset({TaskState.DOING, TaskState.DROPPED}),
    target=TaskState.TO_DO,
    permission="operations.work_on_task",
)
DROP_TASK: Final = Transition(
    name="drop_project_task",
    label=_("Drop the task"),
    sources=frozenset({TaskState.TO_DO, TaskState.DOING}),
    target=TaskState.DROPPED,
    permission="operations.change_project",
)
TASK_TRANSITIONS: Final = (BEGIN_TASK, COMPLETE_TASK, RESET_TASK, DROP_TASK)

name_states([(state.value, state.label) for state in (ProjectState.RUNNING, ProjectState.FINISHED, ProjectState.STOPPED)])
name_states([(state.value, state.label) for state in (TaskState.TO_DO, TaskState.DOING, TaskState.DROPPED)])

# --------------------------------------------------------------------------------------------------------------- learning

OPEN_SESSION: Final = Transition(
    name="open_session",
    label=_("Open for enrolment"),
    sources=frozenset({SessionState.PLANNED}),
    target=SessionState.OPEN,
    permission="operations.run_courses",
)
HOLD_SESSION: Final = Transition(
    name="hold_session",
    label=_("Close as held"),
    sources=frozenset({SessionState.OPEN}),
    target=SessionState.HELD,
    permission="operations.hold_session",
)
CANCEL_SESSION: Final = Transition(
    name="cancel_session",
    label=_("Cancel the session"),
    sources=frozenset({SessionState.PLANNED, SessionState.OPEN}),
    target=SessionState.CANCELLED,
    permission="operations.run_courses",
)
SESSION_TRANSITIONS: Final = (OPEN_SESSION, HOLD_SESSION, CANCEL_SESSION)


# --------------------------------------------------------------------------------------------------- risks and incentives

ACCEPT_RISK: Final = Transition(
    name="accept_risk",
    label=_("Accept the risk"),
    sources=frozenset({RiskState.OPEN}),
    target=RiskState.ACCEPTED,
    permission="operations.accept_risk",
)
CLOSE_RISK: Final = Transition(
    name="close_risk",
    label=_("Close the risk"),
    sources=frozenset({RiskState.OPEN, RiskState.ACCEPTED}),
    target=RiskState.CLOSED,
    permission="operations.manage_risks",
)
REOPEN_RISK: Final = Transition(
    name="reopen_risk",
    label=_("Open the risk again"),
    sources=frozenset({RiskState.ACCEPTED, RiskState.CLOSED}),
    target=RiskState.OPEN,
    permission="operations.manage_risks",
)
RISK_TRANSITIONS: Final = (ACCEPT_RISK, CLOSE_RISK, REOPEN_RISK)
APPROVE_TARIFF: Final = Transition(
    name="approve_tariff",
    label=_("Approve the tariff"),
    sources=frozenset({TariffState.PROPOSED}),
    target=TariffState.APPROVED,
    permission="operations.set_tariff",
)
REFUSE_TARIFF: Final = Transition(
    name="refuse_tariff",
    label=_("Refuse the tariff"),
    sources=frozenset({TariffState.PROPOSED}),
    target=TariffState.REFUSED,
    permission="operations.set_tariff",
)
SUPERSEDE_TARIFF: Final = Transition(
    name="supersede_tariff",
    label=_("Supersede the tariff"),
    sources=frozenset({TariffState.APPROVED}),
    target=TariffState.SUPERSEDED,
)
TARIFF_TRANSITIONS: Final = (APPROVE_TARIFF, REFUSE_TARIFF, SUPERSEDE_TARIFF)

name_states([(state.value, state.label) for state in (TariffState.REFUSED, TariffState.SUPERSEDED)])
