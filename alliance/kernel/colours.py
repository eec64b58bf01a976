"""Colours of a tenant: the shades an interface needs, computed from one, never below the contrast people need."""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass

TEXT_CONTRAST = 4.5
"""WCAG 2.2 AA for text."""
_HEX = re.compile(r"^#[0-9A-Fa-f]{6}$")
LIGHT_SURFACES = ("#FFFFFF", "#F4F6F6", "#FBF8F2")
DARK_SURFACES = ("#162127", "#0F171B", "#1D2A31")


@dataclass(frozen=True, slots=True)
class Shades:
    """The custom properties of one theme."""

    primary: str
    hover: str
    on_primary: str
    soft: str
    ink: str


def luminance(colour: str) -> float:
    """Relative luminance (WCAG), 0 to 1."""
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    bright, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def is_usable(colour: str) -> bool:
    """Whether a colour can be a primary colour: white text on it, and it as text on every light ground, are readable."""
    return bool(_HEX.fullmatch(colour)) and min(contrast(colour, ground) for ground in LIGHT_SURFACES) >= TEXT_CONTRAST


def light_shades(colour: str) -> Shades | None:
    """Shades for the light theme; None when the colour is too pale to be read."""
    if not is_usable(colour):
        return None
    soft = _mix(colour, "#FFFFFF", 0.10)
    ink = _until(colour, [soft, *LIGHT_SURFACES], step=-0.02)
    return Shades(colour.upper(), _shift(colour, -0.06), "#FFFFFF", soft, ink)


def dark_shades(colour: str) -> Shades | None:
    """Shades for the dark theme, lightened until they are read on its surfaces; None when the colour is not usable."""
    if not is_usable(colour):
        return None
    soft = _mix(colour, DARK_SURFACES[0], 0.28)
    primary = _until(_shift(colour, 0.15), DARK_SURFACES, step=0.02)
    ink = _until(_shift(primary, 0.06), [soft, *DARK_SURFACES], step=0.02)
    on_primary = _until(_mix(colour, "#000000", 0.25), [primary, _shift(primary, 0.06)], step=-0.02)
    return Shades(primary, _shift(primary, 0.06), on_primary, soft, ink)


def stylesheet(colour: str) -> str:
    """The tenant's style sheet in the layer ``tenant``; empty when the colour is not usable."""
    light, dark = light_shades(colour), dark_shades(colour)
    if light is None or dark is None:
        return ""
    night = _declarations(dark)
    return (
        f"@layer tenant {{\n  :root {{ {_declarations(light)} }}\n"
        f"  @media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme='light']) {{ {night} }} }}\n"
        f"  @media screen {{ :root[data-theme='dark'] {{ {night} }} }}\n}}\n"
    )


def _declarations(shades: Shades) -> str:
    return (
        f"--primary: {shades.primary}; --primary-hover: {shades.hover}; --on-primary: {shades.on_primary}; "
        f"--primary-soft: {shades.soft}; --primary-ink: {shades.ink};"
    )


def _until(colour: str, backgrounds: list[str] | tuple[str, ...], step: float) -> str:
    """The colour, made darker or lighter until it is read on every background."""
    for _round in range(60):
        if all(contrast(colour, background) >= TEXT_CONTRAST for background in backgrounds):
            return colour
        colour = _shift(colour, step)
    return "#000000" if step < 0 else "#FFFFFF"


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(255 * min(1.0, max(0.0, value))):02X}" for value in (red, green, blue))


def _shift(colour: str, amount: float) -> str:
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(colour))
    return _hex(*colorsys.hls_to_rgb(hue, min(1.0, max(0.0, lightness + amount)), saturation))


def _mix(colour: str, other: str, share: float) -> str:
    pairs = zip(_rgb(colour), _rgb(other), strict=True)
    red, green, blue = (share * first + (1 - share) * second for first, second in pairs)
    return _hex(red, green, blue)
