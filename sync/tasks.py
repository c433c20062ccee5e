"""Celery's side: thin tasks that call steps. A message may be lost, doubled or late; the rows say what is due."""

from datetime import timedelta

import structlog
from celery import shared_task
from django.db.models import F, Q
from django.utils import timezone

from practices.models import Connection, Practice
from practices.tokens import keep_alive
from sync import alerts, incidents, lanes, live, nudge, runs, schedule, tidying, urgent
from sync.approvals import deciding, telling
from sync.close import working as closing
from sync.models import OPEN_RUN_STATES, Pulse, Purpose, Run, Trigger
from sync.reconcile import asking as comparisons
from sync.reconcile import running as comparing
from sync.rehearsal import running as rehearsing
from sync.report import mailing, schedules

log = structlog.get_logger(__name__)

NUDGED_RECENTLY = timedelta(seconds=15)
"""A run that a worker was woken for is not announced again before this; its message may stand in a queue."""
OVERLOOKED = timedelta(seconds=5)
"""A hint this old without an open live run waited to be collected, or whoever stored it died before starting one."""


@shared_task(name="sync.tasks.advance_run", ignore_result=True)
def advance_run(run_pk: int) -> None:
    """Work one slice of a run and hand on when there is more to do right away, or in a moment for somebody waiting."""
    run = runs.advance(run_pk)
    if run is None or not run.is_open or runs.is_held(run):
        return
    if runs.due_now(run):
        nudge.after_commit(run)
    elif run.purpose == Purpose.LIVE:
        nudge.when_it_resumes(run)


@shared_task(name="sync.tasks.wake", ignore_result=True)
def wake() -> None:
    """Nudge every open run whose time has come, each second."""
    now = timezone.now()
    unannounced = Q(nudged_at=None) | Q(nudged_at__lt=F("resumes_at"))
    rows = runs.due_runs().filter(unannounced | Q(nudged_at__lte=now - NUDGED_RECENTLY))
    for run in rows.only("pk", "purpose", "nudged_at"):
        if Run.objects.filter(pk=run.pk, nudged_at=run.nudged_at).update(nudged_at=now):
            nudge.after_commit(run)


@shared_task(name="sync.tasks.look_round", ignore_result=True)
def look_round() -> None:
    """Take up what dead workers left, and start the runs that are due by the clock."""
    now = timezone.now()
    Pulse.beat("beat")
    lanes.free_the_dead(Run.objects.all(), Connection.objects.all())
    for practice in Practice.objects.filter(pk__in=schedule.due(now)):
        runs.start(practice, trigger=Trigger.SCHEDULE)
    for pk in rehearsing.open_ones():
        nudge.rehearsal_after_commit(pk)
    comparisons.ask_due(now)
    for pk in comparing.to_wake(now):
        nudge.comparison_after_commit(pk)
    overlooked = urgent.waiting(now).filter(received_at__lt=now - OVERLOOKED)
    tended = Run.objects.filter(purpose=Purpose.LIVE, state__in=OPEN_RUN_STATES).values("practice")
    for practice_id in set(overlooked.exclude(practice__in=tended).values_list("practice", flat=True)):
        live.wake(practice_id)


@shared_task(name="sync.tasks.rehearse", ignore_result=True)
def rehearse(rehearsal_pk: int) -> None:
    """Play one rehearsal; nothing when another worker has it."""
    rehearsing.work(rehearsal_pk)


@shared_task(name="sync.tasks.compare", ignore_result=True)
def compare(comparison_pk: int) -> None:
    """Make one comparison; nothing when another worker has it."""
    comparing.work(comparison_pk)


@shared_task(name="sync.tasks.look_for_months", ignore_result=True)
def look_for_months() -> None:
    """Have the months of every practice worked out that was compared since, or whose worker fell silent."""
    for practice_pk in closing.due(timezone.now()):
        nudge.months_after_commit(practice_pk)


@shared_task(name="sync.tasks.work_out_months", ignore_result=True)
def work_out_months(practice_pk: int) -> None:
    """Work out one practice's months; nothing when another worker does."""
    closing.work(practice_pk)


@shared_task(name="sync.tasks.watch", ignore_result=True)
def watch() -> None:
    """Bring every connected practice's incidents up to date: also those where nothing runs any more."""
    for practice in Practice.objects.filter(pk__in=Connection.objects.values("practice")):
        try:
            incidents.refresh(practice)
        except Exception:
            log.exception("incidents_failed", practice=practice.slug)


@shared_task(name="sync.tasks.send_alerts", ignore_result=True)
def send_alerts() -> None:
    """Send the alerts that are due, and the mails about what waits for approval."""
    try:
        alerts.send_due()
    finally:
        telling.tell_due()


@shared_task(name="sync.tasks.mail_reports", ignore_result=True)
def mail_reports() -> None:
    """Owe the mails of saved views that are due by the clock, and send what is owed."""
    schedules.queue_due(timezone.now())
    mailing.send_due()


@shared_task(name="sync.tasks.expire_approvals", ignore_result=True)
def expire_approvals() -> None:
    """Close the requests for approval whose time is over."""
    log.info("approvals_expired", count=deciding.expire(timezone.now()))


@shared_task(name="sync.tasks.tidy", ignore_result=True)
def tidy() -> None:
    """Drop what is too old to tell anybody anything."""
    log.info("tidied", **tidying.tidy(timezone.now()))


@shared_task(name="sync.tasks.keep_grants_alive", ignore_result=True)
def keep_grants_alive() -> None:
    """Refresh grants that a quiet practice has not used for days, before the provider forgets them."""
    keep_alive(timezone.now())
