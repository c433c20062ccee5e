"""Whether the whole installation works: database, migrations, broker, workers, clock, and nothing left lying.

Each finding is a plain sentence. Nothing here names an address, an account or a password.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import structlog
from celery import current_app
from django.conf import settings
from django.db import Error, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from config import broker, owed, pulses
from sync.models import Pulse

log = structlog.get_logger(__name__)

#: Workers say so every 15 seconds, the clock is looked at every 10: four times missed is no accident.
SILENT_AFTER = timedelta(seconds=60)

#: Work that is due is begun within seconds. This late means: too few workers, or none for its queue.
LATE_AFTER = timedelta(minutes=10)

BROKER_SECONDS = 3
QUERY_SECONDS = 5

#: A finding is shown again for this long, so that many askers cost no more than one.
KEPT_SECONDS = 3.0

#: The row written whenever the clock was looked at: beat sent it, the broker passed it on, a worker took it.
BEAT = "beat"


@dataclass(frozen=True, slots=True)
class Finding:
    """``seconds`` is the age it is about, where there is one."""

    name: str
    ok: bool
    text: str
    seconds: float | None = None


_lock = threading.Lock()
_last: tuple[float, list[Finding]] = (float("-inf"), [])


def recent() -> list[Finding]:
    """:func:`look`, at most every few seconds in this process.

    Whoever asks while another one looks gets the answer before it: a database that does not answer must not make
    everybody wait who only asks how it is.
    """
    global _last
    if not _lock.acquire(blocking=not _last[1]):
        return _last[1]
    try:
        at, found = _last
        if time.monotonic() - at > KEPT_SECONDS:
            found = look()
            _last = (time.monotonic(), found)
        return found
    finally:
        _lock.release()


def look() -> list[Finding]:
    """All findings, in the order in which one explains the next. Never raises."""
    now = timezone.now()
    found = [_answer("database", _database, now)]
    steps = {"migrations": _migrations, "broker": _broker, "workers": _workers, "beat": _beat, "work": _work}
    for name, step in steps.items():
        # Asked once whether the database is there; each further try might wait for it as long again.
        asked = found[0].ok or (name == "broker" and not _broker_is_our_database())
        unknown = Finding(name, False, "Not known while the database does not answer.")
        found.append(_answer(name, step, now) if asked else unknown)
    return found


def is_ready(findings: list[Finding]) -> bool:
    return all(finding.ok for finding in findings)


def _answer(name: str, step: Callable[[datetime], Finding], now: datetime) -> Finding:
    try:
        return step(now)
    except Error as error:
        log.warning("readiness_unknown", check=name, error=str(error))
        with suppress(Error):
            connection.close()
        return Finding(name, False, "The database does not answer.")
    except Exception:
        log.exception("readiness_failed", check=name)
        return Finding(name, False, "Could not be found out; the log says why.")


@contextmanager
def short_queries() -> Iterator[None]:
    """A transaction whose queries give up soon: whoever watches a slow database must not slow it further."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {QUERY_SECONDS * 1000}")
        yield


def _database(now: datetime) -> Finding:
    with short_queries(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Finding("database", True, "The database answers.")


def _migrations(now: datetime) -> Finding:
    with short_queries():
        applied = MigrationRecorder(connection).applied_migrations()
    missing = [f"{app}.{name}" for app, name in _newest_migrations() if (app, name) not in applied]
    if missing:
        text = f"The database is older than the program: run 'manage.py prepare' ({', '.join(missing)})."
        return Finding("migrations", False, text)
    return Finding("migrations", True, "The database is at this version.")


@cache
def _newest_migrations() -> list[tuple[str, str]]:
    return sorted(MigrationLoader(None).graph.leaf_nodes())


def _broker_is_our_database() -> bool:
    return bool(settings.CELERY_BROKER_URL == broker.PGMQ_ON_OUR_DATABASE)


def _broker(now: datetime) -> Finding:
    if _broker_is_our_database():
        return _own_queues()
    try:
        with current_app.connection_for_write(connect_timeout=BROKER_SECONDS) as link:
            link.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS)
    except Exception as error:  # each transport has errors of its own
        log.warning("broker_unreachable", error=type(error).__name__)
        text = "The broker does not answer: nothing wakes the workers until it is back."
        return Finding("broker", False, text)
    return Finding("broker", True, "The broker answers.")


def _own_queues() -> Finding:
    with short_queries(), connection.cursor() as cursor:
        for name in (broker.LIVE, broker.SYNC):
            cursor.execute("SELECT to_regclass(%s)", [f"pgmq.q_{name}"])
            if cursor.fetchone()[0] is None:
                text = f"The message queue {name} is missing: run 'manage.py prepare'."
                return Finding("broker", False, text)
    return Finding("broker", True, "The message queues are there.")


def _workers(now: datetime) -> Finding:
    with short_queries():
        rows = list(Pulse.objects.filter(name__startswith=pulses.WORKER))
    if not rows:
        return Finding("workers", False, "No worker has reported. Is one running?")
    youngest = min(row.age(now) for row in rows).total_seconds()
    listened = {
        queue for row in rows if row.age(now) < SILENT_AFTER for queue in row.detail.get("queues", [])
    }
    unheard = [name for name in (broker.LIVE, broker.SYNC) if name not in listened]
    if not listened:
        return Finding("workers", False, f"No worker has reported for {_ago(youngest)}.", youngest)
    if unheard:
        text = f"No worker listens to the queue {' nor '.join(unheard)}."
        return Finding("workers", False, text, youngest)
    alive = sum(row.age(now) < SILENT_AFTER for row in rows)
    return Finding("workers", True, f"Workers reporting: {alive}.", youngest)


def _beat(now: datetime) -> Finding:
    with short_queries():
        row = Pulse.objects.filter(name=BEAT).first()
    if row is None:
        return Finding("beat", False, "The clock was never looked at. Is beat running?")
    age = row.age(now)
    if age > SILENT_AFTER:
        text = f"The clock was last looked at {_ago(age.total_seconds())} ago: beat is down, or no worker is free."
        return Finding("beat", False, text, age.total_seconds())
    return Finding("beat", True, "The clock is looked at.", age.total_seconds())


def _work(now: datetime) -> Finding:
    with short_queries():
        since = owed.oldest_due(now)
    if since is None:
        return Finding("work", True, "Nothing waits.", 0.0)
    age = max(now - since, timedelta())
    if age > LATE_AFTER:
        text = f"Work has been due for {_ago(age.total_seconds())}: too few workers, or they are stuck."
        return Finding("work", False, text, age.total_seconds())
    return Finding("work", True, "What is due is being done.", age.total_seconds())


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{int(seconds)} seconds"
