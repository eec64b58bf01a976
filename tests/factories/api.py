"""Machine clients and their tokens for tests."""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import Any

from django.test import Client
from django.utils import timezone

from alliance.actions.api_clients import NewSecret, register_client
from alliance.api.scopes import SCOPES
from alliance.kernel import tenancy
from alliance.models import Alliance
from tests.factories.alliance import address


def make_api_client(alliance: Alliance, scopes: Collection[str] = tuple(SCOPES), **fields: Any) -> NewSecret:
    """A registered machine client with every scope unless said otherwise."""
    values: dict[str, Any] = {"name": "Mirror", "organisation": "Statistics office", "purpose": "a mirror", **fields}
    with tenancy.acting_in(alliance):
        return register_client(
            alliance, actor=None, scopes=scopes, known_scopes=SCOPES, at=values.pop("at", timezone.now()), **values
        )


def basic(client_id: str, secret: str) -> str:
    """Value of the Authorization header for a client's identifier and secret."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def ask_token(client: Client, alliance: Alliance, made: NewSecret, *, secret: str = "", **data: str) -> Any:
    """The answer of the token endpoint."""
    return client.post(
        address(alliance, "api_token"),
        {"grant_type": "client_credentials", **data},
        headers={"Authorization": basic(made.client.client_id, secret or made.secret)},
    )


def bearer(client: Client, alliance: Alliance, scopes: Collection[str] = tuple(SCOPES), **fields: Any) -> dict[str, str]:
    """Headers of a new client with these scopes."""
    answer = ask_token(client, alliance, make_api_client(alliance, scopes, **fields))
    assert answer.status_code == 200, answer.content
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
