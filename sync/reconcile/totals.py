"""Control totals of both sides and the causes that lead from one to the other, to the cent. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sync.reconcile.books import (
    ALL_MEASURES,
    INVOICES,
    PAYMENTS,
    PAYOUTS,
    REFUNDS,
    TAX,
    ZERO,
    Books,
    Difference,
)
from sync.reconcile.receipts import Paired


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One step of the way from the left total to the right one."""

    kind: str
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """One measure in one currency: what each side comes to, how many it counts, and why they differ."""

    measure: str
    currency: str
    left: Decimal
    right: Decimal
    left_count: int = 0
    right_count: int = 0
    causes: tuple[Cause, ...] = ()

    @property
    def difference(self) -> Decimal:
        return self.right - self.left


@dataclass
class _Sum:
    left: Decimal = ZERO
    right: Decimal = ZERO
    left_count: int = 0
    right_count: int = 0

    def add(self, *, left: Decimal = ZERO, right: Decimal = ZERO, on_left: bool, on_right: bool) -> None:
        self.left += left
        self.right += right
        self.left_count += on_left
        self.right_count += on_right


def totals(books: Books, paired: Paired, differences: Iterable[Difference]) -> list[Total]:
    """Every measure in every currency that occurs, invoices first."""
    sums = _sums(books, paired)
    causes: dict[tuple[str, str], dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for item in differences:
        for effect in item.effects:
            causes[effect.measure, effect.currency][item.kind].append(effect.amount)
    out = []
    for key in sorted(sums.keys() | causes.keys(), key=_order):
        found = sums.get(key, _Sum())
        steps = [
            Cause(kind=kind, count=len(amounts), amount=sum(amounts, ZERO))
            for kind, amounts in causes.get(key, {}).items()
        ]
        out.append(
            Total(
                measure=key[0],
                currency=key[1],
                left=found.left,
                right=found.right,
                left_count=found.left_count,
                right_count=found.right_count,
                causes=tuple(sorted(steps, key=lambda step: (-abs(step.amount), step.kind))),
            )
        )
    return out


def _sums(books: Books, paired: Paired) -> dict[tuple[str, str], _Sum]:
    sums: dict[tuple[str, str], _Sum] = defaultdict(_Sum)
    for unit in paired.units:
        for measure, left, right in (
            (INVOICES, unit.left_money(books.currency), unit.right_money(books.currency)),
            (TAX, unit.left_tax(books.currency), unit.right_tax(books.currency)),
        ):
            if unit.left:
                sums[measure, left[0]].add(left=left[1], on_left=True, on_right=False)
            if unit.right:
                sums[measure, right[0]].add(right=right[1], on_left=False, on_right=True)
    for share in paired.shares:
        left, right = share.left_money(books.currency), share.right_money(books.currency)
        if share.left:
            sums[PAYMENTS, left[0]].add(left=left[1], on_left=True, on_right=False)
        if share.right:
            sums[PAYMENTS, right[0]].add(right=right[1], on_left=False, on_right=True)
    _add_flows(books, paired, sums)
    return dict(sums)


def _add_flows(books: Books, paired: Paired, sums: dict[tuple[str, str], _Sum]) -> None:
    """What went back to clients, and what was paid out beside the payments of it that the target has."""
    for refund in paired.refunds:
        left, right = refund.left_money(books.currency), refund.right_money(books.currency)
        if refund.left:
            sums[REFUNDS, left[0]].add(left=left[1], on_left=True, on_right=False)
        if refund.note is not None:
            sums[REFUNDS, right[0]].add(right=right[1], on_left=False, on_right=True)
    for payout in paired.payouts:
        if payout.is_paid:
            posted = payout.posted(books.currency)
            sums[PAYOUTS, payout.currency].add(
                left=payout.amount, right=posted, on_left=True, on_right=bool(posted)
            )


def _order(key: tuple[str, str]) -> tuple[int, str]:
    return ALL_MEASURES.index(key[0]), key[1]
