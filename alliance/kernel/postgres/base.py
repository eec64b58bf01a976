"""PostgreSQL backend that carries the acting alliance into every transaction.

``SET LOCAL`` (``set_config(..., true)``) is the only form that stays inside one transaction, also behind a
transaction-pooling proxy, so it is issued when a transaction opens: nothing else can forget it.
"""

from __future__ import annotations

import select
import time
from typing import Any

from django.db.backends.postgresql import base

from alliance.kernel import tenancy
from alliance.kernel.postgres.schema import TenantSchemaEditor

BELIEVED_SECONDS = 5.0
"""How long after a request a connection is taken to work as long as its socket is silent."""


class DatabaseWrapper(base.DatabaseWrapper):
    """Announces the acting alliance to row-level security at the start of each transaction."""

    SchemaEditorClass = TenantSchemaEditor
    health_check_enabled: bool
    health_check_done: bool
    _worked_at: float = 0.0

    def close_if_unusable_or_obsolete(self) -> None:
        """Django's end of a request; a connection that is kept has just worked."""
        used = self.connection is not None and self.health_check_done
        super().close_if_unusable_or_obsolete()
        if used and self.connection is not None and not self.errors_occurred:
            self._worked_at = time.monotonic()

    def close_if_health_check_failed(self) -> None:
        """Ask the server whether it is there only after a pause, or when the socket says that something happened.

        A server that went away in the meantime has closed the socket, which is seen without asking it. What is not seen is a
        network that fell silent; that is what the question after a pause is for.
        """
        if (
            self.connection is not None
            and self.health_check_enabled
            and not self.health_check_done
            and time.monotonic() - self._worked_at < BELIEVED_SECONDS
            and _is_silent(self.connection)
        ):
            self.health_check_done = True
            return
        super().close_if_health_check_failed()

    def set_autocommit(self, autocommit: bool, *args: Any, **kwargs: Any) -> None:  # noqa: FBT001 - Django's signature
        """Open or close a transaction; an opened one learns the acting alliance."""
        super().set_autocommit(autocommit, *args, **kwargs)
        if not autocommit and (alliance_id := tenancy.acting_alliance_id()) is not None:
            tenancy.announce(self, alliance_id)


def _is_silent(connection: Any) -> bool:
    """Whether nothing waits to be read: no end of the connection, no notice that the server is going down."""
    if connection.closed:
        return False
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN | select.POLLPRI)
    return not poller.poll(0)
