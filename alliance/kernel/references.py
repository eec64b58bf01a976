"""Records named by kind and code: each layer says what its codes stand for, so that a lower one can show and check them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from alliance.models import Alliance


@dataclass(frozen=True, slots=True)
class Referred:
    """A record that somebody refers to.

    Attributes:
        code: Its code.
        title_en: Its title in English, or empty.
        title_zh: Its title in Chinese, or empty.
        url: Its page; empty where this reader has none.
    """

    code: str
    title_en: str
    title_zh: str
    url: str = ""


Provider = Callable[["Alliance", Any, Iterable[str]], dict[str, Referred]]
"""Takes the alliance, the reader and codes, and gives the records this reader may see, by code; a fixed number of queries."""

referred: Registry[Provider] = Registry("kind of reference")


def find_referred(alliance: Alliance, reader: Any, kind: str, codes: Iterable[str]) -> dict[str, Referred]:
    """Records of one kind that this reader may see, by code; empty where no layer knows the kind."""
    wanted = sorted({code for code in codes if code})
    if not wanted or kind not in referred:
        return {}
    return referred.get(kind)(alliance, reader, wanted)
