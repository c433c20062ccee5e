"""Tables as neither a page nor a file knows them yet. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

Cell = str | int | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """``width`` is the share of the page it gets."""

    label: str
    width: int = 10
    number: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[Cell, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table under its title. ``sheet`` is where the Excel file has it, ``empty`` stands for no rows."""

    sheet: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    empty: str = "None."


def columns(*asked: tuple[str, int] | tuple[str, int, bool]) -> tuple[Column, ...]:
    return tuple(Column(label=item[0], width=item[1], number=len(item) > 2) for item in asked)


FACTS = columns(("What", 14), ("", 40))


def sheets(found: Iterable[Section]) -> dict[str, list[Section]]:
    """Sections by sheet, in order."""
    out: dict[str, list[Section]] = {}
    for section in found:
        out.setdefault(section.sheet, []).append(section)
    return out
