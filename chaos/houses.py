"""The practices of a run: what the sandbox makes up for each, what people add, and the app's side of it."""

import math
from dataclasses import dataclass
from random import Random
from typing import Any

from chaos import office as app
from chaos.business import Business, Service
from chaos.checker import Result, compare
from chaos.control import Control
from chaos.expected import TAXES, Known
from chaos.people import People

#: Key, name, country, share of the records.
PRACTICES = (
    ("harbour", "Harbour Lane Advisory", "AU", 0.4),
    ("kauri", "Kauri Point Accounting", "NZ", 0.25),
    ("wattle", "Wattle Street Partners", "AU", 0.2),
    ("rimu", "Rimu and Rata Limited", "NZ", 0.15),
)
#: A small history of each practice, with everything that real books have, made by the sandbox.
SEEDED_CLIENTS, SEEDED_MONTHS = 20, 3
#: Share of the records that are there before the first sync.
AT_THE_START = 0.4
#: Changes of what is there, as a share of the records.
EDIT_SHARE = 0.15
LEAST_PRICE = 50
NEW = frozenset({"client", "invoice", "payment"})


@dataclass
class House:
    """One practice: its people, and Xero as it was before the app came."""

    key: str
    tenant: str
    country: str
    wanted: int
    people: People
    report: dict[str, Any]
    before: dict[str, list[dict[str, Any]]]
    office: app.Office

    def work(self, share: float) -> None:
        """Bring the records to the share of all that is due by now, and change some that are there."""
        due = round(self.wanted * (AT_THE_START + (1 - AT_THE_START) * share)) - self.people.records
        if due > 0:
            self.people.grow(due)
        edits = sum(number for name, number in self.people.did.items() if name not in NEW)
        for _ in range(round(self.wanted * EDIT_SHARE * share) - edits):
            self.people.edit()

    def compare(self, control: Control) -> Result:
        notes = self.people.notes
        return compare(
            control.ignition(self.key),
            control.xero(self.tenant),
            before=self.before,
            by_hand=notes.by_hand,
            edits=notes.edits,
            known=self.known(),
        )

    def known(self) -> Known:
        report = self.report
        pairs = [*report["same_names"], *report["near_names"]]
        odd = {slug for pair in pairs for slug in pair} | set(report["not_linkable"])
        return Known(
            country=self.country,
            odd=frozenset(odd | set(report["linkable"])),
            native_clients=frozenset({*report["native_contacts"], *report["linkable"]}),
            native_invoices=report["native_invoices"],
            native_voided=frozenset(report["voided_in_xero"]),
            native_money=frozenset(report["native_payments"]),
            versions=self.people.notes.versions,
        )


def open_houses(control: Control, *, seed: int, size: int) -> list[House]:
    """Practices with a history on both sides, more records made up by people, and connected to the app."""
    houses = []
    for key, name, country, share in PRACTICES:
        wanted = math.ceil(size * share)
        facts = {"clients": SEEDED_CLIENTS, "months": SEEDED_MONTHS, "seed": seed}
        report = control.post("seed", {"practice": key, "name": name, "country": country, **facts})
        tenant = report["tenant_id"]
        dice = Random(f"{seed}/{key}")
        services = _services(control, key, country)
        business = Business(country=country, letter=key[0].upper(), dice=dice, services=services)
        people = People(control, key, tenant, business, dice)
        before = control.xero(tenant)
        people.grow(round(wanted * AT_THE_START))
        office = app.open_office(key=key, name=name, country=country)
        houses.append(House(key, tenant, country, wanted, people, report, before, office))
    return houses


def _services(control: Control, key: str, country: str) -> list[Service]:
    rows = control.ignition(key)["services"]
    return [
        Service(row["name"], row["price"], TAXES[country][row["tax_rate"]][0])
        for row in rows
        if row["state"] == "active" and row["price"] >= LEAST_PRICE
    ]
