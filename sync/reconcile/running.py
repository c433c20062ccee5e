"""Comparisons from what is stored to rows. They read and write nothing outside, so they may run at any time.

A comparison that was asked for is a row; a worker takes it, and one whose worker died is taken again. Whoever compares
a practice holds the database's own lock on it until everything is stored: the lock ends with the worker, so that no
clock has to guess whether it is alive, and two never mix.
"""

import time
from collections import defaultdict
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from mappings.services import current
from practices.models import Practice, User
from sync.flows import ensure_flows, sides_of
from sync.models import (
    OPEN_RUN_STATES,
    CompareState,
    Mismatch,
    MismatchState,
    Purpose,
    ReconcileRun,
    Run,
    Scope,
    Trigger,
)
from sync.part import part_of
from sync.reconcile.at_stake import at_stake
from sync.reconcile.books import Difference
from sync.reconcile.changed import of_clients
from sync.reconcile.compare import compare
from sync.reconcile.gathering import ListRead, gather
from sync.reconcile.keeping import keep
from sync.reconcile.receipts import pair
from sync.reconcile.totals import Total, totals
from sync.uncollected import without_collecting
from sync.world import Sides

log = structlog.get_logger(__name__)

SILENT = timedelta(minutes=1)
"""Between taking a row and holding the lock lies less than this; after it the lock tells whether somebody works."""
WOKEN_RECENTLY = timedelta(seconds=30)
"""A comparison that a worker was woken for is not announced again before this."""
LONGEST = timedelta(hours=2)
"""One that was begun again and again for so long never ends."""
FOR_A_SYNC = {Scope.FULL: timedelta(minutes=30), Scope.CHANGED: timedelta(seconds=30)}
"""How long a comparison that nobody looks at waits for a sync in progress to end."""
ASKED_FOR = (Trigger.PERSON, Trigger.COMMAND)
BROKEN = "Something went wrong on our side. It is logged; try again or ask support."
ENDLESS = "It was begun again and again and did not come to its end. Ask support."


class NotConnected(Exception):
    """The practice has no two systems to compare."""


def compare_now(practice: Practice, *, trigger: str, actor: User | None = None) -> ReconcileRun:
    """Compare what was last read of both sides and keep what differs.

    Two at once follow one another. A second one that finds the same changes nothing but when it was last seen. Raises
    ``NotConnected`` where there are no two systems.
    """
    run = ReconcileRun(practice=practice, trigger=trigger, actor=actor, started_at=timezone.now())
    sides = _sides(practice)
    with transaction.atomic():
        _lock(practice.pk)
        _compare(run, sides)
    return run


def to_wake(now: datetime) -> list[int]:
    """Comparisons that a worker is to be woken for: those whose time has come, and those whose worker died."""
    woken = Q(claimed_at=None) | Q(claimed_at__lt=now - WOKEN_RECENTLY)
    waiting = list(ready(now).filter(woken).order_by("pk").values_list("pk", flat=True)[:20])
    ReconcileRun.objects.filter(pk__in=waiting, state=CompareState.WAITING).update(claimed_at=now)
    silent = ReconcileRun.objects.filter(state=CompareState.RUNNING, claimed_at__lt=now - SILENT)
    return waiting + [run.pk for run in silent.order_by("pk")[:20] if not _is_held(run.practice_id)]


def work(pk: int) -> None:
    """Take one and do it to the end; nothing when it is not its time or another worker has it."""
    run = _claim(pk)
    if run is None:
        return
    try:
        with transaction.atomic():
            if not _try_lock(run.practice_id):
                # Another comparison of the practice: the beat comes back to this one.
                _mine(run).update(state=CompareState.WAITING)
                return
            if not _mine(run).select_for_update(no_key=True).exists():
                return
            _do(run)
    except NotConnected as error:
        _fail(run, str(error))
    except (OperationalError, InterfaceError):
        raise  # the database is away: the row stands, and whoever comes next begins anew
    except Exception:
        log.exception("comparison_failed", comparison=pk)
        _fail(run, BROKEN)


def ready(now: datetime) -> QuerySet[ReconcileRun]:
    """What waits and may begin: at once where somebody asked, else when no sync is in its way or it has waited long."""
    syncing = Run.objects.filter(practice=OuterRef("practice"), state__in=OPEN_RUN_STATES)
    regular = syncing.exclude(purpose=Purpose.LIVE)
    free = (
        Q(trigger__in=ASKED_FOR)
        | Q(~Exists(regular), scope=Scope.FULL)
        | Q(~Exists(syncing), scope=Scope.CHANGED)
        | Q(scope=Scope.FULL, started_at__lte=now - FOR_A_SYNC[Scope.FULL])
        | Q(scope=Scope.CHANGED, started_at__lte=now - FOR_A_SYNC[Scope.CHANGED])
    )
    return ReconcileRun.objects.filter(free, state=CompareState.WAITING, started_at__lte=now)


def _claim(pk: int) -> ReconcileRun | None:
    now = timezone.now()
    claimed = {"state": CompareState.RUNNING, "claimed_at": now}
    if not ready(now).filter(pk=pk).update(**claimed, started_at=now):
        # When it was begun first stays on a row that is taken again.
        silent = ReconcileRun.objects.filter(
            pk=pk, state=CompareState.RUNNING, claimed_at__lt=now - SILENT
        ).first()
        if silent is None or _is_held(silent.practice_id):
            return None
        if not _mine(silent).update(**claimed):
            return None
    run: ReconcileRun = ReconcileRun.objects.select_related("practice", "actor").get(pk=pk)
    if now - run.started_at > LONGEST:
        _fail(run, ENDLESS)
        return None
    return run


def _mine(run: ReconcileRun) -> QuerySet[ReconcileRun]:
    """The row as long as this worker has it: whoever takes it stamps it anew."""
    return ReconcileRun.objects.filter(pk=run.pk, state=CompareState.RUNNING, claimed_at=run.claimed_at)


def _fail(run: ReconcileRun, message: str) -> None:
    _mine(run).update(state=CompareState.FAILED, message=message[:300], finished_at=timezone.now())


def _do(run: ReconcileRun) -> None:
    """Compare what the row says. What a sync changed is everything where nothing was compared before."""
    sides = _sides(run.practice)
    if run.scope == Scope.CHANGED:
        done = ReconcileRun.objects.filter(practice=run.practice, scope=Scope.FULL, state=CompareState.DONE)
        last = done.order_by("-pk").values_list("mapping_version", flat=True).first()
        published = current(run.practice)
        if last is None or last != (published.version if published is not None else 0):
            run.scope = Scope.FULL
    run.state = CompareState.DONE
    _compare(run, sides)


def _sides(practice: Practice) -> Sides:
    ensure_flows(practice)
    pairs = sides_of(practice)
    if not pairs:
        raise NotConnected(f"{practice.name} is not connected to both systems.")
    return pairs[0][0]


@without_collecting()
def _compare(run: ReconcileRun, sides: Sides) -> None:
    """Compare, keep what differs and store the run. Call it in a transaction that holds the practice's lock."""
    clock = time.monotonic()
    practice = run.practice
    part = part_of(sides, run.clients) if run.scope == Scope.CHANGED else None
    found = gather(sides, part)
    books = found.books
    paired = pair(books)
    differences = compare(books, paired)
    if part is not None:
        differences = of_clients(differences, part.clients)
    if run._state.adding:  # differences are to point at it
        run.save()
    scope = part.clients if part is not None else None
    kept = keep(practice, books.pair, books, differences, scope=scope, run=run)
    run.documents_from = books.chosen.documents_from
    run.mapping_version = found.mapping_version
    if part is None:
        run.coverage = [_coverage(item) for item in found.coverage]
        run.totals = [total_as_json(item) for item in totals(books, paired, differences)]
        run.unchecked = found.unchecked
    run.counts = count(differences)
    run.found, run.fresh, run.fixed, run.reopened = kept.found, kept.fresh, kept.fixed, kept.reopened
    run.open_count, run.open_money = _open_now(practice)
    run.finished_at = timezone.now()
    run.save()
    log.info(
        "compared",
        practice=practice.slug,
        scope=run.scope,
        found=kept.found,
        seconds=round(time.monotonic() - clock, 2),
    )


def _open_now(practice: Practice) -> tuple[int, dict[str, str]]:
    """How many differences are open, and what is at stake in each currency."""
    rows = Mismatch.objects.filter(practice=practice, state=MismatchState.OPEN)
    found = at_stake(rows)
    money = {item.currency: text_of(item.at_stake) for item in found if item.currency and item.at_stake}
    return sum(item.count for item in found), money


def _lock(practice_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('reconcile'), %s)", [practice_id % 2**31])


def _try_lock(practice_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('reconcile'), %s)", [practice_id % 2**31])
        return bool(cursor.fetchone()[0])


def _is_held(practice_id: int) -> bool:
    """Whether somebody compares the practice at this moment."""
    with transaction.atomic():
        return not _try_lock(practice_id)


def count(differences: list[Difference]) -> dict[str, Any]:
    """How many differences of each kind there are, and what is at stake, moved and taxed per currency, as text."""
    numbers: dict[str, int] = defaultdict(int)
    sums: dict[str, dict[str, dict[str, Decimal]]] = defaultdict(dict)
    for item in differences:
        numbers[item.kind] += 1
        if item.currency:
            here = sums[item.kind].setdefault(
                item.currency, {"at_stake": Decimal(0), "money": Decimal(0), "tax": Decimal(0)}
            )
            here["at_stake"] += item.at_stake
            here["money"] += item.money
            here["tax"] += item.tax
    return {
        kind: {
            "count": number,
            "amounts": {
                code: {name: text_of(amount) for name, amount in amounts.items()}
                for code, amounts in sorted(sums[kind].items())
            },
        }
        for kind, number in sorted(numbers.items())
    }


def text_of(amount: Decimal) -> str:
    """An amount as text with its cents, and with more where it has more, so that sums of texts come out as well."""
    return f"{amount:.2f}" if amount == round(amount, 2) else f"{amount.normalize():f}"


def _coverage(item: ListRead) -> dict[str, Any]:
    return {**asdict(item), "read_at": item.read_at.isoformat() if item.read_at else None}


def total_as_json(item: Total) -> dict[str, Any]:
    """A total as it is stored: amounts are text."""
    return {
        "measure": item.measure,
        "currency": item.currency,
        "left": text_of(item.left),
        "right": text_of(item.right),
        "left_count": item.left_count,
        "right_count": item.right_count,
        "causes": [
            {"kind": cause.kind, "count": cause.count, "amount": text_of(cause.amount)}
            for cause in item.causes
        ],
    }
