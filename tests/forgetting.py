"""What a process remembers between requests, and how a test forgets it.

A cache that lives as long as its process is right in a worker and wrong in a test run: the next test makes other records
under the same address or key and meets what the last one left. Every such memory stands here, in one of three places;
``tests/architecture/test_process_memory.py`` finds those that do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.utils import translation

from alliance.api import authentication, machine_reads
from alliance.kernel import limits, metrics

CACHES: dict[str, Callable[[], Any]] = {
    "alliance.api.authentication._known": authentication._known.clear,
    "alliance.api.authentication._uses": authentication._uses.clear,
    "alliance.api.machine_reads._alliances": machine_reads._alliances.clear,
    "alliance.kernel.limits._leases": limits.forget_leases,
    "alliance.kernel.metrics._begun": metrics._begun.clear,
}
"""Emptied before each test: they hold what was read from the database, or counted."""

REGISTRIES: frozenset[str] = frozenset(
    {
        "alliance.api.openapi.projections",
        "alliance.embedded.pytest_plugin._running",
        "alliance.kernel.events._consumers",
        "alliance.kernel.transitions._fields",
        "alliance.kernel.transitions._labels",
        "alliance.kernel.transitions._records",
        "alliance.kernel.transitions._verbs",
        "operations.gates.GATES",
    }
)
"""Filled while the program loads, the same in every test."""

FUNCTIONS: frozenset[str] = frozenset(
    {
        "alliance.api.machine_reads.resolve",
        "alliance.kernel.limits._limiter",
        "alliance.kernel.limits._parsed",
        "alliance.kernel.rich_text._render",
        "alliance.kernel.signing.is_signed",
        "alliance.templatetags.ui.draw_icon",
        "members.selectors.directory.tiles",
        "members.selectors.regions._regions_by_name",
        "members.selectors.regions.regions",
        "services.vectors.installed_model",
        "services.reasons._told_elsewhere",
        "services.selectors.codes.disciplines",
        "services.selectors.codes.industries",
        "services.contract_pdf._fonts",
        "services.contract_pdf._program",
    }
)
"""Cached functions whose answer follows from their arguments and shipped files alone."""


def forget_everything() -> None:
    """Empty every cache of the process, and go back to the language that a process starts with."""
    for forget in CACHES.values():
        forget()
    ContentType.objects.clear_cache()
    translation.deactivate()
