"""Ignition's monthly fee bills beside the money spent on them in the target. Pure; moves no total.

Ignition bills the fees of a month together, often with its subscription. They are looked for only where the practice
has put in such bills before, to the cent, as money spent: others enter them as a bill to be paid, which is not read.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from connectors.amounts import tax_on
from connectors.records import BankTransaction
from sync.reconcile.banked import is_clearing, is_marked
from sync.reconcile.books import ZERO, Books, Difference
from sync.reconcile.kinds import KINDS
from sync.reconcile.rounding import CENTS, shown

BEFORE, AFTER = 3, 21
"""Days before and after a bill's own within which it was paid."""
HABIT = 2
"""Bills that were put in before, at least, for this to be how the practice does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeBill:
    """The fees that Ignition billed on a day, and the line with just that amount: tax and whole of the part of it."""

    day: date
    currency: str
    amount: Decimal
    line: BankTransaction | None = None
    tax: Decimal = ZERO
    gross: Decimal = ZERO


def fee_bills(books: Books, lines: Sequence[BankTransaction]) -> list[FeeBill]:
    """Every day on which fees were billed, oldest first, each with a line of its own where one fits to the cent."""
    sums: dict[tuple[date, str], Decimal] = defaultdict(lambda: ZERO)
    for row in books.collections.values():
        if row.fee and row.fee_billed_on is not None:
            sums[row.fee_billed_on, row.currency or books.currency] += row.fee
    spent = fee_lines(books, lines)
    taken: set[str] = set()
    out = []
    for (day, currency), amount in sorted(sums.items()):
        bill = FeeBill(day=day, currency=currency, amount=amount)
        for line in spent:
            fitting = _fitting(books, line, bill) if line.external_id not in taken else None
            if fitting is not None:
                bill = FeeBill(
                    day=day, currency=currency, amount=amount, line=line, tax=fitting[0], gross=fitting[1]
                )
                taken.add(line.external_id)
                break
        out.append(bill)
    return out


def fee_lines(books: Books, lines: Sequence[BankTransaction]) -> list[BankTransaction]:
    """Money spent on Ignition, but for what went back to it out of the clearing account."""
    return [
        line
        for line in lines
        if line.type.startswith("SPEND") and is_marked(books, line)
        if not any(is_clearing(books, part.account_code) for part in line.lines)
    ]


def has_habit(bills: Sequence[FeeBill]) -> bool:
    """Whether the practice puts these bills in as money spent."""
    return sum(bill.line is not None for bill in bills) >= HABIT


def compare_fees(books: Books, left: Sequence[BankTransaction]) -> Iterator[Difference]:
    """``left`` are the lines that are no payouts."""
    if "fee" not in books.read:
        return
    bills = fee_bills(books, left)
    known = [bill for bill in bills if bill.line is not None]
    if not known:
        return
    taken = {bill.line.external_id for bill in known if bill.line is not None}
    spent = [line for line in fee_lines(books, left) if line.external_id not in taken]
    taxed = books.chosen.country == "AU" or 2 * sum(bool(bill.tax) for bill in known) > len(known)
    for bill in bills:
        if not books.inside(bill.day) or bill.day < known[0].day:
            continue
        if bill.line is None:
            yield from _not_posted(books, bill, spent)
        elif taxed and books.standard_rate:
            yield from _tax(books, bill)


def _not_posted(books: Books, bill: FeeBill, spent: list[BankTransaction]) -> Iterator[Difference]:
    due = bill.day + KINDS["payout_fee_missing"].grace
    today = books.day(books.now)
    if today is None or today <= due:
        return
    near = [line for line in spent if _is_near(books, line, bill)]
    if near:
        line = min(near, key=lambda item: (abs(item.amount - bill.amount), item.external_id))
        text = f"Ignition billed {shown(bill.currency, bill.amount)}, Xero has {shown(bill.currency, line.amount)}."
        yield _of("payout_fee_other", bill, text, line, at_stake=abs(line.amount - bill.amount))
        return
    text = f"Ignition billed {shown(bill.currency, bill.amount)} on {bill.day:%d %b %Y}."
    tax = tax_on(bill.amount, books.standard_rate, inclusive=True) if books.standard_rate else ZERO
    yield _of("payout_fee_missing", bill, text, None, at_stake=bill.amount, tax=tax)


def _tax(books: Books, bill: FeeBill) -> Iterator[Difference]:
    expected = tax_on(bill.gross, books.standard_rate, inclusive=True)
    if abs(bill.tax - expected) <= CENTS:
        return
    has = shown(bill.currency, bill.tax) if bill.tax else "none"
    should = f"{shown(bill.currency, bill.gross)} should have {shown(bill.currency, expected)} of tax in it"
    text = f"{should}; it has {has}."
    yield _of("payout_fee_tax", bill, text, bill.line, at_stake=bill.gross, tax=abs(bill.tax - expected))


def _fitting(books: Books, line: BankTransaction, bill: FeeBill) -> tuple[Decimal, Decimal] | None:
    """Tax and whole of the line, or of the part of it, that has the amount of a bill with or without its tax."""
    if not _is_near(books, line, bill):
        return None
    whole = [(line.tax or ZERO, line.amount)]
    inclusive = line.line_amounts.casefold() == "inclusive"
    parts = [
        (part.tax_amount or ZERO, part.amount if inclusive else part.amount + (part.tax_amount or ZERO))
        for part in line.lines
    ]
    return next((item for item in (*whole, *parts) if bill.amount in {item[1], item[1] - item[0]}), None)


def _is_near(books: Books, line: BankTransaction, bill: FeeBill) -> bool:
    return (
        line.date is not None
        and (line.currency or books.currency) == bill.currency
        and -timedelta(days=BEFORE) <= line.date - bill.day <= timedelta(days=AFTER)
    )


def _of(
    kind: str,
    bill: FeeBill,
    text: str,
    line: BankTransaction | None,
    *,
    at_stake: Decimal,
    tax: Decimal = ZERO,
) -> Difference:
    return Difference(
        kind=kind,
        key=f"{bill.day}/{bill.currency}",
        text=f"Fees billed on {bill.day:%d %b %Y}. {text}",
        source_ids=(),
        target_ids=(line.external_id,) if line is not None else (),
        currency=bill.currency,
        at_stake=at_stake,
        tax_at_stake=tax,
        dated_on=bill.day,
    )
