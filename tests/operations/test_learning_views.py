"""Pages of learning: who opens which, what they show, what forms keep, what the public page says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from alliance.kernel import limits
from alliance.models import Alliance
from operations.actions.certificate import decide_naming, revoke_certificate
from operations.actions.course import change_course
from operations.actions.enrolment import assess
from operations.actions.learning_path import draft_path
from operations.choices import EnrolmentState, SessionState
from operations.models import Certificate, Course, CourseSession, LearningPath
from operations.selectors.learning import (
    calendar_of_sessions,
    get_course,
    get_session,
    list_courses,
    list_offers,
    own_places,
)
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.learning import (
    LearningCast,
    enrol_all,
    make_certificate,
    make_course,
    make_held,
    make_learning_cast,
    make_session,
)
from tests.factories.operations import make_staff


@pytest.fixture
def people(act: Alliance) -> LearningCast:
    """Who meets in a course; the test acts in the alliance."""
    return make_learning_cast(act)


def url(session: CourseSession, name: str) -> str:
    """Address of a page of a session."""
    return address(session.alliance, f"session_{name}", code=session.course.code, number=session.number)


def page(answer: Any, status: int = 200) -> str:
    """The text of a page."""
    assert answer.status_code == status
    return str(answer.content.decode())


def test_the_office_drafts_a_course_on_the_page_and_keeps_what_was_typed(
    people: LearningCast, client_for: ClientFor
) -> None:
    browser = client_for(people.secretary)
    place = address(people.alliance, "course_new")
    typed = {
        "host": people.host.pk,
        "form": "training",
        "title_en": "",
        "aim_en": "Kept words",
        "credits": "1.5",
        "is_assessed": "on",
        "is_offered": "on",
        "product": "",
    }

    assert "Kept words" in page(browser.post(place, typed), 422)
    made = browser.post(place, {**typed, "title_en": "Safety at the loom"})
    assert made.status_code == 302
    course = Course.objects.of(people.alliance).get()
    assert (course.title_en, course.host, course.valid_months) == ("Safety at the loom", people.host, None)
    changed = browser.post(
        address(people.alliance, "course_edit", code=course.code), {**typed, "title_en": "Safety", "product": "P-404"}
    )
    assert "No released product has this code" in page(changed, 422)
    assert client_for(people.teacher).get(place).status_code == 403


def test_a_session_is_planned_opened_changed_and_cancelled_by_its_pages(people: LearningCast, client_for: ClientFor) -> None:
    course = make_course(people)
    browser = client_for(people.secretary)
    typed = {"starts_at": "2099-03-01T09:00", "ends_at": "2099-03-01T08:00", "place": "Hall 7", "teacher": "", "places": "5"}
    plan = address(people.alliance, "session_new", code=course.code)

    assert "Hall 7" in page(browser.post(plan, typed), 422)
    assert browser.post(plan, {**typed, "ends_at": "2099-03-01T12:00"}).status_code == 302
    session = CourseSession.objects.of(people.alliance).select_related("course").get()
    assert timezone.localtime(session.starts_at).hour == 9
    assert browser.post(url(session, "open")).status_code == 302
    assert 'value="2099-03-01T09:00"' in page(browser.get(url(session, "edit")))
    browser.post(url(session, "edit"), {**typed, "ends_at": "2099-03-01T13:00", "places": ""})
    assert browser.post(url(session, "cancel"), {"reason": ""}).status_code == 422
    assert browser.post(url(session, "cancel"), {"reason": "The hall floods"}).status_code == 302
    session.refresh_from_db()
    assert (session.state, session.places) == (SessionState.CANCELLED, None)


def test_a_member_enrols_waits_and_leaves_on_the_pages(people: LearningCast, client_for: ClientFor) -> None:
    session = make_session(people, places=1)
    first, second = client_for(people.learner), client_for(people.second)
    learning = address(people.alliance, "portal_learning")

    assert "1 place left" in page(first.get(learning))
    assert "You have a place" in page(first.post(url(session, "enrol"), follow=True))
    assert "Join the waiting list" in page(second.get(learning))
    assert "you are number 1" in page(second.post(url(session, "enrol"), follow=True))
    assert "already" in page(second.post(url(session, "enrol")), 422)
    assert "You gave your place up" in page(first.post(url(session, "leave"), follow=True))
    assert "You have a place" in page(second.get(learning))
    assert {row.state for row in session.enrolments.all()} == {EnrolmentState.LEFT, EnrolmentState.ENROLLED}
    assert "not in this session" in page(first.post(url(session, "leave"), follow=True))


def test_whoever_acts_for_two_institutions_says_for_which_they_learn(people: LearningCast, client_for: ClientFor) -> None:
    make_staff(people.alliance, people.host, user=people.learner)
    session = make_session(people)
    browser = client_for(people.learner)

    asked = page(browser.post(url(session, "enrol")), 422)
    assert "Choose the institution you act for" in asked
    assert browser.post(url(session, "enrol"), {"institution": people.host.pk}).status_code == 302
    assert session.enrolments.get().institution == people.host


@pytest.mark.parametrize(("who", "status"), [("teacher", 200), ("secretary", 200), ("learner", 404), ("third", 404)])
def test_a_sheet_opens_to_the_host_and_the_office_only(
    people: LearningCast, client_for: ClientFor, who: str, status: int
) -> None:
    session = make_session(people)
    enrol_all(people, session, people.learner)

    assert client_for(getattr(people, who)).get(url(session, "detail")).status_code == status


def test_the_host_marks_closes_and_assesses_on_the_sheet(people: LearningCast, client_for: ClientFor) -> None:
    session = make_session(people, start=timezone.now() - timedelta(hours=2))
    mine, other = enrol_all(people, session, people.learner, people.second)
    browser = client_for(people.teacher)

    assert "Attendance is missing for 2" in page(browser.post(url(session, "hold"), follow=True))
    marks = {f"mark-{mine.pk}": "present", f"mark-{other.pk}": "absent", "mark-x": "present"}
    assert "Saved: 2 people." in page(browser.post(url(session, "attendance"), marks, follow=True))
    assert "closed as held" in page(browser.post(url(session, "hold"), follow=True))
    refused = browser.post(url(session, "assess"), {f"mark-{mine.pk}": "passed", f"mark-{other.pk}": "passed"})
    text = page(refused, 409)
    assert "was not there" in text
    assert text.count('<option value="passed" selected>') == 1  # what was chosen stands; nothing was saved
    assert not Certificate.objects.of(people.alliance).exists()
    assert "Saved: 1 person." in page(browser.post(url(session, "assess"), {f"mark-{mine.pk}": "passed"}, follow=True))
    assert Certificate.objects.of(people.alliance).get().enrolment == mine


def test_a_learner_sees_own_credits_certificates_and_how_far_the_paths_are(
    people: LearningCast, client_for: ClientFor
) -> None:
    course = make_course(people)
    draft_path(
        people.alliance,
        values={"title_en": "Pilot lead", "credits_needed": "2"},
        courses=[course.code],
        required=[course.code],
        actor=people.secretary,
        at=timezone.now(),
    )
    certificate = make_certificate(people, people.learner, course=course)
    learning = address(people.alliance, "portal_learning")

    mine, theirs = page(client_for(people.learner).get(learning)), page(client_for(people.second).get(learning))

    assert "2.00 of 2.00 learning credits" in mine
    assert "reached" in mine.lower()
    assert certificate.code in mine
    assert "0 of 2.00 learning credits" in theirs
    assert certificate.code not in theirs


@pytest.mark.parametrize(("who", "status"), [("learner", 200), ("secretary", 200), ("teacher", 404), ("second", 404)])
def test_a_certificate_opens_to_its_person_and_the_office(
    people: LearningCast, client_for: ClientFor, who: str, status: int
) -> None:
    certificate = make_certificate(people, people.learner)
    place = address(people.alliance, "certificate_detail", code=certificate.code)

    answer = client_for(getattr(people, who)).get(place)
    assert answer.status_code == status
    if status == 200:
        assert f"{address(people.alliance, 'certificate_verify')}?code={certificate.code}" in answer.content.decode()


def test_the_person_decides_on_the_page_whether_they_are_named(people: LearningCast, client_for: ClientFor) -> None:
    certificate = make_certificate(people, people.learner)
    place = address(people.alliance, "certificate_naming", code=certificate.code)

    client_for(people.learner).post(place, {"is_named": "on"})
    certificate.refresh_from_db()
    assert certificate.is_named
    assert client_for(people.secretary).post(place, {}).status_code == 403
    client_for(people.learner).post(place, {})
    certificate.refresh_from_db()
    assert not certificate.is_named


def test_the_office_finds_and_revokes_certificates(people: LearningCast, client_for: ClientFor) -> None:
    certificate = make_certificate(people, people.learner)
    browser = client_for(people.secretary)
    listed = address(people.alliance, "certificate_list")

    for query in ("", f"?q={certificate.code.lower()}", "?state=valid", "?q=CR-001"):
        assert certificate.code in page(browser.get(listed + query))
    for query in ("?state=revoked", "?state=expired", "?state=expiring", "?q=nobody"):
        assert "No certificate fits this filter" in page(browser.get(listed + query))
    place = address(people.alliance, "certificate_revoke", code=certificate.code)
    assert browser.post(place, {"reason": ""}).status_code == 422
    assert "Somebody else sat" in page(browser.post(place, {"reason": "Somebody else sat the test"}, follow=True))
    assert client_for(people.learner).get(place).status_code == 403
    assert client_for(people.learner).get(listed).status_code == 403


# ------------------------------------------------------------------------------------------------------------- public page


def test_anybody_verifies_a_certificate_without_learning_the_name(people: LearningCast, client: Client) -> None:
    certificate = make_certificate(people, people.learner)
    place = address(people.alliance, "certificate_verify")
    name = people.learner.get_full_name()

    def ask(code: str) -> str:
        return page(client.get(place, {"code": code}))

    assert "Valid." not in page(client.get(place))
    plain = ask(certificate.code.lower().replace("-", ""))
    assert "Valid." in plain
    assert "Carbon accounting" in plain
    assert name not in plain
    assert people.learner.email not in plain
    unknown = ask("2345-6789-ABCD-EFGH")
    assert "Unknown." in unknown
    assert "Carbon accounting" not in unknown
    decide_naming(people.alliance, certificate.code, is_named=True, actor=people.learner, at=timezone.now())
    assert name in ask(certificate.code)
    Certificate.objects.filter(pk=certificate.pk).update(
        issued_on=timezone.localdate() - timedelta(days=9), expires_on=timezone.localdate() - timedelta(days=1)
    )
    expired = ask(certificate.code)
    assert "Expired." in expired
    assert name not in expired
    revoke_certificate(people.alliance, certificate.code, reason="Secret reason", actor=people.secretary, at=timezone.now())
    revoked = ask(certificate.code)
    assert "Revoked." in revoked
    assert "Secret reason" not in revoked
    assert name not in revoked


def test_the_public_page_speaks_chinese_and_is_kept_by_nobody(people: LearningCast, client: Client) -> None:
    certificate = make_certificate(people, people.learner)

    answer = client.get(
        address(people.alliance, "certificate_verify"), {"code": certificate.code}, headers={"accept-language": "zh-hans"}
    )

    assert "碳核算" in page(answer)
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"


def test_whoever_asks_too_often_waits(people: LearningCast, client: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "certificate_network": "2 per hour"}
    limits.forget("certificate_network", people.alliance.pk, limits.network_of("127.0.0.1"))
    certificate = make_certificate(people, people.learner)
    place = address(people.alliance, "certificate_verify")

    answers = [client.get(place, {"code": certificate.code}) for _time in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 0
    assert "Valid." not in answers[2].content.decode()
    assert certificate.code in answers[2].content.decode()  # what was typed stays
    limits.forget("certificate_network", people.alliance.pk, limits.network_of("127.0.0.1"))


# ------------------------------------------------------------------------------------------------------------------- paths


def test_the_office_drafts_a_path_on_the_page(people: LearningCast, client_for: ClientFor) -> None:
    course = make_course(people)
    browser = client_for(people.secretary)
    typed = {"title_en": "Pilot lead", "credits_needed": "5", "courses": [course.code], "is_offered": "on"}
    place = address(people.alliance, "path_new")

    assert "nobody could reach it" in page(browser.post(place, typed), 422)
    assert browser.post(place, {**typed, "credits_needed": "2", "required": [course.code]}).status_code == 302
    path = LearningPath.objects.of(people.alliance).get()
    make_certificate(people, people.learner, course=course)
    assert "1 person has reached it" in page(browser.get(address(people.alliance, "path_list")))
    edit = address(people.alliance, "path_edit", code=path.code)
    assert browser.post(edit, {**typed, "credits_needed": "1", "title_en": "Lead"}).status_code == 302
    path.refresh_from_db()
    assert (path.title_en, path.courses.get().is_required) == ("Lead", False)


# ----------------------------------------------------------------------------------------------------------------- queries


def test_lists_and_details_cost_the_same_queries_whatever_their_length(
    people: LearningCast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    courses = [make_course(people) for _place in range(3)]
    small, large = courses[0], courses[1]
    one = make_session(people, small)
    enrol_all(people, one, people.learner)
    for _place in range(3):
        session = make_session(people, large, places=2)
        enrol_all(people, session, people.learner, people.second, people.third)
    now = timezone.now()
    get_course(people.alliance, small.code, reader=people.learner)

    with django_assert_num_queries(1):
        rows: list[Any] = list(list_courses(people.alliance, people.learner, at=now))
        assert [row.host.code for row in rows] == [people.host.code] * 3
    for course in (small, large):
        with django_assert_num_queries(4):
            found = get_course(people.alliance, course.code, reader=people.learner)
            sessions: list[Any] = list(found.sessions.all())
            places = own_places(people.alliance, people.learner, sessions)
            assert len(places) == len(sessions)
    assert [(row.enrolled_count, row.waiting_count) for row in sessions] == [(2, 1)] * 3
    with django_assert_num_queries(1):
        assert len(list(list_offers(people.alliance, at=now))) == 4
    get_session(people.alliance, small.code, 1, reader=people.teacher)
    for course in (small, large):
        with django_assert_num_queries(2):
            sheet = get_session(people.alliance, course.code, 1, reader=people.teacher)
            assert all(row.user.email and row.institution.code for row in sheet.enrolments.all())


def test_the_learners_page_costs_the_same_queries_whatever_stands_on_it(
    people: LearningCast, client_for: ClientFor, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser, place = client_for(people.learner), address(people.alliance, "portal_learning")

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(browser.get(place))
        return len(asked)

    course = make_course(people)
    make_certificate(people, people.learner, course=course)
    enrol_all(people, make_session(people, course), people.learner)
    values = {"title_en": "Pilot lead", "credits_needed": "2"}
    common: dict[str, Any] = {"values": values, "courses": [course.code], "actor": people.secretary, "at": timezone.now()}
    draft_path(people.alliance, **common)
    cost()
    before = cost()
    for _place in range(3):
        other = make_course(people)
        make_certificate(people, people.learner, course=other)
        enrol_all(people, make_session(people, other), people.learner, people.second)
        draft_path(people.alliance, **{**common, "courses": [course.code, other.code]})

    assert cost() == before


# ---------------------------------------------------------------------------------------------------------------- calendar


def test_a_calendar_holds_own_sessions_and_those_the_own_institution_holds(
    people: LearningCast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    session = make_session(people, places=1)
    enrol_all(people, session, people.learner, people.second)
    since, until = timezone.now() - timedelta(days=9), timezone.now() + timedelta(days=90)

    def titles(user: Any) -> list[str]:
        return [entry.title for entry in calendar_of_sessions(people.alliance, user, since, until)]

    assert titles(people.learner) == ["Carbon accounting"]
    assert titles(people.second) == ["Waiting list: Carbon accounting"]
    assert titles(people.teacher) == ["Carbon accounting"]
    assert titles(people.third) == []
    with django_assert_num_queries(1):
        titles(people.learner)


def test_a_course_that_is_not_offered_any_more_stays_open_to_those_who_took_it(
    people: LearningCast, client_for: ClientFor
) -> None:
    session = make_held(people, people.learner)
    code = session.course.code
    place = session.enrolments.get()
    assess(people.alliance, code, 1, marks={place.pk: "passed"}, actor=people.teacher, at=timezone.now())
    change_course(people.alliance, code, values={"is_offered": False}, actor=people.secretary, at=timezone.now())
    detail = address(people.alliance, "course_detail", code=code)

    answers = {
        who: client_for(getattr(people, who)).get(detail).status_code
        for who in ("learner", "teacher", "secretary", "second", "third")
    }
    assert answers == {"learner": 200, "teacher": 200, "secretary": 200, "second": 404, "third": 404}
