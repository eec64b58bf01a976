"""What can go wrong below Django; each message says what to do next."""

from __future__ import annotations


class ServiceError(Exception):
    """A server could not be prepared, started or stopped; the text is meant for the person at the terminal."""


class DataFolderBusyError(ServiceError):
    """Another process of ours holds the data folder."""

    def __init__(self, message: str, *, holder_kind: str, holder_pid: int | None) -> None:
        super().__init__(message)
        self.holder_kind = holder_kind
        self.holder_pid = holder_pid
