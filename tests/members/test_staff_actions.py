"""Who acts for an institution: added, ended, invited."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession

from alliance.actions.inbox import ask
from alliance.actions.inbox import institution as audience
from alliance.actions.invitations import accept_with_new_account, invite_person
from alliance.kernel.errors import DomainError, InvalidInputError, PermissionRefusedError, SeparationOfDutiesError
from alliance.kernel.invitations import make_token
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, User
from alliance.selectors.people import acting_institution_id, list_people, with_positions
from members.actions.staff import add_staff, end_staff, name_deputy, settle_ended_staff
from members.choices import StaffRole
from members.models import Institution, InstitutionStaff
from tests.factories.alliance import NOON, make_user
from tests.factories.members import make_institution, make_staff


@pytest.fixture
def institution(act: Alliance) -> Institution:
    return Institution.objects.create(
        alliance=act,
        code="INST-1",
        kind="leading_enterprise",
        name_en="Loom Works",
        name_key="loom works",
        sort_key="loom works",
    )


@pytest.fixture
def representative(act: Alliance, institution: Institution, office_admin: User) -> User:
    user = make_user("representative@example.org")
    add_staff(act, institution.code, user, StaffRole.REPRESENTATIVE, actor=office_admin, at=NOON - timedelta(days=2))
    return user


def test_the_representative_lets_colleagues_act_and_ends_it(
    act: Alliance, institution: Institution, representative: User, rf: Any
) -> None:
    colleague = make_user()

    staff = add_staff(act, institution.code, colleague, StaffRole.STAFF, actor=representative, at=NOON - timedelta(days=1))
    request = rf.get("/")
    request.alliance, request.user, request.session = act, colleague, {}
    acting = acting_institution_id(request)
    end_staff(act, staff.pk, actor=representative, at=NOON)
    request.user = User.objects.get(pk=colleague.pk)  # the next request

    assert acting == institution.pk
    assert acting_institution_id(request) is None, "the rights end at once"
    assert AuditEntry.objects.of(act).filter(verb__in=["add_staff", "end_staff"], actor_id=representative.uuid).count() == 2
    with pytest.raises(DomainError, match="role_over"):
        end_staff(act, staff.pk, actor=representative, at=NOON)


def test_others_may_not(act: Alliance, institution: Institution, representative: User, secretary: User) -> None:
    officer = make_user()
    staff = add_staff(act, institution.code, officer, StaffRole.STAFF, actor=representative, at=NOON)

    for actor in (officer, secretary, make_user()):
        with pytest.raises(PermissionRefusedError):
            add_staff(act, institution.code, make_user(), StaffRole.STAFF, actor=actor, at=NOON)
        with pytest.raises(PermissionRefusedError):
            end_staff(act, staff.pk, actor=actor, at=NOON + timedelta(days=1))


def test_nobody_adds_themselves_and_nothing_twice(act: Alliance, institution: Institution, representative: User) -> None:
    with pytest.raises(SeparationOfDutiesError, match="own_role"):
        add_staff(act, institution.code, representative, StaffRole.SIGNATORY, actor=representative, at=NOON)
    user = make_user()
    add_staff(act, institution.code, user, StaffRole.STAFF, actor=representative, at=NOON)
    with pytest.raises(InvalidInputError, match="role_held"):
        add_staff(act, institution.code, user, StaffRole.STAFF, actor=representative, at=NOON)


def test_an_institution_of_another_alliance_does_not_exist_here(
    act: Alliance, other_alliance: Alliance, institution: Institution, office_admin: User
) -> None:
    with pytest.raises(Institution.DoesNotExist):
        add_staff(other_alliance, institution.code, make_user(), StaffRole.STAFF, actor=office_admin, at=NOON)


def test_a_representative_invites_for_the_own_institution_only(
    act: Alliance, institution: Institution, representative: User
) -> None:
    offer = {"scope": "institution", "role": "staff", "institution": institution.code}
    values: dict[str, Any] = {"language": "en", "actor": representative, "at": NOON}

    invitation = invite_person(act, "new@example.org", [offer], **values)
    user = accept_with_new_account(
        act,
        make_token(invitation.uuid, invitation.expires_at),
        password="several unrelated words",
        name_en="New",
        name_zh="",
        language="en",
        at=NOON,
    )

    assert InstitutionStaff.objects.of(act).get(user=user).role == StaffRole.STAFF
    with pytest.raises(PermissionRefusedError):
        invite_person(act, "x@example.org", [{"scope": "alliance", "role": "office_admin"}], **values)
    with pytest.raises(InvalidInputError, match="institution_unknown"):
        invite_person(act, "x@example.org", [{**offer, "institution": "NO-SUCH"}], **values)


def test_the_people_page_knows_them(act: Alliance, institution: Institution, representative: User) -> None:
    people = list_people(act, at=NOON, roles=["institution:representative"])

    assert [(p.user.email, p.positions[0].where) for p in with_positions(act, people)] == [
        ("representative@example.org", "Loom Works")
    ]


def test_a_leaving_persons_tasks_pass_to_the_deputy_and_sessions_end(
    act: Alliance, institution: Institution, representative: User, client_for: Any, django_capture_on_commit_callbacks: Any
) -> None:
    leaving, deputy = make_user(), make_user()
    staff = add_staff(act, institution.code, leaving, StaffRole.STAFF, actor=representative, at=NOON - timedelta(days=1))
    add_staff(act, institution.code, deputy, StaffRole.STAFF, actor=representative, at=NOON - timedelta(days=1))
    name_deputy(act, staff.pk, str(deputy.uuid), actor=representative, at=NOON)
    ask(act, "members.confirm_facts", "facts:INST-1", audience(institution.pk), params={}, url_name="inbox", at=NOON)
    item = InboxItem.objects.of(act).get(key="facts:INST-1")
    item.handed_to = leaving
    item.save()
    session = UserSession.objects.create(user=leaving, ip="127.0.0.1", user_agent="x", session_key="k", data={})

    with django_capture_on_commit_callbacks(execute=True):
        end_staff(act, staff.pk, actor=representative, at=NOON)

    item.refresh_from_db()
    assert item.handed_to == deputy
    assert Notification.objects.of(act).filter(user=deputy, kind="members.tasks_passed").count() == 1
    assert not UserSession.objects.filter(pk=session.pk).exists(), "nothing is left to be signed in for"
    assert AuditEntry.objects.of(act).filter(verb="pass_tasks").count() == 1


def test_without_a_fit_deputy_tasks_go_back_to_all_and_other_roles_keep_the_sessions(
    act: Alliance, institution: Institution, representative: User, django_capture_on_commit_callbacks: Any
) -> None:
    leaving, gone = make_user(), make_user()
    staff = add_staff(act, institution.code, leaving, StaffRole.STAFF, actor=representative, at=NOON - timedelta(days=1))
    other = add_staff(act, institution.code, gone, StaffRole.STAFF, actor=representative, at=NOON - timedelta(days=1))
    name_deputy(act, staff.pk, str(gone.uuid), actor=representative, at=NOON - timedelta(hours=1))
    end_staff(act, other.pk, actor=representative, at=NOON - timedelta(minutes=1))
    make_staff(make_institution(act), leaving, starts_at=NOON - timedelta(days=2))
    ask(act, "members.confirm_facts", "facts:INST-1", audience(institution.pk), params={}, url_name="inbox", at=NOON)
    InboxItem.objects.of(act).filter(key="facts:INST-1").update(handed_to=leaving)
    session = UserSession.objects.create(user=leaving, ip="127.0.0.1", user_agent="x", session_key="k2", data={})

    with django_capture_on_commit_callbacks(execute=True):
        end_staff(act, staff.pk, actor=representative, at=NOON)

    assert InboxItem.objects.of(act).get(key="facts:INST-1").handed_to is None
    assert UserSession.objects.filter(pk=session.pk).exists()


def test_only_the_office_ends_the_last_representative(
    act: Alliance, institution: Institution, representative: User, office_admin: User
) -> None:
    own = InstitutionStaff.objects.of(act).get(user=representative)

    with pytest.raises(DomainError, match="last_representative"):
        end_staff(act, own.pk, actor=representative, at=NOON)
    end_staff(act, own.pk, actor=office_admin, at=NOON)

    assert InstitutionStaff.objects.of(act).get(pk=own.pk).ends_at == NOON


def test_a_deputy_is_somebody_else_of_the_same_institution(
    act: Alliance, institution: Institution, representative: User, secretary: User
) -> None:
    own = InstitutionStaff.objects.of(act).get(user=representative)
    elsewhere = make_staff(make_institution(act)).user
    for unfit in (representative, elsewhere):
        with pytest.raises(InvalidInputError, match="deputy_unfit"):
            name_deputy(act, own.pk, str(unfit.uuid), actor=representative, at=NOON)
    with pytest.raises(PermissionRefusedError):
        name_deputy(act, own.pk, "", actor=secretary, at=NOON)


def test_a_planned_end_passes_tasks_on_when_it_comes(act: Alliance, institution: Institution, representative: User) -> None:
    leaving = make_user()
    add_staff(
        act,
        institution.code,
        leaving,
        StaffRole.STAFF,
        actor=representative,
        at=NOON - timedelta(days=1),
        ends_at=NOON - timedelta(minutes=5),
    )
    ask(act, "members.confirm_facts", "facts:INST-1", audience(institution.pk), params={}, url_name="inbox", at=NOON)
    InboxItem.objects.of(act).filter(key="facts:INST-1").update(handed_to=leaving)

    assert settle_ended_staff(act, at=NOON, since=NOON - timedelta(hours=2)) == 1
    assert settle_ended_staff(act, at=NOON, since=NOON - timedelta(hours=2)) == 0
