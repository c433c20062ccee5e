"""Where mismatches are planted: clients and documents that agree on both sides and that nothing was planted on yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.ignition.state import IgnitionPractice
from sandbox.seed.draw import Draw
from sandbox.xero.ledger import Ledger
from sandbox.xero.organisations import XeroWorld
from sandbox.xero.payload import Row

LINK = "completed"
CLEARING_CODE, BANK_CODE = "608", "090"


class NoGround(ValueError):
    """The practice has nothing left that such a mismatch could be planted on; the text says what is wanted."""


@dataclass(frozen=True)
class Document:
    """An issued invoice in Ignition and the document in Xero that agrees with it."""

    invoice: Row
    document: Row

    @property
    def slug(self) -> str:
        return str(self.invoice["slug"])

    @property
    def key(self) -> str:
        return str(self.document["InvoiceID"])

    @property
    def number(self) -> str:
        return str(self.document["InvoiceNumber"])

    @property
    def day(self) -> date:
        return date.fromisoformat(self.invoice["date"])

    @property
    def is_open(self) -> bool:
        """Whether no money has come anywhere, so that a person may still change everything in Xero."""
        untouched = bool(self.document["AmountDue"] == self.document["Total"] > 0)
        return untouched and self.document["Status"] == "AUTHORISED"


@dataclass(frozen=True)
class Receipt:
    """Money that Ignition collected for one invoice, paid out, and posted to the clearing account in Xero."""

    document: Document
    payment: Row
    collection: Row
    posted: Row


@dataclass
class Party:
    """A client in Ignition, its contact in Xero, and what they agree about, oldest first."""

    client: Row
    contact: Row
    people: list[Row]
    proposals: list[Row]
    documents: list[Document] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)

    @property
    def slug(self) -> str:
        return str(self.client["slug"])

    @property
    def name(self) -> str:
        return str(self.client["name"])

    @property
    def key(self) -> str:
        return str(self.contact["ContactID"])

    @property
    def running(self) -> Row | None:
        """The engagement that bills now, if there is one."""
        found = [row for row in self.proposals if row["state"] == "accepted" and not row["proposal_end_date"]]
        return found[-1] if found else None


class Ground:
    """Hands out each client and document once. A client that is taken whole gives no documents afterwards."""

    def __init__(
        self,
        practice: IgnitionPractice,
        ledger: Ledger,
        xero: XeroWorld,
        draw: Draw,
        *,
        planted: Iterable[dict[str, Any]],
    ) -> None:
        self.practice = practice
        self.ledger = ledger
        self.xero = xero
        self.draw = draw
        self.zone = ZoneInfo(practice.time_zone)
        self._used = {key for entry in planted for key in (*entry["ignition_ids"], *entry["xero_ids"])}
        self._touched = {entry["client"] for entry in planted}
        self._hosts: set[str] = set()
        self._tried = {invoice["slug"] for payment in practice.payments for invoice in payment["invoices"]}
        self._parties = draw.shuffled(_parties(practice, ledger))

    @property
    def now(self) -> datetime:
        return self.practice.clock.now()

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def day(self, ago: int) -> date:
        return self.today - timedelta(days=ago)

    def is_used(self, key: str) -> bool:
        return key in self._used

    def use(self, key: str) -> None:
        self._used.add(key)

    # Taking ---------------------------------------------------------------------------------------

    def party(self, fits: Callable[[Party], bool] = lambda party: True, *, wanted: str = "a client") -> Party:
        """A client with all it has; rather one that is good for nothing else."""
        free = (party for party in self._parties if party.slug not in self._touched and fits(party))
        found = min(free, key=_worth, default=None)
        if found is None:
            raise NoGround(f"there is no client left with {wanted}")
        self._touched.add(found.slug)
        self._used.update(
            (found.slug, found.key, *(key for item in found.documents for key in (item.slug, item.key)))
        )
        return found

    def host(self, fits: Callable[[Party], bool] = lambda party: bool(party.proposals)) -> Party:
        """A client for a document that is made for the purpose: rather one that other documents were taken of."""
        free = [party for party in self._parties if not {party.slug, party.key} & self._used and fits(party)]
        found = min(
            free, key=lambda party: (party.slug in self._hosts, party.slug not in self._touched), default=None
        )
        if found is None:
            raise NoGround("there is no client left with an engagement")
        self._touched.add(found.slug)
        self._hosts.add(found.slug)
        return found

    def open(
        self, fits: Callable[[Document], bool] = lambda document: True, *, wanted: str = "an unpaid invoice"
    ) -> tuple[Party, Document]:
        """An unpaid document that Ignition never tried to collect, the newest that fits.

        Rather of a client that nothing happened to yet.
        """
        # False sorts before True, and sorting keeps the order otherwise.
        for party in sorted(self._parties, key=lambda party: party.slug in self._touched):
            for item in reversed(party.documents):
                untried = item.slug not in self._tried and item.is_open
                if untried and self._free(party, item) and fits(item):
                    self._take(party, item)
                    return party, item
        raise NoGround(f"there is no client left with {wanted}")

    def receipt(
        self, fits: Callable[[Receipt], bool] = lambda receipt: True, *, whole: bool = False
    ) -> tuple[Party, Receipt]:
        """Money that is in both systems; `whole`: of a client that nothing happened to yet and nothing will."""
        for party in self._parties:
            if whole and party.slug in self._touched:
                continue
            for item in reversed(party.receipts):
                if self._free(party, item.document) and fits(item):
                    self._take(party, item.document)
                    if whole:
                        self._used.update((party.slug, party.key))
                        self._used.update(key for own in party.documents for key in (own.slug, own.key))
                    return party, item
        raise NoGround("there is no client left with a payment that is in both systems")

    def _free(self, party: Party, item: Document) -> bool:
        return not {party.slug, party.key, item.slug, item.key} & self._used

    def _take(self, party: Party, item: Document) -> None:
        self._touched.add(party.slug)
        self._used.update((item.slug, item.key))

    def free_day(self, party: Party, *, first: int, last: int) -> date:
        """A day so many days ago on which the client has no invoice."""
        taken = {row["date"] for row in self.practice.invoices if row["client"]["slug"] == party.slug}
        for ago in range(first, last + 1):
            if self.day(ago).isoformat() not in taken:
                return self.day(ago)
        raise NoGround(f"{party.name} has an invoice on every day")


def _worth(party: Party) -> int:
    return 4 * sum(item.is_open for item in party.documents) + len(party.receipts)


def _parties(practice: IgnitionPractice, ledger: Ledger) -> list[Party]:
    """The clients that both systems agree about in every respect, by slug."""
    shared = _shared(practice)
    found = {
        client["slug"]: Party(client, contact, [], [])
        for client in practice.clients
        for contact in [ledger.contacts.get(client["xero_contact_id"] or "")]
        if contact is not None and client["email"] not in shared and _alike(client, contact)
    }
    for person in practice.contacts:
        if person["client"]["slug"] in found:
            found[person["client"]["slug"]].people.append(person)
    for proposal in practice.proposals:
        if proposal["client_slug"] in found:
            found[proposal["client_slug"]].proposals.append(proposal)
    _add_documents(practice, ledger, found)
    return [found[slug] for slug in sorted(found)]


def _add_documents(practice: IgnitionPractice, ledger: Ledger, found: dict[str, Party]) -> None:
    """Their issued invoices; a client with one that does not agree is left out altogether."""
    receipts = _receipts(practice, ledger)
    for invoice in practice.invoices:
        slug = invoice["client"]["slug"]
        party = found.get(slug)
        if party is None or invoice["state"] != "issued":
            continue
        document = ledger.invoices.get((invoice["deployment"] or {}).get("external_id") or "")
        if document is None or not _same(invoice, document, party):
            del found[slug]
            continue
        item = Document(invoice, document)
        party.documents.append(item)
        if invoice["slug"] in receipts:
            party.receipts.append(Receipt(item, *receipts[invoice["slug"]]))


def _alike(client: Row, contact: Row) -> bool:
    active = client["state"] == "active" and contact["ContactStatus"] == "ACTIVE"
    same = (contact["EmailAddress"], contact["Name"]) == (client["email"], client["name"])
    return bool(active and same)


def _shared(practice: IgnitionPractice) -> set[str]:
    """Addresses that more than one client has."""
    seen: dict[str, int] = defaultdict(int)
    for client in practice.clients:
        seen[client["email"]] += 1
    return {email for email, count in seen.items() if count > 1}


def _same(invoice: Row, document: Row, party: Party) -> bool:
    return bool(
        invoice["deployment"]["state"] == LINK
        and document["Status"] in ("AUTHORISED", "PAID")
        and document["Total"] == invoice["amount"]["total"]
        and document["Contact"]["ContactID"] == party.key
        and (document["Status"] == "PAID") == (invoice["payment_state"] == "paid")
    )


def _receipts(practice: IgnitionPractice, ledger: Ledger) -> dict[str, tuple[Row, Row, Row]]:
    """By invoice: its only payment (of no other invoice), its only collection, and the one payment in Xero."""
    tries: dict[str, int] = defaultdict(int)
    taken: dict[str, Row] = {}
    for payment in practice.payments:
        for invoice in payment["invoices"]:
            tries[invoice["slug"]] += 1
        if len(payment["invoices"]) == 1 and payment["state"] == "disbursed":
            taken[payment["invoices"][0]["slug"]] = payment
    moved: dict[str, list[Row]] = defaultdict(list)
    for row in practice.collections:
        moved[row["invoice"]["slug"]].append(row)
    found = {}
    for slug, payment in taken.items():
        key = ((practice.get("invoices", slug) or {}).get("deployment") or {}).get("external_id")
        document = ledger.invoices.get(key or "")
        if document is None or document["Status"] != "PAID" or len(document["_payments"]) != 1:
            continue
        posted = ledger.payments[document["_payments"][0]]
        if tries[slug] == len(moved[slug]) == 1 and posted["Amount"] == payment["amount"]["amount"]:
            found[slug] = (payment, moved[slug][0], posted)
    return found
