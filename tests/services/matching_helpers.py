"""A small alliance to be searched, and a model of vectors whose answers can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils import timezone

from services.actions.match_index import embed_listings, index_listings
from services.choices import ListingSide
from services.models import Listing, ListingText, MatchStatistics, MatchTerm, Posting
from services.selectors.matching import MatchQuery, SearchAnswer, search
from tests.factories.services import make_listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from alliance.models import Alliance

SUBJECTS = (("batter", "电池"), ("weav", "织"), ("water", "水"), ("dye", "染"))


class Subjects:
    """Counts four subjects in either language; one more number keeps every vector away from zero."""

    name = "subjects 1"
    size = len(SUBJECTS) + 1

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row for each text, of length one."""
        rows = np.array(
            [[*(sum(text.lower().count(word) for word in words) for words in SUBJECTS), 0.1] for text in texts],
            dtype=np.float32,
        )
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def supply(alliance: Alliance, title_en: str = "", body_en: str = "", **fields: Any) -> Listing:
    """An open supply with these texts alone."""
    return make_listing(
        alliance,
        ListingSide.SUPPLY,
        **{"title_en": title_en, "body_en": body_en, "title_zh": "", "body_zh": "", "source": "elsewhere", **fields},
    )


def index(alliance: Alliance, *listings: Listing, vectors: bool = False, **options: Any) -> int:
    """Index listings, or all."""
    ids = [one.pk for one in listings] or list(Listing.objects.of(alliance).values_list("pk", flat=True))
    changed = index_listings(alliance, ids, at=timezone.now(), **options)
    if vectors:
        embed_listings(alliance)
    return changed


def ask(alliance: Alliance, language: str, text: str, **options: Any) -> SearchAnswer:
    """What is found among open listings that are not addressed to named institutions."""
    options.setdefault("allowed", Listing.objects.of(alliance).readable(timezone.localdate(), []))
    return search(alliance, MatchQuery({language: text}), side=options.pop("side", ListingSide.SUPPLY), **options)


def figures(alliance: Alliance) -> dict[str, Any]:
    """The whole index in words and numbers, independent of primary keys."""
    return {
        "terms": {(row.side, row.language, row.text): row.texts for row in MatchTerm.objects.of(alliance) if row.texts},
        "texts": {
            (row.listing_id, row.language): (row.side, row.length, row.is_counted, row.digest)
            for row in ListingText.objects.of(alliance)
        },
        "postings": {
            (row.text.listing_id, row.term.language, row.term.text): (row.count, round(row.weight, 12))
            for row in Posting.objects.of(alliance).select_related("text", "term")
        },
        "statistics": {
            (row.side, row.language): (row.texts, row.tokens) for row in MatchStatistics.objects.of(alliance) if row.texts
        },
    }
