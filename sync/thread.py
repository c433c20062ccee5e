"""The rows of one engagement in both systems, from proposal to payout, found from any one of them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from practices.models import Connection, Practice
from sync.flows import SOURCES
from sync.models import Kind, Link, Mismatch, MismatchState, Snapshot

STARTS = frozenset({Kind.CONTACT, Kind.PROPOSAL, Kind.INVOICE, Kind.PAYMENT, Kind.COLLECTION})
"""Kinds of records that a thread can be looked at from."""
MOST_INVOICES = 40
"""Invoices of one client or proposal, the newest ones."""
MOST_OF_A_KIND = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Everything that belongs together. ``pairs`` are target invoice ids by source invoice id, ``posted`` target
    payment ids by ``payment/invoice``. ``more``: there are invoices beyond those that are shown.
    """

    client: Snapshot | None = None
    proposals: dict[str, Snapshot] = field(default_factory=dict)
    invoices: dict[str, Snapshot] = field(default_factory=dict)
    documents: dict[str, Snapshot] = field(default_factory=dict)
    payments: list[Snapshot] = field(default_factory=list)
    collections: list[Snapshot] = field(default_factory=list)
    receipts: dict[str, Snapshot] = field(default_factory=dict)
    pairs: dict[str, str] = field(default_factory=dict)
    posted: dict[str, str] = field(default_factory=dict)
    mismatches: list[Mismatch] = field(default_factory=list)
    more: bool = False


def rows_of(practice: Practice, start: Snapshot) -> Rows:
    """All of a thread, from any record of it. A dozen queries, however long it is."""
    mine = Snapshot.objects.filter(practice=practice).select_related("connection").defer("raw")
    # Named one by one, so that the indexes of each connection's records are used.
    providers = dict(Connection.objects.filter(practice=practice).values_list("pk", "provider"))
    source = mine.filter(connection__in=[pk for pk, name in providers.items() if name in SOURCES])
    target = mine.filter(connection__in=[pk for pk, name in providers.items() if name not in SOURCES])
    here, there, more = _seeds(mine, start)
    pairs = _pairs(practice, here, there)
    here, there = here | set(pairs), there | set(pairs.values())
    invoices = _by_id(source.filter(kind=Kind.INVOICE, external_id__in=here))
    documents = _by_id(target.filter(kind=Kind.INVOICE, external_id__in=there))
    clients = {row.party_external_id for row in invoices.values()} - {""}
    payments = _payments(source, invoices, clients)
    paid = [row.external_id for row in payments]
    posted = _posted(practice, payments)
    receipts = _receipts(target, documents, posted)
    proposals = {start.external_id: start} if start.kind == Kind.PROPOSAL else {}
    proposals |= _by_id(
        source.filter(
            kind=Kind.PROPOSAL, party_external_id__in=clients, external_id__in=_origins(invoices.values())
        )
    )
    collections = source.filter(
        kind=Kind.COLLECTION, party_external_id__in=clients, reference__in=list(invoices)
    ).order_by("date", "pk")
    return Rows(
        client=_client(source, target, start, clients, documents.values()),
        proposals=proposals,
        invoices=invoices,
        documents=documents,
        payments=payments,
        collections=list(collections[:MOST_OF_A_KIND]),
        receipts=receipts,
        pairs=pairs,
        posted=posted,
        mismatches=_mismatches(practice, [*invoices, *paid, *_shares(payments)], [*documents, *receipts]),
        more=more,
    )


def _seeds(mine: QuerySet[Snapshot], start: Snapshot) -> tuple[set[str], set[str], bool]:
    """Ids of the invoices to begin with on each side, and whether there are more of them."""
    from_source = start.connection.provider in SOURCES
    if start.kind == Kind.INVOICE:
        ids = {start.external_id}
    elif start.kind == Kind.COLLECTION:
        ids = {start.reference} - {""}
    elif start.kind == Kind.PAYMENT:
        ids = {str(item) for item in start.record.get("invoice_external_ids") or ()}
    else:
        same = mine.filter(connection=start.connection, kind=Kind.INVOICE)
        if start.kind == Kind.PROPOSAL:
            line = [{"origin_external_id": start.external_id}]
            same = same.filter(party_external_id=start.party_external_id, record__lines__contains=line)
        else:
            same = same.filter(party_external_id=start.external_id)
        found = list(same.order_by("-date", "-pk").values_list("external_id", flat=True)[: MOST_INVOICES + 1])
        ids, more = set(found[:MOST_INVOICES]), len(found) > MOST_INVOICES
        return (ids, set(), more) if from_source else (set(), ids, more)
    return (ids, set(), False) if from_source else (set(), ids, False)


def _pairs(practice: Practice, here: Collection[str], there: Collection[str]) -> dict[str, str]:
    links = Link.objects.filter(
        Q(source_external_id__in=here) | Q(target_external_id__in=there), practice=practice, kind=Kind.INVOICE
    )
    return dict(links.values_list("source_external_id", "target_external_id"))


def _by_id(rows: QuerySet[Snapshot]) -> dict[str, Snapshot]:
    return {row.external_id: row for row in rows.order_by("date", "pk")[:MOST_OF_A_KIND]}


def _origins(invoices: Iterable[Snapshot]) -> set[str]:
    """The proposals that the lines of invoices come from."""
    lines: list[dict[str, Any]] = [line for row in invoices for line in row.record.get("lines") or ()]
    return {
        str(line["origin_external_id"])
        for line in lines
        if line.get("origin_type") == "proposal" and line.get("origin_external_id")
    }


def _payments(
    source: QuerySet[Snapshot], invoices: Collection[str], clients: Collection[str]
) -> list[Snapshot]:
    rows = source.filter(
        kind=Kind.PAYMENT,
        party_external_id__in=clients,
        record__invoice_external_ids__has_any_keys=list(invoices),
    )
    return list(rows.order_by("date", "pk")[:MOST_OF_A_KIND]) if invoices else []


def _shares(payments: Iterable[Snapshot]) -> list[str]:
    """Ids of what each payment brought for each invoice, as links and differences have them."""
    return [
        f"{row.external_id}/{invoice}"
        for row in payments
        for invoice in row.record.get("invoice_external_ids") or ()
    ]


def _posted(practice: Practice, payments: Iterable[Snapshot]) -> dict[str, str]:
    links = Link.objects.filter(
        practice=practice, kind=Kind.PAYMENT, source_external_id__in=_shares(payments)
    )
    return dict(links.values_list("source_external_id", "target_external_id"))


def _receipts(
    target: QuerySet[Snapshot], documents: dict[str, Snapshot], posted: dict[str, str]
) -> dict[str, Snapshot]:
    parties = {row.party_external_id for row in documents.values()} - {""}
    on_them = Q(party_external_id__in=parties, record__invoice_external_ids__has_any_keys=list(documents))
    rows = target.filter(on_them | Q(external_id__in=list(posted.values())), kind=Kind.PAYMENT)
    return _by_id(rows)


def _client(
    source: QuerySet[Snapshot],
    target: QuerySet[Snapshot],
    start: Snapshot,
    clients: Collection[str],
    documents: Iterable[Snapshot],
) -> Snapshot | None:
    if start.kind == Kind.CONTACT:
        return start
    wanted = {start.party_external_id, *clients} - {""}
    found = source.filter(kind=Kind.CONTACT, external_id__in=wanted).order_by("pk").first()
    contacts = {row.party_external_id for row in documents} - {""}
    return found or target.filter(kind=Kind.CONTACT, external_id__in=contacts).order_by("pk").first()


def _mismatches(practice: Practice, here: list[str], there: list[str]) -> list[Mismatch]:
    about = Q(source_external_ids__has_any_keys=here) | Q(target_external_ids__has_any_keys=there)
    rows = Mismatch.objects.filter(about, practice=practice).exclude(state=MismatchState.FIXED)
    return list(rows.order_by("rank", "-at_stake", "pk")[:MOST_OF_A_KIND])
