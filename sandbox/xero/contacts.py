"""Contacts: unique active names, unique numbers, archived and merged ones."""

from __future__ import annotations

import re
from typing import Any

from sandbox.xero.books import Books, Mode, Written
from sandbox.xero.payload import Row, UnknownId, ValidationFailed, identifier, mapping, rows, text

ARCHIVED_EDIT = (
    "The contact details matched an archived contact. "
    "Archived contacts cannot currently be edited via the API."
)
ARCHIVED_USE = (
    "The contact with the specified contact details has been archived. The contact must be un-archived "
    "before creating new invoices or credit notes."
)
NO_IDENTITY = (
    "The Contact must contain at least 1 of the following elements to identify the contact: "
    "Name, ContactID, ContactNumber"
)
NO_PRIMARY_EMAIL = "Additional people cannot be added when the primary person has no email address set."

ADDRESS_TYPES = ("STREET", "POBOX")
PHONE_TYPES = ("DDI", "DEFAULT", "FAX", "MOBILE")
TERM_TYPES = ("DAYSAFTERBILLDATE", "DAYSAFTERBILLMONTH", "OFCURRENTMONTH", "OFFOLLOWINGMONTH")
_LIMITS = {
    "ContactNumber": 50, "AccountNumber": 50, "FirstName": 255, "LastName": 255, "EmailAddress": 255,
    "TaxNumber": 50, "CompanyNumber": 50, "BankAccountDetails": 100, "DefaultCurrency": 3,
    "AccountsReceivableTaxType": 50, "SalesDefaultAccountCode": 10, "Website": 255,
}  # fmt: skip
_ADDRESS_LIMITS = {
    "AddressLine1": 500, "AddressLine2": 500, "AddressLine3": 500, "AddressLine4": 500, "City": 255,
    "Region": 255, "PostalCode": 50, "Country": 50, "AttentionTo": 255,
}  # fmt: skip
_PHONE_LIMITS = {"PhoneNumber": 50, "PhoneAreaCode": 10, "PhoneCountryCode": 20}
_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+")


def put(books: Books, payload: Row, mode: Mode) -> Written:
    """Create. A name or number that is taken is refused."""
    if not text(payload, "Name"):
        raise ValidationFailed(
            NO_IDENTITY if not _identity(payload) else "The contact name must be specified."
        )
    key = identifier(payload, "ContactID")
    if key and key in books.contacts:
        raise ValidationFailed(_taken("ContactID", key))
    number = text(payload, "ContactNumber")
    if number and number.casefold() in books.contact_by_number:
        raise ValidationFailed(_taken("ContactNumber", number))
    return _create(books, payload, mode)


def post(books: Books, payload: Row, mode: Mode, *, key: str | None = None) -> Written:
    """Create, or update the contact that ContactID, ContactNumber or Name matches - without asking."""
    row = _match(books, payload, key)
    if row is None:
        if not text(payload, "Name"):
            raise ValidationFailed(NO_IDENTITY)
        return _create(books, payload, mode)
    return _update(books, row, payload, mode)


def for_document(books: Books, reference: Row, mode: Mode) -> Row:
    """The active contact a document names: by id, number or name; an unknown name makes a new contact.

    An id together with another name renames the contact, as Xero does.
    """
    if not reference or not _identity(reference):
        raise ValidationFailed(NO_IDENTITY)
    row = _match(books, reference, None)
    name = text(reference, "Name")
    if row is None and name and name.casefold() in books.archived_by_name:
        raise ValidationFailed(ARCHIVED_USE)
    if row is None:
        if not name:
            raise ValidationFailed("The contact could not be found.")
        return _create(books, {key: reference[key] for key in reference if key != "ContactID"}, mode).row
    if row["ContactStatus"] != "ACTIVE":
        raise ValidationFailed(ARCHIVED_USE)
    if name and name != row["Name"] and identifier(reference, "ContactID"):
        return _update(books, row, {"Name": name}, mode).row
    return row


def archive(books: Books, key: str, mode: Mode) -> Row:
    """What a person does in Xero. Allowed with open invoices."""
    row = books.contacts.need(key)
    books.unindex_contact(row)
    row["ContactStatus"] = "ARCHIVED"
    books.index_contact(row)
    books.save("contacts", row, mode, created=False)
    return row


def restore(books: Books, key: str, mode: Mode) -> Row:
    """Un-archive, which only a person can do. Raises ValidationFailed when the name is taken by now."""
    row = books.contacts.need(key)
    if books.contact_by_name.get(row["Name"].casefold(), key) != key:
        raise ValidationFailed(_taken("Name", row["Name"]))
    books.unindex_contact(row)
    row["ContactStatus"] = "ACTIVE"
    row.pop("MergedToContactID", None)
    books.index_contact(row)
    books.save("contacts", row, mode, created=False)
    return row


def merge(books: Books, loser: str, survivor: str, mode: Mode) -> Row:
    """Merge as a person does in Xero: the loser is archived and points on, its documents move over."""
    if loser == survivor:
        raise ValidationFailed("A contact cannot be merged with itself.")
    kept = books.contacts.need(survivor)
    if kept["ContactStatus"] != "ACTIVE":
        raise ValidationFailed(ARCHIVED_USE)
    row = books.contacts.need(loser)
    row["MergedToContactID"] = survivor
    for shelf in (books.invoices, books.credit_notes, books.overpayments, books.prepayments):
        for document in shelf.values():
            if document["Contact"]["ContactID"] == loser:
                document["Contact"] = {"ContactID": survivor}
    kept["IsCustomer"] = kept["IsCustomer"] or row["IsCustomer"]
    kept["IsSupplier"] = kept["IsSupplier"] or row["IsSupplier"]
    archive(books, loser, mode)
    return kept


def mark_used(row: Row, document_type: str) -> None:
    """The first document makes a contact a customer or a supplier; its change stamp does not move."""
    row["IsCustomer" if document_type.startswith(("ACCREC", "RECEIVE")) else "IsSupplier"] = True


def find(books: Books, key: str) -> Row:
    """A contact by ContactID or ContactNumber. Raises UnknownId."""
    row = books.contacts.get(key.lower())
    if row is not None:
        return row
    found = books.contact_by_number.get(key.casefold())
    if found is None:
        raise UnknownId(key)
    return books.contacts[found]


def _identity(payload: Row) -> bool:
    return any(text(payload, field) for field in ("ContactID", "ContactNumber", "Name"))


def _match(books: Books, payload: Row, key: str | None) -> Row | None:
    key = key or identifier(payload, "ContactID")
    if key:
        row = books.contacts.get(key)
        if row is None:
            raise ValidationFailed("The contact could not be found.")
        return row
    number = text(payload, "ContactNumber")
    if number and (found := books.contact_by_number.get(number.casefold())):
        return books.contacts[found]
    name = text(payload, "Name")
    if name and (found := books.contact_by_name.get(name.casefold())):
        return books.contacts[found]
    return None


def _create(books: Books, payload: Row, mode: Mode) -> Written:
    row: Row = {
        "ContactID": books.new_id(),
        "ContactStatus": "ACTIVE",
        "Name": "",
        "FirstName": "",
        "LastName": "",
        "EmailAddress": "",
        "BankAccountDetails": "",
        "Addresses": [{"AddressType": kind, **dict.fromkeys(_BLANK_ADDRESS, "")} for kind in ADDRESS_TYPES],
        "Phones": [{"PhoneType": kind, **dict.fromkeys(_PHONE_LIMITS, "")} for kind in PHONE_TYPES],
        "ContactPersons": [],
        "IsCustomer": False,
        "IsSupplier": False,
        "_app": mode.app,
    }
    _apply(books, row, payload)
    books.index_contact(row)
    books.save("contacts", row, mode, created=True)
    return Written(row)


_BLANK_ADDRESS = ("AddressLine1", "City", "Region", "PostalCode", "Country")


def _update(books: Books, row: Row, payload: Row, mode: Mode) -> Written:
    if row["ContactStatus"] != "ACTIVE":
        raise ValidationFailed(ARCHIVED_EDIT)
    changed = {**row}
    _apply(books, changed, payload)
    books.unindex_contact(row)
    row.update(changed)
    books.index_contact(row)
    books.save("contacts", row, mode, created=False)
    return Written(row, created=False)


def _apply(books: Books, row: Row, payload: Row) -> None:
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
            raise ValidationFailed(_taken("Name", name))
        changes["Name"] = name
    number = text(payload, "ContactNumber", 50)
    if number is not None:
        if books.contact_by_number.get(number.casefold(), row["ContactID"]) != row["ContactID"]:
            raise ValidationFailed(_taken("ContactNumber", number))
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
            **dict.fromkeys(_BLANK_ADDRESS, ""),
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
        given = {key: text(entry, key, limit) for key, limit in _PHONE_LIMITS.items()}
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
        changes["PaymentTerms"] = terms
    theme = identifier(mapping(payload, "BrandingTheme"), "BrandingThemeID")
    if theme:
        if theme not in books.branding_themes:
            raise ValidationFailed("The branding theme could not be found.")
        changes["BrandingTheme"] = {"BrandingThemeID": theme, "Name": books.branding_themes[theme]["Name"]}


def _taken(field: str, value: str) -> str:
    if field == "Name":
        return (
            f"The contact name {value} is already assigned to another contact. "
            "The contact name must be unique across all active contacts."
        )
    label = "contact number" if field == "ContactNumber" else "contact identifier"
    return f"The {label} {value} is already assigned to another contact. The {label} must be unique."
