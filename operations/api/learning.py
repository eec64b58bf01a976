"""Learning: courses with their sessions, learning paths, a person's own enrolments and certificates, and verification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from alliance.api.authentication import machine_of
from alliance.api.endpoints import (
    ClosedSerializer,
    Endpoint,
    ProjectionDetail,
    ProjectionEndpoint,
    ProjectionList,
    WriteEndpoint,
    json_response,
    person_of,
    read_body,
)
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel import limits
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can, grants_of, require
from alliance.kernel.projection import Computed, Condition, Contains, Listed, Nested, OneOf, Projection, Since, Truth, Value
from operations.actions.enrolment import enrol, leave
from operations.api.writes import PEOPLE, find_institution
from operations.choices import CertificateState, EnrolmentState
from operations.models import Certificate, Course, CourseSession, Enrolment, LearningPath
from operations.permissions import ENROL, VIEW_COURSE, VIEW_LEARNING, VIEW_OFFERS
from operations.selectors.learning import verify

if TYPE_CHECKING:
    from rest_framework.request import Request

MOST_NUMBER: Final = 32_767
"""Largest number of a session."""
MOST_KEY: Final = 2**63 - 1

for _code, _title in {
    "session_not_open": _("The session is not open"),
    "session_begun": _("The session has begun"),
    "already_enrolled": _("The person is in the session already"),
    "not_enrolled": _("The person is not in the session"),
    "institution_not_yours": _("The person does not act for this institution"),
    "institution_not_active": _("The institution is not an active member"),
}.items():
    if _code not in problem_titles:
        problem_titles.register(_code, _title)

_PARTY = (Value("code"), Value("kind"), Value("name_en"), Value("name_zh"))
_IN_STATE = """(SELECT count(*) FROM operations_enrolment e
    WHERE e.alliance_id = {t}.alliance_id AND e.session_id = {t}.id AND e.state = 'STATE')"""
_ENROLLED = Computed("enrolled", _IN_STATE.replace("STATE", EnrolmentState.ENROLLED), {"type": "integer"})
_WAITING = Computed("waiting", _IN_STATE.replace("STATE", EnrolmentState.WAITING), {"type": "integer"})
_SESSION_FIELDS = (
    Value("number"),
    Value("state"),
    Value("starts_at"),
    Value("ends_at"),
    Value("place"),
    Value("teacher"),
    Value("places"),
    Value("held_at"),
    _ENROLLED,
    _WAITING,
)
_OPEN = """EXISTS (SELECT 1 FROM operations_coursesession s
    WHERE s.alliance_id = {t}.alliance_id AND s.course_id = {t}.id AND s.state = 'open')"""

COURSE = Projection(
    name="Course",
    model=Course,
    description=_("A course with its sessions and how many people are in each. Learners are not named."),
    fields=(
        Value("code"),
        Value("form"),
        Value("title_en"),
        Value("title_zh"),
        Value("aim_en"),
        Value("aim_zh"),
        Value("credits"),
        Value("is_assessed"),
        Value("valid_months"),
        Value("is_offered"),
        Value("created_at"),
        Nested("host", _PARTY),
        Nested("product", (Value("code"), Value("title_en"), Value("title_zh"))),
        Listed("sessions", "sessions", _SESSION_FIELDS, order=("number",), where="{t}.state <> 'planned'"),
    ),
    filters=(
        OneOf("form"),
        OneOf("host", "host.code"),
        Truth("open", _OPEN),
        Contains("q", ("title_en", "title_zh", "aim_en", "aim_zh")),
    ),
    orderings={"-created_at": ("created_at", "id"), "created_at": ("created_at", "id"), "code": ("code",)},
)
SESSION_EXAMPLE: dict[str, Any] = {
    "number": 3,
    "state": "open",
    "starts_at": "2026-12-16T01:00:00.000000Z",
    "ends_at": "2026-12-16T08:00:00.000000Z",
    "place": "Hall 2",
    "teacher": "Xu Ran",
    "places": 12,
    "held_at": None,
    "enrolled": 12,
    "waiting": 1,
}
_HOST = {"code": "uni", "kind": "university_think_tank", "name_en": "Textile University", "name_zh": "纺织大学"}
COURSE_EXAMPLE: dict[str, Any] = {
    "code": "CR-001",
    "form": "training",
    "title_en": "Carbon accounting in weaving mills",
    "title_zh": "织造企业碳核算",
    "aim_en": "A first balance that an auditor accepts.",
    "aim_zh": "编制能通过核查的首份碳账。",
    "credits": "2.00",
    "is_assessed": True,
    "valid_months": 12,
    "is_offered": True,
    "created_at": "2026-01-11T01:00:00.000000Z",
    "host": _HOST,
    "product": {"code": "P-014", "title_en": "Carbon accounting guide", "title_zh": "碳核算指南"},
    "sessions": [SESSION_EXAMPLE],
}


class CourseEndpoint(ProjectionEndpoint):
    """Which courses a caller sees."""

    tag = "learning"
    projection = COURSE
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="courses:read", permission=VIEW_OFFERS)}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Offered ones; people see also those their institutions hold, and the office all."""
        if machine_of(request) is not None:
            return (Condition("{t}.is_offered"),)
        if can(request.user, VIEW_LEARNING, self.alliance):
            return ()
        own = {
            grant.institution_id
            for grant in grants_of(request.user, self.alliance)
            if grant.scope == "institution" and grant.institution_id is not None
        }
        return (Condition("({t}.is_offered OR {t}.host_id = ANY(%(base_own)s::bigint[]))", {"base_own": sorted(own)}),)


class CourseList(CourseEndpoint, ProjectionList):
    """Courses, newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List courses"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "Courses on offer; `open=true` finds those with a session open for enrolment. Planned sessions are left out."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [COURSE_EXAMPLE], "next": None}}


class CourseDetail(CourseEndpoint, ProjectionDetail):
    """One course."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a course"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": COURSE_EXAMPLE}


SESSION = Projection(
    name="CourseSession",
    model=CourseSession,
    description=_("One time a course is held, with how many people are in it. Learners are not named."),
    fields=(
        Nested("course", (Value("code"), Value("form"), Value("title_en"), Value("title_zh"), Value("credits"))),
        *_SESSION_FIELDS,
    ),
    filters=(
        OneOf("state"),
        OneOf("course", "course.code"),
        Since("starts_after", "starts_at"),
        Since("starts_before", "starts_at", after=False),
    ),
    orderings={"starts_at": ("starts_at", "id"), "-starts_at": ("starts_at", "id")},
    lookup="number",
)
SESSION_OF_COURSE = {
    "course": {
        "code": "CR-001",
        "form": "training",
        "title_en": "Carbon accounting in weaving mills",
        "title_zh": "织造企业碳核算",
        "credits": "2.00",
    },
    **SESSION_EXAMPLE,
}
_OF_OPEN_COURSE = """({t}.state <> 'planned' AND EXISTS (SELECT 1 FROM operations_course c
    WHERE c.alliance_id = {t}.alliance_id AND c.id = {t}.course_id AND c.is_offered))"""


class SessionEndpoint(ProjectionEndpoint):
    """Sessions that were opened, of courses on offer."""

    tag = "learning"
    projection = SESSION
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="courses:read", permission=VIEW_OFFERS)}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """The office sees planned ones and those of former courses too."""
        if machine_of(request) is None and can(request.user, VIEW_LEARNING, self.alliance):
            return ()
        return (Condition(_OF_OPEN_COURSE),)


class SessionList(SessionEndpoint, ProjectionList):
    """Sessions of every course, soonest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List sessions of courses"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [SESSION_OF_COURSE], "next": None}}


class SessionDetail(SessionEndpoint, ProjectionDetail):
    """One session of a course."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a session of a course"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": SESSION_OF_COURSE}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Of the course in the address."""
        of_course = Condition(
            "EXISTS (SELECT 1 FROM operations_course k WHERE k.alliance_id = {t}.alliance_id AND k.id = {t}.course_id "
            "AND k.code = %(base_course)s)",
            {"base_course": self.kwargs["code"]},
        )
        return (*super().conditions(request), of_course)

    def get(self, request: Request, code: str, number: int) -> HttpResponse:  # type: ignore[override]  # noqa: ARG002 - in kwargs
        """The session; a number that no column holds is that of none."""
        if number > MOST_NUMBER:
            raise NotFoundError
        return super().get(request, str(number))


PATH = Projection(
    name="LearningPath",
    model=LearningPath,
    description=_("Courses that together make somebody fit for a part in the alliance."),
    fields=(
        Value("code"),
        Value("title_en"),
        Value("title_zh"),
        Value("aim_en"),
        Value("aim_zh"),
        Value("credits_needed"),
        Value("is_offered"),
        Value("created_at"),
        Listed(
            "courses",
            "courses",
            (
                Value("position"),
                Value("is_required"),
                Nested("course", (Value("code"), Value("title_en"), Value("title_zh"), Value("credits"))),
            ),
            order=("position",),
        ),
    ),
    filters=(Contains("q", ("title_en", "title_zh")),),
    orderings={"-created_at": ("created_at", "id"), "code": ("code",)},
)
PATH_EXAMPLE: dict[str, Any] = {
    "code": "LP-01",
    "title_en": "Pilot lead in a mill",
    "title_zh": "企业试点负责人",
    "aim_en": "Can plan, run and judge a pilot.",
    "aim_zh": "能策划、实施并评判一次试点。",
    "credits_needed": "3.50",
    "is_offered": True,
    "created_at": "2026-02-01T01:00:00.000000Z",
    "courses": [
        {
            "position": 1,
            "is_required": True,
            "course": {
                "code": "CR-001",
                "title_en": "Carbon accounting in weaving mills",
                "title_zh": "织造企业碳核算",
                "credits": "2.00",
            },
        }
    ],
}


class PathEndpoint(ProjectionEndpoint):
    """Learning paths on offer; the office sees former ones too."""

    tag = "learning"
    projection = PATH
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="courses:read", permission=VIEW_OFFERS)}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Offered ones."""
        if machine_of(request) is None and can(request.user, VIEW_LEARNING, self.alliance):
            return ()
        return (Condition("{t}.is_offered"),)


class PathList(PathEndpoint, ProjectionList):
    """Learning paths."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List learning paths"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [PATH_EXAMPLE], "next": None}}


class PathDetail(PathEndpoint, ProjectionDetail):
    """One learning path."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a learning path"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": PATH_EXAMPLE}


# --------------------------------------------------------------------------------------------------- a person's own things

_OWN_SESSION = Nested(
    "session",
    (
        Value("number"),
        Value("state"),
        Value("starts_at"),
        Value("ends_at"),
        Value("place"),
        Nested("course", (Value("code"), Value("form"), Value("title_en"), Value("title_zh"), Value("credits"))),
    ),
)
ENROLMENT = Projection(
    name="Enrolment",
    model=Enrolment,
    description=_("A place in a session of the person who asks, and what became of it."),
    fields=(
        Value("id"),
        Value("state"),
        Value("attendance"),
        Value("assessment"),
        Value("assessed_at"),
        Value("credits"),
        Value("enrolled_at"),
        Nested("institution", (Value("code"),)),
        _OWN_SESSION,
    ),
    filters=(OneOf("state"),),
    orderings={"-enrolled_at": ("enrolled_at", "id"), "enrolled_at": ("enrolled_at", "id")},
    lookup="id",
)
ENROLMENT_EXAMPLE: dict[str, Any] = {
    "id": 41,
    "state": "enrolled",
    "attendance": "present",
    "assessment": "passed",
    "assessed_at": "2026-10-16T08:00:00.000000Z",
    "credits": "2.00",
    "enrolled_at": "2026-09-20T02:00:00.000000Z",
    "institution": {"code": "jh-mill"},
    "session": {
        "number": 2,
        "state": "held",
        "starts_at": "2026-10-13T01:00:00.000000Z",
        "ends_at": "2026-10-13T08:00:00.000000Z",
        "place": "Hall 2",
        "course": SESSION_OF_COURSE["course"],
    },
}


class EnrolmentEndpoint(ProjectionEndpoint):
    """One's own enrolments; no machine learns."""

    tag = "learning"
    projection = ENROLMENT
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(permission=VIEW_OFFERS)}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """The caller's."""
        return (Condition("{t}.user_id = %(base_user)s", {"base_user": person_of(request).pk}),)


class EnrolmentList(EnrolmentEndpoint, ProjectionList):
    """One's own enrolments, newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List own enrolments"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [ENROLMENT_EXAMPLE], "next": None}}


class EnrolmentDetail(EnrolmentEndpoint, ProjectionDetail):
    """One of one's own enrolments."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read an own enrolment"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": ENROLMENT_EXAMPLE}

    def get(self, request: Request, number: int) -> HttpResponse:  # type: ignore[override]
        """The enrolment; a key that no column holds is that of none."""
        if number > MOST_KEY:
            raise NotFoundError
        return super().get(request, str(number))


CERTIFICATE = Projection(
    name="Certificate",
    model=Certificate,
    description=_("A certificate of the person who asks."),
    fields=(
        Value("code"),
        Value("issued_on"),
        Value("expires_on"),
        Value("is_named"),
        Value("revoked_at"),
        Value("revoke_reason"),
        Nested(
            "enrolment",
            (
                Value("credits"),
                Nested("institution", (Value("code"),)),
                Nested(
                    "session",
                    (
                        Value("number"),
                        Nested("course", (Value("code"), Value("title_en"), Value("title_zh"))),
                    ),
                ),
            ),
        ),
    ),
    orderings={"-issued_on": ("issued_on", "id"), "issued_on": ("issued_on", "id")},
)
CERTIFICATE_EXAMPLE: dict[str, Any] = {
    "code": "7KQ3-MX9P-2WHT-BD5R",
    "issued_on": "2026-10-16",
    "expires_on": "2027-10-16",
    "is_named": False,
    "revoked_at": None,
    "revoke_reason": "",
    "enrolment": {
        "credits": "2.00",
        "institution": {"code": "jh-mill"},
        "session": {
            "number": 2,
            "course": {"code": "CR-001", "title_en": "Carbon accounting in weaving mills", "title_zh": "织造企业碳核算"},
        },
    },
}


class CertificateEndpoint(ProjectionEndpoint):
    """One's own certificates."""

    tag = "learning"
    projection = CERTIFICATE
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(permission=VIEW_OFFERS)}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """The caller's."""
        return (
            Condition(
                "EXISTS (SELECT 1 FROM operations_enrolment e WHERE e.alliance_id = {t}.alliance_id "
                "AND e.id = {t}.enrolment_id AND e.user_id = %(base_user)s)",
                {"base_user": person_of(request).pk},
            ),
        )


class CertificateList(CertificateEndpoint, ProjectionList):
    """One's own certificates, newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List own certificates"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [CERTIFICATE_EXAMPLE], "next": None}}


class CertificateDetail(CertificateEndpoint, ProjectionDetail):
    """One of one's own certificates."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read an own certificate"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": CERTIFICATE_EXAMPLE}


class Verification(Endpoint):
    """What a certificate's code proves; open to everybody, counted like the public page."""

    tag = "learning"
    authentication_classes = []
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(anonymous=True)}
    summary: ClassVar[Mapping[str, str]] = {"GET": "Verify a certificate"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "Takes the code without regard to case and hyphens. An unknown code answers 200 with the state `unknown`. The "
        "person is named only while the certificate is valid and only with their consent."
    }
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "GET": {
            200: {
                "type": "object",
                "properties": {
                    "state": {"type": "string", "enum": list(CertificateState.values)},
                    "code": {"type": ["string", "null"]},
                    "course": {
                        "type": ["object", "null"],
                        "properties": {
                            "code": {"type": "string"},
                            "title_en": {"type": "string"},
                            "title_zh": {"type": "string"},
                            "host_en": {"type": "string"},
                            "host_zh": {"type": "string"},
                        },
                    },
                    "credits": {"type": ["string", "null"], "format": "decimal"},
                    "issued_on": {"type": ["string", "null"], "format": "date"},
                    "expires_on": {"type": ["string", "null"], "format": "date"},
                    "revoked_on": {"type": ["string", "null"], "format": "date"},
                    "person_en": {"type": "string"},
                    "person_zh": {"type": "string"},
                },
                "required": ["state"],
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "GET": {
            "state": "valid",
            "code": "7KQ3-MX9P-2WHT-BD5R",
            "course": {
                "code": "CR-001",
                "title_en": "Carbon accounting in weaving mills",
                "title_zh": "织造企业碳核算",
                "host_en": "Textile University",
                "host_zh": "纺织大学",
            },
            "credits": "2.00",
            "issued_on": "2026-10-16",
            "expires_on": "2027-10-16",
            "revoked_on": None,
            "person_en": "",
            "person_zh": "",
        }
    }

    def get(self, request: Request, code: str) -> HttpResponse:
        """The answer."""
        network = limits.network_of(request._request.META.get("REMOTE_ADDR", ""))
        limits.hit("certificate_network", self.alliance.pk, network)
        limits.hit("certificate_check", self.alliance.pk)
        found = verify(self.alliance, code, at=timezone.now())
        course = found.course
        return json_response(
            {
                "state": found.state.value,
                "code": found.code or None,
                "course": {
                    "code": course.code,
                    "title_en": course.title_en,
                    "title_zh": course.title_zh,
                    "host_en": course.host.name_en,
                    "host_zh": course.host.name_zh,
                }
                if course
                else None,
                "credits": str(found.credits) if course else None,
                "issued_on": found.issued_on,
                "expires_on": found.expires_on,
                "revoked_on": found.revoked_on,
                "person_en": found.person_en,
                "person_zh": found.person_zh,
            }
        )


# ------------------------------------------------------------------------------------------------------------------ writes


class EnrolBody(ClosedSerializer):
    """For which institution a person enrols."""

    institution = serializers.CharField(max_length=40, help_text="Code of the institution for which the person learns.")


_PLACE = {
    "type": "object",
    "properties": {
        "course": {"type": "string"},
        "session": {"type": "integer"},
        "state": {"type": "string", "enum": list(EnrolmentState.values)},
    },
    "required": ["course", "session", "state"],
}


class PlaceEndpoint(WriteEndpoint):
    """What a person does about their own place."""

    tag = "learning"
    access: ClassVar[Mapping[str, Access]] = PEOPLE

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to learn here, and the course must be open to the person still."""
        self._find(request, kwargs["code"])

    def _find(self, request: Request, code: str) -> None:
        require(request.user, ENROL, self.alliance)
        course = Course.objects.of(self.alliance).filter(code=code).first()
        if course is None or not can(request.user, VIEW_COURSE, course):
            raise NotFoundError


class EnrolmentWrite(PlaceEndpoint):
    """Takes a place in a session, or a stand in its waiting list."""

    summary: ClassVar[Mapping[str, str]] = {"POST": "Enrol in a session"}
    explanation: ClassVar[Mapping[str, str]] = {
        "POST": "Where no place is left, the answer's state is `waiting`; the person is told when one becomes free."
    }
    requests: ClassVar[Mapping[str, Any]] = {"POST": EnrolBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {201: _PLACE}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": {"course": "CR-001", "session": 3, "state": "enrolled"},
        ("POST", "request"): {"institution": "jh-mill"},
    }

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Enrol."""
        code, number = kwargs["code"], kwargs["number"]
        self._find(request, code)
        body = read_body(EnrolBody, request)
        place = enrol(
            self.alliance,
            code,
            number,
            institution_id=find_institution(self.alliance, body["institution"]).pk,
            actor=person_of(request),
            at=timezone.now(),
        )
        return json_response({"course": code, "session": number, "state": place.state}, 201)


class LeaveBody(ClosedSerializer):
    """Nothing is needed."""


class EnrolmentLeave(PlaceEndpoint):
    """Gives one's own place up before the session begins."""

    summary: ClassVar[Mapping[str, str]] = {"POST": "Give up a place in a session"}
    requests: ClassVar[Mapping[str, Any]] = {"POST": LeaveBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {200: _PLACE}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": {"course": "CR-001", "session": 3, "state": "left"},
        ("POST", "request"): {},
    }

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Leave."""
        code, number = kwargs["code"], kwargs["number"]
        self._find(request, code)
        read_body(LeaveBody, request)
        place = leave(self.alliance, code, number, actor=person_of(request), at=timezone.now())
        return json_response({"course": code, "session": number, "state": place.state}, 200)
