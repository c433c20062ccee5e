"""The demo world over HTTP: three practices, their keys, and complete lists page by page."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.clock import Clock
from sandbox.seed import seed_demo, seed_practice
from sandbox.web import request_of
from sandbox.world import World

WIDE = "date_from=2013-01-01&date_to=2028-01-01"


@pytest.fixture(scope="module")
def world() -> World:
    made = World(clock=Clock(datetime(2026, 11, 22, 4, 0, tzinfo=UTC), speed=0))
    seed_demo(made)
    return made


def read(world: World, key: str, resource: str, query: str = "") -> list[dict[str, Any]]:
    """Every row of a list, each once."""
    rows: dict[str, dict[str, Any]] = {}
    cursor = ""
    while True:
        target = f"/external/api/v1/reporting/{resource}?limit=250&{query}{cursor}"
        response = world.handle(request_of("GET", target, {"Authorization": f"Bearer ign-{key}-key"}, b""))
        assert response.status == 200
        body = json.loads(response.body)
        rows.update({str(row.get("slug") or row["id"]): row for row in body["data"]})
        if not body["meta"]["pagination"]["has_more"]:
            return list(rows.values())
        cursor = f"&cursor={body['meta']['pagination']['next_cursor']}"


def test_three_practices_with_matching_organisations(world: World) -> None:
    assert {key: (made.name, made.country, made.currency) for key, made in world.ignition.items()} == {
        "demo": ("Harbour Lane Advisory", "AU", "AUD"),
        "kiwi": ("Kauri Point Accounting", "NZ", "NZD"),
        "blank": ("Blank Slate Pty Ltd", "AU", "AUD"),
    }
    names = {ledger.name: ledger for ledger in world.xero.organisations.values()}
    assert set(names) == {"Harbour Lane Advisory", "Kauri Point Accounting", "Blank Slate Pty Ltd"}
    blank = names["Blank Slate Pty Ltd"]
    assert (len(blank.contacts), len(blank.invoices)) == (0, 0)
    assert blank.account_by_code["200"]


@pytest.mark.parametrize(("key", "clients"), [("demo", 250), ("kiwi", 60)])
def test_the_lists_give_everything_to_whoever_asks_right(world: World, key: str, clients: int) -> None:
    practice = world.ignition[key]
    assert len(practice.clients) == clients
    queries = {
        "clients": ("", "state=archived"),
        "services": ("", "state=deleted"),
        "proposals": ("", "state=archived"),
        "payments": ("", "state=cancelled"),
        "invoices": (WIDE, f"{WIDE}&state=draft", f"{WIDE}&state=voided"),
        "collections": (WIDE,),
        "contacts": ("",),
        "deals": ("",),
        "deal_stages": ("",),
    }
    for resource, passes in queries.items():
        found = sum(len(read(world, key, resource, query)) for query in passes)
        assert found == len(practice.rows(resource)), resource


def test_defaults_show_only_a_part(world: World) -> None:
    practice = world.ignition["demo"]
    assert 0 < len(read(world, "demo", "invoices")) < len(practice.invoices) / 5
    assert 0 < len(read(world, "demo", "collections")) < len(practice.collections) / 5


def test_the_empty_practice_answers_with_empty_lists(world: World) -> None:
    assert read(world, "blank", "clients") == []
    assert read(world, "blank", "invoices", WIDE) == []


def test_new_zealand_labels_and_tax_types(world: World) -> None:
    labels = {row["tax_rate"] for row in world.ignition["kiwi"].services}
    assert "15% GST on Income" in labels
    ledger = next(made for made in world.xero.organisations.values() if made.country == "NZ")
    types = {
        line["TaxType"]
        for row in ledger.invoices.values()
        if row["Type"] == "ACCREC"
        for line in row["LineItems"]
    }
    assert "OUTPUT2" in types


def test_most_staff_have_a_log_in_to_xero_and_one_has_not(world: World) -> None:
    staff = {row["manager"]["email"] for row in world.ignition["demo"].clients}
    ledger = next(made for made in world.xero.organisations.values() if made.name == "Harbour Lane Advisory")
    users = {row["EmailAddress"] for row in ledger.users.values()}
    assert len(staff - users) == 1


def test_seeding_again_replaces_the_practice() -> None:
    again = World(clock=Clock(datetime(2026, 11, 22, 4, 0, tzinfo=UTC), speed=0))
    for clients in (9, 5):
        seed_practice(again, "demo", country="AU", clients=clients, months=3)
    assert len(again.xero.organisations) == 1
    assert len(again.ignition["demo"].clients) == 5


def test_an_untouched_poll_after_the_seed_finds_nothing_new(world: World) -> None:
    assert read(world, "demo", "clients", "updated_from=2026-11-22T04:00:01Z") == []
    assert read(world, "demo", "payments", "updated_from=2026-11-22T04:00:01Z") == []
