"""What was reported to us: the list, how well reporting works, and the record behind each."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

import django_filters as filters
from django import forms
from django.db.models import Count, Max, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from practices import hooks
from practices.models import Connection, ConnectionState, Practice, Provider
from practices.record_admin import pretty_json
from sync.filters import text_filter
from sync.inbox import XERO_CHECKED
from sync.models import Event, EventSource, EventState, Kind, Pulse, Snapshot
from sync.pages.paging import Sheet, sheet

COUNTED = 10_000
"""Rows counted for the pager and looked through for the health of reporting: a list costs the same however long."""

UNSAID = "none"
"""How "it does not say what changed" is written in the address bar."""

REPORTED = (
    *(Kind.CONTACT, Kind.INVOICE, Kind.PAYMENT, Kind.CREDIT_NOTE, Kind.PREPAYMENT),
    *(Kind.PERSON, Kind.SERVICE, Kind.PROPOSAL, Kind.COLLECTION, Kind.DEAL, Kind.DEAL_STAGE),
)
"""Sorts of records that somebody reports."""

DAY = timedelta(days=1)
YEARS = range(2000, 2100)


class EventFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    q = text_filter("Whole id of a record or event", "search")
    state = filters.ChoiceFilter(choices=EventState.choices, label="State", empty_label="Any")
    system = filters.ChoiceFilter(
        choices=Provider.choices, method="by_system", label="System", empty_label="Any"
    )
    kind = filters.ChoiceFilter(
        choices=[*((kind.value, kind.label) for kind in REPORTED), (UNSAID, "Not said")],
        method="by_kind",
        label="What",
        empty_label="Any",
    )
    source = filters.ChoiceFilter(choices=EventSource.choices, label="Came by", empty_label="Any")
    since = filters.DateFilter(
        method="by_since", label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = filters.DateFilter(method="by_until", label="To", widget=forms.DateInput(attrs={"type": "date"}))

    class Meta:
        model = Event
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, connections: Sequence[Connection], **kwargs: Any) -> None:
        self.connections = connections
        super().__init__(*args, **kwargs)

    def search(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Whole ids only. With connections and kinds named, the indexes by record and by event answer it."""
        text = value.strip()
        kinds = ["", *Kind.values]
        found = Q(connection__in=self.connections, kind__in=kinds, external_id=text)
        return query.filter(found | Q(connection__in=self.connections, provider_event_id=text))

    def by_system(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return query.filter(connection__in=[one for one in self.connections if one.provider == value])

    def by_kind(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return query.filter(kind="" if value == UNSAID else value)

    def by_since(self, query: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        return query.filter(received_at__gte=_midnight(value))

    def by_until(self, query: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        return query.filter(received_at__lt=_midnight(value) + DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One hint with the record it names, as far as that has been read, and how long it waited here."""

    event: Event
    snapshot: Snapshot | None
    waited: timedelta | None

    @property
    def waited_words(self) -> str:
        """``0.4 s``, ``12 s``, ``3 min``."""
        if self.waited is None:
            return ""
        seconds = max(self.waited.total_seconds(), 0.0)
        if seconds < 10:
            return f"{seconds:.1f} s"
        return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    sheet: Sheet
    rows: Sequence[EventRow]
    filter: EventFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How reporting works for one system: ``day`` counts the last 24 hours by state.

    ``checked_at`` is when the sender last proved that it knows our address and secret.
    """

    provider: str
    label: str
    is_connected: bool
    is_ready: bool
    address: str
    last_at: datetime | None
    checked_at: datetime | None
    day: dict[str, int]

    @property
    def day_total(self) -> int:
        return sum(self.day.values())


def event_filter(practice: Practice, params: QueryDict) -> EventFilter:
    """A practice's hints, narrowed by the address bar."""
    connections = list(Connection.objects.for_practice(practice).only("pk", "provider"))
    return EventFilter(params, queryset=Event.objects.filter(practice=practice), connections=connections)


def event_listing(practice: Practice, params: QueryDict) -> Listing:
    """One page of hints, newest first."""
    narrowed = event_filter(practice, params)
    query: QuerySet[Any] = narrowed.qs.select_related("connection").defer("body", "headers")
    count = narrowed.qs.order_by()[: COUNTED + 1].count()
    page = sheet(
        query,
        params,
        count=min(count, COUNTED),
        counted=count <= COUNTED,
        sorts={"newest": "received_at"},
        default="-newest",
    )
    return Listing(sheet=page, rows=with_records(practice, page.rows), filter=narrowed)


def with_records(practice: Practice, events: Sequence[Event]) -> list[EventRow]:
    """Hints with the records they name. One query, however many."""
    named: dict[tuple[int, str], set[str]] = {}
    for event in events:
        if event.kind and event.external_id:
            named.setdefault((event.connection_id, event.kind), set()).add(event.external_id)
    wanted = Q(pk__in=[])
    for (connection_id, kind), ids in named.items():
        wanted |= Q(connection=connection_id, kind=kind, external_id__in=ids)
    rows = Snapshot.objects.filter(wanted, practice=practice).defer("raw", "record")
    found = {(row.connection_id, row.kind, row.external_id): row for row in rows}
    return [
        EventRow(
            event=event,
            snapshot=found.get((event.connection_id, event.kind, event.external_id)),
            waited=event.handled_at - event.received_at if event.handled_at else None,
        )
        for event in events
    ]


def health_of(practice: Practice) -> list[Health]:
    """Both systems, connected or not. Looks at the newest hints only, so that it costs the same however many."""
    newest = Event.objects.filter(practice=practice).order_by("-received_at", "-pk").values("pk")[:COUNTED]
    lately = Q(received_at__gt=timezone.now() - DAY)
    counts: dict[str, dict[str, int]] = {}
    last: dict[str, datetime] = {}
    rows = (
        Event.objects.filter(pk__in=newest)
        .order_by()
        .values_list("connection__provider", "state")
        .annotate(lately=Count("pk", filter=lately), last=Max("received_at"))
    )
    for provider, state, number, at in rows:
        counts.setdefault(provider, {})[state] = number
        last[provider] = max(at, last.get(provider, at))
    live = hooks.live_of(practice)
    checked = _checked(live)
    states = dict(Connection.objects.for_practice(practice).values_list("provider", "state"))
    return [
        Health(
            provider=provider.value,
            label=str(provider.label),
            is_connected=states.get(provider, ConnectionState.DISCONNECTED) != ConnectionState.DISCONNECTED,
            is_ready=provider in live and live[provider].is_ready,
            address=live[provider].address if provider in live else "",
            last_at=last.get(provider),
            checked_at=checked.get(provider),
            day={state: counts.get(provider, {}).get(state, 0) for state in EventState.values},
        )
        for provider in Provider
    ]


def shown_body(text: str) -> SafeString:
    """What came in, indented where it is JSON; what looks like a secret is blotted out."""
    try:
        return pretty_json(json.loads(text))
    except (ValueError, RecursionError):
        return format_html("<pre>{}</pre>", text)


def _checked(live: dict[str, hooks.Live]) -> dict[str, datetime]:
    """When each sender last proved itself: Xero by trying out the address, the others by using a secret."""
    found = {}
    pulse = Pulse.objects.filter(name=XERO_CHECKED).first()
    if pulse is not None:
        found[str(Provider.XERO)] = pulse.at
    for provider, one in live.items():
        used = [secret.last_used_at for secret in one.secrets if secret.last_used_at]
        if used:
            found[provider] = max(used)
    return found


def _midnight(day: date) -> datetime:
    """The start of a day where the practice is; days beyond sense are moved to where databases still count."""
    year = min(max(day.year, YEARS.start), YEARS.stop)
    if year != day.year:
        return datetime(year, 1, 1, tzinfo=UTC)
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
