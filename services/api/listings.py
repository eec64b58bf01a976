"""Supply and demand listings: public ones for machines, what a person may read for people; writes for people only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from alliance.choices import AllianceRole
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import SECRETARIAT, grants_of, institutions_acted_for, require, roles_in_alliance
from alliance.kernel.projection import Condition, Contains, Nested, OneOf, Overlaps, Projection, Since, Value
from groups.selectors.conflict import list_matters_aside
from members.choices import Element
from members.models import Institution
from services.actions.listing import LISTING_FIELDS, draft_listing, submit_listing, update_listing
from services.actions.listing_check import POINT_FIELDS, check_listing
from services.actions.listing_life import fulfil_listing, renew_listing, revise_listing, withdraw_listing
from services.choices import ListingAudience, ListingSide, Pricing, ServiceCategory, Verdict
from services.models import Listing
from services.permissions import CHANGE_LISTING, CHECK_LISTING, START_LISTING
from services.selectors.listing import get_listing
from services.transitions import FULFIL_LISTING, RENEW_LISTING, REVISE_LISTING, SUBMIT_LISTING, WITHDRAW_LISTING

if TYPE_CHECKING:
    from rest_framework.request import Request

    from alliance.models import Alliance

LISTING = Projection(
    name="Listing",
    model=Listing,
    description=_("A demand or supply; a listing from an outside source names it and may have no institution."),
    fields=(
        Value("code"),
        Value("side"),
        Value("state"),
        Value("revision"),
        Value("edition"),
        Value("category"),
        Value("elements"),
        Value("industry_code"),
        Value("disciplines"),
        Value("labels"),
        Value("region_code"),
        Value("title_en"),
        Value("title_zh"),
        Value("body_en"),
        Value("body_zh"),
        Value("pricing"),
        Value("money_min"),
        Value("money_max"),
        Value("starts_on"),
        Value("ends_on"),
        Value("duration_weeks"),
        Value("audience"),
        Value("source"),
        Value("published_at"),
        Value("expires_on"),
        Value("created_at"),
        Nested("institution", (Value("code"), Value("kind"), Value("name_en"), Value("name_zh"))),
    ),
    filters=(
        OneOf("side"),
        OneOf("state"),
        OneOf("category"),
        OneOf("audience"),
        OneOf("region", "region_code"),
        OneOf("industry", "industry_code"),
        Overlaps("element", "elements"),
        Overlaps("discipline", "disciplines"),
        OneOf("institution", "institution.code"),
        Since("published_after", "published_at"),
        Since("expires_before", "expires_on", after=False),
        Contains("q", ("title_en", "title_zh")),
    ),
    orderings={"-created_at": ("created_at", "id"), "created_at": ("created_at", "id"), "code": ("code",)},
)
LISTING_EXAMPLE: dict[str, Any] = {
    "code": "D-0102",
    "side": "demand",
    "state": "published",
    "revision": 1,
    "edition": 3,
    "category": "project_research",
    "elements": ["technology"],
    "industry_code": "17",
    "disciplines": ["540"],
    "labels": ["dyeing", "water saving"],
    "region_code": "320000",
    "title_en": "Low-water dyeing at mill scale",
    "title_zh": "工厂规模的少水染色",
    "body_en": "We look for a partner.",
    "body_zh": "寻求合作伙伴。",
    "pricing": "range",
    "money_min": "180000.00",
    "money_max": "260000.00",
    "starts_on": None,
    "ends_on": "2027-06-30",
    "duration_weeks": 10,
    "audience": "public",
    "source": "",
    "published_at": "2026-10-02T02:00:00.000000Z",
    "expires_on": "2027-03-31",
    "created_at": "2026-10-01T02:00:00.000000Z",
    "institution": {"code": "jh-mill", "kind": "leading_enterprise", "name_en": "JH Weaving", "name_zh": "江河织造"},
}

_UNEXPIRED = "({t}.expires_on IS NULL OR {t}.expires_on >= %(base_day)s)"
_PUBLIC = f"({{t}}.state = 'published' AND {{t}}.audience = 'public' AND {_UNEXPIRED})"
_ADDRESSED = f"""({{t}}.institution_id = ANY(%(base_mine)s::bigint[]) OR ({{t}}.state IN ('published', 'in_talks') AND {_UNEXPIRED}
 AND ({{t}}.audience IN ('public', 'members') OR EXISTS (SELECT 1 FROM services_listingparty p WHERE p.alliance_id = {{t}}.alliance_id
 AND p.listing_id = {{t}}.id AND p.institution_id = ANY(%(base_mine)s::bigint[])))))"""  # noqa: S608 - constants only; values are parameters
_NOT_ASIDE = "NOT {t}.code = ANY(%(base_aside)s::text[])"


def reading_condition(request: Request, alliance: Alliance) -> Condition:
    """Which listings the caller may see: the rule of ``selectors.listing.readable_by`` as SQL, and what is public."""
    params: dict[str, Any] = {"base_day": timezone.localdate()}
    allowed = [_PUBLIC]
    if machine_of(request) is None and request.user.is_authenticated:
        grants = grants_of(request.user, alliance)
        mine = institutions_acted_for(grants)
        roles = roles_in_alliance(grants)
        if mine:
            allowed.append(_ADDRESSED)
            params["base_mine"] = sorted(mine)
        aside = list_matters_aside(alliance, frozenset(mine), "listing") if mine and roles else set()
        office = AllianceRole.AUDITOR in roles or any(holder.holds(grants, alliance) for holder in SECRETARIAT)
        committee = AllianceRole.COMMITTEE in roles and bool(mine)
        if office or committee:
            params["base_aside"] = sorted(matter.partition(":")[2] for matter in aside)
        if office:
            allowed.append(_NOT_ASIDE)
        if committee:
            allowed.append(f"({{t}}.state IN ('pending', 'checked') AND {_NOT_ASIDE})")
    return Condition(f"({' OR '.join(allowed)})", params)


PEOPLE: Mapping[str, Access] = {"POST": Access()}
STEPS = {step.name: step for step in (SUBMIT_LISTING, RENEW_LISTING, REVISE_LISTING, WITHDRAW_LISTING, FULFIL_LISTING)}
"""Steps of the owner; the verification has an endpoint of its own."""

for _code, _title in {
    "listing_invalid": _("Some values do not fit their fields"),
    "listing_incomplete": _("The listing is not complete"),
    "listing_changed": _("The listing was changed since it was read"),
    "not_in_good_standing": _("The institution is not in good standing"),
    "side_fixed": _("The side of a listing cannot be changed"),
    "institution_unknown": _("No institution has this code"),
    "points_missing": _("Points are missing"),
    "point_invalid": _("A point does not fit the form"),
    "own_listing": _("The listing is that of an own institution"),
    "own_text": _("The listing was written by the same person"),
    "same_person": _("The same person verified it as the first"),
    "same_institution": _("The same institution verified it as the first"),
    "renewed_already": _("The listing was renewed already"),
    "renewal_too_late": _("The time for a renewal has passed"),
    "day_invalid": _("The day does not fit"),
}.items():
    if _code not in problem_titles:
        problem_titles.register(_code, _title)


class ListingEndpoint(ProjectionEndpoint):
    """Listings that the caller may read."""

    tag = "listings"
    projection = LISTING
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="listings:read")}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Public ones; to people also their own and those addressed to them."""
        return (reading_condition(request, self.alliance),)


class ListingList(ListingEndpoint, ProjectionList):
    """Listings."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List supply and demand"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [LISTING_EXAMPLE], "next": None}}


class ListingDetail(ListingEndpoint, ProjectionDetail):
    """One listing."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a listing"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": LISTING_EXAMPLE}


class ListingBody(ClosedSerializer):
    """What an owner writes; rules that span fields are the action's."""

    category = serializers.ChoiceField(choices=ServiceCategory.values, required=False)
    elements = serializers.ListField(child=serializers.ChoiceField(choices=Element.values), required=False, max_length=20)
    industry_code = serializers.CharField(max_length=6, required=False, allow_blank=True)
    disciplines = serializers.ListField(child=serializers.CharField(max_length=3), required=False, max_length=62)
    labels = serializers.ListField(child=serializers.CharField(max_length=160), required=False, max_length=20)
    region_code = serializers.CharField(max_length=60, required=False, allow_blank=True)
    title_en = serializers.CharField(max_length=300, required=False, allow_blank=True)
    title_zh = serializers.CharField(max_length=300, required=False, allow_blank=True)
    body_en = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    body_zh = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    pricing = serializers.ChoiceField(choices=Pricing.values, required=False)
    money_min = serializers.DecimalField(max_digits=14, decimal_places=2, required=False, allow_null=True)
    money_max = serializers.DecimalField(max_digits=14, decimal_places=2, required=False, allow_null=True)
    starts_on = serializers.DateField(required=False, allow_null=True)
    ends_on = serializers.DateField(required=False, allow_null=True)
    duration_weeks = serializers.IntegerField(min_value=1, max_value=520, required=False, allow_null=True)
    audience = serializers.ChoiceField(choices=ListingAudience.values, required=False)
    parties = serializers.ListField(
        child=serializers.CharField(max_length=40),
        required=False,
        max_length=200,
        help_text="Codes of the institutions that may read it; for the audience `named`.",
    )
    expires_on = serializers.DateField(required=False, allow_null=True)


class ListingDraftBody(ListingBody):
    """A new listing."""

    institution = serializers.CharField(max_length=40, help_text="Code of the institution whose need or offer it is.")
    side = serializers.ChoiceField(choices=ListingSide.values)
    category = serializers.ChoiceField(choices=ServiceCategory.values)


class ChangeBody(ListingBody):
    """Changed fields of a draft."""

    edition = serializers.IntegerField(
        min_value=1, help_text="Edition the change starts from; refused when it is not the present one."
    )


class ListingStepBody(ClosedSerializer):
    """What a step needs besides its name."""

    until = serializers.DateField(required=False, help_text="New last day; for renew_listing. Without: 120 days from today.")
    reason = serializers.CharField(
        max_length=2000,
        required=False,
        allow_blank=True,
        help_text="Why; for withdraw_listing, needed from the secretariat.",
    )


class PointBody(ClosedSerializer):
    """What is to be completed."""

    field = serializers.ChoiceField(choices=["", *POINT_FIELDS], required=False, default="")
    words = serializers.CharField(max_length=1000)


class VerificationBody(ClosedSerializer):
    """The word of one who verifies."""

    institution = serializers.CharField(
        max_length=40,
        required=False,
        help_text="Code of the institution the person verifies for; left out by the secretariat.",
    )
    verdict = serializers.ChoiceField(choices=Verdict.values)
    revision = serializers.IntegerField(min_value=1, help_text="Revision that was read.")
    points = PointBody(many=True, required=False)


def _values(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in LISTING_FIELDS if name in body}


def find_institution(alliance: Alliance, code: str) -> Institution:
    """An institution by its code, as named in a body.

    Raises:
        InvalidInputError: No institution of this alliance has the code.
    """
    found = Institution.objects.of(alliance).filter(code=code).first() if "\x00" not in code else None
    if found is None:
        words = _("No institution of this alliance has this code.")
        raise InvalidInputError(words, fields={"institution": words})
    return found


def listing_response(alliance: Alliance, code: str, status: int = 200) -> HttpResponse:
    """The listing as the projection shows it."""
    body = LISTING.record(alliance, code, LISTING.read({}, single=True))
    location = reverse("api_listing_detail", kwargs={"code": code}) if status == 201 else ""
    return json_response(body, status, location=location)


class ListingCollection(ListingList, WriteEndpoint):
    """Listings; a person may begin a draft for the own institution."""

    access: ClassVar[Mapping[str, Access]] = {**ListingList.access, **PEOPLE}
    summary: ClassVar[Mapping[str, str]] = {**ListingList.summary, "POST": "Draft a listing"}
    requests: ClassVar[Mapping[str, Any]] = {"POST": ListingDraftBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {201: ref("Listing")}}
    examples: ClassVar[Mapping[Any, Any]] = {
        **ListingList.examples,
        "POST": LISTING_EXAMPLE | {"state": "draft", "published_at": None, "expires_on": None, "edition": 1},
        ("POST", "request"): {
            "institution": "jh-mill",
            "side": "demand",
            "category": "project_research",
            "title_en": "Low-water dyeing at mill scale",
            "body_en": "We look for a partner.",
            "pricing": "range",
            "money_min": "180000.00",
            "money_max": "260000.00",
        },
    }

    def check_again(self, request: Request, **_kwargs: Any) -> None:
        """Whoever lost the right to list gets no answer about the draft either."""
        require(request.user, START_LISTING, self.alliance)

    def act(self, request: Request, **_kwargs: Any) -> HttpResponse:
        """Draft."""
        require(request.user, START_LISTING, self.alliance)
        body = read_body(ListingDraftBody, request)
        owner = find_institution(self.alliance, body["institution"])
        listing = draft_listing(
            self.alliance,
            actor=person_of(request),
            institution_id=owner.pk,
            values=_values(body),
            parties=body.get("parties", ()),
            at=timezone.now(),
        )
        return listing_response(self.alliance, listing.code, 201)


class ListingWrite(WriteEndpoint):
    """Base of writes about one listing."""

    tag = "listings"
    access: ClassVar[Mapping[str, Access]] = PEOPLE
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {200: ref("Listing")}}

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """Whoever may not read the listing gets no answer about it."""
        get_listing(self.alliance, kwargs["code"], reader=request.user)


class ListingChange(ListingWrite):
    """Changes a draft, or a listing that was sent back."""

    summary: ClassVar[Mapping[str, str]] = {"POST": "Change a listing"}
    requests: ClassVar[Mapping[str, Any]] = {"POST": ChangeBody}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": LISTING_EXAMPLE | {"state": "draft", "edition": 2},
        ("POST", "request"): {"edition": 1, "title_en": "Low-water dyeing at mill scale"},
    }

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Change."""
        listing = get_listing(self.alliance, kwargs["code"], reader=request.user)
        require(request.user, CHANGE_LISTING, listing)
        body = read_body(ChangeBody, request)
        update_listing(
            self.alliance,
            kwargs["code"],
            actor=person_of(request),
            values=_values(body),
            parties=body.get("parties"),
            edition=body["edition"],
            at=timezone.now(),
        )
        return listing_response(self.alliance, kwargs["code"])


class ListingVerification(ListingWrite):
    """Verifies a listing as the first or the second, or sends it back."""

    summary: ClassVar[Mapping[str, str]] = {"POST": "Verify a listing"}
    explanation: ClassVar[Mapping[str, str]] = {
        "POST": "Two people of two institutions verify a listing; the secretariat counts as one. Refused with "
        "`separation_of_duties` codes (`own_listing`, `own_text`, `same_person`, `same_institution`), `conflict_of_interest`, and "
        "`transition_refused` where somebody else was faster."
    }
    requests: ClassVar[Mapping[str, Any]] = {"POST": VerificationBody}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": LISTING_EXAMPLE,
        ("POST", "request"): {
            "verdict": "returned",
            "revision": 1,
            "points": [{"field": "money_max", "words": "Name a sum, even a rough one."}],
        },
    }

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to verify, and to read this listing."""
        listing = get_listing(self.alliance, kwargs["code"], reader=request.user)
        require(request.user, CHECK_LISTING, listing)

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Verify."""
        self.check_again(request, **kwargs)
        body = read_body(VerificationBody, request)
        unit = find_institution(self.alliance, body["institution"]).pk if body.get("institution") else None
        check_listing(
            self.alliance,
            kwargs["code"],
            actor=person_of(request),
            institution_id=unit,
            verdict=body["verdict"],
            points=body.get("points", ()),
            revision=body["revision"],
            at=timezone.now(),
        )
        return listing_response(self.alliance, kwargs["code"])


class ListingStep(ListingWrite):
    """Takes a step of the owner."""

    summary: ClassVar[Mapping[str, str]] = {"POST": "Take a step of a listing"}
    explanation: ClassVar[Mapping[str, str]] = {
        "POST": "Send it for verification, keep it open longer, take it back to a draft, take it back, or mark it as met."
    }
    path_schemas: ClassVar[Mapping[str, Mapping[str, Any]]] = {"step": {"type": "string", "enum": list(STEPS)}}
    requests: ClassVar[Mapping[str, Any]] = {"POST": ListingStepBody}
    examples: ClassVar[Mapping[Any, Any]] = {"POST": LISTING_EXAMPLE, ("POST", "request"): {"until": "2027-03-31"}}

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Take the step."""
        alliance, code = self.alliance, kwargs["code"]
        listing = get_listing(alliance, code, reader=request.user)
        step = STEPS.get(kwargs["step"])
        if step is None:
            raise NotFoundError
        require(request.user, step.permission, listing)
        body = read_body(ListingStepBody, request)
        common: dict[str, Any] = {"actor": person_of(request), "at": timezone.now()}
        if step is SUBMIT_LISTING:
            submit_listing(alliance, code, **common)
        elif step is RENEW_LISTING:
            renew_listing(alliance, code, until=body.get("until"), **common)
        elif step is REVISE_LISTING:
            revise_listing(alliance, code, **common)
        elif step is WITHDRAW_LISTING:
            withdraw_listing(alliance, code, reason=body.get("reason", ""), **common)
        else:
            fulfil_listing(alliance, code, **common)
        return listing_response(alliance, code)
