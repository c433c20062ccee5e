"""The record that a mapping or a rule looks at, with what belongs to it, while one plan is made. Pure data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.records import Contact, Invoice, Line, Payment, Person, Proposal, Service


@dataclass(slots=True, kw_only=True)
class Subject:
    """What one record is about; whatever does not belong to it is ``None``.

    ``values`` are what the record becomes, as far as that is known when the subject is looked at. ``amount`` and
    ``paid_on`` are a payment's share for its invoice. ``is_first``: the client has no invoice in the target yet.
    ``approved_before``: another state of this record was approved earlier.
    """

    client: Contact | None = None
    person: Person | None = None
    invoice: Invoice | None = None
    line: Line | None = None
    service: Service | None = None
    proposal: Proposal | None = None
    payment: Payment | None = None
    amount: Decimal | None = None
    paid_on: date | None = None
    is_first: bool = False
    approved_before: bool = False
    services: tuple[str, ...] = ()
    today: date | None = None
    lock_date: date | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def for_line(self, line: Line, service: Service | None) -> "Subject":
        """A line of this document, with values of its own. Built by hand: ``replace`` takes five times as long."""
        return Subject(
            client=self.client,
            invoice=self.invoice,
            line=line,
            service=service,
            proposal=self.proposal,
            is_first=self.is_first,
            approved_before=self.approved_before,
            services=self.services,
            today=self.today,
            lock_date=self.lock_date,
        )


def primary_of(people: Sequence[Person]) -> Person | None:
    """The person a client is reached through: the one marked so, else the first."""
    return next((person for person in people if person.is_primary), people[0] if people else None)
