"""Hands the signed head of the log to the members: whoever keeps one notices a log that is cut or rewritten later."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from alliance.actions.notifications import notify
from alliance.kernel.audiences import witnesses
from alliance.kernel.texts import Text, texts
from alliance.selectors.audit import latest_head
from alliance.selectors.audit_log import verifier_of

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance

KIND = "alliance.log_head"

texts.register(
    KIND,
    Text(
        title=_("Please keep this head of the audit log (%(size)s entries)"),
        body=_(
            "Keep this message. It holds the signed head of the alliance's audit log. Should anybody change, remove or reorder an"
            " entry that it covers, the log no longer fits this head, and you can prove it.\n\n%(note)s\nKey: %(key)s"
        ),
        icon="scroll-text",
        mails=True,
    ),
)


def send_head(alliance: Alliance, *, at: datetime) -> int:
    """Send the last head to every member's representative, once in a calendar week; returns how many were told now."""
    head = latest_head(alliance)
    if head is None or not (key := verifier_of(head)):
        return 0
    year, week, _day = at.isocalendar()
    people = {person.pk: person for find in witnesses.values() for person in find(alliance, at)}
    params = {"size": head.size, "root": base64.b64encode(bytes(head.root)).decode(), "note": head.note, "key": key}
    return notify(alliance, people.values(), KIND, f"log_head:{year}-W{week:02}", params=params, at=at, url_name="log_page")
