"""Sending what is owed: claim short, call with no transaction open, settle short.

A batch is up to fifty Changes of one connection, kind and verb in one call. Before the call an Attempt row says that
it may go out; whatever happens after that, no Change of it is sent again before the target has been asked whether
it already has it. One bad element holds back only itself: a batch that is refused as a whole is sent one by one.
"""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.db import IntegrityError, InterfaceError, OperationalError
from django.db.models import F
from django.utils import timezone

from connectors.base import Outcome, Row, Target, Write
from connectors.errors import ConnectorError, NeedsReconnect, OverBudget, RateLimited, Rejected
from connectors.records import Kind as RecordKind
from practices.models import Connection
from sync import policy, settle
from sync.claiming import ALONE, LONG_AGO, Claim, claim_batch
from sync.models import (
    Attempt,
    AttemptResult,
    Change,
    ChangeState,
    Flow,
    Kind,
    Link,
    Mode,
    Run,
    Verb,
)
from sync.sent import OVERTAKEN

log = structlog.get_logger(__name__)
_dice = random.SystemRandom()

LOOK_BACK = timedelta(minutes=10)
"""How far before the last complete read a look-up starts."""


@dataclass
class Turn:
    """What a delivery turn did: calls made, Changes settled, and why it stopped early.

    ``stopped`` ends the lane's turn until ``resumes_at``, ``trouble`` counts towards ending it.
    """

    kind: str = ""
    calls: int = 0
    written: int = 0
    verified: int = 0
    failed: int = 0
    stopped: bool = False
    trouble: bool = False
    resumes_at: datetime | None = None
    message: str = ""


def recover(connection: Connection) -> int:
    """What a dead worker left in flight may have been sent: it is looked up first. Call only with the lane held."""
    now = timezone.now()
    left = Change.objects.filter(connection=connection, state=ChangeState.IN_FLIGHT)
    number = left.update(
        state=ChangeState.PENDING, look_up_first=True, not_before=F("claimed_at") + settle.answer_time()
    )
    Attempt.objects.filter(connection=connection, result=AttemptResult.STARTED).update(
        result=AttemptResult.UNCLEAR, ended_at=now, message="The worker ended before an answer was recorded."
    )
    return number


def deliver_batch(
    connection: Connection, target: Target, run: Run | None, *, urgent: bool = False
) -> Turn | None:
    """Send or look up one batch; ``None`` when nothing is due. The lane must be held.

    ``urgent``: only what was reported live or asked for by a person.
    """
    claim = claim_batch(connection, run, urgent=urgent)
    if claim is None:
        return None
    turn = Turn(kind=claim.changes[0].kind)
    changes, writes = _resolve(claim)
    if not writes:
        _end(claim.attempt, AttemptResult.REFUSED, calls=0, message="Nothing in the batch could be sent yet.")
        return turn
    kind = RecordKind(claim.changes[0].kind)
    started = timezone.now()
    try:
        if claim.look_up:
            _look_up(claim, changes, writes, target, kind, turn)
        else:
            key = _idempotency_key(connection, changes, claim.attempt)
            turn.calls += 1
            outcomes = target.write(kind, claim.changes[0].verb, writes, idempotency_key=key)
            _settle_outcomes(claim, changes, writes, outcomes, turn)
    except ConnectorError as error:
        _failed(connection, claim, changes, error, turn)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # the step's one broad catch: park, log, go on with the rest
        log.exception("delivery_failed", connection=connection.pk, kind=kind.value)
        _failed(connection, claim, changes, error, turn)
    finally:
        ms = int((timezone.now() - started).total_seconds() * 1000)
        Attempt.objects.filter(pk=claim.attempt.pk).update(ms=ms, calls=max(turn.calls, 1))
    return turn


def _resolve(claim: Claim) -> tuple[list[Change], list[Write]]:
    """Fill in the target ids that other records got; a Change whose partner is missing goes back to the plan.

    So does one that may not be sent any more: its record was linked, or its flow switched, since it was planned.
    """
    wanted = {(kind, external_id) for change in claim.changes for kind, external_id in change.refs.items()}
    wanted |= {(change.kind, change.source_external_id) for change in claim.changes}
    first = claim.changes[0]
    modes = dict(
        Flow.objects.filter(pk__in={change.flow_id for change in claim.changes}).values_list("pk", "mode")
    )
    links = {
        (link.kind, link.source_external_id): link.target_external_id
        for link in Link.objects.filter(
            source_connection=first.source_connection_id,
            target_connection=first.connection_id,
            source_external_id__in=[external_id for _, external_id in wanted],
        )
    }
    changes, writes = [], []
    for change in claim.changes:
        if not claim.look_up and modes.get(change.flow_id) == Mode.WATCH:
            settle.hold(change, "watch", "Watch mode: nothing is written.")
            continue
        linked = (change.kind, change.source_external_id) in links
        if linked and change.verb == Verb.CREATE and not claim.look_up:
            settle.hold(
                change, "already_linked", "It was linked to a record in the target before it was sent."
            )
            continue
        values = dict(change.values)
        missing = False
        for kind, external_id in change.refs.items():
            found = links.get((kind, external_id))
            if found is None and (change.verb == Verb.CREATE or change.kind == Kind.PAYMENT):
                missing = True
            elif found is not None:
                values[f"{kind}_external_id"] = found
        if missing:
            settle.hold(change, "no_link", "The record that it belongs to is not linked any more.")
            continue
        if change.verb == Verb.UPDATE:
            values.pop("contact_external_id", None)
        changes.append(change)
        writes.append(
            Write(
                key=str(change.key),
                natural_key=change.natural_key,
                # A payment is posted anew, whatever it takes the place of.
                external_id="" if change.kind == Kind.PAYMENT else change.target_external_id,
                values=values,
            )
        )
    return changes, writes


def _look_up(
    claim: Claim,
    changes: Sequence[Change],
    writes: Sequence[Write],
    target: Target,
    kind: RecordKind,
    turn: Turn,
) -> None:
    """Ask the target which of these it already has. Found: done. Not found: it may be sent."""
    since = min(change.look_up_from or LONG_AGO for change in changes) - LOOK_BACK
    turn.calls += 1
    found = target.find(kind, writes, since=since)
    for change, write in zip(changes, writes, strict=True):
        _guarded(change, turn, partial(_settle_look_up, change, write, found.get(write.key), turn))
    _end(claim.attempt, AttemptResult.OK, message=f"{len(found)} of {len(writes)} were there already.")


def _settle_look_up(change: Change, write: Write, row: Row | None, turn: Turn) -> None:
    """A create is done when the object exists; an update when the object already holds the new values."""
    if row is None or (change.verb == Verb.UPDATE and not settle.holds(change, row)):
        settle.overtaken(change) if change.reason == OVERTAKEN else settle.send_again(change)
    elif settle.is_other_amount(change, write.values, row):
        settle.other_amount(change)
        turn.failed += 1
    elif settle.is_foreign(change, write.values, row):
        settle.number_taken(change)
        turn.failed += 1
    else:
        turn.verified += settle.done(change, write.values, row.external_id, row, looked_up=True)
        turn.written += 1


def _guarded(change: Change, turn: Turn, act: Callable[[], None]) -> None:
    """Settle one element; a fault on our side holds back only that element, whatever the others became."""
    try:
        act()
    except (OperationalError, InterfaceError):
        raise  # the database went away: what is in flight is looked up by whoever comes next
    except IntegrityError:
        log.exception("settling_conflicts", change=change.pk)
        settle.linked_elsewhere(change)
        turn.failed += 1
    except Exception as error:
        log.exception("settling_failed", change=change.pk)
        settle.after_failure(
            change,
            policy.after(error, tries=change.tries, now=timezone.now()),
            message="It was sent, but what became of it could not be stored. Retry it: it is looked up first.",
            messages=(),
            look_up=True,
        )
        turn.failed += 1


def _settle_outcomes(
    claim: Claim, changes: Sequence[Change], writes: Sequence[Write], outcomes: Sequence[Outcome], turn: Turn
) -> None:
    for change, write, outcome in zip(changes, writes, outcomes, strict=True):
        _guarded(change, turn, partial(_settle_outcome, change, write, outcome, turn))
    refused = sum(not outcome.ok for outcome in outcomes)
    if refused < len(changes):
        Connection.objects.filter(pk=claim.attempt.connection_id).update(last_write_at=timezone.now())
    result = AttemptResult.OK if not refused else AttemptResult.PARTIAL
    text = f"{len(changes) - refused} accepted" + (f", {refused} not" if refused else "")
    _end(claim.attempt, result, message=text, status=200)


def _settle_outcome(change: Change, write: Write, outcome: Outcome, turn: Turn) -> None:
    if outcome.ok:
        turn.verified += settle.accepted(change, write.values, outcome)
        turn.written += 1
    elif outcome.unclear:
        settle.unclear(change, policy.delay(change.tries, _dice.random()))
    else:
        turn.failed += settle.refused(change, outcome.messages, policy.delay(change.tries, _dice.random()))


def _failed(
    connection: Connection, claim: Claim, changes: Sequence[Change], error: Exception, turn: Turn
) -> None:
    """The whole call failed: the error's class says what becomes of the batch and of this turn."""
    now = timezone.now()
    tries = max(change.tries for change in changes)
    verdict = policy.after(error, tries=tries, now=now, spread=_dice.random())
    message = error.user_message if isinstance(error, ConnectorError) else "Something went wrong on our side."
    messages = error.messages if isinstance(error, Rejected) else ()
    if isinstance(error, Rejected) and len(changes) > 1 and not claim.look_up:
        settle.send_alone(changes, ALONE)
        _end(claim.attempt, AttemptResult.RETRY, message=message, error="Rejected", status=error.status)
        return
    turn.resumes_at = verdict.not_before
    if isinstance(error, OverBudget):  # the run waits, not the Changes: more urgent work may take them along
        verdict = replace(verdict, not_before=None)
    elif isinstance(error, RateLimited):
        Connection.objects.filter(pk=connection.pk).update(resumes_at=verdict.not_before)
    ids = [change.pk for change in changes]
    unsettled = set(
        Change.objects.filter(pk__in=ids, state=ChangeState.IN_FLIGHT).values_list("pk", flat=True)
    )
    for change in changes:
        if change.pk not in unsettled:
            continue
        settle.after_failure(change, verdict, message=message, messages=messages, look_up=claim.look_up)
        turn.failed += verdict.state == ChangeState.PARKED
    turn.stopped, turn.trouble = verdict.stops_lane, verdict.trouble
    turn.message = message
    _end(
        claim.attempt,
        AttemptResult(verdict.result),
        message=message,
        error=type(error).__name__,
        status=getattr(error, "status", None),
        request_id=getattr(error, "request_id", ""),
    )
    if isinstance(error, NeedsReconnect):
        settle.needs_reconnect(connection, message)


def _end(attempt: Attempt, result: str, **values: Any) -> None:
    values["message"] = values.get("message", "")[:500]
    Attempt.objects.filter(pk=attempt.pk).update(result=result, ended_at=timezone.now(), **values)


def _idempotency_key(connection: Connection, changes: Sequence[Change], attempt: Attempt) -> str:
    """One key per call: the tenant, the Changes in it and the Attempt. A key must never be reused for another body or
    after a refusal that is remembered with it, and Xero's memory of keys is shared by all tenants of an app."""
    parts = [connection.tenant_external_id, f"{attempt.pk}", *(f"{change.key}" for change in changes)]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
