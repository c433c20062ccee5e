"""Which invoice here is which document there, so that each is looked at exactly once. Pure."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from connectors.records import Invoice
from mappings.spec import Choices
from sync.documents import DEAD, Ledger, match_invoice
from sync.linking import days_apart
from sync.plan import NOT_ISSUED, may_write_invoice
from sync.reconcile.books import ZERO, Books, Expected

OURS = re.compile(r"(?<!\w)(PROP|CLI)-\d", re.IGNORECASE)
"""References that Ignition gives its invoices, also where somebody wrote something around them."""
TWIN_DAYS = 3
"""The same client and total within this many days is taken for the same document."""
SAME_REFERENCE_DAYS = 10
"""Monthly billing repeats client, total and reference; a repetition sooner than this is no billing."""
NOTHING = Expected()
_ANY = Choices()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """An invoice and its document, or one of them alone. Ids are those of the link, even where a record is not there.

    ``twin_of`` is the document that this one seems to repeat. ``left`` and ``right`` are whether that side's total
    counts it.
    """

    source: Invoice | None = None
    target: Invoice | None = None
    expected: Expected = NOTHING
    source_id: str = ""
    target_id: str = ""
    is_linked: bool = False
    is_gone: bool = False
    twin_of: str = ""
    left: bool = field(init=False)
    right: bool = field(init=False)

    def __post_init__(self) -> None:
        # Worked out once: they are asked for dozens of times.
        source, target = self.source, self.target
        left = source is not None and not self.is_gone and source.status not in NOT_ISSUED
        object.__setattr__(self, "left", left)
        object.__setattr__(self, "right", target is not None and target.status.upper() not in DEAD)

    @property
    def key(self) -> str:
        return self.source_id or f"x:{self.target_id}"

    def left_money(self, home: str) -> tuple[str, Decimal]:
        if self.source is None or not self.left:
            return (self.target.currency if self.target else "") or home, ZERO
        return self.source.currency or home, self.source.total

    def right_money(self, home: str) -> tuple[str, Decimal]:
        if self.target is None or not self.right:
            return (self.source.currency if self.source else "") or home, ZERO
        return self.target.currency or home, self.target.total

    def left_tax(self, home: str) -> tuple[str, Decimal]:
        return self.left_money(home)[0], (self.expected.tax or ZERO) if self.left else ZERO

    def right_tax(self, home: str) -> tuple[str, Decimal]:
        tax = self.target.tax if self.target is not None and self.right else None
        return self.right_money(home)[0], tax or ZERO

    @property
    def tax_is_known(self) -> bool:
        return not self.left or self.expected.tax is not None


def units_of(books: Books) -> tuple[list[Unit], list[Unit]]:
    """Every invoice of the source and every document of the target that comes from it: inside the window, outside."""
    found, taken = _pairs(books)
    inside = [unit for unit in found if _inside(books, unit)]
    outside = [unit for unit in found if not _inside(books, unit)]
    inside.extend(_alone(books, taken, [unit for unit in found if unit.target is not None]))
    return inside, outside


def _inside(books: Books, unit: Unit) -> bool:
    """A pair is in the window or not as a whole, so that both totals count the same documents."""
    record = unit.source or unit.target
    return record is not None and books.inside(record.date)


def _pairs(books: Books) -> tuple[list[Unit], set[str]]:
    """A unit for each of the source's invoices, and the documents that belong to one."""
    taken = set(books.invoice_links.values())
    ledger = Ledger(books.documents, taken=taken)
    merged: dict[str, list[str]] = defaultdict(list)
    for contact in books.contacts.values():
        if contact.merged_into:
            merged[contact.merged_into].append(contact.external_id)
    out = []
    for key, invoice in sorted({**books.gone, **books.invoices}.items(), key=_strongest_first):
        expected = books.expected.get(key, NOTHING)
        there = books.invoice_links.get(key, "")
        gone = key not in books.invoices
        if there:
            out.append(
                Unit(
                    source=invoice,
                    target=books.documents.get(there),
                    expected=expected,
                    source_id=key,
                    target_id=there,
                    is_linked=True,
                    is_gone=gone,
                )
            )
            continue
        barred = may_write_invoice(invoice, _ANY)
        if gone or (barred is not None and barred.reason == "from_ledger"):
            continue
        contact_id = books.contact_links.get(invoice.contact_external_id, "")
        theirs = [contact_id, *merged.get(contact_id, ())] if contact_id else []
        own = expected.number or f"{books.chosen.prefix}{invoice.number}"
        match = match_invoice(
            invoice, contact_external_ids=theirs, own_number=own, total=invoice.total, ledger=ledger
        )
        there = match.external_id if match.external_id not in taken else ""
        taken.update({there} - {""})
        out.append(
            Unit(
                source=invoice,
                target=books.documents.get(there),
                expected=expected,
                source_id=key,
                target_id=there,
            )
        )
    return out, taken


def _strongest_first(item: tuple[str, Invoice]) -> tuple[bool, str, str]:
    key, invoice = item
    native = invoice.native is not None and bool(invoice.native.external_id)
    return (not native, invoice.date.isoformat() if invoice.date else "", key)


def _alone(books: Books, taken: set[str], pairs: list[Unit]) -> list[Unit]:
    """Documents without an invoice that repeat one, or whose number or reference is Ignition's.

    An invoice that could not be read leaves its document alone as well, linked or not.
    """
    near: dict[tuple[str, str, Decimal], list[Invoice]] = defaultdict(list)
    for unit in pairs:
        if unit.target is not None and unit.right:
            near[_alike(unit.target)].append(unit.target)
    out = []
    orphans = {
        there: source
        for source, there in books.invoice_links.items()
        if source not in books.invoices and source not in books.gone
    }
    unread = {
        name: record.external_id
        for record in books.ours.unread
        if record.is_source
        for name in record.points_to
    }
    for document in books.documents.values():
        key = document.external_id
        if key in taken and key not in orphans:
            continue
        if document.type != "ACCREC" or document.status.upper() in DEAD or not books.inside(document.date):
            continue
        source_id = orphans.get(key) or unread.get(key) or unread.get(document.number.casefold(), "")
        if source_id:
            out.append(Unit(target=document, source_id=source_id, target_id=key, is_linked=True))
            continue
        twin = next((item for item in near.get(_alike(document), ()) if _repeats(document, item)), None)
        if twin is not None or is_ours(books, document):
            out.append(
                Unit(target=document, target_id=key, twin_of=twin.external_id if twin is not None else "")
            )
    return out


def is_ours(books: Books, document: Invoice) -> bool:
    """Whether a document says of itself that it comes from Ignition."""
    prefix = books.chosen.prefix.casefold()
    own_number = bool(prefix) and document.number.casefold().startswith(prefix)
    return own_number or bool(OURS.search(document.reference))


def _alike(document: Invoice) -> tuple[str, str, Decimal]:
    return document.contact_external_id, document.currency, document.total


def _repeats(document: Invoice, other: Invoice) -> bool:
    apart = days_apart(document.date, other.date)
    same_reference = bool(document.reference) and document.reference == other.reference
    return apart <= TWIN_DAYS or (same_reference and apart <= SAME_REFERENCE_DAYS)


def is_young(books: Books, record: Invoice, grace: timedelta) -> bool:
    """Whether a record came so recently that it is too early to miss its counterpart."""
    moment = record.source_created_at
    if moment is None:
        return is_recent(books, record.source_updated_at, record.date, grace)
    return books.now - moment < grace


def is_recent(books: Books, touched_at: datetime | None, dated_on: date | None, grace: timedelta) -> bool:
    """The same of a record that says when it was last touched, and not when it was made.

    One that is dated long ago is not recent because somebody touched it today.
    """
    if touched_at is None or books.now - touched_at >= grace:
        return False
    today = books.day(books.now)
    return dated_on is None or today is None or (today - dated_on) <= grace + timedelta(days=1)
