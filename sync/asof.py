"""What each side said on a day: versions of records that later ones replaced, kept and found again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sync.models import PastRecord, Snapshot

KEPT_FOR = timedelta(days=730)
"""How long a replaced version is kept: the year that is audited and the one it is compared with."""
MOST_VERSIONS = 500
"""Versions of one record that are looked at, the newest ones."""
AT_ONCE = 500


def keep_past(replaced: Mapping[int, Snapshot], now: datetime) -> int:
    """Keep what snapshots (by key) say before they are overwritten with these, where that differs; how many.

    Call it in the transaction of the change. A record that comes back after it was gone keeps that too.
    """
    if not replaced:
        return 0
    old = Snapshot.objects.filter(pk__in=list(replaced)).only(
        "practice_id", "record", "problem", "standing", "received_at", "gone_at"
    )
    past = [
        PastRecord(
            practice_id=row.practice_id,
            snapshot_id=row.pk,
            record=row.record,
            problem=row.problem,
            standing=row.standing,
            since=row.received_at,
            until=now,
            gone_at=row.gone_at,
        )
        for row in old
        if row.gone_at is not None
        or row.record != replaced[row.pk].record
        or row.problem != replaced[row.pk].problem
    ]
    PastRecord.objects.bulk_create(past, batch_size=AT_ONCE)
    return len(past)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a record said from one instant on. ``gone_at``: from then on it was not listed.

    ``until`` is when the next one was read; ``None`` for what it says now.
    """

    record: dict[str, Any]
    since: datetime
    until: datetime | None = None
    problem: str = ""
    standing: str = ""
    gone_at: datetime | None = None

    def is_gone(self, moment: datetime) -> bool:
        return self.gone_at is not None and self.gone_at <= moment


def versions_of(snapshots: Collection[Snapshot]) -> dict[int, list[Version]]:
    """Every version that is kept of these, oldest first, what they say now last; by key. One query."""
    rows = PastRecord.objects.filter(snapshot__in=[item.pk for item in snapshots]).order_by("-until", "-pk")
    found: dict[int, list[PastRecord]] = {}
    for row in rows[: MOST_VERSIONS * max(len(snapshots), 1)]:
        found.setdefault(row.snapshot_id, []).append(row)
    return {item.pk: _in_order(item, found.get(item.pk, [])[::-1]) for item in snapshots}


def _in_order(snapshot: Snapshot, past: Sequence[PastRecord]) -> list[Version]:
    """Each begins where the one before it ended: reading the same again is no new version."""
    out: list[Version] = []
    for row in past:
        out.append(
            Version(
                record=row.record,
                since=out[-1].until or row.since if out else row.since,
                until=row.until,
                problem=row.problem,
                standing=row.standing,
                gone_at=row.gone_at,
            )
        )
    out.append(
        Version(
            record=snapshot.record,
            since=out[-1].until or snapshot.received_at if out else snapshot.received_at,
            problem=snapshot.problem,
            standing=snapshot.standing,
            gone_at=snapshot.gone_at,
        )
    )
    return out


def version_at(versions: Sequence[Version], moment: datetime) -> Version | None:
    """What stood at an instant; ``None`` before the first reading that is kept."""
    return next(
        (item for item in versions if item.since <= moment and (item.until is None or moment < item.until)),
        None,
    )


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after a day, where the practice is."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)


def days_of_change(versions: Sequence[Version], zone: ZoneInfo) -> list[date]:
    """The days on which something was seen to change, newest first: a new version, gone, or back."""
    moments = {item.since for item in versions} | {item.gone_at for item in versions if item.gone_at}
    return sorted({moment.astimezone(zone).date() for moment in moments}, reverse=True)
