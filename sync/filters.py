"""What the lists can be narrowed by. All of it lives in the address bar, so a view can be sent as a link."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

import django_filters as filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Left, StrIndex
from django.utils import timezone

from practices.models import Connection, Practice
from sync.models import (
    SYNCED_KINDS,
    Change,
    ChangeState,
    Kind,
    Link,
    Run,
    RunState,
    Snapshot,
    Standing,
    Trigger,
    Verb,
)
from sync.pages.sides import Sides
from sync.pages.words import reason_words, status_words

UNPLANNED = "none"
"""How the empty standing is written in the address bar."""

READY, LEFT, ASKS = "ready", "left", "you"
HELD_BY_MODE = {READY: "watch", LEFT: "fill_gaps"}
"""Held because of the mode, which is no work for anybody."""
STANDINGS = [
    ("in_sync", "In agreement"),
    (READY, "Ready, not switched on"),
    ("pending", "On its way"),
    (ASKS, "Waiting for you"),
    ("parked", "Needs attention"),
    (LEFT, "Left as it is"),
    ("filtered", "Not to be written"),
    (UNPLANNED, "Not planned yet"),
]
GROUPS = [(READY, "Would be written"), (ASKS, "Waiting for you")]
LINKED = [("yes", "Linked"), ("no", "Not linked")]
GONE = [("yes", "No longer listed"), ("no", "Still listed")]
VERIFIED = [("yes", "Read back"), ("no", "Not read back")]
MOST_IDS = 100
SHORTEST = 3
"""Letters that a search index finds in the middle of a text."""
DAY = timedelta(days=1)
YEARS = range(2000, 2100)
SYNCED = [("contact", "Contacts"), ("invoice", "Invoices"), ("payment", "Payments")]


def text_filter(label: str, method: str) -> filters.CharFilter:
    """The search box; ``/`` on the keyboard goes there."""
    widget = forms.TextInput(attrs={"type": "search", "placeholder": label, "maxlength": 200})
    return filters.CharFilter(label="Search", method=method, widget=widget)


def day_filter(label: str, field: str, lookup: str) -> filters.DateFilter:
    widget = forms.DateInput(attrs={"type": "date"})
    return filters.DateFilter(field_name=field, lookup_expr=lookup, label=label, widget=widget)


def amount_filter(label: str, lookup: str, field: str = "amount") -> filters.NumberFilter:
    widget = forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"})
    return filters.NumberFilter(field_name=field, lookup_expr=lookup, label=label, widget=widget)


def holds(column: str, text: str) -> Q:
    """Whether this text occurs in the column; one or two letters only at the start of it, as an index tells that."""
    return Q(**{f"{column}__{'icontains' if len(text) >= SHORTEST else 'istartswith'}": text})


def midnight(day: date) -> datetime:
    """The start of a day where the practice is; days beyond sense are moved to where databases still count."""
    year = min(max(day.year, YEARS.start), YEARS.stop)
    if year != day.year:
        return datetime(year, 1, 1, tzinfo=UTC)
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


class SnapshotFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    """Records of one kind in one system, seen from the source (``of_source``) or only in the target."""

    q = text_filter("Name, e-mail, number, reference, id", "search")
    standing = filters.ChoiceFilter(
        choices=STANDINGS, method="by_standing", label="Where it stands", empty_label="Any"
    )
    reason = filters.CharFilter(field_name="standing_reason", widget=forms.HiddenInput())
    status = filters.ChoiceFilter(choices=[], label="Status", empty_label="Any")
    linked = filters.ChoiceFilter(choices=LINKED, method="by_link", label="Link", empty_label="Any")
    gone = filters.ChoiceFilter(choices=GONE, method="by_gone", label="Listed", empty_label="Any")
    party = filters.CharFilter(field_name="party_external_id", widget=forms.HiddenInput())
    since = day_filter("From", "date", "gte")
    until = day_filter("To", "date", "lte")
    least = amount_filter("Amount from", "gte")
    most = amount_filter("Amount to", "lte")

    class Meta:
        model = Snapshot
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, sides: Sides, of_source: bool, statuses: list[str], **kwargs: Any) -> None:
        self.sides, self.of_source = sides, of_source
        super().__init__(*args, **kwargs)
        self.filters["status"].extra["choices"] = [(item, status_words(item)) for item in statuses]
        dropped = ["since", "until", "least", "most", "party"] if sides.kind == Kind.CONTACT else []
        if not of_source:
            dropped += ["standing", "reason", "linked"]
        for name in dropped:
            del self.filters[name]

    def search(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        text = value.strip()
        found = Q(external_id=text) | Q(party_external_id=text)
        for column in ("name", "email", "number", "reference"):
            found |= holds(column, text)
        return query.filter(found)

    def by_standing(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value in HELD_BY_MODE:
            return query.filter(standing=Standing.HELD, standing_reason=HELD_BY_MODE[value])
        if value == ASKS:
            return query.filter(standing=Standing.HELD).exclude(standing_reason__in=HELD_BY_MODE.values())
        return query.filter(standing="" if value == UNPLANNED else value)

    def by_link(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        link = links_from(self.sides)
        return query.filter(Exists(link) if value == "yes" else ~Exists(link))

    def by_gone(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return query.filter(gone_at__isnull=value == "no")


def links_from(sides: Sides) -> QuerySet[Any]:
    """Links of the outer source snapshot. A payment's links carry ``payment/invoice`` as their source id."""
    links = Link.objects.filter(
        source_connection=sides.source, target_connection=sides.target, kind=sides.kind
    )
    if sides.kind != Kind.PAYMENT:
        return links.filter(source_external_id=OuterRef("external_id"))
    stem = Left("source_external_id", StrIndex("source_external_id", Value("/")) - 1)
    found: QuerySet[Any] = links.alias(stem=stem).filter(
        source_external_id__contains="/", stem=OuterRef("external_id")
    )
    return found


def links_to(sides: Sides) -> QuerySet[Any]:
    """Links of the outer target snapshot."""
    return Link.objects.filter(
        target_connection=sides.target, kind=sides.kind, target_external_id=OuterRef("external_id")
    )


class ChangeFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    q = text_filter("Name, number, id", "search")
    kind = filters.ChoiceFilter(choices=SYNCED, label="What", empty_label="Any")
    state = filters.ChoiceFilter(choices=ChangeState.choices, label="State", empty_label="Any")
    verb = filters.ChoiceFilter(choices=Verb.choices, label="Does", empty_label="Any")
    reason = filters.ChoiceFilter(choices=[], method="by_reason", label="Why", empty_label="Any")
    run = filters.NumberFilter(method="by_run", widget=forms.HiddenInput(), min_value=1, max_value=2**62)
    verified = filters.ChoiceFilter(choices=VERIFIED, method="by_verified", widget=forms.HiddenInput())
    group = filters.ChoiceFilter(choices=GROUPS, method="by_group", widget=forms.HiddenInput())
    least = amount_filter("Amount from", "gte")
    most = amount_filter("Amount to", "lte")

    class Meta:
        model = Change
        fields: ClassVar[list[str]] = []

    def __init__(
        self,
        *args: Any,
        practice: Practice,
        reasons: list[str],
        states: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.practice = practice
        super().__init__(*args, **kwargs)
        words = ((code, reason_words(code)) for code in reasons)
        self.filters["reason"].extra["choices"] = sorted(words, key=lambda pair: pair[1])
        if states is not None:
            self.filters["state"].extra["choices"] = [
                pair for pair in ChangeState.choices if pair[0] in states
            ]

    def search(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """By name or number; by the whole id of the record on either side."""
        text = value.strip()
        written = Link.objects.filter(
            target_connection__in=Connection.objects.for_practice(self.practice),
            kind__in=SYNCED_KINDS,
            target_external_id=text,
        )
        ids = [text, *written.values_list("source_external_id", flat=True)[:MOST_IDS]]
        return query.filter(
            holds("title", text)
            | Q(natural_key__iexact=text)
            | Q(kind__in=SYNCED_KINDS, source_external_id__in=ids)
        )

    def by_reason(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return query.filter(Q(reason=value) | Q(parked_as=value))

    def by_run(self, query: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return query.filter(Q(made_by_id=int(value)) | Q(sent_by_id=int(value)))

    def by_group(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        by_mode = ["", *HELD_BY_MODE.values()]
        if value == READY:
            held = Q(state=ChangeState.HELD, reason__in=by_mode)
            return query.filter(held | Q(state=ChangeState.PENDING))
        return query.filter(state=ChangeState.HELD).exclude(reason__in=by_mode)

    def by_verified(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return query.filter(verified_at__isnull=value == "no")


class RunFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    trigger = filters.ChoiceFilter(choices=Trigger.choices, label="Started by", empty_label="Any")
    state = filters.ChoiceFilter(choices=RunState.choices, label="State", empty_label="Any")
    since = filters.DateFilter(
        method="by_since", label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = filters.DateFilter(method="by_until", label="To", widget=forms.DateInput(attrs={"type": "date"}))

    class Meta:
        model = Run
        fields: ClassVar[list[str]] = []

    def by_since(self, query: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        return query.filter(queued_at__gte=midnight(value))

    def by_until(self, query: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        return query.filter(queued_at__lt=midnight(value) + DAY)
