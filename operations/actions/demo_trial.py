"""Demonstration content of pilot sites and plans: plants, people, consent, an amended plan, a round taken up again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from operations.actions.amendment import amend_plan
from operations.actions.plan import current_plan
from operations.actions.reopening import reopen_round
from operations.actions.workflow import advance_pilot
from operations.choices import PersonRole
from operations.models import PilotPerson
from operations.selectors.people import staff_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from alliance.models import User
    from operations.models import Pilot, PilotParticipant

PLANTS: Final = (
    ("Dyehouse 2, lines 3 and 4", "二号染厂3、4号线"),
    ("Weaving shed, night shift", "织造车间夜班"),
    ("", ""),
)
"""Plants of the first, second and third site; the third tries it in the whole enterprise."""
AMENDED: Final = {
    "P-032": (
        "Two looms instead of one: the site asked for a comparison.",
        "Two looms of one type, side by side",
        "同型织机两台，并排对比",
    ),
}
REOPENED: Final = {"P-027": "Forms of the night shift lay in a drawer until after the deadline."}


def settle_sites(pilot: Pilot, firms: Sequence[PilotParticipant], *, at: datetime) -> None:
    """Plants, named people and consent of the sites of an invented round."""
    for place, firm in enumerate(firms):
        firm.site_en, firm.site_zh = PLANTS[min(place, len(PLANTS) - 1)]
        firm.is_public = place != 1
        firm.save(update_fields=["site_en", "site_zh", "is_public"])
        people = staff_of(pilot.alliance, [firm.institution_id], at=at)[:2]
        for person, role in zip(people, (PersonRole.LEAD, PersonRole.TRIER), strict=False):
            PilotPerson.objects.get_or_create(
                alliance=pilot.alliance, participant=firm, user=person, until=None, defaults={"role": role, "since": at}
            )


def amend(pilot: Pilot, *, officer: User | None, at: datetime) -> None:
    """Change the plan of a planned round by the real action, where the content says so."""
    if officer is None or pilot.product.code not in AMENDED or pilot.round != 1:
        return
    reason, sample_en, sample_zh = AMENDED[pilot.product.code]
    plan = replace(current_plan(pilot), sample_en=sample_en, sample_zh=sample_zh, sample_size=2)
    amend_plan(pilot.alliance, pilot.product.code, plan=plan, reason=reason, actor=officer, at=at)
    pilot.refresh_from_db()


def take_up_again(pilot: Pilot, *, officer: User | None, now: datetime) -> None:
    """Take a decided round up again by the real action, and let it be decided anew."""
    if officer is None or pilot.product.code not in REOPENED or pilot.round != 1:
        return
    pilot.refresh_from_db()
    at, deadline = pilot.deadline + timedelta(days=1), pilot.deadline + timedelta(days=4)
    if deadline >= now:
        return
    reason = REOPENED[pilot.product.code]
    reopen_round(pilot.alliance, pilot.product.code, reason=reason, deadline=deadline, actor=officer, at=at)
    while advance_pilot(pilot.alliance, pilot.pk, at=deadline + timedelta(minutes=1)):
        pass
    pilot.refresh_from_db()
