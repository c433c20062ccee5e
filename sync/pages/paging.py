"""Pages of long lists: number, size and sort order come from the address bar, and nonsense falls back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import F, OrderBy, QuerySet
from django.http import QueryDict

SIZES = (50, 100, 200)
MOST_PAGES = 2_000
"""Further back than this a filter is the way, not another page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page of rows. ``count`` is the number of rows over all pages, or the least it is (``counted`` false).

    ``refused`` is a sort order that was asked for and not granted, as the list is too long for it.
    """

    rows: Sequence[Any]
    count: int
    number: int
    size: int
    sort: str
    refused: str = ""
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


@dataclass(frozen=True, slots=True)
class Least:
    """A column to sort by whose missing values count as the smallest; elsewhere they are the largest."""

    column: str


Column = str | Least


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address bar asks for. ``by`` is what ``sort`` sorts by; ``refused`` a sort that was not granted."""

    number: int
    size: int
    sort: str
    by: Column
    refused: str = ""

    @property
    def column(self) -> str:
        return self.by.column if isinstance(self.by, Least) else self.by

    @property
    def start(self) -> int:
        return (self.number - 1) * self.size

    @property
    def downwards(self) -> bool:
        return self.sort.startswith("-")

    @property
    def order(self) -> list[str | OrderBy]:
        """For ``order_by``; rows that are equal otherwise by their key."""
        if self.column == "pk":
            return ["-pk" if self.downwards else "pk"]
        if isinstance(self.by, Least):
            column = F(self.column)
            by = column.desc(nulls_last=True) if self.downwards else column.asc(nulls_first=True)
            return [by, "-pk" if self.downwards else "pk"]
        return [f"-{self.column}", "-pk"] if self.downwards else [self.column, "pk"]

    def sql_order(self, column: str, key: str) -> str:
        """The same as SQL, of columns of these names."""
        way = "DESC" if self.downwards else "ASC"
        missing = ""
        if isinstance(self.by, Least):
            missing = " NULLS LAST" if self.downwards else " NULLS FIRST"
        return f"{column} {way}{missing}, {key} {way}"

    def on_page(self, number: int) -> "Asked":
        return replace(self, number=number)

    def within(self, quick: Collection[str], default: str, sorts: Mapping[str, Column]) -> "Asked":
        """The same, or sorted by ``default`` when its sort is not among ``quick``."""
        if self.sort.lstrip("-") in quick:
            return self
        return replace(self, sort=default, by=sorts[default.lstrip("-")], refused=self.sort)

    def sheet(self, rows: Sequence[Any], *, count: int, counted: bool) -> Sheet:
        """``rows`` are one more than fit on the page where the list goes on."""
        return Sheet(
            rows=rows[: self.size],
            count=count,
            number=self.number,
            size=self.size,
            sort=self.sort,
            refused=self.refused,
            counted=counted,
            goes_on=len(rows) > self.size,
        )


def asked_for(params: QueryDict, *, sorts: Mapping[str, Column], default: str) -> Asked:
    """Reads the address bar; nonsense falls back."""
    size = _number(params.get("size"), SIZES[0])
    sort = params.get("sort", default)
    if sort.lstrip("-") not in sorts:
        sort = default
    return Asked(
        number=max(1, _number(params.get("page"), 1)),
        size=size if size in SIZES else SIZES[0],
        sort=sort,
        by=sorts[sort.lstrip("-")],
    )


def sheet(
    query: QuerySet[Any],
    params: QueryDict,
    *,
    count: int,
    sorts: Mapping[str, Column],
    default: str,
    counted: bool = True,
) -> Sheet:
    """The asked page of ``query``. ``sorts`` maps names allowed in ``?sort=`` (``-`` reverses) to columns.

    Rows without a value come last upwards and first downwards, as the indexes have them.
    """
    asked = asked_for(params, sorts=sorts, default=default)
    pages = max(1, -(-count // asked.size)) if counted else MOST_PAGES
    asked = asked.on_page(min(asked.number, pages))
    rows = cut(query, asked.order, asked.start, asked.size + 1)
    return asked.sheet(rows, count=count, counted=counted)


def cut(
    query: QuerySet[Any], order: Sequence[str | OrderBy], start: int, number: int, *, by_keys: bool = False
) -> list[Any]:
    """So many rows from this place on. One query.

    Far back, or ``by_keys``, the rows that are passed by are not looked at: the place is found among the keys, which an
    index can do by itself.
    """
    ordered = query.order_by(*order)
    if not start and not by_keys:
        return list(ordered[:number])
    return list(ordered.filter(pk__in=ordered.values("pk")[start : start + number]))


def _number(text: str | None, fallback: int) -> int:
    if text and text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    return fallback
