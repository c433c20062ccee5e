"""The pack as an Excel file: the tables of the page, one sheet for each subject."""

from datetime import date, datetime
from decimal import Decimal
from typing import IO

from xlsxwriter.worksheet import Worksheet

from sync.close.pack import Pack
from sync.close.sections import sections
from sync.close.tables import Cell, Row, Section, sheets
from sync.report.xlsx import Book
from sync.zones import zone_of

PER_WIDTH = 0.9
"""Characters of a column's width for each share of the page."""
MOST_TEXT = 32_000
"""A cell of Excel's holds 32,767 characters."""


def write_xlsx(pack: Pack, stream: IO[bytes]) -> None:
    """Write the pack. Text is always text, whatever it begins with, and amounts are numbers."""
    made = Book(stream, zone_of(pack.practice.time_zone))
    for name, found in sheets(sections(pack)).items():
        _sheet(made, made.book.add_worksheet(name), found)
    made.book.set_properties({"title": f"{pack.practice.name}: {pack.period.label}"})
    made.book.close()


def _sheet(made: Book, sheet: Worksheet, found: list[Section]) -> None:
    widths: dict[int, float] = {}
    for section in found:
        for place, column in enumerate(section.columns):
            widths[place] = max(widths.get(place, 11), column.width * PER_WIDTH)
    for place, width in widths.items():
        sheet.set_column(place, place, min(width, 48))
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    at = 0
    for section in found:
        at = _section(made, sheet, at, section) + 2


def _section(made: Book, sheet: Worksheet, at: int, section: Section) -> int:
    """Write one table; the line after it."""
    sheet.write_string(at, 0, section.title, made.bold)
    for note in section.notes:
        at += 1
        sheet.write_string(at, 0, note)
    at += 1
    for place, column in enumerate(section.columns):
        sheet.write_string(at, place, column.label, made.head)
    if not section.rows:
        at += 1
        sheet.write_string(at, 0, section.empty)
    for row in section.rows:
        at += 1
        for place, cell in enumerate(row.cells):
            _cell(made, sheet, at, place, cell, row)
    return at + 1


def _cell(made: Book, sheet: Worksheet, at: int, place: int, cell: Cell, row: Row) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, Decimal):
        sheet.write_number(at, place, cell, made.bold_money if row.strong else made.money)
    elif isinstance(cell, int):
        sheet.write_number(at, place, cell)
    elif isinstance(cell, datetime):
        sheet.write_datetime(at, place, made.local(cell), made.moment)
    elif isinstance(cell, date):
        sheet.write_datetime(at, place, cell, made.day)
    else:
        sheet.write_string(at, place, cell[:MOST_TEXT], made.bold if row.strong else None)
