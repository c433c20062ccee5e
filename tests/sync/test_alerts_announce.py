"""From incidents to alerts: once, in time, to those who want it, and never about what is over."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from practices.models import Practice
from sync import alerts
from sync.models import (
    Alert,
    AlertEvent,
    Channel,
    Delivery,
    DeliveryState,
    Incident,
    IncidentState,
    Severity,
)
from tests.make import make_practice
from tests.sync.alerting import deliveries, events, make_channel, make_incident, reopen, resolve

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # noon of a Tuesday in Sydney


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def practice(clock: Any) -> Practice:
    return make_practice("Harbour Lane")


def test_one_alert_for_one_incident(practice: Practice, clock: Any) -> None:
    channel = make_channel(practice)
    incident = make_incident(practice, amount=Decimal("12300.00"), currency="AUD")
    assert alerts.announce(practice) == 1
    for _ in range(3):
        clock.shift(timedelta(hours=2))
        assert alerts.announce(practice) == 0
    (alert,) = Alert.objects.all()
    assert (alert.event, alert.title, alert.count) == ("opened", "Invoices refused by Xero", 12)
    assert alert.amount == Decimal("12300.00")
    incident.refresh_from_db()
    assert incident.alerted_at == NOW
    assert deliveries(channel) == [("opened", "waiting")]


def test_what_heals_in_time_alerts_nobody(practice: Practice, clock: Any) -> None:
    make_channel(practice)
    outage = make_incident(practice, heals=True, minutes=0)
    burst = make_incident(practice, minutes=0)
    for _ in range(29):
        clock.shift(timedelta(minutes=1))
        if burst.state == IncidentState.OPEN:
            resolve(burst)
        alerts.announce(practice)
    resolve(outage)
    clock.shift(timedelta(hours=3))
    alerts.announce(practice)
    assert not Alert.objects.exists()


def test_an_outage_that_lasts_is_told_once_and_its_end_once(practice: Practice, clock: Any) -> None:
    channel = make_channel(practice)
    outage = make_incident(practice, heals=True, minutes=0)
    told_at: list[datetime] = []
    for _ in range(60):
        clock.shift(timedelta(minutes=1))
        if alerts.announce(practice):
            told_at.append(datetime.now(UTC))
    assert told_at == [NOW + timedelta(minutes=30)]
    Delivery.objects.update(state=DeliveryState.SENT)
    resolve(outage)
    for _ in range(60):
        clock.shift(timedelta(minutes=1))
        alerts.announce(practice)
    assert events(outage) == ["opened", "recovered"]
    assert deliveries(channel) == [("opened", "sent"), ("recovered", "waiting")]
    opened, recovered = Alert.objects.order_by("pk")
    assert opened.over_at == outage.resolved_at
    assert recovered.text == "It ended by itself after 60 minutes."


def test_the_time_an_outage_may_take_is_a_setting(practice: Practice, settings: Any) -> None:
    settings.ALERT_AFTER_MINUTES = 5
    make_incident(practice, heals=True, minutes=5)
    assert alerts.announce(practice) == 1


def test_the_end_waits_until_it_is_sure(practice: Practice, clock: Any) -> None:
    incident = make_incident(practice)
    alerts.announce(practice)
    for _ in range(5):  # goes and comes every six minutes
        resolve(incident)
        clock.shift(timedelta(minutes=6))
        alerts.announce(practice)
        reopen(incident)
        clock.shift(timedelta(minutes=6))
        alerts.announce(practice)
    assert events(incident) == ["opened"]
    resolve(incident)
    clock.shift(timedelta(minutes=10))
    alerts.announce(practice)
    assert events(incident) == ["opened", "recovered"]


def test_back_after_its_end_was_told(practice: Practice, clock: Any) -> None:
    """A second round, but no second message within the hour."""
    incident = make_incident(practice)
    alerts.announce(practice)
    resolve(incident)
    clock.shift(timedelta(minutes=10))
    alerts.announce(practice)
    reopen(incident)
    clock.shift(timedelta(minutes=49))
    assert alerts.announce(practice) == 0
    clock.shift(timedelta(minutes=1))
    assert alerts.announce(practice) == 1
    assert events(incident) == ["opened", "recovered", "opened"]
    assert list(Alert.objects.order_by("pk").values_list("round", flat=True)) == [1, 1, 2]
    resolve(incident)
    clock.shift(timedelta(minutes=10))
    alerts.announce(practice)
    assert events(incident) == ["opened", "recovered", "opened", "recovered"]


def test_the_same_cause_under_another_row(practice: Practice, clock: Any) -> None:
    first = make_incident(practice, cause="refused")
    alerts.announce(practice)
    resolve(first)
    clock.shift(timedelta(minutes=5))
    second = make_incident(practice, cause="refused")
    other = make_incident(practice, cause="refused", kind="payment")
    clock.shift(timedelta(minutes=20))
    alerts.announce(practice)
    assert (events(first), events(second), events(other)) == (["opened"], [], ["opened"])
    clock.shift(timedelta(minutes=35))
    alerts.announce(practice)
    assert events(second) == ["opened"]
    resolve(second)
    clock.shift(timedelta(minutes=10))
    alerts.announce(practice)
    assert (events(first), events(second)) == (["opened", "recovered"], ["opened", "recovered"])


def test_snoozed_problems_are_told_to_nobody(practice: Practice, clock: Any) -> None:
    incident = make_incident(
        practice, state=IncidentState.SNOOZED, snoozed_until=NOW + timedelta(days=1), minutes=500
    )
    alerts.announce(practice)
    assert not events(incident)
    clock.shift(timedelta(days=1))
    alerts.announce(practice)
    assert events(incident) == ["opened"]


def test_only_channels_that_want_it(practice: Practice) -> None:
    wants = make_channel(practice, least_count=12, least_amount=Decimal("100"))
    others = [
        make_channel(practice, severity=Severity.CRITICAL),
        make_channel(practice, least_count=13),
        make_channel(practice, least_amount=Decimal("5000.01")),
        make_channel(practice, is_on=False),
        make_channel(practice, muted_until=NOW + timedelta(minutes=1)),
        make_channel(make_practice()),
    ]
    make_channel(practice, muted_until=NOW - timedelta(minutes=1), name="Muted no longer")
    make_incident(practice, amount=Decimal("5000"))
    alerts.announce(practice)
    told = set(Delivery.objects.values_list("channel__name", flat=True))
    assert told == {wants.name, "Muted no longer"}
    assert not any(deliveries(channel) for channel in others)


def test_a_problem_that_grows_reaches_those_for_whom_it_was_too_small(practice: Practice, clock: Any) -> None:
    small, large = make_channel(practice), make_channel(practice, least_count=100)
    incident = make_incident(practice)
    alerts.announce(practice)
    assert (deliveries(small), deliveries(large)) == ([("opened", "waiting")], [])
    make_channel(practice, name="Came later")
    for count in (50, 100, 150, 90, 200):
        Incident.objects.filter(pk=incident.pk).update(count=count)
        clock.shift(timedelta(minutes=1))
        alerts.announce(practice)
    assert (deliveries(small), deliveries(large)) == ([("opened", "waiting")], [("opened", "waiting")])
    assert not Delivery.objects.filter(channel__name="Came later").exists()
    assert Alert.objects.get().count == 200


def test_what_becomes_urgent_is_held_back_no_longer(practice: Practice, clock: Any) -> None:
    daily = make_channel(practice, digest="daily")
    urgent = make_channel(practice, severity=Severity.CRITICAL)
    incident = make_incident(practice)
    alerts.announce(practice)
    assert Delivery.objects.get(channel=daily).not_before is not None
    Incident.objects.filter(pk=incident.pk).update(severity=Severity.CRITICAL)
    alerts.announce(practice)
    assert Delivery.objects.get(channel=daily).not_before is None
    assert deliveries(urgent) == [("opened", "waiting")]
    assert Alert.objects.get().severity == Severity.CRITICAL


def test_quiet_hours_hold_what_can_wait(practice: Practice) -> None:
    channel = make_channel(practice, quiet_from="11:00", quiet_until="14:30")
    make_incident(practice)
    make_incident(practice, severity=Severity.CRITICAL, cause="urgent")
    alerts.announce(practice)
    waits = dict(Delivery.objects.filter(channel=channel).values_list("alert__severity", "not_before"))
    assert waits == {"warning": NOW + timedelta(hours=2, minutes=30), "critical": None}


def test_what_is_over_before_it_was_sent_is_told_to_nobody(practice: Practice, clock: Any) -> None:
    heard = make_channel(practice)
    quiet = make_channel(practice, quiet_from="11:00", quiet_until="23:00")
    daily = make_channel(practice, digest="daily")
    broken = make_channel(practice)
    unsure = make_channel(practice)
    incident = make_incident(practice)
    alerts.announce(practice)
    Delivery.objects.filter(channel=heard).update(state=DeliveryState.SENT)
    Delivery.objects.filter(channel=broken).update(state=DeliveryState.FAILED)
    Delivery.objects.filter(channel=unsure).update(tries=1, unclear=True)
    resolve(incident, minutes=10)
    alerts.announce(practice)
    assert deliveries(heard) == [("opened", "sent"), ("recovered", "waiting")]
    assert deliveries(quiet) == deliveries(daily) == [("opened", "dropped")]
    assert deliveries(broken) == [("opened", "failed")]
    assert deliveries(unsure) == [("opened", "dropped"), ("recovered", "waiting")]
    assert events(incident) == ["opened", "recovered"]  # in the app both are seen


def test_a_channel_without_recoveries(practice: Practice) -> None:
    channel = make_channel(practice, recoveries=False)
    incident = make_incident(practice)
    alerts.announce(practice)
    Delivery.objects.update(state=DeliveryState.SENT)
    resolve(incident, minutes=10)
    alerts.announce(practice)
    assert deliveries(channel) == [("opened", "sent")]


def test_the_end_waits_for_a_message_under_way(practice: Practice) -> None:
    channel = make_channel(practice)
    incident = make_incident(practice)
    alerts.announce(practice)
    Delivery.objects.update(state=DeliveryState.SENDING)
    resolve(incident, minutes=10)
    assert alerts.announce(practice) == 0
    assert events(incident) == ["opened"]
    Delivery.objects.update(state=DeliveryState.SENT)
    assert alerts.announce(practice) == 1
    assert deliveries(channel) == [("opened", "sent"), ("recovered", "waiting")]


def test_practices_are_told_apart(practice: Practice) -> None:
    other = make_practice()
    theirs = make_channel(other)
    make_incident(practice)
    make_incident(other)
    assert alerts.announce(practice) == 1
    assert not deliveries(theirs)
    assert not Alert.objects.filter(practice=other).exists()


def test_nothing_to_tell_is_cheap(practice: Practice, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        make_channel(practice)
        make_incident(practice)
    alerts.announce(practice)
    with django_assert_num_queries(2):
        alerts.announce(practice)


def test_many_problems_cost_a_constant_number_of_queries(
    practice: Practice, django_assert_max_num_queries: Any
) -> None:
    make_channel(practice)
    for _ in range(50):
        make_incident(practice)
    with django_assert_max_num_queries(14):
        assert alerts.announce(practice) == 50


def test_the_database_refuses_a_second_opening(practice: Practice) -> None:
    incident = make_incident(practice)
    alerts.announce(practice)
    same = {"practice": practice, "incident": incident, "event": AlertEvent.OPENED, "title": "x"}
    for round_ in (1, 2):
        with pytest.raises(IntegrityError), transaction.atomic():
            Alert.objects.create(**same, round=round_)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_alert(settings: Any) -> None:
    settings.NUDGE_WORKERS = False
    practice = make_practice()
    channel = make_channel(practice)
    incident = make_incident(practice)
    together(lambda: alerts.announce(practice), times=6)
    assert events(incident) == ["opened"]
    assert deliveries(channel) == [("opened", "waiting")]
    Delivery.objects.update(state=DeliveryState.SENT)
    resolve(incident, minutes=10)
    together(lambda: alerts.announce(practice), times=6)
    assert events(incident) == ["opened", "recovered"]
    assert deliveries(channel) == [("opened", "sent"), ("recovered", "waiting")]


@pytest.mark.django_db(transaction=True)
def test_a_channel_deleted_at_the_same_moment_stops_nothing(settings: Any) -> None:
    settings.NUDGE_WORKERS = False
    practice = make_practice()
    for _ in range(5):
        channel = make_channel(practice)
        make_incident(practice)
        together(partial(alerts.announce, practice), Channel.objects.filter(pk=channel.pk).delete)
    assert Alert.objects.count() == 5


def together(*acts: Callable[[], Any], times: int = 1) -> None:
    """Do these at the same moment; the first error is raised here."""
    start = threading.Barrier(len(acts) * times)
    errors: list[BaseException] = []

    def run(act: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts * times]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    if errors:
        raise errors[0]
