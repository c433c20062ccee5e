"""Sending that fails: retries, receivers that ask to wait, senders that were killed or got in each other's way."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from practices.models import Practice
from sync import alerts
from sync.alerts import channels, decide, posting, sending
from sync.models import (
    Alert,
    AlertEvent,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
)
from tests.make import make_member, make_practice
from tests.sync.alerting import deliveries, make_channel, make_incident, posted
from tests.sync.receiver import Receiver, web_receiver

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # noon of a Tuesday in Sydney


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def practice(clock: Any) -> Practice:
    return make_practice("Harbour Lane", slug="harbour")


def test_a_failing_channel_is_tried_eight_times_within_a_day(
    practice: Practice, receiver: Receiver, clock: Any
) -> None:
    channel = posted(practice, receiver)
    receiver.answers = [(404, b"no_service very-secret-part", {})] * 20
    make_incident(practice)
    alerts.announce(practice)
    tried_at = []
    while (row := Delivery.objects.get()).state == DeliveryState.WAITING:
        clock.move_to(row.not_before or NOW)
        tried_at.append(datetime.now(UTC) - NOW)
        assert alerts.send_due() == 1
    clock.shift(timedelta(days=2))
    assert alerts.send_due() == 0
    assert len(receiver.got) == len(tried_at) == decide.MOST_TRIES
    assert timedelta(hours=23) < tried_at[-1] < timedelta(hours=27)
    assert deliveries(channel) == [("opened", "failed")]
    channel.refresh_from_db()
    assert channel.failing_since == NOW
    assert channel.last_error == "404: no_service [hidden]"
    assert "very-secret-part" not in str(Delivery.objects.values())


def test_a_channel_that_works_again_gets_what_it_missed(
    practice: Practice, receiver: Receiver, clock: Any
) -> None:
    channel = posted(practice, receiver)
    receiver.answers = [(503, b"", {})] * 3
    make_incident(practice)
    alerts.announce(practice)
    for _ in range(3):
        alerts.send_due()
        clock.shift(timedelta(minutes=7))
    make_incident(practice, title="Another", cause="another")
    alerts.announce(practice)
    alerts.send_due()
    alerts.send_due()
    assert deliveries(channel) == [("opened", "sent"), ("opened", "sent")]
    channel.refresh_from_db()
    assert (channel.last_error, channel.failing_since) == ("", None)


def test_a_receiver_may_ask_to_wait(practice: Practice, receiver: Receiver, clock: Any) -> None:
    posted(practice, receiver)
    receiver.answers = [(429, b"", {"Retry-After": "1800"})]
    make_incident(practice)
    alerts.announce(practice)
    alerts.send_due()
    assert Delivery.objects.get().not_before == NOW + timedelta(minutes=30)
    clock.shift(timedelta(minutes=29))
    assert alerts.send_due() == 0
    clock.shift(timedelta(minutes=1))
    assert alerts.send_due() == 1


def test_gone_means_gone(practice: Practice, receiver: Receiver) -> None:
    channel = posted(practice, receiver)
    receiver.answers = [(410, b"", {})]
    make_incident(practice)
    alerts.announce(practice)
    alerts.send_due()
    assert deliveries(channel) == [("opened", "failed")]


def test_one_bad_channel_does_not_stop_the_others(practice: Practice, receiver: Receiver) -> None:
    broken = make_channel(practice, address={"nonsense": True})
    unreadable, good = posted(practice, receiver), posted(practice, receiver)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sync_channel SET address = 'gibberish' WHERE id = %s", [unreadable.pk])
    make_incident(practice)
    alerts.announce(practice)
    assert alerts.send_due() == 3
    assert deliveries(good) == [("opened", "sent")]
    assert deliveries(broken) == deliveries(unreadable) == [("opened", "waiting")]
    unreadable = Channel.objects.defer("address").get(pk=unreadable.pk)
    assert "can't be read" in unreadable.last_error


def test_a_killed_senders_claim_is_returned(practice: Practice, receiver: Receiver, clock: Any) -> None:
    channel = posted(practice, receiver)
    make_incident(practice)
    alerts.announce(practice)
    claim = sending._claim()  # and the process dies
    assert claim is not None
    clock.shift(timedelta(minutes=4, seconds=59))
    assert alerts.send_due() == 0
    clock.shift(timedelta(seconds=2))
    assert alerts.send_due() == 1
    assert deliveries(channel) == [("opened", "sent")]
    row = Delivery.objects.get()
    assert (row.tries, row.unclear) == (2, True)


def test_a_slow_sender_that_lost_its_claim_changes_nothing(
    practice: Practice, receiver: Receiver, clock: Any
) -> None:
    channel = posted(practice, receiver)
    make_incident(practice)
    alerts.announce(practice)
    slow = sending._claim()
    assert slow is not None
    clock.shift(timedelta(minutes=6))
    alerts.send_due()
    sending.settle(slow, posting.Outcome(ok=False, text="too late", status=500))
    assert deliveries(channel) == [("opened", "sent")]


def test_a_killed_test_is_not_repeated(practice: Practice, receiver: Receiver, clock: Any) -> None:
    channel = posted(practice, receiver)
    alert = Alert.objects.create(practice=practice, event=AlertEvent.TEST, title="x")
    sending.claim_test(channel, alert)
    clock.shift(timedelta(minutes=6))
    assert alerts.send_due() == 0
    assert deliveries(channel) == [("test", "failed")]


def test_retries_respect_the_quiet(practice: Practice, receiver: Receiver, clock: Any) -> None:
    posted(practice, receiver, quiet_from="12:30", quiet_until="15:00")
    receiver.answers = [(500, b"", {})] * 4
    make_incident(practice)
    alerts.announce(practice)
    for _ in range(60):
        alerts.send_due()
        clock.shift(timedelta(minutes=1))
    assert len(receiver.got) == 4  # the next would be in an hour
    assert Delivery.objects.get().not_before == NOW + timedelta(hours=3)


def test_logs_name_no_address(practice: Practice, receiver: Receiver, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    posted(practice, receiver)
    receiver.answers = [(500, b"", {})]
    make_incident(practice)
    alerts.announce(practice)
    alerts.send_due()
    assert "alert_not_taken" in caplog.text
    assert "very-secret-part" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_two_senders_send_each_message_once(settings: Any) -> None:
    settings.NUDGE_WORKERS = False
    practice = make_practice()
    with web_receiver() as receiver:
        receiver.delay = 0.05
        for kind in (ChannelKind.WEBHOOK, ChannelKind.SLACK, ChannelKind.WEBHOOK):
            posted(practice, receiver, kind)
        for _ in range(8):
            make_incident(practice)
        alerts.announce(practice)
        threads = [threading.Thread(target=_send_and_close) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        hooks = [got.headers["x-event-id"] for got in receiver.got if "x-event-id" in got.headers]
        assert len(hooks) == 16
        assert sorted(hooks) == sorted([*set(hooks), *set(hooks)])
        assert len(receiver.got) == 17  # one message to Slack about all eight
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert Delivery.objects.count() == 24


@pytest.mark.django_db(transaction=True)
def test_a_channel_deleted_while_its_message_is_under_way(settings: Any) -> None:
    settings.NUDGE_WORKERS = False
    practice = make_practice()
    owner = make_member(practice)
    with web_receiver() as receiver:
        receiver.go_on = threading.Event()
        channel = posted(practice, receiver)
        make_incident(practice)
        alerts.announce(practice)
        sender = threading.Thread(target=_send_and_close)
        sender.start()
        assert receiver.came_in.wait(10)
        channels.delete(channel, actor=owner)
        receiver.go_on.set()
        sender.join(20)
    assert not Delivery.objects.exists()
    assert Alert.objects.count() == 1


def _send_and_close() -> None:
    try:
        alerts.send_due()
    finally:
        connection.close()
