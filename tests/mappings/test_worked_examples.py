"""Invoices as an accountant would check them: what Ignition billed, and what has to stand in Xero.

Each example names the lines (description, quantity, unit price, discount, amount, tax label), the total in
Ignition, and the subtotal, tax and total that the ledger must show.
"""

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.records import Account, Invoice, Line, Service
from mappings.engine import Catalogue, Mapped, map_invoice
from mappings.receipts import map_payment
from mappings.spec import Choices, Spec
from tests.mappings import offers

TAX = {
    "AU": {"GST on Income": "OUTPUT", "GST Free": "EXEMPTOUTPUT"},
    "NZ": {"15% GST on Income": "OUTPUT2", "Zero Rated": "ZERORATED"},
}


def spec(country: str = "AU", **choices: Any) -> Spec:
    values: dict[str, Any] = {
        "sales_account": "200",
        "default_tax": "OUTPUT" if country == "AU" else "OUTPUT2",
        "tax_by_label": TAX[country],
        "clearing_account": "608",
    }
    return Spec(version=1, choices=Choices(**values | choices), facts=offers.facts(country))


def line(
    name: str, amount: str, *, quantity: str = "1", unit: str = "", discount: str = "0", label: str = ""
) -> tuple[Line, Service]:
    """A line of the invoice and the service it bills."""
    billed = Line(
        description=name,
        quantity=Decimal(quantity),
        unit_amount=Decimal(unit or amount),
        discount=Decimal(discount),
        amount=Decimal(amount),
    )
    return billed, Service(external_id=f"serv_{name}", name=name, tax_label=label)


def bill(
    *billed: tuple[Line, Service],
    total: str,
    country: str = "AU",
    surcharge: str = "0",
    using: Spec | None = None,
) -> Mapped:
    """Map an invoice of these lines with Ignition's total."""
    services = [service for _, service in billed]
    catalogue = Catalogue(
        services={service.external_id: service for service in services},
        services_by_name={service.name.casefold(): service for service in services},
    )
    invoice = Invoice(
        external_id="inv_1",
        contact_external_id="cli_1",
        number="1042",
        date=date(2026, 11, 2),
        due_date=date(2026, 11, 16),
        currency="AUD" if country == "AU" else "NZD",
        total=Decimal(total),
        surcharge=Decimal(surcharge),
        lines=tuple(item for item, _ in billed),
    )
    return map_invoice(invoice, catalogue, using or spec(country))


def totals(mapped: Mapped) -> tuple[str, str, str, str]:
    """How amounts are to be read, subtotal, tax, total."""
    values = mapped.values
    return values["line_amounts"], values["subtotal"], values["tax"], values["total"]


def codes(mapped: Mapped) -> set[str]:
    return {issue.code for issue in mapped.issues}


def test_monthly_bookkeeping_plus_gst() -> None:
    """$450.00 a month plus 10 % GST is $495.00."""
    mapped = bill(line("Bookkeeping", "450.00", label="GST on Income"), total="495.00")
    assert mapped.issues == ()
    assert totals(mapped) == ("Exclusive", "450.00", "45.00", "495.00")
    assert mapped.values["lines"] == [
        {
            "description": "Bookkeeping",
            "quantity": "1",
            "unit_amount": "450.00",
            "account_code": "200",
            "tax_type": "OUTPUT",
        }
    ]
    assert (mapped.values["number"], mapped.values["date"], mapped.values["due_date"]) == (
        "IGN-1042",
        "2026-11-02",
        "2026-11-16",
    )


def test_price_that_contains_gst() -> None:
    """The lines alone make the total, so the $495.00 contain $45.00 GST."""
    mapped = bill(line("Bookkeeping", "495.00", label="GST on Income"), total="495.00")
    assert mapped.issues == ()
    assert totals(mapped) == ("Inclusive", "450.00", "45.00", "495.00")


def test_taxed_and_gst_free_lines_on_one_invoice() -> None:
    """$300.00 tax return plus GST and a $310.00 GST-free filing fee: $30.00 GST in $640.00."""
    mapped = bill(
        line("Tax return", "300.00", label="GST on Income"),
        line("ASIC fee", "310.00", label="GST Free"),
        total="640.00",
    )
    assert mapped.issues == ()
    assert totals(mapped) == ("Exclusive", "610.00", "30.00", "640.00")
    assert [item["tax_type"] for item in mapped.values["lines"]] == ["OUTPUT", "EXEMPTOUTPUT"]


def test_gst_free_only() -> None:
    """With no tax anywhere it makes no difference how the amounts are read."""
    mapped = bill(line("ASIC fee", "310.00", label="GST Free"), total="310.00")
    assert mapped.issues == ()
    assert totals(mapped)[1:] == ("310.00", "0.00", "310.00")


def test_unit_price_with_four_decimals() -> None:
    """37 payslips at $4.1275 are $152.7175, billed as $152.72; GST is $15.27."""
    mapped = bill(
        line("Payslips", "152.72", quantity="37", unit="4.1275", label="GST on Income"), total="167.99"
    )
    assert mapped.issues == ()
    assert totals(mapped) == ("Exclusive", "152.72", "15.27", "167.99")
    assert (mapped.values["lines"][0]["quantity"], mapped.values["lines"][0]["unit_amount"]) == (
        "37",
        "4.1275",
    )


def test_unit_price_that_xero_cannot_hold_becomes_one_unit_of_the_whole() -> None:
    """A price with six decimals: the amount stays right, the calculation moves to the description."""
    mapped = bill(
        line("Transactions", "86.42", quantity="7", unit="12.345678", label="GST on Income"), total="95.06"
    )
    assert mapped.issues == ()
    written = mapped.values["lines"][0]
    assert (written["quantity"], written["unit_amount"]) == ("1", "86.42")
    assert "7" in written["description"]
    assert "12.345678" in written["description"]
    assert totals(mapped) == ("Exclusive", "86.42", "8.64", "95.06")


def test_discount_as_an_amount() -> None:
    """Two days at $600.00 less $100.00 is $1,100.00 plus $110.00 GST."""
    mapped = bill(
        line("Advisory", "1100.00", quantity="2", unit="600.00", discount="100.00", label="GST on Income"),
        total="1210.00",
    )
    assert mapped.issues == ()
    assert mapped.values["lines"][0]["discount"] == "100.00"
    assert totals(mapped) == ("Exclusive", "1100.00", "110.00", "1210.00")


def test_discount_as_a_percentage() -> None:
    """15 % off $1,200.00 is $180.00 off: written as the amount, which leaves nothing to round."""
    mapped = bill(
        line("Advisory", "1020.00", quantity="2", unit="600.00", discount="15", label="GST on Income"),
        total="1122.00",
    )
    assert mapped.issues == ()
    assert Decimal(mapped.values["lines"][0]["discount"]) == Decimal("180.00")
    assert totals(mapped) == ("Exclusive", "1020.00", "102.00", "1122.00")


def test_card_surcharge_stays_off_the_invoice() -> None:
    """The client paid $502.43 by card, $7.43 of it surcharge: the invoice in Xero is $495.00."""
    mapped = bill(line("Bookkeeping", "450.00", label="GST on Income"), total="502.43", surcharge="7.43")
    assert mapped.issues == ()
    assert totals(mapped) == ("Exclusive", "450.00", "45.00", "495.00")


def test_one_cent_of_rounding_is_put_on_a_line_and_told() -> None:
    """Three lines of $33.35 make $3.34 GST each by line ($10.02), Ignition rounds the whole ($10.01)."""
    three = [line(f"Part {number}", "33.35", label="GST on Income") for number in (1, 2, 3)]
    mapped = bill(*three, total="110.06")
    assert mapped.issues == ()
    assert totals(mapped) == ("Exclusive", "100.05", "10.01", "110.06")
    assert [item.get("tax_amount") for item in mapped.values["lines"]] == ["3.33", None, None]
    assert len(mapped.remarks) == 1
    assert "rounding" in mapped.remarks[0]


def test_more_than_rounding_is_not_explained_away() -> None:
    """Four cents on three lines is no rounding: nothing is written, and the numbers are named."""
    three = [line(f"Part {number}", "33.35", label="GST on Income") for number in (1, 2, 3)]
    mapped = bill(*three, total="110.11")
    assert codes(mapped) == {"does_not_add_up"}
    assert mapped.values["lines"] == []
    assert "100.05" in mapped.issues[0].text
    assert "110.11" in mapped.issues[0].text


def test_new_zealand_fifteen_per_cent() -> None:
    """$230.00 plus 15 % GST is $264.50; a zero-rated line stays without."""
    mapped = bill(
        line("Annual accounts", "230.00", label="15% GST on Income"),
        line("Overseas advice", "100.00", label="Zero Rated"),
        total="364.50",
        country="NZ",
    )
    assert mapped.issues == ()
    assert totals(mapped) == ("Exclusive", "330.00", "34.50", "364.50")
    assert [item["tax_type"] for item in mapped.values["lines"]] == ["OUTPUT2", "ZERORATED"]


def test_new_zealand_price_that_contains_gst() -> None:
    """$230.00 with GST inside are $200.00 and $30.00."""
    mapped = bill(line("Annual accounts", "230.00", label="15% GST on Income"), total="230.00", country="NZ")
    assert totals(mapped) == ("Inclusive", "200.00", "30.00", "230.00")


def test_service_with_its_own_account() -> None:
    using = spec(account_by_service={"serv_Bookkeeping": "202"})
    mapped = bill(
        line("Bookkeeping", "450.00", label="GST on Income"),
        line("Tax return", "300.00", label="GST on Income"),
        total="825.00",
        using=using,
    )
    assert [item["account_code"] for item in mapped.values["lines"]] == ["202", "200"]


def test_chosen_reading_is_kept_even_where_the_other_one_would_fit() -> None:
    """The practice says its prices exclude GST; a total without GST is then an error, not a guess."""
    mapped = bill(
        line("Bookkeeping", "495.00", label="GST on Income"),
        total="495.00",
        using=spec(line_amounts="Exclusive"),
    )
    assert codes(mapped) == {"does_not_add_up"}


@pytest.mark.parametrize(
    ("choices", "label", "code"),
    [
        ({}, "GST on Income", ""),
        ({}, "Disbursement", "tax_unmapped"),
        ({"default_tax": ""}, "", "tax_unmapped"),
        ({"tax_by_label": {"GST on Income": "TAX009"}}, "GST on Income", "tax_gone"),
        ({"tax_by_label": {"GST on Income": "INPUT"}}, "GST on Income", "tax_not_revenue"),
        ({"sales_account": ""}, "GST on Income", "account_unmapped"),
        ({"sales_account": "299"}, "GST on Income", "account_gone"),
        ({"sales_account": "998"}, "GST on Income", "account_gone"),
    ],
)
def test_what_keeps_an_invoice_from_being_written(choices: dict[str, Any], label: str, code: str) -> None:
    total = "110.00"
    mapped = bill(line("Bookkeeping", "100.00", label=label), total=total, using=spec(**choices))
    assert codes(mapped) - {"does_not_add_up"} == ({code} if code else set())


def test_period_that_xero_has_locked() -> None:
    """Locked up to 31 October: 31 October is refused, 2 November is not."""
    using = spec()
    locked = dataclasses.replace(using, facts=dataclasses.replace(using.facts, lock_date=date(2026, 11, 2)))
    open_period = dataclasses.replace(
        using, facts=dataclasses.replace(using.facts, lock_date=date(2026, 11, 1))
    )
    billed = line("Bookkeeping", "450.00", label="GST on Income")
    assert codes(bill(billed, total="495.00", using=locked)) == {"period_locked"}
    assert codes(bill(billed, total="495.00", using=open_period)) == set()


def pay(amount: str = "495.00", *, using: Spec | None = None, **other: Any) -> Mapped:
    values: dict[str, Any] = {
        "payment_external_id": "pay_1",
        "amount": Decimal(amount),
        "currency": "AUD",
        "paid_on": date(2026, 11, 16),
        "method": "card",
        "invoice_currency": "AUD",
        "invoice_type": "ACCREC",
        "spec": using or spec(),
    }
    return map_payment(**values | other)


def test_payment_lands_in_the_clearing_account() -> None:
    mapped = pay()
    assert mapped.issues == ()
    assert mapped.values == {
        "amount": "495.00",
        "currency": "AUD",
        "date": "2026-11-16",
        "reference": "pay_1",
        "account_code": "608",
        "account_external_id": "acc-608",
    }


def test_payment_method_with_its_own_account() -> None:
    using = spec(clearing_by_method={"bank_transfer": "090"})
    assert pay(using=using, method="bank_transfer").values["account_code"] == "090"
    assert pay(using=using, method="card").values["account_code"] == "608"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": Decimal("0.00")}, "no_amount"),
        ({"amount": Decimal("-5.00")}, "no_amount"),
        ({"amount": Decimal("5.001")}, "precision"),
        ({"currency": "NZD"}, "currency"),
        ({"invoice_type": "ACCPAY"}, "type"),
        ({"paid_on": None}, "no_date"),
        ({"spec": spec(clearing_account="")}, "clearing_unmapped"),
        ({"spec": spec(clearing_account="299")}, "clearing_gone"),
        ({"spec": spec(clearing_account="404")}, "clearing_closed"),
    ],
)
def test_what_keeps_a_payment_from_being_written(change: dict[str, Any], code: str) -> None:
    amount = change.pop("amount", Decimal("495.00"))
    assert codes(
        pay(str(amount), **{("using" if key == "spec" else key): item for key, item in change.items()})
    ) == {code}


def test_examples_use_accounts_that_exist() -> None:
    found: Account | None = spec().facts.accounts.get("608")
    assert found is not None
    assert found.takes_payments
