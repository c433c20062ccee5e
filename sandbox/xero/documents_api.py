"""Endpoints of contacts, invoices, credit notes, bank transactions and repeating invoices."""

from __future__ import annotations

from sandbox.web import Response, Router, json_response
from sandbox.xero import contacts, credits, invoices, render, scopes
from sandbox.xero.books import Books, Mode, Written
from sandbox.xero.gateway import Call
from sandbox.xero.listing import select
from sandbox.xero.payload import Row, ValidationFailed
from sandbox.xero.render import Detail
from sandbox.xero.writes import Writer, elements, envelope, write_all

router = Router()
LONGEST_NOTE = 2500


# Contacts ---------------------------------------------------------------------------------------


@router.route("GET", "/Contacts")
def list_contacts(call: Call) -> Response:
    call.need(scopes.CONTACTS, write=False)
    return listed(call, "Contacts", "contacts", render.contact)


@router.route("PUT", "/Contacts")
def put_contacts(call: Call) -> Response:
    call.need(scopes.CONTACTS, write=True)
    return _write_contacts(call, contacts.put)


@router.route("POST", "/Contacts")
def post_contacts(call: Call) -> Response:
    call.need(scopes.CONTACTS, write=True)
    return _write_contacts(call, contacts.post)


@router.route("GET", "/Contacts/{key}")
def get_contact(call: Call, key: str) -> Response:
    """By ContactID or ContactNumber, with the balances."""
    call.need(scopes.CONTACTS, write=False)
    row = contacts.find(call.ledger, key)
    shown = render.contact(call.ledger, row, Detail.FULL, call.unitdp)
    shown["Balances"] = render.contact_balances(call.ledger, row)
    return json_response(envelope(call, "Contacts", [shown]))


@router.route("POST", "/Contacts/{key}")
def post_contact(call: Call, key: str) -> Response:
    call.need(scopes.CONTACTS, write=True)
    found = contacts.find(call.ledger, key)["ContactID"]

    def update(books: Books, payload: Row, mode: Mode) -> Written:
        return contacts.post(books, payload, mode, key=found)

    return _write_contacts(call, update, key=found)


def _write_contacts(call: Call, writer: Writer, key: str | None = None) -> Response:
    sent = _with_id(elements(call, "Contacts"), "ContactID", key)
    return write_all(
        call, "Contacts", "contacts", sent, writer, show=render.contact, flag="HasValidationErrors"
    )


# Invoices ---------------------------------------------------------------------------------------


@router.route("GET", "/Invoices")
def list_invoices(call: Call) -> Response:
    call.need(scopes.INVOICES, write=False)
    return listed(call, "Invoices", "invoices", render.invoice)


@router.route("PUT", "/Invoices")
def put_invoices(call: Call) -> Response:
    call.need(scopes.INVOICES, write=True)
    return _write_invoices(call, invoices.put)


@router.route("POST", "/Invoices")
def post_invoices(call: Call) -> Response:
    call.need(scopes.INVOICES, write=True)
    return _write_invoices(call, invoices.post)


@router.route("GET", "/Invoices/{key}")
def get_invoice(call: Call, key: str) -> Response:
    """By InvoiceID or sales number. Here the contact comes with its addresses and phones."""
    call.need(scopes.INVOICES, write=False)
    row = invoices.find(call.ledger, key)
    shown = render.invoice(call.ledger, row, Detail.FULL, call.unitdp)
    known = call.ledger.contacts[row["Contact"]["ContactID"]]
    shown["Contact"] = render.contact(call.ledger, known, Detail.THIN, call.unitdp)
    return json_response(envelope(call, "Invoices", [shown]))


@router.route("POST", "/Invoices/{key}")
def post_invoice(call: Call, key: str) -> Response:
    call.need(scopes.INVOICES, write=True)
    found = invoices.find(call.ledger, key)["InvoiceID"]

    def update(books: Books, payload: Row, mode: Mode) -> Written:
        return invoices.post(books, payload, mode, key=found)

    return _write_invoices(call, update, key=found)


@router.route("GET", "/Invoices/{key}/OnlineInvoice")
def online_invoice(call: Call, key: str) -> Response:
    call.need(scopes.INVOICES, write=False)
    row = invoices.find(call.ledger, key)
    if row["Type"] != "ACCREC" or row["Status"] not in ("AUTHORISED", "PAID"):
        raise ValidationFailed(f"Cannot return online invoice URL for invoices with status '{row['Status']}'")
    url = f"https://in.xero.com/{row['InvoiceID'].replace('-', '')}"
    return json_response({"OnlineInvoices": [{"OnlineInvoiceUrl": url}]})


@router.route("POST", "/Invoices/{key}/Email")
def email_invoice(call: Call, key: str) -> Response:
    call.need(scopes.INVOICES, write=True)
    row = invoices.find(call.ledger, key)
    if row["Type"] != "ACCREC" or row["Status"] not in ("SUBMITTED", "AUTHORISED", "PAID"):
        raise ValidationFailed("Only SUBMITTED, AUTHORISED or PAID sales invoices can be emailed.")
    if not call.ledger.contacts[row["Contact"]["ContactID"]]["EmailAddress"]:
        raise ValidationFailed("The contact has no email address.")
    row["SentToContact"] = True
    call.ledger.save("invoices", row, call.mode, created=False, quiet=invoices.has_money(row))
    return Response(204)


def _write_invoices(call: Call, writer: Writer, key: str | None = None) -> Response:
    sent = _with_id(elements(call, "Invoices"), "InvoiceID", key)
    return write_all(call, "Invoices", "invoices", sent, writer, show=render.invoice, flag="HasErrors")


# Credit notes, bank transactions, repeating invoices --------------------------------------------


@router.route("GET", "/CreditNotes")
def list_credit_notes(call: Call) -> Response:
    call.need(scopes.INVOICES, write=False)
    return listed(call, "CreditNotes", "credit_notes", render.credit)


@router.route("PUT", "/CreditNotes")
def put_credit_notes(call: Call) -> Response:
    call.need(scopes.INVOICES, write=True)
    return _write_credit_notes(call, credits.put)


@router.route("POST", "/CreditNotes")
def post_credit_notes(call: Call) -> Response:
    call.need(scopes.INVOICES, write=True)
    return _write_credit_notes(call, credits.post)


@router.route("GET", "/CreditNotes/{key}")
def get_credit_note(call: Call, key: str) -> Response:
    call.need(scopes.INVOICES, write=False)
    row = call.ledger.credit_notes.need(_credit_note_id(call, key))
    return json_response(
        envelope(call, "CreditNotes", [render.credit(call.ledger, row, Detail.FULL, call.unitdp)])
    )


@router.route("POST", "/CreditNotes/{key}")
def post_credit_note(call: Call, key: str) -> Response:
    call.need(scopes.INVOICES, write=True)
    found = call.ledger.credit_notes.need(_credit_note_id(call, key))["CreditNoteID"]

    def update(books: Books, payload: Row, mode: Mode) -> Written:
        return credits.post(books, payload, mode, key=found)

    return _write_credit_notes(call, update, key=found)


@router.route("GET", "/BankTransactions")
def list_bank_transactions(call: Call) -> Response:
    call.need(scopes.BANK, write=False)
    return listed(call, "BankTransactions", "bank_transactions", render.bank_transaction)


@router.routes("/BankTransactions", "PUT", "POST")
def put_bank_transactions(call: Call) -> Response:
    call.need(scopes.BANK, write=True)
    return write_all(
        call,
        "BankTransactions",
        "bank_transactions",
        elements(call, "BankTransactions"),
        credits.put_bank_transaction,
        show=render.bank_transaction,
        flag="HasErrors",
    )


@router.route("GET", "/BankTransactions/{key}")
def get_bank_transaction(call: Call, key: str) -> Response:
    call.need(scopes.BANK, write=False)
    row = call.ledger.bank_transactions.need(key.lower())
    shown = render.bank_transaction(call.ledger, row, Detail.FULL, call.unitdp)
    return json_response(envelope(call, "BankTransactions", [shown]))


@router.route("GET", "/RepeatingInvoices")
def list_repeating_invoices(call: Call) -> Response:
    call.need(scopes.INVOICES, write=False)
    return listed(call, "RepeatingInvoices", "repeating_invoices", render.repeating_invoice, paged=False)


# History ----------------------------------------------------------------------------------------

_HISTORY = {
    "contacts": ("contacts", scopes.CONTACTS), "invoices": ("invoices", scopes.INVOICES),
    "creditnotes": ("credit_notes", scopes.INVOICES), "payments": ("payments", scopes.PAYMENTS),
    "batchpayments": ("batch_payments", scopes.PAYMENTS), "overpayments": ("overpayments", scopes.PAYMENTS),
    "prepayments": ("prepayments", scopes.PAYMENTS), "banktransactions": ("bank_transactions", scopes.BANK),
    "repeatinginvoices": ("repeating_invoices", scopes.INVOICES), "items": ("items", scopes.SETTINGS),
}  # fmt: skip


@router.route("GET", "/{resource}/{key}/History")
def get_history(call: Call, resource: str, key: str) -> Response:
    """Newest first."""
    kind = _with_history(call, resource, key, write=False)
    notes = call.ledger.notes.get(f"{kind}/{key.lower()}", [])
    return json_response(envelope(call, "HistoryRecords", [render.history(note) for note in reversed(notes)]))


@router.route("PUT", "/{resource}/{key}/History")
def put_history(call: Call, resource: str, key: str) -> Response:
    kind = _with_history(call, resource, key, write=True)
    sent = elements(call, "HistoryRecords")
    for entry in sent:
        details = entry.get("Details")
        if not isinstance(details, str) or not details:
            raise ValidationFailed("The history record must have Details.")
        if len(details) > LONGEST_NOTE:
            raise ValidationFailed(f"The Details field cannot be longer than {LONGEST_NOTE} characters.")
    notes = [call.ledger.note(kind, key.lower(), "Note", entry["Details"], call.mode) for entry in sent]
    return json_response(envelope(call, "HistoryRecords", [render.history(note) for note in notes]))


def _with_history(call: Call, resource: str, key: str, *, write: bool) -> str:
    kind, families = _HISTORY.get(resource.lower(), ("", ()))
    if not kind:
        raise ValidationFailed(f"{resource} keep no history.")
    call.need(families, write=write)
    call.ledger.shelves[kind].need(key.lower())
    return kind


# Shared -----------------------------------------------------------------------------------------


def listed(call: Call, name: str, kind: str, show: render.Renderer, *, paged: bool = True) -> Response:
    """One list call of any kind."""
    rows, pagination, detail = select(call, kind, paged=paged)
    unitdp = call.unitdp
    return json_response(
        envelope(call, name, [show(call.ledger, row, detail, unitdp) for row in rows], pagination)
    )


def _with_id(sent: list[Row], field: str, key: str | None) -> list[Row]:
    """Put the id of the address into a single element, so that its answer can name it."""
    return [{**sent[0], field: key}] if key else sent


def _credit_note_id(call: Call, key: str) -> str:
    return call.ledger.credit_note_by_number.get(key.casefold(), key.lower())


def _write_credit_notes(call: Call, writer: Writer, key: str | None = None) -> Response:
    sent = _with_id(elements(call, "CreditNotes"), "CreditNoteID", key)
    return write_all(call, "CreditNotes", "credit_notes", sent, writer, show=render.credit, flag="HasErrors")
