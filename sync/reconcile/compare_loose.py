"""Money of clients that the target holds and that is on no invoice. Pure; moves no total."""

from collections.abc import Iterator

from connectors.records import Entry
from sync.reconcile.books import ZERO, Books, Difference
from sync.reconcile.documents import is_recent
from sync.reconcile.kinds import KINDS
from sync.reconcile.rounding import shown


def compare_loose(books: Books) -> Iterator[Difference]:
    """Overpayments and prepayments of linked contacts that are on no invoice."""
    if "overpayment" not in books.read:
        return
    clients = {contact_id: client_id for client_id, contact_id in books.contact_links.items()}
    for item in books.loose.values():
        client_id = clients.get(item.contact_external_id, "")
        remaining = item.remaining or ZERO
        if not client_id or remaining <= ZERO or item.status.upper() in {"VOIDED", "DELETED", "PAID"}:
            continue
        if not item.type.upper().startswith("SPEND") and not _is_new(books, item):
            currency = item.currency or books.currency
            yield Difference(
                kind="payment_unallocated",
                key=f"loose:{item.external_id}",
                text=f"{shown(currency, remaining)} of the client is on no invoice.",
                target_ids=(item.external_id,),
                client=books.client_name(client_id),
                client_external_id=client_id,
                currency=currency,
                at_stake=remaining,
                document=item.reference,
                dated_on=item.date,
            )


def _is_new(books: Books, item: Entry) -> bool:
    return is_recent(books, item.source_updated_at, item.date, KINDS["payment_unallocated"].grace)
