"""Neutral records: what every provider's objects look like to the rest of the app.

Amounts are ``Decimal`` in major units beside an ISO currency code, document dates are ``date``, instants are
aware UTC ``datetime``, ids are the provider's own strings. A value the provider does not give is ``None`` or
empty, never invented. ``connectors.stored`` turns a record into JSON and back without loss.
"""

import dataclasses
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connectors.kinds import Kind as Kind

Day = date
"""``date`` under another name, for classes that have a field called ``date``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    external_id: str
    status: str = ""
    link: str = ""
    source_created_at: datetime | None = None
    source_updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    kind: str = ""
    attention: str = ""
    lines: tuple[str, ...] = ()  # in their places: an empty one stands where something follows it
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPerson:
    """One more person of a contact, beside the one whose name the contact itself carries."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    receives_invoices: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When documents of a contact are due. ``type`` says what ``days`` counts: from its date, or a day of a month."""

    days: int | None = None
    type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Base):
    """A client or customer. ``linked`` holds ids of the same party that this system itself stores, by provider."""

    name: str
    email: str = ""
    phone: str = ""
    direct_phone: str = ""
    mobile: str = ""
    fax: str = ""
    first_name: str = ""
    last_name: str = ""
    number: str = ""
    account_number: str = ""
    company_number: str = ""
    tax_number: str = ""
    group: str = ""
    tags: tuple[str, ...] = ()
    partner_email: str = ""
    manager_email: str = ""
    addresses: tuple[Address, ...] = ()
    others: tuple[ContactPerson, ...] = ()
    sales_terms: Terms | None = None
    bills_terms: Terms | None = None
    sales_account_code: str = ""
    default_currency: str = ""
    linked: dict[str, str] = dataclasses.field(default_factory=dict)
    merged_into: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Base):
    """A human at a client."""

    contact_external_id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    mobile: str = ""
    is_primary: bool = False
    receives_invoices: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Base):
    name: str
    price: Decimal | None = None
    price_type: str = ""
    tax_label: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalLine:
    external_id: str
    name: str
    service_external_id: str = ""
    selected: bool = True
    is_recurring: bool = False
    period_value: Decimal | None = None
    strategy: str = ""
    repeats: str = ""  # how often, in the source's words; of what is billed once, when


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Base):
    name: str
    number: str = ""
    contact_external_id: str = ""
    minimum_value: Decimal | None = None
    currency: str = ""
    starts_on: Day | None = None
    ends_on: Day | None = None
    accepted_at: datetime | None = None
    lines: tuple[ProposalLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    category: str
    option: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a document. ``amount`` is what the line adds to the document before any tax on top."""

    external_id: str = ""
    description: str = ""
    quantity: Decimal = Decimal(1)
    unit_amount: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    discount_rate: Decimal | None = None
    amount: Decimal = Decimal(0)
    tax_amount: Decimal | None = None
    tax_type: str = ""
    account_code: str = ""
    item_code: str = ""
    tracking: tuple[Tracking, ...] = ()
    origin_type: str = ""
    origin_external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NativePush:
    """What the source says about its own push of a document to a ledger."""

    ledger: str = ""
    state: str = ""
    external_id: str = ""
    number: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """How much of a credit was put on an invoice."""

    invoice_external_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice(Base):
    """A sales invoice (``type`` ACCREC) or bill (ACCPAY).

    ``line_amounts`` is Exclusive, Inclusive, NoTax or empty when the provider does not say. ``surcharge`` is
    extra money on top that never belongs to the invoice's balance; ``origin`` says which system made the document.
    A credit note has what is ``remaining`` of it and where the rest was ``applied``.
    """

    contact_external_id: str
    type: str = "ACCREC"
    number: str = ""
    reference: str = ""
    date: Day | None = None
    due_date: Day | None = None
    currency: str = ""
    line_amounts: str = ""
    subtotal: Decimal | None = None
    tax: Decimal | None = None
    total: Decimal
    amount_paid: Decimal | None = None
    amount_due: Decimal | None = None
    amount_credited: Decimal | None = None
    surcharge: Decimal = Decimal(0)
    payment_state: str = ""
    paid_on: Day | None = None
    payment_method: str = ""
    payment_source: str = ""
    origin: str = ""
    url: str = ""
    branding_theme_external_id: str = ""
    expected_payment_date: Day | None = None
    sent_to_contact: bool = False
    lines: tuple[Line, ...] = ()
    native: NativePush | None = None
    payout_external_id: str = ""
    payout_state: str = ""
    remaining: Decimal | None = None
    applied: tuple[Applied, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Base):
    """Money received against one or more invoices. ``amount`` excludes the surcharge.

    A ledger's payment belongs to one invoice; a source's may cover several without saying how much each.
    """

    invoice_external_ids: tuple[str, ...] = ()
    contact_external_id: str = ""
    type: str = ""
    method: str = ""
    date: Day | None = None
    collected_at: datetime | None = None
    amount: Decimal
    surcharge: Decimal = Decimal(0)
    fee: Decimal | None = None
    currency: str = ""
    reference: str = ""
    account_external_id: str = ""
    account_code: str = ""
    is_reconciled: bool = False
    batch_external_id: str = ""
    payout_external_id: str = ""
    payout_state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection(Base):
    """One movement of money for one invoice, or its reversal (``is_clawback``; the amount stays positive)."""

    invoice_external_id: str = ""
    contact_external_id: str = ""
    is_clawback: bool = False
    amount: Decimal
    currency: str = ""
    started_at: datetime | None = None
    fee: Decimal | None = None
    payout_external_id: str = ""
    payout_state: str = ""
    submitted_on: Day | None = None
    arrives_on: Day | None = None
    fee_billed_on: Day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTransaction(Base):
    """Money received or spent as somebody coded it in the ledger. ``amount`` has any tax in it and is never negative.

    ``type`` begins with RECEIVE or SPEND; ``line_amounts`` is as for a document.
    """

    type: str = ""
    contact_external_id: str = ""
    date: Day | None = None
    reference: str = ""
    currency: str = ""
    line_amounts: str = ""
    amount: Decimal
    tax: Decimal | None = None
    account_external_id: str = ""
    account_code: str = ""
    is_reconciled: bool = False
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation(Base):
    name: str
    short_code: str = ""
    country: str = ""
    currency: str = ""
    time_zone: str = ""
    period_lock_date: Day | None = None
    year_lock_date: Day | None = None
    edition: str = ""
    sales_terms_days: int | None = None
    sales_terms_type: str = ""
    is_demo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Base):
    name: str
    code: str = ""
    type: str = ""
    account_class: str = ""
    tax_type: str = ""
    currency: str = ""
    takes_payments: bool = False
    system_account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate(Base):
    """``external_id`` is the tax type code; ``rate`` is per cent, e.g. ``Decimal("10")``."""

    name: str
    rate: Decimal
    for_revenue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingCategory(Base):
    name: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff(Base):
    name: str
    email: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Base):
    name: str
    code: str = ""
    account_code: str = ""
    tax_type: str = ""
    unit_amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Base):
    """Any other object that we keep and show but never write: deals, batch payments, branding themes…

    One that ``repeats`` says how often in words; ``date`` is the next time and ``until`` the last one.
    """

    name: str = ""
    type: str = ""
    repeats: str = ""
    until: Day | None = None
    number: str = ""
    reference: str = ""
    date: Day | None = None
    amount: Decimal | None = None
    remaining: Decimal | None = None
    currency: str = ""
    contact_external_id: str = ""
    account_external_id: str = ""


Record = (
    Contact
    | Person
    | Service
    | Proposal
    | Invoice
    | Payment
    | Collection
    | BankTransaction
    | Organisation
    | Account
    | TaxRate
    | TrackingCategory
    | Staff
    | Item
    | Entry
)

RECORD_OF: dict[Kind, Any] = dict.fromkeys(Kind, Entry) | {
    Kind.CONTACT: Contact,
    Kind.PERSON: Person,
    Kind.SERVICE: Service,
    Kind.PROPOSAL: Proposal,
    Kind.INVOICE: Invoice,
    Kind.PAYMENT: Payment,
    Kind.COLLECTION: Collection,
    Kind.BANK_TRANSACTION: BankTransaction,
    Kind.ORGANISATION: Organisation,
    Kind.ACCOUNT: Account,
    Kind.TAX_RATE: TaxRate,
    Kind.TRACKING_CATEGORY: TrackingCategory,
    Kind.STAFF: Staff,
    Kind.ITEM: Item,
    Kind.CREDIT_NOTE: Invoice,
}
