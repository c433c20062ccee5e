"""Line and invoice arithmetic: Decimal, half a cent rounds up, tax worked out per line and then summed."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
ZERO = Decimal("0.00")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def line_total(quantity: Decimal, unit_price: Decimal, discount: Decimal = ZERO) -> Decimal:
    """A line in its own tax mode: quantity times price rounded to cents, less a discount in money."""
    return cents(quantity * unit_price) - cents(discount)


def line_tax(total: Decimal, percent: Decimal, mode: str) -> Decimal:
    """The tax on top of (exclusive) or inside (inclusive) a line total; none in mode `none`."""
    if mode == "exclusive":
        return cents(total * percent / HUNDRED)
    if mode == "inclusive":
        return cents(total * percent / (HUNDRED + percent))
    return ZERO


def invoice_total(lines: Iterable[tuple[Decimal, Decimal]], mode: str) -> Decimal:
    """What the client owes, from (line total, tax percent) pairs."""
    total = ZERO
    for amount, percent in lines:
        total += amount
        if mode == "exclusive":
            total += line_tax(amount, percent, mode)
    return total
