"""All settings, read from the environment. Every variable is described in ``.env.example``.

Sources, first wins: the environment, the file ``.env``, and, while no database is named, the file in which
the demo keeps its own addresses and keys. Nothing is refused here: ``config/checks.py`` says what is missing
or wrong and what to do about it.
"""

from typing import Any
from urllib.parse import urlsplit

import environ

from config import broker
from config import environment as env
from config.logging import LEVELS, logging_settings
from launcher import paths

BASE_DIR = paths.BASE_DIR

# --- the site -------------------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY")
BASE_URL = env.address("BASE_URL", "http://127.0.0.1:8000")
_SITE = urlsplit(BASE_URL)
_HOST = _SITE.hostname or ""
#: Plain HTTP is for a browser on this machine; anything else is served over HTTPS only.
ON_LOOPBACK = _HOST in {"127.0.0.1", "localhost", "::1"}
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["127.0.0.1", "localhost"] if ON_LOOPBACK else [_HOST])
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", [])
FIELD_ENCRYPTION_KEYS = env.words("FIELD_ENCRYPTION_KEYS", [])

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_filters",
    "django_htmx",
    "pgtrigger",
    "practices",
    "mappings",
    "sync",
]

MIDDLEWARE = [
    "config.health.answer_first",
    "config.traffic.follow",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.limits.refuse_unreadable",
    "config.machines.without_cookies",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "practices.context.practice",
                "sync.alerts.bell.bell",
                "sync.incidents.badge.problems",
                "sync.approvals.badge.approvals",
            ]
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

PRODUCT_NAME = env.text("PRODUCT_NAME", "Practice Sync")
#: Shown on the log-in page of the demo, as (e-mail, password, label); never anywhere but on this machine.
DEMO_LOGINS = [entry.split("|") for entry in env.words("DEMO_LOGINS", [])] if ON_LOOPBACK else []

# --- language and time ----------------------------------------------------------------------------------
LANGUAGE_CODE = "en-au"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# --- database and cache ---------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {}
_DATABASE = env.read("DATABASE_URL", env.postgresql, "", expects="postgresql://user:password@host:5432/name")
if _DATABASE:
    DATABASES["default"] = {
        **_DATABASE,
        # A machine that is gone answers nothing at all: without this a connection is waited for over two minutes.
        "OPTIONS": {"connect_timeout": 10, **_DATABASE.get("OPTIONS", {})},
        # One connection per web thread and worker process, reused; a server restart costs one check each.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
#: How long a page may wait for one query; workers and commands have no such limit. 0: none.
STATEMENT_TIMEOUT_SECONDS = env.number("STATEMENT_TIMEOUT_SECONDS", 15)
CACHES = {
    "default": env.read(
        "CACHE_URL",
        env.cache,
        "dbcache://cache_rows",
        expects="dbcache://cache_rows or redis://…",
    )
}

# --- log-in ---------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "practices.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _SITE.scheme
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key", "signup": "10/m/ip"}
MFA_ADAPTER = "config.accounts.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = _HOST
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = ON_LOOPBACK
USERSESSIONS_TRACK_ACTIVITY = True
#: Owners and admins set up a second factor before they reach their practice.
REQUIRE_MFA = env.flag("REQUIRE_MFA", default=True)

# --- security -------------------------------------------------------------------------------------------
#: Reverse proxies in front of the app. Their X-Forwarded-* headers are believed, nobody else's.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
_HTTPS_ONLY = not DEBUG and not ON_LOOPBACK
SECURE_SSL_REDIRECT = _HTTPS_ONLY
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _HTTPS_ONLY
SECURE_HSTS_PRELOAD = _HTTPS_ONLY
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = _HTTPS_ONLY
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
CSRF_COOKIE_SECURE = _HTTPS_ONLY
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"

# --- outside services -----------------------------------------------------------------------------------
IGNITION_API_URL = env.address("IGNITION_API_URL", "https://developers.ignitionapp.com/external/api/v1")
IGNITION_AUTH_URL = env.address("IGNITION_AUTH_URL", "https://developers.ignitionapp.com")
IGNITION_CLIENT_ID = env.text("IGNITION_CLIENT_ID", "")
IGNITION_CLIENT_SECRET = env.text("IGNITION_CLIENT_SECRET", "")
XERO_API_URL = env.address("XERO_API_URL", "https://api.xero.com")
XERO_LOGIN_URL = env.address("XERO_LOGIN_URL", "https://login.xero.com")
XERO_IDENTITY_URL = env.address("XERO_IDENTITY_URL", "https://identity.xero.com")
XERO_CLIENT_ID = env.text("XERO_CLIENT_ID", "")
XERO_CLIENT_SECRET = env.text("XERO_CLIENT_SECRET", "")
XERO_SCOPES = env.text(
    "XERO_SCOPES",
    "openid profile email offline_access accounting.contacts accounting.invoices accounting.payments"
    " accounting.settings.read accounting.banktransactions.read",
)
#: What Xero signs its webhooks with. Several while a key is being changed; any of them is believed.
XERO_WEBHOOK_KEY = env.words("XERO_WEBHOOK_KEY", [])
#: How far the clock of who signs a hint may be from ours.
HOOK_SKEW_SECONDS = env.number("HOOK_SKEW_SECONDS", 300)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        # "Connect" is a form whose answer sends the browser on to the provider's consent page, and
        # browsers hold the whole chain of redirects against this list.
        "form-action": ["'self'", *sorted({XERO_LOGIN_URL, IGNITION_AUTH_URL})],
    }
}

# --- mail -----------------------------------------------------------------------------------------------
_EMAIL = env.read(
    "EMAIL_URL", environ.Env.email_url_config, "consolemail://", expects="smtp+tls://user:password@host:587"
)
EMAIL_BACKEND = _EMAIL["EMAIL_BACKEND"]
EMAIL_FILE_PATH = _EMAIL["EMAIL_FILE_PATH"]
EMAIL_HOST = _EMAIL["EMAIL_HOST"] or "localhost"
EMAIL_PORT = _EMAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER = _EMAIL["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _EMAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = _EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"no-reply@{_HOST}")

# --- static files ---------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = paths.STATIC_ROOT
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- background work ------------------------------------------------------------------------------------
#: Long enough for the slowest task (one page or one batch); a message of a killed worker comes back after it.
VISIBILITY_TIMEOUT_SECONDS = 300
CELERY_BROKER_URL = broker.address(env.text("CELERY_BROKER_URL", "pgmq://"))
CELERY_BROKER_TRANSPORT_OPTIONS = broker.transport_options(
    CELERY_BROKER_URL, DATABASES.get("default", {}), visibility_timeout=VISIBILITY_TIMEOUT_SECONDS
)
CELERY_TASK_QUEUES = broker.queues()
CELERY_TASK_DEFAULT_QUEUE = broker.SYNC
# A queue that no worker listens to would swallow messages: a slip in a name fails instead.
CELERY_TASK_CREATE_MISSING_QUEUES = False
# PGMQ refuses the queue names that remote control needs.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = not broker.is_pgmq(CELERY_BROKER_URL)
CELERY_WORKER_SEND_TASK_EVENTS = False
# A message is only a nudge: when the broker is away the caller goes on, and the next beat finds the row.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_TIMEOUT = 3
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# --- logs -----------------------------------------------------------------------------------------------
LOG_LEVEL = env.read("LOG_LEVEL", lambda name: LEVELS[name.upper()], "INFO", expects=" or ".join(LEVELS))
LOGGING = logging_settings(readable=DEBUG, level=LOG_LEVEL)

# --- watching it ----------------------------------------------------------------------------------------
#: Lets whoever has it read /metrics and the reasons of /readyz from elsewhere.
METRICS_TOKEN = env.text("METRICS_TOKEN")
#: Asked for each minute while everything works; an outside monitor raises the alarm when that stops.
HEARTBEAT_URL = env.text("HEARTBEAT_URL")

# --- syncing --------------------------------------------------------------------------------------------
#: How often a connected practice is read by itself: while something new is found, and while it is quiet.
SYNC_EVERY_MINUTES = env.number("SYNC_EVERY_MINUTES", 5)
SYNC_AT_LEAST_EVERY_MINUTES = env.number("SYNC_AT_LEAST_EVERY_MINUTES", 30)
#: How long hints, and runs that did nothing, are kept.
KEEP_EVENTS_DAYS = env.number("KEEP_EVENTS_DAYS", 90)
KEEP_IDLE_RUNS_DAYS = env.number("KEEP_IDLE_RUNS_DAYS", 30)
#: Calls that each provider allows one connection. What the provider's own headers say is left counts more.
XERO_CALLS_PER_MINUTE = env.number("XERO_CALLS_PER_MINUTE", 55)
XERO_CALLS_PER_DAY = env.number("XERO_CALLS_PER_DAY", 5000)
IGNITION_CALLS_PER_HOUR = env.number("IGNITION_CALLS_PER_HOUR", 950)
#: How long a worker's hold on a connection lasts without a sign of life; longer than any call may take.
LANE_LEASE_SECONDS = env.number("LANE_LEASE_SECONDS", 300)
#: How long a call whose answer was lost may still be carried out there; it is looked up after that.
ANSWER_SECONDS = env.number("ANSWER_SECONDS", 30)
#: Whether a new run wakes a worker at once. Off, the beat finds it within seconds.
NUDGE_WORKERS = env.flag("NUDGE_WORKERS", default=True)

# --- alerts ---------------------------------------------------------------------------------------------
#: What heals by itself is told to people once it lasted this long; the rest within some minutes.
ALERT_AFTER_MINUTES = env.number("ALERT_AFTER_MINUTES", 30)
#: How long a problem has to stay away before people are told that it is over.
ALERT_RECOVERED_AFTER_MINUTES = env.number("ALERT_RECOVERED_AFTER_MINUTES", 10)
