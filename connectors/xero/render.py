"""Neutral values of a write → Xero's JSON.

Only the values present are sent: Xero keeps contact fields that are left out. An address, the list of further people
and the payment terms it replaces as a whole, so what they hold besides comes along in ``values["kept"]``. Invoices
name their contact by id alone, because an id together with a name would rename the contact. Lines carry their
``LineItemID`` on an update, because a line left out or sent without its id is deleted or made anew.
"""

from collections.abc import Iterable, Mapping, Sequence
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
    "company_number": "CompanyNumber",
    "tax_number": "TaxNumber",
    "sales_account_code": "SalesDefaultAccountCode",
    "default_currency": "DefaultCurrency",
}
_PHONES = {"phone": "DEFAULT", "direct_phone": "DDI", "mobile": "MOBILE", "fax": "FAX"}
_ADDRESSES = {"postal": "POBOX", "street": "STREET"}
_ADDRESS_PARTS = {
    "attention": "AttentionTo",
    "line_1": "AddressLine1",
    "line_2": "AddressLine2",
    "line_3": "AddressLine3",
    "line_4": "AddressLine4",
    "city": "City",
    "region": "Region",
    "postcode": "PostalCode",
    "country": "Country",
}
_PERSON_PARTS = {"first_name": "FirstName", "last_name": "LastName", "email": "EmailAddress"}
TERMS = {"days": "terms_days", "type": "terms_type"}
USUAL_TERMS = "DAYSAFTERBILLDATE"
"""What days mean where nobody said anything else."""
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
    "expected_payment_date": "ExpectedPaymentDate",
}


def element(kind: Kind, values: dict[str, Any], external_id: str = "") -> dict[str, Any]:
    """One element of a write; with ``external_id`` it is an update."""
    return _RENDER[kind](values, external_id)


def contact(values: dict[str, Any], external_id: str) -> dict[str, Any]:
    out: dict[str, Any] = {"ContactID": external_id} if external_id else {}
    out.update({theirs: values[ours] for ours, theirs in _CONTACT_FIELDS.items() if ours in values})
    phones = [_phone(theirs, values[ours]) for ours, theirs in _PHONES.items() if ours in values]
    if phones:
        out["Phones"] = phones
    kept = values.get("kept") or {}
    addresses = [
        _address(theirs, own, kept.get(ours) or {})
        for ours, theirs in _ADDRESSES.items()
        if (own := _own(ours, _ADDRESS_PARTS, values))
    ]
    if addresses:
        out["Addresses"] = addresses
    if person := _own("other", _PERSON_PARTS, values):
        out["ContactPersons"] = _people(person, kept.get("other") or [])
    terms = _terms(values, kept.get("terms") or {})
    if terms:
        out["PaymentTerms"] = terms
    return out


def _own(start: str, parts: Iterable[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be written of a part that Xero replaces as a whole."""
    return {part: values[f"{start}_{part}"] for part in parts if f"{start}_{part}" in values}


def _address(kind: str, own: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    whole = {**kept, **own}
    return {
        "AddressType": kind,
        **{theirs: whole.get(ours, "") for ours, theirs in _ADDRESS_PARTS.items()},
    }


def _people(own: Mapping[str, Any], kept: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The first further person with what changes, and the others as they are."""
    first = {**(kept[0] if kept else {}), **own}
    return [
        {
            **{theirs: person.get(ours, "") for ours, theirs in _PERSON_PARTS.items()},
            "IncludeInEmails": bool(person.get("receives_invoices", False)),
        }
        for person in (first, *kept[1:])
    ]


def _terms(values: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """Terms of sales beside those of bills; nothing where nobody says how many days."""
    own = {part: values[name] for part, name in TERMS.items() if name in values}
    sales = {**(kept.get("sales") or {}), **own}
    if not own or not sales.get("days"):
        return {}
    out = {"Sales": _term(sales)}
    if kept.get("bills"):
        out["Bills"] = _term(kept["bills"])
    return out


def _term(terms: Mapping[str, Any]) -> dict[str, Any]:
    return {"Day": int(terms["days"]), "Type": terms.get("type") or USUAL_TERMS}


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
    if "sent_to_contact" in values:
        out["SentToContact"] = values["sent_to_contact"] == "yes"
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
    if line.get("discount_rate"):
        out["DiscountRate"] = Decimal(line["discount_rate"])
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
