"""Registers a machine client of an alliance and prints its identifier and secret once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from alliance.actions.api_clients import register_client
from alliance.api.scopes import SCOPES
from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError
from alliance.models import Alliance


class Command(BaseCommand):
    help = "Register a machine client of one alliance; its secret is shown once and kept only as a hash."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("alliance", help="Address (slug) of the alliance, as in /a/<slug>/.")
        parser.add_argument("name", help="Name for people.")
        parser.add_argument("--organisation", required=True, help="Who runs the client.")
        parser.add_argument("--purpose", required=True, help="What it is for.")
        parser.add_argument(
            "--scope",
            action="append",
            choices=sorted(SCOPES),
            dest="scopes",
            required=True,
            help="May be given several times.",
        )
        parser.add_argument("--network", action="append", default=[], dest="networks", help="CIDR network it may call from.")

    def handle(self, *_args: Any, **options: Any) -> None:
        alliance = Alliance.objects.filter(slug=options["alliance"]).first()
        if alliance is None:
            message = f"There is no alliance with the address {options['alliance']!r}."
            raise CommandError(message)
        with tenancy.acting_in(alliance):
            try:
                made = register_client(
                    alliance,
                    actor=None,
                    name=options["name"],
                    organisation=options["organisation"],
                    purpose=options["purpose"],
                    scopes=options["scopes"],
                    known_scopes=SCOPES,
                    networks=options["networks"],
                    at=timezone.now(),
                )
            except DomainError as refusal:
                raise CommandError(str(refusal.reason)) from refusal
        self.stdout.write(f"client_id: {made.client.client_id}")
        self.stdout.write(f"client_secret: {made.secret}")
        self.stdout.write("The secret is not shown again.")
