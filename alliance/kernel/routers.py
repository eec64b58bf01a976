"""Database routing: everything on ``default``; the platform alias is only ever named explicitly."""

from __future__ import annotations

from typing import Any


class PlatformRouter:
    """Keeps migrations and relations on the default alias."""

    def allow_relation(self, _obj1: Any, _obj2: Any, **_hints: Any) -> bool:
        """Rows read through the platform alias are the same rows."""
        return True

    def allow_migrate(self, db: str, _app_label: str, **_hints: Any) -> bool:
        """One schema, migrated once, by its owner."""
        return db == "default"
