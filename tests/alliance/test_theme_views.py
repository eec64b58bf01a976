from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alliance.kernel.colours import (
    DARK_SURFACES,
    LIGHT_SURFACES,
    TEXT_CONTRAST,
    contrast,
    dark_shades,
    is_usable,
    light_shades,
)
from alliance.models import Alliance
from tests.factories.alliance import address

colours = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06X}")


@given(colours)
def test_every_accepted_colour_gives_shades_that_can_be_read_in_both_themes(colour: str) -> None:
    light, dark = light_shades(colour), dark_shades(colour)
    if light is None or dark is None:
        assert not is_usable(colour)
        return

    assert contrast(light.on_primary, light.primary) >= TEXT_CONTRAST
    assert contrast(light.on_primary, light.hover) >= TEXT_CONTRAST
    assert contrast(dark.on_primary, dark.primary) >= TEXT_CONTRAST
    for shades, surfaces in ((light, LIGHT_SURFACES), (dark, DARK_SURFACES)):
        for surface in (*surfaces, shades.soft):
            assert contrast(shades.ink, surface) >= TEXT_CONTRAST


def test_a_pale_colour_is_refused(alliance: Alliance, client: Any) -> None:
    Alliance.objects.filter(pk=alliance.pk).update(primary_colour="#FFE680")

    assert client.get(address(alliance, "alliance_theme_css")).content == b""


def test_the_style_sheet_sets_the_tenants_layer_and_nothing_else(alliance: Alliance, client: Any) -> None:
    Alliance.objects.filter(pk=alliance.pk).update(primary_colour="#7A1F5C")

    answer = client.get(address(alliance, "alliance_theme_css"))

    assert answer["Content-Type"].startswith("text/css")
    assert answer.content.decode().startswith("@layer tenant {")
    assert "--primary: #7A1F5C" in answer.content.decode()
