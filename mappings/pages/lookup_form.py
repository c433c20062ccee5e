"""The editor of one look-up table, and the table as a file. Pure.

Inputs are called ``key-0``, ``value-0``, ``otherwise-kind``, ``otherwise``, ``then``, ``name``.
"""

import csv
import dataclasses
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mappings import csv_tables, lookups
from mappings.checks import MOST_LOOKUPS
from mappings.fieldmaps import BadChoice, Lookup
from mappings.pages import inputs
from mappings.pages.inputs import text_in
from mappings.sections import State

LONGEST_NAME = 60
MOST_SHOWN = 200
"""Rows that are edited on the page; longer tables are changed by a file."""
BLANKS = 3
MORE_BLANKS = 10

KEY, VALUE = "key", "value"
"""The columns of a file."""


@dataclass(slots=True, kw_only=True)
class PairInput:
    key: str = ""
    value: str = ""
    error: str = ""


@dataclass(slots=True, kw_only=True)
class LookupInput:
    """A table while it is edited. ``is_long``: its rows are kept as stored, ``count`` of them."""

    name: str = ""
    rows: list[PairInput] = field(default_factory=list)
    keeps: bool = True
    otherwise: str = ""
    then: str = ""
    is_long: bool = False
    count: int = 0
    name_error: str = ""
    then_error: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not any([self.name_error, self.then_error, *self.problems, *(row.error for row in self.rows)])


def of_lookup(item: Lookup | None) -> LookupInput:
    """A stored table with some free rows at its end; for a long one its first rows, to look at."""
    if item is None:
        return LookupInput(rows=_blanks(BLANKS))
    is_long = len(item.rows) > MOST_SHOWN
    rows = [PairInput(key=key, value=value) for key, value in list(item.rows.items())[:MOST_SHOWN]]
    return LookupInput(
        name=item.name,
        rows=rows if is_long else rows + _blanks(BLANKS),
        keeps=item.otherwise is None,
        otherwise=item.otherwise or "",
        then=item.then,
        is_long=is_long,
        count=len(item.rows),
    )


def of_post(data: Mapping[str, str], stored: Lookup | None) -> LookupInput:
    form = of_lookup(stored)
    form.name = stored.name if stored else text_in(data, "name").strip()
    form.keeps = data.get("otherwise-kind") != "text"
    form.otherwise = text_in(data, "otherwise").strip()
    form.then = text_in(data, "then")
    if not form.is_long:
        count = inputs.count_in(data, "key-", "", MOST_SHOWN + MORE_BLANKS)
        form.rows = [
            PairInput(
                key=text_in(data, f"key-{number}").strip(), value=text_in(data, f"value-{number}").strip()
            )
            for number in range(count)
        ]
    return form


def act(form: LookupInput, data: Mapping[str, str]) -> None:
    """More free rows; the only button besides saving."""
    if inputs.action_in(data)[:2] == ("rows", "add") and not form.is_long:
        form.rows += _blanks(min(MORE_BLANKS, MOST_SHOWN + MORE_BLANKS - len(form.rows)))


def made(form: LookupInput, stored: Lookup | None) -> Lookup:
    """The table that the inputs amount to."""
    written = {row.key: row.value for row in form.rows if row.key}
    return Lookup(
        name=form.name,
        rows=stored.rows if stored and form.is_long else written,
        otherwise=None if form.keeps else form.otherwise,
        then=form.then,
    )


def check(form: LookupInput, stored: Lookup | None, state: State) -> tuple[Lookup, ...]:
    """The practice's tables with this one in place, and everything that is wrong written beside what it is about."""
    others = [item for item in state.choices.lookups if stored is None or item.name != stored.name]
    form.name_error = _name_error(form.name, others)
    seen: set[str] = set()
    for row in form.rows if not form.is_long else []:
        row.error = _row_error(row, seen)
        seen.add(row.key.casefold())
    item = made(form, stored)
    if len(others) >= MOST_LOOKUPS:
        form.problems.append(f"A mapping may have {MOST_LOOKUPS} look-up tables.")
    if not form.is_long and len(item.rows) > MOST_SHOWN:
        form.problems.append(f"More than {MOST_SHOWN} rows are changed by a file.")
    known = {found.name: found for found in (*others, item)}
    try:
        lookups.chain_of(item.name, known)
    except BadChoice as error:
        form.then_error = str(error)
    return put(state.choices.lookups, item)


def _name_error(name: str, others: Iterable[Lookup]) -> str:
    if not name or len(name) > LONGEST_NAME or "\n" in name:
        return f"Give it a name of at most {LONGEST_NAME} characters."
    if name.casefold() in {item.name.casefold() for item in others}:
        return f"Another table is called “{name}”."
    return ""


def _row_error(row: PairInput, seen: set[str]) -> str:
    if not row.key:
        return "The text to find is empty." if row.value else ""
    if row.key.casefold() in seen:
        return f"“{row.key}” is listed twice."
    if len(row.key) > lookups.LONGEST_KEY:
        return f"A text to find may have {lookups.LONGEST_KEY} characters."
    return ""


def put(tables: tuple[Lookup, ...], item: Lookup) -> tuple[Lookup, ...]:
    """The tables with this one in its place, or at the end when it is new."""
    if any(found.name == item.name for found in tables):
        return tuple(item if found.name == item.name else found for found in tables)
    return (*tables, item)


def write_csv(item: Lookup) -> str:
    """The table as text for a file."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([KEY, VALUE])
    writer.writerows(csv_tables.safe_cells(key, value) for key, value in item.rows.items())
    return out.getvalue()


def read_csv(content: bytes, item: Lookup) -> tuple[Lookup, list[str]]:
    """The table with a file's rows in place of its own, and what is wrong with the file, row by row."""
    try:
        found = csv_tables.read_rows(content, KEY, VALUE, most=lookups.MOST_ROWS)
    except ValueError as error:
        return item, [str(error)]
    rows: dict[str, str] = {}
    problems: list[str] = []
    seen: set[str] = set()
    for number, key, value in found:
        row = PairInput(key=key.replace("\x00", ""), value=value.replace("\x00", ""))
        said = _row_error(row, seen) or ("" if row.key else "The text to find is empty.")
        if said:
            problems.append(f"Row {number}: {said}")
        rows[row.key] = row.value
        seen.add(row.key.casefold())
    if problems:
        more = len(problems) - csv_tables.MOST_PROBLEMS
        return item, problems[: csv_tables.MOST_PROBLEMS] + ([f"…and {more} more."] if more > 0 else [])
    return dataclasses.replace(item, rows=rows), []


def _blanks(number: int) -> list[PairInput]:
    return [PairInput() for _ in range(max(number, 0))]
