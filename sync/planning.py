"""Planning a practice: snapshots, links, mapping and modes → rows that say what is owed and why."""

from collections import defaultdict
from collections.abc import Mapping

from django.db.models import Count

from connectors.records import Contact
from mappings.services import load_choices
from sync.approvals import asking as approvals
from sync.contacts import plan_contacts, same_name_twice
from sync.invoices import clients_needed, plan_invoices, vanished_invoices
from sync.linking import is_active, survivor
from sync.models import SYNCED_KINDS, Change, Flow, Kind, Link, Run, Snapshot, Standing, Verb
from sync.outbox import write_plan
from sync.part import add_documents, anything_moved, clear_marks, find_part, load_part
from sync.payments import plan_payments
from sync.planned import Planned
from sync.reconcile import asking as comparisons
from sync.reconcile import picking
from sync.wished import with_wishes
from sync.world import Sides, World, load_world


def plan_all(sides: Sides, flows: Mapping[str, Flow], run: Run | None) -> dict[str, dict[str, int]]:
    """Plan every kind of one pair of systems and put it into rows; counts per kind.

    Call it with both lanes held, so that nothing moves meanwhile.
    """
    version, choices = load_choices(sides.practice)
    world = load_world(sides, version, choices)
    counts = _plan(world, flows, run)
    if world.recovered:
        counts = _plan(load_world(sides, version, choices), flows, run)
    if anything_moved(sides):
        part = find_part(sides)
        comparisons.note(sides.practice.pk, part.clients if part is not None else None)
    clear_marks(sides)
    return counts


def plan_part(sides: Sides, flows: Mapping[str, Flow], run: Run | None) -> bool:
    """Plan only what hangs on what moved; ``False`` when that is too much and everything has to be planned.

    What it writes is what a plan of everything would write. Call it with both lanes held.
    """
    if not anything_moved(sides):
        _end_stale(sides)
        return True
    part = find_part(sides)
    if part is None:
        return False
    if not part.clients:
        _end_stale(sides)
    else:
        version, choices = load_choices(sides.practice)
        world = load_part(sides, version, choices, part)
        _plan(world, flows, run)
        if world.recovered:
            world = load_part(sides, version, choices, part)
            _plan(world, flows, run)
        if _number_taken_elsewhere(world):
            return False
        comparisons.note(sides.practice.pk, part.clients)
    clear_marks(sides)
    return True


def _end_stale(sides: Sides) -> None:
    """End requests that were made on a difference and would not be made now, also where no record moved."""
    if picking.drop_stale(sides):
        approvals.withdraw(sides.practice)


def _number_taken_elsewhere(world: World) -> bool:
    """Whether an invoice outside of this part is to get a number that one inside gets: then both are to be held."""
    assert world.part is not None  # noqa: S101  asked after planning a part
    rows = Change.objects.open().filter(connection=world.sides.target, kind=Kind.INVOICE, verb=Verb.CREATE)
    numbers = rows.filter(source_external_id__in=world.part.invoices).values("natural_key")
    outside = rows.filter(natural_key__in=numbers).exclude(natural_key="")
    return bool(outside.exclude(source_external_id__in=world.part.invoices).exists())


def _plan(world: World, flows: Mapping[str, Flow], run: Run | None) -> dict[str, dict[str, int]]:
    follow_merges(world)
    plans = decide_all(world, {kind: flow.mode for kind, flow in flows.items()})
    counts: dict[str, dict[str, int]] = {}
    before: dict[tuple[str, str], Change] = {}
    for kind in SYNCED_KINDS:
        written = write_plan(world, flows[kind], plans[kind], run, before)
        before.update({(kind.value, external_id): change for external_id, change in written.open.items()})
        counts[kind.value] = written.counts
    _end_stale(world.sides)
    approvals.ask(world.sides.practice, world.spec.choices)
    if world.part is None:
        approvals.count_rules(world.sides.practice, plans.values())
    return counts


def standing_counts(sides: Sides) -> dict[str, dict[str, int]]:
    """The funnel per kind as the records stand, for a run that planned only a part."""
    names = {
        Standing.IN_SYNC: "in_sync",
        Standing.FILTERED: "filtered",
        Standing.HELD: "held",
        Standing.PENDING: "to_write",
        Standing.PARKED: "failed",
    }
    counts: dict[str, dict[str, int]] = {kind.value: {} for kind in SYNCED_KINDS}
    rows = (
        Snapshot.objects.filter(connection=sides.source, kind__in=SYNCED_KINDS, gone_at=None)
        .values_list("kind", "standing")
        .annotate(Count("pk"))
    )
    for kind, standing, number in rows:
        counts[kind]["read"] = counts[kind].get("read", 0) + number
        if standing in names:
            counts[kind][names[Standing(standing)]] = number
    return counts


def decide_all(world: World, modes: Mapping[str, str]) -> dict[Kind, dict[str, Planned]]:
    """The whole plan without writing anything; ``modes`` by kind."""
    contacts = plan_contacts(world, mode=modes[Kind.CONTACT], needed=clients_needed(world))
    contacts = same_name_twice(contacts)
    if world.part is not None:
        add_documents(world, [item.target_external_id for item in contacts.values() if item.found])
    invoices = plan_invoices(world, contacts, mode=modes[Kind.INVOICE])
    payments = plan_payments(world, invoices, mode=modes[Kind.PAYMENT])
    plans = {
        Kind.CONTACT: contacts,
        Kind.INVOICE: {**invoices, **vanished_invoices(world)},
        Kind.PAYMENT: payments,
    }
    return with_wishes(world, plans, modes, world.wishes)


def follow_merges(world: World) -> int:
    """Move links from a merged contact to the one that survived; the old id is kept.

    Only to one that is active and that no other client is linked to: two clients on one contact is for a person.
    """
    merged: dict[str, list[Link]] = defaultdict(list)
    for (kind, _), link in world.links.items():
        contact: Contact | None = (
            world.contacts.get(link.target_external_id) if kind == Kind.CONTACT else None
        )
        if contact is not None and contact.merged_into:
            final = survivor(world.contacts, link.target_external_id)
            if final and is_active(world.contacts[final]):
                merged[final].append(link)
    if not merged:
        return 0
    others = world.sides.links().filter(kind=Kind.CONTACT, target_external_id__in=list(merged))
    taken = set(others.values_list("target_external_id", flat=True))
    moved = [(final, link) for final, links in merged.items() if final not in taken for link in links]
    for final, link in moved:
        link.former_target_external_ids = [*link.former_target_external_ids, link.target_external_id]
        link.target_external_id = final
        Link.objects.filter(pk=link.pk).update(
            target_external_id=final, former_target_external_ids=link.former_target_external_ids
        )
    return len(moved)
