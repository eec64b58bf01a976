"""One machine, one command: what ``./run`` uses. Plain HTTP on loopback, embedded servers, mail into a folder."""

from alliance.settings.base import *  # noqa: F403

MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True  # browsers accept passkeys on localhost without TLS
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", ".localhost"]
SESSION_COOKIE_NAME = "alliance_session"
