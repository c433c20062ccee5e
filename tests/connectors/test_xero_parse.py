"""Xero's credit notes and repeating invoices as neutral records, and through storing without loss."""

from datetime import date
from decimal import Decimal

from connectors.records import Applied, Entry, Invoice, Kind
from connectors.stored import dump, load
from connectors.xero import parse

NOTE = {
    "CreditNoteID": "cn-1",
    "CreditNoteNumber": "CN-0001",
    "Type": "ACCRECCREDIT",
    "Total": Decimal("110.00"),
    "TotalTax": Decimal("10.00"),
    "RemainingCredit": Decimal("60.00"),
    "Status": "AUTHORISED",
    "Allocations": [
        {"Amount": Decimal("50.00"), "Invoice": {"InvoiceID": "inv-1", "InvoiceNumber": "INV-1"}},
    ],
}
REPEATING = {
    "RepeatingInvoiceID": "rep-1",
    "Type": "ACCREC",
    "Contact": {"ContactID": "con-1"},
    "Schedule": {
        "Period": 1,
        "Unit": "MONTHLY",
        "NextScheduledDate": "/Date(1796083200000+0000)/",
        "EndDate": "/Date(1798675200000+0000)/",
    },
    "Total": Decimal("220.00"),
    "CurrencyCode": "AUD",
    "Status": "AUTHORISED",
}


def test_a_credit_note_says_what_is_left_and_where_the_rest_went() -> None:
    row = parse.row(Kind.CREDIT_NOTE, NOTE)
    assert isinstance(row.record, Invoice)
    assert row.record.remaining == Decimal("60.00")
    assert row.record.applied == (Applied(invoice_external_id="inv-1", amount=Decimal("50.00")),)
    assert load(Kind.CREDIT_NOTE, dump(row.record)) == row.record


def test_a_credit_note_with_a_broken_allocation_is_set_aside() -> None:
    row = parse.row(Kind.CREDIT_NOTE, {**NOTE, "Allocations": [{"Invoice": {"InvoiceID": "inv-1"}}]})
    assert row.record is None
    assert "Allocations" in row.problem


def test_a_repeating_invoice_says_how_often_and_until_when() -> None:
    row = parse.row(Kind.REPEATING_INVOICE, REPEATING)
    assert isinstance(row.record, Entry)
    assert (row.record.type, row.record.repeats) == ("ACCREC", "every 1 month")
    assert (row.record.date, row.record.until) == (date(2026, 12, 1), date(2026, 12, 31))
    assert (row.record.amount, row.record.contact_external_id) == (Decimal("220.00"), "con-1")
    assert load(Kind.REPEATING_INVOICE, dump(row.record)) == row.record


def test_a_repeating_invoice_without_a_schedule_is_read_all_the_same() -> None:
    row = parse.row(Kind.REPEATING_INVOICE, {"RepeatingInvoiceID": "rep-2", "Schedule": None})
    assert isinstance(row.record, Entry)
    assert (row.record.repeats, row.record.date) == ("", None)
