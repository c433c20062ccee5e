"""Who may make a call, and who waits: limits, shares and pacing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from connectors.answers import Answer
from connectors.errors import OverBudget
from practices.models import Connection
from sync import throttle
from sync.budget import Meter, gap, today
from sync.models import Budget
from sync.throttle import DAY_SHARE, WINDOW_SHARE, Limits, Spent
from tests.make import make_connection, make_practice

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
XERO = Limits(window=timedelta(minutes=1), window_calls=60, day_calls=5000)
IGNITION = Limits(window=timedelta(hours=1), window_calls=1000)

spent = st.builds(
    Spent,
    window_began_at=st.none()
    | st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=2)).map(lambda ago: NOW - ago),
    window_calls=st.integers(0, 2000),
    window_left=st.none() | st.integers(-5, 1000),
    day_calls=st.integers(0, 6000),
    day_left=st.none() | st.integers(-5, 5000),
    heard_at=st.none()
    | st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=2)).map(lambda ago: NOW - ago),
)


@given(spent=spent, limits=st.sampled_from([XERO, IGNITION]))
def test_a_more_urgent_purpose_never_waits_longer(spent: Spent, limits: Limits) -> None:
    def waits(purpose: str) -> timedelta:
        until = throttle.wait_until(purpose, limits, spent, NOW)
        return max(until - NOW, timedelta(0)) if until else timedelta(0)

    assert waits("poll") <= waits("backfill")
    assert waits("live") <= waits("poll")
    assert waits("person") <= waits("poll")


@given(spent=spent, limits=st.sampled_from([XERO, IGNITION]))
def test_a_wait_ends_with_the_window_or_the_next_question(spent: Spent, limits: Limits) -> None:
    for purpose in DAY_SHARE:
        until = throttle.wait_until(purpose, limits, spent, NOW)
        assert until is None or until - NOW <= max(limits.window, throttle.ASK_AGAIN)


@given(spent=spent, limits=st.sampled_from([XERO, IGNITION]), calls=st.integers(1, 10))
def test_live_changes_are_never_collected_longer_than_a_window(
    spent: Spent, limits: Limits, calls: int
) -> None:
    assert timedelta(0) <= throttle.gap(limits, spent, NOW, calls=calls) <= limits.window


def test_each_purpose_leaves_its_share_of_the_minute() -> None:
    for purpose, share in WINDOW_SHARE.items():
        used = 60 - int(60 * share)
        busy = Spent(window_began_at=NOW - timedelta(seconds=10), window_calls=used)
        free = Spent(window_began_at=NOW - timedelta(seconds=10), window_calls=used - 1)
        assert throttle.wait_until(purpose, XERO, busy, NOW) == NOW + timedelta(seconds=50), purpose
        assert throttle.wait_until(purpose, XERO, free, NOW) is None, purpose


def test_the_last_calls_of_a_day_are_a_persons() -> None:
    few = Spent(day_calls=4900, day_left=100, heard_at=NOW)
    assert throttle.wait_until("person", XERO, few, NOW) is None
    assert throttle.wait_until("live", XERO, few, NOW) == NOW + throttle.ASK_AGAIN
    assert throttle.wait_until("person", XERO, Spent(day_left=0, heard_at=NOW), NOW) is not None


def test_the_starter_tier_is_learnt_from_the_headers() -> None:
    starter = Spent(day_calls=200, day_left=800)
    assert throttle.day_limit(XERO, starter) == 1000
    assert throttle.wait_until("backfill", XERO, Spent(day_calls=760, day_left=240, heard_at=NOW), NOW)


def test_a_spent_day_is_asked_about_again() -> None:
    """Days start at another moment for each organisation, and only a call tells."""
    long_ago = Spent(day_calls=5000, day_left=0, heard_at=NOW - timedelta(minutes=31))
    assert throttle.wait_until("backfill", XERO, long_ago, NOW) is None


@pytest.fixture
def xero(db: None) -> Connection:
    return make_connection(make_practice("A", slug="a"), "xero")


def answer(**headers: str) -> Answer:
    return Answer(status=200, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=b"{}", ms=1)


def test_calls_are_counted_for_their_purpose_before_they_are_made(xero: Connection) -> None:
    meter = Meter(xero, "poll")
    meter.before()
    meter.after(answer(x_minlimit_remaining="41", x_daylimit_remaining="4200"))
    Meter(xero, "live").before()
    row = today(xero)
    assert row is not None
    assert (row.calls, row.poll, row.live, row.person) == (2, 1, 1, 0)
    assert (row.window_calls, row.window_left, row.day_left) == (2, 41, 4200)


def test_a_backlog_is_held_back_while_a_person_goes_on(xero: Connection, settings: Any) -> None:
    settings.XERO_CALLS_PER_MINUTE = 20
    backlog = Meter(xero, "backfill")
    for _ in range(15):
        backlog.before()
    with pytest.raises(OverBudget) as held:
        backlog.before()
    assert 0 < held.value.retry_after <= 60
    Meter(xero, "person").before()
    Meter(xero, "live").before()


def test_a_new_minute_is_a_new_budget(xero: Connection, settings: Any) -> None:
    settings.XERO_CALLS_PER_MINUTE = 2
    meter = Meter(xero, "live")
    meter.before()
    meter.before()
    with pytest.raises(OverBudget):
        meter.before()
    Budget.objects.update(window_began_at=NOW - timedelta(days=1))
    meter.before()
    row = today(xero)
    assert row is not None
    assert (row.window_calls, row.calls) == (1, 3)


def test_the_window_goes_on_after_midnight(xero: Connection) -> None:
    Meter(xero, "live").before()
    row = today(xero)
    assert row is not None
    Budget.objects.filter(pk=row.pk).update(day=row.day - timedelta(days=1), window_calls=30)
    Meter(xero, "live").before()
    fresh = today(xero)
    assert fresh is not None
    assert (fresh.calls, fresh.window_calls) == (1, 31)


def test_with_plenty_left_live_changes_are_not_collected(xero: Connection) -> None:
    Meter(xero, "live").before()
    assert gap(xero, NOW, calls=3) == timedelta(0)


def said(connection: Connection, left: int) -> Budget:
    """One more call, with what its answer says is left."""
    meter = Meter(connection, "live")
    meter.before()
    meter.after(answer(x_minlimit_remaining=str(left)))
    row = today(connection)
    assert row is not None
    return row


def test_our_minute_begins_with_the_providers(xero: Connection, settings: Any) -> None:
    """Out of step, the few calls left of its minute would be spread over a whole one of ours."""
    settings.XERO_CALLS_PER_MINUTE = 60
    said(xero, 12)
    long_ago = timezone.now() - timedelta(seconds=40)
    Budget.objects.update(window_began_at=long_ago, window_calls=30)
    row = said(xero, 11)
    assert (row.window_began_at, row.window_calls) == (long_ago, 31)
    row = said(xero, 58)
    assert row.window_began_at is not None
    assert row.window_began_at > long_ago + timedelta(seconds=30)
    assert (row.window_calls, row.window_left) == (2, 58), "as many as the provider has counted"


def test_answers_that_overtake_each_other_begin_no_minute(xero: Connection, settings: Any) -> None:
    settings.XERO_CALLS_PER_MINUTE = 60
    began = said(xero, 40).window_began_at
    for left in (38, 39, 36, 37, 44):
        row = said(xero, left)
    assert row.window_began_at == began


def test_a_limit_of_our_own_below_the_providers_is_kept(xero: Connection, settings: Any) -> None:
    settings.XERO_CALLS_PER_MINUTE = 20
    began = said(xero, 25).window_began_at
    row = said(xero, 59)
    assert (row.window_began_at, row.window_calls) == (began, 2)
