"""Base of every row that belongs to one alliance."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db import models

from alliance.kernel.fields import AllianceKey

if TYPE_CHECKING:
    from typing import Self

    from alliance.models.alliance import Alliance

M = TypeVar("M", bound=models.Model, covariant=True)


class TenantQuerySet(models.QuerySet[M]):
    """Rows of tenant tables; every read begins with :meth:`of`."""

    def of(self, alliance: Alliance) -> Self:
        """Rows of one alliance: the first wall, in front of the database's own."""
        return self.filter(alliance=alliance)


class TenantModel(models.Model):
    """A row of one alliance; its table gets a forced row-level policy when it is created."""

    alliance = AllianceKey()

    class Meta:
        abstract = True
