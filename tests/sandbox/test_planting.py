"""Planted mismatches: each touches only what it names, and the truth about it can be asked for."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox import store
from sandbox.clock import Clock
from sandbox.ignition.state import RESOURCES
from sandbox.planting import REFS, plant
from sandbox.planting.plant import ALONE
from sandbox.seed import seed_practice
from sandbox.seed.banking import BANK_TEXT
from sandbox.web import Request
from sandbox.world import World
from sandbox.xero.books import KINDS

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
Row = dict[str, Any]
Rows = dict[tuple[str, str], Row]
BESIDE = {
    # A shared e-mail, a second fee and the like change the same records; these add one of another kind.
    "R08": {"accounts"},
    "O13": {"accounts"},
    "K07": {"accounts"},
    "K08": {"tax_rates"},
}


def world(clients: int = 60) -> World:
    made = World(seed=5, clock=Clock(NOW, speed=0))
    seed_practice(made, "harbour", country="AU", clients=clients, months=9, seed=5, clean=True)
    return made


def call(made: World, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    target, _, query = path.partition("?")
    values = {key: [value] for key, _, value in (part.partition("=") for part in query.split("&") if part)}
    data = b"" if body is None else json.dumps(body).encode()
    answer = made.handle(Request(method, f"/_sandbox/{target}", values, {}, data))
    return answer.status, json.loads(answer.body)


def ignition_rows(made: World) -> Rows:
    practice = made.ignition["harbour"]
    key = {name: "id" if name == "collections" else "slug" for name in RESOURCES}
    return {(name, str(row[key[name]])): row for name in RESOURCES for row in practice.rows(name)}


def xero_rows(made: World) -> Rows:
    (ledger,) = made.xero.organisations.values()
    return {
        (name, str(row[KINDS[name][0]])): row
        for name, shelf in ledger.shelves.items()
        for row in shelf.values()
    }


def changed(before: Rows, after: Rows) -> list[tuple[str, str, Row]]:
    """Rows that are new, different or gone, as they are or were."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return [(*key, after.get(key) or before[key]) for key in keys]


def owner(row: Row) -> str:
    client = row.get("client") or {}
    return str(client.get("slug") or row.get("client_slug") or row.get("slug"))


def named(row: Row) -> set[str]:
    """The contact and the invoice that a row of Xero is about."""
    about = (("Contact", "ContactID"), ("Invoice", "InvoiceID"), ("CreditNote", "CreditNoteID"))
    return {str(row[name][field]) for name, field in about if isinstance(row.get(name), dict)}


@pytest.mark.parametrize("ref", REFS)
def test_it_changes_only_what_it_names(ref: str) -> None:
    made = world()
    before = copy.deepcopy((ignition_rows(made), xero_rows(made)))
    (told,) = plant(made, "harbour", kinds=[ref])
    here, there = set(told.ignition_ids), set(told.xero_ids)
    assert told.ref == ref
    assert told.note
    in_ignition = changed(before[0], ignition_rows(made))
    in_xero = changed(before[1], xero_rows(made))
    for resource, key, row in in_ignition:
        assert key in here or owner(row) in {*here, told.client}, (resource, row)
    contact = next(iter(_contacts(made, told.client)), "")
    for shelf, key, row in in_xero:
        mine = key in there or named(row) & {*there, contact}
        # Each planted payout comes with its line on the bank account, each planted fee with its payment.
        is_beside = shelf == "bank_transactions" and row["Reference"] in {BANK_TEXT, "Ignition fees"}
        assert mine or is_beside or shelf in BESIDE.get(ref, ()) or shelf == "contacts", (shelf, row)
    settings_only = {"K01", "K12"}
    assert in_ignition or in_xero or ref in settings_only


def _contacts(made: World, client: str) -> list[str]:
    row = made.ignition["harbour"].get("clients", client) if client else None
    return [row["xero_contact_id"]] if row and row["xero_contact_id"] else []


def test_everything_it_names_can_be_found_or_is_gone_on_purpose() -> None:
    made = world()
    planted = plant(made, "harbour")
    here = {key for _, key in ignition_rows(made)}
    there = {key for _, key in xero_rows(made)}
    payouts = {
        str(row["disbursal"]["id"]) for row in made.ignition["harbour"].collections if row["disbursal"]
    }
    lines = {line["slug"] for row in made.ignition["harbour"].proposals for line in row["services"]}
    (tenant,) = made.xero.organisations
    for told in planted:
        assert set(told.ignition_ids) <= here | payouts | lines, told
        if told.ref != "S01":
            assert set(told.xero_ids) - {"608", tenant} <= there, told
    assert {told.ref for told in planted} == set(REFS) - ALONE


@pytest.mark.parametrize("country", ["NZ", "UK"])
def test_other_countries_get_every_kind_as_well(country: str) -> None:
    made = World(seed=5, clock=Clock(NOW, speed=0))
    seed_practice(made, "harbour", country=country, clients=120, months=9, seed=5, clean=True)
    assert {told.ref for told in plant(made, "harbour")} == set(REFS) - ALONE


def test_a_practice_with_oddities_is_planted_where_both_sides_agree() -> None:
    made = World(seed=5, clock=Clock(NOW, speed=0))
    report = seed_practice(made, "harbour", country="AU", clients=120, months=9, seed=5)
    odd = {*report.stale_links, *report.archived_links, *report.email_differs, *report.not_linkable}
    planted = plant(made, "harbour", kinds=["P12", "I13"])
    assert len(planted) == 2
    assert not {told.client for told in planted} & odd


def test_each_has_documents_of_its_own() -> None:
    made = world(150)
    planted = plant(made, "harbour", each=2)
    invoices = {row["slug"] for row in made.ignition["harbour"].invoices}
    seen: dict[str, str] = {}
    for number, told in enumerate(planted):
        for key in set(told.ignition_ids) & invoices:
            assert key not in seen, (told, seen[key])
            seen[key] = f"{told.ref} {number}"


def test_the_same_world_and_seed_plant_the_same_and_another_seed_does_not() -> None:
    first, second, other = (
        [told.as_dict() for told in plant(world(), "harbour", seed=seed)] for seed in (3, 3, 4)
    )
    assert first == second
    assert first != other


def test_a_second_call_takes_other_clients_also_after_a_restart() -> None:
    made = world(150)
    plant(made, "harbour", kinds=["V05", "I13"])
    again = World(seed=1, clock=Clock(NOW, speed=0))
    again.load(store.decode(store.encode(made.dump())))
    plant(again, "harbour", kinds=["V05", "I13"])
    ids = [key for entry in again.truth for key in (*entry["ignition_ids"], *entry["xero_ids"])]
    assert len(again.truth) == 4
    assert len(ids) == len(set(ids))


def test_planting_and_asking_for_the_truth_over_http() -> None:
    made = world()
    status, told = call(made, "POST", "plant", {"practice": "harbour", "kinds": ["V01", "P12"], "seed": 2})
    assert status == 200
    assert [entry["ref"] for entry in told["planted"]] == ["P12", "V01"]
    assert call(made, "GET", "planted?practice=harbour")[1]["planted"] == made.truth
    assert set(call(made, "GET", "planted")[1]["refs"]) == set(REFS)
    entry = made.truth[1]
    invoice = made.ignition["harbour"].get("invoices", entry["ignition_ids"][0])
    assert invoice is not None
    assert f"{invoice['amount']['total']:.2f}" == entry["money"]
    assert entry["currency"] == "AUD"


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"practice": "harbour", "kinds": ["V01", "Z99"]}, 400, "there is no Z99"),
        ({"practice": "harbour", "kinds": "V01"}, 400, "kinds must be a list"),
        ({"practice": "harbour", "each": 0}, 400, "at least one"),
        ({"practice": "nobody"}, 404, "unknown: nobody"),
        ({}, 404, "unknown: practice"),
    ],
)
def test_what_can_t_be_planted_is_refused(body: Row, status: int, text: str) -> None:
    answered, told = call(world(10), "POST", "plant", body)
    assert answered == status
    assert text in told["error"]


def test_a_practice_that_is_too_small_says_what_is_missing_and_keeps_the_truth() -> None:
    made = world(12)
    status, told = call(made, "POST", "plant", {"practice": "harbour", "kinds": ["V05"], "each": 500})
    assert status == 400
    assert "no client left with an unpaid invoice" in told["error"]
    voided = [row["slug"] for row in made.ignition["harbour"].invoices if row["state"] == "voided"]
    assert made.truth
    assert {entry["ignition_ids"][0] for entry in made.truth} <= set(voided)


def test_a_practice_without_any_link_is_refused() -> None:
    made = World(seed=5, clock=Clock(NOW, speed=0))
    seed_practice(made, "harbour", country="AU", clients=10, months=2, seed=5, native_share=0.0)
    assert call(made, "POST", "plant", {"practice": "harbour", "kinds": ["V05"]})[0] == 400
