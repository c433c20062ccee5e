"""What the rows say is due. Each question is answered from an index, however many finished rows there are."""

from datetime import datetime
from typing import Any

from django.db.models import F, Min, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest

from practices.models import ConnectionState
from sync.models import OPEN_RUN_STATES, Delivery, DeliveryState, Event, EventState, Purpose, Run
from sync.reconcile import running as comparing


def open_runs() -> QuerySet[Run, Any]:
    """Asked in two halves, as each half has an index of only the open ones."""
    is_open, live = Q(state__in=OPEN_RUN_STATES), Q(purpose=Purpose.LIVE)
    return Run.objects.filter((is_open & live) | (is_open & ~live))


def due_runs(now: datetime) -> QuerySet[Run, Any]:
    """Open runs that could be worked on now and that nobody holds; ``since`` says from when."""
    due = Q(resumes_at=None) | Q(resumes_at__lte=now)
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    since = Greatest(Coalesce(F("resumes_at"), F("queued_at")), F("lease_until"))
    return open_runs().filter(due, free).annotate(since=since)


def forgotten_events() -> QuerySet[Event, Any]:
    """Events that wait although their connection works and no run is open that would look at them."""
    working = Event.objects.filter(state=EventState.WAITING, connection__state=ConnectionState.CONNECTED)
    return working.exclude(practice__in=open_runs().values("practice"))


def due_deliveries(now: datetime) -> QuerySet[Delivery, Any]:
    due = Q(not_before=None) | Q(not_before__lte=now)
    since = Coalesce(F("not_before"), F("alert__created_at"))
    waiting: QuerySet[Delivery, Any] = Delivery.objects.filter(
        due, state=DeliveryState.WAITING, channel__is_on=True
    )
    return waiting.annotate(since=since)


def oldest_due(now: datetime) -> datetime | None:
    """Since when the longest waiting work could have been done; ``None`` when nothing waits."""
    waits: list[datetime | None] = [
        due_runs(now).aggregate(oldest=Min("since"))["oldest"],
        forgotten_events().aggregate(oldest=Min("received_at"))["oldest"],
        due_deliveries(now).aggregate(oldest=Min("since"))["oldest"],
        comparing.ready(now).aggregate(oldest=Min("started_at"))["oldest"],
    ]
    return min((wait for wait in waits if wait is not None), default=None)
