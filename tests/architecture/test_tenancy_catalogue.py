"""The database's own catalogue says whether every tenant table is walled in (tenancy.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from alliance.kernel import tenancy
from alliance.kernel.fields import AllianceKey, TenantForeignKey, TenantOneToOneField
from alliance.models import Alliance, AuditEntry
from tests.architecture.rows import fill_tenant_tables
from tests.factories.alliance import make_alliance

WITHOUT_ALLIANCE: dict[str, str] = {
    "alliance_alliance": "the tenants themselves; their public fields are public",
    "alliance_user": "people act in several alliances; what they may do is in tenant tables",
    "alliance_user_groups": "unused table of Django's permission mixin",
    "alliance_user_user_permissions": "unused table of Django's permission mixin",
    "alliance_periodicrun": "periodic jobs of the platform: names and durations only",
    "alliance_ratecount": "counts of tries by hashed keys, for when the cache is away; no business data",
    "account_emailaddress": "addresses of accounts",
    "account_emailconfirmation": "confirmations of addresses",
    "auth_group": "Django's groups, unused",
    "auth_group_permissions": "Django's groups, unused",
    "auth_permission": "names of Django's permissions",
    "django_content_type": "names of models",
    "django_migrations": "history of the schema",
    "django_session": "sessions of accounts; signed, no business data",
    "guardian_groupobjectpermission": "shares of single records by key; checked with the record, which is walled in",
    "guardian_userobjectpermission": "shares of single records by key; checked with the record, which is walled in",
    "mfa_authenticator": "second factors of accounts",
    "oauth2_provider_accesstoken": "checksums of tokens; the client they belong to names the alliance",
    "oauth2_provider_devicegrant": "unused grant type",
    "oauth2_provider_grant": "unused grant type",
    "oauth2_provider_idtoken": "unused",
    "oauth2_provider_refreshtoken": "unused grant type",
    "usersessions_usersession": "sessions of accounts",
}
"""Tables that may lack the column ``alliance_id``, each with the reason."""

WITHOUT_POLICY: dict[str, str] = {
    "alliance_apiclient": "read by the token endpoint and the authentication before any alliance acts; every read names its alliance",
}
"""Tables that have the column and yet no policy, each with the reason."""

APPEND_ONLY = ("alliance_auditentry", "alliance_auditleaf", "alliance_treehead")
SEALED_ONLY = ("alliance_auditpending", "alliance_auditpersonal")
"""Beside the log: pending rows go only by being sealed; personal values are erased, never exchanged."""
POLICY = "(alliance_id = ( SELECT app.tenant() AS tenant))"


def rows(sql: str, values: list[Any] | None = None) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or [])
        return list(cursor.fetchall())


def tables() -> dict[str, bool]:
    """Every table, and whether it has the column alliance_id."""
    found = rows(
        """
        SELECT c.relname, EXISTS (SELECT 1 FROM pg_attribute a
                                   WHERE a.attrelid = c.oid AND a.attname = 'alliance_id' AND NOT a.attisdropped)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
        """
    )
    return {str(name): bool(has) for name, has in found}


def walled() -> list[str]:
    return sorted(name for name, has in tables().items() if has and name not in WITHOUT_POLICY)


@contextmanager
def as_web_role() -> Iterator[None]:
    """Be ``app_rw``, as the web processes are; undone with the test's transaction at the latest."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE app_rw")
        yield  # an error undoes the savepoint, and the role with it
        cursor.execute("RESET ROLE")


pytestmark = pytest.mark.django_db


def test_a_table_without_an_alliance_is_listed_with_its_reason() -> None:
    without = {name for name, has in tables().items() if not has}

    assert without - WITHOUT_ALLIANCE.keys() == set(), "give the table an alliance, or say here why it has none"
    assert WITHOUT_ALLIANCE.keys() - without == set(), "these are gone: take them off the list"
    assert set(WITHOUT_POLICY) <= {name for name, has in tables().items() if has}


def test_row_level_security_is_on_and_forced_on_every_tenant_table() -> None:
    open_tables = [
        name
        for name, enabled, forced in rows(
            "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = ANY(%s) AND relkind IN ('r', 'p')",
            [walled()],
        )
        if not (enabled and forced)
    ]

    assert open_tables == []


def test_every_tenant_table_has_exactly_our_policy() -> None:
    policies: dict[str, list[tuple[object, ...]]] = {}
    for table, *policy in rows(
        "SELECT tablename, policyname, permissive, roles::text, cmd, qual, with_check FROM pg_policies WHERE schemaname = 'public'"
    ):
        policies.setdefault(str(table), []).append(tuple(policy))

    expected = [("tenant_isolation", "PERMISSIVE", "{public}", "ALL", POLICY, POLICY)]
    different = {name: policies.get(name) for name in walled() if policies.get(name) != expected}
    assert different == {}


def test_a_reference_between_tenant_tables_carries_the_alliance() -> None:
    """A plain foreign key would accept a row of another alliance: PostgreSQL checks it past row-level security."""
    tenant = set(walled())
    plain = [
        f"{source}.{column} -> {target}"
        for source, column, target in rows(
            """
            SELECT s.relname, a.attname, t.relname FROM pg_constraint k
              JOIN pg_class s ON s.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
              JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
             WHERE k.contype = 'f' AND cardinality(k.conkey) = 1
            """
        )
        if source in tenant and target in tenant
    ]

    assert plain == []


def test_every_tenant_reference_of_a_model_has_its_composite_key() -> None:
    found = {
        (str(source), tuple(str(column) for column in columns), str(target))  # type: ignore[attr-defined]
        for source, columns, target in rows(
            """
            SELECT s.relname, array_agg(a.attname::text ORDER BY u.ord), t.relname FROM pg_constraint k
              JOIN pg_class s ON s.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
              CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY u(num, ord)
              JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num
             WHERE k.contype = 'f' GROUP BY k.oid, s.relname, t.relname
            """
        )
    }
    missing = []
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, TenantForeignKey):
                key = (model._meta.db_table, ("alliance_id", field.column), field.remote_field.model._meta.db_table)
                if key not in found:
                    missing.append(key)

    assert missing == []


def test_a_model_of_a_tenant_refers_to_tenant_rows_by_tenant_keys_only() -> None:
    tenant_models = [
        model for model in apps.get_models() if any(isinstance(field, AllianceKey) for field in model._meta.local_fields)
    ]
    wrong = [
        f"{model._meta.label}.{field.name}"
        for model in tenant_models
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey)
        and not isinstance(field, TenantForeignKey | AllianceKey)
        and field.remote_field.model in tenant_models
    ]
    many = [f"{model._meta.label}.{field.name}" for model in tenant_models for field in model._meta.local_many_to_many]

    assert wrong == []
    assert many == [], "a many-to-many table has no alliance: write the model of the relation"


def test_unique_rules_of_tenant_tables_begin_with_the_alliance() -> None:
    """A global one would tell that a foreign row exists; random identifiers tell nothing."""
    random = re.compile(r"\((uuid|token_hash|id)\)$")
    one_to_one = {
        f"({field.column})"
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, TenantOneToOneField)  # its composite key lets no foreign identifier in
    }
    wrong = [
        definition
        for (definition,) in rows(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY(%s) AND indexdef LIKE 'CREATE UNIQUE%%'",
            [walled()],
        )
        if "(alliance_id" not in str(definition)
        and not random.search(str(definition))
        and not any(str(definition).endswith(column) for column in one_to_one)
    ]

    assert wrong == []


def test_the_roles_of_the_web_and_of_the_owner_are_bound_by_the_policies() -> None:
    found = {
        str(name): (bool(superuser), bool(bypass))
        for name, superuser, bypass in rows(
            "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname IN ('app_rw', 'app_owner')"
        )
    }

    assert found == {"app_rw": (False, False), "app_owner": (False, False)}
    assert rows("SELECT pg_has_role('app_rw', 'app_platform', 'MEMBER')") == [(False,)]
    assert rows("SELECT current_user") == [("app_owner",)]


def test_functions_that_look_past_the_policies_are_known() -> None:
    """Each SECURITY DEFINER function is a door: it must be named here and fix its search path."""
    found = {
        str(name): str(config)
        for name, config in rows(
            """
            SELECT p.proname, coalesce(p.proconfig::text, '') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
             WHERE p.prosecdef AND n.nspname IN ('public', 'app')
            """
        )
    }

    assert set(found) <= KNOWN_DOORS.keys(), "name the function in KNOWN_DOORS with what it lets through"
    assert all("search_path" in config for config in found.values())


KNOWN_DOORS = {
    "drop_sealed_pending": "nothing past the policies: its owner is bound by them; deletes pending rows that have a leaf",
    "institutions_worded": "ids of institutions of the announced alliance that contain some words",
    "alliances_of_user": "ids of the alliances in which one person acts",
}


def test_no_view_looks_past_the_policies() -> None:
    found = rows(
        """
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'public' AND (c.relkind = 'm' OR (c.relkind = 'v'
           AND NOT coalesce(c.reloptions::text LIKE '%%security_invoker=true%%', false)))
        """
    )

    assert found == []


# -------------------------------------------------------------------------------------- what the role of the web can reach


@pytest.fixture
def two_filled(alliance: Alliance, other_alliance: Alliance) -> dict[str, int]:
    """Both alliances with a row in every tenant table; the other one's counts by table."""
    fill_tenant_tables(alliance)
    fill_tenant_tables(other_alliance)
    counts = {}
    with tenancy.acting_in(other_alliance), connection.cursor() as cursor:
        for table in walled():
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE alliance_id = %s', [other_alliance.pk])
            counts[table] = cursor.fetchone()[0]
    return counts


def test_every_tenant_table_really_holds_a_foreign_row_in_these_tests(two_filled: dict[str, int]) -> None:
    """Otherwise the tests below would prove nothing about the empty ones."""
    assert [table for table, count in two_filled.items() if count == 0] == []


def test_the_web_role_reads_no_row_of_another_alliance(
    alliance: Alliance, other_alliance: Alliance, two_filled: dict[str, int]
) -> None:
    seen = {}
    with tenancy.acting_in(alliance), as_web_role(), connection.cursor() as cursor:
        for table in two_filled:
            cursor.execute(f'SELECT count(*) FILTER (WHERE alliance_id <> %s), count(*) FROM "{table}"', [alliance.pk])
            foreign, own = cursor.fetchone()
            if foreign or not own:
                seen[table] = (foreign, own)

    assert seen == {}


def test_the_web_role_changes_no_row_of_another_alliance(
    alliance: Alliance, other_alliance: Alliance, two_filled: dict[str, int]
) -> None:
    touched: dict[str, str] = {}
    refused: dict[str, str] = {}
    for table in two_filled:
        for statement in (
            f'UPDATE "{table}" SET alliance_id = alliance_id WHERE alliance_id = %s',
            f'DELETE FROM "{table}" WHERE alliance_id = %s',
        ):
            try:
                with tenancy.acting_in(alliance), as_web_role(), connection.cursor() as cursor:
                    cursor.execute(statement, [other_alliance.pk])
                    if cursor.rowcount:
                        touched[table] = statement
            except DatabaseError as refusal:
                refused[table] = str(refusal)

    assert touched == {}
    assert set(refused) <= {*APPEND_ONLY, *SEALED_ONLY}, refused


def test_the_web_role_puts_no_row_into_another_alliance(
    alliance: Alliance, other_alliance: Alliance, two_filled: dict[str, int]
) -> None:
    """By INSERT ... SELECT of an own row with the other alliance's key, table by table."""
    accepted, other_reasons = [], {}
    for table in two_filled:
        columns = [
            str(name)
            for (name,) in rows(
                """
                SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                 WHERE c.relname = %s AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
                   AND a.attidentity = '' AND a.attgenerated = '' ORDER BY a.attnum
                """,
                [table],
            )
        ]
        listed = ", ".join(f'"{name}"' for name in columns)
        chosen = ", ".join("%s" if name == "alliance_id" else f'"{name}"' for name in columns)
        try:
            with tenancy.acting_in(alliance), as_web_role(), connection.cursor() as cursor:
                cursor.execute(
                    f'INSERT INTO "{table}" ({listed}) SELECT {chosen} FROM "{table}" LIMIT 1', [other_alliance.pk]
                )
                accepted.append(table)
        except DatabaseError as refusal:
            if "row-level security" not in str(refusal) and "permission denied" not in str(refusal):
                other_reasons[table] = str(refusal)

    assert accepted == []
    assert other_reasons == {}, "refused, but not by the policy"


def test_without_an_alliance_the_web_role_sees_nothing_and_writes_nothing(two_filled: dict[str, int]) -> None:
    seen = {}
    with transaction.atomic():
        tenancy.announce(connection, None)
        with as_web_role(), connection.cursor() as cursor:
            for table in two_filled:
                cursor.execute(f'SELECT count(*) FROM "{table}"')
                if count := cursor.fetchone()[0]:
                    seen[table] = count

    assert seen == {}


def test_a_reference_into_another_alliance_is_refused_by_the_database(alliance: Alliance, other_alliance: Alliance) -> None:
    from members.models import ElementSupply, Institution

    fill_tenant_tables(other_alliance)
    with tenancy.acting_in(other_alliance):
        foreign = Institution.objects.of(other_alliance).values_list("pk", flat=True)[0]

    def refer() -> None:
        with tenancy.acting_in(alliance), connection.cursor() as cursor:
            ElementSupply.objects.create(
                alliance=alliance,
                institution_id=foreign,
                element="policy",
                scale="macro",
                strength="0.5",
                valid_from="2026-01-01",
            )
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError, match="same_alliance"):
        refer()


# ------------------------------------------------------------------------------------------------------------- audit log


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET alliance_id = alliance_id", "DELETE FROM {}", "TRUNCATE {}"])
def test_nobody_changes_the_audit_log(alliance: Alliance, table: str, statement: str) -> None:
    fill_tenant_tables(alliance)

    def change(role: str) -> None:
        with tenancy.acting_in(alliance), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute(statement.format(table))

    for role in ("app_rw", "app_owner"):
        with pytest.raises(DatabaseError):
            change(role)

    with tenancy.acting_in(alliance):
        assert AuditEntry.objects.of(alliance).exists()


def test_the_web_role_cannot_empty_any_table() -> None:
    allowed = [
        table
        for (table,) in rows(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND has_table_privilege('app_rw', oid, 'TRUNCATE')"
        )
    ]

    assert allowed == []


def test_the_web_role_owns_nothing_and_reads_every_table() -> None:
    owned = rows("SELECT relname FROM pg_class WHERE relowner = 'app_rw'::regrole")
    unreadable = [
        table
        for (table,) in rows(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
            "AND NOT has_table_privilege('app_rw', oid, 'SELECT')"
        )
    ]

    assert owned == []
    assert unreadable == []


# ----------------------------------------------------------------------------------------------------------- the hook


@pytest.mark.django_db(transaction=True)
def test_every_transaction_of_the_acting_alliance_announces_it() -> None:
    alliance = make_alliance("hooked")
    token = tenancy.enter(alliance.pk)
    try:
        with transaction.atomic():
            inside = rows("SELECT current_setting('app.alliance_id', true)")
        outside = rows("SELECT current_setting('app.alliance_id', true)")
    finally:
        tenancy.leave(token)
    with transaction.atomic():
        afterwards = rows("SELECT current_setting('app.alliance_id', true)")

    assert inside == [(str(alliance.pk),)]
    assert outside[0][0] in {None, ""}
    assert afterwards[0][0] in {None, ""}


@pytest.mark.django_db(transaction=True)
def test_one_alliance_after_the_other_on_one_connection_leaves_nothing_behind() -> None:
    first, second = make_alliance("first"), make_alliance("second")
    fill_tenant_tables(first)

    with tenancy.acting_in(second):
        assert AuditEntry.objects.count() == 0
    with tenancy.acting_in(first):
        assert AuditEntry.objects.count() > 0
    assert AuditEntry.objects.count() == 0
