"""Lists of Changes with their before → after, and what their causes add up to."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from practices.models import Practice
from sync.filters import HELD_BY_MODE, ChangeFilter
from sync.models import Change, ChangeState, Kind, Snapshot, Verb
from sync.owing import Group, Groups, open_groups, reasons_in
from sync.pages.diff import FieldDiff, LineDiff, field_diffs, line_diffs
from sync.pages.long_lists import Total, Totals, long_list
from sync.pages.paging import Column, Least, Sheet
from sync.pages.words import FIX_MAPPING, FOLLOWS, MAPPING_REASONS, NEXT_STEP, reason_words

SORTS: dict[str, Column] = {"newest": "pk", "title": "title", "amount": Least("amount"), "date": "date"}
QUICK_SORTS = frozenset({"newest", "amount"})
DEFAULT_SORT = "-newest"
FIELDS_SHOWN = 6
"""Changed fields shown in a list; the page of the Change shows all."""

KIND_ORDER = {Kind.CONTACT: 0, Kind.INVOICE: 1, Kind.PAYMENT: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    change: Change
    fields: Sequence[FieldDiff]
    more: int
    lines: int
    lines_changed: bool

    @property
    def actionable(self) -> bool:
        """Whether a person can do something with it now."""
        return self.change.state in {ChangeState.HELD, ChangeState.PENDING, ChangeState.PARKED}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeListing:
    sheet: Sheet
    rows: Sequence[ChangeRow]
    totals: Totals
    filter: ChangeFilter

    @property
    def actionable(self) -> bool:
        return any(row.actionable for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Open Changes with one cause. ``code`` filters the list to exactly these."""

    kind: str
    verb: str
    state: str
    code: str
    count: int
    amounts: tuple[Total, ...]
    oldest: Any

    @property
    def title(self) -> str:
        return reason_words(self.code) if self.code else str(ChangeState(self.state).label)

    @property
    def next_step(self) -> str:
        return NEXT_STEP.get(self.code, FIX_MAPPING if self.by_mapping else "")

    @property
    def needs_somebody(self) -> bool:
        """Whether this waits for a person rather than for the clock or a mode."""
        if self.state == ChangeState.HELD:
            return bool(self.code) and not self.by_mode
        return self.state == ChangeState.PARKED

    @property
    def follows(self) -> bool:
        """Whether it ends by itself once something else is settled."""
        return self.state == ChangeState.HELD and self.code in FOLLOWS

    @property
    def by_mode(self) -> bool:
        return self.state == ChangeState.HELD and self.code in HELD_BY_MODE.values()

    @property
    def by_mapping(self) -> bool:
        return self.code in MAPPING_REASONS

    @property
    def verb_words(self) -> str:
        return str(Verb(self.verb).label) if self.verb in Verb.values else ""


def change_listing(
    practice: Practice,
    params: QueryDict,
    *,
    states: Sequence[str] | None = None,
    groups: Groups | None = None,
) -> ChangeListing:
    """One page of Changes, only in ``states`` when given. ``groups`` are the open ones, if known already."""
    base = Change.objects.filter(practice=practice)
    if states is not None:
        base = base.filter(state__in=states)
    reasons = reasons_in(open_groups(practice) if groups is None else groups)
    asked = params.get("reason")
    if asked and asked.isidentifier() and asked not in reasons:
        reasons.append(asked[:40])
    narrowed = ChangeFilter(
        params,
        queryset=base,
        practice=practice,
        reasons=reasons,
        states=None if states is None else [str(item) for item in states],
    )
    query: QuerySet[Any] = narrowed.qs
    page, totals = long_list(query, params, sorts=SORTS, default=DEFAULT_SORT, quick=QUICK_SORTS)
    return ChangeListing(
        sheet=page, rows=[change_row(item) for item in page.rows], totals=totals, filter=narrowed
    )


def change_row(change: Change) -> ChangeRow:
    fields = field_diffs(change.before, change.values, currency=change.currency)
    marked = [row for row in fields if row.changed]
    lines = line_diffs(change.before, change.values, currency=change.currency)
    return ChangeRow(
        change=change,
        fields=marked[:FIELDS_SHOWN],
        more=max(0, len(marked) - FIELDS_SHOWN),
        lines=len(lines),
        lines_changed=any(cell.changed for line in lines for cell in line.cells),
    )


def all_fields(change: Change) -> tuple[list[FieldDiff], list[LineDiff]]:
    return (
        field_diffs(change.before, change.values, currency=change.currency),
        line_diffs(change.before, change.values, currency=change.currency),
    )


def causes(groups: Groups) -> list[Cause]:
    """Open Changes by what they wait for: most urgent states first, then by count."""
    found: dict[tuple[str, str, str, str], list[Group]] = defaultdict(list)
    for group in groups:
        code = group.reason or (group.parked_as if group.state == ChangeState.PARKED else "")
        found[(group.kind, group.verb, group.state, code)].append(group)
    urgency = {ChangeState.PARKED: 0, ChangeState.HELD: 1, ChangeState.PENDING: 2, ChangeState.IN_FLIGHT: 3}
    return sorted(
        (_cause(key, parts) for key, parts in found.items()),
        key=lambda item: (urgency[ChangeState(item.state)], _kind_order(item.kind), -item.count),
    )


def source_snapshot(change: Change) -> Snapshot | None:
    """The record this Change comes from."""
    return Snapshot.objects.filter(
        connection=change.source_connection_id,
        kind=change.kind,
        external_id=change.source_external_id.partition("/")[0],
    ).first()


def target_snapshot(change: Change) -> Snapshot | None:
    """The record this Change writes to, once it exists and has been read."""
    if not change.target_external_id:
        return None
    return (
        Snapshot.objects.filter(
            connection=change.connection_id, kind=change.kind, external_id=change.target_external_id
        )
        .select_related("connection")
        .first()
    )


def _cause(key: tuple[str, str, str, str], groups: Groups) -> Cause:
    kind, verb, state, code = key
    amounts: dict[str, Total] = {}
    for group in groups:
        if group.amount is not None:
            before = amounts.get(group.currency, Total(group.currency, Decimal(0), 0))
            total = (before.amount or Decimal(0)) + group.amount
            amounts[group.currency] = Total(group.currency, total, before.count + group.count)
    return Cause(
        kind=kind,
        verb=verb,
        state=state,
        code=code,
        count=sum(group.count for group in groups),
        amounts=tuple(amounts.values()),
        oldest=min(group.oldest for group in groups),
    )


def _kind_order(kind: str) -> int:
    return KIND_ORDER[Kind(kind)] if kind in KIND_ORDER else len(KIND_ORDER)
