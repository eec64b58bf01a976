"""Demonstration resources and bookings of the invented alliance."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from alliance.kernel.demo import WEAVING
from members.choices import BookingState, ResourceAudience, ResourceKind
from members.models import Institution, InstitutionStaff, Resource, ResourceBooking, ResourceUser
from members.selectors.names import sort_key_of

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance

# Code, owner, kind, names, descriptions, terms, place, audience, named, bookable, approval.
RESOURCES = (
    ("RS-001", "I-001", ResourceKind.LABORATORY, "Dyeing laboratory", "染色实验室",
     "Twelve pressure pots, one spectrophotometer, one rubbing tester.", "高温染杯十二个、测色仪一台、摩擦牢度仪一台。",
     "Free for members on weekdays; chemicals at cost; our technician is present.", "工作日成员免费，染化料按成本收取，我方技术员在场。",
     "Foshan", ResourceAudience.MEMBERS, (), True, True),
    ("RS-002", "I-001", ResourceKind.DATA_SET, "Water meter readings of 38 mills", "三十八家染厂水表数据",
     "Monthly readings by process step, names removed.", "按工序的月度读数，已去除厂名。",
     "For studies inside the alliance; figures of single mills may not be published.", "仅限联盟内研究使用，不得公开单厂数据。",
     "", ResourceAudience.NAMED, ("I-004", "I-057"), False, True),
    ("RS-003", "I-010", ResourceKind.VENUE, "Meeting hall for 120", "一百二十座报告厅",
     "Interpretation booth, link for remote guests.", "配同传间与远程接入。",
     "Booked by the day; cleaning fee.", "按天预订，收取保洁费。",
     "Guangzhou", ResourceAudience.MEMBERS, (), True, False),
    ("RS-004", "I-051", ResourceKind.COLLECTION, "Trade standards collection", "行业标准文献库",
     "Standards and test methods since 1985, reading room and scans on request.", "1985年以来的标准与试验方法，可到馆阅览或申请扫描。",
     "Reading is open to everybody; scans for members.", "阅览对公众开放，扫描件限成员。",
     "Guangzhou", ResourceAudience.PUBLIC, (), False, False),
)  # fmt: skip


def load_resources(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - a loader's form
    """Load the invented resources; nothing for the alliance of real institutions. Running it again adds nothing."""
    if flavour != WEAVING:
        return
    known = set(Resource.objects.of(alliance).values_list("code", flat=True))
    ids = dict(Institution.objects.of(alliance).values_list("code", "id"))
    for (code, owner, kind, name_en, name_zh, what_en, what_zh, terms_en, terms_zh, place, audience, named, bookable,
         approval) in RESOURCES:  # fmt: skip
        if code in known or owner not in ids:
            continue
        resource = Resource.objects.create(
            alliance=alliance,
            code=code,
            institution_id=ids[owner],
            kind=kind,
            name_en=name_en,
            name_zh=name_zh,
            description_en=what_en,
            description_zh=what_zh,
            terms_en=terms_en,
            terms_zh=terms_zh,
            place=place,
            audience=audience,
            is_bookable=bookable,
            needs_approval=approval,
            sort_key=sort_key_of(name_en, name_zh),
        )
        ResourceUser.objects.bulk_create(
            [ResourceUser(alliance=alliance, resource=resource, institution_id=ids[user]) for user in named if user in ids]
        )
        if bookable:
            _book(alliance, resource, ids, at)


def _book(alliance: Alliance, resource: Resource, ids: dict[str, int], at: datetime) -> None:
    """Two bookings in the coming weeks, by an institution whose people are known."""
    staff = (
        InstitutionStaff.objects.of(alliance)
        .exclude(institution_id=resource.institution_id)
        .select_related("user")
        .order_by("institution__code", "id")
        .first()
    )
    if staff is None or staff.institution_id not in ids.values():
        return
    morning = timezone.localtime(at).replace(hour=9, minute=0, second=0, microsecond=0)
    ResourceBooking.objects.bulk_create(
        [
            ResourceBooking(
                alliance=alliance,
                resource=resource,
                institution_id=staff.institution_id,
                booked_by=staff.user,
                state=state,
                starts_at=morning + timedelta(days=days),
                ends_at=morning + timedelta(days=days, hours=hours),
                purpose=purpose,
                created_at=at - timedelta(days=2),
            )
            for days, hours, state, purpose in (
                (4, 8, BookingState.CONFIRMED, "Pilot samples 试点打样"),
                (11, 4, BookingState.REQUESTED if resource.needs_approval else BookingState.CONFIRMED, "Training 培训"),
            )
        ]
    )
