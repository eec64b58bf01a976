"""Charter, responsibilities and consortia; answers to and reports on responsibilities; disputes, for the people concerned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from alliance.actions.audit import plain
from alliance.api.authentication import machine_of
from alliance.api.endpoints import (
    ClosedSerializer,
    ProjectionDetail,
    ProjectionEndpoint,
    ProjectionList,
    ReadEndpoint,
    WriteEndpoint,
    json_response,
    person_of,
    read_body,
)
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, require
from alliance.kernel.projection import Condition, Contains, Listed, Nested, OneOf, Projection, Value
from groups.actions.responsibility import acknowledge_responsibility, decline_responsibility, submit_report
from groups.choices import DisputeState, DisputeStepKind
from groups.models import CharterVersion, Consortium, Dispute, Responsibility
from groups.permissions import (
    ANSWER_RESPONSIBILITY,
    REPORT_RESPONSIBILITY,
    VIEW_CONSORTIA,
    VIEW_RESPONSIBILITIES,
    VIEW_RESPONSIBILITY,
)
from groups.selectors.dispute import find_dispute, list_steps, list_visible_disputes, speaker_of
from groups.selectors.responsibility import find_responsibility, list_reports

if TYPE_CHECKING:
    from rest_framework.request import Request

    from alliance.kernel.projection import Query
    from alliance.models import Alliance
    from groups.models import ResponsibilityReport

for _code, _title in {
    "duty_report_incomplete": _("The report is not complete"),
    "duty_over": _("The responsibility is over"),
    "report_by_calendar": _("Reports are asked for by the calendar"),
    "charter_not_open": _("The version is not open for acceptance"),
    "charter_accepted": _("The version was accepted already"),
    "dispute_over": _("The dispute is over"),
}.items():
    if _code not in problem_titles:
        problem_titles.register(_code, _title)

_PARTY = (Value("code"), Value("name_en"), Value("name_zh"))
DISPUTES_SHOWN = 100

# ----------------------------------------------------------------------------------------------------------- charter

CHARTER = Projection(
    name="CharterVersion",
    model=CharterVersion,
    lookup="number",
    description=_(
        "A version of the charter that the assembly has adopted, with all its articles. `digest` is the SHA-256 of its canonical "
        "form; members' acceptances name it."
    ),
    fields=(
        Value("number"),
        Value("state"),
        Value("adopted_on"),
        Value("in_force_on"),
        Value("grace_days"),
        Value("quorum_numerator"),
        Value("quorum_denominator"),
        Value("proxies_per_holder"),
        Value("circulation_days"),
        Value("digest"),
        Listed(
            "articles",
            "articles",
            (
                Value("number"),
                Value("chapter_en"),
                Value("chapter_zh"),
                Value("title_en"),
                Value("title_zh"),
                Value("body_en"),
                Value("body_zh"),
            ),
            order=("number",),
        ),
    ),
    filters=(OneOf("state"),),
    orderings={"-number": ("number",), "number": ("number",)},
)
CHARTER_EXAMPLE: dict[str, Any] = {
    "number": 3,
    "state": "in_force",
    "adopted_on": "2026-03-02",
    "in_force_on": "2026-04-01",
    "grace_days": 30,
    "quorum_numerator": 2,
    "quorum_denominator": 3,
    "proxies_per_holder": 2,
    "circulation_days": 5,
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "articles": [
        {
            "number": 1,
            "chapter_en": "Chapter I General",
            "chapter_zh": "第一章 总则",
            "title_en": "Name and nature",
            "title_zh": "名称与性质",
            "body_en": "The Alliance is a not-for-profit cooperation.",
            "body_zh": "本联盟为非营利性合作组织。",
        }
    ],
}


class CharterEndpoint(ProjectionEndpoint):
    """Adopted versions, which are public; drafts are the office's own."""

    tag = "charter"
    projection = CHARTER
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="charter:read")}

    def conditions(self, request: Request) -> Sequence[Condition]:  # noqa: ARG002 - the same for everybody
        """No drafts."""
        return (Condition("{t}.state <> 'draft'"),)


class CharterList(CharterEndpoint, ProjectionList):
    """Versions of the charter, the newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List versions of the charter"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [CHARTER_EXAMPLE], "next": None}}


def _as_number(code: str) -> str:
    """A version's number, or one that no version has."""
    return code if code.isascii() and code.isdecimal() and len(code) <= 4 else "-1"


class CharterDetail(CharterEndpoint, ProjectionDetail):
    """One version by its number."""

    path_schemas: ClassVar[Mapping[str, Mapping[str, Any]]] = {"code": {"type": "integer", "minimum": 1}}
    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a version of the charter"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": CHARTER_EXAMPLE}

    def get(self, request: Request, code: str) -> HttpResponse:
        """The version."""
        return super().get(request, _as_number(code))

    def statement(self, request: Request, query: Query, key: str) -> tuple[str, dict[str, Any]]:
        """The statement of a version."""
        return super().statement(request, query, _as_number(key))


# -------------------------------------------------------------------------------------------------- responsibilities

RESPONSIBILITY = Projection(
    name="Responsibility",
    model=Responsibility,
    description=_(
        "Who, in which group, does what by when, measured how, with the reports on it; free texts of reports are left out."
    ),
    fields=(
        Value("code"),
        Value("state"),
        Nested("institution", _PARTY),
        Nested("group", (Value("kind"),)),
        Value("duty_en"),
        Value("duty_zh"),
        Value("measure_en"),
        Value("measure_zh"),
        Value("period"),
        Value("starts_on"),
        Value("due_on"),
        Value("acknowledged_at"),
        Value("ended_at"),
        Value("created_at"),
        Listed(
            "reports",
            "reports",
            (Value("due_on"), Value("state"), Value("figure"), Value("measure_met"), Value("submitted_at")),
            order=("due_on", "id"),
        ),
    ),
    filters=(
        OneOf("state"),
        OneOf("period"),
        OneOf("institution", "institution.code"),
        OneOf("group", "group.kind"),
        Contains("q", ("duty_en", "duty_zh")),
    ),
    orderings={"-created_at": ("created_at", "id"), "created_at": ("created_at", "id"), "code": ("code",)},
)
RESPONSIBILITY_EXAMPLE: dict[str, Any] = {
    "code": "R-01",
    "state": "acknowledged",
    "institution": {"code": "itp", "name_en": "Institute for Textile Policy", "name_zh": "纺织政策研究院"},
    "group": {"kind": "wisdom_group"},
    "duty_en": "Answer technical requests within five working days",
    "duty_zh": "五个工作日内答复技术咨询",
    "measure_en": "at least 90% on time",
    "measure_zh": "按期答复率不低于90%",
    "period": "monthly",
    "starts_on": "2026-02-06",
    "due_on": None,
    "acknowledged_at": "2026-02-06T02:00:00.000000Z",
    "ended_at": None,
    "created_at": "2026-01-30T02:00:00.000000Z",
    "reports": [
        {
            "due_on": "2026-10-31",
            "state": "accepted",
            "figure": "93.00",
            "measure_met": True,
            "submitted_at": "2026-10-29T07:00:00.000000Z",
        }
    ],
}


class ResponsibilityEndpoint(ProjectionEndpoint):
    """The office, the committee and machines see all; members their own."""

    tag = "responsibilities"
    projection = RESPONSIBILITY
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="responsibilities:read")}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """The restriction."""
        if machine_of(request) is not None or can(request.user, VIEW_RESPONSIBILITIES, self.alliance):
            return ()
        own = sorted(institutions_acted_for(grants_of(request.user, self.alliance)))
        return (Condition("{t}.institution_id = ANY(%(base_own)s::bigint[])", {"base_own": own}),)


class ResponsibilityList(ResponsibilityEndpoint, ProjectionList):
    """Responsibilities, the newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List responsibilities"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [RESPONSIBILITY_EXAMPLE], "next": None}}


class ResponsibilityDetail(ResponsibilityEndpoint, ProjectionDetail):
    """One responsibility."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a responsibility"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": RESPONSIBILITY_EXAMPLE}


PEOPLE: Mapping[str, Access] = {"POST": Access()}


class DutyAnswerBody(ClosedSerializer):
    """Whether the institution takes the responsibility on."""

    acknowledged = serializers.BooleanField(help_text="False: it declines.")
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, help_text="Needed to decline.")


class DutyReportBody(ClosedSerializer):
    """A report on a responsibility; a file can be added on the page."""

    due_on = serializers.DateField(help_text="Which report: its day, as listed.")
    text = serializers.CharField(max_length=8000, help_text="What was done.")
    figure = serializers.DecimalField(max_digits=14, decimal_places=2, required=False, allow_null=True)
    measure_met = serializers.BooleanField(help_text="Whether the measure was met.")


_STATE = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "state": {"type": "string"}},
    "required": ["code", "state"],
    "additionalProperties": False,
}


def _duty(request: Request, alliance: Alliance, code: str) -> Responsibility:
    found = find_responsibility(alliance, code) if "\x00" not in code else None
    if found is None or not can(request.user, VIEW_RESPONSIBILITY, found):
        raise NotFoundError
    return found


class DutyAnswer(WriteEndpoint):
    """Acknowledges or declines a responsibility for the institution."""

    tag = "responsibilities"
    access: ClassVar[Mapping[str, Access]] = PEOPLE
    summary: ClassVar[Mapping[str, str]] = {"POST": "Acknowledge or decline a responsibility"}
    requests: ClassVar[Mapping[str, Any]] = {"POST": DutyAnswerBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {200: _STATE}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": {"code": "R-01", "state": "acknowledged"},
        ("POST", "request"): {"acknowledged": True},
    }

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to answer for the institution, as it is now."""
        require(request.user, ANSWER_RESPONSIBILITY, _duty(request, self.alliance, kwargs["code"]))

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Answer."""
        found = _duty(request, self.alliance, kwargs["code"])
        body = read_body(DutyAnswerBody, request)
        common: dict[str, Any] = {"actor": person_of(request), "at": timezone.now()}
        if body["acknowledged"]:
            found = acknowledge_responsibility(self.alliance, found.code, **common)
        else:
            found = decline_responsibility(self.alliance, found.code, reason=body.get("reason", ""), **common)
        return json_response({"code": found.code, "state": found.state})


class DutyReport(WriteEndpoint):
    """Hands a report in for the institution."""

    tag = "responsibilities"
    access: ClassVar[Mapping[str, Access]] = PEOPLE
    summary: ClassVar[Mapping[str, str]] = {"POST": "Hand in a report on a responsibility"}
    requests: ClassVar[Mapping[str, Any]] = {"POST": DutyReportBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "POST": {
            200: {
                "type": "object",
                "properties": {
                    "code": {"type": "string"},
                    "due_on": {"type": "string", "format": "date"},
                    "state": {"type": "string"},
                },
                "required": ["code", "due_on", "state"],
                "additionalProperties": False,
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": {"code": "R-01", "due_on": "2026-11-30", "state": "submitted"},
        ("POST", "request"): {
            "due_on": "2026-11-30",
            "text": "All requests answered.",
            "figure": "96.00",
            "measure_met": True,
        },
    }

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to report for the institution, as it is now."""
        require(request.user, REPORT_RESPONSIBILITY, _duty(request, self.alliance, kwargs["code"]))

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Hand it in."""
        found = _duty(request, self.alliance, kwargs["code"])
        body = read_body(DutyReportBody, request)
        row: ResponsibilityReport | None = list_reports(found).filter(due_on=body["due_on"]).first()
        if row is None:
            require(request.user, REPORT_RESPONSIBILITY, found)
            raise NotFoundError
        report = submit_report(
            self.alliance,
            found.code,
            row.pk,
            text=body["text"],
            figure=body.get("figure"),
            measure_met=body["measure_met"],
            actor=person_of(request),
            at=timezone.now(),
        )
        return json_response({"code": found.code, "due_on": report.due_on.isoformat(), "state": report.state})


# --------------------------------------------------------------------------------------------------------- consortia

CONSORTIUM = Projection(
    name="Consortium",
    model=Consortium,
    description=_(
        "A technology consortium with every part ever accepted in it; terms, plan and files are its members' own and not given out."
    ),
    fields=(
        Value("code"),
        Value("state"),
        Value("name_en"),
        Value("name_zh"),
        Value("technology_en"),
        Value("technology_zh"),
        Value("filed_on"),
        Value("closed_on"),
        Value("created_at"),
        Listed(
            "members",
            "memberships",
            (Nested("institution", _PARTY), Value("role"), Value("starts_at"), Value("ends_at")),
            order=("starts_at", "id"),
            where="{t}.accepted_at IS NOT NULL",
        ),
    ),
    filters=(OneOf("state"), Contains("q", ("name_en", "name_zh", "technology_en", "technology_zh"))),
    orderings={"-created_at": ("created_at", "id"), "created_at": ("created_at", "id"), "code": ("code",)},
)
CONSORTIUM_EXAMPLE: dict[str, Any] = {
    "code": "K-01",
    "state": "active",
    "name_en": "Low-salt reactive dyeing",
    "name_zh": "低盐活性染色技术联合体",
    "technology_en": "Dyeing cotton with a third of the salt",
    "technology_zh": "用三分之一的盐做棉织物染色",
    "filed_on": "2026-07-06",
    "closed_on": None,
    "created_at": "2026-06-24T02:00:00.000000Z",
    "members": [
        {
            "institution": {"code": "itp", "name_en": "Institute for Textile Policy", "name_zh": "纺织政策研究院"},
            "role": "lead",
            "starts_at": "2026-06-24T02:00:00.000000Z",
            "ends_at": None,
        }
    ],
}


class ConsortiumEndpoint(ProjectionEndpoint):
    """Those filed with the committee; the office and the committee see all, members also their own."""

    tag = "consortia"
    projection = CONSORTIUM
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="consortia:read")}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """The restriction."""
        own: list[int] = []
        if machine_of(request) is None:
            if can(request.user, VIEW_CONSORTIA, self.alliance):
                return ()
            own = sorted(institutions_acted_for(grants_of(request.user, self.alliance)))
        return (
            Condition(
                "({t}.filed_on IS NOT NULL OR EXISTS (SELECT 1 FROM groups_consortiummembership m"
                " WHERE m.alliance_id = {t}.alliance_id AND m.consortium_id = {t}.id"
                " AND m.institution_id = ANY(%(base_own)s::bigint[]) AND (m.ends_at IS NULL OR m.ends_at > now())))",
                {"base_own": own},
            ),
        )


class ConsortiumList(ConsortiumEndpoint, ProjectionList):
    """Consortia, the newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List technology consortia"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [CONSORTIUM_EXAMPLE], "next": None}}


class ConsortiumDetail(ConsortiumEndpoint, ProjectionDetail):
    """One consortium."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a technology consortium"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": CONSORTIUM_EXAMPLE}


# ---------------------------------------------------------------------------------------------------------- disputes

_DISPUTE_PROPERTIES: dict[str, Any] = {
    "code": {"type": "string"},
    "state": {"type": "string", "enum": list(DisputeState.values)},
    "subject": {"type": "string"},
    "claimant": {"type": "string"},
    "respondent": {"type": "string"},
    "mediator": {"type": ["string", "null"], "format": "uuid"},
    "filed_at": {"type": "string", "format": "date-time"},
    "due_on": {"type": "string", "format": "date"},
    "closed_at": {"type": ["string", "null"], "format": "date-time"},
    "digest": {"type": "string"},
}
_STEP_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": list(DisputeStepKind.values)},
        "by": {"type": "string", "enum": ["claimant", "respondent", "mediator", "committee"]},
        "text": {"type": "string"},
        "made_at": {"type": "string", "format": "date-time"},
    },
    "required": ["kind", "by", "text", "made_at"],
    "additionalProperties": False,
}
_DISPUTE_EXAMPLE: dict[str, Any] = {
    "code": "D-02",
    "state": "mediation",
    "subject": "Machine hours not given as agreed",
    "claimant": "itp",
    "respondent": "mill-1",
    "mediator": "018f6b1e-6a51-7c3d-9b1a-1f1f3f3f3f3f",
    "filed_at": "2026-11-10T02:00:00.000000Z",
    "due_on": "2026-12-11",
    "closed_at": None,
    "digest": "",
}


def _moment(value: Any) -> str | None:
    return str(plain(value)) if value is not None else None


def _dispute_values(dispute: Dispute) -> dict[str, Any]:
    return {
        "code": dispute.code,
        "state": dispute.state,
        "subject": dispute.subject,
        "claimant": dispute.claimant.code,
        "respondent": dispute.respondent.code,
        "mediator": str(dispute.mediator.uuid) if dispute.mediator else None,
        "filed_at": _moment(dispute.filed_at),
        "due_on": dispute.due_on.isoformat(),
        "closed_at": _moment(dispute.closed_at),
        "digest": dispute.digest,
    }


class DisputeList(ReadEndpoint):
    """Disputes that the person may know of, the newest first; never open to machine clients."""

    tag = "disputes"
    lists: ClassVar[bool] = True
    """Names the operation a list, though no projection stands behind it."""
    access: ClassVar[Mapping[str, Access]] = {"GET": Access()}
    summary: ClassVar[Mapping[str, str]] = {"GET": "List your disputes"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "Disputes of the institutions a person represents or signs for, those the person mediates, and, for members of the "
        "management committee, those in which they have no part. At most the hundred newest."
    }
    more_errors: ClassVar[tuple[int, ...]] = ()
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "GET": {
            200: {
                "type": "object",
                "properties": {
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": _DISPUTE_PROPERTIES,
                            "required": list(_DISPUTE_PROPERTIES),
                            "additionalProperties": False,
                        },
                    }
                },
                "required": ["results"],
                "additionalProperties": False,
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [_DISPUTE_EXAMPLE]}}

    def get(self, request: Request) -> HttpResponse:
        """The list."""
        with transaction.atomic():
            rows = list(list_visible_disputes(self.alliance, request.user)[:DISPUTES_SHOWN])
        return json_response({"results": [_dispute_values(row) for row in rows]})


class DisputeDetail(ReadEndpoint):
    """One dispute with its record."""

    tag = "disputes"
    access: ClassVar[Mapping[str, Access]] = {"GET": Access()}
    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a dispute"}
    more_errors: ClassVar[tuple[int, ...]] = (404,)
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "GET": {
            200: {
                "type": "object",
                "properties": {**_DISPUTE_PROPERTIES, "steps": {"type": "array", "items": _STEP_SCHEMA}},
                "required": [*_DISPUTE_PROPERTIES, "steps"],
                "additionalProperties": False,
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "GET": {
            **_DISPUTE_EXAMPLE,
            "steps": [
                {
                    "kind": "statement",
                    "by": "claimant",
                    "text": "Eight hours a month were agreed.",
                    "made_at": "2026-11-10T02:00:00.000000Z",
                }
            ],
        }
    }

    def get(self, request: Request, code: str) -> HttpResponse:
        """The dispute."""
        with transaction.atomic():
            found = find_dispute(self.alliance, code, request.user) if "\x00" not in code else None
            if found is None:
                raise NotFoundError
            steps = [
                {"kind": step.kind, "by": speaker_of(found, step), "text": step.text, "made_at": _moment(step.made_at)}
                for step in list_steps(found)
            ]
        return json_response({**_dispute_values(found), "steps": steps})
