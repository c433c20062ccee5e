"""Credit of a client that lies unallocated in Xero, and the open invoice that it is for."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sync import runs
from sync.models import OPEN_RUN_STATES, Change, Kind, Link, Mismatch, Run, Trigger
from sync.reconcile.running import compare_now
from tests.sync.conftest import Office

LONG_AGO = timedelta(days=30)
KINDS = {"note": "credit_unallocated", "over": "payment_unallocated", "pre": "payment_unallocated"}


def open_invoice(office: Office) -> dict[str, Any]:
    """An open document of a linked contact, over an amount that no other of its documents is over."""
    ids = Link.objects.filter(kind=Kind.INVOICE).order_by("pk").values_list("target_external_id", flat=True)
    linked = set(Link.objects.filter(kind=Kind.CONTACT).values_list("target_external_id", flat=True))
    for key in ids:
        found = office.ledger.invoices[key]
        alike = [
            row
            for row in office.ledger.invoices.values()
            if row["Contact"] == found["Contact"] and row["AmountDue"] == found["AmountDue"]
        ]
        is_free = found["Status"] == "AUTHORISED" and found["AmountDue"] > 0 and len(alike) == 1
        if is_free and found["Contact"]["ContactID"] in linked:
            return dict(found)
    raise AssertionError("no open document")


def lay(office: Office, invoice: dict[str, Any], how: str, amount: Decimal, **extra: Any) -> str:
    """Credit of the invoice's contact that lies unallocated in Xero; its id."""
    day = (date.fromisoformat(str(invoice["Date"])) + timedelta(days=1)).isoformat()
    at = office.world.clock.now() - LONG_AGO
    line = {"Description": "Too much", "Quantity": 1, "UnitAmount": amount}
    if how == "note":
        first = invoice["LineItems"][0]
        taxed = {"AccountCode": first["AccountCode"], "TaxType": first["TaxType"]}
        made = office.ledger.put_credit_note(
            {
                "Type": "ACCRECCREDIT",
                "Contact": invoice["Contact"],
                "Date": day,
                "Status": "AUTHORISED",
                "LineAmountTypes": "Inclusive",
                "LineItems": [{**line, **taxed}],
                **extra,
            },
            force=True,
            at=at,
        )
        return str(made["CreditNoteID"])
    made = office.ledger.put_bank_transaction(
        {
            "Type": f"RECEIVE-{how.upper()}PAYMENT",
            "Contact": invoice["Contact"],
            "BankAccount": {"Code": "090"},
            "Date": day,
            "LineAmountTypes": "NoTax",
            "LineItems": [{**line, "AccountCode": "200"} if how == "pre" else line],
            **extra,
        },
        force=True,
        at=at,
    )
    return str(made.get("OverpaymentID") or made.get("PrepaymentID"))


def found(office: Office, how: str, key: str) -> Mismatch:
    office.sync(full=True)
    compare_now(office.practice, trigger=Trigger.COMMAND)
    row: Mismatch | None = Mismatch.objects.filter(kind=KINDS[how], target_external_ids=[key]).first()
    assert row is not None, list(Mismatch.objects.open().values_list("kind", "text"))
    return row


def due(office: Office, invoice: dict[str, Any]) -> Decimal:
    return Decimal(office.ledger.invoices[invoice["InvoiceID"]]["AmountDue"])


def allocations(office: Office, marker: int) -> list[Any]:
    return [call for call in office.writes(marker) if "Allocations" in call.path]


def work_through(office: Office) -> None:
    """Every open run to its end, without waiting for the times at which work would be tried again."""
    for _ in range(100):
        open_runs = Run.objects.filter(practice=office.practice, state__in=OPEN_RUN_STATES)
        if not open_runs.exists():
            return
        open_runs.update(resumes_at=None)
        Change.objects.filter(practice=office.practice).update(not_before=None)
        for pk in list(open_runs.order_by("pk").values_list("pk", flat=True)):
            runs.advance(pk)
    raise AssertionError("a run does not end")
