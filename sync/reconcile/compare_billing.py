"""Clients that are billed while their link is missing, another one, or their record is archived. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from connectors.records import Proposal
from mappings.spec import Choices
from sync.plan import may_write_invoice
from sync.reconcile.books import ZERO, Books, Difference
from sync.reconcile.documents import Unit, is_young
from sync.reconcile.kinds import KINDS
from sync.reconcile.rounding import shown
from sync.reconcile.telling import about_client, quoted

_ANY = Choices()
GONE = frozenset({"archived", "deleted", "lost"})


def compare_billing(books: Books, units: list[Unit]) -> Iterator[Difference]:
    by_client: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.source is not None and unit.left:
            by_client[unit.source.contact_external_id].append(unit)
    running = _running(books)
    repeated = {item.contact_external_id for item in books.repeating.values() if item.status != "DELETED"}
    for client_id, client in books.clients.items():
        contact_id = books.contact_links.get(client_id, "")
        theirs = by_client.get(client_id, [])
        if not contact_id:
            yield from _unlinked(books, client_id, theirs, client_id in running)
        elif client.status in GONE:
            yield from _archived(books, client_id, contact_id, theirs, contact_id in repeated)


def _unlinked(books: Books, client_id: str, units: list[Unit], is_running: bool) -> Iterator[Difference]:
    """No link: the contact that its documents are on, or none at all though it is billed."""
    stored = books.clients[client_id].linked.get("xero", "")
    there = sorted({unit.target.contact_external_id for unit in units if unit.target is not None} - {""})
    known = books.contacts.get(stored)
    if stored in there and known is not None and known.status.upper() not in {"ACTIVE", ""}:
        return  # Ignition names a contact that is archived: that is told by itself
    currency, money = _sum(books, units)
    if there:
        names = [books.contacts[item].name for item in there if item in books.contacts]
        text = f"Its invoices are on {quoted(names) or 'another contact'}."
        yield about_client(
            books,
            client_id,
            "contact_not_linked",
            text,
            contact_id=there[0],
            currency=currency,
            at_stake=money,
        )
        return
    grace = KINDS["contact_missing"].grace
    open_units = [
        unit
        for unit in units
        if unit.source is not None
        and not unit.target_id
        and not unit.expected.left_out
        and not is_young(books, unit.source, grace)
        and may_write_invoice(unit.source, _ANY) is None
    ]
    alive = books.clients[client_id].status in {"active", ""}
    if open_units or (is_running and alive):
        currency, money = _sum(books, open_units)
        what = (
            f"{shown(currency, money)} of invoices wait for it." if open_units else "Its proposal bills it."
        )
        yield about_client(books, client_id, "contact_missing", what, currency=currency, at_stake=money)


def _archived(
    books: Books, client_id: str, contact_id: str, units: list[Unit], is_repeated: bool
) -> Iterator[Difference]:
    contact = books.contacts.get(contact_id)
    if contact is None or contact.merged_into or contact.status.upper() not in {"ACTIVE", ""}:
        return
    due = [
        unit
        for unit in units
        if unit.target is not None and unit.right and (unit.target.amount_due or ZERO) > ZERO
    ]
    if not due and not is_repeated:
        return
    currency = books.currency
    money = sum((unit.target.amount_due or ZERO for unit in due if unit.target is not None), ZERO)
    text = f"{shown(currency, money)} is open in Xero." if due else "Xero repeats its invoices."
    yield about_client(
        books,
        client_id,
        "contact_client_archived",
        text,
        contact_id=contact_id,
        currency=currency,
        at_stake=money,
    )


def _running(books: Books) -> set[str]:
    """Clients with an accepted proposal that still bills recurring services."""
    today = books.day(books.now) or date.max
    return {item.contact_external_id for item in books.proposals.values() if _bills(item, today)}


def _bills(proposal: Proposal, today: date) -> bool:
    if proposal.status != "accepted" or (proposal.ends_on is not None and proposal.ends_on < today):
        return False
    return any(line.selected and line.is_recurring for line in proposal.lines)


def _sum(books: Books, units: list[Unit]) -> tuple[str, Decimal]:
    """What the invoices of the first one's currency come to."""
    if not units:
        return books.currency, ZERO
    money = [unit.left_money(books.currency) for unit in units]
    return money[0][0], sum((amount for currency, amount in money if currency == money[0][0]), ZERO)
