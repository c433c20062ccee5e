"""Living with a difference, and no longer: each with a trace in the audit trail."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from practices.audit import record
from practices.models import Practice, User
from sync.models import Mismatch, MismatchState
from sync.reconcile.keeping import forget_acceptance


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
        row.state, row.accepted_by, row.accepted_at = MismatchState.ACCEPTED, actor, timezone.now()
        row.reason, row.ceiling, row.accepted_until = reason, ceiling, until
        row.save()
        record(
            practice,
            actor,
            "mismatch.accepted",
            f"Accepted a difference{_of(row)}: {reason}"[:300],
            object=row,
            kind=row.kind,
            at_stake=f"{row.at_stake:.2f}",
            currency=row.currency,
            ceiling=f"{ceiling:.2f}" if ceiling is not None else None,
            until=until.isoformat() if until else None,
        )
    return True


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
