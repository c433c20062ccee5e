"""Pages of the list of differences and of its groups, with what they come to, at a cost that hardly grows with them.

As in :mod:`sync.pages.long_lists`: what fits is looked for once and no further than :data:`ADDED_AT_ONCE`, and the page
is cut out of that. Where more fits, the page is taken along an index, groups are made of those with the most money, and
the sums of all are asked for afterwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.http import QueryDict

from sync.pages.long_lists import ADDED_AT_ONCE, EVERYTHING
from sync.pages.paging import MOST_PAGES, Asked, Column, Sheet, asked_for, cut
from sync.reconcile.at_stake import CHAINED, PER_CURRENCY, AtStake, at_stake, found_sql, stakes
from sync.report.choosing import DEFAULT_SORT, SORTS

QUICK = frozenset({"worst", "money", "since", "client", "document"})
"""Orders that an index has for differences in one state."""
QUICK_ANY = frozenset({"money"})
"""The same for differences in any state."""
GROUPED = {
    "cause": """
        SELECT kind, '', currency, count(*), sum(at_stake) AS stake, sum(tax_at_stake), min(first_seen_at)
        FROM found GROUP BY kind, currency""",
    "document": """
        SELECT document, max(client), currency, count(*), CASE WHEN document = '' THEN sum(at_stake)
            ELSE max(at_stake) END AS stake, CASE WHEN document = '' THEN sum(tax_at_stake) ELSE max(tax_at_stake) END,
            min(first_seen_at)
        FROM found GROUP BY document, coalesce(nullif(client_external_id, ''), client), currency""",
    "client": """
        SELECT party, max(client), currency, sum(number)::bigint,
            greatest(sum(once) FILTER (WHERE NOT is_whole), max(once) FILTER (WHERE is_whole)) AS stake,
            greatest(sum(tax) FILTER (WHERE NOT is_whole), max(tax) FILTER (WHERE is_whole)), min(oldest)
        FROM (
            SELECT currency, party, is_whole, max(client) AS client, max(at_stake) AS once, max(tax_at_stake) AS tax,
                count(*) AS number, min(first_seen_at) AS oldest
            FROM chained GROUP BY currency, party, is_whole, chain
        ) AS chains GROUP BY currency, party""",
}
"""Key, label, currency, how many, money, tax and since when; a cause adds up, the others count money once."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What the differences come to. When not ``counted`` there are more than were added up."""

    items: Sequence[AtStake]
    counted: bool

    @property
    def count(self) -> int:
        return sum(item.count for item in self.items) if self.counted else ADDED_AT_ONCE

    @property
    def overlaps(self) -> bool:
        return any(item.overlaps for item in self.items)


def all_sums(query: QuerySet[Any]) -> Sums:
    """Of every difference, however many."""
    return Sums(at_stake(query), counted=True)


def mismatch_sheet(
    query: QuerySet[Any], params: QueryDict, *, sorts: Mapping[str, Column] = SORTS, of_one_state: bool
) -> tuple[Sheet, Sums]:
    """The asked page of differences and what all of them come to. At most three queries, whatever their number."""
    asked = asked_for(params, sorts=sorts, default=DEFAULT_SORT)
    sums, keys = _look(query, asked)
    if not sums.counted:
        asked = asked.within(QUICK if of_one_state else QUICK_ANY, DEFAULT_SORT, sorts)
    pages = max(1, -(-sums.count // asked.size)) if sums.counted else MOST_PAGES
    if asked.number > pages:
        asked, keys = asked.on_page(pages), []
    rows: list[Any]
    if keys:
        found = query.order_by().in_bulk(keys)
        rows = [found[key] for key in keys if key in found]
    else:
        rows = cut(query, asked.order, asked.start, asked.size + 1, by_keys=True) if sums.count else []
    if params.get("totals") == EVERYTHING and not sums.counted:
        sums = all_sums(query)
    return asked.sheet(rows, count=sums.count, counted=sums.counted), sums


def group_sheet(query: QuerySet[Any], by: str, params: QueryDict) -> tuple[Sheet, Sums, bool]:
    """The asked page of groups, those with the most money first; and whether they are made of all differences.

    Of a longer list only those with the most money are grouped, unless all are asked for.
    """
    asked = asked_for(params, sorts=SORTS, default=DEFAULT_SORT)
    asked = asked.on_page(min(asked.number, MOST_PAGES))
    wants_all = params.get("totals") == EVERYTHING
    sums = all_sums(query) if wants_all else _look(query, asked)[0]
    if sums.counted:
        rows = _groups(query.order_by(), by, None, asked)
    else:
        rows = _groups(query.order_by("-at_stake", "-pk"), by, ADDED_AT_ONCE, asked)
    ends = len(rows) <= asked.size
    page = asked.sheet(rows, count=asked.start + min(len(rows), asked.size), counted=ends)
    return page, sums, sums.counted


def _look(query: QuerySet[Any], asked: Asked) -> tuple[Sums, list[Any]]:
    """What the differences come to, and the keys of the asked page; these only where all were looked at.

    Whether there are too many is told first, by an index alone where there is one.
    """
    try:
        keys, key_values = query.order_by().values("pk")[: ADDED_AT_ONCE + 1].query.sql_with_params()
        inner, values = found_sql(query.order_by(), most=ADDED_AT_ONCE + 1, sort=asked.column)
    except EmptyResultSet:
        return Sums([], counted=True), []
    way = asked.sql_order("sort_key", "pk")
    statement = f"""
        WITH fitting AS MATERIALIZED (SELECT count(*) AS number FROM ({keys}) AS keys),
        found AS MATERIALIZED (SELECT * FROM ({inner}) AS rows WHERE (SELECT number FROM fitting) <= {ADDED_AT_ONCE}),
        {CHAINED}, {PER_CURRENCY}
        SELECT -1 AS place, number AS pk, NULL AS currency, 0 AS number, 0 AS once, 0 AS tax, 0 AS every,
            0 AS every_tax FROM fitting
        UNION ALL
        SELECT 0, NULL, * FROM per_currency
        UNION ALL
        (SELECT row_number() OVER (ORDER BY {way}), pk, NULL, NULL, NULL, NULL, NULL, NULL FROM found
            ORDER BY {way} LIMIT %s OFFSET %s)
        ORDER BY place, currency
    """  # noqa: S608  names are ours, values are passed
    with connection.cursor() as cursor:
        cursor.execute(statement, [*key_values, *values, asked.size + 1, asked.start])
        (_, number, *_), *rows = cursor.fetchall()
    items = stakes([row[2:] for row in rows if row[0] == 0])
    return Sums(items, counted=number <= ADDED_AT_ONCE), [row[1] for row in rows if row[0]]


def _groups(query: QuerySet[Any], by: str, most: int | None, asked: Asked) -> list[Any]:
    try:
        inner, values = found_sql(query, most=most)
    except EmptyResultSet:
        return []
    statement = f"""
        WITH found AS MATERIALIZED ({inner}), {CHAINED}
        SELECT * FROM ({GROUPED[by]}) AS grouped (name, label, currency, number, stake, tax, oldest)
        ORDER BY stake DESC, number DESC, name, label, currency LIMIT %s OFFSET %s
    """  # noqa: S608  names are ours, values are passed
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, asked.size + 1, asked.start])
        return list(cursor.fetchall())
