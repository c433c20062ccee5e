"""The page of one cause: its records with both systems' links, and everything for the spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict

from mappings.csv_tables import safe_cells
from practices.models import AuditEntry, Connection, Membership, Practice, User
from sync.deeplinks import deep_link
from sync.incidents.records import CHANGES, SNAPSHOTS, changes_of, reviews_of, snapshots_of, sort_of
from sync.models import Change, Incident, IncidentState, Review, Snapshot, Standing, Verb
from sync.pages.desk import Card, card_of
from sync.pages.lists import HEAVY
from sync.pages.paging import Sheet, sheet
from sync.pages.words import reason_words

SORTS = {"newest": "pk", "title": "title", "amount": "amount", "date": "date"}
RECORD_SORTS = {"newest": "pk", "title": "name", "amount": "amount", "date": "date"}
REVIEW_SORTS = {"newest": "pk", "title": "title"}
AUDIT_SHOWN = 20
EXPORTED_AT_ONCE = 500
MOST_EXPORTED = 20_000
"""Rows in one file; beyond them one filters first."""
COLUMNS = (
    "record",
    "what",
    "does",
    "amount",
    "currency",
    "date",
    "state",
    "reason",
    "message",
    "tries",
    "next_try",
    "planned",
    "source_id",
    "target_id",
    "source_link",
    "target_link",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """One record behind a cause. ``change`` is the planned write, where there is one."""

    title: str
    change: Change | None
    snapshot: Snapshot | None
    review: Review | None
    why: str
    source_link: str = ""
    target_link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPage:
    card: Card
    sort: str
    sheet: Sheet
    rows: Sequence[RecordRow]
    q: str
    oldest: Any
    members: Sequence[User]
    history: Sequence[AuditEntry]

    @property
    def incident(self) -> Incident:
        return self.card.incident


def card_page(practice: Practice, incident: Incident, params: QueryDict) -> CardPage:
    """A fixed number of queries; the count is the incident's own, never taken again."""
    sort = sort_of(incident)
    q = params.get("q", "").replace("\x00", "").strip()[:200]
    over = incident.state == IncidentState.RESOLVED
    query, sorts = _query(incident, sort, q)
    page = sheet(
        query.none() if over else query,
        params,
        count=0 if over else incident.count,
        counted=not q,
        sorts=sorts,
        default="-newest",
    )
    oldest = None
    if sort == CHANGES and not over:
        oldest = changes_of(incident).order_by("pk").values_list("created_at", flat=True).first()
    members = Membership.objects.filter(practice=practice).select_related("user").order_by("user__email")
    history = (
        AuditEntry.objects.filter(practice=practice, at__gte=incident.opened_at)
        .filter(object_type="incident", object_id=str(incident.pk))
        .order_by("-at")
        .select_related("actor")[:AUDIT_SHOWN]
    )
    ended_by = next(
        (str(entry.actor or entry.actor_label) for entry in history if entry.action == "incident.resolved"),
        "",
    )
    return CardPage(
        card=card_of(practice, incident, ended_by=ended_by if over else ""),
        sort=sort,
        sheet=page,
        rows=_rows(sort, page.rows),
        q=q,
        oldest=oldest,
        members=[item.user for item in members],
        history=list(history),
    )


def csv_lines(incident: Incident, q: str) -> Iterator[str]:
    """The affected records as lines of a CSV file, in portions."""
    yield _line(COLUMNS)
    sort = sort_of(incident)
    if sort not in {CHANGES, SNAPSHOTS}:
        return
    query, _ = _query(incident, sort, q)
    rows = query.order_by("-pk")[:MOST_EXPORTED].iterator(EXPORTED_AT_ONCE)
    while portion := list(islice(rows, EXPORTED_AT_ONCE)):
        for row in _rows(sort, portion):
            yield _line(_cells(row))


def _query(incident: Incident, sort: str, q: str) -> tuple[QuerySet[Any], Mapping[str, str]]:
    if sort == SNAPSHOTS:
        query = snapshots_of(incident).select_related("connection").defer(*HEAVY)
        found = Q(name__icontains=q) | Q(number__icontains=q) | Q(external_id=q)
        return (query.filter(found) if q else query), RECORD_SORTS
    if sort == CHANGES:
        query = changes_of(incident).select_related("connection", "source_connection")
        found = Q(title__icontains=q) | Q(natural_key__iexact=q) | Q(source_external_id=q)
        return (query.filter(found) if q else query), SORTS
    query = reviews_of(incident)
    return (query.filter(title__icontains=q) if q else query), REVIEW_SORTS


def _rows(sort: str, rows: Sequence[Any]) -> list[RecordRow]:
    if sort == SNAPSHOTS:
        return [_of_snapshot(item) for item in rows]
    if sort == CHANGES:
        return _of_changes(rows)
    return [RecordRow(title=item.title, change=None, snapshot=None, review=item, why="") for item in rows]


def _of_snapshot(item: Snapshot) -> RecordRow:
    return RecordRow(
        title=item.title,
        change=None,
        snapshot=item,
        review=None,
        why=item.problem or item.standing_text or reason_words(item.standing_reason),
        source_link=deep_link(item.connection, item.kind, item.external_id, item.record),
    )


def _of_changes(changes: Sequence[Change]) -> list[RecordRow]:
    """Two queries for both sides' records, whatever the number of rows."""
    sources = _snapshots(
        (item.source_connection, item.kind, item.source_external_id.partition("/")[0]) for item in changes
    )
    targets = _snapshots(
        (item.connection, item.kind, item.target_external_id) for item in changes if item.target_external_id
    )
    rows = []
    for item in changes:
        stem = item.source_external_id.partition("/")[0]
        source = sources.get((item.source_connection_id, item.kind, stem))
        target = targets.get((item.connection_id, item.kind, item.target_external_id))
        rows.append(
            RecordRow(
                title=item.title,
                change=item,
                snapshot=source,
                review=None,
                why=item.message or reason_words(item.reason or item.parked_as),
                source_link=deep_link(
                    item.source_connection, item.kind, stem, source.record if source else {}
                ),
                target_link=deep_link(
                    item.connection, item.kind, item.target_external_id, target.record if target else {}
                ),
            )
        )
    return rows


def _snapshots(wanted: Iterable[tuple[Connection, str, str]]) -> dict[tuple[int, str, str], Snapshot]:
    keys = {(connection.pk, kind, external_id) for connection, kind, external_id in wanted}
    if not keys:
        return {}
    rows = Snapshot.objects.filter(
        connection__in={key[0] for key in keys},
        kind__in={key[1] for key in keys},
        external_id__in={key[2] for key in keys},
    ).defer(*HEAVY)
    return {(item.connection_id, item.kind, item.external_id): item for item in rows}


def _cells(row: RecordRow) -> Sequence[str]:
    change, snapshot = row.change, row.snapshot
    if change is not None:
        return (
            row.title,
            change.kind,
            str(Verb(change.verb).label),
            "" if change.amount is None else str(change.amount),
            change.currency,
            change.date.isoformat() if change.date else "",
            str(change.get_state_display()),
            change.reason or change.parked_as,
            row.why,
            str(change.tries),
            change.not_before.isoformat() if change.not_before else "",
            change.created_at.isoformat(),
            change.source_external_id,
            change.target_external_id,
            row.source_link,
            row.target_link,
        )
    assert snapshot is not None  # noqa: S101  only these two sorts are exported
    return (
        row.title,
        snapshot.kind,
        "",
        "" if snapshot.amount is None else str(snapshot.amount),
        snapshot.currency,
        snapshot.date.isoformat() if snapshot.date else "",
        "Unreadable" if snapshot.problem else str(Standing(snapshot.standing).label),
        snapshot.standing_reason,
        row.why,
        "",
        "",
        snapshot.received_at.isoformat(),
        snapshot.external_id,
        "",
        row.source_link,
        "",
    )


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(safe_cells(*cells))
    return out.getvalue()
