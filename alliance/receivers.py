"""Reactions of the kernel to events of the kernel."""

from alliance import words  # noqa: F401 - names acts and records for the audit log
from alliance.actions import roles  # noqa: F401 - registers what invitations give
