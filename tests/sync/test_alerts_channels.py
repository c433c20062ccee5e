"""Channels by hand: added, changed, tried, silenced, deleted, and what is never shown again."""

import re
from html import unescape
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client

from practices.creation import create_practice
from practices.models import AuditEntry, Practice, Role, User
from sync import alerts
from sync.alerts import recipients
from sync.models import Alert, Channel, Delivery, DeliveryState
from tests.make import make_member, make_practice, make_user
from tests.sync.alert_pages import COMMON, browser, page, send
from tests.sync.alerting import make_alert, make_channel, make_incident
from tests.sync.receiver import Receiver

pytestmark = pytest.mark.django_db

SECRET = "very-secret-part-of-it"


@pytest.fixture
def practice() -> Practice:
    return make_practice("Harbour Lane", slug="harbour")


@pytest.fixture
def admin(practice: Practice) -> User:
    return make_member(practice, Role.ADMIN, email="ada@example.com")


@pytest.fixture
def web(admin: User) -> Client:
    return browser(admin)


def test_a_new_practice_mails_owners_and_admins(practice: Practice) -> None:
    user = make_user()
    made = create_practice(user=user, name="Kauri", country="NZ", time_zone="Pacific/Auckland")
    (channel,) = Channel.objects.filter(practice=made)
    assert (channel.kind, channel.severity, channel.shown) == ("email", "warning", "owners and admins")
    make_incident(made)
    alerts.announce(made)
    alerts.send_due()
    assert [one.to for one in mail.outbox] == [[user.email]]


def test_a_practice_from_before_gets_the_same_channel(practice: Practice) -> None:
    migration = import_module("sync.migrations.0008_default_channels")
    quiet = make_practice()
    make_channel(quiet, name="Chosen by themselves")
    for _ in range(2):
        migration.make_channels(apps, None)
    (channel,) = Channel.objects.filter(practice=practice)
    fresh = recipients.default_channel(make_practice())
    for name in ("kind", "name", "address", "shown", "severity", "digest", "is_on", "recoveries"):
        assert getattr(channel, name) == getattr(fresh, name), name
    assert Channel.objects.filter(practice=quiet).count() == 1


def test_a_slack_channel_is_added_tried_and_never_shows_its_address(
    practice: Practice, web: Client, receiver: Receiver
) -> None:
    url = f"{receiver.url}/services/{SECRET}"
    send(web, "channels/add/slack/", {**COMMON, "name": "Billing", "url": url})
    channel = Channel.objects.get()
    assert channel.address == {"url": url}
    assert channel.shown == "127.0.0.1/…f-it"
    text = send(web, f"channels/{channel.pk}/test/")
    assert re.search(r"Billing took the test in \d+ ms\. Status 200\. Answer: ok", text)
    receiver.answers = [(403, f"invalid {SECRET}".encode(), {})]
    text += send(web, f"channels/{channel.pk}/test/")
    assert re.search(
        r"Billing did not take the test \(\d+ ms\)\. Status 403\. Answer: invalid \[hidden\]", text
    )
    send(web, f"channels/{channel.pk}/", {**COMMON, "name": "Billing team", "url": ""})
    channel.refresh_from_db()
    assert (channel.name, channel.address) == ("Billing team", {"url": url})
    wrong = send(web, f"channels/{channel.pk}/", {**COMMON, "name": "", "url": f"{url}-new"})
    assert "This field is required" in wrong
    pages = [text, wrong, page(web, "channels/"), page(web, f"channels/{channel.pk}/")]
    assert not [one for one in pages if SECRET in one]
    assert SECRET not in str(list(AuditEntry.objects.values()))
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"channel.added", "channel.changed", "channel.tested"} <= actions


def test_a_webhooks_key_is_shown_once(practice: Practice, web: Client, receiver: Receiver) -> None:
    text = send(web, "channels/add/webhook/", {**COMMON, "name": "Robot", "url": receiver.url})
    channel = Channel.objects.get()
    key = channel.address["key"]
    assert len(key) == 64
    assert key in text
    same = send(web, f"channels/{channel.pk}/", {**COMMON, "name": "Robot", "url": f"{receiver.url}/new"})
    channel.refresh_from_db()
    assert channel.address == {"url": f"{receiver.url}/new", "key": key}
    assert key not in same
    assert key not in page(web, f"channels/{channel.pk}/")
    replaced = send(
        web, f"channels/{channel.pk}/", {**COMMON, "name": "Robot", "url": "", "replace_key": "on"}
    )
    channel.refresh_from_db()
    assert channel.address["key"] != key
    assert channel.address["key"] in replaced
    assert channel.address["url"] == f"{receiver.url}/new"


@pytest.mark.parametrize(
    ("kind", "data", "says"),
    [
        ("slack", {"url": "http://10.0.0.1/x"}, "private network"),
        ("slack", {"url": "https://192.168.1.1/x"}, "private network"),
        ("teams", {"url": "javascript:alert(1)"}, "begins with https"),
        ("webhook", {"url": ""}, "required"),
        ("email", {}, "Choose at least one person"),
        ("email", {"others": "not an address"}, "not an address is not an e-mail address"),
        ("email", {"others": "\n".join(f"a{n}@example.com" for n in range(11))}, "At most 10"),
        ("email", {"members": "999999"}, "not one of the available choices"),
        ("email", {"owners_and_admins": "on", "quiet_from": "18:00"}, "Enter both times, or neither"),
        ("email", {"owners_and_admins": "on", "quiet_from": "18:00", "quiet_until": "18:00"}, "whole day"),
        (
            "email",
            {
                "owners_and_admins": "on",
                "digest": "daily",
                "digest_at": "07:00",
                "quiet_from": "18:00",
                "quiet_until": "08:30",
            },
            "within the quiet hours",
        ),
        ("email", {"owners_and_admins": "on", "least_count": "0"}, "Enter 1 or more"),
        ("email", {"owners_and_admins": "on", "least_amount": "much"}, "Enter a number"),
        ("email", {"owners_and_admins": "on", "severity": "panic"}, "not one of the available choices"),
        ("email", {"owners_and_admins": "on", "name": "Taken"}, "Another channel has this name"),
        ("email", {"owners_and_admins": "on", "name": "a\nb"}, "one line"),
    ],
)
def test_what_a_form_refuses(
    practice: Practice, web: Client, kind: str, data: dict[str, Any], says: str
) -> None:
    make_channel(practice, name="Taken")
    answer = web.post(f"/p/harbour/alerts/channels/add/{kind}/", {**COMMON, "name": "New", **data})
    assert answer.status_code == 422
    assert says in unescape(answer.content.decode())
    assert Channel.objects.count() == 1


def test_an_unknown_kind_is_not_found(web: Client) -> None:
    assert web.get("/p/harbour/alerts/channels/add/pigeon/").status_code == 404


def test_twenty_channels_are_enough(practice: Practice, web: Client) -> None:
    for _ in range(20):
        make_channel(practice)
    text = send(web, "channels/add/email/", {**COMMON, "name": "New", "owners_and_admins": "on"})
    assert "20 channels at most" in text


def test_silencing_and_deleting(practice: Practice, web: Client) -> None:
    channel = make_channel(practice, name="Billing")
    Delivery.objects.create(practice=practice, alert=make_alert(practice), channel=channel)
    where = f"channels/{channel.pk}"
    assert "Billing is muted for a day" in send(web, f"{where}/mute/", {"hours": "24"})
    assert "Muted until" in page(web, "channels/")
    assert Delivery.objects.get().state == DeliveryState.DROPPED
    assert "no longer muted" in send(web, f"{where}/mute/", {"hours": "9999999"})
    assert "Billing is off" in send(web, f"{where}/switch/", {"on": "0"})
    assert "Billing is on" in send(web, f"{where}/switch/", {"on": "1"})
    assert "Deleted Billing" in send(web, f"{where}/delete/")
    assert not Channel.objects.exists()
    assert Alert.objects.count() == 1
    assert web.post(f"/p/harbour/alerts/{where}/delete/").status_code == 404
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"channel.muted", "channel.switched", "channel.deleted"} <= actions


def test_new_times_hold_for_what_waits(practice: Practice, web: Client, receiver: Receiver) -> None:
    channel = make_channel(practice, name="Billing", address={"url": receiver.url}, digest="daily")
    make_incident(practice)
    alerts.announce(practice)
    assert alerts.send_due() == 0
    send(web, f"channels/{channel.pk}/", {**COMMON, "name": "Billing", "url": ""})
    assert alerts.send_due() == 1


def test_too_many_tests(practice: Practice, web: Client, receiver: Receiver) -> None:
    channel = make_channel(practice, address={"url": receiver.url})
    for _ in range(10):
        send(web, f"channels/{channel.pk}/test/")
    assert "many tests" in send(web, f"channels/{channel.pk}/test/")
    assert len(receiver.got) == 10


def test_an_address_that_no_key_opens(practice: Practice, web: Client) -> None:
    channel = make_channel(practice, name="Lost")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sync_channel SET address = 'gibberish'")
    assert "Lost" in page(web, "channels/")
    assert "can't be read" in send(web, f"channels/{channel.pk}/test/")
    assert "Enter the address again" in send(web, f"channels/{channel.pk}/", {**COMMON, "name": "Lost"})
    assert "Deleted Lost" in send(web, f"channels/{channel.pk}/delete/")


def test_support_sees_channels_without_addresses(practice: Practice) -> None:
    channel = make_channel(practice, address={"url": f"https://x.example/{SECRET}"})
    support = browser(make_user("support@example.com", is_staff=True, is_superuser=True))
    for path in ("", f"{channel.pk}/change/"):
        answer = support.get(f"/admin/sync/channel/{path}")
        assert answer.status_code == 200
        assert SECRET not in answer.content.decode()


def test_keys_are_rotated_for_channels_too(practice: Practice, settings: Any, capsys: Any) -> None:
    channel = make_channel(practice, address={"url": f"https://x.example/{SECRET}"})
    old = settings.FIELD_ENCRYPTION_KEYS
    new = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    settings.FIELD_ENCRYPTION_KEYS = [new, *old]
    call_command("rotate_keys")
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert Channel.objects.get(pk=channel.pk).address == {"url": f"https://x.example/{SECRET}"}
