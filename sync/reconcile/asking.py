"""Asking for a comparison: somebody's click, the clock, a sync that changed something. The row is the queue.

Each way makes a row that waits, or finds the one that waits already; ``sync.reconcile.running`` works it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from practices.audit import record
from practices.models import Connection, ConnectionState, Practice, User
from sync import nudge
from sync.flows import ROUTES
from sync.models import (
    Change,
    CompareSchedule,
    CompareState,
    Kind,
    ReconcileRun,
    Run,
    Scope,
    Snapshot,
    Trigger,
)
from sync.reconcile.due import next_of, take

OPEN = (CompareState.WAITING, CompareState.RUNNING)
MOST_CLIENTS = 400
"""Where more clients changed, comparing everything is no slower."""
CHANGED_EVERY = timedelta(minutes=1)
"""What syncs changed is compared no more often than this in one practice."""
ALL_EVERY = timedelta(minutes=10)
"""How often a sync may lead to a comparison of everything: it takes a worker many seconds in a large practice."""


def ask(practice: Practice, *, trigger: str, actor: User | None = None) -> ReconcileRun:
    """Note that everything is to be compared; the run that is open already, where there is one."""
    now = timezone.now()
    with transaction.atomic():
        _one_at_a_time(practice.pk)
        found = _open(practice.pk).filter(scope=Scope.FULL).order_by("-pk").first()
        if found is None:
            found = _new(practice.pk, Scope.FULL, trigger, begins_at=now, actor=actor)
        elif found.state == CompareState.WAITING and actor is not None:
            # Somebody looks at it now: it no longer waits for a sync to end.
            ReconcileRun.objects.filter(pk=found.pk, state=CompareState.WAITING).update(
                trigger=trigger, actor=actor, started_at=min(found.started_at, now)
            )
        if actor is not None:
            record(practice, actor, "comparison.asked", "Asked to compare both systems", object=found)
    nudge.comparison_after_commit(found.pk)
    return found


def can_compare(practice: Practice) -> bool:
    """Whether there are two systems to compare."""
    return _connected().filter(pk=practice.pk).exists()


def note(practice_id: int, clients: Iterable[str] | None) -> None:
    """Note that a sync changed something of these clients (``None``: of any), to be compared when the sync is over.

    Safe to call often: what waits already takes them over. Practices that don't want it are left alone.
    """
    wanted = None if clients is None else set(clients) - {""}
    if wanted is not None and not wanted:
        return
    if CompareSchedule.objects.filter(practice=practice_id, after_sync=False).exists():
        return
    with transaction.atomic():
        _one_at_a_time(practice_id)
        waiting = _open(practice_id).filter(state=CompareState.WAITING)
        if waiting.filter(scope=Scope.FULL).exists():
            return
        found: ReconcileRun | None = waiting.select_for_update(no_key=True).first()
        if wanted is not None and found is not None:
            wanted |= set(found.clients)
        if wanted is not None and len(wanted) > MOST_CLIENTS:
            wanted = None
        scope = Scope.FULL if wanted is None else Scope.CHANGED
        if found is None:
            begins = _not_before(practice_id, scope)
            found = _new(practice_id, scope, Trigger.EVENT, begins_at=begins)
        elif found.scope != scope:
            found.scope, found.started_at = scope, _not_before(practice_id, scope)
        found.clients = sorted(wanted or ())
        found.save(update_fields=["scope", "clients", "started_at"])


def after_run(run: Run) -> None:
    """A sync ended: what it wrote is noted beside what its plan noted, and a worker is woken for it."""
    written = Change.objects.filter(sent_by=run)
    note(run.practice_id, _clients_of(written.values_list("source_connection", "kind", "source_external_id")))
    if run.mapping_version and _last_version(run.practice_id) not in {None, run.mapping_version}:
        note(run.practice_id, None)
    soon = timezone.now() + nudge.SOON
    rows = _open(run.practice_id).filter(state=CompareState.WAITING, started_at__lte=soon)
    for pk in rows.values_list("pk", flat=True):
        nudge.comparison_after_commit(pk)


def ask_due(now: datetime) -> int:
    """Ask for the comparisons that are due by the clock; how many. A time that was missed is made up for once."""
    _give_everybody_a_schedule(now)
    asked = 0
    due = CompareSchedule.objects.filter(next_at__lte=now).select_related("practice")
    for schedule in due:
        with transaction.atomic():
            if take(schedule, now) and can_compare(schedule.practice):
                ask(schedule.practice, trigger=Trigger.SCHEDULE)
                asked += 1
    return asked


def schedule_of(practice: Practice) -> CompareSchedule:
    """When the practice is compared: every morning at six until somebody chose otherwise."""
    found: CompareSchedule | None = CompareSchedule.objects.filter(practice=practice).first()
    if found is None:
        _give_everybody_a_schedule(timezone.now(), practice)
        found = CompareSchedule.objects.get(practice=practice)
    found.practice = practice
    return found


def _give_everybody_a_schedule(now: datetime, practice: Practice | None = None) -> None:
    wanted = _connected() if practice is None else Practice.objects.filter(pk=practice.pk)
    fresh = [
        CompareSchedule(practice=one)
        for one in wanted.exclude(pk__in=CompareSchedule.objects.values("practice"))
    ]
    for schedule in fresh:
        schedule.next_at = next_of(schedule, now)
    if fresh:
        CompareSchedule.objects.bulk_create(fresh, ignore_conflicts=True)


def _connected() -> QuerySet[Practice]:
    """Practices with both systems of some route."""
    wanted = Q(pk__in=[])
    theirs = Connection.objects.filter(practice=OuterRef("pk")).exclude(state=ConnectionState.DISCONNECTED)
    for source, target in ROUTES:
        wanted |= Exists(theirs.filter(provider=source)) & Exists(theirs.filter(provider=target))
    return Practice.objects.filter(wanted)


def _clients_of(records: Iterable[tuple[int, str, str]]) -> set[str]:
    """Whose records these are; a payment's share carries its id before the slash."""
    clients: set[str] = set()
    others: dict[tuple[int, str], set[str]] = {}
    for connection_id, kind, external_id in records:
        if kind == Kind.CONTACT:
            clients.add(external_id)
        else:
            others.setdefault((connection_id, kind), set()).add(external_id.partition("/")[0])
    for (connection_id, kind), ids in others.items():
        rows = Snapshot.objects.filter(connection=connection_id, kind=kind, external_id__in=ids)
        clients.update(rows.values_list("party_external_id", flat=True))
    return clients


def _last_version(practice_id: int) -> int | None:
    """The version of the mapping that everything was last compared with."""
    rows = ReconcileRun.objects.filter(practice=practice_id, scope=Scope.FULL, state=CompareState.DONE)
    return rows.order_by("-pk").values_list("mapping_version", flat=True).first()


def _not_before(practice_id: int, scope: str) -> datetime:
    """When a comparison that nobody waits for may begin, so that they don't follow each other too closely."""
    rows = ReconcileRun.objects.filter(practice=practice_id, scope=scope, state=CompareState.DONE)
    last = rows.order_by("-pk").values_list("finished_at", flat=True).first()
    now = timezone.now()
    every = ALL_EVERY if scope == Scope.FULL else CHANGED_EVERY
    return max(now, last + every) if last is not None else now


def _open(practice_id: int) -> QuerySet[ReconcileRun]:
    return ReconcileRun.objects.filter(practice=practice_id, state__in=OPEN)


def _new(
    practice_id: int, scope: str, trigger: str, *, begins_at: datetime, actor: User | None = None
) -> ReconcileRun:
    return ReconcileRun.objects.create(
        practice_id=practice_id,
        state=CompareState.WAITING,
        scope=scope,
        trigger=trigger,
        actor=actor,
        started_at=begins_at,
        finished_at=begins_at,
    )


def _one_at_a_time(practice_id: int) -> None:
    """Whoever asks waits for whoever asks at the same moment, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('compare asked'), %s)", [practice_id % 2**31])
