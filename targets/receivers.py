"""What the target layer adds to the kernel and how it reacts to events."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import pgettext_lazy

from alliance.kernel import demo, navigation
from alliance.kernel.events import Event, consumer
from alliance.kernel.navigation import NavigationEntry
from alliance.kernel.portal import upcoming
from operations.signals import PRODUCT_RELEASED, PRODUCT_RETIRED
from targets import words  # noqa: F401 - names acts and records for the audit log
from targets.actions.demo import load
from targets.actions.objective import measure_objective
from targets.permissions import VIEW_OBJECTIVE
from targets.selectors.objective import list_measured_codes
from targets.selectors.portal import list_coming_up

#: Declared by evaluation, which this layer does not know; an event's kind is the only thing they share.
FEEDBACK_COMPUTED = "evaluation.feedback_computed"

demo.loaders.register("targets", load)

navigation.add(
    NavigationEntry(
        "console",
        "dashboard",
        pgettext_lazy("navigation", "Dashboard"),
        "dashboard",
        icon="house",
        section="",
        order=0,
        permission="alliance.view_console",
    )
)
navigation.add(
    NavigationEntry(
        "console",
        "objectives",
        pgettext_lazy("navigation", "Objectives"),
        "objective_list",
        icon="target",
        section="account",
        order=30,
        permission=VIEW_OBJECTIVE,
    )
)
upcoming.register("targets", list_coming_up)
navigation.add(NavigationEntry("portal", "today", pgettext_lazy("navigation", "Today"), "portal_home", order=0))


@consumer(PRODUCT_RELEASED, "targets.measure_indicators")
@consumer(PRODUCT_RETIRED, "targets.measure_indicators")
@consumer(FEEDBACK_COMPUTED, "targets.measure_indicators")
def measure_after_change(event: Event) -> None:
    """What was released, retired or rated may move an indicator."""
    now = timezone.now()
    for code in list_measured_codes(event.alliance):
        measure_objective(event.alliance, code, at=now)
