"""Reads of responsibilities and the reports on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, Min, OuterRef, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from groups.choices import GroupKind, ReportState, ResponsibilityState, SeatRole
from groups.models import GroupMembership, Responsibility, ResponsibilityReport
from members.models import Institution
from members.selectors.duties import Duty

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

OPEN_REPORTS = (ReportState.DUE, ReportState.RETURNED)
"""Reports that the institution still has to hand in."""
OPEN_STATES = (ResponsibilityState.PROPOSED, ResponsibilityState.ACKNOWLEDGED)


def is_late(on: date) -> Q:
    """Condition for reports that are overdue on a day: still to be handed in, and their day is over."""
    return Q(state__in=OPEN_REPORTS, due_on__lt=on, responsibility__state=ResponsibilityState.ACKNOWLEDGED)


def list_responsibilities(
    alliance: Alliance,
    *,
    on: date,
    institution_ids: Collection[int] | None = None,
    groups: Collection[str] = (),
    states: Collection[str] = (),
    late: bool = False,
    text: str = "",
) -> QuerySet[Responsibility]:
    """Responsibilities, newest first, with institution, group and the numbers of their reports; one query.

    Args:
        alliance: The tenant.
        on: Today: tells what is late.
        institution_ids: Only those of these institutions.
        groups: Only in these groups.
        states: Only in these states.
        late: Only those with an overdue report.
        text: Part of the duty, the code or the institution's name.
    """
    reports = ResponsibilityReport.objects.of(alliance).filter(responsibility=OuterRef("pk"))
    found = Responsibility.objects.of(alliance).select_related("institution", "group")
    if institution_ids is not None:
        found = found.filter(institution_id__in=institution_ids)
    if groups:
        found = found.filter(group__kind__in=groups)
    if states:
        found = found.filter(state__in=states)
    if late:
        found = found.filter(Exists(reports.filter(is_late(on))))
    if text:
        found = found.filter(
            Q(code__iexact=text)
            | Q(duty_en__icontains=text)
            | Q(duty_zh__icontains=text)
            | Q(institution__name_en__icontains=text)
            | Q(institution__name_zh__icontains=text)
        )
    return found.annotate(
        done=Count("reports", filter=Q(reports__state=ReportState.ACCEPTED)),
        waiting=Count("reports", filter=Q(reports__state=ReportState.SUBMITTED)),
        late=Count(
            "reports",
            filter=Q(reports__state__in=OPEN_REPORTS, reports__due_on__lt=on, state=ResponsibilityState.ACKNOWLEDGED),
        ),
        next_due=Min("reports__due_on", filter=Q(reports__state__in=OPEN_REPORTS)),
    ).order_by("-created_at", "-id")


def find_responsibility(alliance: Alliance, code: str) -> Responsibility | None:
    """One responsibility with what its page shows; one query."""
    return (
        Responsibility.objects.of(alliance)
        .select_related("institution", "group", "acknowledged_by", "previous", "previous__institution")
        .filter(code=code)
        .first()
    )


def list_reports(responsibility: Responsibility) -> QuerySet[ResponsibilityReport]:
    """The reports on a responsibility, latest first; one query."""
    return (
        ResponsibilityReport.objects.of(responsibility.alliance)
        .filter(responsibility=responsibility)
        .select_related("file", "submitted_by")
        .order_by("-due_on", "-id")
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """Responsibilities and reports of one institution or group.

    Attributes:
        key: Code of the institution or kind of the group.
        label: Its name.
        duties: Responsibilities acknowledged or waiting for it.
        unacknowledged: Those of them that wait for acknowledgement.
        done: Reports accepted.
        late: Reports overdue.
    """

    key: str
    label: StrOrPromise
    duties: int
    unacknowledged: int
    done: int
    late: int


def count_by_group(alliance: Alliance, on: date) -> list[Tally]:
    """How each group's responsibilities stand, in the order of the groups; two queries."""
    duties = _duties(alliance, "group__kind")
    reports = _reports(alliance, on, "responsibility__group__kind")
    return [
        Tally(kind, GroupKind(kind).label, *duties[kind], *reports.get(kind, (0, 0)))
        for kind in GroupKind.values
        if kind in duties
    ]


def count_by_institution(alliance: Alliance, on: date, *, most: int = 20) -> list[Tally]:
    """The institutions with the most overdue reports first; three queries."""
    duties = _duties(alliance, "institution_id")
    reports = _reports(alliance, on, "responsibility__institution_id")
    ids = sorted(duties, key=lambda pk: (-reports.get(pk, (0, 0))[1], -duties[pk][1], pk))[:most]
    names = Institution.objects.of(alliance).in_bulk(ids)
    return [Tally(names[pk].code, names[pk].name, *duties[pk], *reports.get(pk, (0, 0))) for pk in ids]


def _duties(alliance: Alliance, path: str) -> dict[Any, tuple[int, int]]:
    rows = (
        Responsibility.objects.of(alliance)
        .filter(state__in=OPEN_STATES)
        .values_list(path)
        .annotate(n=Count("id"), proposed=Count("id", filter=Q(state=ResponsibilityState.PROPOSED)))
        .order_by()
    )
    return {key: (n, proposed) for key, n, proposed in rows}


def _reports(alliance: Alliance, on: date, path: str) -> dict[Any, tuple[int, int]]:
    rows = (
        ResponsibilityReport.objects.of(alliance)
        .values_list(path)
        .annotate(done=Count("id", filter=Q(state=ReportState.ACCEPTED)), late=Count("id", filter=is_late(on)))
        .order_by()
    )
    return {key: (done, late) for key, done, late in rows}


def late_reports(alliance: Alliance, user: Any) -> QuerySet[ResponsibilityReport]:  # noqa: ARG001 - a counter of the navigation
    """Overdue reports of the alliance."""
    return ResponsibilityReport.objects.of(alliance).filter(is_late(timezone.localdate()))


def has_working_seat(alliance: Alliance, institution_id: int, group_kind: str, at: datetime) -> bool:
    """Whether an institution sits in a group as member or convenor at a moment; one query."""
    return (
        GroupMembership.objects.of(alliance)
        .at(at)
        .filter(institution_id=institution_id, group__kind=group_kind, role__in=[SeatRole.CONVENOR, SeatRole.MEMBER])
        .exists()
    )


def duty_provider(settle: Callable[..., object]) -> Callable[[Alliance, Institution, datetime], list[Duty]]:
    """The provider of an institution's open responsibilities for its exit.

    Args:
        settle: The action that hands a responsibility over or ends it, ``settle(alliance, code, to, actor=..., at=...)``;
            handed in, because actions build on selectors and not the other way round.
    """

    def provide(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:  # noqa: ARG001 - the provider's form
        rows = Responsibility.objects.of(alliance).filter(institution=institution, state__in=OPEN_STATES).order_by("id")

        def hand_over(code: str, to: Institution | None, *, actor: User, at: datetime) -> None:
            settle(alliance, code, to, actor=actor, at=at)

        return [
            Duty(
                _("responsibility %(code)s: %(duty)s") % {"code": row.code, "duty": duty_in_words(row)},
                "responsibility_detail",
                {"code": row.code},
                key=f"responsibility:{row.code}",
                hand_over=partial(hand_over, row.code),
            )
            for row in rows
        ]

    return provide


def duty_in_words(responsibility: Responsibility) -> str:
    """The duty in the active language, else in the other one."""
    chinese = (get_language() or "").startswith("zh")
    first, second = responsibility.duty_zh, responsibility.duty_en
    return (first or second) if chinese else (second or first)
