"""Pilots in a person's calendar: until when the sites try a product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from alliance.kernel.calendar import CalendarEntry
from alliance.kernel.permissions import grants_of, institutions_acted_for
from groups.choices import COUNTING_CONFLICTS
from groups.models import ConflictOfInterest
from operations.choices import ParticipantState, PilotState
from operations.models import Pilot

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

SHOWN = (PilotState.PLANNED, PilotState.OPEN, PilotState.EXTENDED)
TRYING = (ParticipantState.ACCEPTED, ParticipantState.ANSWERED, ParticipantState.INVITED)


def calendar_of_pilots(alliance: Alliance, user: User, since: datetime, until: datetime) -> list[CalendarEntry]:
    """Deadlines of the rounds that a person's institutions take part in, or that try what they made; two queries.

    From a product from which every one of those institutions stands aside only the date stays.
    """
    mine = institutions_acted_for(grants_of(user, alliance))
    if not mine:
        return []
    rounds = list(
        Pilot.objects.of(alliance)
        .filter(
            Q(participants__institution_id__in=mine, participants__state__in=TRYING)
            | Q(product__author_id__in=mine)
            | Q(product__adapter_id__in=mine),
            state__in=SHOWN,
            deadline__gte=since,
            deadline__lte=until,
        )
        .select_related("product")
        .prefetch_related("participants")
        .order_by("deadline", "id")
        .distinct()
    )
    aside = set(
        ConflictOfInterest.objects.of(alliance)
        .filter(
            institution_id__in=mine,
            matter__in=[row.product.matter for row in rounds],
            state__in=COUNTING_CONFLICTS,
            ended_at__isnull=True,
        )
        .values_list("institution_id", "matter")
    )
    return [_entry(row, mine, aside) for row in rounds]


def _entry(pilot: Any, mine: set[int], aside: set[tuple[int, str]]) -> CalendarEntry:
    product = pilot.product
    concerned = {row.institution_id for row in pilot.participants.all() if row.state in TRYING} | {
        product.author_id,
        product.adapter_id,
    }
    if all((institution, product.matter) in aside for institution in mine & concerned):
        return CalendarEntry(
            uid=f"pilot-{pilot.pk}",
            starts_at=pilot.deadline,
            title=_("End of a pilot from which your institution stands aside"),
        )
    return CalendarEntry(
        uid=f"pilot-{pilot.pk}",
        starts_at=pilot.deadline,
        title=_("End of the pilot: %(title)s") % {"title": product.title},
        url_name="product_detail",
        url_kwargs={"code": product.code},
    )
