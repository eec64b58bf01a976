"""Which step may follow which in an institution's membership (blueprint section 4)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from alliance.kernel.transitions import Transition, name_states
from members.choices import ApplicationState, BookingState, DuplicateState, ImportState, InstitutionState

ACCEPT_CHARTER = Transition(
    name="accept_charter",
    label=_("Note charter acceptance"),
    sources=frozenset({InstitutionState.CHARTER_PENDING}),
    target=InstitutionState.ACTIVE,
    permission="members.move_institution",
)
SUSPEND = Transition(
    name="suspend",
    label=_("Suspend"),
    sources=frozenset({InstitutionState.ACTIVE}),
    target=InstitutionState.SUSPENDED,
    permission="members.move_institution",
)
READMIT = Transition(
    name="readmit",
    label=_("Readmit"),
    sources=frozenset({InstitutionState.SUSPENDED, InstitutionState.LAPSED, InstitutionState.LEAVING}),
    target=InstitutionState.ACTIVE,
    permission="members.move_institution",
)
START_LEAVING = Transition(
    name="start_leaving",
    label=_("Begin the exit"),
    sources=frozenset({InstitutionState.ACTIVE, InstitutionState.SUSPENDED}),
    target=InstitutionState.LEAVING,
    permission="members.move_institution",
)
COMPLETE_EXIT = Transition(
    name="complete_exit",
    label=_("Complete the exit"),
    sources=frozenset({InstitutionState.LEAVING}),
    target=InstitutionState.WITHDRAWN,
    permission="members.move_institution",
)
LAPSE = Transition(
    name="lapse",
    label=_("Let membership lapse"),
    sources=frozenset({InstitutionState.ACTIVE, InstitutionState.SUSPENDED}),
    target=InstitutionState.LAPSED,
    permission="members.move_institution",
)
EXPEL = Transition(
    name="expel",
    label=_("Expel"),
    sources=frozenset({InstitutionState.ACTIVE, InstitutionState.SUSPENDED, InstitutionState.LEAVING}),
    target=InstitutionState.EXPELLED,
    permission="members.expel_institution",
)

MEMBERSHIP_STEPS: dict[str, Transition] = {
    step.name: step for step in (ACCEPT_CHARTER, SUSPEND, READMIT, START_LEAVING, COMPLETE_EXIT, LAPSE, EXPEL)
}
"""Steps by name."""

START_CHECK = Transition(
    name="check",
    label=_("Start the dry run"),
    sources=frozenset({ImportState.UPLOADED, ImportState.MAPPED, ImportState.CHECKED, ImportState.FAILED}),
    target=ImportState.CHECKING,
    permission="members.import_institutions",
)
START_IMPORT = Transition(
    name="import",
    label=_("Start the import"),
    sources=frozenset({ImportState.CHECKED, ImportState.FAILED}),
    target=ImportState.RUNNING,
    permission="members.import_institutions",
)

name_states(list(InstitutionState.choices))
name_states(list(ImportState.choices))

# ---------------------------------------------------------------------------------------------------------- admission

SUBMIT_APPLICATION = Transition(
    name="submit_application",
    label=_("Send the application"),
    sources=frozenset({ApplicationState.UNCONFIRMED}),
    target=ApplicationState.SUBMITTED,
)
RESUBMIT_APPLICATION = Transition(
    name="resubmit_application",
    label=_("Send the completed application"),
    sources=frozenset({ApplicationState.RETURNED}),
    target=ApplicationState.SCREENING,
)
WITHDRAW_APPLICATION = Transition(
    name="withdraw_application",
    label=_("Withdraw the application"),
    sources=frozenset(
        {
            ApplicationState.UNCONFIRMED,
            ApplicationState.SUBMITTED,
            ApplicationState.SCREENING,
            ApplicationState.RETURNED,
            ApplicationState.COMPLETE,
            ApplicationState.VOTING,
        }
    ),
    target=ApplicationState.WITHDRAWN,
)
START_SCREENING = Transition(
    name="start_screening",
    label=_("Take into screening"),
    sources=frozenset({ApplicationState.SUBMITTED}),
    target=ApplicationState.SCREENING,
    permission="members.screen_application",
)
RETURN_APPLICATION = Transition(
    name="return_application",
    label=_("Send back for completion"),
    sources=frozenset({ApplicationState.SCREENING}),
    target=ApplicationState.RETURNED,
    permission="members.screen_application",
)
COMPLETE_APPLICATION = Transition(
    name="complete_application",
    label=_("Mark as complete"),
    sources=frozenset({ApplicationState.SCREENING}),
    target=ApplicationState.COMPLETE,
    permission="members.screen_application",
)
REOPEN_SCREENING = Transition(
    name="reopen_screening",
    label=_("Check again"),
    sources=frozenset({ApplicationState.COMPLETE}),
    target=ApplicationState.SCREENING,
    permission="members.screen_application",
)
PUT_TO_VOTE = Transition(
    name="put_to_vote",
    label=_("Put to the committee"),
    sources=frozenset({ApplicationState.COMPLETE}),
    target=ApplicationState.VOTING,
    permission="members.screen_application",
)
ACCEPT_APPLICATION = Transition(
    name="accept_application",
    label=_("Admit"),
    sources=frozenset({ApplicationState.VOTING}),
    target=ApplicationState.ACCEPTED,
)
REJECT_APPLICATION = Transition(
    name="reject_application",
    label=_("Not admit"),
    sources=frozenset({ApplicationState.VOTING}),
    target=ApplicationState.REJECTED,
)
UNDECIDED_APPLICATION = Transition(
    name="undecided_application",
    label=_("No decision"),
    sources=frozenset({ApplicationState.VOTING}),
    target=ApplicationState.COMPLETE,
)
EXPIRE_APPLICATION = Transition(
    name="expire_application",
    label=_("Let the application expire"),
    sources=frozenset({ApplicationState.UNCONFIRMED, ApplicationState.RETURNED}),
    target=ApplicationState.EXPIRED,
)
READMIT_FORMER = Transition(
    name="readmit_former",
    label=_("Admit again"),
    sources=frozenset({InstitutionState.WITHDRAWN, InstitutionState.EXPELLED, InstitutionState.LAPSED}),
    target=InstitutionState.CHARTER_PENDING,
)
"""A former member that applied again and was admitted; its old entry and history go on."""

name_states(list(ApplicationState.choices))

# Bookings of resources
CONFIRM_BOOKING = Transition(
    name="confirm_booking",
    label=_("Confirm the booking"),
    sources=frozenset({BookingState.REQUESTED}),
    target=BookingState.CONFIRMED,
    permission="members.change_resource",
)
DECLINE_BOOKING = Transition(
    name="decline_booking",
    label=_("Decline the booking"),
    sources=frozenset({BookingState.REQUESTED, BookingState.CONFIRMED}),
    target=BookingState.DECLINED,
    permission="members.change_resource",
)
CANCEL_BOOKING = Transition(
    name="cancel_booking",
    label=_("Cancel the booking"),
    sources=frozenset({BookingState.REQUESTED, BookingState.CONFIRMED}),
    target=BookingState.CANCELLED,
    permission="members.book_resource",
)
name_states(list(BookingState.choices))

# ---------------------------------------------------------------------------------------------------------- duplicates
DISMISS_PAIR = Transition(
    name="dismiss_pair",
    label=_("Not the same institution"),
    sources=frozenset({DuplicateState.OPEN}),
    target=DuplicateState.DISMISSED,
    permission="members.handle_duplicates",
)
REOPEN_PAIR = Transition(
    name="reopen_pair",
    label=_("Look at the pair again"),
    sources=frozenset({DuplicateState.DISMISSED}),
    target=DuplicateState.OPEN,
    permission="members.handle_duplicates",
)

name_states(list(DuplicateState.choices))
