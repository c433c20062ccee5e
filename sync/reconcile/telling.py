"""A difference about an invoice, a payment or a client, with everything people want to know of it. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from connectors.amounts import cents
from connectors.records import Invoice
from sync.reconcile.books import ZERO, Books, Difference, Effect
from sync.reconcile.documents import Unit

Found = tuple[str, str] | None
"""A kind and a sentence, or nothing."""


def ids(*external_ids: str) -> tuple[str, ...]:
    return tuple(item for item in external_ids if item)


def about_unit(
    books: Books,
    unit: Unit,
    kind: str,
    text: str,
    *,
    at_stake: Decimal | None = None,
    moved: tuple[Effect, ...] = (),
    key: str = "",
) -> Difference:
    """A difference of an invoice and its document; the larger of both totals is at stake unless told otherwise."""
    home = books.currency
    left, right = unit.left_money(home), unit.right_money(home)
    party = unit.source.contact_external_id if unit.source else ""
    contact = books.contacts.get(unit.target.contact_external_id) if unit.target else None
    stake = max(abs(left[1]), abs(right[1])) if at_stake is None else at_stake
    there = unit.target if unit.right else None
    return Difference(
        kind=kind,
        key=key or unit.key,
        text=text,
        source_ids=ids(unit.source_id),
        target_ids=ids(unit.target_id),
        client=books.client_name(party) or (contact.name if contact else ""),
        client_external_id=party,
        currency=left[0] if unit.left else right[0],
        at_stake=stake,
        tax_at_stake=tax_share(unit, stake, home),
        document=number_of(books, unit),
        dated_on=(there.date if there else None) or (unit.source.date if unit.source else None),
        effects=moved,
    )


def number_of(books: Books, unit: Unit) -> str:
    """The document's number in the target, or the one it would get there."""
    if unit.target is not None and unit.target.number:
        return unit.target.number
    return unit.expected.number or (unit.source.number if unit.source else "")


def tax_share(unit: Unit, amount: Decimal, home: str) -> Decimal:
    """The tax in an amount of a document: all of it in the whole, else its share."""
    left, right = unit.left_money(home)[1], unit.right_money(home)[1]
    tax = max(abs(unit.left_tax(home)[1]), abs(unit.right_tax(home)[1]))
    whole = max(abs(left), abs(right))
    if not whole or not tax:
        return ZERO
    return tax if amount >= whole else cents(tax * amount / whole)


def about_client(
    books: Books,
    client_id: str,
    kind: str,
    text: str,
    *,
    contact_id: str = "",
    key: str = "",
    currency: str = "",
    at_stake: Decimal = ZERO,
) -> Difference:
    return Difference(
        kind=kind,
        key=key or client_id,
        text=text,
        source_ids=ids(client_id),
        target_ids=ids(contact_id),
        client=books.client_name(client_id),
        client_external_id=client_id,
        currency=currency,
        at_stake=at_stake,
    )


def quoted(values: Sequence[str], most: int = 5) -> str:
    """Some of several names in a sentence, and how many more there are."""
    shown = ", ".join(f"“{item}”" for item in values[:most])
    return f"{shown} and {len(values) - most} more" if len(values) > most else shown


def tax_of(document: Invoice, amount: Decimal) -> Decimal:
    """The tax in an amount of one document."""
    if not document.total or not document.tax:
        return ZERO
    return abs(cents(document.tax * amount / document.total))
