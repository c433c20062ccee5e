"""The report as an Excel file: the differences, the totals with the way between them, and what was looked at."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import IO, Any
from zoneinfo import ZoneInfo

import xlsxwriter
from django.http import QueryDict
from django.utils import timezone
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from practices.models import Practice, User
from sync.pages.words import kind_words
from sync.reconcile.at_stake import at_stake
from sync.report.choosing import choose, named, words
from sync.report.csv import count_words
from sync.report.header import Header, last_comparison, not_checked
from sync.report.rows import ADDED, COLUMNS, ONCE, ONCE_WORDS, TOTAL, Adding, rows_of
from sync.zones import zone_of

MOST_ROWS = 50_000
"""A larger file takes longer to make than browsers and the servers before us wait; Excel's sheets end at 1,048,576."""
TOO_MANY = (
    f"An Excel file holds up to {MOST_ROWS:,} differences here."
    " Take the CSV file, which has no limit, or narrow the list down."
)


class TooMany(Exception):
    """There are more differences than a file holds; the text says what to do."""


OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


class Book:
    """A workbook with the formats that its sheets share."""

    def __init__(self, stream: IO[bytes], zone: ZoneInfo) -> None:
        self.book = xlsxwriter.Workbook(stream, OPTIONS)
        self.zone = zone
        self.bold: Format = self.book.add_format({"bold": True})
        self.money: Format = self.book.add_format({"num_format": "#,##0.00"})
        self.bold_money: Format = self.book.add_format({"num_format": "#,##0.00", "bold": True})
        self.day: Format = self.book.add_format({"num_format": "d mmm yyyy", "align": "left"})
        self.moment: Format = self.book.add_format({"num_format": "d mmm yyyy hh:mm", "align": "left"})
        self.head: Format = self.book.add_format({"bold": True, "bottom": 1, "text_wrap": True})

    def writer(self, sheet: Worksheet, how: str) -> Callable[[int, int, Any], Any]:
        """How a cell of this sort is written; text is always text, whatever it begins with."""
        if how == "money":
            return lambda row, column, value: sheet.write_number(row, column, value, self.money)
        if how == "number":
            return lambda row, column, value: sheet.write_number(row, column, value)
        if how == "day":
            return lambda row, column, value: sheet.write_datetime(row, column, self.on_day(value), self.day)
        return lambda row, column, value: sheet.write_string(row, column, value)

    def on_day(self, value: Any) -> Any:
        return value.astimezone(self.zone).date() if isinstance(value, datetime) else value

    def local(self, value: datetime) -> datetime:
        """An instant on the practice's clock; a spreadsheet knows no time zones."""
        return value.astimezone(self.zone).replace(tzinfo=None, microsecond=0)


def write_xlsx(practice: Practice, params: QueryDict, stream: IO[bytes], user: User | None = None) -> int:
    """Write the report for this query string. Returns how many differences are in it; raises :class:`TooMany`.

    The first sheet has the rows, the order and the sums of the page. It is written row by row, in little memory.
    """
    chosen = choose(practice, params, user)
    if chosen.query.order_by().values("pk")[: MOST_ROWS + 1].count() > MOST_ROWS:
        raise TooMany(TOO_MANY)
    head = last_comparison(practice)
    made = Book(stream, zone_of(practice.time_zone))
    sheets = [made.book.add_worksheet(name) for name in ("Differences", "Totals", "What was looked at")]
    facts = [("Practice", practice.name), *_about(head), *words(chosen)]
    number = _differences(made, sheets[0], chosen)
    _totals(made, sheets[1], head, facts)
    _coverage(made, sheets[2], head, facts)
    made.book.close()
    return number


def _differences(made: Book, sheet: Worksheet, chosen: Any) -> int:
    for place, column in enumerate(COLUMNS):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, column.label, made.head)
    sheet.freeze_panes(1, 1)
    cells = [(place, column.of, made.writer(sheet, column.how)) for place, column in enumerate(COLUMNS)]
    sums = at_stake(chosen.query)
    adding, at = Adding(), 0
    for at, row in enumerate(islice(rows_of(chosen), MOST_ROWS), start=1):
        for place, of, write in cells:
            value = of(row)
            if value is not None and value != "":
                write(at, place, value)
        adding.add(row)
    if at:
        sheet.autofilter(0, 0, at, len(COLUMNS) - 1)
    place_of = {column.label: place for place, column in enumerate(COLUMNS)}
    lines: list[tuple[str, str, str, Sequence[Decimal]]] = [
        *((TOTAL, count_words(count), currency, amounts) for currency, count, amounts in adding.lines()),
        *((ONCE, ONCE_WORDS, item.currency, (item.at_stake, item.tax)) for item in sums if item.currency),
    ]
    for line, (title, text, currency, amounts) in enumerate(lines, start=at + 2):
        sheet.write_string(line, 0, title, made.bold)
        sheet.write_string(line, place_of["What differs"], text, made.bold)
        sheet.write_string(line, place_of["Currency"], currency, made.bold)
        for label, amount in zip(ADDED, amounts, strict=False):
            if currency:
                sheet.write_number(line, place_of[label], amount, made.bold_money)
    return at


def _about(head: Header | None) -> list[tuple[str, Any]]:
    if head is None:
        return [("Compared", "Not yet")]
    window = head.run.documents_from
    return [
        ("Compared", head.run.finished_at),
        ("Documents from", window if window else "The beginning"),
        ("Written", timezone.now()),
    ]


def _top(made: Book, sheet: Worksheet, title: str, facts: list[tuple[str, Any]]) -> int:
    """The sheet's head; the line after it."""
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 1, 24)
    sheet.set_column(2, 5, 18)
    sheet.write_string(0, 0, title, made.bold)
    for line, (label, value) in enumerate(facts, start=1):
        sheet.write_string(line, 0, label)
        if isinstance(value, datetime):
            sheet.write_datetime(line, 1, made.local(value), made.moment)
        elif isinstance(value, str):
            sheet.write_string(line, 1, value)
        else:
            sheet.write_datetime(line, 1, value, made.day)
    return len(facts) + 2


def _totals(made: Book, sheet: Worksheet, head: Header | None, facts: list[tuple[str, Any]]) -> None:
    at = _top(made, sheet, "Totals of both systems, and the way from one to the other", facts)
    if head is None:
        return
    _heads(made, sheet, at, ("From Ignition to Xero", "Explained only", "Documents", "Currency", "Amount"))
    for total in head.totals:
        steps: list[tuple[str, str, int, Decimal, bool]] = [
            (f"{total.label}: Ignition", "", total.left_count, total.left, True),
            *(
                (step.title, "" if step.is_kept else "Yes", step.count, step.amount, False)
                for step in total.causes
            ),
            (f"{total.label}: Xero", "", total.right_count, total.right, True),
            (f"{total.label}: Xero has more by", "", 0, total.difference, True),
        ]
        for title, explained, count, amount, strong in steps:
            at += 1
            sheet.write_string(at, 0, title if strong else f"    {title}", made.bold if strong else None)
            sheet.write_string(at, 1, explained)
            if count:
                sheet.write_number(at, 2, count)
            sheet.write_string(at, 3, total.currency)
            sheet.write_number(at, 4, amount, made.bold_money if strong else made.money)
        at += 1


def _coverage(made: Book, sheet: Worksheet, head: Header | None, facts: list[tuple[str, Any]]) -> None:
    at = _top(made, sheet, "What was looked at, and what was not", facts)
    _heads(made, sheet, at, ("List", "Last read to its end", "Records", "Could not be read"))
    for item in head.coverage if head else ():
        at += 1
        sheet.write_string(at, 0, f"{item.system}: {kind_words(item.kind)}")
        if item.read_at is None:
            sheet.write_string(at, 1, item.reason or "Not read, not checked")
        else:
            sheet.write_datetime(at, 1, made.local(item.read_at), made.moment)
        sheet.write_number(at, 2, item.records)
        sheet.write_number(at, 3, item.unreadable)
    at += 2
    _heads(made, sheet, at, ("Not checked", "Why"))
    for kind in not_checked(head):
        at += 1
        sheet.write_string(at, 0, named(kind))
        sheet.write_string(at, 1, kind.not_checked)


def _heads(made: Book, sheet: Worksheet, at: int, labels: tuple[str, ...]) -> None:
    for place, label in enumerate(labels):
        sheet.write_string(at, place, label, made.head)
