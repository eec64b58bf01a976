"""Applications for membership: how many, of which kind, how far; what stands in the files stays with the office."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from alliance.api.authentication import machine_of
from alliance.api.endpoints import ProjectionDetail, ProjectionEndpoint, ProjectionList, person_of
from alliance.api.permissions import Access
from alliance.kernel.projection import Condition, Contains, Nested, OneOf, Projection, Since, Value
from members.models import Application
from members.permissions import LIST_APPLICATIONS, codes_kept_from

if TYPE_CHECKING:
    from rest_framework.request import Request

APPLICATION = Projection(
    name="Application",
    model=Application,
    description=_("An application for membership that its applicant has sent, without people, answers and evidence."),
    fields=(
        Value("code"),
        Value("kind"),
        Value("subkind"),
        Value("state"),
        Value("name_en"),
        Value("name_zh"),
        Value("country_code"),
        Value("region_code"),
        Value("registry_scheme"),
        Value("registry_code"),
        Value("web"),
        Value("language"),
        Value("created_at"),
        Value("submitted_at"),
        Value("due_at"),
        Value("decided_at"),
        Value("decision_reference"),
        Nested("institution", (Value("code"), Value("state"))),
    ),
    filters=(
        OneOf("kind"),
        OneOf("state"),
        OneOf("region", "region_code"),
        Since("submitted_after", "submitted_at"),
        Contains("q", ("name_en", "name_zh")),
    ),
    orderings={
        "-created_at": ("created_at", "id"),
        "created_at": ("created_at", "id"),
        "code": ("code",),
    },
)
EXAMPLE: dict[str, Any] = {
    "code": "A-0007",
    "kind": "industry_think_tank",
    "subkind": "",
    "state": "accepted",
    "name_en": "Rongjiang Institute of Industrial Economics",
    "name_zh": "榕江产业经济研究院",
    "country_code": "CN",
    "region_code": "445200",
    "registry_scheme": "uscc",
    "registry_code": "52449900DEMA00070X",
    "web": "https://applicant7.demo.example/",
    "language": "zh-hans",
    "created_at": "2026-10-07T02:00:00.000000Z",
    "submitted_at": "2026-10-07T04:00:00.000000Z",
    "due_at": None,
    "decided_at": "2026-10-23T02:00:00.000000Z",
    "decision_reference": "M-0008",
    "institution": {"code": "I-0065", "state": "charter_pending"},
}


class ApplicationEndpoint(ProjectionEndpoint):
    """The office, the committee and the auditor; machines that were given the scope."""

    tag = "applications"
    projection = APPLICATION
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="applications:read", permission=LIST_APPLICATIONS)}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Only what applicants have sent, and nothing from which an institution of the reader stands aside."""
        sent = Condition("{t}.submitted_at IS NOT NULL", {})
        if machine_of(request) is not None:
            return (sent,)
        hidden = sorted(codes_kept_from(person_of(request), self.alliance, "application"))
        return (
            (sent, Condition("NOT ({t}.code = ANY(%(base_hidden)s::text[]))", {"base_hidden": hidden}))
            if hidden
            else (sent,)
        )


class ApplicationList(ApplicationEndpoint, ProjectionList):
    """Applications, newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List applications for membership"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "People named in an application, its answers and its evidence are left out: they stay with the office. "
        "So are applications from which an institution of the reader stands aside."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}


class ApplicationDetail(ApplicationEndpoint, ProjectionDetail):
    """One application."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read an application for membership"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}
