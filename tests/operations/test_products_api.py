"""Products by API: the list opens what the permission opens; writes are the pages' actions."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.permissions import can, forget_grants
from alliance.models import Alliance, AuditEntry, User
from groups.choices import GroupKind, SeatRole
from operations.actions.share import share_product
from operations.choices import ParticipantState, PilotState, ProductState, ReviewVerdict
from operations.models import PilotFeedback, PilotParticipant, Product, ProductReview
from operations.permissions import VIEW_PRODUCT
from tests.conftest import ClientFor
from tests.factories.alliance import address, make_member, make_user
from tests.factories.operations import (
    Cast,
    make_cast,
    make_institution,
    make_officer,
    make_pilot,
    make_product,
    make_seat,
    make_staff,
)

pytestmark = pytest.mark.django_db


def everybody(cast: Cast) -> dict[str, User]:
    """A person of each kind that the permission to read knows, and some it does not."""
    convenor = make_institution(cast.alliance, "leading_enterprise")
    make_seat(cast.alliance, convenor, GroupKind.LEADING_ENTERPRISE, SeatRole.CONVENOR)
    observer = make_institution(cast.alliance, "media_think_tank")
    make_seat(cast.alliance, observer, GroupKind.MEDIA, SeatRole.OBSERVER)
    wisdom = make_institution(cast.alliance)
    make_seat(cast.alliance, wisdom, GroupKind.WISDOM)
    seatless = make_institution(cast.alliance)
    return {
        "writer": cast.writer,
        "reviewer": cast.reviewer,
        "editor": cast.editor,
        "tester": cast.testers[0],
        "withdrawn tester": cast.testers[1],
        "secretary": cast.secretary,
        "committee": cast.committee,
        "auditor": make_officer(cast.alliance, AllianceRole.AUDITOR),
        "editor of the site": make_officer(cast.alliance, AllianceRole.EDITOR),
        "pilot convenor": make_staff(cast.alliance, convenor),
        "observer": make_staff(cast.alliance, observer),
        "other wisdom member": make_staff(cast.alliance, wisdom),
        "without a seat": make_staff(cast.alliance, seatless),
    }


def test_the_list_opens_exactly_what_the_permission_opens(cast: Cast, client_for: ClientFor) -> None:
    people = everybody(cast)
    for state in ProductState.values:
        make_product(cast, state)
    in_pilot = make_product(cast, ProductState.PILOTING)
    make_pilot(in_pilot, cast.firms, state=PilotState.OPEN)
    PilotParticipant.objects.filter(institution=cast.firms[1]).update(state=ParticipantState.WITHDRAWN)
    reviewed = make_product(cast, ProductState.DRAFT)
    ProductReview.objects.create(
        alliance=cast.alliance,
        product=reviewed,
        version=1,
        institution=cast.reviewer_institution,
        reviewer=cast.reviewer,
        verdict=ReviewVerdict.RETURN,
        at=timezone.now(),
    )
    shared = make_product(cast, ProductState.IMPROVING)
    share_product(cast.alliance, shared.code, actor=cast.secretary, email=people["without a seat"].email, at=timezone.now())
    seen = set()

    for name, person in people.items():
        answer = client_for(person).get(f"{address(cast.alliance, 'api_product_list')}?page_size=100")
        listed = {row["code"] for row in answer.json()["results"]}
        forget_grants(person)
        person.__dict__.pop("_shared_products", None)
        allowed = {product.code for product in Product.objects.all() if can(person, VIEW_PRODUCT, product)}

        assert listed == allowed, name
        seen.add(frozenset(listed))
    assert len(seen) >= 6


def test_a_person_of_the_wisdom_group_drafts_and_submits(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.writer)
    body = {
        "institution": cast.author.code,
        "kind": "guide",
        "title_en": "Guide",
        "summary_en": "What it is for.",
        "body_en": "Text",
        "due_on": "2027-01-31",
        "details": {"scope": {"en": "Small mills"}, "hours": "4"},
    }

    made = client.post(address(cast.alliance, "api_product_list"), body, content_type="application/json")

    assert made.status_code == 201, made.content
    assert made["Location"].endswith(f"/api/v1/products/{made.json()['code']}/")
    assert made.json()["state"] == "draft"
    assert made.json()["author"]["code"] == cast.author.code
    assert made.json()["due_on"] == "2027-01-31"
    submitted = client.post(
        address(cast.alliance, "api_product_step", code=made.json()["code"], step="submit_product"),
        {},
        content_type="application/json",
    )
    assert submitted.status_code == 200, submitted.content
    assert submitted.json()["state"] == "in_review"
    entry = AuditEntry.objects.get(verb="submit_product")
    assert entry.via == "api"
    assert entry.actor_id == cast.writer.uuid


def test_a_review_by_api_sends_a_draft_on(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.IN_REVIEW)

    answer = client_for(cast.reviewer).post(
        address(cast.alliance, "api_product_step", code=product.code, step="approve_product"),
        {"institution": cast.reviewer_institution.code},
        content_type="application/json",
    )

    assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == "transforming"


@pytest.mark.parametrize(
    ("who", "state", "step", "body", "status", "code"),
    [
        ("writer", "draft", "release_product", {}, 403, "permission_refused"),
        ("secretary", "draft", "release_product", {}, 409, "transition_refused"),
        ("secretary", "released", "retire_product", {}, 422, "reason_missing"),
        ("secretary", "improving", "redraft_product", {}, 422, "reason_missing"),
        ("writer", "piloting", "stop_pilot", {"reason": "why"}, 403, "permission_refused"),
        ("editor", "improving", "stop_pilot", {"reason": "why"}, 403, "permission_refused"),
        ("secretary", "released", "withdraw_product", {"reason": "why"}, 409, "transition_refused"),
        ("committee", "draft", "withdraw_product", {"reason": "why"}, 403, "permission_refused"),
        ("secretary", "released", "submit_product", {}, 409, "transition_refused"),
        ("writer", "draft", "submit_product", {"sneaky": 1}, 422, "invalid_input"),
        ("reviewer", "in_review", "approve_product", {"institution": "nobody"}, 422, "invalid_input"),
        ("reviewer", "in_review", "return_product", {"institution": "own"}, 422, "reason_missing"),
        ("reviewer", "draft", "submit_product", {}, 404, "not_found"),
        ("secretary", "draft", "begin_pilot", {}, 404, "not_found"),
    ],
)
def test_refusals_name_the_rule_and_change_nothing(
    cast: Cast, client_for: ClientFor, who: str, state: str, step: str, body: dict[str, Any], status: int, code: str
) -> None:
    product = make_product(cast, state)
    if body.get("institution") == "own":
        body = {"institution": cast.reviewer_institution.code}

    answer = client_for(getattr(cast, who)).post(
        address(cast.alliance, "api_product_step", code=product.code, step=step), body, content_type="application/json"
    )

    assert answer.status_code == status, answer.content
    assert answer.json()["code"] == code
    product.refresh_from_db()
    assert product.state == state


@pytest.mark.parametrize(
    ("who", "state", "step", "after"),
    [
        ("secretary", "piloting", "stop_pilot", "improving"),
        ("editor", "improving", "readapt_product", "transforming"),
        ("secretary", "piloting", "redraft_product", "draft"),
        ("writer", "in_review", "withdraw_product", "withdrawn"),
    ],
)
def test_ways_back_and_out_are_taken_by_api_with_a_reason(
    cast: Cast, client_for: ClientFor, who: str, state: str, step: str, after: str
) -> None:
    product = make_product(cast, state)

    answer = client_for(getattr(cast, who)).post(
        address(cast.alliance, "api_product_step", code=product.code, step=step),
        {"reason": "The figures were revised."},
        content_type="application/json",
    )

    assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == after


def test_a_pilot_firm_answers_once_per_key(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)
    url = address(cast.alliance, "api_pilot_answer", code=product.code)
    body = {
        "institution": cast.firms[0].code,
        "scores": [{"criterion": 1, "score": 4}, {"criterion": 2, "score": 5}],
        "defects": [{"severity": "minor", "description": "A typing error."}],
        "suggestion": "More pictures.",
    }
    client = client_for(cast.testers[0])

    answers = [
        client.post(url, body, content_type="application/json", headers={"Idempotency-Key": "answer-0001"})
        for _n in range(2)
    ]

    assert [answer.status_code for answer in answers] == [201, 201], answers[0].content
    assert answers[0].content == answers[1].content
    assert PilotFeedback.objects.count() == 1
    refused = client_for(cast.testers[1]).post(url, body, content_type="application/json")
    assert refused.status_code == 403
    incomplete = client.post(url, body | {"scores": [{"criterion": 1, "score": 4}]}, content_type="application/json")
    assert incomplete.status_code == 422
    assert incomplete.json()["errors"]


def test_a_kept_answer_is_not_given_to_somebody_who_lost_the_right(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)
    url = address(cast.alliance, "api_pilot_answer", code=product.code)
    body = {"institution": cast.firms[0].code, "scores": [{"criterion": 1, "score": 4}, {"criterion": 2, "score": 5}]}
    client = client_for(cast.testers[0])
    options: dict[str, Any] = {"content_type": "application/json", "headers": {"Idempotency-Key": "answer-0001"}}
    assert client.post(url, body, **options).status_code == 201
    PilotParticipant.objects.filter(institution=cast.firms[0]).update(state=ParticipantState.WITHDRAWN)

    assert client.post(url, body, **options).status_code in {403, 404}


def test_real_products_of_another_alliance_do_not_exist_here(
    cast: Cast, client_for: ClientFor, other_alliance: Alliance
) -> None:
    with tenancy.acting_in(other_alliance):
        elsewhere = make_cast(other_alliance)
        foreign = make_product(elsewhere, ProductState.DRAFT, code="F-900")
    client = client_for(cast.secretary)

    for code in (foreign.code, "never-was"):
        step = client.post(
            address(cast.alliance, "api_product_step", code=code, step="submit_product"), {}, content_type="application/json"
        )
        read = client.get(address(cast.alliance, "api_product_detail", code=code))
        assert step.status_code == read.status_code == 404
    drafted = client.post(
        address(cast.alliance, "api_product_list"),
        {"institution": elsewhere.author.code, "kind": "guide", "title_en": "x"},
        content_type="application/json",
    )
    assert drafted.status_code == 422
    assert list(drafted.json()["errors"]) == ["institution"]
    with tenancy.acting_in(other_alliance):
        foreign.refresh_from_db()
        assert foreign.state == ProductState.DRAFT


def test_people_without_a_role_in_the_alliance_write_nothing(cast: Cast, client_for: ClientFor) -> None:
    answer = client_for(make_user()).post(
        address(cast.alliance, "api_product_list"),
        {"institution": cast.author.code, "kind": "guide", "title_en": "x"},
        content_type="application/json",
    )

    assert answer.status_code == 403
    assert not Product.objects.exists()


def test_a_stranger_with_a_role_elsewhere_writes_nothing(
    cast: Cast, client_for: ClientFor, other_alliance: Alliance
) -> None:
    answer = client_for(make_member(other_alliance)).post(
        address(cast.alliance, "api_product_list"), {}, content_type="application/json"
    )

    assert answer.status_code == 403
