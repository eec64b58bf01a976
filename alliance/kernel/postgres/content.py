"""Keeps the version of an alliance's content: every commit that changes one of its records raises it.

Answers that may be asked for again (``ETag``) and cached pages name this version. The database keeps it, so that no
action, import or shell session can forget to. The tables are those of the layers; the kernel's own (log, outbox, jobs,
notices) are no content.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connections

from alliance.kernel.postgres.schema import is_tenant_table

TRIGGER = """
CREATE CONSTRAINT TRIGGER content_change_noted AFTER INSERT OR DELETE OR {update} ON {table}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.note_content_change()
"""
CLIENTS = "alliance_apiclient"
CLIENT_UPDATE = "UPDATE OF scopes, networks, expires_at, revoked_at"
"""What a machine client may do is kept by the workers under the same version; its count of uses is not."""
MISSING = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relname = ANY(%s)
  AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'content_change_noted')
"""


def content_tables() -> list[str]:
    """Tables whose rows are content of an alliance."""
    return sorted(
        model._meta.db_table
        for model in apps.get_models()
        if is_tenant_table(model) and model._meta.app_label != "alliance" and model._meta.managed
    )


def watch_content(using: str = "default", **_kwargs: Any) -> None:
    """After migrations: give each content table that lacks it the trigger; also for tables made later."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc('app.note_content_change') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return  # migrated back to before the function
        cursor.execute(MISSING, [[*content_tables(), CLIENTS]])
        for (table,) in cursor.fetchall():
            update = CLIENT_UPDATE if table == CLIENTS else "UPDATE"
            cursor.execute(TRIGGER.format(table=connection.ops.quote_name(table), update=update))
