"""Reads of the alliances themselves; the only reads that look across tenants, by a function made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from alliance.models import Alliance

if TYPE_CHECKING:
    from django.db.models import QuerySet


def list_alliances() -> QuerySet[Alliance]:
    """Every alliance hosted here, by name; one query."""
    return Alliance.objects.select_related("parent").order_by("name_en")


def list_alliances_of_user(user: Any) -> list[Alliance]:
    """Alliances in which a person may act now; two queries.

    Row-level security hides roles in other alliances, so the ids come from a function of the database that answers this
    one question for one person.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT alliance_id FROM app.alliances_of_user(%s)", [user.pk])
        ids = [row[0] for row in cursor.fetchall()]
    return list(Alliance.objects.filter(pk__in=ids).order_by("name_en"))
