"""Celery's side: thin tasks that call steps. A message may be lost, doubled or late; the rows say what is due."""

import structlog
from celery import shared_task
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from practices.models import Connection, Practice
from practices.tokens import keep_alive
from sync import lanes, nudge, runs, schedule
from sync.models import OPEN_RUN_STATES, Run, Trigger

log = structlog.get_logger(__name__)


@shared_task(name="sync.tasks.advance_run", ignore_result=True)
def advance_run(run_pk: int) -> None:
    """Work one slice of a run and hand on when there is more to do right away."""
    run = runs.advance(run_pk)
    if run.is_open and run.resumes_at and run.resumes_at <= timezone.now():
        nudge.after_commit(run.pk)


@shared_task(name="sync.tasks.wake", ignore_result=True)
def wake() -> None:
    """Nudge every open run that is due, and start the runs that are due by the clock."""
    now = timezone.now()
    lanes.free_the_dead(Run.objects.all(), Connection.objects.all())
    due = Run.objects.filter(state__in=OPEN_RUN_STATES).filter(Q(resumes_at=None) | Q(resumes_at__lte=now))
    for run_pk in due.filter(Q(lease_until=None) | Q(lease_until__lt=now)).values_list("pk", flat=True):
        nudge.after_commit(run_pk)
    for practice in Practice.objects.filter(
        pk__in=schedule.due(now, every_minutes=settings.SYNC_EVERY_MINUTES)
    ):
        runs.start(practice, trigger=Trigger.SCHEDULE)


@shared_task(name="sync.tasks.keep_grants_alive", ignore_result=True)
def keep_grants_alive() -> None:
    """Refresh grants that a quiet practice has not used for days, before the provider forgets them."""
    keep_alive(timezone.now())
