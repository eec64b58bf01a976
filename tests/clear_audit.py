"""What stands in the clear part of the audit log: codes, states, dates, figures - never a word of anybody's.

``clear_part_is_codes`` watches every entry that a test writes; ``tests/members`` and ``tests/groups`` use it for all of theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models.signals import post_save

from alliance.models import AuditEntry

CODE = re.compile(r"[A-Za-z0-9_:./+=|-]*")
"""Codes, states, identifiers, digests, dates, times, figures; names and texts have a blank, a Chinese character or an ``@``."""
PLANTED = "zanzibarwort"
"""A name of one word, which would pass for a code: tests plant it in names and texts."""


def words_in(value: Any, path: str = "") -> Iterator[str]:
    """Strings of a value that are no codes, with where they stand; keys of mappings count too."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from words_in(str(key), f"{path}.(key)")
            yield from words_in(each, f"{path}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from words_in(each, f"{path}[]")
    elif isinstance(value, str) and (CODE.fullmatch(value) is None or PLANTED in value.casefold()):
        yield f"{path} = {value!r}"


def words_of_entry(entry: AuditEntry) -> list[str]:
    """What an entry tells in clear and should not."""
    record = json.loads(entry.record)
    return [f"{entry.verb}: {each}" for name in ("before", "after") for each in words_in(record[name], name)]


@contextmanager
def clear_part_is_codes() -> Iterator[None]:
    """Fail when an entry written meanwhile holds words in its clear part."""
    found: list[str] = []

    def look(sender: Any, instance: AuditEntry, created: bool, **_more: Any) -> None:
        if instance.object_type.startswith(("members.", "groups.")):
            found.extend(words_of_entry(instance))

    post_save.connect(look, sender=AuditEntry, weak=False)
    try:
        yield
    finally:
        post_save.disconnect(look, sender=AuditEntry)
    assert not found, found
