"""Recognising invoices and payments that are already in the target. Pure.

A document that Ignition's own Xero link pushed is adopted, never posted again. The order is: the id that Ignition
stores, this app's own number, then one document of the same contact with the same reference, date and total. A
document that only looks alike goes to a person as a possible duplicate.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from connectors.records import Collection, Invoice, Payment
from sync.linking import Candidate, Match, days_apart

DEAD = frozenset({"VOIDED", "DELETED"})
NOT_TAKEN = frozenset({"uncollected", "collecting", "cancelled"})
"""States of a payment whose money has not come: the rows of money that moved belong to other payments."""
CLAWED_EARLY = timedelta(days=1)
"""A clawback may carry the moment at which its payment began, a little before that was collected."""
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
    contact_external_ids = list(contact_external_ids)
    for found in ledger.by_number.get(own_number.casefold(), []):
        there = ledger.invoices[found]
        if (
            there.total != total
            and contact_external_ids
            and there.contact_external_id not in ("", *contact_external_ids)
        ):
            return Match(
                candidates=(_look_alike(invoice, there, reason="Has the number this one would get"),)
            )
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


def _look_alike(invoice: Invoice, found: Invoice, *, reason: str = "Same contact and total") -> Candidate:
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
        reasons=(reason,),
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


def allocate(
    payments: Iterable[Payment], collections: Iterable[Collection], invoices: Mapping[str, Invoice]
) -> list[Allocation]:
    """How much of each payment belongs to each of its invoices.

    A payment does not say; each collections row carries one invoice. Rows are given to payments by invoice,
    payout and time, and only a set that comes to the payment's amount is taken. A payment for one invoice needs
    no row. A later clawback of the same invoice and amount marks the allocation as money that went back. Payments
    that never took money leave rows and clawbacks to those that did. ``invoices`` tell where a surcharge is counted in.
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
        out.extend(_allocate_one(payment, {} if payment.status in NOT_TAKEN else rows, used))
    whole = [item if item.payment.status in NOT_TAKEN else _with_clawback(item, back, used) for item in out]
    return [_without_surcharge(item, invoices.get(item.invoice_external_id)) for item in whole]


def _without_surcharge(item: Allocation, invoice: Invoice | None) -> Allocation:
    """A surcharge is paid on top of the invoice and is never put on it, also where the source counts it in."""
    surcharge = item.payment.surcharge
    alone = len(item.payment.invoice_external_ids) == 1
    if not surcharge or not alone or invoice is None or item.amount != invoice.total + surcharge:
        return item
    return replace(item, amount=item.amount - surcharge)


def _allocate_one(payment: Payment, rows: Mapping[str, list[Collection]], used: set[str]) -> list[Allocation]:
    chosen = {
        invoice: _row_for(payment, rows.get(invoice, []), used, single=len(payment.invoice_external_ids) == 1)
        for invoice in payment.invoice_external_ids
    }
    if len(chosen) == 1:
        ((invoice, row),) = chosen.items()
        if row is not None:
            used.add(row.external_id)
        amount = row.amount if row is not None else payment.amount
        return [Allocation(payment=payment, invoice_external_id=invoice, amount=amount, collection=row)]
    total = sum((row.amount for row in chosen.values() if row), Decimal(0))
    if chosen and all(chosen.values()) and total in _amounts(payment):
        used.update(row.external_id for row in chosen.values() if row)
        return [
            Allocation(payment=payment, invoice_external_id=invoice, amount=row.amount, collection=row)
            for invoice, row in chosen.items()
            if row
        ]
    problem = "Ignition does not say yet how this payment is divided over its invoices."
    return [Allocation(payment=payment, invoice_external_id=invoice, problem=problem) for invoice in chosen]


def _amounts(payment: Payment) -> tuple[Decimal, ...]:
    """What the rows of a payment may come to: its amount, or that without a surcharge counted into it."""
    return (payment.amount, payment.amount - payment.surcharge) if payment.surcharge else (payment.amount,)


def _row_for(
    payment: Payment, rows: Iterable[Collection], used: set[str], *, single: bool
) -> Collection | None:
    moment = payment.collected_at or payment.source_created_at
    fitting = []
    for row in rows:
        if row.external_id in used or (single and row.amount not in _amounts(payment)):
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
        later = row.started_at is None or moment is None or row.started_at >= moment - CLAWED_EARLY
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
    *,
    reference: str,
    amount: Decimal,
    paid_on: date | None,
    there: Iterable[Payment],
    taken: set[str],
    others: Container[str] = (),
) -> Match:
    """The target's payment on the linked invoice that is this one: by reference, else by amount and time.

    ``others`` are the references of this app's payments: one that carries another payment's is not this one.
    """
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
        and (item.reference == reference or item.reference not in others)
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
