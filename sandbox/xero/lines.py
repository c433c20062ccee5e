"""Line items of invoices, credit notes and bank transactions: reading, checking, working out."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.xero import money
from sandbox.xero.books import Books
from sandbox.xero.payload import Row, ValidationFailed, identifier, mapping, number, rows, text

ACCOUNT_CLASSES = {
    "REVENUE": "REVENUE", "SALES": "REVENUE", "OTHERINCOME": "REVENUE",
    "EXPENSE": "EXPENSE", "DIRECTCOSTS": "EXPENSE", "OVERHEADS": "EXPENSE", "DEPRECIATN": "EXPENSE",
    "BANK": "ASSET", "CURRENT": "ASSET", "FIXED": "ASSET", "INVENTORY": "ASSET", "NONCURRENT": "ASSET",
    "PREPAYMENT": "ASSET",
    "CURRLIAB": "LIABILITY", "LIABILITY": "LIABILITY", "TERMLIAB": "LIABILITY",
    "EQUITY": "EQUITY",
}  # fmt: skip
_APPLIES = {
    "REVENUE": "CanApplyToRevenue", "EXPENSE": "CanApplyToExpenses", "ASSET": "CanApplyToAssets",
    "LIABILITY": "CanApplyToLiabilities", "EQUITY": "CanApplyToEquity",
}  # fmt: skip
_CLOSED_SYSTEM_ACCOUNTS = ("DEBTORS", "CREDITORS")


def read_lines(
    books: Books, sent: list[Row], *, sales: bool, types: str, final: bool, unitdp: int, before: list[Row],
    discounts: bool = True,
) -> list[Row]:  # fmt: skip
    """The new list of lines. Collects the messages of all lines into one ValidationFailed.

    `before` are the stored lines: a sent line with their LineItemID changes that line, one without an id is
    new, and a stored line that is not sent is gone. `final` asks for what an approved document needs.
    """
    known = {line["LineItemID"]: line for line in before}
    result: list[Row] = []
    messages: list[str] = []
    for entry in sent:
        try:
            key = identifier(entry, "LineItemID")
            if key and key not in known:
                raise ValidationFailed("The line item could not be found.")
            base = known[key] if key else {}
            line = _read_line(
                books, {**_as_sent(base), **entry}, sales=sales, types=types, final=final, unitdp=unitdp
            )
            if not discounts and ("DiscountRate" in line or "DiscountAmount" in line):
                raise ValidationFailed("Discounts are not valid on this document.")
            line["LineItemID"] = key or books.new_id()
            result.append(line)
        except ValidationFailed as failure:
            messages.extend(failure.messages)
    if messages:
        raise ValidationFailed(messages)
    return result


def rework(books: Books, lines: list[Row], types: str) -> list[Row]:
    """The same lines under another LineAmountTypes: tax is worked out anew."""
    result = []
    for line in lines:
        changed = {**line}
        if "LineAmount" in line:
            changed["TaxAmount"] = money.line_tax(line["LineAmount"], tax_percent(books, line), types)
        result.append(changed)
    return result


def tax_percent(books: Books, line: Row) -> Decimal:
    rate = books.tax_rates.get(line.get("TaxType") or "")
    return rate["EffectiveRate"] if rate else Decimal(0)


def _as_sent(line: Row) -> Row:
    """A stored line as a basis for a partial change: what follows from other fields is left out."""
    kept = {key: value for key, value in line.items() if key not in ("LineAmount", "TaxAmount", "AccountID")}
    if line.get("_own_tax"):
        kept["TaxAmount"] = line["TaxAmount"]
    return kept


def _read_line(books: Books, entry: Row, *, sales: bool, types: str, final: bool, unitdp: int) -> Row:
    item = _item(books, entry, sales=sales)
    line: Row = {"Description": text(entry, "Description", 4000) or item.get("Description") or ""}
    if item:
        line["ItemCode"] = item["Code"]
    details: Row = item.get("SalesDetails" if sales else "PurchaseDetails") or {}
    unit = number(entry, "UnitAmount")
    unit = details.get("UnitPrice") if unit is None else unit
    given = number(entry, "LineAmount")
    quantity = number(entry, "Quantity")
    account = books.account(entry) if _names_account(entry) else None
    if account is None and details.get("AccountCode") and not _names_account(entry):
        account = books.account({"AccountCode": details["AccountCode"]})
    if unit is None and given is None and not _names_account(entry):
        if not line["Description"]:
            raise ValidationFailed("Description must not be empty for this line item.")
        return line
    _check_account(entry, account, final=final)
    if not line["Description"]:
        raise ValidationFailed("Description must not be empty for this line item.")
    line["Quantity"] = _quantity(quantity)
    if unit is None:
        unit = (given or Decimal(0)) / line["Quantity"] if line["Quantity"] else Decimal(0)
    line["UnitAmount"] = money.unit_price(unit, unitdp)
    discount = _discount(entry)
    line.update({key: value for key, value in discount.items() if value is not None})
    line["LineAmount"] = money.line_amount(
        line["Quantity"],
        line["UnitAmount"],
        discount_rate=discount["DiscountRate"],
        discount_amount=discount["DiscountAmount"],
    )
    if given is not None and money.cents(given) != line["LineAmount"]:
        raise ValidationFailed(
            f"The line total {given} does not match the expected line total {line['LineAmount']}"
        )
    if account is not None:
        line["AccountCode"] = account.get("Code") or ""
        line["AccountID"] = account["AccountID"]
    line["TaxType"] = _tax_type(books, entry, details, account, sales=sales)
    own_tax = number(entry, "TaxAmount")
    if own_tax is not None and types != "NoTax":
        line["TaxAmount"], line["_own_tax"] = money.cents(own_tax), True
    else:
        line["TaxAmount"] = money.line_tax(line["LineAmount"], tax_percent(books, line), types)
    line["Tracking"] = read_tracking(books, entry)
    return line


def _names_account(entry: Row) -> bool:
    return bool(entry.get("AccountCode") or entry.get("AccountID"))


def _quantity(value: Decimal | None) -> Decimal:
    if value is None:
        return Decimal(1)
    if abs(value) >= Decimal(10) ** 13:
        raise ValidationFailed("The Quantity field cannot have more than 13 digits.")
    return value.quantize(money.FOUR_PLACES, rounding=ROUND_HALF_UP)


def _item(books: Books, entry: Row, *, sales: bool) -> Row:
    code = text(entry, "ItemCode")
    if not code:
        return {}
    key = books.item_by_code.get(code.casefold())
    if key is None:
        raise ValidationFailed(f"Item code '{code}' is not valid")
    item = books.items[key]
    if not item["IsSold" if sales else "IsPurchased"]:
        raise ValidationFailed(f"Item code '{code}' is not valid")
    return item


def _check_account(entry: Row, account: Row | None, *, final: bool) -> None:
    code = text(entry, "AccountCode") or text(entry, "AccountID") or ""
    if account is None:
        if _names_account(entry):
            raise ValidationFailed(f"Account code '{code}' is not a valid code for this document.")
        if final:
            raise ValidationFailed("Account code must be specified.")
        return
    closed = account["Status"] != "ACTIVE" or account["Type"] == "BANK"
    if closed or account.get("SystemAccount") in _CLOSED_SYSTEM_ACCOUNTS:
        raise ValidationFailed(f"Account code '{code}' is not a valid code for this document.")


def _tax_type(books: Books, entry: Row, details: Row, account: Row | None, *, sales: bool) -> str:
    sent = text(entry, "TaxType")
    tax_type = sent or details.get("TaxType") or (account or {}).get("TaxType")
    if not tax_type:
        return "NONE" if "NONE" in books.tax_rates else ""
    rate = books.tax_rates.get(tax_type)
    if rate is None or rate["Status"] != "ACTIVE":
        raise ValidationFailed(
            f"The TaxType code '{tax_type}' does not exist or cannot be used for this type of transaction."
        )
    flag = _APPLIES[ACCOUNT_CLASSES[account["Type"]]] if account else "CanApplyToRevenue"
    side = "CanApplyToRevenue" if sales else "CanApplyToExpenses"
    if not rate[flag] or not rate[side]:
        code = (account or {}).get("Code", "")
        raise ValidationFailed(f"The tax type '{tax_type}' cannot be used with the account code '{code}'.")
    return str(tax_type)


def _discount(entry: Row) -> dict[str, Decimal | None]:
    rate, amount = number(entry, "DiscountRate"), number(entry, "DiscountAmount")
    if rate and amount:
        raise ValidationFailed("A line item can have a discount rate or a discount amount, not both.")
    if rate is not None and not 0 <= rate <= 100:
        raise ValidationFailed("The discount rate must be between 0 and 100.")
    return {"DiscountRate": rate or None, "DiscountAmount": amount or None}


def read_tracking(books: Books, entry: Row) -> list[Row]:
    """Tracking of a line, by names or ids. Only active categories and options are accepted."""
    sent = rows(entry, "Tracking") or []
    if len(sent) > 2:
        raise ValidationFailed("A line item can have at most 2 tracking categories.")
    return [_tracking_option(books, choice) for choice in sent]


def _tracking_option(books: Books, choice: Row) -> Row:
    name, option_name = text(choice, "Name"), text(choice, "Option")
    category = next(
        (
            row
            for row in books.tracking.values()
            if row["TrackingCategoryID"] == choice.get("TrackingCategoryID") or (name and row["Name"] == name)
        ),
        None,
    )
    if category is None or category["Status"] != "ACTIVE":
        raise ValidationFailed(f"The tracking category {name or ''} could not be found.")
    option = next(
        (
            row
            for row in category["Options"]
            if row["TrackingOptionID"] == choice.get("TrackingOptionID")
            or (option_name and row["Name"] == option_name)
        ),
        None,
    )
    if option is None or option["Status"] != "ACTIVE":
        raise ValidationFailed(f"The tracking option {option_name or ''} could not be found.")
    return {
        "Name": category["Name"],
        "Option": option["Name"],
        "TrackingCategoryID": category["TrackingCategoryID"],
        "TrackingOptionID": option["TrackingOptionID"],
    }


def essence(lines: list[Row]) -> list[tuple[Any, ...]]:
    """What money has been based on: changes here are refused once a payment is applied."""
    return [
        (
            line["LineItemID"],
            line.get("Quantity"),
            line.get("UnitAmount"),
            line.get("LineAmount"),
            line.get("TaxAmount"),
            line.get("TaxType"),
            line.get("ItemCode"),
        )
        for line in lines
    ]


def theme_of(books: Books, payload: Row) -> str | None:
    theme = identifier(payload, "BrandingThemeID") or identifier(
        mapping(payload, "BrandingTheme"), "BrandingThemeID"
    )
    if theme and theme not in books.branding_themes:
        raise ValidationFailed("The branding theme could not be found.")
    return theme
