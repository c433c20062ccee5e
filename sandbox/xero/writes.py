"""Writing one or many elements: the envelope, both behaviours of summarizeErrors, failed elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.web import BadBody, Response, json_response
from sandbox.xero import render
from sandbox.xero.books import Books, Mode, Written
from sandbox.xero.gateway import Call, Refused, bad_data
from sandbox.xero.payload import ZERO_ID, Row, UnknownId, ValidationFailed, day

Writer = Callable[[Books, Row, Mode], Written]


def envelope(call: Call, name: str, shown: list[Row], pagination: Row | None = None) -> Row:
    """The answer around a list of elements."""
    answer: dict[str, Any] = {
        "Id": call.world.new_id(),
        "Status": "OK",
        "ProviderName": call.world.apps[call.granted.client_id].name,
        "DateTimeUTC": render.now_wire(call.world.clock.now()),
    }
    if pagination is not None:
        answer["pagination"] = pagination
    answer[name] = shown
    return answer


def elements(call: Call, name: str) -> list[Row]:
    """The elements of a request: in an envelope whose key may be in any case, or one bare object.

    Raises Refused with Xero's answer to unreadable data.
    """
    try:
        data = call.request.json()
    except BadBody as error:
        raise Refused(bad_data(f"JSON for post data was invalid,{error}")) from error
    if isinstance(data, dict):
        wrapped = next((value for key, value in data.items() if key.lower() == name.lower()), data)
        data = [wrapped] if isinstance(wrapped, dict) else wrapped
    if not isinstance(data, list) or not data or not all(isinstance(entry, dict) for entry in data):
        raise Refused(bad_data("JSON for post data was invalid, no elements were found."))
    return data


def write_all(
    call: Call, name: str, kind: str, sent: list[Row], writer: Writer, *, show: render.Renderer, flag: str
) -> Response:  # fmt: skip
    """Write element by element. Good ones stay written whatever happens to the others.

    With summarizeErrors=false: 200 and every element in order, each with its own verdict. Otherwise, and when
    the parameter is absent: 400 with the bad ones only if there are any.
    """
    each = not call.request.switch("summarizeErrors", default=True)
    shown: list[Row] = []
    failed: list[Row] = []
    for payload in sent:
        try:
            written = writer(call.ledger, payload, call.mode)
        except ValidationFailed as failure:
            entry = _failed(call, kind, payload, failure.messages, show, flag)
            failed.append(entry)
            if each:
                entry["StatusAttributeString"] = "ERROR"
        else:
            entry = show(call.ledger, written.row, render.Detail.FULL, call.unitdp)
            entry[flag] = False
            if each:
                entry["StatusAttributeString"] = "WARNING" if written.warnings else "OK"
            if written.warnings:
                entry["Warnings"] = [{"Message": text} for text in written.warnings]
        shown.append(entry)
    if failed and not each:
        return json_response(
            {
                "ErrorNumber": 10,
                "Type": "ValidationException",
                "Message": "A validation exception occurred",
                "Elements": failed,
            },
            400,
        )
    return json_response(envelope(call, name, shown))


def _failed(
    call: Call, kind: str, payload: Row, messages: list[str], show: render.Renderer, flag: str
) -> Row:
    """A failed element shows what was asked for, not what is stored; a failed create has the zero id."""
    shelf = call.ledger.shelves[kind]
    stored = shelf.get(str(payload.get(shelf.id_field, "")).lower())
    entry: Row = {shelf.id_field: ZERO_ID}
    if stored is not None:
        entry = show(call.ledger, stored, render.Detail.FULL, call.unitdp)
    entry.update({key: value for key, value in payload.items() if key != shelf.id_field})
    for field in ("Date", "DueDate"):
        entry.update(_shown_date(payload, field))
    entry[flag] = True
    entry["ValidationErrors"] = [{"Message": message} for message in messages]
    return entry


def _shown_date(payload: Row, field: str) -> Row:
    try:
        value = day(payload, field)
    except ValidationFailed:
        return {}
    return {} if value is None else {f"{field}String": f"{value}T00:00:00", field: render.wire_day(value)}


def one(call: Call, name: str, kind: str, key: str, *, show: render.Renderer) -> Response:
    """A single read. Raises UnknownId."""
    row = call.ledger.shelves[kind].get(key.lower())
    if row is None:
        raise UnknownId(key)
    return json_response(envelope(call, name, [show(call.ledger, row, render.Detail.FULL, call.unitdp)]))
