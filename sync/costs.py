"""What something will cost in calls, told before it is done. Estimates from what was read last time; rounded up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from connectors import registry
from connectors.base import ReadPlan
from practices.features import is_granted
from practices.models import Connection, Practice
from sync import budget, throttle
from sync.flows import BATCH_SIZE
from sync.models import Change, ChangeState, Cursor, Mode, Snapshot
from sync.slice import usable

SLOW_AFTER = timedelta(hours=1)
"""Lists that seldom change are left out when they were read within this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Calls to one provider, and how many it lets us make today as far as is known."""

    connection: Connection
    calls: int
    left_today: int | None


def of_sync(practice: Practice, *, full: bool = False) -> list[Cost]:
    """A sync that a person starts now: reading every list, and writing what waits."""
    return [
        _cost(connection, _reading(connection, full=full) + _writing(connection))
        for connection in usable(practice)
    ]


def batches(changes: int) -> int:
    return -(-changes // BATCH_SIZE)


def _reading(connection: Connection, *, full: bool) -> int:
    """One call for a list read before, as many as it has pages for one read from the start."""
    read = set(
        Cursor.objects.filter(connection=connection, completed_at__isnull=False).values_list(
            "kind", "variant"
        )
    )
    now = timezone.now()
    slow = set(
        Cursor.objects.filter(connection=connection, completed_at__gt=now - SLOW_AFTER).values_list(
            "kind", flat=True
        )
    )
    calls, whole = 0, []
    for plan in _plans(connection):
        if full or (plan.kind.value, plan.variant) not in read:
            whole.append(plan)
        elif not plan.every_minutes or plan.kind.value not in slow:
            calls += 1
    return calls + _reading_all(connection, whole)


def _reading_all(connection: Connection, plans: Sequence[ReadPlan]) -> int:
    """As many calls as the lists have pages, going by what they held when they were read last."""
    if not plans:
        return 0
    rows = Snapshot.objects.filter(connection=connection, gone_at=None).order_by().values_list("kind")
    held: dict[str, int] = dict(rows.annotate(Count("pk")))
    size = registry.PAGE_SIZES[connection.provider]
    return sum(1 if plan.variant else max(-(-held.get(plan.kind.value, 0) // size), 1) for plan in plans)


def _plans(connection: Connection) -> Iterable[ReadPlan]:
    plans = registry.READ_PLANS[connection.provider]
    return [plan for plan in plans if not plan.optional or is_granted(connection, plan.kind)]


def _writing(connection: Connection) -> int:
    rows = (
        Change.objects.filter(connection=connection, state=ChangeState.PENDING)
        .exclude(flow__mode=Mode.WATCH)
        .order_by()
        .values_list("kind", "verb")
        .annotate(Count("pk"))
    )
    return sum(batches(number) for _, _, number in rows)


def _cost(connection: Connection, calls: int) -> Cost:
    limits, spent = budget.limits_of(connection.provider), budget.spent_of(budget.today(connection))
    return Cost(
        connection=connection,
        calls=calls,
        left_today=throttle.day_left(limits, spent),
    )
