"""Migrations that make many tables at once leave what the same operations leave one by one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from alliance.kernel.postgres.at_once import AtOnce

pytestmark = pytest.mark.django_db(transaction=True)

FIRST = [
    migrations.CreateModel(
        name="Shelf",
        fields=[
            ("id", models.BigAutoField(primary_key=True)),
            ("name", models.CharField(max_length=20)),
            ("old", models.TextField()),
        ],
        options={"db_table": "at_once_shelf"},
    ),
]
THEN = [
    migrations.CreateModel(
        name="Book",
        fields=[("id", models.BigAutoField(primary_key=True)), ("title", models.CharField(max_length=20))],
        options={"db_table": "at_once_book"},
    ),
    migrations.CreateModel(
        name="Page",
        fields=[
            ("id", models.BigAutoField(primary_key=True)),
            ("book", models.ForeignKey("alliance.book", models.CASCADE, db_constraint=True)),
        ],
        options={"db_table": "at_once_page"},
    ),
    migrations.AddField("book", "marked", models.ForeignKey("alliance.page", models.SET_NULL, null=True)),
    migrations.AddField("shelf", "best", models.ForeignKey("alliance.book", models.SET_NULL, null=True)),
    migrations.AlterField("shelf", "name", models.CharField(max_length=60)),
    migrations.RemoveField("shelf", "old"),
    migrations.RunSQL("COMMENT ON TABLE at_once_book IS 'a book'", migrations.RunSQL.noop),
    migrations.AddConstraint("book", models.UniqueConstraint(fields=["title"], name="at_once_title")),
    migrations.AddConstraint("shelf", models.CheckConstraint(condition=~models.Q(name=""), name="at_once_named")),
    migrations.AddIndex("page", models.Index(fields=["book", "-id"], name="at_once_pages")),
]
TABLES = "('at_once_shelf', 'at_once_book', 'at_once_page')"


def migration(kind: type[migrations.Migration], operations: list[Any]) -> migrations.Migration:
    class Made(kind):  # type: ignore[valid-type,misc]  # either base
        pass

    Made.operations = operations
    return Made("0999_test", "alliance")


def applied(kind: type[migrations.Migration]) -> tuple[set[tuple[Any, ...]], dict[str, list[str]]]:
    """What the database has after two migrations, the second of them of the kind; and what Django thinks it has."""
    state = ProjectState()
    with connection.schema_editor() as editor:
        state = migration(migrations.Migration, FIRST).apply(state, editor)
    assert state.apps.get_model("alliance", "shelf")  # rendered, as after any migration before
    before = state.clone()
    later = migration(kind, THEN)
    with connection.schema_editor() as editor:
        state = later.apply(state, editor)
    found = in_database()
    models_ = {
        name: [field.name for field in state.apps.get_model("alliance", name)._meta.fields]
        for name in ("shelf", "book", "page")
    }
    with connection.schema_editor() as editor:
        later.unapply(before, editor)
    with connection.schema_editor() as editor:
        migration(migrations.Migration, FIRST).unapply(ProjectState(), editor)
    assert in_database() == set()
    return found, models_


def in_database() -> set[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT 'column', table_name, column_name, data_type || coalesce(character_maximum_length::text, '') || is_nullable
            FROM information_schema.columns WHERE table_name IN {TABLES}
            UNION ALL
            SELECT 'constraint', conrelid::regclass::text, contype::text, pg_get_constraintdef(oid)
            FROM pg_constraint WHERE conrelid IN (SELECT oid FROM pg_class WHERE relname IN {TABLES})
            UNION ALL
            SELECT 'index', tablename, '', regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON')
            FROM pg_indexes WHERE tablename IN {TABLES}
            UNION ALL
            SELECT 'comment', relname, '', obj_description(oid) FROM pg_class
            WHERE relname IN {TABLES} AND obj_description(oid) IS NOT NULL
            """
        )
        return set(cursor.fetchall())


def test_the_database_is_the_same_as_after_one_operation_at_a_time() -> None:
    at_once, one_by_one = applied(AtOnce), applied(migrations.Migration)

    assert at_once == one_by_one
    kinds = {row[0] for row in at_once[0]}
    assert kinds == {"column", "constraint", "index", "comment"}
    assert sum(row[2] == "f" for row in at_once[0]) == 3


def test_a_column_and_a_constraint_of_a_new_table_are_made_once() -> None:
    with connection.schema_editor(collect_sql=True) as editor:
        state = migration(migrations.Migration, FIRST).apply(ProjectState(), editor, collect_sql=True)
        migration(AtOnce, THEN).apply(state, editor, collect_sql=True)

    written = "\n".join(str(line) for line in editor.collected_sql)
    assert len(re.findall(r'"marked_id" bigint', written)) == 1
    assert written.count("at_once_title") == 1
    assert "-- Create model Book" in written


def test_code_that_needs_a_state_in_between_is_refused() -> None:
    with connection.schema_editor() as editor, pytest.raises(TypeError, match="state of its own"):
        migration(AtOnce, [migrations.RunPython(migrations.RunPython.noop)]).apply(ProjectState(), editor)
