"""Invitations: the only way to an account."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from alliance.actions.invitations import (
    InvitationRefusedError,
    accept_with_account,
    accept_with_new_account,
    find_invitation,
    invite_first_administrator,
    invite_person,
    mail_invitation,
    resend_invitation,
    revoke_invitation,
)
from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError, InvalidInputError, PermissionRefusedError
from alliance.kernel.invitations import hash_token, make_token
from alliance.models import Alliance, AuditEntry, Invitation, RoleAssignment, User
from tests.conftest import ClientFor, TenantClient
from tests.factories.alliance import NOON, give_second_factor, make_alliance, make_member, make_user

PASSWORD = "several unrelated words"
SECRETARIAT = [{"scope": "alliance", "role": "secretariat"}]


@pytest.fixture(autouse=True)
def _no_counts_from_other_tests() -> None:
    cache.clear()


def invite(alliance: Alliance, actor: User, email: str = "new@example.org", **changes: Any) -> Invitation:
    values: dict[str, Any] = {"offers": SECRETARIAT, "language": "en", "at": NOON, **changes}
    return invite_person(alliance, email, values.pop("offers"), actor=actor, **values)


def token_of(invitation: Invitation) -> str:
    return make_token(invitation.uuid, invitation.expires_at)


def accept(alliance: Alliance, invitation: Invitation, **changes: Any) -> User:
    values: dict[str, Any] = {
        "password": PASSWORD,
        "name_en": "New Person",
        "name_zh": "",
        "language": "en",
        "at": NOON + timedelta(days=1),
        **changes,
    }
    return accept_with_new_account(alliance, token_of(invitation), **values)


def test_an_invitation_makes_an_account_with_its_role(act: Alliance, office_admin: User) -> None:
    invitation = invite(act, office_admin, "New@Example.org")

    user = accept(act, invitation)

    invitation.refresh_from_db()
    assert user.email == "new@example.org"
    assert user.check_password(PASSWORD)
    assert EmailAddress.objects.get(user=user).verified
    assert RoleAssignment.objects.of(act).get(user=user).role == AllianceRole.SECRETARIAT
    assert invitation.accepted_by == user
    verbs = list(AuditEntry.objects.of(act).order_by("at", "id").values_list("verb", flat=True))
    assert verbs == ["invite_person", "give_role", "accept_invitation"]
    assert not any("example.org" in record for record in AuditEntry.objects.of(act).values_list("record", flat=True))


def test_only_a_hash_of_the_token_is_kept(act: Alliance, office_admin: User) -> None:
    invitation = invite(act, office_admin)

    row = Invitation.objects.of(act).values().get()

    assert row["token_hash"] == hash_token(token_of(invitation))
    assert token_of(invitation) not in str(row)


def test_an_invitation_works_once(act: Alliance, office_admin: User) -> None:
    invitation = invite(act, office_admin)
    accept(act, invitation)

    with pytest.raises(InvitationRefusedError):
        accept(act, invitation)


@pytest.mark.parametrize(("days", "works"), [(6.99, True), (7, False), (8, False)])
def test_an_invitation_is_valid_for_seven_days(act: Alliance, office_admin: User, days: float, *, works: bool) -> None:
    invitation = invite(act, office_admin)

    if works:
        accept(act, invitation, at=NOON + timedelta(days=days))
    else:
        with pytest.raises(InvitationRefusedError):
            accept(act, invitation, at=NOON + timedelta(days=days))


def test_a_withdrawn_invitation_opens_nothing(act: Alliance, office_admin: User) -> None:
    invitation = invite(act, office_admin)
    revoke_invitation(act, str(invitation.uuid), actor=office_admin, at=NOON)

    with pytest.raises(InvitationRefusedError):
        accept(act, invitation)
    with pytest.raises(DomainError, match="invitation_revoked"):
        resend_invitation(act, str(invitation.uuid), actor=office_admin, at=NOON)


def test_sending_again_makes_a_new_link_and_closes_the_old_one(act: Alliance, office_admin: User) -> None:
    invitation = invite(act, office_admin)
    old = token_of(invitation)

    again = resend_invitation(act, str(invitation.uuid), actor=office_admin, at=NOON + timedelta(days=6))

    with pytest.raises(InvitationRefusedError):
        find_invitation(act, old, at=NOON + timedelta(days=6))
    assert find_invitation(act, token_of(again), at=NOON + timedelta(days=12)) == invitation


def test_a_second_invitation_to_the_same_address_replaces_the_first(act: Alliance, office_admin: User) -> None:
    first = invite(act, office_admin)
    second = invite(act, office_admin, offers=[{"scope": "alliance", "role": "editor"}])

    with pytest.raises(InvitationRefusedError):
        find_invitation(act, token_of(first), at=NOON)
    assert find_invitation(act, token_of(second), at=NOON).grants == [{"scope": "alliance", "role": "editor"}]


@pytest.mark.parametrize(
    "role", [AllianceRole.SECRETARIAT, AllianceRole.COMMITTEE, AllianceRole.EDITOR, AllianceRole.AUDITOR]
)
def test_only_office_administrators_offer_roles_in_the_alliance(act: Alliance, role: str) -> None:
    actor = make_member(act, role)

    with pytest.raises(PermissionRefusedError):
        invite(act, actor)

    assert not Invitation.objects.of(act).exists()


@pytest.mark.parametrize(
    ("offers", "code"),
    [
        ([], "no_role"),
        ([{"scope": "alliance", "role": "emperor"}], "role_unknown"),
        ([{"scope": "galaxy", "role": "staff"}], "invitation_scope_unknown"),
    ],
)
def test_an_offer_that_makes_no_sense_is_refused(
    act: Alliance, office_admin: User, offers: list[dict[str, str]], code: str
) -> None:
    with pytest.raises(InvalidInputError, match=code):
        invite(act, office_admin, offers=offers)


def test_nobody_invites_the_own_address(act: Alliance, office_admin: User) -> None:
    with pytest.raises(InvalidInputError, match="own_role"):
        invite(act, office_admin, office_admin.email.upper())


def test_a_token_of_one_alliance_opens_nothing_in_another(
    alliance: Alliance, other_alliance: Alliance, office_admin: User
) -> None:
    with tenancy.acting_in(alliance):
        invitation = invite(alliance, office_admin)

    with tenancy.acting_in(other_alliance), pytest.raises(InvitationRefusedError):
        find_invitation(other_alliance, token_of(invitation), at=NOON)


def test_an_existing_account_accepts_after_sign_in_only(act: Alliance, office_admin: User) -> None:
    user, other = make_user("new@example.org"), make_user("other@example.org")
    invitation = invite(act, office_admin)
    at = NOON + timedelta(days=1)

    with pytest.raises(DomainError, match="account_exists"):
        accept(act, invitation)
    with pytest.raises(DomainError, match="invitation_other_account"):
        accept_with_account(act, token_of(invitation), user=other, at=at)
    accept_with_account(act, token_of(invitation), user=user, at=at)

    assert RoleAssignment.objects.of(act).get(user=user).role == AllianceRole.SECRETARIAT


def test_rules_about_roles_hold_at_acceptance_too(act: Alliance, office_admin: User) -> None:
    user = make_member(act, AllianceRole.AUDITOR, email="new@example.org")
    invitation = invite(act, office_admin)

    with pytest.raises(DomainError, match="roles_incompatible"):
        accept_with_account(act, token_of(invitation), user=user, at=NOON + timedelta(days=1))

    invitation.refresh_from_db()
    assert invitation.accepted_at is None


def test_an_operator_invites_the_first_administrator_and_nobody_after(act: Alliance) -> None:
    operator = User.objects.create_superuser("operator@example.org", "correct horse battery")
    values: dict[str, Any] = {"language": "en", "operator": operator, "at": NOON}

    invitation = invite_first_administrator(act, "first@example.org", **values)
    first = accept(act, invitation)

    assert RoleAssignment.objects.of(act).get(user=first).role == AllianceRole.OFFICE_ADMIN
    with pytest.raises(DomainError, match="administrator_exists"):
        invite_first_administrator(act, "second@example.org", **{**values, "at": NOON + timedelta(days=2)})
    with pytest.raises(PermissionRefusedError):
        invite_first_administrator(act, "third@example.org", **{**values, "operator": first})
    with pytest.raises(PermissionRefusedError):
        invite_person(act, "fourth@example.org", SECRETARIAT, language="en", actor=operator, at=NOON)


def test_the_mail_speaks_the_invited_language_and_holds_the_link(
    act: Alliance, office_admin: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        invitation = invite(act, office_admin, language="zh-hans", at=timezone.now())
    assert len(callbacks) == 1, "the mail waits for the commit"

    sent = mail_invitation(act, invitation.pk, at=timezone.now())

    message = mail.outbox[0]
    assert sent
    assert message.to == ["new@example.org"]
    assert act.name_zh in message.subject
    assert f"/a/under-test/invitations/{token_of(invitation)}/" in str(message.body)


def test_no_mail_for_an_invitation_that_was_withdrawn_meanwhile(act: Alliance, office_admin: User) -> None:
    invitation = invite(act, office_admin, at=timezone.now())
    revoke_invitation(act, str(invitation.uuid), actor=office_admin, at=timezone.now())

    assert not mail_invitation(act, invitation.pk, at=timezone.now())
    assert mail.outbox == []


# -- pages --------------------------------------------------------------------------------------------------------------


def link_in_mail() -> str:
    found = re.search(r"http://[^/]+(/a/under-test/invitations/\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def test_from_the_office_to_a_working_account(
    alliance: Alliance, office_admin: User, client_for: ClientFor, django_capture_on_commit_callbacks: Any
) -> None:
    office = client_for(office_admin)
    with django_capture_on_commit_callbacks(execute=True):
        sent = office.post(
            "/a/under-test/console/people/invite/",
            {"email": "new@example.org", "language": "en", "roles": ["secretariat"]},
        )
    assert sent.status_code == 302
    assert "new@example.org" in office.get("/a/under-test/console/people/").content.decode()
    link, newcomer = link_in_mail(), TenantClient()

    page = newcomer.get(link)
    weak = newcomer.post(link, {"name_en": "New", "password": "short", "password_again": "short"})
    unequal = newcomer.post(link, {"name_en": "New", "password": PASSWORD, "password_again": f"{PASSWORD}x"})
    made = newcomer.post(link, {"name_en": "New Person", "password": PASSWORD, "password_again": PASSWORD}, follow=True)

    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert (weak.status_code, unequal.status_code) == (422, 422)
    assert made.redirect_chain[-1][0] == "/a/under-test/accounts/2fa/?required=1"
    assert "One step is missing" in made.content.decode()
    give_second_factor(User.objects.get(email="new@example.org"))
    assert newcomer.get("/a/under-test/console/people/").status_code == 200
    assert TenantClient().get(link).status_code == 404


def test_an_account_signs_in_to_accept(
    alliance: Alliance, office_admin: User, django_capture_on_commit_callbacks: Any
) -> None:
    make_user("new@example.org")
    with django_capture_on_commit_callbacks(execute=True), tenancy.acting_in(alliance):
        invite(alliance, office_admin, at=timezone.now())
    link, client = link_in_mail(), TenantClient()

    asked = client.get(link).content.decode()
    client.post("/a/under-test/accounts/login/", {"login": "new@example.org", "password": "correct horse battery"})
    accepted = client.post(link)

    assert "Sign in to accept" in asked
    assert "password" not in asked.replace("/password/", "")
    assert accepted["Location"] == "/a/under-test/accounts/start/"


def test_the_wrong_account_is_told_to_sign_out(
    alliance: Alliance, office_admin: User, client_for: ClientFor, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True), tenancy.acting_in(alliance):
        invite(alliance, office_admin, at=timezone.now())
    client = client_for(make_user("other@example.org"))

    assert "You are signed in as other@example.org" in client.get(link_in_mail()).content.decode()
    assert client.post(link_in_mail()).status_code == 403


def test_a_made_up_link_and_one_of_another_alliance_look_alike(alliance: Alliance, office_admin: User) -> None:
    elsewhere = make_alliance("elsewhere")
    admin = make_member(elsewhere, AllianceRole.OFFICE_ADMIN)
    with tenancy.acting_in(elsewhere):
        foreign = invite(elsewhere, admin, at=timezone.now())

    def clean(path: str) -> str:
        page = TenantClient().get(path).content.decode().replace(path, "").replace(path.replace("/", "%2F"), "")
        return re.sub(r"[0-9a-f]{32}", "", page)

    assert clean(f"/a/under-test/invitations/{token_of(foreign)}/") == clean(f"/a/under-test/invitations/{'x' * 43}/")


def test_the_invitation_form_says_what_is_missing(alliance: Alliance, office_admin: User, client_for: ClientFor) -> None:
    response = client_for(office_admin).post(
        "/a/under-test/console/people/invite/", {"email": "not an address", "language": "en"}
    )

    assert response.status_code == 422
    assert "Choose at least one role." in response.content.decode()


def test_sending_again_and_withdrawing_on_the_page(alliance: Alliance, office_admin: User, client_for: ClientFor) -> None:
    with tenancy.acting_in(alliance):
        invitation = invite(alliance, office_admin, at=timezone.now())
    client = client_for(office_admin)
    base = f"/a/under-test/console/people/invitations/{invitation.uuid}"

    again = client.post(f"{base}/resend/")
    question = client.get(f"{base}/withdraw/")
    withdrawn = client.post(f"{base}/withdraw/")
    too_late = client.post(f"{base}/resend/")

    assert (again.status_code, question.status_code, withdrawn.status_code, too_late.status_code) == (302, 200, 302, 409)
