"""Putting a client's credit on one of its invoices: credit notes, overpayments and prepayments.

Xero takes one credit a call and repeats only the allocation. The credit is read once more after that, so that what is
left of it is known; when that fails the allocation is done all the same.

The day of an allocation tells nothing: Xero may date it itself, on the later of the days of invoice and credit.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from connectors.amounts import NotANumber, decimal
from connectors.base import Outcome, Row, Write
from connectors.errors import ConnectorError, Unclear
from connectors.fields import text
from connectors.records import Kind
from connectors.xero import failures

KINDS = frozenset({Kind.CREDIT_NOTE, Kind.OVERPAYMENT, Kind.PREPAYMENT})
AT_ONCE = 1
"""How many one call takes: its address names the credit."""

ReadOne = Callable[[Kind, str], Row]


def body(write: Write) -> dict[str, Any]:
    return {
        "Allocations": [
            {
                "Invoice": {"InvoiceID": write.values["invoice_external_id"]},
                "Amount": Decimal(write.values["amount"]),
                "Date": write.values["date"],
            }
        ]
    }


def outcome(kind: Kind, write: Write, answer: Any, read_one: ReadOne) -> Outcome:
    """What Xero's answer to one allocation says. Raises :class:`Unclear` when it says nothing about it."""
    data = answer.get("Allocations") if isinstance(answer, dict) else None
    found = [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
    refused = list(dict.fromkeys(said for item in found for said in failures.refusal(item)))
    if refused:
        return Outcome(ok=False, messages=tuple(refused))
    made = next((item for item in found if is_made(write, item)), None)
    if made is None:
        raise Unclear(
            "Xero's answer could not be read, so it will be looked up before anything is sent again.",
            provider=failures.PROVIDER,
        )
    try:
        row = read_one(kind, write.external_id)
    except ConnectorError:
        return Outcome(ok=True, external_id=write.external_id, raw=made)
    return Outcome(ok=True, external_id=write.external_id, record=row.record, raw=row.raw)


def find(kind: Kind, writes: Sequence[Write], read_one: ReadOne) -> dict[str, Row]:
    """Which of these stand on their credit already.

    Each was to take all that was left of its credit. While that much is left, an equal one is an earlier one.
    """
    out = {}
    for write in writes:
        row = read_one(kind, write.external_id)
        made = row.raw.get("Allocations") or []
        if _is_used(write, row) and any(isinstance(item, dict) and is_made(write, item) for item in made):
            out[write.key] = row
    return out


def _is_used(write: Write, row: Row) -> bool:
    """Whether less is left of the credit than was to be allocated, or nobody can say."""
    try:
        left = decimal(row.raw["RemainingCredit"])
    except (KeyError, NotANumber):
        return True
    return left < Decimal(write.values["amount"])


def is_made(write: Write, item: dict[str, Any]) -> bool:
    """Whether an allocation is to the same invoice over the same amount."""
    values = write.values
    if text(item, "Invoice", "InvoiceID").lower() != str(values["invoice_external_id"]).lower():
        return False
    try:
        amount = decimal(item["Amount"]) if item.get("Amount") is not None else None
    except NotANumber:
        return False
    return amount == Decimal(values["amount"])
