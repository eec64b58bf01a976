"""What holds for every test of the element layer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clear_audit import clear_part_is_codes


@pytest.fixture(autouse=True)
def _no_words_in_clear() -> Iterator[None]:
    """No act of the layer writes a name or a text into the clear part of the audit log."""
    with clear_part_is_codes():
        yield
