"""What is open and what was accepted in a period, and what hangs on it.

A period has the differences that are dated in it. Those that have money and no date, such as what is said of a client
as a whole, are open whichever month is closed: they stand beside every period and are in the figures of none. Each part
is a list of the report too, and comes to the same there.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Sum

from practices.models import Practice
from sync.close.periods import Period
from sync.models import Mismatch, MismatchState
from sync.pages.mismatch_list import Sums, all_sums

CRITICAL = 0
"""The rank of what has to be settled, or explained, before a period is signed off."""
CENT = "0.01"
ADDED_WITH_THE_PAGE = 2_500
"""Differences of one part that are added up while the page is made; of more its own script asks for the sums."""
OPEN, OPEN_UNDATED, ACCEPTED, ACCEPTED_UNDATED = PARTS = (
    "open",
    "open_undated",
    "accepted",
    "accepted_undated",
)
UNDATED = frozenset({OPEN_UNDATED, ACCEPTED_UNDATED})
_STATES = {
    OPEN: MismatchState.OPEN,
    OPEN_UNDATED: MismatchState.OPEN,
    ACCEPTED: MismatchState.ACCEPTED,
    ACCEPTED_UNDATED: MismatchState.ACCEPTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Differences of one kind in one currency, added up one by one. ``taxed`` of them have tax at stake."""

    kind: str
    currency: str
    count: int
    money: Decimal
    tax: Decimal
    taxed: int
    critical: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakes:
    """One part of what is there in a period. ``sums`` count money once that several differences hang on.

    They are not ``counted`` where there are too many to add up while somebody waits. ``query`` is the report's.
    """

    part: str
    query: str
    groups: tuple[Group, ...]
    sums: Sums

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups)

    @property
    def critical(self) -> int:
        return sum(group.critical for group in self.groups)

    @property
    def taxed(self) -> int:
        return sum(group.taxed for group in self.groups)

    @property
    def is_dated(self) -> bool:
        return self.part not in UNDATED

    @property
    def one_by_one(self) -> dict[str, Decimal]:
        """What is at stake by currency, the same money as often as differences hang on it."""
        out: dict[str, Decimal] = {}
        for group in self.groups:
            if group.currency:
                out[group.currency] = out.get(group.currency, Decimal(0)) + group.money
        return dict(sorted(out.items()))


def stakes_of(
    practice: Practice, period: Period, *, adding: Collection[str] = PARTS, whole: bool = False
) -> dict[str, Stakes]:
    """Every part of a period. Two queries, and one for each part of ``adding`` that has few enough to be added up.

    ``whole``: however many there are.
    """
    groups: dict[str, list[Group]] = {part: [] for part in PARTS}
    for parts in ((OPEN, ACCEPTED), (OPEN_UNDATED, ACCEPTED_UNDATED)):
        by_state = {_STATES[part].value: part for part in parts}
        some = Mismatch.objects.filter(_placed(period, parts[0]), practice=practice, state__in=list(by_state))
        for row in _grouped(some):
            groups[by_state[row.pop("state")]].append(Group(**row))
    return {
        part: Stakes(
            part=part,
            query=query_of(period, part),
            groups=tuple(found),
            sums=_sums(practice, period, part, found, whole=whole) if part in adding else NOT_ADDED,
        )
        for part, found in groups.items()
    }


def rows_of(practice: Practice, period: Period, part: str) -> QuerySet[Mismatch]:
    """The differences of one part."""
    rows: QuerySet[Mismatch] = Mismatch.objects.filter(
        _placed(period, part), practice=practice, state=_STATES[part]
    )
    return rows


def query_of(period: Period, part: str) -> str:
    """What asks the report for the same differences."""
    asked = {"dated": "no", "least": CENT} if part in UNDATED else _days(period)
    state = {} if _STATES[part] == MismatchState.OPEN else {"state": _STATES[part].value}
    return urlencode({**asked, **state})


NOT_ADDED = Sums((), counted=False)


def _sums(practice: Practice, period: Period, part: str, groups: list[Group], *, whole: bool) -> Sums:
    count = sum(group.count for group in groups)
    if not count:
        return Sums((), counted=True)
    return all_sums(rows_of(practice, period, part)) if whole or count <= ADDED_WITH_THE_PAGE else NOT_ADDED


def _days(period: Period) -> dict[str, str]:
    return {"since": period.starts_on.isoformat(), "until": period.ends_on.isoformat()}


def _placed(period: Period, part: str) -> Q:
    """Whether a difference is of this part, by its day; said so that one index tells it without reading any row."""
    if part in UNDATED:
        return Q(dated_on=None, currency__gt="", at_stake__gte=Decimal(CENT))
    return Q(dated_on__range=(period.starts_on, period.ends_on))


def _grouped(rows: QuerySet[Mismatch]) -> list[dict[str, Any]]:
    found = (
        rows.order_by()
        .values("state", "kind", "currency")
        .annotate(
            count=Count("*"),
            money=Sum("at_stake"),
            tax=Sum("tax_at_stake"),
            taxed=Count("tax_at_stake", filter=~Q(tax_at_stake=0)),
            critical=Count("rank", filter=Q(rank=CRITICAL)),
        )
    )
    return [dict(row) for row in found]
