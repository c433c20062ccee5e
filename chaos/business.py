"""Clients, invoices and payments as Ignition would show them, made up from dice."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
CENT = Decimal("0.01")
QUANTITIES = ("1", "1", "2", "3", "2.75")

_FIRST = (
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "qui",
    "ro",
    "su",
    "ta",
    "ve",
    "wi",
)
_NEXT = (
    "bran",
    "celt",
    "dorn",
    "fenn",
    "gris",
    "holm",
    "jorn",
    "kest",
    "lund",
    "marr",
    "nald",
    "pold",
    "rost",
    "tram",
)
_LAST = ("ade", "elo", "ick", "ona", "urn", "yss", "ast", "ire", "oft", "umb")
_FORMS = {"AU": ("Pty Ltd", "Trust", ""), "NZ": ("Limited", "Trust", "")}
#: Country code and what a fixed line begins with there.
_LINES = {"AU": ("61", ("02", "03", "07", "08")), "NZ": ("64", ("03", "04", "06", "09"))}
ZONES = {"AU": ZoneInfo("Australia/Sydney"), "NZ": ZoneInfo("Pacific/Auckland")}
CURRENCIES = {"AU": "AUD", "NZ": "NZD"}


@dataclass
class Bill:
    """An invoice and what has happened to it, as far as it decides what may happen next."""

    slug: str
    client: str
    total: Decimal
    day: date
    paid: Decimal = Decimal(0)
    closed: bool = False

    @property
    def is_open(self) -> bool:
        return not self.closed and not self.paid


@dataclass
class Client:
    """``xero_field`` is the one field that only people in Xero change for this client."""

    slug: str
    person: str
    xero_field: str
    bills: list[Bill] = field(default_factory=list)


@dataclass(frozen=True)
class Service:
    name: str
    price: Decimal
    percent: Decimal


class Business:
    """Makes wire rows for one practice. Names, numbers and addresses never repeat."""

    def __init__(self, *, country: str, letter: str, dice: Random, services: Sequence[Service]) -> None:
        self.country = country
        self._letter = letter
        self._dice = dice
        self._services = list(services)
        self._names: set[str] = set()
        self._count = 0

    def client(self) -> tuple[Client, Row, Row]:
        """A new client and the rows of the client and of its person."""
        dice, number = self._dice, self._next()
        slug, person = self._slug("cli", number), self._slug("con", number)
        name, email, phone = self.name(), self.email(), self.phone()
        row: Row = {
            "slug": slug,
            "name": name,
            "state": "active",
            "external_client_id": f"{self._letter}{number:05d}" if dice.random() < 0.5 else None,
            "xero_contact_id": None,
            "qbo_customer_id": None,
            "manager": {"name": "Mina Okafor", "email": "mina.okafor@office.example"},
            "partner": None,
            "tags": [],
            "group_name": None,
            "email": email,
            "phone": phone,
            "link": f"https://go.ignitionapp.example/clients/{slug}",
        }
        contact = {
            "slug": person,
            "id": 70_000_000 + number,
            "client": {"slug": slug},
            "name": f"{self._word().title()} {self._word().title()}",
            "email": email,
            "phone": phone,
            "mobile": None,
            "is_primary": True,
            "is_signatory": True,
            "is_invoice_recipient": True,
        }
        return Client(slug, person, dice.choice(("phone", "email", "", ""))), row, contact

    def invoice(self, client: Client, *, today: date) -> tuple[Bill, Row]:
        dice, number = self._dice, self._next()
        slug = self._slug("inv", number)
        day = today - timedelta(days=dice.randint(0, 40))
        lines, total = self.lines()
        bill = Bill(slug, client.slug, total, day)
        client.bills.append(bill)
        return bill, {
            "slug": slug,
            "reference_number": f"{self._letter}{number:06d}",
            "reference": None,
            "billing_reference": f"PROP-{number:05d}",
            "client": {"slug": client.slug},
            "state": "issued",
            "payment_state": "unpaid",
            "amount": {"total": total, "surcharge": Decimal(0), "currency": CURRENCIES[self.country]},
            "date": day.isoformat(),
            "due_date": (day + timedelta(days=dice.choice((7, 14, 30)))).isoformat(),
            "items": lines,
            "source": "ignition",
            "deployment": None,
            "disbursal": None,
            "link": f"https://go.ignitionapp.example/invoices/{slug}",
        }

    def lines(self) -> tuple[list[Row], Decimal]:
        """Lines of an invoice and its total: tax on top, tax inside, or tax rounded once over the sum."""
        dice = self._dice
        chosen = [dice.choice(self._services) for _ in range(dice.randint(1, 3))]
        rows, parts = [], []
        for service in chosen:
            quantity = Decimal(dice.choice(QUANTITIES))
            price = service.price + Decimal(dice.randint(0, 9_999)) / 100
            discount = Decimal(dice.randint(100, 900)) / 100 if dice.random() < 0.15 else Decimal(0)
            total = cents(quantity * price) - discount
            parts.append((total, service.percent))
            rows.append(
                {
                    "description": service.name,
                    "quantity": quantity,
                    "unit_price": price,
                    "discount": discount,
                    "total": total,
                    "currency": CURRENCIES[self.country],
                    "origin_type": None,
                    "origin_identifier": None,
                }
            )
        net = sum((total for total, _ in parts), Decimal(0))
        if dice.random() < 0.2:
            return rows, net
        if dice.random() < 0.1 and len({percent for _, percent in parts}) == 1:
            return rows, net + cents(net * parts[0][1] / 100)
        return rows, net + sum((cents(total * percent / 100) for total, percent in parts), Decimal(0))

    def payment(self, bills: Sequence[Bill], amounts: Sequence[Decimal]) -> tuple[Row, list[Row]]:
        """A payment that is under way, and the rows of money that appear when it is collected."""
        dice, number = self._dice, self._next()
        slug = self._slug("pypay", number)
        currency = CURRENCIES[self.country]
        started = datetime.now(UTC) - timedelta(minutes=dice.randint(5, 40), seconds=number % 60)
        method = dice.choice(("credit card", "bank account"))
        row = {
            "slug": slug,
            "client": {"slug": bills[0].client},
            "invoices": [{"slug": bill.slug} for bill in bills],
            "amount": {"amount": sum(amounts, Decimal(0)), "surcharge": Decimal(0), "currency": currency},
            "state": "collecting",
            "collection": {"type": method, "state": "started", "completed_at": None, "fee_amount": None},
            "available_on": None,
            "disbursal": None,
            "link": f"https://go.ignitionapp.example/payments/{slug}",
        }
        money = [
            {
                "type": "payment_collection",
                "amount": {"total": amount, "surcharge": Decimal(0), "currency": currency},
                "client": {"slug": bill.client},
                "invoice": {"slug": bill.slug},
                "payment": {"started_at": _stamp(started), "fee": None},
                "disbursal": None,
            }
            for bill, amount in zip(bills, amounts, strict=True)
        ]
        return row, money

    def collected(self, payment: Row) -> Row:
        """What changes on a payment when its money has come."""
        done = datetime.now(UTC) - timedelta(minutes=self._dice.randint(0, 4))
        collection = {**payment["collection"], "state": "completed", "completed_at": _stamp(done)}
        return {"slug": payment["slug"], "state": "collected", "collection": collection}

    def name(self) -> str:
        """A name that no client of this practice has had."""
        while True:
            form = self._dice.choice(_FORMS[self.country])
            found = f"{self._word().title()} {self._word().title()} {form}".strip()
            if found.casefold() not in self._names:
                self._names.add(found.casefold())
                return found

    def email(self) -> str:
        return f"office{self._next()}@{self._word()}{self._next()}.example"

    def phone(self) -> str:
        """A fixed line as people of the country write it."""
        code, areas = _LINES[self.country]
        area, number = self._dice.choice(areas), f"{self._dice.randint(2, 9)}{self._next() % 1000:03d}"
        rest = f"{self._dice.randint(0, 9999):04d}"
        if self.country == "NZ":
            number = number[:3]
        return (
            f"{area} {number} {rest}" if self._dice.random() < 0.5 else f"+{code} {area[1:]} {number} {rest}"
        )

    def _word(self) -> str:
        return self._dice.choice(_FIRST) + self._dice.choice(_NEXT) + self._dice.choice(_LAST)

    def _slug(self, prefix: str, number: int) -> str:
        packed = number.to_bytes(4, "big") + self._dice.randbytes(7) + self._letter.encode()[:1]
        return f"{prefix}_{base64.b32encode(packed).decode().rstrip('=').lower()}"

    def _next(self) -> int:
        self._count += 1
        return self._count


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
