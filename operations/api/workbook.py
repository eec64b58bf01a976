"""Workbooks of pilot sites: what the round asks, what the site entered, and one way to enter more; for people only."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.core.files.base import File
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from alliance.api.endpoints import (
    ClosedSerializer,
    ProjectionList,
    ReadEndpoint,
    WriteEndpoint,
    json_response,
    person_of,
    read_body,
)
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.kernel.projection import Condition, Nested, OneOf, Projection, Since, Truth, Value
from operations.actions.workbook import Entry, strike_entry, write_entry
from operations.api.writes import PEOPLE, find_institution, find_product
from operations.choices import EntryKind, PilotState, ReadingPhase
from operations.models import Pilot, WorkbookEntry
from operations.permissions import ANSWER_PILOT, VIEW_ANSWERS, own_institutions
from operations.selectors.workbook import get_workbook

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

    from operations.models import Product

MOST_BASE64: Final = 4_500_000
"""Characters of a file in a body; larger files go through the page."""

for _code, _title in {
    "entry_key_reused": _("The key stands for another entry"),
    "entry_struck": _("The entry was struck out before"),
    "point_answered": _("The makers have answered it"),
    "baseline_over": _("Measurements from before the trial are not taken any more"),
    "reading_invalid": _("The measurement is not complete"),
    "not_accepted": _("The invitation has not been accepted yet"),
}.items():
    if _code not in problem_titles:
        problem_titles.register(_code, _title)

_PARTY = (Value("code"), Value("name_en"), Value("name_zh"))
ENTRY = Projection(
    name="WorkbookEntry",
    model=WorkbookEntry,
    description=_("One entry of a pilot site: a measurement, scores, a defect, a suggestion, a note or a photo."),
    fields=(
        Value("key"),
        Value("kind"),
        Value("body"),
        Value("noted_at"),
        Value("received_at"),
        Value("struck_at"),
        Value("struck_reason"),
        Nested("file", (Value("uuid"), Value("name"), Value("media_type"), Value("size_bytes"))),
        Nested("participant", (Nested("institution", _PARTY), Nested("pilot", (Value("round"), Value("version"))))),
    ),
    filters=(
        OneOf("kind"),
        OneOf("institution", "participant.institution.code"),
        Since("received_after", "received_at"),
        Truth("struck", "{t}.struck_at IS NOT NULL"),
    ),
    orderings={"-noted_at": ("noted_at", "id"), "noted_at": ("noted_at", "id"), "received_at": ("received_at", "id")},
    lookup="key",
)
ENTRY_EXAMPLE: dict[str, Any] = {
    "key": "0d0c1f52-6f0e-4c57-9a5e-3f7d1c7a2b11",
    "kind": "reading",
    "body": {"measure": 1, "phase": "after", "value": "12.5", "taken_on": "2026-11-20"},
    "noted_at": "2026-11-20T02:14:00.000000Z",
    "received_at": "2026-11-20T06:40:12.318000Z",
    "struck_at": None,
    "struck_reason": "",
    "file": None,
    "participant": {
        "institution": {"code": "jh-mill", "name_en": "Jiahe Mill", "name_zh": "嘉禾织造"},
        "pilot": {"round": 1, "version": 1},
    },
}
_TAKEN: dict[str, Any] = {
    "type": "object",
    "properties": {"key": {"type": "string", "format": "uuid"}, "new": {"type": "boolean"}},
    "required": ["key", "new"],
}
_NAMED = {"name_en": {"type": "string"}, "name_zh": {"type": "string"}}
_WORKBOOK: dict[str, Any] = {
    "type": "object",
    "properties": {
        "product": {"type": "string"},
        "institution": {"type": "string"},
        "round": {"type": "integer"},
        "version": {"type": "integer"},
        "state": {"type": "string", "enum": list(PilotState.values)},
        "question_en": {"type": "string"},
        "question_zh": {"type": "string"},
        "starts_at": {"type": "string", "format": "date-time"},
        "deadline": {"type": "string", "format": "date-time"},
        "takes": {"type": "array", "items": {"type": "string", "enum": list(EntryKind.values)}},
        "phases": {"type": "array", "items": {"type": "string", "enum": list(ReadingPhase.values)}},
        "criteria": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "position": {"type": "integer"},
                    **_NAMED,
                    "scale_low": {"type": "integer"},
                    "scale_high": {"type": "integer"},
                    "pass_mark": {"type": "string"},
                },
                "required": ["position", "name_en", "name_zh", "scale_low", "scale_high", "pass_mark"],
            },
        },
        "measures": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "position": {"type": "integer"},
                    **_NAMED,
                    "unit": {"type": "string"},
                    "direction": {"type": "integer", "enum": [1, -1]},
                },
                "required": ["position", "name_en", "name_zh", "unit", "direction"],
            },
        },
    },
}
_WORKBOOK["required"] = list(_WORKBOOK["properties"])
WORKBOOK_EXAMPLE: dict[str, Any] = {
    "product": "P-014",
    "institution": "jh-mill",
    "round": 1,
    "version": 1,
    "state": "open",
    "question_en": "Does it work in your mill?",
    "question_zh": "在贵厂是否好用？",
    "starts_at": "2026-11-01T01:00:00.000000Z",
    "deadline": "2026-11-30T15:59:59.999999Z",
    "takes": ["reading", "defect", "suggestion", "photo", "scores", "note"],
    "phases": ["after"],
    "criteria": [
        {
            "position": 1,
            "name_en": "Clear instructions",
            "name_zh": "说明清楚",
            "scale_low": 1,
            "scale_high": 5,
            "pass_mark": "3.50",
        }
    ],
    "measures": [
        {"position": 1, "name_en": "Salt per kilogram", "name_zh": "每公斤用盐", "unit": "g", "direction": -1},
    ],
}


def latest_round(product: Product) -> Pilot:
    """The latest round.

    Raises:
        NotFoundError: There is none.
    """
    pilot = Pilot.objects.filter(alliance_id=product.alliance_id, product=product).order_by("-round").first()
    if pilot is None:
        raise NotFoundError
    pilot.product = product
    return pilot


class Workbook(ReadEndpoint):
    """What the latest round asks of a site."""

    tag = "workbooks"
    access: ClassVar[Mapping[str, Access]] = {"GET": Access()}
    summary: ClassVar[Mapping[str, str]] = {"GET": "Read what a pilot site is asked"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "For people of the site. `?institution=` names it where a person acts for several; `takes` says which kinds of entry "
        "are taken now, `phases` which measurements."
    }
    more_errors: ClassVar[tuple[int, ...]] = (404,)
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"GET": {200: _WORKBOOK}}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": WORKBOOK_EXAMPLE}

    def get(self, request: Request, code: str) -> HttpResponse:
        """The round, its criteria and its measures."""
        with transaction.atomic():
            return json_response(self._read(request, code))

    def _read(self, request: Request, code: str) -> dict[str, Any]:
        now = timezone.now()
        product = find_product(request, self.alliance, code)
        pilot = latest_round(product)
        require(request.user, ANSWER_PILOT, pilot)
        own = own_institutions(request.user, self.alliance, at=now) & set(pilot.participant_ids)
        named = request._request.GET.get("institution")
        if named is not None:
            own &= {find_institution(self.alliance, named).pk}
        if len(own) != 1:
            words = _("Choose the institution you act for.")
            raise InvalidInputError(words, code="institution_missing", fields={"institution": words})
        workbook = get_workbook(self.alliance, product, own.pop(), at=now)
        return {
            "product": product.code,
            "institution": workbook.participant.institution.code,
            "round": pilot.round,
            "version": pilot.version,
            "state": pilot.state,
            "question_en": pilot.question_en,
            "question_zh": pilot.question_zh,
            "starts_at": pilot.starts_at,
            "deadline": pilot.deadline,
            "takes": list(workbook.kinds),
            "phases": list(workbook.phases) if workbook.takes_anything else [],
            "criteria": [
                {
                    name: getattr(criterion, name)
                    for name in ("position", "name_en", "name_zh", "scale_low", "scale_high", "pass_mark")
                }
                for criterion in workbook.criteria
            ],
            "measures": [
                {name: getattr(measure, name) for name in ("position", "name_en", "name_zh", "unit", "direction")}
                for measure in workbook.measures
            ],
        }


class ReadingBody(ClosedSerializer):
    """A value of a measure."""

    measure = serializers.IntegerField(min_value=1, max_value=1000, help_text="Position of the measure in the plan.")
    phase = serializers.ChoiceField(choices=ReadingPhase.values)
    value = serializers.CharField(max_length=24, help_text="Decimal number as text, e.g. “12.5”.")
    taken_on = serializers.DateField()


class EntryScoreBody(ClosedSerializer):
    """A score on one criterion of an entry."""

    criterion = serializers.IntegerField(min_value=1, max_value=100, help_text="Position of the criterion in the plan.")
    score = serializers.IntegerField(min_value=-1000, max_value=1000)


class EntryFileBody(ClosedSerializer):
    """A small file."""

    name = serializers.CharField(max_length=200)
    content = serializers.CharField(max_length=MOST_BASE64, help_text="The bytes in base64.")


class EntryBody(ClosedSerializer):
    """An entry; what a kind does not ask for is left out."""

    institution = serializers.CharField(max_length=40, help_text="Code of the site's institution.")
    key = serializers.UUIDField(help_text="New for each entry; the same one when it is sent again.")
    kind = serializers.ChoiceField(choices=EntryKind.values)
    round = serializers.IntegerField(
        min_value=1, max_value=32_767, required=False, help_text="Round it was written for; refused in any other."
    )
    noted_at = serializers.DateTimeField(required=False, help_text="The writer's clock; it orders a person's scores.")
    reading = ReadingBody(required=False)
    scores = EntryScoreBody(many=True, required=False, help_text="Every criterion once.")
    severity = serializers.CharField(max_length=20, required=False, help_text="For a defect: blocking, major or minor.")
    text = serializers.CharField(max_length=4000, required=False, help_text="For a defect, a suggestion or a note.")
    caption = serializers.CharField(max_length=300, required=False, allow_blank=True, help_text="For a photo.")
    file = EntryFileBody(required=False)


class StrikeBody(ClosedSerializer):
    """Why an entry is struck out."""

    institution = serializers.CharField(max_length=40, help_text="Code of the site's institution.")
    reason = serializers.CharField(max_length=300)


def _file_of(given: Mapping[str, str] | None) -> File[bytes] | None:
    if given is None:
        return None
    try:
        content = base64.b64decode(given["content"], validate=True)
    except (binascii.Error, ValueError) as error:
        words = _("This is not base64.")
        raise InvalidInputError(words, fields={"file": words}) from error
    return File(io.BytesIO(content), name=given["name"])


def _entry_of(body: Mapping[str, Any]) -> Entry:
    content: dict[str, Any] = {name: body[name] for name in ("severity", "text", "caption") if name in body}
    if "reading" in body:
        content |= {**body["reading"], "taken_on": body["reading"]["taken_on"].isoformat()}
    if "scores" in body:
        content["scores"] = {str(score["criterion"]): score["score"] for score in body["scores"]}
        if len(content["scores"]) != len(body["scores"]):
            words = _("Each criterion takes one score.")
            raise InvalidInputError(words, fields={"scores": words})
    return Entry(
        key=body["key"],
        kind=body["kind"],
        body=content,
        noted_at=body.get("noted_at"),
        file=_file_of(body.get("file")),
        round=body.get("round"),
    )


class _Writing(WriteEndpoint):
    """Writes of a site."""

    tag = "workbooks"

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to write for the site, in the latest round."""
        product = find_product(request, self.alliance, kwargs["code"])
        require(request.user, ANSWER_PILOT, latest_round(product))


class EntryList(ProjectionList, _Writing):
    """Entries of a product's rounds, newest first; people of a site write more."""

    tag = "workbooks"
    projection = ENTRY
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(), **PEOPLE}
    summary: ClassVar[Mapping[str, str]] = {"GET": "List the entries of a workbook", "POST": "Write into the workbook"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "People of a site see its own entries; the makers, the secretariat and the committee see those of all sites.",
        "POST": "The `key` makes an entry arrive once: sent again it answers 200 with `new` false, with other content it is refused "
        "with `entry_key_reused`. Measurements from before the trial are taken until it begins, everything else while the round "
        "is open; after that the answer is `pilot_closed`.",
    }
    requests: ClassVar[Mapping[str, Any]] = {"POST": EntryBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {201: _TAKEN, 200: _TAKEN}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "GET": {"results": [ENTRY_EXAMPLE], "next": None},
        "POST": {"key": ENTRY_EXAMPLE["key"], "new": True},
        ("POST", "request"): {
            "institution": "jh-mill",
            "key": ENTRY_EXAMPLE["key"],
            "kind": "reading",
            "round": 1,
            "noted_at": ENTRY_EXAMPLE["noted_at"],
            "reading": {"measure": 1, "phase": "after", "value": "12.5", "taken_on": "2026-11-20"},
        },
    }

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Entries of the product in the address: a site's own, or all for those who read the answers."""
        product = find_product(request, self.alliance, self.kwargs["code"])
        of_product = Condition(
            "EXISTS (SELECT 1 FROM operations_pilotparticipant s JOIN operations_pilot p "
            "ON p.alliance_id = s.alliance_id AND p.id = s.pilot_id WHERE s.alliance_id = {t}.alliance_id "
            "AND s.id = {t}.participant_id AND p.product_id = %(base_product)s)",
            {"base_product": product.pk},
        )
        if can(request.user, VIEW_ANSWERS, product):
            return (of_product,)
        own = sorted(own_institutions(request.user, self.alliance, at=timezone.now()))
        return (
            of_product,
            Condition(
                "EXISTS (SELECT 1 FROM operations_pilotparticipant o WHERE o.alliance_id = {t}.alliance_id "
                "AND o.id = {t}.participant_id AND o.institution_id = ANY(%(base_own)s::bigint[]))",
                {"base_own": own},
            ),
        )

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Write."""
        product = find_product(request, self.alliance, kwargs["code"])
        body = read_body(EntryBody, request)
        site = find_institution(self.alliance, body["institution"])
        entry, is_new = write_entry(
            self.alliance,
            product.code,
            institution_id=site.pk,
            entry=_entry_of(body),
            actor=person_of(request),
            at=timezone.now(),
        )
        return json_response({"key": str(entry.key), "new": is_new}, 201 if is_new else 200)


class EntryStrike(_Writing):
    """Strikes an entry out."""

    access: ClassVar[Mapping[str, Access]] = PEOPLE
    summary: ClassVar[Mapping[str, str]] = {"POST": "Strike out an entry of a workbook"}
    explanation: ClassVar[Mapping[str, str]] = {
        "POST": "It stays readable with the reason and counts no more; possible while an entry of its kind could be written."
    }
    requests: ClassVar[Mapping[str, Any]] = {"POST": StrikeBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "POST": {
            200: {
                "type": "object",
                "properties": {
                    "key": {"type": "string", "format": "uuid"},
                    "struck_at": {"type": "string", "format": "date-time"},
                },
                "required": ["key", "struck_at"],
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": {"key": ENTRY_EXAMPLE["key"], "struck_at": "2026-11-20T07:00:00.000000Z"},
        ("POST", "request"): {"institution": "jh-mill", "reason": "Measured on the wrong loom."},
    }

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Strike."""
        product = find_product(request, self.alliance, kwargs["code"])
        body = read_body(StrikeBody, request)
        key: UUID = kwargs["key"]
        entry = strike_entry(
            self.alliance,
            product.code,
            key,
            institution_id=find_institution(self.alliance, body["institution"]).pk,
            reason=body["reason"],
            actor=person_of(request),
            at=timezone.now(),
        )
        return json_response({"key": str(entry.key), "struck_at": entry.struck_at})
