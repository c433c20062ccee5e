"""One record with both systems in aligned columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.db.models import Q

from mappings import normalise
from practices.models import Practice
from sync.deeplinks import deep_link
from sync.models import Change, Kind, Link, Review, Snapshot
from sync.pages.diff import LINE_FIELDS, Value, equal, shown
from sync.pages.lists import source_keys
from sync.pages.related import RelatedGroup, related
from sync.pages.words import field_words

# fmt: off
FIELDS: dict[str, tuple[str, ...]] = {
    Kind.CONTACT: (
        "name", "email", "phone", "mobile", "first_name", "last_name", "number", "account_number",
        "tax_number", "group", "tags", "partner_email", "manager_email", "status",
    ),
    Kind.INVOICE: (
        "number", "reference", "type", "status", "date", "due_date", "currency", "line_amounts", "subtotal",
        "tax", "total", "amount_paid", "amount_due", "amount_credited", "surcharge", "payment_state",
        "paid_on", "payment_method",
    ),
    Kind.PAYMENT: (
        "date", "amount", "currency", "method", "type", "status", "reference", "account_code", "surcharge",
        "fee", "payout_state",
    ),
}
# fmt: on
"""What is shown of each kind, in reading order."""

COMPARED: dict[str, frozenset[str]] = {
    Kind.CONTACT: frozenset({"name", "email", "phone"}),
    Kind.INVOICE: frozenset({"reference", "date", "due_date", "currency", "total"}),
    Kind.PAYMENT: frozenset({"amount", "currency"}),
}
"""Fields that mean the same in both systems; the others are shown beside each other and not judged."""

NOT_FIELDS = frozenset(
    {
        "external_id",
        "link",
        "url",
        "lines",
        "source_created_at",
        "source_updated_at",
        "native",
        "linked",
        "addresses",
    }
)
LINE_COLUMNS = (*(name for name in LINE_FIELDS if name != "discount"), "amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One system's copy. ``here`` marks the record the page was opened for."""

    system: str
    snapshot: Snapshot
    link: str
    here: bool


@dataclass(frozen=True, slots=True)
class FieldRow:
    label: str
    cells: tuple[Value, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class LineRow:
    """The same line in each column: cells per column in the order of ``LINE_COLUMNS``."""

    number: int
    sides: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    snapshot: Snapshot
    columns: Sequence[Column]
    fields: Sequence[FieldRow]
    lines: Sequence[LineRow]
    line_labels: Sequence[str]
    links: Sequence[Link]
    changes: Sequence[Change]
    review: Review | None
    related: Sequence[RelatedGroup]

    @property
    def open_change(self) -> Change | None:
        return next(
            (item for item in self.changes if item.state in {"held", "pending", "in_flight", "parked"}), None
        )


def record_page(practice: Practice, snapshot: Snapshot) -> RecordPage:
    """Everything the page of this record shows, except its timeline."""
    links = _links(practice, snapshot)
    others = _others(snapshot, links)
    sources = [
        item for item in others if any(item.connection_id == link.source_connection_id for link in links)
    ]
    targets = [item for item in others if item not in sources]
    ordered = [*sources, snapshot, *targets]
    columns = [
        Column(
            system=str(item.connection.get_provider_display()),
            snapshot=item,
            link=deep_link(item.connection, item.kind, item.external_id, item.record),
            here=item.pk == snapshot.pk,
        )
        for item in ordered
    ]
    keys = _change_keys(ordered, links)
    groups = related(practice, snapshot)
    records = [filled(item, groups if item.pk == snapshot.pk else ()) for item in ordered]
    return RecordPage(
        snapshot=snapshot,
        columns=columns,
        fields=field_rows(snapshot.kind, records, practice.country),
        lines=_line_rows(records),
        line_labels=[field_words(name) for name in LINE_COLUMNS],
        links=links,
        changes=_changes(practice, snapshot, keys),
        review=Review.objects.filter(practice=practice, kind=snapshot.kind, source_external_id__in=keys)
        .select_related("decided_by")
        .first(),
        related=groups,
    )


def _links(practice: Practice, snapshot: Snapshot) -> list[Link]:
    out = Q(source_connection=snapshot.connection, source_external_id__in=source_keys(snapshot))
    into = Q(target_connection=snapshot.connection, target_external_id=snapshot.external_id)
    found = Link.objects.filter(out | into, practice=practice, kind=snapshot.kind)
    return list(found.select_related("confirmed_by").order_by("pk"))


def _others(snapshot: Snapshot, links: Sequence[Link]) -> list[Snapshot]:
    wanted = Q(pk__in=[])
    for link in links:
        if link.source_connection_id == snapshot.connection_id:
            wanted |= Q(connection=link.target_connection_id, external_id=link.target_external_id)
        else:
            stem = link.source_external_id.partition("/")[0]
            wanted |= Q(connection=link.source_connection_id, external_id=stem)
    found = Snapshot.objects.filter(wanted, kind=snapshot.kind).select_related("connection").order_by("pk")
    return list(found) if links else []


def _change_keys(ordered: Sequence[Snapshot], links: Sequence[Link]) -> list[str]:
    keys = {key for item in ordered for key in source_keys(item)}
    return sorted(keys | {link.source_external_id for link in links})


def _changes(practice: Practice, snapshot: Snapshot, keys: Sequence[str]) -> list[Change]:
    found = Change.objects.filter(practice=practice, kind=snapshot.kind, source_external_id__in=keys)
    return list(found.select_related("released_by").prefetch_related("attempts").order_by("-pk")[:50])


def filled(snapshot: Snapshot, groups: Sequence[RelatedGroup]) -> Mapping[str, Any]:
    """The record; a client without its own e-mail or phone is shown with those of its main person."""
    record: dict[str, Any] = dict(snapshot.record)
    if snapshot.kind != Kind.CONTACT:
        return record
    people = [row.record for group in groups if group.kind == Kind.PERSON for row in group.rows]
    people.sort(key=lambda person: not person.get("is_primary"))
    for name in ("email", "phone"):
        if people and not record.get(name):
            record[name] = people[0].get(name) or ""
    return record


def field_rows(kind: str, records: Sequence[Mapping[str, Any]], country: str) -> list[FieldRow]:
    names = FIELDS.get(kind) or tuple(
        name for name, value in records[0].items() if name not in NOT_FIELDS and not isinstance(value, dict)
    )
    compared = COMPARED.get(kind, frozenset())
    rows = []
    for name in names:
        values = [record.get(name) for record in records]
        cells = tuple(
            shown(name, value, str(record.get("currency") or ""))
            for value, record in zip(values, records, strict=True)
        )
        if all(cell.empty for cell in cells):
            continue
        rows.append(
            FieldRow(field_words(name), cells, name in compared and not _agree(name, values, country))
        )
    return rows


def _agree(name: str, values: Sequence[Any], country: str) -> bool:
    """Whether all given values say the same; a missing one says nothing about the others."""
    given = [value for value in values if value not in ("", None)]
    keys: dict[str, Callable[[str], str]] = {
        "name": normalise.name_key,
        "email": normalise.email_key,
        "phone": lambda value: normalise.phone_key(value, country),
    }
    key = keys.get(name)
    if key is not None:
        return len({key(str(value)) for value in given}) <= 1
    return all(equal(name, given[0], value) for value in given[1:])


def _line_rows(records: Sequence[Mapping[str, Any]]) -> list[LineRow]:
    per_side = [record.get("lines") or [] for record in records]
    if not any(per_side):
        return []
    currencies = [str(record.get("currency") or "") for record in records]
    return [
        LineRow(
            number,
            tuple(
                tuple(shown(name, _line_value(line, name), currency) for name in LINE_COLUMNS)
                for line, currency in zip(lines, currencies, strict=True)
            ),
        )
        for number, lines in enumerate(zip_longest(*per_side), start=1)
    ]


def _line_value(line: Mapping[str, Any] | None, name: str) -> Any:
    """A stored line leaves out what is usual: a quantity of one."""
    if line is None:
        return None
    return line.get(name, "1" if name == "quantity" else None)
