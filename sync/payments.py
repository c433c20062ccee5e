"""The plan for payments: one target payment per payment and invoice."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from connectors.records import Invoice, Payment
from mappings.receipts import map_payment
from mappings.subjects import Subject
from sync.documents import DEAD, POSTED_LATE_DAYS, Allocation, allocate, match_payment
from sync.plan import Decision, apply_mode, create, filtered, held, may_write_payment
from sync.planned import Planned
from sync.ruled import by_rules, skipped
from sync.world import World

KIND = "payment"
PAYABLE = frozenset({"AUTHORISED", "PAID"})


def plan_payments(world: World, invoices: Mapping[str, Planned], *, mode: str) -> dict[str, Planned]:
    """One planned outcome per payment and invoice, by ``payment id/invoice id``."""
    taken = {link.target_external_id for (kind, _), link in world.links.items() if kind == KIND}
    receipts: dict[str, list[Payment]] = defaultdict(list)
    for receipt in world.receipts.values():
        for invoice in receipt.invoice_external_ids:
            receipts[invoice].append(receipt)
    due = {item.external_id: item.amount_due for item in world.documents.values()}
    out: dict[str, Planned] = {}
    for item in allocate(world.payments.values(), world.collections.values(), world.invoices):
        planned = _plan(world, item, invoices, receipts, taken, due, mode)
        if planned.found is not None:
            taken.add(planned.found.external_id)
        out[planned.source_external_id] = planned
    for payment in world.payments.values():
        if not payment.invoice_external_ids:
            decision = held("no_invoice", "Ignition does not say which invoice this payment is for.")
            out[payment.external_id] = _bare(
                world, payment, payment.external_id, "", payment.amount, decision
            )
    return out


def _plan(
    world: World,
    item: Allocation,
    invoices: Mapping[str, Planned],
    receipts: Mapping[str, list[Payment]],
    taken: set[str],
    due: dict[str, Decimal | None],
    mode: str,
) -> Planned:
    payment = item.payment
    planned = _bare(
        world,
        payment,
        item.source_external_id,
        item.invoice_external_id,
        item.amount,
        Decision(action="nothing"),
    )
    paid_on = world.day(payment.collected_at or (item.collection.started_at if item.collection else None))
    planned.date = paid_on or payment.date
    barred = may_write_payment(item, world.spec.choices, collected_on=world.day(payment.collected_at))
    link = world.link(KIND, item.source_external_id)
    if link is not None:
        planned.target_external_id = link.target_external_id
        return planned.decided(_linked(world, link.target_external_id, barred, item))
    if barred is not None:
        return planned.decided(barred)
    invoice = invoices.get(item.invoice_external_id)
    if invoice is None:
        return planned.decided(held("no_invoice", "Its invoice could not be read from Ignition."))
    target = world.documents.get(invoice.target_external_id)
    mapped = map_payment(
        payment_external_id=payment.external_id,
        amount=item.amount,
        currency=payment.currency,
        paid_on=planned.date,
        method=payment.method,
        invoice_currency=target.currency if target else invoice.currency,
        invoice_type=target.type if target else "ACCREC",
        spec=world.spec,
        subject=payment_subject(world, item, planned.date, world.invoices.get(item.invoice_external_id)),
    )
    if target is not None:
        match = match_payment(
            reference=payment.external_id,
            amount=item.amount,
            paid_on=planned.date,
            there=receipts.get(target.external_id, ()),
            taken=taken,
            others=world.payments,
        )
        if match.external_id:
            planned.target_external_id, planned.found = match.external_id, match
            return planned.decided(Decision(action="adopt", values=mapped.values))
    skip = skipped(mapped)
    if skip is not None:
        return planned.decided(skip)
    stop = _why_not(world, item, invoice, target, due, mode)
    if stop is not None:
        return planned.decided(replace(stop, values=mapped.values if stop.action == "held" else {}))
    if target is None or _is_changing(invoice):
        planned.depends_on = ("invoice", invoice.source_external_id)
    decision = by_rules(apply_mode(create(mapped), mode), mapped)
    return planned.decided(decision)


def payment_subject(world: World, item: Allocation, paid_on: date | None, invoice: Invoice | None) -> Subject:
    """A payment's share as the rules see it."""
    situation = world.situation(KIND, item.source_external_id)
    return Subject(
        client=world.clients.get(item.payment.contact_external_id),
        invoice=invoice,
        payment=item.payment,
        amount=item.amount,
        paid_on=paid_on,
        today=situation.today,
        approved_before=situation.approved_before,
        lock_date=world.spec.facts.lock_date,
    )


def _is_changing(invoice: Planned) -> bool:
    """Whether its invoice is still to be changed: once money is on it, the target refuses that."""
    return invoice.decision.action == "update" and not invoice.stopped


def _why_not(
    world: World,
    item: Allocation,
    invoice: Planned,
    target: Invoice | None,
    due: dict[str, Decimal | None],
    mode: str,
) -> Decision | None:
    """What stands in the way of posting this payment; ``None`` when nothing does, and then its amount is reserved."""
    if target is None:
        stop = _without_target(invoice, mode)
        key, left = invoice.natural_key, due.get(invoice.natural_key, invoice.amount)
    else:
        stop = _with_target(world, item, invoice, target, mode)
        key, left = target.external_id, due.get(target.external_id)
    if stop is not None:
        return stop
    if left is not None and item.amount > left:
        text = f"The payment is {item.amount}, but only {left} is open on the invoice in Xero."
        return held("already_paid", text)
    if left is not None:
        due[key] = left - item.amount
    return None


def _without_target(invoice: Planned, mode: str) -> Decision | None:
    if invoice.decision.action == "filtered":
        return filtered("invoice_not_written", f"Its invoice is not written: {invoice.decision.text}")
    if invoice.decision.action != "create":
        return held("no_invoice", f"Its invoice is not in Xero yet: {invoice.decision.text}")
    if invoice.stopped and mode != "watch":
        text = "Its invoice is not in Xero yet, and invoices are only watched. Switch invoices on first."
        return held("invoice_not_written", text)
    if invoice.decision.values.get("status", "AUTHORISED") != "AUTHORISED":
        return held("invoice_not_approved", "Its invoice is sent as a draft: approve it in Xero first.")
    return None


def _with_target(
    world: World, item: Allocation, invoice: Planned, target: Invoice, mode: str
) -> Decision | None:
    if target.status in DEAD:
        return filtered("dead_in_target", f"Its invoice is {target.status.lower()} in Xero.")
    if target.status not in PAYABLE:
        return held("invoice_not_approved", "Its invoice is not approved in Xero yet.")
    link = world.link("invoice", invoice.source_external_id)
    method = link.method if link is not None else (invoice.found.method if invoice.found else "")
    if mode == "fill_gaps" and native_will_post(world, item, method):
        text = "Ignition's own Xero link posts this payment when the payout has cleared."
        return filtered("native_will_post", text)
    return None


def native_will_post(world: World, item: Allocation, method: str) -> bool:
    """Whether the source's own link may still post it. ``method``: how its invoice was recognised in the target."""
    moment = item.payment.collected_at
    waiting = moment is None or world.now - moment < timedelta(days=POSTED_LATE_DAYS)
    return method in {"stored", "document"} and waiting


def _linked(world: World, target_external_id: str, barred: Decision | None, item: Allocation) -> Decision:
    target = world.receipts.get(target_external_id)
    if target is None or target.status.upper() == "DELETED":
        text = "The payment was removed in Xero. Check there why, before it is posted again."
        return held("target_gone", text)
    if barred is not None and barred.reason not in {"before_start", "not_paid_out"}:
        text = f"{barred.text} In Xero the payment is still there."
        return held("reversed_in_source", text)
    if target.amount != item.amount and not item.problem:
        text = (
            f"Ignition says {item.amount}, Xero has {target.amount}. Payments can't be changed, only removed."
        )
        return held("amount_differs", text)
    return Decision(action="nothing")


def _bare(
    world: World,
    payment: Payment,
    source_external_id: str,
    invoice_id: str,
    amount: Decimal,
    decision: Decision,
) -> Planned:
    client = world.clients.get(payment.contact_external_id)
    invoice = world.invoices.get(invoice_id)
    name = client.name if client else ""
    reference = invoice.reference or invoice.number if invoice else ""
    return Planned(
        kind=KIND,
        source_external_id=source_external_id,
        record_external_id=payment.external_id,
        title=" · ".join(part for part in (name, reference) if part) or payment.external_id,
        natural_key=payment.external_id,
        decision=decision,
        refs={"invoice": invoice_id},
        amount=amount or payment.amount,
        currency=payment.currency or world.spec.facts.base_currency,
    )
