"""Reading a connection's lists into snapshots, page by page.

Each page and the place after it are stored in one transaction, so a killed worker's walk goes on where it stopped.
The cursor moves only after a complete walk, to the newest change that the list itself showed: that is the provider's
own clock, whatever ours says. While changes are recent the next walk overlaps it. A walk over everything also finds
what has vanished, and reads again when its pages moved under it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from connectors.base import Page, ReadPlan, Row, Source, Window
from connectors.errors import Rejected
from practices.models import Connection
from sync import snapshots
from sync.models import Cursor, Snapshot

OVERLAP = timedelta(minutes=5)
"""Read again what changed just before the last walk began: late commits and clocks that differ."""
MOST_WALKS = 3
"""How often a walk over everything starts again because rows moved between its pages."""


@dataclass
class Progress:
    """What a reading turn did: objects read and changed per kind, unreadable ones, and whether all lists are done."""

    read: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)
    finished: bool = False

    def add(self, kind: str, stored: snapshots.Stored) -> None:
        for table, number in ((self.read, stored.read), (self.changed, stored.changed)):
            table[kind] = table.get(kind, 0) + number
        if stored.unreadable:
            self.unreadable[kind] = self.unreadable.get(kind, 0) + stored.unreadable


def read(
    connection: Connection,
    source: Source,
    *,
    full: bool,
    started_at: datetime,
    go_on: Callable[[str, int], bool],
    urgent: bool = False,
) -> Progress:
    """Walk every list that is due, until done or ``go_on(kind, read so far)`` says stop; call again to continue.

    ``started_at`` names the run: a list walked since then is not walked again. ``urgent`` reads the slow lists too.
    Raises the connector's errors; everything stored before stays stored.
    """
    progress = Progress()
    for plan in source.read_plans():
        cursor, _ = Cursor.objects.get_or_create(
            connection=connection,
            kind=plan.kind.value,
            variant=plan.variant,
            defaults={"practice_id": connection.practice_id},
        )
        if _is_fresh(cursor, plan, started_at, full=full, urgent=urgent):
            continue
        if not _walk(connection, source, plan, cursor, progress, full=full, go_on=go_on):
            return progress
    progress.finished = True
    Connection.objects.filter(pk=connection.pk).update(last_read_at=timezone.now())
    return progress


def _is_fresh(cursor: Cursor, plan: ReadPlan, started_at: datetime, *, full: bool, urgent: bool) -> bool:
    if cursor.walk or cursor.completed_at is None:
        return False
    if cursor.completed_at >= started_at:
        return not full or (cursor.full_completed_at is not None and cursor.full_completed_at >= started_at)
    slow_enough = cursor.completed_at + timedelta(minutes=plan.every_minutes) > timezone.now()
    return bool(plan.every_minutes) and slow_enough and not full and not urgent


def _walk(
    connection: Connection,
    source: Source,
    plan: ReadPlan,
    cursor: Cursor,
    progress: Progress,
    *,
    full: bool,
    go_on: Callable[[str, int], bool],
) -> bool:
    """One list to its end; ``False`` when told to stop before."""
    if not cursor.walk:
        cursor.walk = _begin(cursor, plan, full=full)
    while True:
        try:
            page = source.read_page(plan, _window(cursor), cursor.resume or None)
        except Rejected:
            restarts = cursor.walk.get("restarts", 0) + 1
            if not cursor.resume or restarts > MOST_WALKS:
                cursor.resume, cursor.walk = "", {}
                cursor.save(update_fields=["resume", "walk"])
                raise
            cursor.resume = ""  # the place is no longer valid
            cursor.walk = {**_begin(cursor, plan, full=full), "restarts": restarts}
            continue
        done = _store_page(connection, plan, cursor, page, progress)
        if done and _must_repeat(connection, cursor, page):
            cursor.resume = ""
            cursor.walk = {**_begin(cursor, plan, full=True), "walks": cursor.walk.get("walks", 1) + 1}
            cursor.save(update_fields=["resume", "walk"])
            continue
        if done:
            _finish(connection, source, plan, cursor)
            return True
        if not go_on(plan.kind.value, progress.read.get(plan.kind.value, 0)):
            return False


def _begin(cursor: Cursor, plan: ReadPlan, *, full: bool) -> dict[str, Any]:
    now = timezone.now()
    swept = cursor.full_completed_at
    everything = (
        full or cursor.since is None or swept is None or swept < now - timedelta(hours=plan.sweep_hours)
    )
    walk: dict[str, Any] = {"began": now.isoformat(), "full": everything, "pages": 0, "walks": 1}
    if not everything and cursor.since is not None:
        if plan.incremental:
            walk["since"] = cursor.since.isoformat()
        elif plan.trailing_days:
            walk["date_from"] = (now - timedelta(days=plan.trailing_days)).date().isoformat()
        else:
            walk["full"] = True
    return walk


def _window(cursor: Cursor) -> Window:
    since, date_from = cursor.walk.get("since"), cursor.walk.get("date_from")
    began = datetime.fromisoformat(cursor.walk["began"])
    return Window(
        since=datetime.fromisoformat(since) if since else None,
        date_from=datetime.fromisoformat(date_from).date() if date_from else None,
        date_to=began.date(),
    )


def _store_page(
    connection: Connection, plan: ReadPlan, cursor: Cursor, page: Page, progress: Progress
) -> bool:
    now = timezone.now()
    walk = cursor.walk
    if not walk.get("provider_began"):
        walk["provider_began"] = (page.read_at or now).astimezone(UTC).isoformat()
    walk["pages"] = walk.get("pages", 0) + 1
    newest = max((stamp for row in page.rows if (stamp := _stamp(row))), default=None)
    if newest is not None and newest.isoformat() > walk.get("newest", ""):
        walk["newest"] = newest.isoformat()
    following = _unseen(walk, page.next)
    with transaction.atomic():
        stored = snapshots.store(connection, page.rows, now=now, mark_seen=bool(walk.get("full")))
        cursor.resume = following or ""
        cursor.save(update_fields=["resume", "walk"])
    progress.add(plan.kind.value, stored)
    return following is None


def _unseen(walk: dict[str, Any], place: str | None) -> str | None:
    """The next place, unless this walk has been there: a list whose places go in a circle would never end."""
    if place is None:
        return None
    mark = hashlib.sha256(place.encode()).hexdigest()[:12]
    if mark in walk.setdefault("places", []):
        return None
    walk["places"].append(mark)
    return place


def _stamp(row: Row) -> datetime | None:
    """When the provider last changed the object, by its own clock; its making where it doesn't say more."""
    if row.record is None:
        return None
    return row.record.source_updated_at or row.record.source_created_at


def _next_since(cursor: Cursor, plan: ReadPlan) -> datetime | None:
    """From when the next walk asks for changes; ``None`` asks for everything again.

    The newest change seen, but never later than the provider's own time at the start. Within the overlap of that
    time a late commit may still appear before it, so the overlap is asked for again; after a quiet while it isn't,
    or a large batch would be read again and again.
    """
    began = datetime.fromisoformat(cursor.walk["provider_began"])
    if not plan.incremental:
        return began
    if "newest" not in cursor.walk:
        return cursor.since if "since" in cursor.walk else None
    newest = min(datetime.fromisoformat(cursor.walk["newest"]), began)
    newest = max(newest, cursor.since) if cursor.since and "since" in cursor.walk else newest
    return newest - OVERLAP if began - newest < OVERLAP else newest


def _must_repeat(connection: Connection, cursor: Cursor, page: Page) -> bool:
    """Whether a row slipped between two pages: the list says there are more objects than the walk has seen."""
    walk = cursor.walk
    if (
        page.total is None
        or walk.get("pages", 0) < 2
        or walk.get("walks", 1) >= MOST_WALKS
        or not walk.get("full")
    ):
        return False
    began = datetime.fromisoformat(walk["began"])
    return Snapshot.objects.of(connection, cursor.kind).filter(seen_at__gte=began).count() < page.total


def _finish(connection: Connection, source: Source, plan: ReadPlan, cursor: Cursor) -> None:
    now = timezone.now()
    was_full = bool(cursor.walk.get("full"))
    began = datetime.fromisoformat(cursor.walk["began"])
    with transaction.atomic():
        cursor.since = _next_since(cursor, plan)
        cursor.completed_at = now
        if was_full:
            cursor.full_completed_at = now
            cursor.full_began_at = began
        cursor.resume, cursor.walk = "", {}
        cursor.save()
        if was_full:
            _sweep(connection, source, plan)


def _sweep(connection: Connection, source: Source, plan: ReadPlan) -> None:
    """Mark what vanished: not seen since the oldest complete walk over everything began, counting every variant."""
    variants = [item.variant for item in source.read_plans() if item.kind == plan.kind]
    began = [
        item.full_began_at for item in Cursor.objects.filter(connection=connection, kind=plan.kind.value)
    ]
    if plan.variant == variants[-1] and len(began) >= len(variants) and None not in began:
        snapshots.mark_gone(
            connection, plan.kind.value, not_seen_since=min(stamp for stamp in began if stamp)
        )
