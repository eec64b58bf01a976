"""Demonstration experts: the invented alliance's talent pool, with consent and interests as its data say."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from alliance.kernel.demo import WEAVING
from members.actions.demo import midnight
from members.actions.expert import CONSENT_WORDING
from members.choices import ConsentLevel, InterestKind
from members.models import Expert, ExpertConsent, ExpertInterest, ExpertSkill, Institution
from members.selectors.names import fold_name, sort_key_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from alliance.models import Alliance

INTERESTS = {
    "E-004": (InterestKind.HOLDING, "I-035"),
    "E-020": (InterestKind.POST, "I-042"),
    "E-035": (InterestKind.HOLDING, "I-049"),
}
"""Kind of the declared interest and the member it is in (data/demo/README.md)."""


def load_experts(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:
    """Load the invented experts; nothing for the alliance of real institutions. Running it again adds nothing."""
    if flavour != WEAVING:
        return
    with (data_dir / "demo" / "experts.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    known = set(Expert.objects.of(alliance).values_list("code", flat=True))
    ids = dict(Institution.objects.of(alliance).values_list("code", "id"))
    for row in rows:
        if row["code"] in known:
            continue
        english, chinese = row["skills_en"].split(";"), row["skills_zh"].split(";")
        expert = Expert.objects.create(
            alliance=alliance,
            code=row["code"],
            institution_id=ids[row["institution"]],
            name_en=row["name_en"],
            name_zh=row["name_zh"],
            title_en=row["title_en"],
            title_zh=row["title_zh"],
            email=row["email"],
            languages=row["languages"].split(","),
            days_per_month=Decimal(row["days_per_month"]) if row["days_per_month"] else None,
            consent=ConsentLevel(row["consent"]),
            sort_key=sort_key_of(row["name_en"], row["name_zh"]),
            search_text=" ".join(fold_name(text) for text in (*english, *chinese) if text),
        )
        ExpertSkill.objects.bulk_create(
            [
                ExpertSkill(alliance=alliance, expert=expert, position=place, name_en=en, name_zh=zh)
                for place, (en, zh) in enumerate(zip(english, chinese, strict=True))
            ]
        )
        day = midnight(row["consent_date"]) if row["consent_date"] else at
        ExpertConsent.objects.create(
            alliance=alliance, expert=expert, level=expert.consent, wording_version=CONSENT_WORDING, given_at=day
        )
        if row["interest_en"] or row["interest_zh"]:
            kind, other = INTERESTS.get(row["code"], (InterestKind.OTHER, ""))
            ExpertInterest.objects.create(
                alliance=alliance,
                expert=expert,
                kind=kind,
                counterparty_id=ids[other] if other else None,
                words_en=row["interest_en"],
                words_zh=row["interest_zh"],
                starts_on=date(2026, 1, 5),
                declared_at=day,
            )
