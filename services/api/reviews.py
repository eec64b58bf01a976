"""Evaluations of contracts for their parties and the office, follow-ups for the office; closed to machine clients, nothing is written.

Before the reveal an evaluation tells who gave for whom and nothing of what: the condition stands in the statement itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from alliance.api.endpoints import ProjectionDetail, ProjectionList, person_of
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.permissions import grants_of, institutions_acted_for
from alliance.kernel.projection import Computed, Condition, Listed, Nested, OneOf, Projection, Since, Truth, Value
from groups.selectors.conflict import list_matters_aside
from services.api.contracts import ContractEndpoint
from services.models import Contract, ContractFollowUp
from services.permissions import HANDLE_FOLLOW_UP

if TYPE_CHECKING:
    from rest_framework.request import Request

for _code, _title in {
    "contract_not_over": _("The work of the contract is not over"),
    "pair_unknown": _("A party evaluates the other two"),
    "review_revealed": _("The evaluation is open to the parties already"),
    "review_time_over": _("The time for evaluating is over"),
    "review_answers_over": _("The time for replies and appeals is over"),
    "marks_invalid": _("The marks cannot stand"),
    "replied_already": _("Replied already"),
    "appealed_already": _("Appealed already"),
    "appeal_incomplete": _("The appeal is not complete"),
    "appeal_over": _("The appeal is over"),
    "decision_incomplete": _("The decision is not complete"),
    "follow_up_answered": _("Answered already"),
    "follow_up_over": _("The time for the answer is over"),
    "follow_up_incomplete": _("The answer is not complete"),
    "no_signal": _("There is no signal"),
    "signal_handled": _("The signal was seen to"),
}.items():
    if _code not in problem_titles:
        problem_titles.register(_code, _title)

_OPEN_TO_PARTIES = """(
    EXISTS (SELECT 1 FROM services_contractreview r
            WHERE r.alliance_id = {t}.alliance_id AND r.id = {t}.review_id AND r.state IN ('revealed', 'settled'))
    AND NOT EXISTS (SELECT 1 FROM services_reviewsheet n
                    WHERE n.alliance_id = {t}.alliance_id AND n.review_id = {t}.review_id AND n.by_role = {t}.by_role
                      AND n.of_role = {t}.of_role AND n.version > {t}.version)
)"""
_GIVEN = """(SELECT coalesce(jsonb_agg(jsonb_build_object('by_role', g.by_role, 'of_role', g.of_role) ORDER BY g.by_role, g.of_role), '[]'::jsonb)
  FROM (SELECT DISTINCT s.by_role, s.of_role FROM services_reviewsheet s
        WHERE s.alliance_id = {t}.alliance_id AND s.review_id = {t}.id) g)"""

EVALUATION = Projection(
    name="ContractEvaluation",
    model=Contract,
    description=_("The evaluation of a contract by its three parties. Sheets appear once all are in or the time is out."),
    fields=(
        Value("code"),
        Value("title_en"),
        Value("title_zh"),
        Listed(
            "evaluation",
            "review",
            (
                Value("state"),
                Value("opened_at"),
                Value("give_until"),
                Value("revealed_at"),
                Value("appeal_until"),
                Value("settled_at"),
                Computed(
                    "given",
                    _GIVEN,
                    {
                        "type": "array",
                        "description": "Who gave for whom, told in every state.",
                        "items": {
                            "type": "object",
                            "properties": {"by_role": {"type": "string"}, "of_role": {"type": "string"}},
                            "required": ["by_role", "of_role"],
                        },
                    },
                ),
                Listed(
                    "sheets",
                    "sheets",
                    (
                        Value("by_role"),
                        Value("of_role"),
                        Value("version"),
                        Value("marks"),
                        Value("words"),
                        Value("given_at"),
                        Value("digest"),
                        Value("nonce"),
                        Listed("reply", "reply", (Value("words"), Value("at")), order=("id",), first=True),
                        Listed(
                            "appeal",
                            "appeal",
                            (
                                Value("state"),
                                Value("criteria"),
                                Value("grounds"),
                                Value("made_at"),
                                Value("struck"),
                                Value("decision_words"),
                                Value("decided_at"),
                            ),
                            order=("id",),
                            first=True,
                        ),
                    ),
                    order=("by_role", "of_role", "id"),
                    where=_OPEN_TO_PARTIES,
                ),
                Listed(
                    "scores",
                    "scores",
                    (Value("role"), Value("score"), Value("parts"), Value("sheets"), Value("at")),
                    order=("role",),
                ),
            ),
            order=("id",),
            first=True,
        ),
    ),
    filters=(Since("made_after", "made_at"),),
    orderings={"-made_at": ("made_at", "id"), "made_at": ("made_at", "id"), "code": ("code",)},
)
EVALUATION_EXAMPLE: dict[str, Any] = {
    "code": "C-0214",
    "title_en": "Stenter heat recovery at Henglan",
    "title_zh": "恒澜印染定形机余热回收",
    "evaluation": {
        "state": "open",
        "opened_at": "2027-06-01T02:00:00.000000Z",
        "give_until": "2027-06-29",
        "revealed_at": None,
        "appeal_until": None,
        "settled_at": None,
        "given": [{"by_role": "demand", "of_role": "supply"}],
        "sheets": [],
        "scores": [],
    },
}

FOLLOW_UP = Projection(
    name="ContractFollowUp",
    model=ContractFollowUp,
    description=_("What the two sides of a contract answered when they were asked how the work goes."),
    fields=(
        Nested("contract", (Value("code"), Value("title_en"), Value("title_zh"))),
        Value("role"),
        Value("number"),
        Value("state"),
        Value("asked_at"),
        Value("answer_by"),
        Value("progress"),
        Value("cooperation"),
        Value("wants_help"),
        Value("words"),
        Value("answered_at"),
        Value("is_signal"),
        Value("handled_at"),
        Value("handled_words"),
    ),
    filters=(
        OneOf("contract", "contract.code"),
        OneOf("role"),
        OneOf("state"),
        Truth("signals", "{t}.is_signal"),
        Since("asked_after", "asked_at"),
    ),
    orderings={"-asked_at": ("asked_at", "id"), "asked_at": ("asked_at", "id")},
)
FOLLOW_UP_EXAMPLE: dict[str, Any] = {
    "contract": {"code": "C-0214", "title_en": "Stenter heat recovery at Henglan", "title_zh": "恒澜印染定形机余热回收"},
    "role": "supply",
    "number": 1,
    "state": "answered",
    "asked_at": "2026-12-20T02:00:00.000000Z",
    "answer_by": "2026-12-30",
    "progress": "at_risk",
    "cooperation": 2,
    "wants_help": True,
    "words": "We wait for access to hall 2.",
    "answered_at": "2026-12-21T03:10:00.000000Z",
    "is_signal": True,
    "handled_at": None,
    "handled_words": "",
}


class EvaluationEndpoint(ContractEndpoint):
    """Evaluations of the contracts a caller sees."""

    projection = EVALUATION

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Contracts open to the caller that are evaluated."""
        evaluated = Condition(
            "EXISTS (SELECT 1 FROM services_contractreview v WHERE v.alliance_id = {t}.alliance_id AND v.contract_id = {t}.id)"
        )
        return (*super().conditions(request), evaluated)


class EvaluationList(EvaluationEndpoint, ProjectionList):
    """Evaluations, those of the newest contracts first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List evaluations of contracts"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "People see the evaluations of their institutions' contracts and of those they are named to sign; the office sees "
        "all. Before an evaluation is open to the parties it tells who gave for whom and nothing of what, to anybody. Evaluations "
        "are given, answered and appealed against on the pages only."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EVALUATION_EXAMPLE], "next": None}}


class EvaluationDetail(EvaluationEndpoint, ProjectionDetail):
    """The evaluation of one contract."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read the evaluation of a contract"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EVALUATION_EXAMPLE}


class FollowUpList(ProjectionList):
    """Follow-ups, newest first; for people of the office who act for none of the parties."""

    tag = "contracts"
    projection = FOLLOW_UP
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(permission=HANDLE_FOLLOW_UP)}
    summary: ClassVar[Mapping[str, str]] = {"GET": "List follow-ups of contracts"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "For the office; a person of it who acts for a party of a contract does not see what its sides answered. Closed to "
        "machine clients."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [FOLLOW_UP_EXAMPLE], "next": None}}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """All but those of contracts with which the person has to do, as :func:`services.selectors.follow_up.readable_by_desk`."""
        own = institutions_acted_for(grants_of(person_of(request), self.alliance))
        if not own:
            return ()
        aside = sorted(matter.partition(":")[2] for matter in list_matters_aside(self.alliance, frozenset(own), "contract"))
        return (
            Condition(
                """NOT EXISTS (SELECT 1 FROM services_contractparty p WHERE p.alliance_id = {t}.alliance_id
                   AND p.contract_id = {t}.contract_id AND p.institution_id = ANY(%(base_own)s::bigint[]))""",
                {"base_own": sorted(own)},
            ),
            Condition(
                """NOT EXISTS (SELECT 1 FROM services_contract c WHERE c.alliance_id = {t}.alliance_id
                   AND c.id = {t}.contract_id AND c.code = ANY(%(base_aside)s::text[]))""",
                {"base_aside": aside},
            ),
        )
