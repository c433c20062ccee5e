"""Accounts, tax rates, tracking categories, items, users, currencies: what documents refer to."""

from __future__ import annotations

from decimal import Decimal

from sandbox.xero.books import Books, Mode, Written
from sandbox.xero.chart import Chart
from sandbox.xero.lines import ACCOUNT_CLASSES
from sandbox.xero.payload import Row, ValidationFailed, flag, identifier, mapping, number, rows, text

STATUSES = ("ACTIVE", "ARCHIVED", "DELETED")


def open_books(books: Books, chart: Chart) -> None:
    """Fill an empty organisation with its chart."""
    mode = Mode()
    for code, description in chart.currencies:
        books.currencies.put({"Code": code, "Description": description})
    for rate in chart.rates:
        components = [
            {"Name": chart.tax_name, "Rate": rate.percent, "IsCompound": False, "IsNonRecoverable": False}
        ]
        row = _rate_row(rate.tax_type, rate.name, components, rate.report_type)
        row.update({"CanApplyToRevenue": rate.revenue, "CanApplyToExpenses": rate.expenses, "_system": True})
        books.tax_rates.put(row)
    for line in chart.accounts:
        put_account(
            books,
            {
                "Code": line.code,
                "Name": line.name,
                "Type": line.type,
                "TaxType": chart.standard_tax[line.tax],
                "EnablePaymentsToAccount": line.payments,
                "SystemAccount": line.system,
                "BankAccountNumber": "0102030405" if line.type == "BANK" else None,
            },
            mode,
        )
    for name, options in chart.tracking:
        put_tracking(books, {"Name": name, "Options": [{"Name": option} for option in options]}, mode)
    for order, name in enumerate(chart.themes):
        books.branding_themes.put(
            {
                "BrandingThemeID": books.new_id(),
                "Name": name,
                "SortOrder": order,
                "Type": "INVOICE",
                "_created": books.clock.now_ms(),
            }
        )


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
        "TaxType": _known_rate(books, text(payload, "TaxType")) or "",
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
    row["TaxType"] = _known_rate(books, text(payload, "TaxType")) or row["TaxType"]
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
    row = _rate_row(f"TAX{count:03d}", name, _components(payload), report or "NONE")
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
        row.update(_rate_row(row["TaxType"], row["Name"], components, row["ReportTaxType"], row["Status"]))
    books.tax_rates.put(row)
    return Written(row, created=False)


def put_tracking(books: Books, payload: Row, mode: Mode) -> Written:
    name = text(payload, "Name", 100)
    if not name:
        raise ValidationFailed("Tracking category name must be specified.")
    if any(row["Name"].casefold() == name.casefold() for row in books.tracking.values()):
        raise ValidationFailed("A tracking category with this name already exists.")
    active = sum(row["Status"] == "ACTIVE" for row in books.tracking.values())
    if active >= 2 or len(books.tracking) >= 4:
        raise ValidationFailed("An organisation can have at most 2 active tracking categories.")
    row: Row = {"TrackingCategoryID": books.new_id(), "Name": name, "Status": "ACTIVE", "Options": []}
    for option in rows(payload, "Options") or []:
        add_tracking_option(books, row, option)
    books.save("tracking", row, mode, created=True)
    return Written(row)


def post_tracking(books: Books, payload: Row, mode: Mode, *, key: str | None = None) -> Written:
    row = books.tracking.need(key or identifier(payload, "TrackingCategoryID") or "")
    status = text(payload, "Status")
    if status is not None and status not in ("ACTIVE", "ARCHIVED"):
        raise ValidationFailed("The tracking category Status is not valid.")
    row["Status"] = status or row["Status"]
    row["Name"] = text(payload, "Name", 100) or row["Name"]
    books.save("tracking", row, mode, created=False)
    return Written(row, created=False)


def add_tracking_option(books: Books, row: Row, payload: Row) -> Row:
    name = text(payload, "Name", 100)
    if not name:
        raise ValidationFailed("Tracking option name must be specified.")
    if any(option["Name"].casefold() == name.casefold() for option in row["Options"]):
        raise ValidationFailed("A tracking option with this name already exists.")
    option: Row = {"TrackingOptionID": books.new_id(), "Name": name, "Status": "ACTIVE"}
    row["Options"].append(option)
    return option


def change_tracking_option(row: Row, key: str, payload: Row) -> Row:
    """Rename or archive an option; lines that used it keep it. Raises ValidationFailed."""
    found = [option for option in row["Options"] if option["TrackingOptionID"] == key]
    if not found:
        raise ValidationFailed("The tracking option could not be found.")
    option: Row = found[0]
    option["Name"] = text(payload, "Name", 100) or option["Name"]
    option["Status"] = text(payload, "Status") or option["Status"]
    return option


def put_item(books: Books, payload: Row, mode: Mode) -> Written:
    code = text(payload, "Code", 30)
    if not code:
        raise ValidationFailed("Item code must be specified.")
    if code.casefold() in books.item_by_code:
        raise ValidationFailed(f"Price List Item with Code '{code}' already exists")
    row: Row = {"ItemID": books.new_id(), "Code": code, "Name": code, "IsTrackedAsInventory": False}
    row.update({"IsSold": True, "IsPurchased": False, "Description": ""})
    _fill_item(books, row, payload)
    books.item_by_code[code.casefold()] = row["ItemID"]
    books.save("items", row, mode, created=True)
    return Written(row)


def post_item(books: Books, payload: Row, mode: Mode, *, key: str | None = None) -> Written:
    code = text(payload, "Code", 30)
    key = key or identifier(payload, "ItemID") or books.item_by_code.get((code or "").casefold())
    row = books.items.get(key or "")
    if row is None:
        return put_item(books, payload, mode)
    changed: Row = {**row}
    _fill_item(books, changed, payload)
    if code and code.casefold() != row["Code"].casefold():
        if code.casefold() in books.item_by_code:
            raise ValidationFailed(f"Price List Item with Code '{code}' already exists")
        del books.item_by_code[row["Code"].casefold()]
        books.item_by_code[code.casefold()] = row["ItemID"]
        changed["Code"] = code
    row.clear()
    row.update(changed)
    books.save("items", row, mode, created=False)
    return Written(row, created=False)


def remove_item(books: Books, row: Row) -> None:
    """Items have no archive: deleting is final, documents keep their text."""
    books.items.remove(row["ItemID"])
    books.item_by_code.pop(row["Code"].casefold(), None)


def _fill_item(books: Books, row: Row, payload: Row) -> None:
    """Copy item fields. Turning IsSold or IsPurchased off wipes that side, as Xero does."""
    row["Name"] = text(payload, "Name", 50) or row["Name"]
    if payload.get("Description") is not None:
        row["Description"] = text(payload, "Description", 4000)
    for side, switch in (("SalesDetails", "IsSold"), ("PurchaseDetails", "IsPurchased")):
        on = flag(payload, switch)
        if payload.get(side) is not None:
            row[side] = _item_side(books, mapping(payload, side))
            row[switch] = True
        if on is not None:
            row[switch] = on
        if on is False:
            row.pop(side, None)


def _item_side(books: Books, sent: Row) -> Row:
    side: Row = {}
    price = number(sent, "UnitPrice")
    if price is not None:
        side["UnitPrice"] = price
    code = text(sent, "AccountCode")
    if code:
        if books.account({"AccountCode": code}) is None:
            raise ValidationFailed(f"Account code '{code}' is not a valid code for this document.")
        side["AccountCode"] = code
    tax_type = _known_rate(books, text(sent, "TaxType"))
    if tax_type:
        side["TaxType"] = tax_type
    return side


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


def _known_rate(books: Books, tax_type: str | None) -> str | None:
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


def _rate_row(tax_type: str, name: str, components: list[Row], report: str, status: str = "ACTIVE") -> Row:
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
