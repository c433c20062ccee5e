"""One comparison from what is stored to rows. It reads and writes nothing outside, so it may run at any time."""

import time
from collections import defaultdict
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils import timezone

from practices.models import Practice, User
from sync.flows import ensure_flows, sides_of
from sync.models import ReconcileRun
from sync.reconcile.books import Difference
from sync.reconcile.compare import compare
from sync.reconcile.gathering import ListRead, gather
from sync.reconcile.keeping import keep
from sync.reconcile.receipts import pair
from sync.reconcile.totals import Total, totals

log = structlog.get_logger(__name__)


class NotConnected(Exception):
    """The practice has no two systems to compare."""


def compare_now(practice: Practice, *, trigger: str, actor: User | None = None) -> ReconcileRun:
    """Compare what was last read of both sides and keep what differs.

    Two at once follow one another. A second one that finds the same changes nothing but when it was last seen. Raises
    ``NotConnected`` where there are no two systems.
    """
    ensure_flows(practice)
    pairs = sides_of(practice)
    if not pairs:
        raise NotConnected(f"{practice.name} is not connected to both systems.")
    sides = pairs[0][0]
    started, clock = timezone.now(), time.monotonic()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('reconcile'), %s)", [practice.pk % 2**31])
        found = gather(sides)
        books = found.books
        paired = pair(books)
        differences = compare(books, paired)
        kept = keep(practice, f"{sides.source.pk} {sides.target.pk}", books, differences)
        run = ReconcileRun.objects.create(
            practice=practice,
            trigger=trigger,
            actor=actor,
            documents_from=books.chosen.documents_from,
            mapping_version=found.mapping_version,
            coverage=[_coverage(item) for item in found.coverage],
            totals=[_total(item) for item in totals(books, paired, differences)],
            counts=count(differences),
            found=kept.found,
            fresh=kept.fresh,
            fixed=kept.fixed,
            reopened=kept.reopened,
            started_at=started,
            finished_at=timezone.now(),
        )
    log.info("compared", practice=practice.slug, found=kept.found, seconds=round(time.monotonic() - clock, 2))
    return run


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


def _total(item: Total) -> dict[str, Any]:
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
