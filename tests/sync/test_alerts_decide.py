"""When people are told: grace, thresholds, quiet hours over midnight and clock changes, summaries, retries."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.alerts import decide
from sync.alerts.decide import Fate, Hours, Problem, Wish

SYDNEY, AUCKLAND, LONDON = (
    ZoneInfo(name) for name in ("Australia/Sydney", "Pacific/Auckland", "Europe/London")
)
NOON = datetime(2026, 11, 24, 12, tzinfo=SYDNEY)  # a Tuesday
HALF_AN_HOUR = timedelta(minutes=30)
NIGHT = Hours(quiet_from=time(18), quiet_until=time(8))
EVER = (datetime(2026, 1, 1), datetime(2028, 1, 1))  # noqa: DTZ001  hypothesis adds the zone
ZONES = st.sampled_from([SYDNEY, AUCKLAND, LONDON, ZoneInfo("Australia/Adelaide"), ZoneInfo("UTC")])
TIMES = st.times(timezones=st.none())


def problem(*, heals: bool = False, minutes: float = 0, snoozed: bool = False) -> Problem:
    return Problem(
        severity="warning",
        heals=heals,
        count=3,
        amount=None,
        opened_at=NOON - timedelta(minutes=minutes),
        snoozed=snoozed,
    )


def local(*parts: int, zone: ZoneInfo = SYDNEY, fold: int = 0) -> datetime:
    year, month, day, *clock = parts
    hour, minute = (*clock, 0, 0)[:2]
    return datetime(year, month, day, hour, minute, tzinfo=zone, fold=fold)


@pytest.mark.parametrize(
    ("heals", "minutes", "told"),
    [
        (False, 1.9, False),
        (False, 2, True),
        (True, 2, False),
        (True, 29.9, False),
        (True, 30, True),
    ],
)
def test_what_heals_is_told_only_when_it_lasts(heals: bool, minutes: float, told: bool) -> None:
    asked = problem(heals=heals, minutes=minutes)
    assert decide.is_worth_telling(asked, now=NOON, healing_for=HALF_AN_HOUR, last_told=None) is told


def test_a_cause_is_told_once_an_hour() -> None:
    old = problem(minutes=600)
    for minutes, told in ((0, False), (59, False), (60, True)):
        last = NOON - timedelta(minutes=minutes)
        assert decide.is_worth_telling(old, now=NOON, healing_for=HALF_AN_HOUR, last_told=last) is told


def test_what_was_put_aside_is_not_told() -> None:
    asleep = problem(minutes=600, snoozed=True)
    assert not decide.is_worth_telling(asleep, now=NOON, healing_for=HALF_AN_HOUR, last_told=None)


@pytest.mark.parametrize(
    ("severity", "count", "amount", "wanted"),
    [
        ("warning", 10, "1000", True),
        ("info", 10, "1000", False),  # not bad enough
        ("warning", 9, "1000", False),  # too few
        ("warning", 10, "999.99", False),  # too little
        ("warning", 10, None, True),  # not about money
        ("warning", 0, None, True),  # not about records
        ("critical", 1, "5", True),  # needs people now, whatever its size
    ],
)
def test_a_channel_is_told_what_it_wants(severity: str, count: int, amount: str | None, wanted: bool) -> None:
    wish = Wish(severity="warning", least_count=10, least_amount=Decimal("1000"))
    size = Decimal(amount) if amount else None
    assert decide.matches(wish, severity=severity, count=count, amount=size) is wanted


def test_growing_into_a_channel() -> None:
    wish = Wish(severity="warning", least_count=10)

    def sized(count: int) -> Problem:
        return Problem(severity="warning", heals=False, count=count, amount=None, opened_at=NOON)

    assert decide.has_grown_into(wish, told=sized(3), now_is=sized(10))
    assert not decide.has_grown_into(wish, told=sized(3), now_is=sized(9))
    assert not decide.has_grown_into(wish, told=sized(12), now_is=sized(40))


@pytest.mark.parametrize(
    ("state", "unclear", "fate"),
    [
        ("sent", False, Fate.TOLD),
        ("sending", False, Fate.WAIT),
        ("waiting", False, Fate.DROP),
        ("waiting", True, Fate.DROP_MAY_HAVE_ARRIVED),
        ("failed", False, Fate.DROP),
        ("dropped", False, Fate.DROP),
    ],
)
def test_what_becomes_of_an_opening(state: str, unclear: bool, fate: Fate) -> None:
    assert decide.fate_of_opening(state, unclear=unclear) == fate


@pytest.mark.parametrize(
    ("at", "end"),
    [
        (local(2026, 11, 24, 17, 59), None),
        (local(2026, 11, 24, 18, 0), local(2026, 11, 25, 8)),
        (local(2026, 11, 24, 23, 59), local(2026, 11, 25, 8)),
        (local(2026, 11, 25, 0, 0), local(2026, 11, 25, 8)),
        (local(2026, 11, 25, 7, 59), local(2026, 11, 25, 8)),
        (local(2026, 11, 25, 8, 0), None),
    ],
)
def test_a_night_goes_over_midnight(at: datetime, end: datetime | None) -> None:
    assert decide.sends_from(NIGHT, urgent=False, zone=SYDNEY, now=at) == end
    assert decide.sends_from(NIGHT, urgent=True, zone=SYDNEY, now=at) is None


def test_quiet_within_one_day() -> None:
    lunch = Hours(quiet_from=time(12), quiet_until=time(13, 30))
    assert decide.sends_from(lunch, urgent=False, zone=SYDNEY, now=NOON) == local(2026, 11, 24, 13, 30)
    assert decide.sends_from(lunch, urgent=False, zone=SYDNEY, now=local(2026, 11, 24, 13, 30)) is None


def test_a_weekend_joins_the_nights_around_it() -> None:
    hours = Hours(quiet_from=time(18), quiet_until=time(8), quiet_weekends=True)
    monday = local(2026, 11, 30, 8)
    for at in (
        local(2026, 11, 27, 18),
        local(2026, 11, 28, 12),
        local(2026, 11, 29, 23),
        local(2026, 11, 30, 1),
    ):
        assert decide.sends_from(hours, urgent=False, zone=SYDNEY, now=at) == monday
    alone = Hours(quiet_weekends=True)
    saturday = local(2026, 11, 28, 12)
    assert decide.sends_from(alone, urgent=False, zone=SYDNEY, now=saturday) == local(2026, 11, 30)


def test_clocks_go_forward_in_london() -> None:
    """28 March 2027: 1:00 becomes 2:00. Quiet until 1:30, a time that does not come, ends right after the gap."""
    hours = Hours(quiet_from=time(22), quiet_until=time(1, 30))
    before = local(2027, 3, 27, 23, zone=LONDON)
    end = decide.sends_from(hours, urgent=False, zone=LONDON, now=before)
    assert end == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)  # 2:30 of the new time
    at_eight = decide.sends_from(NIGHT, urgent=False, zone=LONDON, now=before)
    assert at_eight == datetime(2027, 3, 28, 7, tzinfo=UTC)  # 8:00 by the wall, nine hours of night


def test_clocks_go_back_in_auckland() -> None:
    """4 April 2027: 3:00 becomes 2:00, so that 2:30 comes twice. Each time the quiet ends at the next 2:30."""
    hours = Hours(quiet_from=time(22), quiet_until=time(2, 30))
    first, second = (local(2027, 4, 4, 2, 30, zone=AUCKLAND, fold=fold) for fold in (0, 1))
    assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)
    ask = {"urgent": False, "zone": AUCKLAND}
    evening = local(2027, 4, 3, 23, zone=AUCKLAND)
    assert decide.sends_from(hours, now=evening, **ask).astimezone(UTC) == first.astimezone(UTC)  # type: ignore[arg-type, union-attr]
    again = local(2027, 4, 4, 2, 10, zone=AUCKLAND, fold=1)
    assert decide.sends_from(hours, now=again, **ask).astimezone(UTC) == second.astimezone(UTC)  # type: ignore[arg-type, union-attr]
    at_eight = decide.sends_from(NIGHT, now=evening, **ask)  # type: ignore[arg-type]
    assert at_eight == local(2027, 4, 4, 8, zone=AUCKLAND)


def test_an_hourly_summary_goes_out_on_the_hour() -> None:
    hourly = Hours(digest="hourly")
    half = ZoneInfo("Australia/Adelaide")  # half an hour off
    assert decide.sends_from(
        hourly, urgent=False, zone=half, now=local(2026, 11, 24, 12, 1, zone=half)
    ) == local(2026, 11, 24, 13, zone=half)
    assert decide.sends_from(hourly, urgent=False, zone=half, now=local(2026, 11, 24, 12, zone=half)) is None
    assert decide.sends_from(hourly, urgent=True, zone=half, now=NOON) is None


def test_a_daily_summary_goes_out_at_its_time() -> None:
    daily = Hours(digest="daily", digest_at=time(9))
    for at, planned in (
        (local(2026, 11, 24, 8, 59), local(2026, 11, 24, 9)),
        (local(2026, 11, 24, 9, 1), local(2026, 11, 25, 9)),
        (local(2026, 10, 3, 9, 1), local(2026, 10, 4, 9)),  # the clocks go forward in between
    ):
        assert decide.sends_from(daily, urgent=False, zone=SYDNEY, now=at) == planned
    unset = Hours(digest="daily")
    assert decide.sends_from(unset, urgent=False, zone=SYDNEY, now=NOON) == local(2026, 11, 25, 8)


def test_a_daily_summary_of_the_weekend_comes_on_monday() -> None:
    hours = Hours(digest="daily", digest_at=time(9), quiet_weekends=True)
    friday = local(2026, 11, 27, 10)
    assert decide.sends_from(hours, urgent=False, zone=SYDNEY, now=friday) == local(2026, 11, 30, 9)


def test_a_summary_within_the_quiet_waits_for_its_end() -> None:
    hours = Hours(digest="daily", digest_at=time(7), quiet_from=time(18), quiet_until=time(8))
    assert decide.sends_from(hours, urgent=False, zone=SYDNEY, now=NOON) == local(2026, 11, 25, 8)


@given(
    st.builds(
        Hours,
        quiet_from=st.none() | TIMES,
        quiet_until=st.none() | TIMES,
        quiet_weekends=st.booleans(),
        digest=st.sampled_from(["at_once", "hourly", "daily"]),
        digest_at=st.none() | TIMES,
    ),
    ZONES,
    st.datetimes(*EVER, timezones=st.just(UTC)),
)
@settings(max_examples=500)
def test_everything_is_sent_some_day_and_never_in_the_quiet(
    hours: Hours, zone: ZoneInfo, now: datetime
) -> None:
    planned = decide.sends_from(hours, urgent=False, zone=zone, now=now)
    if planned is None:
        assert decide.quiet_end(hours, zone, now) is None
        return
    assert now < planned <= now + timedelta(days=5)
    assert decide.quiet_end(hours, zone, planned) is None


@given(st.integers(1, 20), st.floats(0, 1), st.none() | st.integers(0, 10**7))
def test_retries_grow_and_end(tries: int, spread: float, asked: int | None) -> None:
    wait = timedelta(seconds=asked) if asked is not None else None
    again = decide.retry_at(tries, now=NOON, asked=wait, spread=spread)
    if tries >= decide.MOST_TRIES:
        assert again is None
        return
    assert again is not None
    assert again - NOON >= decide.BACKOFF[tries - 1]
    assert again - NOON <= max(decide.BACKOFF[tries - 1] * 1.1, decide.LONGEST_ASKED)


def test_eight_tries_take_about_a_day() -> None:
    assert decide.MOST_TRIES == 8
    assert timedelta(hours=22) < sum(decide.BACKOFF, timedelta()) < timedelta(hours=25)
