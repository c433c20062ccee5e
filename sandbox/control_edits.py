"""Edits by a person inside Xero or Ignition, made from another process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.control import BadControl, control, router, settings_of
from sandbox.ignition.state import RESOURCES
from sandbox.web import Request, Response, json_response
from sandbox.xero.books import Mode
from sandbox.xero.ledger import Ledger
from sandbox.xero.payload import Row, UnknownId, ValidationFailed

if TYPE_CHECKING:
    from sandbox.world import World

Action = Callable[[Ledger, dict[str, Any]], Any]
# Facts of an organisation that a test may set.
_ORGANISATION_FACTS = (
    "name", "legal_name", "period_lock_date", "end_of_year_lock_date", "offline", "edition", "plan",
    "default_sales_tax", "demo_company", "timezone", "dates_allocations",
)  # fmt: skip
_PRACTICE_SWITCHES = {
    "collections_delay": float,
    "partner_writes": bool,
    "reporting_enabled": bool,
    "tax_mode": str,
    "name": str,
}


def _edit(ledger: Ledger, settings: dict[str, Any]) -> Row:
    """{kind, id, changes}: put values straight into a row, past every rule, with a new stamp and an event."""
    kind = str(settings["kind"])
    row = ledger.shelves[kind].need(str(settings["id"]))
    row.update(settings["changes"])
    ledger.save(kind, row, Mode(), created=False)
    ledger.reindex()
    return row


def _organisation(ledger: Ledger, settings: dict[str, Any]) -> dict[str, Any]:
    if unknown := set(settings) - set(_ORGANISATION_FACTS):
        raise BadControl(f"unknown settings: {', '.join(sorted(unknown))}")
    for name, value in settings.items():
        setattr(ledger, name, value)
    return {name: getattr(ledger, name) for name in _ORGANISATION_FACTS}


def _role(ledger: Ledger, settings: dict[str, Any]) -> Row:
    """{user: e-mail, role}: REMOVED takes a person out of the organisation."""
    row = next(entry for entry in ledger.users.values() if entry["EmailAddress"] == settings["user"])
    row["OrganisationRole"] = str(settings["role"])
    ledger.save("users", row, Mode(), created=False)
    return row


_ACTIONS: dict[str, Action] = {
    "archive": lambda ledger, settings: ledger.archive_contact(str(settings["contact"])),
    "restore": lambda ledger, settings: ledger.restore_contact(str(settings["contact"])),
    "merge": lambda ledger, settings: ledger.merge_contact(str(settings["loser"]), str(settings["survivor"])),
    "edit": _edit,
    "contact": lambda ledger, settings: ledger.post_contact(settings),
    "invoice": lambda ledger, settings: ledger.post_invoice(settings),
    "payment": lambda ledger, settings: ledger.put_payment(settings),
    "batch_payment": lambda ledger, settings: ledger.put_batch_payment(settings),
    "credit_note": lambda ledger, settings: ledger.put_credit_note(settings),
    "bank_transaction": lambda ledger, settings: ledger.put_bank_transaction(settings),
    "allocate": lambda ledger, settings: ledger.allocate_credit_note(str(settings["credit_note"]), settings),
    "repeating_invoice": lambda ledger, settings: ledger.put_repeating_invoice(settings),
    "void": lambda ledger, settings: ledger.void_invoice(str(settings["invoice"])),
    "delete_payment": lambda ledger, settings: ledger.delete_payment(str(settings["payment"])),
    "account": lambda ledger, settings: ledger.post_account(settings),
    "tax_rate": lambda ledger, settings: ledger.put_tax_rate(settings),
    "note": lambda ledger, settings: ledger.add_history(
        str(settings["kind"]), str(settings["id"]), str(settings["text"])
    ),
    "organisation": _organisation,
    "role": _role,
}


@router.route("POST", "/_sandbox/organisations")
@control
def add_organisation(world: World, request: Request) -> Response:
    """{name, country, currency?, timezone?}: an empty Xero organisation with its default chart."""
    settings = settings_of(request)
    ledger = world.xero.add_organisation(str(settings.pop("name")), str(settings.pop("country")), **settings)
    return json_response({"tenant_id": ledger.tenant_id, "name": ledger.name})


@router.route("GET", "/_sandbox/xero/{tenant}/{kind}")
@control
def rows(world: World, request: Request, tenant: str, kind: str) -> Response:
    """Rows of one kind by ?ids=, as stored: a look that counts against nobody's limits."""
    shelf = world.xero.organisations[tenant].shelves[kind]
    wanted = (request.arg("ids") or "").split(",")
    return json_response([row for key, row in shelf.items() if key in wanted])


@router.route("POST", "/_sandbox/xero/{tenant}/{action}")
@control
def act(world: World, request: Request, tenant: str, action: str) -> Response:
    """Answers the row as stored, 400 with `messages` when the organisation's own rules refuse."""
    ledger = world.xero.organisations[tenant]
    if action not in _ACTIONS:
        raise BadControl(f"actions are {', '.join(_ACTIONS)}")
    try:
        return json_response(_ACTIONS[action](ledger, settings_of(request)))
    except ValidationFailed as failure:
        return json_response({"error": str(failure), "messages": failure.messages}, 400)
    except UnknownId as error:
        raise KeyError(*error.args) from error


@router.route("POST", "/_sandbox/ignition/{key}/settings")
@control
def switch(world: World, request: Request, key: str) -> Response:
    """{partner_writes, reporting_enabled, collections_delay, tax_mode, name}: how a practice behaves."""
    practice = world.ignition[key]
    for name, value in settings_of(request).items():
        if name not in _PRACTICE_SWITCHES:
            raise BadControl(f"settings are {', '.join(_PRACTICE_SWITCHES)}")
        setattr(practice, name, _PRACTICE_SWITCHES[name](value))
    return json_response({name: getattr(practice, name) for name in _PRACTICE_SWITCHES})


@router.route("POST", "/_sandbox/ignition/{key}/{resource}")
@control
def upsert(world: World, request: Request, key: str, resource: str) -> Response:
    """Store a wire object, or a list of them, as Ignition would show it; answers what is stored."""
    if resource not in RESOURCES:
        raise BadControl(f"resources are {', '.join(RESOURCES)}")
    practice = world.ignition[key]
    data = request.json()
    if isinstance(data, list):
        return json_response([practice.upsert(resource, entry) for entry in data])
    return json_response(practice.upsert(resource, settings_of(request)))
