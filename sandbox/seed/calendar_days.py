"""Days a practice counts in: months, working days, and instants on its own clock."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def add_months(day: date, months: int) -> date:
    """The same day of a later (or earlier) month, the last day where that month is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day


def add_working_days(day: date, count: int) -> date:
    """`count` working days later; weekends do not count, public holidays are not known."""
    current = day
    for _ in range(count):
        current = working_day(current + timedelta(days=1))
    return current


def instant(day: date, zone: ZoneInfo, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A wall-clock moment of the practice as UTC."""
    return datetime.combine(day, time(hour, minute, second), zone).astimezone(UTC)
