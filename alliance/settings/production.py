"""Behind a reverse proxy with TLS; every secret by environment or file."""

from alliance.settings.base import *  # noqa: F403
from alliance.settings.base import SECRET_KEY
from alliance.settings.environment import flag

if not SECRET_KEY:
    message = "SECRET_KEY or SECRET_KEY_FILE must be set (50 characters or more, random)."
    raise RuntimeError(message)

SESSION_COOKIE_NAME = "__Host-alliance_session"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-alliance_csrf"
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_SECURE = True
SECURE_SSL_REDIRECT = flag("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 63_072_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
