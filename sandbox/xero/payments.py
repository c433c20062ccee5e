"""Payments and batch payments: money against exactly one document, undone but never edited."""

from __future__ import annotations

from decimal import Decimal

from sandbox.xero import documents, money
from sandbox.xero.books import Books, Mode, Shelf, Written
from sandbox.xero.payload import Row, ValidationFailed, day, flag, identifier, mapping, number, rows, text

ONE_DOCUMENT = (
    "A payment must have exactly one of the following elements: Invoice, CreditNote, Prepayment, Overpayment"
)
NOT_APPROVED = "Payments can only be made against Authorised documents"
IN_BATCH = "This payment cannot be deleted as it is part of a batch payment"
BAD_ACCOUNT = "The account cannot be used for payments. It must be a bank account or have payments enabled."

# Element of the payment -> (shelf, number field, type of money coming in, type of money going out).
_TARGETS = {
    "Invoice": ("invoices", "InvoiceNumber", "ACCRECPAYMENT", "ACCPAYPAYMENT"),
    "CreditNote": ("credit_notes", "CreditNoteNumber", "ARCREDITPAYMENT", "APCREDITPAYMENT"),
    "Overpayment": ("overpayments", "", "AROVERPAYMENTPAYMENT", "APOVERPAYMENTPAYMENT"),
    "Prepayment": ("prepayments", "", "ARPREPAYMENTPAYMENT", "APPREPAYMENTPAYMENT"),
}


def put(books: Books, payload: Row, mode: Mode) -> Written:
    """Receive or refund money. Raises ValidationFailed."""
    element, document = _target(books, payload)
    account = payment_account(books, mapping(payload, "Account"))
    paid_on = day(payload, "Date") or books.today()
    documents.check_lock(books, paid_on, mode)
    amount = _amount(payload, element, document)
    return Written(_record(books, element, document, account, paid_on, amount, payload, mode, batch=None))


def delete(books: Books, key: str, mode: Mode) -> Row:
    """Undo a payment. The document is open again. Raises UnknownId, ValidationFailed."""
    row = books.payments.need(key)
    if row["Status"] == "DELETED":
        raise ValidationFailed("Payment has already been deleted")
    if row.get("BatchPayment"):
        raise ValidationFailed(IN_BATCH)
    documents.check_lock(books, row["Date"], mode)
    _undo(books, row, mode)
    return row


def put_batch(books: Books, payload: Row, mode: Mode) -> Written:
    """One bank line for many invoices. Raises ValidationFailed, and then pays none of them."""
    account = payment_account(books, mapping(payload, "Account"))
    paid_on = day(payload, "Date") or books.today()
    documents.check_lock(books, paid_on, mode)
    texts = _batch_texts(books, payload)
    sent = rows(payload, "Payments") or []
    if not sent:
        raise ValidationFailed("A batch payment must have at least one payment.")
    parts = [_batch_part(books, entry) for entry in sent]
    kinds = {document["Type"] for _, document, _ in parts}
    if len(kinds) > 1:
        raise ValidationFailed("A batch payment cannot mix sales invoices and bills.")
    by_invoice: dict[str, Decimal] = {}
    for _, document, amount in parts:
        due: Decimal = by_invoice.setdefault(document["InvoiceID"], document["AmountDue"])
        if amount > due:
            raise ValidationFailed(documents.OVERPAID)
        by_invoice[document["InvoiceID"]] = due - amount
    batch: Row = {
        "BatchPaymentID": books.new_id(),
        "Type": "RECBATCH" if kinds == {"ACCREC"} else "PAYBATCH",
        "Account": {"AccountID": account["AccountID"]},
        "Date": paid_on,
        "Status": "AUTHORISED",
        "TotalAmount": sum((amount for _, _, amount in parts), money.NIL),
        "IsReconciled": flag(payload, "IsReconciled") or False,
        **texts,
        "_payments": [],
        "_app": mode.app,
    }
    for entry, document, amount in parts:
        paid = _record(
            books, "Invoice", document, account, paid_on, amount, {**texts, **entry}, mode, batch=batch
        )
        batch["_payments"].append(paid["PaymentID"])
    books.save("batch_payments", batch, mode, created=True)
    return Written(batch)


def delete_batch(books: Books, key: str, mode: Mode) -> Row:
    """Undo a batch with all its payments."""
    batch = books.batch_payments.need(key)
    if batch["Status"] == "DELETED":
        raise ValidationFailed("Batch payment has already been deleted")
    documents.check_lock(books, batch["Date"], mode)
    for payment_id in batch["_payments"]:
        if books.payments[payment_id]["Status"] != "DELETED":
            _undo(books, books.payments[payment_id], mode)
    batch["Status"] = "DELETED"
    books.save("batch_payments", batch, mode, created=False)
    return batch


def payment_account(books: Books, reference: Row) -> Row:
    """A bank account, or one with payments enabled. Raises ValidationFailed."""
    if not reference:
        raise ValidationFailed("A payment must have an Account.")
    account = books.account(reference)
    if account is None or account["Status"] != "ACTIVE":
        raise ValidationFailed("Account could not be found")
    if account["Type"] != "BANK" and not account["EnablePaymentsToAccount"]:
        raise ValidationFailed(BAD_ACCOUNT)
    return account


def _target(books: Books, payload: Row) -> tuple[str, Row]:
    named = [element for element in _TARGETS if payload.get(element)]
    if len(named) != 1:
        raise ValidationFailed(ONE_DOCUMENT)
    element = named[0]
    return element, _document(books, element, mapping(payload, element))


def _document(books: Books, element: str, reference: Row) -> Row:
    shelf_name, number_field, _, _ = _TARGETS[element]
    shelf: Shelf = books.shelves[shelf_name]
    key = identifier(reference, f"{element}ID")
    shown = text(reference, number_field) if number_field else None
    if key is None and shown:
        index = books.invoice_by_number if element == "Invoice" else books.credit_note_by_number
        key = index.get(shown.casefold())
    row = shelf.get(key or "")
    if row is None:
        raise ValidationFailed(f"{element} could not be found")
    return row


def _amount(payload: Row, element: str, document: Row) -> Decimal:
    amount = number(payload, "Amount")
    if amount is None:
        raise ValidationFailed("Payment amount must be specified")
    if amount != money.cents(amount):
        raise ValidationFailed("Payment amount cannot have more than 2 decimal places")
    if amount <= 0:
        raise ValidationFailed("Payment amount must be greater than zero")
    if document["Status"] not in ("AUTHORISED", "PAID"):
        raise ValidationFailed(NOT_APPROVED)
    open_amount = document["AmountDue"] if element == "Invoice" else document["RemainingCredit"]
    if amount > open_amount:
        raise ValidationFailed(documents.OVERPAID)
    return money.cents(amount)


def _batch_part(books: Books, entry: Row) -> tuple[Row, Row, Decimal]:
    if any(entry.get(element) for element in _TARGETS if element != "Invoice"):
        raise ValidationFailed("A batch payment can only hold payments of invoices.")
    document = _document(books, "Invoice", mapping(entry, "Invoice"))
    if document["CurrencyCode"] != books.currency:
        raise ValidationFailed("A batch payment must be in the base currency.")
    return entry, document, _amount(entry, "Invoice", document)


def _batch_texts(books: Books, payload: Row) -> Row:
    limits = {"Particulars": 12, "Code": 12, "Reference": 12} if books.country == "NZ" else {"Details": 18}
    if books.country == "GB":
        limits["Narrative"] = 18
    limits.setdefault("Reference", 255)
    given = {key: text(payload, key, limit) for key, limit in limits.items()}
    return {key: value for key, value in given.items() if value is not None}


def _record(
    books: Books, element: str, document: Row, account: Row, paid_on: str, amount: Decimal, payload: Row,
    mode: Mode, *, batch: Row | None,
) -> Row:  # fmt: skip
    shelf_name, _, incoming, outgoing = _TARGETS[element]
    id_field = books.shelves[shelf_name].id_field
    rate = number(payload, "CurrencyRate") or document["CurrencyRate"]
    if rate <= 0:
        raise ValidationFailed("The CurrencyRate must be positive.")
    row: Row = {
        "PaymentID": books.new_id(),
        "Date": paid_on,
        "Amount": amount,
        "BankAmount": _bank_amount(books, amount, rate, document, account),
        "CurrencyRate": rate,
        "Reference": text(payload, "Reference", 255) or "",
        "PaymentType": incoming if document["Type"].startswith(("ACCREC", "RECEIVE")) else outgoing,
        "Status": "AUTHORISED",
        "IsReconciled": flag(payload, "IsReconciled") or False,
        "Account": {"AccountID": account["AccountID"]},
        element: {id_field: document[id_field]},
        "_element": element,
        "_app": mode.app,
    }
    if batch is not None:
        row["BatchPayment"] = {"BatchPaymentID": batch["BatchPaymentID"]}
    document["_payments"].append(row["PaymentID"])
    _settle(books, element, document, amount, paid_on, mode)
    books.save("payments", row, mode, created=True)
    return row


def _bank_amount(books: Books, amount: Decimal, rate: Decimal, document: Row, account: Row) -> Decimal:
    if document["CurrencyCode"] == (account.get("CurrencyCode") or books.currency):
        return amount
    return money.cents(amount / rate)


def _undo(books: Books, row: Row, mode: Mode) -> None:
    element = row["_element"]
    shelf = books.shelves[_TARGETS[element][0]]
    document = shelf[row[element][shelf.id_field]]
    row["Status"] = "DELETED"
    document["_payments"].remove(row["PaymentID"])
    _settle(books, element, document, -row["Amount"], row["Date"], mode)
    books.save("payments", row, mode, created=False)


def _settle(books: Books, element: str, document: Row, amount: Decimal, paid_on: str, mode: Mode) -> None:
    if element == "Invoice":
        document["AmountPaid"] += amount
        documents.settle(books, document, paid_on)
    else:
        document["_used"] += amount
        documents.settle_credit(document)
    books.save(_TARGETS[element][0], document, mode, created=False)
