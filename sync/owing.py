"""What waits to be written, grouped: everything that pages add up about open Changes, out of one look at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Min, Sum

from practices.models import Practice
from sync.models import OPEN_CHANGE_STATES, Change


@dataclass(frozen=True, slots=True)
class Group:
    """Open Changes that agree in all of this. ``amount`` is ``None`` when none of them has one."""

    flow: int
    kind: str
    verb: str
    state: str
    reason: str
    parked_as: str
    currency: str
    count: int
    amount: Decimal | None
    oldest: datetime


Groups = Sequence[Group]


def open_groups(practice: Practice) -> list[Group]:
    """One query, which the index on open Changes answers by itself."""
    rows = (
        Change.objects.filter(practice=practice, state__in=OPEN_CHANGE_STATES)
        .order_by()
        .values_list("flow", "kind", "verb", "state", "reason", "parked_as", "currency")
        .annotate(number=Count("*"), total=Sum("amount"), oldest=Min("created_at"))
    )
    return [Group(*row) for row in rows]


def reasons_in(groups: Groups) -> list[str]:
    """Causes that occur among them, for a filter."""
    return sorted({code for group in groups for code in (group.reason, group.parked_as) if code})
