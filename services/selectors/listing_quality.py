"""What makes a listing easy to answer, computed from its text before it is sent: a hint, never a bar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

from services.choices import ListingSide, Pricing

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from services.models import Listing

SHORTEST: Final = {"en": 200, "zh": 80}
"""Characters from which a text says enough to be judged; Chinese says more in each."""
LONGEST: Final = {"en": 6000, "zh": 3000}
TITLE: Final = {"en": (15, 120), "zh": (6, 50)}
FEWEST_LABELS: Final = 3

_YEAR: Final = re.compile(r"(?:19|20)\d\d\s*(?:年|-|/|\.)?")
_MEASURE: Final = re.compile(r"\d+(?:[.,]\d+)?|[一二三四五六七八九十百]+(?:级|倍|吨|成|个百分点)")
"""A figure; years are taken out first, for a date is no aim."""


@dataclass(frozen=True, slots=True)
class Hint:
    """One check.

    Attributes:
        key: Its name.
        field: Field of the form it is about.
        label: What is looked at.
        is_met: Whether it is fine.
        advice: What to do about it.
        weight: Share of the score, in points.
    """

    key: str
    field: str
    label: StrOrPromise
    is_met: bool
    advice: StrOrPromise
    weight: int


@dataclass(frozen=True, slots=True)
class Quality:
    """All checks of a listing.

    Attributes:
        hints: Every check, in the order of the form.
        score: Points reached of 100.
    """

    hints: list[Hint]
    score: int

    @property
    def open(self) -> list[Hint]:
        """What could be better."""
        return [hint for hint in self.hints if not hint.is_met]

    @property
    def met(self) -> list[Hint]:
        """What is fine."""
        return [hint for hint in self.hints if hint.is_met]


def _written(listing: Any, field: str) -> dict[str, str]:
    return {language: text for language in ("en", "zh") if (text := getattr(listing, f"{field}_{language}").strip())}


def _money_is_clear(listing: Any) -> bool:
    if listing.pricing == Pricing.FREE:
        return True
    if listing.pricing == Pricing.RANGE:
        return listing.money_min is not None and listing.money_max is not None
    return listing.money_min is not None or listing.money_max is not None


def judge_quality(listing: Listing) -> Quality:
    """Look at a listing as it stands; no query beside its institution.

    The weights are ours: what lets a reader decide whether to answer (aim, length, money, time) counts most.
    """
    titles, bodies = _written(listing, "title"), _written(listing, "body")
    is_demand = listing.side == ListingSide.DEMAND
    languages = set(titles) & set(bodies)
    figures = " ".join([*titles.values(), *bodies.values()])
    field = "body_zh" if "zh" in bodies and "en" not in bodies else "body_en"
    hints = [
        Hint(
            "title",
            "title_zh" if "zh" in titles and "en" not in titles else "title_en",
            _("Title"),
            bool(titles) and all(TITLE[key][0] <= len(text) <= TITLE[key][1] for key, text in titles.items()),
            _("Say in one sentence what it is about: long enough to be understood alone, short enough for a list."),
            10,
        ),
        Hint(
            "length",
            field,
            _("Length of the text"),
            any(SHORTEST[key] <= len(text) <= LONGEST[key] for key, text in bodies.items()),
            _(
                "Describe the present state, what is wanted and what was tried: about 200 characters at least, 80 in Chinese."
            ),
            15,
        ),
        Hint(
            "aim",
            field,
            _("Measurable aim"),
            bool(_MEASURE.search(_YEAR.sub(" ", figures))),
            _("Name a figure with its unit: from what to what, how much, how many.")
            if is_demand
            else _("Name a figure with its unit: what was reached elsewhere, for how many, by how much."),
            15,
        ),
        Hint(
            "languages",
            "title_zh" if "zh" not in languages else "title_en",
            _("Both languages"),
            languages == {"en", "zh"},
            _("Give title and text in English and in Chinese: readers and the matching find it in both."),
            10,
        ),
        Hint(
            "labels",
            "labels",
            _("Key words"),
            len(listing.labels) >= FEWEST_LABELS,
            _("Give three key words at least, as people in the field say them."),
            10,
        ),
        Hint(
            "field",
            "industry_code",
            _("Field"),
            bool(listing.industry_code or listing.disciplines),
            _("Choose an industry or a discipline."),
            5,
        ),
        Hint("elements", "elements", _("Elements"), bool(listing.elements), _("Say which elements it takes or gives."), 5),
        Hint(
            "region",
            "region_code",
            _("Region"),
            bool(listing.region_code),
            _("Name the province or prefecture where the work is done."),
            5,
        ),
        Hint(
            "money",
            "money_max",
            _("Budget") if is_demand else _("Price"),
            _money_is_clear(listing),
            _("Give a sum or two, even a rough one; readers skip what they cannot weigh."),
            10,
        ),
        Hint(
            "time",
            "ends_on",
            _("Time"),
            bool(listing.ends_on or listing.duration_weeks or listing.starts_on),
            _("Say by when it must be done, when it can begin, or how many weeks it takes."),
            10,
        ),
        Hint(
            "contact",
            "",
            _("Contact"),
            bool(listing.institution and listing.institution.contact_email) or bool(listing.source),
            _("Your institution has no contact e-mail on its page. Ask your representative to add one."),
            5,
        ),
    ]
    return Quality(hints, sum(hint.weight for hint in hints if hint.is_met))
