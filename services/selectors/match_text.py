"""The texts a listing is found by: its own words and the names of its labels, in each language it is written in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from django.utils import translation

from members.choices import Element
from members.selectors.regions import regions
from services import analysis
from services.choices import ListingAudience, ServiceCategory, TextLanguage
from services.selectors.codes import disciplines, industries

if TYPE_CHECKING:
    from services.models import Listing

CATALOGUES: Final = {TextLanguage.ENGLISH.value: "en", TextLanguage.CHINESE.value: "zh-hans"}
"""Language of the index by language of the interface, for the names of labels."""


def own_text(listing: Listing, language: str) -> str:
    """Title and text in one language; empty where it has none."""
    return "\n".join(
        part
        for part in (getattr(listing, f"title_{language}").strip(), getattr(listing, f"body_{language}").strip())
        if part
    )


def languages_of(listing: Listing) -> list[str]:
    """Languages it has text in."""
    return [language for language in TextLanguage.values if own_text(listing, language)]


def label_names(listing: Listing, language: str) -> list[str]:
    """Names of category, elements, industry, disciplines, region with its province, and the fitting key words.

    A key word stands in the text of its own language, and in the other one where the listing has no text in its own.
    """
    english = language == TextLanguage.ENGLISH
    with translation.override(CATALOGUES[language]):
        names = [str(ServiceCategory(listing.category).label), *(str(Element(one).label) for one in listing.elements)]
    code = listing.industry_code
    while code in industries() and len(code) > 1:  # a section, one letter, is too wide to tell listings apart
        industry = industries()[code]
        names.append(industry.title_en if english else industry.title_zh)
        code = industry.parent
    fields = [disciplines()[code] for code in listing.disciplines if code in disciplines()]
    names += [one.title_en if english else one.title_zh for one in fields]
    code = listing.region_code
    while code in regions():
        names.append(regions()[code].name_en if english else regions()[code].name_zh)
        code = regions()[code].parent
    written = languages_of(listing)
    names += [
        label
        for label in listing.labels
        if (own := analysis.language_of(label)) == language or (own not in written and language in written)
    ]
    return names


def indexed_texts(listing: Listing, *, labels: bool = True) -> dict[str, str]:
    """The whole text by language, as it is cut into words."""
    texts = {}
    for language in languages_of(listing):
        parts = [own_text(listing, language)]
        if labels:
            parts += label_names(listing, language)
        texts[language] = "\n".join(parts)
    return texts


def is_counted(listing: Listing) -> bool:
    """Whether it may enter figures that others' scores are computed with: no listing addressed to named institutions does."""
    return listing.audience != ListingAudience.NAMED


def digest_of(text: str) -> str:
    """What tells whether a text was indexed already, by this analyser."""
    return hashlib.sha256("\0".join((analysis.NAME, analysis.VERSION, text)).encode()).hexdigest()
