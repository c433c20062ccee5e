"""What a comparison looks at: both sides as records, who belongs to whom, and what the practice chose. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.records import (
    Account,
    BankTransaction,
    Collection,
    Contact,
    Day,
    Entry,
    Invoice,
    Line,
    Payment,
    Person,
    Proposal,
)
from sync.reconcile.ours import Ours
from sync.reconcile.usual import Usual

ZERO = Decimal(0)
INVOICES, TAX, PAYMENTS, REFUNDS, PAYOUTS = "invoices", "tax", "payments", "refunds", "payouts"
MEASURES = (INVOICES, TAX, PAYMENTS)
"""What control totals of documents and of their money are made of."""
ALL_MEASURES = (*MEASURES, REFUNDS, PAYOUTS)
"""Every control total, in the order in which they are shown."""
READ = frozenset(
    {
        "invoice",
        "payment",
        "contact",
        "credit",
        "payout",
        "proposal",
        "person",
        "repeating",
        "overpayment",
        "setting",
        "bank",
        "fee",
        "connection",
        "sync",
    }
)
"""What can be compared when every list was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What the practice's choices say about comparing. ``clearing`` are the account codes payments may be on.

    Since ``approvals_from`` new invoices are written by this app alone, and rules ask for an approval (none: never).
    """

    prefix: str = ""
    documents_from: date | None = None
    post_payments: str = "collected"
    clearing: frozenset[str] = frozenset()
    country: str = ""
    approvals_from: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the mapping makes of an invoice. ``tax`` is ``None`` where it can't be worked out; empty is not compared.

    ``is_sent``: the target is to mark it as sent to the client. ``left_out`` says why a rule or a person keeps the
    invoice out of the target.
    """

    number: str = ""
    reference: str = ""
    date: Day | None = None
    due_date: Day | None = None
    tax: Decimal | None = None
    line_amounts: str = ""
    branding: str = ""
    is_sent: bool = False
    lines: tuple[Line, ...] = ()
    left_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Both sides. Links are target ids by source id; a payment's are keyed by ``payment id/invoice id``.

    ``gone`` are linked invoices that the source no longer lists, as they were; ``gone_receipts`` linked payments that
    the target no longer lists. ``expected`` and ``waits`` (why the
    plan does not write it) are keyed by invoice id, ``names`` (what the mapping calls a linked client) and ``people``
    (its primary person) by client id; ``wanted`` are the further fields that the mapping gives a linked client.
    ``credits``, ``loose`` (overpayments and prepayments) and ``repeating`` are the target's, ``accounts`` by code.
    ``banked`` is money received and spent as the target has it, ``standard_rate`` its usual tax in per cent (0: none).
    ``written`` are invoices that this app wrote, ``agreed`` documents as they were when both sides last agreed on an
    invoice, where they are not so any more, ``approved`` what a person approved of one. ``ours`` is our own
    bookkeeping, empty where only a few clients are looked at; ``pair`` says which two connections it all is about,
    ``apart`` which records of one system are two parties though they look alike, as a person said, and ``merging``
    which are one and will be merged there; ``usual`` is what
    the target usually has where the mapping chose nothing. Only what ``read`` names is compared: both sides gave the
    whole list.
    """

    invoices: dict[str, Invoice] = field(default_factory=dict)
    gone: dict[str, Invoice] = field(default_factory=dict)
    documents: dict[str, Invoice] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    receipts: dict[str, Payment] = field(default_factory=dict)
    gone_receipts: frozenset[str] = frozenset()
    credits: dict[str, Invoice] = field(default_factory=dict)
    clients: dict[str, Contact] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    emails: dict[str, frozenset[str]] = field(default_factory=dict)
    phones: dict[str, frozenset[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    wanted: dict[str, dict[str, str]] = field(default_factory=dict)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    loose: dict[str, Entry] = field(default_factory=dict)
    repeating: dict[str, Entry] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    banked: dict[str, BankTransaction] = field(default_factory=dict)
    standard_rate: Decimal = ZERO
    written: frozenset[str] = frozenset()
    agreed: dict[str, Invoice] = field(default_factory=dict)
    approved: dict[str, dict[str, Any]] = field(default_factory=dict)
    lock_date: date | None = None
    ours: Ours = field(default_factory=Ours)
    pair: str = ""
    apart: frozenset[tuple[str, str]] = frozenset()
    merging: Mapping[tuple[str, str], str] = field(default_factory=dict)
    usual: Usual = field(default_factory=Usual)
    expected: dict[str, Expected] = field(default_factory=dict)
    waits: dict[str, str] = field(default_factory=dict)
    invoice_links: dict[str, str] = field(default_factory=dict)
    payment_links: dict[str, str] = field(default_factory=dict)
    contact_links: dict[str, str] = field(default_factory=dict)
    read: frozenset[str] = READ
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

    ``at_stake`` is the money that hangs on it and ``tax_at_stake`` the tax in that; ``document`` is a number and
    ``dated_on`` its day. ``effects`` are what it does to the totals, each document's only once.
    """

    kind: str
    key: str
    text: str
    source_ids: tuple[str, ...] = ()
    target_ids: tuple[str, ...] = ()
    client: str = ""
    client_external_id: str = ""
    currency: str = ""
    at_stake: Decimal = ZERO
    tax_at_stake: Decimal = ZERO
    document: str = ""
    dated_on: date | None = None
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
