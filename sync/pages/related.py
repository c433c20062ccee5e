"""What belongs to a record in the same system: a client's invoices, an invoice's payments, the proposal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from practices.models import Practice
from sync.models import Kind, Snapshot

SHOWN = 20
"""Rows shown per group; the rest is one click away in the list."""
LOOKED_AT = 500
"""Payments of one client that are looked through for those of one invoice."""

OF_CLIENT = (Kind.PERSON, Kind.PROPOSAL, Kind.INVOICE, Kind.PAYMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedGroup:
    """``more`` says that the group goes on beyond the rows given."""

    title: str
    kind: str
    rows: Sequence[Snapshot]
    more: bool


def related(practice: Practice, snapshot: Snapshot) -> list[RelatedGroup]:
    """Groups that have at least one row, in reading order."""
    if snapshot.kind == Kind.CONTACT:
        groups = [_of_client(practice, snapshot, kind) for kind in OF_CLIENT]
    elif snapshot.kind == Kind.INVOICE:
        groups = [_client(practice, snapshot), _proposals(practice, snapshot), _payments(practice, snapshot)]
    elif snapshot.kind == Kind.PAYMENT:
        groups = [_client(practice, snapshot), _invoices(practice, snapshot)]
    else:
        groups = [_client(practice, snapshot)]
    return [group for group in groups if group.rows]


def _same_system(practice: Practice, snapshot: Snapshot, kind: str) -> QuerySet[Any]:
    return Snapshot.objects.filter(practice=practice, connection=snapshot.connection, kind=kind).defer("raw")


def _group(title: str, kind: str, rows: Sequence[Snapshot]) -> RelatedGroup:
    return RelatedGroup(title=title, kind=str(kind), rows=rows[:SHOWN], more=len(rows) > SHOWN)


def _of_client(practice: Practice, snapshot: Snapshot, kind: Kind) -> RelatedGroup:
    rows = _same_system(practice, snapshot, kind).filter(party_external_id=snapshot.external_id)
    return _group(str(kind.label), kind, list(rows.order_by("-date", "-pk")[: SHOWN + 1]))


def _client(practice: Practice, snapshot: Snapshot) -> RelatedGroup:
    if not snapshot.party_external_id:
        return _group("Client", Kind.CONTACT, [])
    rows = _same_system(practice, snapshot, Kind.CONTACT).filter(external_id=snapshot.party_external_id)
    return _group("Client", Kind.CONTACT, list(rows))


def _proposals(practice: Practice, snapshot: Snapshot) -> RelatedGroup:
    ids = {
        line.get("origin_external_id")
        for line in snapshot.record.get("lines") or []
        if line.get("origin_type") == "proposal" and line.get("origin_external_id")
    }
    rows = _same_system(practice, snapshot, Kind.PROPOSAL).filter(external_id__in=ids)
    return _group("Proposal", Kind.PROPOSAL, list(rows[: SHOWN + 1]) if ids else [])


def _payments(practice: Practice, snapshot: Snapshot) -> RelatedGroup:
    rows = _same_system(practice, snapshot, Kind.PAYMENT).filter(party_external_id=snapshot.party_external_id)
    found = [
        row
        for row in rows.order_by("-date", "-pk")[:LOOKED_AT]
        if snapshot.external_id in (row.record.get("invoice_external_ids") or [])
    ]
    return _group("Payments", Kind.PAYMENT, found)


def _invoices(practice: Practice, snapshot: Snapshot) -> RelatedGroup:
    ids = snapshot.record.get("invoice_external_ids") or []
    rows = _same_system(practice, snapshot, Kind.INVOICE).filter(external_id__in=ids)
    return _group("Invoices", Kind.INVOICE, list(rows[: SHOWN + 1]) if ids else [])
