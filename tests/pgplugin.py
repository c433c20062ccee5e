"""The environment of a test run, set before the settings are read.

Loaded with ``-p tests.pgplugin``: by the time a ``conftest.py`` runs, Django's settings stand. Without a
``DATABASE_URL`` a PostgreSQL server of this run's own is started and thrown away at the end.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from launcher import postgres

SETTINGS = {
    # Plain static file names instead of a deployment's manifest. pytest-django keeps tracebacks off.
    "DEBUG": "1",
    "SECRET_KEY": "only-for-tests-0123456789abcdefghijklmnopqrstuvwxyz",
    "FIELD_ENCRYPTION_KEYS": "EejyP5YekhTcOVBUFxxY9ZLGQjCbHYB0qWhY8ndujcc=",
    "BASE_URL": "http://127.0.0.1:8000",
    "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
    "CSRF_TRUSTED_ORIGINS": "",
    "CACHE_URL": "locmemcache://",
    "EMAIL_URL": "consolemail://",
    "DEFAULT_FROM_EMAIL": "no-reply@example.test",
    "LOG_LEVEL": "WARNING",
    "TRUSTED_PROXIES": "0",
    "REQUIRE_MFA": "0",  # the tests of this rule switch it on
    "IGNITION_API_URL": "http://127.0.0.1:8091",
    "IGNITION_AUTH_URL": "http://127.0.0.1:8091",
    "IGNITION_CLIENT_ID": "sandbox-ignition-app",
    "IGNITION_CLIENT_SECRET": "sandbox-ignition-secret",
    "XERO_API_URL": "http://127.0.0.1:8091",
    "XERO_LOGIN_URL": "http://127.0.0.1:8091",
    "XERO_IDENTITY_URL": "http://127.0.0.1:8091",
    "XERO_CLIENT_ID": "sandbox-xero-app",
    "XERO_CLIENT_SECRET": "sandbox-xero-secret",
}


#: A folder this young may belong to a run that is just starting.
YOUNG_SECONDS = 60

FOLDERS = Path("/var/tmp" if os.path.isdir("/var/tmp") else tempfile.gettempdir())
PREFIX = "pg-tests-"


def _clear_away_orphans() -> None:
    """Stop and remove the servers of runs that were killed; nobody holds their lock."""
    for lock in FOLDERS.glob(f"{PREFIX}*/users.lock"):
        with suppress(OSError, postgres.PostgresError), lock.open("a") as users:
            if time.time() - lock.stat().st_mtime < YOUNG_SECONDS:
                continue
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(users, fcntl.LOCK_UN)
            postgres.ensure_running(lock.parent, durable=False).stop()
            shutil.rmtree(lock.parent)


def _own_server() -> str:
    """Start the throw-away server; returns its URL."""
    _clear_away_orphans()
    base = Path(tempfile.mkdtemp(prefix=PREFIX, dir=FOLDERS))
    base.chmod(0o711)  # the server's account has to reach its own folder below
    server = postgres.ensure_running(base, durable=False)
    owner = os.getpid()

    def stop() -> None:
        if os.getpid() == owner:  # not in a forked child that ends on its own
            server.stop()
            shutil.rmtree(base, ignore_errors=True)

    atexit.register(stop)
    return server.url


# Started with a server of the outside (DATABASE_URL, CELERY_BROKER_URL) the tests use that one.
os.environ.update(SETTINGS)
if not os.environ.get("CELERY_BROKER_URL"):
    os.environ["CELERY_BROKER_URL"] = "memory://"
if not os.environ.get("DATABASE_URL"):
    os.environ["DATABASE_URL"] = _own_server()
