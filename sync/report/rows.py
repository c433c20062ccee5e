"""The report's rows for files and mails: exactly the differences, in the order, that the page shows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from practices.models import User
from sync.models import MismatchState
from sync.reconcile.kind import SEVERITIES
from sync.reconcile.kinds import KINDS
from sync.report.choosing import UNATTENDED, Chosen, named

AT_ONCE = 2_000
ALLOWED = dict(UNATTENDED)
LEVELS = [code.capitalize() for code in SEVERITIES]
STATES = {str(code): str(text) for code, text in MismatchState.choices}


# fmt: off
_READ = (
    "kind", "rank", "text", "client", "document", "dated_on", "currency", "at_stake", "tax_at_stake", "money",
    "first_seen_at", "fixed_at", "owner_id", "state", "reason", "accepted_until",
)
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One difference. ``money`` is by how much Xero has more, ``tax`` the tax in what is at stake."""

    cause: str
    severity: str
    text: str
    client: str
    document: str
    dated_on: date | None
    currency: str
    at_stake: Decimal
    tax: Decimal
    money: Decimal
    days_open: int
    first_seen_at: datetime
    owner: str
    state: str
    fix: str
    allowed: str
    reason: str
    accepted_until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One column of a file. ``how`` is ``text``, ``money``, ``day`` or ``number``; money is in the row's currency."""

    label: str
    how: str
    of: Callable[[ReportRow], Any]
    width: int = 14


COLUMNS: tuple[Cell, ...] = (
    Cell(label="Cause", how="text", of=lambda row: row.cause, width=34),
    Cell(label="Severity", how="text", of=lambda row: row.severity, width=10),
    Cell(label="What differs", how="text", of=lambda row: row.text, width=60),
    Cell(label="Client", how="text", of=lambda row: row.client, width=30),
    Cell(label="Document", how="text", of=lambda row: row.document, width=16),
    Cell(label="Dated", how="day", of=lambda row: row.dated_on, width=12),
    Cell(label="Currency", how="text", of=lambda row: row.currency, width=9),
    Cell(label="At stake", how="money", of=lambda row: row.at_stake),
    Cell(label="Tax in it", how="money", of=lambda row: row.tax, width=12),
    Cell(label="Xero has more by", how="money", of=lambda row: row.money, width=16),
    Cell(label="Days open", how="number", of=lambda row: row.days_open, width=10),
    Cell(label="First seen", how="day", of=lambda row: row.first_seen_at, width=12),
    Cell(label="Owner", how="text", of=lambda row: row.owner, width=22),
    Cell(label="State", how="text", of=lambda row: row.state, width=10),
    Cell(label="What helps", how="text", of=lambda row: row.fix, width=50),
    Cell(label="How it is fixed", how="text", of=lambda row: row.allowed, width=28),
    Cell(label="Accepted because", how="text", of=lambda row: row.reason, width=30),
    Cell(label="Accepted until", how="day", of=lambda row: row.accepted_until, width=14),
)


ADDED = ("At stake", "Tax in it", "Xero has more by")
"""Columns that the last lines of a file add up."""
TOTAL, ONCE = "Total", "Money counted once"
ONCE_WORDS = "What hangs on one document counts as much as its largest difference"
"""The two lines for each currency under the rows, in the column of the causes, and what the second one says."""


class Adding:
    """What the rows of a file come to per currency, added up while they are written."""

    def __init__(self) -> None:
        self.sums: dict[str, list[Decimal]] = {}
        self.counts: dict[str, int] = {}

    def add(self, row: ReportRow) -> None:
        found = self.sums.setdefault(row.currency, [Decimal(0), Decimal(0), Decimal(0)])
        found[0] += row.at_stake
        found[1] += row.tax
        found[2] += row.money
        self.counts[row.currency] = self.counts.get(row.currency, 0) + 1

    def lines(self) -> Iterator[tuple[str, int, list[Decimal]]]:
        for currency in sorted(self.sums):
            yield currency, self.counts[currency], self.sums[currency]


def rows_of(chosen: Chosen) -> Iterator[ReportRow]:
    """Every difference that was chosen, in its order; read in pieces, so that any number fits into little memory."""
    now = timezone.now()
    owners = {
        user.pk: str(user) for user in User.objects.filter(pk__in=chosen.query.order_by().values("owner"))
    }
    kinds = {code: _of_kind(code) for code in KINDS}
    found = chosen.ordered().values_list(*_READ, named=True)
    for item in found.iterator(chunk_size=AT_ONCE):
        cause, fix, allowed = kinds.get(item.kind) or (item.kind, "", "")
        yield ReportRow(
            cause=cause,
            severity=LEVELS[item.rank] if item.rank < len(LEVELS) else "",
            text=item.text,
            client=item.client,
            document=item.document,
            dated_on=item.dated_on,
            currency=item.currency,
            at_stake=item.at_stake,
            tax=item.tax_at_stake,
            money=item.money,
            days_open=days_open(item, now),
            first_seen_at=item.first_seen_at,
            owner=owners.get(item.owner_id, ""),
            state=STATES.get(item.state, item.state),
            fix=fix,
            allowed=allowed,
            reason=item.reason,
            accepted_until=item.accepted_until,
        )


def _of_kind(code: str) -> tuple[str, str, str]:
    kind = KINDS[code]
    return named(kind), kind.fix, ALLOWED.get(kind.unattended, "")


def days_open(item: Any, now: datetime) -> int:
    """Whole days from when it was first seen until it was gone, or until now."""
    ended: datetime = item.fixed_at or now
    began: datetime = item.first_seen_at
    return max(0, (ended - began).days)
