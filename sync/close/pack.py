"""Everything that a closed period is shown with, once for the page, the Excel file and the PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from practices.models import Practice
from sync.asof import end_of
from sync.close.clearing import Proof, not_seen
from sync.close.figures import Figures, figures_of
from sync.close.gst import TaxReport, tax_report
from sync.close.periods import MONTH, Period, rules_of, whole_months
from sync.close.stakes import (
    ACCEPTED,
    ACCEPTED_UNDATED,
    OPEN,
    OPEN_UNDATED,
    PARTS,
    UNDATED,
    Stakes,
    rows_of,
    stakes_of,
)
from sync.models import Approval, ApprovalState, Mismatch, MismatchState, SignOff
from sync.pages.long_lists import ADDED_AT_ONCE
from sync.pages.mismatch_list import Sums
from sync.reconcile.kinds import KINDS, rank
from sync.report.choosing import named
from sync.report.header import ListLine, TotalLine, lacking, list_line, total_line
from sync.zones import zone_of

MOST_LISTED = 5_000
"""Rows of one list; how many there are and what they come to is told for all of them."""


@dataclass(frozen=True, slots=True)
class Line:
    """A difference with its kind in words."""

    item: Mismatch
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One part of the differences: how many in all, what they come to, and the worst of them one by one."""

    rows: Sequence[Line]
    stakes: Stakes

    @property
    def part(self) -> str:
        return self.stakes.part

    @property
    def query(self) -> str:
        """What asks the report for all of them."""
        return self.stakes.query

    @property
    def count(self) -> int:
        return self.stakes.count

    @property
    def critical(self) -> int:
        return self.stakes.critical

    @property
    def sums(self) -> Sums:
        return self.stakes.sums

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Open differences that belong to no day and have no money, such as a client's name. They are not listed."""

    count: int
    counted: bool

    def __bool__(self) -> bool:
        return bool(self.count)

    def __str__(self) -> str:
        return f"{self.count:,}" if self.counted else f"more than {self.count:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A period ready to be shown. It was put together at ``made_at``, its figures worked out at ``figures.made_at``.

    ``open`` and ``accepted`` are dated in the period. What has money and no date is in ``open_undated`` and
    ``accepted_undated``: it is tied to no month and stands beside each of them.
    """

    practice: Practice
    period: Period
    made_at: datetime
    figures: Figures
    tie_outs: tuple[TotalLine, ...]
    tax: TaxReport
    open: Listed
    open_undated: Listed
    accepted: Listed
    accepted_undated: Listed
    elsewhere: Elsewhere
    approvals: Sequence[Approval]
    approval_count: int
    coverage: tuple[ListLine, ...]
    not_checked: tuple[tuple[str, str], ...]
    signed: SignOff | None
    withdrawn: Sequence[SignOff]

    @property
    def clearing(self) -> tuple[Proof, ...]:
        return self.figures.clearing

    @property
    def is_worked_out(self) -> bool:
        return self.figures.made_at is not None

    @property
    def critical(self) -> int:
        """Open differences that have to be settled, or explained, before it is signed off."""
        return self.open.critical + self.open_undated.critical


def period_between(practice: Practice, starts_on: date, ends_on: date) -> Period:
    """The period of these days, by a rule of the practice's country; ``ValueError`` unless it is whole months."""
    whole_months(starts_on, ends_on)
    for rule in rules_of(practice.country):
        months = (ends_on.year - starts_on.year) * 12 + ends_on.month - starts_on.month + 1
        if rule.months == months and ends_on.month in rule.ends_in:
            return Period(rule=rule, starts_on=starts_on, ends_on=ends_on)
    raise ValueError(
        f"{starts_on} to {ends_on} is no period that is closed in {practice.country or MONTH.label}."
    )


def build(
    practice: Practice,
    period: Period,
    *,
    now: datetime,
    most: int = MOST_LISTED,
    most_undated: int | None = None,
    whole: bool = True,
) -> Pack:
    """The pack from what is kept; a number of queries that does not grow.

    ``most`` rows of each list are loaded, of what has no date ``most_undated`` where that is another number. Unless
    ``whole``, lists too long to be added up while somebody waits are only counted; of a period that is signed off all
    are added up, so that it can be told what moved.
    """
    zone = zone_of(practice.time_zone)
    figures = figures_of(practice, period)
    signs = list(
        SignOff.objects.filter(practice=practice, starts_on=period.starts_on, ends_on=period.ends_on)
        .select_related("signed_by", "withdrawn_by")
        .order_by("-pk")
    )
    signed = next((item for item in signs if item.withdrawn_at is None), None)
    stakes = stakes_of(practice, period, whole=whole or signed is not None)
    undated = most if most_undated is None else most_undated
    lists = {
        part: _listed(practice, period, stakes[part], undated if part in UNDATED else most) for part in PARTS
    }
    approvals = _approvals(practice, period, zone)
    return Pack(
        practice=practice,
        period=period,
        made_at=now,
        figures=figures,
        tie_outs=tuple(total_line(item) for item in figures.totals),
        tax=tax_report(practice, figures, now=now, zone=zone, found=stakes),
        open=lists[OPEN],
        open_undated=lists[OPEN_UNDATED],
        accepted=lists[ACCEPTED],
        accepted_undated=lists[ACCEPTED_UNDATED],
        elsewhere=_elsewhere(practice, stakes[OPEN_UNDATED]),
        approvals=list(approvals[:most]),
        approval_count=approvals.count(),
        coverage=tuple(list_line(item) for item in (figures.run.coverage if figures.run else ())),
        not_checked=not_checked(figures),
        signed=signed,
        withdrawn=[item for item in signs if item.withdrawn_at is not None],
    )


def label_of(item: Mismatch) -> str:
    """“Invoice: total differs”."""
    return named(KINDS[item.kind]) if item.kind in KINDS else item.kind


def not_checked(figures: Figures) -> tuple[tuple[str, str], ...]:
    """What nobody looked at: title and reason, the worst first."""
    kinds = sorted(lacking(figures.run), key=lambda item: (rank(item.code), item.code))
    return (
        *((item.title, item.not_checked) for item in kinds),
        *(("Clearing account", text) for text in not_seen(figures.bank_problem)),
    )


def _listed(practice: Practice, period: Period, stakes: Stakes, most: int) -> Listed:
    rows = rows_of(practice, period, stakes.part).select_related("owner", "accepted_by")
    worst = rows.order_by("rank", "-at_stake", "pk")[:most] if most and stakes.count else ()
    return Listed(rows=[Line(row, label_of(row)) for row in worst], stakes=stakes)


def _elsewhere(practice: Practice, undated: Stakes) -> Elsewhere:
    """What is open, has no date and is not among what has money."""
    rows = Mismatch.objects.filter(practice=practice, state=MismatchState.OPEN, dated_on=None)
    number = rows.order_by()[: ADDED_AT_ONCE + undated.count + 1].count() - undated.count
    return Elsewhere(min(number, ADDED_AT_ONCE), counted=number <= ADDED_AT_ONCE)


def _approvals(practice: Practice, period: Period, zone: ZoneInfo) -> QuerySet[Approval]:
    """What was approved or rejected within the period, on the practice's clock."""
    begins = datetime.combine(period.starts_on, time(), tzinfo=zone)
    rows = Approval.objects.filter(
        practice=practice,
        state__in=[ApprovalState.APPROVED, ApprovalState.REJECTED],
        decided_at__gte=begins,
        decided_at__lt=end_of(period.ends_on, zone),
    )
    return rows.select_related("change", "asked_by", "decided_by").order_by("decided_at", "pk")
