"""Endpoints of payments, batch payments, and credit applied to invoices."""

from __future__ import annotations

from sandbox.web import Response, Router, json_response
from sandbox.xero import credits, payments, render, scopes
from sandbox.xero.books import Books, Mode, Written
from sandbox.xero.documents_api import listed
from sandbox.xero.gateway import Call
from sandbox.xero.payload import Row, UnknownId, ValidationFailed, identifier, text
from sandbox.xero.writes import elements, envelope, one, write_all

router = Router()
_CREDITS = {
    "creditnotes": ("CreditNotes", "credit_notes", scopes.INVOICES),
    "overpayments": ("Overpayments", "overpayments", scopes.PAYMENTS),
    "prepayments": ("Prepayments", "prepayments", scopes.PAYMENTS),
}


@router.route("GET", "/Payments")
def list_payments(call: Call) -> Response:
    call.need(scopes.PAYMENTS, write=False)
    return listed(call, "Payments", "payments", render.payment)


@router.routes("/Payments", "PUT", "POST")
def put_payments(call: Call) -> Response:
    call.need(scopes.PAYMENTS, write=True)
    return _write_payments(call, elements(call, "Payments"))


@router.route("GET", "/Payments/{key}")
def get_payment(call: Call, key: str) -> Response:
    call.need(scopes.PAYMENTS, write=False)
    return one(call, "Payments", "payments", key, show=render.payment)


@router.route("POST", "/Payments/{key}")
def delete_payment(call: Call, key: str) -> Response:
    """The only change a payment knows: {"Status": "DELETED"}."""
    call.need(scopes.PAYMENTS, write=True)
    found = call.ledger.payments.need(key.lower())["PaymentID"]

    def undo(books: Books, payload: Row, mode: Mode) -> Written:
        if text(payload, "Status") != "DELETED":
            raise ValidationFailed("A payment can only be deleted: Status must be DELETED")
        return Written(payments.delete(books, found, mode), created=False)

    sent = [{**elements(call, "Payments")[0], "PaymentID": found}]
    return write_all(
        call, "Payments", "payments", sent, undo, show=render.payment, flag="HasValidationErrors"
    )


def _write_payments(call: Call, sent: list[Row]) -> Response:
    return write_all(
        call, "Payments", "payments", sent, payments.put, show=render.payment, flag="HasValidationErrors"
    )


@router.route("GET", "/BatchPayments")
def list_batch_payments(call: Call) -> Response:
    call.need(scopes.PAYMENTS, write=False)
    return listed(call, "BatchPayments", "batch_payments", render.batch_payment, paged=False)


@router.route("PUT", "/BatchPayments")
def put_batch_payments(call: Call) -> Response:
    call.need(scopes.PAYMENTS, write=True)
    return write_all(
        call,
        "BatchPayments",
        "batch_payments",
        elements(call, "BatchPayments"),
        payments.put_batch,
        show=render.batch_payment,
        flag="HasValidationErrors",
    )


@router.route("GET", "/BatchPayments/{key}")
def get_batch_payment(call: Call, key: str) -> Response:
    call.need(scopes.PAYMENTS, write=False)
    return one(call, "BatchPayments", "batch_payments", key, show=render.batch_payment)


@router.route("POST", "/BatchPayments")
def delete_batch_payments(call: Call) -> Response:
    call.need(scopes.PAYMENTS, write=True)
    return _delete_batches(call, elements(call, "BatchPayments"))


@router.route("POST", "/BatchPayments/{key}")
def delete_batch_payment(call: Call, key: str) -> Response:
    call.need(scopes.PAYMENTS, write=True)
    found = call.ledger.batch_payments.need(key.lower())["BatchPaymentID"]
    return _delete_batches(call, [{**elements(call, "BatchPayments")[0], "BatchPaymentID": found}])


def _delete_batches(call: Call, sent: list[Row]) -> Response:
    def undo(books: Books, payload: Row, mode: Mode) -> Written:
        if text(payload, "Status") != "DELETED":
            raise ValidationFailed("A batch payment can only be deleted: Status must be DELETED")
        key = identifier(payload, "BatchPaymentID") or ""
        if key not in books.batch_payments:
            raise ValidationFailed("Batch payment could not be found")
        return Written(payments.delete_batch(books, key, mode), created=False)

    return write_all(
        call,
        "BatchPayments",
        "batch_payments",
        sent,
        undo,
        show=render.batch_payment,
        flag="HasValidationErrors",
    )


@router.route("GET", "/Overpayments")
def list_overpayments(call: Call) -> Response:
    call.need(scopes.PAYMENTS, write=False)
    return listed(call, "Overpayments", "overpayments", render.credit)


@router.route("GET", "/Prepayments")
def list_prepayments(call: Call) -> Response:
    call.need(scopes.PAYMENTS, write=False)
    return listed(call, "Prepayments", "prepayments", render.credit)


@router.route("GET", "/Overpayments/{key}")
def get_overpayment(call: Call, key: str) -> Response:
    call.need(scopes.PAYMENTS, write=False)
    return one(call, "Overpayments", "overpayments", key, show=render.credit)


@router.route("GET", "/Prepayments/{key}")
def get_prepayment(call: Call, key: str) -> Response:
    call.need(scopes.PAYMENTS, write=False)
    return one(call, "Prepayments", "prepayments", key, show=render.credit)


@router.route("PUT", "/{resource}/{key}/Allocations")
def allocate(call: Call, resource: str, key: str) -> Response:
    """Apply credit. Allocations are made one after the other; the first bad one ends the request."""
    kind = _credit_kind(call, resource, key)
    made = [
        credits.allocate(call.ledger, kind, key.lower(), entry, call.mode)
        for entry in elements(call, "Allocations")
    ]
    return json_response(
        envelope(call, "Allocations", [render.allocation(call.ledger, entry) for entry in made])
    )


@router.route("DELETE", "/{resource}/{key}/Allocations/{allocation}")
def unallocate(call: Call, resource: str, key: str, allocation: str) -> Response:
    kind = _credit_kind(call, resource, key)
    credits.unallocate(call.ledger, kind, key.lower(), allocation.lower(), call.mode)
    return json_response({"AllocationID": allocation.lower(), "IsDeleted": True})


def _credit_kind(call: Call, resource: str, key: str) -> str:
    name, kind, families = _CREDITS.get(resource.lower(), ("", "", ()))
    if not name:
        raise UnknownId(resource)
    call.need(families, write=True)
    call.ledger.shelves[kind].need(key.lower())
    return kind
