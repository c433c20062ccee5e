"""What was read is stored once, and again when a later version of the app reads more of the same payload."""

from dataclasses import replace

import pytest
from django.utils import timezone

from connectors.base import Row
from connectors.records import Contact, Kind
from sync import snapshots
from sync.models import Snapshot
from tests.sync.rows import make_books

pytestmark = pytest.mark.django_db

ROW = Row(
    kind=Kind.CONTACT,
    external_id="c1",
    raw={"ContactID": "c1", "Name": "Saltmarsh", "CompanyNumber": "123"},
    record=Contact(external_id="c1", name="Saltmarsh"),
)


def test_the_same_page_again_changes_nothing() -> None:
    books = make_books()
    first = snapshots.store(books.target, [ROW], now=timezone.now())
    again = snapshots.store(books.target, [ROW], now=timezone.now())
    assert (first.changed, again.changed) == (1, 0)


def test_a_payload_of_which_more_is_read_is_stored_anew() -> None:
    books = make_books()
    snapshots.store(books.target, [ROW], now=timezone.now())
    richer = replace(ROW, record=Contact(external_id="c1", name="Saltmarsh", account_number="123"))
    assert snapshots.store(books.target, [richer], now=timezone.now()).changed == 1
    assert Snapshot.objects.get(external_id="c1").record["account_number"] == "123"
