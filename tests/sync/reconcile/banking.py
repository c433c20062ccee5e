"""Payouts of a practice and what stands on its bank account in Xero, as rows."""

from datetime import date
from typing import Any

from django.utils import timezone

from mappings.services import publish
from mappings.spec import Choices
from sync.models import Kind, Mismatch, Snapshot
from sync.reconcile.kinds import KINDS
from tests.sync.rows import Books, make_books, make_invoice, make_snapshot

ARRIVED = date(2026, 10, 5)


def banked_books(**extra: Any) -> Books:
    """A payout of 100.00: 60.00 and 50.00 for two invoices of a client, and 10.00 taken back; and another payout."""
    made = make_books(**extra)
    publish(made.practice, Choices(clearing_account="880"), actor=None)
    for code, name in (("880", "Ignition Clearing"), ("200", "Sales"), ("090", "Cheque account")):
        make_snapshot(made.target, Kind.ACCOUNT, f"account-{code}", number=code, name=name)
    make_snapshot(made.target, Kind.CONTACT, "ignition", name="Ignition Payouts")
    client = make_snapshot(made.source, Kind.CONTACT, "cli", name="Harbour Cafe")
    for number, amount in enumerate(("60.00", "50.00"), start=1):
        invoice = make_invoice(made, number=f"INV-{number}", party_external_id=client.external_id)
        collected(made, f"m{number}", amount, invoice_external_id=invoice.external_id)
    collected(made, "m3", "10.00", is_clawback=True)
    collected(made, "other", "999.00", payout_external_id="32000")
    return made


def collected(books: Books, key: str, amount: str, **record: Any) -> Snapshot:
    told = {
        "amount": amount,
        "currency": "AUD",
        "payout_external_id": "31000",
        "payout_state": "paid",
        "arrives_on": ARRIVED.isoformat(),
        **record,
    }
    return make_snapshot(books.source, Kind.COLLECTION, key, date=date(2026, 9, 30), record=told)


def line(books: Books, key: str, amount: str = "100.00", *, account: str = "200", **record: Any) -> Snapshot:
    told = {
        "type": "RECEIVE",
        "amount": amount,
        "currency": "AUD",
        "date": "2026-10-06",
        "reference": "IGNITIONPAY 31000",
        "contact_external_id": "ignition",
        "account_external_id": "account-090",
        "is_reconciled": True,
        "tax": "0.00",
        "lines": [{"description": "IGNITIONPAY", "amount": amount, "account_code": account}],
        **record,
    }
    return make_snapshot(
        books.target,
        Kind.BANK_TRANSACTION,
        key,
        party_external_id=told["contact_external_id"],
        date=date.fromisoformat(told["date"]),
        record=told,
    )


def differs(books: Books, kind: str, *, payouts: tuple[str, ...] = ("31000",), **values: Any) -> Mismatch:
    made = {
        "about": KINDS[kind].about,
        "currency": "AUD",
        "dated_on": ARRIVED,
        "source_external_ids": list(payouts),
        "first_seen_at": timezone.now(),
        "last_seen_at": timezone.now(),
        "fingerprint": f"{kind}/{payouts}",
        "text": "It differs.",
        **values,
    }
    return Mismatch.objects.create(practice=books.practice, kind=kind, **made)
