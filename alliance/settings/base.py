"""Settings shared by every environment; secrets and addresses come from the environment or from files."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from alliance.kernel.queues import QUEUES
from alliance.settings.environment import database, flag, redis_address, secret, words

BASE_DIR = Path(__file__).resolve().parents[2]
DATA_DIR = Path(os.environ.get("ALLIANCE_DATA") or BASE_DIR / ".data")
KEYS_DIR = Path(os.environ.get("ALLIANCE_KEYS") or DATA_DIR / "keys")
SHIPPED_DATA_DIR = BASE_DIR / "data"

SECRET_KEY = secret("SECRET_KEY")
if not SECRET_KEY and (KEYS_DIR / "secret_key").is_file():
    SECRET_KEY = (KEYS_DIR / "secret_key").read_text(encoding="utf-8").strip()
SECRET_KEY_FALLBACKS = words("SECRET_KEY_FALLBACKS")
DEBUG = False
ALLOWED_HOSTS = words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
PLATFORM_HOSTS = set(words("PLATFORM_HOSTS", "127.0.0.1,localhost,[::1],testserver"))
"""Hosts that carry no alliance of their own: there an alliance is reached by its path prefix."""

INSTALLED_APPS = [
    "evaluation",
    "targets",
    "services",
    "operations",
    "groups",
    "members",
    "alliance",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "guardian",
    "oauth2_provider",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "alliance.middleware.RequestContextMiddleware",
    "alliance.kernel.metrics.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "alliance.middleware.SecurityHeadersMiddleware",
    "alliance.middleware.HealthMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "alliance.kernel.page_cache.PageCacheMiddleware",
    "alliance.api.machine_reads.MachineReadMiddleware",
    "alliance.middleware.AllianceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "alliance.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "alliance.middleware.SecondFactorMiddleware",
    "alliance.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "alliance.urls"
TENANT_URLCONF = "alliance.urls_tenant"
WSGI_APPLICATION = "alliance.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "alliance.context_processors.interface",
            ],
            "builtins": ["django.templatetags.i18n", "alliance.templatetags.ui", "alliance.templatetags.charts"],
        },
    },
]
FORM_RENDERER = "alliance.kernel.forms.AllianceFormRenderer"

# -- Database ---------------------------------------------------------------------------------------------------------
DATABASE_ROLE = os.environ.get("ALLIANCE_DB_ROLE", "app")
_APP_URL = secret("DATABASE_URL", "postgres://app_rw@localhost/alliance")
_OWNER_URL = secret("DATABASE_OWNER_URL", _APP_URL)
_PLATFORM_URL = secret("DATABASE_PLATFORM_URL", _OWNER_URL)
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **database(_OWNER_URL if DATABASE_ROLE == "owner" else _APP_URL),
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": int(os.environ.get("CONN_MAX_AGE", "60")),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": flag("DISABLE_SERVER_SIDE_CURSORS"),
    },
    "platform": {**database(_PLATFORM_URL), "CONN_MAX_AGE": 0, "TEST": {"MIRROR": "default"}},
}
DATABASE_ROUTERS = ["alliance.kernel.routers.PlatformRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- Cache, sessions --------------------------------------------------------------------------------------------------
REDIS_URL = secret("REDIS_URL", "redis://127.0.0.1:6379")
CACHE_URL = secret("CACHE_REDIS_URL", REDIS_URL)
CACHE_DATABASE = 1
"""Number of the Redis database of cache and limits; the broker has 0."""
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": redis_address(CACHE_URL, CACHE_DATABASE),
        "KEY_PREFIX": os.environ.get("CACHE_KEY_PREFIX", "alliance"),
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = 30 * 60
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "alliance.views.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.fallback.FallbackStorage"

# -- People -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "alliance.User"
AUTHENTICATION_BACKENDS = [
    "alliance.kernel.permissions.RoleBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "alliance.kernel.passwords.ContextWordValidator"},
    {"NAME": "alliance.kernel.passwords.LongestPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "alliance.kernel.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_EMAIL_VERIFICATION = "none"  # an account comes from an invitation, which proves the address
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_FORMS = {
    "login": "alliance.forms.accounts.SignInForm",
    "reset_password": "alliance.forms.accounts.ResetForm",
    "reset_password_from_key": "alliance.forms.accounts.ResetKeyForm",
    "change_password": "alliance.forms.accounts.PasswordForm",
    "reauthenticate": "alliance.forms.accounts.ConfirmPasswordForm",
}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_RATE_LIMITS = {
    "login": "120/15m/ip",  # successes too: an office behind one address must get through
    "login_failed": "5/15m/key,20/15m/ip",
    "reset_password": "20/h/ip,3/h/key",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
}
MFA_ADAPTER = "alliance.kernel.accounts.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "alliance.forms.accounts.CodeForm",
    "reauthenticate": "alliance.forms.accounts.ConfirmCodeForm",
    "activate_totp": "alliance.forms.accounts.ActivateAppForm",
    "deactivate_totp": "alliance.forms.accounts.DeactivateAppForm",
    "generate_recovery_codes": "alliance.forms.accounts.NewRecoveryCodesForm",
    "add_webauthn": "alliance.forms.accounts.AddPasskeyForm",
    "edit_webauthn": "alliance.forms.accounts.NamePasskeyForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1
ALLAUTH_RATE_LIMIT_IPV6_PREFIX = 56
MFA_TOTP_ISSUER = "Alliance"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
USERSESSIONS_TRACK_ACTIVITY = False
GUARDIAN_MONKEY_PATCH_USER = False
ANONYMOUS_USER_NAME = None

# -- Language, time ---------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_TZ = True
TIME_ZONE = os.environ.get("TIME_ZONE", "Asia/Shanghai")
USE_I18N = True

# -- Files ------------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT") or DATA_DIR / "static")
STORAGES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": os.environ.get("FILES_ROOT") or str(DATA_DIR / "files"), "file_permissions_mode": 0o600},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
UPLOAD_MAX_BYTES = 25 * 1024 * 1024
IMPORT_MAX_BYTES = 200 * 1024 * 1024
CLAMD_ADDRESS = os.environ.get("CLAMD_ADDRESS", "")
"""Socket path or host:port of a clamd that checks uploads; empty: no such check."""

# -- Mail -------------------------------------------------------------------------------------------------------------
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = secret("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "alliance@localhost")

# -- Tasks ------------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = redis_address(REDIS_URL, 0, celery=True)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_QUEUES = [Queue(name) for name in QUEUES]  # a worker that is not told which ones takes from all
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_TASK_TIME_LIMIT = 3600
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# -- Security ---------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
TRUSTED_PROXIES = words("TRUSTED_PROXIES")
"""Addresses or networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."""
METRICS_NETWORKS = words("METRICS_NETWORKS", "127.0.0.0/8,::1/128")
"""Networks that may read /metrics."""
RATE_LIMITS = {
    "sign_in_account": "5 per 15 minutes",
    "sign_in_network": "20 per 15 minutes",
    "public_form_network": "5 per hour",
    "public_form": "60 per hour",
    "public_upload_network": "90 per hour",
    "public_upload": "40 per hour",
    "api_client": "300 per minute",
    "search_anonymous": "30 per minute",
    "calendar_feed": "60 per hour",
    "calendar_network": "600 per hour",
    "certificate_check": "1200 per hour",
    "certificate_network": "60 per hour",
    "contract_verify": "1200 per hour",
    "contract_verify_network": "60 per hour",
    "export": "5 per hour",
}
SEAL_TIMESTAMP_URL = os.environ.get("SEAL_TIMESTAMP_URL", "")
"""Time-stamp authority (RFC 3161) asked when a contract is sealed; empty: none, which is the default."""

# -- API --------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "alliance.api.authentication.AllianceTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["alliance.api.permissions.DefaultDeny"],
    "DEFAULT_RENDERER_CLASSES": ["alliance.api.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "alliance.api.pagination.KeysetPagination",
    "DEFAULT_THROTTLE_CLASSES": ["alliance.api.throttling.ClientThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "alliance.api.problems.problem_response",
    "PAGE_SIZE": 50,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Alliance API",
    "DESCRIPTION": "Reads and writes of one industrial think tank alliance.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_URLCONF": TENANT_URLCONF,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {"BallotChoice": ["yes", "no", "abstain"]},
    "PREPROCESSING_HOOKS": [],
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "alliance.api.schema.add_problem_details"],
}
OAUTH2_PROVIDER_APPLICATION_MODEL = "alliance.ApiClient"
OAUTH2_PROVIDER = {
    "ACCESS_TOKEN_EXPIRE_SECONDS": 600,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "SCOPES_BACKEND_CLASS": "alliance.api.scopes.AllianceScopes",
    "OAUTH2_VALIDATOR_CLASS": "alliance.api.oauth.ClientCredentialsValidator",
    "ALLOWED_GRANT_TYPES": ["client_credentials"],
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
}

# -- Life of records --------------------------------------------------------------------------------------------------
IDEMPOTENCY_KEY_LIFE = timedelta(days=7)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "alliance.kernel.logs.RedactFilter"}},
    "formatters": {"json": {"()": "alliance.kernel.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["redact"]}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"level": "INFO"},
        "django.security.DisallowedHost": {"level": "ERROR"},
        "celery": {"level": "INFO"},
    },
}
