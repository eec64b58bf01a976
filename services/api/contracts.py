"""Contracts for the people of their parties and for the office; closed to machine clients, and nothing is signed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from alliance.api.endpoints import ProjectionDetail, ProjectionEndpoint, ProjectionList, person_of
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.permissions import can, grants_of, institutions_acted_for
from alliance.kernel.projection import Computed, Condition, Contains, Listed, Nested, OneOf, Projection, Since, Value
from groups.selectors.conflict import list_matters_aside
from services.models import Contract
from services.permissions import VIEW_CONTRACTS
from services.selectors.contract import signing_for_alliance

if TYPE_CHECKING:
    from rest_framework.request import Request

for _code, _title in {
    "match_not_ready": _("The match is not ready for a contract"),
    "match_has_contract": _("There is a contract of this match already"),
    "newer_version": _("A newer version was proposed"),
    "agreed_already": _("Agreed already"),
    "signatories_missing": _("People who sign are missing"),
    "not_your_turn": _("It is not this party’s turn"),
    "signed_already": _("Signed already"),
    "party_complete": _("Enough people have signed"),
    "signing_lapsed": _("The signing lapsed"),
    "authentication_not_fresh": _("A fresh proof of identity is needed"),
    "text_differs": _("The text differs"),
    "terms_invalid": _("The terms are not complete"),
    "clause_invalid": _("The clause is not complete"),
    # amendments, suspension, resumption, early end
    "amendment_changes_nothing": _("The amendment changes nothing"),
    "amendment_sealing": _("An amendment is being sealed"),
    "milestone_settled": _("A milestone is accepted or paid"),
    "milestone_begun": _("Something was handed over for a milestone"),
    "notice_invalid": _("The notice is not complete"),
    "notice_open": _("A notice waits for an answer"),
    "nothing_to_decide": _("There is nothing to decide"),
}.items():
    if _code not in problem_titles:
        problem_titles.register(_code, _title)

CONTRACT = Projection(
    name="Contract",
    model=Contract,
    description=_(
        "A contract of three parties: state, order of signing, versions, what was handed over and paid, seal. People are not named."
    ),
    fields=(
        Value("code"),
        Value("state"),
        Value("title_en"),
        Value("title_zh"),
        Nested("match", (Value("code"),)),
        Value("made_at"),
        Value("agreed_at"),
        Value("sign_until"),
        Value("signed_at"),
        Value("ended_at"),
        Value("end_reason"),
        Listed(
            "parties",
            "parties",
            (
                Value("role"),
                Value("place"),
                Value("needed"),
                Nested("institution", (Value("code"), Value("name_en"), Value("name_zh"))),
                Computed(
                    "signed",
                    "(SELECT count(*) FROM services_contractsignature s WHERE s.alliance_id = {t}.alliance_id AND s.party_id = {t}.id)",
                    {"type": "integer", "description": "Signatures given."},
                ),
                Value("signed_at"),
            ),
            order=("place",),
        ),
        Listed(
            "versions",
            "versions",
            (Value("number"), Value("role"), Value("note"), Value("sha256"), Value("proposed_at")),
            order=("number",),
        ),
        Nested("frozen", (Value("number"), Value("sha256"), Value("content"))),
        Listed(
            "submissions",
            "submissions",
            (
                Value("milestone"),
                Value("number"),
                Value("state"),
                Value("words"),
                Value("handed_at"),
                Value("accept_by"),
                Value("reminded_at"),
                Value("silent_after"),
                Value("decided_at"),
                Value("decision_words"),
                Value("rework_by"),
            ),
            order=("milestone", "number"),
        ),
        Listed(
            "payments",
            "payments",
            (
                Value("number"),
                Value("milestone"),
                Value("amount"),
                Value("paid_on"),
                Value("reference"),
                Value("state"),
                Value("role"),
                Value("recorded_at"),
                Value("answered_at"),
                Value("answer_words"),
            ),
            order=("number",),
        ),
        Listed(
            "seal",
            "seal",
            (Value("sha256"), Value("certificate_sha256"), Value("time_stamped"), Value("at")),
            order=("id",),
            first=True,
        ),
        # amendments, suspension, resumption, early end
        Nested("amends", (Value("code"),)),
        Nested("in_effect", (Value("number"), Value("sha256"), Value("content"))),
        Listed(
            "amendments",
            "amendments",
            (Value("code"), Value("state"), Value("made_at"), Value("signed_at")),
            order=("made_at", "id"),
        ),
        Listed(
            "notices",
            "notices",
            (
                Value("number"),
                Value("kind"),
                Value("role"),
                Value("reason"),
                Value("words"),
                Value("state"),
                Value("given_at"),
                Value("answer_role"),
                Value("answered_at"),
                Value("answer_words"),
            ),
            order=("number",),
        ),
        Listed("pauses", "pauses", (Value("begins_on"), Value("ends_on")), order=("begins_on", "id")),
    ),
    filters=(
        OneOf("state"),
        Since("made_after", "made_at"),
        Since("signed_after", "signed_at"),
        Contains("q", ("code", "title_en", "title_zh")),
    ),
    orderings={"-made_at": ("made_at", "id"), "made_at": ("made_at", "id"), "code": ("code",)},
)
EXAMPLE: dict[str, Any] = {
    "code": "C-0214",
    "state": "signing",
    "title_en": "Stenter heat recovery at Henglan",
    "title_zh": "恒澜印染定形机余热回收",
    "match": {"code": "M-0031"},
    "made_at": "2026-11-01T02:00:00.000000Z",
    "agreed_at": "2026-11-10T03:42:00.000000Z",
    "sign_until": "2026-11-30",
    "signed_at": None,
    "ended_at": None,
    "end_reason": "",
    "parties": [
        {
            "role": "supply",
            "place": 1,
            "needed": 1,
            "institution": {"code": "I-001", "name_en": "Guangfu Textile Institute", "name_zh": "广富纺织研究院"},
            "signed": 1,
            "signed_at": "2026-11-10T08:20:00.000000Z",
        }
    ],
    "versions": [
        {
            "number": 1,
            "role": "supply",
            "note": "",
            "sha256": "9f3c41d0b1a2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a77ae",
            "proposed_at": "2026-11-03T02:00:00.000000Z",
        }
    ],
    "frozen": None,
    "submissions": [],
    "payments": [],
    "seal": None,
    "amends": None,
    "in_effect": None,
    "amendments": [],
    "notices": [],
    "pauses": [],
}

# What services.selectors.contract.readable says of one reader, said of all rows at once.
_OPEN_TO_PERSON = """(
    EXISTS (SELECT 1 FROM services_contractparty p
            WHERE p.alliance_id = {t}.alliance_id AND p.contract_id = {t}.id AND p.institution_id = ANY(%(base_own)s::bigint[]))
    OR EXISTS (SELECT 1 FROM services_contractsignatory s
               JOIN services_contract c ON c.alliance_id = s.alliance_id AND c.id = s.contract_id
               WHERE s.alliance_id = {t}.alliance_id AND s.id = ANY(%(base_signs)s::bigint[])
                 AND (c.id = {t}.id OR c.id = {t}.amends_id OR c.amends_id = {t}.id))
)"""
_ASIDE = """NOT ({t}.code = ANY(%(base_aside)s::text[]) OR EXISTS (
    SELECT 1 FROM services_contract m
    WHERE m.alliance_id = {t}.alliance_id AND m.id = {t}.amends_id AND m.code = ANY(%(base_aside)s::text[])))"""


class ContractEndpoint(ProjectionEndpoint):
    """Which contracts a caller sees."""

    tag = "contracts"
    projection = CONTRACT
    access: ClassVar[Mapping[str, Access]] = {"GET": Access()}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """The office: all but those it stands aside from. Others: those of their institutions or that they sign."""
        person = person_of(request)
        own = institutions_acted_for(grants_of(person, self.alliance))
        found = []
        if not can(person, VIEW_CONTRACTS, self.alliance):
            signs = signing_for_alliance(self.alliance, person).values_list("pk", flat=True)
            found.append(Condition(_OPEN_TO_PERSON, {"base_own": sorted(own), "base_signs": list(signs)}))
        aside = list_matters_aside(self.alliance, frozenset(own), "contract") if own else set()
        if aside:
            codes = sorted(matter.partition(":")[2] for matter in aside)
            found.append(Condition(_ASIDE, {"base_aside": codes}))
        return tuple(found)


class ContractList(ContractEndpoint, ProjectionList):
    """Contracts, newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List contracts"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "People see the contracts of their institutions and those they are named to sign; the office sees all. Closed to "
        "machine clients. Contracts are negotiated and signed on the pages only. An amendment stands in its contract, and is read "
        "by its own code."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Without amendments, which are no contracts of their own."""
        return (*super().conditions(request), Condition("{t}.amends_id IS NULL", {}))


class ContractDetail(ContractEndpoint, ProjectionDetail):
    """One contract."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a contract"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}
