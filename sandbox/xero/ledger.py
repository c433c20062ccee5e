"""One Xero organisation, as seeds, tests and the control interface use it: the same rules as over HTTP."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any

from sandbox.clock import Clock, epoch_ms
from sandbox.xero import contacts, credits, invoices, opening, payments, pick_lists, setup
from sandbox.xero.books import Books, Mode
from sandbox.xero.chart import Chart, default_chart
from sandbox.xero.payload import ZERO_ID, Row, UnknownId, ValidationFailed

__all__ = ["ZERO_ID", "Chart", "Ledger", "UnknownId", "ValidationFailed", "default_chart"]


class Ledger(Books):
    """Rows are dicts by id on `contacts`, `invoices`, `payments`, `credit_notes`, `accounts`, ...

    Every method takes a payload with Xero's field names and returns the stored row (days as ISO text, amounts
    as Decimal, `UpdatedDateUTC` in milliseconds). All raise ValidationFailed(messages), with an id also
    UnknownId. `force` skips the lock dates; `at` is the moment to stamp instead of now; `unitdp` 4 keeps four
    decimals of unit amounts.
    """

    def __init__(
        self, name: str, country: str, *, clock: Clock, random: Random, tenant_id: str | None = None,
        currency: str | None = None, timezone: str | None = None, people: bool = True,
    ) -> None:  # fmt: skip
        chart = default_chart(country)
        super().__init__(
            name=name,
            country=chart.country_code,
            currency=currency or chart.currency,
            timezone=timezone or chart.timezone,
            clock=clock,
            random=random,
            tenant_id=tenant_id,
        )
        self.version = chart.version
        self.windows_timezone = chart.windows_timezone
        opening.open_books(self, chart)
        if people:
            for person in chart.people:
                self.add_user(
                    person.email,
                    first_name=person.first_name,
                    last_name=person.last_name,
                    role=person.role,
                )

    @classmethod
    def restored(cls, data: dict[str, Any], *, clock: Clock, random: Random) -> Ledger:
        """The organisation that `dump` described. Draws nothing from `random`."""
        facts = data["facts"]
        ledger = cls(facts["name"], facts["country"], clock=clock, random=Random(0), people=False)  # noqa: S311
        for shelf in ledger.shelves.values():
            shelf.clear()
        ledger.restore(data)
        ledger.random = random
        return ledger

    # Contacts ------------------------------------------------------------------------------------

    def put_contact(self, payload: Row, *, at: datetime | None = None) -> Row:
        return contacts.put(self, payload, mode(at=at)).row

    def post_contact(self, payload: Row, *, at: datetime | None = None) -> Row:
        return contacts.post(self, payload, mode(at=at)).row

    def archive_contact(self, key: str, *, at: datetime | None = None) -> Row:
        return contacts.archive(self, key, mode(at=at))

    def restore_contact(self, key: str, *, at: datetime | None = None) -> Row:
        return contacts.restore(self, key, mode(at=at))

    def merge_contact(self, loser: str, survivor: str, *, at: datetime | None = None) -> Row:
        """Merge `loser` into `survivor`, which is returned."""
        return contacts.merge(self, loser, survivor, mode(at=at))

    # Invoices ------------------------------------------------------------------------------------

    def put_invoice(
        self, payload: Row, *, force: bool = False, at: datetime | None = None, unitdp: int = 2
    ) -> Row:
        return invoices.put(self, payload, mode(force=force, at=at, unitdp=unitdp)).row

    def post_invoice(
        self, payload: Row, *, force: bool = False, at: datetime | None = None, unitdp: int = 2
    ) -> Row:
        return invoices.post(self, payload, mode(force=force, at=at, unitdp=unitdp)).row

    def void_invoice(self, key: str, *, force: bool = False, at: datetime | None = None) -> Row:
        """Void an approved invoice, delete a draft."""
        return invoices.void(self, key, mode(force=force, at=at))

    # Money ---------------------------------------------------------------------------------------

    def put_payment(self, payload: Row, *, force: bool = False, at: datetime | None = None) -> Row:
        return payments.put(self, payload, mode(force=force, at=at)).row

    def delete_payment(self, key: str, *, force: bool = False, at: datetime | None = None) -> Row:
        return payments.delete(self, key, mode(force=force, at=at))

    def put_batch_payment(self, payload: Row, *, force: bool = False, at: datetime | None = None) -> Row:
        return payments.put_batch(self, payload, mode(force=force, at=at)).row

    def put_credit_note(self, payload: Row, *, force: bool = False, at: datetime | None = None) -> Row:
        return credits.put(self, payload, mode(force=force, at=at)).row

    def allocate_credit_note(
        self, key: str, payload: Row, *, force: bool = False, at: datetime | None = None
    ) -> Row:
        """payload: {"Invoice": {"InvoiceID": ...}, "Amount": ..., "Date": ...}. Returns the allocation."""
        return credits.allocate(self, "credit_notes", key, payload, mode(force=force, at=at))

    def put_bank_transaction(self, payload: Row, *, force: bool = False, at: datetime | None = None) -> Row:
        """The way to an overpayment or prepayment; its id is on the returned row."""
        return credits.put_bank_transaction(self, payload, mode(force=force, at=at)).row

    # Set-up --------------------------------------------------------------------------------------

    def put_account(self, payload: Row, *, at: datetime | None = None) -> Row:
        return setup.put_account(self, payload, mode(at=at)).row

    def post_account(self, payload: Row, *, at: datetime | None = None) -> Row:
        return setup.post_account(self, payload, mode(at=at)).row

    def put_tax_rate(self, payload: Row, *, at: datetime | None = None) -> Row:
        return setup.put_tax_rate(self, payload, mode(at=at)).row

    def put_item(self, payload: Row, *, at: datetime | None = None) -> Row:
        return pick_lists.put_item(self, payload, mode(at=at)).row

    def put_repeating_invoice(self, payload: Row, *, at: datetime | None = None) -> Row:
        """A repeating invoice template as a person sets it up: stored as given, with an id and a status."""
        row: Row = {
            "RepeatingInvoiceID": self.new_id(),
            "Type": "ACCREC",
            "Status": "AUTHORISED",
            "LineAmountTypes": "Exclusive",
            "CurrencyCode": self.currency,
            **payload,
        }
        contact = contacts.for_document(self, row.get("Contact", {}), mode(at=at))
        row["Contact"] = {"ContactID": contact["ContactID"]}
        self.save("repeating_invoices", row, mode(at=at), created=True)
        return row

    def add_user(self, email: str, *, first_name: str, last_name: str, role: str = "STANDARD") -> Row:
        return setup.add_user(
            self,
            {
                "EmailAddress": email,
                "FirstName": first_name,
                "LastName": last_name,
                "OrganisationRole": role,
                "IsSubscriber": not self.users,
            },
        )

    def add_history(self, kind: str, key: str, text: str, *, at: datetime | None = None) -> Row:
        """A note on a row; `kind` is the name of its shelf, such as "invoices"."""
        self.shelves[kind].need(key)
        return self.note(kind, key, "Note", text, mode(at=at))


def mode(*, force: bool = False, at: datetime | None = None, unitdp: int = 2) -> Mode:
    return Mode(unitdp=unitdp, force=force, at=None if at is None else epoch_ms(at))
