"""Lists and records of the API: one query for a page, the same JSON as a plain serialisation, keyset pages, walls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alliance.api.openapi import projections
from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.projection import Computed, Field, Nested, Projection, Value
from alliance.models import Alliance, User
from evaluation.api.feedback import FEEDBACK
from evaluation.models import FeedbackResult
from groups.api.directives import DIRECTIVE, RECEIVED
from groups.api.groups import GROUP
from groups.api.guard import CONFLICT, DECLARATION
from groups.api.meetings import ACTION as MEETING_ACTION
from groups.api.meetings import MEETING, MINUTES
from groups.api.promises import CHARTER, CONSORTIUM, RESPONSIBILITY
from groups.choices import GroupKind
from groups.models import (
    AgendaItem,
    Attendance,
    ConflictOfInterest,
    Directive,
    DirectiveDelivery,
    GroupMembership,
    InterestDeclaration,
    Meeting,
    MeetingAction,
    Minutes,
    Position,
    ReceivedDirective,
    Term,
    VirtualGroup,
)
from members.api.applications import APPLICATION
from members.api.experts import EXPERT
from members.api.institutions import INSTITUTION
from members.api.resources import RESOURCE
from members.choices import ConsentLevel, ResourceAudience
from members.models import Application, ElementSupply, Expert, ExpertSkill, FactMark, Institution, Resource
from operations.actions.snapshot import take_snapshot
from operations.api.learning import PATH as LEARNING_PATH
from operations.api.products import PRODUCT
from operations.choices import PilotState, ProductState, SnapshotOccasion
from operations.models import (
    Course,
    LearningPath,
    LearningPathCourse,
    Piece,
    Pilot,
    Product,
)
from services.api.catalogue import ENTRY
from services.api.listings import LISTING
from services.choices import ListingState
from services.models import CatalogueEntry, Listing
from targets.api.objectives import OBJECTIVE
from targets.models import Measurement, Objective
from tests.conftest import ClientFor
from tests.factories.alliance import address, make_member
from tests.factories.api import bearer
from tests.factories.charter import make_promises

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 1, 4, 5, 6, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """One endpoint for lists: its route, projection, and the key of a record."""

    route: str
    detail: str
    projection: Projection
    scope: str


CASES = [
    Case("api_institution_list", "api_institution_detail", INSTITUTION, "institutions:read"),
    Case("api_expert_list", "api_expert_detail", EXPERT, "experts:read"),
    Case("api_resource_list", "api_resource_detail", RESOURCE, "resources:read"),
    Case("api_application_list", "api_application_detail", APPLICATION, "applications:read"),
    Case("api_group_list", "api_group_detail", GROUP, "groups:read"),
    Case("api_meeting_list", "api_meeting_detail", MEETING, "groups:read"),
    Case("api_minutes_list", "", MINUTES, "groups:read"),
    Case("api_action_list", "", MEETING_ACTION, "groups:read"),
    Case("api_charter_list", "api_charter_detail", CHARTER, "charter:read"),
    Case("api_responsibility_list", "api_responsibility_detail", RESPONSIBILITY, "responsibilities:read"),
    Case("api_consortium_list", "api_consortium_detail", CONSORTIUM, "consortia:read"),
    Case("api_conflict_list", "", CONFLICT, "conflicts:read"),
    Case("api_declaration_list", "", DECLARATION, "conflicts:read"),
    Case("api_directive_list", "api_directive_detail", DIRECTIVE, "directives:read"),
    Case("api_received_directive_list", "api_received_directive_detail", RECEIVED, "directives:read"),
    Case("api_product_list", "api_product_detail", PRODUCT, "products:read"),
    Case("api_learning_path_list", "api_learning_path_detail", LEARNING_PATH, "courses:read"),
    Case("api_entry_list", "api_entry_detail", ENTRY, "catalogue:read"),
    Case("api_listing_list", "api_listing_detail", LISTING, "listings:read"),
    Case("api_objective_list", "api_objective_detail", OBJECTIVE, "objectives:read"),
    Case("api_feedback_list", "", FEEDBACK, "feedback:read"),
]
IDS = [case.route for case in CASES]
ELSEWHERE = {
    "Piece": "tests/operations/test_pieces_api.py",
    "Motion": "tests/groups/test_motion_api.py",
    "Proxy": "tests/groups/test_motion_api.py",
    "FeedbackPoint": "tests/operations/test_point_actions.py",
    "WorkbookEntry": "tests/operations/test_workbook_api.py",
    "PilotRound": "tests/operations/test_pilots_api.py",
    "Project": "tests/operations/test_projects_api.py",
    "Course": "tests/operations/test_learning_api.py",
    "CourseSession": "tests/operations/test_learning_api.py",
    "Enrolment": "tests/operations/test_learning_api.py",
    "Certificate": "tests/operations/test_learning_api.py",
    "Match": "tests/services/test_match_api.py",
    "Risk": "tests/operations/test_risk_views.py",
    "ContributionPoints": "tests/operations/test_incentive_views.py",
    "Tariff": "tests/operations/test_incentive_views.py",
    "HonoursList": "tests/operations/test_incentive_views.py",
    "ProductVersion": "tests/operations/test_product_parts_views.py",
    "ProductFile": "tests/operations/test_product_parts_views.py",
    "Contribution": "tests/operations/test_product_parts_views.py",
    "Contract": "tests/services/test_contract_views.py",
    "ContractEvaluation": "tests/services/test_review_secrecy.py",
    "ContractFollowUp": "tests/services/test_review_views.py",
    "ProductReference": "tests/operations/test_product_parts_views.py",
}
"""Projections with computed values, or closed to machines, and where they are compared."""


def fill(alliance: Alliance, count: int = 6, *, mark: str = "") -> None:
    """Rows of every kind: visible ones, with what hangs on them, and values that are easy to get wrong."""
    with tenancy.acting_in(alliance):
        institutions = [
            Institution.objects.create(
                alliance=alliance,
                code=f"i-{number:03d}",
                kind=["industry_think_tank", "leading_enterprise", "media_think_tank"][number % 3],
                name_en=f'{mark}Mill "{number}" \\ & <b> 100% _x',
                name_zh=f"织造厂{number}\t换行\n",
                name_key=f"mill {number}",
                sort_key=f"mill {number // 2}",
                joined_on=date(2025, 3, 1) if number % 2 else None,
                region_code="310000",
            )
            for number in range(count)
        ]
        Institution.objects.filter(code="i-000").update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
        for number, institution in enumerate(institutions):
            for element in ("talent", "capital", "policy")[: number % 4]:
                ElementSupply.objects.create(
                    alliance=alliance,
                    institution=institution,
                    element=element,
                    scale="meso",
                    strength=Decimal("0.50"),
                    evidence_en="some\u2028text",
                    valid_from=date(2025, 1, 1),
                )
            for fact, days in (("name", 30), ("region", -30))[: number % 3]:
                FactMark.objects.create(
                    alliance=alliance,
                    institution=institution,
                    fact=fact,
                    value_digest="0" * 64,
                    verified_at=datetime(2026, 1, 1, tzinfo=UTC) if number % 2 else None,
                    valid_until=timezone.localdate() + timedelta(days=days),
                )
            expert = Expert.objects.create(
                alliance=alliance,
                code=f"E-{number:03d}",
                institution=institution,
                name_en=f'{mark}Expert "{number}"',
                name_zh="何敏" if number % 2 else "",
                orcid="0000-0002-1825-0097" if number == 1 else "",
                languages=["zh", "en"][: number % 3],
                days_per_month=Decimal("2.5") if number % 2 else None,
                available_from=date(2026, 1, 1) if number % 2 else None,
                consent=ConsentLevel.PUBLIC,
                sort_key=f"expert {number // 2}",
                search_text="weaving 织造",
            )
            for place in range(number % 3):
                ExpertSkill.objects.create(
                    alliance=alliance, expert=expert, position=place, name_en=f"weaving {place}", name_zh="织造"
                )
            Resource.objects.create(
                alliance=alliance,
                code=f"RS-{number:03d}",
                institution=institution,
                kind=["laboratory", "venue"][number % 2],
                name_en=f"{mark}Room {number}",
                audience=ResourceAudience.PUBLIC,
                is_bookable=bool(number % 2),
                sort_key=f"room {number // 2}",
            )
        for number in range(count):
            Application.objects.create(
                alliance=alliance,
                code=f"A-{number:04d}",
                kind="media_think_tank",
                name_en=f"{mark}Applicant {number}",
                name_key=f"applicant {number}",
                contact_name="Secret Person",
                contact_email="secret@example.org",
                language="en",
                access_digest=f"{number:064d}",
                institution=institutions[0] if number % 2 else None,
                state="submitted",
                created_at=AT + timedelta(minutes=number // 2),
                submitted_at=AT + timedelta(hours=number),
            )
        fill_guard(alliance, institutions, mark)
        for kind in GroupKind.values:
            group = VirtualGroup.objects.create(alliance=alliance, kind=kind, remit_en=f"{mark}remit")
            for institution in institutions[:2]:
                GroupMembership.objects.create(
                    alliance=alliance, group=group, institution=institution, role="member", starts_at=AT
                )
            fill_group(group, institutions[0], mark)
        make_promises(alliance, institutions, count, mark=mark)
        for number in range(count):
            course = Course.objects.create(
                alliance=alliance,
                code=f"CR-{number:03d}",
                form="training",
                title_en=f'{mark}Course "{number}"',
                credits=Decimal("1.50"),
                host=institutions[0],
                created_at=AT,
            )
            path = LearningPath.objects.create(
                alliance=alliance,
                code=f"LP-{number:02d}",
                title_en=f"{mark}Path {number}",
                title_zh="学习路径" if number % 2 else "",
                credits_needed=Decimal("1.50"),
                created_at=AT + timedelta(minutes=number // 2),
            )
            for place in range(number % 2):
                LearningPathCourse.objects.create(alliance=alliance, path=path, course=course, position=place)
            product = Product.objects.create(
                alliance=alliance,
                code=f"P-{number:03d}",
                kind="guide",
                state=ProductState.RELEASED,
                title_en=f"{mark}Guide {number}",
                summary_en="A summary",
                author=institutions[number % len(institutions)],
                adapter=institutions[0] if number % 2 else None,
                state_since=AT,
                released_at=AT + timedelta(minutes=number),
                due_on=date(2026, 12, 1),
            )
            for turn, state in enumerate(("draft", "published", "published")[: number % 4]):
                Piece.objects.create(
                    alliance=alliance,
                    code=f"PC-{number}{turn}",
                    product=product,
                    version=take_snapshot(product, SnapshotOccasion.PIECE, actor=None, at=AT),
                    kind="article",
                    audience="public",
                    channel="site",
                    title_en=f"{mark}Piece {number}",
                    state=state,
                    maker=institutions[0],
                    created_at=AT,
                    changed_at=AT,
                    state_since=AT,
                    published_at=AT if state == "published" else None,
                )
            for turn, state in enumerate([PilotState.FAILED, PilotState.PASSED], 1):
                Pilot.objects.create(
                    alliance=alliance,
                    product=product,
                    round=turn,
                    version=turn,
                    tested=take_snapshot(product, SnapshotOccasion.PILOT, actor=None, at=AT),
                    state=state,
                    starts_at=AT,
                    deadline=AT + timedelta(days=7),
                    answers=5,
                    mean_score=Decimal("81.50") if state == PilotState.PASSED else None,
                    decided_at=AT,
                )
            entry = CatalogueEntry.objects.create(
                alliance=alliance,
                code=f"e-{number:03d}",
                category="information",
                clients=["industry", "public"][: number % 3],
                product=product,
                title_en=f"{mark}Entry {number}",
                published_at=AT + timedelta(minutes=number // 2),
            )
            if number % 2:
                for latest in (False, True):
                    FeedbackResult.objects.create(
                        alliance=alliance,
                        entry=entry,
                        responses=7,
                        satisfied=5,
                        csat=Decimal("0.714286"),
                        mean=Decimal("4.1429") if latest else None,
                        computed_at=AT + timedelta(seconds=latest),
                        is_latest=latest,
                    )
            Listing.objects.create(
                alliance=alliance,
                code=f"D-{number:03d}",
                side="demand",
                institution=institutions[0] if number % 2 else None,
                state=ListingState.PUBLISHED,
                category="information",
                elements=["talent", "policy"][: number % 3],
                title_en=f"{mark}Wanted {number}",
                published_at=AT,
                expires_on=date(2099, 1, 1) if number % 2 else None,
            )
            objective = Objective.objects.create(
                alliance=alliance,
                code=f"C{number:03d}",
                tier="core",
                owner=institutions[0] if number % 2 else None,
                title_en=f"{mark}Objective {number}",
                baseline=Decimal("-1.5000") if number % 2 else None,
                target_value=Decimal("12.0000"),
                target_on=date(2027, 12, 31),
            )
            for turn in range(number % 3):
                Measurement.objects.create(
                    alliance=alliance,
                    objective=objective,
                    at=AT + timedelta(hours=turn),
                    value=Decimal("3.2500") + turn,
                    source="measured",
                )


def fill_guard(alliance: Alliance, institutions: Sequence[Institution], mark: str) -> None:
    """Conflicts, declarations, and directives in both directions."""
    letter = "F" if mark else "A"
    for number, institution in enumerate(institutions):
        ConflictOfInterest.objects.create(
            alliance=alliance,
            institution=institution,
            matter=f"{mark.strip() or 'product'}:P-{number}",
            reason=f"{mark}reason",
            declared_at=AT,
            ended_at=AT if number % 2 else None,
        )
        InterestDeclaration.objects.create(
            alliance=alliance, institution=institution, year=2020 + number, due_on=date(2026, 1, 31)
        )
        texts = {"kind": "work", "title_en": f"{mark}Directive", "text_en": "Do.", "due_on": date(2026, 12, 1)}
        directive = Directive.objects.create(
            alliance=alliance, code=f"DR-{letter}{number}", state="sent", created_at=AT, sent_at=AT, **texts
        )
        for slug in ("one", "two")[: number % 3]:
            DirectiveDelivery.objects.create(
                alliance=alliance,
                directive=directive,
                recipient_slug=slug,
                recipient_en=slug,
                recipient_level="provincial",
                figure=Decimal("2.5000"),
                below={"open": []},
            )
        ReceivedDirective.objects.create(
            alliance=alliance,
            uuid=uuid4(),
            directive_uuid=uuid4(),
            origin_slug="above",
            origin_code="DR-1",
            code=f"RD-{letter}{number}",
            delivered_at=AT + timedelta(seconds=number),
            **texts,
        )


def fill_group(group: VirtualGroup, institution: Institution, mark: str) -> None:
    """A term, a position, and a meeting with published minutes and a public action."""
    alliance = group.alliance
    Term.objects.create(alliance=alliance, group=group, number=1, starts_at=AT, ends_at=AT + timedelta(days=700))
    Position.objects.create(alliance=alliance, group=group, kind="chair", institution=institution, starts_at=AT)
    meeting = Meeting.objects.create(
        alliance=alliance,
        code=f"MT-{'F' if mark else 'A'}-{GroupKind.values.index(group.kind):03d}",
        group=group,
        state="held",
        title_en=f"{mark}Meeting",
        starts_at=AT,
        ends_at=AT + timedelta(hours=2),
        created_at=AT,
    )
    AgendaItem.objects.create(alliance=alliance, meeting=meeting, number=1, title_en="Report", presenter=institution)
    Attendance.objects.create(alliance=alliance, meeting=meeting, institution=institution, state="present")
    Minutes.objects.create(
        alliance=alliance,
        meeting=meeting,
        state="published",
        body_en="Said.",
        facts={"quorum": {"met": True}},
        written_by=User.objects.get_or_create(email="writer@example.org")[0],
        approved_at=AT,
        published_at=AT,
        digest="0" * 64,
    )
    MeetingAction.objects.create(
        alliance=alliance,
        meeting=meeting,
        text_en="Send it",
        institution=institution,
        due_on=date(2026, 12, 1),
        created_at=AT,
        is_public=True,
    )


def plain(item: Any, fields: Sequence[Field]) -> dict[str, Any]:
    """The same objects serialised in Python from model instances, attribute by attribute."""
    found: dict[str, Any] = {}
    for shown in fields:
        assert not isinstance(shown, Computed), "computed values need a comparison of their own"
        if isinstance(shown, Value):
            found[shown.name] = as_json(getattr(item, shown.source or shown.name))
        elif isinstance(shown, Nested):
            inner = getattr(item, shown.source or shown.name)
            found[shown.name] = None if inner is None else plain(inner, shown.fields)
        else:
            rows = list(getattr(item, shown.relation).order_by(*shown.order))
            if shown.where == "{t}.is_latest":
                rows = [row for row in rows if row.is_latest]
            elif shown.where.startswith("{t}.state IN"):
                rows = [row for row in rows if row.state in {"passed", "failed", "inconclusive"}]
            elif shown.where == "{t}.state = 'published'":
                rows = [row for row in rows if row.state == "published"]
            elif shown.where == "{t}.accepted_at IS NOT NULL":
                rows = [row for row in rows if row.accepted_at is not None]
            elif shown.where == "{t}.verified_at IS NOT NULL AND {t}.valid_until >= CURRENT_DATE":
                today = timezone.localdate()
                rows = [row for row in rows if row.verified_at and row.valid_until and row.valid_until >= today]
            else:
                assert not shown.where, "teach the comparison this condition"
            shapes = [plain(row, shown.fields) for row in rows]
            found[shown.name] = (shapes[0] if shapes else None) if shown.first else shapes
    return found


def as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_projection_gives_what_a_plain_serialisation_gives(client: Client, alliance: Alliance, case: Case) -> None:
    fill(alliance)

    answer = client.get(address(alliance, case.route), headers=bearer(client, alliance, [case.scope]))

    assert answer.status_code == 200
    with tenancy.acting_in(alliance):
        name = case.projection.default_ordering
        keys = [f"-{key}" if name.startswith("-") else key for key in case.projection.orderings[name]]
        rows = case.projection.model._default_manager.filter(alliance=alliance).order_by(*keys)
        expected = [plain(row, case.projection.fields) for row in rows]
    assert len(expected) >= 6
    assert answer.json() == {"results": expected, "next": None}


@pytest.mark.parametrize("case", [case for case in CASES if case.detail], ids=[case.route for case in CASES if case.detail])
def test_a_record_is_the_same_alone_as_in_the_list(client: Client, alliance: Alliance, case: Case) -> None:
    fill(alliance)
    headers = bearer(client, alliance, [case.scope])
    listed = client.get(address(alliance, case.route), headers=headers).json()["results"]

    for record in listed[:3]:
        alone = client.get(address(alliance, case.detail, code=record[case.projection.lookup]), headers=headers)

        assert alone.status_code == 200
        assert alone.json() == record


def test_every_projection_of_the_document_is_compared_here() -> None:
    from drf_spectacular.generators import SchemaGenerator

    SchemaGenerator(urlconf="alliance.urls_tenant").get_schema(request=None, public=True)  # type: ignore[no-untyped-call]

    assert set(projections) == {case.projection.name for case in CASES} | set(ELSEWHERE)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_page_costs_the_same_queries_whatever_its_size(client: Client, alliance: Alliance, case: Case) -> None:
    fill(alliance, 12)
    headers = bearer(client, alliance, [case.scope])
    client.get(address(alliance, case.route), headers=headers)  # the first call notes the client's use
    counts = set()

    for size in (1, 5, 100):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(f"{address(alliance, case.route)}?page_size={size}", headers=headers).status_code == 200
        asked = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
        # the test's own stand-in for the transaction announces the alliance three times in place of once
        counts.add(len([sql for sql in asked if "set_config" not in sql]) + 1)

    assert len(counts) == 1
    assert counts.pop() <= 5


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_pages_follow_each_other_without_loss_or_repetition(client: Client, alliance: Alliance, case: Case) -> None:
    fill(alliance, 7)
    headers = bearer(client, alliance, [case.scope])
    for ordering in case.projection.orderings:
        whole = client.get(f"{address(alliance, case.route)}?ordering={ordering}", headers=headers).json()["results"]
        found: list[Any] = []
        url: str | None = f"{address(alliance, case.route)}?ordering={ordering}&page_size=2"
        while url:
            page = client.get(url, headers=headers)
            assert page.status_code == 200, page.content
            assert ('rel="next"' in page.get("Link", "")) == (page.json()["next"] is not None)
            found += page.json()["results"]
            url = page.json()["next"]

        assert found == whole, ordering


def test_pages_stay_stable_while_rows_are_put_in_front_and_behind(client: Client, alliance: Alliance) -> None:
    fill(alliance, 6)
    headers = bearer(client, alliance, ["institutions:read"])
    before = [
        row["code"] for row in client.get(address(alliance, "api_institution_list"), headers=headers).json()["results"]
    ]
    seen: list[str] = []
    url: str | None = f"{address(alliance, 'api_institution_list')}?page_size=2"
    turn = 0

    while url:
        page = client.get(url, headers=headers).json()
        seen += [row["code"] for row in page["results"]]
        turn += 1
        with tenancy.acting_in(alliance):
            for sort_key in (f"aaa {turn}", f"zzz {turn}"):
                Institution.objects.create(
                    alliance=alliance,
                    code=f"new-{sort_key[0]}-{turn}",
                    kind="industry_think_tank",
                    name_en=sort_key,
                    name_key=sort_key,
                    sort_key=sort_key,
                )
        url = page["next"] if turn < 20 else None

    assert [code for code in seen if not code.startswith("new")] == before
    assert len(seen) == len(set(seen))
    assert not any(code.startswith("new-a") for code in seen)


def test_fields_can_be_chosen_down_into_nested_records(client: Client, alliance: Alliance) -> None:
    fill(alliance, 3)
    headers = bearer(client, alliance, ["products:read"])

    answer = client.get(f"{address(alliance, 'api_product_list')}?fields=author.name_en,code&ordering=code", headers=headers)

    assert answer.json()["results"][0] == {"code": "P-000", "author": {"name_en": 'Mill "0" \\ & <b> 100% _x'}}
    one = client.get(f"{address(alliance, 'api_product_detail', code='P-001')}?fields=title_en", headers=headers)
    assert one.json() == {"title_en": "Guide 1"}


@pytest.mark.parametrize(
    ("route", "query", "expected"),
    [
        ("api_institution_list", "kind=leading_enterprise,media_think_tank", {"i-001", "i-002", "i-004", "i-005"}),
        ("api_institution_list", "kind=leading_enterprise&kind=media_think_tank", {"i-001", "i-002", "i-004", "i-005"}),
        ("api_institution_list", "element=capital", {"i-002", "i-003"}),
        ("api_institution_list", "element=capital,talent", {"i-001", "i-002", "i-003", "i-005"}),
        ("api_institution_list", "q=100%25 _x", {f"i-00{n}" for n in range(6)}),
        ("api_institution_list", 'q=ILL "3', {"i-003"}),
        ("api_institution_list", "q=织造厂4", {"i-004"}),
        ("api_institution_list", "created_before=2026-02-01", {"i-000"}),
        ("api_institution_list", "created_after=2026-02-01T00:00:00Z&kind=industry_think_tank", {"i-003"}),
        ("api_product_list", "author=i-002,i-004", {"P-002", "P-004"}),
        ("api_product_list", "released_after=2026-11-01T04:08:06.123456Z", {"P-003", "P-004", "P-005"}),
        ("api_product_list", "released_after=2026-11-01T12:08:06.123456%2B08:00", {"P-003", "P-004", "P-005"}),
        ("api_product_list", "state=draft", set()),
        ("api_entry_list", "client=public", {"e-002", "e-005"}),
        ("api_listing_list", "element=policy,talent", {"D-001", "D-002", "D-004", "D-005"}),
        ("api_listing_list", "institution=i-000", {"D-001", "D-003", "D-005"}),
        ("api_objective_list", "owner=i-000&tier=core,subsidiary", {"C001", "C003", "C005"}),
    ],
)
def test_filters_take_several_values(client: Client, alliance: Alliance, route: str, query: str, expected: set[str]) -> None:
    fill(alliance)

    answer = client.get(f"{address(alliance, route)}?{query}", headers=bearer(client, alliance))

    assert answer.status_code == 200, answer.content
    assert {row["code"] for row in answer.json()["results"]} == expected


def test_feedback_can_be_narrowed_to_the_latest_result(client: Client, alliance: Alliance) -> None:
    fill(alliance)
    headers = bearer(client, alliance, ["feedback:read"])

    for value, expected in (("true", {True}), ("false", {False})):
        answer = client.get(f"{address(alliance, 'api_feedback_list')}?latest={value}&entry=e-001,e-003", headers=headers)

        assert {row["is_latest"] for row in answer.json()["results"]} == expected
        assert len(answer.json()["results"]) == 2


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("colour=red", "unknown_parameter", "kind"),
        ("kind=red", "invalid_parameter", "media_think_tank"),
        ("kind=,", "invalid_parameter", ""),
        ("fields=code,secret", "invalid_parameter", "supplies.element"),
        ("fields=sort_key", "invalid_parameter", "code"),
        ("ordering=secret", "invalid_parameter", "-created_at"),
        ("page_size=0", "invalid_parameter", "100"),
        ("page_size=101", "invalid_parameter", "100"),
        ("page_size=1e3", "invalid_parameter", "100"),
        ("created_after=yesterday", "invalid_parameter", "2026"),
        ("created_after=2026-13-45", "invalid_parameter", "2026"),
        ("created_after=2026-01-01T00:00:00", "invalid_parameter", "2026"),
        ("cursor=made-up", "invalid_cursor", "next"),
        ("q=" + "x" * 201, "invalid_parameter", "200"),
        ("region=a%00b", "invalid_parameter", ""),
        ("registry_code=" + ",".join(str(n) for n in range(51)), "invalid_parameter", ""),
    ],
)
def test_a_parameter_that_is_not_accepted_says_what_is(
    client: Client, alliance: Alliance, query: str, code: str, words: str
) -> None:
    answer = client.get(f"{address(alliance, 'api_institution_list')}?{query}", headers=bearer(client, alliance))

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert words in answer.json()["remedy"]
    assert answer.json()["request_id"] == answer["X-Request-ID"]


def test_a_page_mark_of_another_list_or_ordering_is_refused(client: Client, alliance: Alliance) -> None:
    fill(alliance, 4)
    headers = bearer(client, alliance)
    mark = (
        client.get(f"{address(alliance, 'api_institution_list')}?page_size=1", headers=headers)
        .json()["next"]
        .split("cursor=")[1]
    )

    for route, query in (("api_product_list", ""), ("api_institution_list", "&ordering=code")):
        answer = client.get(f"{address(alliance, route)}?cursor={mark}{query}", headers=headers)

        assert answer.json()["code"] == "invalid_cursor"


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_nothing_of_another_alliance_is_ever_seen(
    client: Client, alliance: Alliance, other_alliance: Alliance, case: Case
) -> None:
    fill(alliance, 2)
    fill(other_alliance, 5, mark="FOREIGN ")
    headers = bearer(client, alliance, [case.scope])

    listed = client.get(address(alliance, case.route), headers=headers)

    assert listed.json()["results"]
    assert b"FOREIGN" not in listed.content
    if case.detail and case.projection is not GROUP:
        known = {row[case.projection.lookup] for row in listed.json()["results"]}
        with tenancy.acting_in(other_alliance):
            codes = set(case.projection.model._default_manager.values_list(case.projection.lookup, flat=True))
        foreign = client.get(address(alliance, case.detail, code=max(codes - known)), headers=headers)
        nowhere = client.get(address(alliance, case.detail, code="never-was"), headers=headers)
        assert foreign.status_code == nowhere.status_code == 404
        assert _without_id(foreign) == _without_id(nowhere)


def test_machines_see_only_what_is_open(client: Client, alliance: Alliance) -> None:
    fill(alliance, 3)
    with tenancy.acting_in(alliance):
        Product.objects.filter(code="P-001").update(state=ProductState.DRAFT, released_at=None)
        Institution.objects.filter(code="i-001").update(state="expelled")
        CatalogueEntry.objects.filter(code="e-001").update(withdrawn_at=AT)
        Listing.objects.filter(code="D-001").update(expires_on=date(2020, 1, 1))
        Listing.objects.filter(code="D-002").update(state=ListingState.DRAFT)
    headers = bearer(client, alliance)

    for route, hidden in (
        ("product", {"P-001"}),
        ("institution", {"i-001"}),
        ("entry", {"e-001"}),
        ("listing", {"D-001", "D-002"}),
    ):
        codes = {
            row["code"] for row in client.get(address(alliance, f"api_{route}_list"), headers=headers).json()["results"]
        }
        assert len(codes) == 3 - len(hidden)
        assert not codes & hidden
        for code in hidden:
            assert client.get(address(alliance, f"api_{route}_detail", code=code), headers=headers).status_code == 404


def test_an_answer_that_did_not_change_is_not_sent_again(client: Client, alliance: Alliance) -> None:
    fill(alliance, 3)
    headers = bearer(client, alliance, ["products:read"])
    first = client.get(address(alliance, "api_product_list"), headers=headers)

    again = client.get(address(alliance, "api_product_list"), headers={**headers, "If-None-Match": first["ETag"]})

    assert again.status_code == 304
    assert not again.content
    assert again["ETag"] == first["ETag"]
    assert first["Cache-Control"] == "private, no-cache"


def test_a_tag_differs_by_query_language_and_rights(client: Client, alliance: Alliance) -> None:
    fill(alliance, 3)
    headers = bearer(client, alliance, ["products:read"])
    url = address(alliance, "api_product_list")

    tags = {
        client.get(url, headers=headers)["ETag"],
        client.get(f"{url}?page_size=2", headers=headers)["ETag"],
        client.get(url, headers={**headers, "Accept-Language": "zh-hans"})["ETag"],
        client.get(url, headers=bearer(client, alliance, ["products:read", "groups:read"]))["ETag"],
    }

    assert len(tags) == 4


@pytest.mark.django_db(transaction=True)
def test_every_committed_change_of_content_raises_the_version_and_ends_old_tags(client: Client, alliance: Alliance) -> None:
    fill(alliance, 2)
    headers = bearer(client, alliance, ["products:read"])
    url = address(alliance, "api_product_list")
    tag = client.get(url, headers=headers)["ETag"]
    alliance.refresh_from_db()
    version = alliance.content_version

    with tenancy.acting_in(alliance):
        Product.objects.filter(alliance=alliance, code="P-000").update(title_en="Changed")
        Product.objects.filter(alliance=alliance, code="P-001").update(title_en="Changed too")

    alliance.refresh_from_db()
    assert alliance.content_version == version + 1
    answer = client.get(url, headers={**headers, "If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.json()["results"][0]["title_en"].startswith("Changed")


@pytest.mark.django_db(transaction=True)
def test_a_change_that_was_undone_leaves_the_version(alliance: Alliance) -> None:
    fill(alliance, 1)
    alliance.refresh_from_db()
    version = alliance.content_version

    with tenancy.acting_in(alliance):
        Product.objects.filter(alliance=alliance).update(title_en="Changed")
        transaction.set_rollback(True)

    alliance.refresh_from_db()
    assert alliance.content_version == version


def test_every_content_table_notes_its_changes() -> None:
    from alliance.kernel.postgres.content import content_tables

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE t.tgname = 'content_change_noted' AND t.tgdeferrable AND t.tginitdeferred"
        )
        watched = {name for (name,) in cursor.fetchall()}

    assert watched == {*content_tables(), "alliance_apiclient"}
    assert {"operations_product", "members_institution", "services_listing", "targets_measurement"} <= watched


def test_people_read_with_their_own_role(client_for: ClientFor, alliance: Alliance) -> None:
    fill(alliance, 3)
    with tenancy.acting_in(alliance):
        Product.objects.filter(code="P-001").update(state=ProductState.DRAFT, released_at=None)
    secretary = make_member(alliance, AllianceRole.SECRETARIAT)

    codes = {row["code"] for row in client_for(secretary).get(address(alliance, "api_product_list")).json()["results"]}

    assert codes == {"P-000", "P-001", "P-002"}


def test_a_person_without_a_role_here_is_refused(
    client_for: ClientFor, alliance: Alliance, other_alliance: Alliance
) -> None:
    stranger = make_member(other_alliance, AllianceRole.SECRETARIAT)

    answer = client_for(stranger).get(address(alliance, "api_product_list"))

    assert answer.status_code == 403
    assert answer.json()["code"] == "permission_refused"
    assert answer.json()["who"]


def _without_id(response: Any) -> Mapping[str, Any]:
    return {name: value for name, value in json.loads(response.content).items() if name != "request_id"}
