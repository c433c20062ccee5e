"""Dropping what no longer tells anybody anything. What was written or read, and the audit trail, is never dropped."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from sync.models import (
    OPEN_RUN_STATES,
    Alert,
    Attempt,
    Budget,
    Change,
    Event,
    EventState,
    Incident,
    IncidentState,
    Run,
)

AT_ONCE = 5000
"""Rows of one statement, so that no page waits for it."""
OF_ACCOUNTS = timedelta(days=400)
"""Alerts, resolved incidents and call counts are kept for more than a year: somebody may compare."""


def tidy(now: datetime) -> dict[str, int]:
    """Drop old hints, runs that did nothing, and old alerts; how many of each. Safe to stop and repeat."""
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
    yield "budgets", Budget.objects.filter(day__lt=(now - OF_ACCOUNTS).date())


def _drop(rows: QuerySet[Any]) -> Iterator[int]:
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        rows.model._base_manager.filter(pk__in=ids).delete()
        yield len(ids)
