"""The figures of a period, put together from its months."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_type_hints

from django.db.models.fields.json import KeyTransform

from practices.models import Practice
from sync.close.clearing import Payout, Proof
from sync.close.items import Item
from sync.close.ledger import LEDGER_PARTS, Ledger
from sync.close.months import MEASURED, Crossing, Draft
from sync.close.movements import PARTS
from sync.close.periods import Period
from sync.models import MonthFigures, ReconcileRun, Workings
from sync.reconcile.books import TAX, ZERO
from sync.reconcile.totals import Cause, Total
from sync.reconcile.unchecked import NOT_READ


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A period as it was last worked out. ``made_at`` is ``None`` as long as nothing was; ``run`` is what it follows.

    ``crossings`` have one of their dates in the period and the other one outside. ``clearing`` has a proof for each
    currency, or ``clearing_problem`` says why there is none; ``bank_problem`` says why the bank is not in it.
    ``undated`` counts what is in no period at all, ``undated_documents`` the invoices among it. ``reaches_back`` is
    whether any month of it was worked out.
    """

    period: Period
    made_at: datetime | None
    run: ReconcileRun | None
    is_waiting: bool
    message: str
    totals: tuple[Total, ...] = ()
    drafts: tuple[Draft, ...] = ()
    draft_count: int = 0
    crossings: tuple[Crossing, ...] = ()
    clearing: tuple[Proof, ...] = ()
    clearing_problem: str = ""
    bank_problem: str = NOT_READ
    undated: int = 0
    undated_documents: int = 0
    reaches_back: bool = True

    def tax(self) -> tuple[Total, ...]:
        return tuple(item for item in self.totals if item.measure == TAX)


def figures_of(practice: Practice, period: Period) -> Figures:
    """What is kept of a period. Three queries, however long it is."""
    workings = Workings.objects.filter(practice=practice).select_related("run__actor").first()
    if workings is None or workings.made_at is None:
        return Figures(
            period=period,
            made_at=None,
            run=workings.run if workings else None,
            is_waiting=bool(workings and workings.asked_at),
            message=workings.message if workings else "",
        )
    mine = MonthFigures.objects.filter(practice=practice)
    months = dict(mine.filter(month__in=period.months).values_list("month", "figures"))
    crossings = dict(
        mine.exclude(figures__crossings=[]).values_list("month", KeyTransform("crossings", "figures"))
    )
    found = [months[month] for month in period.months if month in months]
    undated = workings.facts.get("undated") or {}
    return Figures(
        period=period,
        made_at=workings.made_at,
        run=workings.run,
        is_waiting=workings.asked_at is not None,
        message=workings.message,
        totals=_totals(total for month in found for total in month["totals"]),
        drafts=tuple(_built(Draft, item) for month in found for item in month["drafts"]["named"]),
        draft_count=sum(month["drafts"]["count"] for month in found),
        crossings=_crossings(period, crossings),
        clearing=_clearing(period, found),
        clearing_problem=str(workings.facts.get("clearing") or ""),
        bank_problem=str(workings.facts.get("bank", NOT_READ)),
        undated=sum(undated.values()),
        undated_documents=undated.get("documents", 0),
        reaches_back=bool(found),
    )


def _totals(found: Iterable[Mapping[str, Any]]) -> tuple[Total, ...]:
    """The months' totals added up, invoices first; so are their causes, and still come to the difference."""
    sums: dict[tuple[str, str], Total] = {}
    for item in found:
        key = (str(item["measure"]), str(item["currency"]))
        old = sums.get(key, Total(measure=key[0], currency=key[1], left=ZERO, right=ZERO))
        causes = {cause.kind: cause for cause in old.causes}
        for data in item["causes"]:
            had = causes.get(data["kind"], Cause(kind=data["kind"], count=0, amount=ZERO))
            causes[had.kind] = Cause(
                kind=had.kind, count=had.count + data["count"], amount=had.amount + Decimal(data["amount"])
            )
        sums[key] = Total(
            measure=old.measure,
            currency=old.currency,
            left=old.left + Decimal(item["left"]),
            right=old.right + Decimal(item["right"]),
            left_count=old.left_count + item["left_count"],
            right_count=old.right_count + item["right_count"],
            causes=tuple(sorted(causes.values(), key=lambda cause: (-abs(cause.amount), cause.kind))),
        )
    return tuple(sums[key] for key in sorted(sums, key=lambda key: (MEASURED.index(key[0]), key[1])))


def _crossings(period: Period, found: Mapping[date, Iterable[Mapping[str, Any]]]) -> tuple[Crossing, ...]:
    """Documents with one date in the period and the other one outside."""
    every = (_built(Crossing, item) for items in found.values() for item in items)
    mine = [item for item in every if period.holds(item.here) != period.holds(item.there)]
    return tuple(sorted(mine, key=lambda item: (-abs(item.tax), item.here, item.source_id)))


def _clearing(period: Period, found: Iterable[Mapping[str, Any]]) -> tuple[Proof, ...]:
    """The months' accounts one after the other: opened as the first, left with the items of the last."""
    sums: dict[str, Proof] = {}
    months = list(found)
    last = {data["currency"]: place for place, month in enumerate(months) for data in month["clearing"]}
    for place, month in enumerate(months):
        for data in month["clearing"]:
            proof = _proof(data, with_items=last[data["currency"]] == place)
            old = sums.get(proof.currency)
            sums[proof.currency] = dataclasses.replace(
                proof,
                month=period.starts_on,
                opening=old.opening if old else proof.opening,
                parts={
                    name: (old.parts[name] if old else ZERO) + proof.parts.get(name, ZERO) for name in PARTS
                },
                payouts=(*(old.payouts if old else ()), *proof.payouts),
                fees=proof.fees + (old.fees if old else ZERO),
                surcharges=proof.surcharges + (old.surcharges if old else ZERO),
                ledger=_joined(old.ledger if old else None, proof.ledger),
            )
    return tuple(sums[code] for code in sorted(sums))


def _joined(old: Ledger | None, new: Ledger | None) -> Ledger | None:
    """Two months of the ledger one after the other; nothing where one of them was worked out without it."""
    if old is None or new is None:
        return new
    parts = {name: old.parts.get(name, ZERO) + new.parts.get(name, ZERO) for name in LEDGER_PARTS}
    return dataclasses.replace(new, opening=old.opening, parts=parts)


def _ledger(data: Mapping[str, Any] | None) -> Ledger | None:
    if data is None:
        return None
    return Ledger(
        opening=Decimal(data["opening"]),
        parts={name: Decimal(amount) for name, amount in data["parts"].items()},
        items=tuple(_built(Item, item) for item in data.get("items", ())),
    )


def _proof(data: Mapping[str, Any], *, with_items: bool = True) -> Proof:
    """``with_items`` is what was left in the account at the end, payment by payment."""
    return Proof(
        month=date.fromisoformat(data["month"]),
        currency=data["currency"],
        opening=Decimal(data["opening"]),
        parts={name: Decimal(amount) for name, amount in data["parts"].items()},
        items=tuple(_built(Item, item) for item in data["items"]) if with_items else (),
        payouts=tuple(_built(Payout, item) for item in data.get("payouts", ())),
        fees=Decimal(data.get("fees", 0)),
        surcharges=Decimal(data.get("surcharges", 0)),
        ledger=_ledger(data.get("ledger")),
    )


_HINTS = {cls: get_type_hints(cls) for cls in (Crossing, Draft, Item, Payout)}
"""Read once: a thousand items of a month are of one class, and reading its hints takes longer than making one."""


def _built(cls: type[Any], data: Mapping[str, Any]) -> Any:
    """A flat dataclass from what ``connectors.stored.dump`` made of it."""
    hints = _HINTS[cls]
    return cls(**{name: _value(hints[name], value) for name, value in data.items() if name in hints})


def _value(hint: Any, value: Any) -> Any:
    if hint is Decimal:
        return Decimal(value)
    if value is not None and hint in (date, date | None):
        return date.fromisoformat(value)
    return value
