"""What becomes of the stored incidents when the true causes are known: opened, changed, reopened, settled. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sync.incidents.causes import (
    ACCESS_ENDS,
    CRITICAL,
    DECIDE_CONFLICT,
    DECIDE_REVIEW,
    HELD,
    RECONNECT,
    SCOPES_MISSING,
    Key,
    parked_cause,
)

SAME_AGAIN = timedelta(minutes=10)
"""What comes back within this time had not really gone."""
SEEN_EVERY = timedelta(minutes=10)
"""How often it is noted that nothing changed: a row that only stays as it is costs no write each minute."""

OPEN, SNOOZED, RESOLVED = "open", "snoozed", "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A stored incident: ``values`` are the fields that a refresh may change."""

    pk: int
    key: Key
    state: str
    values: Mapping[str, Any]
    last_seen_at: datetime
    resolved_at: datetime | None = None
    snoozed_until: datetime | None = None


@dataclass
class Steps:
    """What is to be written. ``changed`` holds new field values by row, ``seen`` rows that are only still true."""

    opened: list[tuple[Key, Mapping[str, Any]]] = field(default_factory=list)
    changed: dict[int, dict[str, Any]] = field(default_factory=dict)
    settled: list[Known] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something a person did that may have settled a cause."""

    action: str
    at: datetime
    details: Mapping[str, Any]
    object_id: str = ""


def next_steps(
    found: Mapping[Key, Mapping[str, Any]],
    known: Iterable[Known],
    *,
    unsure: frozenset[Key],
    now: datetime,
) -> Steps:
    """Compare the true causes with the stored rows. ``known`` are all unresolved ones and those settled lately."""
    steps = Steps()
    rows = list(known)
    unresolved = {row.key: row for row in rows if row.state != RESOLVED}
    for key, row in unresolved.items():
        if key in found:
            _keep(steps, row, found[key], now)
        elif key not in unsure:
            steps.settled.append(row)
    lately = _latest(row for row in rows if row.state == RESOLVED and _is_recent(row, now))
    for key, values in found.items():
        if key in unresolved:
            continue
        gone = lately.get(key)
        if gone is None:
            steps.opened.append((key, values))
        else:
            asleep = gone.snoozed_until is not None and gone.snoozed_until > now
            steps.changed[gone.pk] = {
                **values,
                "state": SNOOZED if asleep else OPEN,
                "resolved_at": None,
                "resolution": "",
                "last_seen_at": now,
            }
    return steps


def _keep(steps: Steps, row: Known, values: Mapping[str, Any], now: datetime) -> None:
    moved = {name: value for name, value in values.items() if row.values.get(name) != value}
    if row.state == SNOOZED and _wakes(row, moved, now):
        moved.update(state=OPEN, snoozed_until=None, snooze_reason="", snoozed_by_id=None)
    if moved:
        steps.changed[row.pk] = {**moved, "last_seen_at": now}
    elif now - row.last_seen_at >= SEEN_EVERY:
        steps.seen.append(row.pk)


def _wakes(row: Known, moved: Mapping[str, Any], now: datetime) -> bool:
    """A snooze ends with its time, or when it has become much worse than what was put aside."""
    return row.snoozed_until is None or row.snoozed_until <= now or moved.get("severity") == CRITICAL


def _is_recent(row: Known, now: datetime) -> bool:
    return row.resolved_at is not None and now - row.resolved_at <= SAME_AGAIN


def _latest(rows: Iterable[Known]) -> dict[Key, Known]:
    out: dict[Key, Known] = {}
    for row in sorted(rows, key=lambda item: item.pk):
        out[row.key] = row
    return out


ABOUT_CHANGES = frozenset(
    {
        "change.released",
        "change.kept",
        "change.retried",
        "change.declined",
        "approval.approved",
        "approval.rejected",
        "approval.asked",
    }
)
OF_CONNECTIONS = frozenset({"connection.connected", "connection.reconnected", "connection.disconnected"})
DEEDS = ABOUT_CHANGES | OF_CONNECTIONS | {"mapping.published", "review.decided"}


def settled_by(
    key: Key, deeds: Sequence[Deed], *, since: datetime, by_mapping: frozenset[str]
) -> Deed | None:
    """The latest deed since then that was about this cause; ``None``: it settled itself.

    ``by_mapping`` are the reasons that a new mapping puts right.
    """
    about = [deed for deed in deeds if deed.at >= since and _is_about(deed, key, by_mapping)]
    return max(about, key=lambda deed: deed.at, default=None)


def _is_about(deed: Deed, key: Key, by_mapping: frozenset[str]) -> bool:
    connection, kind, cause, _ = key
    if deed.action in ABOUT_CHANGES:
        details = deed.details
        return (details.get("connection"), details.get("kind")) == (connection, kind) and cause in _causes(
            details
        )
    if deed.action in OF_CONNECTIONS:
        return cause in {RECONNECT, ACCESS_ENDS, SCOPES_MISSING} and deed.object_id == str(connection)
    if deed.action == "review.decided":
        return cause == DECIDE_REVIEW
    return cause.removeprefix(HELD) in by_mapping or cause.startswith("needs_mapping.")


def _causes(details: Mapping[str, Any]) -> set[str]:
    reason, parked_as = str(details.get("reason", "")), str(details.get("parked_as", ""))
    return {parked_cause(parked_as, reason), HELD + reason, DECIDE_CONFLICT if reason == "conflict" else ""}
