"""One migrated database for the whole run, of which each worker's test database is a copy.

Migrating takes about fifteen seconds of a processor, a copy half a second. Only on the run's own server: there the
original goes with the server and can't be older than the migrations; on another's server nothing must be left.
"""

import os

import psycopg
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from sync.uncollected import without_collecting
from tests.pgplugin import PREFIX

MIGRATED = "migrated"
UNFINISHED = "migrating"
LOCK = 7_315_001
"""Any number: the workers of one run wait for each other with it."""


def offer_migrated() -> None:
    """Let Django copy the migrated database instead of an empty one; it then finds nothing left to migrate."""
    address = os.environ["DATABASE_URL"]
    if PREFIX not in address:
        return
    with psycopg.connect(address, autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [MIGRATED]).fetchone():
            _make(server)
    connection.settings_dict["TEST"]["TEMPLATE"] = MIGRATED


def _make(server: psycopg.Connection) -> None:
    """It gets its name last: what a killed worker left behind is never copied."""
    unfinished, finished = sql.Identifier(UNFINISHED), sql.Identifier(MIGRATED)
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(unfinished))
    server.execute(sql.SQL("CREATE DATABASE {}").format(unfinished))
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = UNFINISHED
    try:
        with without_collecting():
            call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(unfinished, finished))
