"""A record as both sides had it on a day, and what was open on a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_date

from practices.models import Practice
from sync.asof import Version, days_of_change, end_of, version_at, versions_of
from sync.close.pack import Line, label_of
from sync.models import Mismatch, MismatchState, Snapshot, Standing
from sync.pages.diff import Value, equal, shown
from sync.pages.long_lists import ADDED_AT_ONCE
from sync.pages.mismatch_list import Sums, mismatch_sheet
from sync.pages.paging import Column as SortColumn
from sync.pages.paging import Sheet
from sync.pages.record import FIELDS, LINE_COLUMNS, NOT_FIELDS, Column, record_page
from sync.pages.words import field_words
from sync.zones import zone_of

SORTS: dict[str, SortColumn] = {
    "worst": "rank",
    "money": "at_stake",
    "since": "first_seen_at",
    "client": "client",
}
EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One side's value on the day; ``now`` is what it says today where that differs."""

    then: Value
    now: Value
    differs: bool


@dataclass(frozen=True, slots=True)
class FieldRow:
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One system on the day. ``state`` says in words why there is nothing, or what was wrong."""

    column: Column
    version: Version | None
    state: str
    standing: str
    lines: tuple[tuple[Value, ...], ...]
    lines_differ: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    day: date
    sides: Sequence[Side]
    fields: Sequence[FieldRow]
    days: Sequence[date]
    line_labels: Sequence[str]
    differing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenList:
    """What was open at the end of a day. ``accepted`` is counted no further than the list is."""

    day: date
    sheet: Sheet
    rows: Sequence[Line]
    totals: Sums
    accepted: int

    @property
    def count(self) -> int:
        return self.totals.count

    @property
    def more_accepted(self) -> bool:
        return self.accepted > ADDED_AT_ONCE


def asked_day(params: QueryDict, *, fallback: date, latest: date) -> date:
    """The day that ``?day=`` names; nonsense falls back, and no day is later than ``latest``."""
    try:
        found = parse_date(params.get("day", ""))
    except ValueError:
        found = None
    return fallback if found is None or found < EARLIEST else min(found, latest)


def record_asof(practice: Practice, snapshot: Snapshot, day: date) -> AsOf:
    """The record and its counterpart as they were when the day ended."""
    zone = zone_of(practice.time_zone)
    moment = end_of(day, zone)
    columns = record_page(practice, snapshot).columns
    versions = versions_of([column.snapshot for column in columns])
    then = [_standing(versions[column.snapshot.pk], moment) for column in columns]
    fields = _fields(snapshot.kind, columns, then)
    return AsOf(
        day=day,
        sides=[
            _side(column, version, versions[column.snapshot.pk], moment)
            for column, version in zip(columns, then, strict=True)
        ],
        fields=fields,
        days=sorted({day for item in versions.values() for day in days_of_change(item, zone)}, reverse=True),
        line_labels=[field_words(name) for name in LINE_COLUMNS],
        differing=sum(any(cell.differs for cell in row.cells) for row in fields),
    )


def _standing(versions: Sequence[Version], moment: datetime) -> Version | None:
    """What stood when the day ended; nothing where it was not listed."""
    found = version_at(versions, moment)
    return None if found is None or found.is_gone(moment) else found


def _side(column: Column, version: Version | None, versions: Sequence[Version], moment: datetime) -> Side:
    record = version.record if version else {}
    currency = str(record.get("currency") or "")
    lines = record.get("lines") or []
    state = version.problem if version else ""
    if version is None:
        known = version_at(versions, moment)
        state = (
            "No longer listed on that day." if known else "Not read yet on that day, or no version is kept."
        )
    return Side(
        column=column,
        version=version,
        state=state,
        standing=_standing_words(version),
        lines=tuple(
            tuple(
                shown(name, line.get(name, "1" if name == "quantity" else None), currency)
                for name in LINE_COLUMNS
            )
            for line in lines
        ),
        lines_differ=version is not None and lines != (column.snapshot.record.get("lines") or []),
    )


def _standing_words(version: Version | None) -> str:
    if version is None or not version.standing or version.standing not in Standing.values:
        return ""
    return str(Standing(version.standing).label)


def _fields(kind: str, columns: Sequence[Column], then: Sequence[Version | None]) -> list[FieldRow]:
    now = [column.snapshot.record for column in columns]
    past = [version.record if version else {} for version in then]
    names = FIELDS.get(kind) or tuple(
        dict.fromkeys(
            name
            for record in (*past, *now)
            for name, value in record.items()
            if name not in NOT_FIELDS and not isinstance(value, dict)
        )
    )
    rows = []
    for name in names:
        cells = tuple(
            _cell(name, was, current, known=version is not None)
            for was, current, version in zip(past, now, then, strict=True)
        )
        if any(not cell.then.empty or cell.differs for cell in cells):
            rows.append(FieldRow(field_words(name), cells))
    return rows


def _cell(name: str, was: Mapping[str, Any], now: Mapping[str, Any], *, known: bool) -> Cell:
    return Cell(
        then=shown(name, was.get(name), str(was.get("currency") or "")),
        now=shown(name, now.get(name), str(now.get("currency") or "")),
        differs=known and not equal(name, was.get(name), now.get(name)),
    )


def open_on(practice: Practice, day: date, params: QueryDict, zone: ZoneInfo) -> OpenList:
    """Differences that were open when the day ended, those with the most money first. Five queries.

    One that went and came back counts from when it came back: its row forgets the earlier time.
    """
    moment = end_of(day, zone)
    there = _seen_at(practice, moment)
    accepted = Q(state=MismatchState.ACCEPTED, accepted_at__lt=moment)
    page, totals = mismatch_sheet(there.exclude(accepted), params, sorts=SORTS, of_one_state=False)
    return OpenList(
        day=day,
        sheet=page,
        rows=[Line(item, label_of(item)) for item in page.rows],
        totals=totals,
        accepted=there.filter(accepted).values("pk")[: ADDED_AT_ONCE + 1].count(),
    )


def _seen_at(practice: Practice, moment: datetime) -> QuerySet[Mismatch]:
    still = Q(fixed_at=None) | Q(fixed_at__gte=moment)
    # The states, all of them, are named for the index.
    found: QuerySet[Mismatch] = Mismatch.objects.filter(
        still, practice=practice, first_seen_at__lt=moment, state__in=MismatchState.values
    )
    return found
