"""Two people who press the button at the same moment: one Change, one request."""

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections

from practices.models import User
from sync.models import Approval, Change, Kind, Link, Mismatch, Mode
from sync.reconcile import fixing
from sync.reconcile.asked import Outcome
from tests.sync.reconcile.listed import make_mismatch
from tests.sync.rows import Books, make_books, make_link, make_snapshot


def press_at_once(books: Books, row: Mismatch) -> list[Outcome]:
    people = [books.member(), books.member()]
    ready = threading.Barrier(2)
    outcomes: list[Outcome] = []
    wrong: list[BaseException] = []

    def press(who: User) -> None:
        try:
            ready.wait(5)
            outcomes.append(fixing.fix(books.practice, [row.pk], actor=who))
        except BaseException as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_change(settings: Any) -> None:
    settings.NUDGE_WORKERS = False
    books = make_books(Mode.TAKE_OVER)
    here = make_snapshot(books.source, Kind.CONTACT, name="Alder", email="new@example.com", status="active")
    there = make_snapshot(books.target, Kind.CONTACT, name="Alder", email="old@example.com", status="ACTIVE")
    make_link(books, here, there)
    row = make_mismatch(books, "contact_email", source_external_ids=[here.external_id])
    outcomes = press_at_once(books, row)
    assert [len(outcome.done) for outcome in outcomes] == [1, 1]
    change = Change.objects.get()
    assert change.values == {"email": "new@example.com"}
    assert Approval.objects.get().change == change
    assert Mismatch.objects.get().change == change


@pytest.mark.django_db(transaction=True)
def test_two_at_once_allocate_a_credit_once(settings: Any) -> None:
    settings.NUDGE_WORKERS = False
    books = make_books(Mode.TAKE_OVER)
    money: dict[str, Any] = {"currency": "AUD", "party_external_id": "alder", "status": "AUTHORISED"}
    credit = {"contact_external_id": "alder", "remaining": "110.00", "type": "RECEIVE-OVERPAYMENT"}
    due = {"contact_external_id": "alder", "amount_due": "110.00", "type": "ACCREC"}
    make_snapshot(books.target, Kind.OVERPAYMENT, "over", record=credit, amount=Decimal("110.00"), **money)
    make_snapshot(
        books.target, Kind.INVOICE, "one", record=due, amount=Decimal("110.00"), number="INV-1", **money
    )
    row = make_mismatch(books, "payment_unallocated", source_external_ids=[], target_external_ids=["over"])
    assert [len(outcome.done) for outcome in press_at_once(books, row)] == [1, 1]
    change = Change.objects.get()
    assert (change.kind, change.values["invoice_number"], str(change.amount)) == (
        Kind.OVERPAYMENT,
        "INV-1",
        "110.00",
    )
    assert Approval.objects.get().change == change


@pytest.mark.django_db(transaction=True)
def test_two_at_once_link_a_client_once(settings: Any) -> None:
    settings.NUDGE_WORKERS = False
    books = make_books()
    here = make_snapshot(books.source, Kind.CONTACT, name="Alder", status="active")
    there = make_snapshot(books.target, Kind.CONTACT, name="Alder", status="ACTIVE")
    row = make_mismatch(
        books,
        "contact_not_linked",
        source_external_ids=[here.external_id],
        target_external_ids=[there.external_id],
    )
    assert sorted(outcome.linked for outcome in press_at_once(books, row)) == [0, 1]
    assert Link.objects.get().target_external_id == there.external_id
