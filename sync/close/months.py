"""The last comparison cut into months: totals with their causes, drafts, and documents that cross a border. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sync.close.periods import add_months
from sync.reconcile.books import INVOICES, PAYMENTS, REFUNDS, TAX, ZERO, Books, Difference
from sync.reconcile.documents import Unit
from sync.reconcile.receipts import Paired, Share
from sync.reconcile.refunds import Refund
from sync.reconcile.totals import Total, totals

DRAFTS = frozenset({"DRAFT", "SUBMITTED"})
MOST_MONTHS = 37
"""Three years and the month that runs."""
MEASURED = (INVOICES, TAX, PAYMENTS, REFUNDS)
"""Totals that a month has. Payouts are in the proof of the clearing account."""
MOST_NAMED = 200
"""Documents named one by one; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document of Ignition's that nobody has approved in Xero yet: it is in no tax return."""

    target_id: str
    number: str
    client: str
    day: date | None
    currency: str
    total: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A document whose two dates are in different months."""

    source_id: str
    number: str
    client: str
    here: date
    there: date
    currency: str
    total: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    month: date
    totals: tuple[Total, ...]
    drafts: tuple[Draft, ...] = ()
    crossings: tuple[Crossing, ...] = ()


def months_of(
    books: Books, paired: Paired, differences: Iterable[Difference]
) -> tuple[dict[date, Month], dict[str, int]]:
    """Each month that has documents or money in it, and how many have no date. Newer months than any are left out.

    A pair of documents is in the month of its date in Ignition; money in that of the day it was collected.
    """
    units: dict[date | None, list[Unit]] = defaultdict(list)
    shares: dict[date | None, list[Share]] = defaultdict(list)
    places: dict[str, date | None] = {}
    for unit in paired.units:
        place = _month(_day_of(unit))
        units[place].append(unit)
        places[unit.key] = place
    for share in paired.shares:
        place = _month(_paid_on(share))
        shares[place].append(share)
        places.setdefault(share.key, place)
    refunds: dict[date | None, list[Refund]] = defaultdict(list)
    for refund in paired.refunds:
        # Money that was given back is in the month of its payment: one step may be about both.
        place = places.setdefault(refund.key, _month(_given_back(books, refund)))
        refunds[place].append(refund)
    found: dict[date | None, list[Difference]] = defaultdict(list)
    for item in differences:
        if item.effects and item.key in places:
            found[places[item.key]].append(item)
    out = {
        month: _one(
            books,
            replace(paired, units=units[month], shares=shares[month], refunds=refunds[month], payouts=[]),
            month,
            found[month],
        )
        for month in sorted({key for key in (*units, *shares, *refunds) if key is not None})
    }
    undated = {"documents": len(units.get(None, ())), "payments": len(shares.get(None, ()))}
    return out, undated


def month_list(found: Iterable[date], today: date) -> list[date]:
    """Every month without a gap from the first that has anything to the one that runs, at most ``MOST_MONTHS``."""
    last = today.replace(day=1)
    first = max(min(found, default=last), add_months(last, 1 - MOST_MONTHS))
    out = [min(first, last)]
    while out[-1] < last:
        out.append(add_months(out[-1], 1))
    return out


def _one(books: Books, paired: Paired, month: date, differences: Sequence[Difference]) -> Month:
    sums, units = totals(books, paired, differences), paired.units
    return Month(
        month=month,
        totals=tuple(item for item in sums if item.measure in MEASURED),
        drafts=tuple(_draft(books, unit) for unit in units if _is_draft(unit)),
        crossings=tuple(found for unit in units if (found := _crossing(books, unit)) is not None),
    )


def _month(day: date | None) -> date | None:
    return day.replace(day=1) if day else None


def _day_of(unit: Unit) -> date | None:
    record = unit.source or unit.target
    return record.date if record else None


def _paid_on(share: Share) -> date | None:
    if share.item is not None:
        return share.paid_on or share.item.payment.date
    return share.receipt.date if share.receipt else None


def _given_back(books: Books, refund: Refund) -> date | None:
    if refund.row is not None:
        return books.day(refund.row.started_at)
    return refund.note.date if refund.note is not None else None


def _is_draft(unit: Unit) -> bool:
    return unit.target is not None and unit.right and unit.target.status.upper() in DRAFTS


def _draft(books: Books, unit: Unit) -> Draft:
    there = unit.target
    currency, total = unit.right_money(books.currency)
    return Draft(
        target_id=unit.target_id,
        number=there.number if there else "",
        client=_client(books, unit),
        day=there.date if there else None,
        currency=currency,
        total=total,
        tax=unit.right_tax(books.currency)[1],
    )


def _crossing(books: Books, unit: Unit) -> Crossing | None:
    here = unit.source.date if unit.source is not None and unit.left else None
    there = unit.target.date if unit.target is not None and unit.right else None
    if here is None or there is None or _month(here) == _month(there):
        return None
    currency, total = unit.right_money(books.currency)
    return Crossing(
        source_id=unit.source_id,
        number=unit.target.number if unit.target else "",
        client=_client(books, unit),
        here=here,
        there=there,
        currency=currency,
        total=total,
        tax=unit.right_tax(books.currency)[1] or ZERO,
    )


def _client(books: Books, unit: Unit) -> str:
    contact = books.contacts.get(unit.target.contact_external_id) if unit.target else None
    name = books.client_name(unit.source.contact_external_id) if unit.source else ""
    return name or (contact.name if contact else "")
