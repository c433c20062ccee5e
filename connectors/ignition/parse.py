"""Ignition's reporting objects → neutral records.

Amounts come as bare numbers, numeric strings, or objects whose inner key is ``amount`` or ``total``; foreign keys
come flat (``client_slug``) or nested (``client.slug``). Both forms are read everywhere.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors import fields
from connectors.base import Row
from connectors.fields import BadField, amount, currency, day, instant, items, needed_amount, required, text
from connectors.records import (
    Collection,
    Contact,
    Entry,
    Invoice,
    Kind,
    Line,
    NativePush,
    Payment,
    Person,
    Proposal,
    ProposalLine,
    Record,
    Service,
)


def _state(data: dict[str, Any]) -> str:
    """A state as the API spells it: its exports say "Awaiting acceptance" for ``awaiting_acceptance``."""
    return "_".join(text(data, "state").lower().replace("-", " ").split())


def _stamps(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": _state(data),
        "link": text(data, "link"),
        "source_created_at": instant(data, "created_at"),
        "source_updated_at": instant(data, "updated_at"),
    }


def _client_of(data: dict[str, Any]) -> str:
    return text(data, "client", "slug") or text(data, "client_slug")


def _part(data: dict[str, Any], name: str) -> dict[str, Any]:
    """An object inside the object; empty where it is absent or something else."""
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _surcharge(money: Any) -> Decimal:
    value = money.get("surcharge") if isinstance(money, dict) else None
    return amount(value, "surcharge", "amount", "total") or Decimal(0)


def client(data: dict[str, Any]) -> Contact:
    linked = {"xero": text(data, "xero_contact_id").lower(), "qbo": text(data, "qbo_customer_id")}
    tags = data.get("tags") or []
    return Contact(
        external_id=required(data, "slug"),
        name=required(data, "name"),
        email=text(data, "email"),
        phone=text(data, "phone"),
        number=text(data, "external_client_id"),
        group=text(data, "group_name"),
        tags=tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
        partner_email=text(data, "partner", "email"),
        manager_email=text(data, "manager", "email"),
        linked={name: value for name, value in linked.items() if value},
        **_stamps(data),
    )


def person(data: dict[str, Any]) -> Person:
    return Person(
        external_id=required(data, "slug"),
        contact_external_id=_client_of(data),
        name=text(data, "name"),
        email=text(data, "email"),
        phone=text(data, "phone"),
        mobile=text(data, "mobile"),
        is_primary=data.get("is_primary") is True,
        receives_invoices=data.get("is_invoice_recipient") is True,
        **_stamps(data),
    )


def service(data: dict[str, Any]) -> Service:
    return Service(
        external_id=required(data, "slug"),
        name=required(data, "name"),
        price=amount(data.get("price"), "price", "amount", "total"),
        price_type=text(data, "price_type"),
        tax_label=text(data, "tax_rate"),
        category=text(data, "service_category", "name") or text(data, "service_group", "name"),
        **_stamps(data),
    )


def proposal(data: dict[str, Any]) -> Proposal:
    value = data.get("minimum_contract_value")
    return Proposal(
        external_id=required(data, "slug"),
        name=text(data, "name"),
        number=text(data, "reference_number"),
        contact_external_id=_client_of(data),
        minimum_value=amount(value, "minimum_contract_value", "amount", "total"),
        currency=currency(text(value, "currency"), "minimum_contract_value.currency"),
        starts_on=day(data, "proposal_start_date"),
        ends_on=day(data, "proposal_end_date"),
        accepted_at=instant(data, "accepted_at"),
        lines=tuple(_proposal_line(line) for line in items(data, "services")),
        **_stamps(data),
    )


def _proposal_line(data: dict[str, Any]) -> ProposalLine:
    pricing, billing = _part(data, "pricing"), _part(data, "billing")
    return ProposalLine(
        external_id=text(data, "slug"),
        name=text(data, "name"),
        service_external_id=text(data, "service_slug"),
        selected=data.get("is_selected_for_acceptance") is not False,
        is_recurring=billing.get("is_recurring") is True,
        period_value=amount(pricing.get("minimum_period_value"), "minimum_period_value", "amount", "total"),
        strategy=_strategy(data, billing),
        repeats=_repeats(billing),
    )


def _strategy(data: dict[str, Any], billing: dict[str, Any]) -> str:
    """Who issues a line's invoices. Of several parts the first counts; of parts that recur all have to agree."""
    said = [text(item, "invoice_strategy") for item in items(billing, "schedules")]
    said = [item.lower() for item in said if item] or [text(data, "invoice_strategy").lower()]
    return said[0] if billing.get("is_recurring") is not True or len(set(said)) == 1 else "mixed"


def _repeats(billing: dict[str, Any]) -> str:
    """How often a line bills, if all its parts say the same; of one that bills once the words that say when."""
    if billing.get("is_recurring") is not True:
        return text(billing, "summary")
    said = {text(item, "cadence") or text(item, "recurrence") for item in items(billing, "schedules")}
    return said.pop() if len(said) == 1 else ""


def invoice(data: dict[str, Any]) -> Invoice:
    money = data.get("amount")
    deployment = data.get("deployment")
    return Invoice(
        external_id=required(data, "slug"),
        contact_external_id=_client_of(data),
        number=text(data, "reference_number"),
        reference=text(data, "billing_reference") or text(data, "reference"),
        date=day(data, "date"),
        due_date=day(data, "due_date"),
        currency=currency(text(money, "currency"), "amount.currency"),
        total=needed_amount(money, "amount", "total", "amount"),
        surcharge=_surcharge(money),
        payment_state=text(data, "payment_state"),
        paid_on=day(data, "payment_date"),
        payment_method=text(data, "payment_method_type"),
        payment_source=text(data, "payment_source"),
        origin=text(data, "source"),
        lines=tuple(_line(item, index) for index, item in enumerate(items(data, "items"))),
        native=_native(deployment) if isinstance(deployment, dict) and any(deployment.values()) else None,
        payout_external_id=text(data, "disbursal", "id"),
        payout_state=text(data, "disbursal", "state"),
        **_stamps(data),
    )


def _line(data: dict[str, Any], index: int) -> Line:
    where = f"items[{index}]"
    quantity = amount(data.get("quantity"), f"{where}.quantity")
    unit = amount(data.get("unit_price"), f"{where}.unit_price", "amount", "total")
    discount = amount(data.get("discount"), f"{where}.discount", "amount", "total")
    total = amount(data.get("total"), f"{where}.total", "total", "amount")
    if total is None:
        if unit is None:
            raise BadField(f"{where}.total is missing")
        total = unit * (1 if quantity is None else quantity) - (discount or 0)
    return Line(
        description=text(data, "description"),
        quantity=Decimal(1) if quantity is None else quantity,
        unit_amount=total if unit is None else unit,
        discount=discount or Decimal(0),
        amount=total,
        origin_type=text(data, "origin_type"),
        origin_external_id=text(data, "origin_identifier"),
    )


def _native(data: dict[str, Any]) -> NativePush:
    """The inside of ``deployment`` is not documented: the names seen internally and their likely variants.

    One that says something, but no state that is known, keeps the state "unknown": it may have been pushed.
    """
    return NativePush(
        ledger=text(data, "ledger") or text(data, "ledger_name"),
        state=(text(data, "state") or text(data, "status")).lower() or "unknown",
        external_id=(text(data, "external_id") or text(data, "ledger_id")).lower(),
        number=text(data, "external_number") or text(data, "number"),
        message=text(data, "message"),
    )


def payment(data: dict[str, Any]) -> Payment:
    money = data.get("amount")
    collection = _part(data, "collection")
    invoices = tuple(
        dict.fromkeys(text(item, "slug") for item in items(data, "invoices") if text(item, "slug"))
    )
    return Payment(
        external_id=required(data, "slug"),
        invoice_external_ids=invoices,
        contact_external_id=_client_of(data),
        method=text(collection, "type"),
        collected_at=instant(collection, "completed_at"),
        date=day(data, "available_on"),
        amount=needed_amount(money, "amount", "amount", "total"),
        surcharge=_surcharge(money),
        fee=amount(collection.get("fee_amount", collection.get("fee")), "collection.fee", "amount", "total"),
        currency=currency(text(money, "currency"), "amount.currency"),
        payout_external_id=text(data, "disbursal", "id"),
        payout_state=text(data, "disbursal", "state"),
        **_stamps(data),
    )


def collection(data: dict[str, Any]) -> Collection:
    """A collection or a clawback. A negative amount also means money going back; its sign is dropped."""
    money = data.get("amount")
    value = needed_amount(money, "amount", "total", "amount")
    kind = text(data, "type").lower()
    paid, payout = _part(data, "payment"), _part(data, "disbursal")
    is_clawback = any(word in kind for word in ("clawback", "refund", "dispute", "chargeback")) or value < 0
    return Collection(
        external_id=required(data, "id"),
        invoice_external_id=text(data, "invoice", "slug"),
        contact_external_id=_client_of(data),
        is_clawback=is_clawback,
        amount=abs(value),
        currency=currency(text(money, "currency"), "amount.currency"),
        started_at=instant(paid, "started_at"),
        fee=amount(paid.get("fee"), "payment.fee", "amount", "total"),
        payout_external_id=text(payout, "id"),
        payout_state=text(payout, "state"),
        submitted_on=day(payout, "submitted_date"),
        arrives_on=day(payout, "arrival_date"),
        fee_billed_on=day(paid, "fee_invoice_date"),
        status=text(data, "type"),
    )


def deal(data: dict[str, Any]) -> Entry:
    value = data.get("projected_value")
    return Entry(
        external_id=required(data, "slug"),
        name=text(data, "name"),
        reference=text(data, "linked_proposal_slug"),
        amount=amount(value, "projected_value", "amount", "total"),
        currency=currency(text(value, "currency"), "projected_value.currency"),
        contact_external_id=_client_of(data),
        **_stamps(data),
    )


def deal_stage(data: dict[str, Any]) -> Entry:
    return Entry(external_id=required(data, "slug"), name=text(data, "name"), **_stamps(data))


PARSE: dict[Kind, Callable[[dict[str, Any]], Record]] = {
    Kind.CONTACT: client,
    Kind.PERSON: person,
    Kind.SERVICE: service,
    Kind.PROPOSAL: proposal,
    Kind.INVOICE: invoice,
    Kind.PAYMENT: payment,
    Kind.COLLECTION: collection,
    Kind.DEAL: deal,
    Kind.DEAL_STAGE: deal_stage,
}


def external_id(kind: Kind, data: dict[str, Any]) -> str:
    return text(data, "id" if kind is Kind.COLLECTION else "slug")


def rows(kind: Kind, data: list[Any]) -> tuple[Row, ...]:
    """One page of objects. An object without an id is kept under a name made of its kind and place."""
    out = []
    for index, item in enumerate(data):
        raw = item if isinstance(item, dict) else {"value": item}
        out.append(fields.row(kind, external_id(kind, raw) or f"unreadable-{index}", raw, PARSE[kind]))
    return tuple(out)
