"""Template tags and filters of the interface: icons, tags of state, groups, bilingual texts, formats, components.

Every tag is documented with an example in ``docs/interface.md``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.template.exceptions import TemplateSyntaxError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from lucide import IconDoesNotExist
from lucide.templatetags.lucide import lucide as draw_lucide

from alliance.kernel import formats
from alliance.kernel.navigation import navigation_for

register = template.Library()

# ------------------------------------------------------------------------------------------------------------------ icons


@cache
def draw_icon(name: str, extra_class: str = "") -> SafeString:
    """Inline SVG of one Lucide icon, hidden from assistive technology.

    Args:
        name: The icon's name in Lucide, for example ``flask-conical``.
        extra_class: Further classes beside ``icon``.

    Raises:
        TemplateSyntaxError: There is no icon of this name.
    """
    classes = f"icon {extra_class}".strip()
    attributes: dict[str, object] = {"class": classes, "aria-hidden": "true", "focusable": "false"}
    try:
        drawn = str(draw_lucide(name, size=None, **attributes))
    except IconDoesNotExist as error:
        message = f"There is no Lucide icon named {name!r}."
        raise TemplateSyntaxError(message) from error
    # Stroke, size and fill come from the style sheet, so that one rule governs all icons.
    for attribute in (' width="24"', ' height="24"', ' fill="none"', ' stroke="currentColor"', ' stroke-width="2"'):
        drawn = drawn.replace(attribute, "", 1)
    drawn = drawn.replace(' stroke-linecap="round"', "", 1).replace(' stroke-linejoin="round"', "", 1)
    return mark_safe(" ".join(drawn.split()))  # noqa: S308 - drawn from the icon set of a pinned package


@register.simple_tag
def icon(name: str, extra_class: str = "") -> SafeString:
    """``{% icon "flask-conical" %}``: one icon; meaning must also stand in words beside it."""
    return draw_icon(name, extra_class)


# ------------------------------------------------------------------------------------------------------------------- tags

TONE_ICONS: Final = {
    "ok": "check",
    "warn": "clock",
    "bad": "triangle-alert",
    "info": "info",
    "primary": "circle-dot",
    "neutral": "",
}
TONE_CLASSES: Final = {
    "ok": "ok",
    "warn": "warn",
    "bad": "bad",
    "info": "info",
    "primary": "primary-tone",
    "neutral": "",
    "outline": "outline",
}


class StateLook(NamedTuple):
    """How a state is drawn."""

    tone: str
    icon: str


#: Look of every state of the life cycles in the glossary; an unknown one is drawn neutral.
STATE_LOOKS: Final[Mapping[str, StateLook]] = {
    "draft": StateLook("neutral", "pencil-line"),
    "planned": StateLook("neutral", "calendar"),
    "retired": StateLook("neutral", "archive"),
    "closed": StateLook("neutral", "circle-check"),
    "ended": StateLook("neutral", "circle-check"),
    "archived": StateLook("neutral", "archive"),
    "submitted": StateLook("info", "send"),
    "screening": StateLook("info", "search-check"),
    "in_review": StateLook("info", "search-check"),
    "under_review": StateLook("info", "search-check"),
    "in_committee": StateLook("info", "landmark"),
    "invited": StateLook("info", "user-plus"),
    "queued": StateLook("neutral", "hourglass"),
    "waiting": StateLook("warn", "hourglass"),
    "pending": StateLook("warn", "hourglass"),
    "charter_pending": StateLook("warn", "pen-line"),
    "returned": StateLook("warn", "undo-2"),
    "checked": StateLook("warn", "hourglass"),
    "in_talks": StateLook("primary", "circle-dot"),
    "fulfilled": StateLook("ok", "check"),
    "transforming": StateLook("primary", "wand-sparkles"),
    "piloting": StateLook("primary", "flask-conical"),
    "improving": StateLook("warn", "wrench"),
    "open": StateLook("primary", "circle-dot"),
    "running": StateLook("primary", "loader"),
    "in_progress": StateLook("primary", "circle-dot"),
    "aggregating": StateLook("primary", "sigma"),
    "extended": StateLook("warn", "calendar-plus"),
    "provisional": StateLook("warn", "clock"),
    "suspended": StateLook("warn", "pause"),
    "leaving": StateLook("warn", "log-out"),
    "renewal_due": StateLook("warn", "clock"),
    "at_risk": StateLook("warn", "triangle-alert"),
    "due": StateLook("warn", "clock"),
    "inconclusive": StateLook("warn", "circle-question-mark"),
    "stopping": StateLook("warn", "octagon-pause"),
    "stopped": StateLook("warn", "octagon-pause"),
    "active": StateLook("ok", "check"),
    "approved": StateLook("ok", "check"),
    "accepted": StateLook("ok", "check"),
    "acknowledged": StateLook("ok", "check"),
    "confirmed": StateLook("ok", "check"),
    "completed": StateLook("ok", "check"),
    "done": StateLook("ok", "check"),
    "succeeded": StateLook("ok", "check"),
    "met": StateLook("ok", "check"),
    "on_track": StateLook("ok", "trending-up"),
    "passed": StateLook("ok", "check"),
    "paid": StateLook("ok", "check"),
    "published": StateLook("ok", "globe"),
    "released": StateLook("ok", "package-check"),
    "in_force": StateLook("ok", "check"),
    "late": StateLook("bad", "clock-alert"),
    "off_track": StateLook("bad", "trending-down"),
    "failed": StateLook("bad", "circle-x"),
    "refused": StateLook("bad", "circle-x"),
    "rejected": StateLook("bad", "circle-x"),
    "expelled": StateLook("bad", "user-x"),
    "withdrawn": StateLook("neutral", "log-out"),
    "lapsed": StateLook("bad", "triangle-alert"),
    "expired": StateLook("neutral", "calendar-x"),
    "cancelled": StateLook("neutral", "ban"),
    "terminated": StateLook("bad", "ban"),
    "escalated": StateLook("bad", "triangle-alert"),
    "negotiating": StateLook("primary", "file-text"),
    "agreed": StateLook("info", "lock"),
    "signing": StateLook("warn", "pen-line"),
    "sealing": StateLook("info", "hourglass"),
    "declined": StateLook("bad", "circle-x"),
    "recused": StateLook("warn", "shield"),
}


def begin_with_capital(label: object) -> str:
    """The label as it stands alone; text that is safe already stays safe."""
    text = str(label)
    return mark_safe(capfirst(text)) if isinstance(label, SafeString) else capfirst(text)  # noqa: S308 - a letter's case


def draw_tag(tone: str, label: object, icon_name: str = "") -> SafeString:
    """A tag: icon and word on a soft ground of one tone; a label that stands alone begins with a capital."""
    if tone not in TONE_CLASSES:
        message = f"A tag has no tone {tone!r}; use one of {', '.join(TONE_CLASSES)}."
        raise TemplateSyntaxError(message)
    drawn = draw_icon(icon_name) if icon_name else ""
    return format_html('<span class="{}">{}{}</span>', f"tag {TONE_CLASSES[tone]}".strip(), drawn, begin_with_capital(label))


@register.simple_tag
def tag(tone: str, label: object, icon: str | None = None) -> SafeString:
    """``{% tag "warn" _("Due soon") %}``: state of one object by tone; ``icon=""`` draws none, a name another one."""
    return draw_tag(tone, label, TONE_ICONS.get(tone, "") if icon is None else icon)


@register.simple_tag
def state(value: object, label: object) -> SafeString:
    """``{% state product.stage product.get_stage_display %}``: a tag whose tone and icon follow from the state."""
    look = STATE_LOOKS.get(str(value), StateLook("neutral", ""))
    return draw_tag(look.tone, label, look.icon)


@register.filter
def sentence_case(label: object) -> object:
    """A translated label that stands alone begins with a capital; a name stays as it is written."""
    return capfirst(str(label)) if isinstance(label, Promise) else label


# ----------------------------------------------------------------------------------------------------------------- groups


class GroupLook(NamedTuple):
    """Colour number and names of one of the six virtual groups."""

    number: int
    name: Promise | str
    short_name: Promise | str


GROUP_LOOKS: Final[Mapping[str, GroupLook]] = {
    "policy_group": GroupLook(1, _("Policy group"), pgettext_lazy("virtual group", "Policy")),
    "wisdom_group": GroupLook(2, _("Wisdom group"), pgettext_lazy("virtual group", "Wisdom")),
    "media_group": GroupLook(3, _("Media group"), pgettext_lazy("virtual group", "Media")),
    "leading_enterprise_group": GroupLook(
        4, _("Leading-enterprise group"), pgettext_lazy("virtual group", "Leading enterprise")
    ),
    "foundation": GroupLook(5, _("Foundation"), pgettext_lazy("virtual group", "Foundation")),
    "management_committee": GroupLook(6, _("Management committee"), pgettext_lazy("virtual group", "Committee")),
}


def find_group(kind: object) -> GroupLook:
    """The look of a group by its code; codes without the ending ``_group`` are understood too."""
    code = str(kind)
    look = GROUP_LOOKS.get(code) or GROUP_LOOKS.get(f"{code}_group")
    if look is None:
        message = f"There is no virtual group {code!r}; use one of {', '.join(GROUP_LOOKS)}."
        raise TemplateSyntaxError(message)
    return look


@register.simple_tag
def group_name(kind: object, name: object = "", short: bool = False) -> SafeString:
    """``{% group_name "wisdom_group" %}``: coloured dot and name; ``short=True`` for the short name, or give a name."""
    look = find_group(kind)
    return format_html('<span class="group c{}">{}</span>', look.number, name or (look.short_name if short else look.name))


@register.filter
def group_class(kind: object) -> str:
    """The colour class of a group, ``c1`` to ``c6``, for a card or swatch in its colour."""
    return f"c{find_group(kind).number}"


# -------------------------------------------------------------------------------------------------------------- languages


def html_language(code: str | None) -> str:
    """The BCP 47 form of a Django language code: ``zh-hans`` becomes ``zh-Hans``."""
    main, _separator, rest = (code or "en").partition("-")
    if not rest:
        return main.lower()
    return f"{main.lower()}-{rest.title() if len(rest) == 4 else rest.upper()}"


@register.simple_tag
def html_lang() -> str:
    """The active language for the ``lang`` attribute of the page."""
    return html_language(get_language())


class OtherLanguage(NamedTuple):
    """The language a reader can change to, named in itself."""

    code: str
    lang: str
    name: str


LANGUAGES: Final = (OtherLanguage("en", "en", "English"), OtherLanguage("zh-hans", "zh-Hans", "中文"))


@register.simple_tag
def other_languages() -> list[OtherLanguage]:
    """The languages the page could be read in instead, each under its own name."""
    chinese = formats.is_chinese(get_language())
    return [language for language in LANGUAGES if formats.is_chinese(language.code) != chinese]


#: Endings of the two columns of a bilingual field, with the ``lang`` of their text and the mark shown beside a fallback.
BILINGUAL_SIDES: Final[Mapping[str, tuple[str, Promise | str]]] = {
    "en": ("en", _("in English")),
    "zh": ("zh-Hans", _("in Chinese")),
}


def pick_bilingual(record: object, field: str) -> tuple[str, str | None]:
    """The text of a bilingual field and, when only the other language has one, that language's ending.

    Args:
        record: An object or mapping with ``<field>_en`` and ``<field>_zh``.
        field: Name without the ending.

    Returns:
        The text, empty when both sides are, and None or the ending (``en``, ``zh``) of the language it fell back to.

    Raises:
        TemplateSyntaxError: The record has neither column.
    """
    first = "zh" if formats.is_chinese(get_language()) else "en"
    second = "en" if first == "zh" else "zh"
    missing = object()
    found: dict[str, object] = {}
    for side in (first, second):
        name = f"{field}_{side}"
        value = record.get(name, missing) if isinstance(record, Mapping) else getattr(record, name, missing)
        if value is not missing:
            found[side] = value
    if not found:
        message = f"{type(record).__name__} has neither {field}_en nor {field}_zh."
        raise TemplateSyntaxError(message)
    if text := str(found.get(first) or ""):
        return text, None
    text = str(found.get(second) or "")
    return text, second if text else None


@register.simple_tag
def bilingual(record: object, field: str, mark: bool = True) -> SafeString | str:
    """``{% bilingual product "title" %}``: the text in the reader's language, else the other one, marked as such.

    ``mark=False`` leaves out the visible mark, where the line has no room; the ``lang`` attribute stays.
    """
    text, fell_back_to = pick_bilingual(record, field)
    if fell_back_to is None:
        return text
    lang, words = BILINGUAL_SIDES[fell_back_to]
    if not mark:
        return format_html('<span lang="{}">{}</span>', lang, text)
    return format_html('<span lang="{}">{}</span> <span class="language-mark">{}</span>', lang, text, words)


@register.filter
def bilingual_text(record: object, field: str) -> str:
    """``{{ product|bilingual_text:"title" }}``: the same text without markup, for titles and labels."""
    return pick_bilingual(record, field)[0]


# ---------------------------------------------------------------------------------------------------------------- formats


def _as_day(value: object) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return value if isinstance(value, dt.date) else None


@register.filter
def listed(names: Iterable[object]) -> str:
    """``{{ labels|listed }}``: with a comma, or a Chinese enumeration comma, between them."""
    return formats.format_list(names, get_language())


@register.filter(expects_localtime=False)
def month(value: object) -> str:
    """``{{ d|month }}``: Nov or 11月."""
    found = _as_day(value)
    return formats.NO_VALUE if found is None else formats.format_month(found, get_language())


@register.filter(expects_localtime=False)
def day(value: object, style: str = "") -> SafeString | str:
    """``{{ d|day }}``: 21 Nov 2026 or 2026年11月21日; ``"table"`` 2026-11-21 on Chinese pages; ``"short"`` without year."""
    found = _as_day(value)
    if found is None:
        return formats.NO_VALUE
    language = get_language()
    text = (
        formats.format_short_day(found, language)
        if style == "short"
        else formats.format_day(found, language, numeric=style == "table")
    )
    return format_html('<time datetime="{}">{}</time>', found.isoformat(), text)


@register.filter(expects_localtime=False)
def moment(value: object) -> SafeString | str:
    """``{{ at|moment }}``: day and time in the active time zone, with the exact moment in ``datetime``."""
    if not isinstance(value, dt.datetime):
        return formats.NO_VALUE
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return format_html(
        '<time datetime="{}">{}</time>',
        local.isoformat(timespec="minutes"),
        formats.format_moment(local, get_language()),
    )


@register.filter(expects_localtime=False)
def until(value: object) -> SafeString | str:
    """``{{ period.ends_at|until }}``: the last day where a period ends at midnight, else the moment."""
    if not isinstance(value, dt.datetime):
        return day(value)
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    if local.time() == dt.time.min:
        return day(local.date() - dt.timedelta(days=1))
    return moment(value)


@register.filter
def day_range(start: object, end: object) -> str:
    """``{{ start|day_range:end }}``: 9–11 Dec 2026 or 2026年12月9日至11日."""
    first, last = _as_day(start), _as_day(end)
    if first is None or last is None:
        return formats.NO_VALUE
    return formats.format_day_range(first, last, get_language())


@register.filter
def number(value: object, digits: int = 0) -> str:
    """``{{ n|number }}``: grouped digits for tables, both languages."""
    return formats.format_number(value, digits)


@register.filter
def score(value: object, digits: int = 2) -> str:
    """``{{ x|score:2 }}``: a fixed number of decimals."""
    return formats.format_score(value, digits)


@register.filter
def figure(value: object) -> str:
    """``{{ x|figure }}``: short form for tiles and running text; 万 and 亿 in Chinese."""
    return formats.format_figure(value, get_language())


@register.filter
def money(value: object, currency: str = "CNY") -> str:
    """``{{ amount|money:"CNY" }}``: short form of an amount."""
    return formats.format_money(value, currency, get_language())


@register.filter
def money_exact(value: object, currency: str = "CNY") -> str:
    """``{{ amount|money_exact:"CNY" }}``: every digit, for ledgers and contracts."""
    return formats.format_money(value, currency, get_language(), exact=True)


@register.filter
def percent(share: object, digits: int = 0) -> str:
    """``{{ share|percent }}``: a share between 0 and 1 as per cent."""
    return formats.format_percent(share, digits)


@register.filter
def duration(seconds: object) -> str:
    """``{{ seconds|duration }}``: 40 s, 3 min, 2 h 10 min, 9 days."""
    value = seconds.total_seconds() if isinstance(seconds, dt.timedelta) else seconds
    return formats.format_duration(value, get_language())


@register.filter
def file_size(size: object) -> str:
    """``{{ size|file_size }}``: 412 KB."""
    return formats.format_bytes(size)


@register.filter
def initials(name: object) -> str:
    """Up to two letters that stand for a name; of a Chinese name its first character."""
    words = str(name).split("@")[0].replace(".", " ").split()
    if not words:
        return "?"
    if "\u4e00" <= words[0][0] <= "\u9fff":
        return words[0][0]
    return "".join(word[0] for word in words[:2]).upper()


@register.filter
def person_name(user: object) -> str:
    """The name a person is shown by: the display name, else the full name, else the e-mail address."""
    for attribute in ("display_name", "name", "get_full_name", "email"):
        value = getattr(user, attribute, "")
        text = str(value() if callable(value) else value or "")
        if text:
            return text
    return ""


#: Places where the long words of column heads may break; Chinese needs none.
BREAKS: Final[Mapping[str, str]] = {
    "coordination": "coordi\u00adnation",
    "dissemination": "dissemi\u00adnation",
    "institutions": "insti\u00adtutions",
    "organisational": "organi\u00adsational",
    "supervision": "super\u00advision",
    "technology": "tech\u00adnology",
    "transformation": "transfor\u00admation",
}


@register.filter
def soft_hyphens(text: object) -> str:
    """``{{ label|soft_hyphens }}``: lets the long words of a narrow column head break where a reader expects it."""
    words = []
    for word in str(text).split(" "):
        broken = BREAKS.get(word.lower(), word)
        words.append(broken[:1].upper() + broken[1:] if word[:1].isupper() else broken)
    return " ".join(words)


@register.filter
def nonempty(items: Iterable[object]) -> list[object]:
    """The items that are not empty."""
    return [item for item in items if item]


# ------------------------------------------------------------------------------------------------------------- components


#: The only variables of a page that a component can read beside its own values.
SHARED_WITH_COMPONENTS: Final = ("request", "csrf_token", "alliance", "user", "theme")


class SlotNode(Node):
    """A named part of a component; its rendered text becomes a variable of the component's template."""

    def __init__(self, name: str, nodelist: NodeList) -> None:
        """Keep the slot's name and its nodes."""
        self.name = name
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        """The text of the slot."""
        return self.nodelist.render(context)


class ComponentNode(Node):
    """Renders ``components/<name>.html`` around a body."""

    def __init__(self, name: FilterExpression, values: dict[str, FilterExpression], nodelist: NodeList) -> None:
        """Keep the name, the values handed in and the body."""
        self.name = name
        self.values = values
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        """The component with its body in ``content`` and each slot under its own name."""
        slots: dict[str, str] = {}
        body: list[str] = []
        for node in self.nodelist:
            rendered = str(node.render_annotated(context))
            if isinstance(node, SlotNode):
                slots[node.name] = mark_safe(rendered.strip())  # noqa: S308 - already rendered with autoescape
            else:
                body.append(rendered)
        variables: dict[str, Any] = {name: value.resolve(context) for name, value in self.values.items()}
        content = mark_safe("".join(body).strip())  # noqa: S308 - already rendered with autoescape
        if context.template is None:
            message = "The tag component works inside a rendered template only."
            raise TemplateSyntaxError(message)
        chosen = context.template.engine.get_template(f"components/{self.name.resolve(context)}.html")
        # A component sees what it was given and nothing else: a page's own `title` must not slip into a card.
        shared = {name: context[name] for name in SHARED_WITH_COMPONENTS if name in context}
        return chosen.render(context.new({**shared, **slots, **variables, "content": content}))


@register.tag
def component(parser: Parser, token: Token) -> ComponentNode:
    """``{% component "card" title=_("Pilots") %} … {% endcomponent %}``: a component with a body and named slots."""
    bits = token.split_contents()[1:]
    if not bits:
        message = "The tag component needs the component's name."
        raise TemplateSyntaxError(message)
    values = token_kwargs(bits[1:], parser)
    if len(values) != len(bits) - 1:
        message = f"The tag component takes its values as name=value: {token.contents}"
        raise TemplateSyntaxError(message)
    nodelist = parser.parse(("endcomponent",))
    parser.delete_first_token()
    return ComponentNode(parser.compile_filter(bits[0]), values, nodelist)


@register.tag
def slot(parser: Parser, token: Token) -> SlotNode:
    """``{% slot "actions" %} … {% endslot %}`` inside a component."""
    bits = token.split_contents()
    if len(bits) != 2:
        message = "The tag slot takes one name in quotes."
        raise TemplateSyntaxError(message)
    nodelist = parser.parse(("endslot",))
    parser.delete_first_token()
    return SlotNode(bits[1].strip("\"'"), nodelist)


# ------------------------------------------------------------------------------------------------------- lists and tables


@register.inclusion_tag("components/tabs.html", takes_context=True)
def portal_tabs(context: Context, key: str, label: object) -> dict[str, Any]:
    """``{% portal_tabs "governance" _("Governance") %}``: the pages under one entry of the portal's navigation.

    The page marks itself current by ``request.tab_key``; pages join by ``NavigationEntry(area="portal:governance", ...)``.
    """
    request = context["request"]
    sections = navigation_for(request, f"portal:{key}", getattr(request, "tab_key", ""))
    return {"tabs": [link for section in sections for link in section.items], "label": label}


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(context: Context, key: str, label: object, priority: str = "", numeric: bool = False) -> dict[str, Any]:
    """``{% sort_header "name" _("Institution") %}``: a header cell with a link that sorts, and ``aria-sort``.

    The present order is read from the context variable ``ordering`` (``name`` or ``-name``), else from the query string;
    the link keeps all other parameters and drops the cursor.
    """
    request = context.get("request")
    query = request.GET.copy() if request is not None else None
    current = str(context.get("ordering") or (query.get("sort", "") if query is not None else ""))
    direction = "ascending" if current == key else "descending" if current == f"-{key}" else ""
    url = f"?sort={'-' if direction == 'ascending' else ''}{key}"
    if query is not None:
        query["sort"] = f"-{key}" if direction == "ascending" else key
        for cursor in ("after", "before", "cursor"):
            query.pop(cursor, None)
        url = f"?{query.urlencode()}"
    return {"label": label, "url": url, "direction": direction, "priority": priority, "numeric": numeric}


@register.simple_tag(takes_context=True)
def without_filter(context: Context, parameter: str, value: object = None) -> str:
    """The present address without one filter value, for a removable chip."""
    request = context["request"]
    query = request.GET.copy()
    if value is None:
        query.pop(parameter, None)
    else:
        query.setlist(parameter, [kept for kept in query.getlist(parameter) if kept != str(value)])
    for cursor in ("after", "before", "cursor"):
        query.pop(cursor, None)
    return f"?{query.urlencode()}" if query else request.path


@register.filter
def coverage_level(count: object) -> str:
    """The shade of a coverage cell by the number of suppliers: 1 to 2, 3 to 5, 6 to 9, 10 and more."""
    found = formats.to_decimal(count)
    if found is None or found <= 0:
        return "none"
    return "1" if found <= 2 else "2" if found <= 5 else "3" if found <= 9 else "4"
