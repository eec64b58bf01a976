"""Reactions of the kernel to events of the kernel."""

from alliance import words  # noqa: F401 - names acts and records for the audit log
from alliance.actions import (
    audit_export,  # noqa: F401 - registers its job
    log_heads,  # noqa: F401 - registers its text
    roles,  # noqa: F401 - registers what invitations give
)
from alliance.kernel.calendar import providers
from alliance.selectors.calendar_feeds import calendar_of_inbox

providers.register("alliance.inbox", calendar_of_inbox)
