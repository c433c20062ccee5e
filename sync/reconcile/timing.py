"""When something that is done every day, week or month is due next, on the practice's clock. Pure."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAILY, WEEKLY, MONTHLY = "daily", "weekly", "monthly"
LONGEST = 2 * 366
"""Days looked ahead. Even the last day of a month comes sooner."""


def next_time(
    cadence: str, *, hour: int, weekday: int, monthday: int, zone: ZoneInfo, after: datetime
) -> datetime | None:
    """The first instant after ``after`` that is due; ``None`` for a cadence that never is.

    An hour that the clocks skip is due when they have skipped it, one that comes twice the first time only. A day that
    a month lacks is its last.
    """
    if cadence not in {DAILY, WEEKLY, MONTHLY}:
        return None
    start = after.astimezone(zone).date() - timedelta(days=1)
    for number in range(LONGEST):
        day = start + timedelta(days=number)
        if not _fits(cadence, day, weekday=weekday, monthday=monthday):
            continue
        due = datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)
        if due > after:
            return due
    return None


def _fits(cadence: str, day: date, *, weekday: int, monthday: int) -> bool:
    if cadence == WEEKLY:
        return day.weekday() == weekday
    if cadence == MONTHLY:
        return day.day == min(monthday, monthrange(day.year, day.month)[1])
    return True
