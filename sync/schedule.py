"""Which practices are due for a regular run: the time has come, or a Change that waited may be tried again.

Hints make changes quick; regular reading makes them certain. It is more frequent while it finds something new and
slows down while it doesn't, or while the day's calls run short.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Max

from practices.models import Connection, ConnectionState, Practice
from sync import budget, throttle
from sync.models import OPEN_RUN_STATES, Budget, Change, Mode, Purpose, Run

OVERDUE = 3
"""A run that is this many intervals late is missing."""
AT_LEAST_LATE = timedelta(minutes=30)


def interval(quiet: int, *, share_left: float) -> timedelta:
    """How long after a regular run the next one is due. ``quiet`` runs in a row found nothing new."""
    shortest = timedelta(minutes=settings.SYNC_EVERY_MINUTES)
    longest = max(timedelta(minutes=settings.SYNC_AT_LEAST_EVERY_MINUTES), shortest)
    usual: timedelta = min(shortest * 2 ** min(quiet, 10), longest)
    if share_left < 0.25:
        return usual * 4
    return usual * 2 if share_left < 0.5 else usual


def due(now: datetime) -> list[int]:
    """Ids of practices that are connected on every side, have no open run, and whose last run is old enough or left
    work that may be tried now."""
    ready = _connected()
    open_runs = Run.objects.filter(state__in=OPEN_RUN_STATES).exclude(purpose=Purpose.LIVE)
    ready -= set(open_runs.values_list("practice", flat=True))
    last = _last_runs(ready)
    shares = _shares_left(now)
    timely = {
        practice
        for practice in ready
        if practice not in last
        or now >= last[practice][0] + interval(last[practice][1], share_left=shares.get(practice, 1.0))
    }
    owing = set(
        Change.objects.due(now)
        .filter(practice__in=ready, not_before__isnull=False, connection__state=ConnectionState.CONNECTED)
        .exclude(flow__mode=Mode.WATCH)
        .values_list("practice", flat=True)
    )
    return sorted(timely | owing)


def overdue(practice: Practice, now: datetime) -> datetime | None:
    """Since when a run has been missing that was due by the clock; ``None`` when none is.

    A run counts from its queueing; one that is open but that nobody worked on for as long is missing too.
    """
    if practice.pk not in _connected(practice):
        return None
    last = _last_runs({practice.pk}).get(practice.pk)
    connected = Connection.objects.filter(practice=practice).aggregate(at=Max("connected_at"))["at"]
    quiet = last[1] if last else 0
    expected = (last[0] if last else connected) + interval(quiet, share_left=0)
    late = max(interval(quiet, share_left=0) * OVERDUE, AT_LEAST_LATE)
    open_run = Run.objects.filter(practice=practice, state__in=OPEN_RUN_STATES).exclude(purpose=Purpose.LIVE)
    if open_run.filter(resumes_at__gt=now).exists():
        return None
    return expected if now > expected + late else None


def _connected(practice: Practice | None = None) -> set[int]:
    rows = Connection.objects.exclude(state=ConnectionState.DISCONNECTED)
    if practice is not None:
        rows = rows.filter(practice=practice)
    states: dict[int, set[str]] = {}
    for found, state in rows.values_list("practice", "state"):
        states.setdefault(found, set()).add(state)
    return {found for found, seen in states.items() if seen == {ConnectionState.CONNECTED}}


def _last_runs(practices: set[int]) -> dict[int, tuple[datetime, int]]:
    """When each practice's last regular run was queued, and how quiet it was."""
    rows = (
        Run.objects.filter(practice__in=practices)
        .exclude(purpose=Purpose.LIVE)
        .order_by("practice", "-queued_at", "-pk")
        .distinct("practice")
        .values_list("practice", "queued_at", "quiet")
    )
    return {practice: (queued, quiet) for practice, queued, quiet in rows}


def _shares_left(now: datetime) -> dict[int, float]:
    """The smallest part of a day's calls that is left to any connection of each practice."""
    shares: dict[int, float] = {}
    for row in Budget.objects.filter(day=now.astimezone(UTC).date()).select_related("connection"):
        limits, spent = budget.limits_of(row.connection.provider), budget.spent_of(row)
        most, left = throttle.day_limit(limits, spent), throttle.day_left(limits, spent)
        if most and left is not None:
            shares[row.practice_id] = min(shares.get(row.practice_id, 1.0), left / most)
    return shares
