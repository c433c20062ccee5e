"""The clients of a few records with what belongs to them, put into a world that has no records yet."""

from collections.abc import Collection

from connectors.records import Kind
from sync.world import World, as_records, catalogue, load_past


def load_around(world: World, clients: Collection[str], *, documents: bool = True) -> None:
    """Clients, their people and links, and with ``documents`` also their invoices, proposals and all services.

    Invoices that the source no longer lists are there too: a payment or a page may still be about them.
    """
    source = world.sides.source
    keys = list(clients)
    world.clients = as_records(source, Kind.CONTACT, external_id__in=keys)
    load_people(world, keys)
    if documents:
        proposals = as_records(source, Kind.PROPOSAL, party_external_id__in=keys)
        world.catalogue = catalogue(as_records(source, Kind.SERVICE), proposals)
        world.invoices = as_records(source, Kind.INVOICE, present=False, party_external_id__in=keys)
    links = world.sides.links().filter(source_external_id__in=[*world.invoices, *keys])
    world.links = {(link.kind, link.source_external_id): link for link in links}
    load_past(world)


def load_people(world: World, clients: Collection[str]) -> None:
    """The people of these clients."""
    found = as_records(world.sides.source, Kind.PERSON, party_external_id__in=list(clients))
    for person in found.values():
        world.people.setdefault(person.contact_external_id, []).append(person)
