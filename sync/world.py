"""Everything one plan needs, loaded from snapshots once: the two sides as records, links, reviews and the mapping."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
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
from connectors.stored import loads
from mappings import normalise
from mappings.engine import Catalogue, Situation, natural_number
from mappings.spec import Choices, Facts, Spec
from practices.models import Connection, Practice
from sync.ahead import AT_ONCE, ahead
from sync.judged import told_apart
from sync.linking import Party
from sync.models import Approval, ApprovalState, Link, Review, SignOff, Snapshot
from sync.sent import updates_sent
from sync.wishes import Wish, open_wishes
from sync.zones import zone_of


def as_records(
    connection: Connection, kind: Kind, *wanted: Q, present: bool = True, **filters: Any
) -> dict[str, Any]:
    """The readable records of a kind by external id."""
    rows = Snapshot.objects.of(connection, kind.value).filter(*wanted, problem="", **filters)
    if present:
        rows = rows.filter(gone_at=None)
    texts = rows.order_by("pk").values_list("external_id", Cast("record", TextField()))
    return {external_id: loads(kind, text) for external_id, text in ahead(texts.iterator(AT_ONCE))}


@dataclass(frozen=True, slots=True)
class Sides:
    """The two connections of a plan."""

    practice: Practice
    source: Connection
    target: Connection

    def links(self) -> QuerySet[Link]:
        return Link.objects.filter(source_connection=self.source, target_connection=self.target)

    def reviews(self) -> QuerySet[Review]:
        return Review.objects.filter(source_connection=self.source, target_connection=self.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a plan of a part looks at: some clients, and the invoices and payments that are or were theirs.

    ``competing``: some have no contact yet, so that all contacts and all links to them matter.
    """

    clients: frozenset[str]
    invoices: frozenset[str]
    payments: frozenset[str]
    competing: bool

    def ids(self, kind: str) -> frozenset[str]:
        """Source records of a kind within this part; a payment's shares carry its id before the slash."""
        return {"contact": self.clients, "invoice": self.invoices, "payment": self.payments}[kind]


@dataclass
class World:
    """One plan's inputs. ``links`` and ``reviews`` are keyed by kind and source id.

    ``recovered``: a plan recognised what this app had sent without getting an answer, and has to be made again.
    ``billed`` are clients with a linked invoice, ``approved`` the records (kind, source id) that a person approved in
    some form. ``sent`` is what updates said whose answers never came, ``wishes`` what people asked to be written.
    ``vanished`` are linked invoices that the source no longer lists, ``gone_receipts`` linked payments that the target
    no longer lists. ``signed_off`` are the first and last days of periods that are signed off. ``references`` are
    those on each contact's documents in the target. ``apart`` are clients and contacts that a person said are
    different. ``part`` is set when only some clients are planned.
    """

    sides: Sides
    spec: Spec
    clients: dict[str, Contact] = field(default_factory=dict)
    people: dict[str, list[Person]] = field(default_factory=dict)
    catalogue: Catalogue = field(default_factory=Catalogue)
    invoices: dict[str, Invoice] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    documents: dict[str, Invoice] = field(default_factory=dict)
    receipts: dict[str, Payment] = field(default_factory=dict)
    references: dict[str, frozenset[str]] = field(default_factory=dict)
    gone_receipts: frozenset[str] = frozenset()
    signed_off: tuple[tuple[date, date], ...] = ()
    apart: frozenset[tuple[str, str]] = frozenset()
    part: Part | None = None
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    reviews: dict[tuple[str, str], Review] = field(default_factory=dict)
    vanished: dict[str, Invoice] = field(default_factory=dict)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    now: datetime = field(default_factory=timezone.now)
    recovered: bool = False
    billed: frozenset[str] = frozenset()
    approved: frozenset[tuple[str, str]] = frozenset()
    sent: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)

    def link(self, kind: str, source_external_id: str) -> Link | None:
        return self.links.get((kind, source_external_id))

    @cached_property
    def today(self) -> date:
        """The calendar day on which the plan is made, where the practice is."""
        return self.now.astimezone(self.zone).date()

    def situation(self, kind: str, source_external_id: str, *, client: str = "") -> Situation:
        """What rules may ask about a record that it does not tell itself."""
        return Situation(
            today=self.today,
            is_first=bool(client) and client not in self.billed,
            approved_before=(kind, source_external_id) in self.approved,
        )

    def day(self, moment: datetime | None) -> Any:
        """The calendar day of an instant where the practice is."""
        return moment.astimezone(self.zone).date() if moment else None


def load_base(sides: Sides, version: int, choices: Choices) -> World:
    """A world with its mapping and facts, and no records yet."""
    return World(
        sides=sides,
        spec=Spec(version=version, choices=choices, facts=load_facts(sides)),
        zone=zone_of(sides.practice.time_zone),
    )


def load_world(sides: Sides, version: int, choices: Choices) -> World:
    """Everything."""
    world = load_base(sides, version, choices)
    world.links = {(link.kind, link.source_external_id): link for link in sides.links()}
    load_records(world)
    return world


def load_records(world: World) -> None:
    """Everything beside the links."""
    sides = world.sides
    source, target = sides.source, sides.target
    world.reviews = {(review.kind, review.source_external_id): review for review in sides.reviews()}
    world.clients = as_records(source, Kind.CONTACT)
    for person in as_records(source, Kind.PERSON).values():
        world.people.setdefault(person.contact_external_id, []).append(person)
    world.catalogue = catalogue(as_records(source, Kind.SERVICE), as_records(source, Kind.PROPOSAL))
    world.invoices = as_records(source, Kind.INVOICE)
    world.payments = as_records(source, Kind.PAYMENT)
    world.collections = as_records(source, Kind.COLLECTION)
    world.contacts = as_records(target, Kind.CONTACT)
    world.documents = as_records(target, Kind.INVOICE)
    world.receipts = as_records(target, Kind.PAYMENT)
    world.references = references_of(world.documents.values())
    world.vanished = _vanished(source, {key for kind, key in world.links if kind == Kind.INVOICE})
    load_past(world)


def load_past(world: World) -> None:
    """What is known of the records' past, once they and their links are loaded, and what people want written."""
    world.wishes = open_wishes(world.sides.source, world.sides.target)
    world.gone_receipts = _gone_receipts(world)
    signed = SignOff.objects.filter(practice=world.sides.practice, withdrawn_at=None)
    world.signed_off = tuple(signed.values_list("starts_on", "ends_on"))
    world.apart = told_apart(world.sides.source, world.sides.target)
    world.sent = updates_sent(
        world.sides.source,
        world.sides.target,
        {key: link.agreed_at for key, link in world.links.items() if link.agreed_at is not None},
    )
    world.billed = frozenset(
        invoice.contact_external_id
        for kind, key in world.links
        if kind == Kind.INVOICE
        for invoice in [world.invoices.get(key) or world.vanished.get(key)]
        if invoice is not None
    )
    if world.spec.program.asks("changed_after_approval"):
        rows = Approval.objects.filter(practice=world.sides.practice, state=ApprovalState.APPROVED)
        world.approved = frozenset(rows.values_list("change__kind", "change__source_external_id"))


def _gone_receipts(world: World) -> frozenset[str]:
    """Of the linked payments without a readable record, those that are gone; the others could not be read."""
    linked = {link.target_external_id for (kind, _), link in world.links.items() if kind == Kind.PAYMENT}
    missing = linked - world.receipts.keys()
    if not missing:
        return frozenset()
    rows = Snapshot.objects.of(world.sides.target, Kind.PAYMENT.value).filter(external_id__in=missing)
    return frozenset(rows.filter(gone_at__isnull=False).values_list("external_id", flat=True))


def _vanished(source: Connection, linked: set[str]) -> dict[str, Invoice]:
    gone = as_records(source, Kind.INVOICE, present=False, gone_at__isnull=False)
    return {external_id: invoice for external_id, invoice in gone.items() if external_id in linked}


def load_facts(sides: Sides) -> Facts:
    """The target's accounts, tax rates, tracking and lock dates as last read."""
    target = sides.target
    accounts: dict[str, Account] = {}
    for account in as_records(target, Kind.ACCOUNT).values():
        accounts[account.external_id] = account
        if account.code:
            accounts[account.code] = account
    rates: dict[str, TaxRate] = as_records(target, Kind.TAX_RATE)
    tracking = {
        category.name: frozenset(category.options)
        for category in as_records(target, Kind.TRACKING_CATEGORY).values()
        if category.status in {"", "ACTIVE"}
    }
    organisation = _organisation(sides)
    return Facts(
        accounts=accounts,
        tax_rates=rates,
        tracking=tracking,
        items=_items(target),
        currencies=frozenset(as_records(target, Kind.CURRENCY)),
        themes={
            key: theme.name
            for key, theme in as_records(target, Kind.BRANDING_THEME).items()
            if theme.status in {"", "ACTIVE"}
        },
        lock_date=_lock(organisation),
        base_currency=(organisation.currency if organisation else "") or sides.practice.base_currency,
        country=(organisation.country if organisation else "") or sides.practice.country,
        time_zone=sides.practice.time_zone,
    )


def _organisation(sides: Sides) -> Organisation | None:
    return next(iter(as_records(sides.target, Kind.ORGANISATION).values()), None)


def _lock(organisation: Organisation | None) -> date | None:
    if organisation is None:
        return None
    days = [day for day in (organisation.period_lock_date, organisation.year_lock_date) if day]
    return max(days, default=None)


def lock_date(sides: Sides) -> date | None:
    """The last day that the target has locked; ``None`` where it has locked none. One query."""
    return _lock(_organisation(sides))


def _items(target: Connection) -> frozenset[str] | None:
    """The codes of the target's items; ``None`` as long as none were read, when nothing can be said about them."""
    codes = {item.code for item in as_records(target, Kind.ITEM).values() if item.code}
    return frozenset(codes) or None


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


def references_of(invoices: Iterable[Invoice]) -> dict[str, frozenset[str]]:
    return references_by_party((item.contact_external_id, item.reference) for item in invoices)


def references_by_party(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """References by the client or contact whose documents carry them."""
    found: dict[str, set[str]] = defaultdict(set)
    for party, reference in pairs:
        if reference and party:
            found[party].add(reference)
    return {party: frozenset(references) for party, references in found.items()}
