"""Models of the service layer."""

from services.models.article import Article
from services.models.catalogue import CatalogueEntry, Rating
from services.models.listing import Listing

__all__ = ["Article", "CatalogueEntry", "Listing", "Rating"]
