"""Set-up layer: own PostgreSQL and Valkey, their supervisor, and the test plugin. Needs the standard library only.

Nothing here may import Django when imported: these modules run before the settings exist, and make the addresses
that the settings read.
"""

from alliance.embedded.errors import DataFolderBusyError, ServiceError
from alliance.embedded.services import EmbeddedServices
from alliance.embedded.session import ensure_services

__all__ = ["DataFolderBusyError", "EmbeddedServices", "ServiceError", "ensure_services"]
