"""What people do during a run: in Ignition new clients, invoices, payments and changes, in Xero changes by hand.

Everything is drawn from dice. What a person changed in Xero, and which versions an invoice had that was voided later,
is noted for the comparison at the end; everything else is read from the two dumps.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

from chaos.business import ZONES, Bill, Business, Client, cents
from chaos.control import Control, Refused

Row = dict[str, Any]

#: Shares of the records wanted at the end.
CLIENT_SHARE, INVOICE_SHARE = 0.22, 0.48
#: Where a person enters money in Xero.
BANK_CODE = "090"


@dataclass
class Notes:
    """What the dumps of the two systems do not tell.

    ``by_hand``: Xero ids of what people made there.  ``edits``: by ContactID what people changed there.
    ``versions``: by Ignition slug every version of invoices that had to stay as they were found: voided ones, and
    those that somebody entered money for in Xero.
    """

    by_hand: set[str] = field(default_factory=set)
    edits: dict[str, Row] = field(default_factory=dict)
    versions: dict[str, list[Row]] = field(default_factory=dict)


class People:
    """The people of one practice."""

    def __init__(self, control: Control, key: str, tenant: str, business: Business, dice: Random) -> None:
        self.key, self.tenant = key, tenant
        self.notes = Notes()
        self.did: Counter[str] = Counter()
        self._control = control
        self._business = business
        self._dice = dice
        self._clients: list[Client] = []
        self._bills: list[Bill] = []
        self._history: dict[str, list[Row]] = {}
        self._under_way: list[tuple[Row, list[Row], list[Bill]]] = []
        self._contacts: dict[str, Row] = {}
        self._invoices: dict[str, Row] = {}
        self._edits: tuple[tuple[Callable[[], bool], int], ...] = (
            (self._change_phone, 4),
            (self._change_email, 3),
            (self._rename, 2),
            (self._change_invoice, 5),
            (self._void, 1),
            (self._cancel_payment, 1),
            (self._change_contact_in_xero, 4),
            (self._pay_in_xero, 1),
        )

    @property
    def records(self) -> int:
        """How many records there are that belong into Xero."""
        return self.did["client"] + self.did["invoice"] + self.did["payment"] - self.did["void"]

    def grow(self, number: int) -> None:
        """About ``number`` new records: clients, their invoices, payments."""
        clients = max(1, round(number * CLIENT_SHARE)) if number > 3 or not self._clients else 0
        invoices = max(1, round(number * INVOICE_SHARE))
        self._new_clients(clients)
        self._new_invoices(invoices)
        self._pay(max(0, number - clients - invoices))
        self._collect(0.7)

    def edit(self) -> None:
        """One change of something that is there."""
        acts = [act for act, weight in self._edits for _ in range(weight)]
        act = self._dice.choice(acts)
        if act():
            self.did[act.__name__.lstrip("_")] += 1

    def look_at_xero(self) -> None:
        """What people in Xero see now; they change only what they see."""
        there = self._control.xero(self.tenant)
        self._contacts = {row["ContactNumber"]: row for row in there["contacts"] if row.get("ContactNumber")}
        self._invoices = {row["InvoiceNumber"]: row for row in there["invoices"] if row.get("InvoiceNumber")}

    def finish(self) -> None:
        """Bring every payment that is under way to its end."""
        self._collect(1.0)

    # New records ------------------------------------------------------------------------------------

    def _new_clients(self, number: int) -> None:
        made = [self._business.client() for _ in range(number)]
        self._put("clients", [row for _, row, _ in made])
        self._put("contacts", [row for _, _, row in made])
        self._clients += [client for client, _, _ in made]
        self.did["client"] += number

    def _new_invoices(self, number: int) -> None:
        today = datetime.now(UTC).astimezone(ZONES[self._business.country]).date()
        rows = []
        for _ in range(number):
            # Newer clients get most of them, so that many invoices wait for a contact that is just being made.
            among = self._clients[-40:] if self._dice.random() < 0.7 else self._clients
            bill, row = self._business.invoice(self._dice.choice(among), today=today)
            self._bills.append(bill)
            rows.append(row)
        for stored in self._put("invoices", rows):
            self._history[stored["slug"]] = [stored]
        self.did["invoice"] += number

    def _pay(self, number: int) -> None:
        rows = []
        while number > 0:
            bills = self._to_pay()
            if not bills:
                break
            share = Decimal("0.4") if len(bills) == 1 and self._dice.random() < 0.15 else Decimal(1)
            amounts = [cents((bill.total - bill.paid) * share) for bill in bills]
            row, money = self._business.payment(bills, amounts)
            for bill, amount in zip(bills, amounts, strict=True):
                bill.paid += amount
            self._under_way.append((row, money, bills))
            rows.append(row)
            number -= len(bills)
            self.did["payment"] += len(bills)
        self._put("payments", rows)

    def _to_pay(self) -> list[Bill]:
        due = [bill for bill in self._bills if not bill.closed and bill.paid < bill.total]
        if not due:
            return []
        first = self._dice.choice(due)
        others = [bill for bill in due if bill.client == first.client and bill is not first and not bill.paid]
        return [first, others[0]] if others and not first.paid and self._dice.random() < 0.3 else [first]

    def _collect(self, share: float) -> None:
        """The money of payments under way comes: the payment changes, and rows of money appear."""
        done = [item for item in self._under_way if self._dice.random() < share]
        self._under_way = [item for item in self._under_way if item not in done]
        self._put("payments", [self._business.collected(row) for row, _, _ in done])
        self._put("collections", [row for _, money, _ in done for row in money])

    # Changes in Ignition ----------------------------------------------------------------------------

    def _change_phone(self) -> bool:
        client = self._client(but="phone")
        phone = self._business.phone()
        self._put("contacts", [{"slug": client.person, "phone": phone}])
        self._put("clients", [{"slug": client.slug, "phone": phone}])
        return True

    def _change_email(self) -> bool:
        client = self._client(but="email")
        self._put("contacts", [{"slug": client.person, "email": self._business.email()}])
        return True

    def _rename(self) -> bool:
        self._put("clients", [{"slug": self._dice.choice(self._clients).slug, "name": self._business.name()}])
        return True

    def _change_invoice(self) -> bool:
        bill = self._unpaid()
        if bill is None:
            return False
        history = self._history[bill.slug]
        lines, bill.total = self._business.lines()
        amount = {**history[-1]["amount"], "total": bill.total}
        history += self._put("invoices", [{"slug": bill.slug, "items": lines, "amount": amount}])
        return True

    def _void(self) -> bool:
        bill = self._unpaid()
        if bill is None:
            return False
        bill.closed = True
        self._put("invoices", [{"slug": bill.slug, "state": "voided"}])
        self.notes.versions[bill.slug] = self._history[bill.slug]
        return True

    def _cancel_payment(self) -> bool:
        if not self._under_way:
            return False
        row, money, bills = self._under_way.pop(self._dice.randrange(len(self._under_way)))
        self._put("payments", [{"slug": row["slug"], "state": "cancelled"}])
        for bill, part in zip(bills, money, strict=True):
            bill.paid -= part["amount"]["total"]
        self.did["payment"] -= len(bills)
        return True

    # Changes in Xero --------------------------------------------------------------------------------

    def _change_contact_in_xero(self) -> bool:
        fitting = [client for client in self._clients if client.xero_field and self._seen(client)]
        if not fitting:
            return False
        client = self._dice.choice(fitting)
        key = self._seen(client)["ContactID"]
        if client.xero_field == "email":
            value = f"by.hand{self._dice.randint(1, 10**6)}@typed.example"
            self._act("contact", {"ContactID": key, "EmailAddress": value})
        else:
            value = f"5550 {self._dice.randint(1000, 9999)}"
            phone = {
                "PhoneType": "DEFAULT",
                "PhoneCountryCode": "",
                "PhoneAreaCode": "02",
                "PhoneNumber": value,
            }
            self._act("contact", {"ContactID": key, "Phones": [phone]})
        self.notes.edits.setdefault(key, {})[client.xero_field] = value
        return True

    def _pay_in_xero(self) -> bool:
        """A client paid by transfer, and somebody enters it where the bank line is."""
        bill = self._unpaid()
        there = self._invoices.get(f"IGN-{self._history[bill.slug][0]['reference_number']}") if bill else None
        if bill is None or there is None:
            return False
        bill.closed = True
        payment = {
            "Invoice": {"InvoiceID": there["InvoiceID"]},
            "Account": {"Code": BANK_CODE},
            "Date": bill.day.isoformat(),
            "Amount": Decimal("1.00"),
        }
        try:
            made = self._act("payment", payment)
        except Refused:
            return False  # too late: somebody was faster
        self.notes.by_hand.add(made["PaymentID"])
        self.notes.versions[bill.slug] = self._history[bill.slug]
        return True

    # ------------------------------------------------------------------------------------------------

    def _client(self, *, but: str) -> Client:
        """A client of whom this field is changed in Ignition only."""
        return self._dice.choice([client for client in self._clients if client.xero_field != but])

    def _unpaid(self) -> Bill | None:
        found = [bill for bill in self._bills if bill.is_open]
        return self._dice.choice(found) if found else None

    def _seen(self, client: Client) -> Row:
        return self._contacts.get(f"IGN-{client.slug.rpartition('_')[2]}", {})

    def _put(self, resource: str, rows: list[Row]) -> list[Row]:
        return self._control.put_rows(self.key, resource, rows)

    def _act(self, action: str, body: Row) -> Row:
        done: Row = self._control.post(f"xero/{self.tenant}/{action}", body)
        return done
