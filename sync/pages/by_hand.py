"""What to do by hand about a difference, step by step, with links to where it is done."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from practices.models import Practice, Provider
from sync.deeplinks import deep_link
from sync.models import Kind, Mismatch, Review, ReviewState, Snapshot
from sync.reconcile import by_hand as table
from sync.reconcile.by_hand import BY_HAND, ByHand
from sync.reconcile.kind import IGNITION, KindOf
from sync.reconcile.kinds import KINDS

PAGES = {
    table.MAPPING: ("The mapping", "mapping"),
    table.CONNECTIONS: ("The connections", "connections"),
    table.APPROVALS: ("What waits for approval", "approvals"),
    table.HOME: ("The home page", "dashboard"),
    table.PROBLEMS: ("Problems", "problems"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step is done. ``outside``: it opens in another system."""

    label: str
    url: str
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Guide:
    steps: Sequence[str]
    places: Sequence[Place]


def guide(practice: Practice, item: Mismatch, snapshots: Sequence[Snapshot]) -> Guide:
    """The steps for this difference; what its kind says in one sentence where nobody wrote more."""
    kind = KINDS.get(item.kind)
    found = BY_HAND.get(item.kind) or _usual(kind)
    places = (_place(practice, item, snapshots, name) for name in found.places)
    return Guide(found.steps, [place for place in places if place is not None])


def _usual(kind: KindOf | None) -> ByHand:
    if kind is None:
        return ByHand((), ())
    return ByHand((kind.fix,), (table.IGNITION,) if kind.sides == IGNITION else (table.XERO,))


def _place(practice: Practice, item: Mismatch, snapshots: Sequence[Snapshot], name: str) -> Place | None:
    if name in PAGES:
        label, url = PAGES[name]
        return Place(label, reverse(url, args=[practice.slug]))
    if name == table.CLIENT:
        return _client(practice, item)
    if name == table.IGNITION:
        here = next((row for row in snapshots if row.connection.provider == Provider.IGNITION), None)
        return _outside(here or _proposal(practice, item), "Open it in Ignition")
    there = next((row for row in snapshots if row.connection.provider == Provider.XERO), None)
    if there is None:
        return None
    if name == table.XERO_CONTACT and there.kind != Kind.CONTACT:
        return _outside(_beside(there, Kind.CONTACT, there.party_external_id), "Open the contact in Xero")
    if there.kind == Kind.PAYMENT:
        ids = there.record.get("invoice_external_ids") or [""]
        return _outside(_beside(there, Kind.INVOICE, str(ids[0])), "Open its invoice in Xero")
    return _outside(there, "Open it in Xero")


def _proposal(practice: Practice, item: Mismatch) -> Snapshot | None:
    """The proposal of a difference that is about one and not about an invoice."""
    rows = Snapshot.objects.filter(
        practice=practice, kind=Kind.PROPOSAL, connection__provider=Provider.IGNITION
    )
    rows = rows.filter(external_id__in=item.source_external_ids[:1]).select_related("connection")
    found: Snapshot | None = rows.first()
    return found


def _client(practice: Practice, item: Mismatch) -> Place | None:
    """Where somebody decides who a client is: the open question, or its page among all clients."""
    rows = Review.objects.filter(
        practice=practice,
        kind=Kind.CONTACT,
        state=ReviewState.OPEN,
        source_external_id=item.client_external_id,
    )
    review = rows.first()
    if review is not None:
        return Place("Decide who it is", reverse("review", args=[practice.slug, review.pk]))
    client = Snapshot.objects.filter(
        practice=practice,
        kind=Kind.CONTACT,
        connection__provider=Provider.IGNITION,
        external_id=item.client_external_id,
    ).first()
    if client is None:
        return None
    return Place("The client in Who is who", reverse("client_node", args=[practice.slug, client.pk]))


def _beside(snapshot: Snapshot, kind: Kind, external_id: str) -> Snapshot | None:
    """Another record of the same system."""
    rows = Snapshot.objects.of(snapshot.connection, kind).select_related("connection")
    found: Snapshot | None = rows.filter(external_id=external_id).first() if external_id else None
    return found


def _outside(snapshot: Snapshot | None, label: str) -> Place | None:
    if snapshot is None:
        return None
    link = deep_link(snapshot.connection, snapshot.kind, snapshot.external_id, snapshot.record)
    return Place(label, link, outside=True) if link else None
