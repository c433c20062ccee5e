"""Working the months out in the background, after each comparison and when somebody asks. The row is the queue."""

import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from connectors.stored import dump
from practices.models import Practice
from sync.close.clearing import Proof, prove
from sync.close.months import MOST_NAMED, Month, month_list, months_of
from sync.flows import sides_of
from sync.models import CompareState, MonthFigures, ReconcileRun, Scope, Workings
from sync.reconcile.books import Books
from sync.reconcile.compare import compare
from sync.reconcile.gathering import gather
from sync.reconcile.receipts import pair
from sync.reconcile.running import total_as_json

log = structlog.get_logger(__name__)

LOST_AFTER = timedelta(minutes=15)
"""A worker that was at it for longer died: the largest practice takes about two minutes."""
FAILED = "The figures could not be worked out. Ask for them again; if that fails too, tell the support team."
NO_CLEARING = "No clearing account is chosen in the mapping, so there is nothing to prove."
NO_PAYMENTS = "Payments were not read to their end on both sides yet."


def ask(practice: Practice, *, now: datetime) -> bool:
    """Have the practice's months worked out; ``False`` when that is asked for already."""
    _, made = Workings.objects.get_or_create(practice=practice, defaults={"asked_at": now})
    return (
        made
        or Workings.objects.filter(practice=practice, asked_at=None).update(asked_at=now, message="") == 1
    )


def due(now: datetime) -> list[int]:
    """Practices to be worked out: asked for and not being done, or compared since. A fixed number of queries."""
    rows = Workings.objects.filter(asked_at__isnull=False)
    waiting = set(rows.filter(_free(now)).values_list("practice", flat=True))
    busy = set(rows.values_list("practice", flat=True)) - waiting
    done = dict(Workings.objects.values_list("practice", "run"))
    newest = (
        ReconcileRun.objects.filter(state=CompareState.DONE, scope=Scope.FULL)
        .order_by()
        .values_list("practice")
        .annotate(newest=Max("pk"))
    )
    stale = {pk for pk, run in newest if run != done.get(pk)}
    return sorted((waiting | stale) - busy)


def work(practice_pk: int) -> bool:
    """Work one practice's months out and keep them; ``False`` when nobody needs it or another worker has it.

    A failure is told on the page and not tried again until somebody asks or the next comparison.
    """
    practice = Practice.objects.filter(pk=practice_pk).first()
    now = timezone.now()
    if practice is None or practice_pk not in due(now):
        return False
    ask(practice, now=now)
    mine = Workings.objects.filter(practice=practice, asked_at__isnull=False)
    if not mine.filter(_free(now)).update(claimed_at=now):
        return False
    run = (
        ReconcileRun.objects.filter(practice=practice, state=CompareState.DONE, scope=Scope.FULL)
        .order_by("-pk")
        .first()
    )
    ended: dict[str, Any] = {"claimed_at": None, "run": run}
    started = time.monotonic()
    try:
        figures, facts = work_out(practice)
    except Exception:
        log.exception("months_failed", practice=practice.slug)
        mine.filter(claimed_at=now).update(**ended, asked_at=None, message=FAILED)
        return True
    with transaction.atomic():
        if mine.select_for_update().filter(claimed_at=now).exists():
            _keep(practice, figures)
            mine.update(**ended, asked_at=None, made_at=timezone.now(), facts=facts, message="")
    log.info("months_worked_out", practice=practice.slug, seconds=round(time.monotonic() - started, 2))
    return True


def _free(now: datetime) -> Q:
    return Q(claimed_at=None) | Q(claimed_at__lt=now - LOST_AFTER)


def work_out(practice: Practice) -> tuple[dict[date, dict[str, Any]], dict[str, Any]]:
    """Every month's figures as JSON, and what could not be placed. Reads what is stored and writes nothing."""
    pairs = sides_of(practice)
    if not pairs:
        return {}, {"clearing": "", "undated": {}, "bank": ""}
    gathered = gather(pairs[0][0])
    books = gathered.books
    paired = pair(books)
    found, undated = months_of(books, paired, compare(books, paired))
    wanted = month_list(found, books.now.astimezone(books.zone).date())
    problem = clearing_problem(books)
    proofs: dict[date, list[Proof]] = {month: [] for month in wanted}
    if not problem:
        whole = replace(books, chosen=replace(books.chosen, documents_from=None))
        for proof in prove(whole, pair(whole).shares, wanted):
            proofs[proof.month].append(proof)
    figures = {month: _figures(found.get(month), proofs[month]) for month in wanted}
    bank = gathered.unchecked.get("payout_bank_line", "")
    return figures, {"clearing": problem, "undated": undated, "bank": bank}


def clearing_problem(books: Books) -> str:
    """Why nothing can be said about the clearing account, if so."""
    if not books.chosen.clearing:
        return NO_CLEARING
    return "" if {"invoice", "payment"} <= books.read else NO_PAYMENTS


def _figures(month: Month | None, proofs: list[Proof]) -> dict[str, Any]:
    drafts, crossings = (month.drafts, month.crossings) if month else ((), ())
    return {
        "totals": [total_as_json(item) for item in month.totals] if month else [],
        "drafts": {"count": len(drafts), "named": [dump(item) for item in drafts[:MOST_NAMED]]},
        "crossings": [dump(item) for item in crossings],
        "clearing": [dump(item) for item in proofs],
    }


def _keep(practice: Practice, figures: dict[date, dict[str, Any]]) -> None:
    """Put the months in place of those that were kept; months too old to be worked out stay as they were."""
    now = timezone.now()
    MonthFigures.objects.filter(practice=practice, month__gte=min(figures, default=date.max)).delete()
    MonthFigures.objects.bulk_create(
        MonthFigures(practice=practice, month=month, figures=item, made_at=now)
        for month, item in figures.items()
    )
