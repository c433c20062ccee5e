"""Webhooks of Xero: intent to receive, signatures, what is sent, retries, and the end after a day."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sandbox.xero import hooks
from tests.sandbox.xero_client import Api

KEY = "signing-key"


class Receiver:
    """An application's endpoint. `behaviour`: good, forgetful (never checks), broken, chatty, cookie."""

    def __init__(self, port: int = 0) -> None:
        self.behaviour = "good"
        self.bodies: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        receiver = self

        class Endpoint(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Endpoint)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/xero"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        digest = base64.b64encode(hmac.new(KEY.encode(), body, hashlib.sha256).digest()).decode()
        genuine = hmac.compare_digest(digest, request.headers["x-xero-signature"])
        status = 200 if genuine or self.behaviour == "forgetful" else 401
        if self.behaviour == "broken" and genuine:
            status = 500
        self.statuses.append(status)
        if genuine:
            self.bodies.append(json.loads(body))
        request.send_response(status)
        if self.behaviour == "cookie":
            request.send_header("Set-Cookie", "a=b")
        text = b"ok" if self.behaviour == "chatty" else b""
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def events(self) -> list[dict[str, Any]]:
        return [event for body in self.bodies for event in body["events"]]

    def kinds(self) -> list[tuple[str, str]]:
        return [(event["eventCategory"], event["eventType"]) for event in self.events()]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def hooked(api: Api, receiver: Receiver) -> Iterator[Api]:
    api.control("hooks", url=receiver.url, key=KEY, skip_intent=True)
    yield api
    api.world.stop()


def settle(api: Api) -> None:
    """Wait until everything was sent once."""
    until = time.monotonic() + 5
    while not api.world.xero.hooks.idle():
        assert time.monotonic() < until, "webhooks were not sent"
        time.sleep(0.01)


def hook(api: Api) -> dict[str, Any]:
    shown: dict[str, Any] = api.http.get("http://sandbox.test/_sandbox/hooks").json()["xero"][0]
    return shown


def test_intent_to_receive_mixes_good_and_bad_signatures(api: Api, receiver: Receiver) -> None:
    api.control("hooks", url=receiver.url, key=KEY)
    settle(api)
    assert hook(api)["status"] == "active"
    assert receiver.statuses == [200, 401, 401, 200]
    assert receiver.bodies[0]["events"] == []
    assert (receiver.bodies[0]["firstEventSequence"], receiver.bodies[0]["lastEventSequence"]) == (0, 0)
    assert receiver.bodies[0]["entropy"] != receiver.bodies[1]["entropy"]
    api.world.stop()


def test_a_receiver_that_is_still_starting_is_asked_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "ASK_AGAIN_SECONDS", 0.05)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    api.control("hooks", url=f"http://127.0.0.1:{port}/", key=KEY)
    wait_for(lambda: hook(api)["reason"] == "nobody answers yet")
    assert hook(api)["status"] == "pending"
    late = Receiver(port)
    wait_for(lambda: hook(api)["status"] == "active")
    assert late.statuses == [200, 401, 401, 200]
    late.server.shutdown()
    late.server.server_close()
    monkeypatch.setattr(hooks, "STOP_ASKING_SECONDS", 0.2)
    api.control("hooks", url=f"http://127.0.0.1:{port}/", key=KEY)
    wait_for(lambda: hook(api)["status"] == "disabled")
    api.world.stop()


@pytest.mark.parametrize("behaviour", ["forgetful", "broken", "chatty", "cookie"])
def test_endpoint_that_breaks_the_rules_is_not_activated(
    api: Api, receiver: Receiver, behaviour: str
) -> None:
    receiver.behaviour = behaviour
    api.control("hooks", url=receiver.url, key=KEY)
    settle(api)
    assert hook(api)["status"] == "disabled"
    assert "intent to receive" in hook(api)["reason"]
    api.contact("A")
    settle(api)
    assert receiver.events() == []
    api.world.stop()


def test_own_writes_make_events_without_business_data(hooked: Api, receiver: Receiver) -> None:
    contact = hooked.contact("A")
    settle(hooked)
    event = receiver.events()[0]
    assert event == {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/Contacts/{contact['ContactID']}",
        "resourceId": contact["ContactID"],
        "eventDateUtc": "2026-11-20T02:00:00.500",
        "eventType": "CREATE",
        "eventCategory": "CONTACT",
        "tenantId": hooked.ledger.tenant_id,
        "tenantType": "ORGANISATION",
    }
    hooked.post("Contacts", {"Name": "A", "TaxNumber": "1"})
    hooked.ledger.archive_contact(contact["ContactID"])
    settle(hooked)
    # Archiving counts as an update.
    assert receiver.kinds() == [("CONTACT", "CREATE"), ("CONTACT", "UPDATE"), ("CONTACT", "UPDATE")]


def test_payment_also_changes_its_invoice(hooked: Api, receiver: Receiver) -> None:
    made = hooked.invoice(hooked.contact("A")["ContactID"])
    settle(hooked)
    receiver.bodies.clear()
    hooked.pay(made["InvoiceID"], "1.00")
    settle(hooked)
    assert sorted(receiver.kinds()) == [("INVOICE", "UPDATE"), ("PAYMENT", "CREATE")]


def test_only_wanted_categories_and_connected_organisations(api: Api, receiver: Receiver) -> None:
    api.control("hooks", url=receiver.url, key=KEY, skip_intent=True, categories=["INVOICE"])
    stranger = api.world.xero.add_organisation("Stranger", "AU")
    stranger.put_contact({"Name": "A"})
    api.contact("A")
    settle(api)
    assert receiver.events() == []
    api.invoice()
    settle(api)
    assert receiver.kinds() == [("INVOICE", "CREATE")]
    api.world.stop()


def test_deliveries_are_numbered(hooked: Api, receiver: Receiver) -> None:
    for name in "ABC":
        hooked.contact(name)
        settle(hooked)
    spans = [(body["firstEventSequence"], body["lastEventSequence"]) for body in receiver.bodies]
    assert spans == [(1, 1), (2, 2), (3, 3)]


def test_refused_delivery_is_retried_with_growing_waits(hooked: Api, receiver: Receiver) -> None:
    receiver.behaviour = "broken"
    hooked.contact("A")
    settle(hooked)
    assert (receiver.statuses, hook(hooked)["queued"]) == ([500], 1)
    receiver.behaviour = "good"
    hooked.world.clock.advance(4)
    time.sleep(0.15)
    assert receiver.statuses == [500]
    hooked.world.clock.advance(2)
    wait_for(lambda: receiver.statuses == [500, 200])
    wait_for(lambda: hook(hooked)["delivered"] == 1)
    assert hook(hooked)["queued"] == 0


def test_a_day_of_failure_switches_the_hook_off(hooked: Api, receiver: Receiver) -> None:
    receiver.behaviour = "broken"
    hooked.contact("A")
    settle(hooked)
    hooked.wait(24 * 3600 + 10)
    wait_for(lambda: hook(hooked)["status"] == "disabled")
    assert hook(hooked)["queued"] == 0
    sent = len(receiver.statuses)
    receiver.behaviour = "good"
    hooked.contact("B")
    settle(hooked)
    assert len(receiver.statuses) == sent


def test_deliveries_can_be_lost_and_doubled(hooked: Api, receiver: Receiver) -> None:
    hooked.control("hooks", url=receiver.url, key=KEY, skip_intent=True, drop=1)
    hooked.contact("A")
    settle(hooked)
    assert (receiver.events(), hook(hooked)["dropped"]) == ([], 1)
    hooked.control("hooks", url=receiver.url, key=KEY, skip_intent=True, double=1)
    hooked.contact("B")
    settle(hooked)
    assert len(receiver.events()) == 2


def test_nobody_listening_is_a_failure_and_no_crash(api: Api) -> None:
    api.control("hooks", url="http://127.0.0.1:9/", key=KEY, skip_intent=True)
    api.contact("A")
    settle(api)
    assert hook(api)["failed"] == 1
    api.control("hooks", remove=True)
    assert api.http.get("http://sandbox.test/_sandbox/hooks").json()["xero"] == []
    api.world.stop()


def wait_for(condition: Any) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
