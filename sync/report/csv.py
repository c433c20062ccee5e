"""The report as a CSV file for a spreadsheet."""

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import IO, Any

from django.http import QueryDict

from mappings.csv_tables import safe_cells
from practices.models import Practice, User
from sync.report.rows import COLUMNS, Adding, ReportRow, export_rows
from sync.zones import zone_of

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes the file for another character set."""
CENT = Decimal("0.01")


def write_csv(practice: Practice, params: QueryDict, stream: IO[bytes], user: User | None = None) -> int:
    """Write the differences that the page shows, and what they come to, as UTF-8. Returns how many there are.

    Text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    out = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(out)
    out.write(BYTE_ORDER_MARK)
    zone = zone_of(practice.time_zone)
    adding, number = Adding(), 0

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

    def line(row: ReportRow) -> list[str]:
        return [shown(column.how, column.of(row)) for column in COLUMNS]

    writer.writerow([column.label for column in COLUMNS])
    for row in export_rows(practice, params, user):
        writer.writerow(line(row))
        adding.add(row)
        number += 1
    for currency, count, amounts in adding.lines():
        writer.writerow(_total(currency, count, amounts))
    out.flush()
    out.detach()
    return number


def _total(currency: str, count: int, amounts: list[Decimal]) -> list[str]:
    cells = {"Cause": "Total", "What differs": count_words(count), "Currency": currency}
    if currency:
        cells |= {
            label: f"{amount.quantize(CENT):f}"
            for label, amount in zip(("At stake", "Tax in it", "Xero has more by"), amounts, strict=True)
        }
    return [cells.get(column.label, "") for column in COLUMNS]


def count_words(count: int) -> str:
    return "1 difference" if count == 1 else f"{count:,} differences"
