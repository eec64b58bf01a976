"""Headers on every kind of response, and production settings without a warning."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import override_settings
from django.urls import path

from alliance import urls
from alliance.choices import AllianceRole
from alliance.models import Alliance
from tests.conftest import ClientFor, TenantClient
from tests.factories.alliance import make_member


def broken(_request: Any) -> Any:
    message = "broken on purpose"
    raise RuntimeError(message)


handler400, handler403, handler404 = urls.handler400, urls.handler403, urls.handler404
handler429, handler500 = urls.handler429, urls.handler500
urlpatterns = [*urls.urlpatterns, path("broken/", broken, name="broken")]

#: Kind of response, address, expected status.
KINDS = [
    ("page", "/accounts/login/", 200),
    ("redirect", "/accounts/profile/", 302),
    ("redirect of the middleware", "/a/under-test", 302),
    ("unknown page", "/nowhere/", 404),
    ("unknown alliance", "/a/nowhere/", 404),
    ("refusal of a form", "csrf", 403),
    ("error", "/broken/", 500),
    ("static file", "/static/alliance/css/tokens.css", 200),
    ("missing static file", "/static/alliance/css/nothing.css", 404),
    ("health", "/healthz", 200),
    ("wrong method", "/theme/", 405),
]


def directives(response: Any) -> dict[str, list[str]]:
    policy = response["Content-Security-Policy"]
    return {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}


def fetch(address: str) -> Any:
    client = TenantClient(raise_request_exception=False, enforce_csrf_checks=address == "csrf")
    if address == "csrf":
        return client.post("/accounts/login/", {"login": "a@example.org", "password": "x"})
    return client.get(address)


@override_settings(ROOT_URLCONF="tests.alliance.test_security_headers", WHITENOISE_USE_FINDERS=True)
@pytest.mark.parametrize(("kind", "address", "status"), KINDS)
def test_every_kind_of_response_carries_the_headers(alliance: Alliance, kind: str, address: str, status: int) -> None:
    response = fetch(address)

    assert response.status_code == status, kind
    policy = directives(response)
    assert policy["default-src"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["base-uri"] == ["'none'"]
    assert policy["form-action"] == ["'self'"]
    assert not any(
        "unsafe" in source or source in {"*", "http:", "https:"} for sources in policy.values() for source in sources
    )
    assert all(source == "'self'" or source.startswith("'nonce-") for source in policy["script-src"] + policy["style-src"])
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    assert response["X-Request-ID"]


def test_the_static_file_of_the_table_exists() -> None:
    assert finders.find("alliance/css/tokens.css")


@pytest.mark.parametrize("address", ["/accounts/profile/", "/", "/a/under-test/console/people/", "/nowhere/"])
def test_nothing_seen_after_sign_in_is_kept_by_a_cache(alliance: Alliance, client_for: ClientFor, address: str) -> None:
    client = client_for(make_member(alliance, AllianceRole.OFFICE_ADMIN))

    assert client.get(address)["Cache-Control"] == "no-store"


@override_settings(
    SECURE_HSTS_SECONDS=63_072_000, SECURE_HSTS_INCLUDE_SUBDOMAINS=True, SECURE_HSTS_PRELOAD=True, SECURE_SSL_REDIRECT=True
)
def test_strict_transport_security_over_tls_and_a_redirect_without(db: None, client: Any) -> None:
    safe = client.get("/accounts/login/", secure=True)
    plain = client.get("/accounts/login/")

    assert safe["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains; preload"
    assert plain["Location"] == "https://testserver/accounts/login/"


def test_forwarded_headers_of_strangers_are_not_believed(db: None, client: Any) -> None:
    with override_settings(SECURE_SSL_REDIRECT=True, SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https")):
        response = client.get("/accounts/login/", headers={"x-forwarded-proto": "https"})

    assert response.status_code == 301


def production(*arguments: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).resolve().parents[2]
    environment = {
        **{
            name: os.environ[name]
            for name in ("PATH", "HOME", "DATABASE_URL", "REDIS_URL", "ALLIANCE_DATA")
            if name in os.environ
        },
        "DJANGO_SETTINGS_MODULE": "alliance.settings.production",
        "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_",
        "ALLOWED_HOSTS": "alliance.example.org",
    }
    return subprocess.run(
        [sys.executable, "-W", "error::UserWarning", *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_production_settings_pass_the_deployment_check_without_a_warning() -> None:
    result = production("-m", "django", "check", "--deploy", "--fail-level", "WARNING")

    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


def test_production_cookies_are_bound_to_the_host_and_hidden_from_scripts() -> None:
    result = production(
        "-c",
        "from django.conf import settings as s; print(s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY,"
        " s.SESSION_COOKIE_SAMESITE, s.SESSION_COOKIE_DOMAIN, s.SESSION_COOKIE_PATH, s.CSRF_COOKIE_NAME, s.CSRF_COOKIE_SECURE,"
        " s.SECURE_HSTS_SECONDS)",
    )

    assert result.stdout.split() == [
        "__Host-alliance_session", "True", "True", "Lax", "None", "/", "__Host-alliance_csrf", "True", "63072000",
    ]  # fmt: skip
