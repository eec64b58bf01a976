"""Tells people in time that a seat, a position or a term ends, and that an action is due; each once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.notifications import notify
from alliance.choices import AllianceRole
from alliance.kernel.texts import Text, texts
from alliance.models import InboxItem, RoleAssignment, User
from groups.actions.meeting import people_of
from groups.actions.meeting_action import ACTION_REMINDER
from groups.actions.position import group_names
from groups.selectors.meeting import list_ending
from members.choices import StaffRole
from members.models import InstitutionStaff

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance

ENDINGS = "groups-ending:"
"""Begin of the keys of the office's items about what ends."""


def _day(moment: datetime) -> str:
    """The last day: the day before the moment, where that is a midnight."""
    return f"{timezone.localtime(moment) - timedelta(microseconds=1):%Y-%m-%d}"


@transaction.atomic
def send_reminders(alliance: Alliance, *, at: datetime) -> int:
    """Look at what ends or is due soon; call it as often as you like.

    The office finds one item for each seat, position and term that ends within 30 days; it leaves the inbox by itself once the
    end has passed or was moved. The institution's representatives are told of a seat or position once. Whoever does an action
    is reminded seven days before it is due and when it is overdue.

    Returns:
        How many notifications went out.
    """
    ending = list_ending(alliance, at)
    told = 0
    keys: set[str] = set()
    for kind, rows in (("seat", ending["seats"]), ("position", ending["positions"])):
        for row in rows:
            what = f"{kind}:{row.pk}:{row.ends_at.isoformat()}"
            keys.add(f"{ENDINGS}{what}")
            params: dict[str, Any] = {
                **group_names(row.group.kind),
                "institution_en": row.institution.name_en,
                "institution_zh": row.institution.name_zh,
                "last": _day(row.ends_at),
            }
            text = SEAT_ENDS if kind == "seat" else POSITION_ENDS
            _ask_office(alliance, text, what, row, params, at)
            told += notify(
                alliance,
                _representatives(alliance, row.institution_id, at),
                text,
                f"ends:{what}",
                params=params,
                at=at,
                url_name="portal_seat_list",
            )
    for row in ending["terms"]:
        what = f"term:{row.pk}:{row.ends_at.isoformat()}"
        keys.add(f"{ENDINGS}{what}")
        params = {**group_names(row.group.kind), "number": row.number, "last": _day(row.ends_at)}
        _ask_office(alliance, TERM_ENDS, what, row, params, at)
    outdated = InboxItem.objects.of(alliance).filter(key__startswith=ENDINGS, done_at__isnull=True).exclude(key__in=keys)
    outdated.update(done_at=at)
    return told + _remind_of_actions(alliance, ending["actions"], at)


def _ask_office(alliance: Alliance, text: str, what: str, row: Any, params: dict[str, Any], at: datetime) -> None:
    inbox.ask(
        alliance,
        text,
        f"{ENDINGS}{what}",
        inbox.office(),
        params=params,
        url_name="group_detail",
        url_kwargs={"kind": row.group.kind},
        at=at,
        due_at=row.ends_at,
    )


def _representatives(alliance: Alliance, institution_id: int, at: datetime) -> list[User]:
    staff = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(institution=institution_id, role=StaffRole.REPRESENTATIVE)
        .values("user")
    )
    return list(User.objects.filter(pk__in=staff, is_active=True))


def _remind_of_actions(alliance: Alliance, actions: list[Any], at: datetime) -> int:
    today = timezone.localtime(at).date()
    told = 0
    office: list[User] | None = None
    for action in actions:
        if action.institution_id is None:
            if office is None:
                held = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.SECRETARIAT).values("user")
                office = list(User.objects.filter(pk__in=held, is_active=True))
            people = office
        else:
            people = people_of(alliance, [action.institution_id], at)
        stage = "overdue" if action.due_on < today else "soon"
        own = action.institution_id is not None
        told += notify(
            alliance,
            people,
            ACTION_REMINDER,
            f"action:{action.uuid}:{stage}:{action.due_on.isoformat()}",
            params={
                "text_en": action.text_en,
                "text_zh": action.text_zh,
                "meeting": action.meeting.code,
                "due": action.due_on.isoformat(),
            },
            at=at,
            url_name="portal_action_detail" if own else "action_detail",
            url_kwargs={"uuid": str(action.uuid)},
        )
    return told


SEAT_ENDS = "groups.seat_ends"
POSITION_ENDS = "groups.position_ends"
TERM_ENDS = "groups.term_ends"
texts.register(
    SEAT_ENDS,
    Text(
        title=_("The seat of %(institution)s in the %(body)s ends on %(last)s"),
        body=_("Give it a new period, or let it end."),
        verb=_("Open"),
        icon="clock",
        can_dismiss=True,
    ),
)
texts.register(
    POSITION_ENDS,
    Text(
        title=_("A position of %(institution)s in the %(body)s ends on %(last)s"),
        body=_("Have it filled anew in time."),
        verb=_("Open"),
        icon="clock",
        can_dismiss=True,
    ),
)
texts.register(
    TERM_ENDS,
    Text(
        title=_("Term %(number)s of the %(body)s ends on %(last)s"),
        body=_("Set the next term and prepare its elections."),
        verb=_("Open"),
        icon="clock",
        can_dismiss=True,
    ),
)
