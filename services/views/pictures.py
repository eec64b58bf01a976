"""Server-drawn pictures: the woven cover of an alliance and a pattern for each story. Decoration only, never data.

The same name always gives the same picture. Colours are design tokens, so that the dark theme has its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

COLUMNS, ROWS, PITCH, THREAD = 16, 13, 40, 34


@dataclass(frozen=True, slots=True)
class Thread:
    """One crossing of warp and weft."""

    x: int
    y: int
    colour: str
    opacity: str


@dataclass(frozen=True, slots=True)
class Cover:
    """A cover of crossings."""

    threads: tuple[Thread, ...]
    width: int = COLUMNS * PITCH
    height: int = ROWS * PITCH
    size: int = THREAD


def _bytes(name: str, count: int) -> bytes:
    """As many repeatable bytes as wanted, from a name."""
    found = b""
    turn = 0
    while len(found) < count:
        found += hashlib.sha256(f"{name}:{turn}".encode()).digest()
        turn += 1
    return found[:count]


def draw_cover(name: str) -> Cover:
    """The woven cover of an alliance: a twill of light threads with a coloured line now and then.

    Args:
        name: The alliance's slug.
    """
    noise = _bytes(f"cover:{name}", COLUMNS * ROWS)
    threads: list[Thread] = []
    for column in range(COLUMNS):
        for row in range(ROWS):
            value = noise[column * ROWS + row]
            over = (column + 2 * row) % 5 < 3
            if row % 7 == 4 or column % 7 == 2:
                colour = "var(--g1)"
            elif value < 22:
                colour = "var(--accent)"
            elif value < 46:
                colour = "var(--g5)"
            elif value < 82:
                colour = "var(--g2)"
            else:
                colour = "var(--s2)" if over else "var(--s1)"
            threads.append(Thread(column * PITCH, row * PITCH, colour, ".95" if over else ".55"))
    return Cover(tuple(threads))


@dataclass(frozen=True, slots=True)
class Mark:
    """One shape of a picture; which values are used depends on the picture's kind."""

    colour: str
    path: str = ""
    width: int = 0
    x: int = 0
    y: int = 0
    height: int = 0
    radius: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A story's pattern: waves, bars or rings."""

    kind: str
    ground: str
    marks: tuple[Mark, ...] = field(default=())


def draw_picture(name: str) -> Picture:
    """The pattern of a story.

    Args:
        name: The story's slug.
    """
    noise = _bytes(f"picture:{name}", 64)
    kind = ("waves", "bars", "rings")[noise[0] % 3]
    if kind == "waves":
        colours = ("var(--g2)", "var(--g2)", "var(--g1)", "var(--g2)", "var(--g5)")
        marks = tuple(
            Mark(
                colours[(line + noise[1]) % 5],
                path=f"M0 {y}C120 {y - 40} 220 {y + 50} 340 {y + 12}S560 {y - 30} 640 {y + 20}",
                width=3 + noise[2 + line] % 8,
            )
            for line, y in enumerate(range(30, 380, 30))
        )
        return Picture(kind, "var(--primary-soft)", marks)
    if kind == "bars":
        marks = tuple(
            Mark(
                ("var(--g5)", "var(--g3)")[place % 2],
                x=20 + 62 * place,
                y=360 - height,
                width=44,
                height=height,
            )
            for place, height in ((place, 70 + 22 * place + noise[2 + place] % 60) for place in range(10))
        )
        return Picture(kind, "var(--warn-soft)", marks)
    rings = tuple(
        Mark(
            ("var(--g1)", "var(--g4)", "var(--g1)", "var(--g2)")[noise[2 + number] % 4],
            x=80 + 120 * (number % 5),
            y=70 + 110 * (number // 5),
            radius=24 + noise[20 + number] % 23,
        )
        for number in range(15)
    )
    return Picture(kind, "var(--info-soft)", rings)
