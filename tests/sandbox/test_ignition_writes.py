"""Partner-style writes and signed hints: off until switched on or registered."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.clock import Clock
from sandbox.ignition import hooks
from sandbox.ignition.hints import event_type
from sandbox.ignition.oauth import issue
from sandbox.ignition.state import IgnitionPractice
from sandbox.web import request_of
from sandbox.world import World

KEY = "ign-test-key"


@pytest.fixture
def world() -> World:
    made = World(clock=Clock(datetime(2026, 3, 18, 2, 0, tzinfo=UTC), speed=0))
    made.ignition["test"] = IgnitionPractice(
        "test", "Test Practice", made.clock, api_keys={KEY}, partner_writes=True
    )
    return made


@pytest.fixture
def practice(world: World) -> IgnitionPractice:
    return world.ignition["test"]


def send(world: World, method: str, path: str, body: Any, token: str = KEY) -> tuple[int, dict[str, Any]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = world.handle(
        request_of(method, f"/external/api/v1/{path}", {"Authorization": f"Bearer {token}"}, raw)
    )
    return response.status, json.loads(response.body)


def new_client(world: World, name: str = "Lane Dental Pty Ltd") -> dict[str, Any]:
    status, body = send(world, "POST", "clients", {"name": name, "email": "a@lane.example"})
    assert status == 201
    row: dict[str, Any] = body["data"]
    return row


def test_writing_is_forbidden_until_switched_on(world: World, practice: IgnitionPractice) -> None:
    practice.partner_writes = False
    status, body = send(world, "POST", "clients", {"name": "Lane"})
    assert (status, body["errors"][0]["status"]) == (403, "403")
    assert practice.clients == []


def test_a_reporting_token_may_not_write(world: World, practice: IgnitionPractice) -> None:
    now = world.clock.now().timestamp()
    reader = issue(practice, "app", ["reporting"], now)["access_token"]
    writer = issue(practice, "app", ["reporting", "partner"], now)["access_token"]
    assert send(world, "POST", "clients", {"name": "Lane"}, reader)[0] == 403
    assert send(world, "POST", "clients", {"name": "Lane"}, writer)[0] == 201


def test_a_created_client_shows_in_the_list_and_twice_makes_two(
    world: World, practice: IgnitionPractice
) -> None:
    first, second = new_client(world), new_client(world)
    assert first["slug"] != second["slug"]
    assert first["state"] == "lead"
    assert [row["slug"] for row in practice.clients] == [first["slug"], second["slug"]]


def test_a_change_touches_only_what_was_sent(world: World) -> None:
    client = new_client(world)
    world.clock.advance(5)
    status, body = send(
        world, "PATCH", f"clients/{client['slug']}", {"phone": "(02) 5550 1234", "state": "active"}
    )
    assert status == 200
    changed = body["data"]
    assert (changed["phone"], changed["name"], changed["state"]) == (
        "(02) 5550 1234",
        client["name"],
        "active",
    )
    assert changed["updated_at"] > client["updated_at"]


def test_contacts_belong_to_a_client(world: World) -> None:
    client = new_client(world)
    body = {"client": {"slug": client["slug"]}, "name": "Priya Lane", "is_primary": True}
    status, answer = send(world, "POST", "contacts", body)
    assert (status, answer["data"]["client"]["slug"]) == (201, client["slug"])
    status, answer = send(world, "PATCH", f"contacts/{answer['data']['slug']}", {"mobile": "0491 570 006"})
    assert (status, answer["data"]["mobile"], answer["data"]["is_primary"]) == (200, "0491 570 006", True)


@pytest.mark.parametrize(("mode", "total"), [("exclusive", 605.58), ("inclusive", 555.53), ("none", 555.53)])
def test_an_invoice_total_follows_its_mode(world: World, mode: str, total: float) -> None:
    client = new_client(world)
    body = {
        "client_slug": client["slug"],
        "amounts_are": mode,
        "due_date": "2026-04-01",
        "items": [
            {"description": "Payroll", "quantity": 37, "unit_price": "8.2575", "tax_rate": "GST on Income"},
            {"description": "Advice", "unit_price": 200.5, "discount": 5.5, "tax_rate": "GST on Income"},
            {"description": "Registry fee", "unit_price": 55, "tax_rate": "GST Free"},
        ],
    }
    status, answer = send(world, "POST", "invoices", body)
    invoice = answer["data"]
    assert status == 201
    assert invoice["amount"] == {"total": total, "surcharge": 0.0, "currency": "AUD"}
    assert (invoice["date"], invoice["state"], invoice["payment_state"]) == ("2026-03-18", "issued", "unpaid")
    assert [item["total"] for item in invoice["items"]] == [305.53, 195.0, 55.0]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clients", []),
        ("clients", {"name": ""}),
        ("clients", {"name": 7}),
        ("clients", {"name": "x" * 256}),
        ("clients", {"name": "x", "state": "gone"}),
        ("clients", {"name": "x", "tags": "Tax"}),
        ("contacts", {"name": "x"}),
        ("contacts", {"name": "x", "client": {"slug": ["cli"]}}),
        ("invoices", {"items": [{"description": "x", "unit_price": 1}]}),
    ],
)
def test_bad_bodies_are_refused_in_words(world: World, path: str, body: Any) -> None:
    status, answer = send(world, "POST", path, body)
    assert status == 422
    assert answer["errors"][0]["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"items": []},
        {"items": [7]},
        {"items": [{"description": "", "unit_price": 1}]},
        {"items": [{"description": "x"}]},
        {"items": [{"description": "x", "unit_price": True}]},
        {"items": [{"description": "x", "unit_price": "NaN"}]},
        {"items": [{"description": "x", "unit_price": "1e30"}]},
        {"items": [{"description": "x", "unit_price": 1, "tax_rate": "VAT"}]},
        {"items": [{"description": "x", "unit_price": 1, "tax_rate": []}]},
        {"amounts_are": "gross"},
        {"state": "paid"},
        {"date": "18/03/2026"},
        {"date": 20260318},
        {"date": "2026-03-18", "due_date": "2026-03-01"},
    ],
)
def test_bad_invoices_are_refused_in_words(world: World, practice: IgnitionPractice, change: Any) -> None:
    good = {"client_slug": new_client(world)["slug"], "items": [{"description": "x", "unit_price": 1}]}
    assert send(world, "POST", "invoices", good)[0] == 201
    status, answer = send(world, "POST", "invoices", {**good, **change})
    assert status == 422
    assert answer["errors"][0]["detail"]
    assert len(practice.invoices) == 1


def test_a_body_that_is_not_json_is_refused(world: World) -> None:
    assert send(world, "POST", "clients", b"{")[0] == 400


def test_unknown_records_and_resources_are_not_found(world: World) -> None:
    assert send(world, "POST", "proposals", {})[0] == 404
    assert send(world, "PATCH", "clients/cli_unknown", {})[0] == 404
    assert send(world, "PATCH", "invoices/inv_unknown", {})[0] == 404


# Hints ------------------------------------------------------------------------------------------------


class Receiver:
    """Answers with the next status and keeps what it was sent."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.calls: list[tuple[str, dict[str, str], bytes]] = []

    def __call__(self, url: str, headers: dict[str, str], body: bytes) -> int:
        self.calls.append((url, headers, body))
        return self.statuses.pop(0) if self.statuses else 200


def test_nothing_is_queued_without_a_hook(world: World, practice: IgnitionPractice) -> None:
    practice.upsert("clients", {"name": "Lane", "state": "active"})
    receiver = Receiver()
    assert hooks.flush(world, receiver) == []
    assert receiver.calls == []


def test_a_hint_is_signed_and_names_the_record_only(world: World, practice: IgnitionPractice) -> None:
    hooks.register(practice, "http://127.0.0.1:1/hooks", "s3cret")
    client = practice.upsert("clients", {"name": "Lane", "state": "active"})
    receiver = Receiver()
    (delivery,) = hooks.flush(world, receiver)
    ((url, headers, body),) = receiver.calls
    hint = json.loads(body)
    assert url == "http://127.0.0.1:1/hooks"
    assert headers["X-Sync-Event-Id"] == hint["id"] == delivery.event_id
    assert abs(int(headers["X-Sync-Timestamp"]) - time.time()) < 5
    signed = headers["X-Sync-Timestamp"].encode() + b"." + body
    expected = hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert headers["X-Sync-Signature"] == f"v1={expected}"
    assert hint["type"] == "client.created"
    assert hint["practice"] == "test"
    assert hint["resource"] == {"type": "client", "slug": client["slug"], "natural_key": None}
    assert hint["data"] is None
    assert "Lane" not in body.decode()


def test_failed_hints_are_sent_again_in_order_and_then_dropped(
    world: World, practice: IgnitionPractice
) -> None:
    hooks.register(practice, "http://127.0.0.1:1/hooks", "s3cret")
    practice.upsert("clients", {"name": "Lane", "state": "active"})
    receiver = Receiver(500, 200)
    first, again = hooks.flush(world, receiver)[0], hooks.flush(world, receiver)[0]
    assert (first.event_id, first.status, again.status) == (again.event_id, 500, 200)
    assert "tries" not in json.loads(receiver.calls[1][2])
    assert hooks.flush(world, receiver) == []
    practice.upsert("clients", {"name": "Lost", "state": "active"})
    lost = Receiver(*[0] * 10)
    assert sum(len(hooks.flush(world, lost)) for _ in range(10)) == hooks.MAX_TRIES


def test_unregistering_forgets_what_was_queued(world: World, practice: IgnitionPractice) -> None:
    hooks.register(practice, "http://127.0.0.1:1/hooks", "s3cret")
    practice.upsert("clients", {"name": "Lane", "state": "active"})
    hooks.unregister(practice)
    assert hooks.flush(world, Receiver()) == []
    assert practice.hints == []


def test_nobody_listening_counts_as_no_answer() -> None:
    assert hooks.post("http://127.0.0.1:9/hooks", {}, b"{}") == 0
    assert hooks.post("file:///etc/hosts", {}, b"{}") == 0


def test_the_courier_sends_in_the_background(world: World, practice: IgnitionPractice) -> None:
    hooks.register(practice, "http://127.0.0.1:1/hooks", "s3cret")
    receiver = Receiver()
    courier = hooks.Courier(world, every=0.01, send=receiver)
    courier.start()
    practice.upsert("clients", {"name": "Lane", "state": "active"})
    deadline = time.monotonic() + 5
    while not receiver.calls and time.monotonic() < deadline:
        time.sleep(0.01)
    courier.stop()
    assert len(receiver.calls) == 1
    assert not courier.is_alive()


@pytest.mark.parametrize(
    ("resource", "before", "after", "expected"),
    [
        ("invoices", None, {"state": "issued", "payment_state": "unpaid"}, "invoice.issued"),
        ("invoices", {"payment_state": "unpaid"}, {"payment_state": "paid"}, "invoice.paid"),
        ("invoices", {"payment_state": "unpaid"}, {"payment_state": "partially_paid"}, "invoice.part_paid"),
        ("invoices", {"state": "issued"}, {"state": "voided"}, "invoice.voided"),
        ("invoices", {"deployment": None}, {"deployment": {"state": "failed"}}, "invoice.deploy_failed"),
        ("invoices", {"state": "issued"}, {"state": "issued", "memo": "x"}, "invoice.updated"),
        ("proposals", {"state": "awaiting_acceptance"}, {"state": "accepted"}, "proposal.accepted"),
        ("clients", {"state": "active"}, {"state": "archived"}, "client.archived"),
        ("payments", {"state": "collected"}, {"state": "disbursed"}, "payment.disbursed"),
        ("collections", None, {"type": "payment_collection"}, "collection.recorded"),
        ("collections", None, {"type": "clawback"}, "clawback.recorded"),
        ("deal_stages", None, {"name": "Won"}, "deal_stage.created"),
    ],
)
def test_hint_types(
    resource: str, before: dict[str, Any] | None, after: dict[str, Any], expected: str
) -> None:
    assert event_type(resource, before, after) == expected
