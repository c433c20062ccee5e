"""The reporting lists: envelope, default windows, hidden states, cursors, repeats and refusals."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox.clock import Clock
from sandbox.ignition.state import RESOURCES, IgnitionPractice
from sandbox.web import Request, Response, request_of
from sandbox.world import World

NOW = datetime(2026, 3, 18, 2, 0, tzinfo=UTC)  # a Wednesday afternoon in Sydney
KEY = "ign-test-key"
BASE = "/external/api/v1/reporting/"


@pytest.fixture
def world() -> World:
    made = World(clock=Clock(NOW, speed=0))
    made.ignition["test"] = IgnitionPractice("test", "Test Practice", made.clock, api_keys={KEY})
    return made


@pytest.fixture
def practice(world: World) -> IgnitionPractice:
    return world.ignition["test"]


def get(world: World, target: str, token: str = KEY) -> Response:
    return world.handle(request_of("GET", BASE + target, {"Authorization": f"Bearer {token}"}, b""))


def data(world: World, target: str) -> list[dict[str, Any]]:
    response = get(world, target)
    assert response.status == 200, response.body
    rows: list[dict[str, Any]] = json.loads(response.body)["data"]
    return rows


def all_pages(world: World, target: str) -> list[list[dict[str, Any]]]:
    pages, cursor = [], ""
    while True:
        body = json.loads(get(world, f"{target}{'&' if '?' in target else '?'}{cursor}").body)
        pages.append(body["data"])
        pagination = body["meta"]["pagination"]
        assert pagination["has_more"] == (pagination["next_cursor"] is not None)
        if not pagination["has_more"]:
            return pages
        cursor = f"cursor={pagination['next_cursor']}"


def details(response: Response) -> list[str]:
    errors = json.loads(response.body)["errors"]
    assert all(error["status"] == str(response.status) for error in errors)
    return [error["detail"] for error in errors]


def add_invoice(practice: IgnitionPractice, day: str, **fields: Any) -> dict[str, Any]:
    return practice.upsert(
        "invoices",
        {
            "state": "issued",
            "payment_state": "unpaid",
            "date": day,
            "amount": {"total": Decimal("450.10")},
            **fields,
        },
    )


def add_collection(practice: IgnitionPractice, started_at: str) -> dict[str, Any]:
    return practice.upsert(
        "collections", {"type": "payment_collection", "payment": {"started_at": started_at}}
    )


@pytest.mark.parametrize("resource", RESOURCES)
def test_empty_list_has_the_envelope(world: World, resource: str) -> None:
    response = get(world, resource)
    assert json.loads(response.body) == {
        "data": [],
        "meta": {"pagination": {"has_more": False, "next_cursor": None, "limit": 100}},
    }


def test_amounts_are_json_numbers(world: World, practice: IgnitionPractice) -> None:
    add_invoice(practice, "2026-03-10")
    assert b'"total":450.1' in get(world, "invoices").body


def test_unknown_resource_and_single_records_are_not_found(world: World, practice: IgnitionPractice) -> None:
    assert get(world, "payouts").status == 404
    client = practice.upsert("clients", {"name": "Lane", "state": "active"})
    assert get(world, f"clients/{client['slug']}").status == 404


# Default windows ------------------------------------------------------------------------------------


def test_invoices_show_the_current_month_unless_a_window_is_sent(
    world: World, practice: IgnitionPractice
) -> None:
    for day in ("2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01"):
        add_invoice(practice, day)
    assert [row["date"] for row in data(world, "invoices")] == ["2026-03-01", "2026-03-31"]
    assert len(data(world, "invoices?date_from=2013-01-01&date_to=2027-04-01")) == 4
    assert data(world, "invoices?date_from=2026-02-01")[0]["date"] == "2026-02-28"


def test_the_month_is_the_practices_own(world: World, practice: IgnitionPractice) -> None:
    world.clock.set(datetime(2026, 3, 31, 20, 0, tzinfo=UTC))  # already 1 April in Sydney
    add_invoice(practice, "2026-03-31")
    add_invoice(practice, "2026-04-01")
    assert [row["date"] for row in data(world, "invoices")] == ["2026-04-01"]


def test_updated_from_does_not_widen_the_invoice_window(world: World, practice: IgnitionPractice) -> None:
    add_invoice(practice, "2025-01-01")
    assert data(world, "invoices?updated_from=2020-01-01T00:00:00Z") == []


def test_collections_show_the_week_from_monday_and_eight_days_more(
    world: World, practice: IgnitionPractice
) -> None:
    # Days count on the practice's calendar: 13:30 UTC on Sunday is Monday 00:30 in Sydney.
    moments = ("2026-03-15T12:59:00Z", "2026-03-15T13:30:00Z", "2026-03-24T10:00:00Z", "2026-03-24T13:30:00Z")
    for moment in moments:
        add_collection(practice, moment)
    shown = [row["payment"]["started_at"] for row in data(world, "collections")]
    assert shown == list(moments[1:3])
    assert len(data(world, "collections?date_from=2020-01-01&date_to=2027-01-01")) == 4
    assert len(data(world, "collections?date_from=2026-03-15")) == 2


def test_collections_ignore_updated_from(world: World, practice: IgnitionPractice) -> None:
    add_collection(practice, "2026-03-17T00:00:00Z")
    assert len(data(world, "collections?updated_from=2026-12-31T00:00:00Z")) == 1
    assert len(data(world, "collections?updated_from=nonsense")) == 1


# Hidden states and incremental reads ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "shown", "hidden"),
    [
        ("clients", "active", "archived"),
        ("services", "active", "deleted"),
        ("proposals", "accepted", "archived"),
        ("payments", "collected", "cancelled"),
        ("invoices", "issued", "voided"),
    ],
)
def test_hidden_states_need_to_be_asked_for(
    world: World, practice: IgnitionPractice, resource: str, shown: str, hidden: str
) -> None:
    for state in (shown, hidden):
        practice.upsert(resource, {"state": state, "date": "2026-03-10"})
    assert [row["state"] for row in data(world, resource)] == [shown]
    assert [row["state"] for row in data(world, f"{resource}?state={hidden}")] == [hidden]
    assert len(data(world, f"{resource}?state={hidden},{shown}")) == 2


def test_a_record_that_moves_to_a_hidden_state_vanishes(world: World, practice: IgnitionPractice) -> None:
    client = practice.upsert("clients", {"name": "Lane", "state": "active"})
    world.clock.advance(60)
    practice.upsert("clients", {"slug": client["slug"], "state": "archived"})
    since = "updated_from=2026-03-18T02:00:30Z"
    assert data(world, f"clients?{since}") == []
    assert len(data(world, f"clients?{since}&state=archived")) == 1


@pytest.mark.parametrize("resource", ["clients", "contacts", "payments", "deals", "deal_stages"])
def test_updated_from_includes_its_own_second(
    world: World, practice: IgnitionPractice, resource: str
) -> None:
    practice.upsert(resource, {"state": "open"})
    world.clock.advance(10)
    later = practice.upsert(resource, {"state": "open"})
    for stamp in ("2026-03-18T02:00:10Z", "2026-03-18T13:00:10%2B11:00", "2026-03-18T13:00:10+11:00"):
        assert [row["slug"] for row in data(world, f"{resource}?updated_from={stamp}")] == [later["slug"]]


def test_upsert_keeps_created_and_bumps_updated(world: World, practice: IgnitionPractice) -> None:
    client = practice.upsert("clients", {"name": "Lane", "state": "active"})
    world.clock.advance(3600)
    changed = practice.upsert("clients", {"slug": client["slug"], "name": "Lane Ltd"})
    assert (changed["created_at"], changed["updated_at"]) == ("2026-03-18T02:00:00Z", "2026-03-18T03:00:00Z")
    assert changed["state"] == "active"
    payment = practice.upsert("payments", {"state": "collected"})
    assert "updated_at" not in payment


# Pages ------------------------------------------------------------------------------------------------


def test_pages_hold_every_row_once(world: World, practice: IgnitionPractice) -> None:
    for number in range(7):
        practice.upsert("clients", {"name": str(number), "state": "archived" if number == 3 else "active"})
    pages = all_pages(world, "clients?limit=2")
    assert [[row["name"] for row in page] for page in pages] == [["0", "1"], ["2", "4"], ["5", "6"]]


def test_the_same_payment_comes_on_two_pages(world: World, practice: IgnitionPractice) -> None:
    for _ in range(7):
        practice.upsert("payments", {"state": "collected"})
    seen = Counter(row["slug"] for page in all_pages(world, "payments?limit=3") for row in page)
    assert len(seen) == 7
    assert sorted(seen.values()) == [1, 1, 1, 1, 1, 2, 2]
    assert len(all_pages(world, "payments?limit=1")) == 7


def test_rows_added_between_pages_are_not_lost(world: World, practice: IgnitionPractice) -> None:
    for number in range(3):
        practice.upsert("clients", {"name": str(number), "state": "active"})
    cursor = json.loads(get(world, "clients?limit=2").body)["meta"]["pagination"]["next_cursor"]
    practice.upsert("clients", {"name": "new", "state": "active"})
    assert [row["name"] for row in data(world, f"clients?limit=2&cursor={cursor}")] == ["2", "new"]


def test_a_cursor_keeps_its_filters_and_refuses_others(world: World, practice: IgnitionPractice) -> None:
    for number in range(4):
        add_invoice(practice, f"2025-01-0{number + 1}")
    window = "date_from=2025-01-01&date_to=2025-12-31"
    cursor = json.loads(get(world, f"invoices?limit=3&{window}").body)["meta"]["pagination"]["next_cursor"]
    assert len(data(world, f"invoices?cursor={cursor}")) == 1
    assert len(data(world, f"invoices?{window}&cursor={cursor}")) == 1
    assert get(world, f"invoices?date_from=2024-01-01&cursor={cursor}").status == 422
    assert get(world, f"clients?cursor={cursor}").status == 422


@pytest.mark.parametrize("cursor", ["zzz", "W10", "%F0%9F%98%80", "bnVsbA", "W1tdLDEse31d"])
def test_a_made_up_cursor_is_refused(world: World, cursor: str) -> None:
    assert details(get(world, f"clients?cursor={cursor}")) == ["cursor is not valid."]


@pytest.mark.parametrize(
    "query",
    [
        "limit=251",
        "limit=0",
        "limit=-1",
        "limit=ten",
        "limit=%C2%B2",
        f"limit={'9' * 5000}",
        "updated_from=yesterday",
        "updated_from=0001-01-01T00:00:00%2B14:00",
        "state=gone",
        "date_from=2026-02-30",
        "date_to=31/03/2026",
        "date_from=2026-03-02&date_to=2026-03-01",
    ],
)
def test_bad_parameters_are_refused(world: World, query: str) -> None:
    response = get(world, f"invoices?{query}")
    assert response.status == 422
    assert details(response)


def test_the_last_possible_day_is_not_an_error(world: World) -> None:
    assert data(world, "collections?date_from=9999-12-31") == []


def test_the_largest_page_and_unknown_parameters_are_accepted(world: World) -> None:
    response = get(world, "clients?limit=250&page_size=3&updated_since=x&date_from=zzz")
    assert json.loads(response.body)["meta"]["pagination"]["limit"] == 250


# Who may ask --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", f"Basic {KEY}", KEY])
def test_a_bad_token_is_unauthorised(world: World, header: str) -> None:
    response = world.handle(Request("GET", f"{BASE}clients", headers={"authorization": header}))
    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert details(response)


def test_a_plan_without_access_is_forbidden(world: World, practice: IgnitionPractice) -> None:
    practice.reporting_enabled = False
    assert get(world, "clients").status == 403


def test_practices_do_not_see_each_other(world: World, practice: IgnitionPractice) -> None:
    other = IgnitionPractice("other", "Other", world.clock, api_keys={"other-key"})
    world.ignition["other"] = other
    practice.upsert("clients", {"name": "Lane", "state": "active"})
    assert json.loads(get(world, "clients", "other-key").body)["data"] == []


def test_the_thousand_and_first_call_of_an_hour_is_limited(world: World, practice: IgnitionPractice) -> None:
    first = get(world, "clients")
    reset = int(first.headers["X-RateLimit-Reset"])
    assert first.headers["X-RateLimit-Limit"] == "1000"
    assert reset == int(NOW.timestamp()) + 3600
    practice.window_calls = 1000
    limited = get(world, "clients")
    assert limited.status == 429
    assert int(limited.headers["X-RateLimit-Reset"]) == reset
    assert details(limited)
    world.clock.set(datetime.fromtimestamp(reset, UTC))
    assert get(world, "clients").status == 200


def test_the_limit_can_be_changed_or_switched_off(world: World, practice: IgnitionPractice) -> None:
    practice.hourly_limit = 2
    assert [get(world, "clients").status for _ in range(3)] == [200, 200, 429]
    practice.hourly_limit = None
    response = get(world, "clients")
    assert response.status == 200
    assert "X-RateLimit-Limit" not in response.headers


def test_unauthorised_calls_do_not_count(world: World, practice: IgnitionPractice) -> None:
    get(world, "clients", "wrong")
    assert practice.window_calls == 0


def test_only_the_first_page_of_collections_is_slow(world: World, practice: IgnitionPractice) -> None:
    for _ in range(3):
        add_collection(practice, "2026-03-17T00:00:00Z")
    practice.collections_delay = 0.05
    started = time.perf_counter()
    cursor = json.loads(get(world, "collections?limit=2").body)["meta"]["pagination"]["next_cursor"]
    first = time.perf_counter() - started
    get(world, f"collections?cursor={cursor}")
    assert first >= 0.05
    assert time.perf_counter() - started - first < 0.05


# Size and the state file ----------------------------------------------------------------------------------


def test_ten_thousand_invoices_page_quickly(world: World, practice: IgnitionPractice) -> None:
    for number in range(10_000):
        add_invoice(practice, f"2025-{number % 12 + 1:02d}-15")
    started = time.perf_counter()
    pages = all_pages(world, "invoices?limit=250&date_from=2025-01-01&date_to=2025-12-31")
    assert sum(len(page) for page in pages) == 10_000
    assert time.perf_counter() - started < 3


def test_a_dumped_practice_comes_back_the_same(world: World, practice: IgnitionPractice) -> None:
    add_invoice(practice, "2026-03-10")
    add_collection(practice, "2026-03-17T00:00:00Z")
    practice.upsert("payments", {"state": "collected"})
    practice.hourly_limit = 7
    stored = json.loads(json.dumps(practice.dump()))
    again = IgnitionPractice.load(stored, world.clock)
    assert again.dump() == practice.dump()
    assert again.invoices[0]["amount"]["total"] == Decimal("450.10")
    assert again.new_slug("clients") == practice.new_slug("clients")


def test_a_state_of_another_format_is_refused(world: World, practice: IgnitionPractice) -> None:
    with pytest.raises(ValueError, match="unknown state format"):
        IgnitionPractice.load({**practice.dump(), "format": 99}, world.clock)
