"""Every difference between the two sides. Pure: the same books give the same list.

A pair of documents moves the control totals in one place only: in the first kind of ``_FIRST`` that fits. All other
kinds say what else is wrong with it and move nothing, so that the totals come out to the cent.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator

from mappings.spec import Choices
from sync.documents import DEAD
from sync.plan import may_write_invoice
from sync.reconcile.books import INVOICES, TAX, ZERO, Books, Difference, Effect, effects
from sync.reconcile.compare_bank import compare_bank
from sync.reconcile.compare_contacts import compare_contacts
from sync.reconcile.compare_credits import compare_credits
from sync.reconcile.compare_details import details
from sync.reconcile.compare_engagements import compare_engagements
from sync.reconcile.compare_lines import compare_lines, has_surcharge
from sync.reconcile.compare_ours import compare_ours, outgrown
from sync.reconcile.compare_payments import compare_payments
from sync.reconcile.compare_payouts import compare_payouts
from sync.reconcile.documents import Unit, is_young
from sync.reconcile.kinds import KINDS
from sync.reconcile.receipts import Paired
from sync.reconcile.rounding import CENTS, is_rounding, shown
from sync.reconcile.telling import Found, about_unit

First = Callable[[Books, Unit], Found]


def compare(books: Books, paired: Paired) -> list[Difference]:
    """All differences of all kinds. ``paired`` is ``pair(books)``."""
    invoices = list(compare_invoices(books, paired.units))
    told: dict[str, set[str]] = defaultdict(set)
    for item in invoices:
        told[item.key].add(item.kind)
    found = [
        *invoices,
        *compare_engagements(books, paired.units, told),
        *compare_payments(books, paired),
        *compare_credits(books, paired),
        *compare_payouts(books, paired),
        *compare_bank(books, paired),
        *compare_contacts(books, paired.units),
        *compare_ours(books, paired.units),
    ]
    return [*found, *outgrown(books, found)]


def compare_invoices(books: Books, units: list[Unit]) -> Iterator[Difference]:
    for unit in units:
        if unit.left or unit.right:
            yield from first_difference(books, unit)
            yield from tax_not_known(books, unit)
            if unit.left and unit.right:
                yield from details(books, unit)
                yield from compare_lines(books, unit)


def first_difference(books: Books, unit: Unit) -> Iterator[Difference]:
    """The one difference of a document that moves the totals, if there is any."""
    both = unit.left and unit.right
    if both and _agrees(books, unit):
        return
    for rule in _BOTH if both else _FIRST:
        found = rule(books, unit)
        if found is not None:
            kind, text = found
            yield about_unit(books, unit, kind, text, moved=moved_by(books, unit))
            return


def _agrees(books: Books, unit: Unit) -> bool:
    """Nearly every document: both sides count it alike, so that none of the rules for both has anything to say."""
    home = books.currency
    return unit.left_money(home) == unit.right_money(home) and (
        not unit.tax_is_known or unit.left_tax(home) == unit.right_tax(home)
    )


def tax_not_known(books: Books, unit: Unit) -> Iterator[Difference]:
    """Accounts for the tax of a document whose tax on the left nobody can tell.

    It is a step of its own even where it moves nothing, so that an unknown tax never looks like one that agrees.
    """
    if unit.tax_is_known:
        return
    left, right = unit.left_tax(books.currency), unit.right_tax(books.currency)
    text = f"Xero has {shown(*right)} of tax in it." if unit.right else "Xero does not have it."
    step = effects(TAX, left=left, right=right) or (Effect(measure=TAX, currency=right[0], amount=ZERO),)
    yield about_unit(books, unit, "invoice_tax_unknown", text, at_stake=ZERO, moved=step)


def moved_by(books: Books, unit: Unit) -> tuple[Effect, ...]:
    """What a unit does to the totals."""
    home = books.currency
    moved = effects(INVOICES, left=unit.left_money(home), right=unit.right_money(home))
    if unit.tax_is_known:
        moved += effects(TAX, left=unit.left_tax(home), right=unit.right_tax(home))
    return moved


def invoice_left_out(books: Books, unit: Unit) -> Found:
    if unit.left and not unit.target_id and unit.expected.left_out:
        return "invoice_left_out", unit.expected.left_out
    return None


def invoice_on_its_way(books: Books, unit: Unit) -> Found:
    grace = KINDS["invoice_missing"].grace
    if unit.left and not unit.target_id and unit.source is not None and is_young(books, unit.source, grace):
        return "invoice_on_its_way", "Ignition issued it a moment ago."
    return None


def invoice_missing(books: Books, unit: Unit) -> Found:
    if unit.left and not unit.target_id and unit.source is not None:
        total = shown(*unit.left_money(books.currency))
        why = books.waits.get(unit.source_id, "")
        return "invoice_missing", f"Ignition issued it over {total}; Xero has no such invoice. {why}".strip()
    return None


def invoice_gone_in_xero(books: Books, unit: Unit) -> Found:
    if unit.left and unit.target_id and unit.target is None:
        return "invoice_gone_in_xero", "The linked document is no longer in Xero's list."
    return None


def invoice_void_in_xero(books: Books, unit: Unit) -> Found:
    if unit.left and unit.target is not None and unit.target.status.upper() in DEAD:
        total = shown(*unit.left_money(books.currency))
        return "invoice_void_in_xero", f"It is {unit.target.status.lower()} in Xero; Ignition has {total}."
    return None


def invoice_credited(books: Books, unit: Unit) -> Found:
    if unit.right and not unit.left and unit.source is not None and unit.target is not None:
        credited = unit.target.amount_credited or ZERO
        if credited and credited >= unit.target.total:
            return (
                "invoice_credited",
                f"Xero credited {shown(unit.target.currency or books.currency, credited)}.",
            )
    return None


def invoice_gone_in_ignition(books: Books, unit: Unit) -> Found:
    if unit.right and unit.is_gone and unit.source is not None:
        total = shown(*unit.right_money(books.currency))
        return "invoice_gone_in_ignition", f"Ignition no longer lists it; Xero has {total}."
    return None


def invoice_unreadable(books: Books, unit: Unit) -> Found:
    if unit.right and unit.is_linked and unit.source is None:
        total = shown(*unit.right_money(books.currency))
        return "invoice_unreadable", f"What Ignition says could not be read; Xero has {total}."
    return None


def invoice_void_in_ignition(books: Books, unit: Unit) -> Found:
    if unit.right and unit.source is not None and not unit.left:
        barred = may_write_invoice(unit.source, Choices())
        total = shown(*unit.right_money(books.currency))
        return "invoice_void_in_ignition", f"{barred.text if barred else ''} Xero has {total}.".strip()
    return None


def invoice_duplicate(books: Books, unit: Unit) -> Found:
    if unit.right and unit.source is None and unit.twin_of:
        other = books.documents[unit.twin_of]
        return (
            "invoice_duplicate",
            f"It repeats {other.number or 'another invoice'} of {other.date or 'no date'}.",
        )
    return None


def invoice_only_in_xero(books: Books, unit: Unit) -> Found:
    if unit.right and unit.source is None and unit.target is not None:
        total = shown(*unit.right_money(books.currency))
        name = unit.target.number or unit.target.reference
        return "invoice_only_in_xero", f"{name} over {total} is in Xero; Ignition does not list it."
    return None


def invoice_currency(books: Books, unit: Unit) -> Found:
    left, right = unit.left_money(books.currency), unit.right_money(books.currency)
    if left[0] != right[0]:
        return "invoice_currency", f"Ignition: {shown(*left)}. Xero: {shown(*right)}."
    return None


def invoice_rounding(books: Books, unit: Unit) -> Found:
    left, right = unit.left_money(books.currency), unit.right_money(books.currency)
    if left[1] != right[1] and is_rounding(unit, left[1], right[1]):
        return "invoice_rounding", f"Ignition: {shown(*left)}. Xero: {shown(*right)}, rounded line by line."
    return None


def invoice_surcharge(books: Books, unit: Unit) -> Found:
    """The totals differ by just the surcharge that one of the two counts in."""
    left, right = unit.left_money(books.currency), unit.right_money(books.currency)
    if unit.source is not None and left[1] != right[1] and has_surcharge(unit, right[1] - left[1]):
        return "invoice_surcharge", f"Ignition: {shown(*left)}. Xero: {shown(*right)}."
    return None


def invoice_total(books: Books, unit: Unit) -> Found:
    left, right = unit.left_money(books.currency), unit.right_money(books.currency)
    if left[1] != right[1]:
        return "invoice_total", f"Ignition: {shown(*left)}. Xero: {shown(*right)}."
    return None


def invoice_tax(books: Books, unit: Unit) -> Found:
    left, right = unit.left_tax(books.currency), unit.right_tax(books.currency)
    if unit.tax_is_known and left[1] != right[1]:
        kind = "invoice_rounding" if abs(left[1] - right[1]) <= CENTS else "invoice_tax"
        return kind, f"Tax by the mapping: {shown(*left)}. In Xero: {shown(*right)}."
    return None


_BOTH: tuple[First, ...] = (
    invoice_currency,
    invoice_surcharge,
    invoice_rounding,
    invoice_total,
    invoice_tax,
)
"""What both sides count, but differently."""
_FIRST: tuple[First, ...] = (
    invoice_left_out,
    invoice_on_its_way,
    invoice_missing,
    invoice_gone_in_xero,
    invoice_void_in_xero,
    invoice_credited,
    invoice_gone_in_ignition,
    invoice_unreadable,
    invoice_void_in_ignition,
    invoice_duplicate,
    invoice_only_in_xero,
    *_BOTH,
)
"""In this order: what is not there at all, what counts on one side only, and what both count differently."""
