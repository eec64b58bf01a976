"""Learning over the API: who sees what, places taken and given up, verification by anybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from alliance.kernel import limits
from alliance.models import Alliance
from operations.actions.certificate import decide_naming
from operations.actions.course import change_course, plan_session
from operations.actions.learning_path import draft_path
from operations.models import Enrolment
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.api import bearer
from tests.factories.learning import (
    LearningCast,
    enrol_all,
    make_certificate,
    make_course,
    make_learning_cast,
    make_session,
    session_values,
)


@pytest.fixture
def people(act: Alliance) -> LearningCast:
    """Who meets in a course; the test acts in the alliance."""
    return make_learning_cast(act)


def results(answer: Any) -> list[dict[str, Any]]:
    """Rows of a list."""
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_a_course_tells_its_sessions_and_how_full_they_are_but_no_people(
    people: LearningCast, client: Client, client_for: ClientFor
) -> None:
    session = make_session(people, places=1)
    enrol_all(people, session, people.learner, people.second)
    code = session.course.code
    plan_session(people.alliance, code, values=session_values(), actor=people.secretary, at=timezone.now())
    headers = bearer(client, people.alliance, ["courses:read"])

    answer = client.get(address(people.alliance, "api_course_detail", code=code), headers=headers)

    found = answer.json()
    assert (found["host"]["code"], found["credits"]) == (people.host.code, "2.00")
    assert [(row["number"], row["enrolled"], row["waiting"]) for row in found["sessions"]] == [(1, 1, 1)]
    assert people.learner.email not in answer.content.decode()
    assert [
        row["code"]
        for row in results(client.get(address(people.alliance, "api_course_list") + "?open=true", headers=headers))
    ] == [code]
    sessions = results(client.get(address(people.alliance, "api_course_session_list"), headers=headers))
    assert [(row["course"]["code"], row["number"]) for row in sessions] == [(code, 1)]
    all_sessions = results(client_for(people.secretary).get(address(people.alliance, "api_course_session_list")))
    assert len(all_sessions) == 2
    one = address(people.alliance, "api_course_session_detail", code=code, number=1)
    assert client.get(one, headers=headers).json()["enrolled"] == 1
    other = make_course(people)
    wrong = address(people.alliance, "api_course_session_detail", code=other.code, number=1)
    assert client.get(wrong, headers=headers).status_code == 404


def test_a_course_not_offered_is_open_to_its_host_and_the_office(
    people: LearningCast, client: Client, client_for: ClientFor
) -> None:
    course = make_course(people)
    change_course(people.alliance, course.code, values={"is_offered": False}, actor=people.secretary, at=timezone.now())
    place = address(people.alliance, "api_course_list")

    assert results(client.get(place, headers=bearer(client, people.alliance, ["courses:read"]))) == []
    assert results(client_for(people.learner).get(place)) == []
    for who in (people.teacher, people.secretary):
        assert [row["code"] for row in results(client_for(who).get(place))] == [course.code]


def test_paths_tell_their_courses(people: LearningCast, client: Client) -> None:
    course = make_course(people)
    path = draft_path(
        people.alliance,
        values={"title_en": "Pilot lead", "credits_needed": "2"},
        courses=[course.code],
        required=[course.code],
        actor=people.secretary,
        at=timezone.now(),
    )
    headers = bearer(client, people.alliance, ["courses:read"])

    (row,) = results(client.get(address(people.alliance, "api_learning_path_list"), headers=headers))

    assert row == client.get(address(people.alliance, "api_learning_path_detail", code=path.code), headers=headers).json()
    assert [(one["course"]["code"], one["is_required"]) for one in row["courses"]] == [(course.code, True)]


def test_a_person_sees_only_own_enrolments_and_certificates(
    people: LearningCast, client: Client, client_for: ClientFor
) -> None:
    certificate = make_certificate(people, people.learner)
    mine, theirs = client_for(people.learner), client_for(people.second)
    places = {name: address(people.alliance, f"api_{name}_list") for name in ("enrolment", "certificate")}

    (enrolment,) = results(mine.get(places["enrolment"]))
    assert (enrolment["assessment"], enrolment["credits"], enrolment["session"]["course"]["code"]) == (
        "passed",
        "2.00",
        "CR-001",
    )
    (one,) = results(mine.get(places["certificate"]))
    assert (one["code"], one["enrolment"]["credits"]) == (certificate.code, "2.00")
    details = [
        address(people.alliance, "api_certificate_detail", code=certificate.code),
        address(people.alliance, "api_enrolment_detail", number=enrolment["id"]),
    ]
    for place in places.values():
        assert results(theirs.get(place)) == []
        assert client.get(place, headers=bearer(client, people.alliance, ["courses:read"])).status_code == 403
    for place in details:
        assert mine.get(place).status_code == 200
        assert theirs.get(place).status_code == 404


def test_a_person_enrols_waits_and_leaves_by_the_api(people: LearningCast, client_for: ClientFor) -> None:
    session = make_session(people, places=1)
    take = address(people.alliance, "api_session_enrol", code=session.course.code, number=1)
    give = address(people.alliance, "api_session_leave", code=session.course.code, number=1)
    body = {"institution": people.member.code}

    def post(who: Any, place: str, data: dict[str, Any]) -> Any:
        return client_for(who).post(place, data, content_type="application/json")

    assert post(people.learner, take, body).json()["state"] == "enrolled"
    assert post(people.second, take, body).json()["state"] == "waiting"
    again = post(people.second, take, body)
    assert (again.status_code, again.json()["code"]) == (409, "already_enrolled")
    assert post(people.third, take, body).json()["code"] == "institution_not_yours"
    assert post(people.secretary, take, body).status_code == 403
    assert post(people.learner, give, {}).json() == {"course": session.course.code, "session": 1, "state": "left"}
    assert Enrolment.objects.get(user=people.second).state == "enrolled"
    assert post(people.learner, give, {}).json()["code"] == "not_enrolled"
    gone = address(people.alliance, "api_session_enrol", code=session.course.code, number=9)
    assert post(people.learner, gone, body).status_code == 404


def test_anybody_verifies_a_certificate_by_the_api(people: LearningCast, client: Client, settings: Any) -> None:
    certificate = make_certificate(people, people.learner)

    def ask(code: str) -> dict[str, Any]:
        answer = client.get(address(people.alliance, "api_certificate_verification", code=code))
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    found = ask(certificate.code.lower().replace("-", ""))
    assert (found["state"], found["code"], found["person_en"]) == ("valid", certificate.code, "")
    assert found["course"]["code"] == "CR-001"
    assert ask("2345-6789-ABCD-EFGH") == {**dict.fromkeys(found), "state": "unknown", "person_en": "", "person_zh": ""}
    decide_naming(people.alliance, certificate.code, is_named=True, actor=people.learner, at=timezone.now())
    assert ask(certificate.code)["person_en"] == people.learner.name_en
    type(certificate).objects.filter(pk=certificate.pk).update(
        issued_on=timezone.localdate() - timedelta(days=9), expires_on=timezone.localdate() - timedelta(days=1)
    )
    assert (ask(certificate.code)["state"], ask(certificate.code)["person_en"]) == ("expired", "")
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "certificate_network": "1 per hour"}
    limits.forget("certificate_network", people.alliance.pk, limits.network_of("127.0.0.1"))
    ask(certificate.code)
    place = address(people.alliance, "api_certificate_verification", code=certificate.code)
    assert client.get(place).status_code == 429
    limits.forget("certificate_network", people.alliance.pk, limits.network_of("127.0.0.1"))
