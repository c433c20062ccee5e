"""How comparisons came out over time: a chart of the last months, the list of all, and one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

import django_filters as filters
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from practices.models import Practice
from sync.models import CompareState, ReconcileRun, Scope, Trigger
from sync.pages.paging import Sheet, sheet
from sync.reconcile.kinds import KINDS, rank
from sync.report.choosing import named

DAYS = 90
WIDTH, HEIGHT = 900, 160
SHOWN = ("coverage", "totals", "counts", "clients")
"""What a list does not show, and what is large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One day's last comparison of everything. ``x`` and ``y`` are its place in the drawing."""

    day: date
    value: Decimal
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One line over the last 90 days; ``currency`` is empty for a count."""

    title: str
    currency: str
    points: Sequence[Point]
    top: Decimal

    @property
    def line(self) -> str:
        return " ".join(f"{point.x:g},{point.y:g}" for point in self.points)

    @property
    def area(self) -> str:
        first, last = self.points[0], self.points[-1]
        return f"{first.x:g},{HEIGHT} {self.line} {last.x:g},{HEIGHT}"

    @property
    def now(self) -> Decimal:
        return self.points[-1].value

    @property
    def half(self) -> Decimal:
        return self.top / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """One day in numbers, for those who don't see the chart."""

    day: date
    count: int
    money: Sequence[tuple[str, Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    charts: Sequence[Chart]
    days: Sequence[DayLine]
    first: date
    last: date


class ComparisonFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    scope = filters.ChoiceFilter(choices=Scope.choices, label="Compared", empty_label="Anything")
    trigger = filters.ChoiceFilter(choices=Trigger.choices, label="Started by", empty_label="Any")
    state = filters.ChoiceFilter(choices=CompareState.choices, label="State", empty_label="Any")

    class Meta:
        model = ReconcileRun
        fields: ClassVar[list[str]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """One comparison; ``took`` is empty for one that has not ended."""

    item: ReconcileRun
    took: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonList:
    sheet: Sheet
    rows: Sequence[ComparisonRow]
    filter: ComparisonFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLine:
    """One kind of difference that a comparison found, per currency what hung on it."""

    label: str
    is_kept: bool
    count: int
    amounts: Sequence[tuple[str, Decimal]]


def history(practice: Practice, now: datetime) -> History:
    """The chart's days, newest last. One query."""
    today = timezone.localdate(now)
    first = today - timedelta(days=DAYS - 1)
    runs = (
        ReconcileRun.objects.filter(
            practice=practice,
            scope=Scope.FULL,
            state=CompareState.DONE,
            finished_at__gt=now - timedelta(days=DAYS + 1),
        )
        .order_by("pk")
        .values_list("finished_at", "open_count", "open_money")
    )
    days: dict[date, DayLine] = {}
    for finished_at, count, money in runs:
        day = timezone.localdate(finished_at)
        if first <= day <= today:
            days[day] = DayLine(day=day, count=count, money=_money(money))
    lines = [days[day] for day in sorted(days)]
    currencies = sorted({code for line in lines for code, _ in line.money}) or [practice.base_currency]
    charts = [_chart("Open differences", "", first, [(line.day, Decimal(line.count)) for line in lines])]
    for code in currencies:
        values = [(line.day, dict(line.money).get(code, Decimal(0))) for line in lines]
        charts.append(_chart(f"At stake in {code}", code, first, values))
    return History(charts=charts if lines else [], days=lines[::-1], first=first, last=today)


def comparisons(practice: Practice, params: QueryDict) -> ComparisonList:
    """One page of comparisons, the newest first."""
    base: QuerySet[Any] = ReconcileRun.objects.filter(practice=practice)
    narrowed = ComparisonFilter(params, queryset=base.select_related("actor").defer(*SHOWN))
    query = narrowed.qs
    count = query.order_by().count()
    page = sheet(query, params, count=count, sorts={"newest": "pk"}, default="-newest")
    return ComparisonList(sheet=page, rows=[_row(item) for item in page.rows], filter=narrowed)


def count_lines(run: ReconcileRun) -> list[CountLine]:
    """What a comparison found of each kind, the worst first."""
    lines = []
    for code in sorted(run.counts, key=lambda code: (rank(code) if code in KINDS else 99, code)):
        found, kind = run.counts[code], KINDS.get(code)
        amounts = [(currency, _amount(item.get("at_stake"))) for currency, item in found["amounts"].items()]
        lines.append(
            CountLine(
                label=named(kind) if kind else code,
                is_kept=kind.kept if kind else True,
                count=found["count"],
                amounts=[(currency, amount) for currency, amount in amounts if amount],
            )
        )
    return lines


def took(run: ReconcileRun) -> timedelta | None:
    return run.finished_at - run.started_at if run.state == CompareState.DONE else None


def _row(item: ReconcileRun) -> ComparisonRow:
    return ComparisonRow(item=item, took=took(item))


def _money(values: dict[str, str]) -> tuple[tuple[str, Decimal], ...]:
    return tuple((code, _amount(values[code])) for code in sorted(values))


def _amount(text: Any) -> Decimal:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return Decimal(0)


def _chart(title: str, currency: str, first: date, values: list[tuple[date, Decimal]]) -> Chart:
    top = round_up(max((value for _, value in values), default=Decimal(0)))
    points = [
        Point(
            day=day,
            value=value,
            x=round(WIDTH * (day - first).days / (DAYS - 1), 1),
            y=round(HEIGHT - float(value / top) * HEIGHT, 1),
        )
        for day, value in values
    ]
    return Chart(title=title, currency=currency, points=points, top=top)


def round_up(value: Decimal) -> Decimal:
    """The end of the scale: the next of 1, 2 and 5 with zeros behind that holds the value."""
    if value <= 0:
        return Decimal(1)
    unit = Decimal(10) ** value.adjusted()
    return next(unit * step for step in (1, 2, 5, 10) if unit * step >= value)
