"""Objectives: set, reported with evidence, measured from records, judged by a written rule."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from alliance.actions.outbox import deliver_next
from alliance.kernel import tenancy
from alliance.kernel.errors import InvalidInputError, NotFoundError, PermissionRefusedError
from alliance.kernel.events import emit
from alliance.models import Alliance, AuditEntry, User
from members.choices import StaffRole
from members.models import InstitutionStaff
from operations.choices import ProductState
from operations.models import Product
from operations.signals import PRODUCT_RELEASED
from targets.actions.objective import ObjectiveFields, measure_objective, report_measurement, set_objective
from targets.choices import ObjectiveStatus
from targets.models import Measurement, Objective
from targets.selectors.objective import build_tiers, get_objective_page, judge, list_progress, list_standings
from targets.tasks import measure_all_indicators
from tests.factories.alliance import make_user
from tests.factories.services import make_house, make_passed_pilot, make_product
from tests.factories.targets import MEASURED, make_measurement, make_objective


def given(**fields: object) -> ObjectiveFields:
    values: dict[str, object] = {
        "tier": "core",
        "title_en": "Answer on time",
        "title_zh": "按期答复",
        "target_value": Decimal(95),
        "target_on": date(2026, 12, 31),
        "baseline": Decimal(80),
        "baseline_on": date(2025, 12, 31),
        **fields,
    }
    return ObjectiveFields(**values)  # type: ignore[arg-type]


def report(objective: Objective, value: str, *, actor: User, **fields: object) -> Measurement:
    now = timezone.now()
    values: dict[str, object] = {"measured_at": now - timedelta(hours=1), "evidence": "Report, page 3", "at": now, **fields}
    return report_measurement(objective.alliance, objective.code, value=Decimal(value), actor=actor, **values)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------------ setting


def test_an_objective_is_set_and_changed_with_a_record_of_both(act: Alliance, secretary: User) -> None:
    house = make_house(act, code="H-OWNER")
    set_objective(act, "O-1", given(owner="h-owner"), actor=secretary, at=timezone.now())

    set_objective(act, "O-1", given(target_value=Decimal(97)), actor=secretary, at=timezone.now())

    objective = Objective.objects.of(act).get()
    assert (objective.target_value, objective.owner_id) == (Decimal(97), None)
    verbs = list(
        AuditEntry.objects.of(act).filter(object_type="targets.objective").order_by("id").values_list("verb", flat=True)
    )
    assert verbs == ["set", "change"]
    assert house.code == "H-OWNER"


def test_only_secretariat_and_committee_set_objectives(
    act: Alliance, auditor: User, committee_member: User, stranger: User
) -> None:
    for person in (auditor, stranger):
        with pytest.raises(PermissionRefusedError):
            set_objective(act, "O-1", given(), actor=person, at=timezone.now())
    set_objective(act, "O-1", given(), actor=committee_member, at=timezone.now())

    assert Objective.objects.of(act).count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"tier": "middle"}, "tier"),
        ({"title_en": "", "title_zh": ""}, "title_en"),
        ({"baseline_on": date(2027, 1, 1)}, "baseline_on"),
        ({"baseline": Decimal(95)}, "target_value"),
        ({"owner": "nobody"}, "owner"),
        ({"parent": "O-9"}, "parent"),
        ({"provider": "nothing.known"}, "provider"),
        ({"provider": MEASURED, "params": {"minimum_score": "101"}}, "minimum_score"),
    ],
)
def test_what_does_not_fit_is_refused_beside_its_field(
    act: Alliance, secretary: User, wrong: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        set_objective(act, "O-1", given(**wrong), actor=secretary, at=timezone.now())

    assert field in refused.value.fields
    assert not Objective.objects.of(act).exists()


def test_an_objective_cannot_stand_under_itself(act: Alliance, secretary: User) -> None:
    set_objective(act, "O-1", given(), actor=secretary, at=timezone.now())
    set_objective(act, "O-1.1", given(parent="O-1"), actor=secretary, at=timezone.now())

    with pytest.raises(InvalidInputError):
        set_objective(act, "O-1", given(parent="O-1.1"), actor=secretary, at=timezone.now())


def test_the_database_refuses_a_baseline_after_the_target(act: Alliance) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_objective(act, baseline_on=date(2027, 1, 1))


# ---------------------------------------------------------------------------------------------------------- reporting


def test_a_value_is_reported_with_evidence(act: Alliance, secretary: User) -> None:
    objective = make_objective(act)

    report(objective, "4", actor=secretary)

    page = get_objective_page(act, objective.code, timezone.localdate())
    assert page is not None
    assert (page.standing.value, page.standing.source) == (Decimal(4), "reported")
    assert AuditEntry.objects.of(act).filter(verb="report", actor_id=secretary.uuid).count() == 1


def test_the_owners_representative_may_report_and_others_may_not(act: Alliance, auditor: User) -> None:
    owner, another = make_house(act), make_house(act)
    objective = make_objective(act, owner=owner)
    people = {}
    for house, role in ((owner, StaffRole.REPRESENTATIVE), (owner, StaffRole.STAFF), (another, StaffRole.REPRESENTATIVE)):
        person = make_user()
        InstitutionStaff.objects.create(
            alliance=act, institution=house, user=person, role=role, starts_at=timezone.now() - timedelta(days=1)
        )
        people[house.pk, role] = person

    report(objective, "4", actor=people[owner.pk, StaffRole.REPRESENTATIVE])
    for person in (people[owner.pk, StaffRole.STAFF], people[another.pk, StaffRole.REPRESENTATIVE], auditor):
        with pytest.raises(PermissionRefusedError):
            report(objective, "5", actor=person)

    assert Measurement.objects.of(act).count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"evidence": "  "}, "evidence"), ({"measured_at": timezone.now() + timedelta(days=9)}, "measured_at")],
)
def test_a_value_without_evidence_or_from_the_future_is_refused(
    act: Alliance, secretary: User, wrong: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        report(make_objective(act), "4", actor=secretary, **wrong)

    assert field in refused.value.fields


def test_a_measured_objective_takes_no_reported_value(act: Alliance, secretary: User) -> None:
    with pytest.raises(InvalidInputError) as refused:
        report(make_objective(act, measured=True), "4", actor=secretary)

    assert refused.value.code == "objective_is_measured"


def test_a_correction_replaces_the_value_and_both_stay_on_record(act: Alliance, secretary: User) -> None:
    objective = make_objective(act)
    wrong = report(objective, "40", actor=secretary, measured_at=timezone.now() - timedelta(days=60))
    report(objective, "5", actor=secretary)

    right = report(objective, "4", actor=secretary, measured_at=wrong.at, replaces=wrong.uuid)

    page = get_objective_page(act, objective.code, timezone.localdate())
    assert page is not None
    assert page.standing.value == Decimal(5)
    rows = {row.measurement.value: row.replaced_by for row in page.rows}
    assert rows[Decimal(40)] == right
    assert [float(point.value) for point in page.trend] == [4.0, 5.0]
    with pytest.raises(InvalidInputError):
        report(objective, "3", actor=secretary, replaces=wrong.uuid)
    with pytest.raises(NotFoundError):
        report(objective, "3", actor=secretary, replaces=uuid4())


def test_an_objective_of_another_alliance_does_not_exist_here(
    alliance: Alliance, other_alliance: Alliance, secretary: User
) -> None:
    with tenancy.acting_in(other_alliance):
        code = make_objective(other_alliance).code

    with tenancy.acting_in(alliance), pytest.raises(NotFoundError):
        report_measurement(
            alliance,
            code,
            value=Decimal(1),
            measured_at=timezone.now(),
            evidence="x",
            actor=secretary,
            at=timezone.now(),
        )


# ---------------------------------------------------------------------------------------------------------- measuring


def test_the_lists_total_equals_the_number(act: Alliance) -> None:
    for score in ("85.00", "92.10", "79.99"):
        make_passed_pilot(make_product(act), score=score)
    make_passed_pilot(make_product(act, released=False), score="99.00")
    objective = make_objective(act, measured=True)

    measure_objective(act, objective.code, at=timezone.now())

    page = get_objective_page(act, objective.code, timezone.localdate())
    assert page is not None
    assert page.standing.value == Decimal(2)
    assert len(page.records) == page.standing.value
    assert {record.detail for record in page.records} == {"85.00", "92.10"}


def test_a_value_is_stored_only_when_it_changed(act: Alliance) -> None:
    objective = make_objective(act, measured=True)

    first = measure_objective(act, objective.code, at=timezone.now())
    second = measure_objective(act, objective.code, at=timezone.now())
    make_passed_pilot(make_product(act), score="90.00")
    third = measure_objective(act, objective.code, at=timezone.now())

    assert first is not None
    assert first.value == 0
    assert second is None
    assert third is not None
    assert third.value == 1
    assert Measurement.objects.of(act).count() == 2


def test_a_release_moves_the_indicator_once_however_often_it_is_told(act: Alliance) -> None:
    objective = make_objective(act, measured=True)
    measure_objective(act, objective.code, at=timezone.now())
    product = make_product(act)
    make_passed_pilot(product, score="90.00")
    for _turn in range(2):
        emit(act, PRODUCT_RELEASED, {"product": product.code, "version": 1})

    while deliver_next(act):
        pass

    values = list(Measurement.objects.of(act).filter(objective=objective).order_by("id").values_list("value", flat=True))
    assert values == [0, 1]


def test_the_periodic_task_measures_every_alliance_in_its_own_records(
    alliance: Alliance, other_alliance: Alliance, transactional_db: None
) -> None:
    for tenant, products in ((alliance, 2), (other_alliance, 1)):
        with tenancy.acting_in(tenant):
            for _turn in range(products):
                make_passed_pilot(make_product(tenant), score="90.00")
            make_objective(tenant, measured=True, code="O-1")

    measure_all_indicators()

    for tenant, products in ((alliance, 2), (other_alliance, 1)):
        with tenancy.acting_in(tenant):
            assert Measurement.objects.of(tenant).get().value == products


def test_a_retired_product_no_longer_counts(act: Alliance) -> None:
    product = make_product(act)
    make_passed_pilot(product, score="90.00")
    objective = make_objective(act, measured=True)
    measure_objective(act, objective.code, at=timezone.now())
    Product.objects.filter(pk=product.pk).update(state=ProductState.RETIRED, retired_at=timezone.now())

    measured = measure_objective(act, objective.code, at=timezone.now())

    assert measured is not None
    assert measured.value == 0


@pytest.mark.django_db(transaction=True)
def test_two_measurements_at_once_store_one_value(alliance: Alliance) -> None:
    with tenancy.acting_in(alliance):
        objective = make_objective(alliance, measured=True)
    start = threading.Barrier(2)

    def measure() -> None:
        try:
            start.wait(10)
            with tenancy.acting_in(alliance):
                measure_objective(alliance, objective.code, at=timezone.now())
        finally:
            connection.close()

    threads = [threading.Thread(target=measure) for _turn in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    with tenancy.acting_in(alliance):
        assert Measurement.objects.of(alliance).count() == 1


# ------------------------------------------------------------------------------------------------------------ judging

MIDYEAR = date(2026, 7, 2)  # half of the time from 1 January to 31 December has gone


@pytest.mark.parametrize(
    ("value", "on", "status"),
    [
        (None, MIDYEAR, ObjectiveStatus.UNMEASURED),
        ("10", MIDYEAR, ObjectiveStatus.MET),
        ("12", MIDYEAR, ObjectiveStatus.MET),
        ("4.1", MIDYEAR, ObjectiveStatus.ON_TRACK),
        ("3.9", MIDYEAR, ObjectiveStatus.AT_RISK),
        ("2.1", MIDYEAR, ObjectiveStatus.AT_RISK),
        ("1.9", MIDYEAR, ObjectiveStatus.OFF_TRACK),
        ("9.9", date(2027, 1, 1), ObjectiveStatus.OFF_TRACK),
        ("9.9", date(2026, 12, 31), ObjectiveStatus.ON_TRACK),
    ],
)
def test_the_status_follows_the_written_rule(act: Alliance, value: str | None, on: date, status: str) -> None:
    objective = make_objective(act)

    assert judge(objective, None if value is None else Decimal(value), on).status == status


def test_where_less_is_better_falling_counts_as_progress(act: Alliance) -> None:
    objective = make_objective(act, direction="down", baseline=Decimal(20), target_value=Decimal(10))

    assert judge(objective, Decimal(15), MIDYEAR).status == ObjectiveStatus.ON_TRACK
    assert judge(objective, Decimal(15), MIDYEAR).progress == Decimal("0.5")
    assert judge(objective, Decimal(19), MIDYEAR).status == ObjectiveStatus.OFF_TRACK
    assert judge(objective, Decimal(9), MIDYEAR).status == ObjectiveStatus.MET


def test_without_a_baseline_there_is_no_pace_to_compare_with(act: Alliance) -> None:
    objective = make_objective(act, baseline=None, baseline_on=None)

    judgement = judge(objective, Decimal(9), MIDYEAR)

    assert (judgement.status, judgement.progress) == (ObjectiveStatus.AT_RISK, None)


def test_the_tree_keeps_parents_above_their_children_and_codes_in_their_order(act: Alliance) -> None:
    for code in ("O-10", "O-2", "O-1"):
        make_objective(act, code=code)
    parent = Objective.objects.of(act).get(code="O-2")
    make_objective(act, code="O-2.1", parent=parent, tier="peripheral")

    core, _subsidiary, peripheral = build_tiers(list_standings(act, timezone.localdate()))

    assert [root.objective.code for root in core.roots] == ["O-1", "O-2", "O-10"]
    assert [child.objective.code for child in core.roots[1].children] == ["O-2.1"]
    assert (peripheral.roots, peripheral.count) == ([], 1)


def test_mean_progress_is_taken_from_what_was_known_on_the_day(act: Alliance) -> None:
    one, two = make_objective(act), make_objective(act)
    make_measurement(one, "5", days_ago=40)
    make_measurement(one, "10", days_ago=5)
    make_measurement(two, "20", days_ago=5)
    today = timezone.localdate()

    early, middle, late = list_progress(act, [today - timedelta(days=60), today - timedelta(days=30), today])

    assert early.value is None
    assert (middle.value, middle.count) == (0.5, 1)
    assert (late.value, late.count) == (1.0, 2)  # running far ahead counts as having arrived, no more
