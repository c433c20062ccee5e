"""A practice whose books are read, and its months worked out."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.test import Client

from connectors.records import Kind
from connectors.stored import load
from mappings.services import publish
from mappings.spec import Choices
from practices.models import Role
from sync.close import working
from sync.invoices import source_digest
from sync.models import Mismatch, ReconcileRun, Snapshot, Trigger
from tests.sync.reconcile.reading import read_lists
from tests.sync.rows import Books, make_books, make_invoice, make_link, make_snapshot

OCTOBER = "every=month&from=2026-10-01"
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def make_read_books(**extra: Any) -> Books:
    made = make_books(**extra)
    read_lists(made)
    make_snapshot(made.source, "contact", "c1", name="Kōwhai & Sons", status="active")
    make_snapshot(made.target, "contact", "xc1", name="Kōwhai & Sons", status="ACTIVE")
    return made


def pair_up(books: Books, number: int, *, day: date, there: date | None = None, **extra: Any) -> Snapshot:
    """An invoice of 110.00 and its linked document in Xero; what Xero says differently goes into ``extra``."""
    here = make_invoice(
        books,
        number=f"{number:04}",
        status="issued",
        date=day,
        external_id=f"i{number}",
        record={"contact_external_id": "c1", "source_created_at": "2026-07-01T00:00:00+00:00"},
    )
    record = {"contact_external_id": "xc1", "tax": "10.00", **extra.pop("record", {})}
    document = make_invoice(
        books,
        at="target",
        number=f"IGN-{number:04}",
        date=there or day,
        external_id=f"xi{number}",
        record=record,
        **extra,
    )
    agreed = {"tax": "10.00", "lines": [{"account_code": "", "tax_type": ""}]}
    digest = source_digest(load(Kind.INVOICE, here.record))
    make_link(books, here, document, base_source=agreed, source_digest=digest)
    return here


def fill_october(books: Books) -> None:
    """Three invoices: one differs, one is a draft in Xero, one is of the next month there; two of them are paid."""
    choose_clearing(books)
    pair_up(books, 1, day=date(2026, 10, 5), amount="121.00")
    pair_up(books, 2, day=date(2026, 10, 6), status="DRAFT")
    pair_up(books, 3, day=date(2026, 10, 30), there=date(2026, 11, 1))
    pay(books, 1, collected=date(2026, 10, 8), arrived=date(2026, 10, 12))
    pay(books, 2, collected=date(2026, 10, 30), arrived=date(2026, 11, 2))


def make_difference(books: Books, name: str, **extra: Any) -> Mismatch:
    values: dict[str, Any] = {
        "kind": "invoice_total",
        "about": "invoice",
        "text": f"{name} differs",
        "client": f"{name} Ltd",
        "document": f"INV-{name}",
        "dated_on": date(2026, 10, 14),
        "at_stake": Decimal("110.00"),
        "tax_at_stake": Decimal("10.00"),
        "currency": "AUD",
        "source_external_ids": [name],
        "first_seen_at": datetime(2026, 10, 20, tzinfo=UTC),
        "rank": 1,
        **extra,
    }
    made: Mismatch = Mismatch.objects.create(
        practice=books.practice, fingerprint=f"{books.practice.pk}-{name}", **values
    )
    return made


def make_comparison(books: Books, *, read_at: datetime = NOW, **extra: Any) -> ReconcileRun:
    """A comparison whose lists were all read at an instant."""
    coverage = [
        {
            "side": side,
            "system": system,
            "kind": kind,
            "read_at": read_at.isoformat(),
            "records": 1,
            "unreadable": 0,
        }
        for side, system in (("source", "Ignition"), ("target", "Xero"))
        for kind in ("contact", "invoice", "payment")
    ]
    made: ReconcileRun = ReconcileRun.objects.create(
        practice=books.practice, trigger=Trigger.PERSON, coverage=coverage, **extra
    )
    return made


def worked_out(books: Books, **extra: Any) -> ReconcileRun:
    """A comparison, and the months that follow from it."""
    run = make_comparison(books, **extra)
    assert working.work(books.practice.pk)
    return run


def as_(books: Books, role: str = Role.STAFF) -> Client:
    client = Client()
    client.force_login(books.member(role))
    return client


def choose_clearing(books: Books, code: str = "880") -> None:
    publish(books.practice, Choices(clearing_account=code), actor=None)


def pay(books: Books, number: int, *, collected: date, arrived: date | None, posted: bool = True) -> None:
    """Money for the invoice of this number: collected on a day, paid out on another one, and in Xero unless told."""
    payout = {"payout_external_id": f"po{number}", "payout_state": "completed"} if arrived else {}
    make_snapshot(
        books.source,
        "payment",
        f"p{number}",
        amount=Decimal(110),
        currency="AUD",
        date=collected,
        status="disbursed" if arrived else "collected",
        party_external_id="c1",
        record={
            "invoice_external_ids": [f"i{number}"],
            "contact_external_id": "c1",
            "collected_at": f"{collected}T02:00:00+00:00",
            "fee": "2.42",
            **payout,
        },
    )
    make_snapshot(
        books.source,
        "collection",
        f"r{number}",
        amount=Decimal(110),
        currency="AUD",
        date=collected,
        reference=f"i{number}",
        party_external_id="c1",
        record={
            "invoice_external_id": f"i{number}",
            "contact_external_id": "c1",
            "started_at": f"{collected}T02:00:00+00:00",
            "arrives_on": arrived.isoformat() if arrived else None,
            **payout,
        },
    )
    if posted:
        receipt = make_snapshot(
            books.target,
            "payment",
            f"xp{number}",
            amount=Decimal(110),
            currency="AUD",
            date=collected,
            status="AUTHORISED",
            party_external_id="xc1",
            record={
                "invoice_external_ids": [f"xi{number}"],
                "contact_external_id": "xc1",
                "account_code": "880",
                "type": "ACCRECPAYMENT",
            },
        )
        made = Snapshot.objects.get(connection=books.source, external_id=f"p{number}")
        make_link(books, made, receipt, source_id=f"p{number}/i{number}")
