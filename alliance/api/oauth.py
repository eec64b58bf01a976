"""Gives access tokens to machine clients: client credentials only, each client inside its own alliance."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.utils import timezone
from oauth2_provider.oauth2_validators import OAuth2Validator

from alliance.kernel import tenancy
from alliance.models import ApiClient


class ClientCredentialsValidator(OAuth2Validator):  # type: ignore[misc]
    """Knows one grant type. A client of another alliance, revoked or expired, is an unknown client."""

    _client: ApiClient | None = None

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:  # noqa: ARG002
        """Only client credentials."""
        return bool(grant_type == "client_credentials")

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Check identifier and secret; an unknown client takes as long to refuse as a wrong secret."""
        known = bool(super().authenticate_client(request, *args, **kwargs))  # type: ignore[no-untyped-call]
        if self._client is None:
            make_password("an unknown client")
        return known

    def _load_application(self, client_id: str, request: Any) -> ApiClient | None:
        """The client of the acting alliance, when it may be used now from this address."""
        alliance_id = tenancy.acting_alliance_id()
        if not isinstance(client_id, str) or "\x00" in client_id or alliance_id is None:
            return None
        client = ApiClient.objects.filter(alliance_id=alliance_id, client_id=client_id).first()
        if client is None or not client.is_open(timezone.now()) or not client.admits(request.headers.get("REMOTE_ADDR", "")):
            request.client = None
            return None
        self._client = request.client = client
        return client

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        """The current secret, or during a rotation the one before it."""
        if super()._check_secret(provided_secret, stored_secret):  # type: ignore[no-untyped-call]
            return True
        client = self._client
        return bool(
            client
            and client.previous_secret
            and client.previous_secret_until
            and client.previous_secret_until > timezone.now()
            and check_password(provided_secret, client.previous_secret)
        )
