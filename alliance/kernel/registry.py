"""Providers looked up by name, so that a lower layer can use what an upper one knows without importing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """A named collection; filled in ``AppConfig.ready`` or at import of a module that ``ready`` imports."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._items: dict[str, T] = {}

    def register(self, name: str, item: T) -> T:
        """Add an item.

        Raises:
            ValueError: Another item has the name already.
        """
        if name in self._items and self._items[name] is not item:
            message = f"{self._kind} {name!r} is registered twice"
            raise ValueError(message)
        self._items[name] = item
        return item

    def get(self, name: str) -> T:
        """The item of that name.

        Raises:
            KeyError: Nothing has the name.
        """
        try:
            return self._items[name]
        except KeyError:
            message = f"no {self._kind} named {name!r}; known: {', '.join(sorted(self._items)) or 'none'}"
            raise KeyError(message) from None

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def items(self) -> Iterator[tuple[str, T]]:
        """Names and items, in order of registration."""
        return iter(self._items.items())

    def values(self) -> Iterator[T]:
        """Items, in order of registration."""
        return iter(self._items.values())
