"""Migrations that make many tables at once.

Django renders the models anew after every operation: with two hundred models that know each other, a table costs a fifth of
a second in Python and a few milliseconds in the database. A first start would spend minutes on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import migrations

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState


class AtOnce(migrations.Migration):
    """A migration whose operations see the models as they are before the first of them and after the last, nothing between.

    A new table is created with every column, constraint and index that the migration gives it; foreign keys follow at the
    end, as always. What is there already is altered operation by operation. So a column may be altered by one operation
    only, and code that needs a state in between (``RunPython``) belongs into a migration of its own. Undoing goes the usual
    way, one operation after the other.

    Raises:
        TypeError: One of the operations is code instead of SQL.
    """

    def apply(
        self, project_state: ProjectState, schema_editor: BaseDatabaseSchemaEditor, collect_sql: bool = False
    ) -> ProjectState:
        """Apply all operations between two states."""
        for operation in self.operations:
            if not operation.reduces_to_sql:
                message = f"{self} has an operation that needs a state of its own: {operation.describe()}"
                raise TypeError(message)
        before = project_state.clone()
        project_state.__dict__.pop("apps", None)  # while nothing is rendered, states change at no cost
        for operation in self.operations:
            operation.state_forwards(self.app_label, project_state)
        new = {operation.name_lower for operation in self.operations if isinstance(operation, migrations.CreateModel)}
        for operation in self.operations:
            if getattr(operation, "model_name_lower", None) in new:
                continue  # the table has it since it was created
            if collect_sql:
                schema_editor.collected_sql.append(f"-- {operation.describe()}")  # type: ignore[attr-defined]  # missing in the stub
            operation.database_forwards(self.app_label, schema_editor, before, project_state)
        return project_state
