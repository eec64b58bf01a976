"""Contracts for tests, made through the actions: three parties with their people, terms, and steps towards the seal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from alliance.choices import AllianceRole
from alliance.models import RoleAssignment
from members.choices import StaffRole
from services.actions.amendment import start_amendment
from services.actions.contract import name_signatory, start_contract
from services.actions.contract_sealing import seal_contract
from services.actions.contract_signing import sign_contract
from services.actions.contract_terms import agree_terms, propose_terms
from services.choices import ContractState, MatchOrigin, MatchState, PartyRole
from services.contract_standard import ARTICLES, CLAUSES, TEMPLATE_KEY, TEMPLATE_TITLE_EN, TEMPLATE_TITLE_ZH
from services.contract_text import ArticleText, ClauseText, Draft, Milestone, PartyName, TemplateText, build_content
from services.models import Contract, Match
from tests.factories.alliance import NOON, make_member, make_user
from tests.factories.members import make_institution, make_staff
from tests.factories.services import make_listing

if TYPE_CHECKING:
    from alliance.models import Alliance, User
    from members.models import Institution
    from services.models import ContractSignature, ContractTerms

D, S, W = PartyRole.DEMAND, PartyRole.SUPPLY, PartyRole.WITNESS
LONG_AGO = NOON - timedelta(days=800)


def make_draft(**fields: Any) -> Draft:
    """Whole terms with two milestones of 100,000 yuan together."""
    values: dict[str, Any] = {
        "title_en": "Heat recovery",
        "title_zh": "余热回收",
        "scope_en": "Survey and fit-out.",
        "scope_zh": "勘察与安装。",
        "aims_en": "15% less gas.",
        "aims_zh": "天然气降低15%。",
        "starts_on": date(2026, 12, 1),
        "ends_on": date(2027, 5, 31),
        "milestones": (
            Milestone("Survey", "勘察", "Report", "报告", "Signed", "签字", date(2026, 12, 31), Decimal("40000.00")),
            Milestone("Fit-out", "安装", "Plant runs", "投运", "A week", "一周", date(2027, 4, 30), Decimal("60000.00")),
        ),
        "shares": {D: Decimal(20), S: Decimal(70), W: Decimal(10)},
        "share_years": 3,
        "basis_en": "net income from licences",
        "basis_zh": "许可净收益",
        **fields,
    }
    return Draft(**values)


def sample_content() -> dict[str, Any]:
    """The content of a version, made without a contract."""
    clauses = {one.key: ClauseText(one.key, 0, one.title_en, one.title_zh, one.body_en, one.body_zh) for one in CLAUSES}
    template = TemplateText(
        TEMPLATE_KEY,
        0,
        TEMPLATE_TITLE_EN,
        TEMPLATE_TITLE_ZH,
        tuple(ArticleText(one.title_en, one.title_zh, tuple(clauses[key] for key in one.clauses)) for one in ARTICLES),
    )
    parties = tuple(PartyName(role, f"I-{role}", f"House {role}", f"机构{role}") for role in PartyRole.values)
    return build_content(make_draft(), code="C-0001", parties=parties, template=template)


@dataclass
class World:
    """A contract with its people: representative and signatory of both sides, the secretary for the alliance."""

    alliance: Alliance
    secretary: User
    demand: Institution
    supply: Institution
    people: dict[str, User]
    second: dict[str, User]
    contract: Contract

    @property
    def code(self) -> str:
        """Code of the contract."""
        return self.contract.code

    def fresh(self) -> Contract:
        """The contract as it is now."""
        return Contract.objects.of(self.alliance).select_related("frozen").get(pk=self.contract.pk)

    def propose(self, role: str = S, *, at: datetime = NOON, note: str = "changed", **fields: Any) -> ContractTerms:
        """The next version."""
        base = self.contract.versions.count()
        return propose_terms(
            self.alliance,
            self.code,
            role=role,
            draft=make_draft(**fields),
            base=base,
            note=note,
            actor=self.people[role],
            at=at,
        )

    def agree(self, *roles: str, at: datetime = NOON) -> None:
        """Agreement of these parties to the newest version."""
        newest = self.contract.versions.order_by("-number").get(number=self.contract.versions.count())
        for role in roles:
            agree_terms(
                self.alliance,
                self.code,
                number=newest.number,
                sha256=newest.sha256,
                role=role,
                actor=self.people[role],
                at=at,
            )

    def sign(self, user: User, *, at: datetime = NOON, **fields: Any) -> ContractSignature:
        """A signature by a person."""
        frozen = self.fresh().frozen
        values: dict[str, Any] = {
            "sha256": frozen.sha256 if frozen else "",
            "methods": "password mfa.totp",
            "authenticated_at": at - timedelta(minutes=1),
            **fields,
        }
        return sign_contract(self.alliance, self.code, actor=user, at=at, **values)

    def open(self, *, at: datetime = NOON) -> None:
        """Propose, agree by all: the signing opens by itself."""
        self.propose(at=at)
        self.agree(D, S, W, at=at)


def make_match(alliance: Alliance, demand: Institution, supply: Institution, **fields: Any) -> Match:
    """A match both sides were introduced for."""
    values: dict[str, Any] = {
        "code": f"M-{Match.objects.of(alliance).count() + 1:04d}",
        "origin": MatchOrigin.DESK,
        "state": MatchState.IN_TALKS,
        "made_at": NOON,
        **fields,
    }
    return Match.objects.create(
        alliance=alliance,
        demand=make_listing(alliance, "demand", institution=demand),
        supply=make_listing(alliance, "supply", institution=supply),
        **values,
    )


def make_world(alliance: Alliance, *, secretary: User | None = None, from_match: bool = False) -> World:
    """A contract that was just begun, with everybody named who signs; they hold their roles for as long as tests go back."""
    office = secretary or make_member(alliance, AllianceRole.SECRETARIAT)
    demand, supply = make_institution(alliance), make_institution(alliance)
    people: dict[str, User] = {W: office}
    second: dict[str, User] = {}
    for role, institution in ((D, demand), (S, supply)):
        people[role], second[role] = make_user(), make_user()
        make_staff(institution, people[role], starts_at=LONG_AGO)
        make_staff(institution, people[role], role=StaffRole.SIGNATORY, starts_at=LONG_AGO)
        make_staff(institution, second[role], role=StaffRole.SIGNATORY, starts_at=LONG_AGO)
    second[W] = make_member(alliance, AllianceRole.COMMITTEE)
    RoleAssignment.objects.of(alliance).filter(user__in=[office, second[W]]).update(starts_at=LONG_AGO)
    match = make_match(alliance, demand, supply) if from_match else None
    contract = start_contract(
        alliance,
        match.code if match else None,
        demand="" if match else demand.code,
        supply="" if match else supply.code,
        title_en="Heat recovery",
        title_zh="余热回收",
        actor=office,
        at=NOON,
    )
    name_signatory(alliance, contract.code, role=W, user=office, actor=office, at=NOON)
    return World(alliance, office, demand, supply, people, second, contract)


def put_in_force(world: World, *, at: datetime = NOON, **fields: Any) -> Contract:
    """The contract signed by all and in force; without the sealed document, which has its own tests."""
    world.propose(at=at, **fields)
    world.agree(D, S, W, at=at)
    for role in (D, S, W):
        world.sign(world.people[role], at=at)
    contract = world.fresh()
    contract.state, contract.in_effect = ContractState.IN_FORCE, contract.frozen
    contract.save(update_fields=["state", "in_effect"])
    return contract


def bring_in_force(world: World, *, at: datetime = NOON) -> Contract:
    """Propose, agree, sign by all and seal; the people the world names sign."""
    world.open(at=at)
    for role in (D, S, W):
        world.sign(world.people[role], at=at)
    seal_contract(world.alliance, world.contract.pk, at=at)
    return world.fresh()


def amend(world: World, *, role: str = S, at: datetime = NOON, words: str = "The fit-out takes longer.") -> World:
    """An amendment that was just begun, with the same people."""
    amendment = start_amendment(world.alliance, world.code, role=role, words=words, actor=world.people[role], at=at)
    return replace(world, contract=amendment)
