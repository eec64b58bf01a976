"""``manage.py up``: the whole platform on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from alliance.embedded import supervisor


class Command(BaseCommand):
    """Listed by ``manage.py help``; manage.py itself runs the supervisor before Django loads."""

    help = "Starts database, cache, web, worker and beat, creates the demonstration, and keeps all running."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the supervisor's options."""
        supervisor.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until stopped."""
        raise SystemExit(supervisor.run(argparse.Namespace(**options)))
