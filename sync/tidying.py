"""Dropping what no longer tells anybody anything. What was written, what was last read, and the audit trail stay."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from sync.asof import KEPT_FOR
from sync.models import (
    OPEN_RUN_STATES,
    Alert,
    Attempt,
    Budget,
    Change,
    CompareState,
    Event,
    EventState,
    Incident,
    IncidentState,
    PastRecord,
    ReconcileRun,
    ReportMail,
    Run,
    Scope,
)

AT_ONCE = 5000
"""Rows of one statement, so that no page waits for it."""
OF_COMPARISONS = timedelta(days=30)
"""After this only the last comparison of everything of each day is kept, for the chart."""
OF_DAYS = timedelta(days=731)
OF_ACCOUNTS = timedelta(days=400)
"""Alerts, resolved incidents and call counts are kept for more than a year: somebody may compare."""


def tidy(now: datetime) -> dict[str, int]:
    """Drop old hints, runs that did nothing, old alerts and old versions; how many of each. Safe to stop and repeat."""
    return {name: sum(_drop(rows)) for name, rows in _old(now)}


def _old(now: datetime) -> Iterator[tuple[str, QuerySet[Any]]]:
    events = Event.objects.exclude(state=EventState.WAITING)
    yield "events", events.filter(received_at__lt=now - timedelta(days=settings.KEEP_EVENTS_DAYS))
    idle = Run.objects.exclude(state__in=OPEN_RUN_STATES).filter(
        ~Exists(Change.objects.filter(made_by=OuterRef("pk"))),
        ~Exists(Change.objects.filter(sent_by=OuterRef("pk"))),
        ~Exists(Attempt.objects.filter(run=OuterRef("pk"))),
        queued_at__lt=now - timedelta(days=settings.KEEP_IDLE_RUNS_DAYS),
    )
    yield "runs", idle
    yield "alerts", Alert.objects.filter(created_at__lt=now - OF_ACCOUNTS)
    solved = Incident.objects.filter(state=IncidentState.RESOLVED)
    yield "incidents", solved.filter(resolved_at__lt=now - OF_ACCOUNTS)
    yield "versions", PastRecord.objects.filter(until__lt=now - KEPT_FOR)
    comparisons = ReconcileRun.objects.filter(state__in=[CompareState.DONE, CompareState.FAILED])
    newer = ReconcileRun.objects.filter(
        practice=OuterRef("practice"),
        scope=Scope.FULL,
        state=CompareState.DONE,
        finished_at__date=OuterRef("finished_at__date"),
        pk__gt=OuterRef("pk"),
    )
    superseded = Exists(newer) | Q(scope=Scope.CHANGED) | Q(state=CompareState.FAILED)
    yield "comparisons", comparisons.filter(superseded, finished_at__lt=now - OF_COMPARISONS)
    yield "days", comparisons.filter(finished_at__lt=now - OF_DAYS)
    yield "report mails", ReportMail.objects.filter(due_at__lt=now - OF_ACCOUNTS)
    yield "budgets", Budget.objects.filter(day__lt=(now - OF_ACCOUNTS).date())


def _drop(rows: QuerySet[Any]) -> Iterator[int]:
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        rows.model._base_manager.filter(pk__in=ids).delete()
        yield len(ids)
