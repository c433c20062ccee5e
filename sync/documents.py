"""Recognising invoices and payments that are already in the target. Pure.

A document that Ignition's own Xero link pushed is adopted, never posted again. The order is: the id that Ignition
stores, this app's own number, then one document of the same contact with the same reference, date and total. A
document that only looks alike goes to a person as a possible duplicate.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from connectors.records import Collection, Invoice, Payment
from sync.linking import Candidate, Match, days_apart

DEAD = frozenset({"VOIDED", "DELETED"})
NEAR_DAYS = 3
"""A document of the same contact and total within this many days may be the same one."""
POSTED_EARLY_DAYS = 1
POSTED_LATE_DAYS = 16
"""Ignition's own link posts a payment when the payout has cleared: up to some ten business days after collection."""


@dataclass
class Ledger:
    """The target's sales documents, indexed once per plan. ``taken`` are already linked."""

    invoices: Mapping[str, Invoice]
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.by_number: dict[str, list[str]] = defaultdict(list)
        self.by_contact: dict[str, list[str]] = defaultdict(list)
        for invoice in self.invoices.values():
            if invoice.type == "ACCREC":
                self.by_number[invoice.number.casefold()].append(invoice.external_id)
                self.by_contact[invoice.contact_external_id].append(invoice.external_id)


def match_invoice(
    invoice: Invoice, *, contact_external_ids: Iterable[str], own_number: str, total: Decimal, ledger: Ledger
) -> Match:
    """``total`` is the invoice's total as the ledger would show it; ``own_number`` the number we would give it."""
    native = invoice.native
    if native and native.external_id in ledger.invoices:
        return Match(
            external_id=native.external_id,
            method="stored",
            confidence=1.0,
            reasons=("Ignition's own Xero link created it",),
        )
    for found in ledger.by_number.get(own_number.casefold(), []):
        return Match(
            external_id=found, method="written", confidence=1.0, reasons=("Carries this app's number",)
        )
    if native and native.number and native.state != "failed":
        for found in ledger.by_number.get(native.number.casefold(), []):
            if ledger.invoices[found].total == total:
                reason = f"Ignition says it became {native.number} in Xero, and the total agrees"
                return Match(external_id=found, method="stored", confidence=0.99, reasons=(reason,))
    free = [
        ledger.invoices[found]
        for contact in contact_external_ids
        for found in ledger.by_contact.get(contact, [])
        if found not in ledger.taken and ledger.invoices[found].status not in DEAD
    ]
    exact = [
        found
        for found in free
        if found.total == total
        and found.date == invoice.date
        and found.reference == invoice.reference
        and invoice.reference
    ]
    if len(exact) == 1:
        reason = "Same contact, reference, date and total"
        return Match(external_id=exact[0].external_id, method="document", confidence=0.98, reasons=(reason,))
    near = [
        found for found in free if found.total == total and days_apart(found.date, invoice.date) <= NEAR_DAYS
    ]
    return Match(candidates=tuple(_look_alike(invoice, found) for found in near[:5]))


def _look_alike(invoice: Invoice, found: Invoice) -> Candidate:
    against = []
    if found.reference != invoice.reference:
        against.append(f"Reference is “{found.reference or 'empty'}”, not “{invoice.reference or 'empty'}”")
    if found.date != invoice.date:
        against.append(f"Dated {found.date:%d %b %Y}" if found.date else "Has no date")
    return Candidate(
        external_id=found.external_id,
        name=found.number,
        email="",
        score=0.9 if found.date == invoice.date else 0.7,
        reasons=("Same contact and total",),
        against=tuple(against) or ("Several documents look the same",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """One payment's money for one invoice. ``problem`` says why the amount is not known."""

    payment: Payment
    invoice_external_id: str
    amount: Decimal = Decimal(0)
    collection: Collection | None = None
    clawed_back: bool = False
    problem: str = ""

    @property
    def source_external_id(self) -> str:
        return f"{self.payment.external_id}/{self.invoice_external_id}"


def allocate(payments: Iterable[Payment], collections: Iterable[Collection]) -> list[Allocation]:
    """How much of each payment belongs to each of its invoices.

    A payment does not say; each collections row carries one invoice. Rows are given to payments by invoice,
    payout and time, and only a set that comes to the payment's amount is taken. A payment for one invoice needs
    no row. A later clawback of the same invoice and amount marks the allocation as money that went back.
    """
    rows: dict[str, list[Collection]] = defaultdict(list)
    back: dict[str, list[Collection]] = defaultdict(list)
    for row in collections:
        (back if row.is_clawback else rows)[row.invoice_external_id].append(row)
    for found in (*rows.values(), *back.values()):
        found.sort(key=lambda row: (row.started_at is None, row.started_at, row.external_id))
    used: set[str] = set()
    out: list[Allocation] = []
    for payment in sorted(payments, key=_when):
        out.extend(_allocate_one(payment, rows, used))
    return [_with_clawback(item, back, used) for item in out]


def _allocate_one(payment: Payment, rows: Mapping[str, list[Collection]], used: set[str]) -> list[Allocation]:
    chosen = {
        invoice: _row_for(payment, rows.get(invoice, []), used, single=len(payment.invoice_external_ids) == 1)
        for invoice in payment.invoice_external_ids
    }
    if len(chosen) == 1:
        ((invoice, row),) = chosen.items()
        if row is not None:
            used.add(row.external_id)
        return [
            Allocation(payment=payment, invoice_external_id=invoice, amount=payment.amount, collection=row)
        ]
    total = sum((row.amount for row in chosen.values() if row), Decimal(0))
    if chosen and all(chosen.values()) and total == payment.amount:
        used.update(row.external_id for row in chosen.values() if row)
        return [
            Allocation(payment=payment, invoice_external_id=invoice, amount=row.amount, collection=row)
            for invoice, row in chosen.items()
            if row
        ]
    problem = "Ignition does not say yet how this payment is divided over its invoices."
    return [Allocation(payment=payment, invoice_external_id=invoice, problem=problem) for invoice in chosen]


def _row_for(
    payment: Payment, rows: Iterable[Collection], used: set[str], *, single: bool
) -> Collection | None:
    moment = payment.collected_at or payment.source_created_at
    fitting = []
    for row in rows:
        if row.external_id in used or (single and row.amount != payment.amount):
            continue
        if (
            payment.payout_external_id
            and row.payout_external_id
            and payment.payout_external_id != row.payout_external_id
        ):
            continue
        gap = abs(row.started_at - moment) if row.started_at and moment else timedelta(0)
        if gap <= timedelta(days=POSTED_LATE_DAYS):
            fitting.append((gap, row.external_id, row))
    fitting.sort(key=lambda item: item[:2])
    return fitting[0][2] if fitting else None


def _with_clawback(item: Allocation, back: Mapping[str, list[Collection]], used: set[str]) -> Allocation:
    moment = item.payment.collected_at or item.payment.source_created_at
    for row in back.get(item.invoice_external_id, []):
        later = row.started_at is None or moment is None or row.started_at >= moment
        if row.external_id not in used and later and row.amount == item.amount and not item.problem:
            used.add(row.external_id)
            return Allocation(
                payment=item.payment,
                invoice_external_id=item.invoice_external_id,
                amount=item.amount,
                collection=item.collection,
                clawed_back=True,
            )
    return item


def match_payment(
    *, reference: str, amount: Decimal, paid_on: date | None, there: Iterable[Payment], taken: set[str]
) -> Match:
    """The target's payment on the linked invoice that is this one: by reference, else by amount and time."""
    alive = [item for item in there if item.status.upper() != "DELETED" and item.external_id not in taken]
    for item in alive:
        if reference and item.reference == reference and item.amount == amount:
            return Match(
                external_id=item.external_id,
                method="written",
                confidence=1.0,
                reasons=("Carries this payment's id as its reference",),
            )
    fitting = [
        item
        for item in alive
        if item.amount == amount
        and (
            paid_on is None
            or item.date is None
            or -POSTED_EARLY_DAYS <= (item.date - paid_on).days <= POSTED_LATE_DAYS
        )
    ]
    if not fitting:
        return Match()
    best = min(fitting, key=lambda item: (days_apart(item.date, paid_on), item.external_id))
    return Match(
        external_id=best.external_id,
        method="allocation",
        confidence=0.97,
        reasons=("Same invoice and amount, posted when the payout cleared",),
    )


def _when(payment: Payment) -> tuple[bool, object, str]:
    moment = payment.collected_at or payment.source_created_at
    return (moment is None, moment, payment.external_id)
