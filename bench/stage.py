"""Where things are measured: a PostgreSQL of the benchmark's own, a fresh database for each part, and its settings.

A database that somebody named is never touched: a million rows are no gift.
"""

import base64
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg
from psycopg import sql

from launcher import paths, postgres

FOLDER = paths.VAR / "bench"
READY_SECONDS = 60


class NotReady(Exception):
    """A part that is measured did not come up; the text says which."""


def own_server(*, fresh: bool = True) -> postgres.Server:
    """A server with the settings it is delivered with, so that the figures say something about others too."""
    base = FOLDER / "postgres"
    if fresh:
        shutil.rmtree(base, ignore_errors=True)
    return postgres.ensure_running(base)


def new_database(server: postgres.Server, name: str, *, like: str = "template1") -> str:
    """The address of a new database of the app's own account, a copy of ``like``; one of that name is replaced.

    The account may leave out the checks of foreign keys while a million rows are made.
    """
    role, own, model = (sql.Identifier(text) for text in (postgres.APP_ROLE, name, like))
    with psycopg.connect(as_superuser(server.url), dbname="postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(own))
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(own, role, model))
        connection.execute(sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(role))
    return server.url.replace(f"/{postgres.APP_DATABASE}?", f"/{name}?")


def as_superuser(url: str) -> str:
    return url.replace(f"//{postgres.APP_ROLE}@", "//postgres@")


def postmaster() -> int:
    """The number of the own server's first process."""
    return int((FOLDER / "postgres/data/postmaster.pid").read_text().split()[0])


def version_of(server: postgres.Server) -> str:
    with psycopg.connect(as_superuser(server.url)) as connection:
        found = connection.execute("SHOW server_version").fetchone()
    return str(found[0]) if found else ""


def leave(server: postgres.Server, *, keep: bool) -> None:
    """Stop the server and remove its data, unless somebody wants a closer look."""
    server.stop()
    if not keep:
        shutil.rmtree(server.data.parent, ignore_errors=True)


def environment(database: str) -> dict[str, str]:
    """Settings as an installation has them, with addresses on this machine."""
    return {
        **addresses(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database,
        "CELERY_BROKER_URL": "pgmq://",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "DEBUG": "0",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "CACHE_URL": "dbcache://cache_rows",
        "EMAIL_URL": "dummymail://",
        "REQUIRE_MFA": "0",
        "LOG_LEVEL": "WARNING",
        "IGNITION_CLIENT_ID": "sandbox-ignition-app",
        "IGNITION_CLIENT_SECRET": "sandbox-ignition-secret",
        "XERO_CLIENT_ID": "sandbox-xero-app",
        "XERO_CLIENT_SECRET": "sandbox-xero-secret",
        "XERO_WEBHOOK_KEY": secrets.token_urlsafe(48),
    }


def addresses() -> dict[str, str]:
    """Where the app and the sandbox will be: ports that are free now."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        web, sandbox = (f"http://127.0.0.1:{probe.getsockname()[1]}" for probe in (first, second))
    names = ("IGNITION_API_URL", "IGNITION_AUTH_URL", "XERO_API_URL", "XERO_LOGIN_URL", "XERO_IDENTITY_URL")
    return {"BASE_URL": web, **dict.fromkeys(names, sandbox)}


def manage(values: dict[str, str], *command: str) -> str:
    """Run a management command; what it printed. Raises :class:`NotReady` when it fails."""
    result = subprocess.run(
        [sys.executable, str(paths.BASE_DIR / "manage.py"), *command],
        env={**os.environ, **values},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise NotReady(f"manage.py {' '.join(command)} failed:\n{result.stdout}{result.stderr}")
    return result.stdout


def wait_for(url: str) -> None:
    """Until something answers there, with whatever status. Raises :class:`NotReady` when nothing does."""
    deadline = time.monotonic() + READY_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        try:
            with opener.open(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise NotReady(f"Nothing answers at {url}.")


def log_file(name: str) -> Path:
    folder = FOLDER / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"
