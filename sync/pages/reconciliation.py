"""The last comparison of both systems, and the list of differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import django_filters as filters
from django.db.models import Q, QuerySet
from django.http import QueryDict

from practices.models import Practice
from sync.filters import text_filter
from sync.models import Kind, Mismatch, MismatchState, ReconcileRun, Snapshot
from sync.pages.paging import Sheet, sheet
from sync.reconcile.kind import KindOf
from sync.reconcile.kinds import KINDS, rank

COUNTED = 10_000
"""Rows counted for the pager: a list costs the same however long."""
MEASURES = {"invoices": "Invoices", "tax": "Tax in invoices", "payments": "Payments"}
SORTS = {"worst": "rank", "money": "at_stake", "since": "first_seen_at", "client": "client"}
KEPT = tuple(item for item in KINDS.values() if item.is_checked and item.kept)
TONES = {"critical": "bad", "high": "warn", "medium": "warn"}


def named(item: KindOf) -> str:
    """A kind in the words of a list of all of them: “Invoice: total differs”."""
    return f"{item.about.capitalize()}: {item.title[0].lower()}{item.title[1:]}"


class MismatchFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    q = text_filter("Client", "search")
    kind = filters.ChoiceFilter(
        choices=[(item.code, named(item)) for item in KEPT], label="What", empty_label="Any"
    )
    state = filters.ChoiceFilter(choices=MismatchState.choices, label="State", empty_label="Open")

    class Meta:
        model = Mismatch
        fields: ClassVar[list[str]] = []

    def search(self, query: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return query.filter(client__icontains=value.strip().replace("\x00", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseLine:
    """One step between the totals; ``is_kept``: its differences are in the list."""

    code: str
    title: str
    count: int
    amount: Decimal
    is_kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalLine:
    label: str
    currency: str
    left: Decimal
    right: Decimal
    left_count: int
    right_count: int
    causes: tuple[CauseLine, ...]

    @property
    def difference(self) -> Decimal:
        return self.right - self.left


@dataclass(frozen=True, slots=True, kw_only=True)
class KindLine:
    """One kind of the last comparison: how many, and per currency what is at stake and the tax that differs."""

    kind: KindOf
    label: str
    tone: str
    count: int
    amounts: tuple[tuple[str, Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLine:
    system: str
    kind: str
    records: int
    unreadable: int
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    run: ReconcileRun
    totals: tuple[TotalLine, ...]
    kinds: tuple[KindLine, ...]
    coverage: tuple[ListLine, ...]

    @property
    def unread(self) -> bool:
        """Whether some list was never read to its end."""
        return any(item.read_at is None for item in self.coverage)


@dataclass(frozen=True, slots=True, kw_only=True)
class MismatchRow:
    """A difference with its kind; ``record_pk`` leads to the record it is about, Ignition's where there is one."""

    item: Mismatch
    kind: KindOf | None
    label: str
    tone: str
    record_pk: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    sheet: Sheet
    rows: Sequence[MismatchRow]
    filter: MismatchFilter


def last_comparison(practice: Practice) -> Header | None:
    """The newest comparison in words and numbers. One query."""
    run = ReconcileRun.objects.filter(practice=practice).select_related("actor").order_by("-pk").first()
    if run is None:
        return None
    kinds = [code for code in run.counts if code in KINDS]
    return Header(
        run=run,
        totals=tuple(_total(item) for item in run.totals),
        kinds=tuple(
            _kind(code, run.counts[code]) for code in sorted(kinds, key=lambda code: (rank(code), code))
        ),
        coverage=tuple(_list(item) for item in run.coverage),
    )


def mismatch_listing(practice: Practice, params: QueryDict) -> Listing:
    """One page of differences, those with the most money first; the open ones unless another state is asked for."""
    mine = Mismatch.objects.filter(practice=practice)
    narrowed = MismatchFilter(params, queryset=mine)
    query = narrowed.qs
    if not params.get("state"):
        query = query.filter(state=MismatchState.OPEN)
    count = query.order_by()[: COUNTED + 1].count()
    page = sheet(
        query.select_related("accepted_by"),
        params,
        count=min(count, COUNTED),
        counted=count <= COUNTED,
        sorts=SORTS,
        default="-money",
    )
    return Listing(sheet=page, rows=_rows(practice, page.rows), filter=narrowed)


def mismatch_row(practice: Practice, item: Mismatch) -> MismatchRow:
    return _rows(practice, [item])[0]


def _rows(practice: Practice, found: Sequence[Mismatch]) -> list[MismatchRow]:
    """Differences with the records they are about. One query, however many."""
    wanted = Q(pk__in=[])
    for item in found:
        key = _record_key(item)
        if key is not None:
            wanted |= Q(kind=key[0], external_id=key[1])
    snapshots = Snapshot.objects.filter(wanted, practice=practice)
    records = {
        (kind, external_id): pk
        for kind, external_id, pk in snapshots.values_list("kind", "external_id", "pk")
    }
    return [
        MismatchRow(
            item=item,
            kind=KINDS.get(item.kind),
            label=named(KINDS[item.kind]) if item.kind in KINDS else item.kind,
            tone=TONES.get(KINDS[item.kind].severity, "") if item.kind in KINDS else "",
            record_pk=records.get(_record_key(item) or ("", "")),
        )
        for item in found
    ]


def _record_key(item: Mismatch) -> tuple[str, str] | None:
    """Kind and id of the record that a difference leads to; a payment's share carries its id before the slash."""
    ids = item.source_external_ids or item.target_external_ids
    if not ids or item.about not in {Kind.CONTACT, Kind.INVOICE, Kind.PAYMENT}:
        return None
    on_invoice = item.kind == "payment_overpaid"
    return ("invoice" if on_invoice else item.about, str(ids[0]).split("/")[0])


def _total(item: dict[str, Any]) -> TotalLine:
    return TotalLine(
        label=MEASURES.get(item["measure"], item["measure"]),
        currency=item["currency"],
        left=Decimal(item["left"]),
        right=Decimal(item["right"]),
        left_count=item["left_count"],
        right_count=item["right_count"],
        causes=tuple(
            CauseLine(
                code=cause["kind"],
                title=KINDS[cause["kind"]].title if cause["kind"] in KINDS else cause["kind"],
                count=cause["count"],
                amount=Decimal(cause["amount"]),
                is_kept=cause["kind"] in KINDS and KINDS[cause["kind"]].kept,
            )
            for cause in item["causes"]
        ),
    )


def _kind(code: str, found: dict[str, Any]) -> KindLine:
    amounts = found["amounts"].items()
    return KindLine(
        kind=KINDS[code],
        label=named(KINDS[code]),
        tone=TONES.get(KINDS[code].severity, ""),
        count=found["count"],
        amounts=tuple((code, Decimal(item["at_stake"]), Decimal(item["tax"])) for code, item in amounts),
    )


def _list(item: dict[str, Any]) -> ListLine:
    read_at = item["read_at"]
    return ListLine(
        system=item["system"],
        kind=item["kind"],
        records=item["records"],
        unreadable=item["unreadable"],
        read_at=datetime.fromisoformat(read_at) if read_at else None,
    )
