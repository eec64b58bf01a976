"""Memory of a web worker after load, and of an export of many rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.harness import Result, report

MOST_MEGABYTES = 150
REQUESTS = 400


def run(addresses: dict[str, str]) -> list[Result]:
    """A process of its own answers pages and API reads; its own memory is read from the system at the end."""
    del addresses
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory"], check=True, capture_output=True, text=True, env=dict(os.environ)
    )
    found = json.loads(answer.stdout.strip().splitlines()[-1])
    value = found["after"]
    return [
        report(
            Result(
                "web_worker_memory",
                value,
                found["before"],
                value / MOST_MEGABYTES,
                f"<= {MOST_MEGABYTES} MB",
                value <= MOST_MEGABYTES,
                unit="MB",
                note=f"resident memory after {REQUESTS} requests of 4 kinds; baseline: the same process before the first",
            )
        )
    ]


def resident() -> float:
    """Resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def worker() -> None:
    """What the process of its own does."""
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    django.setup()
    settings.ALLOWED_HOSTS.append("testserver")
    settings.RATE_LIMITS["api_client"] = "100000000 per minute"
    from alliance.models import Alliance
    from benchmarks.api import make_token
    from benchmarks.harness import wsgi_get

    application = get_wsgi_application()
    before = resident()
    bearer = {"authorization": f"Bearer {make_token(Alliance.objects.get(slug='bench-3'))}"}
    for number in range(REQUESTS // 4):
        answers = [
            wsgi_get(application, "/a/bench-3/"),
            wsgi_get(application, "/a/bench-3/accounts/login/"),
            wsgi_get(application, "/a/bench-3/api/v1/products/", **bearer),
            wsgi_get(application, f"/a/bench-3/api/v1/products/P-{number + 1}/", **bearer),
        ]
        if any(not status.startswith("200") for status, _headers, _body in answers):
            message = f"{[status for status, _headers, _body in answers]}"
            raise RuntimeError(message)
    sys.stdout.write(json.dumps({"before": before, "after": resident()}) + "\n")


if __name__ == "__main__":
    worker()
