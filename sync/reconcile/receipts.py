"""Which collected money here is which payment there, each looked at exactly once. Pure."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.records import Payment
from sync.documents import Allocation, allocate, match_payment
from sync.plan import COLLECTED
from sync.reconcile.books import ZERO, Books
from sync.reconcile.documents import Unit, units_of

SALES = frozenset({"", "ACCRECPAYMENT"})
"""Types of payments that are on sales invoices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One payment's money for one invoice beside the target's payment; or one of them alone.

    ``amount`` is the source's, ``paid_on`` its day. A payment whose division is not known is one share of its whole.
    """

    item: Allocation | None = None
    receipt: Payment | None = None
    source_id: str = ""
    target_id: str = ""
    amount: Decimal = ZERO
    paid_on: date | None = None
    unit: Unit | None = None

    @property
    def left(self) -> bool:
        """Whether the source's total counts it."""
        return self.item is not None and self.item.payment.status in COLLECTED and not self.item.clawed_back

    @property
    def right(self) -> bool:
        """Whether the target's total counts it."""
        return is_alive(self.receipt)

    @property
    def key(self) -> str:
        return self.source_id or f"x:{self.target_id}"

    def left_money(self, home: str) -> tuple[str, Decimal]:
        if self.item is None or not self.left:
            return (self.receipt.currency if self.receipt else "") or home, ZERO
        return self.item.payment.currency or home, self.amount

    def right_money(self, home: str) -> tuple[str, Decimal]:
        if self.receipt is None or not self.right:
            return (self.item.payment.currency if self.item else "") or home, ZERO
        return self.receipt.currency or home, self.receipt.amount


def is_alive(receipt: Payment | None) -> bool:
    return receipt is not None and receipt.status.upper() != "DELETED"


@dataclass(frozen=True, slots=True)
class Paired:
    """Both sides side by side: what is compared of the invoices and of the money."""

    units: list[Unit]
    shares: list[Share]


def pair(books: Books) -> Paired:
    """Who belongs to whom, once for everything that compares or adds up."""
    if "invoice" not in books.read:
        return Paired([], [])
    inside, outside = units_of(books)
    return Paired(inside, _shares(books, inside, outside) if "payment" in books.read else [])


def _shares(books: Books, units: list[Unit], outside: list[Unit]) -> list[Share]:
    """Every share of collected money in the window, and every payment on a document that comes from the source.

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
    out = []
    for item in items:
        paid_on = books.day(
            item.payment.collected_at or (item.collection.started_at if item.collection else None)
        )
        share = _share(books, item, paid_on, unit_of.get(item.invoice_external_id), there, taken)
        taken.update({share.target_id} - {""})
        invoice = item.invoice_external_id
        uncompared = invoice in books.invoices and invoice not in inside and not share.target_id
        if books.inside(paid_on or item.payment.date) and not uncompared:
            out.append(share)
    for document, unit in document_of.items():
        for receipt in there.get(document, ()):
            alone = receipt.external_id not in taken and receipt.type.upper() in SALES
            if alone and is_alive(receipt) and books.inside(receipt.date):
                out.append(Share(receipt=receipt, target_id=receipt.external_id, unit=unit))
                taken.add(receipt.external_id)
    return out


def _items(books: Books) -> list[Allocation]:
    """Every payment's shares; one that is not divided yet, or names no invoice, is one share of the whole amount."""
    out, undivided = [], set()
    for item in allocate(books.payments.values(), books.collections.values()):
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
    if not target_id and unit is not None and unit.target is not None and not item.problem:
        target_id = match_payment(
            reference=payment.external_id,
            amount=item.amount,
            paid_on=paid_on or payment.date,
            there=there.get(unit.target_id, ()),
            taken=taken,
            others=books.payments,
        ).external_id
    return Share(
        item=item,
        receipt=books.receipts.get(target_id),
        source_id=source_id,
        target_id=target_id,
        amount=amount,
        paid_on=paid_on,
        unit=unit,
    )


def _source_id(item: Allocation) -> str:
    return item.source_external_id if item.invoice_external_id else item.payment.external_id
