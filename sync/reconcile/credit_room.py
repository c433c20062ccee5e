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

SALE_CREDITS = ("ACCREC", "RECEIVE", "AROVERPAYMENT", "ARPREPAYMENT")
"""How the types of credits begin that belong to sales."""
MARKS = ".,;:()[]#\"'"
MOST_NAMED = 3
DRAFTS = frozenset({"DRAFT", "SUBMITTED"})
IS_PAID = "The invoice that it is for is paid, so there is no room for it. Refund it in Xero, or put it on another one."
IS_DRAFT = "The invoice that it is for is not approved in Xero yet. Approve it there, sync, compare, then look again."
NAMES_OTHER = (
    "An open invoice is over exactly {money}, but the credit's reference says that it is for {number}. Choose where it "
    "goes in Xero."
)
NO_INVOICE = "The client has no open invoice in Xero over exactly {money}. Choose where it goes in Xero."
SEVERAL_INVOICES = "{count} open invoices of the client are over exactly {money}. Choose one in Xero."
NO_CREDIT = (
    "Nothing tells with what money the rest was paid: the client has no credit over exactly {money} in Xero. It is not "
    "posted to the clearing account, as Ignition collected nothing more."
)
CREDIT_FOR_OTHER = (
    "The client has a credit over exactly {money}, but its reference says that it is for {number}. Choose where it "
    "goes in Xero."
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
    dated: date | None = None

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
        dated=record.date,
    )


def is_open_sale(invoice: Invoice) -> bool:
    return (
        invoice.type == "ACCREC" and invoice.status.upper() == "AUTHORISED" and (invoice.amount_due or 0) > 0
    )


def invoice_for(credit: Credit, invoices: Iterable[Invoice]) -> Pick | str:
    """The invoice that a credit goes on, or why a person has to say; ``invoices`` may be anybody's."""
    if not credit.is_open:
        return USED
    invoices = list(invoices)
    named = named_by(credit, invoices)
    free = [item for item in invoices if is_open_sale(item) and _same(credit, item)]
    if len(named) == 1 and credit.kind == "credit_note":
        (one,) = named
        if one in free and credit.remaining <= (one.amount_due or 0):
            return Pick(credit=credit, invoice=one, amount=credit.remaining)
        if why := _is_closed(one):
            return why
    money = shown(credit.currency, credit.remaining)
    exact = [item for item in free if item.amount_due == credit.remaining]
    if named and exact:
        exact = [item for item in exact if item in named]
        if not exact:
            return NAMES_OTHER.format(money=money, number=_numbers(named))
    if len(exact) == 1:
        return Pick(credit=credit, invoice=exact[0], amount=credit.remaining)
    return SEVERAL_INVOICES.format(count=len(exact), money=money) if exact else NO_INVOICE.format(money=money)


def credit_for(invoice: Invoice, credits: Sequence[Credit], invoices: Sequence[Invoice]) -> Pick | str:
    """The credit that pays exactly what is open on an invoice, or why a person has to say.

    ``invoices`` are those of its contact. A credit that names another one of them is not taken.
    """
    if not is_open_sale(invoice):
        return NOT_OPEN_THERE
    due = invoice.amount_due or Decimal(0)
    alike = [item for item in credits if item.is_open and _same(item, invoice) and item.remaining == due]
    named = {item.external_id: named_by(item, invoices) for item in alike}
    exact = [item for item in alike if _may_go_on(invoice, named[item.external_id])]
    if len(exact) == 1:
        return Pick(credit=exact[0], invoice=invoice, amount=due)
    money = shown(invoice.currency, due)
    if len(alike) == 1 and not exact:
        return CREDIT_FOR_OTHER.format(money=money, number=_numbers(named[alike[0].external_id]))
    return SEVERAL_CREDITS.format(count=len(exact), money=money) if exact else NO_CREDIT.format(money=money)


def _may_go_on(invoice: Invoice, named: Sequence[Invoice]) -> bool:
    return not named or any(item.external_id == invoice.external_id for item in named)


def still_fits(pick: Pick) -> bool:
    """Whether both sides of an allocation that waits have room for it yet, and it still takes all of the credit.

    A lost answer is looked up by what is left of the credit: a part of it could not be told from an earlier one.
    """
    return (
        pick.credit.is_open
        and is_open_sale(pick.invoice)
        and _same(pick.credit, pick.invoice)
        and pick.amount == pick.credit.remaining
        and pick.amount <= (pick.invoice.amount_due or Decimal(0))
    )


def days_of(pick: Pick, asked_on: date) -> list[date]:
    """The days that Xero may date it on: the one that is asked for, or the later of the invoice's and the credit's."""
    known = [day for day in (pick.invoice.date, pick.credit.dated) if day is not None]
    return sorted({asked_on, max(known, default=asked_on)})


def is_locked(day: date, lock: date | None) -> bool:
    return lock is not None and day <= lock


def _same(credit: Credit, invoice: Invoice) -> bool:
    return invoice.contact_external_id == credit.contact_external_id and invoice.currency == credit.currency


def named_by(credit: Credit, invoices: Iterable[Invoice]) -> list[Invoice]:
    """The client's invoices that a credit is for by its reference.

    It has their number in it, or else it is the same as theirs.
    """
    said = credit.reference.casefold()
    theirs = [
        item
        for item in invoices
        if item.type == "ACCREC" and item.contact_external_id == credit.contact_external_id
    ]
    by_number = [item for item in theirs if item.number and item.number.casefold() in _words(said)]
    return by_number or [item for item in theirs if said and item.reference.casefold() == said]


def _words(said: str) -> set[str]:
    """The words of a reference, with and without the marks around them."""
    words = said.split()
    return {*words, *(word.strip(MARKS) for word in words)}


def _is_closed(invoice: Invoice) -> str:
    """Why the one invoice that a credit note is for takes nothing, where that is known."""
    if invoice.status.upper() in DRAFTS:
        return IS_DRAFT
    is_paid = invoice.status.upper() == "PAID" or not invoice.amount_due
    return IS_PAID if is_paid and invoice.status.upper() in {"PAID", "AUTHORISED"} else ""


def _numbers(invoices: Sequence[Invoice]) -> str:
    named = [item.number or item.external_id for item in invoices[:MOST_NAMED]]
    return ", ".join(named) + (" and others" if len(invoices) > MOST_NAMED else "")
