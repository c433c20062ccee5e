"""The sales tax of a period: what each side has, what is in doubt, and whether the return may be filed on it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, Count, Max, Q, Sum, When
from django.db.models.functions import Cast

from practices.models import Country, Practice
from sync.asof import end_of
from sync.close.figures import Figures
from sync.close.periods import RETURN_NAME, Period
from sync.flows import BY_MODE
from sync.models import OPEN_CHANGE_STATES, Change, Kind, Mismatch, MismatchState
from sync.reconcile.kinds import KINDS
from sync.reconcile.totals import Total

NEEDED = (("source", Kind.INVOICE, "Ignition's invoices"), ("target", Kind.INVOICE, "Xero's invoices"))
"""Lists without which nothing can be said about tax."""
UNKNOWN_TAX, ON_ITS_WAY = "invoice_tax_unknown", "invoice_on_its_way"
"""Steps between the tax totals that are no mismatches, and leave it open what the tax will be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the lamp is not green. ``page`` and ``query`` lead to where something can be done about it."""

    tone: str
    text: str
    page: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """Differences of one kind with tax at stake in one currency. ``dated``: their day is in the period."""

    kind: str
    title: str
    state: str
    currency: str
    count: int
    money: Decimal
    tax: Decimal
    dated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxReport:
    """A period's tax. ``name`` is what the return is called where the practice is.

    ``stake`` is the tax that hangs on open differences dated in the period, by currency, each document's once: a
    missing invoice and the payment that can't be put on it are the same tax.
    """

    name: str
    word: str
    figures: Figures
    totals: tuple[Total, ...]
    stakes: tuple[Stake, ...]
    stake: list[tuple[str, Decimal]]
    held: int
    reasons: tuple[Reason, ...]

    @property
    def period(self) -> Period:
        return self.figures.period

    @property
    def tone(self) -> str:
        tones = {reason.tone for reason in self.reasons}
        return "bad" if "bad" in tones else "warn" if tones else "good"

    @property
    def lamp(self) -> str:
        """What the lamp says in words."""
        if self.tone == "good":
            return f"{self.name}-ready"
        return f"Not {self.name}-ready" if self.tone == "bad" else f"Not {self.name}-ready yet"


def tax_report(practice: Practice, figures: Figures, *, now: datetime, zone: ZoneInfo) -> TaxReport:
    """Everything about the tax of a period, from what is kept. Three queries."""
    period = figures.period
    stakes = tuple(_stakes(practice, period))
    held = _held(practice, period)
    return TaxReport(
        name=RETURN_NAME.get(practice.country, "tax return"),
        word="VAT" if practice.country == Country.GB else "GST",
        figures=figures,
        totals=figures.tax(),
        stakes=stakes,
        stake=_stake(practice, period),
        held=held,
        reasons=tuple(_reasons(figures, stakes, held, now=now, zone=zone)),
    )


def _stakes(practice: Practice, period: Period) -> Iterator[Stake]:
    inside = Q(dated_on__range=(period.starts_on, period.ends_on))
    rows = [
        (row, is_dated)
        for some, is_dated in ((inside, True), (Q(dated_on=None), False))
        for row in Mismatch.objects.filter(
            some, practice=practice, state__in=[MismatchState.OPEN, MismatchState.ACCEPTED]
        )
        .exclude(tax_at_stake=0)
        .order_by()
        .values("kind", "state", "currency")
        .annotate(number=Count("*"), staked=Sum("at_stake"), taxed=Sum("tax_at_stake"))
    ]
    for row, is_dated in sorted(rows, key=lambda pair: (-pair[0]["taxed"], pair[0]["kind"])):
        known = KINDS.get(row["kind"])
        yield Stake(
            kind=row["kind"],
            title=known.title if known else row["kind"],
            state=row["state"],
            currency=row["currency"],
            count=row["number"],
            money=row["staked"],
            tax=row["taxed"],
            dated=is_dated,
        )


def _stake(practice: Practice, period: Period) -> list[tuple[str, Decimal]]:
    """The most that any open difference of a document puts at stake, added up over documents, by currency."""
    rows = (
        Mismatch.objects.filter(
            practice=practice,
            state=MismatchState.OPEN,
            dated_on__range=(period.starts_on, period.ends_on),
        )
        .exclude(tax_at_stake=0)
        .annotate(which=Case(When(document="", then=Cast("pk", CharField())), default="document"))
        .values("currency", "client_external_id", "which")
        .annotate(most=Max("tax_at_stake"))
        .order_by()
    )
    out: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows.values_list("currency", "most"):
        out[row[0]] += row[1]
    return sorted(out.items())


def _held(practice: Practice, period: Period) -> int:
    """Invoices that this app would write and that wait for a person or for the next sync."""
    rows = Change.objects.filter(
        practice=practice,
        kind=Kind.INVOICE,
        state__in=OPEN_CHANGE_STATES,
        date__range=(period.starts_on, period.ends_on),
    )
    return int(rows.exclude(reason__in=BY_MODE).count())


def _reasons(
    figures: Figures, stakes: tuple[Stake, ...], held: int, *, now: datetime, zone: ZoneInfo
) -> Iterator[Reason]:
    period = figures.period
    asked = f"?every={period.rule.code}&from={period.starts_on}"
    if figures.made_at is None:
        yield Reason(tone="warn", text="Nothing was worked out yet.")
        return
    yield from _not_fresh(figures, now=now, zone=zone)
    found = sum(item.count for item in stakes if item.state == MismatchState.OPEN and item.dated)
    if found:
        yield Reason(
            tone="bad",
            text=f"{_count(found, 'open difference')} with tax at stake",
            page="close",
            query=f"{asked}#open",
        )
    floating = sum(item.count for item in stakes if item.state == MismatchState.OPEN and not item.dated)
    if floating:
        yield Reason(
            tone="warn",
            text=f"{_count(floating, 'open difference')} with tax at stake and no date",
            page="close",
            query=f"{asked}#open",
        )
    if figures.draft_count:
        text = f"{_count(figures.draft_count, 'draft')} in Xero that nobody has approved"
        yield Reason(tone="bad", text=text, query="#drafts")
    if held:
        yield Reason(
            tone="bad",
            text=f"{_count(held, 'invoice')} planned and not written",
            page="changes",
            query="?kind=invoice",
        )
    counts = {cause.kind: cause.count for total in figures.tax() for cause in total.causes}
    if UNKNOWN_TAX in counts:
        text = f"{_count(counts[UNKNOWN_TAX], 'invoice')} whose tax can't be worked out"
        yield Reason(tone="warn", text=text, page="mapping")
    if ON_ITS_WAY in counts:
        yield Reason(tone="warn", text=f"{_count(counts[ON_ITS_WAY], 'invoice')} on the way to Xero")


def _not_fresh(figures: Figures, *, now: datetime, zone: ZoneInfo) -> Iterator[Reason]:
    """Whether the figures say anything about the whole period."""
    ended = end_of(figures.period.ends_on, zone)
    if now < ended:
        yield Reason(tone="warn", text=f"The period runs until {_day(figures.period.ends_on)}.")
        return
    run = figures.run
    read = {(item["side"], item["kind"]): item["read_at"] for item in run.coverage} if run else {}
    for side, kind, words in NEEDED:
        at = read.get((side, kind.value))
        if not at:
            yield Reason(tone="warn", text=f"{words} were not read to their end.", page="connections")
        elif datetime.fromisoformat(at) < ended:
            yield Reason(
                tone="warn", text=f"{words} were last read before the period ended.", page="activity"
            )


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _count(number: int, word: str) -> str:
    return f"1 {word}" if number == 1 else f"{number:,} {word}s"
