"""Sign-in, password, sessions and the own account, on the platform and in an alliance."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.test.utils import CaptureQueriesContext

from alliance.choices import AllianceRole
from alliance.models import Alliance, User
from alliance.views.accounts import eager
from tests.conftest import ClientFor, TenantClient
from tests.factories.alliance import give_role, make_alliance, make_member, make_user

PASSWORD = "correct horse battery"
OPEN = ["login/", "signup/", "password/reset/", "password/reset/done/", "password/reset/key/done/", "inactive/"]
OWN = [
    "profile/",
    "2fa/",
    "2fa/passkeys/",
    "sessions/",
    "password/change/",
    "reauthenticate/",
    "choose/alliance/",
    "logout/",
]


@pytest.fixture(autouse=True)
def _no_counts_from_other_tests() -> None:
    cache.clear()


def sign_in(client: Any, email: str, password: str = PASSWORD, prefix: str = "/", **extra: Any) -> Any:
    return client.post(f"{prefix}accounts/login/", {"login": email, "password": password}, **extra)


@pytest.mark.parametrize("prefix", ["/", "/a/under-test/"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_account_page_draws_and_holds_nothing_that_the_content_policy_forbids(
    alliance: Alliance, client_for: ClientFor, prefix: str, language: str
) -> None:
    user = make_user()
    for reader, routes in ((None, OPEN), (user, OWN)):
        client = client_for(reader)
        client.cookies["django_language"] = language
        for route in routes:
            response = client.get(f"{prefix}accounts/{route}")
            page = response.content.decode()

            assert response.status_code == 200, route
            assert not re.search(r"<script(?![^>]*(\bsrc=|application/json))", page), route
            assert not re.search(r"\s(style|on[a-z]+)=[\"']", page), route
            assert page.count("<h1") == 1, route


@pytest.mark.parametrize("route", OWN)
def test_the_own_account_is_closed_to_strangers(alliance: Alliance, client: Any, route: str) -> None:
    response = client.get(f"/a/under-test/accounts/{route}")

    assert response.status_code == 302
    assert "/a/under-test/" in response["Location"]


def test_forms_speak_in_our_words(db: None, client: Any) -> None:
    page = client.get("/accounts/login/").content.decode()

    assert '<label for="id_login">E-mail address</label>' in page
    assert page.count("Forgot your password?") == 1
    assert "placeholder" not in page


def test_there_is_no_sign_up(alliance: Alliance, client: Any) -> None:
    page = client.get("/accounts/signup/")
    posted = client.post("/accounts/signup/", {"email": "new@example.org", "password1": PASSWORD})

    assert b"by invitation" in page.content
    assert posted.status_code == 405
    assert not User.objects.filter(email="new@example.org").exists()


def test_sign_in_leads_to_the_start_page_and_keeps_a_wanted_address(alliance: Alliance, client: Any) -> None:
    make_user("anna@example.org")

    plain = sign_in(client, "Anna@Example.org ", prefix="/a/under-test/")
    client.post("/a/under-test/accounts/logout/")
    wanted = client.post(
        "/a/under-test/accounts/login/",
        {"login": "anna@example.org", "password": PASSWORD, "next": "/a/under-test/accounts/profile/"},
    )

    assert plain["Location"] == "/a/under-test/accounts/start/"
    assert wanted["Location"] == "/a/under-test/accounts/profile/"


@pytest.mark.parametrize("role", AllianceRole.values)
def test_every_role_starts_on_a_page_that_is_open_to_it(alliance: Alliance, client_for: ClientFor, role: str) -> None:
    client = client_for(make_member(alliance, role))

    page = client.get("/a/under-test/accounts/start/", follow=True)
    inbox = client.get("/a/under-test/inbox/")

    assert page.status_code == 200
    assert page.request["PATH_INFO"].startswith("/a/under-test/console/")
    assert "/a/under-test/portal/" not in inbox.content.decode(), "the way back leads to the console, not to a portal"


def test_sign_in_never_leads_to_another_site(alliance: Alliance, client: Any) -> None:
    make_user("anna@example.org")

    response = client.post(
        "/accounts/login/", {"login": "anna@example.org", "password": PASSWORD, "next": "https://evil.example/"}
    )

    assert response["Location"] == "/accounts/start/"


def test_unknown_and_known_addresses_get_the_same_answer_for_the_same_work(
    db: None, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("anna@example.org")
    runs: list[str] = []
    original = MD5PasswordHasher.encode

    def count(self: Any, password: str, salt: str) -> str:
        runs.append(password)
        return str(original(self, password, salt))

    monkeypatch.setattr(MD5PasswordHasher, "encode", count)

    known = sign_in(client, "anna@example.org", "wrong wrong wrong")
    work_for_known = len(runs)
    unknown = sign_in(client, "nobody@example.org", "wrong wrong wrong")
    work_for_unknown = len(runs) - work_for_known

    def clean(response: Any, address: str) -> str:
        text = re.sub(r'value="[^"]*"', "", response.content.decode())
        return re.sub(r"[0-9a-f]{32}", "", text).replace(address, "")

    assert known.status_code == unknown.status_code == 200
    assert clean(known, "anna@example.org") == clean(unknown, "nobody@example.org")
    assert "E-mail address or password is not right." in known.content.decode()
    assert work_for_known == work_for_unknown == 1


def test_the_sixth_wrong_password_in_a_quarter_of_an_hour_answers_429_and_others_get_in(db: None, client: Any) -> None:
    make_user("anna@example.org")
    make_user("bert@example.org")
    for _try in range(5):
        assert sign_in(client, "anna@example.org", "wrong wrong wrong").status_code == 200

    client.cookies["django_language"] = "zh-hans"
    refused = sign_in(client, "anna@example.org", "wrong wrong wrong")
    neighbour = sign_in(TenantClient(), "bert@example.org")

    assert refused.status_code == 429
    assert int(refused["Retry-After"]) == 900
    assert 'lang="zh-Hans"' in refused.content.decode()
    assert "anna@example.org" in refused.content.decode(), "what was typed is not lost"
    assert neighbour.status_code == 302, "a real person behind the same network still gets in"


def test_twenty_failures_from_one_network_close_it_for_a_while(db: None) -> None:
    make_user("anna@example.org")
    for number in range(20):
        sign_in(TenantClient(), f"nobody{number}@example.org", "wrong wrong wrong", REMOTE_ADDR="198.51.100.7")

    same = sign_in(TenantClient(), "anna@example.org", "wrong wrong wrong", REMOTE_ADDR="198.51.100.7")
    elsewhere = sign_in(TenantClient(), "anna@example.org", REMOTE_ADDR="203.0.113.9")

    assert same.status_code == 429
    assert elsewhere.status_code == 302


def test_too_many_requests_get_a_page_of_ours_in_the_readers_language(db: None, client: Any, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login": "1/15m/ip"}
    sign_in(client, "anna@example.org")

    response = sign_in(client, "anna@example.org")

    assert response.status_code == 429
    assert response["Retry-After"] == "900"
    assert "Too many tries" in response.content.decode()
    assert "<main" in response.content.decode()


def test_a_forgotten_password_is_set_by_a_link_inside_the_alliance(alliance: Alliance, client: Any) -> None:
    user = make_user("anna@example.org", language="zh-hans")
    elsewhere = TenantClient()
    elsewhere.force_login(user, backend="alliance.kernel.permissions.RoleBackend")

    client.post("/a/under-test/accounts/password/reset/", {"email": "anna@example.org"})
    message = mail.outbox[0]
    link = re.search(r"http://testserver(/a/under-test/accounts/password/reset/key/\S+)", str(message.body))
    assert link is not None
    form = client.get(link[1], follow=True)
    done = client.post(
        form.request["PATH_INFO"], {"password1": "several unrelated words", "password2": "several unrelated words"}
    )

    assert message.to == ["anna@example.org"]
    assert message.subject.startswith("[联盟 under-test]"), "in the account's language, whoever asked"
    assert done.status_code == 302
    user.refresh_from_db()
    assert user.check_password("several unrelated words")
    assert elsewhere.get("/a/under-test/accounts/profile/").status_code == 302, "sessions elsewhere have ended"
    used_again = TenantClient().get(link[1], follow=True)
    assert "used before" in used_again.content.decode()


def test_asking_for_a_new_password_tells_nobody_who_has_an_account(db: None, client: Any) -> None:
    make_user("anna@example.org")

    known = client.post("/accounts/password/reset/", {"email": "anna@example.org"}, follow=True)
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.org"}, follow=True)

    def clean(response: Any) -> str:
        return re.sub(r'value="[^"]*"|[0-9a-f]{32}', "", response.content.decode())

    assert clean(known) == clean(unknown)
    assert [message.to for message in mail.outbox] == [["anna@example.org"], ["nobody@example.org"]]


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short one", "too short"),
        ("x" * 129, "128"),
        ("qwertyuiop123", "common"),
        ("under-test-under", "guess"),
        ("alliancealliance", "guess"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(
    alliance: Alliance, client_for: ClientFor, password: str, reason: str
) -> None:
    if reason == "guess" and password.startswith("under"):
        Alliance.objects.filter(pk=alliance.pk).update(name_en="Under-test-under")
    client = client_for(make_user("anna@example.org"))

    response = client.post(
        "/a/under-test/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": password, "password2": password},
    )

    assert response.status_code == 200
    assert reason in response.content.decode()


def test_a_long_password_is_kept_whole(db: None, client_for: ClientFor) -> None:
    user = make_user("anna@example.org")
    password = "many unrelated words " * 6 + "12"
    assert len(password) == 128

    client_for(user).post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": password, "password2": password}
    )

    user.refresh_from_db()
    assert user.check_password(password)
    assert not user.check_password(password[:127])


def test_a_changed_password_ends_every_other_session_and_tells_the_person(db: None) -> None:
    user = make_user("anna@example.org")
    here, elsewhere = TenantClient(), TenantClient()
    sign_in(here, user.email)
    sign_in(elsewhere, user.email)

    here.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "several unrelated words", "password2": "several unrelated words"},
    )

    assert here.get("/accounts/profile/").status_code == 200
    assert elsewhere.get("/accounts/profile/").status_code == 302
    assert mail.outbox[-1].to == ["anna@example.org"]
    assert "127.0.0.1" in str(mail.outbox[-1].body)


def test_people_see_and_end_their_own_sessions_only(db: None) -> None:
    user, other = make_user("anna@example.org"), make_user("bert@example.org")
    here, elsewhere, foreign = TenantClient(), TenantClient(), TenantClient()
    sign_in(here, user.email, headers={"user-agent": "Browser here"})
    sign_in(elsewhere, user.email, headers={"user-agent": "Browser elsewhere"})
    sign_in(foreign, other.email, headers={"user-agent": "Browser of Bert"})
    sessions = {session.user_agent: session.pk for session in _sessions()}

    page = here.get("/accounts/sessions/").content.decode()
    refused = here.post(f"/accounts/sessions/{sessions['Browser of Bert']}/end/")
    here.post(f"/accounts/sessions/{sessions['Browser elsewhere']}/end/")

    assert "Browser elsewhere" in page
    assert "Browser of Bert" not in page
    assert refused.status_code == 404
    assert foreign.get("/accounts/profile/").status_code == 200
    assert elsewhere.get("/accounts/profile/").status_code == 302
    assert here.get("/accounts/profile/").status_code == 200


def _sessions() -> Any:
    from allauth.usersessions.models import UserSession

    return UserSession.objects.all()


def test_the_profile_keeps_names_language_and_shortcuts(db: None, client_for: ClientFor) -> None:
    user = make_user("anna@example.org")
    client = client_for(user)

    saved = client.post("/accounts/profile/", {"name_en": "Anna Li", "name_zh": "李安娜", "language": "zh-hans"})
    nameless = client.post("/accounts/profile/", {"name_en": " ", "name_zh": "", "language": "en"})

    user.refresh_from_db()
    assert saved.status_code == 302
    assert saved.cookies["django_language"].value == "zh-hans"
    assert (user.name_en, user.name_zh, user.language, user.shortcuts_enabled) == ("Anna Li", "李安娜", "zh-hans", False)
    assert nameless.status_code == 422


def test_a_closed_account_cannot_sign_in(db: None, client: Any) -> None:
    make_user("anna@example.org", is_active=False)

    response = sign_in(client, "anna@example.org")

    assert response["Location"] == "/accounts/inactive/"
    assert client.get("/accounts/profile/").status_code == 302


# -- where people go -----------------------------------------------------------------------------------------------------


def test_the_platform_sends_a_person_of_one_alliance_there(alliance: Alliance, client_for: ClientFor) -> None:
    client = client_for(make_member(alliance, AllianceRole.SECRETARIAT))

    assert client.get("/accounts/start/")["Location"] == "/a/under-test/accounts/start/"


def test_a_person_of_one_other_alliance_is_told_so_and_sent_there(
    alliance: Alliance, other_alliance: Alliance, client_for: ClientFor
) -> None:
    client = client_for(make_member(other_alliance, AllianceRole.SECRETARIAT))

    start = client.get("/a/under-test/accounts/start/", follow=True)

    assert start.redirect_chain[0][0] == "/a/other/accounts/start/"
    assert "holds no role in" in start.content.decode()


def test_a_person_without_any_place_stays_at_the_choice(alliance: Alliance, client_for: ClientFor) -> None:
    client = client_for(make_user("guest@example.org"))

    assert client.get("/a/under-test/accounts/start/")["Location"] == "/a/under-test/accounts/choose/alliance/"


def test_a_person_of_two_alliances_chooses(alliance: Alliance, other_alliance: Alliance, client_for: ClientFor) -> None:
    user = make_member(alliance, AllianceRole.SECRETARIAT)
    give_role(user, other_alliance, AllianceRole.COMMITTEE)
    make_alliance("stranger", name_en="An alliance of strangers")
    client = client_for(user)

    start = client.get("/accounts/start/")
    page = client.get("/accounts/choose/alliance/").content.decode()

    assert start["Location"] == "/accounts/choose/alliance/"
    assert "/a/under-test/accounts/start/" in page
    assert "/a/other/accounts/start/" in page
    assert "An alliance of strangers" not in page


def test_a_person_without_a_role_is_told_so(alliance: Alliance, client_for: ClientFor) -> None:
    response = client_for(make_user()).get("/a/under-test/accounts/start/", follow=True)

    assert "holds no role" in response.content.decode()


def test_an_allauth_page_is_drawn_inside_the_view() -> None:
    drawn_when: list[str] = []

    class Lazy(TemplateResponse):
        def render(self) -> Any:
            drawn_when.append("drawn")
            self.content = b"x"
            return self

    def view(request: HttpRequest) -> HttpResponse:
        return Lazy(request, "unused.html")

    eager(view)(HttpRequest())

    assert drawn_when == ["drawn"]


# -- front page ----------------------------------------------------------------------------------------------------------


def test_the_front_page_lists_every_alliance_and_marks_demonstrations(alliance: Alliance, client: Any) -> None:
    make_alliance("showcase", name_en="Showcase", is_demonstration=True, parent=None)
    make_alliance("hosted", name_en="Hosted", host="hosted.example.org")

    with CaptureQueriesContext(connection) as queries:
        response = client.get("/")
    page = response.content.decode()

    assert sum('"alliance_alliance"' in query["sql"] for query in queries) == 1
    assert page.index("Alliance under-test") < page.index("Showcase")
    assert page.count("Demonstration") == 1
    assert 'href="/a/showcase/"' in page
    assert "hosted.example.org/" in page
    assert "/accounts/login/" in page


def test_the_front_page_shows_first_where_the_person_acts(alliance: Alliance, client_for: ClientFor) -> None:
    client = client_for(make_member(alliance, AllianceRole.SECRETARIAT))

    page = client.get("/").content.decode()

    assert "Where you act" in page
    assert 'href="/a/under-test/accounts/start/"' in page
