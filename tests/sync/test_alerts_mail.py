"""Alerts by mail: to whom, what they look like, mail servers that refuse and hang up."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail

from practices.models import Practice, Role
from sync import alerts
from sync.models import (
    ChannelKind,
    Delivery,
    DeliveryState,
)
from tests.make import make_member, make_practice
from tests.sync.alerting import deliveries, make_channel, make_incident, resolve
from tests.sync.receiver import MailHost

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # noon of a Tuesday in Sydney


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def practice(clock: Any) -> Practice:
    return make_practice("Harbour Lane", slug="harbour")


def test_a_mail_and_its_end_arrive(practice: Practice, clock: Any, settings: Any) -> None:
    settings.BASE_URL = "https://sync.example.com"
    owner, admin, staff = (make_member(practice, role) for role in (Role.OWNER, Role.ADMIN, Role.STAFF))
    gone = make_member(practice, Role.ADMIN)
    gone.is_active = False
    gone.save()
    channel = make_channel(practice, ChannelKind.EMAIL)
    incident = make_incident(practice, amount=Decimal("12300"), currency="AUD")
    alerts.announce(practice)
    alerts.send_due()
    assert sorted(one.to[0] for one in mail.outbox) == sorted([owner.email, admin.email])
    assert staff.email not in str([one.to for one in mail.outbox])
    first = mail.outbox[0]
    assert first.subject == "Harbour Lane: Invoices refused by Xero · 12 records"
    assert "Warning · since Tue 24 Nov, 11:55 am · 12 records · $12,300.00" in first.body
    assert "Choose an account for “Bookkeeping”." in first.body
    assert "https://sync.example.com/p/harbour/" in first.body
    headers = first.extra_headers
    assert headers["List-Unsubscribe"] == "<https://sync.example.com/p/harbour/alerts/channels/>"
    html = next(part.content for part in getattr(first, "alternatives", []) if part.mimetype == "text/html")
    assert "Invoices refused by Xero" in html
    assert "https://sync.example.com/p/harbour/" in html
    resolve(incident, minutes=10)
    alerts.announce(practice)
    alerts.send_due()
    assert len(mail.outbox) == 4
    last = mail.outbox[-1]
    assert last.subject == "Harbour Lane: No longer a problem: Invoices refused by Xero · 12 records"
    assert "It ended by itself after" in last.body
    assert deliveries(channel) == [("opened", "sent"), ("recovered", "sent")]


def test_a_mail_goes_to_everybody_once_though_the_server_hangs_up(
    practice: Practice, post_office: MailHost, clock: Any
) -> None:
    people = [make_member(practice, Role.OWNER).email for _ in range(3)]
    channel = make_channel(practice, ChannelKind.EMAIL)
    make_incident(practice)
    alerts.announce(practice)
    post_office.hangs_up_after = 1
    alerts.send_due()
    assert deliveries(channel) == [("opened", "waiting")]
    assert len(post_office.mails) == 1
    assert len(Delivery.objects.get().reached) == 1
    make_incident(practice, cause="newer")
    alerts.announce(practice)
    clock.shift(timedelta(minutes=2))
    alerts.send_due()
    for email in people:
        subjects = [str(one["Subject"]) for one in post_office.to(email)]
        assert len(subjects) == 2, subjects
    assert deliveries(channel) == [("opened", "sent")] * 2


def test_one_refused_address_does_not_keep_the_others_from_it(
    practice: Practice, post_office: MailHost, clock: Any
) -> None:
    good, bad = make_member(practice, Role.OWNER).email, make_member(practice, Role.OWNER).email
    post_office.refuses = {bad}
    channel = make_channel(practice, ChannelKind.EMAIL)
    make_incident(practice)
    alerts.announce(practice)
    alerts.send_due()
    assert [email for email, _ in post_office.mails] == [good]
    row = Delivery.objects.get(channel=channel)
    assert row.state == DeliveryState.SENT
    assert row.message == f"Mailed to 1 person. Refused: {bad}."


def test_a_mail_server_that_is_away_is_tried_again(practice: Practice, settings: Any, clock: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    make_member(practice, Role.OWNER)
    channel = make_channel(practice, ChannelKind.EMAIL)
    make_incident(practice)
    alerts.announce(practice)
    alerts.send_due()
    channel.refresh_from_db()
    assert channel.last_error == "The mail server did not take it."
    assert channel.failing_since == NOW
    assert deliveries(channel) == [("opened", "waiting")]


def test_nobody_left_to_mail(practice: Practice) -> None:
    channel = make_channel(practice, ChannelKind.EMAIL)
    make_incident(practice)
    alerts.announce(practice)
    alerts.send_due()
    assert deliveries(channel) == [("opened", "failed")]
    channel.refresh_from_db()
    assert "Nobody is left" in channel.last_error
