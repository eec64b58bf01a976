"""A passkey is made and signs in, in a real browser with a virtual authenticator, under our content security policy."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Browser, ConsoleMessage, Page

from alliance.choices import AllianceRole
from alliance.models import User
from tests.factories.alliance import make_alliance, make_member

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse battery"


@pytest.fixture
def watched(browser: Browser, live_server: Any) -> Any:
    """A page with a virtual authenticator; what the policy blocks is collected."""
    context = browser.new_context(base_url=live_server.url.replace("127.0.0.1", "localhost"), locale="en-GB")
    page = context.new_page()
    blocked: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            blocked.append(message.text)

    page.on("console", listen)
    page.set_default_timeout(60_000)
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    yield page, blocked
    context.close()


def sign_in(page: Page, user: User) -> None:
    page.goto("/a/journey/accounts/login/")
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_is_made_signs_in_alone_and_confirms(watched: Any) -> None:
    page, blocked = watched
    user = make_member(make_alliance("journey"), AllianceRole.OFFICE_ADMIN, email="anna@example.org")

    sign_in(page, user)
    page.get_by_text("One step is missing.").wait_for()
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    assert page.locator(".codes li").count() == 10
    page.get_by_role("link", name="I have kept them; go on").click()
    page.goto("/a/journey/console/people/")
    page.get_by_role("heading", name="People").wait_for()
    assert Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).count() == 1

    page.context.clear_cookies()
    page.goto("/a/journey/accounts/login/?next=/a/journey/accounts/2fa/passkeys/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("heading", name="Passkeys").wait_for()
    page.locator("li b", has_text="Laptop").wait_for()

    page.context.clear_cookies()
    sign_in(page, user)
    page.get_by_role("heading", name="Second factor").wait_for()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/a/journey/console/**")
    page.goto("/a/journey/accounts/2fa/passkeys/reauthenticate/?next=/a/journey/accounts/profile/")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Your account").wait_for()
    assert blocked == []


def test_a_browser_that_refuses_says_so_and_leaves_another_way(watched: Any) -> None:
    page, blocked = watched
    make_alliance("journey")

    page.goto("/a/journey/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("The browser did not hand over a passkey.").wait_for()

    assert page.get_by_label("Password", exact=True).is_visible()
    assert blocked == []
