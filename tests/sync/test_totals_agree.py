"""What we foresee is what the ledger computes: subtotal, tax and total to the cent, for any lines, rates and bases."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.amounts import cents, tax_on
from connectors.records import Account, Invoice, Kind, Line, Service, TaxRate
from connectors.xero.render import element
from mappings.engine import Catalogue, map_invoice
from mappings.spec import Choices, Facts, Spec
from sandbox.clock import Clock
from sandbox.world import World
from sandbox.xero.ledger import Ledger

RATES = ("0", "5", "8.25", "10", "12.5", "15", "17.5", "20", "23")
LABELS = {rate: f"Tax {rate}" for rate in RATES}
CATALOGUE = Catalogue(
    services={
        f"serv_{rate}": Service(external_id=f"serv_{rate}", name=f"Work at {rate}", tax_label=LABELS[rate])
        for rate in RATES
    },
    services_by_name={
        f"work at {rate}": Service(external_id=f"serv_{rate}", name=f"Work at {rate}", tax_label=LABELS[rate])
        for rate in RATES
    },
    has_tax_labels=True,
)


class Books:
    """One organisation with a tax rate for each of ours, and what a mapping says about it."""

    def __init__(self, country: str) -> None:
        world = World(seed=3, clock=Clock(datetime(2026, 11, 20, 2, tzinfo=UTC), speed=0))
        self.ledger: Ledger = world.xero.add_organisation(f"Books of {country}", country)
        self.contact = self.ledger.put_contact({"Name": "Able Pty Ltd"})["ContactID"]
        self.number = 0
        types = {}
        for rate in RATES:
            made = self.ledger.put_tax_rate(
                {
                    "Name": f"Ours {rate}",
                    "TaxComponents": [{"Name": "Tax", "Rate": Decimal(rate), "IsCompound": False}],
                    "ReportTaxType": "OUTPUT",
                }
            )
            types[rate] = made["TaxType"]
        self.spec = Spec(
            version=1,
            choices=Choices(
                sales_account="200",
                tax_by_label={LABELS[rate]: types[rate] for rate in RATES},
                number_prefix="",
            ),
            facts=Facts(
                accounts={"200": Account(external_id="200", name="Sales", code="200", status="ACTIVE")},
                tax_rates={
                    types[rate]: TaxRate(
                        external_id=types[rate], name=rate, rate=Decimal(rate), for_revenue=True
                    )
                    for rate in RATES
                },
                base_currency=self.ledger.currency,
                country=country,
            ),
        )

    def written(self, values: dict[str, Any]) -> dict[str, Any]:
        self.number += 1
        own = {**values, "number": f"N-{self.number}", "contact_external_id": self.contact}
        return self.ledger.put_invoice(element(Kind.INVOICE, own), unitdp=4)


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    """An invoice whose total is its lines with tax on top, or with tax in them, or a cent or two beside that."""
    lines, net, on_top = [], Decimal(0), Decimal(0)
    for _ in range(draw(st.integers(1, 6))):
        rate = draw(st.sampled_from(RATES))
        quantity = draw(st.decimals("0.25", 40, places=2))
        price = draw(st.decimals("0.01", 3000, places=draw(st.sampled_from([2, 4]))))
        gross = cents(quantity * price)
        discount = draw(st.sampled_from([Decimal(0), Decimal("0.05"), cents(gross / 3)]))
        amount = gross - min(discount, gross)
        lines.append(
            Line(
                description=f"Work at {rate}",
                quantity=quantity,
                unit_amount=price,
                discount=min(discount, gross),
                amount=amount,
            )
        )
        net += amount
        on_top += tax_on(amount, Decimal(rate), inclusive=False)
    total = draw(st.sampled_from([net, net + on_top])) + draw(
        st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("-0.02")])
    )
    return Invoice(
        external_id="inv",
        contact_external_id="cli",
        number="1",
        date=date(2026, 11, 10),
        due_date=date(2026, 11, 24),
        total=total,
        lines=tuple(lines),
    )


@pytest.fixture(scope="module", params=["AU", "NZ", "GB"])
def books(request: pytest.FixtureRequest) -> Books:
    return Books(request.param)


@settings(max_examples=150, deadline=None)
@given(invoice=invoices(), basis=st.sampled_from(["auto", "Exclusive", "Inclusive"]))
def test_the_ledger_computes_what_was_foreseen(books: Books, invoice: Invoice, basis: str) -> None:
    choices = books.spec.choices
    spec = Spec(
        version=1,
        choices=Choices(
            sales_account="200", tax_by_label=choices.tax_by_label, number_prefix="", line_amounts=basis
        ),
        facts=books.spec.facts,
    )
    mapped = map_invoice(invoice, CATALOGUE, spec)
    if mapped.issues:
        assert {issue.code for issue in mapped.issues} <= {"does_not_add_up", "negative_total"}
        return
    there = books.written(mapped.values)
    assert [there["SubTotal"], there["TotalTax"], there["Total"]] == [
        Decimal(mapped.values[name]) for name in ("subtotal", "tax", "total")
    ]
    assert there["Total"] == cents(invoice.total)
