"""Endpoints of the organisation itself: settings, users, accounts, tax rates, tracking, items, currencies."""

from __future__ import annotations

from sandbox.web import Response, Router, json_response
from sandbox.xero import pick_lists, render, render_setup, scopes, setup
from sandbox.xero.books import Books, Mode, Written
from sandbox.xero.documents_api import listed
from sandbox.xero.gateway import Call, Refused, bad_data
from sandbox.xero.organisations import role_of
from sandbox.xero.payload import Row, ValidationFailed, text
from sandbox.xero.writes import Writer, elements, envelope, one, write_all

router = Router()
MOST_ITEMS = 500
_ACTIONS = (
    "CreateContact", "UpdateContact", "ArchiveContact", "CreateDraftInvoice", "CreateApprovedInvoice",
    "UpdateDraftInvoice", "UpdateApprovedInvoice", "UpdatePaidInvoice", "VoidInvoice", "CreateInvoicePayment",
    "CreateARCreditAllocation", "UseMulticurrency", "ApproveTransactionsBeforePeriodLockDate",
)  # fmt: skip
_ADVISER_ONLY = ("ApproveTransactionsBeforePeriodLockDate",)


@router.route("GET", "/Organisation")
def organisation(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=False)
    return json_response(envelope(call, "Organisations", [render_setup.organisation(call.ledger)]))


@router.route("GET", "/Organisation/Actions")
def actions(call: Call) -> Response:
    """What the connected person may do, given role and plan."""
    call.need(scopes.SETTINGS, write=False)
    role = role_of(call.ledger, call.world.xero.users[call.granted.user_id])
    invoicing = call.ledger.edition == "BUSINESS" and role in ("STANDARD", "FINANCIALADVISER")
    denied = {*(() if role == "FINANCIALADVISER" else _ADVISER_ONLY)}
    if len(call.ledger.currencies) < 2:
        denied.add("UseMulticurrency")
    shown: list[Row] = [
        {"Name": name, "Status": "ALLOWED" if invoicing and name not in denied else "NOT-ALLOWED"}
        for name in _ACTIONS
    ]
    return json_response(envelope(call, "Actions", shown))


@router.route("GET", "/Users")
def list_users(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=False)
    return listed(call, "Users", "users", render_setup.plain, paged=False)


@router.route("GET", "/Users/{key}")
def get_user(call: Call, key: str) -> Response:
    call.need(scopes.SETTINGS, write=False)
    return one(call, "Users", "users", key, show=render_setup.plain)


@router.route("GET", "/BrandingThemes")
def list_themes(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=False)
    return listed(call, "BrandingThemes", "branding_themes", render_setup.branding_theme, paged=False)


@router.route("GET", "/Currencies")
def list_currencies(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=False)
    return listed(call, "Currencies", "currencies", render_setup.plain, paged=False)


@router.route("PUT", "/Currencies")
def put_currency(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=True)
    payload = elements(call, "Currencies")[0]
    code = (text(payload, "Code") or "").upper()
    if len(code) != 3 or not code.isalpha():
        raise ValidationFailed("The currency Code is not valid.")
    row: Row = {"Code": code, "Description": text(payload, "Description") or code}
    call.ledger.currencies.put(row)
    return json_response(envelope(call, "Currencies", [row]))


# Accounts ---------------------------------------------------------------------------------------


@router.route("GET", "/Accounts")
def list_accounts(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=False)
    return listed(call, "Accounts", "accounts", render_setup.account, paged=False)


@router.route("GET", "/Accounts/{key}")
def get_account(call: Call, key: str) -> Response:
    call.need(scopes.SETTINGS, write=False)
    return one(call, "Accounts", "accounts", key, show=render_setup.account)


@router.route("PUT", "/Accounts")
def put_account(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=True)
    return _write_account(call, None)


@router.route("POST", "/Accounts")
def post_accounts(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=True)
    return _write_account(call, "")


@router.route("POST", "/Accounts/{key}")
def post_account(call: Call, key: str) -> Response:
    call.need(scopes.SETTINGS, write=True)
    return _write_account(call, call.ledger.accounts.need(key.lower())["AccountID"])


@router.route("DELETE", "/Accounts/{key}")
def delete_account(call: Call, key: str) -> Response:
    call.need(scopes.SETTINGS, write=True)
    row = call.ledger.accounts.need(key.lower())
    written = setup.post_account(call.ledger, {"Status": "DELETED"}, call.mode, key=row["AccountID"])
    shown = render_setup.account(call.ledger, written.row, render.Detail.FULL, call.unitdp)
    return json_response(envelope(call, "Accounts", [shown]))


def _write_account(call: Call, key: str | None) -> Response:
    def write(books: Books, payload: Row, mode: Mode) -> Written:
        if key is None:
            return setup.put_account(books, payload, mode)
        return setup.post_account(books, payload, mode, key=key or None)

    sent = _single(call, "Accounts")
    return write_all(
        call, "Accounts", "accounts", sent, write, show=render_setup.account, flag="HasValidationErrors"
    )


# Tax rates --------------------------------------------------------------------------------------


@router.route("GET", "/TaxRates")
def list_tax_rates(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=False)
    return listed(call, "TaxRates", "tax_rates", render_setup.plain, paged=False)


@router.route("GET", "/TaxRates/{key}")
def get_tax_rate(call: Call, key: str) -> Response:
    call.need(scopes.SETTINGS, write=False)
    row = call.ledger.tax_rates.need(key)
    return json_response(envelope(call, "TaxRates", [render.visible(row)]))


@router.route("PUT", "/TaxRates")
def put_tax_rate(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=True)
    return _write_tax_rate(call, setup.put_tax_rate)


@router.route("POST", "/TaxRates")
def post_tax_rate(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=True)
    return _write_tax_rate(call, setup.post_tax_rate)


def _write_tax_rate(call: Call, writer: Writer) -> Response:
    sent = _single(call, "TaxRates")
    return write_all(
        call, "TaxRates", "tax_rates", sent, writer, show=render_setup.plain, flag="HasValidationErrors"
    )


# Tracking ---------------------------------------------------------------------------------------


@router.route("GET", "/TrackingCategories")
def list_tracking(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=False)
    return listed(call, "TrackingCategories", "tracking", render_setup.tracking, paged=False)


@router.route("GET", "/TrackingCategories/{key}")
def get_tracking(call: Call, key: str) -> Response:
    call.need(scopes.SETTINGS, write=False)
    return one(call, "TrackingCategories", "tracking", key, show=render_setup.tracking)


@router.route("PUT", "/TrackingCategories")
def put_tracking(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=True)
    sent = _single(call, "TrackingCategories")
    return write_all(
        call, "TrackingCategories", "tracking", sent, pick_lists.put_tracking, show=render_setup.tracking,
        flag="HasValidationErrors",
    )  # fmt: skip


@router.route("POST", "/TrackingCategories/{key}")
def post_tracking(call: Call, key: str) -> Response:
    call.need(scopes.SETTINGS, write=True)
    found = call.ledger.tracking.need(key.lower())["TrackingCategoryID"]

    def update(books: Books, payload: Row, mode: Mode) -> Written:
        return pick_lists.post_tracking(books, payload, mode, key=found)

    sent = _single(call, "TrackingCategories")
    return write_all(
        call,
        "TrackingCategories",
        "tracking",
        sent,
        update,
        show=render_setup.tracking,
        flag="HasValidationErrors",
    )


@router.route("PUT", "/TrackingCategories/{key}/Options")
def put_options(call: Call, key: str) -> Response:
    call.need(scopes.SETTINGS, write=True)
    row = call.ledger.tracking.need(key.lower())
    made = [pick_lists.add_tracking_option(call.ledger, row, entry) for entry in elements(call, "Options")]
    return json_response(envelope(call, "Options", made))


@router.route("POST", "/TrackingCategories/{key}/Options/{option}")
def post_option(call: Call, key: str, option: str) -> Response:
    call.need(scopes.SETTINGS, write=True)
    row = call.ledger.tracking.need(key.lower())
    changed = pick_lists.change_tracking_option(row, option.lower(), elements(call, "Options")[0])
    return json_response(envelope(call, "Options", [changed]))


# Items ------------------------------------------------------------------------------------------


@router.route("GET", "/Items")
def list_items(call: Call) -> Response:
    call.need(scopes.ITEMS_READ, write=False)
    return listed(call, "Items", "items", render_setup.item, paged=False)


@router.route("GET", "/Items/{key}")
def get_item(call: Call, key: str) -> Response:
    """By ItemID or Code."""
    call.need(scopes.ITEMS_READ, write=False)
    return one(call, "Items", "items", _item_id(call, key), show=render_setup.item)


@router.route("PUT", "/Items")
def put_items(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=True)
    return _write_items(call, elements(call, "Items"), pick_lists.put_item)


@router.route("POST", "/Items")
def post_items(call: Call) -> Response:
    call.need(scopes.SETTINGS, write=True)
    return _write_items(call, elements(call, "Items"), pick_lists.post_item)


@router.route("POST", "/Items/{key}")
def post_item(call: Call, key: str) -> Response:
    call.need(scopes.SETTINGS, write=True)
    found = call.ledger.items.need(_item_id(call, key))["ItemID"]

    def update(books: Books, payload: Row, mode: Mode) -> Written:
        return pick_lists.post_item(books, payload, mode, key=found)

    return _write_items(call, [{**elements(call, "Items")[0], "ItemID": found}], update)


@router.route("DELETE", "/Items/{key}")
def delete_item(call: Call, key: str) -> Response:
    call.need(scopes.SETTINGS, write=True)
    row = call.ledger.items.need(_item_id(call, key))
    pick_lists.remove_item(call.ledger, row)
    return Response(204)


def _write_items(call: Call, sent: list[Row], writer: Writer) -> Response:
    if len(sent) > MOST_ITEMS:
        raise Refused(bad_data(f"At most {MOST_ITEMS} items can be sent at once."))
    return write_all(call, "Items", "items", sent, writer, show=render_setup.item, flag="HasValidationErrors")


def _item_id(call: Call, key: str) -> str:
    return call.ledger.item_by_code.get(key.casefold(), key.lower())


def _single(call: Call, name: str) -> list[Row]:
    """These kinds take one element for each request."""
    sent = elements(call, name)
    if len(sent) > 1:
        raise Refused(bad_data(f"{name} accepts one element at a time."))
    return sent
