"""Docking: what is suggested for a listing and why, matches, and the acts of the two sides; for people only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from alliance.api.endpoints import (
    ClosedSerializer,
    ProjectionDetail,
    ProjectionEndpoint,
    ProjectionList,
    WriteEndpoint,
    json_response,
    person_of,
    read_body,
)
from alliance.api.openapi import ref
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, require
from alliance.kernel.projection import Computed, Condition, Listed, Nested, OneOf, Projection, Since, Value
from groups.selectors.conflict import list_matters_aside
from operations.permissions import own_institutions
from services.actions.match import (
    accept_match,
    accept_suggestion,
    agree_match,
    decline_match,
    decline_suggestion,
    end_match,
    note_contact,
)
from services.actions.match_event import note_shown
from services.choices import DeclineReason, ListingAudience, ListingSide, MatchOrigin
from services.models import Listing, Match
from services.permissions import ANSWER_MATCH, CARRY_MATCH, VIEW_MATCHES
from services.reasons import chip
from services.selectors.match import DESK_READERS, VERIFIED_TEXTS, get_listing, get_match, listing_of, readable_to
from services.selectors.suggestion import keep_parts, keep_reasons, suggest

if TYPE_CHECKING:
    from rest_framework.request import Request

PEOPLE: Mapping[str, Access] = {"GET": Access(), "POST": Access()}
MOST: int = 50

for _code, _title in {
    "sides_equal": _("Both listings are on one side"),
    "listing_not_open": _("The listing is not open"),
    "too_close": _("The two institutions are too close"),
    "not_addressed": _("The listing is addressed to others"),
    "other_side_declined": _("The other side declined"),
    "declined_before": _("The pair was declined"),
    "answered_already": _("A side has answered"),
    "words_too_long": _("The text is too long"),
    "side_missing": _("The side is missing"),
    "rule_invalid": _("The rule cannot stand"),
    "rule_waits": _("A rule waits for its approval"),
    "criteria_invalid": _("The criteria cannot stand"),
}.items():
    problem_titles.register(_code, _title)

_STATES = ", ".join(f"'{state}'" for state in VERIFIED_TEXTS)
_TOLD = f"{{t}}.audience <> 'named' AND {{t}}.state IN ({_STATES})"
_TITLE: dict[str, Any] = {
    "type": "string",
    "description": "Empty where the text is not verified (any more) or is addressed to named institutions; who may read the "
    "listing finds it there.",
}
_LISTING = (
    Value("code"),
    Computed("title_en", f"CASE WHEN {_TOLD} THEN {{t}}.title_en ELSE '' END", _TITLE),
    Computed("title_zh", f"CASE WHEN {_TOLD} THEN {{t}}.title_zh ELSE '' END", _TITLE),
    Nested("institution", (Value("code"), Value("kind"), Value("name_en"), Value("name_zh"))),
)
MATCH = Projection(
    name="Match",
    model=Match,
    description=_("A demand and a supply that somebody brought together, and what both sides said."),
    fields=(
        Value("code"),
        Value("state"),
        Value("origin"),
        Value("fit"),
        Nested("demand", _LISTING),
        Nested("supply", _LISTING),
        Value("words"),
        Value("made_at"),
        Value("introduced_at"),
        Value("contacted_at"),
        Value("ended_at"),
        Value("outcome"),
        Listed(
            "answers",
            "answers",
            (Value("side"), Value("accepted"), Value("reason"), Value("words"), Value("at")),
            order=("id",),
        ),
    ),
    filters=(
        OneOf("state"),
        OneOf("origin"),
        OneOf("demand", "demand.code"),
        OneOf("supply", "supply.code"),
        Since("made_after", "made_at"),
        Since("made_before", "made_at", after=False),
    ),
    orderings={"-made_at": ("made_at", "id"), "made_at": ("made_at", "id"), "code": ("code",)},
)
_HOUSE = {"code": "jh-mill", "kind": "leading_enterprise", "name_en": "JH Weaving", "name_zh": "江河织造"}
EXAMPLE: dict[str, Any] = {
    "code": "M-0007",
    "state": "invited",
    "origin": "engine",
    "fit": "81.204310",
    "demand": {
        "code": "D-0418",
        "title_en": "Cut steam use on two stenters by 15%",
        "title_zh": "两台定型机蒸汽消耗降低15%",
        "institution": _HOUSE,
    },
    "supply": {
        "code": "S-0277",
        "title_en": "Stenter heat recovery",
        "title_zh": "定型机余热回收",
        "institution": {**_HOUSE, "code": "jf-looms"},
    },
    "words": "",
    "made_at": "2026-11-20T02:00:00.000000Z",
    "introduced_at": None,
    "contacted_at": None,
    "ended_at": None,
    "outcome": "",
    "answers": [
        {"side": "demand", "accepted": True, "reason": "", "words": "", "at": "2026-11-20T02:00:00.000000Z"},
    ],
}
_PARTS: dict[str, Any] = {
    "type": "array",
    "description": "Parts of the fit with their summands; the points add up to the fit.",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "weight": {"type": "integer"},
            "points": {"type": "string", "format": "decimal"},
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "kind": {"type": "string"},
                        "key": {"type": "string"},
                        "points": {"type": "string", "format": "decimal"},
                    },
                    "required": ["kind", "key", "points"],
                },
            },
        },
        "required": ["name", "weight", "points", "items"],
    },
}
SUGGESTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "listing": {"type": "string"},
        "rule": {"type": "integer", "description": "Version of the rule; 0: the program's own weights."},
        "own_weights": {"type": "boolean"},
        "method": {"type": "string", "enum": ["bm25", "fused", ""]},
        "passing": {"type": "integer", "description": "Listings that pass the owner's criteria."},
        "readable": {"type": "integer", "description": "Listings of the other side that may be suggested at all."},
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "code": {"type": "string"},
                    "title_en": {"type": "string"},
                    "title_zh": {"type": "string"},
                    "institution": {"type": ["string", "null"]},
                    "rank": {"type": "integer"},
                    "group": {
                        "type": "string",
                        "enum": ["same", "other"],
                        "description": "Language of the text that agreed; the two groups are not compared.",
                    },
                    "fit": {"type": "string", "format": "decimal"},
                    "parts": _PARTS,
                    "reasons": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "code": {"type": "string"},
                                "tone": {"type": "string", "enum": ["ok", "warn", "bad", "neutral"]},
                                "text": {"type": "string"},
                            },
                            "required": ["code", "tone", "text"],
                        },
                    },
                },
                "required": ["code", "title_en", "title_zh", "institution", "rank", "group", "fit", "parts", "reasons"],
            },
        },
    },
    "required": ["listing", "rule", "own_weights", "method", "passing", "readable", "results"],
}
SUGGESTIONS_EXAMPLE: dict[str, Any] = {
    "listing": "D-0418",
    "rule": 3,
    "own_weights": False,
    "method": "fused",
    "passing": 4,
    "readable": 41,
    "results": [
        {
            "code": "S-0277",
            "title_en": "Stenter heat recovery",
            "title_zh": "定型机余热回收",
            "institution": "jf-looms",
            "rank": 1,
            "group": "same",
            "fit": "91.500000",
            "parts": [
                {
                    "name": "topic",
                    "weight": 40,
                    "points": "40.000000",
                    "items": [{"kind": "word", "key": "stenter", "points": "40.000000"}],
                }
            ],
            "reasons": [{"code": "in_budget", "tone": "ok", "text": "In budget"}],
        }
    ],
}


def _words() -> serializers.CharField:
    return serializers.CharField(max_length=2000, required=False, allow_blank=True)


class ActBody(ClosedSerializer):
    """What a listing's side does with another listing."""

    other = serializers.CharField(max_length=60, help_text="Code of the listing of the other side.")
    act = serializers.ChoiceField(
        choices=["accept", "decline", "interest"], help_text="`interest`: accept what was found on the listing's own page."
    )
    reason = serializers.ChoiceField(choices=DeclineReason.values, required=False, help_text="Needed to decline.")
    words = _words()


class MatchAnswerBody(ClosedSerializer):
    """What a side says to a match."""

    side = serializers.ChoiceField(choices=ListingSide.values, help_text="The side answered for.")
    accepted = serializers.BooleanField()
    reason = serializers.ChoiceField(choices=DeclineReason.values, required=False, help_text="Needed to decline.")
    words = _words()


class MatchOutcomeBody(ClosedSerializer):
    """What came of a match."""

    outcome = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="Needed to end without agreement."
    )


def match_response(match: Match, status: int = 200) -> HttpResponse:
    """The match as the projection shows it."""
    body = MATCH.record(match.alliance, match.code, MATCH.read({}, single=True))
    location = reverse("api_match_detail", kwargs={"code": match.code}) if status == 201 else ""
    return json_response(body, status, location=location)


class ListingMatches(WriteEndpoint):
    """Suggestions of a listing, best first, and what its side does with them."""

    tag = "matches"
    access: ClassVar[Mapping[str, Access]] = PEOPLE
    summary: ClassVar[Mapping[str, str]] = {
        "GET": "List what fits a listing",
        "POST": "Accept, decline or express interest for a listing",
    }
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "For people of the listing's institution and for the alliance's desk. At most 50 suggestions, each with the parts of "
        "its fit and at least two reasons in the language asked for. What is answered is noted as shown, once a day.",
        "POST": "For representatives and handling officers of the listing's institution. Accepting asks the other side; declining "
        "needs a reason, which the suggestions learn from, and tells nobody.",
    }
    requests: ClassVar[Mapping[str, Any]] = {"POST": ActBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"GET": {200: SUGGESTIONS}, "POST": {201: ref("Match")}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "GET": SUGGESTIONS_EXAMPLE,
        "POST": EXAMPLE,
        ("POST", "request"): {"other": "S-0277", "act": "accept", "words": "Could you come in December?"},
    }

    def _listing(self, request: Request, code: str) -> Listing:
        """A listing the person may see suggestions of.

        Raises:
            NotFoundError: It is not there, or not open to the person.
        """
        return get_listing(self.alliance, code, request.user, at=timezone.now())

    def get(self, request: Request, code: str) -> HttpResponse:
        """What fits."""
        now = timezone.now()
        listing = self._listing(request, code)
        own = listing.institution_id in own_institutions(request.user, self.alliance, at=now)
        among = None if own else readable_to(self.alliance, request.user, at=now)
        found = suggest(self.alliance, listing, at=now, among=among)
        shown = found.all[:MOST]
        note_shown(self.alliance, listing, shown, reader=listing.institution_id if own else None, at=now)
        results = []
        for one in shown:
            reasons = [{"code": row["code"], "tone": row["tone"], "text": chip(row).text} for row in keep_reasons(one.fit)]
            results.append(
                {
                    "code": one.listing.code,
                    "title_en": one.listing.title_en,
                    "title_zh": one.listing.title_zh,
                    "institution": one.listing.institution.code if one.listing.institution else None,
                    "rank": one.rank,
                    "group": one.candidate.group,
                    "fit": str(one.fit.total),
                    "parts": keep_parts(one.fit),
                    "reasons": reasons,
                }
            )
        return json_response(
            {
                "listing": listing.code,
                "rule": found.rule.version,
                "own_weights": found.rule.is_own,
                "method": found.answer.method if found.answer else "",
                "passing": found.passing,
                "readable": found.readable,
                "results": results,
            }
        )

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to answer for the listing."""
        require(request.user, ANSWER_MATCH, self._listing(request, kwargs["code"]))

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Accept, decline, express interest."""
        body = read_body(ActBody, request)
        code = kwargs["code"]
        common: dict[str, Any] = {"actor": person_of(request), "at": timezone.now()}
        self._listing(request, code)
        words = body.get("words", "")
        if body["act"] == "decline":
            reason = body.get("reason", "")
            match = decline_suggestion(self.alliance, code, body["other"], reason=reason, words=words, **common)
        else:
            _refuse_reason(body)
            origin = MatchOrigin.INTEREST if body["act"] == "interest" else MatchOrigin.ENGINE
            match = accept_suggestion(self.alliance, code, body["other"], words=words, origin=origin, **common)
        return match_response(match, 201)


def _refuse_reason(body: Mapping[str, Any]) -> None:
    if body.get("reason"):
        words = _("A reason is given when something is declined.")
        raise InvalidInputError(words, fields={"reason": words})


class MatchEndpoint(ProjectionEndpoint):
    """Matches a person may see; closed to machine clients."""

    tag = "matches"
    projection = MATCH
    access: ClassVar[Mapping[str, Access]] = {"GET": Access()}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """As ``services.selectors.match.visible_matches``."""
        grants = grants_of(request.user, self.alliance)
        mine = institutions_acted_for(grants)
        sees_all = any(holder.holds(grants, self.alliance) for holder in DESK_READERS)
        aside = list_matters_aside(self.alliance, frozenset(mine), "listing") if sees_all and mine else set()
        if sees_all and not aside:
            return ()
        side = (
            "EXISTS (SELECT 1 FROM services_listing l WHERE l.alliance_id = {t}.alliance_id "
            "AND l.id IN ({t}.demand_id, {t}.supply_id) AND %s)"
        )
        own = side.replace("%s", "l.institution_id = ANY(%(base_own)s::bigint[])")
        values: dict[str, Any] = {"base_own": sorted(mine)}
        if sees_all:
            kept = Listing.objects.of(self.alliance).filter(code__in=[matter.partition(":")[2] for matter in aside])
            readable = Listing.objects.of(self.alliance).readable(timezone.localdate(), mine)
            values["base_kept"] = list(kept.exclude(pk__in=readable.values("pk")).values_list("pk", flat=True))
            return (Condition(f"({own} OR NOT {side.replace('%s', 'l.id = ANY(%(base_kept)s::bigint[])')})", values),)
        if can(request.user, VIEW_MATCHES, self.alliance):
            named = side.replace("%s", "l.audience = %(base_named)s")
            values["base_named"] = ListingAudience.NAMED.value
            return (Condition(f"({own} OR NOT {named})", values),)
        return (Condition(own, values),)


class MatchList(MatchEndpoint, ProjectionList):
    """Matches, newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List matches"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "The secretariat and the audit administrator see all, the management committee those of listings that are not "
        "addressed to named institutions, other people those of their own institutions. Closed to machine clients. Contacts "
        "stand on the page of a match only."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}


class MatchDetail(MatchEndpoint, ProjectionDetail):
    """One match."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a match"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}


class MatchAnswerEndpoint(WriteEndpoint):
    """A side accepts or declines a match."""

    tag = "matches"
    access: ClassVar[Mapping[str, Access]] = {"POST": Access()}
    summary: ClassVar[Mapping[str, str]] = {"POST": "Answer a match for a side"}
    requests: ClassVar[Mapping[str, Any]] = {"POST": MatchAnswerBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {200: ref("Match")}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": EXAMPLE,
        ("POST", "request"): {"side": "supply", "accepted": False, "reason": "capacity"},
    }

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to answer for the side named."""
        body = read_body(MatchAnswerBody, request)
        match = get_match(self.alliance, kwargs["code"], request.user, at=timezone.now())
        require(request.user, ANSWER_MATCH, listing_of(match, body["side"]))

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Answer."""
        code, now = kwargs["code"], timezone.now()
        get_match(self.alliance, code, request.user, at=now)
        body = read_body(MatchAnswerBody, request)
        common: dict[str, Any] = {"words": body.get("words", ""), "actor": person_of(request), "at": now}
        if body["accepted"]:
            _refuse_reason(body)
            match = accept_match(self.alliance, code, body["side"], **common)
        else:
            match = decline_match(self.alliance, code, body["side"], reason=body.get("reason", ""), **common)
        return match_response(match)


STEPS = ("note_contact", "agree_match", "end_match")


class MatchStep(WriteEndpoint):
    """Notes what becomes of a match after the introduction."""

    tag = "matches"
    access: ClassVar[Mapping[str, Access]] = {"POST": Access()}
    summary: ClassVar[Mapping[str, str]] = {"POST": "Note what becomes of a match"}
    path_schemas: ClassVar[Mapping[str, Mapping[str, Any]]] = {"step": {"type": "string", "enum": list(STEPS)}}
    requests: ClassVar[Mapping[str, Any]] = {"POST": MatchOutcomeBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {200: ref("Match")}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": EXAMPLE | {"state": "agreed"},
        ("POST", "request"): {"outcome": "Survey in December"},
    }

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to note it."""
        match = get_match(self.alliance, kwargs["code"], request.user, at=timezone.now())
        require(request.user, CARRY_MATCH, match)

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Note it."""
        code, now = kwargs["code"], timezone.now()
        get_match(self.alliance, code, request.user, at=now)
        if kwargs["step"] not in STEPS:
            raise NotFoundError
        outcome = read_body(MatchOutcomeBody, request).get("outcome", "")
        common: dict[str, Any] = {"actor": person_of(request), "at": now}
        if kwargs["step"] == "note_contact":
            if outcome:
                words = _("The outcome is given when the match is agreed on or ended.")
                raise InvalidInputError(words, fields={"outcome": words})
            match = note_contact(self.alliance, code, **common)
        elif kwargs["step"] == "agree_match":
            match = agree_match(self.alliance, code, outcome=outcome, **common)
        else:
            match = end_match(self.alliance, code, outcome=outcome, **common)
        return match_response(match)
