"""How many calls each provider lets us make, who used them, and what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from practices.models import Connection, Practice
from sync import budget, throttle
from sync.models import Budget, Purpose
from sync.slice import usable

DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One purpose's calls; ``percent`` of the largest day shown, for the bar."""

    purpose: Purpose
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    day: date
    calls: int
    shares: Sequence[Share]
    refused: int
    megabytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One connection: the running window and the day. ``day_*`` are ``None`` where the provider counts no days."""

    connection: Connection
    window: str
    window_limit: int
    window_left: int
    day_limit: int | None
    day_left: int | None
    today: Day
    days: Sequence[Day]
    waits: Sequence[tuple[Purpose, datetime]]

    @property
    def is_low(self) -> bool:
        return (
            self.day_left is not None and self.day_limit is not None and self.day_left * 10 < self.day_limit
        )

    @property
    def most(self) -> int:
        """The highest day, for the scale of the bars."""
        return max([day.calls for day in self.days] + [1])


def gauges(practice: Practice, now: datetime) -> list[Gauge]:
    """One gauge a connection; two queries in all."""
    connections = usable(practice)
    since = now.astimezone(UTC).date() - timedelta(days=DAYS - 1)
    rows: dict[tuple[int, date], Budget] = {
        (row.connection_id, row.day): row for row in Budget.objects.filter(practice=practice, day__gte=since)
    }
    return [_gauge(connection, rows, since, now) for connection in connections]


def _gauge(connection: Connection, rows: dict[tuple[int, date], Budget], since: date, now: datetime) -> Gauge:
    today = now.astimezone(UTC).date()
    row = rows.get((connection.pk, today))
    limits, spent = budget.limits_of(connection.provider), budget.spent_of(row)
    first = min((day for key, day in rows if key == connection.pk), default=today)
    days = [
        _day(day, rows.get((connection.pk, day)))
        for day in (since + timedelta(days=number) for number in range(DAYS))
        if day >= first
    ]
    waits = [
        (purpose, until)
        for purpose in Purpose
        if (until := throttle.wait_until(purpose, limits, spent, now)) is not None and until > now
    ]
    return Gauge(
        connection=connection,
        window="minute" if limits.window == timedelta(minutes=1) else "hour",
        window_limit=limits.window_calls,
        window_left=throttle.window_left(limits, spent, now),
        day_limit=throttle.day_limit(limits, spent),
        day_left=throttle.day_left(limits, spent),
        today=_day(today, row),
        days=days,
        waits=waits,
    )


def _day(day: date, row: Budget | None) -> Day:
    shares = [Share(purpose=purpose, calls=getattr(row, purpose.value) if row else 0) for purpose in Purpose]
    return Day(
        day=day,
        calls=row.calls if row else 0,
        shares=shares,
        refused=row.refused if row else 0,
        megabytes=(row.bytes_read if row else 0) / 1_000_000,
    )
