"""When something repeated is due next, over zones, clock changes and the lengths of months."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.reconcile.timing import DAILY, MONTHLY, WEEKLY, next_time

ZONES = [
    "UTC",
    "Australia/Sydney",
    "Australia/Lord_Howe",  # changes by half an hour
    "Pacific/Auckland",
    "Pacific/Chatham",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Europe/London",
    "Pacific/Kiritimati",
]
SYDNEY, LONDON, LORD_HOWE = (
    ZoneInfo(name) for name in ("Australia/Sydney", "Europe/London", "Australia/Lord_Howe")
)
FIRST = datetime(2020, 1, 1, tzinfo=UTC)
instants = st.integers(0, 15 * 366 * 86_400).map(lambda seconds: FIRST + timedelta(seconds=seconds))


def due(cadence: str, after: datetime, zone: ZoneInfo = SYDNEY, **extra: int) -> datetime:
    found = next_time(
        cadence,
        hour=extra.get("hour", 6),
        weekday=extra.get("weekday", 0),
        monthday=extra.get("monthday", 1),
        zone=zone,
        after=after,
    )
    assert found is not None
    return found


@given(
    cadence=st.sampled_from([DAILY, WEEKLY, MONTHLY]),
    hour=st.integers(0, 23),
    weekday=st.integers(0, 6),
    monthday=st.integers(1, 31),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    after=instants,
)
def test_it_is_later_on_a_day_that_fits_and_nothing_lies_between(
    cadence: str, hour: int, weekday: int, monthday: int, zone: ZoneInfo, after: datetime
) -> None:
    found = due(cadence, after, zone, hour=hour, weekday=weekday, monthday=monthday)
    assert found > after
    local = found.astimezone(zone)
    wanted = datetime.combine(local.date(), time(hour), tzinfo=zone)
    if (
        local.timetz() != wanted.timetz()
    ):  # that day lacks the hour: it is due once the clocks have skipped it
        before = (found - timedelta(seconds=1)).astimezone(zone)
        assert before.timetz() < wanted.timetz() < local.timetz()
    assert _fits(cadence, local.date(), weekday, monthday)
    day = after.astimezone(zone).date() + timedelta(days=1)
    while day < local.date():
        assert not _fits(cadence, day, weekday, monthday), f"{day} was left out"
        day += timedelta(days=1)
    assert due(
        cadence, found - timedelta(microseconds=1), zone, hour=hour, weekday=weekday, monthday=monthday
    ) == (found)


def _fits(cadence: str, day: date, weekday: int, monthday: int) -> bool:
    if cadence == WEEKLY:
        return day.weekday() == weekday
    if cadence == MONTHLY:
        return day.day == min(monthday, monthrange(day.year, day.month)[1])
    return True


@given(hour=st.integers(0, 23), zone=st.sampled_from(ZONES).map(ZoneInfo), after=instants)
def test_daily_is_once_on_each_day(hour: int, zone: ZoneInfo, after: datetime) -> None:
    days = []
    at = after
    for _ in range(20):
        at = due(DAILY, at, zone, hour=hour)
        days.append(at.astimezone(zone).date())
    assert [(later - earlier).days for earlier, later in pairwise(days)] == [1] * 19


def test_an_hour_that_comes_twice_is_due_the_first_time_only() -> None:
    first = due(DAILY, datetime(2026, 4, 4, 0, 0, tzinfo=UTC), hour=2)
    assert first == datetime(2026, 4, 4, 15, 0, tzinfo=UTC), "still in summer time"
    assert due(DAILY, first, hour=2) == datetime(2026, 4, 5, 16, 0, tzinfo=UTC)


def test_an_hour_that_is_skipped_is_due_when_the_clocks_have_moved() -> None:
    found = due(DAILY, datetime(2026, 3, 28, 12, 0, tzinfo=UTC), LONDON, hour=1)
    assert found == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert found.astimezone(LONDON).hour == 2
    half = due(DAILY, datetime(2026, 10, 3, 0, 0, tzinfo=UTC), LORD_HOWE, hour=2)
    assert half.astimezone(LORD_HOWE) == datetime(2026, 10, 4, 2, 30, tzinfo=LORD_HOWE)


@pytest.mark.parametrize(
    ("monthday", "day"), [(31, date(2026, 2, 28)), (29, date(2026, 2, 28)), (28, date(2026, 2, 28))]
)
def test_a_day_that_the_month_lacks_is_its_last(monthday: int, day: date) -> None:
    found = due(MONTHLY, datetime(2026, 2, 3, tzinfo=UTC), monthday=monthday)
    assert found.astimezone(SYDNEY).date() == day


def test_never_is_never() -> None:
    assert (
        next_time("never", hour=6, weekday=0, monthday=1, zone=SYDNEY, after=datetime(2026, 1, 1, tzinfo=UTC))
        is None
    )
