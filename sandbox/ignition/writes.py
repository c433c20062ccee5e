"""Partner-style writes: create and change clients and contacts, create invoices. Behind a switch per
practice.

The public reporting API has none of this. Nothing is remembered between calls: sending a create twice makes
two records.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.ignition.amounts import ZERO, cents, invoice_total, line_total
from sandbox.ignition.hints import Row
from sandbox.ignition.refusals import Refused
from sandbox.ignition.state import IgnitionPractice
from sandbox.ignition.tax_labels import TAX_LABELS
from sandbox.web import Response, json_response

MAX_TEXT = 255
DEFAULT_TERMS = 14
MAX_AMOUNT = Decimal(10) ** 9
_CLIENT_FIELDS = ("name", "external_client_id", "email", "phone", "xero_contact_id", "group_name")
_CONTACT_TEXTS = ("name", "email", "phone", "mobile", "salutation", "addressee", "position")
_CONTACT_FLAGS = ("is_primary", "is_signatory", "is_invoice_recipient")
_CLIENT_STATES = ("lead", "active", "inactive", "archived")
_MODES = ("exclusive", "inclusive", "none")
_STORED_PLACES = Decimal("0.0001")


def create(practice: IgnitionPractice, resource: str, body: Any) -> Response:
    """201 with `{"data": row}`. Raises Refused: 403 switched off, 404 not creatable, 422 bad fields."""
    makers = {"clients": _new_client, "contacts": _new_contact, "invoices": _new_invoice}
    _require_switch(practice)
    if resource not in makers:
        raise Refused(404, "There is no such resource.")
    row = makers[resource](practice, _object(body))
    return json_response({"data": practice.upsert(resource, row)}, 201)


def change(practice: IgnitionPractice, resource: str, slug: str, body: Any) -> Response:
    """200 with `{"data": row}`; only the sent fields change. Raises Refused as `create` does."""
    readers = {"clients": _client_fields, "contacts": _contact_fields}
    _require_switch(practice)
    if resource not in readers or practice.get(resource, slug) is None:
        raise Refused(404, "There is no such record.")
    fields = readers[resource](_object(body))
    return json_response({"data": practice.upsert(resource, {"slug": slug, **fields})})


def _require_switch(practice: IgnitionPractice) -> None:
    if not practice.partner_writes:
        raise Refused(403, "Writing is not enabled for this practice.")


def _object(body: Any) -> Row:
    if not isinstance(body, dict):
        raise Refused(422, "The body must be a JSON object.")
    return body


# Clients and contacts -----------------------------------------------------------------------------


def _client_fields(body: Row) -> Row:
    fields = _texts(body, _CLIENT_FIELDS)
    if "name" in fields and not fields["name"]:
        raise Refused(422, "name must not be empty.")
    if "state" in body:
        if body["state"] not in _CLIENT_STATES:
            raise Refused(422, f"state must be one of {', '.join(_CLIENT_STATES)}.")
        fields["state"] = body["state"]
    if "tags" in body:
        if not isinstance(body["tags"], list) or not all(isinstance(tag, str) for tag in body["tags"]):
            raise Refused(422, "tags must be a list of texts.")
        fields["tags"] = body["tags"]
    return fields


def _new_client(practice: IgnitionPractice, body: Row) -> Row:
    fields = _client_fields(body)
    if not fields.get("name"):
        raise Refused(422, "name is required.")
    slug = practice.new_slug("clients")
    return {
        "slug": slug,
        "state": "lead",
        "external_client_id": None,
        "xero_contact_id": None,
        "qbo_customer_id": None,
        "manager": None,
        "partner": None,
        "tags": [],
        "group_name": None,
        "email": None,
        "phone": None,
        "link": f"https://go.ignitionapp.example/clients/{slug}",
        **fields,
    }


def _contact_fields(body: Row) -> Row:
    fields = _texts(body, _CONTACT_TEXTS)
    for name in _CONTACT_FLAGS:
        if name in body:
            if not isinstance(body[name], bool):
                raise Refused(422, f"{name} must be true or false.")
            fields[name] = body[name]
    return fields


def _new_contact(practice: IgnitionPractice, body: Row) -> Row:
    fields = _contact_fields(body)
    client = _client_of(practice, body)
    if not fields.get("name"):
        raise Refused(422, "name is required.")
    slug = practice.new_slug("contacts")
    return {
        "slug": slug,
        "id": practice.new_number(),
        "client": {"slug": client["slug"]},
        **dict.fromkeys(_CONTACT_TEXTS),
        **dict.fromkeys(_CONTACT_FLAGS, False),
        "link": f"https://go.ignitionapp.example/contacts/{slug}",
        **fields,
    }


def _client_of(practice: IgnitionPractice, body: Row) -> Row:
    nested = body.get("client")
    slug = nested.get("slug") if isinstance(nested, dict) else body.get("client_slug")
    client = practice.get("clients", slug) if isinstance(slug, str) else None
    if client is None:
        raise Refused(422, "client must name an existing client.")
    return client


def _texts(body: Row, names: Iterable[str]) -> Row:
    found: Row = {}
    for name in names:
        if name not in body:
            continue
        value = body[name]
        if value is not None and not (isinstance(value, str) and len(value) <= MAX_TEXT):
            raise Refused(422, f"{name} must be a text of at most {MAX_TEXT} characters.")
        found[name] = value.strip() if isinstance(value, str) else None
    return found


# Invoices -----------------------------------------------------------------------------------------


def _new_invoice(practice: IgnitionPractice, body: Row) -> Row:
    """Lines: description, quantity, unit_price, discount, tax_rate (a label of the practice's country).

    `amounts_are` says how prices relate to tax (exclusive, inclusive, none; default exclusive).
    """
    client = _client_of(practice, body)
    mode = body.get("amounts_are", "exclusive")
    if mode not in _MODES:
        raise Refused(422, f"amounts_are must be one of {', '.join(_MODES)}.")
    state = body.get("state", "issued")
    if state not in ("draft", "issued"):
        raise Refused(422, "state must be draft or issued.")
    issued = _date(body, "date") or practice.clock.now().astimezone(ZoneInfo(practice.time_zone)).date()
    due = _date(body, "due_date") or issued + timedelta(days=DEFAULT_TERMS)
    if due < issued:
        raise Refused(422, "due_date must not be before date.")
    lines = body.get("items")
    if not isinstance(lines, list) or not lines:
        raise Refused(422, "items must be a list with at least one line.")
    read = [_line(practice, position, line) for position, line in enumerate(lines, start=1)]
    texts = _texts(body, ("reference", "billing_reference", "memo"))
    slug = practice.new_slug("invoices")
    return {
        "slug": slug,
        "reference_number": practice.slugs.token(practice.clock.now()),
        "reference": texts.get("reference"),
        "billing_reference": texts.get("billing_reference"),
        "client": {"slug": client["slug"], "name": client["name"]},
        "state": state,
        "payment_state": "unpaid",
        "payment_date": None,
        "payment_method_type": None,
        "payment_source": None,
        "payment_reference": None,
        "amount": {
            "total": invoice_total(((item["total"], percent) for item, percent in read), mode),
            "surcharge": ZERO,
            "currency": practice.currency,
        },
        "date": issued.isoformat(),
        "due_date": due.isoformat(),
        "items": [item for item, _ in read],
        "memo": texts.get("memo"),
        "issued_by": None,
        "source": "api",
        "deployment": None,
        "disbursal": None,
        "link": f"https://go.ignitionapp.example/invoices/{slug}",
    }


def _line(practice: IgnitionPractice, position: int, line: Any) -> tuple[Row, Decimal]:
    if not isinstance(line, dict):
        raise Refused(422, f"item {position} must be an object.")
    description = _texts(line, ("description",)).get("description")
    if not description:
        raise Refused(422, f"item {position} needs a description.")
    labels = TAX_LABELS[practice.country]
    label = line.get("tax_rate")
    if label is not None and (not isinstance(label, str) or label not in labels):
        raise Refused(422, f"item {position}: tax_rate must be one of {', '.join(labels)}.")
    quantity = _number(line, position, "quantity", Decimal(1))
    unit_price = _number(line, position, "unit_price", None)
    discount = cents(_number(line, position, "discount", ZERO))
    item = {
        "description": description,
        "quantity": quantity,
        "unit_price": unit_price,
        "discount": discount,
        "total": line_total(quantity, unit_price, discount),
        "currency": practice.currency,
        "origin_type": line.get("origin_type") if isinstance(line.get("origin_type"), str) else "client",
        "origin_identifier": line.get("origin_identifier")
        if isinstance(line.get("origin_identifier"), str)
        else None,
    }
    return item, labels[label].percent if label else Decimal(0)


def _number(line: Row, position: int, name: str, default: Decimal | None) -> Decimal:
    value = line.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise Refused(422, f"item {position}: {name} must be a number.")
    try:
        number = Decimal(value)
        if not number.is_finite() or not -MAX_AMOUNT < number < MAX_AMOUNT:
            raise InvalidOperation
        return number.quantize(_STORED_PLACES)
    except InvalidOperation:
        raise Refused(422, f"item {position}: {name} must be a number.") from None


def _date(body: Row, name: str) -> date | None:
    value = body.get(name)
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Refused(422, f"{name} must be a date such as 2026-03-31.") from None
