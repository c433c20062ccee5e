"""Waking a worker. Only speed is lost when it fails: the beat finds what is due within seconds."""

from datetime import datetime, timedelta
from functools import partial

import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sync.models import Purpose, Run

log = structlog.get_logger(__name__)

ADVANCE = "sync.tasks.advance_run"
REHEARSE = "sync.tasks.rehearse"
WORK_OUT = "sync.tasks.work_out_months"
COMPARE = "sync.tasks.compare"
LIVE_QUEUE = "live"
QUEUE = "sync"
SOON = timedelta(seconds=3)
"""A worker keeps a message for a later moment in memory; only for so short a while."""


def after_commit(run: Run) -> None:
    """Ask for the run to be worked on once the current transaction is committed."""
    if settings.NUDGE_WORKERS:
        transaction.on_commit(partial(_send, run.pk, queue_of(run.purpose)))


def when_it_resumes(run: Run) -> None:
    """The same at the moment the run has waited for, when that is near: the beat would come up to a second late."""
    wait = run.resumes_at - timezone.now() if run.resumes_at else SOON
    if settings.NUDGE_WORKERS and timedelta(0) < wait < SOON:
        transaction.on_commit(partial(_send, run.pk, queue_of(run.purpose), at=run.resumes_at))


def rehearsal_after_commit(pk: int) -> None:
    """Ask for a rehearsal to be played once the current transaction is committed."""
    if settings.NUDGE_WORKERS:
        transaction.on_commit(partial(_send_task, REHEARSE, pk, QUEUE))


def comparison_after_commit(pk: int) -> None:
    """Ask for a comparison to be made once the current transaction is committed."""
    if settings.NUDGE_WORKERS:
        transaction.on_commit(partial(_send_task, COMPARE, pk, QUEUE))


def months_after_commit(practice_pk: int) -> None:
    """Ask for a practice's months to be worked out once the current transaction is committed."""
    if settings.NUDGE_WORKERS:
        transaction.on_commit(partial(_send_task, WORK_OUT, practice_pk, QUEUE))


def queue_of(purpose: str) -> str:
    """Live work has a queue of its own, so that no backlog stands before it."""
    return LIVE_QUEUE if purpose == Purpose.LIVE else QUEUE


def _send(run_pk: int, queue: str, *, at: datetime | None = None) -> None:
    _send_task(ADVANCE, run_pk, queue, at=at)


def _send_task(task: str, pk: int, queue: str, *, at: datetime | None = None) -> None:
    try:
        current_app.send_task(task, args=[pk], queue=queue, eta=at, ignore_result=True)
    except Exception:  # the broker may be away; the row is the queue and the beat looks at it
        log.warning("nudge_failed", task=task, row=pk, exc_info=True)
