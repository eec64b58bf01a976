"""Shared parts of the benchmarks: servers of their own, made data, alternating rounds, one JSON line a result."""

from __future__ import annotations

import gc
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROUNDS = 5
ALLIANCES = 20
INSTITUTIONS = 5_000
PRODUCTS = 200_000
"""Rows over all alliances; the first alliance holds half of them, so that depth can be measured inside one tenant."""


@dataclass(frozen=True, slots=True)
class Result:
    """One figure against its baseline, both measured in the same run.

    Attributes:
        name: Benchmark.
        value: Median of the measured thing, in ``unit``.
        baseline: Median of the baseline, in the same unit.
        ratio: As the bar states it: value/baseline for costs, baseline/value for speed-ups.
        bar: The ratio we hold, with its direction.
        ok: Whether the ratio meets the bar.
        unit: ``ms`` a request unless said otherwise.
        note: Conditions worth knowing.
    """

    name: str
    value: float
    baseline: float
    ratio: float
    bar: str
    ok: bool
    unit: str = "ms"
    note: str = ""


def report(result: Result) -> Result:
    """Print a result as one JSON line."""
    line = asdict(result)
    for key in ("value", "baseline", "ratio"):
        line[key] = round(line[key], 4)
    print(json.dumps(line, ensure_ascii=False), flush=True)
    return result


def at_least(name: str, fast: float, slow: float, bar: float, **extra: Any) -> Result:
    """A speed-up ``slow / fast`` that must reach the bar."""
    ratio = slow / fast
    return report(Result(name, fast, slow, ratio, f">= {bar}", ratio >= bar, **extra))


def at_most(name: str, value: float, baseline: float, bar: float, **extra: Any) -> Result:
    """A cost ``value / baseline`` that must stay under the bar."""
    ratio = value / baseline
    return report(Result(name, value, baseline, ratio, f"<= {bar}", ratio <= bar, **extra))


def alternate(calls: dict[str, Callable[[], Any]], *, times: int, rounds: int = ROUNDS) -> dict[str, float]:
    """Median milliseconds of each call, measured A B A B so that a drifting machine hits all alike.

    Args:
        calls: What to time, by name.
        times: Calls per round.
        rounds: Rounds after one that is not counted.
    """
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            gc.collect()
            gc.disable()
            try:
                for _ in range(times if number else max(3, times // 5)):
                    start = time.perf_counter_ns()
                    call()
                    if number:
                        samples[name].append((time.perf_counter_ns() - start) / 1e6)
            finally:
                gc.enable()
    return {name: statistics.median(values) for name, values in samples.items()}


@contextmanager
def platform() -> Iterator[dict[str, str]]:
    """Servers in a temporary folder, migrated; Django set up as the web process has it (role app_rw).

    Yields:
        The addresses, as the embedded servers give them.
    """
    from alliance.embedded.services import EmbeddedServices

    with tempfile.TemporaryDirectory(prefix="alliance-bench-") as folder:
        services = EmbeddedServices(Path(folder), test=True, environment={})
        services.start()
        try:
            addresses = services.environment()
            os.environ.update(addresses)
            os.environ["DJANGO_SETTINGS_MODULE"] = "alliance.settings.local"
            os.environ.setdefault("SECRET_KEY", "benchmarks-only-0123456789-0123456789-0123456789-0123456789")
            migrate()
            os.environ["ALLIANCE_DB_ROLE"] = "app"
            import django
            from django.conf import settings

            django.setup()
            settings.ALLOWED_HOSTS.append("testserver")
            settings.LOGGING_CONFIG = None
            yield addresses
        finally:
            from django.db import connections

            connections.close_all()
            services.stop()


def migrate() -> None:
    """Apply the migrations as the owner, in a process of its own."""
    import subprocess

    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--noinput", "-v", "0"],
        check=True,
        env={**os.environ, "ALLIANCE_DB_ROLE": "owner"},
    )


def fill(addresses: dict[str, str], *, products: int = PRODUCTS, institutions: int = INSTITUTIONS) -> None:
    """Make alliances, institutions and released products by SQL, as the role that bypasses the policies.

    The first alliance gets half of the products, the others share the rest.
    """
    import psycopg2

    with psycopg2.connect(addresses["DATABASE_PLATFORM_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO alliance_alliance (slug, host, name_en, name_zh, standfirst_en, standfirst_zh, level, industry_code,
                region_code, seal_character, primary_colour, contact_email, is_demonstration, content_version, created_at)
            SELECT 'bench-' || n, '', 'Benchmark ' || n, '测速' || n, '', '', 'regional', '', '', '测', '', '', false, 1, now()
              FROM generate_series(1, %s) n
            """,
            [ALLIANCES],
        )
        cursor.execute(
            """
            INSERT INTO members_institution (alliance_id, code, kind, name_en, name_zh, short_en, short_zh, state, country_code,
                region_code, registry_scheme, registry_code, web, contact_email, source, name_key, sort_key, created_at)
            SELECT a.id, 'I-' || n, (ARRAY['industry_think_tank','leading_enterprise','university_think_tank'])[1 + n %% 3],
                   'Institution ' || n, '机构' || n, '', '', 'active', 'CN', '440000', 'none', '', '', '', 'made',
                   'institution' || n, 'institution ' || lpad(n::text, 6, '0'), now() - n * interval '1 minute'
              FROM alliance_alliance a, generate_series(1, %s) n
            """,
            [institutions // ALLIANCES],
        )
        cursor.execute(
            """
            WITH who AS (
                SELECT alliance_id, array_agg(id ORDER BY id) AS ids FROM members_institution GROUP BY 1
            ), share AS (
                SELECT w.alliance_id, w.ids, row_number() OVER (ORDER BY w.alliance_id) AS place FROM who w
            )
            INSERT INTO operations_product (alliance_id, code, kind, state, version, title_en, title_zh, summary_en, summary_zh,
                body_en, body_zh, client_en, client_zh, author_id, adapter_id, created_at, state_since, released_at)
            SELECT s.alliance_id, 'P-' || n, (ARRAY['guide','tool','course'])[1 + n %% 3], 'released', 1,
                   'Product ' || n, '成果' || n, repeat('A summary of some length. ', 6), repeat('摘要。', 20), '', '', '', '',
                   s.ids[1 + n %% cardinality(s.ids)], s.ids[1 + (n + 7) %% cardinality(s.ids)],
                   now() - n * interval '1 second', now(), now() - n * interval '1 second'
              FROM share s, LATERAL generate_series(1, CASE WHEN s.place = 1 THEN %s ELSE %s END) n
            """,
            [products // 2, products // 2 // (ALLIANCES - 1)],
        )
    import psycopg2.extensions

    connection = psycopg2.connect(addresses["DATABASE_OWNER_URL"])
    connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connection.close()


def wsgi_get(application: Any, path: str, **headers: str) -> tuple[str, dict[str, str], bytes]:
    """Call a WSGI application in this process: status line, headers, body."""
    import io

    caught: dict[str, Any] = {}

    def start_response(status: str, response_headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], None]:
        caught["status"], caught["headers"] = status, dict(response_headers)
        return lambda _data: None

    target, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": target,
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "HTTP_HOST": "testserver",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(b""),
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
    chunks = application(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return caught["status"], caught["headers"], body
