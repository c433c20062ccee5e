"""Which open invoice a client's credit goes on, and which credit an open invoice takes. Pure.

Money is moved only where nothing has to be guessed: the amounts are equal and there is one of the kind, or the credit
note names the invoice. Everything else is for a person to choose, and the reason says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.records import Entry, Invoice
from sync.reconcile.rounding import shown

SALE_CREDITS = ("ACCREC", "RECEIVE")
"""How the types of credits begin that belong to sales."""
IS_PAID = "The invoice that it is for is paid, so there is no room for it. Refund it in Xero, or put it on another one."
NO_INVOICE = "The client has no open invoice in Xero over exactly {money}. Choose where it goes in Xero."
SEVERAL_INVOICES = "{count} open invoices of the client are over exactly {money}. Choose one in Xero."
NO_CREDIT = (
    "Nothing tells with what money the rest was paid: the client has no credit over exactly {money} in Xero. It is not "
    "posted to the clearing account, as Ignition collected nothing more."
)
SEVERAL_CREDITS = "{count} credits of the client are over exactly {money}. Choose one in Xero."
USED = "Nothing is left of it in Xero any more."
NOT_OPEN_THERE = "It is not open in Xero any more. Sync, compare, then look again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What is left of a credit note, an overpayment or a prepayment; ``kind`` as in ``sync.models.Kind``."""

    kind: str
    external_id: str
    contact_external_id: str
    currency: str
    remaining: Decimal
    status: str
    type: str
    number: str = ""
    reference: str = ""

    @property
    def is_open(self) -> bool:
        return (
            self.remaining > 0
            and self.status.upper() == "AUTHORISED"
            and self.type.upper().startswith(SALE_CREDITS)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A credit, the invoice that it goes on, and how much of it."""

    credit: Credit
    invoice: Invoice
    amount: Decimal


def credit_of(kind: str, record: Invoice | Entry) -> Credit:
    return Credit(
        kind=kind,
        external_id=record.external_id,
        contact_external_id=record.contact_external_id,
        currency=record.currency,
        remaining=record.remaining or Decimal(0),
        status=record.status,
        type=record.type,
        number=record.number,
        reference=record.reference,
    )


def is_open_sale(invoice: Invoice) -> bool:
    return (
        invoice.type == "ACCREC" and invoice.status.upper() == "AUTHORISED" and (invoice.amount_due or 0) > 0
    )


def invoice_for(credit: Credit, invoices: Iterable[Invoice]) -> Pick | str:
    """The invoice that a credit goes on, or why a person has to say; ``invoices`` may be anybody's."""
    if not credit.is_open:
        return USED
    theirs = [item for item in invoices if _same(credit, item)]
    named = _named(credit, theirs)
    free = [item for item in theirs if is_open_sale(item)]
    if len(named) == 1 and credit.kind == "credit_note":
        (one,) = named
        if is_open_sale(one) and credit.remaining <= (one.amount_due or 0):
            return Pick(credit=credit, invoice=one, amount=credit.remaining)
        if not is_open_sale(one):
            return IS_PAID
    exact = [item for item in free if item.amount_due == credit.remaining]
    if len(exact) > 1:
        exact = [item for item in exact if item in named] or exact
    if len(exact) == 1:
        return Pick(credit=credit, invoice=exact[0], amount=credit.remaining)
    money = shown(credit.currency, credit.remaining)
    return SEVERAL_INVOICES.format(count=len(exact), money=money) if exact else NO_INVOICE.format(money=money)


def credit_for(invoice: Invoice, credits: Sequence[Credit]) -> Pick | str:
    """The credit that pays exactly what is open on an invoice, or why a person has to say."""
    if not is_open_sale(invoice):
        return NOT_OPEN_THERE
    due = invoice.amount_due or Decimal(0)
    exact = [item for item in credits if item.is_open and _same(item, invoice) and item.remaining == due]
    if len(exact) == 1:
        return Pick(credit=exact[0], invoice=invoice, amount=due)
    money = shown(invoice.currency, due)
    return SEVERAL_CREDITS.format(count=len(exact), money=money) if exact else NO_CREDIT.format(money=money)


def still_fits(pick: Pick) -> bool:
    """Whether both sides of an allocation that waits have room for it yet."""
    return (
        pick.credit.is_open
        and is_open_sale(pick.invoice)
        and _same(pick.credit, pick.invoice)
        and pick.amount <= min(pick.credit.remaining, pick.invoice.amount_due or Decimal(0))
    )


def is_locked(today: date, lock: date | None) -> bool:
    return lock is not None and today <= lock


def _same(credit: Credit, invoice: Invoice) -> bool:
    return invoice.contact_external_id == credit.contact_external_id and invoice.currency == credit.currency


def _named(credit: Credit, invoices: Sequence[Invoice]) -> list[Invoice]:
    """The invoices that a credit is for by its reference: it has their number in it, or else is the same as theirs."""
    said = credit.reference.casefold()
    by_number = [item for item in invoices if item.number and item.number.casefold() in said.split()]
    return by_number or [item for item in invoices if said and item.reference.casefold() == said]
