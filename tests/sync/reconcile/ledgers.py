"""Books in which both sides agree, to be spoiled one thing at a time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.records import Applied, Contact, Invoice, Line, Payment
from sync.reconcile.books import Books, Chosen, Difference, Expected
from sync.reconcile.compare import compare
from sync.reconcile.receipts import pair

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
START = date(2026, 7, 1)


def agreeing(count: int = 2, *, paid: bool = True, **chosen: Any) -> Books:
    """``count`` clients with a linked invoice of 110.00 each, 10.00 of it tax, paid unless told otherwise."""
    books = Books(
        chosen=Chosen(**{"prefix": "IGN-", "clearing": frozenset({"880"}), "country": "AU", **chosen}),
        currency="AUD",
        now=NOW,
        zone=ZoneInfo("Australia/Sydney"),
    )
    for number in range(count):
        add_pair(books, number, total=Decimal(110) + number)
        if paid:
            add_payment(books, number, amount=Decimal(110) + number)
    return books


def add_pair(books: Books, number: int, *, total: Decimal) -> None:
    day = START + timedelta(days=5 * number)
    tax = (total / 11).quantize(Decimal("0.01"))
    line = Line(
        description="Bookkeeping",
        unit_amount=total - tax,
        amount=total - tax,
        account_code="200",
        tax_type="OUTPUT",
    )
    books.clients[f"c{number}"] = Contact(
        external_id=f"c{number}", name=f"Client {number}", email=f"c{number}@example.com", status="active"
    )
    books.contacts[f"xc{number}"] = Contact(
        external_id=f"xc{number}", name=f"Client {number}", email=f"c{number}@example.com", status="ACTIVE"
    )
    books.contact_links[f"c{number}"] = f"xc{number}"
    books.invoices[f"i{number}"] = Invoice(
        external_id=f"i{number}",
        contact_external_id=f"c{number}",
        status="issued",
        number=f"{number:04}",
        reference=f"PROP-{number}",
        date=day,
        due_date=day + timedelta(days=14),
        currency="AUD",
        total=total,
        payment_state="paid",
        lines=(replace(line, account_code="", tax_type=""),),
        source_created_at=datetime(2026, 7, 1, tzinfo=UTC),
    )
    books.documents[f"xi{number}"] = Invoice(
        external_id=f"xi{number}",
        contact_external_id=f"xc{number}",
        status="AUTHORISED",
        number=f"IGN-{number:04}",
        reference=f"PROP-{number}",
        date=day,
        due_date=day + timedelta(days=14),
        currency="AUD",
        line_amounts="Exclusive",
        tax=tax,
        total=total,
        lines=(line,),
        source_updated_at=datetime(2026, 7, 1, tzinfo=UTC),
    )
    books.invoice_links[f"i{number}"] = f"xi{number}"
    books.expected[f"i{number}"] = Expected(
        number=f"IGN-{number:04}",
        reference=f"PROP-{number}",
        date=day,
        due_date=day + timedelta(days=14),
        tax=tax,
        line_amounts="Exclusive",
        lines=(line,),
    )


def add_payment(books: Books, number: int, *, amount: Decimal) -> None:
    paid = datetime(2026, 7, 10, tzinfo=UTC) + timedelta(days=5 * number)
    books.payments[f"p{number}"] = Payment(
        external_id=f"p{number}",
        invoice_external_ids=(f"i{number}",),
        contact_external_id=f"c{number}",
        status="disbursed",
        collected_at=paid,
        amount=amount,
        currency="AUD",
    )
    books.receipts[f"xp{number}"] = Payment(
        external_id=f"xp{number}",
        invoice_external_ids=(f"xi{number}",),
        contact_external_id=f"xc{number}",
        status="AUTHORISED",
        type="ACCRECPAYMENT",
        date=(paid + timedelta(days=4)).date(),
        amount=amount,
        currency="AUD",
        account_code="880",
    )
    books.payment_links[f"p{number}/i{number}"] = f"xp{number}"


def add_credit(books: Books, key: str, total: int, *, on: str = "", **values: Any) -> Books:
    """A credit note, put on a document where ``on`` says so; its tax is an eleventh."""
    made = Invoice(
        external_id=key,
        contact_external_id="xc0",
        type="ACCRECCREDIT",
        number=key.upper(),
        total=Decimal(total),
        tax=Decimal(total) / 11,
        currency="AUD",
        status="PAID",
        date=date(2026, 7, 20),
        remaining=Decimal(0),
        applied=(Applied(invoice_external_id=on, amount=Decimal(total)),) if on else (),
    )
    books.credits[key] = replace(made, **values)
    return books


def change(records: dict[str, Any], key: str, **values: Any) -> object:
    records[key] = replace(records[key], **values)
    return records[key]


def found(books: Books) -> list[Difference]:
    return compare(books, pair(books))


def kinds(books: Books) -> dict[str, str]:
    """What was found: kind → key."""
    return {item.kind: item.key for item in found(books)}
