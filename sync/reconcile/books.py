"""What a comparison looks at: both sides as records, who belongs to whom, and what the practice chose. Pure."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from connectors.records import Collection, Contact, Day, Invoice, Payment

ZERO = Decimal(0)
INVOICES, TAX, PAYMENTS = "invoices", "tax", "payments"
MEASURES = (INVOICES, TAX, PAYMENTS)
"""What control totals are made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What the practice's choices say about comparing. ``clearing`` are the account codes payments may be on."""

    prefix: str = ""
    documents_from: date | None = None
    post_payments: str = "collected"
    clearing: frozenset[str] = frozenset()
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLine:
    account_code: str = ""
    tax_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the mapping makes of an invoice. ``tax`` is ``None`` where it can't be worked out; empty is not compared.

    ``left_out`` says why a rule or a person keeps the invoice out of the target.
    """

    number: str = ""
    reference: str = ""
    date: Day | None = None
    due_date: Day | None = None
    tax: Decimal | None = None
    lines: tuple[ExpectedLine, ...] = ()
    left_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Both sides. Links are target ids by source id; a payment's are keyed by ``payment id/invoice id``.

    ``gone`` are linked invoices that the source no longer lists, as they were. ``expected`` and ``waits`` (why the
    plan does not write it) are keyed by invoice id, ``names`` (what the mapping calls a linked client) by client id;
    ``credits`` are the target's credit notes. Only what ``read`` names is compared: both sides gave the whole list.
    """

    invoices: dict[str, Invoice] = field(default_factory=dict)
    gone: dict[str, Invoice] = field(default_factory=dict)
    documents: dict[str, Invoice] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    receipts: dict[str, Payment] = field(default_factory=dict)
    credits: dict[str, Invoice] = field(default_factory=dict)
    clients: dict[str, Contact] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    emails: dict[str, frozenset[str]] = field(default_factory=dict)
    phones: dict[str, frozenset[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    expected: dict[str, Expected] = field(default_factory=dict)
    waits: dict[str, str] = field(default_factory=dict)
    invoice_links: dict[str, str] = field(default_factory=dict)
    payment_links: dict[str, str] = field(default_factory=dict)
    contact_links: dict[str, str] = field(default_factory=dict)
    read: frozenset[str] = frozenset({"invoice", "payment", "contact"})
    chosen: Chosen = field(default_factory=Chosen)
    currency: str = ""
    now: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    def day(self, moment: datetime | None) -> date | None:
        """The calendar day of an instant where the practice is."""
        return moment.astimezone(self.zone).date() if moment else None

    def inside(self, day: date | None) -> bool:
        """Whether a document of this day is compared; one without a day is."""
        start = self.chosen.documents_from
        return start is None or day is None or day >= start

    def client_name(self, external_id: str) -> str:
        client = self.clients.get(external_id)
        return client.name if client else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How far a difference moves a control total: the right total is the left one plus all effects."""

    measure: str
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference. ``kind`` and ``key`` together say which one it is, run after run.

    ``at_stake`` is the money that hangs on it; ``effects`` are what it does to the totals, each document's only once.
    """

    kind: str
    key: str
    text: str
    source_ids: tuple[str, ...] = ()
    target_ids: tuple[str, ...] = ()
    client: str = ""
    currency: str = ""
    at_stake: Decimal = ZERO
    effects: tuple[Effect, ...] = ()

    @property
    def money(self) -> Decimal:
        """By how much the right side has more than the left, in this difference's own currency."""
        return self._sum(INVOICES) + self._sum(PAYMENTS)

    @property
    def tax(self) -> Decimal:
        return self._sum(TAX)

    def _sum(self, measure: str) -> Decimal:
        fitting = (
            item.amount for item in self.effects if item.measure == measure and item.currency == self.currency
        )
        return sum(fitting, ZERO)


def effects(measure: str, *, left: tuple[str, Decimal], right: tuple[str, Decimal]) -> tuple[Effect, ...]:
    """What turns the left (currency, amount) into the right one; two effects where the currencies differ."""
    moved = [(left[0], -left[1]), (right[0], right[1])]
    if left[0] == right[0]:
        moved = [(left[0], right[1] - left[1])]
    return tuple(Effect(measure=measure, currency=code, amount=amount) for code, amount in moved if amount)
