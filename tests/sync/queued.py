"""A plan put into the queue without a world behind it, and a target that does as it is told."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.base import Outcome, Row, Write
from connectors.errors import Rejected
from connectors.records import Invoice, Payment
from connectors.records import Kind as RecordKind
from mappings.engine import Catalogue
from mappings.spec import Choices, Facts, Spec
from sync.models import Change, Kind, Link
from sync.outbox import write_plan
from sync.plan import Decision
from sync.planned import Planned
from sync.world import Sides, World
from tests.sync.rows import Books


class Xero:
    """A target that does as it is told and keeps what was asked of it."""

    def __init__(self, **extra: Any) -> None:
        self.sent: list[list[Write]] = []
        self.looked_up: list[list[Write]] = []
        self.notes: list[str] = []
        self.keys: list[str] = []
        self.has: dict[str, Row] = {}
        self.error: Exception | None = None
        self.refuses: set[str] = set()
        self.ids: Iterator[str] = iter(f"id-{number}" for number in range(1, 1000))
        self.one_id = extra.get("one_id", "")

    def write(
        self, kind: RecordKind, verb: str, writes: Sequence[Write], *, idempotency_key: str
    ) -> Sequence[Outcome]:
        self.sent.append(list(writes))
        self.keys.append(idempotency_key)
        if self.error is not None:
            raise self.error
        bad = [write for write in writes if write.natural_key in self.refuses]
        if bad:
            raise Rejected("No.", provider="xero", messages=["A whole request is bad"])
        return [self._made(kind, write) for write in writes]

    def _made(self, kind: RecordKind, write: Write) -> Outcome:
        external_id = self.one_id or next(self.ids)
        return Outcome(ok=True, external_id=external_id, record=record(kind, write, external_id))

    def find(self, kind: RecordKind, writes: Sequence[Write], *, since: datetime) -> dict[str, Row]:
        self.looked_up.append(list(writes))
        return {write.key: self.has[write.natural_key] for write in writes if write.natural_key in self.has}

    def read_one(self, kind: RecordKind, external_id: str) -> Row:
        raise NotImplementedError

    def add_note(self, kind: RecordKind, external_id: str, text: str) -> None:
        self.notes.append(text)


def record(kind: RecordKind, write: Write, external_id: str) -> Any:
    if kind is RecordKind.PAYMENT:
        return Payment(external_id=external_id, amount=Decimal(write.values["amount"]), status="AUTHORISED")
    return Invoice(
        external_id=external_id,
        contact_external_id=write.values.get("contact_external_id", ""),
        number=write.natural_key,
        total=Decimal(write.values["total"]),
        status="AUTHORISED",
    )


def found(kind: RecordKind, external_id: str, made: Any) -> Row:
    return Row(kind=kind, external_id=external_id, raw={"id": external_id}, record=made)


def make_world(books: Books) -> World:
    return World(
        sides=Sides(practice=books.practice, source=books.source, target=books.target),
        spec=Spec(version=1, choices=Choices(), facts=Facts()),
        clients={},
        people={},
        catalogue=Catalogue(),
        invoices={},
        payments={},
        collections={},
        contacts={},
        documents={},
        receipts={},
    )


def planned(kind: str, external_id: str, values: dict[str, Any], **extra: Any) -> Planned:
    return Planned(
        kind=kind,
        source_external_id=external_id,
        record_external_id=external_id.split("/")[0],
        title=external_id,
        natural_key=extra.pop("natural_key", external_id),
        decision=extra.pop("decision", Decision(action="create", values=values)),
        **extra,
    )


def put(
    books: Books,
    kind: Kind,
    *items: Planned,
    before: Mapping[tuple[str, str], Change] | None = None,
) -> dict[str, Change]:
    plan = {item.source_external_id: item for item in items}
    return write_plan(make_world(books), books.flows[kind], plan, None, before or {}).open


def link(books: Books, kind: str, source: str, target: str) -> Link:
    return Link.objects.create(
        practice=books.practice,
        kind=kind,
        source_connection=books.source,
        target_connection=books.target,
        source_external_id=source,
        target_external_id=target,
        method="written",
    )


PAYMENT = {"amount": "50.00", "date": "2026-11-18", "reference": "pypay_a", "account_code": "608"}
