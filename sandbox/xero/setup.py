"""Accounts, tax rates and people of an organisation."""

from __future__ import annotations

from decimal import Decimal

from sandbox.xero.books import Books, Mode, Written
from sandbox.xero.lines import ACCOUNT_CLASSES
from sandbox.xero.payload import Row, ValidationFailed, flag, identifier, number, rows, text

STATUSES = ("ACTIVE", "ARCHIVED", "DELETED")


def put_account(books: Books, payload: Row, mode: Mode) -> Written:
    name, kind, code = text(payload, "Name", 150), text(payload, "Type"), text(payload, "Code", 10)
    if not name:
        raise ValidationFailed("Account name must be specified.")
    if kind not in ACCOUNT_CLASSES:
        raise ValidationFailed("The account Type is not valid.")
    if not code and kind != "BANK":
        raise ValidationFailed("Account code must be specified.")
    if code and code in books.account_by_code:
        raise ValidationFailed("Please enter a unique Code.")
    row: Row = {
        "AccountID": books.new_id(),
        "Code": code or "",
        "Name": name,
        "Status": "ACTIVE",
        "Type": kind,
        "TaxType": known_rate(books, text(payload, "TaxType")) or "",
        "Class": ACCOUNT_CLASSES[kind],
        "Description": text(payload, "Description", 4000) or "",
        "EnablePaymentsToAccount": flag(payload, "EnablePaymentsToAccount") or False,
        "ShowInExpenseClaims": False,
        "AddToWatchlist": False,
    }
    if kind == "BANK":
        row["BankAccountNumber"] = text(payload, "BankAccountNumber") or ""
        row["CurrencyCode"] = text(payload, "CurrencyCode") or books.currency
    if payload.get("SystemAccount"):
        row["SystemAccount"] = payload["SystemAccount"]
    if code:
        books.account_by_code[code] = row["AccountID"]
    books.save("accounts", row, mode, created=True)
    return Written(row)


def post_account(books: Books, payload: Row, mode: Mode, *, key: str | None = None) -> Written:
    key = key or identifier(payload, "AccountID") or books.account_by_code.get(text(payload, "Code") or "")
    row = books.accounts.get(key or "")
    if row is None:
        return put_account(books, payload, mode)
    status = text(payload, "Status")
    if status is not None and status not in STATUSES:
        raise ValidationFailed("The account Status is not valid.")
    if status not in (None, "ACTIVE") and row.get("SystemAccount"):
        raise ValidationFailed("System accounts cannot be archived or deleted.")
    code = text(payload, "Code", 10)
    if code and books.account_by_code.get(code, key) != key:
        raise ValidationFailed("Please enter a unique Code.")
    if code and code != row["Code"]:
        books.account_by_code.pop(row["Code"], None)
        books.account_by_code[code] = row["AccountID"]
        row["Code"] = code
    row["Name"] = text(payload, "Name", 150) or row["Name"]
    row["Status"] = status or row["Status"]
    row["TaxType"] = known_rate(books, text(payload, "TaxType")) or row["TaxType"]
    enabled = flag(payload, "EnablePaymentsToAccount")
    row["EnablePaymentsToAccount"] = row["EnablePaymentsToAccount"] if enabled is None else enabled
    books.save("accounts", row, mode, created=False)
    return Written(row, created=False)


def put_tax_rate(books: Books, payload: Row, mode: Mode) -> Written:
    """A custom rate: Xero gives it the next TAX00n type. AU, NZ and UK ask for a ReportTaxType."""
    name = text(payload, "Name", 50)
    if not name:
        raise ValidationFailed("Tax rate name must be specified.")
    if any(rate["Name"].casefold() == name.casefold() for rate in books.tax_rates.values()):
        raise ValidationFailed("Tax rate name must be unique.")
    report = text(payload, "ReportTaxType")
    if not report and books.country in ("AU", "NZ", "GB"):
        raise ValidationFailed("ReportTaxType must be specified.")
    used = {key.casefold(): key for key in books.tax_rates}
    count = 1
    while f"tax{count:03d}" in used:
        count += 1
    row = rate_row(f"TAX{count:03d}", name, _components(payload), report or "NONE")
    for field in ("CanApplyToRevenue", "CanApplyToExpenses"):
        chosen = flag(payload, field)
        row[field] = True if chosen is None else chosen
    books.tax_rates.put(row)
    return Written(row)


def post_tax_rate(books: Books, payload: Row, mode: Mode, *, key: str | None = None) -> Written:
    """Change a custom rate: components may be added, not renamed or removed; system rates are fixed."""
    key = key or text(payload, "TaxType")
    row = books.tax_rates.get(key or "")
    if row is None:
        return put_tax_rate(books, payload, mode)
    status = text(payload, "Status")
    if row.get("_system") and (payload.get("TaxComponents") or status in ("DELETED",)):
        raise ValidationFailed("System tax rates cannot be changed.")
    if status is not None:
        if status not in STATUSES:
            raise ValidationFailed("The tax rate Status is not valid.")
        row["Status"] = status
    if payload.get("TaxComponents"):
        components = _components(payload)
        if not {part["Name"] for part in row["TaxComponents"]} <= {part["Name"] for part in components}:
            raise ValidationFailed("Tax components cannot be renamed or removed.")
        row.update(rate_row(row["TaxType"], row["Name"], components, row["ReportTaxType"], row["Status"]))
    books.tax_rates.put(row)
    return Written(row, created=False)


def add_user(books: Books, payload: Row) -> Row:
    """A person of the organisation; `OrganisationRole` decides whether they may connect an app."""
    row: Row = {
        "UserID": payload.get("UserID") or books.new_id(),
        "EmailAddress": payload["EmailAddress"],
        "FirstName": payload.get("FirstName", ""),
        "LastName": payload.get("LastName", ""),
        "IsSubscriber": bool(payload.get("IsSubscriber", False)),
        "OrganisationRole": payload.get("OrganisationRole", "STANDARD"),
        "UpdatedDateUTC": books.clock.now_ms(),
    }
    books.users.put(row)
    return row


def known_rate(books: Books, tax_type: str | None) -> str | None:
    if tax_type and tax_type not in books.tax_rates:
        raise ValidationFailed(f"The TaxType code '{tax_type}' does not exist.")
    return tax_type


def _components(payload: Row) -> list[Row]:
    sent = rows(payload, "TaxComponents") or []
    if not sent:
        raise ValidationFailed("A tax rate must have at least one component.")
    parts: list[Row] = []
    for entry in sent:
        name, percent = text(entry, "Name", 50), number(entry, "Rate")
        if not name or percent is None or not 0 <= percent <= 100:
            raise ValidationFailed("A tax component needs a Name and a Rate between 0 and 100.")
        parts.append({"Name": name, "Rate": percent, "IsCompound": False, "IsNonRecoverable": False})
    return parts


def rate_row(tax_type: str, name: str, components: list[Row], report: str, status: str = "ACTIVE") -> Row:
    percent = sum((part["Rate"] for part in components), Decimal(0))
    return {
        "Name": name,
        "TaxType": tax_type,
        "ReportTaxType": report,
        "CanApplyToAssets": True,
        "CanApplyToEquity": True,
        "CanApplyToExpenses": True,
        "CanApplyToLiabilities": True,
        "CanApplyToRevenue": True,
        "DisplayTaxRate": percent,
        "EffectiveRate": percent,
        "Status": status,
        "TaxComponents": components,
    }
