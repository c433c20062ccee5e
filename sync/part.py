"""Which clients have to be planned again after something moved, and loading just their part of the world.

What moved carries a mark (``Snapshot.to_plan``). Everything a decision depends on hangs on one client: its people,
invoices, payments, and the contact and documents it is linked to. Clients without a link compete for the same
contacts, so they are planned together. Where the mapping's own ground moved (accounts, tax rates, services) or too
much did, there is no part: everything is planned.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from connectors.records import Invoice, Kind
from mappings.spec import Choices
from sync.models import Snapshot
from sync.world import Part, Sides, World, as_records, catalogue, load_base, load_past, references_by_party

MOST_MOVED = 2000
MOST_CLIENTS = 400
"""Above these a plan of everything is no slower."""
GROUND = frozenset(
    {
        Kind.SERVICE,
        Kind.ACCOUNT,
        Kind.TAX_RATE,
        Kind.TRACKING_CATEGORY,
        Kind.ORGANISATION,
        Kind.CURRENCY,
        Kind.ITEM,
    }
)
"""Kinds that every decision rests on."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One object that moved: where, what, and which client or contact it belongs to."""

    connection_id: int
    kind: str
    external_id: str
    party: str
    reference: str


def anything_moved(sides: Sides) -> bool:
    return bool(_marked(sides).exists())


def clear_marks(sides: Sides) -> None:
    """Everything that moved has been planned. Call it with both lanes held, so that nothing moves meanwhile."""
    _marked(sides).update(to_plan=False)


def find_part(sides: Sides) -> Part | None:
    """The clients to plan again with all that hangs on them; ``None`` when everything has to be planned."""
    rows = _marked(sides).values_list(
        "connection_id", "kind", "external_id", "party_external_id", "reference"
    )
    moved = [Moved(*row) for row in rows[: MOST_MOVED + 1]]
    if len(moved) > MOST_MOVED or any(item.kind in GROUND for item in moved):
        return None
    source = [item for item in moved if item.connection_id == sides.source.pk]
    target = [item for item in moved if item.connection_id == sides.target.pk]
    clients = _clients_of_source(sides, source)
    found, is_free = _clients_of_target(sides, target)
    clients |= found
    if "" in clients:
        return None
    competing = is_free or bool(clients - _linked(sides, clients))
    if competing:
        clients |= _unlinked(sides)
    clients |= _sharing(sides, clients)
    if len(clients) > MOST_CLIENTS:
        return None
    return Part(
        clients=frozenset(clients),
        invoices=_ids(sides, Kind.INVOICE, clients, source),
        payments=_ids(sides, Kind.PAYMENT, clients, source),
        competing=competing,
    )


def part_of(sides: Sides, clients: Iterable[str]) -> Part:
    """These clients with those who share a contact with one of them, to look at and not to plan: nobody competes."""
    wanted = set(clients)
    wanted |= _sharing(sides, wanted)
    return Part(
        clients=frozenset(wanted),
        invoices=_ids(sides, Kind.INVOICE, wanted, []),
        payments=_ids(sides, Kind.PAYMENT, wanted, []),
        competing=False,
    )


def load_part(sides: Sides, version: int, choices: Choices, part: Part) -> World:
    """The world as far as this part needs it."""
    source, target = sides.source, sides.target
    world = load_base(sides, version, choices)
    world.part = part
    theirs = Q(party_external_id__in=part.clients)
    world.clients = as_records(source, Kind.CONTACT, external_id__in=part.clients)
    for person in as_records(source, Kind.PERSON, theirs).values():
        world.people.setdefault(person.contact_external_id, []).append(person)
    services = as_records(source, Kind.SERVICE)
    world.catalogue = catalogue(services, as_records(source, Kind.PROPOSAL, theirs))
    world.invoices = as_records(source, Kind.INVOICE, external_id__in=part.invoices)
    world.payments = as_records(source, Kind.PAYMENT, external_id__in=part.payments)
    world.collections = as_records(source, Kind.COLLECTION, theirs)
    _add_links(
        world, Q(kind="contact") if part.competing else Q(kind="contact", source_external_id__in=part.clients)
    )
    _add_links(world, Q(kind="invoice", source_external_id__in=part.invoices))
    _add_links(world, Q(kind="payment", source_external_id__in=_shares(world)))
    world.reviews = {
        (review.kind, review.source_external_id): review
        for review in sides.reviews().filter(
            Q(kind="contact", source_external_id__in=part.clients)
            | Q(kind="invoice", source_external_id__in=part.invoices)
        )
    }
    world.vanished = as_records(
        source,
        Kind.INVOICE,
        present=False,
        gone_at__isnull=False,
        external_id__in=[key for kind, key in world.links if kind == Kind.INVOICE],
    )
    if part.competing:
        world.contacts = as_records(target, Kind.CONTACT)
        world.references = references_by_party(
            Snapshot.objects.of(target, Kind.INVOICE)
            .present()
            .exclude(reference="")
            .values_list("party_external_id", "reference")
        )
    else:
        _add_contacts(world)
    add_documents(
        world, [link.target_external_id for (kind, _), link in world.links.items() if kind == "contact"]
    )
    load_past(world)
    return world


def add_documents(world: World, contact_ids: Iterable[str]) -> None:
    """Load the target's documents and receipts that may be this part's: by contact, link, number or Ignition's word."""
    assert world.part is not None  # noqa: S101  only a part is loaded piece by piece
    target = world.sides.target
    wanted = set(contact_ids)
    wanted = {item for item in wanted if item in _own_contacts(world)} if world.part.competing else wanted
    wanted |= {item.external_id for item in world.contacts.values() if item.merged_into in wanted}
    linked = [link.target_external_id for (kind, _), link in world.links.items() if kind == "invoice"]
    natives = [item.native.external_id for item in world.invoices.values() if item.native]
    numbers = [number for item in world.invoices.values() for number in _numbers(item, world)]
    of_party = Q(party_external_id__in=wanted)
    world.documents |= as_records(
        target, Kind.INVOICE, of_party | Q(external_id__in=[*linked, *natives]) | Q(number__in=numbers)
    )
    paid = [link.target_external_id for (kind, _), link in world.links.items() if kind == "payment"]
    parties = {item.contact_external_id for item in world.documents.values()} | wanted
    world.receipts |= as_records(
        target, Kind.PAYMENT, Q(party_external_id__in=parties) | Q(external_id__in=paid)
    )
    _add_links(world, Q(kind="invoice", target_external_id__in=list(world.documents)))
    _add_links(world, Q(kind="payment", target_external_id__in=list(world.receipts)))


def _own_contacts(world: World) -> set[str]:
    """Target contacts linked to this part's clients; where clients compete, every link was loaded."""
    assert world.part is not None  # noqa: S101  see add_documents
    claimed = {link.target_external_id for (kind, _), link in world.links.items() if kind == "contact"}
    own = {
        link.target_external_id
        for (kind, key), link in world.links.items()
        if kind == "contact" and key in world.part.clients
    }
    return own | (set(world.contacts) - claimed)


def _numbers(invoice: Invoice, world: World) -> list[str]:
    native = [invoice.native.number] if invoice.native and invoice.native.number else []
    return [f"{world.spec.choices.number_prefix}{invoice.number}"[:255], *native]


def _shares(world: World) -> list[str]:
    return [
        f"{payment.external_id}/{invoice}"
        for payment in world.payments.values()
        for invoice in payment.invoice_external_ids
    ]


def _add_links(world: World, wanted: Q) -> None:
    for link in world.sides.links().filter(wanted):
        world.links[link.kind, link.source_external_id] = link


def _add_contacts(world: World) -> None:
    """The linked contacts, those merged into them and those they were merged into."""
    target = world.sides.target
    ids = {link.target_external_id for (kind, _), link in world.links.items() if kind == "contact"}
    world.contacts = as_records(
        target, Kind.CONTACT, Q(external_id__in=ids) | Q(record__merged_into__in=list(ids))
    )
    while missing := {item.merged_into for item in world.contacts.values() if item.merged_into} - set(
        world.contacts
    ):
        found = as_records(target, Kind.CONTACT, external_id__in=missing)
        if not found:
            return
        world.contacts |= found


def _marked(sides: Sides) -> Any:
    return Snapshot.objects.filter(connection__in=[sides.source.pk, sides.target.pk], to_plan=True)


def _clients_of_source(sides: Sides, moved: list[Moved]) -> set[str]:
    clients: set[str] = set()
    invoices: set[str] = set()
    for item in moved:
        if item.kind == Kind.CONTACT:
            clients.add(item.external_id)
        elif item.kind in {Kind.PERSON, Kind.PROPOSAL, Kind.INVOICE, Kind.PAYMENT, Kind.COLLECTION}:
            clients.add(item.party)
        if item.kind == Kind.COLLECTION and item.reference:
            invoices.add(item.reference)
    paid = [item.external_id for item in moved if item.kind == Kind.PAYMENT]
    for ids in (
        Snapshot.objects.of(sides.source, Kind.PAYMENT)
        .filter(external_id__in=paid)
        .values_list("record__invoice_external_ids", flat=True)
    ):
        invoices.update(ids or [])
    return clients | set(
        Snapshot.objects.of(sides.source, Kind.INVOICE)
        .filter(external_id__in=invoices)
        .values_list("party_external_id", flat=True)
    )


def _clients_of_target(sides: Sides, moved: list[Moved]) -> tuple[set[str], bool]:
    """Clients whose contact, document or receipt moved, and whether a contact moved that nobody is linked to."""
    ids = {
        kind: {item.external_id for item in moved if item.kind == kind}
        for kind in ("contact", "invoice", "payment")
    }
    contacts = ids["contact"] | {
        item.party for item in moved if item.kind in {"invoice", "payment"} and item.party
    }
    links = sides.links().filter(
        Q(kind="contact", target_external_id__in=contacts)
        | Q(kind="invoice", target_external_id__in=ids["invoice"])
        | Q(kind="payment", target_external_id__in=ids["payment"])
    )
    clients: set[str] = set()
    sources: dict[str, set[str]] = {"invoice": set(), "payment": set()}
    linked: set[str] = set()
    for kind, key, there in links.values_list("kind", "source_external_id", "target_external_id"):
        if kind == "contact":
            clients.add(key)
            linked.add(there)
        else:
            sources[kind].add(key.partition("/")[0])
    for kind, keys in sources.items():
        clients |= set(
            Snapshot.objects.of(sides.source, kind)
            .filter(external_id__in=keys)
            .values_list("party_external_id", flat=True)
        )
    return clients - {""}, bool(ids["contact"] - linked)


def _linked(sides: Sides, clients: set[str]) -> set[str]:
    rows = sides.links().filter(kind="contact", source_external_id__in=clients)
    return set(rows.values_list("source_external_id", flat=True))


def _unlinked(sides: Sides) -> set[str]:
    linked = sides.links().filter(kind="contact").values("source_external_id")
    rows = Snapshot.objects.of(sides.source, Kind.CONTACT).exclude(external_id__in=linked)
    return set(rows.values_list("external_id", flat=True)[: MOST_CLIENTS + 1])


def _sharing(sides: Sides, clients: set[str]) -> set[str]:
    """Clients linked to the same contact as one of these."""
    targets = (
        sides.links().filter(kind="contact", source_external_id__in=clients).values("target_external_id")
    )
    rows = sides.links().filter(kind="contact", target_external_id__in=targets)
    return set(rows.values_list("source_external_id", flat=True))


def _ids(sides: Sides, kind: Kind, clients: set[str], moved: list[Moved]) -> frozenset[str]:
    rows = Snapshot.objects.of(sides.source, kind).filter(party_external_id__in=clients)
    own = {item.external_id for item in moved if item.kind == kind}
    return frozenset(rows.values_list("external_id", flat=True)) | own
