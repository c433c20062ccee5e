"""Sales invoices and bills: numbers, states, what may still change, lines that come and go."""

from __future__ import annotations

from typing import Any

from sandbox.xero import contacts, documents, money
from sandbox.xero.books import Books, Mode, Written
from sandbox.xero.lines import essence, read_lines, rework, theme_of
from sandbox.xero.payload import Row, UnknownId, ValidationFailed, day, flag, identifier, mapping, rows, text

NOT_UNIQUE = "Invoice # must be unique."
NOT_SENT = "Only AUTHORISED invoices may have SentToContact updated."
# Changes to a partly or fully paid document that move no money leave its change stamp alone, so that
# If-Modified-Since does not show them.
INVISIBLE_WHEN_PAID = frozenset({"DueDate", "SentToContact", "ExpectedPaymentDate", "PlannedPaymentDate"})


def put(books: Books, payload: Row, mode: Mode) -> Written:
    """Create. A taken sales number is refused."""
    return _create(books, payload, mode)


def post(books: Books, payload: Row, mode: Mode, *, key: str | None = None) -> Written:
    """Create, or update the invoice that InvoiceID or an existing sales InvoiceNumber matches."""
    key = key or identifier(payload, "InvoiceID")
    if key:
        row = books.invoices.get(key)
        if row is None:
            raise ValidationFailed("The invoice could not be found.")
        return _update(books, row, payload, mode)
    shown = text(payload, "InvoiceNumber")
    if shown and payload.get("Type", "ACCREC") == "ACCREC":
        found = books.invoice_by_number.get(shown.casefold())
        if found:
            return _update(books, books.invoices[found], payload, mode)
    return _create(books, payload, mode)


def find(books: Books, key: str) -> Row:
    """An invoice by InvoiceID or by its sales number. Raises UnknownId."""
    row = books.invoices.get(key.lower())
    if row is not None:
        return row
    found = books.invoice_by_number.get(key.casefold())
    if found is None:
        raise UnknownId(key)
    return books.invoices[found]


def void(books: Books, key: str, mode: Mode) -> Row:
    """Void an approved invoice, delete a draft: what the Void button does."""
    row = books.invoices.need(key)
    wanted = "VOIDED" if row["Status"] == "AUTHORISED" else "DELETED"
    return _update(books, row, {"Status": wanted}, mode).row


def has_money(row: Row) -> bool:
    return bool(row["AmountPaid"] or row["AmountCredited"])


def _create(books: Books, payload: Row, mode: Mode) -> Written:
    kind = text(payload, "Type")
    if kind not in ("ACCREC", "ACCPAY"):
        raise ValidationFailed("The invoice Type is not valid.")
    status = documents.new_status(payload)
    shown = _free_number(books, payload, kind, None)
    types = documents.line_types(payload, "Exclusive")
    code = documents.currency(books, payload, None)
    row: Row = {
        "InvoiceID": "",
        "Type": kind,
        "InvoiceNumber": shown or "",
        "Reference": text(payload, "Reference", 255) or "",
        "Status": status,
        "LineAmountTypes": types,
        "Date": day(payload, "Date") or books.today(),
        "DueDate": day(payload, "DueDate"),
        "ExpectedPaymentDate": day(payload, "ExpectedPaymentDate") if kind == "ACCREC" else None,
        "CurrencyCode": code,
        "CurrencyRate": documents.rate(books, payload, code),
        "BrandingThemeID": theme_of(books, payload) or next(iter(books.branding_themes), None),
        "Url": text(payload, "Url", 500),
        "AmountPaid": money.NIL,
        "AmountCredited": money.NIL,
        "SentToContact": False,
        "_payments": [],
        "_allocations": [],
        "_app": mode.app,
    }
    row["LineItems"] = _lines(books, payload, row, mode, before=[])
    documents.set_totals(row)
    _check_approved(books, row, mode)
    warnings = _sent_flag(row, payload)
    contact = contacts.for_document(books, mapping(payload, "Contact"), mode)
    row["Contact"] = {"ContactID": contact["ContactID"]}
    row["InvoiceID"] = books.new_id()
    if kind == "ACCREC" and not shown:
        row["InvoiceNumber"] = books.next_number("INV", books.invoice_by_number)
    documents.settle(books, row, row["Date"])
    contacts.mark_used(contact, kind)
    if kind == "ACCREC":
        books.invoice_by_number[row["InvoiceNumber"].casefold()] = row["InvoiceID"]
    books.save("invoices", row, mode, created=True)
    return Written(row, warnings=warnings)


def _update(books: Books, row: Row, payload: Row, mode: Mode) -> Written:
    kind = text(payload, "Type")
    if kind is not None and kind != row["Type"]:
        raise ValidationFailed("The Type of an invoice cannot be changed.")
    paid = has_money(row)
    status = documents.next_status(row, payload, has_money=paid)
    if row["Status"] in ("AUTHORISED", "PAID"):
        documents.check_lock(books, row["Date"], mode)
    changed: Row = {**row, "Status": status}
    _apply(books, changed, payload, mode)
    warnings = _sent_flag(changed, payload)
    if paid:
        _check_paid_edit(row, changed, payload)
    if status in documents.OPEN_STATUSES:
        _check_approved(books, changed, mode)
    _renumber(books, row, changed)
    quiet = paid and _only_invisible(row, changed)
    row.update(changed)
    documents.settle(books, row, row["Date"])
    books.save("invoices", row, mode, created=False, quiet=quiet)
    return Written(row, created=False, warnings=warnings)


def _apply(books: Books, row: Row, payload: Row, mode: Mode) -> None:
    """Copy what was sent onto a copy of the stored invoice."""
    if "Reference" in payload:
        row["Reference"] = text(payload, "Reference", 255) or ""
    for field in ("Date", "DueDate", *(("ExpectedPaymentDate",) if row["Type"] == "ACCREC" else ())):
        value = day(payload, field)
        if value is not None:
            row[field] = value
    if payload.get("Url") is not None:
        row["Url"] = text(payload, "Url", 500)
    row["BrandingThemeID"] = theme_of(books, payload) or row["BrandingThemeID"]
    row["InvoiceNumber"] = _free_number(books, payload, row["Type"], row["InvoiceID"]) or row["InvoiceNumber"]
    row["CurrencyCode"] = documents.currency(books, payload, row["CurrencyCode"])
    row["CurrencyRate"] = documents.rate(books, payload, row["CurrencyCode"], row["CurrencyRate"])
    types = documents.line_types(payload, row["LineAmountTypes"])
    retyped = types != row["LineAmountTypes"]
    row["LineAmountTypes"] = types
    if payload.get("LineItems") is not None:
        row["LineItems"] = _lines(books, payload, row, mode, before=row["LineItems"])
    elif retyped:
        row["LineItems"] = rework(books, row["LineItems"], types)
    documents.set_totals(row)
    if payload.get("Contact") is not None:
        contact = contacts.for_document(books, mapping(payload, "Contact"), mode)
        row["Contact"] = {"ContactID": contact["ContactID"]}
        contacts.mark_used(contact, row["Type"])


def _lines(books: Books, payload: Row, row: Row, mode: Mode, *, before: list[Row]) -> list[Row]:
    return read_lines(
        books,
        rows(payload, "LineItems") or [],
        sales=row["Type"] == "ACCREC",
        types=row["LineAmountTypes"],
        final=row["Status"] in ("SUBMITTED", "AUTHORISED", "PAID"),
        unitdp=mode.unitdp,
        before=before,
    )


def _free_number(books: Books, payload: Row, kind: str, own_id: str | None) -> str | None:
    shown = text(payload, "InvoiceNumber", 255)
    if not shown:
        return None
    documents.printable(shown, "InvoiceNumber")
    if kind == "ACCREC" and books.invoice_by_number.get(shown.casefold(), own_id) != own_id:
        raise ValidationFailed(NOT_UNIQUE)
    return shown


def _renumber(books: Books, row: Row, changed: Row) -> None:
    if row["Type"] == "ACCREC" and row["InvoiceNumber"] != changed["InvoiceNumber"]:
        books.invoice_by_number.pop(row["InvoiceNumber"].casefold(), None)
        books.invoice_by_number[changed["InvoiceNumber"].casefold()] = row["InvoiceID"]


def _check_approved(books: Books, row: Row, mode: Mode) -> None:
    """What a document needs before it is posted: lines, a due date, an open period."""
    if row["Status"] == "DRAFT":
        return
    messages = []
    if not row["LineItems"]:
        messages.append("One or more line items must be specified")
    if not row["DueDate"]:
        messages.append("Invoice due date cannot be empty.")
    if any("LineAmount" in line and not line.get("AccountID") for line in row["LineItems"]):
        messages.append("Account code must be specified.")
    if messages:
        raise ValidationFailed(messages)
    if row["Status"] == "AUTHORISED":
        documents.check_lock(books, row["Date"], mode)


def _sent_flag(row: Row, payload: Row) -> tuple[str, ...]:
    sent = flag(payload, "SentToContact")
    if sent is None:
        return ()
    if row["Status"] not in ("AUTHORISED", "PAID"):
        return (NOT_SENT,) if sent else ()
    row["SentToContact"] = sent
    return ()


def _check_paid_edit(row: Row, changed: Row, payload: Row) -> None:
    """Once money is applied, a sales invoice keeps its figures and a bill keeps everything."""
    fixed = ("Date", "CurrencyCode", "CurrencyRate", "LineAmountTypes", "Total", "TotalTax")
    same = all(row[field] == changed[field] for field in fixed)
    if not same or essence(row["LineItems"]) != essence(changed["LineItems"]):
        raise ValidationFailed(documents.HAS_MONEY)
    if row["AmountCredited"] and row["Contact"] != changed["Contact"]:
        raise ValidationFailed(documents.HAS_MONEY)
    if row["Type"] == "ACCPAY" and _differs(row, changed):
        raise ValidationFailed(documents.HAS_MONEY)


def _differs(row: Row, changed: Row) -> set[str]:
    return {field for field in changed if row.get(field) != changed[field]}


def _only_invisible(row: Row, changed: Row) -> bool:
    different: set[Any] = _differs(row, changed)
    return bool(different) and different <= INVISIBLE_WHEN_PAID
