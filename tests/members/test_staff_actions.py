"""Who acts for an institution: added, ended, invited."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alliance.actions.invitations import accept_with_new_account, invite_person
from alliance.kernel.errors import DomainError, InvalidInputError, PermissionRefusedError, SeparationOfDutiesError
from alliance.kernel.invitations import make_token
from alliance.models import Alliance, AuditEntry, User
from alliance.selectors.people import acting_institution_id, list_people, with_positions
from members.actions.staff import add_staff, end_staff
from members.choices import StaffRole
from members.models import Institution, InstitutionStaff
from tests.factories.alliance import NOON, make_user


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
