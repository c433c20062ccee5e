"""Waking a worker. Only speed is lost when it fails: the beat finds what is due within seconds."""

from functools import partial

import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction

from sync.models import Purpose, Run

log = structlog.get_logger(__name__)

ADVANCE = "sync.tasks.advance_run"
LIVE_QUEUE = "live"
QUEUE = "sync"


def after_commit(run: Run) -> None:
    """Ask for the run to be worked on once the current transaction is committed."""
    if settings.NUDGE_WORKERS:
        transaction.on_commit(partial(_send, run.pk, queue_of(run.purpose)))


def queue_of(purpose: str) -> str:
    """Live work has a queue of its own, so that no backlog stands before it."""
    return LIVE_QUEUE if purpose == Purpose.LIVE else QUEUE


def _send(run_pk: int, queue: str) -> None:
    try:
        current_app.send_task(ADVANCE, args=[run_pk], queue=queue, ignore_result=True)
    except Exception:  # the broker may be away; the row is the queue and the beat looks at it
        log.warning("nudge_failed", run=run_pk, exc_info=True)
