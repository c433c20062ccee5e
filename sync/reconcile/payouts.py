"""Payouts put together again from the rows of money that moved, beside the payments of them in the target. Pure.

Ignition lists no payouts: each row of money names the one it was paid out with.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from connectors.records import Collection
from sync.reconcile.books import ZERO, Books
from sync.reconcile.documents import Unit
from sync.reconcile.shares import Share

FAILED = frozenset({"failed", "cancelled", "rejected", "returned"})
PAID = "completed"
"""The only state in which the money has landed; one that nobody has heard of is taken for under way."""


@dataclass(slots=True, kw_only=True)
class Payout:
    """One payout in one currency.

    ``parts`` are rows with their shares, ``alone`` rows that no payment explains, ``undivided`` rows of payments whose
    division is not known yet, ``extra`` shares that name the payout and have no row, ``back`` what was taken off.
    """

    external_id: str
    currency: str
    state: str = ""
    submitted_on: date | None = None
    arrives_on: date | None = None
    parts: list[tuple[Collection, Share]] = field(default_factory=list)
    alone: list[Collection] = field(default_factory=list)
    undivided: list[Collection] = field(default_factory=list)
    extra: list[Share] = field(default_factory=list)
    back: list[Collection] = field(default_factory=list)

    @property
    def is_paid(self) -> bool:
        """Whether the totals count it."""
        return self.state.lower() == PAID

    @property
    def rows(self) -> list[Collection]:
        return [*(row for row, _ in self.parts), *self.alone, *self.undivided]

    @property
    def taken_back(self) -> Decimal:
        return sum((row.amount for row in self.back), ZERO)

    @property
    def amount(self) -> Decimal:
        """What the bank should have got: payouts are gross, and Ignition bills its fees apart."""
        return sum((row.amount for row in self.rows), ZERO) - self.taken_back

    def posted(self, home: str) -> Decimal:
        """What the target has of the payments in it, in the payout's own currency."""
        shares = [*(share for _, share in self.parts), *self.extra]
        money = (share.right_money(home) for share in shares if share.right)
        return sum((amount for currency, amount in money if currency == self.currency), ZERO)


def payouts_of(books: Books, units: list[Unit], shares: list[Share], uncompared: set[str]) -> list[Payout]:
    """Every payout that has a row in the window, with the rows of it that are compared."""
    by_row = {
        share.item.collection.external_id: share
        for share in shares
        if share.item is not None and share.item.collection is not None
    }
    undivided = {
        (invoice, share.item.payment.payout_external_id)
        for share in shares
        if share.item is not None and share.item.problem
        for invoice in share.item.payment.invoice_external_ids
    }
    inside = {unit.source_id for unit in units}
    out: dict[tuple[str, str], Payout] = {}
    for row in sorted(books.collections.values(), key=lambda item: item.external_id):
        if (
            not row.payout_external_id
            or row.external_id in uncompared
            or not _is_compared(books, row, inside)
        ):
            continue
        payout = _payout(books, out, row)
        share = by_row.get(row.external_id)
        if row.is_clawback:
            payout.back.append(row)
        elif share is not None:
            payout.parts.append((row, share))
        elif {(row.invoice_external_id, row.payout_external_id), (row.invoice_external_id, "")} & undivided:
            payout.undivided.append(row)
        else:
            payout.alone.append(row)
    _add_extra(books, out, shares)
    return list(out.values())


def _is_compared(books: Books, row: Collection, inside: set[str]) -> bool:
    invoice = row.invoice_external_id
    if invoice in books.invoices and invoice not in inside:
        return False
    return books.inside(books.day(row.started_at) or row.submitted_on)


def _payout(books: Books, out: dict[tuple[str, str], Payout], row: Collection) -> Payout:
    key = row.payout_external_id, row.currency or books.currency
    payout = out.get(key)
    if payout is None:
        payout = out[key] = Payout(external_id=key[0], currency=key[1])
    payout.state = row.payout_state or payout.state
    payout.submitted_on = row.submitted_on or payout.submitted_on
    payout.arrives_on = row.arrives_on or payout.arrives_on
    return payout


def _add_extra(books: Books, out: dict[tuple[str, str], Payout], shares: list[Share]) -> None:
    """Shares that name a payout whose rows don't have them."""
    waiting: dict[tuple[str, str], list[Share]] = defaultdict(list)
    for share in shares:
        item = share.item
        if item is None or item.collection is not None or item.problem or not item.payment.payout_external_id:
            continue
        if share.left or share.went_back:
            key = item.payment.payout_external_id, item.payment.currency or books.currency
            waiting[key].append(share)
    for key, found in waiting.items():
        if key in out:
            out[key].extra.extend(found)
