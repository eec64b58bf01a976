"""One form for every error, in the reader's language; limits told in headers; doors closed by default."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from alliance.api.endpoints import Endpoint
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.api.scopes import SCOPES
from alliance.choices import AllianceRole
from alliance.kernel import limits
from alliance.models import Alliance
from tests.conftest import ClientFor
from tests.factories.alliance import address, make_member
from tests.factories.api import bearer

pytestmark = pytest.mark.django_db

PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")
MEMBERS = {"type", "title", "status", "code", "detail", "who", "remedy", "errors", "request_id"}


def routes() -> Iterator[tuple[str, str, type[Endpoint]]]:
    """Name, path and class of every endpoint of the API."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, str, type[Endpoint]]]:
        for pattern in resolver.url_patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern, path)
            elif isinstance(pattern, URLPattern) and (found := getattr(pattern.callback, "cls", None)):
                yield str(pattern.name), path, found

    yield from walk(get_resolver(settings.TENANT_URLCONF), "")


OPERATIONS = [
    (name, method, endpoint.access[method])
    for name, _path, endpoint in routes()
    if issubclass(endpoint, Endpoint) and not endpoint.undocumented
    for method in endpoint.access
]


def call(client: Client, alliance: Alliance, name: str, method: str, headers: Mapping[str, str]) -> Any:
    kwargs: dict[str, Any] = {}
    path = str(next(path for found, path, _view in routes() if found == name))
    for kind, parameter in PARAMETER.findall(path):
        if parameter == "step":
            kwargs[parameter] = "submit_product"
        elif kind == "int":
            kwargs[parameter] = 1
        else:
            kwargs[parameter] = "01933f0e-6e8a-7c3e-8a51-5b8f0a2d1c4b" if kind == "uuid" else "nothing"
    return client.generic(
        method, address(alliance, name, **kwargs), b"{}", content_type="application/json", headers=dict(headers)
    )


@pytest.mark.parametrize(
    ("name", "method", "access"), OPERATIONS, ids=[f"{method} {name}" for name, method, _a in OPERATIONS]
)
def test_each_operation_takes_its_scope_and_no_other(
    client: Client, alliance: Alliance, name: str, method: str, access: Access
) -> None:
    nobody = call(client, alliance, name, method, {})
    if access.anonymous:
        assert nobody.status_code not in {401, 403} or name == "api_token"
        return
    assert nobody.status_code == 401
    assert nobody.json()["code"] == "not_authenticated"
    others = [scope for scope in SCOPES if scope != access.scope]

    denied = call(client, alliance, name, method, bearer(client, alliance, others))

    assert denied.status_code == 403
    assert denied.json()["code"] == "insufficient_scope"
    if access.scope:
        allowed = call(client, alliance, name, method, bearer(client, alliance, [access.scope]))
        assert allowed.status_code in {200, 400, 404, 422}, allowed.content


def test_every_endpoint_says_who_may_call_it() -> None:
    for name, _path, endpoint in routes():
        if name in {"api_schema", "api_unknown"}:
            continue
        assert issubclass(endpoint, Endpoint), name
        handlers = {method for method in ("GET", "POST", "PUT", "PATCH", "DELETE") if hasattr(endpoint, method.lower())}
        assert handlers == set(endpoint.access), name
    used = {
        endpoint.access[method].scope
        for _n, _p, endpoint in routes()
        if issubclass(endpoint, Endpoint)
        for method in endpoint.access
    }
    assert used - {""} == set(SCOPES)


def test_an_endpoint_that_declares_nothing_is_closed(alliance: Alliance, rf: Any) -> None:
    class Forgotten(Endpoint):
        def get(self, _request: Any) -> Any:
            raise AssertionError

    person = make_member(alliance, AllianceRole.OFFICE_ADMIN)
    request = rf.get("/api/v1/forgotten/")
    request.alliance = alliance
    request.user = person

    answer = Forgotten.as_view()(request)

    assert answer.status_code in {401, 403}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "api/v1/nothing/here/", 404, "not_found"),
        ("POST", "api/v1/nothing/here/", 404, "not_found"),
        ("GET", "api/v1/institutions/never-was/", 404, "not_found"),
        ("DELETE", "api/v1/institutions/", 405, "method_not_allowed"),
        ("PUT", "api/v1/products/P-1/", 405, "method_not_allowed"),
    ],
)
def test_errors_have_one_form(client: Client, alliance: Alliance, method: str, path: str, status: int, code: str) -> None:
    headers = bearer(client, alliance)

    answer = client.generic(method, f"/a/{alliance.slug}/{path}", headers=headers)

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()) >= MEMBERS
    assert answer.json()["code"] == code
    assert answer.json()["status"] == status
    assert code in problem_titles


def test_an_unknown_alliance_answers_machines_in_the_same_form(client: Client, db: None) -> None:
    answer = client.get("/a/nowhere/api/v1/products/")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_an_error_nobody_foresaw_says_nothing_about_its_inside(
    client: Client, alliance: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("secret inside")

    headers = bearer(client, alliance)
    monkeypatch.setattr("alliance.kernel.projection.Projection.page_statement", fall)
    client.raise_request_exception = False

    answer = client.get(address(alliance, "api_product_list"), headers=headers)

    assert answer.status_code == 500
    assert answer.json()["code"] == "server_error"
    assert answer.json()["request_id"] == answer["X-Request-ID"]
    assert b"secret inside" not in answer.content


def test_texts_follow_the_readers_language(client: Client, alliance: Alliance) -> None:
    english = client.get(address(alliance, "api_product_list"), headers={"Accept-Language": "en"})
    chinese = client.get(address(alliance, "api_product_list"), headers={"Accept-Language": "zh-CN,zh;q=0.9"})

    assert english["Content-Language"] == "en"
    assert chinese["Content-Language"] == "zh-hans"
    assert english.json()["code"] == chinese.json()["code"]


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (b"{not json", "application/json", 400, "malformed_request"),
        (b"<a/>", "text/xml", 415, "unsupported_media_type"),
        (b"[]", "application/json", 422, "invalid_input"),
        (b'{"score": 9}', "application/json", 422, "invalid_input"),
    ],
)
def test_bodies_that_cannot_be_taken(
    client: Client, alliance: Alliance, body: bytes, media_type: str, status: int, code: str
) -> None:
    headers = {**bearer(client, alliance), "Idempotency-Key": "key-00000001"}

    answer = client.generic(
        "POST", address(alliance, "api_rating_list", code="e"), body, content_type=media_type, headers=headers
    )

    assert answer.status_code == status, answer.content
    assert answer.json()["code"] == code


def test_a_field_that_is_not_known_is_refused_and_not_ignored(client: Client, alliance: Alliance) -> None:
    headers = {**bearer(client, alliance), "Idempotency-Key": "key-00000001"}
    body = {"score": 4, "client_kind": "industry", "email": "a@example.org", "state": "confirmed"}

    answer = client.post(
        address(alliance, "api_rating_list", code="e"), body, content_type="application/json", headers=headers
    )

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["state"]


def test_codes_are_listed_for_everybody(client: Client, alliance: Alliance) -> None:
    listed = client.get(address(alliance, "api_problem_list")).json()["results"]

    assert {row["code"] for row in listed} == set(problem_titles)
    assert all(row["title"] for row in listed)


@pytest.mark.parametrize("module", ["operations/actions/product.py", "operations/actions/feedback.py"])
def test_every_code_that_an_action_behind_the_api_may_raise_is_listed(module: str) -> None:
    text = (settings.BASE_DIR / module).read_text(encoding="utf-8")

    raised = set(re.findall(r'\bcode ?= ?"([a-z_]+)"', text))

    assert raised
    assert raised <= set(problem_titles)


def test_a_session_may_read_but_writes_need_the_csrf_token(client_for: ClientFor, alliance: Alliance) -> None:
    secretary = make_member(alliance, AllianceRole.SECRETARIAT)
    client = client_for(secretary, enforce_csrf_checks=True)

    assert client.get(address(alliance, "api_product_list")).status_code == 200
    refused = client.post(address(alliance, "api_product_list"), {}, content_type="application/json")

    assert refused.status_code == 403
    assert refused.json()["code"] == "csrf_failed"


def test_the_standing_is_told_and_at_the_limit_the_waiting_time(client: Client, alliance: Alliance, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api_client": "2 per minute"}
    busy = bearer(client, alliance, ["products:read"])
    other = bearer(client, alliance, ["products:read"])
    url = address(alliance, "api_product_list")

    first, second, third = (client.get(url, headers=busy) for _turn in range(3))

    assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == ("2", "1")
    assert second["RateLimit-Remaining"] == "0"
    assert third.status_code == 429
    assert third.json()["code"] == "rate_limited"
    assert 1 <= int(third["Retry-After"]) <= 60
    assert third["RateLimit-Remaining"] == "0"
    assert client.get(url, headers=other).status_code == 200


def test_without_valkey_reads_pass_and_forms_go_on_counting(
    client: Client, alliance: Alliance, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = bearer(client, alliance, ["products:read"])
    limits._limiter.cache_clear()
    settings.CACHE_URL = "unix:///nonexistent/valkey.sock"
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api_client": "1 per minute", "public_form": "3 per hour"}

    try:
        assert [client.get(address(alliance, "api_product_list"), headers=headers).status_code for _n in range(3)] == [
            200
        ] * 3
        for _turn in range(3):
            limits.hit("public_form", alliance.pk, "somebody")
        with pytest.raises(limits.RateLimitedError) as caught:
            limits.hit("public_form", alliance.pk, "somebody")
        limits.hit("public_form", alliance.pk, "somebody else")
    finally:
        limits._limiter.cache_clear()
    assert caught.value.status == 429
    assert caught.value.standing.reset_seconds >= 1


def test_networks_are_counted_together() -> None:
    assert limits.network_of("203.0.113.9") == "203.0.113.0/24"
    assert limits.network_of("::ffff:203.0.113.9") == "203.0.113.0/24"
    assert limits.network_of("2001:db8:1:2ff::9") == "2001:db8:1:200::/56"
    assert limits.network_of("unix:") == "unix:"
