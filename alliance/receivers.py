"""Reactions of the kernel to events of the kernel."""
