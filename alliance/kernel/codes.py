"""Codes that people say to each other: a prefix and the next number of it in one alliance, such as M-0017."""

from __future__ import annotations

import re

from django.db import connection, models

from alliance.kernel.turns import take_turns
from alliance.models import Alliance


def next_code(model: type[models.Model], alliance: Alliance, prefix: str, digits: int) -> str:
    """The code after the highest one of a prefix; whoever asks next waits until this transaction ends.

    A gap stays a gap: a code that was once said is not given to another record while the highest one is there.

    Args:
        model: A tenant's model with a field ``code``.
        alliance: The tenant.
        prefix: What comes before the number and its hyphen, such as ``"M"`` or ``"MT-2026"``.
        digits: Digits at least.
    """
    take_turns(alliance, f"codes:{model._meta.db_table}:{prefix}")
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT coalesce(max(substring(code FROM %s)::int), 0) FROM {quote(model._meta.db_table)} WHERE alliance_id = %s",  # noqa: S608 - a table's name
            [f"^{re.escape(prefix)}-([0-9]{{1,8}})$", alliance.pk],
        )
        (number,) = cursor.fetchone()
    return f"{prefix}-{number + 1:0{digits}d}"
