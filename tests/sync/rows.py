"""Plain builders of sync rows. Each takes what the test cares about and fills in the rest."""

import itertools
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from practices.models import Connection, Practice, Provider, Role, User
from sync.models import Change, Event, Flow, Kind, Link, LinkMethod, Mode, Review, Run, Snapshot, Trigger
from tests.make import make_connection, make_member, make_practice

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Books:
    """A practice with both systems connected and its flows in watch mode."""

    practice: Practice
    source: Connection
    target: Connection
    flows: dict[Kind, Flow]

    def member(self, role: str = Role.STAFF) -> User:
        return make_member(self.practice, role)

    def url(self, rest: str = "") -> str:
        return f"/p/{self.practice.slug}/{rest}"


def make_books(mode: str = Mode.WATCH, **extra: Any) -> Books:
    practice = make_practice(**extra)
    source = make_connection(practice, Provider.IGNITION)
    target = make_connection(practice, Provider.XERO, tenant_details={"short_code": "!abc12"})
    flows = {
        kind: Flow.objects.create(
            practice=practice, source=Provider.IGNITION, target=Provider.XERO, kind=kind, mode=mode
        )
        for kind in (Kind.CONTACT, Kind.INVOICE, Kind.PAYMENT)
    }
    return Books(practice, source, target, flows)


def make_snapshot(connection: Connection, kind: str, external_id: str = "", **extra: Any) -> Snapshot:
    number = next(_numbers)
    external_id = external_id or f"{kind}_{number}"
    record = {"external_id": external_id, **extra.pop("record", {})}
    for name in ("name", "email", "number", "status", "reference", "currency"):
        if extra.get(name):
            record.setdefault(name, extra[name])
    if extra.get("amount") is not None:
        record.setdefault("total" if kind == Kind.INVOICE else "amount", str(extra["amount"]))
    if isinstance(extra.get("date"), date):
        record.setdefault("date", extra["date"].isoformat())
    return Snapshot.objects.create(
        practice=connection.practice,
        connection=connection,
        kind=kind,
        external_id=external_id,
        record=record,
        raw={"id": external_id},
        content_hash=f"{number:064}",
        **extra,
    )


def make_invoice(books: Books, *, amount: str = "110.00", at: str = "source", **extra: Any) -> Snapshot:
    connection = books.source if at == "source" else books.target
    defaults: dict[str, Any] = {
        "number": f"INV-{next(_numbers)}",
        "date": date(2026, 11, 3),
        "currency": books.practice.base_currency,
        "status": "unpaid" if at == "source" else "AUTHORISED",
    }
    return make_snapshot(connection, Kind.INVOICE, amount=Decimal(amount), **{**defaults, **extra})


def make_link(books: Books, source: Snapshot, target: Snapshot, *, source_id: str = "", **extra: Any) -> Link:
    extra.setdefault("method", LinkMethod.EMAIL_NAME)
    return Link.objects.create(
        practice=books.practice,
        kind=source.kind,
        source_connection=books.source,
        target_connection=books.target,
        source_external_id=source_id or source.external_id,
        target_external_id=target.external_id,
        **extra,
    )


def make_change(books: Books, kind: Kind = Kind.INVOICE, **extra: Any) -> Change:
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "verb": "create",
        "title": f"INV-{number}",
        "source_external_id": f"{kind}_{number}",
        "values": {"number": f"INV-{number}", "total": "110.00", "currency": "AUD"},
        "amount": Decimal("110.00") if kind != Kind.CONTACT else None,
        "currency": "AUD" if kind != Kind.CONTACT else "",
        "state": "held",
        "reason": "watch",
    }
    return Change.objects.create(
        practice=books.practice,
        flow=books.flows[kind],
        connection=books.target,
        source_connection=books.source,
        kind=kind,
        **{**defaults, **extra},
    )


def make_review(books: Books, title: str = "", **extra: Any) -> Review:
    number = next(_numbers)
    return Review.objects.create(
        practice=books.practice,
        kind=Kind.CONTACT,
        source_connection=books.source,
        target_connection=books.target,
        source_external_id=extra.pop("source_external_id", f"cli_{number}"),
        title=title or f"Client {number}",
        **extra,
    )


def make_run(books: Books, **extra: Any) -> Run:
    extra.setdefault("trigger", Trigger.PERSON)
    return Run.objects.create(practice=books.practice, **extra)


def make_event(
    connection: Connection, kind: str = Kind.INVOICE, external_id: str = "", **extra: Any
) -> Event:
    """A hint that waits, unless ``state`` says what became of it."""
    number = next(_numbers)
    extra.setdefault("action", f"{kind}.updated")
    return Event.objects.create(
        practice=connection.practice,
        connection=connection,
        provider_event_id=extra.pop("provider_event_id", f"evt_{number}"),
        kind=kind,
        external_id=external_id or f"{kind}_{number}",
        **extra,
    )
