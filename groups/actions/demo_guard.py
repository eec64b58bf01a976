"""Demonstration of the conflict guard and of the levels: everything here is invented."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils import timezone

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.demo import make_alliance
from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.demo import WEAVING, DemonstrationAlliance
from alliance.models import Alliance, RoleAssignment, User
from groups.actions.conflict import declare_conflict
from groups.actions.declaration import (
    ASKING_MONTH,
    DECLARATION_WANTED,
    DECLARATIONS_MISSING,
    LAST_DAY,
    NewInterest,
    declaration_key,
    declare_interest,
    end_of,
)
from groups.actions.directive import (
    DirectiveText,
    acknowledge_directive,
    carry_directive,
    draft_directive,
    report_directive,
    send_directive,
    tell_sender,
)
from groups.choices import DeclarationState, HoldingDirection
from groups.models import Directive, Interest, InterestDeclaration, ReceivedDirective
from members.choices import InterestKind, StaffRole
from members.models import Institution

if TYPE_CHECKING:
    from datetime import datetime

INTERESTS = (
    ("I-004", NewInterest(InterestKind.SHARED_OUTPUT, member="I-061", words="A joint study of loom settings, 2025.")),
    ("I-002", NewInterest(InterestKind.CONTRACT, member="I-008", ends_on=date(2025, 6, 30), words="Survey of yarn prices.")),
    ("I-011", NewInterest(InterestKind.POST, member="I-018", person="Pan Yiqin", words="Sits on its advisory board.")),
    (
        "I-042",
        NewInterest(
            InterestKind.HOLDING,
            outside_party="Xihe Dyeing Holding",
            direction=HoldingDirection.THEIRS,
            share_percent=Decimal("31.50"),
        ),
    ),
    (
        "I-047",
        NewInterest(
            InterestKind.HOLDING,
            outside_party="Xihe Dyeing Holding",
            direction=HoldingDirection.THEIRS,
            share_percent=Decimal(18),
        ),
    ),
    ("I-052", NewInterest(InterestKind.FAMILY, member="I-044", words="The directors are sisters.")),
)
CLAIMED = "I-036"
"""Of whom the office says that it has an interest; it has not answered yet."""
MISSING = ("I-009", "I-033", "I-051")
CHILDREN = (
    ("weaving-guangdong", "Guangdong Provincial Weaving Alliance", "广东省织造产业智库联盟", "440000", "粤"),
    ("weaving-jiangsu", "Jiangsu Provincial Weaving Alliance", "江苏省织造产业智库联盟", "320000", "苏"),
    ("weaving-zhejiang", "Zhejiang Provincial Weaving Alliance", "浙江省织造产业智库联盟", "330000", "浙"),
)


def load_guard(alliance: Alliance, *, at: datetime) -> None:
    """Interests, a year's declarations and a conflict that the office claims; running it again adds nothing."""
    officer = _officer(alliance, at)
    if officer is None or Interest.objects.of(alliance).exists():
        return
    there = dict(Institution.objects.of(alliance).values_list("code", "id"))
    year = timezone.localdate(at).year
    asked_at = at.replace(month=1, day=4)
    for code, new in INTERESTS:
        if code in there and (not new.member or new.member in there):
            declare_interest(alliance, code, new, actor=officer, at=min(asked_at + timedelta(days=9), at))
    declaring = {code for code, _new in INTERESTS}
    due_on = date(year, ASKING_MONTH, LAST_DAY)
    missing = [code for code in MISSING if code in there]
    InterestDeclaration.objects.bulk_create(
        [
            InterestDeclaration(
                alliance=alliance,
                institution=institution,
                year=year,
                due_on=due_on,
                **(
                    {"state": DeclarationState.ASKED}
                    if institution.code in missing
                    else {
                        "state": DeclarationState.SUBMITTED,
                        "interest_count": int(institution.code in declaring),
                        "submitted_at": min(asked_at + timedelta(days=9), at),
                    }
                ),
            )
            for institution in Institution.objects.of(alliance).active()
        ],
        ignore_conflicts=True,
    )
    for code in missing:
        inbox.ask(
            alliance,
            DECLARATION_WANTED,
            declaration_key(there[code], year),
            inbox.institution(there[code], StaffRole.REPRESENTATIVE),
            params={"year": year},
            url_name="portal_interest_list",
            at=at,
            due_at=end_of(due_on),
        )
    if missing:
        inbox.ask(
            alliance,
            DECLARATIONS_MISSING,
            f"declarations-missing:{year}",
            inbox.office(),
            params={"year": year},
            url_name="declaration_list",
            at=at,
        )
    if CLAIMED in there:
        declare_conflict(
            alliance,
            CLAIMED,
            "product:P-033",
            reason="It prints the fibre labels that the videos show as examples.",
            actor=officer,
            at=at - timedelta(days=3),
        )


def _officer(alliance: Alliance, at: datetime) -> User | None:
    role = (
        RoleAssignment.objects.of(alliance)
        .at(at)
        .filter(role=AllianceRole.SECRETARIAT)
        .select_related("user")
        .order_by("id")
        .first()
    )
    return role.user if role else None


def load_levels(alliance: Alliance, *, at: datetime) -> None:
    """Three small provincial alliances below the demonstration, two directives to them; running it again adds nothing.

    They are demonstrations too and go with it. The secretariat's account of the alliance above acts in each.
    """
    officer = _officer(alliance, at)
    if officer is None or not alliance.is_demonstration or Directive.objects.of(alliance).exists():
        return
    children = [_child(alliance, officer, *fields, at=at) for fields in CHILDREN]
    recipients = [child.slug for child in children]
    long_ago = at - timedelta(days=40)
    first = draft_directive(
        alliance,
        DirectiveText(
            kind="target",
            title_en="Fifty small mills on the low-salt guide by the end of the quarter",
            title_zh="本季度末50家中小企业应用低盐染色指南",
            text_en="Name the mills that will try the guide, and say how many have begun.",
            text_zh="请报送拟应用指南的企业名单，并说明已开始应用的企业数量。",
            measure="Mills that have begun",
            due_on=timezone.localdate(at) - timedelta(days=4),
        ),
        actor=officer,
        at=long_ago,
    )
    send_directive(alliance, first.code, recipients=recipients, actor=officer, at=long_ago)
    _carry(alliance, first, children, at=long_ago + timedelta(hours=1))
    for child, figure, words, words_zh in (
        (
            children[0],
            Decimal(23),
            "Twenty-three mills have begun, most of them in Foshan.",
            "已有23家企业开始应用，多数在佛山。",
        ),
        (
            children[1],
            Decimal(14),
            "Fourteen mills have begun; eight wait for a training day.",
            "已有14家企业开始应用，8家等待培训。",
        ),
    ):
        with tenancy.acting_in(child):
            code = ReceivedDirective.objects.of(child).values_list("code", flat=True).get()
            report_directive(
                child, code, text_en=words, text_zh=words_zh, figure=figure, actor=officer, at=at - timedelta(days=6)
            )
    with tenancy.acting_in(children[2]):
        code = ReceivedDirective.objects.of(children[2]).values_list("code", flat=True).get()
        acknowledge_directive(children[2], code, actor=officer, at=at - timedelta(days=30))
    _tell(first, children, at=at)
    second = draft_directive(
        alliance,
        DirectiveText(
            kind="work",
            title_en="List the training days of the coming year",
            title_zh="报送明年培训计划",
            text_en="Dates, places and the skills taught, so that mills can plan.",
            text_zh="请报送时间、地点和培训内容，便于企业安排。",
            measure="",
            due_on=timezone.localdate(at) + timedelta(days=18),
        ),
        actor=officer,
        at=at - timedelta(days=1),
    )
    send_directive(alliance, second.code, recipients=recipients, actor=officer, at=at - timedelta(days=1))
    _carry(alliance, second, children, at=at - timedelta(days=1))
    _tell(second, children, at=at)


def _child(
    alliance: Alliance, officer: User, slug: str, name_en: str, name_zh: str, region: str, seal: str, *, at: datetime
) -> Alliance:
    fields = {
        "name_en": name_en,
        "name_zh": name_zh,
        "level": "provincial",
        "industry_code": alliance.industry_code,
        "region_code": region,
        "seal_character": seal,
    }
    child = make_alliance(DemonstrationAlliance(slug, WEAVING, fields), at=at)
    if child.parent_id is None:
        child.parent = alliance
        child.save(update_fields=["parent"])
    with tenancy.acting_in(child):
        if not RoleAssignment.objects.of(child).filter(user=officer).exists():
            role = RoleAssignment.objects.create(
                alliance=child, user=officer, role=AllianceRole.SECRETARIAT, starts_at=at - timedelta(days=400)
            )
            record_audit(role, actor=None, verb="give_role", after={"user": officer.uuid, "role": role.role}, at=at)
    return child


def _carry(alliance: Alliance, directive: Directive, children: list[Alliance], *, at: datetime) -> None:
    """What the relay does later anyway, so that the pages show it at once."""
    for delivery in directive.deliveries.filter(recipient_slug__in=[child.slug for child in children]):
        carry_directive(alliance, delivery.uuid, at=at)


def _tell(directive: Directive, children: list[Alliance], *, at: datetime) -> None:
    names = dict(directive.deliveries.values_list("recipient_slug", "uuid"))
    for child in children:
        with tenancy.acting_in(child):
            tell_sender(child, names[child.slug], at=at)
