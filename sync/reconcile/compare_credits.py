"""Every difference between money given back and credit notes. Pure.

A refund or credit note moves the total of refunds in one place only: here, or with its payment where that has neither
been removed nor credited.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from connectors.amounts import cents
from connectors.records import Invoice
from sync.reconcile.books import REFUNDS, ZERO, Books, Difference, Effect, effects
from sync.reconcile.documents import is_recent
from sync.reconcile.kinds import KINDS
from sync.reconcile.receipts import Paired
from sync.reconcile.refunds import CREDIT_TYPES, Refund
from sync.reconcile.rounding import CENTS, shown
from sync.reconcile.shares import Share
from sync.reconcile.telling import Found, ids, number_of, tax_of, tax_share

WRITE_OFF = re.compile(r"bad debt|doubtful|write[- ]?off|written off", re.IGNORECASE)
"""How accounts are called on which what nobody will pay is booked."""
GOING_BACK = frozenset({"refunding", "clawing_back"})


def compare_credits(books: Books, paired: Paired) -> Iterator[Difference]:
    if "credit" not in books.read or not {"invoice", "payment"} <= books.read:
        return
    collected = _collected(paired)
    for refund in paired.refunds:
        moved = effects(
            REFUNDS, left=refund.left_money(books.currency), right=refund.right_money(books.currency)
        )
        if moved and not _is_told_as_payment(refund):
            yield _difference(books, refund, *_first(books, refund, collected), moved)
        for found in (credit_tax(books, refund), credit_period(books, refund)):
            if found is not None:
                yield _difference(books, refund, *found)
    for share in paired.shares:
        found = credit_refund_late(books, share)
        if found is not None:
            yield _of_share(books, share, *found)
    yield from credit_unallocated(books)


def _is_told_as_payment(refund: Refund) -> bool:
    return refund.share is not None and refund.share.right and refund.note is None


def _first(books: Books, refund: Refund, collected: dict[str, Decimal]) -> tuple[str, str]:
    """The one kind of a refund that is not equal on both sides."""
    left, right = refund.left_money(books.currency), refund.right_money(books.currency)
    if refund.note is not None and refund.left:
        return "credit_amount", f"Ignition gave back {shown(*left)}; the credit note is over {shown(*right)}."
    if refund.note is not None:
        return _alone(books, refund, refund.note, right, collected)
    if refund.row is not None:
        whole = collected.get(refund.row.invoice_external_id, ZERO)
        if whole > refund.row.amount:
            text = f"{shown(*left)} of {shown(left[0], whole)} went back."
            return "credit_partial", text
        return "credit_clawback_unknown", f"Ignition took {shown(*left)} back."
    if refund.share is not None and refund.share.target_id:
        return "credit_undone", f"{shown(*left)} went back, and the payment was removed in Xero."
    return "credit_under_way", f"{shown(*left)} went back before it was in Xero."


def _alone(
    books: Books, refund: Refund, note: Invoice, right: tuple[str, Decimal], collected: dict[str, Decimal]
) -> tuple[str, str]:
    number = note.number or "A credit note"
    unit = refund.unit
    if unit is not None and unit.source is not None and not unit.left:
        return "credit_for_void", f"{number} over {shown(*right)}."
    if _writes_off(books, note):
        tax = "" if note.tax else " There is no tax in it."
        return "credit_write_off", f"{number} writes off {shown(*right)}; Ignition still counts on it.{tax}"
    if unit is not None and unit.source is not None and _is_known(unit.source):
        return "credit_known", f"{number} over {shown(*right)}."
    whole = collected.get(unit.source_id, ZERO) if unit is not None else ZERO
    if not note.applied and note.status.upper() == "PAID" and note.total < whole:
        return "credit_partial", f"{number}: {shown(*right)} of {shown(right[0], whole)} was paid back."
    return "credit_only_in_xero", f"{number} over {shown(*right)}; Ignition refunded nothing."


def _writes_off(books: Books, note: Invoice) -> bool:
    return any(WRITE_OFF.search(_account(books, line.account_code)) for line in note.lines)


def _is_known(source: Invoice) -> bool:
    """Whether Ignition has the invoice as paid with a credit note."""
    return source.payment_state.lower() == "paid" and "credit_note" in source.payment_method.lower()


def _account(books: Books, code: str) -> str:
    account = books.accounts.get(code)
    return account.name if account is not None else ""


def credit_tax(books: Books, refund: Refund) -> Found:
    """Whether the tax in a credit note is the share that its invoice had."""
    note, document = refund.note, refund.unit.target if refund.unit is not None else None
    if note is None or document is None or note.tax is None or document.tax is None:
        return None
    if not document.total or not note.total or note.total > document.total:
        return None
    if not refund.left and _writes_off(books, note):
        return None  # told as what it is, with its tax
    expected = cents(document.tax * note.total / document.total)
    if abs(note.tax - expected) <= CENTS:
        return None
    currency = note.currency or books.currency
    return (
        "credit_tax",
        f"{shown(currency, note.tax)} of tax is in it; its share is {shown(currency, expected)}.",
    )


def credit_period(books: Books, refund: Refund) -> Found:
    note, document = refund.note, refund.unit.target if refund.unit is not None else None
    lock = books.lock_date
    if note is None or document is None or lock is None or note.date is None or document.date is None:
        return None
    if document.date <= lock < note.date:
        return (
            "credit_period",
            f"The invoice is of {document.date:%d %b %Y}, the credit note of {note.date:%d %b %Y}.",
        )
    return None


def credit_refund_late(books: Books, share: Share) -> Found:
    item = share.item
    if item is None or item.clawed_back or item.payment.status not in GOING_BACK:
        return None
    moment = item.payment.source_updated_at or item.payment.collected_at
    if moment is None or books.now - moment < KINDS["credit_refund_late"].grace:
        return None
    return "credit_refund_late", f"Since {books.day(moment):%d %b %Y}."


def credit_unallocated(books: Books) -> Iterator[Difference]:
    """Credit notes of linked contacts with something left on them."""
    clients = {contact_id: client_id for client_id, contact_id in books.contact_links.items()}
    for note in books.credits.values():
        client_id = clients.get(note.contact_external_id, "")
        remaining = note.remaining or ZERO
        if not client_id or remaining <= ZERO or note.status.upper() != "AUTHORISED":
            continue
        grace = KINDS["credit_unallocated"].grace
        if note.type not in CREDIT_TYPES or is_recent(books, note.source_updated_at, note.date, grace):
            continue
        currency = note.currency or books.currency
        yield Difference(
            kind="credit_unallocated",
            key=f"note:{note.external_id}",
            text=f"{shown(currency, remaining)} of {note.number or 'a credit note'} is on no invoice.",
            target_ids=(note.external_id,),
            client=books.client_name(client_id),
            client_external_id=client_id,
            currency=currency,
            at_stake=remaining,
            tax_at_stake=tax_of(note, remaining),
            document=note.number,
            dated_on=note.date,
        )


def _collected(paired: Paired) -> dict[str, Decimal]:
    """What was collected for each invoice."""
    out: dict[str, Decimal] = {}
    for share in paired.shares:
        if share.left and share.item is not None:
            key = share.item.invoice_external_id
            out[key] = out.get(key, ZERO) + share.amount
    return out


def _difference(
    books: Books, refund: Refund, kind: str, text: str, moved: tuple[Effect, ...] = ()
) -> Difference:
    left, right = refund.left_money(books.currency), refund.right_money(books.currency)
    unit, note, row = refund.unit, refund.note, refund.row
    party = row.contact_external_id if row is not None else ""
    if unit is not None and unit.source is not None:
        party = unit.source.contact_external_id
    contact = books.contacts.get(note.contact_external_id) if note is not None else None
    stake = max(abs(left[1]), abs(right[1]))
    tax = tax_share(unit, stake, books.currency) if unit is not None else ZERO
    day = note.date if note is not None else refund.share.paid_on if refund.share is not None else None
    return Difference(
        kind=kind,
        key=refund.key,
        text=text,
        source_ids=ids(
            refund.share.source_id if refund.share is not None else row.external_id if row else ""
        ),
        target_ids=ids(
            note.external_id if note is not None else "", unit.target_id if unit is not None else ""
        ),
        client=books.client_name(party) or (contact.name if contact else ""),
        client_external_id=party,
        currency=left[0] if refund.left else right[0],
        at_stake=stake,
        tax_at_stake=tax if unit is not None else tax_of(note, stake) if note is not None else ZERO,
        document=note.number if note is not None else number_of(books, unit) if unit is not None else "",
        dated_on=day or (books.day(row.started_at) if row is not None else None),
        effects=moved,
    )


def _of_share(books: Books, share: Share, kind: str, text: str) -> Difference:
    return _difference(books, Refund(share=share, unit=share.unit), kind, text)
