"""What every call to an organisation passes: tenant, scope, limits, format, idempotency."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sandbox.world import World
from sandbox.xero.ledger import Ledger
from sandbox.xero.limits import Limits
from tests.sandbox.xero_client import BASE, Api, first, invoice_of, problems, session


def test_missing_or_foreign_organisation_is_a_gateway_403(api: Api, xero_world: World) -> None:
    stranger = xero_world.xero.add_organisation("Stranger", "AU")
    for tenant in ("", stranger.tenant_id, "not-an-id"):
        answer = api.get("Contacts", xero_tenant_id=tenant)
        assert answer.status_code == 403
        assert answer.json()["Detail"] == "AuthenticationUnsuccessful"
        assert answer.json()["Title"] == "Forbidden"


def test_bad_token_is_401(api: Api) -> None:
    answer = api.get("Contacts", Authorization="Bearer nothing")
    assert answer.status_code == 401
    assert answer.json()["Detail"] == "AuthenticationUnsuccessful"


def test_disconnected_organisation_and_removed_person_are_403(api: Api) -> None:
    api.control(f"xero/{api.ledger.tenant_id}/role", user="priya.raman@books.example", role="REMOVED")
    assert api.get("Contacts").status_code == 403
    api.control(f"xero/{api.ledger.tenant_id}/role", user="priya.raman@books.example", role="STANDARD")
    assert api.get("Contacts").status_code == 200
    assert api.control("connections/revoke", tenant=api.ledger.tenant_id) == {"revoked": 1}
    assert api.get("Contacts").status_code == 403


def test_call_without_user_agent_meets_the_edge_filter(api: Api) -> None:
    api.http.headers.pop("User-Agent")
    answer = api.get("Contacts")
    assert answer.status_code == 403
    assert answer.headers["Content-Type"].startswith("text/html")


def test_answer_is_json_only_when_asked_for(api: Api) -> None:
    for accepted in ("application/xml", "*/*"):
        answer = api.get("Contacts", Accept=accepted)
        assert answer.status_code == 406
        assert "Accept" in answer.text


@pytest.mark.parametrize(
    ("scope", "path", "allowed"),
    [
        ("accounting.contacts.read", "Contacts", True),
        ("accounting.contacts.read", "Invoices", False),
        ("accounting.invoices", "Invoices", True),
        ("accounting.invoices", "CreditNotes", True),
        ("accounting.invoices", "Payments", False),
        ("accounting.payments.read", "Payments", True),
        ("accounting.payments.read", "Overpayments", True),
        ("accounting.settings.read", "Organisation", True),
        ("accounting.settings.read", "TaxRates", True),
        ("accounting.invoices", "Items", True),
        ("accounting.contacts", "BankTransactions", False),
    ],
)
def test_each_endpoint_asks_for_its_scope(
    xero_world: World, ledger: Ledger, scope: str, path: str, allowed: bool
) -> None:
    narrow = Api(xero_world, ledger, scope=f"offline_access {scope}")
    answer = narrow.get(path)
    assert answer.status_code == (200 if allowed else 401)
    if not allowed:
        assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def test_read_scope_does_not_write(xero_world: World, ledger: Ledger) -> None:
    narrow = Api(xero_world, ledger, scope="offline_access accounting.contacts.read")
    answer = narrow.put("Contacts", {"Name": "A"})
    assert answer.status_code == 401
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]
    assert not ledger.contacts


def test_unknown_id_is_a_page_and_not_json(api: Api) -> None:
    for path in (
        "Invoices/5d7b2f60-9e14-4c8b-8f5e-2f3b7a1c6d05",
        "Contacts/NO-SUCH",
        "Payments/x",
        "Nothing",
    ):
        answer = api.get(path)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")


def test_known_resource_without_the_method_is_501(api: Api) -> None:
    assert api.call("DELETE", "Invoices").status_code == 501


def test_offline_organisation_is_503(api: Api) -> None:
    api.control(f"xero/{api.ledger.tenant_id}/organisation", offline=True)
    answer = api.get("Contacts")
    assert answer.status_code == 503
    assert answer.json()["Status"] == 503


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"7", b'{"Contacts":[1]}', b'{"Contacts":[{"Name":NaN}]}', b"\xff"]
)
def test_unreadable_data_is_a_400(api: Api, body: bytes) -> None:
    answer = api.http.put(f"{BASE}/api.xro/2.0/Contacts", data=body, headers=api.headers)
    assert answer.status_code == 400
    assert answer.json()["Type"] == "PostDataInvalidException"


def test_body_over_three_and_a_half_megabytes_is_refused(api: Api) -> None:
    answer = api.http.put(f"{BASE}/api.xro/2.0/Contacts", data=b" " * 3_500_001, headers=api.headers)
    assert answer.status_code == 413


def test_envelope_key_in_any_case_and_bare_object(api: Api) -> None:
    assert first(api.call("PUT", "Contacts", {"contacts": [{"Name": "A"}]}))["Name"] == "A"
    assert first(api.call("PUT", "Contacts", {"Name": "B"}))["Name"] == "B"


def test_success_envelope(api: Api) -> None:
    found = api.get("Contacts").json()
    assert found["Status"] == "OK"
    assert found["ProviderName"] == "Sandbox Xero app"
    assert found["DateTimeUTC"] == "/Date(1795140000500)/"
    assert "pagination" not in found


# Limits ----------------------------------------------------------------------------------------------


def test_minute_limit_answers_an_empty_429_with_headers(api: Api, xero_world: World) -> None:
    api.control("limits", tenant=api.ledger.tenant_id, minute=3, day=100)
    remaining = [api.get("Contacts").headers["X-MinLimit-Remaining"] for _ in range(3)]
    assert remaining == ["2", "1", "0"]
    refused = api.get("Contacts")
    assert refused.status_code == 429
    assert refused.content == b""
    assert "Content-Type" not in refused.headers
    assert refused.headers["X-Rate-Limit-Problem"] == "minute"
    assert refused.headers["X-MinLimit-Remaining"] == "0"
    # A refused call is not counted against the day.
    assert refused.headers["X-DayLimit-Remaining"] == "97"
    wait = int(refused.headers["Retry-After"])
    assert 1 <= wait <= 60
    xero_world.clock.advance(wait)
    assert api.get("Contacts").status_code == 200


def test_day_limit_waits_for_hours(api: Api) -> None:
    api.control("limits", tenant=api.ledger.tenant_id, day=1)
    assert api.get("Contacts").headers["X-DayLimit-Remaining"] == "0"
    refused = api.get("Contacts")
    assert refused.headers["X-Rate-Limit-Problem"] == "day"
    assert 60 < int(refused.headers["Retry-After"]) <= 24 * 3600


def test_limits_are_per_organisation_and_per_application(api: Api, xero_world: World) -> None:
    api.control("limits", minute=2, day=None, concurrent=None, app_minute=3)
    other = Api(xero_world, xero_world.xero.add_organisation("Other", "AU"))
    assert [api.get("Contacts").status_code for _ in range(3)] == [200, 200, 429]
    assert other.get("Contacts").headers["X-AppMinLimit-Remaining"] == "0"
    refused = other.get("Contacts")
    assert refused.headers["X-Rate-Limit-Problem"] == "appminute"


def test_default_limits_are_those_of_the_service(api: Api, xero_world: World) -> None:
    xero_world.xero.limits = Limits()
    headers = api.get("Contacts").headers
    assert headers["X-MinLimit-Remaining"] == "59"
    assert headers["X-DayLimit-Remaining"] == "4999"
    assert headers["X-AppMinLimit-Remaining"] == "9999"


def test_more_calls_in_flight_than_allowed(api: Api, xero_world: World) -> None:
    api.control("limits", tenant=api.ledger.tenant_id, concurrent=2)
    xero_world.lock.acquire()
    answers: list[Any] = []
    waiting = [
        threading.Thread(
            target=lambda: answers.append(
                session(xero_world).get(f"{BASE}/api.xro/2.0/Contacts", headers=api.headers)
            )
        )
        for _ in range(3)
    ]
    counted = xero_world.xero.limits
    try:
        for thread in waiting:
            thread.start()
        pair = ("sandbox-xero-app", api.ledger.tenant_id)
        while counted.open(*pair) < 3:
            threading.Event().wait(0.005)
    finally:
        xero_world.lock.release()
    for thread in waiting:
        thread.join()
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 1
    assert refused[0].headers["X-Rate-Limit-Problem"] == "concurrent"
    # For this limit the caller chooses the wait.
    assert "Retry-After" not in refused[0].headers


# Idempotency -----------------------------------------------------------------------------------------


def test_repeat_with_the_same_key_gets_the_stored_answer(api: Api, ledger: Ledger) -> None:
    before = api.put("Contacts", {"Name": "A"}, Idempotency_Key="k1")
    again = api.put("Contacts", {"Name": "A"}, Idempotency_Key="k1")
    assert again.json() == before.json()
    assert len(ledger.contacts) == 1


def test_key_used_with_another_body_method_or_address_is_refused(api: Api, ledger: Ledger) -> None:
    api.put("Contacts", {"Name": "A"}, Idempotency_Key="k1")
    assert api.put("Contacts", {"Name": "B"}, Idempotency_Key="k1").status_code == 400
    assert api.post("Contacts", {"Name": "A"}, Idempotency_Key="k1").status_code == 400
    assert api.put("Contacts", {"Name": "A"}, query="?unitdp=4", Idempotency_Key="k1").status_code == 400
    assert len(ledger.contacts) == 1


def test_memory_lasts_six_minutes_from_the_first_call(api: Api, xero_world: World, ledger: Ledger) -> None:
    invoice = invoice_of(ledger)
    api.put("Invoices", invoice, Idempotency_Key="k1")
    xero_world.clock.advance(300)
    api.put("Invoices", invoice, Idempotency_Key="k1")
    xero_world.clock.advance(59)
    api.put("Invoices", invoice, Idempotency_Key="k1")
    assert len(ledger.invoices) == 1
    xero_world.clock.advance(2)
    api.put("Invoices", invoice, Idempotency_Key="k1")
    assert len(ledger.invoices) == 2


def test_errors_are_remembered_too(api: Api, ledger: Ledger) -> None:
    api.contact("A")
    refused = api.put("Contacts", {"Name": "A"}, Idempotency_Key="k1")
    assert "already assigned" in problems(refused)[0]
    ledger.archive_contact(next(iter(ledger.contacts)))
    assert api.put("Contacts", {"Name": "A"}, Idempotency_Key="k1").status_code == 400
    assert api.put("Contacts", {"Name": "A"}, Idempotency_Key="k2").status_code == 200


def test_memory_is_shared_by_all_organisations_of_the_application(api: Api, xero_world: World) -> None:
    other = Api(xero_world, xero_world.xero.add_organisation("Other", "AU"))
    made = first(api.put("Contacts", {"Name": "A"}, Idempotency_Key="k1"))
    repeated = first(other.put("Contacts", {"Name": "A"}, Idempotency_Key="k1"))
    assert repeated["ContactID"] == made["ContactID"]
    assert not other.ledger.contacts


def test_repeats_spend_quota_and_a_429_is_not_remembered(api: Api, xero_world: World) -> None:
    api.control("limits", tenant=api.ledger.tenant_id, minute=2)
    api.put("Contacts", {"Name": "A"}, Idempotency_Key="k1")
    assert api.put("Contacts", {"Name": "A"}, Idempotency_Key="k1").headers["X-MinLimit-Remaining"] == "0"
    assert api.put("Contacts", {"Name": "B"}, Idempotency_Key="k2").status_code == 429
    xero_world.clock.advance(60)
    assert api.put("Contacts", {"Name": "B"}, Idempotency_Key="k2").status_code == 200


def test_key_has_at_most_128_characters(api: Api) -> None:
    assert api.put("Contacts", {"Name": "A"}, Idempotency_Key="k" * 128).status_code == 200
    assert api.put("Contacts", {"Name": "B"}, Idempotency_Key="k" * 129).status_code == 400


def test_reads_have_no_memory(api: Api) -> None:
    assert api.rows("Contacts", Idempotency_Key="k1") == []
    api.contact("A")
    assert len(api.rows("Contacts", Idempotency_Key="k1")) == 1
