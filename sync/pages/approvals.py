"""Requests for approval: what waits, what ran out, what was decided. A constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import django_filters as filters
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from mappings.models import MappingSet, SetState
from practices.models import Practice, User
from practices.templatetags.formats import money
from sync.approvals import deciding
from sync.filters import SYNCED, amount_filter, holds, text_filter
from sync.models import SENT_KINDS, Approval, ApprovalState, Change, ChangeState
from sync.pages.changes import all_fields
from sync.pages.diff import FieldDiff, LineDiff
from sync.pages.long_lists import Totals, long_list
from sync.pages.paging import Column, Least, Sheet
from sync.pages.words import kind_words
from sync.ruled import APPROVAL

WAITING, OVER, DECIDED = "waiting", "over", "decided"
TABS = {WAITING: "Waiting", OVER: "Ran out", DECIDED: "Decided"}
MINE, CAN = "mine", "can"
WHO = [(MINE, "Asked by me"), (CAN, "I can decide")]
SORTS: dict[str, Column] = {
    "asked": "asked_at",
    "out": "expires_at",
    "decided": "decided_at",
    "title": "change__title",
    "amount": Least("amount"),
}
DEFAULT_SORT = {WAITING: "-asked", OVER: "-asked", DECIDED: "-decided"}
QUICK_SORTS = frozenset({"asked"})
SOON = timedelta(days=2)
"""A request that runs out within this time is marked."""
SHOWN_OF_CHANGE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """``why_not`` says why the person who looks can't decide about a waiting one; ``again``: it can be asked anew."""

    approval: Approval
    fields: Sequence[FieldDiff]
    lines: Sequence[LineDiff]
    may_decide: bool
    why_not: str
    soon: bool
    again: bool

    @property
    def change(self) -> Change:
        return self.approval.change


@dataclass(frozen=True, slots=True)
class Tab:
    code: str
    label: str
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalListing:
    tab: str
    tabs: Sequence[Tab]
    sheet: Sheet
    rows: Sequence[ApprovalRow]
    totals: Totals
    filter: "ApprovalFilter"

    @property
    def actionable(self) -> bool:
        return any(row.may_decide for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequests:
    """The requests about one Change, the latest first."""

    rows: Sequence[ApprovalRow]
    own_text: str

    @property
    def latest(self) -> ApprovalRow | None:
        return self.rows[0] if self.rows else None

    @property
    def waits(self) -> bool:
        return bool(self.rows) and self.rows[0].approval.state == ApprovalState.WAITING


class ApprovalFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    q = text_filter("Name or number", "search")
    kind = filters.ChoiceFilter(field_name="change__kind", choices=SYNCED, label="What", empty_label="Any")
    rule = filters.ChoiceFilter(choices=[], method="by_rule", label="Rule", empty_label="Any")
    who = filters.ChoiceFilter(choices=WHO, method="by_who", label="Whose", empty_label="Any")
    outcome = filters.ChoiceFilter(
        field_name="state", choices=ApprovalState.choices[1:], label="Outcome", empty_label="Any"
    )
    least = amount_filter("Amount from", "gte")

    class Meta:
        model = Approval
        fields: ClassVar[list[str]] = []

    def __init__(
        self, *args: Any, user: User, tab: str, rules: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        self.user, self.tab = user, tab
        super().__init__(*args, **kwargs)
        self.filters["rule"].extra["choices"] = list(rules)
        if tab != DECIDED:
            del self.filters["outcome"]
        if tab != WAITING:
            self.filters["who"].extra["choices"] = WHO[:1]

    def search(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        text = value.strip()
        return query.filter(holds("change__title", text) | Q(change__natural_key__iexact=text))

    def by_rule(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return query.filter(reasons__contains=[{"key": value}])

    def by_who(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value == MINE:
            return query.filter(asked_by=self.user)
        return query.filter(expires_at__gt=timezone.now()).exclude(asked_by=self.user, own_allowed=False)


def approval_listing(
    practice: Practice, user: User, params: QueryDict, *, may_staff: bool
) -> ApprovalListing:
    """One page of requests, as somebody sees them. ``may_staff``: their role lets them decide."""
    tab = params.get("show", WAITING)
    tab = tab if tab in TABS else WAITING
    base = Approval.objects.filter(practice=practice)
    query = _of_tab(base, tab).annotate(currency=F("change__currency"), amount=F("change__amount"))
    narrowed = ApprovalFilter(
        params, queryset=query, user=user, tab=tab, rules=_rules(practice, params.get("rule", ""))
    )
    page, totals = long_list(
        narrowed.qs.select_related("change__connection", "asked_by", "decided_by"),
        params,
        sorts=SORTS,
        default=DEFAULT_SORT[tab],
        quick=QUICK_SORTS,
    )
    now = timezone.now()
    again = set() if tab == WAITING else _may_ask_again([row.pk for row in page.rows])
    return ApprovalListing(
        tab=tab,
        tabs=_tabs(base),
        sheet=page,
        rows=[_row(item, user, now, may_staff=may_staff, again=item.pk in again) for item in page.rows],
        totals=totals,
        filter=narrowed,
    )


def change_requests(change: Change, user: User, *, may_staff: bool) -> ChangeRequests:
    """Who was asked about one Change, and what became of it."""
    rows = Approval.objects.filter(practice=change.practice_id, change=change)
    found = list(rows.select_related("asked_by", "decided_by").order_by("-pk")[:SHOWN_OF_CHANGE])
    for item in found:
        item.change = change
    again = change.state == ChangeState.HELD and change.reason == APPROVAL
    again = again and bool(found) and found[0].state == ApprovalState.EXPIRED
    now = timezone.now()
    made = [
        _row(item, user, now, may_staff=may_staff, again=again and item is found[0], diff=False)
        for item in found
    ]
    own = bool(made) and may_staff and bool(made[0].why_not)
    return ChangeRequests(rows=made, own_text=deciding.own_text(change.practice, user) if own else "")


def sum_words(approvals: Sequence[Approval]) -> str:
    """``3 invoices, $8,250.00; 2 contacts``."""
    parts = []
    for kind in SENT_KINDS:
        changes = [item.change for item in approvals if item.change.kind == kind]
        if not changes:
            continue
        amounts: dict[str, Decimal] = {}
        for change in changes:
            if change.amount is not None:
                amounts[change.currency] = amounts.get(change.currency, Decimal(0)) + change.amount
        sums = " and ".join(money(amount, currency) for currency, amount in amounts.items())
        parts.append(f"{len(changes):,} {kind_words(kind, len(changes))}" + (f", {sums}" if sums else ""))
    return "; ".join(parts)


def _of_tab(base: QuerySet[Any], tab: str) -> QuerySet[Any]:
    if tab == WAITING:
        return base.filter(state=ApprovalState.WAITING)
    if tab == OVER:
        return _open_to_ask(base)
    return base.exclude(state=ApprovalState.WAITING)


def _open_to_ask(base: QuerySet[Any]) -> QuerySet[Any]:
    """Requests that ran out while their Change waits on."""
    later = Approval.objects.filter(change=OuterRef("change"), pk__gt=OuterRef("pk"))
    over = base.filter(state=ApprovalState.EXPIRED, change__state=ChangeState.HELD, change__reason=APPROVAL)
    return over.filter(~Exists(later))


def _may_ask_again(ids: Sequence[int]) -> set[int]:
    return set(_open_to_ask(Approval.objects.filter(pk__in=list(ids))).values_list("pk", flat=True))


def _tabs(base: QuerySet[Any]) -> list[Tab]:
    counts = dict(base.order_by().values_list("state").annotate(Count("pk")))
    found = {
        WAITING: counts.get(ApprovalState.WAITING, 0),
        OVER: _open_to_ask(base).count(),
        DECIDED: sum(number for state, number in counts.items() if state != ApprovalState.WAITING),
    }
    return [Tab(code, label, found[code]) for code, label in TABS.items()]


def _rules(practice: Practice, asked: str) -> list[tuple[str, str]]:
    """Rules that want approval, by name; one that is asked for and gone is offered under its key."""
    published = MappingSet.objects.filter(practice=practice, state=SetState.PUBLISHED)
    stored = published.values_list("choices__rules", flat=True).first() or []
    found = {
        str(rule.get("key")): str(rule.get("name"))
        for rule in stored
        if any(item.get("do") == "hold" for item in rule.get("then", ()))
    }
    if asked and asked.isprintable():
        found.setdefault(asked[:20], asked[:20])
    return sorted(found.items(), key=lambda pair: pair[1].lower())


def _row(
    approval: Approval, user: User, now: datetime, *, may_staff: bool, again: bool, diff: bool = True
) -> ApprovalRow:
    fields, lines = all_fields(approval.change) if diff else ([], [])
    waiting = approval.state == ApprovalState.WAITING
    allowed = deciding.may_decide(approval, user, now)
    return ApprovalRow(
        approval=approval,
        fields=[field for field in fields if field.changed],
        lines=lines,
        may_decide=may_staff and allowed,
        why_not=_why_not(approval, now) if waiting and may_staff and not allowed else "",
        soon=waiting and approval.expires_at - now <= SOON,
        again=again and may_staff,
    )


def _why_not(approval: Approval, now: datetime) -> str:
    if approval.expires_at <= now:
        return "It ran out. It can be asked again within the hour."
    return "You asked for it: somebody else approves it."
