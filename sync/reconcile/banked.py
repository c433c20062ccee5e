"""Which lines of the bank account in the target are which payouts. Pure.

No system tells it: a payout and its line have the amount and about the day in common. A line that is coded to the
clearing account, or says where the money is from, is taken before one that merely fits. One line may be several
payouts, and several lines of a day one payout. The same books give the same pairs.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from connectors.records import BankTransaction, Collection, Line, Payment
from sync.reconcile.books import ZERO, Books
from sync.reconcile.payouts import PAID
from sync.reconcile.shares import SALES, Share, is_alive

MARK = "ignition"
"""In the text or the name on a line of Ignition's: its payouts say IGNITIONPAY."""
EARLY, LATE = 2, 7
"""Days by which a line may be dated before or after the payout's own day: weekends, holidays, and who typed it."""
PLAIN_LATE = 3
"""The same for a line that only has the amount in common."""
MOST_JOINED = 7
"""Payouts in one line, at most: a week of them."""
MOST_SPLIT = 12
"""Lines of one day that are tried together."""
CODED, MARKED, PLAIN = 0, 1, 2


@dataclass(slots=True, kw_only=True)
class BankPayout:
    """One payout that landed, and what the target has of it on a bank account.

    ``lines`` are its own, or one that it shares with ``others``. ``receipts`` are payments straight on a bank account:
    its own payments, or (``is_foreign``) one for something else. ``is_other``: a line of its day says another amount.
    """

    external_id: str
    currency: str
    amount: Decimal
    day: date | None
    rows: list[Collection] = field(default_factory=list)
    lines: tuple[BankTransaction, ...] = ()
    others: tuple[str, ...] = ()
    receipts: tuple[Payment, ...] = ()
    is_foreign: bool = False
    is_other: bool = False

    @property
    def key(self) -> str:
        return f"{self.external_id}/{self.currency}"

    @property
    def is_found(self) -> bool:
        return bool(self.lines or self.receipts) and not self.is_other


@dataclass(frozen=True, slots=True)
class Banked:
    """Every payout that landed, and the lines of bank accounts that none of them is."""

    payouts: list[BankPayout]
    left: list[BankTransaction]


def match_bank(books: Books, shares: Sequence[Share]) -> Banked:
    """Pair them up. ``shares`` tell which payments are a payout's own."""
    matching = _Matching(books, shares)
    for rank in (CODED, MARKED):
        matching.one_to_one(rank)
    matching.joined()
    matching.split()
    matching.own_payments(shares)
    matching.one_to_one(PLAIN)
    matching.foreign_payments()
    matching.other_amounts()
    return Banked(matching.payouts, matching.left())


def landed_payouts(books: Books) -> list[BankPayout]:
    """Every payout that has landed, of all time, with all its rows: what the bank got, oldest first."""
    found: dict[tuple[str, str], BankPayout] = {}
    for row in books.collections.values():
        if not row.payout_external_id or row.payout_state.lower() != PAID:
            continue
        key = row.payout_external_id, row.currency or books.currency
        payout = found.setdefault(key, BankPayout(external_id=key[0], currency=key[1], amount=ZERO, day=None))
        payout.rows.append(row)
        payout.amount += -row.amount if row.is_clawback else row.amount
        days = [day for day in (payout.day, row.arrives_on or row.submitted_on) if day is not None]
        payout.day = max(days, default=None)
    return sorted(found.values(), key=lambda item: (item.day or date.min, item.external_id, item.currency))


def is_live(line: BankTransaction) -> bool:
    return line.status.upper() != "DELETED"


def signed(line: BankTransaction) -> Decimal:
    """What the bank account got by it."""
    return -line.amount if line.type.startswith("SPEND") else line.amount


def is_clearing(books: Books, code: str, external_id: str = "") -> bool:
    """Whether an account is one that the mapping puts payments on; it is named by code or id."""
    return not books.chosen.clearing.isdisjoint({code, external_id} - {""})


def off_account(books: Books, line: BankTransaction) -> list[Line]:
    """The parts of a line that are not coded to the clearing account; parts without money count nowhere."""
    return [part for part in line.lines if part.amount and not is_clearing(books, part.account_code)]


def is_marked(books: Books, line: BankTransaction) -> bool:
    """Whether its text, or the contact on it, names Ignition."""
    contact = books.contacts.get(line.contact_external_id)
    texts = (line.reference, contact.name if contact else "", *(part.description for part in line.lines))
    return any(MARK in text.casefold() for text in texts)


def is_on_bank(books: Books, receipt: Payment) -> bool:
    """Whether a payment was put straight on a bank account. Only bank accounts may have no code."""
    if is_clearing(books, receipt.account_code, receipt.account_external_id):
        return False
    account = books.accounts.get(receipt.account_code)
    return account.type == "BANK" if account is not None else not receipt.account_code


class _Matching:
    """What is still to be paired, step by step."""

    def __init__(self, books: Books, shares: Sequence[Share]) -> None:
        self.books = books
        self.payouts = landed_payouts(books)
        self.lines = sorted(
            (
                line
                for line in books.banked.values()
                if is_live(line) and not is_clearing(books, line.account_code, line.account_external_id)
            ),
            key=lambda line: (line.date or date.min, line.external_id),
        )
        self.taken: set[str] = set()
        self.ranks = {line.external_id: self._rank(line) for line in self.lines}
        self.by_amount: dict[tuple[int, str, Decimal], list[BankTransaction]] = defaultdict(list)
        for line in self.lines:
            self.by_amount[self.ranks[line.external_id], self._currency(line), signed(line)].append(line)
        self.paired = {share.target_id for share in shares if share.item is not None} - {""}

    def _rank(self, line: BankTransaction) -> int:
        if any(is_clearing(self.books, part.account_code) for part in line.lines):
            return CODED
        return MARKED if is_marked(self.books, line) else PLAIN

    def _currency(self, line: BankTransaction) -> str:
        return line.currency or self.books.currency

    def left(self) -> list[BankTransaction]:
        return [line for line in self.lines if line.external_id not in self.taken]

    def _open(self) -> Iterator[BankPayout]:
        return (item for item in self.payouts if not item.lines and not item.receipts and item.amount)

    def _give(self, payout: BankPayout, lines: Iterable[BankTransaction]) -> None:
        payout.lines = (*payout.lines, *lines)
        self.taken.update(line.external_id for line in payout.lines)

    def one_to_one(self, rank: int) -> None:
        for payout in self._open():
            found = self._nearest(payout, payout.amount, rank)
            if found is not None:
                self._give(payout, [found])

    def _nearest(self, payout: BankPayout, amount: Decimal, rank: int) -> BankTransaction | None:
        fitting = [
            (abs(days), line.date or date.min, line.external_id, line)
            for line in self.by_amount.get((rank, payout.currency, amount), ())
            if line.external_id not in self.taken and (days := _days(payout.day, line.date)) is not None
            if rank != PLAIN or 0 <= days <= PLAIN_LATE
        ]
        return min(fitting, key=lambda item: item[:3])[3] if fitting else None

    def joined(self) -> None:
        """Several payouts, one after the other, that came as one line."""
        for line in self._named():
            fitting = [
                item
                for item in self._open()
                if item.currency == self._currency(line) and _days(item.day, line.date) is not None
            ]
            run = _run_of(fitting, signed(line))
            for payout in run:
                payout.others = tuple(item.external_id for item in run if item is not payout)
                self._give(payout, [line])

    def split(self) -> None:
        """One payout that came as several lines of a day."""
        by_day: dict[tuple[date, str], list[BankTransaction]] = defaultdict(list)
        for line in self._named():
            if line.date is not None:
                by_day[line.date, self._currency(line)].append(line)
        for payout in self._open():
            days = [
                (abs(gap), day)
                for day, currency in by_day
                if currency == payout.currency and (gap := _days(payout.day, day)) is not None
            ]
            for _, day in sorted(days):
                lines = [line for line in by_day[day, payout.currency] if line.external_id not in self.taken]
                chosen = _parts_of(lines[:MOST_SPLIT], payout.amount)
                if chosen:
                    self._give(payout, chosen)
                    break

    def _named(self) -> list[BankTransaction]:
        return [line for line in self.left() if self.ranks[line.external_id] != PLAIN]

    def own_payments(self, shares: Sequence[Share]) -> None:
        """A payout whose line somebody put straight on its own invoices; the rest of it may be a line."""
        by_row = {
            share.item.collection.external_id: share
            for share in shares
            if share.item is not None and share.item.collection is not None
        }
        for payout in self._open():
            mine = [by_row[row.external_id] for row in payout.rows if row.external_id in by_row]
            receipts = {
                share.target_id: share.receipt
                for share in mine
                if share.receipt is not None and share.right and is_on_bank(self.books, share.receipt)
            }
            direct = sum((receipt.amount for receipt in receipts.values()), ZERO)
            if not receipts:
                continue
            if direct != payout.amount:
                rest = payout.amount - direct
                found = self._nearest(payout, rest, CODED) or self._nearest(payout, rest, MARKED)
                if found is None:
                    continue
                self._give(payout, [found])
            payout.receipts = tuple(receipts[key] for key in sorted(receipts))

    def foreign_payments(self) -> None:
        """A payout whose line somebody put on something that it has nothing to do with."""
        books = self.books
        by_amount: dict[tuple[str, Decimal], list[Payment]] = defaultdict(list)
        for receipt in books.receipts.values():
            if is_alive(receipt) and receipt.type.upper() in SALES and is_on_bank(books, receipt):
                by_amount[receipt.currency or books.currency, receipt.amount].append(receipt)
        taken = set(self.paired)
        for payout in self._open():
            fitting = [
                (abs(days), receipt.external_id, receipt)
                for receipt in by_amount.get((payout.currency, payout.amount), ())
                if receipt.external_id not in taken
                if (days := _days(payout.day, receipt.date)) is not None and 0 <= days <= PLAIN_LATE
            ]
            if fitting:
                payout.receipts, payout.is_foreign = (min(fitting, key=lambda item: item[:2])[2],), True
                taken.add(payout.receipts[0].external_id)

    def other_amounts(self) -> None:
        """A line of Ignition's on the day of the only payout that has none."""
        by_day: dict[tuple[date | None, str], list[BankPayout]] = defaultdict(list)
        for payout in self._open():
            by_day[payout.day, payout.currency].append(payout)
        lines: dict[tuple[date | None, str], list[BankTransaction]] = defaultdict(list)
        for line in self._named():
            lines[line.date, self._currency(line)].append(line)
        for (day, currency), payouts in by_day.items():
            found = lines.get((day, currency), [])
            same_way = [line for line in found if (signed(line) > 0) == (payouts[0].amount > 0)]
            if day is not None and len(payouts) == 1 == len(same_way):
                self._give(payouts[0], same_way)
                payouts[0].is_other = True


def _days(payout: date | None, line: date | None) -> int | None:
    """By how many days a line is later than a payout; ``None`` when it is too far away."""
    if payout is None or line is None:
        return None
    days = (line - payout).days
    return days if -EARLY <= days <= LATE else None


def _run_of(payouts: list[BankPayout], amount: Decimal) -> list[BankPayout]:
    """The shortest, then earliest, run of at least two payouts that come to an amount."""
    for length in range(2, min(len(payouts), MOST_JOINED) + 1):
        for start in range(len(payouts) - length + 1):
            run = payouts[start : start + length]
            if sum((item.amount for item in run), ZERO) == amount:
                return run
    return []


def _parts_of(lines: list[BankTransaction], amount: Decimal) -> tuple[BankTransaction, ...]:
    """The fewest of some lines, at least two, that come to an amount; of equally many the first."""
    sums: dict[Decimal, tuple[BankTransaction, ...]] = {ZERO: ()}
    for line in lines:
        for whole, parts in list(sums.items()):
            more = whole + signed(line)
            if more not in sums or len(sums[more]) > len(parts) + 1:
                sums[more] = (*parts, line)
    found = sums.get(amount, ())
    return found if len(found) > 1 else ()
