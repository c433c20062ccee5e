"""Which rows a list request asks for: parameters, the windows and states that apply unasked, and pages.

What silently narrows an answer: invoices show the current month, collections one week from Monday, and
archived, deleted, cancelled or voided records only appear when their state is asked for. Parameters an
endpoint does not know are ignored, among them `updated_from` on collections.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.ignition.hints import Row
from sandbox.ignition.refusals import Refused
from sandbox.ignition.state import IgnitionPractice, stamp
from sandbox.web import Request

DEFAULT_LIMIT = 100
MAX_LIMIT = 250
COLLECTIONS_SPAN = timedelta(days=8)

HIDDEN = {
    "clients": frozenset({"archived"}),
    "services": frozenset({"deleted"}),
    "proposals": frozenset({"archived"}),
    "invoices": frozenset({"draft", "voided", "archived"}),
    "payments": frozenset({"cancelled"}),
}
STATES = {
    "clients": frozenset({"lead", "active", "inactive", "archived"}),
    "services": frozenset({"active", "new", "deleted", "ledger", "system", "placeholder"}),
    "proposals": frozenset(
        {"new", "draft", "awaiting_acceptance", "accepted", "completed", "lost", "archived"}
    ),
    "invoices": frozenset({"draft", "issued", "voided", "archived"}),
    "payments": frozenset(
        {
            "uncollected",
            "collecting",
            "collected",
            "refunding",
            "refunded",
            "disbursing",
            "disbursed",
            "clawing_back",
            "cancelled",
        }
    ),
    "deals": frozenset({"open", "won", "lost"}),
}
WINDOWED = ("invoices", "collections")
# Seen on the real service: the last payment of a page comes again as the first of the next.
REPEATS_LAST_ROW = ("payments",)


@dataclass(frozen=True)
class Filters:
    """What narrows a list. Empty strings and None mean: does not apply."""

    updated_from: str | None = None
    date_from: str | None = None
    date_to: str | None = None
    states: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Page:
    rows: list[Row]
    next_cursor: str | None
    limit: int


def page_of(practice: IgnitionPractice, resource: str, request: Request, today: date) -> Page:
    """One page, oldest rows first. Raises Refused (422) on a bad limit, date, state or cursor."""
    limit = _limit(request)
    cursor = request.arg("cursor")
    if cursor:
        start, filters = _open_cursor(resource, cursor)
        if _sent_filters(request) and _filters(resource, request, today) != filters:
            raise Refused(422, "cursor belongs to a list with other parameters.")
    else:
        start, filters = 0, _filters(resource, request, today)
    return _collect(practice, resource, filters, start, limit)


def _collect(practice: IgnitionPractice, resource: str, filters: Filters, start: int, limit: int) -> Page:
    zone = ZoneInfo(practice.time_zone)
    found: list[tuple[int, Row]] = []
    for position, row, changed_at in practice.scan(resource, start):
        if not _wanted(resource, filters, zone, row, changed_at):
            continue
        if len(found) == limit:
            again = resource in REPEATS_LAST_ROW and limit > 1
            cursor = _cursor(resource, found[-1][0] if again else position, filters)
            return Page([kept for _, kept in found], cursor, limit)
        found.append((position, row))
    return Page([kept for _, kept in found], None, limit)


def _wanted(resource: str, filters: Filters, zone: ZoneInfo, row: Row, changed_at: str) -> bool:
    if filters.updated_from and changed_at < filters.updated_from:
        return False
    if filters.states is not None:
        if row["state"] not in filters.states:
            return False
    elif resource in HIDDEN and row["state"] in HIDDEN[resource]:
        return False
    if filters.date_from is None or filters.date_to is None:
        return True
    return filters.date_from <= _date_of(resource, row, zone) <= filters.date_to


def _date_of(resource: str, row: Row, zone: ZoneInfo) -> str:
    if resource == "invoices":
        return str(row["date"])
    # Collections have no date of their own; the day the charge started, on the practice's calendar, decides.
    started = datetime.fromisoformat(row["payment"]["started_at"])
    return started.astimezone(zone).date().isoformat()


# Parameters ---------------------------------------------------------------------------------------


def _limit(request: Request) -> int:
    text = request.arg("limit")
    if text is None:
        return DEFAULT_LIMIT
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LIMIT))
    if not digits or not 1 <= int(text) <= MAX_LIMIT:
        raise Refused(422, f"limit must be a whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def _sent_filters(request: Request) -> bool:
    return any(request.arg(name) for name in ("updated_from", "date_from", "date_to", "state"))


def _filters(resource: str, request: Request, today: date) -> Filters:
    problems: list[str] = []
    updated_from = None if resource == "collections" else _instant(request, problems)
    date_from, date_to = _window(resource, request, today, problems) if resource in WINDOWED else (None, None)
    states = _states(resource, request, problems)
    if problems:
        raise Refused(422, *problems)
    return Filters(updated_from, date_from, date_to, states)


def _instant(request: Request, problems: list[str]) -> str | None:
    text = request.arg("updated_from")
    if not text:
        return None
    try:
        # A plus sign that was not percent-encoded arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        return stamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        problems.append("updated_from must be an ISO 8601 date and time.")
        return None


def _day(request: Request, name: str, problems: list[str]) -> date | None:
    text = request.arg(name)
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        problems.append(f"{name} must be a date such as 2026-03-31.")
        return None


def _window(resource: str, request: Request, today: date, problems: list[str]) -> tuple[str, str]:
    first = _day(request, "date_from", problems)
    last = _day(request, "date_to", problems)
    if resource == "invoices":
        first = first or today.replace(day=1)
        last = last or (today.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    else:
        first = first or today - timedelta(days=today.weekday())
        last = last or min(first, date.max - COLLECTIONS_SPAN) + COLLECTIONS_SPAN
    if first > last and not problems:
        problems.append("date_from must not be after date_to.")
    return first.isoformat(), last.isoformat()


def _states(resource: str, request: Request, problems: list[str]) -> tuple[str, ...] | None:
    text = request.arg("state")
    if not text or resource not in STATES:
        return None
    wanted = tuple(sorted({part.strip() for part in text.split(",")}))
    if not STATES[resource].issuperset(wanted):
        problems.append(f"state must be one of {', '.join(sorted(STATES[resource]))}.")
    return wanted


# Cursors ------------------------------------------------------------------------------------------


def _cursor(resource: str, position: int, filters: Filters) -> str:
    text = json.dumps([resource, position, asdict(filters)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _open_cursor(resource: str, cursor: str) -> tuple[int, Filters]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        kind, position, stored = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        fields: dict[str, Any] = dict(stored)
        states = fields.pop("states")
        filters = Filters(**fields, states=None if states is None else tuple(states))
        if kind != resource or not isinstance(position, int) or position < 0:
            raise ValueError("another list's cursor")
    except (ValueError, TypeError, KeyError, binascii.Error, RecursionError):
        raise Refused(422, "cursor is not valid.") from None
    return position, filters
