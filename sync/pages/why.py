"""Why a record becomes what it becomes: the explanation of one source record under one version of the mapping."""

from dataclasses import dataclass
from typing import Any

from connectors.records import Kind
from connectors.stored import load
from mappings import drafts
from mappings.explain import Explanation, explain_contact, explain_invoice, explain_payment
from mappings.models import MappingSet
from mappings.services import load_choices
from mappings.spec import Spec, choices_from_json
from practices.models import Practice
from sync.around import load_around
from sync.documents import allocate
from sync.flows import sides_of
from sync.models import Snapshot
from sync.payments import payment_subject
from sync.world import World, as_records, load_base


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """``parts`` are the explanations with a title each: one, or one for each invoice that a payment is for."""

    version: int
    is_draft: bool
    has_draft: bool
    parts: tuple[tuple[str, Explanation], ...] = ()
    reason: str = ""


def why(practice: Practice, snapshot: Snapshot, *, by_draft: bool = False) -> Why:
    """Explains a record of the source; for one of the target, or an unreadable one, says that there is nothing to."""
    draft: MappingSet | None = drafts.draft_of(practice)
    version, choices = load_choices(practice)
    if by_draft and draft is not None:
        version, choices = draft.version, choices_from_json(draft.choices)
    shown: dict[str, Any] = {
        "version": version,
        "is_draft": by_draft and draft is not None,
        "has_draft": draft is not None,
    }
    pairs = sides_of(practice)
    if not pairs or snapshot.connection_id != pairs[0][0].source.pk:
        return Why(**shown, reason="Only what comes from Ignition goes through the mapping.")
    if snapshot.problem:
        return Why(**shown, reason="This record could not be read, so it goes through no mapping.")
    world = load_base(pairs[0][0], version, choices)
    record = load(Kind(snapshot.kind), snapshot.record)
    load_around(
        world, [snapshot.external_id if snapshot.kind == Kind.CONTACT else record.contact_external_id]
    )
    return Why(**shown, parts=tuple(_parts(world, snapshot)))


def _parts(world: World, snapshot: Snapshot) -> list[tuple[str, Explanation]]:
    record = load(Kind(snapshot.kind), snapshot.record)
    spec: Spec = world.spec
    if snapshot.kind == Kind.CONTACT:
        situation = world.situation("contact", record.external_id)
        people = world.people.get(record.external_id, [])
        return [("", explain_contact(record, people, spec, situation))]
    if snapshot.kind == Kind.INVOICE:
        situation = world.situation("invoice", record.external_id, client=record.contact_external_id)
        client = world.clients.get(record.contact_external_id)
        return [("", explain_invoice(record, world.catalogue, spec, situation, client))]
    source = world.sides.source
    rows = as_records(source, Kind.COLLECTION, reference__in=list(record.invoice_external_ids))
    out = []
    for item in allocate([record], rows.values(), world.invoices):
        invoice = world.invoices.get(item.invoice_external_id)
        paid_on = world.day(record.collected_at) or record.date
        subject = payment_subject(world, item, paid_on, invoice)
        title = f"For invoice {invoice.number}" if invoice else ""
        out.append((title, explain_payment(item.payment, item.amount, paid_on, spec, subject)))
    return out
