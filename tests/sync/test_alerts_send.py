"""Sending for real: each kind of channel, bursts, quiet hours, summaries, silence, tests."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection

from practices.models import Practice
from practices.secrets import crypter
from sync import alerts
from sync.alerts import channels
from sync.models import (
    Channel,
    ChannelKind,
    IncidentState,
    Severity,
)
from tests.make import make_member, make_practice
from tests.sync.alerting import change, deliveries, make_incident, posted, resolve
from tests.sync.receiver import Receiver

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # noon of a Tuesday in Sydney
POSTED = [ChannelKind.SLACK, ChannelKind.TEAMS, ChannelKind.WEBHOOK]


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def practice(clock: Any) -> Practice:
    return make_practice("Harbour Lane", slug="harbour")


@pytest.mark.parametrize("kind", POSTED)
def test_a_problem_and_its_end_arrive(practice: Practice, receiver: Receiver, clock: Any, kind: str) -> None:
    channel = posted(practice, receiver, kind)
    incident = make_incident(practice, amount=Decimal("12300"), currency="AUD")
    alerts.announce(practice)
    assert alerts.send_due() == 1
    assert alerts.send_due() == 0
    resolve(incident, minutes=10)
    alerts.announce(practice)
    assert alerts.send_due() == 1
    assert deliveries(channel) == [("opened", "sent"), ("recovered", "sent")]
    opened, recovered = (json.loads(got.body) for got in receiver.got)
    assert "Invoices refused by Xero" in json.dumps(opened)
    text = json.dumps(recovered)
    assert "No longer a problem" in text or "problem.recovered" in text
    channel.refresh_from_db()
    assert channel.last_sent_at == NOW


def test_a_burst_becomes_one_message(practice: Practice, receiver: Receiver) -> None:
    posted(practice, receiver)
    for number in range(25):
        make_incident(practice, title=f"Problem number {number}")
    alerts.announce(practice)
    assert alerts.send_due() == 1
    (got,) = receiver.got
    text = got.body.decode()
    assert "Harbour Lane: 25 problems" in text
    assert "And 5 more" in text


def test_quiet_hours_end_with_one_message(practice: Practice, receiver: Receiver, clock: Any) -> None:
    posted(practice, receiver, quiet_from="11:00", quiet_until="14:00")
    over = make_incident(practice, title="Over by then")
    for number in range(3):
        make_incident(practice, title=f"Problem {number}")
    urgent = make_incident(practice, title="Urgent", severity=Severity.CRITICAL)
    alerts.announce(practice)
    alerts.send_due()
    assert ["Urgent" in got.body.decode() for got in receiver.got] == [True]
    resolve(over)
    resolve(urgent)
    clock.shift(timedelta(hours=1, minutes=59))
    alerts.announce(practice)
    alerts.send_due()
    assert "No longer a problem: Urgent" in receiver.got[-1].body.decode()
    clock.shift(timedelta(minutes=1))
    assert alerts.send_due() == 1
    text = receiver.got[-1].body.decode()
    assert "Harbour Lane: 3 problems" in text
    assert "Over by then" not in text


@pytest.mark.parametrize(
    ("country", "evening", "wakes"),
    [
        # London, the night in which the clocks go forward: eight in the morning comes an hour sooner.
        ("GB", datetime(2027, 3, 27, 21, tzinfo=UTC), datetime(2027, 3, 28, 7, tzinfo=UTC)),
        # London, the night in which they go back.
        ("GB", datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 8, tzinfo=UTC)),
        # Auckland, back and forward.
        ("NZ", datetime(2027, 4, 3, 8, tzinfo=UTC), datetime(2027, 4, 3, 20, tzinfo=UTC)),
        ("NZ", datetime(2026, 9, 26, 9, tzinfo=UTC), datetime(2026, 9, 26, 19, tzinfo=UTC)),
    ],
)
def test_the_night_in_which_the_clocks_change(
    receiver: Receiver, country: str, evening: datetime, wakes: datetime
) -> None:
    with time_machine.travel(evening, tick=False) as night:
        practice = make_practice(country=country)
        posted(practice, receiver, quiet_from="18:00", quiet_until="08:00")
        make_incident(practice)
        alerts.announce(practice)
        night.move_to(wakes - timedelta(seconds=1))
        assert alerts.send_due() == 0
        night.move_to(wakes)
        assert alerts.send_due() == 1


def test_what_was_just_solved_is_not_sent_as_the_quiet_ends(
    practice: Practice, receiver: Receiver, clock: Any
) -> None:
    """It ended five minutes before: too soon to tell the end, yet its beginning is no news any more."""
    channel = posted(practice, receiver, quiet_from="11:00", quiet_until="14:00")
    incident = make_incident(practice)
    alerts.announce(practice)
    clock.shift(timedelta(hours=2))
    resolve(incident, minutes=5)
    alerts.announce(practice)
    assert alerts.send_due() == 0
    clock.shift(timedelta(minutes=5))
    alerts.announce(practice)
    assert alerts.send_due() == 0
    assert deliveries(channel) == [("opened", "dropped")]


def test_what_was_put_aside_meanwhile_waits(practice: Practice, receiver: Receiver, clock: Any) -> None:
    posted(practice, receiver, digest="hourly")
    clock.shift(timedelta(minutes=1))
    incident = make_incident(practice)
    alerts.announce(practice)
    change(incident, state=IncidentState.SNOOZED)
    clock.shift(timedelta(hours=1))
    assert alerts.send_due() == 0
    change(incident, state=IncidentState.OPEN)
    assert alerts.send_due() == 1


def test_a_daily_summary_is_one_message_with_the_facts_of_then(
    practice: Practice, receiver: Receiver, clock: Any
) -> None:
    posted(practice, receiver, digest="daily", digest_at="17:00")
    grows = make_incident(practice, title="Payments refused", count=3)
    for hour in range(4):
        clock.shift(timedelta(hours=1))
        make_incident(practice, title=f"Problem {hour}")
        alerts.announce(practice)
        assert alerts.send_due() == 0
    change(grows, count=40)
    clock.shift(timedelta(hours=1))
    assert alerts.send_due() == 1
    (got,) = receiver.got
    assert "Harbour Lane: 5 problems" in got.body.decode()
    assert "40 records" in got.body.decode()


def test_muted_and_switched_off_channels_forget(practice: Practice, receiver: Receiver, clock: Any) -> None:
    owner = make_member(practice)
    off, muted = posted(practice, receiver), posted(practice, receiver)
    make_incident(practice)
    alerts.announce(practice)
    channels.switch(off, actor=owner, on=False)
    channels.mute(muted, actor=owner, until=NOW + timedelta(hours=1))
    channels.switch(off, actor=owner, on=True)
    clock.shift(timedelta(hours=2))
    assert alerts.send_due() == 0
    assert deliveries(off) == deliveries(muted) == [("opened", "dropped")]
    make_incident(practice, cause="later")
    alerts.announce(practice)
    assert alerts.send_due() == 2


def test_switched_off_behind_our_back(practice: Practice, receiver: Receiver) -> None:
    channel = posted(practice, receiver)
    make_incident(practice)
    alerts.announce(practice)
    Channel.objects.filter(pk=channel.pk).update(is_on=False)
    assert alerts.send_due() == 0
    assert deliveries(channel) == [("opened", "dropped")]


def test_addresses_are_encrypted(practice: Practice, receiver: Receiver) -> None:
    channel = posted(practice, receiver)
    with connection.cursor() as cursor:
        cursor.execute("SELECT address FROM sync_channel WHERE id = %s", [channel.pk])
        (stored,) = cursor.fetchone()
    assert "very-secret-part" not in stored
    assert b"very-secret-part" in crypter().decrypt(stored.encode())


def test_a_test_message(practice: Practice, receiver: Receiver) -> None:
    owner = make_member(practice)
    channel = posted(practice, receiver, is_on=False, severity=Severity.CRITICAL)
    outcome = channels.send_test(channel, actor=owner)
    assert (outcome.ok, outcome.status, outcome.text) == (True, 200, "ok")
    assert "This is a test" in receiver.got[0].body.decode()
    receiver.answers = [(403, b"invalid_token", {})]
    outcome = channels.send_test(channel, actor=owner)
    assert (outcome.ok, outcome.status, outcome.text) == (False, 403, "invalid_token")
    assert deliveries(channel) == [("test", "sent"), ("test", "failed")]
    for _ in range(channels.MOST_TESTS - 2):
        channels.send_test(channel, actor=owner)
    with pytest.raises(channels.Refused, match="many tests"):
        channels.send_test(channel, actor=owner)
    assert len(receiver.got) == channels.MOST_TESTS


def test_the_limit_and_the_rest(practice: Practice, receiver: Receiver) -> None:
    posted(practice, receiver, ChannelKind.WEBHOOK)
    for _ in range(5):
        make_incident(practice)
    alerts.announce(practice)
    assert alerts.send_due(limit=3) == 3
    assert alerts.send_due(limit=3) == 2
    ids = [got.headers["x-event-id"] for got in receiver.got]
    assert len(set(ids)) == 5
