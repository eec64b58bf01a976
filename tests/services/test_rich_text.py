"""What people write is text; what is shown is safe."""

from __future__ import annotations

import pytest

from alliance.kernel.rich_text import plain_text, reading_minutes, render_markdown


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<img src="https://spy.example/p.gif" onerror="alert(1)">',
        "![pixel](https://spy.example/p.gif)",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        '<a href="https://x.example" onclick="alert(1)">x</a>',
        "<svg onload=alert(1)>",
        "<iframe src=https://x.example></iframe>",
        '<p style="background:url(https://spy.example)">x</p>',
    ],
)
def test_nothing_hostile_becomes_markup(hostile: str) -> None:
    html = str(render_markdown(hostile))

    for tag in ("<script", "<img", "<svg", "<iframe", "<p style", '<a href="https://x.example" onclick'):
        assert tag not in html
    assert 'href="javascript' not in html
    assert 'href="data' not in html


def test_links_lead_outside_without_telling_or_voting() -> None:
    html = str(render_markdown("[site](https://a.example/x) [mail](mailto:a@a.example) [plain](http://a.example)"))

    assert '<a href="https://a.example/x" rel="noopener nofollow">' in html
    assert 'href="mailto:a@a.example"' in html
    assert "http://a.example" not in html


def test_a_heading_of_the_first_level_becomes_one_of_the_second() -> None:
    assert str(render_markdown("# Title")) == "<h2>Title</h2>\n"


def test_a_table_can_be_scrolled_by_keyboard() -> None:
    html = str(render_markdown("|a|b|\n|---|---|\n|1|2|"))

    assert '<div class="table-wrap" role="region" tabindex="0" aria-label="Table"><table class="data">' in html
    assert html.count("</table></div>") == 1
    assert '<th scope="col">a</th>' in html


def test_summaries_carry_no_marks_and_reading_time_knows_both_scripts() -> None:
    assert plain_text("## Head\n\n**Bold** text", 12) == "Head Bold t…"
    assert reading_minutes("word " * 660) == 3
    assert reading_minutes("字" * 1200) == 3
    assert reading_minutes("") == 1
