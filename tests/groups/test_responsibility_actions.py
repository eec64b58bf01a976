"""Responsibilities: proposed, acknowledged, reported on, handed over; when reports fall due."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from alliance.actions.files import open_for_reader
from alliance.kernel import tenancy
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    TransitionRefusedError,
)
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent, User
from groups.actions.responsibility import (
    Wording,
    accept_report,
    acknowledge_responsibility,
    ask_reports,
    complete_responsibility,
    decline_responsibility,
    end_responsibility,
    hand_over_responsibility,
    open_report,
    propose_responsibility,
    return_report,
    submit_report,
)
from groups.choices import GroupKind, ReportPeriod, ReportState, ResponsibilityState, SeatRole
from groups.models import Responsibility, ResponsibilityReport
from groups.selectors.report_days import add_working_days, end_of_period, report_days
from groups.selectors.responsibility import count_by_group, count_by_institution, list_responsibilities
from groups.signals import RESPONSIBILITY_PROPOSED
from members.choices import InstitutionState, StaffRole
from members.models import Institution
from members.selectors.duties import list_open_duties
from tests.factories.alliance import NOON
from tests.factories.charter import make_responsibility
from tests.factories.groups import make_seat
from tests.factories.members import make_institution, make_staff

DAY = date(2026, 11, 21)


def wording(**values: Any) -> Wording:
    given_values: dict[str, Any] = {
        "duty_en": "Keep the register",
        "duty_zh": "",
        "measure_en": "updated monthly",
        "measure_zh": "",
        "period": ReportPeriod.MONTHLY,
        "starts_on": DAY,
        "due_on": None,
        **values,
    }
    return Wording(**given_values)


def member(alliance: Alliance, **fields: Any) -> tuple[Institution, User]:
    institution = make_institution(alliance, **fields)
    make_seat(institution)
    return institution, make_staff(institution).user


def propose(alliance: Alliance, institution: Institution, actor: User, **values: Any) -> Responsibility:
    return propose_responsibility(alliance, institution.code, GroupKind.POLICY, wording(**values), actor=actor, at=NOON)


def submit(alliance: Alliance, report: ResponsibilityReport, actor: User, **values: Any) -> ResponsibilityReport:
    options: dict[str, Any] = {"text": "Done.", "figure": None, "measure_met": True, **values}
    return submit_report(alliance, report.responsibility.code, report.pk, actor=actor, at=NOON, **options)


# ------------------------------------------------------------------------------------------------ proposing, answering


def test_a_proposal_waits_for_the_institution_and_binds_once_acknowledged(act: Alliance, secretary: User) -> None:
    institution, representative = member(act)

    found = propose(act, institution, secretary)
    assert found.state == ResponsibilityState.PROPOSED
    assert InboxItem.objects.of(act).filter(key=f"responsibility:{found.code}", done_at__isnull=True).exists()
    acknowledge_responsibility(act, found.code, actor=representative, at=NOON)

    found.refresh_from_db()
    assert (found.state, found.acknowledged_by) == (ResponsibilityState.ACKNOWLEDGED, representative)
    assert not InboxItem.objects.of(act).filter(key=f"responsibility:{found.code}", done_at__isnull=True).exists()
    assert OutboxEvent.objects.of(act).filter(kind=RESPONSIBILITY_PROPOSED).exists()
    assert set(AuditEntry.objects.of(act).values_list("verb", flat=True)) >= {
        "propose_responsibility",
        "acknowledge_responsibility",
    }
    with pytest.raises(TransitionRefusedError):
        acknowledge_responsibility(act, found.code, actor=representative, at=NOON)


@pytest.mark.parametrize("role", [None, SeatRole.OBSERVER])
def test_an_institution_without_a_working_seat_gets_none(act: Alliance, secretary: User, role: str | None) -> None:
    institution = make_institution(act)
    if role:
        make_seat(institution, role=role)

    with pytest.raises(InvalidInputError) as refusal:
        propose(act, institution, secretary)

    assert refusal.value.code == "no_seat"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"duty_en": " "}, "duty_en"),
        ({"measure_en": ""}, "measure_en"),
        ({"period": "never"}, "period"),
        ({"due_on": DAY - timedelta(days=1)}, "due_on"),
        ({"period": ReportPeriod.ONCE}, "due_on"),
        ({"duty_zh": "长" * 301}, "duty_zh"),
    ],
)
def test_a_wording_that_says_too_little_is_refused(
    act: Alliance, secretary: User, values: dict[str, Any], field: str
) -> None:
    institution, _person = member(act)

    with pytest.raises(InvalidInputError) as refusal:
        propose(act, institution, secretary, **values)

    assert field in refusal.value.fields


def test_who_may_propose_and_who_may_answer(
    act: Alliance, secretary: User, auditor: User, stranger: User, committee_member: User
) -> None:
    institution, representative = member(act)
    clerk = make_staff(institution, role=StaffRole.STAFF).user
    _other, neighbour = member(act)
    for person in (auditor, stranger, representative):
        with pytest.raises(PermissionRefusedError):
            propose(act, institution, person)
    found = propose(act, institution, committee_member)

    for person in (clerk, neighbour, secretary, stranger):
        with pytest.raises(PermissionRefusedError):
            acknowledge_responsibility(act, found.code, actor=person, at=NOON)


def test_declining_needs_a_reason_and_asks_the_office(act: Alliance, secretary: User) -> None:
    institution, representative = member(act)
    found = propose(act, institution, secretary)

    with pytest.raises(InvalidInputError):
        decline_responsibility(act, found.code, reason=" ", actor=representative, at=NOON)
    decline_responsibility(act, found.code, reason="No staff for it.", actor=representative, at=NOON)

    found.refresh_from_db()
    assert (found.state, found.decline_reason) == (ResponsibilityState.DECLINED, "No staff for it.")
    assert InboxItem.objects.of(act).filter(kind="responsibility_declined", done_at__isnull=True).exists()


def test_a_responsibility_of_another_alliance_does_not_exist_here(
    act: Alliance, secretary: User, other_alliance: Alliance
) -> None:
    with tenancy.acting_in(other_alliance):
        theirs = make_responsibility(make_institution(other_alliance))

    for do in (complete_responsibility, end_responsibility):
        with pytest.raises(NotFoundError):
            do(act, theirs.code, actor=secretary, at=NOON)


# -------------------------------------------------------------------------------------------------------- when due


@given(
    st.sampled_from([ReportPeriod.MONTHLY, ReportPeriod.QUARTERLY, ReportPeriod.YEARLY]),
    st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    st.one_of(st.none(), st.integers(0, 900)),
    st.integers(0, 1200),
)
def test_reports_fall_due_once_in_every_period_that_has_a_day_of_the_duty(
    period: str, start: date, length: int | None, look: int
) -> None:
    last = start + timedelta(days=length) if length is not None else None
    until = start + timedelta(days=look)

    days = list(report_days(period, start, last, until))

    # By a model that walks over the days: the last day of each period, or of the duty, that is not after ``until``.
    expected = []
    day = start
    while day <= until and (last is None or day <= last):
        if day in {end_of_period(day, period), last}:
            expected.append(day)
        day += timedelta(days=1)
    assert days == expected


def test_reports_of_the_other_periods() -> None:
    assert list(report_days(ReportPeriod.ONCE, DAY, DAY + timedelta(days=5), DAY + timedelta(days=5))) == [
        DAY + timedelta(days=5)
    ]
    assert list(report_days(ReportPeriod.ONCE, DAY, DAY + timedelta(days=5), DAY)) == []
    assert list(report_days(ReportPeriod.PER_PILOT, DAY, None, DAY + timedelta(days=900))) == []


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(0, 60))
def test_working_days_skip_saturdays_and_sundays(day: date, count: int) -> None:
    found = add_working_days(day, count)

    between = [day + timedelta(days=number) for number in range(1, (found - day).days + 1)]
    assert sum(one.weekday() < 5 for one in between) == count
    assert count == 0 or found.weekday() < 5


def test_reports_are_asked_for_once_and_reminded_of_before_and_after(act: Alliance) -> None:
    institution, representative = member(act)
    found = make_responsibility(institution, starts_on=timezone.localdate(), acknowledged_at=timezone.now())
    end = end_of_period(timezone.localdate(), ReportPeriod.MONTHLY)

    moment = timezone.make_aware(timezone.datetime(end.year, end.month, end.day, 12))  # type: ignore[attr-defined]
    for _again in range(2):
        ask_reports(act, at=moment - timedelta(days=1))
    ask_reports(act, at=moment + timedelta(days=1))

    assert list(found.reports.values_list("due_on", flat=True)) == [end]
    assert InboxItem.objects.of(act).filter(kind="duty_report").count() == 1
    kinds = list(Notification.objects.of(act).filter(user=representative).order_by("id").values_list("kind", flat=True))
    assert kinds == ["duty_report_soon", "duty_report_late"]


# --------------------------------------------------------------------------------------------------------- reports


def make_report(institution: Institution, **fields: Any) -> ResponsibilityReport:
    return ResponsibilityReport.objects.create(
        alliance=institution.alliance,
        responsibility=make_responsibility(institution, **fields),
        due_on=DAY - timedelta(days=3),
    )


def test_a_report_is_handed_in_and_accepted(act: Alliance, secretary: User) -> None:
    institution, _representative = member(act)
    clerk = make_staff(institution, role=StaffRole.STAFF).user
    report = make_report(institution)

    sent = submit(act, report, clerk, figure=Decimal("93.50"))
    assert (sent.state, sent.figure, sent.measure_met) == (ReportState.SUBMITTED, Decimal("93.50"), True)
    accepted = accept_report(act, report.responsibility.code, report.pk, actor=secretary, at=NOON)

    assert accepted.state == ReportState.ACCEPTED
    assert not InboxItem.objects.of(act).filter(done_at__isnull=True).exists()
    assert {"submit_report", "accept_report"} <= set(AuditEntry.objects.of(act).values_list("verb", flat=True))
    with pytest.raises(TransitionRefusedError):
        submit(act, report, clerk)


def test_a_report_is_sent_back_with_a_remark_and_handed_in_again(act: Alliance, secretary: User) -> None:
    institution, representative = member(act)
    report = make_report(institution)
    submit(act, report, representative)

    with pytest.raises(InvalidInputError):
        return_report(act, report.responsibility.code, report.pk, remark="", actor=secretary, at=NOON)
    return_report(act, report.responsibility.code, report.pk, remark="Which month?", actor=secretary, at=NOON)
    again = submit(act, report, representative, text="For October.")

    assert (again.state, again.remark) == (ReportState.SUBMITTED, "Which month?")


def test_a_report_must_say_what_was_done_and_whether_the_measure_was_met(act: Alliance) -> None:
    institution, representative = member(act)
    report = make_report(institution)

    with pytest.raises(InvalidInputError) as refusal:
        submit(act, report, representative, text=" ", measure_met=None, figure=Decimal("1e13"))

    assert set(refusal.value.fields) == {"text", "measure_met", "figure"}


def test_a_report_s_file_is_open_to_the_office_and_the_institution_only(
    act: Alliance, secretary: User, committee_member: User, stranger: User
) -> None:
    institution, representative = member(act)
    _other, neighbour = member(act)
    report = submit(act, make_report(institution), representative, file=SimpleUploadedFile("r.csv", b"a,b\n1,2\n"))
    assert report.file is not None

    for reader in (representative, secretary, committee_member):
        _stored, content = open_for_reader(act, report.file.uuid, reader=reader)
        content.close()
    for reader in (neighbour, stranger):
        with pytest.raises(NotFoundError):
            open_for_reader(act, report.file.uuid, reader=reader)


def test_nobody_else_reports_or_settles(act: Alliance, secretary: User, auditor: User) -> None:
    institution, representative = member(act)
    _other, neighbour = member(act)
    report = make_report(institution)

    for person in (neighbour, secretary):
        with pytest.raises(PermissionRefusedError):
            submit(act, report, person)
    submit(act, report, representative)
    for person in (representative, auditor):
        with pytest.raises(PermissionRefusedError):
            accept_report(act, report.responsibility.code, report.pk, actor=person, at=NOON)


def test_a_duty_reported_on_once_is_done_with_the_accepted_report(act: Alliance, secretary: User) -> None:
    institution, representative = member(act)
    report = make_report(institution, period=ReportPeriod.ONCE, due_on=DAY)
    submit(act, report, representative)

    accept_report(act, report.responsibility.code, report.pk, actor=secretary, at=NOON)

    report.responsibility.refresh_from_db()
    assert report.responsibility.state == ResponsibilityState.DONE


def test_reports_after_a_pilot_are_opened_by_the_institution(act: Alliance) -> None:
    institution, representative = member(act)
    by_calendar = make_responsibility(institution)
    by_pilot = make_responsibility(institution, period=ReportPeriod.PER_PILOT)

    with pytest.raises(InvalidInputError) as refusal:
        open_report(act, by_calendar.code, actor=representative, at=NOON)
    first = open_report(act, by_pilot.code, actor=representative, at=NOON)

    assert refusal.value.code == "report_by_calendar"
    assert open_report(act, by_pilot.code, actor=representative, at=NOON) == first


# ----------------------------------------------------------------------------------------------- ending, handing over


def test_done_waits_for_the_office_s_word_on_the_last_report(act: Alliance, secretary: User) -> None:
    institution, representative = member(act)
    report = submit(act, make_report(institution), representative)
    code = report.responsibility.code

    with pytest.raises(DomainError) as refusal:
        complete_responsibility(act, code, actor=secretary, at=NOON)
    assert refusal.value.code == "report_waits"
    accept_report(act, code, report.pk, actor=secretary, at=NOON)
    assert complete_responsibility(act, code, actor=secretary, at=NOON).state == ResponsibilityState.DONE


def test_a_hand_over_ends_the_old_one_and_asks_the_new_institution(act: Alliance, secretary: User) -> None:
    institution, _person = member(act)
    successor, _other = member(act)
    outsider = make_institution(act)
    found = make_responsibility(institution)

    with pytest.raises(InvalidInputError) as refusal:
        hand_over_responsibility(act, found.code, outsider, actor=secretary, at=NOON)
    assert refusal.value.code == "no_seat"
    with pytest.raises(InvalidInputError):
        hand_over_responsibility(act, found.code, institution, actor=secretary, at=NOON)
    following = hand_over_responsibility(act, found.code, successor, actor=secretary, at=NOON)

    found.refresh_from_db()
    assert following is not None
    assert (following.previous, following.institution, following.state) == (found, successor, ResponsibilityState.PROPOSED)
    assert found.state == ResponsibilityState.ENDED


def test_open_responsibilities_stand_in_the_way_of_an_exit_and_can_be_handed_over_there(
    act: Alliance, secretary: User
) -> None:
    institution, _person = member(act)
    successor, _other = member(act)
    found = make_responsibility(institution)

    duty = next(duty for duty in list_open_duties(act, institution, NOON) if duty.key == f"responsibility:{found.code}")
    assert duty.hand_over is not None
    duty.hand_over(successor, actor=secretary, at=NOON)

    assert not [duty for duty in list_open_duties(act, institution, NOON) if duty.key.startswith("responsibility:")]
    assert Responsibility.objects.of(act).filter(institution=successor, state=ResponsibilityState.PROPOSED).exists()


def test_a_suspended_institution_gets_no_new_responsibility(act: Alliance, secretary: User) -> None:
    institution, _person = member(act, state=InstitutionState.SUSPENDED)

    with pytest.raises(InvalidInputError) as refusal:
        propose(act, institution, secretary)

    assert refusal.value.code == "institution_not_active"


# -------------------------------------------------------------------------------------------------------- overview


def test_the_overview_counts_what_is_done_and_late_with_a_fixed_number_of_queries(
    act: Alliance, django_assert_num_queries: Any
) -> None:
    for number in range(4):
        institution, _person = member(act)
        responsibility = make_responsibility(institution)
        for offset, state in ((1, ReportState.DUE), (2, ReportState.ACCEPTED), (-9, ReportState.DUE)):
            ResponsibilityReport.objects.create(
                alliance=act, responsibility=responsibility, due_on=DAY - timedelta(days=offset + number), state=state
            )
    ended = make_responsibility(make_institution(act), state=ResponsibilityState.ENDED)
    ResponsibilityReport.objects.create(alliance=act, responsibility=ended, due_on=DAY - timedelta(days=1))

    with django_assert_num_queries(2):
        (group,) = count_by_group(act, DAY)
    with django_assert_num_queries(3):
        institutions = count_by_institution(act, DAY)
    with django_assert_num_queries(1):
        rows = list(list_responsibilities(act, on=DAY, late=True))

    assert (group.duties, group.done, group.late) == (4, 4, 4)
    assert [(row.done, row.late) for row in institutions] == [(1, 1)] * 4
    assert sorted((row.done, row.late) for row in rows) == [(1, 1)] * 4  # type: ignore[attr-defined]
