"""The error desk: causes as cards, saved views, what was settled lately. Reads incidents and never counts records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import QueryDict
from django.urls import reverse

from practices.models import AuditEntry, Practice, Provider, User
from practices.templatetags.formats import money
from sync.filters import SYNCED
from sync.flows import ROUTES
from sync.incidents import causes
from sync.incidents.records import CHANGES, NOTHING, is_parked, may_skip, sort_of
from sync.models import Incident, IncidentState, Resolution, Severity
from sync.pages.paging import Sheet, sheet
from sync.pages.words import MAPPING_REASONS, REVIEW_REASONS

TABS = (
    (IncidentState.OPEN, "Open"),
    (IncidentState.SNOOZED, "Snoozed"),
    (IncidentState.RESOLVED, "Resolved"),
)
LOUD = (Severity.WARNING, Severity.CRITICAL)
MUCH = 1_000
"""The amount of the saved view for money; any other can be typed."""
RECOVERIES_SHOWN = 5
URGENT = Case(
    *(When(severity=severity, then=Value(rank)) for severity, rank in causes.RANK.items()),
    default=Value(9),
    output_field=IntegerField(),
)
SORTS = {"urgent": "rank", "money": "amount", "count": "count", "since": "opened_at", "ended": "resolved_at"}

_TAX_TAB, _INVOICES_TAB, _SERVICES_TAB = "taxes", "invoices", "services"
MAPPING_TABS = {
    "tax_unmapped": _TAX_TAB,
    "tax_gone": _TAX_TAB,
    "tax_not_revenue": _TAX_TAB,
    "tax_unsure": _INVOICES_TAB,
    "account_unmapped": _INVOICES_TAB,
    "account_gone": _SERVICES_TAB,
    "clearing_unmapped": "payments",
    "clearing_gone": "payments",
    "clearing_closed": "payments",
    "tracking_gone": "tracking",
    "bad_account": _SERVICES_TAB,
    "bad_tax_type": _TAX_TAB,
    "bad_tracking": "tracking",
}
"""Where on the mapping page a cause is put right."""
SEARCHED = frozenset({"tax_unmapped"})
"""Causes whose subject the mapping page can be searched for."""


@dataclass(frozen=True, slots=True)
class Fix:
    """The button that leads to what helps."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One cause. ``ended_by`` is who settled it, empty when it settled itself."""

    incident: Incident
    fix: Fix | None
    has_records: bool
    may_retry: bool
    may_skip: bool
    systems: str
    ended_by: str = ""

    @property
    def lasted(self) -> timedelta | None:
        ended = self.incident.resolved_at
        return ended - self.incident.opened_at if ended else None

    @property
    def needs_somebody(self) -> bool:
        return not self.incident.heals and self.incident.severity in LOUD


@dataclass(frozen=True, slots=True)
class View:
    """A saved way of looking at the open causes, with how many there are."""

    code: str
    label: str
    count: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    tab: str
    tabs: Sequence[View]
    view: str
    views: Sequence[View]
    form: "DeskForm"
    cards: Sequence[Card]
    sheet: Sheet
    recoveries: Sequence[Card]

    @property
    def narrowed(self) -> bool:
        return bool(self.view) or any(self.form.data.get(name) for name in self.form.fields)


class DeskForm(forms.Form):
    q = forms.CharField(
        required=False,
        max_length=200,
        label="Search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Cause"}),
    )
    kind = forms.ChoiceField(required=False, label="What", choices=[("", "Any"), *SYNCED])
    system = forms.ChoiceField(required=False, label="System", choices=[("", "Any"), *Provider.choices])
    least = forms.DecimalField(
        required=False,
        label="Money from",
        min_value=0,
        max_digits=18,
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
    )


def desk(practice: Practice, user: User, params: QueryDict) -> Desk:
    """One page of causes; a fixed number of queries."""
    tab = params.get("tab", "")
    tab = tab if tab in IncidentState.values else IncidentState.OPEN.value
    unresolved = list(
        Incident.objects.filter(practice=practice)
        .exclude(state=IncidentState.RESOLVED)
        .values_list("state", "assignee_id", "heals", "severity", "amount")
    )
    form = DeskForm(params)
    views = _views(practice, user, unresolved) if tab == IncidentState.OPEN else []
    view = params.get("view", "")
    view = view if view in {item.code for item in views} else ""
    query: QuerySet[Any] = Incident.objects.filter(practice=practice, state=tab)
    query = _narrowed(_viewed(query, view, user), form).select_related("connection", "assignee", "snoozed_by")
    ended = tab == IncidentState.RESOLVED
    page = sheet(
        query.annotate(rank=URGENT),
        params,
        count=query.count(),
        sorts=SORTS,
        default="-ended" if ended else "urgent",
    )
    who = _who_ended(practice, page.rows) if ended else {}
    return Desk(
        tab=tab,
        tabs=_tabs(practice, unresolved),
        view=view,
        views=views,
        form=form,
        cards=[card_of(practice, item, ended_by=who.get(item.pk, "")) for item in page.rows],
        sheet=page,
        recoveries=[] if ended else recoveries(practice),
    )


def recoveries(practice: Practice) -> list[Card]:
    """What settled itself lately, newest first: an empty list is explained by it."""
    rows = Incident.objects.filter(
        practice=practice, state=IncidentState.RESOLVED, resolution=Resolution.ITSELF
    ).select_related("connection")
    return [card_of(practice, item) for item in rows.order_by("-resolved_at", "-pk")[:RECOVERIES_SHOWN]]


def card_of(practice: Practice, incident: Incident, *, ended_by: str = "") -> Card:
    over = incident.state == IncidentState.RESOLVED
    return Card(
        incident=incident,
        fix=None if over else fix_of(practice, incident),
        has_records=sort_of(incident) != NOTHING,
        may_retry=is_parked(incident) and not over,
        may_skip=not over and may_skip(incident),
        systems=_systems(incident),
        ended_by=ended_by,
    )


def fix_of(practice: Practice, incident: Incident) -> Fix | None:
    """Where the cause is put right; ``None`` when each record has to be looked at, or nothing is to be done."""
    cause = incident.cause
    reason = cause.partition(".")[2] if "." in cause else cause
    if cause in {causes.RECONNECT, causes.ACCESS_ENDS, causes.SCOPES_MISSING}:
        return Fix("Reconnect", _url(practice, "connections"))
    if cause in {causes.QUOTA_LOW, causes.TROUBLE}:
        return Fix("See the connection", _url(practice, "connections"))
    if cause in {causes.RUN_FAILED, causes.RUN_OVERDUE}:
        return Fix("See the syncs", _url(practice, "activity"))
    if cause == causes.DECIDE_REVIEW or reason in REVIEW_REASONS:
        return Fix("Decide", _url(practice, "reviews"))
    if cause == causes.APPROVE:
        return Fix("See the requests", _url(practice, "approvals", kind=incident.kind))
    if cause == causes.DECIDE_CONFLICT:
        return Fix("Choose", _url(practice, "changes", state="held", reason="conflict", kind=incident.kind))
    if reason in MAPPING_TABS or reason in MAPPING_REASONS:
        query = {"tab": MAPPING_TABS.get(reason, _INVOICES_TAB)}
        if reason in SEARCHED and incident.subject:
            query["q"] = incident.subject
        return Fix("Open the mapping", _url(practice, "mapping", **query))
    return None


def home_problems(practice: Practice, most: int) -> tuple[list[Card], int, int]:
    """For the home page: the most urgent causes that need somebody, how many those are, and how many heal."""
    rows = Incident.objects.filter(practice=practice, state=IncidentState.OPEN)
    loud = rows.filter(heals=False, severity__in=LOUD).select_related("connection", "assignee")
    found = list(loud.annotate(rank=URGENT).order_by("rank", "pk"))
    healing = rows.filter(heals=True).count()
    return [card_of(practice, item) for item in found[:most]], len(found), healing


def codes_on_desk(practice: Practice) -> set[tuple[str, str]]:
    """(kind, reason) of everything that has a card, so that it is not shown a second time elsewhere."""
    rows = Incident.objects.filter(practice=practice).exclude(state=IncidentState.RESOLVED)
    out = set()
    for kind, cause in rows.values_list("kind", "cause"):
        family, _, reason = cause.partition(".")
        out.add((kind, reason or family))
    return out


def _systems(incident: Incident) -> str:
    """Which systems it is about: both, where something is on its way from one to the other."""
    if incident.connection is None:
        return ""
    name = str(incident.connection.get_provider_display())
    sources = [source.label for source, target in ROUTES if target == incident.connection.provider]
    on_its_way = sort_of(incident) == CHANGES and incident.kind
    return " → ".join([*map(str, sources), name]) if on_its_way else name


Row = tuple[str, int | None, bool, str, Decimal | None]


def _views(practice: Practice, user: User, rows: Sequence[Row]) -> list[View]:
    opened = [row for row in rows if row[0] == IncidentState.OPEN]
    base = _url(practice, "problems")
    much = f"{money(MUCH).removesuffix('.00')} and more"
    return [
        View("", "All open", len(opened), base),
        View("mine", "Mine", sum(row[1] == user.pk for row in opened), f"{base}?view=mine"),
        View("you", "Needs you", sum(not row[2] and row[3] in LOUD for row in opened), f"{base}?view=you"),
        View("heals", "Heals by itself", sum(row[2] for row in opened), f"{base}?view=heals"),
        View("much", much, sum((row[4] or 0) >= MUCH for row in opened), f"{base}?view=much"),
    ]


def _viewed(query: QuerySet[Any], view: str, user: User) -> QuerySet[Any]:
    narrow = {
        "mine": Q(assignee=user),
        "you": Q(heals=False, severity__in=LOUD),
        "heals": Q(heals=True),
        "much": Q(amount__gte=MUCH),
    }
    return query.filter(narrow[view]) if view in narrow else query


def _narrowed(query: QuerySet[Any], form: DeskForm) -> QuerySet[Any]:
    if not form.is_valid():
        return query
    asked = form.cleaned_data
    if asked["q"]:
        query = query.filter(Q(title__icontains=asked["q"]) | Q(subject__icontains=asked["q"]))
    if asked["kind"]:
        query = query.filter(kind=asked["kind"])
    if asked["system"]:
        query = query.filter(connection__provider=asked["system"])
    if asked["least"]:
        query = query.filter(amount__gte=asked["least"])
    return query


def _tabs(practice: Practice, rows: Sequence[Row]) -> list[View]:
    base = _url(practice, "problems")
    counts = {state: sum(row[0] == state for row in rows) for state, _ in TABS}
    return [
        View(
            state.value, label, counts[state], base if state == IncidentState.OPEN else f"{base}?tab={state}"
        )
        for state, label in TABS
    ]


def _who_ended(practice: Practice, rows: Sequence[Incident]) -> dict[int, str]:
    """Who settled each of these, as the audit trail has it."""
    ids = [str(item.pk) for item in rows if item.resolution == Resolution.PERSON]
    entries = AuditEntry.objects.filter(
        practice=practice, action="incident.resolved", object_type="incident", object_id__in=ids
    ).select_related("actor")
    return {int(entry.object_id): str(entry.actor or entry.actor_label) for entry in entries.order_by("at")}


def _url(practice: Practice, name: str, **query: str) -> str:
    url = reverse(name, kwargs={"slug": practice.slug})
    return f"{url}?{urlencode(query)}" if query else url
