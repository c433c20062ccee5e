"""Two agreeing ledgers of any size as snapshots, with a few differences: what a comparison is measured on.

Made by hand rather than read from the sandbox, so that a hundred thousand documents are there in a minute. Each
invoice has two lines and is linked as the engine leaves it: with the values both sides last agreed on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bench.big import make_office
from bench.big_practice import Big, Sizes
from bench.bulk import unhindered
from connectors.records import (
    Account,
    Collection,
    Contact,
    Invoice,
    Kind,
    Line,
    Payment,
    Record,
    Service,
    TaxRate,
)
from connectors.stored import dump
from mappings import services
from mappings.spec import Choices
from practices.models import Connection
from sync.invoices import source_digest
from sync.models import Link, LinkMethod, Snapshot

BATCH = 5_000
PER_CLIENT = 10
START = date(2025, 7, 1)
MADE = datetime(2025, 7, 1, tzinfo=UTC)
WORK = ("Monthly bookkeeping", "Business activity statement", "Payroll", "Annual accounts", "Advice")


def make(slug: str, invoices: int) -> Big:
    """A practice with this many invoices on each side; every hundredth differs in its total, is missing, or is late."""
    big = make_office(slug, Sizes(changes=0))
    services.publish(
        big.practice,
        Choices(
            sales_account="200", default_tax="OUTPUT", tax_by_label={"GST": "OUTPUT"}, clearing_account="880"
        ),
        actor=big.owner,
        note="Measured",
    )
    with unhindered(Snapshot, Link):
        _store(big.source, Kind.SERVICE, (_service(number) for number in range(len(WORK))))
        _store(big.target, Kind.ACCOUNT, _accounts())
        _store(
            big.target,
            Kind.TAX_RATE,
            [TaxRate(external_id="OUTPUT", name="GST", rate=Decimal(10), for_revenue=True)],
        )
        clients = max(invoices // PER_CLIENT, 1)
        _store(big.source, Kind.CONTACT, (_client(number) for number in range(clients)))
        _store(big.target, Kind.CONTACT, (_contact(number) for number in range(clients)))
        _store(big.source, Kind.INVOICE, (_invoice(number, clients) for number in range(invoices)))
        _store(
            big.target,
            Kind.INVOICE,
            (_document(number, clients) for number in range(invoices) if number % 300 != 2),
        )
        _store(big.source, Kind.PAYMENT, (_payment(number, clients) for number in range(0, invoices, 2)))
        _store(
            big.source, Kind.COLLECTION, (_collection(number, clients) for number in range(0, invoices, 2))
        )
        _store(big.target, Kind.PAYMENT, (_receipt(number, clients) for number in range(0, invoices, 2)))
        _link(big, _contact_links(big, clients))
        _link(big, _invoice_links(big, invoices, clients))
        _link(big, _payment_links(big, invoices))
    return big


def _store(connection: Connection, kind: Kind, records: Iterable[Record]) -> None:
    rows = []
    for record in records:
        rows.append(_snapshot(connection, kind, record))
        if len(rows) == BATCH:
            Snapshot.objects.bulk_create(rows)
            rows = []
    Snapshot.objects.bulk_create(rows)


def _snapshot(connection: Connection, kind: Kind, record: Any) -> Snapshot:
    """A row as reading leaves it; the raw payload, which nobody compares, is left out."""
    day = getattr(record, "date", None)
    return Snapshot(
        practice_id=connection.practice_id,
        connection=connection,
        kind=kind.value,
        external_id=record.external_id,
        record=dump(record),
        content_hash=record.external_id,
        name=getattr(record, "name", ""),
        email=getattr(record, "email", ""),
        number=getattr(record, "number", ""),
        reference=getattr(record, "reference", ""),
        party_external_id=getattr(record, "contact_external_id", ""),
        status=record.status,
        date=day,
        amount=getattr(record, "total", None) or getattr(record, "amount", None),
        currency=getattr(record, "currency", ""),
        source_created_at=record.source_created_at,
        source_updated_at=record.source_updated_at,
        to_plan=False,
    )


def _link(big: Big, links: Iterator[dict[str, Any]]) -> None:
    rows = [
        Link(
            practice=big.practice,
            source_connection=big.source,
            target_connection=big.target,
            method=LinkMethod.WRITTEN,
            agreed_at=MADE,
            **values,
        )
        for values in links
    ]
    Link.objects.bulk_create(rows, batch_size=BATCH)


def _service(number: int) -> Service:
    return Service(external_id=f"srv_{number}", name=WORK[number], tax_label="GST", status="active")


def _accounts() -> Iterator[Account]:
    yield Account(
        external_id="acc_200",
        name="Sales",
        code="200",
        type="REVENUE",
        account_class="REVENUE",
        status="ACTIVE",
    )
    yield Account(
        external_id="acc_880", name="Ignition clearing", code="880", type="BANK", account_class="ASSET",
        takes_payments=True, status="ACTIVE",
    )  # fmt: skip


def _client(number: int) -> Contact:
    return Contact(
        external_id=f"cli_{number}",
        name=f"{_word(number)} {_word(number * 7 + 3)} {number} Pty Ltd",
        email=f"accounts@client{number}.example",
        phone=f"+61 2 9{number % 1_000:03} {number // 1_000 % 10_000:04}",
        status="active",
        source_created_at=MADE,
        source_updated_at=MADE,
    )


def _contact(number: int) -> Contact:
    return replace(_client(number), external_id=_id("c", number), number=f"IGN-cli_{number}", status="ACTIVE")


def _lines(number: int) -> tuple[Line, ...]:
    return tuple(
        Line(
            external_id=f"l{number}-{place}",
            description=WORK[(number + place) % len(WORK)],
            unit_amount=Decimal(100 + (number * 37 + place * 11) % 900),
            amount=Decimal(100 + (number * 37 + place * 11) % 900),
        )
        for place in range(2)
    )


def _invoice(number: int, clients: int) -> Invoice:
    lines = _lines(number)
    net = sum((line.amount for line in lines), Decimal(0))
    day = START + timedelta(days=number % 365)
    return Invoice(
        external_id=f"inv_{number}",
        contact_external_id=f"cli_{number % clients}",
        status="issued",
        number=f"{number:07}",
        reference=f"PROP-{number // 12}",
        date=day,
        due_date=day + timedelta(days=14),
        currency="AUD",
        total=(net * Decimal("1.1")).quantize(Decimal("0.01")),
        payment_state="unpaid" if number % 2 else "paid",
        lines=lines,
        source_created_at=MADE,
        source_updated_at=MADE,
    )


def _document(number: int, clients: int) -> Invoice:
    """What Xero has of it: every hundredth comes to one dollar more, another is dated a day later."""
    invoice = _invoice(number, clients)
    lines = tuple(
        replace(
            line,
            account_code="200",
            tax_type="OUTPUT",
            tax_amount=(line.amount / 10).quantize(Decimal("0.01")),
            amount=line.amount + (1 if number % 300 == 1 and place == 0 else 0),
        )
        for place, line in enumerate(invoice.lines)
    )
    net = sum((line.amount for line in lines), Decimal(0))
    tax = (net / 10).quantize(Decimal("0.01"))
    return replace(
        invoice,
        external_id=_id("i", number),
        contact_external_id=_id("c", number % clients),
        status="AUTHORISED",
        number=f"IGN-{invoice.number}",
        date=invoice.date + timedelta(days=number % 300 == 3) if invoice.date else None,
        subtotal=net,
        tax=tax,
        total=net + tax,
        line_amounts="Exclusive",
        payment_state="",
        lines=lines,
    )


def _payment(number: int, clients: int) -> Payment:
    invoice = _invoice(number, clients)
    paid = datetime.combine(invoice.date or START, datetime.min.time(), UTC) + timedelta(days=3)
    return Payment(
        external_id=f"pay_{number}",
        invoice_external_ids=(invoice.external_id,),
        contact_external_id=invoice.contact_external_id,
        status="disbursed",
        collected_at=paid,
        amount=invoice.total,
        currency="AUD",
        payout_external_id=f"out_{number // 40}",
    )


def _collection(number: int, clients: int) -> Collection:
    payment = _payment(number, clients)
    return Collection(
        external_id=f"col_{number}",
        invoice_external_id=payment.invoice_external_ids[0],
        contact_external_id=payment.contact_external_id,
        amount=payment.amount,
        currency="AUD",
        started_at=payment.collected_at,
        payout_external_id=payment.payout_external_id,
        payout_state="complete",
    )


def _receipt(number: int, clients: int) -> Payment:
    payment = _payment(number, clients)
    day = payment.collected_at.date() if payment.collected_at else START
    return Payment(
        external_id=_id("p", number),
        invoice_external_ids=(_id("i", number),),
        contact_external_id=_id("c", number % clients),
        type="ACCRECPAYMENT",
        status="AUTHORISED",
        date=day + timedelta(days=2),
        amount=payment.amount,
        currency="AUD",
        reference=payment.external_id,
        account_code="880",
    )


def _contact_links(big: Big, clients: int) -> Iterator[dict[str, Any]]:
    for number in range(clients):
        yield {
            "kind": Kind.CONTACT,
            "source_external_id": f"cli_{number}",
            "target_external_id": _id("c", number),
        }


def _invoice_links(big: Big, invoices: int, clients: int) -> Iterator[dict[str, Any]]:
    for number in range(invoices):
        invoice = _invoice(number, clients)
        lines = [
            {
                "description": line.description,
                "quantity": str(line.quantity),
                "unit_amount": str(line.unit_amount),
                "account_code": "200",
                "tax_type": "OUTPUT",
                "amount": str(line.amount),
            }
            for line in invoice.lines
        ]
        base = {
            "number": f"IGN-{invoice.number}",
            "reference": invoice.reference,
            "date": str(invoice.date),
            "due_date": str(invoice.due_date),
            "tax": str((invoice.total / 11).quantize(Decimal("0.01"))),
            "lines": lines,
        }
        yield {
            "kind": Kind.INVOICE,
            "source_external_id": invoice.external_id,
            "target_external_id": _id("i", number),
            "base_source": base,
            "source_digest": source_digest(invoice),
        }


def _payment_links(big: Big, invoices: int) -> Iterator[dict[str, Any]]:
    for number in range(0, invoices, 2):
        yield {
            "kind": Kind.PAYMENT,
            "source_external_id": f"pay_{number}/inv_{number}",
            "target_external_id": _id("p", number),
        }


def _id(letter: str, number: int) -> str:
    """An id of the length that Xero's have."""
    return f"{letter:0<8}-0000-4000-8000-{number:012}"


def _word(number: int) -> str:
    """A word that few others share, out of syllables."""
    syllables = (
        "ba",
        "ce",
        "di",
        "fo",
        "gu",
        "ha",
        "ke",
        "li",
        "mo",
        "nu",
        "pa",
        "re",
        "si",
        "to",
        "va",
        "wy",
    )
    return "".join(syllables[(number >> shift) % 16] for shift in (0, 4, 8)).title()
