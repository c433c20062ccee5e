"""Keeping the stored incidents in line with what is true.

One refresh of a practice waits for another: both would open the same incident. Nothing is called outside; what people
are told of it is decided afterwards, once the rows are committed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from practices import audit
from practices.localise import shown_for
from practices.models import AuditEntry, Connection, Practice
from sync import alerts
from sync.incidents import words
from sync.incidents.causes import Finding, Key, decide
from sync.incidents.facts import gather
from sync.incidents.lifecycle import DEEDS, SAME_AGAIN, Deed, Known, Steps, next_steps, settled_by
from sync.models import Incident, IncidentState, Resolution
from sync.pages.words import MAPPING_REASONS

log = structlog.get_logger(__name__)

FIELDS = (
    "title",
    "text",
    "severity",
    "heals",
    "count",
    "amount",
    "tax",
    "currency",
    "next_try_at",
)
"""What a refresh keeps current on an incident that stays."""
WRITTEN = (
    *FIELDS,
    "state",
    "resolved_at",
    "resolution",
    "last_seen_at",
    "snoozed_until",
    "snooze_reason",
    "snoozed_by",
)
MOST_DEEDS = 2_000


def refresh(practice: Practice, *, now: datetime | None = None) -> None:
    """Bring the practice's incidents in line with its Changes, connections and runs, then have people told.

    Repeating it changes nothing while nothing moved. Call it with no transaction open.
    """
    now = now or timezone.now()
    with transaction.atomic(), shown_for(practice):
        _wait_for_others(practice)
        _bring_in_line(practice, now)
    try:
        alerts.announce(practice, now=now)
    except (
        Exception
    ):  # telling people is a step of its own: it must not undo or stop what keeps the list true
        log.exception("announce_failed", practice=practice.pk)


def _wait_for_others(practice: Practice) -> None:
    with database.cursor() as cursor:
        # A backlog of a hundred thousand records is else grouped on disk, which takes twice as long.
        cursor.execute("SET LOCAL work_mem = '32MB'")
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('incidents'), %s)", [practice.pk % 2**31])


def _bring_in_line(practice: Practice, now: datetime) -> None:
    decided = decide(gather(practice, now), now)
    rows = list(
        Incident.objects.filter(practice=practice)
        .exclude(state=IncidentState.RESOLVED, resolved_at__lt=now - SAME_AGAIN)
        .order_by("pk")
        .select_for_update(of=("self",))  # somebody who snoozes or assigns it now waits, or is waited for
    )
    connections = {item.pk: item for item in Connection.objects.filter(practice=practice)}
    found = {finding.key: _values(finding, connections) for finding in decided.findings}
    steps = next_steps(found, [_known(row) for row in rows], unsure=decided.unsure, now=now)
    _write(practice, steps, {row.pk: row for row in rows}, now)


def _values(finding: Finding, connections: Mapping[int, Connection]) -> dict[str, Any]:
    connection = connections.get(finding.connection) if finding.connection is not None else None
    return {
        "title": words.title_of(finding, connection),
        "text": words.text_of(finding, connection),
        "severity": finding.severity,
        "heals": finding.heals,
        "count": finding.count,
        "amount": finding.amount,
        "tax": finding.tax,
        "currency": finding.currency,
        "next_try_at": finding.next_try_at,
    }


def _known(row: Incident) -> Known:
    return Known(
        pk=row.pk,
        key=key_of(row),
        state=row.state,
        values={name: getattr(row, name) for name in FIELDS},
        last_seen_at=row.last_seen_at,
        resolved_at=row.resolved_at,
        snoozed_until=row.snoozed_until,
    )


def key_of(row: Incident) -> Key:
    return (row.connection_id, row.kind, row.cause, row.subject)


def _write(practice: Practice, steps: Steps, rows: Mapping[int, Incident], now: datetime) -> None:
    Incident.objects.bulk_create(
        [
            Incident(
                practice=practice,
                connection_id=connection,
                kind=kind,
                cause=cause,
                subject=subject,
                opened_at=now,
                last_seen_at=now,
                **values,
            )
            for (connection, kind, cause, subject), values in steps.opened
        ]
    )
    for pk, values in steps.changed.items():
        for name, value in values.items():
            setattr(rows[pk], name, value)
    _settle(practice, [rows[item.pk] for item in steps.settled], now)
    moved = [rows[pk] for pk in (*steps.changed, *(item.pk for item in steps.settled))]
    if moved:
        Incident.objects.bulk_update(moved, WRITTEN, batch_size=200)
    if steps.seen:
        Incident.objects.filter(pk__in=steps.seen).update(last_seen_at=now)


def _settle(practice: Practice, rows: Sequence[Incident], now: datetime) -> None:
    """Mark rows as settled, by whoever did something about them, else by themselves."""
    if not rows:
        return
    entries = _deeds(practice, min(row.opened_at for row in rows))
    deeds = [deed for deed, _ in entries]
    for row in rows:
        row.state, row.resolved_at, row.next_try_at = IncidentState.RESOLVED, now, None
        deed = settled_by(key_of(row), deeds, since=row.opened_at, by_mapping=MAPPING_REASONS)
        row.resolution = Resolution.ITSELF if deed is None else Resolution.PERSON
        if deed is not None:
            entry = next(entry for known, entry in entries if known is deed)
            audit.record(practice, entry.actor, "incident.resolved", f"Settled: {row.title}", object=row)


def _deeds(practice: Practice, since: datetime) -> list[tuple[Deed, AuditEntry]]:
    """What people did since then that may have settled something."""
    entries = (
        AuditEntry.objects.filter(practice=practice, at__gte=since, action__in=DEEDS, actor__isnull=False)
        .select_related("actor")
        .order_by("-at")[:MOST_DEEDS]
    )
    return [
        (Deed(action=entry.action, at=entry.at, details=entry.details, object_id=entry.object_id), entry)
        for entry in entries
    ]
