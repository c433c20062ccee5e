"""Which collected money here is which payment there, each looked at exactly once. Pure."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby

from connectors.records import Payment
from sync.documents import (
    NOT_TAKEN,
    POSTED_EARLY_DAYS,
    POSTED_LATE_DAYS,
    Allocation,
    allocate,
    match_payment,
)
from sync.reconcile.books import Books
from sync.reconcile.documents import Unit, units_of
from sync.reconcile.payouts import Payout, payouts_of
from sync.reconcile.refunds import Refund, refunds_of
from sync.reconcile.shares import SALES, Share, is_alive

__all__ = ["SALES", "Paired", "Share", "is_alive", "pair"]


@dataclass(frozen=True, slots=True)
class Paired:
    """Both sides side by side: the invoices, their money, and what of it went back or was paid out."""

    units: list[Unit]
    shares: list[Share]
    refunds: list[Refund] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)


def pair(books: Books) -> Paired:
    """Who belongs to whom, once for everything that compares or adds up."""
    if "invoice" not in books.read:
        return Paired([], [])
    inside, outside = units_of(books)
    if "payment" not in books.read:
        return Paired(inside, [])
    shares, uncompared = _shares(books, inside, outside)
    refunds = refunds_of(books, inside, shares) if "credit" in books.read else []
    payouts = payouts_of(books, inside, shares, uncompared) if "payout" in books.read else []
    return Paired(inside, shares, refunds, payouts)


def _shares(books: Books, units: list[Unit], outside: list[Unit]) -> tuple[list[Share], set[str]]:
    """Every share of collected money in the window, and every payment on a document that comes from the source.

    Beside them the ids of the money rows of shares that are not compared.

    Money for an invoice that is not compared (older than the window, or imported from the ledger) is left out, unless
    the target has it.
    """
    unit_of = {unit.source_id: unit for unit in (*units, *outside) if unit.source_id}
    inside = {unit.source_id for unit in units}
    document_of = {unit.target_id: unit for unit in units if unit.target is not None}
    there: dict[str, list[Payment]] = defaultdict(list)
    for receipt in books.receipts.values():
        for invoice in receipt.invoice_external_ids:
            there[invoice].append(receipt)
    items = _items(books)
    known = {_source_id(item) for item in items}
    taken = {there_id for key, there_id in books.payment_links.items() if key in known}
    out: list[Share] = []
    uncompared_rows: set[str] = set()
    # Money that came has its pick first, on odd days too: a payment that was cancelled took nothing.
    for _, group in groupby(sorted(items, key=_took_nothing), key=_took_nothing):
        for item in group:
            paid_on = books.day(
                item.payment.collected_at or (item.collection.started_at if item.collection else None)
            )
            share = _share(books, item, paid_on, unit_of.get(item.invoice_external_id), there, taken)
            taken.update({share.target_id} - {""})
            invoice = item.invoice_external_id
            uncompared = invoice in books.invoices and invoice not in inside and not share.target_id
            if books.inside(paid_on or item.payment.date) and not uncompared:
                out.append(share)
            elif item.collection is not None:
                uncompared_rows.add(item.collection.external_id)
        out = _with_other_amounts(books, out, there, taken)
    out = _with_removed(out, there, taken)
    for document, unit in document_of.items():
        for receipt in there.get(document, ()):
            alone = receipt.external_id not in taken and receipt.type.upper() in SALES
            if alone and is_alive(receipt) and books.inside(receipt.date):
                out.append(Share(receipt=receipt, target_id=receipt.external_id, unit=unit))
                taken.add(receipt.external_id)
    return out, uncompared_rows


def _took_nothing(item: Allocation) -> bool:
    return item.payment.status in NOT_TAKEN


def _with_other_amounts(
    books: Books, shares: list[Share], there: dict[str, list[Payment]], taken: set[str]
) -> list[Share]:
    """Shares without a payment beside the only clearing payment of their document that is left, though it differs.

    Its amount is the same on an odd day, or its day is usual and somebody mistyped the amount.
    """
    lonely: dict[str, list[int]] = defaultdict(list)
    for place, share in enumerate(shares):
        if share.left and not share.target_id and share.unit is not None and share.unit.right:
            lonely[share.unit.target_id].append(place)
    out = list(shares)
    for document, places in lonely.items():
        share = shares[places[0]]
        fitting = [
            receipt
            for receipt in there.get(document, ())
            if is_alive(receipt) and receipt.external_id not in taken and _may_be(books, share, receipt)
        ]
        if len(places) == 1 == len(fitting):
            out[places[0]] = replace(share, receipt=fitting[0], target_id=fitting[0].external_id)
            taken.add(fitting[0].external_id)
    return out


def _with_removed(shares: list[Share], there: dict[str, list[Payment]], taken: set[str]) -> list[Share]:
    """Shares without a payment beside one of their amount and time that was removed from their document."""
    out = []
    for share in shares:
        removed = None
        if share.left and not share.target_id and share.unit is not None and share.unit.right:
            dead = [item for item in there.get(share.unit.target_id, ()) if not is_alive(item)]
            fitting = [item for item in dead if item.external_id not in taken and _was_it(share, item)]
            removed = min(fitting, key=lambda item: item.external_id, default=None)
        if removed is None:
            out.append(share)
        else:
            out.append(replace(share, receipt=removed, target_id=removed.external_id))
            taken.add(removed.external_id)
    return out


def _was_it(share: Share, removed: Payment) -> bool:
    if removed.amount != share.amount or removed.type.upper() not in SALES:
        return False
    if share.paid_on is None or removed.date is None:
        return True
    return -POSTED_EARLY_DAYS <= (removed.date - share.paid_on).days <= POSTED_LATE_DAYS


def _may_be(books: Books, share: Share, receipt: Payment) -> bool:
    clearing = books.chosen.clearing
    if receipt.type.upper() not in SALES or receipt.reference in books.payments:
        return False
    if share.paid_on is None or receipt.date is None or receipt.account_code not in clearing:
        return False
    if receipt.amount == share.amount:
        return True
    return -POSTED_EARLY_DAYS <= (receipt.date - share.paid_on).days <= POSTED_LATE_DAYS


def _items(books: Books) -> list[Allocation]:
    """Every payment's shares; one that is not divided yet, or names no invoice, is one share of the whole amount."""
    out, undivided = [], set()
    for item in allocate(books.payments.values(), books.collections.values(), books.invoices):
        if not item.problem:
            out.append(item)
        elif item.payment.external_id not in undivided:
            undivided.add(item.payment.external_id)
            out.append(item)
    named = {item.payment.external_id for item in out}
    out.extend(
        Allocation(payment=payment, invoice_external_id="", amount=payment.amount)
        for payment in books.payments.values()
        if payment.external_id not in named
    )
    return out


def _share(
    books: Books,
    item: Allocation,
    paid_on: date | None,
    unit: Unit | None,
    there: dict[str, list[Payment]],
    taken: set[str],
) -> Share:
    payment = item.payment
    source_id = _source_id(item)
    amount = payment.amount if item.problem else item.amount
    target_id = books.payment_links.get(source_id, "")
    removed = target_id in books.gone_receipts or _is_removed(books.receipts.get(target_id))
    if (not target_id or removed) and unit is not None and unit.target is not None and not item.problem:
        match = match_payment(
            reference=payment.external_id,
            amount=amount,
            paid_on=paid_on or payment.date,
            there=there.get(unit.target_id, ()),
            taken=taken,
            others=books.payments,
        )
        # Entered again with our reference it is the same money; one that only looks alike is for a person to say.
        if not removed or match.method == "written":
            target_id = match.external_id
    return Share(
        item=item,
        receipt=books.receipts.get(target_id),
        source_id=source_id,
        target_id=target_id,
        amount=amount,
        paid_on=paid_on,
        unit=unit,
    )


def _is_removed(receipt: Payment | None) -> bool:
    return receipt is not None and not is_alive(receipt)


def _source_id(item: Allocation) -> str:
    return item.source_external_id if item.invoice_external_id else item.payment.external_id
