"""Directives between levels: sent down, received from above, answered."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import HttpResponse
from django.urls import reverse
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
from alliance.api.openapi import ref
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import require
from alliance.kernel.projection import Listed, OneOf, Projection, Since, Value
from groups.actions.directive import (
    DirectiveText,
    acknowledge_directive,
    draft_directive,
    report_directive,
    send_directive,
)
from groups.choices import DeliveryState, DirectiveKind
from groups.models import Directive, ReceivedDirective
from groups.permissions import ANSWER_DIRECTIVE, SEND_DIRECTIVE, VIEW_DIRECTIVES

if TYPE_CHECKING:
    from rest_framework.request import Request

    from alliance.models import Alliance, User

for _code, _title in {
    "directive_incomplete": _("The directive is not complete"),
    "directive_closed": _("The directive is closed"),
    "directive_sent": _("The directive was sent already"),
    "no_alliance_below": _("No alliance stands below this one"),
    "notice_needs_no_answer": _("A notice asks for no answer"),
    "passed_on_already": _("The directive is passed on already"),
    "report_incomplete": _("The answer is not complete"),
}.items():
    problem_titles.register(_code, _title)

_TEXTS = (
    Value("code"),
    Value("kind"),
    Value("state"),
    Value("title_en"),
    Value("title_zh"),
    Value("text_en"),
    Value("text_zh"),
    Value("measure"),
    Value("due_on"),
)
DIRECTIVE = Projection(
    name="Directive",
    model=Directive,
    description=_("A directive to the alliances below, with how far it is at each of them, as they told."),
    fields=(
        *_TEXTS,
        Value("created_at"),
        Value("sent_at"),
        Value("closed_at"),
        Listed(
            "deliveries",
            "deliveries",
            (
                Value("recipient", "recipient_slug"),
                Value("name_en", "recipient_en"),
                Value("name_zh", "recipient_zh"),
                Value("level", "recipient_level"),
                Value("state"),
                Value("delivered_at"),
                Value("acknowledged_at"),
                Value("reported_at"),
                Value("report_en"),
                Value("report_zh"),
                Value("figure"),
                Value("below"),
            ),
            order=("recipient_slug",),
        ),
    ),
    filters=(OneOf("kind"), OneOf("state"), Since("due_after", "due_on"), Since("due_before", "due_on", after=False)),
    orderings={"-created_at": ("created_at", "id"), "due_on": ("due_on", "id")},
)
RECEIVED = Projection(
    name="ReceivedDirective",
    model=ReceivedDirective,
    description=_("A directive from the alliance above, with the answer given here."),
    fields=(
        *_TEXTS,
        Value("origin", "origin_slug"),
        Value("origin_en"),
        Value("origin_zh"),
        Value("origin_code"),
        Value("delivered_at"),
        Value("acknowledged_at"),
        Value("reported_at"),
        Value("report_en"),
        Value("report_zh"),
        Value("figure"),
        Value("closed_at"),
    ),
    filters=(OneOf("kind"), OneOf("state"), Since("due_after", "due_on"), Since("due_before", "due_on", after=False)),
    orderings={"-delivered_at": ("delivered_at", "id"), "due_on": ("due_on", "id")},
)
_EXAMPLE_TEXTS: dict[str, Any] = {
    "kind": "work",
    "title_en": "Try the low-salt guide",
    "title_zh": "试用低盐染色指南",
    "text_en": "Ask ten mills each.",
    "text_zh": "各请十家企业试用。",
    "measure": "mills that tried it",
    "due_on": "2026-12-31",
}
EXAMPLE: dict[str, Any] = {
    "code": "DR-0003",
    "state": "sent",
    **_EXAMPLE_TEXTS,
    "created_at": "2026-11-01T01:00:00.000000Z",
    "sent_at": "2026-11-02T01:00:00.000000Z",
    "closed_at": None,
    "deliveries": [
        {
            "recipient": "guangdong",
            "name_en": "Guangdong Weaving Alliance",
            "name_zh": "广东织造联盟",
            "level": "provincial",
            "state": "reported",
            "delivered_at": "2026-11-02T01:00:05.000000Z",
            "acknowledged_at": "2026-11-02T03:00:00.000000Z",
            "reported_at": "2026-11-20T03:00:00.000000Z",
            "report_en": "Twelve mills tried it.",
            "report_zh": "已有12家企业试用。",
            "figure": "12.0000",
            "below": {},
        }
    ],
}
RECEIVED_EXAMPLE: dict[str, Any] = {
    "code": "RD-0001",
    "state": "reported",
    **_EXAMPLE_TEXTS,
    "origin": "weaving",
    "origin_en": "Weaving Industry Alliance",
    "origin_zh": "织造产业智库联盟",
    "origin_code": "DR-0003",
    "delivered_at": "2026-11-02T01:00:05.000000Z",
    "acknowledged_at": "2026-11-02T03:00:00.000000Z",
    "reported_at": "2026-11-20T03:00:00.000000Z",
    "report_en": "Twelve mills tried it.",
    "report_zh": "已有12家企业试用。",
    "figure": "12.0000",
    "closed_at": None,
}
_READ = {"GET": Access(scope="directives:read", permission=VIEW_DIRECTIVES)}
_ANSWER = {"POST": Access(scope="directives:write", permission=ANSWER_DIRECTIVE)}


class DirectiveBody(ClosedSerializer):
    """A directive to send at once."""

    kind = serializers.ChoiceField(choices=DirectiveKind.values)
    title_en = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    title_zh = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    text_en = serializers.CharField(max_length=20_000, required=False, allow_blank=True, default="")
    text_zh = serializers.CharField(max_length=20_000, required=False, allow_blank=True, default="")
    measure = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    due_on = serializers.DateField()
    recipients = serializers.ListField(
        child=serializers.CharField(max_length=60),
        min_length=1,
        max_length=500,
        help_text="Addresses of alliances one level below.",
    )


class AcknowledgementBody(ClosedSerializer):
    """That it was read and will be dealt with."""

    state = serializers.ChoiceField(choices=[str(DeliveryState.ACKNOWLEDGED)])


class ReportBody(ClosedSerializer):
    """The answer."""

    text_en = serializers.CharField(max_length=20_000, required=False, allow_blank=True, default="")
    text_zh = serializers.CharField(max_length=20_000, required=False, allow_blank=True, default="")
    figure = serializers.DecimalField(max_digits=18, decimal_places=4, required=False, allow_null=True, default=None)


def actor_of(request: Request) -> User | None:
    """The person who calls; None for a machine client, whose scope was asked for."""
    return None if machine_of(request) is not None else person_of(request)


class DirectiveList(ProjectionList, WriteEndpoint):
    """Directives to the alliances below, newest first; write one and send it."""

    tag = "directives"
    projection = DIRECTIVE
    access: ClassVar[Mapping[str, Access]] = {
        **_READ,
        "POST": Access(scope="directives:write", permission=SEND_DIRECTIVE),
    }
    summary: ClassVar[Mapping[str, str]] = {"GET": "List directives sent down", "POST": "Send a directive"}
    explanation: ClassVar[Mapping[str, str]] = {
        "POST": "Workers carry it to each recipient; `deliveries` tells how far it is. Refused with `directive_incomplete` "
        "where a recipient does not stand directly below this alliance."
    }
    requests: ClassVar[Mapping[str, Any]] = {"POST": DirectiveBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {201: ref("Directive")}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "GET": {"results": [EXAMPLE], "next": None},
        "POST": EXAMPLE,
        ("POST", "request"): {**_EXAMPLE_TEXTS, "recipients": ["guangdong"]},
    }

    def check_again(self, request: Request, **_kwargs: Any) -> None:
        """The right to send."""
        if (actor := actor_of(request)) is not None:
            require(actor, SEND_DIRECTIVE, self.alliance)

    def act(self, request: Request, **_kwargs: Any) -> HttpResponse:
        """Draft and send in one transaction."""
        body = read_body(DirectiveBody, request)
        recipients = body.pop("recipients")
        actor, now = actor_of(request), timezone.now()
        draft = draft_directive(self.alliance, DirectiveText(**body), actor=actor, at=now)
        send_directive(self.alliance, draft.code, recipients=recipients, actor=actor, at=now)
        content = DIRECTIVE.record(self.alliance, draft.code, DIRECTIVE.read({}, single=True))
        return json_response(content, 201, location=reverse("api_directive_detail", kwargs={"code": draft.code}))


class DirectiveDetail(ProjectionDetail):
    """One directive with its deliveries."""

    tag = "directives"
    projection = DIRECTIVE
    access: ClassVar[Mapping[str, Access]] = _READ
    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a directive with its deliveries"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}


class ReceivedDirectiveList(ProjectionList):
    """Directives from above, newest first."""

    tag = "directives"
    projection = RECEIVED
    access: ClassVar[Mapping[str, Access]] = _READ
    summary: ClassVar[Mapping[str, str]] = {"GET": "List directives from above"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [RECEIVED_EXAMPLE], "next": None}}


class ReceivedDirectiveDetail(ProjectionDetail):
    """One directive from above."""

    tag = "directives"
    projection = RECEIVED
    access: ClassVar[Mapping[str, Access]] = _READ
    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a directive from above"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": RECEIVED_EXAMPLE}


class _Answering(WriteEndpoint, abc.ABC):
    """What acknowledging and answering share."""

    tag = "directives"
    access: ClassVar[Mapping[str, Access]] = _ANSWER
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {200: ref("ReceivedDirective")}}

    def check_again(self, request: Request, **_kwargs: Any) -> None:
        """The right to answer."""
        if (actor := actor_of(request)) is not None:
            require(actor, ANSWER_DIRECTIVE, self.alliance)

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Act and show the directive as it is then."""
        code = kwargs["code"]
        if "\x00" in code:
            raise NotFoundError
        try:
            self.answer_it(request, self.alliance, code)
        except ReceivedDirective.DoesNotExist:
            raise NotFoundError from None
        return json_response(RECEIVED.record(self.alliance, code, RECEIVED.read({}, single=True)))

    @abc.abstractmethod
    def answer_it(self, request: Request, alliance: Alliance, code: str) -> None:
        """Call the action."""


class Acknowledgement(_Answering):
    """Acknowledges a directive from above."""

    summary: ClassVar[Mapping[str, str]] = {"POST": "Acknowledge a directive"}
    requests: ClassVar[Mapping[str, Any]] = {"POST": AcknowledgementBody}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": RECEIVED_EXAMPLE | {"state": "acknowledged", "reported_at": None},
        ("POST", "request"): {"state": "acknowledged"},
    }

    def answer_it(self, request: Request, alliance: Alliance, code: str) -> None:
        """Acknowledge."""
        read_body(AcknowledgementBody, request)
        acknowledge_directive(alliance, code, actor=actor_of(request), at=timezone.now())


class Report(_Answering):
    """Answers a directive from above, or renews the answer."""

    summary: ClassVar[Mapping[str, str]] = {"POST": "Answer a directive"}
    requests: ClassVar[Mapping[str, Any]] = {"POST": ReportBody}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": RECEIVED_EXAMPLE,
        ("POST", "request"): {"text_en": "Twelve mills tried it.", "text_zh": "已有12家企业试用。", "figure": "12"},
    }

    def answer_it(self, request: Request, alliance: Alliance, code: str) -> None:
        """Answer."""
        body = read_body(ReportBody, request)
        report_directive(alliance, code, actor=actor_of(request), at=timezone.now(), **body)
