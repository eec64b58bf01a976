"""``manage.py verify_contract FILE``: is this file a sealed contract of this platform, byte by byte?"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from alliance.kernel import tenancy
from alliance.models import Alliance
from services import seals
from services.models import ContractSeal


class Command(BaseCommand):
    """Checks the seal of a file and looks its digest up in every alliance."""

    help = "Check whether a file is a contract that was sealed on this platform and was not changed."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file."""
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say which contract it is, or why it is none.

        Raises:
            CommandError: The file cannot be read, its seal does not hold, or it is not known here.
        """
        try:
            document = Path(options["file"]).read_bytes()
        except OSError as error:
            raise CommandError(f"The file cannot be read: {error}") from error
        digest = hashlib.sha256(document).hexdigest()
        finding = seals.check(document)
        if not finding.ok:
            raise CommandError(f"The seal does not hold: {finding.reason}.")
        for alliance in Alliance.objects.order_by("slug"):
            with tenancy.acting_in(alliance):
                seal = ContractSeal.objects.of(alliance).filter(sha256=digest).select_related("contract__amends").first()
                if seal is None:
                    continue
                if seal.certificate_sha256 != finding.fingerprint:
                    raise CommandError("The file is sealed with another certificate than the one on record.")
                main = seal.contract.amends
                what = (
                    f"amendment {seal.contract.code} to contract {main.code}" if main else f"contract {seal.contract.code}"
                )
                self.stdout.write(f"{alliance.slug}: {what}, sealed {seal.at.isoformat()}, sha256 {digest}, unchanged")
                if finding.stamped_by and finding.signed_at is not None:
                    stamped = f"time-stamp of {finding.signed_at.isoformat()} by {finding.stamped_by}"
                    self.stdout.write(f"{stamped}, certificate {finding.stamp_fingerprint}")
                return
        raise CommandError(f"The seal holds, but no contract with sha256 {digest} is on record here.")
