"""What is wrong in a practice, and the incidents that say so."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sync import incidents
from sync.models import (
    Change,
    Incident,
    IncidentState,
    Kind,
    Mode,
    RunState,
)
from tests.sync import rows
from tests.sync.rows import Books

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def make_synced_books() -> Books:
    """A practice that was just synced: otherwise that none has been is a cause of its own."""
    made = rows.make_books(Mode.TAKE_OVER)
    rows.make_run(made, state=RunState.DONE, queued_at=NOW)
    return made


def refresh(books: Books, minutes: float = 0) -> None:
    incidents.refresh(books.practice, now=NOW + timedelta(minutes=minutes))


def refused(books: Books, kind: Kind = Kind.INVOICE, **extra: Any) -> Change:
    values = {"state": "parked", "parked_as": "rejected", "reason": "period_locked", **extra}
    return rows.make_change(books, kind, **values)


def seen(books: Books) -> dict[str, Incident]:
    """Unresolved incidents by cause and subject."""
    found = Incident.objects.filter(practice=books.practice).exclude(state=IncidentState.RESOLVED)
    return {f"{item.cause} {item.subject}".strip(): item for item in found}


def only(books: Books) -> Incident:
    (found,) = seen(books).values()
    return found


def held(books: Books, reason: str, message: str, **extra: Any) -> Change:
    return rows.make_change(books, state="held", reason=reason, message=message, **extra)


def everything(books: Books) -> None:
    """At least one record behind each sort of incident."""
    refused(books)
    refused(books, reason="")
    refused(books, parked_as="unclear", reason="unclear")
    refused(books, parked_as="needs_mapping", reason="bad_account")
    refused(books, Kind.PAYMENT, parked_as="internal", reason="support")
    both = "The account 200 is not active in Xero any more. No tax type is chosen for Ignition's tax “A”."
    held(books, "account_gone", both)
    held(books, "tax_unmapped", "No tax type is chosen for lines without a tax in Ignition.")
    held(books, "does_not_add_up", "The lines come to 1.")
    held(books, "tax_unsure", "It is not known which service “A” bills.")
    rows.make_change(books, Kind.CONTACT, reason="conflict")
    rows.make_review(books)
    rows.make_invoice(books, standing="held", standing_reason="target_gone")
    rows.make_invoice(books, problem="No total")
    rows.make_change(books, state="pending", reason="", tries=1, not_before=NOW + timedelta(hours=1))
