"""Motions of the invented alliance, put, voted on and closed through the actions, with dates around the demonstration's today."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from alliance.models import User
from groups.actions.motion import cast_vote, close_motion, draft_motion, open_motion
from groups.actions.proxy import ASSEMBLY, give_proxy
from groups.choices import BallotForm, GroupKind, Threshold, VoteBase
from groups.models import Motion, VirtualGroup
from groups.selectors.electors import list_electors
from members.choices import StaffRole
from members.models import InstitutionStaff

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance
    from members.models import Institution

YES, NO, ABSTAIN = "yes", "no", "abstain"

DECIDED: tuple[dict[str, Any], ...] = (
    {
        "days": 60,
        "title_en": "Work programme for the second half of the year",
        "title_zh": "下半年工作计划",
        "text_en": "The committee adopts the work programme of the secretariat: four studies on energy saving in weaving "
        "mills, two rounds of pilots, and one open day.",
        "text_zh": "管理委员会通过秘书处提交的工作计划：四项织造企业节能研究、两轮试点、一次开放日。",
        "ballot": BallotForm.OPEN,
        "votes": (YES, YES, YES, NO, ABSTAIN),
        "is_public": True,
    },
    {
        "days": 40,
        "title_en": "Shared database of energy use by looms",
        "title_zh": "织机能耗共享数据库",
        "text_en": "Members give measured energy use of looms to one database, from which all may compare. Two-thirds of those "
        "taking part are needed, because members bear the cost of measuring.",
        "text_zh": "成员向共享数据库提供织机实测能耗，供全体成员对比。因测量费用由成员承担，须出席者三分之二以上同意。",
        "ballot": BallotForm.OPEN,
        "threshold": Threshold.TWO_THIRDS,
        "votes": (YES, NO, YES, NO, ABSTAIN),
        "is_public": True,
    },
    {
        "days": 25,
        "title_en": "Choice of the secretary-general",
        "title_zh": "秘书长人选",
        "text_en": "The committee chooses the person proposed after the open call. Personal matters are voted on in secret.",
        "text_zh": "管理委员会就公开遴选后提出的人选表决。人员事项采用无记名投票。",
        "ballot": BallotForm.SECRET,
        "votes": (YES, YES, NO, YES, NO),
        "is_public": False,
    },
)

OPEN: tuple[dict[str, Any], ...] = (
    {
        "body": GroupKind.COMMITTEE,
        "title_en": "Second round of the pilots on carbon accounting",
        "title_zh": "碳核算试点第二轮",
        "text_en": "The committee starts a second round with four more mills and asks the leading-enterprise group to name them.",
        "text_zh": "管理委员会启动第二轮试点，新增四家织造企业，由龙头企业组提名。",
        "ballot": BallotForm.OPEN,
        "votes": (YES, NO),
    },
    {
        "body": None,
        "title_en": "Model letter on paying suppliers within 60 days",
        "title_zh": "六十日内支付供应商货款倡议书",
        "text_en": "The assembly recommends that leading enterprises pay suppliers of yarn within 60 days, and publishes a model "
        "letter. The vote is secret, for suppliers and customers vote side by side.",
        "text_zh": "成员大会建议龙头企业在六十日内支付纱线供应商货款，并发布倡议书范本。因供需双方同为成员，采用无记名投票。",
        "ballot": BallotForm.SECRET,
        "base": VoteBase.PRESENT,
        "votes": (YES, NO, YES),
    },
)


def load_motions(alliance: Alliance, *, at: datetime) -> None:
    """Three decided motions and two open ones; running it again adds nothing."""
    if Motion.objects.of(alliance).exists():
        return
    committee = VirtualGroup.objects.of(alliance).get(kind=GroupKind.COMMITTEE)
    for number, one in enumerate(DECIDED, start=1):
        opened = at - timedelta(days=one["days"])
        closes = opened + timedelta(days=10)
        voters = _voters(alliance, list(list_electors(alliance, committee, opened)), at)
        _put(alliance, f"M-{number:04d}", one, GroupKind.COMMITTEE, opened, closes)
        _vote(alliance, f"M-{number:04d}", voters, one["votes"], opened + timedelta(hours=2))
        close_motion(alliance, f"M-{number:04d}", at=closes)
    for number, one in enumerate(OPEN, start=len(DECIDED) + 1):
        opened = at - timedelta(days=3)
        group = committee if one["body"] else None
        electors = list(list_electors(alliance, group, opened))
        _put(alliance, f"M-{number:04d}", one, one["body"], opened, at + timedelta(days=9))
        # Those who sign in to the demonstration have their vote still before them.
        quiet = set(
            InstitutionStaff.objects.of(alliance)
            .filter(institution__in=electors, role=StaffRole.REPRESENTATIVE)
            .exclude(user__email__startswith="rep.")
            .values_list("institution_id", flat=True)
        )
        fitting = [one for one in electors if one.pk not in quiet][: len(one["votes"])]
        _vote(alliance, f"M-{number:04d}", _voters(alliance, fitting, at), one["votes"], opened + timedelta(hours=5))

    _further(alliance, at=at)


def _further(alliance: Alliance, *, at: datetime) -> None:
    """A draft that a member has put, and a standing proxy between two enterprises."""
    people = {
        staff.institution.code: staff.user
        for staff in InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(institution__code__in=["I-001", "I-035", "I-038"], role=StaffRole.REPRESENTATIVE)
        .select_related("institution", "user")
    }
    if "I-001" in people:
        draft_motion(
            alliance,
            group_kind=GroupKind.WISDOM,
            title_en="One glossary for all studies of the group",
            title_zh="全组研究统一使用一份术语表",
            text_en="Studies of the group use the terms of one glossary, kept by the libraries among the members.",
            text_zh="本组各项研究统一采用由图书情报机构维护的术语表。",
            proposer_code="I-001",
            actor=people["I-001"],
            at=at - timedelta(days=2),
        )
    if {"I-035", "I-038"} <= people.keys():
        give_proxy(
            alliance,
            giver_code="I-038",
            holder_code="I-035",
            body=ASSEMBLY,
            valid_until=at + timedelta(days=180),
            actor=people["I-038"],
            at=at - timedelta(days=5),
        )


def _put(alliance: Alliance, code: str, one: dict[str, Any], body: str | None, opened: datetime, closes: datetime) -> None:
    fields = {
        name: one[name]
        for name in ("title_en", "title_zh", "text_en", "text_zh", "ballot", "threshold", "base", "is_public")
        if name in one
    }
    draft_motion(alliance, group_kind=body, code=code, actor=None, at=opened - timedelta(days=1), **fields)
    open_motion(alliance, code, closes_at=closes, actor=None, at=opened)


def _vote(
    alliance: Alliance, code: str, voters: list[tuple[Institution, User]], votes: tuple[str, ...], at: datetime
) -> None:
    for place, ((institution, user), choice) in enumerate(zip(voters, votes, strict=False)):
        cast_vote(
            alliance,
            code,
            institution_code=institution.code,
            choice=choice,
            actor=user,
            at=at + timedelta(minutes=7 * place),
        )


def _voters(alliance: Alliance, institutions: list[Institution], at: datetime) -> list[tuple[Institution, User]]:
    """Each institution with somebody who represents it; people nobody can sign in as, where there is nobody yet."""
    found = []
    for institution in institutions:
        staff = (
            InstitutionStaff.objects.of(alliance)
            .at(at)
            .filter(institution=institution, role=StaffRole.REPRESENTATIVE)
            .select_related("user")
            .order_by("id")
            .first()
        )
        if staff is None:
            user = User.objects.create_user(
                f"rep.{institution.code.lower()}@{alliance.slug}.example",
                None,
                name_en=f"Representative of {institution.code}",
                name_zh=f"{institution.code} 代表",
                is_demonstration=True,
            )
            staff = InstitutionStaff.objects.create(
                alliance=alliance,
                institution=institution,
                user=user,
                role=StaffRole.REPRESENTATIVE,
                starts_at=at - timedelta(days=400),
            )
        found.append((institution, staff.user))
    return found
