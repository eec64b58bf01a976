"""Applications of the invented alliance, one in each state that the office meets; written through the actions."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.files.base import ContentFile

from alliance.choices import AllianceRole
from alliance.kernel.demo import WEAVING
from alliance.models import RoleAssignment, User
from members.actions import application as acts
from members.actions.application_letter import make_link_token
from members.models import Application
from members.selectors.admission import REQUIREMENTS

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from alliance.models import Alliance

PAPER = """%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length {length}>>stream
{stream}
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""


def make_paper(title: str) -> bytes:
    """A PDF of one page that says what it stands for, in Latin letters."""
    stream = f"BT /F1 14 Tf 30 120 Td (Demonstration: {title.replace('_', ' ')}) Tj ET"
    return PAPER.format(length=len(stream), stream=stream).encode("latin-1")


def load_applications(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:
    """Load the applications of the invented alliance; running it again adds nothing."""
    if flavour != WEAVING or Application.objects.of(alliance).exists():
        return
    held = RoleAssignment.objects.of(alliance).filter(role=AllianceRole.SECRETARIAT).values("user")
    screener = User.objects.filter(pk__in=held).order_by("pk").first()
    rows = json.loads((data_dir / "demo" / "applications.json").read_text(encoding="utf-8"))
    for row in rows:
        _load(alliance, row, screener, at)


def _load(alliance: Alliance, row: dict[str, Any], screener: User | None, at: datetime) -> None:
    began = at - timedelta(days=row["days"])
    kind = row["kind"]
    application = acts.start_application(
        alliance, kind, values=row["values"], language=row["language"], duplicate_confirmed=True, at=began
    )
    token = make_link_token(application.uuid, application.created_at)
    for evidence in REQUIREMENTS[kind].evidence:
        if evidence not in row.get("without", ()):
            file = ContentFile(make_paper(evidence), name=f"{evidence}.pdf")
            acts.add_evidence(alliance, token, kind=evidence, file=file, at=began)
    if row["until"] == "unconfirmed":
        return
    acts.submit_application(alliance, token, at=began + timedelta(hours=2))
    if row["until"] == "withdrawn":
        acts.withdraw_application(alliance, token, at=began + timedelta(days=3))
        return
    if row["until"] == "submitted" or screener is None:
        return
    code, checked = application.code, began + timedelta(days=1)
    acts.start_screening(alliance, code, actor=screener, at=checked)
    if row["until"] == "returned":
        acts.return_application(alliance, code, points=row["points"], actor=screener, at=checked)
    elif row["until"] == "complete":
        acts.complete_application(alliance, code, actor=screener, at=checked)
