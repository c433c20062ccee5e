"""Long lists: what their rows come to and one page of them, at a cost that hardly grows with their number.

What fits is looked for once, in whatever order is cheapest, and no further than :data:`ADDED_AT_ONCE`; the page is cut
out of that. So the database never walks along the order shown in the hope of meeting a rare row. Where more than that
fits, such rows are met at every step, and the page is taken along an index.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, F, QuerySet, Sum
from django.http import QueryDict

from sync.pages.paging import MOST_PAGES, Asked, Column, Sheet, asked_for, cut

ADDED_AT_ONCE = 10_000
"""Rows that are counted and added up while the page is made."""
EVERYTHING = "all"
"""``?totals=all`` counts and adds up all rows, however many; the page's own script asks for it afterwards."""


@dataclass(frozen=True, slots=True)
class Total:
    currency: str
    amount: Decimal | None
    count: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Per currency. When not ``counted`` there are more rows than were added up."""

    items: Sequence[Total]
    counted: bool

    @property
    def count(self) -> int:
        return sum(item.count for item in self.items) if self.counted else ADDED_AT_ONCE


def long_list(
    query: QuerySet[Any],
    params: QueryDict,
    *,
    sorts: Mapping[str, Column],
    default: str,
    quick: Collection[str],
) -> tuple[Sheet, Totals]:
    """The asked page of a list with amounts. ``sorts`` and ``default`` are as for :func:`sync.pages.paging.sheet`.

    ``quick`` names the sort orders that an index has; by any other a list is sorted only as far as all of it was
    looked at. Two queries, whatever the number of rows.
    """
    asked = asked_for(params, sorts=sorts, default=default)
    if params.get("totals") == EVERYTHING:
        totals, pks = Totals(_per_currency(query), counted=True), None
        if totals.count > ADDED_AT_ONCE:
            asked = asked.within(quick, default, sorts)
    else:
        totals, pks = _look(query, asked)
        if not totals.counted:
            asked = asked.within(quick, default, sorts)
    pages = max(1, -(-totals.count // asked.size)) if totals.counted else MOST_PAGES
    if asked.number > pages:
        asked, pks = asked.on_page(pages), None
    wanted = asked.size + 1
    if pks is None or not totals.counted:
        rows = cut(query, asked.order, asked.start, wanted, by_keys=True)
    else:
        found = query.order_by().in_bulk(pks)
        rows = [found[pk] for pk in pks if pk in found]
    return asked.sheet(rows, count=totals.count, counted=totals.counted), totals


def _look(query: QuerySet[Any], asked: Asked) -> tuple[Totals, list[Any]]:
    """What the rows come to, and the keys of the asked page (of no meaning when more rows fit than were looked at)."""
    fitting = query.order_by().annotate(sort_key=F(asked.column))
    looked_at = fitting.values_list("pk", "currency", "amount", "sort_key")[: ADDED_AT_ONCE + 1]
    try:
        inner, values = looked_at.query.sql_with_params()
    except EmptyResultSet:
        return Totals([], counted=True), []
    way = asked.sql_order("sort_key", "pk")
    statement = f"""
        WITH found (pk, currency, amount, sort_key) AS MATERIALIZED ({inner})
        SELECT 0 AS place, NULL AS pk, currency, count(*) AS number, sum(amount) AS amount FROM found GROUP BY currency
        UNION ALL
        (SELECT row_number() OVER (ORDER BY {way}), pk, NULL, NULL, NULL FROM found
            ORDER BY {way} LIMIT %s OFFSET %s)
        ORDER BY place, number DESC
    """  # noqa: S608  names are ours, values are passed
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, asked.size + 1, asked.start])
        rows = cursor.fetchall()
    items = [Total(currency, amount, number) for place, _, currency, number, amount in rows if place == 0]
    counted = sum(item.count for item in items) <= ADDED_AT_ONCE
    return Totals(items, counted=counted), [pk for place, pk, *_ in rows if place]


def _per_currency(query: QuerySet[Any]) -> list[Total]:
    rows = (
        query.order_by().values_list("currency").annotate(n=Count("pk"), total=Sum("amount")).order_by("-n")
    )
    return [Total(currency, total, count) for currency, count, total in rows]
