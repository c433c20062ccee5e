"""The list behind the bell: what was told to whom, what is new, what does not get through."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practices.models import Membership, Practice, Role, User
from sync import alerts
from sync.models import Alert, AlertEvent, Channel, Delivery, SeenAlerts, Severity
from tests.make import make_member, make_practice
from tests.sync.alert_pages import browser, page, send
from tests.sync.alerting import make_alert, make_channel, make_incident, resolve
from tests.sync.receiver import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def practice() -> Practice:
    return make_practice("Harbour Lane", slug="harbour")


@pytest.fixture
def admin(practice: Practice) -> User:
    return make_member(practice, Role.ADMIN, email="ada@example.com")


@pytest.fixture
def web(admin: User) -> Client:
    return browser(admin)


def badge(client: Client) -> str:
    text = client.get("/p/harbour/members/").content.decode()
    found = re.search(r'class="icon-button bell"[^>]*aria-label="([^"]*)"', text)
    assert found is not None
    return found[1]


def test_a_practice_without_alerts(web: Client) -> None:
    assert "Nobody had to be told anything yet" in page(web)
    assert "No alert fits" in page(web, show="now")
    assert badge(web) == "Alerts"


def test_what_was_told_to_whom(practice: Practice, web: Client, receiver: Receiver) -> None:
    make_channel(practice, name="Billing team", address={"url": receiver.url})
    make_channel(practice, name="Night owls", digest="daily")
    make_channel(practice, name="Only the worst", severity=Severity.CRITICAL)
    incident = make_incident(practice, title="Invoices refused by Xero")
    alerts.announce(practice)
    alerts.send_due()
    text = page(web)
    assert re.search(r"Billing team: sent <time", text)
    assert re.search(r"Night owls: waits, to be sent <time", text)
    assert "Only the worst:" not in text
    resolve(incident, minutes=10)
    alerts.announce(practice)
    text = page(web)
    assert "No longer a problem" in text
    assert "Night owls: not sent" in text
    assert "Over" in text


def test_filters(practice: Practice, web: Client) -> None:
    make_alert(practice, title="Still on", severity=Severity.CRITICAL)
    make_alert(practice, title="Was over", over_at=timezone.now())
    make_alert(practice, title="Told as over", event=AlertEvent.RECOVERED)
    Alert.objects.create(practice=practice, event=AlertEvent.TEST, title="Only a test")
    everything = page(web)
    assert all(title in everything for title in ("Still on", "Was over", "Told as over"))
    assert "Only a test" not in everything
    for query, wanted in (
        ({"show": "now"}, {"Still on"}),
        ({"show": "over"}, {"Was over"}),
        ({"event": "recovered"}, {"Told as over"}),
        ({"severity": "critical"}, {"Still on"}),
        ({"show": "nonsense", "event": "x", "page": "abc", "sort": "-nothing"}, None),
    ):
        text = page(web, **query)
        if wanted is not None:
            found = {title for title in ("Still on", "Was over", "Told as over") if f">{title}<" in text}
            assert found == wanted


def test_the_bell_counts_what_is_new_and_goes_on(practice: Practice, admin: User, web: Client) -> None:
    other = make_member(practice, Role.VIEWER)
    for title, extra in (
        ("One", {}),
        ("Two", {}),
        ("Over", {"over_at": timezone.now()}),
        ("For information", {"severity": Severity.INFO}),
    ):
        make_alert(practice, title=title, **extra)
    make_alert(make_practice())
    assert badge(web) == badge(browser(other)) == "Alerts: 2 new"
    until = re.search(r'name="until" value="([^"]+)"', page(web))
    assert until is not None
    make_alert(practice, title="Came after the page was made")
    send(web, "seen/", {"until": until[1]})
    assert badge(web) == "Alerts: 1 new"
    assert badge(browser(other)) == "Alerts: 3 new"
    assert page(web).count(">New<") == 1


def test_marking_seen_twice_and_oddly(practice: Practice, admin: User, web: Client) -> None:
    make_alert(practice)
    later = timezone.now() + timedelta(days=900)
    for until in (
        later.isoformat(),
        "2020-01-01T00:00:00Z",
        "nonsense",
        "2026-99-99T00:00:00Z",
        "2026-01-01",
        "",
    ):
        send(web, "seen/", {"until": until})
        seen = SeenAlerts.objects.get(user=admin)
        assert seen.seen_at <= timezone.now()
    assert badge(web) == "Alerts"
    assert timezone.now() - seen.seen_at < timedelta(minutes=1)


def test_a_new_member_is_not_behind(practice: Practice) -> None:
    make_alert(practice, created_at=timezone.now() - timedelta(minutes=1))
    assert badge(browser(make_member(practice))) == "Alerts"


def test_a_channel_that_fails_is_seen_by_everybody(practice: Practice, web: Client) -> None:
    viewer = browser(make_member(practice, Role.VIEWER))
    channel = make_channel(
        practice, name="Broken", last_error="404: no_service", failing_since=timezone.now()
    )
    assert badge(web) == "Alerts"  # the next try may work
    assert "404: no_service" in page(viewer)
    Channel.objects.filter(pk=channel.pk).update(failing_since=timezone.now() - timedelta(minutes=16))
    assert badge(viewer) == "Alerts; a channel does not get through"
    assert "See the channel" not in page(viewer)
    assert "Does not get through" in page(web, "channels/")


def test_lists_cost_the_same_whatever_is_in_them(practice: Practice, web: Client) -> None:
    def costs() -> list[int]:
        found = []
        for rest in ("", "channels/"):
            page(web, rest)
            with CaptureQueriesContext(connection) as queries:
                page(web, rest)
            found.append(sum("usersessions" not in query["sql"] for query in queries.captured_queries))
        return found

    def fill(number: int) -> None:
        channels = [make_channel(practice) for _ in range(number)]
        for _ in range(number):
            alert = make_alert(practice)
            for channel in channels:
                Delivery.objects.create(practice=practice, alert=alert, channel=channel)

    fill(1)
    few = costs()
    fill(12)
    assert costs() == few
    assert max(few) < 20


def test_the_bell_costs_one_query(practice: Practice, admin: User, django_assert_num_queries: Any) -> None:
    from sync.alerts.bell import bell_of  # noqa: PLC0415

    membership = Membership.objects.get(user=admin)
    with django_assert_num_queries(1):
        assert not bell_of(practice, membership).failing
