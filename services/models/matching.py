"""The index that demands and supplies are matched by (matching.md: BM25 over a table of postings).

Every figure of it is counted inside one alliance, per side and language: a shared count would tell what other alliances hold.
Listings addressed to named institutions are found by those, but are not counted, so that no score tells that they exist.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from services.choices import ListingSide, TextLanguage


class MatchTerm(TenantModel):
    """A word of the index, and in how many counted texts it stands."""

    side = models.CharField(max_length=8, choices=ListingSide.choices)
    language = models.CharField(max_length=2, choices=TextLanguage.choices)
    text = models.CharField(max_length=64)
    texts = models.PositiveIntegerField(default=0)
    """Document frequency."""

    objects = TenantQuerySet["MatchTerm"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(side__in=ListingSide.values), name="match_term_side_known"),
            models.CheckConstraint(condition=Q(language__in=TextLanguage.values), name="match_term_language_known"),
            models.UniqueConstraint(fields=["alliance", "side", "language", "text"], name="match_term_once"),
        ]

    def __str__(self) -> str:
        return self.text


class ListingText(TenantModel):
    """A listing's text in one language, as it is indexed: title, body and the names of its labels."""

    listing = TenantForeignKey("services.Listing", on_delete=models.CASCADE, related_name="indexed")
    side = models.CharField(max_length=8, choices=ListingSide.choices)
    language = models.CharField(max_length=2, choices=TextLanguage.choices)
    length = models.PositiveIntegerField()
    """Number of tokens."""
    is_counted = models.BooleanField(default=True)
    """Whether it is part of the statistics."""
    digest = models.CharField(max_length=64)
    """SHA-256 in hex of analyser's name and version and of the text; equal: nothing to do."""
    vector = models.BinaryField(null=True)
    """Little-endian 32-bit floats of length one, or nothing where no model is installed."""
    vector_model = models.CharField(max_length=80, blank=True, default="")
    """Name and version of the model that made the vector."""
    indexed_at = models.DateTimeField()

    objects = TenantQuerySet["ListingText"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(side__in=ListingSide.values), name="listing_text_side_known"),
            models.CheckConstraint(condition=Q(language__in=TextLanguage.values), name="listing_text_language_known"),
            models.UniqueConstraint(fields=["alliance", "listing", "language"], name="listing_text_once"),
        ]
        indexes = [models.Index(fields=["alliance", "side", "language"], name="listing_text_of_side")]

    def __str__(self) -> str:
        return f"{self.listing_id} {self.language}"


class Posting(TenantModel):
    """How much one word weighs in one text.

    ``weight = n * (k1 + 1) / (n + k1 * (1 - b + b * length / mean length))`` with k1 = 1.2 and b = 0.75 (Robertson and
    Zaragoza, The Probabilistic Relevance Framework, 2009, section 3.5); n: how often it stands there. The mean length is the
    one noted in :class:`MatchStatistics`.
    """

    term = TenantForeignKey(MatchTerm, on_delete=models.CASCADE, related_name="postings", db_index=False)
    text = TenantForeignKey(ListingText, on_delete=models.CASCADE, related_name="postings", db_index=False)
    count = models.PositiveSmallIntegerField()
    weight = models.FloatField()

    objects = TenantQuerySet["Posting"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["alliance", "term"], include=["text", "weight"], name="posting_of_term"),
            models.Index(fields=["alliance", "text"], name="posting_of_text"),
        ]

    def __str__(self) -> str:
        return f"{self.term_id} {self.text_id}"


class MatchStatistics(TenantModel):
    """Number and length of the counted texts of one side and language, and what the weights were computed with."""

    side = models.CharField(max_length=8, choices=ListingSide.choices)
    language = models.CharField(max_length=2, choices=TextLanguage.choices)
    texts = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    mean_length = models.FloatField(default=0)
    """The mean length the weights of the postings were computed with; it drifts until they are computed again."""
    refreshed_at = models.DateTimeField()

    objects = TenantQuerySet["MatchStatistics"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(side__in=ListingSide.values), name="match_statistics_side_known"),
            models.CheckConstraint(condition=Q(language__in=TextLanguage.values), name="match_statistics_language_known"),
            models.UniqueConstraint(fields=["alliance", "side", "language"], name="match_statistics_once"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.language}"
