"""One data folder, its lock, its secrets and its servers."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from alliance.embedded import DataFolderBusyError, EmbeddedServices, ServiceError
from alliance.embedded.folders import DataFolder, private_folder, reachable_by, rotate
from alliance.embedded.session import needs_servers
from alliance.embedded.valkey import server_pid
from tests.embedded.conftest import CHECKOUT, untouched_environment

LONG = (
    "a folder with spaces in it, long enough that a socket could never lie there",
    "第二层：产业智库联盟的数据文件夹",
    "and one more level, well beyond one hundred and seven bytes in all",
)


def test_a_long_path_with_spaces_and_chinese_works_and_keeps_its_data(new_folder: Callable[..., Path]) -> None:
    folder = new_folder(*LONG)
    services = EmbeddedServices(folder, test=True, environment={})
    services.start()
    try:
        assert len(os.fsencode(services.valkey.socket)) < 107
        _execute(services, "app_owner", "CREATE TABLE note (text text); INSERT INTO note VALUES ('联盟')")
    finally:
        services.stop()

    services.start()
    try:
        assert _execute(services, "app_rw", "SELECT text FROM note") == ("联盟",)
        assert services.valkey.process is not None
        assert server_pid(services.valkey.socket) == services.valkey.process.pid
    finally:
        services.stop()


def test_stopping_leaves_no_process_no_lock_and_no_state(new_folder: Callable[..., Path]) -> None:
    services = EmbeddedServices(new_folder(), test=True, environment={})
    services.start()
    children = [services.postgres.process, services.valkey.process]

    services.stop()

    assert all(child is not None and child.returncode == 0 for child in children)
    assert not services.is_served()
    assert services.state() == {}


def test_secrets_are_readable_by_their_owner_only(instance: EmbeddedServices) -> None:
    keys = instance.folder.keys

    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    for name in ("secret_key", "database.json"):
        assert stat.S_IMODE((keys / name).stat().st_mode) == 0o600
    assert len((keys / "secret_key").read_text()) >= 50
    assert len(set(json.loads((keys / "database.json").read_text()).values())) == 4


def test_nobody_gets_in_without_a_password(instance: EmbeddedServices) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(host=str(instance.postgres.socket_folder), user="postgres", dbname="postgres", password="guess")


def test_a_folder_that_is_served_refuses_a_second_server(instance: EmbeddedServices) -> None:
    second = EmbeddedServices(instance.folder.path, test=True, environment={})

    with pytest.raises(DataFolderBusyError, match=str(os.getpid())) as refusal:
        second.start()

    assert refusal.value.holder_pid == os.getpid()
    assert _execute(instance, "app_rw", "SELECT 1") == (1,)


def test_a_joined_instance_is_not_stopped_before_its_user_leaves(instance: EmbeddedServices) -> None:
    user = EmbeddedServices(instance.folder.path, environment={})
    waited: list[bool] = []

    def leave() -> None:
        waited.append(True)
        user.leave()

    assert user.join()
    instance.wait_for_users(leave)
    try:
        assert waited == [True]
        assert not user.join()  # it is about to stop
    finally:
        instance.tell(ready=True)


def test_each_server_is_switched_off_by_its_own_address(tmp_path: Path) -> None:
    for variable in ("DATABASE_URL", "DATABASE_URL_FILE"):
        services = EmbeddedServices(tmp_path, environment={variable: "somewhere"})
        assert (services.own_database, services.own_cache) == (False, True)
    for variable in ("REDIS_URL", "REDIS_URL_FILE"):
        services = EmbeddedServices(tmp_path, environment={variable: "somewhere"})
        assert (services.own_database, services.own_cache) == (True, False)
    both = EmbeddedServices(tmp_path, environment={"DATABASE_URL": "there", "REDIS_URL": "there"})
    assert both.environment() == {"ALLIANCE_DATA": str(tmp_path)}


def test_lost_passwords_are_named_and_never_made_anew(new_folder: Callable[..., Path]) -> None:
    services = EmbeddedServices(new_folder(), test=True, environment={})
    services.start()
    services.stop()
    file = services.folder.keys / "database.json"
    file.rename(file.with_suffix(".away"))

    with pytest.raises(ServiceError, match="Put the file back"):
        services.start()

    assert not services.is_served()
    file.with_suffix(".away").rename(file)
    services.start()
    services.stop()


def test_data_of_another_postgresql_version_is_refused_by_name(new_folder: Callable[..., Path]) -> None:
    services = EmbeddedServices(new_folder(), test=True, environment={})
    services.start()
    cluster = services.postgres.cluster(services.postgres.account())
    services.stop()
    (cluster / "PG_VERSION").write_text("17\n", encoding="ascii")

    with pytest.raises(ServiceError, match="PostgreSQL 17; PostgreSQL 18 is installed"):
        services.start()


def test_a_half_made_cluster_is_made_again(new_folder: Callable[..., Path]) -> None:
    services = EmbeddedServices(new_folder(), test=True, environment={})
    services.folder.prepare()
    (services.folder.path / "pg.new" / "base").mkdir(parents=True)

    services.start()
    try:
        assert _execute(services, "app_rw", "SELECT 1") == (1,)
    finally:
        services.stop()


def test_a_stale_pid_file_that_names_a_living_stranger_does_no_harm(new_folder: Callable[..., Path]) -> None:
    services = EmbeddedServices(new_folder(), test=True, environment={})
    services.start()
    cluster = services.postgres.cluster(services.postgres.account())
    services.stop()
    (cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster}\n", encoding="utf-8")

    services.start()
    try:
        assert _execute(services, "app_rw", "SELECT 1") == (1,)
    finally:
        services.stop()


def test_a_socket_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ServiceError, match="somebody else made it"):
        private_folder(tmp_path / "link", 0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_data_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, -1)

    with pytest.raises(ServiceError, match="belongs to the user"):
        DataFolder(tmp_path).prepare()


def test_a_private_folder_above_makes_a_path_unreachable_for_others(tmp_path: Path) -> None:
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    inner.chmod(0o755)
    inner.parent.chmod(0o700)

    assert not reachable_by(inner, 65533)


def test_long_logs_are_set_aside_and_the_oldest_is_dropped(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    for number in range(6):
        log.write_text(f"{number}" * 100)
        rotate(log, limit=50, keep=3)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["web.log.1", "web.log.2", "web.log.3"]
    assert (tmp_path / "web.log.1").read_text()[0] == "5"
    assert (tmp_path / "web.log.3").read_text()[0] == "3"


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["migrate"], True),
        (["shell"], True),
        (["check"], False),
        (["check", "--database", "default"], True),
        (["check", "--deploy"], False),
        (["makemigrations"], True),
        (["makemigrations", "--check"], False),
        (["collectstatic", "--no-input"], False),
        (["migrate", "--help"], False),
        ([], False),
    ],
)
def test_only_commands_that_talk_to_servers_start_them(arguments: list[str], needed: bool) -> None:
    assert needs_servers(arguments) is needed


def test_a_command_starts_servers_for_itself_and_stops_them(new_folder: Callable[..., Path]) -> None:
    folder = new_folder()
    environment = {**untouched_environment(), "ALLIANCE_DATA": str(folder)}
    question = "from django.db import connection as c; k = c.cursor(); k.execute('SELECT current_user'); print(k.fetchone())"

    answer = _manage(environment, "shell", "--no-imports", "-c", question)

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == "('app_rw',)"
    assert not EmbeddedServices(folder, environment={}).is_served()


def test_two_commands_share_the_servers_of_the_first(new_folder: Callable[..., Path]) -> None:
    folder = new_folder()
    environment = {**untouched_environment(), "ALLIANCE_DATA": str(folder)}
    question = (
        "import time; from django.db import connection as c; k = c.cursor(); "
        "k.execute('SELECT pg_postmaster_start_time()'); print(k.fetchone()[0].isoformat()); time.sleep({})"
    )
    command = [sys.executable, str(CHECKOUT / "manage.py"), "shell", "--no-imports", "-c"]
    first = subprocess.Popen([*command, question.format(3)], env=environment, stdout=subprocess.PIPE, text=True)
    services = EmbeddedServices(folder, environment={})
    _wait(lambda: services.state().get("ready"))
    second = subprocess.run([*command, question.format(4)], env=environment, check=True, capture_output=True, text=True)
    output, _nothing = first.communicate(timeout=60)

    assert output.strip() == second.stdout.strip()
    assert not services.is_served()


@pytest.mark.parametrize("command", ["migrate", "flush"])
def test_an_owner_command_on_a_real_server_asks_for_the_owners_address(tmp_path: Path, command: str) -> None:
    environment = {**untouched_environment(), "ALLIANCE_DATA": str(tmp_path), "DATABASE_URL": "postgres://app_rw:x@h/d"}

    answer = _manage(environment, command)

    assert answer.returncode == 1
    assert "DATABASE_OWNER_URL is not" in answer.stderr


def test_the_bootstrap_command_prepares_a_real_server(instance: EmbeddedServices) -> None:
    urls = {name: url.replace("/alliance", "/through_command") for name, url in instance.environment().items()}
    environment = {
        **untouched_environment(),
        **urls,
        "ALLIANCE_DATA": str(instance.folder.path),
        "DATABASE_SUPERUSER_URL": instance.postgres.url("postgres", "postgres"),
    }

    answer = _manage(environment, "bootstrap_database")

    assert answer.returncode == 0, answer.stderr
    assert "database through_command: made" in answer.stdout
    connection = psycopg2.connect(urls["DATABASE_URL"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT app.tenant(), current_database()")
        assert cursor.fetchone() == (None, "through_command")
    connection.close()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"DATABASE_SUPERUSER_URL": ""}, "DATABASE_SUPERUSER_URL"),
        (
            {"DATABASE_OWNER_URL": "postgres://wrong:x@h/one"},
            "DATABASE_OWNER_URL .* must be an address with the user app_owner",
        ),
        ({"DATABASE_PLATFORM_URL": "postgres://app_platform:x@h/two"}, "one and the same database, not one, two"),
    ],
)
def test_the_bootstrap_command_says_which_address_is_wrong(tmp_path: Path, change: dict[str, str], reason: str) -> None:
    environment = {
        **untouched_environment(),
        "ALLIANCE_DATA": str(tmp_path),
        "DATABASE_SUPERUSER_URL": "postgres://postgres:x@h/postgres",
        "DATABASE_URL": "postgres://app_rw:x@h/one",
        "DATABASE_OWNER_URL": "postgres://app_owner:x@h/one",
        "DATABASE_PLATFORM_URL": "postgres://app_platform:x@h/one",
        **change,
    }

    answer = _manage(environment, "bootstrap_database")

    assert answer.returncode == 1
    assert re.search(reason, answer.stderr)


def _manage(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    environment.setdefault("SECRET_KEY", "a-key-for-tests-that-protects-nothing-at-all-0123456789")
    return subprocess.run(
        [sys.executable, str(CHECKOUT / "manage.py"), *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _execute(services: EmbeddedServices, role: str, statement: str) -> tuple[object, ...] | None:
    connection = psycopg2.connect(services.postgres.url(role))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            row: tuple[object, ...] | None = cursor.fetchone() if cursor.description else None
            return row
    finally:
        connection.close()


def _wait(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
