"""Pages of long lists: number, size and sort order come from the address bar, and nonsense falls back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

SIZES = (50, 100, 200)
MOST_PAGES = 2_000
"""Further back than this a filter is the way, not another page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page of rows. ``count`` is the number of rows over all pages, or the least it is (``counted`` false)."""

    rows: Sequence[Any]
    count: int
    number: int
    size: int
    sort: str
    counted: bool = True
    goes_on: bool = False

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
        on = self.number < self.pages if self.counted else self.goes_on and self.number < MOST_PAGES
        return self.number + 1 if on else None

    @property
    def sizes(self) -> tuple[int, ...]:
        return SIZES


def sheet(
    query: QuerySet[Any],
    params: QueryDict,
    *,
    count: int,
    sorts: Mapping[str, str],
    default: str,
    counted: bool = True,
) -> Sheet:
    """The asked page of ``query``. ``sorts`` maps names allowed in ``?sort=`` (``-`` reverses) to columns.

    Rows without a value come last upwards and first downwards, as the indexes have them.
    """
    size = _number(params.get("size"), SIZES[0])
    size = size if size in SIZES else SIZES[0]
    pages = max(1, -(-count // size)) if counted else MOST_PAGES
    number = min(max(1, _number(params.get("page"), 1)), pages)
    sort = params.get("sort", default)
    if sort.lstrip("-") not in sorts:
        sort = default
    column = sorts[sort.lstrip("-")]
    order = [f"-{column}", "-pk"] if sort.startswith("-") else [column, "pk"]
    start = (number - 1) * size
    rows = list(query.order_by(*dict.fromkeys(order))[start : start + size + 1])
    return Sheet(
        rows=rows[:size],
        count=count,
        number=number,
        size=size,
        sort=sort,
        counted=counted,
        goes_on=len(rows) > size,
    )


def _number(text: str | None, fallback: int) -> int:
    if text and text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    return fallback
