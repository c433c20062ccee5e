"""Planned clients and invoices as Xero payloads."""

from __future__ import annotations

import re
from typing import Any

from sandbox.seed import words
from sandbox.seed.billing import Bill, Line
from sandbox.seed.roster import ClientPlan

LINE_AMOUNTS = {"exclusive": "Exclusive", "inclusive": "Inclusive", "none": "NoTax"}
# Country code, what mobile numbers start with, and the length of a mobile's and a fixed line's area code.
_NUMBERING = {"AU": ("61", "4", 3, 1), "NZ": ("64", "2", 2, 1), "UK": ("44", "7", 4, 2)}
_SPELLINGS = (
    (re.compile(r" Pty Ltd$"), " Pty. Limited"),
    (re.compile(r" (Pty\. Ltd\.|Pty Limited|P/L)$"), " Pty Ltd"),
    (re.compile(r" Limited$"), " Ltd"),
    (re.compile(r" Ltd$"), " Limited"),
    (re.compile(r"^The "), ""),
    (re.compile(r" & "), " and "),
)


def native_contact(client: ClientPlan, name: str, country: str) -> dict[str, Any]:
    """What the native link sends for a new contact: name, addresses and phones as typed, no e-mail."""
    person = client.people[0]
    phones = [("DEFAULT", person.phone), ("MOBILE", person.mobile)]
    return {
        "Name": name,
        "Addresses": [_address(client, country, kind) for kind in ("POBOX", "STREET")],
        "Phones": [{"PhoneType": kind, "PhoneNumber": number} for kind, number in phones if number],
    }


def typed_contact(client: ClientPlan, name: str, country: str) -> dict[str, Any]:
    """The same client as a careful person enters it: split phone numbers, e-mail, tax number, person's
    name.
    """
    owner = client.name.owner
    phones = [("DEFAULT", client.people[0].phone), ("MOBILE", client.people[0].mobile)]
    payload: dict[str, Any] = {
        "Name": name,
        "FirstName": owner.first,
        "LastName": owner.last,
        "EmailAddress": client.email,
        "Addresses": [_address(client, country, "POBOX")],
        "Phones": [{"PhoneType": kind, **split_phone(number, country)} for kind, number in phones if number],
    }
    if client.tax_number:
        payload["TaxNumber"] = client.tax_number
    payload["ContactPersons"] = [
        {
            "FirstName": other.person.first,
            "LastName": other.person.last,
            "EmailAddress": other.email or "",
            "IncludeInEmails": other.recipient,
        }
        for other in client.people[1:]
    ]
    return payload


def split_phone(raw: str, country: str) -> dict[str, str]:
    """Country code, area and number where the spelling tells them; otherwise the number as typed."""
    dialling, mobile_start, mobile_area, fixed_area = _NUMBERING[country]
    digits = re.sub(r"\D", "", raw.replace("(0)", "")).removeprefix("00")
    abroad = raw.startswith(("+", "00")) or len(digits) > 10
    national = digits.removeprefix(dialling) if abroad else digits
    complete = national != digits or digits.startswith("0")
    national = national.removeprefix("0")
    mobile = national.startswith(mobile_start) and len(national) >= 8
    if not complete and not (mobile and len(national) == 9):
        return {"PhoneNumber": raw}
    area = mobile_area if mobile else fixed_area
    return {
        "PhoneCountryCode": dialling,
        "PhoneAreaCode": national[:area],
        "PhoneNumber": f"{national[area:-4]} {national[-4:]}".strip(),
    }


def other_spelling(name: str) -> str:
    """The same name the way another person would type it; upper case where nothing else differs."""
    for pattern, replacement in _SPELLINGS:
        changed = pattern.sub(replacement, name)
        if changed != name:
            return changed
    return name.upper()


def invoice_payload(
    bill: Bill, contact_id: str, currency: str, tracking: tuple[str, str] | None
) -> dict[str, Any]:
    """The invoice as the native link posts it: approved, marked as sent, referenced by billing group.

    tracking: category and option of the client; the native link puts them on every line.
    """
    return {
        "Type": "ACCREC",
        "Contact": {"ContactID": contact_id},
        "Date": bill.day.isoformat(),
        "DueDate": bill.due.isoformat(),
        "Reference": bill.reference,
        "LineAmountTypes": LINE_AMOUNTS[bill.mode],
        "Status": "AUTHORISED",
        "CurrencyCode": currency,
        "SentToContact": True,
        "LineItems": [_line(line, tracking) for line in bill.lines],
    }


def _line(line: Line, tracking: tuple[str, str] | None) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "Description": line.service.name,
        "Quantity": line.quantity,
        "UnitAmount": line.price,
        "AccountCode": line.service.account,
        "TaxType": line.service.tax.xero_tax_type,
    }
    if line.discount:
        payload["DiscountAmount"] = line.discount
    if tracking:
        payload["Tracking"] = [{"Name": tracking[0], "Option": tracking[1]}]
    return payload


def _address(client: ClientPlan, country: str, kind: str) -> dict[str, str]:
    city, region, postcode = client.city
    return {
        "AddressType": kind,
        "AddressLine1": client.street,
        "City": city,
        "Region": region,
        "PostalCode": postcode,
        "Country": words.COUNTRIES[country],
    }
