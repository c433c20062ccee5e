"""What was in Xero anyway: contacts that may or may not be an Ignition client, suppliers, manual invoices."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.ignition.tax_labels import TAX_LABELS
from sandbox.seed import words
from sandbox.seed.draw import Draw, Every
from sandbox.seed.practice_plan import PracticePlan
from sandbox.seed.report import SeedReport
from sandbox.seed.roster import ClientPlan
from sandbox.seed.xero_shapes import other_spelling, typed_contact

if TYPE_CHECKING:
    from sandbox.xero.ledger import Ledger

_SUPPLIERS = (
    "Stationery", "Cleaning", "Cloud Storage", "Coffee", "Insurance Brokers", "Legal", "Printing", "Rent",
    "Telephone", "Training", "Couriers", "Furniture",
)  # fmt: skip
_STRANGERS = 9
# Kinds of names whose other spelling is still plainly the same client.
_SPELLABLE = ("company", "trust", "person", "partnership")
_PURCHASE_TAX = {"AU": "INPUT", "NZ": "INPUT2", "UK": "INPUT2"}


class Residents:
    """Adds them to a ledger that the native link has filled already, and notes the truth about each."""

    def __init__(self, ledger: Ledger, plan: PracticePlan, report: SeedReport) -> None:
        self._ledger = ledger
        self._plan = plan
        self._report = report
        self._country = plan.spec.country
        self._draw = plan.draw.child("residents")

    def add(self) -> None:
        if not self._plan.spec.clean:
            self._same_names()
            self._families()
            self._lookalikes()
        self._suppliers()
        self._strangers()

    # Clients that only Ignition links, or nobody --------------------------------------------------

    def _free(self) -> list[ClientPlan]:
        """Clients whose Xero contact, if any, has not been decided yet; namesakes are left alone."""
        report = self._report
        decided = {
            *report.native_contacts,
            *report.linkable,
            *report.not_linkable,
            *(slug for pair in (*report.same_names, *report.near_names) for slug in pair),
        }
        return [client for client in self._plan.clients if client.slug not in decided]

    def _contact(self, payload: dict[str, Any], client: ClientPlan) -> str | None:
        """The new contact's id, None when somebody has the name already."""
        if payload["Name"].casefold() in self._ledger.contact_by_name:
            return None
        at = min(client.created + timedelta(days=1), self._plan.window.now)
        return str(self._ledger.put_contact(payload, at=at)["ContactID"])

    def _same_names(self) -> None:
        """One contact carries the name of two clients; nobody can tell by the name whose it is."""
        for first, second in self._plan.same_names:
            contact_id = self._report.native_contacts.get(first.slug)
            if contact_id is None:
                contact_id = self._contact({"Name": first.display}, first)
                if contact_id is None:
                    continue
                self._report.not_linkable[first.slug] = (contact_id, "same_name")
            self._report.not_linkable[second.slug] = (contact_id, "same_name")
        for first, second in self._plan.near_names:
            if first.slug in self._report.native_contacts or second.slug in self._report.native_contacts:
                continue
            contact_id = self._contact(typed_contact(first, first.display, self._country), first)
            if contact_id:
                self._report.linkable[first.slug] = contact_id
                self._report.not_linkable[second.slug] = (contact_id, "near_name")

    def _families(self) -> None:
        """A contact for the whole family with the mailbox that several of its clients share."""
        done: set[str] = set()
        for client in self._free():
            if client.group is None or client.email in done or len(done) >= 8:
                continue
            done.add(client.email)
            payload = {"Name": f"{client.name.owner.last} Family Group", "EmailAddress": client.email}
            contact_id = self._contact(payload, client)
            if contact_id is None:
                continue
            for member in self._free():
                if member.email == client.email:
                    self._report.not_linkable[member.slug] = (contact_id, "shared_email")

    def _lookalikes(self) -> None:
        by_email, by_code, name_only = Every(7, 2), Every(9, 5), Every(12, 3)
        near, archived = Every(15, 7), Every(30, 9)
        for client in self._free():
            if client.group is not None:
                continue
            if client.name.kind in _SPELLABLE and by_email():
                self._linkable(client, typed_contact(client, self._spelt(client), self._country))
            elif client.external_id and by_code():
                self._linkable(client, {"Name": client.display, "AccountNumber": client.external_id})
            elif name_only():
                self._not_linkable(client, {"Name": client.display}, "name_only")
            elif client.name.kind == "company" and near():
                payload = {
                    "Name": f"{client.name.stem} Trading Co",
                    "EmailAddress": f"hello@{words.PLACES[client.index % 40].lower()}-trading.example",
                }
                self._not_linkable(client, payload, "near_name")
            elif archived():
                payload = typed_contact(client, client.display, self._country)
                self._not_linkable(client, payload, "archived")

    def _spelt(self, client: ClientPlan) -> str:
        """As a careful person writes it; every other company in another spelling of its legal form."""
        if client.name.natural != client.display:
            return client.name.natural
        return other_spelling(client.display) if client.index % 2 else client.display

    def _linkable(self, client: ClientPlan, payload: dict[str, Any]) -> None:
        contact_id = self._contact(payload, client)
        if contact_id:
            self._report.linkable[client.slug] = contact_id

    def _not_linkable(self, client: ClientPlan, payload: dict[str, Any], reason: str) -> None:
        contact_id = self._contact(payload, client)
        if contact_id is None:
            return
        self._report.not_linkable[client.slug] = (contact_id, reason)
        if reason == "archived":
            self._ledger.archive_contact(contact_id, at=self._plan.window.now - timedelta(days=90))

    # Nothing to do with Ignition ------------------------------------------------------------------

    def _suppliers(self) -> None:
        for trade in _SUPPLIERS:
            draw = self._draw.child(trade)
            name = f"{draw.pick(words.PLACES)} {trade} {'Pty Ltd' if self._country == 'AU' else 'Limited'}"
            bills = draw.between(1, 4)
            self._stranger(draw, name, "ACCPAY", "429", _PURCHASE_TAX[self._country], bills)

    def _strangers(self) -> None:
        """Customers that were invoiced in Xero by hand and never came to Ignition."""
        sale = next(iter(TAX_LABELS[self._country].values())).xero_tax_type
        for number in range(_STRANGERS):
            draw = self._draw.child(f"stranger {number}")
            name = f"{draw.pick(words.PLACES)} {draw.pick(words.SECONDS)} {draw.pick(words.TRADES)} Guild"
            self._stranger(draw, name, "ACCREC", "260", sale, draw.between(1, 3))

    def _stranger(self, draw: Draw, name: str, kind: str, account: str, tax: str, count: int) -> None:
        window = self._plan.window
        if name.casefold() in self._ledger.contact_by_name:
            return
        since = max(40, (window.today - window.first).days)
        joined = window.now - timedelta(days=since)
        row = self._ledger.put_contact(
            {"Name": name, "EmailAddress": f"{draw.digits(5)}@office.example"}, at=joined
        )
        self._report.unrelated_contacts.append(row["ContactID"])
        for _ in range(count):
            day = window.today - timedelta(days=draw.between(5, since - 1))
            payload = {
                "Type": kind,
                "Contact": {"ContactID": row["ContactID"]},
                "Date": day.isoformat(),
                "DueDate": (day + timedelta(days=30)).isoformat(),
                "Status": "AUTHORISED",
                "LineItems": [
                    {
                        "Description": "As per quote" if kind == "ACCREC" else "As per account",
                        "Quantity": 1,
                        "UnitAmount": draw.amount(60, 2400, "0.05"),
                        "AccountCode": account,
                        "TaxType": tax,
                    }
                ],
            }
            if kind == "ACCPAY":
                payload["InvoiceNumber"] = f"T{draw.digits(5)}"
            else:
                payload["Reference"] = draw.pick(("Phone order", "", f"PO {draw.digits(4)}"))
            at = min(window.now, joined + timedelta(days=since - (window.today - day).days, hours=1))
            invoice = self._ledger.put_invoice(payload, at=at)
            self._report.unrelated_invoices.append(invoice["InvoiceID"])
            if draw.chance(0.5):
                self._ledger.put_payment(
                    {
                        "Invoice": {"InvoiceID": invoice["InvoiceID"]},
                        "Account": {"Code": "090"},
                        "Date": min(window.today, day + timedelta(days=20)).isoformat(),
                        "Amount": invoice["Total"],
                    },
                    at=min(window.now, at + timedelta(days=20)),
                )
