"""One run as a funnel: what was read, what became of it, and the money behind it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum
from django.urls import reverse

from practices.models import Practice, Provider
from sync.models import SYNCED_KINDS, Change, ChangeState, Kind, Run
from sync.pages.long_lists import Total
from sync.pages.words import LIST_PAGES, kind_words

WIDTH = 1000
"""Units of the bar's drawing area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A step with its link. ``x`` and ``width`` place it in the bar; steps outside the bar have no width."""

    code: str
    label: str
    count: int
    url: str
    x: int = 0
    width: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    kind: Kind
    steps: Sequence[Segment]
    bar: Sequence[Segment]


@dataclass(frozen=True, slots=True)
class MoneyLine:
    label: str
    tone: str
    totals: Sequence[Total]
    url: str


@dataclass(frozen=True, slots=True)
class ReadRow:
    system: str
    kind: str
    read: int
    changed: int
    unreadable: int


STEPS = (
    ("read", "Looked at", "list", ""),
    ("unchanged", "In agreement", "list", "standing=in_sync"),
    ("filtered", "Not to be written", "list", "standing=filtered"),
    ("held", "Held", "changes", "state=held"),
    ("to_write", "To write", "run", ""),
    ("written", "Written", "run", "state=done"),
    ("verified", "Read back", "run", "state=done&verified=yes"),
    ("pending", "On its way", "changes", "state=pending"),
    ("failed", "Needs attention", "changes", "state=parked"),
)
IN_BAR = ("unchanged", "filtered", "held", "written", "pending", "failed")


def funnels(practice: Practice, run: Run, counts: Mapping[str, Mapping[str, int]]) -> list[Funnel]:
    """``counts`` is ``sync.runs.counts_of(run)``: a number for every step of every kind that was planned."""
    return [_funnel(practice, run, kind, counts[kind]) for kind in SYNCED_KINDS if kind in counts]


def _funnel(practice: Practice, run: Run, kind: Kind, counts: Mapping[str, int]) -> Funnel:
    slug = {"slug": practice.slug}
    urls = {
        "list": f"{reverse(LIST_PAGES[kind], kwargs=slug)}?",
        "changes": f"{reverse('changes', kwargs=slug)}?kind={kind}&",
        "run": f"{reverse('changes', kwargs=slug)}?kind={kind}&run={run.pk}&",
    }
    steps = [
        Segment(
            code=code, label=label, count=int(counts.get(code, 0)), url=(urls[place] + query).rstrip("?&")
        )
        for code, label, place, query in STEPS
    ]
    return Funnel(
        kind=kind, steps=steps, bar=_bar([step for step in steps if step.code in IN_BAR and step.count])
    )


def _bar(steps: Sequence[Segment]) -> list[Segment]:
    """Widths in proportion; the smallest still shows. They end exactly at ``WIDTH``."""
    total = sum(step.count for step in steps)
    out: list[Segment] = []
    x = 0
    for index, step in enumerate(steps):
        share = max(WIDTH // 100, WIDTH * step.count // total)
        width = max(0, WIDTH - x) if index == len(steps) - 1 else min(share, WIDTH - x)
        out.append(
            Segment(code=step.code, label=step.label, count=step.count, url=step.url, x=x, width=width)
        )
        x += width
    return out


def money_lines(practice: Practice, run: Run) -> list[MoneyLine]:
    """What this run wrote, and what of its plan still waits, per kind and currency."""
    rows = (
        Change.objects.filter(Q(sent_by=run, state=ChangeState.DONE) | Q(made_by=run, state__in=_WAITING))
        .exclude(amount=None)
        .order_by()
        .values_list("kind", "state", "currency")
        .annotate(n=Count("pk"), total=Sum("amount"))
    )
    found: dict[tuple[str, str], list[Total]] = defaultdict(list)
    for kind, state, currency, count, total in rows:
        found[(kind, state)].append(Total(currency, total or Decimal(0), count))
    url = reverse("changes", kwargs={"slug": practice.slug})
    out = []
    for kind in (Kind.INVOICE, Kind.PAYMENT):
        for state, label, tone in _MONEY:
            if totals := found.get((kind, state)):
                words = kind_words(kind).capitalize()
                link = f"{url}?run={run.pk}&kind={kind}&state={state}"
                out.append(MoneyLine(f"{words} {label}", tone, totals, link))
    return out


_WAITING = (ChangeState.HELD, ChangeState.PENDING, ChangeState.PARKED)
_MONEY = (
    (ChangeState.DONE, "written", "good"),
    (ChangeState.HELD, "still held", "warn"),
    (ChangeState.PENDING, "on their way", "info"),
    (ChangeState.PARKED, "needing attention", "bad"),
)


def read_rows(run: Run) -> list[ReadRow]:
    """What was read per system and kind, with what had changed since and what could not be understood."""
    reading: Mapping[str, Mapping[str, Mapping[str, Any]]] = run.counts.get("reading", {})
    return [
        ReadRow(
            str(Provider(provider).label) if provider in Provider.values else provider,
            kind_words(kind).capitalize(),
            int(row.get("read", 0)),
            int(row.get("changed", 0)),
            int(row.get("unreadable", 0)),
        )
        for provider, kinds in reading.items()
        for kind, row in kinds.items()
    ]
