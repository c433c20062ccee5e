"""Reading a connection's lists into snapshots, page by page.

Each page and the place after it are stored in one transaction, so a killed worker's walk goes on where it stopped.
The cursor moves only after a complete walk, to the newest change that the list itself showed: that is the provider's
own clock, whatever ours says. While changes are recent the next walk overlaps it. A walk over everything also finds
what has vanished, and reads again when its pages moved under it.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from connectors.base import Page, ReadPlan, Row, Source, Window
from connectors.errors import NeedsReconnect, NotAllowed, NotFound, Rejected
from practices.features import is_granted
from practices.models import Connection
from sync import snapshots
from sync.models import Cursor, Snapshot

OVERLAP = timedelta(minutes=5)
"""Read again what changed just before the last walk began: late commits and clocks that differ."""
ONCE_A_NIGHT = timedelta(hours=12)
AT_LEAST = timedelta(hours=36)
"""What is read once a night is read by day too when it was missed for this long."""
NIGHT = range(1, 5)
"""Hours of the practice's day in which the long reads are done."""
SWEEP_EARLY = timedelta(hours=6)
SWEEP_LATE = timedelta(hours=12)
"""A walk over everything is done in the night before it is due, and by day only when it is this much overdue."""
MOST_WALKS = 3
"""How often a walk over everything starts again because rows moved between its pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a reading turn is to read.

    ``started_at`` names the run: a list walked since then is not walked again. ``full`` walks everything from the
    start, ``thorough`` (a person asked) includes lists that are otherwise read at night, ``kinds`` limits it to some,
    each with whether its hidden records are read too; ``whole`` are kinds walked from the start. ``night`` is whether
    the practice sleeps.
    """

    started_at: datetime
    full: bool = False
    thorough: bool = False
    night: bool = False
    kinds: Mapping[str, bool] | None = None
    whole: frozenset[str] = frozenset()


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
    wish: Wish,
    *,
    go_on: Callable[[str, int], bool],
) -> Progress:
    """Walk every list that is due, until done or ``go_on(kind, read so far)`` says stop; call again to continue.

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
        if _is_fresh(cursor, plan, wish) or (plan.optional and not is_granted(connection, plan.kind)):
            continue
        try:
            ended = _walk(connection, source, plan, cursor, progress, wish, go_on=go_on)
        except (NeedsReconnect, NotFound) as error:
            if not (plan.optional and _is_about_the_list(error)):
                raise
            _note_refusal(cursor)
            continue
        if not ended:
            return progress
    progress.finished = True
    Connection.objects.filter(pk=connection.pk).update(last_read_at=timezone.now())
    return progress


def _is_about_the_list(error: NeedsReconnect | NotFound) -> bool:
    """Whether a refusal may be meant for one list only. A connection that ended shows at the next list."""
    return isinstance(error, NotAllowed | NotFound) or error.status == 403


def _note_refusal(cursor: Cursor) -> None:
    """Remember that the list may not be read; what was read of it before stays, and is not compared."""
    cursor.resume, cursor.walk, cursor.refused_at = "", {}, timezone.now()
    cursor.save(update_fields=["resume", "walk", "refused_at"])


def night_at(now: datetime, zone: ZoneInfo) -> bool:
    """Whether it is night where the practice is."""
    return now.astimezone(zone).hour in NIGHT


def _is_fresh(cursor: Cursor, plan: ReadPlan, wish: Wish) -> bool:
    if wish.kinds is not None and not _is_wished(plan, wish.kinds):
        return True
    if cursor.refused_at is not None and cursor.refused_at >= (cursor.completed_at or cursor.refused_at):
        return _was_asked_lately(cursor.refused_at, wish)
    if cursor.walk or cursor.completed_at is None:
        return False
    whole = wish.full or plan.kind.value in wish.whole
    if cursor.completed_at >= wish.started_at:
        swept = cursor.full_completed_at
        return not whole or (swept is not None and swept >= wish.started_at)
    if whole or wish.kinds is not None:
        return False
    age = timezone.now() - cursor.completed_at
    if plan.nightly:
        return not wish.thorough and age < (ONCE_A_NIGHT if wish.night else AT_LEAST)
    return age < timedelta(minutes=plan.every_minutes)


def _was_asked_lately(refused_at: datetime, wish: Wish) -> bool:
    """A list that was refused is asked for again once a night, and when somebody asks for everything."""
    if refused_at >= wish.started_at or not (wish.night or wish.thorough):
        return True
    return not wish.thorough and timezone.now() - refused_at < ONCE_A_NIGHT


def _is_wished(plan: ReadPlan, kinds: Mapping[str, bool]) -> bool:
    hidden = kinds.get(plan.kind.value)
    return hidden is not None and (hidden or not plan.nightly)


def _walk(
    connection: Connection,
    source: Source,
    plan: ReadPlan,
    cursor: Cursor,
    progress: Progress,
    wish: Wish,
    *,
    go_on: Callable[[str, int], bool],
) -> bool:
    """One list to its end; ``False`` when told to stop before."""
    full = wish.full or plan.kind.value in wish.whole
    if not cursor.walk:
        cursor.walk = _begin(cursor, plan, full=full, night=wish.night)
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
            cursor.walk = {**_begin(cursor, plan, full=full, night=wish.night), "restarts": restarts}
            continue
        done = _store_page(connection, plan, cursor, page, progress)
        if done and _must_repeat(connection, cursor, page):
            cursor.resume = ""
            cursor.walk = {
                **_begin(cursor, plan, full=True, night=wish.night),
                "walks": cursor.walk.get("walks", 1) + 1,
            }
            cursor.save(update_fields=["resume", "walk"])
            continue
        if done:
            _finish(connection, source, plan, cursor)
            return True
        if not go_on(plan.kind.value, progress.read.get(plan.kind.value, 0)):
            return False


def _begin(cursor: Cursor, plan: ReadPlan, *, full: bool, night: bool) -> dict[str, Any]:
    now = timezone.now()
    swept = cursor.full_completed_at
    often = timedelta(hours=plan.sweep_hours) + (-SWEEP_EARLY if night else SWEEP_LATE)
    everything = full or cursor.since is None or swept is None or swept < now - often
    walk: dict[str, Any] = {"began": now.isoformat(), "full": everything, "pages": 0, "walks": 1}
    if not everything and cursor.since is not None:
        if plan.incremental:
            walk["since"] = cursor.since.isoformat()
        elif plan.trailing_days:
            wide = cursor.wide_completed_at
            missed = wide is None or now - wide > (ONCE_A_NIGHT if night else AT_LEAST)
            walk["wide"] = bool(plan.night_days) and missed
            days = plan.night_days if walk["wide"] else plan.trailing_days
            walk["date_from"] = (now - timedelta(days=days)).date().isoformat()
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
        stored = snapshots.store(
            connection, page.rows, now=now, mark_seen=bool(walk.get("full")), read_at=page.read_at
        )
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
        cursor.completed_at, cursor.refused_at = now, None
        if was_full or cursor.walk.get("wide"):
            cursor.wide_completed_at = now
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
