"""Living with a difference, and no longer: each with a trace in the audit trail."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_CEILING, Decimal

from django.db import transaction
from django.utils import timezone

from practices.audit import entry, record
from practices.models import AuditEntry, Practice, User
from sync.models import Mismatch, MismatchState
from sync.reconcile.keeping import forget_acceptance

BATCH = 500
CENT = Decimal("0.01")
ACCEPTANCE = ("state", "accepted_by", "accepted_at", "reason", "ceiling", "accepted_until")


def accept(
    practice: Practice,
    pk: int,
    *,
    actor: User,
    reason: str,
    ceiling: Decimal | None = None,
    until: date | None = None,
) -> bool:
    """Accept an open difference; ``False`` when it is not open any more. It opens again past ceiling or last day."""
    with transaction.atomic():
        row = _locked(practice, pk)
        if row is None or row.state != MismatchState.OPEN:
            return False
        row.ceiling = ceiling
        _accept(practice, [row], actor, reason, until)
    return True


def accept_each(
    practice: Practice,
    pks: Iterable[int],
    *,
    actor: User,
    reason: str,
    capped: bool = True,
    until: date | None = None,
) -> int:
    """Accept those that are open; how many. ``capped``: each opens again when more is at stake than now."""
    with transaction.atomic():
        rows = Mismatch.objects.select_for_update(no_key=True).filter(practice=practice, pk__in=list(pks))
        found = list(rows.filter(state=MismatchState.OPEN).order_by("pk"))
        for row in found:
            row.ceiling = row.at_stake.quantize(CENT, ROUND_CEILING) if capped and row.currency else None
        _accept(practice, found, actor, reason, until)
    return len(found)


def _accept(
    practice: Practice, rows: Sequence[Mismatch], actor: User, reason: str, until: date | None
) -> None:
    now = timezone.now()
    for row in rows:
        row.state, row.accepted_by, row.accepted_at = MismatchState.ACCEPTED, actor, now
        row.reason, row.accepted_until = reason, until
    Mismatch.objects.bulk_update(rows, ACCEPTANCE, batch_size=BATCH)
    AuditEntry.objects.bulk_create(
        [
            entry(
                practice,
                actor,
                "mismatch.accepted",
                f"Accepted a difference{_of(row)}: {reason}"[:300],
                object=row,
                kind=row.kind,
                at_stake=f"{row.at_stake:.2f}",
                currency=row.currency,
                ceiling=f"{row.ceiling:.2f}" if row.ceiling is not None else None,
                until=until.isoformat() if until else None,
            )
            for row in rows
        ],
        batch_size=BATCH,
    )


def reopen(practice: Practice, pk: int, *, actor: User) -> bool:
    """Open an accepted difference again; ``False`` when it is not accepted any more."""
    with transaction.atomic():
        row = _locked(practice, pk)
        if row is None or row.state != MismatchState.ACCEPTED:
            return False
        row.state = MismatchState.OPEN
        forget_acceptance(row)
        row.save()
        record(
            practice,
            actor,
            "mismatch.reopened",
            f"Opened a difference again{_of(row)}"[:300],
            object=row,
            kind=row.kind,
        )
    return True


def _locked(practice: Practice, pk: int) -> Mismatch | None:
    found: Mismatch | None = (
        Mismatch.objects.select_for_update(no_key=True).filter(practice=practice, pk=pk).first()
    )
    return found


def _of(row: Mismatch) -> str:
    return f" of {row.client}" if row.client else ""
