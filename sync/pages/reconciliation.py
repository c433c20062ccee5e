"""The list of differences, row by row or in groups, with what it comes to. A constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from practices.models import Practice, User
from sync.models import Mismatch, MismatchState
from sync.pages.long_lists import ADDED_AT_ONCE
from sync.pages.mismatch_list import Sums, group_sheet, mismatch_sheet
from sync.pages.paging import Sheet
from sync.pages.waterfall import Waterfall, waterfall
from sync.reconcile.fixers import is_fixable
from sync.reconcile.kind import KindOf
from sync.reconcile.kinds import KINDS
from sync.report.choosing import Chosen, MismatchFilter, choose, named
from sync.report.header import Header
from sync.report.rows import ALLOWED, days_open

TONES = {"critical": "bad", "high": "warn", "medium": "warn"}
GROUPS = {"cause": "By cause", "client": "By client", "document": "By document"}
OF_THE_PLACE = ("by", "page", "sort", "totals")
"""Parts of the address that say how the list is shown."""


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
    """``groups`` instead of ``rows`` when the list is grouped. ``totals`` are over all pages.

    ``grouped`` is 0 when the groups are made of all differences, else of how many (those with the most money).
    ``newest`` is the highest key there was when the list was made.
    """

    by: str
    sheet: Sheet
    rows: Sequence[MismatchRow]
    groups: Sequence[Group]
    filter: MismatchFilter
    totals: Sums
    grouped: int
    tabs: Sequence[tuple[str, str, bool]]
    chips: Sequence[tuple[str, str, str]]
    newest: int

    @property
    def count(self) -> int:
        return self.totals.count


def mismatch_listing(practice: Practice, params: QueryDict, user: User | None = None) -> Listing:
    """One page of differences, those with the most money first; the open ones unless another state is asked for."""
    # Before the list: what comes in meanwhile is not looked at by whoever acts on all that fit.
    newest = Mismatch.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    chosen = choose(practice, params, user)
    by = params.get("by", "")
    by = by if by in GROUPS else ""
    groups: Sequence[Group] = ()
    rows: Sequence[MismatchRow] = ()
    of_all = True
    if by:
        page, totals, of_all = group_sheet(chosen.query, by, params)
        groups = [_group(by, item, params) for item in page.rows]
    else:
        page, totals = mismatch_sheet(
            chosen.query.select_related("owner"), params, of_one_state=chosen.of_one_state
        )
        now = timezone.now()
        rows = [mismatch_row(item, now) for item in page.rows]
    return Listing(
        by=by,
        sheet=page,
        rows=rows,
        groups=groups,
        filter=chosen.filter,
        totals=totals,
        grouped=0 if of_all else ADDED_AT_ONCE,
        tabs=_tabs(params, by),
        chips=_chips(chosen, params),
        newest=newest,
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


def _group(by: str, found: tuple[Any, ...], params: QueryDict) -> Group:
    """A row of ``sync.pages.mismatch_list.GROUPED`` in words."""
    name, client, currency, count, money, tax, oldest = found
    narrowed = params.copy()
    for part in OF_THE_PLACE:
        narrowed.pop(part, None)
    label, detail, tone, severity = client, "", "", ""
    if by == "cause":
        kind = KINDS.get(name)
        narrowed["kind"] = name
        label = named(kind) if kind else name
        if kind:
            detail, severity, tone = kind.cause, kind.severity, TONES.get(kind.severity, "")
    elif by == "client":
        narrowed["client"] = name
    else:
        label, detail = name, client
        narrowed["document"] = name
    return Group(
        label=label,
        detail=detail,
        tone=tone,
        severity=severity,
        currency=currency,
        count=count,
        at_stake=money,
        tax=tax,
        oldest=oldest,
        query=narrowed.urlencode() if label else "",
    )


def _tabs(params: QueryDict, by: str) -> list[tuple[str, str, bool]]:
    """How the list can be shown: query string, words, and whether it is shown so now."""
    out = []
    for code, label in {"": "Every difference", **GROUPS}.items():
        changed = params.copy()
        for name in OF_THE_PLACE:
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
                shown = next(iter(chosen.query.order_by().values_list("client", flat=True)[:1]), value)
            out.append((str(chosen.filter.form.fields[name].label), shown, without.urlencode()))
    return out
