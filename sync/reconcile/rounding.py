"""What is only rounding, and how money is written in a sentence. Pure."""

from decimal import Decimal

from sync.reconcile.documents import Unit

CENTS = Decimal("0.02")
"""More than this is never called rounding."""
PER_LINE = Decimal("0.01")
"""The most that rounding the amount and the tax of one line can move: half a cent each."""


def is_rounding(unit: Unit, left: Decimal, right: Decimal) -> bool:
    """Whether two totals differ only because one side rounds line by line: few cents, and the lines agree."""
    apart = abs(left - right)
    if apart > CENTS or unit.source is None or unit.target is None:
        return False
    here, there = unit.source.lines, unit.target.lines
    if not there:
        return True
    same = sorted(abs(line.amount) for line in here), sorted(abs(line.amount) for line in there)
    if here and (len(here) != len(there) or any(abs(a - b) > CENTS for a, b in zip(*same, strict=True))):
        return False
    return apart <= PER_LINE * max(len(there), 1)


def shown(currency: str, amount: Decimal) -> str:
    return f"{currency} {amount:,.2f}".strip()
