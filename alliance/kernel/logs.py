"""Logs: one JSON object a line, UTC, with the request id, without secrets."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from alliance.kernel import context

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_SECRET = re.compile(
    r"(?i)(authorization|cookie|set-cookie|password|secret|token|code)(\"?\s*[:=]\s*\"?)(bearer\s+)?[^\s\",;&]+",
)
_SECRET_PATH = re.compile(r"(/calendar/)[^\s/\"]+(\.ics)")
"""The secret part of a calendar address, in the path of a request."""


class RedactFilter(logging.Filter):
    """Blanks the values of headers and fields that carry secrets."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the message in place; never drops a record."""
        message = record.getMessage()
        redacted = _SECRET_PATH.sub(r"\1[redacted]\2", _SECRET.sub(r"\1\2[redacted]", message))
        if redacted != message:
            record.msg, record.args = redacted, None
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object per record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        entry: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := context.current.get().request_id:
            entry["request"] = request_id
        entry.update({key: value for key, value in record.__dict__.items() if key not in _STANDARD and key != "request"})
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)
