"""The six virtual groups, the seats in them, and the coverage of elements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from alliance.api.endpoints import ProjectionDetail, ProjectionList, ReadEndpoint
from alliance.api.permissions import Access
from alliance.api.renderers import dump
from alliance.kernel.projection import Listed, Nested, OneOf, ParameterRefusedError, Projection, Value
from groups.choices import GroupKind
from groups.models import VirtualGroup
from groups.permissions import VIEW_GROUPS
from groups.selectors.coverage import get_coverage
from members.choices import Element

if TYPE_CHECKING:
    from rest_framework.request import Request

GROUP = Projection(
    name="Group",
    model=VirtualGroup,
    lookup="kind",
    description=_(
        "A virtual group with every seat ever held in it; a seat without an end, or with one to come, is held now."
    ),
    fields=(
        Value("kind"),
        Value("remit_en"),
        Value("remit_zh"),
        Listed(
            "seats",
            "memberships",
            (
                Nested("institution", (Value("code"), Value("kind"), Value("name_en"), Value("name_zh"))),
                Value("role"),
                Value("starts_at"),
                Value("ends_at"),
                Value("exception_resolution"),
                Nested("exception_motion", (Value("code"),)),
            ),
            order=("starts_at", "id"),
        ),
        Listed(
            "positions",
            "positions",
            (
                Value("position", "kind"),
                Nested("institution", (Value("code"), Value("kind"), Value("name_en"), Value("name_zh"))),
                Value("starts_at"),
                Value("ends_at"),
            ),
            order=("starts_at", "id"),
        ),
        Listed("terms", "terms", (Value("number"), Value("starts_at"), Value("ends_at")), order=("starts_at", "id")),
    ),
    filters=(OneOf("kind"),),
    orderings={"kind": ("kind",)},
)
EXAMPLE: dict[str, Any] = {
    "kind": "wisdom_group",
    "remit_en": "Drafts products.",
    "remit_zh": "起草产品。",
    "seats": [
        {
            "institution": {
                "code": "itp",
                "kind": "university_think_tank",
                "name_en": "Institute for Textile Policy",
                "name_zh": "纺织政策研究院",
            },
            "role": "convenor",
            "starts_at": "2025-03-01T00:00:00.000000Z",
            "ends_at": None,
            "exception_resolution": "",
            "exception_motion": None,
        }
    ],
    "positions": [
        {
            "position": "chair",
            "institution": {
                "code": "itp",
                "kind": "university_think_tank",
                "name_en": "Institute for Textile Policy",
                "name_zh": "纺织政策研究院",
            },
            "starts_at": "2026-01-01T00:00:00.000000Z",
            "ends_at": "2028-01-01T00:00:00.000000Z",
        }
    ],
    "terms": [{"number": 2, "starts_at": "2026-01-01T00:00:00.000000Z", "ends_at": "2028-01-01T00:00:00.000000Z"}],
}
_ACCESS = {"GET": Access(scope="groups:read", permission=VIEW_GROUPS)}


class GroupList(ProjectionList):
    """The groups that are established."""

    tag = "groups"
    projection = GROUP
    access: ClassVar[Mapping[str, Access]] = _ACCESS
    summary: ClassVar[Mapping[str, str]] = {"GET": "List the virtual groups"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}


class GroupDetail(ProjectionDetail):
    """One group by its kind."""

    tag = "groups"
    projection = GROUP
    access: ClassVar[Mapping[str, Access]] = _ACCESS
    path_schemas: ClassVar[Mapping[str, Mapping[str, Any]]] = {"code": {"type": "string", "enum": list(GroupKind.values)}}
    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a virtual group"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}


_CELL = {
    "type": "object",
    "properties": {
        "group": {"type": "string", "enum": list(GroupKind.values)},
        "element": {"type": "string", "enum": list(Element.values)},
        "institutions": {"type": "integer", "minimum": 0},
        "required": {"type": "boolean"},
        "gap": {"type": "boolean"},
    },
    "required": ["group", "element", "institutions", "required", "gap"],
    "additionalProperties": False,
}


class CoverageDetail(ReadEndpoint):
    """Which element is supplied in which group, and what is missing."""

    tag = "groups"
    access: ClassVar[Mapping[str, Access]] = _ACCESS
    summary: ClassVar[Mapping[str, str]] = {"GET": "Read the coverage of elements by groups"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "Counts active institutions with a working seat in the group that supply the element on the day. A cell that "
        "the group exists to fill and that is empty is a gap."
    }
    query_parameters: ClassVar[tuple[dict[str, Any], ...]] = (
        {
            "name": "on",
            "in": "query",
            "required": False,
            "schema": {"type": "string", "format": "date"},
            "description": "Day to count for; today without it.",
        },
    )
    more_errors: ClassVar[tuple[int, ...]] = (304, 400)
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "GET": {
            200: {
                "type": "object",
                "properties": {
                    "on": {"type": "string", "format": "date"},
                    "cells": {"type": "array", "items": _CELL},
                    "suppliers": {"type": "object", "additionalProperties": {"type": "integer"}},
                    "required": {"type": "integer"},
                    "covered": {"type": "integer"},
                    "groups_without_convenor": {"type": "array", "items": {"type": "string"}},
                    "elements_without_supplier": {"type": "array", "items": {"type": "string"}},
                    "elements_with_one_supplier": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["on", "cells", "suppliers", "required", "covered"],
                "additionalProperties": False,
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "GET": {
            "on": "2026-11-21",
            "cells": [{"group": "policy_group", "element": "policy", "institutions": 2, "required": True, "gap": False}],
            "suppliers": {"policy": 3},
            "required": 10,
            "covered": 8,
            "groups_without_convenor": ["foundation"],
            "elements_without_supplier": ["capital"],
            "elements_with_one_supplier": [],
        }
    }

    def get(self, request: Request) -> HttpResponse:
        """The matrix of a day."""
        given = dict(request._request.GET.lists())
        if unknown := sorted(set(given) - {"on"}):
            raise ParameterRefusedError(
                _("There is no parameter “%(name)s” here.") % {"name": unknown[0][:60]},
                code="unknown_parameter",
                remedy=_("Allowed parameters: %(names)s.") % {"names": "on"},
                details={"allowed": ["on"]},
            )
        day = timezone.localdate()
        if "on" in given:
            try:
                asked = parse_date(given["on"][-1])
            except ValueError:
                asked = None
            if asked is None or asked.year < 1900:
                raise ParameterRefusedError(
                    _("The parameter “%(name)s” does not take this value.") % {"name": "on"},
                    remedy=_("A day as 2026-01-31."),
                    details={"parameter": "on"},
                )
            day = asked
        tag = self.etag(request)
        if (same := self.unchanged(request, tag)) is not None:
            return same
        with transaction.atomic():
            coverage = get_coverage(self.alliance, day)
        body = {
            "on": day.isoformat(),
            "cells": [
                {
                    "group": str(cell.group),
                    "element": str(cell.element),
                    "institutions": cell.count,
                    "required": cell.expected,
                    "gap": cell.is_gap,
                }
                for row in coverage.rows
                for cell in row.cells
            ],
            "suppliers": {str(element): count for element, count in coverage.suppliers.items()},
            "required": coverage.required,
            "covered": coverage.covered,
            "groups_without_convenor": [str(kind) for kind in coverage.without_convenor],
            "elements_without_supplier": [str(element) for element in coverage.without_supplier],
            "elements_with_one_supplier": [str(element) for element in coverage.single_sources],
        }
        return self.answer(request, dump(body), tag)
