"""The whole platform as ``./run`` starts it, for journeys through all layers."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from alliance.embedded import processes
from alliance.embedded.folders import DataFolder
from alliance.embedded.pytest_plugin import remove_instance

HOME = "/a/weaving"
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
FORWARD = "main form button.primary[type=submit]"
PATIENCE_SECONDS = 180
"""For what workers do: periodic tasks come every 15 seconds, an event that failed comes again after 5, 15 and 60."""

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 450
SERVER_VARIABLES = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DATABASE_PLATFORM_URL",
    "REDIS_URL",
    "ALLIANCE_",
    "DJANGO_",
    "SECRET_KEY",
)


@dataclass(frozen=True, slots=True)
class Platform:
    """A running platform.

    Attributes:
        url: Its address, without a slash at the end.
        data: Its data folder.
    """

    url: str
    data: Path

    def account(self, email: str) -> dict[str, Any]:
        """A demonstration account as the start printed it."""
        kept = json.loads((self.data / "demo-accounts.json").read_text(encoding="utf-8"))
        accounts: list[dict[str, Any]] = kept["accounts"] if isinstance(kept, dict) else kept
        return next(account for account in accounts if account["email"] == email)

    def mails(self) -> list[str]:
        """Every mail written so far, newest last."""
        files = sorted((self.data / "mail").glob("*"), key=lambda path: path.stat().st_mtime)
        # A file is named by the second and the sender's place in memory: two mails of one second may share it.
        parts = [part for path in files for part in path.read_text(encoding="utf-8").split("-" * 79)]
        return [part.strip() for part in parts if part.strip()]

    def wait_for_mail(self, *words: str, seconds: float = PATIENCE_SECONDS) -> str:
        """The newest mail that holds all the words."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := [mail for mail in self.mails() if all(part in mail for part in words)]:
                return found[-1]
            time.sleep(0.5)
        message = f"no mail with {words} came in {seconds:.0f} seconds"
        raise AssertionError(message)


def run_in(platform: Platform, code: str, *, slug: str = "weaving") -> str:
    """Run lines of Python on the platform's own servers, acting in one alliance."""
    lines = "\n".join(
        [
            "from django.utils import timezone",
            "from alliance.kernel import tenancy",
            "from alliance.models import Alliance",
            f"alliance, now = Alliance.objects.get(slug={slug!r}), timezone.now()",
            "with tenancy.acting_in(alliance):",
            *(f"    {line}" for line in code.strip().splitlines()),
        ]
    )
    environment = {**os.environ, "ALLIANCE_DATA": str(platform.data)}
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_PLATFORM_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", lines],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


DEMONSTRATION = ("weaving", "horizon")
"""Its two large alliances."""
UNFINISHED = """
from alliance.models import OutboxEvent
from services.models import ListingText
from services.vectors import installed_model
missing = ListingText.objects.of(alliance).filter(vector__isnull=True).count() if installed_model() else 0
print(missing + OutboxEvent.objects.of(alliance).filter(next_at__lte=now).count())
"""
STATE = """
from alliance.models import Job, OutboxEvent, PeriodicRun
for event in OutboxEvent.objects.of(alliance).order_by("next_at")[:20]:
    print("event", event.kind, event.payload, "due", event.next_at, "tried", event.attempts, event.last_error[:300])
for job in Job.objects.of(alliance).order_by("-id")[:5]:
    print("job", job.kind, job.state, job.created_at, "begun", job.started_at, "ended", job.finished_at, job.error[:300])
for run in PeriodicRun.objects.order_by("started_at"):
    print("periodic", run.name, run.started_at, run.finished_at, run.error[:300])
"""


def describe(platform: Platform) -> str:
    """What the workers have done and have not: owed events, jobs, periodic tasks, and the ends of the logs."""
    lines = []
    try:
        lines += run_in(platform, STATE).splitlines()
    except (AssertionError, subprocess.SubprocessError) as problem:
        lines.append(f"the platform does not say: {problem}")
    for log in ("worker", "long-worker", "web"):
        said = (platform.data / "logs" / f"{log}.log").read_text(encoding="utf-8", errors="replace").splitlines()
        troubles = [line for line in said if re.search(r'"level": "(?!INFO)|Error|Traceback', line)]
        lines += [f"--- {log}: troubles", *troubles[-15:], f"--- {log}: end", *said[-15:]]
    return "\n".join(line[:600] for line in lines)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A journey that failed tells how its platform was: the cause often lies with a worker, whose log goes with the folder."""
    report = yield
    platform = getattr(item, "funcargs", {}).get("platform")
    if call.when == "call" and report.failed and isinstance(platform, Platform):
        report.sections.append(("the platform", describe(platform)))
    return report


@contextmanager
def reader(browser: Browser, platform: Platform, name: str = "", language: str = "en", **device: Any) -> Iterator[Page]:
    """A page of nobody, or of a demonstration account; what the content policy blocks fails the journey."""
    context: BrowserContext = browser.new_context(base_url=platform.url, **(device or DESK))
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
    blocked: list[str] = []

    def listen(said: ConsoleMessage) -> None:
        if "Content Security Policy" in said.text:
            blocked.append(said.text)

    context.on("console", listen)
    page = context.new_page()
    if name:
        account = platform.account(f"{name}@weaving.demo.example")
        page.goto(f"{HOME}/accounts/login/")
        page.fill("input[name=login]", account["email"])
        page.fill("input[name=password]", account["password"])
        page.press("input[name=password]", "Enter")
        page.wait_for_url(re.compile(rf"{HOME}/(console|portal|accounts/choose)/"))
    try:
        yield page
        assert blocked == []
    finally:
        context.close()


def send(page: Page, selector: str = FORWARD) -> None:
    """Press a button that sends a form, and see that nothing came back as wrong."""
    with page.expect_navigation():
        page.locator(selector).last.click()
    assert page.locator("[data-error-summary]").count() == 0, page.locator("main").inner_text()[:1500]


def fits(page: Page) -> None:
    """Nothing of the page lies beside the phone's 360 pixels."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"], page.url


def until(happened: Callable[[], T | None], what: str) -> T:
    """Wait for something that a worker brings about, and give what was found."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := happened()):
        assert time.monotonic() < deadline, what
        time.sleep(0.5)
    return found


@pytest.fixture(scope="module")
def platform(request: pytest.FixtureRequest, browser_name: str) -> Iterator[Platform]:
    """Start the platform with the demonstration on a folder and a port of its own; stop it afterwards.

    Each module gets its own, so that no journey meets what another one left, or the limits it used up. The first to need
    one starts it from nothing, as a person does; the others start on a copy of the data folder that this left.

    It depends on the browser's name because pytest puts the tests of one browser together, and would otherwise start a second
    platform for those of a module that need no browser.

    ``ALLIANCE_JOURNEY=URL|DATA`` uses one that runs already, which shortens the writing of a journey.
    """
    if given := os.environ.get("ALLIANCE_JOURNEY"):
        url, _, data = given.partition("|")
        yield Platform(url.rstrip("/"), Path(data))
        return
    folders = Path(os.environ["ALLIANCE_DATA"]) / "journeys"  # of this run, for all its workers; deleted at its end
    folders.mkdir(mode=0o711, exist_ok=True)
    folders.chmod(0o711)  # as root the database runs as another user, which passes through
    own = folders / f"{os.getpid()}-{request.module.__name__.rpartition('.')[2]}"
    prepared = _prepared(folders)
    if (prepared / "pg").exists():  # else root's database user cannot reach the folder, and the database lies elsewhere
        subprocess.run(["cp", "-a", prepared, own], check=True)  # keeps the owner of the database's files
    try:
        with _running(own) as url:
            yield Platform(url, own)
    finally:
        remove_instance(DataFolder(own))


def _prepared(folders: Path) -> Path:
    """The data folder of a platform that came up once with the demonstration and was stopped; one worker makes it."""
    data, done = folders / "prepared", folders / "prepared.done"
    with (folders / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            remove_instance(DataFolder(data))
            with _running(data) as url:
                # Else every copy would begin with the same minute of computing, beside whatever its journey waits for.
                _let_workers_catch_up(Platform(url, data))
            done.touch()
    return data


def _let_workers_catch_up(platform: Platform) -> None:
    """Until all events are delivered and all vectors made; a machine that takes longer than a start may takes the rest along."""
    deadline = time.monotonic() + START_SECONDS
    for slug in DEMONSTRATION:
        while run_in(platform, UNFINISHED, slug=slug).strip() != "0" and time.monotonic() < deadline:
            time.sleep(10)  # asking starts a process, which takes as long from the workers


@contextmanager
def _running(data: Path) -> Iterator[str]:
    """``manage.py up`` on the data folder; its address. It stops at the end, also at that of a killed test run."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(SERVER_VARIABLES)}
    log = data.with_name(f"{data.name}.log")
    with log.open("w") as output:
        process = processes.spawn(
            [sys.executable, "manage.py", "up", "--port", "0", "--no-browser", "--data", data],
            environment=environment,
            death_signal=signal.SIGTERM,
            cwd=ROOT,
            output=output,
        )
    try:
        yield _wait_until_ready(process, log)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        text = log.read_text(encoding="utf-8", errors="replace")
        if found := re.search(r"^READY (http://127\.0\.0\.1:\d+)/", text, re.MULTILINE):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.5)
    message = f"the platform did not get ready:\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}"
    raise AssertionError(message)
