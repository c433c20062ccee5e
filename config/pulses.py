"""Workers say that they are alive: a row each, renewed by the loop that takes messages.

A timer alone would go on beating in a worker that no longer takes anything. So the timer only asks the loop to write
the row: a worker whose loop hangs, or which has lost the broker, falls silent.
"""

import os
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from celery import Celery, bootsteps
from celery.worker import state
from django.db import Error, connection
from django.utils import timezone

from sync.models import Pulse

log = structlog.get_logger(__name__)

EVERY_SECONDS = 15

#: Begins the names of all workers' rows.
WORKER = "worker "

#: The row of a worker that was killed stays this long, to be seen; one that ends in order takes its row along.
FORGOTTEN_AFTER = timedelta(hours=1)


def install(app: Celery) -> None:
    """Make every worker of ``app`` say that it is alive. A second call changes nothing."""
    app.steps["consumer"].add(WorkerPulse)


def worker_name() -> str:
    return f"{WORKER}{socket.gethostname()}/{os.getpid()}"


class WorkerPulse(bootsteps.StartStopStep):
    """The part of a worker that writes its row, from when it takes messages until it stops doing so."""

    label = "Pulse"
    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **kwargs: Any) -> None:
        self._timer: Any = None
        super().__init__(consumer, **kwargs)

    def start(self, consumer: Any) -> None:
        self._timer = consumer.timer.call_repeatedly(
            EVERY_SECONDS, consumer.call_soon, (_guarded(lambda: _say(consumer)),)
        )
        _guarded(lambda: _say(consumer))()

    def stop(self, consumer: Any) -> None:
        if self._timer is not None:
            consumer.timer.cancel(self._timer)
            self._timer = None

    def shutdown(self, consumer: Any) -> None:
        self.stop(consumer)
        _guarded(_forget)()


def _say(consumer: Any) -> None:
    Pulse.beat(
        worker_name(),
        queues=sorted(consumer.app.amqp.queues.consume_from),
        processes=consumer.pool.num_processes,
        busy=len(state.active_requests),
    )
    long_ago = timezone.now() - FORGOTTEN_AFTER
    Pulse.objects.filter(name__startswith=WORKER, at__lt=long_ago).delete()


def _forget() -> None:
    Pulse.objects.filter(name=worker_name()).delete()


def _guarded(write: Callable[[], None]) -> Callable[[], None]:
    """``write``, leaving no connection behind: it would be shared with every process the worker forks later."""

    def run() -> None:
        try:
            write()
        except Error as error:  # it works as soon as the database is back; until then it is silent
            log.warning("pulse_failed", error=str(error))
        finally:
            connection.close()

    return run
