"""Demonstration content: each layer registers a loader; the command calls them from the bottom up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from django.utils.translation import gettext_lazy as _

from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

WEAVING = "weaving"
"""Invented bilingual content of a weaving industry alliance."""
HORIZON = "horizon"
"""Rows of real open data: research organisations (ROR) and calls and deliverables of Horizon Europe (CORDIS)."""
FLAVOURS = (WEAVING, HORIZON)

LAYERS = ("alliance", "members", "groups", "operations", "services", "targets", "evaluation")
"""Order of loading: a layer may use what the layers before it loaded."""


class Loader(Protocol):
    """Loads one layer's demonstration content; running it again adds nothing."""

    def __call__(self, alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:
        """Load.

        Args:
            alliance: A demonstration alliance; the caller acts in it, in one transaction.
            flavour: ``weaving`` or ``horizon``.
            data_dir: Folder of the shipped data (``data/``).
            at: The moment that counts as now; all dates are set relative to it.
        """
        ...


loaders: Registry[Loader] = Registry("demonstration loader")


def in_order() -> list[tuple[str, Loader]]:
    """Registered loaders, lowest layer first; ``members.experts`` comes after ``members``, in the order of registration.

    Raises:
        ValueError: A loader's name begins with no layer.
    """
    if unknown := [name for name in loaders if name.partition(".")[0] not in LAYERS]:
        message = f"demonstration loaders of unknown layers: {', '.join(unknown)}"
        raise ValueError(message)
    return sorted(loaders.items(), key=lambda item: LAYERS.index(item[0].partition(".")[0]))


@dataclass(frozen=True, slots=True)
class DemonstrationAlliance:
    """One of the alliances that the demonstration consists of."""

    slug: str
    flavour: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Account:
    """A demonstration account: one person, one role.

    Attributes:
        name: Part of the address before the ``@``.
        name_en: Name in Latin letters.
        name_zh: Name in Chinese.
        title: The role in words, for the list of accounts.
        role: Role in the alliance, or empty.
        institution: Code of the institution acted for, or empty.
        kind: Where no code is given: the first active institution of this kind.
        staff_role: Role in the institution.
    """

    name: str
    name_en: str
    name_zh: str
    title: StrOrPromise
    role: str = ""
    institution: str = ""
    kind: str = ""
    staff_role: str = "representative"

    @property
    def acts_for_institution(self) -> bool:
        """Whether the account belongs to an institution."""
        return bool(self.institution or self.kind)


ALLIANCES = (
    DemonstrationAlliance(
        "weaving",
        WEAVING,
        {
            "name_en": "Weaving Industry Alliance",
            "name_zh": "织造产业智库联盟",
            "standfirst_en": "Think tanks, associations, media, mills and universities of the weaving trade turn research into "
            "guides, tools and courses that mills have tried before they are released.",
            "standfirst_zh": "织造行业的智库、协会、媒体、企业和高校共同把研究转化为指南、工具和课程，经企业试点后发布。",
            "level": "regional",
            "industry_code": "17",
            "region_code": "440000",
            "seal_character": "织",
            "contact_email": "office@weaving.demo.example",
        },
    ),
    DemonstrationAlliance(
        "horizon",
        HORIZON,
        {
            "name_en": "Open Research Demonstration Alliance",
            "name_zh": "开放科研示范联盟",
            "standfirst_en": "A demonstration on open data: institutions from the ROR register, calls and deliverables from CORDIS. "
            "It is no real alliance; the bodies named here take no part in it.",
            "standfirst_zh": "用开放数据搭建的示范：机构取自ROR登记，需求与成果取自CORDIS。本联盟并非真实组织，所列机构未参与其中。",
            "level": "national",
            "industry_code": "73",
            "region_code": "",
            "seal_character": "研",
            "contact_email": "office@horizon.demo.example",
        },
    ),
)

_OFFICE = (
    Account("office", "Zhou Wen", "周文", _("office administrator"), role="office_admin"),
    Account("secretariat", "Lin Hui", "林慧", _("secretariat"), role="secretariat"),
    Account("committee", "Gao Yuan", "高原", _("member of the management committee"), role="committee"),
    Account("editor", "Ye Qing", "叶青", _("editor"), role="editor"),
    Account("auditor", "Shen Jing", "沈静", _("audit administrator"), role="auditor"),
)
ACCOUNTS: dict[str, tuple[Account, ...]] = {
    WEAVING: (
        *_OFFICE,
        Account(
            "verifier",
            "Jiang Ping",
            "江平",
            _("member of the management committee, for an institution"),
            role="committee",
            institution="I-014",
            staff_role="staff",
        ),
        Account("wisdom", "Pan Lei", "潘磊", _("representative in the wisdom group"), institution="I-001"),
        Account("media", "Tang Yue", "唐悦", _("representative in the media group"), institution="I-029"),
        Account("enterprise", "Mo Jian", "莫健", _("representative of a leading enterprise"), institution="I-035"),
        Account("enterprise2", "Fang Ning", "方宁", _("representative of a leading enterprise"), institution="I-036"),
        Account("enterprise3", "Qiu Shan", "邱珊", _("representative of a leading enterprise"), institution="I-038"),
        Account("university", "Xu Ran", "许然", _("representative in the wisdom group"), institution="I-059"),
        Account("foundation", "Cai Min", "蔡敏", _("representative in the foundation"), institution="I-017"),
    ),
    HORIZON: (
        *_OFFICE,
        Account(
            "wisdom",
            "Demonstration account (university)",
            "示范账号（高校）",
            _("representative in the wisdom group"),
            kind="university_think_tank",
        ),
        Account(
            "enterprise",
            "Demonstration account (enterprise)",
            "示范账号（企业）",
            _("representative of a leading enterprise"),
            kind="leading_enterprise",
        ),
    ),
}
"""One account per role; the people are invented."""


def email_of(slug: str, account: Account) -> str:
    """The account's address; ``.example`` belongs to nobody."""
    return f"{account.name}@{slug}.demo.example"


class StaffGiver(Protocol):
    """Makes a person act for an institution; the layer that knows institutions registers one."""

    def __call__(self, alliance: Alliance, user: User, account: Account, *, at: datetime) -> bool:
        """Give the role unless it is held; returns whether the institution exists."""
        ...


staff_givers: Registry[StaffGiver] = Registry("demonstration staff giver")
