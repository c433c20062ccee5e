"""One worker's turn at one run: lanes, waiting, counting. What is done in it is in ``regular`` and ``urgent``.

A run's stage and everything it did are in the database. Whoever holds the run's lane works a slice; a killed worker's
lane runs out and the next one continues. Waiting is a time on the row, never a sleep.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import cast

import structlog
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from connectors.base import Target
from connectors.errors import (
    ConnectorError,
    NeedsReconnect,
    OverBudget,
    RateLimited,
    Retryable,
    Unclear,
    Unreadable,
)
from connectors.ignition.client import IgnitionClient
from connectors.xero.client import XeroClient
from practices.connections import client_for
from practices.models import Connection, ConnectionState, Practice
from sync import deliver, lanes, policy, settle, stopping
from sync.models import OPEN_CHANGE_STATES, Change, Run, RunState

log = structlog.get_logger(__name__)
_dice = random.SystemRandom()

BUSY_SECONDS = 2
"""How soon to look again for a lane that another worker holds."""
TROUBLES_IN_A_ROW = 3
MOST_FAILED_READS = 12


class Stopped(Exception):
    """The slice is over: the run waits or is closed, and its row says so."""


class Slice:
    """The part that every sort of run shares."""

    def __init__(self, run: Run, lane: lanes.Lane, deadline: float) -> None:
        self.run = run
        self.lane = lane
        self.deadline = deadline

    def work(self) -> None:
        """Work until the run is closed, waits, or the slice's time is over."""
        run = self.run
        if run.started_at is None:
            run.started_at = timezone.now()
        run.state, run.resumes_at = RunState.RUNNING, None
        self.save("state", "started_at", "resumes_at")
        try:
            self.act()
        except Stopped:
            return
        except ConnectorError as error:
            self._trouble(error)
        except (lanes.LaneLost, OperationalError, InterfaceError):
            raise  # stale, or the database is away: the rows stand, and whoever comes next goes on from them
        except Exception:
            log.exception("run_failed", run=run.pk)
            self.close(
                RunState.FAILED, "Something went wrong on our side. It is logged; try again or ask support."
            )

    def act(self) -> None:
        """The run's own steps; ends by closing the run or by raising :class:`Stopped`."""
        raise NotImplementedError

    # --- lanes ------------------------------------------------------------------------------------------

    @contextmanager
    def talking_to(self, connection: Connection) -> Iterator[tuple[IgnitionClient | XeroClient, lanes.Lane]]:
        """The connection's lane and a client whose calls are counted; raises :class:`Stopped` when it has to wait."""
        with self.holding(connection) as (lane,):
            deliver.recover(connection)
            client = client_for(connection, purpose=self.run.purpose)
            try:
                yield client, lane
            finally:
                self._count_calls(connection, client.session.calls, client.session.bytes)

    @contextmanager
    def holding(self, *connections: Connection) -> Iterator[list[lanes.Lane]]:
        """All these lanes, or none: busy, told to wait, or needing a person raises :class:`Stopped`."""
        taken: list[lanes.Lane] = []
        try:
            for connection in connections:
                self._may_talk_to(connection)
                lane = lanes.take(connection)
                if lane is None:
                    self.wait_for_lane()
                else:
                    taken.append(lane)
            yield taken
        finally:
            for lane in taken:
                lane.release()

    def wait_for_lane(self) -> None:
        self.pause(BUSY_SECONDS)

    def _may_talk_to(self, connection: Connection) -> None:
        connection.refresh_from_db()
        name = connection.get_provider_display()
        if connection.state != ConnectionState.CONNECTED:
            self.close(RunState.FAILED, connection.state_reason or f"{name} needs reconnecting.")
            raise Stopped
        if connection.resumes_at and connection.resumes_at > timezone.now():
            self.wait(connection.resumes_at, f"{name} asked for a pause.")

    def hold(self, *held: lanes.Lane) -> None:
        """Renew what is held; raises :class:`lanes.LaneLost` when another worker took over."""
        self.lane.renew()
        for lane in held:
            lane.renew()

    def time_is_up(self) -> bool:
        return time.monotonic() >= self.deadline or stopping.asked()

    # --- delivering -------------------------------------------------------------------------------------

    def send_due(self, connection: Connection, *, urgent: bool, go_on: Callable[[], None]) -> Target | None:
        """Send what is due, batch after batch. ``go_on`` is called before each and may raise :class:`Stopped`."""
        troubles = 0
        with self.talking_to(connection) as (client, lane):
            target = cast("Target", client)  # a flow's target is a provider that takes writes
            while True:
                self.hold(lane)
                go_on()
                turn = deliver.deliver_batch(connection, target, self.run, urgent=urgent)
                if turn is None:
                    self.after_delivery(connection, target)
                    return target
                self._count_turn(turn)
                troubles = troubles + 1 if turn.trouble else 0
                if turn.stopped or troubles >= TROUBLES_IN_A_ROW:
                    self._delivery_stopped(connection, turn)
                if self.time_is_up():
                    self.pause(0)

    def after_delivery(self, connection: Connection, target: Target) -> None:
        """What else may be sent while the lane is held."""

    def _delivery_stopped(self, connection: Connection, turn: deliver.Turn) -> None:
        connection.refresh_from_db()
        if connection.state != ConnectionState.CONNECTED:
            self.close(RunState.FAILED, connection.state_reason)
            raise Stopped
        self.delayed(turn.resumes_at or timezone.now() + timedelta(seconds=15), turn.message)

    def delayed(self, until: datetime, message: str) -> None:
        """Delivery has to wait; raises :class:`Stopped`."""
        self.wait(until, message)

    # --- the run's row ----------------------------------------------------------------------------------

    def _trouble(self, error: ConnectorError) -> None:
        """A read failed. What heals is waited for; the rest ends the run with the reason."""
        run, now = self.run, timezone.now()
        connection = Connection.objects.filter(practice=run.practice, provider=error.provider).first()
        if isinstance(error, NeedsReconnect) and connection is not None:
            settle.needs_reconnect(connection, error.user_message)
            self.close(RunState.FAILED, error.user_message)
            return
        held_back = isinstance(error, OverBudget)
        failures = int(run.progress.get("failures", 0)) + (not held_back)
        run.progress["failures"] = failures
        run.progress["troubled"] = error.provider
        heals = isinstance(error, Retryable | Unclear | Unreadable)
        if not heals or (failures > MOST_FAILED_READS and not isinstance(error, RateLimited)):
            self.close(RunState.FAILED, error.user_message)
            return
        resumes_at = policy.reading_resumes_at(error, tries=failures, now=now, spread=_dice.random())
        if isinstance(error, RateLimited) and connection is not None and not held_back:
            Connection.objects.filter(pk=connection.pk).update(resumes_at=resumes_at)
        self._rest(resumes_at, error.user_message)

    def close(self, state: str, message: str) -> None:
        run = self.run
        run.state, run.message, run.finished_at, run.resumes_at = state, message[:500], timezone.now(), None
        run.progress = {**run.progress, "stage": "", "text": ""}
        self.save("state", "message", "finished_at", "resumes_at", "progress", "counts")

    def wait(self, until: datetime, message: str) -> None:
        """Put the run to rest until then; raises :class:`Stopped`."""
        self._rest(until, message)
        raise Stopped

    def pause(self, seconds: float) -> None:
        """Hand on; raises :class:`Stopped`."""
        self.wait(timezone.now() + timedelta(seconds=seconds), "")

    def _rest(self, until: datetime, message: str) -> None:
        run = self.run
        run.state, run.resumes_at, run.message = RunState.WAITING, until, message[:500]
        self.save("state", "resumes_at", "message", "progress")

    def progress(self, stage: str, done: int, *, text: str = "") -> None:
        self.run.progress = {**self.run.progress, "stage": stage, "done": done, "text": text}
        self.save("progress")

    def went_well(self) -> None:
        """A system answered: earlier failures no longer count."""
        if self.run.progress.pop("failures", None) is not None:
            self.run.progress.pop("troubled", None)
            self.save("progress")

    def _count_calls(self, connection: Connection, calls: int, received: int) -> None:
        self.run.calls[connection.provider] = self.run.calls.get(connection.provider, 0) + calls
        self.run.bytes_read += received
        self.save("calls", "bytes_read")

    def _count_turn(self, turn: deliver.Turn) -> None:
        table = self.run.counts.setdefault(turn.kind, {})
        for name, number in (("written", turn.written), ("verified", turn.verified), ("failed", turn.failed)):
            table[name] = table.get(name, 0) + number
        total = Change.objects.filter(practice=self.run.practice, state__in=OPEN_CHANGE_STATES[1:3]).count()
        self.progress("deliver", table["written"], text=turn.kind)
        self.run.progress["left"] = total
        self.save("counts", "progress")

    def save(self, *fields: str) -> None:
        self.run.save(update_fields=list(dict.fromkeys(fields)))


def usable(practice: Practice) -> list[Connection]:
    """The practice's connections that were not disconnected, in a fixed order."""
    rows = Connection.objects.filter(practice=practice).exclude(state=ConnectionState.DISCONNECTED)
    return list(rows.select_related("practice", "grant").order_by("provider"))
