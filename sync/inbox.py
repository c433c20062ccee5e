"""Hints into rows: stored before the sender gets its answer, each once, and a worker woken for them.

A hint that comes again is the same row, counted. Rows are written in one statement however many hints a request holds.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db import transaction

from connectors.hints import Hint
from practices.models import Connection, ConnectionState
from sync import live
from sync.flows import SOURCES
from sync.models import Event, EventState

AT_ONCE = 1_000
"""Rows of one statement; PostgreSQL takes 65,535 values."""

XERO_CHECKED = "webhook xero checked"
"""The name of the pulse that says when Xero last tried out the address and found it right."""


ENDED = "The connection had been ended when this came in."

COLUMNS = (
    "practice_id",
    "connection_id",
    "provider_event_id",
    "source",
    "kind",
    "external_id",
    "action",
    "occurred_at",
    "received_at",
    "headers",
    "body",
    "state",
    "message",
    "handled_at",
    "replays",
    "repeats",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of the hints of one request: rows that are new, hints known before, practices woken."""

    new: int
    known: int
    woken: int


def store(
    hints: Iterable[tuple[Connection, Hint]], *, source: str, headers: Mapping[str, str], now: datetime
) -> Stored:
    """Keep hints with the connection each is about, and wake a worker of each practice whose source reported something.

    All or nothing. The rows are sorted, so that two requests with the same hints wait for each other instead of
    blocking one another.
    """
    told: dict[tuple[int, str], tuple[Connection, Hint]] = {}
    times: Counter[tuple[int, str]] = Counter()
    for connection, hint in hints:
        key = (connection.pk, hint.event_id)
        told[key] = (connection, hint)
        times[key] += 1
    kept = json.dumps(dict(headers))
    rows = [
        _row(*told[key], source=source, headers=kept, now=now, repeats=times[key] - 1) for key in sorted(told)
    ]
    new, waking = 0, set[int]()
    # What a target reports is collected; the clock wakes for it.
    urgent = {connection.practice_id for connection, _ in told.values() if connection.provider in SOURCES}
    with transaction.atomic():
        for start in range(0, len(rows), AT_ONCE):
            for practice_id, state, is_new in _insert(rows[start : start + AT_ONCE]):
                new += is_new
                if state == EventState.WAITING and practice_id in urgent:
                    waking.add(practice_id)
        for practice_id in sorted(waking):
            live.wake(practice_id)
    return Stored(new=new, known=sum(times.values()) - new, woken=len(waking))


def _row(
    connection: Connection, hint: Hint, *, source: str, headers: str, now: datetime, repeats: int
) -> tuple[Any, ...]:
    ignored = hint.ignored or (ENDED if connection.state == ConnectionState.DISCONNECTED else "")
    return (
        connection.practice_id,
        connection.pk,
        hint.event_id,
        source,
        str(hint.kind or ""),
        hint.external_id,
        hint.action,
        hint.occurred_at,
        now,
        headers,
        hint.body,
        str(EventState.IGNORED if ignored else EventState.WAITING),
        ignored,
        now if ignored else None,
        0,
        repeats,
    )


def _insert(rows: Sequence[tuple[Any, ...]]) -> list[tuple[int, str, bool]]:
    """(practice, state, whether it is new) of each row as it is now."""
    quote = database.ops.quote_name
    table = quote(Event._meta.db_table)
    names = ", ".join(quote(name) for name in COLUMNS)
    values = ", ".join(f"({', '.join(['%s'] * len(COLUMNS))})" for _ in rows)
    statement = (
        f"INSERT INTO {table} ({names}) VALUES {values} "  # noqa: S608  names of our own columns
        "ON CONFLICT (connection_id, provider_event_id) "
        f"DO UPDATE SET repeats = {table}.repeats + 1 + EXCLUDED.repeats "
        # A row that this statement has made was never changed.
        "RETURNING practice_id, state, xmax = 0"
    )
    with database.cursor() as cursor:
        cursor.execute(statement, [value for row in rows for value in row])
        return list(cursor.fetchall())
