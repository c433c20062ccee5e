"""What the app proposes by itself, and above all what it does not."""

from decimal import Decimal

import pytest

from connectors.records import Account
from mappings import suggest
from mappings.sides import TargetView
from tests.mappings import offers
from tests.mappings.offers import account, rate

UNDERSTOOD = [
    ("AU", "GST on Income", "OUTPUT"),
    ("AU", "  gst on INCOME ", "OUTPUT"),
    ("AU", "GST", "OUTPUT"),
    ("AU", "10% GST", "OUTPUT"),
    ("AU", "GST 10 %", "OUTPUT"),
    ("AU", "10%", "OUTPUT"),
    ("AU", "GST Free", "EXEMPTOUTPUT"),
    ("AU", "GST-free", "EXEMPTOUTPUT"),
    ("AU", "Exempt", "EXEMPTOUTPUT"),
    ("AU", "BAS Excluded", "BASEXCLUDED"),
    ("AU", "Out of scope", "BASEXCLUDED"),
    ("NZ", "15% GST on Income", "OUTPUT2"),
    ("NZ", "GST on Income", "OUTPUT2"),
    ("NZ", "Zero Rated", "ZERORATED"),
    ("NZ", "No GST", "NONE"),
    ("GB", "20% (VAT on Income)", "OUTPUT2"),
    ("GB", "VAT 20%", "OUTPUT2"),
    ("GB", "VAT 5%", "RROUTPUT"),
    ("GB", "Zero Rated", "ZERORATEDOUTPUT"),
    ("GB", "VAT exempt", "EXEMPTOUTPUT"),
    ("GB", "No VAT", "NONE"),
]

NOT_UNDERSTOOD = [
    ("AU", "", "no words"),
    ("AU", "15% GST on Income", "the percentage is another one"),
    ("AU", "GST Free 10%", "free and a percentage"),
    ("AU", "GST on Income 10% / 15%", "two percentages"),
    ("AU", "GST on Expenses", "a purchase tax"),
    ("AU", "GST on Capital", "a word that is not understood"),
    ("AU", "GST Free Exports", "exports are not plain GST free"),
    ("AU", "VAT on Income", "another tax"),
    ("AU", "No GST", "could be GST free or BAS excluded"),
    ("AU", "Zero Rated", "no such tax type"),
    ("AU", "0%", "three tax types take nothing"),
    ("AU", "Income", "says nothing about tax"),
    ("AU", "No exempt", "two sorts at once"),
    ("AU", "Disbursement", "says nothing about tax"),
    ("NZ", "GST Free", "no such tax type"),
    ("NZ", "10% GST", "the percentage is another one"),
    ("GB", "VAT on Income", "20 % or 5 %"),
    ("GB", "VAT", "20 % or 5 %"),
    ("GB", "Reduced rate", "a word that is not understood"),
    ("GB", "Domestic reverse charge 20%", "words that are not understood"),
    ("GB", "GST 20%", "another tax"),
]


@pytest.mark.parametrize(("country", "label", "expected"), UNDERSTOOD)
def test_label_is_understood(country: str, label: str, expected: str) -> None:
    found = suggest.tax_type(label, offers.view(country).sales_tax_rates)
    assert found is not None
    assert found.value == expected
    assert all(found.reasons)


@pytest.mark.parametrize(("country", "label", "why"), NOT_UNDERSTOOD)
def test_label_is_left_to_a_person(country: str, label: str, why: str) -> None:
    assert suggest.tax_type(label, offers.view(country).sales_tax_rates) is None, why


def test_same_name_wins_even_when_its_words_are_strange() -> None:
    rates = (*offers.RATES["AU"], rate("TAX001", "Margin scheme", "10"))
    found = suggest.tax_type("margin SCHEME", rates)
    assert found is not None
    assert (found.value, found.reasons) == ("TAX001", ("same name", "10 %"))


def test_two_rates_of_one_sort_are_never_guessed_between() -> None:
    rates = (*offers.view().sales_tax_rates, rate("TAX001", "Tax on Sales", "10"))
    assert suggest.tax_type("10%", rates) is None


def test_archived_and_purchase_tax_types_are_not_offered() -> None:
    archived = offers.facts()
    archived.tax_rates["OUTPUT"] = rate("OUTPUT", "GST on Income", "10", status="ARCHIVED")
    view = offers.view(facts=archived)
    assert "OUTPUT" not in {item.external_id for item in view.sales_tax_rates}
    assert "INPUT" not in {item.external_id for item in view.sales_tax_rates}
    assert suggest.tax_type("GST on Income", view.sales_tax_rates) is None


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        ([account("200", "Sales"), account("260", "Other Revenue")], "200"),
        ([account("41000", "Sales"), account("200", "Rent")], "41000"),
        ([account("200", "Fees"), account("210", "More fees")], "200"),
        ([account("400", "Fees", "SALES")], "400"),
        ([account("400", "Fees"), account("410", "More fees")], None),
        ([account("400", "Sales"), account("410", "sales")], None),
        ([account("270", "Interest", "OTHERINCOME")], None),
        ([account("200", "Sales", status="ARCHIVED")], None),
        ([account("200", "Sales", "EXPENSE")], None),
        ([account("", "Sales")], None),
        ([], None),
    ],
)
def test_sales_account(accounts: list[Account], expected: str | None) -> None:
    view = offers.view(facts=offers.facts(accounts=tuple(accounts)))
    found = suggest.sales_account(view.sales_accounts)
    assert (found.value if found else None) == expected


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        ([account("608", "IGNPayments - Ignition Clearing Account", "CURRENT", takes_payments=True)], "608"),
        ([account("609", "PI clearing", "CURRENT", takes_payments=True)], "609"),
        ([account("", "Ignition  Clearing", "BANK", takes_payments=True)], "acc-Ignition  Clearing"),
        ([account("608", "Ignition Clearing", "CURRENT", takes_payments=False)], None),
        ([account("608", "Ignition Clearing", "CURRENT", takes_payments=True, status="ARCHIVED")], None),
        ([account("610", "API Clearing", "CURRENT", takes_payments=True)], None),
        ([account("611", "Stripe Clearing", "CURRENT", takes_payments=True)], None),
        (
            [
                account("608", "Ignition Clearing", "CURRENT", takes_payments=True),
                account("609", "PI Clearing", "CURRENT", takes_payments=True),
            ],
            None,
        ),
    ],
)
def test_clearing_account(accounts: list[Account], expected: str | None) -> None:
    view = offers.view(facts=offers.facts(accounts=tuple(accounts)))
    found = suggest.clearing_account(view.clearing_accounts)
    assert (found.value if found else None) == expected


def test_all_at_once_for_a_new_australian_practice() -> None:
    choices = suggest.auto_choices(offers.view())
    assert choices.invoice_status == "AUTHORISED"
    assert choices.sales_account == "200"
    assert choices.default_tax == "OUTPUT"
    assert choices.clearing_account == "608"
    assert choices.tax_by_label == {"GST on Income": "OUTPUT"}
    assert choices.account_by_service == {}


def test_default_tax_follows_the_sales_account_only_where_it_fits_income() -> None:
    odd = offers.view(facts=offers.facts(accounts=(account("200", "Sales", tax_type="INPUT"),)))
    assert suggest.suggest(odd).default_tax is None
    assert suggest.auto_choices(odd).default_tax == ""


def test_nothing_known_proposes_nothing() -> None:
    found = suggest.suggest(TargetView())
    assert (found.sales_account, found.default_tax, found.clearing_account) == (None, None, None)
    assert found.tax_by_label == {}


def test_rates_keep_their_exact_value() -> None:
    odd = (rate("TAX001", "GST at 12.5%", "12.5"),)
    found = suggest.tax_type("GST 12.50%", odd)
    assert found is not None
    assert Decimal("12.5") == odd[0].rate
    assert "12.5 %" in found.reasons
