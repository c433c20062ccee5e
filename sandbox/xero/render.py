"""Stored rows as Xero shows them: wire dates, nested objects, more or less detail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import Enum

from sandbox.clock import from_ms
from sandbox.xero import money
from sandbox.xero.books import Books
from sandbox.xero.payload import Row

Renderer = Callable[[Books, Row, "Detail", int], Row]


class Detail(Enum):
    """FULL: single reads and paged lists. THIN: lists without `page`. SUMMARY: summaryOnly=true."""

    FULL = "full"
    THIN = "thin"
    SUMMARY = "summary"


def wire_stamp(stamp: int) -> str:
    return f"/Date({stamp}+0000)/"


def wire_day(day: str) -> str:
    """A calendar day as midnight UTC of that day."""
    return f"/Date({(date.fromisoformat(day).toordinal() - _EPOCH) * 86_400_000}+0000)/"


_EPOCH = date(1970, 1, 1).toordinal()


def iso_stamp(stamp: int) -> str:
    return from_ms(stamp).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def visible(row: Row) -> Row:
    return {key: value for key, value in row.items() if key[0] != "_" and value is not None}


def _dates(shown: Row, *fields: str) -> Row:
    """Replace stored days by the wire form, with the readable twin where Xero sends one."""
    for field in fields:
        day = shown.get(field)
        if day is not None:
            shown[f"{field}String"] = f"{day}T00:00:00"
            shown[field] = wire_day(day)
    return shown


def stamped(shown: Row, *, readable: bool = False) -> Row:
    if "UpdatedDateUTC" in shown:
        if readable:
            shown["UpdatedDateUTCString"] = iso_stamp(shown["UpdatedDateUTC"])
        shown["UpdatedDateUTC"] = wire_stamp(shown["UpdatedDateUTC"])
    return shown


def contact(books: Books, row: Row, detail: Detail, unitdp: int) -> Row:
    shown = stamped(visible(row))
    shown["ContactGroups"] = []
    shown["HasAttachments"] = False
    shown["HasValidationErrors"] = False
    if detail is Detail.SUMMARY:
        for field in ("Addresses", "Phones", "ContactPersons", "PaymentTerms", "IsCustomer", "IsSupplier"):
            shown.pop(field, None)
    if detail is not Detail.FULL:
        for field in ("PaymentTerms", "BrandingTheme", "MergedToContactID"):
            shown.pop(field, None)
        if "ContactPersons" in shown:
            shown["ContactPersons"] = []
    return shown


def contact_balances(books: Books, row: Row) -> Row:
    """The balances of one contact, for single reads."""
    today = books.today()
    sums = {"AccountsReceivable": [money.NIL, money.NIL], "AccountsPayable": [money.NIL, money.NIL]}
    for document in books.invoices.values():
        if document["Contact"]["ContactID"] == row["ContactID"] and document["Status"] == "AUTHORISED":
            pair = sums["AccountsReceivable" if document["Type"] == "ACCREC" else "AccountsPayable"]
            pair[0] += document["AmountDue"]
            if document["DueDate"] and document["DueDate"] < today:
                pair[1] += document["AmountDue"]
    return {side: {"Outstanding": pair[0], "Overdue": pair[1]} for side, pair in sums.items()}


def contact_reference(books: Books, row: Row) -> Row:
    """A contact inside a document: empty lists here mean "not loaded", not "none"."""
    known = books.contacts[row["Contact"]["ContactID"]]
    return {
        "ContactID": known["ContactID"],
        "Name": known["Name"],
        "Addresses": [],
        "Phones": [],
        "ContactGroups": [],
        "ContactPersons": [],
        "HasValidationErrors": False,
    }


def lines(row: Row, unitdp: int) -> list[Row]:
    shown = []
    for line in row["LineItems"]:
        entry = visible(line)
        if "UnitAmount" in entry:
            entry["UnitAmount"] = money.unit_price(entry["UnitAmount"], unitdp)
        shown.append(entry)
    return shown


def invoice(books: Books, row: Row, detail: Detail, unitdp: int) -> Row:
    shown = stamped(_dates(visible(row), "Date", "DueDate", "ExpectedPaymentDate"), readable=True)
    if row.get("FullyPaidOnDate"):
        shown["FullyPaidOnDate"] = wire_day(row["FullyPaidOnDate"])
    shown.update(IsDiscounted=any("DiscountRate" in line for line in row["LineItems"]), HasErrors=False)
    shown["HasAttachments"] = False
    shown["Contact"] = contact_reference(books, row)
    if row["Type"] == "ACCPAY":
        shown.pop("SentToContact", None)
    shown["LineItems"] = lines(row, unitdp) if detail is Detail.FULL else []
    if detail is Detail.SUMMARY:
        for field in ("Payments", "CreditNotes", "Prepayments", "Overpayments", "IsDiscounted"):
            shown.pop(field, None)
        return shown
    shown["Payments"] = [_inner_payment(books, key) for key in row["_payments"]]
    shown.update(_applied_credits(books, row))
    return shown


def _inner_payment(books: Books, key: str) -> Row:
    """A payment inside its document carries no account; /Payments has it."""
    paid = books.payments[key]
    shown = {
        "PaymentID": key,
        "Date": wire_day(paid["Date"]),
        "Amount": paid["Amount"],
        "Reference": paid["Reference"],
        "CurrencyRate": paid["CurrencyRate"],
        "HasAccount": False,
        "HasValidationErrors": False,
    }
    if paid.get("BatchPayment"):
        shown["BatchPaymentID"] = paid["BatchPayment"]["BatchPaymentID"]
    return shown


_CREDIT_LISTS = {"credit_notes": "CreditNotes", "overpayments": "Overpayments", "prepayments": "Prepayments"}


def _applied_credits(books: Books, row: Row) -> dict[str, list[Row]]:
    shown: dict[str, list[Row]] = {name: [] for name in _CREDIT_LISTS.values()}
    for entry in row["_allocations"]:
        shelf_name, key = entry["_source"]
        source = books.shelves[shelf_name][key]
        item: Row = {
            books.shelves[shelf_name].id_field: key,
            "AppliedAmount": entry["Amount"],
            "Date": wire_day(entry["Date"]),
            "Total": source["Total"],
            "HasErrors": False,
        }
        if "CreditNoteNumber" in source:
            item["CreditNoteNumber"] = source["CreditNoteNumber"]
        shown[_CREDIT_LISTS[shelf_name]].append(item)
    return shown


def credit(books: Books, row: Row, detail: Detail, unitdp: int) -> Row:
    """Credit notes, overpayments and prepayments."""
    shown = stamped(_dates(visible(row), "Date"), readable=True)
    shown["Contact"] = contact_reference(books, row)
    shown["LineItems"] = lines(row, unitdp) if detail is Detail.FULL else []
    shown["Payments"] = [_inner_payment(books, key) for key in row["_payments"]]
    shown["Allocations"] = [allocation(books, entry) for entry in row["_allocations"]]
    shown["HasErrors"] = False
    return shown


def allocation(books: Books, row: Row) -> Row:
    target = books.invoices[row["Invoice"]["InvoiceID"]]
    shown = visible(row)
    shown["Date"] = wire_day(row["Date"])
    shown["Invoice"] = {"InvoiceID": target["InvoiceID"], "InvoiceNumber": target["InvoiceNumber"]}
    return shown


def payment(books: Books, row: Row, detail: Detail, unitdp: int) -> Row:
    shown = stamped(visible(row), readable=True)
    shown["Date"] = wire_day(row["Date"])
    shown["HasAccount"] = True
    shown["HasValidationErrors"] = False
    known = books.accounts[row["Account"]["AccountID"]]
    shown["Account"] = {"AccountID": known["AccountID"], "Code": known["Code"]}
    element = row["_element"]
    shown[element] = _paid_document(books, element, row)
    if row.get("BatchPayment"):
        shown["BatchPaymentID"] = row["BatchPayment"]["BatchPaymentID"]
    return shown


def _paid_document(books: Books, element: str, row: Row) -> Row:
    shelf = books.shelves[
        {"Invoice": "invoices", "CreditNote": "credit_notes", "Overpayment": "overpayments"}.get(
            element, "prepayments"
        )
    ]
    document = shelf[row[element][shelf.id_field]]
    known = books.contacts[document["Contact"]["ContactID"]]
    shown: Row = {shelf.id_field: document[shelf.id_field], "Type": document["Type"]}
    for field in ("InvoiceNumber", "CreditNoteNumber"):
        if field in document:
            shown[field] = document[field]
    shown["CurrencyCode"] = document["CurrencyCode"]
    shown["Contact"] = {"ContactID": known["ContactID"], "Name": known["Name"], "HasValidationErrors": False}
    shown["HasErrors"] = False
    return shown


def batch_payment(books: Books, row: Row, detail: Detail, unitdp: int) -> Row:
    shown = stamped(visible(row))
    shown["DateString"] = f"{row['Date']}T00:00:00"
    shown["Date"] = wire_day(row["Date"])
    known = books.accounts[row["Account"]["AccountID"]]
    shown["Account"] = {"AccountID": known["AccountID"], "Code": known["Code"]}
    shown["Payments"] = [
        {
            "PaymentID": key,
            "Amount": books.payments[key]["Amount"],
            "Invoice": {"InvoiceID": books.payments[key]["Invoice"]["InvoiceID"]},
        }
        for key in row["_payments"]
    ]
    return shown


def bank_transaction(books: Books, row: Row, detail: Detail, unitdp: int) -> Row:
    shown = stamped(_dates(visible(row), "Date"))
    shown["Contact"] = contact_reference(books, row)
    known = books.accounts[row["BankAccount"]["AccountID"]]
    shown["BankAccount"] = {"AccountID": known["AccountID"], "Code": known["Code"], "Name": known["Name"]}
    shown["LineItems"] = lines(row, unitdp) if detail is Detail.FULL else []
    return shown


def repeating_invoice(books: Books, row: Row, detail: Detail, unitdp: int) -> Row:
    shown = stamped(visible(row))
    shown["ID"] = row["RepeatingInvoiceID"]
    shown["Contact"] = contact_reference(books, row)
    return shown


def history(row: Row) -> Row:
    return {
        "Changes": row["Changes"],
        "DateUTCString": from_ms(row["_at"]).replace(tzinfo=None).isoformat(timespec="seconds"),
        "DateUTC": wire_stamp(row["_at"]),
        "User": row["User"],
        "Details": row["Details"],
    }


def now_wire(moment: datetime) -> str:
    """The envelope's DateTimeUTC, which has no offset part."""
    return f"/Date({int(moment.astimezone(UTC).timestamp() * 1000)})/"
