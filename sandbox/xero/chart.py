"""What a new organisation starts with, by country: accounts, tax rates, tracking, themes, currencies."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

CLEARING_ACCOUNT = "608"


@dataclass(frozen=True, slots=True)
class AccountLine:
    code: str
    name: str
    type: str
    # Key into Chart.standard_tax: sale, purchase or none.
    tax: str
    payments: bool = False
    system: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    tax_type: str
    name: str
    percent: Decimal
    report_type: str
    revenue: bool = True
    expenses: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    first_name: str
    last_name: str
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class Chart:
    country_code: str
    version: str
    currency: str
    timezone: str
    windows_timezone: str
    tax_name: str
    accounts: tuple[AccountLine, ...]
    rates: tuple[Rate, ...]
    # Tax types for accounts by kind of account: sale, purchase, none.
    standard_tax: dict[str, str]
    tracking: tuple[tuple[str, tuple[str, ...]], ...]
    themes: tuple[str, ...]
    currencies: tuple[tuple[str, str], ...]
    people: tuple[Person, ...]


def default_chart(country: str) -> Chart:
    """The chart of AU, NZ or GB ("UK" is understood). Raises ValueError for other countries."""
    code = "GB" if country.upper() == "UK" else country.upper()
    if code not in _COUNTRIES:
        raise ValueError(f"no default chart for country {country!r}")
    return _COUNTRIES[code]


def _accounts(tax_name: str) -> tuple[AccountLine, ...]:
    return (
        AccountLine("090", "Business Bank Account", "BANK", "none"),
        AccountLine("200", "Sales", "REVENUE", "sale"),
        AccountLine("202", "Bookkeeping Fees", "REVENUE", "sale"),
        AccountLine("204", "Tax and Compliance Fees", "REVENUE", "sale"),
        AccountLine("206", "Advisory Fees", "REVENUE", "sale"),
        AccountLine("260", "Other Revenue", "REVENUE", "sale"),
        AccountLine("270", "Interest Income", "REVENUE", "none"),
        AccountLine("310", "Cost of Goods Sold", "DIRECTCOSTS", "purchase"),
        AccountLine("404", "Bank Fees", "EXPENSE", "none"),
        AccountLine("412", "Consulting and Accounting", "EXPENSE", "purchase"),
        AccountLine("429", "General Expenses", "EXPENSE", "purchase"),
        AccountLine("477", "Wages and Salaries", "EXPENSE", "none"),
        AccountLine(
            CLEARING_ACCOUNT, "IGNPayments - Ignition Clearing Account", "CURRENT", "none", payments=True
        ),
        AccountLine("610", "Accounts Receivable", "CURRENT", "none", system="DEBTORS"),
        AccountLine("800", "Accounts Payable", "CURRLIAB", "none", system="CREDITORS"),
        AccountLine("820", tax_name, "CURRLIAB", "none", system="GST"),
        AccountLine("840", "Historical Adjustment", "CURRLIAB", "none", system="HISTORICAL"),
        AccountLine("860", "Rounding", "CURRLIAB", "none", system="ROUNDING"),
        AccountLine("960", "Retained Earnings", "EQUITY", "none", system="RETAINEDEARNINGS"),
    )


_PEOPLE = (
    Person("Priya", "Raman", "priya.raman@books.example", "FINANCIALADVISER"),
    Person("Tom", "Whitfield", "tom.whitfield@books.example", "STANDARD"),
    Person("Jess", "Omondi", "jess.omondi@books.example", "READONLY"),
)
_SERVICE_LINES = ("Bookkeeping", "Tax", "Compliance", "Advisory", "Payroll")

_COUNTRIES = {
    "AU": Chart(
        country_code="AU",
        version="AU",
        currency="AUD",
        timezone="Australia/Sydney",
        windows_timezone="AUSEASTERNSTANDARDTIME",
        tax_name="GST",
        accounts=_accounts("GST"),
        rates=(
            Rate("OUTPUT", "GST on Income", Decimal(10), "OUTPUT", expenses=False),
            Rate("INPUT", "GST on Expenses", Decimal(10), "INPUT", revenue=False),
            Rate("EXEMPTOUTPUT", "GST Free Income", Decimal(0), "EXEMPTOUTPUT", expenses=False),
            Rate("EXEMPTEXPENSES", "GST Free Expenses", Decimal(0), "EXEMPTEXPENSES", revenue=False),
            Rate("BASEXCLUDED", "BAS Excluded", Decimal(0), "BASEXCLUDED"),
        ),
        standard_tax={"sale": "OUTPUT", "purchase": "INPUT", "none": "BASEXCLUDED"},
        tracking=(("Service line", _SERVICE_LINES), ("Office", ("Sydney", "Melbourne", "Perth"))),
        themes=("Standard", "Fixed fee"),
        currencies=(("AUD", "Australian Dollar"), ("NZD", "New Zealand Dollar"), ("USD", "US Dollar")),
        people=_PEOPLE,
    ),
    "NZ": Chart(
        country_code="NZ",
        version="NZ",
        currency="NZD",
        timezone="Pacific/Auckland",
        windows_timezone="NEWZEALANDSTANDARDTIME",
        tax_name="GST",
        accounts=_accounts("GST"),
        rates=(
            Rate("OUTPUT2", "15% GST on Income", Decimal(15), "OUTPUT", expenses=False),
            Rate("INPUT2", "15% GST on Expenses", Decimal(15), "INPUT", revenue=False),
            Rate("ZERORATED", "Zero Rated", Decimal(0), "ZERORATEDOUTPUT"),
            Rate("NONE", "No GST", Decimal(0), "NONE"),
        ),
        standard_tax={"sale": "OUTPUT2", "purchase": "INPUT2", "none": "NONE"},
        tracking=(("Service line", _SERVICE_LINES), ("Office", ("Auckland", "Wellington"))),
        themes=("Standard", "Fixed fee"),
        currencies=(("NZD", "New Zealand Dollar"), ("AUD", "Australian Dollar")),
        people=_PEOPLE,
    ),
    "GB": Chart(
        country_code="GB",
        version="UK",
        currency="GBP",
        timezone="Europe/London",
        windows_timezone="GMTSTANDARDTIME",
        tax_name="VAT",
        accounts=_accounts("VAT"),
        rates=(
            Rate("OUTPUT2", "20% (VAT on Income)", Decimal(20), "OUTPUT", expenses=False),
            Rate("INPUT2", "20% (VAT on Expenses)", Decimal(20), "INPUT", revenue=False),
            Rate("RROUTPUT", "5% (VAT on Income)", Decimal(5), "OUTPUT", expenses=False),
            Rate("RRINPUT", "5% (VAT on Expenses)", Decimal(5), "INPUT", revenue=False),
            Rate("ZERORATEDOUTPUT", "Zero Rated Income", Decimal(0), "OUTPUT", expenses=False),
            Rate("EXEMPTOUTPUT", "Exempt Income", Decimal(0), "OUTPUT", expenses=False),
            Rate("NONE", "No VAT", Decimal(0), "NONE"),
        ),
        standard_tax={"sale": "OUTPUT2", "purchase": "INPUT2", "none": "NONE"},
        tracking=(("Service line", _SERVICE_LINES), ("Office", ("London", "Leeds"))),
        themes=("Standard", "Fixed fee"),
        currencies=(("GBP", "British Pound"), ("EUR", "Euro"), ("USD", "US Dollar")),
        people=_PEOPLE,
    ),
}
