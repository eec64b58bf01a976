"""Settings of the real workers in fault tests: the test database, a real queue, short waits."""

from alliance.settings.test import *  # noqa: F403
from alliance.settings.test import DATA_DIR

CELERY_TASK_ALWAYS_EAGER = False
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = str(DATA_DIR / "mail")
JOB_STALE_SECONDS = 3
