"""Credit notes, money in advance, and what is applied from them to invoices."""

from __future__ import annotations

from sandbox.xero import contacts, documents, money, payments
from sandbox.xero.books import Books, Mode, Written
from sandbox.xero.lines import read_lines, theme_of
from sandbox.xero.payload import (
    Row,
    UnknownId,
    ValidationFailed,
    day,
    identifier,
    mapping,
    number,
    rows,
    text,
)

_ADVANCES = {
    "RECEIVE-OVERPAYMENT": "overpayments",
    "RECEIVE-PREPAYMENT": "prepayments",
    "SPEND-OVERPAYMENT": "overpayments",
    "SPEND-PREPAYMENT": "prepayments",
}
BANK_TYPES = ("RECEIVE", "SPEND", *_ADVANCES)


def put(books: Books, payload: Row, mode: Mode) -> Written:
    """Create a credit note. A taken number is refused."""
    kind = text(payload, "Type")
    if kind not in ("ACCRECCREDIT", "ACCPAYCREDIT"):
        raise ValidationFailed("The credit note Type is not valid.")
    code = documents.currency(books, payload, None)
    row: Row = {
        "CreditNoteID": "",
        "Type": kind,
        "Reference": text(payload, "Reference", 255) or "",
        "Status": documents.new_status(payload),
        "LineAmountTypes": documents.line_types(payload, "Exclusive"),
        "Date": day(payload, "Date") or books.today(),
        "CurrencyCode": code,
        "CurrencyRate": documents.rate(books, payload, code),
        "BrandingThemeID": theme_of(books, payload),
        "_used": money.NIL,
        "_payments": [],
        "_allocations": [],
        "_app": mode.app,
    }
    shown = _free_number(books, payload, None)
    _fill(books, row, payload, mode, before=[])
    _check_posted(books, row, mode)
    contact = contacts.for_document(books, mapping(payload, "Contact"), mode)
    row["Contact"] = {"ContactID": contact["ContactID"]}
    contacts.mark_used(contact, kind)
    row["CreditNoteID"] = books.new_id()
    row["CreditNoteNumber"] = shown or books.next_number("CN", books.credit_note_by_number)
    books.credit_note_by_number[row["CreditNoteNumber"].casefold()] = row["CreditNoteID"]
    documents.settle_credit(row)
    books.save("credit_notes", row, mode, created=True)
    return Written(row)


def post(books: Books, payload: Row, mode: Mode, *, key: str | None = None) -> Written:
    """Create, or update the credit note that CreditNoteID or an existing number matches."""
    key = key or identifier(payload, "CreditNoteID")
    shown = text(payload, "CreditNoteNumber")
    if key is None and shown:
        key = books.credit_note_by_number.get(shown.casefold())
    if key is None:
        return put(books, payload, mode)
    row = books.credit_notes.get(key)
    if row is None:
        raise ValidationFailed("The credit note could not be found.")
    used = bool(row["_used"])
    changed: Row = {**row, "Status": documents.next_status(row, payload, has_money=used)}
    if row["Status"] in ("AUTHORISED", "PAID"):
        documents.check_lock(books, row["Date"], mode)
    if "Reference" in payload:
        changed["Reference"] = text(payload, "Reference", 255) or ""
    changed["Date"] = day(payload, "Date") or row["Date"]
    changed["LineAmountTypes"] = documents.line_types(payload, row["LineAmountTypes"])
    if payload.get("LineItems") is not None:
        _fill(books, changed, payload, mode, before=row["LineItems"])
        if used and changed["Total"] != row["Total"]:
            raise ValidationFailed(documents.HAS_MONEY)
    if used and changed["Date"] != row["Date"]:
        raise ValidationFailed(documents.HAS_MONEY)
    _check_posted(books, changed, mode)
    row.update(changed)
    documents.settle_credit(row)
    books.save("credit_notes", row, mode, created=False)
    return Written(row, created=False)


def put_bank_transaction(books: Books, payload: Row, mode: Mode) -> Written:
    """Money received or spent without a document. The -OVERPAYMENT and -PREPAYMENT types make a credit."""
    kind = text(payload, "Type")
    if kind not in BANK_TYPES:
        raise ValidationFailed("The bank transaction Type is not valid.")
    account = payments.payment_account(books, mapping(payload, "BankAccount"))
    if account["Type"] != "BANK":
        raise ValidationFailed("The BankAccount must be an account of type BANK.")
    row: Row = {
        "BankTransactionID": "",
        "Type": kind,
        "Reference": text(payload, "Reference", 255) or "",
        "Status": "AUTHORISED",
        "LineAmountTypes": documents.line_types(
            payload, "NoTax" if kind.endswith("OVERPAYMENT") else "Exclusive"
        ),
        "Date": day(payload, "Date") or books.today(),
        "CurrencyCode": account.get("CurrencyCode") or books.currency,
        "CurrencyRate": number(payload, "CurrencyRate") or 1,
        "BankAccount": {"AccountID": account["AccountID"]},
        "IsReconciled": bool(payload.get("IsReconciled", False)),
        "_app": mode.app,
    }
    documents.check_lock(books, row["Date"], mode)
    _fill(books, row, payload, mode, before=[], final=not kind.endswith("OVERPAYMENT"))
    if not row["LineItems"]:
        raise ValidationFailed("One or more line items must be specified")
    contact = contacts.for_document(books, mapping(payload, "Contact"), mode)
    row["Contact"] = {"ContactID": contact["ContactID"]}
    contacts.mark_used(contact, kind)
    row["BankTransactionID"] = books.new_id()
    if kind in _ADVANCES:
        _open_advance(books, row, _ADVANCES[kind], mode)
    books.save("bank_transactions", row, mode, created=True)
    return Written(row)


def _open_advance(books: Books, transaction: Row, shelf_name: str, mode: Mode) -> None:
    id_field = books.shelves[shelf_name].id_field
    key = books.new_id()
    advance: Row = {
        name: transaction[name]
        for name in (
            "Type", "Reference", "Date", "Status", "LineAmountTypes", "LineItems", "SubTotal", "TotalTax",
            "Total", "CurrencyCode", "CurrencyRate", "Contact",
        )
    }  # fmt: skip
    advance.update({id_field: key, "_used": money.NIL, "_payments": [], "_allocations": [], "_app": mode.app})
    documents.settle_credit(advance)
    transaction[id_field] = key
    books.save(shelf_name, advance, mode, created=True)


def allocate(books: Books, shelf_name: str, key: str, payload: Row, mode: Mode) -> Row:
    """Apply credit to an invoice of the same contact and currency. Returns the allocation."""
    source = books.shelves[shelf_name].need(key)
    reference = mapping(payload, "Invoice")
    invoice = books.invoices.get(identifier(reference, "InvoiceID") or "")
    if invoice is None and (shown := text(reference, "InvoiceNumber")):
        invoice = books.invoices.get(books.invoice_by_number.get(shown.casefold(), ""))
    if invoice is None:
        raise ValidationFailed("Invoice could not be found")
    amount = number(payload, "Amount")
    if amount is None or amount <= 0 or amount != money.cents(amount):
        raise ValidationFailed("The allocation amount must be greater than zero, with 2 decimal places")
    amount = money.cents(amount)
    _check_allocation(source, invoice)
    if amount > source["RemainingCredit"]:
        raise ValidationFailed("The allocation amount exceeds the remaining credit")
    if amount > invoice["AmountDue"]:
        raise ValidationFailed(documents.OVERPAID)
    applied_on = day(payload, "Date") or books.today()
    if books.dates_allocations:
        applied_on = max(str(source["Date"]), str(invoice["Date"]))
    documents.check_lock(books, applied_on, mode)
    allocation: Row = {
        "AllocationID": books.new_id(),
        "Amount": amount,
        "Date": applied_on,
        "Invoice": {"InvoiceID": invoice["InvoiceID"]},
        "_source": [shelf_name, key],
    }
    source["_allocations"].append(allocation)
    source["_used"] += amount
    invoice["_allocations"].append({**allocation})
    invoice["AmountCredited"] += amount
    _resettle(books, shelf_name, source, invoice, applied_on, mode)
    return allocation


def unallocate(books: Books, shelf_name: str, key: str, allocation_id: str, mode: Mode) -> None:
    """Take an allocation back. Raises UnknownId, ValidationFailed."""
    source = books.shelves[shelf_name].need(key)
    found = [entry for entry in source["_allocations"] if entry["AllocationID"] == allocation_id]
    if not found:
        raise UnknownId(allocation_id)
    documents.check_lock(books, found[0]["Date"], mode)
    invoice = books.invoices[found[0]["Invoice"]["InvoiceID"]]
    for document in (source, invoice):
        document["_allocations"] = [
            entry for entry in document["_allocations"] if entry["AllocationID"] != allocation_id
        ]
    source["_used"] -= found[0]["Amount"]
    invoice["AmountCredited"] -= found[0]["Amount"]
    _resettle(books, shelf_name, source, invoice, found[0]["Date"], mode)


def _check_allocation(source: Row, invoice: Row) -> None:
    if source["Status"] not in ("AUTHORISED", "PAID") or invoice["Status"] not in ("AUTHORISED", "PAID"):
        raise ValidationFailed("Allocations can only be made between Authorised documents")
    if source["Type"].startswith(("ACCREC", "RECEIVE")) != (invoice["Type"] == "ACCREC"):
        raise ValidationFailed("The credit cannot be allocated to a document of this type")
    if source["Contact"] != invoice["Contact"]:
        raise ValidationFailed("The credit and the invoice must belong to the same contact")
    if source["CurrencyCode"] != invoice["CurrencyCode"]:
        raise ValidationFailed("The credit and the invoice must have the same currency")


def _resettle(books: Books, shelf_name: str, source: Row, invoice: Row, on: str, mode: Mode) -> None:
    documents.settle_credit(source)
    documents.settle(books, invoice, on)
    books.save(shelf_name, source, mode, created=False)
    books.save("invoices", invoice, mode, created=False)


def _fill(
    books: Books, row: Row, payload: Row, mode: Mode, *, before: list[Row], final: bool | None = None
) -> None:
    row["LineItems"] = read_lines(
        books,
        rows(payload, "LineItems") or [],
        sales=row["Type"].startswith(("ACCREC", "RECEIVE")),
        types=row["LineAmountTypes"],
        final=row["Status"] in ("SUBMITTED", "AUTHORISED") if final is None else final,
        unitdp=mode.unitdp,
        before=before,
        discounts=False,
    )
    documents.set_totals(row)


def _free_number(books: Books, payload: Row, own_id: str | None) -> str | None:
    shown = text(payload, "CreditNoteNumber", 255)
    if shown and books.credit_note_by_number.get(shown.casefold(), own_id) != own_id:
        raise ValidationFailed("Credit Note # must be unique.")
    return documents.printable(shown, "CreditNoteNumber") if shown else None


def _check_posted(books: Books, row: Row, mode: Mode) -> None:
    if row["Status"] in ("SUBMITTED", "AUTHORISED") and not row["LineItems"]:
        raise ValidationFailed("One or more line items must be specified")
    if row["Status"] == "AUTHORISED":
        documents.check_lock(books, row["Date"], mode)
