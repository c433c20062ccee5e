"""Pages of long lists: number, size and sort order come from the address bar, and nonsense falls back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet
from django.http import QueryDict

SIZES = (50, 100, 200)
MOST_PAGES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page of rows. ``count`` is the number of rows over all pages."""

    rows: Sequence[Any]
    count: int
    number: int
    size: int
    sort: str

    @property
    def pages(self) -> int:
        return max(1, -(-self.count // self.size))

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return (self.number - 1) * self.size + len(self.rows)

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None

    @property
    def sizes(self) -> tuple[int, ...]:
        return SIZES


def sheet(
    query: QuerySet[Any], params: QueryDict, *, count: int, sorts: Mapping[str, str], default: str
) -> Sheet:
    """The asked page of ``query``. ``sorts`` maps names allowed in ``?sort=`` (``-`` reverses) to columns."""
    size = _number(params.get("size"), SIZES[0])
    size = size if size in SIZES else SIZES[0]
    pages = max(1, -(-count // size))
    number = min(max(1, _number(params.get("page"), 1)), pages)
    sort = params.get("sort", default)
    if sort.lstrip("-") not in sorts:
        sort = default
    column = F(sorts[sort.lstrip("-")])
    backwards = sort.startswith("-")
    ordered = query.order_by(
        column.desc(nulls_last=True) if backwards else column.asc(nulls_last=True),
        "-pk" if backwards else "pk",
    )
    start = (number - 1) * size
    return Sheet(rows=list(ordered[start : start + size]), count=count, number=number, size=size, sort=sort)


def _number(text: str | None, fallback: int) -> int:
    if text and text.isascii() and text.isdigit() and len(text) <= len(str(MOST_PAGES)):
        return int(text)
    return fallback
