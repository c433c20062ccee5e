"""Nothing a caller can send makes the Xero stand-in fail, and money always adds up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.clock import Clock
from sandbox.world import World
from sandbox.xero.ledger import Ledger, ValidationFailed
from tests.sandbox.conftest import NOW
from tests.sandbox.xero_client import Api, invoice_of, line, payment_of

FIELDS = [
    "ContactID", "ContactNumber", "Name", "ContactStatus", "EmailAddress", "Addresses", "Phones", "ContactPersons",
    "PaymentTerms", "BrandingTheme", "BrandingThemeID", "DefaultCurrency", "InvoiceID", "InvoiceNumber", "Type",
    "Status", "Contact", "Date", "DueDate", "LineItems", "LineAmountTypes", "CurrencyCode", "CurrencyRate", "Url",
    "Reference", "SentToContact", "LineItemID", "Description", "Quantity", "UnitAmount", "LineAmount", "TaxType",
    "TaxAmount", "AccountCode", "AccountID", "ItemCode", "DiscountRate", "DiscountAmount", "Tracking", "Option",
    "Invoice", "CreditNote", "Account", "BankAccount", "Amount", "Payments", "PaymentID", "BatchPaymentID", "Code",
    "TaxComponents", "Rate", "ReportTaxType", "Options", "SalesDetails", "UnitPrice", "IsSold", "IsReconciled",
    "CreditNoteNumber", "Details", "AddressType", "PhoneType", "Country", "Sales", "Day",
]  # fmt: skip
PLAUSIBLE = [
    "ACCREC", "ACCPAY", "ACCRECCREDIT", "RECEIVE-PREPAYMENT", "AUTHORISED", "DRAFT", "VOIDED", "DELETED", "ACTIVE",
    "ARCHIVED", "200", "608", "090", "OUTPUT", "Exclusive", "Inclusive", "2026-11-02", "/Date(1793577600000+0000)/",
    "/Date(99999999999999999)/", "AUD", "A", "POBOX", "DEFAULT", "BANK", "REVENUE", "Tax", "Service line", "1e9",
    "00000000-0000-0000-0000-000000000000", "5d7b2f60-9e14-4c8b-8f5e-2f3b7a1c6d05", "-1", "0", "", "1E+30", "NaN",
]  # fmt: skip
RESOURCES = [
    "Contacts", "Invoices", "Payments", "BatchPayments", "CreditNotes", "BankTransactions", "Accounts", "TaxRates",
    "TrackingCategories", "Items", "Currencies",
]  # fmt: skip
SCALARS = st.one_of(
    st.sampled_from(PLAUSIBLE), st.none(), st.booleans(), st.integers(), st.text(max_size=5),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
    ),
    max_leaves=12,
)
ELEMENTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=10)


@pytest.fixture(scope="module")
def target() -> Api:
    world = World(seed=7, clock=Clock(NOW, speed=0))
    api = Api(world, world.xero.add_organisation("Books", "AU"))
    api.control("limits", minute=None, day=None, app_minute=None)
    api.contact("A", ContactNumber="A")
    return api


@settings(max_examples=60, deadline=None)
@given(
    resource=st.sampled_from(RESOURCES),
    element=ELEMENTS,
    seed=ELEMENTS,
    method=st.sampled_from(["PUT", "POST"]),
)
def test_no_element_makes_a_500(
    target: Api, resource: str, element: dict[str, Any], seed: dict[str, Any], method: str
) -> None:
    base = invoice_of(target.ledger) if resource == "Invoices" else {}
    body = {resource: [{**base, **element}, {**seed}]}
    for query in ("", "?summarizeErrors=false"):
        answer = target.call(method, f"{resource}{query}", body)
        assert answer.status_code in (200, 400, 404, 501), answer.text
    # Whatever was stored can be shown.
    assert target.get(f"{resource}?page=1").status_code == 200


@settings(max_examples=50, deadline=None)
@given(text=st.one_of(st.text(max_size=40), st.lists(st.sampled_from(
    ["Status", "Date", "Contact.Name", "==", "!=", ">=", "(", ")", "AND", "OR", '"A"', "1", "null", "true",
     "DateTime(2026,1,1)", 'guid("5d7b2f60-9e14-4c8b-8f5e-2f3b7a1c6d05")', "Total", "UpdatedDateUTC"]
)).map(" ".join)))  # fmt: skip
def test_no_filter_makes_a_500(target: Api, text: str) -> None:
    for path in ("Invoices", "Contacts", "Payments", "Accounts"):
        answer = target.http.get(
            f"http://sandbox.test/api.xro/2.0/{path}",
            params={"where": text, "order": text},
            headers=target.headers,
        )
        assert answer.status_code in (200, 400), answer.text


AMOUNTS = st.decimals(min_value=-5000, max_value=5000, places=4)
LINES = st.lists(st.tuples(AMOUNTS, st.sampled_from(["1", "2.5", "0.3333"])), min_size=1, max_size=6)


@settings(max_examples=50, deadline=None)
@given(
    lines=LINES, types=st.sampled_from(["Exclusive", "Inclusive", "NoTax"]), unitdp=st.sampled_from([2, 4])
)
def test_totals_are_the_sums_of_the_lines(lines: list[tuple[Decimal, str]], types: str, unitdp: int) -> None:
    ledger = _books()
    sent = [line(str(unit), Quantity=quantity) for unit, quantity in lines]
    payload = invoice_of(ledger, LineAmountTypes=types, LineItems=sent)
    if sum(_expected(unit, quantity, types, unitdp) for unit, quantity in lines) < 0:
        with pytest.raises(ValidationFailed, match="cannot be negative"):
            ledger.put_invoice(payload, unitdp=unitdp)
        return
    row = ledger.put_invoice(payload, unitdp=unitdp)
    amounts = sum((entry["LineAmount"] for entry in row["LineItems"]), Decimal(0))
    taxes = sum((entry["TaxAmount"] for entry in row["LineItems"]), Decimal(0))
    assert row["TotalTax"] == taxes
    assert row["Total"] == (amounts + taxes if types == "Exclusive" else amounts)
    assert row["SubTotal"] + row["TotalTax"] == row["Total"]
    assert row["Total"] == row["Total"].quantize(Decimal("0.01"))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.decimals("0.01", "600", places=2)),
        st.tuples(st.just("undo"), st.just(0)),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_what_is_due_is_total_less_what_was_paid(steps: list[tuple[str, Decimal]]) -> None:
    ledger = _books()
    row = ledger.put_invoice(invoice_of(ledger))
    alive: list[tuple[str, Decimal]] = []
    for step, amount in steps:
        if step == "undo" and alive:
            key, _ = alive.pop()
            ledger.delete_payment(key)
        elif step == "pay":
            try:
                key = ledger.put_payment(payment_of(row["InvoiceID"], str(amount)))["PaymentID"]
                alive.append((key, amount))
            except ValidationFailed:
                assert amount > row["AmountDue"]
        paid = sum((entry for _, entry in alive), Decimal(0))
        assert (row["AmountPaid"], row["AmountDue"]) == (paid, Decimal(495) - paid)
        assert row["Status"] == ("PAID" if paid == 495 else "AUTHORISED")
        assert row["_payments"] == [key for key, _ in alive]


def _expected(unit: Decimal, quantity: str, types: str, unitdp: int) -> Decimal:
    """What one line adds to the total, worked out apart from the code under test."""
    cent = Decimal("0.01")
    price = unit.quantize(Decimal(1).scaleb(-unitdp), ROUND_HALF_UP)
    amount = (price * Decimal(quantity)).quantize(cent, ROUND_HALF_UP)
    return amount + (amount / 10).quantize(cent, ROUND_HALF_UP) if types == "Exclusive" else amount


def _books() -> Ledger:
    return World(seed=7, clock=Clock(NOW, speed=0)).xero.add_organisation("Books", "AU")
