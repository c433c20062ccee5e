"""The list of differences, row by row or in groups, with what it comes to. A constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, QuerySet, Sum
from django.http import QueryDict
from django.utils import timezone

from practices.models import Practice, User
from sync.models import Mismatch, MismatchState
from sync.pages.paging import MOST_PAGES, Sheet, asked_for, cut, sheet
from sync.pages.waterfall import Waterfall, waterfall
from sync.reconcile.fixing import is_fixable
from sync.reconcile.kind import KindOf
from sync.reconcile.kinds import KINDS
from sync.report.choosing import (
    DEFAULT_SORT,
    SORTS,
    Chosen,
    MismatchFilter,
    MoneySum,
    choose,
    named,
    sums,
)
from sync.report.header import Header
from sync.report.rows import ALLOWED, days_open

TONES = {"critical": "bad", "high": "warn", "medium": "warn"}
GROUPS = {"cause": "By cause", "client": "By client", "document": "By document"}
GROUPED_BY: dict[str, tuple[str, ...]] = {
    "cause": ("kind", "currency"),
    "client": ("client_external_id", "client", "currency"),
    "document": ("document", "client", "currency"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MismatchRow:
    """A difference with its kind. ``allowed`` says who may fix it, ``fixable`` whether a button here does."""

    item: Mismatch
    kind: KindOf | None
    label: str
    tone: str
    days: int
    allowed: str
    fixable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Differences that have the same cause, client or document, in one currency. ``query`` narrows the list to them."""

    label: str
    detail: str
    tone: str
    severity: str
    currency: str
    count: int
    at_stake: Decimal
    tax: Decimal
    oldest: datetime
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """``groups`` instead of ``rows`` when the list is grouped. ``sums`` are over all pages."""

    by: str
    sheet: Sheet
    rows: Sequence[MismatchRow]
    groups: Sequence[Group]
    filter: MismatchFilter
    sums: Sequence[MoneySum]
    tabs: Sequence[tuple[str, str, bool]]
    chips: Sequence[tuple[str, str, str]]
    newest: int

    @property
    def count(self) -> int:
        return sum(item.count for item in self.sums)


def mismatch_listing(practice: Practice, params: QueryDict, user: User | None = None) -> Listing:
    """One page of differences, those with the most money first; the open ones unless another state is asked for."""
    chosen = choose(practice, params, user)
    found = sums(chosen.query)
    by = params.get("by", "")
    by = by if by in GROUPS else ""
    groups: Sequence[Group] = ()
    rows: Sequence[MismatchRow] = ()
    if by:
        page = _group_sheet(chosen.query, by, params)
        groups = [_group(by, item, params) for item in page.rows]
    else:
        page = sheet(
            chosen.query.select_related("accepted_by", "owner", "change"),
            params,
            count=sum(item.count for item in found),
            sorts=SORTS,
            default=DEFAULT_SORT,
        )
        now = timezone.now()
        rows = [mismatch_row(item, now) for item in page.rows]
    return Listing(
        by=by,
        sheet=page,
        rows=rows,
        groups=groups,
        filter=chosen.filter,
        sums=found,
        tabs=_tabs(params, by),
        chips=_chips(chosen, params),
        newest=max((item.newest for item in found), default=0),
    )


def waterfalls(head: Header | None) -> list[Waterfall]:
    """One drawing for each pair of totals that differ or are explained."""
    return [waterfall(total) for total in head.totals if total.causes] if head else []


def mismatch_row(item: Mismatch, now: datetime) -> MismatchRow:
    kind = KINDS.get(item.kind)
    return MismatchRow(
        item=item,
        kind=kind,
        label=named(kind) if kind else item.kind,
        tone=TONES.get(kind.severity, "") if kind else "",
        days=days_open(item, now),
        allowed=ALLOWED.get(kind.unattended, "") if kind else "",
        fixable=item.state == MismatchState.OPEN and is_fixable(item.kind),
    )


def _group_sheet(query: QuerySet[Any], by: str, params: QueryDict) -> Sheet:
    """One page of groups, those with the most money first. One query: how many there are is not counted."""
    asked = asked_for(params, sorts=SORTS, default=DEFAULT_SORT)
    asked = asked.on_page(min(asked.number, MOST_PAGES))
    grouped = (
        query.order_by()
        .values(*GROUPED_BY[by])
        .annotate(
            number=Count("pk"), stake=Sum("at_stake"), taxed=Sum("tax_at_stake"), oldest=Min("first_seen_at")
        )
    )
    order = ["-stake", "-number", *GROUPED_BY[by]]
    rows = cut(grouped, order, 0, asked.start + asked.size + 1)[asked.start :]
    ends = len(rows) <= asked.size
    count = asked.start + min(len(rows), asked.size)
    return asked.sheet(rows, count=count, counted=ends)


def _group(by: str, found: dict[str, Any], params: QueryDict) -> Group:
    narrowed = params.copy()
    for name in ("by", "page", "sort"):
        narrowed.pop(name, None)
    label, detail, tone, severity = "", "", "", ""
    if by == "cause":
        kind = KINDS.get(found["kind"])
        narrowed["kind"] = found["kind"]
        label = named(kind) if kind else found["kind"]
        if kind:
            detail, severity, tone = kind.cause, kind.severity, TONES.get(kind.severity, "")
    elif by == "client":
        label = found["client"]
        narrowed["client"] = found["client_external_id"] or found["client"]
    else:
        label, detail = found["document"], found["client"]
        narrowed["document"] = found["document"]
    return Group(
        label=label,
        detail=detail,
        tone=tone,
        severity=severity,
        currency=found["currency"],
        count=found["number"],
        at_stake=found["stake"],
        tax=found["taxed"],
        oldest=found["oldest"],
        query=narrowed.urlencode() if label else "",
    )


def _tabs(params: QueryDict, by: str) -> list[tuple[str, str, bool]]:
    """How the list can be shown: query string, words, and whether it is shown so now."""
    out = []
    for code, label in {"": "Every difference", **GROUPS}.items():
        changed = params.copy()
        for name in ("by", "page", "sort"):
            changed.pop(name, None)
        if code:
            changed["by"] = code
        out.append((changed.urlencode(), label, code == by))
    return out


def _chips(chosen: Chosen, params: QueryDict) -> list[tuple[str, str, str]]:
    """Filters that have no field of their own: their words, and the query string without them."""
    out = []
    for name in ("client", "document"):
        value = chosen.filter.form.cleaned_data.get(name)
        if value:
            without = params.copy()
            without.pop(name)
            without.pop("page", None)
            shown = value
            if name == "client":
                shown = chosen.query.values_list("client", flat=True).first() or value
            out.append((str(chosen.filter.form.fields[name].label), shown, without.urlencode()))
    return out
