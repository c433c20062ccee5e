"""The organisation itself, its accounts, rates, tracking and items as Xero shows them."""

from __future__ import annotations

from typing import Any

from sandbox.xero import money
from sandbox.xero.books import Books
from sandbox.xero.payload import Row
from sandbox.xero.render import Detail, stamped, visible, wire_day, wire_stamp


def plain(books: Books, row: Row, detail: Detail, unitdp: int) -> Row:
    """Accounts, users, items, tax rates: as stored, with wire stamps."""
    return stamped(visible(row))


def account(books: Books, row: Row, detail: Detail, unitdp: int) -> Row:
    return {**stamped(visible(row)), "HasAttachments": False}


def item(books: Books, row: Row, detail: Detail, unitdp: int) -> Row:
    shown = stamped(visible(row))
    for side in ("SalesDetails", "PurchaseDetails"):
        if "UnitPrice" in shown.get(side, {}):
            shown[side] = {**shown[side], "UnitPrice": money.unit_price(shown[side]["UnitPrice"], unitdp)}
    return shown


def tracking(books: Books, row: Row, detail: Detail, unitdp: int) -> Row:
    options = [{**option, "HasValidationErrors": False} for option in row["Options"]]
    shown = visible(row)
    shown.pop("UpdatedDateUTC", None)
    return {**shown, "Options": options}


def branding_theme(books: Books, row: Row, detail: Detail, unitdp: int) -> Row:
    return {**visible(row), "CreatedDateUTC": wire_stamp(row["_created"])}


def organisation(books: Books) -> Row:
    shown: dict[str, Any] = {
        "OrganisationID": books.tenant_id,
        "APIKey": "",
        "Name": books.name,
        "LegalName": books.legal_name,
        "PaysTax": True,
        "Version": books.version,
        "OrganisationType": "COMPANY",
        "BaseCurrency": books.currency,
        "CountryCode": books.country,
        "IsDemoCompany": books.demo_company,
        "OrganisationStatus": "ACTIVE",
        "FinancialYearEndDay": 31 if books.country != "AU" else 30,
        "FinancialYearEndMonth": 3 if books.country != "AU" else 6,
        "SalesTaxBasis": "ACCRUALS",
        "SalesTaxPeriod": "QUARTERLY",
        "DefaultSalesTax": books.default_sales_tax,
        "DefaultPurchasesTax": "Tax Inclusive",
        "CreatedDateUTC": wire_stamp(books.created),
        "OrganisationEntityType": "COMPANY",
        "Timezone": books.windows_timezone,
        "ShortCode": books.short_code,
        "Edition": books.edition,
        "Class": books.plan,
        "PaymentTerms": {"Sales": {"Day": 14, "Type": "DAYSAFTERBILLDATE"}},
        "Addresses": [],
        "Phones": [],
        "ExternalLinks": [],
    }
    for field, day in (
        ("PeriodLockDate", books.period_lock_date),
        ("EndOfYearLockDate", books.end_of_year_lock_date),
    ):
        if day:
            shown[field] = wire_day(day)
    return shown
