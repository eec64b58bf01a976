"""Reads addresses and secrets from the environment: NAME, or NAME_FILE naming a file that holds the value."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


def secret(name: str, default: str = "") -> str:
    """The value of ``NAME``, else the stripped content of the file named by ``NAME_FILE``, else the default."""
    if value := os.environ.get(name):
        return value
    if file := os.environ.get(f"{name}_FILE"):
        return Path(file).read_text(encoding="utf-8").strip()
    return default


def flag(name: str, *, default: bool = False) -> bool:
    """True when the variable is one of 1, true, yes, on (any case)."""
    value = os.environ.get(name)
    return default if value is None else value.strip().lower() in {"1", "true", "yes", "on"}


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list without blanks."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def database(url: str) -> dict[str, Any]:
    """Django's connection settings for ``postgres://user:password@host:port/name?option=value``.

    A Unix socket folder stands percent-encoded in the place of the host, as libpq has it.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        message = f"DATABASE_URL must begin with postgres://, not {parts.scheme or 'nothing'}://"
        raise ValueError(message)
    host = parts.netloc.rpartition("@")[2]
    hostname, _, port = host.rpartition(":") if ":" in host else (host, "", "")
    return {
        "ENGINE": "alliance.kernel.postgres",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(hostname),
        "PORT": port,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def redis_address(url: str, number: int, *, celery: bool = False) -> str:
    """The address of one numbered Redis database, in the spelling of redis-py or of Celery."""
    base = url.partition("?")[0]
    if base.startswith("unix://"):
        path = base.removeprefix("unix://")
        return f"redis+socket://{path}?virtual_host={number}" if celery else f"unix://{path}?db={number}"
    return f"{base.rstrip('/').rpartition('/')[0] if base.count('/') > 2 else base}/{number}"
