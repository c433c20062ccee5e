"""Neutral values of a write → Xero's JSON.

Only the values present are sent: Xero keeps contact fields that are left out. Invoices name their contact by id
alone, because an id together with a name would rename the contact. Lines carry their ``LineItemID`` on an update,
because a line left out or sent without its id is deleted or made anew.
"""

from decimal import Decimal
from typing import Any

from connectors.records import Kind

_CONTACT_FIELDS = {
    "name": "Name",
    "email": "EmailAddress",
    "first_name": "FirstName",
    "last_name": "LastName",
    "number": "ContactNumber",
    "account_number": "AccountNumber",
    "tax_number": "TaxNumber",
}
_INVOICE_FIELDS = {
    "type": "Type",
    "number": "InvoiceNumber",
    "reference": "Reference",
    "date": "Date",
    "due_date": "DueDate",
    "currency": "CurrencyCode",
    "line_amounts": "LineAmountTypes",
    "status": "Status",
    "url": "Url",
    "branding_theme_external_id": "BrandingThemeID",
}


def element(kind: Kind, values: dict[str, Any], external_id: str = "") -> dict[str, Any]:
    """One element of a write; with ``external_id`` it is an update."""
    return _RENDER[kind](values, external_id)


def contact(values: dict[str, Any], external_id: str) -> dict[str, Any]:
    out: dict[str, Any] = {"ContactID": external_id} if external_id else {}
    out.update({theirs: values[ours] for ours, theirs in _CONTACT_FIELDS.items() if ours in values})
    phones = []
    for ours, theirs in (("phone", "DEFAULT"), ("mobile", "MOBILE")):
        if ours in values:
            phones.append(_phone(theirs, values[ours]))
    if phones:
        out["Phones"] = phones
    return out


def _phone(kind: str, number: str) -> dict[str, str]:
    """``+61 2 9000 0000`` is split into country and number, which is how Xero's screens show it."""
    country = ""
    if number.startswith("+") and " " in number:
        head, _, number = number.partition(" ")
        country = head[1:]
    return {"PhoneType": kind, "PhoneCountryCode": country, "PhoneAreaCode": "", "PhoneNumber": number}


def invoice(values: dict[str, Any], external_id: str) -> dict[str, Any]:
    out: dict[str, Any] = {"InvoiceID": external_id} if external_id else {}
    if "contact_external_id" in values:
        out["Contact"] = {"ContactID": values["contact_external_id"]}
    out.update({theirs: values[ours] for ours, theirs in _INVOICE_FIELDS.items() if values.get(ours)})
    if "lines" in values:
        out["LineItems"] = [_line(line) for line in values["lines"]]
    return out


def _line(line: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"Description": line["description"]}
    if line.get("external_id"):
        out["LineItemID"] = line["external_id"]
    out["Quantity"] = Decimal(line["quantity"])
    out["UnitAmount"] = Decimal(line["unit_amount"])
    if line.get("discount"):
        out["DiscountAmount"] = Decimal(line["discount"])
    for ours, theirs in (("account_code", "AccountCode"), ("tax_type", "TaxType"), ("item_code", "ItemCode")):
        if line.get(ours):
            out[theirs] = line[ours]
    if line.get("tax_amount"):
        out["TaxAmount"] = Decimal(line["tax_amount"])
    if line.get("tracking"):
        out["Tracking"] = [{"Name": item["category"], "Option": item["option"]} for item in line["tracking"]]
    return out


def payment(values: dict[str, Any], external_id: str) -> dict[str, Any]:
    account = {"AccountID": values["account_external_id"]} if values.get("account_external_id") else {}
    return {
        "Invoice": {"InvoiceID": values["invoice_external_id"]},
        "Account": account or {"Code": values["account_code"]},
        "Date": values["date"],
        "Amount": Decimal(values["amount"]),
        "Reference": values["reference"],
    }


_RENDER = {Kind.CONTACT: contact, Kind.INVOICE: invoice, Kind.PAYMENT: payment}
