"""Fixtures of the pipeline's tests."""

from __future__ import annotations

import pytest

from alliance.models import Alliance
from tests.factories.operations import Cast, make_cast


@pytest.fixture
def cast(act: Alliance) -> Cast:
    """Everybody a product meets on its way; the test acts in the alliance."""
    return make_cast(act)
