"""Every movement of the clearing account, and which payment it belongs to. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.records import Collection, Payment
from sync.plan import COLLECTED
from sync.reconcile.books import Books
from sync.reconcile.receipts import Share, is_alive

POSTED, REFUNDED, PAID_OUT, TAKEN_BACK = "posted", "refunded", "paid_out", "taken_back"
PARTS = (POSTED, REFUNDED, PAID_OUT, TAKEN_BACK)
"""How money moves: into the account, out of it by a refund in Xero, out by a payout, and held back from a payout."""
MONEY_OUT = frozenset(
    {"ACCPAYPAYMENT", "ARCREDITPAYMENT", "AROVERPAYMENTPAYMENT", "ARPREPAYMENTPAYMENT"},
)
"""Types of Xero's payments that take money out of an account."""
LANDED = frozenset({"completed"})
LONG_AGO = date.min
"""The day of a movement that carries none: it counts as before everything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One movement of an item. ``payout`` is the one that took it out of the account, or put it back."""

    key: str
    part: str
    amount: Decimal
    currency: str
    day: date
    payout: str = ""


@dataclass
class Facts:
    """What is known of an item apart from its movements."""

    share: Share | None = None
    row: Collection | None = None
    receipt: Payment | None = None


def movements(books: Books, shares: Sequence[Share]) -> tuple[dict[str, Facts], list[Movement]]:
    """Every movement of the account, each under the key of its item."""
    facts: dict[str, Facts] = defaultdict(Facts)
    keys = _Keys(books, shares, facts)
    moves = [*keys.paid_out(), *keys.posted()]
    return facts, moves


class _Keys:
    """Which item each row of either side belongs to."""

    def __init__(self, books: Books, shares: Sequence[Share], facts: dict[str, Facts]) -> None:
        self.books, self.facts = books, facts
        self.by_row: dict[str, str] = {}
        self.by_receipt: dict[str, str] = {}
        self.by_payment: dict[str, str] = {}
        self.by_invoice: dict[tuple[str, Decimal], list[str]] = defaultdict(list)
        self.undivided: dict[str, str] = {}
        self.returned: dict[tuple[str, str, Decimal], list[str]] = defaultdict(list)
        self.with_rows = {
            row.invoice_external_id for row in books.collections.values() if not row.is_clawback
        } - {""}
        for share in shares:
            self._know(share)

    def _know(self, share: Share) -> None:
        key, item = share.key, share.item
        if item is None:
            self.facts[key].share = share
            return
        payment = item.payment
        if item.problem:
            # Nobody says how it is divided, so everything about its invoices is looked at as one.
            key = payment.external_id
            for invoice in payment.invoice_external_ids:
                self.undivided[invoice] = key
                self.undivided.setdefault(self.books.invoice_links.get(invoice) or invoice, key)
        self.facts[key].share = self.facts[key].share or share
        self.by_payment.setdefault(payment.external_id, key)
        self.by_invoice[item.invoice_external_id, share.amount].append(key)
        if share.receipt is not None:
            self.by_receipt[share.target_id] = key
        if item.collection is not None:
            self.by_row[item.collection.external_id] = key

    def _has_rows(self, payment: Payment) -> bool:
        return any(invoice in self.with_rows for invoice in payment.invoice_external_ids)

    def paid_out(self) -> Iterator[Movement]:
        """What landed at the bank, from the rows of collected money; from the payment where it has none."""
        books = self.books
        for row in books.collections.values():
            if row.payout_state.lower() not in LANDED:
                continue
            key = self._key_of_return(row) if row.is_clawback else self.by_row.get(row.external_id, "")
            key = key or self.undivided.get(row.invoice_external_id) or f"row:{row.external_id}"
            self.facts[key].row = self.facts[key].row or row
            yield Movement(
                key=key,
                part=TAKEN_BACK if row.is_clawback else PAID_OUT,
                amount=row.amount if row.is_clawback else -row.amount,
                currency=row.currency or books.currency,
                day=row.arrives_on or row.submitted_on or books.day(row.started_at) or LONG_AGO,
                payout=row.payout_external_id,
            )
        for payment in books.payments.values():
            landed = payment.status == "disbursed" or payment.payout_state.lower() in LANDED
            if landed and payment.status in COLLECTED and not self._has_rows(payment):
                yield Movement(
                    key=self.by_payment.get(payment.external_id) or payment.external_id,
                    part=PAID_OUT,
                    amount=-payment.amount,
                    currency=payment.currency or books.currency,
                    day=payment.date or books.day(payment.collected_at) or LONG_AGO,
                    payout=payment.payout_external_id,
                )

    def _key_of_return(self, row: Collection) -> str:
        """The item of a clawback: the payment of that invoice and amount, each for one clawback only."""
        keys = self.by_invoice.get((row.invoice_external_id, row.amount), [])
        key = next((item for item in keys if self._went_back(item)), keys[0] if keys else "")
        if key:
            keys.remove(key)
        contact = self.books.contact_links.get(row.contact_external_id, "")
        currency = row.currency or self.books.currency
        known = key or self.undivided.get(row.invoice_external_id) or f"row:{row.external_id}"
        self.returned[contact, currency, row.amount].append(known)
        return key

    def _went_back(self, key: str) -> bool:
        share = self.facts[key].share
        return share is not None and share.item is not None and share.item.clawed_back

    def posted(self) -> Iterator[Movement]:
        """What Xero has on the clearing account. Asked for after :meth:`paid_out`, which tells refunds apart."""
        books = self.books
        for receipt in books.receipts.values():
            if not is_alive(receipt) or receipt.account_code not in books.chosen.clearing:
                continue
            currency, out = receipt.currency or books.currency, receipt.type.upper() in MONEY_OUT
            key = self.by_receipt.get(receipt.external_id, "")
            if not key and out:
                waiting = self.returned.get((receipt.contact_external_id, currency, receipt.amount), [])
                key = waiting.pop(0) if waiting else ""
            about = (self.undivided.get(invoice, "") for invoice in receipt.invoice_external_ids)
            key = key or next(about, "") or f"x:{receipt.external_id}"
            self.facts[key].receipt = self.facts[key].receipt or receipt
            yield Movement(
                key=key,
                part=REFUNDED if out else POSTED,
                amount=-receipt.amount if out else receipt.amount,
                currency=currency,
                day=receipt.date or LONG_AGO,
            )
