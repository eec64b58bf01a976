"""Pilot sites: who may take part, what each act leaves behind, and how a round waits for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alliance.kernel import tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
)
from alliance.models import AuditEntry, InboxItem, Notification
from groups.choices import ConflictState, GroupKind, SeatRole
from groups.models import ConflictOfInterest
from operations.actions.feedback import submit_feedback
from operations.actions.participant import (
    accept_invitation,
    decline_invitation,
    hand_over,
    leave_pilot,
    name_person,
    remove_site,
    set_consent,
)
from operations.actions.pilot import plan_pilot
from operations.actions.workflow import advance_pilot
from operations.choices import ParticipantState, PersonRole, PilotState, ProductState
from operations.models import Pilot, PilotParticipant
from operations.selectors.results import gather_inputs
from operations.selectors.site import opening_of, site_of
from tests.factories.alliance import make_alliance
from tests.factories.operations import (
    Cast,
    finish_round,
    give_baseline,
    give_reading,
    make_answer,
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
    product = make_product(cast, ProductState.TRANSFORMING)
    plan = usual_plan(cast.firms, AT + 10 * DAY, deadline=AT + 40 * DAY, accept_by=AT + 7 * DAY, minimum_sites=2)
    return plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=plan, at=AT)


def site(pilot: Pilot, cast: Cast, place: int = 0) -> PilotParticipant:
    return pilot.participants.get(institution=cast.firms[place])


def accept(cast: Cast, pilot: Pilot, place: int = 0, *, at: datetime = AT, **more: Any) -> PilotParticipant:
    actor = more.pop("actor", cast.testers[place])
    return accept_invitation(
        cast.alliance, pilot.product.code, institution_id=cast.firms[place].pk, actor=actor, at=at, **more
    )


def act(cast: Cast, pilot: Pilot, action: Callable[..., Any], place: int = 0, *, at: datetime = AT, **more: Any) -> Any:
    actor = more.pop("actor", cast.testers[place])
    return action(cast.alliance, pilot.product.code, institution_id=cast.firms[place].pk, actor=actor, at=at, **more)


def open_items(cast: Cast, kind: str) -> int:
    return InboxItem.objects.of(cast.alliance).filter(kind=kind, done_at__isnull=True).count()


def test_a_site_accepts_names_itself_and_who_answers_and_is_asked_to_measure(cast: Cast, planned: Pilot) -> None:
    row = accept(cast, planned, site_en="Mill 2", site_zh="二厂", is_public=True)

    assert (row.state, row.accepted_by, row.is_public) == (ParticipantState.ACCEPTED, cast.testers[0], True)
    person = row.people.get()
    assert (person.user, person.role, person.until) == (cast.testers[0], PersonRole.LEAD, None)
    assert (open_items(cast, "pilot_invitation"), open_items(cast, "pilot_baseline")) == (2, 1)
    entry = AuditEntry.objects.of(cast.alliance).get(verb="accept_pilot")
    assert after(entry)["institution"] == cast.firms[0].code
    assert "Mill 2" not in str(after(entry))
    assert Notification.objects.of(cast.alliance).filter(kind="pilot_accepted").count() == 1


def test_nobody_accepts_twice_for_others_or_elsewhere(cast: Cast, planned: Pilot) -> None:
    accept(cast, planned)

    with pytest.raises(DomainError, match="not_invited"):
        accept(cast, planned)
    with pytest.raises(PermissionRefusedError):
        accept(cast, planned, 1, actor=cast.testers[0])
    with pytest.raises(PermissionRefusedError):
        accept(cast, planned, 1, actor=cast.secretary)
    other = make_alliance("elsewhere")
    with tenancy.acting_in(other), pytest.raises(NotFoundError):
        accept_invitation(other, planned.product.code, institution_id=cast.firms[1].pk, actor=cast.testers[1], at=AT)


def test_a_firm_that_was_not_invited_is_not_found(cast: Cast, planned: Pilot) -> None:
    stranger = make_institution(cast.alliance, "leading_enterprise")
    person = make_staff(cast.alliance, stranger)

    with pytest.raises(NotFoundError):
        accept_invitation(cast.alliance, planned.product.code, institution_id=stranger.pk, actor=person, at=AT)


def test_a_maker_never_takes_part(cast: Cast, planned: Pilot) -> None:
    planned.product.contributions.create(
        alliance=cast.alliance, institution=cast.firms[0], role="data", share=20, named_at=AT
    )

    with pytest.raises(SeparationOfDutiesError):
        accept(cast, planned)


def test_a_firm_that_stands_aside_never_takes_part(cast: Cast, planned: Pilot) -> None:
    ConflictOfInterest.objects.create(
        alliance=cast.alliance,
        institution=cast.firms[0],
        matter=planned.product.matter,
        state=ConflictState.RECUSED,
        reason="Sells a rival.",
        declared_at=AT,
    )

    with pytest.raises(ConflictOfInterestError):
        accept(cast, planned)


def test_a_site_declines_with_its_reason_and_may_think_again_while_it_can(cast: Cast, planned: Pilot) -> None:
    with pytest.raises(InvalidInputError, match="reason_missing"):
        act(cast, planned, decline_invitation, reason="  ")

    row = act(cast, planned, decline_invitation, reason="No line is free.")

    assert (row.state, row.end_reason) == (ParticipantState.DECLINED, "No line is free.")
    planned.refresh_from_db()
    assert cast.firms[0].pk not in planned.participant_ids
    told = Notification.objects.of(cast.alliance).get(kind="pilot_declined")
    assert told.params["reason"] == "No line is free."
    entry = AuditEntry.objects.of(cast.alliance).get(verb="decline_pilot")
    assert "No line" not in str(after(entry))

    assert accept(cast, planned).state == ParticipantState.ACCEPTED


def test_a_site_that_accepted_leaves_instead_of_declining(cast: Cast, planned: Pilot) -> None:
    accept(cast, planned)

    with pytest.raises(DomainError, match="not_invited"):
        act(cast, planned, decline_invitation, reason="Why not")
    row = act(cast, planned, leave_pilot, reason="Strike")

    assert row.state == ParticipantState.WITHDRAWN
    assert not row.people.filter(until__isnull=True).exists()
    with pytest.raises(DomainError, match="not_taking_part"):
        act(cast, planned, leave_pilot, reason="Again")


def test_what_a_site_answered_before_it_left_stays_and_is_marked(cast: Cast, planned: Pilot) -> None:
    make_ready(planned)
    advance_pilot(cast.alliance, planned.pk, at=planned.starts_at)
    for firm in cast.firms:
        make_answer(planned, firm, [5, 5])

    act(cast, planned, leave_pilot, reason="Sold", at=planned.starts_at + DAY)
    inputs = gather_inputs(planned)
    finish_round(planned)

    planned.refresh_from_db()
    assert {answer["institution"]: answer["left"] for answer in inputs["answers"]}[cast.firms[0].code] is True
    assert planned.result["figures"]["answers_of_sites_that_left"] == 1
    assert planned.result["figures"]["answers"] == 3


def test_nobody_leaves_a_round_that_is_closed(cast: Cast, planned: Pilot) -> None:
    make_ready(planned)
    advance_pilot(cast.alliance, planned.pk, at=planned.starts_at)
    for firm in cast.firms:
        make_answer(planned, firm, [5, 5])
    finish_round(planned)

    with pytest.raises(DomainError, match="round_over"):
        act(cast, planned, leave_pilot, reason="Too late", at=AT + 60 * DAY)


def test_an_invited_site_answers_only_after_it_has_accepted(cast: Cast, planned: Pilot) -> None:
    make_ready(planned)
    planned.participants.filter(institution=cast.firms[0]).update(state=ParticipantState.INVITED)
    while advance_pilot(cast.alliance, planned.pk, at=planned.starts_at):
        pass

    def answer() -> None:
        submit_feedback(
            cast.alliance,
            planned.product.code,
            actor=cast.testers[0],
            institution_id=cast.firms[0].pk,
            scores={1: 4, 2: 4},
            at=planned.starts_at + DAY,
        )

    with pytest.raises(DomainError, match="not_accepted"):
        answer()
    accept(cast, planned, at=planned.starts_at + DAY)
    answer()
    assert site(planned, cast).state == ParticipantState.ANSWERED


def test_people_are_named_and_hand_over_with_a_note(cast: Cast, planned: Pilot) -> None:
    accept(cast, planned)
    colleague, third = make_staff(cast.alliance, cast.firms[0]), make_staff(cast.alliance, cast.firms[0])

    act(cast, planned, name_person, user=colleague, role=PersonRole.TRIER)
    with pytest.raises(DomainError, match="lead_missing"):
        act(cast, planned, name_person, user=cast.testers[0], role=PersonRole.TRIER)
    act(cast, planned, hand_over, giver=cast.testers[0], taker=third, note="Keys to line 2", at=AT + DAY)

    found = site_of(cast.alliance, planned.product.code, cast.firms[0].pk)
    assert found is not None
    assert {(person.user_id, person.role) for person in found.people.all()} == {
        (third.pk, PersonRole.LEAD),
        (colleague.pk, PersonRole.TRIER),
    }
    assert found.people.filter(user=third).get().note == "Keys to line 2"
    assert Notification.objects.of(cast.alliance).filter(kind="pilot_handed_over", user=third).exists()
    assert after(AuditEntry.objects.of(cast.alliance).get(verb="hand_over_pilot"))["taker"] == str(third.uuid)


def test_only_people_of_the_enterprise_are_named_or_take_over(cast: Cast, planned: Pilot) -> None:
    accept(cast, planned)

    with pytest.raises(InvalidInputError, match="not_of_the_site"):
        act(cast, planned, name_person, user=cast.testers[1], role=PersonRole.TRIER)
    with pytest.raises(InvalidInputError, match="not_of_the_site"):
        act(cast, planned, hand_over, giver=cast.testers[0], taker=cast.testers[1], note="")
    with pytest.raises(InvalidInputError):
        act(cast, planned, hand_over, giver=cast.testers[0], taker=cast.testers[0], note="")
    assert site(planned, cast).people.filter(until__isnull=True).count() == 1


def test_a_second_lead_ends_the_first(cast: Cast, planned: Pilot) -> None:
    accept(cast, planned)
    colleague = make_staff(cast.alliance, cast.firms[0])

    act(cast, planned, name_person, user=colleague, role=PersonRole.LEAD, at=AT + DAY)

    leads = site(planned, cast).people.filter(role=PersonRole.LEAD)
    assert {(row.user_id, row.until is None) for row in leads} == {(cast.testers[0].pk, False), (colleague.pk, True)}


def test_consent_to_be_named_is_given_and_taken_back_at_any_time(cast: Cast, planned: Pilot) -> None:
    accept(cast, planned)

    assert act(cast, planned, set_consent, is_public=True).is_public
    assert not act(cast, planned, set_consent, is_public=False).is_public
    assert AuditEntry.objects.of(cast.alliance).filter(verb="consent_to_be_named").count() == 2


def test_a_round_waits_for_baselines_says_for_whom_and_opens_without_a_silent_site(cast: Cast, planned: Pilot) -> None:
    accept(cast, planned, 0)
    accept(cast, planned, 1)
    accept(cast, planned, 2)
    for place in (0, 1):
        give_reading(planned, cast.firms[place], 100)
    start = planned.starts_at

    waits = advance_pilot(cast.alliance, planned.pk, at=start)
    again = advance_pilot(cast.alliance, planned.pk, at=start + timedelta(hours=1))

    assert (waits.partition(":")[0], again) == ("wait", "")
    item = InboxItem.objects.of(cast.alliance).get(kind="pilot_waiting", done_at__isnull=True)
    assert cast.firms[2].name_en in item.params["firms_en"]
    opening = opening_of(planned)
    assert [entry.participant.institution_id for entry in opening.without_baseline] == [cast.firms[2].pk]

    act(cast, planned, remove_site, 2, reason="Does not answer", actor=cast.secretary, at=start + DAY)
    opened = advance_pilot(cast.alliance, planned.pk, at=start + DAY)

    assert opened == "open"
    assert not InboxItem.objects.of(cast.alliance).filter(kind="pilot_waiting", done_at__isnull=True).exists()
    assert AuditEntry.objects.of(cast.alliance).filter(verb="remove_pilot_site").count() == 1


def test_a_struck_value_is_no_baseline(cast: Cast, planned: Pilot) -> None:
    make_ready(planned)
    give_reading(planned, cast.firms[0], 90)
    planned.measures.get().readings.filter(participant__institution=cast.firms[0]).update(struck_at=AT)

    assert [entry.participant.institution_id for entry in opening_of(planned).without_baseline] == [cast.firms[0].pk]


def test_too_few_sites_do_not_open_a_round(cast: Cast, planned: Pilot) -> None:
    accept(cast, planned, 0)
    give_baseline(planned)

    assert advance_pilot(cast.alliance, planned.pk, at=planned.starts_at).partition(":")[0] in {"escalate_sites", "wait"}
    while advance_pilot(cast.alliance, planned.pk, at=planned.starts_at):
        pass
    planned.refresh_from_db()
    assert planned.state == PilotState.PLANNED


def test_silent_sites_are_reminded_once_and_then_told_to_the_convenor(cast: Cast, planned: Pilot) -> None:
    convenor = make_institution(cast.alliance, "leading_enterprise")
    make_seat(cast.alliance, convenor, GroupKind.LEADING_ENTERPRISE, SeatRole.CONVENOR)
    chair = make_staff(cast.alliance, convenor)
    accept(cast, planned, 0)

    steps = []
    for days in range(11):
        while key := advance_pilot(cast.alliance, planned.pk, at=AT + days * DAY):
            steps.append((days, key.partition(":")[0]))

    assert steps == [(4, "remind_sites"), (9, "escalate_sites"), (10, "wait")]
    reminded = Notification.objects.of(cast.alliance).filter(kind="pilot_invitation_reminder")
    assert set(reminded.values_list("user_id", flat=True)) == {cast.testers[1].pk, cast.testers[2].pk}
    told = Notification.objects.of(cast.alliance).get(kind="pilot_sites_silent")
    assert told.user == chair
    assert cast.firms[1].name_en in told.params["firms_en"]
    assert open_items(cast, "pilot_sites_silent") == 1


def test_without_a_convenor_the_office_hears_of_silent_sites(cast: Cast, planned: Pilot) -> None:
    accept(cast, planned, 0)

    for days in range(10):
        while advance_pilot(cast.alliance, planned.pk, at=AT + days * DAY):
            pass

    item = InboxItem.objects.of(cast.alliance).get(kind="pilot_sites_silent")
    assert (item.scope, item.role) == ("alliance", "secretariat")


def test_a_site_that_does_not_answer_is_told_to_the_convenor_after_the_reminder(cast: Cast, planned: Pilot) -> None:
    convenor = make_institution(cast.alliance, "leading_enterprise")
    make_seat(cast.alliance, convenor, GroupKind.LEADING_ENTERPRISE, SeatRole.CONVENOR)
    make_ready(planned)
    advance_pilot(cast.alliance, planned.pk, at=planned.starts_at)
    make_answer(planned, cast.firms[0], [4, 4])

    steps = []
    for days in range(30):
        while key := advance_pilot(cast.alliance, planned.pk, at=planned.starts_at + days * DAY):
            steps.append((days, key.partition(":")[0]))

    assert steps == [(27, "remind"), (29, "escalate")]
    escalated = planned.participants.filter(escalated_at__isnull=False)
    assert {row.institution_id for row in escalated} == {cast.firms[1].pk, cast.firms[2].pk}


def test_a_convenor_that_tries_the_product_takes_no_site_out(cast: Cast, planned: Pilot) -> None:
    seat = cast.firms[0].group_memberships.get() if hasattr(cast.firms[0], "group_memberships") else None
    if seat is None:
        from groups.models import GroupMembership

        seat = GroupMembership.objects.of(cast.alliance).get(institution=cast.firms[0])
    seat.role = SeatRole.CONVENOR
    seat.save()
    cast.testers[0].__dict__.pop("_grants", None)

    with pytest.raises(SeparationOfDutiesError):
        act(cast, planned, remove_site, 1, reason="Slow", actor=cast.testers[0])
