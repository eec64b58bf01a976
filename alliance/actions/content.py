"""The content version of an alliance: a number that rises whenever something readers may have kept has changed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from alliance.kernel.page_cache import forget_version
from alliance.models import Alliance as AllianceModel

if TYPE_CHECKING:
    from alliance.models import Alliance


def bump_content_version(alliance: Alliance) -> None:
    """Make kept pages and entity tags of an alliance stale, as part of the transaction that changes what they show.

    Kept pages notice at once after the commit (``alliance.kernel.page_cache``); whatever happens to the notice, within a second.
    """
    AllianceModel.objects.filter(pk=alliance.pk).update(content_version=F("content_version") + 1)
    transaction.on_commit(partial(forget_version, alliance), robust=True)
