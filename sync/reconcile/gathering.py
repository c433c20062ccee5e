"""Loading both sides' books from snapshots, with what the mapping expects and how fresh each list is."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Q

from connectors.records import Invoice, Kind
from mappings import normalise
from mappings.engine import map_contact, map_invoice
from mappings.services import load_choices
from practices.models import Connection
from sync.invoices import source_digest
from sync.models import Cursor, ReviewState, Snapshot, Standing
from sync.plan import NOT_ISSUED
from sync.reconcile.books import Books, Chosen, Expected, ExpectedLine
from sync.ruled import skipped
from sync.world import Sides, World, as_records, load_world

LISTS = (
    ("source", Kind.CONTACT),
    ("source", Kind.INVOICE),
    ("source", Kind.PAYMENT),
    ("source", Kind.COLLECTION),
    ("target", Kind.CONTACT),
    ("target", Kind.INVOICE),
    ("target", Kind.PAYMENT),
    ("target", Kind.CREDIT_NOTE),
)
"""What a comparison looks at, in the order in which it is shown."""
NEEDS = {
    "contact": {("source", Kind.CONTACT), ("target", Kind.CONTACT)},
    "invoice": {("source", Kind.INVOICE), ("target", Kind.INVOICE)},
    "payment": {("source", Kind.PAYMENT), ("source", Kind.COLLECTION), ("target", Kind.PAYMENT)},
}
"""Without these lists nothing can be said about a kind: everything would look missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRead:
    """One list: when it was last read to its end (``None``: never), and how many records it gave."""

    side: str
    system: str
    kind: str
    read_at: datetime | None
    records: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    books: Books
    coverage: tuple[ListRead, ...]
    mapping_version: int


def gather(sides: Sides) -> Gathered:
    """Everything that is compared, from what is stored; nothing is asked outside."""
    coverage = coverage_of(sides)
    have = {(item.side, item.kind) for item in coverage if item.read_at is not None}
    version, choices = load_choices(sides.practice)
    world = load_world(sides, version, choices)
    books = _books(world, frozenset(kind for kind, needed in NEEDS.items() if needed <= have))
    return Gathered(books=books, coverage=coverage, mapping_version=version)


def coverage_of(sides: Sides) -> tuple[ListRead, ...]:
    """How fresh each list is; one of several variants that was not read to its end makes the list unread."""
    connections = {"source": sides.source, "target": sides.target}
    both = list(connections.values())
    cursors = {
        (row["connection"], row["kind"]): row
        for row in Cursor.objects.filter(connection__in=both)
        .values("connection", "kind")
        .annotate(oldest=Min("completed_at"), unread=Count("pk", filter=Q(completed_at=None)))
        .order_by()
    }
    rows = {
        (row["connection"], row["kind"]): row
        for row in Snapshot.objects.filter(
            connection__in=both, kind__in={kind for _, kind in LISTS}, gone_at=None
        )
        .values("connection", "kind")
        .annotate(number=Count("pk"), unreadable=Count("pk", filter=~Q(problem="")))
        .order_by()
    }
    return tuple(_list_read(side, connections[side], kind, cursors, rows) for side, kind in LISTS)


def _list_read(
    side: str, connection: Connection, kind: Kind, cursors: dict[Any, Any], rows: dict[Any, Any]
) -> ListRead:
    key = (connection.pk, kind.value)
    cursor, row = cursors.get(key), rows.get(key)
    return ListRead(
        side=side,
        system=connection.get_provider_display(),
        kind=kind.value,
        read_at=cursor["oldest"] if cursor and not cursor["unread"] else None,
        records=row["number"] if row else 0,
        unreadable=row["unreadable"] if row else 0,
    )


def _books(world: World, read: frozenset[str]) -> Books:
    choices, facts = world.spec.choices, world.spec.facts
    links: dict[str, dict[str, str]] = defaultdict(dict)
    for (kind, key), link in world.links.items():
        links[kind][key] = link.target_external_id
    clearing = {choices.clearing_account, *choices.clearing_by_method.values()} - {""}
    return Books(
        invoices=world.invoices,
        gone=world.vanished,
        documents=world.documents,
        payments=world.payments,
        collections=world.collections,
        receipts=world.receipts,
        credits=as_records(world.sides.target, Kind.CREDIT_NOTE),
        clients=world.clients,
        contacts=world.contacts,
        emails=_emails(world),
        phones=_phones(world),
        names=_names(world, links["contact"]),
        waits=_waits(world),
        expected={key: _expected(world, invoice) for key, invoice in world.invoices.items()},
        invoice_links=links["invoice"],
        payment_links=links["payment"],
        contact_links=links["contact"],
        read=read,
        chosen=Chosen(
            prefix=choices.number_prefix,
            documents_from=choices.documents_from,
            post_payments=choices.post_payments,
            clearing=frozenset(clearing),
            country=facts.country,
        ),
        currency=facts.base_currency,
        now=world.now,
        zone=world.zone,
    )


def _waits(world: World) -> dict[str, str]:
    """Why invoices are held or were refused, as the last plan said."""
    rows = Snapshot.objects.of(world.sides.source, Kind.INVOICE).filter(
        standing__in=[Standing.HELD, Standing.PARKED]
    )
    return dict(rows.exclude(standing_text="").values_list("external_id", "standing_text"))


def _expected(world: World, invoice: Invoice) -> Expected:
    """What the target should show: what both sides last agreed on, or what the mapping makes of a newer invoice."""
    link = world.link(Kind.INVOICE, invoice.external_id)
    if link is None and invoice.status in NOT_ISSUED:
        return Expected()
    if link is not None and link.base_source.get("lines") and link.source_digest == source_digest(invoice):
        return _from_values(link.base_source)
    mapped = map_invoice(
        invoice,
        world.catalogue,
        world.spec,
        world.situation(Kind.INVOICE, invoice.external_id, client=invoice.contact_external_id),
        world.clients.get(invoice.contact_external_id),
    )
    review = world.reviews.get((Kind.INVOICE, invoice.external_id))
    skip = skipped(mapped)
    left_out = skip.text if skip is not None else ""
    if review is not None and review.state == ReviewState.IGNORED:
        left_out = "A person decided to leave this invoice alone."
    unsure = any("tax" in issue.code for issue in mapped.issues)
    return _from_values(mapped.values, tax_is_unsure=unsure, left_out=left_out if link is None else "")


def _from_values(values: dict[str, Any], *, tax_is_unsure: bool = False, left_out: str = "") -> Expected:
    return Expected(
        number=values.get("number") or "",
        reference=values.get("reference") or "",
        date=_day(values.get("date")),
        due_date=_day(values.get("due_date")),
        tax=Decimal(values["tax"]) if values.get("tax") and not tax_is_unsure else None,
        lines=tuple(
            ExpectedLine(account_code=line.get("account_code") or "", tax_type=line.get("tax_type") or "")
            for line in values.get("lines") or ()
        ),
        left_out=left_out,
    )


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _names(world: World, linked: dict[str, str]) -> dict[str, str]:
    """What the mapping calls each linked client."""
    out = {}
    for key in linked:
        client = world.clients.get(key)
        if client is not None:
            mapped = map_contact(
                client, world.people.get(key, []), world.spec, world.situation(Kind.CONTACT, key)
            )
            out[key] = str(mapped.values["name"])
    return out


def _emails(world: World) -> dict[str, frozenset[str]]:
    return {
        key: frozenset(normalise.email_key(person.email) for person in people if person.email)
        for key, people in world.people.items()
    }


def _phones(world: World) -> dict[str, frozenset[str]]:
    country = world.spec.facts.country
    return {
        key: frozenset(
            normalise.phone_key(number, country)
            for person in people
            for number in (person.phone, person.mobile)
            if number
        )
        - {""}
        for key, people in world.people.items()
    }
