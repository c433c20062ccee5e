"""Lists of records with their other side. A constant number of queries, however many rows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db.models import Exists, Q, QuerySet
from django.http import QueryDict

from practices.models import Connection, Practice
from sync.filters import SnapshotFilter, links_to
from sync.models import OPEN_CHANGE_STATES, Change, Kind, Link, LinkMethod, Snapshot, Standing
from sync.pages.long_lists import Totals, long_list
from sync.pages.paging import Sheet
from sync.pages.sides import Sides

STATUSES_KEPT_SECONDS = 600
EMPTY_KEPT_SECONDS = 30
"""The statuses offered in the filter come from the rows; looking through all of them is not free."""

LOOKED_AT = 5_000

HEAVY = ("raw", "content_hash", "phone")

SORTS = {
    Kind.CONTACT: {"name": "name", "email": "email", "updated": "source_updated_at"},
    Kind.INVOICE: {"date": "date", "number": "number", "amount": "amount", "updated": "source_updated_at"},
    Kind.PAYMENT: {"date": "date", "amount": "amount", "updated": "source_updated_at"},
}
QUICK_SORTS = {
    Kind.CONTACT: frozenset({"name"}),
    Kind.INVOICE: frozenset({"date", "number", "amount"}),
    Kind.PAYMENT: frozenset({"date", "amount"}),
}
"""What has an index of its own. By the rest a list is sorted unless it is very long."""
DEFAULT_SORT = {Kind.CONTACT: "name", Kind.INVOICE: "-date", Kind.PAYMENT: "-date"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """One counterpart of a row. ``snapshot`` is ``None`` while the other system's copy has not been read."""

    external_id: str
    method: str
    snapshot: Snapshot | None

    @property
    def method_words(self) -> str:
        return str(LinkMethod(self.method).label) if self.method in LinkMethod.values else self.method


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record with its counterparts, its client's name and the open Change it waits for, if any."""

    snapshot: Snapshot
    others: tuple[Other, ...]
    party: str
    change: Change | None

    @property
    def amount_differs(self) -> bool:
        """Only where nobody said it agrees: a surcharge may make the totals differ rightly."""
        if not self.others or self.snapshot.standing == Standing.IN_SYNC or self.snapshot.amount is None:
            return False
        there = [
            item.snapshot.amount for item in self.others if item.snapshot and item.snapshot.amount is not None
        ]
        return bool(there) and sum(there, Decimal(0)) != self.snapshot.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    sheet: Sheet
    rows: Sequence[Row]
    totals: Totals
    filter: SnapshotFilter
    of_source: bool


def listing(practice: Practice, sides: Sides, params: QueryDict, *, of_source: bool) -> Listing:
    """One page of records of the kind of ``sides``, from the source or only in the target."""
    connection = sides.source if of_source else sides.target
    base = Snapshot.objects.filter(practice=practice, connection=connection, kind=sides.kind).defer(*HEAVY)
    if not of_source:
        base = base.filter(~Exists(links_to(sides)))
    statuses = known_statuses(connection, sides.kind)
    if (asked := params.get("status", "")).isprintable() and asked and asked not in statuses:
        statuses = [*statuses, asked[:40]]
    narrowed = SnapshotFilter(params, queryset=base, sides=sides, of_source=of_source, statuses=statuses)
    query: QuerySet[Any] = narrowed.qs if connection else base.none()
    page, totals = long_list(
        query,
        params,
        sorts=SORTS[sides.kind],
        default=DEFAULT_SORT[sides.kind],
        quick=QUICK_SORTS[sides.kind],
    )
    rows = with_other_side(practice, sides, page.rows, of_source=of_source)
    return Listing(sheet=page, rows=rows, totals=totals, filter=narrowed, of_source=of_source)


def known_statuses(connection: Connection | None, kind: str) -> list[str]:
    """Statuses that occur among the latest of these records, for the filter."""
    if connection is None:
        return []
    key = f"statuses:{connection.pk}:{kind}"
    found: list[str] | None = cache.get(key)
    if found is None:
        rows = Snapshot.objects.filter(practice=connection.practice_id, connection=connection, kind=kind)
        latest = rows.order_by("-date", "-pk").values_list("status", flat=True)[:LOOKED_AT]
        found = sorted({status for status in latest if status})
        cache.set(key, found, STATUSES_KEPT_SECONDS if found else EMPTY_KEPT_SECONDS)
    return found


def with_other_side(
    practice: Practice, sides: Sides, snapshots: Sequence[Snapshot], *, of_source: bool
) -> list[Row]:
    """Rows for these snapshots; four queries whatever their number."""
    connection = sides.source if of_source else sides.target
    parties = party_names(connection, [item.party_external_id for item in snapshots])
    if not of_source:
        return [
            Row(snapshot=item, others=(), party=parties.get(item.party_external_id, ""), change=None)
            for item in snapshots
        ]
    keys = {key: item.external_id for item in snapshots for key in source_keys(item)}
    links = Link.objects.filter(
        source_connection=sides.source,
        target_connection=sides.target,
        kind=sides.kind,
        source_external_id__in=list(keys),
    ).only("source_external_id", "target_external_id", "method")
    pairs: dict[str, list[Link]] = defaultdict(list)
    for link in links:
        pairs[keys[link.source_external_id]].append(link)
    there = by_external_id(
        sides.target, sides.kind, (link.target_external_id for found in pairs.values() for link in found)
    )
    changes = _open_changes(practice, sides, keys)
    return [
        Row(
            snapshot=item,
            others=tuple(
                Other(
                    external_id=link.target_external_id,
                    method=link.method,
                    snapshot=there.get(link.target_external_id),
                )
                for link in pairs.get(item.external_id, ())
            ),
            party=parties.get(item.party_external_id, ""),
            change=changes.get(item.external_id),
        )
        for item in snapshots
    ]


def source_keys(snapshot: Snapshot) -> list[str]:
    """The ids under which links and changes know this source record: one per invoice for a payment."""
    if snapshot.kind != Kind.PAYMENT:
        return [snapshot.external_id]
    invoices = snapshot.record.get("invoice_external_ids") or []
    return [f"{snapshot.external_id}/{invoice}" for invoice in invoices]


def by_external_id(connection: Connection | None, kind: str, ids: Iterable[str]) -> dict[str, Snapshot]:
    found = Snapshot.objects.filter(connection=connection, kind=kind, external_id__in=set(ids)).defer(*HEAVY)
    return {item.external_id: item for item in found}


def party_names(connection: Connection | None, ids: Iterable[str]) -> dict[str, str]:
    """Names of the clients with these ids, in the system of ``connection``."""
    wanted = {item for item in ids if item}
    rows = Snapshot.objects.filter(connection=connection, kind=Kind.CONTACT, external_id__in=wanted)
    return dict(rows.values_list("external_id", "name"))


def _open_changes(practice: Practice, sides: Sides, keys: dict[str, str]) -> dict[str, Change]:
    rows = Change.objects.filter(
        Q(source_connection=sides.source),
        practice=practice,
        kind=sides.kind,
        source_external_id__in=list(keys),
        state__in=OPEN_CHANGE_STATES,
    ).only("source_external_id", "state", "reason", "verb")
    return {keys[item.source_external_id]: item for item in rows}
