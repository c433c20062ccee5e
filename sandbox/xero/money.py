"""Line amounts, tax and totals as Xero works them out: per line, half a cent up, then summed."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.xero.payload import ValidationFailed

CENT = Decimal("0.01")
FOUR_PLACES = Decimal("0.0001")
NIL = Decimal("0.00")
LARGEST_LINE = Decimal("9999999999.99")
LINE_AMOUNT_TYPES = ("Exclusive", "Inclusive", "NoTax")


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def unit_price(value: Decimal, places: int) -> Decimal:
    """A unit amount as Xero keeps it: two decimals, four when the caller asked for `unitdp=4`."""
    return value.quantize(FOUR_PLACES if places == 4 else CENT, rounding=ROUND_HALF_UP)


def line_amount(
    quantity: Decimal, unit: Decimal, *, discount_rate: Decimal | None, discount_amount: Decimal | None
) -> Decimal:
    """The line before or with tax, whichever the document's LineAmountTypes says. Raises ValidationFailed."""
    gross = quantity * unit
    if discount_rate is not None:
        gross *= 1 - discount_rate / 100
    elif discount_amount is not None:
        gross -= discount_amount
    amount = cents(gross)
    if abs(amount) > LARGEST_LINE:
        raise ValidationFailed(f"The line amount cannot be larger than {LARGEST_LINE}.")
    return amount


def line_tax(amount: Decimal, rate: Decimal, types: str) -> Decimal:
    """Tax of one line; `rate` in percent."""
    if types == "NoTax":
        return NIL
    if types == "Inclusive":
        return cents(amount * rate / (100 + rate))
    return cents(amount * rate / 100)


def totals(lines: Iterable[dict[str, Any]], types: str) -> tuple[Decimal, Decimal, Decimal]:
    """SubTotal, TotalTax, Total."""
    amount, tax = NIL, NIL
    for line in lines:
        amount += line.get("LineAmount") or NIL
        tax += line.get("TaxAmount") or NIL
    if types == "Inclusive":
        return amount - tax, tax, amount
    return amount, tax, amount + tax
