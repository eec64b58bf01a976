"""``manage.py create_operator``: makes a platform operator's account."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from alliance.actions.accounts import create_operator
from alliance.kernel.errors import DomainError
from alliance.settings.environment import secret


class Command(BaseCommand):
    """The password comes from the terminal, or from OPERATOR_PASSWORD or OPERATOR_PASSWORD_FILE; never from an argument."""

    help = (
        "Makes a platform operator's account. The password is asked for, or read from OPERATOR_PASSWORD or "
        "OPERATOR_PASSWORD_FILE. At the first sign-in a second factor must be set up."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="e-mail address of the operator")
        parser.add_argument("--name-en", default="", help="name in Latin letters")
        parser.add_argument("--name-zh", default="", help="name in Chinese")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            validate_email(options["email"])
        except ValidationError as error:
            message = f"{options['email']} is no e-mail address."
            raise CommandError(message) from error
        password = secret("OPERATOR_PASSWORD") or self._ask()
        try:
            user = create_operator(
                options["email"], password, names={"name_en": options["name_en"], "name_zh": options["name_zh"]}
            )
        except DomainError as refusal:
            raise CommandError(str(refusal.reason)) from refusal
        self.stdout.write(f"Made the operator {user.email}. Sign in and set up a second factor.")

    @staticmethod
    def _ask() -> str:
        if not sys.stdin.isatty():
            message = "Set OPERATOR_PASSWORD or OPERATOR_PASSWORD_FILE: there is no terminal to ask for the password."
            raise CommandError(message)
        password = getpass.getpass("Password (12 characters or more): ")
        if getpass.getpass("Again: ") != password:
            message = "The two passwords differ. Nothing was made."
            raise CommandError(message)
        return password
