"""Storing what was read: one row per outside object, written only when its content changed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.db import transaction
from django.utils import timezone

from connectors.base import Row
from connectors.records import (
    BankTransaction,
    Collection,
    Contact,
    Entry,
    Invoice,
    Kind,
    Payment,
    Person,
    Record,
)
from connectors.stored import dump
from practices.models import Connection
from sync.asof import keep_past
from sync.models import Snapshot
from sync.zones import zone_of

_FIELDS = (
    "record",
    "raw",
    "content_hash",
    "problem",
    "name",
    "email",
    "phone",
    "number",
    "reference",
    "party_external_id",
    "status",
    "date",
    "amount",
    "currency",
    "source_created_at",
    "source_updated_at",
    "received_at",
    "seen_at",
    "gone_at",
    "changed_at",
)
NEVER_PLANNED = frozenset({Kind.BANK_TRANSACTION})
"""Kinds that no decision rests on: they are compared and shown."""
CLOCKS_AGREE = timedelta(seconds=3)
"""Clocks this close count as one: a provider's time comes in whole seconds."""


@dataclass(frozen=True, slots=True)
class Stored:
    """How many objects of a page were read, had changed (or were new), and could not be read."""

    read: int
    changed: int
    unreadable: int


def store(
    connection: Connection,
    rows: Sequence[Row],
    *,
    now: datetime,
    mark_seen: bool = False,
    to_plan: bool = True,
    read_at: datetime | None = None,
) -> Stored:
    """Write the rows whose content changed. ``mark_seen`` also stamps the others, for a walk that looks for gaps.

    What changed is marked ``to_plan``, unless it is the answer to our own write, and what it said before is kept.
    ``read_at`` is the provider's clock.
    Safe to repeat: the same page again changes nothing. An object listed twice counts once.
    """
    latest = {(row.kind, row.external_id): row for row in rows}
    if not latest:
        return Stored(0, 0, 0)
    kind = rows[0].kind
    zone = zone_of(connection.practice.time_zone)
    known = {
        (item.kind, item.external_id): item
        for item in Snapshot.objects.filter(
            connection=connection, kind=kind, external_id__in=[external_id for _, external_id in latest]
        ).only("pk", "kind", "external_id", "content_hash", "gone_at")
    }
    fresh, same, replaced = [], [], {}
    for key, row in latest.items():
        made = _snapshot(connection, row, now, zone)
        made.to_plan = to_plan and row.kind not in NEVER_PLANNED
        made.changed_at = _in_our_clock(made.source_updated_at, read_at, now)
        old = known.get(key)
        if old is not None and old.content_hash == made.content_hash and old.gone_at is None:
            same.append(old.pk)
        else:
            fresh.append(made)
            if old is not None:
                replaced[old.pk] = made
    if fresh:
        with transaction.atomic():
            keep_past(replaced, now)
            Snapshot.objects.bulk_create(
                fresh,
                update_conflicts=True,
                unique_fields=["connection", "kind", "external_id"],
                update_fields=[*_FIELDS, "to_plan"] if to_plan else list(_FIELDS),
                batch_size=500,
            )
    if mark_seen and same:
        Snapshot.objects.filter(pk__in=same).update(seen_at=now)
    return Stored(len(latest), len(fresh), sum(1 for row in latest.values() if row.problem))


def store_one(connection: Connection, row: Row) -> None:
    """Store what the target answered to our own write; it needs no new plan."""
    store(connection, [row], now=timezone.now(), to_plan=False)


def mark_gone(connection: Connection, kind: str, *, not_seen_since: datetime) -> int:
    """After complete walks over every variant: what no list showed is gone at the source. Returns how many."""
    gone = Snapshot.objects.of(connection, kind).filter(gone_at=None, seen_at__lt=not_seen_since)
    return gone.update(gone_at=timezone.now(), to_plan=True)


def _in_our_clock(changed: datetime | None, read_at: datetime | None, now: datetime) -> datetime | None:
    """A provider's instant put into our clock: it is as old for us as it was for the provider when read."""
    if changed is None or read_at is None or abs(read_at - now) <= CLOCKS_AGREE:
        return min(changed, now) if changed is not None else None
    return now - max(read_at - changed, timedelta(0))


def _snapshot(connection: Connection, row: Row, now: datetime, zone: ZoneInfo) -> Snapshot:
    raw = json.loads(json.dumps(row.raw, default=_plain, sort_keys=True))
    canonical = json.dumps(raw, sort_keys=True, separators=(",", ":"))
    snapshot = Snapshot(
        practice_id=connection.practice_id,
        connection=connection,
        kind=row.kind.value,
        external_id=row.external_id[:100],
        raw=raw,
        problem=row.problem[:300],
        received_at=now,
        seen_at=now,
    )
    if row.record is not None:
        snapshot.record = dump(row.record)
        snapshot.status = row.record.status[:40]
        snapshot.source_created_at = row.record.source_created_at
        snapshot.source_updated_at = row.record.source_updated_at
        for name, value in _keys(row.record, zone).items():
            limit = Snapshot._meta.get_field(name).max_length  # type: ignore[union-attr]
            setattr(snapshot, name, value[:limit] if isinstance(value, str) else value)
    # With what we make of it, so that a later version, which reads more of the same payload, stores it anew.
    made = orjson.dumps(snapshot.record)
    snapshot.content_hash = hashlib.sha256((canonical + row.problem).encode() + made).hexdigest()
    return snapshot


def _keys(record: Record, zone: ZoneInfo) -> dict[str, Any]:
    """The values by which a record is searched, listed and matched; an instant's day is the practice's."""
    if isinstance(record, Contact):
        return {"name": record.name, "email": record.email, "phone": record.phone, "number": record.number}
    if isinstance(record, Person):
        return {
            "name": record.name,
            "email": record.email,
            "phone": record.phone or record.mobile,
            "party_external_id": record.contact_external_id,
        }
    if isinstance(record, Invoice):
        return {
            "number": record.number,
            "reference": record.reference,
            "party_external_id": record.contact_external_id,
            "date": record.date,
            "amount": record.total,
            "currency": record.currency,
        }
    if isinstance(record, BankTransaction):
        return {
            "reference": record.reference,
            "party_external_id": record.contact_external_id,
            "date": record.date,
            "amount": record.amount,
            "currency": record.currency,
        }
    if isinstance(record, Payment):
        return {
            "reference": record.reference,
            "party_external_id": record.contact_external_id,
            "date": record.collected_at.astimezone(zone).date() if record.collected_at else record.date,
            "amount": record.amount,
            "currency": record.currency,
        }
    if isinstance(record, Collection):
        return {
            "reference": record.invoice_external_id,
            "party_external_id": record.contact_external_id,
            "date": record.started_at.astimezone(zone).date() if record.started_at else None,
            "amount": record.amount,
            "currency": record.currency,
        }
    if isinstance(record, Entry):
        return {
            "name": record.name,
            "reference": record.reference,
            "party_external_id": record.contact_external_id,
            "date": record.date,
            "amount": record.amount,
            "currency": record.currency,
        }
    return {
        "name": getattr(record, "name", ""),
        "email": getattr(record, "email", ""),
        "number": getattr(record, "code", "") or getattr(record, "number", ""),
        "party_external_id": getattr(record, "contact_external_id", ""),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} in a payload")
