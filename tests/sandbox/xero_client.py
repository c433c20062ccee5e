"""A caller of the Xero stand-in, inside the test's process."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from sandbox.adapter import SandboxAdapter
from sandbox.control_hooks import ALL_SCOPES
from sandbox.world import World
from sandbox.xero.ledger import Ledger
from sandbox.xero.tokens import challenge_of

BASE = "http://sandbox.test"
APP = "sandbox-xero-app"
SECRET = "sandbox-xero-secret"
CALLBACK = "http://127.0.0.1:8000/xero/callback"


def session(world: World) -> requests.Session:
    made = requests.Session()
    made.mount(BASE, SandboxAdapter(world))
    return made


class Api:
    """Calls as an application that was granted one organisation."""

    def __init__(self, world: World, ledger: Ledger, *, scope: str = ALL_SCOPES) -> None:
        self.world = world
        self.ledger = ledger
        self.http = session(world)
        self.scope = scope
        self.headers = {"xero-tenant-id": ledger.tenant_id, "Accept": "application/json"}
        self.sign_in()

    def sign_in(self) -> None:
        granted = self.control("connections/grant", tenant=self.ledger.tenant_id, scope=self.scope)
        self.headers["Authorization"] = f"Bearer {granted['access_token']}"

    def wait(self, seconds: float) -> None:
        """Move the clock; the access token stays fresh."""
        self.world.clock.advance(seconds)
        self.sign_in()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        sent = {name: value for name, value in sent.items() if value}
        data = None if body is None else json.dumps(body, default=str)
        return self.http.request(method, f"{BASE}/api.xro/2.0/{path}", data=data, headers=sent)

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.call("GET", path, **headers)

    def rows(self, path: str, **headers: str) -> list[dict[str, Any]]:
        """The elements of a list or a single read."""
        answer = self.get(path, **headers)
        assert answer.status_code == 200, answer.text
        name = path.split("?")[0].split("/")[0]
        found: list[dict[str, Any]] = answer.json()["Organisations" if name == "Organisation" else name]
        return found

    def put(
        self, resource: str, *elements: dict[str, Any], query: str = "", **headers: str
    ) -> requests.Response:
        return self.call("PUT", f"{resource}{query}", {resource: list(elements)}, **headers)

    def post(
        self, resource: str, *elements: dict[str, Any], query: str = "", **headers: str
    ) -> requests.Response:
        return self.call("POST", f"{resource}{query}", {resource: list(elements)}, **headers)

    def make(self, resource: str, element: dict[str, Any]) -> dict[str, Any]:
        """Create one element that must succeed."""
        return first(self.put(resource, element))

    def control(self, path: str, **settings: Any) -> Any:
        answer = self.http.post(f"{BASE}/_sandbox/{path}", json=settings)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def contact(self, name: str = "Harbour Lane Dental", **fields: Any) -> dict[str, Any]:
        return self.make("Contacts", {"Name": name, **fields})

    def invoice(self, contact_id: str | None = None, **fields: Any) -> dict[str, Any]:
        return self.make("Invoices", invoice_of(self.ledger, contact_id, **fields))

    def pay(self, invoice_id: str, amount: str, **fields: Any) -> dict[str, Any]:
        return self.make("Payments", payment_of(invoice_id, amount, **fields))


def invoice_of(ledger: Ledger, contact_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """An approved sale of 450.00 plus tax, due in two weeks."""
    contact = {"ContactID": contact_id} if contact_id else {"Name": "Walk-in"}
    return {
        "Type": "ACCREC",
        "Contact": contact,
        "Date": "2026-11-02",
        "DueDate": "2026-11-16",
        "Status": "AUTHORISED",
        "LineItems": [line()],
        **fields,
    }


def line(amount: str = "450", **fields: Any) -> dict[str, Any]:
    return {
        "Description": "Bookkeeping",
        "Quantity": "1",
        "UnitAmount": amount,
        "AccountCode": "200",
        **fields,
    }


def payment_of(invoice_id: str, amount: str, **fields: Any) -> dict[str, Any]:
    return {
        "Invoice": {"InvoiceID": invoice_id},
        "Account": {"Code": "608"},
        "Date": "2026-11-18",
        "Amount": amount,
        **fields,
    }


def first(answer: requests.Response) -> dict[str, Any]:
    """The only element of a successful write."""
    assert answer.status_code == 200, answer.text
    element: dict[str, Any] = next(value for value in answer.json().values() if isinstance(value, list))[0]
    return element


def problems(answer: requests.Response) -> list[str]:
    """The messages of a whole-request 400."""
    assert answer.status_code == 400, answer.text
    found = answer.json()
    assert found["Type"] == "ValidationException"
    return [entry["Message"] for element in found["Elements"] for entry in element["ValidationErrors"]]


def consent(world: World, ledgers: list[Ledger], **changes: Any) -> requests.Response:
    """Tick organisations on the consent page and press a button; the redirect is not followed."""
    fields: dict[str, Any] = {
        "client_id": APP,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": ALL_SCOPES,
        "state": "st4te",
        "tenant": [ledger.tenant_id for ledger in ledgers],
        "decision": "allow",
        **changes,
    }
    return session(world).post(f"{BASE}/identity/connect/authorize", data=fields, allow_redirects=False)


def returned(answer: requests.Response) -> dict[str, str]:
    """The parameters a redirect carries back to the application."""
    assert answer.status_code == 302, answer.text
    location = urlsplit(answer.headers["Location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == CALLBACK
    return {name: values[0] for name, values in parse_qs(location.query).items()}


def token_call(world: World, **fields: str) -> requests.Response:
    data = {"client_id": APP, "client_secret": SECRET, **fields}
    return session(world).post(f"{BASE}/connect/token", data=data)


def exchange(world: World, code: str, **fields: str) -> requests.Response:
    return token_call(world, grant_type="authorization_code", code=code, redirect_uri=CALLBACK, **fields)


def refresh(world: World, token: str) -> requests.Response:
    return token_call(world, grant_type="refresh_token", refresh_token=token)


def sign_in(world: World, *ledgers: Ledger, **changes: Any) -> dict[str, Any]:
    """The whole dance with PKCE; the token answer."""
    verifier = "v" * 64
    sent = consent(
        world, list(ledgers), code_challenge=challenge_of(verifier), code_challenge_method="S256", **changes
    )
    answer = exchange(world, returned(sent)["code"], code_verifier=verifier)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def connections(world: World, access_token: str, query: str = "") -> list[dict[str, Any]]:
    answer = session(world).get(
        f"{BASE}/connections{query}", headers={"Authorization": f"Bearer {access_token}"}
    )
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def change(api: Api, invoice: dict[str, Any], **fields: Any) -> Any:
    """Post these fields of an invoice, and no others."""
    return api.post("Invoices", {"InvoiceID": invoice["InvoiceID"], **fields})


def stored(api: Api, invoice: dict[str, Any]) -> dict[str, Any]:
    """The invoice as it is read now."""
    return api.rows(f"Invoices/{invoice['InvoiceID']}")[0]
