"""Planning a practice: snapshots, links, mapping and modes → rows that say what is owed and why."""

from collections.abc import Mapping

from django.db import transaction

from connectors.records import Contact
from mappings.services import load_choices
from sync.contacts import plan_contacts, same_name_twice
from sync.invoices import clients_needed, plan_invoices, vanished_invoices
from sync.linking import is_active, survivor
from sync.models import SYNCED_KINDS, Change, Flow, Kind, Link, Run
from sync.outbox import write_plan
from sync.payments import plan_payments
from sync.planned import Planned
from sync.world import Sides, World, load_world


def plan_all(sides: Sides, flows: Mapping[str, Flow], run: Run | None) -> dict[str, dict[str, int]]:
    """Plan every kind of one pair of systems and put it into rows; counts per kind."""
    version, choices = load_choices(sides.practice)
    world = load_world(sides, version, choices)
    follow_merges(world)
    plans = decide_all(world, {kind: flow.mode for kind, flow in flows.items()})
    counts: dict[str, dict[str, int]] = {}
    before: dict[tuple[str, str], Change] = {}
    for kind in SYNCED_KINDS:
        written = write_plan(world, flows[kind], plans[kind], run, before)
        before.update({(kind.value, external_id): change for external_id, change in written.open.items()})
        counts[kind.value] = written.counts
    return counts


def decide_all(world: World, modes: Mapping[str, str]) -> dict[Kind, dict[str, Planned]]:
    """The whole plan without writing anything; ``modes`` by kind."""
    contacts = plan_contacts(world, mode=modes[Kind.CONTACT], needed=clients_needed(world))
    contacts = same_name_twice(contacts)
    invoices = plan_invoices(world, contacts, mode=modes[Kind.INVOICE])
    payments = plan_payments(world, invoices, mode=modes[Kind.PAYMENT])
    return {
        Kind.CONTACT: contacts,
        Kind.INVOICE: {**invoices, **vanished_invoices(world)},
        Kind.PAYMENT: payments,
    }


def follow_merges(world: World) -> int:
    """Move links from a merged contact to the one that survived, when that one is active; the old id is kept."""
    moved = 0
    for (kind, _), link in world.links.items():
        if kind != Kind.CONTACT:
            continue
        contact: Contact | None = world.contacts.get(link.target_external_id)
        if contact is None or not contact.merged_into:
            continue
        final = survivor(world.contacts, link.target_external_id)
        if not final or not is_active(world.contacts[final]):
            continue
        with transaction.atomic():
            link.former_target_external_ids = [*link.former_target_external_ids, link.target_external_id]
            link.target_external_id = final
            Link.objects.filter(pk=link.pk).update(
                target_external_id=final, former_target_external_ids=link.former_target_external_ids
            )
        moved += 1
    return moved
