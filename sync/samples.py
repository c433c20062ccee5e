"""Recent records as the mapping's editors show them beside a field or rule, and how much each rule is used."""

from datetime import datetime

from connectors.records import Contact, Invoice, Kind
from connectors.stored import load
from mappings.catalog import About
from mappings.engine import Situation, invoice_subject, map_contact, map_invoice, service_of
from mappings.services import load_choices
from mappings.subjects import Subject, primary_of
from practices.models import Practice
from sync.around import load_around
from sync.documents import allocate
from sync.flows import sides_of
from sync.models import RuleUse, Snapshot
from sync.payments import payment_subject
from sync.world import World, load_base

KIND_OF = {
    About.CONTACT: Kind.CONTACT,
    About.INVOICE: Kind.INVOICE,
    About.LINE: Kind.INVOICE,
    About.PAYMENT: Kind.PAYMENT,
}


def samples(practice: Practice, about: About, limit: int) -> list[Subject]:
    """The records read last, as rules and field maps see them; none before anything was read."""
    pairs = sides_of(practice)
    if not pairs:
        return []
    version, choices = load_choices(practice)
    world = load_base(pairs[0][0], version, choices)
    newest = Snapshot.objects.of(world.sides.source, KIND_OF[about]).present().filter(problem="")
    records = [
        load(KIND_OF[about], record)
        for record in newest.order_by("-source_updated_at", "-pk").values_list("record", flat=True)[:limit]
    ]
    clients = [item.external_id if about is About.CONTACT else item.contact_external_id for item in records]
    load_around(world, clients, documents=about is not About.CONTACT)
    if about is About.CONTACT:
        return [_contact(world, item) for item in records]
    if about is About.PAYMENT:
        return [
            payment_subject(
                world,
                item,
                world.day(item.payment.collected_at) or item.payment.date,
                world.invoices.get(item.invoice_external_id),
            )
            for item in allocate(records, (), world.invoices)
        ][:limit]
    found = [subject for item in records for subject in _invoice(world, about, item)]
    return found[:limit]


def rule_use(practice: Practice) -> dict[str, tuple[int, int, int, datetime | None]]:
    """Records, skipped, held and when that was counted, by the rule's key."""
    rows = RuleUse.objects.filter(practice=practice)
    return {row.rule_key: (row.records, row.skipped, row.held, row.counted_at) for row in rows}


def _contact(world: World, client: Contact) -> Subject:
    people = world.people.get(client.external_id, [])
    situation = world.situation("contact", client.external_id)
    mapped = map_contact(client, people, world.spec, situation)
    return Subject(client=client, person=primary_of(people), today=situation.today, values=mapped.values)


def _invoice(world: World, about: About, invoice: Invoice) -> list[Subject]:
    client = world.clients.get(invoice.contact_external_id)
    situation: Situation = world.situation("invoice", invoice.external_id, client=invoice.contact_external_id)
    subject = invoice_subject(invoice, world.catalogue, world.spec, situation, client)
    mapped = map_invoice(invoice, world.catalogue, world.spec, situation, client)
    if about is About.INVOICE:
        subject.values = mapped.values
        return [subject]
    out = []
    for index, line in enumerate(invoice.lines):
        one = invoice_subject(invoice, world.catalogue, world.spec, situation, client)
        one.line, one.service = line, service_of(line, world.catalogue)
        one.values = dict(mapped.values["lines"][index]) if index < len(mapped.values["lines"]) else {}
        out.append(one)
    return out
