"""The fields of a contact: what each may hold, and what a partial change leaves alone."""

from __future__ import annotations

import re
from typing import Any

from sandbox.xero.books import Books
from sandbox.xero.payload import Row, ValidationFailed, identifier, mapping, number, rows, text

NO_PRIMARY_EMAIL = "Additional people cannot be added when the primary person has no email address set."

ADDRESS_TYPES = ("STREET", "POBOX")
PHONE_TYPES = ("DDI", "DEFAULT", "FAX", "MOBILE")
TERM_TYPES = ("DAYSAFTERBILLDATE", "DAYSAFTERBILLMONTH", "OFCURRENTMONTH", "OFFOLLOWINGMONTH")
_LIMITS = {
    "ContactNumber": 50, "AccountNumber": 50, "FirstName": 255, "LastName": 255, "EmailAddress": 255,
    "TaxNumber": 50, "CompanyNumber": 50, "BankAccountDetails": 100, "DefaultCurrency": 3,
    "AccountsReceivableTaxType": 50, "SalesDefaultAccountCode": 10,
}  # fmt: skip
_ADDRESS_LIMITS = {
    "AddressLine1": 500, "AddressLine2": 500, "AddressLine3": 500, "AddressLine4": 500, "City": 255,
    "Region": 255, "PostalCode": 50, "Country": 50, "AttentionTo": 255,
}  # fmt: skip
PHONE_LIMITS = {"PhoneNumber": 50, "PhoneAreaCode": 10, "PhoneCountryCode": 20}
_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+")
BLANK_ADDRESS = ("AddressLine1", "City", "Region", "PostalCode", "Country")


def apply(books: Books, row: Row, payload: Row) -> None:
    """Check and copy every field that was sent; what was left out keeps its value."""
    messages: list[str] = []
    changes: Row = {}
    readers = (
        _read_names,
        _read_texts,
        _read_email,
        _read_addresses,
        _read_phones,
        _read_people,
        _read_defaults,
    )
    for reader in readers:
        try:
            reader(books, row, payload, changes)
        except ValidationFailed as failure:
            messages.extend(failure.messages)
    if messages:
        raise ValidationFailed(messages)
    row.update(changes)


def _read_names(books: Books, row: Row, payload: Row, changes: Row) -> None:
    name = text(payload, "Name", 255)
    if name is not None:
        if not name.strip():
            raise ValidationFailed("The contact name must be specified.")
        if "<" in name or ">" in name:
            raise ValidationFailed("The contact name cannot contain the characters < or >.")
        if name != name.strip() or "  " in name:
            raise ValidationFailed("The contact name cannot have leading, trailing or double spaces.")
        if books.contact_by_name.get(name.casefold(), row["ContactID"]) != row["ContactID"]:
            raise ValidationFailed(taken("Name", name))
        changes["Name"] = name
    number = text(payload, "ContactNumber", 50)
    if number is not None:
        if books.contact_by_number.get(number.casefold(), row["ContactID"]) != row["ContactID"]:
            raise ValidationFailed(taken("ContactNumber", number))
        changes["ContactNumber"] = number
    status = text(payload, "ContactStatus")
    if status is not None:
        if status not in ("ACTIVE", "ARCHIVED"):
            raise ValidationFailed("The ContactStatus is not valid.")
        changes["ContactStatus"] = status


def _read_texts(books: Books, row: Row, payload: Row, changes: Row) -> None:
    for key, limit in _LIMITS.items():
        value = text(payload, key, limit)
        if value is not None and key != "ContactNumber":
            changes[key] = value


def _read_email(books: Books, row: Row, payload: Row, changes: Row) -> None:
    email = text(payload, "EmailAddress")
    if email and not _EMAIL.fullmatch(email):
        raise ValidationFailed("Email address must be valid.")


def _read_addresses(books: Books, row: Row, payload: Row, changes: Row) -> None:
    sent = rows(payload, "Addresses")
    if sent is None:
        return
    slots = {slot["AddressType"]: slot for slot in row["Addresses"]}
    for entry in sent:
        kind = text(entry, "AddressType") or "POBOX"
        if kind not in ADDRESS_TYPES:
            raise ValidationFailed(f"The address type {kind} is not valid.")
        country = text(entry, "Country")
        if country and not all(letter.isalpha() or letter in " .,'-()" for letter in country):
            raise ValidationFailed("The Country field can only contain letters.")
        given = {key: text(entry, key, limit) for key, limit in _ADDRESS_LIMITS.items()}
        slots[kind] = {
            "AddressType": kind,
            **dict.fromkeys(BLANK_ADDRESS, ""),
            **{key: value for key, value in given.items() if value is not None},
        }
    changes["Addresses"] = [slots[kind] for kind in ADDRESS_TYPES]


def _read_phones(books: Books, row: Row, payload: Row, changes: Row) -> None:
    sent = rows(payload, "Phones")
    if sent is None:
        return
    slots = {slot["PhoneType"]: slot for slot in row["Phones"]}
    for entry in sent:
        kind = text(entry, "PhoneType") or "DEFAULT"
        if kind not in PHONE_TYPES:
            raise ValidationFailed(f"The phone type {kind} is not valid.")
        given = {key: text(entry, key, limit) for key, limit in PHONE_LIMITS.items()}
        slots[kind] = {"PhoneType": kind, **{key: value or "" for key, value in given.items()}}
    changes["Phones"] = [slots[kind] for kind in PHONE_TYPES]


def _read_people(books: Books, row: Row, payload: Row, changes: Row) -> None:
    sent = rows(payload, "ContactPersons")
    if sent is None:
        return
    if len(sent) > 5:
        raise ValidationFailed("A contact can have at most 5 contact persons.")
    if sent and not (text(payload, "EmailAddress") or row.get("EmailAddress")):
        raise ValidationFailed(NO_PRIMARY_EMAIL)
    people: list[dict[str, Any]] = []
    for entry in sent:
        person: Row = {key: text(entry, key, 255) or "" for key in ("FirstName", "LastName", "EmailAddress")}
        person["IncludeInEmails"] = bool(entry.get("IncludeInEmails", False))
        people.append(person)
    changes["ContactPersons"] = people


def _read_defaults(books: Books, row: Row, payload: Row, changes: Row) -> None:
    currency = text(payload, "DefaultCurrency")
    if currency and currency not in books.currencies:
        raise ValidationFailed(f"Organisation is not subscribed to currency {currency}")
    if payload.get("PaymentTerms") is not None:
        terms = mapping(payload, "PaymentTerms")
        for side in ("Sales", "Bills"):
            kind = text(mapping(terms, side), "Type")
            if kind is not None and kind not in TERM_TYPES:
                raise ValidationFailed(f"The payment terms type {kind} is not valid.")
            if terms.get(side) and number(mapping(terms, side), "Day") is None:
                raise ValidationFailed("The payment terms must have a Day.")
        # Taken as a whole: the side that was not sent is gone.
        changes["PaymentTerms"] = terms
    account = text(payload, "SalesDefaultAccountCode")
    if account and not any(known.get("Code") == account for known in books.accounts.values()):
        raise ValidationFailed(f"Account code '{account}' is not a valid code for this contact.")
    theme = identifier(mapping(payload, "BrandingTheme"), "BrandingThemeID")
    if theme:
        if theme not in books.branding_themes:
            raise ValidationFailed("The branding theme could not be found.")
        changes["BrandingTheme"] = {"BrandingThemeID": theme, "Name": books.branding_themes[theme]["Name"]}


def taken(field: str, value: str) -> str:
    if field == "Name":
        return (
            f"The contact name {value} is already assigned to another contact. "
            "The contact name must be unique across all active contacts."
        )
    label = "contact number" if field == "ContactNumber" else "contact identifier"
    return f"The {label} {value} is already assigned to another contact. The {label} must be unique."
