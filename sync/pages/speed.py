"""How long a change takes from one system into the other: measured, not promised."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F

from practices.models import Practice
from sync.models import SYNCED_KINDS, Change, Kind

PERIOD = timedelta(hours=24)


class Percentile(Aggregate):
    """PostgreSQL's ``percentile_cont``: the value below which this part of the rows lies."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(part)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()

    def __init__(self, expression: object, part: float) -> None:
        super().__init__(expression, part=part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """From a change in the source until it was read back from the target: half of them, and nineteen of twenty."""

    kind: Kind
    count: int
    half: timedelta
    most: timedelta


def lags(practice: Practice, now: datetime) -> Sequence[Lag]:
    """Per kind over the last day. What waited for a person is left out."""
    took = ExpressionWrapper(F("verified_at") - F("source_changed_at"), output_field=DurationField())
    rows = (
        Change.objects.filter(
            practice=practice,
            kind__in=SYNCED_KINDS,
            source_changed_at__isnull=False,
            verified_at__gte=now - PERIOD,
        )
        .order_by()
        .values_list("kind")
        .annotate(count=Count("pk"), half=Percentile(took, 0.5), most=Percentile(took, 0.95))
    )
    found = {
        kind: Lag(kind=Kind(kind), count=count, half=half, most=most) for kind, count, half, most in rows
    }
    return [found[kind] for kind in SYNCED_KINDS if kind in found]
