"""What the pages of a period share: which one is asked for, and how to get to its neighbours."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.dateparse import parse_date

from practices.models import Practice
from sync.close.clearing import CAUSES, Proof
from sync.close.items import Item
from sync.close.ledger import LEDGER_CAUSES
from sync.close.money_sections import equation
from sync.close.periods import (
    Period,
    Rule,
    after,
    before,
    last_over,
    newest,
    period_of,
    rule_called,
    rules_of,
    tax_rules,
)

OFFERED = 13
"""Periods in the list to choose from: a year and the one that runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The period that the address bar asks for, and what else can be chosen."""

    period: Period
    rules: tuple[Rule, ...]
    offered: tuple[Period, ...]
    today: date

    @property
    def query(self) -> str:
        return _query(self.period)

    @property
    def earlier(self) -> str:
        return _query(before(self.period))

    @property
    def later(self) -> str:
        """Empty where the next period has not begun."""
        following = after(self.period)
        return _query(following) if following.starts_on <= self.today else ""

    @property
    def is_over(self) -> bool:
        return self.period.is_over(self.today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """An item of the clearing account in words, with its age at the end of the period."""

    item: Item
    title: str
    why: str
    days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The clearing account in one currency, ready to show. ``causes`` are title, how many and amount.

    ``ledger_steps`` and ``gaps`` are the same as the target's ledger has it, and why that differs; empty where it was
    not read.
    """

    proof: Proof
    steps: tuple[tuple[str, object], ...]
    causes: tuple[tuple[str, int, object], ...]
    items: tuple[Left, ...]
    more: int
    ledger_steps: tuple[tuple[str, object], ...] = ()
    gaps: tuple[Left, ...] = ()
    more_gaps: int = 0


def choose(practice: Practice, params: QueryDict, *, today: date, for_tax: bool = False) -> Chosen:
    """What ``?every=`` and ``?from=`` ask for; nonsense falls back to the newest period that is over.

    For tax the usual rule of the practice's country is offered first, elsewhere calendar months.
    """
    rules = tax_rules(practice.country) if for_tax else rules_of(practice.country)
    rule = rule_called(rules, params.get("every", ""))
    day = _day(params.get("from", ""))
    period = last_over(rule, today) if day is None or day > today else period_of(rule, day)
    offered = newest(rule, today, OFFERED)
    if period not in offered:
        offered = (*offered, period)
    return Chosen(period=period, rules=rules, offered=offered, today=today)


def accounts(proofs: tuple[Proof, ...], ends_on: date, *, most: int) -> list[Account]:
    """Each currency's account with the largest of its items and what each cause comes to."""
    out = []
    for proof in proofs:
        gaps = proof.ledger.items if proof.ledger is not None else ()
        sums: dict[str, tuple[int, object]] = {}
        totals: dict[str, list[Item]] = {}
        for item in proof.items:
            totals.setdefault(item.cause, []).append(item)
        for cause, items in totals.items():
            sums[cause] = (sum(item.count for item in items), sum(item.amount for item in items))
        out.append(
            Account(
                proof=proof,
                steps=tuple(equation(proof)),
                causes=tuple(
                    (CAUSES[cause][0] if cause in CAUSES else cause, *sums[cause]) for cause in sorted(sums)
                ),
                items=tuple(_left(item, ends_on, CAUSES) for item in proof.items[:most]),
                more=max(len(proof.items) - most, 0),
                ledger_steps=tuple(equation(proof.ledger)) if proof.ledger is not None else (),
                gaps=tuple(_left(item, ends_on, LEDGER_CAUSES) for item in gaps[:most]),
                more_gaps=max(len(gaps) - most, 0),
            )
        )
    return out


def _left(item: Item, ends_on: date, causes: dict[str, tuple[str, str]]) -> Left:
    title, why = causes.get(item.cause, (item.cause, ""))
    days = (ends_on - item.since).days if item.since else None
    return Left(item=item, title=title, why=why, days=days)


def _query(period: Period) -> str:
    return urlencode({"every": period.rule.code, "from": period.starts_on.isoformat()})


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
