"""Everything one plan needs, loaded from snapshots once: the two sides as records, links, reviews and the mapping."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from connectors.records import (
    Account,
    Collection,
    Contact,
    Invoice,
    Kind,
    Organisation,
    Payment,
    Person,
    Proposal,
    Service,
    TaxRate,
)
from connectors.stored import load
from mappings import normalise
from mappings.engine import Catalogue, natural_number
from mappings.spec import Choices, Facts, Spec
from practices.models import Connection, Practice
from sync.linking import Party
from sync.models import Link, Review, Snapshot
from sync.zones import zone_of


def records(connection: Connection, kind: Kind, *, present: bool = True) -> dict[str, Any]:
    """The readable records of a kind by external id."""
    rows = Snapshot.objects.of(connection, kind.value).filter(problem="")
    if present:
        rows = rows.filter(gone_at=None)
    return {
        external_id: load(kind, record)
        for external_id, record in rows.order_by("pk").values_list("external_id", "record").iterator(2000)
    }


@dataclass(frozen=True, slots=True)
class Sides:
    """The two connections of a plan."""

    practice: Practice
    source: Connection
    target: Connection


@dataclass
class World:
    """One plan's inputs. ``links`` and ``reviews`` are keyed by kind and source id.

    ``vanished`` are linked invoices that the source no longer lists.
    """

    sides: Sides
    spec: Spec
    clients: dict[str, Contact]
    people: dict[str, list[Person]]
    catalogue: Catalogue
    invoices: dict[str, Invoice]
    payments: dict[str, Payment]
    collections: dict[str, Collection]
    contacts: dict[str, Contact]
    documents: dict[str, Invoice]
    receipts: dict[str, Payment]
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    reviews: dict[tuple[str, str], Review] = field(default_factory=dict)
    vanished: dict[str, Invoice] = field(default_factory=dict)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    now: datetime = field(default_factory=timezone.now)

    def link(self, kind: str, source_external_id: str) -> Link | None:
        return self.links.get((kind, source_external_id))

    def day(self, moment: datetime | None) -> Any:
        """The calendar day of an instant where the practice is."""
        return moment.astimezone(self.zone).date() if moment else None


def load_world(sides: Sides, version: int, choices: Choices) -> World:
    source, target = sides.source, sides.target
    links = {(link.kind, link.source_external_id): link for link in _of(Link, sides)}
    people: dict[str, list[Person]] = defaultdict(list)
    for person in records(source, Kind.PERSON).values():
        people[person.contact_external_id].append(person)
    services: dict[str, Service] = records(source, Kind.SERVICE)
    proposals: dict[str, Proposal] = records(source, Kind.PROPOSAL)
    zone = zone_of(sides.practice.time_zone)
    return World(
        sides=sides,
        spec=Spec(version=version, choices=choices, facts=load_facts(sides)),
        clients=records(source, Kind.CONTACT),
        people=people,
        catalogue=catalogue(services, proposals),
        invoices=records(source, Kind.INVOICE),
        payments=records(source, Kind.PAYMENT),
        collections=records(source, Kind.COLLECTION),
        contacts=records(target, Kind.CONTACT),
        documents=records(target, Kind.INVOICE),
        receipts=records(target, Kind.PAYMENT),
        links=links,
        vanished=_vanished(source, [external_id for kind, external_id in links if kind == Kind.INVOICE]),
        reviews={(review.kind, review.source_external_id): review for review in _of(Review, sides)},
        zone=zone,
    )


def _vanished(source: Connection, linked: list[str]) -> dict[str, Invoice]:
    rows = Snapshot.objects.of(source, Kind.INVOICE.value).filter(problem="", gone_at__isnull=False)
    wanted = set(linked)
    return {
        external_id: load(Kind.INVOICE, record)
        for external_id, record in rows.values_list("external_id", "record").iterator(2000)
        if external_id in wanted
    }


def load_facts(sides: Sides) -> Facts:
    """The target's accounts, tax rates, tracking and lock dates as last read."""
    target = sides.target
    accounts: dict[str, Account] = {}
    for account in records(target, Kind.ACCOUNT).values():
        accounts[account.external_id] = account
        if account.code:
            accounts[account.code] = account
    rates: dict[str, TaxRate] = records(target, Kind.TAX_RATE)
    tracking = {
        category.name: frozenset(category.options)
        for category in records(target, Kind.TRACKING_CATEGORY).values()
        if category.status in {"", "ACTIVE"}
    }
    organisation: Organisation | None = next(iter(records(target, Kind.ORGANISATION).values()), None)
    locks = (
        [day for day in (organisation.period_lock_date, organisation.year_lock_date) if day]
        if organisation
        else []
    )
    return Facts(
        accounts=accounts,
        tax_rates=rates,
        tracking=tracking,
        currencies=frozenset(records(target, Kind.CURRENCY)),
        lock_date=max(locks) if locks else None,
        base_currency=(organisation.currency if organisation else "") or sides.practice.base_currency,
        country=(organisation.country if organisation else "") or sides.practice.country,
        time_zone=sides.practice.time_zone,
    )


def catalogue(services: dict[str, Service], proposals: dict[str, Proposal]) -> Catalogue:
    by_name: dict[str, list[Service]] = defaultdict(list)
    for service in services.values():
        by_name[normalise.tidy(service.name).casefold()].append(service)
    return Catalogue(
        services=services,
        services_by_name={
            name: found for name, all_of in by_name.items() if (found := _only(all_of)) is not None
        },
        proposals=proposals,
        has_tax_labels=any(service.tax_label for service in services.values()),
    )


def _only(services: list[Service]) -> Service | None:
    """The one service of a name; several are fine as long as they are taxed alike, else the name says nothing."""
    alive = [item for item in services if item.status != "deleted"] or services
    if len(alive) == 1 or len({item.tax_label for item in alive}) == 1:
        return alive[0]
    return None


def parties(world: World, references: dict[str, frozenset[str]]) -> list[Party]:
    """Every client with its e-mail addresses, phone numbers and billing references."""
    country = world.spec.facts.country
    out = []
    for client in world.clients.values():
        people = world.people.get(client.external_id, [])
        emails = {normalise.email_key(item) for item in (client.email, *(p.email for p in people)) if item}
        numbers = (client.phone, *(p.phone for p in people), *(p.mobile for p in people))
        out.append(
            Party(
                contact=client,
                emails=frozenset(emails),
                phones=frozenset(normalise.phone_key(item, country) for item in numbers if item),
                references=references.get(client.external_id, frozenset()),
                own_number=natural_number(world.spec.choices.number_prefix, client.external_id),
            )
        )
    return out


def references_by_party(invoices: Iterable[Invoice]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for invoice in invoices:
        if invoice.reference and invoice.contact_external_id:
            found[invoice.contact_external_id].add(invoice.reference)
    return {party: frozenset(references) for party, references in found.items()}


def _of(model: Any, sides: Sides) -> Any:
    return model.objects.filter(source_connection=sides.source, target_connection=sides.target)
