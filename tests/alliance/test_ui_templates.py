"""Rules that hold for every template: nothing inline, and bases with landmarks, language and theme."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.utils import translation

ROOT = Path(__file__).resolve().parents[2] / "templates"
PAGES = sorted(path for path in ROOT.rglob("*.html") if "email" not in path.parts)
BASES = ("console/base.html", "portal/base.html", "public/base.html", "account/base.html")
ERRORS = (
    "errors/400.html",
    "errors/403.html",
    "errors/404.html",
    "errors/409.html",
    "errors/429.html",
    "errors/refusal.html",
)

DEMO = SimpleNamespace(
    name="Weaving Industry Alliance", seal_character="织", primary_colour="", is_demonstration=True, slug="weaving", pk=1
)


def rendered(template: str, language: str = "en", **context: Any) -> str:
    request = RequestFactory().get("/list/", {"kind": "a&b"})
    request.user = AnonymousUser()
    with translation.override(language):
        return render_to_string(template, {"alliance": DEMO, "theme": "", "navigation": [], **context}, request)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_holds_inline_script_or_style(path: Path) -> None:
    source = re.sub(r"\{% comment.*?endcomment %\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)

    assert not re.search(r"<[^>]*\sstyle\s*=", source), "style attribute"
    assert not re.search(r"<[^>]*\son[a-z]+\s*=\s*[\"']", source), "event handler attribute"
    assert not re.search(r"<style[\s>]", source), "style element"
    assert all("src=" in tag for tag in re.findall(r"<script\b[^>]*>", source)), "inline script"
    assert "hx-on" not in source, "htmx would have to evaluate it"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_template_compiles(path: Path) -> None:
    assert get_template(str(path.relative_to(ROOT)))


@pytest.mark.parametrize("base", BASES)
def test_a_base_has_one_main_part_and_a_way_to_skip_to_it(base: str) -> None:
    html = rendered(base)

    assert html.count("<main") == 1
    assert 'id="main"' in html
    assert html.index('class="skip" href="#main"') < html.index("<main")


@pytest.mark.parametrize("base", BASES)
def test_a_base_says_its_language_and_links_to_the_same_page_in_the_other(base: str) -> None:
    html, chinese = rendered(base), rendered(base, "zh-hans")

    assert '<html lang="en">' in html
    assert '<html lang="zh-Hans">' in chinese
    assert re.search(
        r'href="/language/zh-hans/\?next=%2Flist%2F%3Fkind%3Da%2526b" lang="zh-Hans" hreflang="zh-Hans">(<svg.*?</svg>)?中文<',
        html,
    )
    assert re.search(r'href="/language/en/[^"]*" lang="en" hreflang="en">(<svg.*?</svg>)?English<', chinese)


@pytest.mark.parametrize("base", BASES)
def test_a_demonstration_is_marked_on_every_page(base: str) -> None:
    real = SimpleNamespace(**{**vars(DEMO), "is_demonstration": False})

    assert "Demonstration" in rendered(base)
    assert "Demonstration" not in rendered(base, alliance=real)


@pytest.mark.parametrize("base", BASES)
def test_the_chosen_theme_stands_on_the_page(base: str) -> None:
    assert 'data-theme="dark"' in rendered(base, theme="dark")
    assert "data-theme=" not in rendered(base).split("<body")[0]
    assert "data-theme=" not in rendered(base, theme='"><script>').split("<body")[0]


def test_public_pages_load_no_script() -> None:
    assert "<script" not in rendered("public/base.html")


def test_the_side_bar_marks_the_present_page_and_what_waits() -> None:
    link = {"url": "/pilots/", "icon": "flask-conical", "current": True, "count": 12, "urgent_count": None, "key": "pilots"}
    inbox = {
        "label": "Inbox",
        "url": "/inbox/",
        "icon": "bell",
        "current": False,
        "count": 9,
        "urgent_count": 7,
        "key": "inbox",
    }
    section = SimpleNamespace(
        label="Operate", items=[SimpleNamespace(label="Pilots & <b>", **link), SimpleNamespace(**inbox)]
    )

    html = rendered("console/base.html", navigation=[section])

    assert 'href="/pilots/" aria-current="page" data-nav="pilots"' in html
    assert "Pilots &amp; &lt;b&gt;" in html
    assert re.search(r'nav-count urgent">7<span class="visually-hidden"> waiting for you', html)
    assert ">9<" not in html


def test_a_page_with_a_refused_form_says_so_in_its_title() -> None:
    refused = SimpleNamespace(errors={"a": ["b"]})

    assert "<title>Error: " in rendered("console/base.html", form=refused)
    assert "<title>Error: " not in rendered("console/base.html")


@pytest.mark.parametrize("template", ERRORS)
def test_an_error_page_needs_no_context(template: str) -> None:
    assert "<h1>" in rendered(template)
    assert "<h1>" in render_to_string(template, {})


@pytest.mark.parametrize("template", ERRORS)
def test_an_error_page_says_what_to_do_and_who_may(template: str) -> None:
    refusal = SimpleNamespace(
        reason="The payee may not approve the payment.",
        remedy="Another member must decide.",
        who=["foundation members"],
        status=403,
    )

    html = rendered(template, refusal=refusal)

    assert "The payee may not approve the payment." in html
    assert "Another member must decide." in html
    assert "<li>foundation members</li>" in html
    assert "<h1>" in html


def test_the_page_of_a_failure_needs_nothing_but_itself() -> None:
    html = render_to_string("errors/500.html", {"reference": "7f2a"})

    assert "7f2a" in html
    assert "Reference" not in render_to_string("errors/500.html", {})
    assert 'lang="zh-Hans"' in html
    source = (ROOT / "errors" / "500.html").read_text(encoding="utf-8")
    assert "extends" not in source
    assert "{% url" not in source
    assert "{% static" not in source
    assert "{% translate" not in source


def test_an_empty_side_gives_one_column() -> None:
    page = "{% extends 'console/base.html' %}{% block content %}work{% endblock %}{% block aside %} {% if x %}facts{% endif %} {% endblock %}"
    from django.template import engines

    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    template = engines["django"].from_string(page)

    assert 'class="columns"' not in template.render({"alliance": DEMO}, request)
    assert 'class="columns"' in template.render({"alliance": DEMO, "x": True}, request)
