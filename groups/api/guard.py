"""Who stands aside from which matter, and whose yearly declaration is in; particulars stand on pages only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from alliance.api.authentication import machine_of
from alliance.api.endpoints import ClosedSerializer, ProjectionList, WriteEndpoint, json_response, person_of, read_body
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.choices import AllianceRole
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import grants_of, institutions_acted_for, require, roles_in_alliance
from alliance.kernel.projection import Condition, Nested, OneOf, Projection, Value
from groups.actions.conflict import declare_conflict
from groups.choices import ConflictState
from groups.models import ConflictOfInterest, InterestDeclaration
from groups.permissions import DECLARE_CONFLICT
from members.models import Institution

if TYPE_CHECKING:
    from rest_framework.request import Request

READERS_OF_ALL = frozenset({AllianceRole.SECRETARIAT, AllianceRole.OFFICE_ADMIN, AllianceRole.COMMITTEE})
_INSTITUTION = (Value("code"), Value("kind"), Value("name_en"), Value("name_zh"))

for _code, _title in {
    "conflict_declared": _("The conflict of interest is declared already"),
    "conflict_over": _("The conflict of interest is over"),
    "matter_unknown": _("The matter is not named"),
    "waiver_waiting": _("A waiver is waiting already"),
}.items():
    problem_titles.register(_code, _title)

CONFLICT = Projection(
    name="Conflict",
    model=ConflictOfInterest,
    lookup="matter",
    description=_(
        "That an institution stands aside, or stood aside, from a matter; why is told on the pages of those concerned only."
    ),
    fields=(
        Nested("institution", _INSTITUTION),
        Value("matter"),
        Value("state"),
        Value("declared_at"),
        Value("ended_at"),
    ),
    filters=(OneOf("matter"), OneOf("state"), OneOf("institution", "institution.code")),
    orderings={"-declared_at": ("declared_at", "id")},
)
DECLARATION = Projection(
    name="InterestDeclaration",
    model=InterestDeclaration,
    lookup="year",
    description=_("Whether an institution has declared its interests for a year."),
    fields=(
        Nested("institution", _INSTITUTION),
        Value("year"),
        Value("state"),
        Value("due_on"),
        Value("interest_count"),
        Value("submitted_at"),
    ),
    filters=(OneOf("state"), OneOf("institution", "institution.code")),
    orderings={"-year": ("year", "id")},
)
_PARTY = {"code": "I-042", "kind": "leading_enterprise", "name_en": "Henglan Dyeing", "name_zh": "恒澜印染"}
EXAMPLE: dict[str, Any] = {
    "institution": _PARTY,
    "matter": "product:P-029",
    "state": "declared",
    "declared_at": "2026-11-20T03:00:00.000000Z",
    "ended_at": None,
}
DECLARATION_EXAMPLE: dict[str, Any] = {
    "institution": _PARTY,
    "year": 2026,
    "state": "submitted",
    "due_on": "2026-01-31",
    "interest_count": 2,
    "submitted_at": "2026-01-15T03:00:00.000000Z",
}


class _Own(ProjectionList):
    """Rows of the caller's institutions; all of them for those who run the guard."""

    def conditions(self, request: Request) -> Sequence[Condition]:
        """A person reads of a peer only as one of those who run the guard; the office chose what a machine may read."""
        if machine_of(request) is not None:
            return ()
        grants = grants_of(request.user, self.alliance)
        if roles_in_alliance(grants) & READERS_OF_ALL:
            return ()
        own = sorted(institutions_acted_for(grants))
        return (Condition("{t}.institution_id = ANY(%(base_own)s::bigint[])", {"base_own": own}),)


class ConflictBody(ClosedSerializer):
    """An interest in one matter."""

    institution = serializers.CharField(max_length=40, help_text="Code of the institution that stands aside.")
    matter = serializers.CharField(max_length=80, help_text="E.g. product:P-029.")
    reason = serializers.CharField(max_length=2000, help_text="Which interest.")


class ConflictList(_Own, WriteEndpoint):
    """Conflicts of interest, newest first; a person may declare one."""

    tag = "conflicts"
    projection = CONFLICT
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="conflicts:read"), "POST": Access()}
    summary: ClassVar[Mapping[str, str]] = {"GET": "List conflicts of interest", "POST": "Declare a conflict of interest"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "The secretariat and the management committee see all, other people those of their own institutions.",
        "POST": (
            "Declared by its own representative, the institution does not vote, review, approve or mediate on the matter from "
            "then on. Said by the office or the committee it is a claim (state `claimed`) without effect, until the institution "
            "agrees or a second person rules."
        ),
    }
    requests: ClassVar[Mapping[str, Any]] = {"POST": ConflictBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "POST": {
            201: {
                "type": "object",
                "properties": {
                    "institution": {"type": "string"},
                    "matter": {"type": "string"},
                    "state": {"type": "string", "enum": list(ConflictState.values)},
                },
                "required": ["institution", "matter", "state"],
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "GET": {"results": [EXAMPLE], "next": None},
        "POST": {"institution": "I-042", "matter": "product:P-029", "state": "declared"},
        ("POST", "request"): {
            "institution": "I-042",
            "matter": "product:P-029",
            "reason": "We hold shares in the author.",
        },
    }

    def check_again(self, request: Request, **_kwargs: Any) -> None:
        """The right to declare for the institution named."""
        institution = self._institution(read_body(ConflictBody, request)["institution"])
        require(request.user, DECLARE_CONFLICT, ConflictOfInterest(alliance=self.alliance, institution=institution))

    def _institution(self, code: str) -> Institution:
        found = Institution.objects.of(self.alliance).filter(code=code).first()
        if found is None:
            words = _("No institution of this alliance has this code.")
            raise InvalidInputError(words, fields={"institution": words})
        return found

    def act(self, request: Request, **_kwargs: Any) -> HttpResponse:
        """Declare."""
        body = read_body(ConflictBody, request)
        institution = self._institution(body["institution"])
        conflict = declare_conflict(
            self.alliance,
            institution.code,
            body["matter"],
            reason=body["reason"],
            actor=person_of(request),
            at=timezone.now(),
        )
        return json_response({"institution": institution.code, "matter": conflict.matter, "state": str(conflict.state)}, 201)


class DeclarationList(_Own):
    """Yearly declarations, newest first."""

    tag = "conflicts"
    projection = DECLARATION
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="conflicts:read")}
    summary: ClassVar[Mapping[str, str]] = {"GET": "List yearly declarations of interests"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "The secretariat and the management committee see all, other people those of their own institutions."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [DECLARATION_EXAMPLE], "next": None}}
