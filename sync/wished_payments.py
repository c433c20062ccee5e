"""A payment that somebody took away in Xero, posted once more because a person asked for it. Pure.

Xero's payments can't be changed, so this is another payment on the same invoice. Its link moves to that one.
"""

from collections.abc import Container, Iterable
from dataclasses import replace

from connectors.amounts import cents
from connectors.records import Invoice, Payment
from mappings.receipts import map_payment
from sync.documents import DEAD, Allocation, allocate, match_payment
from sync.models import Kind
from sync.payments import PAYABLE, native_will_post, payment_subject
from sync.plan import Decision, apply_mode, held, may_write_payment
from sync.planned import Planned
from sync.ruled import by_rules
from sync.wishes import ASKED, Wish
from sync.world import World

NOT_KNOWN = "Ignition does not say any more how much of the payment is for this invoice."
NO_DOCUMENT = "Its invoice is not open in Xero any more, so no money can be put on it."
NOT_APPROVED = "Its invoice is not approved in Xero yet."
LESS_OPEN = "The payment is {amount}, but only {left} is open on the invoice in Xero."
NOT_READ = (
    "What Xero has of this payment could not be read, so it is not known whether it was removed. "
    "Look at it in Xero."
)
SIGNED_OFF = "The month that its day is in is signed off. Take the sign-off back first, or post it in Xero."
NATIVE = "Ignition's own Xero link may still post this payment. Wait for that, or post it in Xero."
IS_THERE = (
    "Xero has a payment with this reference on the invoice again, so there is nothing to post. Compare again."
)
OTHER_AMOUNT_THERE = (
    "Xero has a payment with this reference on the invoice, over {there} instead of {amount}. "
    "Put that right in Xero."
)
SAME_AMOUNT = (
    "Xero has another payment of this amount on the invoice now. Look there first: it may be the same money, "
    "entered by hand."
)


def again(world: World, planned: Planned, wish: Wish, mode: str) -> Decision | None:
    """What posting it again comes to; ``None`` where the payment is there, so that nothing is to be done.

    A decision that is held for another reason than approval says why it can't be.
    """
    link = world.link(Kind.PAYMENT, planned.source_external_id)
    removed: Payment | None = world.receipts.get(link.target_external_id) if link else None
    if link is None or (removed is not None and removed.status.upper() != "DELETED"):
        return None
    if removed is None and link.target_external_id not in world.gone_receipts:
        return held("not_read", NOT_READ)
    item = _share(world, planned)
    if item is None or item.problem:
        return held("not_allocated", NOT_KNOWN)
    barred = may_write_payment(item, world.spec.choices, collected_on=world.day(item.payment.collected_at))
    if barred is not None:
        return held(barred.reason, barred.text)
    document = _document(world, item)
    if document is None or document.status.upper() in DEAD:
        return held("not_linked", NO_DOCUMENT)
    stop = _not_now(world, planned, item, document, mode) or _no_room(world, planned, item, document)
    if stop is not None:
        return stop
    mapped = map_payment(
        payment_external_id=item.payment.external_id,
        amount=item.amount,
        currency=item.payment.currency,
        paid_on=planned.date,
        method=item.payment.method,
        invoice_currency=document.currency,
        invoice_type=document.type,
        spec=world.spec,
        subject=payment_subject(world, item, planned.date, world.invoices.get(item.invoice_external_id)),
    )
    if mapped.issues:
        return held(mapped.issues[0].code, " ".join(issue.text for issue in mapped.issues))
    decision = Decision(
        action="update",
        values=mapped.values,
        remarks=(*mapped.remarks, _was(removed), ASKED),
        asked_for=wish.asked_for,
    )
    # A person overrules “fill the gaps”; in watch mode nothing is written whoever asks.
    return by_rules(apply_mode(decision, mode) if mode == "watch" else decision, mapped)


def _share(world: World, planned: Planned) -> Allocation | None:
    """The payment's share, divided among the client's own payments as the plan divides them all."""
    payment = world.payments.get(planned.record_external_id)
    if payment is None:
        return None
    client = payment.contact_external_id
    theirs = [item for item in world.payments.values() if item.contact_external_id == client]
    for item in allocate(theirs, world.collections.values(), world.invoices):
        if item.source_external_id == planned.source_external_id:
            return replace(item, problem=item.problem or ("" if item.amount > 0 else NOT_KNOWN))
    return None


def _document(world: World, item: Allocation) -> Invoice | None:
    link = world.link(Kind.INVOICE, item.invoice_external_id)
    return world.documents.get(link.target_external_id) if link else None


def _not_now(
    world: World, planned: Planned, item: Allocation, document: Invoice, mode: str
) -> Decision | None:
    """Why nothing is put on the invoice at present, however much room there is on it."""
    if document.status.upper() not in PAYABLE:
        return held("invoice_not_approved", NOT_APPROVED)
    if planned.date is not None and any(first <= planned.date <= last for first, last in world.signed_off):
        return held("signed_off", SIGNED_OFF)
    link = world.link(Kind.INVOICE, item.invoice_external_id)
    if mode == "fill_gaps" and native_will_post(world, item, link.method if link is not None else ""):
        return held("native_will_post", NATIVE)
    return None


def _no_room(world: World, planned: Planned, item: Allocation, document: Invoice) -> Decision | None:
    """Why there is no place for it on the invoice, unless what is there is this very payment, sent before."""
    taken = {
        link.target_external_id
        for (kind, key), link in world.links.items()
        if kind == Kind.PAYMENT and key != planned.source_external_id
    }
    there = [
        receipt for receipt in world.receipts.values() if document.external_id in receipt.invoice_external_ids
    ]
    ours = _ours(there, item.payment.external_id, taken)
    if ours is not None:
        if _was_sent(world, planned):
            return None  # its answer was lost: it is looked up, and found
        if ours.amount == item.amount:
            return held("is_there", IS_THERE)
        return held(
            "amount_differs", OTHER_AMOUNT_THERE.format(there=cents(ours.amount), amount=cents(item.amount))
        )
    match = match_payment(
        reference=item.payment.external_id,
        amount=item.amount,
        paid_on=planned.date,
        there=there,
        taken=taken,
        others=world.payments,
    )
    if match.external_id:
        return held("looks_paid", SAME_AMOUNT)
    if document.amount_due is not None and item.amount > document.amount_due:
        return held("already_paid", LESS_OPEN.format(amount=item.amount, left=document.amount_due))
    return None


def _ours(there: Iterable[Payment], reference: str, taken: Container[str]) -> Payment | None:
    """A payment on the invoice that carries this one's reference and that nothing is linked to."""
    alive = (item for item in there if item.status.upper() != "DELETED" and item.external_id not in taken)
    return next((item for item in alive if reference and item.reference == reference), None)


def _was_sent(world: World, planned: Planned) -> bool:
    """Whether what is open for it went out already. Else what is there was entered by somebody."""
    return any(
        wish.is_sent
        for wish in world.wishes
        if (wish.kind, wish.source_external_id) == (Kind.PAYMENT, planned.source_external_id)
    )


def _was(removed: Payment | None) -> str:
    if removed is None or removed.date is None:
        return "Posted again: the payment that was there was removed in Xero."
    return f"Posted again: the payment dated {removed.date:%d %b %Y} was removed in Xero."
