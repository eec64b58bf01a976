"""Demonstration entries of workbooks: what people at the invented sites wrote on the shop floor.

They are written by the real action at past moments, under keys that are the same each time, so that loading again adds nothing.
"""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.core.files.base import File
from django.utils import timezone
from PIL import Image, ImageDraw

from alliance.kernel.demo import WEAVING
from operations.actions.workbook import Entry, write_entry
from operations.choices import EntryKind, ParticipantState, PilotState
from operations.models import Pilot
from operations.selectors.people import staff_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from alliance.models import Alliance
    from operations.models import PilotParticipant

SPACE: Final = uuid.UUID("6f0b6a52-9d1e-4f57-8a3c-2b7f5f1d9c40")
"""Name space of the invented keys."""


@dataclass(frozen=True, slots=True)
class Written:
    """An invented entry.

    Attributes:
        days_ago: Days before the end of the round, or before loading while it is open.
        kind: ``note`` or ``photo``.
        text: The note, or the caption.
    """

    days_ago: int
    kind: str
    text: str


SITES: Final[dict[tuple[str, str], tuple[Written, ...]]] = {
    ("P-029", "I-035"): (
        Written(20, EntryKind.NOTE, "第一缸：800公斤棉双面布，浴比1∶7，中蓝。升温曲线按指南，未改。"),
        Written(14, EntryKind.PHOTO, "同色对比：左为常规工艺，右为低盐"),
        Written(6, EntryKind.NOTE, "热水只有72 ℃，皂洗后加了一道温水洗，残液电导率0.9 mS/cm。"),
    ),
    ("P-029", "I-036"): (
        Written(19, EntryKind.NOTE, "Night shift, two people: step 5 done by the day shift instead."),
        Written(9, EntryKind.PHOTO, "Same shade, usual recipe left, low salt right"),
    ),
    ("P-029", "I-038"): (
        Written(17, EntryKind.NOTE, "Elastane 5%, heated up to 60 °C in 45 minutes instead of 30."),
        Written(8, EntryKind.PHOTO, "Batch cards of the first week"),
        Written(3, EntryKind.NOTE, "Salt counted by weighing the bags before and after, not from the recipe."),
    ),
    ("P-030", ""): (Written(0, EntryKind.NOTE, "本周按清单走了一遍，夜班下周开始。"),),
    ("P-031", ""): (Written(0, EntryKind.NOTE, "Both shifts have read it; the first figures come on Friday."),),
    ("P-032", ""): (Written(0, EntryKind.NOTE, "试用机台：3号和7号。"),),
}
"""By product and firm; an empty firm stands for every firm of that product."""


def load_workbooks(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - one shape of loaders
    """Write the invented entries; running it again adds nothing."""
    if flavour != WEAVING:
        return
    codes = sorted({code for code, _firm in SITES})
    pilots = (
        Pilot.objects.of(alliance)
        .select_related("product")
        .filter(product__code__in=codes, state__in=[PilotState.OPEN, PilotState.EXTENDED])
        .order_by("product__code", "-round")
    )
    for pilot in pilots:
        sites = pilot.participants.select_related("institution").filter(
            state__in=[ParticipantState.ACCEPTED, ParticipantState.ANSWERED]
        )
        for participant in sites.order_by("id"):
            code, firm = pilot.product.code, participant.institution.code
            for place, written in enumerate(SITES.get((code, firm)) or SITES.get((code, ""), ())):
                _write(alliance, pilot, participant, written, place=place, at=at)


def _write(
    alliance: Alliance, pilot: Pilot, participant: PilotParticipant, written: Written, *, place: int, at: datetime
) -> None:
    people = list(staff_of(alliance, [participant.institution_id], at=timezone.now()))
    moment = min(at, pilot.deadline) - timedelta(days=written.days_ago)
    if not people or moment < pilot.starts_at:
        return
    name = f"{pilot.product.code}:{pilot.round}:{participant.institution.code}:{place}"
    is_photo = written.kind == EntryKind.PHOTO
    body: dict[str, Any] = {"caption" if is_photo else "text": written.text}
    write_entry(
        alliance,
        pilot.product.code,
        institution_id=participant.institution_id,
        entry=Entry(
            key=uuid.uuid5(SPACE, name),
            kind=written.kind,
            body=body,
            file=_draw_swatches(name) if is_photo else None,
        ),
        actor=people[0],
        at=moment,
    )


def _draw_swatches(name: str) -> File[bytes]:
    """A picture that shows what it is: two swatches of one shade, drawn, not photographed."""
    shade = uuid.uuid5(SPACE, name).int
    colour = (shade % 90, 60 + shade // 97 % 80, 110 + shade // 8_191 % 120)
    picture = Image.new("RGB", (640, 400), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((40, 40, 310, 360), fill=colour)
    pen.rectangle((330, 40, 600, 360), fill=tuple(min(255, part + 6) for part in colour))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return File(io.BytesIO(out.getvalue()), name="swatches.png")
