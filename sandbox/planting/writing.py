"""What people and the two systems write: invoices, pushes by the native link, collected money, edits in Xero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.ignition.amounts import cents, invoice_total, line_total
from sandbox.ignition.state import stamp
from sandbox.ignition.tax_labels import TAX_LABELS
from sandbox.planting.ground import BANK_CODE, CLEARING_CODE, Document, Ground, NoGround, Party
from sandbox.seed.banking import NO_TAX, SUPPLIER, bank_line
from sandbox.seed.calendar_days import add_working_days, instant
from sandbox.xero.books import Mode
from sandbox.xero.payload import Row

LINE_AMOUNTS = {"Exclusive": "exclusive", "Inclusive": "inclusive", "NoTax": "none"}


@dataclass(frozen=True)
class Money:
    """A collected payment in Ignition: its row, its one collections row, and the day it was in the bank.

    line: what the bank rule made of it in Xero, once the payout was completed.
    """

    payment: Row
    collection: Row
    arrival: date
    line: Row | None = None


def new_invoice(ground: Ground, party: Party, day: date, **facts: Any) -> Row:
    """Some hours of advice for a client, issued on that day; Ignition's own link has not touched it."""
    practice, at = ground.practice, instant(day, ground.zone, 6)
    proposal = party.proposals[-1] if party.proposals else None
    if proposal is None:
        raise NoGround(f"{party.name} has no engagement")
    mode = _mode(party)
    price = next(row for row in practice.services if row["name"] == "Business advice")["price"]
    label = TAX_LABELS[practice.country]
    percent = next(iter(label.values())).percent
    if mode == "inclusive":
        price = cents(price * (1 + percent / 100))
    quantity = Decimal(ground.draw.between(5, 39)) / 4
    amount = line_total(quantity, price)
    slug = practice.slugs.slug("inv", at)
    return practice.upsert(
        "invoices",
        {
            "slug": slug,
            "reference_number": practice.slugs.token(at),
            "reference": None,
            "billing_reference": proposal["reference_number"],
            "client": {"slug": party.slug, "name": party.name},
            "state": "issued",
            "payment_state": "unpaid",
            "payment_date": None,
            "payment_method_type": None,
            "payment_source": None,
            "payment_reference": None,
            "amount": {
                "total": invoice_total([(amount, percent)], mode),
                "surcharge": Decimal(0),
                "currency": practice.currency,
            },
            "date": day.isoformat(),
            "due_date": (day + timedelta(days=14)).isoformat(),
            "items": [
                {
                    "description": "Business advice",
                    "quantity": quantity,
                    "unit_price": price,
                    "discount": Decimal("0.00"),
                    "total": amount,
                    "currency": practice.currency,
                    "origin_type": "proposal",
                    "origin_identifier": proposal["slug"],
                }
            ],
            "memo": None,
            "issued_by": None,
            "source": "ignition",
            "deployment": None,
            "disbursal": None,
            "link": f"https://go.ignitionapp.example/invoices/{slug}",
            "created_at": stamp(at),
            **facts,
        },
    )


def push(ground: Ground, party: Party, invoice: Row, *, at: datetime | None = None, **facts: Any) -> Document:
    """Ignition's own link makes the document in Xero and says so on the invoice. `facts` change the payload.

    `at` is when it did; now when left out.
    """
    ledger, mode = ground.ledger, _mode(party)
    types = next(name for name, known in LINE_AMOUNTS.items() if known == mode)
    tax = next(iter(TAX_LABELS[ground.practice.country].values())).xero_tax_type
    account = _account(party)
    document = ledger.put_invoice(
        {
            "Type": "ACCREC",
            "Contact": {"ContactID": party.key},
            "Date": invoice["date"],
            "DueDate": invoice["due_date"],
            "Reference": invoice["billing_reference"],
            "LineAmountTypes": types,
            "Status": "AUTHORISED",
            "CurrencyCode": invoice["amount"]["currency"],
            "SentToContact": True,
            "LineItems": [
                {
                    "Description": item["description"],
                    "Quantity": item["quantity"],
                    "UnitAmount": item["unit_price"],
                    "AccountCode": account,
                    "TaxType": tax,
                    "Tracking": _tracking(party),
                }
                for item in invoice["items"]
            ],
            **facts,
        },
        force=True,
        at=at,
        unitdp=4,
    )
    stored = ground.practice.upsert("invoices", {"slug": invoice["slug"], "deployment": deployment(document)})
    return Document(stored, document)


def deployment(document: Row | None = None, *, state: str = "completed", message: str | None = None) -> Row:
    return {
        "ledger": "xero",
        "state": state,
        "external_id": document["InvoiceID"] if document else None,
        "external_number": document["InvoiceNumber"] if document else None,
        "message": message,
    }


def collect(
    ground: Ground,
    invoice: Row,
    *,
    ago: int,
    amount: Decimal | None = None,
    payout: str = "completed",
    **facts: Any,
) -> Money:
    """Ignition takes the money from the client's card and pays it out, in a payout of its own.

    payout: its state, completed, started or failed; empty when there is none yet.
    """
    practice, day = ground.practice, ground.day(ago)
    taken = instant(day, ground.zone, 11)
    arrival = add_working_days(day, 2)
    whole = invoice["amount"]["total"]
    amount = whole if amount is None else amount
    slug, number = practice.slugs.slug("pypay", taken), str(practice.new_number())
    disbursal = {"id": number, "state": payout} if payout else None
    payment = practice.upsert(
        "payments",
        {
            "slug": slug,
            "client": {"slug": invoice["client"]["slug"]},
            "invoices": [{"slug": invoice["slug"]}],
            "amount": {"amount": amount, "surcharge": Decimal(0), "currency": practice.currency},
            "state": "disbursed" if payout == "completed" else "collected",
            "collection": {
                "type": "credit card",
                "state": "completed",
                "completed_at": stamp(taken),
                "fee_amount": None,
            },
            "available_on": arrival.isoformat(),
            "disbursal": disbursal,
            "link": f"https://go.ignitionapp.example/payments/{slug}",
            "created_at": stamp(taken - timedelta(minutes=2)),
            **facts,
        },
    )
    collection = move(ground, invoice, amount, ago=ago, payout=number, state=payout)
    line = landed(ground, amount, arrival) if payout == "completed" and amount else None
    practice.upsert(
        "invoices",
        {
            "slug": invoice["slug"],
            "payment_state": "paid" if amount >= whole else "partially_paid",
            "payment_date": day.isoformat(),
            "payment_method_type": "credit_card",
            "payment_source": "ignition",
            "disbursal": disbursal,
        },
    )
    return Money(payment, collection, arrival, line)


def move(
    ground: Ground,
    invoice: Row,
    amount: Decimal,
    *,
    ago: int,
    payout: str = "",
    state: str = "completed",
    kind: str = "payment_collection",
) -> Row:
    """One collections row: money for an invoice that came, or that went back; without a payout it waits for one."""
    practice, day = ground.practice, ground.day(ago)
    client = practice.get("clients", invoice["client"]["slug"]) or {}
    arrival = add_working_days(day, 2)
    paid_out = {
        "id": payout,
        "state": state,
        "submitted_date": add_working_days(day, 1).isoformat(),
        "arrival_date": arrival.isoformat(),
    }
    return practice.upsert(
        "collections",
        {
            "type": kind,
            "amount": {"total": amount, "surcharge": Decimal(0), "currency": practice.currency},
            "client": {
                "slug": invoice["client"]["slug"],
                "name": client.get("name"),
                "external_client_id": client.get("external_client_id"),
            },
            "invoice": {"slug": invoice["slug"], "number": invoice["reference_number"]},
            "payment": {
                "started_at": stamp(instant(day, ground.zone, 10, 58)),
                "fee": None,
                "fee_description": None,
                "fee_invoice_date": None,
            },
            "disbursal": paid_out if payout and state else None,
        },
    )


def landed(ground: Ground, amount: Decimal, arrival: date, **facts: Any) -> Row:
    """The payout on the bank account in Xero, as the bank rule codes it; `facts` change the payload."""
    tax = NO_TAX[ground.practice.country]
    payload = bank_line(amount, arrival, account=CLEARING_CODE, tax=tax)
    return ground.ledger.put_bank_transaction({**payload, "Contact": {"Name": SUPPLIER}, **facts}, force=True)


def put_on_line(ground: Ground, row: Row | None, amount: Decimal) -> None:
    """Another amount on a line of the bank account that has no tax in it."""
    if row is None:
        raise NoGround("the payout is not in the bank account")
    line = {**row["LineItems"][0], "UnitAmount": amount, "LineAmount": amount}
    put_straight(
        ground, "bank_transactions", row, LineItems=[line], SubTotal=amount, Total=amount, TotalTax=Decimal(0)
    )


def receive(ground: Ground, document: Row, amount: Decimal, on: date, **facts: Any) -> Row:
    """The payment in Xero as Ignition's own link posts it; `facts` change the payload."""
    return ground.ledger.put_payment(
        {
            "Invoice": {"InvoiceID": document["InvoiceID"]},
            "Account": {"Code": CLEARING_CODE},
            "Date": on.isoformat(),
            "Amount": amount,
            "Reference": f"Ignition {document['Reference']}",
            **facts,
        },
        force=True,
    )


def bank(**facts: Any) -> Row:
    """What makes of such a payment one that a person took from the bank statement."""
    return {"Account": {"Code": BANK_CODE}, "Reference": "EFT", **facts}


def edit(ground: Ground, document: Row, **payload: Any) -> Row:
    """What a person changes in a document in Xero, by Xero's rules."""
    return ground.ledger.post_invoice({"InvoiceID": document["InvoiceID"], **payload}, force=True, unitdp=4)


def edit_lines(ground: Ground, document: Row, change: Callable[[int, Row], Row]) -> Row:
    """The same for its lines: `change` gets the number of a line and the line, and gives what is new in it."""
    lines = [
        {"LineItemID": line["LineItemID"], **change(position, line)}
        for position, line in enumerate(document["LineItems"])
    ]
    return edit(ground, document, LineItems=lines)


def put_straight(ground: Ground, kind: str, row: Row, **changes: Any) -> Row:
    """Values past every rule, where a state of Xero comes about in another way than by an edit."""
    row.update(changes)
    ground.ledger.save(kind, row, Mode(force=True), created=False)
    return row


def _mode(party: Party) -> str:
    """How prices relate to tax; a client without documents has them on top."""
    return LINE_AMOUNTS[party.documents[-1].document["LineAmountTypes"]] if party.documents else "exclusive"


def _account(party: Party) -> str:
    lines = party.documents[-1].document["LineItems"] if party.documents else []
    return str(lines[0]["AccountCode"]) if lines else "200"


def _tracking(party: Party) -> list[Row]:
    """The native link puts the same on every line of a client."""
    lines = party.documents[-1].document["LineItems"] if party.documents else []
    return [
        {"Name": entry["Name"], "Option": entry["Option"]} for line in lines[:1] for entry in line["Tracking"]
    ]
