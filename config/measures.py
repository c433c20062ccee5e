"""What ``/metrics`` tells about the rows. One query each, from an index; finished rows are never counted one by one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Min, QuerySet

from config import owed
from practices.models import Connection
from sync.models import (
    OPEN_CHANGE_STATES,
    OPEN_RUN_STATES,
    Delivery,
    DeliveryState,
    Event,
    EventState,
    Incident,
    IncidentState,
    Pulse,
    RunState,
    Severity,
)

#: Tables that grow; their size is PostgreSQL's own estimate.
GROWING = ("sync_change", "sync_snapshot", "sync_attempt", "sync_event", "sync_run", "practices_auditentry")


@dataclass(frozen=True, slots=True)
class Measured:
    """Values by what the labels say, in their order."""

    labels: list[str]
    values: dict[tuple[str, ...], float]


def changes(now: datetime) -> Measured:
    """Open Changes only. The index begins with the connection, so each connection's part is counted by itself.

    One state after the other: the planner knows how rare each is only while it sees its name.
    """
    states = [str(state) for state in OPEN_CHANGE_STATES]
    each = """
        SELECT %s, coalesce(sum(found.number), 0) FROM practices_connection AS owner
        CROSS JOIN LATERAL (
            SELECT count(*) AS number FROM sync_change WHERE connection_id = owner.id AND state = %s
        ) AS found
    """
    found = _asked(
        " UNION ALL ".join([each] * len(states)), [name for state in states for name in (state, state)]
    )
    return Measured(["state"], found)


def runs(now: datetime) -> Measured:
    found = _counted(owed.open_runs(), "state")
    return _with_zeros(["state"], found, [(str(RunState(state)),) for state in OPEN_RUN_STATES])


def runs_due(now: datetime) -> Measured:
    return _one(owed.due_runs(now).count())


def oldest_due(now: datetime) -> Measured:
    return _age(now, owed.oldest_due(now))


def events(now: datetime) -> Measured:
    return _one(Event.objects.filter(state=EventState.WAITING).count())


def oldest_event(now: datetime) -> Measured:
    waiting = Event.objects.filter(state=EventState.WAITING)
    return _age(now, waiting.aggregate(oldest=Min("received_at"))["oldest"])


def calls(now: datetime) -> Measured:
    found = _asked(_TODAY.format(what="sum(budget.calls)"), [now.astimezone(UTC).date()])
    return Measured(["provider"], found)


def calls_left(now: datetime) -> Measured:
    """Where a provider counts days: what its own headers said is left, of all connections together."""
    found = _asked(_TODAY.format(what="sum(budget.day_left)"), [now.astimezone(UTC).date()])
    return Measured(["provider"], found)


def least_calls_left(now: datetime) -> Measured:
    found = _asked(_TODAY.format(what="min(budget.day_left)"), [now.astimezone(UTC).date()])
    return Measured(["provider"], found)


_TODAY = """
    SELECT owner.provider, {what}
    FROM practices_connection AS owner
    JOIN sync_budget AS budget ON budget.connection_id = owner.id AND budget.day = %s
    GROUP BY owner.provider
"""


def connections(now: datetime) -> Measured:
    return Measured(["provider", "state"], _counted(Connection.objects.all(), "provider", "state"))


def incidents(now: datetime) -> Measured:
    found = _counted(Incident.objects.exclude(state=IncidentState.RESOLVED), "severity")
    return _with_zeros(["severity"], found, [(str(severity),) for severity in Severity])


def deliveries(now: datetime) -> Measured:
    return _one(Delivery.objects.filter(state=DeliveryState.WAITING).count())


def pulses(now: datetime) -> Measured:
    ages: dict[tuple[str, ...], float] = {
        (row.name,): row.age(now).total_seconds() for row in Pulse.objects.all()
    }
    return Measured(["name"], ages)


def database_connections(now: datetime) -> Measured:
    found = _asked(
        "SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() GROUP BY 1",
        [],
    )
    return Measured(["state"], found)


def rows(now: datetime) -> Measured:
    found = _asked(
        "SELECT relname, greatest(reltuples, 0) FROM pg_class"
        " WHERE relname = ANY(%s) AND relnamespace = current_schema()::regnamespace",
        [list(GROWING)],
    )
    return Measured(["table"], found)


def _asked(sql: str, parameters: list[Any]) -> dict[tuple[str, ...], float]:
    """The last column by those before it; what is not known is left out."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {
            tuple(str(label) for label in row[:-1]): float(row[-1])
            for row in cursor.fetchall()
            if row[-1] is not None
        }


def _counted(rows: QuerySet[Any, Any], *names: str) -> dict[tuple[str, ...], float]:
    found = rows.order_by().values_list(*names).annotate(number=Count("pk"))
    return {tuple(row[:-1]): float(row[-1]) for row in found}


def _with_zeros(
    labels: list[str], found: dict[tuple[str, ...], float], expected: Iterable[tuple[str, ...]]
) -> Measured:
    """A series that is always there: one that comes and goes can't be alarmed on."""
    return Measured(labels, {**dict.fromkeys(expected, 0.0), **found})


def _one(value: float) -> Measured:
    return Measured([], {(): float(value)})


def _age(now: datetime, since: datetime | None) -> Measured:
    return _one(max((now - since).total_seconds(), 0.0) if since else 0.0)


#: Name → what it says, and how it is found.
ALL: dict[str, tuple[str, Callable[[datetime], Measured]]] = {
    "changes": ("Changes that are not finished, by state.", changes),
    "runs_open": ("Runs that have not ended, by state.", runs),
    "runs_due": ("Runs that could be worked on now and that no worker holds.", runs_due),
    "oldest_due_seconds": ("For how long the longest waiting work could have been done.", oldest_due),
    "events_waiting": ("Reported changes nobody has looked at.", events),
    "oldest_event_seconds": ("For how long the oldest of them has waited.", oldest_event),
    "provider_calls_today": ("Calls made since midnight UTC.", calls),
    "provider_calls_left": ("Calls left today by the provider's own words, all connections.", calls_left),
    "provider_calls_left_least": ("The same, of the connection that has the fewest.", least_calls_left),
    "connections": ("Connections, by provider and state.", connections),
    "incidents_open": ("Unresolved incidents, by severity.", incidents),
    "deliveries_waiting": ("Alerts that have not been sent.", deliveries),
    "pulse_age_seconds": ("For how long a worker, or whoever looks at the clock, was silent.", pulses),
    "database_connections": ("Connections to the database, by what they do.", database_connections),
    "table_rows": ("Rows in the tables that grow, as PostgreSQL estimates.", rows),
}
