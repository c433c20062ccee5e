"""What differences come to, with money that several of them hang on counted once.

An invoice that is missing in Xero has a payment there that nobody can post, and both are about the same money. So what
hangs on one document (its own differences, those of its lines and of the payments for it) counts as much as the largest
of them. What is said of a client as a whole counts only as far as it is more than that client's documents together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, QuerySet

BY_RECORD = ("payment_unallocated", "invoice_repeating")
"""Kinds whose document is a reference that several of them may share: each record counts by itself."""
# fmt: off
READ = (
    "pk", "kind", "about", "currency", "client_external_id", "client", "document",
    "at_stake", "tax_at_stake", "first_seen_at", "source_external_ids", "target_external_ids",
)
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class AtStake:
    """Differences in one currency; those without money have none. ``at_stake`` and ``tax`` count money once.

    ``every`` and ``every_tax`` are what the differences add up to, one by one.
    """

    currency: str
    count: int
    at_stake: Decimal
    tax: Decimal
    every: Decimal
    every_tax: Decimal

    @property
    def overlaps(self) -> bool:
        """Whether some money hangs on more than one of them."""
        return self.every != self.at_stake


def at_stake(query: QuerySet[Any]) -> list[AtStake]:
    """What these differences come to, by currency. One query, which looks at each of them once."""
    try:
        inner, values = found_sql(query.order_by())
    except EmptyResultSet:
        return []
    statement = f"""
        WITH found AS MATERIALIZED ({inner}), {CHAINED}, {PER_CURRENCY}
        SELECT * FROM per_currency ORDER BY currency
    """  # noqa: S608  names are ours, values are passed
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return stakes(cursor.fetchall())


def found_sql(
    query: QuerySet[Any], *, most: int | None = None, sort: str = "pk"
) -> tuple[str, Sequence[Any]]:
    """The differences, ``most`` of them, as a query with the columns that :data:`CHAINED` reads, and ``sort_key``.

    Raises ``EmptyResultSet`` when none can fit.
    """
    sql, values = query.values_list(*READ, F(sort))[:most].query.sql_with_params()
    return f"SELECT * FROM ({sql}) AS found_rows ({', '.join(READ)}, sort_key)", values  # noqa: S608  our own names


def stakes(rows: Sequence[Sequence[Any]]) -> list[AtStake]:
    """The rows of ``per_currency``."""
    return [
        AtStake(currency=code, count=number, at_stake=once, tax=tax, every=every, every_tax=every_tax)
        for code, number, once, tax, every, every_tax in rows
    ]


_BY_RECORD = ", ".join(f"'{code}'" for code in BY_RECORD)
_RECORD = (
    f"CASE WHEN kind IN ({_BY_RECORD}) THEN target_external_ids ->> 0"
    " ELSE coalesce(source_external_ids ->> 0, target_external_ids ->> 0) END"
)
CHAINED = f"""
    named AS (
        SELECT currency, at_stake, tax_at_stake, first_seen_at, client, client_external_id,
            coalesce(nullif(client_external_id, ''), client) AS party,
            CASE WHEN kind IN ({_BY_RECORD}) THEN '' ELSE document END AS document,
            about = 'contact' AND document = '' AND client <> '' AS is_whole,
            coalesce({_RECORD}, 'difference ' || pk) AS record
        FROM found
    ),
    known AS (
        SELECT record, currency, min(document) AS document FROM named WHERE document <> '' AND record IN
            (SELECT record FROM named WHERE document = '' AND NOT is_whole) GROUP BY record, currency
    ),
    chained AS (
        SELECT n.*, CASE WHEN n.is_whole THEN '' WHEN n.document <> '' THEN 'document ' || n.document
            WHEN k.document IS NOT NULL THEN 'document ' || k.document ELSE 'record ' || n.record END AS chain
        FROM named AS n LEFT JOIN known AS k
            ON n.document = '' AND NOT n.is_whole AND k.record = n.record AND k.currency = n.currency
    )
"""  # noqa: S608  codes of our own
"""From ``found`` to ``chained``: each difference with the name of what its money hangs on."""
PER_CURRENCY = """
    documents AS (
        SELECT currency, max(party) AS party, max(at_stake) AS once, max(tax_at_stake) AS tax,
            sum(at_stake) AS every, sum(tax_at_stake) AS every_tax, count(*) AS number
        FROM chained WHERE NOT is_whole GROUP BY currency, chain
    ),
    wholes AS (
        SELECT currency, party, max(at_stake) AS once, max(tax_at_stake) AS tax,
            sum(at_stake) AS every, sum(tax_at_stake) AS every_tax, count(*) AS number
        FROM chained WHERE is_whole GROUP BY currency, party
    ),
    theirs AS (
        SELECT currency, party, sum(once) AS once, sum(tax) AS tax FROM documents
        WHERE party IN (SELECT party FROM wholes) GROUP BY currency, party
    ),
    parts AS (
        SELECT currency, number, once, tax, every, every_tax FROM documents
        UNION ALL
        SELECT w.currency, w.number, greatest(w.once - coalesce(t.once, 0), 0),
            greatest(w.tax - coalesce(t.tax, 0), 0), w.every, w.every_tax
        FROM wholes AS w LEFT JOIN theirs AS t USING (currency, party)
    ),
    per_currency AS (
        SELECT currency, sum(number)::bigint AS number, sum(once) AS once, sum(tax) AS tax, sum(every) AS every,
            sum(every_tax) AS every_tax
        FROM parts GROUP BY currency
    )
"""
"""From ``chained`` to ``per_currency``: how many, what is at stake and the tax in it, once and one by one."""
