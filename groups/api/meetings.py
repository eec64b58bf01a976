"""Meetings, their minutes and actions; the answer to an invitation and the outcome of an action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from alliance.api.authentication import machine_of
from alliance.api.endpoints import (
    ClosedSerializer,
    ProjectionDetail,
    ProjectionList,
    WriteEndpoint,
    json_response,
    person_of,
    read_body,
)
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, require
from alliance.kernel.projection import Condition, Listed, Nested, OneOf, Projection, Since, Value
from groups.actions.meeting import answer_invitation
from groups.actions.meeting_action import settle_action
from groups.models import Attendance, Meeting, MeetingAction, Minutes
from groups.permissions import ANSWER_INVITATION, SETTLE_ACTION, VIEW_GROUPS, VIEW_MEETINGS
from groups.selectors.group import list_people_of
from groups.selectors.meeting import list_actions

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

    from alliance.models import Alliance

for _code, _title in {
    "meeting_not_open": _("The meeting does not take this now"),
    "not_its_person": _("The person does not act for the institution"),
    "outcome_missing": _("The outcome is missing"),
}.items():
    if _code not in problem_titles:
        problem_titles.register(_code, _title)

_PARTY = (Value("code"), Value("name_en"), Value("name_zh"))
MEETING = Projection(
    name="Meeting",
    model=Meeting,
    description=_("A meeting of a group or, with the group null, of the assembly: agenda and who takes part."),
    fields=(
        Value("code"),
        Value("state"),
        Nested("group", (Value("kind"),)),
        Value("title_en"),
        Value("title_zh"),
        Value("starts_at"),
        Value("ends_at"),
        Value("place"),
        Value("quorum_numerator"),
        Value("quorum_denominator"),
        Value("convened_at"),
        Value("began_at"),
        Value("closed_at"),
        Listed(
            "agenda",
            "agenda",
            (
                Value("number"),
                Value("title_en"),
                Value("title_zh"),
                Value("matter"),
                Nested("presenter", _PARTY),
                Nested("motion", (Value("code"), Value("state"))),
            ),
            order=("number",),
        ),
        Listed(
            "attendance",
            "attendance",
            (Nested("institution", _PARTY), Value("state"), Value("has_vote")),
            order=("institution_id",),
        ),
    ),
    filters=(OneOf("state"), OneOf("group", "group.kind"), Since("starts_after", "starts_at")),
    orderings={"-starts_at": ("starts_at", "id"), "starts_at": ("starts_at", "id"), "code": ("code",)},
)
MEETING_EXAMPLE: dict[str, Any] = {
    "code": "MT-2026-004",
    "state": "convened",
    "group": {"kind": "management_committee"},
    "title_en": "Fourth meeting of the committee",
    "title_zh": "管理委员会第四次会议",
    "starts_at": "2026-12-08T06:00:00.000000Z",
    "ends_at": "2026-12-08T08:00:00.000000Z",
    "place": "Secretariat, room 302",
    "quorum_numerator": 2,
    "quorum_denominator": 3,
    "convened_at": "2026-11-20T02:00:00.000000Z",
    "began_at": None,
    "closed_at": None,
    "agenda": [
        {
            "number": 1,
            "title_en": "Work programme",
            "title_zh": "工作计划",
            "matter": "",
            "presenter": None,
            "motion": {"code": "M-0007", "state": "draft"},
        }
    ],
    "attendance": [
        {
            "institution": {"code": "itp", "name_en": "Institute for Textile Policy", "name_zh": "纺织政策研究院"},
            "state": "coming",
            "has_vote": True,
        }
    ],
}
MINUTES = Projection(
    name="Minutes",
    model=Minutes,
    lookup="id",
    description=_(
        "Approved minutes, read-only, each version with its digest. `facts` tells attendance, quorum, who stood aside, results "
        "and proxies as the records had them at approval."
    ),
    fields=(
        Nested("meeting", (Value("code"), Value("title_en"), Value("title_zh"))),
        Value("version"),
        Value("state"),
        Value("body_en"),
        Value("body_zh"),
        Value("facts"),
        Value("reason"),
        Value("approved_at"),
        Value("published_at"),
        Value("digest"),
    ),
    filters=(OneOf("meeting", "meeting.code"), OneOf("state")),
    orderings={"-id": ("id",), "id": ("id",)},
)
MINUTES_EXAMPLE: dict[str, Any] = {
    "meeting": {"code": "MT-2026-003", "title_en": "Third meeting", "title_zh": "第三次会议"},
    "version": 1,
    "state": "approved",
    "body_en": "## 1. Report\n\nThe report was noted.",
    "body_zh": "",
    "facts": {"quorum": {"entitled": 9, "present": 7, "needed": 6, "met": True}},
    "reason": "",
    "approved_at": "2026-11-10T02:00:00.000000Z",
    "published_at": None,
    "digest": "7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730",
}
ACTION = Projection(
    name="MeetingAction",
    model=MeetingAction,
    lookup="uuid",
    description=_("Something a meeting asked an institution, or with the institution null the secretariat, to do."),
    fields=(
        Value("uuid"),
        Nested("meeting", (Value("code"),)),
        Nested("motion", (Value("code"),)),
        Value("text_en"),
        Value("text_zh"),
        Nested("institution", _PARTY),
        Value("due_on"),
        Value("state"),
        Value("outcome"),
        Value("done_at"),
        Value("is_public"),
    ),
    filters=(OneOf("state"), OneOf("meeting", "meeting.code"), OneOf("institution", "institution.code")),
    orderings={"due_on": ("due_on", "id"), "-due_on": ("due_on", "id")},
)
ACTION_EXAMPLE: dict[str, Any] = {
    "uuid": "018f6b1e-6a51-7c3d-9b1a-1f1f3f3f3f3f",
    "meeting": {"code": "MT-2026-003"},
    "motion": None,
    "text_en": "Send the steam figures to the secretariat",
    "text_zh": "向秘书处提交蒸汽数据",
    "institution": {"code": "jh-mill", "name_en": "JH Mill", "name_zh": "嘉和织造"},
    "due_on": "2026-12-01",
    "state": "open",
    "outcome": "",
    "done_at": None,
    "is_public": True,
}
_ACCESS = {"GET": Access(scope="groups:read", permission=VIEW_GROUPS)}
_INVITED = (
    "EXISTS (SELECT 1 FROM groups_attendance a WHERE a.alliance_id = {t}.alliance_id AND a.meeting_id = {meeting} "
    "AND a.institution_id = ANY(%(base_own)s))"
)


def _own(request: Request, alliance: Alliance) -> list[int] | None:
    """Institutions a person acts for; None for people who see all."""
    if can(request.user, VIEW_MEETINGS, alliance):
        return None
    return sorted(institutions_acted_for(grants_of(request.user, alliance)))


class _Meetings:
    """Who sees which meetings: the office all, members those they are invited to, machines what is convened."""

    def conditions(self: Any, request: Request) -> Sequence[Condition]:
        """The restriction."""
        if machine_of(request) is not None:
            return (Condition("{t}.state <> 'planned'"),)
        own = _own(request, self.alliance)
        return () if own is None else (Condition(_INVITED.replace("{meeting}", "{t}.id"), {"base_own": own}),)


class MeetingList(_Meetings, ProjectionList):
    """Meetings, the latest first."""

    tag = "meetings"
    projection = MEETING
    access: ClassVar[Mapping[str, Access]] = _ACCESS
    summary: ClassVar[Mapping[str, str]] = {"GET": "List meetings"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [MEETING_EXAMPLE], "next": None}}


class MeetingDetail(_Meetings, ProjectionDetail):
    """One meeting."""

    tag = "meetings"
    projection = MEETING
    access: ClassVar[Mapping[str, Access]] = _ACCESS
    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a meeting"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": MEETING_EXAMPLE}


class MinutesList(ProjectionList):
    """Approved minutes, the latest first; machines see published ones."""

    tag = "meetings"
    projection = MINUTES
    access: ClassVar[Mapping[str, Access]] = _ACCESS
    summary: ClassVar[Mapping[str, str]] = {"GET": "List approved minutes"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [MINUTES_EXAMPLE], "next": None}}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Approved; to members those of meetings they were invited to."""
        if machine_of(request) is not None:
            return (Condition("{t}.published_at IS NOT NULL"),)
        own = _own(request, self.alliance)
        approved = Condition("{t}.approved_at IS NOT NULL")
        if own is None:
            return (approved,)
        return (approved, Condition(_INVITED.replace("{meeting}", "{t}.meeting_id"), {"base_own": own}))


class ActionList(ProjectionList):
    """Actions by due date; members see their own and public ones, machines public ones."""

    tag = "meetings"
    projection = ACTION
    access: ClassVar[Mapping[str, Access]] = _ACCESS
    summary: ClassVar[Mapping[str, str]] = {"GET": "List actions of meetings"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [ACTION_EXAMPLE], "next": None}}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """The restriction."""
        if machine_of(request) is not None:
            return (Condition("{t}.is_public"),)
        own = _own(request, self.alliance)
        if own is None:
            return ()
        return (Condition("({t}.is_public OR {t}.institution_id = ANY(%(base_own)s))", {"base_own": own}),)


# ---------------------------------------------------------------------------------------------------------------- writes

PEOPLE: Mapping[str, Access] = {"POST": Access()}


class InvitationAnswerBody(ClosedSerializer):
    """Whether an institution comes."""

    institution = serializers.CharField(max_length=40, help_text="Code of the invited institution.")
    coming = serializers.BooleanField(help_text="False: it is excused.")
    person = serializers.UUIDField(required=False, allow_null=True, help_text="Who comes; acts for the institution.")
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)


class OutcomeBody(ClosedSerializer):
    """What became of an action."""

    outcome = serializers.CharField(max_length=300)


class MeetingAnswer(WriteEndpoint):
    """Answers an invitation for an institution; it may be changed until the meeting begins."""

    tag = "meetings"
    access: ClassVar[Mapping[str, Access]] = PEOPLE
    summary: ClassVar[Mapping[str, str]] = {"POST": "Answer an invitation"}
    requests: ClassVar[Mapping[str, Any]] = {"POST": InvitationAnswerBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "POST": {
            200: {
                "type": "object",
                "properties": {
                    "meeting": {"type": "string"},
                    "institution": {"type": "string"},
                    "state": {"type": "string", "enum": ["coming", "excused"]},
                    "answered_at": {"type": "string", "format": "date-time"},
                },
                "required": ["meeting", "institution", "state", "answered_at"],
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": {
            "meeting": "MT-2026-004",
            "institution": "itp",
            "state": "coming",
            "answered_at": "2026-11-21T03:00:00.000000Z",
        },
        ("POST", "request"): {"institution": "itp", "coming": True},
    }

    def _row(self, code: str, institution: str) -> Attendance:
        row = (
            Attendance.objects.of(self.alliance)
            .select_related("institution")
            .filter(meeting__code=code, institution__code=institution)
            .first()
        )
        if row is None:
            raise NotFoundError
        return row

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to answer for that institution."""
        body = read_body(InvitationAnswerBody, request)
        require(request.user, ANSWER_INVITATION, self._row(kwargs["code"], body["institution"]))

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Answer."""
        code = kwargs["code"]
        if "\x00" in code:
            raise NotFoundError
        body = read_body(InvitationAnswerBody, request)
        row = self._row(code, body["institution"])
        if not can(request.user, ANSWER_INVITATION, row):
            raise NotFoundError
        people = list_people_of(self.alliance, [row.institution_id], timezone.now()).get(row.institution_id, [])
        person = None
        if body.get("person"):
            person = next((one for one in people if one.uuid == body["person"]), None)
            if person is None:
                raise NotFoundError
        row = answer_invitation(
            self.alliance,
            code,
            row.institution.code,
            coming=body["coming"],
            person=person,
            note=body.get("note", ""),
            actor=person_of(request),
            at=timezone.now(),
        )
        return json_response(
            {
                "meeting": code,
                "institution": row.institution.code,
                "state": row.state,
                "answered_at": row.answered_at,
            }
        )


class ActionOutcome(WriteEndpoint):
    """Notes that an action is done, with what became of it."""

    tag = "meetings"
    access: ClassVar[Mapping[str, Access]] = PEOPLE
    summary: ClassVar[Mapping[str, str]] = {"POST": "Note an action as done"}
    requests: ClassVar[Mapping[str, Any]] = {"POST": OutcomeBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "POST": {
            200: {
                "type": "object",
                "properties": {
                    "uuid": {"type": "string", "format": "uuid"},
                    "state": {"type": "string", "enum": ["done"]},
                    "outcome": {"type": "string"},
                },
                "required": ["uuid", "state", "outcome"],
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": {"uuid": "018f6b1e-6a51-7c3d-9b1a-1f1f3f3f3f3f", "state": "done", "outcome": "Sent on 20 November"},
        ("POST", "request"): {"outcome": "Sent on 20 November"},
    }

    def _find(self, request: Request, uuid: UUID) -> MeetingAction:
        action = list_actions(self.alliance).filter(uuid=uuid).first()
        if action is None or not can(request.user, SETTLE_ACTION, action):
            raise NotFoundError
        return action

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to settle it, as it is now."""
        self._find(request, kwargs["uuid"])

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Note it."""
        self._find(request, kwargs["uuid"])
        body = read_body(OutcomeBody, request)
        action = settle_action(
            self.alliance,
            kwargs["uuid"],
            done=True,
            outcome=body["outcome"],
            actor=person_of(request),
            at=timezone.now(),
        )
        return json_response({"uuid": str(action.uuid), "state": action.state, "outcome": action.outcome})
