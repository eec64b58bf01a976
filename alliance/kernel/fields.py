"""Fields that make a table a tenant table and keep its references inside one alliance."""

from __future__ import annotations

from typing import Any

from django.db import models


class AllianceKey(models.ForeignKey):  # type: ignore[type-arg]
    """The alliance a row belongs to; its presence makes the schema editor add the row-level policy."""

    def __init__(self, to: Any = "alliance.Alliance", on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs.setdefault("related_name", "+")
        kwargs.setdefault("db_index", False)  # every index of a tenant table begins with this column already
        super().__init__(to, on_delete, **kwargs)


class TenantForeignKey(models.ForeignKey):  # type: ignore[type-arg]
    """A reference that can only reach a row of the same alliance.

    A plain foreign key would accept a row of another alliance, because PostgreSQL checks foreign keys past row-level
    security. The database constraint is therefore composite, ``(alliance_id, x_id) -> table (alliance_id, id)``, and is
    written by the schema editor; the plain one is switched off.
    """

    def __init__(self, to: Any, on_delete: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        """Without the fixed argument, so that migrations stay readable."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        return name, path, args, kwargs


class TenantOneToOneField(models.OneToOneField, TenantForeignKey):  # type: ignore[type-arg]
    """A one-to-one reference inside one alliance."""
