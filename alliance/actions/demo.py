"""Makes and removes the demonstration alliances (S34)."""

from __future__ import annotations

import secrets
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils.module_loading import import_string
from psycopg2 import sql

from alliance.actions.audit import record_audit
from alliance.kernel import demo, tenancy
from alliance.kernel.errors import DomainError
from alliance.models import Alliance, RoleAssignment, User

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

WORDS = (
    *("loom", "warp", "weft", "heald", "reed", "bobbin", "shuttle", "selvedge", "spindle", "sizing", "twill", "poplin"),
    *("carding", "combing", "doubling", "winding", "beaming", "drafting", "knitting", "dyeing", "rinsing", "drying"),
)


class NoDemonstrationError(DomainError):
    """The alliance is a real one; a demonstration command leaves it alone."""

    code = "no_demonstration"


def new_password() -> str:
    """A password one can type from a screen: four words of the trade and four digits."""
    return "-".join([*(secrets.choice(WORDS) for _ in range(4)), f"{secrets.randbelow(10_000):04d}"])


# ---------------------------------------------------------------------------------------------------------------- making


@dataclass(frozen=True, slots=True)
class SeededAccount:
    """A line of the list of accounts."""

    role: str
    email: str
    alliance: str
    slug: str


def make_alliance(wanted: demo.DemonstrationAlliance, *, at: datetime) -> Alliance:
    """The demonstration alliance, made if it is missing.

    Raises:
        NoDemonstrationError: A real alliance has its address.
    """
    alliance, created = Alliance.objects.get_or_create(
        slug=wanted.slug, defaults={**wanted.fields, "is_demonstration": True}
    )
    if not alliance.is_demonstration:
        message = f"/a/{wanted.slug}/ is a real alliance."
        raise NoDemonstrationError(message)
    if created:
        with tenancy.acting_in(alliance):
            record_audit(
                alliance, actor=None, verb="found_alliance", after={"slug": alliance.slug}, at=at, alliance=alliance
            )
    return alliance


def make_accounts(alliance: Alliance, flavour: str, *, password: str, renew: bool, at: datetime) -> dict[demo.Account, User]:
    """The demonstration accounts of one alliance with their roles in it; running it again adds none.

    Args:
        alliance: A demonstration alliance.
        flavour: Which accounts.
        password: The shared password.
        renew: Whether accounts that exist get this password.
        at: Now.
    """
    users: dict[demo.Account, User] = {}
    for account in demo.ACCOUNTS[flavour]:
        email = demo.email_of(alliance.slug, account)
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(
                email, password, name_en=account.name_en, name_zh=account.name_zh, is_demonstration=True
            )
        elif renew:
            user.set_password(password)
            user.save(update_fields=["password"])
        _confirm_address(user)
        users[account] = user
        if account.role:
            _give_role(alliance, user, account.role, at=at)
    return users


def _confirm_address(user: User) -> None:
    from allauth.account.models import EmailAddress  # noqa: PLC0415 - allauth's models load after ours

    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


def _give_role(alliance: Alliance, user: User, role: str, *, at: datetime) -> None:
    held = RoleAssignment.objects.of(alliance).filter(user=user, role=role)
    if held.exists():
        return
    assignment = RoleAssignment.objects.create(alliance=alliance, user=user, role=role, starts_at=at - timedelta(days=400))
    record_audit(assignment, actor=None, verb="give_role", after={"user": user.uuid, "role": role}, at=at)


def seed(
    slugs: tuple[str, ...],
    *,
    password: str,
    renew: bool,
    data_dir: Path,
    at: datetime,
    say: Callable[[str], None],
) -> list[SeededAccount]:
    """Make demonstration alliances with their accounts and content, one transaction per alliance and layer.

    Running it again adds nothing that is there already.

    Args:
        slugs: Which of the known demonstration alliances.
        password: The shared password of the accounts.
        renew: Whether accounts that exist get it.
        data_dir: Folder of the shipped data.
        at: Moment that counts as now.
        say: Gets a line per step.

    Returns:
        The accounts, in the order of the roles.
    """
    lines: list[SeededAccount] = []
    for wanted in demo.ALLIANCES:
        if wanted.slug not in slugs:
            continue
        with transaction.atomic():
            alliance = make_alliance(wanted, at=at)
            with tenancy.acting_in(alliance):
                users = make_accounts(alliance, wanted.flavour, password=password, renew=renew, at=at)
        for layer, load in demo.in_order():
            with tenancy.acting_in(alliance):
                load(alliance, flavour=wanted.flavour, data_dir=data_dir, at=at)
                if layer == "members":
                    _staff(alliance, users, at=at)
            say(f"{wanted.slug}: {layer}")
        lines += [
            SeededAccount(str(account.title), user.email, alliance.name_en, alliance.slug) for account, user in users.items()
        ]
    return lines


def _staff(alliance: Alliance, users: dict[demo.Account, User], *, at: datetime) -> None:
    for account, user in users.items():
        if account.acts_for_institution:
            for give in demo.staff_givers.values():
                give(alliance, user, account, at=at)


# -------------------------------------------------------------------------------------------------------------- removing


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key of one column: rows of ``table`` point by ``column`` at ``target.target_column``."""

    table: str
    column: str
    target: str
    target_column: str


def tenant_tables() -> list[str]:
    """Every table with an ``alliance_id`` column, read from the database's own catalogue."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'alliance_id' AND NOT a.attisdropped
             WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY c.relname
            """
        )
        return [row[0] for row in cursor.fetchall()]


def references() -> list[Reference]:
    """Every foreign key of one column, read from the catalogue."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT s.relname, a.attname, t.relname, b.attname
              FROM pg_constraint k
              JOIN pg_class s ON s.oid = k.conrelid
              JOIN pg_class t ON t.oid = k.confrelid
              JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
              JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
             WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 ORDER BY 1, 2
            """
        )
        return [Reference(*row) for row in cursor.fetchall()]


def remove(alliance: Alliance) -> Counter[str]:
    """Remove a demonstration alliance: every row of every tenant table, its files, accounts, sessions and API clients.

    Demonstrations that stand below go with it; a real alliance below loses its parent, nothing else. The tables come from
    the database's catalogue, not from a list written by hand. Needs the owner's role: the audit log of
    a demonstration can be removed by nobody else, that of a real alliance by nobody.

    Returns:
        Rows removed, by table; files under ``files``, sessions under ``sessions``.

    Raises:
        NoDemonstrationError: The alliance is a real one.
    """
    if not Alliance.objects.filter(pk=alliance.pk, is_demonstration=True).exists():
        message = f"/a/{alliance.slug}/ is no demonstration."
        raise NoDemonstrationError(message)
    tables = tenant_tables()
    keys = references()
    removed: Counter[str] = Counter()
    for below in Alliance.objects.filter(parent=alliance, is_demonstration=True):
        removed.update(remove(below))
    Alliance.objects.filter(parent=alliance).update(parent=None)
    with tenancy.acting_in(alliance):
        candidates = _demonstration_users(alliance, tables, keys)
        _remove_object_permissions(alliance, removed)
        for table in tables:
            _remove_dependents(table, "alliance_id = %s", [alliance.pk], tables, keys, removed)
        for table in tables:
            removed[table] += _delete(table, sql.SQL("alliance_id = %s"), [alliance.pk])
        Alliance.objects.filter(pk=alliance.pk).delete()
        removed["alliance_alliance"] += 1
    for user in User.objects.filter(pk__in=candidates, is_demonstration=True):
        if not _is_used_elsewhere(user, tables, keys):
            removed["sessions"] += _end_sessions(user)
            with transaction.atomic():
                for table, count in user.delete()[1].items():
                    removed[_table_of(table)] += count
    removed["files"] += _remove_files(str(alliance.pk))
    return +removed


def rows_left(alliance_id: int) -> dict[str, int]:
    """Rows of an alliance in every tenant table, tables without any left out; for the proof after a removal."""
    left: dict[str, int] = {}
    with tenancy.acting_in(alliance_id), connection.cursor() as cursor:
        for table in tenant_tables():
            cursor.execute(
                sql.SQL("SELECT count(*) FROM {} WHERE alliance_id = %s").format(sql.Identifier(table)), [alliance_id]
            )
            if count := cursor.fetchone()[0]:
                left[table] = count
    return left


def _demonstration_users(alliance: Alliance, tables: list[str], keys: list[Reference]) -> set[int]:
    """Demonstration accounts that any row of the alliance names."""
    found: set[int] = set()
    with connection.cursor() as cursor:
        for key in keys:
            if key.target == User._meta.db_table and key.table in tables:
                cursor.execute(
                    sql.SQL(
                        "SELECT DISTINCT u.id FROM {table} t JOIN {users} u ON u.id = t.{column} "
                        "WHERE t.alliance_id = %s AND u.is_demonstration"
                    ).format(
                        table=sql.Identifier(key.table),
                        users=sql.Identifier(User._meta.db_table),
                        column=sql.Identifier(key.column),
                    ),
                    [alliance.pk],
                )
                found.update(row[0] for row in cursor.fetchall())
    found.update(
        User.objects.filter(is_demonstration=True, email__endswith=f"@{alliance.slug}.demo.example").values_list(
            "pk", flat=True
        )
    )
    return found


def _is_used_elsewhere(user: User, tables: list[str], keys: list[Reference]) -> bool:
    for other in Alliance.objects.all():
        with tenancy.acting_in(other), connection.cursor() as cursor:
            for key in keys:
                if key.target == User._meta.db_table and key.table in tables:
                    cursor.execute(
                        sql.SQL("SELECT EXISTS (SELECT 1 FROM {} WHERE {} = %s)").format(
                            sql.Identifier(key.table), sql.Identifier(key.column)
                        ),
                        [user.pk],
                    )
                    if cursor.fetchone()[0]:
                        return True
    return False


def _remove_dependents(
    table: str,
    condition: str,
    values: list[Any],
    tables: list[str],
    keys: list[Reference],
    removed: Counter[str],
    seen: frozenset[str] = frozenset(),
) -> None:
    """Rows of tables without an alliance that point at rows to be removed, deepest first (such as tokens of clients)."""
    for key in keys:
        if key.target != table or key.table in tables or key.table in seen or key.table == Alliance._meta.db_table:
            continue
        pointing = sql.SQL("{} IN (SELECT {} FROM {} WHERE {})").format(
            sql.Identifier(key.column), sql.Identifier(key.target_column), sql.Identifier(table), sql.SQL(condition)
        )
        text = pointing.as_string(connection.connection)
        _remove_dependents(key.table, text, values, tables, keys, removed, seen | {table})
        removed[key.table] += _delete(key.table, pointing, values)


def _delete(table: str, condition: Any, values: list[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DELETE FROM {} WHERE {}").format(sql.Identifier(table), condition), values)
        return int(cursor.rowcount)


def _remove_object_permissions(alliance: Alliance, removed: Counter[str]) -> None:
    """Shares of single records of the alliance."""
    from guardian.models import GroupObjectPermission, UserObjectPermission  # noqa: PLC0415 - loads after ours

    for content_type in ContentType.objects.all():
        model = content_type.model_class()
        if model is None or not any(field.column == "alliance_id" for field in model._meta.local_fields):
            continue
        for kind in (UserObjectPermission, GroupObjectPermission):
            named = kind.objects.filter(content_type=content_type)
            if named.exists():
                ids = [str(pk) for pk in model._default_manager.filter(alliance_id=alliance.pk).values_list("pk", flat=True)]
                removed[kind._meta.db_table] += named.filter(object_pk__in=ids).delete()[0]


def _end_sessions(user: User) -> int:
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    ended = 0
    for session in _sessions():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            store(session.session_key).delete()
            ended += 1
    return ended


def _sessions() -> Iterator[Session]:
    yield from Session.objects.iterator(chunk_size=500)


def _remove_files(folder: str) -> int:
    try:
        _folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return 0
    for name in files:
        default_storage.delete(f"{folder}/{name}")
    with suppress(OSError, NotImplementedError):
        default_storage.delete(folder)
    return len(files)


def _table_of(label: str) -> str:
    from django.apps import apps  # noqa: PLC0415 - only here

    return str(apps.get_model(label)._meta.db_table)
