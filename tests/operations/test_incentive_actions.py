"""Contribution points: what earns them, what takes them back, by which tariff, and that nothing is ever counted twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, transaction
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.actions.outbox import deliver_next
from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
    TransitionRefusedError,
)
from alliance.kernel.events import consumers_of, emit
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent, User
from operations.actions.honours import publish_honours
from operations.actions.incentive import follow_record, settle_ledger
from operations.actions.project import hand_over_project, reach_milestone, reopen_milestone
from operations.actions.tariff import approve_tariff, propose_tariff, refuse_tariff
from operations.actions.work_hours import confirm_hours, note_hours, strike_hours
from operations.choices import (
    AssessmentMark,
    ContributionAct,
    ContributionRole,
    LearningForm,
    ParticipantState,
    PilotState,
    PointSource,
    PointState,
    ProductState,
    ReviewVerdict,
    SessionState,
    TariffState,
)
from operations.models import (
    Certificate,
    Contribution,
    ContributionPoints,
    Course,
    CourseSession,
    Enrolment,
    FeedbackPoint,
    HonoursList,
    PilotFeedback,
    PilotParticipant,
    Product,
    ProductReview,
    Tariff,
)
from operations.selectors.claims import FINDERS, quality_of
from operations.selectors.incentive import (
    compare,
    compute_honours,
    fade,
    get_rates,
    list_rows,
    list_standings,
    rank_honours,
    rate_on,
    recompute_honours,
    sources_of,
    sums_by_act,
    total_of,
)
from operations.transitions import TARIFF_TRANSITIONS
from tests.factories.operations import (
    Cast,
    make_cast,
    make_institution,
    make_officer,
    make_piece,
    make_pilot,
    make_product,
    make_staff,
)
from tests.factories.projects import make_project_cast, make_running, today

PRICES = dict.fromkeys(ContributionAct.values, "2.00")


@pytest.fixture
def cast(act: Alliance) -> Cast:
    """Everybody a product meets on its way; the test acts in the alliance."""
    return make_cast(act)


def make_tariff(alliance: Alliance, **fields: Any) -> Tariff:
    """A tariff in force: two points for one unit of everything, since long ago, without fading."""
    values: dict[str, Any] = {
        "version": 1,
        "state": TariffState.APPROVED,
        "points": PRICES,
        "valid_from": date(2020, 1, 1),
        "proposed_at": timezone.now(),
        **fields,
    }
    return Tariff.objects.create(alliance=alliance, **values)


def deliver(alliance: Alliance) -> None:
    """Hand every event that is owed to its consumers."""
    while deliver_next(alliance):
        pass


def live(alliance: Alliance) -> list[tuple[str, str, Decimal]]:
    """Institution, act and points of the rows that were not taken back."""
    rows = ContributionPoints.objects.of(alliance).filter(cancelled_at__isnull=True).order_by("act", "institution__code")
    return list(rows.values_list("institution__code", "act", "points"))


def run_all_consumers_again(alliance: Alliance) -> None:
    """Every act for every subject there is, once more: what late and repeated events do."""
    for product in Product.objects.of(alliance):
        for act in (
            ContributionAct.PRODUCT_RELEASED,
            ContributionAct.PRODUCT_ADAPTED,
            ContributionAct.DRAFT_REVIEWED,
            ContributionAct.PILOT_ANSWERED,
            ContributionAct.POINT_DONE,
        ):
            follow_record(alliance, act, product.code, at=timezone.now())


# ----------------------------------------------------------------------------------------------------------------- awarding


def share(product: Product, institution: Any, percent: str, *, confirmed: bool = True) -> None:
    """An institution's part in a product."""
    Contribution.objects.create(
        alliance=product.alliance,
        product=product,
        institution=institution,
        role=ContributionRole.AUTHOR,
        share=Decimal(percent),
        named_at=timezone.now(),
        confirmed_at=timezone.now() if confirmed else None,
    )


def test_a_release_earns_its_makers_points_by_their_confirmed_shares_and_the_pilots_score(cast: Cast) -> None:
    make_tariff(cast.alliance)
    product = make_product(cast, ProductState.RELEASED)
    share(product, cast.author, "66.67")
    share(product, cast.media, "33.33")
    share(product, cast.firms[0], "20", confirmed=False)
    make_pilot(product, [], state=PilotState.PASSED, mean_score=Decimal("75"))

    follow_record(cast.alliance, ContributionAct.PRODUCT_RELEASED, product.code, at=timezone.now())

    assert live(cast.alliance) == [
        (cast.author.code, "product_released", Decimal("200.0100")),
        (cast.media.code, "product_released", Decimal("99.9900")),
    ]
    row = ContributionPoints.objects.of(cast.alliance).first()
    assert row is not None
    assert (row.record, row.quality) == (f"operations.product:{product.code}:1", Decimal("1.50"))


def test_a_product_without_named_makers_is_its_authors(cast: Cast) -> None:
    make_tariff(cast.alliance)
    product = make_product(cast, ProductState.RELEASED)

    follow_record(cast.alliance, ContributionAct.PRODUCT_RELEASED, product.code, at=timezone.now())

    assert live(cast.alliance) == [(cast.author.code, "product_released", Decimal(200))]


@pytest.mark.parametrize(
    ("score", "quality"), [(None, "1"), ("0", "0.00"), ("50", "1.00"), ("81.5", "1.63"), ("100", "2.00")]
)
def test_quality_follows_the_mean_score(score: str | None, quality: str) -> None:
    assert quality_of(None if score is None else Decimal(score)) == Decimal(quality)


def test_points_go_with_a_product_taken_out_of_use_but_not_with_one_its_next_version_replaced(cast: Cast) -> None:
    make_tariff(cast.alliance)
    product = make_product(cast, ProductState.RELEASED)
    follow_record(cast.alliance, ContributionAct.PRODUCT_RELEASED, product.code, at=timezone.now())
    product.state, product.retired_at = ProductState.RETIRED, timezone.now()
    product.save(update_fields=["state", "retired_at"])
    follower = make_product(cast, ProductState.RELEASED, predecessor=product)

    follow_record(cast.alliance, ContributionAct.PRODUCT_RELEASED, product.code, at=timezone.now())
    assert len(live(cast.alliance)) == 1
    Product.objects.filter(pk=follower.pk).update(state=ProductState.DRAFT, released_at=None)
    follow_record(cast.alliance, ContributionAct.PRODUCT_RELEASED, product.code, at=timezone.now())

    assert live(cast.alliance) == []
    row = ContributionPoints.objects.of(cast.alliance).get()
    assert (row.cancel_reason, row.cancelled_at is not None) == ("withdrawn", True)
    assert list(
        AuditEntry.objects.of(cast.alliance)
        .filter(object_type="operations.contributionpoints")
        .order_by("at", "id")
        .values_list("verb", flat=True)
    ) == ["award_points", "cancel_points"]
    changes = OutboxEvent.objects.of(cast.alliance).filter(kind="operations.points_changed").order_by("id")
    assert [event.payload["cancelled"] for event in changes] == [False, True]


def test_reviews_count_once_for_each_version_and_institution(cast: Cast) -> None:
    make_tariff(cast.alliance)
    product = make_product(cast, ProductState.TRANSFORMING)
    for version, verdict in ((1, ReviewVerdict.RETURN), (1, ReviewVerdict.APPROVE), (2, ReviewVerdict.APPROVE)):
        ProductReview.objects.create(
            alliance=cast.alliance,
            product=product,
            version=version,
            institution=cast.reviewer_institution,
            reviewer=cast.reviewer,
            verdict=verdict,
            at=timezone.now(),
        )

    follow_record(cast.alliance, ContributionAct.DRAFT_REVIEWED, product.code, at=timezone.now())

    assert [row[:2] for row in live(cast.alliance)] == [(cast.reviewer_institution.code, "draft_reviewed")] * 2


def test_an_adaptation_counts_once_the_product_goes_into_a_pilot_and_not_when_it_is_done_anew(cast: Cast) -> None:
    make_tariff(cast.alliance)
    product = make_product(cast, ProductState.TRANSFORMING)
    follow_record(cast.alliance, ContributionAct.PRODUCT_ADAPTED, product.code, at=timezone.now())
    assert live(cast.alliance) == []
    pilot = make_pilot(product, cast.firms)
    emit(cast.alliance, "operations.pilot_opened", {"product": product.code, "round": pilot.round})
    deliver(cast.alliance)
    assert [row[:2] for row in live(cast.alliance)] == [(cast.media.code, "product_adapted")]

    Product.objects.filter(pk=product.pk).update(adapted_at=None)
    follow_record(cast.alliance, ContributionAct.PRODUCT_ADAPTED, product.code, at=timezone.now())

    assert live(cast.alliance) == []


def test_sites_that_answered_earn_points_when_the_round_is_decided_until_it_is_taken_up_again(cast: Cast) -> None:
    make_tariff(cast.alliance)
    product = make_product(cast, ProductState.IMPROVING)
    pilot = make_pilot(product, cast.firms, state=PilotState.FAILED, decided_at=timezone.now())
    for firm in cast.firms[:2]:
        PilotFeedback.objects.create(
            alliance=cast.alliance,
            participant=pilot.participants.get(institution=firm),
            respondent_key="1",
            submitted_at=timezone.now(),
        )
    PilotParticipant.objects.filter(institution=cast.firms[1]).update(state=ParticipantState.WITHDRAWN)
    emit(cast.alliance, "operations.pilot_decided", {"product": product.code, "round": 1, "outcome": "inconclusive"})
    deliver(cast.alliance)
    assert [row[:2] for row in live(cast.alliance)] == [(cast.firms[0].code, "pilot_answered")]

    type(pilot).objects.filter(pk=pilot.pk).update(state=PilotState.EXTENDED, decided_at=None)
    emit(cast.alliance, "operations.pilot_reopened", {"product": product.code, "round": 1, "turn": 1})
    deliver(cast.alliance)

    assert live(cast.alliance) == []


def test_what_a_site_said_and_the_makers_did_earns_the_site_points_while_it_counts_as_done(cast: Cast) -> None:
    make_tariff(cast.alliance)
    product = make_product(cast, ProductState.IMPROVING)
    pilot = make_pilot(product, cast.firms)
    point = FeedbackPoint.objects.create(
        alliance=cast.alliance,
        product=product,
        version=1,
        key="suggestion:1",
        source=PointSource.SUGGESTION,
        text_en="Larger type",
        pilot=pilot,
        participant=pilot.participants.get(institution=cast.firms[0]),
        raised_at=timezone.now(),
        state=PointState.DONE,
        done_in=2,
        answered_at=timezone.now(),
    )
    FeedbackPoint.objects.create(
        alliance=cast.alliance,
        product=product,
        version=1,
        key="criterion:1",
        source=PointSource.CRITERION,
        text_en="Raise it",
        raised_at=timezone.now(),
        state=PointState.DONE,
        done_in=2,
        answered_at=timezone.now(),
    )
    payload = {"product": product.code, "key": point.key, "version": 1, "state": "done", "done_in": 2}
    emit(cast.alliance, "operations.point_answered", payload)
    deliver(cast.alliance)
    assert [row[:2] for row in live(cast.alliance)] == [(cast.firms[0].code, "point_done")]

    FeedbackPoint.objects.filter(pk=point.pk).update(state=PointState.DECLINED, answer="no", done_in=None)
    emit(cast.alliance, "operations.point_answered", payload)
    deliver(cast.alliance)

    assert live(cast.alliance) == []


def test_a_milestone_earns_whoever_led_the_project_then_and_goes_when_it_is_open_again(act: Alliance) -> None:
    make_tariff(act)
    people = make_project_cast(act)
    project = make_running(people)
    project.tasks.update(state="done")
    now = timezone.now()
    reach_milestone(act, project.code, 1, reached_on=today(), actor=people.leader, at=now)
    hand_over_project(act, project.code, to=people.partner.pk, actor=people.leader, at=now)
    deliver(act)
    assert live(act) == [(people.lead.code, "milestone_reached", Decimal(2))]
    assert compare(act) == []
    assert not settle_ledger(act, actor=None, at=now).changed

    reopen_milestone(act, project.code, 1, reason="The data were wrong.", actor=people.worker, at=now)
    deliver(act)

    assert live(act) == []


def test_confirmed_hours_earn_points_and_struck_ones_take_them_back(act: Alliance) -> None:
    make_tariff(act)
    people = make_project_cast(act)
    project, now = make_running(people), timezone.now()
    entry = note_hours(act, project.code, day=today(), hours="7.5", actor=people.worker, at=now)
    deliver(act)
    assert live(act) == []
    confirm_hours(act, project.code, entry.pk, actor=people.leader, at=now)
    deliver(act)
    assert live(act) == [(people.partner.code, "hours_worked", Decimal(15))]

    strike_hours(act, project.code, entry.pk, reason="Another day.", actor=people.worker, at=now)
    deliver(act)

    assert live(act) == []


def test_a_piece_earns_its_maker_points_until_it_is_withdrawn(cast: Cast) -> None:
    make_tariff(cast.alliance)
    piece = make_piece(cast, make_product(cast, ProductState.RELEASED), state="published", published_at=timezone.now())
    payload = {"product": piece.product.code, "piece": piece.code, "version": 1}
    emit(cast.alliance, "operations.piece_published", payload)
    deliver(cast.alliance)
    assert [row[:2] for row in live(cast.alliance)] == [(piece.maker.code, "piece_published")]

    type(piece).objects.filter(pk=piece.pk).update(state="withdrawn")
    emit(cast.alliance, "operations.piece_withdrawn", {**payload, "was_published": True})
    deliver(cast.alliance)

    assert live(cast.alliance) == []


def make_session(cast: Cast) -> CourseSession:
    """A course of the author that was held."""
    now = timezone.now()
    course = Course.objects.create(
        alliance=cast.alliance,
        code="C-001",
        form=LearningForm.TRAINING,
        title_en="Low-salt dyeing",
        credits=Decimal("4.50"),
        host=cast.author,
        created_at=now,
    )
    return CourseSession.objects.create(
        alliance=cast.alliance,
        course=course,
        number=1,
        state=SessionState.HELD,
        starts_at=now - timedelta(hours=5),
        ends_at=now - timedelta(hours=1),
        held_at=now,
    )


def test_a_held_course_and_earned_credits_earn_points_and_a_revoked_certificate_takes_them_back(cast: Cast) -> None:
    make_tariff(cast.alliance)
    session, now = make_session(cast), timezone.now()
    enrolment = Enrolment.objects.create(
        alliance=cast.alliance,
        session=session,
        user=cast.testers[0],
        institution=cast.firms[0],
        assessment=AssessmentMark.PASSED,
        assessed_at=now,
        credits=Decimal("4.50"),
        enrolled_at=now,
    )
    host = {"course": "C-001", "session": 1, "institution": cast.author.code, "credits": "4.50"}
    emit(cast.alliance, "operations.session_held", host)
    passed = {"enrolment": enrolment.pk, "institution": cast.firms[0].code, "credits": "4.50"}
    emit(cast.alliance, "operations.course_passed", passed)
    deliver(cast.alliance)
    assert live(cast.alliance) == [
        (cast.firms[0].code, "course_passed", Decimal(9)),
        (cast.author.code, "session_held", Decimal(9)),
    ]

    Certificate.objects.create(
        alliance=cast.alliance,
        code="ABCD",
        enrolment=enrolment,
        issued_on=now.date(),
        revoked_at=now,
        revoke_reason="It was somebody else.",
    )
    emit(cast.alliance, "operations.certificate_revoked", passed)
    deliver(cast.alliance)

    assert [row[1] for row in live(cast.alliance)] == ["session_held"]
    assert compare(cast.alliance) == []


def test_without_a_tariff_or_a_price_nothing_is_earned(cast: Cast) -> None:
    product = make_product(cast, ProductState.RELEASED)
    follow_record(cast.alliance, ContributionAct.PRODUCT_RELEASED, product.code, at=timezone.now())
    make_tariff(cast.alliance, points={"draft_reviewed": "1.00"})
    follow_record(cast.alliance, ContributionAct.PRODUCT_RELEASED, product.code, at=timezone.now())

    assert live(cast.alliance) == []


@pytest.mark.parametrize("act_name", list(FINDERS))
def test_an_event_about_a_record_that_is_not_here_changes_nothing(act: Alliance, act_name: str) -> None:
    make_tariff(act)

    for subject in ("P-999", "999999999", "C-9:1", "x" * 30):
        assert not follow_record(act, act_name, subject, at=timezone.now()).changed


def test_records_of_another_alliance_earn_nothing_here(cast: Cast, other_alliance: Alliance) -> None:
    make_tariff(cast.alliance)
    with tenancy.acting_in(other_alliance):
        theirs = make_product(make_cast(other_alliance), ProductState.RELEASED)

    follow_record(cast.alliance, ContributionAct.PRODUCT_RELEASED, theirs.code, at=timezone.now())

    assert live(cast.alliance) == []


def test_every_event_that_earns_or_takes_back_has_its_consumer() -> None:
    for kind in (
        "product_released",
        "product_retired",
        "product_state_changed",
        "pilot_opened",
        "pilot_decided",
        "pilot_reopened",
        "piece_published",
        "piece_withdrawn",
        "point_answered",
        "milestone_reached",
        "milestone_reopened",
        "work_hours_confirmed",
        "work_hours_struck",
        "session_held",
        "course_passed",
        "certificate_revoked",
        "tariff_settled",
    ):
        assert any(name.startswith("operations.points_of") for name in consumers_of(f"operations.{kind}")), kind


def test_running_everything_again_changes_nothing(cast: Cast) -> None:
    make_tariff(cast.alliance)
    product = make_product(cast, ProductState.RELEASED)
    make_pilot(product, cast.firms)
    settle_ledger(cast.alliance, actor=None, at=timezone.now())
    before = list(ContributionPoints.objects.of(cast.alliance).order_by("pk").values())
    assert before

    run_all_consumers_again(cast.alliance)
    settle_ledger(cast.alliance, actor=None, at=timezone.now())

    assert list(ContributionPoints.objects.of(cast.alliance).order_by("pk").values()) == before


def test_a_ledger_that_was_tampered_with_is_found_and_put_right(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    make_tariff(cast.alliance)
    product = make_product(cast, ProductState.RELEASED)
    settle_ledger(cast.alliance, actor=None, at=timezone.now())
    ContributionPoints.objects.of(cast.alliance).filter(act="product_released").update(points=Decimal(9))
    ContributionPoints.objects.create(
        alliance=cast.alliance,
        institution=cast.media,
        act="piece_published",
        record="operations.piece:W-404",
        points=1,
        tariff=Tariff.objects.of(cast.alliance).get(),
        at=timezone.now(),
    )

    found = {(one.record, one.noted, one.due) for one in compare(cast.alliance)}

    assert found == {
        (f"operations.product:{product.code}:1", Decimal(9), Decimal(200)),
        ("operations.piece:W-404", Decimal(1), None),
    }
    with pytest.raises(CommandError):
        call_command("recompute_points", cast.alliance.slug)
    call_command("recompute_points", cast.alliance.slug, "--settle")
    assert "0 differences" in capsys.readouterr().out
    assert live(cast.alliance) == [(cast.author.code, "product_released", Decimal(200))]
    assert set(ContributionPoints.objects.exclude(cancel_reason="").values_list("cancel_reason", flat=True)) == {
        "changed",
        "withdrawn",
    }


def test_only_the_office_and_the_committee_put_the_ledger_right(cast: Cast) -> None:
    for person in (cast.writer, make_officer(cast.alliance, AllianceRole.AUDITOR)):
        with pytest.raises(PermissionRefusedError):
            settle_ledger(cast.alliance, actor=person, at=timezone.now())
    make_tariff(cast.alliance)
    make_product(cast, ProductState.RELEASED)
    settle_ledger(cast.alliance, actor=cast.secretary, at=timezone.now())
    entry = AuditEntry.objects.of(cast.alliance).filter(verb="award_points", actor_id=cast.secretary.uuid)
    assert entry.exists()


# ------------------------------------------------------------------------------------------------------------------- fading


@pytest.mark.parametrize(
    ("age", "half_life", "worth"),
    [
        (0, 365, "100.0000"),
        (365, 365, "50.0000"),
        (730, 365, "25.0000"),
        (100, 365, "82.7039"),
        (-5, 365, "100.0000"),
        (5000, None, "100.0000"),
    ],
)
def test_a_point_is_worth_half_after_each_half_life(age: int, half_life: int | None, worth: str) -> None:
    """methods.md 5.4: 0.5^(age in days / half-life); exp(-ln 2 * 100 / 365) = 0.827039."""
    assert fade(Decimal(100), age, half_life) == Decimal(worth)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    rows=st.lists(
        st.tuples(
            st.decimals("0.0001", "99999", places=4),
            st.integers(min_value=-3, max_value=4000),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    ),
    half_life=st.none() | st.integers(min_value=1, max_value=3000),
)
def test_the_total_is_the_sum_of_the_rows_that_were_not_taken_back(
    act: Alliance, rows: list[tuple[Decimal, int, bool]], half_life: int | None
) -> None:
    with transaction.atomic():
        institution = make_institution(act)
        tariff = make_tariff(act, half_life_days=half_life)
        now, day = timezone.now(), timezone.localdate()
        ContributionPoints.objects.bulk_create(
            ContributionPoints(
                alliance=act,
                institution=institution,
                act=ContributionAct.HOURS_WORKED,
                record=f"operations.workhours:{place}",
                points=points,
                tariff=tariff,
                at=now - timedelta(days=age),
                cancelled_at=now if cancelled else None,
            )
            for place, (points, age, cancelled) in enumerate(rows)
        )
        expected = sum((fade(points, age, half_life) for points, age, cancelled in rows if not cancelled), Decimal(0))

        shown = list_rows(act, [institution.pk], cancelled=False, on=day)
        assert sum((row.worth for row in shown), Decimal(0)) == expected  # type: ignore[attr-defined]
        assert total_of(act, institution.pk, on=day) == expected
        assert sum((line.worth for line in sums_by_act(act, [institution.pk], on=day)), Decimal(0)) == expected
        assert [row.worth for row in list_standings(act, on=day)] == [expected]  # type: ignore[attr-defined]
        transaction.set_rollback(True)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(st.sampled_from(["release", "retire", "again", "settle", "event", "late"]), max_size=14))
def test_no_way_of_events_doubles_or_loses_points(act: Alliance, steps: list[str]) -> None:
    with transaction.atomic():
        cast = make_cast(act, firms=1)
        make_tariff(act)
        product, now = make_product(cast, ProductState.RELEASED), timezone.now()
        for step in steps:
            if step == "retire":
                Product.objects.filter(pk=product.pk).update(state=ProductState.RETIRED, retired_at=now)
            elif step == "release":
                Product.objects.filter(pk=product.pk).update(state=ProductState.RELEASED, retired_at=None)
            elif step == "settle":
                settle_ledger(act, actor=None, at=now)
            elif step != "late":
                follow_record(act, ContributionAct.PRODUCT_RELEASED, product.code, at=now)
            stands = ContributionPoints.objects.filter(act="product_released", cancelled_at__isnull=True)
            assert stands.count() <= 1
        follow_record(act, ContributionAct.PRODUCT_RELEASED, product.code, at=now)
        product.refresh_from_db()
        assert len([row for row in live(act) if row[1] == "product_released"]) == (product.state == ProductState.RELEASED)
        assert [one for one in compare(act) if one.act == "product_released"] == []
        transaction.set_rollback(True)


# ------------------------------------------------------------------------------------------------------------------ tariffs


@pytest.fixture
def members(act: Alliance) -> tuple[User, User]:
    """Two members of the management committee."""
    return make_officer(act, AllianceRole.COMMITTEE), make_officer(act, AllianceRole.COMMITTEE)


def propose(alliance: Alliance, actor: User, **more: Any) -> Tariff:
    """A proposal."""
    given: dict[str, Any] = {"points": PRICES, "half_life_days": 730, "valid_from": date(2026, 1, 1), **more}
    return propose_tariff(alliance, actor=actor, at=timezone.now(), **given)


def test_a_tariff_is_proposed_by_one_and_approved_by_another(act: Alliance, members: tuple[User, User]) -> None:
    first, second = members
    tariff = propose(act, first)
    assert [item.role for item in InboxItem.objects.of(act).filter(key="tariff:1")] == ["committee"]

    with pytest.raises(SeparationOfDutiesError):
        approve_tariff(act, 1, actor=first, at=timezone.now())
    approve_tariff(act, 1, actor=second, at=timezone.now())

    tariff.refresh_from_db()
    assert (tariff.state, tariff.settled_by) == (TariffState.APPROVED, second)
    assert Notification.objects.of(act).filter(kind="tariff_approved", user=first).exists()
    assert OutboxEvent.objects.of(act).get(kind="operations.tariff_settled").payload["state"] == "approved"
    assert not InboxItem.objects.of(act).filter(key="tariff:1", done_at__isnull=True).exists()


def test_only_the_committee_sets_a_tariff(act: Alliance, members: tuple[User, User]) -> None:
    propose(act, members[0])
    for person in (make_officer(act), make_staff(act, make_institution(act))):
        with pytest.raises(PermissionRefusedError):
            propose(act, person)
        with pytest.raises(PermissionRefusedError):
            approve_tariff(act, 1, actor=person, at=timezone.now())
        with pytest.raises(PermissionRefusedError):
            refuse_tariff(act, 1, reason="x", actor=person, at=timezone.now())


def test_one_proposal_waits_at_a_time_and_a_refused_one_makes_room(act: Alliance, members: tuple[User, User]) -> None:
    first, second = members
    propose(act, first)
    with pytest.raises(DomainError) as refusal:
        propose(act, second)
    assert refusal.value.code == "tariff_waits"
    with pytest.raises(SeparationOfDutiesError):
        refuse_tariff(act, 1, reason="No.", actor=first, at=timezone.now())
    with pytest.raises(InvalidInputError):
        refuse_tariff(act, 1, reason=" ", actor=second, at=timezone.now())

    refuse_tariff(act, 1, reason="Too much for hours.", actor=second, at=timezone.now())

    assert propose(act, second).version == 2
    assert Notification.objects.of(act).filter(kind="tariff_refused", user=first).exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"points": {}}, "points"),
        ({"points": {"sleeping": "1"}}, "points"),
        ({"points": {"hours_worked": "-1"}}, "points-hours_worked"),
        ({"points": {"hours_worked": "1000.01"}}, "points-hours_worked"),
        ({"points": {"hours_worked": "0.001"}}, "points-hours_worked"),
        ({"points": {"hours_worked": "many"}}, "points-hours_worked"),
        ({"points": {"hours_worked": "NaN"}}, "points-hours_worked"),
        ({"half_life_days": 0}, "half_life_days"),
        ({"valid_from": None}, "valid_from"),
        ({"note": "x" * 301}, "note"),
    ],
)
def test_a_tariff_that_cannot_stand_is_refused_at_its_field(
    act: Alliance, members: tuple[User, User], wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        propose(act, members[0], **wrong)

    assert field in refusal.value.fields


def test_a_later_tariff_begins_after_its_approval_and_changes_no_price_of_the_past(
    act: Alliance, members: tuple[User, User]
) -> None:
    first, second = members
    make_tariff(act)
    with pytest.raises(InvalidInputError) as refusal:
        propose(act, first, valid_from=timezone.localdate())
    assert "valid_from" in refusal.value.fields
    tomorrow = timezone.localdate() + timedelta(days=1)
    propose(act, first, valid_from=tomorrow, points={"hours_worked": "9"})
    with pytest.raises(DomainError) as late:
        approve_tariff(act, 2, actor=second, at=timezone.now() + timedelta(days=3))
    assert late.value.code == "tariff_late"

    approve_tariff(act, 2, actor=second, at=timezone.now())

    rates = get_rates(act)
    assert [(rate.version, rate.points.get("hours_worked")) for rate in rates] == [(2, Decimal(9)), (1, Decimal(2))]
    assert [rate_on(rates, day).version for day in (timezone.localdate(), tomorrow)] == [1, 2]  # type: ignore[union-attr]
    assert set(Tariff.objects.of(act).values_list("version", "state")) == {(1, "superseded"), (2, "approved")}


def test_a_first_tariff_that_begins_in_the_past_prices_what_was_done_since(cast: Cast, members: tuple[User, User]) -> None:
    make_product(cast, ProductState.RELEASED)
    propose(cast.alliance, members[0])
    deliver(cast.alliance)
    assert live(cast.alliance) == []

    approve_tariff(cast.alliance, 1, actor=members[1], at=timezone.now())
    deliver(cast.alliance)

    assert (cast.author.code, "product_released", Decimal(200)) in live(cast.alliance)


@pytest.mark.parametrize("state", TariffState.values)
def test_a_tariff_takes_no_step_outside_the_table(act: Alliance, members: tuple[User, User], state: str) -> None:
    make_tariff(act, state=state)
    calls: dict[str, Any] = {
        "approve_tariff": lambda: approve_tariff(act, 1, actor=members[0], at=timezone.now()),
        "refuse_tariff": lambda: refuse_tariff(act, 1, reason="x", actor=members[0], at=timezone.now()),
    }

    for step in TARIFF_TRANSITIONS:
        if step.name in calls and state not in step.sources:
            with pytest.raises(TransitionRefusedError):
                calls[step.name]()


def test_a_tariff_of_another_alliance_is_not_found(
    act: Alliance, members: tuple[User, User], other_alliance: Alliance
) -> None:
    with tenancy.acting_in(other_alliance):
        make_tariff(other_alliance, state=TariffState.PROPOSED)

    with pytest.raises(NotFoundError):
        approve_tariff(act, 1, actor=members[0], at=timezone.now())


# ------------------------------------------------------------------------------------------------------------------ honours


def earned(alliance: Alliance, code: str, points: str, *, year: int = 2025, record: str = "") -> None:
    """Points of an institution in a year."""
    institution = make_institution(alliance, code=code) if not code.startswith("=") else None
    if institution is None:
        institution = ContributionPoints.objects.get(institution__code=code[1:]).institution
    ContributionPoints.objects.create(
        alliance=alliance,
        institution=institution,
        act=ContributionAct.HOURS_WORKED,
        record=record or f"operations.workhours:{code}",
        points=Decimal(points),
        tariff=Tariff.objects.of(alliance).earliest("pk"),
        at=datetime(year, 6, 1, 4, tzinfo=UTC),
    )


def test_an_honours_list_is_published_once_and_kept_as_it_was(act: Alliance, members: tuple[User, User]) -> None:
    make_tariff(act, half_life_days=10)
    earned(act, "B-1", "30")
    earned(act, "A-1", "30")
    earned(act, "C-1", "12.5")
    earned(act, "D-1", "99", year=2024)
    staff = make_staff(act, ContributionPoints.objects.get(institution__code="A-1").institution)

    found = publish_honours(act, 2025, actor=members[0], at=timezone.now())

    assert [(row["rank"], row["code"], row["points"]) for row in found.rows["rows"]] == [
        (1, "A-1", "30.0000"),
        (1, "B-1", "30.0000"),
        (3, "C-1", "12.5000"),
    ]
    assert OutboxEvent.objects.of(act).get(kind="operations.honours_published").payload == {"year": 2025, "institutions": 3}
    assert AuditEntry.objects.of(act).filter(verb="publish_honours").exists()
    assert Notification.objects.of(act).filter(kind="honours_published", user=staff).exists()
    ContributionPoints.objects.of(act).update(cancelled_at=timezone.now())
    with pytest.raises(DomainError) as refusal:
        publish_honours(act, 2025, actor=members[1], at=timezone.now())
    assert refusal.value.code == "honours_published"
    assert recompute_honours(HonoursList.objects.get().rows) == found.rows["rows"]
    with pytest.raises(DatabaseError), transaction.atomic():
        HonoursList.objects.update(year=2020)


def test_who_may_publish_and_when(act: Alliance, members: tuple[User, User]) -> None:
    make_tariff(act)
    this_year = timezone.localdate().year
    earned(act, "A-1", "3", year=this_year)
    for person in (make_officer(act), make_officer(act, AllianceRole.AUDITOR)):
        with pytest.raises(PermissionRefusedError):
            publish_honours(act, this_year, actor=person, at=timezone.now())
    for year, code in ((this_year, "year_not_over"), (this_year - 1, "honours_empty")):
        with pytest.raises(DomainError) as refusal:
            publish_honours(act, year, actor=members[0], at=timezone.now())
        assert refusal.value.code == code


def test_ranks_are_shared_and_leave_a_gap() -> None:
    names = {code: {"name_en": code, "name_zh": ""} for code in "abcd"}
    inputs = [["b", "x", "1", "5"], ["a", "x", "2", "2"], ["a", "x", "3", "3"], ["c", "y", "4", "9"], ["d", "y", "5", "1"]]

    rows = rank_honours(inputs, names)

    assert [(row["rank"], row["code"]) for row in rows] == [(1, "c"), (2, "a"), (2, "b"), (4, "d")]
    assert rows[1]["acts"] == {"x": {"records": 2, "points": "5"}}


def test_points_of_another_year_and_cancelled_ones_do_not_count(act: Alliance) -> None:
    make_tariff(act)
    earned(act, "A-1", "3", year=2024)
    earned(act, "B-1", "4")
    ContributionPoints.objects.filter(institution__code="B-1").update(cancelled_at=timezone.now())

    assert compute_honours(act, 2025)["rows"] == []


def test_each_row_of_the_ledger_leads_to_its_record(cast: Cast) -> None:
    make_tariff(cast.alliance)
    product = make_product(cast, ProductState.RELEASED)
    make_pilot(product, cast.firms, state=PilotState.PASSED, decided_at=timezone.now())
    make_session(cast)
    settle_ledger(cast.alliance, actor=None, at=timezone.now())
    rows = list(ContributionPoints.objects.of(cast.alliance))

    with override_settings(ROOT_URLCONF="alliance.urls_tenant"):
        found = sources_of(cast.alliance, rows)

    assert {row.record for row in rows} == set(found)
    assert {source.label for source in found.values()} == {product.code, "C-001"}
