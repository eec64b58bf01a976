"""Texts of inbox items and notifications, by kind, drawn in the reader's language at reading time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language

from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Text:
    """A kind's words. Placeholders name parameters; ``title_en``/``title_zh`` pairs are offered as ``title``.

    Attributes:
        title: One line, e.g. ``_("Review %(title)s")``.
        body: What and why, or empty.
        verb: Word on the button.
        icon: Lucide icon.
        mails: Whether a notification of this kind is also mailed.
        can_dismiss: Whether an inbox item of this kind may be ticked off by hand, because nothing else settles it.
        holds_up: Whether others wait until it is done: such items come first on a member's first page.
    """

    title: StrOrPromise
    body: StrOrPromise = ""
    verb: StrOrPromise = ""
    icon: str = "circle-dot"
    mails: bool = True
    can_dismiss: bool = False
    holds_up: bool = False

    def render(self, params: dict[str, Any]) -> RenderedText:
        """The words with parameters filled in, in the active language."""
        values = localised(params)
        return RenderedText(
            title=str(self.title) % values, body=str(self.body) % values, verb=str(self.verb) % values, icon=self.icon
        )


@dataclass(frozen=True, slots=True)
class RenderedText:
    """Words ready to show."""

    title: str
    body: str
    verb: str
    icon: str


def localised(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters with ``x_en``/``x_zh`` joined to ``x`` in the active language, falling back to the other one."""
    chinese = (get_language() or "").startswith("zh")
    values = dict(params)
    for key in list(params):
        if key.endswith(("_en", "_zh")):
            stem = key[:-3]
            first, second = params.get(f"{stem}_zh"), params.get(f"{stem}_en")
            values[stem] = (first or second or "") if chinese else (second or first or "")
    return values


texts: Registry[Text] = Registry("text")
