"""Retires the key that signs the heads of the audit logs and makes another."""

from __future__ import annotations

import base64
from typing import Any

from django.core.management.base import BaseCommand

from alliance.kernel import signing


class Command(BaseCommand):
    help = "Make a new key for the heads of the audit logs; the old one stays known for checking the heads it signed."

    def handle(self, **_options: Any) -> None:
        old = signing.public_key()
        new = signing.rotate()
        if old is not None:
            self.stdout.write(f"retired: {base64.b64encode(old).decode()}")
        self.stdout.write(f"signs from now on: {base64.b64encode(new).decode()}")
        self.stdout.write("Tell the members the new key by another road than this platform.")
