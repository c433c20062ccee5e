"""The control interface: seeds, clock, faults, call counts, limits, connections, edits, state."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.world import World
from sandbox.xero.ledger import Ledger
from tests.sandbox.xero_client import BASE, Api, session


def control(world: World, path: str, **settings: Any) -> requests.Response:
    return session(world).post(f"{BASE}/_sandbox/{path}", json=settings)


def read(world: World, path: str) -> Any:
    answer = session(world).get(f"{BASE}/_sandbox/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_front_page_is_headed_as_a_simulator(api: Api) -> None:
    api.contact("A")
    for path in ("/", "/_sandbox/", "/_sandbox"):
        page = api.http.get(f"{BASE}{path}")
        assert "SIMULATOR" in page.text
        assert "Harbour Lane Advisory" in page.text
        assert "/api.xro/2.0/Contacts" in page.text


def test_seed_is_repeatable_and_truth_starts_empty(xero_world: World) -> None:
    seen = []
    for _ in range(2):
        control(xero_world, "reset", seed=3)
        report = control(xero_world, "seed", practice="one", country="NZ", clients=5, months=2, seed=9).json()
        seen.append(read(xero_world, f"dump?tenant={report['tenant_id']}&practice=one"))
    assert seen[0] == seen[1]
    assert seen[0]["xero"][report["tenant_id"]]["country"] == "NZ"
    assert seen[0]["organisation"]["contacts"]
    assert read(xero_world, "planted")["planted"] == []


def test_same_seed_and_calls_give_the_same_ids() -> None:
    def build() -> list[str]:
        world = World(seed=5)
        ledger = world.xero.add_organisation("Books", "AU")
        return [ledger.tenant_id, str(ledger.put_contact({"Name": "A"})["ContactID"])]

    assert build() == build()


def test_clock(xero_world: World) -> None:
    assert (
        control(xero_world, "clock", set="2026-12-01T00:00:00Z").json()["now"].startswith("2026-12-01T00:00")
    )
    assert control(xero_world, "clock", advance=90).json()["now"].startswith("2026-12-01T00:01:30")
    assert control(xero_world, "clock", speed=2.5).json()["speed"] == 2.5
    assert read(xero_world, "clock")["speed"] == 2.5


@pytest.mark.parametrize(
    ("path", "settings", "status"),
    [
        ("clock", {"set": "someday"}, 400),
        ("faults", {"rules": [{"kind": "earthquake"}]}, 400),
        ("faults", {"rules": [{"kind": "slow", "colour": "red"}]}, 400),
        ("faults", {"rules": ["slow"]}, 400),
        ("limits", {"tenant": "unknown"}, 404),
        ("limits", {"hourly": 5}, 400),
        ("seed", {"practice": "x", "country": "US"}, 400),
        ("seed", {}, 404),
        ("hooks", {"client_id": "unknown"}, 404),
        ("hooks", {"url": "http://127.0.0.1", "key": "k", "categories": ["X"]}, 400),
        ("connections/grant", {"tenant": "unknown"}, 404),
        ("xero/unknown/archive", {}, 404),
        ("ignition/unknown/clients", {}, 404),
        ("apps", {"client_id": "x"}, 400),
        ("nothing", {}, 404),
    ],
)
def test_bad_control_requests_say_so(api: Api, path: str, settings: dict[str, Any], status: int) -> None:
    assert control(api.world, path, **settings).status_code == status


def test_control_refuses_what_is_not_a_json_object(xero_world: World) -> None:
    for body in (b"[]", b"{", b"7"):
        answer = session(xero_world).post(f"{BASE}/_sandbox/clock", data=body)
        assert answer.status_code == 400
        assert answer.json()["error"]


# Calls -----------------------------------------------------------------------------------------------


def test_calls_are_counted_since_a_marker(api: Api) -> None:
    made = api.contact("A")
    marker = read(api.world, "calls")["marker"]
    for _ in range(2):
        api.get(f"Contacts/{made['ContactID']}")
    api.put("Contacts", {"Name": "B"})
    api.http.get(f"{BASE}/connections", headers=api.headers)
    found = read(api.world, f"calls?since={marker}&list=1")
    assert (found["total"], found["writes"]) == (4, 1)
    assert len(found["calls"]) == 1
    assert found["counts"][0] == {
        "host": "xero", "method": "GET", "path": "/api.xro/2.0/Contacts/{id}", "write": False,
        "status": 200, "count": 2,
    }  # fmt: skip
    assert read(api.world, f"calls?since={marker}&tenant=other")["total"] == 0
    assert read(api.world, f"calls?since={marker}&host=ignition")["total"] == 0
    reset = control(api.world, "calls/reset").json()
    assert read(api.world, "calls")["total"] == 0
    assert read(api.world, f"calls?since={reset['marker']}")["marker"] == reset["marker"]


def test_control_calls_and_secrets_are_not_logged(api: Api) -> None:
    api.http.get(f"{BASE}/identity/connect/authorize?state=secret-state")
    logged = read(api.world, "calls")["calls"]
    assert {call["host"] for call in logged} == {"xero-identity"}
    assert "secret-state" not in str(logged)


# Faults ----------------------------------------------------------------------------------------------


def test_script_of_faults_is_consumed_in_order(api: Api) -> None:
    api.control(
        "faults",
        script=[
            {"kind": "status", "status": 503},
            None,
            {
                "kind": "status",
                "status": 429,
                "headers": {"Retry-After": "7", "X-Rate-Limit-Problem": "minute"},
            },
            {"kind": "malformed"},
        ],
    )
    assert api.get("Contacts").status_code == 503
    assert api.get("Contacts").status_code == 200
    limited = api.get("Contacts")
    assert (limited.status_code, limited.content, limited.headers["Retry-After"]) == (429, b"", "7")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        api.get("Contacts").json()
    assert api.get("Contacts").status_code == 200


def test_faults_match_method_and_path(api: Api) -> None:
    api.control("faults", rules=[{"kind": "status", "method": "PUT", "path": "/Invoices", "status": 500}])
    assert api.put("Contacts", {"Name": "A"}).status_code == 200
    assert api.get("Invoices").status_code == 200
    assert api.put("Invoices", {}).status_code == 500
    api.control("faults", clear=True)
    assert api.put("Invoices", {}).status_code == 400


def test_rate_and_number_of_faults(api: Api) -> None:
    api.control("faults", rules=[{"kind": "status", "rate": 0.2}], seed=4)
    statuses = [api.get("Contacts").status_code for _ in range(200)]
    assert 20 < statuses.count(503) < 60
    api.control("faults", rules=[{"kind": "status", "times": 2}])
    assert [api.get("Contacts").status_code for _ in range(3)] == [503, 503, 200]


@pytest.mark.parametrize("kind", ["timeout", "drop"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_lost_answers_before_and_after_the_write(api: Api, ledger: Ledger, kind: str, when: str) -> None:
    api.control("faults", script=[{"kind": f"{kind}_{when}"}])
    expected = requests.exceptions.ReadTimeout if kind == "timeout" else requests.exceptions.ConnectionError
    with pytest.raises(expected):
        api.put("Contacts", {"Name": "A"}, Idempotency_Key="k1")
    assert len(ledger.contacts) == (1 if when == "after" else 0)
    # With the same key the repeat has the same effect in both cases: one contact.
    assert api.put("Contacts", {"Name": "A"}, Idempotency_Key="k1").status_code == 200
    assert len(ledger.contacts) == 1
    assert [call["status"] for call in read(api.world, "calls")["calls"]] == [0, 200]


def test_server_error_can_be_remembered_with_its_key(api: Api, ledger: Ledger) -> None:
    api.control("faults", script=[{"kind": "status", "status": 500, "remember": True}])
    assert api.put("Contacts", {"Name": "A"}, Idempotency_Key="k1").status_code == 500
    assert api.put("Contacts", {"Name": "A"}, Idempotency_Key="k1").status_code == 500
    api.wait(361)
    assert api.put("Contacts", {"Name": "A"}, Idempotency_Key="k1").status_code == 200


def test_faults_do_not_shift_ids(xero_world: World) -> None:
    def made(rate: float) -> str:
        xero_world.reset(3)
        api = Api(xero_world, xero_world.xero.add_organisation("Books", "AU"))
        api.control("limits", minute=None)
        api.control("faults", rules=[{"kind": "status", "rate": rate}])
        for _ in range(20):
            api.http.get(f"{BASE}/connections", headers=api.headers)
        api.control("faults", clear=True)
        return str(api.ledger.put_contact({"Name": "A"})["ContactID"])

    assert made(0.0) == made(0.5)


# Edits -----------------------------------------------------------------------------------------------


def test_edits_by_a_person_in_xero(api: Api, ledger: Ledger) -> None:
    contact = api.contact("A")["ContactID"]
    invoice = api.invoice(contact)["InvoiceID"]
    base = f"xero/{ledger.tenant_id}"
    paid = api.control(f"{base}/payment", Invoice={"InvoiceID": invoice}, Account={"Code": "608"}, Amount=95)
    assert ledger.invoices[invoice]["AmountDue"] == 400
    api.control(f"{base}/delete_payment", payment=paid["PaymentID"])
    api.control(f"{base}/note", kind="invoices", id=invoice, text="Called them")
    assert ledger.notes[f"invoices/{invoice}"][-1]["Details"] == "Called them"
    api.control(f"{base}/edit", kind="invoices", id=invoice, changes={"Reference": "typed"})
    assert api.rows(f"Invoices/{invoice}")[0]["Reference"] == "typed"
    api.control(f"{base}/void", invoice=invoice)
    assert ledger.invoices[invoice]["Status"] == "VOIDED"
    refused = control(api.world, f"{base}/void", invoice=invoice)
    assert refused.status_code == 400
    assert refused.json()["messages"] == ["Invoice not of valid status for modification"]
    assert control(api.world, f"{base}/archive", contact="unknown").status_code == 404
    assert control(api.world, f"{base}/dance").status_code == 400


def test_edit_keeps_the_indexes_right(api: Api, ledger: Ledger) -> None:
    contact = api.contact("A")["ContactID"]
    api.control(f"xero/{ledger.tenant_id}/edit", kind="contacts", id=contact, changes={"Name": "B"})
    assert api.contact("A")["ContactID"] != contact


def test_rows_of_ignition_can_be_put_in(xero_world: World) -> None:
    control(xero_world, "seed", practice="one", clients=3, months=1)
    made = control(xero_world, "ignition/one/clients", name="Newcomer", state="active").json()
    assert made["slug"].startswith("cli_")
    changed = control(xero_world, "ignition/one/clients", slug=made["slug"], name="Renamed").json()
    assert (changed["name"], changed["state"]) == ("Renamed", "active")
    assert control(xero_world, "ignition/one/settings", partner_writes=True).json()["partner_writes"] is True
    assert control(xero_world, "ignition/one/settings", colour="red").status_code == 400
    assert control(xero_world, "ignition/one/nothing").status_code == 400
    assert control(xero_world, "limits", practice="one", hourly=None).json()["hourly"] is None


def test_revoking_tokens_of_a_connection(api: Api) -> None:
    assert api.control("connections/revoke", client_id="sandbox-xero-app", tokens=True) == {"revoked": 1}
    assert api.get("Contacts").status_code == 401


def test_new_organisation_and_application(api: Api) -> None:
    made = api.control("organisations", name="New Books", country="NZ")
    assert api.world.xero.organisations[made["tenant_id"]].currency == "NZD"
    api.control(
        "apps", client_id="mine", secret="s", name="Mine", provider="xero", redirect_uris=["https://a/b"]
    )
    granted = api.control("connections/grant", tenant=made["tenant_id"], client_id="mine")
    assert granted["token_type"] == "Bearer"


def test_reset_empties_everything_but_the_clock(api: Api) -> None:
    before = api.world.clock.now()
    api.control("faults", rules=[{"kind": "status"}])
    assert control(api.world, "reset", seed=11).json() == {"seed": 11}
    found = read(api.world, "dump")
    assert (found["xero"], found["ignition"], found["connections"]) == ({}, {}, [])
    assert read(api.world, "faults")["rules"] == []
    assert api.world.clock.now() == before
