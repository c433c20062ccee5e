"""One payment's money for one invoice beside the target's payment. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.records import Payment
from sync.documents import NOT_TAKEN, Allocation
from sync.plan import COLLECTED
from sync.reconcile.books import ZERO
from sync.reconcile.documents import Unit

BACK = frozenset({"refunding", "refunded", "clawing_back", "clawed_back", "charged_back"})
"""States of a payment whose money went back to the client, or is going back."""
NOT_COME = NOT_TAKEN | {"canceled", "declined", "expired", "failed", "pending", "rejected", "scheduled"}
"""States of a payment that say that no money came, also in words that Ignition is not known to use."""
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
        """Whether the source's total counts it. In a state that is not known, the moment it was collected decides."""
        if self.item is None or self.item.clawed_back:
            return False
        payment = self.item.payment
        if payment.status in COLLECTED:
            return True
        return payment.collected_at is not None and payment.status not in NOT_COME | BACK

    @property
    def right(self) -> bool:
        """Whether the target's total counts it."""
        return is_alive(self.receipt)

    @property
    def went_back(self) -> bool:
        """Whether the source says that this money is the client's again."""
        item = self.item
        return item is not None and not item.problem and (item.clawed_back or item.payment.status in BACK)

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
