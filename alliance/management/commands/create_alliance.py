"""``manage.py create_alliance``: makes an alliance and invites its first office administrator."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from alliance.actions.alliances import create_alliance
from alliance.actions.invitations import invitation_url, invite_first_administrator
from alliance.choices import AllianceLevel
from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError
from alliance.models import Alliance, User


class Command(BaseCommand):
    """One transaction: the alliance and its invitation, or neither."""

    help = (
        "Makes an alliance and invites its first office administrator by mail; the link is printed too. "
        "An operator's account is needed (create_operator)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="address under /a/<slug>/: small letters, digits, hyphens")
        parser.add_argument("--name-en", required=True, help="name in English")
        parser.add_argument("--name-zh", required=True, help="name in Chinese")
        parser.add_argument("--level", required=True, choices=AllianceLevel.values)
        parser.add_argument(
            "--parent", default="", help="slug of the alliance above: national for regional, either for provincial"
        )
        parser.add_argument("--host", default="", help="host name of its own, without port")
        parser.add_argument("--admin", required=True, metavar="EMAIL", help="first office administrator, invited by mail")
        parser.add_argument("--language", default="en", choices=["en", "zh-hans"], help="language of the invitation")
        parser.add_argument(
            "--operator", default="", metavar="EMAIL", help="who invites; may be left out when there is one operator"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            validate_email(options["admin"])
        except ValidationError as error:
            message = f"{options['admin']} is no e-mail address."
            raise CommandError(message) from error
        operator = self._operator(options["operator"])
        parent = self._parent(options["parent"])
        try:
            with transaction.atomic():
                alliance = create_alliance(
                    options["slug"],
                    name_en=options["name_en"],
                    name_zh=options["name_zh"],
                    level=options["level"],
                    parent=parent,
                    host=options["host"],
                )
                with tenancy.acting_in(alliance):
                    invitation = invite_first_administrator(
                        alliance, options["admin"], language=options["language"], operator=operator, at=timezone.now()
                    )
                    link = invitation_url(alliance, invitation)
        except DomainError as refusal:
            raise CommandError(str(refusal.reason)) from refusal
        self.stdout.write(
            f"Made {alliance.name_en} at /a/{alliance.slug}/" + (f" and {alliance.host}" if alliance.host else "")
        )
        self.stdout.write(f"Invited {invitation.email}, valid until {invitation.expires_at:%Y-%m-%d %H:%M} UTC:\n{link}")

    @staticmethod
    def _operator(email: str) -> User:
        operators = User.objects.filter(is_platform_operator=True, is_active=True)
        if email:
            operators = operators.filter(email=email.strip().lower())
        found = list(operators[:2])
        if len(found) == 1:
            return found[0]
        if not found:
            message = "There is no such operator. Make one with create_operator first."
        else:
            message = "There are several operators. Say with --operator which one invites."
        raise CommandError(message)

    @staticmethod
    def _parent(slug: str) -> Alliance | None:
        if not slug:
            return None
        found = Alliance.objects.filter(slug=slug).first()
        if found is None:
            message = f"There is no alliance {slug}."
            raise CommandError(message)
        return found
