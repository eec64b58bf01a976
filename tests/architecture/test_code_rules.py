"""Rules of the whole code that no single test of an app can keep."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext

from alliance.kernel.catalogues import APPS, LANGUAGES, check, python_files, template_files
from alliance.kernel.permissions import permissions
from alliance.kernel.transitions import Transition

BASE = Path(settings.BASE_DIR)

MAY_MARK_SAFE = {
    "alliance/kernel/forms.py": "output of our own form templates",
    "alliance/kernel/rich_text.py": "Markdown that nh3 has cleaned",
    "alliance/kernel/charts.py": "SVG drawn by us from escaped parts",
    "alliance/kernel/gantt.py": "SVG drawn by us from escaped parts",
    "alliance/templatetags/ui.py": "bodies of components, rendered with autoescape before",
    "alliance/templatetags/charts.py": "SVG drawn by us from escaped parts",
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in python_files(BASE):
        yield str(path.relative_to(BASE)), ast.parse(path.read_text(encoding="utf-8"))


def names_used(tree: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }


def test_every_field_with_choices_has_its_check_constraint() -> None:
    """``choices`` alone stops forms, not the database."""
    unchecked = []
    for model in apps.get_models():
        if model._meta.app_label not in APPS or not model._meta.managed:
            continue
        checked = set()
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.CheckConstraint):
                checked |= mentioned(constraint.condition)
        for field in model._meta.local_fields:
            if field.choices and field.name not in checked and not is_inherited(model, field):
                unchecked.append(f"{model._meta.label}.{field.name}")

    assert unchecked == []


def is_inherited(model: type[models.Model], field: models.Field[object, object]) -> bool:
    """Fields of packages' abstract models are those packages' business."""
    return any(
        base.__module__.split(".")[0] not in APPS and field.name in {f.name for f in base._meta.get_fields()}
        for base in model.__mro__[1:]
        if isinstance(base, type) and issubclass(base, models.Model) and hasattr(base, "_meta")
    )


def mentioned(condition: object) -> set[str]:
    if not isinstance(condition, Q):
        return set()
    found: set[str] = set()
    children: list[Any] = list(condition.children)  # pairs of look-up and value, or conditions
    for child in children:
        found |= mentioned(child) if isinstance(child, Q) else {str(child[0]).split("__")[0]}
    return found


def transitions() -> list[tuple[str, Transition]]:
    found = []
    for app in APPS:
        try:
            module = __import__(f"{app}.transitions", fromlist=["*"])
        except ModuleNotFoundError:
            continue
        for name, value in vars(module).items():
            values = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
            found += [(f"{app}.{name}", step) for step in values if isinstance(step, Transition)]
    return found


def test_the_permission_of_every_transition_is_declared() -> None:
    found = transitions()

    assert found, "no transition was found: the rule below would prove nothing"
    assert [name for name, step in found if step.permission and step.permission not in permissions] == []


def test_every_permission_says_what_it_permits_and_to_whom() -> None:
    mute = [name for name, permission in permissions.items() if not str(permission.act) or not permission.holders]

    assert mute == []


def test_no_page_is_rendered_after_its_transaction() -> None:
    """TemplateResponse renders when the view's transaction, and with it the tenant, is over: it would show nothing."""
    lazy = [
        path
        for path, tree in sources()
        if path.partition("/")[2].startswith("views")
        and names_used(tree)
        & {"TemplateResponse", "SimpleTemplateResponse", "StreamingHttpResponse", "TemplateView", "ListView"}
    ]

    assert lazy == []


HAS_THE_LOCAL_TIME_ALREADY = {
    "alliance/kernel/formats.py": "the caller's time zone is part of what it prints",
    "alliance/kernel/spreadsheets.py": "cells of a spreadsheet have no time zone",
    "alliance/templatetags/ui.py": "`local`",
    "groups/forms/meeting.py": "`starts_at`, made local a line before",
    "groups/views/motion.py": "`first`, made local a line before",
    "services/contract_pdf.py": "`local`",
}


def test_the_day_of_a_moment_is_the_day_of_the_platform() -> None:
    """``moment.date()`` is the day in UTC: in China it is still yesterday until eight in the morning."""
    found = {
        f"{path}:{node.lineno}"
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and not node.args
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "date"
        and not ast.unparse(node.func.value).startswith(("timezone.localtime(", "localtime("))
        and path not in HAS_THE_LOCAL_TIME_ALREADY
    }

    assert found == set()


def test_text_is_marked_safe_in_few_places_only() -> None:
    found = {
        path
        for path, tree in sources()
        if names_used(tree) & {"mark_safe", "SafeString"} and "mark_safe" in names_used(tree)
    }

    assert found <= MAY_MARK_SAFE.keys(), "user text is text: build markup with format_html, or clean it in rich_text"


def test_only_the_tenancy_module_sets_the_acting_alliance() -> None:
    setters = [
        str(path.relative_to(BASE))
        for path in python_files(BASE)
        if "set_config('app.alliance_id'" in path.read_text(encoding="utf-8")
    ]

    assert setters == ["alliance/kernel/tenancy.py"]


def test_the_platform_role_is_used_nowhere_in_pages_and_actions() -> None:
    """``app_platform`` looks past the policies; a use of it must be seen in review."""
    users = [path for path, tree in sources() if any(is_platform_alias(node) for node in ast.walk(tree))]

    assert set(users) <= {"alliance/settings/base.py"}


def is_platform_alias(node: ast.AST) -> bool:
    return isinstance(node, ast.keyword) and node.arg == "using" and getattr(node.value, "value", None) == "platform"


# ------------------------------------------------------------------------------------------------------------- templates

TEMPLATES = [str(path.relative_to(BASE)) for path in template_files(BASE)]
HTML = [name for name in TEMPLATES if name.endswith(".html")]


@pytest.mark.parametrize("name", HTML)
def test_a_template_needs_no_unsafe_content_security_policy(name: str) -> None:
    source = re.sub(r"{% comment %}.*?{% endcomment %}", "", (BASE / name).read_text(encoding="utf-8"), flags=re.DOTALL)

    assert not re.search(r"<[^>]*\sstyle\s*=", source), "no style attribute: give it a class"
    assert not re.search(r"<[^>]*\son[a-z]+\s*=\s*[\"']", source), "no event attribute: use a module"
    assert not re.search(r"<style\b(?![^>]*nonce)", source), "no style element"
    assert not re.search(r"javascript:", source, re.IGNORECASE)
    for script in re.findall(r"<script\b([^>]*)>", source):
        assert "src=" in script or "nonce" in script or 'type="application/' in script, "no inline script"


@pytest.mark.parametrize("name", HTML)
def test_a_template_loads_nothing_from_elsewhere(name: str) -> None:
    source = (BASE / name).read_text(encoding="utf-8")

    assert not re.search(r"(?:src|href|action)\s*=\s*[\"']https?://(?!www\.w3\.org)", re.sub(r"<a\b[^>]*>", "", source))


WORD = re.compile(r"[A-Za-z]{2,}|[\u4e00-\u9fff]")
LANGUAGE_NEUTRAL = {
    "CSV",
    "API",
    "JSON",
    "PDF",
    "XML",
    "CC",
    "BY",
    "ROR",
    "Ctrl",
    "Esc",
    "Alt",
    "Enter",
    "English",
    "中文",
    "CORDIS",
    "SHA",
}
BILINGUAL_AS_THEY_STAND = {
    "templates/components/gallery.html": "sample content for developers",
    "templates/errors/500.html": "says it in both languages, for nothing may be left to fail",
}
TRANSLATED = re.compile(r"{%\s*(?:blocktranslate|blocktrans)\b.*?{%\s*end(?:blocktranslate|blocktrans)\s*%}", re.DOTALL)
COMMENT = re.compile(r"{%\s*comment\b.*?{%\s*endcomment\s*%}|{#.*?#}|<!--.*?-->", re.DOTALL)
NO_TEXT = re.compile(r"{%\s*block \w*(?:class|width|meta)\s*%}.*?{%\s*endblock[^%]*%}", re.DOTALL)
CODE = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
ELEMENT = re.compile(r"<(script|style|code|pre|kbd)\b.*?</\1>", re.DOTALL)
TAG = re.compile(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
SPOKEN = re.compile(r"(?:aria-label|title|placeholder|alt)=\"([^\"]*)\"")


def texts_without_translation(source: str) -> list[str]:
    """Words that a reader sees and no tag translates: between elements, and in attributes that are read out."""
    for pattern, replacement in ((COMMENT, ""), (NO_TEXT, ""), (TRANSLATED, ""), (CODE, "")):
        source = pattern.sub(replacement, source)
    source = ELEMENT.sub(" ", source)
    spoken = [text for tag in TAG.findall(source) for text in SPOKEN.findall(tag)]
    seen = re.sub(r"&#?\w+;", " ", TAG.sub(" ", source))
    return [word for piece in [seen, *spoken] for word in WORD.findall(piece) if word not in LANGUAGE_NEUTRAL]


@pytest.mark.parametrize("name", sorted(set(HTML) - BILINGUAL_AS_THEY_STAND.keys()))
def test_every_text_of_a_template_is_marked_for_translation(name: str) -> None:
    assert texts_without_translation((BASE / name).read_text(encoding="utf-8")) == []


def test_a_text_without_translation_is_found() -> None:
    assert texts_without_translation('<p class="{% if x %}wide{% endif %}">{% translate "Yes" %}</p>') == []
    assert texts_without_translation('<p aria-label="Menu">{{ x }} gone</p>') == ["gone", "Menu"]


# ------------------------------------------------------------------------------------------------------------ catalogues


def test_a_text_is_marked_by_a_name_that_the_catalogue_knows() -> None:
    """The extractor reads calls by their name: texts under another name never reach a translator."""
    unknown = [
        f"{path}: {alias.name} as {alias.asname}"
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name.endswith(("gettext", "gettext_lazy")) and alias.asname not in {None, "_"}
    ]

    assert unknown == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_is_complete_and_fits_the_glossary(language: str) -> None:
    faults = check(BASE, language)

    assert faults == [], f"{len(faults)} faults; run: manage.py catalogue, translate, manage.py catalogue --check"


def test_the_tests_read_the_catalogue_as_it_stands_in_the_sources() -> None:
    with translation.override("zh-hans"):
        assert gettext("Save") == "保存"
