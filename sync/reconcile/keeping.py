"""Differences put into rows: one row for each, found again by its fingerprint. Call it inside one transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from practices.models import Practice
from sync.models import Mismatch, MismatchState, ReconcileRun
from sync.reconcile.books import Books, Difference
from sync.reconcile.changed import NEEDS_ALL
from sync.reconcile.compare_ours import fingerprint
from sync.reconcile.kinds import KINDS, kept, rank

BATCH = 1000
_SHOWN = (
    "text",
    "client",
    "client_external_id",
    "document",
    "dated_on",
    "source_external_ids",
    "target_external_ids",
    "money",
    "tax",
    "at_stake",
    "tax_at_stake",
    "currency",
)
_STATE = (
    "state",
    "fixed_at",
    "first_seen_at",
    "rank",
    "accepted_by",
    "accepted_at",
    "accepted_until",
    "reason",
)


@dataclass
class Kept:
    """What became of the rows: how many there are now, were new, went, and came back or outgrew what was accepted."""

    found: int = 0
    fresh: int = 0
    fixed: int = 0
    reopened: int = 0


def keep(
    practice: Practice,
    pair: str,
    books: Books,
    found: Iterable[Difference],
    *,
    scope: frozenset[str] | None = None,
    run: ReconcileRun | None = None,
) -> Kept:
    """Bring the rows in line with what was found; the same differences again change only when they were last seen.

    Kinds that could not be compared this time stay as they are. ``pair`` says which two connections it is about. With
    ``scope`` only these clients were compared: rows of others, and those that need everything, stay as they are too.
    ``run`` is noted as the one that saw them last; it has to be stored already.
    """
    wanted = {fingerprint(pair, item): item for item in found if kept(item.kind)}
    rows = _rows(practice, wanted, scope)
    out = Kept(found=len(wanted))
    fresh: list[Mismatch] = []
    moved: list[Mismatch] = []
    seen: list[Mismatch] = []
    for key, item in wanted.items():
        row = rows.get(key)
        if row is None:
            row = Mismatch(practice=practice, fingerprint=key, kind=item.kind, first_seen_at=books.now)
            _show(row, item)
            row.last_seen_at, row.seen_in = books.now, run
            fresh.append(row)
            continue
        reopened = _see(row, item, books)
        out.reopened += reopened
        (moved if _show(row, item) or reopened else seen).append(row)
    gone = [row for key, row in rows.items() if key not in wanted and row.state != MismatchState.FIXED]
    fixed = [row for row in gone if _was_compared(row, books.read) and _is_within(row, scope)]
    for row in fixed:
        row.state, row.fixed_at = MismatchState.FIXED, books.now
        forget_acceptance(row)
    out.fresh, out.fixed = len(fresh), len(fixed)
    Mismatch.objects.bulk_create(fresh, batch_size=BATCH)
    Mismatch.objects.bulk_update([*moved, *fixed], [*_SHOWN, *_STATE, "ceiling"], batch_size=BATCH)
    _stamp([row.pk for row in (*moved, *seen)], books.now, run)
    return out


def _rows(practice: Practice, wanted: Iterable[str], scope: frozenset[str] | None) -> dict[str, Mismatch]:
    """The rows that may change: all that are not over, and those over that are here again.

    Nobody else changes them until the end of the transaction: what a person decides meanwhile comes after it.
    """
    rows = Mismatch.objects.select_for_update(no_key=True).filter(practice=practice).order_by("pk")
    alive = rows.exclude(state=MismatchState.FIXED)
    again = rows.filter(fingerprint__in=list(wanted))
    if scope is None:
        again = again.filter(state=MismatchState.FIXED)
    else:
        alive = alive.filter(client_external_id__in=scope)
    return {row.fingerprint: row for found in (alive, again) for row in found}


def _was_compared(row: Mismatch, read: frozenset[str]) -> bool:
    kind = KINDS.get(row.kind)
    needed = {row.about, *(kind.needs if kind is not None else ())}
    if row.about in {"payment", "payout", "credit"}:
        needed |= {"invoice", "payment"}
    return needed <= read


def _is_within(row: Mismatch, scope: frozenset[str] | None) -> bool:
    return scope is None or (row.client_external_id in scope and row.kind not in NEEDS_ALL)


def _see(row: Mismatch, item: Difference, books: Books) -> bool:
    """A difference that is still there, or again; whether it is open again because of that."""
    if row.state == MismatchState.FIXED:
        row.state, row.fixed_at, row.first_seen_at = MismatchState.OPEN, None, books.now
        return True
    if row.state == MismatchState.ACCEPTED and _has_outgrown(row, item, books):
        row.state = MismatchState.OPEN
        forget_acceptance(row)
        return True
    return False


def _has_outgrown(row: Mismatch, item: Difference, books: Books) -> bool:
    """Whether what was accepted is more than was agreed, in other money, or for longer."""
    today = books.now.astimezone(books.zone).date()
    too_late = row.accepted_until is not None and today > row.accepted_until
    too_much = row.ceiling is not None and item.at_stake > row.ceiling
    return too_late or too_much or row.currency != item.currency


def forget_acceptance(row: Mismatch) -> None:
    row.accepted_by, row.accepted_at, row.accepted_until, row.reason, row.ceiling = None, None, None, "", None


def _show(row: Mismatch, item: Difference) -> bool:
    """Put what is to be seen of a difference on its row; whether anything of it is new."""
    before = [getattr(row, name) for name in _SHOWN]
    row.about, row.rank = KINDS[item.kind].about, rank(item.kind)
    row.text, row.client = item.text[:500], item.client[:300]
    row.client_external_id = item.client_external_id[:100]
    row.source_external_ids, row.target_external_ids = list(item.source_ids), list(item.target_ids)
    row.money, row.tax, row.at_stake = item.money, item.tax, item.at_stake
    row.tax_at_stake, row.currency = item.tax_at_stake, item.currency[:3]
    row.document, row.dated_on = item.document[:100], item.dated_on
    return before != [getattr(row, name) for name in _SHOWN]


def _stamp(ids: list[int], now: datetime, run: ReconcileRun | None) -> None:
    rows = Mismatch.objects.filter(pk__in=ids)
    rows.update(last_seen_at=now, times_seen=F("times_seen") + 1, seen_in=run)
