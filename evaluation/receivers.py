"""What evaluation adds to the kernel and how it reacts to events."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel import demo, navigation
from alliance.kernel.events import Event, consumer
from alliance.kernel.indicators import Indicator, indicators
from alliance.kernel.navigation import NavigationEntry
from evaluation import words  # noqa: F401 - names acts and records for the audit log
from evaluation.actions.demo import load
from evaluation.actions.feedback import compute_feedback
from evaluation.permissions import VIEW_FEEDBACK
from evaluation.selectors.feedback import measure_mean_feedback, measure_satisfied_share
from services.signals import RATING_CONFIRMED

demo.loaders.register("evaluation", load)

navigation.add(
    NavigationEntry(
        "console",
        "evaluation",
        pgettext_lazy("navigation", "Evaluation"),
        "feedback_list",
        icon="star",
        section="account",
        order=10,
        permission=VIEW_FEEDBACK,
    )
)

indicators.register(
    "evaluation.mean_feedback",
    Indicator(
        name="evaluation.mean_feedback",
        title=_("Mean mark of clients, 1 to 5"),
        description=_("Mean of every confirmed rating of the services on offer. Each client counts once per service."),
        params_schema=(),
        measure=measure_mean_feedback,
    ),
)

indicators.register(
    "evaluation.satisfied_share",
    Indicator(
        name="evaluation.satisfied_share",
        title=_("Satisfied clients, per cent"),
        description=_("Share of confirmed ratings with a mark of 4 or 5, over all services on offer."),
        params_schema=(),
        measure=measure_satisfied_share,
    ),
)


@consumer(RATING_CONFIRMED, "evaluation.compute_feedback")
def count_confirmed_rating(event: Event) -> None:
    """A confirmed rating changes the figures of its service."""
    compute_feedback(event.alliance, event.payload["entry"], at=timezone.now())
