"""The sales tax of a period: what each side has, what is in doubt, and whether the return may be filed on it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from practices.models import Country, Practice
from sync.asof import end_of
from sync.close.figures import Figures
from sync.close.periods import RETURN_NAME, Period
from sync.close.stakes import ACCEPTED, ACCEPTED_UNDATED, OPEN, OPEN_UNDATED, PARTS, Stakes, stakes_of
from sync.flows import BY_MODE
from sync.models import OPEN_CHANGE_STATES, Change, Kind
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
    """Differences of one kind in one currency, some with tax at stake. ``dated``: their day is in the period.

    ``query`` is the report's, which lists the same ones.
    """

    kind: str
    title: str
    state: str
    currency: str
    count: int
    money: Decimal
    tax: Decimal
    dated: bool
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxReport:
    """A period's tax. ``name`` is what the return is called where the practice is.

    ``dated`` is what hangs on open differences dated in the period, each document's once: a missing invoice and the
    payment that can't be put on it are the same tax.
    """

    name: str
    word: str
    figures: Figures
    totals: tuple[Total, ...]
    stakes: tuple[Stake, ...]
    dated: Stakes
    held: int
    reasons: tuple[Reason, ...]

    @property
    def period(self) -> Period:
        return self.figures.period

    @property
    def stake(self) -> list[tuple[str, Decimal]]:
        """The tax at stake by currency."""
        return [(item.currency, item.tax) for item in self.dated.sums.items if item.tax]

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


def tax_report(
    practice: Practice,
    figures: Figures,
    *,
    now: datetime,
    zone: ZoneInfo,
    found: Mapping[str, Stakes] | None = None,
    whole: bool = False,
) -> TaxReport:
    """Everything about the tax of a period, from what is kept. At most four queries.

    ``found`` is what is open and accepted in the period, where somebody looked already; ``whole`` is as for
    :func:`stakes_of`.
    """
    period = figures.period
    found = found or stakes_of(practice, period, adding=(OPEN,), whole=whole)
    held = _held(practice, period)
    return TaxReport(
        name=RETURN_NAME.get(practice.country, "tax return"),
        word="VAT" if practice.country == Country.GB else "GST",
        figures=figures,
        totals=figures.tax(),
        stakes=tuple(_stakes(found)),
        dated=found[OPEN],
        held=held,
        reasons=tuple(_reasons(figures, found, held, now=now, zone=zone)),
    )


def _stakes(found: Mapping[str, Stakes]) -> Iterator[Stake]:
    """Kinds with tax at stake, those with the most first."""
    taxed = [(part, group) for part in PARTS for group in found[part].groups if group.tax]
    for part, group in sorted(taxed, key=lambda item: (-item[1].tax, item[1].kind)):
        yield Stake(
            kind=group.kind,
            title=KINDS[group.kind].title if group.kind in KINDS else group.kind,
            state="accepted" if part in {ACCEPTED, ACCEPTED_UNDATED} else "open",
            currency=group.currency,
            count=group.count,
            money=group.money,
            tax=group.tax,
            dated=found[part].is_dated,
            query=f"kind={group.kind}&{found[part].query}",
        )


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
    figures: Figures, stakes: Mapping[str, Stakes], held: int, *, now: datetime, zone: ZoneInfo
) -> Iterator[Reason]:
    if figures.made_at is None:
        yield Reason(tone="warn", text="Nothing was worked out yet.")
        return
    yield from _not_fresh(figures, now=now, zone=zone)
    yield from _out_of_sight(figures)
    if found := stakes[OPEN].taxed:
        yield Reason(
            tone="bad",
            text=f"{_count(found, 'open difference')} with tax at stake",
            page="reconciliation",
            query=f"?{stakes[OPEN].query}&sort=-tax#list",
        )
    if floating := stakes[OPEN_UNDATED].taxed:
        yield Reason(
            tone="warn",
            text=f"{_count(floating, 'open difference')} with tax at stake and no date",
            page="reconciliation",
            query=f"?{stakes[OPEN_UNDATED].query}&sort=-tax#list",
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
    """Whether everything was read, and the figures made, after the period ended."""
    ended = end_of(figures.period.ends_on, zone)
    if now < ended:
        yield Reason(tone="warn", text=f"The period runs until {_day(figures.period.ends_on)}.")
        return
    if figures.message and figures.made_at is not None:
        made_on = _day(figures.made_at.astimezone(zone).date())
        yield Reason(
            tone="warn", text=f"The figures are those of {made_on}: they could not be worked out anew."
        )
    run = figures.run
    read = {(item["side"], item["kind"]): item for item in run.coverage} if run else {}
    for side, kind, words in NEEDED:
        item = read.get((side, kind.value), {})
        at = item.get("read_at")
        if not at:
            yield Reason(tone="warn", text=f"{words} were not read to their end.", page="connections")
        elif datetime.fromisoformat(at) < ended:
            yield Reason(
                tone="warn", text=f"{words} were last read before the period ended.", page="activity"
            )
        if number := item.get("unreadable", 0):
            yield Reason(tone="warn", text=f"{number:,} of {words} could not be read.", page="activity")


def _out_of_sight(figures: Figures) -> Iterator[Reason]:
    """Documents of the period that the figures may not have."""
    since = figures.run.documents_from if figures.run else None
    if since is not None and figures.period.starts_on < since:
        text = f"Documents dated before {_day(since)} are not compared."
        yield Reason(tone="warn", text=text, page="mapping")
    elif not figures.reaches_back:
        yield Reason(tone="warn", text="Nothing that was read is dated so long ago, so there are no figures.")
    if number := figures.undated_documents:
        yield Reason(tone="warn", text=f"{_count(number, 'invoice')} without a date, in no period")


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _count(number: int, word: str) -> str:
    return f"1 {word}" if number == 1 else f"{number:,} {word}s"
