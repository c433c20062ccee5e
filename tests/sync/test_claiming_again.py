"""Money that is posted again is looked for right before it is sent, however often sending has to wait."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from connectors.errors import RateLimited
from connectors.records import Kind as RecordKind
from connectors.records import Payment
from sync import deliver
from sync.models import Change, ChangeState, Cursor, Kind
from tests.sync.queued import PAYMENT, Xero, found, link
from tests.sync.rows import Books, make_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def change(books: Books) -> Change:
    for flow in books.flows.values():
        flow.mode = "take_over"
        flow.save()
    Cursor.objects.create(
        practice=books.practice, connection=books.target, kind=Kind.PAYMENT, since=timezone.now()
    )
    link(books, Kind.INVOICE, "inv_a", "x-inv")
    link(books, Kind.PAYMENT, "pypay_a/inv_a", "x-old")
    return make_change(
        books,
        Kind.PAYMENT,
        verb="update",
        state="pending",
        reason="",
        natural_key="pypay_a",
        source_external_id="pypay_a/inv_a",
        refs={"invoice": "inv_a"},
        values=PAYMENT,
    )


def entered_by_hand(amount: str) -> Any:
    made = Payment(external_id="x-new", amount=Decimal(amount), reference="pypay_a", status="AUTHORISED")
    return found(RecordKind.PAYMENT, "x-new", made)


def turn(books: Books, xero: Xero) -> None:
    deliver.deliver_batch(books.target, xero, None)


def later(change: Change, **by: float) -> datetime:
    Change.objects.filter(pk=change.pk).update(not_before=None)
    return timezone.now() + timedelta(**by)


def test_it_is_looked_for_and_then_sent(books: Books, change: Change) -> None:
    xero = Xero()
    turn(books, xero)
    turn(books, xero)
    assert (len(xero.looked_up), len(xero.sent)) == (1, 1)
    change.refresh_from_db()
    assert change.state == ChangeState.DONE


def test_a_sending_that_had_to_wait_is_looked_for_anew(books: Books, change: Change) -> None:
    xero = Xero()
    turn(books, xero)
    xero.error = RateLimited("Slow down.", provider="xero", retry_after=600)
    turn(books, xero)
    assert (len(xero.looked_up), len(xero.sent)) == (1, 1)
    xero.error = None
    xero.has = {"pypay_a": entered_by_hand("50.00")}
    with time_machine.travel(later(change, hours=1)):
        turn(books, xero)
        turn(books, xero)
    assert (len(xero.looked_up), len(xero.sent)) == (2, 1)
    change.refresh_from_db()
    assert (change.state, change.target_external_id) == (ChangeState.DONE, "x-new")


def test_one_that_was_never_sent_is_looked_for_anew_too(books: Books, change: Change) -> None:
    xero = Xero()
    turn(books, xero)
    xero.has = {"pypay_a": entered_by_hand("50.00")}
    with time_machine.travel(later(change, hours=1)):
        turn(books, xero)
    assert (len(xero.looked_up), len(xero.sent)) == (2, 0)


def test_sent_again_soon_it_is_not_looked_for_for_ever(books: Books, change: Change) -> None:
    xero = Xero()
    turn(books, xero)
    with time_machine.travel(later(change, minutes=2)):
        turn(books, xero)
    assert (len(xero.looked_up), len(xero.sent)) == (1, 1)


def test_what_is_found_over_another_amount_is_not_taken_for_it(books: Books, change: Change) -> None:
    xero = Xero()
    xero.has = {"pypay_a": entered_by_hand("49.00")}
    turn(books, xero)
    turn(books, xero)
    change.refresh_from_db()
    assert (change.state, change.reason, change.look_up_first) == (
        ChangeState.PARKED,
        "amount_differs",
        True,
    )
    assert xero.sent == []
