"""What Ignition's own Xero link did over the months: contacts, invoices, payments at payout, and its
failures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.seed.billing import Bill
from sandbox.seed.calendar_days import instant
from sandbox.seed.draw import Every
from sandbox.seed.practice_plan import PracticePlan
from sandbox.seed.report import SeedReport
from sandbox.seed.roster import ClientPlan
from sandbox.seed.xero_shapes import invoice_payload, native_contact, typed_contact

if TYPE_CHECKING:
    from sandbox.xero.ledger import Ledger

CLEARING_CODE = "608"
BANK_CODE = "090"
# Native clients, by position, whose contact was merged away or archived in Xero later on.
_MERGED, _ARCHIVED = 3, (5, 9)
_VOIDED_IN_XERO = 2
_FAILURES = (
    "The TaxType code 'OUTPUT' cannot be used with account code '260'.",
    "Account code '204' is not a valid code for this document.",
)


class NativeLink:
    """Replays the native clients' history into a ledger in the order it happened."""

    def __init__(self, ledger: Ledger, plan: PracticePlan, report: SeedReport) -> None:
        self._ledger = ledger
        self._plan = plan
        self._report = report
        self._country = plan.spec.country
        self._draw = plan.draw.child("native link")
        self._events: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._clean = plan.spec.clean

    def replay(self) -> None:
        """Fills the ledger, sets the clients' links and the invoices' deployments, and notes the truth."""
        self._plan_contacts()
        pushed = self._plan_invoices()
        self._plan_payments(pushed)
        self._plan_voids(pushed)
        self._events.sort(key=lambda event: (event[0], event[1]))
        for at, _, act in self._events:
            act(at)
        if not self._clean:
            self._retire_contacts()

    def _at(self, moment: datetime, act: Callable[[datetime], None]) -> None:
        self._events.append((min(moment, self._plan.window.now), len(self._events), act))

    # Contacts -------------------------------------------------------------------------------------

    def _clients(self) -> list[ClientPlan]:
        return [client for client in self._plan.clients if client.native]

    def _plan_contacts(self) -> None:
        first_bill: dict[str, datetime] = {}
        for bill in self._plan.bills:
            first_bill.setdefault(bill.client.slug, bill.issued)
        for client in self._clients():
            # Whoever is mapped by hand was in Xero before; the others come with their first invoice.
            mapped = self._clean or client.name.natural != client.display
            moment = client.created if mapped else first_bill[client.slug] + timedelta(seconds=20)
            self._at(moment, self._contact_maker(client, mapped))

    def _contact_maker(self, client: ClientPlan, mapped: bool) -> Callable[[datetime], None]:
        draw = self._draw.child(client.slug)
        linked = mapped or draw.chance(0.84)
        typed_email, other_email, typed_tax = draw.chance(0.6), draw.chance(0.1), draw.chance(0.5)

        def make(at: datetime) -> None:
            if mapped:
                payload = typed_contact(client, client.name.natural, self._country)
                if self._clean and client.external_id:
                    payload["AccountNumber"] = client.external_id
            else:
                payload = native_contact(client, client.display, self._country)
                if typed_email:
                    payload["EmailAddress"] = client.email
                if typed_tax and client.tax_number:
                    payload["TaxNumber"] = client.tax_number
            if other_email and not self._clean and payload.get("EmailAddress"):
                payload["EmailAddress"] = f"billing@{client.email.partition('@')[2]}"
            contact_id = self._ledger.put_contact(payload, at=at)["ContactID"]
            self._report.native_contacts[client.slug] = contact_id
            if payload.get("EmailAddress", client.email) != client.email:
                self._report.email_differs[client.slug] = contact_id
            if linked:
                client.xero_contact_id = contact_id
                self._report.linked_clients[client.slug] = contact_id

        return make

    def _retire_contacts(self) -> None:
        """Merges and archives at the end of the history, as somebody tidying up Xero would."""
        linked = [client for client in self._clients() if client.xero_contact_id]
        at = self._plan.window.now - timedelta(days=2, hours=3)
        for position, client in enumerate(linked):
            contact_id = self._report.native_contacts[client.slug]
            if position == _MERGED:
                payload = {"Name": f"{self._ledger.contacts[contact_id]['Name']} (main)"}
                survivor = self._ledger.put_contact(payload, at=client.created)["ContactID"]
                self._ledger.merge_contact(contact_id, survivor, at=at)
                self._report.stale_links[client.slug] = contact_id
                self._report.native_contacts[client.slug] = survivor
            elif position in _ARCHIVED:
                self._ledger.archive_contact(contact_id, at=at)
                self._report.archived_links[client.slug] = contact_id

    # Invoices -------------------------------------------------------------------------------------

    def _plan_invoices(self) -> list[Bill]:
        """Plans the pushes; returns the invoices that reach Xero."""
        failed, silent = Every(140, 25), Every(14, 6)
        bills = [bill for bill in self._plan.bills if bill.client.native and bill.state != "draft"]
        newest = next((bill for bill in reversed(bills) if bill.state == "issued"), None)
        pushed = []
        for bill in bills:
            if self._clean:
                pushed.append(bill)
                self._at(bill.issued + timedelta(seconds=30), self._invoice_maker(bill, silent=False))
            elif bill is newest:
                bill.deployment = _deployment("started")
                self._report.started_deployments.append(bill.slug)
            elif bill.state == "issued" and failed():
                message = _FAILURES[len(self._report.failed_deployments) % len(_FAILURES)]
                bill.deployment = _deployment("failed", message=message)
                self._report.failed_deployments.append(bill.slug)
            else:
                pushed.append(bill)
                self._at(bill.issued + timedelta(seconds=30), self._invoice_maker(bill, silent=silent()))
        return pushed

    def _invoice_maker(self, bill: Bill, *, silent: bool) -> Callable[[datetime], None]:
        def make(at: datetime) -> None:
            contact_id = self._report.native_contacts[bill.client.slug]
            tracking = self._tracking(bill.client)
            payload = invoice_payload(bill, contact_id, self._plan.spec.currency, tracking)
            row = self._ledger.put_invoice(payload, at=at, unitdp=4)
            if row["Total"] != bill.total:
                raise ValueError(f"{bill.slug}: Xero makes {row['Total']} of {bill.total}")
            self._report.native_invoices[bill.slug] = row["InvoiceID"]
            if bill.state == "voided" and not self._clean:
                self._report.voided_in_ignition.append(bill.slug)
            if silent:
                self._report.native_without_deployment.append(bill.slug)
            else:
                bill.deployment = _deployment("completed", row=row)

        return make

    def _tracking(self, client: ClientPlan) -> tuple[str, str] | None:
        """Two clients in three have an option of the first tracking category."""
        category = next(iter(self._ledger.tracking.values()), None)
        if category is None or client.index % 3 == 0:
            return None
        options = category["Options"]
        return category["Name"], options[client.index % len(options)]["Name"]

    def _plan_voids(self, pushed: list[Bill]) -> None:
        """A person voids a few old unpaid invoices in Xero; Ignition has not noticed.

        In a clean practice the link itself voids those that were voided in Ignition, and nobody else does.
        """
        if self._clean:
            for bill in pushed:
                if bill.state == "voided":
                    self._at(bill.changed + timedelta(seconds=30), self._voider(bill))
            return
        old = self._plan.window.today - timedelta(days=45)
        unpaid = [bill for bill in pushed if bill.state == "issued" and bill.payment_state == "unpaid"]
        for bill in [bill for bill in unpaid if bill.day < old][:_VOIDED_IN_XERO]:
            self._at(bill.issued + timedelta(days=40), self._voider(bill))

    def _voider(self, bill: Bill) -> Callable[[datetime], None]:
        def void(at: datetime) -> None:
            self._ledger.void_invoice(self._report.native_invoices[bill.slug], at=at)
            if not self._clean:
                self._report.voided_in_xero.append(bill.slug)

        return void

    # Payments -------------------------------------------------------------------------------------

    def _plan_payments(self, pushed: list[Bill]) -> None:
        """Collections reach Xero when the payout has landed; payments by hand when a person enters them."""
        window, known = self._plan.window, {bill.slug for bill in pushed}
        numbers: dict[str, int] = defaultdict(int)
        for movement in self._plan.movements:
            landed = movement.payout is not None and movement.arrival <= window.today
            if movement.kind != "payment_collection" or not landed or movement.bill.slug not in known:
                continue
            numbers[movement.bill.slug] += 1
            payment = {
                "Account": {"Code": CLEARING_CODE},
                "Date": movement.arrival.isoformat(),
                "Amount": movement.amount,
                "Reference": f"Ignition {movement.bill.reference}",
            }
            note = self._noter(self._report.native_payments, str(movement.number))
            self._at(instant(movement.arrival, window.zone, 10, 5), self._payer(movement.bill, payment, note))
        for bill in pushed:
            if bill.paid_source == "ledger" and bill.paid_on:
                payment = {
                    "Account": {"Code": BANK_CODE},
                    "Date": bill.paid_on.isoformat(),
                    "Amount": bill.total,
                }
                note = self._noter(self._report.ledger_payments, bill.slug)
                self._at(instant(bill.paid_on, window.zone, 14), self._payer(bill, payment, note))
            elif bill.paid_source == "manual":
                self._report.paid_by_hand_open_in_xero.append(bill.slug)

    def _payer(
        self, bill: Bill, payment: dict[str, Any], note: Callable[[str], None]
    ) -> Callable[[datetime], None]:
        def pay(at: datetime) -> None:
            invoice_id = self._report.native_invoices[bill.slug]
            row = self._ledger.put_payment({"Invoice": {"InvoiceID": invoice_id}, **payment}, at=at)
            note(row["PaymentID"])

        return pay

    @staticmethod
    def _noter(kept: dict[str, str], key: str) -> Callable[[str], None]:
        def note(payment_id: str) -> None:
            kept[key] = payment_id

        return note


def _deployment(
    state: str, *, row: dict[str, Any] | None = None, message: str | None = None
) -> dict[str, Any]:
    return {
        "ledger": "xero",
        "state": state,
        "external_id": row["InvoiceID"] if row else None,
        "external_number": row["InvoiceNumber"] if row else None,
        "message": message,
    }
