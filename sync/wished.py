"""What a person asked to be written although the plan by itself would leave it as it is.

A wish is an open Change that somebody asked for on the reconciliation page. It stays as long as every plan comes to
the same: the record is still linked, its document may still be changed, and the source still says the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from connectors.records import Contact, Invoice
from mappings.engine import map_contact, map_invoice
from mappings.fieldmaps import Direction
from mappings.mapped import Mapped
from sync.contact_values import contact_values, joined, with_kept
from sync.documents import DEAD
from sync.fieldwise import DEFAULT
from sync.invoices import source_digest
from sync.linking import is_active
from sync.models import Kind
from sync.plan import EDITABLE, Decision, apply_mode, held, invoice_values, is_stopped
from sync.planned import Planned
from sync.ruled import APPROVAL, WRITES, by_rules, waiting_text
from sync.wishes import ASKED, SECOND_PERSON, Wish
from sync.world import World

PAID = "Money is on it in Xero, so it can't be changed there."
LOCKED = "Xero has locked the period that it is in."
NOT_OPEN = "It can't be changed in Xero any more."
NOT_LINKED = "The two records are not linked any more. Sync, compare, then look again."
NOTHING = "Ignition has no value for it that could be written."
NOT_WRITTEN = "The mapping says that it is not written to Xero. Change that first, or change it in Ignition."
NOT_OURS = frozenset({Direction.FROM_TARGET, Direction.NONE})
SAME_NAME = "Xero has another active contact with this name, and names must be unique there."


def with_wishes(
    world: World, plans: Mapping[Kind, dict[str, Planned]], modes: Mapping[str, str], wishes: Iterable[Wish]
) -> dict[Kind, dict[str, Planned]]:
    """The plans with what people asked for. A wish whose facts have changed since is left out: it is over."""
    out = dict(plans)
    for wish in wishes:
        kind = Kind(wish.kind)
        planned = out.get(kind, {}).get(wish.source_external_id)
        if planned is None:
            continue
        decision = decide(world, planned, wish, modes[kind])
        if decision is None or (wish.values is not None and decision.values != wish.values):
            continue
        changed = replace(planned, decision=decision, stopped=is_stopped(decision))
        if wish.fields and planned.decision.action != "update":
            # Only some fields are agreed on with it: what else has changed in the source stays to be decided.
            changed = replace(changed, source_digest="")
        out[kind] = {**out[kind], wish.source_external_id: changed}
    return out


def decide(world: World, planned: Planned, wish: Wish, mode: str) -> Decision | None:
    """What the plan says about a record once the wish counts; ``None`` where there is nothing to write.

    A decision that is held for another reason than approval says why it can't be.
    """
    if not wish.fields:
        decision = planned.decision
        waits = decision.action == "held" and decision.reason == APPROVAL
        if not planned.target_external_id and (decision.action == "create" or waits):
            return _second(replace(decision, remarks=(*decision.remarks, ASKED)), asks=wish.asks)
        return None
    found = _contact(world, wish) if wish.kind == Kind.CONTACT else _invoice(world, wish)
    if isinstance(found, Decision):
        return found
    mapped, values, before = found
    if not values:
        return None
    own = planned.decision
    if own.action == "update" and not is_stopped(own):
        values, before = joined(own.values, values), {**own.before, **before}
    decision = Decision(action="update", values=values, before=before, remarks=(*mapped.remarks, ASKED))
    # A person overrules “fill the gaps”; in watch mode nothing is written whoever asks.
    decision = by_rules(apply_mode(decision, mode) if mode == "watch" else decision, mapped)
    return _second(decision, asks=wish.asks)


def _second(decision: Decision, *, asks: bool) -> Decision:
    """The decision with the second person that it needs, unless the mode stops it anyway."""
    if not asks or is_stopped(decision):
        return decision
    if decision.action not in WRITES and decision.reason != APPROVAL:
        return decision
    approval = (*decision.approval, SECOND_PERSON)
    return replace(decision, action="held", reason=APPROVAL, text=waiting_text(approval), approval=approval)


Values = tuple[Mapped, dict[str, Any], dict[str, Any]]


def _contact(world: World, wish: Wish) -> Values | Decision:
    key = wish.source_external_id
    link, client = world.link(Kind.CONTACT, key), world.clients.get(key)
    contact: Contact | None = world.contacts.get(link.target_external_id) if link else None
    if client is None or contact is None or not is_active(contact):
        return held("not_linked", NOT_LINKED)
    mapped = map_contact(client, world.people.get(key, []), world.spec, world.situation(Kind.CONTACT, key))
    policies = world.spec.program.policies
    if any(policies.get(name, DEFAULT).direction in NOT_OURS for name in wish.fields):
        return held("not_ours", NOT_WRITTEN)
    there = contact_values(contact)
    values = _differing(mapped.values, there, wish.fields)
    name = str(values.get("name", "")).casefold()
    others = (item for item in world.contacts.values() if item.external_id != contact.external_id)
    if name and any(is_active(item) and item.name.casefold() == name for item in others):
        return held("duplicate_name", SAME_NAME)
    return mapped, with_kept(values, contact), {field: there[field] for field in values}


def _invoice(world: World, wish: Wish) -> Values | Decision:
    key = wish.source_external_id
    link, invoice = world.link(Kind.INVOICE, key), world.invoices.get(key)
    document: Invoice | None = world.documents.get(link.target_external_id) if link else None
    if link is None or invoice is None or document is None or document.status.upper() in DEAD:
        return held("not_linked", NOT_LINKED)
    if document.amount_paid or document.amount_credited or document.status.upper() == "PAID":
        return held("locked_by_money", PAID)
    if document.status.upper() not in EDITABLE:
        return held("not_editable", NOT_OPEN)
    lock = world.spec.facts.lock_date
    if lock is not None and document.date is not None and document.date <= lock:
        return held("locked_period", LOCKED)
    mapped = map_invoice(
        invoice,
        world.catalogue,
        world.spec,
        world.situation(Kind.INVOICE, key, client=invoice.contact_external_id),
        world.clients.get(invoice.contact_external_id),
    )
    # As long as the document is unchanged, what was agreed on counts, whatever a newer mapping would make of it.
    agreed = link.base_source if link.source_digest == source_digest(invoice) else {}
    expected = {**mapped.values, **{name: agreed[name] for name in wish.fields if agreed.get(name)}}
    there = invoice_values(document)
    values = _differing(expected, there, wish.fields)
    return mapped, values, {field: there[field] for field in values}


def _differing(ours: Mapping[str, Any], there: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    return {name: ours[name] for name in sorted(fields) if ours.get(name) and ours[name] != there.get(name)}
