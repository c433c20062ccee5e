"""The sandbox as a program: keep-alive, faults on the wire, the state file, the command line."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import store
from sandbox.clock import Clock
from sandbox.server import Running, running
from sandbox.world import World
from sandbox.xero.ledger import Ledger
from tests.sandbox.conftest import NOW
from tests.sandbox.xero_client import BASE, Api, invoice_of, payment_of, session


@pytest.fixture
def served(xero_world: World, ledger: Ledger) -> Iterator[Running]:
    with running(xero_world) as made:
        yield made


def headers(served: Running, ledger: Ledger) -> dict[str, str]:
    granted = requests.post(
        f"{served.url}/_sandbox/connections/grant", json={"tenant": ledger.tenant_id}, timeout=5
    ).json()
    return {
        "Authorization": f"Bearer {granted['access_token']}",
        "xero-tenant-id": ledger.tenant_id,
        "Accept": "application/json",
    }


def test_connection_stays_open_between_calls(served: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.server.server_port, timeout=5)
    connection.connect()
    before = connection.sock
    for path in ("/_sandbox/clock", "/connections", "/nothing", "/"):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.version == 11
        answer.read()
        assert connection.sock is before
    connection.close()


def test_answers_without_a_body_keep_the_connection_usable(served: Running, ledger: Ledger) -> None:
    known = headers(served, ledger)
    with requests.Session() as http_session:
        key = http_session.get(f"{served.url}/connections", headers=known, timeout=5).json()[0]["id"]
        gone = http_session.delete(f"{served.url}/connections/{key}", headers=known, timeout=5)
        assert (gone.status_code, gone.content) == (204, b"")
        assert http_session.get(f"{served.url}/connections", headers=known, timeout=5).json() == []
        assert http_session.head(f"{served.url}/_sandbox/clock", timeout=5).status_code == 405


@pytest.mark.parametrize(
    ("header", "status"), [("Content-Length: many", 400), ("Content-Length: 99999999999", 413),
                           ("Transfer-Encoding: chunked", 411)],
)  # fmt: skip
def test_bodies_it_cannot_read_are_refused(served: Running, header: str, status: int) -> None:
    with socket.create_connection(("127.0.0.1", served.server.server_port), timeout=5) as raw:
        raw.sendall(f"POST /connect/token HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
        assert raw.recv(1000).startswith(f"HTTP/1.1 {status} ".encode())


def test_discovery_names_the_address_that_was_called(served: Running) -> None:
    found = requests.get(f"{served.url}/.well-known/openid-configuration", timeout=5).json()
    assert found["token_endpoint"] == f"{served.url}/connect/token"


def test_time_out_on_the_wire_after_the_write_was_applied(served: Running, ledger: Ledger) -> None:
    known = headers(served, ledger)
    served.world.faults.configure({"script": [{"kind": "timeout_after"}], "hang": 0.4})
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.put(f"{served.url}/api.xro/2.0/Contacts", json={"Name": "A"}, headers=known, timeout=0.2)
    assert len(ledger.contacts) == 1


@pytest.mark.parametrize(("kind", "applied"), [("drop_before", 0), ("drop_after", 1)])
def test_dropped_connection_on_the_wire(served: Running, ledger: Ledger, kind: str, applied: int) -> None:
    known = headers(served, ledger)
    served.world.faults.configure({"script": [{"kind": kind}]})
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.put(f"{served.url}/api.xro/2.0/Contacts", json={"Name": "A"}, headers=known, timeout=5)
    assert len(ledger.contacts) == applied


def test_slow_answer_does_not_hold_up_the_others(served: Running, ledger: Ledger) -> None:
    served.world.faults.configure({"script": [{"kind": "slow", "seconds": 0.5, "path": "/connections"}]})
    raw = socket.create_connection(("127.0.0.1", served.server.server_port), timeout=5)
    raw.sendall(b"GET /connections HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(0.05)
    started = time.monotonic()
    requests.get(f"{served.url}/_sandbox/clock", timeout=5)
    assert time.monotonic() - started < 0.4
    assert raw.recv(100).startswith(b"HTTP/1.1 403")
    raw.close()


def test_caller_that_hangs_up_is_no_error(served: Running) -> None:
    raw = socket.create_connection(("127.0.0.1", served.server.server_port), timeout=5)
    raw.sendall(b"POST /connect/token HTTP/1.1\r\nContent-Length: 500\r\n\r\nhalf")
    raw.close()
    assert requests.get(f"{served.url}/_sandbox/clock", timeout=5).status_code == 200


# The state file --------------------------------------------------------------------------------------


def busy(api: Api) -> dict[str, Any]:
    """One of everything that has to survive a restart."""
    contact = api.contact("A", ContactNumber="IGN-1")["ContactID"]
    made = api.invoice(contact, InvoiceNumber="IGN-1")
    api.pay(made["InvoiceID"], "100.00")
    api.ledger.merge_contact(api.contact("Loser")["ContactID"], contact)
    api.put("Contacts", {"Name": "B"}, Idempotency_Key="k1")
    api.control("limits", tenant=api.ledger.tenant_id, minute=500)
    api.ledger.period_lock_date = "2026-06-30"
    return made


def test_world_continues_where_it_stopped(api: Api, tmp_path: Path) -> None:
    made = busy(api)
    path = tmp_path / "state.json"
    store.save(api.world, path)
    again = World(clock=Clock(NOW, speed=0))
    store.load(again, path)
    ledger = again.xero.organisations[api.ledger.tenant_id]
    assert ledger.dump() == api.ledger.dump()
    assert again.xero.dump() == api.world.xero.dump()
    # The same token still works, the same rules still hold, the same ids come next.
    assert again.random.getstate() == api.world.random.getstate()
    kept = session(again).get(f"{BASE}/connections", headers=api.headers)
    assert [entry["tenantId"] for entry in kept.json()] == [ledger.tenant_id]
    from_start = Api(again, ledger)
    assert from_start.rows(f"Invoices/{made['InvoiceID']}")[0]["AmountDue"] == 395.0
    assert from_start.put("Contacts", {"Name": "a"}).status_code == 400
    assert from_start.put("Contacts", {"Name": "B"}, Idempotency_Key="k1").status_code == 200
    assert from_start.put("Invoices", invoice_of(ledger, InvoiceNumber="IGN-1")).status_code == 400
    assert from_start.put("Payments", payment_of(made["InvoiceID"], "395.01")).status_code == 400


@pytest.mark.parametrize("text", ["", "{", "{}", '{"format": 99}', '{"format": 1, "world": {}}'])
def test_file_that_is_no_state_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(store.BadStateFile):
        store.load(World(), path)


def test_autosave_writes_only_after_changes_and_leaves_no_half_file(api: Api, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    autosave = store.Autosave(api.world, path, every=0.01)
    assert autosave.save_if_changed() is False
    api.contact("A")
    assert autosave.save_if_changed() is True
    api.get("Contacts")
    assert autosave.save_if_changed() is False
    autosave.start()
    api.contact("B")
    until = time.monotonic() + 5
    while b'"Name":"B"' not in path.read_bytes():
        assert time.monotonic() < until
        time.sleep(0.01)
    autosave.stop()
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]


# The command line ------------------------------------------------------------------------------------


def launch(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    program = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert program.stdout is not None
    return program, program.stdout.readline().split()[-1]


def test_program_saves_on_a_signal_and_continues(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    program, url = launch("--state", str(state))
    made = requests.post(
        f"{url}/_sandbox/organisations", json={"name": "Books", "country": "AU"}, timeout=5
    ).json()
    program.send_signal(signal.SIGTERM)
    assert program.wait(10) == 0
    program, url = launch("--state", str(state))
    try:
        assert made["tenant_id"] in requests.get(f"{url}/_sandbox/dump", timeout=5).json()["xero"]
    finally:
        program.send_signal(signal.SIGINT)
        assert program.wait(10) == 0


def test_program_refuses_a_broken_state_file(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text("{")
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox", "--port", "0", "--state", str(state)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
        timeout=20,
    )
    assert ended.returncode == 2
    assert "not a sandbox state file" in ended.stderr
    assert state.read_text() == "{"
