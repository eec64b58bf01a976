"""Markdown written by people, turned into HTML that is safe to show.

The only module of the product that marks HTML as safe (the interface's own template tags aside): HTML in the source is off,
what the renderer makes is cleaned again against a short list of tags, and nothing is loaded from another host.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt

TAGS: Final = {
    "p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "strong", "em", "s", "code", "pre", "a",
    "table", "thead", "tbody", "tr", "th", "td", "sub", "sup",
}  # fmt: skip
ATTRIBUTES: Final[dict[str, set[str]]] = {"a": {"href", "title"}, "ol": {"start"}, "th": {"scope"}}
SCHEMES: Final = {"https", "mailto"}

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False})
_markdown.enable(["table", "strikethrough"])
_markdown.disable("image")  # a picture of another host would tell it who reads the page


@lru_cache(maxsize=512)
def _render(text: str, table_label: str) -> str:
    tokens = _markdown.parse(text)
    for token in tokens:
        # The page's title is its only heading of the first level; a heading in a text begins at the second.
        if token.type in {"heading_open", "heading_close"}:
            token.tag = "h2" if token.tag == "h1" else "h4" if token.tag in {"h5", "h6"} else token.tag
        elif token.type == "th_open":
            token.attrs = {"scope": "col"}
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    clean = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener nofollow")
    # A wide table scrolls by itself, so it must take the keyboard focus and have a name.
    opening = f'<div class="table-wrap" role="region" tabindex="0" aria-label="{escape(table_label)}"><table class="data">'
    return clean.replace("<table>", opening).replace("</table>", "</table></div>")


def render_markdown(text: str) -> SafeString:
    """Safe HTML of a Markdown text.

    Args:
        text: CommonMark with tables; HTML in it is shown as text, pictures become plain links.

    Returns:
        HTML with a short list of tags; links carry ``rel="noopener nofollow"`` and lead to https or mail addresses only.
    """
    return mark_safe(_render(text or "", str(_("Table"))))  # noqa: S308 - cleaned by nh3 just before


_MARKS = re.compile(r"[#>*_`|\[\]()!~-]+")


def plain_text(text: str, limit: int = 300) -> str:
    """The beginning of a Markdown text without its marks, for summaries and feeds."""
    flat = " ".join(_MARKS.sub(" ", text or "").split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def reading_minutes(text: str) -> int:
    """Minutes it takes to read a text aloud in the head: 220 English words or 400 Chinese characters a minute."""
    chinese = sum("\u4e00" <= letter <= "\u9fff" for letter in text)
    words = len(re.findall(r"[A-Za-z0-9’'-]+", text))
    return max(1, round(chinese / 400 + words / 220))


def active_language() -> str:
    """``zh`` or ``en``: the side of bilingual fields that the reader sees first."""
    return "zh" if (get_language() or "").startswith("zh") else "en"
