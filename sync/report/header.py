"""The last comparison in words and numbers: both totals, the way from one to the other, and what was looked at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from practices.models import Practice
from sync.models import CompareState, ReconcileRun, Scope
from sync.reconcile.kind import KindOf
from sync.reconcile.kinds import KINDS
from sync.reconcile.totals import Cause, Total

MEASURES = {"invoices": "Invoices", "tax": "Tax in invoices", "payments": "Payments"}
NOT_CHECKED = tuple(item for item in KINDS.values() if not item.is_checked)


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseLine:
    """One step from Ignition's total to Xero's; ``is_kept``: its differences are in the list, else it explains them."""

    code: str
    title: str
    count: int
    amount: Decimal
    is_kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalLine:
    measure: str
    label: str
    currency: str
    left: Decimal
    right: Decimal
    left_count: int
    right_count: int
    causes: tuple[CauseLine, ...]

    @property
    def difference(self) -> Decimal:
        return self.right - self.left

    @property
    def gap(self) -> Decimal:
        return abs(self.difference)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLine:
    system: str
    kind: str
    records: int
    unreadable: int
    read_at: datetime | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    run: ReconcileRun
    totals: tuple[TotalLine, ...]
    coverage: tuple[ListLine, ...]

    @property
    def unread(self) -> bool:
        """Whether some list was never read to its end, but for those that may not be read."""
        return any(item.read_at is None and not item.reason for item in self.coverage)

    @property
    def checked(self) -> int:
        return sum(item.read_at is not None for item in self.coverage)

    @property
    def unreadable(self) -> int:
        return sum(item.unreadable for item in self.coverage)

    @property
    def oldest(self) -> datetime | None:
        """How fresh the comparison is: when the list that was read longest ago was read."""
        read = [item.read_at for item in self.coverage if item.read_at is not None]
        return min(read, default=None)


def last_comparison(practice: Practice) -> Header | None:
    """The newest comparison of everything that came to its end. One query."""
    run = (
        ReconcileRun.objects.filter(practice=practice, state=CompareState.DONE, scope=Scope.FULL)
        .select_related("actor")
        .order_by("-pk")
        .first()
    )
    return header_of(run) if run is not None else None


def header_of(run: ReconcileRun) -> Header:
    return Header(
        run=run,
        totals=tuple(total_line(_stored(item)) for item in run.totals),
        coverage=tuple(list_line(item) for item in run.coverage),
    )


def not_checked(head: Header | None = None) -> Sequence[KindOf]:
    """Differences that nobody looks for here, or that this comparison could not look for, each with the reason."""
    return lacking(head.run if head is not None else None)


def lacking(run: ReconcileRun | None) -> Sequence[KindOf]:
    """The same for a comparison that may be none."""
    reasons = run.unchecked if run is not None else {}
    return (
        *(replace(KINDS[code], not_checked=reason) for code, reason in reasons.items() if code in KINDS),
        *NOT_CHECKED,
    )


def total_line(total: Total) -> TotalLine:
    """A total with the names that people know."""
    return TotalLine(
        measure=total.measure,
        label=MEASURES.get(total.measure, total.measure.capitalize()),
        currency=total.currency,
        left=total.left,
        right=total.right,
        left_count=total.left_count,
        right_count=total.right_count,
        causes=tuple(
            CauseLine(
                code=cause.kind,
                title=KINDS[cause.kind].title if cause.kind in KINDS else cause.kind,
                count=cause.count,
                amount=cause.amount,
                is_kept=cause.kind in KINDS and KINDS[cause.kind].kept,
            )
            for cause in total.causes
        ),
    )


def _stored(item: dict[str, Any]) -> Total:
    """A total as a comparison keeps it."""
    return Total(
        measure=item["measure"],
        currency=item["currency"],
        left=Decimal(item["left"]),
        right=Decimal(item["right"]),
        left_count=item["left_count"],
        right_count=item["right_count"],
        causes=tuple(
            Cause(kind=cause["kind"], count=cause["count"], amount=Decimal(cause["amount"]))
            for cause in item["causes"]
        ),
    )


def list_line(item: dict[str, Any]) -> ListLine:
    """One list of a comparison's coverage, as it is stored."""
    read_at = item["read_at"]
    return ListLine(
        system=item["system"],
        kind=item["kind"],
        records=item["records"],
        unreadable=item["unreadable"],
        read_at=datetime.fromisoformat(read_at) if read_at else None,
        reason=item.get("reason", ""),
    )
