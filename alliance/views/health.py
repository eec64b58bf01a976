"""Liveness, readiness and metrics, answered before any other middleware."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from alliance.kernel.metrics import expose


def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """The process lives; asks nothing of other servers."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Whether database, queue and a worker answer; 503 names what does not."""
    from alliance.selectors.health import check_readiness  # noqa: PLC0415 - the middleware loads before the models

    checks = check_readiness(connection, cache)
    ready = all(check.ok for check in checks)
    body = {"ready": ready, "checks": {check.name: "ok" if check.ok else check.problem for check in checks}}
    return JsonResponse(body, status=200 if ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for the networks in METRICS_NETWORKS only."""
    address = ipaddress.ip_address(request.META.get("REMOTE_ADDR") or "127.0.0.1")
    if not any(address in ipaddress.ip_network(network) for network in settings.METRICS_NETWORKS):
        return HttpResponse(status=404)
    return HttpResponse(expose(), content_type="text/plain; version=0.0.4; charset=utf-8")
