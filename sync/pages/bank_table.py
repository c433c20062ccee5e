"""What a payout is beside its lines on the bank account in Xero, ready to show. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sync.models import Snapshot
from sync.pages.diff import Value

ZERO = Decimal(0)
FEE_KINDS = frozenset({"payout_fee_missing", "payout_fee_other", "payout_fee_tax"})
NOT_THERE = frozenset({"payout_bank_line", "payout_fee_missing"})
"""Differences that say that nothing on the bank account fits."""
MARKED: Mapping[str, frozenset[str]] = {
    "payout_bank_line": frozenset({"amount"}),
    "payout_unreconciled": frozenset({"reconciled"}),
    "payout_elsewhere": frozenset({"account"}),
    "payout_other_invoice": frozenset({"account"}),
    "payout_rule_tax": frozenset({"tax"}),
    "payout_fee_other": frozenset({"amount"}),
    "payout_fee_tax": frozenset({"tax"}),
    "connection_bank_rule": frozenset({"account"}),
}
"""What is wrong on the bank account, by kind of difference; a cell is marked only where it really differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Money collected for an invoice, or taken back (``is_back``), as it is in a payout."""

    day: date | None
    client: str
    number: str
    invoice: int | None
    value: Value
    is_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOut:
    """One payout; a fee bill has no ``external_id``. ``more`` movements are not listed."""

    external_id: str
    day: date | None
    value: Value
    movements: Sequence[Movement]
    more: int = 0

    @property
    def number(self) -> int:
        return len(self.movements) + self.more


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBank:
    """A line of a bank account, or a payment straight on it, in Xero. ``marked`` names cells that are wrong."""

    snapshot: Snapshot
    what: str
    day: date | None
    amount: Decimal
    value: Value
    said: str
    bank: str
    account: str
    tax: Value
    reconciled: str
    link: str
    marked: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankRow:
    """One thing told of both: what Ignition paid out, and each line in Xero with whether it differs."""

    label: str
    left: Value
    right: Sequence[tuple[Value, bool]]

    @property
    def differs(self) -> bool:
        return any(marked for _, marked in self.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A payout and its lines, for differences that are about several."""

    payout: PaidOut | None
    lines: Sequence[OnBank]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankSide:
    """``rows`` compare the only payout with its lines; ``pairs`` are there where it is about several payouts.

    ``is_bill``: it is about fees that Ignition billed. ``nothing_there``: nothing on a bank account fits.
    """

    payouts: Sequence[PaidOut]
    lines: Sequence[OnBank]
    rows: Sequence[BankRow]
    pairs: Sequence[Pair]
    is_bill: bool
    nothing_there: bool

    @property
    def payout(self) -> PaidOut | None:
        return self.payouts[0] if len(self.payouts) == 1 else None

    @property
    def snapshots(self) -> list[Snapshot]:
        return [line.snapshot for line in self.lines]


def beside(payouts: Sequence[PaidOut], lines: Sequence[OnBank]) -> list[Pair]:
    """Each payout with the nearest line of its amount, and at the end the lines that are none of them. Pure."""
    free = list(lines)
    out = []
    for payout in sorted(payouts, key=lambda one: (one.day or date.min, one.external_id), reverse=True):
        fitting = [line for line in free if line.amount == payout.value.value]
        nearest = min(fitting, key=lambda line: _apart(payout.day, line.day), default=None)
        if nearest is not None:
            free.remove(nearest)
        out.append(Pair(payout=payout, lines=(nearest,) if nearest is not None else ()))
    return [*out, *(Pair(payout=None, lines=(line,)) for line in free)]


def _apart(one: date | None, other: date | None) -> int:
    return abs((one - other).days) if one is not None and other is not None else 10**6


def bank_rows(
    code: str, currency: str, payouts: Sequence[PaidOut], lines: Sequence[OnBank], clearing: str
) -> list[BankRow]:
    """What a payout or bill asks for beside what each line says; what no line tells is left out."""
    payout = payouts[0] if payouts else None
    is_bill = code in FEE_KINDS
    owed = payout.value if payout is not None else Value("")
    if is_bill and payout is not None:
        owed = Value(-payout.value.value, "money", payout.value.currency)
    no_tax = Value("") if is_bill else Value(ZERO, "money", currency)
    table = (
        ("day", "Day", Value(payout.day if payout else None, "day"), [Value(x.day, "day") for x in lines]),
        ("amount", "Amount", owed, [x.value for x in lines]),
        ("said", "Says", Value(""), [Value(x.said) for x in lines]),
        ("bank", "Bank account", Value(""), [Value(x.bank) for x in lines]),
        ("account", "Coded to", Value("" if is_bill else clearing), [Value(x.account) for x in lines]),
        ("tax", "Tax", no_tax, [x.tax for x in lines]),
        ("reconciled", "Reconciled", Value("" if is_bill else "Yes"), [Value(x.reconciled) for x in lines]),
    )
    out = []
    for name, label, left, cells in table:
        if all(cell.empty for cell in cells) and (left.empty or name not in {"day", "amount"}):
            continue
        right = [(cell, name in line.marked) for line, cell in zip(lines, cells, strict=True)]
        out.append(BankRow(label=label, left=left, right=right))
    return out
