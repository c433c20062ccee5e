"""The clearing account as the target's ledger has it, and why that is not what should be in it. Pure.

Both have the same payments on it. What differs is how money left: one by what Ignition paid out, the other by what
was coded to the account on the bank. Every payout and every line of the bank is in exactly one item, so the items that
don't come to nought always sum to the difference.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from connectors.records import BankTransaction
from sync.close.items import Item, most_of
from sync.close.movements import LONG_AGO, PAID_OUT, POSTED, REFUNDED, TAKEN_BACK, Movement
from sync.close.periods import month_end
from sync.reconcile.banked import (
    Banked,
    BankPayout,
    is_clearing,
    is_live,
    is_marked,
    match_bank,
    off_account,
    signed,
)
from sync.reconcile.books import ZERO, Books
from sync.reconcile.receipts import Share

CODED_IN, CODED_OUT = "coded_in", "coded_out"
LEDGER_PARTS = (POSTED, REFUNDED, CODED_IN, CODED_OUT)
"""How money moves in the ledger: payments on it, refunds from it, and what the bank put in and took out."""

LEDGER_CAUSES: dict[str, tuple[str, str]] = {
    "not_coded": (
        "Payout not coded",
        "Ignition paid it out; no line on a bank account in Xero fits. It may wait in the bank feed.",
    ),
    "coded_elsewhere": (
        "Payout coded to another account",
        "Its line on the bank account in Xero is coded to an account other than the clearing account.",
    ),
    "matched_elsewhere": (
        "Payout matched to another invoice",
        "Its line seems to be matched with an invoice that it has nothing to do with.",
    ),
    "own_invoices": (
        "Payout put straight on its invoices",
        "Its payments are on the bank account in Xero, and never were on the clearing account.",
    ),
    "coded_later": ("Payout coded later", "Its line is dated after this day."),
    "coded_early": ("Coded before the payout", "Its line is dated before the payout arrived."),
    "coded_in_part": ("Payout coded in part", "A part of its line is coded to another account."),
    "coded_with_tax": (
        "Payout coded with tax",
        "Tax was taken out of it on its way to the clearing account.",
    ),
    "other_amount": ("Payout with another amount", "Its line on the bank account says another amount."),
    "fee_on_it": ("Fees on the account", "Money spent on Ignition is coded to the clearing account."),
    "something_else": (
        "Something else coded to it",
        "A line of the bank that fits no payout is coded to it.",
    ),
}
"""Why an item does not come to nought: title and sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A month of the account in one currency. ``items`` sum to what it has more than there should be."""

    opening: Decimal
    parts: dict[str, Decimal]
    items: tuple[Item, ...] = ()

    @property
    def closing(self) -> Decimal:
        return self.opening + sum(self.parts.values(), ZERO)

    @property
    def difference(self) -> Decimal:
        return sum((item.amount for item in self.items), ZERO)


@dataclass(slots=True)
class _Known:
    payouts: list[BankPayout] = field(default_factory=list)
    line: BankTransaction | None = None


@dataclass(frozen=True, slots=True)
class _Move:
    """``amount`` moves the difference; ``ledger`` (by part) the ledger's own balance."""

    key: str
    part: str
    amount: Decimal
    currency: str
    day: date


def ledgers(
    books: Books, shares: Sequence[Share], moves: Iterable[Movement], months: Sequence[date]
) -> dict[tuple[date, str], Ledger]:
    """The account by month (in order) and currency; nothing where the bank's lines were not read.

    ``moves`` are those of what should be in it.
    """
    if "bank" not in books.read:
        return {}
    every = list(moves)
    known, gaps = _gaps(books, match_bank(books, shares), every)
    own = [_Move(item.key, item.part, item.amount, item.currency, item.day) for item in every]
    out = {}
    for currency in sorted({item.currency for item in (*own, *gaps)}):
        mine = [item for item in own if item.currency == currency and item.part in {POSTED, REFUNDED}]
        here = sorted((item for item in gaps if item.currency == currency), key=lambda item: item.day)
        coded = [item for item in here if item.part in {CODED_IN, CODED_OUT}]
        ledger = sorted([*mine, *coded], key=lambda item: item.day)
        total, place, at = ZERO, 0, 0
        left: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
        since: dict[str, date] = {}
        for month in months:
            last = month_end(month)
            while place < len(ledger) and ledger[place].day < month:
                total += ledger[place].amount
                place += 1
            opening, parts = total, dict.fromkeys(LEDGER_PARTS, ZERO)
            while place < len(ledger) and ledger[place].day <= last:
                total += ledger[place].amount
                parts[ledger[place].part] += ledger[place].amount
                place += 1
            while at < len(here) and here[at].day <= last:
                move = here[at]
                left[move.key][move.part] += move.amount
                since[move.key] = min(since.get(move.key, move.day), move.day)
                at += 1
            items = _items(books, known, left, since, last)
            out[month, currency] = Ledger(opening=opening, parts=parts, items=items)
    return out


def _gaps(books: Books, banked: Banked, moves: Iterable[Movement]) -> tuple[dict[str, _Known], list[_Move]]:
    """What makes the difference, each under the key of its item: a payout left out, a line coded to the account."""
    known: dict[str, _Known] = defaultdict(_Known)
    key_of: dict[tuple[str, str], str] = {}
    of_line: dict[str, str] = {}
    for payout in banked.payouts:
        # Payouts that came as one line are one item.
        key = next((of_line[line.external_id] for line in payout.lines if line.external_id in of_line), "")
        key = key or f"po:{payout.key}"
        key_of[payout.external_id, payout.currency] = key
        of_line.update(dict.fromkeys((line.external_id for line in payout.lines), key))
        known[key].payouts.append(payout)
    out = []
    for move in moves:
        if move.part in {PAID_OUT, TAKEN_BACK}:
            key = key_of.get((move.payout, move.currency)) or f"po:{move.payout or move.key}/{move.currency}"
            out.append(_Move(key, PAID_OUT, -move.amount, move.currency, move.day))
    for line in books.banked.values():
        amount = _effect(books, line) if is_live(line) else ZERO
        if amount:
            key = of_line.get(line.external_id) or f"bank:{line.external_id}"
            if key not in known or not known[key].payouts:
                known[key].line = line
            part = CODED_IN if amount > ZERO else CODED_OUT
            out.append(_Move(key, part, amount, line.currency or books.currency, line.date or LONG_AGO))
    return known, out


def _effect(books: Books, line: BankTransaction) -> Decimal:
    """What a line of the bank does to the clearing account, without any tax in it."""
    amount = signed(line) if is_clearing(books, line.account_code, line.account_external_id) else ZERO
    inclusive = line.line_amounts.casefold() == "inclusive"
    for part in line.lines:
        if is_clearing(books, part.account_code):
            net = part.amount - (part.tax_amount or ZERO) if inclusive else part.amount
            amount += net if line.type.startswith("SPEND") else -net
    return amount


def _items(
    books: Books,
    known: dict[str, _Known],
    left: dict[str, dict[str, Decimal]],
    since: dict[str, date],
    last: date,
) -> tuple[Item, ...]:
    found = []
    for key in sorted(left):
        amount = sum(left[key].values(), ZERO)
        if not amount:
            continue
        facts = known.get(key, _Known())
        line = facts.line or next((line for payout in facts.payouts for line in payout.lines), None)
        contact = books.contacts.get(facts.line.contact_external_id) if facts.line is not None else None
        names = ", ".join(payout.external_id for payout in facts.payouts)
        found.append(
            Item(
                key=key,
                cause=_cause(books, facts, left[key], last),
                amount=amount,
                since=None if since[key] == LONG_AGO else since[key],
                client=contact.name if contact is not None else "",
                document=f"Payout {names}" if names else line.reference if line is not None else "",
                source_id=facts.payouts[0].external_id if facts.payouts else "",
                target_id=line.external_id if line is not None else "",
            )
        )
    return most_of(found)


def _cause(books: Books, facts: _Known, parts: dict[str, Decimal], last: date) -> str:
    coded = parts.get(CODED_IN, ZERO) + parts.get(CODED_OUT, ZERO)
    if facts.line is not None and not facts.payouts:
        spent = facts.line.type.startswith("SPEND") and is_marked(books, facts.line)
        return "fee_on_it" if spent else "something_else"
    lines = [line for payout in facts.payouts for line in payout.lines]
    if not coded:
        return _why_not_coded(facts.payouts, lines, last)
    if not parts.get(PAID_OUT):
        return "coded_early"
    if any(line.date is not None and line.date > last for line in lines):
        return "coded_later"
    if any(off_account(books, line) for line in lines):
        return "coded_in_part"
    taxed = any(part.tax_amount for line in lines for part in line.lines)
    return "coded_with_tax" if taxed else "other_amount"


def _why_not_coded(payouts: Sequence[BankPayout], lines: Sequence[BankTransaction], last: date) -> str:
    if any(line.date is not None and line.date > last for line in lines):
        return "coded_later"
    if lines:
        return "coded_elsewhere"
    if any(payout.receipts for payout in payouts):
        return "matched_elsewhere" if any(payout.is_foreign for payout in payouts) else "own_invoices"
    return "not_coded"
