"""Money that went back to clients beside the target's credit notes, each looked at exactly once. Pure."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations

from connectors.records import Collection, Invoice
from sync.documents import DEAD
from sync.reconcile.books import ZERO, Books
from sync.reconcile.documents import OURS, Unit
from sync.reconcile.shares import Share

CREDIT_TYPES = frozenset({"ACCRECCREDIT", "ACCREC", ""})
MOST_TOGETHER = 4
"""A refund is not credited in more notes than this."""
MOST_LOOKED_AT = 12
"""Of so many notes about one document every combination is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """What the source gave back (a share, or a row that fits no payment) and the credit note for it, or one of them.

    ``unit`` is the document it is about, ``credited`` what of the note counts here, with what several notes that
    together make up one refund come to.
    """

    share: Share | None = None
    row: Collection | None = None
    note: Invoice | None = None
    unit: Unit | None = None
    credited: Decimal = ZERO

    @property
    def left(self) -> bool:
        return self.share is not None or self.row is not None

    @property
    def key(self) -> str:
        if self.share is not None:
            return self.share.key
        if self.row is not None:
            return f"row:{self.row.external_id}"
        return f"x:{self.note.external_id if self.note else ''}"

    def left_money(self, home: str) -> tuple[str, Decimal]:
        if self.share is not None and self.share.item is not None:
            return self.share.item.payment.currency or home, self.share.amount
        if self.row is not None:
            return self.row.currency or home, self.row.amount
        return (self.note.currency if self.note else "") or home, ZERO

    def right_money(self, home: str) -> tuple[str, Decimal]:
        if self.note is not None:
            return self.note.currency or home, self.credited
        return self.left_money(home)[0], ZERO


class _Notes:
    """The target's credit notes that count, found by contact and amount or by the document they were put on."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.free: dict[str, Invoice] = {
            note.external_id: note
            for note in books.credits.values()
            if note.type in CREDIT_TYPES and note.status.upper() not in DEAD
        }
        self.by_amount: dict[tuple[str, str, Decimal], list[str]] = defaultdict(list)
        self.by_document: dict[str, list[str]] = defaultdict(list)
        self.by_reference: dict[tuple[str, str], list[str]] = defaultdict(list)
        for note in self.free.values():
            key = note.contact_external_id, note.currency or books.currency, note.total
            self.by_amount[key].append(note.external_id)
            for item in note.applied:
                self.by_document[item.invoice_external_id].append(note.external_id)
            if note.reference and not note.applied:
                self.by_reference[note.contact_external_id, note.reference.casefold()].append(
                    note.external_id
                )

    def exact(self, contact: str, currency: str, amount: Decimal, unit: Unit | None) -> Invoice | None:
        """A note of this amount, first one that is on the document itself, else one that is on no other."""
        found = [key for key in self.by_amount.get((contact, currency, amount), ()) if key in self.free]
        here = unit.target_id if unit is not None else ""
        fitting = [key for key in found if any(x.invoice_external_id == here for x in self.free[key].applied)]
        loose = [key for key in found if not self.free[key].applied]
        return self._take([*fitting, *loose])

    def on(self, unit: Unit | None) -> Invoice | None:
        """A note that was put on the document, else the newest that carries its number or reference."""
        target = unit.target if unit is not None else None
        if target is None:
            return None
        found = [key for key in self.by_document.get(target.external_id, ()) if key in self.free]
        named: list[str] = []
        for name in {target.number.casefold(), target.reference.casefold()} - {""}:
            named += self.by_reference.get((target.contact_external_id, name), ())
        fitting = [key for key in named if key in self.free and self.free[key].total <= target.total]
        fitting.sort(key=lambda key: (self.free[key].date or date.min, key), reverse=True)
        return self._take([*found, *fitting])

    def together(self, unit: Unit | None, currency: str, amount: Decimal) -> list[Invoice]:
        """Several notes about the document that come to just this amount, oldest first."""
        target = unit.target if unit is not None else None
        if target is None:
            return []
        keys = dict.fromkeys(self.by_document.get(target.external_id, ()))
        for name in sorted({target.number.casefold(), target.reference.casefold()} - {""}):
            keys.update(dict.fromkeys(self.by_reference.get((target.contact_external_id, name), ())))
        notes = [self.free[key] for key in keys if key in self.free]
        notes = [note for note in notes if (note.currency or self.books.currency) == currency]
        notes.sort(key=lambda note: (note.date or date.min, note.external_id))
        for size in range(2, min(len(notes), MOST_TOGETHER) + 1):
            for some in combinations(notes[:MOST_LOOKED_AT], size):
                if sum((note.total for note in some), ZERO) == amount:
                    for note in some:
                        del self.free[note.external_id]
                    return list(some)
        return []

    def _take(self, keys: list[str]) -> Invoice | None:
        return self.free.pop(keys[0]) if keys else None


def refunds_of(books: Books, units: list[Unit], shares: list[Share]) -> list[Refund]:
    """Everything that went back and every credit note that is about what comes from the source."""
    notes = _Notes(books)
    went_back = [share for share in shares if share.went_back]
    rows = _loose_rows(books, shares, went_back, units)
    unit_of = {unit.source_id: unit for unit in units if unit.source_id}
    out = []
    open_shares = []
    for share in went_back:
        note = _exact(notes, share.unit, share.amount, _currency(books, share), share)
        if note is not None:
            out.append(Refund(share=share, note=note, unit=share.unit, credited=note.total))
        else:
            open_shares.append(share)
    for share in open_shares:
        several = notes.together(share.unit, _currency(books, share), share.amount)
        note = several[0] if several else notes.on(share.unit)
        credited = sum((item.total for item in several), ZERO)
        if not several and note is not None:
            credited = note.total
        out.append(Refund(share=share, note=note, unit=share.unit, credited=credited))
    for row in rows:
        unit = unit_of.get(row.invoice_external_id)
        note = _exact(notes, unit, row.amount, row.currency or books.currency, None)
        credited = note.total if note is not None else ZERO
        out.append(Refund(row=row, note=note, unit=unit, credited=credited))
    out.extend(_alone(books, notes, units))
    return out


def _currency(books: Books, share: Share) -> str:
    return (share.item.payment.currency if share.item is not None else "") or books.currency


def _exact(
    notes: _Notes, unit: Unit | None, amount: Decimal, currency: str, share: Share | None
) -> Invoice | None:
    contact = share.receipt.contact_external_id if share is not None and share.receipt is not None else ""
    if not contact and unit is not None and unit.target is not None:
        contact = unit.target.contact_external_id
    return notes.exact(contact, currency, amount, unit) if contact else None


def _loose_rows(
    books: Books, shares: list[Share], went_back: list[Share], units: list[Unit]
) -> list[Collection]:
    """Clawback rows that no payment's return explains. Those of invoices that are not compared are left out."""
    used = Counter((share.item.invoice_external_id, share.amount) for share in went_back if share.item)
    inside = {unit.source_id for unit in units}
    undivided = {
        invoice
        for share in shares
        if share.item is not None and share.item.problem
        for invoice in share.item.payment.invoice_external_ids
    }
    out = []
    for row in sorted(books.collections.values(), key=lambda item: item.external_id):
        invoice = row.invoice_external_id
        if not row.is_clawback or not books.inside(books.day(row.started_at) or row.submitted_on):
            continue
        if invoice in undivided or (invoice in books.invoices and invoice not in inside):
            continue
        if used[invoice, row.amount]:
            used[invoice, row.amount] -= 1
        else:
            out.append(row)
    return out


def _alone(books: Books, notes: _Notes, units: list[Unit]) -> list[Refund]:
    """Notes that are on a compared document, or whose reference is the source's."""
    unit_of = {unit.target_id: unit for unit in units if unit.target is not None}
    by_name = _by_name(units)
    out = []
    for note in sorted(notes.free.values(), key=lambda item: item.external_id):
        if not books.inside(note.date):
            continue
        applied = [item for item in note.applied if item.invoice_external_id in unit_of]
        if applied:
            credited = sum((item.amount for item in applied), ZERO)
            unit = unit_of[applied[0].invoice_external_id]
            out.append(Refund(note=note, unit=unit, credited=credited))
        elif OURS.search(note.reference) and not note.applied:
            named = by_name.get((note.contact_external_id, note.reference.casefold()), [])
            out.append(Refund(note=note, unit=_last_before(named, note), credited=note.total))
    return out


def _by_name(units: list[Unit]) -> dict[tuple[str, str], list[Unit]]:
    """Units by their contact in the target and the reference that they have there."""
    out: dict[tuple[str, str], list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.target is not None and unit.right and unit.target.reference:
            out[unit.target.contact_external_id, unit.target.reference.casefold()].append(unit)
    return out


def _last_before(units: list[Unit], note: Invoice) -> Unit | None:
    """The newest document that a credit note may be about."""
    fitting = [
        (unit.target.date or date.min, unit.key, unit)
        for unit in units
        if unit.target is not None and unit.target.total >= note.total
        if note.date is None or unit.target.date is None or unit.target.date <= note.date
    ]
    return max(fitting, key=lambda item: item[:2])[2] if fitting else None
