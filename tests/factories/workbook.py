"""Workbooks for tests: entries of a site, a photo."""

from __future__ import annotations

import io
import uuid
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from operations.actions.workbook import Entry


def make_photo(name: str = "loom.png", colour: str = "red") -> SimpleUploadedFile:
    """A small picture as a phone uploads it."""
    out = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/png")


def entry_of(kind: str, *, key: uuid.UUID | None = None, **more: Any) -> Entry:
    """An entry of a kind with content that is taken."""
    bodies: dict[str, dict[str, Any]] = {
        "reading": {"measure": 1, "phase": "after", "value": "12.5", "taken_on": more.pop("taken_on", "")},
        "scores": {"scores": {"1": 4, "2": 5}},
        "defect": {"severity": "major", "text": "The belt slips at 80 °C."},
        "suggestion": {"text": "请加一张低温对照表。"},
        "note": {"text": "Night shift, two people."},
        "photo": {"caption": "The belt"},
    }
    body = {**bodies[kind], **more.pop("body", {})}
    file = more.pop("file", make_photo() if kind == "photo" else None)
    return Entry(key=key or uuid.uuid4(), kind=kind, body=body, file=file, **more)


def scores_of(*scores: int) -> dict[str, Any]:
    """The body of an entry with scores, by position."""
    return {"scores": {str(place): score for place, score in enumerate(scores, start=1)}}
