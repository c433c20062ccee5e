"""What must be right in the environment before the app starts.

Run by ``manage.py check``, ``migrate`` and ``runserver``, by the worker, and by the web server before its
first request (``config/gunicorn.py``). Each finding names the variable and says what to put there.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.utils import OperationalError

from config import environment

OLDEST_POSTGRESQL = 15

#: Brokers that were tried. ``memory`` keeps everything in one process: for tests only.
BROKERS = ("pgmq", "amqp", "amqps", "redis", "rediss")

SHORTEST_SECRET_KEY = 50

#: Tried by machines, so long enough not to be found.
SHORTEST_METRICS_TOKEN = 24

#: Xero's own signing keys have 88 characters.
SHORTEST_WEBHOOK_KEY = 24

#: Clocks that are kept at all differ less; a caught request is worth nothing after it.
LONGEST_HOOK_SKEW = 3600

OUTSIDE_ADDRESSES = (
    "IGNITION_API_URL",
    "IGNITION_AUTH_URL",
    "XERO_API_URL",
    "XERO_LOGIN_URL",
    "XERO_IDENTITY_URL",
)


@register()
def check_readable(**kwargs: Any) -> list[CheckMessage]:
    return [
        Error(f"{name} can't be read.", hint=f"Set it to {expected}.", id="config.E001")
        for name, expected in sorted(environment.UNREADABLE.items())
    ]


@register()
def check_keys(**kwargs: Any) -> list[CheckMessage]:
    return list(_keys())


@register()
def check_site(**kwargs: Any) -> list[CheckMessage]:
    return list(_site())


@register()
def check_services(**kwargs: Any) -> list[CheckMessage]:
    return list(_services())


@register()
def check_providers(**kwargs: Any) -> list[CheckMessage]:
    return list(_providers())


@register()
def check_webhooks(**kwargs: Any) -> list[CheckMessage]:
    return list(_webhooks())


@register()
def check_watching(**kwargs: Any) -> list[CheckMessage]:
    return list(_watching())


@register(Tags.database)
def check_database(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for alias in kwargs.get("databases") or []:
        try:
            version = connections[alias].pg_version // 10_000  # type: ignore[attr-defined]
        except OperationalError as error:
            hint = "Start the server, or correct DATABASE_URL."
            found.append(Error(f"The database does not answer: {error}", hint=hint, id="config.E009"))
            continue
        if version < OLDEST_POSTGRESQL:
            hint = f"Use PostgreSQL {OLDEST_POSTGRESQL} or later."
            found.append(Error(f"The database is PostgreSQL {version}.", hint=hint, id="config.E010"))
    return found


def _keys() -> Iterator[CheckMessage]:
    try:
        secret_key: str = settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's way to say that it is empty
        secret_key = ""
    if len(secret_key) < SHORTEST_SECRET_KEY:
        yield Error(
            "SECRET_KEY is missing or shorter than 50 characters.",
            hint='Make one: python -c "import secrets; print(secrets.token_urlsafe(50))"',
            id="config.E002",
        )
    make_one = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
    if not settings.FIELD_ENCRYPTION_KEYS:
        yield Error(
            "FIELD_ENCRYPTION_KEYS is missing: credentials can't be stored.",
            hint=f"Make a key and keep it as safe as the database: {make_one}",
            id="config.E003",
        )
    for position, key in enumerate(settings.FIELD_ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            yield Error(
                f"FIELD_ENCRYPTION_KEYS: key number {position} is not a Fernet key.",
                hint=f"Keys are separated by commas. Make one: {make_one}",
                id="config.E003",
            )


def _site() -> Iterator[CheckMessage]:
    site = urlsplit(settings.BASE_URL)
    if site.scheme not in {"http", "https"} or not site.hostname:
        yield Error(
            f"BASE_URL is not a web address: {settings.BASE_URL!r}.",
            hint="Set it to the address people type, e.g. https://sync.example.com.",
            id="config.E004",
        )
        return
    if settings.DEBUG and not settings.ON_LOOPBACK:
        yield Error(
            "DEBUG is on, and BASE_URL is not this machine: error pages would show settings to anybody.",
            hint="Set DEBUG=0.",
            id="config.E005",
        )
    if site.scheme == "http" and not settings.ON_LOOPBACK:
        yield Error(
            "BASE_URL is plain http: log-ins would travel unprotected.",
            hint="Serve the site over https and set BASE_URL to that address.",
            id="config.E005",
        )
    if site.hostname not in settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield Error(
            f"ALLOWED_HOSTS must name {site.hostname}, the host of BASE_URL, and must not hold '*'.",
            hint=f"Set ALLOWED_HOSTS={site.hostname}, or leave it out.",
            id="config.E006",
        )
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if "://" not in origin:
            yield Error(
                f"CSRF_TRUSTED_ORIGINS: {origin!r} has no scheme.",
                hint=f"Write https://{origin}, or leave the setting out: BASE_URL needs no entry.",
                id="config.E006",
            )
    if not settings.REQUIRE_MFA and not settings.ON_LOOPBACK:
        yield Warning(
            "REQUIRE_MFA is off: owners and admins may log in with a password alone.",
            hint="Set REQUIRE_MFA=1, or leave it out.",
            id="config.W001",
        )


def _services() -> Iterator[CheckMessage]:
    if not settings.DATABASES.get("default", {}).get("NAME") and "DATABASE_URL" not in environment.UNREADABLE:
        yield Error(
            "DATABASE_URL is missing.",
            hint="Set it to postgresql://user:password@host:5432/name, or run 'make demo' to get a server.",
            id="config.E007",
        )
    scheme = settings.CELERY_BROKER_URL.partition("://")[0]
    if scheme not in BROKERS and not (settings.DEBUG and scheme == "memory"):
        yield Error(
            f"CELERY_BROKER_URL: {scheme!r} is no broker this app runs on.",
            hint="Use amqp://… (RabbitMQ) or redis://…, or leave it out to use the database.",
            id="config.E008",
        )
    if settings.DEBUG or settings.ON_LOOPBACK:
        return
    if settings.CACHES["default"]["BACKEND"].rpartition(".")[2] not in {"DatabaseCache", "RedisCache"}:
        yield Error(
            "CACHE_URL is a cache of one process: log-in limits would count each process by itself.",
            hint="Use redis://host:6379/1, or leave it out to use the database.",
            id="config.E011",
        )
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield Error(
            "EMAIL_URL sends no mail: nobody could confirm an address or reset a password.",
            hint="Set it to your mail server, e.g. smtp+tls://user:password@mail.example.com:587.",
            id="config.E012",
        )


def _providers() -> Iterator[CheckMessage]:
    for name in OUTSIDE_ADDRESSES:
        parts = urlsplit(getattr(settings, name))
        local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            yield Error(
                f"{name} must be an https address, or http on this machine: {getattr(settings, name)!r}.",
                hint="Leave it out to use the provider's own address.",
                id="config.E013",
            )
    for provider in ("XERO", "IGNITION"):
        known = [bool(getattr(settings, f"{provider}_CLIENT_{part}")) for part in ("ID", "SECRET")]
        if known == [False, False]:
            yield Warning(
                f"{provider}_CLIENT_ID and {provider}_CLIENT_SECRET are missing: no practice can connect"
                f" to {provider.title()} by its log-in.",
                hint=f"Register an app with {provider.title()} and copy its id and secret.",
                id="config.W002",
            )
        elif not all(known):
            yield Error(
                f"Only one of {provider}_CLIENT_ID and {provider}_CLIENT_SECRET is set.",
                hint="Set both, or neither.",
                id="config.E014",
            )
    if "offline_access" not in settings.XERO_SCOPES.split():
        yield Error(
            "XERO_SCOPES lacks offline_access: every connection would end after half an hour.",
            hint="Add it, or leave the setting out.",
            id="config.E014",
        )


def _webhooks() -> Iterator[CheckMessage]:
    if any(len(key) < SHORTEST_WEBHOOK_KEY for key in settings.XERO_WEBHOOK_KEY):
        yield Error(
            f"XERO_WEBHOOK_KEY is shorter than {SHORTEST_WEBHOOK_KEY} characters: it is no key of Xero's.",
            hint="Copy the webhooks key from Xero's developer portal; several are separated by commas.",
            id="config.E020",
        )
    if not 1 <= settings.HOOK_SKEW_SECONDS <= LONGEST_HOOK_SKEW:
        yield Error(
            f"HOOK_SKEW_SECONDS has to be between 1 and {LONGEST_HOOK_SKEW}.",
            hint="Leave it out for five minutes.",
            id="config.E020",
        )


def _watching() -> Iterator[CheckMessage]:
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < SHORTEST_METRICS_TOKEN:
        yield Error(
            f"METRICS_TOKEN is shorter than {SHORTEST_METRICS_TOKEN} characters.",
            hint='Make one: python -c "import secrets; print(secrets.token_urlsafe(32))"',
            id="config.E030",
        )
    monitor = urlsplit(settings.HEARTBEAT_URL)
    if settings.HEARTBEAT_URL and (monitor.scheme not in {"http", "https"} or not monitor.hostname):
        yield Error(
            "HEARTBEAT_URL is not a web address.",
            hint="Set it to the address your monitor gave you, or leave it out.",
            id="config.E031",
        )
    if urlsplit(settings.BASE_URL).scheme == "https" and not settings.TRUSTED_PROXIES:
        yield Warning(
            "TRUSTED_PROXIES is 0 although BASE_URL is https: behind a proxy that ends https every page would be"
            " sent on to itself for ever.",
            hint="Set it to the number of proxies in front of the app, mostly 1.",
            id="config.W030",
        )
