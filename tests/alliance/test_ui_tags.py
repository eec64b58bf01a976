"""Template tags and components: what they draw, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import Context, Template
from django.template.exceptions import TemplateSyntaxError
from django.test import RequestFactory
from django.utils import translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from alliance.templatetags.ui import GROUP_LOOKS, STATE_LOOKS, draw_icon


def shown(source: str, language: str = "en", **values: Any) -> str:
    with translation.override(language):
        return Template("{% load ui %}" + source).render(Context(values))


def test_an_icon_is_hidden_from_screen_readers_and_has_no_size_of_its_own() -> None:
    drawn = shown('{% icon "flask-conical" %}')

    assert drawn.startswith("<svg")
    assert 'aria-hidden="true"' in drawn
    assert 'class="icon"' in drawn
    assert "width=" not in drawn.split(">")[0]
    assert "style=" not in drawn


def test_an_icon_that_does_not_exist_raises() -> None:
    with pytest.raises(TemplateSyntaxError, match="no-such-icon"):
        shown('{% icon "no-such-icon" %}')


@pytest.mark.parametrize("state", sorted(STATE_LOOKS))
def test_every_state_has_an_icon_that_exists(state: str) -> None:
    look = STATE_LOOKS[state]

    assert draw_icon(look.icon)
    assert "tag" in shown("{% state s label %}", s=state, label="x")


def test_a_tag_says_its_state_in_words_and_escapes_them() -> None:
    drawn = shown('{% tag "warn" label %}', label="<b>late")

    assert 'class="tag warn"' in drawn
    assert "&lt;b&gt;late" in drawn
    assert "<svg" in drawn


def test_a_tag_without_icon_can_be_asked_for() -> None:
    assert shown('{% tag "bad" "3" "" %}') == '<span class="tag bad">3</span>'


def test_a_tag_begins_with_a_capital_and_leaves_safe_markup_alone() -> None:
    assert shown('{% tag "bad" label "" %}', label="in pilot") == '<span class="tag bad">In pilot</span>'
    assert "<time>3 days</time>" in shown('{% tag "bad" label "" %}', label=mark_safe("<time>3 days</time>"))


def test_translated_labels_begin_with_a_capital_and_names_stay_as_they_are() -> None:
    assert shown("{{ label|sentence_case }}", label=gettext_lazy("in pilot")) == "In pilot"
    assert shown("{{ label|sentence_case }}", label="iQ Mills") == "iQ Mills"


def test_an_unknown_tone_raises() -> None:
    with pytest.raises(TemplateSyntaxError, match="purple"):
        shown('{% tag "purple" "x" %}')


def test_the_six_groups_have_six_colours() -> None:
    numbers = [look.number for look in GROUP_LOOKS.values()]

    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
    assert shown('{% group_name "wisdom_group" %}') == '<span class="group c2">Wisdom group</span>'
    assert shown('{% group_name "wisdom" short=True %}') == '<span class="group c2">Wisdom</span>'


def test_an_unknown_group_raises() -> None:
    with pytest.raises(TemplateSyntaxError, match="weavers"):
        shown('{% group_name "weavers" %}')


def test_a_bilingual_text_is_shown_in_the_readers_language() -> None:
    record = {"title_en": "Dyeing guide", "title_zh": "染色指南"}

    assert shown('{% bilingual r "title" %}', r=record) == "Dyeing guide"
    assert shown('{% bilingual r "title" %}', "zh-hans", r=record) == "染色指南"


def test_a_missing_translation_falls_back_with_language_and_mark() -> None:
    drawn = shown('{% bilingual r "title" %}', r={"title_en": "", "title_zh": "染色<指南"})

    assert '<span lang="zh-Hans">染色&lt;指南</span>' in drawn
    assert "in Chinese" in drawn
    assert (
        shown('{% bilingual r "title" mark=False %}', r={"title_en": "", "title_zh": "指南"})
        == '<span lang="zh-Hans">指南</span>'
    )
    assert '<span lang="en">Atlas</span>' in shown(
        '{% bilingual r "title" %}', "zh-hans", r={"title_en": "Atlas", "title_zh": ""}
    )


def test_a_field_that_is_not_bilingual_raises() -> None:
    with pytest.raises(TemplateSyntaxError, match="neither"):
        shown('{% bilingual r "name" %}', r={"title_en": "x"})


def test_the_page_language_is_a_bcp_47_tag() -> None:
    assert shown("{% html_lang %}") == "en"
    assert shown("{% html_lang %}", "zh-hans") == "zh-Hans"


def test_the_other_language_is_named_in_itself() -> None:
    source = "{% other_languages as all %}{% for one in all %}{{ one.lang }} {{ one.name }}{% endfor %}"

    assert shown(source) == "zh-Hans 中文"
    assert shown(source, "zh-hans") == "en English"


def test_a_component_sees_only_what_it_was_given() -> None:
    drawn = shown('{% component "card" %}{{ title }}{% endcomponent %}', title="of the page")

    assert "of the page" in drawn
    assert "card-head" not in drawn


def test_slots_stand_in_their_places() -> None:
    drawn = shown(
        '{% component "note" tone="warn" title="Late." %}Body{% slot "actions" %}<a href="/x">Extend</a>{% endslot %}{% endcomponent %}'
    )

    assert drawn.index("Body") < drawn.index('<div class="row"><a href="/x">')
    assert 'class="note warn"' in drawn


def test_what_a_component_was_given_is_escaped() -> None:
    assert "&lt;script&gt;" in shown('{% component "card" title=t %}x{% endcomponent %}', t="<script>")


@pytest.mark.parametrize(
    "wrong",
    ["{% component %}x{% endcomponent %}", '{% component "card" "x" %}x{% endcomponent %}', "{% slot %}x{% endslot %}"],
)
def test_a_component_written_wrongly_raises(wrong: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        shown(wrong)


@pytest.mark.parametrize(
    ("present", "link", "direction"),
    [("", "sort=name", None), ("name", "sort=-name", "ascending"), ("-name", "sort=name", "descending")],
)
def test_a_sort_header_turns_the_order_round_and_keeps_the_filters(present: str, link: str, direction: str | None) -> None:
    request = RequestFactory().get("/list/", {"kind": "media", "sort": present, "after": "abc"})

    drawn = shown('{% sort_header "name" "Name" %}', request=request)

    assert link in drawn
    assert "kind=media" in drawn
    assert "after=" not in drawn
    assert ("aria-sort" in drawn) == bool(direction)
    assert direction is None or f'aria-sort="{direction}"' in drawn


def test_a_removed_filter_leaves_the_others() -> None:
    request = RequestFactory().get("/list/?kind=a&kind=b&group=c&after=xyz")

    assert shown('{% without_filter "kind" "a" %}', request=request).replace("&amp;", "&") == "?kind=b&group=c"
    assert shown('{% without_filter "kind" %}', request=request) == "?group=c"


def test_coverage_shades_follow_the_number_of_suppliers() -> None:
    levels = [shown("{{ n|coverage_level }}", n=n) for n in (0, 1, 2, 3, 5, 6, 9, 10, 40)]

    assert levels == ["none", "1", "1", "2", "2", "3", "3", "4", "4"]


def test_a_gap_in_the_matrix_is_a_word_not_only_a_pattern() -> None:
    rows = [
        {
            "kind": "foundation",
            "cells": [{"count": 0, "expected": True, "url": "/gap/"}, {"count": 0, "expected": False}, {"count": 12}],
        }
    ]

    drawn = shown(
        '{% include "components/coverage_matrix.html" with caption="Coverage" columns=columns rows=rows %}',
        columns=["A", "B", "C"],
        rows=rows,
    )

    assert '<td class="level-gap"><a href="/gap/">gap</a></td>' in drawn
    assert "not expected" in drawn
    assert '<td class="level-4">12</td>' in drawn


def test_initials_and_names() -> None:
    assert (
        shown('{{ "Lin Hui"|initials }}{{ "陈梅"|initials }}{{ "wei.zhang@example.org"|initials }}{{ ""|initials }}')
        == "LH陈WZ?"
    )


def test_long_heads_may_break_where_a_reader_expects_it() -> None:
    assert shown('{{ "Product transformation"|soft_hyphens }}') == "Product transfor\u00admation"
    assert shown('{{ "Dissemination"|soft_hyphens }}{{ "政策"|soft_hyphens }}') == "Dissemi\u00adnation政策"
