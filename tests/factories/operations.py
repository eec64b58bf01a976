"""Products and pilots for tests: an alliance with a seat in each group that the pipeline needs."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from alliance.choices import AllianceRole, FileState
from alliance.models import Alliance, RoleAssignment, StoredFile, User
from groups.choices import GroupKind, SeatRole
from groups.models import GroupMembership, VirtualGroup
from members.choices import InstitutionKind, StaffRole
from members.models import Institution, InstitutionStaff
from operations.actions.pilot import plan_pilot
from operations.actions.plan import Criterion, Measure, PilotPlan
from operations.actions.product_file import PURPOSE
from operations.actions.snapshot import take_snapshot
from operations.actions.workflow import advance_pilot
from operations.choices import (
    KindFieldType,
    ParticipantState,
    PieceAudience,
    PieceChannel,
    PieceKind,
    PieceState,
    PilotState,
    PointSource,
    ProductKind,
    ProductState,
    ReadingPhase,
    SnapshotOccasion,
)
from operations.kinds import STANDARD_FORMS, KindFormView
from operations.models import (
    CriterionScore,
    FeedbackPoint,
    Piece,
    Pilot,
    PilotCriterion,
    PilotFeedback,
    PilotMeasure,
    PilotParticipant,
    Product,
    ProductFile,
    Reading,
)
from operations.permissions import OPEN_PRODUCT_FILE
from tests.factories.alliance import NOON, make_user
from tests.factories.members import institution_numbers

_numbers = itertools.count(1)
LONG_AGO = timedelta(days=400)


def make_institution(alliance: Alliance, kind: str = InstitutionKind.SPECIALISED_THINK_TANK, **fields: Any) -> Institution:
    """A member in good standing."""
    number = next(institution_numbers)
    values: dict[str, Any] = {
        "code": f"T-{number:04d}",
        "kind": kind,
        "name_en": f"Institution {number}",
        "name_zh": f"机构{number}",
        "name_key": f"institution {number} of the pipeline",
        "sort_key": f"institution {number:04d}",
        **fields,
    }
    return Institution.objects.create(alliance=alliance, **values)


def make_seat(alliance: Alliance, institution: Institution, kind: str, role: str = SeatRole.MEMBER) -> GroupMembership:
    """A seat in a group since long ago."""
    group, _made = VirtualGroup.objects.get_or_create(alliance=alliance, kind=kind)
    return GroupMembership.objects.create(
        alliance=alliance, group=group, institution=institution, role=role, starts_at=NOON - LONG_AGO
    )


def make_staff(alliance: Alliance, institution: Institution, role: str = StaffRole.STAFF, user: User | None = None) -> User:
    """A person who acts for an institution."""
    person = user or make_user()
    InstitutionStaff.objects.create(
        alliance=alliance,
        institution=institution,
        user=person,
        role=role,
        starts_at=NOON - LONG_AGO,
    )
    person.__dict__.pop("_grants", None)
    return person


def make_officer(alliance: Alliance, role: str = AllianceRole.SECRETARIAT) -> User:
    """A person with a role in the alliance."""
    person = make_user()
    RoleAssignment.objects.create(alliance=alliance, user=person, role=role, starts_at=NOON - LONG_AGO)
    return person


@dataclass(slots=True)
class Cast:
    """Everybody a product meets on its way."""

    alliance: Alliance
    author: Institution
    writer: User
    reviewer_institution: Institution
    reviewer: User
    media: Institution
    editor: User
    firms: list[Institution]
    testers: list[User]
    secretary: User
    committee: User


def make_cast(alliance: Alliance, firms: int = 3) -> Cast:
    """Institutions in the groups, with a person each, an officer and a member of the committee."""
    author = make_institution(alliance)
    reviewer_institution = make_institution(alliance, InstitutionKind.INDUSTRY_THINK_TANK)
    media = make_institution(alliance, InstitutionKind.MEDIA_THINK_TANK)
    enterprises = [make_institution(alliance, InstitutionKind.LEADING_ENTERPRISE) for _place in range(firms)]
    make_seat(alliance, author, GroupKind.WISDOM)
    make_seat(alliance, reviewer_institution, GroupKind.POLICY)
    make_seat(alliance, media, GroupKind.MEDIA)
    for enterprise in enterprises:
        make_seat(alliance, enterprise, GroupKind.LEADING_ENTERPRISE)
    return Cast(
        alliance=alliance,
        author=author,
        writer=make_staff(alliance, author),
        reviewer_institution=reviewer_institution,
        reviewer=make_staff(alliance, reviewer_institution),
        media=media,
        editor=make_staff(alliance, media),
        firms=enterprises,
        testers=[make_staff(alliance, enterprise) for enterprise in enterprises],
        secretary=make_officer(alliance),
        committee=make_officer(alliance, AllianceRole.COMMITTEE),
    )


def fill_details(form: KindFormView) -> dict[str, Any]:
    """A value for each required field of a kind."""
    values: dict[str, Any] = {
        KindFieldType.TEXT.value: "As agreed",
        KindFieldType.BILINGUAL.value: {"en": "Small mills", "zh": "小厂"},
        KindFieldType.NUMBER.value: "12",
        KindFieldType.DATE.value: "2026-11-01",
        KindFieldType.URL.value: "https://example.org/a",
    }
    return {
        one.key: one.choices[0].key if one.type == KindFieldType.CHOICE else values[one.type]
        for one in form.fields
        if one.required
    }


def give_evidence(product: Product, key: str, *, is_public: bool = False, name: str = "evidence.txt") -> ProductFile:
    """A row that gives evidence, without a content in the storage."""
    stored = StoredFile.objects.create(
        alliance=product.alliance,
        uuid=uuid.uuid4(),
        purpose=PURPOSE,
        name=name,
        media_type="text/plain",
        size_bytes=3,
        sha256="0" * 64,
        state=FileState.CLEAN,
        permission=OPEN_PRODUCT_FILE,
    )
    return ProductFile.objects.create(
        alliance=product.alliance,
        product=product,
        file=stored,
        evidence=key,
        is_public=is_public,
        version=product.version,
        added_at=timezone.now(),
    )


def make_product(cast: Cast, state: str = ProductState.DRAFT, **fields: Any) -> Product:
    """A product in a state, with what that state requires of its row."""
    now = timezone.now()
    number = next(_numbers)
    past_review = state not in {ProductState.DRAFT, ProductState.IN_REVIEW}
    values: dict[str, Any] = {
        "code": f"P-{number:03d}",
        "kind": ProductKind.GUIDE,
        "state": state,
        "title_en": f"Guide {number}",
        "title_zh": f"指南{number}",
        "summary_en": "For small mills.",
        "body_en": "## One\nText.",
        "author": cast.author,
        "adapter": cast.media if past_review else None,
        "adapted_at": now if past_review else None,
        "created_by": cast.writer,
        "state_since": now,
        "released_at": now if state in {ProductState.RELEASED, ProductState.RETIRED} else None,
        "retired_at": now if state == ProductState.RETIRED else None,
        "withdrawn_at": now if state == ProductState.WITHDRAWN else None,
        "withdrawn_from": ProductState.DRAFT if state == ProductState.WITHDRAWN else "",
        **fields,
    }
    values.setdefault("details", fill_details(STANDARD_FORMS[values["kind"]]))
    return Product.objects.create(alliance=cast.alliance, **values)


def make_pilot(
    product: Product,
    firms: Sequence[Institution],
    *,
    state: str = PilotState.OPEN,
    criteria: int = 2,
    **fields: Any,
) -> Pilot:
    """A round with criteria from 1 to 5 and a pass mark of 3.5."""
    now = timezone.now()
    values: dict[str, Any] = {
        "round": product.pilots.count() + 1,
        "version": product.version,
        "tested": take_snapshot(product, SnapshotOccasion.PILOT, actor=None, at=now),
        "state": state,
        "starts_at": now - timedelta(days=10),
        "deadline": now + timedelta(days=10),
        **fields,
    }
    pilot = Pilot.objects.create(alliance=product.alliance, product=product, **values)
    PilotCriterion.objects.bulk_create(
        PilotCriterion(
            alliance=product.alliance,
            pilot=pilot,
            position=place,
            name_en=f"Criterion {place}",
            name_zh=f"标准{place}",
            pass_mark=Decimal("3.5"),
        )
        for place in range(1, criteria + 1)
    )
    PilotMeasure.objects.create(
        alliance=product.alliance, pilot=pilot, position=1, name_en="Energy", name_zh="能耗", unit="kWh/t", direction=-1
    )
    PilotParticipant.objects.bulk_create(
        PilotParticipant(
            alliance=product.alliance, pilot=pilot, institution=firm, state=ParticipantState.ACCEPTED, accepted_at=now
        )
        for firm in firms
    )
    return pilot


def give_reading(
    pilot: Pilot, firm: Institution, value: Decimal | int | str, *, phase: str = ReadingPhase.BASELINE, measure: int = 1
) -> Reading:
    """A value of a measure at a site."""
    now = timezone.now()
    return Reading.objects.create(
        alliance=pilot.alliance,
        participant=pilot.participants.get(institution=firm),
        measure=pilot.measures.get(position=measure),
        phase=phase,
        value=Decimal(value),
        taken_on=timezone.localtime(now).date(),
        key=uuid.uuid4(),
        received_at=now,
    )


def give_baseline(pilot: Pilot, value: Decimal | int | str = 100) -> None:
    """A value before the trial for each measure at each accepted site."""
    sites = pilot.participants.filter(state__in=[ParticipantState.ACCEPTED, ParticipantState.ANSWERED])
    for participant in sites.select_related("institution"):
        for measure in pilot.measures.all():
            give_reading(pilot, participant.institution, value, measure=measure.position)


def make_ready(pilot: Pilot) -> None:
    """Every invited site accepts and measures before the trial, so that the round opens at its start."""
    pilot.participants.filter(state=ParticipantState.INVITED).update(
        state=ParticipantState.ACCEPTED, accepted_at=timezone.now()
    )
    give_baseline(pilot)


def make_answer(
    pilot: Pilot, firm: Institution, scores: Sequence[int], *, key: str = "", blocking: int = 0, major: int = 0
) -> PilotFeedback:
    """A paper answer of a firm."""
    participant = pilot.participants.get(institution=firm)
    feedback = PilotFeedback.objects.create(
        alliance=pilot.alliance,
        participant=participant,
        respondent_key=key or f"form:{next(_numbers)}",
        submitted_at=timezone.now(),
    )
    CriterionScore.objects.bulk_create(
        CriterionScore(alliance=pilot.alliance, feedback=feedback, criterion=criterion, score=score)
        for criterion, score in zip(pilot.criteria.order_by("position"), scores, strict=True)
    )
    for severity, number in (("blocking", blocking), ("major", major)):
        for place in range(number):
            FeedbackPoint.objects.create(
                alliance=pilot.alliance,
                product=pilot.product,
                version=pilot.version,
                pilot=pilot,
                participant=participant,
                feedback=feedback,
                key=f"answer:{feedback.pk}:{severity}-{place}",
                source=PointSource.DEFECT,
                severity=severity,
                text_en=f"{severity} {place}",
                raised_at=feedback.submitted_at,
            )
    PilotParticipant.objects.filter(pk=participant.pk).update(state=ParticipantState.ANSWERED)
    return feedback


def usual_plan(firms: Sequence[Institution], at: datetime, **fields: Any) -> PilotPlan:
    """A plan with two criteria and one measure, beginning now, for four weeks."""
    values: dict[str, Any] = {
        "criteria": [
            Criterion("Clear instructions", "说明清楚", Decimal("3.5")),
            Criterion("Fits our machines", "适合本厂设备", Decimal("3.5")),
        ],
        "measures": [Measure("Energy", "能耗", "kWh/t", -1)],
        "participant_ids": [firm.pk for firm in firms],
        "starts_at": at,
        "deadline": at + timedelta(days=28),
        **fields,
    }
    return PilotPlan(**values)


def run_round(cast: Cast, product: Product, scores: Sequence[Sequence[int]], at: datetime, **plan: Any) -> Pilot:
    """Plan a round, answer once per firm, and let the workflow close and decide it at its deadline."""
    pilot = plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, at, **plan), at=at)
    make_ready(pilot)
    advance_pilot(cast.alliance, pilot.pk, at=at)
    for firm, given in zip(cast.firms, scores, strict=False):
        make_answer(pilot, firm, given)
    finish_round(pilot)
    return pilot


def finish_round(pilot: Pilot) -> None:
    """Let the workflow take every step due right after the deadline."""
    pilot.refresh_from_db()
    while advance_pilot(pilot.alliance, pilot.pk, at=pilot.deadline + timedelta(seconds=1)):
        pilot.refresh_from_db()


def make_point(product: Product, text: str = "Too small to read", **fields: Any) -> FeedbackPoint:
    """A point of feedback, an open suggestion unless told otherwise."""
    values: dict[str, Any] = {
        "version": product.version,
        "key": f"test:{next(_numbers)}",
        "source": PointSource.SUGGESTION,
        "text_en": text,
        "raised_at": timezone.now(),
        **fields,
    }
    return FeedbackPoint.objects.create(alliance=product.alliance, product=product, **values)


def make_piece(cast: Cast, product: Product, state: str = PieceState.DRAFT, **fields: Any) -> Piece:
    """A piece of the cast's media think tank in a state, resting on the product as it stands."""
    now = timezone.now()
    number = next(_numbers)
    was_out = state in {PieceState.PUBLISHED}
    values: dict[str, Any] = {
        "code": f"PC-{number:03d}",
        "product": product,
        "version": take_snapshot(product, SnapshotOccasion.PIECE, actor=None, at=now),
        "kind": PieceKind.ARTICLE,
        "audience": PieceAudience.INDUSTRY,
        "channel": PieceChannel.SITE,
        "title_en": f"Piece {number}",
        "title_zh": f"稿件{number}",
        "body_en": "## One\nTold simply.",
        "body_zh": "## 一\n讲得简单。",
        "state": state,
        "maker": cast.media,
        "created_by": cast.editor,
        "created_at": now,
        "changed_by": cast.editor,
        "changed_at": now,
        "state_since": now,
        "published_at": now if was_out else None,
        **fields,
    }
    return Piece.objects.create(alliance=cast.alliance, **values)
