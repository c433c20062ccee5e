"""Every page opens: empty, with rows, and with the same number of queries whatever the number of rows."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practices.models import Role
from sync.models import Attempt, Kind, RunState
from tests.make import make_member, make_practice
from tests.sync import rows
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db

LISTS = [
    "",
    "plan/",
    "activity/",
    "contacts/",
    "invoices/",
    "payments/",
    "reviews/",
    "reviews/?show=decided",
    "changes/",
]
TARGET_LISTS = [f"{name}/?system=target" for name in ("contacts", "invoices", "payments")]


def login(books: Books, role: str = Role.ADMIN) -> Client:
    client = Client()
    client.force_login(books.member(role))
    return client


def fill(books: Books, count: int) -> None:
    """``count`` clients, invoices and payments, each linked, with a change, a review and a run."""
    for number in range(count):
        client = rows.make_snapshot(books.source, Kind.CONTACT, name=f"Client {number}", standing="in_sync")
        there = rows.make_snapshot(books.target, Kind.CONTACT, name=f"Client {number}")
        rows.make_link(books, client, there)
        invoice = rows.make_invoice(
            books, party_external_id=client.external_id, standing="held", standing_reason="watch"
        )
        posted = rows.make_invoice(books, at="target", amount="100.00", party_external_id=there.external_id)
        rows.make_link(books, invoice, posted)
        paid = rows.make_snapshot(
            books.source,
            Kind.PAYMENT,
            amount=Decimal("110.00"),
            currency="AUD",
            party_external_id=client.external_id,
            record={"invoice_external_ids": [invoice.external_id]},
        )
        entry = rows.make_snapshot(books.target, Kind.PAYMENT, amount=Decimal("110.00"), currency="AUD")
        rows.make_link(books, paid, entry, source_id=f"{paid.external_id}/{invoice.external_id}")
        rows.make_change(
            books, source_external_id=invoice.external_id, reason=["watch", "conflict"][number % 2]
        )
        rows.make_review(
            books, candidates=[{"external_id": there.external_id, "name": there.name, "score": 0.8}]
        )
        rows.make_review(books, state="linked", decided_at=timezone.now())
        for kind in (Kind.CONTACT, Kind.INVOICE, Kind.PAYMENT):
            rows.make_snapshot(
                books.target, kind, name=f"Only there {number}", amount=Decimal("5.00"), currency="AUD"
            )
        rows.make_run(books, state=RunState.INCOMPLETE, finished_at=timezone.now())


@pytest.mark.parametrize("path", LISTS + TARGET_LISTS)
def test_opens_when_nothing_is_connected(path: str) -> None:
    practice = make_practice()
    client = Client()
    client.force_login(make_member(practice, Role.VIEWER))
    answer = client.get(f"/p/{practice.slug}/{path}")
    assert answer.status_code == 200
    assert b"style=" not in answer.content


@pytest.mark.parametrize("path", LISTS + TARGET_LISTS)
def test_opens_when_connected_and_empty(path: str) -> None:
    books = rows.make_books()
    answer = login(books, Role.VIEWER).get(books.url(path))
    assert answer.status_code == 200
    assert b"<script>" not in answer.content


@pytest.mark.parametrize("path", LISTS + TARGET_LISTS)
def test_as_many_queries_for_fifty_rows_as_for_five(path: str) -> None:
    def queries(count: int) -> int:
        books = rows.make_books()
        fill(books, count)
        client = login(books)
        client.get(books.url(path))  # the session and the kept statuses are there from the second time on
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert client.get(books.url(path)).status_code == 200
        return len(caught)

    few = queries(5)
    assert queries(50) == few
    assert few < 40


@pytest.mark.parametrize("path", LISTS[:-1])
def test_a_stranger_sees_404(path: str) -> None:
    books, other = rows.make_books(), rows.make_books()
    assert login(other).get(books.url(path)).status_code == 404


def test_single_pages_of_another_practice_are_404() -> None:
    books, other = rows.make_books(), rows.make_books()
    fill(other, 1)
    client = login(books)
    for path in (
        f"records/{rows.make_invoice(other).pk}/",
        f"changes/{rows.make_change(other).pk}/",
        f"reviews/{rows.make_review(other).pk}/",
        f"activity/{rows.make_run(other).pk}/",
    ):
        assert client.get(books.url(path)).status_code == 404


def _record(books: Books) -> str:
    invoice = rows.make_invoice(
        books,
        record={
            "lines": [
                {
                    "description": "Bookkeeping",
                    "amount": "100.00",
                    "origin_type": "proposal",
                    "origin_external_id": "p1",
                }
            ]
        },
    )
    rows.make_snapshot(books.source, Kind.PROPOSAL, "p1", name="Annual")
    posted = rows.make_invoice(
        books, at="target", amount="99.00", record={"lines": [{"description": "x", "amount": "99"}]}
    )
    rows.make_link(books, invoice, posted, reasons=["Same total"])
    change = rows.make_change(
        books, source_external_id=invoice.external_id, state="done", reason="", sent_by=None
    )
    attempt = Attempt.objects.create(
        practice=books.practice, connection=books.target, kind="invoice", verb="create", ms=12
    )
    attempt.changes.add(change)
    return f"records/{invoice.pk}/"


def _change(books: Books) -> str:
    change = rows.make_change(
        books, verb="update", before={"total": "100.00"}, remarks=["A cent moved."], reason="conflict"
    )
    return f"changes/{change.pk}/"


def _review(books: Books) -> str:
    source = rows.make_snapshot(books.source, Kind.CONTACT, name="Acme")
    there = rows.make_snapshot(books.target, Kind.CONTACT, name="Acme Trust", email="a@acme.test")
    review = rows.make_review(
        books,
        "Acme",
        source_external_id=source.external_id,
        candidates=[
            {
                "external_id": there.external_id,
                "name": there.name,
                "score": 0.9,
                "reasons": ["r1"],
                "against": ["a1"],
            }
        ],
    )
    return f"reviews/{review.pk}/?q=acme"


def _run(books: Books) -> str:
    run = rows.make_run(
        books,
        state=RunState.INCOMPLETE,
        started_at=timezone.now() - timedelta(minutes=2),
        finished_at=timezone.now(),
        counts={
            "invoice": {"read": 10, "in_sync": 4, "held": 2, "written": 3, "verified": 3, "failed": 1},
            "reading": {"ignition": {"invoice": {"read": 10, "changed": 2, "unreadable": 0}}},
        },
        calls={"xero": 4, "ignition": 2},
        bytes_read=123_456,
    )
    rows.make_change(books, state="done", reason="", sent_by=run, amount=Decimal("330.00"))
    return f"activity/{run.pk}/"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_record, ["Bookkeeping", "Annual", "Same total", "12 ms"]),
        (_change, ["A cent moved.", "$100.00", "$110.00", "disagree"]),
        (_review, ["Acme Trust", "r1", "a1", "90 % alike"]),
        (_run, ["$330.00", "2 min", "0.1 MB", "Needs attention"]),
    ],
)
def test_single_pages_show_what_there_is(make: Callable[[Books], str], words: list[str]) -> None:
    books = rows.make_books()
    path = make(books)
    answer = login(books).get(books.url(path))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert [word for word in words if word not in text] == []
    assert "style=" not in text
