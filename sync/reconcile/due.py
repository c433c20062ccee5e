"""Things done again and again by the practice's clock: when the next time is, and who does this one."""

from datetime import datetime

from sync.models import CompareSchedule, ReportSchedule
from sync.reconcile.timing import next_time
from sync.zones import zone_of

Timed = CompareSchedule | ReportSchedule


def next_of(timed: Timed, after: datetime) -> datetime | None:
    """The first time after an instant; ``None`` for never."""
    return next_time(
        timed.cadence,
        hour=timed.hour,
        weekday=timed.weekday,
        monthday=timed.monthday,
        zone=zone_of(timed.practice.time_zone),
        after=after,
    )


def take(timed: Timed, now: datetime) -> bool:
    """Move a schedule that is due on to its next time; ``False`` when somebody else was faster.

    Call it in the transaction of what is done: whoever takes it does it, once.
    """
    mine = type(timed).objects.filter(pk=timed.pk, next_at=timed.next_at)
    return bool(mine.update(next_at=next_of(timed, now)))
