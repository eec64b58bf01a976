"""The public home page from the cache against the same page made anew."""

from __future__ import annotations

from benchmarks.harness import Result, alternate, at_least, wsgi_get

SLUG = "bench-2"


def run(addresses: dict[str, str]) -> list[Result]:
    """Through the whole WSGI stack; the uncached page goes the same way with its kept copy removed first."""
    del addresses
    from django.core.cache import cache
    from django.core.wsgi import get_wsgi_application

    from alliance.kernel.page_cache import HEADER

    application = get_wsgi_application()
    path = f"/a/{SLUG}/"

    def kept() -> tuple[str, dict[str, str], bytes]:
        return wsgi_get(application, path)

    def anew() -> tuple[str, dict[str, str], bytes]:
        cache.clear()
        return wsgi_get(application, path)

    status, headers, _body = anew()
    again_status, again, _body = kept()
    if not status.startswith("200") or not again_status.startswith("200") or headers.get(HEADER) == again.get(HEADER):
        message = (
            f"{status} {headers.get(HEADER)} then {again_status} {again.get(HEADER)}: the second answer is no kept page"
        )
        raise RuntimeError(message)
    medians = alternate({"anew": anew, "kept": kept}, times=40)
    return [at_least("public_page", medians["kept"], medians["anew"], 15.0)]
