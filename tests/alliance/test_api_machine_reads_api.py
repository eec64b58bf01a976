"""The short road for machines: the same answers as the ordinary road, and no way around anything it checks."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oauth2_provider.models import AccessToken

from alliance.actions.api_clients import revoke_client
from alliance.api import machine_reads
from alliance.kernel import limits, tenancy
from alliance.models import Alliance, ApiClient
from operations.models import Product
from tests.alliance.test_api_lists_api import fill
from tests.factories.alliance import address, make_alliance
from tests.factories.api import ask_token, basic, bearer, make_api_client

pytestmark = pytest.mark.django_db

SHORT = "alliance.api.machine_reads.MachineReadMiddleware"
CHANGES_BY_REQUEST = {"X-Request-ID", "RateLimit-Remaining", "RateLimit-Reset"}


def facts(answer: Any) -> tuple[int, dict[str, str], bytes]:
    """What a client sees, without what differs from call to call."""
    headers = {name: value for name, value in answer.headers.items() if name not in CHANGES_BY_REQUEST}
    headers["Vary"] = ", ".join(sorted(headers.get("Vary", "").split(", ")))
    body = answer.content
    if answer.status_code >= 400:
        body = body.replace(answer.headers["X-Request-ID"].encode(), b"")
    return answer.status_code, headers, body


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Status of each answer that the short road gave."""
    given: list[int] = []
    original = machine_reads.read

    def read(request: Any) -> Any:
        response = original(request)
        if response is not None:
            given.append(response.status_code)
        return response

    monkeypatch.setattr(machine_reads, "read", read)
    return given


PATHS = [
    ("api/v1/products/", 200),
    ("api/v1/products/?page_size=2", 200),
    ("api/v1/products/?fields=code,author.code&ordering=code", 200),
    ("api/v1/products/P-001/", 200),
    ("api/v1/institutions/", 200),
    ("api/v1/catalogue/", 200),
    ("api/v1/products/never-was/", None),
    ("api/v1/products/?nothing=1", None),
    ("api/v1/products/?page_size=x", None),
    ("api/v1/nothing/", None),
]


@pytest.mark.parametrize(("path", "short"), PATHS)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_both_roads_give_the_same_answer(
    client: Client,
    alliance: Alliance,
    settings: Any,
    counted: list[int],
    path: str,
    short: int | None,
    language: str,
    method: str,
) -> None:
    fill(alliance, 4)
    headers = {**bearer(client, alliance), "Accept-Language": language}
    url = f"/a/{alliance.slug}/{path}"

    here = getattr(client, method)(url, headers=headers)
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != SHORT]
    there = getattr(Client(), method)(url, headers=headers)

    assert counted == ([] if short is None else [short])
    assert facts(here) == facts(there)


def test_an_unchanged_answer_is_the_same_on_both_roads(
    client: Client, alliance: Alliance, settings: Any, counted: list[int]
) -> None:
    fill(alliance, 2)
    headers = bearer(client, alliance)
    url = address(alliance, "api_product_list")
    asked = {**headers, "If-None-Match": client.get(url, headers=headers)["ETag"]}

    here = client.get(url, headers=asked)
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != SHORT]
    there = Client().get(url, headers=asked)

    assert counted == [200, 304]
    assert facts(here) == facts(there)


def test_an_alliance_is_found_by_its_host_name_too(client: Client, counted: list[int]) -> None:
    hosted = make_alliance("hosted", host="alliance.example.org")
    fill(hosted, 1)
    made = make_api_client(hosted, ["products:read"])
    answer = client.post(
        "/api/v1/oauth/token/",
        {"grant_type": "client_credentials"},
        headers={"Authorization": basic(made.client.client_id, made.secret)},
        HTTP_HOST="alliance.example.org",
    )
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    other = make_alliance("neighbour")

    found = client.get("/api/v1/products/", headers=headers, HTTP_HOST="alliance.example.org")
    across = client.get(f"/a/{other.slug}/api/v1/products/", headers=headers, HTTP_HOST="alliance.example.org")

    assert found.status_code == 200
    assert found.json()["results"][0]["code"] == "P-000"
    assert across.status_code == 404
    assert counted == [200]


def test_a_token_of_another_alliance_opens_nothing(
    client: Client, alliance: Alliance, other_alliance: Alliance, counted: list[int]
) -> None:
    fill(alliance, 1)
    fill(other_alliance, 1)
    headers = bearer(client, other_alliance)
    assert client.get(address(other_alliance, "api_product_list"), headers=headers).status_code == 200

    assert client.get(address(alliance, "api_product_list"), headers=headers).status_code == 401
    assert client.get(address(other_alliance, "api_product_list"), headers=headers).status_code == 200
    assert counted == [200, 200]


def test_refusals_are_left_to_the_ordinary_road(client: Client, alliance: Alliance, counted: list[int]) -> None:
    fill(alliance, 1)
    url = address(alliance, "api_product_list")
    narrow = bearer(client, alliance, ["groups:read"])
    fenced = bearer(client, alliance, ["products:read"])
    ended = bearer(client, alliance, ["products:read"])
    with tenancy.acting_in(alliance):
        ids = list(ApiClient.objects.order_by("-pk").values_list("pk", flat=True)[:2])
        ApiClient.objects.filter(pk=ids[1]).update(networks=["203.0.113.0/24"])
        AccessToken.objects.filter(application_id=ids[0]).update(expires=timezone.now() - timedelta(seconds=1))

    assert client.get(url, headers={"Authorization": "Bearer nobody"}).status_code == 401
    assert client.get(url, headers={"Authorization": "Bearer "}).status_code == 401
    assert client.get(url, headers=narrow).json()["code"] == "insufficient_scope"
    assert client.get(url, headers=fenced).json()["code"] == "network_not_allowed"
    assert client.get(url, headers=ended).status_code == 401
    assert counted == []


@pytest.mark.django_db(transaction=True)
def test_in_production_shape_one_statement_reads_and_nothing_stays_behind(
    client: Client, alliance: Alliance, counted: list[int]
) -> None:
    fill(alliance, 3)
    headers = bearer(client, alliance, ["products:read"])
    url = address(alliance, "api_product_list")
    client.get(url, headers=headers)

    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url, headers=headers)

    assert answer.status_code == 200
    assert len(answer.json()["results"]) == 3
    assert len(queries) == 1
    assert counted == [200, 200]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.alliance_id', true)")
        assert cursor.fetchone() in {("",), (None,)}


@pytest.mark.django_db(transaction=True)
def test_changes_and_revocation_are_seen_with_the_next_call(client: Client, alliance: Alliance, counted: list[int]) -> None:
    fill(alliance, 1)
    made = make_api_client(alliance, ["products:read"])
    headers = {"Authorization": f"Bearer {ask_token(client, alliance, made).json()['access_token']}"}
    url = address(alliance, "api_product_list")
    tag = client.get(url, headers=headers)["ETag"]
    asked = {**headers, "If-None-Match": tag}
    assert client.get(url, headers=asked).status_code == 304

    with tenancy.acting_in(alliance):
        Product.objects.update(title_en="Changed")
    changed = client.get(url, headers=asked)
    assert (changed.status_code, changed.json()["results"][0]["title_en"]) == (200, "Changed")
    assert changed["ETag"] != tag
    assert counted == [200, 304, 200]

    with tenancy.acting_in(alliance):
        revoke_client(alliance, made.client.client_id, actor=None, at=timezone.now())
    assert client.get(url, headers=asked).status_code == 401


def test_a_session_goes_the_ordinary_road(client: Client, alliance: Alliance, settings: Any, counted: list[int]) -> None:
    fill(alliance, 1)
    headers = bearer(client, alliance)
    client.cookies[settings.SESSION_COOKIE_NAME] = "some-session"

    assert client.get(address(alliance, "api_product_list"), headers=headers).status_code == 200
    assert counted == []


# -- Calls counted in advance -----------------------------------------------------------------------------------------


def test_calls_counted_in_advance_never_pass_the_limit(settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api_client": "100 per minute"}

    for taken in range(1, 101):
        assert limits.hit_in_advance("api_client", "advance", "one").remaining == 100 - taken
    for _turn in range(30):
        with pytest.raises(limits.RateLimitedError):
            limits.hit_in_advance("api_client", "advance", "one")

    limits.hit_in_advance("api_client", "advance", "two")


def test_calls_that_were_not_made_are_given_back(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api_client": "200 per minute"}
    for _turn in range(4):  # 1, then 2 of 2, then 1 of 4
        limits.hit_in_advance("api_client", "given back", "one")
    assert limits.hit("api_client", "given back", "one").remaining == 200 - 7 - 1

    later = time.monotonic() + 2
    monkeypatch.setattr(time, "monotonic", lambda: later)

    assert limits.hit_in_advance("api_client", "given back", "one").remaining == 200 - 4 - 1 - 1


def test_two_processes_share_one_limit(settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api_client": "100 per minute"}
    here: dict[Any, Any] = {}
    there: dict[Any, Any] = {}
    taken = 0

    for turn in range(300):
        limits._leases = here if turn % 3 else there  # each process has leases of its own
        try:
            limits.hit_in_advance("api_client", "shared", "one")
        except limits.RateLimitedError:
            continue
        taken += 1

    limits._leases = {}
    assert 90 <= taken <= 100
