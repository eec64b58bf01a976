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
BLOCK = 5
"""Calls of one kind in a row."""
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
    """Median milliseconds of each call, in short blocks A B A B, so that other work on the machine hits all alike.

    Args:
        calls: What to time, by name.
        times: Calls per round.
        rounds: Rounds, cut into blocks of ``BLOCK`` calls; a first turn is not counted.
    """
    samples: dict[str, list[float]] = {name: [] for name in calls}
    turns = max(1, times * rounds // BLOCK)
    for turn in range(turns + 1):
        for name, call in calls.items():
            gc.collect()
            gc.disable()
            try:
                for number in range(BLOCK + 1):
                    start = time.perf_counter_ns()
                    call()
                    if turn and number:  # the first of a block pays for what the other calls left in the processor's caches
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
            manage("migrate", "--noinput")
            manage("collectstatic", "--noinput")
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


def manage(*command: str) -> None:
    """Run a management command as the owner of the schema, in a process of its own."""
    import subprocess

    subprocess.run(
        [sys.executable, "-m", "django", *command, "-v", "0"], check=True, env={**os.environ, "ALLIANCE_DB_ROLE": "owner"}
    )


def fill(addresses: dict[str, str], *, products: int = PRODUCTS, institutions: int = INSTITUTIONS) -> None:
    """Make alliances, institutions and released products, as the role that bypasses the policies.

    One row of each kind is made by the ORM and copied by SQL with other names, so that new columns need no care here. The
    first alliance gets half of the products, the others share the rest.
    """
    from django.db import connections
    from django.utils import timezone

    from alliance.models import Alliance
    from members.models import Institution
    from operations.models import Product

    now = timezone.now()
    for number in range(1, ALLIANCES + 1):
        Alliance.objects.using("platform").create(
            slug=f"bench-{number}",
            name_en=f"Benchmark {number}",
            name_zh=f"测速{number}",
            level="regional",
            seal_character="测",
        )
    for number, alliance in enumerate(Alliance.objects.using("platform").order_by("pk"), 1):
        pattern = Institution.objects.using("platform").create(
            alliance=alliance,
            code="I-0",
            kind="industry_think_tank",
            name_en="Institution 0",
            name_zh="机构0",
            name_key="institution0",
            sort_key="institution 000000",
        )
        product = Product.objects.using("platform").create(
            alliance=alliance,
            code="P-0",
            kind="guide",
            state="released",
            title_en="Product 0",
            title_zh="成果0",
            summary_en="A summary of some length. " * 6,
            summary_zh="摘要。" * 20,
            author=pattern,
            adapter=pattern,
            state_since=now,
            released_at=now,
        )
        with connections["platform"].cursor() as cursor:
            copy_rows(
                cursor,
                pattern,
                institutions // ALLIANCES,
                {
                    "code": "'I-' || n",
                    "kind": "(ARRAY['industry_think_tank','leading_enterprise','university_think_tank'])[1 + n %% 3]",
                    "name_en": "'Institution ' || n",
                    "name_zh": "'机构' || n",
                    "name_key": "'institution' || n",
                    "sort_key": "'institution ' || lpad(n::text, 6, '0')",
                    "created_at": "t.created_at - n * interval '1 minute'",
                },
            )
            first = f"{pattern.pk}"
            copy_rows(
                cursor,
                product,
                products // 2 if number == 1 else products // 2 // (ALLIANCES - 1),
                {
                    "code": "'P-' || n",
                    "kind": "(ARRAY['guide','tool','course'])[1 + n %% 3]",
                    "title_en": "'Product ' || n",
                    "title_zh": "'成果' || n",
                    "created_at": "t.created_at - n * interval '1 second'",
                    "author_id": f"{first} + n %% {institutions // ALLIANCES}",
                    "adapter_id": f"{first} + (n + 7) %% {institutions // ALLIANCES}",
                },
            )
    clean(addresses)


def clean(addresses: dict[str, str]) -> None:
    """Have PostgreSQL forget dead rows and count the living ones."""
    import psycopg2
    import psycopg2.extensions

    connection = psycopg2.connect(addresses["DATABASE_OWNER_URL"])
    connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connection.close()


def copy_rows(cursor: Any, row: Any, count: int, changes: dict[str, str]) -> None:
    """Copy a row many times; ``changes`` gives SQL for the columns that differ, with ``n`` = 1 .. count and ``t`` the row."""
    columns = [field.column for field in row._meta.local_concrete_fields if not field.primary_key]
    values = ", ".join(changes.get(column, f't."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    table = row._meta.db_table
    cursor.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} t, generate_series(1, %s) n WHERE t.id = %s",
        [count, row.pk],
    )


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
