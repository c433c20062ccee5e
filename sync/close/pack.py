"""Everything that a closed period is shown with, once for the page, the Excel file and the PDF."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, Sum

from practices.models import Practice
from sync.asof import end_of
from sync.close.clearing import Proof, not_seen
from sync.close.figures import Figures, figures_of
from sync.close.gst import TaxReport, tax_report
from sync.close.periods import MONTH, Period, rules_of, whole_months
from sync.models import Approval, ApprovalState, Mismatch, MismatchState, SignOff
from sync.reconcile.kinds import KINDS, rank
from sync.reconcile.totals import Total
from sync.report.choosing import named
from sync.report.header import ListLine, lacking, list_line, measure_name
from sync.zones import zone_of

MOST_LISTED = 5_000
"""Rows of one list; how many there are and what they come to is told for all of them."""
CRITICAL = 0
"""The rank of what has to be settled, or explained, before a period is signed off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the way from Ignition's total to Xero's. ``explained``: it is no mismatch."""

    title: str
    count: int
    amount: Decimal
    explained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TieOut:
    label: str
    currency: str
    left: Decimal
    right: Decimal
    left_count: int
    right_count: int
    steps: tuple[Step, ...]

    @property
    def difference(self) -> Decimal:
        return self.right - self.left


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What differences come to in one currency."""

    currency: str
    count: int
    money: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """A difference with its kind in words."""

    item: Mismatch
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Differences of one state: how many in all, what they come to, and the worst of them one by one."""

    rows: Sequence[Line]
    count: int
    sums: tuple[Money, ...]
    critical: int

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A period ready to be shown. It was put together at ``made_at``, its figures worked out at ``figures.made_at``.

    ``elsewhere`` counts open differences that belong to no day, such as a client's name, and are not listed.
    """

    practice: Practice
    period: Period
    made_at: datetime
    figures: Figures
    tie_outs: tuple[TieOut, ...]
    tax: TaxReport
    open: Listed
    accepted: Listed
    elsewhere: int
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


def build(practice: Practice, period: Period, *, now: datetime, most: int = MOST_LISTED) -> Pack:
    """The pack from what is kept; a constant number of queries. ``most`` rows of each list are loaded."""
    zone = zone_of(practice.time_zone)
    figures = figures_of(practice, period)
    open_, accepted, elsewhere = _mismatches(practice, period, most)
    approvals = _approvals(practice, period, zone)
    signs = list(
        SignOff.objects.filter(practice=practice, starts_on=period.starts_on, ends_on=period.ends_on)
        .select_related("signed_by", "withdrawn_by")
        .order_by("-pk")
    )
    return Pack(
        practice=practice,
        period=period,
        made_at=now,
        figures=figures,
        tie_outs=tuple(tie_out(item) for item in figures.totals),
        tax=tax_report(practice, figures, now=now, zone=zone),
        open=open_,
        accepted=accepted,
        elsewhere=elsewhere,
        approvals=list(approvals[:most]),
        approval_count=approvals.count(),
        coverage=tuple(list_line(item) for item in (figures.run.coverage if figures.run else ())),
        not_checked=not_checked(figures),
        signed=next((item for item in signs if item.withdrawn_at is None), None),
        withdrawn=[item for item in signs if item.withdrawn_at is not None],
    )


def tie_out(total: Total) -> TieOut:
    return TieOut(
        label=measure_name(total.measure),
        currency=total.currency,
        left=total.left,
        right=total.right,
        left_count=total.left_count,
        right_count=total.right_count,
        steps=tuple(
            Step(
                title=KINDS[cause.kind].title if cause.kind in KINDS else cause.kind,
                count=cause.count,
                amount=cause.amount,
                explained=cause.kind not in KINDS or not KINDS[cause.kind].kept,
            )
            for cause in total.causes
        ),
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


def _mismatches(practice: Practice, period: Period, most: int) -> tuple[Listed, Listed, int]:
    """Open and accepted differences of the period, and how many open ones belong to no day and have no money."""
    mine = Mismatch.objects.filter(practice=practice)
    inside = Q(dated_on__range=(period.starts_on, period.ends_on))
    floating = Q(dated_on=None) & ~Q(currency="")
    elsewhere = mine.filter(state=MismatchState.OPEN, dated_on=None, currency="").count()
    sums = [
        group
        for some in (inside, floating)  # one after the other, as an index tells each by itself
        for group in mine.filter(some, state__in=[MismatchState.OPEN, MismatchState.ACCEPTED])
        .order_by()
        .values("state", "currency", "rank")
        .annotate(number=Count("*"), staked=Sum("at_stake"), taxed=Sum("tax_at_stake"))
    ]
    lists = []
    for state in (MismatchState.OPEN, MismatchState.ACCEPTED):
        rows = mine.filter(inside | floating, state=state).select_related("owner", "accepted_by")
        groups = [group for group in sums if group["state"] == state]
        lists.append(
            Listed(
                rows=[Line(row, label_of(row)) for row in rows.order_by("rank", "-at_stake", "pk")[:most]],
                count=sum(group["number"] for group in groups),
                sums=tuple(_sums(groups)),
                critical=sum(group["number"] for group in groups if group["rank"] == CRITICAL),
            )
        )
    return lists[0], lists[1], elsewhere


def _sums(groups: Iterable[dict[str, object]]) -> Iterable[Money]:
    found: dict[str, list[Decimal]] = {}
    for group in groups:
        here = found.setdefault(str(group["currency"]), [Decimal(0)] * 3)
        for place, name in enumerate(("number", "staked", "taxed")):
            here[place] += Decimal(str(group[name]))
    return [
        Money(currency=code, count=int(count), money=money, tax=tax)
        for code, (count, money, tax) in sorted(found.items())
        if code
    ]


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
