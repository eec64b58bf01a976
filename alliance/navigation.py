"""The kernel's own links."""
