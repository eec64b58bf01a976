"""Keeps lists as people want to find them again."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.utils.translation import gettext as _

from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import require
from alliance.models import SavedView

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from alliance.models import Alliance, User

MOST = 50
"""Views of one person on one page."""
NOT_KEPT = frozenset({"after", "before", "cursor", "format", "view", "done", "page_size"})
"""Parameters that say where in a list somebody is, not which list it is."""


def clean_query(query: str) -> str:
    """A query string without what does not belong to a view."""
    pairs = [(name, value) for name, value in parse_qsl(query.replace("\x00", "").lstrip("?")) if name not in NOT_KEPT]
    return urlencode(pairs)


@transaction.atomic
def save_view(
    alliance: Alliance, page: str, name: str, query: str, *, is_shared: bool, actor: User, at: datetime
) -> SavedView:
    """Keep the filters and the order of a list under a name; the same name again replaces what it stood for.

    Args:
        alliance: The tenant.
        page: Name of the list's route.
        name: As the person calls it.
        query: Query string of the list.
        is_shared: Whether the whole office sees it.
        actor: Whose it is; needs ``alliance.view_console``.
        at: Now.

    Raises:
        InvalidInputError: No name, a query too long, or more than fifty views.
    """
    require(actor, "alliance.view_console", alliance)
    name = " ".join(name.replace("\x00", "").split())
    if not name:
        words = _("Give the view a name.")
        raise InvalidInputError(words, code="name_missing", fields={"name": words})
    query = clean_query(query)
    if len(query) > 1500:
        raise InvalidInputError(_("These filters are too many to be kept."), code="view_too_long")
    views = SavedView.objects.of(alliance).filter(user=actor, page=page)
    if not views.filter(name=name).exists() and views.count() >= MOST:
        raise InvalidInputError(
            _("You have %(most)s views here. Delete one you no longer need.") % {"most": MOST}, code="too_many_views"
        )
    view, _created = SavedView.objects.update_or_create(
        alliance=alliance,
        user=actor,
        page=page,
        name=name,
        defaults={"query": query, "is_shared": is_shared, "created_at": at},
    )
    return view


@transaction.atomic
def drop_view(alliance: Alliance, uuid: UUID, *, actor: User) -> None:
    """Delete one's own view.

    Raises:
        NotFoundError: There is none, or it is somebody else's: the same answer.
    """
    deleted, _rows = SavedView.objects.of(alliance).filter(uuid=uuid, user=actor).delete()
    if not deleted:
        raise NotFoundError
