"""Charter, responsibilities, a consortium and two disputes of the invented alliance, with dates around the day of loading."""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.choices import AllianceRole
from alliance.models import RoleAssignment, User
from groups.actions.charter import adopt_charter, ask_for_acceptance, put_charters_in_force
from groups.actions.consortium import (
    accept_terms,
    file_consortium,
    found_consortium,
    invite_to_consortium,
    share_consortium_file,
)
from groups.actions.dispute import (
    add_statement,
    agree_to_proposal,
    file_dispute,
    make_proposal,
    name_mediator,
    note_session,
)
from groups.actions.responsibility import ask_for_report, ask_reports_of
from groups.choices import ReportPeriod, ReportState, ResponsibilityState
from groups.models import (
    CharterAcceptance,
    CharterArticle,
    CharterVersion,
    Consortium,
    Dispute,
    Responsibility,
    ResponsibilityReport,
    VirtualGroup,
)
from groups.selectors.charter_text import FIELDS, read_charter
from groups.selectors.report_days import report_days
from members.choices import RIGHTS_ENDED, InstitutionState, StaffRole
from members.models import Institution, InstitutionStaff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alliance.models import Alliance

TODAY: Final = date(2026, 11, 21)
"""The day the invented content stands at; all its dates are moved with the day of loading."""
NOT_ACCEPTED: Final = frozenset({"I-037", "I-064"})
"""One waits for its acceptance to become a member; the other one has lost its vote for want of it."""
EARLIER: Final[tuple[tuple[str, str], ...]] = (
    ("十个工作日内完成初审", "十五个工作日内完成初审"),
    ("within ten working days and lists", "within fifteen working days and lists"),
    ("议题和材料至少提前十日发出", "议题和材料至少提前七日发出"),
    ("go out at least ten days ahead", "go out at least seven days ahead"),
    ("一个成员最多接受两份委托", "一个成员最多接受三份委托"),
    ("Nobody holds more than two proxies", "Nobody holds more than three proxies"),
    ("二十个工作日内调解", "三十个工作日内调解"),
    ("who has twenty working days", "who has thirty working days"),
)
"""What version 2 said where version 3 says otherwise: version 3 first."""


class _Clock:
    """Days of the content as days and moments of the loading."""

    def __init__(self, at: datetime) -> None:
        self.now = at
        self.today = timezone.localtime(at).date()
        self.shift = self.today - TODAY

    def day(self, text: str) -> date:
        """A day of the content."""
        return date.fromisoformat(text) + self.shift

    def at(self, day: date, hour: int = 10) -> datetime:
        """A moment of a day."""
        return timezone.make_aware(datetime.combine(day, time(hour)))

    def ago(self, days: int, hour: int = 10) -> datetime:
        """A moment some days before the loading."""
        return self.at(self.today - timedelta(days=days), hour)


def load_charter(alliance: Alliance, *, data_dir: Path, at: datetime) -> None:
    """Versions 2 and 3 of the model charter with their acceptances; running it again adds nothing."""
    path = data_dir / "demo" / "charter.md"
    if CharterVersion.objects.of(alliance).exists() or not path.exists():
        return
    clock = _Clock(at)
    text = path.read_text(encoding="utf-8")
    earlier = text
    for new, old in EARLIER:
        earlier = earlier.replace(new, old)
    second = _version(alliance, 2, earlier, proxies=3)
    _adopt(alliance, second, clock.day("2024-02-26"), clock.day("2024-03-15"), clock)
    third = _version(alliance, 3, text, proxies=2)
    _adopt(alliance, third, clock.day("2026-03-02"), clock.day("2026-04-01"), clock)
    _accept_all(alliance, second, clock, until=clock.day("2026-03-31"))
    _accept_all(alliance, third, clock, until=clock.today)
    ask_for_acceptance(alliance, at=at)


def _version(alliance: Alliance, number: int, text: str, *, proxies: int) -> CharterVersion:
    found = read_charter(text)
    if found.faults:
        message = f"demonstration charter: {found.faults[0]}"
        raise ValueError(message)
    version = CharterVersion.objects.create(alliance=alliance, number=number, proxies_per_holder=proxies)
    CharterArticle.objects.bulk_create(
        CharterArticle(
            alliance=alliance,
            version=version,
            number=article.number,
            **{name: getattr(article, name) for name in FIELDS},
        )
        for article in found.articles
    )
    return version


def _adopt(alliance: Alliance, version: CharterVersion, adopted: date, in_force: date, clock: _Clock) -> None:
    version.in_force_on = in_force
    version.save(update_fields=["in_force_on"])
    adopt_charter(alliance, version, motion=None, at=clock.at(adopted, 16))
    put_charters_in_force(alliance, at=clock.at(in_force, 0))
    version.refresh_from_db()


def _accept_all(alliance: Alliance, version: CharterVersion, clock: _Clock, *, until: date) -> None:
    """Members accept within the four weeks after a version came into force, or on the day they joined."""
    if version.in_force_on is None:
        return
    speakers = dict(
        InstitutionStaff.objects.of(alliance)
        .at(clock.now)
        .filter(role=StaffRole.REPRESENTATIVE)
        .values_list("institution_id", "user_id")
    )
    rows = []
    institutions = Institution.objects.of(alliance).exclude(state__in=RIGHTS_ENDED).order_by("code")
    for place, institution in enumerate(institutions):
        if institution.state == InstitutionState.CHARTER_PENDING:
            continue
        if institution.code in NOT_ACCEPTED and version.number == 3:
            continue
        joined = institution.joined_on + clock.shift if institution.joined_on else version.in_force_on
        day = max(version.in_force_on + timedelta(days=place % 28), joined)
        if day > until:
            continue
        rows.append(
            CharterAcceptance(
                alliance=alliance,
                version=version,
                institution=institution,
                user_id=speakers.get(institution.pk),
                accepted_at=clock.at(day, 9 + place % 8),
                digest=version.digest,
            )
        )
    for row in CharterAcceptance.objects.bulk_create(rows):
        record_audit(
            row,
            actor=None,
            verb="accept_charter",
            after={"version": version.number, "institution": row.institution.code, "digest": row.digest},
            at=row.accepted_at,
        )


# --------------------------------------------------------------------------------------------------- responsibilities

LATE: Final = frozenset({"R-03", "R-04", "R-12"})
"""The last report of these is overdue."""
WAITING: Final = frozenset({"R-01", "R-15"})
"""The last report of these waits for the office's word."""
RETURNED: Final = frozenset({"R-11"})
FIGURES: Final[dict[str, tuple[str, ...]]] = {
    "R-01": ("91", "93", "88", "94", "96"),
    "R-11": ("4", "5", "4", "3", "6"),
    "R-17": ("40", "42", "38"),
}
"""Measured values in turn; those under the measure are reported as not met."""
SHORTFALLS: Final = frozenset({("R-01", "88"), ("R-11", "3"), ("R-17", "38")})
PILOT_DAYS: Final = {"R-08": (38, 21), "R-14": (41,)}
"""So many days ago a pilot was over on which these report."""


def load_responsibilities(alliance: Alliance, *, data_dir: Path, at: datetime) -> None:
    """Responsibilities as written in the table, with their reports; running it again adds nothing."""
    path = data_dir / "demo" / "responsibilities.csv"
    if not path.exists():
        return
    clock = _Clock(at)
    there = set(Responsibility.objects.of(alliance).values_list("code", flat=True))
    groups = {group.kind: group for group in VirtualGroup.objects.of(alliance)}
    institutions = {institution.code: institution for institution in Institution.objects.of(alliance)}
    with path.open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["code"] not in there and row["institution"] in institutions]
    for row in rows:
        acknowledged = clock.day(row["acknowledged"]) if row["acknowledged"] else None
        responsibility = Responsibility.objects.create(
            alliance=alliance,
            code=row["code"],
            institution=institutions[row["institution"]],
            group=groups[row["group"]],
            state=ResponsibilityState.ACKNOWLEDGED if acknowledged else ResponsibilityState.PROPOSED,
            duty_en=row["duty_en"],
            duty_zh=row["duty_zh"],
            measure_en=row["measure_en"],
            measure_zh=row["measure_zh"],
            period=row["period"],
            starts_on=acknowledged or clock.today,
            acknowledged_at=clock.at(acknowledged) if acknowledged else None,
            acknowledged_by=_speaker(alliance, row["institution"], at),
            created_at=clock.at(acknowledged - timedelta(days=7)) if acknowledged else clock.ago(9),
        )
        record_audit(
            responsibility,
            actor=None,
            verb="propose_responsibility",
            after={"code": responsibility.code, "institution": row["institution"], "group": row["group"]},
            at=responsibility.created_at,
        )
        if acknowledged is None:
            _ask(alliance, responsibility, clock)
        else:
            _report(alliance, responsibility, acknowledged, clock)


def _ask(alliance: Alliance, responsibility: Responsibility, clock: _Clock) -> None:
    Responsibility.objects.filter(pk=responsibility.pk).update(acknowledged_by=None)
    inbox.ask(
        alliance,
        "responsibility_proposed",
        f"responsibility:{responsibility.code}",
        inbox.institution(responsibility.institution_id, StaffRole.REPRESENTATIVE),
        params={
            "code": responsibility.code,
            "duty_en": responsibility.duty_en,
            "duty_zh": responsibility.duty_zh,
        },
        url_name="portal_duty",
        url_kwargs={"code": responsibility.code},
        at=clock.ago(9),
    )


def _report(alliance: Alliance, responsibility: Responsibility, acknowledged: date, clock: _Clock) -> None:
    """Past reports as they came in, one overdue, waiting or sent back where the table above says so."""
    yesterday = clock.today - timedelta(days=1)
    days = [
        day for day in report_days(responsibility.period, responsibility.starts_on, None, yesterday) if day >= acknowledged
    ]
    if responsibility.period == ReportPeriod.PER_PILOT:
        days = [clock.today - timedelta(days=ago) for ago in PILOT_DAYS.get(responsibility.code, ())]
    figures = FIGURES.get(responsibility.code, ())
    person = responsibility.acknowledged_by
    for place, day in enumerate(days):
        is_last = place == len(days) - 1
        report = ResponsibilityReport(alliance=alliance, responsibility=responsibility, due_on=day)
        if is_last and responsibility.code in LATE:
            report.save(force_insert=True)
            ask_for_report(alliance, responsibility, report, "duty_report", at=clock.now)
            continue
        value = figures[place % len(figures)] if figures else ""
        report.figure = Decimal(value) if value else None
        report.measure_met = (responsibility.code, value) not in SHORTFALLS
        report.text = (
            "按期完成，记录已归档。 Done on time; the records are filed."
            if report.measure_met
            else "两项因设备检修延后，已补办。 Two were late because of repairs and have been made good."
        )
        report.submitted_at, report.submitted_by = clock.at(day - timedelta(days=2), 15), person
        report.state = ReportState.ACCEPTED
        if is_last and responsibility.code in WAITING:
            report.state = ReportState.SUBMITTED
        elif is_last and responsibility.code in RETURNED:
            report.state, report.remark = ReportState.RETURNED, "请补充每篇的审核人。 Please name the checker of each piece."
        if report.state != ReportState.SUBMITTED:
            report.settled_at = clock.at(min(day + timedelta(days=3), clock.today), 11)
        report.save(force_insert=True)
        if report.state == ReportState.RETURNED:
            ask_for_report(alliance, responsibility, report, "duty_report_returned", at=clock.now)
    ask_reports_of(alliance, responsibility, at=clock.now)


# ---------------------------------------------------------------------------------------------- consortium, disputes

PLAN_EN: Final = (
    "Three trials on jet machines at two mills, each with the salt cut by a third of what is left. Fastness to GB/T 3921 and "
    "3920; water and salt measured per batch. Report after each trial."
)
PLAN_ZH: Final = "在两家企业的溢流机上做三轮试验，每轮在余量上再减盐三分之一。色牢度按GB/T 3921、3920，逐缸计量用水与用盐，每轮后提交报告。"
TERMS_EN: Final = (
    "Inputs: machine hours by Xibu, recipes by Guangfu, measurement by the testing centre, students and analysis by Heling. Results belong to those who "
    "made them; members use them in-house for free. Income is shared by recorded contributions. Who leaves keeps "
    "the duty of secrecy; access to files ends at that moment."
)
TERMS_ZH: Final = (
    "投入：西埠提供机时，广府提供配方，检验中心负责计量，禾岭理工负责学生与分析。成果归完成方所有，成员单位内部免费使用。"
    "收益按贡献记录分配。退出方继续承担保密义务，退出时即终止文件访问。"
)


def load_consortia_and_disputes(alliance: Alliance, *, at: datetime) -> None:
    """One consortium with files, one dispute that was settled and one in mediation; running it again adds nothing."""
    clock = _Clock(at)
    speakers = {code: _speaker(alliance, code, at) for code in ("I-001", "I-029", "I-035", "I-036", "I-038", "I-059")}
    people = {code: user for code, user in speakers.items() if user is not None}
    if not Consortium.objects.of(alliance).exists() and {"I-035", "I-001", "I-059"} <= people.keys():
        _load_consortium(alliance, people, clock)
    committee = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.COMMITTEE).select_related("user").first()
    if (
        committee is None
        or Dispute.objects.of(alliance).exists()
        or not {"I-036", "I-029", "I-038", "I-059"} <= people.keys()
    ):
        return
    _load_settled(alliance, people, committee.user, clock)
    _load_running(alliance, people, committee.user, clock)


def _speaker(alliance: Alliance, code: str, at: datetime) -> User | None:
    row = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(institution__code=code, role=StaffRole.REPRESENTATIVE)
        .select_related("user")
        .first()
    )
    return row.user if row else None


def _load_consortium(alliance: Alliance, people: Mapping[str, User], clock: _Clock) -> None:
    found = found_consortium(
        alliance,
        "I-035",
        actor=people["I-035"],
        at=clock.ago(150),
        name_en="Low-salt reactive dyeing",
        name_zh="低盐活性染色技术联合体",
        technology_en="Dyeing cotton with reactive dyes at a third of the salt",
        technology_zh="用三分之一的盐做棉织物活性染色",
        plan_en=PLAN_EN,
        plan_zh=PLAN_ZH,
        terms_en=TERMS_EN,
        terms_zh=TERMS_ZH,
    )
    for code, contribution_en, contribution_zh in (
        ("I-001", "Recipes and two researchers", "配方与两名研究人员"),
        ("I-059", "Analysis and four students", "分析与四名学生"),
    ):
        invite_to_consortium(
            alliance,
            found.code,
            code,
            contribution_en=contribution_en,
            contribution_zh=contribution_zh,
            actor=people["I-035"],
            at=clock.ago(145),
        )
        accept_terms(alliance, found.code, code, actor=people[code], at=clock.ago(141))
    file_consortium(alliance, found.code, actor=people["I-035"], at=clock.ago(138))
    invite_to_consortium(
        alliance,
        found.code,
        "I-038",
        contribution_en="A second mill for the trials",
        contribution_zh="提供第二家试验企业",
        actor=people["I-035"],
        at=clock.ago(3),
    )
    for code, title, name, content, days in (
        ("I-001", "第一轮配方表 Recipes of the first trial", "trial-1-recipes.csv", _RECIPES, 120),
        ("I-059", "第一轮色牢度 Fastness of the first trial", "trial-1-fastness.csv", _FASTNESS, 96),
    ):
        share_consortium_file(
            alliance,
            found.code,
            code,
            title=title,
            file=SimpleUploadedFile(name, content.encode()),
            actor=people[code],
            at=clock.ago(days),
        )


_RECIPES: Final = (
    "batch,dye_percent,salt_g_per_l,soda_g_per_l,temperature_c\n1,2.0,53,20,60\n2,2.0,36,20,60\n3,2.0,24,22,60\n"
)
_FASTNESS: Final = "batch,washing,rubbing_dry,rubbing_wet\n1,4-5,4-5,4\n2,4-5,4-5,4\n3,4,4-5,3-4\n"


def _load_settled(alliance: Alliance, people: Mapping[str, User], chair: User, clock: _Clock) -> None:
    found = file_dispute(
        alliance,
        "I-036",
        "I-029",
        subject="试点视频未署名提供单位 No credit in the film on the pilot",
        statement="视频采用了我方夜班的画面，片尾未署名。请求补署名并更换版本。\n"
        "The film uses pictures of our night shift and does not name us. We ask for the credit in a new version.",
        actor=people["I-036"],
        at=clock.ago(62),
    )
    name_mediator(alliance, found.code, str(chair.uuid), actor=chair, at=clock.ago(60))
    add_statement(
        alliance,
        found.code,
        "I-029",
        text="片尾名单由旧模板生成，遗漏属实。 The credits came from an old template; the omission is a fact.",
        actor=people["I-029"],
        at=clock.ago(57),
    )
    note_session(
        alliance,
        found.code,
        text="视频会议四十分钟，双方到会，确认事实。 Forty minutes by video, both parties present, facts agreed.",
        actor=chair,
        at=clock.ago(52),
    )
    proposal = make_proposal(
        alliance,
        found.code,
        text="五个工作日内换上署名版本，并在下期刊物说明。 A credited version within five working days, and a note in the next issue.",
        actor=chair,
        at=clock.ago(51),
    )
    for code, days in (("I-036", 50), ("I-029", 49)):
        agree_to_proposal(
            alliance, found.code, code, proposal_uuid=str(proposal.uuid), actor=people[code], at=clock.ago(days)
        )


def _load_running(alliance: Alliance, people: Mapping[str, User], chair: User, clock: _Clock) -> None:
    found = file_dispute(
        alliance,
        "I-059",
        "I-038",
        subject="机时未按约提供 Machine hours not given as agreed",
        statement="约定每月八小时机时，九、十月各提供三小时，学生试验停下。\n"
        "Eight hours a month were agreed; in September and October we got three each, and the students' trials stopped.",
        actor=people["I-059"],
        at=clock.ago(11),
    )
    name_mediator(alliance, found.code, str(chair.uuid), actor=chair, at=clock.ago(8))
    add_statement(
        alliance,
        found.code,
        "I-038",
        text="旺季订单占满机台，十二月可补足。 Orders filled the machines; we can make up for it in December.",
        actor=people["I-038"],
        at=clock.ago(6),
    )
    note_session(
        alliance,
        found.code,
        text="现场会一小时，双方到会，核对机台排班表。 One hour on site, both present, the machine plan was gone through.",
        actor=chair,
        at=clock.ago(2),
    )
