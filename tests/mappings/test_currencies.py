"""Currencies: what goes with each, and which of them Xero does not have."""

import dataclasses
from decimal import Decimal

import pytest
from django.test import Client

from mappings import currencies_table, services
from mappings.copying import NO_THEME, carried
from mappings.differences import differences
from mappings.sides import BrandingTheme, CurrencyUse, TargetView, find_gaps
from mappings.spec import Choices, Facts
from practices.models import Practice
from tests.mappings import offers
from tests.mappings.browsing import page_of, publish, save
from tests.mappings.conftest import Offer
from tests.mappings.test_worked_examples import bill, line, pay, spec

THEMES = (
    BrandingTheme(external_id="theme-1", name="Standard"),
    BrandingTheme(external_id="theme-nz", name="Auckland"),
)
USED = (
    CurrencyUse(code="AUD", invoices=40, amount=Decimal("18000.00")),
    CurrencyUse(code="NZD", invoices=3, amount=Decimal("900.00")),
    CurrencyUse(code="USD", invoices=2, amount=Decimal("500.00")),
)


def view_with(used: tuple[CurrencyUse, ...] = USED) -> TargetView:
    base = offers.view(branding_themes=THEMES)
    return dataclasses.replace(base, source=dataclasses.replace(base.source, currencies=used))


def test_an_invoice_gets_its_currencys_theme_and_keeps_its_currency() -> None:
    using = spec("NZ", branding_theme="theme-1", theme_by_currency={"NZD": "theme-nz"})
    billed = line("Bookkeeping", "100.00", label="Zero Rated")
    values = bill(billed, total="100.00", country="NZ", using=using).values
    assert (values["currency"], values["branding_theme_external_id"]) == ("NZD", "theme-nz")
    elsewhere = spec(branding_theme="theme-1", theme_by_currency={"NZD": "theme-nz"})
    values = bill(line("Bookkeeping", "100.00"), total="110.00", using=elsewhere).values
    assert (values["currency"], values["branding_theme_external_id"]) == ("AUD", "theme-1")


def test_a_payment_goes_to_its_currencys_account_unless_its_method_has_one() -> None:
    using = spec(clearing_by_currency={"NZD": "090"})
    both = {"currency": "NZD", "invoice_currency": "NZD"}
    assert pay(using=using, **both).values["account_code"] == "090"
    assert pay(using=using, currency="", invoice_currency="NZD").values["account_code"] == "090"
    assert pay(using=using).values["account_code"] == "608"
    by_method = spec(clearing_by_currency={"NZD": "090"}, clearing_by_method={"card": "608"})
    assert pay(using=by_method, **both).values["account_code"] == "608"
    assert using.choices.clearing_accounts == {"608", "090"}


def test_nothing_is_ruled_out_while_xeros_own_currency_is_not_known() -> None:
    assert Facts().has_currency("USD")
    assert not offers.facts().has_currency("USD")
    assert offers.facts().has_currency("NZD")
    assert currencies_table.not_switched_on(view_with()) == ["USD"]
    assert currencies_table.not_switched_on(TargetView()) == []


def test_rows_begin_with_what_is_used_most_and_miss_nothing() -> None:
    rows = currencies_table.rows(view_with(), Choices(theme_by_currency={"EUR": "theme-1"}))
    assert [(row.code, row.invoices, row.is_base, row.is_on) for row in rows] == [
        ("AUD", 40, True, True),
        ("NZD", 3, False, True),
        ("USD", 2, False, False),
        ("EUR", 0, False, False),
    ]
    assert rows[3].theme == "theme-1"


def test_what_xero_stopped_offering_is_named() -> None:
    choices = Choices(theme_by_currency={"NZD": "gone"}, clearing_by_currency={"USD": "404"})
    broken = find_gaps(view_with(), choices).broken
    assert broken == ("Branding theme of NZD", "Clearing account of USD: 404 Bank Fees")


def test_differences_are_told_in_words() -> None:
    new = Choices(theme_by_currency={"NZD": "theme-nz"}, clearing_by_currency={"NZD": "090"})
    told = [
        (item.label, item.old, item.new, item.used_by) for item in differences(Choices(), new, view_with())
    ]
    assert told == [
        ("Branding theme of NZD", "as for all invoices", "Auckland", 3),
        ("Clearing account of NZD", "as for all payments", "090 Business Bank Account", 3),
    ]


def test_another_practice_takes_over_what_fits() -> None:
    theirs = dataclasses.replace(
        view_with(), branding_themes=(BrandingTheme(external_id="t-9", name="Auckland"),)
    )
    chosen = Choices(
        theme_by_currency={"NZD": "t-9", "USD": "t-8"}, clearing_by_currency={"NZD": "090", "USD": "777"}
    )
    made, left = carried(chosen, theirs, Choices(), view_with())
    assert made.theme_by_currency == {"NZD": "theme-nz"}
    assert made.clearing_by_currency == {"NZD": "090"}
    assert [(item.what, item.reason == NO_THEME) for item in left] == [
        ("Clearing account of “USD”", False),
        ("Branding theme of USD", True),
    ]


@pytest.mark.django_db
def test_choosing_on_the_page(web: Client, practice: Practice, offer: Offer) -> None:
    offer.view = view_with()
    page = page_of(web, "?tab=currencies")
    assert "Xero does not have USD switched on" in page
    assert "1 missing" in page
    save(web, "currencies", {"theme:NZD": "theme-nz", "clearing:NZD": "090", "theme:AUD": ""})
    publish(web)
    _, choices = services.load_choices(practice)
    assert (choices.theme_by_currency, choices.clearing_by_currency) == ({"NZD": "theme-nz"}, {"NZD": "090"})
    save(web, "currencies", {"theme:NZD": "", "clearing:NZD": ""})
    publish(web)
    _, choices = services.load_choices(practice)
    assert (choices.theme_by_currency, choices.clearing_by_currency) == ({}, {})


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sent", [{"theme:NZD": "nowhere"}, {"clearing:NZD": "404"}, {"theme:XXX": "theme-1"}]
)
def test_what_cant_be_chosen_changes_nothing(
    web: Client, practice: Practice, offer: Offer, sent: dict[str, str]
) -> None:
    offer.view = view_with()
    assert "Nothing was changed" in save(web, "currencies", sent, status=422)
    assert services.load_choices(practice)[1].theme_by_currency == {}


@pytest.mark.django_db
@pytest.mark.parametrize("seen", [TargetView(), offers.unread(offers.view()), offers.view()])
def test_the_page_in_every_state(web: Client, offer: Offer, seen: TargetView) -> None:
    offer.view = seen
    page_of(web, "?tab=currencies")
