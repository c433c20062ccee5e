"""Looking again at what was reported: the same hints, put back as if they had just come in.

Nothing of a hint is believed the second time either; the records are read from where they live. So a replay can't do
harm, it only costs calls.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from practices import audit
from practices.models import ConnectionState, Practice, User
from sync import live
from sync.models import SYNCED_KINDS, Event, EventState

MOST_AT_ONCE = 5_000
"""Hints put back in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What looking again at some hints means: ``records`` are named, ``lists`` have to be read, a call or more each.

    ``newest_id`` marks the newest hint counted, so that what comes in meanwhile is left out. ``cut``: there are more
    hints than are put back at once.
    """

    events: int
    records: int
    lists: int
    newest_id: int
    cut: bool


def cost_of(events: QuerySet[Any]) -> Cost:
    """What a replay of the newest of these hints comes to, at most :data:`MOST_AT_ONCE`. One query."""
    rows = list(
        _movable(events)
        .order_by("-pk")
        .values_list("pk", "connection_id", "kind", "external_id")[: MOST_AT_ONCE + 1]
    )
    taken = rows[:MOST_AT_ONCE]
    return Cost(
        events=len(taken),
        records=len({row[1:] for row in taken if row[3]}),
        lists=sum(1 if kind else len(SYNCED_KINDS) for _, kind in {(row[1], row[2]) for row in taken}),
        newest_id=max((row[0] for row in taken), default=0),
        cut=len(rows) > MOST_AT_ONCE,
    )


def again(
    practice: Practice, events: QuerySet[Any], *, actor: User | None, what: str, one: Event | None = None
) -> int:
    """Put the newest of these hints of a practice back, at most :data:`MOST_AT_ONCE`, and wake a worker.

    Returns how many. What waits anyway, and hints of a connection that was ended, are left as they are. ``what`` says
    for the audit trail which hints were meant, ``one`` which it was if it was one.
    """
    with transaction.atomic():
        newest = _movable(events.filter(practice=practice)).order_by("-pk").values_list("pk", flat=True)
        ids = list(newest[:MOST_AT_ONCE])
        moved = _put_back(practice, ids)
        if moved:
            audit.record(
                practice,
                actor,
                "events.replayed",
                f"Looking again at {_count(moved, 'reported change')}: {what}",
                object=one,
                events=moved,
            )
            live.wake(practice.pk)
    return moved


def _put_back(practice: Practice, ids: Iterable[int]) -> int:
    rows = Event.objects.filter(practice=practice, pk__in=list(ids)).exclude(state=EventState.WAITING)
    # In the order in which hints are stored, so that the two never wait for each other in a circle.
    locked = rows.order_by("connection_id", "provider_event_id").select_for_update()
    moved: int = Event.objects.filter(pk__in=list(locked.values_list("pk", flat=True))).update(
        state=EventState.WAITING, replays=F("replays") + 1, handled_at=None, message="", run=None
    )
    return moved


def _movable(events: QuerySet[Any]) -> QuerySet[Any]:
    return events.exclude(state=EventState.WAITING).exclude(connection__state=ConnectionState.DISCONNECTED)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number:,} {word}s"
