"""Which differences are looked at: the filters and orders of the list, the same for the page and for its files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from practices.models import Membership, Practice, User
from practices.templatetags.formats import day, money
from sync.filters import amount_filter, day_filter, text_filter
from sync.models import Mismatch, MismatchState
from sync.pages.paging import Column, Least, asked_for
from sync.reconcile.kind import SEVERITIES, KindOf
from sync.reconcile.kinds import KINDS

SORTS: dict[str, Column] = {
    "worst": "rank",
    "money": "at_stake",
    "tax": "tax_at_stake",
    "since": "first_seen_at",
    "client": "client",
    "document": "document",
    "dated": Least("dated_on"),
}
DEFAULT_SORT = "-money"
KEPT = tuple(item for item in KINDS.values() if item.is_checked and item.kept)
ME, NOBODY, ANY, NEW = "me", "nobody", "any", "new"
ABOUTS = sorted({item.about for item in KEPT})
UNATTENDED = [
    ("never", "A person does it"),
    ("ask", "After an approval"),
    ("may", "Without asking"),
]
AGES = [
    (NEW, "New since yesterday"),
    ("7", "A week or longer"),
    ("30", "30 days or longer"),
    ("90", "90 days or longer"),
]
DAY = timedelta(days=1)


def named(item: KindOf) -> str:
    """A kind in the words of a list of all of them: “Invoice: total differs”."""
    return f"{item.about.capitalize()}: {item.title[0].lower()}{item.title[1:]}"


class MismatchFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    """Of one practice's differences. Without a state it shows those that are open."""

    q = text_filter("Client, document, text", "search")
    kind = filters.ChoiceFilter(
        choices=[(item.code, named(item)) for item in KEPT], label="Cause", empty_label="Any"
    )
    about = filters.ChoiceFilter(
        choices=[(code, code.capitalize()) for code in ABOUTS],
        method="by_about",
        label="About",
        empty_label="Anything",
    )
    severity = filters.ChoiceFilter(
        choices=[(code, code.capitalize()) for code in SEVERITIES],
        method="by_severity",
        label="Severity",
        empty_label="Any",
    )
    state = filters.ChoiceFilter(
        choices=[*MismatchState.choices, (ANY, "Any state")],
        method="by_state",
        label="State",
        empty_label="Open",
    )
    owner = filters.ChoiceFilter(choices=[], method="by_owner", label="Owner", empty_label="Anybody")
    unattended = filters.ChoiceFilter(
        choices=UNATTENDED, method="by_unattended", label="How it is fixed", empty_label="Any"
    )
    age = filters.ChoiceFilter(choices=AGES, method="by_age", label="Open for", empty_label="Any time")
    since = day_filter("Document from", "dated_on", "gte")
    until = day_filter("Document to", "dated_on", "lte")
    dated = filters.ChoiceFilter(
        choices=[("yes", "With a date"), ("no", "Without a date")],
        method="by_dated",
        label="Document's date",
        empty_label="Any",
    )
    least = amount_filter("At stake from", "gte", "at_stake")
    most = amount_filter("At stake to", "lte", "at_stake")
    client = filters.CharFilter(method="by_client", label="Client", widget=forms.HiddenInput())
    document = filters.CharFilter(field_name="document", label="Document", widget=forms.HiddenInput())

    class Meta:
        model = Mismatch
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, practice: Practice, user: User | None, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        self.filters["owner"].extra["choices"] = [
            *([(ME, "Me")] if user is not None else []),
            (NOBODY, "Nobody"),
            *people(practice),
        ]

    def search(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        text = value.strip()
        return query.filter(Q(client__icontains=text) | Q(document__icontains=text) | Q(text__icontains=text))

    def by_about(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """By its kinds, which an index knows."""
        return query.filter(kind__in=[item.code for item in KEPT if item.about == value])

    def by_severity(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return query.filter(rank=SEVERITIES.index(value))

    def by_state(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return query if value == ANY else query.filter(state=value)

    def by_owner(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if value == NOBODY:
            return query.filter(owner=None)
        return query.filter(owner=self.user if value == ME else int(value))

    def by_unattended(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return query.filter(kind__in=[item.code for item in KEPT if item.unattended == value])

    def by_age(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        now = timezone.now()
        if value == NEW:
            return query.filter(first_seen_at__gt=now - DAY)
        return query.filter(first_seen_at__lte=now - DAY * int(value))

    def by_dated(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """What has no date is tied to no month."""
        return query.filter(dated_on__isnull=value == "no")

    def by_client(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """By the client's id; a client without one by its name."""
        return query.filter(Q(client_external_id=value) | Q(client_external_id="", client=value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What was asked for: the filter, the differences it leaves and the order to show them in."""

    filter: MismatchFilter
    query: QuerySet[Any]
    order: Sequence[Any]

    @property
    def is_sound(self) -> bool:
        """Whether every filter could be read; one that could not leaves out nothing."""
        return not self.filter.form.errors

    @property
    def of_one_state(self) -> bool:
        return bool(self.filter.form.cleaned_data.get("state") != ANY)

    def ordered(self) -> QuerySet[Any]:
        return self.query.order_by(*self.order)


def choose(practice: Practice, params: QueryDict, user: User | None = None) -> Chosen:
    """The differences that a query string of the list asks for. Reads who is a member; one query."""
    narrowed = MismatchFilter(
        params, queryset=Mismatch.objects.filter(practice=practice), practice=practice, user=user
    )
    query = narrowed.qs
    if not narrowed.form.cleaned_data.get("state"):
        query = query.filter(state=MismatchState.OPEN)
    order = asked_for(params, sorts=SORTS, default=DEFAULT_SORT).order
    return Chosen(filter=narrowed, query=query, order=order)


def people(practice: Practice) -> list[tuple[str, str]]:
    """Members who may own a difference, by name. One query."""
    rows = Membership.objects.filter(practice=practice, user__is_active=True).select_related("user")
    return sorted(((str(row.user_id), str(row.user)) for row in rows), key=lambda pair: pair[1].casefold())


def words(chosen: Chosen) -> list[tuple[str, str]]:
    """The filter as it was set, field by field, in words."""
    out = []
    form = chosen.filter.form
    for name, value in form.cleaned_data.items():
        if value in ("", None):
            continue
        field = form.fields[name]
        choices = {str(code): str(text) for code, text in getattr(field, "choices", ())}
        text = choices.get(str(value), str(value))
        if name in {"since", "until"}:
            text = day(value)
        elif name in {"least", "most"}:
            text = money(value)
        out.append((str(field.label or name), text))
    if not form.cleaned_data.get("state"):
        out.insert(0, ("State", "Open"))
    return out
