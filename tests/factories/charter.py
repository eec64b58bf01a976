"""Rows of charter, responsibilities, consortia and disputes for tests. Call them inside ``acting_in``."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from groups.choices import (
    CharterState,
    ConsortiumRole,
    ConsortiumState,
    DisputeState,
    GroupKind,
    ReportPeriod,
    ResponsibilityState,
)
from groups.models import (
    CharterAcceptance,
    CharterArticle,
    CharterVersion,
    Consortium,
    ConsortiumMembership,
    Dispute,
    Responsibility,
    ResponsibilityReport,
)
from groups.selectors.charter_text import charter_digest
from tests.factories.alliance import BEFORE
from tests.factories.groups import make_group

if TYPE_CHECKING:
    from alliance.models import Alliance, User
    from members.models import Institution

_numbers = itertools.count(1)


def make_charter(
    alliance: Alliance, number: int = 1, *, state: str = CharterState.IN_FORCE, articles: int = 3, **fields: Any
) -> CharterVersion:
    """A version with some articles in both languages; adopted ones are sealed, in force since 1 April 2026."""
    version = CharterVersion.objects.create(alliance=alliance, number=number)
    for place in range(1, articles + 1):
        CharterArticle.objects.create(
            alliance=alliance,
            version=version,
            number=place,
            chapter_zh="第一章 总则",
            chapter_en="Chapter I General",
            title_zh=f"标题{place}",
            title_en=f"Title {place}",
            body_zh=f"第{place}条的正文，第{number}版。",
            body_en=f"Text of article {place}, version {number}.",
        )
    if state == CharterState.DRAFT:
        return version
    values: dict[str, Any] = {"adopted_on": date(2026, 3, 2), "in_force_on": date(2026, 4, 1), **fields}
    for name, value in values.items():
        setattr(version, name, value)
    version.digest = charter_digest(version, list(version.articles.all()))
    version.state = state
    version.save()
    return version


def accept(version: CharterVersion, institution: Institution, at: datetime | None = None) -> CharterAcceptance:
    """An institution's acceptance."""
    return CharterAcceptance.objects.create(
        alliance=version.alliance,
        version=version,
        institution=institution,
        accepted_at=at or BEFORE,
        digest=version.digest,
    )


def make_responsibility(institution: Institution, kind: str = GroupKind.POLICY, **fields: Any) -> Responsibility:
    """An acknowledged monthly responsibility since the beginning of 2026."""
    values: dict[str, Any] = {
        "code": f"R-{next(_numbers):04d}",
        "state": ResponsibilityState.ACKNOWLEDGED,
        "duty_en": "Keep the register",
        "duty_zh": "维护台账",
        "measure_en": "updated monthly",
        "measure_zh": "每月更新",
        "period": ReportPeriod.MONTHLY,
        "starts_on": date(2026, 1, 1),
        "acknowledged_at": datetime(2026, 1, 5, tzinfo=timezone.get_current_timezone()),
        "created_at": timezone.now(),
        **fields,
    }
    return Responsibility.objects.create(
        alliance=institution.alliance, institution=institution, group=make_group(institution.alliance, kind), **values
    )


def make_consortium(alliance: Alliance, lead: Institution, *members: Institution, **fields: Any) -> Consortium:
    """An active consortium whose parts began ``BEFORE``."""
    values: dict[str, Any] = {
        "code": f"K-{next(_numbers):04d}",
        "state": ConsortiumState.ACTIVE,
        "name_en": "Low-salt dyeing",
        "name_zh": "低盐染色",
        "technology_en": "reactive dyeing with little salt",
        "technology_zh": "活性染料低盐染色",
        "plan_en": "Three trials.",
        "terms_en": "Inputs, ownership, sharing, exit.",
        "filed_on": date(2026, 6, 1),
        "created_at": timezone.now(),
        **fields,
    }
    consortium = Consortium.objects.create(alliance=alliance, **values)
    for institution in (lead, *members):
        add_part(consortium, institution, role=ConsortiumRole.LEAD if institution is lead else ConsortiumRole.MEMBER)
    return consortium


def add_part(consortium: Consortium, institution: Institution, **fields: Any) -> ConsortiumMembership:
    """A part in a consortium, accepted ``BEFORE``."""
    values: dict[str, Any] = {"role": ConsortiumRole.MEMBER, "starts_at": BEFORE, "accepted_at": BEFORE, **fields}
    return ConsortiumMembership.objects.create(
        alliance=consortium.alliance, consortium=consortium, institution=institution, **values
    )


def make_dispute(claimant: Institution, respondent: Institution, **fields: Any) -> Dispute:
    """A dispute filed just now."""
    values: dict[str, Any] = {
        "code": f"D-{next(_numbers):04d}",
        "subject": "Machine hours not given",
        "state": DisputeState.FILED,
        "filed_at": timezone.now(),
        "due_on": timezone.localdate() + timedelta(days=7),
        **fields,
    }
    return Dispute.objects.create(alliance=claimant.alliance, claimant=claimant, respondent=respondent, **values)


def seat_in_committee(institution: Institution, user: User) -> None:
    """A working seat in the management committee for an institution that a person represents."""
    from tests.factories.groups import make_seat
    from tests.factories.members import make_staff

    make_seat(institution, GroupKind.COMMITTEE)
    make_staff(institution, user)


def make_promises(alliance: Alliance, institutions: list[Institution], count: int, *, mark: str = "") -> None:
    """Some of everything, as the lists of the API show it: with rows that hang on them, and without."""
    moment = datetime(2026, 11, 1, 4, 5, 6, tzinfo=timezone.get_current_timezone())
    for number in range(1, count + 1):
        state = CharterState.IN_FORCE if number == count else CharterState.SUPERSEDED
        make_charter(alliance, number, state=state, articles=number % 3)
        institution = institutions[number % len(institutions)]
        responsibility = make_responsibility(
            institution,
            code=f"R-{number:03d}",
            duty_en=f"{mark}Duty {number}",
            due_on=date(2027, 1, 1) if number % 2 else None,
            created_at=moment + timedelta(minutes=number // 2),
        )
        for place in range(number % 3):
            ResponsibilityReport.objects.create(
                alliance=alliance,
                responsibility=responsibility,
                due_on=date(2026, 1 + place, 28),
                figure=Decimal("93.50") if place else None,
            )
        others = [one for one in institutions[:2] if one != institution]
        consortium = make_consortium(
            alliance,
            institution,
            *others[: number % 3],
            code=f"K-{number:03d}",
            name_en=f"{mark}Consortium {number}",
            created_at=moment + timedelta(minutes=number // 2),
        )
        if institutions[-1] not in {institution, *others}:
            add_part(consortium, institutions[-1], accepted_at=None)
