"""Giving and ending roles in the alliance; the people pages over them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alliance.actions.roles import end_role, give_role
from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError, InvalidInputError, PermissionRefusedError, SeparationOfDutiesError
from alliance.kernel.permissions import can
from alliance.models import Alliance, AuditEntry, Notification, RoleAssignment, User
from alliance.selectors.people import acting_institution_id, count_roles, list_people, with_positions
from alliance.views.people import EXPORT_LIMIT
from tests.conftest import ClientFor
from tests.factories.alliance import NOON, make_alliance, make_member, make_user
from tests.factories.alliance import give_role as have_role


@pytest.fixture
def person(act: Alliance) -> User:
    return make_member(act, AllianceRole.EDITOR, email="person@example.org", name_en="Person")


def test_an_office_administrator_gives_a_role_from_now_on(act: Alliance, office_admin: User, person: User) -> None:
    assignment = give_role(act, person, AllianceRole.SECRETARIAT, actor=office_admin, at=NOON)

    assert (assignment.starts_at, assignment.ends_at) == (NOON, None)
    entry = AuditEntry.objects.of(act).get(verb="give_role")
    assert entry.actor_id == office_admin.uuid
    assert str(person.uuid) in entry.record
    assert "person@example.org" not in entry.record
    assert Notification.objects.of(act).get(kind="alliance.role_given").user == person


def test_rights_follow_the_dates(act: Alliance, office_admin: User, person: User) -> None:
    start, end = NOON + timedelta(days=1), NOON + timedelta(days=2)
    give_role(act, person, AllianceRole.OFFICE_ADMIN, actor=office_admin, at=NOON, starts_at=start, ends_at=end)

    def may(at: Any) -> bool:
        return can(person, "alliance.manage_people", act, at=at)

    assert [may(start - timedelta(minutes=1)), may(start), may(end - timedelta(minutes=1)), may(end)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "role", [AllianceRole.SECRETARIAT, AllianceRole.COMMITTEE, AllianceRole.EDITOR, AllianceRole.AUDITOR]
)
def test_other_roles_give_none(act: Alliance, person: User, role: str) -> None:
    actor = make_member(act, role)

    with pytest.raises(PermissionRefusedError) as refusal:
        give_role(act, person, AllianceRole.EDITOR, actor=actor, at=NOON)

    assert [str(who) for who in refusal.value.who] == ["office administrator"]


def test_nobody_gives_a_role_to_themselves(act: Alliance, office_admin: User) -> None:
    with pytest.raises(SeparationOfDutiesError, match="own_role"):
        give_role(act, office_admin, AllianceRole.COMMITTEE, actor=office_admin, at=NOON)


def test_an_administrator_of_another_alliance_gives_none_here(act: Alliance, other_alliance: Alliance, person: User) -> None:
    stranger = make_member(other_alliance, AllianceRole.OFFICE_ADMIN)

    with pytest.raises(PermissionRefusedError):
        give_role(act, person, AllianceRole.EDITOR, actor=stranger, at=NOON)


@pytest.mark.parametrize("first", [AllianceRole.OFFICE_ADMIN, AllianceRole.SECRETARIAT])
def test_the_audit_administrator_runs_nothing(act: Alliance, office_admin: User, first: str) -> None:
    one, other = make_member(act, first), make_member(act, AllianceRole.AUDITOR)

    for user, role in ((one, AllianceRole.AUDITOR), (other, first)):
        with pytest.raises(SeparationOfDutiesError, match="roles_incompatible"):
            give_role(act, user, role, actor=office_admin, at=NOON)


def test_one_after_the_other_is_no_conflict(act: Alliance, office_admin: User) -> None:
    user = make_user()
    give_role(act, user, AllianceRole.SECRETARIAT, actor=office_admin, at=NOON, ends_at=NOON + timedelta(days=9))

    with pytest.raises(SeparationOfDutiesError):
        give_role(act, user, AllianceRole.AUDITOR, actor=office_admin, at=NOON, starts_at=NOON + timedelta(days=8))
    give_role(act, user, AllianceRole.AUDITOR, actor=office_admin, at=NOON, starts_at=NOON + timedelta(days=9))

    assert RoleAssignment.objects.of(act).filter(user=user).count() == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"role": "emperor"}, "role_unknown"),
        ({"ends_at": NOON - timedelta(days=1)}, "period_backwards"),
        ({"role": AllianceRole.EDITOR}, "role_held"),
    ],
)
def test_wrong_input_is_refused_with_its_code(
    act: Alliance, office_admin: User, person: User, change: dict[str, Any], code: str
) -> None:
    values: dict[str, Any] = {"role": AllianceRole.COMMITTEE, **change}

    with pytest.raises(InvalidInputError, match=code):
        give_role(act, person, values.pop("role"), actor=office_admin, at=NOON, **values)

    assert not AuditEntry.objects.of(act).filter(verb="give_role").exists()


def test_closed_and_demonstration_accounts_get_none(act: Alliance, office_admin: User) -> None:
    for user, code in (
        (make_user(is_active=False), "account_closed"),
        (make_user(is_demonstration=True), "demonstration_apart"),
    ):
        with pytest.raises(InvalidInputError, match=code):
            give_role(act, user, AllianceRole.EDITOR, actor=office_admin, at=NOON)


def test_an_ended_role_gives_nothing_from_that_moment(act: Alliance, office_admin: User) -> None:
    user = make_member(act, AllianceRole.SECRETARIAT)
    assignment = RoleAssignment.objects.of(act).get(user=user)

    end_role(act, assignment.pk, actor=office_admin, at=NOON + timedelta(days=1))

    assert not can(user, "alliance.run_job", act, at=NOON + timedelta(days=1))
    assert AuditEntry.objects.of(act).filter(verb="end_role", actor_id=office_admin.uuid).exists()
    with pytest.raises(DomainError, match="role_over"):
        end_role(act, assignment.pk, actor=office_admin, at=NOON + timedelta(days=2))


def test_a_role_that_has_not_begun_is_taken_back_whole(act: Alliance, office_admin: User, person: User) -> None:
    later = give_role(act, person, AllianceRole.COMMITTEE, actor=office_admin, at=NOON, starts_at=NOON + timedelta(days=5))

    end_role(act, later.pk, actor=office_admin, at=NOON)

    assert not RoleAssignment.objects.of(act).filter(user=person, role=AllianceRole.COMMITTEE).exists()
    assert AuditEntry.objects.of(act).filter(verb="withdraw_role").exists()


def test_the_last_office_administrator_stays(act: Alliance, office_admin: User) -> None:
    mine = RoleAssignment.objects.of(act).get(user=office_admin)
    leaving = make_member(act, AllianceRole.OFFICE_ADMIN, is_active=False)

    with pytest.raises(DomainError, match="last_office_admin"):
        end_role(act, mine.pk, actor=office_admin, at=NOON + timedelta(days=1))
    make_member(act, AllianceRole.OFFICE_ADMIN)
    end_role(act, mine.pk, actor=office_admin, at=NOON + timedelta(days=1))

    assert not leaving.is_active


def test_a_role_of_another_alliance_does_not_exist_here(act: Alliance, other_alliance: Alliance, office_admin: User) -> None:
    foreign = have_role(make_user(), other_alliance, AllianceRole.EDITOR)

    with pytest.raises(RoleAssignment.DoesNotExist):
        end_role(act, foreign.pk, actor=office_admin, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_end_each_other_at_once_one_stays() -> None:
    alliance = make_alliance("race")
    first, second = (make_member(alliance, AllianceRole.OFFICE_ADMIN) for _ in range(2))
    with tenancy.acting_in(alliance):
        roles = {role.user_id: role.pk for role in RoleAssignment.objects.of(alliance)}
    at = NOON + timedelta(days=1)
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def end(actor: User, other: User) -> None:
        try:
            barrier.wait(timeout=10)
            with tenancy.acting_in(alliance):
                end_role(alliance, roles[other.pk], actor=actor, at=at)
            outcomes.append("ended")
        except DomainError as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=end, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert "ended" in outcomes
    assert len(set(outcomes)) == 2, outcomes
    with tenancy.acting_in(alliance):
        assert RoleAssignment.objects.of(alliance).at(at + timedelta(minutes=1)).count() == 1


# -- reads and pages ----------------------------------------------------------------------------------------------------


def test_the_list_holds_the_people_of_this_alliance_only(act: Alliance, other_alliance: Alliance) -> None:
    here = make_member(act, AllianceRole.EDITOR, name_en="Here")
    make_member(other_alliance, AllianceRole.EDITOR, name_en="There")
    gone = have_role(make_user(name_en="Gone"), act, AllianceRole.EDITOR, since=NOON - timedelta(days=9))
    gone.ends_at = NOON - timedelta(days=8)
    gone.save()
    now = NOON + timedelta(days=30)

    assert [user.name_en for user in list_people(act, at=now)] == ["Here"]
    assert {user.name_en for user in list_people(act, at=now, former=True)} == {"Here", "Gone"}
    assert list(list_people(act, at=now, roles=["alliance:auditor"])) == []
    assert list(list_people(act, at=now, roles=["alliance:editor"], text="hER")) == [here]
    assert {count.value: count.count for count in count_roles(act, at=now)}["alliance:editor"] == 1


def test_positions_cost_one_query_per_source_however_many_people(act: Alliance) -> None:
    people = [make_member(act, AllianceRole.EDITOR) for _ in range(3)]

    with CaptureQueriesContext(connection) as few:
        with_positions(act, people[:1])
    with CaptureQueriesContext(connection) as many:
        found = with_positions(act, people)

    assert len(few) == len(many)
    assert [len(person.positions) for person in found] == [1, 1, 1]


def test_the_people_page_shows_roles_and_filters(
    alliance: Alliance, office_admin: User, auditor: User, client_for: ClientFor
) -> None:
    client = client_for(office_admin)

    everybody = client.get("/a/under-test/console/people/").content.decode()
    filtered = client.get("/a/under-test/console/people/?role=alliance:auditor").content.decode()
    table = client.get("/a/under-test/console/people/?format=csv")

    assert "office@example.org" in everybody
    assert "auditor@example.org" in filtered
    assert "office@example.org" not in filtered.split("<table")[1]
    assert table["Content-Type"].startswith("text/csv")
    assert "auditor@example.org" in table.content.decode()
    with tenancy.acting_in(alliance):
        assert AuditEntry.objects.of(alliance).filter(verb="export_people").count() == 1
    assert EXPORT_LIMIT > 1000


@pytest.mark.parametrize("role", [AllianceRole.COMMITTEE, AllianceRole.EDITOR])
def test_others_do_not_see_the_people_page(alliance: Alliance, client_for: ClientFor, role: str) -> None:
    response = client_for(make_member(alliance, role)).get("/a/under-test/console/people/")

    assert response.status_code == 403
    assert "office administrator" in response.content.decode()


def test_a_role_is_given_and_ended_on_the_page(alliance: Alliance, office_admin: User, client_for: ClientFor) -> None:
    user = make_member(alliance, AllianceRole.EDITOR)
    client = client_for(office_admin)
    address = f"/a/under-test/console/people/{user.uuid}/"

    given = client.post(address, {"role": "committee"})
    twice = client.post(address, {"role": "committee"})
    with tenancy.acting_in(alliance):
        role = RoleAssignment.objects.of(alliance).get(user=user, role="committee")
    question = client.get(f"{address}roles/alliance/{role.pk}/end/")
    ended = client.post(f"{address}roles/alliance/{role.pk}/end/")

    assert (given.status_code, twice.status_code, question.status_code, ended.status_code) == (302, 422, 200, 302)
    with tenancy.acting_in(alliance):
        role.refresh_from_db()
    assert role.ends_at is not None


def test_a_person_of_another_alliance_is_as_unknown_as_nobody(
    alliance: Alliance, stranger: User, office_admin: User, client_for: ClientFor
) -> None:
    client = client_for(office_admin)

    foreign = client.get(f"/a/under-test/console/people/{stranger.uuid}/")
    nobody = client.get("/a/under-test/console/people/00000000-0000-4000-8000-000000000000/")

    assert foreign.status_code == nobody.status_code == 404


def test_nobody_acts_for_an_institution_without_a_role_there(act: Alliance, rf: Any) -> None:
    request = rf.get("/")
    request.alliance, request.user, request.session = act, make_user(), {"acting_institution": {str(act.pk): 77}}

    assert acting_institution_id(request) is None
