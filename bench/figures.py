"""What was measured: rows with a bar each, the table that is printed and the file that is kept. Pure."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

AT_MOST, AT_LEAST, EXACTLY = "<=", ">=", "="
HEADINGS = ("what", "measured", "bar", "ok", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure. ``bar`` is what it has to keep to, ``None`` when it is only told.

    ``unit`` stands behind both numbers in the table: ``ms``, ``s``, ``/s``, ``x`` or nothing. ``note`` is printed
    beside them, ``more`` is kept in the file.
    """

    part: str
    what: str
    measured: float
    unit: str = ""
    bar: float | None = None
    rule: str = AT_MOST
    note: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        if self.bar is None:
            return True
        if math.isnan(self.measured):
            return False
        if self.rule == AT_MOST:
            return self.measured <= self.bar
        if self.rule == AT_LEAST:
            return self.measured >= self.bar
        return self.measured == self.bar


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest of the values that is not below ``part`` (0 to 1) of them; not a number when there are none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text, with a heading for each part."""
    lines = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    out = [_line(HEADINGS, widths), "  ".join("-" * width for width in widths)]
    part = ""
    for row in rows:
        if row.part != part:
            part = row.part
            out.append(f"[{part}]")
        out.append(_line(_cells(row), widths))
    return "\n".join(out)


def file_text(rows: Sequence[Row], machine: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """The rows with everything known about them, as JSON."""
    facts = {
        "machine": machine,
        "options": options,
        "ok": all(row.ok for row in rows),
        "rows": [{**asdict(row), "ok": row.ok} for row in rows],
    }
    return json.dumps(facts, indent=1, default=str) + "\n"


def rows_of(text: str) -> list[Row]:
    """The rows out of :func:`file_text`."""
    found = json.loads(text)["rows"]
    return [Row(**{name: value for name, value in row.items() if name != "ok"}) for row in found]


def number(value: float, unit: str) -> str:
    """``12.3 ms``, ``4,210 /s``, ``1.04x``; ``nothing`` was measured, ``never`` it ended."""
    if math.isnan(value):
        return "nothing"
    if math.isinf(value):
        return "never"
    if value == int(value) and unit != "x":
        text = f"{int(value):,}"
    elif abs(value) >= 100:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
    return text + unit if unit == "x" else f"{text} {unit}".strip()


def _cells(row: Row) -> tuple[str, ...]:
    bar = "" if row.bar is None else f"{row.rule} {number(row.bar, row.unit)}"
    verdict = "" if row.bar is None else "yes" if row.ok else "NO"
    return (f"  {row.what}", number(row.measured, row.unit), bar, verdict, row.note)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Text to the left, numbers to the right."""
    what, measured, bar, verdict, note = cells
    numbers = f"{measured:>{widths[1]}}  {bar:>{widths[2]}}"
    return f"{what:<{widths[0]}}  {numbers}  {verdict:<{widths[3]}}  {note}".rstrip()
