"""The same request, sent twice, acts once: by the API and by forms (security.md section 4(c))."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, connections, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from alliance.actions import idempotency
from alliance.actions.housekeeping import drop_expired
from alliance.kernel import tenancy
from alliance.models import Alliance, ApiClient, IdempotencyKey, User
from services.models import CatalogueEntry, Rating
from tests.alliance.test_api_lists_api import fill
from tests.conftest import ClientFor, TenantClient
from tests.factories.alliance import address, make_alliance, make_member
from tests.factories.api import bearer

pytestmark = pytest.mark.django_db

BODY = {"score": 4, "client_kind": "industry", "email": "reader@example.org"}
KEY = "5b0c0d8e-3f0f-4f57-9d2e-000000000001"


def rate(client: Client, alliance: Alliance, headers: dict[str, str], key: str = KEY, **change: Any) -> Any:
    return client.post(
        address(alliance, "api_rating_list", code="e-000"),
        BODY | change,
        content_type="application/json",
        headers={**headers, "Idempotency-Key": key},
    )


def ratings(alliance: Alliance) -> int:
    with tenancy.acting_in(alliance):
        return Rating.objects.of(alliance).count()


def test_the_same_request_acts_once_and_gets_the_same_answer(client: Client, alliance: Alliance) -> None:
    fill(alliance, 1)
    headers = bearer(client, alliance)

    first, second = (rate(client, alliance, headers) for _turn in range(2))

    assert first.status_code == second.status_code == 202
    assert first.content == second.content
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert ratings(alliance) == 1


def test_the_key_with_another_body_or_address_is_refused(client: Client, alliance: Alliance) -> None:
    fill(alliance, 2)
    headers = bearer(client, alliance)
    rate(client, alliance, headers)

    other_body = rate(client, alliance, headers, score=5)
    other_route = client.post(
        address(alliance, "api_rating_list", code="e-001"),
        BODY,
        content_type="application/json",
        headers={**headers, "Idempotency-Key": KEY},
    )

    for answer in (other_body, other_route):
        assert answer.status_code == 422
        assert answer.json()["code"] == "idempotency_key_reused"
    assert ratings(alliance) == 1


def test_a_key_belongs_to_its_client(client: Client, alliance: Alliance) -> None:
    fill(alliance, 1)

    answers = [rate(client, alliance, bearer(client, alliance)) for _turn in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["rating"] != answers[1].json()["rating"]


def test_a_key_belongs_to_its_alliance(client: Client, alliance: Alliance, other_alliance: Alliance) -> None:
    for tenant in (alliance, other_alliance):
        fill(tenant, 1)
        assert "Idempotency-Replayed" not in rate(client, tenant, bearer(client, tenant))

    assert ratings(alliance) == ratings(other_alliance) == 1


def test_a_refusal_takes_the_key_back(client: Client, alliance: Alliance) -> None:
    fill(alliance, 1)
    headers = bearer(client, alliance)

    assert rate(client, alliance, headers, score=9).status_code == 422
    assert rate(client, alliance, headers).status_code == 202


def test_a_key_is_needed_where_the_endpoint_says_so(client: Client, alliance: Alliance) -> None:
    fill(alliance, 1)

    answer = client.post(
        address(alliance, "api_rating_list", code="e-000"),
        BODY,
        content_type="application/json",
        headers=bearer(client, alliance),
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_required"


@pytest.mark.parametrize("key", ["short", "with blank inside it", "x" * 129, "quote'quote'quote"])
def test_a_key_has_a_form(client: Client, alliance: Alliance, key: str) -> None:
    answer = rate(client, alliance, bearer(client, alliance), key=key)

    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_invalid"


def test_permission_is_asked_again_before_a_kept_answer_is_given(client: Client, alliance: Alliance) -> None:
    fill(alliance, 1)
    headers = bearer(client, alliance)
    assert rate(client, alliance, headers).status_code == 202
    with tenancy.acting_in(alliance):
        CatalogueEntry.objects.update(withdrawn_at=timezone.now())

    assert rate(client, alliance, headers).status_code == 404


def test_a_key_that_outlived_its_term_acts_again_and_is_swept(client: Client, alliance: Alliance, settings: Any) -> None:
    fill(alliance, 1)
    headers = bearer(client, alliance)
    rate(client, alliance, headers)
    old = timezone.now() - settings.IDEMPOTENCY_KEY_LIFE - timedelta(minutes=1)
    with tenancy.acting_in(alliance):
        IdempotencyKey.objects.update(created_at=old)

    assert "Idempotency-Replayed" not in rate(client, alliance, headers)
    assert ratings(alliance) == 2
    with tenancy.acting_in(alliance):
        IdempotencyKey.objects.update(created_at=old)
        drop_expired(alliance, at=timezone.now(), idempotency_life=settings.IDEMPOTENCY_KEY_LIFE)
        assert not IdempotencyKey.objects.exists()


@pytest.fixture
def committed(transactional_db: None) -> Alliance:
    """An alliance with rows that other connections see."""
    alliance = make_alliance()
    fill(alliance, 1)
    return alliance


@pytest.mark.django_db(transaction=True)
def test_eight_threads_with_one_key_act_once_and_get_one_answer(committed: Alliance) -> None:
    headers = bearer(TenantClient(), committed)
    start = threading.Barrier(8)
    answers: list[Any] = []

    def send() -> None:
        try:
            start.wait()
            answer = rate(TenantClient(), committed, headers)
            while answer.status_code == 409:
                time.sleep(0.1)
                answer = rate(TenantClient(), committed, headers)
            answers.append(answer)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _turn in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status_code for answer in answers] == [202] * 8
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer for answer in answers) == 1
    assert ratings(committed) == 1


def other_connection() -> Any:
    """A second connection as the application's own role, with nothing of Django's."""
    return psycopg2.connect(os.environ["DATABASE_URL"], dbname=connection.settings_dict["NAME"])


@pytest.mark.django_db(transaction=True)
def test_while_a_twin_works_the_answer_is_to_come_back(committed: Alliance) -> None:
    client = TenantClient()
    headers = bearer(client, committed)
    with tenancy.acting_in(committed):
        client_id = ApiClient.objects.get().client_id
    twin = other_connection()
    with twin.cursor() as cursor:
        cursor.execute("SELECT set_config('app.alliance_id', %s, true)", [str(committed.pk)])
        cursor.execute(
            "INSERT INTO alliance_idempotencykey (alliance_id, client, key, route, request_hash, headers, created_at) "
            "VALUES (%s, %s, %s, 'x', 'x', '{}', now())",
            [committed.pk, f"client:{client_id}", KEY],
        )

    started = time.monotonic()
    held = rate(client, committed, headers)
    waited = time.monotonic() - started
    twin.rollback()
    twin.close()

    assert held.status_code == 409
    assert held.json()["code"] == "idempotency_in_progress"
    assert int(held["Retry-After"]) >= 1
    assert 1.5 <= waited <= 10
    assert rate(client, committed, headers).status_code == 202
    assert ratings(committed) == 1


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_a_process_killed_in_the_middle_leaves_no_key_behind(committed: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = bearer(TenantClient(), committed)
    connections.close_all()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # the worker: does the act, keeps the answer, and hangs before it commits
        original = idempotency.finish

        def hang(*args: Any) -> None:
            original(*args)
            os.write(writer, b"x")
            time.sleep(60)

        monkeypatch.setattr(idempotency, "finish", hang)
        try:
            rate(TenantClient(), committed, headers)
        finally:
            os._exit(1)
    assert os.read(reader, 1) == b"x"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)

    assert ratings(committed) == 0
    deadline = time.monotonic() + 20
    answer = rate(TenantClient(), committed, headers)
    while answer.status_code == 409 and time.monotonic() < deadline:  # until the server notices that the client is gone
        answer = rate(TenantClient(), committed, headers)

    assert answer.status_code == 202
    assert "Idempotency-Replayed" not in answer
    assert ratings(committed) == 1


# -- People and forms -------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_acts_once_and_shows_errors_again(committed: Alliance) -> None:
    done: list[str] = []

    @idempotency.once
    def view(request: HttpRequest) -> HttpResponse:
        if request.POST["name"] == "bad":
            return HttpResponse("errors", status=422)
        done.append(request.POST["name"])
        return HttpResponseRedirect("/there/")

    person = make_member(committed, email="form@example.org")

    def send(user: User | None = person, **data: str) -> HttpResponse:
        request = RequestFactory().post("/form/", data)
        request.alliance = committed  # type: ignore[attr-defined]
        request.user = user or AnonymousUser()
        with tenancy.acting_in(committed):
            return view(request)

    assert send(name="bad", idempotency_key=KEY).status_code == 422
    first, second = (send(name="good", idempotency_key=KEY, csrfmiddlewaretoken=str(turn)) for turn in range(2))
    assert first.status_code == second.status_code == 302
    assert second["Location"] == "/there/"
    assert done == ["good"]
    assert send(name="changed", idempotency_key=KEY).status_code == 302
    assert send(None, name="visitor", idempotency_key=KEY).status_code == 302
    assert send(name="without").status_code == 302
    assert done == ["good", "changed", "visitor", "without"]


def test_the_form_field_is_new_each_time() -> None:
    template = Template("{% load idempotency %}{% idempotency_key %}")

    first, second = (template.render(Context()) for _turn in range(2))

    assert first != second
    assert first.startswith('<input type="hidden" name="idempotency_key" value="')


@pytest.mark.django_db(transaction=True)
def test_a_key_outside_a_transaction_is_a_mistake_of_ours(alliance: Alliance) -> None:
    asked = idempotency.Request.of(client="visitor", key=KEY, method="POST", path="/x/", content=[])

    with pytest.raises(RuntimeError):
        idempotency.begin(alliance, asked, at=timezone.now())


def test_people_write_once_too(client_for: ClientFor, alliance: Alliance) -> None:
    fill(alliance, 1)
    client = client_for(make_member(alliance))
    body = {"institution": "i-000", "kind": "guide", "title_en": "A guide"}

    answers = [
        client.post(
            address(alliance, "api_product_list"), body, content_type="application/json", headers={"Idempotency-Key": KEY}
        )
        for _turn in range(2)
    ]

    assert answers[0].status_code == answers[1].status_code, json.loads(answers[0].content)
    with tenancy.acting_in(alliance), transaction.atomic():
        kept = IdempotencyKey.objects.count()
    assert kept == (1 if answers[0].status_code == 201 else 0)
