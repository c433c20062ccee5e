"""Lists: filters, order, paging, and how much detail each kind of list shows."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from operator import itemgetter

from sandbox.clock import epoch_ms
from sandbox.web import Request, Response
from sandbox.xero import where
from sandbox.xero.books import Books
from sandbox.xero.gateway import Call, Refused, bad_query
from sandbox.xero.payload import Row
from sandbox.xero.render import Detail

PAGE_SIZE = 100
LARGEST_PAGE = 1000
# More rows than this in one answer are refused.
LARGEST_RESULT = 100_000
_LIMITED_KINDS = ("contacts", "invoices", "payments")
_SEARCHED = {
    "contacts": (
        "Name", "FirstName", "LastName", "ContactNumber", "CompanyNumber", "EmailAddress", "AccountNumber",
    ),
    "invoices": ("InvoiceNumber", "Reference"),
}  # fmt: skip


def select(call: Call, kind: str, *, paged: bool) -> tuple[list[Row], Row | None, Detail]:
    """The rows of one list call, the pagination block when paged, and the detail to show. Raises Refused."""
    request, books = call.request, call.ledger
    rows = books.shelves[kind].in_order(modified_since(request))
    for keep in _filters(call, kind):
        rows = [row for row in rows if keep(row)]
    rows = _ordered(books, request, rows)
    summary = request.switch("summaryOnly")
    page = _number(request, "page")
    if paged and page is None and kind == "invoices" and request.arg("Statuses"):
        page = 1
    if not paged:
        return rows, None, Detail.FULL
    if page is None and _number(request, "pageSize") is None:
        if len(rows) > LARGEST_RESULT and kind in _LIMITED_KINDS:
            raise Refused(
                bad_query("The request would return more than 100000 records. Use paging or filters.")
            )
        return rows, None, Detail.SUMMARY if summary else Detail.THIN
    asked = _number(request, "pageSize")
    size = PAGE_SIZE if asked is None else min(max(asked, 1), LARGEST_PAGE)
    page = max(page or 1, 1)
    pagination = {
        "page": page,
        "pageSize": size,
        "pageCount": math.ceil(len(rows) / size),
        "itemCount": len(rows),
    }
    return rows[(page - 1) * size : page * size], pagination, Detail.SUMMARY if summary else Detail.FULL


def modified_since(request: Request) -> int | None:
    """The If-Modified-Since moment in milliseconds, whole seconds, UTC when it names no zone."""
    value = request.headers.get("if-modified-since")
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError as error:
            raise Refused(Response(412, b"", {})) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return epoch_ms(moment.replace(microsecond=0))


def _filters(call: Call, kind: str) -> list[where.Predicate]:
    request, books = call.request, call.ledger
    keep: list[where.Predicate] = []
    archived = request.switch("includeArchived")
    if kind == "contacts" and not archived:
        keep.append(lambda row: row["ContactStatus"] == "ACTIVE")
    if kind == "tracking" and not archived:
        keep.append(lambda row: row["Status"] == "ACTIVE")
    _one_of(keep, request.arg("IDs"), itemgetter(books.shelves[kind].id_field))
    _one_of(keep, request.arg("Statuses"), lambda row: row.get("Status"))
    _one_of(keep, request.arg("References"), lambda row: row.get("Reference"))
    if kind == "invoices":
        _one_of(keep, request.arg("InvoiceNumbers"), itemgetter("InvoiceNumber"))
        _one_of(keep, request.arg("ContactIDs"), lambda row: row["Contact"]["ContactID"])
        if request.switch("createdByMyApp"):
            keep.append(lambda row: row["_app"] == call.granted.client_id)
    term = request.arg("searchTerm")
    if term and kind in _SEARCHED:
        wanted = where.folded(term)
        keep.append(
            lambda row: any(wanted in where.folded(row.get(field) or "") for field in _SEARCHED[kind])
        )
    expression = request.arg("where")
    if expression:
        try:
            keep.append(where.compile_where(books, expression))
        except where.BadQuery as error:
            raise Refused(bad_query(str(error))) from error
    return keep


def _one_of(keep: list[where.Predicate], given: str | None, read: Callable[[Row], str | None]) -> None:
    if given:
        wanted = {part.strip().casefold() for part in given.split(",")}
        keep.append(lambda row: str(read(row) or "").casefold() in wanted)


def _ordered(books: Books, request: Request, rows: list[Row]) -> list[Row]:
    order = request.arg("order")
    if not order:
        return rows
    try:
        key, descending = where.compile_order(books, order)
    except where.BadQuery as error:
        raise Refused(bad_query(str(error))) from error
    return sorted(rows, key=key, reverse=descending)


def _number(request: Request, name: str) -> int | None:
    """An integer parameter; nonsense counts as absent, as values out of range are clamped, not refused."""
    value = request.arg(name)
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        return 1 if name == "page" else None
