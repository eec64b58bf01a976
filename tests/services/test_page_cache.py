"""Kept pages: fast, fresh, and never one reader's own or another alliance's."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from alliance.actions.content import bump_content_version
from alliance.kernel import page_cache, tenancy
from alliance.kernel.page_cache import PageCacheMiddleware, cached_page, find_place
from alliance.models import Alliance, User
from services.models import Article
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.services import make_article, make_entry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def ask(path: str = "/a/under-test/", **extra: Any) -> HttpRequest:
    return RequestFactory().get(path, **extra)


class Counting:
    """A view behind the cache that counts how often it is asked."""

    def __init__(self, *, allowed: bool = True, seconds: float = 0.0) -> None:
        self.calls = 0
        self.seconds = seconds

        def make(_request: HttpRequest) -> HttpResponse:
            self.calls += 1
            time.sleep(self.seconds)
            return HttpResponse(f"page {self.calls}")

        self.view = cached_page(make) if allowed else make

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.view(request)


def test_a_page_is_made_once_and_answered_from_the_cache(alliance: Alliance) -> None:
    behind = Counting()
    middleware = PageCacheMiddleware(behind)

    answers = [middleware(ask()) for _turn in range(3)]

    assert behind.calls == 1
    assert [answer[page_cache.HEADER] for answer in answers] == ["miss", "hit", "hit"]
    assert {bytes(answer.content) for answer in answers} == {b"page 1"}


def test_a_hit_asks_nothing_of_the_database(alliance: Alliance, client: Client, django_assert_num_queries: Any) -> None:
    url = address(alliance, "home")
    client.get(url)

    with django_assert_num_queries(0):
        answer = PageCacheMiddleware(lambda _request: HttpResponse("not from the cache"))(
            RequestFactory().get(url, HTTP_HOST="testserver")
        )

    assert answer[page_cache.HEADER] == "hit"


def test_the_browser_that_has_the_page_gets_304(alliance: Alliance) -> None:
    middleware = PageCacheMiddleware(Counting())
    etag = middleware(ask())["ETag"]

    answer = middleware(ask(HTTP_IF_NONE_MATCH=etag))

    assert (answer.status_code, answer.content) == (304, b"")


def test_a_change_shows_at_once_after_its_commit(alliance: Alliance, django_capture_on_commit_callbacks: Any) -> None:
    behind = Counting()
    middleware = PageCacheMiddleware(behind)
    middleware(ask())

    with django_capture_on_commit_callbacks(execute=True):
        bump_content_version(alliance)
    answer = middleware(ask())

    assert (bytes(answer.content), answer[page_cache.HEADER]) == (b"page 2", "miss")


def test_an_old_page_is_made_anew_although_nothing_changed(alliance: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    behind = Counting()
    middleware = PageCacheMiddleware(behind)
    middleware(ask())
    monkeypatch.setattr(page_cache, "FRESH_SECONDS", 0)

    assert bytes(middleware(ask()).content) == b"page 2"


def test_while_one_reader_makes_the_page_anew_the_others_get_the_old_one(
    alliance: Alliance, django_capture_on_commit_callbacks: Any
) -> None:
    behind = Counting()
    middleware = PageCacheMiddleware(behind)
    middleware(ask())
    with django_capture_on_commit_callbacks(execute=True):
        bump_content_version(alliance)
    place = find_place(ask())
    assert place is not None
    cache.add(f"{place.page_key}:lock", 1, 10)

    answer = middleware(ask())

    assert (bytes(answer.content), answer[page_cache.HEADER], behind.calls) == (b"page 1", "stale", 1)


def test_twenty_readers_of_a_page_that_is_not_there_make_it_once(alliance: Alliance) -> None:
    behind = Counting(seconds=0.3)
    middleware = PageCacheMiddleware(behind)
    place = find_place(ask())
    assert place is not None
    page_cache.read_version(place.alliance_key)
    cache.set(place.alliance_key, cache.get(place.alliance_key), 30)
    answers: list[bytes] = []

    def read() -> None:
        answers.append(bytes(middleware(ask()).content))

    threads = [threading.Thread(target=read) for _turn in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert (behind.calls, len(answers), set(answers)) == (1, 20, {b"page 1"})


def test_a_page_made_between_the_look_and_the_lock_is_not_made_again(
    alliance: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = Counting()
    middleware = PageCacheMiddleware(behind)
    real = type(caches["default"]).add

    def overtaken(store: Any, key: str, *args: Any, **kwargs: Any) -> bool:
        if key.endswith(":lock"):
            monkeypatch.undo()
            middleware(ask())  # another reader is faster, from beginning to end
        return bool(real(store, key, *args, **kwargs))

    monkeypatch.setattr(type(caches["default"]), "add", overtaken)

    answer = middleware(ask())

    assert (bytes(answer.content), answer[page_cache.HEADER], behind.calls) == (b"page 1", "hit", 1)
    assert cache.get(f"{find_place(ask()).page_key}:lock") is None  # type: ignore[union-attr]


def test_whoever_waits_finds_the_page_that_was_kept_just_before_the_lock_went(
    alliance: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    middleware = PageCacheMiddleware(Counting())
    place = find_place(ask())
    assert place is not None
    real = type(caches["default"]).get_many

    def looks(store: Any, keys: list[str], *args: Any) -> Any:
        found = real(store, keys, *args)
        if f"{place.page_key}:lock" in keys and place.page_key not in found:
            cache.delete(f"{place.page_key}:lock")
            middleware(ask())
        return found

    cache.add(f"{place.page_key}:lock", 1, 10)
    monkeypatch.setattr(type(caches["default"]), "get_many", looks)

    kept = page_cache.wait_for(place.page_key)

    assert kept is not None


def test_a_maker_that_fails_leaves_no_lock_behind(alliance: Alliance) -> None:
    def broken(_request: HttpRequest) -> HttpResponse:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        PageCacheMiddleware(broken)(ask())

    assert PageCacheMiddleware(Counting())(ask())[page_cache.HEADER] == "miss"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"path": "/a/under-test/"}, {"path": "/a/other/"}),
        ({"path": "/a/under-test/x/"}, {"path": "/a/other/x/"}),
        ({"path": "/a/under-test/"}, {"path": "/a/under-test/?page=2"}),
        ({"path": "/a/under-test/"}, {"path": "/a/under-test/", "HTTP_ACCEPT_LANGUAGE": "zh-hans"}),
        ({"path": "/a/under-test/"}, {"path": "/a/under-test/", "HTTP_COOKIE": "theme=dark"}),
        ({"path": "/a/under-test/"}, {"path": "/a/under-test/", "HTTP_COOKIE": "django_language=zh-hans"}),
        ({"path": "/a/under-test/"}, {"path": "/a/under-test/", "HTTP_HOST": "localhost"}),
    ],
)
def test_what_changes_the_page_changes_its_key(first: dict[str, str], second: dict[str, str]) -> None:
    one, two = find_place(ask(**first)), find_place(ask(**second))

    assert one is not None
    assert two is not None
    assert one.page_key != two.page_key


def test_a_made_up_theme_or_language_makes_no_key_of_its_own() -> None:
    keys = {find_place(ask(HTTP_COOKIE=cookie)) for cookie in ("theme=dark2", "theme=", "django_language=xx", "other=1")}

    assert len(keys) == 1


@pytest.mark.parametrize(
    "request_",
    [
        RequestFactory().post("/a/under-test/"),
        RequestFactory().get("/a/under-test/", HTTP_COOKIE="sessionid=abc"),
        RequestFactory().get("/a/under-test/", HTTP_COOKIE="messages=abc"),
        RequestFactory().get("/a/under-test/", HTTP_AUTHORIZATION="Bearer x"),
        RequestFactory().get("/a/under-test/console/"),
        RequestFactory().get("/a/under-test/portal/"),
        RequestFactory().get("/a/under-test/accounts/login/"),
        RequestFactory().get("/a/under-test/api/v1/"),
        RequestFactory().get("/a/under-test/ratings/token/"),
        RequestFactory().get("/"),
    ],
)
def test_these_requests_are_never_answered_from_the_cache(request_: HttpRequest) -> None:
    assert find_place(request_) is None


def test_what_is_one_readers_own_is_not_kept(alliance: Alliance) -> None:
    def with_cookie(_request: HttpRequest) -> HttpResponse:
        response = HttpResponse("x")
        response.set_cookie("csrftoken", "t")
        return response

    def with_token(request: HttpRequest) -> HttpResponse:
        request.META["CSRF_COOKIE_NEEDS_UPDATE"] = True
        return HttpResponse("x")

    def with_nonce(request: HttpRequest) -> HttpResponse:
        request._csp_nonce = "n"  # type: ignore[attr-defined]
        return HttpResponse("x")

    def missing(_request: HttpRequest) -> HttpResponse:
        return HttpResponse("x", status=404)

    for view in (cached_page(with_cookie), cached_page(with_token), cached_page(with_nonce), cached_page(missing)):
        middleware = PageCacheMiddleware(view)
        middleware(ask())
        assert page_cache.HEADER not in middleware(ask())
    uncached = Counting(allowed=False)
    middleware = PageCacheMiddleware(uncached)
    middleware(ask())
    middleware(ask())
    assert uncached.calls == 2


def test_somebody_signed_in_gets_a_page_of_their_own(alliance: Alliance, client_for: ClientFor, secretary: User) -> None:
    url = address(alliance, "home")
    client_for(None).get(url)
    client_for(None).get(url)

    answer = client_for(secretary).get(url)

    assert page_cache.HEADER not in answer
    assert answer["Cache-Control"] == "no-store"


def test_a_kept_page_of_one_alliance_never_answers_for_another(
    alliance: Alliance, other_alliance: Alliance, client: Client
) -> None:
    with tenancy.acting_in(other_alliance):
        make_article(other_alliance, slug="same", title_en="Marker of the other one")
        make_entry(other_alliance)
    with tenancy.acting_in(alliance):
        make_article(alliance, slug="same", title_en="Ours")
    paths = ["home", "story_list", "catalogue_list", "feed", "sitemap"]
    for name in paths:
        client.get(address(other_alliance, name))

    for name in paths:
        for _turn in range(2):
            assert b"Marker of the other one" not in client.get(address(alliance, name)).content
    assert b"Ours" in client.get(address(alliance, "story_detail", slug="same")).content


def test_the_form_page_is_never_kept_and_its_token_is_fresh(act: Alliance, client: Client) -> None:
    url = address(act, "rating_create", code=make_entry(act).code)

    first, second = client.get(url), client.get(url)

    assert page_cache.HEADER not in first
    assert first.content != second.content
    assert "no-store" in first["Cache-Control"]


def test_every_public_page_is_kept(act: Alliance, client: Client) -> None:
    entry, story = make_entry(act), make_article(act)
    urls = [
        address(act, name) for name in ("home", "story_list", "catalogue_list", "listing_list", "member_directory", "about")
    ]
    urls += [address(act, "catalogue_entry", code=entry.code), address(act, "story_detail", slug=story.slug)]

    for url in urls:
        assert client.get(url)[page_cache.HEADER] == "miss", url
        assert client.get(url)[page_cache.HEADER] == "hit", url
    assert Article.objects.of(act).count() == 1
