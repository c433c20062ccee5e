"""Taking the next batch of what is owed, for one worker. What it takes is announced by an Attempt row."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from practices.models import Connection
from sync.flows import BATCH_SIZE
from sync.models import (
    CREDIT_KINDS,
    SENT_KINDS,
    Attempt,
    AttemptResult,
    Change,
    ChangeState,
    Cursor,
    Kind,
    Mode,
    Purpose,
    Run,
    SignOff,
    Verb,
)
from sync.wished_payments import SIGNED_OFF

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ALONE = "alone"
"""The reason on a waiting Change whose whole batch was refused: it is sent by itself, to find the bad one."""

ANSWER_HOLDS = timedelta(minutes=5)
"""How long “not there” counts for a payment. Much shorter, and one with few calls left would only be looked up."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One batch taken for this worker, with the Attempt that announces it."""

    changes: tuple[Change, ...]
    attempt: Attempt
    look_up: bool


def next_due(connection: Connection) -> datetime | None:
    """When the next waiting Change may be tried; ``None`` when none waits for a time."""
    waiting = (
        Change.objects.filter(connection=connection, state=ChangeState.PENDING, not_before__isnull=False)
        .exclude(flow__mode=Mode.WATCH)
        .order_by("not_before")
    )
    return waiting.values_list("not_before", flat=True).first()


def ready(connection: Connection, now: datetime, *, urgent: bool = False) -> Any:
    rows = Change.objects.filter(purpose__in=[Purpose.LIVE, Purpose.PERSON]) if urgent else Change.objects
    return (
        rows.due(now)
        .filter(connection=connection)
        .exclude(flow__mode=Mode.WATCH)
        .filter(Q(depends_on=None) | Q(depends_on__state=ChangeState.DONE))
    )


def claim_batch(connection: Connection, run: Run | None, *, urgent: bool) -> Claim | None:
    """Take the next batch: kinds in order, look-ups before sending, oldest first."""
    now = timezone.now()
    with transaction.atomic():
        _leave_signed_off(connection, now)
        _look_first(connection, now)
        for kind in SENT_KINDS:
            for look_up in (True, False):
                for verb in Verb:
                    rows = list(
                        ready(connection, now, urgent=urgent)
                        .filter(kind=kind, verb=verb, look_up_first=look_up)
                        .order_by("pk")
                        .select_for_update(skip_locked=True, of=("self",))[:BATCH_SIZE]
                    )
                    if rows:
                        return _take(connection, run, _together(rows, look_up), kind, verb, look_up, now)
    return None


def _leave_signed_off(connection: Connection, now: datetime) -> None:
    """Post no money again into a month that was signed off since it was planned, whoever approved it."""
    rows = Change.objects.due(now).filter(connection=connection, kind=Kind.PAYMENT, verb=Verb.UPDATE)
    signed = SignOff.objects.filter(
        practice=connection.practice_id,
        withdrawn_at=None,
        starts_on__lte=OuterRef("date"),
        ends_on__gte=OuterRef("date"),
    )
    rows.filter(Exists(signed), look_up_first=False).update(
        state=ChangeState.HELD, reason="signed_off", message=SIGNED_OFF
    )


def _look_first(connection: Connection, now: datetime) -> None:
    """Have the target asked before money is posted again or allocated: a person may have done it meanwhile.

    A payment is asked for again when it was not sent soon after: the target had no calls left, or was not connected.
    """
    rows = Change.objects.due(now).filter(connection=connection, verb=Verb.UPDATE, look_up_first=False)
    never = rows.filter(kind__in=[Kind.PAYMENT, *CREDIT_KINDS], look_up_from=None)
    if never.exists():
        before = _provider_clock(connection, Kind.PAYMENT) or LONG_AGO
        never.update(look_up_first=True, look_up_from=before)
    fresh = Attempt.objects.filter(
        connection=connection, verb="look_up", result=AttemptResult.OK, started_at__gte=now - ANSWER_HOLDS
    )
    again = rows.filter(kind=Kind.PAYMENT).exclude(
        pk__in=fresh.filter(changes__isnull=False).values("changes")
    )
    if again.exists():
        again.update(look_up_first=True)


def _together(rows: list[Change], look_up: bool) -> list[Change]:
    """Those of the due rows that go out in one call. Of allocations that is one: its address names the credit."""
    if rows[0].kind in CREDIT_KINDS:
        return rows[:1]
    if look_up:
        return rows
    return rows[:1] if rows[0].reason == ALONE else [row for row in rows if row.reason != ALONE]


def _take(
    connection: Connection,
    run: Run | None,
    rows: list[Change],
    kind: str,
    verb: str,
    look_up: bool,
    now: datetime,
) -> Claim:
    ids = [change.pk for change in rows]
    values: dict[str, Any] = {"state": ChangeState.IN_FLIGHT, "claimed_at": now, "sent_by": run}
    if not look_up:
        values["tries"] = F("tries") + 1
        before = _provider_clock(connection, kind)
        Change.objects.filter(pk__in=ids, first_sent_at=None).update(first_sent_at=now, look_up_from=before)
    Change.objects.filter(pk__in=ids).update(**values)
    attempt = Attempt.objects.create(
        practice_id=connection.practice_id,
        run=run,
        connection=connection,
        kind=kind,
        verb="look_up" if look_up else verb,
        started_at=now,
    )
    attempt.changes.set(rows)
    for change in rows:
        change.state = ChangeState.IN_FLIGHT
        if not look_up:
            change.tries += 1
            change.first_sent_at = change.first_sent_at or now
            change.look_up_from = change.look_up_from or before
    return Claim(tuple(rows), attempt, look_up)


def _provider_clock(connection: Connection, kind: str) -> datetime | None:
    """A moment before now in the target's own clock: when it was last read completely. Our clock may differ."""
    cursor = Cursor.objects.filter(connection=connection, kind=kind, variant="", since__isnull=False).first()
    return cursor.since if cursor else None
