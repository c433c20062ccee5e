"""Which reports tell nothing new: the snapshot is as new as they are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from practices.models import Connection
from sync.models import Event, Snapshot
from sync.urgent import _known
from tests.make import make_connection, make_practice

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture
def xero() -> Connection:
    return make_connection(make_practice(), "xero")


def report(xero: Connection, *, later: timedelta, **extra: Any) -> Event:
    """A report that is stamped so much later than the record as it was read last."""
    Snapshot.objects.create(
        practice=xero.practice, connection=xero, kind="invoice", external_id="i1", source_updated_at=AT
    )
    made: Event = Event.objects.create(
        practice=xero.practice,
        connection=xero,
        provider_event_id="e1",
        kind="invoice",
        external_id="i1",
        action="invoice update",
        occurred_at=AT + later,
        **extra,
    )
    return made


@pytest.mark.parametrize("milliseconds", [-1000, 0, 1, 50])
def test_what_was_written_and_stamped_in_one_go_is_known(xero: Connection, milliseconds: int) -> None:
    event = report(xero, later=timedelta(milliseconds=milliseconds))
    assert _known([event]) == {event.pk}


@pytest.mark.parametrize("milliseconds", [51, 1000])
def test_a_later_change_is_looked_at(xero: Connection, milliseconds: int) -> None:
    assert _known([report(xero, later=timedelta(milliseconds=milliseconds))]) == set()


def test_what_a_person_had_handed_in_again_is_looked_at(xero: Connection) -> None:
    assert _known([report(xero, later=timedelta(0), replays=1)]) == set()
