"""One sync from start to end: read every connection, plan, deliver. Works in slices and goes on where it stopped.

A run's stage and everything it did are in the database. Whoever holds the run's lane works a slice; a killed worker's
lane runs out and the next one continues. Waiting for a provider is a time on the row, never a sleep.
"""

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone

from connectors.base import Target
from connectors.errors import ConnectorError, NeedsReconnect, RateLimited, Retryable, Unclear, Unreadable
from mappings.services import load_choices, publish_suggested_once
from practices.connections import client_for
from practices.models import Connection, ConnectionState, Practice, User
from sync import budget, deliver, lanes, notes, nudge, policy, reading, settle
from sync.flows import ensure_flows, sides_of
from sync.models import OPEN_CHANGE_STATES, OPEN_RUN_STATES, Change, ChangeState, Mode, Run, RunState
from sync.planning import plan_all

log = structlog.get_logger(__name__)
_dice = random.SystemRandom()

SLICE_SECONDS = 45
"""How long one task works before it hands on: well below any broker's visibility time-out."""
BUSY_SECONDS = 2
"""How soon to look again for a lane that another worker holds."""
WORTH_WAITING = timedelta(minutes=2)
"""A run stays open for work that is due this soon; what is due later is done by a later run."""
TROUBLES_IN_A_ROW = 3
MOST_FAILED_READS = 12


def start(
    practice: Practice,
    *,
    trigger: str,
    actor: User | None = None,
    full: bool = False,
    reads: bool = True,
    wake: bool = True,
) -> Run:
    """Queue a run, or return the one that is open: a practice has one at a time.

    An open run that has not begun to read takes over the wish for a full read. ``reads=False`` only plans and
    delivers; where something may be written, the target is still read first, so that nothing is added to it that
    somebody else has added meanwhile. With ``wake`` a worker is nudged after the commit.
    """
    ensure_flows(practice)
    try:
        with transaction.atomic():
            run = Run.objects.create(practice=practice, trigger=trigger, actor=actor, full=full, reads=reads)
    except IntegrityError:
        found = open_run(practice)
        if found is None:
            return start(practice, trigger=trigger, actor=actor, full=full, reads=reads, wake=wake)
        run = found
        # What the newcomer wanted must not be lost: an open run that is past its plan plans again before it ends.
        taken = Run.objects.filter(pk=run.pk, state__in=OPEN_RUN_STATES).update(
            again=True, full=run.full or full, reads=run.reads or reads
        )
        if not taken:  # it ended at this very moment
            return start(practice, trigger=trigger, actor=actor, full=full, reads=reads, wake=wake)
    if wake:
        nudge.after_commit(run.pk)
    return run


def open_run(practice: Practice) -> Run | None:
    found: Run | None = Run.objects.filter(practice=practice, state__in=OPEN_RUN_STATES).first()
    return found


def advance(run_pk: int, *, seconds: float = SLICE_SECONDS) -> Run:
    """Work one slice of a run; returns it as it is then. Does nothing while another worker holds it."""
    run = _fresh(run_pk)
    if not run.is_open or (run.resumes_at and run.resumes_at > timezone.now()):
        return run
    lane = lanes.take(run)
    if lane is None:
        return run
    try:
        run.refresh_from_db()
        if run.is_open:
            _Slice(run, lane, time.monotonic() + seconds).work()
    except lanes.LaneLost:
        log.warning("run_lane_lost", run=run_pk)
    finally:
        lane.release()
    return _fresh(run_pk)


def _fresh(run_pk: int) -> Run:
    run: Run = Run.objects.select_related("practice").get(pk=run_pk)
    return run


class _Slice:
    """One worker's turn at one run."""

    def __init__(self, run: Run, lane: lanes.Lane, deadline: float) -> None:
        self.run = run
        self.lane = lane
        self.deadline = deadline

    def work(self) -> None:
        run = self.run
        if run.started_at is None:
            run.started_at = timezone.now()
        run.state, run.resumes_at = RunState.RUNNING, None
        self._save("state", "started_at", "resumes_at")
        stages = self._stages()
        names = [name for name, _ in stages]
        place = names.index(run.stage) if run.stage in names else 0
        try:
            for name, act in stages[place:]:
                run.stage = name
                self._save("stage")
                if not act():
                    return
        except ConnectorError as error:
            self._trouble(error)
            return
        except (lanes.LaneLost, OperationalError, InterfaceError):
            raise  # stale, or the database is away: the rows stand, and whoever comes next goes on from them
        except Exception:
            log.exception("run_failed", run=run.pk)
            self._close(
                RunState.FAILED, "Something went wrong on our side. It is logged; try again or ask support."
            )
            return
        self._finish()

    def _stages(self) -> list[tuple[str, Callable[[], bool]]]:
        connections = list(
            Connection.objects.filter(practice=self.run.practice)
            .exclude(state=ConnectionState.DISCONNECTED)
            .order_by("provider")
        )
        stages: list[tuple[str, Callable[[], bool]]] = []
        pairs = sides_of(self.run.practice)
        targets = {sides.target.pk: sides.target for sides, _ in pairs}
        writing = {
            s.target.pk for s, flows in pairs if {flow.mode for flow in flows.values()} != {Mode.WATCH}
        }
        usable = [c for c in connections if c.pk in writing and c.state == ConnectionState.CONNECTED]
        to_read = connections if self.run.reads else usable
        stages += [(f"read {c.provider}", lambda c=c: self._read(c)) for c in to_read]  # type: ignore[misc]
        stages.append(("plan", self._plan))
        stages += [(f"deliver {c.provider}", lambda c=c: self._deliver(c)) for c in targets.values()]  # type: ignore[misc]
        return stages

    def _read(self, connection: Connection) -> bool:
        lane = self._lane(connection)
        if lane is None:
            return False
        try:
            deliver.recover(connection)
            client = client_for(connection, on_answer=budget.counter(connection))
            before = client.session.calls

            def go_on(kind: str, done: int) -> bool:
                self._progress(f"read {connection.provider}", done, text=kind)
                self._hold(lane)
                return time.monotonic() < self.deadline

            try:
                result = reading.read(
                    connection,
                    client,
                    full=self.run.full,
                    started_at=self.run.queued_at,
                    go_on=go_on,
                    urgent=self.run.full,
                )
            finally:
                self._count_calls(connection, client.session.calls - before, client.session.bytes)
        finally:
            lane.release()
        self._count_reads(connection, result)
        return result.finished or self._pause(0)

    def _plan(self) -> bool:
        self._progress("plan", 0)
        publish_suggested_once(self.run.practice)
        self.run.again = False
        self.run.mapping_version = mapping_version(self.run.practice)
        self._save("again", "mapping_version")
        for sides, flows in sides_of(self.run.practice):
            self._hold(self.lane)
            for kind, counts in plan_all(sides, flows, self.run).items():
                kept = {name: self.run.counts.get(kind, {}).get(name, 0) for name in ("written", "verified")}
                self.run.counts[kind] = {**counts, **kept}
        self._save("counts")
        return True

    def _deliver(self, connection: Connection) -> bool:
        if connection.state != ConnectionState.CONNECTED or not self._anything_owed(connection):
            return True
        lane = self._lane(connection)
        if lane is None:
            return False
        troubles = 0
        try:
            deliver.recover(connection)
            client = client_for(connection, on_answer=budget.counter(connection))
            target = cast("Target", client)  # a flow's target is a provider that takes writes
            while True:
                self._hold(lane)
                if mapping_version(self.run.practice) != self.run.mapping_version:
                    # What is still unsent was planned by a mapping that someone has replaced meanwhile.
                    Run.objects.filter(pk=self.run.pk).update(again=True)
                    return True
                before = client.session.calls
                turn = deliver.deliver_batch(connection, target, self.run)
                self._count_calls(connection, client.session.calls - before, 0)
                if turn is None:
                    break
                self._count_turn(turn)
                troubles = troubles + 1 if turn.trouble else 0
                if turn.stopped or troubles >= TROUBLES_IN_A_ROW:
                    return self._stopped(connection, turn)
                if time.monotonic() >= self.deadline:
                    return self._pause(0)
            notes.write_due(connection, target, go_on=lambda: time.monotonic() < self.deadline)
        finally:
            lane.release()
        due = deliver.next_due(connection)
        if due is not None and due - timezone.now() < WORTH_WAITING:
            return self._wait(
                max(due, timezone.now() + timedelta(seconds=1)), "Some records are tried again soon."
            )
        return True

    def _anything_owed(self, connection: Connection) -> bool:
        owed = Change.objects.filter(
            connection=connection, state__in=[ChangeState.PENDING, ChangeState.IN_FLIGHT]
        )
        return owed.exists() or notes.any_due(connection)

    def _stopped(self, connection: Connection, turn: deliver.Turn) -> bool:
        connection.refresh_from_db()
        if connection.state != ConnectionState.CONNECTED:
            self._close(RunState.FAILED, connection.state_reason)
            return False
        now = timezone.now()
        until = turn.resumes_at or now + timedelta(seconds=15)
        if (
            until - now > WORTH_WAITING
        ):  # by then the plan is old: read and plan again before anything is sent
            self.run.stage, self.run.queued_at = "", now
            self._save("stage", "queued_at")
        return self._wait(until, turn.message)

    def _lane(self, connection: Connection) -> lanes.Lane | None:
        """The connection's lane, or a pause: busy, told to wait, or needing a person."""
        connection.refresh_from_db()
        if connection.state != ConnectionState.CONNECTED:
            text = connection.state_reason or f"{connection.get_provider_display()} needs reconnecting."
            self._close(RunState.FAILED, text)
            return None
        if connection.resumes_at and connection.resumes_at > timezone.now():
            self._wait(connection.resumes_at, f"{connection.get_provider_display()} asked for a pause.")
            return None
        lane = lanes.take(connection)
        if lane is None:
            self._pause(BUSY_SECONDS)
        return lane

    def _hold(self, *held: lanes.Lane) -> None:
        self.lane.renew()
        for lane in held:
            if lane is not self.lane:
                lane.renew()

    def _trouble(self, error: ConnectorError) -> None:
        """A read failed. What heals is waited for; the rest ends the run with the reason."""
        run, now = self.run, timezone.now()
        connection = Connection.objects.filter(practice=run.practice, provider=error.provider).first()
        if isinstance(error, NeedsReconnect) and connection is not None:
            settle.needs_reconnect(connection, error.user_message)
            self._close(RunState.FAILED, error.user_message)
            return
        failures = int(run.progress.get("failures", 0)) + 1
        run.progress["failures"] = failures
        heals = isinstance(error, Retryable | Unclear | Unreadable)
        if not heals or (failures > MOST_FAILED_READS and not isinstance(error, RateLimited)):
            self._close(RunState.FAILED, error.user_message)
            return
        resumes_at = policy.reading_resumes_at(error, tries=failures, now=now, spread=_dice.random())
        if isinstance(error, RateLimited) and connection is not None:
            Connection.objects.filter(pk=connection.pk).update(resumes_at=resumes_at)
        self._wait(resumes_at, error.user_message)

    def _finish(self) -> None:
        run = self.run
        run.refresh_from_db(fields=["again", "full", "reads"])
        if run.again:
            run.stage, run.queued_at = "", timezone.now()
            self._save("stage", "queued_at")
            self._pause(0)
            return
        for kind, counts in run.counts.items():
            if kind == "reading":
                continue
            rows = Change.objects.filter(practice=run.practice, kind=kind)
            counts["failed"] = rows.filter(state=ChangeState.PARKED).count()
            counts["pending"] = rows.filter(state__in=[ChangeState.PENDING, ChangeState.IN_FLIGHT]).count()
        waiting = any(
            counts.get(name)
            for kind, counts in run.counts.items()
            if kind != "reading"
            for name in ("held", "failed", "pending")
        )
        self._save("counts")
        with transaction.atomic():
            # Whoever wants something of this run waits for the row, and finds it closed or still to go round.
            if Run.objects.select_for_update().get(pk=run.pk).again:
                self._pause(0)
                return
            self._close(RunState.INCOMPLETE if waiting else RunState.DONE, "")

    def _close(self, state: str, message: str) -> None:
        run = self.run
        run.state, run.message, run.finished_at, run.resumes_at = state, message[:500], timezone.now(), None
        run.progress = {**run.progress, "stage": "", "text": ""}
        self._save("state", "message", "finished_at", "resumes_at", "progress", "counts")

    def _wait(self, until: datetime, message: str) -> bool:
        run = self.run
        run.state, run.resumes_at, run.message = RunState.WAITING, until, message[:500]
        self._save("state", "resumes_at", "message", "progress")
        return False

    def _pause(self, seconds: float) -> bool:
        return self._wait(timezone.now() + timedelta(seconds=seconds), "")

    def _progress(self, stage: str, done: int, *, text: str = "") -> None:
        self.run.progress = {**self.run.progress, "stage": stage, "done": done, "text": text}
        self._save("progress")

    def _count_calls(self, connection: Connection, calls: int, received: int) -> None:
        self.run.calls[connection.provider] = self.run.calls.get(connection.provider, 0) + calls
        self.run.bytes_read += received
        self._save("calls", "bytes_read")

    def _count_reads(self, connection: Connection, result: reading.Progress) -> None:
        table = self.run.counts.setdefault("reading", {}).setdefault(connection.provider, {})
        for kind, number in result.read.items():
            row = table.setdefault(kind, {"read": 0, "changed": 0, "unreadable": 0})
            row["read"] += number
            row["changed"] += result.changed.get(kind, 0)
            row["unreadable"] += result.unreadable.get(kind, 0)
        self._save("counts")

    def _count_turn(self, turn: deliver.Turn) -> None:
        table = self.run.counts.setdefault(turn.kind, {})
        for name, number in (("written", turn.written), ("verified", turn.verified), ("failed", turn.failed)):
            table[name] = table.get(name, 0) + number
        total = Change.objects.filter(practice=self.run.practice, state__in=OPEN_CHANGE_STATES[1:3]).count()
        self._progress("deliver", table["written"], text=turn.kind)
        self.run.progress["left"] = total
        self._save("counts", "progress")

    def _save(self, *fields: str) -> None:
        self.run.save(update_fields=list(dict.fromkeys(fields)))


def mapping_version(practice: Practice) -> int:
    return load_choices(practice)[0]


def counts_of(run: Run) -> dict[str, dict[str, Any]]:
    """The funnel per kind, with a number for every step."""
    steps = (
        "read",
        "in_sync",
        "adopted",
        "filtered",
        "held",
        "to_write",
        "written",
        "verified",
        "failed",
        "pending",
    )
    return {
        kind: {
            **{step: counts.get(step, 0) for step in steps},
            "unchanged": counts.get("in_sync", 0) + counts.get("adopted", 0),
        }
        for kind, counts in run.counts.items()
        if kind != "reading"
    }
