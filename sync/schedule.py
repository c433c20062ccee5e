"""Which practices are due for a run: the time has come, or a Change that waited may be tried again."""

from datetime import datetime, timedelta

from practices.models import Connection, ConnectionState
from sync.models import OPEN_RUN_STATES, Change, Mode, Run


def due(now: datetime, *, every_minutes: int) -> list[int]:
    """Ids of practices that are connected on every side, have no open run, and whose last run is old enough or left
    work that may be tried now."""
    states: dict[int, set[str]] = {}
    for practice, state in Connection.objects.exclude(state=ConnectionState.DISCONNECTED).values_list(
        "practice", "state"
    ):
        states.setdefault(practice, set()).add(state)
    ready = {practice for practice, found in states.items() if found == {ConnectionState.CONNECTED}}
    ready -= set(Run.objects.filter(state__in=OPEN_RUN_STATES).values_list("practice", flat=True))
    recent = set(
        Run.objects.filter(queued_at__gt=now - timedelta(minutes=every_minutes)).values_list(
            "practice", flat=True
        )
    )
    owing = set(
        Change.objects.due(now)
        .filter(not_before__isnull=False, connection__state=ConnectionState.CONNECTED)
        .exclude(flow__mode=Mode.WATCH)
        .values_list("practice", flat=True)
    )
    return sorted((ready - recent) | (ready & owing))
