"""Contrast, and the colours that follow from an alliance's own primary colour (design section 3).

An alliance chooses one colour; hover, soft ground, ink and the dark set are computed here so that every pair stays readable.
"""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass
from typing import Final

LEAST_CONTRAST: Final = 4.5
#: Grounds on which the primary colour stands as text in the light set: surface, canvas, paper.
LIGHT_GROUNDS: Final = ("#FFFFFF", "#F4F6F6", "#FBF8F2")
DARK_GROUNDS: Final = ("#162127", "#1D2A31", "#0F171B", "#14191A")
_HEX: Final = re.compile(r"#[0-9A-Fa-f]{6}")

RGB = tuple[float, float, float]


def parse(colour: str) -> RGB:
    """Red, green and blue, each 0 to 1, of ``#RRGGBB``.

    Raises:
        ValueError: Not of this form.
    """
    if not _HEX.fullmatch(colour):
        raise ValueError(f"Not a colour of the form #RRGGBB: {colour!r}")
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def write(colour: RGB) -> str:
    """The colour as ``#RRGGBB``."""
    return "#" + "".join(f"{round(min(max(part, 0), 1) * 255):02X}" for part in colour)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it, 0 to 1."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parse(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours as WCAG 2 defines it, 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _with_lightness(colour: str, lightness: float) -> str:
    hue, _lightness, saturation = colorsys.rgb_to_hls(*parse(colour))
    return write(colorsys.hls_to_rgb(hue, min(max(lightness, 0), 1), saturation))


def mix(colour: str, ground: str, share: float) -> str:
    """So much of a colour in another one, as ``color-mix(in srgb, …)`` computes it."""
    pairs = zip(parse(colour), parse(ground), strict=True)
    red, green, blue = (one * share + other * (1 - share) for one, other in pairs)
    return write((red, green, blue))


def _until(colour: str, grounds: tuple[str, ...], least: float, step: float) -> str:
    """Move the lightness by ``step`` until the colour reaches the contrast on all grounds."""
    lightness = colorsys.rgb_to_hls(*parse(colour))[1]
    found = colour
    while min(contrast(found, ground) for ground in grounds) < least and 0 < lightness < 1:
        lightness += step
        found = _with_lightness(colour, lightness)
    return found


@dataclass(frozen=True, slots=True)
class PrimarySet:
    """The five tokens that a primary colour decides, for one theme."""

    primary: str
    hover: str
    on_primary: str
    soft: str
    ink: str

    def declarations(self) -> str:
        """The tokens as CSS."""
        return (
            f"--primary: {self.primary}; --primary-hover: {self.hover}; --on-primary: {self.on_primary}; "
            f"--primary-soft: {self.soft}; --primary-ink: {self.ink};"
        )


def is_readable(primary: str) -> bool:
    """Whether a colour may be an alliance's primary: as text on every light ground, and under white text."""
    return min(contrast(primary, ground) for ground in LIGHT_GROUNDS) >= LEAST_CONTRAST


def derive(primary: str) -> tuple[PrimarySet, PrimarySet]:
    """The light and the dark set of a primary colour.

    Raises:
        ValueError: The colour is not readable on the light grounds.
    """
    if not is_readable(primary):
        raise ValueError(f"{primary} has less than {LEAST_CONTRAST} : 1 on a light ground.")
    lightness = colorsys.rgb_to_hls(*parse(primary))[1]
    soft = mix(primary, "#FFFFFF", 0.12)
    light = PrimarySet(
        primary=primary.upper(),
        hover=_with_lightness(primary, lightness * 0.76),
        on_primary="#FFFFFF",
        soft=soft,
        ink=_until(_with_lightness(primary, lightness * 0.86), (soft,), 6.5, -0.01),
    )
    bright = _until(primary, DARK_GROUNDS, 7.0, 0.01)
    dark_soft = mix(bright, "#162127", 0.16)
    dark = PrimarySet(
        primary=bright,
        hover=_with_lightness(bright, colorsys.rgb_to_hls(*parse(bright))[1] + 0.08),
        on_primary=mix(bright, "#000000", 0.16),
        soft=dark_soft,
        ink=_until(bright, (dark_soft,), 7.0, 0.01),
    )
    return light, dark


def tenant_stylesheet(primary: str) -> str:
    """The style sheet that gives an alliance its primary colour in both themes; print keeps the light set.

    Raises:
        ValueError: The colour is not readable; such a colour is refused where it is chosen.
    """
    light, dark = derive(primary)
    return (
        "@layer tenant {\n"
        f"  :root {{ {light.declarations()} }}\n"
        f'  @media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme="light"]) {{ {dark.declarations()} }} }}\n'
        f'  @media screen {{ :root[data-theme="dark"] {{ {dark.declarations()} }} }}\n'
        "}\n"
    )
