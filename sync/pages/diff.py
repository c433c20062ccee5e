"""Before → after of one Change, field by field, ready to show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any

from sync.pages.words import DAY_FIELDS, MONEY_FIELDS, WORD_FIELDS, field_words, status_words

HIDDEN = frozenset(
    {
        *("lines", "account_external_id", "branding_theme_external_id", "external_id"),
        *("contact_external_id", "kept"),
    }
)
LINE_FIELDS = ("description", "quantity", "unit_amount", "discount", "account_code", "tax_type", "tracking")


@dataclass(frozen=True, slots=True)
class Value:
    """One cell. ``how`` is ``money``, ``day`` or ``text`` and picks the format."""

    value: Any
    how: str = "text"
    currency: str = ""

    @property
    def empty(self) -> bool:
        return self.value in ("", None, [], {})


@dataclass(frozen=True, slots=True)
class FieldDiff:
    label: str
    before: Value
    after: Value
    changed: bool


@dataclass(frozen=True, slots=True)
class LineDiff:
    """One document line; cells in the order of ``LINE_LABELS``."""

    number: int
    cells: tuple[FieldDiff, ...]
    gone: bool
    new: bool


def field_diffs(
    before: Mapping[str, Any], after: Mapping[str, Any], *, currency: str = ""
) -> list[FieldDiff]:
    """Fields that will be sent, the changed ones first, then those sent as they are.

    A create has no before: all its fields count as changed.
    """
    currency = str(after.get("currency") or before.get("currency") or currency)
    rows = []
    for name, value in after.items():
        if name in HIDDEN:
            continue
        old, new = shown(name, before.get(name), currency), shown(name, value, currency)
        if old.empty and new.empty:
            continue
        rows.append(FieldDiff(field_words(name), old, new, not equal(name, before.get(name), value)))
    rows.sort(key=lambda row: not row.changed)
    return rows


def line_diffs(before: Mapping[str, Any], after: Mapping[str, Any], *, currency: str = "") -> list[LineDiff]:
    """Lines side by side in the order of the document."""
    currency = str(after.get("currency") or before.get("currency") or currency)
    old_lines, new_lines = _lines(before), _lines(after)
    if not new_lines:
        return []
    compare = bool(old_lines)
    out = []
    for number, (old, new) in enumerate(zip_longest(old_lines, new_lines), start=1):
        cells = tuple(_line_cell(name, old or {}, new or {}, currency, compare) for name in LINE_FIELDS)
        out.append(LineDiff(number, cells, gone=new is None, new=compare and old is None))
    return out


def line_labels() -> list[str]:
    return [field_words(name) for name in LINE_FIELDS]


def shown(name: str, value: Any, currency: str = "") -> Value:
    """A stored value with the way to show it."""
    if name == "tracking" and isinstance(value, list):
        value = ", ".join(f"{item.get('category', '')}: {item.get('option', '')}" for item in value)
    elif isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    elif isinstance(value, dict):
        value = ", ".join(f"{key}: {item}" for key, item in value.items())
    elif isinstance(value, bool):
        value = "Yes" if value else "No"
    if name in WORD_FIELDS and isinstance(value, str):
        return Value(status_words(value))
    if name in MONEY_FIELDS and number_of(value) is not None:
        return Value(value, "money", currency)
    if name == "quantity" and (number := number_of(value)) is not None:
        return Value(f"{number.normalize():f}")
    if name in DAY_FIELDS:
        return Value(value, "day")
    return Value(value)


def equal(name: str, left: Any, right: Any) -> bool:
    """Whether two stored values say the same: ``"1.50"`` is the amount ``"1.5"``, nothing equals empty."""
    if left in ("", None, [], {}) and right in ("", None, [], {}):
        return True
    if name in MONEY_FIELDS or name == "quantity":
        first, second = number_of(left), number_of(right)
        if first is not None and second is not None:
            return first == second
    return bool(left == right)


def number_of(value: Any) -> Decimal | None:
    """The amount in a stored text; ``None`` when it holds none."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _lines(values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    lines = values.get("lines")
    return [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []


def _line_cell(
    name: str, old: Mapping[str, Any], new: Mapping[str, Any], currency: str, compare: bool
) -> FieldDiff:
    before, after = shown(name, old.get(name), currency), shown(name, new.get(name), currency)
    changed = compare and not equal(name, old.get(name), new.get(name))
    return FieldDiff(field_words(name), before, after, changed)
