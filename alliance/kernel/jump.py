"""The jump box: each layer says what a few typed letters may mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

LIMIT = 8
"""Hits per provider."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something to jump to.

    Attributes:
        label: Its name.
        note: Kind, state or code beside it.
        url: Where it is.
        is_exact: The query is its code, so one may go there at once.
    """

    label: str
    note: StrOrPromise
    url: str
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class JumpProvider:
    """Looks in one kind of records; the function asks for permission itself and gives LIMIT hits at most."""

    title: StrOrPromise
    find: Callable[[Alliance, Any, str], list[Hit]]


providers: Registry[JumpProvider] = Registry("jump provider")
