"""Contacts: unique active names, unique numbers, archived and merged ones."""

from __future__ import annotations

from sandbox.xero.books import Books, Mode, Written
from sandbox.xero.contact_fields import ADDRESS_TYPES, BLANK_ADDRESS, PHONE_LIMITS, PHONE_TYPES, apply, taken
from sandbox.xero.payload import Row, UnknownId, ValidationFailed, identifier, text

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


def put(books: Books, payload: Row, mode: Mode) -> Written:
    """Create. A name or number that is taken is refused."""
    if not text(payload, "Name"):
        raise ValidationFailed(
            NO_IDENTITY if not _identity(payload) else "The contact name must be specified."
        )
    key = identifier(payload, "ContactID")
    if key and key in books.contacts:
        raise ValidationFailed(taken("ContactID", key))
    number = text(payload, "ContactNumber")
    if number and number.casefold() in books.contact_by_number:
        raise ValidationFailed(taken("ContactNumber", number))
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
        raise ValidationFailed(taken("Name", row["Name"]))
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
        "Addresses": [{"AddressType": kind, **dict.fromkeys(BLANK_ADDRESS, "")} for kind in ADDRESS_TYPES],
        "Phones": [{"PhoneType": kind, **dict.fromkeys(PHONE_LIMITS, "")} for kind in PHONE_TYPES],
        "ContactPersons": [],
        "IsCustomer": False,
        "IsSupplier": False,
        "_app": mode.app,
    }
    apply(books, row, payload)
    books.index_contact(row)
    books.save("contacts", row, mode, created=True)
    return Written(row)


def _update(books: Books, row: Row, payload: Row, mode: Mode) -> Written:
    if row["ContactStatus"] != "ACTIVE":
        raise ValidationFailed(ARCHIVED_EDIT)
    changed = {**row}
    apply(books, changed, payload)
    books.unindex_contact(row)
    row.update(changed)
    books.index_contact(row)
    books.save("contacts", row, mode, created=False)
    return Written(row, created=False)
