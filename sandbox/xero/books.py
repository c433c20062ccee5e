"""What one Xero organisation holds, its indexes and its change order; the rules live beside it.

Stored rows carry Xero's field names. Days are ISO text, `UpdatedDateUTC` is milliseconds since 1970, amounts
are Decimal; names that start with an underscore are ours and never leave the sandbox.
"""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from sandbox.clock import Clock
from sandbox.xero.payload import Row, UnknownId

EventListener = Callable[["Books", str, str, str], None]

# Shelf -> (field with the id, webhook category or "").
KINDS: dict[str, tuple[str, str]] = {
    "contacts": ("ContactID", "CONTACT"),
    "invoices": ("InvoiceID", "INVOICE"),
    "payments": ("PaymentID", "PAYMENT"),
    "batch_payments": ("BatchPaymentID", ""),
    "credit_notes": ("CreditNoteID", "CREDITNOTE"),
    "overpayments": ("OverpaymentID", ""),
    "prepayments": ("PrepaymentID", "PREPAYMENT"),
    "bank_transactions": ("BankTransactionID", ""),
    "repeating_invoices": ("RepeatingInvoiceID", ""),
    "accounts": ("AccountID", ""),
    "tax_rates": ("TaxType", ""),
    "tracking": ("TrackingCategoryID", ""),
    "items": ("ItemID", ""),
    "branding_themes": ("BrandingThemeID", ""),
    "users": ("UserID", ""),
    "currencies": ("Code", ""),
}


@dataclass(frozen=True, slots=True)
class Mode:
    """How a write is made. `force` skips lock dates; `at` replaces the clock in stamps (milliseconds)."""

    unitdp: int = 2
    app: str = ""
    force: bool = False
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """The stored row after a write, and remarks that did not stop it."""

    row: Row
    created: bool = True
    warnings: tuple[str, ...] = ()


class Shelf(dict[str, Row]):
    """Rows of one kind by id, which also knows the order Xero lists them in: change stamp, then id."""

    def __init__(self, id_field: str) -> None:
        super().__init__()
        self.id_field = id_field
        self._order: list[tuple[int, str]] = []
        self._stale = False

    def put(self, row: Row) -> None:
        """Store a row and move it to the place its `UpdatedDateUTC` gives it."""
        key = row[self.id_field]
        self[key] = row
        self._order.append((row.get("UpdatedDateUTC", 0), key))
        self._stale = True

    def clear(self) -> None:
        super().clear()
        self._order, self._stale = [], False

    def remove(self, key: str) -> None:
        del self[key]
        self._order = [place for place in self._order if place[1] != key]

    def in_order(self, since: int | None = None) -> list[Row]:
        """Rows by change stamp and id; with `since`, only those stamped later."""
        if self._stale:
            # Superseded places are dropped; the rest is nearly sorted already, which makes this cheap.
            self._order = sorted(
                {place for place in self._order if self[place[1]].get("UpdatedDateUTC", 0) == place[0]}
            )
            self._stale = False
        start = 0 if since is None else bisect_right(self._order, (since, "\uffff"))
        return [self[key] for _, key in self._order[start:]]

    def need(self, key: str) -> Row:
        """The row, or UnknownId."""
        row = self.get(key)
        if row is None:
            raise UnknownId(key)
        return row


class Books:
    """State of one organisation. `listener` hears of changes: (books, category, id, CREATE or UPDATE)."""

    def __init__(
        self, *, name: str, country: str, currency: str, timezone: str, clock: Clock, random: Random,
        tenant_id: str | None = None,
    ) -> None:  # fmt: skip
        self.clock = clock
        self.random = random
        self.tenant_id = tenant_id or self.new_id()
        self.name = name
        self.legal_name = name
        self.short_code = "!" + "".join(random.choices("abcdefghjkmnpqrstuvwxyz0123456789", k=5))
        self.country = country
        self.version = country
        self.currency = currency
        self.timezone = timezone
        self.windows_timezone = ""
        self.edition = "BUSINESS"
        self.plan = "PREMIUM"
        self.demo_company = False
        self.period_lock_date: str | None = None
        self.end_of_year_lock_date: str | None = None
        self.default_sales_tax = "Tax Exclusive"
        self.created = clock.now_ms()
        self.offline = False
        self.dates_allocations = False  # by the invoice's and the credit's day, whatever day is asked for
        self.numbers: dict[str, int] = {}
        self.shelves: dict[str, Shelf] = {kind: Shelf(spec[0]) for kind, spec in KINDS.items()}
        self.contacts = self.shelves["contacts"]
        self.invoices = self.shelves["invoices"]
        self.payments = self.shelves["payments"]
        self.batch_payments = self.shelves["batch_payments"]
        self.credit_notes = self.shelves["credit_notes"]
        self.overpayments = self.shelves["overpayments"]
        self.prepayments = self.shelves["prepayments"]
        self.bank_transactions = self.shelves["bank_transactions"]
        self.repeating_invoices = self.shelves["repeating_invoices"]
        self.accounts = self.shelves["accounts"]
        self.tax_rates = self.shelves["tax_rates"]
        self.tracking = self.shelves["tracking"]
        self.items = self.shelves["items"]
        self.branding_themes = self.shelves["branding_themes"]
        self.users = self.shelves["users"]
        self.currencies = self.shelves["currencies"]
        self.notes: dict[str, list[Row]] = {}
        self.contact_by_name: dict[str, str] = {}
        self.archived_by_name: dict[str, str] = {}
        self.contact_by_number: dict[str, str] = {}
        self.invoice_by_number: dict[str, str] = {}
        self.credit_note_by_number: dict[str, str] = {}
        self.account_by_code: dict[str, str] = {}
        self.item_by_code: dict[str, str] = {}
        self.listener: EventListener | None = None

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def today(self) -> str:
        """Today in the organisation's time zone, which Xero uses when a document has no date."""
        return self.clock.today(self.timezone).isoformat()

    def stamp(self, mode: Mode) -> int:
        return self.clock.now_ms() if mode.at is None else mode.at

    def save(self, kind: str, row: Row, mode: Mode, *, created: bool, quiet: bool = False) -> None:
        """Store a row, stamp it, add the automatic history line and tell the listener.

        `quiet` keeps the old stamp: some changes are invisible to If-Modified-Since.
        """
        shelf = self.shelves[kind]
        if not (quiet and "UpdatedDateUTC" in row):
            row["UpdatedDateUTC"] = self.stamp(mode)
        shelf.put(row)
        key, category = row[shelf.id_field], KINDS[kind][1]
        if category:
            self.note(kind, key, "Created" if created else "Edited", "", mode)
            if self.listener is not None:
                self.listener(self, category, key, "CREATE" if created else "UPDATE")

    def note(self, kind: str, key: str, changes: str, details: str, mode: Mode, user: str = "") -> Row:
        record = {
            "Changes": changes,
            "Details": details,
            "User": user or "System Generated",
            "_at": self.stamp(mode),
        }
        self.notes.setdefault(f"{kind}/{key}", []).append(record)
        return record

    def next_number(self, prefix: str, used: dict[str, str]) -> str:
        """The next free automatic number, such as INV-0001."""
        while True:
            self.numbers[prefix] = self.numbers.get(prefix, 0) + 1
            value = f"{prefix}-{self.numbers[prefix]:04d}"
            if value.casefold() not in used:
                return value

    def account(self, reference: Row) -> Row | None:
        """The account that an `AccountID`, `AccountCode` or `Code` names."""
        key = reference.get("AccountID")
        if key:
            return self.accounts.get(str(key).lower())
        code = str(reference.get("AccountCode") or reference.get("Code") or "")
        key = self.account_by_code.get(code)
        return self.accounts[key] if key else None

    def reindex(self) -> None:
        """Rebuild every index from the rows; needed after the shelves were filled directly."""
        self.contact_by_name, self.archived_by_name, self.contact_by_number = {}, {}, {}
        for row in self.contacts.values():
            self.index_contact(row)
        self.invoice_by_number = {
            row["InvoiceNumber"].casefold(): key
            for key, row in self.invoices.items()
            if row["Type"] == "ACCREC"
        }
        self.credit_note_by_number = {
            row["CreditNoteNumber"].casefold(): key for key, row in self.credit_notes.items()
        }
        self.account_by_code = {row["Code"]: key for key, row in self.accounts.items() if row.get("Code")}
        self.item_by_code = {row["Code"].casefold(): key for key, row in self.items.items()}

    def index_contact(self, row: Row) -> None:
        names = self.contact_by_name if row["ContactStatus"] == "ACTIVE" else self.archived_by_name
        names[row["Name"].casefold()] = row["ContactID"]
        if row.get("ContactNumber"):
            self.contact_by_number[row["ContactNumber"].casefold()] = row["ContactID"]

    def unindex_contact(self, row: Row) -> None:
        for names in (self.contact_by_name, self.archived_by_name):
            if names.get(row["Name"].casefold()) == row["ContactID"]:
                del names[row["Name"].casefold()]
        if row.get("ContactNumber"):
            self.contact_by_number.pop(row["ContactNumber"].casefold(), None)

    def dump(self) -> dict[str, Any]:
        return {
            "facts": {name: getattr(self, name) for name in _FACTS},
            "rows": {kind: list(shelf.values()) for kind, shelf in self.shelves.items()},
            "notes": self.notes,
        }

    def restore(self, data: dict[str, Any]) -> None:
        for name in _FACTS:
            setattr(self, name, data["facts"].get(name, getattr(self, name)))
        for kind, shelf in self.shelves.items():
            for row in data["rows"][kind]:
                shelf.put(row)
        self.notes = data["notes"]
        self.reindex()


_FACTS = (
    "tenant_id", "name", "legal_name", "short_code", "country", "version", "currency", "timezone",
    "windows_timezone", "edition", "plan", "demo_company", "period_lock_date", "end_of_year_lock_date",
    "default_sales_tax", "created", "offline", "dates_allocations", "numbers",
)  # fmt: skip
