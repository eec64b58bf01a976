"""Tests: the real database, cache, worker and browser, with a key of no value and cheap password hashing."""

import os
from pathlib import Path

os.environ.setdefault("SECRET_KEY", "a-key-for-tests-that-protects-nothing-at-all-0123456789")
# The test plugin names a folder of its own; type checking and the like only load these settings and write nothing.
os.environ.setdefault("ALLIANCE_DATA", str(Path(__file__).resolve().parents[2] / ".data" / "settings-only"))

from alliance.settings.base import *  # noqa: E402, F403
from alliance.settings.base import CACHE_URL, CACHES, DATABASES, REDIS_URL, STORAGES  # noqa: E402
from alliance.settings.environment import redis_address  # noqa: E402

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")

MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# Tests empty their cache and their queue, so each worker of a distributed run has a database of its own for each; Valkey
# has 16.
_PLACE = 0 if _WORKER == "main" else 1 + int(_WORKER.removeprefix("gw")) % 7
CELERY_BROKER_URL = redis_address(REDIS_URL, 2 * _PLACE, celery=True)
CACHE_DATABASE = 2 * _PLACE + 1
CACHES["default"]["LOCATION"] = redis_address(CACHE_URL, CACHE_DATABASE)
CACHES["default"]["KEY_PREFIX"] = f"test-{_WORKER}-{os.getpid()}"
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
DATABASES["default"]["CONN_MAX_AGE"] = 0
WHITENOISE_AUTOREFRESH = True
