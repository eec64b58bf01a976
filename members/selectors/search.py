"""Finds institutions by a part of what is written about them.

Row-level security lets only leak-proof operators use an index, and LIKE is none. So the database answers the question
"which institutions of this alliance contain these words" by a function of the searching role, which looks past the policies
and names the alliance itself (migration ``members.0004_search``); it uses a trigram index. It gives up beyond a bound:
a word that so many institutions contain is found soon by walking through the list in its order.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import Q, Value
from django.db.models.fields import TextField
from django.db.models.functions import Concat, Lower
from django.db.models.lookups import Contains

BOUND = 5_000
"""Most institutions that the function gives."""
COLUMNS = ("code", "name_en", "name_zh", "short_en", "short_zh", "registry_code", "contact_email")
"""What a word is looked for in."""


def worded(words: list[str]) -> Q:
    """The condition that an institution of the present alliance contains all of some words, whatever their case; one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app.institutions_worded(%s, %s)", [words, BOUND + 1])
        ids = [row[0] for row in cursor.fetchall()]
    if len(ids) <= BOUND:
        return Q(pk__in=ids)
    parts: list[object] = []
    for name in COLUMNS:
        parts += [name, Value(" ")]
    text = Lower(Concat(*parts[:-1], output_field=TextField()))
    condition = Q()
    for word in words:
        condition &= Q(Contains(text, Value(word.lower())))
    return condition
