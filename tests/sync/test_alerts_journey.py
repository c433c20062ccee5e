"""From what went wrong to what somebody reads: incidents, alerts, mail, in the order in which the clock runs them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail

from practices.models import ConnectionState, Role
from sync import incidents, tasks
from sync.alerts.recipients import default_channel
from sync.models import Incident
from tests.sync.alerting import events
from tests.sync.rows import Books, make_books

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def minutes(books: Books, clock: Any, number: int) -> None:
    """What the beat does, minute by minute."""
    for _ in range(number):
        incidents.refresh(books.practice)
        tasks.send_alerts()
        clock.shift(timedelta(minutes=1))


def about_access() -> list[str]:
    """Subjects of the mails about the connection; as nothing is synced here, others may say so."""
    return [str(one.subject) for one in mail.outbox if "reconnecting" in one.subject]


def test_a_lost_connection_is_told_once_and_its_return_once() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        books = make_books(name="Harbour Lane")
        books.member(Role.OWNER)
        default_channel(books.practice)
        books.target.state = ConnectionState.NEEDS_RECONNECT
        books.target.save()
        minutes(books, clock, 2)
        assert not about_access()
        minutes(books, clock, 90)
        assert about_access() == ["Harbour Lane: Xero needs reconnecting"]
        books.target.state = ConnectionState.CONNECTED
        books.target.save()
        minutes(books, clock, 9)
        assert len(about_access()) == 1
        minutes(books, clock, 30)
        assert about_access()[1:] == ["Harbour Lane: No longer a problem: Xero needs reconnecting"]
        incident = Incident.objects.get(connection=books.target)
        assert events(incident) == ["opened", "recovered"]


def test_a_connection_that_comes_back_at_once_disturbs_nobody() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        books = make_books()
        books.member(Role.OWNER)
        default_channel(books.practice)
        for state in (ConnectionState.NEEDS_RECONNECT, ConnectionState.CONNECTED):
            books.target.state = state
            books.target.save()
            minutes(books, clock, 1)
        minutes(books, clock, 10)
        assert not about_access()
        assert Incident.objects.filter(connection=books.target).count() == 1
