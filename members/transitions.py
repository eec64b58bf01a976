"""Which step may follow which in an institution's membership (blueprint section 4)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from alliance.kernel.transitions import Transition, name_states
from members.choices import ImportState, InstitutionState

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
