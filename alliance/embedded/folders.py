"""The data folder, its keys, and the short socket folder that belongs to it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alliance.embedded.errors import ServiceError

BASE_DIR = Path(__file__).resolve().parents[2]
ROLES = ("postgres", "app_owner", "app_rw", "app_platform")


def default_data_folder() -> Path:
    """``ALLIANCE_DATA`` when set, else ``.data`` in the checkout."""
    return Path(os.environ.get("ALLIANCE_DATA") or BASE_DIR / ".data").expanduser().absolute()


@dataclass(frozen=True)
class DataFolder:
    """Everything one instance keeps on disk; one process at a time serves it."""

    path: Path

    @property
    def keys(self) -> Path:
        """Secrets, readable by the owner only."""
        return self.path / "keys"

    @property
    def logs(self) -> Path:
        """One file per server and per child of the supervisor."""
        return self.path / "logs"

    @property
    def lock_file(self) -> Path:
        """Locked exclusively by the process that serves the folder."""
        return self.path / "lock"

    @property
    def users_file(self) -> Path:
        """Locked in common by commands that use servers another process started."""
        return self.path / "users"

    @property
    def state_file(self) -> Path:
        """Who serves the folder, and whether its servers are ready."""
        return self.path / "state.json"

    def prepare(self) -> None:
        """Make the folder, its sub-folders and the secrets that are missing; may be called at any time.

        Raises:
            ServiceError: The folder belongs to someone else, or cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            owner = self.path.stat().st_uid
            if owner != os.geteuid():
                message = (
                    f"The data folder {self.path} belongs to the user {user_name(owner)}; you are "
                    f"{user_name(os.geteuid())}. Start as {user_name(owner)}, or choose another folder with "
                    "--data DIR or ALLIANCE_DATA."
                )
                raise ServiceError(message)
            # As root the database runs as another user, which must be able to reach its own sub-folder.
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for name in ("valkey", "keys", "files", "mail", "logs"):
                folder = self.path / name
                folder.mkdir(exist_ok=True)
                folder.chmod(0o700)
            with self._making():
                if not (self.keys / "secret_key").exists():
                    write_private(self.keys / "secret_key", secrets.token_urlsafe(64))
                if not (self.path / "instance").exists():
                    write_private(self.path / "instance", secrets.token_hex(8))
        except OSError as error:
            message = f"The data folder {self.path} cannot be used: {error.strerror} ({error.filename})."
            raise ServiceError(message) from error

    @contextmanager
    def _making(self) -> Iterator[None]:
        """One maker of secrets at a time, so that two first commands do not each keep another one."""
        with (self.keys / ".making").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @property
    def instance(self) -> str:
        """A random name made together with the folder: a folder made anew never finds an older database."""
        return (self.path / "instance").read_text(encoding="utf-8").strip()

    def passwords(self, *, make: bool) -> dict[str, str]:
        """The database passwords by role.

        Args:
            make: Make them when they are missing; False when a database with passwords exists already.

        Raises:
            ServiceError: They are missing or damaged and must not be made anew.
        """
        file = self.keys / "database.json"
        try:
            stored = json.loads(file.read_text(encoding="utf-8"))
            if all(isinstance(stored.get(role), str) and stored[role] for role in ROLES):
                return {role: stored[role] for role in ROLES}
        except FileNotFoundError:
            if make:
                made = {role: secrets.token_urlsafe(24) for role in ROLES}
                write_private(file, json.dumps(made))
                return made
        except (ValueError, AttributeError):
            pass
        message = (
            f"{file} is missing or damaged, and the database in {self.path} was made with its passwords. "
            "Put the file back from a backup, or choose another data folder."
        )
        raise ServiceError(message)

    @property
    def socket_folder(self) -> Path:
        """Where the sockets lie: a short path, for theirs end at 107 bytes however long the data folder's is.

        The name differs between users and between data folders, and stays the same between starts.
        """
        digest = hashlib.sha256(os.fsencode(os.path.realpath(self.path))).hexdigest()[:8]
        return Path("/tmp") / f"alliance-{os.geteuid()}-{digest}"  # noqa: S108 - owner and mode are checked before use

    def make_socket_folder(self) -> Path:
        """Make the socket folder, or take the one that is ours.

        Raises:
            ServiceError: Somebody else made it first, or it is not a plain folder.
        """
        return private_folder(self.socket_folder, 0o711 if os.geteuid() == 0 else 0o700)


def private_folder(path: Path, mode: int, owner: int | None = None) -> Path:
    """Make a folder in a place where others may write, or take the one we made before.

    Args:
        path: The folder.
        mode: Its permission bits.
        owner: The user it must belong to (root hands it over when new); None for ourselves.

    Raises:
        ServiceError: It is a link, not a folder, or belongs to somebody else.
    """
    owner = os.geteuid() if owner is None else owner
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        if owner != os.geteuid():
            os.chown(path, owner, -1)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        message = (
            f"{path} should be a folder of the user {user_name(owner)} but is not: somebody else made it. "
            "Remove it, or choose another data folder."
        )
        raise ServiceError(message)
    path.chmod(mode)
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def reachable_by(path: Path, uid: int) -> bool:
    """True when another user may pass through every folder above ``path`` and through it."""
    for folder in (path, *path.parents):
        found = folder.stat()
        needed = stat.S_IXUSR if found.st_uid == uid else stat.S_IXOTH
        if not found.st_mode & needed:
            return False
    return True


def user_name(uid: int) -> str:
    """The account name, or the number when there is no account."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def rotate(path: Path, limit: int = 5_000_000, keep: int = 3) -> None:
    """Before a log is opened: set a long one aside as .1, and older ones as .2 and so on."""
    if not path.exists() or path.stat().st_size < limit:
        return
    for number in range(keep - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    path.replace(path.with_name(f"{path.name}.1"))


def last_lines(path: Path, count: int = 20) -> str:
    """The end of a log, for an error message; empty when there is none."""
    try:
        with path.open("rb") as handle:
            handle.seek(max(0, path.stat().st_size - 64_000))
            lines = handle.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-count:])
