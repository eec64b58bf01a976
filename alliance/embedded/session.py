"""What ``manage.py`` does before Django loads: make sure that the servers a command needs are there."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from alliance.embedded.errors import DataFolderBusyError, ServiceError
from alliance.embedded.folders import DataFolder, default_data_folder
from alliance.embedded.services import EmbeddedServices, is_given

LOCAL_SETTINGS = "alliance.settings.local"

WITHOUT_SERVERS = frozenset(
    {
        *("help", "version", "--help", "-h", "--version", "up", "bootstrap_database"),
        *("makemessages", "compilemessages", "compile_catalogues", "catalogue", "collectstatic", "findstatic"),
        *("diffsettings", "spectacular", "startapp", "startproject", "sendtestemail"),
    }
)
"""Commands that touch neither database nor cache."""

AS_OWNER = frozenset(
    {
        *("migrate", "sqlmigrate", "makemigrations", "createcachetable", "dumpdata", "flush", "sqlflush"),
        *("test", "testserver", "remove_demo"),
    }
)
"""Commands that run as the owner of the tables; all others run as the role of the web, bound by row-level security."""


def needs_servers(arguments: Sequence[str]) -> bool:
    """True when ``manage.py`` with these arguments talks to the database or the cache."""
    if not arguments or arguments[0] in WITHOUT_SERVERS or {"--help", "-h"} & set(arguments):
        return False
    if arguments[0] == "check":
        return any(word.startswith("--database") for word in arguments)
    # It compares models with migration files; the database's history is looked at only when there is one.
    return not (arguments[0] == "makemigrations" and {"--check", "--dry-run"} & set(arguments))


def ensure_services(arguments: Sequence[str] | None = None) -> None:
    """Make the servers that a management command needs available, and say where in the environment.

    Uses the running instance of the data folder; else starts the embedded servers for the command's own duration
    and stops them at exit, also after SIGINT, SIGTERM and SIGHUP.

    Args:
        arguments: Those of the command, its name first; None for this process's.

    Raises:
        SystemExit: They cannot be had; the reason has been printed.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", LOCAL_SETTINGS)
    command = arguments[0] if arguments else "help"
    os.environ.setdefault("ALLIANCE_DB_ROLE", "owner" if command in AS_OWNER else "app")
    try:
        if needs_servers(arguments):
            _require_owner_address(command)
            _provide(command)
        elif os.environ["DJANGO_SETTINGS_MODULE"] == LOCAL_SETTINGS and command not in {"up", "bootstrap_database"}:
            DataFolder(default_data_folder()).prepare()  # the settings read the secret key there
    except ServiceError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the terminal is the only place to say it
        raise SystemExit(1) from None


def _require_owner_address(command: str) -> None:
    if command in AS_OWNER and is_given("DATABASE_URL") and not is_given("DATABASE_OWNER_URL"):
        message = (
            f"DATABASE_URL is set, DATABASE_OWNER_URL is not: {command} runs as the role app_owner, which owns the "
            "tables. Set it too; `manage.py bootstrap_database` makes the roles."
        )
        raise ServiceError(message)


def _provide(command: str) -> None:
    services = EmbeddedServices(default_data_folder(), kind="command")
    if not (services.own_database or services.own_cache):
        return
    install_signal_handlers()
    deadline = time.monotonic() + 180
    while True:
        try:
            services.acquire()
        except DataFolderBusyError:
            if services.join():
                atexit.register(services.leave)
                if url := services.state().get("url"):  # links that the command prints or mails lead there
                    os.environ.setdefault("PUBLIC_URL", url)
                break
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            atexit.register(_stop, services)
            services.start()
            break
    os.environ.update(services.environment())
    if command == "dbshell" and services.own_database and shutil.which("psql") is None:
        folder: Path = services.postgres.binaries(services.postgres.account())
        os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{folder}"


def _stop(services: EmbeddedServices) -> None:
    def announce() -> None:
        print("Waiting for other commands that use these servers; Ctrl-C stops them now.", file=sys.stderr)  # noqa: T201

    try:
        if services.state().get("pid") == os.getpid():
            services.wait_for_users(announce)
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        services.stop()


def install_signal_handlers() -> None:
    """Turn SIGINT, SIGTERM and SIGHUP into an orderly end.

    Explicitly, because a shell's background job starts with SIGINT ignored, and Python then never sees it.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
