"""The field table of the API's writes: every other field is refused by name, not ignored (security.md, section 2)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Model
from django.urls import URLPattern, URLResolver
from django.utils import timezone
from rest_framework.serializers import BaseSerializer, ListSerializer

from alliance.api import urls
from alliance.api.endpoints import Endpoint
from alliance.kernel import tenancy
from alliance.models import Alliance
from groups.actions.meeting_action import ActionFacts, add_action
from groups.actions.proxy import give_proxy
from groups.choices import GroupKind, ResponsibilityState
from groups.models import (
    Attendance,
    ConflictOfInterest,
    Directive,
    DirectiveDelivery,
    MeetingAction,
    Proxy,
    ReceivedDirective,
    Responsibility,
    ResponsibilityReport,
    Vote,
)
from members.choices import StaffRole
from members.models import InstitutionStaff
from operations.actions.workbook import Entry, write_entry
from operations.choices import ProductState
from operations.models import (
    CriterionScore,
    Enrolment,
    FeedbackPoint,
    PilotFeedback,
    PilotParticipant,
    Product,
    ProductReview,
    WorkbookEntry,
)
from services.actions.execution import accept_milestone, hand_over_milestone
from services.actions.execution_payment import record_payment
from services.actions.match import accept_match, accept_suggestion
from services.choices import Verdict
from services.models import (
    Listing,
    ListingCheck,
    ListingParty,
    Match,
    MatchAnswer,
    MilestonePayment,
    MilestoneSubmission,
    Rating,
)
from tests.conftest import ClientFor, TenantClient
from tests.factories.alliance import address, make_alliance, make_member
from tests.factories.api import bearer
from tests.factories.charter import make_responsibility
from tests.factories.contracts import make_world, put_in_force
from tests.factories.learning import enrol_all, make_learning_cast, make_session
from tests.factories.listings import make_drafted, make_listing_cast, make_sent
from tests.factories.matching import make_pair
from tests.factories.meetings import LATER, begin, convene, make_body
from tests.factories.motions import make_open, make_voters
from tests.factories.operations import (
    Cast,
    make_cast,
    make_pilot,
    make_point,
    make_product,
    make_staff,
)
from tests.factories.services import make_entry

UNSAFE = ("post", "put", "patch", "delete")
OTHER_FORMATS = {"api_token"}
"""Writes whose body is a form of another standard (OAuth 2.0), which says itself that unknown parameters are ignored."""
INVENTED = ("is_admin", "alliance", "alliance_id", "__class__")


@dataclass(frozen=True)
class Row:
    """One write endpoint.

    Attributes:
        writable: Fields that may be sent; those of a list inside the body under its name and a point.
        makes: Models it writes; each of their fields that is not writable must be refused.
        call: The route's arguments, the caller's headers or None for a person, that person, and a body that is accepted.
    """

    writable: frozenset[str]
    makes: tuple[type[Model], ...]
    call: Callable[[Cast], tuple[dict[str, str], Any, dict[str, Any]]]


def _draft(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    return {}, cast.writer, {"institution": cast.author.code, "kind": "guide", "title_en": "Saving steam"}


def _step(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    product = make_product(cast, ProductState.IN_REVIEW)
    body = {"institution": cast.reviewer_institution.code, "reason": "The figures lack a source."}
    return {"code": product.code, "step": "return_product"}, cast.reviewer, body


def _answer(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)
    body = {
        "institution": cast.firms[0].code,
        "scores": [{"criterion": 1, "score": 4}, {"criterion": 2, "score": 5}],
        "defects": [{"severity": "minor", "description": "A unit is missing."}],
    }
    return {"code": product.code}, cast.testers[0], body


def _site_step(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)
    return {"code": product.code, "step": "consent"}, cast.testers[0], {"institution": cast.firms[0].code, "is_public": True}


def _workbook_entry(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)
    body = {
        "institution": cast.firms[0].code,
        "key": str(uuid4()),
        "kind": "defect",
        "severity": "minor",
        "text": "A unit is missing.",
    }
    return {"code": product.code}, cast.testers[0], body


def _workbook_strike(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)
    note = Entry(key=uuid4(), kind="note", body={"text": "Night shift."})
    site, person = cast.firms[0], cast.testers[0]
    write_entry(cast.alliance, product.code, institution_id=site.pk, entry=note, actor=person, at=timezone.now())
    return {"code": product.code, "key": str(note.key)}, person, {"institution": site.code, "reason": "Wrong loom"}


def _enrol(cast: Cast) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    people = make_learning_cast(cast.alliance)
    session = make_session(people)
    return {"code": session.course.code, "number": 1}, people.learner, {"institution": people.member.code}


def _leave_session(cast: Cast) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    people = make_learning_cast(cast.alliance)
    session = make_session(people)
    enrol_all(people, session, people.learner)
    return {"code": session.course.code, "number": 1}, people.learner, {}


def _point_answer(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    point = make_point(make_product(cast, ProductState.IMPROVING))
    return (
        {"code": point.product.code, "key": point.key},
        cast.writer,
        {"state": "accepted", "answer": "In the next version."},
    )


def _rating(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    return (
        {"code": make_entry(cast.alliance).code},
        None,
        {"score": 4, "client_kind": "industry", "email": "reader@example.org"},
    )


def _listing_act(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    pair = make_pair(cast.alliance)
    return {"code": pair.demand.code}, pair.buyer, {"other": pair.supply.code, "act": "decline", "reason": "price"}


def _match_answer(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    pair = make_pair(cast.alliance)
    match = accept_suggestion(cast.alliance, pair.demand.code, pair.supply.code, actor=pair.buyer, at=timezone.now())
    return {"code": match.code}, pair.seller, {"side": "supply", "accepted": True}


def _match_step(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    kwargs, seller, _body = _match_answer(cast)
    match = accept_match(cast.alliance, kwargs["code"], "supply", actor=seller, at=timezone.now())
    return {"code": match.code, "step": "end_match"}, seller, {"outcome": "Too dear."}


def _meeting_answer(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    body = make_body(cast.alliance, 1)
    meeting = convene(body)
    return {"code": meeting.code}, body.people[0], {"institution": body.institutions[0].code, "coming": True}


def _action_outcome(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    body = make_body(cast.alliance, 1)
    meeting = begin(body)
    facts = ActionFacts("Send it", "", LATER.date(), body.institutions[0].code)
    action = add_action(cast.alliance, meeting.code, facts=facts, actor=body.secretary, at=LATER)
    return {"uuid": str(action.uuid)}, body.people[0], {"outcome": "Sent"}


def _motion_vote(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    voter = make_voters(cast.alliance, 1)[0]
    return {"code": make_open(cast.alliance).code}, voter.user, {"institution": voter.code, "choice": "yes"}


def _proxy(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    giver, holder = make_voters(cast.alliance, 2)
    body = {"giver": giver.code, "holder": holder.code, "motion": make_open(cast.alliance).code}
    return {}, giver.user, body


def _revocation(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    giver, holder = make_voters(cast.alliance, 2)
    proxy = give_proxy(
        cast.alliance,
        giver_code=giver.code,
        holder_code=holder.code,
        body="management_committee",
        actor=giver.user,
        at=timezone.now(),
    )
    return {"uuid": str(proxy.uuid)}, giver.user, {}


def _duty(cast: Cast, **fields: Any) -> tuple[Responsibility, Any]:
    person = make_staff(cast.alliance, cast.author, StaffRole.REPRESENTATIVE)
    return make_responsibility(cast.author, GroupKind.WISDOM, **fields), person


def _duty_answer(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    duty, person = _duty(cast, state=ResponsibilityState.PROPOSED)
    return {"code": duty.code}, person, {"acknowledged": False, "reason": "No staff for it."}


def _duty_report(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    duty, person = _duty(cast)
    ResponsibilityReport.objects.create(alliance=cast.alliance, responsibility=duty, due_on=date(2026, 10, 31))
    body = {"due_on": "2026-10-31", "text": "All answered.", "figure": "93.50", "measure_met": True}
    return {"code": duty.code}, person, body


def _conflict(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    person = make_member(cast.alliance)
    return {}, person, {"institution": cast.author.code, "matter": "product:P-1", "reason": "Shares."}


def _directive(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    make_alliance("below", parent=cast.alliance, level="provincial")
    body = {"kind": "work", "title_en": "Count", "text_en": "Do.", "due_on": "2099-01-01", "recipients": ["below"]}
    return {}, make_member(cast.alliance), body


def _received(cast: Cast) -> ReceivedDirective:
    return ReceivedDirective.objects.create(
        alliance=cast.alliance,
        uuid=uuid4(),
        directive_uuid=uuid4(),
        origin_slug="above",
        origin_code="DR-1",
        code="RD-1",
        kind="work",
        title_en="Count",
        measure="mills",
        due_on="2099-01-01",
        delivered_at=timezone.now(),
    )


def _acknowledgement(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    return {"code": _received(cast).code}, make_member(cast.alliance), {"state": "acknowledged"}


def _report(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    return {"code": _received(cast).code}, make_member(cast.alliance), {"text_en": "Done.", "figure": "4"}


def _listing(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    people = make_listing_cast(cast.alliance)
    body = {"institution": people.owner.code, "side": "demand", "category": "information", "title_en": "Saving steam"}
    return {}, people.officer, body


def _listing_change(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    people = make_listing_cast(cast.alliance)
    return {"code": make_drafted(people).code}, people.officer, {"edition": 1, "title_en": "Saving more steam"}


def _listing_check(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    people = make_listing_cast(cast.alliance)
    body = {
        "institution": people.committee_house.code,
        "verdict": Verdict.RETURNED.value,
        "revision": 1,
        "points": [{"field": "title_en", "words": "Shorter."}],
    }
    return {"code": make_sent(people).code}, people.committee, body


def _listing_step(cast: Cast) -> tuple[dict[str, str], Any, dict[str, Any]]:
    people = make_listing_cast(cast.alliance)
    return {"code": make_drafted(people).code, "step": "withdraw_listing"}, people.officer, {"reason": "Over."}


_LISTING_TEXT = frozenset(
    {
        "audience",
        "body_en",
        "body_zh",
        "category",
        "disciplines",
        "duration_weeks",
        "elements",
        "ends_on",
        "expires_on",
        "industry_code",
        "labels",
        "money_max",
        "money_min",
        "parties",
        "pricing",
        "region_code",
        "starts_on",
        "title_en",
        "title_zh",
    }
)


def _milestone_step(cast: Cast) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    world = make_world(cast.alliance)
    put_in_force(world)
    return {"code": world.code, "number": 1, "step": "hand_over"}, world.people["supply"], {"words": "The report."}


def _payment(cast: Cast) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    kwargs, supplier, _body = _milestone_step(cast)
    hand_over_milestone(cast.alliance, kwargs["code"], 1, words="The report.", actor=supplier, at=timezone.now())
    demand = InstitutionStaff.objects.of(cast.alliance).filter(
        institution__contract_parties__contract__code=kwargs["code"], institution__contract_parties__role="demand"
    )
    payer = demand.order_by("pk")[0].user
    accept_milestone(cast.alliance, kwargs["code"], 1, actor=payer, at=timezone.now())
    day = timezone.localdate().isoformat()
    body = {"role": "demand", "milestone": 1, "amount": "10.00", "paid_on": day, "reference": "T-1"}
    return {"code": kwargs["code"]}, payer, body


def _payment_step(cast: Cast) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    kwargs, payer, body = _payment(cast)
    record_payment(
        cast.alliance,
        kwargs["code"],
        1,
        role="demand",
        amount=Decimal(body["amount"]),
        paid_on=timezone.localdate(),
        reference="T-1",
        actor=payer,
        at=timezone.now(),
    )
    return {**kwargs, "number": 1, "step": "reverse"}, payer, {"words": "Entered twice."}


FIELDS: dict[str, Row] = {
    "api_conflict_list": Row(frozenset({"institution", "matter", "reason"}), (ConflictOfInterest,), _conflict),
    "api_directive_list": Row(
        frozenset({"kind", "title_en", "title_zh", "text_en", "text_zh", "measure", "due_on", "recipients"}),
        (Directive, DirectiveDelivery),
        _directive,
    ),
    "api_directive_acknowledgement": Row(frozenset({"state"}), (ReceivedDirective,), _acknowledgement),
    "api_directive_report": Row(frozenset({"text_en", "text_zh", "figure"}), (ReceivedDirective,), _report),
    "api_responsibility_answer": Row(frozenset({"acknowledged", "reason"}), (Responsibility,), _duty_answer),
    "api_responsibility_report": Row(
        frozenset({"due_on", "text", "figure", "measure_met"}), (ResponsibilityReport,), _duty_report
    ),
    "api_motion_vote": Row(frozenset({"institution", "by", "choice", "receipt_code"}), (Vote,), _motion_vote),
    "api_proxy_list": Row(frozenset({"giver", "holder", "motion", "body", "instruction", "days"}), (Proxy,), _proxy),
    "api_proxy_revocation": Row(frozenset(), (Proxy,), _revocation),
    "api_product_list": Row(
        frozenset(
            {
                "institution",
                "kind",
                "title_en",
                "title_zh",
                "summary_en",
                "summary_zh",
                "body_en",
                "body_zh",
                "client_en",
                "client_zh",
                "details",
                "due_on",
            }
        ),
        (Product,),
        _draft,
    ),
    "api_product_step": Row(frozenset({"institution", "reason"}), (Product, ProductReview), _step),
    "api_pilot_answer": Row(
        frozenset(
            {
                "institution",
                "scores",
                "scores.criterion",
                "scores.score",
                "defects",
                "defects.severity",
                "defects.description",
                "suggestion",
            }
        ),
        (PilotFeedback, CriterionScore, FeedbackPoint),
        _answer,
    ),
    "api_pilot_site_step": Row(
        frozenset({"institution", "reason", "site_en", "site_zh", "is_public"}), (PilotParticipant,), _site_step
    ),
    "api_point_answer": Row(frozenset({"state", "answer", "done_in"}), (FeedbackPoint,), _point_answer),
    "api_workbook_entry_list": Row(
        frozenset(
            {
                "institution",
                "key",
                "kind",
                "round",
                "noted_at",
                "reading",
                "reading.measure",
                "reading.phase",
                "reading.value",
                "reading.taken_on",
                "scores",
                "scores.criterion",
                "scores.score",
                "severity",
                "text",
                "caption",
                "file",
                "file.name",
                "file.content",
            }
        ),
        (WorkbookEntry, FeedbackPoint),
        _workbook_entry,
    ),
    "api_workbook_entry_strike": Row(frozenset({"institution", "reason"}), (WorkbookEntry,), _workbook_strike),
    "api_session_enrol": Row(frozenset({"institution"}), (Enrolment,), _enrol),
    "api_session_leave": Row(frozenset(), (Enrolment,), _leave_session),
    "api_meeting_answer": Row(frozenset({"institution", "coming", "person", "note"}), (Attendance,), _meeting_answer),
    "api_action_outcome": Row(frozenset({"outcome"}), (MeetingAction,), _action_outcome),
    "api_rating_list": Row(frozenset({"score", "client_kind", "comment", "email", "language"}), (Rating,), _rating),
    "api_listing_matches": Row(frozenset({"other", "act", "reason", "words"}), (Match, MatchAnswer), _listing_act),
    "api_match_answer": Row(frozenset({"side", "accepted", "reason", "words"}), (MatchAnswer,), _match_answer),
    "api_match_step": Row(frozenset({"outcome"}), (Match,), _match_step),
    "api_listing_list": Row(_LISTING_TEXT | {"institution", "side"}, (Listing, ListingParty), _listing),
    "api_listing_change": Row(_LISTING_TEXT | {"edition"}, (Listing, ListingParty), _listing_change),
    "api_listing_check": Row(
        frozenset({"institution", "verdict", "revision", "points", "points.field", "points.words"}),
        (ListingCheck,),
        _listing_check,
    ),
    "api_listing_step": Row(frozenset({"until", "reason"}), (Listing,), _listing_step),
    # Execution of contracts
    "api_milestone_step": Row(frozenset({"words", "rework_by"}), (MilestoneSubmission,), _milestone_step),
    "api_contract_payments": Row(
        frozenset({"role", "milestone", "amount", "paid_on", "reference"}), (MilestonePayment,), _payment
    ),
    "api_payment_step": Row(frozenset({"words"}), (MilestonePayment,), _payment_step),
}


def endpoints(patterns: list[Any] | None = None) -> Iterator[tuple[str, type[Endpoint]]]:
    """Every endpoint of the API with the name of its route."""
    for pattern in urls.urlpatterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from endpoints(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and (view := getattr(pattern.callback, "view_class", None)) is not None:
            yield str(pattern.name), view


def writes() -> dict[str, tuple[type[Endpoint], list[str]]]:
    """Endpoints that take a write, with the methods."""
    found = {}
    for name, view in endpoints():
        methods = [method.upper() for method in UNSAFE if hasattr(view, method) and method.upper() in view.access]
        if methods:
            found[name] = (view, methods)
    return found


def declared(serializer: BaseSerializer[Any], prefix: str = "") -> Iterator[str]:
    """Names a serializer takes, nested ones with their path."""
    for name, field in getattr(serializer, "fields", {}).items():
        if not field.read_only:
            yield prefix + name
            inner = field.child if isinstance(field, ListSerializer) else field
            if isinstance(inner, BaseSerializer):
                yield from declared(inner, f"{prefix}{name}.")


def test_every_write_has_a_row_and_every_row_a_write() -> None:
    assert set(writes()) - OTHER_FORMATS == set(FIELDS)
    assert len(FIELDS) >= 4


def test_every_write_declares_the_fields_of_its_row() -> None:
    for name, row in FIELDS.items():
        view, methods = writes()[name]
        assert set(view.requests) >= set(methods), name
        taken = {field for method in methods for field in declared(view.requests[method]())}
        assert taken == row.writable, name


def places(body: Mapping[str, Any], row: Row) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each place of a body and each field that may not stand there."""
    columns = {field.name for model in row.makes for field in model._meta.get_fields()}
    columns |= {field.attname for model in row.makes for field in model._meta.concrete_fields}
    for path in [(), *[(key,) for key, value in body.items() if isinstance(value, list) and isinstance(value[0], dict)]]:
        prefix = "".join(f"{key}." for key in path)
        for name in sorted(columns | set(INVENTED)):
            if f"{prefix}{name}" not in row.writable:
                yield path, name


def named(errors: Any) -> set[str]:
    """Fields that a refusal names, at any depth."""
    if isinstance(errors, Mapping):
        return {str(key).rpartition(".")[2] for key in errors} | {name for value in errors.values() for name in named(value)}
    return {name for value in errors for name in named(value)} if isinstance(errors, list) else set()


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(FIELDS))
def test_any_other_field_is_refused_by_name(
    name: str, alliance: Alliance, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alliance.kernel.limits.hit", lambda *_args, **_options: None)
    monkeypatch.setattr("groups.api.motions.is_authentication_fresh", lambda _request: True)
    row = FIELDS[name]
    with tenancy.acting_in(alliance):
        kwargs, person, body = row.call(make_cast(alliance))
        before = [list(model._default_manager.values()) for model in row.makes]
    client = client_for(person) if person else TenantClient()
    headers = {} if person else bearer(client, alliance)
    url = address(alliance, name, **kwargs)
    number = 0

    def send(content: dict[str, Any]) -> Any:
        nonlocal number
        number += 1
        return client.post(
            url, content, content_type="application/json", headers={**headers, "Idempotency-Key": f"field-{number:06d}"}
        )

    for path, field in places(body, row):
        changed = copy.deepcopy(body)
        place: Any = changed[path[0]][0] if path else changed
        place[field] = "1"
        answer = send(changed)
        assert answer.status_code in {400, 422}, (path, field, answer.content)
        assert field in named(answer.json()["errors"]), (path, field, answer.content)

    assert number > len(INVENTED)
    with tenancy.acting_in(alliance):
        assert [list(model._default_manager.values()) for model in row.makes] == before
    assert send(body).status_code < 300  # the body itself is in order, so each refusal was the added field's
