"""Reactions of the kernel to events of the kernel."""

from alliance.actions import roles  # noqa: F401 - registers what invitations give
