"""Value tables as CSV files. Pure.

Cells that a spreadsheet would run as a formula get an apostrophe in front, which reading takes off again: a
file that was exported and not touched changes nothing.
"""

import csv
import dataclasses
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mappings import options
from mappings.options import Option
from mappings.sides import TargetView
from mappings.spec import Choices
from mappings.tables import label_rows, service_rows

MOST_ROWS = 5_000
"""More services than any practice has; keeps a wrong file from filling memory and the page."""

MOST_PROBLEMS = 100

_FORMULA_START = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", "'")  # noqa: RUF001  wide forms count too


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFormat:
    """How one value table looks as a file. ``key`` and ``value`` are the columns that are read back."""

    key: str
    value: str
    get: Callable[[Choices], dict[str, str]]
    put: Callable[[Choices, dict[str, str]], Choices]
    what: str
    known: Callable[[TargetView, Choices], frozenset[str]]
    offered: Callable[[TargetView], tuple[Option, ...]]


FORMATS: dict[str, TableFormat] = {
    "services": TableFormat(
        key="service_id",
        value="account_code",
        get=lambda choices: choices.account_by_service,
        put=lambda choices, table: dataclasses.replace(choices, account_by_service=table),
        what="service",
        known=lambda view, choices: (
            frozenset(use.external_id for use in view.source.services) | choices.account_by_service.keys()
        ),
        offered=options.sales_options,
    ),
    "taxes": TableFormat(
        key="tax_label",
        value="tax_type",
        get=lambda choices: choices.tax_by_label,
        put=lambda choices, table: dataclasses.replace(choices, tax_by_label=table),
        what="tax label",
        known=lambda view, choices: (
            frozenset(use.label for use in view.source.labels) | choices.tax_by_label.keys()
        ),
        offered=options.tax_options,
    ),
}


def write_csv(name: str, view: TargetView, choices: Choices) -> str:
    """A table of :data:`FORMATS` with its use of the last 90 days, as text for a file."""
    out = io.StringIO()
    writer = csv.writer(out)
    if name == "services":
        writer.writerow(
            ["service_id", "service", "account_code", "account", "lines_90_days", "amount_90_days"]
        )
        for row in service_rows(view, choices):
            account = options.account_name(view, row.value)
            writer.writerow(
                safe_cells(row.key, row.name, row.value, account, str(row.lines), str(row.amount))
            )
    else:
        writer.writerow(["tax_label", "tax_type", "tax", "lines_90_days", "amount_90_days"])
        for row in label_rows(view, choices, {}):
            tax = options.tax_name(view, row.value)
            writer.writerow(safe_cells(row.key, row.value, tax, str(row.lines), str(row.amount)))
    return out.getvalue()


def read_csv(name: str, content: bytes, view: TargetView, choices: Choices) -> tuple[Choices, list[str]]:
    """The choices with a file's table in place, and what is wrong with the file, row by row.

    Rows that the file does not have keep their choice, an empty target takes it away. With any problem the
    first value is the choices unchanged: nothing is imported by halves.
    """
    form = FORMATS[name]
    stored = form.get(choices)
    try:
        rows = read_rows(content, form.key, form.value, most=MOST_ROWS)
    except ValueError as error:
        return choices, [str(error)]
    known, allowed = form.known(view, choices), options.choosable(form.offered(view))
    table, problems = dict(stored), []
    seen: set[str] = set()
    for number, key, value in rows:
        problem = _problem(form, key, value, known=known, allowed=allowed, seen=seen, stored=stored)
        if problem:
            problems.append(f"Row {number}: {problem}")
        elif value:
            table[key] = value
        else:
            table.pop(key, None)
        seen.add(key)
    if problems:
        more = len(problems) - MOST_PROBLEMS
        return choices, problems[:MOST_PROBLEMS] + ([f"…and {more} more."] if more > 0 else [])
    return form.put(choices, table), []


def _problem(
    form: TableFormat,
    key: str,
    value: str,
    *,
    known: frozenset[str],
    allowed: frozenset[str],
    seen: set[str],
    stored: Mapping[str, str],
) -> str:
    """What is wrong with one row of a file; empty when nothing is."""
    if not key:
        return f"{form.key} is empty."
    if key in seen:
        return f"“{key}” is listed twice."
    if key not in known:
        return f"there is no {form.what} “{key}” in Ignition."
    if value and value not in allowed and value != stored.get(key):
        padded = value.zfill(3)
        hint = f" Did the spreadsheet drop the zeros of {padded}?" if padded in allowed else ""
        return f"“{value}” can't be chosen as {form.value}: it is not active in Xero or not for sales.{hint}"
    return ""


def read_rows(content: bytes, key: str, value: str, *, most: int) -> list[tuple[int, str, str]]:
    """(line, key, value) of every row that is not empty; ``key`` and ``value`` name the columns.

    Raises ``ValueError`` with a sentence for people.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("The file is not text in UTF-8. Save it as “CSV UTF-8”.") from None
    first = text.split("\n", 1)[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if ";" in first and "," not in first else ","
    )
    rows: list[tuple[int, str, str]] = []
    try:
        header = [cell.strip().casefold() for cell in next(reader, [])]
        missing = [name for name in (key, value) if name not in header]
        if missing:
            raise ValueError(f"The first row has no column {' and no column '.join(missing)}.")
        key_at, value_at = header.index(key), header.index(value)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(rows) >= most:
                raise ValueError(f"The file has more than {most:,} rows.")
            padded = [*cells, *[""] * (len(header) - len(cells))]
            rows.append((reader.line_num, _plain(padded[key_at]), _plain(padded[value_at])))
    except csv.Error:
        raise ValueError("The file is not a CSV table.") from None
    if not rows:
        raise ValueError("The file has no rows below the first.")
    return rows


def safe_cells(*cells: str) -> list[str]:
    """Cells for a file: none of them is run as a formula by a spreadsheet."""
    return [f"'{cell}" if cell.startswith(_FORMULA_START) else cell for cell in cells]


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA_START) else cell
