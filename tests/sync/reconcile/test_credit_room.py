"""Where a credit goes, as an accountant would say it: nothing is guessed."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connectors.records import Invoice
from sync.reconcile.credit_room import (
    IS_DRAFT,
    IS_PAID,
    NOT_OPEN_THERE,
    USED,
    Credit,
    Pick,
    credit_for,
    days_of,
    invoice_for,
    still_fits,
)

OVER = Credit(
    kind="overpayment",
    external_id="over",
    contact_external_id="alder",
    currency="AUD",
    remaining=Decimal("110.00"),
    status="AUTHORISED",
    type="RECEIVE-OVERPAYMENT",
)
NOTE = replace(OVER, kind="credit_note", external_id="note", type="ACCRECCREDIT", number="CN-1")
OPEN = Invoice(
    external_id="one",
    contact_external_id="alder",
    number="INV-1",
    reference="PROP-7",
    currency="AUD",
    status="AUTHORISED",
    total=Decimal("110.00"),
    amount_due=Decimal("110.00"),
)
BIGGER = replace(OPEN, external_id="big", number="INV-2", amount_due=Decimal("500.00"))
PAID = replace(OPEN, status="PAID", amount_due=Decimal(0))


def test_the_one_open_invoice_over_that_amount_takes_it() -> None:
    assert invoice_for(OVER, [BIGGER, OPEN]) == Pick(credit=OVER, invoice=OPEN, amount=Decimal("110.00"))


@pytest.mark.parametrize(
    "other",
    [
        replace(OPEN, contact_external_id="birch"),
        replace(OPEN, currency="NZD"),
        replace(OPEN, type="ACCPAY"),
        replace(OPEN, status="DRAFT"),
        replace(OPEN, amount_due=Decimal("109.99")),
        PAID,
    ],
)
def test_no_other_invoice_takes_it(other: Invoice) -> None:
    assert "no open invoice in Xero over exactly AUD 110.00" in str(invoice_for(OVER, [other, BIGGER]))


def test_of_several_over_that_amount_a_person_chooses_unless_it_names_one() -> None:
    twin = replace(OPEN, external_id="two", number="INV-9", reference="PROP-8")
    assert str(invoice_for(OVER, [OPEN, twin])).startswith("2 open invoices")
    found = invoice_for(replace(OVER, reference="for INV-9"), [OPEN, twin])
    assert isinstance(found, Pick)
    assert found.invoice == twin


def test_a_credit_note_goes_as_a_whole_on_the_invoice_that_it_names() -> None:
    found = invoice_for(replace(NOTE, reference="inv-2"), [BIGGER])
    assert isinstance(found, Pick)
    assert (found.invoice, found.amount) == (BIGGER, Decimal("110.00"))
    named = replace(NOTE, reference="INV-1", remaining=Decimal("200.00"))
    assert "no open invoice" in str(invoice_for(named, [OPEN])), "it has no room for all of it"
    alike = replace(NOTE, reference="PROP-7")
    assert isinstance(invoice_for(alike, [BIGGER, replace(PAID, reference="PROP-6")]), Pick)


def test_a_credit_note_for_a_paid_invoice_is_refunded_by_hand() -> None:
    assert invoice_for(replace(NOTE, reference="PROP-7"), [PAID]) == IS_PAID


def test_an_overpayment_needs_the_exact_amount_also_where_it_names_the_invoice() -> None:
    assert "no open invoice" in str(invoice_for(replace(OVER, reference="INV-2"), [BIGGER]))


@pytest.mark.parametrize(
    "credit",
    [
        replace(OVER, remaining=Decimal(0)),
        replace(OVER, status="PAID"),
        replace(OVER, status="VOIDED"),
        replace(OVER, type="SPEND-OVERPAYMENT"),
        replace(NOTE, type="ACCPAYCREDIT"),
    ],
)
def test_what_is_used_or_none_of_sales_stays(credit: Credit) -> None:
    assert invoice_for(credit, [OPEN]) == USED
    assert "no credit over exactly" in str(credit_for(OPEN, [credit], [OPEN]))


def test_the_rest_of_an_invoice_takes_the_one_credit_over_exactly_that() -> None:
    assert credit_for(OPEN, [replace(NOTE, remaining=Decimal(1)), OVER], [OPEN]) == Pick(
        credit=OVER, invoice=OPEN, amount=Decimal("110.00")
    )
    assert str(credit_for(OPEN, [OVER, NOTE], [OPEN])).startswith("2 credits")
    assert credit_for(PAID, [OVER], [PAID]) == NOT_OPEN_THERE


def test_what_waits_fits_as_long_as_both_sides_have_room() -> None:
    pick = Pick(credit=OVER, invoice=BIGGER, amount=Decimal("110.00"))
    assert still_fits(pick)
    assert not still_fits(replace(pick, credit=replace(OVER, remaining=Decimal("109.99"))))
    assert not still_fits(replace(pick, credit=replace(OVER, remaining=Decimal("110.01")))), (
        "all that is left"
    )
    assert not still_fits(replace(pick, invoice=replace(BIGGER, amount_due=Decimal("109.99"))))
    assert not still_fits(replace(pick, invoice=PAID))
    assert not still_fits(replace(pick, invoice=replace(BIGGER, contact_external_id="birch")))


def test_a_credit_for_one_invoice_does_not_go_on_another_one() -> None:
    exact = replace(OPEN, external_id="two", number="INV-2")
    small = replace(OPEN, amount_due=Decimal("50.00"))
    foreign = replace(OPEN, currency="NZD")
    paid = replace(OPEN, status="PAID", amount_due=Decimal(0))
    for credit in (replace(NOTE, reference="INV-1"), replace(OVER, reference="Rest of (inv-1).")):
        for one in (small, foreign):
            assert "is for INV-1" in str(invoice_for(credit, [one, exact]))
            assert "is for INV-1" in str(credit_for(exact, [credit], [one, exact]))
    assert "is for INV-1" in str(invoice_for(replace(OVER, reference="INV-1"), [paid, exact]))
    assert "is for INV-1" in str(credit_for(exact, [replace(OVER, reference="INV-1")], [paid, exact]))
    assert isinstance(credit_for(exact, [replace(OVER, reference="INV-1"), NOTE], [OPEN, exact]), Pick)
    assert isinstance(credit_for(exact, [replace(OVER, reference="INV-2")], [OPEN, exact]), Pick)


def test_another_clients_number_names_nothing() -> None:
    theirs = replace(OPEN, external_id="two", number="INV-2", contact_external_id="birch")
    assert isinstance(invoice_for(replace(OVER, reference="INV-2"), [OPEN, theirs]), Pick)


@pytest.mark.parametrize("kind", ["AROVERPAYMENT", "ARPREPAYMENT"])
def test_xeros_other_names_of_money_in_advance_count(kind: str) -> None:
    assert isinstance(invoice_for(replace(OVER, type=kind), [OPEN]), Pick)
    assert invoice_for(replace(OVER, type=kind.replace("AR", "AP", 1)), [OPEN]) == USED


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED"])
def test_a_draft_is_not_called_paid(status: str) -> None:
    draft = replace(OPEN, status=status)
    assert invoice_for(replace(NOTE, reference="PROP-7"), [draft]) == IS_DRAFT


def test_a_credit_note_for_a_voided_invoice_is_for_a_person() -> None:
    voided = replace(OPEN, status="VOIDED", amount_due=Decimal(0))
    assert "no open invoice" in str(invoice_for(replace(NOTE, reference="INV-1"), [voided]))


def test_xero_may_date_it_today_or_on_the_later_of_both_days() -> None:
    invoice, credit = replace(OPEN, date=date(2026, 9, 1)), replace(OVER, dated=date(2026, 10, 1))
    today = date(2026, 11, 22)
    pick = Pick(credit=credit, invoice=invoice, amount=Decimal("110.00"))
    assert days_of(pick, today) == [date(2026, 10, 1), today]
    assert days_of(replace(pick, invoice=replace(invoice, date=today)), today) == [today]
    assert days_of(replace(pick, credit=OVER, invoice=OPEN), today) == [today]
