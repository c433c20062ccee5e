"""A practice that has been synced for a year: clients, invoices and payments in both systems, and all that was done.

The same size gives the same rows. Everything hangs together as the engine would have left it: links between records
that exist, at most one open Change a record, runs that made and sent them, and incidents worked out from them.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from bench.big_mismatches import make_mismatches
from bench.big_people import make_audit, make_events, make_incidents, make_reviews
from bench.big_practice import Big, Sizes
from bench.big_records import make_records
from bench.big_work import make_attempts, make_changes, make_runs
from bench.bulk import unhindered
from connectors import registry
from practices.models import AuditEntry, Connection, Membership, Practice, Provider, Role, User
from sync import incidents
from sync.flows import ensure_flows
from sync.models import (
    Alert,
    Attempt,
    Budget,
    Change,
    Cursor,
    Delivery,
    Event,
    Flow,
    Incident,
    Link,
    Mismatch,
    Mode,
    PastRecord,
    ReconcileRun,
    Review,
    Run,
    Snapshot,
)


def make(slug: str, changes: int) -> Big:
    """A practice with this many Changes."""
    big = make_office(slug, Sizes(changes=changes))
    with unhindered(
        *(Run, Change, Attempt, Attempt.changes.through, Event, Snapshot, Link, Review),
        *(Incident, Alert, Delivery, AuditEntry, Mismatch, ReconcileRun, PastRecord),
    ):
        make_records(big)
        runs = make_runs(big)
        make_attempts(big, runs, make_changes(big, runs))
        make_events(big, runs)
        make_reviews(big)
        make_audit(big)
        make_incidents(big)
        make_mismatches(big)
    incidents.refresh(big.practice)
    return big


def make_office(slug: str, sizes: Sizes) -> Big:
    """A connected practice whose lists were all read, with nothing in them."""
    practice = Practice.objects.create(name=f"{slug.title()} Advisory", slug=slug)
    owner = User.objects.create_user(f"owner@{slug}.example", "not used", name="Olive Owner")
    Membership.objects.create(practice=practice, user=owner, role=Role.OWNER)
    now = timezone.now()
    sides = {
        provider: Connection.objects.create(
            practice=practice,
            provider=provider,
            tenant_external_id=f"tenant-{slug}" if provider == Provider.XERO else "",
            tenant_name=practice.name,
            tenant_details={"short_code": "!abc12"},
            connected_at=now - timedelta(days=400),
            last_read_at=now,
            last_write_at=now,
        )
        for provider in (Provider.IGNITION, Provider.XERO)
    }
    ensure_flows(practice)
    Flow.objects.filter(practice=practice).update(mode=Mode.TAKE_OVER, planned_at=now, planned_version=1)
    for provider, connection in sides.items():
        for plan in registry.READ_PLANS[provider]:
            Cursor.objects.create(
                practice=practice,
                connection=connection,
                kind=plan.kind.value,
                variant=plan.variant,
                since=now,
                completed_at=now,
                full_completed_at=now,
            )
        for day in range(30):
            facts: dict[str, Any] = {"live": 40 + day, "person": day, "poll": 288, "backfill": 10 * day}
            Budget.objects.create(
                practice=practice,
                connection=connection,
                day=(datetime.now(UTC) - timedelta(days=day)).date(),
                calls=sum(facts.values()),
                bytes_read=4_000_000,
                **facts,
            )
    return Big(
        practice=practice,
        owner=owner,
        source=sides[Provider.IGNITION],
        target=sides[Provider.XERO],
        flows={flow.kind: flow for flow in Flow.objects.filter(practice=practice)},
        sizes=sizes,
    )
