"""Schema editor that gives every tenant table its policy, its tenant key and composite foreign keys.

A table is a tenant table when it has an ``AllianceKey`` field. Doing this where the table is created, and not by hand in
each migration, means that a tenant table without a policy cannot be written; the architecture tests read the catalogue to
prove it.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.ddl_references import Statement
from django.db.backends.postgresql.schema import DatabaseSchemaEditor

POLICY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON {table}
    USING (alliance_id = (SELECT app.tenant()))
    WITH CHECK (alliance_id = (SELECT app.tenant()));
"""


class TenantSchemaEditor(DatabaseSchemaEditor):
    """Adds what a tenant table needs in the same transaction that creates it."""

    def create_model(self, model: type[models.Model]) -> None:
        """Create the table and, for a tenant table, its policy and keys."""
        super().create_model(model)
        if is_tenant_table(model):
            self._make_tenant_table(model)

    def add_field(self, model: type[models.Model], field: models.Field[Any, Any]) -> None:
        """Add the column and, for a tenant reference, its composite foreign key.

        Generated migrations often add the alliance after the table: the policy comes with it then.
        """
        from alliance.kernel.fields import AllianceKey  # noqa: PLC0415 - the backend loads before the apps

        super().add_field(model, field)
        if isinstance(field, AllianceKey):
            self._make_tenant_table(model)
        self._defer_tenant_key(model, field)

    def _make_tenant_table(self, model: type[models.Model]) -> None:
        """Policy, tenant key, and the composite foreign keys of the columns that are there."""
        table = self.quote_name(model._meta.db_table)
        for statement in POLICY.format(table=table).strip().split(";\n"):
            self.execute(statement.rstrip(";"), None)
        name = self.quote_name(f"{model._meta.db_table}_tenant_key")
        column = self.quote_name(str(model._meta.pk.column))
        self.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE (alliance_id, {column})", None)
        for field in model._meta.local_fields:
            self._defer_tenant_key(model, field)

    def _defer_tenant_key(self, model: type[models.Model], field: models.Field[Any, Any]) -> None:
        from alliance.kernel.fields import TenantForeignKey  # noqa: PLC0415 - the backend loads before the apps

        if not isinstance(field, TenantForeignKey):
            return
        known = self.__dict__.setdefault("_tenant_keys", set())
        if (model._meta.db_table, field.column) in known:
            return
        known.add((model._meta.db_table, field.column))
        remote = field.remote_field.model
        template = (
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (alliance_id, %(column)s) "
            "REFERENCES %(remote)s (alliance_id, %(remote_column)s) DEFERRABLE INITIALLY DEFERRED"
        )
        self.deferred_sql.append(
            Statement(
                template,
                table=self.quote_name(model._meta.db_table),
                name=self.quote_name(f"{model._meta.db_table}_{field.column}_same_alliance"[:63]),
                column=self.quote_name(field.column),
                remote=self.quote_name(remote._meta.db_table),
                remote_column=self.quote_name(str(remote._meta.pk.column)),
            )
        )


def is_tenant_table(model: type[models.Model]) -> bool:
    """Whether rows of the model belong to one alliance."""
    from alliance.kernel.fields import AllianceKey  # noqa: PLC0415 - the backend loads before the apps

    return any(isinstance(field, AllianceKey) for field in model._meta.local_fields)
