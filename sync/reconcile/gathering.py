"""Loading both sides' books from snapshots, with what the mapping expects and how fresh each list is."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from django.db.models import Count, Min, Q

from connectors.records import Invoice, Kind
from mappings import normalise
from mappings.engine import map_contact, map_invoice
from mappings.services import load_choices
from mappings.spec import Choices, Facts, is_active
from practices.features import is_granted
from practices.models import Connection
from sync.expected import line_of, own_fields
from sync.invoices import source_digest
from sync.judged import different_twins, to_be_merged
from sync.models import Cursor, Link, ReviewState, Snapshot, Standing
from sync.part import load_part
from sync.plan import NOT_ISSUED
from sync.reconcile.books import ZERO, Books, Chosen, Expected
from sync.reconcile.compare_fees import fee_bills, has_habit
from sync.reconcile.gathering_ours import (
    agreed_documents,
    approvals_from,
    approved_invoices,
    load_ours,
)
from sync.reconcile.gathering_usual import load_usual
from sync.reconcile.linked import links_of
from sync.reconcile.ours import Ours
from sync.reconcile.unchecked import NO_FEES, NO_LINES, NOT_ALLOWED, NOT_READ, REFUSED, unchecked
from sync.ruled import skipped
from sync.world import Part, Sides, World, as_records, load_base, load_records

LISTS = (
    ("source", Kind.CONTACT),
    ("source", Kind.PERSON),
    ("source", Kind.PROPOSAL),
    ("source", Kind.INVOICE),
    ("source", Kind.PAYMENT),
    ("source", Kind.COLLECTION),
    ("target", Kind.CONTACT),
    ("target", Kind.INVOICE),
    ("target", Kind.PAYMENT),
    ("target", Kind.CREDIT_NOTE),
    ("target", Kind.OVERPAYMENT),
    ("target", Kind.PREPAYMENT),
    ("target", Kind.REPEATING_INVOICE),
    ("target", Kind.ACCOUNT),
    ("target", Kind.TAX_RATE),
    ("target", Kind.BANK_TRANSACTION),
)
"""What a comparison looks at, in the order in which it is shown."""
NEEDS = {
    "contact": {("source", Kind.CONTACT), ("target", Kind.CONTACT)},
    "invoice": {("source", Kind.INVOICE), ("target", Kind.INVOICE)},
    "payment": {("source", Kind.PAYMENT), ("source", Kind.COLLECTION), ("target", Kind.PAYMENT)},
    "credit": {("target", Kind.CREDIT_NOTE)},
    "payout": {("source", Kind.COLLECTION)},
    "proposal": {("source", Kind.PROPOSAL)},
    "person": {("source", Kind.PERSON)},
    "overpayment": {("target", Kind.OVERPAYMENT), ("target", Kind.PREPAYMENT)},
    "repeating": {("target", Kind.REPEATING_INVOICE)},
    "setting": {("target", Kind.ACCOUNT), ("target", Kind.TAX_RATE)},
    "bank": {("target", Kind.BANK_TRANSACTION), ("target", Kind.ACCOUNT)},
    "connection": set[tuple[str, Kind]](),
    "sync": set[tuple[str, Kind]](),
}
"""Without these lists nothing can be said about a kind: everything would look missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRead:
    """One list: when it was last read to its end (``None``: never), and how many records it gave.

    ``reason`` says why a list that may be refused is not read, and what helps; where it is empty, reading goes on.
    """

    side: str
    system: str
    kind: str
    read_at: datetime | None
    records: int = 0
    unreadable: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What is compared. ``unchecked`` says why some kinds are not, by their codes."""

    books: Books
    coverage: tuple[ListRead, ...]
    mapping_version: int
    unchecked: dict[str, str] = field(default_factory=dict)


def gather(sides: Sides, part: Part | None = None) -> Gathered:
    """Everything that is compared, or what hangs on one part, from what is stored; nothing is asked outside."""
    coverage = coverage_of(sides, counted=part is None)
    have = {(item.side, item.kind) for item in coverage if item.read_at is not None}
    version, choices = load_choices(sides.practice)
    world = _whole(sides, version, choices) if part is None else load_part(sides, version, choices, part)
    read = frozenset(kind for kind, needed in NEEDS.items() if needed <= have)
    books = _books(world, read, coverage)
    no_lines = part is None and "bank" in read and not books.banked
    if no_lines:
        books = replace(books, read=read - {"bank"})
    elif "bank" in read and has_habit(fee_bills(books, list(books.banked.values()))):
        books = replace(books, read=read | {"fee"})
    bank = next(item for item in coverage if item.kind == Kind.BANK_TRANSACTION)
    reasons = {"bank": NO_LINES if no_lines else bank.reason or NOT_READ, "fee": NO_FEES}
    return Gathered(
        books=books,
        coverage=coverage,
        mapping_version=version,
        unchecked=unchecked(books.read, reasons) if part is None else {},
    )


def _whole(sides: Sides, version: int, choices: Choices) -> World:
    """Everything, with links that are light: there are as many as records."""
    world = load_base(sides, version, choices)
    world.links = cast("dict[tuple[str, str], Link]", links_of(sides))
    load_records(world)
    return world


def coverage_of(sides: Sides, *, counted: bool = True) -> tuple[ListRead, ...]:
    """How fresh each list is; one of several variants that was not read to its end makes the list unread.

    Counting their records is left out where nobody wants to know.
    """
    connections = {"source": sides.source, "target": sides.target}
    both = list(connections.values())
    cursors = {
        (row["connection"], row["kind"]): row
        for row in Cursor.objects.filter(connection__in=both)
        .values("connection", "kind")
        .annotate(
            oldest=Min("completed_at"),
            unread=Count("pk", filter=Q(completed_at=None)),
            refused=Count("pk", filter=Q(refused_at__isnull=False)),
        )
        .order_by()
    }
    rows = _counts(both) if counted else {}
    return tuple(_list_read(side, connections[side], kind, cursors, rows) for side, kind in LISTS)


def _counts(connections: list[Connection]) -> dict[Any, Any]:
    rows = Snapshot.objects.filter(
        connection__in=connections, kind__in={kind for _, kind in LISTS}, gone_at=None
    )
    numbers = rows.values("connection", "kind").annotate(
        number=Count("pk"), unreadable=Count("pk", filter=~Q(problem=""))
    )
    return {(row["connection"], row["kind"]): row for row in numbers.order_by()}


def _list_read(
    side: str, connection: Connection, kind: Kind, cursors: dict[Any, Any], rows: dict[Any, Any]
) -> ListRead:
    key = (connection.pk, kind.value)
    cursor, row = cursors.get(key), rows.get(key)
    reason = "" if is_granted(connection, kind) else NOT_ALLOWED
    if cursor and cursor["refused"] and not reason:
        reason = REFUSED
    return ListRead(
        side=side,
        system=connection.get_provider_display(),
        kind=kind.value,
        read_at=cursor["oldest"] if cursor and not cursor["unread"] and not reason else None,
        records=row["number"] if row else 0,
        unreadable=row["unreadable"] if row else 0,
        reason=reason,
    )


def _books(world: World, read: frozenset[str], coverage: tuple[ListRead, ...]) -> Books:
    choices, facts = world.spec.choices, world.spec.facts
    links: dict[str, dict[str, str]] = defaultdict(dict)
    for (kind, key), link in world.links.items():
        links[kind][key] = link.target_external_id
    names, wanted = _mapped_clients(world, links["contact"])
    theirs, target = _of_contacts(world), world.sides.target
    written, agreed = agreed_documents(world)
    clearing = choices.clearing_accounts
    return Books(
        invoices=world.invoices,
        gone=world.vanished,
        documents=world.documents,
        payments=world.payments,
        collections=world.collections,
        receipts=world.receipts,
        gone_receipts=world.gone_receipts,
        credits=as_records(target, Kind.CREDIT_NOTE, theirs),
        loose={
            **as_records(target, Kind.OVERPAYMENT, theirs),
            **as_records(target, Kind.PREPAYMENT, theirs),
        },
        repeating=as_records(target, Kind.REPEATING_INVOICE, theirs),
        proposals=dict(world.catalogue.proposals),
        accounts={account.code: account for account in facts.accounts.values() if account.code},
        banked=as_records(target, Kind.BANK_TRANSACTION) if world.part is None and "bank" in read else {},
        standard_rate=_standard_rate(facts),
        people={
            key: person
            for key, people in world.people.items()
            if (person := next((item for item in people if item.is_primary), None)) is not None
        },
        wanted=wanted,
        written=written,
        agreed=agreed,
        approved=approved_invoices(world),
        lock_date=facts.lock_date,
        ours=load_ours(world, {(item.side, item.kind): item.read_at for item in coverage if not item.reason})
        if world.part is None
        else Ours(),
        pair=f"{world.sides.source.pk} {target.pk}",
        apart=different_twins(world.sides.source) | different_twins(target),
        usual=load_usual(world),
        merging={**to_be_merged(world.sides.source), **to_be_merged(target)},
        clients=world.clients,
        contacts=world.contacts,
        emails=_emails(world),
        phones=_phones(world),
        names=names,
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
            approvals_from=approvals_from(world),
        ),
        currency=facts.base_currency,
        now=world.now,
        zone=world.zone,
    )


def _standard_rate(facts: Facts) -> Decimal:
    """The usual tax of the organisation's country: the highest of its rates that are in use; 0 where it has none."""
    return max((item.rate for item in facts.tax_rates.values() if is_active(item)), default=ZERO)


def _of_contacts(world: World) -> Q:
    """The target's records of the contacts that are looked at."""
    return Q() if world.part is None else Q(party_external_id__in=list(world.contacts))


def _waits(world: World) -> dict[str, str]:
    """Why invoices are held or were refused, as the last plan said."""
    rows = Snapshot.objects.of(world.sides.source, Kind.INVOICE).filter(
        standing__in=[Standing.HELD, Standing.PARKED]
    )
    if world.part is not None:
        rows = rows.filter(external_id__in=world.part.invoices)
    return dict(rows.exclude(standing_text="").values_list("external_id", "standing_text"))


def _expected(world: World, invoice: Invoice) -> Expected:
    """What the target should show: what both sides last agreed on, or what the mapping makes of a newer invoice."""
    link = world.link(Kind.INVOICE, invoice.external_id)
    if link is None and invoice.status in NOT_ISSUED:
        return Expected()
    if link is not None and link.source_digest == source_digest(invoice):
        agreed = link.base_source
        if agreed.get("lines"):
            return _from_values(agreed)
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
        line_amounts=values.get("line_amounts") or "",
        branding=values.get("branding_theme_external_id") or "",
        is_sent=values.get("sent_to_contact") == "yes",
        lines=tuple(line_of(line) for line in values.get("lines") or ()),
        left_out=left_out,
    )


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _mapped_clients(world: World, linked: dict[str, str]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """What the mapping calls each linked client, and what it gives the fields that the practice chose itself."""
    names, wanted = {}, {}
    own = own_fields(world.spec.choices)
    for key in linked:
        client = world.clients.get(key)
        if client is None:
            continue
        mapped = map_contact(
            client, world.people.get(key, []), world.spec, world.situation(Kind.CONTACT, key)
        )
        names[key] = str(mapped.values["name"])
        values = {name: mapped.values.get(name) for name in own}
        given = {name: value for name, value in values.items() if isinstance(value, str) and value}
        if given:
            wanted[key] = given
    return names, wanted


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
