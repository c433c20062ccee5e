"""What every worker does beside its tasks: says that it is alive, names its lines, and ends when it is asked to."""

from typing import Any

import structlog
from celery import Celery
from celery.signals import task_postrun, task_prerun, worker_init, worker_shutting_down

from config import pulses
from sync import stopping


def install(app: Celery) -> None:
    """Called once the apps are loaded, in every process; only in a worker does it come to anything."""
    pulses.install(app)
    worker_init.connect(_begin, dispatch_uid="workers.begin")
    worker_shutting_down.connect(_end, dispatch_uid="workers.end")
    task_prerun.connect(_name_lines, dispatch_uid="workers.name_lines")
    task_postrun.connect(_forget_names, dispatch_uid="workers.forget_names")


def _begin(**kwargs: Any) -> None:
    stopping.reset()


def _end(**kwargs: Any) -> None:
    stopping.ask()


def _name_lines(*, task_id: str, task: Any, **kwargs: Any) -> None:
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)


def _forget_names(**kwargs: Any) -> None:
    structlog.contextvars.clear_contextvars()
