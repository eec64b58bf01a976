"""Colour tokens: every pair that is shown together keeps the contrast of WCAG 2.2 AA, in both sets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alliance.kernel import colours

CSS = Path(__file__).resolve().parents[2] / "alliance" / "static" / "alliance" / "css"

TEXT = 4.5
CONTROL = 3.0

#: Foreground, ground, least contrast.
PAIRS = [
    *[
        (text, ground, TEXT)
        for text in ("text", "text-2", "text-3")
        for ground in ("surface", "canvas", "sunken", "raised", "paper")
    ],
    ("line-strong", "surface", CONTROL),
    *[("primary", ground, TEXT) for ground in ("surface", "canvas", "raised", "paper")],
    ("on-primary", "primary", TEXT),
    ("on-primary", "primary-hover", TEXT),
    ("primary-ink", "primary-soft", TEXT),
    ("text", "primary-soft", TEXT),
    ("text-3", "primary-soft", TEXT),
    *[("accent", ground, TEXT) for ground in ("surface", "canvas", "paper", "accent-soft", "raised")],
    ("surface", "accent", TEXT),
    *[(tone, f"{tone}-soft", TEXT) for tone in ("warn", "info", "ok")],
    *[("text", f"{tone}-soft", TEXT) for tone in ("accent", "warn", "info", "ok")],
    *[("ok", ground, TEXT) for ground in ("surface", "canvas")],
    *[("focus", ground, CONTROL) for ground in ("surface", "canvas", "sunken", "paper", "raised")],
    # Dots and bars, always beside words.
    *[
        (group, ground, CONTROL)
        for group in ("g1", "g2", "g3", "g4", "g5", "g6")
        for ground in ("surface", "canvas", "sunken")
    ],
    *[(f"s{level}-ink", f"s{level}", TEXT) for level in (1, 2, 3, 4)],
    ("canvas", "text", TEXT),
]


def read_sets() -> dict[str, dict[str, str]]:
    css = (CSS / "tokens.css").read_text(encoding="utf-8")
    light = css[css.index(":root {") : css.index(":root:lang(zh)")]
    by_device = css[css.index("prefers-color-scheme: dark") : css.index(':root[data-theme="dark"]')]
    by_choice = css[css.index(':root[data-theme="dark"]') :]
    return {
        name: dict(re.findall(r"--([\w-]+): (#[0-9A-Fa-f]{6});", part))
        for name, part in {"light": light, "dark": by_choice, "dark by device": by_device}.items()
    }


def mix(one: str, other: str, share: float) -> str:
    """As ``color-mix(in srgb, …)`` computes it."""
    pairs = [(int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(first * share + second * (1 - share)):02X}" for first, second in pairs)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS, ids=lambda value: str(value))
def test_pairs_shown_together_are_readable(theme: str, ink: str, ground: str, least: float) -> None:
    tokens = read_sets()[theme]

    assert colours.contrast(tokens[ink], tokens[ground]) >= least


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("group", ["g1", "g2", "g3", "g4", "g5", "g6"])
def test_labels_of_lines_are_readable_in_their_mixed_colour(theme: str, group: str) -> None:
    tokens = read_sets()[theme]
    rule = re.search(
        r"\.ink \{[^}]*color-mix\(in srgb, var\(--c\) (\d+)%, var\(--text\)\)", (CSS / "alliance.css").read_text()
    )

    assert rule is not None
    mixed = mix(tokens[group], tokens["text"], int(rule[1]) / 100)
    assert colours.contrast(mixed, tokens["surface"]) >= TEXT


def test_both_ways_into_the_dark_give_the_same_colours() -> None:
    sets = read_sets()

    assert sets["dark"] == sets["dark by device"]
    assert sets["dark"].keys() == sets["light"].keys()


def test_the_style_sheets_stay_within_their_budget() -> None:
    import gzip

    whole = b"".join((CSS / name).read_bytes() for name in ("tokens.css", "alliance.css", "public.css"))

    assert len(gzip.compress(whole, 9)) <= 20 * 1024


def test_every_variable_that_is_used_is_set() -> None:
    css = "".join(path.read_text(encoding="utf-8") for path in sorted(CSS.glob("*.css")))

    used = set(re.findall(r"var\((--[\w-]+)\)", css))
    assert used <= set(re.findall(r"(--[\w-]+):", css))


@pytest.mark.parametrize("primary", ["#0B6B60", "#8A1C1C", "#1F3FA0", "#333333", "#6B3FA0", "#7A5200"])
def test_a_tenants_colour_gives_readable_pairs_in_both_themes(primary: str) -> None:
    light, dark = colours.light_shades(primary), colours.dark_shades(primary)

    assert light is not None
    assert dark is not None
    assert light.primary == primary
    for shades, theme in ((light, "light"), (dark, "dark")):
        tokens = read_sets()[theme]
        for ground in ("surface", "canvas", "raised", "paper"):
            assert colours.contrast(shades.primary, tokens[ground]) >= TEXT, ground
        assert colours.contrast(shades.on_primary, shades.primary) >= TEXT
        assert colours.contrast(shades.on_primary, shades.hover) >= TEXT
        assert colours.contrast(shades.ink, shades.soft) >= TEXT
        assert colours.contrast(tokens["text"], shades.soft) >= TEXT


@pytest.mark.parametrize("primary", ["#E0A000", "#5CC7B5", "#FFFFFF", "#767676", "red", "#12345", "#1234567", "}body{", ""])
def test_a_colour_that_cannot_be_read_or_is_none_gives_no_style_sheet(primary: str) -> None:
    assert not colours.is_usable(primary)
    assert colours.stylesheet(primary) == ""


def test_a_tenants_style_sheet_sets_the_tokens_in_its_own_layer() -> None:
    css = colours.stylesheet("#1F3FA0")

    assert css.startswith("@layer tenant")
    assert set(re.findall(r"--([\w-]+):", css)) == {"primary", "primary-hover", "on-primary", "primary-soft", "primary-ink"}
    assert css.count("@media screen") == 2


def test_contrast_is_that_of_wcag() -> None:
    assert colours.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert colours.contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)
    assert colours.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
