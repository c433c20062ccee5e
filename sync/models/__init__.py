"""What happened outside, what we owe, and what became of it."""

from sync.models.alerting import (
    Alert,
    AlertEvent,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    Digest,
    Incident,
    IncidentState,
    Resolution,
    SeenAlerts,
    Severity,
)
from sync.models.approving import Approval, ApprovalState, Notice, RuleUse, Told
from sync.models.budget import Budget, Purpose
from sync.models.inbox import Event, EventSource, EventState
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
from sync.models.pulse import Pulse
from sync.models.reading import Cursor, Snapshot, SnapshotQuerySet, Standing
from sync.models.reconciling import Mismatch, MismatchQuerySet, MismatchState, ReconcileRun
from sync.models.rehearsing import Rehearsal, RehearsalRow, RehearsalState
from sync.models.running import OPEN_RUN_STATES, Run, RunState, Trigger

__all__ = [
    "OPEN_CHANGE_STATES",
    "OPEN_RUN_STATES",
    "SYNCED_KINDS",
    "Alert",
    "AlertEvent",
    "Approval",
    "ApprovalState",
    "Attempt",
    "AttemptResult",
    "Budget",
    "Change",
    "ChangeQuerySet",
    "ChangeState",
    "Channel",
    "ChannelKind",
    "Cursor",
    "Delivery",
    "DeliveryState",
    "Digest",
    "Event",
    "EventSource",
    "EventState",
    "Flow",
    "Incident",
    "IncidentState",
    "Kind",
    "Link",
    "LinkMethod",
    "Mismatch",
    "MismatchQuerySet",
    "MismatchState",
    "Mode",
    "Notice",
    "ParkedAs",
    "Pulse",
    "Purpose",
    "ReconcileRun",
    "Rehearsal",
    "RehearsalRow",
    "RehearsalState",
    "Resolution",
    "Review",
    "ReviewState",
    "RuleUse",
    "Run",
    "RunState",
    "SeenAlerts",
    "Severity",
    "Snapshot",
    "SnapshotQuerySet",
    "Standing",
    "Told",
    "Trigger",
    "Verb",
]
