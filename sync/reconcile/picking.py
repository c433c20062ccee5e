"""Which credit of a client goes on which of its open invoices, by what was last read, and whether what waits fits yet.

Reads only our own tables. ``drop_stale`` ends requests, which each plan has it do: also when what was approved was
asked for days ago, nothing is written into a month that was closed since, or beside money that is on its way.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils import timezone

from connectors.records import Invoice
from connectors.records import Kind as RecordKind
from connectors.stored import load
from sync.models import CREDIT_KINDS, Change, ChangeState, Kind, Mismatch, Mode, SignOff, Snapshot
from sync.reconcile.credit_room import (
    USED,
    Credit,
    Pick,
    credit_for,
    credit_of,
    days_of,
    invoice_for,
    is_locked,
    still_fits,
)
from sync.world import Sides, lock_date
from sync.zones import zone_of

LOCKED = "Xero may date it {day:%d %b %Y}, and has locked the period up to {lock:%d %b %Y}."
SIGNED_OFF = "Xero may date it {day:%d %b %Y}, and that month is signed off. Take the sign-off back first."
WATCHED = "Watch mode was switched on before it was sent. Ask again when it is off."
CHANGED = "Its credit or its invoice has changed in Xero since it was asked for. Ask again if it is needed."
COLLECTING = (
    "Ignition is collecting the invoice that it would go on. Stop that there first, or the client pays twice."
)
PAYMENT_WAITS = "A payment of Ignition waits to be put on that invoice. Settle that one first."
INVOICE_BUSY = "Another credit is being put on that invoice already."
UNDER_COLLECTION = frozenset({"collecting", "scheduled"})


def pick(sides: Sides, row: Mismatch) -> Pick | str:
    """Which credit goes on which invoice to end this difference, or why it can't be done by a button."""
    found = _pick(sides, row)
    if isinstance(found, str):
        return found
    others = open_changes(sides).filter(values__invoice_external_id=found.invoice.external_id)
    if others.exclude(source_external_id=found.credit.external_id).exists():
        return INVOICE_BUSY
    return _stop(sides, found, today(sides)) or found


def drop_stale(sides: Sides) -> int:
    """End the requests that would not be made today, and say why on each: no room, a closed day, a mode.

    What may have been sent stays: it is looked up. Call it with both lanes held.
    """
    rows = open_changes(sides).exclude(state=ChangeState.IN_FLIGHT)
    rows = rows.exclude(look_up_first=True, first_sent_at__isnull=False)
    stale = ((change.pk, _staleness(sides, change)) for change in rows.select_related("flow"))
    return sum(end([pk], why) for pk, why in stale if why)


def _staleness(sides: Sides, change: Change) -> str:
    """Why what waits is not to be sent any more; empty where it may be."""
    if change.flow.mode == Mode.WATCH or change.reason == "watch":
        return WATCHED
    credit = _credit(sides, change.target_external_id)
    invoice = _invoice(sides, str(change.values["invoice_external_id"]))
    if credit is None or invoice is None or change.amount is None:
        return CHANGED
    found = Pick(credit=credit, invoice=invoice, amount=change.amount)
    return _stop(sides, found, change.date or today(sides)) if still_fits(found) else CHANGED


def end(pks: Sequence[int], why: str = "") -> int:
    """End Changes that are not being sent; ``why`` is told where they are shown."""
    rows = Change.objects.filter(pk__in=pks).exclude(state=ChangeState.IN_FLIGHT)
    told = {"message": why} if why else {}
    return int(rows.update(state=ChangeState.SUPERSEDED, done_at=timezone.now(), **told)) if pks else 0


def open_changes(sides: Sides) -> Any:
    return Change.objects.open().filter(
        connection=sides.target, source_connection=sides.source, kind__in=CREDIT_KINDS
    )


def _pick(sides: Sides, row: Mismatch) -> Pick | str:
    key = str(row.target_external_ids[0]) if row.target_external_ids else ""
    if row.kind == "payment_part":
        invoice = _invoice(sides, key)
        if invoice is None:
            return USED
        contact = invoice.contact_external_id
        return credit_for(invoice, _credits(sides, contact), _invoices(sides, contact))
    credit = _credit(sides, key)
    if credit is None:
        return USED
    return invoice_for(credit, _invoices(sides, credit.contact_external_id))


def _invoices(sides: Sides, contact: str) -> list[Invoice]:
    """A contact's invoices, also those that nothing is open on."""
    rows = Snapshot.objects.of(sides.target, Kind.INVOICE).filter(
        party_external_id=contact, problem="", gone_at=None
    )
    records = rows.order_by("pk").values_list("record", flat=True) if contact else ()
    return [load(RecordKind.INVOICE, record) for record in records]


def _invoice(sides: Sides, key: str) -> Invoice | None:
    rows = Snapshot.objects.of(sides.target, Kind.INVOICE).filter(external_id=key, problem="", gone_at=None)
    record = rows.values_list("record", flat=True).first()
    return load(RecordKind.INVOICE, record) if record is not None else None


def _credit(sides: Sides, key: str) -> Credit | None:
    found = _read_credits(sides, external_id=key)
    return found[0] if found else None


def _credits(sides: Sides, contact: str) -> list[Credit]:
    return _read_credits(sides, party_external_id=contact) if contact else []


def _read_credits(sides: Sides, **wanted: str) -> list[Credit]:
    rows = Snapshot.objects.filter(
        connection=sides.target, kind__in=CREDIT_KINDS, problem="", gone_at=None, **wanted
    )
    return [
        credit_of(kind, load(RecordKind(kind), record))
        for kind, record in rows.order_by("pk").values_list("kind", "record")
    ]


def _stop(sides: Sides, found: Pick, asked_on: date) -> str:
    """What speaks against it beside the room on both sides, asked for on a day; empty when nothing does."""
    lock = lock_date(sides)
    signed = SignOff.objects.filter(practice=sides.practice, withdrawn_at=None)
    for day in days_of(found, asked_on):
        if lock is not None and is_locked(day, lock):
            return LOCKED.format(day=day, lock=lock)
        if signed.filter(starts_on__lte=day, ends_on__gte=day).exists():
            return SIGNED_OFF.format(day=day)
    key = source_invoice(sides, found)
    if not key:
        return ""
    if payment_state(sides, key) in UNDER_COLLECTION:
        return COLLECTING
    payments = Change.objects.open().filter(connection=sides.target, kind=Kind.PAYMENT, refs__invoice=key)
    return PAYMENT_WAITS if payments.exists() else ""


def source_invoice(sides: Sides, found: Pick) -> str:
    """Ignition's invoice that the document is linked to; empty where it is none of Ignition's."""
    links = sides.links().filter(kind=Kind.INVOICE, target_external_id=found.invoice.external_id)
    return links.values_list("source_external_id", flat=True).first() or ""


def payment_state(sides: Sides, key: str) -> str:
    rows = Snapshot.objects.of(sides.source, Kind.INVOICE).filter(external_id=key)
    return str(rows.values_list("record__payment_state", flat=True).first() or "").lower()


def today(sides: Sides) -> date:
    return timezone.now().astimezone(zone_of(sides.practice.time_zone)).date()
