"""The history of a record on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import template
from django.urls import NoReverseMatch, reverse

from alliance.kernel.permissions import alliance_of, can
from alliance.selectors.audit import VIEW, history_of, identifier_of

if TYPE_CHECKING:
    from django.db.models import Model
    from django.template import Context

register = template.Library()


@register.inclusion_tag("alliance/_history.html", takes_context=True)
def record_history(context: Context, record: Model, limit: int = 10) -> dict[str, Any]:
    """``{% load audit %}{% record_history product %}``: who did what with it, newest first.

    Everybody who sees the page sees acts, people and states; values before and after, personal ones among them, only
    those who may read the audit log.
    """
    alliance = alliance_of(record)
    user = getattr(context.get("request"), "user", None)
    full = can(user, VIEW, alliance)
    entries = history_of(alliance, record, with_values=full, with_personal=full, limit=limit)
    all_url = ""
    if full:
        query = urlencode({"object_type": record._meta.label_lower, "object_id": identifier_of(record)})
        try:
            all_url = f"{reverse('audit_list')}?{query}"
        except NoReverseMatch:
            all_url = ""
    return {"entries": entries, "all_url": all_url}
