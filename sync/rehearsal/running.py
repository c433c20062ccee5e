"""Replaying records through a draft. It reads snapshots and writes its own rows, nothing else, and calls nobody.

A rehearsal is a row first; a worker takes it, and one whose worker died is taken again from the beginning.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.db.models import F, Q
from django.utils import timezone

from connectors.records import Contact, Day, Kind
from mappings import drafts
from mappings.engine import map_contact, map_invoice
from mappings.models import MappingSet
from mappings.receipts import map_payment
from mappings.services import load_choices
from mappings.spec import Choices, Spec, choices_from_json
from practices.audit import record as audit
from practices.models import Practice, User
from sync import stopping
from sync.around import load_people
from sync.documents import Allocation, allocate
from sync.flows import sides_of
from sync.models import Rehearsal, RehearsalRow, RehearsalState, Snapshot
from sync.payments import payment_subject
from sync.plan import Decision, may_write_contact, may_write_invoice, may_write_payment
from sync.rehearsal.comparing import Seen, Summary, changes_to_json, compare, seen
from sync.world import World, as_records, catalogue, load_base, load_past

log = structlog.get_logger(__name__)

DAYS = (30, 90)
MOST_ROWS = 20_000
"""Differing records kept for the screen; all of them are counted."""
BATCH = 500
TELL_EVERY = 1_000
"""Records between two notes of how far it has come."""
LEFT_BEHIND = timedelta(minutes=5)
"""A worker that says nothing for so long is dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One record under both mappings."""

    kind: str
    source_external_id: str
    title: str
    before: Seen
    after: Seen
    date: Day | None = None
    amount: Decimal | None = None
    currency: str = ""
    is_written: bool = False


class NothingToRehearse(Exception):
    """There is no draft, or nothing has been read yet; the text is a sentence."""


def ask(practice: Practice, *, actor: User, days: int, record: Snapshot | None = None) -> Rehearsal:
    """Note that the draft is to be rehearsed: over so many days, or on one record."""
    draft = drafts.draft_of(practice)
    if draft is None:
        raise NothingToRehearse("There is no draft: what is in force is what would be written.")
    if not sides_of(practice):
        raise NothingToRehearse("Ignition and Xero have to be connected and read first.")
    made = Rehearsal.objects.create(
        practice=practice,
        draft_version=draft.version,
        draft_revision=draft.revision,
        against=load_choices(practice)[0],
        choices=draft.choices,
        days=days if days in DAYS else DAYS[0],
        record_kind=record.kind if record else "",
        record_external_id=record.external_id if record else "",
        asked_by=actor,
    )
    audit(
        practice, actor, "mapping.rehearsed", f"Rehearsed the draft of version {draft.version}", object=made
    )
    return made


def open_ones() -> list[int]:
    """Rehearsals that a worker should take: new ones, and those whose worker fell silent."""
    silent = timezone.now() - LEFT_BEHIND
    rows = Rehearsal.objects.filter(
        Q(state=RehearsalState.WAITING) | Q(state=RehearsalState.RUNNING, claimed_at__lt=silent)
    )
    return list(rows.order_by("pk").values_list("pk", flat=True)[:20])


def work(pk: int) -> None:
    """Take one and do it to the end; nothing when another worker has it."""
    silent = timezone.now() - LEFT_BEHIND
    free = Q(state=RehearsalState.WAITING) | Q(state=RehearsalState.RUNNING, claimed_at__lt=silent)
    claimed = timezone.now()
    if not Rehearsal.objects.filter(free, pk=pk).update(state=RehearsalState.RUNNING, claimed_at=claimed):
        return
    rehearsal = Rehearsal.objects.select_related("practice").get(pk=pk)
    RehearsalRow.objects.filter(rehearsal=rehearsal).delete()
    try:
        _replay(rehearsal)
    except _Interrupted:
        Rehearsal.objects.filter(pk=pk).update(state=RehearsalState.WAITING, looked_at=0)
    except Exception as error:
        log.exception("rehearsal_failed", rehearsal=pk)
        Rehearsal.objects.filter(pk=pk).update(
            state=RehearsalState.FAILED,
            ended_at=timezone.now(),
            message=f"{type(error).__name__}: {error}"[:300],
        )


class _Interrupted(Exception):
    """The worker was told to stop; another one begins anew."""


def _replay(rehearsal: Rehearsal) -> None:
    pairs = sides_of(rehearsal.practice)
    if not pairs:
        raise NothingToRehearse("The systems are not connected any more.")
    old = _choices_of(rehearsal)
    world = load_base(pairs[0][0], rehearsal.against, old)
    _load(world, rehearsal)
    new_spec = Spec(
        version=rehearsal.draft_version, choices=choices_from_json(rehearsal.choices), facts=world.spec.facts
    )
    summary, rows, kept = Summary(), [], 0
    Rehearsal.objects.filter(pk=rehearsal.pk).update(total=_count(world))
    for number, item in enumerate(_items(world, new_spec), 1):
        summary.look(item.kind, item.before, item.after)
        found = compare(item.before, item.after)
        if found is not None:
            summary.add(item.kind, found, item.amount, item.currency, is_written=item.is_written)
            if kept < MOST_ROWS:
                kept += 1
                rows.append(_row(rehearsal, item, changes_to_json(found.changes), found.rules))
        if len(rows) >= BATCH:
            RehearsalRow.objects.bulk_create(rows)
            rows = []
        if number % TELL_EVERY == 0:
            if stopping.asked():
                raise _Interrupted
            Rehearsal.objects.filter(pk=rehearsal.pk).update(looked_at=number, claimed_at=timezone.now())
    RehearsalRow.objects.bulk_create(rows)
    Rehearsal.objects.filter(pk=rehearsal.pk).update(
        state=RehearsalState.DONE,
        looked_at=F("total"),
        ended_at=timezone.now(),
        summary={**summary.to_json(), "kept": kept},
    )


def _choices_of(rehearsal: Rehearsal) -> Choices:
    version = MappingSet.objects.for_practice(rehearsal.practice).filter(version=rehearsal.against).first()
    return choices_from_json(version.choices) if version else load_choices(rehearsal.practice)[1]


def _load(world: World, rehearsal: Rehearsal) -> None:
    """The source's records within the window with all that belongs to them, and what is linked."""
    source = world.sides.source
    since = world.day(world.now) - timedelta(days=rehearsal.days)
    within: dict[str, Any] = {"date__gte": since}
    only = rehearsal.record_external_id
    wanted = {kind: dict(within) for kind in ("invoice", "payment")}
    if only:
        wanted = {kind: {"external_id__in": []} for kind in wanted}
        if rehearsal.record_kind in wanted:
            wanted[rehearsal.record_kind] = {"external_id": only}
    world.links = {(link.kind, link.source_external_id): link for link in world.sides.links()}
    world.catalogue = catalogue(as_records(source, Kind.SERVICE), as_records(source, Kind.PROPOSAL))
    world.invoices = as_records(source, Kind.INVOICE, **wanted["invoice"])
    world.payments = as_records(source, Kind.PAYMENT, **wanted["payment"])
    paid = {key for payment in world.payments.values() for key in payment.invoice_external_ids}
    others = as_records(source, Kind.INVOICE, external_id__in=paid - set(world.invoices)) if paid else {}
    world.collections = as_records(source, Kind.COLLECTION, reference__in=paid) if paid else {}
    clients = {item.contact_external_id for item in (*world.invoices.values(), *others.values())}
    clients |= {item.contact_external_id for item in world.payments.values()}
    world.clients = as_records(
        source, Kind.CONTACT, Q(external_id__in=clients) | _changed(since, rehearsal, only)
    )
    load_people(world, world.clients)
    load_past(world)
    linked = world.sides.links().filter(kind=Kind.INVOICE).values("source_external_id")
    billed = Snapshot.objects.of(source, Kind.INVOICE).filter(external_id__in=linked)
    world.billed = frozenset(billed.values_list("party_external_id", flat=True))
    world.vanished = others  # known for payments, not replayed themselves


def _changed(since: date, rehearsal: Rehearsal, only: str) -> Q:
    if only:
        return Q(external_id=only) if rehearsal.record_kind == Kind.CONTACT else Q(pk__in=[])
    return Q(changed_at__date__gte=since)


def _count(world: World) -> int:
    return len(world.clients) + len(world.invoices) + len(world.payments)


def _items(world: World, new: Spec) -> Iterator[Item]:
    yield from _contacts(world, new)
    yield from _invoices(world, new)
    yield from _payments(world, new)


def _contacts(world: World, new: Spec) -> Iterator[Item]:
    billed = {item.contact_external_id for item in world.invoices.values()}
    for client in world.clients.values():
        people = world.people.get(client.external_id, [])
        situation = world.situation("contact", client.external_id)
        barred = may_write_contact(client, needed=client.external_id in billed)
        yield Item(
            kind="contact",
            source_external_id=client.external_id,
            title=client.name,
            before=seen(map_contact(client, people, world.spec, situation), barred),
            after=seen(map_contact(client, people, new, situation), barred),
        )


def _invoices(world: World, new: Spec) -> Iterator[Item]:
    for invoice in world.invoices.values():
        client = world.clients.get(invoice.contact_external_id)
        situation = world.situation("invoice", invoice.external_id, client=invoice.contact_external_id)

        def under(spec: Spec) -> Seen:
            mapped = map_invoice(invoice, world.catalogue, spec, situation, client)  # noqa: B023  called at once
            return seen(mapped, may_write_invoice(invoice, spec.choices))  # noqa: B023  called at once

        yield Item(
            kind="invoice",
            source_external_id=invoice.external_id,
            title=_title(client, invoice.reference or invoice.number),
            before=under(world.spec),
            after=under(new),
            date=invoice.date,
            amount=invoice.total,
            currency=invoice.currency or world.spec.facts.base_currency,
            is_written=world.link("invoice", invoice.external_id) is not None,
        )


def _title(client: Contact | None, number: str) -> str:
    return " · ".join(part for part in (client.name if client else "", number) if part)


def _payments(world: World, new: Spec) -> Iterator[Item]:
    for item in allocate(world.payments.values(), world.collections.values(), world.invoices):
        payment = item.payment
        paid_on = world.day(payment.collected_at)
        client = world.clients.get(payment.contact_external_id)
        paid = world.invoices.get(item.invoice_external_id) or world.vanished.get(item.invoice_external_id)

        def under(spec: Spec) -> Seen:
            return _payment_under(world, item, paid_on, spec)  # noqa: B023  called at once

        yield Item(
            kind="payment",
            source_external_id=item.source_external_id,
            title=_title(client, paid.reference or paid.number if paid else payment.external_id),
            before=under(world.spec),
            after=under(new),
            date=paid_on or payment.date,
            amount=item.amount,
            currency=payment.currency or world.spec.facts.base_currency,
            is_written=world.link("payment", item.source_external_id) is not None,
        )


def _payment_under(world: World, item: Allocation, paid_on: date | None, spec: Spec) -> Seen:
    payment = item.payment
    invoice = world.invoices.get(item.invoice_external_id) or world.vanished.get(item.invoice_external_id)
    barred: Decision | None = may_write_payment(item, spec.choices, collected_on=paid_on)
    mapped = map_payment(
        payment_external_id=payment.external_id,
        amount=item.amount,
        currency=payment.currency,
        paid_on=paid_on or payment.date,
        method=payment.method,
        invoice_currency=invoice.currency if invoice else "",
        invoice_type="ACCREC",
        spec=spec,
        subject=payment_subject(world, item, paid_on or payment.date, invoice),
    )
    return seen(mapped, barred)


def _row(
    rehearsal: Rehearsal, item: Item, differences: list[dict[str, str]], rules: list[str]
) -> RehearsalRow:
    return RehearsalRow(
        practice_id=rehearsal.practice_id,
        rehearsal=rehearsal,
        kind=item.kind,
        source_external_id=item.source_external_id,
        title=item.title[:300],
        date=item.date,
        amount=item.amount,
        currency=item.currency,
        before=item.before.outcome,
        before_text=item.before.text[:500],
        after=item.after.outcome,
        after_text=item.after.text[:500],
        differences=differences,
        fields=[change["field"] for change in differences],
        rules=rules,
        is_written=item.is_written and item.kind != "contact",
    )


def is_current(rehearsal: Rehearsal, draft: MappingSet | None) -> bool:
    """Whether the draft is still what was rehearsed."""
    return draft is not None and (draft.version, draft.revision) == (
        rehearsal.draft_version,
        rehearsal.draft_revision,
    )


def newest(practice: Practice) -> Rehearsal | None:
    return Rehearsal.objects.filter(practice=practice).order_by("-pk").first()


def tidy(now: datetime, *, days: int = 90) -> int:
    """Drop rehearsals that are older than this; returns how many."""
    return Rehearsal.objects.filter(asked_at__lt=now - timedelta(days=days)).delete()[0]
