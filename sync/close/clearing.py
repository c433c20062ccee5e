"""What should be in the clearing account, and which payment each cent of it comes from. Pure.

Money comes into the account when Xero has a payment on it, and leaves it when Ignition pays out to the bank. Each
movement belongs to exactly one item (usually a payment for one invoice), so the items that don't come to nought always
sum to the balance. Payouts are gross: Ignition bills its fees apart, and what it charges a client for paying by card
never enters the account.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from connectors.records import Collection
from sync.close.items import MOST_ITEMS, Item, most_of
from sync.close.ledger import Ledger, ledgers
from sync.close.movements import (
    LANDED,
    LONG_AGO,
    PAID_OUT,
    PARTS,
    POSTED,
    REFUNDED,
    TAKEN_BACK,
    Facts,
    Movement,
    movements,
)
from sync.close.periods import month_end
from sync.plan import COLLECTED
from sync.reconcile.books import ZERO, Books
from sync.reconcile.compare_payments import BACK
from sync.reconcile.receipts import Share

FAILED = frozenset({"failed"})

CAUSES: dict[str, tuple[str, str]] = {
    "payout_to_come": ("Payout still to come", "Xero has the payment; Ignition has not paid it out yet."),
    "payout_failed": ("Payout failed", "Xero has the payment; Ignition's payout to the bank failed."),
    "not_posted": ("Paid out, not in Xero", "Ignition paid it out; Xero has no payment for it."),
    "posted_later": (
        "Put into Xero later",
        "Ignition paid it out; Xero has the payment on the clearing account with a later date.",
    ),
    "other_account": (
        "In Xero on another account",
        "Ignition paid it out; Xero has the payment on an account other than the clearing account.",
    ),
    "removed": ("Removed in Xero", "Ignition paid it out; in Xero the payment was removed."),
    "went_back": (
        "Taken back, not reversed in Xero",
        "The client got the money back and Ignition kept it out of a payout; Xero still has the payment.",
    ),
    "refund_early": (
        "Refunded in Xero only",
        "Xero paid a refund from the clearing account; Ignition has not held it back from a payout.",
    ),
    "only_in_xero": (
        "Only in Xero",
        "Xero has it on the clearing account; Ignition collected no such money.",
    ),
    "not_collected": ("Not collected", "Xero has the payment; Ignition says that the money did not come."),
    "unknown_payout": (
        "Paid out, payment unknown",
        "A payout contains money that no payment listed explains.",
    ),
    "unknown_return": ("Taken back, payment unknown", "A payout was cut by money that no payment explains."),
    "surcharge": ("Surcharge", "The two amounts differ by what the client was charged for paying by card."),
    "amount": ("Amounts differ", "What Xero has and what Ignition paid out are not the same amount."),
}
"""Why an item does not come to nought: title and sentence."""
NOT_SEEN = (
    "Journals and transfers that somebody put on the clearing account, and bills paid from it: they are not read.",
    "Lines that wait in a bank feed and were not coded yet: Xero does not give them to other apps.",
    "What was in the clearing account before the first payment that was read.",
)
NOT_READ = (
    "Whether each payout is on the bank account and how it was coded, and what else was received or spent on the "
    "clearing account."
)


def not_seen(bank_problem: str) -> tuple[str, ...]:
    """What a proof leaves out; more where the bank's lines could not be read, for the reason given."""
    return (f"{NOT_READ} {bank_problem}".strip(), *NOT_SEEN) if bank_problem else NOT_SEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """One transfer to the bank, rebuilt from its parts: what was collected, less what was taken back."""

    external_id: str
    day: date | None
    paid: Decimal
    taken_back: Decimal
    count: int

    @property
    def amount(self) -> Decimal:
        return self.paid - self.taken_back


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A month of the account in one currency. Parts are signed as they move the balance: payouts are negative.

    ``ledger`` is what the target's ledger has, where the bank's lines were read.
    """

    month: date
    currency: str
    opening: Decimal
    parts: dict[str, Decimal]
    items: tuple[Item, ...]
    payouts: tuple[Payout, ...] = ()
    fees: Decimal = ZERO
    surcharges: Decimal = ZERO
    ledger: Ledger | None = None

    @property
    def closing(self) -> Decimal:
        return self.opening + sum(self.parts.values(), ZERO)


@dataclass
class _Account:
    """The account while its movements are gone through in order of days."""

    balances: dict[str, dict[str, Decimal]] = field(default_factory=lambda: defaultdict(dict))
    since: dict[str, date] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    total: Decimal = ZERO

    def move(self, item: Movement) -> None:
        parts = self.balances[item.key]
        parts[item.part] = parts.get(item.part, ZERO) + item.amount
        self.since[item.key] = min(self.since.get(item.key, item.day), item.day)
        self.total += item.amount
        (self.open.add if sum(parts.values(), ZERO) else self.open.discard)(item.key)


def prove(books: Books, shares: Sequence[Share], months: Sequence[date]) -> list[Proof]:
    """The account in each of these months (in order) and each currency. ``shares`` are those of all time."""
    facts, moves = movements(books, shares)
    extras = _extras(books, shares)
    payouts = _payouts(books)
    there = ledgers(books, shares, moves, months)
    out: list[Proof] = []
    for currency in sorted({move.currency for move in moves} | {key[1] for key in (*extras, *there)}):
        mine = sorted((move for move in moves if move.currency == currency), key=lambda move: move.day)
        account, place = _Account(), 0
        for month in months:
            while place < len(mine) and mine[place].day < month:
                account.move(mine[place])
                place += 1
            opening, parts, last = account.total, dict.fromkeys(PARTS, ZERO), month_end(month)
            while place < len(mine) and mine[place].day <= last:
                account.move(mine[place])
                parts[mine[place].part] += mine[place].amount
                place += 1
            fees, surcharges = extras.get((month, currency), (ZERO, ZERO))
            out.append(
                Proof(
                    month=month,
                    currency=currency,
                    opening=opening,
                    parts=parts,
                    items=_items(books, facts, account),
                    payouts=tuple(payouts.get((month, currency), ())),
                    fees=fees,
                    surcharges=surcharges,
                    ledger=there.get((month, currency)),
                )
            )
    return out


def _items(books: Books, facts: dict[str, Facts], account: _Account) -> tuple[Item, ...]:
    """What is left in the account, the largest first; beyond the limit one line for each cause."""
    found = [_item(books, facts[key], key, account) for key in sorted(account.open)]
    return most_of(found, MOST_ITEMS)


def _item(books: Books, known: Facts, key: str, account: _Account) -> Item:
    share, parts = known.share, account.balances[key]
    receipt = known.receipt or (share.receipt if share else None)
    party = share.item.payment.contact_external_id if share and share.item else ""
    party = party or (known.row.contact_external_id if known.row else "")
    contact = books.contacts.get(receipt.contact_external_id) if receipt else None
    since = account.since[key]
    return Item(
        key=key,
        cause=_cause(books, known, parts),
        amount=sum(parts.values(), ZERO),
        since=None if since == LONG_AGO else since,
        client=books.client_name(party) or (contact.name if contact else ""),
        document=_document(books, known),
        source_id=share.item.payment.external_id if share and share.item else "",
        target_id=receipt.external_id if receipt else "",
    )


def _document(books: Books, known: Facts) -> str:
    """The number of the invoice that the money was for, as Xero has it where it does."""
    share = known.share
    if share is not None and share.unit is not None:
        invoice = share.unit.target or share.unit.source
        if invoice is not None and invoice.number:
            return invoice.number
    theirs = known.receipt.invoice_external_ids if known.receipt else ()
    ours = (known.row.invoice_external_id,) if known.row else ()
    ours = (share.item.invoice_external_id, *ours) if share and share.item else ours
    found = [books.documents.get(key) for key in theirs] + [books.invoices.get(key) for key in ours]
    return next((item.number for item in found if item is not None and item.number), "")


def _cause(books: Books, known: Facts, parts: dict[str, Decimal]) -> str:
    posted, refunded = parts.get(POSTED, ZERO), parts.get(REFUNDED, ZERO)
    paid, back = parts.get(PAID_OUT, ZERO), parts.get(TAKEN_BACK, ZERO)
    if back:
        return "went_back" if posted or paid else "unknown_return"
    if refunded:
        return "refund_early"
    if not posted:
        return _why_not_posted(books, known.share)
    if not paid:
        return _why_not_paid(known.share)
    surcharge = known.share.item.payment.surcharge if known.share and known.share.item else ZERO
    return "surcharge" if surcharge and abs(posted + paid) == surcharge else "amount"


def _why_not_posted(books: Books, share: Share | None) -> str:
    if share is None or share.item is None:
        return "unknown_payout"
    if share.receipt is None:
        return "not_posted"
    if not share.right:
        return "removed"
    return "posted_later" if share.receipt.account_code in books.chosen.clearing else "other_account"


def _why_not_paid(share: Share | None) -> str:
    if share is None or share.item is None:
        return "only_in_xero"
    if share.item.clawed_back or share.item.payment.status in BACK:
        return "went_back"
    if not share.left:
        return "not_collected"
    row, payment = share.item.collection, share.item.payment
    states = {payment.payout_state.lower(), row.payout_state.lower() if row else ""}
    return "payout_failed" if states & FAILED else "payout_to_come"


def _payouts(books: Books) -> dict[tuple[date, str], list[Payout]]:
    """Transfers to the bank by the month in which they arrived, and currency."""
    rows: dict[tuple[str, str], list[Collection]] = defaultdict(list)
    for row in books.collections.values():
        if row.payout_external_id and row.payout_state.lower() in LANDED:
            rows[row.payout_external_id, row.currency or books.currency].append(row)
    out: dict[tuple[date, str], list[Payout]] = defaultdict(list)
    for (external_id, currency), found in rows.items():
        day = max((row.arrives_on for row in found if row.arrives_on), default=None)
        out[(day or LONG_AGO).replace(day=1), currency].append(
            Payout(
                external_id=external_id,
                day=day,
                paid=_sum(row.amount for row in found if not row.is_clawback),
                taken_back=_sum(row.amount for row in found if row.is_clawback),
                count=len(found),
            )
        )
    for payouts in out.values():
        payouts.sort(key=lambda item: (item.day or LONG_AGO, item.external_id))
    return out


def _extras(books: Books, shares: Iterable[Share]) -> dict[tuple[date, str], tuple[Decimal, Decimal]]:
    """Fees and surcharges by the month of collecting and currency: told beside the account, never part of it."""
    sums: dict[tuple[date, str], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    seen: set[str] = set()
    for share in shares:
        payment = share.item.payment if share.item is not None else None
        day = share.paid_on or (payment.date if payment else None)
        if payment is None or day is None or payment.external_id in seen or payment.status not in COLLECTED:
            continue
        seen.add(payment.external_id)
        found = sums[day.replace(day=1), payment.currency or books.currency]
        found[0] += payment.fee or ZERO
        found[1] += payment.surcharge
    return {key: (fees, surcharges) for key, (fees, surcharges) in sums.items() if fees or surcharges}


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
