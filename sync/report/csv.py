"""The report as a CSV file for a spreadsheet."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import IO, Any
from zoneinfo import ZoneInfo

from django.http import QueryDict

from mappings.csv_tables import safe_cells
from practices.models import Practice, User
from sync.reconcile.at_stake import at_stake
from sync.report.choosing import Chosen, choose
from sync.report.rows import ADDED, COLUMNS, ONCE, ONCE_WORDS, TOTAL, Adding, rows_of
from sync.zones import zone_of

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes the file for another character set."""
CENT = Decimal("0.01")
PIECE = 64 * 1024
"""Letters that are sent together."""


def write_csv(practice: Practice, params: QueryDict, stream: IO[bytes], user: User | None = None) -> int:
    """Write the whole file; how many differences are in it."""
    file = csv_file(practice, params, user)
    for part in file.parts:
        stream.write(part)
    return file.count


@dataclass(frozen=True, slots=True)
class CsvFile:
    """``count`` differences as UTF-8 in pieces, in little memory however many there are."""

    count: int
    parts: Iterator[bytes]


def csv_file(practice: Practice, params: QueryDict, user: User | None = None) -> CsvFile:
    """The differences that the page shows, and what they come to; the last lines are the totals.

    Text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    chosen = choose(practice, params, user)
    parts = _in_pieces(_lines(chosen, zone_of(practice.time_zone)))
    return CsvFile(chosen.query.order_by().count(), parts)


def _lines(chosen: Chosen, zone: ZoneInfo) -> Iterator[list[str]]:
    def shown(how: str, value: Any) -> str:
        if value is None:
            return ""
        if how == "day":
            return (value.astimezone(zone).date() if isinstance(value, datetime) else value).isoformat()
        if how == "money":
            return f"{value.quantize(CENT):f}"
        if how == "number":
            return str(value)
        return safe_cells(str(value))[0]

    adding = Adding()
    yield [column.label for column in COLUMNS]
    for row in rows_of(chosen):
        yield [shown(column.how, column.of(row)) for column in COLUMNS]
        adding.add(row)
    for currency, count, amounts in adding.lines():
        yield _total(TOTAL, count_words(count), currency, amounts)
    for item in at_stake(chosen.query):
        if item.currency:
            yield _total(ONCE, ONCE_WORDS, item.currency, [item.at_stake, item.tax])


def _in_pieces(lines: Iterator[list[str]]) -> Iterator[bytes]:
    """The first line goes out at once, so that nobody gives up waiting while the database puts the rows in order."""
    out = io.StringIO(BYTE_ORDER_MARK, newline="")
    out.seek(0, io.SEEK_END)
    writer = csv.writer(out)
    for number, line in enumerate(lines):
        writer.writerow(line)
        if not number or out.tell() >= PIECE:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _total(title: str, text: str, currency: str, amounts: Sequence[Decimal]) -> list[str]:
    cells = {"Cause": title, "What differs": text, "Currency": currency}
    if currency:
        cells |= {label: f"{amount.quantize(CENT):f}" for label, amount in zip(ADDED, amounts, strict=False)}
    return [cells.get(column.label, "") for column in COLUMNS]


def count_words(count: int) -> str:
    return "1 difference" if count == 1 else f"{count:,} differences"
