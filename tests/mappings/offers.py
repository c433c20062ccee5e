"""What two systems might offer a mapping: small ready-made views for the tests of this folder."""

import dataclasses
from decimal import Decimal
from typing import Any

from connectors.records import Account, TaxRate
from mappings.sides import BrandingTheme, LabelUse, MethodUse, ServiceUse, SourceView, TargetView
from mappings.spec import Facts


def account(code: str, name: str, type: str = "REVENUE", **extra: Any) -> Account:
    extra.setdefault("status", "ACTIVE")
    extra.setdefault("account_class", "REVENUE" if type in {"REVENUE", "SALES", "OTHERINCOME"} else "ASSET")
    return Account(external_id=f"acc-{code or name}", code=code, name=name, type=type, **extra)


def rate(tax_type: str, name: str, percent: str, *, revenue: bool = True, status: str = "ACTIVE") -> TaxRate:
    return TaxRate(external_id=tax_type, name=name, rate=Decimal(percent), for_revenue=revenue, status=status)


RATES = {
    "AU": (
        rate("OUTPUT", "GST on Income", "10"),
        rate("INPUT", "GST on Expenses", "10", revenue=False),
        rate("EXEMPTOUTPUT", "GST Free Income", "0"),
        rate("EXEMPTEXPENSES", "GST Free Expenses", "0", revenue=False),
        rate("BASEXCLUDED", "BAS Excluded", "0"),
    ),
    "NZ": (
        rate("OUTPUT2", "15% GST on Income", "15"),
        rate("INPUT2", "15% GST on Expenses", "15", revenue=False),
        rate("ZERORATED", "Zero Rated", "0"),
        rate("NONE", "No GST", "0"),
    ),
    "GB": (
        rate("OUTPUT2", "20% (VAT on Income)", "20"),
        rate("RROUTPUT", "5% (VAT on Income)", "5"),
        rate("ZERORATEDOUTPUT", "Zero Rated Income", "0"),
        rate("ECZROUTPUT", "Zero Rated EC Goods Income", "0"),
        rate("EXEMPTOUTPUT", "Exempt Income", "0"),
        rate("NONE", "No VAT", "0"),
    ),
}

ACCOUNTS = (
    account("200", "Sales", tax_type="OUTPUT"),
    account("202", "Bookkeeping Fees", tax_type="OUTPUT"),
    account("270", "Interest Income", tax_type="BASEXCLUDED"),
    account("299", "Old Fees", status="ARCHIVED"),
    account("404", "Bank Fees", "EXPENSE"),
    account("608", "IGNPayments - Ignition Clearing Account", "CURRENT", takes_payments=True),
    account("090", "Business Bank Account", "BANK", takes_payments=True),
)

SERVICES = (
    ServiceUse(
        external_id="serv_1",
        name="Bookkeeping",
        tax_label="GST on Income",
        lines=40,
        amount=Decimal("18000.00"),
    ),
    ServiceUse(
        external_id="serv_2",
        name="Tax return",
        tax_label="GST on Income",
        lines=12,
        amount=Decimal("5400.50"),
    ),
    ServiceUse(
        external_id="serv_3", name="ASIC fee", tax_label="Disbursement", lines=3, amount=Decimal("930.00")
    ),
)


def facts(country: str = "AU", accounts: tuple[Account, ...] = ACCOUNTS, **extra: Any) -> Facts:
    by_key = {item.external_id: item for item in accounts} | {
        item.code: item for item in accounts if item.code
    }
    values: dict[str, Any] = {
        "accounts": by_key,
        "tax_rates": {item.external_id: item for item in RATES[country]},
        "tracking": {
            "Service line": frozenset({"Bookkeeping", "Tax"}),
            "Office": frozenset({"Sydney", "Perth"}),
        },
        "currencies": frozenset({"AUD", "NZD"}),
        "base_currency": {"AU": "AUD", "NZ": "NZD", "GB": "GBP"}[country],
        "country": country,
    }
    return Facts(**values | extra)


def view(country: str = "AU", **extra: Any) -> TargetView:
    values: dict[str, Any] = {
        "is_read": True,
        "facts": facts(country),
        "branding_themes": (BrandingTheme(external_id="theme-1", name="Standard"),),
        "source": SourceView(
            is_read=True,
            services=SERVICES,
            labels=(
                LabelUse(label="GST on Income", services=2, lines=52, amount=Decimal("23400.50")),
                LabelUse(label="Disbursement", services=1, lines=3, amount=Decimal("930.00")),
            ),
            methods=(MethodUse(method="card", payments=30, amount=Decimal("14000.00")),),
        ),
    }
    return TargetView(**values | extra)


def unread(base: TargetView) -> TargetView:
    """The same, before the source has been read."""
    return dataclasses.replace(base, source=SourceView())
