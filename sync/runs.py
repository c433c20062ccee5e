"""Starting runs and working them. What is done in a run is in ``regular`` and ``urgent``."""

import time
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from practices.models import Practice, User
from sync import incidents, lanes, nudge
from sync.flows import ensure_flows
from sync.models import OPEN_RUN_STATES, Purpose, Run, Trigger
from sync.reconcile import asking as comparisons
from sync.regular import RegularSlice
from sync.urgent import UrgentSlice

log = structlog.get_logger(__name__)

SLICE_SECONDS = 15
"""How long one task works before it hands on, so that every practice gets its turn; well below any broker's limit."""

PURPOSES = {
    Trigger.PERSON: Purpose.PERSON,
    Trigger.COMMAND: Purpose.PERSON,
    Trigger.SCHEDULE: Purpose.POLL,
    Trigger.EVENT: Purpose.POLL,
    Trigger.CONNECT: Purpose.BACKFILL,
    Trigger.MODE: Purpose.BACKFILL,
    Trigger.MAPPING: Purpose.BACKFILL,
}
"""What a run's calls are counted for."""


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
            run = Run.objects.create(
                practice=practice,
                trigger=trigger,
                purpose=PURPOSES[Trigger(trigger)],
                actor=actor,
                full=full,
                reads=reads,
            )
    except IntegrityError:
        found = open_run(practice)
        if found is None:
            return start(practice, trigger=trigger, actor=actor, full=full, reads=reads, wake=wake)
        run = found
        # What the newcomer wanted must not be lost: an open run that is past its plan plans again before it ends.
        # A person's wish makes it look at everything, whoever started it.
        wish: dict[str, Any] = {"again": True, "full": run.full or full, "reads": run.reads or reads}
        if trigger not in {Trigger.SCHEDULE, Trigger.EVENT}:
            wish["trigger"] = trigger
        taken = Run.objects.filter(pk=run.pk, state__in=OPEN_RUN_STATES).update(**wish)
        if not taken:  # it ended at this very moment
            return start(practice, trigger=trigger, actor=actor, full=full, reads=reads, wake=wake)
    if wake:
        nudge.after_commit(run)
    return run


def open_run(practice: Practice) -> Run | None:
    """The practice's open regular run."""
    rows = Run.objects.filter(practice=practice, state__in=OPEN_RUN_STATES).exclude(purpose=Purpose.LIVE)
    found: Run | None = rows.first()
    return found


def advance(run_pk: int, *, seconds: float = SLICE_SECONDS) -> Run | None:
    """Work one slice of a run; returns it as it is then, ``None`` when it is gone.

    Does nothing while another worker holds it, or before its time.
    """
    run = _fresh(run_pk)
    if run is None or not run.is_open or (run.resumes_at and run.resumes_at > timezone.now()):
        return run
    lane = lanes.take(run)
    if lane is None:
        return run
    try:
        run.refresh_from_db()
        if run.is_open:
            _work(run, lane, time.monotonic() + seconds)
    except lanes.LaneLost:
        log.warning("run_lane_lost", run=run_pk)
    finally:
        lane.release()
    worked = _fresh(run_pk)
    if worked is not None and not worked.is_open:
        comparisons.after_run(worked)
    return worked


def _work(run: Run, lane: lanes.Lane, deadline: float) -> None:
    practice = run.practice
    if run.purpose == Purpose.LIVE:  # what went wrong in it is looked at with the next minute's watch
        live = UrgentSlice(run, lane, deadline)
        live.work()
        if live.wants_all:
            start(practice, trigger=Trigger.EVENT)
        other = open_run(practice)
        if other is not None and due_now(other):
            nudge.after_commit(other)
    else:
        RegularSlice(run, lane, deadline).work()
        incidents.refresh(practice)


def due_now(run: Run) -> bool:
    return run.resumes_at is None or run.resumes_at <= timezone.now()


def is_held(run: Run) -> bool:
    """Whether some worker holds it, who hands it on; a dead one's hold is ended by whoever tries to take it."""
    return run.lease_until is not None and run.lease_until >= timezone.now()


def due_runs() -> Any:
    """Open runs that a worker could work on now."""
    now = timezone.now()
    return (
        Run.objects.filter(state__in=OPEN_RUN_STATES)
        .filter(Q(resumes_at=None) | Q(resumes_at__lte=now))
        .filter(Q(lease_until=None) | Q(lease_until__lt=now))
    )


def _fresh(run_pk: int) -> Run | None:
    run: Run | None = Run.objects.select_related("practice").filter(pk=run_pk).first()
    return run


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
