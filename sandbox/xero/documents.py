"""What invoices and credit notes have in common: status moves, lock dates, currency, settling."""

from __future__ import annotations

from decimal import Decimal

from sandbox.xero import money
from sandbox.xero.books import Books, Mode
from sandbox.xero.payload import Row, ValidationFailed, number, text

WRONG_STATUS = "Invoice not of valid status for modification"
HAS_MONEY = "This document cannot be edited as it has a payment or credit note allocated to it"
OVERPAID = "Payment amount exceeds the amount outstanding on this document"

# What a caller may turn a status into. PAID comes and goes by itself.
MOVES = {
    "DRAFT": ("SUBMITTED", "AUTHORISED", "DELETED"),
    "SUBMITTED": ("DRAFT", "AUTHORISED", "DELETED"),
    "AUTHORISED": ("VOIDED",),
    "PAID": (),
    "DELETED": (),
    "VOIDED": (),
}
OPEN_STATUSES = ("DRAFT", "SUBMITTED", "AUTHORISED")


def check_lock(books: Books, day: str, mode: Mode) -> None:
    """Refuse a posting dated in a locked period; the lock date itself is locked."""
    if mode.force:
        return
    if books.end_of_year_lock_date and day <= books.end_of_year_lock_date:
        raise ValidationFailed("The document date cannot be before the end of year lock date")
    if books.period_lock_date and day <= books.period_lock_date:
        raise ValidationFailed("The document date cannot be before the period lock date")


def new_status(payload: Row) -> str:
    status = text(payload, "Status") or "DRAFT"
    if status not in OPEN_STATUSES:
        raise ValidationFailed(f"Invoice status '{status}' is not valid for a new document.")
    return status


def next_status(row: Row, payload: Row, *, has_money: bool) -> str:
    """The status after a change. Raises ValidationFailed when the move is not allowed."""
    now = row["Status"]
    wanted = text(payload, "Status") or now
    if now in ("DELETED", "VOIDED"):
        raise ValidationFailed(WRONG_STATUS)
    if wanted == now:
        return str(now)
    if wanted not in MOVES[now]:
        raise ValidationFailed(WRONG_STATUS)
    if wanted == "VOIDED" and has_money:
        raise ValidationFailed(HAS_MONEY)
    return wanted


def line_types(payload: Row, default: str) -> str:
    value = text(payload, "LineAmountTypes")
    if value is None:
        return default
    found = next((kind for kind in money.LINE_AMOUNT_TYPES if kind.lower() == value.lower()), None)
    if found is None:
        raise ValidationFailed(f"The LineAmountTypes '{value}' is not valid.")
    return found


def currency(books: Books, payload: Row, default: str | None) -> str:
    code = text(payload, "CurrencyCode") or default or books.currency
    if code not in books.currencies:
        raise ValidationFailed(f"Organisation is not subscribed to currency {code}")
    return code


def rate(books: Books, payload: Row, code: str, default: Decimal | None = None) -> Decimal:
    if code == books.currency:
        return Decimal(1)
    value = number(payload, "CurrencyRate") or default or books.currencies[code].get("_rate") or Decimal(1)
    if value <= 0:
        raise ValidationFailed("The CurrencyRate must be positive.")
    return value


def set_totals(row: Row) -> None:
    """Totals from the lines. Raises ValidationFailed when the document would be negative."""
    row["SubTotal"], row["TotalTax"], row["Total"] = money.totals(row["LineItems"], row["LineAmountTypes"])
    if row["Total"] < 0:
        raise ValidationFailed("The total amount of the document cannot be negative.")


def settle(books: Books, row: Row, day: str) -> None:
    """Bring AmountDue and the status of an invoice in line with what was paid and credited."""
    if row["Status"] in ("VOIDED", "DELETED"):
        row["AmountDue"] = money.NIL
        return
    row["AmountDue"] = row["Total"] - row["AmountPaid"] - row["AmountCredited"]
    if row["Status"] == "AUTHORISED" and row["AmountDue"] <= 0:
        row["Status"], row["FullyPaidOnDate"] = "PAID", day
    elif row["Status"] == "PAID" and row["AmountDue"] > 0:
        row["Status"] = "AUTHORISED"
        row.pop("FullyPaidOnDate", None)


def settle_credit(row: Row) -> None:
    """The same for a credit note, an overpayment or a prepayment."""
    if row["Status"] in ("VOIDED", "DELETED"):
        row["RemainingCredit"] = money.NIL
        return
    row["RemainingCredit"] = row["Total"] - row["_used"]
    if row["Status"] == "AUTHORISED" and row["RemainingCredit"] <= 0:
        row["Status"] = "PAID"
    elif row["Status"] == "PAID" and row["RemainingCredit"] > 0:
        row["Status"] = "AUTHORISED"


def printable(value: str, field: str) -> str:
    if not all(" " <= letter <= "~" for letter in value):
        raise ValidationFailed(f"The {field} can only contain printable ASCII characters.")
    return value
