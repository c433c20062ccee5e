"""Xero's accounting objects → neutral records."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors import fields
from connectors.base import Row
from connectors.fields import amount, currency, items, needed_amount, required, text
from connectors.records import (
    Account,
    Address,
    Applied,
    BankTransaction,
    Contact,
    ContactPerson,
    Entry,
    Invoice,
    Item,
    Kind,
    Line,
    Organisation,
    Payment,
    Record,
    Staff,
    TaxRate,
    Terms,
    Tracking,
    TrackingCategory,
)
from connectors.xero.dates import calendar_day, moment

ZERO_ID = "00000000-0000-0000-0000-000000000000"


def contact(data: dict[str, Any]) -> Contact:
    phones = {text(phone, "PhoneType"): _phone(phone) for phone in items(data, "Phones")}
    return Contact(
        external_id=required(data, "ContactID"),
        name=required(data, "Name"),
        email=text(data, "EmailAddress"),
        phone=phones.get("DEFAULT", ""),
        direct_phone=phones.get("DDI", ""),
        mobile=phones.get("MOBILE", ""),
        fax=phones.get("FAX", ""),
        first_name=text(data, "FirstName"),
        last_name=text(data, "LastName"),
        number=text(data, "ContactNumber"),
        account_number=text(data, "AccountNumber"),
        company_number=text(data, "CompanyNumber"),
        tax_number=text(data, "TaxNumber"),
        addresses=tuple(found for item in items(data, "Addresses") if (found := _address(item)) is not None),
        others=tuple(_contact_person(item) for item in items(data, "ContactPersons")),
        sales_terms=_terms(data, "Sales"),
        bills_terms=_terms(data, "Bills"),
        sales_account_code=text(data, "SalesDefaultAccountCode"),
        default_currency=text(data, "DefaultCurrency"),
        merged_into=text(data, "MergedToContactID"),
        status=text(data, "ContactStatus") or "ACTIVE",
        source_updated_at=moment(data, "UpdatedDateUTC"),
    )


def _phone(data: dict[str, Any]) -> str:
    country, area, number = (text(data, f"Phone{part}") for part in ("CountryCode", "AreaCode", "Number"))
    if not number:
        return ""
    prefix = f"+{country.lstrip('+')}" if country else ""
    return " ".join(part for part in (prefix, area, number) if part)


def _address(data: dict[str, Any]) -> Address | None:
    lines = [text(data, f"AddressLine{n}") for n in range(1, 5)]
    while lines and not lines[-1]:
        lines.pop()
    found = Address(
        kind=text(data, "AddressType"),
        attention=text(data, "AttentionTo"),
        lines=tuple(lines),
        city=text(data, "City"),
        region=text(data, "Region"),
        postal_code=text(data, "PostalCode"),
        country=text(data, "Country"),
    )
    return None if found == Address(kind=found.kind) else found


def _contact_person(data: dict[str, Any]) -> ContactPerson:
    return ContactPerson(
        first_name=text(data, "FirstName"),
        last_name=text(data, "LastName"),
        email=text(data, "EmailAddress"),
        receives_invoices=data.get("IncludeInEmails") is True,
    )


def _terms(data: dict[str, Any], side: str) -> Terms | None:
    days, kind = text(data, "PaymentTerms", side, "Day"), text(data, "PaymentTerms", side, "Type")
    if not days and not kind:
        return None
    return Terms(days=int(days) if days.isascii() and days.isdigit() else None, type=kind)


def invoice(data: dict[str, Any]) -> Invoice:
    return _document(data, required(data, "InvoiceID"), text(data, "InvoiceNumber"))


def credit_note(data: dict[str, Any]) -> Invoice:
    return _document(data, required(data, "CreditNoteID"), text(data, "CreditNoteNumber"))


def _document(data: dict[str, Any], external_id: str, number: str) -> Invoice:
    return Invoice(
        external_id=external_id,
        contact_external_id=text(data, "Contact", "ContactID"),
        type=text(data, "Type"),
        number=number,
        reference=text(data, "Reference"),
        date=calendar_day(data, "Date"),
        due_date=calendar_day(data, "DueDate"),
        currency=currency(text(data, "CurrencyCode"), "CurrencyCode"),
        line_amounts=text(data, "LineAmountTypes"),
        subtotal=amount(data.get("SubTotal"), "SubTotal"),
        tax=amount(data.get("TotalTax"), "TotalTax"),
        total=needed_amount(data.get("Total"), "Total"),
        amount_paid=amount(data.get("AmountPaid"), "AmountPaid"),
        amount_due=amount(data.get("AmountDue"), "AmountDue"),
        amount_credited=amount(data.get("AmountCredited"), "AmountCredited"),
        url=text(data, "Url"),
        branding_theme_external_id=text(data, "BrandingThemeID"),
        expected_payment_date=calendar_day(data, "ExpectedPaymentDate"),
        sent_to_contact=data.get("SentToContact") is True,
        paid_on=calendar_day(data, "FullyPaidOnDate"),
        status=text(data, "Status"),
        lines=tuple(_line(item) for item in items(data, "LineItems")),
        remaining=amount(data.get("RemainingCredit"), "RemainingCredit"),
        applied=tuple(
            Applied(
                invoice_external_id=text(item, "Invoice", "InvoiceID"),
                amount=needed_amount(item.get("Amount"), "Allocations.Amount"),
            )
            for item in items(data, "Allocations")
        ),
        source_updated_at=moment(data, "UpdatedDateUTC"),
    )


def _line(data: dict[str, Any]) -> Line:
    return Line(
        external_id=text(data, "LineItemID"),
        description=text(data, "Description"),
        quantity=amount(data.get("Quantity"), "Quantity") or Decimal(0),
        unit_amount=amount(data.get("UnitAmount"), "UnitAmount") or Decimal(0),
        discount=amount(data.get("DiscountAmount"), "DiscountAmount") or Decimal(0),
        discount_rate=amount(data.get("DiscountRate"), "DiscountRate"),
        amount=amount(data.get("LineAmount"), "LineAmount") or Decimal(0),
        tax_amount=amount(data.get("TaxAmount"), "TaxAmount"),
        tax_type=text(data, "TaxType"),
        account_code=text(data, "AccountCode"),
        item_code=text(data, "ItemCode"),
        tracking=tuple(
            Tracking(category=text(item, "Name"), option=text(item, "Option"))
            for item in items(data, "Tracking")
        ),
    )


def payment(data: dict[str, Any]) -> Payment:
    target = text(data, "Invoice", "InvoiceID")
    return Payment(
        external_id=required(data, "PaymentID"),
        invoice_external_ids=(target,) if target else (),
        contact_external_id=text(data, "Invoice", "Contact", "ContactID"),
        type=text(data, "PaymentType"),
        date=calendar_day(data, "Date"),
        amount=needed_amount(data.get("Amount"), "Amount"),
        currency=currency(text(data, "Invoice", "CurrencyCode"), "Invoice.CurrencyCode"),
        reference=text(data, "Reference"),
        account_external_id=text(data, "Account", "AccountID"),
        account_code=text(data, "Account", "Code"),
        is_reconciled=data.get("IsReconciled") is True,
        batch_external_id=text(data, "BatchPayment", "BatchPaymentID") or text(data, "BatchPaymentID"),
        status=text(data, "Status"),
        source_updated_at=moment(data, "UpdatedDateUTC"),
    )


def bank_transaction(data: dict[str, Any]) -> BankTransaction:
    return BankTransaction(
        external_id=required(data, "BankTransactionID"),
        type=text(data, "Type").upper(),
        contact_external_id=text(data, "Contact", "ContactID"),
        date=calendar_day(data, "Date"),
        reference=text(data, "Reference"),
        currency=currency(text(data, "CurrencyCode"), "CurrencyCode"),
        line_amounts=text(data, "LineAmountTypes"),
        amount=needed_amount(data.get("Total"), "Total"),
        tax=amount(data.get("TotalTax"), "TotalTax"),
        account_external_id=text(data, "BankAccount", "AccountID"),
        account_code=text(data, "BankAccount", "Code"),
        is_reconciled=data.get("IsReconciled") is True,
        lines=tuple(_line(item) for item in items(data, "LineItems")),
        status=text(data, "Status"),
        source_updated_at=moment(data, "UpdatedDateUTC"),
    )


def organisation(data: dict[str, Any]) -> Organisation:
    terms = (data.get("PaymentTerms") or {}).get("Sales") or {}
    days = text(terms, "Day")
    return Organisation(
        external_id=required(data, "OrganisationID"),
        name=required(data, "Name"),
        short_code=text(data, "ShortCode"),
        country=text(data, "CountryCode"),
        currency=currency(text(data, "BaseCurrency"), "BaseCurrency"),
        time_zone=text(data, "Timezone"),
        period_lock_date=calendar_day(data, "PeriodLockDate"),
        year_lock_date=calendar_day(data, "EndOfYearLockDate"),
        edition=text(data, "Edition") or text(data, "Class"),
        sales_terms_days=int(days) if days.isdigit() else None,
        sales_terms_type=text(terms, "Type"),
        is_demo=data.get("IsDemoCompany") is True,
        status=text(data, "OrganisationStatus"),
    )


def account(data: dict[str, Any]) -> Account:
    return Account(
        external_id=required(data, "AccountID"),
        name=text(data, "Name"),
        code=text(data, "Code"),
        type=text(data, "Type"),
        account_class=text(data, "Class"),
        tax_type=text(data, "TaxType"),
        currency=currency(text(data, "CurrencyCode"), "CurrencyCode"),
        takes_payments=data.get("EnablePaymentsToAccount") is True or text(data, "Type") == "BANK",
        system_account=text(data, "SystemAccount"),
        status=text(data, "Status"),
        source_updated_at=moment(data, "UpdatedDateUTC"),
    )


def tax_rate(data: dict[str, Any]) -> TaxRate:
    rate = amount(data.get("EffectiveRate"), "EffectiveRate")
    if rate is None:
        rate = needed_amount(data.get("DisplayTaxRate"), "DisplayTaxRate")
    return TaxRate(
        external_id=required(data, "TaxType"),
        name=text(data, "Name"),
        rate=rate,
        for_revenue=data.get("CanApplyToRevenue") is True,
        status=text(data, "Status"),
    )


def tracking_category(data: dict[str, Any]) -> TrackingCategory:
    return TrackingCategory(
        external_id=required(data, "TrackingCategoryID"),
        name=text(data, "Name"),
        options=tuple(text(o, "Name") for o in items(data, "Options") if text(o, "Status") != "ARCHIVED"),
        status=text(data, "Status"),
    )


def staff(data: dict[str, Any]) -> Staff:
    name = " ".join(part for part in (text(data, "FirstName"), text(data, "LastName")) if part)
    return Staff(
        external_id=required(data, "UserID"),
        name=name,
        email=text(data, "EmailAddress"),
        role=text(data, "OrganisationRole"),
        source_updated_at=moment(data, "UpdatedDateUTC"),
    )


def item(data: dict[str, Any]) -> Item:
    sales = data.get("SalesDetails") or {}
    return Item(
        external_id=required(data, "ItemID"),
        name=text(data, "Name"),
        code=text(data, "Code"),
        account_code=text(sales, "AccountCode"),
        tax_type=text(sales, "TaxType"),
        unit_amount=amount(sales.get("UnitPrice"), "SalesDetails.UnitPrice"),
        source_updated_at=moment(data, "UpdatedDateUTC"),
    )


def _entry(id_field: str, name_field: str = "Name") -> Callable[[dict[str, Any]], Entry]:
    def parse(data: dict[str, Any]) -> Entry:
        total = data.get("Total") if data.get("Total") is not None else data.get("TotalAmount")
        return Entry(
            external_id=required(data, id_field),
            name=text(data, name_field),
            type=text(data, "Type"),
            reference=text(data, "Reference"),
            date=calendar_day(data, "Date"),
            amount=amount(total, "Total"),
            remaining=amount(data.get("RemainingCredit"), "RemainingCredit"),
            currency=currency(text(data, "CurrencyCode"), "CurrencyCode"),
            contact_external_id=text(data, "Contact", "ContactID"),
            account_external_id=text(data, "Account", "AccountID"),
            status=text(data, "Status"),
            source_updated_at=moment(data, "UpdatedDateUTC"),
        )

    return parse


def repeating_invoice(data: dict[str, Any]) -> Entry:
    schedule = data.get("Schedule")
    plan = schedule if isinstance(schedule, dict) else {}
    unit = text(plan, "Unit").lower().removesuffix("ly")
    return Entry(
        external_id=required(data, "RepeatingInvoiceID"),
        type=text(data, "Type"),
        reference=text(data, "Reference"),
        repeats=f"every {text(plan, 'Period') or '1'} {unit}".strip() if unit else "",
        date=calendar_day(plan, "NextScheduledDate"),
        until=calendar_day(plan, "EndDate"),
        amount=amount(data.get("Total"), "Total"),
        currency=currency(text(data, "CurrencyCode"), "CurrencyCode"),
        contact_external_id=text(data, "Contact", "ContactID"),
        status=text(data, "Status"),
    )


SHAPES: dict[Kind, tuple[str, str, str, Callable[[dict[str, Any]], Record]]] = {
    Kind.ORGANISATION: ("/Organisation", "Organisations", "OrganisationID", organisation),
    Kind.ACCOUNT: ("/Accounts", "Accounts", "AccountID", account),
    Kind.TAX_RATE: ("/TaxRates", "TaxRates", "TaxType", tax_rate),
    Kind.TRACKING_CATEGORY: (
        "/TrackingCategories",
        "TrackingCategories",
        "TrackingCategoryID",
        tracking_category,
    ),
    Kind.BRANDING_THEME: ("/BrandingThemes", "BrandingThemes", "BrandingThemeID", _entry("BrandingThemeID")),
    Kind.CURRENCY: ("/Currencies", "Currencies", "Code", _entry("Code", "Description")),
    Kind.STAFF: ("/Users", "Users", "UserID", staff),
    Kind.ITEM: ("/Items", "Items", "ItemID", item),
    Kind.CONTACT: ("/Contacts", "Contacts", "ContactID", contact),
    Kind.INVOICE: ("/Invoices", "Invoices", "InvoiceID", invoice),
    Kind.CREDIT_NOTE: ("/CreditNotes", "CreditNotes", "CreditNoteID", credit_note),
    Kind.PAYMENT: ("/Payments", "Payments", "PaymentID", payment),
    Kind.BANK_TRANSACTION: ("/BankTransactions", "BankTransactions", "BankTransactionID", bank_transaction),
    Kind.BATCH_PAYMENT: ("/BatchPayments", "BatchPayments", "BatchPaymentID", _entry("BatchPaymentID")),
    Kind.OVERPAYMENT: ("/Overpayments", "Overpayments", "OverpaymentID", _entry("OverpaymentID")),
    Kind.PREPAYMENT: ("/Prepayments", "Prepayments", "PrepaymentID", _entry("PrepaymentID")),
    Kind.REPEATING_INVOICE: (
        "/RepeatingInvoices",
        "RepeatingInvoices",
        "RepeatingInvoiceID",
        repeating_invoice,
    ),
}
"""Per kind: path, name of the array, name of the id, parser."""


def row(kind: Kind, raw: dict[str, Any], index: int = 0) -> Row:
    _, _, id_field, parse = SHAPES[kind]
    return fields.row(kind, text(raw, id_field) or f"unreadable-{index}", raw, parse)


def rows(kind: Kind, data: list[Any]) -> tuple[Row, ...]:
    return tuple(
        row(kind, item if isinstance(item, dict) else {"value": item}, index)
        for index, item in enumerate(data)
    )
