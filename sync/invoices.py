"""The plan for invoices."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from connectors.records import Invoice
from mappings.engine import map_invoice
from mappings.mapped import Mapped
from sync.documents import DEAD, Ledger, match_invoice
from sync.linking import Match
from sync.models import ReviewState
from sync.plan import (
    Decision,
    apply_mode,
    create,
    filtered,
    held,
    holds_values,
    invoice_update,
    may_write_invoice,
)
from sync.planned import Planned
from sync.ruled import by_rules, skipped
from sync.world import World

KIND = "invoice"


def clients_needed(world: World) -> frozenset[str]:
    """Clients with an invoice that may be written and has no link yet: they need a contact whatever their state."""
    return frozenset(
        invoice.contact_external_id
        for invoice in world.invoices.values()
        if world.link(KIND, invoice.external_id) is None
        and may_write_invoice(invoice, world.spec.choices) is None
        and not (invoice.native and invoice.native.external_id in world.documents)
    )


def plan_invoices(world: World, contacts: Mapping[str, Planned], *, mode: str) -> dict[str, Planned]:
    """One planned outcome per invoice, by invoice id."""
    taken = {link.target_external_id for (kind, _), link in world.links.items() if kind == KIND}
    ledger = Ledger(world.documents, taken=taken)
    merged: dict[str, list[str]] = defaultdict(list)
    for item in world.contacts.values():
        if item.merged_into:
            merged[item.merged_into].append(item.external_id)
    out = {}
    for invoice in sorted(world.invoices.values(), key=_order):
        planned = _plan(world, invoice, contacts, ledger, merged, mode)
        if planned.found is not None:
            ledger.taken.add(planned.found.external_id)
        out[invoice.external_id] = planned
    return _same_number_twice(out)


def vanished_invoices(world: World) -> dict[str, Planned]:
    """Linked invoices that Ignition no longer lists while the ledger still counts on their money: for a person."""
    out = {}
    for invoice in world.vanished.values():
        link = world.link(KIND, invoice.external_id)
        target = world.documents.get(link.target_external_id) if link is not None else None
        if target is None or target.status in DEAD:
            continue
        client = world.clients.get(invoice.contact_external_id)
        text = (
            "Ignition no longer lists this invoice: it was voided or deleted there. "
            f"In Xero it is still {target.status.lower()}. Void or credit it there."
        )
        out[invoice.external_id] = Planned(
            kind=KIND,
            source_external_id=invoice.external_id,
            record_external_id=invoice.external_id,
            title=" · ".join(
                part for part in (client.name if client else "", invoice.reference or invoice.number) if part
            ),
            target_external_id=target.external_id,
            decision=held("void_in_source", text),
            amount=target.total,
            currency=target.currency,
            date=invoice.date,
        )
    return out


def _same_number_twice(planned: Mapping[str, Planned]) -> dict[str, Planned]:
    """Creates that would give two invoices one number are held: Xero takes only one, and it is not ours to choose."""
    by_number: dict[str, list[str]] = defaultdict(list)
    for external_id, item in planned.items():
        if item.decision.action == "create":
            by_number[item.natural_key.casefold()].append(external_id)
    out = dict(planned)
    for number, ids in by_number.items():
        for external_id in ids if number and len(ids) > 1 else ():
            item = planned[external_id]
            text = f"{len(ids)} invoices in Ignition would get the number {item.natural_key}, and Xero takes it once."
            decision = held("duplicate_number", text)
            out[external_id] = item.decided(replace(decision, values=item.decision.values))
    return out


def _order(invoice: Invoice) -> tuple[bool, str, str]:
    """Documents with the strongest evidence are matched first, so that a weaker match can't take their partner."""
    native = invoice.native is not None and bool(invoice.native.external_id)
    return (not native, invoice.date.isoformat() if invoice.date else "", invoice.external_id)


def _plan(
    world: World,
    invoice: Invoice,
    contacts: Mapping[str, Planned],
    ledger: Ledger,
    merged: Mapping[str, list[str]],
    mode: str,
) -> Planned:
    client = world.clients.get(invoice.contact_external_id)
    situation = world.situation(KIND, invoice.external_id, client=invoice.contact_external_id)
    mapped = map_invoice(invoice, world.catalogue, world.spec, situation, client)
    number = str(mapped.values["number"])
    total = Decimal(mapped.values["total"])
    planned = Planned(
        kind=KIND,
        source_external_id=invoice.external_id,
        record_external_id=invoice.external_id,
        title=" · ".join(
            part for part in (client.name if client else "", invoice.reference or invoice.number) if part
        ),
        natural_key=number,
        decision=Decision(action="nothing"),
        refs={"contact": invoice.contact_external_id},
        source_digest=source_digest(invoice),
        amount=total,
        currency=str(mapped.values["currency"]),
        date=invoice.date,
    )
    link = world.link(KIND, invoice.external_id)
    barred = may_write_invoice(invoice, world.spec.choices)
    if link is not None:
        planned.target_external_id = link.target_external_id
        sent = world.sent.get((KIND, invoice.external_id), {})
        arrived = bool(sent) and holds_values(world.documents.get(link.target_external_id), sent)
        unchanged = bool(link.source_digest) and link.source_digest == planned.source_digest and not arrived
        base = {} if unchanged else {**link.base_source, **sent} if arrived else link.base_source
        return _linked(world, planned, mapped, barred, link.method == "written", base, mode)
    review = world.reviews.get((KIND, invoice.external_id))
    if review is not None and review.state == ReviewState.IGNORED:
        return planned.decided(filtered("left_alone", "A person decided to leave this invoice alone."))
    contact = contacts.get(invoice.contact_external_id)
    theirs = _contact_ids(merged, contact)
    match = match_invoice(invoice, contact_external_ids=theirs, own_number=number, total=total, ledger=ledger)
    if match.external_id:
        if match.external_id in ledger.taken:
            text = "The Xero invoice that this one points to is already linked to another invoice."
            return planned.decided(held("already_linked", text))
        planned.target_external_id, planned.found = match.external_id, match
        return planned.decided(Decision(action="adopt", values=mapped.values, remarks=mapped.remarks))
    if barred is None:
        barred = skipped(mapped)
    if barred is not None:
        return planned.decided(barred)
    return _new(mapped, planned, invoice, contact, match, review.state if review else "", mode)


def _new(
    mapped: Mapped,
    planned: Planned,
    invoice: Invoice,
    contact: Planned | None,
    match: Match,
    reviewed: str,
    mode: str,
) -> Planned:
    native = invoice.native
    if native and native.state == "started":
        text = "Ignition's own Xero link is pushing it right now. It is looked at again when that has ended."
        return planned.decided(held("native_pending", text, mapped))
    if match.candidates and reviewed != ReviewState.CREATE:
        text = "Xero has an invoice that looks the same. Choose it, or say that this one is new."
        planned.undecided = match
        return planned.decided(held("possible_duplicate", text, mapped))
    if native and native.state != "failed" and reviewed != ReviewState.CREATE:
        text = "Ignition says it pushed this invoice, but it is not in this Xero organisation. Check before it is sent."
        return planned.decided(held("native_missing", text, mapped))
    if contact is None:
        text = "Its client could not be read from Ignition."
        return planned.decided(held("no_client", text, mapped))
    decision = create(mapped)
    if not contact.target_external_id:
        if contact.decision.action != "create":
            text = f"Its client is not in Xero yet: {contact.decision.text}"
            return planned.decided(held("no_link", text, mapped))
        planned.depends_on = ("contact", contact.source_external_id)
        if contact.stopped and mode != "watch":
            text = "Its client is not in Xero yet, and contacts are only watched. Switch contacts on first."
            return planned.decided(held("contact_not_written", text, mapped))
    elif contact.decision.reason in {"target_gone", "target_archived"}:
        return planned.decided(held("no_link", contact.decision.text, mapped))
    decision = by_rules(apply_mode(decision, mode), mapped)
    return planned.decided(decision)


def source_digest(invoice: Invoice) -> str:
    """Tells whether the document itself changed at the source, whatever the mapping makes of it."""
    parts = (
        invoice.contact_external_id,
        invoice.number,
        invoice.reference,
        str(invoice.date),
        str(invoice.due_date),
        invoice.currency,
        str(invoice.total.normalize()),
        *(
            f"{line.description}|{line.quantity.normalize()}|{line.unit_amount.normalize()}|{line.amount.normalize()}"
            for line in invoice.lines
        ),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _linked(
    world: World,
    planned: Planned,
    mapped: Mapped,
    barred: Decision | None,
    was_written: bool,
    base: Mapping[str, object],
    mode: str,
) -> Planned:
    target = world.documents.get(planned.target_external_id)
    if target is None:
        text = "The linked invoice is no longer in Xero's list."
        return planned.decided(held("target_gone", text))
    if barred is not None:
        if barred.reason in {"invoice_voided", "invoice_void", "invoice_deleted"} and target.status not in {
            "VOIDED",
            "DELETED",
        }:
            text = f"{barred.text} In Xero it is still {target.status.lower()}. Void or credit it there."
            return planned.decided(held("void_in_source", text))
        return planned.decided(barred)
    found = invoice_update(mapped, target, base, was_written=was_written)
    decision = by_rules(apply_mode(found, mode), mapped)
    return planned.decided(decision)


def _contact_ids(merged: Mapping[str, list[str]], contact: Planned | None) -> list[str]:
    """The target contacts whose documents may be this invoice: the linked one and those merged into it."""
    if contact is None or not contact.target_external_id:
        return []
    final = contact.target_external_id
    return [final, *merged.get(final, ())]
