"""Projects: plan, milestones, deliverables and confirmed hours per institution; no people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from alliance.api.authentication import machine_of
from alliance.api.endpoints import ProjectionDetail, ProjectionEndpoint, ProjectionList
from alliance.api.permissions import Access
from alliance.kernel.permissions import can, grants_of
from alliance.kernel.projection import Computed, Condition, Contains, Listed, Nested, OneOf, Projection, Since, Truth, Value
from operations.choices import ProjectState
from operations.models import Project
from operations.permissions import VIEW_PROJECTS

if TYPE_CHECKING:
    from rest_framework.request import Request

_PARTY = (Value("code"), Value("kind"), Value("name_en"), Value("name_zh"))
_WAITS_FOR = """(SELECT coalesce(json_agg(b.number ORDER BY b.number), '[]'::json)
    FROM operations_tasklink l JOIN operations_projecttask b ON b.alliance_id = l.alliance_id AND b.id = l.before_id
    WHERE l.alliance_id = {t}.alliance_id AND l.after_id = {t}.id)"""
_INSTITUTION = """(SELECT i.code FROM operations_projectperson o
    JOIN members_institution i ON i.alliance_id = o.alliance_id AND i.id = o.institution_id
    WHERE o.alliance_id = {t}.alliance_id AND o.id = {t}.owner_id)"""
_INSTITUTIONS = """(SELECT coalesce(json_agg(DISTINCT i.code), '[]'::json) FROM members_institution i
    WHERE i.alliance_id = {t}.alliance_id AND (i.id = {t}.lead_id OR EXISTS (
        SELECT 1 FROM operations_projectperson o WHERE o.alliance_id = {t}.alliance_id AND o.project_id = {t}.id
          AND o.institution_id = i.id AND o.until IS NULL)))"""
_HOURS = """(SELECT coalesce(json_agg(json_build_object('institution', s.code, 'confirmed', s.confirmed::text,
        'not_confirmed', s.waiting::text) ORDER BY s.code), '[]'::json)
    FROM (SELECT i.code,
             coalesce(sum(h.hours) FILTER (WHERE h.confirmed_at IS NOT NULL), 0)::numeric(12, 2) AS confirmed,
             coalesce(sum(h.hours) FILTER (WHERE h.confirmed_at IS NULL), 0)::numeric(12, 2) AS waiting
          FROM operations_workhours h
          JOIN operations_projectperson o ON o.alliance_id = h.alliance_id AND o.id = h.person_id
          JOIN members_institution i ON i.alliance_id = o.alliance_id AND i.id = o.institution_id
          WHERE h.alliance_id = {t}.alliance_id AND o.project_id = {t}.id AND h.struck_at IS NULL
          GROUP BY i.code) s)"""
_LATE = """({t}.state = 'running' AND EXISTS (SELECT 1 FROM operations_milestone m
    WHERE m.alliance_id = {t}.alliance_id AND m.project_id = {t}.id AND m.reached_on IS NULL AND m.due_on < CURRENT_DATE))"""

PROJECT = Projection(
    name="Project",
    model=Project,
    description=_("A project with its plan, what it owes, and the hours per institution. People are not named."),
    fields=(
        Value("code"),
        Value("state"),
        Value("title_en"),
        Value("title_zh"),
        Value("aim_en"),
        Value("aim_zh"),
        Value("starts_on"),
        Value("ends_on"),
        Value("created_at"),
        Value("state_since"),
        Value("end_reason"),
        Nested("lead", _PARTY),
        Computed("institutions", _INSTITUTIONS, {"type": "array", "items": {"type": "string"}}),
        Listed(
            "milestones",
            "milestones",
            (Value("position"), Value("name_en"), Value("name_zh"), Value("due_on"), Value("reached_on")),
            order=("due_on", "position"),
        ),
        Listed(
            "tasks",
            "tasks",
            (
                Value("number"),
                Value("name_en"),
                Value("name_zh"),
                Value("state"),
                Value("starts_on"),
                Value("ends_on"),
                Value("planned_hours"),
                Computed(
                    "institution",
                    _INSTITUTION,
                    {"type": ["string", "null"], "description": "Code of the institution whose person answers for it."},
                ),
                Computed(
                    "waits_for",
                    _WAITS_FOR,
                    {"type": "array", "items": {"type": "integer"}, "description": "Numbers of tasks to be done before."},
                ),
            ),
            order=("number",),
        ),
        Listed(
            "deliverables",
            "deliverables",
            (
                Value("position"),
                Value("name_en"),
                Value("name_zh"),
                Value("kind"),
                Value("due_on"),
                Nested("product", (Value("code"), Value("state"), Value("version"))),
            ),
            order=("due_on", "position"),
        ),
        Computed(
            "hours",
            _HOURS,
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "institution": {"type": "string"},
                        "confirmed": {"type": "string", "format": "decimal"},
                        "not_confirmed": {"type": "string", "format": "decimal"},
                    },
                },
            },
        ),
    ),
    filters=(
        OneOf("state"),
        OneOf("lead", "lead.code"),
        Since("created_after", "created_at"),
        Since("ends_after", "ends_on"),
        Since("ends_before", "ends_on", after=False),
        Truth("late", _LATE),
        Contains("q", ("title_en", "title_zh", "aim_en", "aim_zh")),
    ),
    orderings={
        "-created_at": ("created_at", "id"),
        "created_at": ("created_at", "id"),
        "ends_on": ("ends_on", "id"),
        "code": ("code",),
    },
)
_LEAD = {
    "code": "itp",
    "kind": "university_think_tank",
    "name_en": "Institute for Textile Policy",
    "name_zh": "纺织政策研究院",
}
EXAMPLE: dict[str, Any] = {
    "code": "PR-002",
    "state": "running",
    "title_en": "Salt-free reactive dyeing",
    "title_zh": "活性染料无盐染色",
    "aim_en": "Half the salt in dyehouses of the delta.",
    "aim_zh": "三角洲染厂用盐减半。",
    "starts_on": "2026-03-01",
    "ends_on": "2027-08-31",
    "created_at": "2026-02-11T01:00:00.000000Z",
    "state_since": "2026-03-01T01:00:00.000000Z",
    "end_reason": "",
    "lead": _LEAD,
    "institutions": ["i-017", "itp"],
    "milestones": [
        {
            "position": 1,
            "name_en": "Survey done",
            "name_zh": "调查完成",
            "due_on": "2026-06-30",
            "reached_on": "2026-07-02",
        }
    ],
    "tasks": [
        {
            "number": 2,
            "name_en": "Trials on three machines",
            "name_zh": "三台设备试验",
            "state": "doing",
            "starts_on": "2026-07-01",
            "ends_on": "2026-12-15",
            "planned_hours": "320.00",
            "institution": "i-017",
            "waits_for": [1],
        }
    ],
    "deliverables": [
        {
            "position": 1,
            "name_en": "Guide to salt-free dyeing",
            "name_zh": "无盐染色指南",
            "kind": "guide",
            "due_on": "2027-06-30",
            "product": {"code": "P-029", "state": "piloting", "version": 1},
        }
    ],
    "hours": [{"institution": "itp", "confirmed": "212.50", "not_confirmed": "7.50"}],
}

# What operations.permissions.VIEW_PROJECT says of one record, said of all of them at once.
_OPEN_TO_PERSON = """(
    {t}.lead_id = ANY(%(base_own)s::bigint[])
    OR EXISTS (SELECT 1 FROM operations_projectperson o
               WHERE o.alliance_id = {t}.alliance_id AND o.project_id = {t}.id AND o.until IS NULL
                 AND o.institution_id = ANY(%(base_own)s::bigint[]))
)"""


class ProjectEndpoint(ProjectionEndpoint):
    """Which projects a caller sees."""

    tag = "projects"
    projection = PROJECT
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="projects:read")}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Machines: those that run or are finished. People: what :data:`operations.permissions.VIEW_PROJECT` opens to them."""
        if machine_of(request) is not None:
            states = [ProjectState.RUNNING.value, ProjectState.FINISHED.value]
            return (Condition("{t}.state = ANY(%(base_states)s::text[])", {"base_states": states}),)
        if can(request.user, VIEW_PROJECTS, self.alliance):
            return ()
        own = {
            grant.institution_id
            for grant in grants_of(request.user, self.alliance)
            if grant.scope == "institution" and grant.institution_id is not None
        }
        return (Condition(_OPEN_TO_PERSON, {"base_own": sorted(own)}),)


class ProjectList(ProjectEndpoint, ProjectionList):
    """Projects, newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List projects"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "Machine clients see projects that run or are finished. People see those of their institutions; the office sees all."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}


class ProjectDetail(ProjectEndpoint, ProjectionDetail):
    """One project."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a project"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}
