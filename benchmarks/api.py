"""Hot list and detail of the API against a raw program with the same SQL and against a plain REST framework view."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from benchmarks.harness import Result, alternate, at_least, report, wsgi_get

SLUG = "bench-2"


def run(addresses: dict[str, str]) -> list[Result]:
    """All in this process through WSGI, with a machine client's token, the middleware and throttling ours really has."""
    import psycopg2
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    settings.TENANT_URLCONF = "benchmarks.plain_urls"
    settings.RATE_LIMITS["api_client"] = "100000000 per minute"
    from alliance.kernel.projection import Condition
    from alliance.models import Alliance
    from operations.api.products import PRODUCT

    application = get_wsgi_application()
    alliance = Alliance.objects.get(slug=SLUG)
    token = make_token(alliance)
    released = Condition("{t}.state = 'released'")  # what the endpoint asks for a machine
    list_sql, list_params = PRODUCT.page_statement(alliance, PRODUCT.read({}), (released,))
    detail_sql, detail_params = PRODUCT.record_statement(alliance, "P-77", PRODUCT.read({}, single=True), (released,))
    connection = psycopg2.connect(addresses["DATABASE_URL"])

    def raw(sql: str, params: dict[str, Any]) -> Callable[[Any, Any], list[bytes]]:
        def program(_environ: Any, start_response: Any) -> list[bytes]:
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT set_config('app.alliance_id', %s, true)", [str(alliance.pk)])
                cursor.execute(sql, params)
                body = (cursor.fetchone() or ("",))[0].encode()
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
            return [body]

        return program

    raw_list, raw_detail = raw(list_sql, list_params), raw(detail_sql, detail_params)

    def get(path: str, **headers: str) -> tuple[str, dict[str, str], bytes]:
        return wsgi_get(application, f"/a/{SLUG}/{path}", **headers)

    bearer = {"authorization": f"Bearer {token}"}
    status, headers, body = get("api/v1/products/", **bearer)
    plain_status, _headers, plain_body = get("plain/products/")
    ours, theirs = json.loads(body), json.loads(plain_body)
    if not status.startswith("200") or not plain_status.startswith("200") or len(ours["results"]) != 50:
        message = f"{status} {plain_status} {body[:300]!r}"
        raise RuntimeError(message)
    if [row["code"] for row in ours["results"]] != [row["code"] for row in theirs["results"]]:
        message = "the plain view lists other products"
        raise RuntimeError(message)
    tag = headers["ETag"]

    medians = alternate(
        {
            "raw_list": lambda: wsgi_get(raw_list, "/"),
            "ours_list": lambda: get("api/v1/products/", **bearer),
            "plain_list": lambda: get("plain/products/"),
            "raw_detail": lambda: wsgi_get(raw_detail, "/"),
            "ours_detail": lambda: get("api/v1/products/P-77/", **bearer),
            "plain_detail": lambda: get("plain/products/P-77/"),
            "unchanged": lambda: get("api/v1/products/", if_none_match=tag, **bearer),
        },
        times=40,
    )
    connection.close()
    raw_share = medians["raw_list"] / medians["ours_list"]
    raw_share_detail = medians["raw_detail"] / medians["ours_detail"]
    note = "token, scope, limit and language checks included in ours only"
    count = len(asked_for(lambda: get("api/v1/products/", **bearer)))
    count_detail = len(asked_for(lambda: get("api/v1/products/P-77/", **bearer)))
    return [
        report(Result("api_list_queries", count, 5, count / 5, "<= 5 queries", count <= 5, unit="queries")),
        report(
            Result(
                "api_detail_queries", count_detail, 5, count_detail / 5, "<= 5 queries", count_detail <= 5, unit="queries"
            )
        ),
        report(
            Result(
                "api_list_raw", medians["ours_list"], medians["raw_list"], raw_share, ">= 0.5", raw_share >= 0.5, note=note
            )
        ),
        at_least("api_list_plain", medians["ours_list"], medians["plain_list"], 5.0),
        report(
            Result(
                "api_detail_raw",
                medians["ours_detail"],
                medians["raw_detail"],
                raw_share_detail,
                ">= 0.5",
                raw_share_detail >= 0.5,
                note=note,
            )
        ),
        at_least("api_detail_plain", medians["ours_detail"], medians["plain_detail"], 3.0),
        at_least("api_unchanged_304", medians["unchanged"], medians["ours_list"], 4.0),
    ]


def asked_for(call: Callable[[], Any]) -> list[str]:
    """The statements that a call sends to the database."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        call()
    return [query["sql"] for query in queries.captured_queries]


def make_token(alliance: Any) -> str:
    """A machine client's token, made as the token endpoint makes it."""
    from alliance.kernel import tenancy

    with tenancy.acting_in(alliance):
        return _make_token(alliance)


def _make_token(alliance: Any) -> str:
    import secrets
    from datetime import timedelta

    from django.utils import timezone
    from oauth2_provider.models import AccessToken

    from alliance.models import ApiClient

    client = ApiClient.objects.create(
        alliance=alliance,
        name="benchmark",
        organisation="benchmark",
        purpose="benchmark",
        client_type=ApiClient.CLIENT_CONFIDENTIAL,
        authorization_grant_type=ApiClient.GRANT_CLIENT_CREDENTIALS,
        scopes=["products:read"],
    )
    token = secrets.token_urlsafe(32)
    AccessToken.objects.create(
        application=client, token=token, scope="products:read", expires=timezone.now() + timedelta(hours=2)
    )
    return token
