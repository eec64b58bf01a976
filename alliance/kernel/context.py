"""What the audit log needs to know about the running request or task."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from alliance.choices import AuditVia


@dataclass(frozen=True, slots=True)
class ActContext:
    """Road, request id and institution of an act."""

    via: str = AuditVia.COMMAND
    request_id: str = ""
    institution_uuid: str = ""


current: ContextVar[ActContext] = ContextVar("act_context", default=ActContext())  # noqa: B039 - frozen
