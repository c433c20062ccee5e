"""Read settings from the environment without stopping at the first unreadable one.

What can't be read gets its default and is noted in ``UNREADABLE``, from which ``config/checks.py`` makes an
error that names the variable. So one run of ``manage.py check`` shows everything that is wrong.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import environ

from launcher.paths import BASE_DIR, DEMO_ENV_FILE

T = TypeVar("T")

#: Variable → what it should have been.
UNREADABLE: dict[str, str] = {}

env = environ.Env()
env.read_env(BASE_DIR / ".env")
if not env.str("DATABASE_URL", ""):
    # While no database is named, the demo's own addresses and keys are what a shell in this checkout means.
    env.read_env(DEMO_ENV_FILE)

_YES = {"1", "true", "yes", "on"}
_NO = {"", "0", "false", "no", "off"}


def read(name: str, parse: Callable[[str], T], default: str, *, expects: str) -> T:
    """The variable ``name`` (or ``default``) through ``parse``, which may raise anything on bad text."""
    try:
        return parse(env.str(name, default).strip())
    except Exception:
        UNREADABLE[name] = expects
        return parse(default)


def text(name: str, default: str = "") -> str:
    return str(env.str(name, default)).strip()


def address(name: str, default: str) -> str:
    """A base URL without the slash at its end."""
    return text(name, default).rstrip("/")


def words(name: str, default: list[str]) -> list[str]:
    """A comma-separated list."""
    given = [word.strip() for word in text(name).split(",")]
    return [word for word in given if word] or default


def flag(name: str, *, default: bool) -> bool:
    return read(name, _flag, "1" if default else "0", expects="1 or 0")


def number(name: str, default: int) -> int:
    return read(name, _count, str(default), expects="a whole number, zero or more")


def postgresql(url: str) -> dict[str, Any]:
    """Django's description of the database behind ``url``; empty for an empty one."""
    if not url:
        return {}
    database: dict[str, Any] = environ.Env.db_url_config(url)
    if database["ENGINE"] != "django.db.backends.postgresql" or not database["NAME"]:
        raise ValueError(url)
    return database


def cache(url: str) -> dict[str, Any]:
    """Django's description of the cache behind ``url``."""
    found: dict[str, Any] = environ.Env.cache_url_config(url)
    if found["BACKEND"].endswith(".DatabaseCache"):
        # Beyond 300 rows it drops a third of them by default: a flood of made-up log-ins would take the counts
        # of failed ones with it.
        found["OPTIONS"] = {"MAX_ENTRIES": 100_000, **found.get("OPTIONS", {})}
    return found


def _flag(value: str) -> bool:
    if value.lower() not in _YES | _NO:
        raise ValueError(value)
    return value.lower() in _YES


def _count(value: str) -> int:
    count = int(value)
    if count < 0:
        raise ValueError(value)
    return count
