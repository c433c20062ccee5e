"""What happened outside, what we owe, and what became of it."""

from sync.models.kinds import SYNCED_KINDS, Flow, Kind, Mode
from sync.models.owed import (
    OPEN_CHANGE_STATES,
    Attempt,
    AttemptResult,
    Change,
    ChangeQuerySet,
    ChangeState,
    ParkedAs,
    Verb,
)
from sync.models.pairs import Link, LinkMethod, Review, ReviewState
from sync.models.reading import Budget, Cursor, Snapshot, SnapshotQuerySet, Standing
from sync.models.running import OPEN_RUN_STATES, Run, RunState, Trigger

__all__ = [
    "OPEN_CHANGE_STATES",
    "OPEN_RUN_STATES",
    "SYNCED_KINDS",
    "Attempt",
    "AttemptResult",
    "Budget",
    "Change",
    "ChangeQuerySet",
    "ChangeState",
    "Cursor",
    "Flow",
    "Kind",
    "Link",
    "LinkMethod",
    "Mode",
    "ParkedAs",
    "Review",
    "ReviewState",
    "Run",
    "RunState",
    "Snapshot",
    "SnapshotQuerySet",
    "Standing",
    "Trigger",
    "Verb",
]
