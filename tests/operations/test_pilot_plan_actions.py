"""The plan of a pilot: what makes one valid, its versions, what stays fixed once the round is open."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from alliance.kernel import tenancy
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
)
from alliance.models import AuditEntry, InboxItem, Notification
from groups.choices import GroupKind, SeatRole
from operations.actions.amendment import amend_plan
from operations.actions.pilot import cancel_round, extend_pilot, lock_running_pilot, plan_pilot
from operations.actions.plan import Criterion, Measure, current_plan
from operations.actions.workflow import advance_pilot
from operations.choices import ParticipantState, PilotState, ProductState
from operations.models import Pilot
from operations.selectors.plan import list_plan_versions
from tests.factories.alliance import make_alliance
from tests.factories.operations import (
    Cast,
    give_reading,
    make_institution,
    make_product,
    make_ready,
    make_seat,
    make_staff,
    usual_plan,
)

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def after(entry: AuditEntry) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(entry.record)["after"]
    return values


@pytest.fixture
def planned(cast: Cast) -> Pilot:
    """A round of three invited firms that begins in ten days; they answer within a week."""
    product = make_product(cast, ProductState.TRANSFORMING)
    plan = usual_plan(cast.firms, AT + 10 * DAY, deadline=AT + 40 * DAY, accept_by=AT + 7 * DAY, minimum_sites=2)
    return plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=plan, at=AT)


def amend(cast: Cast, pilot: Pilot, *, at: datetime = AT, reason: str = "Later harvest", **changes: Any) -> Pilot:
    pilot.refresh_from_db()
    plan = replace(current_plan(pilot), **changes)
    return amend_plan(cast.alliance, pilot.product.code, plan=plan, reason=reason, actor=cast.secretary, at=at)


def test_a_plan_without_anything_to_measure_is_refused_and_says_where(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)

    with pytest.raises(InvalidInputError, match="plan_invalid") as refusal:
        plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, AT, measures=[]), at=AT)

    assert set(refusal.value.fields) == {"measures"}
    assert not Pilot.objects.of(cast.alliance).exists()


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"measures": [Measure("", "", "kg", -1)]}, "measures-0-name_en"),
        ({"measures": [Measure("Salt", "盐", " ", -1)]}, "measures-0-unit"),
        ({"measures": [Measure("Salt", "盐", "kg", 0)]}, "measures-0-direction"),
        ({"measures": [Measure("Salt", "盐", "kg", 1, Decimal(-1))]}, "measures-0-minimum_change"),
        ({"measures": [Measure("Salt", "盐", "kg")] * 13}, "measures"),
        ({"minimum_sites": 4}, "minimum_sites"),
        ({"minimum_sites": 0}, "minimum_sites"),
        ({"accept_by": AT + 30 * DAY}, "accept_by"),
        ({"sample_size": 0}, "sample_size"),
        ({"escalate_days": 61}, "escalate_days"),
        ({"criteria": [Criterion("a", "", Decimal(3), -1001, 5)]}, "criteria-0-scale_low"),
        ({"criteria": [Criterion("a", "", Decimal(3), 1, 102)]}, "criteria-0-scale_high"),
    ],
)
def test_a_plan_that_breaks_a_rule_names_the_field(cast: Cast, fields: dict[str, Any], where: str) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)

    with pytest.raises(InvalidInputError) as refusal:
        plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, AT, **fields), at=AT)

    assert where in refusal.value.fields


def test_planning_invites_each_firm_in_its_inbox_and_by_mail_and_keeps_the_plan(cast: Cast, planned: Pilot) -> None:
    items = InboxItem.objects.of(cast.alliance).filter(kind="pilot_invitation", done_at__isnull=True)
    told = Notification.objects.of(cast.alliance).filter(kind="pilot_invited")
    kept = planned.plans.get()

    assert {item.institution_id for item in items} == {firm.pk for firm in cast.firms}
    assert {item.due_at for item in items} == {AT + 7 * DAY}
    assert set(told.values_list("user_id", flat=True)) == {person.pk for person in cast.testers}
    assert (kept.number, kept.made_by, kept.reason) == (1, cast.secretary, "")
    assert kept.plan["sites"] == sorted(firm.code for firm in cast.firms)
    assert kept.plan["tested"]["digest"] == planned.tested.digest
    assert [measure["unit"] for measure in kept.plan["measures"]] == ["kWh/t"]


def test_whoever_contributed_to_a_product_is_not_asked_to_try_it(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    product.contributions.create(
        alliance=cast.alliance, institution=cast.firms[0], role="data", share=Decimal(10), named_at=AT
    )

    with pytest.raises(InvalidInputError) as refusal:
        plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, AT), at=AT)

    assert "participants" in refusal.value.fields


def test_an_amendment_before_the_opening_changes_anything_and_is_the_next_version_with_its_reason(
    cast: Cast, planned: Pilot
) -> None:
    amend(
        cast,
        planned,
        criteria=[Criterion("Easy", "易用", Decimal(7), 0, 10)],
        measures=[Measure("Water", "用水", "m³/t", -1, Decimal(5))],
        deadline=AT + 50 * DAY,
        participant_ids=[cast.firms[0].pk, cast.firms[1].pk],
        question_en="Does it save water?",
    )

    planned.refresh_from_db()
    views = list_plan_versions(planned)
    assert [view.row.number for view in views] == [2, 1]
    assert (planned.plan_version, planned.deadline) == (2, AT + 50 * DAY)
    assert [criterion.scale_high for criterion in planned.criteria.all()] == [10]
    assert planned.measures.get().minimum_change == Decimal(5)
    assert planned.participants.get(institution=cast.firms[2]).state == ParticipantState.WITHDRAWN
    assert {str(line.label) for line in views[0].changes} == {
        "Question", "Answers until", "Sites", "Criterion 1", "Criterion 2", "Measure 1",
    }  # fmt: skip
    entry = AuditEntry.objects.of(cast.alliance).get(verb="amend_plan")
    assert after(entry)["plan_version"] == 2
    planned.product.refresh_from_db()
    assert planned.product.due_on == (AT + 50 * DAY).date()


def test_an_amendment_that_changes_nothing_is_refused(cast: Cast, planned: Pilot) -> None:
    with pytest.raises(InvalidInputError, match="nothing_changed"):
        amend(cast, planned)

    assert planned.plans.count() == 1


def test_an_amendment_needs_a_reason(cast: Cast, planned: Pilot) -> None:
    with pytest.raises(InvalidInputError, match="reason_missing"):
        amend(cast, planned, reason=" ", sample_size=4)


def test_a_measure_of_which_values_were_taken_keeps_its_meaning_but_not_its_goal(cast: Cast, planned: Pilot) -> None:
    make_ready(planned)

    with pytest.raises(InvalidInputError, match="measure_has_values"):
        amend(cast, planned, measures=[Measure("Energy", "能耗", "MJ/t", -1)])
    with pytest.raises(InvalidInputError, match="measure_has_values"):
        amend(cast, planned, measures=[Measure("Water", "", "m³", -1), Measure("Energy", "能耗", "kWh/t", -1)])
    amend(cast, planned, measures=[Measure("Energy", "能耗", "kWh/t", -1, Decimal(3)), Measure("Water", "", "m³", -1)])

    assert [measure.unit for measure in planned.measures.order_by("position")] == ["kWh/t", "m³"]


@pytest.fixture
def opened(cast: Cast, planned: Pilot) -> Pilot:
    make_ready(planned)
    assert advance_pilot(cast.alliance, planned.pk, at=planned.starts_at) == "open"
    return planned


@pytest.mark.parametrize(
    "changes",
    [
        {"criteria": [Criterion("Easy", "易用", Decimal(3))]},
        {"measures": [Measure("Energy", "能耗", "kWh/t", -1, Decimal(3))]},
        {"question_en": "Another?"},
        {"minimum_answers": 1},
        {"trim_proportion": Decimal("0.2")},
        {"blocking_defects_allowed": 5},
        {"starts_at": AT + 11 * DAY},
        {"closes_itself": False},
        {"extension_days": 30},
    ],
)
def test_question_criteria_measures_and_rule_are_fixed_once_the_round_is_open(
    cast: Cast, opened: Pilot, changes: dict[str, Any]
) -> None:
    with pytest.raises(DomainError, match="plan_fixed"):
        amend(cast, opened, at=AT + 11 * DAY, **changes)

    assert opened.plans.count() == 1


def test_dates_sites_sample_and_reminders_may_change_while_the_round_is_open(cast: Cast, opened: Pilot) -> None:
    newcomer = make_institution(cast.alliance, "leading_enterprise")
    make_seat(cast.alliance, newcomer, GroupKind.LEADING_ENTERPRISE)
    kept = [cast.firms[0].pk, cast.firms[1].pk, newcomer.pk]

    amend(
        cast, opened, at=AT + 11 * DAY, participant_ids=kept, deadline=AT + 60 * DAY, sample_en="Two lines",
        remind_days_before=5,
    )  # fmt: skip

    opened.refresh_from_db()
    states = {site.institution_id: site.state for site in opened.participants.all()}
    assert states[newcomer.pk] == ParticipantState.INVITED
    assert states[cast.firms[2].pk] == ParticipantState.WITHDRAWN
    assert (opened.deadline, opened.state, opened.remind_days_before) == (AT + 60 * DAY, PilotState.EXTENDED, 5)
    assert opened.plans.count() == 2


def test_an_extension_is_a_version_of_the_plan_too(cast: Cast, opened: Pilot) -> None:
    extend_pilot(
        cast.alliance, opened.product.code, actor=cast.secretary, deadline=AT + 45 * DAY, at=AT + 12 * DAY, reason="Holidays"
    )

    assert opened.plans.order_by("-number").first().reason == "Holidays"  # type: ignore[union-attr]


def test_only_secretariat_and_convenor_amend_and_a_convenor_not_its_own_round(cast: Cast, planned: Pilot) -> None:
    convenor = make_institution(cast.alliance, "leading_enterprise")
    make_seat(cast.alliance, convenor, GroupKind.LEADING_ENTERPRISE, SeatRole.CONVENOR)
    plan = replace(current_plan(planned), sample_size=3)

    def act(actor: Any) -> Pilot:
        return amend_plan(cast.alliance, planned.product.code, plan=plan, reason="More", actor=actor, at=AT)

    with pytest.raises(PermissionRefusedError):
        act(cast.writer)
    trier = make_staff(cast.alliance, convenor)
    trier_elsewhere = make_staff(cast.alliance, cast.firms[0], user=make_staff(cast.alliance, convenor))
    with pytest.raises(SeparationOfDutiesError):
        act(trier_elsewhere)
    act(trier)
    assert planned.plans.count() == 2


def test_a_plan_of_another_alliance_is_not_found(cast: Cast, planned: Pilot) -> None:
    code, plan = planned.product.code, replace(current_plan(planned), sample_size=3)
    other = make_alliance("elsewhere")

    with tenancy.acting_in(other), pytest.raises(NotFoundError):
        amend_plan(other, code, plan=plan, reason="More", actor=cast.secretary, at=AT)


def test_a_round_called_off_asks_nobody_any_more_and_tells_its_sites(cast: Cast, opened: Pilot) -> None:
    pilot = lock_running_pilot(cast.alliance, opened.product.code)

    cancel_round(pilot, actor=cast.secretary, at=AT + 12 * DAY, reason="The dye is withdrawn.")

    opened.refresh_from_db()
    assert opened.state == PilotState.CANCELLED
    assert not InboxItem.objects.of(cast.alliance).filter(key__startswith="pilot-", done_at__isnull=True).exists()
    told = Notification.objects.of(cast.alliance).filter(kind="pilot_cancelled")
    assert set(told.values_list("user_id", flat=True)) == {person.pk for person in cast.testers}
    assert advance_pilot(cast.alliance, opened.pk, at=AT + 90 * DAY) == ""
    give_reading(opened, cast.firms[0], 3, phase="after")
