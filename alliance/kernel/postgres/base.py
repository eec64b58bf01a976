"""PostgreSQL backend that carries the acting alliance into every transaction.

``SET LOCAL`` (``set_config(..., true)``) is the only form that stays inside one transaction, also behind a
transaction-pooling proxy, so it is issued when a transaction opens: nothing else can forget it.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

from alliance.kernel import tenancy
from alliance.kernel.postgres.schema import TenantSchemaEditor


class DatabaseWrapper(base.DatabaseWrapper):
    """Announces the acting alliance to row-level security at the start of each transaction."""

    SchemaEditorClass = TenantSchemaEditor

    def set_autocommit(self, autocommit: bool, *args: Any, **kwargs: Any) -> None:  # noqa: FBT001 - Django's signature
        """Open or close a transaction; an opened one learns the acting alliance."""
        super().set_autocommit(autocommit, *args, **kwargs)
        if not autocommit and (alliance_id := tenancy.acting_alliance_id()) is not None:
            tenancy.announce(self, alliance_id)
